"""How parcels reach their shoppers: every service there is for each, what it costs, what is asked for it, and when.

A service is a published lane to the door, paid by the rate cards of its legs. `find_options` takes many parcels
at once and gives all of them, the cheapest that goes first; whoever routes chooses among nodes and options. What is
published is read once and kept until something new is published; forecasts are kept by lane and day.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal
from functools import cached_property
from itertools import groupby
from typing import Any, NamedTuple

from entrepot.domain.logistics import boxing, charging, holidays, lanes, publishing, shipping
from entrepot.domain.logistics.boxing import Contents
from entrepot.domain.logistics.cards import RateCard
from entrepot.domain.logistics.charging import REFUSALS
from entrepot.domain.logistics.freight import Consignment, loads_of
from entrepot.domain.logistics.lanes import Forecast, Holidays, Lane, Segment
from entrepot.domain.logistics.models import ShippingCharge
from entrepot.domain.logistics.weighing import GRAM
from entrepot.domain.markets import queries as markets
from entrepot.domain.markets.queries import Rate
from entrepot.kernel.errors import Unavailable
from entrepot.kernel.kept import kept
from entrepot.kernel.money import convert

#: What speaks against a parcel as a whole and may not speak against its parts: by the lane, a card, or the charges.
TOO_MUCH = ("weight", "size", "band", "charge")


class Parcel(NamedTuple):
    """Goods that would travel together, ready to leave a country on a day. Units: minor of `currency`, grams, mm, cm³.

    `goods_minor` is what they come to as displayed, `order_minor` what all goods of their order come to; `sides_mm` are
    the longest sides of any piece, `flags` what is in it.
    """

    origin: str
    market_code: str
    destination: str
    currency: str
    ready_on: date
    weight_g: int
    goods_minor: int
    volume_cm3: int = 0
    sides_mm: tuple[int, int, int] = (0, 0, 0)
    units: int = 1
    flags: frozenset[str] = frozenset()
    order_minor: int = 0


class Piece(NamedTuple):
    """Units of one article in a parcel. Units: grams, cm³, mm and minor of the parcel's currency, each of one unit."""

    units: int
    weight_g: int
    goods_minor: int
    volume_cm3: int
    sides_mm: tuple[int, int, int]
    flags: frozenset[str]


class Cost(NamedTuple):
    """What a leg's rate card takes, in its own currency and in the market's. Units: minor."""

    card: str
    title: str
    currency: str
    own_minor: int
    amount_minor: int
    parts: Mapping[str, int]
    rate: Rate | None = None
    billed_g: int = 0


class Option(NamedTuple):
    """A service for a parcel. Units: minor of the market's currency. `objections` are empty where it goes.

    `boxes` are the parcels that it takes where one is not enough: so many units of each piece in each of them.
    What arrives does so between `first` and `last` as often as `confidence` says; `segments` are the legs' parts of it.
    """

    lane: str
    title: str
    carrier: str
    service: str
    mode: str
    cost_minor: int
    charge_minor: int
    costs: tuple[Cost, ...]
    first: date
    last: date
    confidence: float
    segments: tuple[Segment, ...]
    objections: tuple[str, ...] = ()
    weight_g: int = 0
    table: ShippingCharge | None = None
    boxes: tuple[Contents, ...] = ()

    @property
    def rank(self) -> tuple[bool, int, date, str]:
        """What goes before what does not, then the cheapest, the earliest, by code."""
        return bool(self.objections), self.cost_minor, self.last, self.lane

    def as_document(self) -> dict[str, Any]:
        """How the charge came about: what is asked by which table, and the carriage behind it, card by card."""
        flat, rate = (self.table.flat_minor, self.table.cost_rate) if self.table else (0, Decimal(0))
        is_free = self.table is not None and self.charge_minor == 0 and self.table.free_from_minor is not None
        cards = [
            {
                "card": each.card, "title": each.title, "currency": each.currency, "own_minor": each.own_minor,
                "amount_minor": each.amount_minor, "billed_g": each.billed_g, "parts": dict(each.parts),
            }
            for each in self.costs
        ]  # fmt: skip
        found = {
            "lane": self.lane, "title": self.title, "mode": self.mode, "weight_g": self.weight_g,
            "charge_minor": self.charge_minor, "flat_minor": 0 if is_free else flat * (len(self.boxes) or 1),
            "cost_rate": f"{Decimal(rate).normalize():f}", "cost_minor": self.cost_minor,
            "free_from_minor": self.table.free_from_minor if self.table and is_free else None,
            "source": self.table.source if self.table else "", "cards": cards,
        }  # fmt: skip
        return found | {"boxes": [list(each) for each in self.boxes]} if self.boxes else found


