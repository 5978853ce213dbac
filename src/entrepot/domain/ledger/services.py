"""Writes to the books: journals by the batch, accounts as they are needed, balances with floors in the same breath."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from entrepot.domain.ledger import rules
from entrepot.domain.ledger.rules import CHART, AccountKey, NewJournal, NewPosting
from entrepot.kernel import ids
from entrepot.kernel.db import atomic, copy_rows, execute, fetch_rows, unnest
from entrepot.kernel.errors import Refused

__all__ = ["AccountKey", "BelowFloor", "NewJournal", "NewPosting", "Posted", "post"]


class BelowFloor(Refused):
    """An account that has a floor would fall below it."""

    code = "ledger.below_floor"
    message = "The account {kind} in {currency} holds {balance} and cannot give {amount}."


@dataclass(frozen=True, slots=True)
class Posted:
    """A journal that was written, and its postings' ids in the order in which they were given."""

    journal_id: UUID
    posting_ids: tuple[UUID, ...]


@atomic
def post(*, journals: Sequence[NewJournal], now: datetime) -> list[Posted | None]:
    """Write journals; one that exists (same source and kind) is skipped whole and answered by None.

    Raises: Invalid for a journal without form, BelowFloor.
    """
    for journal in journals:
        rules.check(journal)
    fresh = _open_journals(journals, now)
    if not fresh:
        return [None] * len(journals)
    written = [(journals[index], journal_id) for index, journal_id in sorted(fresh.items())]
    accounts = _open_accounts(
        {
            key
            for journal, _ in written
            for posting in journal.postings
            for key in (posting.source, posting.destination)
        },
        now,
    )
    _move_balances([posting for journal, _ in written for posting in journal.postings], accounts)
    posting_ids = ids.new_ids(now, sum(len(journal.postings) for journal, _ in written))
    answers: list[Posted | None] = [None] * len(journals)
    position = 0
    for index, journal_id in sorted(fresh.items()):
        count = len(journals[index].postings)
        answers[index] = Posted(journal_id, tuple(posting_ids[position : position + count]))
        position += count
    rows = (
        (
            identity,
            now,
            journal_id,
            accounts[posting.source],
            accounts[posting.destination],
            posting.amount_minor,
            posting.source.currency,
            posting.part,
            posting.subject_id,
            posting.rate,
        )
        for identity, (journal_id, posting) in zip(
            posting_ids,
            ((journal_id, posting) for journal, journal_id in written for posting in journal.postings),
            strict=True,
        )
    )
    copy_rows(
        "ledger_posting",
        [
            "id",
            "created_at",
            "journal_id",
            "source_id",
            "destination_id",
            "amount_minor",
            "currency",
            "part",
            "subject_id",
            "rate",
        ],
        rows,
    )
    return answers


def _open_journals(journals: Sequence[NewJournal], now: datetime) -> dict[int, UUID]:
    """Claim the events that have no journal yet: position in the batch → id. Others that claim them now are waited for.

    The rows go in by the order of their events, so that two batches with common events cannot lock each other out.
    """
    first: dict[tuple[str, UUID, str], int] = {}
    for index, journal in enumerate(journals):
        first.setdefault(journal.event, index)
    order = [first[event] for event in sorted(first)]
    identities = dict(zip(order, ids.new_ids(now, len(order)), strict=True))
    source, params = unnest(
        "given",
        {
            "id": "uuid",
            "kind": "text",
            "source_type": "text",
            "source_id": "uuid",
            "occurred_at": "timestamptz",
            "reverses_id": "uuid",
        },
        (
            (
                identities[index],
                journals[index].kind,
                journals[index].source_type,
                journals[index].source_id,
                journals[index].occurred_at,
                journals[index].reverses,
            )
            for index in order
        ),
    )
    claimed = fetch_rows(
        f"""
        INSERT INTO ledger_journal (id, created_at, kind, source_type, source_id, occurred_at, reverses_id)
        SELECT id, %s, kind, source_type, source_id, occurred_at, reverses_id FROM {source}
        ON CONFLICT (source_type, source_id, kind) DO NOTHING
        RETURNING id
        """,
        [now, *params],
    )
    won = {row.id for row in claimed}
    return {index: identity for index, identity in identities.items() if identity in won}


_KEY = {"kind": "text", "owner_id": "uuid", "currency": "text", "label": "text"}


def _open_accounts(keys: set[AccountKey], now: datetime) -> dict[AccountKey, UUID]:
    """The ids of these accounts; those that are new are opened, with a balance of zero where they have a floor."""
    found = _find_accounts(keys)
    missing = sorted(keys - found.keys())
    if missing:
        new = zip(ids.new_ids(now, len(missing)), missing, strict=True)
        source, params = unnest(
            "given",
            {"id": "uuid"} | _KEY,
            ((identity, key.kind, key.owner_id, key.currency, key.label) for identity, key in new),
        )
        execute(
            f"""
            INSERT INTO ledger_account (id, created_at, kind, owner_id, currency, label)
            SELECT id, %s, kind, owner_id, currency, label FROM {source}
            ON CONFLICT (kind, owner_id, currency, label) DO NOTHING
            """,
            [now, *params],
        )
        found |= _find_accounts(set(missing))
        floors = sorted(
            (found[key], CHART[key.kind].floor_minor) for key in missing if CHART[key.kind].floor_minor is not None
        )
        source, params = unnest("given", {"account_id": "uuid", "floor_minor": "bigint"}, floors)
        execute(
            f"""
            INSERT INTO ledger_balance (account_id, balance_minor, floor_minor)
            SELECT account_id, 0, floor_minor FROM {source}
            ON CONFLICT (account_id) DO NOTHING
            """,
            params,
        )
    return found


def _find_accounts(keys: set[AccountKey]) -> dict[AccountKey, UUID]:
    source, params = unnest("given", _KEY, ((key.kind, key.owner_id, key.currency, key.label) for key in keys))
    rows = fetch_rows(
        f"""
        SELECT account.id, kind, owner_id, currency, label
        FROM ledger_account account JOIN {source} USING (kind, owner_id, currency, label)
        """,
        params,
    )
    return {AccountKey(row.kind, row.owner_id, row.currency, row.label): row.id for row in rows}


def _move_balances(postings: Sequence[NewPosting], accounts: dict[AccountKey, UUID]) -> None:
    """Lock the accounts that have a floor, in the order of their ids, and move their balances. Raises: BelowFloor.

    The postings are written after this, under the lock: their sequence is the order in which they took effect.
    """
    changes = {
        accounts[key]: (key, amount)
        for key, amount in rules.net_changes(postings).items()
        if CHART[key.kind].floor_minor is not None
    }
    if not changes:
        return
    held = fetch_rows(
        """
        SELECT account_id, balance_minor, floor_minor FROM ledger_balance
        WHERE account_id = ANY(%s) ORDER BY account_id FOR UPDATE
        """,
        [list(changes)],
    )
    for row in held:
        key, amount = changes[row.account_id]
        if row.balance_minor + amount < row.floor_minor:
            raise BelowFloor(kind=key.kind, currency=key.currency, balance=row.balance_minor, amount=-amount)
    source, params = unnest(
        "moved",
        {"account_id": "uuid", "amount": "bigint"},
        ((account_id, amount) for account_id, (_, amount) in changes.items()),
    )
    execute(
        f"""
        UPDATE ledger_balance balance SET balance_minor = balance.balance_minor + moved.amount
        FROM {source} WHERE moved.account_id = balance.account_id
        """,
        params,
    )
