"""What is said about an order: a shopper asks, and whoever holds customer service by the line's terms answers.

Who that is follows from the frozen terms of the line, and so does by when. It may be handed on between the platform and
the seller; the shopper's deadline stays what it was.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from entrepot.domain.accounts import queries as accounts
from entrepot.domain.conversations import queries, rules, services
from entrepot.domain.conversations.models import Message, Thread
from entrepot.domain.conversations.services import SHOPPER, Author, Kept, NewThread
from entrepot.domain.orders.models import OrderLine
from entrepot.domain.terms import queries as terms
from entrepot.domain.terms.rules import Party, Task
from entrepot.flows.amending import find_orders, is_shopper
from entrepot.kernel import audit, media, outbox
from entrepot.kernel.actors import SYSTEM, Actor
from entrepot.kernel.db import atomic
from entrepot.kernel.errors import Denied, Invalid, NotFound, Refused
from entrepot.kernel.outbox import Event


def reader_of(actor: Actor, *, is_seller: bool) -> queries.Reader:
    """Whose threads somebody sees who holds the verb. Raises: Denied."""
    if actor == SYSTEM or actor.verbs.get("conversations.read") == "all":
        return queries.Reader(is_all=True)
    if actor.verbs.get("conversations.read") == "own" and actor.organisation_id is not None:
        return queries.Reader(organisation_id=actor.organisation_id, is_seller=is_seller)
    raise Denied("accounts.verb_missing", "Your role does not include “{verb}”.", verb="conversations.read")


def open_thread(
    *,
    order_id: UUID,
    line_id: UUID,
    subject: str,
    text: str,
    actor: Actor,
    now: datetime,
    attachments: Sequence[bytes] = (),
    access_token: str = "",
) -> Thread:
    """Ask about a line of one's own order; it goes to whoever holds customer service for it.

    Raises: NotFound to whoever has no right to the order, Invalid, TooMany, Refused.
    """
    _own_order(order_id, actor, access_token)
    line = OrderLine.objects.select_related("suborder__performer").filter(id=line_id, order_id=order_id).first()
    if line is None:
        raise Invalid("orders.not_its_line", "The order has no such line.", field="line")
    if subject not in rules.ACTS:
        raise Invalid(
            "conversations.unknown_subject", "Say what it is about: {known}.", field="subject",
            known=", ".join(rules.ACTS),
        )  # fmt: skip
    kept = _keep(text, attachments)
    agreed = terms.get_terms({line.terms_id})[line.terms_id]
    party = agreed.performer(Task.CUSTOMER_SERVICE) or Party.PLATFORM
    party, organisation_id = _organisation(party, line)
    thread = NewThread(
        order_id, line.suborder_id, line_id, line.seller_id, subject, party, organisation_id,
        agreed.service.answer_hours,
    )  # fmt: skip
    return _open(thread, text.strip(), kept, actor, now)


@atomic
def _open(thread: NewThread, text: str, attachments: Sequence[Kept], actor: Actor, now: datetime) -> Thread:
    opened = services.open_thread(thread=thread, now=now)
    author = Author(SHOPPER, user_id=actor.user_id)
    services.say(thread=opened, author=author, text=text, files=attachments, now=now)
    _tell(opened, _answerer(opened), actor, now)
    return opened


def write(
    *,
    thread_id: UUID,
    text: str,
    actor: Actor,
    now: datetime,
    attachments: Sequence[bytes] = (),
    access_token: str = "",
    as_shopper: bool = False,
) -> Message:
    """Say something in a thread: as its shopper, or for whoever answers it now. A closed thread is open again by it.

    Raises: NotFound, Denied, Invalid, TooMany.
    """
    kept = _keep(text, attachments)
    return _write(thread_id, text.strip(), kept, actor, now, access_token, as_shopper)


@atomic
def _write(
    thread_id: UUID, text: str, attachments: Sequence[Kept], actor: Actor, now: datetime, token: str, as_shopper: bool
) -> Message:
    thread = services.lock_thread(thread_id=thread_id)
    author = _author(thread, actor, token, as_shopper)
    message = services.say(thread=thread, author=author, text=text, files=attachments, now=now)
    _tell(thread, _answerer(thread) if author.side == SHOPPER else SHOPPER, actor, now)
    return message


@atomic
def hand_on(*, thread_id: UUID, actor: Actor, reason: str, now: datetime) -> Thread:
    """Let the other party answer: the platform hands on to the seller, everybody else to the platform.

    Raises: NotFound, Denied, Invalid without a reason, Refused where the thread is closed.
    """
    thread = services.lock_thread(thread_id=thread_id)
    author = _author(thread, actor, "", False)
    if thread.state == Thread.State.CLOSED:
        raise Refused("conversations.closed", "This conversation is closed. Reopen it first.")
    audit.require_reason(reason)
    party = rules.NEXT[Party(thread.party)]
    line = OrderLine.objects.select_related("suborder__performer").get(id=thread.line_id)
    party, organisation_id = _organisation(party, line)
    services.hand_on(
        thread=thread, party=party, organisation_id=organisation_id, author=author, reason=reason.strip(), now=now
    )
    audit.record(
        actor=actor, verb="conversations.hand_on", subject_kind="conversation", subject_id=thread_id, now=now,
        reason=reason, after={"number": thread.number, "party": str(party)},
    )  # fmt: skip
    _tell(thread, _answerer(thread), actor, now)
    return thread


@atomic
def set_state(
    *,
    thread_id: UUID,
    state: str,
    actor: Actor,
    now: datetime,
    reason: str = "",
    access_token: str = "",
    as_shopper: bool = False,
) -> Thread:
    """Close or reopen a thread; whoever answers it and closes it unanswered says why.

    Raises: NotFound, Denied, Invalid.
    """
    if state not in Thread.State.values:
        raise Invalid("conversations.unknown_state", "A conversation is open or closed.", field="state")
    thread = services.lock_thread(thread_id=thread_id)
    author = _author(thread, actor, access_token, as_shopper)
    if author.side != SHOPPER and thread.due_at is not None and state == Thread.State.CLOSED:
        audit.require_reason(reason)
    done = services.set_state(thread=thread, state=state, author=author, reason=reason.strip(), now=now)
    if done is not None and (author.side != SHOPPER or state == Thread.State.OPEN):
        _tell(thread, _answerer(thread) if author.side == SHOPPER else SHOPPER, actor, now)
    return thread


def _own_order(order_id: UUID, actor: Actor, access_token: str) -> None:
    order = find_orders({order_id}).get(order_id)
    if order is None or not (actor == SYSTEM or is_shopper(actor, order, access_token)):
        raise NotFound(kind="order")


def _author(thread: Thread, actor: Actor, access_token: str, as_shopper: bool) -> Author:
    """Who speaks in a thread. Raises: NotFound to whoever has nothing to do with it, Denied to who only reads it."""
    order = find_orders({thread.order_id})[thread.order_id]
    if as_shopper:
        if not is_shopper(actor, order, access_token):
            raise NotFound(kind="conversation")
        return Author(SHOPPER, user_id=actor.user_id)
    if actor == SYSTEM or actor.reaches("conversations.answer", thread.organisation_id):
        operator = accounts.get_operator()
        if actor.organisation_id in (None, thread.organisation_id):
            return Author(thread.party, thread.organisation_id, actor.user_id)
        # The operator may step in anywhere; it speaks for itself.
        return Author(Party.PLATFORM, operator.id, actor.user_id)
    reads = actor.reaches("conversations.read", thread.organisation_id)
    if reads or (thread.is_shared and actor.reaches("conversations.read", thread.seller_id)):
        raise Denied("conversations.not_yours", "Somebody else answers this conversation now.")
    raise NotFound(kind="conversation")


def _organisation(party: Party, line: OrderLine) -> tuple[Party, UUID]:
    """Who a party is in the case of a line; a third party is the one that works at the line's node, if there is one."""
    if party is Party.SELLER:
        return party, line.seller_id
    if party is Party.THIRD_PARTY and line.suborder.performer_party == Party.THIRD_PARTY:
        return party, line.suborder.performer_id
    return Party.PLATFORM, accounts.get_operator().id


