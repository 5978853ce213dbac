"""A shopper asks about an order and reads the answer; those who answer do so from their inbox."""

import io

import pytest
from PIL import Image

from entrepot.domain.conversations import rules
from entrepot.domain.conversations.models import Attachment, Message, Thread
from entrepot.flows import conversing
from shipping import deliver, lines_of
from surfaces.seller.shops import client_of, sign_in
from surfaces.shop.conftest import Page, Shopper


def picture() -> io.BytesIO:
    made = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(made, "PNG")
    made.seek(0)
    made.name = "photo.png"
    return made


def ask(shopper, order, **fields):
    """The page that a sent question leads to."""
    path = f"/orders/{order.number}/questions"
    shown = shopper.get(path)
    assert shown.status == 200
    return shopper.post(
        path,
        **{
            "subject": "damaged",
            "line": lines_of(order)[0].id,
            "text": "The handle is <b>off</b>; ada@example.org",
            "idempotency_key": shown.hidden("idempotency_key"),
        }
        | fields,
    )


@pytest.fixture
def ours(world):
    return world.seller("ours", programme="self-managed")


def test_a_question_goes_to_the_seller_and_its_answer_comes_back(world, guest, ours):
    order = guest.order((world.offer(ours, title="Mug"), 1))
    page = ask(guest, order, attachments=picture())
    assert page.status == 200 and "Your question is sent." in page.text
    assert "ours answers by" in page.text
    assert "The handle is <b>off</b>; ada@example.org" in page.text and "<b>off" not in page.source
    thread = Thread.objects.get()
    seller = client_of(world, ours)
    inbox = Page(seller.get("/seller/conversations"))
    assert thread.number in inbox.text and "To answer" in inbox.text and "new" in inbox.text
    shown = Page(seller.get(f"/seller/conversations/{thread.number}"))
    assert "ada@example.org" in shown.text and "<b>off" not in shown.source
    [file] = Attachment.objects.all()
    for client, path in (
        (seller, f"/seller/conversations/{thread.number}/files/{file.id}"),
        (guest.client, f"/orders/{order.number}/conversations/{thread.number}/files/{file.id}"),
    ):
        assert client.get(path)["Content-Type"] == "image/webp"
        assert client.get(f"/media/{file.media}").status_code == 404
    answer = {"text": "We send another.", "idempotency_key": shown.hidden("idempotency_key")}
    for _ in range(2):
        told = seller.post(f"/seller/conversations/{thread.number}/messages", answer, follow=True)
        assert "We send another." in told.content.decode()
    assert Message.objects.count() == 2
    assert "new" in guest.get(f"/orders/{order.number}").text
    assert "We send another." in guest.get(f"/orders/{order.number}/conversations/{thread.number}").text
    thread.refresh_from_db()
    assert (thread.unread_shopper, thread.unread_service) == (0, 0)
    assert "Nobody waits for an answer" in Page(seller.get("/seller/conversations")).text


def test_what_is_wrong_is_named_and_what_was_typed_is_kept(world, guest, ours):
    order = guest.order((world.offer(ours), 1))
    page = ask(guest, order, subject="", text="Kept words", attachments=io.BytesIO(b"no picture"))
    assert page.status == 422 and "Kept words" in page.text and not Thread.objects.exists()
    page = ask(guest, order, text="Kept words", attachments=io.BytesIO(b"no picture"))
    assert page.status == 422 and "Attach pictures" in page.text and "Kept words" in page.text
    assert not Thread.objects.exists()


def test_sending_twice_asks_once(world, guest, ours):
    order = guest.order((world.offer(ours), 1))
    key = guest.get(f"/orders/{order.number}/questions").hidden("idempotency_key")
    assert ask(guest, order, idempotency_key=key).response.redirect_chain
    assert ask(guest, order, idempotency_key=key).response.redirect_chain
    assert Thread.objects.count() == 1


def test_a_thread_says_what_may_be_done_at_once(world, guest, ours):
    order = guest.order((world.offer(ours), 1))
    page = ask(guest, order, subject="change")
    assert "Cancel something" in page.text and "Change the address" in page.text
    deliver(world, order)
    page = ask(guest, order, subject="damaged")
    assert f"/orders/{order.number}/returns" in page.source
    page = ask(guest, order, subject="invoice")
    assert f"/orders/{order.number}/receipt" in page.source


