"""Rate cards as files: one CSV row is one amount of a charge for a zone and a band. Pure; no database.

A row with something under `card` begins a card and says what holds for the whole of it; the rows below it belong to it.
docs/rules/freight.md explains every column.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, NoReturn

from entrepot.domain.logistics.cells import country, day, quantity
from entrepot.domain.logistics.charging import SCALE, TOP, Basis, By, Card, Charge, Container, Rate, Trigger
from entrepot.domain.logistics.weighing import GRAM, KILOGRAM, POUND, Throw, Weighing
from entrepot.kernel import measure
from entrepot.kernel.errors import Invalid
from entrepot.kernel.money import exponent, parse_minor
from entrepot.kernel.sheets import Unreadable, cells_of, read_csv, write_rows


class Mode(StrEnum):
    """What a card is for."""

    PARCEL = "parcel"
    AIR_FREIGHT = "air_freight"
    SEA_LCL = "sea_lcl"
    SEA_FCL = "sea_fcl"
    WAREHOUSE = "warehouse"


@dataclass(frozen=True)
class RateCard:
    """A card with whose it is, from when to when it holds, and where its figures come from; `sheet` are its rows."""

    title: str
    carrier: str
    service: str
    mode: Mode
    origin: str
    valid_from: date
    valid_until: date | None
    source: str
    card: Card
    sheet: str


#: What a number under `by` may be written in, and how many of the engine's units that is.
_UNITS: Mapping[By, Mapping[str, Decimal]] = {
    By.BILLED: {unit: grams * GRAM for unit, grams in measure.GRAMS.items()},
    By.WEIGHT: measure.GRAMS,
    By.UNIT_WEIGHT: measure.GRAMS,
    By.VOLUME: {"cbm": Decimal(1_000_000), "cm3": Decimal(1)},
}
_TICKS = {"g": Decimal(GRAM), "kg": Decimal(KILOGRAM), "lb": Decimal(POUND), "oz": Decimal(POUND) / 16}
_TRIGGER_UNITS: Mapping[str, Mapping[str, Decimal]] = {
    "longest": measure.MILLIMETRES,
    "middle": measure.MILLIMETRES,
    "girth": measure.MILLIMETRES,
    "weight": measure.GRAMS,
    "volume": {"cbm": Decimal(1_000_000), "cm3": Decimal(1), "in3": Decimal("16.387064")},
    "cartons": {"": Decimal(1)},
    "units": {"": Decimal(1)},
}
_MEASURES = {
    "longest": "longest_mm", "middle": "middle_mm", "girth": "girth_mm", "weight": "weight_g", "volume": "volume_cm3",
    "cartons": "cartons", "units": "units",
}  # fmt: skip


def read_cards(text: str, *, field: str = "sheet") -> list[RateCard]:
    """The cards of a file. Raises: Unreadable naming the row and the column."""
    rows = read_csv(text, _COLUMNS, field=field, number_as="number")
    if rows and not rows[0]["card"]:
        raise Unreadable(field=field, row=rows[0]["number"], column="card", problem="the first row names a card")
    groups: list[list[dict[str, Any]]] = []
    for row in rows:
        if row["card"] and not (groups and groups[-1][0]["card"] == row["card"] and not row["currency"]):
            groups.append([])
        groups[-1].append(row)
    table = cells_of(text)
    cards = [
        _Reading(group, field).card(write_rows([table[0], *(table[row["number"] - 1] for row in group)]))
        for group in groups
    ]
    for place, each in enumerate(cards):
        if any(other.card.code == each.card.code and _overlap(other, each) for other in cards[:place]):
            raise Unreadable(
                field=field, row=groups[place][0]["number"], column="card",
                problem=f"{each.card.code} stands here twice for the same days",
            )  # fmt: skip
    return cards


class _Reading:
    """The rows of one card, on their way to become it."""

    def __init__(self, rows: Sequence[dict[str, Any]], field: str) -> None:
        self.rows, self.head, self.field = rows, rows[0], field

    def card(self, sheet: str) -> RateCard:
        """The card. Raises: Unreadable."""
        head = self.head
        for column in ("currency", "mode", "carrier", "service", "valid_from", "source"):
            if not head[column]:
                self.fail(head, column, "a card needs this in its first row")
        if head["valid_until"] and head["valid_until"] < head["valid_from"]:
            self.fail(head, "valid_until", "lies before valid_from")
        charges = self.charges()
        if charges[0].triggers:
            self.fail(head, "triggers", "the first charge is the carriage itself and always due")
        metric, imperial = head["divisor"]
        card = Card(
            head["card"], head["currency"], charges, self.zones(),
            Weighing(metric, imperial, head["throw"], head["from_side"], head["step"] or 1, head["least"]),
            head["containers"], head["weight_max"], head["longest_max"], head["girth_max"], head["refuses"],
        )  # fmt: skip
        self.check_containers(card)
        return RateCard(
            head["title"] or f"{head['carrier']} {head['service']}", head["carrier"], head["service"], head["mode"],
            head["origin"], head["valid_from"], head["valid_until"], head["source"], card, sheet,
        )  # fmt: skip

    def charges(self) -> tuple[Charge, ...]:
        """The charges in the order in which they first appear."""
        groups: dict[str, list[dict[str, Any]]] = {}
        for row in self.rows:
            if row["charge"]:
                groups.setdefault(row["charge"], []).append(row)
        if not groups:
            self.fail(self.head, "charge", "a card has at least one charge")
        names = set(groups) | {row["family"] for row in self.rows if row["family"]}
        return tuple(self.charge(code, rows, names) for code, rows in groups.items())

    def charge(self, code: str, rows: Sequence[dict[str, Any]], names: set[str]) -> Charge:
        first = rows[0]
        if first["basis"] is None:
            self.fail(first, "basis", f"say what the charge {code} is counted by: {', '.join(Basis)}")
        for name in (*first["of"], *first["replaces"]):
            if name not in names:
                self.fail(first, "of" if name in first["of"] else "replaces", f"there is no charge or family {name}")
        basis: Basis = first["basis"]
        by, unit = first["by"]
        if basis is Basis.PERCENT and not first["of"]:
            self.fail(first, "of", "a percentage names the charges that it is of")
        if basis is Basis.STEP and not first["step_of"]:
            self.fail(first, "step_of", "additional weight is counted in steps; write for example 500 g")
        if first["graduated"] and by is By.NOTHING:
            self.fail(first, "by", "what is graduated has bands by something")
        rates = tuple(self.rate(row, basis, by, unit) for row in rows)
        self.check_bands(rows, rates)
        return Charge(
            code, basis, rates, by, first["graduated"], first["family"], first["triggers"], first["replaces"],
            first["of"], first["container"], first["first"], first["step_of"], first["least_billed"],
            self.money(first, "minimum"), self.money(first, "maximum"),
        )  # fmt: skip

    def rate(self, row: dict[str, Any], basis: Basis, by: By, unit: str) -> Rate:
        if row["amount"] is None:
            self.fail(row, "amount", "an amount is missing")
        if basis is Basis.PERCENT:
            amount = row["amount"] * 10_000  # a per cent is 10,000 millionths
        else:
            amount = row["amount"].scaleb(exponent(self.head["currency"])) * SCALE
        if amount != int(amount):
            self.fail(row, "amount", "has more decimal places than are reckoned with")
        above, to = -1, TOP - 1
        if by is not By.NOTHING:
            scale = _UNITS.get(by, {"": Decimal(1)})[unit]
            above = int(row["above"] * scale) if row["above"] is not None else -1
            to = int(row["to"] * scale) if row["to"] is not None else TOP - 1
            if not -1 <= above < to < TOP:
                self.fail(row, "to", "a band ends above where it begins")
        elif row["above"] is not None or row["to"] is not None:
            self.fail(row, "by", "say what the band is looked up by")
        return Rate(row["zone"], above, to, int(amount), row["days"])

    def check_bands(self, rows: Sequence[dict[str, Any]], rates: Sequence[Rate]) -> None:
        """Bands of one charge and zone do not overlap."""
        for place, (row, rate) in enumerate(zip(rows, rates, strict=True)):
            for other_row, other in zip(rows[:place], rates, strict=False):
                if (rate.zone == other.zone or not rate.zone or not other.zone) and (
                    rate.above < other.to and other.above < rate.to
                ):
                    self.fail(row, "above", f"overlaps the band of row {other_row['number']}")

    def zones(self) -> dict[str, str]:
        """Country, or country and postcode's beginning → zone."""
        found: dict[str, str] = {}
        for row in self.rows:
            for place in row["countries"]:
                if found.setdefault(place, row["zone"]) != row["zone"]:
                    self.fail(row, "countries", f"{place} is in zone {found[place]} already")
        named = {row["zone"] for row in self.rows if row["zone"]}
        if missing := named - set(found.values()):
            row = next(row for row in self.rows if row["zone"] in missing)
            self.fail(row, "countries", f"which countries are zone {row['zone']}?")
        return found

    def check_containers(self, card: Card) -> None:
        known = {each.code for each in card.containers}
        for row in self.rows:
            if row["container"] and row["container"] not in known:
                self.fail(row, "container", f"the card's containers are {', '.join(sorted(known)) or 'not given'}")

    def money(self, row: dict[str, Any], column: str) -> int | None:
        text = row[column]
        try:
            return parse_minor(text, self.head["currency"]) if text else None
        except Invalid as problem:
            self.fail(row, column, str(problem).removeprefix("amount: "))

    def fail(self, row: dict[str, Any], column: str, problem: str) -> NoReturn:
        raise Unreadable(field=self.field, row=row["number"], column=column, problem=problem)


