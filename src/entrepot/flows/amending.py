"""What may change about a placed order before its goods leave: less of it, another address, another product.

Every change is an event on the order; where money changes, what is set aside is let go or what was taken is given back,
for the same places of the line that the ledger would otherwise have booked.
"""

import secrets
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from entrepot.domain.accounts import services as accounts
from entrepot.domain.inventory import services as inventory
from entrepot.domain.logistics import parcels
from entrepot.domain.orders import progress
from entrepot.domain.orders.progress import LockedLine, Moved, NewEvent, Step
from entrepot.domain.orders.rules import EventKind, share_minor
from entrepot.domain.payments import queries as payment_queries
from entrepot.domain.payments import services as payments
from entrepot.domain.payments.providers import Act
from entrepot.domain.payments.services import NewCall
from entrepot.domain.promotions import services as promotions
from entrepot.domain.terms import queries as terms
from entrepot.domain.terms.rules import Capture
from entrepot.flows import paying
from entrepot.flows.requests import check_contact, check_quantity
from entrepot.kernel import audit, ids, outbox
from entrepot.kernel.actors import SYSTEM, Actor
from entrepot.kernel.crashing import crash_point
from entrepot.kernel.db import atomic, execute, fetch_rows, retried
from entrepot.kernel.errors import Denied, Invalid, NotFound, Refused
from entrepot.kernel.outbox import Event


