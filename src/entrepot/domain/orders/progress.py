"""How orders move on: units of lines under lock, the states that follow from them, work items, and all their events.

Locks are taken in one order everywhere: lines by id, then suborders by id, then parcels, stock and payments.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from entrepot.domain.logistics import parcels
from entrepot.domain.orders import rules
from entrepot.domain.orders.rules import EventKind, Quantities
from entrepot.kernel import ids
from entrepot.kernel.actors import Actor
from entrepot.kernel.db import array_of, execute, fetch_rows, unnest
from entrepot.kernel.errors import NotFound
from entrepot.kernel.rounds import ask, insert


@dataclass(frozen=True, slots=True)
class NewEvent:
    """Something that happened to an order; `quantity` where it is about units of a line."""

    order_id: UUID
    kind: str
    suborder_id: UUID | None = None
    line_id: UUID | None = None
    quantity: int | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    occurred_at: datetime | None = None


def append_events(*, events: Sequence[NewEvent], actor: Actor, now: datetime) -> None:
    """Append events in the caller's transaction; they happened `now` where they do not say when."""
    insert(
        "orders_orderevent",
        {
            "id": ids.new_ids(now, len(events)),
            "order_id": [event.order_id for event in events],
            "suborder_id": [event.suborder_id for event in events],
            "line_id": [event.line_id for event in events],
            "kind": [EventKind(event.kind).value for event in events],
            "quantity": [event.quantity for event in events],
            "occurred_at": [event.occurred_at or now for event in events],
            "data": [dict(event.data) for event in events],
        },
        {"created_at": now, "actor_label": actor.label},
    )


@dataclass(frozen=True, slots=True)
class LockedLine:
    """A line under lock: whose it is, what became of its units, and its money. Units: minor, for the whole line."""

    id: UUID
    order_id: UUID
    suborder_id: UUID
    seller_id: UUID
    sku_id: UUID
    terms_id: str
    order_state: str
    quantity: int
    list_minor: int
    discount_minor: int
    goods_net_minor: int
    goods_tax_minor: int
    shipping_net_minor: int
    shipping_tax_minor: int
    customs_duty_minor: int
    freight_cost_minor: int
    units: Quantities


def lock_lines(*, line_ids: Collection[UUID]) -> dict[UUID, LockedLine]:
    """Lock lines by id, in the caller's transaction. Raises: NotFound."""
    return _lines(line_ids, "ORDER BY line.id FOR NO KEY UPDATE OF line")


def read_lines(*, line_ids: Collection[UUID]) -> dict[UUID, LockedLine]:
    """The same without a lock, for what never changes of them. Raises: NotFound."""
    return _lines(line_ids, "")


def _lines(line_ids: Collection[UUID], lock: str) -> dict[UUID, LockedLine]:
    rows = fetch_rows(
        f"""
        SELECT line.id, line.order_id, line.suborder_id, line.seller_id, line.sku_id, line.terms_id,
            ordered.state AS order_state, line.quantity, line.list_minor, line.discount_minor, line.goods_net_minor,
            line.goods_tax_minor, line.shipping_net_minor, line.shipping_tax_minor, line.customs_duty_minor,
            line.freight_cost_minor,
            line.cancelled_qty, line.shipped_qty, line.delivered_qty, line.lost_qty, line.returned_qty
        FROM orders_orderline line JOIN orders_order ordered ON ordered.id = line.order_id
        WHERE line.id = ANY(%s) {lock}
        """,
        [list(line_ids)],
    )
    found = {row.id: LockedLine(*(*row[:16], Quantities(row.quantity, *row[16:]))) for row in rows}
    if missing := set(line_ids) - found.keys():
        raise NotFound(kind="order line", id=str(min(missing)))
    return found


@dataclass(frozen=True, slots=True)
class Step:
    """So many units of a line on their way on: cancelled, handed over, delivered, lost or returned."""

    line_id: UUID
    kind: EventKind
    quantity: int
    data: Mapping[str, Any] = field(default_factory=dict)
    occurred_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """A step that was taken: the line before it, and the place of the first unit that left or was cancelled."""

    step: Step
    line: LockedLine
    first_unit: int


