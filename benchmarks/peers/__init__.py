"""The same order of two lines through django-oscar, another Django shop, on the same PostgreSQL in the same run.

Oscar is installed from its package into an environment of its own below `build/`, and places orders by its own basket,
availability, shipping and order classes, from the same server. Both are asked over HTTP
by 8 clients and by 64; then both sell a few units to many at once, and it is counted what they sold.
"""

import argparse
import asyncio
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict

from benchmarks import goods
from benchmarks.http_orders import bodies, tell
from benchmarks.marketplace import fresh, machine, show
from benchmarks.serving import TREE, Load, fire, free_port, post, running, seconds_of, web
from benchmarks.sides import assert_books_hold, connect, conninfo, server_seconds

HERE = Path(__file__).parent
HOME = TREE / "build" / "peers"
#: Web processes and the threads of each. Ours does best as one, for its orders wait together; theirs as one a core.
OURS, THEIRS, THREADS = 1, 2, 80
PATH = "/api/v1/orders"
#: How many times as many orders a second, by the number of clients.
AIMS = {8: 12, 64: 30}
ADDRESS = {"first_name": "Ada", "last_name": "Byron", "line1": "1 Garden Row", "line4": "Porttown",
           "postcode": "10115", "country_id": "DE"}  # fmt: skip


def main(argv: Sequence[str] | None = None) -> None:
    """Ask both, one after the other; say so and end where the other cannot be installed."""
    parser = argparse.ArgumentParser(prog="entrepot bench peers", description=__doc__)
    parser.add_argument("--orders", type=int, default=6_000, help="of ours; theirs are a tenth")
    parser.add_argument("--skus", type=int, default=10_000)
    parser.add_argument("--tries", type=int, default=1_000, help="shoppers of the flash sale")
    parser.add_argument("--units", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    python = install()
    if python is None:
        print("skipped: django-oscar is not installed, and no package index is at hand to install it from")
        return
    with fresh():
        stocked = goods.stock_market(skus=options.skus, rare=options.units)
        with connect() as admin:
            admin.execute("ANALYZE")
        with oscar(python, options.skus, options.units) as (port, process):
            theirs = measure(port, process.pid, lambda count, name: _theirs(options.skus, count), options.orders // 10,
                             _theirs(1, options.tries, lines=1))  # fmt: skip
        [(their_sold,)] = _ask("peer", "SELECT num_allocated FROM partner_stockrecord WHERE partner_sku = 'm-0'")
        others = replace(stocked, offers=stocked.offers[1:])
        with web(workers=OURS, ENTREPOT_WEB_THREADS=str(THREADS)) as (port, process):
            ours = measure(port, process.pid, lambda count, name: bodies(PATH, others, count, name), options.orders,
                           bodies(PATH, stocked, options.tries, "flash", hot=True))  # fmt: skip
        assert_books_hold()
        [(sold,)] = _ask("", "SELECT sum(line.quantity) FROM orders_orderline line JOIN orders_order ordered"
                             " ON ordered.id = line.order_id WHERE ordered.state = 'placed' AND line.offer_id = %s",
                         [stocked.offers[0]])  # fmt: skip
        assert sold == options.units, sold
        tell_both(ours, theirs, (sold, their_sold, options.units), as_json=options.json)


def install() -> Path | None:
    """The Python of an environment that has django-oscar; None where it cannot be had."""
    python, wanted = HOME / ".venv" / "bin" / "python", (HERE / "requirements.txt").read_text()
    stamp = HOME / "installed.txt"
    if not (stamp.exists() and stamp.read_text() == wanted):
        shutil.rmtree(HOME, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(HOME / ".venv")], check=True)
        asked = [str(python), "-m", "pip", "install", "--quiet", "-r", str(HERE / "requirements.txt")]
        if subprocess.run(asked).returncode:
            return None
        stamp.write_text(wanted)
    return python


