"""Stock orders: the platform asks sellers for goods, they answer, it agrees; and what to order by the stated rule."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Schema
from pydantic import Field

from entrepot.domain.inbound import ordering, queries
from entrepot.domain.inbound.models import InboundEvent, StockOrder
from entrepot.domain.inbound.ordering import NewStockOrder, Wanted
from entrepot.domain.inbound.queries import OrderView, Scope
from entrepot.flows import merchandising
from entrepot.kernel import clock
from entrepot.surfaces.api.auth import actor_of, scope_of
from entrepot.surfaces.api.paging import Page, Paged, page
from entrepot.surfaces.api.routes import Routes
from entrepot.surfaces.api.schemas import ROWS_MAX, Done, In, Money, Reason, Text, Units, UnitsOrNone

routes = Routes("Stock orders")


class StockOrderOut(Schema):
    """What the platform asks of a seller, at supply prices agreed then, and how far it is."""

    id: UUID
    number: str
    seller_id: UUID
    enrolment_id: UUID
    node_id: UUID
    state: str
    asked: Money
    agreed: Money | None
    title_passes_on: str
    answer_by: datetime
    ship_by: datetime
    deliver_by: datetime
    offered_deliver_by: datetime | None
    void_at: datetime
    answer_late_at: datetime | None
    delivery_late_at: datetime | None
    closed_at: datetime | None
    note: str

    @classmethod
    def of(cls, order: StockOrder) -> "StockOrderOut":
        """A stock order."""
        plain = [name for name in StockOrderOut.model_fields if name not in {"asked", "agreed"}]
        agreed = order.agreed_minor
        return cls(
            **{name: getattr(order, name) for name in plain},
            asked=Money(minor=order.asked_minor, currency=order.currency),
            agreed=None if agreed is None else Money(minor=agreed, currency=order.currency),
        )


class StockOrderLineOut(Schema):
    """Units of a SKU at the supply price of one version of its quote; `received` became stock."""

    id: UUID
    sku_id: UUID
    sku: str
    offer_id: UUID
    asked: int
    offered: int | None
    agreed: int | None
    received: int
    unit_minor: int
    quote_id: UUID
    quote_version: int


class InboundEventOut(Schema):
    """What happened, and whose doing it was."""

    kind: str
    party: str
    at: datetime
    note: str
    data: dict[str, Any]


class StockOrderDetailOut(Schema):
    """A stock order with its lines, its shipments and what happened to it."""

    order: StockOrderOut
    lines: list[StockOrderLineOut]
    shipment_ids: list[UUID]
    events: list[InboundEventOut]

    @classmethod
    def of_view(cls, view: OrderView) -> "StockOrderDetailOut":
        """All that is known of a stock order."""
        return cls(
            order=StockOrderOut.of(view.order),
            lines=[
                StockOrderLineOut(
                    id=line.id,
                    sku_id=line.sku_id,
                    sku=line.sku.code,
                    offer_id=line.offer_id,
                    asked=line.asked_qty,
                    offered=line.offered_qty,
                    agreed=line.agreed_qty,
                    received=view.received.get(line.sku_id, 0),
                    unit_minor=line.unit_minor,
                    quote_id=line.quote_id,
                    quote_version=line.quote_version,
                )
                for line in view.lines
            ],
            shipment_ids=[each.id for each in view.shipments],
            events=shown_events(view.events),
        )


class WantedIn(In):
    """Units of what an offer sells."""

    offer_id: UUID
    quantity: Units


class StockOrderIn(In):
    """Goods asked for under an enrolment; without a time, by when the terms say."""

    enrolment_id: UUID
    node_id: UUID
    lines: Annotated[list[WantedIn], Field(min_length=1, max_length=ROWS_MAX)]
    deliver_by: datetime | None = None
    note: Text = ""


class StockOrdersIn(In):
    """Stock orders, all of them or none."""

    orders: Annotated[list[StockOrderIn], Field(min_length=1, max_length=100)]


class StockOrderIdsIn(In):
    """Stock orders."""

    stock_order_ids: Annotated[list[UUID], Field(min_length=1, max_length=ROWS_MAX)]


class StockOrderEndIn(In):
    """Stock orders, and why they end."""

    stock_order_ids: Annotated[list[UUID], Field(min_length=1, max_length=ROWS_MAX)]
    reason: Reason


class OfferedLineIn(In):
    """Units of a line that the seller can bring, or none."""

    line_id: UUID
    quantity: UnitsOrNone


class CounterOfferIn(In):
    """Fewer units, or a later time."""

    lines: Annotated[list[OfferedLineIn], Field(max_length=ROWS_MAX)] = []
    deliver_by: datetime | None = None
    note: Text = ""


class WhyIn(In):
    """Why."""

    reason: Reason


class SuggestionOut(Schema):
    """An article that the platform may order, what it sold, what there is and comes, and what to order by the rule."""

    offer_id: UUID
    seller_id: UUID
    sku_id: UUID
    sku: str
    sold: int
    sales_days: int
    cover_days: int
    free: int
    in_transit: int
    to_come: int
    suggested: int


@routes.get("/stock-orders", Page[StockOrderOut], "stock_orders.read")
def list_stock_orders(request: HttpRequest, paging: Paged, state: str = "") -> Any:
    """Stock orders, the newest first: a seller's own, or all for the operator."""
    found = queries.list_orders(
        scope=_orders_of(request), states=[state] if state else (), before=paging.after, limit=paging.more
    )
    return page(found, paging, StockOrderOut.of)


