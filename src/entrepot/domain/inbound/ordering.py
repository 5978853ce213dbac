"""Writes of stock orders: the platform asks, the seller answers, the platform agrees; what is late or void is said so.

Who may ask is what the terms say of the planning of inventory. The price of a line is that of the quote in force.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, QuerySet

from entrepot.domain.catalogue import queries as catalogue
from entrepot.domain.catalogue.models import Offer
from entrepot.domain.inbound import docking, lateness, queries, rules, trail
from entrepot.domain.inbound.models import Lateness, Shipment, StockOrder, StockOrderLine
from entrepot.domain.inbound.trail import Happened
from entrepot.domain.inventory import rules as stock
from entrepot.domain.logistics import queries as logistics
from entrepot.domain.logistics.queries import NodeView
from entrepot.domain.pricing import queries as pricing
from entrepot.domain.pricing.models import SupplyQuote
from entrepot.domain.sellers import queries as sellers
from entrepot.domain.sellers.models import Enrolment
from entrepot.domain.sellers.rules import party_of
from entrepot.domain.terms import rules as terms
from entrepot.domain.terms.rules import Conditions, Programme, Task
from entrepot.kernel import audit, ids
from entrepot.kernel.actors import SYSTEM, Actor
from entrepot.kernel.errors import Invalid, NotFound, Refused

#: No line asks for more.
UNITS_MAX = 1_000_000
LINES_MAX = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """Units of what an offer sells."""

    offer_id: UUID
    quantity: int


@dataclass(frozen=True, slots=True)
class NewStockOrder:
    """What is asked of a seller under an enrolment, and where to; without a time, by when the terms say."""

    enrolment_id: UUID
    node_id: UUID
    lines: Sequence[Wanted]
    deliver_by: datetime | None = None
    note: str = ""


@transaction.atomic
def ask(*, orders: Sequence[NewStockOrder], actor: Actor, now: datetime) -> list[StockOrder]:
    """Ask sellers for goods; all or none.

    Raises: NotFound, NotYours where the terms leave the planning to others, Invalid, Refused: no agreed supply price,
    a kit, a node that does not take these goods, a seller that is not active.
    """
    offers = _offers(orders)
    places = _places(orders, actor)
    quotes = pricing.supply_prices(list(offers))
    made, lines, happened = [], [], []
    known = queries.settings_by_programme({each.programme_code for each, _, _ in places.values()}, on=now.date())
    for identity, wanted in zip(ids.new_ids(now, len(orders)), orders, strict=True):
        enrolment, conditions, node = places[wanted.enrolment_id, wanted.node_id]
        settings = known[enrolment.programme_code]
        clocks = rules.clocks(conditions.service, settings)
        deliver_by = wanted.deliver_by or node.due_at(now, clocks.answer_days + clocks.deliver_days)
        if deliver_by <= now:
            raise Invalid("inbound.date_past", "Say a day that is to come.", field="deliver_by")
        rows = _lines(identity, wanted, enrolment, offers, quotes, now)
        lines += rows
        order = StockOrder(
            id=identity,
            created_at=now,
            number=ids.number("SO", identity),
            seller_id=enrolment.seller_id,
            enrolment=enrolment,
            node_id=node.id,
            currency=quotes[wanted.lines[0].offer_id].currency,
            asked_minor=sum(row.asked_qty * row.unit_minor for row in rows),
            title_passes_on=conditions.title_passes_on or "",
            answer_by=min(node.due_at(now, clocks.answer_days), deliver_by),
            ship_by=min(node.due_at(now, clocks.answer_days + clocks.ship_days), deliver_by),
            deliver_by=deliver_by,
            void_at=node.due_at(deliver_by, settings.void_days),
            note=wanted.note[:400],
        )
        made.append(order)
        happened.append(Happened("asked", order, note=order.note, data={"asked_minor": order.asked_minor}))
    StockOrder.objects.bulk_create(made)
    StockOrderLine.objects.bulk_create(lines)
    trail.append(happened, actor=actor, now=now)
    trail.tell_of_orders("asked", made, now)
    if made:
        asked = {order.number: f"{order.asked_minor} {order.currency}" for order in made}
        audit.record(
            actor=actor,
            verb="stock_orders.ask",
            subject_kind="stock_orders",
            subject_id=made[0].id,
            now=now,
            after={"stock_orders": asked},
        )
    return made


@transaction.atomic
def accept(*, order_ids: Collection[UUID], actor: Actor, now: datetime) -> list[StockOrder]:
    """The seller agrees to all that is asked. Raises: NotFound, Refused from their state."""
    found = lock(order_ids, actor=actor, verb="stock_orders.answer")
    late = _late_answers(found, now)
    for order in found:
        order.state = rules.move(rules.ORDER_ACTS, order.state, "accept", number=order.number)
        order.agreed_minor = order.asked_minor
    StockOrderLine.objects.filter(stock_order_id__in=[order.id for order in found]).update(agreed_qty=F("asked_qty"))
    _keep(found, "state", "agreed_minor")
    trail.append([Happened("accepted", order, data=late.get(order.id, {})) for order in found], actor=actor, now=now)
    trail.tell_of_orders("answered", found, now)
    return found


@transaction.atomic
def counter(
    *,
    order_id: UUID,
    quantities: Mapping[UUID, int],
    deliver_by: datetime | None,
    actor: Actor,
    now: datetime,
    note: str = "",
) -> StockOrder:
    """The seller offers fewer units (line -> units) or a later time; the platform agrees or does not.

    Raises: NotFound, Invalid for more than was asked, for nothing at all and for what is no change, Refused.
    """
    [order] = lock([order_id], actor=actor, verb="stock_orders.answer")
    data = _late_answers([order], now).get(order.id, {})
    order.state = rules.move(rules.ORDER_ACTS, order.state, "counter", number=order.number)
    lines = list(StockOrderLine.objects.filter(stock_order=order).order_by("position"))
    if quantities.keys() - {line.id for line in lines}:
        raise NotFound(kind="line")
    for line in lines:
        line.offered_qty = quantities.get(line.id, line.asked_qty)
        if not 0 <= line.offered_qty <= line.asked_qty:
            raise Invalid(
                "inbound.more_than_asked",
                "Offer {asked} units or fewer.",
                field=f"quantity-{line.position}",
                asked=line.asked_qty,
            )
    if not any(line.offered_qty for line in lines):
        raise Invalid("inbound.nothing_offered", "Offer at least one unit, or decline the order.")
    later = deliver_by if deliver_by is not None and deliver_by > order.deliver_by else None
    if later is None and all(line.offered_qty == line.asked_qty for line in lines):
        raise Invalid("inbound.no_change", "That is what was asked: accept the order.")
    order.offered_deliver_by = later
    node = logistics.list_nodes([order.node_id])[order.node_id]
    settings = queries.settings_of(order.enrolment.programme_code, on=now.date())
    order.answer_by, order.answer_late_at = node.due_at(now, settings.answer_days), None
    StockOrderLine.objects.bulk_update(lines, ["offered_qty"])
    _keep([order], "state", "offered_deliver_by", "answer_by", "answer_late_at")
    trail.append([Happened("countered", order, note=note, data=data)], actor=actor, now=now)
    trail.tell_of_orders("answered", [order], now)
    return order


@transaction.atomic
def decline(*, order_id: UUID, reason: str, actor: Actor, now: datetime) -> StockOrder:
    """The seller does not deliver. Raises: NotFound, Invalid without a reason, Refused."""
    reason = audit.require_reason(reason)
    [order] = lock([order_id], actor=actor, verb="stock_orders.answer")
    data = _late_answers([order], now).get(order.id, {})
    _close([order], "decline", now)
    trail.append([Happened("declined", order, note=reason, data=data)], actor=actor, now=now)
    trail.tell_of_orders("answered", [order], now)
    return order


@transaction.atomic
def agree(*, order_ids: Collection[UUID], actor: Actor, now: datetime) -> list[StockOrder]:
    """The platform takes what sellers offered instead. Raises: NotFound, Refused from their state."""
    found = lock(order_ids, actor=actor, verb="stock_orders.ask")
    late = _late_answers(found, now)
    lines: dict[UUID, list[StockOrderLine]] = defaultdict(list)
    for line in StockOrderLine.objects.filter(stock_order_id__in=[order.id for order in found]):
        line.agreed_qty = line.offered_qty
        lines[line.stock_order_id].append(line)
    nodes = logistics.list_nodes({order.node_id for order in found})
    known = queries.settings_by_programme({order.enrolment.programme_code for order in found}, on=now.date())
    for order in found:
        order.state = rules.move(rules.ORDER_ACTS, order.state, "agree", number=order.number)
        order.agreed_minor = sum((line.agreed_qty or 0) * line.unit_minor for line in lines[order.id])
        if order.offered_deliver_by is not None:
            order.ship_by += order.offered_deliver_by - order.deliver_by
            order.deliver_by, order.delivery_late_at = order.offered_deliver_by, None
            void_days = known[order.enrolment.programme_code].void_days
            order.void_at = nodes[order.node_id].due_at(order.deliver_by, void_days)
    StockOrderLine.objects.bulk_update([line for group in lines.values() for line in group], ["agreed_qty"])
    _keep(found, "state", "agreed_minor", "ship_by", "deliver_by", "delivery_late_at", "void_at")
    trail.append([Happened("agreed", order, data=late.get(order.id, {})) for order in found], actor=actor, now=now)
    trail.tell_of_orders("decided", found, now)
    return found


@transaction.atomic
def refuse_counter(*, order_ids: Collection[UUID], reason: str, actor: Actor, now: datetime) -> list[StockOrder]:
    """The platform does not take what sellers offered instead. Raises: NotFound, Invalid, Refused."""
    reason = audit.require_reason(reason)
    found = lock(order_ids, actor=actor, verb="stock_orders.ask")
    late = _late_answers(found, now)
    _close(found, "refuse", now)
    trail.append(
        [Happened("refused", order, note=reason, data=late.get(order.id, {})) for order in found], actor=actor, now=now
    )
    trail.tell_of_orders("decided", found, now)
    return found


@transaction.atomic
def cancel(*, order_ids: Collection[UUID], reason: str, actor: Actor, now: datetime) -> list[StockOrder]:
    """The platform takes its orders back, before the goods left; what was announced for them is cancelled too.

    Raises: NotFound, Invalid without a reason, Refused once the goods have left.
    """
    reason = audit.require_reason(reason)
    found = lock(order_ids, actor=actor, verb="stock_orders.ask")
    _close(found, "cancel", now)
    dropped = _drop_shipments(found, now)
    happened = [Happened("cancelled", order, note=reason) for order in found]
    happened += [Happened("cancelled", shipment=each, note=reason) for each in dropped]
    trail.append(happened, actor=actor, now=now)
    trail.tell_of_orders("cancelled", found, now)
    for order in found:
        audit.record(
            actor=actor,
            verb="stock_orders.cancel",
            subject_kind="stock_order",
            subject_id=order.id,
            now=now,
            reason=reason,
        )
    return found


@transaction.atomic
def mark_late(*, now: datetime, limit: int = 1000) -> int:
    """Write down who is late: with an answer, with the goods; how much was new. Orders that never left become void."""
    silent = _due(now, limit, Q(state__in=["asked", "countered"], answer_by__lt=now, answer_late_at__isnull=True))
    slow = _due(
        now,
        limit,
        Q(state__in=["accepted", "packed", "shipped"], deliver_by__lt=now, delivery_late_at__isnull=True),
    )
    idle = _due(now, limit, Q(state__in=["accepted", "packed"], ship_by__lt=now) & ~Q(id__in=_on_record("ship")))
    conditions = sellers.list_conditions({order.enrolment_id for order in [*slow, *idle]})
    late = [lateness.with_answer(order) for order in silent]
    late += [lateness.with_goods(order, conditions[order.enrolment_id], "ship") for order in idle]
    late += [lateness.with_goods(order, conditions[order.enrolment_id], "arrive") for order in slow]
    lateness.record(late, now=now)
    for order in silent:
        order.answer_late_at = now
    for order in slow:
        order.delivery_late_at = now
    words = {"answer": "answer", "ship": "departure", "arrive": "delivery"}
    happened = [
        Happened("late", each.stock_order, party=each.party.value, data={"with": words[each.clock]}) for each in late
    ]
    _keep(silent, "answer_late_at")
    _keep(slow, "delivery_late_at")
    trail.append(happened, actor=SYSTEM, now=now)
    trail.tell_of_orders("late", list({order.id: order for order in [*silent, *idle, *slow]}.values()), now)
    return len(happened) + _void(now, limit)


def follow(order: StockOrder, shipment: Shipment, now: datetime, *, nothing_kept: bool = False) -> None:
    """Let a locked stock order stand where its shipment stands."""
    order.state = "returned" if nothing_kept else rules.ORDER_STATE[shipment.state]
    order.closed_at = None if order.state in rules.ORDER_OPEN else now
    if shipment.arrived_at is not None and order.deliver_by < shipment.arrived_at and order.delivery_late_at is None:
        order.delivery_late_at = shipment.arrived_at
        conditions = sellers.list_conditions([order.enrolment_id])[order.enrolment_id]
        lateness.record([lateness.with_goods(order, conditions, "arrive", "shipped")], now=now)
    _keep([order], "state", "closed_at", "delivery_late_at")


def lock(order_ids: Collection[UUID], *, actor: Actor, verb: str) -> list[StockOrder]:
    """Lock stock orders within the actor's reach, by id. Raises: NotFound."""
    rows = StockOrder.objects.select_related("enrolment").select_for_update(of=("self",), no_key=True)
    found = list(rows.filter(id__in=list(order_ids)).order_by("id"))
    if len(found) < len(set(order_ids)) or not all(actor.reaches(verb, order.seller_id) for order in found):
        raise NotFound(kind="stock order")
    return found


