"""Suborders whose goods are on their way to the node: when they are expected, by when to leave then, that they came."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from entrepot.domain.orders.progress import NewEvent, append_events
from entrepot.domain.orders.rules import EventKind
from entrepot.kernel.actors import SYSTEM
from entrepot.kernel.db import execute, fetch_rows, unnest

#: The first part of such a promise, as its segments name it.
ON_ITS_WAY = "on its way"


@dataclass(frozen=True, slots=True)
class Awaiting:
    """A suborder that waits for goods out of a shipment; `promised_on` is the day that its promise reckoned with."""

    id: UUID
    order_id: UUID
    order_number: str
    node_id: UUID
    shipment_id: UUID
    awaited_on: date
    promised_on: date
    is_placed: bool
    terms_id: str
    line_ids: Sequence[UUID]


def list_awaiting(*, shipment_ids: Collection[UUID]) -> list[Awaiting]:
    """The suborders that wait for goods out of these shipments, the oldest first; scope is the caller's."""
    rows = fetch_rows(
        """
        SELECT suborder.id, suborder.order_id, ordered.number AS order_number, suborder.node_id, suborder.comes_with,
            suborder.awaited_on, (suborder.segments -> 0 ->> 'done_by')::date AS promised_on,
            ordered.state = 'placed' AS is_placed,
            min(line.terms_id) AS terms_id, array_agg(line.id ORDER BY line.position) AS line_ids
        FROM orders_suborder suborder
        JOIN orders_order ordered ON ordered.id = suborder.order_id AND ordered.state IN ('pending', 'placed')
        JOIN orders_orderline line ON line.suborder_id = suborder.id
        WHERE suborder.comes_with = ANY(%s) AND suborder.goods_came_at IS NULL AND suborder.state = 'open'
        GROUP BY suborder.id, ordered.id ORDER BY suborder.id
        """,
        [list(shipment_ids)],
    )
    return [Awaiting(*row) for row in rows]


def list_shipments() -> list[UUID]:
    """The shipments for whose goods any order waits."""
    rows = fetch_rows(
        "SELECT DISTINCT comes_with FROM orders_suborder WHERE comes_with IS NOT NULL AND goods_came_at IS NULL"
        " AND state = 'open' ORDER BY comes_with"
    )
    return [row.comes_with for row in rows]


@dataclass(frozen=True, slots=True)
class Moved:
    """A suborder whose goods are expected on another day than it says."""

    suborder_id: UUID
    shipment_id: UUID
    ready_on: date


def list_moved(limit: int = 2000) -> list[Moved]:
    """Suborders whose goods are expected on another day than they say, the oldest first."""
    rows = fetch_rows(
        """
        SELECT suborder.id, suborder.comes_with, max(stock.ready_on) AS ready_on
        FROM orders_suborder suborder
        JOIN orders_order ordered ON ordered.id = suborder.order_id AND ordered.state IN ('pending', 'placed')
        JOIN inventory_stock stock ON stock.comes_with = suborder.comes_with AND stock.on_hand > 0
        WHERE suborder.comes_with IS NOT NULL AND suborder.goods_came_at IS NULL AND suborder.state = 'open'
        GROUP BY suborder.id HAVING max(stock.ready_on) <> suborder.awaited_on ORDER BY suborder.id LIMIT %s
        """,
        [limit],
    )
    return [Moved(*row) for row in rows]


def expect_on(*, rows: Sequence[tuple[UUID, date, datetime]]) -> None:
    """Goods of suborders are expected on another day, and are to leave by then; never sooner than was promised."""
    _write([(key, day, due_at, None) for key, day, due_at in rows])


def say_come(*, rows: Sequence[tuple[Awaiting, datetime]], now: datetime) -> None:
    """Nothing of these is on its way any more: they are to leave by a time, or as was promised if that is later."""
    _write([(each.id, each.awaited_on, due_at, now) for each, due_at in rows])
    append_events(
        events=[
            NewEvent(each.order_id, EventKind.GOODS_CAME, each.id, data={"expected_on": each.awaited_on.isoformat()})
            for each, _ in rows
        ],
        actor=SYSTEM,
        now=now,
    )


def _write(rows: Sequence[tuple[UUID, date, datetime, datetime | None]]) -> None:
    if not rows:
        return
    source, params = unnest(
        "w", {"id": "uuid", "awaited_on": "date", "due_at": "timestamptz", "came_at": "timestamptz"}, rows
    )
    execute(
        f"UPDATE orders_suborder s SET awaited_on = w.awaited_on, goods_came_at = w.came_at FROM {source}"
        " WHERE s.id = w.id",
        params,
    )
    execute(
        f"UPDATE orders_workitem work SET due_at = greatest(s.ship_by, w.due_at) FROM {source}"
        " JOIN orders_suborder s ON s.id = w.id WHERE work.suborder_id = w.id AND work.state <> 'done'",
        params,
    )


def count_sold(*, shipment_ids: Collection[UUID]) -> Mapping[UUID, Any]:
    """How many orders wait for goods out of each of these shipments."""
    rows = fetch_rows(
        "SELECT comes_with, count(DISTINCT order_id)::int AS orders FROM orders_suborder"
        " WHERE comes_with = ANY(%s) AND goods_came_at IS NULL AND state = 'open' GROUP BY comes_with",
        [list(shipment_ids)],
    )
    return {row.comes_with: row.orders for row in rows}
