"""Lines for tests of customs: rows of words become arrays, and the law is that of the tables that come along."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

from entrepot.domain.customs import reference
from entrepot.domain.customs.arrays import Exchange, Law, Lines
from entrepot.domain.customs.rates import parse
from entrepot.domain.customs.reading import read
from entrepot.domain.customs.rows import GENERAL, Book, Edition, Part, TariffLine
from entrepot.domain.customs.rules import Share
from entrepot.domain.pricing.landed import Landed, land

LINE: Mapping[str, Any] = {
    "hs": "610910",
    "origin": "CN",
    "destination": "FR",
    "date": "2026-07-15",
    "quantity": 1,
    "weight_g": 300,
    "currency": "EUR",
    "retail": "20.00",
    "cost": "20.00",
    "consignment": "one",
}


@cache
def shipped(known_on: date | None = None) -> Book:
    """The law that comes along, as known on a day."""
    return reference.load().known_on(known_on)


def lines(*rows: Mapping[str, Any]) -> Lines:
    """Rows, each with what it differs in from LINE; other consignments than the first are named."""
    return read([{**LINE, **row} for row in rows])


def landed(
    *rows: Mapping[str, Any],
    book: Book | None = None,
    known_on: date | None = None,
    exchange: Exchange | None = None,
    share_by: Share = Share.VALUE,
) -> Landed:
    """The landed cost of rows."""
    return land(Law(book or shipped(known_on), lines(*rows), exchange), share_by)


def parts(found: Landed, line: int | None = None) -> dict[str, int]:
    """What is not nothing, by part: of a line, or of all."""
    sums = {str(part): int(each.sum() if line is None else each[line]) for part, each in found.parts.items()}
    return {name: amount for name, amount in sums.items() if amount}


def with_rates(book: Book, schedule: str, **rates: str) -> Book:
    """The book with a tariff that has just these rates: `c610910="12%"`."""
    currency = reference.CURRENCIES[schedule]
    found = {
        (GENERAL, code.removeprefix("c")): TariffLine(GENERAL, code.removeprefix("c"), text, parse(text, currency))
        for code, text in rates.items()
    }
    edition = Edition(schedule, "", True, date(2018, 1, 1), None, "test", lines=found)
    others = [each for each in book.editions if (each.schedule, each.name) != (schedule, "")]
    return replace(book, editions=(*others, edition))


__all__ = ["LINE", "Part", "landed", "lines", "parts", "shipped", "with_rates"]
