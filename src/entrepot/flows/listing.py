"""How goods come on sale: drafts, content, offers, prices. Who may do what follows from the terms of the offers.

The seller of a draft says what it is; once an offer of it is on sale, its content is whose the terms give it to.
A drafted offer is a proposal; whoever decides on the selection takes it live.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from entrepot.domain.catalogue import queries as reads
from entrepot.domain.catalogue import services as catalogue
from entrepot.domain.catalogue.models import Offer, Picture, Product, Sku
from entrepot.domain.catalogue.queries import OfferFacts
from entrepot.domain.catalogue.rules import ProductDraft
from entrepot.domain.catalogue.services import Kept, NewOffer, PictureRow
from entrepot.domain.inventory import queries as inventory_reads
from entrepot.domain.inventory import services as inventory
from entrepot.domain.markets import queries as markets
from entrepot.domain.pricing import queries as prices
from entrepot.domain.pricing import quoting
from entrepot.domain.pricing import services as pricing
from entrepot.domain.pricing.models import SupplyQuote
from entrepot.domain.pricing.queries import Price
from entrepot.domain.pricing.quoting import NewQuote
from entrepot.domain.sellers import queries as sellers
from entrepot.domain.sellers import rules
from entrepot.domain.sellers.rules import party_of
from entrepot.domain.terms import rules as terms
from entrepot.domain.terms.rules import Conditions, EarningBasis, Programme, Task
from entrepot.kernel import outbox
from entrepot.kernel.actors import SYSTEM, Actor
from entrepot.kernel.db import atomic
from entrepot.kernel.errors import NotFound, Refused
from entrepot.kernel.outbox import Event

#: States in which shoppers have seen the content.
ON_SALE = frozenset({Offer.Status.LIVE, Offer.Status.PAUSED})


@dataclass(frozen=True, slots=True)
class Wish:
    """An offer that a seller wants to make of a SKU, in a market, under a programme that it accepted there."""

    sku_id: UUID
    market_code: str
    programme_code: str
    stock_policy: str = "shared"


# products


@atomic
def keep_products(
    *, actor: Actor, organisation_id: UUID, drafts: Sequence[ProductDraft], now: datetime, fill: bool = False
) -> list[Kept]:
    """Keep products and SKUs by their codes; to `fill` is to leave alone what a draft leaves empty.

    Raises: NotFound, NotYours for content on sale, Invalid, Refused.
    """
    if not actor.reaches("catalogue.edit", organisation_id):
        raise NotFound(kind="organisation")
    present = reads.find_products(organisation_id=organisation_id, product_codes=[each.product_code for each in drafts])
    _demand_content(actor, {product.id for product in present.values()})
    return catalogue.keep_products(organisation_id=organisation_id, drafts=drafts, now=now, fill=fill)


@atomic
def publish_products(*, actor: Actor, product_ids: Collection[UUID]) -> None:
    """Make complete products active, so that they can be offered. Raises: NotFound, Refused naming what is lacking."""
    _reach_products(actor, product_ids)
    catalogue.publish_products(product_ids=product_ids)


@atomic
def archive_products(*, actor: Actor, product_ids: Collection[UUID], reason: str, now: datetime) -> None:
    """Take products out of sale for good, with all their offers. Raises: NotFound, NotYours, Invalid without reason."""
    _reach_products(actor, product_ids)
    _demand_content(actor, product_ids)
    catalogue.archive_products(product_ids=product_ids, actor=actor, reason=reason, now=now)


@atomic
def upload_picture(
    *,
    actor: Actor,
    product_id: UUID,
    content: bytes,
    alt: Mapping[str, str],
    now: datetime,
    options: Mapping[str, str] | None = None,
) -> Picture:
    """Show one more picture of a product, or of its SKUs of these options. Raises: NotFound, NotYours, Invalid."""
    _reach_products(actor, [product_id])
    _demand_content(actor, [product_id])
    return catalogue.upload_picture(product_id=product_id, content=content, alt=alt, options=options, now=now)


@atomic
def arrange_pictures(*, actor: Actor, product_id: UUID, rows: Sequence[PictureRow]) -> None:
    """Put all pictures of a product into an order, with texts and options. Raises: NotFound, NotYours, Invalid."""
    _reach_products(actor, [product_id])
    _demand_content(actor, [product_id])
    catalogue.arrange_pictures(product_id=product_id, rows=rows)


@atomic
def remove_picture(*, actor: Actor, product_id: UUID, picture_id: UUID) -> None:
    """Show a picture no more. Raises: NotFound, NotYours."""
    _reach_products(actor, [product_id])
    _demand_content(actor, [product_id])
    catalogue.remove_picture(picture_id=picture_id, product_id=product_id)


# offers


@atomic
def create_offers(*, actor: Actor, seller_id: UUID, wishes: Sequence[Wish], now: datetime) -> list[UUID]:
    """Draft offers of SKUs that are the seller's own or of the common catalogue.

    Raises: NotFound, NotYours where the terms leave the selection to others, Refused: no enrolment there, not admitted
    by the programme, offered already.
    """
    if not actor.reaches("offers.edit", seller_id):
        raise NotFound(kind="seller")
    found = {market.code: market for market in markets.list_markets()}
    enrolments = {
        (each.market.code, each.programme_code): each for each in sellers.list_enrolments(seller_id=seller_id, at=now)
    }
    wordings = sellers.list_conditions({each.id for each in enrolments.values()})
    skus = _offerable(seller_id, {wish.sku_id for wish in wishes})
    rows = []
    for wish in wishes:
        enrolment = enrolments.get((wish.market_code, wish.programme_code))
        if enrolment is None or wish.market_code not in found:
            raise Refused(
                "listing.not_enrolled",
                "You do not trade under {programme} in {market}.",
                programme=wish.programme_code,
                market=wish.market_code,
            )
        terms.demand(wordings[enrolment.id], Task.PRODUCT_SELECTION, party_of(actor), terms.may_propose)
        check_admitted(wordings[enrolment.id], skus[wish.sku_id])
        rows.append(
            NewOffer(seller_id, wish.sku_id, enrolment.market_id, enrolment.id, wish.programme_code, wish.stock_policy)
        )
    return catalogue.create_offers(rows=rows, now=now)


@atomic
def go_live(*, actor: Actor, offer_ids: Sequence[UUID], now: datetime) -> None:
    """Put offers on sale: drafts by whoever decides on the selection, paused ones by whoever may propose it.

    Raises: NotFound, NotYours, Refused naming what an offer still lacks.
    """
    facts = _reach_offers(actor, offer_ids)
    conditions = sellers.list_conditions({each.enrolment_id for each in facts.values()})
    asked = prices.prices(list(facts), now)
    for offer in facts.values():
        wording = conditions[offer.enrolment_id]
        right = terms.may_propose if offer.status == Offer.Status.PAUSED else may_select
        terms.demand(wording, Task.PRODUCT_SELECTION, party_of(actor), right)
        if lacking := unready(offer, asked.get(offer.offer_id), wording):
            raise Refused(
                "listing.not_ready",
                "{sku} cannot go on sale yet: {lacking}.",
                offer_id=str(offer.offer_id),
                sku=offer.sku_code,
                lacking=", ".join(lacking),
            )
    catalogue.move_offers(offer_ids=offer_ids, status=Offer.Status.LIVE)
    outbox.append([Event("offer.live", "offer", offer_id) for offer_id in offer_ids], now=now)


@atomic
def pause_offers(*, actor: Actor, offer_ids: Sequence[UUID], now: datetime) -> None:
    """Take offers off sale for a while. Raises: NotFound, Refused from their state."""
    _reach_offers(actor, offer_ids)
    catalogue.move_offers(offer_ids=offer_ids, status=Offer.Status.PAUSED)
    outbox.append([Event("offer.paused", "offer", offer_id) for offer_id in offer_ids], now=now)


@atomic
def archive_offers(*, actor: Actor, offer_ids: Sequence[UUID], now: datetime) -> None:
    """Take offers off sale for good. Raises: NotFound, Refused from their state."""
    _reach_offers(actor, offer_ids)
    catalogue.move_offers(offer_ids=offer_ids, status=Offer.Status.ARCHIVED)
    outbox.append([Event("offer.archived", "offer", offer_id) for offer_id in offer_ids], now=now)


@atomic
def split_stock(*, actor: Actor, offer_id: UUID, rows: Sequence[tuple[UUID, int]], now: datetime) -> None:
    """Let an offer sell only what is set aside for it, (stock row, units). Raises: NotFound, Refused."""
    offer = _reach_offers(actor, [offer_id])[offer_id]
    parts = reads.components([offer.sku_id])[offer.sku_id]
    stock = inventory_reads.list_stock(seller_id=offer.seller_id, sku_ids=parts, limit=10_000)
    if {stock_id for stock_id, _ in rows} - {row.id for row in stock if row.condition == "new"}:
        raise NotFound(kind="stock")
    catalogue.set_stock_policy(offer_id=offer_id, stock_policy=Offer.StockPolicy.ALLOTTED)
    inventory.allot(offer_id=offer_id, rows=rows, now=now)


@atomic
def share_stock(*, actor: Actor, offer_id: UUID, now: datetime) -> None:
    """Let an offer sell from the shared stock again, and give back what was set aside for it. Raises: NotFound."""
    _reach_offers(actor, [offer_id])
    catalogue.set_stock_policy(offer_id=offer_id, stock_policy=Offer.StockPolicy.SHARED)
    kept = inventory_reads.allotments(offer_id=offer_id)
    inventory.allot(offer_id=offer_id, rows=[(stock_id, 0) for stock_id in kept], now=now)


# supply prices: what comes into force may change what the platform asks of shoppers


@atomic
def quote_supply_prices(
    *, actor: Actor, rows: Sequence[NewQuote], valid_until: datetime, now: datetime
) -> list[SupplyQuote]:
    """Offer supply prices; those that need nobody's consent are in force, and the platform prices by them."""
    quotes = quoting.quote(rows=rows, valid_until=valid_until, actor=actor, now=now)
    _reprice([each.offer_id for each in quotes if each.status == SupplyQuote.Status.ACCEPTED], now)
    return quotes