def _keep(text: str, attachments: Sequence[bytes]) -> list[Kept]:
    """Check what is to be said and keep its files. Raises: Invalid."""
    if not text.strip() or "\0" in text:
        raise Invalid("conversations.no_text", "Write something.", field="text")
    if len(text) > rules.TEXT_MAX:
        raise Invalid(
            "conversations.text_too_long", "A message has {most} characters at most.", field="text",
            most=rules.TEXT_MAX,
        )  # fmt: skip
    if len(attachments) > rules.FILES_MAX:
        raise Invalid(
            "conversations.too_many_files", "A message takes {most} files at most.", field="attachments",
            most=rules.FILES_MAX,
        )  # fmt: skip
    return [_keep_file(each) for each in attachments]


def _keep_file(content: bytes) -> Kept:
    try:
        if not content.startswith(b"%PDF-"):
            return Kept(media.keep_picture(content, private=True), True, len(content))
        if len(content) <= rules.PAPER_BYTES_MAX:
            return Kept(media.keep_paper(content), False, len(content))
    except Invalid as refusal:
        if refusal.code != "media.not_a_picture":
            raise Invalid(refusal.code, refusal.message, field="attachments", **refusal.values) from None
    raise Invalid(
        "conversations.bad_file", "Attach pictures (JPEG, PNG, WebP) or a PDF of {most} megabytes at most.",
        field="attachments", most=rules.PAPER_BYTES_MAX // 1_000_000,
    )  # fmt: skip


def _tell(thread: Thread, to: str, actor: Actor, now: datetime) -> None:
    """Let the other side know; whoever acted is not told."""
    payload = {
        "to": [to], "suborder_id": str(thread.suborder_id), "seller_id": str(thread.seller_id),
        "answerer_id": str(thread.organisation_id), "thread": thread.number,
    }  # fmt: skip
    if actor.user_id is not None:
        payload["actor_id"] = str(actor.user_id)
    outbox.append([Event("conversation.message", "order", thread.order_id, payload)], now=now)


def _answerer(thread: Thread) -> str:
    """Who answers a thread, as events name it."""
    return {"platform": "operator", "seller": "seller"}.get(thread.party, "answerer")
