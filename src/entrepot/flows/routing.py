"""From where each line of a cart leaves: the engine of `domain.routing`, given free stock, costs of parcels, and rules.

The same cart on the same stock has the same answer. What a parcel would cost is asked once for a batch, and only where
the choice could depend on it; a line is drawn through what the whole and its parts cost.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from entrepot.domain.markets.models import Market
from entrepot.domain.routing.carts import Cart, Choice, Source, choose
from entrepot.domain.routing.problem import UNLIMITED, Verdict
from entrepot.domain.routing.rules import DEFAULT, Policy, Rule, RuleKind, apply

__all__ = ["Candidate", "Group", "Need", "Route", "Router", "Shortage", "Verdict"]

#: Free units by node, of a (SKU, pool); the pool is an offer with stock of its own, or None for the shared stock.
Free = Mapping[tuple[UUID, UUID | None], Mapping[UUID, int]]
#: Costs of a choice are reckoned in thousandths, so that a share of a parcel a unit loses nothing that matters.
FINE = 1000
CHOSEN, NOT_NEEDED, SHORT = Verdict.CHOSEN.value, Verdict.NOT_NEEDED.value, Verdict.SHORT.value


#: What tells goods that are for sale from others: the offer, and what one costs.
GoodsKey = tuple[UUID, int]


class Need(NamedTuple):
    """So many units of something that consists of `components` (SKU, units in one) and weighs so much.

    `goods` says what it is, for those who carry it and for the border.
    """

    components: tuple[tuple[UUID, int], ...]
    quantity: int
    pool: UUID | None = None
    weight_g: int = 0
    goods: GoodsKey | None = None


#: The country of a node, and whether what leaves it passes customs.
Way = tuple[str, bool]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A node that the terms let goods leave from, or a shipment `coming` there, ready in so many days; or why not."""

    node_id: UUID
    code: str
    country: str
    is_local: bool
    objection: Verdict | None = None
    crosses: bool = False
    coming: str = ""
    ready_in: int = 0

    @property
    def way(self) -> Way:
        """What its fares depend on."""
        return self.country, self.crosses


class Group(NamedTuple):
    """The lines of a cart that may travel together. Units: minor of the market's currency, as displayed."""

    market: Market
    needs: tuple[Need, ...]
    candidates: tuple[Candidate, ...]
    value_minor: int


class Allocation(NamedTuple):
    """So many units of a need (by its place among the needs) from a node."""

    need: int
    node_id: UUID
    units: int


class Route(NamedTuple):
    """Where everything leaves from, and why."""

    allocations: tuple[Allocation, ...]
    why: Mapping[str, Any]
    one_parcel: bool = False

    @property
    def verdicts(self) -> dict[str, Verdict]:
        """What became of each candidate, by the code of its node."""
        return verdicts_of(self.why)


@dataclass(frozen=True, slots=True)
class Shortage:
    """The first need that cannot be met, and how many units of it could be."""

    need: int
    available: int
    verdicts: Mapping[str, Verdict]


class Weighed(NamedTuple):
    """A parcel whose cost matters to a choice: with so many units of each goods, as far as these are named."""

    market: str
    origin: str
    weight_g: int
    crosses: bool = False
    goods: tuple[tuple[GoodsKey, int], ...] = ()
    one_parcel: bool = False


class Fare(NamedTuple):
    """What a parcel costs; with a `refusal` it does not go. Units: minor of the market's currency.

    `duty_minor` is what the border takes of it, `import_minor` the duty at which its goods were brought to the node.
    """

    carriage_minor: int = 0
    duty_minor: int = 0
    import_minor: int = 0
    lane: str = ""
    refusal: str = ""

    @property
    def cost_minor(self) -> int:
        """All of it."""
        return self.carriage_minor + self.duty_minor + self.import_minor


def verdicts_of(why: Mapping[str, Any]) -> dict[str, Verdict]:
    """The verdict on each node of which it is kept why."""
    return {name_of(row): Verdict(row["verdict"]) for row in why.get("nodes", ())}


def name_of(row: Mapping[str, Any]) -> str:
    """What a row of the reasons is about: a node, or a shipment on its way to it."""
    return f"{row['node']}+{row['coming']}" if row.get("coming") else str(row["node"])


