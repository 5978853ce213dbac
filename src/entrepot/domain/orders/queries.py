"""Reads of orders. The scope says whose they are: a shopper's, a seller's part of them, or everybody's.

To a shopper an order is one thing; to a seller only its own suborders exist, with their lines and events, and neither
the total nor the payment of the whole.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from entrepot.domain.orders import promises
from entrepot.domain.orders.models import OrderLine, Suborder
from entrepot.domain.orders.promises import PromiseView
from entrepot.domain.orders.rules import Quantities, cancelled_first, order_state, share_minor
from entrepot.kernel.db import fetch_rows
from entrepot.kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose orders: of a user, of these guest's tokens, of a seller, or all."""

    user_id: UUID | None = None
    tokens: Collection[str] = ()
    seller_id: UUID | None = None
    is_all: bool = False

    def where(self) -> tuple[str, list[Any]]:
        """The condition on `ordered`, a row of orders, and its parameters."""
        if self.is_all:
            return "true", []
        if self.seller_id is not None:
            return "ordered.id IN (SELECT order_id FROM orders_suborder WHERE seller_id = %s)", [self.seller_id]
        return (
            "(ordered.user_id = %s OR (ordered.user_id IS NULL AND ordered.access_token = ANY(%s)))",
            [self.user_id, list(self.tokens)],
        )


EVERYBODYS = Scope(is_all=True)


@dataclass(frozen=True, slots=True)
class AdjustmentView:
    """A part of a line's discount, and who pays for it."""

    kind: str
    label: str
    funder: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class LineView:
    """A line with its money and what became of its units. Units: minor, for the whole line; list and discount as shown.

    `cancelled_minor` is what the shopper need not pay for its cancelled units.
    """

    id: UUID
    suborder_id: UUID
    position: int
    offer_id: UUID
    sku_id: UUID
    product_id: UUID
    title: str
    options: dict[str, Any]
    terms_id: str
    units: Quantities
    list_minor: int
    discount_minor: int
    goods_net_minor: int
    goods_tax_minor: int
    shipping_net_minor: int
    shipping_tax_minor: int
    customs_duty_minor: int
    total_minor: int
    cancelled_minor: int
    tax_rate: Any
    supply_minor: int | None
    supply_currency: str
    replaces_id: UUID | None
    adjustments: tuple[AdjustmentView, ...]


@dataclass(frozen=True, slots=True)
class SuborderView:
    """What one seller sends from one node, with its promise; `promise` says how that fares, once it was looked at."""

    id: UUID
    order_id: UUID
    number: str
    seller_id: UUID
    seller_name: str
    node_id: UUID
    node_code: str
    node_country: str
    performer_id: UUID
    performer_party: str
    programme_code: str
    state: str
    carrier: str
    service: str
    ship_by: datetime
    promised_from: date
    promised_until: date
    promise: PromiseView | None
    lines: tuple[LineView, ...]


@dataclass(frozen=True, slots=True)
class EventView:
    """Something that happened."""

    id: UUID
    suborder_id: UUID | None
    line_id: UUID | None
    kind: str
    quantity: int | None
    occurred_at: datetime
    actor_label: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class PaymentView:
    """How the order was paid. Units: minor."""

    id: UUID
    provider: str
    state: str
    amount_minor: int
    captured_minor: int
    voided_minor: int
    refunded_minor: int
    decline_reason: str


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order as its scope shows it. `state` is what people are told; `total_minor` is of the lines that are shown."""

    id: UUID
    number: str
    market_code: str
    currency: str
    includes_tax: bool
    language: str
    user_id: UUID | None
    ship_to_id: UUID
    access_token: str
    state: str
    created_at: datetime
    placed_at: datetime | None
    suborders: tuple[SuborderView, ...]
    events: tuple[EventView, ...]
    payment: PaymentView | None

    @property
    def lines(self) -> list[LineView]:
        """The lines of all suborders that are shown."""
        return [line for suborder in self.suborders for line in suborder.lines]

    @property
    def total_minor(self) -> int:
        """What the lines came to when they were ordered."""
        return sum(line.total_minor for line in self.lines if line.replaces_id is None)

    @property
    def cancelled_minor(self) -> int:
        """What of it was cancelled."""
        return sum(line.cancelled_minor - (line.total_minor if line.replaces_id else 0) for line in self.lines)


@dataclass(frozen=True, slots=True)
class OrderSummary:
    """An order in a list."""

    id: UUID
    number: str
    market_code: str
    currency: str
    state: str
    total_minor: int
    units: int
    created_at: datetime
    placed_at: datetime | None


@dataclass(frozen=True, slots=True)
class SuborderSummary:
    """A suborder in a seller's list."""

    id: UUID
    order_id: UUID
    number: str
    programme_code: str
    market_code: str
    currency: str
    state: str
    node_code: str
    performer_party: str
    total_minor: int
    units: int
    ship_by: datetime
    placed_at: datetime | None


