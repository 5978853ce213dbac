"""How much of what was sold in a while."""

from datetime import datetime
from uuid import UUID

from entrepot.kernel.db import fetch_rows


def units_sold(*, since: datetime, until: datetime) -> dict[tuple[UUID, UUID], int]:
    """(seller, SKU) -> units ordered in [since, until) and not cancelled; those of a kit count as its components."""
    rows = fetch_rows(
        "SELECT line.seller_id, part.component_id AS sku_id,"
        " sum((line.quantity - line.cancelled_qty) * part.quantity)::bigint AS units"
        " FROM orders_orderline line JOIN orders_order ordered ON ordered.id = line.order_id"
        " JOIN catalogue_skucomponent part ON part.sku_id = line.sku_id"
        " WHERE ordered.placed_at >= %s AND ordered.placed_at < %s AND ordered.state <> 'declined'"
        " GROUP BY 1, 2",
        [since, until],
    )
    return {(row.seller_id, row.sku_id): row.units for row in rows if row.units}