@dataclass(frozen=True, slots=True)
class Ground:
    """What groups with the same candidates have in common, whatever is free. Candidates are sorted by code."""

    given: tuple[Candidate, ...]
    candidates: Sequence[Candidate]
    policy: Policy
    objections: Sequence[Verdict | None]
    is_choice: bool
    rules: Sequence[Mapping[str, str | int]]
    sources: dict[int, tuple[Source, ...]] = field(default_factory=dict)


#: What such parcels cost, or why they do not go.
Pricing = Callable[[Sequence[Weighed]], Sequence[Fare]]


class Priced(NamedTuple):
    """What a group costs by a way, in fine units: a parcel, and a unit of each need; None for those that do not go.

    `whole` is the fare of all of it in one parcel.
    """

    fixed: int
    units: tuple[int | None, ...]
    whole: Fare


class Router:
    """Routes the groups of a batch in turn. `rules` are those in force, by market; none at all is `DEFAULT`."""

    def __init__(self, rules: Mapping[UUID, Sequence[Rule]], pricing: Pricing) -> None:
        self.rules, self.pricing = rules, pricing
        self.costs: dict[Weighed, Fare] = {}
        self.grounds: dict[tuple[Any, ...], Ground] = {}

    def prepare(self, groups: Iterable[Group]) -> None:
        """Ask at once what all parcels would cost on which a choice could depend."""
        wanted: dict[Weighed, None] = {}
        for group in (_merged(each)[0] for each in groups):
            if self._is_choice(group):
                for way in dict.fromkeys(each.way for each in group.candidates if each.objection is None):
                    wanted |= dict.fromkeys(_parcels(group, way, self._ground(group).policy.one_parcel))
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
        return found._replace(allocations=_divided(group, owners, found.allocations))

    def _decide(self, group: Group, free: Free) -> Route | Shortage:
        ground = self._ground(group)
        candidates, objections, costs = ground.candidates, ground.objections, None
        if ground.is_choice:
            costs, objections = self._served(group, ground)
        resources = _resources(group.needs)
        stands = [free[key] for key in resources]
        stock = [[at.get(each.node_id, 0) for at in stands] for each in candidates]
        if costs is not None:
            _leave_out(stock, group.needs, resources, candidates, costs)
        cart = Cart(
            tuple([need.quantity for need in group.needs]),
            tuple([
                tuple([(resources[sku, need.pool], per) for sku, per in need.components]) for need in group.needs
            ]),
            self._sources(group, ground, objections, costs), ground.policy.one_parcel, len(ground.policy.tiers),
        )  # fmt: skip
        choice = choose(cart, stock, [UNLIMITED] * len(candidates), ())
        reasons = _reasons(cart, choice, stock, candidates, objections, costs)
        served = [0] * len(group.needs)
        for part in choice.parts:
            served[part.need] += part.units
        for place, need in enumerate(group.needs):
            if served[place] < need.quantity:
                verdicts = verdicts_of({"nodes": reasons})
                short = {code: Verdict.SHORT if each is Verdict.CHOSEN else each for code, each in verdicts.items()}
                return Shortage(place, served[place], short)
        parts = [
            Allocation(each.need, candidates[cart.sources[each.source].node].node_id, each.units)
            for each in choice.parts
        ]
        why = {
            "currency": group.market.currency,
            "nodes": reasons,
            "rules": ground.rules,
            "exact": choice.is_exact,
        }
        return Route(_sorted(parts), why, ground.policy.one_parcel)

    def _rules(self, group: Group) -> Sequence[Rule]:
        return self.rules.get(group.market.id, ()) if self.rules else DEFAULT

    def _ground(self, group: Group) -> Ground:
        """What is the same for all groups of these very candidates; a value matters only where a rule asks for it."""
        key = (id(group.candidates), group.market.code)
        found = self.grounds.get(key)
        if found is None or found.given is not group.candidates:
            rules = self._rules(group)
            if any(rule.kind is RuleKind.NO_SPLIT_BELOW for rule in rules):
                return self._make_ground(group, rules)
            found = self.grounds[key] = self._make_ground(group, rules)
        return found

    def _make_ground(self, group: Group, rules: Sequence[Rule]) -> Ground:
        candidates = sorted(group.candidates, key=lambda each: (each.code, each.ready_in, each.coming))
        codes, local = [each.code for each in candidates], [each.is_local for each in candidates]
        policy = apply(rules, codes, local, group.value_minor, [each.ready_in for each in candidates])
        objections = [
            each.objection or (Verdict.EXCLUDED if out else None)
            for each, out in zip(candidates, policy.excluded, strict=True)
        ]
        rows = [rule.as_row() for rule in rules]
        return Ground(group.candidates, candidates, policy, objections, self._is_choice(group), rows)

    def _served(self, group: Group, ground: Ground) -> tuple[dict[Way, Priced] | None, Sequence[Verdict | None]]:
        """The costs by way, and what speaks against each candidate once that is known."""
        costs = self._costs(group, ground)
        unserved = [each.way not in costs or not _goes(costs[each.way]) for each in ground.candidates]
        if all(none or objection for objection, none in zip(ground.objections, unserved, strict=True)):
            return None, ground.objections  # nobody carries it from anywhere: whoever quotes it says so
        return costs, [
            each or (Verdict.NO_SERVICE if none else None)
            for each, none in zip(ground.objections, unserved, strict=True)
        ]

    def _sources(
        self,
        group: Group,
        ground: Ground,
        objections: Sequence[Verdict | None],
        costs: Mapping[Way, Priced] | None,
    ) -> tuple[Source, ...]:
        """The nodes that goods may leave from; the same for all groups of so many needs where costs do not matter."""
        found = None if costs else ground.sources.get(len(group.needs))
        if found is None:
            found = tuple(
                _source(node, group, ground.candidates[node], ground.policy, costs)
                for node, objection in enumerate(objections)
                if objection is None
            )
            if not costs:
                ground.sources[len(group.needs)] = found
        return found

    def _is_choice(self, group: Group) -> bool:
        """Whether costs could decide: between ways, or against what a preference is worth."""
        ways = [each.way for each in group.candidates if each.objection is None]
        if len(ways) < 2:
            return False
        return len(set(ways)) > 1 or any(rule.amount_minor for rule in self._rules(group))

    def _costs(self, group: Group, ground: Ground) -> dict[Way, Priced]:
        """What the group costs by each way that a candidate has."""
        found: dict[Way, Priced] = {}
        for each in ground.candidates:
            if each.objection is None and each.way not in found:
                asked = _parcels(group, each.way, ground.policy.one_parcel)
                fares = [self.costs.get(parcel, _UNKNOWN) for parcel in asked]
                found[each.way] = _line_through(group.needs, fares)
        return found


