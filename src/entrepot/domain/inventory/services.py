"""Writes of stock. Every act takes rows and runs a constant number of statements.

Locks are taken in one order everywhere, stock rows by id and then their holds, so that no two acts wait for each other.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from entrepot.domain.inventory import placed, rules
from entrepot.domain.inventory.acts import NewHold, NotEnough, Receipt, StockRow, TitleTransfer, TouchedStock
from entrepot.domain.inventory.locking import LOCK_ROWS, ask_stock, lock_holds, lock_rows, lock_stock, read_stock
from entrepot.domain.inventory.rows import (
    Ended,
    add_to_allotments,
    add_to_stock,
    append_movements,
    key_of,
    lock_or_make,
    write_ends,
)
from entrepot.kernel import audit, ids
from entrepot.kernel.actors import Actor
from entrepot.kernel.crashing import crash_point
from entrepot.kernel.db import array_of, execute, fetch_rows, unnest
from entrepot.kernel.errors import Invalid, NotFound, Refused
from entrepot.kernel.rounds import Asked, ask, insert, together

__all__ = [
    "NewHold", "NotEnough", "Receipt", "StockRow", "TitleTransfer", "TouchedStock", "adjust", "allot", "ask_stock",
    "confirm_holds", "consume_holds", "expire_holds", "let_expire", "lock_holds", "lock_rows",
    "lock_stock", "open_holds", "read_stock", "receive", "release_holds", "release_quantities", "transfer_title",
    "withhold", "write_holds",
]  # fmt: skip


@transaction.atomic
def receive(*, rows: Sequence[Receipt], now: datetime, withholds: bool = True) -> list[UUID]:
    """Move units in or out and return the stock row of each; rows that are missing are made.

    Without `withholds` the caller keeps from sale later what came to places that do so: see `withhold`.
    Raises: Invalid for a quantity that is zero, out of range or of the wrong sign for its kind; Refused
    (`inventory.below_zero`) where a row would fall under what is held or set aside.
    """
    for row in rows:
        _check_quantity(row.kind, row.quantity)
    stocks = lock_or_make({key_of(row) for row in rows}, now)
    deltas: dict[UUID, int] = defaultdict(int)
    for row in rows:
        deltas[stocks[key_of(row)].id] += row.quantity
    _change_on_hand(deltas, list(stocks.values()))
    touched = [stocks[key_of(row)].id for row in rows]
    append_movements(
        [
            (
                row.movement_id,
                stock_id,
                row.kind,
                row.quantity,
                row.source_type,
                row.source_id,
                row.subject_id,
                row.reason,
            )
            for stock_id, row in zip(touched, rows, strict=True)
        ],
        now,
    )
    at_places = {row.id for row in stocks.values() if row.is_placed}
    if changes := [
        placed.Change(stock_id, row.quantity, row.kind, row.place_id)
        for stock_id, row in zip(touched, rows, strict=True)
        if stock_id in at_places
    ]:
        placed.follow(changes, now)
        if withholds:
            withhold(stock_ids=at_places, now=now)
    return touched


@transaction.atomic
def adjust(*, rows: Sequence[Receipt], actor: Actor, reason: str, now: datetime) -> list[UUID]:
    """Correct stock by hand, kept with its reason: a count, a loss, a find. Raises: as `receive`; Invalid unsaid."""
    reason = audit.require_reason(reason)
    batch = ids.new_id(now)
    corrected = [
        replace(row, kind="adjusted", source_type="adjustment", source_id=batch, reason=reason) for row in rows
    ]
    touched = receive(rows=corrected, now=now)
    changes = [
        {"stock": str(stock_id), "quantity": row.quantity} for stock_id, row in zip(touched, corrected, strict=True)
    ]
    audit.record(
        actor=actor,
        verb="stock.adjust",
        subject_kind="stock_adjustment",
        subject_id=batch,
        now=now,
        reason=reason,
        after={"rows": changes},
    )
    return touched


@transaction.atomic
def transfer_title(*, rows: Sequence[TitleTransfer], now: datetime) -> list[UUID]:
    """Give the title of free units to another owner, where they stand; returns the new owner's stock rows.

    Raises: NotFound, Refused (`inventory.below_zero`) for units that are held or set aside.
    """
    for row in rows:
        _check_quantity("title_in", row.quantity)
    found = {
        row.id: row
        for row in fetch_rows(
            "SELECT id, seller_id, owner_id, node_id, sku_id, lot, condition FROM inventory_stock WHERE id = ANY(%s)",
            [[row.stock_id for row in rows]],
        )
    }
    if missing := {row.stock_id for row in rows} - found.keys():
        raise NotFound(kind="stock", id=str(min(missing)))
    moves: list[Receipt] = []
    for row in rows:
        old = found[row.stock_id]
        out = Receipt(
            old.seller_id,
            old.owner_id,
            old.node_id,
            old.sku_id,
            -row.quantity,
            "title_out",
            row.source_type,
            row.source_id,
            old.lot,
            old.condition,
            None,
            row.reason,
        )
        moves += [
            out,
            replace(out, owner_id=row.to_owner_id, quantity=row.quantity, kind="title_in", movement_id=row.movement_id),
        ]
    return receive(rows=moves, now=now)[1::2]


@transaction.atomic
def allot(*, offer_id: UUID, rows: Sequence[tuple[UUID, int]], now: datetime) -> None:
    """Set how many units of each stock row (id, quantity) are set aside for the offer; rows not named keep theirs.

    Raises: Refused (`inventory.below_zero`) where the row has not that many free units.
    """
    wanted = dict(rows)
    for quantity in wanted.values():
        if not 0 <= quantity <= rules.QUANTITY_MAX:
            raise _out_of_range(quantity)
    locked = {
        row.id: row
        for row in fetch_rows(
            "SELECT id, on_hand, reserved, allotted FROM inventory_stock WHERE id = ANY(%s)"
            " AND condition <> 'coming' ORDER BY id FOR NO KEY UPDATE",
            [list(wanted)],
        )
    }
    if missing := wanted.keys() - locked.keys():
        raise NotFound(kind="stock", id=str(min(missing)))
    present = {
        row.stock_id: row.quantity
        for row in fetch_rows(
            "SELECT stock_id, quantity FROM inventory_allotment WHERE offer_id = %s AND stock_id = ANY(%s)",
            [offer_id, list(wanted)],
        )
    }
    for stock_id, quantity in wanted.items():
        row = locked[stock_id]
        if row.on_hand - row.reserved - row.allotted < quantity - present.get(stock_id, 0):
            raise _below_zero(row, present.get(stock_id, 0) - quantity)
    source, params = unnest(
        "w",
        {"id": "uuid", "stock_id": "uuid", "quantity": "bigint"},
        zip(ids.new_ids(now, len(wanted)), wanted, wanted.values(), strict=True),
    )
    execute(
        f"INSERT INTO inventory_allotment (id, created_at, offer_id, stock_id, quantity)"
        f" SELECT id, %s, %s, stock_id, quantity FROM {source}"
        f" ON CONFLICT (offer_id, stock_id) DO UPDATE SET quantity = EXCLUDED.quantity",
        [now, offer_id, *params],
    )
    add_to_stock({"allotted": {stock_id: quantity - present.get(stock_id, 0) for stock_id, quantity in wanted.items()}})


@transaction.atomic
def open_holds(*, holds: Sequence[NewHold], expires_at: datetime | None, now: datetime) -> list[UUID]:
    """Hold units until they are confirmed, released, shipped or expire; all or none.

    What one call asks of a stock row is checked as a sum, whoever it is for. Raises: Invalid, NotEnough.
    """
    return write_holds(rows=holds, expires_at=expires_at, now=now)


def write_holds(*, rows: Sequence[NewHold], now: datetime, expires_at: datetime | None = None) -> list[UUID]:
    """The same in the caller's transaction, which is at an end where this raises.

    Everything that was asked along is answered by then. The rows are locked here, by id, where they are not yet.
    """
    if not rows:
        return []
    shared: dict[UUID, int] = defaultdict(int)
    from_allotment: dict[tuple[UUID, UUID], int] = defaultdict(int)
    for hold in rows:
        if not (0 < hold.quantity <= rules.QUANTITY_MAX and hold.per_unit > 0):
            raise _out_of_range(hold.quantity)
        if hold.offer_id is None:
            shared[hold.stock_id] += hold.quantity
        else:
            from_allotment[hold.stock_id, hold.offer_id] += hold.quantity
    identities = ids.new_ids(now, len(rows))
    columns = dict(zip(NewHold._fields, zip(*rows, strict=True), strict=True))
    with together():
        reserving = _reserve(shared, from_allotment)
        insert(
            "inventory_hold",
            {"id": identities, **columns},
            {"created_at": now, "state": "active", "expires_at": expires_at},
        )
        changed = reserving.count
    stocks = len({*shared, *(stock_id for stock_id, _ in from_allotment)})
    if from_allotment and changed == stocks:
        taken = {key: -quantity for key, quantity in from_allotment.items()}
        changed -= len(taken) - add_to_allotments(taken)
    if changed < stocks:
        raise NotEnough(short=stocks - changed)
    return identities


# By owner alone: a plan made while there were few holds must not go through all that are active.
_CONFIRM = """
    WITH mine AS MATERIALIZED (SELECT id, owner_id, state, expires_at FROM inventory_hold WHERE owner_id = ANY(%s)
        FOR NO KEY UPDATE), kept AS (UPDATE inventory_hold h SET expires_at = NULL FROM mine WHERE h.id = mine.id
        AND mine.state = 'active' AND mine.expires_at IS NOT NULL) SELECT owner_id FROM mine WHERE state = 'active'