@dataclass(frozen=True, eq=False)
class Network:
    """The lanes in use on a day; those to the door by origin and destination; cards, charges and holidays."""

    ways: Sequence[Lane]
    lanes: Mapping[tuple[str, str], Sequence[Lane]]
    cards: Mapping[str, RateCard]
    charges: Sequence[ShippingCharge]
    holidays: Holidays = field(default_factory=dict)
    forecasts: dict[tuple[str, date], Forecast] = field(default_factory=dict)

    @cached_property
    def used(self) -> frozenset[str]:
        """The codes of the cards by which the lanes are paid."""
        legs = (leg for found in self.lanes.values() for lane in found for leg in lane.legs)
        return frozenset(leg.card for leg in legs if leg.card in self.cards)

    def forecast(self, lane: Lane, ready_on: date) -> Forecast:
        """When something that leaves by the end of a day arrives by the lane, at the lane's confidence."""
        key = (lane.code, ready_on)
        if key not in self.forecasts:
            self.forecasts[key] = lanes.forecast(lane, ready_on, holidays=self.holidays, at=time.max)
        return self.forecasts[key]


@kept("freight", states=16)
def load(on: date) -> Network:
    """What is published for a day."""
    found: dict[tuple[str, str], list[Lane]] = defaultdict(list)
    ways = [each.lane for each in publishing.list_lanes(on=on)]
    for lane in ways:
        if lane.ends_at_door:
            found[lane.origin, lane.destination].append(lane)
    cards = {each.card.code: each for each in publishing.list_cards(on=on)}
    return Network(ways, found, cards, shipping.list_charges(on=on), holidays.calendar())


def find_options(
    parcels: Sequence[Parcel],
    *,
    on: date,
    network: Network | None = None,
    rates: Mapping[tuple[str, str], Rate] | None = None,
    pieces: Callable[[int], Sequence[Piece]] | None = None,
) -> list[tuple[Option, ...]]:
    """Every service for each parcel, those that go before others, the cheapest first; none without a lane.

    `pieces` says what is in a parcel, by its place, if it may be divided: it is where it is too heavy or too large for
    every service. What no service takes for its value is never divided, nor what it can take at one departure.
    """
    network = network or load(on)
    if rates is None:
        rates = rates_into({each.currency for each in parcels}, network, on)
    options: list[list[Option]] = [[] for _ in parcels]
    ways = [(each.origin, each.destination, each.currency) for each in parcels]
    for way, members in groupby(sorted(range(len(parcels)), key=ways.__getitem__), key=ways.__getitem__):
        places = list(members)
        mine = [parcels[place] for place in places]
        for lane in network.lanes.get(way[:2], ()):
            for place, option in zip(places, _by(lane, mine, network, rates), strict=True):
                options[place].append(option)
    for place, found in enumerate(options) if pieces else ():
        if pieces and found and all(each.objections for each in found):
            inside = pieces(place)
            options[place] = _divided(parcels[place], found, inside, network, rates) if inside else found
    return [tuple(sorted(each, key=lambda option: option.rank) if len(each) > 1 else each) for each in options]


def first_that_goes(options: Sequence[Option]) -> Option | None:
    """The service that is taken where nobody chooses another."""
    return options[0] if options and not options[0].objections else None