@dataclass(frozen=True, slots=True)
class LinePlace:
    """Where a line stands: in which order, and as which of its lines."""

    line_id: UUID
    order_id: UUID
    order_number: str
    position: int
    title: str


_COUNTS = "quantity, cancelled_qty, shipped_qty, delivered_qty, lost_qty, returned_qty"
_SUMS = ", ".join(f"sum(line.{name})::int AS {name}" for name in _COUNTS.split(", "))


def list_orders(
    *, scope: Scope, market_code: str = "", state: str = "", before: UUID | None = None, limit: int = 50
) -> list[OrderSummary]:
    """Orders, newest first; `before` is the last one of the page before. `state` is pending, placed or declined."""
    where, params = scope.where()
    rows = fetch_rows(
        f"""
        WITH page AS (
            SELECT ordered.*, market.code AS market_code FROM orders_order ordered
            JOIN markets_market market ON market.id = ordered.market_id
            WHERE {where} AND (%s = '' OR market.code = %s) AND (%s = '' OR ordered.state = %s)
              AND (%s::uuid IS NULL OR ordered.id < %s)
            ORDER BY ordered.id DESC LIMIT %s
        )
        SELECT page.id, page.number, page.market_code, page.currency, page.state, page.created_at, page.placed_at,
            coalesce(sum(line.total_minor) FILTER (WHERE line.replaces_id IS NULL), 0)::bigint AS total_minor,
            coalesce(sum(line.quantity) FILTER (WHERE line.replaces_id IS NOT NULL), 0)::int AS replaced, {_SUMS}
        FROM page JOIN orders_orderline line ON line.order_id = page.id AND (%s::uuid IS NULL OR line.seller_id = %s)
        GROUP BY page.id, page.number, page.market_code, page.currency, page.state, page.created_at, page.placed_at
        ORDER BY page.id DESC
        """,
        [*params, market_code, market_code, state, state, before, before, limit, scope.seller_id, scope.seller_id],
    )
    return [
        OrderSummary(
            id=row.id,
            number=row.number,
            market_code=row.market_code,
            currency=row.currency,
            state=order_state(row.state, [_units(row)], replaced=row.replaced),
            total_minor=row.total_minor,
            units=row.quantity - row.replaced,
            created_at=row.created_at,
            placed_at=row.placed_at,
        )
        for row in rows
    ]


def list_suborders(
    *, seller_id: UUID | None, state: str = "", before: UUID | None = None, limit: int = 50
) -> list[SuborderSummary]:
    """Suborders of placed orders, newest first: a seller's, or everybody's for who may see all."""
    rows = fetch_rows(
        """
        SELECT suborder.id, suborder.order_id, suborder.number, suborder.programme_code, market.code AS market_code,
            ordered.currency, suborder.state, node.code AS node_code, suborder.performer_party,
            line.total_minor, line.units, suborder.ship_by, ordered.placed_at
        FROM orders_suborder suborder
        JOIN orders_order ordered ON ordered.id = suborder.order_id AND ordered.state = 'placed'
        JOIN markets_market market ON market.id = ordered.market_id
        JOIN logistics_node node ON node.id = suborder.node_id
        JOIN LATERAL (
            SELECT sum(total_minor)::bigint AS total_minor, sum(quantity)::int AS units FROM orders_orderline
            WHERE suborder_id = suborder.id
        ) line ON true
        WHERE (%s::uuid IS NULL OR suborder.seller_id = %s) AND (%s = '' OR suborder.state = %s)
          AND (%s::uuid IS NULL OR suborder.id < %s)
        ORDER BY suborder.id DESC LIMIT %s
        """,
        [seller_id, seller_id, state, state, before, before, limit],
    )
    return [SuborderSummary(*row) for row in rows]


