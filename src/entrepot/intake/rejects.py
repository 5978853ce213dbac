"""Rows that were not taken, in a file that imports clean once it is mended.

The file names the table, the row and the problem, then the columns that the mapping asks for, those of joined files
included: it stands alone, whatever the encoding and the form of the files that it came from.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from entrepot.intake.grammar import FileOf, Format
from entrepot.kernel.errors import Invalid

#: The first columns of a rejects file; by these it is known.
OWN = ("table", "row", "problem")

#: How a rejects file is written, whatever the mapping says of the files it came from.
WRITTEN = FileOf(path=("rejects.csv",), format=Format.CSV)


@dataclass(frozen=True, slots=True)
class Reject:
    """One row that was not taken."""

    table: str
    file: str
    row: int
    problem: str
    cells: Mapping[str, str]


def is_rejects(names: Sequence[str]) -> bool:
    """Whether a header is that of a rejects file."""
    return tuple(names[: len(OWN)]) == OWN


class Rejects:
    """Counts the rows that were not taken, keeps the first few to show, and writes all to a file once there is one."""

    SHOWN = 20

    def __init__(self, path: Path | None, columns: Iterable[str]) -> None:
        self.path, self.columns = path, list(columns)
        self.count = 0
        self.first: list[Reject] = []
        self._file: TextIO | None = None
        self._writer: Any = None

    @classmethod
    def beside(cls, source: Path, path: Path | None, name: str, columns: Iterable[str]) -> "Rejects":
        """Into the file that was asked for, or one in this folder; never over the file that is read.

        Raises: Invalid.
        """
        chosen = path or Path(f"{name}-rejects.csv")
        while chosen.exists() and source.exists() and chosen.samefile(source):
            if path is not None:
                raise Invalid(
                    "intake.rejects_over_source",
                    "The rejects cannot go into the file that is imported.",
                    field="rejects",
                )
            chosen = chosen.with_stem(f"{chosen.stem}-again")
        return cls(chosen, columns)

    def __enter__(self) -> "Rejects":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, rejects: Iterable[Reject]) -> None:
        """Note rows."""
        for reject in rejects:
            self.count += 1
            if len(self.first) < self.SHOWN:
                self.first.append(reject)
            if self.path is not None:
                place = f"{reject.file}:{reject.row}"
                cells = [reject.cells.get(column, "") for column in self.columns]
                self._writing(self.path).writerow([reject.table, place, reject.problem, *cells])

    def _writing(self, path: Path) -> Any:
        if self._writer is None:
            try:
                self._file = path.open("w", encoding="utf-8", newline="")
            except OSError as problem:
                raise Invalid(
                    "intake.rejects_unwritable",
                    "{file} cannot be written: {reason}",
                    field="rejects",
                    file=str(path),
                    reason=str(problem.strerror),
                ) from None
            self._writer = csv.writer(self._file)
            self._writer.writerow([*OWN, *self.columns])
        return self._writer
