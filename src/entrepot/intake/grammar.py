"""What a mapping file may say: its tables and keys, read into records. `mapping` checks what must fit together."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from entrepot.domain.terms.grammar import (
    MESSAGES,
    Currency,
    Kind,
    ListOf,
    Number,
    Pattern,
    Rate,
    Record,
    Report,
    TableOf,
    Text,
    Whole,
    show,
)


class Verbatim(Kind):
    """A word of somebody else's file, kept as it is; a number or a truth value is taken as it is written."""

    def __init__(self, says: str = "text", least: int = 1) -> None:
        self.says, self.least = says, least

    def read(self, raw: Any, key: str, report: Report) -> Any:
        if isinstance(raw, bool):
            return str(raw).lower()
        if not isinstance(raw, str | int | Decimal | date):
            return self.refuse(raw, key, report)
        text = str(raw)
        return text if len(text) >= self.least else report.add(key, "empty", expected=self.says)


class Sign(Kind):
    """One character, or none."""

    def __init__(self, says: str) -> None:
        self.says = says

    def read(self, raw: Any, key: str, report: Report) -> Any:
        return raw if isinstance(raw, str) and len(raw) <= 1 else self.refuse(raw, key, report)


class Several(ListOf):
    """A list; a bare value is a list of one."""

    def read(self, raw: Any, key: str, report: Report) -> Any:
        return super().read(raw if isinstance(raw, list) else [raw], key, report)


class Expression(Kind):
    """A regular expression that compiles."""

    says = "a regular expression"

    def read(self, raw: Any, key: str, report: Report) -> Any:
        if not isinstance(raw, str):
            return self.refuse(raw, key, report)
        try:
            return re.compile(raw)
        except re.error as problem:
            return report.add(key, "bad_expression", found=show(raw), problem=str(problem))


class Format(StrEnum):
    """How a file is written."""

    CSV = "csv"
    TSV = "tsv"
    PARQUET = "parquet"


class Case(StrEnum):
    """How letters are folded."""

    UPPER = "upper"
    LOWER = "lower"


class Unlisted(StrEnum):
    """What becomes of a value that the table of values does not name."""

    KEEP = "keep"
    BLANK = "blank"
    REFUSE = "refuse"


class Act(StrEnum):
    """What the replay does with the lines of a bucket."""

    SALE = "sale"
    CANCELLATION = "cancellation"
    STOCK = "stock"
    LISTED = "listed"


#: A share of a whole.
Share = Annotated[Decimal, Rate()]

COLUMN = Verbatim("the name of a column")
WORD = Pattern(r"[a-z][a-z0-9_]*", "a name of small letters, digits and _")
NAME = Pattern(r"[a-z][a-z0-9_.-]*", "the name of a field")
CODE = Pattern(r"[A-Za-z0-9][A-Za-z0-9_-]*", "a code of letters, digits, - and _")
COUNTRY = Pattern(r"[A-Z]{2}", "a country as two capital letters")


@dataclass(frozen=True)
class FileOf:
    """Where a file lies, relative to the folder that is imported, and how it is written."""

    path: Annotated[tuple[str, ...], Several(Verbatim("a file name or a pattern such as orders*.csv"))]
    format: Format | None = None
    encoding: Annotated[str, Pattern(r"[A-Za-z0-9_.-]+", "an encoding such as utf-8 or cp1252")] = "utf-8"
    delimiter: Annotated[str | None, Sign("one character")] = None
    quote: Annotated[str, Sign('one character, or "" where nothing is quoted')] = '"'
    columns: Annotated[tuple[str, ...], ListOf(COLUMN, most=2000)] = ()


