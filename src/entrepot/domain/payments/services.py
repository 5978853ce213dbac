"""Writes of payments and their calls, by sets: *about to* before a provider is asked, then what came back.

Locks are taken in one order everywhere: payments by id, then their calls. Nothing here posts to the ledger.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from entrepot.domain.payments.models import CallState, Payment
from entrepot.domain.payments.providers import PROVIDERS, Act, Answer, Call, Notice, Outcome
from entrepot.domain.payments.queries import BOOKS, OPEN, WAITING, Book
from entrepot.kernel import ids
from entrepot.kernel.db import array_of, copy_rows, execute, fetch_rows, unnest
from entrepot.kernel.errors import Refused
from entrepot.kernel.rounds import ask, insert


@dataclass(frozen=True, slots=True)
class NewPayment:
    """A payment that a provider is about to be asked for; `reference_id` is what it is for."""

    id: UUID
    reference_id: UUID
    provider: str
    currency: str
    amount_minor: int
    instrument: str


@dataclass(frozen=True, slots=True)
class NewCall:
    """A capture, void or refund of (line, units, amount) parts. `source_id` is the event that asks for it, once."""

    payment_id: UUID
    source_id: UUID
    lines: Sequence[tuple[UUID, int, int]]
    reason: str = ""

    @property
    def amount_minor(self) -> int:
        """The sum of the parts."""
        return sum(amount for _, _, amount in self.lines)


class BeyondAuthorised(Refused):
    """More would be captured or let go than is set aside."""

    code = "payments.beyond_authorised"
    message = "{asked} would be taken or let go, and {left} is still set aside."


class BeyondCaptured(Refused):
    """More would be given back than was taken."""

    code = "payments.beyond_captured"
    message = "{asked} would be given back, and {left} of what was taken is left."


def key_of(act: Act, identity: UUID, attempt: int = 1) -> str:
    """The key under which a provider is asked; a new attempt after a refusal is a new question."""
    return f"{act}:{identity}:{attempt}"


def open_payments(*, rows: Sequence[NewPayment], now: datetime) -> None:
    """Write that providers are about to be asked; in the caller's transaction."""
    insert(
        "payments_payment",
        {name: [getattr(row, name) for row in rows] for name in NewPayment.__slots__},
        {"created_at": now, "captured_minor": 0, "voided_minor": 0, "refunded_minor": 0, "state": "about_to",
         "provider_reference": "", "decline_reason": ""},
    )  # fmt: skip


def ask_for_authorisations(*, rows: Iterable[Any], now: datetime) -> list[tuple[UUID, Answer]]:
    """Ask the providers about waiting payments, never within a transaction; a payment of nothing is approved here.

    `rows` carry id, provider, amount_minor, currency, instrument, as `NewPayment` does.
    """
    answers: list[tuple[UUID, Answer]] = []
    by_provider: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        if row.amount_minor:
            by_provider[row.provider].append(row)
        else:
            answers.append((row.id, Answer(key_of(Act.AUTHORISE, row.id), Outcome.APPROVED)))
    for code, asked in by_provider.items():
        calls = [
            Call(key_of(Act.AUTHORISE, row.id), row.amount_minor, row.currency, now, row.instrument) for row in asked
        ]
        answers += zip((row.id for row in asked), PROVIDERS[code].ask(Act.AUTHORISE, calls), strict=True)
    return answers


def look_up_authorisations(*, rows: Iterable[Any], now: datetime) -> list[tuple[UUID, Answer | None]]:
    """What the providers' own books say of payments, never within a transaction; None where they never heard of it."""
    answers: list[tuple[UUID, Answer | None]] = []
    by_provider: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        by_provider[row.provider if row.amount_minor else ""].append(row)
    for row in by_provider.pop("", ()):
        answers.append((row.id, Answer(key_of(Act.AUTHORISE, row.id), Outcome.APPROVED)))
    for code, asked in by_provider.items():
        keys = [key_of(Act.AUTHORISE, row.id) for row in asked]
        answers += zip((row.id for row in asked), PROVIDERS[code].look_up(keys, now), strict=True)
    return answers


