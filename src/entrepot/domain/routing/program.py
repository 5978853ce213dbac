"""Groups that want the same stock, with parcels of fixed cost and splits: an integer program, exact in integers. Pure.

x = units of a need by an option, y = whether a group's parcel goes by it; least (units short, tiers, cost) in one
weighted sum. CP-SAT rather than a floating-point solver: costs are whole numbers and stay so, and its effort is counted
in steps, not in seconds, so that the same question has the same answer on any day.
Source: fixed-charge transportation, e.g. Balinski 1961; x <= quantity * y is its strong form for one need.
"""

from collections.abc import Sequence
from typing import Any

from entrepot.domain.routing.carts import Carts, Free

#: Effort for one program, in the solver's deterministic units (some seconds each).
EFFORT = 1.0
#: Yes-or-no decisions in one program; larger ones are taken apart.
PARCELS_MAX = 1_200
#: Sums stay below this.
SCALE_MAX = 2**56

Rows = list[tuple[int, int, int]]


def plan_by_program(
    carts: Carts,
    groups: Sequence[int],
    free: Free,
    room: Sequence[int],
    parcels: Sequence[int],
    hint: Rows,
    *,
    effort: float = EFFORT,
) -> tuple[Rows, bool] | None:
    """Route these groups together on what is free; whether it is the best there is. None where no plan was found."""
    model = _Model(carts, groups, free, room, parcels)
    return model.solve(hint, effort)


class _Model:
    """The program of some groups."""

    def __init__(self, carts: Carts, groups: Sequence[int], free: Free, room: Sequence[int], parcels: Sequence[int]):
        from ortools.sat.python import cp_model

        self.solving: Any = cp_model
        self.model = cp_model.CpModel()
        self.units: dict[tuple[int, int], Any] = {}
        self.goes: dict[tuple[int, int], Any] = {}
        self.terms: list[tuple[tuple[int, ...], int, Any]] = []
        self.asked = 0
        self.cost_bound = 0
        taken: dict[tuple[int, int], list[tuple[int, Any]]] = {}
        packed: dict[int, list[Any]] = {}
        posted: dict[int, list[Any]] = {}
        for group in groups:
            self._add(carts, group, free, taken, packed, posted)
        for (node, resource), parts in taken.items():
            self._at_most(parts, free[node][resource])
        for node, amounts in packed.items():
            self._at_most([(1, each) for each in amounts], room[node])
        for limit, goes in posted.items():
            self._at_most([(1, each) for each in goes], parcels[limit])

    def _at_most(self, parts: Sequence[tuple[int, Any]], most: int) -> None:
        variables = [each for _, each in parts]
        factors = [factor for factor, _ in parts]
        self.model.add(self.solving.LinearExpr.weighted_sum(variables, factors) <= max(0, most))

    def _add(self, carts: Carts, group: int, free: Free, taken: dict, packed: dict, posted: dict) -> None:
        cart, begins = carts.cart(group), carts.first[group]
        self.asked += sum(cart.quantity)
        by_node: dict[int, list[Any]] = {}
        of_need: list[list[Any]] = [[] for _ in cart.quantity]
        dearest = 0
        for source in cart.sources:
            stock = free[source.node]
            most = [
                min(quantity, *(max(0, stock[resource]) // per for resource, per in components))
                for quantity, components in zip(cart.quantity, cart.components, strict=True)
            ]
            if not any(most):
                continue
            goes = self.goes[group, source.option] = self.model.new_bool_var("")
            by_node.setdefault(source.node, []).append(goes)
            if source.limit >= 0:
                posted.setdefault(source.limit, []).append(goes)
            self.terms.append((source.tiers, source.fixed, goes))
            dearest += source.fixed
            for need, units in enumerate(most):
                if units:
                    part = self.units[begins + need, source.option] = self.model.new_int_var(0, units, "")
                    self.model.add(part <= units * goes)
                    of_need[need].append(part)
                    packed.setdefault(source.node, []).append(part)
                    self.terms.append(((), source.unit[need], part))
                    for resource, per_unit in cart.components[need]:
                        taken.setdefault((source.node, resource), []).append((per_unit, part))
        for quantity, parts in zip(cart.quantity, of_need, strict=True):
            if parts:
                self.model.add(sum(parts) <= quantity)
        for goes_there in by_node.values():
            if len(goes_there) > 1:
                self.model.add_at_most_one(goes_there)
        everywhere = [each for there in by_node.values() for each in there]
        if cart.one_parcel and len(everywhere) > 1:
            self.model.add_at_most_one(everywhere)
        dear = max((cost for source in cart.sources for cost in source.unit), default=0)
        self.cost_bound += dearest + sum(cart.quantity) * dear

    def _weigh(self) -> bool:
        """Units short, tiers and cost as one sum, each beyond what the next can reach; False where that is too much."""
        tiers = max((len(each) for each, _, _ in self.terms), default=0)
        weights: list[int] = []
        step = self.cost_bound + 1
        for place in range(tiers - 1, -1, -1):
            weights.insert(0, step)
            step *= sum(each[place] for each, _, _ in self.terms if each) + 1
        if step * (self.asked + 1) > SCALE_MAX:
            return False
        variables = [variable for _, _, variable in self.terms]
        factors = [
            cost + sum(weight * count for weight, count in zip(weights, each, strict=False))
            for each, cost, _ in self.terms
        ]
        variables += self.units.values()
        factors += [-step] * len(self.units)
        self.model.minimize(self.solving.LinearExpr.weighted_sum(variables, factors))
        return True

    def solve(self, hint: Rows, effort: float) -> tuple[Rows, bool] | None:
        if not self._weigh():
            return None
        given = {(need, option): units for need, option, units in hint}
        for key, variable in self.units.items():
            self.model.add_hint(variable, given.get(key, 0))
        solver = self.solving.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = 1
        solver.parameters.max_deterministic_time = effort
        status = solver.solve(self.model)
        if status not in (self.solving.OPTIMAL, self.solving.FEASIBLE):
            return None
        rows = [(need, option, units) for (need, option), each in self.units.items() if (units := solver.value(each))]
        return rows, status == self.solving.OPTIMAL
