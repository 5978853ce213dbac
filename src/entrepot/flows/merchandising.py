"""Decisions over many offers at once, where the platform holds the duty: stock orders, prices, drafts, supply prices.

First what it would come to, then one act. What cannot be done does not stop the rest; it is told with the reason.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeVar
from uuid import UUID

import numpy as np

from entrepot.domain.catalogue import choosing
from entrepot.domain.catalogue import queries as catalogue
from entrepot.domain.inbound import ordering, planning, rules
from entrepot.domain.inbound import queries as inbound
from entrepot.domain.inbound.models import StockOrder
from entrepot.domain.inbound.ordering import NewStockOrder, Wanted
from entrepot.domain.inbound.planning import Article
from entrepot.domain.inventory import queries as inventory
from entrepot.domain.logistics import queries as logistics
from entrepot.domain.logistics.queries import NodeView
from entrepot.domain.markets import queries as markets
from entrepot.domain.markets.models import Market
from entrepot.domain.orders import sales
from entrepot.domain.pricing import queries as prices
from entrepot.domain.pricing import quoting
from entrepot.domain.pricing import services as pricing
from entrepot.domain.pricing.models import PriceRule, SupplyQuote
from entrepot.domain.pricing.quoting import NewQuote
from entrepot.domain.sellers import queries as sellers
from entrepot.flows import listing
from entrepot.kernel import money
from entrepot.kernel.actors import Actor
from entrepot.kernel.db import atomic
from entrepot.kernel.errors import EntrepotError, Invalid, Refused

Item = TypeVar("Item")

#: Rows of one act; a form that names them all can still be sent.
ROWS_MAX = 800
#: Offers whose stock is looked at, to find those that have none.
SCAN_MAX = 5000


@dataclass(frozen=True, slots=True)
class Refusal:
    """An offer with which something was not done, and why."""

    offer_id: UUID
    error: EntrepotError


@dataclass(slots=True)
class Outcome:
    """What became of a decision over many offers."""

    done: list[UUID] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    orders: list[StockOrder] = field(default_factory=list)


class _Undo(Exception):
    """What was only tried is undone."""


def rehearse(act: Callable[[], Outcome]) -> Outcome:
    """What an act would come to, to the last refusal; nothing of it stays."""
    found: list[Outcome] = []
    try:
        with atomic():
            found.append(act())
            raise _Undo
    except _Undo:
        return found[0]


@dataclass(frozen=True, slots=True)
class Restock:
    """An article with what it sold, what there is and comes, how long that lasts, and what to order by the rule."""

    article: Article
    sold: int
    sales_days: int
    cover_days: int
    in_transit: int
    to_come: int
    lasts_days: float
    suggested: int

    @property
    def is_short(self) -> bool:
        """Whether what there is and comes does not cover the days that it should."""
        return self.suggested > 0


def list_restock(
    *,
    now: datetime,
    programme_code: str = "",
    category_path: str = "",
    seller_code: str = "",
    offer_ids: Collection[UUID] | None = None,
    only: str = "",
    cover_days: int | None = None,
    least: int = 0,
) -> list[Restock]:
    """Articles that the platform may order, those that last shortest first; `only` keeps "missing" or "short" ones.

    The suggestion is `inbound.rules.suggest`: recent daily sales × days to cover, less what is free and what comes.
    """
    articles = planning.list_articles(
        programme_code=programme_code, category_path=category_path, seller_code=seller_code, offer_ids=offer_ids
    )
    coming: dict[tuple[UUID, UUID], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for each in inbound.list_coming(scope=inbound.ALL, sku_ids={each.sku_id for each in articles}):
        moving, waiting = coming[each.seller_id, each.sku_id]
        coming[each.seller_id, each.sku_id] = moving + each.in_transit, waiting + each.to_come
    settings = inbound.settings_by_programme({each.programme_code for each in articles}, on=now.date())
    found: list[Restock] = []
    for code, known in settings.items():
        group = [each for each in articles if each.programme_code == code]
        cover = known.cover_days if cover_days is None else cover_days
        sold_by = sales.units_sold(since=now - timedelta(days=known.sales_days), until=now)
        sold = np.array([sold_by.get((each.seller_id, each.sku_id), 0) for each in group], dtype=np.int64)
        free = np.array([each.free for each in group], dtype=np.int64)
        come = np.array([sum(coming[each.seller_id, each.sku_id]) for each in group], dtype=np.int64)
        suggested = rules.suggest(
            sold=sold,
            available=free,
            on_the_way=come,
            pack=np.array([each.pack_quantity for each in group], dtype=np.int64),
            sales_days=known.sales_days,
            cover_days=cover,
            least=least,
        )
        lasts = rules.days_of_cover(sold=sold, available=free, sales_days=known.sales_days)
        found += [
            Restock(
                each,
                int(sold[place]),
                known.sales_days,
                cover,
                *coming[each.seller_id, each.sku_id],
                float(lasts[place]),
                int(suggested[place]),
            )
            for place, each in enumerate(group)
        ]
    if only == "missing":
        found = [each for each in found if each.article.free <= 0]
    elif only == "short":
        found = [each for each in found if each.is_short]
    return sorted(found, key=lambda each: (each.lasts_days, -each.suggested, each.article.sku_code))


def choose_offers(
    *,
    market_id: UUID | None = None,
    programme_code: str = "",
    category_path: str = "",
    seller_code: str = "",
    status: str = "",
    is_missing: bool = False,
    after: UUID | None = None,
    limit: int = ROWS_MAX,
) -> list[UUID]:
    """Offers by filter in the order in which they came; `is_missing` keeps those of which nothing can be sold now."""
    found = choosing.list_offer_ids(
        market_id=market_id,
        programme_code=programme_code,
        category_path=category_path,
        seller_code=seller_code,
        status=status,
        after=after,
        limit=SCAN_MAX if is_missing else limit,
    )
    if is_missing:
        units = inventory.available(found)
        found = [offer_id for offer_id in found if not units[offer_id]]
    return found[:limit]


@atomic
def raise_stock_orders(
    *,
    quantities: Mapping[UUID, int],
    node_id: UUID | None,
    deliver_by: datetime | None,
    actor: Actor,
    now: datetime,
    note: str = "",
) -> Outcome:
    """Ask sellers for units of these offers: one stock order for each seller, enrolment, currency and node.

    Without a node it is one of the platform's or a partner's that the terms take goods at, where the article stands
    already if there is such.
    """
    if not 0 < len(quantities) <= ROWS_MAX:
        raise Invalid("desk.nothing_chosen", "Choose at least one row.")
    outcome = Outcome()
    articles = {each.offer_id: each for each in planning.list_articles(offer_ids=quantities, limit=ROWS_MAX)}
    offers = {each.id: each for each in catalogue.list_offers(offer_ids=quantities, limit=ROWS_MAX)}
    placed = _nodes_for(list(articles.values()), node_id)
    groups: dict[tuple[UUID, UUID, str], list[Wanted]] = defaultdict(list)
    for offer_id, quantity in quantities.items():
        article = articles.get(offer_id)
        if article is None:
            # Whoever may not plan is told so by the act itself, with the duty's name.
            found = offers.get(offer_id)
            key = (found.enrolment_id if found else offer_id, node_id or next(iter(placed.values()), offer_id), "")
            groups[key].append(Wanted(offer_id, quantity))
        elif offer_id not in placed:
            outcome.refused.append(
                Refusal(offer_id, Refused("inbound.no_node", "No warehouse takes these goods under their terms."))
            )
        else:
            groups[article.enrolment_id, placed[offer_id], article.currency].append(Wanted(offer_id, quantity))
    for (enrolment_id, chosen, _currency), lines in groups.items():

        def ask(wanted: Sequence[Wanted], at: tuple[UUID, UUID] = (enrolment_id, chosen)) -> None:
            order = NewStockOrder(*at, wanted, deliver_by, note)
            outcome.orders.extend(ordering.ask(orders=[order], actor=actor, now=now))

        for part in range(0, len(lines), ordering.LINES_MAX):
            kept, refused = _sift(lines[part : part + ordering.LINES_MAX], ask)
            outcome.done += [each.offer_id for each in kept]
            outcome.refused += [Refusal(each.offer_id, error) for each, error in refused]
    return outcome


@dataclass(frozen=True, slots=True)
class Margin:
    """What a price by rule would be, what is asked now, and what is left of it. Units: minor, in the market's currency.

    `kept_minor` is the price without tax less the supply price at today's rate, before carriage and other costs.
    """

    offer_id: UUID
    before_minor: int | None
    after_minor: int
    cost_minor: int
    kept_minor: int

    @property
    def rate(self) -> Decimal:
        """The margin on the price with everything in it."""
        return Decimal(self.kept_minor) / self.after_minor


def preview_prices(
    *, market: Market, offer_ids: Sequence[UUID], actor: Actor, now: datetime, tried: PriceRule | None = None
) -> list[Margin]:
    """What the rules of a market make of these offers' prices, with the margin; those that no rule covers are left out.

    Raises: NotFound, Unavailable without an exchange rate.
    """
    planned = pricing.plan_prices(market=market, actor=actor, now=now, offer_ids=offer_ids, tried=tried)
    quotes = prices.supply_prices([each.offer_id for each in planned])
    rates = markets.exchange_rates({(quote.currency, market.currency) for quote in quotes.values()}, now.date())
    facts = catalogue.offer_facts([each.offer_id for each in planned])
    taxes = markets.tax_rates([market.id], now.date())
    found = []
    for each in planned:
        quote, fact = quotes[each.offer_id], facts[each.offer_id]
        rate = rates[quote.currency, market.currency].rate
        cost = money.convert(quote.amount_minor, rate, quote.currency, market.currency)
        tax = taxes.get((market.id, fact.tax_class), Decimal(0)) if fact.prices_include_tax else Decimal(0)
        net = money.round_half_even(each.amount_minor / (1 + tax))
        found.append(Margin(each.offer_id, each.before_minor, each.amount_minor, cost, net - cost))
    return found


@atomic
def reprice(*, market: Market, offer_ids: Sequence[UUID], actor: Actor, now: datetime) -> Outcome:
    """Set what the rules of a market make of these offers' prices; whatever no rule covers is told."""
    done = pricing.reprice(market=market, actor=actor, now=now, offer_ids=offer_ids)
    priced = done.set | done.waiting
    error = Refused("merchandising.no_rule", "No price rule covers it, or its price is not the platform's to set.")
    return Outcome(sorted(priced), [Refusal(each, error) for each in offer_ids if each not in priced])


