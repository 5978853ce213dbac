"""From the text of a column to a value: one reader per field, which reads each different text once.

What a text means is said by the field of the mapping; what a value must be is said by its kind.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from entrepot.intake.grammar import Case, Field, Unlisted
from entrepot.kernel import measure, money
from entrepot.kernel.errors import EntrepotError, Invalid

#: Different texts of one field that are remembered; a column of keys would otherwise fill the memory.
REMEMBERED = 50_000

#: The largest whole number that is read, so that a sum of a million of them stays within 64 bits.
WHOLE_MAX = 1_000_000_000_000


@dataclass(frozen=True, slots=True)
class Bad:
    """A text that could not be read, and why; `error` says it in a way that can be translated."""

    why: str
    error: EntrepotError | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """What a field of ours is: its kind, whether a row can do without it, and its longest text."""

    kind: str
    required: bool = False
    most: int = 80


TEXT, CODE, COUNTRY, MONEY, WHOLE, NUMBER = "text", "code", "country", "amount", "whole number", "number"
PRODUCTS: Mapping[str, Target] = {
    "code": Target(CODE, required=True),
    "sku": Target(CODE),
    "title": Target(TEXT, most=300),
    "description": Target(TEXT, most=20_000),
    "category": Target(TEXT, most=60),
    "category_name": Target(TEXT, most=120),
    "brand": Target(TEXT, most=100),
    "weight": Target("weight"),
    "length": Target("length"),
    "width": Target("length"),
    "height": Target("length"),
    "hs_code": Target("hs_code"),
    "origin_country": Target(COUNTRY),
    "barcode": Target(TEXT, most=40),
    "battery": Target("flag"),
    "bulky": Target("flag"),
    "pack_quantity": Target("whole number"),
    "unit": Target(TEXT, most=20),
    "price": Target(MONEY),
    "seller": Target(CODE),
}
SELLERS: Mapping[str, Target] = {
    "code": Target(CODE, required=True, most=60),
    "name": Target(TEXT, most=200),
    "country": Target(COUNTRY, required=True),
    "settlement_currency": Target("currency", required=True),
}
LINES: Mapping[str, Target] = {
    "invoice": Target(CODE, required=True),
    "code": Target(CODE, required=True),
    "quantity": Target("whole number", required=True),
    "price": Target("exact amount", required=True),
    "at": Target("time", required=True),
    "title": Target(TEXT, most=300),
    "customer": Target(CODE),
    "country": Target(COUNTRY),
}
TABLES = {"products": PRODUCTS, "sellers": SELLERS, "lines": LINES}

#: Families of names that a table takes beside its own: what follows the dot is free.
FAMILIES = {
    "products": {"option": Target(TEXT, most=60)},
    "sellers": {"profile": Target(TEXT, most=200)},
    "lines": {"also": Target(TEXT, most=300)},
}

#: Kinds of value to which a unit belongs, with the units that are known.
UNITS = {"weight": measure.GRAMS, "length": measure.MILLIMETRES}


def target(table: str, name: str) -> Target | None:
    """What a field of a table is, or None where there is no such field."""
    family, dot, rest = name.partition(".")
    if dot:
        return FAMILIES[table].get(family) if rest else None
    return TABLES[table].get(name)


class Reader:
    """Reads one field of a table, column by column."""

    def __init__(self, name: str, spec: Field, aim: Target) -> None:
        self.name, self.spec, self.aim = name, spec, aim
        self.required = aim.required if spec.required is None else spec.required
        self.inputs = [*spec.column, *([spec.currency_column] if spec.currency_column else [])]
        self.bad: dict[int, Bad] = {}
        self._known: dict[Any, Any] = {}
        self._value = _VALUES[aim.kind]
        self._blank = frozenset(spec.blank)

    def read(self, columns: Mapping[str, Sequence[str]], count: int) -> tuple[list[Any], list[tuple[int, str]]]:
        """The values of `count` rows, and (row, why) of those that could not be read."""
        if not self.inputs:
            texts: Sequence[Any] = [()] * count
        elif len(self.inputs) == 1:
            texts = columns[self.inputs[0]]
        else:
            texts = list(zip(*(columns[name] for name in self.inputs), strict=True))
        known = self._known
        if len(known) > REMEMBERED:
            known.clear()
        for text in set(texts).difference(known):
            known[text] = self._one((text,) if isinstance(text, str) else text)
        values = [known[text] for text in texts]
        self.bad = {row: value for row, value in enumerate(values) if type(value) is Bad}
        for row in self.bad:
            values[row] = None
        return values, [(row, value.why) for row, value in self.bad.items()]

    def _one(self, texts: tuple[str, ...]) -> Any:
        try:
            text = self._text(texts)
            if text == "":
                return Bad(f"{self.name}: missing{self._where()}", _missing()) if self.required else None
            return self._value(text, self, texts)
        except EntrepotError as problem:
            why = str(problem).removeprefix(f"{problem.field}: ")
            return Bad(f"{self.name}: {why}{self._where()}", problem)

    def _where(self) -> str:
        return f" (column {', '.join(self.spec.column)})" if self.spec.column else ""

    def _text(self, texts: tuple[str, ...]) -> str:
        """The text that the field stands for, blank where there is none."""
        spec = self.spec
        if spec.constant is not None:
            return spec.constant
        own = [text.strip() for text in texts[: len(spec.column)]]
        own = ["" if text in self._blank else text for text in own]
        text = next(filter(None, own), "") if spec.glue is None else spec.glue.join(filter(None, own))
        if text and spec.pattern is not None:
            found = spec.pattern.search(text)
            text = (found.group(1) if spec.pattern.groups else found.group()) if found else ""
        if text and spec.values:
            text = self._listed(text)
        if spec.case is not None:
            text = text.upper() if spec.case is Case.UPPER else text.lower()
        return (text.rjust(spec.pad, "0") if text else text) or spec.default or ""

    def _listed(self, text: str) -> str:
        if text in self.spec.values:
            return self.spec.values[text]
        if self.spec.unlisted is Unlisted.BLANK:
            return ""
        if self.spec.unlisted is Unlisted.REFUSE:
            raise Invalid("intake.unlisted", "{text!r} is not among the values that the mapping names.", text=text[:40])
        return text


def _missing() -> Invalid:
    return Invalid("intake.missing", "This cannot be empty.")


def _number(text: str, reader: Reader) -> str:
    """A number as digits with a decimal point; grouping signs go."""
    if reader.spec.decimal == ",":
        return text.replace(".", "").replace(" ", "").replace("\u00a0", "").replace(",", ".")
    return re.sub(r"(?<=\d),(?=\d{3}(\D|$))", "", text)


def _words(text: str, reader: Reader, texts: tuple[str, ...]) -> str:
    if "\x00" in text:
        raise Invalid("intake.control_character", "the text holds a NUL character.")
    if len(text) > reader.aim.most:
        raise Invalid(
            "intake.too_long", "{length} characters; at most {most} are kept.", length=len(text), most=reader.aim.most
        )
    return text


def _code(text: str, reader: Reader, texts: tuple[str, ...]) -> str:
    if not text.isprintable():
        raise Invalid("intake.control_character", "a code cannot hold control characters.")
    return _words(text, reader, texts)


def _flag(text: str, reader: Reader, texts: tuple[str, ...]) -> bool:
    word = text.lower()
    if word in {"1", "true", "yes", "y", "t", "x"}:
        return True
    if word in {"0", "false", "no", "n", "f"}:
        return False
    raise Invalid("intake.not_a_flag", "{text!r} is neither yes nor no; give values in the mapping.", text=text[:40])


def _exact(text: str, reader: Reader) -> Decimal:
    try:
        cleaned = _number(text, reader)
        if not cleaned.isascii():
            raise InvalidOperation
        value = Decimal(cleaned)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise Invalid("intake.not_a_number", "{text!r} is not a number.", text=text[:40])
    if abs(value) > WHOLE_MAX:
        raise Invalid("intake.number_too_large", "{text} is larger than anything that is counted here.", text=text[:40])
    return value


def _whole(text: str, reader: Reader, texts: tuple[str, ...]) -> int:
    value = _exact(text, reader)
    if value != value.to_integral_value():
        raise Invalid("intake.not_whole", "{text} is not a whole number.", text=text[:40])
    return int(value)


def _currency(text: str, reader: Reader, texts: tuple[str, ...]) -> str:
    money.exponent(text)
    return text


def _priced_in(reader: Reader, texts: tuple[str, ...]) -> str:
    """The currency of the row: of its own column where there is one, else the mapping's."""
    own = texts[-1].strip().upper() if reader.spec.currency_column else ""
    code = own or reader.spec.currency
    if not code:
        raise Invalid("intake.currency_missing", "the currency is missing.")
    return _currency(code, reader, texts)


