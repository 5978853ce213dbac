"""Reads of a statement's lines: a page at a time, with sums by the database; and why money is still held.

The seller is always passed as the scope; None is the operator's view of all.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from entrepot.domain.settlement import words
from entrepot.domain.settlement.models import Payout, ReserveHold, Statement
from entrepot.domain.settlement.queries import COLUMNS, LineGroup, groups_of
from entrepot.kernel.db import fetch_rows
from entrepot.kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class Head:
    """A statement with its payout, and how many order lines and amounts stand on it."""

    statement: Statement
    payout: Payout | None
    lines: int
    amounts: int
    sum_minor: int

    @property
    def reconciles(self) -> bool:
        """Whether the amounts on it sum to what it says."""
        return self.sum_minor == self.statement.lines_minor


@dataclass(frozen=True, slots=True)
class PartSum:
    """What one part, such as a commission, comes to on a statement. Units: minor."""

    part: str
    count: int
    amount_minor: int

    @property
    def says(self) -> str:
        """The part in plain words."""
        return words.part(self.part)


def get_head(*, number: str, seller_id: UUID | None) -> Head:
    """A statement without its lines. Raises: NotFound."""
    found = Statement.objects.select_related("seller__organisation").filter(number=number)
    if seller_id is not None:
        found = found.filter(seller_id=seller_id)
    statement = found.first()
    if statement is None:
        raise NotFound(kind="statement")
    payout = (
        Payout.objects.select_related("batch").filter(statement=statement).exclude(state=Payout.State.FAILED).first()
    )
    (row,) = fetch_rows(
        "SELECT count(DISTINCT coalesce(accrual.line_id, '00000000-0000-0000-0000-000000000000'::uuid)) AS lines,"
        " count(*) AS amounts, coalesce(sum(accrual.amount_minor), 0)::bigint AS total"
        " FROM settlement_statementline placed JOIN settlement_accrual accrual ON accrual.id = placed.accrual_id"
        " WHERE placed.statement_id = %s",
        [statement.id],
    )
    return Head(statement, payout, row.lines, row.amounts, row.total)


def sum_parts(*, statement_id: UUID) -> list[PartSum]:
    """What each part comes to on a statement, the largest gain first; they sum to the statement's lines."""
    rows = fetch_rows(
        "SELECT accrual.part, count(*) AS count, sum(accrual.amount_minor)::bigint AS amount"
        " FROM settlement_statementline placed JOIN settlement_accrual accrual ON accrual.id = placed.accrual_id"
        " WHERE placed.statement_id = %s GROUP BY accrual.part ORDER BY 3 DESC, 1",
        [statement_id],
    )
    return [PartSum(row.part, row.count, row.amount) for row in rows]


def list_groups(*, statement_id: UUID, start: int = 0, limit: int = 100) -> list[LineGroup]:
    """The order lines of a statement from the `start`th on, each with its amounts; what is about none comes last."""
    rows = fetch_rows(
        f"""
        WITH page AS (
            SELECT accrual.line_id, ordered.number AS order_number, line.title, line.position, line.quantity AS ordered
            FROM settlement_statementline placed
            JOIN settlement_accrual accrual ON accrual.id = placed.accrual_id
            LEFT JOIN orders_orderline line ON line.id = accrual.line_id
            LEFT JOIN orders_order ordered ON ordered.id = line.order_id
            WHERE placed.statement_id = %(statement)s
            GROUP BY 1, 2, 3, 4, 5 ORDER BY 2 NULLS LAST, 4, 1 OFFSET %(start)s LIMIT %(limit)s
        )
        SELECT {COLUMNS}, page.order_number, page.title, page.ordered
        FROM page
        JOIN settlement_accrual accrual ON accrual.line_id IS NOT DISTINCT FROM page.line_id
        JOIN settlement_statementline placed ON placed.accrual_id = accrual.id AND placed.statement_id = %(statement)s
        ORDER BY page.order_number NULLS LAST, page.position, page.line_id, accrual.id
        """,
        {"statement": statement_id, "start": start, "limit": limit},
    )
    return groups_of(rows)


def each_group(*, statement_id: UUID, size: int = 2000) -> Iterator[LineGroup]:
    """Every order line of a statement, fetched page by page."""
    start = 0
    while groups := list_groups(statement_id=statement_id, start=start, limit=size):
        yield from groups
        start += size


@dataclass(frozen=True, slots=True)
class Coming:
    """What waits for the close of a day. Units: minor."""

    currency: str
    on: date
    count: int
    amount_minor: int


def list_coming(*, seller_id: UUID) -> list[Coming]:
    """What accrued and is on no statement yet, by the day whose close it is due for."""
    rows = fetch_rows(
        "SELECT currency, (eligible_at AT TIME ZONE 'UTC')::date AS due, count(*) AS count,"
        " sum(amount_minor)::bigint AS amount FROM settlement_unstated WHERE seller_id = %s"
        " GROUP BY 1, 2 ORDER BY 2, 1 LIMIT 60",
        [seller_id],
    )
    return [Coming(row.currency, row.due, row.count, row.amount) for row in rows]


@dataclass(frozen=True, slots=True)
class Kept:
    """Money of a statement that is kept back until a moment. Units: minor."""

    number: str
    currency: str
    amount_minor: int
    release_at: datetime


def list_kept(*, seller_id: UUID, limit: int = 60) -> Sequence[Kept]:
    """The reserve that is still kept back, the next release first."""
    held = ReserveHold.objects.filter(seller_id=seller_id, released_on__isnull=True).select_related("statement")
    return [
        Kept(each.statement.number, each.currency, each.amount_minor, each.release_at)
        for each in held.order_by("release_at", "id")[:limit]
    ]
