"""SQL by sets: rows in by COPY or arrays, rows out as named tuples, on Django's connection and in its transaction."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from functools import lru_cache
from itertools import chain
from typing import Any, Protocol, TypeVar
from uuid import UUID

from django.db import OperationalError, connection, migrations
from django.db.transaction import atomic
from psycopg import sql
from psycopg.rows import args_row, namedtuple_row
from psycopg.types.datetime import TimestamptzLoader
from psycopg.types.json import JsonbBinaryDumper, JsonbLoader

from entrepot.kernel import meters, partitions, slow, walls

__all__ = [
    "append_only",
    "array_of",
    "assert_no_transaction",
    "atomic",
    "copy_rows",
    "execute",
    "fetch_rows",
    "fetch_value",
    "on_commit",
    "retried",
    "roomy",
    "settle",
    "unnest",
]

T = TypeVar("T")

#: Whoever speaks with the database through here is timed.
_ = (meters, slow)

#: Serialisation failure and deadlock. Source: PostgreSQL, appendix A.
CONFLICTS = ("40001", "40P01")


def assert_no_transaction() -> None:
    """Stop a call to an outside party that would hold a transaction open."""
    if connection.in_atomic_block:
        raise RuntimeError("an outside party is called within a transaction")


def retried(act: Callable[[], T], attempts: int = 3) -> T:
    """Run a whole transaction, and again where the database chose it to break a deadlock or a conflict.

    Only for what touches nothing but the database.
    """
    assert_no_transaction()
    for attempt in range(1, attempts + 1):
        try:
            return act()
        except OperationalError as error:
            if attempt == attempts or getattr(error.__cause__, "sqlstate", "") not in CONFLICTS:
                raise
    raise AssertionError("unreachable")


def on_commit(act: Callable[[], Any]) -> None:
    """Do this once the surrounding transaction has become durable."""
    from django.db import transaction

    transaction.on_commit(act)


class Waiting(Protocol):
    """Statements that are to go together with others; see `rounds`."""

    def send(self) -> None:
        """Send what waits, and take its answers."""


waiting: ContextVar[Waiting | None] = ContextVar("waiting", default=None)


def settle() -> None:
    """Let go out what waits for others to go with, so that whatever is asked now is asked after it."""
    if (found := waiting.get()) is not None:
        found.send()


def fetch_rows(
    query: str, params: Sequence[Any] | Mapping[str, Any] = (), into: Callable[..., Any] | None = None
) -> list[Any]:
    """The rows of a query, each a named tuple, or what `into` makes of its values."""
    with connection.cursor() as cursor:
        cursor.cursor.row_factory = args_row(into) if into else namedtuple_row
        cursor.cursor.adapters.register_loader("jsonb", JsonbLoader)  # Django leaves jsonb as text
        cursor.cursor.adapters.register_loader("timestamptz", TimestamptzLoader)  # many times faster than Django's
        cursor.execute(query, _light(params))
        rows: list[Any] = cursor.fetchall()
        return rows


def fetch_value(query: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> Any:
    """The one value of a query, or None where it has no row."""
    with connection.cursor() as cursor:
        cursor.execute(query, params or None)
        row = cursor.fetchone()
        return row[0] if row else None


def execute(query: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> int:
    """Run a statement; the number of rows that it touched."""
    with connection.cursor() as cursor:
        cursor.execute(query, _light(params))
        return int(cursor.rowcount)


def copy_rows(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Write many rows through COPY; how many. Values have the types of their columns, a dict or list that of jsonb.

    COPY neither fills Django's defaults nor ignores conflicts: give every column that the database does not fill.
    """
    given = iter(rows)
    first = next(given, None)
    if first is None:
        return 0
    settle()
    rows = chain([first], given)
    if walls.scope() is not None or not _passes_walls(walls.role()):
        return _insert_rows(table, columns, rows)
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    types = _types(table, tuple(columns))
    count = 0
    with (
        partitions.named(),
        connection.cursor() as cursor,
        connection.wrap_database_errors,
    ):
        cursor.cursor.adapters.register_dumper(None, _SharedJson)
        with cursor.copy(statement) as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)
                count += 1
    return count


class _SharedJson(JsonbBinaryDumper):
    """Puts a value that many rows share into words once; what only looks like it, anew."""

    def __init__(self, cls: type, context: Any = None) -> None:
        super().__init__(cls, context)
        self.last: dict[int, tuple[Any, Any]] = {}

    def dump(self, obj: Any) -> Any:
        found = self.last.get(id(obj))
        if found is None:
            if len(self.last) >= 100:
                self.last.clear()
            found = self.last[id(obj)] = (obj, super().dump(obj))  # kept, so that no other value gets its id
        return found[1]


@lru_cache(maxsize=8)
def _passes_walls(_role: str) -> bool:
    """Whether this role may COPY into tables with row-level security; PostgreSQL lets only those who bypass it."""
    return bool(fetch_value("SELECT rolbypassrls OR rolsuper FROM pg_roles WHERE rolname = current_user"))


