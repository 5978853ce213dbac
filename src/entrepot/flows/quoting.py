"""What carts would cost and when they would arrive: the computation of checkout on rows that are read, not locked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from entrepot.domain.inventory import services as inventory
from entrepot.domain.inventory.rules import SELLABLE
from entrepot.domain.markets.models import Market
from entrepot.domain.promotions.rules import VoucherRefused
from entrepot.domain.terms.rules import Task, Terms
from entrepot.flows import facts
from entrepot.flows.drafting import Drafting
from entrepot.flows.drafts import Coming, Draft, DraftLine, DraftSuborder
from entrepot.flows.requests import CartRequest, check_cart
from entrepot.kernel.errors import EntrepotError
from entrepot.kernel.kept import asked_once


@dataclass(frozen=True, slots=True)
class QuotedLine:
    """What units of an offer from one node would cost. Units: minor, for all units; list and discount as displayed."""

    offer_id: UUID
    seller_id: UUID
    title: str
    quantity: int
    unit_minor: int
    list_minor: int
    discount_minor: int
    tax_minor: int
    goods_tax_minor: int
    tax_rate: Decimal
    shipping_minor: int
    customs_duty_minor: int
    total_minor: int
    border: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class QuotedParcel:
    """What would travel together, from where, when, under which terms; `nodes` is a verdict on each by code."""

    seller_id: UUID
    node_code: str
    country: str
    performer_party: str
    carrier: str
    service: str
    lane: str
    cost_minor: int
    ship_by: datetime
    promised_from: date
    promised_until: date
    confidence: float
    segments: tuple[Mapping[str, str], ...]
    lines: tuple[QuotedLine, ...]
    nodes: Mapping[str, str]
    terms: Terms
    carriage: Mapping[str, Any]
    coming: Coming | None = None

    @property
    def tax_collector(self) -> str:
        """The party that takes the tax on the sale."""
        return self.terms.performer(Task.TAX_COLLECTION) or ""


@dataclass(frozen=True, slots=True)
class Quote:
    """A cart as it would be charged now. Units: minor of `currency`.

    Where prices include tax, `shipping_minor` does too and `tax_minor` is within; elsewhere tax comes on top.
    `voucher_refusal` says why the cart's voucher does not count, where it does not.
    """

    market_code: str
    currency: str
    includes_tax: bool
    parcels: tuple[QuotedParcel, ...]
    total_minor: int
    voucher_label: str = ""
    voucher_refusal: EntrepotError | None = None

    @property
    def lines(self) -> list[QuotedLine]:
        """The lines of all parcels."""
        return [line for parcel in self.parcels for line in parcel.lines]

    @property
    def list_minor(self) -> int:
        """The goods at list price, as displayed."""
        return sum(line.list_minor for line in self.lines)

    @property
    def discount_minor(self) -> int:
        """What vouchers take off."""
        return sum(line.discount_minor for line in self.lines)

    @property
    def shipping_minor(self) -> int:
        """Freight, as displayed."""
        return sum(line.shipping_minor for line in self.lines)

    @property
    def customs_duty_minor(self) -> int:
        """Customs duty."""
        return sum(line.customs_duty_minor for line in self.lines)

    @property
    def tax_minor(self) -> int:
        """All tax, within the prices or on top."""
        return sum(line.tax_minor for line in self.lines)


@asked_once()
def quote_carts(
    *, carts: Sequence[CartRequest], now: datetime, market: Market | None = None
) -> list[Quote | EntrepotError]:
    """A quote for each cart, or why it cannot be had; nothing is kept by it.

    A voucher that does not count is left out, and the quote says why. `market` is that of all carts, where it is known.
    """
    answers: list[Quote | EntrepotError | None] = [_objection(cart) for cart in carts]
    asked = [place for place, answer in enumerate(answers) if answer is None]
    gathered = facts.gather([carts[place] for place in asked], now, market)
    skus = gathered.seller_skus
    stock = inventory.lock_stock(seller_skus=skus, conditions=SELLABLE, lock=False) if skus else []
    drafting = Drafting(gathered, stock, apart=True)
    drafts = dict(zip(asked, drafting.draft([carts[place] for place in asked]), strict=True))
    refusals = {place: draft for place, draft in drafts.items() if isinstance(draft, VoucherRefused)}
    bare = [replace(carts[place], voucher_code="") for place in refusals]
    drafts |= zip(refusals, drafting.draft(bare), strict=True)
    for place, draft in drafts.items():
        answers[place] = _quote(draft, refusals.get(place)) if isinstance(draft, Draft) else draft
    return [answer for answer in answers if answer is not None]


def _objection(cart: CartRequest) -> EntrepotError | None:
    try:
        check_cart(cart)
    except EntrepotError as error:
        return error
    return None


def _quote(draft: Draft, refusal: VoucherRefused | None) -> Quote:
    return Quote(
        market_code=draft.market.code,
        currency=draft.market.currency,
        includes_tax=draft.market.prices_include_tax,
        parcels=tuple(_parcel(suborder) for suborder in draft.suborders),
        total_minor=draft.total_minor,
        voucher_label=draft.voucher.label if draft.voucher else "",
        voucher_refusal=refusal,
    )


def _parcel(suborder: DraftSuborder) -> QuotedParcel:
    assert suborder.service
    assert suborder.ship_by
    return QuotedParcel(
        seller_id=suborder.seller_id,
        node_code=suborder.place.code,
        country=suborder.place.country,
        performer_party=suborder.performer_party,
        carrier=suborder.service.carrier,
        service=suborder.service.service,
        lane=suborder.service.lane,
        cost_minor=suborder.service.cost_minor,
        ship_by=suborder.ship_by,
        promised_from=suborder.service.first,
        promised_until=suborder.service.last,
        confidence=suborder.service.confidence,
        segments=tuple(suborder.segments),
        lines=tuple(_line(line) for line in suborder.lines),
        nodes={code: str(verdict) for code, verdict in suborder.verdicts.items()},
        terms=suborder.terms,
        carriage=suborder.service.as_document(),
        coming=suborder.coming,
    )


def _line(line: DraftLine) -> QuotedLine:
    money = line.money
    assert money
    return QuotedLine(
        offer_id=line.item.sellable.id,
        seller_id=line.item.sellable.seller_id,
        title=line.item.title,
        quantity=line.units,
        unit_minor=line.item.unit_minor,
        list_minor=money.list_minor,
        discount_minor=money.discount_minor,
        tax_minor=money.goods_tax_minor + money.shipping_tax_minor,
        goods_tax_minor=money.goods_tax_minor,
        tax_rate=line.item.tax_rate,
        shipping_minor=money.shipping_net_minor + (money.shipping_tax_minor if line.item.includes_tax else 0),
        customs_duty_minor=money.customs_duty_minor,
        total_minor=money.total_minor,
        border=line.border or {},
    )
