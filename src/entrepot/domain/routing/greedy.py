"""Order by order, each at its own least cost on what those before it left: what every plan beats or equals. Pure."""

import numpy as np

from entrepot.domain.routing.carts import Carts, choose
from entrepot.domain.routing.problem import Plan, Problem, plan_of


def plan_by_turns(problem: Problem, carts: Carts) -> tuple[Plan, list[int]]:
    """Route the groups in their order, each as well as it can be for itself; and those too large to be sure of that."""
    turns = _Turns(problem, carts)
    single = is_single(problem).tolist()
    for group in range(len(problem.place)):
        (turns.unit if single[group] else turns.whole)(group)
    return plan_of(turns.rows), turns.unsure


def is_single(problem: Problem) -> np.ndarray:
    """Which groups ask for one unit of one resource: one parcel, whatever it costs."""
    first = problem.first
    one_need = np.diff(first) == 1
    need = np.minimum(first[:-1], max(len(problem.group) - 1, 0))
    if not len(problem.group):
        return one_need
    return one_need & (problem.quantity[need] == 1) & (np.diff(problem.start)[need] == 1)


class _Turns:
    """What is left while groups take their turns."""

    def __init__(self, problem: Problem, carts: Carts) -> None:
        self.problem, self.carts = problem, carts
        self.free = problem.stock.tolist()
        self.room = problem.node_units.tolist()
        self.parcels = problem.service_parcels.tolist()
        self.rows: list[tuple[int, int, int]] = []
        self.unsure: list[int] = []
        self.ranked: dict[tuple[int, int], list[tuple[tuple, int, int, int]]] = {}

    def unit(self, group: int) -> None:
        """One unit: the cheapest option that has it, the fullest of equals."""
        carts = self.carts
        need = carts.first[group]
        place = carts.start[need]
        resource, per_unit = carts.resource[place], carts.per_unit[place]
        best, best_key, fullest = None, (), 0
        for key, node, option, limit in self._ranking(group, need):
            if best is not None and key > best_key:
                break
            standing = self.free[node][resource] // per_unit
            if standing > fullest and self.room[node] > 0 and (limit < 0 or self.parcels[limit] > 0):
                best, best_key, fullest = (option, node, limit), key, standing
        if best is not None:
            option, node, limit = best
            self.free[node][resource] -= per_unit
            self.room[node] -= 1
            if limit >= 0:
                self.parcels[limit] -= 1
            self.rows.append((need, option, 1))

    def _ranking(self, group: int, need: int) -> list[tuple[tuple, int, int, int]]:
        key = (int(self.carts.profile[group]), self.carts.weight[need])
        found = self.ranked.get(key)
        if found is None:
            found = self.ranked[key] = sorted(
                ((each.tiers, each.fixed + each.unit[0]), each.node, each.option, each.limit)
                for each in self.carts.sources(group)
            )
        return found

    def whole(self, group: int) -> None:
        """A group of any kind."""
        carts = self.carts
        cart = carts.cart(group)
        choice = choose(cart, self.free, self.room, self.parcels)
        if not choice.is_exact:
            self.unsure.append(group)
        used = set()
        for part in choice.parts:
            source = cart.sources[part.source]
            for resource, per_unit in cart.components[part.need]:
                self.free[source.node][resource] -= part.units * per_unit
            self.room[source.node] -= part.units
            used.add(part.source)
            self.rows.append((carts.first[group] + part.need, source.option, part.units))
        for place in used:
            limit = cart.sources[place].limit
            if limit >= 0:
                self.parcels[limit] -= 1