def _insert_rows(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """The same where COPY is refused: each row is held against the walls."""
    kinds = fetch_rows(
        "SELECT attname, format_type(atttypid, NULL) AS kind FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0",
        [table],
    )
    by_name = {row.attname: row.kind for row in kinds}
    source, params = unnest("given", {f'"{name}"': by_name[name] for name in columns}, rows)
    names = ", ".join(f'"{name}"' for name in columns)
    with partitions.named():
        return execute(f'INSERT INTO "{table}" ({names}) SELECT {names} FROM {source}', params)


@lru_cache(maxsize=1024)
def _types(table: str, columns: tuple[str, ...]) -> list[int]:
    """The types of columns, by their numbers in the database."""
    rows = fetch_rows(
        "SELECT attname, atttypid::bigint FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0", [table]
    )
    types = {row.attname: row.atttypid for row in rows}
    return [types[column] for column in columns]


def unnest(alias: str, columns: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> tuple[str, list[Any]]:
    """A FROM item that holds these rows, and its parameters: one array per column, whatever the number of rows.

    `source, params = unnest("wanted", {"sku_id": "uuid", "qty": "bigint"}, rows)`, then
    `fetch_rows(f"SELECT … FROM {source} JOIN … ON wanted.sku_id = …", params)`.
    """
    arrays: list[Any] = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in columns]
    if len(arrays) != len(columns):
        raise ValueError(f"{len(columns)} columns are named and {len(arrays)} are given")
    arrays = [array_of(kind, column) for kind, column in zip(columns.values(), arrays, strict=True)]
    casts = ", ".join(f"%s::{kind}[]" for kind in columns.values())
    return f"unnest({casts}) AS {alias}({', '.join(columns)})", arrays


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"') if '"' in text or "\\" in text else text
    return f'"{escaped}"'


def _hex(key: UUID) -> str:
    """A key without its dashes, which PostgreSQL reads as well: a fraction of the time."""
    return f"{key.int:032x}"


#: How an element of an array is written, for the types of which there are many.
_ELEMENTS: Mapping[str, Callable[[Any], str]] = {
    **dict.fromkeys(("int", "bigint", "smallint"), str),
    "uuid": lambda value: _hex(value) if type(value) is UUID else str(value),
    "text": lambda value: _quoted(str(value)),
    "jsonb": lambda value: _quoted(json.dumps(value)),
    "boolean": lambda value: "t" if value else "f",
    "numeric": str,
    "date": str,
    "timestamptz": lambda value: _quoted(str(value)),
}


def _literal(values: Iterable[Any], written: Callable[[Any], str]) -> str:
    """An array as PostgreSQL reads it: many times faster than adapting each element."""
    return "{" + ",".join(["NULL" if value is None else written(value) for value in values]) + "}"


def array_of(kind: str, values: Sequence[Any]) -> Any:
    """A column of values as an array parameter of that type; where there is a quick way, by it."""
    if kind in ("bigint", "integer", "int", "smallint"):
        text = str(values if type(values) is list else list(values))
        if "(" in text or "<" in text or "'" in text:  # What tells its type, as numbers of NumPy and enumerations do.
            return _literal(values, str)
        return "{" + (text.replace("None", "NULL") if "N" in text else text)[1:-1] + "}"
    if kind == "uuid":
        # By type: to look for None among keys compares each of them with it, by a method of theirs.
        return "{" + ",".join([f"{key.int:032x}" if type(key) is UUID else _word(key) for key in values]) + "}"
    if kind in ("text", "character varying") and values and None not in values:
        text = "\0".join(map(str, values))
        if '"' not in text and "\\" not in text and text.count("\0") == len(values) - 1:
            return '{"' + text.replace("\0", '","') + '"}'
        return _literal(values, _ELEMENTS["text"])
    if kind == "jsonb":
        return _literal(_worded(values), _quoted)
    written = _ELEMENTS.get(_NAMES.get(kind, kind))
    return list(values) if written is None else _literal(values, written)


#: Types as PostgreSQL names them, by ours.
_NAMES = {
    "timestamp with time zone": "timestamptz",
    "character varying": "text",
    "integer": "int",
}


def _word(key: Any) -> str:
    return "NULL" if key is None else str(key)


def _worded(values: Sequence[Any]) -> list[str | None]:
    """Documents in words; those that several rows share, once."""
    words: dict[int, str] = {}
    for value in values:
        if id(value) not in words and value is not None:
            words[id(value)] = json.dumps(value)
    return [None if value is None else words[id(value)] for value in values]


def _light(params: Sequence[Any] | Mapping[str, Any]) -> Any:
    """Parameters with long lists of keys as literals."""
    if isinstance(params, Mapping):
        return {name: _light_list(value) for name, value in params.items()} or None
    return [_light_list(value) for value in params] or None


def _light_list(value: Any) -> Any:
    if type(value) is not list or not value:
        return value
    if all(type(each) is UUID for each in value):
        return _literal(value, _hex)
    if all(type(each) is str for each in value):
        return _literal(value, _quoted)
    return value


def append_only(*tables: str) -> migrations.RunSQL:
    """For a handwritten migration that depends on kernel 0002: these tables take INSERT and nothing else."""
    create = (
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION entrepot_append_only()"
        for table in tables
    )
    drop = (f"DROP TRIGGER IF EXISTS {table}_append_only ON {table}" for table in tables)
    return migrations.RunSQL(sql=list(create), reverse_sql=list(drop))


def roomy(table: str, percent: int) -> migrations.RunSQL:
    """For a handwritten migration: new rows fill so much of a page; the rest is for new versions of its rows.

    A new version on the page of the old one costs no index anything, if no indexed column changes.
    Source: PostgreSQL, Heap-Only Tuples.
    """
    return migrations.RunSQL(
        f"ALTER TABLE {table} SET (fillfactor = {percent})", f"ALTER TABLE {table} RESET (fillfactor)"
    )
