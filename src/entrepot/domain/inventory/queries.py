"""Reads of stock. Scope is always passed: a seller's rows, or those at an organisation's nodes."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from entrepot.domain.inventory import rules
from entrepot.domain.inventory.models import Allotment, Movement, Stock
from entrepot.domain.sellers import queries as sellers
from entrepot.kernel.db import fetch_rows
from entrepot.kernel.errors import NotFound


def find_empty(offer_ids: Collection[UUID]) -> set[UUID]:
    """The offers of which no unit is free anywhere, whatever their terms say: of a component nothing is left."""
    rows = fetch_rows(
        """
        SELECT o.id FROM catalogue_offer o WHERE o.id = ANY(%s) AND EXISTS (
            SELECT FROM catalogue_skucomponent c WHERE c.sku_id = o.sku_id AND NOT EXISTS (
                SELECT FROM inventory_stock s
                LEFT JOIN inventory_allotment a ON a.stock_id = s.id AND a.offer_id = o.id
                WHERE s.seller_id = o.seller_id AND s.sku_id = c.component_id AND s.condition = 'new'
                  AND CASE WHEN o.stock_policy = 'allotted' THEN coalesce(a.quantity, 0)
                      ELSE s.on_hand - s.reserved - s.allotted END > 0
            )
        )
        """,
        [list(offer_ids)],
    )
    return {row.id for row in rows}


@dataclass(frozen=True, slots=True)
class StockAt:
    """How many units of an offer stand ready at a node, with what a routing asks of the node."""

    node_id: UUID
    operator_id: UUID
    country: str
    units: int


def available(offer_ids: Collection[UUID]) -> dict[UUID, int]:
    """How many units of each offer could be sold now, over all nodes from which its terms let it leave."""
    return {offer_id: sum(place.units for place in places) for offer_id, places in available_at(offer_ids).items()}


def available_at(offer_ids: Collection[UUID]) -> dict[UUID, list[StockAt]]:
    """The same by node, nodes by id. A kit is whole at one node: the least of its components there.

    An offer with allotted stock counts its allotments, one with shared stock what is neither held nor set aside.
    """
    rows = fetch_rows(_AVAILABLE, [list(offer_ids)])
    conditions = sellers.list_conditions({row.enrolment_id for row in rows})
    needed: dict[UUID, dict[UUID, int]] = defaultdict(dict)
    free: dict[tuple[UUID, UUID], dict[UUID, int]] = defaultdict(dict)
    nodes = {}
    for row in rows:
        needed[row.offer_id][row.component_id] = row.quantity
        if row.operator_kind is not None and rules.may_leave(
            conditions[row.enrolment_id],
            operator_kind=row.operator_kind,
            is_anothers=row.operator_id != row.seller_id,
            is_local=row.country == row.market_country,
        ):
            free[row.offer_id, row.node_id][row.component_id] = int(row.free)
            nodes[row.node_id] = row
    found: dict[UUID, list[StockAt]] = {offer_id: [] for offer_id in offer_ids}
    for (offer_id, node_id), units in sorted(free.items()):
        if kits := rules.kits(needed[offer_id], units):
            node = nodes[node_id]
            found[offer_id].append(StockAt(node_id, node.operator_id, node.country, kits))
    return found


_AVAILABLE = """
    SELECT o.id AS offer_id, o.seller_id, o.enrolment_id, m.country AS market_country, c.component_id, c.quantity,
        s.node_id, n.operator_id, r.kind AS operator_kind, n.country,
        sum(CASE WHEN o.stock_policy = 'allotted' THEN coalesce(a.quantity, 0)
                 ELSE s.on_hand - s.reserved - s.allotted END) AS free
    FROM catalogue_offer o
    JOIN markets_market m ON m.id = o.market_id
    JOIN catalogue_skucomponent c ON c.sku_id = o.sku_id
    LEFT JOIN inventory_stock s ON s.sku_id = c.component_id AND s.seller_id = o.seller_id AND s.condition = 'new'
        AND s.on_hand > s.reserved
    LEFT JOIN logistics_node n ON n.id = s.node_id AND n.archived_at IS NULL
    LEFT JOIN accounts_organisation r ON r.id = n.operator_id
    LEFT JOIN inventory_allotment a ON a.stock_id = s.id AND a.offer_id = o.id
    WHERE o.id = ANY(%s)
    GROUP BY o.id, m.country, c.component_id, c.quantity, s.node_id, n.id, r.kind
