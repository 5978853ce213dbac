"""E-mail from the outbox: one text template per topic, in the language of whoever reads it.

An event carries ids, never addresses; they are looked up in the vault when it is told. Whoever was erased meanwhile is
not written to.
"""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import translation

from entrepot.domain.orders.models import Order


def tell_shopper(event: Any, *, now: datetime) -> None:
    """Write to whoever placed the order that the event is about; the template's first line is the subject."""
    order_id = event.subject_id if event.subject_kind == "order" else event.payload["order_id"]
    order = Order.objects.select_related("ship_to", "user").get(id=order_id)
    address = _address(order)
    if not address:
        return
    with translation.override(order.language or settings.LANGUAGE_CODE):
        text = render_to_string(f"mail/{event.topic}.txt", {"order": order, "event": event, "now": now})
    subject, _, body = text.strip().partition("\n")
    EmailMessage(subject.strip(), body.strip() + "\n", to=[address]).send()


def _address(order: Order) -> str:
    """The address left with the order, or the account's."""
    if order.ship_to.erased_at is None and order.ship_to.email:
        return order.ship_to.email
    return order.user.email if order.user and order.user.is_active else ""
