"""What a tariff's column of rates says, as numbers: "5.3¢/kg + 2.1%", "9.00% MIN 0.30 EUR / item", "Free".

`parse(text, currency)` gives a `Rate`, or a `Seasonal` where the rate depends on the day of the year. What only a
person can work out ("The rate applicable to each garment …") raises `Unreadable` and is kept as the text that it is.

Units: rates in parts per million, specific amounts in millionths of a minor unit for `per` base units of a measure.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

MILLION = 1_000_000

#: Dozens and gross do not divide decimal amounts: those stay amounts for so many pieces.
PER = (1, 12, 144)

#: How tariffs write a unit -> (measure, how many of its base units that is).
#: Units that an invoice does not show (drained weight, alcohol, lead content) are measures of their own.
UNITS: Mapping[str, tuple[str, Decimal]] = {
    "kg": ("kg", Decimal(1)),
    "100 kg": ("kg", Decimal(100)),
    "t": ("kg", Decimal(1000)),
    "tonne": ("kg", Decimal(1000)),
    "1000 kg": ("kg", Decimal(1000)),
    "each": ("piece", Decimal(1)),
    "item": ("piece", Decimal(1)),
    "head": ("piece", Decimal(1)),
    "article": ("piece", Decimal(1)),
    "pr.": ("pair", Decimal(1)),
    "doz.": ("piece", Decimal(12)),
    "gross": ("piece", Decimal(144)),
    "100 items": ("piece", Decimal(100)),
    "1000 items": ("piece", Decimal(1000)),
    "1000": ("piece", Decimal(1000)),
    "thousand": ("piece", Decimal(1000)),
    "1000 pins": ("pin", Decimal(1000)),
    "line/gross": ("line", Decimal(144)),
    "liter": ("litre", Decimal(1)),
    "hl": ("litre", Decimal(100)),
    "bbl": ("barrel", Decimal(1)),
    "m2": ("square_metre", Decimal(1)),
    "m3": ("cubic_metre", Decimal(1)),
    "m": ("metre", Decimal(1)),
    "100 m": ("metre", Decimal(100)),
    "pf.liter": ("proof_litre", Decimal(1)),
    "pf. liter": ("proof_litre", Decimal(1)),
    "pf. liter on ethyl alcohol content": ("proof_litre", Decimal(1)),
    "% vol/hl": ("alcohol_percent_hl", Decimal(1)),
    "kg/tot alc": ("alcohol_kg", Decimal(1)),
    "clean kg": ("clean_kg", Decimal(1)),
    "kg on drained weight": ("drained_kg", Decimal(1)),
    "100 kg/net drained wt": ("drained_kg", Decimal(100)),
    "100 kg eda": ("drained_kg", Decimal(100)),
    "kg on contents and container": ("gross_kg", Decimal(1)),
    "kg on entire contents of container": ("gross_kg", Decimal(1)),
    "100 kg/gross": ("gross_kg", Decimal(100)),
    "100 kg/br": ("gross_kg", Decimal(100)),
    "100 kg/net": ("kg", Decimal(100)),
    "kg of total sugars": ("sugar_kg", Decimal(1)),
    "100 kg/net/% sacchar.": ("sugar_percent_kg", Decimal(100)),
    "100 kg/net dry": ("dry_kg", Decimal(100)),
    "100 kg mas": ("dry_kg", Decimal(100)),
    "100 kg/std qual": ("standard_quality_kg", Decimal(100)),
    "100 kg std qual": ("standard_quality_kg", Decimal(100)),
    "kg/lactic matter": ("lactic_kg", Decimal(1)),
    "kg/dry lactic matter": ("dry_lactic_kg", Decimal(1)),
    "kg on lead content": ("lead_kg", Decimal(1)),
    "kg on copper content": ("copper_kg", Decimal(1)),
    "kg on molybdenum content": ("molybdenum_kg", Decimal(1)),
    "kg on tungsten content": ("tungsten_kg", Decimal(1)),
    "kg on magnesium content": ("magnesium_kg", Decimal(1)),
    "jewel": ("jewel", Decimal(1)),
}

#: Every measure that a tariff may ask for. Weight in kg and pieces are known of every line.
MEASURES: tuple[str, ...] = tuple(dict.fromkeys(measure for measure, _ in UNITS.values()))


class Unreadable(ValueError):
    """The text is no rate that can be computed; `args[0]` says why."""


@dataclass(frozen=True, slots=True)
class Specific:
    """So much for `per` units of a measure. Units: millionths of a minor unit."""

    micro: int
    per: int
    measure: str


@dataclass(frozen=True, slots=True)
class Sum:
    """A share of the value and specific amounts, added."""

    ppm: int = 0
    specifics: tuple[Specific, ...] = ()


@dataclass(frozen=True, slots=True)
class Rate:
    """What is due: a sum, at least and at most others; `on_top` is added to the duty of the goods' own heading."""

    due: Sum
    at_least: Sum | None = None
    at_most: Sum | None = None
    on_top: bool = False

    @property
    def sums(self) -> tuple[Sum, ...]:
        """Those there are."""
        return tuple(each for each in (self.due, self.at_least, self.at_most) if each is not None)


