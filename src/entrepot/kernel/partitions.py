"""Tables that only grow, cut by the time in their keys: what is past can be read past, kept apart, and archived.

Such a table is partitioned by ranges of its UUIDv7 key, a quarter of a year each. Nothing refers to it by a foreign
key, and nothing but the key is unique in it: what must be unique has a small table of its own, written in the same
transaction. There is no part for everything else, so every instant that rows are written for needs its part beforehand.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import IntegrityError, connection, connections, migrations

from entrepot.kernel.errors import Unavailable

#: What always lies before and after the present: what is written late, and the time until somebody notices.
BEHIND, AHEAD = timedelta(days=365), timedelta(days=456)


class PartitionMissing(Unavailable):
    """A row's time lies outside of what its table was made for."""

    code = "partitions.missing"
    message = "There is no part for this time: {detail}. The daily job makes them; a replay asks for its own years."


def ensure(*, since: datetime, until: datetime, alias: str = "default") -> int:
    """Make the parts that are missing for rows of [since, until]; how many. Cheap where there are none."""
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT entrepot_ensure_partitions(%s, %s)", [since, until])
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def missing(*, since: datetime, until: datetime) -> list[str]:
    """The parts that are missing for rows of [since, until], by name."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT part FROM entrepot_missing_partitions(%s, %s)", [since, until])
        return [name for (name,) in cursor.fetchall()]


def keep(*, now: datetime) -> None:
    """The daily job: parts for a year back and more than a year ahead."""
    ensure(since=now - BEHIND, until=now + AHEAD)


def begin(*, alias: str) -> None:
    """The same at every start, by the database's own clock."""
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "SELECT entrepot_ensure_partitions(now() - make_interval(days => %s), now() + make_interval(days => %s))",
            [BEHIND.days, AHEAD.days],
        )


@contextmanager
def named() -> Iterator[None]:
    """Say plainly that a part is missing. Raises: PartitionMissing."""
    try:
        yield
    except IntegrityError as problem:
        if getattr(problem.__cause__, "sqlstate", "") == "23514" and str(problem).startswith("no partition"):
            raise PartitionMissing(detail=" ".join(str(problem).split())[:200]) from problem
        raise


def partitioned(table: str) -> migrations.RunSQL:
    """For a handwritten migration that depends on kernel 0002: an empty table becomes one that is cut by its key."""
    return migrations.RunSQL(f"SELECT entrepot_partition('{table}')", migrations.RunSQL.noop)


def tables() -> list[str]:
    """The tables that are cut so, by name."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'p' ORDER BY 1"
        )
        return [name for (name,) in cursor.fetchall()]
