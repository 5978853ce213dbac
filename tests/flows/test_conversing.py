"""Threads on an order: who is asked, who may answer by when, what is handed on, what stays as it was said."""

import io
from datetime import timedelta

import pytest
from django.db import DatabaseError
from PIL import Image

from entrepot.domain.conversations import queries, rules
from entrepot.domain.conversations.models import Attachment, Message, Thread
from entrepot.flows import conversing
from entrepot.kernel import media
from entrepot.kernel.actors import Actor
from entrepot.kernel.models import OutboxEvent
from shipping import lines_of, order
from shopping import refused

GUEST = Actor(label="guest", role="guest")


def picture() -> bytes:
    """A small photograph."""
    made = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(made, "PNG")
    return made.getvalue()


def asked(world, programme="self-managed", **fields):
    """A thread that a guest opened, with its order."""
    ordered = order(world, (world.offer(world.seller(programme=programme)), 2))
    return ordered, ask(world, ordered, **fields)


def ask(world, ordered, **fields):
    return conversing.open_thread(
        **{
            "order_id": ordered.id,
            "line_id": lines_of(ordered)[0].id,
            "subject": "where_is_it",
            "text": "Where is it?",
            "actor": GUEST,
            "access_token": ordered.access_token,
            "now": world.now,
        }
        | fields
    )


@pytest.mark.parametrize(
    ("programme", "party"),
    [
        ("fully-managed", "platform"),
        ("semi-managed-platform-logistics", "platform"),
        ("semi-managed-local-stock", "platform"),
        ("self-managed", "seller"),
    ],
)
def test_it_goes_to_whoever_holds_customer_service_by_the_terms(world, programme, party):
    ordered, thread = asked(world, programme)
    line = lines_of(ordered)[0]
    asked_one = world.operator.id if party == "platform" else line.seller_id
    assert (thread.party, thread.service_party, thread.organisation_id) == (party, party, asked_one)
    assert (thread.due_at - world.now).total_seconds() == 24 * 3600
    assert thread.is_shared == (party == "seller")
    told = OutboxEvent.objects.get(topic="conversation.message")
    assert told.payload["to"] == ["operator" if party == "platform" else "seller"]
    assert told.payload["answerer_id"] == str(asked_one)


def test_nobody_opens_a_thread_on_an_order_of_somebody_else(world):
    ordered, _ = asked(world)
    for wrong in ({"access_token": ""}, {"access_token": "x"}, {"actor": world.operator_actor(), "access_token": ""}):
        with refused("kernel.not_found"):
            ask(world, ordered, **wrong)
    other = lines_of(order(world, (world.offer(world.seller()), 1)))[0]
    with refused("orders.not_its_line"):
        ask(world, ordered, line_id=other.id)


def test_an_answer_ends_the_wait_and_a_question_begins_it_anew(world):
    ordered, thread = asked(world)
    seller = world.seller_actor(lines_of(ordered)[0].seller)
    world.pass_time(hours=3)
    conversing.write(thread_id=thread.id, text="Tomorrow.", actor=seller, now=world.now)
    thread.refresh_from_db()
    assert (thread.due_at, thread.has_answer, thread.unread_shopper, thread.unread_service) == (None, True, 1, 0)
    world.pass_time(hours=1)
    for text in ("Still nothing.", "Hello?"):
        conversing.write(
            thread_id=thread.id, text=text, actor=GUEST, access_token=ordered.access_token, as_shopper=True,
            now=world.now,
        )  # fmt: skip
        world.pass_time(minutes=5)
    thread.refresh_from_db()
    assert thread.due_at == rules.due_at(world.now - timedelta(minutes=10), 24)
    assert thread.unread_service == 2


def test_another_seller_does_not_find_it(world):
    _, thread = asked(world)
    other = world.seller_actor(world.seller())
    for act in (
        lambda: conversing.write(thread_id=thread.id, text="x", actor=other, now=world.now),
        lambda: conversing.hand_on(thread_id=thread.id, reason="x", actor=other, now=world.now),
        lambda: conversing.set_state(thread_id=thread.id, state="closed", actor=other, now=world.now),
        lambda: queries.get_thread(thread_id=thread.id, reader=conversing.reader_of(other, is_seller=True)),
    ):
        with refused("kernel.not_found"):
            act()


