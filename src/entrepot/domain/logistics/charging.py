"""What carriage, handling and storage come to by a rate card: pure functions over arrays.

A card is a list of charges, and a charge is a table of amounts by zone and band. Parcels by air, bulk by sea, a
warehouse's handling and its storage by the day are cards alike: what differs is what a charge is counted by. One
function prices one consignment or a million.

Shape: n consignments, p charges. Units: minor units of the card's currency; an amount of a table is in ten-thousandths
of a minor unit, for rates such as 0.0905 a gram. Rounding: half to even, once a charge.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

import numpy as np
import numpy.typing as npt

from entrepot.domain.logistics.weighing import GRAM, KILOGRAM, POUND, Weighing, Weights, Whole, girth_of, weigh
from entrepot.kernel.money import divide_half_even, scale_array

Flags = npt.NDArray[np.bool_]

#: How many of an amount's units are one minor unit.
SCALE = 10_000
#: Above everything that a band is looked up by.
TOP = 2**42


class Basis(StrEnum):
    """What the amount of a charge is multiplied with."""

    SHIPMENT = "shipment"
    UNIT = "unit"
    CARTON = "carton"
    PALLET = "pallet"
    KG = "kg"  # billed weight
    LB = "lb"
    ACTUAL_KG = "actual_kg"
    STEP = "step"  # begun steps of billed weight beyond the first weight
    CBM = "cbm"
    REVENUE_TON = "revenue_ton"  # cubic metres or tonnes, whichever is more
    CONTAINER = "container"
    DAY = "day"
    PERCENT = "percent"  # of other charges


class By(StrEnum):
    """What a band is looked up by. Units in the tables: ticks, grams, pieces, days, cubic centimetres."""

    NOTHING = ""
    BILLED = "billed"
    WEIGHT = "weight"
    UNIT_WEIGHT = "unit_weight"
    UNITS = "units"
    CARTONS = "cartons"
    PALLETS = "pallets"
    DAYS = "days"
    VOLUME = "volume"


class Refusal(StrEnum):
    """Why a card carries a consignment not."""

    NONE = ""
    ZONE = "zone"
    BAND = "band"
    WEIGHT = "weight"
    SIZE = "size"
    GOODS = "goods"


REFUSALS = tuple(Refusal)


@dataclass(frozen=True, slots=True)
class Trigger:
    """A measure that must exceed something for a charge to fall due; one trigger of a charge is enough."""

    measure: str
    above: int


@dataclass(frozen=True, slots=True)
class Rate:
    """An amount for a zone ("" is every zone) and a band (above, to]. Units: see `SCALE` and `By`."""

    zone: str
    above: int
    to: int
    amount: int
    days: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Charge:
    """One item of the bill.

    The highest charge of a `family` stands, the others fall away, and where it stands those that it `replaces` fall
    away too. `is_graduated`: every band's amount is for what lies within it, as with storage that grows dearer.
    `of` names the charges or families of a percentage; `least_billed` lifts the billed weight where it is triggered.
    """

    code: str
    basis: Basis
    rates: tuple[Rate, ...]
    by: By = By.NOTHING
    is_graduated: bool = False
    family: str = ""
    triggers: tuple[Trigger, ...] = ()
    replaces: tuple[str, ...] = ()
    of: tuple[str, ...] = ()
    container: str = ""
    first: int = 0  # ticks that the steps do not count
    step: int = 0  # ticks
    least_billed: int = 0  # ticks
    minimum: int | None = None
    maximum: int | None = None


@dataclass(frozen=True, slots=True)
class Container:
    """A box of the sea. Units: cubic centimetres and grams."""

    code: str
    volume_cm3: int
    weight_g: int


@dataclass(frozen=True)
class Card:
    """A price list of one service in one currency. The first charge is the carriage itself: without a band, no way.

    `zones` go from a country, or a country and the beginning of a postcode ("US:90"), to a zone; the longest fits.
    """

    code: str
    currency: str
    charges: tuple[Charge, ...]
    zones: Mapping[str, str] = field(default_factory=dict)
    weighing: Weighing = field(default_factory=Weighing)
    containers: tuple[Container, ...] = ()
    weight_max_g: int = 0
    longest_max_mm: int = 0
    girth_max_mm: int = 0
    refuses: tuple[str, ...] = ()

    @cached_property
    def zone_names(self) -> tuple[str, ...]:
        """The zones in order; one without a name where the card has none."""
        return tuple(dict.fromkeys(self.zones.values())) or ("",)

    @cached_property
    def tables(self) -> tuple["Table", ...]:
        """The charges, ready to be looked up."""
        return tuple(Table.of(charge, self.zone_names) for charge in self.charges)


@dataclass(frozen=True, eq=False)
class Loads:
    """Consignments side by side. Sides come largest first, zero where unknown. `flags` say what is in them."""

    destination: npt.NDArray[np.str_]  # n: country
    postcode: npt.NDArray[np.str_]  # n
    weight_g: Whole  # n
    sides_mm: Whole  # n, 3
    volume_cm3: Whole  # n
    units: Whole  # n
    cartons: Whole  # n
    pallets: Whole  # n
    days: Whole  # n
    flags: Mapping[str, Flags] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.weight_g)

    def pick(self, places: Whole) -> "Loads":
        """These of the consignments, in this order."""
        columns = {name: getattr(self, name)[places] for name in self.__dataclass_fields__ if name != "flags"}
        return Loads(**columns, flags={name: flag[places] for name, flag in self.flags.items()})


@dataclass(frozen=True, eq=False)
class Bill:
    """What consignments come to, charge by charge; nothing where the card refuses them."""

    codes: tuple[str, ...]
    amounts: Whole  # n, p
    refusals: npt.NDArray[np.int8]  # n: place in REFUSALS
    weights: Weights
    containers: Whole  # n, container types
    days: Whole  # n, 2: transit, -1 where the card does not say

    @property
    def totals(self) -> Whole:
        """Shape: n."""
        result: Whole = self.amounts.sum(axis=1)
        return result


@dataclass(frozen=True, eq=False)
class Table:
    """The bands of a charge, sorted by zone and beginning, as arrays. Shape: b bands."""

    zone: Whole
    above: Whole
    to: Whole
    amount: Whole
    before: Whole  # what the bands below come to, where the charge is graduated
    days: Whole  # b, 2

    @classmethod
    def of(cls, charge: Charge, zones: Sequence[str]) -> "Table":
        """A charge's bands; one for every zone is one of each."""
        rows = sorted(
            (place, rate.above, rate.to, rate.amount, *(rate.days or (-1, -1)))
            for rate in charge.rates
            for place, zone in enumerate(zones)
            if rate.zone in ("", zone)
        )
        columns = np.array(rows, dtype=np.int64).reshape(-1, 6).T
        zone, above, to, amount = columns[:4]
        within = amount * (to - above) if charge.is_graduated else np.zeros_like(amount)
        total = np.cumsum(within) - within
        begins = np.searchsorted(zone, zone)  # the first band of the same zone
        return cls(zone, above, to, amount, total - total[begins], columns[4:].T)

    def find(self, zone: Whole, measure: Whole) -> tuple[Whole, Flags]:
        """The band of each, and whether there is one. Shape: n."""
        if not len(self.zone):
            return np.zeros(len(zone), dtype=np.int64), np.zeros(len(zone), dtype=bool)
        places = np.searchsorted(self.zone * TOP + self.above, zone * TOP + measure, side="left") - 1
        held = np.maximum(places, 0)
        return held, (places >= 0) & (self.zone[held] == zone) & (measure <= self.to[held])


