"""E-mail from the outbox: one text template per topic, in the language of whoever reads it.

An event carries ids, never addresses; whom it is for is looked up when it is told: `contact_id` (the vault), `user_id`,
or `organisation_id` (its members). Whoever was erased meanwhile is not written to.
"""

from datetime import datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import translation

from entrepot.kernel import db

RECIPIENTS = """
    SELECT email, '' AS language FROM accounts_contact WHERE id::text = %(contact_id)s AND erased_at IS NULL
    UNION
    SELECT email, language FROM accounts_user WHERE id::text = %(user_id)s AND is_active
    UNION
    SELECT member.email, member.language FROM accounts_membership
    JOIN accounts_user AS member ON member.id = accounts_membership.user_id
    WHERE accounts_membership.organisation_id::text = %(organisation_id)s AND accounts_membership.ended_at IS NULL
      AND member.is_active
    ORDER BY email
"""


class Recipient(NamedTuple):
    """An address and the language that its owner reads."""

    email: str
    language: str


def send(event: Any, *, now: datetime) -> None:
    """Write to everybody that the event is for: the template's first line is the subject."""
    for recipient in recipients(event.payload):
        with translation.override(recipient.language or event.payload.get("language") or settings.LANGUAGE_CODE):
            text = render_to_string(f"mail/{event.topic}.txt", {"event": event, "now": now, **event.payload})
        subject, _, body = text.strip().partition("\n")
        EmailMessage(subject.strip(), body.strip() + "\n", to=[recipient.email]).send()


def recipients(payload: dict[str, Any]) -> list[Recipient]:
    """Whom an event is for, each address once."""
    wanted = {name: payload.get(name) for name in ("contact_id", "user_id", "organisation_id")}
    return [Recipient(*row) for row in db.fetch_rows(RECIPIENTS, wanted) if row.email]
