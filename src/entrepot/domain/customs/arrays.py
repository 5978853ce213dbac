"""Lines that cross a border as arrays of whole numbers, and the law that holds for them, compiled by groups.

Words (codes, countries, ways of import) stand once in `Words`, and a line carries their numbers. What the law says
depends on few things: the place, the days between two changes of law, the origin where a levy names one, the way of
import and the band of values that a consignment falls in. Each combination that occurs is resolved once; a line carries
the number of its own, and every question about a million lines is one indexing.

Shape: n lines, m consignments. Units: minor of the line's currency, grams, pieces, ordinal days.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cached_property

import numpy as np
import numpy.typing as npt

from entrepot.domain.customs.problems import Problems
from entrepot.domain.customs.rows import (
    BORDER,
    Book,
    Collector,
    Dated,
    Levy,
    Missing,
    Part,
    Per,
    Regime,
    parse_base,
)
from entrepot.kernel.money import MINOR_MAX, convert, exchange_fraction, scale_array

Whole = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

PPM = 1_000_000
NOT_STATED = -1
NONE = -1

PARTS = tuple(Part)
PART: Mapping[Part, int] = {part: place for place, part in enumerate(PARTS)}
COLLECTORS = tuple(Collector)
PERS = tuple(Per)

#: Rates of exchange: (currency, into which, the day) -> units of the second for one of the first.
Exchange = Mapping[tuple[str, str, date], Decimal]


@dataclass(frozen=True, slots=True)
class Way:
    """How goods are imported: by whom, the tax taken at the sale or at the border, carried how, on which terms."""

    importer: str = "shopper"  # shopper, seller, platform, third_party
    collected: str = "at_sale"  # at_sale, at_border
    mode: str = "air"  # air, express, post, post_flat, sea, rail, truck
    incoterm: str = "DDP"
    tax_class: str = "standard"

    @property
    def names(self) -> frozenset[str]:
        """What a levy's column of importers may call the importer."""
        return frozenset({self.importer, "shopper" if self.importer == "shopper" else "business"})


@dataclass(frozen=True, eq=False)
class Words:
    """The words that the lines' numbers stand for. A place is a country ("DE") or a state of it ("US-CA")."""

    hs: Sequence[str]
    origins: Sequence[str]
    places: Sequence[str]
    ways: Sequence[Way]
    currencies: Sequence[str]


@dataclass(frozen=True, eq=False)
class Lines:
    """Goods that cross a border, side by side. NOT_STATED where a value or measure is not known."""

    words: Words
    consignment: Whole  # n: 0 … m − 1
    hs: Whole
    origin: Whole
    place: Whole
    way: Whole
    currency: Whole
    day: Whole
    quantity: Whole
    weight_g: Whole
    cost_minor: Whole
    retail_minor: Whole
    freight_minor: Whole
    insurance_minor: Whole
    brokerage_minor: Whole
    other_minor: Whole
    measures: Mapping[str, Whole] = field(default_factory=dict)  # n: thousandths of the measure's unit

    def __len__(self) -> int:
        return len(self.quantity)

    @property
    def consignments(self) -> int:
        """How many there are."""
        return int(self.consignment.max()) + 1 if len(self) else 0

    def pick(self, places: Whole) -> "Lines":
        """These of the lines, in this order, their consignments numbered anew."""
        fields = {name: getattr(self, name)[places] for name in _NUMBERS if name != "consignment"}
        _, numbers = np.unique(self.consignment[places], return_inverse=True)
        measures = {name: each[places] for name, each in self.measures.items()}
        return replace(self, **fields, consignment=numbers.astype(np.int64), measures=measures)


_NUMBERS = tuple(name for name in Lines.__dataclass_fields__ if name not in {"words", "measures"})
AMOUNTS = tuple(name for name in _NUMBERS if name.endswith("_minor"))


