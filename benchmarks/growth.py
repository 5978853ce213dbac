"""What the pages read that are read most, on few orders and on many more: the same pages, the same sellers.

A pattern of orders, one in ten of them delivered, is lived through the real flows and copied, first to `--few` orders
and then to `--orders`. On each, the queries of a page are run as the page runs them, and their plans are asked what
they touched. A page stays flat where it touches about as many blocks (8 KiB) as before, whatever came to the tables.
With `--plans` the plans themselves are printed, those on few orders and those on many.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from benchmarks import goods, lives
from benchmarks.marketplace import fresh
from benchmarks.sides import Result, connect

#: Orders of two lines that are lived, and how many of them are delivered.
PATTERN, DELIVERED = 250, 25

#: A page is flat that takes no more than so many times its blocks.
FLAT = 2.0

Reading = Callable[[], object]


@dataclass(slots=True)
class Seen:
    """What a page cost: milliseconds, the best of some; blocks; the tables that were scanned from end to end."""

    milliseconds: float
    blocks: int
    scanned: set[str] = field(default_factory=set)
    plans: list[str] = field(default_factory=list)


def main(argv: Sequence[str] | None = None) -> Result:
    """Read, grow, and read again."""
    parser = argparse.ArgumentParser(prog="entrepot bench growth", description=__doc__)
    parser.add_argument("--few", type=int, default=10_000, help="orders")
    parser.add_argument("--orders", type=int, default=100_000, help="orders after growing, 1,000,000 at most")
    parser.add_argument("--plans", action="store_true", help="print the plan of every query, at both sizes")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    with fresh():
        stocked = goods.stock_market(skus=1_000, sellers=20, units=10_000_000)
        pattern = lives.live(stocked, PATTERN, delivered=DELIVERED)
        step = timedelta(days=14) / lives.COPIES_MAX
        sizes = [max(orders // PATTERN - 1, 0) for orders in (options.few, options.orders)]
        began = time.perf_counter()
        few = _grown_by(sizes[0], stocked, pattern, step)
        many = _grown_by(sizes[1] - sizes[0], stocked, pattern, step, made=sizes[0])
        growth = {name: many[name].blocks / max(few[name].blocks, 1) for name in few}
        flat = [name for name, ratio in growth.items() if ratio <= FLAT]
        result = Result(
            "growth", "blocks a page", _middle(many), _middle(few), f"≤ {FLAT:g} for each page",
            _middle(many) / _middle(few),
            {
                name: f"{few[name].blocks:,} → {many[name].blocks:,} blocks, {few[name].milliseconds:.1f} →"
                      f" {many[name].milliseconds:.1f} ms, ratio {ratio:.2f}"
                      + (f", scans {', '.join(sorted(many[name].scanned))}" if many[name].scanned else "")
                for name, ratio in growth.items()
            } | {
                "flat": f"{len(flat)} of {len(growth)} pages",
                "orders": f"{PATTERN * (sizes[0] + 1):,} → {PATTERN * (sizes[1] + 1):,},"
                          f" made in {time.perf_counter() - began:.0f} s",
            },
        )  # fmt: skip
        result.tell(as_json=options.json)
        if options.plans and not options.json:
            for name in few:
                print(f"\n{name}")
                for orders, seen in ((options.few, few[name]), (options.orders, many[name])):
                    print(f"  on {orders:,} orders")
                    print("".join(f"    {line}\n" for plan in seen.plans for line in plan.splitlines()), end="")
    return result


def _grown_by(
    copies: int, stocked: goods.Goods, pattern: lives.Pattern, step: timedelta, made: int = 0
) -> dict[str, Seen]:
    """So many copies more, sealed as the jobs seal; what the pages cost then."""
    from entrepot.domain.ledger import sealing

    lives.multiply(pattern, copies, step=step, made=made)
    sealing.seal(now=goods.ORDERED + timedelta(days=30))
    with connect() as admin:
        admin.execute("VACUUM ANALYZE ledger_level")
    return {name: _look(reading) for name, reading in _readings(stocked).items()}


def _readings(stocked: goods.Goods) -> Mapping[str, Reading]:
    """The pages, by name, each reading what is there now."""
    from entrepot.domain.ledger import queries as ledger
    from entrepot.domain.orders import queries as orders
    from entrepot.domain.orders import work
    from entrepot.domain.orders.models import Order, Suborder
    from entrepot.domain.orders.queries import EVERYBODYS, Scope
    from entrepot.domain.settlement import queries as settlement

    seller = stocked.sellers[0]
    latest = Order.objects.order_by("-id")[0]
    suborder = Suborder.objects.filter(seller_id=seller).order_by("-id")[0]
    middle = Suborder.objects.filter(seller_id=seller).order_by("id")[20]
    sellers_own = Scope(seller_id=seller)
    [payable] = ledger.balances(owner_id=seller, kinds=["seller_payable"], currency="EUR")
    return {
        "a guest's order": lambda: orders.get_order(order_id=latest.id, scope=Scope(tokens=[latest.access_token])),
        "an order by its number": lambda: orders.find_order_id(number=latest.number, scope=EVERYBODYS),
        "a seller's order by its number": lambda: orders.find_order_id(number=suborder.number, scope=sellers_own),
        "a seller's orders": lambda: orders.list_suborders(seller_id=seller),
        "a seller's orders, a later page": lambda: orders.list_suborders(seller_id=seller, before=middle.id),
        "a seller's order": lambda: orders.get_suborder(suborder_id=suborder.id, seller_id=seller),
        "a seller's work": lambda: work.list_work(organisation_id=seller, limit=50),
        "the desk's orders": lambda: orders.list_orders(scope=EVERYBODYS, state="placed"),
        "a seller's count of orders": lambda: orders.count_suborders(seller_id=seller, up_to=1_001),
        "a seller's next amounts": lambda: settlement.list_pending(seller_id=seller),
        "a seller's balances": lambda: settlement.list_balances(seller_id=seller),
        "an order line's postings": lambda: ledger.postings_about([_line(latest.id)]),
        "an account": lambda: ledger.list_history(account_id=payable.account_id),
    }


def _line(order_id: Any) -> Any:
    from entrepot.domain.orders.models import OrderLine

    return OrderLine.objects.filter(order_id=order_id).order_by("position")[0].id


def _look(reading: Reading) -> Seen:
    """Run a reading a few times, and then the plans of its queries."""
    from django.db import connection

    asked: list[tuple[str, Any]] = []
    with _noting(asked):
        reading()
    best = float("inf")
    for _ in range(3):
        began = time.perf_counter()
        reading()
        best = min(best, time.perf_counter() - began)
    seen = Seen(1000 * best, 0)
    with connection.cursor() as cursor:
        for query, params in asked:
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {query}", params)
            row = cursor.fetchone()
            [found] = json.loads(row[0]) if isinstance(row[0], str) else row[0]
            plan = found["Plan"]
            seen.blocks += plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
            seen.scanned |= {node["Relation Name"] for node in _nodes(plan) if _is_scan(node)}
            seen.plans.append("\n".join(_lines(plan)))
    return seen


@contextmanager
def _noting(asked: list[tuple[str, Any]]) -> Iterator[None]:
    from django.db import connection

    def note(execute: Any, query: str, params: Any, many: bool, context: Any) -> Any:
        asked.append((query, params))
        return execute(query, params, many, context)

    with connection.execute_wrapper(note):
        yield


def _nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for inner in plan.get("Plans", []):
        yield from _nodes(inner)


def _lines(node: Mapping[str, Any], depth: int = 0) -> Iterator[str]:
    """A plan as it is read: a node a line, with what it is on, its rows, and the blocks of it and of those below it."""
    if node["Actual Loops"]:
        on = " ".join(node[key] for key in ("Index Name", "Relation Name") if key in node)
        held = next((f" [{node[key]}]" for key in ("Index Cond", "Hash Cond", "Filter", "Sort Key") if key in node), "")
        blocks = node["Shared Hit Blocks"] + node["Shared Read Blocks"]
        times = f" × {node['Actual Loops']}" if node["Actual Loops"] > 1 else ""
        yield (
            f"{'  ' * depth}{node['Node Type']}{on and ' ' + on}: {node['Actual Rows']:g} rows{times},"
            f" {blocks:,} blocks{held}"
        )
        for inner in node.get("Plans", []):
            yield from _lines(inner, depth + 1)


def _is_scan(node: Mapping[str, Any]) -> bool:
    """Whether a node reads a table of some size from end to end."""
    return node["Node Type"] == "Seq Scan" and node["Shared Hit Blocks"] + node["Shared Read Blocks"] > 100


def _middle(seen: Mapping[str, Seen]) -> float:
    """The median of the blocks."""
    blocks = sorted(each.blocks for each in seen.values())
    return float(blocks[len(blocks) // 2])


if __name__ == "__main__":
    main()
