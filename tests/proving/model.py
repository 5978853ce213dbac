"""A marketplace in plain Python: what orders, stock, money and returns must come to after any history of acts.

It knows one market, offers of two sellers of whom one is paid at order, a warehouse with places for one of the goods,
one voucher, and the instruments of the test card. An act that must be refused raises `No`. Units: money in minor
units, times as datetimes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction

from proving.billed import Bills
from proving.refusals import demand

HOLD = timedelta(minutes=30)
GIVE_UP = timedelta(days=4)
SWEPT_AFTER = timedelta(minutes=1)
WINDOW = timedelta(days=30)
UNIT_G = 400
#: what stands at places of a warehouse that is not its seller's
PLACED = "b"
#: from this weight on, a parcel's carriage costs so much
FREIGHT = ((0, 399), (500, 549), (2000, 999))

#: how an authorisation ends and after what time; None where the provider is never reached
CARDS: Mapping[str, tuple[str, timedelta] | None] = {
    "approve": ("approved", timedelta(0)),
    "duplicate": ("approved", timedelta(0)),
    "cut": ("approved", timedelta(0)),
    "cut_capture": ("approved", timedelta(0)),
    "slow": ("approved", timedelta(seconds=20)),
    "late": ("approved", timedelta(days=3)),
    "decline": ("declined", timedelta(0)),
    "cut_decline": ("declined", timedelta(0)),
    "slow_decline": ("declined", timedelta(seconds=20)),
    "unreachable": None,
}
#: the line is cut before the answer
UNHEARD = ("cut", "cut_decline", "unreachable")


def even(value: Fraction) -> int:
    """Half to even."""
    return round(value)


@dataclass
class Offer:
    """What one is asked for it, and how much there is. `at_order`: its seller is paid at order."""

    price: int
    on_hand: int
    reserved: int = 0
    at_order: bool = False

    @property
    def free(self) -> int:
        return self.on_hand - self.reserved


@dataclass
class Line:
    """Units of an offer at what they cost; what became of them. `arrived`: (first, units, when)."""

    offer: str
    units: int
    goods: int
    carriage: int
    at_order: bool
    wording: int
    cancelled: int = 0
    shipped: int = 0
    delivered: int = 0
    lost: int = 0
    returned: int = 0
    arrived: list[tuple[int, int, datetime]] = field(default_factory=list)

    def share(self, first: int, units: int) -> int:
        """What was paid for these places."""

        def upto(whole: int, place: int) -> int:
            return even(Fraction(whole * place, self.units))

        return sum(upto(whole, first + units) - upto(whole, first) for whole in (self.goods, self.carriage))

    @property
    def to_ship(self) -> int:
        return self.units - self.cancelled - self.shipped

    @property
    def counts(self) -> tuple[int, ...]:
        return (self.units, self.cancelled, self.shipped, self.delivered, self.lost, self.returned)


@dataclass
class Parcel:
    order: str
    line: int
    units: int
    state: str = "packed"
    first: int = 0
    #: when it was handed over
    left: datetime | None = None


@dataclass
class Case:
    """Places of a line that are to come back, in stretches (first, units)."""

    order: str
    line: int
    places: list[tuple[int, int]]
    state: str = "requested"


@dataclass
class Away:
    """Units that are to go back to their seller; until when it may collect them."""

    offer: str
    units: int
    until: datetime
    state: str = "asked"


@dataclass
class Order:
    lines: list[Line]
    card: str
    made: datetime
    voucher: bool
    cart: str
    state: str = "pending"
    held: bool = True
    captured: int = 0
    voided: int = 0
    refunded: int = 0
    #: money calls whose answer was cut: what they come to is known after the next sweep
    doubt: bool = False
    told: bool = False

    @property
    def total(self) -> int:
        return sum(line.goods + line.carriage for line in self.lines)

    @property
    def settles(self) -> datetime:
        """When the provider makes up its mind."""
        ends = CARDS[self.card]
        return self.made + (ends[1] if ends else timedelta(0))

    def word(self, now: datetime) -> str:
        """What the provider's book says of its payment."""
        ends = CARDS[self.card]
        return "never heard" if ends is None else "pending" if now < self.made + ends[1] else ends[0]