def test_the_desk_hands_on_and_the_seller_does_not_see_addresses(world, guest):
    seller = world.seller("factory", programme="fully-managed")
    order = guest.order((world.offer(seller), 1))
    ask(guest, order)
    thread = Thread.objects.get()
    factory = client_of(world, seller)
    assert factory.get(f"/seller/conversations/{thread.number}").status_code == 404
    desk = sign_in(operator(world))
    shown = Page(desk.get(f"/desk/conversations/{thread.number}"))
    assert "ada@example.org" in shown.text and thread.number in Page(desk.get("/desk/conversations")).text
    form = {"idempotency_key": shown.hidden("idempotency_key"), "reason": ""}
    refused = desk.post(f"/desk/conversations/{thread.number}/handing", form)
    assert refused.status_code == 422
    form["reason"] = "You know the glaze"
    told = Page(desk.post(f"/desk/conversations/{thread.number}/handing", form, follow=True))
    assert "factory, who answers from here on" in told.text
    shown = Page(factory.get(f"/seller/conversations/{thread.number}"))
    assert "ada@example.org" not in shown.text and rules.MASK in shown.text and "You know the glaze" in shown.text
    assert "You know the glaze" not in guest.get(f"/orders/{order.number}/conversations/{thread.number}").text


def operator(world, role="operator.service"):
    from entrepot.domain.accounts import services as accounts
    from entrepot.kernel.actors import SYSTEM

    user = world.user()
    accounts.join(actor=SYSTEM, user=user, organisation=world.operator, role=role, now=world.now)
    return user


def test_closing_and_opening_again(world, guest, ours):
    order = guest.order((world.offer(ours), 1))
    page = ask(guest, order)
    thread = Thread.objects.get()
    path = f"/orders/{order.number}/conversations/{thread.number}"
    page = guest.post(f"{path}/state", state="closed")
    assert "It is closed." in page.text and "Not settled after all?" in page.text
    seller = client_of(world, ours)
    assert thread.number in Page(seller.get("/seller/conversations?view=closed")).text
    assert "no conversation" in Page(seller.get("/seller/conversations?view=all&q=kettle")).text.lower()
    assert thread.number in Page(seller.get("/seller/conversations?view=all&q=handle")).text
    page = guest.post(f"{path}/messages", text="After all it is not.")
    thread.refresh_from_db()
    assert page.status == 200 and thread.state == "open"


def test_nobody_else_sees_it(world, guest, ours):
    order = guest.order((world.offer(ours), 1))
    ask(guest, order, attachments=picture())
    thread, file = Thread.objects.get(), Attachment.objects.get()
    path = f"/orders/{order.number}/conversations/{thread.number}"
    other = Shopper(world)
    mine = other.order((world.offer(ours), 1))
    swapped = f"/orders/{mine.number}/conversations/{thread.number}"
    for each in (path, f"{path}/files/{file.id}", f"/orders/{order.number}/questions", swapped,
                 f"{swapped}/files/{file.id}"):  # fmt: skip
        assert other.get(each).status == 404, each
    for each in (f"{path}/messages", f"{swapped}/messages", f"{swapped}/state"):
        assert other.post(each, text="x", state="closed").status == 404
    assert Message.objects.count() == 1


def test_pages_ask_no_more_with_more_messages(world, known, ours):
    order = known.order((world.offer(ours), 1))
    ask(known, order)
    thread = Thread.objects.get()
    path = f"/orders/{order.number}/conversations/{thread.number}"
    few, listed = known.count(path), known.count(f"/orders/{order.number}")
    for number in range(6):
        world.pass_time(minutes=1)
        conversing.write(
            thread_id=thread.id, text=f"More {number}", actor=world.seller_actor(ours), now=world.now, attachments=[]
        )
    known.get(path)
    assert known.count(path) == few <= 25
    ask(known, order, text="Another")
    assert known.count(f"/orders/{order.number}") == listed <= 25


def test_a_receipt(world, guest, ours):
    order = guest.order((world.offer(ours, title="Mug"), 2))
    page = guest.client.get(f"/orders/{order.number}/receipt")
    assert page["Content-Type"] == "application/pdf" and page.content.startswith(b"%PDF-")
    assert Shopper(world).get(f"/orders/{order.number}/receipt").status == 404
