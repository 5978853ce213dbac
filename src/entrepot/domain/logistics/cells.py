"""How the cells of a rate card or lane are read: days, countries, quantities, words out of a list. Pure.

Every reader takes a cell's text, blank where it is left out. Raises: ValueError with what is wrong.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation

_QUANTITY = re.compile(r"([0-9.]+)\s*([a-z0-9]*)", re.ASCII)


def day(text: str) -> date | None:
    """A date as 2026-11-22."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise ValueError("write a day as 2026-11-22") from None


def country(text: str) -> str:
    """An ISO 3166 code."""
    if text and not re.fullmatch(r"[A-Z]{2}", text):
        raise ValueError("a country is two capital letters, ISO 3166")
    return text


def one_of(choices: Iterable[str]) -> Callable[[str], str]:
    """One of these words, or nothing."""
    known = tuple(choices)

    def read(text: str) -> str:
        if text and text not in known:
            raise ValueError(f"{text[:30]!r} is none of {', '.join(filter(None, known))}")
        return text

    return read


def quantity(units: Mapping[str, Decimal]) -> Callable[[str], int]:
    """A number and a unit, such as 500 g, in the units that the table goes by, rounded down; blank is nothing."""

    def read(text: str) -> int:
        if not text:
            return 0
        found = _QUANTITY.fullmatch(text.strip().lower())
        if not found or found[2] not in units:
            raise ValueError(f"{text[:20]!r} is not a quantity; write a number and {' or '.join(filter(None, units))}")
        try:
            return int(Decimal(found[1]) * units[found[2]])
        except InvalidOperation:
            raise ValueError(f"{found[1][:20]!r} is not a number") from None

    return read