def takes(node: NodeView, conditions: Conditions, *, seller_id: UUID, market_country: str) -> bool:
    """Whether goods under the terms may come to a node: it is open, and they may leave from it for the shopper."""
    return not node.is_archived and stock.may_leave(
        conditions,
        operator_kind=node.operator_kind,
        is_anothers=node.operator_id != seller_id,
        is_local=node.country == market_country,
    )


def _places(
    orders: Sequence[NewStockOrder], actor: Actor
) -> dict[tuple[UUID, UUID], tuple[Enrolment, Programme, NodeView]]:
    """(enrolment, node) -> both with the wording, where the actor may ask for goods under the one to the other."""
    wanted = {each.enrolment_id for each in orders}
    enrolments = Enrolment.objects.select_related("market", "seller").in_bulk(wanted)
    if len(enrolments) < len(wanted) or not all(
        actor.reaches("stock_orders.ask", each.seller_id) for each in enrolments.values()
    ):
        raise NotFound(kind="enrolment")
    wordings = sellers.list_conditions(wanted)
    nodes = logistics.list_nodes({each.node_id for each in orders})
    found = {}
    for each in orders:
        enrolment, node = enrolments[each.enrolment_id], nodes.get(each.node_id)
        conditions = wordings[each.enrolment_id]
        terms.demand(conditions, Task.INVENTORY_PLANNING, party_of(actor))
        if enrolment.seller.status != "active":
            raise Refused("inbound.seller_not_active", "This seller does not trade now.")
        if node is None:
            raise NotFound(kind="node")
        if node.operator_id == enrolment.seller_id or not takes(
            node, conditions, seller_id=enrolment.seller_id, market_country=enrolment.market.country
        ):
            raise Refused(
                "inbound.node_takes_none",
                "Under these terms goods do not come to {node}.",
                field="node",
                node=node.name,
            )
        found[each.enrolment_id, each.node_id] = enrolment, conditions, node
    return found


