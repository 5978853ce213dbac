"""Statements that go to the database together, prepared once, and are answered together: what is asked by the batch.

A statement of its own costs its way there and back, its wording and its plan, whatever it does; for a batch of one that
is nearly all that it costs. Within `together`, `ask` and `insert` send nothing yet: all of it goes in one message, as
soon as somebody reads an answer, asks the database by another way, or the block ends. Nothing here copies: COPY cannot
travel with others.
"""

import time
from collections import namedtuple
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache, partial
from itertools import count
from typing import Any, cast
from uuid import UUID
from weakref import WeakKeyDictionary

import psycopg
from django.db import DataError, connection
from psycopg import errors, pq
from psycopg.adapt import Transformer
from psycopg.waiting import Ready, Wait

from entrepot.kernel import db, partitions, slow

__all__ = ["Asked", "ask", "check_references", "insert", "together"]

#: What is planned once stays planned while tables grow: so never by reading all of a table that was empty then.
_PLAN = b"SELECT set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true)"

_OK = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)

#: The names of what each connection has prepared, by wording.
_prepared: WeakKeyDictionary["psycopg.Connection[Any]", dict[bytes, bytes]] = WeakKeyDictionary()
_number = count()
#: What was prepared is gone, or its tables have changed. Source: PostgreSQL, appendix A.
_STALE = ("26000", "0A000")


class Asked:
    """What a statement will have answered."""

    __slots__ = ("_into", "_result", "_rows", "params", "query")

    def __init__(
        self, query: str = "", params: Sequence[bytes | None] = (), into: Callable[..., Any] | None = None
    ) -> None:
        self.query, self.params, self._into = query, params, into
        self._result: Any = None
        self._rows: list[Any] | None = None if query else []

    @property
    def rows(self) -> list[Any]:
        """The rows; waits for them."""
        if self._rows is None:
            self._rows = self._read()
        return self._rows

    @property
    def count(self) -> int:
        """How many rows it touched or gave; waits for that."""
        return int(self._heard().command_tuples or 0) if self.query else 0

    def answer(self, result: Any) -> None:
        """Take what the database said."""
        self._result = result

    def _heard(self) -> Any:
        if self._result is None:
            db.settle()
            assert self._result is not None
        return self._result

    def _read(self) -> list[Any]:
        result = self._heard()
        if not result.ntuples:
            return []
        reader = Transformer(cast("psycopg.Connection[Any]", connection.connection))
        reader.set_pgresult(result, set_loaders=True, format=pq.Format.BINARY)
        if (into := self._into) is not None:
            return reader.load_rows(0, result.ntuples, lambda values: into(*values))
        names = tuple((result.fname(place) or b"").decode() for place in range(result.nfields))
        return reader.load_rows(0, result.ntuples, _row(names)._make)


class _Round:
    """What is asked and was not sent yet."""

    def __init__(self) -> None:
        self.waiting: list[Asked] = []

    def send(self) -> None:
        """Send what waits, and take its answers."""
        waiting, self.waiting = self.waiting, []
        if not waiting:
            return
        started = time.monotonic()
        raw = cast("psycopg.Connection[Any]", connection.connection)
        try:
            with partitions.named(), connection.wrap_database_errors, raw.lock:
                raw.wait(_exchange(raw, waiting))
        finally:
            slow.say("; ".join(each.query for each in waiting), started)


@contextmanager
def together() -> Iterator[None]:
    """What is asked within goes together; it ends when all of it is answered. Within another it is part of that."""
    if db.waiting.get() is not None:
        yield
        return
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    mine = _Round()
    token = db.waiting.set(mine)
    try:
        with connection.execute_wrapper(_in_order):
            yield
        mine.send()
    finally:
        db.waiting.reset(token)


def _in_order(execute: Callable[..., Any], query: str, params: Any, many: bool, context: Any) -> Any:
    """Whatever Django asks goes after all that waits."""
    db.settle()
    return execute(query, params, many, context)


def ask(query: str, params: Sequence[Any] = (), into: Callable[..., Any] | None = None) -> Asked:
    """Send a statement of fixed wording; `into` makes something else than named tuples of its rows."""
    mine = cast("_Round | None", db.waiting.get())
    if mine is None:
        with together():
            return ask(query, params, into)
    asked = Asked(query, [_written(value) for value in params], into)
    wrappers = [each for each in connection.execute_wrappers if each is not _in_order]
    if wrappers:

        def send(_query: str, _params: Any, _many: bool, _context: Any) -> None:
            mine.waiting.append(asked)

        for wrapper in reversed(wrappers):
            send = partial(wrapper, send)
        send(query, params, False, {"connection": connection, "cursor": None})
    else:
        mine.waiting.append(asked)
    if connection.queries_logged:
        connection.queries_log.append({"sql": query, "time": "0.000"})
    return asked


def insert(
    table: str,
    columns: Mapping[str, Sequence[Any]],
    every: Mapping[str, Any] | None = None,
    *,
    order: str = "",
    conflict: str = "",
    returning: str = "",
) -> Asked:
    """Write rows that are given by their columns, all of one length, and what is the same in `every` row.

    `order`, `conflict` and `returning` are clauses of the statement.
    """
    if not len(next(iter(columns.values()))):
        return Asked()
    query = _insertion(table, tuple(columns), tuple(every or ()), order, conflict, returning)
    kinds = _kinds(table)
    params = list((every or {}).values())
    params += [db.array_of(kinds[name], values) for name, values in columns.items()]
    return ask(query, params)