@atomic
def publish_offers(*, offer_ids: Sequence[UUID], actor: Actor, now: datetime) -> Outcome:
    """Put drafted and paused offers on sale, their complete products first."""
    facts = catalogue.offer_facts(offer_ids)
    drafts = {fact.product_id for fact in facts.values() if fact.product_status == "draft"}

    def publish(product_ids: Sequence[UUID]) -> None:
        listing.publish_products(actor=actor, product_ids=product_ids)

    def go_live(chosen: Sequence[UUID]) -> None:
        listing.go_live(actor=actor, offer_ids=chosen, now=now)

    _sift(sorted(drafts), publish)  # what a product lacks, its offers then say
    kept, refused = _sift(list(offer_ids), go_live)
    return Outcome(kept, [Refusal(*each) for each in refused])


def countered(*, offer_ids: Sequence[UUID], percent: Decimal) -> dict[UUID, tuple[SupplyQuote, int]]:
    """What a change by so many per cent makes of supply prices: offer -> (the step it starts from, the amount).

    It starts from the seller's step that waits where there is one, else from the price in force. Rounding: half to
    even, once. Raises: Invalid.
    """
    if not -90 <= percent <= 90 or not percent:
        raise Invalid("merchandising.percent", "Give a change from -90 to 90 per cent.", field="percent")
    start = prices.supply_prices(offer_ids)
    start |= {each.offer_id: each for each in prices.open_quotes(offer_ids) if each.made_by_party == "seller"}
    return {
        offer_id: (step, money.round_half_even(step.amount_minor * (100 + percent) / 100))
        for offer_id, step in start.items()
    }


