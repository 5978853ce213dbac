"""Groups of one unit over nodes with stock and room: a minimum-cost flow, exact. Pure.

Equal groups are one supply: supply → (node, resource), at most what stands there → node, at most what it can pack →
sink. As many units as can be served are, at least cost; tiers come before cost by weights that no sum of costs reaches.
Source: Ahuja, Magnanti, Orlin, Network Flows, 1993, ch. 9–10; solved by OR-Tools' cost-scaling push-relabel.
"""

import numpy as np

from entrepot.domain.routing.carts import Carts
from entrepot.domain.routing.problem import Plan, Problem

#: The solver multiplies costs by the number of nodes of the network, in 64 bits.
SCALE_MAX = 2**61


def plan_by_flow(problem: Problem, carts: Carts, groups: np.ndarray) -> Plan | None:
    """Route these groups, each a unit that takes one of one resource; None where numbers grow too large."""
    need = carts_first(carts, groups)
    resource = problem.resource[problem.start[need]]
    keys = np.stack([carts.profile[groups], problem.weight_g[need], resource])
    _, shown, owner, supply = np.unique(keys, axis=1, return_index=True, return_inverse=True, return_counts=True)
    owner = owner.reshape(-1)
    arcs = _arcs(problem, carts, groups[shown], need[shown], resource[shown])
    if arcs is None:
        return None
    flow = _solve(problem, arcs, supply)
    return None if flow is None else _hand_out(arcs, flow, need, owner)


def carts_first(carts: Carts, groups: np.ndarray) -> np.ndarray:
    """The first need of each of these groups."""
    return np.asarray(carts.first, dtype=np.int64)[groups]


class _Arcs:
    """From supplies to places of stock: one element an arc."""

    def __init__(self, supply: np.ndarray, option: np.ndarray, cost: np.ndarray, tiers: np.ndarray) -> None:
        self.supply, self.option, self.cost, self.tiers = supply, option, cost, tiers


def _arcs(
    problem: Problem, carts: Carts, groups: np.ndarray, need: np.ndarray, resource: np.ndarray
) -> tuple[_Arcs, np.ndarray] | None:
    """The cheapest option of each supply from each node that has what it wants; and what each arc draws on."""
    by_profile: dict[int, list[int]] = {}
    for place, profile in enumerate(carts.profile[groups].tolist()):
        by_profile.setdefault(profile, []).append(place)
    options = problem.options
    parts = []
    for places in by_profile.values():
        rows = np.array(places)
        group = int(groups[rows[0]])
        found = problem.open_options(group)
        if not len(found):
            continue
        node = options.node[found]
        has = problem.stock[np.ix_(node, resource[rows])].T > 0
        row, column = np.nonzero(has)
        option = found[column]
        cost = (
            options.fixed_minor[option]
            + problem.unit_cost(need[rows[row]], option)
            + problem.premium_minor[group, node[column]]
        )
        parts.append((rows[row], option, cost, problem.tiers[:, group, node[column]].T))
    if not parts:
        return None
    supply, option, cost, tiers = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((option, cost, options.node[option], supply))
    supply, option, cost, tiers = supply[order], option[order], cost[order], tiers[order]
    node = options.node[option]
    fresh = np.ones(len(supply), dtype=bool)
    fresh[1:] = (supply[1:] != supply[:-1]) | (node[1:] != node[:-1])
    arcs = _Arcs(supply[fresh], option[fresh], cost[fresh], tiers[fresh])
    return arcs, resource[arcs.supply]


def _solve(problem: Problem, given: tuple[_Arcs, np.ndarray], supply: np.ndarray) -> np.ndarray | None:
    """Units on each arc."""
    from ortools.graph.python import min_cost_flow

    arcs, resource = given
    node = problem.options.node[arcs.option]
    stands, place = np.unique(np.stack([node, resource]), axis=1, return_inverse=True)
    place = place.reshape(-1)
    supplies, stocks, nodes = len(supply), stands.shape[1], len(problem.nodes)
    units = int(supply.sum())
    vertices = supplies + stocks + nodes + 1
    weights = _weigh(arcs, units)
    if weights is None or int(weights.max(initial=0)) * vertices > SCALE_MAX:
        return None
    tail = np.concatenate([arcs.supply, supplies + np.arange(stocks), supplies + stocks + np.arange(nodes)])
    head = np.concatenate([supplies + place, supplies + stocks + stands[0], np.full(nodes, supplies + stocks + nodes)])
    stock = np.minimum(np.maximum(problem.stock[stands[0], stands[1]], 0), units)
    room = np.minimum(np.maximum(problem.node_units, 0), units)
    capacity = np.concatenate([np.minimum(supply[arcs.supply], stock[place]), stock, room])
    cost = np.concatenate([weights, np.zeros(stocks + nodes, dtype=np.int64)])
    network = min_cost_flow.SimpleMinCostFlow()
    numbers = network.add_arcs_with_capacity_and_unit_cost(tail, head, capacity, cost)
    network.set_nodes_supplies(np.arange(supplies), supply)
    network.set_nodes_supplies(np.array([vertices - 1]), np.array([-units]))
    if network.solve_max_flow_with_min_cost() != network.OPTIMAL:
        return None
    return network.flows(numbers)[: len(arcs.supply)]


def _weigh(arcs: _Arcs, units: int) -> np.ndarray | None:
    """One number an arc, so that a sum over all units compares like its tiers one by one, then its cost."""
    total = arcs.cost.astype(object) if arcs.tiers.shape[1] else arcs.cost
    step = units * int(arcs.cost.max(initial=0)) + 1
    for place in range(arcs.tiers.shape[1] - 1, -1, -1):
        tier = arcs.tiers[:, place]
        if not tier.any():
            continue
        total = total + tier.astype(object) * step
        step *= units * int(tier.max()) + 1
    if len(total) and int(max(total)) > SCALE_MAX:
        return None
    return total.astype(np.int64)


def _hand_out(given: tuple[_Arcs, np.ndarray], flow: np.ndarray, need: np.ndarray, owner: np.ndarray) -> Plan:
    """The units of each supply back to its groups, in their order."""
    arcs = given[0]
    option = np.repeat(arcs.option, flow)
    supply = np.repeat(arcs.supply, flow)
    order = np.argsort(owner, kind="stable")
    begins = np.searchsorted(owner[order], np.arange(int(owner.max()) + 2))
    rank = np.arange(len(supply)) - np.searchsorted(supply, supply)
    served = need[order[begins[supply] + rank]]
    line = np.argsort(served, kind="stable")
    return Plan(served[line], option[line], np.ones(len(line), dtype=np.int64))
