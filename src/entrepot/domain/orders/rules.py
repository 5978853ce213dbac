"""How an order moves: what may follow what, the fold of its events, and which units of a line an amount is for."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from entrepot.kernel.errors import Refused
from entrepot.kernel.money import prorate


class EventKind(StrEnum):
    """What can happen to an order, a suborder or a line."""

    PLACED = "placed"
    DECLINED = "declined"
    ACCEPTED = "accepted"
    PACKED = "packed"
    UNPACKED = "unpacked"
    HANDED_OVER = "handed_over"
    TRACKING = "tracking"
    DELIVERED = "delivered"
    LOST = "lost"
    CANCELLED = "cancelled"
    ADDRESS_CHANGED = "address_changed"
    SUBSTITUTED = "substituted"
    SENT_ELSEWHERE = "sent_elsewhere"
    MISSING = "missing"
    RETURN_REQUESTED = "return_requested"
    RETURN_RECEIVED = "return_received"
    REFUNDED = "refunded"
    LATE = "late"
    GOODS_CAME = "goods_came"


#: The events that move units of a line, and the count that they raise.
COUNTS: Mapping[EventKind, str] = {
    EventKind.CANCELLED: "cancelled",
    EventKind.HANDED_OVER: "shipped",
    EventKind.DELIVERED: "delivered",
    EventKind.LOST: "lost",
    EventKind.RETURN_RECEIVED: "returned",
}

#: state -> what may follow it. A state that nothing follows is an end.
ORDER_NEXT: Mapping[str, frozenset[str]] = {
    "pending": frozenset({"placed", "declined"}),
    "placed": frozenset(),
    "declined": frozenset(),
}
SUBORDER_NEXT: Mapping[str, frozenset[str]] = {
    "open": frozenset({"shipped", "delivered", "lost", "cancelled"}),
    "shipped": frozenset({"delivered", "lost"}),
    "delivered": frozenset(),
    "lost": frozenset(),
    "cancelled": frozenset(),
}
WORK_NEXT: Mapping[str, frozenset[str]] = {
    "waiting": frozenset({"accepted", "packed", "done", "cancelled"}),
    "accepted": frozenset({"packed", "done", "cancelled"}),
    "packed": frozenset({"accepted", "done", "cancelled"}),
    "done": frozenset(),
    "cancelled": frozenset(),
}


class BeyondQuantity(Refused):
    """More units than there are would move."""

    code = "orders.beyond_quantity"
    message = "Only {left} units of line {line} can be {kind}; {asked} were asked for."


class ForbiddenTransition(Refused):
    """The event cannot follow what happened before."""

    code = "orders.forbidden_transition"
    message = "An order that is {state} cannot become {next}."


@dataclass(frozen=True, slots=True)
class Quantities:
    """What became of the units of a line: shipped from the front, cancelled from the back, the rest to ship."""

    ordered: int
    cancelled: int = 0
    shipped: int = 0
    delivered: int = 0
    lost: int = 0
    returned: int = 0

    @property
    def live(self) -> int:
        """Units that were not cancelled."""
        return self.ordered - self.cancelled

    @property
    def to_ship(self) -> int:
        """Units that still have to leave."""
        return self.ordered - self.cancelled - self.shipped

    def room(self, kind: EventKind) -> int:
        """How many units the event could still move."""
        return {
            EventKind.CANCELLED: self.to_ship,
            EventKind.HANDED_OVER: self.to_ship,
            EventKind.DELIVERED: self.shipped - self.delivered - self.lost,
            EventKind.LOST: self.shipped - self.delivered - self.lost,
            EventKind.RETURN_RECEIVED: self.delivered - self.returned,
        }[kind]

    def after(self, kind: EventKind, units: int, line: object = "") -> "Quantities":
        """The counts once the event moved so many units. Raises: BeyondQuantity."""
        if not 0 < units <= self.room(kind):
            raise BeyondQuantity(line=str(line), kind=kind.value, left=self.room(kind), asked=units)
        return replace(self, **{COUNTS[kind]: getattr(self, COUNTS[kind]) + units})

    def __add__(self, other: "Quantities") -> "Quantities":
        return Quantities(
            self.ordered + other.ordered,
            self.cancelled + other.cancelled,
            self.shipped + other.shipped,
            self.delivered + other.delivered,
            self.lost + other.lost,
            self.returned + other.returned,
        )


NOTHING = Quantities(0)


def suborder_state(lines: Iterable[Quantities]) -> str:
    """The state of a suborder from the units of its lines."""
    units = sum(lines, NOTHING)
    if not units.live:
        return "cancelled"
    if units.delivered + units.lost == units.live:
        return "delivered" if units.delivered else "lost"
    return "shipped" if units.shipped == units.live else "open"


def work_state(units: Quantities, packed: int, accepted: bool) -> str:
    """The state of a suborder's work item from its units, those that are packed, and whether it was accepted."""
    if not units.live:
        return "cancelled"
    if not units.to_ship:
        return "done"
    if packed >= units.to_ship:
        return "packed"
    return "accepted" if accepted else "waiting"


