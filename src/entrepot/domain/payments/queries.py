"""Reads of payments and their calls."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from entrepot.domain.payments.models import CallState, Payment
from entrepot.domain.payments.providers import Act
from entrepot.kernel.db import fetch_rows

#: Payments whose end is not known yet.
WAITING = (Payment.State.ABOUT_TO, Payment.State.PENDING, Payment.State.UNKNOWN)
OPEN = (CallState.ABOUT_TO, CallState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Book:
    """Where the calls of an act stand: their table, the payment's sum of them, the table of their lines."""

    table: str
    total: str
    lines: str = ""
    parent: str = ""


BOOKS: Mapping[Act, Book] = {
    Act.CAPTURE: Book("payments_capture", "captured_minor", "payments_captureline", "capture_id"),
    Act.REFUND: Book("payments_refund", "refunded_minor", "payments_refundline", "refund_id"),
    Act.VOID: Book("payments_void", "voided_minor"),
}


def get_payments(*, reference_ids: Collection[UUID]) -> dict[UUID, Payment]:
    """The payments of these things, by what they are for; scope is the caller's."""
    return {row.reference_id: row for row in Payment.objects.filter(reference_id__in=list(reference_ids))}


def list_waiting(*, before: datetime, after: UUID | None = None, limit: int = 1000) -> list[Any]:
    """Payments begun before the instant whose end is not known, oldest first; `after` is the last one of the page."""
    return fetch_rows(
        "SELECT * FROM payments_payment WHERE state = ANY(%s) AND created_at < %s AND (%s::uuid IS NULL OR id > %s)"
        " ORDER BY id LIMIT %s",
        [list(WAITING), before, after, after, limit],
    )


def list_open_calls(*, act: Act, before: datetime, reason: str = "", limit: int = 1000) -> list[UUID]:
    """Captures, voids or refunds begun before the instant of which it is not known how they ended, oldest first."""
    wanted = " AND reason = %s" if reason else ""
    rows = fetch_rows(
        f"SELECT id FROM {BOOKS[act].table} WHERE state = ANY(%s) AND created_at < %s{wanted} ORDER BY id LIMIT %s",
        [list(OPEN), before, *([reason] if reason else []), limit],
    )
    return [row.id for row in rows]


def list_captured(*, line_ids: Collection[UUID]) -> list[Any]:
    """What was or is being captured for these order lines: line_id, source_id, quantity, amount_minor, state."""
    return fetch_rows(
        "SELECT part.line_id, capture.source_id, part.quantity, part.amount_minor, capture.state"
        " FROM payments_captureline part JOIN payments_capture capture ON capture.id = part.capture_id"
        " WHERE part.line_id = ANY(%s) AND capture.state <> 'failed' ORDER BY part.id",
        [list(line_ids)],
    )


def list_refunded(*, line_ids: Collection[UUID]) -> list[Any]:
    """What was or is being refunded for these order lines: as `list_captured`, with the reason."""
    return fetch_rows(
        "SELECT part.line_id, refund.source_id, part.quantity, part.amount_minor, refund.state, refund.reason"
        " FROM payments_refundline part JOIN payments_refund refund ON refund.id = part.refund_id"
        " WHERE part.line_id = ANY(%s) AND refund.state <> 'failed' ORDER BY part.id",
        [list(line_ids)],
    )


def list_parts(
    *, act: Act, ids: Collection[UUID] = (), source_ids: Collection[UUID] = (), state: str = ""
) -> list[Any]:
    """The parts of captures or refunds, by the calls' ids or sources: call_id, payment_id, source_id, state, line_id,
    quantity, amount_minor."""
    book = BOOKS[act]
    return fetch_rows(
        f"SELECT call.id AS call_id, call.payment_id, call.source_id, call.state, part.line_id, part.quantity,"
        f" part.amount_minor FROM {book.table} call JOIN {book.lines} part ON part.{book.parent} = call.id"
        f" WHERE (call.id = ANY(%s) OR call.source_id = ANY(%s)) AND (%s = '' OR call.state = %s) ORDER BY part.id",
        [list(ids), list(source_ids), state, state],
    )
