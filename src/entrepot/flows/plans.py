"""What a seller means to sell: one SKU with its prices, measures and quantities, read from rows of texts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from entrepot.domain.markets import queries as markets
from entrepot.domain.markets.models import Market
from entrepot.kernel.errors import EntrepotError, Invalid
from entrepot.kernel.money import EXPONENTS, parse_minor


@dataclass(frozen=True, slots=True)
class Plan:
    """One SKU as a seller thinks of it. Units: minor of the seller's `currency`, `retail_minor` of the market's; grams.

    `units` are bought and brought together, sell within `stock_days`, and are paid for after `supplier_days`.
    """

    sku: str
    market_code: str
    home_country: str
    currency: str
    retail_minor: int
    supply_minor: int
    cost_minor: int
    weight_g: int
    sides_mm: tuple[int, int, int]
    hs_code: str = ""
    category_path: str = ""
    units: int = 1
    stock_days: int = 0
    supplier_days: int = 0
    flags: frozenset[str] = frozenset()


FIELDS = (
    "sku", "market", "home_country", "currency", "retail", "supply", "cost", "weight_g", "length_mm", "width_mm",
    "height_mm", "hs_code", "category", "units", "stock_days", "supplier_days", "flags",
)  # fmt: skip
_NEEDED = ("sku", "market", "home_country", "currency", "retail", "cost", "weight_g")


def read_plans(rows: Sequence[Mapping[str, Any]], *, known: Iterable[Market] = ()) -> list[Plan]:
    """Plans from rows of texts or numbers; amounts in major units; `known` are markets that are read already.

    Raises: Unreadable naming row and field.
    """
    by_code = {each.code: each for each in known}
    return [_read(number, row, by_code) for number, row in enumerate(rows, start=1)]


def _read(number: int, row: Mapping[str, Any], known: dict[str, Market]) -> Plan:
    texts = {name: str(row.get(name) if row.get(name) is not None else "").strip() for name in FIELDS}
    for name in row:
        if name not in FIELDS:
            raise _bad(number, name, f"known are {', '.join(FIELDS)}")
    for name in _NEEDED:
        if not texts[name]:
            raise _bad(number, name, "is missing")
    if texts["currency"] not in EXPONENTS:
        raise _bad(number, "currency", f"{texts['currency'][:10]!r} is no currency; write an ISO 4217 code such as USD")
    try:
        market = known.get(texts["market"]) or markets.get_market(texts["market"])
        known[texts["market"]] = market
        sides = tuple(_whole(number, texts, name, 0) for name in ("length_mm", "width_mm", "height_mm"))
        return Plan(
            texts["sku"], market.code, texts["home_country"], texts["currency"],
            parse_minor(texts["retail"], market.currency, field="retail"),
            parse_minor(texts["supply"] or "0", texts["currency"], field="supply"),
            parse_minor(texts["cost"], texts["currency"], field="cost"),
            _whole(number, texts, "weight_g", 1), (sides[0], sides[1], sides[2]), texts["hs_code"], texts["category"],
            _whole(number, texts, "units", 1) or 1, _whole(number, texts, "stock_days", 0),
            _whole(number, texts, "supplier_days", 0), frozenset(texts["flags"].split()),
        )  # fmt: skip
    except Unreadable:
        raise
    except EntrepotError as problem:
        raise _bad(number, problem.field or "market", str(problem).removeprefix(f"{problem.field}: ")) from None


def _whole(number: int, texts: Mapping[str, str], name: str, least: int) -> int:
    text = texts[name]
    if not text:
        return 0
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= 10_000_000:
        raise _bad(number, name, f"{text[:20]!r} is not a whole number from {least} on")
    return int(text)


class Unreadable(Invalid):
    """A row of the comparison says something that cannot be."""

    code = "compare.unreadable"
    message = "Row {row}, {column}: {problem}"


def _bad(number: int, name: str, problem: str) -> Unreadable:
    return Unreadable(field=name, row=number, column=name, problem=problem)
