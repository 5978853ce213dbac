"""Routes many groups at once, as well as can be, and never worse than one by one. Pure.

1. Each in turn (`greedy`). 2. Where stock, room or services may not suffice for all that could want them, the groups
are joined that stand in each other's way; the others are best as they are. 3. Joined groups of single units are a flow;
other ones a program, exact where it is small enough, else taken apart and improved part by part. 4. The better of both
is taken, by a reckoning that knows neither.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from entrepot.domain.routing import flow, program
from entrepot.domain.routing.carts import Carts, choose
from entrepot.domain.routing.checking import assess
from entrepot.domain.routing.greedy import is_single, plan_by_turns
from entrepot.domain.routing.problem import Answer, Assessment, Plan, Problem, Score, plan_of

#: Yes-or-no decisions of one part when a large program is taken apart, the effort for it, and for all parts.
PART, PART_EFFORT, EFFORT_MAX = 600, 0.2, 4.0


def route(problem: Problem, *, effort: float = program.EFFORT) -> Answer:
    """The best plan that was found, with the greedy one beside it."""
    carts = Carts(problem)
    greedy, unsure = plan_by_turns(problem, carts)
    greedily = assess(problem, greedy)
    work = _Batch(problem, carts, greedy, effort)
    work.is_exact[unsure] = False
    work.run()
    plan = plan_of(work.rows())
    found = assess(problem, plan)
    if found.faults or found.score > greedily.score:
        plan, found = greedy, greedily
        work.give_up()
    if found.faults:
        raise RuntimeError(f"a plan is unsound: {', '.join(found.faults)}")
    return Answer(plan, found, greedily, tuple(work.method), work.is_exact, work.bound(plan, found))


class _Batch:
    """The parts of a batch and what became of each."""

    def __init__(self, problem: Problem, carts: Carts, greedy: Plan, effort: float) -> None:
        self.problem, self.carts, self.effort = problem, carts, effort
        groups = len(problem.place)
        self.method = ["free"] * groups
        self.is_exact = np.ones(groups, dtype=bool)
        self.plan: dict[int, program.Rows] = {}
        for need, option, units in zip(
            greedy.need.tolist(), greedy.option.tolist(), greedy.units.tolist(), strict=True
        ):
            self.plan.setdefault(int(problem.group[need]), []).append((need, option, units))
        self.free, self.room = problem.stock.tolist(), problem.node_units.tolist()
        self.parcels = problem.service_parcels.tolist()
        self.alone: dict[int, Score] = {}
        self.spent = 0.0

    def rows(self) -> program.Rows:
        """What was decided so far."""
        return [row for rows in self.plan.values() for row in rows]

    def give_up(self) -> None:
        """What came of it was no better than one by one."""
        self.method = ["greedy" if each != "free" else each for each in self.method]
        self.is_exact &= np.array([each == "free" for each in self.method], dtype=bool)

    def bound(self, plan: Plan, found: Assessment) -> int | None:
        """What groups cost that are decided for good, and the others if they were alone."""
        if self.is_exact.all():
            return found.score.cost_minor
        settled = self.is_exact[self.problem.group[plan.need]]
        sure = assess(self.problem, Plan(plan.need[settled], plan.option[settled], plan.units[settled])).score
        open_groups = np.flatnonzero(~self.is_exact).tolist()
        if any(group not in self.alone for group in open_groups):
            return None
        unsettled = ~self.is_exact[self.problem.group]
        short = sure.short - int(self.problem.quantity[unsettled].sum())
        alone = [self.alone[group] for group in open_groups]
        tiers = tuple(map(sum, zip(sure.tiers, *(each.tiers for each in alone), strict=True)))
        if (short + sum(each.short for each in alone), tiers) != (found.score.short, found.score.tiers):
            return None
        return sure.cost_minor + sum(each.cost_minor for each in alone)

    def run(self) -> None:
        """Find who stands in whose way, and decide for each circle of those."""
        links = contested(self.problem, self.carts)
        single = is_single(self.problem) & ~links.is_limited & self._takes_one()
        flowing = []
        for members in links.circles():
            if single[members].all():
                flowing.append(members)
            else:
                self._decide(members, single)
        if flowing:
            self._flow(np.sort(np.concatenate(flowing)), self.problem)

    def _takes_one(self) -> np.ndarray:
        """Groups whose first need takes one unit of its resource."""
        need = flow.carts_first(self.carts, np.arange(len(self.problem.place)))
        need = np.minimum(need, max(len(self.problem.group) - 1, 0))
        return self.problem.per_unit[self.problem.start[need]] == 1

    def _flow(self, groups: np.ndarray, problem: Problem) -> None:
        """Decide for single units on the stock of this problem."""
        plan = flow.plan_by_flow(problem, self.carts, groups)
        for group in groups.tolist():
            self.method[group] = "flow" if plan is not None else "greedy"
            if plan is not None:
                self.plan.pop(group, None)
        if plan is None:
            self.is_exact[groups] = False
            return
        owner = problem.group[plan.need].tolist()
        for group, need, option in zip(owner, plan.need.tolist(), plan.option.tolist(), strict=True):
            self.plan.setdefault(group, []).append((need, option, 1))

    def _decide(self, groups: np.ndarray, single: np.ndarray) -> None:
        """A circle of groups with parcels of fixed cost: nothing to do, one program, or part by part."""
        if self._is_best_alone(groups):
            return
        sizes = {group: len(self.carts.sources(group)) for group in groups.tolist()}
        for group in groups.tolist():
            self.method[group] = "program"
        if sum(sizes.values()) <= program.PARCELS_MAX:
            self.is_exact[groups] = self._program(groups.tolist(), self.effort)
            return
        self.is_exact[groups] = False
        alone = groups[single[groups]]
        if len(alone):
            self._take(others := groups[~single[groups]].tolist(), -1)
            left = replace(self.problem, stock=np.array(self.free), node_units=np.array(self.room))
            self._flow(alone, left)
            self.is_exact[alone] = False
            self._take(others, 1)
        self._take(groups.tolist(), -1)
        for part in _apart(sizes):
            if self.spent < EFFORT_MAX:
                self.spent += PART_EFFORT
                self._take(part, 1)
                self._program(part, PART_EFFORT)
                self._take(part, -1)
        self._take(groups.tolist(), 1)

    def _is_best_alone(self, groups: np.ndarray) -> bool:
        """Whether each of these has what it would take if it were alone; and keeps what that would score."""
        same = True
        for group in groups.tolist():
            cart = self.carts.cart(group)
            choice = choose(cart, self.free, self.room, self.parcels)
            self.alone[group] = choice.score
            first = self.carts.first[group]
            alone = [(first + each.need, cart.sources[each.source].option, each.units) for each in choice.parts]
            same = same and choice.is_exact and sorted(self.plan.get(group, [])) == sorted(alone)
        return same

    def _program(self, groups: Sequence[int], effort: float) -> bool:
        """Decide for these on what is free; whether nothing is better."""
        hint = [row for group in groups for row in self.plan.get(group, [])]
        found = program.plan_by_program(self.carts, groups, self.free, self.room, self.parcels, hint, effort=effort)
        if found is None:
            return False
        rows, is_best = found
        for group in groups:
            self.plan[group] = []
        owner = self.problem.group
        for row in rows:
            self.plan[int(owner[row[0]])].append(row)
        return is_best

    def _take(self, groups: Sequence[int], sign: int) -> None:
        """Take what was decided for these from what is free (-1), or put it back (1)."""
        carts, node, limit = self.carts, self.problem.options.node, self.problem.options.limit
        for group in groups:
            used = set()
            for need, option, units in self.plan.get(group, ()):
                stock = self.free[int(node[option])]
                for place in range(carts.start[need], carts.start[need + 1]):
                    stock[carts.resource[place]] += sign * units * carts.per_unit[place]
                self.room[int(node[option])] += sign * units
                used.add(option)
            for option in used:
                if limit[option] >= 0:
                    self.parcels[int(limit[option])] += sign


def _apart(sizes: dict[int, int]) -> list[list[int]]:
    """Groups in parts of a size that a program decides quickly, neighbours together."""
    parts: list[list[int]] = [[]]
    held = 0
    for group, size in sizes.items():
        if held + size > PART and parts[-1]:
            parts.append([])
            held = 0
        parts[-1].append(group)
        held += size
    return parts


class Links:
    """Which groups want which scarce things: pairs, one element each."""

    def __init__(self, groups: int, group: np.ndarray, thing: np.ndarray, is_limited: np.ndarray) -> None:
        self.count, self.group, self.thing = groups, group, thing
        self.is_limited = is_limited

    def circles(self) -> list[np.ndarray]:
        """Groups that are joined by scarce things, circle by circle; those without any are in none."""
        if not len(self.group):
            return []
        _, thing = np.unique(self.thing, return_inverse=True)
        label = np.arange(self.count)
        while True:
            least = np.full(int(thing.max()) + 1, self.count)
            np.minimum.at(least, thing, label[self.group])
            fresh = label.copy()
            np.minimum.at(fresh, self.group, least[thing])
            fresh = fresh[fresh]
            if (fresh == label).all():
                break
            label = fresh
        members = np.unique(self.group)
        order = np.argsort(label[members], kind="stable")
        members = members[order]
        return np.split(members, np.flatnonzero(np.diff(label[members])) + 1)


def contested(problem: Problem, carts: Carts) -> Links:
    """Where all that could be asked of a node's stock, room or service is more than there is, and by whom."""
    groups = len(problem.place)
    open_at, uses = _openings(problem, carts)
    counts = np.diff(problem.start)
    need = np.repeat(np.arange(len(problem.group)), counts)
    group = problem.group[need]
    asked = problem.quantity[need] * problem.per_unit
    pairs_group, pairs_thing = [], []
    resources = problem.stock.shape[1]
    for node in range(len(problem.nodes)):
        here = open_at[group, node] & (problem.stock[node, problem.resource] > 0)
        wanted = np.bincount(problem.resource[here], weights=asked[here], minlength=resources)
        scarce = here & (wanted > problem.stock[node])[problem.resource]
        pairs_group.append(group[scarce])
        pairs_thing.append(node * resources + problem.resource[scarce])
        units = np.zeros(groups, dtype=np.int64)
        np.add.at(units, problem.group, problem.quantity)
        able = np.flatnonzero(open_at[:, node])
        if int(units[able].sum()) > problem.node_units[node]:
            pairs_group.append(able)
            pairs_thing.append(np.full(len(able), len(problem.nodes) * resources + node))
    is_limited = np.zeros(groups, dtype=bool)
    base = len(problem.nodes) * (resources + 1)
    for limit in range(len(problem.service_parcels)):
        able = np.flatnonzero(uses[:, limit])
        if len(able) > problem.service_parcels[limit]:
            is_limited[able] = True
            pairs_group.append(able)
            pairs_thing.append(np.full(len(able), base + limit))
    return Links(groups, np.concatenate(pairs_group), np.concatenate(pairs_thing), is_limited)


def _openings(problem: Problem, carts: Carts) -> tuple[np.ndarray, np.ndarray]:
    """By group: the nodes that it may leave from, and the limited services that it may go by."""
    shown, profile = np.unique(carts.profile, return_index=True, return_inverse=True)[1:]
    nodes = np.zeros((len(shown), len(problem.nodes)), dtype=bool)
    limits = np.zeros((len(shown), len(problem.service_parcels)), dtype=bool)
    for place, group in enumerate(shown.tolist()):
        found = problem.open_options(group)
        nodes[place, problem.options.node[found]] = True
        limit = problem.options.limit[found]
        limits[place, limit[limit >= 0]] = True
    return nodes[profile.reshape(-1)], limits[profile.reshape(-1)]
