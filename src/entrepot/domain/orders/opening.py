"""Writing new orders with their suborders, lines and adjustments, by COPY, in the caller's transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from entrepot.domain.orders.snapshot import digest
from entrepot.kernel import ids
from entrepot.kernel.db import copy_rows, fetch_rows, unnest


@dataclass(frozen=True, slots=True)
class NewOrder:
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


@dataclass(frozen=True, slots=True)
class NewSuborder:
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


@dataclass(frozen=True, slots=True)
class NewLine:
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


@dataclass(frozen=True, slots=True)
class NewAdjustment:
    """A part of a line's discount, with its funder."""

    line_id: UUID
    kind: str
    source_id: UUID
    label: str
    funder: str
    amount_minor: int


_ORDER = {
    "id": "uuid",
    "number": "text",
    "checkout_key": "text",
    "request_hash": "text",
    "cart_id": "uuid",
    "user_id": "uuid",
    "market_id": "uuid",
    "currency": "text",
    "language": "text",
    "ship_to_id": "uuid",
    "access_token": "text",
    "total_minor": "bigint",
}


def claim_orders(*, rows: Sequence[NewOrder], now: datetime) -> set[UUID]:
    """Write the orders whose checkout key and cart nobody else has taken; which ones these are.

    Keys are taken in one order, so that two batches with the same keys wait for each other and never for ever.
    """
    source, params = unnest("w", _ORDER, [[getattr(row, name) for name in _ORDER] for row in rows])
    names = ", ".join(_ORDER)
    written = fetch_rows(
        f"INSERT INTO orders_order ({names}, created_at, state) SELECT {names}, %s, 'pending' FROM {source}"
        f" ORDER BY checkout_key ON CONFLICT DO NOTHING RETURNING id",
        [now, *params],
    )
    return {row.id for row in written}


def write_suborders(*, rows: Sequence[NewSuborder], now: datetime) -> None:
    """Write suborders."""
    columns = NewSuborder.__slots__
    copy_rows(
        "orders_suborder",
        (*columns, "created_at", "state"),
        ((*(getattr(row, name) for name in columns), now, "open") for row in rows),
    )


def write_lines(*, rows: Sequence[NewLine], adjustments: Sequence[NewAdjustment], now: datetime) -> None:
    """Write lines with the hash of what they froze, and the parts of their discounts."""
    columns = NewLine.__slots__
    counts = ("cancelled_qty", "shipped_qty", "delivered_qty", "lost_qty", "returned_qty")

    def written(row: NewLine) -> tuple[Any, ...]:
        values = {name: getattr(row, name) for name in columns}
        return (*values.values(), now, digest(values), 0, 0, 0, 0, 0)

    copy_rows("orders_orderline", (*columns, "created_at", "snapshot_hash", *counts), map(written, rows))
    parts = NewAdjustment.__slots__
    copy_rows(
        "orders_adjustment",
        ("id", "created_at", *parts),
        (
            (identity, now, *(getattr(row, name) for name in parts))
            for identity, row in zip(ids.new_ids(now, len(adjustments)), adjustments, strict=True)
        ),
    )