def _overlap(left: RateCard, right: RateCard) -> bool:
    return (left.valid_until or date.max) > right.valid_from and (right.valid_until or date.max) > left.valid_from


def _number(text: str) -> Decimal | None:
    if not text:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or value < 0:
        raise ValueError(f"{text[:20]!r} is not a number of zero or more")
    return value


def _whole(text: str) -> int:
    value = _number(text) or Decimal(0)
    if value != int(value):
        raise ValueError("must be a whole number")
    return int(value)


def _divisor(text: str) -> tuple[int, int]:
    if not text:
        return 0, 0
    found = re.fullmatch(r"(\d+)\s*(cm3/kg|in3/lb)?", text.lower())
    if not found or not int(found[1]):
        raise ValueError("write for example 5000 cm3/kg or 139 in3/lb")
    return (int(found[1]), 0) if found[2] != "in3/lb" else (0, int(found[1]))


def _by(text: str) -> tuple[By, str]:
    name, _, unit = text.lower().partition(" ")
    by = _one_of(By)(name)
    units = _UNITS.get(by, {"": Decimal(1)})
    if unit not in units:
        raise ValueError(f"{name} is given in {' or '.join(units)}" if units != {"": 1} else f"{name} has no unit")
    return by, unit


def _one_of(choices: type[StrEnum], default: StrEnum | None = None) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        if not text and default is not None:
            return default
        if text not in set(choices):
            raise ValueError(f"{text[:20]!r} is none of {', '.join(filter(None, choices))}")
        return choices(text)

    return read


