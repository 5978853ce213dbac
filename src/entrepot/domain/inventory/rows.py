"""The statements under the services: stock rows, allotments, movements and holds by sets."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from entrepot.kernel import ids
from entrepot.kernel.db import copy_rows, execute, fetch_rows, unnest

_KEY = {
    "seller_id": "uuid",
    "owner_id": "uuid",
    "node_id": "uuid",
    "sku_id": "uuid",
    "lot": "text",
    "condition": "text",
}
_MOVEMENT = (
    "id",
    "created_at",
    "stock_id",
    "kind",
    "quantity",
    "occurred_at",
    "source_type",
    "source_id",
    "subject_id",
    "reason",
)


@dataclass(frozen=True, slots=True)
class Ended:
    """A hold, or the part of one, that came to its end."""

    hold: Any
    quantity: int


def add_to_allotments(changes: Mapping[tuple[UUID, UUID], int]) -> int:
    """Add to (stock row, offer) allotments that stay at zero or above; how many did."""
    source, params = unnest(
        "w",
        {"stock_id": "uuid", "offer_id": "uuid", "quantity": "bigint"},
        ((*key, quantity) for key, quantity in changes.items()),
    )
    return execute(
        f"UPDATE inventory_allotment a SET quantity = a.quantity + w.quantity FROM {source}"
        f" WHERE a.stock_id = w.stock_id AND a.offer_id = w.offer_id AND a.quantity + w.quantity >= 0",
        params,
    )


def lock_or_make(keys: Collection[tuple[Any, ...]], now: datetime) -> dict[tuple[Any, ...], Any]:
    """The locked stock row of each (seller, owner, node, SKU, lot, condition); new ones stand at zero."""
    locked = _lock_by_key(keys)
    if missing := sorted(set(keys) - locked.keys()):
        # Whoever gives a node its first places waits for this, or this for them: a new row knows whether it has any.
        execute(
            "SELECT id FROM logistics_node WHERE id = ANY(%s) ORDER BY id FOR KEY SHARE",
            [sorted({key[2] for key in missing})],
        )
        source, params = unnest(
            "w",
            {"id": "uuid"} | _KEY,
            ((identity, *key) for identity, key in zip(ids.new_ids(now, len(missing)), missing, strict=True)),
        )
        names = ", ".join(_KEY)
        execute(
            f"INSERT INTO inventory_stock (id, created_at, {names}, on_hand, reserved, allotted, is_placed)"
            f" SELECT id, %s, {names}, 0, 0, 0,"
            f" EXISTS (SELECT FROM inventory_place p WHERE p.node_id = w.node_id) FROM {source}"
            f" ON CONFLICT ({names}) DO NOTHING",
            [now, *params],
        )
        locked = _lock_by_key(keys)
    return locked


def _lock_by_key(keys: Collection[tuple[Any, ...]]) -> dict[tuple[Any, ...], Any]:
    source, params = unnest("w", _KEY, sorted(keys))
    match = " AND ".join(f"s.{name} = w.{name}" for name in _KEY)
    rows = fetch_rows(
        f"SELECT s.* FROM inventory_stock s JOIN {source} ON {match} ORDER BY s.id FOR NO KEY UPDATE OF s", params
    )
    return {key_of(row): row for row in rows}


def key_of(row: Any) -> tuple[Any, ...]:
    """What makes a stock row one: (seller, owner, node, SKU, lot, condition)."""
    return (row.seller_id, row.owner_id, row.node_id, row.sku_id, row.lot, row.condition)


def write_ends(ended: Sequence[Ended], state: str, now: datetime) -> None:
    """End whole holds where they stand, and split those that end in part."""
    whole = [piece.hold.id for piece in ended if piece.quantity == piece.hold.quantity]
    execute("UPDATE inventory_hold SET state = %s, ended_at = %s WHERE id = ANY(%s)", [state, now, whole])
    parts = [piece for piece in ended if piece.quantity < piece.hold.quantity]
    if not parts:
        return
    source, params = unnest(
        "w", {"id": "uuid", "quantity": "bigint"}, ((piece.hold.id, piece.quantity) for piece in parts)
    )
    execute(f"UPDATE inventory_hold h SET quantity = h.quantity - w.quantity FROM {source} WHERE h.id = w.id", params)
    copy_rows(
        "inventory_hold",
        (
            "id",
            "created_at",
            "stock_id",
            "owner_id",
            "offer_id",
            "quantity",
            "per_unit",
            "state",
            "expires_at",
            "ended_at",
        ),
        (
            (
                identity,
                now,
                piece.hold.stock_id,
                piece.hold.owner_id,
                piece.hold.offer_id,
                piece.quantity,
                piece.hold.per_unit,
                state,
                piece.hold.expires_at,
                now,
            )
            for identity, piece in zip(ids.new_ids(now, len(parts)), parts, strict=True)
        ),
    )


def add_to_stock(changes: Mapping[str, Mapping[UUID, int]]) -> None:
    """Add to columns of stock rows that are locked already."""
    columns = dict.fromkeys(changes, "bigint")
    stocks = sorted({stock_id for change in changes.values() for stock_id in change})
    source, params = unnest(
        "w",
        {"id": "uuid"} | columns,
        ((stock_id, *(change.get(stock_id, 0) for change in changes.values())) for stock_id in stocks),
    )
    sums = ", ".join(f"{column} = s.{column} + w.{column}" for column in columns)
    execute(f"UPDATE inventory_stock s SET {sums} FROM {source} WHERE s.id = w.id", params)


def append_movements(rows: Sequence[tuple[Any, ...]], now: datetime) -> None:
    """Append (id or None, stock row, kind, quantity, source type, source, subject, reason) at this instant."""
    copy_rows(
        "inventory_movement",
        _MOVEMENT,
        (
            (named or identity, now, stock_id, kind, quantity, now, *cause)
            for identity, (named, stock_id, kind, quantity, *cause) in zip(
                ids.new_ids(now, len(rows)), rows, strict=True
            )
        ),
    )
