"""What is kept of a person: handed to them on request, and forgotten for good on request.

What was bought and paid stays in the books, as the law wants it, but names nobody any more: orders carry the id of a
row in the vault, and that row is emptied.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from entrepot.domain.accounts import queries as accounts
from entrepot.domain.accounts import services
from entrepot.domain.accounts.models import Contact, User
from entrepot.domain.aftersales.models import ReturnCase
from entrepot.domain.conversations.models import Message, Thread
from entrepot.domain.orders.models import Order, OrderLine
from entrepot.kernel import audit
from entrepot.kernel.actors import Actor
from entrepot.kernel.db import atomic, fetch_value
from entrepot.kernel.errors import Denied, Refused

#: What the vault knows of a person.
CONTACT = ("name", "company", "line1", "line2", "postcode", "city", "region", "country", "phone", "email")


def export(*, user_id: UUID) -> dict[str, Any]:
    """Everything that is kept of a shopper, as plain data. Units: minor."""
    user = User.objects.get(id=user_id)
    orders = list(Order.objects.select_related("market").filter(user_id=user_id).order_by("id"))
    lines = OrderLine.objects.filter(order__user_id=user_id).order_by("order_id", "position")
    by_order: dict[UUID, list[dict[str, Any]]] = {}
    for line in lines:
        by_order.setdefault(line.order_id, []).append(
            {"title": line.title, "quantity": line.quantity, "total_minor": line.total_minor}
        )
    cases = ReturnCase.objects.filter(order__user_id=user_id).order_by("id")
    said = Message.objects.select_related("thread").filter(thread__order__user_id=user_id).order_by("thread_id", "id")
    return {
        "account": {
            "email": user.email, "name": user.name, "language": user.language, "since": user.date_joined.isoformat(),
        },
        "addresses": [
            {name: getattr(each, name) for name in CONTACT} | {"in_address_book": each.kept_at is not None}
            for each in accounts.list_contacts(owner_user_id=user_id)
        ],
        "orders": [
            {
                "number": order.number, "market": order.market.code, "state": order.state,
                "ordered_at": order.created_at.isoformat(), "currency": order.currency,
                "total_minor": order.total_minor, "lines": by_order.get(order.id, []),
            }
            for order in orders
        ],
        "returns": [
            {"number": case.number, "reason": case.reason, "note": case.note, "state": case.state} for case in cases
        ],
        "conversations": [
            {
                "number": each.thread.number, "at": each.created_at.isoformat(),
                "by": "you" if each.side == "shopper" else each.side,
                "text": each.text if each.kind == Message.Kind.SAID else "",
            }
            for each in said
        ],
    }  # fmt: skip


@atomic
def forget(*, user_id: UUID, actor: Actor, now: datetime) -> None:
    """Empty what the vault knows of a shopper and close the account; asked for by the shopper alone.

    Raises: Denied to anybody else and to who works for an organisation, Refused while something is on its way.
    """
    if actor.user_id != user_id:
        raise Denied()
    if accounts.list_memberships(user_id=user_id):
        raise Refused("accounts.still_member", "You work for an organisation here: leave its team first.")
    if _under_way(user_id):
        raise Refused(
            "accounts.orders_under_way",
            "Something you ordered or send back is still on its way. Come back when it has arrived, or cancel it.",
        )
    used = Order.objects.filter(user_id=user_id).values_list("ship_to_id", flat=True)
    own = Contact.objects.filter(owner_user_id=user_id).values_list("id", flat=True)
    services.erase_contacts(contact_ids={*used, *own}, now=now)
    services.close_account(user_id=user_id, now=now)
    Thread.objects.filter(order__user_id=user_id, state=Thread.State.OPEN).update(
        state=Thread.State.CLOSED, due_at=None
    )
    audit.record(
        actor=Actor(label="erased", user_id=user_id, role="shopper"), verb="accounts.forget", subject_kind="user",
        subject_id=user_id, now=now,
    )  # fmt: skip


def _under_way(user_id: UUID) -> bool:
    """Whether goods or money of a person are still to move."""
    return bool(
        fetch_value(
            """
            SELECT EXISTS (
                SELECT 1 FROM orders_order ordered JOIN orders_orderline line ON line.order_id = ordered.id
                WHERE ordered.user_id = %s AND (ordered.state = 'pending' OR (ordered.state = 'placed'
                    AND line.quantity - line.cancelled_qty - line.delivered_qty - line.lost_qty > 0))
            ) OR EXISTS (
                SELECT 1 FROM aftersales_returncase kase JOIN orders_order ordered ON ordered.id = kase.order_id
                WHERE ordered.user_id = %s AND kase.state IN ('requested', 'in_transit', 'received')
            )
            """,
            [user_id, user_id],
        )
    )
