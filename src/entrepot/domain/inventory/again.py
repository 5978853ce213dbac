"""Goods taken once more for who lost them: a payment that comes after its hold ran out."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db import transaction

from entrepot.domain.inventory.acts import NewHold, NotEnough
from entrepot.domain.inventory.services import open_holds
from entrepot.kernel.db import fetch_rows

_LOST = """
    SELECT h.stock_id, h.owner_id, h.quantity, h.per_unit, h.offer_id FROM inventory_hold h
    WHERE h.owner_id = ANY(%s) AND h.state = 'expired' ORDER BY h.id
"""
# The rows that goods were held of, and where they were on their way what stands ready where they were going to.
_PLACES = """
    SELECT s.id, s.seller_id, s.node_id, s.sku_id, s.condition = 'coming' AS is_coming,
        s.on_hand - s.reserved - s.allotted AS free
    FROM inventory_stock s WHERE s.id = ANY(%s) OR (s.condition = 'new' AND (s.seller_id, s.node_id, s.sku_id) IN (
        SELECT seller_id, node_id, sku_id FROM inventory_stock WHERE id = ANY(%s) AND condition = 'coming'))
    ORDER BY s.id FOR NO KEY UPDATE OF s
"""


@transaction.atomic
def hold_again(*, owner_ids: Collection[UUID], now: datetime) -> None:
    """Hold once more, and for good, what the owners' expired holds held. Raises: NotEnough.

    Of units that were on their way then and have come since, what stands ready is taken.
    """
    lost = fetch_rows(_LOST, [list(owner_ids)])
    if {row.owner_id for row in lost} != set(owner_ids):
        raise NotEnough(short=len(owner_ids))
    held = [row.stock_id for row in lost]
    places = {row.id: row for row in fetch_rows(_PLACES, [held, held])}
    free = {key: row.free for key, row in places.items()}
    ready: dict[tuple[UUID, UUID, UUID], list[UUID]] = defaultdict(list)
    for row in places.values():
        if not row.is_coming:
            ready[row.seller_id, row.node_id, row.sku_id].append(row.id)
    holds = []
    for row in lost:
        left, own = row.quantity, places[row.stock_id]
        if own.is_coming:
            for stock_id in (own.id, *ready[own.seller_id, own.node_id, own.sku_id]):
                if (units := min(left, free[stock_id])) > 0:
                    holds.append(NewHold(stock_id, row.owner_id, units, row.per_unit))
                    free[stock_id] -= units
                    left -= units
        if left:  # of its own row, which refuses what it has not
            holds.append(NewHold(own.id, row.owner_id, left, row.per_unit, row.offer_id))
    open_holds(holds=holds, expires_at=None, now=now)
