"""Programme documents: TOML or JSON in, a `Programme` or every error out, and back again.

The canonical form is plain JSON with every default said; its hash is the programme's, and a `Terms` body is stored in
the same form under its digest.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from entrepot.domain.terms import checks, grammar, tasks
from entrepot.domain.terms.grammar import BAD, Problem, Report
from entrepot.domain.terms.rules import Conditions, Programme, Terms
from entrepot.kernel.errors import Invalid

MESSAGES: Mapping[str, str] = {
    **grammar.MESSAGES,
    **tasks.MESSAGES,
    **checks.MESSAGES,
    "unreadable": grammar._("cannot be read as TOML: {reason}"),
}

#: A programme is a page or two; anything far larger is not one.
BYTES_MAX = 500_000

#: Keys that name and explain a programme and say nothing about who does what.
IDENTITY = frozenset({"code", "label", "summary", "modelled_on", "sources", "evidence", "programme", "version"})


class ProgrammeInvalid(Invalid):
    """A document is not a programme. `problems` lists everything that is wrong, each with its key."""

    code = "terms.programme_invalid"
    message = "{where}: {problems}"

    def __init__(self, problems: list[Problem], where: str) -> None:
        self.problems = problems
        super().__init__(where=where, problems="; ".join(map(str, problems)), keys=[each.key for each in problems])


def parse_toml(text: str | bytes, *, where: str) -> Programme:
    """Read a programme file. Raises: ProgrammeInvalid with every error."""
    return parse(load_toml(text, where=where), where=where)


def load_toml(text: str | bytes, *, where: str) -> dict[str, Any]:
    """Read TOML with exact decimals. Raises: ProgrammeInvalid."""
    try:
        if len(text) > BYTES_MAX:
            raise ValueError(f"larger than {BYTES_MAX} bytes")
        return tomllib.loads(text.decode() if isinstance(text, bytes) else text, parse_float=Decimal)
    except (ValueError, RecursionError, ArithmeticError) as error:
        report = Report(MESSAGES)
        report.add("document", "unreadable", reason=str(error)[:200] or type(error).__name__)
        raise ProgrammeInvalid(report.problems, where) from None


def parse(document: Mapping[str, Any], *, where: str) -> Programme:
    """Read a document, strictly: unknown keys, wrong types and contradictions are errors. Raises: ProgrammeInvalid."""
    report = Report(MESSAGES)
    programme: Programme = grammar.read(Programme, document, "", report)
    if programme is not BAD:
        report.problems += checks.find_errors(programme)
    if report.problems:
        raise ProgrammeInvalid(report.problems, where)
    return programme


def dump(programme: Programme) -> dict[str, Any]:
    """The canonical document; `parse` reads it back to an equal programme."""
    return grammar.write(programme)


def content_hash(programme: Programme) -> str:
    """The hash of the canonical document."""
    return grammar.digest(dump(programme))


def read_body(stored: Mapping[str, Any]) -> Terms:
    """The terms of a stored snapshot. Raises: ProgrammeInvalid where a row was damaged."""
    report = Report(MESSAGES)
    terms: Terms = grammar.read(Terms, stored, "", report)
    if terms is BAD or report.problems:
        raise ProgrammeInvalid(report.problems, "terms snapshot")
    return terms


@dataclass(frozen=True)
class Difference:
    """One key that two programmes answer differently; None where one of them says nothing."""

    key: str
    a: Any
    b: Any


#: Tables that are one answer, not several.
ANSWERS = frozenset({"decider", "payer", "liable", "commission", "reserve", "refund_admin", "badge"})


def compare(a: Conditions, b: Conditions) -> list[Difference]:
    """Where two programmes, or two terms, differ, in the order of the document; names and evidence aside.

    Entries of lists are matched by their code, `fees.payment.rate`; an entry that one side lacks is one difference.
    """
    return list(_differences("", _document(a), _document(b)))


def _document(conditions: Conditions) -> dict[str, Any]:
    """What is compared: every key that says who does what, entries of lists under their codes."""
    written = grammar.write(conditions)
    document = {name: written[name] for name in grammar.keys(Programme) if name in written and name not in IDENTITY}
    for name in ("fees", "incentives"):
        document[name] = _by_code(document.get(name, []))
    document["service"] |= {"penalties": _by_code(document["service"].get("penalties", []))}
    return document


def _by_code(entries: list[dict[str, Any]]) -> dict[str, Any]:
    """Entries under their codes; a code that comes back at another time is numbered."""
    table: dict[str, Any] = {}
    for entry in entries:
        code, number = entry["code"], 2
        while code in table:
            code, number = f"{entry['code']}_{number}", number + 1
        table[code] = {name: value for name, value in entry.items() if name != "code"}
    return table


def _differences(key: str, a: Any, b: Any) -> Iterator[Difference]:
    last = key.rpartition(".")[2]
    if isinstance(a, dict) and isinstance(b, dict) and last not in ANSWERS and not last.endswith("_minor"):
        for name in [*a, *(name for name in b if name not in a)]:
            if name != "label":
                yield from _differences(f"{key}.{name}" if key else name, a.get(name), b.get(name))
    elif a != b:
        yield Difference(key, a, b)
