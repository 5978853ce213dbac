"""How long the books of many postings take to prove, beside one sequential scan of every table that this reads.

A pattern of orders is lived through the real flows, copied until there are as many postings, and settled, so that every
table of a life is filled. Which tables each invariant reads is asked of the plan of its query. Beside it: what it takes
to prove only what was touched since an hour before the last copy was delivered, as `verify --since` does.
"""

import argparse
import json
import time
from collections.abc import Sequence
from datetime import timedelta

import psycopg

from benchmarks import goods
from benchmarks.marketplace import fresh
from benchmarks.settlement import generate, settle
from benchmarks.sides import Cost, Result, connect, costing, count_rows


def main(argv: Sequence[str] | None = None) -> Result:
    """Prove, then scan."""
    parser = argparse.ArgumentParser(prog="entrepot bench verify", description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000, help="ledger postings")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    with fresh():
        from entrepot.domain.ledger import sealing
        from entrepot.verify import runner

        day = goods.ORDERED.replace(hour=0) + timedelta(days=90)
        made = generate(lambda pattern: -(-options.entries // pattern.rows["ledger_posting"]) - 1)
        settle(day)
        sealing.seal(now=day)
        with connect() as admin:
            admin.execute("VACUUM ANALYZE")
            rows = count_rows(admin)
        took: dict[str, float] = {}
        ours, theirs = Cost(), Cost()
        with costing(ours):
            began = time.perf_counter()
            for result in runner.verify(now=day):
                assert result.holds, (result.invariant.code, result.rows)
                took[result.invariant.code] = time.perf_counter() - began
                began = time.perf_counter()
        with connect() as admin:
            [(latest,)] = admin.execute("SELECT max(created_at) FROM logistics_trackingevent").fetchall()
        recent = Cost()
        with costing(recent):
            partly = runner.verify_recent(since=latest - timedelta(hours=1), now=day)
        assert all(result.holds for result in partly.results)
        with connect() as admin:
            tables = sorted({table for each in runner.invariants() for table in _read(admin, each.query)})
            admin.execute("SET max_parallel_workers_per_gather = 0; SET enable_indexonlyscan = off;"
                          " SET enable_indexscan = off; SET enable_bitmapscan = off")  # fmt: skip
            with costing(theirs):
                for table in tables:
                    admin.execute(f"SELECT count(*) FROM {table} t")
        slowest = sorted(took, key=lambda code: -took[code])[:6]
        result = Result(
            "verify", "s", ours.wall, theirs.wall, "≤ 60 s", ours.wall / theirs.wall,
            {
                "proven": f"{len(took)} invariants over {rows['ledger_posting']:,} postings,"
                          f" {rows['orders_orderline']:,} order lines, {rows['settlement_accrual']:,} accruals",
                "ours": f"CPU {ours.client:.1f} s client + {ours.server:.1f} s PostgreSQL",
                "theirs": f"{len(tables)} tables, {sum(rows.get(table, 0) for table in tables):,} rows,"
                          f" CPU {theirs.server:.1f} s PostgreSQL",
                "since": f"{len(partly.results)} invariants over {partly.orders:,} orders and {partly.statements:,}"
                         f" statements that were touched: {recent.wall:.1f} s, CPU {recent.client:.1f} s client"
                         f" + {recent.server:.1f} s PostgreSQL",
                "slowest": ", ".join(f"{code} {took[code]:.1f} s" for code in slowest),
                "made ready in": f"{made:.0f} s",
            },
        )  # fmt: skip
        result.tell(as_json=options.json)
    return result


def _read(admin: psycopg.Connection, query: str) -> set[str]:
    """The tables that the plan of a query scans, a partitioned one by its own name."""
    text = query.replace(":now", "now()").replace(":anchors", "'[]'")
    [(plan,)] = admin.execute(f"EXPLAIN (FORMAT JSON) {text}".encode()).fetchall()
    found: set[str] = set()
    waiting = [each["Plan"] for each in (json.loads(plan) if isinstance(plan, str) else plan)]
    while waiting:
        node = waiting.pop()
        waiting += node.get("Plans", [])
        if "Relation Name" in node:
            found.add(node["Relation Name"])
    rows = admin.execute(
        "SELECT DISTINCT coalesce(whole.relname, part.relname) FROM pg_class part LEFT JOIN pg_inherits"
        " ON inhrelid = part.oid LEFT JOIN pg_class whole ON whole.oid = inhparent"
        " WHERE part.relname = ANY(%s) AND part.relnamespace = 'public'::regnamespace",
        [sorted(found)],
    ).fetchall()
    return {name for (name,) in rows}


if __name__ == "__main__":
    main()
