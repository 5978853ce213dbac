"""Reads of statements, accruals and payouts, of an order's waterfall, and of what the marketplace keeps.

The seller is always passed as the scope; None is the operator's view of all.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from entrepot.domain.ledger import words as ledger_words
from entrepot.domain.ledger.queries import PostingRow, balances, postings_about, postings_of
from entrepot.domain.ledger.rules import CHART, Nature, kinds
from entrepot.domain.settlement import words
from entrepot.domain.settlement.models import CostRate, Payout, PayoutBatch, Statement
from entrepot.kernel.db import fetch_rows
from entrepot.kernel.errors import NotFound

PAGE = 100


@dataclass(frozen=True, slots=True)
class AccrualView:
    """An accrual as a statement shows it: what, how much, by which rule, from which inputs, for which event.

    Units: `amount_minor` in the statement's currency, `market_minor` in the order's.
    """

    id: UUID
    part: str
    amount_minor: int
    currency: str
    market_minor: int
    market_currency: str
    quantity: int
    rule: str
    inputs: dict[str, Any]
    event_kind: str
    event_id: UUID
    accrued_at: datetime
    eligible_at: datetime
    journal_id: UUID
    posting_id: UUID

    @property
    def says(self) -> str:
        """The part in plain words."""
        return words.part(self.part)

    @property
    def because(self) -> str:
        """The event in plain words."""
        return words.event(self.event_kind)


@dataclass(frozen=True, slots=True)
class LineGroup:
    """What one order line comes to on a statement; without a line, what is not about one. Units: minor."""

    line_id: UUID | None
    order_number: str
    title: str
    quantity: int
    amount_minor: int
    parts: tuple[AccrualView, ...]


@dataclass(frozen=True, slots=True)
class StatementView:
    """A statement with its lines, its reserve holds and its payout."""

    statement: Statement
    groups: tuple[LineGroup, ...]
    payout: Payout | None


def list_statements(
    *, seller_id: UUID | None, currency: str = "", before: UUID | None = None, limit: int = PAGE
) -> list[Statement]:
    """Statements, the newest first."""
    found = Statement.objects.select_related("seller__organisation")
    if seller_id is not None:
        found = found.filter(seller_id=seller_id)
    if currency:
        found = found.filter(currency=currency)
    if before is not None:
        found = found.filter(id__lt=before)
    return list(found.order_by("-id")[:limit])


def get_statement(*, number: str, seller_id: UUID | None) -> StatementView:
    """A statement with everything on it, grouped by order line. Raises: NotFound."""
    found = Statement.objects.select_related("seller__organisation").filter(number=number)
    if seller_id is not None:
        found = found.filter(seller_id=seller_id)
    statement = found.first()
    if statement is None:
        raise NotFound(kind="statement")
    rows = fetch_rows(_STATEMENT_LINES, [statement.id])
    payout = (
        Payout.objects.select_related("batch").filter(statement=statement).exclude(state=Payout.State.FAILED).first()
    )
    return StatementView(statement, tuple(groups_of(rows)), payout)


def list_pending(*, seller_id: UUID, limit: int = PAGE) -> list[AccrualView]:
    """What accrued and is on no statement yet, the next due first."""
    rows = fetch_rows(_PENDING, [seller_id, limit])
    return [_view(row) for row in rows]


def list_line_accruals(*, line_ids: Collection[UUID], seller_id: UUID) -> dict[UUID, list[AccrualView]]:
    """What a seller earned and owes on these order lines, by line, in the order in which it accrued."""
    rows = fetch_rows(_OF_LINES, [list(line_ids), seller_id])
    found: dict[UUID, list[AccrualView]] = defaultdict(list)
    for row in rows:
        found[row.line_id].append(_view(row))
    return dict(found)


def get_accrual(*, accrual_id: UUID, seller_id: UUID | None) -> tuple[AccrualView, list[PostingRow]]:
    """One accrual with the postings of its journal: from a cent to its event. Raises: NotFound.

    A seller sees the postings that touch its own accounts; the operator all of them.
    """
    rows = fetch_rows(_ACCRUAL, [accrual_id])
    if not rows or seller_id not in (None, rows[0].seller_id):
        raise NotFound(kind="accrual")
    view = _view(rows[0])
    postings = postings_of([view.journal_id])
    if seller_id is not None:
        postings = [each for each in postings if seller_id in (each.source.owner_id, each.destination.owner_id)]
    return view, postings


@dataclass(frozen=True, slots=True)
class SellerBalance:
    """Where a seller's money stands in a currency. Units: minor."""

    currency: str
    pending_minor: int
    carried_minor: int
    reserved_minor: int
    payable_minor: int
    in_transit_minor: int


