"""Reads of threads; the scope is always passed."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import Count, Min, Q, QuerySet

from entrepot.domain.conversations.models import Attachment, Message, Thread
from entrepot.kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class Reader:
    """Whose threads are meant: all, those that an organisation answers, or also those its seller is asked in.

    A seller reads along in every thread about its goods in which it was ever asked.
    """

    organisation_id: UUID | None = None
    is_seller: bool = False
    is_all: bool = False

    @property
    def condition(self) -> Q:
        """The same for a query."""
        if self.is_all:
            return Q()
        if self.is_seller:
            return Q(seller_id=self.organisation_id, is_shared=True)
        return Q(organisation_id=self.organisation_id)


def get_thread(
    *, number: str = "", thread_id: UUID | None = None, reader: Reader | None = None, order_id: UUID | None = None
) -> Thread:
    """A thread that a reader sees, or of an order whose scope the caller has checked. Raises: NotFound."""
    threads = _threads().filter(**({"id": thread_id} if thread_id else {"number": number}))
    if reader is not None:
        threads = threads.filter(reader.condition)
    if order_id is not None:
        threads = threads.filter(order_id=order_id)
    thread = threads.first() if reader is not None or order_id is not None else None
    if thread is None:
        raise NotFound(kind="conversation")
    return thread


def find_order_id(*, thread_id: UUID) -> UUID:
    """Which order a thread is of; says nothing about who may see it. Raises: NotFound."""
    found = Thread.objects.filter(id=thread_id).values_list("order_id", flat=True).first()
    if found is None:
        raise NotFound(kind="conversation")
    return found


def list_of_order(*, order_id: UUID) -> list[Thread]:
    """The threads of an order, newest first; the caller has checked the order's scope."""
    return list(_threads().filter(order_id=order_id).order_by("-id"))


def list_threads(
    *,
    reader: Reader,
    organisation_id: UUID | None = None,
    is_waiting: bool | None = None,
    is_late: bool = False,
    state: str = "",
    text: str = "",
    before: UUID | None = None,
    now: datetime | None = None,
    limit: int = 50,
) -> list[Thread]:
    """Threads that a reader sees, newest first; those that wait for an answer by their deadline.

    `text` is looked for in the numbers of thread and order, and as words in the messages.
    """
    threads = _threads().filter(reader.condition)
    if organisation_id is not None:
        threads = threads.filter(organisation_id=organisation_id)
    if is_waiting is not None:
        threads = threads.filter(due_at__isnull=not is_waiting)
    if is_late and now is not None:
        threads = threads.filter(due_at__lt=now)
    if state:
        threads = threads.filter(state=state)
    if text := " ".join(text.replace("\0", " ").split())[:120]:
        words = SearchQuery(text, config="simple", search_type="websearch")
        said = Message.objects.annotate(words=SearchVector("text", config="simple")).filter(words=words)
        numbers = Q(number__iexact=text) | Q(order__number__iexact=text) | Q(suborder__number__iexact=text)
        threads = threads.filter(numbers | Q(id__in=said.values("thread_id")))
    if before is not None:
        if is_waiting:
            last = Thread.objects.filter(id=before).values_list("due_at", flat=True).first()
            threads = threads.filter(Q(due_at__gt=last) | Q(due_at=last, id__gt=before)) if last else threads
        else:
            threads = threads.filter(id__lt=before)
    order = ("due_at", "id") if is_waiting else ("-id",)
    return list(threads.order_by(*order)[:limit])


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many threads wait for an answer, how many of them for too long, and by when the first is owed."""

    count: int
    late: int
    first_due: datetime | None


def count_waiting(*, organisation_id: UUID, now: datetime) -> Waiting:
    """What waits for an answer of an organisation."""
    found = Thread.objects.filter(organisation_id=organisation_id, due_at__isnull=False).aggregate(
        count=Count("id"), late=Count("id", filter=Q(due_at__lt=now)), first_due=Min("due_at")
    )
    return Waiting(**found)


def list_messages(*, thread_ids: Collection[UUID]) -> dict[UUID, list[Message]]:
    """What was said and done, oldest first, by thread; the caller has checked the threads' scope."""
    found: dict[UUID, list[Message]] = defaultdict(list)
    for message in Message.objects.select_related("organisation").filter(thread_id__in=list(thread_ids)).order_by("id"):
        found[message.thread_id].append(message)
    return found


def list_attachments(*, thread_id: UUID) -> dict[UUID, list[Attachment]]:
    """What is attached, by message; the caller has checked the thread's scope."""
    found: dict[UUID, list[Attachment]] = defaultdict(list)
    for each in Attachment.objects.filter(thread_id=thread_id).order_by("id"):
        found[each.message_id].append(each)
    return found


def get_attachment(*, attachment_id: UUID, thread_id: UUID) -> Attachment:
    """A file of a thread; the caller has checked the thread's scope. Raises: NotFound."""
    found = Attachment.objects.filter(id=attachment_id, thread_id=thread_id).first()
    if found is None:
        raise NotFound(kind="file")
    return found


def _threads() -> QuerySet[Thread]:
    return Thread.objects.select_related("order__market", "suborder", "line", "organisation", "seller__organisation")
