"""How many orders of a history a second are replayed, beside a bare COPY of the same rows.

A replay places, pays, packs, ships, delivers, accrues, settles and pays out each order through the real flows. The
baseline, in this run, writes the very rows that it left (orders, lines, holds, movements, events, postings, accruals
and so on) by COPY into tables of the same shape with the same indexes and constraints, and does nothing else.
"""

import argparse
import csv
import random
import time
from datetime import date, datetime, timedelta
from pathlib import Path

from benchmarks.marketplace import fresh, machine, show

MAPPING = """
name = "bench"
title = "A generated history"
[files]
lines = "lines.csv"
[lines]
file = "lines"
[lines.fields]
invoice = "invoice"
code = "code"
title = "title"
quantity = "quantity"
price = { column = "price", currency = "EUR" }
at = "at"
customer = "customer"
[[buckets]]
name = "cancellation"
act = "cancellation"
reason = "taken back"
apart = "before"
partly = "partly"
when = { quantity = { below = 0 } }
[[buckets]]
name = "sale"
act = "sale"
reason = "sold"
[market]
code = "BENCH"
name = "Bench"
country = "DE"
currency = "EUR"
time_zone = "Europe/Berlin"
language = "en"
tax = [{ rate = 0.19, valid_from = 2007-01-01, source = "§ 12 UStG" }]
[seller]
code = "bench"
name = "Bench"
country = "DE"
[assumed]
weight = 300
length = 100
width = 100
height = 100
hs_code = "940510"
origin_country = "DE"
carrier = "post"
service = "parcel"
freight = 3.95
transit = 2
supply_share = 0.6
source = "generated"
"""

#: What one order's life leaves behind.
TABLES = (
    "accounts_contact", "orders_order", "orders_suborder", "orders_orderline", "orders_orderevent", "orders_workitem",
    "payments_payment", "payments_capture", "payments_captureline", "payments_void", "payments_refund",
    "payments_refundline", "inventory_hold", "inventory_movement", "logistics_parcel", "logistics_parcelline",
    "logistics_trackingevent", "aftersales_returncase", "aftersales_returnline", "ledger_journal", "ledger_posting",
    "settlement_accrual", "settlement_statement", "settlement_statementline", "settlement_payout",
    "kernel_outboxevent",
)  # fmt: skip


def generate(path: Path, orders: int, lines: int) -> None:
    """A history of so many invoices over sixty days, one in thirty lines cancelled later; the same every time."""
    draw = random.Random(7)
    start = datetime(2026, 1, 5, 8)  # noqa: DTZ001 - a local time, as files have
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("invoice", "code", "title", "quantity", "price", "at", "customer"))
        for number in range(orders):
            at = start + timedelta(days=number * 60 // orders, minutes=draw.randint(0, 540))
            customer = draw.choice(("", f"c{draw.randint(1, orders // 4 + 1)}"))
            for code in draw.sample(range(2_000), draw.randint(1, 2 * lines - 1)):
                name, price = (f"A-{code}", f"Thing {code}"), f"{1 + code % 40}.{code % 90:02d}"
                sold = (f"i{number}", *name, draw.randint(1, 12), price, at.isoformat(sep=" "), customer)
                writer.writerow(sold)
                if draw.random() < 1 / 30:
                    later = (at + timedelta(days=draw.randint(0, 12))).isoformat(sep=" ")
                    writer.writerow((f"c{number}", *name, -1, price, later, customer))


def copy_same_rows() -> tuple[float, int]:
    """Seconds to COPY everything that the replay left into like tables, and how many rows that is."""
    from django.db import connections

    seconds, count = 0.0, 0
    with connections["owner"].cursor() as cursor:
        for table in TABLES:
            with cursor.copy(f"COPY {table} TO STDOUT (FORMAT BINARY)") as copy:
                data = b"".join(bytes(part) for part in copy)
            cursor.execute(f"SELECT count(*) FROM {table}")
            count += cursor.fetchone()[0]
            cursor.execute(f"CREATE TABLE bench_{table} (LIKE {table} INCLUDING ALL)")
            began = time.perf_counter()
            with cursor.copy(f"COPY bench_{table} FROM STDIN (FORMAT BINARY)") as copy:
                copy.write(data)
            seconds += time.perf_counter() - began
    return seconds, count


def main() -> None:
    """Generate, replay, and write the same rows bare."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks replay_orders", description=__doc__)
    parser.add_argument("--orders", type=int, default=2_000)
    parser.add_argument("--lines", type=int, default=10, help="lines of an order, on average")
    parser.add_argument("--programme", default="self-managed")
    options = parser.parse_args()
    with fresh() as folder:
        from entrepot.intake import mapping, replay
        from entrepot.kernel import clock
        from entrepot.verify import runner

        path = folder / "lines.csv"
        generate(path, options.orders, options.lines)
        found = replay.read(mapping.parse(MAPPING), path)
        day_before = found.story.days[0].date() - timedelta(days=7)
        replay.play(found, path, programme=options.programme, since=day_before, until=day_before)  # sets the stage
        began = time.perf_counter()
        played, where = replay.play(found, path, programme=options.programme, until=date.max)
        took = time.perf_counter() - began
        assert not played.failures, played.failures[:3]
        assert replay.placed_minor(where) == replay.told_minor(found)
        findings = [result.invariant.code for result in runner.verify(now=clock.now(), codes=[]) if not result.holds]
        assert not findings, findings
        orders, lines = played.counts["orders"], played.counts["lines"]
        bare, rows = copy_same_rows()
        show(
            ("replay", f"{orders / took:,.1f} orders/s, {lines / took:,.0f} lines/s ({orders:,} orders, {took:.0f} s)"),
            ("bare COPY of the same rows", f"{orders / bare:,.0f} orders/s ({rows:,} rows, {bare:.1f} s)"),
            ("ratio", f"{bare / took:.3f}"),
            ("where the time went", ", ".join(f"{name} {took:.0f} s" for name, took in played.seconds.items() if took)),
            ("machine", machine()),
        )


if __name__ == "__main__":
    main()
