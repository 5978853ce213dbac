"""What stands on the shelf: the offers of products as a shopper would get one unit of each, the first one in front.

Price, freight, tax and promise of an offer are those of a cart with one unit of it, from the same computation.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from entrepot.domain.catalogue import queries as catalogue
from entrepot.domain.catalogue import rules
from entrepot.domain.catalogue.queries import Narrowing, Sellable
from entrepot.domain.catalogue.rules import Candidate
from entrepot.domain.markets.models import Market
from entrepot.domain.pricing import queries as pricing
from entrepot.flows.quoting import Quote, quote_carts
from entrepot.flows.requests import CartRequest

SOLD_OUT = "orders.sold_out"


@dataclass(frozen=True, slots=True)
class Shown:
    """An offer as a shopper sees it; without a quote it is sold out. Units: minor, one unit, as displayed."""

    offer_id: UUID
    product_id: UUID
    sku_id: UUID
    seller_id: UUID
    seller_tier: str
    unit_minor: int
    quote: Quote | None

    @property
    def title(self) -> str:
        """What it is called in the language that was asked for; nothing where it is sold out."""
        return self.quote.lines[0].title if self.quote else ""

    @property
    def landed_minor(self) -> int | None:
        """One unit with everything on top."""
        return self.quote.total_minor if self.quote else None

    @property
    def promised(self) -> tuple[date, date] | None:
        """The first and last day on which it arrives."""
        if self.quote is None:
            return None
        parcels = self.quote.parcels
        return max(each.promised_from for each in parcels), max(each.promised_until for each in parcels)


@dataclass(frozen=True, slots=True)
class Shelf:
    """The offers of one thing, in the order of the one rule, and why the first is the first."""

    offers: Sequence[Shown]
    reason: str

    @property
    def first(self) -> Shown:
        """The offer that is shown first."""
        return self.offers[0]

    def of_sku(self, sku_id: UUID) -> "Shelf | None":
        """The same for one SKU alone."""
        return _ranked([each for each in self.offers if each.sku_id == sku_id])


def stock_shelves(*, product_ids: Collection[UUID], market: Market, language: str, now: datetime) -> dict[UUID, Shelf]:
    """The shelf of each product that has anything to show in the market, in a constant number of queries."""
    found = catalogue.list_sellable(product_ids=product_ids, market_id=market.id)
    quotes = quote_carts(
        carts=[CartRequest(market_code=market.code, lines=[(each.offer_id, 1)], language=language) for each in found],
        now=now,
    )
    quoted = [(each, quote) for each, quote in zip(found, quotes, strict=True) if isinstance(quote, Quote)]
    sold_out = [
        each
        for each, quote in zip(found, quotes, strict=True)
        if not isinstance(quote, Quote) and quote.code == SOLD_OUT
    ]
    prices = pricing.prices([each.offer_id for each in sold_out], now) if sold_out else {}
    by_product: dict[UUID, list[Shown]] = defaultdict(list)
    for each, quote in quoted:
        by_product[each.product_id].append(_shown(each, quote.lines[0].unit_minor, quote))
    for each in sold_out:
        by_product[each.product_id].append(_shown(each, prices[each.offer_id].amount_minor, None))
    ranked = {product_id: _ranked(offers) for product_id, offers in by_product.items()}
    return {product_id: shelf for product_id, shelf in ranked.items() if shelf}


def narrowing(
    *, now: datetime, price_from: int | None = None, price_until: int | None = None, in_stock: bool = False
) -> Narrowing:
    """Only what has an offer in this band of prices, or one that can be had now. Units: minor, as displayed."""
    where, params = [], {"price_from": price_from, "price_until": price_until, "now": now}
    if price_from is not None or price_until is not None:
        where.append(
            "EXISTS (SELECT 1 FROM pricing_retailprice r WHERE r.offer_id = o.id AND r.valid_from <= %(now)s"
            " AND (r.valid_until IS NULL OR r.valid_until > %(now)s)"
            " AND r.amount_minor >= coalesce(%(price_from)s::bigint, 0)"
            " AND (%(price_until)s::bigint IS NULL OR r.amount_minor <= %(price_until)s))"
        )
    if in_stock:
        where.append(_IN_STOCK)
    return Narrowing(" AND ".join(where) or "true", params)


_IN_STOCK = """
    NOT EXISTS (
        SELECT 1 FROM catalogue_skucomponent part WHERE part.sku_id = o.sku_id AND part.quantity > coalesce((
            SELECT sum(CASE WHEN o.stock_policy = 'allotted' THEN coalesce(own.quantity, 0)
                            ELSE stock.on_hand - stock.reserved - stock.allotted END)
            FROM inventory_stock stock
            LEFT JOIN inventory_allotment own ON own.stock_id = stock.id AND own.offer_id = o.id
            WHERE stock.sku_id = part.component_id AND stock.seller_id = o.seller_id AND stock.condition = 'new'
        ), 0)
    )
"""


def _shown(offer: Sellable, unit_minor: int, quote: Quote | None) -> Shown:
    return Shown(offer.offer_id, offer.product_id, offer.sku_id, offer.seller_id, offer.seller_tier, unit_minor, quote)


def _ranked(offers: Sequence[Shown]) -> Shelf | None:
    candidates = {
        each.offer_id: Candidate(
            each.offer_id,
            1 if each.quote else 0,
            each.landed_minor,
            each.promised[1] if each.promised else None,
            each.seller_tier,
        )
        for each in offers
    }
    first = rules.first_offer(list(candidates.values()))
    if first is None:
        return None
    ladder = [step for _, step in rules.LADDER]
    ordered = sorted(offers, key=lambda each: [step(candidates[each.offer_id]) for step in ladder])
    return Shelf(ordered, first.reason)
