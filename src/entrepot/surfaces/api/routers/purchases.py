"""Orders as the API shows them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from ninja import Schema

from entrepot.domain.orders.promises import PartView, PromiseView
from entrepot.domain.orders.queries import (
    EventView,
    LineView,
    OrderSummary,
    OrderView,
    SuborderSummary,
    SuborderView,
)
from entrepot.surfaces.api.routers.addresses import AddressOut
from entrepot.surfaces.api.schemas import Money, money, perhaps


class PlacedOut(Schema):
    """What became of a checkout: placed, waiting for the payment, or declined with a reason."""

    id: UUID
    number: str
    order_token: str
    state: str
    reason: str
    total: Money


class OrderSummaryOut(Schema):
    """An order in a list; the total is of the lines that are the caller's to see."""

    id: UUID
    number: str
    market: str
    state: str
    total: Money
    units: int
    created_at: datetime
    placed_at: datetime | None

    @classmethod
    def of(cls, order: OrderSummary) -> "OrderSummaryOut":
        """An order."""
        return cls(
            id=order.id,
            number=order.number,
            market=order.market_code,
            state=order.state,
            total=money(order.total_minor, order.currency),
            units=order.units,
            created_at=order.created_at,
            placed_at=order.placed_at,
        )


class SuborderSummaryOut(Schema):
    """A suborder in a list."""

    id: UUID
    order_id: UUID
    number: str
    programme: str
    market: str
    state: str
    node: str
    performer_party: str
    total: Money
    units: int
    ship_by: datetime
    placed_at: datetime | None

    @classmethod
    def of(cls, suborder: SuborderSummary) -> "SuborderSummaryOut":
        """A suborder."""
        return cls(
            id=suborder.id,
            order_id=suborder.order_id,
            number=suborder.number,
            programme=suborder.programme_code,
            market=suborder.market_code,
            state=suborder.state,
            node=suborder.node_code,
            performer_party=suborder.performer_party,
            total=money(suborder.total_minor, suborder.currency),
            units=suborder.units,
            ship_by=suborder.ship_by,
            placed_at=suborder.placed_at,
        )


class UnitsOut(Schema):
    """What became of the units of a line."""

    ordered: int
    cancelled: int
    shipped: int
    delivered: int
    lost: int
    returned: int


class AdjustmentOut(Schema):
    """A part of a line's discount, and who pays for it."""

    kind: str
    label: str
    funder: str
    amount: Money


class LineOut(Schema):
    """A line with its money, for all its units; list and discount as displayed. `terms` addresses what was agreed."""

    id: UUID
    position: int
    offer_id: UUID
    sku_id: UUID
    product_id: UUID
    title: str
    options: dict[str, Any]
    terms: str
    units: UnitsOut
    list: Money
    discount: Money
    goods_net: Money
    goods_tax: Money
    shipping_net: Money
    shipping_tax: Money
    customs_duty: Money
    total: Money
    cancelled: Money
    tax_rate: str
    supply: Money | None
    replaces_id: UUID | None
    adjustments: list[AdjustmentOut]  # type: ignore[valid-type]

    @classmethod
    def of(cls, line: LineView, currency: str, *, sees_supply: bool) -> "LineOut":
        """A line; what the platform pays for the goods is no shopper's concern."""
        amounts = (
            "list", "discount", "goods_net", "goods_tax", "shipping_net", "shipping_tax", "customs_duty", "total",
            "cancelled",
        )  # fmt: skip
        plain = ("id", "position", "offer_id", "sku_id", "product_id", "title", "options", "replaces_id")
        fields: dict[str, Any] = {name: getattr(line, name) for name in plain}
        fields |= {name: money(getattr(line, f"{name}_minor"), currency) for name in amounts}
        return cls(
            **fields,
            terms=line.terms_id,
            units=UnitsOut(**{name: getattr(line.units, name) for name in UnitsOut.model_fields}),
            tax_rate=str(line.tax_rate),
            supply=perhaps(line.supply_minor, line.supply_currency) if sees_supply else None,
            adjustments=[
                AdjustmentOut(
                    kind=each.kind, label=each.label, funder=each.funder, amount=money(each.amount_minor, currency)
                )
                for each in line.adjustments
            ],
        )


class PromisePartOut(Schema):
    """A leg's part of a promise, or a stretch of legs (`position` to `until`) between which nobody scanned the goods.

    `days` are what it adds to the delay. `party` does it and `liable` answers for it by the terms; null where that is
    unknown, or not the caller's business.
    """

    position: int
    until: int
    leg: str
    task: str
    party: str | None
    liable: str | None
    due_on: date
    done_on: date | None
    done_at: datetime | None
    scan: str | None
    days: int

    @classmethod
    def of(cls, part: PartView, *, whose: str) -> "PromisePartOut":
        """A part; parties are told to who may see all (`*`), and to a party its own."""
        is_told = whose in ("*", part.party)
        plain = ("position", "until", "leg", "task", "due_on", "done_at", "days")
        return cls(
            **{name: getattr(part, name) for name in plain},
            party=part.party or None if is_told else None,
            liable=part.liable or None if is_told else None,
            done_on=part.done_on if part.is_done else None,
            scan=part.event_kind,
        )


