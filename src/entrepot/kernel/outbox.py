"""What must be told is appended in the transaction that made it true; the relay tells it afterwards."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from entrepot.kernel import ids, partitions
from entrepot.kernel.db import execute, unnest
from entrepot.kernel.models import OutboxEvent


@dataclass(frozen=True, slots=True)
class Event:
    """A topic such as `order.placed`, what it is about, and the values a reader needs (ids, never personal data)."""

    topic: str
    subject_kind: str
    subject_id: UUID
    payload: dict[str, Any] = field(default_factory=dict)


_muted: ContextVar[bool] = ContextVar("muted", default=False)


@contextmanager
def muted() -> Iterator[None]:
    """Within it events are kept as told: what is only replayed reaches nobody."""
    token = _muted.set(True)
    try:
        yield
    finally:
        _muted.reset(token)


def append(events: Iterable[Event], *, now: datetime) -> None:
    """Append events in the caller's transaction."""
    batch = list(events)
    if not batch:
        return
    status = OutboxEvent.Status.DELIVERED if _muted.get() else OutboxEvent.Status.PENDING
    source, params = unnest(
        "new",
        _COLUMNS,
        (
            (identity, event.topic, event.subject_kind, event.subject_id, event.payload)
            for identity, event in zip(ids.new_ids(now, len(batch)), batch, strict=True)
        ),
    )
    names = ", ".join(_COLUMNS)
    with partitions.named():
        execute(
            f"INSERT INTO kernel_outboxevent ({names}, created_at, next_attempt_at, status, delivered_at, attempts,"
            f" failure) SELECT {names}, %s, %s, %s, %s, 0, '' FROM {source}",
            [now, now, str(status), now if _muted.get() else None, *params],
        )


_COLUMNS = {"id": "uuid", "topic": "text", "subject_kind": "text", "subject_id": "uuid", "payload": "jsonb"}