def objections_of(options: Iterable[Option]) -> str:
    """What speaks against each service, in words."""
    return "; ".join(f"{each.lane}: {', '.join(each.objections)}" for each in options) or "no lane goes there"


def _divided(
    parcel: Parcel,
    options: Sequence[Option],
    pieces: Sequence[Piece],
    network: Network,
    rates: Mapping[tuple[str, str], Rate],
) -> list[Option]:
    """The services with those that take the goods in several parcels in place of those that refuse them in one."""
    lanes_there = {lane.code: lane for lane in network.lanes[parcel.origin, parcel.destination]}
    counts = tuple(each.units for each in pieces)
    weights_g = [each.weight_g for each in pieces]
    found = []
    for option in options:
        lane = lanes_there[option.lane]
        if any(each.rpartition(":")[2] not in TOO_MUCH for each in option.objections):
            found.append(option)
            continue

        def carry(contents: Sequence[Contents], lane: Lane = lane) -> list[Option]:
            return _by(lane, [_box(parcel, pieces, each) for each in contents], network, rates)

        def price(contents: Sequence[Contents], lane: Lane = lane) -> list[int | None]:
            return [None if each.objections else each.cost_minor for each in carry(contents, lane)]

        boxes = boxing.divide(counts, weights_g, price)
        found.append(_together(option, parcel, boxes, carry(boxes)) if boxes else option)
    return found


def _box(parcel: Parcel, pieces: Sequence[Piece], contents: Contents) -> Parcel:
    """A part of a parcel as a parcel of its own."""
    inside = [(piece, units) for piece, units in zip(pieces, contents, strict=True) if units]
    return parcel._replace(
        weight_g=sum(piece.weight_g * units for piece, units in inside),
        goods_minor=sum(piece.goods_minor * units for piece, units in inside),
        volume_cm3=sum(piece.volume_cm3 * units for piece, units in inside),
        sides_mm=tuple(max(column) for column in zip(*(piece.sides_mm for piece, _ in inside), strict=True)),
        units=sum(units for _, units in inside),
        flags=frozenset(flag for piece, _ in inside for flag in piece.flags),
    )


def _together(option: Option, parcel: Parcel, boxes: Sequence[Contents], parts: Sequence[Option]) -> Option:
    """Several parcels as one service; the charge is that of the heaviest, its flat part for each of them."""
    table = max(parts, key=lambda each: each.weight_g).table
    assert table is not None, "what goes has a charge"
    cost = sum(each.cost_minor for each in parts)
    costs = []
    for same in zip(*(each.costs for each in parts), strict=True):
        amounts: Counter[str] = Counter()
        for each in same:
            amounts.update(each.parts)
        costs.append(
            same[0]._replace(
                own_minor=sum(each.own_minor for each in same), amount_minor=sum(each.amount_minor for each in same),
                parts=dict(amounts), billed_g=sum(each.billed_g for each in same),
            )
        )  # fmt: skip
    charge = shipping.charge_of(
        table, cost_minor=cost, goods_minor=parcel.goods_minor, order_minor=parcel.order_minor, parcels=len(boxes)
    )
    return option._replace(
        cost_minor=cost, charge_minor=charge, costs=tuple(costs), objections=(), table=table, boxes=tuple(boxes)
    )


