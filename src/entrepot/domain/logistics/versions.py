"""What changes between two versions of a sheet: rows that come and go, and cells that are not what they were. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from entrepot.kernel.sheets import cells_of

#: What tells the rows of a sheet from each other.
LANE_KEYS = ("leg",)
CARD_KEYS = ("charge", "zone", "container", "by", "above", "days")


@dataclass(frozen=True, slots=True)
class Change:
    """A cell of a row that changes. A row that comes or goes has no column."""

    row: str
    column: str
    before: str
    after: str


def changes(before: str, after: str, keys: Sequence[str]) -> list[Change]:
    """What differs, row by row in the order of the newer sheet; what goes comes last."""
    old, new = _rows(before, keys), _rows(after, keys)
    found = []
    for key, row in new.items():
        was = old.get(key)
        if was is None:
            found.append(Change(_name(key), "", "", _said(row)))
            continue
        found += [
            Change(_name(key), column, was.get(column, ""), row.get(column, ""))
            for column in dict.fromkeys([*row, *was])
            if was.get(column, "") != row.get(column, "")
        ]
    return found + [Change(_name(key), "", _said(row), "") for key, row in old.items() if key not in new]


def _rows(sheet: str, keys: Sequence[str]) -> dict[tuple[str, ...], Mapping[str, str]]:
    """The rows by their keys and, where these stand twice, their place among their likes."""
    table = cells_of(sheet)
    names = [each.strip().lower().replace(" ", "_") for each in table[0]]
    seen: Counter[tuple[str, ...]] = Counter()
    found: dict[tuple[str, ...], Mapping[str, str]] = {}
    for cells in table[1:]:
        row = {name: cell.strip() for name, cell in zip(names, cells, strict=False)}
        key = tuple(row.get(name, "") for name in keys)
        seen[key] += 1
        found[*key, str(seen[key])] = row
    return found


def _name(key: tuple[str, ...]) -> str:
    *words, place = key
    name = " ".join(filter(None, words))
    return name if place == "1" else f"{name} ({place})"


def _said(row: Mapping[str, str]) -> str:
    return ", ".join(_filled(row.items()))


def _filled(cells: Iterable[tuple[str, str]]) -> list[str]:
    return [f"{name} {cell}" for name, cell in cells if cell]