@transaction.atomic
def advance(*, steps: Sequence[Step], actor: Actor, now: datetime) -> list[Moved]:
    """Take these steps in their order, all or none; states of suborders and work items follow, events say so.

    Raises: NotFound, BeyondQuantity naming the line, ForbiddenTransition where the order is not placed.
    """
    lines = lock_lines(line_ids={step.line_id for step in steps})
    moved = []
    for step in steps:
        line = lines[step.line_id]
        if line.order_state != "placed":
            raise rules.ForbiddenTransition(state=line.order_state, next=step.kind.value)
        after = line.units.after(step.kind, step.quantity, line.id)
        moved.append(Moved(step, line, _first_unit(step, line)))
        lines[line.id] = replace(line, units=after)
    _write_units(lines.values())
    append_events(
        events=[
            NewEvent(each.line.order_id, each.step.kind, each.line.suborder_id, each.line.id, each.step.quantity,
                     each.step.data, each.step.occurred_at)
            for each in moved
        ],
        actor=actor,
        now=now,
    )  # fmt: skip
    follow(suborder_ids={line.suborder_id for line in lines.values()}, now=now)
    return moved


def _first_unit(step: Step, line: LockedLine) -> int:
    if step.kind is EventKind.CANCELLED:
        return rules.cancelled_first(line.quantity, line.units.cancelled, step.quantity)
    return int(getattr(line.units, rules.COUNTS[step.kind]))


def _write_units(lines: Collection[LockedLine]) -> None:
    source, params = unnest(
        "wanted",
        {"id": "uuid", "cancelled": "int", "shipped": "int", "delivered": "int", "lost": "int", "returned": "int"},
        (
            (line.id, line.units.cancelled, line.units.shipped, line.units.delivered, line.units.lost,
             line.units.returned)
            for line in lines
        ),
    )  # fmt: skip
    execute(
        f"""
        UPDATE orders_orderline line SET cancelled_qty = wanted.cancelled, shipped_qty = wanted.shipped,
            delivered_qty = wanted.delivered, lost_qty = wanted.lost, returned_qty = wanted.returned
        FROM {source} WHERE line.id = wanted.id
        """,
        params,
    )


def follow(*, suborder_ids: Collection[UUID], now: datetime) -> None:
    """Bring the states of suborders and of their work items to what their units and parcels say.

    A packed parcel of a suborder that is cancelled whole is cancelled with it.
    """
    wanted = list(suborder_ids)
    # Locked first, read second, so that two acts on different lines of a suborder see each other's units.
    present = {
        row.id: row
        for row in fetch_rows(
            """
            SELECT suborder.id, suborder.state, work.id AS work_id, work.state AS work_state, work.accepted_at
            FROM orders_suborder suborder LEFT JOIN orders_workitem work ON work.suborder_id = suborder.id
            WHERE suborder.id = ANY(%s) ORDER BY suborder.id FOR NO KEY UPDATE OF suborder
            """,
            [wanted],
        )
    }
    lines: dict[UUID, list[Quantities]] = defaultdict(list)
    for row in fetch_rows(
        "SELECT suborder_id, quantity, cancelled_qty, shipped_qty, delivered_qty, lost_qty, returned_qty"
        " FROM orders_orderline WHERE suborder_id = ANY(%s)",
        [wanted],
    ):
        lines[row.suborder_id].append(Quantities(*row[1:]))
    packed = {
        row.reference_id: row.units
        for row in fetch_rows(
            """
            SELECT parcel.reference_id, sum(line.quantity)::int AS units
            FROM logistics_parcel parcel JOIN logistics_parcelline line ON line.parcel_id = parcel.id
            WHERE parcel.reference_id = ANY(%s) AND parcel.state = 'packed' AND parcel.direction = 'outbound'
            GROUP BY parcel.reference_id
            """,
            [wanted],
        )
    }
    states = {key: rules.suborder_state(lines[key]) for key in present}
    changed = [(key, state) for key, state in states.items() if state != present[key].state]
    if changed:
        _update_states("orders_suborder", changed)
    if cancelled := [key for key, state in changed if state == "cancelled" and packed.get(key)]:
        parcels.cancel_packed(reference_ids=cancelled)
    work = [
        (row.work_id, rules.work_state(sum(lines[key], rules.NOTHING), packed.get(key, 0), bool(row.accepted_at)))
        for key, row in present.items()
        if row.work_id
    ]
    before = {row.work_id: row.work_state for row in present.values()}
    if changed := [(key, state) for key, state in work if state != before[key]]:
        _update_states("orders_workitem", changed)
        execute(
            "UPDATE orders_workitem SET done_at = CASE WHEN state = 'done' THEN %s::timestamptz END WHERE id = ANY(%s)",
            [now, [key for key, _ in changed]],
        )