"""


def confirm_holds(*, owner_ids: Collection[UUID]) -> set[UUID]:
    """Keep the owners' active holds for good, under lock; the owners that still had some. Others have lost theirs."""
    return {row.owner_id for row in ask(_CONFIRM, [list(owner_ids)]).rows}


def let_expire(*, rows: Sequence[tuple[UUID, datetime]]) -> None:
    """Give the active holds of these owners an end, in the caller's transaction: (owner, when)."""
    source, params = unnest("w", {"owner_id": "uuid", "until": "timestamptz"}, rows)
    execute(
        f"UPDATE inventory_hold h SET expires_at = w.until FROM {source}"
        f" WHERE h.owner_id = w.owner_id AND h.state = 'active'",
        params,
    )


@transaction.atomic
def release_holds(*, owner_ids: Collection[UUID], now: datetime, state: str = "released") -> None:
    """Let go of everything that is held for the owners; owners that hold nothing are passed over."""
    _end(dict.fromkeys(owner_ids), state, now)


@transaction.atomic
def release_quantities(*, rows: Sequence[tuple[UUID, int]], now: datetime) -> None:
    """Let go of so many units of what each owner bought. Raises: Refused (`inventory.not_held`)."""
    _end(_units(rows), "released", now)


@transaction.atomic
def expire_holds(*, now: datetime, limit: int = 5000) -> list[UUID]:
    """End the holds whose time has passed; the owners that lost theirs."""
    due = fetch_rows(
        "SELECT DISTINCT owner_id FROM (SELECT owner_id FROM inventory_hold WHERE state = 'active'"
        " AND expires_at <= %s ORDER BY expires_at LIMIT %s) due",
        [now, limit],
    )
    ended = _end({row.owner_id: None for row in due}, "expired", now, expired_by=now)
    crash_point("holds.expired")
    return sorted({piece.hold.owner_id for piece in ended})


