"""How a document is read and written: kinds of value, records made of keys, and problems that name the key.

A record is a frozen dataclass: the type of a field says how its key is read, `Annotated[int, Whole(0, 400)]` where
bounds or a form matter. `read` collects every problem instead of stopping at the first; `write` gives the canonical
form, plain JSON with every default said. Nothing here knows what a programme is.
"""

import difflib
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import lru_cache
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from entrepot.domain.terms import bases
from entrepot.kernel import money

#: Stands for a value that could not be read; its problem is in the report.
BAD: Any = object()

RATE_PLACES = 6


def _(text: str) -> str:
    """Marks a sentence for translation; `words.problem` translates it."""
    return text


MESSAGES: Mapping[str, str] = {
    "unknown_key": _("unknown key; known here: {known}"),
    "unknown_key_near": _("unknown key; did you mean {near}?"),
    "missing": _("missing; expected {expected}"),
    "wrong_type": _("{found} is not {expected}"),
    "unknown_choice": _("{found} is not known; choose from {known}"),
    "unknown_choice_near": _("{found} is not known; did you mean {near}?"),
    "not_finite": _("{found} is not a number one can multiply by"),
    "rate_out_of_range": _("{found} is {percent} %; a rate lies between 0 and 1"),
    "below_least": _("{found} is below the least that is allowed, {least}"),
    "above_most": _("{found} is above the most that is allowed, {most}"),
    "too_precise": _("{found} has more than {places} decimal places"),
    "empty": _("empty; expected {expected}"),
    "too_long": _("{found} characters; at most {most} are allowed"),
    "bad_form": _("{found} is not {expected}"),
    "bad_date": _("{found} is not a date; write it as 2026-01-31"),
    "unknown_currency": _("{found} is not an ISO 4217 currency known here"),
    "unknown_component": _("{name} is not a component of a base; known: {known}"),
    "unreadable_base": _("{found} is not a base; write a sum such as customer_payment + platform_discount - tax"),
    "twice": _("{found} stands here twice"),
}


@dataclass(frozen=True)
class Problem:
    """What is wrong with one key and what to do about it: a stable code and its values; `str` is English."""

    key: str
    code: str
    values: Mapping[str, Any]
    template: str

    def __str__(self) -> str:
        return f"{self.key}: {self.template.format(**self.values)}"


class Report:
    """Collects problems; `add` returns BAD so that a reader can say what is wrong in one line."""

    def __init__(self, messages: Mapping[str, str] = MESSAGES) -> None:
        self.messages = messages
        self.problems: list[Problem] = []

    def add(self, key: str, code: str, **values: Any) -> Any:
        """Note a problem of this key."""
        self.problems.append(Problem(key or "document", code, values, self.messages[code]))
        return BAD

    def unknown(self, key: str, code: str, found: str, known: Iterable[str]) -> Any:
        """Note an unknown name, with the nearest known one where there is one."""
        names = [str(name) for name in known]
        near = difflib.get_close_matches(found, names, n=1, cutoff=0.6)
        if near:
            return self.add(key, f"{code}_near", found=show(found), near=near[0])
        return self.add(key, code, found=show(found), known=", ".join(names))


def show(raw: object) -> str:
    """A value as a message quotes it: short, and safe whatever it is."""
    if isinstance(raw, dict | list | tuple):
        return "a table" if isinstance(raw, dict) else "a list"
    if isinstance(raw, bool):
        return str(raw).lower()
    if isinstance(raw, int) and abs(raw) >= 10**40:
        return "a number of more than 40 digits"
    text = f'"{raw}"' if isinstance(raw, str) else str(raw)
    return text if len(text) <= 60 else f"{text[:57]}…"


class Kind:
    """One kind of value. `says` completes the sentence "expected …" and the reference page."""

    says: str = ""

    def read(self, raw: Any, key: str, report: Report) -> Any:
        """The value, or BAD after noting what is wrong."""
        raise NotImplementedError

    def write(self, value: Any) -> Any:
        """The canonical JSON of a value."""
        return value

    def refuse(self, raw: object, key: str, report: Report) -> Any:
        """Note that this is another kind of value."""
        return report.add(key, "wrong_type", found=show(raw), expected=self.says)


