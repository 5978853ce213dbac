"""Another product instead of one that cannot be sent, at no higher price to the shopper.

The units of the old line are cancelled, and a new line of the same suborder takes their place. Freight and customs duty
go over to it unchanged; of the goods the shopper pays the lower of the two prices, and who is liable for the stock-out
funds what the new product costs more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import numpy as np

from entrepot.domain.inventory import services as inventory
from entrepot.domain.inventory.services import NewHold
from entrepot.domain.orders import opening, progress
from entrepot.domain.orders.opening import NewAdjustment, NewLine
from entrepot.domain.orders.progress import Moved, NewEvent, Step
from entrepot.domain.orders.rules import EventKind, share, share_minor
from entrepot.domain.payments import queries as payment_queries
from entrepot.domain.payments import services as payments
from entrepot.domain.payments.providers import Act
from entrepot.domain.payments.services import NewCall
from entrepot.domain.pricing import rules as pricing
from entrepot.domain.terms import queries as terms_queries
from entrepot.domain.terms import services as terms_services
from entrepot.domain.terms.rules import Capture, Cause, Party, Task
from entrepot.flows import amending, facts, paying
from entrepot.flows.drafting import Drafting
from entrepot.flows.drafts import Draft, DraftLine
from entrepot.flows.requests import CartRequest, check_quantity
from entrepot.kernel import ids, outbox
from entrepot.kernel.actors import Actor
from entrepot.kernel.db import atomic, fetch_rows, retried
from entrepot.kernel.errors import EntrepotError, Refused
from entrepot.kernel.money import prorate
from entrepot.kernel.outbox import Event

#: As an event and an adjustment name it.
SUBSTITUTION = "substitution"


@dataclass(frozen=True, slots=True)
class Substituted:
    """The new line, and what the shopper need not pay any more."""

    line_id: UUID
    amount_minor: int


def substitute(
    *, line_id: UUID, offer_id: UUID, quantity: int, actor: Actor, reason: str, now: datetime
) -> Substituted:
    """Send units of another offer of the same seller, programme and node instead, before they are packed.

    For the seller and the operator, who keep the shopper's consent as the reason. Raises: NotFound, Denied, Invalid,
    Refused: sold out there, another seller or programme, packed, or paid at order.
    """
    check_quantity(quantity, "quantity")
    done, voids = retried(lambda: _substitute(line_id, offer_id, quantity, actor, reason, now))
    paying.carry_out(act=Act.VOID, call_ids=voids, now=now)
    return done


@atomic
def _substitute(
    line_id: UUID, offer_id: UUID, quantity: int, actor: Actor, reason: str, now: datetime
) -> tuple[Substituted, list[UUID]]:
    line = progress.lock_lines(line_ids=[line_id])[line_id]
    order = amending.find_orders({line.order_id})[line.order_id]
    amending.demand_right(actor, line.seller_id)
    amending.keep_reasons(actor=actor, verb="orders.substitute", orders={order.id: order}, reason=reason, now=now)
    amending.refuse_packed({line_id: quantity}, {line_id: line}, whole_suborder=False)
    old = _frozen(line_id)
    if terms_queries.get_terms([old.terms_id])[old.terms_id].fulfilment.capture is Capture.ORDER:
        raise Refused("orders.paid_at_order", "What was paid at order is cancelled and ordered anew.")
    drafted = _draft(order, old, offer_id, quantity, now)
    [moved] = progress.advance(
        steps=[Step(line_id, EventKind.CANCELLED, quantity, {"reason": SUBSTITUTION, "role": actor.role})],
        actor=actor,
        now=now,
    )
    inventory.release_quantities(rows=[(line_id, quantity)], now=now)
    row, adjustment = _row(old, moved, drafted, ids.new_id(now))
    opening.write_lines(rows=[row], adjustments=[adjustment] if adjustment.amount_minor else [], now=now)
    inventory.open_holds(
        holds=[
            NewHold(
                stock_id=taken.stock_id,
                owner_id=row.id,
                quantity=taken.quantity,
                per_unit=taken.per_unit,
                offer_id=taken.offer_id,
            )
            for taken in drafted.drawn
        ],
        expires_at=None,
        now=now,
    )
    given_up = share_minor(line, moved.first_unit, quantity) - row.total_minor
    if given_up < 0:
        raise Refused("orders.not_interchangeable", "The tax on it would make it dearer to the shopper.")
    progress.append_events(
        events=[
            NewEvent(
                order.id,
                EventKind.SUBSTITUTED,
                old.suborder_id,
                row.id,
                quantity,
                {"instead_of": str(line_id), "given_up_minor": given_up},
            )
        ],
        actor=actor,
        now=now,
    )
    outbox.append([Event("order.substituted", "order", order.id, {"number": order.number})], now=now)
    return Substituted(row.id, given_up), _open_void(order.id, line_id, quantity, given_up, now)


def _open_void(order_id: UUID, line_id: UUID, quantity: int, amount_minor: int, now: datetime) -> list[UUID]:
    if not amount_minor:
        return []
    paid = payment_queries.get_payments(reference_ids=[order_id])[order_id]
    call = NewCall(paid.id, ids.new_id(now), [(line_id, quantity, amount_minor)])
    return payments.open_calls(act=Act.VOID, rows=[call], now=now)


def _frozen(line_id: UUID) -> Any:
    """The old line with its node, programme and market."""
    [row] = fetch_rows(
        "SELECT line.*, suborder.node_id, suborder.programme_code, market.code AS market_code,"
        " (SELECT max(position) FROM orders_orderline other WHERE other.order_id = line.order_id) AS last_position"
        " FROM orders_orderline line JOIN orders_suborder suborder ON suborder.id = line.suborder_id"
        " JOIN orders_order ordered ON ordered.id = line.order_id"
        " JOIN markets_market market ON market.id = ordered.market_id WHERE line.id = %s",
        [line_id],
    )
    return row


def _draft(order: Any, old: Any, offer_id: UUID, quantity: int, now: datetime) -> DraftLine:
    """The new line as an order of its own would have it, from the same node. Raises: EntrepotError."""
    request = CartRequest(market_code=old.market_code, lines=[(offer_id, quantity)], language=order.language)
    gathered = facts.gather([request], now)
    stock = inventory.lock_stock(seller_skus=gathered.seller_skus) if gathered.seller_skus else []
    [draft] = Drafting(gathered, [row for row in stock if row.node_id == old.node_id]).draft([request])
    if isinstance(draft, EntrepotError):
        raise draft
    assert isinstance(draft, Draft)
    [suborder] = draft.suborders
    if (suborder.seller_id, suborder.programme_code) != (old.seller_id, old.programme_code):
        raise Refused(
            "orders.not_interchangeable", "Only an offer of the same seller and programme can take its place."
        )
    terms_services.freeze([suborder.terms], now=now)
    [line] = suborder.lines
    return line


def _row(old: Any, moved: Moved, drafted: DraftLine, identity: UUID) -> tuple[NewLine, NewAdjustment]:
    """The new line: freight and duty as the old units had them, goods at the lower price."""
    item, quantity = drafted.item, moved.step.quantity
    before = share(moved.line, moved.first_unit, quantity)
    goods = _goods(item, before, same_rate=item.tax_rate == old.tax_rate)
    total = sum(goods.values()) + before["shipping_net_minor"] + before["shipping_tax_minor"]
    displayed = goods["goods_net_minor"] + (goods["goods_tax_minor"] if item.includes_tax else 0)
    liable = item.sellable.terms.liable(Task.INVENTORY_PLANNING, Cause.STOCK_OUT)
    row = NewLine(
        id=identity,
        order_id=old.order_id,
        suborder_id=old.suborder_id,
        seller_id=old.seller_id,
        offer_id=item.sellable.id,
        enrolment_id=item.sellable.enrolment_id,
        sku_id=item.sellable.sku_id,
        terms_id=item.sellable.terms.digest,
        position=old.last_position + 1,
        category_path=item.sellable.category_path,
        title=item.title,
        quantity=quantity,
        list_minor=item.displayed_minor,
        discount_minor=item.displayed_minor - displayed,
        **(before | goods),
        total_minor=total + before["customs_duty_minor"],
        tax_rate=item.tax_rate,
        tax_collector=item.sellable.terms.performer(Task.TAX_COLLECTION) or "",
        freight_cost_minor=prorate(old.freight_cost_minor, moved.first_unit, quantity, old.quantity),
        supply_minor=None if item.supply_minor is None else item.supply_minor * quantity,
        supply_currency=item.supply_currency,
        fx_rate=item.fx.rate,
        fx_on=None if item.fx.published_on == date.min else item.fx.published_on,
        fx_source=item.fx.source,
        attribution=old.attribution,
        border=old.border,
        replaces_id=old.id,
    )
    funder = Party.PLATFORM if liable is Party.PLATFORM else Party.SELLER
    return row, NewAdjustment(identity, SUBSTITUTION, old.id, SUBSTITUTION, funder, row.discount_minor)


def _goods(item: Any, before: Mapping[str, int], *, same_rate: bool) -> dict[str, int]:
    """Net and tax of the new goods at the lower of the two displayed prices."""
    net, tax = before["goods_net_minor"], before["goods_tax_minor"]
    ceiling = net + tax if item.includes_tax else net
    if same_rate and item.displayed_minor >= ceiling:
        return {"goods_net_minor": net, "goods_tax_minor": tax}
    shown = np.array([min(item.displayed_minor, ceiling)], dtype=np.int64)
    nets, taxes = pricing.net_and_tax(shown, pricing.ppm([item.tax_rate]), np.array([item.includes_tax]))
    return {"goods_net_minor": int(nets[0]), "goods_tax_minor": int(taxes[0])}
