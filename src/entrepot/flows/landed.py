"""Landed cost of lines as they are given, and why it is so: law and rates of exchange are read once for all of them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from entrepot.domain.customs import explaining, queries, reading
from entrepot.domain.customs.arrays import Exchange, Law, Lines, Way
from entrepot.domain.customs.explaining import Explanation
from entrepot.domain.customs.problems import BadLines
from entrepot.domain.customs.rows import Book
from entrepot.domain.customs.rules import Share
from entrepot.domain.markets import queries as markets
from entrepot.domain.pricing.landed import Landed, land, spread
from entrepot.kernel.errors import Invalid, Unavailable
from entrepot.kernel.kept import kept


class TooLarge(Invalid):
    """Amounts or measures whose products leave the range of the computation."""

    code = "customs.too_large"
    message = "An amount times its rate is beyond what can be computed; split the consignment."


def quote(
    rows: Iterable[Mapping[str, Any]],
    *,
    share_by: Share = Share.VALUE,
    is_spread: bool = False,
    known_on: date | None = None,
) -> Landed:
    """The landed cost of rows of texts. `is_spread` shares freight and the like of a consignment among its lines anew.

    Raises: BadLines, Invalid.
    """
    rows = list(rows)
    try:
        lines = reading.read(rows)
    except BadLines as unread:
        raise _with_law(rows, unread, known_on) from None
    lines = spread(lines, share_by) if is_spread else lines
    return quote_lines(lines, share_by=share_by, known_on=known_on)


def _with_law(rows: Sequence[Mapping[str, Any]], unread: BadLines, known_on: date | None) -> BadLines:
    """What cannot be read, and what the law lacks for the rows that can: whoever mends the file mends it once."""
    places = unread.others(len(rows))
    if places:
        try:
            quote_lines(reading.read([rows[place] for place in places]), known_on=known_on)
        except BadLines as unknown:
            return unread.joined(unknown, places)
        except Invalid:
            pass
    return unread


def quote_lines(lines: Lines, *, share_by: Share = Share.VALUE, known_on: date | None = None) -> Landed:
    """The landed cost of lines. Raises: BadLines, TooLarge."""
    book = _book(tuple(sorted({code[:4] for code in lines.words.hs}))).known_on(known_on)
    exchange = exchange_of(Law(book, lines).exchanges())
    try:
        return land(Law(book, lines, exchange), share_by)
    except OverflowError:
        raise TooLarge(field="lines") from None


@kept("border law", states=64)
def _book(headings: tuple[str, ...]) -> Book:
    """The law for these headings."""
    return queries.load_book(codes=headings)


def explain(
    *, hs: str, origin: str, place: str, on: date, way: Way | None = None, known_on: date | None = None
) -> Explanation:
    """Why goods are charged what they are. Raises: BadLines."""
    way = way or Way()
    book = queries.load_book(codes=[hs], known_on=known_on)
    lines = explaining.one_line(hs=hs, origin=origin, place=place, on=on, way=way)
    exchange = exchange_of({each for each in Law(book, lines).exchanges() if each[0]})
    return explaining.explain(book, hs=hs, origin=origin, place=place, on=on, way=way, law=Law(book, lines, exchange))


def explain_texts(
    *,
    hs: str,
    origin: str,
    destination: str,
    on: date,
    importer: str = "",
    mode: str = "",
    collected: str = "",
    known_on: date | None = None,
) -> Explanation:
    """The same for words as people write them; the destination is a country or a state of it. Raises: BadLines."""
    country, _, region = destination.partition("-")
    line = reading.read(
        [
            {
                "hs": hs,
                "origin": origin,
                "destination": country,
                "region": region,
                "date": on.isoformat(),
                "quantity": 1,
                "weight_g": 1,
                "currency": "EUR",
                "importer": importer,
                "mode": mode,
                "collected": collected,
            }
        ]
    )
    words = line.words
    return explain(
        hs=words.hs[0], origin=words.origins[0], place=words.places[0], on=on, way=words.ways[0], known_on=known_on
    )


def exchange_of(wanted: Iterable[tuple[str, str, date]]) -> Exchange:
    """The rates of exchange that are known; the law names the lines for which one is not."""
    found: dict[tuple[str, str, date], Decimal] = {}
    days: dict[date, set[tuple[str, str]]] = {}
    for base, target, on in wanted:
        days.setdefault(on, set()).add((base, target))
    for on, pairs in days.items():
        for pair in pairs:
            try:
                found[(*pair, on)] = markets.exchange_rates({pair}, on)[pair].rate
            except Unavailable:
                continue
    return found
