"""The rows of border law: unions, regimes, levies, taxes, overlays, tariff editions and lists, and the book of them.

A row is in force on the days [valid_from, valid_until). A rule that was announced and withdrawn before it came into
force stays as a row: `Book.known_on` gives the law as it was known on a day.
"""

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Any, Protocol, TypeVar

from entrepot.domain.customs.rates import Duty, Rate, Seasonal
from entrepot.kernel.errors import Invalid

ANYWHERE = "*"
SPECIAL = "column_2"
GENERAL = "general"


class Rounding(StrEnum):
    """What becomes of a part of a minor unit."""

    HALF_EVEN = "half_even"
    HALF_UP = "half_up"
    DOWN = "down"
    UP = "up"


class Level(StrEnum):
    """What is rounded: each line, or the sum of a consignment, which its lines then share."""

    LINE = "line"
    CONSIGNMENT = "consignment"


class Per(StrEnum):
    """What an amount is charged for."""

    LINE = "line"
    UNIT = "unit"
    HS6 = "hs6"
    CONSIGNMENT = "consignment"


class Part(StrEnum):
    """A part of a landed cost, in the order in which one reads it."""

    GOODS = "goods"
    FREIGHT = "freight"
    INSURANCE = "insurance"
    CUSTOMS_DUTY = "customs_duty"
    ADDITIONAL_DUTY = "additional_duty"
    FLAT_DUTY = "flat_duty"
    PROCESSING_FEE = "processing_fee"
    HARBOUR_FEE = "harbour_fee"
    HANDLING_FEE = "handling_fee"
    IMPORT_TAX = "import_tax"
    BROKERAGE = "brokerage"
    OTHER = "other"


#: What the border charges; the rest is what the goods and their way cost.
BORDER = tuple(
    part for part in Part if part not in {Part.GOODS, Part.FREIGHT, Part.INSURANCE, Part.BROKERAGE, Part.OTHER}
)


class Collector(StrEnum):
    """Who takes a charge and hands it on."""

    BORDER = "border"
    PLATFORM = "platform"
    SELLER = "seller"
    NOBODY = "nobody"


class BadBase(Invalid):
    """A base names something that is no part."""

    code = "customs.bad_base"
    message = "{text!r} is no base; write parts and plus signs, such as goods + freight."


class Dated(Protocol):
    """A row with a period."""

    @property
    def valid_from(self) -> date: ...

    @property
    def valid_until(self) -> date | None: ...


T = TypeVar("T", bound=Dated)


def in_force(rows: Iterable[T], on: date) -> list[T]:
    """Those that hold on the day."""
    return [row for row in rows if row.valid_from <= on and (row.valid_until is None or on < row.valid_until)]


def parse_base(text: str) -> tuple[Part, ...]:
    """The parts that a base adds. Raises: BadBase."""
    names = [name.strip() for name in text.split("+")] if text.strip() else []
    try:
        return tuple(Part(name) for name in names)
    except ValueError:
        raise BadBase(text=text) from None


@dataclass(frozen=True, slots=True)
class Membership:
    """A country belongs to a customs union."""

    union: str
    country: str
    valid_from: date
    valid_until: date | None
    source: str


@dataclass(frozen=True, slots=True)
class Regime:
    """How a country or union reckons: in which currency, on which value, rounded how, and what must be decided."""

    destination: str
    currency: str
    schedule: str
    duty_base: str
    value_base: str  # what is compared with the limits of bands
    retail_importers: str  # of whom customs takes the retail price as the value; of others the cost
    rounding: str
    rounding_level: str
    decides: str  # parts of which the law must say something for every line
    second_column: str  # origins whose goods pay the tariff's second column
    valid_from: date
    valid_until: date | None
    reviewed_on: date
    source: str