def list_balances(*, seller_id: UUID) -> list[SellerBalance]:
    """A seller's balances by currency: pending, carried, kept back, owed, on its way.

    What its payable account holds beyond what statements carry and owe has accrued and is on none yet.
    """
    held = {each.key.currency: each.balance_minor for each in balances(owner_id=seller_id, kinds=["seller_payable"])}
    rows = fetch_rows(_BALANCES, {"seller": seller_id, "currencies": sorted(held)})
    return [
        SellerBalance(
            row.currency, held.get(row.currency, 0) - row.carried_minor - row.payable_minor, row.carried_minor,
            row.reserved_minor, row.payable_minor, row.in_transit_minor,
        )
        for row in rows
    ]  # fmt: skip


def list_batches(*, limit: int = PAGE) -> list[PayoutBatch]:
    """Payout batches, the newest first."""
    return list(PayoutBatch.objects.order_by("-id")[:limit])


def get_batch(*, number: str) -> PayoutBatch:
    """A payout batch by its number. Raises: NotFound."""
    batch = PayoutBatch.objects.filter(number=number).first()
    if batch is None:
        raise NotFound(kind="payout batch")
    return batch


@dataclass(frozen=True, slots=True)
class BatchSum:
    """What is in a batch. Units: minor, in the batch's currency."""

    payouts: int
    amount_minor: int
    in_transit: int


def sum_batches(batch_ids: Collection[UUID]) -> dict[UUID, BatchSum]:
    """How many payouts batches have, what they come to, and how many of them the bank has not confirmed."""
    rows = fetch_rows(
        "SELECT batch_id, count(*) AS payouts, sum(amount_minor)::bigint AS amount,"
        " count(*) FILTER (WHERE state = 'in_transit') AS in_transit"
        " FROM settlement_payout WHERE batch_id = ANY(%s) GROUP BY batch_id",
        [list(batch_ids)],
    )
    return {row.batch_id: BatchSum(row.payouts, row.amount, row.in_transit) for row in rows}


@dataclass(frozen=True, slots=True)
class Standing:
    """An amount that waits in a currency, of so many things. Units: minor."""

    currency: str
    count: int
    amount_minor: int


def list_unsettled() -> list[Standing]:
    """What accrued and is on no statement yet, by currency, over all sellers."""
    rows = fetch_rows(
        "SELECT currency, count(*) AS things, sum(amount_minor)::bigint AS amount FROM settlement_unstated"
        " GROUP BY currency ORDER BY currency"
    )
    return [Standing(*row) for row in rows]


def list_owed() -> list[Standing]:
    """What statements owe and no payout carries yet, by currency, over all sellers."""
    rows = fetch_rows(
        "SELECT currency, count(*) AS things, sum(payable_minor)::bigint AS amount FROM settlement_statement statement"
        " WHERE state = 'issued' AND payable_minor > 0 AND NOT EXISTS (SELECT FROM settlement_payout payout"
        " WHERE payout.statement_id = statement.id AND payout.state <> 'failed')"
        " GROUP BY currency ORDER BY currency"
    )
    return [Standing(*row) for row in rows]


def list_payouts(
    *, seller_id: UUID | None, batch_id: UUID | None = None, states: Collection[str] = (), limit: int = PAGE
) -> list[Payout]:
    """Payouts, the newest first."""
    found = Payout.objects.select_related("statement", "batch", "seller__organisation")
    if seller_id is not None:
        found = found.filter(seller_id=seller_id)
    if batch_id is not None:
        found = found.filter(batch_id=batch_id)
    if states:
        found = found.filter(state__in=list(states))
    return list(found.order_by("-id")[:limit])


