"""Lines as people write them: texts by column, read into arrays; every cell that cannot be read is named.

Columns and their units: docs/rules/landed-cost.md.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np

from entrepot.domain.customs.arrays import AMOUNTS, NOT_STATED, Lines, Way, Whole, Words
from entrepot.domain.customs.problems import ROWS_NAMED, Problem, bad_lines, told
from entrepot.domain.customs.rates import MEASURES
from entrepot.kernel.errors import EntrepotError, Invalid
from entrepot.kernel.money import EXPONENTS, parse_minor

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
    reader = _Reader()
    for row in rows:
        reader.add(row)
    return reader.lines()


class _Numbers(dict[Any, int]):
    """Words by the order in which they come."""

    def __missing__(self, word: Any) -> int:
        self[word] = number = len(self)
        return number


class _Reader:
    def __init__(self) -> None:
        self.columns: dict[str, list[int]] = {
            name: [] for name in Lines.__dataclass_fields__ if name not in {"words", "measures"}
        }
        self.measures: dict[str, dict[int, int]] = {}
        self.words = {name: _Numbers() for name in ("consignment", "hs", "origin", "place", "way", "currency")}
        self.problems: list[Problem] = []
        self.count = self.place = 0
        self.row: Mapping[str, Any] = {}

    def add(self, row: Mapping[str, Any]) -> None:
        """One line."""
        if unknown := [name for name in row if name not in COLUMNS]:
            raise UnknownColumn(column=unknown[0], columns=", ".join(COLUMNS))
        self.row, wrong = row, self.count
        for name in REQUIRED:
            if self._text(name) == "":
                self._say("missing_value", name=name)
        country = self._word("destination", _COUNTRY, "country; write two capital letters")
        region = self._word("region", _REGION, "state or province; write its letters, such as CA")
        values: dict[str, Any] = {
            "hs": self._hs(),
            "origin": self._word("origin", _COUNTRY, "country; write two capital letters"),
            "place": f"{country}-{region}" if region else country,
            "way": Way(
                **{name: self._choice(name) for name in CHOICES}, tax_class=self._text("tax_class") or "standard"
            ),
            "currency": self._currency(),
            "consignment": self._text("consignment") or (self.place,),
        }
        for name, value in values.items():
            self.columns[name].append(self.words[name][value])
        self.columns["day"].append(self._day().toordinal())
        for name in ("quantity", "weight_g"):
            self.columns[name].append(self._whole(name))
        for name in MONEY:
            nothing = NOT_STATED if name in {"cost", "retail"} else 0
            self.columns[f"{name}_minor"].append(self._amount(name, values["currency"], nothing))
        for name, amount in self._measures():
            self.measures.setdefault(name, {})[self.place] = amount
        self.place += 1
        self.count = wrong + (self.count > wrong)

    def lines(self) -> Lines:
        """All of them. Raises: BadLines, NoLines."""
        if self.problems:
            raise bad_lines(self.problems, self.count)
        if not self.place:
            raise NoLines(field="lines")
        words = Words(*(tuple(self.words[name]) for name in ("hs", "origin", "place", "way", "currency")))
        columns: dict[str, Whole] = {name: np.array(column, dtype=np.int64) for name, column in self.columns.items()}
        measures = {}
        for name, stated in self.measures.items():
            measures[name] = np.full(self.place, NOT_STATED, dtype=np.int64)
            measures[name][list(stated)] = list(stated.values())
        lines = Lines(words=words, measures=measures, **columns)
        _check_consignments(lines)
        return lines

    # Cells.

    def _text(self, name: str) -> str:
        value = self.row.get(name)
        return "" if value is None else str(value).strip()

    def _say(self, reason: str, **values: Any) -> None:
        self.count += 1
        if len(self.problems) < ROWS_NAMED:
            self.problems.append(told(self.place, reason, values))

    def _word(self, name: str, pattern: re.Pattern[str], kind: str) -> str:
        text = self._text(name)
        if text and not pattern.fullmatch(text):
            self._say("bad_value", name=name, value=text[:20], kind=kind)
        return text

    def _hs(self) -> str:
        text = re.sub(r"[ .]", "", self._text("hs"))
        if text and not (text.isascii() and _HS.fullmatch(text)):
            self._say("bad_hs", hs=self._text("hs")[:20])
        return text

    def _choice(self, name: str) -> str:
        words = CHOICES[name]
        text = self._text(name) or words[0]
        if text not in words:
            self._say("bad_word", name=name, value=text[:20], words=", ".join(words))
        return text

    def _currency(self) -> str:
        text = self._text("currency")
        if text and text not in EXPONENTS:
            self._say("unknown_currency", value=text[:20])
        return text

    def _day(self) -> date:
        text = self._text("date")
        try:
            return date.fromisoformat(text)
        except ValueError:
            if text:
                self._say("bad_value", name="date", value=text[:20], kind="day; write it as 2026-07-01")
            return date.min

    def _whole(self, name: str) -> int:
        text = self._text(name)
        try:
            value = int(text or 1)
        except ValueError:
            self._say("bad_value", name=name, value=text[:20], kind="whole number")
            return 1
        if value <= 0:
            self._say("not_positive", name=name, value=value)
        elif value > _QUANTITY_MAX:
            self._say("too_large", name=name, value=value)
        return value

    def _amount(self, name: str, currency: str, nothing: int) -> int:
        text = self._text(name)
        if not text or currency not in EXPONENTS:
            return nothing
        try:
            minor = parse_minor(text, currency)
        except EntrepotError as error:
            self._say("bad_value", name=name, value=text[:20], kind=f"amount in {currency} ({error})")
            return nothing
        if minor < 0:
            self._say("negative", name=name, value=text[:20])
        return minor

    def _measures(self) -> Iterable[tuple[str, int]]:
        """`litre=12.5 drained_kg=3`, or the same as a JSON object."""
        stated = self.row.get("measures")
        pairs = stated.items() if isinstance(stated, Mapping) else _pairs(self._text("measures"))
        for name, text in pairs:
            try:
                amount = Decimal(str(text)) * 1000
            except InvalidOperation:
                amount = Decimal("NaN")
            if name not in MEASURES:
                self._say("bad_word", name="measures", value=str(name)[:20], words=", ".join(MEASURES))
            elif not amount.is_finite() or amount < 0 or amount != amount.to_integral_value() or amount > 10**15:
                self._say("bad_value", name="measures", value=str(text)[:20], kind="amount with three decimal places")
            else:
                yield name, int(amount)


def _pairs(text: str) -> Iterable[tuple[str, str]]:
    for part in re.split(r"[;\s]+", text):
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