@atomic
def propose_supply_prices(
    *,
    offer_ids: Sequence[UUID],
    percent: Decimal,
    valid_until: datetime,
    actor: Actor,
    now: datetime,
    note: str = "",
) -> Outcome:
    """Propose supply prices changed by so many per cent: counters where the seller's own step waits, else new ones."""
    amounts = countered(offer_ids=offer_ids, percent=percent)
    outcome = Outcome()
    error = Refused("merchandising.no_supply_price", "No supply price is agreed or waits for an answer.")
    outcome.refused += [Refusal(each, error) for each in offer_ids if each not in amounts]

    def propose(chosen: Sequence[UUID]) -> None:
        waiting = [(amounts[each][0].id, amounts[each][1]) for each in chosen if amounts[each][0].status != "accepted"]
        if waiting:
            quoting.counter(rows=waiting, valid_until=valid_until, actor=actor, now=now, note=note)
        new = [
            NewQuote(each, amounts[each][1], amounts[each][0].currency, note)
            for each in chosen
            if amounts[each][0].status == "accepted"
        ]
        if new:
            listing.quote_supply_prices(actor=actor, rows=new, valid_until=valid_until, now=now)

    kept, refused = _sift(list(amounts), propose)
    outcome.done += kept
    outcome.refused += [Refusal(*each) for each in refused]
    return outcome


