"""Units on their way that may be promised: what a shipment brings is a stock row, and its holds go over as it arrives.

Whoever calls holds the shipment; stock rows are locked by id, then their holds, as everywhere.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction

from entrepot.domain.inventory import rules
from entrepot.domain.inventory.rows import add_to_stock, append_movements
from entrepot.kernel import ids
from entrepot.kernel.db import copy_rows, execute, fetch_rows, unnest


class Expected(NamedTuple):
    """So many units of a SKU in a shipment that may be promised, and when they are expected to stand ready."""

    shipment_id: UUID
    number: str
    seller_id: UUID
    node_id: UUID
    sku_id: UUID
    quantity: int
    ready_on: date
    comes_by: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Units that an owner waits for out of a shipment."""

    owner_id: UUID
    sku_id: UUID
    quantity: int
    per_unit: int


_COLUMNS = {
    "id": "uuid", "shipment_id": "uuid", "number": "text", "seller_id": "uuid", "node_id": "uuid", "sku_id": "uuid",
    "quantity": "bigint", "ready_on": "date", "comes_by": "text",
}  # fmt: skip


@transaction.atomic
def expect(*, shipment_ids: Collection[UUID], rows: Sequence[Expected], now: datetime) -> set[UUID]:
    """Set what of these shipments may be promised, and when; the shipments of which anything changed.

    What is not named may not be promised any more. Nothing falls below what is promised already.
    """
    fresh = [row for row in rows if row.quantity > 0]
    if fresh:
        source, params = unnest(
            "w", _COLUMNS, ((key, *row) for key, row in zip(ids.new_ids(now, len(fresh)), fresh, strict=True))
        )
        execute(
            f"INSERT INTO inventory_stock (id, created_at, seller_id, owner_id, node_id, sku_id, lot, condition,"
            f" on_hand, reserved, allotted, is_placed, comes_with, comes_by, ready_on)"
            f" SELECT id, %s, seller_id, seller_id, node_id, sku_id, number, 'coming', 0, 0, 0, false, shipment_id,"
            f" comes_by, ready_on FROM {source}"
            f" ON CONFLICT (seller_id, owner_id, node_id, sku_id, lot, condition) DO NOTHING",
            [now, *params],
        )
    wanted = {(row.shipment_id, row.sku_id): row for row in rows}
    changes, days, changed = {}, [], set()
    for row in _lock(shipment_ids):
        said = wanted.get((row.comes_with, row.sku_id))
        if change := max(said.quantity if said else 0, row.reserved) - row.on_hand:
            changes[row.id] = (change, row.comes_with)
            changed.add(row.comes_with)
        if said is not None and (said.ready_on, said.comes_by) != (row.ready_on, row.comes_by):
            days.append((row.id, said.ready_on, said.comes_by))
            changed.add(row.comes_with)
    _change(changes, now)
    if days:
        source, params = unnest("w", {"id": "uuid", "ready_on": "date", "comes_by": "text"}, days)
        execute(
            f"UPDATE inventory_stock s SET ready_on = w.ready_on, comes_by = w.comes_by FROM {source}"
            " WHERE s.id = w.id",
            params,
        )
    return changed


@transaction.atomic
def hand_on(*, shipment_id: UUID, came: Mapping[UUID, tuple[UUID, int]], now: datetime) -> set[UUID]:
    """Let units that came out of a shipment (SKU -> stock row, units) be held where they stand, oldest holds first.

    The units are free in those rows, which are locked. Returns the owners whose holds moved.
    """
    rows = {row.id: row for row in _lock([shipment_id])}
    promised = [row.id for row in rows.values() if row.reserved and row.sku_id in came]
    if not promised:
        return set()
    holds = {
        hold.id: hold
        for hold in fetch_rows(
            "SELECT * FROM inventory_hold WHERE stock_id = ANY(%s) AND state = 'active' ORDER BY id FOR UPDATE",
            [promised],
        )
    }
    skus = {hold.id: rows[hold.stock_id].sku_id for hold in holds.values()}
    moved = rules.hand_on(
        [(hold.id, skus[hold.id], hold.quantity) for hold in holds.values()],
        {sku_id: units for sku_id, (_, units) in came.items()},
    )
    _write(holds, moved, {key: came[skus[key]][0] for key in moved}, now)
    reserved: dict[UUID, int] = defaultdict(int)
    for key, units in moved.items():
        reserved[came[skus[key]][0]] += units
        reserved[holds[key].stock_id] -= units
    add_to_stock({"reserved": reserved})
    _change({row_id: (units, shipment_id) for row_id, units in reserved.items() if units < 0}, now)
    return {holds[key].owner_id for key in moved}