class AlreadyPacked(Refused):
    """The units stand in a parcel."""

    code = "orders.packed"
    message = "{packed} units are packed already; {left} can still be cancelled."


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Units of a line that will not be delivered, and what the shopper need not pay or gets back for them."""

    line_id: UUID
    quantity: int
    amount_minor: int
    is_refunded: bool


def cancel_lines(
    *,
    rows: Sequence[tuple[UUID, int]],
    actor: Actor,
    reason: str,
    now: datetime,
    access_token: str = "",
) -> list[Cancelled]:
    """Cancel units of lines before they are handed over: stock is free again, money is let go or given back.

    The shopper may, by being signed in or by the order's token; the seller and the operator may, with a reason.
    All or none. Raises: NotFound for an order of somebody else, Denied, Invalid, BeyondQuantity, AlreadyPacked,
    ForbiddenTransition where the order is not placed.
    """
    units = _merged(rows)
    cancelled, calls = retried(lambda: _cancel(units, actor, reason, now, access_token))
    crash_point("cancel.committed")
    for act, call_ids in calls.items():
        paying.carry_out(act=act, call_ids=call_ids, now=now)
    return cancelled


def withdraw(
    *, units: Mapping[UUID, int], reason: str, blame: Mapping[UUID, dict[str, str]], now: datetime
) -> dict[Act, list[UUID]]:
    """Cancel, in the caller's transaction, units for which there are no goods; `blame` goes into the event of a line.

    Returns the calls to payment providers that the caller carries out once it has committed.
    """
    _, calls = _cancel(units, SYSTEM, reason, now, "", blame)
    return calls


@atomic
def change_address(
    *, order_id: UUID, ship_to: Mapping[str, str], actor: Actor, now: datetime, reason: str = "", access_token: str = ""
) -> UUID:
    """Send what has not left to another address in the same country; the new vault row.

    Labels that were made are of the old address, and hand-over refuses them. Raises: NotFound, Invalid, Refused.
    """
    check_contact(ship_to, "ship_to")
    order = _lock_order(order_id, actor, reason, access_token, now)
    if order.to_ship == 0:
        raise Refused("orders.nothing_to_ship", "Everything in this order has left or was cancelled.")
    if ship_to["country"] != order.country:
        raise Invalid(
            "orders.other_country",
            "This market delivers to {country} only.",
            field="ship_to.country",
            country=order.country,
        )
    [contact] = accounts.keep_contacts(rows=[dict(ship_to)], now=now, owner_user_id=order.user_id)
    execute("UPDATE orders_order SET ship_to_id = %s WHERE id = %s", [contact.id, order_id])
    progress.append_events(
        events=[
            NewEvent(order_id, EventKind.ADDRESS_CHANGED, data={"from": str(order.ship_to_id), "to": str(contact.id)})
        ],
        actor=actor,
        now=now,
    )
    outbox.append([Event("order.address_changed", "order", order_id, {"number": order.number})], now=now)
    return contact.id


@atomic
def _cancel(
    units: Mapping[UUID, int],
    actor: Actor,
    reason: str,
    now: datetime,
    access_token: str,
    blame: Mapping[UUID, dict[str, str]] = MappingProxyType({}),
) -> tuple[list[Cancelled], dict[Act, list[UUID]]]:
    lines = progress.lock_lines(line_ids=units)
    orders = find_orders({line.order_id for line in lines.values()})
    foreign = {key: order for key, order in orders.items() if not is_shopper(actor, order, access_token)}
    for line in lines.values():
        if line.order_id in foreign:
            demand_right(actor, line.seller_id)
    keep_reasons(actor=actor, verb="orders.cancel", orders=foreign, reason=reason, now=now)
    refuse_packed(units, lines)
    said = {"reason": reason[:200], "role": actor.role}
    moved = progress.advance(
        steps=[
            Step(line_id, EventKind.CANCELLED, quantity, said | blame.get(line_id, {}))
            for line_id, quantity in units.items()
        ],
        actor=actor,
        now=now,
    )
    # Vouchers before stock, as checkout locks them.
    _release_vouchers(orders, now)
    inventory.release_quantities(rows=list(units.items()), now=now)
    cancelled, calls = _give_up(moved, now)
    outbox.append(
        [
            Event("order.cancelled", "order", order_id, {"number": order.number})
            for order_id, order in sorted(orders.items())
        ],
        now=now,
    )
    crash_point("cancel.written")
    return cancelled, calls


def _give_up(moved: Sequence[Moved], now: datetime) -> tuple[list[Cancelled], dict[Act, list[UUID]]]:
    """Let go of what was set aside for cancelled units, or give back what was taken at order; with the calls for it."""
    lines = {each.line.id: each.line for each in moved}
    at_order = _captured_at_order(lines.values())
    paid = payment_queries.get_payments(reference_ids={line.order_id for line in lines.values()})
    parts: dict[tuple[Act, UUID], list[tuple[UUID, int, int]]] = defaultdict(list)
    cancelled = []
    for each in moved:
        amount = share_minor(each.line, each.first_unit, each.step.quantity)
        act = Act.REFUND if each.line.id in at_order else Act.VOID
        cancelled.append(Cancelled(each.line.id, each.step.quantity, amount, act is Act.REFUND))
        if amount:
            parts[act, each.line.order_id].append((each.line.id, each.step.quantity, amount))
    calls: dict[Act, list[UUID]] = {}
    for act in (Act.VOID, Act.REFUND):
        new = [
            NewCall(paid[order_id].id, source, members, paying.CANCELLED)
            for source, ((kind, order_id), members) in zip(ids.new_ids(now, len(parts)), parts.items(), strict=True)
            if kind is act
        ]
        calls[act] = payments.open_calls(act=act, rows=new, now=now)
    return cancelled, calls


def _captured_at_order(lines: Iterable[LockedLine]) -> set[UUID]:
    """Lines whose terms took the money at order."""
    found = list(lines)
    agreed = terms.get_terms({line.terms_id for line in found})
    return {line.id for line in found if agreed[line.terms_id].fulfilment.capture is Capture.ORDER}


def refuse_packed(units: Mapping[UUID, int], lines: Mapping[UUID, LockedLine], *, whole_suborder: bool = True) -> None:
    """Packed units stay, unless their suborder is cancelled whole and its parcels with it. Raises: AlreadyPacked."""
    packed = parcels.packed_units(line_ids=lines)
    if not packed:
        return
    touched = {lines[line_id].suborder_id for line_id in packed}
    left = {
        row.suborder_id: row.units
        for row in fetch_rows(
            "SELECT suborder_id, sum(quantity - cancelled_qty)::int AS units FROM orders_orderline"
            " WHERE suborder_id = ANY(%s) GROUP BY suborder_id",
            [list(touched)],
        )
    }
    for line_id, quantity in units.items():
        left[lines[line_id].suborder_id] = left.get(lines[line_id].suborder_id, 0) - quantity
    for line_id, standing in packed.items():
        room = lines[line_id].units.to_ship - standing
        if units[line_id] > room and not (whole_suborder and left[lines[line_id].suborder_id] == 0):
            raise AlreadyPacked(line_id=str(line_id), packed=standing, left=room)


def _release_vouchers(orders: Mapping[UUID, Any], now: datetime) -> None:
    """An order of which nothing is left has used no voucher."""
    empty = fetch_rows(
        "SELECT order_id FROM orders_orderline WHERE order_id = ANY(%s) GROUP BY order_id"
        " HAVING sum(quantity - cancelled_qty) = 0",
        [list(orders)],
    )
    if empty:
        promotions.release(order_ids=[row.order_id for row in empty], now=now)


def find_orders(order_ids: Collection[UUID]) -> dict[UUID, Any]:
    """Orders with whose they are."""
    return {
        row.id: row
        for row in fetch_rows(
            "SELECT id, number, user_id, access_token, language FROM orders_order WHERE id = ANY(%s)",
            [list(order_ids)],
        )
    }


def _lock_order(order_id: UUID, actor: Actor, reason: str, access_token: str, now: datetime) -> Any:
    """A placed order under lock, which the actor may change as a whole. Raises: NotFound, Refused."""
    found = fetch_rows(
        "SELECT ordered.id, ordered.number, ordered.user_id, ordered.access_token, ordered.ship_to_id, ordered.state,"
        " market.country, (SELECT sum(quantity - cancelled_qty - shipped_qty) FROM orders_orderline line"
        " WHERE line.order_id = ordered.id) AS to_ship FROM orders_order ordered"
        " JOIN markets_market market ON market.id = ordered.market_id WHERE ordered.id = %s"
        " FOR NO KEY UPDATE OF ordered",
        [order_id],
    )
    if not found:
        raise NotFound(kind="order")
    order = found[0]
    if not is_shopper(actor, order, access_token):
        if actor != SYSTEM and actor.verbs.get("orders.cancel") != "all":
            raise NotFound(kind="order")
        keep_reasons(actor=actor, verb="orders.change", orders={order_id: order}, reason=reason, now=now)
    if order.state != "placed":
        raise Refused("orders.not_placed", "This order is {state}.", state=order.state)
    return order


def is_shopper(actor: Actor, order: Any, access_token: str) -> bool:
    """Whether the order is the actor's own: by who is signed in, or by a guest's token."""
    if order.user_id is not None:
        return bool(actor.user_id == order.user_id)
    return bool(access_token) and secrets.compare_digest(access_token.encode(), order.access_token.encode())


def demand_right(actor: Actor, seller_id: UUID) -> None:
    """To anybody but its seller and the operator the order does not exist. Raises: NotFound, Denied."""
    if actor.reaches("orders.cancel", seller_id):
        return
    if actor.reaches("orders.read", seller_id):
        raise Denied("accounts.verb_missing", "Your role does not include “{verb}”.", verb="orders.cancel")
    raise NotFound(kind="order line")


def keep_reasons(*, actor: Actor, verb: str, orders: Mapping[UUID, Any], reason: str, now: datetime) -> None:
    """Whoever changes what somebody else ordered says why. Raises: Invalid."""
    if not orders:
        return
    acts = [(order_id, {"number": order.number}) for order_id, order in sorted(orders.items())]
    why = reason if actor == SYSTEM else audit.require_reason(reason)
    audit.record_each(actor=actor, verb=verb, subject_kind="order", acts=acts, now=now, reason=why)


def _merged(wanted: Sequence[tuple[UUID, int]]) -> dict[UUID, int]:
    if not wanted:
        raise Invalid("orders.no_lines", "Say which lines.", field="rows")
    units: dict[UUID, int] = defaultdict(int)
    for place, (line_id, quantity) in enumerate(wanted):
        units[line_id] += check_quantity(quantity, f"rows[{place}].quantity")
    return dict(units)
