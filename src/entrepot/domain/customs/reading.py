"""Lines as people write them: texts by column, read into arrays; every cell that cannot be read is named.

A column is read by its different texts: each is parsed once, however many lines write it.

Columns and their units: docs/rules/landed-cost.md.
"""

import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

import numpy as np

from entrepot.domain.customs.arrays import AMOUNTS, NOT_STATED, Lines, Way, Whole, Words
from entrepot.domain.customs.problems import ROWS_NAMED, Problem, bad_lines, told
from entrepot.domain.customs.rates import MEASURES
from entrepot.kernel.errors import EntrepotError, Invalid
from entrepot.kernel.money import EXPONENTS, parse_minor

T = TypeVar("T")
W = TypeVar("W", bound=Hashable)

#: Columns whose values are among a few words, the first where nothing is written.
CHOICES: Mapping[str, tuple[str, ...]] = {
    "importer": ("shopper", "seller", "platform", "third_party"),
    "collected": ("at_sale", "at_border"),
    "mode": ("air", "express", "post", "post_flat", "sea", "rail", "truck"),
    "incoterm": ("DDP", "EXW", "FCA", "FAS", "FOB", "CFR", "CPT", "CIF", "CIP", "DAP", "DPU"),
}
MONEY = tuple(name.removesuffix("_minor") for name in AMOUNTS)
REQUIRED = ("hs", "origin", "destination", "date", "quantity", "weight_g", "currency")
COLUMNS = ("consignment", *REQUIRED, "region", *MONEY, *CHOICES, "tax_class", "measures")

_COUNTRY = re.compile(r"[A-Z]{2}")
_HS = re.compile(r"\d{6,10}")
_REGION = re.compile(r"[A-Z0-9]{0,3}")
_QUANTITY_MAX = 1_000_000_000


class UnknownColumn(Invalid):
    """A column that there is not."""

    code = "customs.unknown_column"
    message = "There is no column {column}; the columns are {columns}."


class NoLines(Invalid):
    """Nothing to compute."""

    code = "customs.no_lines"
    message = "There are no lines."


def read(rows: Iterable[Mapping[str, Any]]) -> Lines:
    """Rows of texts (or JSON values) as lines. Raises: BadLines, UnknownColumn, NoLines."""
    table = _Table(list(rows))
    country = table.texts("destination", _word("destination", _COUNTRY, "country; write two capital letters"))
    region = table.texts("region", _word("region", _REGION, "state or province; write its letters, such as CA"))
    currencies = table.texts("currency", _currency)
    ways = [table.texts(name, _choice(name)) for name in CHOICES]
    classes = table.texts("tax_class", lambda text: text or "standard")
    named = table.texts("consignment", str)
    hs, hs_words = _numbered(table.texts("hs", _hs))
    origin, origin_words = _numbered(table.texts("origin", _word("origin", _COUNTRY, "country; write two letters")))
    place, place_words = _numbered(zip(country, region, strict=True))
    way, way_words = _numbered(zip(*ways, classes, strict=True))
    currency, currency_words = _numbered(currencies)
    consignment, _ = _numbered(name or (number,) for number, name in enumerate(named))
    numbers = {
        "day": [_ordinal(day) for day in table.texts("date", _day)],
        **{name: table.texts(name, _whole(name)) for name in ("quantity", "weight_g")},
        **{f"{name}_minor": table.amounts(name, currencies) for name in MONEY},
    }
    measures = table.measures()
    table.raise_any()
    lines = Lines(
        Words(
            hs_words,
            origin_words,
            [f"{country}-{region}" if region else country for country, region in place_words],
            [Way(*words) for words in way_words],
            currency_words,
        ),
        consignment=consignment,
        hs=hs,
        origin=origin,
        place=place,
        way=way,
        currency=currency,
        measures=measures,
        **{name: np.array(column, dtype=np.int64) for name, column in numbers.items()},
    )
    _check_consignments(lines)
    return lines


class _Bad(Exception):
    """A text that cannot be read: the reason and its values."""


