"""How long the settlement of many order lines takes, beside one `INSERT … SELECT` of the same rows.

A pattern of orders is placed, sent, delivered and accrued by the real flows and copied until there are as many lines;
then `settle` finds what is due, decides reserves and payables, and writes statements, their lines, holds and postings.
The baseline writes the very rows that this left from tables that hold them, after they were taken away again: the same
tables, columns, indexes and constraints, nothing looked for and nothing decided. The books are proven once, after
ours; the baseline must leave every table with the same rows.
"""

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import psycopg

from benchmarks import goods, lives
from benchmarks.marketplace import fresh
from benchmarks.sides import (
    Cost,
    Result,
    assert_books_hold,
    columns_of,
    connect,
    costing,
    count_rows,
    grown,
)

#: Orders of two lines that are lived; the others are copies.
PATTERN = 250

#: Written in this order, so that what is referred to is there; then the rest.
FIRST = ("ledger_account", "ledger_balance", "ledger_journal", "settlement_statement")

#: The table of which a settlement writes a row for every accrual, and which is empty before.
LARGEST = "settlement_statementline"


def main(argv: Sequence[str] | None = None) -> Result:
    """Settle, then write the same rows."""
    parser = argparse.ArgumentParser(prog="entrepot bench settlement", description=__doc__)
    parser.add_argument("--lines", type=int, default=200_000, help="order lines, 500 at least")
    parser.add_argument("--sellers", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    with fresh():
        made = generate(lambda pattern: -(-options.lines // pattern.rows["orders_orderline"]) - 1, options.sellers)
        day = goods.ORDERED.replace(hour=0) + timedelta(days=90)
        with connect() as admin:
            before = count_rows(admin)
            admin.execute("CREATE TABLE bench.old_balance AS SELECT * FROM ledger_balance")
            admin.execute("CHECKPOINT")
        lines = before["orders_orderline"]
        ours = Cost()
        with costing(ours):
            statements = settle(day)
        with connect() as admin:
            after = count_rows(admin)
            tables = grown(before, after)
            left = _digests(admin, tables)
        proving = time.perf_counter()
        assert_books_hold(now=day)
        proving = time.perf_counter() - proving
        with connect() as admin:
            _take_away(admin, tables, before, day)
            theirs = _insert(admin, tables)
            assert _digests(admin, tables) == left
        result = Result(
            "settlement", "lines/s", lines / ours.wall, lines / theirs.wall, "time ≤ 2", ours.wall / theirs.wall,
            {
                "ours": f"{ours.wall:.1f} s: {ours.per(lines)}",
                "theirs": f"{theirs.wall:.1f} s: {theirs.per(lines)}",
                "ratio of processor time": f"{ours.work / theirs.work:.3f}",
                "settled": f"{lines:,} order lines, {after['settlement_statementline']:,} accruals,"
                           f" {statements} statements",
                "rows": ", ".join(f"{table} {after[table] - before[table]:,}" for table in tables),
                "made ready in": f"{made:.0f} s; the books proven in {proving:.0f} s",
            },
        )  # fmt: skip
        result.tell(as_json=options.json)
    return result


def generate(copies: Callable[[lives.Pattern], int], sellers: int = 20) -> float:
    """Delivered orders: a pattern, and so many copies of it as its size asks for; in how many seconds."""
    began = time.perf_counter()
    stocked = goods.stock_market(skus=25 * sellers, sellers=sellers, units=10_000_000)
    pattern = lives.live(stocked, PATTERN)
    # Everything has come to rest and is due, whatever the number of copies, before the day of the settlement.
    lives.multiply(pattern, max(copies(pattern), 0), step=timedelta(days=14) / lives.COPIES_MAX)
    return time.perf_counter() - began


def settle(day: datetime) -> int:
    """Close what is due on that day; how many statements that is."""
    from entrepot.flows import settling
    from entrepot.kernel import outbox
    from entrepot.kernel.actors import SYSTEM

    with outbox.muted():
        return len(settling.settle(until=day, now=day, actor=SYSTEM))


def _take_away(admin: psycopg.Connection, tables: Sequence[str], before: Mapping[str, int], day: datetime) -> None:
    """The rows that the settlement wrote, put aside, and the tables as they were; but no accrual waits any more."""
    admin.execute("SET session_replication_role = replica")
    for table in tables:
        listed = ", ".join(_given(admin, table))
        where = "" if table == "ledger_balance" else f" WHERE created_at = '{day.isoformat()}' ORDER BY ctid"
        admin.execute(f"CREATE UNLOGGED TABLE bench.new_{table} AS SELECT {listed} FROM {table}{where}")
        if table == LARGEST:
            assert not before.get(table), f"{table} had rows"
            admin.execute(f"TRUNCATE {table}")
        elif table != "ledger_balance":
            admin.execute(f"DELETE FROM {table} WHERE created_at = %s", [day])
    listed = ", ".join(columns_of(admin, "ledger_balance"))
    admin.execute("DELETE FROM ledger_balance")
    admin.execute(f"INSERT INTO ledger_balance ({listed}) SELECT {listed} FROM bench.old_balance")
    admin.execute("RESET session_replication_role")
    admin.execute("VACUUM ANALYZE")
    admin.execute("CHECKPOINT")
    assert count_rows(admin) | {"settlement_unstated": 0} == {**before, "settlement_unstated": 0}


def _digests(admin: psycopg.Connection, tables: Sequence[str]) -> dict[str, Any]:
    """What tells one set of rows of each table from another."""
    found = {}
    for table in tables:
        listed = ", ".join(f'"{name}"' for name in _given(admin, table))
        query = f"SELECT count(*), sum(hashtextextended(ROW({listed})::text, 0)) FROM {table}"
        found[table] = admin.execute(query.encode()).fetchone()
    return found


def _given(connection: psycopg.Connection, table: str) -> list[str]:
    """The columns that are given; postings are numbered by the database on both sides."""
    return [name for name in columns_of(connection, table) if (table, name) != ("ledger_posting", "sequence")]


def _insert(target: psycopg.Connection, tables: Sequence[str]) -> Cost:
    cost = Cost()
    ordered = [table for table in FIRST if table in tables] + [table for table in tables if table not in FIRST]
    written: list[Any] = []
    for table in ordered:
        listed = ", ".join(_given(target, table))
        statement = f"INSERT INTO {table} ({listed}) SELECT {listed} FROM bench.new_{table}"
        if table == "ledger_balance":
            statement += " ON CONFLICT (account_id) DO UPDATE SET balance_minor = EXCLUDED.balance_minor"
        written.append(statement)
    with costing(cost), target.transaction():
        for statement in written:
            target.execute(statement)
    return cost


if __name__ == "__main__":
    main()
