"""What stands on the shelf: the offers of products as a shopper would get one unit of each, the first one in front.

Price, freight, tax and promise of an offer are those of a cart with one unit of it, from the same computation.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from entrepot.domain.catalogue import queries as catalogue
from entrepot.domain.catalogue import rules
from entrepot.domain.catalogue.queries import Narrowing, Sellable
from entrepot.domain.catalogue.rules import Candidate
from entrepot.domain.markets.models import Market
from entrepot.domain.pricing import queries as pricing
from entrepot.flows.quoting import Quote, quote_carts
from entrepot.flows.requests import CartRequest
from entrepot.kernel.db import fetch_rows

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


@dataclass(frozen=True, slots=True)
class Kinds:
    """How many of some products there are of each kind."""

    by_category: Mapping[UUID, int]
    in_stock: int
    local: int


def stock_shelves(*, product_ids: Collection[UUID], market: Market, language: str, now: datetime) -> dict[UUID, Shelf]:
    """The shelf of each product that has anything to show in the market, in a constant number of queries."""
    found = catalogue.list_sellable(product_ids=product_ids, market_id=market.id)
    quotes = quote_carts(
        carts=[CartRequest(market_code=market.code, lines=[(each.offer_id, 1)], language=language) for each in found],
        now=now,
        market=market,
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
    *,
    now: datetime,
    price_from: int | None = None,
    price_until: int | None = None,
    in_stock: bool = False,
    from_country: str = "",
) -> Narrowing:
    """Only what has an offer in this band of prices, one that can be had now, or one with stock in a country.

    Units: minor, as displayed.
    """
    where: list[str] = []
    params = {"price_from": price_from, "price_until": price_until, "now": now, "country": from_country}
    if price_from is not None or price_until is not None:
        where.append(
            "EXISTS (SELECT 1 FROM pricing_retailprice r WHERE r.offer_id = o.id AND r.valid_from <= %(now)s"
            " AND (r.valid_until IS NULL OR r.valid_until > %(now)s)"
            " AND r.amount_minor >= coalesce(%(price_from)s::bigint, 0)"
            " AND (%(price_until)s::bigint IS NULL OR r.amount_minor <= %(price_until)s))"
        )
    if in_stock:
        where.append(_IN_STOCK)
    if from_country:
        where.append(_LOCAL)
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


_LOCAL = """
    EXISTS (
        SELECT 1 FROM inventory_stock stock JOIN logistics_node node ON node.id = stock.node_id
        WHERE node.country = %(country)s AND stock.seller_id = o.seller_id AND stock.condition = 'new'
        AND stock.on_hand > stock.reserved
        AND stock.sku_id IN (SELECT component_id FROM catalogue_skucomponent WHERE sku_id = o.sku_id)
    )
"""

#: How many products a list is sorted or narrowed among where that takes their quotes.
WINDOW = 240


def count_kinds(*, product_ids: Sequence[UUID], market: Market, now: datetime) -> Kinds:
    """How many of these products are of which category, how many can be had now, how many leave from the market."""
    has = (
        "EXISTS (SELECT 1 FROM catalogue_offer o JOIN catalogue_sku k ON k.id = o.sku_id WHERE k.product_id = p.id"
        " AND o.market_id = %(market)s AND o.status = 'live' AND {})"
    )
    rows = fetch_rows(
        f"SELECT p.category_id, count(*) AS found, count(*) FILTER (WHERE {has.format(_IN_STOCK)}) AS in_stock,"
        f" count(*) FILTER (WHERE {has.format(_LOCAL)}) AS local"
        f" FROM catalogue_product p WHERE p.id = ANY(%(products)s) GROUP BY p.category_id",
        {"products": list(product_ids), "market": market.id, "country": market.country, "now": now},
    )
    return Kinds(
        {row.category_id: row.found for row in rows if row.category_id},
        sum(row.in_stock for row in rows),
        sum(row.local for row in rows),
    )


def arrange(
    shelves: Mapping[UUID, Shelf], product_ids: Sequence[UUID], *, sort: str, days: int | None, today: date
) -> list[UUID]:
    """Products whose first offer arrives within so many days, by price with delivery, or by arrival; else as they are.

    What is sold out comes last, and arrives never.
    """
    there = [each for each in product_ids if each in shelves]
    if days is not None:
        there = [each for each in there if (when := shelves[each].first.promised) and (when[1] - today).days <= days]
    if sort not in SORTS:
        return there
    key = SORTS[sort]
    return sorted(there, key=lambda each: (shelves[each].first.quote is None, *key(shelves[each].first)))


def _landed(shown: Shown) -> int:
    return shown.unit_minor if shown.landed_minor is None else shown.landed_minor


#: sort -> what products are compared by.
SORTS: Mapping[str, Callable[[Shown], tuple[Any, ...]]] = {
    "cheapest": lambda shown: (_landed(shown),),
    "dearest": lambda shown: (-_landed(shown),),
    "soonest": lambda shown: (shown.promised[::-1] if shown.promised else (), _landed(shown)),
}


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
