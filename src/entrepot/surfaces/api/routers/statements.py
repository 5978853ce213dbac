"""What sellers earn: statements down to rule, inputs and event of each amount, balances, payouts."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Schema

from entrepot.domain.settlement import queries
from entrepot.domain.settlement.models import Payout, Statement
from entrepot.domain.settlement.queries import AccrualView, LineGroup, SellerBalance
from entrepot.surfaces.api.auth import is_seller, scope_of, seller_of
from entrepot.surfaces.api.paging import Page, Paged, page
from entrepot.surfaces.api.routers.postings import PostingOut
from entrepot.surfaces.api.routes import Routes
from entrepot.surfaces.api.schemas import Money, money

routes = Routes("Statements")


class StatementOut(Schema):
    """What a seller earned over a half-open period: opening + lines − reserved + released − carried is payable."""

    id: UUID
    number: str
    seller_id: UUID
    state: str
    period_from: datetime
    period_until: datetime
    opening: Money
    lines: Money
    reserved: Money
    released: Money
    payable: Money
    carried: Money

    @classmethod
    def of(cls, statement: Statement) -> "StatementOut":
        """A statement."""
        return cls(**statement_fields(statement))


class AccrualOut(Schema):
    """An amount that a seller earns or owes: what, by which rule, from which inputs, for which event."""

    id: UUID
    part: str
    says: str
    amount: Money
    market_amount: Money
    quantity: int
    rule: str
    inputs: dict[str, Any]
    event_kind: str
    event_id: UUID
    because: str
    accrued_at: datetime
    eligible_at: datetime
    journal_id: UUID
    posting_id: UUID

    @classmethod
    def of(cls, accrual: AccrualView) -> "AccrualOut":
        """An accrual."""
        return cls(**_accrual(accrual))


class GroupOut(Schema):
    """What one order line comes to on a statement; without a line, what is not about one."""

    line_id: UUID | None
    order_number: str
    title: str
    quantity: int
    amount: Money
    parts: list[AccrualOut]

    @classmethod
    def of(cls, group: LineGroup, currency: str) -> "GroupOut":
        """A group."""
        return cls(
            line_id=group.line_id,
            order_number=group.order_number,
            title=group.title,
            quantity=group.quantity,
            amount=money(group.amount_minor, currency),
            parts=[AccrualOut.of(each) for each in group.parts],
        )


class PayoutOut(Schema):
    """The transfer of one statement's payable amount."""

    id: UUID
    statement_id: UUID
    batch_id: UUID
    seller_id: UUID
    amount: Money
    state: str
    provider_reference: str
    failure: str
    created_at: datetime
    done_at: datetime | None

    @classmethod
    def of(cls, payout: Payout) -> "PayoutOut":
        """A payout."""
        plain = [name for name in cls.model_fields if name != "amount"]
        return cls(
            **{name: getattr(payout, name) for name in plain}, amount=money(payout.amount_minor, payout.currency)
        )


class WholeStatementOut(StatementOut):
    """A statement with everything on it, grouped by order line, and its payout."""

    groups: list[GroupOut]
    payout: PayoutOut | None


class TracedOut(AccrualOut):
    """An accrual with the postings of its journal."""

    postings: list[PostingOut]


class BalanceOut(Schema):
    """Where a seller's money stands in a currency."""

    pending: Money
    carried: Money
    reserved: Money
    payable: Money
    in_transit: Money

    @classmethod
    def of(cls, balance: SellerBalance) -> "BalanceOut":
        """A balance."""
        return cls(**{name: money(getattr(balance, f"{name}_minor"), balance.currency) for name in cls.model_fields})


@routes.get("/statements", Page[StatementOut], "statements.read")
def list_statements(request: HttpRequest, paging: Paged, seller_id: UUID | None = None, currency: str = "") -> Any:
    """Statements, the newest first; a seller's own."""
    own = scope_of(request, "statements.read")
    found = queries.list_statements(
        seller_id=own or seller_id, currency=currency, before=paging.after, limit=paging.more
    )
    return page(found, paging, StatementOut.of)


@routes.get("/statements/{number}", WholeStatementOut, "statements.read")
def get_statement(request: HttpRequest, number: str) -> WholeStatementOut:
    """A statement with a group for each order line, which opens down to rule version, inputs and event."""
    found = queries.get_statement(number=number, seller_id=scope_of(request, "statements.read"))
    currency = found.statement.currency
    return WholeStatementOut(
        **statement_fields(found.statement),
        groups=[GroupOut.of(each, currency) for each in found.groups],
        payout=PayoutOut.of(found.payout) if found.payout else None,
    )


@routes.get("/accruals", list[AccrualOut], "statements.read")
def list_pending_accruals(request: HttpRequest, seller_id: UUID | None = None, limit: int = 50) -> list[AccrualOut]:
    """What a seller earned and is on no statement yet, the next due first; 200 at most."""
    seller = seller_of(request, "statements.read", seller_id)
    found = queries.list_pending(seller_id=seller, limit=min(max(limit, 1), 200))
    return [AccrualOut.of(each) for each in found]


@routes.get("/accruals/{uuid:accrual_id}", TracedOut, "statements.read")
def get_accrual(request: HttpRequest, accrual_id: UUID) -> TracedOut:
    """From a cent to its event: one accrual with the postings of its journal."""
    accrual, postings = queries.get_accrual(accrual_id=accrual_id, seller_id=scope_of(request, "statements.read"))
    return TracedOut(**_accrual(accrual), postings=[PostingOut.of(each) for each in postings])


@routes.get("/balances", list[BalanceOut], "statements.read")
def list_balances(request: HttpRequest, seller_id: UUID | None = None) -> list[BalanceOut]:
    """A seller's balances by currency: pending, carried, kept back, owed, on its way."""
    found = queries.list_balances(seller_id=seller_of(request, "statements.read", seller_id))
    return [BalanceOut.of(each) for each in found]


@routes.get("/payouts", list[PayoutOut], "statements.read")
def list_payouts(
    request: HttpRequest, seller_id: UUID | None = None, batch_id: UUID | None = None, state: str = ""
) -> list[PayoutOut]:
    """The newest payouts; a seller's own."""
    own = scope_of(request, "statements.read")
    found = queries.list_payouts(
        seller_id=own or seller_id,
        batch_id=None if is_seller(request) else batch_id,
        states=[state] if state else (),
    )
    return [PayoutOut.of(each) for each in found]


def statement_fields(statement: Statement) -> dict[str, Any]:
    """A statement's fields as they are shown."""
    amounts = ("opening", "lines", "reserved", "released", "payable", "carried")
    plain = [name for name in StatementOut.model_fields if name not in amounts]
    return {name: getattr(statement, name) for name in plain} | {
        name: money(getattr(statement, f"{name}_minor"), statement.currency) for name in amounts
    }


def _accrual(accrual: AccrualView) -> dict[str, Any]:
    own = {"amount", "market_amount", "says", "because"}
    return {name: getattr(accrual, name) for name in AccrualOut.model_fields if name not in own} | {
        "amount": money(accrual.amount_minor, accrual.currency),
        "market_amount": money(accrual.market_minor, accrual.market_currency),
        "says": str(accrual.says),
        "because": str(accrual.because),
    }
