"""Writes of shipments on their way: drafted with their cartons, announced, sent, arrived, turned away."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction

from entrepot.domain.catalogue import queries as catalogue
from entrepot.domain.inbound import ahead, docking, lateness, ordering, queries, rules, trail
from entrepot.domain.inbound.models import Carton, CartonLine, DockSlot, Shipment, StockOrder, StockOrderLine
from entrepot.domain.inbound.trail import Happened
from entrepot.domain.logistics import queries as logistics
from entrepot.domain.logistics.rules import start_of_day
from entrepot.domain.sellers import queries as sellers
from entrepot.domain.sellers.rules import party_of
from entrepot.domain.terms import rules as terms
from entrepot.domain.terms.rules import Task
from entrepot.kernel import audit, ids
from entrepot.kernel.actors import SYSTEM, Actor
from entrepot.kernel.errors import Invalid, NotFound, Refused

#: Cartons of one shipment; a truck holds fewer pallets than a form holds boxes.
CARTONS_MAX = 500
UNITS_MAX = 100_000
#: Grams and millimetres that no carton exceeds.
WEIGHT_MAX = 1_000_000
SIDE_MAX = 5_000


@dataclass(frozen=True, slots=True)
class NewCarton:
    """So many equal cartons. Units: grams, millimetres; `units` is SKU -> pieces in each."""

    units: Mapping[UUID, int]
    weight_g: int
    length_mm: int
    width_mm: int
    height_mm: int
    copies: int = 1


@transaction.atomic
def draft(*, seller_id: UUID, enrolment_id: UUID, node_id: UUID, actor: Actor, now: datetime) -> Shipment:
    """Begin a shipment of the seller's own planning.

    Raises: NotFound, NotYours where the planning of inventory is another's, Refused where the node takes no such goods.
    """
    if not actor.reaches("shipments.send", seller_id):
        raise NotFound(kind="seller")
    enrolment = sellers.get_enrolment(enrolment_id=enrolment_id, seller_id=seller_id)
    conditions = sellers.list_conditions([enrolment_id])[enrolment_id]
    terms.demand(conditions, Task.INVENTORY_PLANNING, party_of(actor))
    node = logistics.list_nodes([node_id]).get(node_id)
    if node is None:
        raise NotFound(kind="node")
    if not ordering.takes(node, conditions, seller_id=seller_id, market_country=enrolment.market.country):
        raise Refused(
            "inbound.node_takes_none", "Under these terms goods do not come to {node}.", field="node", node=node.name
        )
    return _begin(seller_id, enrolment_id, node_id, None, actor, now)


@transaction.atomic
def draft_for(*, order_id: UUID, actor: Actor, now: datetime) -> Shipment:
    """Begin the shipment of an accepted stock order. Raises: NotFound, Refused from its state or where there is one."""
    [order] = ordering.lock([order_id], actor=actor, verb="shipments.send")
    if order.state != "accepted":
        raise Refused(
            "inbound.wrong_state",
            "{number} is at another stage: this cannot be done with it now.",
            number=order.number,
            state=order.state,
            act="pack",
        )
    present = Shipment.objects.filter(stock_order=order, state__in=rules.SHIPMENT_OPEN).first()
    return present or _begin(order.seller_id, order.enrolment_id, order.node_id, order, actor, now)


@transaction.atomic
def put_cartons(*, shipment_id: UUID, cartons: Sequence[NewCarton], actor: Actor, now: datetime) -> list[Carton]:
    """Add cartons to a draft. Raises: NotFound, Invalid naming the field, Refused once it is announced."""
    shipment, _ = lock(shipment_id, actor=actor, verb="shipments.send")
    rules.move(rules.SHIPMENT_ACTS, shipment.state, "edit", number=shipment.number)
    for each in cartons:
        _check_carton(each)
    count = sum(each.copies for each in cartons)
    if Carton.objects.filter(shipment=shipment).count() + count > CARTONS_MAX:
        raise Invalid(
            "inbound.too_many_cartons", "A shipment has {most} cartons at most.", field="copies", most=CARTONS_MAX
        )
    _check_skus(shipment.seller_id, {sku_id for each in cartons for sku_id in each.units})
    boxes, lines = [], []
    identities = iter(ids.new_ids(now, count))
    for each in cartons:
        for _ in range(each.copies):
            identity = next(identities)
            boxes.append(
                Carton(
                    id=identity,
                    created_at=now,
                    shipment=shipment,
                    barcode=ids.number("K", identity, 12),
                    weight_g=each.weight_g,
                    length_mm=each.length_mm,
                    width_mm=each.width_mm,
                    height_mm=each.height_mm,
                )
            )
            lines += [(identity, sku_id, quantity) for sku_id, quantity in each.units.items()]
    Carton.objects.bulk_create(boxes)
    CartonLine.objects.bulk_create(
        CartonLine(id=line_id, created_at=now, carton_id=carton_id, sku_id=sku_id, quantity=quantity)
        for line_id, (carton_id, sku_id, quantity) in zip(ids.new_ids(now, len(lines)), lines, strict=True)
    )
    return boxes


@transaction.atomic
def remove_cartons(*, shipment_id: UUID, carton_ids: Collection[UUID], actor: Actor) -> None:
    """Take cartons out of a draft. Raises: NotFound, Refused once it is announced."""
    shipment, _ = lock(shipment_id, actor=actor, verb="shipments.send")
    rules.move(rules.SHIPMENT_ACTS, shipment.state, "edit", number=shipment.number)
    found = Carton.objects.filter(shipment=shipment, id__in=list(carton_ids))
    if found.count() < len(set(carton_ids)):
        raise NotFound(kind="carton")
    found.delete()


@transaction.atomic
def announce(
    *,
    shipment_id: UUID,
    expected_on: date,
    actor: Actor,
    now: datetime,
    carrier: str = "",
    tracking_number: str = "",
) -> Shipment:
    """Tell the node what comes when. Raises: NotFound, Invalid, Refused without cartons, or with more than agreed."""
    shipment, order = lock(shipment_id, actor=actor, verb="shipments.send")
    shipment.state = rules.move(rules.SHIPMENT_ACTS, shipment.state, "announce", number=shipment.number)
    said = queries.declared(shipment.id)
    if not said:
        raise Refused("inbound.no_cartons", "Say first what is in which carton.")
    if order is not None:
        _check_agreed(order, said)
    zone = ZoneInfo(shipment.node.time_zone)
    if not now.astimezone(zone).date() <= expected_on <= (now + timedelta(days=400)).date():
        raise Invalid("inbound.date_past", "Say a day that is to come.", field="expected_on")
    shipment.expected_on, shipment.announced_at = expected_on, now
    node = logistics.list_nodes([shipment.node_id])[shipment.node_id]
    opens_on = node.open_on(expected_on)
    shipment.due_at = order.deliver_by if order else start_of_day(opens_on + timedelta(days=1), zone)
    shipment.carrier, shipment.tracking_number = carrier.strip()[:40], tracking_number.strip()[:60]
    _keep(shipment, "state", "expected_on", "announced_at", "due_at", "carrier", "tracking_number")
    _tell("announced", shipment, order, actor, now)
    return shipment


@transaction.atomic
def ship(*, shipment_id: UUID, carrier: str, tracking_number: str, actor: Actor, now: datetime) -> Shipment:
    """Say that a shipment has left, with whom. Raises: NotFound, Invalid without a carrier, Refused from its state."""
    shipment, order = lock(shipment_id, actor=actor, verb="shipments.send")
    shipment.state = rules.move(rules.SHIPMENT_ACTS, shipment.state, "ship", number=shipment.number)
    if not carrier.strip():
        raise Invalid("inbound.no_carrier", "Say who brings it.", field="carrier")
    shipment.carrier, shipment.tracking_number = carrier.strip()[:40], tracking_number.strip()[:60]
    shipment.shipped_at = now
    if order is not None and order.ship_by < now:
        conditions = sellers.list_conditions([order.enrolment_id])[order.enrolment_id]
        lateness.record([lateness.with_goods(order, conditions, "ship")], now=now)
    _keep(shipment, "state", "carrier", "tracking_number", "shipped_at")
    _tell("shipped", shipment, order, actor, now, data={"carrier": shipment.carrier})
    ahead.reckon(shipment_ids=[shipment.id], now=now)
    return shipment


@transaction.atomic
def cancel(*, shipment_id: UUID, actor: Actor, now: datetime, reason: str = "") -> Shipment:
    """Take back a shipment that has not left; a stock order that it answers waits again.

    Raises: NotFound, Refused once it has left.
    """
    shipment, order = lock(shipment_id, actor=actor, verb="shipments.send")
    shipment.state = rules.move(rules.SHIPMENT_ACTS, shipment.state, "cancel", number=shipment.number)
    shipment.closed_at = now
    _keep(shipment, "state", "closed_at")
    docking.drop([shipment], now)
    _tell("cancelled", shipment, order, actor, now, note=reason)
    return shipment


@transaction.atomic
def arrive(*, shipment_id: UUID, actor: Actor, now: datetime, without_slot: bool = False) -> Shipment:
    """Say, at the node, that a shipment has come; its slot is kept or late by it.

    Raises: NotFound, Refused from its state, and where the node asks for a slot, unless it is let in without.
    """
    shipment, order = lock_at_node(shipment_id, actor=actor)
    shipment.state = rules.move(rules.SHIPMENT_ACTS, shipment.state, "arrive", number=shipment.number)
    slot = docking.let_in(shipment, without_slot=without_slot, now=now)
    shipment.arrived_at = now
    is_late = shipment.due_at is not None and shipment.due_at < now
    if is_late and shipment.late_at is None:
        shipment.late_at = now
    if is_late and order is None:
        _record_late([shipment], now)
    _keep(shipment, "state", "arrived_at", "late_at")
    data = ({"late": True} if is_late else {}) | ({"slot": slot} if slot else {})
    _tell("arrived", shipment, order, actor, now, data=data)
    ahead.reckon(shipment_ids=[shipment.id], now=now)
    return shipment


@transaction.atomic
def refuse(*, shipment_id: UUID, reason: str, actor: Actor, now: datetime) -> Shipment:
    """Turn a whole shipment away at the dock: it goes back to the seller. Raises: NotFound, Invalid, Refused."""
    reason = audit.require_reason(reason)
    shipment, order = lock_at_node(shipment_id, actor=actor)
    shipment.state = rules.move(rules.SHIPMENT_ACTS, shipment.state, "refuse", number=shipment.number)
    shipment.closed_at = now
    _keep(shipment, "state", "closed_at")
    _tell("refused", shipment, order, actor, now, note=reason)
    audit.record(
        actor=actor, verb="shipments.refuse", subject_kind="shipment", subject_id=shipment.id, now=now, reason=reason
    )
    return shipment


@transaction.atomic
def lose(*, shipment_id: UUID, reason: str, actor: Actor, now: datetime) -> Shipment:
    """Say that a shipment that has left will not come: lost, wrecked, seized. A stock order waits again.

    For whoever receives at its node. Raises: NotFound, Invalid, Refused from its state.
    """
    reason = audit.require_reason(reason)
    shipment, order = lock_at_node(shipment_id, actor=actor)
    shipment.state = rules.move(rules.SHIPMENT_ACTS, shipment.state, "lose", number=shipment.number)
    shipment.closed_at = now
    _keep(shipment, "state", "closed_at")
    docking.drop([shipment], now)
    _tell("cancelled", shipment, order, actor, now, note=reason)
    audit.record(
        actor=actor, verb="shipments.lose", subject_kind="shipment", subject_id=shipment.id, now=now, reason=reason
    )
    return shipment


@transaction.atomic
def book_slot(*, shipment_id: UUID, starts_at: datetime, actor: Actor, now: datetime) -> DockSlot:
    """Give a shipment a time at the dock of its node, or another one; the seller's people and the node's may.

    Raises: NotFound, Refused: see `docking.book`.
    """
    return docking.book(shipment=lock_for_either(shipment_id, actor), starts_at=starts_at, actor=actor, now=now)


@transaction.atomic
def give_slot_back(*, shipment_id: UUID, actor: Actor, now: datetime) -> DockSlot:
    """Free the time that a shipment has at the dock. Raises: NotFound, Refused where it has none."""
    return docking.give_back(shipment=lock_for_either(shipment_id, actor), actor=actor, now=now)


@transaction.atomic
def mark_late(*, now: datetime, limit: int = 1000) -> int:
    """Write down which announced shipments did not come in time; how many were new."""
    rows = Shipment.objects.select_related("node").select_for_update(of=("self",), no_key=True, skip_locked=True)
    found = list(
        rows.filter(state__in=["announced", "in_transit"], due_at__lt=now, late_at__isnull=True).order_by("id")[:limit]
    )
    for shipment in found:
        shipment.late_at = now
    Shipment.objects.bulk_update(found, ["late_at"])
    _record_late([shipment for shipment in found if shipment.stock_order_id is None], now)
    trail.append([Happened("late", shipment=each, party="seller") for each in found], actor=SYSTEM, now=now)
    for shipment in found:
        trail.tell_of_shipment("late", shipment, now)
    return len(found)


def lock(shipment_id: UUID, *, actor: Actor, verb: str) -> tuple[Shipment, StockOrder | None]:
    """Lock a shipment within a seller's reach, and before it the stock order that it answers. Raises: NotFound."""
    shipment, order = _lock(shipment_id)
    if not actor.reaches(verb, shipment.seller_id):
        raise NotFound(kind="shipment")
    return shipment, order