@dataclass(frozen=True, slots=True)
class Levy:
    """One charge on goods that enter: what it is a share of, for whom it holds, who collects it.

    Blank conditions hold for all; of rows with the same code the one with the most conditions counts. A relief is a row
    whose rate is nothing. Units: minor of `currency`.
    """

    destination: str
    code: str
    part: str
    step: int  # the place in the cascade
    origin: str
    importers: str
    collected: str  # at_sale, at_border
    modes: str
    value_above_minor: int
    value_up_to_minor: int | None
    currency: str
    per: str
    base: str
    rate: Decimal | None
    rate_of: str  # tariff, tax, or overlays:PREFIX
    is_inside: bool  # the tax is a part of its own base
    amount_minor: int
    floor_minor: int
    cap_minor: int | None
    collector: str
    valid_from: date
    valid_until: date | None
    announced_on: date | None
    withdrawn_on: date | None
    confidence: str
    source: str

    @property
    def is_relief(self) -> bool:
        """Whether it says that nothing is due."""
        return not (self.rate or self.rate_of or self.amount_minor)

    @property
    def weight(self) -> tuple[int, ...]:
        """How specific it is: a country before its union, an origin before other conditions; then the newest."""
        conditions = sum(map(bool, (self.importers, self.collected, self.modes)))
        return (bool(self.origin), conditions, self.valid_from.toordinal())


@dataclass(frozen=True, slots=True)
class ImportTax:
    """VAT, GST or sales tax of a country ("DE") or of a state of it ("US-CA")."""

    place: str
    tax_class: str
    rate: Decimal
    valid_from: date
    valid_until: date | None
    source: str


@dataclass(frozen=True, slots=True)
class Overlay:
    """A duty on top of a schedule's own, by origin, for listed goods, by an authority.

    Of an authority's rows one counts: one that names the origin before one for all, then the highest. `kind` add is a
    share of the value; top_up raises the whole duty to its share. Where a row of an authority that it yields to
    matches, it does not count.
    """

    schedule: str
    authority: str
    heading: str
    kind: str
    rate: Decimal
    origins: str  # countries and unions; "* -CN" is all but China
    lists: str  # names of lists, or "*"
    except_lists: str
    yields_to: str
    valid_from: date
    valid_until: date | None
    announced_on: date | None
    withdrawn_on: date | None
    confidence: str
    source: str

    @property
    def names_origin(self) -> bool:
        """Whether it is for these origins rather than for all but some."""
        return not self.origins.startswith(ANYWHERE)


@dataclass(frozen=True, slots=True)
class TariffLine:
    """One code of a tariff with its rate, as written and, where it can be computed, as numbers."""

    column: str
    code: str
    text: str
    duty: Duty | None
    description: str = ""


@dataclass(frozen=True, eq=False)
class Edition:
    """A schedule's lines, or one of its lists, as loaded: from a day on, from one source.

    `is_complete` is a whole tariff or list; the tables that come along are not. Of the editions in force the latest
    counts, the complete one first.
    """

    schedule: str
    name: str  # "" for the lines, else the list's
    is_complete: bool
    valid_from: date
    valid_until: date | None
    source: str
    lines: Mapping[tuple[str, str], TariffLine] = field(default_factory=dict)
    codes: frozenset[str] = frozenset()
    columns: frozenset[str] = frozenset({GENERAL})

    @cached_property
    def _sorted(self) -> Sequence[tuple[str, str]]:
        return sorted(self.lines)

    @cached_property
    def _sorted_codes(self) -> Sequence[str]:
        return sorted(self.codes)

    def find(self, column: str, code: str) -> list[TariffLine]:
        """The line of the code: itself or the nearest above it; where there is none, the lines beneath it."""
        for length in range(len(code), 1, -1):
            if line := self.lines.get((column, code[:length])):
                return [line]
        place = bisect_left(self._sorted, (column, code))
        found = []
        while (
            place < len(self._sorted) and self._sorted[place][0] == column and self._sorted[place][1].startswith(code)
        ):
            found.append(self.lines[self._sorted[place]])
            place += 1
        return found

    def lists(self, code: str) -> bool | None:
        """Whether the list covers the code; None where it covers only a part of what stands beneath it."""
        if any(code[:length] in self.codes for length in range(2, len(code) + 1)):
            return True
        place = bisect_left(self._sorted_codes, code)
        beneath = place < len(self._sorted_codes) and self._sorted_codes[place].startswith(code)
        return None if beneath else False


