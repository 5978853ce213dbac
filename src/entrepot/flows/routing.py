"""From where each line of a cart leaves: the engine of `domain.routing`, given free stock, costs of parcels, and rules.

Decided while the rows are locked: the same cart on the same stock has the same answer. What a parcel would cost is
asked once for a batch, and only where the choice could depend on it; a line is drawn through what the whole and its
parts cost.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from uuid import UUID

from entrepot.domain.markets.models import Market
from entrepot.domain.routing.carts import Cart, Choice, Source, choose
from entrepot.domain.routing.problem import UNLIMITED, Verdict
from entrepot.domain.routing.rules import DEFAULT, Policy, Rule, RuleKind, apply

__all__ = ["Candidate", "Group", "Need", "Route", "Router", "Shortage", "Verdict"]

#: Free units by (node, SKU, pool); the pool is an offer with stock of its own, or None for the shared stock.
Free = Mapping[tuple[UUID, UUID, UUID | None], int]
#: Costs of a choice are reckoned in thousandths, so that a share of a parcel a unit loses nothing that matters.
FINE = 1000


@dataclass(frozen=True, slots=True)
class Need:
    """So many units of something that consists of `components` (SKU, units in one) and weighs so much."""

    components: tuple[tuple[UUID, int], ...]
    quantity: int
    pool: UUID | None = None
    weight_g: int = 0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A node that the terms let the goods leave from, or the verdict why not."""

    node_id: UUID
    code: str
    country: str
    is_local: bool
    objection: Verdict | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """The lines of a cart that may travel together. Units: minor of the market's currency, as displayed."""

    market: Market
    needs: tuple[Need, ...]
    candidates: tuple[Candidate, ...]
    value_minor: int


@dataclass(frozen=True, slots=True)
class Allocation:
    """So many units of a need (by its place among the needs) from a node."""

    need: int
    node_id: UUID
    units: int


@dataclass(frozen=True, slots=True)
class Route:
    """Where everything leaves from, the verdict on each candidate by the code of its node, and why."""

    allocations: tuple[Allocation, ...]
    verdicts: Mapping[str, Verdict]
    why: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Shortage:
    """The first need that cannot be met, and how many units of it could be."""

    need: int
    available: int
    verdicts: Mapping[str, Verdict]


class Weighed(NamedTuple):
    """A parcel whose cost matters to a choice."""

    market: str
    origin: str
    weight_g: int


#: What such parcels cost, in minor units of the market's currency; None where nobody carries one.
Pricing = Callable[[Sequence[Weighed]], Sequence[int | None]]


