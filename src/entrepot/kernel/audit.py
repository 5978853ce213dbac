"""Who did what, when and why: one row a privileged act, in the act's transaction, chained by hash in the database."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from entrepot.kernel import ids
from entrepot.kernel.actors import Actor
from entrepot.kernel.db import copy_rows
from entrepot.kernel.errors import Invalid
from entrepot.kernel.models import AuditEntry


def record(
    *,
    actor: Actor,
    verb: str,
    subject_kind: str,
    subject_id: UUID,
    now: datetime,
    reason: str = "",
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> AuditEntry:
    """Append one act to the chain, in the caller's transaction; the database numbers and chains it."""
    return AuditEntry.objects.create(
        id=ids.new_id(now),
        created_at=now,
        sequence=0,
        actor_user_id=actor.user_id,
        actor_organisation_id=actor.organisation_id,
        actor_label=actor.label,
        actor_role=actor.role,
        verb=verb,
        subject_kind=subject_kind,
        subject_id=subject_id,
        reason=reason,
        before=before,
        after=after,
    )


def record_each(
    *,
    actor: Actor,
    verb: str,
    subject_kind: str,
    acts: Iterable[tuple[UUID, dict[str, Any]]],
    now: datetime,
    reason: str = "",
) -> int:
    """Append the same act on many subjects, each with what it is afterwards, in their order; how many."""
    told = list(acts)
    columns = ["id", "created_at", "sequence", "actor_user_id", "actor_organisation_id", "actor_label", "actor_role",
               "verb", "subject_kind", "subject_id", "reason", "after", "previous_hash", "hash"]  # fmt: skip
    who = (actor.user_id, actor.organisation_id, actor.label, actor.role)
    return copy_rows(
        "kernel_auditentry",
        columns,
        (
            (identity, now, 0, *who, verb, subject_kind, subject_id, reason, after, "", "")
            for identity, (subject_id, after) in zip(ids.new_ids(now, len(told)), told, strict=True)
        ),
    )


def require_reason(reason: str) -> str:
    """A privileged act says why. Raises: Invalid."""
    if not reason.strip():
        raise Invalid("audit.reason_missing", "Say why: this act is kept with its reason.", field="reason")
    return reason.strip()


def list_entries(
    *,
    organisation_id: UUID | None = None,
    person: str = "",
    verb: str = "",
    subject: str = "",
    since: date | None = None,
    until: date | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[AuditEntry]:
    """The trail, the latest first: of an organisation's people or of everybody.

    `person` is part of a name or address; `verb` one act, or a family where it ends in a point; `subject` a kind of
    thing or the id of one; `since` the first day, `until` the last, in UTC.
    """
    found = AuditEntry.objects.all()
    if organisation_id is not None:
        found = found.filter(actor_organisation_id=organisation_id)
    if person:
        found = found.filter(actor_label__icontains=person)
    if verb:
        found = found.filter(verb__startswith=verb) if verb.endswith(".") else found.filter(verb=verb)
    if subject:
        identity = _identity(subject)
        found = found.filter(subject_id=identity) if identity else found.filter(subject_kind=subject)
    if since is not None:
        found = found.filter(created_at__gte=datetime.combine(since, time(), UTC))
    if until is not None:
        found = found.filter(created_at__lt=datetime.combine(until, time(), UTC) + timedelta(days=1))
    if before is not None:
        found = found.filter(sequence__lt=before)
    return list(found.order_by("-sequence")[:limit])


def _identity(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
