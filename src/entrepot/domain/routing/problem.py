"""What is to be routed, as arrays, and the answer. Pure.

A *group* is what may travel together: the lines of one order from one seller. A *need* is a line of it. A *resource*
is what a need takes from a node: units of a SKU, or of a pool of it that an offer has for itself. An *option* is a
service from a node to a place, at a fixed cost a parcel and a variable cost a unit and a kilogram. Of a group, at most
one parcel leaves a node.

Units: minor units of one currency; grams; `due` and `last` are days by one count, whichever.
"""

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from entrepot.kernel.errors import Invalid

Whole = np.ndarray

#: No end to what a node or a service can do, or to the days that a parcel may take.
UNLIMITED = 2**40
GRAMS = 1000
#: Amounts beyond this could overflow sums over a large batch.
COST_MAX = 10**12


class Verdict(StrEnum):
    """What became of a node as a candidate."""

    CHOSEN = "chosen"
    NOT_NEEDED = "not_needed"
    SHORT = "short"
    NOT_THEIR_NODE = "not_their_node"
    NOT_FROM_THERE = "not_from_there"
    EXCLUDED = "excluded"
    NO_SERVICE = "no_service"
    TOO_LATE = "too_late"
    FULL = "full"


#: Verdicts that forbid a node before anything is compared, by their number in `Problem.objection`.
OBJECTIONS = (None, Verdict.NOT_THEIR_NODE, Verdict.NOT_FROM_THERE, Verdict.EXCLUDED)


class BadProblem(Invalid):
    """The arrays do not fit together."""

    code = "routing.bad_problem"
    message = "{name}: {problem}."


@dataclass(frozen=True)
class Options:
    """Services, one element each. `limit` is the place of its limit among `Problem.service_parcels`, or -1."""

    node: Whole
    place: Whole
    fixed_minor: Whole
    unit_minor: Whole
    kilo_minor: Whole
    last: Whole
    limit: Whole
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.node)


@dataclass(frozen=True)
class Problem:
    """Everything a routing is decided on. Shape: G groups, I needs, C components, N nodes, R resources, T tiers.

    `objection[g, n]` is a place in OBJECTIONS. `tiers[t, g, n]` is what one parcel from there adds to a count that is
    to be small before any cost is looked at, the first tier before the second; `premium_minor[g, n]` is a cost that
    only the choice knows. `one_parcel[g]` forbids a split. `node_units[n]` is what the node still can pack.
    """

    nodes: tuple[str, ...]
    place: Whole
    due: Whole
    one_parcel: Whole
    group: Whole
    quantity: Whole
    weight_g: Whole
    start: Whole
    resource: Whole
    per_unit: Whole
    stock: Whole
    objection: Whole
    options: Options
    node_units: Whole
    service_parcels: Whole
    tiers: Whole
    premium_minor: Whole

    def __post_init__(self) -> None:
        groups, needs = len(self.place), len(self.group)
        for name, found, wanted in (
            ("due", self.due.shape, (groups,)),
            ("one_parcel", self.one_parcel.shape, (groups,)),
            ("quantity", self.quantity.shape, (needs,)),
            ("weight_g", self.weight_g.shape, (needs,)),
            ("start", self.start.shape, (needs + 1,)),
            ("per_unit", self.per_unit.shape, self.resource.shape),
            ("objection", self.objection.shape, (groups, len(self.nodes))),
            ("premium_minor", self.premium_minor.shape, (groups, len(self.nodes))),
            ("tiers", self.tiers.shape[1:], (groups, len(self.nodes))),
        ):
            if found != wanted:
                raise BadProblem(field=name, name=name, problem=f"has the shape {found}, not {wanted}")
        if needs and ((np.diff(self.group) < 0).any() or self.group[0] < 0 or self.group[-1] >= groups):
            raise BadProblem(field="group", name="group", problem="needs of one group stand together, groups in order")
        if (self.quantity <= 0).any() or (self.per_unit <= 0).any() or (np.diff(self.start) <= 0).any():
            raise BadProblem(field="quantity", name="quantity", problem="a need asks for one or more of something")
        for name in ("fixed_minor", "unit_minor", "kilo_minor"):
            amounts = getattr(self.options, name)
            if (amounts < 0).any() or (amounts > COST_MAX).any():
                raise BadProblem(field=name, name=name, problem=f"a cost is between 0 and {COST_MAX}")

    @property
    def first(self) -> Whole:
        """Where the needs of each group begin, and the end of the last."""
        return np.searchsorted(self.group, np.arange(len(self.place) + 1))

    def unit_cost(self, need: Whole | int, option: Whole | int) -> Whole:
        """What one unit of a need costs by an option, beside the parcel.

        Rounding: the weight's share once a unit, half to even.
        """
        kilo = self.options.kilo_minor[option] * self.weight_g[need]
        whole, rest = np.divmod(kilo, GRAMS)
        return self.options.unit_minor[option] + whole + ((2 * rest > GRAMS) | ((2 * rest == GRAMS) & (whole % 2 == 1)))

    def open_options(self, group: int) -> Whole:
        """The options by which a group may leave: to its place, in time, from nodes without objection."""
        found = self.options_to(int(self.place[group]))
        node = self.options.node[found]
        return found[(self.objection[group, node] == 0) & (self.options.last[found] <= self.due[group])]

    def options_to(self, place: int) -> Whole:
        """The options that lead to a place, looked up once."""
        known = self._by_place
        if not known:
            for each in np.unique(self.options.place).tolist():
                known[each] = np.flatnonzero(self.options.place == each)
        return known.get(place, _NONE)

    _by_place: dict[int, Whole] = field(default_factory=dict, init=False, repr=False, compare=False)


_NONE = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class Plan:
    """So many units of a need by an option, one element each, ordered by need and option."""

    need: Whole
    option: Whole
    units: Whole

    def __len__(self) -> int:
        return len(self.need)


@dataclass(frozen=True, order=True)
class Score:
    """What a plan is judged by, in this order: units that nobody gets, counts of the tiers, cost with premiums."""

    short: int
    tiers: tuple[int, ...]
    cost_minor: int


@dataclass(frozen=True)
class Assessment:
    """A plan's score, what it really costs, and everything that is wrong with it."""

    score: Score
    cost_minor: int
    parcels: int
    faults: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """A plan with how it was found.

    `method` tells, by group, `free` (nobody stood in another's way), `flow`, `program` or `greedy`; `is_exact`, by
    group, whether nothing better exists. `bound_minor` is a cost with premiums below which no plan can be that serves
    as many units and obeys the tiers as well; None where no such cost is known.
    """

    plan: Plan
    assessment: Assessment
    greedy: Assessment
    method: tuple[str, ...]
    is_exact: Whole
    bound_minor: int | None


def plan_of(rows: list[tuple[int, int, int]]) -> Plan:
    """A plan of (need, option, units), in order."""
    table = np.array(sorted(rows), dtype=np.int64).reshape(-1, 3)
    return Plan(table[:, 0], table[:, 1], table[:, 2])
