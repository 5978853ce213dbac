"""CSV for people who open it in a spreadsheet: quoted where it must be, and never run as a formula."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from entrepot.kernel.errors import Invalid

#: What a spreadsheet takes for the start of a formula. Source: OWASP, CSV injection.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)


def cell(value: object) -> str:
    """A cell's text; what a spreadsheet would run is led by an apostrophe, plain numbers stay numbers."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) and not _NUMBER.fullmatch(text) else text


def write_csv(header: Sequence[str], rows: Iterable[Sequence[object]], *, delimiter: str = ",") -> bytes:
    """A CSV file in UTF-8 with lines that end in CR LF. Source: RFC 4180."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


#: More rows than a person pastes.
ROWS_MAX = 5_000

#: Reads a cell's text. Raises: ValueError with what is wrong, Invalid.
Reader = Callable[[str], Any]


class Unreadable(Invalid):
    """A cell, or a whole table, says something that cannot be."""

    code = "sheets.unreadable"
    message = "Row {row}, {column}: {problem}"


def cells_of(text: str, *, field: str = "sheet") -> list[list[str]]:
    """A table's cells, divided by tabs, semicolons or commas, whichever the first row has. Raises: Unreadable."""
    lines = text.lstrip("\ufeff").strip("\r\n")
    head = lines.partition("\n")[0]
    reader = csv.reader(
        io.StringIO(lines, newline=""), delimiter=next((each for each in ("\t", ";", ",") if each in head), ",")
    )
    try:
        return list(reader)
    except csv.Error:
        raise Unreadable(field=field, row=reader.line_num, column="–", problem="no cell is that long") from None


def write_rows(rows: Iterable[Sequence[str]]) -> str:
    """Rows as they were read, as a text of their own."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def read_csv(
    text: str, readers: Mapping[str, Reader], *, field: str = "sheet", number_as: str = ""
) -> list[dict[str, Any]]:
    """The rows of a pasted or uploaded table whose first row names its columns.

    Rows count as in a spreadsheet, the one with the names is 1, and stand under `number_as` where that is given. A
    column that is left out reads as empty cells. Raises: Unreadable naming row and column.
    """
    table = cells_of(text, field=field)
    names = [cell.strip().lower().replace(" ", "_") for cell in table[0]] if table else []
    for column in names:
        if column and column not in readers:
            raise Unreadable(field=field, row=1, column=column, problem=f"known are {', '.join(readers)}")
    if not set(readers) & set(names):
        raise Unreadable(field=field, row=1, column="–", problem=f"name the columns: {', '.join(readers)}")
    if len(table) > ROWS_MAX + 1:
        raise Unreadable(field=field, row=ROWS_MAX + 2, column="–", problem=f"{ROWS_MAX} rows at most")
    rows = []
    for number, cells in enumerate(table[1:], start=2):
        if any(cell.strip() for cell in cells):
            row = _read_row(number, dict(zip(names, cells, strict=False)), readers, field)
            rows.append(row | {number_as: number} if number_as else row)
    return rows


def _read_row(number: int, cells: Mapping[str, str], readers: Mapping[str, Reader], field: str) -> dict[str, Any]:
    values = {}
    for column, reader in readers.items():
        try:
            values[column] = reader(cells.get(column, "").strip())
        except Invalid as problem:
            said = str(problem).removeprefix(f"{problem.field}: ")
            raise Unreadable(field=field, row=number, column=column, problem=said) from None
        except (ValueError, ArithmeticError) as problem:
            said = str(problem) if type(problem) is ValueError else ""
            raise Unreadable(field=field, row=number, column=column, problem=said or "cannot be read") from None
    return values
