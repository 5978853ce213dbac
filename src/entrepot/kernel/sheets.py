"""CSV for people who open it in a spreadsheet: quoted where it must be, and never run as a formula."""

import csv
import io
import re
from collections.abc import Iterable, Sequence

#: What a spreadsheet takes for the start of a formula. Source: OWASP, CSV injection.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)


def cell(value: object) -> str:
    """A cell's text; what a spreadsheet would run is led by an apostrophe, plain numbers stay numbers."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) and not _NUMBER.fullmatch(text) else text


def write_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """A CSV file in UTF-8 with lines that end in CR LF. Source: RFC 4180."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([cell(value) for value in row] for row in rows)
    return text.getvalue().encode()