def lock_payments(*, ids: Collection[UUID]) -> dict[UUID, Any]:
    """Lock payments, by id; in the caller's transaction."""
    rows = fetch_rows(
        "SELECT * FROM payments_payment WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [sorted(set(ids))]
    )
    return {row.id: row for row in rows}


def record_authorisations(*, rows: Sequence[tuple[UUID, str, Answer]], now: datetime) -> None:
    """Write the state that each answer brought to a payment that is locked and waits: (payment, state, answer)."""
    ask(
        "UPDATE payments_payment p SET state = w.state,"
        " provider_reference = CASE WHEN w.reference = '' THEN p.provider_reference ELSE w.reference END,"
        " decline_reason = w.reason, authorised_at = CASE WHEN w.state = 'authorised' THEN %s::timestamptz END"
        " FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[]) w(id, state, reference, reason)"
        " WHERE p.id = w.id AND p.state = ANY(%s)",
        [
            now,
            array_of("uuid", [identity for identity, _, _ in rows]),
            array_of("text", [str(state) for _, state, _ in rows]),
            array_of("text", [answer.reference for _, _, answer in rows]),
            array_of("text", [answer.reason for _, _, answer in rows]),
            list(WAITING),
        ],
    )


@transaction.atomic
def open_calls(*, act: Act, rows: Sequence[NewCall], now: datetime) -> list[UUID]:
    """Write that captures, voids or refunds are about to be asked for; their ids in order.

    A source that has its row keeps it; one whose call failed is tried anew. A capture of nothing is done at once.
    Raises: BeyondAuthorised, BeyondCaptured: the sum of what is done and open stays within what is there.
    """
    if not rows:
        return []
    book = BOOKS[act]
    payments = lock_payments(ids={row.payment_id for row in rows})
    known = {
        row.source_id: row
        for row in fetch_rows(
            f"SELECT id, source_id, state, amount_minor FROM {book.table} WHERE source_id = ANY(%s)",
            [[row.source_id for row in rows]],
        )
    }
    fresh = [row for row in rows if row.source_id not in known]
    failed = {source for source, row in known.items() if row.state == CallState.FAILED}
    _keep_within(act, payments, [row for row in rows if row.source_id not in known or row.source_id in failed])
    execute(
        f"UPDATE {book.table} SET state = 'about_to', attempt = attempt + 1 WHERE id = ANY(%s) AND state = 'failed'",
        [[known[source].id for source in failed]],
    )
    made = dict(zip((row.source_id for row in fresh), ids.new_ids(now, len(fresh)), strict=True))
    _write_calls(book, fresh, made, now)
    return [made.get(row.source_id) or known[row.source_id].id for row in rows]


@transaction.atomic
def reopen_calls(*, act: Act, ids: Collection[UUID]) -> list[UUID]:
    """Write that refused calls are about to be asked for anew, under keys of their own; which ones these are.

    Raises: BeyondAuthorised, BeyondCaptured.
    """
    book = BOOKS[act]
    query = f"SELECT id, payment_id, source_id, amount_minor FROM {book.table} WHERE id = ANY(%s) AND state = 'failed'"
    payments = lock_payments(ids={row.payment_id for row in fetch_rows(query, [list(ids)])})
    failed = fetch_rows(f"{query} ORDER BY id", [list(ids)])
    wanted = [NewCall(row.payment_id, row.source_id, [(row.id, 0, row.amount_minor)]) for row in failed]
    _keep_within(act, payments, wanted)
    execute(
        f"UPDATE {book.table} SET state = 'about_to', attempt = attempt + 1 WHERE id = ANY(%s)",
        [[row.id for row in failed]],
    )
    return [row.id for row in failed]


