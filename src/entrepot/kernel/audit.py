"""Who did what, when and why: one row a privileged act, in the act's transaction, chained by hash in the database."""

from datetime import datetime
from typing import Any
from uuid import UUID

from entrepot.kernel import ids
from entrepot.kernel.actors import Actor
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


def require_reason(reason: str) -> str:
    """A privileged act says why. Raises: Invalid."""
    if not reason.strip():
        raise Invalid("audit.reason_missing", "Say why: this act is kept with its reason.", field="reason")
    return reason.strip()