@transaction.atomic
def consume_holds(
    *, rows: Sequence[tuple[UUID, int]], now: datetime, source_type: str, source_id_by_owner: Mapping[UUID, UUID]
) -> dict[UUID, list[TouchedStock]]:
    """Ship so many units of what each owner bought out of its holds: holds end, on hand falls, movements say so.

    Raises: Refused (`inventory.not_held`).
    """
    ended = _end(_units(rows), "consumed", now)
    append_movements(
        [
            (
                None,
                piece.hold.stock_id,
                "shipped",
                -piece.quantity,
                source_type,
                source_id_by_owner[piece.hold.owner_id],
                piece.hold.owner_id,
                "",
            )
            for piece in ended
        ],
        now,
    )
    touched: dict[UUID, list[TouchedStock]] = defaultdict(list)
    for piece in ended:
        hold = piece.hold
        touched[hold.owner_id].append(
            TouchedStock(hold.stock_id, hold.title_owner_id, hold.node_id, hold.sku_id, piece.quantity)
        )
    return dict(touched)


def withhold(*, stock_ids: Collection[UUID], now: datetime) -> None:
    """Keep from sale the new units that stand where nothing is sold, and let go of those that no longer do.

    What is promised already stays promised. Rows whose node has no such place are passed over.
    """
    rows = fetch_rows(_WITHHELD, [list(stock_ids)])
    release_quantities(rows=[(row.id, row.held - row.wanted) for row in rows if row.held > row.wanted], now=now)
    free = {row.stock_id: row.free for row in rows}
    for row in rows:
        free[row.stock_id] += max(0, row.held - row.wanted)
    holds = []
    for row in rows:
        units = min(row.wanted - row.held, free[row.stock_id])
        if units > 0:
            free[row.stock_id] -= units
            holds.append(NewHold(row.stock_id, row.id, units, per_unit=1))
    open_holds(holds=holds, expires_at=None, now=now)