class _Table:
    """Rows, read column by column."""

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        if not rows:
            raise NoLines(field="lines")
        self.rows = rows
        self.problems: list[Problem] = []
        self.count = 0
        known = frozenset(COLUMNS)
        for row in rows:
            if not known.issuperset(row):
                unknown = next(name for name in row if name not in known)
                raise UnknownColumn(column=unknown, columns=", ".join(COLUMNS))

    def texts(self, name: str, parse: Callable[[str], T]) -> list[T]:
        """A column, each different text parsed once; where that fails the lines are noted and have what "" would be."""
        texts = ["" if (value := row.get(name)) is None else str(value).strip() for row in self.rows]
        required = name in REQUIRED
        values: dict[str, T] = {}
        wrong: dict[str, _Bad] = {}
        for text in dict.fromkeys(texts):
            try:
                if required and not text:
                    raise _Bad("missing_value", {"name": name})
                values[text] = parse(text)
            except _Bad as bad:
                wrong[text], values[text] = bad, parse("")
        if wrong:
            for place, text in enumerate(texts):
                if text in wrong:
                    self.say(place, wrong[text])
        return [values[text] for text in texts]

    def amounts(self, name: str, currencies: Sequence[str]) -> list[int]:
        """Amounts in minor units of each line's currency."""
        nothing = NOT_STATED if name in {"cost", "retail"} else 0
        known: dict[tuple[str, str], int | _Bad] = {}
        result = []
        for place, (row, currency) in enumerate(zip(self.rows, currencies, strict=True)):
            value = row.get(name)
            key = ("" if value is None else str(value).strip(), currency)
            found = known.get(key)
            if found is None:
                found = known[key] = _amount(name, *key, nothing)
            if isinstance(found, _Bad):
                self.say(place, found)
                found = nothing
            result.append(found)
        return result

    def measures(self) -> dict[str, Whole]:
        """`litre=12.5 drained_kg=3`, or the same as a JSON object: thousandths by measure."""
        stated: dict[str, dict[int, int]] = {}
        for place, row in enumerate(self.rows):
            value = row.get("measures")
            pairs = value.items() if isinstance(value, Mapping) else _pairs(value) if value else ()
            for name, text in pairs:
                try:
                    stated.setdefault(name, {})[place] = _measure(name, str(text))
                except _Bad as bad:
                    self.say(place, bad)
        result = {}
        for name, amounts in stated.items():
            result[name] = np.full(len(self.rows), NOT_STATED, dtype=np.int64)
            result[name][list(amounts)] = list(amounts.values())
        return result

    def say(self, place: int, bad: _Bad) -> None:
        """This line cannot be read."""
        self.count += 1
        if len(self.problems) < ROWS_NAMED:
            self.problems.append(told(place, *bad.args))

    def raise_any(self) -> None:
        """Raises: BadLines."""
        if self.problems:
            raise bad_lines(self.problems, self.count)


def _numbered(words: Iterable[W]) -> tuple[Whole, tuple[W, ...]]:
    """Each line's word as a number, and the words."""
    known: dict[W, int] = {}
    numbers = [known.setdefault(word, len(known)) for word in words]
    return np.array(numbers, dtype=np.int64), tuple(known)


# Cells. An empty text is what stands where a text was refused.


def _word(name: str, pattern: re.Pattern[str], kind: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text and not pattern.fullmatch(text):
            raise _Bad("bad_value", {"name": name, "value": text[:20], "kind": kind})
        return text

    return parse


def _hs(text: str) -> str:
    code = re.sub(r"[ .]", "", text)
    if code and not (code.isascii() and _HS.fullmatch(code)):
        raise _Bad("bad_hs", {"hs": text[:20]})
    return code


def _choice(name: str) -> Callable[[str], str]:
    words = CHOICES[name]

    def parse(text: str) -> str:
        if text and text not in words:
            raise _Bad("bad_word", {"name": name, "value": text[:20], "words": ", ".join(words)})
        return text or words[0]

    return parse


def _currency(text: str) -> str:
    if text and text not in EXPONENTS:
        raise _Bad("unknown_currency", {"value": text[:20]})
    return text


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise _Bad("bad_value", {"name": "date", "value": text[:20], "kind": "day; write it as 2026-07-01"}) from None


def _ordinal(day: date | None) -> int:
    return day.toordinal() if day else 1


def _whole(name: str) -> Callable[[str], int]:
    def parse(text: str) -> int:
        try:
            value = int(text or 1)
        except ValueError:
            raise _Bad("bad_value", {"name": name, "value": text[:20], "kind": "whole number"}) from None
        if value <= 0:
            raise _Bad("not_positive", {"name": name, "value": value})
        if value > _QUANTITY_MAX:
            raise _Bad("too_large", {"name": name, "value": value})
        return value

    return parse


def _amount(name: str, text: str, currency: str, nothing: int) -> int | _Bad:
    if not text or not currency:
        return nothing
    try:
        minor = parse_minor(text, currency)
    except EntrepotError as error:
        return _Bad("bad_value", {"name": name, "value": text[:20], "kind": f"amount in {currency} ({error})"})
    return minor if minor >= 0 else _Bad("negative", {"name": name, "value": text[:20]})


def _measure(name: str, text: str) -> int:
    if name not in MEASURES:
        raise _Bad("bad_word", {"name": "measures", "value": name[:20], "words": ", ".join(MEASURES)})
    try:
        amount = Decimal(text) * 1000
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0 or amount > 10**15 or amount != amount.to_integral_value():
        kind = "amount with three decimal places"
        raise _Bad("bad_value", {"name": "measures", "value": text[:20], "kind": kind})
    return int(amount)


def _pairs(text: Any) -> Iterable[tuple[str, str]]:
    for part in re.split(r"[;\s]+", str(text)):
        if part:
            name, _, amount = part.partition("=")
            yield name, amount


def _check_consignments(lines: Lines) -> None:
    """That what is declared together goes one way to one place on one day in one currency. Raises: BadLines."""
    first = np.zeros(lines.consignments, dtype=np.int64)
    first[lines.consignment[::-1]] = np.arange(len(lines))[::-1]
    differs = np.zeros(len(lines), dtype=np.bool_)
    for column in (lines.place, lines.way, lines.day, lines.currency):
        differs |= column != column[first[lines.consignment]]
    places = np.flatnonzero(differs)
    if len(places):
        raise bad_lines([told(place, "not_one", {}) for place in places[:ROWS_NAMED].tolist()], len(places))
