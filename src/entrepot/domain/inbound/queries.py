"""Reads of stock orders and shipments. Scope is always passed: a seller's, those at an organisation's nodes, or all."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from entrepot.domain.inbound import rules
from entrepot.domain.inbound.models import (
    Carton,
    CartonLine,
    Discrepancy,
    InboundEvent,
    Inspection,
    PutAway,
    Setting,
    Shipment,
    StockOrder,
    StockOrderLine,
)
from entrepot.domain.inbound.rules import Settings
from entrepot.kernel.db import fetch_rows, fetch_value
from entrepot.kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose rows: a seller's, or those that come to the nodes of an organisation; of neither, everybody's."""

    seller_id: UUID | None = None
    node_operator_id: UUID | None = None

    def where(self) -> Q:
        """As a condition on what has a seller and a node."""
        condition = Q() if self.seller_id is None else Q(seller_id=self.seller_id)
        if self.node_operator_id is not None:
            condition &= Q(node__operator_id=self.node_operator_id)
        return condition


ALL = Scope()


@dataclass(frozen=True, slots=True)
class ShipmentSum:
    """What a shipment is said to hold, and what was counted and put away of it."""

    cartons: int = 0
    skus: int = 0
    declared: int = 0
    counted: int = 0
    put_away: int = 0
    weight_g: int = 0


@dataclass(frozen=True, slots=True)
class Position:
    """A SKU of a shipment: what was announced, how it was counted, what became stock, how it was inspected."""

    sku_id: UUID
    sku_code: str
    product_id: UUID
    declared: int
    good: int
    damaged: int
    put_away: int
    inspection: Inspection | None = None

    @property
    def counted(self) -> int:
        """All units that came."""
        return self.good + self.damaged


@dataclass(frozen=True, slots=True)
class CartonView:
    """A carton, what is said to be in it, and whether somebody at the node has seen it."""

    carton: Carton
    place: int
    lines: Sequence[CartonLine]
    is_counted: bool

    @property
    def units(self) -> int:
        """All units in it."""
        return sum(line.quantity for line in self.lines)


@dataclass(frozen=True, slots=True)
class ShipmentView:
    """A shipment with all that is known of it."""

    shipment: Shipment
    cartons: Sequence[CartonView]
    positions: Sequence[Position]
    discrepancies: Sequence[Discrepancy]
    events: Sequence[InboundEvent]

    @property
    def total(self) -> ShipmentSum:
        """What it comes to."""
        return ShipmentSum(
            len(self.cartons),
            sum(bool(each.declared) for each in self.positions),
            sum(each.declared for each in self.positions),
            sum(each.counted for each in self.positions),
            sum(each.put_away for each in self.positions),
            sum(each.carton.weight_g for each in self.cartons),
        )


@dataclass(frozen=True, slots=True)
class OrderView:
    """A stock order with its lines, its shipments and its events; `received` is SKU -> units put away."""

    order: StockOrder
    lines: Sequence[StockOrderLine]
    shipments: Sequence[Shipment]
    events: Sequence[InboundEvent]
    received: Mapping[UUID, int] = field(default_factory=dict)


def settings_of(programme_code: str, *, on: date) -> Settings:
    """What counts for a programme on a day: its own row, else that of all programmes, else the defaults."""
    return settings_by_programme([programme_code], on=on)[programme_code]


def settings_by_programme(programme_codes: Collection[str], *, on: date) -> dict[str, Settings]:
    """The same of several programmes, by their codes."""
    found = {
        row.programme_code: Settings(**{each.name: getattr(row, each.name) for each in fields(Settings)})
        for row in list_settings(on=on)
    }
    return {code: found.get(code) or found.get("") or rules.DEFAULTS for code in programme_codes}


def list_settings(*, on: date) -> list[Setting]:
    """The rows in force on a day, that of all programmes first."""
    rows = Setting.objects.filter(Q(valid_until__isnull=True) | Q(valid_until__gt=on), valid_from__lte=on)
    return list(rows.order_by("programme_code"))