def _merged(group: Group) -> tuple[Group, list[list[int]]]:
    """The group with needs of the same goods made one, and which needs each of them was."""
    if len(group.needs) == 1:
        return group, []
    owners: dict[tuple[Any, ...], list[int]] = {}
    for place, need in enumerate(group.needs):
        owners.setdefault((need.components, need.pool, need.weight_g, need.goods), []).append(place)
    if len(owners) == len(group.needs):
        return group, []
    needs = tuple(
        group.needs[places[0]]._replace(quantity=sum(group.needs[place].quantity for place in places))
        for places in owners.values()
    )
    return group._replace(needs=needs), list(owners.values())


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
    return _sorted(found)


def _sorted(found: Sequence[Allocation]) -> tuple[Allocation, ...]:
    return tuple(found) if len(found) == 1 else tuple(sorted(found, key=lambda each: (each.need, each.node_id)))


def _parcels(group: Group, way: Way, one_parcel: bool) -> list[Weighed]:
    """The whole by a way, and its parts: each line, or one unit of the only line."""
    whole = [(need, need.quantity) for need in group.needs]
    if len(whole) > 1:
        contents = [whole, *([each] for each in whole)]
    elif group.needs[0].quantity > 1:
        contents = [whole, [(group.needs[0], 1)]]
    else:
        contents = [whole]
    country, crosses = way
    return [
        Weighed(
            group.market.code, country, sum(need.weight_g * units for need, units in each), crosses,
            tuple((need.goods, units) for need, units in each if need.goods is not None),
            one_parcel,
        )
        for each in contents
    ]  # fmt: skip


_UNKNOWN = Fare(refusal="no lane goes there")


