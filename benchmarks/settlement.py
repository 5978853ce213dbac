"""How long the settlement of many order lines takes, beside one `INSERT … SELECT` of the same rows.

A pattern of orders is placed, sent, delivered and accrued by the real flows and copied until there are as many lines;
then `settle` finds what is due, decides reserves and payables, and writes statements, their lines, holds and postings.
The baseline, on a copy of the database as it was before, writes the very rows that this left from tables that hold
them: the same tables, columns, indexes and constraints, nothing looked for and nothing decided.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import psycopg

from benchmarks import goods, lives
from benchmarks.intake import pipe
from benchmarks.marketplace import fresh
from benchmarks.sides import (
    Cost,
    Result,
    assert_books_hold,
    columns_of,
    connect,
    copy_database,
    costing,
    count_rows,
    grown,
)

#: Orders of two lines that are lived; the others are copies.
PATTERN = 250

#: Written in this order, so that what is referred to is there; then the rest.
FIRST = ("ledger_account", "ledger_balance", "ledger_journal", "settlement_statement")


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
        lines = before["orders_orderline"]
        copy_database("other")
        ours = Cost()
        with costing(ours):
            statements = settle(day)
        with connect() as admin:
            tables = grown(before, count_rows(admin))
        _stage(tables, day)
        theirs = _insert(tables)
        proving = time.perf_counter()
        assert_books_hold(now=day)
        assert_books_hold("other", now=day)
        proving = time.perf_counter() - proving
        with connect("other") as admin:
            after = count_rows(admin)
        result = Result(
            "settlement", "lines/s", lines / ours.wall, lines / theirs.wall, "time ≤ 2", ours.wall / theirs.wall,
            {
                "ours": f"{ours.wall:.1f} s: {ours.per(lines)}",
                "theirs": f"{theirs.wall:.1f} s: {theirs.per(lines)}",
                "ratio of processor time": f"{ours.work / theirs.work:.3f}",
                "settled": f"{lines:,} order lines, {after['settlement_statementline']:,} accruals,"
                           f" {statements} statements",
                "rows": ", ".join(f"{table} {after[table] - before[table]:,}" for table in tables),
                "made ready in": f"{made:.0f} s; both sides proven in {proving:.0f} s",
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


def _stage(tables: Sequence[str], day: datetime) -> None:
    """The rows that the settlement wrote, in tables of the copy; balances as they are now."""
    with connect() as source, connect("other") as target:
        for table in tables:
            listed = ", ".join(_given(source, table))
            where = "" if table == "ledger_balance" else f" WHERE created_at = '{day.isoformat()}' ORDER BY ctid"
            target.execute(f"CREATE UNLOGGED TABLE bench.new_{table} AS SELECT {listed} FROM {table} LIMIT 0")
            pipe(source, f"SELECT {listed} FROM {table}{where}", target, f"bench.new_{table}")
        target.execute("VACUUM ANALYZE")


def _given(connection: psycopg.Connection, table: str) -> list[str]:
    """The columns that are given; postings are numbered by the database on both sides."""
    return [name for name in columns_of(connection, table) if (table, name) != ("ledger_posting", "sequence")]


def _insert(tables: Sequence[str]) -> Cost:
    cost = Cost()
    with connect("other") as target:
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
        # What is on a statement waits for none: the baseline is spared this part of the work.
        target.execute(
            "DELETE FROM settlement_unstated unstated USING bench.new_settlement_statementline placed"
            " WHERE placed.accrual_id = unstated.accrual_id"
        )
    return cost


if __name__ == "__main__":
    main()
