"""Files as batches of columns: CSV and TSV in any encoding, Parquet, each also gzipped. One batch is held at a time.

A row that cannot be read (broken characters, another number of columns, a quote that never closes) is told with its
number and leaves the rows around it alone.
"""

import csv
import difflib
import gzip
import io
import zlib
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from entrepot.intake.grammar import FileOf, Format
from entrepot.kernel.errors import Invalid, NotFound

BATCH = 10_000

#: The longest field; a quote that is opened and never closed ends here instead of swallowing the file.
FIELD_MAX = 131_072

#: More columns than a table has that people work with.
COLUMNS_MAX = 2_000

#: What a byte that is no character of the encoding is read as.
BROKEN = "\ufffd"


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that is no row of the table."""

    row: int
    cells: list[str]
    why: str


@dataclass(slots=True)
class Batch:
    """Columns of one file, the number of each row in it, and the rows that could not be read."""

    file: Path
    rows: list[int]
    columns: Mapping[str, Sequence[str]]
    bad: list[BadRow] = field(default_factory=list)


def find(folder: Path, spec: FileOf) -> list[Path]:
    """The files that a mapping means, in order. Raises: NotFound naming the pattern."""
    found: list[Path] = []
    for pattern in spec.path:
        found += sorted(path for path in folder.glob(pattern) if path.is_file() and path not in found)
    if not found:
        raise NotFound(
            "intake.no_file",
            "There is no file {pattern} in {folder}.",
            field="path",
            pattern=" or ".join(spec.path),
            folder=str(folder),
        )
    return found


def header(path: Path, spec: FileOf) -> list[str]:
    """The names of the columns. Raises: Invalid."""
    if form(path, spec) is Format.PARQUET:
        return list(_parquet(path).collect_schema())
    if spec.columns:
        return list(spec.columns)
    with _open(path, spec) as lines:
        names = next(_rows(lines, path, spec), (0, [], ""))[1]
    if len(names) > COLUMNS_MAX:
        raise Invalid(
            "intake.too_many_columns", "{file}: a table has {most} columns at most.", file=path.name, most=COLUMNS_MAX
        )
    names = [name.strip() for name in names]
    twice = sorted(name for name, times in Counter(names).items() if name and times > 1)
    if twice:
        raise Invalid(
            "intake.column_twice", "{file}: the header names {columns} twice.", file=path.name, columns=", ".join(twice)
        )
    return names


def require(names: Sequence[str], wanted: Mapping[str, str], path: Path) -> None:
    """That a header has the columns. `wanted`: column -> the key of the mapping that asks for it. Raises: Invalid."""
    for column, key in wanted.items():
        if column not in names:
            near = difflib.get_close_matches(column, names, n=1)
            hint = f"did you mean {near[0]!r}?" if near else "it has: " + ", ".join(names[:40])
            raise Invalid(
                "intake.no_column",
                "{file} has no column {column!r}; {hint}",
                field=key,
                file=path.name,
                column=column,
                hint=hint,
            )


def batches(
    path: Path, spec: FileOf, names: Sequence[str], wanted: Iterable[str], size: int = BATCH
) -> Iterator[Batch]:
    """The wanted columns of a file, batch by batch. Raises: Invalid where the file as a whole cannot be read."""
    if form(path, spec) is Format.PARQUET:
        yield from _parquet_batches(path, list(wanted), size)
        return
    positions = {name: names.index(name) for name in wanted}
    width = len(names)
    with _open(path, spec) as lines:
        rows = _rows(lines, path, spec, width)
        if not spec.columns:
            next(rows, None)
        batch = Batch(path, [], {})
        cells: list[list[str]] = []
        for number, row, why in rows:
            if why:
                batch.bad.append(BadRow(number, row, why))
            else:
                batch.rows.append(number)
                cells.append(row)
            if len(cells) + len(batch.bad) >= size:
                yield _filled(batch, cells, positions)
                batch, cells = Batch(path, [], {}), []
        yield _filled(batch, cells, positions)


def form(path: Path, spec: FileOf) -> Format:
    """How a file is written: as the mapping says, else as its name says."""
    if spec.format is not None:
        return spec.format
    name = path.name.lower().removesuffix(".gz")
    return (
        Format.PARQUET
        if name.endswith((".parquet", ".pq"))
        else Format.TSV
        if name.endswith((".tsv", ".tab"))
        else Format.CSV
    )


def _filled(batch: Batch, cells: list[list[str]], positions: Mapping[str, int]) -> Batch:
    columns = list(zip(*cells, strict=True))
    batch.columns = {name: columns[at] if columns else () for name, at in positions.items()}
    return batch


def _open(path: Path, spec: FileOf) -> io.TextIOWrapper:
    """The text of a file; what cannot be decoded becomes BROKEN."""
    encoding = "utf-8-sig" if spec.encoding.lower().replace("_", "-") in {"utf-8", "utf8"} else spec.encoding
    raw = gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # noqa: SIM115 - closed with the text
    return io.TextIOWrapper(raw, encoding=encoding, errors="replace", newline="")


class _Lines:
    """The lines of a text, which remembers those of the row being read so that they can be read again."""

    def __init__(self, source: Iterator[str]) -> None:
        self.source = source
        self.ahead: deque[str] = deque()
        self.taken: list[str] = []

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self.ahead.popleft() if self.ahead else next(self.source)
        self.taken.append(line)
        return line

    def give_back(self) -> None:
        """All lines of this row but its first are read again."""
        self.ahead.extendleft(reversed(self.taken[1:]))
        del self.taken[1:]


def _rows(text: Iterable[str], path: Path, spec: FileOf, width: int = 0) -> Iterator[tuple[int, list[str], str]]:
    """(number of its first line, cells, why it is no row) of each row; blank lines are passed over."""
    csv.field_size_limit(FIELD_MAX)
    lines = _Lines(iter(text))
    delimiter = spec.delimiter or ("\t" if form(path, spec) is Format.TSV else ",")
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if spec.quote else csv.QUOTE_NONE
    number = 1
    while True:
        # A reader that failed cannot be used again; the next one goes on with the lines that were given back.
        reader = csv.reader(lines, delimiter=delimiter, quotechar=spec.quote or '"', quoting=quoting, strict=True)
        try:
            for row in reader:
                why = _fault(row, lines.taken, width)
                if why and len(lines.taken) > 1 and "characters" not in why:
                    lines.give_back()
                    row = _plain(lines.taken[0], delimiter)
                    yield number, row, "a quote is opened and not closed"
                elif row:
                    yield number, row, why
                number += len(lines.taken)
                lines.taken.clear()
            return
        except csv.Error:
            lines.give_back()
            if not lines.taken:
                return
            yield number, _plain(lines.taken[0], delimiter), "a quote is opened and not closed, or closed and followed"
            number += 1
            lines.taken.clear()
        except (EOFError, gzip.BadGzipFile, zlib.error, OSError, UnicodeError) as problem:
            raise Invalid(
                "intake.unreadable_file",
                "{file} cannot be read after row {row}: {reason}",
                file=path.name,
                row=number,
                reason=str(problem),
            ) from None


def _fault(row: list[str], taken: list[str], width: int) -> str:
    """Why these cells are no row of the table, or nothing."""
    if width and row and len(row) != width:
        return f"{len(row)} columns where the header has {width}"
    for line in taken:
        if BROKEN in line:
            return "characters that are not of the file's encoding"
    return ""


def _plain(line: str, delimiter: str) -> list[str]:
    return line.rstrip("\r\n").split(delimiter)


def _parquet(path: Path) -> Any:
    import polars

    try:
        frame = polars.scan_parquet(path)
        frame.collect_schema()
        return frame
    except (polars.exceptions.PolarsError, OSError) as problem:
        raise Invalid(
            "intake.unreadable_file",
            "{file} cannot be read after row {row}: {reason}",
            file=path.name,
            row=0,
            reason=str(problem).splitlines()[0],
        ) from None


def _parquet_batches(path: Path, wanted: list[str], size: int) -> Iterator[Batch]:
    import polars

    frame = _parquet(path).select(polars.col(name).cast(polars.String).fill_null("") for name in wanted)
    start = 0
    while True:
        part = frame.slice(start, size).collect()
        if not part.height:
            return
        yield Batch(
            path,
            list(range(start + 1, start + part.height + 1)),
            {name: part.get_column(name).to_list() for name in wanted},
        )
        start += part.height