def price(card: Card, loads: Loads) -> Bill:
    """The bill of every consignment by the card."""
    n = len(loads)
    zone = _zones(card, loads)
    measures = _measures(loads)
    due = [_is_due(charge, measures, n) for charge in card.charges]
    weights = weigh(card.weighing, loads.weight_g, loads.sides_mm, loads.volume_cm3)
    billed = weights.billed
    for charge, is_due in zip(card.charges, due, strict=True):
        if charge.least_billed:
            billed = np.where(is_due, np.maximum(billed, charge.least_billed), billed)
    weights = Weights(weights.volumetric, billed)
    refusals = _refusals(card, loads, zone, measures)
    boxes = _fill(card, loads, zone)
    amounts = np.zeros((n, len(card.charges)), dtype=np.int64)
    days = np.full((n, 2), -1, dtype=np.int64)
    for place, (charge, table, is_due) in enumerate(zip(card.charges, card.tables, due, strict=True)):
        if charge.basis is Basis.PERCENT:
            continue
        measure = _looked_up_by(charge, loads, billed)
        band, found = table.find(zone, measure)
        if place == 0:
            is_out = ~found & ((measure > 0) | (charge.by is By.NOTHING))  # nothing stored is no reason to refuse
            refusals = np.where((refusals == 0) & is_out, REFUSALS.index(Refusal.BAND), refusals).astype(np.int8)
            days = np.where(found[:, None], table.days[band], -1)
        amounts[:, place] = np.where(found & is_due, _amount(charge, table, band, loads, billed, boxes, card), 0)
    _settle_families(card, amounts)
    _add_percentages(card, amounts, due, zone)
    amounts[refusals > 0] = 0
    return Bill(tuple(charge.code for charge in card.charges), amounts, refusals, weights, boxes, days)


