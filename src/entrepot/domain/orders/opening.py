"""Writing new orders with their suborders, lines and adjustments, by columns, in the caller's transaction."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from entrepot.domain.orders.snapshot import digest
from entrepot.kernel import ids
from entrepot.kernel.rounds import Asked, insert


class NewOrder(NamedTuple):
    """An order that waits for its payment."""

    id: UUID
    number: str
    checkout_key: str
    request_hash: str
    cart_id: UUID | None
    user_id: UUID | None
    market_id: UUID
    currency: str
    language: str
    ship_to_id: UUID
    access_token: str
    total_minor: int


class NewSuborder(NamedTuple):
    """A part of an order from one seller, node and programme."""

    id: UUID
    order_id: UUID
    number: str
    seller_id: UUID
    node_id: UUID
    performer_id: UUID
    performer_party: str
    programme_code: str
    carrier: str
    service: str
    lane_code: str
    freight_cost_minor: int
    ship_by: datetime
    promised_from: date
    promised_until: date
    routing: Mapping[str, Any]
    confidence: Decimal
    segments: list[dict[str, str]]
    carriage: dict[str, Any]
    comes_with: UUID | None = None
    awaited_on: date | None = None
    instead_of_id: UUID | None = None


class NewLine(NamedTuple):
    """A line with all its money, as `models.OrderLine` says."""

    id: UUID
    order_id: UUID
    suborder_id: UUID
    seller_id: UUID
    offer_id: UUID
    enrolment_id: UUID
    sku_id: UUID
    terms_id: str
    position: int
    category_path: str
    title: str
    quantity: int
    list_minor: int
    discount_minor: int
    goods_net_minor: int
    goods_tax_minor: int
    shipping_net_minor: int
    shipping_tax_minor: int
    customs_duty_minor: int
    total_minor: int
    tax_rate: Decimal
    tax_collector: str
    freight_cost_minor: int
    supply_minor: int | None
    supply_currency: str
    fx_rate: Decimal
    fx_on: date | None
    fx_source: str
    attribution: dict[str, Any]
    border: dict[str, Any]
    replaces_id: UUID | None = None


class NewAdjustment(NamedTuple):
    """A part of a line's discount, with its funder."""

    line_id: UUID
    kind: str
    source_id: UUID
    label: str
    funder: str
    amount_minor: int


def claim_orders(*, rows: Sequence[NewOrder], now: datetime) -> Asked:
    """Write the orders whose checkout key and cart nobody else has taken; the answer has rows of their `id`.

    Keys are taken in one order, so that two batches with the same keys wait for each other and never for ever.
    """
    return insert(
        "orders_order", _columns(NewOrder, rows), {"created_at": now, "state": "pending", "keeps_cart": True},
        order="checkout_key", conflict="DO NOTHING", returning="id",
    )  # fmt: skip


def write_suborders(*, rows: Sequence[NewSuborder], now: datetime) -> None:
    """Write suborders."""
    insert("orders_suborder", _columns(NewSuborder, rows), {"created_at": now, "state": "open"})


def write_lines(*, rows: Sequence[NewLine], adjustments: Sequence[NewAdjustment], now: datetime) -> None:
    """Write lines with the hash of what they froze, and the parts of their discounts."""
    counts = ("cancelled_qty", "shipped_qty", "delivered_qty", "lost_qty", "returned_qty")
    columns = _columns(NewLine, rows) | {"snapshot_hash": [digest(row) for row in rows]}
    insert("orders_orderline", columns, {"created_at": now} | dict.fromkeys(counts, 0))
    columns = {"id": ids.new_ids(now, len(adjustments))} | _columns(NewAdjustment, adjustments)
    insert("orders_adjustment", columns, {"created_at": now})


def _columns(kind: type[Any], rows: Sequence[Any]) -> dict[str, Sequence[Any]]:
    return dict(zip(kind._fields, zip(*rows, strict=True), strict=True)) if rows else dict.fromkeys(kind._fields, ())