@atomic
def accept_supply_prices(*, actor: Actor, quote_ids: Sequence[UUID], now: datetime) -> list[SupplyQuote]:
    """Agree to supply prices of the other side; the platform prices by them."""
    quotes = quoting.accept(quote_ids=quote_ids, actor=actor, now=now)
    _reprice([each.offer_id for each in quotes], now)
    return quotes


def may_select(conditions: Conditions, task: Task, party: terms.Party) -> bool:
    """Whether the party has the last word: the approver where there is one, else the decider."""
    return (conditions.approver(task) or conditions.decider(task)) is party


def unready(offer: OfferFacts, price: Price | None, conditions: Conditions) -> list[str]:
    """What an offer lacks before it can be on sale."""
    lacking = {
        "product": offer.product_status != Product.Status.ACTIVE,
        "seller": offer.seller_status != "active",
        "price": price is None,
        "supply_price": conditions.earning.basis is EarningBasis.SUPPLY_PRICE
        and (price is None or price.supply_minor is None),
    }
    return [name for name, is_lacking in lacking.items() if is_lacking]


def _reprice(offer_ids: Sequence[UUID], now: datetime) -> None:
    by_market: dict[UUID, list[UUID]] = {}
    for offer in reads.offer_facts(offer_ids).values():
        by_market.setdefault(offer.market_id, []).append(offer.offer_id)
    for market in markets.list_markets():
        if market.id in by_market:
            pricing.reprice(market=market, actor=SYSTEM, now=now, offer_ids=by_market[market.id])