def list_waiting(*, shipment_ids: Collection[UUID]) -> list[Waiting]:
    """Who waits for units out of these shipments, the oldest first."""
    rows = fetch_rows(
        "SELECT h.owner_id, s.sku_id, sum(h.quantity)::bigint AS quantity, h.per_unit FROM inventory_hold h"
        " JOIN inventory_stock s ON s.id = h.stock_id WHERE s.comes_with = ANY(%s) AND h.state = 'active'"
        " GROUP BY h.owner_id, s.sku_id, h.per_unit ORDER BY (array_agg(h.id ORDER BY h.id))[1]",
        [list(shipment_ids)],
    )
    return [Waiting(*row) for row in rows]


def list_awaited(*, owner_ids: Collection[UUID]) -> dict[UUID, int]:
    """How many units of what each owner bought are not here yet: those of whose components any is on its way."""
    rows = fetch_rows(
        "SELECT owner_id, max(units)::bigint AS units FROM (SELECT h.owner_id, s.sku_id,"
        " ceil(sum(h.quantity)::numeric / h.per_unit) AS units FROM inventory_hold h"
        " JOIN inventory_stock s ON s.id = h.stock_id AND s.condition = 'coming'"
        " WHERE h.owner_id = ANY(%s) AND h.state = 'active' GROUP BY h.owner_id, s.sku_id, h.per_unit) parts"
        " GROUP BY owner_id",
        [list(owner_ids)],
    )
    return {row.owner_id: row.units for row in rows}


@dataclass(frozen=True, slots=True)
class Ahead:
    """Units of a SKU on their way that may be promised, and how many of them are sold by now."""

    shipment_id: UUID
    number: str
    sku_id: UUID
    node_id: UUID
    units: int
    sold: int
    ready_on: date
    comes_by: str


def list_ahead(*, shipment_ids: Collection[UUID]) -> dict[UUID, list[Ahead]]:
    """What of these shipments may be promised, by shipment; scope is the caller's."""
    found: dict[UUID, list[Ahead]] = {key: [] for key in shipment_ids}
    for row in fetch_rows(
        "SELECT comes_with, lot, sku_id, node_id, on_hand, reserved, ready_on, comes_by FROM inventory_stock"
        " WHERE comes_with = ANY(%s) AND on_hand > 0 ORDER BY id",
        [list(shipment_ids)],
    ):
        found[row.comes_with].append(Ahead(*row))
    return found


def list_shipments() -> list[UUID]:
    """Shipments of which anything may be promised."""
    return [
        row.comes_with
        for row in fetch_rows(
            "SELECT DISTINCT comes_with FROM inventory_stock WHERE comes_with IS NOT NULL AND on_hand > 0"
            " ORDER BY comes_with"
        )
    ]


def _lock(shipment_ids: Collection[UUID]) -> list[Any]:
    return fetch_rows(
        "SELECT * FROM inventory_stock WHERE comes_with = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [list(shipment_ids)]
    )


def _change(changes: Mapping[UUID, tuple[int, UUID]], now: datetime) -> None:
    """Change how many units may be promised of rows (id -> (units, shipment)) that are locked."""
    if not changes:
        return
    add_to_stock({"on_hand": {stock_id: units for stock_id, (units, _) in changes.items()}})
    append_movements(
        [
            (None, stock_id, "expected", units, "shipment", shipment_id, None, "")
            for stock_id, (units, shipment_id) in changes.items()
        ],
        now,
    )


def _write(holds: Mapping[UUID, Any], moved: Mapping[UUID, int], to: Mapping[UUID, UUID], now: datetime) -> None:
    """Units of holds stand at other rows from now on; a hold that moves in part is split, and the older part waits."""
    whole = [(key, to[key]) for key, units in moved.items() if units == holds[key].quantity]
    source, params = unnest("w", {"id": "uuid", "stock_id": "uuid"}, whole)
    execute(f"UPDATE inventory_hold h SET stock_id = w.stock_id FROM {source} WHERE h.id = w.id", params)
    parts = [(key, units) for key, units in moved.items() if units < holds[key].quantity]
    if not parts:
        return
    source, params = unnest("w", {"id": "uuid", "quantity": "bigint"}, parts)
    execute(f"UPDATE inventory_hold h SET quantity = h.quantity - w.quantity FROM {source} WHERE h.id = w.id", params)
    copy_rows(
        "inventory_hold",
        ("id", "created_at", "stock_id", "owner_id", "quantity", "per_unit", "state", "expires_at"),
        (
            (identity, now, to[key], holds[key].owner_id, units, holds[key].per_unit, "active", holds[key].expires_at)
            for identity, (key, units) in zip(ids.new_ids(now, len(parts)), parts, strict=True)
        ),
    )