# stock orders


def list_orders(
    *, scope: Scope, states: Collection[str] = (), before: UUID | None = None, late: bool = False, limit: int = 50
) -> list[StockOrder]:
    """Stock orders, the newest first."""
    rows = _orders(scope)
    if states:
        rows = rows.filter(state__in=list(states))
    if late:
        rows = rows.filter(Q(answer_late_at__isnull=False) | Q(delivery_late_at__isnull=False))
    if before is not None:
        rows = rows.filter(id__lt=before)
    return list(rows.order_by("-id")[:limit])


def count_orders(*, scope: Scope) -> dict[str, int]:
    """How many stock orders there are, by state."""
    rows = StockOrder.objects.filter(scope.where())
    return dict(rows.order_by().values_list("state").annotate(count=Count("id")))


def sum_orders(order_ids: Collection[UUID]) -> dict[UUID, tuple[int, int, int]]:
    """(lines, units asked for, units agreed to) of stock orders."""
    rows = fetch_rows(
        "SELECT stock_order_id, count(*) AS lines, sum(asked_qty)::bigint AS asked,"
        " coalesce(sum(agreed_qty), 0)::bigint AS agreed FROM inbound_stockorderline"
        " WHERE stock_order_id = ANY(%s) GROUP BY stock_order_id",
        [list(order_ids)],
    )
    return {row.stock_order_id: (row.lines, row.asked, row.agreed) for row in rows}


def find_order(*, scope: Scope, number: str = "", order_id: UUID | None = None) -> StockOrder:
    """A stock order by its number or id, within the scope. Raises: NotFound."""
    order = _orders(scope).filter(Q(number=number) if order_id is None else Q(id=order_id)).first()
    if order is None:
        raise NotFound(kind="stock order")
    return order


def get_order(*, scope: Scope, number: str = "", order_id: UUID | None = None) -> OrderView:
    """A stock order with all that is known of it, within the scope. Raises: NotFound."""
    order = find_order(number=number, order_id=order_id, scope=scope)
    lines = StockOrderLine.objects.select_related("sku", "offer").filter(stock_order=order).order_by("position")
    shipments = list(_shipments(ALL).filter(stock_order=order).order_by("id"))
    received: dict[UUID, int] = defaultdict(int)
    for row in PutAway.objects.filter(shipment__in=shipments):
        received[row.sku_id] += row.quantity
    events = list(InboundEvent.objects.filter(stock_order=order).order_by("id")[:200])
    return OrderView(order, list(lines), shipments, events, dict(received))


def _orders(scope: Scope) -> QuerySet[StockOrder]:
    return StockOrder.objects.select_related(
        "seller__organisation", "node", "enrolment__market", "enrolment__programme_version"
    ).filter(scope.where())


# shipments


def list_shipments(
    *, scope: Scope, states: Collection[str] = (), before: UUID | None = None, limit: int = 50
) -> list[Shipment]:
    """Shipments, the newest first."""
    rows = _shipments(scope)
    if states:
        rows = rows.filter(state__in=list(states))
    if before is not None:
        rows = rows.filter(id__lt=before)
    return list(rows.order_by("-id")[:limit])


def list_by_id(shipment_ids: Collection[UUID]) -> list[Shipment]:
    """These shipments, the oldest first; scope is the caller's."""
    return list(_shipments(ALL).filter(id__in=list(shipment_ids)).order_by("id"))


def count_shipments(*, scope: Scope) -> dict[str, int]:
    """How many shipments there are, by state."""
    rows = Shipment.objects.filter(scope.where())
    return dict(rows.order_by().values_list("state").annotate(count=Count("id")))


