"""Order lines over nodes: our plan beside the exact optimum for cost, and beside greedy for time.

The optimum is a minimum-cost flow over every line, every node that has the goods and may ship them in time, and every
node's room, built here from the raw arrays without the engine's words: one unit, one arc. Greedy goes line by line and
takes the cheapest node that still has the goods and room. The engine begins with its own arrays, decides, and judges
its plan. All in this run. Beside it: carts of several lines, one by one, and all together where stock is scarce.
"""

import argparse
import time

import numpy as np

from benchmarks.marketplace import machine, show
from entrepot.domain.routing.batches import route
from entrepot.domain.routing.carts import Carts, choose
from entrepot.domain.routing.problem import UNLIMITED, Options, Problem

REGIONS = 12


def market(lines: int, nodes: int, skus: int, *, slack: float, needs: int = 1) -> Problem:
    """Orders of one unit a line over nodes with stock and room; the same every time."""
    draw = np.random.default_rng(11)
    share = 1 / np.arange(1, skus + 1) ** 0.8
    resource = draw.choice(skus, lines, p=share / share.sum())
    sizes = draw.integers(1, 2 * needs, lines) if needs > 1 else np.ones(lines, dtype=np.int64)
    group = np.repeat(np.arange(lines), sizes)[:lines].astype(np.int64)
    groups = int(group[-1]) + 1
    if needs > 1:  # an order names a SKU once
        resource = (resource + np.arange(lines) * 7919) % skus
    places = draw.random((nodes, 2)), draw.random((REGIONS, 2))
    distance = np.hypot(*(places[0][:, None] - places[1][None]).transpose(2, 0, 1))
    base = (250 + 900 * distance).astype(np.int64)
    days = 1 + (distance * 5).astype(np.int64)
    asked = np.bincount(resource, minlength=skus)
    stock = draw.multinomial(1, np.full(nodes, 1 / nodes), skus).T * 0
    for sku in np.flatnonzero(asked):
        stock[:, sku] = draw.multinomial(int(np.ceil(asked[sku] * slack)) + 1, draw.dirichlet(np.full(nodes, 0.5)))
    room = np.ceil(draw.dirichlet(np.full(nodes, 8.0)) * lines * slack).astype(np.int64)
    node, place = (each.reshape(-1) for each in np.indices((nodes, REGIONS)))
    options = Options(
        node, place, base.reshape(-1), np.zeros_like(node), (base // 6).reshape(-1), days.reshape(-1),
        np.full(len(node), -1), ("ground",) * len(node),
    )  # fmt: skip
    return Problem(
        nodes=tuple(f"n{number:02}" for number in range(nodes)),
        place=draw.integers(0, REGIONS, groups),
        due=draw.choice([3, 5, UNLIMITED], groups),
        one_parcel=np.zeros(groups, dtype=bool),
        group=group,
        quantity=np.ones(lines, dtype=np.int64),
        weight_g=draw.choice([200, 500, 1200, 3000], skus)[resource],
        start=np.arange(lines + 1),
        resource=resource.astype(np.int64),
        per_unit=np.ones(lines, dtype=np.int64),
        stock=stock.astype(np.int64),
        objection=np.zeros((groups, nodes), dtype=np.int64),
        options=options,
        node_units=room,
        service_parcels=np.zeros(0, dtype=np.int64),
        tiers=np.zeros((0, groups, nodes), dtype=np.int64),
        premium_minor=np.zeros((groups, nodes), dtype=np.int64),
    )


def costs(problem: Problem) -> np.ndarray:
    """What a parcel of each line costs from each node, a great number where it would be late."""
    nodes = len(problem.nodes)
    fixed = problem.options.fixed_minor.reshape(nodes, REGIONS)[:, problem.place].T
    kilo = problem.options.kilo_minor.reshape(nodes, REGIONS)[:, problem.place].T
    last = problem.options.last.reshape(nodes, REGIONS)[:, problem.place].T
    cost = fixed + np.rint(kilo * problem.weight_g[:, None] / 1000).astype(np.int64)
    return np.where(last <= problem.due[:, None], cost, UNLIMITED)


def optimum(problem: Problem, cost: np.ndarray) -> tuple[int, int]:
    """Units served and what they cost at best: one supply a line, one arc to each place of stock."""
    from ortools.graph.python import min_cost_flow

    lines, nodes = cost.shape
    skus = problem.stock.shape[1]
    line, node = np.nonzero((cost < UNLIMITED) & (problem.stock[:, problem.resource].T > 0))
    stands = lines + np.arange(nodes * skus)
    ends = lines + nodes * skus + np.arange(nodes)
    tail = np.concatenate([line, stands, ends])
    head = np.concatenate(
        [lines + node * skus + problem.resource[line], np.repeat(ends, skus), np.full(nodes, ends[-1] + 1)]
    )
    room = np.concatenate([np.ones(len(line), dtype=np.int64), problem.stock.reshape(-1), problem.node_units])
    price = np.concatenate([cost[line, node], np.zeros(nodes * skus + nodes, dtype=np.int64)])
    network = min_cost_flow.SimpleMinCostFlow()
    network.add_arcs_with_capacity_and_unit_cost(tail, head, room, price)
    network.set_nodes_supplies(np.arange(lines), np.ones(lines, dtype=np.int64))
    network.set_nodes_supplies(np.array([ends[-1] + 1]), np.array([-lines]))
    assert network.solve_max_flow_with_min_cost() == network.OPTIMAL
    return network.maximum_flow(), network.optimal_cost()


def greedy(problem: Problem, cost: np.ndarray) -> tuple[int, int]:
    """Units served and what they cost, line by line."""
    order = np.argsort(cost, axis=1, kind="stable").tolist()
    prices, stock, room = cost.tolist(), problem.stock.tolist(), problem.node_units.tolist()
    served = spent = 0
    for line, resource in enumerate(problem.resource.tolist()):
        for node in order[line]:
            if prices[line][node] == UNLIMITED:
                break
            if stock[node][resource] and room[node]:
                stock[node][resource] -= 1
                room[node] -= 1
                served += 1
                spent += prices[line][node]
                break
    return served, spent


def timed(act) -> tuple:
    """What an act gives, and the seconds it took."""
    began = time.perf_counter()
    found = act()
    return found, time.perf_counter() - began


def lines_alone(lines: int, nodes: int, skus: int, slack: float) -> None:
    """Orders of one line."""
    problem = market(lines, nodes, skus, slack=slack)
    answer, ours = timed(lambda: route(problem))
    cost = costs(problem)
    (served, least), exactly = timed(lambda: optimum(problem, cost))
    (taken, spent), greedily = timed(lambda: greedy(problem, cost))
    score = answer.assessment.score
    units = lines - score.short
    print(f"  {lines:,} order lines, {nodes} nodes, {skus:,} SKUs, stock and room {slack:g} × what is asked")
    show(
        (
            "our plan",
            f"{units:,} units for {score.cost_minor:,} in {ours:.2f} s, {lines / ours:,.0f} lines/s",
        ),
        ("exact optimum", f"{served:,} units for {least:,} in {exactly:.2f} s"),
        ("greedy", f"{taken:,} units for {spent:,} in {greedily:.2f} s"),
        ("cost, ours to the optimum", f"{score.cost_minor / least:.6f}"),
        ("cost, greedy to the optimum", f"{spent / least:.4f} of its own units, {served - taken:,} fewer"),
        ("time, ours to greedy", f"{ours / greedily:.1f}"),
        ("time, ours to the optimum line by line", f"{ours / exactly:.2f}"),
    )


def carts(lines: int, nodes: int, skus: int) -> None:
    """Orders of several lines: each for itself, and all of them where stock is scarce."""
    problem = market(lines, nodes, skus, slack=1.5, needs=2)
    free, room = problem.stock.tolist(), problem.node_units.tolist()
    read = Carts(problem)
    count = min(2_000, len(problem.place))
    micros = sorted(
        1e6 * timed(lambda group=group: choose(read.cart(group), free, room, []))[1] for group in range(count)
    )
    answer, seconds = timed(lambda: route(problem))
    ours, theirs, bound = answer.assessment, answer.greedy, answer.bound_minor
    print(f"  {len(problem.place):,} carts of {lines:,} lines, {nodes} nodes")
    show(
        (
            "one cart",
            f"{micros[count // 2]:,.0f} µs in the middle, {micros[int(count * 0.99)]:,.0f} µs the 99th of 100",
        ),
        ("all together", f"{seconds:.2f} s, {ours.parcels:,} parcels, {ours.score.short:,} units short"),
        ("one by one", f"{theirs.parcels:,} parcels, {theirs.score.short:,} units short"),
        ("cost, ours to one by one", f"{ours.cost_minor / theirs.cost_minor:.4f}"),
        ("decided exactly", f"{int(answer.is_exact.sum()):,} of {len(problem.place):,}"),
        (
            "cost, ours to what none can beat",
            f"{ours.cost_minor / bound:.4f}" if bound else "–",
        ),
    )


def main() -> None:
    """Slack and scarce, then carts."""
    options = argparse.ArgumentParser(prog="python -m benchmarks routing", description=__doc__)
    options.add_argument("--lines", type=int, default=100_000)
    options.add_argument("--nodes", type=int, default=20)
    options.add_argument("--skus", type=int, default=5_000)
    options.add_argument("--carts", type=int, default=2_000)
    given = options.parse_args()
    for slack in (2.0, 1.05):
        lines_alone(given.lines, given.nodes, given.skus, slack)
    carts(given.carts, 6, 400)
    show(("machine", machine(has_database=False)))


if __name__ == "__main__":
    main()
