"""What must be told is appended in the transaction that made it true; the relay tells it afterwards."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from entrepot.kernel import ids
from entrepot.kernel.models import OutboxEvent
from entrepot.kernel.rounds import insert


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
    columns = {name: [getattr(event, name) for event in batch] for name in Event.__slots__}
    insert(
        "kernel_outboxevent",
        {"id": ids.new_ids(now, len(batch)), **columns},
        {"created_at": now, "next_attempt_at": now, "status": str(status),
         "delivered_at": now if _muted.get() else None, "attempts": 0, "failure": ""},
    )  # fmt: skip