def count_suborders(*, seller_id: UUID, up_to: int) -> int:
    """How many suborders of placed orders a seller has; of more than `up_to`, no more are counted."""
    [row] = fetch_rows(
        "SELECT count(*) AS suborders FROM (SELECT FROM orders_suborder suborder"
        " JOIN orders_order ordered ON ordered.id = suborder.order_id AND ordered.state = 'placed'"
        " WHERE suborder.seller_id = %s LIMIT %s) counted",
        [seller_id, up_to],
    )
    return int(row.suborders)


def find_order_id(*, number: str, scope: Scope) -> UUID | None:
    """The order of a number, or of a suborder's number, within the scope."""
    where, params = scope.where()
    typed = number.strip().upper()
    rows = fetch_rows(
        f"SELECT ordered.id FROM orders_order ordered WHERE {where} AND ordered.id IN (SELECT id FROM orders_order"
        f" WHERE number = %s UNION ALL SELECT order_id FROM orders_suborder WHERE number = %s)",
        [*params, typed, typed],
    )
    return rows[0].id if rows else None


def get_order(*, order_id: UUID, scope: Scope) -> OrderView:
    """An order as the scope shows it. Raises: NotFound."""
    where, params = scope.where()
    found = fetch_rows(
        f"SELECT ordered.*, market.code AS market_code, market.tax_display FROM orders_order ordered"
        f" JOIN markets_market market ON market.id = ordered.market_id WHERE ordered.id = %s AND {where}",
        [order_id, *params],
    )
    if not found:
        raise NotFound(kind="order")
    [row] = found
    suborders = _suborders([order_id], scope.seller_id)
    shown = {suborder.id for suborder in suborders}
    return OrderView(
        id=row.id,
        number=row.number,
        market_code=row.market_code,
        currency=row.currency,
        includes_tax=row.tax_display == "inclusive",
        language=row.language,
        user_id=row.user_id,
        ship_to_id=row.ship_to_id,
        access_token="" if scope.seller_id else row.access_token,
        state=order_state(
            row.state,
            [line.units for suborder in suborders for line in suborder.lines],
            replaced=sum(line.units.ordered for each in suborders for line in each.lines if line.replaces_id),
        ),
        created_at=row.created_at,
        placed_at=row.placed_at,
        suborders=tuple(suborders),
        events=tuple(_events(order_id, None if scope.seller_id is None else shown)),
        payment=None if scope.seller_id else _payment(order_id),
    )


def find_line_places(line_ids: Collection[UUID]) -> dict[UUID, LinePlace]:
    """The orders of these lines, for who may see all; what is no line is left out."""
    rows = fetch_rows(
        "SELECT line.id AS line_id, ordered.id AS order_id, ordered.number, line.position, line.title"
        " FROM orders_orderline line JOIN orders_order ordered ON ordered.id = line.order_id WHERE line.id = ANY(%s)",
        [list(line_ids)],
    )
    return {row[0]: LinePlace(*row) for row in rows}


def get_line(*, order_number: str, position: int) -> OrderLine:
    """A line with all that it froze, its order, suborder and enrolment; for who may see all. Raises: NotFound."""
    lines = OrderLine.objects.select_related(
        "order__market", "suborder__node", "seller__organisation", "enrolment__programme_version__programme", "sku"
    )
    line = lines.filter(order__number=order_number, position=position).first()
    if line is None:
        raise NotFound(kind="order line")
    return line


def get_suborder(*, suborder_id: UUID, seller_id: UUID | None) -> SuborderView:
    """A suborder of a seller, or anybody's for who may see all. Raises: NotFound."""
    found = fetch_rows(
        "SELECT order_id FROM orders_suborder WHERE id = %s AND (%s::uuid IS NULL OR seller_id = %s)",
        [suborder_id, seller_id, seller_id],
    )
    if not found:
        raise NotFound(kind="suborder")
    return next(each for each in _suborders([found[0].order_id], seller_id) if each.id == suborder_id)


