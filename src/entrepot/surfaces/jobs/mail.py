"""E-mail from the outbox: one text template per topic, in the language of whoever reads it.

An event carries ids, never addresses; they are looked up in the vault when it is told. Whoever was erased meanwhile is
not written to.
"""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext

from entrepot.domain.accounts.models import Membership
from entrepot.domain.orders.models import Order
from entrepot.domain.sellers.models import Enrolment, Seller
from entrepot.domain.settlement.models import Payout, Statement

#: What an event of a seller may be about, and where that says whose it is.
SELLERS: dict[str, tuple[Any, str]] = {
    "seller": (Seller, "pk"),
    "enrolment": (Enrolment, "seller_id"),
    "statement": (Statement, "seller_id"),
    "payout": (Payout, "seller_id"),
}


def tell_shopper(event: Any, *, now: datetime) -> None:
    """Write to whoever placed the order that the event is about."""
    order_id = event.subject_id if event.subject_kind == "order" else event.payload["order_id"]
    order = Order.objects.select_related("ship_to", "user").get(id=order_id)
    if address := _address(order):
        _send(event.topic, address, order.language, {"order": order}, link=_link(order))


def tell_seller(event: Any, *, now: datetime) -> None:
    """Write to every member of the seller that the event is about."""
    kind, seller_id = SELLERS[event.subject_kind]
    subject = kind.objects.get(pk=event.subject_id)
    members = Membership.objects.filter(
        organisation_id=getattr(subject, seller_id), ended_at__isnull=True, user__is_active=True
    ).select_related("user")
    for member in members.order_by("user__email"):
        _send(event.topic, member.user.email, member.user.language, {event.subject_kind: subject})


def _address(order: Order) -> str:
    """The address left with the order, or the account's."""
    if order.ship_to.erased_at is not None:
        return ""
    if order.ship_to.email:
        return order.ship_to.email
    return order.user.email if order.user and order.user.is_active else ""


def _link(order: Order) -> str:
    """The page of the order; a guest's link carries the right to it."""
    if not settings.SITE_ADDRESS:
        return ""
    if order.user_id is None:
        return settings.SITE_ADDRESS + reverse("shop:order_access", args=[order.access_token])
    return settings.SITE_ADDRESS + reverse("shop:order", args=[order.number])


def _send(topic: str, address: str, language: str, facts: dict[str, Any], link: str = "") -> None:
    """One letter; the template's first line is its subject."""
    with translation.override(language or settings.LANGUAGE_CODE):
        text = render_to_string(f"mail/{topic}.txt", facts).strip()
        if link:
            text += "\n\n" + gettext("See your order: {link}").format(link=link)
    subject, _, body = text.partition("\n")
    EmailMessage(subject.strip(), body.strip() + "\n", to=[address]).send()