def sum_shipments(shipment_ids: Collection[UUID]) -> dict[UUID, ShipmentSum]:
    """What shipments are said to hold, and what was counted and put away."""
    rows = fetch_rows(_SUMS, {"shipments": list(shipment_ids)})
    return {row.id: ShipmentSum(*(int(cell) for cell in row[1:])) for row in rows}


_SUMS = """
    SELECT shipment.id, coalesce(boxes.cartons, 0) AS cartons, coalesce(said.skus, 0) AS skus,
        coalesce(said.units, 0) AS declared,
        coalesce((SELECT sum(quantity) FROM inbound_count WHERE shipment_id = shipment.id), 0) AS counted,
        coalesce((SELECT sum(quantity) FROM inbound_putaway WHERE shipment_id = shipment.id), 0) AS put_away,
        coalesce(boxes.weight, 0) AS weight_g
    FROM inbound_shipment shipment
    LEFT JOIN LATERAL (
        SELECT count(*) AS cartons, sum(weight_g) AS weight FROM inbound_carton WHERE shipment_id = shipment.id
    ) boxes ON true
    LEFT JOIN LATERAL (
        SELECT count(DISTINCT line.sku_id) AS skus, sum(line.quantity) AS units
        FROM inbound_carton carton JOIN inbound_cartonline line ON line.carton_id = carton.id
        WHERE carton.shipment_id = shipment.id
    ) said ON true
    WHERE shipment.id = ANY(%(shipments)s)
"""


def find_shipment(*, scope: Scope, number: str = "", shipment_id: UUID | None = None) -> Shipment:
    """A shipment by its number or id, within the scope. Raises: NotFound."""
    shipment = _shipments(scope).filter(Q(number=number) if shipment_id is None else Q(id=shipment_id)).first()
    if shipment is None:
        raise NotFound(kind="shipment")
    return shipment


def find_by_carton(*, barcode: str, scope: Scope) -> Shipment | None:
    """The shipment of which a carton has this number, within the scope, or None."""
    carton = Carton.objects.filter(barcode=barcode).first()
    return _shipments(scope).filter(id=carton.shipment_id).first() if carton else None


def get_shipment(*, scope: Scope, number: str = "", shipment_id: UUID | None = None) -> ShipmentView:
    """A shipment with all that is known of it, within the scope. Raises: NotFound."""
    shipment = find_shipment(number=number, shipment_id=shipment_id, scope=scope)
    return ShipmentView(
        shipment,
        list_cartons(shipment.id),
        list_positions(shipment.id),
        list(Discrepancy.objects.select_related("sku").filter(shipment=shipment).order_by("id")),
        list(InboundEvent.objects.filter(shipment=shipment).order_by("id")[:200]),
    )


def list_cartons(shipment_id: UUID) -> list[CartonView]:
    """The cartons of a shipment in their order."""
    lines: dict[UUID, list[CartonLine]] = defaultdict(list)
    rows = CartonLine.objects.select_related("sku").filter(carton__shipment_id=shipment_id)
    for line in rows.order_by("sku__code"):
        lines[line.carton_id].append(line)
    seen = {
        row.carton_id
        for row in fetch_rows(
            "SELECT DISTINCT carton_id FROM inbound_count WHERE shipment_id = %s AND carton_id IS NOT NULL",
            [shipment_id],
        )
    }
    cartons = Carton.objects.filter(shipment_id=shipment_id).order_by("id")
    return [
        CartonView(carton, place, lines[carton.id], carton.id in seen) for place, carton in enumerate(cartons, start=1)
    ]


def list_positions(shipment_id: UUID) -> list[Position]:
    """What was announced, counted and put away of each SKU, by its code."""
    inspections = {each.sku_id: each for each in Inspection.objects.filter(shipment_id=shipment_id).order_by("id")}
    rows = fetch_rows(_POSITIONS, {"shipment": shipment_id})
    return [Position(**row._asdict(), inspection=inspections.get(row.sku_id)) for row in rows]