def distinct(key: Whole, size: int) -> tuple[Whole, Whole]:
    """The different values of a key below `size`, and for each line the number of its own."""
    if size <= 4 * len(key) + 1024:
        seen = np.zeros(size, dtype=np.bool_)
        seen[key] = True
        values = np.flatnonzero(seen)
        numbers = np.zeros(size, dtype=np.int64)
        numbers[values] = np.arange(len(values))
        return values, numbers[key]
    values, inverse = np.unique(key, return_inverse=True)
    return values, inverse.astype(np.int64)


@dataclass(frozen=True, slots=True)
class Charge:
    """A levy as it holds for lines: its amounts in the regime's currency, its tax rate looked up."""

    levy: Levy
    top: int  # the rate is top / bottom
    bottom: int
    amount: int
    floor: int
    cap: int

    @property
    def key(self) -> tuple[int, ...]:
        """What tells it from other charges: the row and the numbers that it has here."""
        return (id(self.levy), self.top, self.bottom, self.amount, self.floor, self.cap)

    @property
    def filter(self) -> str | None:
        """Which overlays are added: those of authorities that begin so; None where none are."""
        kind, _, prefix = self.levy.rate_of.partition(":")
        return prefix if kind in {"tariff", "overlays"} else None

    @property
    def is_tariff(self) -> bool:
        """Whether the tariff's own rate is taken."""
        return self.levy.rate_of == "tariff"


@dataclass(frozen=True, slots=True)
class Era:
    """A place over days on which its law is one, with a day of them."""

    place: str
    country: str
    on: date
    regime: Regime


@dataclass(frozen=True, slots=True)
class Case:
    """An era for goods of an origin imported one way: its bands of value and what each charges, by code."""

    era: Era
    origin: str
    way: Way
    limits: tuple[int, ...]  # band b ends at limits[b], included
    charges: tuple[Mapping[str, Charge], ...]  # one table a band
    uses_retail: bool


