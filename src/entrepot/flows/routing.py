"""From where each line of an order leaves. Pure: it decides on what is free while the rows are locked elsewhere.

One node for the whole line; nodes in the shopper's market before others; few suborders; then the node with the most
units; then by code. Only a line that fits nowhere whole is split. The same input gives the same answer, with a verdict
on every node that was looked at.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

#: Free units by (node, SKU, pool); the pool is an offer with stock of its own, or None for the shared stock.
Free = Mapping[tuple[UUID, UUID, UUID | None], int]


class Verdict(StrEnum):
    """What became of a node as a candidate."""

    CHOSEN = "chosen"
    NOT_NEEDED = "not_needed"
    SHORT = "short"
    NOT_THEIR_NODE = "not_their_node"
    NOT_FROM_THERE = "not_from_there"


@dataclass(frozen=True, slots=True)
class Need:
    """So many units of something that consists of `components` (SKU, units in one)."""

    components: tuple[tuple[UUID, int], ...]
    quantity: int
    pool: UUID | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A node that the terms let the goods leave from, or the verdict why not."""

    node_id: UUID
    code: str
    is_local: bool
    objection: Verdict | None = None


@dataclass(frozen=True, slots=True)
class Allocation:
    """So many units of a need (by its place among the needs) from a node."""

    need: int
    node_id: UUID
    units: int


@dataclass(frozen=True, slots=True)
class Route:
    """Where everything leaves from, and the verdict on each candidate by the code of its node."""

    allocations: tuple[Allocation, ...]
    verdicts: Mapping[str, Verdict]


@dataclass(frozen=True, slots=True)
class Shortage:
    """The first need that cannot be met, and how many units of it could be."""

    need: int
    available: int
    verdicts: Mapping[str, Verdict]


def route(needs: Sequence[Need], candidates: Sequence[Candidate], free: Free) -> Route | Shortage:
    """Find the node or nodes of each need; what one need takes, the next does not find. Takes nothing itself."""
    permitted = [each for each in candidates if each.objection is None]
    left = dict(free)
    chosen: set[UUID] = set()
    found, open_needs = _whole(needs, permitted, left, chosen)
    for index in open_needs:
        split = _split(index, needs[index], permitted, left, chosen)
        units = sum(part.units for part in split)
        if units < needs[index].quantity:
            return Shortage(index, units, _verdicts(candidates, set(), needs, free))
        found += split
    order = sorted(found, key=lambda each: (each.need, each.node_id))
    return Route(tuple(order), _verdicts(candidates, chosen, needs, free))


def _whole(
    needs: Sequence[Need], permitted: Sequence[Candidate], left: dict, chosen: set[UUID]
) -> tuple[list[Allocation], list[int]]:
    """Nodes that can serve needs whole, the best one first, until none can serve another one."""
    found: list[Allocation] = []
    waiting = list(range(len(needs)))
    while waiting:
        offers = [(_served(needs, waiting, each, left), each) for each in permitted]
        offers = [(served, each) for served, each in offers if served]
        if not offers:
            break
        served, best = min(
            offers,
            key=lambda offer: (
                not offer[1].is_local,
                -len(offer[0]),
                -sum(_units(needs[index], offer[1], left) for index in offer[0]),
                offer[1].code,
            ),
        )
        chosen.add(best.node_id)
        for index in served:
            _take(needs[index], best, needs[index].quantity, left)
            found.append(Allocation(index, best.node_id, needs[index].quantity))
            waiting.remove(index)
    return found, waiting


def _served(needs: Sequence[Need], waiting: Sequence[int], candidate: Candidate, left: Free) -> list[int]:
    """Which of the waiting needs the node serves whole, together."""
    trial = dict(left)
    served = []
    for index in waiting:
        if _units(needs[index], candidate, trial) >= needs[index].quantity:
            _take(needs[index], candidate, needs[index].quantity, trial)
            served.append(index)
    return served


def _split(index: int, need: Need, permitted: Sequence[Candidate], left: dict, chosen: set[UUID]) -> list[Allocation]:
    """One need from several nodes: local ones first, then those that the order leaves from anyhow, then the fullest."""
    parts: list[Allocation] = []
    wanted = need.quantity
    for candidate in sorted(
        permitted,
        key=lambda each: (not each.is_local, each.node_id not in chosen, -_units(need, each, left), each.code),
    ):
        units = min(wanted, _units(need, candidate, left))
        if units:
            _take(need, candidate, units, left)
            parts.append(Allocation(index, candidate.node_id, units))
            wanted -= units
    chosen.update(part.node_id for part in parts)
    return parts


def _units(need: Need, candidate: Candidate, left: Free) -> int:
    """How many units of the need are whole at the node."""
    return min(
        (left.get((candidate.node_id, sku_id, need.pool), 0) // per_unit for sku_id, per_unit in need.components),
        default=0,
    )


def _take(need: Need, candidate: Candidate, units: int, left: dict) -> None:
    for sku_id, per_unit in need.components:
        left[candidate.node_id, sku_id, need.pool] -= units * per_unit


def _verdicts(
    candidates: Sequence[Candidate], chosen: set[UUID], needs: Sequence[Need], free: Free
) -> dict[str, Verdict]:
    verdicts = {}
    for each in sorted(candidates, key=lambda candidate: candidate.code):
        verdict = each.objection
        if verdict is None and each.node_id in chosen:
            verdict = Verdict.CHOSEN
        elif verdict is None:
            fits = any(_units(need, each, free) >= need.quantity for need in needs)
            verdict = Verdict.NOT_NEEDED if fits else Verdict.SHORT
        verdicts[each.code] = verdict
    return verdicts
