"""How many orders a second are placed, beside the same rows written one order per transaction.

`place_orders` does the whole work in this process, from the request to the recorded authorisation of an instant
sandbox, in batches of 200. The baseline is pgbench on a copy of the same database: each transaction writes the very
rows that the real thing left for one order (same tables, columns, indexes, constraints; the finished rows come from a
table by their number) and takes the stock by a guarded update, last; the better one of 8 and 32 clients counts.
"""

import argparse
import os
import re
import subprocess
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psycopg

from benchmarks import goods
from benchmarks.marketplace import fresh
from benchmarks.sides import (
    Cost,
    Result,
    assert_books_hold,
    columns_of,
    connect,
    conninfo,
    copy_database,
    costing,
    count_rows,
    grown,
)

BATCH = 200
CLIENTS = (8, 32)

#: The orders that are measured, numbered from one.
NUMBERED = (
    "SELECT id, ship_to_id, row_number() OVER (ORDER BY id)::int AS n FROM orders_order"
    " WHERE checkout_key LIKE 'bench-%'"
)
LINES = "(SELECT line.id, o.n FROM orders_orderline line JOIN numbered o ON o.id = line.order_id)"
SUBORDERS = "(SELECT suborder.id, o.n FROM orders_suborder suborder JOIN numbered o ON o.id = suborder.order_id)"
PAYMENTS = "(SELECT payment.id, o.n FROM payments_payment payment JOIN numbered o ON o.id = payment.reference_id)"

#: How a row of a table belongs to an order: a source of (id, n), and the column of the row that names its id.
BELONGS = {
    "orders_order": ("numbered", "id"),
    "accounts_contact": ("(SELECT ship_to_id AS id, n FROM numbered)", "id"),
    "payments_payment": ("numbered", "reference_id"),
    "inventory_hold": (LINES, "owner_id"),
    "kernel_outboxevent": ("numbered", "subject_id"),
    "payments_sandboxcharge": (f"(SELECT 'authorise:' || p.id || ':1' AS id, n FROM {PAYMENTS} p)", "key"),
}
BY_COLUMN = {
    "order_id": "numbered",
    "suborder_id": SUBORDERS,
    "line_id": LINES,
    "payment_id": PAYMENTS,
}
#: Written in this order, so that what is referred to is there; then the rest.
FIRST = ("accounts_contact", "orders_order", "orders_suborder", "orders_orderline", "payments_payment")


def main(argv: Sequence[str] | None = None) -> Result:
    """Place, then write the same rows by pgbench."""
    return run("intake", "≥ 1.5", loop, argv)


def run(name: str, aim: str, baseline: Callable[..., tuple[Cost, str]], argv: Sequence[str] | None, *,
        hot: bool = False) -> Result:  # fmt: skip
    """Measure `place_orders` beside a way to write the same rows."""
    parser = argparse.ArgumentParser(prog=f"entrepot bench {name}", description=__doc__)
    parser.add_argument("--orders", type=int, default=8_000)
    parser.add_argument("--skus", type=int, default=10_000)
    parser.add_argument("--writers", type=int, default=2, help="threads that place batches")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    with fresh():
        stocked = goods.stock_market(skus=options.skus)
        asked = goods.requests(stocked, options.orders, hot=hot)
        with connect() as admin:
            admin.execute("ANALYZE")
        place(goods.requests(stocked, 400, hot=hot, prefix="warm", seed=3), options.writers)
        with connect() as admin:
            before = count_rows(admin)
        copy_database("other")
        ours = Cost()
        with costing(ours):
            place(asked, options.writers)
        assert_books_hold()
        with connect() as admin:
            tables = grown(before, count_rows(admin))
        stage(tables)
        theirs, how = baseline(tables, options.orders)
        assert_books_hold("other")
        result = Result(
            name, "orders/s", options.orders / ours.wall, options.orders / theirs.wall, aim, theirs.wall / ours.wall,
            {
                "ours": ours.per(options.orders),
                "theirs": f"{how}: {theirs.per(options.orders)}",
                "ratio of processor time": f"{theirs.work / ours.work:.3f}",
                "rows of one order": ", ".join(tables),
            },
        )  # fmt: skip
        result.tell(as_json=options.json)
    return result


def place(asked: Sequence[Any], writers: int) -> None:
    """Place these orders in batches, as the writers of a web process do; every one must be placed."""
    from django.db import connections

    from entrepot.flows.checkout import Placed, place_orders
    from entrepot.kernel import garbage

    garbage.look_seldom()
    batches = [asked[start : start + BATCH] for start in range(0, len(asked), BATCH)]
    failures: list[Any] = []

    def work() -> None:
        try:
            while batches and not failures:
                try:
                    batch = batches.pop(0)
                except IndexError:
                    return
                answers = place_orders(requests=batch, now=goods.ORDERED)
                failures.extend(answer for answer in answers if not isinstance(answer, Placed))
        except BaseException as problem:
            failures.append(problem)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[:3]


def stage(tables: Sequence[str]) -> None:
    """The rows of every order, by its number, into unlogged tables of the copy."""
    with connect() as source, connect("other") as target:
        source.execute(f"CREATE TEMP TABLE numbered AS {NUMBERED}")
        source.execute("CREATE INDEX ON numbered (id)")
        source.execute("ANALYZE numbered")
        target.execute("CREATE SCHEMA bench")
        for table in tables:
            columns = columns_of(source, table)
            where, name = _belongs(table, columns)
            listed = ", ".join(f"t.{column}" for column in columns)
            query = f"SELECT {listed}, w.n FROM {table} t JOIN {where} w ON w.id = t.{name} ORDER BY w.n, t.ctid"
            target.execute(f"CREATE UNLOGGED TABLE bench.{table} AS SELECT {listed}, 0 AS n FROM {table} t LIMIT 0")
            pipe(source, query, target, f"bench.{table}")
            target.execute(f"CREATE INDEX ON bench.{table} (n)")
        target.execute(
            "CREATE UNLOGGED TABLE bench.stock AS SELECT n, stock_id, sum(quantity)::bigint AS quantity"
            " FROM bench.inventory_hold GROUP BY n, stock_id ORDER BY n, stock_id"
        )
        target.execute("CREATE INDEX ON bench.stock (n)")
        target.execute("VACUUM ANALYZE")