def _offers(orders: Sequence[NewStockOrder]) -> dict[UUID, Offer]:
    wanted = {line.offer_id for each in orders for line in each.lines}
    found = {offer.id: offer for offer in catalogue.list_offers(offer_ids=wanted, limit=len(wanted))}
    parts = catalogue.components({offer.sku_id for offer in found.values()})
    for offer in found.values():
        if parts[offer.sku_id] != {offer.sku_id: 1}:
            raise Refused("inbound.kit", "{sku} is made of other articles: order those.", sku=offer.sku.code)
    return found


def _lines(
    order_id: UUID,
    wanted: NewStockOrder,
    enrolment: Enrolment,
    offers: Mapping[UUID, Offer],
    quotes: Mapping[UUID, SupplyQuote],
    now: datetime,
) -> list[StockOrderLine]:
    if not 0 < len(wanted.lines) <= LINES_MAX:
        raise Invalid("inbound.line_count", "A stock order has 1 to {most} lines.", field="lines", most=LINES_MAX)
    rows = []
    for position, (identity, line) in enumerate(
        zip(ids.new_ids(now, len(wanted.lines)), wanted.lines, strict=True), start=1
    ):
        offer, quote = offers.get(line.offer_id), quotes.get(line.offer_id)
        if offer is None or offer.enrolment_id != enrolment.id or offer.status == "archived":
            raise NotFound(kind="offer")
        if quote is None:
            raise Refused("inbound.no_price", "No supply price is agreed for {sku}.", sku=offer.sku.code)
        if not 0 < line.quantity <= UNITS_MAX:
            raise Invalid(
                "inbound.quantity", "Ask for 1 to {most} units.", field="quantity", most=UNITS_MAX, sku=offer.sku.code
            )
        rows.append(
            StockOrderLine(
                id=identity,
                created_at=now,
                stock_order_id=order_id,
                seller_id=enrolment.seller_id,
                position=position,
                sku_id=offer.sku_id,
                offer=offer,
                asked_qty=line.quantity,
                unit_minor=quote.amount_minor,
                quote_id=quote.id,
                quote_version=quote.version,
            )
        )
    if len({row.sku_id for row in rows}) < len(rows):
        raise Invalid("inbound.sku_twice", "An article stands on the order twice.", field="lines")
    if len({quotes[line.offer_id].currency for line in wanted.lines}) > 1:
        raise Refused("inbound.currencies", "The prices of one stock order are in one currency.")
    return rows