def content_closed_by(party: terms.Party, offers: Sequence[Offer]) -> list[Programme]:
    """The wordings of offers on sale under which the party may not change what shoppers have seen."""
    found = sellers.list_conditions({offer.enrolment_id for offer in offers if offer.status in ON_SALE})
    return [each for each in found.values() if not terms.may_set(each, Task.LISTING_CONTENT, party)]


def _demand_content(actor: Actor, product_ids: Collection[UUID]) -> None:
    """Content that shoppers have seen is set by whoever the terms of the offers name."""
    enrolments = {offer.enrolment_id for offer in reads.open_offers(product_ids=product_ids) if offer.status in ON_SALE}
    for conditions in sellers.list_conditions(enrolments).values():
        terms.demand(conditions, Task.LISTING_CONTENT, party_of(actor))


def _reach_products(actor: Actor, product_ids: Collection[UUID]) -> list[Product]:
    found = reads.list_products(product_ids=product_ids, limit=len(product_ids))
    if len(found) < len(set(product_ids)) or not all(
        actor.reaches("catalogue.edit", product.organisation_id) for product in found
    ):
        raise NotFound(kind="product")
    return found


def _reach_offers(actor: Actor, offer_ids: Collection[UUID]) -> dict[UUID, OfferFacts]:
    found = reads.offer_facts(offer_ids)
    if len(found) < len(set(offer_ids)) or not all(
        actor.reaches("offers.edit", offer.seller_id) for offer in found.values()
    ):
        raise NotFound(kind="offer")
    return found


def _offerable(seller_id: UUID, sku_ids: Collection[UUID]) -> dict[UUID, Sku]:
    """SKUs of the seller's own products or of the operator's, which all may offer. Raises: NotFound."""
    found = {sku.id: sku for sku in reads.offerable_skus(seller_id=seller_id, sku_ids=sku_ids)}
    if found.keys() != set(sku_ids):
        raise NotFound(kind="SKU")
    return found


def check_admitted(programme: Programme, sku: Sku) -> None:
    """Whether a programme takes the SKU. Raises: Refused naming every condition that is not met."""
    category = sku.product.category
    lacking = rules.unmet_by_sku(
        programme.eligibility, category_path=category.path if category else "", weight_g=sku.weight_g
    )
    if lacking:
        raise Refused(
            "listing.not_admitted",
            "{programme} does not take {sku}: {conditions}.",
            programme=programme.code,
            sku=sku.code,
            conditions=", ".join(f"{each.condition} {each.wanted}" for each in lacking),
        )