def lock_at_node(shipment_id: UUID, *, actor: Actor) -> tuple[Shipment, StockOrder | None]:
    """The same for whoever receives goods at its node. A draft is nobody's business there. Raises: NotFound."""
    shipment, order = _lock(shipment_id)
    if shipment.state == "draft" or not actor.reaches("stock.receive", shipment.node.operator_id):
        raise NotFound(kind="shipment")
    return shipment, order


def lock_for_either(shipment_id: UUID, actor: Actor) -> Shipment:
    """Lock a shipment for its seller's people or for those of its node. Raises: NotFound."""
    shipment, _ = _lock(shipment_id)
    is_nodes = shipment.state != "draft" and actor.reaches("stock.receive", shipment.node.operator_id)
    if not is_nodes and not actor.reaches("shipments.send", shipment.seller_id):
        raise NotFound(kind="shipment")
    return shipment


def _record_late(shipments: Sequence[Shipment], now: datetime) -> None:
    conditions = sellers.list_conditions({each.enrolment_id for each in shipments})
    found = [lateness.of_shipment(each, conditions[each.enrolment_id]) for each in shipments]
    lateness.record(found, now=now)


def _lock(shipment_id: UUID) -> tuple[Shipment, StockOrder | None]:
    found = Shipment.objects.filter(id=shipment_id).values_list("stock_order_id", flat=True)
    if not found:
        raise NotFound(kind="shipment")
    # The order first, as everywhere; a shipment never changes which one it answers.
    order = None
    if found[0] is not None:
        order = (
            StockOrder.objects.select_related("enrolment").select_for_update(of=("self",), no_key=True).get(id=found[0])
        )
    rows = Shipment.objects.select_related("node", "enrolment").select_for_update(of=("self",), no_key=True)
    return rows.get(id=shipment_id), order


