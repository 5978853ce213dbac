"""The second person: corrections of the books are asked for here, and decided by somebody else."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Schema
from pydantic import Field

from entrepot.domain.accounts.queries import get_operator
from entrepot.domain.ledger.rules import AccountKey, NewPosting
from entrepot.domain.settlement.corrections import KIND, POSTINGS_MAX
from entrepot.flows import approving, correcting
from entrepot.kernel import approvals, clock
from entrepot.kernel.models import Approval
from entrepot.surfaces.api.auth import actor_of
from entrepot.surfaces.api.paging import Page, Paged, page
from entrepot.surfaces.api.routes import Routes
from entrepot.surfaces.api.schemas import Currency, Flag, In, PositiveMinor, Reason, Text

routes = Routes("Approvals")


class ApprovalOut(Schema):
    """An act that waits for a second person, or did."""

    id: UUID
    kind: str
    subject_kind: str
    subject_id: UUID
    payload: dict[str, Any]
    reason: str
    status: str
    requested_by: UUID
    created_at: datetime
    decided_by: UUID | None
    decided_at: datetime | None
    note: str


class AccountIn(In):
    """An account of the chart; without an owner it is the operator's."""

    kind: Annotated[str, Field(max_length=40)]
    owner_id: UUID | None = None
    label: Annotated[str, Field(max_length=60)] = ""


class PostingIn(In):
    """An amount to be moved; `subject_id` is the order line that it is about. Units: minor."""

    source: AccountIn
    destination: AccountIn
    amount_minor: PositiveMinor
    currency: Currency
    subject_id: UUID | None = None


class CorrectionIn(In):
    """A journal to be undone whole, postings of one's own, or both in one journal."""

    reverses: UUID | None = None
    postings: Annotated[list[PostingIn], Field(max_length=POSTINGS_MAX)] = []
    reason: Reason


class DecisionIn(In):
    """Yes, or no with a note to who asked."""

    approve: Flag
    note: Text = ""


@routes.get("", Page[ApprovalOut], "approvals.decide", everybodys=True)
def list_approvals(request: HttpRequest, paging: Paged, decided: bool = False) -> Any:
    """What waits for a second person, or what was decided; the newest first."""
    found = approvals.list_approvals(is_pending=not decided, before=paging.after, limit=paging.more)
    return page(found, paging, ApprovalOut.from_orm)


@routes.post("/corrections", ApprovalOut, "ledger.correct", status=201, everybodys=True)
def propose_correction(request: HttpRequest, payload: CorrectionIn) -> ApprovalOut:
    """Ask for a correction of the books.

    Nothing is posted until a second person approves; it is then dated by the approval.
    """
    asked = correcting.propose(
        actor=actor_of(request),
        postings=[_posting(each) for each in payload.postings],
        reverses=payload.reverses,
        reason=payload.reason,
        now=clock.now(),
    )
    return ApprovalOut.from_orm(asked)


@routes.get("/{approval_id}", ApprovalOut, "approvals.decide", everybodys=True)
def get_approval(request: HttpRequest, approval_id: UUID) -> Approval:
    """What was asked for, by whom and why."""
    return approvals.get(approval_id)


@routes.post("/{approval_id}/decision", ApprovalOut, "approvals.decide", everybodys=True)
def decide_approval(request: HttpRequest, approval_id: UUID, payload: DecisionIn) -> ApprovalOut:
    """Decide as the second person; what is approved is carried out at once."""
    decided = approving.decide(
        approval_id=approval_id,
        approve=payload.approve,
        note=payload.note,
        actor=actor_of(request),
        now=clock.now(),
    )
    return ApprovalOut.from_orm(decided)


def _posting(given: PostingIn) -> NewPosting:
    operator = get_operator().id
    source, destination = (
        AccountKey(each.kind, each.owner_id or operator, given.currency, each.label)
        for each in (given.source, given.destination)
    )
    return NewPosting(source, destination, given.amount_minor, KIND, given.subject_id)