def _update_states(table: str, states: Sequence[tuple[UUID, str]]) -> None:
    source, params = unnest("wanted", {"id": "uuid", "state": "text"}, states)
    execute(f"UPDATE {table} row SET state = wanted.state FROM {source} WHERE row.id = wanted.id", params)


def open_work(*, suborder_ids: Sequence[UUID], now: datetime) -> None:
    """A work item for the performer of each suborder, due when the suborder must ship; one that is there stays."""
    ask(
        """
        INSERT INTO orders_workitem (id, created_at, suborder_id, organisation_id, node_id, state, due_at, late_party)
        SELECT wanted.id, %s, suborder.id, suborder.performer_id, suborder.node_id, 'waiting', suborder.ship_by, ''
        FROM unnest(%s::uuid[], %s::uuid[]) AS wanted(id, suborder_id)
        JOIN orders_suborder suborder ON suborder.id = wanted.suborder_id
        ON CONFLICT (suborder_id) DO NOTHING
        """,
        [now, array_of("uuid", ids.new_ids(now, len(suborder_ids))), array_of("uuid", suborder_ids)],
    )


@transaction.atomic
def accept_work(*, work_item_ids: Sequence[UUID], actor: Actor, now: datetime) -> None:
    """Whoever performs takes the work on; work that was accepted before stays as it is."""
    rows = fetch_rows(
        """
        SELECT work.id, work.state, work.accepted_at, work.suborder_id, suborder.order_id
        FROM orders_workitem work JOIN orders_suborder suborder ON suborder.id = work.suborder_id
        WHERE work.id = ANY(%s) ORDER BY suborder.id FOR NO KEY UPDATE OF suborder, work
        """,
        [list(work_item_ids)],
    )
    fresh = [row for row in rows if row.accepted_at is None]
    for row in fresh:
        if row.state not in ("waiting", "packed"):
            raise rules.ForbiddenTransition(state=row.state, next="accepted")
    execute("UPDATE orders_workitem SET accepted_at = %s WHERE id = ANY(%s)", [now, [row.id for row in fresh]])
    append_events(
        events=[NewEvent(row.order_id, EventKind.ACCEPTED, row.suborder_id) for row in fresh], actor=actor, now=now
    )
    follow(suborder_ids=[row.suborder_id for row in fresh], now=now)


@dataclass(frozen=True, slots=True)
class Late:
    """A work item that is past due, with the terms of its suborder's first line and who does the work."""

    work_item_id: UUID
    suborder_id: UUID
    order_id: UUID
    terms_id: str
    due_at: datetime
    performer_party: str


def find_late(*, now: datetime, limit: int = 5000) -> list[Late]:
    """Open work past its deadline that nobody was found liable for yet, oldest deadline first, under lock."""
    rows = fetch_rows(
        """
        SELECT work.id, work.suborder_id, suborder.order_id, first.terms_id, work.due_at, suborder.performer_party
        FROM orders_workitem work
        JOIN orders_suborder suborder ON suborder.id = work.suborder_id
        JOIN LATERAL (
            SELECT terms_id FROM orders_orderline line
            WHERE line.suborder_id = suborder.id ORDER BY line.position LIMIT 1
        ) first ON true
        WHERE work.state IN ('waiting', 'accepted', 'packed') AND work.due_at < %s AND work.late_party = ''
        ORDER BY work.due_at, work.id LIMIT %s
        FOR NO KEY UPDATE OF work SKIP LOCKED
        """,
        [now, limit],
    )
    return [Late(*row) for row in rows]


def record_late(*, rows: Sequence[tuple[Late, str]], actor: Actor, now: datetime) -> None:
    """Keep who was liable (party) for each late work item, and say so; in the transaction of `find_late`."""
    source, params = unnest(
        "wanted", {"id": "uuid", "party": "text"}, [(late.work_item_id, party) for late, party in rows]
    )
    execute(
        f"UPDATE orders_workitem work SET late_party = wanted.party FROM {source} WHERE work.id = wanted.id", params
    )
    append_events(
        events=[
            NewEvent(late.order_id, EventKind.LATE, late.suborder_id,
                     data={"party": party, "due_at": late.due_at.isoformat()})
            for late, party in rows
        ],
        actor=actor,
        now=now,
    )  # fmt: skip
