"""Sheets that people fill in: columns with titles and explanations, read from a file or from what was pasted.

On top of the readers and fields of mappings. What a mapping says of a stranger's file is found out here: the encoding,
the delimiter, the decimal sign, and which header means which column.
"""

import codecs
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from entrepot.domain.uploads.models import Upload
from entrepot.intake import fields, readers
from entrepot.intake.grammar import Case, Field, FileOf, Format
from entrepot.kernel import db
from entrepot.kernel.actors import Actor
from entrepot.kernel.errors import EntrepotError, Invalid, NotFound

Item = TypeVar("Item")

BYTES_MAX = 20_000_000
ROWS_MAX = 100_000
BATCH = 2_000
#: Rows may have several lines and blank ones between them; more is refused before anybody takes it apart.
LINES_MAX = 4 * ROWS_MAX
#: A line that is longer than a table's can be is refused before anybody takes it apart. Units: characters.
LINE_MAX = 1_000_000
DELIMITERS = ("\t", ";", ",", "|")

#: Columns of a file with rows to be mended; they are passed over when it comes back.
TOLD = ("problem",)

#: A row that begins with this explains the columns.
REMARK = "#"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name in files, what it is called and what belongs in it. `also` are further headers."""

    name: str
    kind: str
    title: str | Promise
    says: str | Promise
    required: bool = False
    most: int = 80
    example: str = ""
    also: tuple[str, ...] = ()
    case: Case | None = None


@dataclass(frozen=True, slots=True)
class Doing:
    """For whom rows are carried out, by whom, when, and of which upload."""

    organisation_id: UUID
    actor: Actor
    now: datetime
    upload_id: UUID
    language: str = "en"
    name: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that a row changes."""

    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a row: created, changed or same; or refused, with the column and the error."""

    state: str
    subject: str = ""
    changes: tuple[Change, ...] = ()
    column: str = ""
    error: EntrepotError | None = None

    @classmethod
    def refused(cls, column: str, error: EntrepotError) -> "Fate":
        """The row is not taken."""
        return cls("refused", column=column, error=error)


@dataclass(slots=True)
class Problem:
    """What is wrong with a row, and in which column."""

    row: int
    column: str
    error: EntrepotError


@dataclass(slots=True)
class Rows:
    """Rows that were read: their numbers in the file, the values of every column, and what could not be read."""

    numbers: list[int]
    values: dict[str, list[Any]]
    problems: list[Problem] = field(default_factory=list)
    cells: dict[int, list[str]] = field(default_factory=dict)

    def pick(self, places: Sequence[int]) -> "Rows":
        """Only these rows."""
        values = {name: [column[at] for at in places] for name, column in self.values.items()}
        return Rows([self.numbers[at] for at in places], values)

    def __len__(self) -> int:
        return len(self.numbers)


Act = Callable[[Rows, Doing], list[Fate]]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A kind of sheet: its columns, the verb that it takes, and what is done with its rows.

    `act` runs in a transaction, once to be tried and rolled back and once for good. Where it calls outside parties it
    cannot: then `plan` says what it would do, and each batch is repeat-safe by itself.
    """

    code: str
    title: str | Promise
    says: str | Promise
    columns: tuple[Column, ...]
    act: Act
    verb: str
    plan: Act | None = None
    adds: Callable[[Rows], bool] = lambda rows: False

    def column(self, name: str) -> Column:
        """The column of that name."""
        return next(each for each in self.columns if each.name == name)


SHEETS: dict[str, Sheet] = {}


def register(sheet: Sheet) -> Sheet:
    """Make a kind of sheet known."""
    SHEETS[sheet.code] = sheet
    return sheet


def get(code: str) -> Sheet:
    """A kind of sheet. Raises: NotFound."""
    if code not in SHEETS:
        raise NotFound(kind="sheet")
    return SHEETS[code]


