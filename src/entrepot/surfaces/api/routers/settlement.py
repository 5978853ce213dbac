"""Settlement by the operator: statements are closed, paid out, confirmed; what the marketplace keeps."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Schema
from pydantic import AwareDatetime, Field

from entrepot.domain.payments.providers import Act
from entrepot.domain.settlement import queries, services
from entrepot.domain.settlement.models import CostRate, PayoutBatch
from entrepot.domain.settlement.queries import Contribution
from entrepot.domain.settlement.services import NewCostRate
from entrepot.flows import paying, settling
from entrepot.kernel import clock
from entrepot.surfaces.api.auth import actor_of
from entrepot.surfaces.api.routers.statements import StatementOut
from entrepot.surfaces.api.routes import Routes
from entrepot.surfaces.api.schemas import ROWS_MAX, Currency, Done, Flag, In, Minor, Money, Reason, money
from entrepot.surfaces.shared import media

routes = Routes("Settlement")


class SettlementIn(In):
    """Until which day, which is not part of it; tomorrow at the latest."""

    until: date


class PayOutIn(In):
    """Through which payout provider."""

    provider: Annotated[str, Field(max_length=30)] = "csv"


class PayoutIdsIn(In):
    """Payouts."""

    payout_ids: Annotated[list[UUID], Field(min_length=1, max_length=ROWS_MAX)]


class FailureIn(PayoutIdsIn):
    """Payouts that the bank sent back, and why."""

    reason: Reason


class BatchOut(Schema):
    """Payouts that were sent to a provider together; `file` is the path of what was sent, where it is a file."""

    id: UUID
    number: str
    provider: str
    currency: str
    file: str
    sent_at: datetime | None

    @classmethod
    def of(cls, batch: PayoutBatch) -> "BatchOut":
        """A batch."""
        plain = [name for name in cls.model_fields if name != "file"]
        return cls(**{name: getattr(batch, name) for name in plain}, file=media.link(batch.media))


class ContributionOut(Schema):
    """What the marketplace kept of some lines: revenue less costs; costs are below zero."""

    programme: str
    market: str
    category: str
    revenue: Money
    cost: Money
    contribution: Money
    accounts: dict[str, Money]

    @classmethod
    def of(cls, found: Contribution) -> "ContributionOut":
        """A contribution."""
        return cls(
            programme=found.programme,
            market=found.market,
            category=found.category,
            revenue=money(found.revenue_minor, found.currency),
            cost=money(found.cost_minor, found.currency),
            contribution=money(found.contribution_minor, found.currency),
            accounts={kind: money(amount, found.currency) for kind, amount in found.accounts.items()},
        )


class StageOut(Schema):
    """What one kind of account gained by an order line."""

    line_id: UUID
    kind: str
    says: str
    amount: Money


class CostRateOut(Schema):
    """What a payment provider or a node charges, from a day on."""

    id: UUID
    kind: str
    code: str
    rate: Decimal
    amount: Money
    valid_from: date
    valid_until: date | None
    source: str

    @classmethod
    def of(cls, rate: CostRate) -> "CostRateOut":
        """A rate."""
        plain = [name for name in cls.model_fields if name != "amount"]
        return cls(**{name: getattr(rate, name) for name in plain}, amount=money(rate.amount_minor, rate.currency))


class CostRateIn(In):
    """A rate; a blank code counts where no other does. The rate is written as text: `"0.014"`."""

    kind: Literal["payment", "handling", "storage"]
    currency: Currency
    source: Annotated[str, Field(min_length=1, max_length=400)]
    rate: Annotated[Decimal, Field(ge=0, lt=1, max_digits=8, decimal_places=6)] = Decimal(0)
    amount_minor: Minor = 0
    code: Annotated[str, Field(max_length=60)] = ""


class CostRatesIn(In):
    """Rates from a day on; those before them end there."""

    rates: Annotated[list[CostRateIn], Field(min_length=1, max_length=ROWS_MAX)]
    valid_from: date


class BankIn(In):
    """Whether the money of a bank transfer came in, and how that is known."""

    received: Flag
    reason: Reason


class RetryIn(In):
    """Captures, voids or refunds that a provider refused, and why they are tried again."""

    act: Literal["capture", "void", "refund"]
    call_ids: Annotated[list[UUID], Field(min_length=1, max_length=ROWS_MAX)]
    reason: Reason


Dimension = Literal["programme", "market", "category"]


@routes.post("/settlements", list[StatementOut], "settlement.run", status=201, everybodys=True)
def settle(request: HttpRequest, payload: SettlementIn) -> list[StatementOut]:
    """Close the statements of every seller up to a day; again for the same day they are the same."""
    statements = settling.settle(
        until=datetime.combine(payload.until, time(), UTC), now=clock.now(), actor=actor_of(request)
    )
    return [StatementOut.of(each) for each in statements]


@routes.post("/payout-batches", list[BatchOut], "settlement.run", status=201, everybodys=True)
def pay_out(request: HttpRequest, payload: PayOutIn) -> list[BatchOut]:
    """Send what statements owe to the payout provider, a batch a currency."""
    batches = settling.pay_out(now=clock.now(), actor=actor_of(request), provider=payload.provider)
    return [BatchOut.of(each) for each in batches]


@routes.get("/payout-batches", list[BatchOut], "settlement.run", everybodys=True)
def list_payout_batches(request: HttpRequest) -> list[BatchOut]:
    """The newest payout batches."""
    return [BatchOut.of(each) for each in queries.list_batches()]


@routes.post("/payouts/confirmation", Done, "payouts.confirm", everybodys=True)
def confirm_payouts(request: HttpRequest, payload: PayoutIdsIn) -> Done:
    """The bank has paid these out; how many were confirmed by it."""
    return Done(count=settling.confirm_payouts(payout_ids=payload.payout_ids, now=clock.now(), actor=actor_of(request)))


@routes.post("/payouts/failure", Done, "payouts.confirm", everybodys=True)
def fail_payouts(request: HttpRequest, payload: FailureIn) -> Done:
    """The bank sent these back: the money is the seller's again and leaves with the next payout."""
    return Done(
        count=settling.fail_payouts(
            payout_ids=payload.payout_ids, reason=payload.reason, now=clock.now(), actor=actor_of(request)
        )
    )