_WITHHELD = """
    SELECT u.id, u.stock_id, s.on_hand - s.reserved - s.allotted AS free, h.held,
        CASE WHEN p.is_withheld THEN u.quantity ELSE 0 END AS wanted
    FROM inventory_placeunits u JOIN inventory_place p ON p.id = u.place_id
    JOIN inventory_stock s ON s.id = u.stock_id AND s.condition = 'new'
    CROSS JOIN LATERAL (SELECT coalesce(sum(quantity), 0)::bigint AS held FROM inventory_hold
        WHERE owner_id = u.id AND state = 'active') h
    WHERE u.stock_id = ANY(%s) AND (p.is_withheld OR h.held > 0) ORDER BY u.stock_id, p.walk
"""


def _end(
    units: Mapping[UUID, int | None], state: str, now: datetime, *, expired_by: datetime | None = None
) -> list[Ended]:
    """End holds of these owners, whole (None) or in units of what they bought, and give the units their next place."""
    if not units:
        return []
    # Locked first, read second: the second statement sees what the waiting made of the holds.
    locked = fetch_rows(
        "SELECT id, is_placed FROM inventory_stock WHERE id IN (SELECT stock_id FROM inventory_hold"
        " WHERE owner_id = ANY(%s) AND state = 'active') ORDER BY id FOR NO KEY UPDATE",
        [list(units)],
    )
    # What is let go of is taken first from what is still on its way; what leaves, from what stands here.
    # `returns_to` is the offer whose allotment a released unit falls back to, if it still keeps one.
    found = fetch_rows(
        "SELECT h.id, h.stock_id, h.owner_id, h.offer_id, h.quantity, h.per_unit, h.expires_at,"
        " s.sku_id, s.node_id, s.owner_id AS title_owner_id, s.condition = 'coming' AS is_coming,"
        " CASE WHEN o.stock_policy = 'allotted' AND o.status <> 'archived' THEN o.id END AS returns_to"
        " FROM inventory_hold h JOIN inventory_stock s ON s.id = h.stock_id"
        " LEFT JOIN catalogue_offer o ON o.id = h.offer_id"
        " WHERE h.owner_id = ANY(%s) AND h.state = 'active' AND (%s::timestamptz IS NULL OR h.expires_at <= %s)"
        " ORDER BY (s.condition = 'coming') = %s, h.id FOR UPDATE OF h",
        [list(units), expired_by, expired_by, state == "consumed"],
    )
    drawn, short = rules.draw(
        [rules.HeldUnits(row.id, row.owner_id, row.sku_id, row.quantity, row.per_unit) for row in found], units
    )
    if short:
        raise Refused(
            "inventory.not_held",
            "{wanted} units are to leave, and {held} are held for them.",
            owner_id=str(short[0].owner_id),
            wanted=short[0].wanted,
            held=short[0].held,
        )
    by_id = {row.id: row for row in found}
    ended = [Ended(by_id[piece.hold_id], piece.quantity) for piece in drawn]
    if state == "consumed" and (far := [each.hold for each in ended if each.hold.is_coming]):
        raise Refused(
            "inventory.not_here_yet", "These goods are still on their way here.", owner_id=str(far[0].owner_id)
        )
    write_ends(ended, state, now)
    _settle_stock(ended, shipped=state == "consumed")
    at_places = {row.id for row in locked if row.is_placed} if state == "consumed" else set()
    if left := [placed.Change(each.hold.stock_id, -each.quantity, "shipped") for each in ended
                if each.hold.stock_id in at_places]:  # fmt: skip
        placed.follow(left, now)
    return ended