@contextmanager
def oscar(python: Path, skus: int, rare: int) -> Iterator[tuple[int, "subprocess.Popen[bytes]"]]:
    """A stocked shop of django-oscar on a database of its own of the scratch server."""
    with connect("postgres") as admin:
        admin.execute("CREATE DATABASE peer")
    parts = conninfo_to_dict(conninfo("peer"))
    names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    environment = {
        "DJANGO_SETTINGS_MODULE": "oscar_shop.settings",
        "PYTHONPATH": str(HERE),
        "SHOP_DATABASE": json.dumps({names[part]: value for part, value in parts.items() if part in names}),
    }
    subprocess.run([str(python), "-m", "oscar_shop.stock", str(skus), "100000", str(rare)],
                   env=os.environ | environment, check=True)  # fmt: skip
    with connect("peer") as admin:
        admin.execute("ANALYZE")
    port = free_port()
    command = [str(python), "-m", "oscar_shop.serve", str(port), str(THEIRS), str(THREADS)]
    with running(command, port, environment) as process:
        yield port, process


@dataclass(slots=True)
class Side:
    """What one shop did: its answers and the processor time that they took, by the number of clients; its sale."""

    loads: dict[int, tuple[Load, tuple[float, float]]]
    sale: Load


def measure(port: int, pid: int, requests: Callable[[int, str], list[bytes]], orders: int, wanted: list[bytes]) -> Side:
    """Warm up, order with each number of clients, then everybody wants the same."""
    asyncio.run(fire(port, requests(200, "warm"), 16))
    loads = {}
    for clients in AIMS:
        asked = requests(orders, f"of-{clients}")
        before = seconds_of(pid), server_seconds()
        load = asyncio.run(fire(port, asked, clients))
        assert set(load.statuses) == {201} and not load.lost, (load.statuses, load.bodies)
        loads[clients] = load, (seconds_of(pid) - before[0], server_seconds() - before[1])
    sale = asyncio.run(fire(port, wanted, 64, patience=120))
    assert set(sale.statuses) <= {201, 409, 503} and not sale.lost, (sale.statuses, sale.bodies)
    return Side(loads, sale)


def _theirs(skus: int, count: int, lines: int = 2) -> list[bytes]:
    """Orders as the other shop takes them; of one line, they all want the rare one."""
    draw, made = random.Random(7), []
    for number in range(count):
        chosen = draw.sample(range(2, skus + 1), 2) if lines > 1 else [1]
        body = {
            "lines": [{"product_id": each, "quantity": draw.randint(1, 2) if lines > 1 else 1} for each in chosen],
            "ship_to": ADDRESS, "email": f"shopper{number}@example.org",
        }  # fmt: skip
        made.append(post("/orders", f"peer-{number}", json.dumps(body).encode()))
    return made


def tell_both(ours: Side, theirs: Side, sold: tuple[int, int, int], *, as_json: bool) -> None:
    """Both figures, their ratios and what was aimed at; what each sold of what there was."""
    rates: dict[str, dict[str, float]] = {}
    figures: list[tuple[str, str]] = []
    for clients, aim in AIMS.items():
        (mine, cost), (other, their_cost) = ours.loads[clients], theirs.loads[clients]
        both = [len(load.took) / load.wall for load in (mine, other)]
        work = [sum(spent) / len(load.took) for load, spent in ((mine, cost), (other, their_cost))]
        rates[str(clients)] = {"ours": both[0], "oscar": both[1], "ratio": both[0] / both[1], "aim": aim,
                               "ratio of processor time": work[1] / work[0]}  # fmt: skip
        figures += [
            (f"{clients} clients", f"{both[0]:,.1f} orders/s; {tell(mine, cost)}"),
            ("django-oscar", f"{both[1]:,.1f} orders/s; {tell(other, their_cost)}"),
            ("ratio", f"{both[0] / both[1]:.1f} (aim ≥ {aim}); of processor time {work[1] / work[0]:.1f}"),
        ]
    mine, other, units = sold
    figures += [
        ("flash sale", f"{mine} of {units} sold, {ours.sale.statuses}, {len(ours.sale.took) / ours.sale.wall:,.0f}/s"),
        ("django-oscar", f"{other} of {units} sold, {max(0, other - units)} too many, {theirs.sale.statuses},"
                         f" {len(theirs.sale.took) / theirs.sale.wall:,.0f}/s"),
    ]  # fmt: skip
    if as_json:
        sale = {"units": units, "ours": mine, "oscar": other}
        print(json.dumps({"name": "peers", "clients": rates, "flash_sale": sale, "machine": machine()}))
        return
    show(*figures, ("machine", machine()))


def _ask(database: str, query: str, params: Sequence[Any] = ()) -> list[Any]:
    with connect(database) as admin:
        return admin.execute(query, params).fetchall()


if __name__ == "__main__":
    main()