def test_the_platform_hands_on_to_the_seller_who_answers_without_the_service(world):
    ordered, thread = asked(world, "fully-managed", text="Call me on 030 1234567")
    seller = world.seller_actor(lines_of(ordered)[0].seller)
    reader = conversing.reader_of(seller, is_seller=True)
    with refused("kernel.not_found"):
        queries.get_thread(thread_id=thread.id, reader=reader)
    due = thread.due_at
    with refused("audit.reason_missing"):
        conversing.hand_on(thread_id=thread.id, reason=" ", actor=world.operator_actor(), now=world.now)
    world.pass_time(hours=1)
    conversing.hand_on(thread_id=thread.id, reason="You packed it", actor=world.operator_actor(), now=world.now)
    thread.refresh_from_db()
    assert (thread.party, thread.organisation_id, thread.due_at) == ("seller", seller.organisation_id, due)
    assert thread.is_shared and thread.service_party == "platform"
    assert queries.get_thread(thread_id=thread.id, reader=reader) == thread
    world.pass_time(minutes=1)
    conversing.write(thread_id=thread.id, text="It left.", actor=seller, now=world.now)
    world.pass_time(minutes=1)
    conversing.hand_on(thread_id=thread.id, reason="Refund is yours", actor=seller, now=world.now)
    with refused("conversations.not_yours"):
        conversing.write(thread_id=thread.id, text="x", actor=seller, now=world.now)
    thread.refresh_from_db()
    assert (thread.party, thread.organisation_id) == ("platform", world.operator.id)
    kinds = [each.kind for each in queries.list_messages(thread_ids=[thread.id])[thread.id]]
    assert kinds == ["said", "handed_on", "said", "handed_on"]


def test_closing_an_unanswered_question_needs_a_reason_and_a_message_opens_it_again(world):
    ordered, thread = asked(world)
    seller = world.seller_actor(lines_of(ordered)[0].seller)
    with refused("audit.reason_missing"):
        conversing.set_state(thread_id=thread.id, state="closed", actor=seller, now=world.now)
    conversing.set_state(thread_id=thread.id, state="closed", reason="Spam", actor=seller, now=world.now)
    thread.refresh_from_db()
    assert (thread.state, thread.due_at) == ("closed", None)
    with refused("conversations.closed"):
        conversing.hand_on(thread_id=thread.id, reason="x", actor=seller, now=world.now)
    conversing.write(
        thread_id=thread.id, text="But no.", actor=GUEST, access_token=ordered.access_token, as_shopper=True,
        now=world.now,
    )  # fmt: skip
    thread.refresh_from_db()
    assert thread.state == "open" and thread.due_at
    mine = {"actor": GUEST, "access_token": ordered.access_token, "as_shopper": True, "now": world.now}
    for state in ("closed", "closed", "open"):
        conversing.set_state(thread_id=thread.id, state=state, **mine)
    thread.refresh_from_db()
    assert thread.state == "open" and thread.due_at
    assert Message.objects.filter(thread=thread).count() == 5


def test_what_was_said_cannot_be_changed(world):
    _, thread = asked(world, attachments=[picture()])
    for model, values in ((Message, {"text": "x"}), (Attachment, {"size": 1})):
        with pytest.raises(DatabaseError, match="append"):
            model.objects.filter(thread=thread).update(**values)


def test_files_are_pictures_or_papers_and_kept_privately(world):
    _, thread = asked(world, attachments=[picture(), b"%PDF-1.7".ljust(40)])
    found = Attachment.objects.filter(thread=thread).order_by("id")
    assert [each.is_picture for each in found] == [True, False]
    assert all(media.is_private(each.media) for each in found)
    ordered = thread.order
    for files in ([b"<script>"], [b"%PDF-" + b"x" * rules.PAPER_BYTES_MAX], [picture()] * 5):
        with pytest.raises(Exception) as told:
            ask(world, ordered, attachments=files)
        assert told.value.field == "attachments"
    for text in ("", "  ", "x" * 4001):
        with pytest.raises(Exception) as told:
            ask(world, ordered, text=text)
        assert told.value.field == "text"


def test_nobody_writes_faster_than_anybody_reads(world):
    ordered, thread = asked(world)
    mine = {
        "thread_id": thread.id, "text": "x", "actor": GUEST, "access_token": ordered.access_token, "as_shopper": True,
    }  # fmt: skip
    for _ in range(rules.PER_HOUR - 1):
        world.pass_time(seconds=30)
        conversing.write(**mine, now=world.now)
    with refused("conversations.too_fast") as told:
        conversing.write(**mine, now=world.now)
    assert told.value.status == 429 and 0 < told.value.values["seconds"] <= 3600
    seller = world.seller_actor(lines_of(ordered)[0].seller)
    conversing.write(thread_id=thread.id, text="I read.", actor=seller, now=world.now)
    world.pass_time(hours=1)
    conversing.write(**mine, now=world.now)
    assert Thread.objects.get().unread_service == 1


def test_threads_are_found_by_word_number_and_deadline(world):
    ordered, thread = asked(world, text="The handle is chipped")
    world.pass_time(hours=2)
    _, other = asked(world, text="Where is my parcel")
    everybody = queries.Reader(is_all=True)

    def found(**fields):
        return [each.id for each in queries.list_threads(reader=everybody, now=world.now, **fields)]

    assert found() == [other.id, thread.id]
    assert found(is_waiting=True) == [thread.id, other.id]
    assert found(is_waiting=True, before=thread.id) == [other.id]
    assert found(text="chipped handle") == [thread.id]
    assert found(text=ordered.number) == [thread.id]
    assert found(text=other.number.lower()) == [other.id]
    assert found(text="' OR 1 --") == []
    world.pass_time(hours=23)
    assert found(is_waiting=True, is_late=True) == [thread.id]
    assert queries.count_waiting(organisation_id=thread.organisation_id, now=world.now) == queries.Waiting(
        1, 1, thread.due_at
    )