def _belongs(table: str, columns: Sequence[str]) -> tuple[str, str]:
    if table in BELONGS:
        return BELONGS[table]
    for name, where in BY_COLUMN.items():
        if name in columns:
            return where, name
    raise AssertionError(f"{table} grows with orders, and nothing says how its rows belong to one")


def pipe(source: psycopg.Connection, query: str, target: psycopg.Connection, table: str) -> None:
    with (
        source.cursor() as reading,
        target.cursor() as writing,
        reading.copy(f"COPY ({query}) TO STDOUT (FORMAT BINARY)") as rows,
        writing.copy(f"COPY {table} FROM STDIN (FORMAT BINARY)") as copy,
    ):
        for part in rows:
            copy.write(part)


def in_order(tables: Sequence[str]) -> list[str]:
    """The tables, those that others refer to first."""
    return [table for table in FIRST if table in tables] + [table for table in tables if table not in FIRST]


TAKE = (
    "UPDATE inventory_stock s SET reserved = s.reserved + w.quantity FROM bench.stock w"
    " WHERE w.n {range} AND s.id = w.stock_id AND s.on_hand - s.reserved - s.allotted >= w.quantity;"
)


def loop(tables: Sequence[str], orders: int) -> tuple[Cost, str]:
    """One order per transaction by pgbench, on fresh copies for each number of clients; the best."""
    with connect("other") as target:
        lines = [r"\set i :i + 1", r"\set n :client_id * :each + :i", "BEGIN;"]
        for table in in_order(tables):
            columns = ", ".join(columns_of(target, table))
            lines.append(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM bench.{table} WHERE n = :n;")
    lines += [TAKE.format(range="= :n"), "COMMIT;"]
    found = []
    with connect("postgres") as admin:
        for clients in CLIENTS:
            admin.execute(f"CREATE DATABASE loop_{clients} TEMPLATE other")
    for clients in CLIENTS:
        cost = _pgbench("\n".join(lines), f"loop_{clients}", clients, orders // clients)
        found.append((cost, f"pgbench, {clients} clients"))
    with connect("postgres") as admin:
        admin.execute("DROP DATABASE other")
        best = min(range(len(CLIENTS)), key=lambda place: found[place][0].wall)
        admin.execute(f"ALTER DATABASE loop_{CLIENTS[best]} RENAME TO other")
    return found[best]


def _pgbench(script: str, database: str, clients: int, each: int) -> Cost:
    from django.conf import settings

    parts = psycopg.conninfo.conninfo_to_dict(conninfo(database))
    programs: Path = settings.DATABASE_SERVER.programs
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script + "\n")
        file.flush()
        cost = Cost()
        with costing(cost):
            done = subprocess.run(
                [str(programs / "pgbench"), "-n", "-M", "prepared", "-f", file.name, "-c", str(clients),
                 "-j", "2", "-t", str(each), "-D", "i=0", "-D", f"each={each}", "--max-tries=20",
                 "-h", str(parts["host"]), "-U", str(parts["user"]), database],
                env=os.environ | {"PGPASSWORD": str(parts["password"])}, capture_output=True, text=True, check=True,
            )  # fmt: skip
    took = re.search(r"tps = ([\d.]+)", done.stdout)
    failed = re.search(r"number of failed transactions: (\d+)", done.stdout)
    assert took, done.stdout
    assert failed is None or failed[1] == "0", done.stdout
    cost.wall = clients * each / float(took[1])  # without the time to connect
    return cost


def bare(tables: Sequence[str], orders: int) -> tuple[Cost, str]:
    """Batches of 200 by COPY of prepared bytes on one connection, and the stock by one update a batch."""
    with connect("other") as target:
        names = {table: ", ".join(columns_of(target, table)) for table in in_order(tables)}
        batches = []
        for start in range(1, orders + 1, BATCH):
            batches.append([
                (f"COPY {table} ({columns}) FROM STDIN (FORMAT BINARY)",
                 _bytes(target, f"SELECT {columns} FROM bench.{table}"
                                f" WHERE n >= {start} AND n < {start + BATCH} ORDER BY n"))
                for table, columns in names.items()
            ])  # fmt: skip
        cost = Cost()
        with costing(cost):
            for number, batch in enumerate(batches):
                start = 1 + number * BATCH
                with target.transaction():
                    for statement, data in batch:
                        with target.cursor() as cursor, cursor.copy(statement) as copy:
                            copy.write(data)
                    target.execute(
                        "UPDATE inventory_stock s SET reserved = s.reserved + w.quantity FROM (SELECT stock_id,"
                        " sum(quantity)::bigint AS quantity FROM bench.stock WHERE n >= %s AND n < %s"
                        " GROUP BY stock_id) w WHERE s.id = w.stock_id",
                        [start, start + BATCH],
                    )
    return cost, "COPY of prepared bytes, 200 orders a transaction"


def _bytes(connection: psycopg.Connection, query: str) -> bytes:
    with connection.cursor() as cursor, cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT BINARY)") as copy:
        return b"".join(bytes(part) for part in copy)


if __name__ == "__main__":
    main()
