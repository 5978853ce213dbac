"""The books: balances, postings, and their proof."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema

from entrepot.domain.ledger import queries as ledger
from entrepot.kernel import clock
from entrepot.surfaces.api.auth import allow
from entrepot.verify import runner

router = Router(tags=["Books"])


class TotalOut(Schema):
    """All accounts of a kind in a currency. Units: minor."""

    currency: str
    kind: str
    balance_minor: int


class PostingOut(Schema):
    """An amount moved from one account to another. Units: minor."""

    id: UUID
    journal_id: UUID
    journal_kind: str
    occurred_at: datetime
    source: str
    destination: str
    amount_minor: int
    currency: str
    part: str


class FindingsOut(Schema):
    """An invariant and what contradicts it."""

    id: str
    statement: str
    findings: int
    rows: list[dict[str, Any]]


class ProofOut(Schema):
    """Whether the books hold."""

    checked_at: datetime
    holds: bool
    invariants: list[FindingsOut]


@router.get("/trial-balance", response=list[TotalOut], operation_id="get_trial_balance", summary="Trial balance")
@allow("ledger.read")
def get_trial_balance(request: HttpRequest) -> list[TotalOut]:
    """The balances of a currency sum to zero."""
    return [
        TotalOut(currency=row.currency, kind=row.kind, balance_minor=row.balance_minor)
        for row in ledger.trial_balance()
    ]


@router.get(
    "/postings",
    response=list[PostingOut],
    operation_id="list_postings_about",
    summary="Every posting about an order line",
)
@allow("ledger.read")
def list_postings_about(request: HttpRequest, subject_id: UUID) -> list[PostingOut]:
    """In the order in which they were written."""
    return [
        PostingOut(
            id=row.id,
            journal_id=row.journal_id,
            journal_kind=row.journal_kind,
            occurred_at=row.occurred_at,
            source=row.source.kind,
            destination=row.destination.kind,
            amount_minor=row.amount_minor,
            currency=row.currency,
            part=row.part,
        )
        for row in ledger.postings_about([subject_id])
    ]


@router.get("/proof", response=ProofOut, operation_id="verify_books", summary="Prove the books")
@allow("verify.run")
def verify_books(request: HttpRequest) -> ProofOut:
    """Every invariant, checked in one snapshot."""
    now = clock.now()
    results = list(runner.verify(now=now))
    return ProofOut(
        checked_at=now,
        holds=all(result.holds for result in results),
        invariants=[
            FindingsOut(
                id=result.invariant.code,
                statement=result.invariant.statement,
                findings=result.count,
                rows=[{name: str(value) for name, value in row.items()} for row in result.rows],
            )
            for result in results
        ],
    )
