"""Lanes as files: one CSV row is one leg. Pure; no database.

A row with something under `lane` begins a lane; the legs follow in their order, each from where the one before it ends.
docs/rules/lanes.md explains every column.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any, NoReturn

from entrepot.domain.logistics import seaways, transit
from entrepot.domain.logistics.cells import country, day, one_of, quantity
from entrepot.domain.logistics.lanes import WEEK, Capacity, Lane, Leg
from entrepot.kernel import measure
from entrepot.kernel.errors import Invalid
from entrepot.kernel.money import parse_minor
from entrepot.kernel.sheets import Reader, Unreadable, cells_of, read_csv, write_rows

MODES = ("air", "sea", "rail", "truck", "parcel", "handling", "clearance")
#: The duties that a leg may be.
TASKS = ("first_mile", "consolidation", "quality_inspection", "line_haul", "customs", "last_mile")


@dataclass(frozen=True)
class Way:
    """A lane, the days on which it is used, and its rows."""

    lane: Lane
    valid_from: date
    valid_until: date | None
    sheet: str


def read_lanes(text: str, *, field: str = "sheet") -> list[Way]:
    """The lanes of a file. Raises: Unreadable naming the row and the column."""
    rows = read_csv(text, _COLUMNS, field=field, number_as="number")
    groups: list[list[dict[str, Any]]] = []
    for row in rows:
        if row["lane"]:
            groups.append([])
        elif not groups:
            _fail(field, row, "lane", "the first row names a lane")
        groups[-1].append(row)
    table = cells_of(text)
    return [_way(group, field, table) for group in groups]


def _way(rows: Sequence[dict[str, Any]], field: str, table: Sequence[Sequence[str]]) -> Way:
    head = rows[0]
    for column in ("origin", "destination", "valid_from", "source"):
        if not head[column]:
            _fail(field, head, column, "a lane needs this in its first row")
    if head["value_max"] and not head["currency"]:
        _fail(field, head, "currency", "a value has a currency")
    try:
        value_max = parse_minor(head["value_max"], head["currency"]) if head["value_max"] else 0
    except Invalid as problem:
        _fail(field, head, "value_max", str(problem).removeprefix("amount: "))
    _check_way(rows, field)
    legs = tuple(_leg(row) for row in rows)
    lane = Lane(
        head["lane"], head["title"] or head["lane"], head["origin"], head["destination"], legs, head["source"],
        frozenset(head["refuses"].split()), head["weight_max"], value_max, head["currency"], head["confidence"],
    )  # fmt: skip
    sheet = write_rows([table[0], *(table[row["number"] - 1] for row in rows)])
    return Way(lane, head["valid_from"], head["valid_until"], sheet)


def _check_way(rows: Sequence[dict[str, Any]], field: str) -> None:
    """Every leg goes on where the one before it ended, and no place is come to twice."""
    been: dict[str, int] = {}
    at = ""
    for row in rows:
        for column in ("leg", "task", "mode", "from", "to", "days"):
            if not row[column] and not (column == "days" and _sea(row)):
                _fail(field, row, column, "a leg needs this")
        if at and row["from"] != at:
            _fail(field, row, "from", f"the leg before ends at {at}")
        been.setdefault(row["from"], row["number"])
        if row["to"] in been and not (row["to"] == row["from"] and row["mode"] in ("handling", "clearance")):
            _fail(field, row, "to", f"the lane runs in a loop: it was at {row['to']} in row {been[row['to']]}")
        been[row["to"]] = row["number"]
        at = row["to"]


def _leg(row: Mapping[str, Any]) -> Leg:
    """A leg; one by sea has its distance, and without days of its own those of a ship over that distance."""
    found = _sea(row)
    return Leg(
        row["leg"], row["task"], row["mode"], row["days"] or seaways.sailing_days(found.km if found else 0),
        row["from"], row["to"], row["country"], row["departs"], row["moves"], row["card"],
        row["cut_off"], row["capacity"], row["closed"],
        found.km if found else 0, found.via if found else (), not row["days"],
    )  # fmt: skip


def _sea(row: Mapping[str, Any]) -> seaways.Distance | None:
    return seaways.distance(row["from"], row["to"]) if row["mode"] == "sea" else None


def _fail(field: str, row: Mapping[str, Any], column: str, problem: str) -> NoReturn:
    raise Unreadable(field=field, row=row["number"], column=column, problem=problem)


def _weekdays(text: str) -> frozenset[int]:
    """ISO weekdays: 1-5, or 2 5; blank is every day."""
    if not text:
        return WEEK
    found: set[int] = set()
    for part in text.split():
        span = re.fullmatch(r"([1-7])(?:-([1-7]))?", part)
        if not span or int(span[2] or span[1]) < int(span[1]):
            raise ValueError("write weekdays as 1-5 or 2 5; Monday is 1")
        found |= set(range(int(span[1]), int(span[2] or span[1]) + 1))
    return frozenset(found)


def _confidence(text: str) -> float:
    """How often a promise is kept, such as 90 %; blank is nine times in ten."""
    found = re.fullmatch(r"(\d{2}(?:\.\d)?)\s*%?", text or "90")
    if not found or not 50 <= float(found[1]) < 100:
        raise ValueError("write a share from 50 % to below 100 %, such as 90 %")
    return float(found[1]) / 100


def _cut_off(text: str) -> time | None:
    """A time of the day, such as 16:00, at the place where the leg begins."""
    if not text:
        return None
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise ValueError("write a time of the day as 16:00") from None


_PARCELS = re.compile(r"(\d{1,9}) parcels?", re.ASCII)
_VOLUME = {"cbm": Decimal(1_000_000)}
_LOAD = {"kg": Decimal(1_000), "t": Decimal(1_000_000)}


def _capacity(text: str) -> Capacity | None:
    """What one departure takes: 500 parcels, 20 cbm, 12 t, several of them divided by semicolons."""
    if not text:
        return None
    found = {"parcels": 0, "weight_g": 0, "volume_cm3": 0}
    for part in (each.strip().lower() for each in text.split(";")):
        if counted := _PARCELS.fullmatch(part):
            found["parcels"] = int(counted[1])
        elif part.endswith("cbm"):
            found["volume_cm3"] = quantity(_VOLUME)(part)
        else:
            found["weight_g"] = quantity(_LOAD)(part)
    if not any(found.values()):
        raise ValueError("write what a departure takes: 500 parcels, 20 cbm, 12 t")
    return Capacity(**found)


#: The most days that a leg's calendar names, so that a slip in a year is found out.
CLOSED_MAX = 400


def _closed(text: str) -> frozenset[date]:
    """Days on which a leg stands still: 2026-12-25 2027-02-05..2027-02-12."""
    found: set[date] = set()
    for part in text.split():
        first, _dots, last = part.partition("..")
        start, stop = day(first), day(last or first)
        assert start is not None and stop is not None, "neither is blank"
        if not 0 <= (stop - start).days < CLOSED_MAX - len(found):
            raise ValueError(f"{part[:30]!r} is no span of days")
        found |= {start + timedelta(days=place) for place in range((stop - start).days + 1)}
    return frozenset(found)


_COLUMNS: Mapping[str, Reader] = {
    "lane": str, "title": str, "origin": country, "destination": country, "valid_from": day, "valid_until": day,
    "source": str, "refuses": str, "weight_max": quantity(measure.GRAMS), "value_max": str, "currency": str,
    "confidence": _confidence, "leg": str, "task": one_of(TASKS), "mode": one_of(MODES), "from": str, "to": str,
    "country": country, "days": lambda text: transit.parse(text) if text else None, "departs": _weekdays,
    "moves": _weekdays, "card": str, "cut_off": _cut_off, "capacity": _capacity, "closed": _closed,
}  # fmt: skip
