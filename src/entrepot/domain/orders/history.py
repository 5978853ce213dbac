"""The latest orders as the carts that they were, for those who ask what would have become of them otherwise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from entrepot.kernel.db import fetch_rows


@dataclass(frozen=True, slots=True)
class PastOrder:
    """What was asked for, by offer; and what stands taken for it at nodes: (offer, node, units)."""

    number: str
    market_code: str
    currency: str
    lines: Sequence[tuple[UUID, int]]
    taken: Sequence[tuple[UUID, UUID, int]]
    seller_of: Mapping[UUID, UUID]


def list_placed(*, limit: int) -> list[PastOrder]:
    """The orders that were placed last, the earliest of them first."""
    rows = fetch_rows(
        """
        WITH latest AS (
            SELECT id, number, market_id, currency, placed_at FROM orders_order
            WHERE state = 'placed' ORDER BY placed_at DESC, id DESC LIMIT %s
        )
        SELECT latest.number, market.code AS market_code, latest.currency, line.offer_id, line.seller_id,
            suborder.node_id, sum(line.quantity) FILTER (WHERE line.replaces_id IS NULL) AS asked,
            sum(line.quantity - line.cancelled_qty) AS taken
        FROM latest JOIN markets_market market ON market.id = latest.market_id
        JOIN orders_orderline line ON line.order_id = latest.id
        JOIN orders_suborder suborder ON suborder.id = line.suborder_id
        GROUP BY latest.placed_at, latest.id, latest.number, market.code, latest.currency, line.offer_id,
            line.seller_id, suborder.node_id
        ORDER BY latest.placed_at, latest.id, min(line.position)
        """,
        [limit],
    )
    found: dict[str, PastOrder] = {}
    asked: dict[str, dict[UUID, int]] = {}
    taken: dict[str, list[tuple[UUID, UUID, int]]] = {}
    sellers: dict[str, dict[UUID, UUID]] = {}
    for row in rows:
        if row.number not in found:
            asked[row.number], taken[row.number], sellers[row.number] = {}, [], {}
        wanted = asked[row.number]
        wanted[row.offer_id] = wanted.get(row.offer_id, 0) + int(row.asked or 0)
        taken[row.number].append((row.offer_id, row.node_id, int(row.taken)))
        sellers[row.number][row.offer_id] = row.seller_id
        lines = [(offer_id, units) for offer_id, units in wanted.items() if units]
        found[row.number] = PastOrder(
            row.number, row.market_code, row.currency, lines, taken[row.number], sellers[row.number]
        )
    return list(found.values())