def _nodes_for(articles: Sequence[Article], node_id: UUID | None) -> dict[UUID, UUID]:
    """Offer -> the node that goods are asked to: the one that was named, else the first that takes them."""
    if node_id is not None:
        return {each.offer_id: node_id for each in articles}
    nodes = [node for node in logistics.list_nodes().values() if node.operator_kind != "seller"]
    conditions = sellers.list_conditions({each.enrolment_id for each in articles})
    standing = inbound.standing([each.sku_id for each in articles])
    found = {}
    for each in articles:
        fitting = [
            node
            for node in nodes
            if ordering.takes(
                node, conditions[each.enrolment_id], seller_id=each.seller_id, market_country=each.market_country
            )
        ]
        if fitting:
            ranked = sorted((_rank(node, each, standing), node.id) for node in fitting)
            found[each.offer_id] = ranked[0][1]
    return found


def _rank(node: NodeView, article: Article, standing: Mapping[tuple[UUID, UUID, UUID], int]) -> tuple[bool, int, str]:
    """The platform's nodes first, where most of the article stands, then by code."""
    units = standing.get((article.seller_id, article.sku_id, node.id), 0)
    return node.operator_kind != "operator", -units, node.code


def _sift(
    items: Sequence[Item], act: Callable[[Sequence[Item]], object]
) -> tuple[list[Item], list[tuple[Item, EntrepotError]]]:
    """Do it with all items; where that is refused, with halves, until what is refused stands alone."""
    if not items:
        return [], []
    try:
        with atomic():
            act(items)
        return list(items), []
    except EntrepotError as error:
        if len(items) == 1:
            return [], [(items[0], error)]
    half = len(items) // 2
    kept, refused = _sift(items[:half], act)
    more, also = _sift(items[half:], act)
    return kept + more, refused + also