def list_cost_rates(*, on: date) -> list[CostRate]:
    """What the marketplace is charged on a day, by kind, code and currency."""
    found = CostRate.objects.filter(valid_from__lte=on).exclude(valid_until__lte=on)
    return list(found.order_by("kind", "code", "currency"))


@dataclass(frozen=True, slots=True)
class Stage:
    """What one kind of account gained by an order line, in one currency. Units: minor."""

    line_id: UUID
    kind: str
    currency: str
    amount_minor: int

    @property
    def says(self) -> str:
        """The account in plain words."""
        return ledger_words.account(self.kind)


def get_waterfall(*, line_ids: Sequence[UUID]) -> list[Stage]:
    """How the money of these lines divides, by line, in the order of the chart; what came to nothing is left out."""
    gains: dict[tuple[UUID, str, str], int] = defaultdict(int)
    for posting in postings_about(line_ids):
        assert posting.subject_id is not None
        gains[posting.subject_id, posting.destination.kind, posting.currency] += posting.amount_minor
        gains[posting.subject_id, posting.source.kind, posting.currency] -= posting.amount_minor
    order = {line_id: place for place, line_id in enumerate(line_ids)}
    chart = list(CHART)
    stages = [Stage(*key, amount) for key, amount in gains.items() if amount]
    return sorted(stages, key=lambda each: (order[each.line_id], chart.index(each.kind), each.currency))


@dataclass(frozen=True, slots=True)
class Contribution:
    """What the marketplace kept of some lines: revenue less costs, by account kind. Units: minor."""

    programme: str
    market: str
    category: str
    currency: str
    accounts: dict[str, int]
    revenue_minor: int
    cost_minor: int

    @property
    def contribution_minor(self) -> int:
        """Revenue less costs."""
        return self.revenue_minor + self.cost_minor


#: By what contribution is told apart.
DIMENSIONS = {
    "programme": "suborder.programme_code",
    "market": "market.code",
    "category": "split_part(line.category_path, '/', 1)",
}


def list_contributions(
    *,
    by: Collection[str] = ("programme", "market", "category"),
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Contribution]:
    """What the marketplace kept, by programme, market, category or some of them, of events in [since, until).

    Costs are below zero. Amounts of different currencies are never added.
    """  # fmt: skip
    columns = ", ".join(
        f"{expression if name in by else chr(39) * 2} AS {name}" for name, expression in DIMENSIONS.items()
    )
    rows = fetch_rows(
        _CONTRIBUTION.format(columns=columns),
        {"kinds": kinds(Nature.REVENUE, Nature.COST), "since": since, "until": until},
    )
    found: dict[tuple[str, str, str, str], dict[str, int]] = defaultdict(dict)
    for row in rows:
        found[row.programme, row.market, row.category, row.currency][row.kind] = int(row.amount)
    return [
        Contribution(
            *key, accounts,
            revenue_minor=sum(amount for kind, amount in accounts.items() if CHART[kind].nature is Nature.REVENUE),
            cost_minor=sum(amount for kind, amount in accounts.items() if CHART[kind].nature is Nature.COST),
        )
        for key, accounts in found.items()
    ]  # fmt: skip


def groups_of(rows: Sequence[Any]) -> list[LineGroup]:
    """The rows of each line together, in the order of the rows."""
    together: dict[UUID | None, list[Any]] = defaultdict(list)
    for row in rows:
        together[row.line_id].append(row)
    return [
        LineGroup(
            line_id, members[0].order_number or "", members[0].title or "", members[0].ordered or 0,
            sum(member.amount_minor for member in members), tuple(_view(member) for member in members),
        )
        for line_id, members in together.items()
    ]  # fmt: skip


def _view(row: Any) -> AccrualView:
    return AccrualView(
        row.id, row.part, row.amount_minor, row.currency, row.market_minor, row.market_currency, row.quantity,
        row.rule, row.inputs, row.event_kind, row.event_id, row.accrued_at, row.eligible_at, row.journal_id,
        row.posting_id,
    )  # fmt: skip


