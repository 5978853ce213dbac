"""Statements: the accruals of each seller and currency gathered up to a day, less a reserve, paid or carried.

The accruals never come here: one statement of SQL finds those that are due, places each on a statement that is still to
be written, and answers with their sums by seller, currency and terms. What follows is as long as there are sellers.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from entrepot.domain.ledger import services as ledger
from entrepot.domain.ledger.rules import AccountKey, NewJournal, NewPosting
from entrepot.domain.settlement.closing import Closed, Group, close
from entrepot.domain.settlement.models import Statement
from entrepot.domain.terms.arrays import ppm
from entrepot.domain.terms.queries import get_terms
from entrepot.domain.terms.rules import Terms
from entrepot.kernel import audit, ids, outbox
from entrepot.kernel.actors import Actor
from entrepot.kernel.crashing import crash_point
from entrepot.kernel.db import atomic, copy_rows, execute, fetch_rows, unnest
from entrepot.kernel.outbox import Event

#: One run at a time closes statements; a second waits, and finds them closed.
_LOCK = 4_210_011

Key = tuple[UUID, str]


@dataclass(slots=True)
class Due:
    """What a seller has due in a currency. Units: minor."""

    amounts: dict[str, int] = field(default_factory=lambda: defaultdict(int))  # terms digest -> sum of its accruals
    statement_id: UUID | None = None  # on which the accruals are placed already; None where there are none
    earliest: datetime | None = None
    held_minor: int = 0
    released_minor: int = 0
    opening_minor: int = 0
    period_from: datetime | None = None
    last_terms: str = ""


Made = tuple[UUID, str, Due, list[tuple[Group, int]], Closed]


@atomic
def close_statements(*, until: datetime, now: datetime, actor: Actor) -> list[Statement]:
    """Close statements up to `until`; those that are closed for it stay as they are. All of that day, by seller."""
    # A run takes as long as it takes; references of what it placed are checked when it commits.
    execute("SET LOCAL statement_timeout = 0; SET LOCAL work_mem = '64MB'")
    execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    due = _place_due(until, now)
    terms = get_terms({digest for each in due.values() for digest in (*each.amounts, each.last_terms) if digest})
    made = []
    for (seller_id, currency), each in sorted(due.items()):
        groups = _groups(each, currency, terms)
        closed = close(
            opening_minor=each.opening_minor,
            groups=[group for group, _ in groups],
            held_minor=each.held_minor,
            released_minor=each.released_minor,
            minimum_minor=_minimum(each, currency, terms),
        )
        made.append((seller_id, currency, each, groups, closed))
    statements = _write(made, until, now)
    if statements:
        _reserve(made, statements, until, now)
        _release(statements, until)
        _post(statements, now)
        outbox.append([Event("statement.issued", "statement", each.id, {"number": each.number})
                       for each in statements.values()], now=now)  # fmt: skip
        audit.record(actor=actor, verb="settlement.run", subject_kind="settlement", subject_id=ids.new_id(now), now=now,
                     after={"until": until.isoformat(), "statements": len(statements)})  # fmt: skip
    crash_point("settlement.written")
    return list(Statement.objects.filter(period_until=until).order_by("seller_id", "currency"))


def _place_due(until: datetime, now: datetime) -> dict[Key, Due]:
    """What is due where no statement runs that far, its accruals placed. What accrues meanwhile is of a later run."""
    due: dict[Key, Due] = defaultdict(Due)
    given = {"until": until, "now": now, **ids.series(now, "line"), **ids.series(now, "statement")}
    for row in fetch_rows(_PLACE_DUE, given):
        each = due[row.seller_id, row.currency]
        each.statement_id = row.statement_id
        each.amounts[row.terms_id] += int(row.amount)
        each.earliest = min(row.earliest, each.earliest or row.earliest)
    for row in fetch_rows(_HELD, {"until": until}):
        if row.released or (row.seller_id, row.currency) in due:
            each = due[row.seller_id, row.currency]
            each.held_minor, each.released_minor = int(row.held), int(row.released)
    for row in _about(_LAST, due):
        each = due[row.seller_id, row.currency]
        each.opening_minor, each.period_from, each.last_terms = row.carried, row.period_until, row.terms_id or ""
    return dict(due)


def _about(query: str, keys: Iterable[Key]) -> list[Any]:
    source, params = unnest("wanted", {"seller_id": "uuid", "currency": "text"}, sorted(keys))
    return fetch_rows(query.format(wanted=source), params)


def _groups(due: Due, currency: str, terms: Mapping[str, Terms]) -> list[tuple[Group, int]]:
    """The lines by reserve clause, with the days until release."""
    sums: dict[tuple[int, int | None, int], int] = defaultdict(int)
    for digest, amount in sorted(due.amounts.items()):
        reserve = terms[digest].settlement.reserve
        clause = (ppm(reserve.rate), reserve.cap_minor.get(currency), reserve.release_days) if reserve else (0, None, 0)
        sums[clause] += amount
    return [(Group(amount, rate, cap), days) for (rate, cap, days), amount in sums.items()]


def _minimum(due: Due, currency: str, terms: Mapping[str, Terms]) -> int:
    """The least that is paid out: the lowest of the terms in play, those of the last statement where there is none."""
    clauses = [terms[digest].settlement.minimum_payout_minor for digest in due.amounts or [due.last_terms] if digest]
    return min((clause.get(currency, 0) for clause in clauses), default=0)


def _write(made: Sequence[Made], until: datetime, now: datetime) -> dict[Key, Statement]:
    statements = {}
    for identity, (seller_id, currency, due, _, closed) in zip(ids.new_ids(now, len(made)), made, strict=True):
        since = due.period_from or min(due.earliest or until, until - timedelta(seconds=1))
        named = due.statement_id or identity
        statements[seller_id, currency] = Statement(
            id=named, created_at=now, number=ids.number("S", named, 10), seller_id=seller_id, currency=currency,
            period_from=since, period_until=until, opening_minor=closed.opening_minor, lines_minor=closed.lines_minor,
            reserved_minor=closed.reserved_minor, released_minor=closed.released_minor,
            payable_minor=closed.payable_minor, carried_minor=closed.carried_minor,
        )  # fmt: skip
    columns = [column.attname for column in Statement._meta.concrete_fields]
    copy_rows(
        "settlement_statement",
        columns,
        ([getattr(each, column) for column in columns] for each in statements.values()),
    )
    return statements


def _reserve(made: Sequence[Made], statements: Mapping[Key, Statement], until: datetime, now: datetime) -> None:
    """Keep back what the reserve clauses say, until their days."""
    holds: dict[tuple[Key, int], int] = defaultdict(int)
    for seller_id, currency, _, groups, closed in made:
        for (_, days), amount in zip(groups, closed.reserved, strict=True):
            if amount:
                holds[(seller_id, currency), days] += amount
    copy_rows(
        "settlement_reservehold",
        ["id", "created_at", "statement_id", "seller_id", "currency", "amount_minor", "release_at"],
        (
            (identity, now, statements[key].id, *key, amount, until + timedelta(days=days))
            for identity, ((key, days), amount) in zip(ids.new_ids(now, len(holds)), holds.items(), strict=True)
        ),
    )


def _release(statements: Mapping[Key, Statement], until: datetime) -> None:
    source, params = unnest(
        "wanted", {"seller_id": "uuid", "currency": "text", "statement_id": "uuid"},
        ((*key, statement.id) for key, statement in statements.items()),
    )  # fmt: skip
    execute(
        f"""
        UPDATE settlement_reservehold held SET released_on_id = wanted.statement_id
        FROM {source}
        WHERE held.seller_id = wanted.seller_id AND held.currency = wanted.currency
          AND held.released_on_id IS NULL AND held.release_at <= %s AND held.statement_id <> wanted.statement_id
        """,
        [*params, until],
    )


def _post(statements: Mapping[Key, Statement], now: datetime) -> None:
    """Book what is kept back and what is released."""
    journals = []
    for (seller_id, currency), each in statements.items():
        payable, reserve = (AccountKey(kind, seller_id, currency) for kind in ("seller_payable", "seller_reserve"))
        for kind, amount, source, destination in (
            ("reserve", each.reserved_minor, payable, reserve),
            ("release", each.released_minor, reserve, payable),
        ):
            if amount:
                posting = NewPosting(source, destination, amount, kind)
                journals.append(NewJournal(kind, "statement", each.id, each.period_until, [posting]))
    ledger.post(journals=journals, now=now)


#: The statements are numbered by seller and currency, the lines in the order of their accruals.
_PLACE_DUE = f"""
WITH due AS (
    DELETE FROM settlement_unstated unstated USING settlement_accrual accrual
    WHERE accrual.id = unstated.accrual_id AND unstated.eligible_at <= %(until)s
      AND NOT EXISTS (
          SELECT FROM settlement_statement statement
          WHERE statement.seller_id = unstated.seller_id AND statement.currency = unstated.currency
            AND statement.period_until >= %(until)s
      )
    RETURNING accrual.id, accrual.seller_id, accrual.currency, accrual.terms_id, accrual.amount_minor,
        accrual.accrued_at
),
sums AS MATERIALIZED (
    SELECT seller_id, currency, terms_id, sum(amount_minor) AS amount, min(accrued_at) AS earliest
    FROM due GROUP BY seller_id, currency, terms_id
),
numbered AS MATERIALIZED (
    SELECT seller_id, currency, {ids.series_sql("row_number() OVER (ORDER BY seller_id, currency)", "statement")} AS id
    FROM (SELECT DISTINCT seller_id, currency FROM sums) keys
),
placed AS (
    INSERT INTO settlement_statementline (id, created_at, statement_id, accrual_id)
    SELECT {ids.series_sql("row_number() OVER (ORDER BY due.id)", "line")}, %(now)s, numbered.id, due.id
    FROM due JOIN numbered USING (seller_id, currency)
)
SELECT numbered.id AS statement_id, sums.* FROM sums JOIN numbered USING (seller_id, currency)
"""

_HELD = """
SELECT held.seller_id, held.currency,
    coalesce(sum(held.amount_minor) FILTER (WHERE held.release_at > %(until)s), 0) AS held,
    coalesce(sum(held.amount_minor) FILTER (WHERE held.release_at <= %(until)s), 0) AS released
FROM settlement_reservehold held
WHERE held.released_on_id IS NULL
  AND NOT EXISTS (
      SELECT FROM settlement_statement statement
      WHERE statement.seller_id = held.seller_id AND statement.currency = held.currency
        AND statement.period_until >= %(until)s
  )
GROUP BY 1, 2
"""

_LAST = """
SELECT wanted.seller_id, wanted.currency, last.period_until, last.carried_minor AS carried,
    (SELECT accrual.terms_id FROM settlement_accrual accrual
     WHERE accrual.seller_id = wanted.seller_id AND accrual.currency = wanted.currency
     ORDER BY accrual.id DESC LIMIT 1) AS terms_id
FROM {wanted}
CROSS JOIN LATERAL (
    SELECT period_until, carried_minor FROM settlement_statement statement
    WHERE statement.seller_id = wanted.seller_id AND statement.currency = wanted.currency
    ORDER BY period_until DESC LIMIT 1
) last
"""
