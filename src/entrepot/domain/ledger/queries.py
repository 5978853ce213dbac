"""Reads of the books. A balance is what came in less what went out: an account's last level and the postings since."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from entrepot.domain.ledger import words
from entrepot.domain.ledger.rules import CHART, AccountKey
from entrepot.kernel.db import fetch_rows
from entrepot.kernel.errors import NotFound

PAGE = 200


def _balance(account: str, until: str = "") -> str:
    """An SQL expression: what an account held, up to a sequence where one is given.

    Its last level is known, and few postings are after it.
    """
    within = f" AND sequence <= {until}" if until else ""
    last = f"FROM ledger_level WHERE account_id = {account}{within} ORDER BY sequence DESC LIMIT 1"
    since = f"sequence > coalesce((SELECT sequence {last}), 0){within}"
    return (
        f"coalesce((SELECT balance_minor {last}), 0)"
        f" + coalesce((SELECT sum(amount_minor) FROM ledger_posting WHERE destination_id = {account} AND {since}), 0)"
        f" - coalesce((SELECT sum(amount_minor) FROM ledger_posting WHERE source_id = {account} AND {since}), 0)"
    )


#: Joins to `account` what it holds.
_HELD = f"CROSS JOIN LATERAL (SELECT {_balance('account.id')} AS balance) held"


@dataclass(frozen=True, slots=True)
class AccountBalance:
    """An account and what it holds. Units: minor."""

    account_id: UUID
    key: AccountKey
    balance_minor: int

    @property
    def says(self) -> str:
        """The account in plain words."""
        return words.account(self.key.kind, self.key.label)


@dataclass(frozen=True, slots=True)
class Totals:
    """A line of the trial balance: all accounts of a kind in a currency. Units: minor."""

    currency: str
    kind: str
    nature: str
    balance_minor: int


@dataclass(frozen=True, slots=True)
class PostingRow:
    """A posting with its accounts and its event."""

    id: UUID
    journal_id: UUID
    journal_kind: str
    source_type: str
    source_id: UUID
    occurred_at: datetime
    part: str
    subject_id: UUID | None
    amount_minor: int
    currency: str
    rate: Decimal | None
    source: AccountKey
    destination: AccountKey

    @property
    def says(self) -> str:
        """What happened and where the money went, in plain words."""
        return f"{words.JOURNALS.get(self.journal_kind, self.journal_kind)}: " + words.movement(
            self.source.kind, self.destination.kind
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """A posting as one of its accounts sees it, with the balance after it. Units: minor."""

    posting: PostingRow
    change_minor: int
    balance_minor: int


def balances(*, owner_id: UUID | None = None, kinds: Collection[str] = (), currency: str = "") -> list[AccountBalance]:
    """The accounts of an owner, of these kinds, in this currency, by kind, currency, label; all where not said."""
    rows = fetch_rows(
        f"""
        SELECT account.id, account.kind, account.owner_id, account.currency, account.label, held.balance
        FROM ledger_account account {_HELD}
        WHERE (%(owner)s::uuid IS NULL OR owner_id = %(owner)s)
          AND (cardinality(%(kinds)s::text[]) = 0 OR kind = ANY(%(kinds)s))
          AND (%(currency)s = '' OR currency = %(currency)s)
        ORDER BY kind, currency, label, owner_id
        """,
        {"owner": owner_id, "kinds": list(kinds), "currency": currency},
    )
    return [
        AccountBalance(row.id, AccountKey(row.kind, row.owner_id, row.currency, row.label), int(row.balance))
        for row in rows
    ]


def get_account(account_id: UUID) -> AccountKey:
    """What an account is of. Raises: NotFound."""
    rows = fetch_rows("SELECT kind, owner_id, currency, label FROM ledger_account WHERE id = %s", [account_id])
    if not rows:
        raise NotFound(kind="account")
    return AccountKey(*rows[0])


def get_balance(key: AccountKey) -> int:
    """What one account holds; zero where it was never used. Units: minor."""
    found = balances(owner_id=key.owner_id, kinds=[key.kind], currency=key.currency)
    return sum(each.balance_minor for each in found if each.key == key)


def trial_balance() -> list[Totals]:
    """All accounts by currency and kind, in the chart's order; the balances of a currency sum to zero."""
    rows = fetch_rows(
        f"""
        SELECT account.currency, account.kind, sum(held.balance) AS balance
        FROM ledger_account account {_HELD}
        GROUP BY 1, 2
        """
    )
    order = list(CHART)
    lines = [Totals(row.currency, row.kind, CHART[row.kind].nature.value, int(row.balance)) for row in rows]
    return sorted(lines, key=lambda line: (line.currency, order.index(line.kind)))


