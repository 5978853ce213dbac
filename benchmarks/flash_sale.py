"""Ten thousand shoppers want a hundred units at once, from two web processes.

Every shopper sends one order and, where the answer is to come back, sends it again under the same key until it is
final. Exactly the units that there are must be sold, every shopper must have a final answer, and nothing may fail but
by 503 with Retry-After. Meanwhile somebody else, in a process of their own, reads a page at a steady pace; before the
sale, too, for comparison.
"""

import argparse
import asyncio
import json
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from multiprocessing.connection import Connection

from benchmarks import goods
from benchmarks.http_orders import bodies, tell
from benchmarks.marketplace import fresh
from benchmarks.serving import Client, Load, fire, get, seconds_of, web
from benchmarks.sides import Result, assert_books_hold, connect, server_seconds

#: The page that others read meanwhile, so often a second.
PAGE, PACE = get("/"), 5


def main(argv: Sequence[str] | None = None) -> Result:
    """Sell out."""
    parser = argparse.ArgumentParser(prog="entrepot bench flash-sale", description=__doc__)
    parser.add_argument("--shoppers", type=int, default=10_000)
    parser.add_argument("--units", type=int, default=100)
    parser.add_argument("--connections", type=int, default=512)
    parser.add_argument("--rate", type=int, default=1_000, help="shoppers who arrive in a second")
    parser.add_argument("--quiet", type=int, default=10, help="seconds for which the page is read before the sale")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    with fresh():
        stocked = goods.stock_market(skus=100, units=0)
        goods.put_in(stocked, 0, options.units)
        with connect() as admin:
            admin.execute("ANALYZE")
        with web(workers=2) as (port, server):
            with reading(port) as others:
                time.sleep(options.quiet)
            quiet = others.load
            asked = bodies("/api/v1/orders", stocked, options.shoppers, "flash", hot=True)
            before = seconds_of(server.pid), server_seconds()
            with reading(port) as others:
                sale = asyncio.run(fire(port, asked, options.connections, patience=120, rate=options.rate))
            spent = seconds_of(server.pid) - before[0], server_seconds() - before[1]
        with connect() as admin:
            [(sold, reserved)] = admin.execute(
                "SELECT (SELECT count(*) FROM orders_order WHERE state = 'placed'),"
                " (SELECT sum(reserved) FROM inventory_stock)"
            ).fetchall()
        assert_books_hold()
        final = sale.statuses.get(201, 0) + sale.statuses.get(409, 0)
        assert (sold, reserved, sale.statuses.get(201)) == (options.units,) * 3, (sold, reserved, sale.statuses)
        assert set(sale.statuses) <= {201, 409, 503}, (sale.statuses, sale.bodies)
        assert (final, sale.lost, sale.bare_503) == (options.shoppers, 0, 0), (sale.statuses, sale.lost, sale.bare_503)
        refused = json.loads(sale.bodies[409])["code"]
        assert refused == "orders.sold_out", refused
        result = Result(
            "flash-sale", "page p99 ms", others.load.at(0.99), quiet.at(0.99), "≤ 2, or ≤ 250 ms",
            others.load.at(0.99) / quiet.at(0.99),
            {
                "sold": f"{sold} of {options.units} to {options.shoppers:,} shoppers, "
                        f"{sale.statuses.get(503, 0):,} times told to come back",
                "answers": f"{len(sale.took) / sale.wall:,.0f}/s, {tell(sale, spent)}",
                "pages": f"{len(others.load.took)} read, p50 {others.load.at(0.5):.0f} ms; before the sale"
                         f" {len(quiet.took)}, p50 {quiet.at(0.5):.0f} ms",
                "processors": f"{sum(spent) / sale.wall:.2f} by it, {sale.spent / sale.wall:.2f} by the load",
            },
        )  # fmt: skip
        result.tell(as_json=options.json)
    return result


class Reading:
    """Somebody who reads a page at a steady pace, in another process than the sale."""

    load = Load()


@contextmanager
def reading(port: int) -> Iterator[Reading]:
    """Let pages be read meanwhile; afterwards it is known how long each took."""
    here, there = multiprocessing.Pipe()
    reader = multiprocessing.get_context("spawn").Process(target=_read, args=(port, there))
    reader.start()
    assert here.poll(60) and here.recv() == "ready"
    found = Reading()
    yield found
    here.send("enough")
    assert here.poll(120), "the pages were not answered"
    found.load = here.recv()
    reader.join()
    assert set(found.load.statuses) <= {200}, (found.load.statuses, found.load.bodies)


def _read(port: int, told: Connection) -> None:
    told.send("ready")
    told.send(asyncio.run(_pages(port, told)))


async def _pages(port: int, told: Connection) -> Load:
    load, loop = Load(), asyncio.get_running_loop()
    began, tasks = loop.time(), []

    async def read() -> None:
        client, at = Client(port), loop.time()
        status, head, body = await client.ask(PAGE)
        load.note(status, loop.time() - at, head, body)
        client.close()

    for number in count():
        await asyncio.sleep(max(0.0, began + number / PACE - loop.time()))
        if told.poll():
            break
        tasks.append(asyncio.create_task(read()))
    await asyncio.gather(*tasks)
    return load


if __name__ == "__main__":
    main()