def _suborders(order_ids: Sequence[UUID], seller_id: UUID | None) -> list[SuborderView]:
    lines: dict[UUID, list[LineView]] = defaultdict(list)
    for line in _lines(order_ids, seller_id):
        lines[line.suborder_id].append(line)
    rows = fetch_rows(
        "SELECT suborder.*, seller.name AS seller_name, node.code AS node_code, node.country AS node_country"
        " FROM orders_suborder suborder JOIN accounts_organisation seller ON seller.id = suborder.seller_id"
        " JOIN logistics_node node ON node.id = suborder.node_id WHERE suborder.order_id = ANY(%s)"
        " AND (%s::uuid IS NULL OR suborder.seller_id = %s) ORDER BY suborder.id",
        [list(order_ids), seller_id, seller_id],
    )
    kept = promises.find_promises(suborder_ids=[row.id for row in rows])
    names = [name for name in SuborderView.__slots__ if name not in ("lines", "promise")]
    return [
        SuborderView(
            **{name: getattr(row, name) for name in names}, promise=kept.get(row.id), lines=tuple(lines[row.id])
        )
        for row in rows
    ]


def _lines(order_ids: Sequence[UUID], seller_id: UUID | None) -> list[LineView]:
    rows = fetch_rows(
        "SELECT line.*, sku.product_id, sku.options FROM orders_orderline line"
        " JOIN catalogue_sku sku ON sku.id = line.sku_id"
        " WHERE line.order_id = ANY(%s) AND (%s::uuid IS NULL OR line.seller_id = %s) ORDER BY line.position",
        [list(order_ids), seller_id, seller_id],
    )
    adjustments: dict[UUID, list[AdjustmentView]] = defaultdict(list)
    for part in fetch_rows(
        "SELECT line_id, kind, label, funder, amount_minor FROM orders_adjustment WHERE line_id = ANY(%s) ORDER BY id",
        [[row.id for row in rows]],
    ):
        adjustments[part.line_id].append(AdjustmentView(*part[1:]))
    own = {"units", "cancelled_minor", "adjustments"}
    names = [name for name in LineView.__slots__ if name not in own]
    return [
        LineView(
            **{name: getattr(row, name) for name in names},
            units=_units(row),
            cancelled_minor=share_minor(row, cancelled_first(row.quantity, 0, row.cancelled_qty), row.cancelled_qty),
            adjustments=tuple(adjustments[row.id]),
        )
        for row in rows
    ]


def _events(order_id: UUID, suborder_ids: Collection[UUID] | None) -> list[EventView]:
    rows = fetch_rows(
        "SELECT id, suborder_id, line_id, kind, quantity, occurred_at, actor_label, data FROM orders_orderevent"
        " WHERE order_id = %s AND (%s OR suborder_id IS NULL OR suborder_id = ANY(%s)) ORDER BY occurred_at, id",
        [order_id, suborder_ids is None, list(suborder_ids or ())],
    )
    return [EventView(*row) for row in rows]


def _payment(order_id: UUID) -> PaymentView | None:
    rows = fetch_rows(
        "SELECT id, provider, state, amount_minor, captured_minor, voided_minor, refunded_minor, decline_reason"
        " FROM payments_payment WHERE reference_id = %s",
        [order_id],
    )
    return PaymentView(*rows[0]) if rows else None


def _units(row: Any) -> Quantities:
    return Quantities(
        row.quantity, row.cancelled_qty, row.shipped_qty, row.delivered_qty, row.lost_qty, row.returned_qty
    )


def find_suborder_of_line(*, line_id: UUID, seller_id: UUID) -> str:
    """The number of the seller's suborder that an order line stands in; nothing where there is none."""
    rows = fetch_rows(
        "SELECT suborder.number FROM orders_orderline line JOIN orders_suborder suborder ON suborder.id ="
        " line.suborder_id WHERE line.id = %s AND line.seller_id = %s",
        [line_id, seller_id],
    )
    return rows[0].number if rows else ""


def list_routings(*, order_id: UUID, scope: Scope) -> dict[UUID, dict[str, Any]]:
    """Why each suborder of an order leaves from its node, by suborder; only everybody's scope sees other nodes."""
    if not scope.is_all:
        return {}
    return dict(Suborder.objects.filter(order_id=order_id).order_by("number").values_list("id", "routing"))
