"""Conversations on an order: asked by its shopper, answered by whoever holds customer service by the line's terms."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import File, Form, Schema
from ninja.files import UploadedFile
from pydantic import Field

from entrepot.domain.accounts import queries as accounts
from entrepot.domain.conversations import queries, rules, services
from entrepot.domain.conversations.models import Attachment, Message, Thread
from entrepot.domain.orders import queries as orders
from entrepot.domain.terms.rules import Party
from entrepot.flows import conversing
from entrepot.kernel import clock
from entrepot.kernel.errors import Invalid
from entrepot.surfaces.api.auth import actor_of, header, is_seller
from entrepot.surfaces.api.paging import Page, Paged, page
from entrepot.surfaces.api.routers.orders import scope
from entrepot.surfaces.api.routes import PUBLIC, Routes
from entrepot.surfaces.api.schemas import In, ReasonIn
from entrepot.surfaces.shared import files as kept_files
from entrepot.surfaces.shared.guards import ORDER_TOKEN
from entrepot.surfaces.shared.threads import UPLOAD_MAX
from entrepot.surfaces.shared.throttle import throttled

routes = Routes("Conversations")

Said = Annotated[str, Field(min_length=1, max_length=rules.TEXT_MAX)]


class AttachmentOut(Schema):
    """A picture or a PDF of a message. Units: bytes, as it was sent."""

    id: UUID
    kind: Literal["picture", "pdf"]
    size: int

    @classmethod
    def of(cls, each: Attachment) -> "AttachmentOut":
        """An attachment."""
        return cls(id=each.id, kind="picture" if each.is_picture else "pdf", size=each.size)


class MessageOut(Schema):
    """Something that was said, or done to the conversation; `to` is the party that it was handed on to."""

    id: UUID
    kind: str
    side: str
    to: str
    text: str
    created_at: datetime
    attachments: list[AttachmentOut]


class ThreadOut(Schema):
    """A conversation; `answer_by` is empty where no answer is owed. `unread` is the caller's."""

    id: UUID
    number: str
    order_id: UUID
    suborder_id: UUID
    line_id: UUID
    subject: str
    state: str
    service_party: str
    answering_party: str
    answer_hours: int
    answer_by: datetime | None
    created_at: datetime
    last_message_at: datetime
    unread: int

    @classmethod
    def of(cls, thread: Thread, *, by_shopper: bool) -> "ThreadOut":
        """A conversation."""
        plain = ("id", "number", "order_id", "suborder_id", "line_id", "subject", "state", "service_party",
                 "answer_hours", "created_at")  # fmt: skip
        return cls(
            **{name: getattr(thread, name) for name in plain},
            answering_party=thread.party,
            answer_by=thread.due_at,
            last_message_at=thread.said_at,
            unread=thread.unread_shopper if by_shopper else thread.unread_service,
        )


class ConversationOut(ThreadOut):
    """A conversation with everything that was said. Contact details are hidden from a seller without the service."""

    messages: list[MessageOut]
    is_masked: bool


class QuestionIn(In):
    """A question about a line of an order."""

    line_id: UUID
    subject: Annotated[str, Field(max_length=12, description=", ".join(rules.ACTS))]
    text: Said


class MessageIn(In):
    """Something to say."""

    text: Said


class ConversationStateIn(In):
    """Whether a conversation is open; whoever answers and closes it unanswered says why."""

    state: Literal["open", "closed"]
    reason: Annotated[str, Field(max_length=200)] = ""


@routes.post("/orders/{uuid:order_id}/conversations", ConversationOut, PUBLIC, status=201)
@throttled("message")
def ask_question(request: HttpRequest, order_id: UUID, payload: QuestionIn) -> ConversationOut:
    """Ask about a line of one's own order; a guest sends `Order-Token`.

    It goes to whoever holds customer service by the line's terms, who answers by `answer_by`.
    """
    thread = conversing.open_thread(
        order_id=order_id,
        line_id=payload.line_id,
        subject=payload.subject,
        text=payload.text,
        actor=actor_of(request),
        access_token=header(request, ORDER_TOKEN),
        now=clock.now(),
    )
    return _whole(queries.get_thread(thread_id=thread.id, order_id=order_id), None)


@routes.get("/orders/{uuid:order_id}/conversations", list[ThreadOut], PUBLIC)
def list_order_conversations(request: HttpRequest, order_id: UUID) -> list[ThreadOut]:
    """The conversations of an order that the caller sees, newest first."""
    whose = scope(request)
    orders.get_order(order_id=order_id, scope=whose)
    found = queries.list_of_order(order_id=order_id)
    if whose.seller_id is not None:
        found = [each for each in found if each.seller_id == whose.seller_id and each.is_shared]
    by_shopper = whose.seller_id is None and not whose.is_all
    return [ThreadOut.of(each, by_shopper=by_shopper) for each in found]


@routes.get("/conversations", Page[ThreadOut], "conversations.read")
def list_conversations(
    request: HttpRequest, paging: Paged, waiting: bool | None = None, state: str = "", text: str = ""
) -> Any:
    """Conversations, newest first, or by their deadline where only those that wait for an answer are asked for."""
    found = queries.list_threads(
        reader=_reader(request), is_waiting=waiting, state=state, text=text, before=paging.after, limit=paging.more
    )
    return page(found, paging, lambda each: ThreadOut.of(each, by_shopper=False))


