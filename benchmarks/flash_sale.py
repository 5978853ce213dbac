"""Ten thousand shoppers want a hundred units at once, from two web processes.

Every shopper sends one order and, where the answer is to come back, sends it again under the same key until it is
final. Exactly the units that there are must be sold, every shopper must have a final answer, and nothing may fail but
by 503 with Retry-After. Meanwhile somebody else reads a page at a steady pace; before the sale, too, for comparison.
"""

import argparse
import asyncio
import json
from collections.abc import Sequence

from benchmarks import goods
from benchmarks.http_orders import bodies
from benchmarks.marketplace import fresh
from benchmarks.serving import Client, Load, fire, get, web
from benchmarks.sides import Result, assert_books_hold, connect

#: The page that others read meanwhile, so often a second.
PAGE, PACE = get("/"), 5


def main(argv: Sequence[str] | None = None) -> Result:
    """Sell out."""
    parser = argparse.ArgumentParser(prog="entrepot bench flash-sale", description=__doc__)
    parser.add_argument("--shoppers", type=int, default=10_000)
    parser.add_argument("--units", type=int, default=100)
    parser.add_argument("--connections", type=int, default=512)
    parser.add_argument("--rate", type=int, default=1_000, help="shoppers who arrive in a second")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    with fresh():
        stocked = goods.stock_market(skus=100, units=0)
        goods.put_in(stocked, 0, options.units)
        with connect() as admin:
            admin.execute("ANALYZE")
        with web(workers=2) as (port, _):
            quiet = asyncio.run(_others(port, 5))
            asked = bodies("/api/v1/orders", stocked, options.shoppers, "flash", hot=True)
            sale, others = asyncio.run(_sale(port, asked, options.connections, options.rate))
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
            "flash-sale", "page p99 ms", others.at(0.99), quiet.at(0.99), "≤ 2, or ≤ 250 ms",
            others.at(0.99) / quiet.at(0.99),
            {
                "sold": f"{sold} of {options.units} to {options.shoppers:,} shoppers, "
                        f"{sale.statuses.get(503, 0):,} times told to come back",
                "answers": f"{len(sale.took) / sale.wall:,.0f}/s, p50 {sale.at(0.5):.0f} ms,"
                           f" p99 {sale.at(0.99):.0f} ms",
            },
        )  # fmt: skip
        result.tell(as_json=options.json)
    return result


async def _sale(port: int, asked: list[bytes], connections: int, rate: int) -> tuple[Load, Load]:
    """The sale, and the page that others read while it goes on."""
    reading = asyncio.create_task(_others(port, 600))
    sale = await fire(port, asked, connections, patience=120, rate=rate)
    reading.cancel()
    return sale, await reading


async def _others(port: int, seconds: float) -> Load:
    """Read a page at a steady pace for so long, or until it is cancelled."""
    load, loop = Load(), asyncio.get_running_loop()
    began = loop.time()
    tasks: list[asyncio.Task[None]] = []

    async def read() -> None:
        client = Client(port)
        at = loop.time()
        status, head, body = await client.ask(PAGE)
        load.note(status, loop.time() - at, head, body)
        client.close()

    try:
        for number in range(int(seconds * PACE)):
            await asyncio.sleep(max(0.0, began + number / PACE - loop.time()))
            tasks.append(asyncio.create_task(read()))
    except asyncio.CancelledError:
        pass
    await asyncio.gather(*tasks)
    assert set(load.statuses) <= {200}, (load.statuses, load.bodies)
    return load


if __name__ == "__main__":
    main()