class Text(Kind):
    """Words on one or several lines, stripped."""

    def __init__(self, most: int = 200, says: str = "text") -> None:
        self.most, self.says = most, says

    def read(self, raw: Any, key: str, report: Report) -> Any:
        if not isinstance(raw, str):
            return self.refuse(raw, key, report)
        text = " ".join(raw.split())
        if not text:
            return report.add(key, "empty", expected=self.says)
        if len(text) > self.most:
            return report.add(key, "too_long", found=len(text), most=self.most)
        if not text.isprintable():
            return report.add(key, "bad_form", found="text with control characters", expected=self.says)
        return text


class Pattern(Text):
    """A name of a fixed form."""

    def __init__(self, pattern: str, says: str, most: int = 60) -> None:
        super().__init__(most, says)
        self.pattern = re.compile(pattern)

    def read(self, raw: Any, key: str, report: Report) -> Any:
        text = super().read(raw, key, report)
        if text is BAD or self.pattern.fullmatch(text):
            return text
        return report.add(key, "bad_form", found=show(text), expected=self.says)


class Flag(Kind):
    """Yes or no."""

    says = "true or false"

    def read(self, raw: Any, key: str, report: Report) -> Any:
        return raw if isinstance(raw, bool) else self.refuse(raw, key, report)


class Whole(Kind):
    """A whole number within bounds."""

    def __init__(self, least: int, most: int, says: str = "a whole number") -> None:
        self.least, self.most, self.says = least, most, says

    def read(self, raw: Any, key: str, report: Report) -> Any:
        if not isinstance(raw, int) or isinstance(raw, bool):
            return self.refuse(raw, key, report)
        if raw < self.least:
            return report.add(key, "below_least", found=show(raw), least=self.least)
        return raw if raw <= self.most else report.add(key, "above_most", found=show(raw), most=self.most)


class Number(Kind):
    """A decimal of at most six places within bounds; read without ever passing through binary fractions."""

    def __init__(self, least: int, most: int, says: str = "a number") -> None:
        self.least, self.most, self.says = Decimal(least), Decimal(most), says

    def read(self, raw: Any, key: str, report: Report) -> Any:
        if not isinstance(raw, int | float | Decimal | str) or isinstance(raw, bool):
            return self.refuse(raw, key, report)
        try:
            value = Decimal(repr(raw) if isinstance(raw, float) else raw)
        except InvalidOperation:
            return self.refuse(raw, key, report)
        if not value.is_finite():
            return report.add(key, "not_finite", found=show(raw))
        if not self.least <= value <= self.most:
            return self.outside(value, raw, key, report)
        exact = value.quantize(Decimal(1).scaleb(-RATE_PLACES))
        if exact != value:
            return report.add(key, "too_precise", found=show(raw), places=RATE_PLACES)
        return _plain(exact)

    def outside(self, value: Decimal, raw: object, key: str, report: Report) -> Any:
        """Note that the number is out of bounds."""
        if value < self.least:
            return report.add(key, "below_least", found=show(raw), least=self.least)
        return report.add(key, "above_most", found=show(raw), most=self.most)

    def write(self, value: Decimal) -> str:
        return format(value, "f")


class Rate(Number):
    """A share of a whole; 0.06 is six per cent."""

    def __init__(self) -> None:
        super().__init__(0, 1, "a rate between 0 and 1")

    def outside(self, value: Decimal, raw: object, key: str, report: Report) -> Any:
        percent = format(_plain(value * 100), "f") if abs(value) < 10**9 else "far beyond 100"
        return report.add(key, "rate_out_of_range", found=show(raw), percent=percent)