def ask_for_calls(*, act: Act, ids: Collection[UUID], now: datetime) -> list[tuple[UUID, Answer]]:
    """Ask the providers about the open ones of these calls, never within a transaction.

    A call of which it is not known whether it arrived is looked up first, and asked again under its key where not.
    """
    by_provider: dict[str, list[Any]] = defaultdict(list)
    for row in fetch_rows(
        f"SELECT call.id, call.attempt, call.amount_minor, call.state, payment.provider, payment.currency,"
        f" payment.provider_reference FROM {BOOKS[act].table} call"
        f" JOIN payments_payment payment ON payment.id = call.payment_id"
        f" WHERE call.id = ANY(%s) AND call.state = ANY(%s) ORDER BY call.id",
        [list(ids), list(OPEN)],
    ):
        by_provider[row.provider].append(row)
    answers: list[tuple[UUID, Answer]] = []
    for code, rows in by_provider.items():
        provider = PROVIDERS[code]
        doubtful = [key_of(act, row.id, row.attempt) for row in rows if row.state == CallState.UNKNOWN]
        heard = {answer.key: answer for answer in provider.look_up(doubtful, now) if answer} if doubtful else {}
        calls = [
            Call(
                key_of(act, row.id, row.attempt),
                row.amount_minor,
                row.currency,
                now,
                authorisation=row.provider_reference,
            )
            for row in rows
        ]
        heard |= {answer.key: answer for answer in provider.ask(act, [call for call in calls if call.key not in heard])}
        answers += [(row.id, heard[call.key]) for row, call in zip(rows, calls, strict=True)]
    return answers


@transaction.atomic
def record_calls(*, act: Act, answers: Sequence[tuple[UUID, Answer]], now: datetime) -> list[UUID]:
    """Write what came back; the ids of those that are done by it, so that each is followed up once."""
    book = BOOKS[act]
    found = {identity: answer for identity, answer in answers if answer.outcome is not Outcome.PENDING}
    lock_payments(
        ids={row.payment_id for row in fetch_rows(
            f"SELECT payment_id FROM {book.table} WHERE id = ANY(%s)", [list(found)]
        )}
    )  # fmt: skip
    states = {
        Outcome.APPROVED: CallState.DONE,
        Outcome.DECLINED: CallState.FAILED,
        Outcome.UNKNOWN: CallState.UNKNOWN,
    }
    source, params = unnest(
        "w",
        {"id": "uuid", "state": "text", "reference": "text"},
        [(identity, states[answer.outcome], answer.reference) for identity, answer in found.items()],
    )
    changed = fetch_rows(
        f"UPDATE {book.table} c SET state = w.state, provider_reference = w.reference,"
        f" done_at = CASE WHEN w.state = 'done' THEN %s::timestamptz END FROM {source}"
        f" WHERE c.id = w.id AND c.state = ANY(%s) RETURNING c.id, c.state, c.payment_id, c.amount_minor",
        [now, *params, list(OPEN)],
    )
    done = [row for row in changed if row.state == CallState.DONE]
    _add_to_payments(book, done)
    return sorted(row.id for row in done)


def keep_notices(*, provider: str, notices: Sequence[Notice], now: datetime) -> list[tuple[str, UUID]]:
    """Put verified messages into the inbox; (event, row) of those that are still to be worked on, each once."""
    source, params = unnest(
        "w",
        {"id": "uuid", "event_id": "text", "kind": "text", "payload": "jsonb"},
        [
            (identity, notice.event_id, notice.kind[:30], notice.payload)
            for identity, notice in zip(ids.new_ids(now, len(notices)), notices, strict=True)
        ],
    )
    execute(
        f"INSERT INTO payments_providerevent (id, created_at, provider, event_id, kind, payload, outcome)"
        f" SELECT id, %s, %s, event_id, kind, payload, '' FROM {source} ON CONFLICT (provider, event_id) DO NOTHING",
        [now, provider, *params],
    )
    rows = fetch_rows(
        "SELECT event_id, id FROM payments_providerevent WHERE provider = %s AND event_id = ANY(%s)"
        " AND processed_at IS NULL ORDER BY id",
        [provider, [notice.event_id for notice in notices]],
    )
    return [(row.event_id, row.id) for row in rows]


