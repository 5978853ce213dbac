"""Counted goods become stock and a shipment is closed: the one place where a delivery meets stock and the books."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from entrepot.domain.inbound import queries, receiving, rules
from entrepot.domain.inbound.models import Shipment
from entrepot.domain.inbound.rules import Placed
from entrepot.domain.inbound.shipping import lock_at_node
from entrepot.flows import inbound
from entrepot.flows.inbound import Goods, Received
from entrepot.kernel.actors import Actor
from entrepot.kernel.db import atomic
from entrepot.kernel.errors import Refused


@atomic
def put_away(
    *, shipment_id: UUID, actor: Actor, now: datetime, take_extra: bool = False, keep_damaged: bool = True
) -> list[Received]:
    """Bring what was counted and is not in stock yet into stock; where the terms say so, the platform buys it.

    Good units up to what was announced; beyond that only where `take_extra` says so. What failed its inspection stays
    out. Raises: NotFound, Refused from the shipment's state or where there is nothing.
    """
    shipment, _ = lock_at_node(shipment_id, actor=actor)
    rules.move(rules.SHIPMENT_ACTS, shipment.state, "put_away", number=shipment.number)
    placed = receiving.due_for_stock(shipment, take_extra=take_extra, keep_damaged=keep_damaged)
    if not placed:
        raise Refused("inbound.nothing_to_put_away", "Nothing that was counted waits to be put away.")
    receiving.tell_put_away(shipment, sum(each.quantity for each in placed), actor=actor, now=now)
    return _place(shipment, placed, actor, now)


@atomic
def close_shipment(
    *,
    shipment_id: UUID,
    actor: Actor,
    now: datetime,
    note: str = "",
    take_extra: bool = False,
    keep_damaged: bool = True,
) -> list[Received]:
    """Put away what is left, write down what differs from what was announced, and end the receiving.

    Raises: NotFound, Refused from its state, Invalid where units go back and nobody says why.
    """
    shipment, order = lock_at_node(shipment_id, actor=actor)
    rules.move(rules.SHIPMENT_ACTS, shipment.state, "close", number=shipment.number)
    placed = receiving.due_for_stock(shipment, take_extra=take_extra, keep_damaged=keep_damaged)
    received = _place(shipment, placed, actor, now)
    receiving.close(shipment, order, actor=actor, now=now, note=note)
    return received


def _place(shipment: Shipment, placed: Sequence[Placed], actor: Actor, now: datetime) -> list[Received]:
    """Units into stock under the shipment's enrolment, at the prices of the stock order that it answers."""
    if not placed:
        return []
    costs = queries.agreed_costs(shipment.stock_order_id) if shipment.stock_order_id else {}
    received = inbound.receive_goods(
        seller_id=shipment.seller_id,
        node_id=shipment.node_id,
        rows=[
            Goods(
                each.sku_id,
                each.quantity,
                condition=each.condition,
                enrolment_id=shipment.enrolment_id,
                cost=costs.get(each.sku_id),
            )
            for each in placed
        ],
        actor=actor,
        now=now,
        source_type="shipment",
        source_id=shipment.id,
    )
    rows = [(each, done.movement_id, done.is_bought) for each, done in zip(placed, received, strict=True)]
    receiving.record_put_away(shipment, rows, now=now)
    return received
