"""How many orders of one line a second are placed where routing chooses, beside the same with a single node left.

Every offer stands in three warehouses at home and in one abroad, and no rule prefers one: each order is priced from
both countries, with duty, before it is routed. The baseline places the same goods while rules exclude all nodes but
one. Rounds of both take turns in one run; the middle of each side's processor times counts.
"""

import argparse
import statistics
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from benchmarks import goods
from benchmarks.marketplace import fresh
from benchmarks.sides import Cost, Result, assert_books_hold, connect, costing

BATCH, ROUNDS = 200, 5


def main(argv: Sequence[str] | None = None) -> Result:
    """Place batches with a choice and without one, in turn."""
    parser = argparse.ArgumentParser(prog="entrepot bench routed-orders", description=__doc__)
    parser.add_argument("--orders", type=int, default=BATCH, help="orders of a round")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--skus", type=int, default=2_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    with fresh():
        stocked = goods.stock_market(skus=options.skus, programme="self-managed")
        goods.stock_abroad(stocked, units=100_000)
        with connect() as admin:
            admin.execute("ANALYZE")
        sides: dict[str, list[Cost]] = {"routed": [], "forced": []}
        for turn in range(options.rounds + 1):  # the first warms both
            for name, costs in sides.items():
                rule(name)
                asked = requests(stocked, options.orders, f"{name}-{turn}", turn)
                cost = Cost()
                with costing(cost):
                    place(asked)
                costs += [cost] if turn else []
        assert_books_hold()
        routed, forced = (_middle(costs) for costs in sides.values())
        result = Result(
            "routed-orders", "orders/s", options.orders / routed.wall, options.orders / forced.wall, "≥ 0.7",
            forced.work / routed.work,
            {"ours": routed.per(options.orders), "theirs": forced.per(options.orders),
             "ratio of time": f"{forced.wall / routed.wall:.3f}", "nodes": nodes_used()},
        )  # fmt: skip
        result.tell(as_json=options.json)
    return result


def rule(name: str) -> None:
    """Rules under which every node may be chosen, by cost alone; or a single one."""
    from entrepot.domain.logistics.models import Node
    from entrepot.domain.routing import queries, services
    from entrepot.domain.routing.services import Wanted
    from entrepot.kernel.actors import SYSTEM

    codes = sorted(Node.objects.values_list("code", flat=True))
    rules = [Wanted("one_parcel")]
    if name == "forced":
        rules += [Wanted("exclude_node", node_code=code) for code in codes if code != f"partner-{goods.CITIES[0]}"]
    services.publish_rules(rules=rules, edition=queries.current_edition(), actor=SYSTEM, reason=name, now=goods.OPENED)


def requests(stocked: goods.Goods, count: int, prefix: str, seed: int) -> list[Any]:
    """Orders of one line; the same goods on either side of a round."""
    made = goods.requests(stocked, count, prefix=prefix, seed=seed)
    return [replace(each, lines=each.lines[:1]) for each in made]


def place(asked: Sequence[Any]) -> None:
    """Place these orders in one batch; every one must be placed."""
    from entrepot.flows.checkout import Placed, place_orders

    answers = place_orders(requests=asked, now=goods.ORDERED)
    assert all(isinstance(answer, Placed) for answer in answers), answers[:3]


def nodes_used() -> str:
    """From where the orders left."""
    from entrepot.kernel import db

    rows = db.fetch_rows(
        "SELECT node.code, count(*) AS parcels FROM orders_suborder s JOIN logistics_node node ON node.id = s.node_id"
        " GROUP BY node.code ORDER BY node.code"
    )
    return ", ".join(f"{row.code} {row.parcels}" for row in rows)


def _middle(costs: Sequence[Cost]) -> Cost:
    return Cost(*(statistics.median(getattr(cost, name) for cost in costs) for name in ("wall", "client", "server")))


if __name__ == "__main__":
    main()
