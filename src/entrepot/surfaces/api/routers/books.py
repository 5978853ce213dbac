"""The books: balances, accounts with their histories, postings, and their proof."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Schema

from entrepot.domain.ledger import queries as ledger
from entrepot.kernel import clock
from entrepot.surfaces.api.paging import Page, Paged, bad_cursor, mark, read
from entrepot.surfaces.api.routers.postings import PostingOut
from entrepot.surfaces.api.routes import Routes
from entrepot.surfaces.api.schemas import ROWS_MAX, Money, money
from entrepot.verify import runner

routes = Routes("Books")


class TotalOut(Schema):
    """All accounts of a kind in a currency."""

    kind: str
    nature: str
    balance: Money


class AccountOut(Schema):
    """An account and what it holds."""

    id: UUID
    kind: str
    owner_id: UUID
    label: str
    says: str
    balance: Money


class EntryOut(Schema):
    """A posting as one of its accounts sees it, with the balance after it."""

    posting: PostingOut
    change: Money
    balance: Money


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


@routes.get("/trial-balance", list[TotalOut], "ledger.read", everybodys=True)
def get_trial_balance(request: HttpRequest) -> list[TotalOut]:
    """The trial balance: the balances of a currency sum to zero."""
    return [
        TotalOut(kind=row.kind, nature=str(row.nature), balance=money(row.balance_minor, row.currency))
        for row in ledger.trial_balance()
    ]


@routes.get("/accounts", list[AccountOut], "ledger.read", everybodys=True)
def list_accounts(
    request: HttpRequest, owner_id: UUID | None = None, kind: str = "", currency: str = ""
) -> list[AccountOut]:
    """The accounts of an owner, of a kind, in a currency, with their balances."""
    return [
        AccountOut(
            id=row.account_id,
            kind=row.key.kind,
            owner_id=row.key.owner_id,
            label=row.key.label,
            says=str(row.says),
            balance=money(row.balance_minor, row.key.currency),
        )
        for row in ledger.balances(owner_id=owner_id, kinds=[kind] if kind else (), currency=currency)
    ]


@routes.get("/accounts/{uuid:account_id}/history", Page[EntryOut], "ledger.read", everybodys=True)
def get_account_history(request: HttpRequest, account_id: UUID, paging: Paged) -> Any:
    """An account's postings, the latest first, each with the balance after it."""
    currency = ledger.get_account(account_id).currency
    before = read(paging.cursor) if paging.cursor else ""
    if before and not (before.isascii() and before.isdigit() and len(before) < 19):
        raise bad_cursor()
    rows, following = ledger.list_history(
        account_id=account_id, before=int(before) if before else None, limit=paging.limit
    )
    return {
        "items": [
            EntryOut(
                posting=PostingOut.of(row.posting),
                change=money(row.change_minor, currency),
                balance=money(row.balance_minor, currency),
            )
            for row in rows
        ],
        "next": "" if following is None else mark(str(following)),
    }


@routes.get("/postings", list[PostingOut], "ledger.read", everybodys=True)
def list_postings(request: HttpRequest, subject_id: list[UUID] = Query(..., max_length=ROWS_MAX)) -> list[PostingOut]:
    """Every posting about order lines, in the order in which they were written."""
    return [PostingOut.of(row) for row in ledger.postings_about(subject_id)]


@routes.get("/journals/{uuid:journal_id}", list[PostingOut], "ledger.read", everybodys=True)
def get_journal(request: HttpRequest, journal_id: UUID) -> list[PostingOut]:
    """The postings of one event."""
    return [PostingOut.of(row) for row in ledger.postings_of([journal_id])]


@routes.get("/proof", ProofOut, "verify.run", everybodys=True)
def verify_books(request: HttpRequest) -> ProofOut:
    """Prove the books: every invariant, checked in one snapshot."""
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
