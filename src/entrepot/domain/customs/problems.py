"""What is wrong with lines, by row and field: collected over a whole batch and told at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from entrepot.domain.customs.rows import Missing
from entrepot.kernel.errors import Invalid

#: So many rows are named; of the rest only how many they are.
ROWS_NAMED = 100

#: reason -> (the field that is to be mended, what it says).
SENTENCES: Mapping[str, tuple[str, str]] = {
    "before_regime": ("date", "No rules for imports into {destination} are known on {on}; the first begin on {first}."),
    "no_regime": ("destination", "No rules for imports into {destination} are known on {on}."),
    "no_levy": (
        "destination",
        "No rule says what the {part} of {destination} is on {on} for goods that a {importer} imports by {mode}.",
    ),
    "state_needed": ("region", "{destination} has no one rate of tax on {on}; name the state."),
    "no_tax_rate": ("destination", "No {tax_class} rate of tax is known for {place} on {on}."),
    "no_tariff": ("destination", "No tariff is loaded for the schedule {schedule} on {on}."),
    "no_column": ("origin", "The tariff {schedule} has no column {column}, which goods of {origin} pay."),
    "no_list": ("destination", "The list {list} of the schedule {schedule} is not known on {on}."),
    "list_not_loaded": (
        "destination",
        "The whole tariff {schedule} is loaded without the list {list}, which {heading} needs; load that list.",
    ),
    "unknown_hs": ("hs", "{hs} is not in the tariff {schedule} on {on} ({edition})."),
    "ambiguous_hs": ("hs", "{hs} stands over {count} rates of the tariff {schedule}; give more digits: {codes} …"),
    "ambiguous_list": ("hs", "The list {list} ({heading}) covers only a part of {hs}; give 8 or 10 digits."),
    "unreadable_rate": ("hs", "The rate of {hs} in the tariff {schedule} has to be worked out by a person: “{text}”."),
    "no_measure": ("measures", "The rate of {hs} is charged by {measure}; state it, such as {measure}=1.5."),
    "no_value": ("{basis}", "Customs takes the {basis} price as the value here, and the line does not state it."),
    "no_exchange_rate": ("currency", "No rate of exchange from {currency} into {into} is known for {on}."),
    "not_positive": ("{name}", "{value} is not above zero."),
    "negative": ("{name}", "{value} is below zero."),
    "not_one": ("consignment", "The lines of a consignment have one destination, day and way of import; these differ."),
    "too_large": ("{name}", "{value} is beyond what can be computed."),
    "unknown_currency": ("currency", "{value!r} is no currency; use an ISO 4217 code such as EUR."),
    "bad_value": ("{name}", "{value!r} is no {kind}."),
    "missing_value": ("{name}", "Nothing is stated."),
    "bad_word": ("{name}", "{value!r} is none of {words}."),
    "metal_content": (
        "hs",
        "{heading} charges {hs} on the metal that it contains, which is not computed; it ended on 6 April 2026.",
    ),
    "bad_hs": ("hs", "{hs!r} is no HS code; write 6 to 10 digits."),
}


class BadLines(Invalid):
    """Lines that cannot be computed; `rows` names them with field, code and sentence."""

    code = "customs.bad_lines"
    message = "Row {row}, {column}: {sentence} ({count} in all.)"

    def others(self, count: int) -> list[int]:
        """The places of so many rows that are not named here; none where more are wrong than are named."""
        named = {each["row"] - 1 for each in self.values["rows"]}
        return [] if self.values["count"] > ROWS_NAMED else [place for place in range(count) if place not in named]

    def joined(self, other: "BadLines", places: Sequence[int]) -> "BadLines":
        """These, and those of another that was given the rows at these places alone."""
        moved = [{**each, "row": places[each["row"] - 1] + 1} for each in other.values["rows"]]
        rows = sorted([*self.values["rows"], *moved], key=lambda each: each["row"])[:ROWS_NAMED]
        return _refusal(rows, self.values["count"] + other.values["count"])


class Numbered(Protocol):
    """Lines of which there are so many."""

    def __len__(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Problem:
    """One line's: its place, the field, a stable code, the sentence."""

    place: int
    field: str
    code: str
    sentence: str


def told(place: int, reason: str, values: Mapping[str, Any]) -> Problem:
    """A reason and its values as a problem of the line at this place."""
    field, sentence = SENTENCES[reason]
    return Problem(place, field.format(**values), f"customs.{reason}", sentence.format(**values))


class Problems:
    """Collects; raises when asked and there are any."""

    def __init__(self, lines: Numbered) -> None:
        self.count = 0
        self.found: list[Problem] = []

    def add(self, missing: Missing, places: npt.NDArray[np.int64]) -> None:
        """The same thing is missing for these lines."""
        self.count += len(places)
        room = max(ROWS_NAMED - len(self.found), 0)
        self.found += [told(place, missing.reason, missing.values) for place in places[:room].tolist()]

    def raise_any(self) -> None:
        """Raises: BadLines."""
        if self.found:
            raise bad_lines(self.found, self.count)


def bad_lines(found: Sequence[Problem], count: int | None = None) -> BadLines:
    """The refusal that tells them, in the order of the lines. Rows count from 1."""
    found = sorted(found, key=lambda problem: problem.place)
    rows = [{"row": each.place + 1, "field": each.field, "code": each.code, "problem": each.sentence} for each in found]
    return _refusal(rows, count or len(found))


def _refusal(rows: Sequence[Mapping[str, Any]], count: int) -> BadLines:
    first = rows[0]
    return BadLines(row=first["row"], column=first["field"], sentence=first["problem"], count=count, rows=rows)
