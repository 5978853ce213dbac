"""The two-person rule, once for every act that needs it: one asks with a reason, another decides."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from entrepot.kernel import audit, ids
from entrepot.kernel.actors import Actor
from entrepot.kernel.errors import Denied, NotFound, Refused
from entrepot.kernel.models import Approval

#: What an approved act of a kind does; a flow registers its act under the kind's name.
Act = Callable[[Approval, Actor, datetime], None]


@transaction.atomic
def request(
    *,
    actor: Actor,
    kind: str,
    subject_kind: str,
    subject_id: UUID,
    reason: str,
    now: datetime,
    organisation_id: UUID | None = None,
    payload: dict[str, Any] | None = None,
) -> Approval:
    """Ask for a second person. Raises: Refused where one is asked for already, Denied without a known person."""
    if actor.user_id is None:
        raise Denied("approvals.needs_person", "Only a person can ask for an approval.")
    approval = Approval(
        id=ids.new_id(now),
        created_at=now,
        kind=kind,
        subject_kind=subject_kind,
        subject_id=subject_id,
        organisation_id=organisation_id,
        payload=payload or {},
        reason=audit.require_reason(reason),
        requested_by=actor.user_id,
    )
    try:
        with transaction.atomic():
            approval.save(force_insert=True)
    except IntegrityError:
        raise Refused("approvals.pending", "This already waits for a decision.") from None
    audit.record(
        actor=actor,
        verb=f"{kind}.request",
        subject_kind=subject_kind,
        subject_id=subject_id,
        now=now,
        reason=reason,
        after=approval.payload,
    )
    return approval


@transaction.atomic
def decide(
    *, actor: Actor, approval_id: UUID, approve: bool, now: datetime, note: str = "", act: Act | None = None
) -> Approval:
    """Decide as the second person; on approval `act` runs in the same transaction.

    Raises: NotFound, Denied to the person who asked, Refused where it is decided.
    """
    approval = Approval.objects.select_for_update().filter(id=approval_id).first()
    if approval is None:
        raise NotFound(kind="approval")
    if approval.status != Approval.Status.PENDING:
        raise Refused("approvals.decided", "This was decided before.")
    if actor.user_id is None or actor.user_id == approval.requested_by:
        raise Denied("approvals.same_person", "A second person has to decide.")
    approval.status = Approval.Status.APPROVED if approve else Approval.Status.REFUSED
    approval.decided_by, approval.decided_at, approval.note = actor.user_id, now, note
    approval.save(update_fields=["status", "decided_by", "decided_at", "note"])
    audit.record(
        actor=actor,
        verb=f"{approval.kind}.{approval.status}",
        subject_kind=approval.subject_kind,
        subject_id=approval.subject_id,
        now=now,
        reason=note or approval.reason,
    )
    if approve and act is not None:
        act(approval, actor, now)
    return approval


def get(approval_id: UUID) -> Approval:
    """What was asked for. Raises: NotFound."""
    approval = Approval.objects.filter(id=approval_id).first()
    if approval is None:
        raise NotFound(kind="approval")
    return approval


def list_approvals(*, is_pending: bool, before: UUID | None = None, limit: int = 100) -> list[Approval]:
    """What waits for a decision, or what was decided; the newest first."""
    found = Approval.objects.filter(status=Approval.Status.PENDING)
    if not is_pending:
        found = Approval.objects.exclude(status=Approval.Status.PENDING)
    if before is not None:
        found = found.filter(id__lt=before)
    return list(found.order_by("-id")[:limit])
