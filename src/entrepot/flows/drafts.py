"""What drafting makes of carts: lines, suborders and orders as they would be, with their services and money."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from entrepot.domain.logistics.queries import NodeView
from entrepot.domain.markets.models import Market
from entrepot.domain.orders.awaiting import ON_ITS_WAY
from entrepot.domain.promotions.rules import Voucher
from entrepot.domain.terms.rules import Party, Task, Terms
from entrepot.flows.delivering import Option, Parcel, Piece
from entrepot.flows.facts import Item
from entrepot.flows.requests import CartRequest
from entrepot.flows.routing import Group, Verdict, verdicts_of
from entrepot.kernel.errors import EntrepotError, Refused, Unavailable

#: The party that performs, by the kind of organisation that runs the node.
PERFORMERS: Mapping[str, Party] = {
    "operator": Party.PLATFORM,
    "seller": Party.SELLER,
    "third_party": Party.THIRD_PARTY,
}


class NoFreight(Unavailable):
    """No service takes the parcel."""

    code = "orders.no_freight"
    message = "Nobody ships {weight_g} g from {origin} to {market} at the moment."


class CustomsUnknown(Refused):
    """What the border takes of a line cannot be said."""

    code = "orders.customs_unknown"
    message = "What customs take of “{title}” is not known: {why}"


class LineMoney(NamedTuple):
    """The frozen amounts of one line, as `pricing.rules.Charges` has them."""

    list_minor: int
    discount_minor: int
    platform_discount_minor: int
    goods_net_minor: int
    goods_tax_minor: int
    shipping_net_minor: int
    shipping_tax_minor: int
    customs_duty_minor: int
    total_minor: int


class Drawn(NamedTuple):
    """Units of a stock row that a line takes."""

    stock_id: UUID
    quantity: int
    per_unit: int
    offer_id: UUID | None


class Coming(NamedTuple):
    """A shipment out of which goods are sold while it is on its way to a node, and when they stand ready there."""

    shipment_id: UUID
    number: str
    ready_on: date
    by: str

    @property
    def task(self) -> Task:
        """The duty that brings it: across a border, or within the country."""
        return Task.LINE_HAUL if self.by else Task.FIRST_MILE


@dataclass(slots=True)
class DraftLine:
    """Units of an item that leave from one node."""

    item: Item
    units: int
    drawn: list[Drawn]
    money: LineMoney | None = None
    border: Mapping[str, Any] | None = None

    @property
    def displayed_minor(self) -> int:
        """The list price of these units, as displayed."""
        return self.item.unit_minor * self.units


@dataclass(slots=True)
class DraftSuborder:
    """The lines of one seller, node and programme, which travel together; of one shipment, if they are coming."""

    seller_id: UUID
    programme_code: str
    place: NodeView
    terms: Terms
    lines: list[DraftLine] = field(default_factory=list)
    service: Option | None = None
    options: tuple[Option, ...] = ()
    ship_by: datetime | None = None
    why: Mapping[str, Any] = field(default_factory=dict)
    is_one_parcel: bool = False
    coming: Coming | None = None

    @property
    def verdicts(self) -> dict[str, Verdict]:
        """What became of each node that might have sent it, by code."""
        return verdicts_of(self.why)

    @property
    def performer_party(self) -> Party:
        """Who does the work at the node."""
        return PERFORMERS[self.place.operator_kind]

    @property
    def weight_g(self) -> int:
        """What the parcel weighs."""
        return sum((line.item.sellable.weight_g or 0) * line.units for line in self.lines)

    @property
    def ready_on(self) -> date:
        """The day on which it leaves at the latest, where the node stands."""
        assert self.ship_by
        return self.place.left_on(self.ship_by)

    @property
    def segments(self) -> list[dict[str, str]]:
        """The parts of the promise, each with the party that performs it by the terms, from the node to the door."""
        assert self.service
        parts = [("dispatch", Task.PACKAGING_AND_LABEL, self.performer_party, self.ready_on)]
        if self.coming:
            brings = self.terms.performer(self.coming.task) or Party.SELLER
            parts.insert(0, (ON_ITS_WAY, self.coming.task, brings, self.coming.ready_on))
        for each in self.service.segments:
            task = Task(each.task)
            parts.append((each.leg, task, self.terms.performer(task) or self.performer_party, each.done_by))
        return [
            {"leg": leg, "task": task.value, "party": party.value, "done_by": done_by.isoformat()}
            for leg, task, party, done_by in parts
        ]

    def parcel(self, market: Market, *, order_minor: int) -> Parcel:
        """What would be sent, as those see it who carry it. `order_minor`: all goods of the order, as displayed."""
        goods = [(line.item.sellable, line.units) for line in self.lines]
        flags = {flag for sellable, _ in goods for flag in sellable.flags}
        return Parcel(
            origin=self.place.country, market_code=market.code, destination=market.country, currency=market.currency,
            ready_on=self.ready_on, weight_g=self.weight_g,
            goods_minor=sum(line.displayed_minor for line in self.lines),
            volume_cm3=sum(sellable.volume_cm3 * units for sellable, units in goods),
            sides_mm=tuple(max(column) for column in zip(*(sellable.sides_mm for sellable, _ in goods), strict=True)),
            units=sum(units for _, units in goods), flags=frozenset(flags), order_minor=order_minor,
        )  # fmt: skip

    def pieces(self) -> list[Piece]:
        """The lines as pieces that could travel apart; none where a rule keeps them in one parcel."""
        return [] if self.is_one_parcel else [piece_of(line.item, line.units) for line in self.lines]


def piece_of(item: Item, units: int) -> Piece:
    """Units of an item, as those see them who carry them."""
    sellable = item.sellable
    return Piece(
        units, sellable.weight_g or 0, item.unit_minor, sellable.volume_cm3, sellable.sides_mm,
        frozenset(sellable.flags),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bundle:
    """The lines of a cart from one seller under one programme, by their places, and what their routing is given."""

    seller_id: UUID
    programme_code: str
    terms: Terms
    members: tuple[int, ...]
    group: Group


@dataclass(slots=True)
class Draft:
    """One cart on its way to an order, or the reason why not. `total_minor` is what the shopper pays."""

    request: CartRequest
    market: Market
    items: list[Item]
    error: EntrepotError | None = None
    voucher: Voucher | None = None
    shopper_key: str = ""
    discount_minor: int = 0
    total_minor: int = 0
    bundles: tuple[Bundle, ...] = ()
    suborders: list[DraftSuborder] = field(default_factory=list)

    @property
    def lines(self) -> list[DraftLine]:
        """The lines of all suborders."""
        return [line for suborder in self.suborders for line in suborder.lines]

    @property
    def displayed_minor(self) -> int:
        """What its goods come to at their list prices, as displayed."""
        return sum(item.displayed_minor for item in self.items)
