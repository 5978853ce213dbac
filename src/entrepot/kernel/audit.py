"""Who did what, when and why: one row a privileged act, in the act's transaction, chained by hash."""

import hashlib
import json
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from entrepot.kernel import ids
from entrepot.kernel.actors import Actor
from entrepot.kernel.errors import Invalid
from entrepot.kernel.models import AuditEntry

#: One writer at a time extends the chain; privileged acts are rare enough for that.
_CHAIN_LOCK = 4_210_001


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
    """Append one act to the chain, in the caller's transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_CHAIN_LOCK])
    last = AuditEntry.objects.order_by("-sequence").values_list("sequence", "hash").first()
    sequence, previous = last or (0, "")
    entry = AuditEntry(
        id=ids.new_id(now),
        created_at=now,
        sequence=sequence + 1,
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
        previous_hash=previous,
    )
    entry.hash = digest(entry)
    entry.save(force_insert=True)
    return entry


def require_reason(reason: str) -> str:
    """A privileged act says why. Raises: Invalid."""
    if not reason.strip():
        raise Invalid("audit.reason_missing", "Say why: this act is kept with its reason.", field="reason")
    return reason.strip()


def digest(entry: AuditEntry) -> str:
    """The hash that chains an entry to the one before it."""
    body = json.dumps(
        [
            entry.sequence,
            entry.created_at.isoformat(),
            str(entry.actor_user_id),
            entry.actor_label,
            entry.verb,
            entry.subject_kind,
            str(entry.subject_id),
            entry.reason,
            entry.before,
            entry.after,
            entry.previous_hash,
        ],
        sort_keys=True,
        separators=(",", ":"),
    )
    return hashlib.sha256(body.encode()).hexdigest()
