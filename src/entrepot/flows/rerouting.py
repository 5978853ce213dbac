"""What a draft of routing rules would change: the latest orders routed anew, under the rules in force and the draft.

Both sides are reckoned on the same goods: what is free now and what these orders took, at today's prices, lanes and
law, each order in turn as checkout would. So the difference is that of the rules alone. Nothing is kept by it.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from entrepot.domain.inventory import services as inventory
from entrepot.domain.orders import history
from entrepot.domain.orders.history import PastOrder
from entrepot.domain.routing import queries, services
from entrepot.domain.routing.queries import Stated
from entrepot.domain.routing.services import Drafted, Wanted
from entrepot.flows import facts
from entrepot.flows.drafting import Drafting
from entrepot.flows.drafts import Draft
from entrepot.flows.facts import Facts
from entrepot.flows.requests import CartRequest
from entrepot.kernel.errors import EntrepotError, Invalid

#: How many orders are looked at, and how many where nobody says.
ORDERS_MAX, ORDERS = 500, 100
_LIMITS = range(1, ORDERS_MAX + 1)


@dataclass(frozen=True, slots=True)
class Routed:
    """How an order would go: a parcel from each of these nodes. Units: minor of its currency.

    `cost_minor` is carriage with what the border takes, `total_minor` what the shopper pays.
    """

    nodes: tuple[str, ...]
    cost_minor: int
    total_minor: int
    until: date


@dataclass(frozen=True, slots=True)
class Rerouted:
    """An order under both; None where it could not be had."""

    number: str
    currency: str
    before: Routed | None
    after: Routed | None
    refusal: EntrepotError | None

    @property
    def differs(self) -> bool:
        """Whether it would go another way, or no longer at all."""
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class Side:
    """What the orders that can be had either way come to under one of the two. Units: minor, by currency."""

    parcels: int
    by_node: Mapping[str, int]
    cost_minor: Mapping[str, int]
    total_minor: Mapping[str, int]
    split: int


@dataclass(frozen=True, slots=True)
class Look:
    """The orders that were routed anew, and the sums of both sides.

    `lost` could be had before and not after, `gained` the other way round; `left_out` can be had in neither way, such
    as those of offers that are no longer on sale. `later` and `sooner` count those whose last promised day moves.
    """

    on: date
    orders: tuple[Rerouted, ...]
    before: Side
    after: Side
    lost: int
    gained: int
    left_out: int
    later: int
    sooner: int

    @property
    def changed(self) -> list[Rerouted]:
        """The orders that would go another way."""
        return [each for each in self.orders if each.differs]


def look(*, rules: Sequence[Wanted], now: datetime, orders: int = ORDERS) -> Look:
    """Route the latest orders under the rules in force and under a draft. Raises: Invalid, BadRule, NotFound.

    A draft counts as of the last day on which something in it begins, so that nothing of it is overlooked.
    """
    if orders not in _LIMITS:
        raise Invalid("routing.too_many_orders", "Look at 1 to {most} orders.", field="orders", most=ORDERS_MAX)
    held = queries.list_rules(on=now.date())
    drafted = services.draft_rules(rules=rules, now=now, held=held)
    on = max([now.date(), *(each.valid_from for each in drafted)])
    past = history.list_placed(limit=orders)
    carts = [CartRequest(market_code=each.market_code, lines=each.lines) for each in past]
    gathered = facts.gather(carts, now) if carts else None
    sides: list[list[Routed | EntrepotError]] = [[], []]
    if gathered is not None:
        wanted = gathered.seller_skus
        stock = inventory.lock_stock(seller_skus=wanted, lock=False, is_spent_too=True) if wanted else []
        taken = _taken(past, gathered)
        markets = [each.id for each in gathered.markets.values()]
        in_force = queries.by_market(queries.stated(held, now.date()), markets)
        drafting = None
        for side, stated in zip(sides, (in_force, queries.by_market(_stated(drafted, on), markets)), strict=True):
            drafting = Drafting(gathered, stock, rules=stated, twin=drafting)
            for (seller_id, sku_id, node_id, pool), units in taken.items():
                drafting.put_back(seller_id=seller_id, sku_id=sku_id, node_id=node_id, pool=pool, units=units)
            side += [_routed(each) for each in drafting.draft(carts)]
    rows = [_rerouted(each, *pair) for each, pair in zip(past, zip(*sides, strict=True), strict=True)]
    return _summed(on, rows)


def _stated(drafted: Sequence[Drafted], on: date) -> list[Stated]:
    """The draft as it would be in force on a day."""
    return [
        (each.rule, each.market.id if each.market else None, each.wanted.is_on) for each in drafted if each.holds(on)
    ]


def _taken(past: Sequence[PastOrder], gathered: Facts) -> Mapping[tuple[UUID, UUID, UUID, UUID | None], int]:
    """What the orders took and did not give back: units by seller, SKU, node and pool."""
    taken: dict[tuple[UUID, UUID, UUID, UUID | None], int] = defaultdict(int)
    for order in past:
        for offer_id, node_id, units in order.taken:
            offer = gathered.sellables.get(offer_id)
            for sku_id, per_unit in offer.components if offer else ():
                pool = offer_id if offer and offer.is_allotted else None
                taken[order.seller_of[offer_id], sku_id, node_id, pool] += units * per_unit
    return taken


def _routed(draft: Draft | EntrepotError) -> Routed | EntrepotError:
    if isinstance(draft, EntrepotError):
        return draft
    services_of = [each.service for each in draft.suborders if each.service]
    duty = sum(line.money.customs_duty_minor for line in draft.lines if line.money)
    return Routed(
        tuple(sorted(each.place.code for each in draft.suborders)),
        sum(each.cost_minor for each in services_of) + duty,
        draft.total_minor,
        max(each.last for each in services_of),
    )


def _rerouted(order: PastOrder, before: Routed | EntrepotError, after: Routed | EntrepotError) -> Rerouted:
    refusal = after if isinstance(after, EntrepotError) else before if isinstance(before, EntrepotError) else None
    return Rerouted(
        order.number, order.currency, before if isinstance(before, Routed) else None,
        after if isinstance(after, Routed) else None, refusal,
    )  # fmt: skip


def _summed(on: date, rows: Sequence[Rerouted]) -> Look:
    both = [(each.currency, each.before, each.after) for each in rows if each.before and each.after]
    return Look(
        on=on,
        orders=tuple(rows),
        before=_side([(currency, before) for currency, before, _ in both]),
        after=_side([(currency, after) for currency, _, after in both]),
        lost=sum(bool(each.before and not each.after) for each in rows),
        gained=sum(bool(each.after and not each.before) for each in rows),
        left_out=sum(not (each.before or each.after) for each in rows),
        later=sum(after.until > before.until for _, before, after in both),
        sooner=sum(after.until < before.until for _, before, after in both),
    )


def _side(found: Sequence[tuple[str, Routed]]) -> Side:
    nodes: Counter[str] = Counter()
    cost: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for currency, each in found:
        nodes.update(each.nodes)
        cost[currency] += each.cost_minor
        total[currency] += each.total_minor
    return Side(
        sum(nodes.values()), dict(sorted(nodes.items())), dict(sorted(cost.items())), dict(sorted(total.items())),
        sum(len(each.nodes) > 1 for _, each in found),
    )  # fmt: skip
