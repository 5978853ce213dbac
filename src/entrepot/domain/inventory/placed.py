"""The statements under the places: what stands where follows every change of stock, in the change's own transaction."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from entrepot.domain.inventory.placing import Standing, drawn
from entrepot.kernel import ids
from entrepot.kernel.db import copy_rows, execute, fetch_rows, unnest
from entrepot.kernel.errors import Refused

_MOVE = ("id", "created_at", "stock_id", "from_place_id", "to_place_id", "quantity", "kind", "moved_by")


@dataclass(frozen=True, slots=True)
class Change:
    """Units that came to a stock row (above zero) or left it, where that is known at which place, and why."""

    stock_id: UUID
    quantity: int
    kind: str
    place_id: UUID | None = None


def follow(changes: Sequence[Change], now: datetime) -> None:
    """Let the places of locked stock rows follow what came and left; rows must be of nodes that have places.

    What comes stands at the dock; what leaves is drawn as one walks. Where a title passes the goods stay.
    Raises: Refused for a place where there is not so much.
    """
    standing, docks = _standing({change.stock_id for change in changes})
    deltas: dict[tuple[UUID, UUID], int] = defaultdict(int)
    moves: list[tuple[Any, ...]] = []
    passing: list[tuple[UUID, int]] = []

    def put(stock_id: UUID, place_id: UUID, units: int) -> None:
        deltas[stock_id, place_id] += units
        for row in standing[stock_id]:
            if row.place_id == place_id:
                row.quantity += units
                break
        else:  # what comes may leave in the same act
            standing[stock_id].append(Standing(place_id, "dock" if place_id == docks[stock_id] else "", "", units))
        ends = (place_id, None) if units < 0 else (None, place_id)
        moves.append((stock_id, *ends, abs(units), "left" if units < 0 else "came", ""))

    for change in changes:
        if change.quantity > 0:
            if change.kind == "title_in" and sum(units for _, units in passing) == change.quantity:
                for place_id, units in passing:
                    put(change.stock_id, place_id, units)
            else:
                put(change.stock_id, change.place_id or docks[change.stock_id], change.quantity)
            continue
        wanted = [row for row in standing[change.stock_id] if change.place_id in (None, row.place_id)]
        taken = drawn(wanted, -change.quantity, dock_first=change.kind == "title_out")
        if sum(units for _, units in taken) < -change.quantity:
            raise Refused("places.not_there", "There are not so many units at that place.", wanted=-change.quantity)
        for place_id, units in taken:
            put(change.stock_id, place_id, -units)
        passing = taken if change.kind == "title_out" else []
    write(deltas, moves, now)


def write(deltas: Mapping[tuple[UUID, UUID], int], moves: Sequence[tuple[Any, ...]], now: datetime) -> None:
    """Add to (stock row, place) and append (stock row, from, to, units, kind, by whom)."""
    changed = {key: units for key, units in deltas.items() if units}
    source, params = unnest(
        "w",
        {"id": "uuid", "stock_id": "uuid", "place_id": "uuid", "quantity": "bigint"},
        (
            (identity, *key, changed[key])
            for identity, key in zip(ids.new_ids(now, len(changed)), sorted(changed), strict=True)
        ),
    )
    execute(
        f"INSERT INTO inventory_placeunits (id, created_at, stock_id, place_id, quantity)"
        f" SELECT id, %s, stock_id, place_id, 0 FROM {source} ON CONFLICT (stock_id, place_id) DO NOTHING",
        [now, *params],
    )
    execute(
        f"UPDATE inventory_placeunits u SET quantity = u.quantity + w.quantity FROM {source}"
        f" WHERE u.stock_id = w.stock_id AND u.place_id = w.place_id",
        params,
    )
    copy_rows(
        "inventory_placemove",
        _MOVE,
        ((identity, now, *move) for identity, move in zip(ids.new_ids(now, len(moves)), moves, strict=True)),
    )


def _standing(stock_ids: Collection[UUID]) -> tuple[dict[UUID, list[Standing]], dict[UUID, UUID]]:
    docks = {
        row.stock_id: row.place_id
        for row in fetch_rows(
            "SELECT s.id AS stock_id, p.id AS place_id FROM inventory_stock s"
            " JOIN inventory_place p ON p.node_id = s.node_id AND p.kind = 'dock' WHERE s.id = ANY(%s)",
            [list(stock_ids)],
        )
    }
    return standing_of(stock_ids), docks


def standing_of(stock_ids: Collection[UUID]) -> dict[UUID, list[Standing]]:
    """What stands where, by stock row."""
    rows = fetch_rows(
        """
        SELECT u.stock_id, u.place_id, p.kind, p.walk, u.quantity, p.is_withheld AND s.condition = 'new' AS is_withheld,
            CASE WHEN p.is_withheld THEN (SELECT coalesce(sum(h.quantity), 0) FROM inventory_hold h
                WHERE h.owner_id = u.id AND h.state = 'active') ELSE 0 END::bigint AS held
        FROM inventory_placeunits u JOIN inventory_place p ON p.id = u.place_id
        JOIN inventory_stock s ON s.id = u.stock_id
        WHERE u.stock_id = ANY(%s) AND u.quantity > 0 ORDER BY u.stock_id, p.walk
        """,
        [list(stock_ids)],
    )
    found: dict[UUID, list[Standing]] = defaultdict(list)
    for row in rows:
        found[row.stock_id].append(Standing(row.place_id, row.kind, row.walk, row.quantity, row.is_withheld, row.held))
    return found