@dataclass(frozen=True, slots=True)
class Form:
    """How a sheet turned out to be written: `found` is column -> its header in the file."""

    encoding: str
    delimiter: str
    decimal: str
    headers: tuple[str, ...]
    found: Mapping[str, str]
    unknown: tuple[str, ...] = ()
    skipped: int = 0

    def as_json(self) -> dict[str, Any]:
        """What a row keeps of it."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def of(cls, upload: Upload) -> "Form":
        """The form that an upload was read in."""
        kept = {name: upload.form[name] for name in cls.__slots__}
        return cls(**kept | {name: tuple(kept[name]) for name in ("headers", "unknown")})


def understand(content: bytes | str, sheet: Sheet, *, decimal: str = "") -> tuple[str, Form]:
    """The text of a sheet and how it is written. Raises: Invalid naming `file` where it is no such sheet."""
    text, encoding = (content, "text") if isinstance(content, str) else decode(content)
    if len(text) > BYTES_MAX:
        raise _no_sheet("sheets.too_large", "A sheet may have {limit} megabytes at most.", limit=BYTES_MAX // 1_000_000)
    text = text.replace("\x00", "").lstrip("\ufeff")
    skipped = 0
    # Excel's own way of naming the delimiter.
    if re.match(r"sep=.\s*[\r\n]", text):
        text, skipped = re.sub(r"^sep=.\s*?(\r\n|\r|\n)", "", text, count=1), 1
    if not text.strip():
        raise _no_sheet("sheets.empty", "There is nothing in it.")
    if max(text.count("\n"), text.count("\r")) > LINES_MAX:
        raise too_many_rows()
    # A line that long leaves one of these windows without an end.
    windows = (text[start : start + LINE_MAX // 2] for start in range(0, len(text) - LINE_MAX // 2, LINE_MAX // 2))
    if any("\n" not in window and "\r" not in window for window in windows):
        raise Invalid("sheets.no_lines", "A line of it is longer than any table's.", field="file")
    with on_disk(text) as path:
        delimiter, headers = _header(path, sheet)
        found = _columns(headers, sheet)
        unknown = tuple(name for name in headers if name and name not in found.values() and _plain(name) not in TOLD)
        form = Form(encoding, delimiter, decimal or ".", tuple(headers), found, unknown, skipped)
        if missing := [each for each in sheet.columns if each.required and each.name not in found]:
            raise _no_sheet(
                "sheets.column_missing",
                "The column “{column}” is missing. The first row is to name the columns.",
                column=missing[0].name,
            )
        if not decimal:
            form = Form(encoding, delimiter, _decimal(path, sheet, form), tuple(headers), found, unknown, skipped)
    return text, form


def decode(content: bytes) -> tuple[str, str]:
    """Bytes as text, and what their encoding turned out to be: marked, else UTF-8, else the old ones of Excel."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if content.startswith(mark):
            return content.decode(encoding, errors="replace"), encoding.removesuffix("-sig")
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise _no_sheet(
            "sheets.workbook", "This is a workbook. Save the sheet as CSV in your spreadsheet, or copy and paste it."
        )
    if content[:4000].count(0) > len(content[:4000]) // 4:
        return content.decode("utf-16-le" if content[1:2] == b"\0" else "utf-16-be", errors="replace"), "utf-16"
    # GB 2312 writes pairs of high bytes; the Latin letters of the West stand alone among plain ones.
    for encoding in ("utf-8", "gb2312"):
        try:
            return content.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    return content.decode("cp1252", errors="replace"), "cp1252"


def too_many_rows() -> Invalid:
    """The refusal of a sheet that is too long."""
    return Invalid("sheets.too_many_rows", "A sheet may have {most} rows at most.", field="file", most=ROWS_MAX)


@contextmanager
def on_disk(text: str) -> Iterator[Path]:
    """The text as a file, for as long as it is read."""
    with NamedTemporaryFile("w", encoding="utf-8", newline="", suffix=".csv") as file:
        file.write(text)
        file.flush()
        yield Path(file.name)


def read(path: Path, sheet: Sheet, form: Form, *, size: int = BATCH, start: int = 0) -> Iterator[Rows]:
    """The rows of a sheet, batch by batch, from the row at `start` on; blank rows and remarks are passed over."""
    spec = _spec(form)
    known = {each.name: each for each in sheet.columns if each.name in form.found}
    made = {
        name: fields.Reader(
            name,
            Field(column=(form.found[name],), decimal=form.decimal, case=each.case),
            fields.Target(each.kind, each.required, each.most),
        )
        for name, each in known.items()
    }
    passed = 0
    wanted = [name for name in form.headers if name]
    for batch in readers.batches(path, spec, form.headers, wanted, size):
        places = [at for at in range(len(batch.rows)) if not _is_remark([batch.columns[name][at] for name in wanted])]
        began, passed = passed, passed + len(places)
        skip = min(max(start - began, 0), len(places))
        rows = _rows(batch, places[skip:], known, made, form, sheet, wanted)
        # Rows that cannot be taken apart have no place among the others: they are told with the batch they stand in.
        for bad in batch.bad if began >= start else ():
            if _is_remark(bad.cells):
                continue
            number = bad.row + form.skipped
            rows.problems.append(
                Problem(number, "", Invalid("sheets.broken_row", "This row cannot be read: {why}.", why=bad.why))
            )
            rows.cells[number] = bad.cells
        if len(rows) or rows.problems:
            yield rows


def _rows(
    batch: readers.Batch, places: Sequence[int], known: Mapping[str, Column], made: Mapping[str, fields.Reader],
    form: Form, sheet: Sheet, wanted: Sequence[str],
) -> Rows:  # fmt: skip
    columns = {name: [_unmarked(batch.columns[name][at]) for at in places] for name in wanted}
    numbers = [batch.rows[at] + form.skipped for at in places]
    rows = Rows(numbers, {each.name: [None] * len(places) for each in sheet.columns})
    rows.cells = {
        number: [columns[name][at] if name else "" for name in form.headers] for at, number in enumerate(numbers)
    }
    for name in known:
        rows.values[name], _bad = made[name].read(columns, len(places))
        for at, bad in made[name].bad.items():
            rows.problems.append(
                Problem(numbers[at], name, bad.error or Invalid("intake.unreadable", "{why}", why=bad.why))
            )
    return rows