class Model:
    """The whole of it. Acts are methods; each takes effect or raises `No` and changes nothing."""

    def __init__(self, offers: dict[str, Offer], *, rate: Fraction, limit: int) -> None:
        self.offers = offers
        self.rate, self.limit, self.used = rate, limit, 0
        self.orders: dict[str, Order] = {}
        self.parcels: dict[str, Parcel] = {}
        self.cases: dict[str, Case] = {}
        self.away: dict[str, Away] = {}
        self.bills = Bills()
        #: units of what has places, by place; from where units are fetched is the warehouse's to say
        self.standing: dict[str, int] = {}
        self.wording = 0

    # buying

    def total(self, wants: Sequence[tuple[str, int]], *, voucher: bool = False) -> int:
        return sum(goods + carriage for goods, carriage in (self._price(*want, voucher=voucher) for want in wants))

    def place(
        self, key: str, wants: Sequence[tuple[str, int]], card: str, now: datetime, *, voucher: bool = False,
        cart: str = "",
    ) -> str:  # fmt: skip
        """Order, or ask again under a known key; how the order stands then."""
        if key in self.orders:
            order = self.orders[key]
            if order.state == "pending" and order.word(now) not in ("pending", "never heard"):
                self._end(order, order.word(now))
            return order.state
        demand(not cart or all(each.cart != cart or each.state == "declined" for each in self.orders.values()))
        demand(not voucher or self.used < self.limit)
        demand(all(self.offers[name].free >= units for name, units in wants))
        lines = [
            Line(name, units, *self._price(name, units, voucher=voucher), self.offers[name].at_order, self.wording)
            for name, units in wants
        ]
        order = self.orders[key] = Order(lines, card, now, voucher, cart)
        self.used += voucher
        self._reserve(order, 1)
        if card not in UNHEARD and order.word(now) != "pending":
            self._end(order, order.word(now))
        return order.state

    def messages(self, now: datetime) -> None:
        """The provider tells of what has settled, each once or more."""
        for order in sorted(self.orders.values(), key=lambda each: (each.settles, each.made)):
            word = order.word(now)
            if not order.told and word in ("approved", "declined"):
                order.told = True
                if order.state == "pending":
                    self._end(order, word)
                elif order.state == "declined" and word == "approved":
                    order.voided = order.total

    def sweep(self, now: datetime) -> None:
        """The provider's book is read for whatever waits for long; what came to nothing makes room first."""
        found = []
        for order in self.orders.values():
            if order.state == "pending" and order.made < now - SWEPT_AFTER:
                word = order.word(now)
                if word == "never heard" or (word == "pending" and now >= order.made + GIVE_UP):
                    word = "declined"
                found.append((word == "approved", order.made, word, order))
        for *_, word, order in sorted(found, key=lambda each: each[:2]):
            if word != "pending":
                self._end(order, word)

    def jobs(self, now: datetime) -> None:
        """Whatever is open is asked for, and holds whose time is over are let go."""
        self.sweep(now)
        self.expire(now)
        for order in self.orders.values():
            order.doubt = False
        for case in self.cases.values():
            if case.state == "asked":
                case.state = "refunded"

    def expire(self, now: datetime) -> None:
        for order in self.orders.values():
            if order.state == "pending" and order.held and order.made + HOLD <= now:
                self._reserve(order, -1)
                order.held = False

    def cancel(self, key: str, at: int, units: int) -> None:
        order = self.orders[key]
        line = order.lines[at]
        packed = self._packed(key, at)
        whole = line.units - line.cancelled - units == 0
        demand(order.state == "placed" and units <= line.to_ship)
        demand(units <= line.to_ship - packed or whole)
        amount = line.share(line.units - line.cancelled - units, units)
        line.cancelled += units
        self.offers[line.offer].reserved -= units
        if whole:
            for parcel in self._parcels(key, at):
                if parcel.state == "packed":
                    parcel.state = "cancelled"
        if line.at_order:
            order.refunded += amount
            order.doubt |= order.card == "cut_capture"
        else:
            order.voided += amount
        if order.voucher and all(each.units == each.cancelled for each in order.lines):
            self.used -= 1
            order.voucher = False

    # shipping

    def pack(self, name: str, key: str, at: int, units: int) -> None:
        order = self.orders[key]
        demand(order.state == "placed" and units <= order.lines[at].to_ship - self._packed(key, at))
        self.parcels[name] = Parcel(key, at, units)

    def unpack(self, name: str) -> None:
        demand(self.parcels[name].state == "packed")
        self.parcels[name].state = "cancelled"

    def hand_over(self, name: str, now: datetime) -> None:
        parcel = self.parcels[name]
        demand(parcel.state == "packed")
        parcel.left = now
        order = self.orders[parcel.order]
        line = order.lines[parcel.line]
        parcel.state, parcel.first = "handed_over", line.shipped
        line.shipped += parcel.units
        offer = self.offers[line.offer]
        offer.on_hand -= parcel.units
        offer.reserved -= parcel.units
        if not line.at_order:
            order.captured += line.share(parcel.first, parcel.units)
            order.doubt |= order.card == "cut_capture"

    def scan(self, name: str, kind: str, now: datetime) -> str:
        """What the carrier's word comes to."""
        parcel = self.parcels[name]
        if parcel.state == "packed":
            return "too_early"
        if parcel.state != "handed_over":
            return "recorded"
        parcel.state = kind
        order = self.orders[parcel.order]
        line = order.lines[parcel.line]
        if kind == "delivered":
            line.delivered += parcel.units
            line.arrived.append((parcel.first, parcel.units, now))
            line.arrived.sort()
        else:
            line.lost += parcel.units
            order.refunded += line.share(parcel.first, parcel.units)
            order.doubt |= order.card == "cut_capture"
        return kind

    # coming back

    def ask_back(self, name: str, key: str, at: int, units: int, now: datetime) -> None:
        line = self.orders[key].lines[at]
        taken = {
            place
            for case in self.cases.values()
            if (case.order, case.line) == (key, at) and case.state != "cancelled"
            for first, count in case.places
            for place in range(first, first + count)
        }
        free = [
            place
            for first, count, when in line.arrived
            if now <= when + WINDOW
            for place in range(first, first + count)
            if place not in taken
        ]
        demand(len(free) >= units)
        self.cases[name] = Case(key, at, [(place, 1) for place in free[:units]])

    def keep(self, name: str) -> None:
        demand(self.cases[name].state == "requested")
        self.cases[name].state = "cancelled"

    def take_back(self, name: str) -> None:
        case = self.cases[name]
        demand(case.state == "requested")
        case.state = "received"
        line = self.orders[case.order].lines[case.line]
        line.returned += len(case.places)
        if line.offer != PLACED:  # it comes back to its seller, elsewhere, and is thrown away
            self.offers[line.offer].on_hand += len(case.places)

    def give_back(self, name: str) -> None:
        case = self.cases[name]
        demand(case.state == "received")
        order = self.orders[case.order]
        line = order.lines[case.line]
        order.refunded += sum(line.share(first, units) for first, units in case.places)
        case.state = "refunded"
        if order.card == "cut_capture":
            order.doubt, case.state = True, "asked"

    # what the seller does

    def stock(self, name: str, units: int) -> None:
        offer = self.offers[name]
        demand(offer.free + units >= 0)
        offer.on_hand += units

    # what a warehouse does

    def move(self, source: str, target: str, units: int) -> None:
        demand(self.standing.get(source, 0) >= units)
        self.standing[source] -= units
        self.standing[target] = self.standing.get(target, 0) + units

    def ask_away(self, name: str, offer: str, units: int, until: datetime) -> None:
        demand(self.offers[offer].free >= units)
        self.offers[offer].reserved += units
        self.away[name] = Away(offer, units, until)

    def agree_away(self, name: str) -> None:
        demand(self.away[name].state == "asked")
        self.away[name].state = "accepted"

    def keep_away(self, name: str) -> None:
        """It stays after all."""
        self._end_away(name, "cancelled", "asked", "accepted")

    def leave_away(self, name: str) -> None:
        self._end_away(name, "handed_over", "accepted")

    def dispose_away(self, name: str, now: datetime) -> None:
        demand(now >= self.away[name].until)
        self._end_away(name, "disposed", "asked", "accepted")

    def _end_away(self, name: str, state: str, *before: str) -> None:
        back = self.away[name]
        demand(back.state in before)
        back.state = state
        self.offers[back.offer].reserved -= back.units
        if state != "cancelled":
            self.offers[back.offer].on_hand -= back.units

    # what can be seen from outside

    def seen(self) -> dict[str, object]:
        """The same that a look into the database finds."""
        return {
            "stock": {name: (offer.on_hand, offer.reserved) for name, offer in self.offers.items()},
            "orders": {key: (order.state, order.total) for key, order in self.orders.items()},
            "lines": {
                (key, at): line.counts
                for key, order in self.orders.items()
                for at, line in enumerate(order.lines)
            },
            "money": {
                key: (order.captured, order.voided, order.refunded)
                for key, order in self.orders.items()
                if not order.doubt
            },
            "parcels": {name: parcel.state for name, parcel in self.parcels.items()},
            "cases": {name: "received" if case.state == "asked" else case.state for name, case in self.cases.items()},
            "voucher": self.used,
            "away": {name: back.state for name, back in self.away.items()},
            "bills": ({name: line.state for name, line in self.bills.lines.items()}, self.bills.owed),
            "elsewhere": 0,
        }  # fmt: skip

    # within

    def _price(self, name: str, units: int, *, voucher: bool) -> tuple[int, int]:
        goods = self.offers[name].price * units
        carriage = max(price for least, price in FREIGHT if least <= UNIT_G * units)
        return goods - (even(goods * self.rate) if voucher else 0), carriage

    def _reserve(self, order: Order, sign: int) -> None:
        for line in order.lines:
            self.offers[line.offer].reserved += sign * line.units

    def _packed(self, key: str, at: int) -> int:
        return sum(parcel.units for parcel in self._parcels(key, at) if parcel.state == "packed")

    def _parcels(self, key: str, at: int) -> list[Parcel]:
        return [each for each in self.parcels.values() if (each.order, each.line) == (key, at)]

    def _end(self, order: Order, word: str) -> None:
        """The payment stands or falls, and the order with it."""
        if word == "approved":
            if not order.held and all(self.offers[line.offer].free >= line.units for line in order.lines):
                self._reserve(order, 1)
                order.held = True
            if order.held:
                order.state = "placed"
                if early := sum(line.share(0, line.units) for line in order.lines if line.at_order):
                    order.captured += early
                    order.doubt |= order.card == "cut_capture"
                return
            order.voided = order.total
        elif order.held:
            self._reserve(order, -1)
            order.held = False
        order.state = "declined"
        if order.voucher:
            self.used -= 1
            order.voucher = False