def _line_through(needs: Sequence[Need], fares: Sequence[Fare]) -> Priced:
    """Costs of a parcel and of a unit of each need, that give the whole and come near to its parts.

    Where the whole does not go but some of its lines do, these cost what they cost alone.
    Rounding: down to a thousandth of a minor unit, for the choice only; what is charged is quoted for real parcels.
    """
    whole, *parts = fares
    if whole.refusal:
        if len(needs) == 1:
            return Priced(0, (None,), whole)
        alone = (
            None if fare.refusal else fare.cost_minor * FINE // need.quantity
            for fare, need in zip(parts, needs, strict=True)
        )
        return Priced(0, tuple(alone), whole)
    total = whole.cost_minor * FINE
    if not parts:
        return Priced(0, (total,), whole)
    known = [(whole if fare.refusal else fare).cost_minor * FINE for fare in parts]
    if len(needs) == 1:
        quantity = needs[0].quantity
        fixed = min(max(0, (quantity * known[0] - total) // (quantity - 1)), total)
        units: tuple[int, ...] = ((total - fixed) // quantity,)
    else:
        fixed = min(max(0, (sum(known) - total) // (len(known) - 1)), min(known))
        units = tuple(max(0, cost - fixed) // need.quantity for cost, need in zip(known, needs, strict=True))
    rest = total - fixed - sum(unit * need.quantity for unit, need in zip(units, needs, strict=True))
    return Priced(fixed + max(0, rest), units, whole)


def _goes(priced: Priced) -> bool:
    """Whether anything goes by a way."""
    return any(each is not None for each in priced.units)


def _leave_out(
    stock: Sequence[list[int]],
    needs: Sequence[Need],
    resources: Mapping[tuple[UUID, UUID | None], int],
    candidates: Sequence[Candidate],
    costs: Mapping[Way, Priced],
) -> None:
    """Reckon as if goods that do not go by a node's way did not stand there."""
    for node, candidate in enumerate(candidates):
        priced = costs.get(candidate.way)
        if priced is None or None not in priced.units:
            continue
        for need, unit in zip(needs, priced.units, strict=True):
            for sku_id, _ in need.components if unit is None else ():
                stock[node][resources[sku_id, need.pool]] = 0


def _resources(needs: Iterable[Need]) -> dict[tuple[UUID, UUID | None], int]:
    """The places of what the needs want, by (SKU, pool)."""
    found: dict[tuple[UUID, UUID | None], int] = {}
    for need in needs:
        for sku_id, _ in need.components:
            found.setdefault((sku_id, need.pool), len(found))
    return found


def _source(
    node: int, group: Group, candidate: Candidate, policy: Policy, costs: Mapping[Way, Priced] | None
) -> Source:
    """A node as the cart sees it; where nothing is known of costs, a parcel costs something and a unit nothing."""
    fixed, units = FINE, tuple(0 for _ in group.needs)
    if costs:
        priced = costs[candidate.way]
        fixed, units = priced.fixed, tuple(unit or 0 for unit in priced.units)
    tiers = tuple(tier[node] for tier in policy.tiers)
    return Source(node, node, -1, fixed + policy.premium_minor[node] * FINE, units, tiers)


def _reasons(
    cart: Cart,
    choice: Choice,
    stock: Sequence[Sequence[int]],
    candidates: Sequence[Candidate],
    objections: Sequence[Verdict | None],
    costs: Mapping[Way, Priced] | None,
) -> list[dict[str, Any]]:
    """Every node with its verdict, the units that stand there, and what all of it would cost from there, or why not."""
    chosen = {cart.sources[part.source].node for part in choice.parts}
    rows = []
    for node, candidate in enumerate(candidates):
        available, is_whole = _standing(cart, stock[node])
        objection = objections[node]
        if objection is not None:
            verdict = objection.value
        else:
            verdict = CHOSEN if node in chosen else NOT_NEEDED if is_whole else SHORT
        row: dict[str, Any] = {"node": candidate.code, "verdict": verdict, "available": available, "cost_minor": None}
        if candidate.coming:
            row |= {"coming": candidate.coming, "ready_in": candidate.ready_in}
        priced = costs.get(candidate.way) if costs else None
        if priced is not None and priced.whole.refusal:
            row["refusal"] = priced.whole.refusal
        elif priced is not None and is_whole:
            fare = priced.whole
            row |= {"cost_minor": fare.cost_minor, "lane": fare.lane}
            row |= {name: amount for name, amount in _duties(fare) if amount}
        rows.append(row)
    return rows


def _duties(fare: Fare) -> tuple[tuple[str, int], ...]:
    return ("duty_minor", fare.duty_minor), ("import_minor", fare.import_minor)


def _standing(cart: Cart, stock: Sequence[int]) -> tuple[int, bool]:
    """How many of the units that are asked for stand at a node, and whether all of them do."""
    available, is_whole = 0, True
    for quantity, components in zip(cart.quantity, cart.components, strict=True):
        stands = quantity
        for resource, per in components:
            stands = min(stands, max(0, stock[resource]) // per)
        available += stands
        is_whole = is_whole and stands == quantity
    return available, is_whole