@dataclass(frozen=True)
class Field:
    """How one value is found and read. `column` alone is the short form."""

    column: Annotated[tuple[str, ...], Several(COLUMN)] = ()
    glue: Annotated[str | None, Verbatim("text between the columns", least=0)] = None
    constant: Annotated[str | None, Verbatim()] = None
    default: Annotated[str | None, Verbatim()] = None
    blank: Annotated[tuple[str, ...], ListOf(Verbatim(least=0))] = ()
    pattern: Annotated[re.Pattern[str] | None, Expression()] = None
    case: Case | None = None
    pad: Annotated[int, Whole(0, 100)] = 0
    values: Annotated[Mapping[str, str], TableOf(Verbatim(), Verbatim(least=0), most=5000)] = field(
        default_factory=dict
    )
    unlisted: Unlisted | None = None
    decimal: Annotated[str, Sign("the decimal sign, . or ,")] = "."
    unit: Annotated[str, Text(10)] = ""
    currency: Annotated[str, Currency()] = ""
    currency_column: Annotated[str, COLUMN] = ""
    format: Annotated[str, Verbatim("a date format such as %d/%m/%Y %H:%M")] = ""
    zone: Annotated[str, Text(60)] = "UTC"
    required: bool | None = None


FIELD = Record(Field, short="column")


@dataclass(frozen=True)
class Test:
    """What a value must be. A bare text is an expression that matches the whole of it."""

    matches: Annotated[re.Pattern[str] | None, Expression()] = None
    blank: bool | None = None
    below: Annotated[Decimal | None, Number(-(10**12), 10**12)] = None
    above: Annotated[Decimal | None, Number(-(10**12), 10**12)] = None
    equals: Annotated[Decimal | None, Number(-(10**12), 10**12)] = None


When = Annotated[Mapping[str, Test], TableOf(NAME, Record(Test, short="matches"))]


@dataclass(frozen=True)
class Join:
    """Another file whose columns are added, as `name.column`, where the keys agree; at most one row may agree."""

    file: Annotated[str, WORD]
    on: Annotated[Mapping[str, str], TableOf(COLUMN, COLUMN, says="a table: our column = its column", least=1)]


@dataclass(frozen=True)
class LeaveOut:
    """Rows that are not meant to come in."""

    reason: Annotated[str, Text(200)]
    when: When


@dataclass(frozen=True)
class Table:
    """What the rows of a file become."""

    file: Annotated[str, WORD]
    fields: Annotated[Mapping[str, Field], TableOf(NAME, FIELD)]
    join: Annotated[Mapping[str, Join], TableOf(WORD, Record(Join))] = field(default_factory=dict)
    leave_out: tuple[LeaveOut, ...] = ()


@dataclass(frozen=True)
class Bucket:
    """Lines of an order history of one kind: how they are known, what is done with them, and why.

    A stock bucket moves stock by `sign` × quantity. `apart` and `partly` name what becomes of cancellations that match
    no earlier sale, or one of fewer units.
    """

    name: Annotated[str, Pattern(r"[a-z0-9][a-z0-9 -]*", "a name of small letters, digits, spaces and -")]
    act: Act
    reason: Annotated[str, Text(300)]
    when: When = field(default_factory=dict)
    sign: Annotated[int, Whole(-1, 1)] = 1
    apart: Annotated[str, Text(60)] = ""
    partly: Annotated[str, Text(60)] = ""


@dataclass(frozen=True)
class TaxOf:
    """A tax rate of the replay's market from a day on."""

    rate: Share
    valid_from: date
    source: Annotated[str, Text(300)]


@dataclass(frozen=True)
class MarketOf:
    """The market in which the history is replayed."""

    code: Annotated[str, Pattern(r"[A-Z0-9-]{2,8}", "a code of 2 to 8 capital letters, digits and -")]
    name: Annotated[str, Text(100)]
    country: Annotated[str, COUNTRY]
    currency: Annotated[str, Currency()]
    time_zone: Annotated[str, Text(60)]
    language: Annotated[str, Pattern(r"[a-z]{2}(-[a-z]{2})?", "a language such as en or pt-br")]
    tax: tuple[TaxOf, ...]
    includes_tax: bool = True