def list_history(*, account_id: UUID, before: int | None = None, limit: int = PAGE) -> tuple[list[Entry], int | None]:
    """An account's postings, the latest first, each with the balance after it; and where the next page begins.

    Raises: NotFound.
    """
    if not fetch_rows("SELECT id FROM ledger_account WHERE id = %s", [account_id]):
        raise NotFound(kind="account")
    rows = fetch_rows(
        f"""
        WITH moves AS (
            (SELECT id, sequence AS place, -amount_minor AS change FROM ledger_posting
             WHERE source_id = %(account)s AND sequence < %(before)s ORDER BY sequence DESC LIMIT %(limit)s)
            UNION ALL
            (SELECT id, sequence, amount_minor FROM ledger_posting
             WHERE destination_id = %(account)s AND sequence < %(before)s ORDER BY sequence DESC LIMIT %(limit)s)
        ),
        page AS (SELECT * FROM moves ORDER BY place DESC LIMIT %(limit)s),
        top AS (SELECT max(place) AS place FROM page),
        head AS (SELECT {_balance("%(account)s", "(SELECT place FROM top)")} AS balance),
        levels AS (
            SELECT page.*, (SELECT balance FROM head) - coalesce(sum(change) OVER (
                ORDER BY place DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS level
            FROM page
        )
        SELECT levels.change, levels.level, levels.place, {_COLUMNS}
        FROM levels JOIN ledger_posting posting ON posting.id = levels.id {_JOINS}
        ORDER BY levels.place DESC
        """,
        {"account": account_id, "before": before or 2**63 - 1, "limit": limit + 1},
    )
    page = rows[:limit]
    return [Entry(_posting(row), int(row.change), int(row.level)) for row in page], (
        page[-1].place if len(rows) > limit else None
    )


def postings_about(subject_ids: Sequence[UUID]) -> list[PostingRow]:
    """Every posting about these subjects (order lines), in the order in which they were written."""
    rows = fetch_rows(
        f"SELECT {_COLUMNS} FROM ledger_posting posting {_JOINS} "
        "WHERE posting.subject_id = ANY(%s) ORDER BY posting.sequence",
        [list(subject_ids)],
    )
    return [_posting(row) for row in rows]


def postings_of(journal_ids: Sequence[UUID]) -> list[PostingRow]:
    """The postings of these journals, in the order in which they were written."""
    rows = fetch_rows(
        f"SELECT {_COLUMNS} FROM ledger_posting posting {_JOINS} "
        "WHERE posting.journal_id = ANY(%s) ORDER BY posting.sequence",
        [list(journal_ids)],
    )
    return [_posting(row) for row in rows]


_COLUMNS = """posting.id, posting.journal_id, journal.kind AS journal_kind, journal.source_type, journal.source_id,
    journal.occurred_at, posting.part, posting.subject_id, posting.amount_minor, posting.currency, posting.rate,
    source.kind AS from_kind, source.owner_id AS from_owner, source.label AS from_label,
    destination.kind AS to_kind, destination.owner_id AS to_owner, destination.label AS to_label"""
_JOINS = """JOIN ledger_journal journal ON journal.id = posting.journal_id
    JOIN ledger_account source ON source.id = posting.source_id
    JOIN ledger_account destination ON destination.id = posting.destination_id"""


def _posting(row: Any) -> PostingRow:
    return PostingRow(
        row.id,
        row.journal_id,
        row.journal_kind,
        row.source_type,
        row.source_id,
        row.occurred_at,
        row.part,
        row.subject_id,
        row.amount_minor,
        row.currency,
        row.rate,
        AccountKey(row.from_kind, row.from_owner, row.currency, row.from_label),
        AccountKey(row.to_kind, row.to_owner, row.currency, row.to_label),
    )