"""


def list_stock(
    *,
    seller_id: UUID | None = None,
    node_operator_id: UUID | None = None,
    sku_ids: Collection[UUID] | None = None,
    node_id: UUID | None = None,
    after: UUID | None = None,
    limit: int = 200,
) -> list[Stock]:
    """Stock rows with SKU, node and owner, by id: a seller's, or all that stand at an organisation's nodes.

    What is on its way does not stand there. Without either scope the rows are everybody's, for those whose verb
    reaches all.
    """
    rows = Stock.objects.exclude(condition="coming")
    rows = rows.select_related("sku__product", "node", "owner", "seller__organisation")
    if seller_id is not None:
        rows = rows.filter(seller_id=seller_id)
    if node_operator_id is not None:
        rows = rows.filter(node__operator_id=node_operator_id)
    if sku_ids is not None:
        rows = rows.filter(sku_id__in=list(sku_ids))
    if node_id is not None:
        rows = rows.filter(node_id=node_id)
    if after is not None:
        rows = rows.filter(id__gt=after)
    return list(rows.order_by("id")[:limit])


def get_stock(*, stock_id: UUID, seller_id: UUID | None = None) -> Stock:
    """A stock row, within the scope. Raises: NotFound."""
    rows = Stock.objects.exclude(condition="coming")
    rows = rows.select_related("sku__product", "node", "owner", "seller__organisation")
    stock = rows.filter(Q(seller_id=seller_id) if seller_id is not None else Q(), id=stock_id).first()
    if stock is None:
        raise NotFound(kind="stock")
    return stock


def get_rows(*, stock_ids: Collection[UUID]) -> list[Stock]:
    """Stock rows with their nodes, by id; the caller checks who may see them. What is on its way stands nowhere yet."""
    rows = Stock.objects.exclude(condition="coming").select_related("node")
    return list(rows.filter(id__in=list(stock_ids)).order_by("id"))


def allotments(*, offer_id: UUID) -> dict[UUID, int]:
    """Stock row -> the units that are set aside for an offer there."""
    rows = Allotment.objects.filter(offer_id=offer_id, quantity__gt=0).order_by("stock_id")
    return dict(rows.values_list("stock_id", "quantity"))


def has_stock_in(*, seller_id: UUID, country: str) -> bool:
    """Whether a seller has units of anything at a node in the country."""
    rows = Stock.objects.exclude(condition="coming")
    return rows.filter(seller_id=seller_id, node__country=country, on_hand__gt=0).exists()


def list_movements(*, stock_id: UUID, before: UUID | None = None, limit: int = 200) -> list[Movement]:
    """The movements of a stock row, newest first; the caller has checked the row's scope."""
    rows = Movement.objects.filter(stock_id=stock_id)
    if before is not None:
        rows = rows.filter(id__lt=before)
    return list(rows.order_by("-id")[:limit])


def on_hand_at(*, seller_id: UUID, sku_ids: Collection[UUID], at: datetime) -> Mapping[UUID, int]:
    """How many units of each SKU a seller had at an instant, over all nodes and conditions: the sum of movements."""
    rows = fetch_rows(
        "SELECT s.sku_id, sum(m.quantity) AS units FROM inventory_movement m"
        " JOIN inventory_stock s ON s.id = m.stock_id WHERE s.seller_id = %s AND s.sku_id = ANY(%s)"
        " AND s.condition <> 'coming' AND m.occurred_at <= %s GROUP BY s.sku_id",
        [seller_id, list(sku_ids), at],
    )
    return dict.fromkeys(sku_ids, 0) | {row.sku_id: int(row.units) for row in rows}


@dataclass(frozen=True, slots=True)
class Held:
    """Units that are kept for an order line, where they stand."""

    line_id: UUID
    sku_id: UUID
    sku_code: str
    product_id: UUID
    barcode: str
    lot: str
    quantity: int
    per_unit: int
    stock_id: UUID


def list_held(*, line_ids: Collection[UUID]) -> dict[UUID, list[Held]]:
    """What is kept for these order lines, by line, in the order in which it was kept; scope is the caller's."""
    rows = fetch_rows(
        "SELECT h.owner_id AS line_id, k.id AS sku_id, k.code AS sku_code, k.product_id, k.barcode, s.lot, h.quantity,"
        " h.per_unit, h.stock_id FROM inventory_hold h JOIN inventory_stock s ON s.id = h.stock_id"
        " JOIN catalogue_sku k ON k.id = s.sku_id WHERE h.owner_id = ANY(%s) AND h.state = 'active'"
        " ORDER BY h.owner_id, h.id",
        [list(line_ids)],
    )
    found: dict[UUID, list[Held]] = defaultdict(list)
    for row in rows:
        found[row.line_id].append(Held(*row))
    return dict(found)


@dataclass(frozen=True, slots=True)
class Shipped:
    """A component that left for an order line: whose it was, and how many are in one unit of the line."""

    line_id: UUID
    sku_id: UUID
    owner_id: UUID
    lot: str
    per_unit: int


def list_shipped(*, line_ids: Collection[UUID]) -> dict[UUID, list[Shipped]]:
    """The components that left for these order lines, each as it left first, by line."""
    rows = fetch_rows(
        "SELECT DISTINCT ON (h.owner_id, s.sku_id) h.owner_id AS line_id, s.sku_id, s.owner_id, s.lot, h.per_unit"
        " FROM inventory_hold h JOIN inventory_stock s ON s.id = h.stock_id"
        " WHERE h.owner_id = ANY(%s) AND h.state = 'consumed' ORDER BY h.owner_id, s.sku_id, h.id",
        [list(line_ids)],
    )
    found: dict[UUID, list[Shipped]] = defaultdict(list)
    for row in rows:
        found[row.line_id].append(Shipped(*row))
    return dict(found)
