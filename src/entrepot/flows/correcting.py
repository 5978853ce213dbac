"""Corrections of the books by hand: one person proposes, nothing is posted until a second one approves."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from entrepot.domain.accounts.queries import get_operator
from entrepot.domain.ledger.rules import AccountKey, NewPosting
from entrepot.domain.settlement.corrections import KIND as JOURNAL
from entrepot.domain.settlement.corrections import Correction, book_correction
from entrepot.kernel import approvals, audit, ids
from entrepot.kernel.actors import Actor
from entrepot.kernel.db import atomic
from entrepot.kernel.errors import Denied
from entrepot.kernel.models import Approval

#: The approval's kind, and the verb that a proposer holds.
KIND = "ledger.correct"


@atomic
def propose(
    *,
    actor: Actor,
    reason: str,
    now: datetime,
    postings: Sequence[NewPosting] = (),
    reverses: UUID | None = None,
) -> Approval:
    """Ask for a correction, which is dated by its approval; it is tried and undone, so that it is refused early.

    Raises: as `book_correction`; Denied, Refused while the same reversal waits.
    """
    if actor.verbs.get(KIND) != "all":
        raise Denied("accounts.verb_missing", "Your role does not include “{verb}”.", verb=KIND)
    correction = Correction(tuple(postings), reverses)
    identity = ids.new_id(now)
    _try(correction, identity, now)
    return approvals.request(
        actor=actor,
        kind=KIND,
        subject_kind="journal" if reverses else JOURNAL,
        subject_id=reverses or identity,
        organisation_id=get_operator().id,
        reason=reason,
        payload=_write(correction),
        now=now,
    )


@atomic
def post_correction(approval: Approval, actor: Actor, now: datetime) -> None:
    """Post what was approved, as the books are now. Raises: as `propose`."""
    book_correction(read(approval), source_id=approval.id, now=now)
    audit.record(
        actor=actor,
        verb=KIND,
        subject_kind="approval",
        subject_id=approval.id,
        now=now,
        reason=approval.reason,
        after=approval.payload | {"requested_by": str(approval.requested_by)},
    )


def preview(approval: Approval, *, now: datetime) -> list[NewPosting]:
    """What a correction that waits would post now. Raises: as `propose`, where it no longer can."""
    return _try(read(approval), ids.new_id(now), now)


def _try(correction: Correction, identity: UUID, now: datetime) -> list[NewPosting]:
    """Post it and take it back; the postings it would have. Raises: what forbids it."""
    with atomic():
        postings = book_correction(correction, source_id=identity, now=now)
        transaction.set_rollback(True)
    return postings


def read(approval: Approval) -> Correction:
    """The correction that an approval is about."""
    body = approval.payload
    return Correction(
        tuple(_posting(each) for each in body["postings"]), UUID(body["reverses"]) if body["reverses"] else None
    )


def _write(correction: Correction) -> dict[str, Any]:
    return {
        "reverses": str(correction.reverses) if correction.reverses else None,
        "postings": [
            {
                "source": _account(each.source),
                "destination": _account(each.destination),
                "amount_minor": each.amount_minor,
                "subject_id": str(each.subject_id) if each.subject_id else None,
            }
            for each in correction.postings
        ],
    }


def _account(key: AccountKey) -> dict[str, str]:
    return {"kind": key.kind, "owner_id": str(key.owner_id), "currency": key.currency, "label": key.label}


def _posting(body: Mapping[str, Any]) -> NewPosting:
    source, destination = (
        AccountKey(key["kind"], UUID(key["owner_id"]), key["currency"], key["label"])
        for key in (body["source"], body["destination"])
    )
    subject = UUID(body["subject_id"]) if body["subject_id"] else None
    return NewPosting(source, destination, body["amount_minor"], JOURNAL, subject)
