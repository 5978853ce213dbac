"""Drains the outbox: every event is told at least once, in order of need, by as many workers as there are.

An event is claimed by moving its next attempt into the future, in one short transaction; then it is told outside any
transaction; then the outcome is written. A worker that dies in between leaves an event that comes due again.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from entrepot.kernel import db
from entrepot.surfaces.jobs.topics import HANDLERS

logger = logging.getLogger(__name__)

BATCH = 200
ATTEMPTS = 8
FIRST_PAUSE = timedelta(seconds=30)

CLAIM = """
    UPDATE kernel_outboxevent AS event
    SET attempts = event.attempts + 1, next_attempt_at = %(now)s + %(pause)s * power(4, least(event.attempts, 8))
    FROM (
        SELECT id FROM kernel_outboxevent
        WHERE status = 'pending' AND next_attempt_at <= %(now)s
        ORDER BY next_attempt_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    ) AS due
    WHERE event.id = due.id
    RETURNING event.id, event.topic, event.subject_kind, event.subject_id, event.payload, event.attempts,
              event.created_at
"""

RECORD = """
    UPDATE kernel_outboxevent AS event
    SET status = outcome.status, failure = outcome.failure,
        delivered_at = CASE WHEN outcome.status = 'delivered' THEN %s END
    FROM {outcomes} WHERE event.id = outcome.id
"""


def relay(*, now: datetime) -> int:
    """Tell every event that is due; how many were claimed."""
    total = 0
    while claimed := _claim(now):
        _record([(event.id, *_tell(event, now)) for event in claimed], now)
        total += len(claimed)
    return total


def _claim(now: datetime) -> list[Any]:
    rows = db.fetch_rows(CLAIM, {"now": now, "pause": FIRST_PAUSE, "limit": BATCH})
    return sorted(rows, key=lambda event: event.id)


def _tell(event: Any, now: datetime) -> tuple[str, str]:
    """Hand one event to its handlers: the status that it has now, and the reason where it failed."""
    db.assert_no_transaction()
    handlers = HANDLERS.get(event.topic)
    if handlers is None:
        return "dead", f"no handler for {event.topic}"
    try:
        for handle in handlers:
            handle(event, now=now)
    except Exception as problem:
        logger.exception("outbox event %s (%s), attempt %s", event.id, event.topic, event.attempts)
        return "dead" if event.attempts >= ATTEMPTS else "pending", f"{type(problem).__name__}: {problem}"[:1000]
    return "delivered", ""


def _record(outcomes: Sequence[tuple[Any, str, str]], now: datetime) -> None:
    source, arrays = db.unnest("outcome", {"id": "uuid", "status": "text", "failure": "text"}, outcomes)
    db.execute(RECORD.format(outcomes=source), [now, *arrays])
