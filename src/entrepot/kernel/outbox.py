"""What must be told is appended in the transaction that made it true; the relay tells it afterwards."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from entrepot.kernel import ids, partitions
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
    status = OutboxEvent.Status.DELIVERED if _muted.get() else OutboxEvent.Status.PENDING
    rows = [
        OutboxEvent(
            id=identity,
            created_at=now,
            next_attempt_at=now,
            status=status,
            delivered_at=now if _muted.get() else None,
            topic=event.topic,
            subject_kind=event.subject_kind,
            subject_id=event.subject_id,
            payload=event.payload,
        )
        for identity, event in zip(ids.new_ids(now, len(batch)), batch, strict=True)
    ]
    with partitions.named():
        OutboxEvent.objects.bulk_create(rows, batch_size=5000)