def _zones(card: Card, loads: Loads) -> Whole:
    """The place of each one's zone, -1 where the card does not go there."""
    if not card.zones:
        return np.zeros(len(loads), dtype=np.int64)
    by_postcode = any(":" in key for key in card.zones)
    places = np.char.add(np.char.add(loads.destination, ":"), loads.postcode) if by_postcode else loads.destination
    names, which = np.unique(places, return_inverse=True)
    found = [_zone_of(card, str(name)) for name in names]
    return np.array(found, dtype=np.int64)[which]


def _zone_of(card: Card, place: str) -> int:
    fitting = [key for key in card.zones if place == key or (":" in key and place.startswith(key))]
    if not fitting and (country := place.partition(":")[0]) in card.zones:
        fitting = [country]
    if not fitting and "*" in card.zones:
        fitting = ["*"]
    return card.zone_names.index(card.zones[max(fitting, key=len)]) if fitting else -1


def _measures(loads: Loads) -> dict[str, Whole]:
    """What triggers may ask for. Units: mm, g, cm³; flags are 1 where set."""
    flags = {f"flag:{name}": flag.astype(np.int64) for name, flag in loads.flags.items()}
    return flags | {
        "longest_mm": loads.sides_mm[:, 0],
        "middle_mm": loads.sides_mm[:, 1],
        "girth_mm": girth_of(loads.sides_mm),
        "volume_cm3": loads.volume_cm3,
        "weight_g": loads.weight_g,
        "cartons": loads.cartons,
        "units": loads.units,
    }


def _is_due(charge: Charge, measures: Mapping[str, Whole], n: int) -> Flags:
    if not charge.triggers:
        return np.ones(n, dtype=bool)
    nothing = np.zeros(n, dtype=np.int64)
    return np.logical_or.reduce([measures.get(each.measure, nothing) > each.above for each in charge.triggers])


def _refusals(card: Card, loads: Loads, zone: Whole, measures: Mapping[str, Whole]) -> npt.NDArray[np.int8]:
    """The first reason that holds, in the order of `REFUSALS`."""
    reasons: list[tuple[Refusal, Flags]] = [(Refusal.ZONE, zone < 0)]
    if card.weight_max_g:
        reasons.append((Refusal.WEIGHT, loads.weight_g > card.weight_max_g))
    for maximum, measure in ((card.longest_max_mm, "longest_mm"), (card.girth_max_mm, "girth_mm")):
        if maximum:
            reasons.append((Refusal.SIZE, measures[measure] > maximum))
    reasons += [(Refusal.GOODS, loads.flags[flag]) for flag in card.refuses if flag in loads.flags]
    found = np.zeros(len(loads), dtype=np.int8)
    for reason, holds in reversed(reasons):
        found[holds] = REFUSALS.index(reason)
    return found


