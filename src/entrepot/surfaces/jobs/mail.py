"""Letters from the outbox: one text template per topic, in the language of whoever reads it.

An event carries ids, never addresses; they are looked up in the vault when it is told. Whoever was erased meanwhile is
not written to, nor who does without letters of the family. A topic without a template sends the sentence of its notice.
"""

from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.template import TemplateDoesNotExist
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext

from entrepot.domain.accounts.models import Invitation
from entrepot.domain.notices import queries as notices
from entrepot.domain.notices.services import Address, Reader
from entrepot.domain.orders.models import Order
from entrepot.domain.sellers.models import Enrolment, Seller
from entrepot.domain.settlement.models import Payout, Statement
from entrepot.surfaces.jobs import wording
from entrepot.surfaces.jobs.topics import TOPICS

#: What a letter may say of its subject, by kind.
SUBJECTS: dict[str, Any] = {"seller": Seller, "enrolment": Enrolment, "statement": Statement, "payout": Payout}
#: The pages on which members of an organisation read.
SURFACES = {"seller": "seller", "operator": "desk", "third_party": "desk"}


def write(event: Any, reached: Sequence[tuple[Address, Reader]], *, now: datetime) -> None:
    """Send the letters of an event: to members that it reached, to the shopper of its order, to who is invited."""
    topic = TOPICS[event.topic]
    told = {who for who, each in topic.told.items() if each.letter}
    if (asked := event.payload.get("to")) is not None:
        told &= set(asked)
    silent = notices.list_silences(user_ids={reader.user_id for _address, reader in reached}) if told else set()
    if "shopper" in told:
        _to_shopper(event, silent, now)
    if "invited" in told:
        _to_invited(event, now)
    facts: dict[str, Any] | None = None
    for address, reader in reached:
        if address.who in told - {"shopper"} and (reader.user_id, topic.family_of(address.who)) not in silent:
            facts = _facts(event) if facts is None else facts
            _send(event.topic, address, reader, facts, now)


def _to_shopper(event: Any, silent: set[tuple[UUID, str]], now: datetime) -> None:
    """To whoever placed the order: to the address left with it, or the account's."""
    order_id = event.subject_id if event.subject_kind == "order" else event.payload["order_id"]
    order = Order.objects.select_related("ship_to", "user").get(id=order_id)
    if str(order.user_id) == event.payload.get("actor_id", "") or (order.user_id, TOPICS[event.topic].family) in silent:
        return
    if order.ship_to.erased_at is not None:
        return
    address = order.ship_to.email or (order.user.email if order.user and order.user.is_active else "")
    if address:
        with translation.override(order.language or settings.LANGUAGE_CODE):
            text = _text(event.topic, {"order": order}, "shopper", {"order_number": order.number})
            _deliver(text, address, gettext("See your order: {link}"), _order_path(order), now)


def _order_path(order: Order) -> str:
    """The page of the order; a guest's address carries the right to it."""
    if order.user_id is None:
        return reverse("shop:order_access", args=[order.access_token])
    return reverse("shop:order", args=[order.number])


def _to_invited(event: Any, now: datetime) -> None:
    """To somebody who is to join a team, and may have no account here yet."""
    invitation = Invitation.objects.select_related("organisation").get(id=event.subject_id)
    with translation.override(invitation.language or settings.LANGUAGE_CODE):
        text = _text(event.topic, {"invitation": invitation}, "invited", {})
        _deliver(text, invitation.email, gettext("Join: {link}"), wording.invitation_path(invitation.id), now)


def _facts(event: Any) -> dict[str, Any]:
    """The subject itself, for a template that says more of it than the values of its notice."""
    kind = SUBJECTS.get(event.subject_kind)
    return {event.subject_kind: kind.objects.get(pk=event.subject_id)} if kind else {}


def _send(topic: str, address: Address, reader: Reader, facts: dict[str, Any], now: datetime) -> None:
    with translation.override(reader.language or settings.LANGUAGE_CODE):
        text = _text(topic, facts, address.who, address.values)
        path = wording.path(topic, address.who, address.values, SURFACES.get(reader.kind, "shop"))
        _deliver(text, reader.email, gettext("See it here: {link}"), path, now)


def _text(topic: str, facts: dict[str, Any], who: str, values: dict[str, Any]) -> str:
    try:
        return render_to_string(f"mail/{topic}.txt", facts | {"who": who, "values": values}).strip()
    except TemplateDoesNotExist:
        return wording.sentence(topic, who, values)


def _deliver(text: str, address: str, words: str, path: str, now: datetime) -> None:
    """One letter; the first line of its text is its subject."""
    subject, _, body = text.partition("\n")
    body = body.strip() or subject.strip() + "."
    if path and settings.SITE_ADDRESS:
        body += "\n\n" + words.format(link=settings.SITE_ADDRESS + path)
    headers = {"Date": format_datetime(now)}
    EmailMessage(subject.strip(), body + "\n", to=[address], headers=headers).send()