def finish_notice(*, event_id: UUID, payment_id: UUID | None, outcome: str, now: datetime) -> None:
    """Say what a message did; the first to say so counts."""
    execute(
        "UPDATE payments_providerevent SET processed_at = %s, payment_id = %s, outcome = %s"
        " WHERE id = %s AND processed_at IS NULL",
        [now, payment_id, outcome[:60], event_id],
    )


def _keep_within(act: Act, payments: Mapping[UUID, Any], rows: Sequence[NewCall]) -> None:
    """Hold the sum of done and open calls, with the new ones, within the payment."""
    asked: dict[UUID, int] = defaultdict(int)
    for row in rows:
        asked[row.payment_id] += row.amount_minor
    claimed = _claims([payment for payment in asked if payment in payments])
    for payment_id, amount in asked.items():
        payment, claims = payments[payment_id], claimed[payment_id]
        if act is Act.REFUND:
            left = payment.captured_minor - claims[Act.REFUND]
            error: type[Refused] = BeyondCaptured
        else:
            authorised = payment.amount_minor if payment.state == Payment.State.AUTHORISED or act is Act.VOID else 0
            left = authorised - claims[Act.CAPTURE] - claims[Act.VOID]
            error = BeyondAuthorised
        if amount > left:
            raise error(payment_id=str(payment_id), asked=amount, left=left)


def _claims(payments: Sequence[UUID]) -> dict[UUID, dict[Act, int]]:
    """What the calls of each payment that have not failed come to."""
    claimed: dict[UUID, dict[Act, int]] = defaultdict(lambda: dict.fromkeys(BOOKS, 0))
    for row in fetch_rows(
        " UNION ALL ".join(
            f"SELECT payment_id, '{act}' AS act, sum(amount_minor)::bigint AS amount FROM {book.table}"
            f" WHERE payment_id = ANY(%(ids)s) AND state <> 'failed' GROUP BY payment_id"
            for act, book in BOOKS.items()
        ),
        {"ids": list(payments)},
    ):
        claimed[row.payment_id][Act(row.act)] = row.amount
    return claimed


def _write_calls(book: Book, rows: Sequence[NewCall], made: Mapping[UUID, UUID], now: datetime) -> None:
    columns = ["id", "created_at", "payment_id", "source_id", "amount_minor", "state", "provider_reference", "attempt",
               "done_at"]  # fmt: skip
    has_reason = book is BOOKS[Act.REFUND]

    def written(row: NewCall) -> tuple[Any, ...]:
        nothing = row.amount_minor == 0
        values = (made[row.source_id], now, row.payment_id, row.source_id, row.amount_minor,
                  "done" if nothing else "about_to", "", 1, now if nothing else None)  # fmt: skip
        return (*values, row.reason) if has_reason else values

    copy_rows(book.table, [*columns, "reason"] if has_reason else columns, map(written, rows))
    if book.lines:
        parts = [(made[row.source_id], *part) for row in rows for part in row.lines]
        copy_rows(
            book.lines,
            ("id", "created_at", book.parent, "line_id", "quantity", "amount_minor"),
            ((identity, now, *part) for identity, part in zip(ids.new_ids(now, len(parts)), parts, strict=True)),
        )


def _add_to_payments(book: Book, done: Iterable[Any]) -> None:
    totals: dict[UUID, int] = defaultdict(int)
    for row in done:
        totals[row.payment_id] += row.amount_minor
    source, params = unnest("w", {"id": "uuid", "amount": "bigint"}, sorted(totals.items()))
    execute(
        f"UPDATE payments_payment p SET {book.total} = p.{book.total} + w.amount FROM {source} WHERE p.id = w.id",
        params,
    )