@routes.get("/conversations/{uuid:thread_id}", ConversationOut, PUBLIC)
def get_conversation(request: HttpRequest, thread_id: UUID) -> ConversationOut:
    """One conversation, which the caller has read by it."""
    thread, reader = _seen(request, thread_id)
    if reader is None or thread.organisation_id == actor_of(request).organisation_id:
        services.mark_read(thread_id=thread.id, by_shopper=reader is None)
    return _whole(thread, reader)


@routes.post("/conversations/{uuid:thread_id}/messages", ConversationOut, PUBLIC, status=201)
@throttled("message")
def write_message(request: HttpRequest, thread_id: UUID, payload: MessageIn) -> ConversationOut:
    """Say something: as the order's shopper, or for whoever answers. A closed conversation is open again by it."""
    return _write(request, thread_id, payload.text, [])


@routes.post("/conversations/{uuid:thread_id}/papers", ConversationOut, PUBLIC, status=201)
@throttled("message")
def write_message_with_file(
    request: HttpRequest, thread_id: UUID, text: Form[Said], file: File[UploadedFile]
) -> ConversationOut:
    """Say something with a picture (JPEG, PNG, WebP) or a PDF."""
    if (file.size or 0) > UPLOAD_MAX:
        raise Invalid("media.too_large", "A picture may have {limit} bytes at most.", field="file", limit=UPLOAD_MAX)
    return _write(request, thread_id, text, [file.read()])


@routes.get("/conversations/{uuid:thread_id}/attachments/{uuid:attachment_id}", None, PUBLIC)
def get_attachment(request: HttpRequest, thread_id: UUID, attachment_id: UUID) -> HttpResponse:
    """The bytes of a picture (WebP) or a PDF."""
    thread, _ = _seen(request, thread_id)
    found = queries.get_attachment(attachment_id=attachment_id, thread_id=thread.id)
    return kept_files.send(found.media, f"{thread.number}-{found.id.hex[-6:]}")


@routes.post("/conversations/{uuid:thread_id}/handing", ConversationOut, "conversations.answer")
def hand_on_conversation(request: HttpRequest, thread_id: UUID, payload: ReasonIn) -> ConversationOut:
    """Let the other party answer: the platform hands on to the seller, everybody else to the platform."""
    thread, reader = _seen(request, thread_id)
    conversing.hand_on(thread_id=thread.id, actor=actor_of(request), reason=payload.reason, now=clock.now())
    return _whole(queries.get_thread(thread_id=thread.id, order_id=thread.order_id), reader)


@routes.put("/conversations/{uuid:thread_id}/state", ConversationOut, PUBLIC)
def set_conversation_state(request: HttpRequest, thread_id: UUID, payload: ConversationStateIn) -> ConversationOut:
    """Close a conversation, or open it again."""
    thread, reader = _seen(request, thread_id)
    conversing.set_state(
        thread_id=thread.id,
        state=payload.state,
        reason=payload.reason,
        actor=actor_of(request),
        access_token=header(request, ORDER_TOKEN),
        as_shopper=reader is None,
        now=clock.now(),
    )
    return _whole(queries.get_thread(thread_id=thread.id, order_id=thread.order_id), reader)


def _write(request: HttpRequest, thread_id: UUID, text: str, attachments: list[bytes]) -> ConversationOut:
    thread, reader = _seen(request, thread_id)
    conversing.write(
        thread_id=thread.id,
        text=text,
        attachments=attachments,
        actor=actor_of(request),
        access_token=header(request, ORDER_TOKEN),
        as_shopper=reader is None,
        now=clock.now(),
    )
    return _whole(queries.get_thread(thread_id=thread.id, order_id=thread.order_id), reader)


def _reader(request: HttpRequest) -> queries.Reader:
    return conversing.reader_of(actor_of(request), is_seller=is_seller(request))


def _seen(request: HttpRequest, thread_id: UUID) -> tuple[Thread, Party | None]:
    """A conversation that the caller sees, and as which party; None is its shopper. Raises: NotFound."""
    actor = actor_of(request)
    if actor.may("conversations.read"):
        thread = queries.get_thread(thread_id=thread_id, reader=_reader(request))
        if actor.organisation_id == accounts.get_operator().id:
            return thread, Party.PLATFORM
        return thread, Party.SELLER if is_seller(request) else Party.THIRD_PARTY
    order_id = queries.find_order_id(thread_id=thread_id)
    orders.get_order(order_id=order_id, scope=scope(request))
    return queries.get_thread(thread_id=thread_id, order_id=order_id), None


def _whole(thread: Thread, reader: Party | None) -> ConversationOut:
    attached = queries.list_attachments(thread_id=thread.id)
    masked = rules.is_masked_for(reader, thread.service_party)

    def shown(message: Message) -> MessageOut:
        # Why a conversation was handed on or closed is between those who answer.
        text = "" if reader is None and message.kind != Message.Kind.SAID else message.text
        return MessageOut(
            id=message.id,
            kind=message.kind,
            side=message.side,
            to=message.party,
            text=rules.mask(text) if masked else text,
            created_at=message.created_at,
            attachments=[AttachmentOut.of(each) for each in attached.get(message.id, ())],
        )

    return ConversationOut(
        **ThreadOut.of(thread, by_shopper=reader is None).model_dump(),
        messages=[shown(each) for each in queries.list_messages(thread_ids=[thread.id]).get(thread.id, ())],
        is_masked=masked,
    )