_POSITIONS = """
    SELECT sku.id AS sku_id, sku.code AS sku_code, sku.product_id, coalesce(sum(declared), 0)::bigint AS declared,
        coalesce(sum(good), 0)::bigint AS good, coalesce(sum(damaged), 0)::bigint AS damaged,
        coalesce(sum(put_away), 0)::bigint AS put_away
    FROM (
        SELECT line.sku_id, line.quantity AS declared, NULL::bigint AS good, NULL::bigint AS damaged,
            NULL::bigint AS put_away
        FROM inbound_carton carton JOIN inbound_cartonline line ON line.carton_id = carton.id
        WHERE carton.shipment_id = %(shipment)s
        UNION ALL
        SELECT sku_id, NULL, CASE WHEN condition = 'new' THEN quantity END,
            CASE WHEN condition = 'damaged' THEN quantity END, NULL
        FROM inbound_count WHERE shipment_id = %(shipment)s
        UNION ALL
        SELECT sku_id, NULL, NULL, NULL, quantity FROM inbound_putaway WHERE shipment_id = %(shipment)s
    ) moved JOIN catalogue_sku sku ON sku.id = moved.sku_id
    GROUP BY sku.id ORDER BY sku.code
"""


def counted(shipment_id: UUID) -> dict[tuple[UUID, str], int]:
    """(SKU, condition) -> units counted."""
    return _by_condition("inbound_count", shipment_id)


def put_away(shipment_id: UUID) -> dict[tuple[UUID, str], int]:
    """(SKU, condition) -> units that became stock."""
    return _by_condition("inbound_putaway", shipment_id)


def declared(shipment_id: UUID) -> dict[UUID, int]:
    """SKU -> units that were announced."""
    rows = fetch_rows(
        "SELECT line.sku_id, sum(line.quantity)::bigint AS units FROM inbound_carton carton"
        " JOIN inbound_cartonline line ON line.carton_id = carton.id WHERE carton.shipment_id = %s GROUP BY 1",
        [shipment_id],
    )
    return {row.sku_id: row.units for row in rows}


def failed(shipment_id: UUID) -> set[UUID]:
    """The SKUs whose last inspection was not passed."""
    last = {each.sku_id: each.passed for each in Inspection.objects.filter(shipment_id=shipment_id).order_by("id")}
    return {sku_id for sku_id, passed in last.items() if not passed}


def _by_condition(table: str, shipment_id: UUID) -> dict[tuple[UUID, str], int]:
    rows = fetch_rows(
        f"SELECT sku_id, condition, sum(quantity)::bigint AS units FROM {table} WHERE shipment_id = %s GROUP BY 1, 2",
        [shipment_id],
    )
    return {(row.sku_id, row.condition): row.units for row in rows if row.units}


def _shipments(scope: Scope) -> QuerySet[Shipment]:
    return Shipment.objects.select_related(
        "seller__organisation", "node__operator", "enrolment__market", "stock_order"
    ).filter(scope.where())


# what is on its way


@dataclass(frozen=True, slots=True)
class Coming:
    """Units of a seller's SKU for a node: on the way, and ordered or announced but not gone yet."""

    seller_id: UUID
    sku_id: UUID
    node_id: UUID
    in_transit: int
    to_come: int


def list_coming(*, scope: Scope, sku_ids: Collection[UUID] | None = None) -> list[Coming]:
    """What is not stock yet and will be: what was shipped less what was put away; what is ordered or announced.

    A stock order counts as it was agreed to, or as it was asked while it waits for an answer, until it is shipped.
    """
    return [
        Coming(row.seller_id, row.sku_id, row.node_id, int(row.in_transit), int(row.to_come))
        for row in fetch_rows(
            _COMING,
            {
                "seller": scope.seller_id,
                "operator": scope.node_operator_id,
                "skus": None if sku_ids is None else list(sku_ids),
                "moving": list(rules.ON_THE_WAY),
            },
        )
    ]


