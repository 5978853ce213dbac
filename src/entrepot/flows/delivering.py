"""How parcels reach their shoppers: every service there is for each, what it costs, what is asked for it, and when.

A service is a published lane to the door, paid by the rate cards of its legs. `find_options` takes many parcels
at once and gives all of them, the cheapest that goes first; whoever routes chooses among nodes and options. What is
published is read once and kept until something new is published; forecasts are kept by lane and day.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal
from functools import cached_property
from itertools import groupby
from typing import Any, NamedTuple

from entrepot.domain.logistics import charging, holidays, lanes, publishing, shipping
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
        return {
            "lane": self.lane, "title": self.title, "mode": self.mode, "weight_g": self.weight_g,
            "charge_minor": self.charge_minor, "flat_minor": 0 if is_free else flat,
            "cost_rate": f"{Decimal(rate).normalize():f}", "cost_minor": self.cost_minor,
            "free_from_minor": self.table.free_from_minor if self.table and is_free else None,
            "source": self.table.source if self.table else "", "cards": cards,
        }  # fmt: skip


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
) -> list[tuple[Option, ...]]:
    """Every service for each parcel, those that go before others, the cheapest first; none without a lane."""
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
    return [tuple(sorted(each, key=lambda option: option.rank) if len(each) > 1 else each) for each in options]


def first_that_goes(options: Sequence[Option]) -> Option | None:
    """The service that is taken where nobody chooses another."""
    return options[0] if options and not options[0].objections else None


def objections_of(options: Iterable[Option]) -> str:
    """What speaks against each service, in words."""
    return "; ".join(f"{each.lane}: {', '.join(each.objections)}" for each in options) or "no lane goes there"


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
