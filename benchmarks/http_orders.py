"""How many orders a second `POST /api/v1/orders` takes at 64 connections, beside an endpoint that does nothing.

The baseline has the same framework, middleware, sign-in and body check, and answers without the database. The load
generator runs on the same machine and shares its processors.
"""

import argparse
import asyncio
import json
from collections.abc import Sequence
from typing import Any

from benchmarks import goods
from benchmarks.marketplace import fresh
from benchmarks.serving import Load, fire, post, seconds_of, web
from benchmarks.sides import Result, assert_books_hold, connect, server_seconds

CONNECTIONS = 64


def main(argv: Sequence[str] | None = None) -> Result:
    """Ask the bare endpoint, then place orders."""
    parser = argparse.ArgumentParser(prog="entrepot bench http-orders", description=__doc__)
    parser.add_argument("--orders", type=int, default=10_000)
    parser.add_argument("--skus", type=int, default=10_000)
    parser.add_argument("--connections", type=int, default=CONNECTIONS)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    with fresh():
        stocked = goods.stock_market(skus=options.skus)
        with connect() as admin:
            admin.execute("ANALYZE")
        with web() as (port, server):
            figures = []
            for name, path in (("bare", "/bare/orders"), ("orders", "/api/v1/orders")):
                warm = bodies(path, stocked, 500, f"{name}-warm", seed=3)
                asyncio.run(fire(port, warm, options.connections))
                asked = bodies(path, stocked, options.orders, f"{name}-real")
                before = seconds_of(server.pid), server_seconds()
                load = asyncio.run(fire(port, asked, options.connections))
                spent = seconds_of(server.pid) - before[0], server_seconds() - before[1]
                assert set(load.statuses) <= {200, 201} and not load.lost, (load.statuses, load.bodies)
                figures.append((load, spent))
        assert_books_hold()
        (bare, cost), (ours, spent) = figures
        result = Result(
            "http-orders", "orders/s", options.orders / ours.wall, options.orders / bare.wall,
            "≥ 0.35, and p99 ≤ 250 ms", bare.wall / ours.wall,
            {"ours": tell(ours, spent), "theirs": tell(bare, cost),
             "ratio of processor time": f"{sum(cost) / sum(spent):.3f}"},
        )  # fmt: skip
        result.tell(as_json=options.json)
    return result


def tell(load: Load, spent: tuple[float, float]) -> str:
    """Percentiles, and the processor time of one request."""
    each = [1000 * seconds / len(load.took) for seconds in spent]
    return (
        f"p50 {load.at(0.5):.0f} ms, p99 {load.at(0.99):.0f} ms;"
        f" CPU ms each: {each[0]:.3f} web + {each[1]:.3f} PostgreSQL, {1000 * load.spent / len(load.took):.3f} the load"
    )


def bodies(path: str, stocked: goods.Goods, count: int, prefix: str, *, seed: int = 7, **options: Any) -> list[bytes]:
    """Orders as the API takes them, each with a key of its own."""
    made = []
    for number, each in enumerate(goods.requests(stocked, count, prefix=prefix, seed=seed, **options)):
        body = {
            "market": each.market_code,
            "lines": [{"offer_id": str(offer), "quantity": quantity} for offer, quantity in each.lines],
            "ship_to": dict(each.ship_to),
            "email": each.email,
            "provider": each.provider,
            "instrument": each.instrument,
        }
        made.append(post(path, f"{prefix}-{number:06d}-unguessable", json.dumps(body).encode()))
    return made


if __name__ == "__main__":
    main()