class PromiseOut(Schema):
    """How a promise fares: `open`, `kept` or `missed`; the days of its parts sum to `late_days`.

    It comes between `expected_from` and `expected_until` by what is known; once it has come, both are that day.
    """

    state: str
    late_days: int
    expected_from: date
    expected_until: date
    judged_at: datetime
    parts: list[PromisePartOut]

    @classmethod
    def of(cls, promise: PromiseView, *, whose: str) -> "PromiseOut":
        """A promise with its parts."""
        is_open = promise.state == "open"
        return cls(
            state=promise.state,
            late_days=promise.late_days,
            expected_from=promise.starts_on if is_open else promise.ends_on,
            expected_until=promise.ends_on,
            judged_at=promise.judged_at,
            parts=[PromisePartOut.of(each, whose=whose) for each in promise.parts],
        )


class SuborderOut(Schema):
    """What one seller sends from one node, with its promise; `promise` says how it fares, once it was looked at."""

    id: UUID
    order_id: UUID
    number: str
    seller_id: UUID
    seller_name: str
    node: str
    node_country: str
    performer_party: str
    programme: str
    state: str
    carrier: str
    service: str
    ship_by: datetime
    promised_from: date
    promised_until: date
    promise: PromiseOut | None
    lines: list[LineOut]

    @classmethod
    def of(
        cls, suborder: SuborderView, currency: str, *, sees_supply: bool = True, whose: str = "seller"
    ) -> "SuborderOut":
        """A suborder with its lines; `whose` parts of its promise are told with their party (`*`: all of them)."""
        plain = [name for name in cls.model_fields if name not in {"node", "programme", "promise", "lines"}]
        return cls(
            **{name: getattr(suborder, name) for name in plain},
            node=suborder.node_code,
            programme=suborder.programme_code,
            promise=PromiseOut.of(suborder.promise, whose=whose) if suborder.promise else None,
            lines=[LineOut.of(each, currency, sees_supply=sees_supply) for each in suborder.lines],
        )


class EventOut(Schema):
    """Something that happened."""

    id: UUID
    suborder_id: UUID | None
    line_id: UUID | None
    kind: str
    quantity: int | None
    occurred_at: datetime
    actor: str
    data: dict[str, Any]

    @classmethod
    def of(cls, event: EventView, *, is_whole: bool, sees_staff: bool) -> "EventOut":
        """An event; what concerns the whole order is not told to one of its sellers, nor who acted to anybody."""
        return cls(
            id=event.id,
            suborder_id=event.suborder_id,
            line_id=event.line_id,
            kind=event.kind,
            quantity=event.quantity,
            occurred_at=event.occurred_at,
            actor=event.actor_label if sees_staff else "",
            data=event.data if is_whole or event.suborder_id else {},
        )


class PaymentOut(Schema):
    """How the order was paid."""

    id: UUID
    provider: str
    state: str
    amount: Money
    captured: Money
    voided: Money
    refunded: Money
    decline_reason: str


class OrderOut(Schema):
    """An order as its caller may see it; a seller sees its own part, without address and payment."""

    id: UUID
    number: str
    market: str
    currency: str
    includes_tax: bool
    state: str
    total: Money
    cancelled: Money
    created_at: datetime
    placed_at: datetime | None
    ship_to: AddressOut | None
    suborders: list[SuborderOut]
    events: list[EventOut]
    payment: PaymentOut | None

    @classmethod
    def of(cls, order: OrderView, *, is_whole: bool, sees_staff: bool) -> "OrderOut":
        """An order."""
        currency, payment = order.currency, order.payment
        whose = "*" if sees_staff else "" if is_whole else "seller"
        return cls(
            id=order.id,
            number=order.number,
            market=order.market_code,
            currency=currency,
            includes_tax=order.includes_tax,
            state=order.state,
            total=money(order.total_minor, currency),
            cancelled=money(order.cancelled_minor, currency),
            created_at=order.created_at,
            placed_at=order.placed_at,
            ship_to=AddressOut.of(order.ship_to_id) if is_whole else None,
            suborders=[
                SuborderOut.of(each, currency, sees_supply=sees_staff or not is_whole, whose=whose)
                for each in order.suborders
            ],
            events=[EventOut.of(each, is_whole=is_whole, sees_staff=sees_staff) for each in order.events],
            payment=PaymentOut(
                id=payment.id,
                provider=payment.provider,
                state=payment.state,
                amount=money(payment.amount_minor, currency),
                captured=money(payment.captured_minor, currency),
                voided=money(payment.voided_minor, currency),
                refunded=money(payment.refunded_minor, currency),
                decline_reason=payment.decline_reason,
            )
            if payment
            else None,
        )


class CancelledOut(Schema):
    """Units that will not be delivered, and what the shopper need not pay or gets back for them."""

    line_id: UUID
    quantity: int
    amount: Money
    is_refunded: bool


class SubstitutedOut(Schema):
    """The new line, and what the shopper need not pay any more. Units: minor, of the order's currency."""

    line_id: UUID
    let_go_minor: int
