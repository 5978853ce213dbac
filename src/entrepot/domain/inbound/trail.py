"""What happened to a stock order or a shipment: appended to its events, and told to those who wait for it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from entrepot.domain.inbound.models import InboundEvent, Shipment, StockOrder
from entrepot.domain.sellers.rules import party_of
from entrepot.kernel import ids, outbox
from entrepot.kernel.actors import Actor
from entrepot.kernel.outbox import Event


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that happened; without a party it was the actor's."""

    kind: str
    stock_order: StockOrder | None = None
    shipment: Shipment | None = None
    note: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    party: str = ""


def append(events: Sequence[Happened], *, actor: Actor, now: datetime) -> None:
    """Append to the events of orders and shipments; what a shipment answers is told of it too."""
    own = party_of(actor).value
    InboundEvent.objects.bulk_create(
        InboundEvent(
            id=identity,
            created_at=now,
            stock_order_id=_order_of(each),
            shipment=each.shipment,
            kind=each.kind,
            party=each.party or own,
            actor_label=actor.label,
            note=each.note[:400],
            data=each.data,
        )
        for identity, each in zip(ids.new_ids(now, len(events)), events, strict=True)
    )


def _order_of(each: Happened) -> UUID | None:
    if each.stock_order is not None:
        return each.stock_order.id
    return each.shipment.stock_order_id if each.shipment else None


def tell_of_orders(topic: str, orders: Sequence[StockOrder], now: datetime, **more: Any) -> None:
    """Put stock orders on the outbox under a topic."""
    outbox.append(
        [
            Event(
                f"stock_order.{topic}",
                "stock_order",
                order.id,
                {"number": order.number, "seller_id": str(order.seller_id), "state": order.state, **more},
            )
            for order in orders
        ],
        now=now,
    )


def tell_of_shipment(topic: str, shipment: Shipment, now: datetime, **more: Any) -> None:
    """Put a shipment on the outbox under a topic, with whose node it comes to."""
    payload = {
        "number": shipment.number,
        "seller_id": str(shipment.seller_id),
        "node_operator_id": str(shipment.node.operator_id),
        "state": shipment.state,
    }
    outbox.append([Event(f"shipment.{topic}", "shipment", shipment.id, payload | more)], now=now)