def check_references() -> None:
    """Look now whether what was written refers to what is there, and from now on at once, not only at the commit.

    Before rows are locked that others wait for: it takes as long as all the writing.
    """
    ask("SET CONSTRAINTS ALL IMMEDIATE")


@lru_cache(maxsize=256)
def _insertion(
    table: str, columns: tuple[str, ...], every: tuple[str, ...], order: str, conflict: str, returning: str
) -> str:
    kinds = _kinds(table)
    names = ", ".join((*every, *columns))
    values = ", ".join([*(f"%s::{kinds[name]}" for name in every), *columns])
    arrays = ", ".join(f"%s::{kinds[name]}[]" for name in columns)
    clauses = f"{order and f' ORDER BY {order}'}{conflict and f' ON CONFLICT {conflict}'}"
    clauses += returning and f" RETURNING {returning}"
    return f"INSERT INTO {table} ({names}) SELECT {values} FROM unnest({arrays}) AS w({', '.join(columns)}){clauses}"


@lru_cache(maxsize=256)
def _kinds(table: str) -> dict[str, str]:
    """The types of a table's columns, as a cast names them."""
    rows = db.fetch_rows(
        "SELECT attname, format_type(atttypid, NULL) AS kind FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
        [table],
    )
    return {row.attname: row.kind for row in rows}


@lru_cache(maxsize=256)
def _row(names: tuple[str, ...]) -> Any:
    return namedtuple("Row", names, rename=True)


@lru_cache(maxsize=512)
def _wording(query: str) -> bytes:
    """The statement with its parameters numbered, as the database takes it."""
    parts = query.split("%s")
    numbered = "".join(f"{part}${number}" for number, part in enumerate(parts[:-1], 1))
    return (numbered + parts[-1]).encode()


def _written(value: Any) -> bytes | None:
    """A parameter in words; its type is that of its place. Raises: DataError for a NUL, which would end it unsaid."""
    kind = type(value)
    if value is None:
        return None
    if kind is list or kind is tuple:
        text = _list(value)
    elif isinstance(value, bool | int | datetime | UUID | str):
        text = str(value)
    else:
        raise TypeError(f"no parameter is a {kind.__name__}")
    if "\0" in text:
        raise DataError("A text with a NUL in it cannot be kept.")
    return text.encode()


def _list(values: Sequence[Any]) -> str:
    if not values:
        return "{}"
    return str(db.array_of("uuid" if isinstance(values[0], UUID) else "text", values))


def _exchange(raw: "psycopg.Connection[Any]", waiting: Sequence[Asked]) -> Generator[Wait, Ready | int, None]:
    """Send statements in one message and hear their answers. Raises: the error of the first that failed."""
    pgconn, names = raw.pgconn, _prepared.setdefault(raw, {})
    new: dict[int, bytes] = {}
    heard: list[Any] = []
    pgconn.enter_pipeline_mode()
    try:
        sent = 1
        if not raw.autocommit and pgconn.transaction_status == pq.TransactionStatus.IDLE:
            pgconn.send_query_params(b"BEGIN", None)
            sent += 1
        for query, params in [(_PLAN, ()), *((_wording(each.query), each.params) for each in waiting)]:
            name = names.get(query)
            if name is None:
                name = names[query] = b"round_%d" % next(_number)
                pgconn.send_prepare(name, query)
                new[sent - 1] = query
                sent += 1
            pgconn.send_query_prepared(name, params, result_format=pq.Format.BINARY)
            sent += 1
        pgconn.pipeline_sync()
        yield from _hear(pgconn, heard)
    finally:
        # What broke off within is no connection any more; what answered is out of it.
        if pgconn.status == pq.ConnStatus.OK and len(heard) >= 1 and heard[-1].status == pq.ExecStatus.PIPELINE_SYNC:
            pgconn.exit_pipeline_mode()
        else:
            pgconn.finish()
    for place, query in new.items():
        if heard[place].status not in _OK:
            names.pop(query, None)
    failed = next((each for each in heard[:-1] if each.status not in _OK), None)
    if failed is not None:
        if failed.error_field(pq.DiagnosticField.SQLSTATE) in (code.encode() for code in _STALE):
            names.clear()
        raise errors.error_from_result(failed, encoding=raw.info.encoding)
    prepared = set(new)
    answers = [each for place, each in enumerate(heard[:-1]) if place not in prepared]
    for asked, result in zip(waiting, answers[len(answers) - len(waiting) :], strict=True):
        asked.answer(result)


def _hear(pgconn: Any, heard: list[Any]) -> Generator[Wait, Ready | int, None]:
    """Send what is buffered, and take results until the last."""
    sending = bool(pgconn.flush())
    while True:
        ready = yield Wait.RW if sending else Wait.R
        if ready & Ready.R:
            pgconn.consume_input()
        if sending:
            sending = bool(pgconn.flush())
        while not pgconn.is_busy():
            result = pgconn.get_result()
            if result is None:
                if pgconn.is_busy():
                    break
                continue
            heard.append(result)
            if result.status == pq.ExecStatus.PIPELINE_SYNC:
                return