COLUMNS = """accrual.id, accrual.part, accrual.amount_minor, accrual.currency, accrual.market_minor,
    accrual.market_currency, accrual.quantity, accrual.rule, accrual.inputs, accrual.event_kind, accrual.event_id,
    accrual.accrued_at, accrual.eligible_at, accrual.journal_id, accrual.posting_id, accrual.line_id"""

_STATEMENT_LINES = f"""
SELECT {COLUMNS}, ordered.number AS order_number, line.title, line.quantity AS ordered
FROM settlement_statementline placed
JOIN settlement_accrual accrual ON accrual.id = placed.accrual_id
LEFT JOIN orders_orderline line ON line.id = accrual.line_id
LEFT JOIN orders_order ordered ON ordered.id = line.order_id
WHERE placed.statement_id = %s
ORDER BY ordered.number NULLS LAST, line.position, accrual.id
"""

_PENDING = f"""
SELECT {COLUMNS} FROM settlement_unstated unstated JOIN settlement_accrual accrual ON accrual.id = unstated.accrual_id
WHERE unstated.seller_id = %s
ORDER BY unstated.eligible_at, unstated.accrual_id LIMIT %s
"""

_OF_LINES = f"""
SELECT {COLUMNS} FROM settlement_accrual accrual
WHERE accrual.line_id = ANY(%s) AND accrual.seller_id = %s ORDER BY accrual.id
"""

_ACCRUAL = f"SELECT {COLUMNS}, accrual.seller_id FROM settlement_accrual accrual WHERE accrual.id = %s"

_BALANCES = """
WITH last AS (
    SELECT DISTINCT ON (currency) currency, carried_minor AS amount FROM settlement_statement
    WHERE seller_id = %(seller)s ORDER BY currency, period_until DESC
),
kept AS (
    SELECT currency, sum(amount_minor) AS amount FROM settlement_reservehold
    WHERE seller_id = %(seller)s AND released_on_id IS NULL GROUP BY currency
),
moving AS (
    SELECT currency, sum(amount_minor) AS amount FROM settlement_payout
    WHERE seller_id = %(seller)s AND state = 'in_transit' GROUP BY currency
),
owed AS (
    SELECT currency, sum(payable_minor) AS amount FROM settlement_statement statement
    WHERE seller_id = %(seller)s AND state = 'issued'
      AND NOT EXISTS (SELECT FROM settlement_payout payout
          WHERE payout.statement_id = statement.id AND payout.state = 'in_transit')
    GROUP BY currency
),
currencies AS (
    SELECT unnest(%(currencies)s::text[]) AS currency UNION SELECT currency FROM last UNION SELECT currency FROM kept
)
SELECT currency, coalesce(last.amount, 0)::bigint AS carried_minor, coalesce(kept.amount, 0)::bigint AS reserved_minor,
    coalesce(owed.amount, 0)::bigint AS payable_minor,
    coalesce(moving.amount, 0)::bigint AS in_transit_minor
FROM currencies LEFT JOIN last USING (currency) LEFT JOIN kept USING (currency)
LEFT JOIN owed USING (currency) LEFT JOIN moving USING (currency)
ORDER BY currency
"""

#: Each posting counts once for each of its accounts that is of the marketplace's result.
_CONTRIBUTION = """
SELECT {columns}, posting.currency, account.kind,
    sum(CASE WHEN posting.destination_id = account.id THEN 1 ELSE -1 END * posting.amount_minor) AS amount
FROM ledger_account account
JOIN ledger_posting posting ON account.id IN (posting.source_id, posting.destination_id)
JOIN ledger_journal journal ON journal.id = posting.journal_id
JOIN orders_orderline line ON line.id = posting.subject_id
JOIN orders_suborder suborder ON suborder.id = line.suborder_id
JOIN orders_order ordered ON ordered.id = line.order_id
JOIN markets_market market ON market.id = ordered.market_id
WHERE account.kind = ANY(%(kinds)s)
  AND (%(since)s::timestamptz IS NULL OR journal.occurred_at >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR journal.occurred_at < %(until)s)
GROUP BY 1, 2, 3, 4, 5
ORDER BY 1, 2, 3, 4, 5
"""
