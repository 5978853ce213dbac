"""An order history in memory: its lines in the order of time, each in exactly one bucket, and the buckets' sums."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from entrepot.intake import conditions
from entrepot.intake.grammar import Act, Document
from entrepot.intake.rejects import Reject
from entrepot.intake.tables import Rows, Source
from entrepot.kernel import money

#: Where lines stand that cannot be read, and those that no rule of the mapping takes.
UNREADABLE = "unreadable"
UNCLASSIFIED = "unclassified"


@dataclass(slots=True)
class Line:
    """One line of the file. `price` is exact, in major units; `bucket` is where it is counted."""

    at: datetime
    file: str
    row: int
    invoice: str
    code: str
    title: str
    quantity: int
    price: Decimal
    customer: str
    country: str
    bucket: str = ""
    act: Act = Act.LISTED
    reason: str = ""

    @property
    def value(self) -> Decimal:
        """Quantity × unit price, exact."""
        return self.quantity * self.price


@dataclass(frozen=True, slots=True)
class Match:
    """So many units of a cancellation that are units of an earlier sale."""

    cancellation: Line
    sale: Line
    quantity: int


@dataclass(slots=True)
class Sum:
    """Lines, units and exact value of a bucket."""

    act: str
    lines: int = 0
    units: int = 0
    value: Decimal = Decimal(0)

    def add(self, units: int, value: Decimal) -> None:
        """Count a line."""
        self.lines += 1
        self.units += units
        self.value += value


@dataclass(slots=True)
class History:
    """The lines of the files and what is known of them. `whole` was summed while reading, before any sorting."""

    document: Document
    currency: str
    lines: list[Line]
    rejects: list[Reject] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    whole: Sum = field(default_factory=lambda: Sum("all"))
    matches: list[Match] = field(default_factory=list)

    def sums(self) -> dict[str, Sum]:
        """The buckets in the order of the mapping, each with its sums; empty ones too. They sum to the whole."""
        sums: dict[str, Sum] = {}
        for bucket in self.document.buckets:
            sums[bucket.name] = Sum(bucket.act)
            if bucket.act is Act.CANCELLATION:
                sums |= {bucket.partly: Sum(bucket.act), bucket.apart: Sum(Act.LISTED)}
        sums |= {UNCLASSIFIED: Sum(Act.LISTED), UNREADABLE: Sum("rejected", lines=len(self.rejects))}
        for line in self.lines:
            sums[line.bucket].add(line.quantity, line.value)
        return sums

    def listed(self) -> list[Line]:
        """The lines that are told row by row, since no flow moves them or not all of their units."""
        return [line for line in self.lines if line.act is Act.LISTED or line.reason]


def read(document: Document, path: Path, *, seen: Callable[[int], None] = lambda count: None) -> History:
    """The history of a path, each line in its bucket. `seen` is told how many rows were read. Raises: Invalid."""
    assert document.lines is not None and document.market is not None  # the mapping was checked
    history = History(document, document.market.currency, [])
    words: dict[str, str] = {}
    extras: dict[str, list[Any]] = defaultdict(list)
    for rows in Source(document, "lines", path).read():
        _take(history, rows, words, extras)
        seen(len(rows.numbers) + len(rows.rejects) + sum(rows.left_out.values()))
    _classify(history, extras)
    history.lines.sort(key=lambda line: line.at)  # stable: lines of one minute stay in the order of the file
    _match(history)
    return history


def _take(history: History, rows: Rows, words: dict[str, str], extras: dict[str, list[Any]]) -> None:
    """Add the rows that were read; a text that comes again is kept once."""
    count = len(rows.numbers)
    none = [None] * count
    values = rows.values
    history.rejects += rows.rejects
    history.left_out.update(rows.left_out)
    strange = {at for at, (_, currency) in enumerate(values["price"]) if currency != history.currency}
    for at in strange:
        why = f"price: the currency is not the market's, {history.currency}"
        history.rejects.append(rows.reject("lines", at, why))
    once = words.setdefault
    columns = [values.get(name, none) for name in ("invoice", "code", "title", "customer", "country")]
    for at in range(count):
        if at in strange:
            continue
        invoice, code, title, customer, country = (
            once(text, text) for text in (column[at] or "" for column in columns)
        )
        quantity, price = values["quantity"][at], values["price"][at][0]
        line = Line(
            values["at"][at], rows.file.name, rows.numbers[at], invoice, code, title, quantity, price, customer, country
        )
        history.lines.append(line)
        history.whole.add(quantity, quantity * price)
    for name, column in values.items():
        if "." in name:
            extras[name] += [value for at, value in enumerate(column) if at not in strange]


def _classify(history: History, extras: Mapping[str, Sequence[Any]]) -> None:
    """Put every line into the first bucket whose conditions hold."""
    lines = history.lines
    invoices: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        invoices[line.invoice] += line.value
    columns: dict[str, Sequence[Any]] = dict(extras)
    asked = {name for bucket in history.document.buckets for name in bucket.when}
    for name in asked - extras.keys() - {"value", "invoice_value"}:
        columns[name] = [getattr(line, name) or None if name not in _NUMBERS else getattr(line, name) for line in lines]
    if "value" in asked:
        columns["value"] = [line.value for line in lines]
    if "invoice_value" in asked:
        columns["invoice_value"] = [invoices[line.invoice] for line in lines]
    for bucket in history.document.buckets:
        for line, held in zip(lines, conditions.matching(bucket.when, columns, len(lines)), strict=True):
            if held and not line.bucket:
                line.bucket, line.act = bucket.name, bucket.act
                line.reason = bucket.reason if bucket.act is Act.LISTED else ""
    for line in lines:
        if not line.bucket:
            line.bucket, line.reason = UNCLASSIFIED, "no bucket of the mapping takes this line"


_NUMBERS = {"quantity", "price"}


def _match(history: History) -> None:
    """Find the sale that each cancellation takes back: the latest earlier one of its customer and code with units left.

    A cancellation of more units than the latest sale has left goes on to the sale before it.
    """
    apart = {bucket.name: bucket for bucket in history.document.buckets if bucket.act is Act.CANCELLATION}
    sold: dict[tuple[str, str], list[list[Any]]] = defaultdict(list)
    for line in history.lines:
        if line.act is Act.SALE:
            sold[line.customer, line.code].append([line, line.quantity])
        elif line.act is Act.CANCELLATION:
            earlier = sold.get((line.customer, line.code), []) if line.customer else []
            left = -line.quantity
            while left and earlier:
                taken = min(left, earlier[-1][1])
                history.matches.append(Match(line, earlier[-1][0], taken))
                left -= taken
                earlier[-1][1] -= taken
                if not earlier[-1][1]:
                    earlier.pop()
            _settle_in_bucket(line, left, apart)


def _settle_in_bucket(line: Line, left: int, buckets: Mapping[str, Any]) -> None:
    """Where a cancellation is counted: with those matched, partly matched, or sold before the file began."""
    bucket = buckets[line.bucket]
    if left == -line.quantity:
        line.bucket, line.act = bucket.apart, Act.LISTED
        line.reason = (
            "no earlier sale of this customer and code has units left" if line.customer else "no customer is named"
        )
    elif left:
        line.bucket = bucket.partly
        line.reason = f"{left} of {-line.quantity} units are of no earlier sale of this customer and code"


def minor(value: Decimal, currency: str) -> tuple[int, Decimal]:
    """An exact value in whole minor units, and what is left below them. Rounding: half to even."""
    scaled = value.scaleb(money.exponent(currency))
    whole = money.round_half_even(scaled)
    return whole, (scaled - whole).scaleb(-money.exponent(currency))


def total(sums: Iterable[Sum]) -> Sum:
    """The sum of sums."""
    whole = Sum("all")
    for each in sums:
        whole.lines += each.lines
        whole.units += each.units
        whole.value += each.value
    return whole
