"""Two sides of one measurement: copies of a scratch database, and what each side cost."""

import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.marketplace import machine, show


@dataclass(slots=True)
class Cost:
    """How long something took, and the processor time of this process and of the database. Units: seconds."""

    wall: float = 0.0
    client: float = 0.0
    server: float = 0.0

    def per(self, count: int) -> str:
        """The figures for one of so many, with the processor time in milliseconds."""
        return (
            f"{count / self.wall:,.0f}/s; CPU ms each: {1000 * self.client / count:.3f} client"
            f" + {1000 * self.server / count:.3f} PostgreSQL"
        )

    @property
    def work(self) -> float:
        """All the processor time."""
        return self.client + self.server


def conninfo(database: str = "", role: str = "postgres") -> str:
    """The connection string of a role to a database of the scratch server."""
    from django.conf import settings

    return str(settings.DATABASE_SERVER.conninfo(role, database or settings.DATABASES["default"]["NAME"]))


def connect(database: str = "") -> psycopg.Connection:
    """A connection of the superuser, which commits every statement."""
    return psycopg.connect(conninfo(database), autocommit=True)


def copy_database(*names: str) -> None:
    """Copies of the scratch database as it stands now, under these names."""
    from django.conf import settings
    from django.db import connections

    connections.close_all()
    source = settings.DATABASES["default"]["NAME"]
    with connect("postgres") as admin:
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [source])
        for name in names:
            admin.execute(f"CREATE DATABASE {name} TEMPLATE {source} STRATEGY file_copy")
            admin.execute(f"GRANT CONNECT, TEMPORARY ON DATABASE {name} TO PUBLIC")


@contextmanager
def within(name: str) -> Iterator[None]:
    """Every connection of this process goes to this copy."""
    from django.db import connections

    before = {each.alias: each.settings_dict["NAME"] for each in connections.all()}
    connections.close_all()
    for each in connections.all():
        each.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connections.close_all()
        for each in connections.all():
            each.settings_dict["NAME"] = before[each.alias]


def assert_books_hold(name: str = "", *, now: datetime | None = None) -> None:
    """`verify` passes on the scratch database, or on a copy of it."""
    from django.conf import settings

    from benchmarks.goods import ORDERED
    from entrepot.verify import runner

    with within(name or settings.DATABASES["default"]["NAME"]):
        findings = [(result.invariant.code, result.rows[:2]) for result in runner.verify(now=now or ORDERED, codes=[])
                    if not result.holds]  # fmt: skip
    assert not findings, (name, findings)


@contextmanager
def costing(cost: Cost) -> Iterator[None]:
    """Measure what happens within."""
    server, client, began = server_seconds(), sum(os.times()[:4]), time.perf_counter()
    yield
    cost.wall = time.perf_counter() - began
    cost.client = sum(os.times()[:4]) - client
    cost.server = server_seconds() - server


def server_seconds() -> float:
    """The processor time of the scratch server so far, that of backends that are gone included."""
    from django.conf import settings

    postmaster = int((settings.DATABASE_SERVER.data / "postmaster.pid").read_text().split()[0])
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            values = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(path.parent.name) == postmaster:
            ticks += sum(map(int, values[11:15]))
        elif int(values[1]) == postmaster:
            ticks += sum(map(int, values[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Result:
    """What a benchmark found: both figures in the same unit, and how ours compares with what was aimed at."""

    name: str
    unit: str
    ours: float
    baseline: float
    aim: str
    ratio: float
    details: dict[str, str] = field(default_factory=dict)

    def tell(self, *, as_json: bool) -> None:
        """Print it, for a person or as one JSON document."""
        if as_json:
            print(
                json.dumps(
                    {
                        "name": self.name,
                        "unit": self.unit,
                        "ours": round(self.ours, 3),
                        "baseline": round(self.baseline, 3),
                        "ratio": round(self.ratio, 3),
                        "aim": self.aim,
                        "machine": machine(),
                        "details": self.details,
                    }
                )
            )
            return
        figures = [(self.name, f"{self.ours:,.1f} {self.unit}"), ("baseline", f"{self.baseline:,.1f} {self.unit}")]
        figures += [("ratio", f"{self.ratio:.3f} (aim {self.aim})"), *self.details.items()]
        show(*figures, ("machine", machine()))


def grown(before: dict[str, int], after: dict[str, int]) -> list[str]:
    """The tables that have more rows than before."""
    return sorted(table for table, count in after.items() if count > before.get(table, 0))


def count_rows(connection: psycopg.Connection) -> dict[str, int]:
    """How many rows every table has."""
    tables = connection.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        " AND NOT relispartition"
    ).fetchall()
    return {name: _value(connection, f"SELECT count(*) FROM {name}") for (name,) in tables}


def columns_of(connection: psycopg.Connection, table: str) -> list[str]:
    """The columns of a table that an INSERT gives."""
    rows = connection.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
        " AND attgenerated = '' ORDER BY attnum",
        [table],
    ).fetchall()
    return [name for (name,) in rows]


def _value(connection: psycopg.Connection, query: str, params: Sequence[Any] = ()) -> Any:
    row = connection.execute(query, params).fetchone()
    return row[0] if row else None
