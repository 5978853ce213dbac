"""Goods that whoever packs does not find: the stock is put right, and the order is served otherwise or told.

From what else stands free at the node, else from another node (`flows/elsewhere`), else the units are cancelled. One
transaction: lines by id, then stock by id, then holds, as everywhere.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from entrepot.domain.inventory import losing, rules
from entrepot.domain.inventory import services as inventory
from entrepot.domain.orders import progress
from entrepot.domain.orders.progress import LockedLine, NewEvent
from entrepot.domain.orders.rules import BeyondQuantity, EventKind, ForbiddenTransition
from entrepot.domain.orders.work import Work
from entrepot.flows import ahead, elsewhere, fulfilment, inbound
from entrepot.kernel import audit
from entrepot.kernel.actors import Actor
from entrepot.kernel.db import atomic, retried
from entrepot.kernel.errors import Denied, Invalid, NotFound, Refused

#: Why an order is cancelled whose goods were not found, as its event says.
NOT_FOUND = "not found where they should stand"


@dataclass(frozen=True, slots=True)
class Served:
    """What became of units that were not found: served at the node, sent from another, or cancelled."""

    here: int
    elsewhere: int
    cancelled: int


def say_missing(*, work_item_id: UUID, units: Mapping[UUID, int], actor: Actor, reason: str, now: datetime) -> Served:
    """Say that units of lines were not found where they should stand, and serve their order otherwise.

    For whoever performs the work and may correct the stock there. Raises: NotFound, Denied, Invalid, BeyondQuantity for
    units that stand packed, Refused while units of these lines are still on their way to the node.
    """
    why = audit.require_reason(reason)
    if not units or any(count <= 0 for count in units.values()):
        raise Invalid("fulfilment.nothing_missing", "Say which units are missing.", field="units")
    served, calls = retried(lambda: _say(work_item_id, units, actor, why, now))
    ahead.carry_out(calls, now)
    return served


@atomic
def _say(
    work_item_id: UUID, units: Mapping[UUID, int], actor: Actor, reason: str, now: datetime
) -> tuple[Served, ahead.Calls]:
    item = fulfilment.reachable(ids=[work_item_id], actor=actor)[work_item_id]
    if not actor.reaches("stock.adjust", item.organisation_id):
        raise Denied("accounts.verb_missing", "Your role does not include “{verb}”.", verb="stock.adjust")
    lines = progress.lock_lines(line_ids=units)
    _refuse_others(item, lines, units)
    held = losing.list_held(owner_ids=units)
    skus = {(each.seller_id, each.sku_id) for each in held}
    rows = inventory.lock_stock(seller_skus=skus, conditions=rules.SELLABLE, is_spent_too=True)
    inventory.lock_holds(owner_ids=units)
    held = losing.list_held(owner_ids=units)
    if any(each.is_coming for each in held):
        raise Refused("fulfilment.still_coming", "Units of this order are still on their way here: count them first.")
    gone = losing.find_gone(held, units)
    standing = [row for row in rows if row.node_id == item.node_id and row.comes_with is None]
    here, holds = losing.replace_here(held, units, standing)
    if here:
        inventory.release_quantities(rows=list(here.items()), now=now)
        inventory.open_holds(holds=holds, expires_at=None, now=now)
    short = {key: left for key, count in units.items() if (left := count - here.get(key, 0))}
    never = elsewhere.send_elsewhere(units=short, node_id=item.node_id, actor=actor, now=now) if short else {}
    calls = ahead.give_up(never, now, reason=NOT_FOUND)
    losing.leave_allotments(gone)
    fewer: dict[UUID, int] = defaultdict(int)
    for each in gone:
        fewer[each.stock_id] -= each.quantity
    inbound.adjust_stock(actor=actor, changes=sorted(fewer.items()), reason=reason, now=now)
    said = {"here": here, "cancelled": never}
    progress.append_events(
        events=[
            NewEvent(item.order_id, EventKind.MISSING, item.suborder_id, key, count,
                     {name: found[key] for name, found in said.items() if key in found} | {"reason": reason[:200]})
            for key, count in units.items()
        ],
        actor=actor,
        now=now,
    )  # fmt: skip
    cancelled = sum(never.values())
    return Served(sum(here.values()), sum(short.values()) - cancelled, cancelled), calls


def _refuse_others(item: Work, lines: Mapping[UUID, LockedLine], units: Mapping[UUID, int]) -> None:
    """Only units of this work that stand in no parcel can be missing. Raises: NotFound, BeyondQuantity."""
    packed = ahead.unpackable([item], list(units))
    for key, line in lines.items():
        if line.suborder_id != item.suborder_id:
            raise NotFound(kind="order line", id=str(key))
        if line.order_state != "placed":
            raise ForbiddenTransition(state=line.order_state, next="missing")
        left = line.units.to_ship - packed.get(key, 0)
        if units[key] > left:
            raise BeyondQuantity(line=str(key), kind="missing", left=left, asked=units[key])
