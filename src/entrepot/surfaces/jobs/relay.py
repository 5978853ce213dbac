"""Drains the outbox: every event is told at least once, in order of need, by as many workers as there are.

An event is claimed by moving its next attempt into the future, in one short transaction; then people are told of the
whole batch in the app, and each event's letters are sent outside any transaction; then the outcome is written. A worker
that dies in between leaves an event that comes due again.
"""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from entrepot.domain.notices import services as notices
from entrepot.domain.notices.services import Address, Reader
from entrepot.kernel import db
from entrepot.kernel.crashing import crash_point
from entrepot.surfaces.jobs import audiences, mail
from entrepot.surfaces.jobs.topics import TOPICS

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

Reached = Mapping[UUID, Sequence[tuple[Address, Reader]]]


def relay(*, now: datetime) -> int:
    """Tell every event that is due; how many were claimed."""
    total = 0
    while claimed := _claim(now):
        crash_point("relay.claimed")
        outcomes = _tell(claimed, now)
        crash_point("relay.told")
        _record(outcomes, now)
        total += len(claimed)
    return total


def _claim(now: datetime) -> list[Any]:
    rows = db.fetch_rows(CLAIM, {"now": now, "pause": FIRST_PAUSE, "limit": BATCH})
    return sorted(rows, key=lambda event: event.id)


def _tell(events: Sequence[Any], now: datetime) -> list[tuple[UUID, str, str]]:
    """Tell a batch: of each event the status that it has now, and the reason where it failed."""
    db.assert_no_transaction()
    outcomes = [(event.id, "dead", f"no audience for {event.topic}") for event in events if event.topic not in TOPICS]
    known = [event for event in events if event.topic in TOPICS]
    try:
        reached = _keep(known)
    except Exception:
        # One that cannot be told holds up no other: each is tried by itself.
        logger.exception("a batch of %s outbox events", len(known))
        return outcomes + [_tell_one(event, None, now) for event in known]
    return outcomes + [_tell_one(event, reached, now) for event in known]


def _keep(events: Sequence[Any]) -> Reached:
    """The notices of these events, and whom they reached, by event."""
    found = audiences.addresses(events)
    reached: dict[UUID, list[tuple[Address, Reader]]] = defaultdict(list)
    for reader in notices.tell(addresses=found):
        address = found[reader.place]
        reached[address.event_id].append((address, reader))
    return reached


def _tell_one(event: Any, reached: Reached | None, now: datetime) -> tuple[UUID, str, str]:
    try:
        mail.write(event, (_keep([event]) if reached is None else reached).get(event.id, ()), now=now)
    except Exception as problem:
        logger.exception("outbox event %s (%s), attempt %s", event.id, event.topic, event.attempts)
        status = "dead" if event.attempts >= ATTEMPTS else "pending"
        return event.id, status, f"{type(problem).__name__}: {problem}"[:1000]
    return event.id, "delivered", ""


def _record(outcomes: Sequence[tuple[Any, str, str]], now: datetime) -> None:
    source, arrays = db.unnest("outcome", {"id": "uuid", "status": "text", "failure": "text"}, outcomes)
    db.execute(RECORD.format(outcomes=source), [now, *arrays])