def sift(items: Sequence[Item], act: Callable[[Sequence[Item]], None]) -> list[tuple[Item, EntrepotError]]:
    """Do an act for as many items as can be; where it is refused, halve until the bad one stands alone.

    What is refused leaves no trace. The refused items with why.
    """
    if not items:
        return []
    try:
        with db.atomic():
            act(items)
        return []
    except EntrepotError as refusal:
        if len(items) == 1:
            return [(items[0], refusal)]
    middle = len(items) // 2
    return [*sift(items[:middle], act), *sift(items[middle:], act)]


def said(error: EntrepotError) -> str:
    """An error as a sentence in the language of the moment."""
    text = gettext(str(error.message))
    try:
        return text.format(**error.values)
    except (KeyError, IndexError, ValueError):
        return text


def _spec(form: Form) -> FileOf:
    return FileOf(path=("sheet.csv",), format=Format.CSV, delimiter=form.delimiter)


def _header(path: Path, sheet: Sheet) -> tuple[str, list[str]]:
    """The delimiter by which the first row names most columns, and that row."""
    best: tuple[int, int, str, list[str]] = (0, 0, "", [])
    for delimiter in DELIMITERS:
        try:
            names = readers.header(path, FileOf(path=("sheet.csv",), format=Format.CSV, delimiter=delimiter))
        except Invalid as twice:
            if best[0] == 0 and twice.code == "intake.column_twice" and len(_columns_twice(twice, sheet)):
                raise _no_sheet(twice.code, "The first row names {columns} twice.", **twice.values) from None
            continue
        count = len(_columns(names, sheet))
        if (count, len(names)) > best[:2]:
            best = (count, len(names), delimiter, names)
    if not best[0]:
        raise _no_sheet(
            "sheets.no_columns",
            "The first row names none of the columns of this sheet; it is to begin with, for example, {columns}.",
            columns=", ".join(each.name for each in sheet.columns[:4]),
        )
    return best[2], best[3]


def _columns_twice(error: Invalid, sheet: Sheet) -> dict[str, str]:
    return _columns([name.strip() for name in str(error.values.get("columns", "")).split(",")], sheet)


def _columns(headers: Sequence[str], sheet: Sheet) -> dict[str, str]:
    """Column -> the header that means it, by name, title in any language, or another name that it goes by."""
    meant = {name: each.name for each in sheet.columns for name in _names(each)}
    found: dict[str, str] = {}
    for header in headers:
        column = meant.get(_plain(header))
        if column is not None:
            found.setdefault(column, header)
    return found


def _names(column: Column) -> set[str]:
    names = {column.name, *column.also}
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            names.add(str(column.title))
    return {_plain(name) for name in names}


def _plain(header: str) -> str:
    """A header without case, accents, spaces, signs, or the star and remark that people add."""
    letters = unicodedata.normalize("NFKC", header).casefold()
    return re.sub(r"[\W_]+", "_", re.sub(r"\(.*?\)", "", letters)).strip("_")


def _decimal(path: Path, sheet: Sheet, form: Form) -> str:
    """The decimal sign that the numbers of a sheet show. Raises: Invalid where they show both."""
    numbers = [
        form.found[each.name] for each in sheet.columns if each.kind == fields.NUMBER and each.name in form.found
    ]
    if not numbers:
        return "."
    signs: set[str] = set()
    doubtful = False
    for batch in readers.batches(path, _spec(form), form.headers, numbers, BATCH):
        for column in batch.columns.values():
            for text in set(column):
                sign = decimal_sign(text)
                doubtful = doubtful or sign == "?"
                signs.add(sign)
    signs -= {"", "?"}
    if len(signs) == 2:
        raise _no_sheet(
            "sheets.two_decimal_signs",
            "Some numbers have a decimal point and others a decimal comma; say which is meant.",
            field="decimal",
        )
    return signs.pop() if signs else "," if doubtful and form.delimiter == ";" else "."


def decimal_sign(text: str) -> str:
    """The decimal sign that a number shows: a point, a comma, nothing, or "?" where three digits follow a comma."""
    found = re.sub(r"[^\d.,]", "", text)
    point, comma = found.rfind("."), found.rfind(",")
    if point >= 0 and comma >= 0:
        return "." if point > comma else ","
    if comma >= 0:
        return "." if found.count(",") > 1 else "?" if len(found) - comma == 4 else ","
    if point >= 0:
        return "," if found.count(".") > 1 else "."
    return ""


def _is_remark(cells: Sequence[str]) -> bool:
    first = next((cell.strip() for cell in cells if cell.strip()), "")
    return not first or first.startswith(REMARK)


def _unmarked(text: str) -> str:
    """A cell without the apostrophe by which our own files keep a spreadsheet from running it."""
    return text[1:] if text[:1] == "'" and text[1:2] in {"=", "+", "-", "@"} else text


def _no_sheet(code: str, message: str, *, field: str = "file", **values: object) -> Invalid:
    return Invalid(code, message, field=field, **values)


_("This cannot be empty.")
