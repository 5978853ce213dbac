"""The rows that come along, compact tables of facts under `data/`, so that a new marketplace quotes on its first day.

Whole tariffs are loaded from their publishers' files. What is not in a table is an error that says so.
"""

import csv
import hashlib
import types
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from importlib import resources
from io import StringIO
from typing import Any, TypeVar, get_args, get_type_hints

from entrepot.domain.customs import rates
from entrepot.domain.customs.rows import (
    GENERAL,
    Book,
    Edition,
    ImportTax,
    Levy,
    Membership,
    Overlay,
    Regime,
    TariffLine,
)

T = TypeVar("T")

#: The currency that each schedule's specific amounts are written in.
CURRENCIES: Mapping[str, str] = {"us": "USD", "eu": "EUR", "uk": "GBP", "br": "BRL"}

_READ: Mapping[type, Callable[[str], Any]] = {
    str: str,
    int: lambda text: int(text or 0),
    bool: bool,
    Decimal: Decimal,
    date: date.fromisoformat,
}
_FOLDER = resources.files("entrepot.domain.customs") / "data"


@lru_cache(maxsize=1)
def load() -> Book:
    """Everything that comes along."""
    overlays = _rows("overlays.csv", Overlay)
    return Book(
        memberships=_rows("memberships.csv", Membership),
        regimes=_rows("regimes.csv", Regime),
        levies=_rows("levies.csv", Levy),
        taxes=_rows("taxes.csv", ImportTax),
        overlays=overlays,
        editions=tuple(_editions(overlays)),
        headings=headings(),
    )


@cache
def headings() -> frozenset[str]:
    """The headings of the Harmonized System, those of its last two editions."""
    found = set()
    for row in _read("headings.csv"):
        for span in row["headings"].split():
            first, _, last = span.partition("-")
            found |= {f"{row['chapter']}{number:02}" for number in range(int(first), int(last or first) + 1)}
    return frozenset(found)


def digest() -> str:
    """What tells one set of these tables from another."""
    content = hashlib.sha256()
    for file in sorted(_FOLDER.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".csv"):
            content.update(file.read_bytes())
    return content.hexdigest()


def list_names(overlays: Iterable[Overlay]) -> list[str]:
    """The lists that overlays name."""
    names = {name for row in overlays for name in (*row.lists.split(), *row.except_lists.split())}
    return sorted(name for name in names if name != "*" and not name.isdigit())


def _editions(overlays: Sequence[Overlay]) -> Iterable[Edition]:
    lines: dict[str, dict[tuple[str, str], TariffLine]] = defaultdict(dict)
    for row in _read("tariff.csv"):
        duty = rates.parse(row["rate"], CURRENCIES[row["schedule"]])
        line = TariffLine(GENERAL, row["code"], row["rate"], duty, row["description"])
        lines[row["schedule"]][GENERAL, row["code"]] = line
    codes: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in _read("lists.csv"):
        codes[row["schedule"], row["list"]].add(row["code"])
    for row in _read("editions.csv"):
        schedule = row["schedule"]
        until = date.fromisoformat(row["valid_until"]) if row["valid_until"] else None
        yield Edition(
            schedule, "", False, date.fromisoformat(row["valid_from"]), until, row["source"], lines=lines[schedule]
        )
        for name in list_names(each for each in overlays if each.schedule == schedule):
            found = frozenset(codes[schedule, name])
            yield Edition(schedule, name, False, date(2018, 1, 1), None, row["source"], codes=found)


def _rows(name: str, kind: type[T]) -> tuple[T, ...]:
    readers = _readers(kind)
    return tuple(kind(**{column: readers[column](text) for column, text in row.items()}) for row in _read(name))


def _readers(kind: type) -> Mapping[str, Callable[[str], Any]]:
    """How each field is read; a blank is None where a field may be none."""
    hints = get_type_hints(kind)
    return {each.name: _reader(hints[each.name]) for each in fields(kind)}


def _reader(hint: Any) -> Callable[[str], Any]:
    if isinstance(hint, types.UnionType):
        inner = _READ[next(each for each in get_args(hint) if each is not type(None))]
        return lambda text: inner(text) if text else None
    return _READ[hint]


def _read(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO((_FOLDER / name).read_text(encoding="utf-8"), newline="")))