def _by(lane: Lane, parcels: Sequence[Parcel], network: Network, rates: Mapping[tuple[str, str], Rate]) -> list[Option]:
    """The parcels of one way and currency by one of its lanes."""
    codes = [leg.card for leg in lane.legs if leg.card]
    cards = [network.cards[code] for code in dict.fromkeys(codes) if code in network.cards]
    objections = [
        lanes.objections(lane, weight_g=each.weight_g, value_minor=each.goods_minor, currency=each.currency,
                         flags=each.flags)
        for each in parcels
    ]  # fmt: skip
    if missing := sorted(set(codes) - network.cards.keys()) or ([] if codes else [""]):
        for found in objections:
            found.append(f"card:{missing[0]}")
    costs: list[list[Cost]] = [[] for _ in parcels]
    loads = loads_of([_consignment(each) for each in parcels])
    for card in cards:
        rate = rates.get((card.card.currency, parcels[0].currency))
        if rate is None:
            for found in objections:
                found.append(f"exchange:{card.card.currency}")
            continue
        bill = charging.price(card.card, loads)
        for place, (total, refusal) in enumerate(zip(bill.totals.tolist(), bill.refusals.tolist(), strict=True)):
            if refusal:
                objections[place].append(f"{card.card.code}:{REFUSALS[refusal].value}")
            cost = _cost(card, total, bill.codes, bill.amounts[place].tolist(), parcels[place], rate)
            costs[place].append(cost._replace(billed_g=int(bill.weights.billed[place]) // GRAM))
    last = cards[-1] if cards else None
    return [
        _option(lane, last, parcel, network, tuple(cost), tuple(found))
        for parcel, cost, found in zip(parcels, costs, objections, strict=True)
    ]


def _cost(card: RateCard, total: int, codes: Sequence[str], amounts: Sequence[int], parcel: Parcel, rate: Rate) -> Cost:
    own = card.card.currency
    is_own = own == parcel.currency
    amount = total if is_own else convert(total, rate.rate, own, parcel.currency)
    parts = {code: each for code, each in zip(codes, amounts, strict=True) if each}
    return Cost(card.card.code, card.title, own, total, amount, parts, None if is_own else rate)


def _option(
    lane: Lane,
    card: RateCard | None,
    parcel: Parcel,
    network: Network,
    costs: tuple[Cost, ...],
    objections: tuple[str, ...],
) -> Option:
    cost = sum(each.amount_minor for each in costs)
    row = shipping.find_charge(
        network.charges, market_code=parcel.market_code, origin=parcel.origin, weight_g=parcel.weight_g
    )
    charge = 0
    if row is None or row.currency != parcel.currency:
        objections = (*objections, "charge")
    else:
        charge = shipping.charge_of(
            row, cost_minor=cost, goods_minor=parcel.goods_minor, order_minor=parcel.order_minor
        )
    found = network.forecast(lane, parcel.ready_on)
    return Option(
        lane=lane.code, title=lane.title, carrier=card.carrier if card else "", service=card.service if card else "",
        mode=next((leg.mode for leg in lane.legs if leg.task == "line_haul"), ""),
        cost_minor=cost, charge_minor=charge, costs=costs, first=found.first, last=found.last,
        confidence=found.confidence, segments=found.segments, objections=objections,
        weight_g=parcel.weight_g, table=row,
    )  # fmt: skip


def _consignment(parcel: Parcel) -> Consignment:
    """The parcel as a rate card sees it: a single piece by its sides, several by their volume and longest sides."""
    longest, middle, least = parcel.sides_mm
    sides = (longest, middle, least if parcel.units == 1 else 0)
    return Consignment(
        destination=parcel.destination, weight_g=parcel.weight_g, volume_cm3=parcel.volume_cm3, sides_mm=sides,
        units=parcel.units, flags=parcel.flags,
    )  # fmt: skip


def rates_into(currencies: Collection[str], network: Network, on: date) -> dict[tuple[str, str], Rate]:
    """The rates of exchange from the cards' currencies into these; a pair without one is not there."""
    own = {network.cards[code].card.currency for code in network.used}
    wanted = {(card, currency) for card in own for currency in currencies}
    found = {pair: Rate(Decimal(1), date.min, "same currency") for pair in wanted if pair[0] == pair[1]}
    foreign = wanted - found.keys()
    if not foreign:
        return found
    try:
        return found | markets.exchange_rates(foreign, on)
    except Unavailable:
        for pair in foreign:
            try:
                found |= markets.exchange_rates({pair}, on)
            except Unavailable:
                continue
    return found