def _settle_stock(ended: Iterable[Ended], *, shipped: bool) -> None:
    """Reserved falls; on hand too where units left, else an allotment that they came from gets them back."""
    reserved: dict[UUID, int] = defaultdict(int)
    back: dict[tuple[UUID, UUID], int] = defaultdict(int)
    for piece in ended:
        reserved[piece.hold.stock_id] -= piece.quantity
        if not shipped and piece.hold.returns_to is not None:
            back[piece.hold.stock_id, piece.hold.returns_to] += piece.quantity
    changes: dict[str, Mapping[UUID, int]] = {"reserved": reserved}
    if shipped:
        changes["on_hand"] = reserved
    if back:
        allotted: dict[UUID, int] = defaultdict(int)
        for (stock_id, _), quantity in back.items():
            allotted[stock_id] += quantity
        changes["allotted"] = allotted
        add_to_allotments(back)
    add_to_stock(changes)


def _reserve(shared: Mapping[UUID, int], from_allotment: Mapping[tuple[UUID, UUID], int]) -> Asked:
    """The wall: a unit is reserved only where the row has it, whatever was read before."""
    allotted: dict[UUID, int] = defaultdict(int)
    for (stock_id, _), quantity in from_allotment.items():
        allotted[stock_id] += quantity
    stocks = [*shared, *(allotted.keys() - shared.keys())]
    ask(LOCK_ROWS, [stocks])
    return ask(
        "UPDATE inventory_stock s SET reserved = s.reserved + w.shared + w.allotted,"
        " allotted = s.allotted - w.allotted"
        " FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[]) w(id, shared, allotted)"
        " WHERE s.id = w.id AND s.on_hand - s.reserved - s.allotted >= w.shared AND s.allotted >= w.allotted",
        [
            array_of("uuid", stocks),
            array_of("bigint", [shared.get(stock_id, 0) for stock_id in stocks]),
            array_of("bigint", [allotted.get(stock_id, 0) for stock_id in stocks]),
        ],
    )


def _change_on_hand(deltas: Mapping[UUID, int], locked: Iterable[Any]) -> None:
    for row in locked:
        if row.on_hand + deltas[row.id] < row.reserved + row.allotted:
            raise _below_zero(row, deltas[row.id])
    add_to_stock({"on_hand": deltas})


def _units(rows: Iterable[tuple[UUID, int]]) -> dict[UUID, int | None]:
    units: dict[UUID, int | None] = {}
    for owner_id, quantity in rows:
        if not 0 < quantity <= rules.QUANTITY_MAX:
            raise _out_of_range(quantity)
        units[owner_id] = (units.get(owner_id) or 0) + quantity
    return units


def _check_quantity(kind: str, quantity: int) -> None:
    sign = rules.SIGN.get(kind)
    if sign is None:
        raise Invalid("inventory.unknown_kind", "{kind} is not a kind of movement.", field="kind", kind=kind)
    if quantity == 0 or abs(quantity) > rules.QUANTITY_MAX or quantity * sign < 0:
        raise _out_of_range(quantity)


def _out_of_range(quantity: int) -> Invalid:
    return Invalid(
        "inventory.quantity_out_of_range",
        "{quantity} is not a quantity that can be moved here.",
        field="quantity",
        quantity=quantity,
    )


def _below_zero(row: Any, change: int) -> Refused:
    return Refused(
        "inventory.below_zero",
        "{on_hand} units are on hand, of which {kept} are held or set aside; {change} cannot leave.",
        stock_id=str(row.id),
        on_hand=row.on_hand,
        kept=row.reserved + row.allotted,
        change=-change,
    )
