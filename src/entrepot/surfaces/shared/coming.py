"""Units that are on their way in, beside the stock that is there: not for sale before they are put away."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from entrepot.domain.catalogue import queries as catalogue
from entrepot.domain.inbound import queries
from entrepot.domain.inbound.queries import Scope
from entrepot.domain.logistics import queries as logistics

#: Rows that a page shows beside its own; the lists of shipments and stock orders have all.
SHOWN_MAX = 50


def rows_of(scope: Scope, languages: Sequence[str], *, node_id: UUID | None = None) -> list[dict[str, Any]]:
    """What comes, the largest first, with titles and nodes."""
    found = [each for each in queries.list_coming(scope=scope) if node_id in (None, each.node_id)]
    found = sorted(found, key=lambda each: (-each.in_transit, -each.to_come, each.sku_id))[:SHOWN_MAX]
    if not found:
        return []
    skus = catalogue.get_skus({each.sku_id for each in found})
    titles = catalogue.texts({sku.product_id for sku in skus.values()}, languages=languages)
    nodes = logistics.list_nodes({each.node_id for each in found})
    return [
        {
            "at": each,
            "code": skus[each.sku_id].code,
            "title": titles[skus[each.sku_id].product_id].title
            if skus[each.sku_id].product_id in titles
            else skus[each.sku_id].code,
            "node": nodes[each.node_id].name,
        }
        for each in found
    ]