_COMING = """
    SELECT seller_id, sku_id, node_id, greatest(sum(in_transit), 0) AS in_transit, sum(to_come) AS to_come
    FROM (
        SELECT s.seller_id, line.sku_id, s.node_id,
            CASE WHEN s.state = ANY(%(moving)s) THEN line.quantity ELSE 0 END AS in_transit,
            CASE WHEN s.state = 'announced' AND s.stock_order_id IS NULL THEN line.quantity ELSE 0 END AS to_come
        FROM inbound_shipment s JOIN inbound_carton carton ON carton.shipment_id = s.id
        JOIN inbound_cartonline line ON line.carton_id = carton.id
        WHERE s.state = 'announced' OR s.state = ANY(%(moving)s)
        UNION ALL
        SELECT s.seller_id, away.sku_id, s.node_id, -away.quantity, 0
        FROM inbound_shipment s JOIN inbound_putaway away ON away.shipment_id = s.id
        WHERE s.state = ANY(%(moving)s)
        UNION ALL
        SELECT o.seller_id, line.sku_id, o.node_id, 0,
            coalesce(line.agreed_qty, line.offered_qty, line.asked_qty)
        FROM inbound_stockorder o JOIN inbound_stockorderline line ON line.stock_order_id = o.id
        WHERE o.state IN ('asked', 'countered', 'accepted', 'packed')
    ) moved JOIN logistics_node node ON node.id = moved.node_id
    WHERE (%(seller)s::uuid IS NULL OR seller_id = %(seller)s)
      AND (%(operator)s::uuid IS NULL OR node.operator_id = %(operator)s)
      AND (%(skus)s::uuid[] IS NULL OR sku_id = ANY(%(skus)s::uuid[]))
    GROUP BY seller_id, sku_id, node_id
    HAVING greatest(sum(in_transit), 0) > 0 OR sum(to_come) > 0
    ORDER BY sku_id, node_id
"""


def standing(sku_ids: Collection[UUID]) -> dict[tuple[UUID, UUID, UUID], int]:
    """(seller, SKU, node) -> units on hand, of whatever condition."""
    rows = fetch_rows(
        "SELECT seller_id, sku_id, node_id, sum(on_hand)::bigint AS units FROM inventory_stock"
        " WHERE sku_id = ANY(%s) AND condition <> 'coming' GROUP BY 1, 2, 3",
        [list(sku_ids)],
    )
    return {(row.seller_id, row.sku_id, row.node_id): row.units for row in rows}


def find_source(*, movement_id: UUID) -> Shipment | None:
    """The shipment from which goods came that a movement put into stock or bought, or None."""
    found = fetch_value(
        "SELECT source_id FROM inventory_movement WHERE id = %s AND source_type = 'shipment'", [movement_id]
    )
    return _shipments(ALL).filter(id=found).first() if found else None


def find_billed(*, cost_id: UUID) -> Shipment | None:
    """The shipment for whose way a bill came, or None."""
    found = fetch_value("SELECT shipment_id FROM inbound_shipmentcost WHERE id = %s", [cost_id])
    return _shipments(ALL).filter(id=found).first() if found else None


def find_of_accrual(event_kind: str, event_id: UUID) -> Shipment | None:
    """The shipment that an amount of a seller is about: goods bought out of it, or a bill for its way; None else."""
    if event_kind == "receipt":
        return find_source(movement_id=event_id)
    return find_billed(cost_id=event_id) if event_kind == "inbound_cost" else None


def agreed_costs(order_id: UUID) -> dict[UUID, tuple[int, str]]:
    """SKU -> the supply price of a stock order's line. Units: minor."""
    rows = StockOrderLine.objects.filter(stock_order_id=order_id).values_list(
        "sku_id", "unit_minor", "stock_order__currency"
    )
    return {sku_id: (minor, currency) for sku_id, minor, currency in rows}