def _looked_up_by(charge: Charge, loads: Loads, billed: Whole) -> Whole:
    match charge.by:
        case By.NOTHING:
            return np.zeros(len(loads), dtype=np.int64)
        case By.BILLED:
            return billed
        case By.WEIGHT:
            return loads.weight_g
        case By.UNIT_WEIGHT:
            return -(-loads.weight_g // np.maximum(loads.units, 1))
        case By.VOLUME:
            return loads.volume_cm3
        case By.UNITS | By.CARTONS | By.PALLETS | By.DAYS:
            count: Whole = getattr(loads, charge.by.value)
            return count


def _amount(charge: Charge, table: Table, band: Whole, loads: Loads, billed: Whole, boxes: Whole, card: Card) -> Whole:
    """The charge for a band, before anything triggers or replaces it."""
    if charge.basis is Basis.SHIPMENT and not charge.is_graduated:  # as many roundings as bands, not as consignments
        once = divide_half_even(table.amount, np.int64(SCALE))[band]
        return _bounded(charge, once, np.ones(len(loads), dtype=bool))
    count, of = _counted(charge, loads, billed, boxes, card)
    rate = table.amount[band]
    if charge.is_graduated:
        rate = table.before[band] + rate * (_looked_up_by(charge, loads, billed) - table.above[band])
    return _bounded(charge, scale_array(count, rate, np.int64(of * SCALE)), count > 0)  # type: ignore[arg-type]


def _bounded(charge: Charge, amount: Whole, is_due: Flags) -> Whole:
    """Within the charge's minimum and maximum, where there is anything to charge for."""
    if charge.minimum is not None:
        amount = np.where(is_due, np.maximum(amount, charge.minimum), amount)
    return amount if charge.maximum is None else np.minimum(amount, charge.maximum)


def _counted(charge: Charge, loads: Loads, billed: Whole, boxes: Whole, card: Card) -> tuple[Whole, int]:
    """How often the amount is due, as a numerator and what it is divided by."""
    match charge.basis:
        case Basis.UNIT:
            return loads.units, 1
        case Basis.CARTON:
            return loads.cartons, 1
        case Basis.PALLET:
            return loads.pallets, 1
        case Basis.KG:
            return billed, KILOGRAM
        case Basis.LB:
            return billed, POUND
        case Basis.ACTUAL_KG:
            return loads.weight_g, KILOGRAM // GRAM
        case Basis.STEP:
            return np.maximum(-(-(billed - charge.first) // charge.step), 0), 1
        case Basis.CBM:
            return loads.volume_cm3, 1_000_000
        case Basis.REVENUE_TON:
            return np.maximum(loads.volume_cm3, loads.weight_g), 1_000_000
        case Basis.DAY:
            return loads.days, 1
        case Basis.CONTAINER:
            return _boxes_of(charge, boxes, card), 1
        case _:
            return np.ones(len(loads), dtype=np.int64), 1


def _boxes_of(charge: Charge, boxes: Whole, card: Card) -> Whole:
    """How many containers a charge is due for: of its kind, or of all kinds."""
    if not charge.container:
        every: Whole = boxes.sum(axis=1)
        return every
    return boxes[:, [each.code for each in card.containers].index(charge.container)]


def _settle_families(card: Card, amounts: Whole) -> None:
    """Keep the highest of each family, the earlier of equals; drop what a charge that stands replaces."""
    families: dict[str, list[int]] = {}
    for place, charge in enumerate(card.charges):
        if charge.family:
            families.setdefault(charge.family, []).append(place)
    for places in families.values():
        best = amounts[:, places].argmax(axis=1)
        for rank, place in enumerate(places):
            amounts[best != rank, place] = 0
    for place, charge in enumerate(card.charges):
        if charge.replaces:
            stands = amounts[:, place] > 0
            for other in _named(card, charge.replaces):
                amounts[stands, other] = 0


def _add_percentages(card: Card, amounts: Whole, due: Sequence[Flags], zone: Whole) -> None:
    """Percentages come last and in order, so that one may stand on another. An amount of 1 is a millionth."""
    nothing = np.zeros(len(amounts), dtype=np.int64)
    for place, (charge, table) in enumerate(zip(card.charges, card.tables, strict=True)):
        if charge.basis is not Basis.PERCENT:
            continue
        band, found = table.find(zone, nothing)
        base: Whole = amounts[:, _named(card, charge.of)].sum(axis=1)
        share = scale_array(base, table.amount[band], np.int64(1_000_000))  # type: ignore[arg-type]
        amounts[:, place] = np.where(found & due[place], _bounded(charge, share, base > 0), 0)


def _named(card: Card, names: Sequence[str]) -> list[int]:
    """The places of charges that go by code or family."""
    return [place for place, charge in enumerate(card.charges) if {charge.code, charge.family} & set(names)]


def _fill(card: Card, loads: Loads, zone: Whole) -> Whole:
    """The cheapest containers that take each load by volume and weight, counted a kind. Shape: n, kinds.

    Every mix of the kinds is tried, and goods count as if they could be poured: what stands in between is the
    stuffing's business.
    """
    kinds = card.containers
    counts = np.zeros((len(loads), len(kinds)), dtype=np.int64)
    if not kinds or not len(loads):
        return counts
    each = np.stack([_cost_of(card, kind, zone) for kind in kinds], axis=1)
    best = np.full(len(loads), np.iinfo(np.int64).max, dtype=np.int64)
    most = [int(_needed(kind, loads.volume_cm3, loads.weight_g).max(initial=0)) for kind in kinds[:-1]]
    last = kinds[-1]
    for mix in np.ndindex(*[top + 1 for top in most]):
        volume = loads.volume_cm3 - sum(k * kind.volume_cm3 for k, kind in zip(mix, kinds, strict=False))
        weight = loads.weight_g - sum(k * kind.weight_g for k, kind in zip(mix, kinds, strict=False))
        rest = _needed(last, volume, weight)
        cost = (each[:, :-1] * np.array(mix, dtype=np.int64)).sum(axis=1) + each[:, -1] * rest
        better = cost < best
        best[better] = cost[better]
        counts[better, :-1] = mix
        counts[better, -1] = rest[better]
    return counts


def _needed(kind: Container, volume: Whole, weight: Whole) -> Whole:
    return np.maximum(np.maximum(-(-volume // kind.volume_cm3), -(-weight // kind.weight_g)), 0)


def _cost_of(card: Card, kind: Container, zone: Whole) -> Whole:
    """What one container of a kind costs on its own. Units: as in the tables."""
    total = np.zeros(len(zone), dtype=np.int64)
    for charge, table in zip(card.charges, card.tables, strict=True):
        if charge.basis is Basis.CONTAINER and charge.container in ("", kind.code):
            band, found = table.find(zone, np.zeros(len(zone), dtype=np.int64))
            total += np.where(found, table.amount[band], 0)
    return total
