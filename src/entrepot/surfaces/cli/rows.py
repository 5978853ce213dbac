"""Rows that a command is given: a CSV file, a JSON list, or either on standard input."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from entrepot.kernel.errors import Invalid
from entrepot.kernel.sheets import cells_of

#: A file of rows, or `-` for standard input.
FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))


def read(file: Path, *, kinds: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """The rows: JSON objects in a list or under `lines`, or a table that names its columns. Raises: Invalid.

    With `kinds`, rows of a JSON document stand in the lists of those names; `row` says which kind each is, `number` its
    place in that list.
    """
    raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid("rows.encoding", "The file is not UTF-8 text.", field="file") from None
    if text.lstrip().startswith(("[", "{")):
        return _objects(text, kinds)
    table = [row for row in cells_of(text) if any(cell.strip() for cell in row)]
    if not table:
        raise Invalid("rows.empty", "The file has no rows.", field="file")
    names = [name.strip().lower() for name in table[0]]
    for number, row in enumerate(table[1:], start=1):
        if len(row) != len(names):
            raise Invalid("rows.ragged", "Row {row} has not as many cells as the header.", field="file", row=number)
    return [dict(zip(names, row, strict=True)) for row in table[1:]]


def _objects(text: str, kinds: Mapping[str, str] | None) -> list[dict[str, Any]]:
    try:
        found = json.loads(text)
    except json.JSONDecodeError as problem:
        where = f"{problem.msg}, line {problem.lineno}"
        raise Invalid("rows.json", "The file is no JSON: {problem}.", field="file", problem=where) from None
    names = kinds or {"lines": ""}
    if isinstance(found, dict) and set(found) & set(names):
        lists = [(found.get(name, []), kind) for name, kind in names.items()]
    else:
        lists = [(found, "")]
    if not all(isinstance(rows, list) and all(isinstance(row, dict) for row in rows) for rows, _ in lists):
        wanted = "a list of objects, or {" + ", ".join(f'"{name}": [...]' for name in names) + "}"
        raise Invalid("rows.json", "The file is no list of rows: {problem}.", field="file", problem=wanted)
    return [
        row | {"row": kind, "number": f"{number} of {kind}s".replace("stocks", "stock")} if kind else row
        for rows, kind in lists
        for number, row in enumerate(rows, 1)
    ]
