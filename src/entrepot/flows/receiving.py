"""Counted goods become stock and a shipment is closed: the one place where a delivery meets stock and the books."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from entrepot.domain.inbound import queries, receiving, rules, shipping
from entrepot.domain.inbound.models import Shipment
from entrepot.domain.inbound.rules import Placed
from entrepot.domain.inbound.shipping import lock_at_node
from entrepot.flows import ahead, inbound
from entrepot.flows.inbound import Goods, Received
from entrepot.kernel.actors import Actor
from entrepot.kernel.db import atomic, retried
from entrepot.kernel.errors import Refused


def put_away(
    *, shipment_id: UUID, actor: Actor, now: datetime, take_extra: bool = False, keep_damaged: bool = True
) -> list[Received]:
    """Bring what was counted and is not in stock yet into stock; where the terms say so, the platform buys it.

    Good units up to what was announced; beyond that only where `take_extra` says so. What failed its inspection stays
    out. Units that were sold on their way are held for their orders. Raises: NotFound, Refused from the shipment's
    state or where there is nothing.
    """

    @atomic
    def bring() -> list[Received]:
        shipment, _ = lock_at_node(shipment_id, actor=actor)
        rules.move(rules.SHIPMENT_ACTS, shipment.state, "put_away", number=shipment.number)
        placed = receiving.due_for_stock(shipment, take_extra=take_extra, keep_damaged=keep_damaged)
        if not placed:
            raise Refused("inbound.nothing_to_put_away", "Nothing that was counted waits to be put away.")
        ahead.lock(shipment)
        receiving.tell_put_away(shipment, sum(each.quantity for each in placed), actor=actor, now=now)
        received = _place(shipment, placed, actor, now)
        ahead.follow(shipment, now)
        return received

    return retried(bring)


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

    Orders of units that did not come get others that stand there, or are cancelled. Raises: NotFound, Refused from its
    state, Invalid where units go back and nobody says why.
    """

    def close() -> tuple[list[Received], ahead.Calls]:
        with atomic():
            shipment, order = lock_at_node(shipment_id, actor=actor)
            rules.move(rules.SHIPMENT_ACTS, shipment.state, "close", number=shipment.number)
            ahead.lock(shipment)
            placed = receiving.due_for_stock(shipment, take_extra=take_extra, keep_damaged=keep_damaged)
            received = _place(shipment, placed, actor, now)
            receiving.close(shipment, order, actor=actor, now=now, note=note)
            return received, ahead.end(shipment, now)

    received, calls = retried(close)
    ahead.carry_out(calls, now)
    return received


def refuse_shipment(*, shipment_id: UUID, reason: str, actor: Actor, now: datetime) -> Shipment:
    """Turn a whole shipment away at the dock: it goes back to the seller, and orders of its units are served otherwise.

    Raises: NotFound, Invalid, Refused.
    """
    return _without_goods(shipping.refuse, shipment_id, reason, actor, now)


def lose_shipment(*, shipment_id: UUID, reason: str, actor: Actor, now: datetime) -> Shipment:
    """Say that a shipment that has left will not come; orders of its units are served otherwise or cancelled.

    Raises: NotFound, Invalid, Refused.
    """
    return _without_goods(shipping.lose, shipment_id, reason, actor, now)


def _without_goods(
    act: Callable[..., Shipment], shipment_id: UUID, reason: str, actor: Actor, now: datetime
) -> Shipment:
    def write() -> tuple[Shipment, ahead.Calls]:
        with atomic():
            shipment = act(shipment_id=shipment_id, reason=reason, actor=actor, now=now)
            ahead.lock(shipment)
            return shipment, ahead.end(shipment, now)

    shipment, calls = retried(write)
    ahead.carry_out(calls, now)
    return shipment


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
