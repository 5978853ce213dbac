"""What consignments come to by rate cards: rows of a file or a request in, quotes out. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import numpy as np

from entrepot.domain.logistics.cards import Mode, RateCard
from entrepot.domain.logistics.charging import REFUSALS, Bill, Loads, price
from entrepot.domain.logistics.weighing import GRAM, volume_of
from entrepot.kernel import measure
from entrepot.kernel.errors import Invalid


class Consignment(NamedTuple):
    """Something to be carried, handled or stored. Sides and volume in one of the two ways; what is not asked is 0."""

    origin: str = ""
    destination: str = ""
    postcode: str = ""
    weight_g: int = 0
    sides_mm: tuple[int, int, int] = (0, 0, 0)
    volume_cm3: int = 0
    units: int = 1
    cartons: int = 0
    pallets: int = 0
    days: int = 0
    flags: frozenset[str] = frozenset()
    day: date = date.min
    cards: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FreightQuote:
    """What one consignment comes to by one card; `refusal` says why it does not go. Units: minor, grams."""

    card: RateCard
    parts: Mapping[str, int]
    total_minor: int
    billed_g: float
    containers: Mapping[str, int]
    transit_days: tuple[int, int] | None
    refusal: str


def quote(consignments: Sequence[Consignment], cards: Sequence[RateCard]) -> list[list[FreightQuote]]:
    """Every consignment by every card that is meant for it, the cheapest of a currency first, refusals last.

    A card is meant for a consignment on its days, from its origin, and where the consignment names cards or modes, if
    it is among them; a warehouse's cards only answer where they are named.
    """
    loads = loads_of(consignments)
    found: list[list[FreightQuote]] = [[] for _ in consignments]
    for card in cards:
        places = [place for place, each in enumerate(consignments) if _is_meant(card, each)]
        if places:
            bill = price(card.card, loads.pick(np.array(places)))
            for place, quoted in zip(places, _quotes(card, bill), strict=True):
                found[place].append(quoted)
    for quotes in found:
        quotes.sort(key=_rank)
    return found


def _rank(each: FreightQuote) -> tuple[bool, str, int, str]:
    return each.refusal != "", each.card.card.currency, each.total_minor, each.card.card.code


def loads_of(consignments: Sequence[Consignment]) -> Loads:
    """The consignments as arrays."""
    n = len(consignments)
    sides = np.array([sorted(each.sides_mm, reverse=True) for each in consignments], dtype=np.int64).reshape(n, 3)

    def column(name: str) -> Any:
        return np.array([getattr(each, name) for each in consignments], dtype=np.int64)

    volume = column("volume_cm3")
    names = sorted({flag for each in consignments for flag in each.flags})
    return Loads(
        np.array([each.destination for each in consignments], dtype=np.str_),
        np.array([each.postcode for each in consignments], dtype=np.str_),
        column("weight_g"), sides, np.where(volume > 0, volume, volume_of(sides)),
        column("units"), column("cartons"), column("pallets"), column("days"),
        {name: np.array([name in each.flags for each in consignments], dtype=bool) for name in names},
    )  # fmt: skip


def _is_meant(card: RateCard, each: Consignment) -> bool:
    return (
        card.valid_from <= each.day
        and (card.valid_until is None or each.day < card.valid_until)
        and (not each.cards or card.card.code in each.cards)
        and (card.mode in each.modes if each.modes else bool(each.cards) or card.mode is not Mode.WAREHOUSE)
        and (not each.origin or not card.origin or card.origin == each.origin)
    )


def _quotes(card: RateCard, bill: Bill) -> list[FreightQuote]:
    kinds = [each.code for each in card.card.containers]
    quotes = []
    for place, total in enumerate(bill.totals.tolist()):
        amounts = bill.amounts[place].tolist()
        first, last = bill.days[place].tolist()
        quotes.append(
            FreightQuote(
                card,
                {code: amount for code, amount in zip(bill.codes, amounts, strict=True) if amount},
                total,
                int(bill.weights.billed[place]) / GRAM,
                {kind: count for kind, count in zip(kinds, bill.containers[place].tolist(), strict=True) if count},
                (first, last) if first >= 0 else None,
                REFUSALS[bill.refusals[place]].value,
            )
        )
    return quotes


#: Why a card does not carry something, in words.
REFUSED = {
    "zone": "it does not go there",
    "band": "no band of the card holds it",
    "weight": "too heavy",
    "size": "too large",
    "goods": "such goods are not carried",
}


def as_document(each: FreightQuote) -> dict[str, Any]:
    """A quote as plain values."""
    return {
        "card": each.card.card.code,
        "title": each.card.title,
        "mode": each.card.mode.value,
        "currency": each.card.card.currency,
        "total_minor": each.total_minor,
        "parts": dict(each.parts),
        "billed_g": each.billed_g,
        "containers": dict(each.containers),
        "transit_days": list(each.transit_days) if each.transit_days else None,
        "refusal": each.refusal,
        "refusal_text": REFUSED.get(each.refusal, ""),
        "source": each.card.source,
    }


#: What goods may be said to be; a card may refuse them or charge for them.
FLAGS = ("battery", "liquid", "oversize", "fragile", "residential")
_NUMBERS = ("units", "cartons", "pallets", "days")


def read_consignments(rows: Sequence[Mapping[str, Any]], *, today: date) -> list[Consignment]:
    """Consignments from rows of texts or numbers. Raises: Invalid naming the row and the field."""
    return [_read_consignment(number, row, today) for number, row in enumerate(rows, start=1)]


FIELDS = (
    "origin", "destination", "postcode", "date", "card", "mode", "weight_g", "length_mm", "width_mm", "height_mm",
    "volume_cm3", "units", "cartons", "pallets", "days", "flags",
)  # fmt: skip


def _read_consignment(number: int, row: Mapping[str, Any], today: date) -> Consignment:
    for name in row:
        if name not in (*FIELDS, "id"):
            raise _bad(number, name, f"known are id, {', '.join(FIELDS)}")
    texts = {name: str(row.get(name) if row.get(name) is not None else "").strip() for name in FIELDS}
    weight = _number(number, texts, "weight_g", least=1, most=measure.GRAMS_MAX)
    sides = tuple(
        _number(number, texts, name, least=1, most=measure.MILLIMETRES_MAX)
        for name in ("length_mm", "width_mm", "height_mm")
    )
    if any(sides) and not all(sides):
        raise _bad(number, "length_mm", "give all three sides or none")
    volume = _number(number, texts, "volume_cm3", least=1, most=10**12)
    counts = {name: _number(number, texts, name, least=0, most=10**7) for name in _NUMBERS}
    for name in ("origin", "destination"):
        if texts[name] and not (len(texts[name]) == 2 and texts[name].isalpha() and texts[name].isupper()):
            raise _bad(number, name, "a country is two capital letters, ISO 3166")
    try:
        day = date.fromisoformat(texts["date"]) if texts["date"] else today
    except ValueError:
        raise _bad(number, "date", "write a day as 2026-11-22") from None
    flags = frozenset(texts["flags"].split())
    if unknown := flags - set(FLAGS):
        raise _bad(number, "flags", f"{min(unknown)} is none of {', '.join(FLAGS)}")
    if not (weight or volume or any(sides) or any(counts.values())):
        raise _bad(number, "weight_g", "there is nothing to be carried; give a weight, a volume or a count")
    counts["units"] = counts["units"] or 1
    cards, modes = tuple(texts["card"].split()), tuple(texts["mode"].split())
    return Consignment(
        texts["origin"], texts["destination"], texts["postcode"], weight, (sides[0], sides[1], sides[2]), volume,
        **counts, flags=flags, day=day, cards=cards, modes=modes,
    )  # fmt: skip


def _number(number: int, texts: Mapping[str, str], name: str, *, least: int, most: int) -> int:
    text = texts[name]
    if not text:
        return 0
    try:
        value = int(text)
    except ValueError:
        raise _bad(number, name, f"{text[:20]!r} is not a whole number") from None
    if not least <= value <= most:
        raise _bad(number, name, f"must lie between {least} and {most}")
    return value


def _bad(number: int, name: str, problem: str) -> Invalid:
    return Invalid("freight.unreadable", "Row {row}, {column}: {problem}", field=name, row=number, column=name,
                   problem=problem)  # fmt: skip