class Law:
    """What the law says of these lines. Raises: BadLines, naming the lines that it says nothing of."""

    def __init__(self, book: Book, lines: Lines, exchange: Exchange | None = None) -> None:
        self.book, self.lines, self.exchange = book, lines, exchange or {}
        self.problems = Problems(lines)

    # Eras: a place between two changes of its law.

    @cached_property
    def _eras(self) -> tuple[list[Era], Whole]:
        """Every era that occurs, and for each line the number of its own."""
        lines, words = self.lines, self.lines.words
        first = int(lines.day.min()) if len(lines) else 0
        days = int(lines.day.max()) - first + 1 if len(lines) else 1
        pairs, pair = distinct(lines.place * days + (lines.day - first), len(words.places) * days)
        found: dict[tuple[str, int], int] = {}
        eras: list[Era] = []
        numbers = np.zeros(len(pairs), dtype=np.int64)
        changes: dict[str, list[int]] = {}
        for number, each in enumerate(pairs.tolist()):
            place, day = words.places[each // days], each % days + first
            country = place.partition("-")[0]
            if country not in changes:
                changes[country] = self._changes(country)
            on = date.fromordinal(day)
            span = bisect_right(changes[country], day)
            if (place, span) not in found and (place, -day) not in found:
                try:
                    era = Era(place, country, on, self.book.regime(country, on))
                except Missing as missing:
                    self.problems.add(missing, np.flatnonzero(pair == number))
                    continue
                foreign = any(row.currency not in {"", era.regime.currency} for row in self.book.levies_of(country, on))
                found[place, -day if foreign else span] = len(eras)  # limits that are exchanged change with the day
                eras.append(era)
            numbers[number] = found.get((place, span), found.get((place, -day), 0))
        self.problems.raise_any()
        return eras, numbers[pair]

    def _changes(self, country: str) -> list[int]:
        """The days on which something of the country's law begins or ends."""
        book = self.book
        unions = {row.union for row in book.memberships if row.country == country}
        names = {country, *unions}
        schedules = {row.schedule for row in book.regimes if row.destination in names}
        rows: list[Dated] = [row for row in book.regimes if row.destination in names]
        rows += [row for row in book.levies if row.destination in names]
        rows += [row for row in book.overlays if row.schedule in schedules]
        rows += [row for row in book.editions if row.schedule in schedules]
        rows += [row for row in book.taxes if row.place.partition("-")[0] == country]
        rows += book.memberships
        ends = {row.valid_until.toordinal() for row in rows if row.valid_until}
        return sorted(ends | {row.valid_from.toordinal() for row in rows})

    @property
    def era(self) -> Whole:
        """The number of each line's era."""
        return self._eras[1]

    @property
    def eras(self) -> list[Era]:
        """Every era."""
        return self._eras[0]

    # Money in the regime's currency.

    def exchanges(self) -> set[tuple[str, str, date]]:
        """The rates of exchange that these lines and their law need."""
        needed = {
            (row.currency, era.regime.currency, era.on)
            for era in self.eras
            for row in self.book.levies_of(era.country, era.on)
            if row.currency not in {"", era.regime.currency}
        }
        for currency, era, day in self._money[0]:
            needed.add((currency, era.regime.currency, date.fromordinal(day)))
        return needed

    @cached_property
    def _money(self) -> tuple[list[tuple[str, Era, int]], Whole, Whole]:
        """The pairs of currencies and days that have to be exchanged, which lines those are, and each line's pair."""
        lines, eras = self.lines, self.eras
        targets = {era.regime.currency: 0 for era in eras}
        target_of = {name: number for number, name in enumerate(targets)}
        target = np.array([target_of[era.regime.currency] for era in eras], dtype=np.int64)[self.era]
        own = np.array([target_of.get(name, NONE) for name in lines.words.currencies], dtype=np.int64)[lines.currency]
        foreign = np.flatnonzero(own != target)
        first = int(lines.day.min()) if len(lines) else 0
        days = int(lines.day.max()) - first + 1 if len(lines) else 1
        key = (lines.currency[foreign] * len(eras) + self.era[foreign]) * days + lines.day[foreign] - first
        values, numbers = distinct(key, len(lines.words.currencies) * len(eras) * days)
        pairs = [
            (lines.words.currencies[each // days // len(eras)], eras[each // days % len(eras)], each % days + first)
            for each in values.tolist()
        ]
        return pairs, foreign, numbers

    @cached_property
    def money(self) -> Mapping[str, Whole]:
        """The lines' amounts in their regimes' currencies. Rounding: half to even. Shape: n each."""
        pairs, foreign, numbers = self._money
        amounts = {name: getattr(self.lines, name) for name in AMOUNTS}
        if not pairs:
            return amounts
        tops, bottoms = np.ones(len(pairs), dtype=np.int64), np.ones(len(pairs), dtype=np.int64)
        for number, (currency, era, day) in enumerate(pairs):
            try:
                rate = self._rate(currency, era.regime.currency, date.fromordinal(day))
            except Missing as missing:
                self.problems.add(missing, foreign[numbers == number])
                continue
            tops[number], bottoms[number] = exchange_fraction(rate, currency, era.regime.currency)
        self.problems.raise_any()
        exchanged = {}
        for name, amount in amounts.items():
            exchanged[name] = amount.copy()
            given = np.maximum(amount[foreign], 0)
            scaled = scale_array(given, tops[numbers], bottoms[numbers])
            exchanged[name][foreign] = np.where(amount[foreign] == NOT_STATED, NOT_STATED, scaled)
        return exchanged

    def _rate(self, source: str, target: str, on: date) -> Decimal:
        if source == target:
            return Decimal(1)
        if (source, target, on) not in self.exchange:
            raise Missing("no_exchange_rate", currency=source, into=target, on=on.isoformat())
        return self.exchange[source, target, on]

    # Cases: an era for an origin and a way.

    @cached_property
    def _cases(self) -> tuple[list[Case], Whole]:
        lines, words, eras = self.lines, self.lines.words, self.eras
        named = sorted({row.origin for row in self.book.levies if row.origin})
        own = {origin: number for number, origin in enumerate(named, 1)}
        classes = np.array([own.get(origin, 0) for origin in words.origins], dtype=np.int64)
        size = (len(named) + 1, len(words.ways))
        key = (self.era * size[0] + classes[lines.origin]) * size[1] + lines.way
        values, numbers = distinct(key, len(eras) * size[0] * size[1])
        cases: list[Case] = []
        blank = Case(eras[0], "", words.ways[0], (), ({},), False) if eras else None
        for number, each in enumerate(values.tolist()):
            era, origin, way = eras[each // size[1] // size[0]], each // size[1] % size[0], each % size[1]
            try:
                cases.append(self._case(era, named[origin - 1] if origin else "", words.ways[way]))
            except Missing as missing:
                self.problems.add(missing, np.flatnonzero(numbers == number))
                assert blank
                cases.append(blank)
        self.problems.raise_any()
        return cases, numbers

    def _case(self, era: Era, origin: str, way: Way) -> Case:
        rows = [row for row in self.book.levies_of(era.country, era.on) if _applies(row, origin, way)]
        charges = {id(row): self._charge(row, era, way) for row in rows}
        bounds = {id(row): self._bounds(row, era) for row in rows}
        limits = [*sorted({limit for both in bounds.values() for limit in both} - {NONE, MINOR_MAX}), MINOR_MAX]
        tables = []
        for limit in limits:
            fitting = [row for row in rows if bounds[id(row)][0] < limit <= bounds[id(row)][1]]
            table: dict[str, Charge] = {}
            for code in dict.fromkeys(row.code for row in fitting):
                same = [row for row in fitting if row.code == code]
                row = max(same, key=lambda row: (row.destination == era.country, row.weight))
                table[code] = charges[id(row)]
            tables.append(table)
        importers = era.regime.retail_importers.split()
        return Case(era, origin, way, tuple(limits), tuple(tables), bool(way.names & set(importers)))

    def _charge(self, row: Levy, era: Era, way: Way) -> Charge:
        rate = row.rate or Decimal(0)
        if row.rate_of == "tax":
            rate = self.book.tax(era.place, way.tax_class, era.on).rate
        top = int(rate * PPM)
        into: Callable[[int | None], int] = lambda minor: self._into(minor, row, era)  # noqa: E731
        cap = MINOR_MAX if row.cap_minor is None else into(row.cap_minor)
        bottom = PPM - top if row.is_inside else PPM
        return Charge(row, top, bottom, into(row.amount_minor), into(row.floor_minor), cap)

    def _bounds(self, row: Levy, era: Era) -> tuple[int, int]:
        above = self._into(row.value_above_minor, row, era) if row.value_above_minor else NONE
        return above, MINOR_MAX if row.value_up_to_minor is None else self._into(row.value_up_to_minor, row, era)

    def _into(self, minor: int | None, row: Levy, era: Era) -> int:
        target = era.regime.currency
        if not minor or row.currency in {"", target}:
            return minor or 0
        return convert(minor, self._rate(row.currency, target, era.on), row.currency, target)

    @property
    def case(self) -> Whole:
        """The number of each line's case."""
        return self._cases[1]

    @property
    def cases(self) -> list[Case]:
        """Every case."""
        return self._cases[0]

    # Groups: a case in a band of values.

    @cached_property
    def goods(self) -> Whole:
        """What customs takes for the goods: their retail price or their cost, by who imports them. Shape: n."""
        retail = np.array([case.uses_retail for case in self.cases], dtype=np.bool_)[self.case]
        goods = np.where(retail, self.money["retail_minor"], self.money["cost_minor"])
        lacking = np.flatnonzero(goods == NOT_STATED)
        for basis, mine in (("retail", lacking[retail[lacking]]), ("cost", lacking[~retail[lacking]])):
            if len(mine):
                self.problems.add(Missing("no_value", basis=basis), mine)
        self.problems.raise_any()
        return goods

    @cached_property
    def worth(self) -> Whole:
        """What each line's consignment is compared with the limits of bands. Shape: n."""
        own = {Part.GOODS: self.goods, Part.FREIGHT: self.money["freight_minor"]}
        own[Part.INSURANCE] = self.money["insurance_minor"]
        worth = np.zeros(len(self.lines), dtype=np.int64)
        for part, amount in own.items():
            counted = np.array([part in parse_base(case.era.regime.value_base) for case in self.cases], dtype=np.int64)
            if counted.any():
                worth += amount if counted.all() else amount * counted[self.case]
        whole = np.zeros(self.lines.consignments, dtype=np.int64)
        np.add.at(whole, self.lines.consignment, worth)
        return whole[self.lines.consignment]

    @cached_property
    def bands(self) -> int:
        """The most bands that a case has."""
        return max((len(case.limits) for case in self.cases), default=1)

    @cached_property
    def group(self) -> Whole:
        """The number of each line's case and band. Shape: n."""
        limits = np.full((self.bands, max(len(self.cases), 1)), MINOR_MAX, dtype=np.int64)
        for number, case in enumerate(self.cases):
            limits[: len(case.limits), number] = case.limits
        band = np.zeros(len(self.lines), dtype=np.int64)
        for row in limits[:-1]:
            band += self.worth > row[self.case]
        group = self.case * self.bands + band
        self._check_codes()
        self._check_decided(group)
        return group

    def _check_codes(self) -> None:
        """That every code is one, whether or not anything is due on it."""
        words = self.lines.words.hs
        values, numbers = distinct(self.era * len(words) + self.lines.hs, len(self.eras) * len(words))
        for number, value in enumerate(values.tolist()):
            era = self.eras[value // len(words)]
            try:
                self.book.check_code(era.regime, words[value % len(words)], era.on)
            except Missing as missing:
                self.problems.add(missing, np.flatnonzero(numbers == number))

    def _check_decided(self, group: Whole) -> None:
        """That the law says something of every part that it has to."""
        for number in distinct(group, len(self.cases) * self.bands)[0].tolist():
            case, table = self.cases[number // self.bands], self.tables[number]
            said = {charge.levy.part for charge in table.values()}
            for part in case.era.regime.decides.split():
                if part not in said:
                    missing = Missing("no_levy", part=part, destination=case.era.place, on=case.era.on.isoformat(),
                                      importer=case.way.importer, mode=case.way.mode)  # fmt: skip
                    self.problems.add(missing, np.flatnonzero(group == number))
        self.problems.raise_any()

    @cached_property
    def tables(self) -> list[Mapping[str, Charge]]:
        """What each group charges, by code. Shape: cases × bands."""
        return [case.charges[min(band, len(case.charges) - 1)] for case in self.cases for band in range(self.bands)]

    @cached_property
    def codes(self) -> list[str]:
        """The codes of levies in the order of the cascade."""
        steps: dict[str, int] = {}
        for table in self.tables:
            for code, charge in table.items():
                steps[code] = min(charge.levy.step, steps.get(code, charge.levy.step))
        return sorted(steps, key=lambda code: (steps[code], code))


def _applies(row: Levy, origin: str, way: Way) -> bool:
    return (
        (not row.origin or row.origin == origin)
        and (not row.importers or bool(way.names & set(row.importers.split())))
        and (not row.collected or row.collected == way.collected)
        and (not row.modes or way.mode in row.modes.split())
    )


def base_of(charge: Charge, regime: Regime) -> tuple[Part, ...]:
    """The parts that a levy is a share of; the regime's duty base where the row names none."""
    return parse_base(charge.levy.base or regime.duty_base)


assert set(BORDER) < set(PARTS)
