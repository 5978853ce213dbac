"""An order history as the flows need it: orders, what is taken back of their lines, stock that moves by itself. Pure.

A line of the file is sold at its own price to the minor unit: an order line is so many units of one code at one price.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from entrepot.intake.grammar import Act
from entrepot.intake.history import History, Line, minor


@dataclass(slots=True)
class SoldLine:
    """Units of one code at one price on one invoice, from one or several lines of the file. Units: minor units."""

    code: str
    unit_minor: int
    quantity: int = 0


@dataclass(slots=True)
class Invoice:
    """One order to place. `key` is the invoice's number, with a part number where it had more lines than an order."""

    key: str
    at: datetime
    customer: str
    country: str
    lines: list[SoldLine] = field(default_factory=list)

    @property
    def total_minor(self) -> int:
        """What the shopper pays."""
        return sum(line.unit_minor * line.quantity for line in self.lines)


@dataclass(frozen=True, slots=True)
class TakenBack:
    """Units of an order line (by its place) that a cancellation takes back."""

    at: datetime
    key: str
    place: int
    quantity: int
    line: Line


@dataclass(frozen=True, slots=True)
class StockChange:
    """Units that came or went without a sale."""

    at: datetime
    code: str
    quantity: int
    line: Line


@dataclass(frozen=True, slots=True)
class Story:
    """What the history asks of the flows, in the order of time."""

    invoices: list[Invoice]
    taken_back: list[TakenBack]
    changes: list[StockChange]
    opening: dict[tuple[str, str], int]
    titles: dict[str, str]
    rounding: Decimal

    @property
    def days(self) -> tuple[datetime, datetime]:
        """The first and last instant at which something happens."""
        times = [each.at for group in (self.invoices, self.taken_back, self.changes) for each in group]
        return min(times), max(times)


def tell(history: History, *, lines_max: int) -> Story:
    """Turn the buckets into what is done. `lines_max` is the most lines that an order may have."""
    invoices, places, rounding = _invoices(history, lines_max)
    signs = {bucket.name: bucket.sign for bucket in history.document.buckets}
    changes = [
        StockChange(line.at, line.code, signs[line.bucket] * line.quantity, line)
        for line in history.lines
        if line.act is Act.STOCK
    ]
    return Story(
        invoices=invoices,
        taken_back=_taken_back(history, places),
        changes=changes,
        opening=_opening(history, changes),
        titles=_titles(history.lines),
        rounding=rounding,
    )


def split_units(quantity: int, total_minor: int) -> list[tuple[int, int]]:
    """(units, minor units for each) that make up a total exactly: one price, or two that lie one minor unit apart."""
    low, dearer = divmod(total_minor, quantity)
    return [(units, price) for units, price in ((quantity - dearer, low), (dearer, low + 1)) if units]


@dataclass(slots=True)
class _Stands:
    """Units of a line of the file, as a line of an order."""

    key: str
    place: int
    units: int


_Places = dict[tuple[str, int], list[_Stands]]


def _invoices(history: History, lines_max: int) -> tuple[list[Invoice], _Places, Decimal]:
    """The orders; where each sold line of the file stands in them as (order, place, units); what rounding took."""
    parts: dict[str, list[Invoice]] = {}
    merged: dict[tuple[str, str, int], tuple[Invoice, int]] = {}
    places: _Places = defaultdict(list)
    rounding = Decimal(0)
    for line in history.lines:
        if line.act is not Act.SALE:
            continue
        total, below = minor(line.value, history.currency)
        rounding += below
        invoice = parts.setdefault(line.invoice, [Invoice(line.invoice, line.at, line.customer, line.country)])
        for units, price in split_units(line.quantity, total):
            key = (line.invoice, line.code, price)
            if key not in merged:
                merged[key] = _new_line(invoice, SoldLine(line.code, price), lines_max)
            part, place = merged[key]
            part.lines[place].quantity += units
            places[line.file, line.row].append(_Stands(part.key, place, units))
    return [part for invoice in parts.values() for part in invoice], places, rounding


def _new_line(parts: list[Invoice], line: SoldLine, lines_max: int) -> tuple[Invoice, int]:
    """Put a new line on the invoice, on a further part of it where the last one is full."""
    last = parts[-1]
    if len(last.lines) == lines_max:
        first = parts[0]
        last = Invoice(f"{first.key}/{len(parts) + 1}", first.at, first.customer, first.country)
        parts.append(last)
    last.lines.append(line)
    return last, len(last.lines) - 1


def _taken_back(history: History, places: _Places) -> list[TakenBack]:
    """Each matched unit of a cancellation on the order line that sold it."""
    left = {key: [replace(each) for each in stands] for key, stands in places.items()}
    taken: list[TakenBack] = []
    for match in history.matches:
        wanted = match.quantity
        for each in left[match.sale.file, match.sale.row]:
            units = min(wanted, each.units)
            if units:
                taken.append(TakenBack(match.cancellation.at, each.key, each.place, units, match.cancellation))
                each.units -= units
                wanted -= units
    return taken


def _opening(history: History, changes: Iterable[StockChange]) -> dict[tuple[str, str], int]:
    """Units that must lie there before each file begins so that all of it can be served: (file, code) -> units.

    Everything that leaves according to the file, without counting on anything that comes back.
    """
    units: dict[tuple[str, str], int] = defaultdict(int)
    for line in history.lines:
        if line.act is Act.SALE:
            units[line.file, line.code] += line.quantity
    for change in changes:
        units[change.line.file, change.code] += max(0, -change.quantity)
    return {key: count for key, count in units.items() if count}


def _titles(lines: Sequence[Line]) -> dict[str, str]:
    """The title of each code that is sold or moved: what most of its sales call it; at least the code of a sold one."""
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    sold = {line.code for line in lines if line.act is Act.SALE}
    for line in lines:
        if line.act is not Act.LISTED:
            counts[line.code][line.title] += len(lines) if line.act is Act.SALE else 1
    return {
        code: max((each for each in titles if each), key=lambda each: (titles[each], each), default="")
        or (code if code in sold else "")
        for code, titles in counts.items()
    }


def prices_of(invoices: Iterable[Invoice], zone: str) -> dict[date, dict[str, int]]:
    """The price list that the orders imply: for each week (by its Monday) and code the price of most units sold in it.

    Units: minor units. Of prices with equally many units the higher one.
    """
    local = ZoneInfo(zone)
    units: dict[date, dict[str, dict[int, int]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(int)))
    for invoice in invoices:
        day = invoice.at.astimezone(local).date()
        week = units[day - timedelta(days=day.weekday())]
        for line in invoice.lines:
            week[line.code][line.unit_minor] += line.quantity
    return {
        monday: {code: max(prices, key=lambda price: (prices[price], price)) for code, prices in codes.items()}
        for monday, codes in units.items()
    }


def mean_prices(invoices: Iterable[Invoice]) -> Mapping[str, Decimal]:
    """What a unit of each code was sold for on average over the whole history. Units: minor units, exact."""
    units: dict[str, int] = defaultdict(int)
    value: dict[str, int] = defaultdict(int)
    for invoice in invoices:
        for line in invoice.lines:
            units[line.code] += line.quantity
            value[line.code] += line.quantity * line.unit_minor
    return {code: Decimal(value[code]) / units[code] for code in units}
