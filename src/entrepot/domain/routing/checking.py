"""What a plan costs and what is wrong with it, reckoned anew from the arrays, whoever made it. Pure."""

import numpy as np

from entrepot.domain.routing.problem import Assessment, Plan, Problem, Score


def assess(problem: Problem, plan: Plan) -> Assessment:
    """Judge a plan: never more than is free or fits, never late, never from where it may not leave."""
    options, group = problem.options, problem.group[plan.need]
    node = options.node[plan.option]
    faults = []
    if (plan.units <= 0).any():
        faults.append("a part has no units")
    served = np.zeros(len(problem.group), dtype=np.int64)
    np.add.at(served, plan.need, plan.units)
    if (served > problem.quantity).any():
        faults.append("more than was asked for")
    if (options.place[plan.option] != problem.place[group]).any():
        faults.append("a service that leads elsewhere")
    if (options.last[plan.option] > problem.due[group]).any():
        faults.append("a promise that comes too late")
    if (problem.objection[group, node] != 0).any():
        faults.append("a node that may not ship")
    faults += _overdrawn(problem, plan, node)
    parcels = np.unique(np.stack([group, plan.option]), axis=1)
    places = np.unique(np.stack([group, node]), axis=1)
    if parcels.shape[1] != places.shape[1]:
        faults.append("two services from one node")
    many = np.bincount(parcels[0], minlength=len(problem.place))
    if (many[problem.one_parcel] > 1).any():
        faults.append("a split that is forbidden")
    used = np.zeros(len(problem.service_parcels), dtype=np.int64)
    limits = options.limit[parcels[1]]
    np.add.at(used, limits[limits >= 0], 1)
    if (used > problem.service_parcels).any():
        faults.append("more parcels than a service takes")
    cost = int((problem.unit_cost(plan.need, plan.option) * plan.units).sum())
    cost += int(options.fixed_minor[parcels[1]].sum())
    premium = int(problem.premium_minor[parcels[0], options.node[parcels[1]]].sum())
    tiers = tuple(int(tier[parcels[0], options.node[parcels[1]]].sum()) for tier in problem.tiers)
    short = int((problem.quantity - served).sum())
    return Assessment(Score(short, tiers, cost + premium), cost, int(parcels.shape[1]), tuple(faults))


def _overdrawn(problem: Problem, plan: Plan, node: np.ndarray) -> list[str]:
    """Whether the plan takes more from a node than stands there, or than it can pack."""
    faults = []
    counts = (problem.start[1:] - problem.start[:-1])[plan.need]
    part = np.repeat(np.arange(len(plan)), counts)
    offset = np.arange(len(part)) - np.repeat(np.cumsum(counts) - counts, counts)
    component = problem.start[plan.need[part]] + offset
    taken = np.zeros_like(problem.stock)
    np.add.at(taken, (node[part], problem.resource[component]), plan.units[part] * problem.per_unit[component])
    if (taken > np.maximum(problem.stock, 0)).any():
        faults.append("more than stands at a node")
    packed = np.zeros(len(problem.nodes), dtype=np.int64)
    np.add.at(packed, node, plan.units)
    if (packed > problem.node_units).any():
        faults.append("more than a node can pack")
    return faults