@routes.post("/stock-orders", list[StockOrderOut], "stock_orders.ask", status=201)
def ask_stock_orders(request: HttpRequest, payload: StockOrdersIn) -> list[StockOrderOut]:
    """Ask sellers for goods, where their terms leave the planning of inventory to the platform."""
    orders = [
        NewStockOrder(
            each.enrolment_id,
            each.node_id,
            [Wanted(line.offer_id, line.quantity) for line in each.lines],
            each.deliver_by,
            each.note,
        )
        for each in payload.orders
    ]
    return [StockOrderOut.of(each) for each in ordering.ask(orders=orders, actor=actor_of(request), now=clock.now())]


@routes.get("/stock-orders/suggestions", list[SuggestionOut], "stock_orders.ask")
def suggest_stock_orders(
    request: HttpRequest, programme: str = "", category: str = "", seller: str = "", only: str = "short"
) -> list[SuggestionOut]:
    """What to order: recent daily sales times days to cover, less what is free and comes, in whole packs."""
    found = merchandising.list_restock(
        now=clock.now(), programme_code=programme, category_path=category, seller_code=seller, only=only
    )
    return [
        SuggestionOut(
            offer_id=each.article.offer_id,
            seller_id=each.article.seller_id,
            sku_id=each.article.sku_id,
            sku=each.article.sku_code,
            sold=each.sold,
            sales_days=each.sales_days,
            cover_days=each.cover_days,
            free=each.article.free,
            in_transit=each.in_transit,
            to_come=each.to_come,
            suggested=each.suggested,
        )
        for each in found[:ROWS_MAX]
    ]


@routes.post("/stock-orders/acceptances", Done, "stock_orders.answer")
def accept_stock_orders(request: HttpRequest, payload: StockOrderIdsIn) -> Done:
    """Agree to all that stock orders ask for."""
    done = ordering.accept(order_ids=payload.stock_order_ids, actor=actor_of(request), now=clock.now())
    return Done(count=len(done))


@routes.post("/stock-orders/agreements", Done, "stock_orders.ask")
def agree_stock_orders(request: HttpRequest, payload: StockOrderIdsIn) -> Done:
    """Take what sellers offered instead."""
    done = ordering.agree(order_ids=payload.stock_order_ids, actor=actor_of(request), now=clock.now())
    return Done(count=len(done))


@routes.post("/stock-orders/rejections", Done, "stock_orders.ask")
def reject_counter_offers(request: HttpRequest, payload: StockOrderEndIn) -> Done:
    """Turn counter-offers down."""
    done = ordering.refuse_counter(
        order_ids=payload.stock_order_ids, reason=payload.reason, actor=actor_of(request), now=clock.now()
    )
    return Done(count=len(done))


@routes.post("/stock-orders/cancellations", Done, "stock_orders.ask")
def cancel_stock_orders(request: HttpRequest, payload: StockOrderEndIn) -> Done:
    """Take stock orders back before the goods leave."""
    done = ordering.cancel(
        order_ids=payload.stock_order_ids, reason=payload.reason, actor=actor_of(request), now=clock.now()
    )
    return Done(count=len(done))


@routes.get("/stock-orders/{uuid:stock_order_id}", StockOrderDetailOut, "stock_orders.read")
def get_stock_order(request: HttpRequest, stock_order_id: UUID) -> StockOrderDetailOut:
    """One stock order."""
    return StockOrderDetailOut.of_view(queries.get_order(order_id=stock_order_id, scope=_orders_of(request)))


@routes.post("/stock-orders/{uuid:stock_order_id}/counter-offer", StockOrderOut, "stock_orders.answer")
def counter_stock_order(request: HttpRequest, stock_order_id: UUID, payload: CounterOfferIn) -> StockOrderOut:
    """Offer fewer units or a later time."""
    order = ordering.counter(
        order_id=stock_order_id,
        quantities={each.line_id: each.quantity for each in payload.lines},
        deliver_by=payload.deliver_by,
        actor=actor_of(request),
        now=clock.now(),
        note=payload.note,
    )
    return StockOrderOut.of(order)


@routes.post("/stock-orders/{uuid:stock_order_id}/refusal", StockOrderOut, "stock_orders.answer")
def decline_stock_order(request: HttpRequest, stock_order_id: UUID, payload: WhyIn) -> StockOrderOut:
    """Decline a stock order."""
    order = ordering.decline(order_id=stock_order_id, reason=payload.reason, actor=actor_of(request), now=clock.now())
    return StockOrderOut.of(order)


def _orders_of(request: HttpRequest) -> Scope:
    return Scope(seller_id=scope_of(request, "stock_orders.read"))


def shown_events(events: Sequence[InboundEvent]) -> list[InboundEventOut]:
    """What happened, in its order."""
    return [
        InboundEventOut(kind=each.kind, party=each.party, at=each.created_at, note=each.note, data=each.data)
        for each in events
    ]
