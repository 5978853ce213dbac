"""Offers: made of a SKU in a market under a programme, on sale, paused, archived; shared or allotted stock."""

from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Schema
from pydantic import Field

from entrepot.domain.catalogue import queries
from entrepot.domain.catalogue.models import Offer
from entrepot.domain.inventory import queries as inventory
from entrepot.domain.markets import queries as markets
from entrepot.domain.pricing import queries as pricing
from entrepot.flows import listing
from entrepot.flows.listing import Wish
from entrepot.kernel import clock
from entrepot.surfaces.api.auth import actor_of, scope_of, seller_of
from entrepot.surfaces.api.paging import Page, Paged, page
from entrepot.surfaces.api.routes import Routes
from entrepot.surfaces.api.schemas import ROWS_MAX, In, Money, UnitsOrNone, perhaps

routes = Routes("Offers")


class OfferOut(Schema):
    """One seller's sale of one SKU in one market under one programme; `available` is what could be sold now."""

    id: UUID
    seller_id: UUID
    sku_id: UUID
    sku: str
    product_id: UUID
    market: str
    programme: str
    enrolment_id: UUID
    status: str
    stock_policy: str
    available: int
    price: Money | None
    includes_tax: bool
    supply_price: Money | None


class WishIn(In):
    """An offer to make."""

    sku_id: UUID
    market: Annotated[str, Field(max_length=8)]
    programme: Annotated[str, Field(max_length=60)]
    stock_policy: Literal["shared", "allotted"] = "shared"


class WishesIn(In):
    """Offers to make; the operator names the seller."""

    offers: Annotated[list[WishIn], Field(min_length=1, max_length=ROWS_MAX)]
    seller_id: UUID | None = None


class OfferIdsIn(In):
    """Offers."""

    offer_ids: Annotated[list[UUID], Field(min_length=1, max_length=ROWS_MAX)]


class AllotmentIn(In):
    """So many units of a stock row, set aside for an offer."""

    stock_id: UUID
    quantity: UnitsOrNone


class AllotmentsIn(In):
    """What is set aside for an offer; rows that are not named keep theirs."""

    allotments: Annotated[list[AllotmentIn], Field(max_length=ROWS_MAX)]


class AllotmentOut(Schema):
    """Units that are set aside for an offer and neither sold nor held."""

    stock_id: UUID
    quantity: int


@routes.get("", Page[OfferOut], "offers.read")
def list_offers(
    request: HttpRequest,
    paging: Paged,
    seller_id: UUID | None = None,
    market: str = "",
    status: str = "",
    programme: str = "",
    sku_id: UUID | None = None,
) -> Any:
    """Offers in the order in which they came, with price and availability; a seller's own."""
    own = scope_of(request, "offers.read")
    found = queries.list_offers(
        seller_id=own or seller_id,
        market_id=markets.get_market(market).id if market else None,
        status=status,
        programme_code=programme,
        sku_ids=[sku_id] if sku_id else None,
        after=paging.after,
        limit=paging.more,
    )
    shown = {each.id: each for each in show(found)}
    return page(found, paging, lambda offer: shown[offer.id])


@routes.get("/{uuid:offer_id}", OfferOut, "offers.read")
def get_offer(request: HttpRequest, offer_id: UUID) -> OfferOut:
    """One offer."""
    return show([queries.get_offer(offer_id=offer_id, seller_id=scope_of(request, "offers.read"))])[0]


@routes.post("", list[OfferOut], "offers.edit", status=201)
def create_offers(request: HttpRequest, payload: WishesIn) -> list[OfferOut]:
    """Draft offers of SKUs that are the seller's own or of the common catalogue."""
    offer_ids = listing.create_offers(
        actor=actor_of(request),
        seller_id=seller_of(request, "offers.edit", payload.seller_id),
        wishes=[Wish(each.sku_id, each.market, each.programme, each.stock_policy) for each in payload.offers],
        now=clock.now(),
    )
    return _shown(offer_ids)


@routes.post("/sale", list[OfferOut], "offers.edit")
def put_offers_on_sale(request: HttpRequest, payload: OfferIdsIn) -> list[OfferOut]:
    """Put offers on sale: drafts by whoever decides on the selection, paused ones by whoever may propose it."""
    listing.go_live(actor=actor_of(request), offer_ids=payload.offer_ids, now=clock.now())
    return _shown(payload.offer_ids)


@routes.post("/pause", list[OfferOut], "offers.edit")
def pause_offers(request: HttpRequest, payload: OfferIdsIn) -> list[OfferOut]:
    """Take offers off sale for a while."""
    listing.pause_offers(actor=actor_of(request), offer_ids=payload.offer_ids, now=clock.now())
    return _shown(payload.offer_ids)


@routes.post("/archival", list[OfferOut], "offers.edit")
def archive_offers(request: HttpRequest, payload: OfferIdsIn) -> list[OfferOut]:
    """Take offers off sale for good."""
    listing.archive_offers(actor=actor_of(request), offer_ids=payload.offer_ids, now=clock.now())
    return _shown(payload.offer_ids)


@routes.get("/{uuid:offer_id}/allotments", list[AllotmentOut], "offers.read")
def list_allotments(request: HttpRequest, offer_id: UUID) -> list[AllotmentOut]:
    """What is set aside for an offer."""
    queries.get_offer(offer_id=offer_id, seller_id=scope_of(request, "offers.read"))
    return _allotments(offer_id)


@routes.put("/{uuid:offer_id}/allotments", list[AllotmentOut], "offers.edit")
def split_stock(request: HttpRequest, offer_id: UUID, payload: AllotmentsIn) -> list[AllotmentOut]:
    """Let an offer sell only what is set aside for it."""
    rows = [(each.stock_id, each.quantity) for each in payload.allotments]
    listing.split_stock(actor=actor_of(request), offer_id=offer_id, rows=rows, now=clock.now())
    return _allotments(offer_id)


@routes.delete("/{uuid:offer_id}/allotments", {204: None}, "offers.edit")
def share_stock(request: HttpRequest, offer_id: UUID) -> tuple[int, None]:
    """Let an offer sell from the shared stock again, and give back what was set aside for it."""
    listing.share_stock(actor=actor_of(request), offer_id=offer_id, now=clock.now())
    return 204, None


def show(offers: list[Offer]) -> list[OfferOut]:
    """Offers with what they cost and how many could be sold."""
    ids = [offer.id for offer in offers]
    prices, units = pricing.prices(ids, clock.now()), inventory.available(ids)
    supply = pricing.supply_prices(ids)
    return [
        OfferOut(
            id=offer.id,
            seller_id=offer.seller_id,
            sku_id=offer.sku_id,
            sku=offer.sku.code,
            product_id=offer.sku.product_id,
            market=offer.market.code,
            programme=offer.programme_code,
            enrolment_id=offer.enrolment_id,
            status=offer.status,
            stock_policy=offer.stock_policy,
            available=units.get(offer.id, 0),
            price=perhaps(price.amount_minor, price.currency) if (price := prices.get(offer.id)) else None,
            includes_tax=offer.market.prices_include_tax,
            supply_price=perhaps(step.amount_minor, step.currency) if (step := supply.get(offer.id)) else None,
        )
        for offer in offers
    ]


def _shown(offer_ids: list[UUID]) -> list[OfferOut]:
    return show(queries.list_offers(offer_ids=offer_ids, limit=len(offer_ids)))


def _allotments(offer_id: UUID) -> list[AllotmentOut]:
    kept = inventory.allotments(offer_id=offer_id)
    return [AllotmentOut(stock_id=stock_id, quantity=quantity) for stock_id, quantity in kept.items()]
