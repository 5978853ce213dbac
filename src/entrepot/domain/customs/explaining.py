"""Why goods of a code and origin are charged what they are in a place on a day, and what changes next. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np

from entrepot.domain.customs.arrays import Case, Charge, Law, Lines, Way, Words
from entrepot.domain.customs.problems import BadLines, bad_lines, told
from entrepot.domain.customs.rows import Book, Levy, Missing, Overlay, Regime, TariffLine
from entrepot.domain.customs.tariffs import Overlays
from entrepot.kernel.money import MINOR_MAX


@dataclass(frozen=True, slots=True)
class Band:
    """What is charged on consignments worth more than `above_minor`, up to `up_to_minor`. Units: minor."""

    above_minor: int
    up_to_minor: int | None
    charges: tuple[Charge, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """A row that begins or ends on a day to come."""

    on: date
    begins: bool
    row: Levy | Overlay


@dataclass(frozen=True, slots=True)
class Explanation:
    """The law for one sort of goods. `line` is None where no tariff is asked, or cannot answer: see `problem`."""

    hs: str
    origin: str
    place: str
    on: date
    way: Way
    regime: Regime
    line: TariffLine | None
    edition: str
    problem: str
    overlays: tuple[Overlay, ...]
    bands: tuple[Band, ...]
    changes: tuple[Change, ...]


def explain(book: Book, *, hs: str, origin: str, place: str, on: date, way: Way, law: Law | None = None) -> Explanation:
    """What holds for these goods. Raises: BadLines naming what is missing."""
    law = law or Law(book, one_line(hs=hs, origin=origin, place=place, on=on, way=way))
    case, line, edition, problem = law.cases[0], None, "", ""
    overlays: tuple[Overlay, ...] = ()
    try:
        book.check_code(case.era.regime, hs, on)
    except Missing as missing:
        raise bad_lines([told(0, missing.reason, missing.values)]) from None
    if any(charge.filter is not None for table in case.charges for charge in table.values()):
        try:
            overlays = tuple(_overlays(law, case))
            edition = book.edition(case.era.regime.schedule, "", on).source
            line = book.line(case.era.regime, hs, origin, on)
        except Missing as missing:  # bands and what is charged without the tariff are known all the same
            problem = told(0, missing.reason, missing.values).sentence
        except BadLines as refusal:
            problem = refusal.values["rows"][0]["problem"]
    return Explanation(
        hs=hs,
        origin=origin,
        place=place,
        on=on,
        way=way,
        regime=case.era.regime,
        line=line,
        edition=edition,
        problem=problem,
        overlays=overlays,
        bands=tuple(_bands(case)),
        changes=tuple(_changes(book, case, hs, origin, on)),
    )


def one_line(*, hs: str, origin: str, place: str, on: date, way: Way) -> Lines:
    """A line of nothing: its law can be asked, its charges cannot."""
    number, one = np.zeros(1, dtype=np.int64), np.ones(1, dtype=np.int64)
    return Lines(
        Words((hs,), (origin,), (place,), (way,), ("",)),
        consignment=number, hs=number, origin=number, place=number, way=number, currency=number,
        day=np.array([on.toordinal()], dtype=np.int64), quantity=one, weight_g=one,
        cost_minor=number, retail_minor=number, freight_minor=number, insurance_minor=number,
        brokerage_minor=number, other_minor=number,
    )  # fmt: skip


def _overlays(law: Law, case: Case) -> Iterator[Overlay]:
    prefixes = {charge.filter for table in case.charges for charge in table.values()}
    for prefix in sorted(each for each in prefixes if each is not None):
        found = Overlays(law, np.zeros(1, dtype=np.int64), prefix)
        for winner in found.winners.values():
            if winner[0] >= 0:
                yield found.rows[winner[0]]


def _bands(case: Case) -> Iterator[Band]:
    above = 0
    for limit, table in zip(case.limits, case.charges, strict=True):
        charges = sorted(table.values(), key=lambda charge: (charge.levy.step, charge.levy.code))
        yield Band(above, None if limit == MINOR_MAX else limit, tuple(charges))
        above = limit


def _changes(book: Book, case: Case, hs: str, origin: str, on: date) -> Iterator[Change]:
    """What begins or ends after the day for these goods, the next first."""
    names = {case.era.country, *book.unions_of(case.era.country, on)}
    rows: list[Levy | Overlay] = [
        row
        for row in book.levies
        if row.destination in names
        and (not row.origin or row.origin == origin)
        and (not row.importers or case.way.names & set(row.importers.split()))
        and (not row.modes or case.way.mode in row.modes.split())
        and (not row.collected or row.collected == case.way.collected)
    ]
    rows += [
        row for row in book.overlays if row.schedule == case.era.regime.schedule and _may_hold(book, row, hs, origin)
    ]
    changes = [
        Change(day, begins, row)
        for row in rows
        for day, begins in ((row.valid_from, True), (row.valid_until, False))
        if day and day > on
    ]
    yield from sorted(changes, key=lambda change: (change.on, change.begins))


def _may_hold(book: Book, row: Overlay, hs: str, origin: str) -> bool:
    if not book.comes_from(row, origin, row.valid_from):
        return False
    try:
        return book.covers(row, hs, row.valid_from)
    except Missing:
        return False


def timeline(book: Book, destinations: Iterable[str]) -> list[Levy | Overlay]:
    """Every dated row of these destinations, the newest beginning first."""
    names = set(destinations)
    schedules = {row.schedule for row in book.regimes if row.destination in names}
    rows: list[Levy | Overlay] = [row for row in book.levies if row.destination in names]
    rows += [row for row in book.overlays if row.schedule in schedules]
    return sorted(rows, key=lambda row: row.valid_from, reverse=True)