class Missing(Exception):
    """The book cannot answer: a code `customs.reason` and its values. The caller says for which lines."""

    def __init__(self, reason: str, **values: object) -> None:
        self.reason, self.values = reason, values
        super().__init__(reason)


@dataclass(frozen=True, eq=False)
class Book:
    """Every row that a computation may need."""

    memberships: Sequence[Membership]
    regimes: Sequence[Regime]
    levies: Sequence[Levy]
    taxes: Sequence[ImportTax]
    overlays: Sequence[Overlay]
    editions: Sequence[Edition]
    headings: frozenset[str]  # those of the Harmonized System

    @cached_property
    def _found(self) -> dict[tuple[object, ...], Any]:
        """What was looked up before."""
        return {}

    def known_on(self, day: date | None) -> "Book":
        """The book as it was known on a day; without one, without the rules that never came into force."""
        return replace(
            self,
            levies=tuple(row for row in self.levies if _is_known(row, day)),
            overlays=tuple(row for row in self.overlays if _is_known(row, day)),
        )

    def unions_of(self, country: str, on: date) -> frozenset[str]:
        """The unions that a country belongs to on the day."""
        key = (country, on)
        if key not in self._found:
            mine = (row for row in self.memberships if row.country == country)
            self._found[key] = frozenset(row.union for row in in_force(mine, on))
        found: frozenset[str] = self._found[key]
        return found

    def regime(self, country: str, on: date) -> Regime:
        """The country's own regime, else its union's. Raises: Missing."""
        names = [country, *sorted(self.unions_of(country, on))]
        found = {row.destination: row for row in in_force(self.regimes, on)}
        for name in names:
            if name in found:
                return found[name]
        names += [row.union for row in self.memberships if row.country == country]
        later = [row.valid_from for row in self.regimes if row.destination in names and row.valid_from > on]
        if later:
            raise Missing("before_regime", destination=country, on=on.isoformat(), first=min(later).isoformat())
        raise Missing("no_regime", destination=country, on=on.isoformat())

    def levies_of(self, country: str, on: date) -> list[Levy]:
        """What the country and its unions charge on the day, the country's own rows first."""
        names = {country, *self.unions_of(country, on)}
        rows = in_force((row for row in self.levies if row.destination in names), on)
        return sorted(rows, key=lambda row: (row.destination != country, row.step))

    def tax(self, place: str, tax_class: str, on: date) -> ImportTax:
        """The rate of a place. Raises: Missing, naming the states where one has to be given."""
        rows = in_force((row for row in self.taxes if row.tax_class == tax_class), on)
        for row in rows:
            if row.place == place:
                return row
        if "-" not in place and any(row.place.startswith(f"{place}-") for row in rows):
            raise Missing("state_needed", destination=place, on=on.isoformat())
        raise Missing("no_tax_rate", place=place, tax_class=tax_class, on=on.isoformat())

    def edition(self, schedule: str, name: str, on: date) -> Edition:
        """The schedule's lines or one of its lists. Raises: Missing."""
        key = (schedule, name, on)
        if key not in self._found:
            same = (row for row in self.editions if (row.schedule, row.name) == (schedule, name))
            order: Callable[[Edition], tuple[bool, date]] = lambda row: (row.is_complete, row.valid_from)  # noqa: E731
            self._found[key] = max(in_force(same, on), key=order, default=None)
        if self._found[key] is None:
            raise Missing("no_list" if name else "no_tariff", schedule=schedule, list=name, on=on.isoformat())
        edition: Edition = self._found[key]
        return edition

    def line(self, regime: Regime, code: str, origin: str, on: date) -> TariffLine:
        """The tariff line of goods; lines beneath the code count where they agree. Raises: Missing."""
        edition = self.edition(regime.schedule, "", on)
        column = SPECIAL if origin in regime.second_column.split() else GENERAL
        if column not in edition.columns:
            raise Missing("no_column", schedule=regime.schedule, column=column, origin=origin)
        found = edition.find(column, code)
        if not found:
            raise Missing("unknown_hs", hs=code, schedule=regime.schedule, on=on.isoformat(), edition=edition.source)
        if len({line.text for line in found}) > 1:
            raise Missing(
                "ambiguous_hs",
                hs=code,
                schedule=regime.schedule,
                codes=", ".join(f"{line.code} {line.text}" for line in found[:4]),
                count=len(found),
            )
        return found[0]

    def check_code(self, regime: Regime, code: str, on: date) -> None:
        """That there is such a code, whether or not its rate is asked for. Raises: Missing."""
        try:
            edition = self.edition(regime.schedule, "", on)
        except Missing:
            edition = None
        whole = edition if edition and edition.is_complete else None
        if code[:4] not in self.headings or (whole and not whole.find(GENERAL, code)):
            source = whole.source if whole else "the Harmonized System"
            raise Missing("unknown_hs", hs=code, schedule=regime.schedule, on=on.isoformat(), edition=source)

    def rate(self, regime: Regime, code: str, origin: str, on: date) -> tuple[TariffLine, Rate]:
        """The line and its rate on the day. Raises: Missing."""
        line = self.line(regime, code, origin, on)
        duty = line.duty.on(on) if isinstance(line.duty, Seasonal) else line.duty
        if duty is None or duty.on_top:
            raise Missing("unreadable_rate", hs=line.code, schedule=regime.schedule, text=line.text)
        return line, duty

    def overlays_of(self, schedule: str, prefix: str, on: date) -> list[Overlay]:
        """The overlays of a schedule in force whose authority begins so."""
        rows = (row for row in self.overlays if row.schedule == schedule and row.authority.startswith(prefix))
        return in_force(rows, on)

    def covers(self, overlay: Overlay, code: str, on: date) -> bool:
        """Whether an overlay's lists cover the goods. Raises: Missing where only a part, or no list is there."""
        if overlay.lists != ANYWHERE and not self._listed(overlay, overlay.lists.split(), code, on):
            return False
        return not self._listed(overlay, overlay.except_lists.split(), code, on)

    def _listed(self, overlay: Overlay, names: Collection[str], code: str, on: date) -> bool:
        for name in names:
            if name.isdigit():  # a chapter, heading or code that stands in the row itself
                if code.startswith(name):
                    return True
                continue
            edition = self.edition(overlay.schedule, name, on)
            if not edition.is_complete and self.edition(overlay.schedule, "", on).is_complete:
                raise Missing("list_not_loaded", schedule=overlay.schedule, list=name, heading=overlay.heading)
            listed = edition.lists(code)
            if listed is None:  # the lines beneath the code may all be on the list
                beneath = self.edition(overlay.schedule, "", on).find(GENERAL, code)
                if all(len(line.code) > len(code) and edition.lists(line.code) for line in beneath):
                    return True
                raise Missing("ambiguous_list", hs=code, list=name, heading=overlay.heading)
            if listed:
                return True
        return False

    def comes_from(self, overlay: Overlay, origin: str, on: date) -> bool:
        """Whether an overlay is for goods of this origin."""
        names = overlay.origins.split()
        place = {origin, *self.unions_of(origin, on)}
        if overlay.names_origin:
            return bool(place & set(names))
        return not place & {name.removeprefix("-") for name in names[1:]}


def _is_known(row: Levy | Overlay, day: date | None) -> bool:
    if day is None:
        return row.withdrawn_on is None
    return (row.announced_on is None or row.announced_on <= day) and (
        row.withdrawn_on is None or day < row.withdrawn_on
    )
