"""The invariants asked after every test: each is planned once, for a plan takes many times what carrying it out does.

What `entrepot verify` asks, and in the same kind of transaction; tests/verify holds that command itself.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from typing import Any

import psycopg
from django.db import connection
from psycopg.conninfo import conninfo_to_dict

from entrepot.kernel import walls
from entrepot.verify import runner
from entrepot.verify.runner import Result


class Planned(psycopg.Cursor[Any]):
    """A cursor whose queries with parameters are prepared."""

    def execute(self, query: Any, params: Any = None, **_options: Any) -> Any:
        return super().execute(query, params, prepare=params is not None)


@lru_cache(maxsize=1)
def _kept(url: str) -> psycopg.Connection[Any]:
    """This session's connection for proving."""
    kept = psycopg.connect(url, autocommit=True, cursor_factory=Planned)
    kept.prepared_max = None
    kept.execute("SET plan_cache_mode = force_generic_plan; SET jit = off; SET work_mem = '64MB'")
    return kept


@contextmanager
def _snapshot(url: str) -> Iterator[Any]:
    begin = f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL ROLE {walls.VERIFY}"
    try:
        _kept(url).execute(begin)
    except psycopg.OperationalError:  # the server has died meanwhile
        _kept.cache_clear()
        _kept(url).execute(begin)
    with _kept(url).cursor() as cursor:
        try:
            yield cursor
        finally:
            cursor.execute("ROLLBACK")


def verify(*, now: datetime, codes: Sequence[str]) -> Iterator[Result]:
    """The same as `runner.verify`, sooner in the session's own database."""
    url = os.environ["ENTREPOT_DATABASE_URL"]
    if connection.settings_dict["NAME"] != conninfo_to_dict(url)["dbname"]:
        yield from runner.verify(now=now, codes=list(codes))  # nobody stays connected to what may be copied
        return
    if connection.in_atomic_block:
        raise RuntimeError("whoever verifies sees what is committed")
    with _snapshot(url) as cursor:
        for invariant in runner.select(list(codes)):
            yield runner.check(cursor, invariant, now=now)