def order_state(state: str, lines: Iterable[Quantities], *, replaced: int = 0) -> str:
    """The state that people are told, from the order's own state and the units of all its lines.

    Units whose place others took (`replaced`) were cancelled for the books, and not for those who wait for them.
    """
    if state != "placed":
        return state
    units = sum(lines, NOTHING)
    if not units.live:
        return "cancelled"
    if units.delivered + units.lost == units.live:
        if not units.delivered:
            return "lost"
        return "returned" if units.returned == units.delivered else "delivered"
    if units.delivered:
        return "part_delivered"
    if units.shipped:
        return "shipped" if units.shipped == units.live else "part_shipped"
    return "part_cancelled" if units.cancelled > replaced else "placed"


@dataclass(frozen=True, slots=True)
class Happening:
    """An event as the fold reads it."""

    kind: str
    line_id: UUID | None = None
    quantity: int | None = None


@dataclass(frozen=True, slots=True)
class Folded:
    """What the events of an order come to."""

    state: str
    suborders: Mapping[UUID, str]
    lines: Mapping[UUID, Quantities]

    @property
    def told(self) -> str:
        """The state that people are told."""
        return order_state(self.state, self.lines.values())


def fold(ordered: Mapping[UUID, tuple[UUID, int]], events: Iterable[Happening]) -> Folded:
    """Play an order's events over its lines: line -> (suborder, units ordered).

    Raises: ForbiddenTransition, BeyondQuantity where the events contradict each other.
    """
    state = "pending"
    lines = {line: Quantities(units) for line, (_, units) in ordered.items()}
    for event in events:
        if event.kind in ("placed", "declined"):
            if event.kind not in ORDER_NEXT[state]:
                raise ForbiddenTransition(state=state, next=event.kind)
            state = event.kind
        elif event.kind in COUNTS and event.line_id is not None:
            if state != "placed":
                raise ForbiddenTransition(state=state, next=event.kind)
            kind = EventKind(event.kind)
            lines[event.line_id] = lines[event.line_id].after(kind, event.quantity or 0, event.line_id)
    suborders: dict[UUID, list[Quantities]] = {}
    for line, (suborder, _) in ordered.items():
        suborders.setdefault(suborder, []).append(lines[line])
    return Folded(state, {key: suborder_state(of) for key, of in suborders.items()}, lines)


#: The parts of what the shopper pays for a line; they sum to its total.
PARTS = ("goods_net_minor", "goods_tax_minor", "shipping_net_minor", "shipping_tax_minor", "customs_duty_minor")


class Frozen(Protocol):
    """A line with its quantity, what was displayed, and the parts of its money."""

    @property
    def quantity(self) -> int: ...
    @property
    def list_minor(self) -> int: ...
    @property
    def discount_minor(self) -> int: ...
    @property
    def goods_net_minor(self) -> int: ...
    @property
    def goods_tax_minor(self) -> int: ...
    @property
    def shipping_net_minor(self) -> int: ...
    @property
    def shipping_tax_minor(self) -> int: ...
    @property
    def customs_duty_minor(self) -> int: ...


def share(line: Frozen, first: int, units: int) -> dict[str, int]:
    """What the shopper pays for the units [first, first + units) of a line, by part.

    Every unit of a line has a place. Parcels take places from the front (`ParcelLine.first_unit`: so many were shipped
    before), cancellations from the back (`cancelled_first`). Captures, voids, accruals, refunds and reversals of the
    same places are therefore the same amounts, and all of them sum to the line's, in whatever order they come.
    What was displayed is divided, with the tax in it or without: three units of 1.25 give back 1.25 each.
    """

    def of(whole: int) -> int:
        return prorate(whole, first, units, line.quantity)

    found = {part: of(getattr(line, part)) for part in PARTS}
    if line.list_minor - line.discount_minor == line.goods_net_minor + line.goods_tax_minor:
        for net, tax in (("goods_net_minor", "goods_tax_minor"), ("shipping_net_minor", "shipping_tax_minor")):
            found[net] = of(getattr(line, net) + getattr(line, tax)) - found[tax]
    return found


def share_minor(line: Frozen, first: int, units: int) -> int:
    """The sum of `share`: what is captured, voided or refunded for these units."""
    return sum(share(line, first, units).values())


def cancelled_first(quantity: int, cancelled: int, units: int) -> int:
    """The place of the first of `units` that are cancelled when `cancelled` were cancelled before."""
    return quantity - cancelled - units


def take(free: Iterable[range], units: int) -> list[range]:
    """The first so many places out of these stretches. Raises: ValueError where there are fewer."""
    taken: list[range] = []
    for stretch in free:
        if units and stretch:
            taken.append(stretch[:units])
            units -= len(taken[-1])
    if units:
        raise ValueError(f"{units} more places are asked for than there are")
    return taken


def without(stretches: Iterable[range], taken: Collection[range]) -> list[range]:
    """What remains of the stretches beside the places that are taken."""
    left = list(stretches)
    for used in taken:
        left = [
            part
            for stretch in left
            for part in (
                range(stretch.start, min(stretch.stop, used.start)),
                range(max(stretch.start, used.stop), stretch.stop),
            )
            if part
        ]
    return left