def _on_record(clock: str) -> QuerySet[Lateness]:
    """The stock orders whose present deadline of a clock is on record as missed."""
    due = {"ship": "stock_order__ship_by"}[clock]
    rows = Lateness.objects.filter(clock=clock, due_at=F(due), stock_order__isnull=False)
    return rows.values("stock_order_id")  # type: ignore[return-value]


def _due(now: datetime, limit: int, which: Q) -> list[StockOrder]:
    rows = StockOrder.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
    return list(rows.filter(which).order_by("id")[:limit])


def _void(now: datetime, limit: int) -> int:
    overdue = _due(now, limit, Q(state__in=["asked", "countered", "accepted", "packed"], void_at__lte=now))
    for order in overdue:
        order.state, order.closed_at = "void", now
    _keep(overdue, "state", "closed_at")
    dropped = _drop_shipments(overdue, now)
    happened = [Happened("void", order) for order in overdue]
    happened += [Happened("cancelled", shipment=each) for each in dropped]
    trail.append(happened, actor=SYSTEM, now=now)
    trail.tell_of_orders("void", overdue, now)
    return len(overdue)


def _drop_shipments(orders: Sequence[StockOrder], now: datetime) -> list[Shipment]:
    """Cancel what was to be sent for these orders."""
    rows = Shipment.objects.select_for_update(no_key=True).filter(
        stock_order__in=orders, state__in=["draft", "announced"]
    )
    dropped = list(rows.order_by("id"))
    for each in dropped:
        each.state, each.closed_at = "cancelled", now
    Shipment.objects.bulk_update(dropped, ["state", "closed_at"])
    docking.drop(dropped, now)
    return dropped


def _close(orders: Sequence[StockOrder], act: str, now: datetime) -> None:
    for order in orders:
        order.state = rules.move(rules.ORDER_ACTS, order.state, act, number=order.number)
        order.closed_at = now
    _keep(orders, "state", "closed_at")


def _keep(orders: Sequence[StockOrder], *fields: str) -> None:
    StockOrder.objects.bulk_update(orders, fields)


def _late_answers(orders: Sequence[StockOrder], now: datetime) -> dict[UUID, dict[str, Any]]:
    """Keep which orders are answered after their time, before they move on; what their events say of it."""
    late = [order for order in orders if order.state in ("asked", "countered") and order.answer_by < now]
    lateness.record([lateness.with_answer(order) for order in late], now=now)
    return {order.id: {"late": True} for order in late}
