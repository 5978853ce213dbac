"""Writes of threads: opened, spoken in, handed on, closed. A thread is locked before it changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from entrepot.domain.conversations import rules
from entrepot.domain.conversations.models import Attachment, Message, Thread
from entrepot.kernel import ids
from entrepot.kernel.db import atomic
from entrepot.kernel.errors import NotFound, Refused, TooMany

SHOPPER = "shopper"


@dataclass(frozen=True, slots=True)
class NewThread:
    """A thread about a line, and who is to answer it by when."""

    order_id: UUID
    suborder_id: UUID
    line_id: UUID
    seller_id: UUID
    subject: str
    party: str
    organisation_id: UUID
    answer_hours: int


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that was kept: its media name. Units: bytes."""

    media: str
    is_picture: bool
    size: int


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes: the shopper, or a party by one of its people."""

    side: str
    organisation_id: UUID | None = None
    user_id: UUID | None = None


@atomic
def open_thread(*, thread: NewThread, now: datetime) -> Thread:
    """A thread without a message yet. Raises: Refused where the order has more than anybody needs."""
    if Thread.objects.filter(order_id=thread.order_id).count() >= rules.THREADS_MAX:
        raise Refused(
            "conversations.too_many_threads",
            "This order has {most} conversations already. Write in one of them.",
            most=rules.THREADS_MAX,
        )
    identity = ids.new_id(now)
    return Thread.objects.create(
        id=identity,
        created_at=now,
        number=ids.number("C", identity, 10),
        order_id=thread.order_id,
        suborder_id=thread.suborder_id,
        line_id=thread.line_id,
        seller_id=thread.seller_id,
        subject=thread.subject,
        service_party=thread.party,
        party=thread.party,
        organisation_id=thread.organisation_id,
        is_shared=thread.party == "seller",
        answer_hours=thread.answer_hours,
        said_at=now,
    )


def lock_thread(*, thread_id: UUID) -> Thread:
    """A thread under lock, in the caller's transaction. Raises: NotFound."""
    thread = Thread.objects.select_for_update(no_key=True).filter(id=thread_id).first()
    if thread is None:
        raise NotFound(kind="conversation")
    return thread


@atomic
def say(*, thread: Thread, author: Author, text: str, files: Sequence[Kept], now: datetime) -> Message:
    """Append a message to a locked thread; an answer is owed from the shopper's first one on until it is given.

    Raises: TooMany for a side that writes too fast.
    """
    _slow_down(thread, author, now)
    message = _append(thread, Message.Kind.SAID, author, text, now)
    Attachment.objects.bulk_create(
        [
            Attachment(id=identity, created_at=now, message=message, thread=thread, seller_id=thread.seller_id,
                       media=kept.media, is_picture=kept.is_picture, size=kept.size)
            for identity, kept in zip(ids.new_ids(now, len(files)), files, strict=True)
        ]
    )  # fmt: skip
    if author.side == SHOPPER:
        thread.due_at = thread.due_at or rules.due_at(now, thread.answer_hours)
        thread.unread_service += 1
    else:
        thread.due_at, thread.has_answer = None, True
        thread.unread_shopper += 1
        thread.unread_service = 0
    thread.state, thread.said_at = Thread.State.OPEN, now
    thread.save(update_fields=["due_at", "has_answer", "unread_service", "unread_shopper", "state", "said_at"])
    return message


@atomic
def hand_on(
    *, thread: Thread, party: str, organisation_id: UUID, author: Author, reason: str, now: datetime
) -> Message:
    """Let another answer a locked thread; the shopper's deadline stays, and an answer is owed where none was."""
    message = _append(thread, Message.Kind.HANDED_ON, author, reason, now, party=party)
    thread.party, thread.organisation_id = party, organisation_id
    thread.is_shared = thread.is_shared or party == "seller"
    thread.due_at = thread.due_at or rules.due_at(now, thread.answer_hours)
    thread.unread_service, thread.said_at = thread.unread_service or 1, now
    thread.save(update_fields=["party", "organisation", "is_shared", "due_at", "unread_service", "said_at"])
    return message


@atomic
def set_state(*, thread: Thread, state: str, author: Author, reason: str, now: datetime) -> Message | None:
    """Close or reopen a locked thread; nothing where it is so already."""
    if thread.state == state:
        return None
    is_open = state == Thread.State.OPEN
    kind = Message.Kind.REOPENED if is_open else Message.Kind.CLOSED
    message = _append(thread, kind, author, reason, now)
    thread.state, thread.said_at = state, now
    thread.due_at = rules.due_at(now, thread.answer_hours) if is_open and author.side == SHOPPER else None
    if author.side == SHOPPER:
        thread.unread_service += is_open
    else:
        thread.unread_shopper += 1
        thread.unread_service = 0
    thread.save(update_fields=["state", "said_at", "due_at", "unread_service", "unread_shopper"])
    return message


def mark_read(*, thread_id: UUID, by_shopper: bool) -> None:
    """One side has seen everything."""
    field = "unread_shopper" if by_shopper else "unread_service"
    Thread.objects.filter(id=thread_id, **{f"{field}__gt": 0}).update(**{field: 0})


def _append(thread: Thread, kind: str, author: Author, text: str, now: datetime, party: str = "") -> Message:
    return Message.objects.create(
        id=ids.new_id(now), created_at=now, thread=thread, seller_id=thread.seller_id, kind=kind, side=author.side,
        organisation_id=author.organisation_id, user_id=author.user_id, party=party, text=text,
    )  # fmt: skip


def _slow_down(thread: Thread, author: Author, now: datetime) -> None:
    hour = timedelta(hours=1)
    recent = Message.objects.filter(
        thread=thread, side=author.side, kind=Message.Kind.SAID, created_at__gt=now - hour, created_at__lte=now
    )
    times = list(recent.order_by("-created_at").values_list("created_at", flat=True)[: rules.PER_HOUR])
    if len(times) == rules.PER_HOUR:
        seconds = max(1, int((times[-1] + hour - now).total_seconds()))
        raise TooMany(
            "conversations.too_fast",
            "That is more than {most} messages within an hour. Please go on in {minutes} minutes.",
            field="text",
            most=rules.PER_HOUR,
            minutes=seconds // 60 + 1,
            seconds=seconds,
        )
