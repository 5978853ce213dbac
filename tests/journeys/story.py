"""One order's life, told as it happens: what was done, every posting and every movement of stock, day by day.

A journey plays the real flows on a moving clock and writes down what the books and the shelves say after each act.
The tests compare the whole of it; `docs/order-life.md` is made from it.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

import shipping
from entrepot.domain.aftersales.models import ReturnCase
from entrepot.domain.catalogue.models import Offer
from entrepot.domain.orders.models import Order, OrderLine
from entrepot.domain.settlement import services as settlement
from entrepot.domain.settlement.models import Payout, Statement
from entrepot.domain.settlement.services import NewCostRate
from entrepot.flows import returns, settling
from entrepot.kernel import money
from entrepot.kernel.actors import SYSTEM
from entrepot.kernel.db import fetch_rows
from entrepot.verify import runner
from worlds import World

#: What the marketplace is charged in these stories.
COSTS = (
    NewCostRate("payment", "EUR", "journeys", Decimal("0.0175"), 12),
    NewCostRate("handling", "EUR", "journeys", amount_minor=60),
    NewCostRate("storage", "EUR", "journeys", amount_minor=9),
)


@dataclass
class Chapter:
    """An act and what followed from it in the books and on the shelves."""

    day: int
    title: str
    postings: list[str] = field(default_factory=list)
    movements: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The chapter as the tests compare it."""
        return [f"day {self.day}: {self.title}", *(f"  {row}" for row in (*self.postings, *self.movements))]


class Story:
    """A journey under way."""

    def __init__(self) -> None:
        self.world = World()
        self.start = self.world.now
        self.chapters: list[Chapter] = []
        self._seen: set[UUID] = set()
        self._moved: set[UUID] = set()
        settlement.set_cost_rates(rows=COSTS, valid_from=self.start.date(), actor=SYSTEM, now=self.start)

    def told(self) -> list[str]:
        """All that happened."""
        return [line for chapter in self.chapters for line in chapter.lines()]

    def tell(self, title: str) -> None:
        """Write down what is new since the last act."""
        chapter = Chapter((self.world.now - self.start).days, title)
        for row in fetch_rows(_POSTINGS):
            if row.id not in self._seen:
                self._seen.add(row.id)
                amount = money.format_minor(row.amount_minor, row.currency, "en")
                chapter.postings.append(f"{row.source} → {row.destination}  {amount}  ({row.part})")
        for row in fetch_rows(_MOVEMENTS):
            if row.id not in self._moved:
                self._moved.add(row.id)
                chapter.movements.append(f"{row.node}: {row.quantity:+d} of {row.owner} ({row.kind})")
        self.chapters.append(chapter)

    # acts

    def order(self, *lines: tuple[Offer, int], **fields: str) -> Order:
        """A shopper orders and pays."""
        ordered = shipping.order(self.world, *lines, **fields)
        self.tell("the shopper orders; the payment is authorised, the goods are held")
        return ordered

    def ship(self, ordered: Order) -> None:
        """Whoever performs it packs and hands over."""
        self.world.pass_time(days=1)
        self.parcels = shipping.ship(self.world, ordered)
        self.tell("the parcels are handed over; the money for them is captured")

    def deliver(self) -> None:
        """The carrier delivers."""
        self.world.pass_time(days=3)
        shipping.scan(self.world, "delivered", *self.parcels)
        self.tell("the parcels are delivered; what was earned accrues")

    def send_back(self, line: OrderLine, units: int, reason: str, disposition: str) -> None:
        """The shopper sends units back, they are taken in and refunded."""
        self.world.pass_time(days=2)
        [case] = returns.request_return(
            order_id=line.order_id, lines=[(line.id, units)], reason=reason, actor=SYSTEM, now=self.world.now,
            access_token=line.order.access_token,
        )  # fmt: skip
        returns.send_label(case_id=case.id, actor=SYSTEM, now=self.world.now, access_token=line.order.access_token)
        self.world.pass_time(days=4)
        returns.receive_return(
            case_id=case.id, received=[returns.Received(line.id, units, disposition)], actor=SYSTEM,
            now=self.world.now,
        )  # fmt: skip
        returns.refund(case_ids=[case.id], actor=SYSTEM, now=self.world.now)
        assert ReturnCase.objects.get(id=case.id).state == "refunded"
        self.tell(f"{units} come back ({reason.replace('_', ' ')}), are taken in ({disposition}) and refunded")

    def settle(self, *, days: int = 30) -> list[Statement]:
        """The operator settles and pays out, and the bank confirms."""
        self.world.pass_time(days=days)
        actor = self.world.operator_actor()
        statements = settling.settle(until=self.world.now, now=self.world.now, actor=actor)
        settling.pay_out(now=self.world.now, actor=actor)
        self.tell("statements are closed and paid out")
        payouts = list(Payout.objects.exclude(state="done").values_list("id", flat=True))
        if payouts:
            settling.confirm_payouts(payout_ids=payouts, now=self.world.now, actor=actor)
            self.tell("the bank confirms")
        return statements

    def prove(self) -> None:
        """The books hold."""
        found = {result.invariant.code: result.rows for result in runner.verify(now=self.world.now) if not result.holds}
        found.pop("I34", None)  # nobody runs the relay here
        assert found == {}


_POSTINGS = """
SELECT posting.id, posting.part, posting.amount_minor, posting.currency,
    source.kind || CASE WHEN source.label = '' THEN '' ELSE ' ' || source.label END
        || CASE WHEN source_owner.kind = 'operator' THEN '' ELSE ' of ' || source_owner.code END AS source,
    destination.kind || CASE WHEN destination.label = '' THEN '' ELSE ' ' || destination.label END
        || CASE WHEN destination_owner.kind = 'operator' THEN '' ELSE ' of ' || destination_owner.code END
        AS destination
FROM ledger_posting posting
JOIN ledger_account source ON source.id = posting.source_id
JOIN ledger_account destination ON destination.id = posting.destination_id
JOIN accounts_organisation source_owner ON source_owner.id = source.owner_id
JOIN accounts_organisation destination_owner ON destination_owner.id = destination.owner_id
LEFT JOIN orders_orderline line ON line.id = posting.subject_id
ORDER BY line.position, CASE WHEN line.id IS NULL THEN
    concat_ws(' ', posting.part, source_owner.code, destination_owner.code, posting.currency, posting.amount_minor) END,
    posting.sequence
"""

_MOVEMENTS = """
SELECT movement.id, movement.kind, movement.quantity, node.code AS node, owner.code AS owner
FROM inventory_movement movement
JOIN inventory_stock stock ON stock.id = movement.stock_id
JOIN logistics_node node ON node.id = stock.node_id
JOIN accounts_organisation owner ON owner.id = stock.owner_id
ORDER BY node.code, owner.code, movement.id
"""