class Router:
    """Routes the groups of a batch in turn. `rules` are those in force, by market; none at all is `DEFAULT`."""

    def __init__(self, rules: Mapping[UUID, Sequence[Rule]], pricing: Pricing) -> None:
        self.rules, self.pricing = rules, pricing
        self.costs: dict[Weighed, int | None] = {}
        self.policies: dict[tuple[Any, ...], Policy] = {}

    def prepare(self, groups: Iterable[Group]) -> None:
        """Ask at once what all parcels would cost on which a choice could depend."""
        wanted: dict[Weighed, None] = {}
        for group in (_merged(each)[0] for each in groups):
            if self._is_choice(group):
                for country in dict.fromkeys(each.country for each in group.candidates if each.objection is None):
                    wanted |= dict.fromkeys(_parcels(group, country))
        missing = [each for each in wanted if each not in self.costs]
        if missing:
            self.costs |= dict(zip(missing, self.pricing(missing), strict=True))

    def route(self, group: Group, free: Free) -> Route | Shortage:
        """Find the node or nodes of each need. Takes nothing itself."""
        merged, owners = _merged(group)
        found = self._decide(merged, free)
        if merged is group:
            return found
        if isinstance(found, Shortage):
            owner, available = owners[found.need], found.available
            for place in owner[:-1]:
                if group.needs[place].quantity > available:
                    break
                available -= group.needs[place].quantity
            else:
                place = owner[-1]
            return Shortage(place, available, found.verdicts)
        return Route(_divided(group, owners, found.allocations), found.verdicts, found.why)

    def _decide(self, group: Group, free: Free) -> Route | Shortage:
        candidates = sorted(group.candidates, key=lambda each: each.code)
        policy = self._policy(group, candidates)
        costs = self._costs(group, candidates)
        objections = [
            each.objection or (Verdict.EXCLUDED if out else None)
            for each, out in zip(candidates, policy.excluded, strict=True)
        ]
        unserved = [costs is not None and costs[each.country] is None for each in candidates]
        if any(objection is None and not none for objection, none in zip(objections, unserved, strict=True)):
            objections = [
                each or (Verdict.NO_SERVICE if none else None) for each, none in zip(objections, unserved, strict=True)
            ]
        else:
            costs = None  # nobody carries it from anywhere: whoever quotes it says so
        resources = {key: place for place, key in enumerate(_resources(group.needs))}
        stock = [[free.get((each.node_id, *key), 0) for key in resources] for each in candidates]
        sources = tuple(
            _source(node, group, candidates[node], policy, costs)
            for node, objection in enumerate(objections)
            if objection is None
        )
        cart = Cart(
            tuple(need.quantity for need in group.needs),
            tuple(tuple((resources[sku, need.pool], per) for sku, per in need.components) for need in group.needs),
            sources, policy.one_parcel, len(policy.tiers),
        )  # fmt: skip
        choice = choose(cart, stock, [UNLIMITED] * len(candidates), ())
        reasons = _reasons(cart, choice, stock, candidates, objections, costs)
        verdicts = {row["node"]: Verdict(row["verdict"]) for row in reasons}
        served = [0] * len(group.needs)
        for part in choice.parts:
            served[part.need] += part.units
        for place, need in enumerate(group.needs):
            if served[place] < need.quantity:
                short = {code: Verdict.SHORT if each is Verdict.CHOSEN else each for code, each in verdicts.items()}
                return Shortage(place, served[place], short)
        parts = (
            Allocation(each.need, candidates[sources[each.source].node].node_id, each.units) for each in choice.parts
        )
        why = {
            "currency": group.market.currency,
            "nodes": reasons,
            "rules": [rule.as_row() for rule in self._rules(group)],
            "exact": choice.is_exact,
        }
        return Route(tuple(sorted(parts, key=lambda each: (each.need, each.node_id))), verdicts, why)

    def _rules(self, group: Group) -> Sequence[Rule]:
        return self.rules.get(group.market.id, ()) if self.rules else DEFAULT

    def _policy(self, group: Group, candidates: Sequence[Candidate]) -> Policy:
        rules = self._rules(group)
        codes, local = tuple(each.code for each in candidates), tuple(each.is_local for each in candidates)
        value = group.value_minor if any(rule.kind is RuleKind.NO_SPLIT_BELOW for rule in rules) else 0
        key = (group.market.id, codes, local, value)
        found = self.policies.get(key)
        if found is None:
            found = self.policies[key] = apply(rules, codes, local, value)
        return found

    def _is_choice(self, group: Group) -> bool:
        """Whether costs could decide: between countries, or against what a preference is worth."""
        countries = [each.country for each in group.candidates if each.objection is None]
        if len(countries) < 2:
            return False
        return len(set(countries)) > 1 or any(rule.amount_minor for rule in self._rules(group))

    def _costs(self, group: Group, candidates: Sequence[Candidate]) -> dict[str, tuple[int, ...] | None] | None:
        """By country: a parcel, and a unit of each need, in fine units; None where nobody carries all of it."""
        if not self._is_choice(group):
            return None
        found: dict[str, tuple[int, ...] | None] = {}
        for each in candidates:
            if each.objection is None and each.country not in found:
                amounts = [self.costs.get(parcel) for parcel in _parcels(group, each.country)]
                found[each.country] = _line_through(group.needs, amounts)
            found.setdefault(each.country, None)
        return found


def _merged(group: Group) -> tuple[Group, list[list[int]]]:
    """The group with needs of the same goods made one, and which needs each of them was."""
    if len(group.needs) == 1:
        return group, []
    owners: dict[tuple[Any, ...], list[int]] = {}
    for place, need in enumerate(group.needs):
        owners.setdefault((need.components, need.pool, need.weight_g), []).append(place)
    if len(owners) == len(group.needs):
        return group, []
    needs = tuple(
        replace(group.needs[places[0]], quantity=sum(group.needs[place].quantity for place in places))
        for places in owners.values()
    )
    return replace(group, needs=needs), list(owners.values())


