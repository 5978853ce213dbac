"""How holds end, and how many units of a kit the stock makes. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from entrepot.domain.terms.rules import Conditions, NodeOperator, ShipFrom

#: The sign that a movement of a kind has; an adjustment has either.
SIGN: Mapping[str, int] = {
    "opening": 1,
    "received": 1,
    "returned": 1,
    "title_in": 1,
    "shipped": -1,
    "discarded": -1,
    "sent_back": -1,
    "title_out": -1,
    "adjusted": 0,
    "expected": 0,
}

#: What may be promised to shoppers: what stands ready, and what is on its way and may be sold ahead.
SELLABLE = ("new", "coming")

#: No single movement or hold is larger.
QUANTITY_MAX = 1_000_000_000


@dataclass(frozen=True, slots=True)
class HeldUnits:
    """An active hold: so many units of a SKU for an owner, `per_unit` of them in one unit of what the owner bought."""

    hold_id: UUID
    owner_id: UUID
    sku_id: UUID
    quantity: int
    per_unit: int


@dataclass(frozen=True, slots=True)
class Drawn:
    """So many units taken out of a hold."""

    hold_id: UUID
    quantity: int


@dataclass(frozen=True, slots=True)
class Shortage:
    """An owner whose holds do not cover what is to be drawn."""

    owner_id: UUID
    wanted: int
    held: int


def draw(holds: Iterable[HeldUnits], units: Mapping[UUID, int | None]) -> tuple[list[Drawn], list[Shortage]]:
    """Take so many units of what each owner bought out of its holds, in their order; None takes all.

    A kit's components are drawn in step, `per_unit` of each for one unit.
    """
    by_component: dict[UUID, dict[UUID, list[HeldUnits]]] = defaultdict(lambda: defaultdict(list))
    for hold in holds:
        by_component[hold.owner_id][hold.sku_id].append(hold)
    drawn: list[Drawn] = []
    short: list[Shortage] = []
    for owner, wanted in units.items():
        components = by_component.get(owner)
        if components is None:
            if wanted is not None:
                short.append(Shortage(owner, wanted, 0))
            continue
        covered = min(sum(hold.quantity for hold in of) // of[0].per_unit for of in components.values())
        if wanted is not None and wanted > covered:
            short.append(Shortage(owner, wanted, covered))
            continue
        for of in components.values():
            drawn += _take(of, None if wanted is None else wanted * of[0].per_unit)
    return drawn, short


def _take(holds: Sequence[HeldUnits], quantity: int | None) -> Iterable[Drawn]:
    left = sum(hold.quantity for hold in holds) if quantity is None else quantity
    for hold in holds:
        taken = min(left, hold.quantity)
        if taken:
            yield Drawn(hold.hold_id, taken)
        left -= taken


def hand_on(holds: Iterable[tuple[UUID, UUID, int]], came: Mapping[UUID, int]) -> dict[UUID, int]:
    """How many units of each hold (id, SKU, units) the units that came (by SKU) serve, the first hold first."""
    left, served = dict(came), {}
    for hold_id, sku_id, quantity in holds:
        if taken := min(quantity, left.get(sku_id, 0)):
            served[hold_id] = taken
            left[sku_id] -= taken
    return served


def kits(components: Mapping[UUID, int], free: Mapping[UUID, int]) -> int:
    """How many units of a SKU of these components the free units of each component make."""
    return min((max(0, free.get(component, 0)) // quantity for component, quantity in components.items()), default=0)


#: Whose node it is, by the kind of organisation that runs it.
NODE_OF: Mapping[str, NodeOperator] = {
    "operator": NodeOperator.PLATFORM_NODE,
    "seller": NodeOperator.SELLER_NODE,
    "third_party": NodeOperator.PARTNER_NODE,
}


def is_theirs(conditions: Conditions, *, operator_kind: str, is_anothers: bool) -> bool:
    """Whether a node is of those whom the terms name, and no other seller's."""
    whose = NODE_OF[operator_kind]
    return whose in conditions.nodes and not (whose is NodeOperator.SELLER_NODE and is_anothers)


def ships_from(conditions: Conditions, *, is_local: bool) -> bool:
    """Whether the terms let goods leave from within the market, or from abroad."""
    return conditions.fulfilment.ship_from in (ShipFrom.ANY, ShipFrom.MARKET if is_local else ShipFrom.ABROAD)


def may_leave(conditions: Conditions, *, operator_kind: str, is_anothers: bool, is_local: bool) -> bool:
    """Whether the terms let goods leave for the shopper from a node."""
    return is_theirs(conditions, operator_kind=operator_kind, is_anothers=is_anothers) and ships_from(
        conditions, is_local=is_local
    )