class Day(Kind):
    """A calendar date."""

    says = "a date such as 2026-01-31"

    def read(self, raw: Any, key: str, report: Report) -> Any:
        if isinstance(raw, date) and not isinstance(raw, datetime):
            return raw
        if isinstance(raw, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", raw):
            try:
                return date.fromisoformat(raw)
            except ValueError:
                pass
        return report.add(key, "bad_date", found=show(raw))

    def write(self, value: date) -> str:
        return value.isoformat()


class Choice(Kind):
    """One of a fixed set of words."""

    def __init__(self, options: type[StrEnum]) -> None:
        self.options = options
        self.says = "one of " + ", ".join(options)

    def read(self, raw: Any, key: str, report: Report) -> Any:
        if not isinstance(raw, str):
            return self.refuse(raw, key, report)
        try:
            return self.options(raw)
        except ValueError:
            return report.unknown(key, "unknown_choice", raw, self.options)

    def write(self, value: StrEnum) -> str:
        return value.value


class BaseKind(Kind):
    """A declared base."""

    says = "a base such as customer_payment - tax"

    def read(self, raw: Any, key: str, report: Report) -> Any:
        if not isinstance(raw, str):
            return self.refuse(raw, key, report)
        try:
            return bases.parse(raw)
        except bases.UnreadableError as error:
            if error.name:
                return report.add(key, "unknown_component", name=show(error.name), known=", ".join(bases.NAMES))
            return report.add(key, "unreadable_base", found=show(raw))

    def write(self, value: bases.Base) -> str:
        return value.text


#: How a plain type is read.
NATURAL: Mapping[type, Kind] = {bool: Flag(), date: Day(), str: Text(), bases.Base: BaseKind()}


class ListOf(Kind):
    """Several values of one kind, each once."""

    def __init__(self, kind: Kind, most: int = 200) -> None:
        self.kind, self.most, self.says = kind, most, f"a list, each {kind.says}"

    def read(self, raw: Any, key: str, report: Report) -> Any:
        if not isinstance(raw, list | tuple):
            return self.refuse(raw, key, report)
        if len(raw) > self.most:
            return report.add(key, "above_most", found=len(raw), most=self.most)
        values = [self.kind.read(item, f"{key}[{index}]", report) for index, item in enumerate(raw)]
        if any(value is BAD for value in values):
            return BAD
        for index, value in enumerate(values):
            if value in values[:index]:
                return report.add(f"{key}[{index}]", "twice", found=show(raw[index]))
        return tuple(values)

    def write(self, value: Iterable[Any]) -> list[Any]:
        return [self.kind.write(item) for item in value]


class TableOf(Kind):
    """A table whose keys are of one kind and whose values of another."""

    def __init__(self, names: Kind, kind: Kind, says: str = "", least: int = 0, most: int = 200) -> None:
        self.names, self.kind, self.least, self.most = names, kind, least, most
        self.says = says or f"a table, each {kind.says}"

    def read(self, raw: Any, key: str, report: Report) -> Any:
        if not isinstance(raw, dict):
            return self.refuse(raw, key, report)
        if len(raw) < self.least:
            return report.add(key, "empty", expected=self.says)
        if len(raw) > self.most:
            return report.add(key, "above_most", found=len(raw), most=self.most)
        read = [
            (self.names.read(name, f"{key}.{name}", report), self.kind.read(value, f"{key}.{name}", report))
            for name, value in raw.items()
        ]
        return BAD if any(BAD in (name, value) for name, value in read) else dict(read)

    def write(self, value: Mapping[Any, Any]) -> dict[str, Any]:
        return {self.names.write(name): self.kind.write(item) for name, item in value.items()}


class Currency(Kind):
    """An ISO 4217 code."""

    says = "an ISO 4217 currency"

    def read(self, raw: Any, key: str, report: Report) -> Any:
        return raw if raw in money.EXPONENTS else report.add(key, "unknown_currency", found=show(raw))


class Label(TableOf):
    """Words per language; a bare text is English."""

    def __init__(self, most: int) -> None:
        language = Pattern(r"[a-z]{2}(-[a-z]{2,4})?", "a language such as en or pt-br")
        super().__init__(language, Text(most), "text, or a table of texts by language with en")

    def read(self, raw: Any, key: str, report: Report) -> Any:
        texts = super().read({"en": raw} if isinstance(raw, str) else raw, key, report)
        if texts is not BAD and "en" not in texts:
            return report.add(f"{key}.en", "missing", expected="text")
        return texts


class Record(Kind):
    """A table with named keys, read into a dataclass. `short` names the key that a bare value stands for."""

    def __init__(self, record: Any, short: str = "") -> None:
        self.record, self.short, self.says = record, short, "a table with " + ", ".join(keys(record))

    def read(self, raw: Any, key: str, report: Report) -> Any:
        if self.short and not isinstance(raw, dict):
            value = keys(self.record)[self.short].read(raw, key, report)
            return BAD if value is BAD else self.record(**{self.short: value})
        return read(self.record, raw, key, report)

    def write(self, value: Any) -> dict[str, Any]:
        return write(value)


def keys(record: Any) -> dict[str, Kind]:
    """The keys of a record and their kinds, in order."""
    return _keys(record)


@lru_cache
def _keys(record: Any) -> dict[str, Kind]:
    hints = get_type_hints(record, include_extras=True)
    return {each.name: _kind_of(hints[each.name]) for each in fields(record)}


def defaults(record: Any) -> dict[str, Any]:
    """What the keys of a record say where they are left out; those that must be given are not in it."""
    found: dict[str, Any] = {}
    for each in fields(record):
        if each.default is not MISSING:
            found[each.name] = each.default
        elif each.default_factory is not MISSING:
            found[each.name] = each.default_factory()
    return found


def _kind_of(hint: Any) -> Kind:
    """The kind that a type means: the one it is annotated with, else the natural one."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return next(each for each in arguments if isinstance(each, Kind))
    if origin is UnionType or origin is Union:
        return _kind_of(next(each for each in arguments if each is not NoneType))
    if origin is tuple:
        return ListOf(_kind_of(arguments[0]))
    if origin is Mapping:
        return TableOf(_kind_of(arguments[0]), _kind_of(arguments[1]))
    return NATURAL.get(hint) or (Record(hint) if is_dataclass(hint) else Choice(hint))


def read(record: Any, raw: Any, at: str, report: Report) -> Any:
    """Read a table into a record, noting every problem. `at` is the key of the table, empty for the document."""
    if not isinstance(raw, dict):
        return report.add(at, "wrong_type", found=show(raw), expected="a table")
    prefix = f"{at}." if at else ""
    kinds = keys(record)
    for name in raw:
        if name not in kinds:
            report.unknown(f"{prefix}{name}", "unknown_key", str(name), kinds)
    may_lack = defaults(record)
    values: dict[str, Any] = {}
    for name, kind in kinds.items():
        if raw.get(name) is not None:
            values[name] = kind.read(raw[name], f"{prefix}{name}", report)
        elif name not in may_lack:
            values[name] = report.add(f"{prefix}{name}", "missing", expected=kind.says)
    return BAD if any(value is BAD for value in values.values()) else record(**values)


def write(value: Any) -> dict[str, Any]:
    """The canonical form of a record: every key that has something to say."""
    return {
        name: kind.write(item)
        for name, kind in keys(type(value)).items()
        if (item := getattr(value, name)) is not None and item != () and item != {}
    }


def digest(document: Mapping[str, Any]) -> str:
    """The hash of a canonical document."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def leaves(document: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Every answer of a canonical document with its key, such as `fees[0].rate`; a list of words is one answer."""
    if isinstance(document, dict):
        for name, item in document.items():
            yield from leaves(item, f"{key}.{name}" if key else name)
    elif isinstance(document, list) and document and isinstance(document[0], dict):
        for index, item in enumerate(document):
            yield from leaves(item, f"{key}[{index}]")
    else:
        yield key, document


def above(key: str) -> Iterator[str]:
    """A key and the tables that hold it: `fees[0].rate`, `fees[0]`, `fees`."""
    while key:
        yield key
        key = key[: max(key.rfind("."), key.rfind("["), 0)]


def _plain(value: Decimal) -> Decimal:
    """Without trailing zeros or an exponent, so that equal numbers are written alike."""
    return value.quantize(Decimal(1)) if value == value.to_integral_value() else value.normalize()