def _divided(
    group: Group, owners: Sequence[Sequence[int]], allocations: Iterable[Allocation]
) -> tuple[Allocation, ...]:
    """What goes to needs that were made one, back to each of them in their order."""
    wanted = [need.quantity for need in group.needs]
    found = []
    for each in allocations:
        units = each.units
        for place in owners[each.need]:
            taken = min(units, wanted[place])
            if taken:
                found.append(Allocation(place, each.node_id, taken))
                wanted[place] -= taken
                units -= taken
    return tuple(sorted(found, key=lambda each: (each.need, each.node_id)))


def _parcels(group: Group, country: str) -> list[Weighed]:
    """The whole from a country, and its parts: each line, or one unit of the only line."""
    weights = [each.weight_g * each.quantity for each in group.needs]
    if len(weights) > 1:
        weights = [sum(weights), *weights]
    elif group.needs[0].quantity > 1:
        weights = [weights[0], group.needs[0].weight_g]
    return [Weighed(group.market.code, country, weight) for weight in weights]


def _line_through(needs: Sequence[Need], amounts: Sequence[int | None]) -> tuple[int, ...] | None:
    """Costs of a parcel and of a unit of each need, that give the whole and come near to its parts.

    Rounding: down to a thousandth of a minor unit, for the choice only; what is charged is quoted for real parcels.
    """
    whole, *parts = amounts
    if whole is None:
        return None
    if not parts:
        return (0, whole * FINE)
    known = [whole if each is None else each for each in parts]
    if len(needs) == 1:
        quantity = needs[0].quantity
        fixed = max(0, (quantity * known[0] - whole) * FINE // (quantity - 1))
        fixed = min(fixed, whole * FINE)
        return (fixed, (whole * FINE - fixed) // quantity)
    fixed = min(max(0, (sum(known) - whole) * FINE // (len(known) - 1)), min(known) * FINE)
    units = (max(0, cost * FINE - fixed) // need.quantity for cost, need in zip(known, needs, strict=True))
    return (fixed, *units)


def _resources(needs: Iterable[Need]) -> dict[tuple[UUID, UUID | None], None]:
    return {(sku_id, need.pool): None for need in needs for sku_id, _ in need.components}


def _source(
    node: int, group: Group, candidate: Candidate, policy: Policy, costs: Mapping[str, tuple[int, ...] | None] | None
) -> Source:
    """A node as the cart sees it; where nothing is known of costs, a parcel costs something and a unit nothing."""
    found = costs[candidate.country] if costs else None
    fixed, *units = found or (FINE, *(0 for _ in group.needs))
    tiers = tuple(tier[node] for tier in policy.tiers)
    return Source(node, node, -1, fixed + policy.premium_minor[node] * FINE, tuple(units), tiers)


def _reasons(
    cart: Cart,
    choice: Choice,
    stock: Sequence[Sequence[int]],
    candidates: Sequence[Candidate],
    objections: Sequence[Verdict | None],
    costs: Mapping[str, tuple[int, ...] | None] | None,
) -> list[dict[str, Any]]:
    """Every node with its verdict, the units that stand there, and what all of it would cost from there."""
    chosen = {cart.sources[part.source].node for part in choice.parts}
    rows = []
    for node, candidate in enumerate(candidates):
        stands = [
            min(quantity, *(max(0, stock[node][resource]) // per for resource, per in components))
            for quantity, components in zip(cart.quantity, cart.components, strict=True)
        ]
        is_whole = tuple(stands) == cart.quantity
        verdict = objections[node]
        if verdict is None:
            verdict = Verdict.CHOSEN if node in chosen else Verdict.NOT_NEEDED if is_whole else Verdict.SHORT
        found = costs.get(candidate.country) if costs and is_whole else None
        cost = None
        if found:
            cost = (found[0] + sum(map(int.__mul__, cart.quantity, found[1:])) + FINE // 2) // FINE
        rows.append({"node": candidate.code, "verdict": verdict.value, "available": sum(stands), "cost_minor": cost})
    return rows
