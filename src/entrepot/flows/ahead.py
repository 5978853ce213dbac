"""Goods that were sold on their way: they come and orders get them, or they do not, and nobody is left without a word.

Holds go over to real stock with the put-away itself (`inbound.receive_goods`). What follows from it for orders is here:
work may begin, what never came leaves from elsewhere or is cancelled, and who waits longer is told.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from entrepot.domain.inbound import ahead
from entrepot.domain.inbound.models import Shipment
from entrepot.domain.inventory import coming, losing, rules
from entrepot.domain.inventory import services as inventory
from entrepot.domain.inventory.services import StockRow
from entrepot.domain.logistics import parcels
from entrepot.domain.logistics import queries as logistics
from entrepot.domain.logistics.queries import NodeView
from entrepot.domain.logistics.rules import start_of_day
from entrepot.domain.orders import awaiting, progress
from entrepot.domain.orders.awaiting import Awaiting
from entrepot.domain.orders.work import Work
from entrepot.domain.payments.providers import Act
from entrepot.domain.terms import queries as terms
from entrepot.domain.terms.rules import Cause, Task, Terms
from entrepot.flows import amending, elsewhere, keeping, paying
from entrepot.kernel import outbox
from entrepot.kernel.actors import SYSTEM
from entrepot.kernel.db import atomic
from entrepot.kernel.outbox import Event

#: Why an order is cancelled whose goods did not come, as its event says.
NEVER_CAME = "fewer units came than were on their way"

#: Whoever was told that goods come later is told again where it is so much later.
LEAP = timedelta(days=3)

#: Calls to payment providers that are to be carried out once all is written.
Calls = Mapping[Act, Sequence[UUID]]


def lock(shipment: Shipment) -> list[StockRow]:
    """Lock what the arrival of a shipment will touch, in the order of all acts: lines of orders, then stock by id.

    Stock also where nobody waits yet: whoever orders meanwhile locks the units on their way and those that stand here.
    """
    promised = coming.list_ahead(shipment_ids=[shipment.id])[shipment.id]
    if not promised:
        return []
    if waiting := coming.list_waiting(shipment_ids=[shipment.id]):
        progress.lock_lines(line_ids={each.owner_id for each in waiting})
    skus = {(shipment.seller_id, each.sku_id) for each in promised}
    skus |= {(each.seller_id, each.sku_id) for each in losing.list_held(owner_ids={each.owner_id for each in waiting})}
    return inventory.lock_stock(seller_skus=skus, conditions=rules.SELLABLE, is_spent_too=True)


def follow(shipment: Shipment, now: datetime) -> None:
    """Orders that have all of their goods may be packed, and what of the shipment may be promised is reckoned anew."""
    ahead.reckon(shipment_ids=[shipment.id], now=now)
    _begin([shipment.id], now)


def end(shipment: Shipment, now: datetime) -> Calls:
    """Nothing more comes: what orders still wait for is taken from what else stands there, or elsewhere, or given up.

    The oldest orders first. Payments that are let go of or given back are the caller's to carry out after its commit.
    """
    waiting = coming.list_waiting(shipment_ids=[shipment.id])
    calls: Calls = {}
    if waiting:
        _take_elsewhere(shipment, {each.sku_id for each in waiting}, now)
        waiting = coming.list_waiting(shipment_ids=[shipment.id])
        # Of an order whose payment is still out nothing is promised: whoever pays after all is asked anew for goods.
        # Under lock: a payment that comes just now waits for it before it keeps the goods and places its order.
        owners = {each.owner_id for each in waiting}
        inventory.lock_holds(owner_ids=owners)
        lines = progress.read_lines(line_ids=owners)
        placed = {key for key, line in lines.items() if line.order_state == "placed"}
        inventory.release_holds(owner_ids=lines.keys() - placed, now=now, state="expired")
        calls = _serve_otherwise(shipment, [each for each in waiting if each.owner_id in placed], now)
    follow(shipment, now)
    return calls


def carry_out(calls: Calls, now: datetime) -> None:
    """Ask the providers, outside any transaction."""
    for act, call_ids in calls.items():
        paying.carry_out(act=act, call_ids=call_ids, now=now)


def unpackable(works: Collection[Work], line_ids: Collection[UUID]) -> dict[UUID, int]:
    """Units of lines that cannot be packed: they stand in a parcel already, or are still on their way here."""
    packed = dict(parcels.packed_units(line_ids=line_ids))
    if any(each.awaited_on for each in works):
        for key, units in coming.list_awaited(owner_ids=line_ids).items():
            packed[key] = packed.get(key, 0) + units
    return packed


def watch(*, now: datetime) -> int:
    """Reckon anew what is on its way, and tell those whose goods come later than they were promised; how many."""
    ahead.reckon(now=now)
    _begin(awaiting.list_shipments(), now)
    return _tell_later(now)


@atomic
def _begin(shipment_ids: Collection[UUID], now: datetime) -> None:
    """Orders that are placed and of which nothing is on its way any more may be worked on."""
    expected = awaiting.list_awaiting(shipment_ids=shipment_ids)
    if not expected:
        return
    far = {each.owner_id for each in coming.list_waiting(shipment_ids=shipment_ids)}
    here = [each for each in expected if each.is_placed and far.isdisjoint(each.line_ids)]
    nodes, agreed = _known(here)
    awaiting.say_come(rows=[(each, _due_at(each, now, nodes, agreed)) for each in here], now=now)
    keeping.judge_promises(suborder_ids=[each.id for each in here], now=now)


@atomic
def _tell_later(now: datetime) -> int:
    """Suborders follow the day on which their goods are expected; who has to wait longer than promised is told once."""
    moved = awaiting.list_moved()
    if not moved:
        return 0
    waiting = {each.id: each for each in awaiting.list_awaiting(shipment_ids={row.shipment_id for row in moved})}
    moves = [(waiting[row.suborder_id], row.ready_on) for row in moved if row.suborder_id in waiting]
    nodes, agreed = _known([each for each, _ in moves])
    rows = []
    for each, day in moves:
        start = max(now, start_of_day(day, ZoneInfo(nodes[each.node_id].time_zone)))
        rows.append((each.id, day, _due_at(each, start, nodes, agreed)))
    awaiting.expect_on(rows=rows)
    keeping.judge_promises(suborder_ids=[each.id for each, _ in moves], now=now)
    later = [(each, day) for each, day in moves if _is_news(each, day)]
    outbox.append([_event(each, day) for each, day in later], now=now)
    return len(later)


def _is_news(each: Awaiting, day: date) -> bool:
    """Whether a day is worth a letter: the first that breaks the promise, and after it whole leaps."""
    return day > each.promised_on and (each.awaited_on <= each.promised_on or day - each.awaited_on >= LEAP)


def _event(each: Awaiting, day: date) -> Event:
    return Event(
        "order.goods_later", "order", each.order_id, {"number": each.order_number, "expected_on": day.isoformat()}
    )


def _known(waiting: Collection[Awaiting]) -> tuple[Mapping[UUID, NodeView], Mapping[str, Terms]]:
    if not waiting:
        return {}, {}
    return logistics.list_nodes({each.node_id for each in waiting}), terms.get_terms(
        {each.terms_id for each in waiting}
    )


def _due_at(each: Awaiting, start: datetime, nodes: Mapping[UUID, NodeView], agreed: Mapping[str, Terms]) -> datetime:
    return nodes[each.node_id].due_at(start, agreed[each.terms_id].service.handling_business_days)


def _take_elsewhere(shipment: Shipment, sku_ids: Collection[UUID], now: datetime) -> None:
    """Let units that stand free at the node, from wherever they came, be held by those who wait."""
    rows = inventory.lock_stock(seller_skus={(shipment.seller_id, sku_id) for sku_id in sku_ids})
    for row in rows:
        if row.node_id == shipment.node_id and row.free() > 0:
            coming.hand_on(shipment_id=shipment.id, came={row.sku_id: (row.id, row.free())}, now=now)


def _serve_otherwise(shipment: Shipment, waiting: Sequence[coming.Waiting], now: datetime) -> Calls:
    """Send what is short from other nodes, and give up what none of them has."""
    units: dict[UUID, int] = defaultdict(int)
    for each in waiting:
        units[each.owner_id] = max(units[each.owner_id], -(-each.quantity // each.per_unit))
    if not units:
        return {}
    short = elsewhere.send_elsewhere(
        units=units, node_id=shipment.node_id, shipment_id=shipment.id, actor=SYSTEM, now=now
    )
    return give_up(short, now, reason=NEVER_CAME)


def give_up(units: Mapping[UUID, int], now: datetime, *, reason: str) -> Calls:
    """Cancel the units of lines that nothing serves; the event says whose fault it is by the terms."""
    if not units:
        return {}
    lines = progress.read_lines(line_ids=units)
    agreed = terms.get_terms({line.terms_id for line in lines.values()})
    blame = {
        key: {
            "cause": Cause.STOCK_OUT.value,
            "liable": agreed[line.terms_id].liable(Task.INVENTORY_PLANNING, Cause.STOCK_OUT) or "",
        }
        for key, line in lines.items()
    }
    return amending.withdraw(units=units, reason=reason, blame=blame, now=now)