def _begin(
    seller_id: UUID, enrolment_id: UUID, node_id: UUID, order: StockOrder | None, actor: Actor, now: datetime
) -> Shipment:
    identity = ids.new_id(now)
    shipment = Shipment.objects.create(
        id=identity,
        created_at=now,
        number=ids.number("IN", identity),
        seller_id=seller_id,
        enrolment_id=enrolment_id,
        node_id=node_id,
        stock_order=order,
    )
    trail.append([Happened("drafted", shipment=shipment)], actor=actor, now=now)
    return shipment


def _tell(
    kind: str,
    shipment: Shipment,
    order: StockOrder | None,
    actor: Actor,
    now: datetime,
    note: str = "",
    data: dict[str, Any] | None = None,
) -> None:
    """Write an event, let the stock order follow, and tell of it."""
    if order is not None:
        ordering.follow(order, shipment, now)
    trail.append([Happened(kind, shipment=shipment, note=note, data=data or {})], actor=actor, now=now)
    if kind != "cancelled" or shipment.announced_at is not None:
        trail.tell_of_shipment(kind, shipment, now)


def _check_carton(carton: NewCarton) -> None:
    for field in ("weight_g", "length_mm", "width_mm", "height_mm"):
        most = WEIGHT_MAX if field == "weight_g" else SIDE_MAX
        if not 0 < getattr(carton, field) <= most:
            raise Invalid("inbound.measure", "Give a measure from 1 to {most}.", field=field, most=most)
    if not 0 < carton.copies <= CARTONS_MAX:
        raise Invalid("inbound.copies", "Pack 1 to {most} equal cartons.", field="copies", most=CARTONS_MAX)
    if not carton.units or not all(0 < quantity <= UNITS_MAX for quantity in carton.units.values()):
        raise Invalid("inbound.empty_carton", "A carton holds at least one unit of something.", field="units")


