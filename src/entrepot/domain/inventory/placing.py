"""Places of a warehouse: how their codes are written, in which order one walks them, what is fetched where. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any
from uuid import UUID

from entrepot.kernel.errors import Invalid

#: Zone, aisle, bay, bin.
PARTS = 4
CODE_MAX = 40
PLACES_MAX = 5_000
#: Kinds that a sheet may name; the dock of a node is made by itself.
KINDS = ("storage", "quarantine")
DOCK = "DOCK"

_WORD = re.compile(r"[A-Z0-9]{1,9}")
_SPAN = re.compile(r"([A-Z0-9]{1,9})\.\.([A-Z0-9]{1,9})")


@dataclass(frozen=True, slots=True)
class NewPlace:
    """A place as a sheet says it. `walk` sorts as one walks: zone, aisle, bay, bin, numbers as numbers."""

    code: str
    kind: str

    @property
    def parts(self) -> tuple[str, str, str, str]:
        """Zone, aisle, bay and bin; what the code does not say is empty."""
        zone, aisle, bay, bin_ = (*self.code.split("-"), "", "", "")[:PARTS]
        return zone, aisle, bay, bin_

    @property
    def walk(self) -> str:
        """What places are sorted by."""
        return walk_of(self.code)


def walk_of(code: str) -> str:
    """The code with its numbers written so that they sort as numbers."""
    return re.sub(r"\d+", lambda found: found[0].zfill(9), code)


def read(text: str) -> list[NewPlace]:
    """The places of a sheet: a line each, a code or a pattern of codes, after a comma its kind where it is not storage.

    `A-01..04-01..10-1..3` is 120 places. Raises: Invalid naming the line.
    """
    found: dict[str, NewPlace] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        cells = [cell.strip() for cell in line.replace("\t", ",").replace(";", ",").split(",")]
        if not any(cells):
            continue
        kind = cells[1].lower() if len(cells) > 1 and cells[1] else "storage"
        if len(cells) > 2 or kind not in KINDS:
            raise _unreadable(number, line)
        for code in _expand(cells[0].upper(), number, line):
            if code in found:
                raise Invalid(
                    "places.twice", "Line {line}: the place {code} stands there twice.", field="rows", line=number,
                    code=code,
                )  # fmt: skip
            found[code] = NewPlace(code, kind)
            if len(found) > PLACES_MAX:
                raise _count()
    if not found:
        raise _count()
    return list(found.values())


def _expand(pattern: str, number: int, line: str) -> list[str]:
    parts = pattern.split("-")
    if not 0 < len(parts) <= PARTS or pattern == DOCK:
        raise _unreadable(number, line)
    choices = []
    for part in parts:
        if _WORD.fullmatch(part):
            choices.append([part])
        elif span := _SPAN.fullmatch(part):
            choices.append(_between(span[1], span[2]))
        else:
            choices.append([])
    if not all(choices):
        raise _unreadable(number, line)
    size = 1
    for choice in choices:
        size *= len(choice)
    if size > PLACES_MAX:
        raise _count()
    codes = ["-".join(chosen) for chosen in product(*choices)]
    if any(len(code) > CODE_MAX for code in codes):
        raise _unreadable(number, line)
    return codes


def _between(first: str, last: str) -> list[str]:
    """Every number, written as wide as the first, or every letter, from one to another; none where there is none."""
    if first.isdigit() and last.isdigit():
        if not 0 <= int(last) - int(first) < PLACES_MAX:
            return []
        return [str(each).zfill(len(first)) for each in range(int(first), int(last) + 1)]
    if len(first) == len(last) == 1 and first.isalpha() and last.isalpha() and first <= last:
        return [chr(each) for each in range(ord(first), ord(last) + 1)]
    return []


def _unreadable(number: int, line: str) -> Invalid:
    return Invalid(
        "places.unreadable_line",
        "Line {line} is to say a place such as A-01-03-2, or a pattern such as A-01..04-1..3: {text}",
        field="rows",
        line=number,
        text=line.strip()[:60],
    )


def _count() -> Invalid:
    return Invalid("places.count", "Give 1 to {most} places.", field="rows", most=PLACES_MAX)


@dataclass(slots=True)
class Standing:
    """Units of a stock row at a place; `held` of them are kept from sale because of where they stand."""

    place_id: UUID
    kind: str
    walk: str
    quantity: int
    is_withheld: bool = False
    held: int = 0


def drawn(standing: Iterable[Standing], quantity: int, *, dock_first: bool = False) -> list[tuple[UUID, int]]:
    """From which places so many units are taken: as one walks, the dock last, and last what is kept from sale there.

    Goods whose title passes as they come in stand at the dock: these are drawn from it first. What is not there is not
    drawn; the caller compares.
    """

    def order(each: Standing) -> tuple[Any, ...]:
        is_dock = each.kind == "dock"
        return (each.is_withheld and not (dock_first and is_dock), is_dock != dock_first, each.walk, each.place_id)

    taken, left = [], quantity
    for each in sorted(standing, key=order):
        units = min(left, each.quantity - (0 if dock_first else each.held))
        if units > 0:
            taken.append((each.place_id, units))
            left -= units
    return taken


def takes(kind: str, condition: str) -> bool:
    """Whether a place of a kind takes goods of a condition: what is damaged stands apart."""
    return kind != "storage" if condition == "damaged" else True


def suggest(condition: str, *, present: Sequence[Standing], empty: Sequence[tuple[UUID, str]]) -> UUID | None:
    """Where goods go: to where most of their like stands already, else to the first empty place (id, kind)."""
    wanted = "quarantine" if condition == "damaged" else "storage"
    like = [each for each in present if each.kind == wanted and each.quantity > 0]
    if like:
        return min(like, key=lambda each: (-each.quantity, each.walk)).place_id
    return next((place_id for place_id, kind in empty if kind == wanted), None)


def fetched(
    wanted: Sequence[tuple[UUID, int]], standing: Mapping[UUID, Sequence[Standing]]
) -> list[tuple[UUID, UUID | None, int]]:
    """Where units of stock rows (id, units) are fetched, one after the other: (stock row, place, units).

    What one takes the next does not find. Units without a known place come with None.
    """
    left = {stock_id: [Standing(e.place_id, e.kind, e.walk, e.quantity, e.is_withheld, e.held) for e in rows]
            for stock_id, rows in standing.items()}  # fmt: skip
    found: list[tuple[UUID, UUID | None, int]] = []
    for stock_id, units in wanted:
        rows = left.get(stock_id, [])
        by_place = {each.place_id: each for each in rows}
        missing = units
        for place_id, taken in drawn(rows, units):
            by_place[place_id].quantity -= taken
            missing -= taken
            found.append((stock_id, place_id, taken))
        if missing:
            found.append((stock_id, None, missing))
    return found
