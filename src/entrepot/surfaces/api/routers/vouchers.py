"""Vouchers: a rate or an amount off, paid by the platform, a seller or both."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from django.http import HttpRequest
from ninja import Schema
from pydantic import AwareDatetime, Field

from entrepot.domain.catalogue import queries as catalogue
from entrepot.domain.markets import queries as markets
from entrepot.domain.promotions import queries, services
from entrepot.domain.promotions.models import Voucher
from entrepot.domain.sellers import queries as sellers
from entrepot.kernel import clock
from entrepot.surfaces.api.auth import actor_of
from entrepot.surfaces.api.routes import Routes
from entrepot.surfaces.api.schemas import Done, In, Minor, Money, PositiveMinor, ReasonIn, money, perhaps

routes = Routes("Vouchers")

Share = Annotated[Decimal, Field(ge=0, le=1, max_digits=7, decimal_places=6)]
Limit = Annotated[int, Field(strict=True, ge=1, le=2_000_000_000)]


class VoucherOut(Schema):
    """A code that lowers the lines of a cart, who pays for it, and how often it was used."""

    id: UUID
    code: str
    label: str
    rate: Decimal | None
    amount: Money | None
    minimum: Money
    platform_share: Decimal
    seller_id: UUID | None
    limit_total: int | None
    limit_per_shopper: int | None
    redeemed: int
    valid_from: datetime
    valid_until: datetime

    @classmethod
    def of(cls, voucher: Voucher, currency: str) -> "VoucherOut":
        """A voucher of a market in this currency."""
        plain = [name for name in cls.model_fields if name not in {"amount", "minimum"}]
        return cls(
            **{name: getattr(voucher, name) for name in plain},
            amount=perhaps(voucher.amount_minor, currency),
            minimum=money(voucher.minimum_minor, currency),
        )


class VoucherIn(In):
    """A voucher of a rate or of an amount. For one seller's goods the shares follow from the terms of each line."""

    code: Annotated[str, Field(min_length=3, max_length=40)]
    label: Annotated[str, Field(min_length=1, max_length=120)]
    market: Annotated[str, Field(max_length=8)]
    platform_share: Share = Decimal(1)
    valid_from: AwareDatetime
    valid_until: AwareDatetime
    rate: Share | None = None
    amount_minor: PositiveMinor | None = None
    minimum_minor: Minor = 0
    seller_id: UUID | None = None
    category: Annotated[str, Field(max_length=60)] = ""
    limit_total: Limit | None = None
    limit_per_shopper: Limit | None = None


@routes.get("", list[VoucherOut], "promotions.edit", everybodys=True)
def list_vouchers(request: HttpRequest, market: str, seller_id: UUID | None = None) -> list[VoucherOut]:
    """The vouchers of a market, newest first."""
    place = markets.get_market(market)
    found = queries.list_vouchers(market_id=place.id, seller_id=seller_id)
    return [VoucherOut.of(each, place.currency) for each in found]


@routes.post("", VoucherOut, "promotions.edit", status=201, everybodys=True)
def create_voucher(request: HttpRequest, payload: VoucherIn) -> VoucherOut:
    """Make a voucher."""
    market = markets.get_market(payload.market)
    voucher = services.create_voucher(
        actor=actor_of(request),
        market=market,
        seller=sellers.get_seller(seller_id=payload.seller_id) if payload.seller_id else None,
        category=catalogue.get_category(category_code=payload.category) if payload.category else None,
        now=clock.now(),
        **payload.model_dump(exclude={"market", "seller_id", "category"}),
    )
    return VoucherOut.of(voucher, market.currency)


@routes.post("/{uuid:voucher_id}/end", Done, "promotions.edit", everybodys=True)
def end_voucher(request: HttpRequest, voucher_id: UUID, payload: ReasonIn) -> Done:
    """Let a voucher count no longer; what was redeemed stays."""
    services.end_voucher(actor=actor_of(request), voucher_id=voucher_id, reason=payload.reason, now=clock.now())
    return Done(count=1)