def _amount(text: str, reader: Reader, texts: tuple[str, ...]) -> tuple[int, str]:
    currency = _priced_in(reader, texts)
    minor = money.parse_minor(_number(text, reader), currency)
    if minor < 0:
        raise Invalid("intake.amount_negative", "{text} is below zero.", text=text[:40])
    return minor, currency


def _exact_amount(text: str, reader: Reader, texts: tuple[str, ...]) -> tuple[Decimal, str]:
    return _exact(text, reader), _priced_in(reader, texts)


def _country(text: str, reader: Reader, texts: tuple[str, ...]) -> str:
    if not re.fullmatch(r"[A-Z]{2}", text):
        raise Invalid(
            "intake.not_a_country",
            "{text!r} is not a country of two capital letters; give values in the mapping.",
            text=text[:40],
        )
    return text


def _hs_code(text: str, reader: Reader, texts: tuple[str, ...]) -> str:
    digits = re.sub(r"[. ]", "", text)
    if not re.fullmatch(r"\d{4,10}", digits):
        raise Invalid("intake.not_an_hs_code", "{text!r} is not an HS code of 4 to 10 digits.", text=text[:40])
    return digits


def _time(text: str, reader: Reader, texts: tuple[str, ...]) -> datetime:
    spec = reader.spec
    try:
        if spec.format == "unix":
            return datetime.fromtimestamp(int(text), UTC)
        value = datetime.strptime(text, spec.format) if spec.format else datetime.fromisoformat(text)  # noqa: DTZ007
        return (value if value.tzinfo else value.replace(tzinfo=ZoneInfo(spec.zone))).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        raise Invalid(
            "intake.not_a_time",
            "{text!r} is not a time of the form {form}.",
            text=text[:40],
            form=spec.format or "2026-01-31 12:30",
        ) from None


_VALUES: Mapping[str, Callable[[str, Reader, tuple[str, ...]], Any]] = {
    TEXT: _words,
    CODE: _code,
    COUNTRY: _country,
    MONEY: _amount,
    "exact amount": _exact_amount,
    "weight": lambda text, reader, texts: measure.grams(_number(text, reader), reader.spec.unit),
    "length": lambda text, reader, texts: measure.millimetres(_number(text, reader), reader.spec.unit),
    "hs_code": _hs_code,
    "flag": _flag,
    WHOLE: _whole,
    NUMBER: lambda text, reader, texts: _exact(text, reader),
    "currency": _currency,
    "time": _time,
}