@dataclass(frozen=True, slots=True)
class Season:
    """A rate from a day of the year to another, both included. Units: month × 100 + day."""

    first: int
    last: int
    rate: Rate

    def covers(self, on: date) -> bool:
        """Whether it is the rate of that day; a season may lie over the turn of the year."""
        day = on.month * 100 + on.day
        if self.first <= self.last:
            return self.first <= day <= self.last
        return day >= self.first or day <= self.last


@dataclass(frozen=True, slots=True)
class Seasonal:
    """A rate a season."""

    seasons: tuple[Season, ...]

    def on(self, day: date) -> Rate | None:
        """The rate of the day; of seasons that overlap, the one written first."""
        return next((each.rate for each in self.seasons if each.covers(day)), None)


Duty = Rate | Seasonal

FREE = Rate(Sum())

#: In a few rows the sign of per cent was lost on the way: "7.2 MIN 0.36 EUR/100 kg".
_PERCENT = re.compile(r"(\d+(?:\.\d+)?) ?(?:%|percent)?(?: on the entire set)?")
_CENTS = re.compile(r"(\d+(?:\.\d+)?) ?¢ ?(?:/ ?)?(.+)")
_DOLLARS = re.compile(r"\$ ?(\d+(?:\.\d+)?) ?(?:/ ?)?(.+)")
_NAMED = re.compile(r"([\d,]+(?:\.\d+)?) ?(?:EUR|GBP|€) ?/ ?(.+)")
_SEASON = re.compile(r"(.+?) ?\(([^()]+)\)")
_SPAN = re.compile(r"(\d+) ?([A-Z]*) ?- ?(\d+) ?([A-Z]+)")
_ON_TOP = re.compile(r"The duty provided (?:for )?in ?the applicable subheading(?: ?\+ ?| plus )?(.*)")
_MONTHS = {name: number for number, name in enumerate("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split(), 1)}

#: Words that say that a person has to work it out.
_PARTS_OF_AGRICULTURE = re.compile(r"\b(EA|ADSZ|ADFM)\b")


@lru_cache(maxsize=65536)
def parse(text: str, currency: str) -> Duty:
    """The rate that a text of a tariff in this currency says. Raises: Unreadable."""
    cleaned = _clean(text)
    if not cleaned:
        raise Unreadable("nothing is written")
    if cleaned == "Free":
        return FREE
    if cleaned == "Entry Price":
        raise Unreadable("the duty depends on the entry price of the consignment")
    if _PARTS_OF_AGRICULTURE.search(cleaned):
        raise Unreadable("the agricultural component depends on the recipe")
    if on_top := _ON_TOP.fullmatch(cleaned):
        return Rate(_sum(on_top[1], currency) if on_top[1] else Sum(), on_top=True)
    if "(" in cleaned and _SPAN.search(cleaned):
        return _seasonal(cleaned, currency)
    return _bounded(cleaned, currency)


def _clean(text: str) -> str:
    text = re.sub(r"<sup[^>]*>\s*(\d)\s*</sup>", r"\1", text)
    text = re.sub(r"<[^>]*>", "", text).replace("\xa0", " ")
    text = re.sub(r"(\d),(\d{3})", r"\1\2", text)  # 1,000 items
    return re.sub(r"\s+", " ", text).strip()


def _seasonal(text: str, currency: str) -> Seasonal:
    seasons = []
    rest = text
    while rest:
        found = _SEASON.match(rest)
        if found is None:
            rate, spans, rest = _bounded(rest, currency), [(101, 1231)], ""  # the rest of the year
        else:
            rate, rest = _bounded(found[1], currency), rest[found.end() :].lstrip(" ,")
            spans = [_span(each.strip()) for each in found[2].split(",")]
        seasons += [Season(first, last, rate) for first, last in spans]
    return Seasonal(tuple(seasons))


def _span(text: str) -> tuple[int, int]:
    found = _SPAN.fullmatch(text)
    first, last = ((found[2] or found[4])[:3], found[4][:3]) if found else ("", "")
    if found is None or first not in _MONTHS or last not in _MONTHS:
        raise Unreadable(f"“{text}” is no season")
    return _MONTHS[first] * 100 + int(found[1]), _MONTHS[last] * 100 + int(found[3])


def _bounded(text: str, currency: str) -> Rate:
    head, _, most = text.partition(" MAX ")
    due, _, least = head.partition(" MIN ")
    return Rate(
        _sum(due, currency),
        at_least=_sum(least, currency) if least else None,
        at_most=_sum(most, currency) if most else None,
    )


def _sum(text: str, currency: str) -> Sum:
    ppm, specifics = 0, []
    for part in (each.strip() for each in text.split("+")):
        if found := _PERCENT.fullmatch(part):
            ppm += _whole(Decimal(found[1]) * 10_000, part)
        else:
            specifics.append(_specific(part, currency))
    return Sum(ppm, tuple(specifics))


def _specific(part: str, currency: str) -> Specific:
    for pattern, minor in ((_CENTS, 1), (_DOLLARS, 100), (_NAMED, 100)):
        if found := pattern.fullmatch(part):
            unit = UNITS.get(_unit(found[2]))
            if unit is None:
                raise Unreadable(f"“{found[2].strip()}” is no unit that a line states")
            measure, size = unit
            amount = Decimal(found[1].replace(",", "")) * minor * MILLION
            if amount % size == 0:
                return Specific(_whole(amount / size, part), 1, measure)
            if size not in PER:
                raise Unreadable(f"“{part}” is finer than a millionth")
            return Specific(_whole(amount, part), int(size), measure)
    raise Unreadable(f"“{part}” is no rate")


def _unit(text: str) -> str:
    """`100kg /net / % sacchar.` is `100 kg/net/% sacchar.`."""
    text = re.sub(r"\s*/\s*", "/", text.strip())
    text = re.sub(r"^(\d+) ?([a-z])", r"\1 \2", text)
    text = re.sub(r"% ?(vol|sacchar)", r"% \1", text)
    return re.sub(r"^m ?([23])$", r"m\1", text)


def _whole(value: Decimal, text: str) -> int:
    if value != value.to_integral_value():
        raise Unreadable(f"“{text}” is finer than a millionth")
    return int(value)


# As they are kept.


def to_json(duty: Duty) -> Any:
    """The rate as it stands in a row."""
    if isinstance(duty, Seasonal):
        return [[each.first, each.last, to_json(each.rate)] for each in duty.seasons]
    body: dict[str, Any] = {
        name: [each.ppm, *([one.micro, one.per, one.measure] for one in each.specifics)]
        for name, each in (("due", duty.due), ("least", duty.at_least), ("most", duty.at_most))
        if each is not None
    }
    return body | ({"on_top": True} if duty.on_top else {})


def from_json(body: Any) -> Duty:
    """The same, read back."""
    if isinstance(body, list):
        return Seasonal(tuple(Season(first, last, _rate(rate)) for first, last, rate in body))
    return _rate(body)


def _rate(body: Mapping[str, Any]) -> Rate:
    due, least, most = (_read_sum(body.get(name)) for name in ("due", "least", "most"))
    return Rate(due or Sum(), least, most, body.get("on_top", False))


def _read_sum(body: Sequence[Any] | None) -> Sum | None:
    return None if body is None else Sum(body[0], tuple(Specific(*each) for each in body[1:]))