def _check_skus(seller_id: UUID, sku_ids: Collection[UUID]) -> None:
    """A seller sends its own articles, or such as it offers. Raises: NotFound."""
    foreign = set(sku_ids) - catalogue.own_skus(organisation_id=seller_id, sku_ids=sku_ids)
    offers = catalogue.list_offers(seller_id=seller_id, sku_ids=foreign, limit=100_000) if foreign else []
    if foreign - {offer.sku_id for offer in offers}:
        raise NotFound(kind="SKU")


def _check_agreed(order: StockOrder, said: Mapping[UUID, int]) -> None:
    """A shipment of a stock order brings what was agreed, or less. Raises: Refused."""
    agreed = {line.sku_id: line for line in StockOrderLine.objects.select_related("sku").filter(stock_order=order)}
    for sku_id, units in said.items():
        line = agreed.get(sku_id)
        if line is None:
            raise Refused("inbound.not_ordered", "A carton holds an article that the stock order does not ask for.")
        if units > (line.agreed_qty or 0):
            raise Refused(
                "inbound.more_than_agreed",
                "The cartons hold {units} units of {sku}, and {agreed} were agreed.",
                sku=line.sku.code,
                units=units,
                agreed=line.agreed_qty or 0,
            )


def _keep(shipment: Shipment, *fields: str) -> None:
    shipment.save(update_fields=fields)
