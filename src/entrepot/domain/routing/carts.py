"""The best plan of one group, exactly, by looking at every set of nodes that could be better. Pure, in whole numbers.

Costs are linear, so once it is settled from which nodes parcels leave, every need takes its cheapest units there first.
Sets of nodes are tried from small to large, and no larger one once even the cheapest would lose. Only where needs want
the same units, or a node cannot pack all of them, are the ways to share tried one by one.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations, product
from typing import NamedTuple

import numpy as np

from entrepot.domain.routing.problem import Problem, Score

#: Sets of sources, and steps of sharing, that are tried for one group before the best so far is taken.
STEPS_MAX = 5_000

#: Free units by node and resource, and what nodes and services have room for.
Free = list[list[int]]


class Source(NamedTuple):
    """An option as one group sees it: what a parcel costs with its premium, and a unit of each need."""

    option: int
    node: int
    limit: int
    fixed: int
    unit: tuple[int, ...]
    tiers: tuple[int, ...]


class Cart(NamedTuple):
    """A group. `components` of each need are (resource, units in one)."""

    quantity: tuple[int, ...]
    components: tuple[tuple[tuple[int, int], ...], ...]
    sources: tuple[Source, ...]
    one_parcel: bool = False
    tiers: int = 0

    @property
    def shares(self) -> bool:
        """Whether two needs want the same units."""
        wanted = [resource for each in self.components for resource, _ in each]
        return len(set(wanted)) < len(wanted)


class Part(NamedTuple):
    """So many units of a need from a source, both by their place in the cart."""

    need: int
    source: int
    units: int


class Choice(NamedTuple):
    """The parts of a plan and its score; whether nothing better exists for this group alone."""

    parts: tuple[Part, ...]
    score: Score
    is_exact: bool = True


def choose(cart: Cart, free: Free, room: Sequence[int], parcels: Sequence[int]) -> Choice:
    """The best plan on what is free now. Takes nothing.

    Among plans of the same score: fewer parcels, then the fuller nodes, then the earlier ones.
    """
    return _at_one_node(cart, free, room, parcels) or _Search(cart, free, room, parcels).run()


def _at_one_node(cart: Cart, free: Free, room: Sequence[int], parcels: Sequence[int]) -> Choice | None:
    """The best node for all of a single need, the common case; None where a split could be better, or must be."""
    if len(cart.quantity) != 1:
        return None
    quantity, components = cart.quantity[0], cart.components[0]
    best: tuple | None = None
    able: list[Source] = []
    for place, source in enumerate(cart.sources):
        if room[source.node] < quantity or (source.limit >= 0 and parcels[source.limit] <= 0):
            return None
        stock = free[source.node]
        stands = min(stock[resource] // per_unit for resource, per_unit in components)
        if stands > 0:
            able.append(source)
            if stands >= quantity:
                key = (source.tiers, source.fixed + quantity * source.unit[0], -stands, source.node, place)
                best = key if best is None or key < best else best
    if best is None:
        return None
    if len(able) > 1 and not cart.one_parcel and quantity > 1:
        first, second, *_ = sorted(each.fixed for each in able)
        tiers = tuple(sum(sorted(column)[:2]) for column in zip(*(each.tiers for each in able), strict=True))
        if (tiers, first + second + quantity * min(each.unit[0] for each in able)) < best[:2]:
            return None
    return Choice((Part(0, best[4], quantity),), Score(0, best[0], best[1]))


class _Search:
    """One search; `best` is a key and its parts."""

    def __init__(self, cart: Cart, free: Free, room: Sequence[int], parcels: Sequence[int]) -> None:
        self.cart, self.free, self.room, self.parcels = cart, free, room, parcels
        self.needs = range(len(cart.quantity))
        self.stand: dict[int, tuple[int, ...]] = {}
        for source in cart.sources:
            if source.node not in self.stand:
                self.stand[source.node] = _standing(cart.components, free[source.node])
        usable = [
            place
            for place, source in enumerate(cart.sources)
            if any(self.stand[source.node])
            and room[source.node] > 0
            and (source.limit < 0 or parcels[source.limit] > 0)
        ]
        self.by_node: dict[int, list[int]] = {}
        for place in usable:
            self.by_node.setdefault(cart.sources[place].node, []).append(place)
        for node, places in self.by_node.items():
            self.by_node[node] = _undominated(cart.sources, places)
        wanted = sum(cart.quantity)
        self.is_coupled = cart.shares or any(room[node] < wanted for node in self.by_node)
        self.steps = 0
        none = (0,) * cart.tiers
        self.key: tuple = (wanted, none, 0, 0, 0, (), ())
        self.counts = none
        self.rest: tuple = (0, 0, (), ())
        self.parts: tuple[Part, ...] = ()

    def run(self) -> Choice:
        nodes = sorted(self.by_node)
        if nodes:
            self._bounds(nodes)
            self._try_all(nodes)
        return Choice(self.parts, Score(*self.key[:3]), self.steps <= STEPS_MAX)

    def _bounds(self, nodes: Sequence[int]) -> None:
        """What no plan can be better than, beside its parcels."""
        cart = self.cart
        self.least_short, self.base, self.floor = 0, 0, []
        for need in self.needs:
            standing = sum(self.stand[node][need] for node in nodes)
            served = min(cart.quantity[need], standing)
            self.least_short += cart.quantity[need] - served
            units = [
                cart.sources[place].unit[need]
                for node in nodes
                if self.stand[node][need]
                for place in self.by_node[node]
            ]
            self.floor.append(min(units, default=0))
            self.base += served * self.floor[-1]
        self.least_short = max(self.least_short, self._shared_short(nodes))
        self.fixed = {node: min(cart.sources[place].fixed for place in self.by_node[node]) for node in nodes}
        self.tiers = {node: cart.sources[self.by_node[node][0]].tiers for node in nodes}

    def _shared_short(self, nodes: Sequence[int]) -> int:
        """Units that nobody can get of what several needs want, where each takes just one of one thing."""
        asked: dict[int, int] = {}
        for quantity, components in zip(self.cart.quantity, self.cart.components, strict=True):
            if len(components) != 1 or components[0][1] != 1:
                return 0
            asked[components[0][0]] = asked.get(components[0][0], 0) + quantity
        return sum(
            max(0, units - sum(max(0, self.free[node][resource]) for node in nodes))
            for resource, units in asked.items()
        )

    def _try_all(self, nodes: Sequence[int]) -> None:
        most = 1 if self.cart.one_parcel else min(len(nodes), sum(self.cart.quantity))
        if self.is_coupled and most > 1:
            self._begin(nodes)
        fixed = sorted(self.fixed.values())
        tiers = [sorted(column) for column in zip(*self.tiers.values(), strict=True)]
        for size in range(1, most + 1):
            if self._loses(sum(fixed[:size]), tuple(sum(column[:size]) for column in tiers), size):
                return
            for chosen in combinations(nodes, size):
                if self.steps > STEPS_MAX:
                    return
                if size == 1:
                    counts = self.tiers[chosen[0]]
                else:
                    counts = tuple(map(sum, zip(*(self.tiers[node] for node in chosen), strict=True)))
                if self._loses(sum(self.fixed[node] for node in chosen), counts, size):
                    continue
                for places in product(*(self.by_node[node] for node in chosen)):
                    self.steps += 1
                    self._try(places, counts)

    def _begin(self, nodes: Sequence[int]) -> None:
        """A first plan, need by need from all nodes, so that one is at hand wherever the steps may end."""
        sources, cart = self.cart.sources, self.cart
        left = {node: list(self.free[node]) for node in nodes}
        room = {node: self.room[node] for node in nodes}
        first = [self.by_node[node][0] for node in nodes]
        if not self._can_carry([sources[place].limit for place in first]):
            return
        parts, cost, short = [], 0, 0
        for need in self.needs:
            wanted = cart.quantity[need]
            for place in sorted(first, key=lambda place: (sources[place].tiers, sources[place].unit[need])):
                node = sources[place].node
                stands = min(left[node][resource] // per for resource, per in cart.components[need])
                units = max(0, min(wanted, room[node], stands))
                if units:
                    _move(left[node], cart.components[need], -units)
                    room[node] -= units
                    wanted -= units
                    parts.append(Part(need, place, units))
                    cost += units * sources[place].unit[need]
            short += wanted
        used = tuple(sorted({part.source for part in parts}))
        if used:
            at = tuple(sources[place].node for place in used)
            tiers = tuple(map(sum, zip(*(sources[place].tiers for place in used), strict=True)))
            fixed = sum(sources[place].fixed for place in used)
            full = -sum(sum(self.stand[node]) for node in at)
            self.key, self.parts = (short, tiers, fixed + cost, len(used), full, at, used), tuple(sorted(parts))

    def _loses(self, fixed: int, tiers: tuple[int, ...], size: int) -> bool:
        """Whether no plan with such parcels can be better than the best so far, nor as good with fewer."""
        return self.key[0] <= self.least_short and (self.least_short, tiers, fixed + self.base, size) > self.key[:4]

    def _try(self, places: Sequence[int], tiers: tuple[int, ...]) -> None:
        sources = self.cart.sources
        if len(places) > 1 and not self._can_carry([sources[place].limit for place in places]):
            return
        fixed = sum(sources[place].fixed for place in places)
        nodes = tuple(sources[place].node for place in places)
        full = -sum(sum(self.stand[node]) for node in nodes)
        self.counts, self.rest = tiers, (len(places), full, nodes, tuple(places))
        for parts, short, cost in (self._share if self.is_coupled else self._fill)(places):
            if len({part.source for part in parts}) < len(places):
                continue
            key = (short, tiers, fixed + cost, *self.rest)
            if parts and key < self.key:
                self.key, self.parts = key, tuple(sorted(parts))

    def _can_carry(self, limits: Sequence[int]) -> bool:
        """Whether services that several nodes share have room for so many parcels."""
        return all(limit < 0 or limits.count(limit) <= self.parcels[limit] for limit in limits)

    def _fill(self, places: Sequence[int]) -> Iterator[tuple[list[Part], int, int]]:
        """Every need takes its cheapest units first: the best that these sources can do."""
        sources, parts, short, cost = self.cart.sources, [], 0, 0
        for need in self.needs:
            wanted = self.cart.quantity[need]
            order = places if len(places) == 1 else sorted(places, key=lambda place: sources[place].unit[need])
            for place in order:
                units = min(wanted, self.stand[sources[place].node][need])
                if units:
                    parts.append(Part(need, place, units))
                    cost += units * sources[place].unit[need]
                    wanted -= units
            short += wanted
        yield parts, short, cost

    def _share(self, places: Sequence[int]) -> Iterator[tuple[list[Part], int, int]]:
        """Every way to share what several needs want, cheap and whole ones first, as far as the steps reach."""
        sources, cart = self.cart.sources, self.cart
        slots = [
            (need, place)
            for need in self.needs
            for place in sorted(places, key=lambda place: sources[place].unit[need])
        ]
        left = {sources[place].node: list(self.free[sources[place].node]) for place in places}
        room = {node: self.room[node] for node in left}
        wanted = list(cart.quantity)
        parts: list[Part] = []
        fixed = sum(sources[place].fixed for place in places)

        def go(at: int, cost: int, passed: int) -> Iterator[tuple[list[Part], int, int]]:
            self.steps += 1
            if self.steps > STEPS_MAX:
                return
            if at < len(slots) and at and slots[at][0] != slots[at - 1][0]:
                passed += wanted[slots[at - 1][0]]
            if passed > self.key[0]:
                return
            if at == len(slots):
                yield parts, sum(wanted), cost
                return
            need, place = slots[at]
            source = sources[place]
            stock = left[source.node]
            most = min(wanted[need], room[source.node], *(stock[res] // per for res, per in cart.components[need]))
            for units in range(most, -1, -1):
                spent = cost + units * source.unit[need]
                if (max(passed, self.least_short), self.counts, fixed + spent, *self.rest) >= self.key:
                    continue
                _move(stock, cart.components[need], -units)
                room[source.node] -= units
                wanted[need] -= units
                if units:
                    parts.append(Part(need, place, units))
                yield from go(at + 1, spent, passed)
                if units:
                    parts.pop()
                wanted[need] += units
                room[source.node] += units
                _move(stock, cart.components[need], units)

        yield from go(0, 0, 0)


def _move(stock: list[int], components: Sequence[tuple[int, int]], units: int) -> None:
    for resource, per_unit in components:
        stock[resource] += units * per_unit


def _standing(components: Sequence[Sequence[tuple[int, int]]], stock: Sequence[int]) -> tuple[int, ...]:
    """How many units of each need are whole at a node."""
    return tuple(
        max(0, min(stock[resource] // per_unit for resource, per_unit in each)) if len(each) != 1
        else max(0, stock[each[0][0]] // each[0][1])
        for each in components
    )  # fmt: skip


def _undominated(sources: Sequence[Source], places: list[int]) -> list[int]:
    """Services of one node without those that another one beats or equals in all that they cost."""
    if len(places) == 1:
        return places
    kept: list[int] = []
    for place in sorted(places, key=lambda each: (sources[each].fixed, sources[each].unit, each)):
        mine = sources[place]
        if not any(
            sources[other].limit in (-1, mine.limit)
            and sources[other].fixed <= mine.fixed
            and all(a <= b for a, b in zip(sources[other].unit, mine.unit, strict=True))
            for other in kept
        ):
            kept.append(place)
    return sorted(kept)


class Carts:
    """The groups of a problem as carts; what looks alike is read once."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.first = problem.first.tolist()
        self.quantity, self.weight = problem.quantity.tolist(), problem.weight_g.tolist()
        self.start, self.resource = problem.start.tolist(), problem.resource.tolist()
        self.per_unit = problem.per_unit.tolist()
        self.profile = profiles(problem)
        self._sources: dict[tuple[int, ...], tuple[Source, ...]] = {}
        self._options: dict[int, list[int]] = {}

    def cart(self, group: int) -> Cart:
        """A group as a cart."""
        needs = range(self.first[group], self.first[group + 1])
        components = tuple(
            tuple(
                (self.resource[place], self.per_unit[place]) for place in range(self.start[need], self.start[need + 1])
            )
            for need in needs
        )
        quantity = tuple(self.quantity[need] for need in needs)
        return Cart(
            quantity, components, self.sources(group), bool(self.problem.one_parcel[group]), len(self.problem.tiers)
        )

    def sources(self, group: int) -> tuple[Source, ...]:
        """The options of a group, with what each costs it."""
        needs = range(self.first[group], self.first[group + 1])
        profile = int(self.profile[group])
        key = (profile, *(self.weight[need] for need in needs))
        found = self._sources.get(key)
        if found is None:
            found = self._sources[key] = self._read(group, list(needs))
        return found

    def _read(self, group: int, needs: list[int]) -> tuple[Source, ...]:
        problem = self.problem
        open_options = problem.open_options(group)
        if not len(open_options):
            return ()
        node = problem.options.node[open_options]
        fixed = problem.options.fixed_minor[open_options] + problem.premium_minor[group, node]
        units = [problem.unit_cost(need, open_options).tolist() for need in needs]
        tiers = [tier[group, node].tolist() for tier in problem.tiers]
        columns = zip(*units, strict=True) if units else iter(())
        ranks = zip(*tiers, strict=True) if tiers else iter([()] * len(open_options))
        return tuple(
            Source(*row)
            for row in zip(
                open_options.tolist(), node.tolist(), problem.options.limit[open_options].tolist(), fixed.tolist(),
                columns, ranks, strict=True,
            )
        )  # fmt: skip


def profiles(problem: Problem) -> np.ndarray:
    """A number for each group; the same one where place, promise, objections and preferences are the same."""
    columns = [problem.place[:, None], problem.due[:, None], problem.objection, problem.premium_minor, *problem.tiers]
    rows = np.concatenate(columns, axis=1).astype(np.int64)
    if not len(rows):
        return np.zeros(0, dtype=np.int64)
    mixed = rows.astype(np.uint64) @ _mixers(rows.shape[1])
    _, seen, number = np.unique(mixed, return_index=True, return_inverse=True)
    if (rows[seen][number] != rows).any():  # two that differ were mixed alike: tell them apart the slow way
        number = np.unique(rows, axis=0, return_inverse=True)[1]
    return number.reshape(-1)


def _mixers(count: int) -> np.ndarray:
    """Odd multipliers, the same every time."""
    return np.random.default_rng(20260101).integers(1, 2**63, count, dtype=np.uint64) | np.uint64(1)
