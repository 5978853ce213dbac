"""The rows of a mapping's table: its files, joined and read field by field, batch by batch.

The main file streams. Files that are joined to it are held in memory, with the columns that are asked for.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from entrepot.intake import conditions, fields, readers
from entrepot.intake.grammar import Document, FileOf, Join, Table
from entrepot.intake.readers import BadRow, Batch
from entrepot.intake.rejects import WRITTEN, Reject, is_rejects
from entrepot.kernel.errors import Invalid, NotFound


@dataclass(slots=True)
class Rows:
    """Rows of one table that were read: their numbers in the file and the values of each field."""

    file: Path
    numbers: list[int]
    values: dict[str, list[Any]]
    raw: Mapping[str, Sequence[str]]
    rejects: list[Reject] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)

    def reject(self, table: str, at: int, problem: str) -> Reject:
        """The row at this position as a reject."""
        cells = {name: column[at] for name, column in self.raw.items()}
        return Reject(table, self.file.name, self.numbers[at], problem, cells)


def asked(document: Document, name: str) -> dict[str, str]:
    """The columns that a table asks for, those of joined files as `join.column`, each with the key that asks."""
    table: Table = getattr(document, name)
    columns: dict[str, str] = {}
    for each, spec in table.fields.items():
        columns |= dict.fromkeys(spec.column, f"{name}.fields.{each}.column")
        if spec.currency_column:
            columns[spec.currency_column] = f"{name}.fields.{each}.currency_column"
    for label, join in table.join.items():
        columns |= dict.fromkeys(join.on, f"{name}.join.{label}.on")
    return columns


class Source:
    """One table of a mapping over the files of a path.

    `path` is the folder of the mapping's files, or the table's main file, or a rejects file.
    """

    def __init__(self, document: Document, name: str, path: Path) -> None:
        self.document, self.name, self.path = document, name, path
        self.table: Table = getattr(document, name)
        self.spec: FileOf = document.files[self.table.file]
        if path.is_dir():
            self.folder, self.files = path, readers.find(path, self.spec)
        elif path.is_file():
            self.folder, self.files = path.parent, [path]
            if is_rejects(self._names(path, WRITTEN)):
                self.spec = WRITTEN
        else:
            raise NotFound("intake.no_path", "There is no file or folder {path}.", field="path", path=str(path))
        self.mended = self.spec is WRITTEN
        self.headers = {file: readers.header(file, self.spec) for file in self.files}
        self.readers = {
            each: fields.Reader(each, spec, fields.target(name, each))  # type: ignore[arg-type]
            for each, spec in self.table.fields.items()
        }

    @staticmethod
    def _names(path: Path, spec: FileOf) -> list[str]:
        try:
            return readers.header(path, spec)
        except Invalid:
            return []

    @property
    def wanted(self) -> dict[str, str]:
        """The columns that this table asks for, each with the key of the mapping that asks."""
        return asked(self.document, self.name)

    def fits(self) -> bool:
        """Whether the first file has the columns of this table."""
        names = self.headers[self.files[0]]
        return all(column in names for column in self._own(names))

    def _own(self, names: Sequence[str]) -> dict[str, str]:
        """The columns to be found in the main file itself."""
        joined = {column for column in self.wanted if column.partition(".")[0] in self.table.join and "." in column}
        return {column: key for column, key in self.wanted.items() if column not in joined or column in names}

    def read(self, size: int = readers.BATCH) -> Iterator[Rows]:
        """The rows, batch by batch. Raises: Invalid, NotFound where a file or a column is not there."""
        lookups: dict[str, _Lookup] = {}
        for file in self.files:
            names = self.headers[file]
            own = self._own(names)
            readers.require(names, own, file)
            missing = [column for column in self.wanted if column not in own]
            for label in {column.partition(".")[0] for column in missing} - lookups.keys():
                lookups[label] = self._lookup(label, self.table.join[label], missing)
            wanted = [*own, *(("table",) if self.mended else ())]
            for batch in readers.batches(file, self.spec, names, wanted, size):
                yield self._rows(self._of_this_table(batch), names, lookups)

    def _lookup(self, label: str, join: Join, missing: Sequence[str]) -> "_Lookup":
        columns = [column.partition(".")[2] for column in missing if column.partition(".")[0] == label]
        return _Lookup(self.folder, self.document.files[join.file], join, columns, f"{self.name}.join.{label}")

    def _of_this_table(self, batch: Batch) -> Batch:
        """Of a rejects file only the rows of this table."""
        if not self.mended:
            return batch
        mine = [at for at, table in enumerate(batch.columns["table"]) if table == self.name]
        columns = {name: [column[at] for at in mine] for name, column in batch.columns.items() if name != "table"}
        return Batch(batch.file, [batch.rows[at] for at in mine], columns, batch.bad)

    def _rows(self, batch: Batch, names: Sequence[str], lookups: Mapping[str, "_Lookup"]) -> Rows:
        columns = dict(batch.columns)
        for label, lookup in lookups.items():
            columns |= lookup.columns(label, batch.columns)
        count = len(batch.rows)
        problems: dict[int, list[str]] = {}
        rows = Rows(batch.file, batch.rows, {}, columns)
        for each, reader in self.readers.items():
            rows.values[each], bad = reader.read(columns, count)
            for at, why in bad:
                problems.setdefault(at, []).append(why)
        rows.rejects = [rows.reject(self.name, at, "; ".join(why)) for at, why in sorted(problems.items())]
        rows.rejects += [self._bad_row(bad, names, batch.file) for bad in batch.bad]
        leaving = set(problems)
        for rule in self.table.leave_out:
            held = conditions.matching(rule.when, rows.values, count)
            matched = {at for at, so in enumerate(held) if so} - leaving
            rows.left_out[rule.reason] = rows.left_out.get(rule.reason, 0) + len(matched)
            leaving |= matched
        return _without(rows, leaving)

    def _bad_row(self, bad: BadRow, names: Sequence[str], file: Path) -> Reject:
        return Reject(self.name, file.name, bad.row, bad.why, dict(zip(names, bad.cells, strict=False)))


def _without(rows: Rows, leaving: set[int]) -> Rows:
    if not leaving:
        return rows
    stay = [at for at in range(len(rows.numbers)) if at not in leaving]
    return replace(
        rows,
        numbers=[rows.numbers[at] for at in stay],
        values={name: [column[at] for at in stay] for name, column in rows.values.items()},
        raw={name: [column[at] for at in stay] for name, column in rows.raw.items()},
    )


class _Lookup:
    """A joined file in memory: its key -> the columns that are asked for."""

    def __init__(self, folder: Path, spec: FileOf, join: Join, columns: Sequence[str], key: str) -> None:
        self.ours, self.names = list(join.on), list(columns)
        self.none = ("",) * len(columns)
        self.rows: dict[tuple[str, ...], tuple[str, ...]] = {}
        theirs = list(join.on.values())
        for file in readers.find(folder, spec):
            names = readers.header(file, spec)
            readers.require(names, dict.fromkeys(theirs, f"{key}.on") | dict.fromkeys(columns, key), file)
            for batch in readers.batches(file, spec, names, dict.fromkeys([*theirs, *columns])):
                keys = zip(*(batch.columns[name] for name in theirs), strict=True)
                found = zip(*(batch.columns[name] for name in columns), strict=True)
                for number, each, values in zip(batch.rows, keys, found, strict=True):
                    if self.rows.setdefault(each, values) != values:
                        raise Invalid(
                            "intake.join_twice",
                            "{file} row {row}: a second, different row for {key}; the "
                            "file that has several rows must be the main one.",
                            field=f"{key}.on",
                            file=file.name,
                            row=number,
                            key=", ".join(each),
                        )

    def columns(self, label: str, ours: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
        """The joined columns of a batch; blank where no row agrees."""
        found = [
            self.rows.get(tuple(cell.strip() for cell in each), self.none)
            for each in zip(*(ours[name] for name in self.ours), strict=True)
        ]
        columns: Sequence[Sequence[str]] = list(zip(*found, strict=True)) or [()] * len(self.names)
        return {f"{label}.{name}": column for name, column in zip(self.names, columns, strict=True)}