def _days(text: str) -> tuple[int, int] | None:
    if not text:
        return None
    found = re.fullmatch(r"(\d{1,3})(?:\s*[-–]\s*(\d{1,3}))?", text)
    if not found or int(found[2] or found[1]) < int(found[1]):
        raise ValueError("write transit days as 7 or 5-9")
    return int(found[1]), int(found[2] or found[1])


def _triggers(text: str) -> tuple[Trigger, ...]:
    return tuple(_trigger(each.strip()) for each in text.split("|") if each.strip())


def _trigger(text: str) -> Trigger:
    if re.fullmatch(r"[a-z_]+", text):
        return Trigger(f"flag:{text}", 0)
    name, _, limit = (part.strip() for part in text.partition(">"))
    if name not in _TRIGGER_UNITS or not limit:
        raise ValueError(f"{text[:30]!r} is no trigger; write longest > 48 in, or what the goods are, such as battery")
    return Trigger(_MEASURES[name], quantity(_TRIGGER_UNITS[name])(limit))


def _containers(text: str) -> tuple[Container, ...]:
    found = []
    for each in filter(None, (part.strip() for part in text.split("|"))):
        shape = re.fullmatch(r"(\w+)\s*=\s*([0-9.]+) cbm\s+([0-9.]+) kg", each)
        if not shape:
            raise ValueError("write containers as 20GP = 28 cbm 21700 kg | 40HQ = 68 cbm 26500 kg")
        found.append(Container(shape[1], int(Decimal(shape[2]) * 1_000_000), int(Decimal(shape[3]) * 1000)))
    return tuple(found)


def _words(text: str) -> tuple[str, ...]:
    return tuple(re.split(r"[\s|]+", text.strip())) if text.strip() else ()


def _currency(text: str) -> str:
    if text:
        exponent(text)
    return text


def _countries(text: str) -> tuple[str, ...]:
    found = _words(text)
    for each in found:
        if not re.fullmatch(r"\*|[A-Z]{2}(:\w+)?", each):
            raise ValueError(f"{each[:12]!r} is no country (US), no country and postcode (US:90), and not * for all")
    return found


_GRAMS, _MILLIMETRES = quantity(measure.GRAMS), quantity(measure.MILLIMETRES)
_COLUMNS: Mapping[str, Callable[[str], Any]] = {
    "card": str, "title": str, "carrier": str, "service": str, "mode": lambda text: text and _one_of(Mode)(text),
    "currency": _currency, "origin": country, "valid_from": day, "valid_until": day, "source": str,
    "divisor": _divisor, "throw": _one_of(Throw, Throw.FULL), "from_side": _MILLIMETRES, "step": quantity(_TICKS),
    "least": quantity(_TICKS), "weight_max": _GRAMS, "longest_max": _MILLIMETRES, "girth_max": _MILLIMETRES,
    "refuses": _words, "containers": _containers,
    "zone": str, "countries": _countries, "charge": str,
    "basis": lambda text: _one_of(Basis)(text) if text else None, "container": str, "by": _by, "above": _number,
    "to": _number, "amount": _number, "days": _days, "graduated": lambda text: text.lower() in ("yes", "true", "1"),
    "family": str, "triggers": _triggers, "replaces": _words, "of": _words, "first": quantity(_TICKS),
    "step_of": quantity(_TICKS), "least_billed": quantity(_TICKS), "minimum": str, "maximum": str,
}  # fmt: skip