@dataclass(frozen=True)
class SellerOf:
    """Who sold."""

    code: Annotated[str, CODE]
    name: Annotated[str, Text(200)]
    country: Annotated[str, COUNTRY]


@dataclass(frozen=True)
class Assumed:
    """What the file does not say and the flows must know. Everything here is an assumption, and the report says so."""

    weight: Annotated[int, Whole(1, 40_000_000, "grams of one unit")]
    length: Annotated[int, Whole(1, 100_000, "millimetres of one unit")]
    width: Annotated[int, Whole(1, 100_000, "millimetres of one unit")]
    height: Annotated[int, Whole(1, 100_000, "millimetres of one unit")]
    hs_code: Annotated[str, Pattern(r"[0-9]{6,10}", "an HS code of 6 to 10 digits")]
    origin_country: Annotated[str, COUNTRY]
    carrier: Annotated[str, CODE]
    service: Annotated[str, CODE]
    freight: Annotated[Decimal, Number(0, 10**6, "what the carrier takes for a parcel, in the market's currency")]
    transit: Annotated[int, Whole(0, 90, "days from hand-over to delivery")]
    supply_share: Share
    source: Annotated[str, Text(400)]
    category: Annotated[str, CODE] = "replayed"
    working_days: Annotated[tuple[int, ...], ListOf(Whole(1, 7, "an ISO weekday, 1 for Monday"))] = (1, 2, 3, 4, 5)
    cut_off: Annotated[str, Pattern(r"([01][0-9]|2[0-3]):[0-5][0-9]", "a time such as 14:00")] = "14:00"
    abroad: Annotated[str, COUNTRY] = "CN"
    return_reason: Annotated[str, WORD] = "changed_mind"


@dataclass(frozen=True)
class Document:
    """A whole mapping file."""

    name: Annotated[str, CODE]
    title: Annotated[str, Text(200)]
    files: Annotated[Mapping[str, FileOf], TableOf(WORD, Record(FileOf, short="path"), least=1)]
    source: Annotated[str, Text(400)] = ""
    language: Annotated[str, Pattern(r"[a-z]{2}(-[a-z]{2})?", "a language such as en or pt-br")] = "en"
    sellers: Table | None = None
    products: Table | None = None
    lines: Table | None = None
    buckets: tuple[Bucket, ...] = ()
    market: MarketOf | None = None
    seller: SellerOf | None = None
    assumed: Assumed | None = None


WORDS: Mapping[str, str] = dict(MESSAGES) | {
    "bad_expression": "{found} is not a regular expression: {problem}",
    "nothing_to_do": "a mapping needs a table: products or sellers for a catalogue, lines for an order history",
    "unknown_file": "{found} is not among the files; known: {known}",
    "unknown_encoding": "{found} is not an encoding known here; use for example utf-8, cp1252 or latin-1",
    "unknown_field": "{found} is no field of {table}; known: {known}",
    "unknown_field_near": "{found} is no field of {table}; did you mean {near}?",
    "missing_field": "missing; {table} cannot do without it",
    "no_value": "say where the value comes from: column or constant",
    "two_values": "a field has a column or a constant, not both",
    "unknown_unit": "{found} is not a unit of {measure}; use one of {known}",
    "needs_unit": "missing; a {measure} needs its unit, one of {known}",
    "needs_currency": "missing; an amount needs currency or currency_column",
    "not_here": "this key says nothing for a {kind}; leave it out",
    "unknown_zone": "{found} is not a time zone; write for example Europe/Berlin",
    "bad_format": "{found} is not a date format; write for example %d/%m/%Y %H:%M",
    "needs_values": "missing; unlisted says what becomes of values that this table does not name",
    "decimal_sign": "{found} is not a decimal sign; write . or ,",
    "needs_buckets": "missing; an order history needs at least one bucket with act sale",
    "needs_table": "missing; an order history is replayed in a market, by a seller, under assumptions",
    "bucket_name_twice": "{found} names two buckets",
    "sign_zero": "stock moves by +1 or -1 times the quantity",
}