@routes.get("/contribution", list[ContributionOut], "ledger.read", everybodys=True)
def list_contributions(
    request: HttpRequest,
    by: Query[list[Dimension]] = ["programme", "market", "category"],  # noqa: B006
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
) -> list[ContributionOut]:
    """What the marketplace kept, by programme, market, category or some of them, of events in [since, until)."""
    return [ContributionOut.of(each) for each in queries.list_contributions(by=by, since=since, until=until)]


@routes.get("/waterfall", list[StageOut], "ledger.read", everybodys=True)
def get_waterfall(request: HttpRequest, line_id: list[UUID] = Query(..., max_length=ROWS_MAX)) -> list[StageOut]:
    """How the money of order lines divides, by line, in the order of the chart of accounts."""
    return [
        StageOut(
            line_id=each.line_id, kind=each.kind, says=str(each.says), amount=money(each.amount_minor, each.currency)
        )
        for each in queries.get_waterfall(line_ids=line_id)
    ]


@routes.get("/cost-rates", list[CostRateOut], "ledger.read", everybodys=True)
def list_cost_rates(request: HttpRequest, on: date | None = None) -> list[CostRateOut]:
    """What the marketplace is charged on a day, today where none is named."""
    return [CostRateOut.of(each) for each in queries.list_cost_rates(on=on or clock.now().date())]


@routes.post("/cost-rates", list[CostRateOut], "settlement.run", status=201, everybodys=True)
def set_cost_rates(request: HttpRequest, payload: CostRatesIn) -> list[CostRateOut]:
    """Say what the marketplace is charged from a day on; orders of earlier days keep theirs."""
    rates = services.set_cost_rates(
        rows=[NewCostRate(**each.model_dump()) for each in payload.rates],
        valid_from=payload.valid_from,
        actor=actor_of(request),
        now=clock.now(),
    )
    return [CostRateOut.of(each) for each in rates]


@routes.post("/payments/{uuid:payment_id}/confirmation", Done, "payouts.confirm", everybodys=True)
def confirm_payment(request: HttpRequest, payment_id: UUID, payload: BankIn) -> Done:
    """Say that the money of a bank transfer came in, or that it will not."""
    paying.confirm_payment(
        payment_id=payment_id,
        received=payload.received,
        reason=payload.reason,
        actor=actor_of(request),
        now=clock.now(),
    )
    return Done(count=1)


@routes.post("/payments/calls/retry", Done, "payouts.confirm", everybodys=True)
def retry_calls(request: HttpRequest, payload: RetryIn) -> Done:
    """Try captures, voids or refunds again that a provider refused; how many are done by it."""
    done = paying.try_again(
        act=Act(payload.act),
        call_ids=payload.call_ids,
        reason=payload.reason,
        actor=actor_of(request),
        now=clock.now(),
    )
    return Done(count=len(done))
