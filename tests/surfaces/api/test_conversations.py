"""Conversations by the API: asked by a guest, answered by the seller, hidden from everybody else."""

from django.core.files.uploadedfile import SimpleUploadedFile

from entrepot.domain.conversations.models import Attachment
from shipping import lines_of, order
from surfaces.api.calls import ROOT, Caller, caller, operator


def asked(world, programme="self-managed"):
    """A question of a guest: the order, who asked, the conversation."""
    ordered = order(world, (world.offer(world.seller(programme=programme)), 1))
    guest = Caller(**{"Order-Token": ordered.access_token})
    body = {"line_id": lines_of(ordered)[0].id, "subject": "where_is_it", "text": "Where? Call 030 1234567"}
    return ordered, guest, guest.post(f"/orders/{ordered.id}/conversations", body)


def test_a_guest_asks_and_the_seller_answers(world):
    ordered, guest, thread = asked(world)
    assert (thread["answering_party"], thread["unread"], thread["is_masked"]) == ("seller", 0, False)
    seller = caller(world, lines_of(ordered)[0].seller.organisation, "seller.staff")
    [listed] = seller.get("/conversations?waiting=true")["items"]
    assert listed["id"] == thread["id"] and listed["unread"] == 1 and listed["answer_by"]
    path = f"/conversations/{thread['id']}"
    world.pass_time(minutes=1)
    seller.post(f"{path}/messages", {"text": "Tomorrow."})
    assert seller.get("/conversations?waiting=true")["items"] == []
    [own] = guest.get(f"/orders/{ordered.id}/conversations")
    assert own["unread"] == 1
    assert [each["text"] for each in guest.get(path)["messages"]][1:] == ["Tomorrow."]
    assert guest.get(path)["unread"] == 0
    guest.put(f"{path}/state", {"state": "closed"})
    assert seller.get(path)["state"] == "closed"
    Caller().get(path, status=404)
    caller(world, world.seller().organisation, "seller.owner").get(path, status=404)


def test_files(world):
    _, guest, thread = asked(world)
    path = f"/conversations/{thread['id']}"

    def send(content: bytes, key: str):
        form = {"text": "See", "file": SimpleUploadedFile("x.pdf", content)}
        return guest.client.post(f"{ROOT}{path}/papers", form, headers=guest.headers | {"Idempotency-Key": key})

    answer = send(b"%PDF-1.7 paper", "a-key-nobody-guesses")
    assert answer.status_code == 201, answer.content
    found = Attachment.objects.get()
    file = guest.send("GET", f"{path}/attachments/{found.id}")
    assert (file["Content-Type"], file.content) == ("application/pdf", b"%PDF-1.7 paper")
    Caller().get(f"{path}/attachments/{found.id}", status=404)
    answer = send(b"MZ executable", "another-key-nobody-guesses")
    assert (answer.status_code, answer.json()["field"]) == (422, "attachments")


def test_handing_on_hides_contact_details(world):
    ordered, guest, thread = asked(world, "fully-managed")
    path = f"/conversations/{thread['id']}"
    seller = caller(world, lines_of(ordered)[0].seller.organisation, "seller.owner")
    seller.get(path, status=404)
    operator(world, "operator.service").post(f"{path}/handing", {"reason": "Call 030 7654321"})
    shown = seller.get(path)
    assert shown["is_masked"] and [each["text"] for each in shown["messages"]] == ["Where? Call •••", "Call •••"]
    assert [each["text"] for each in guest.get(path)["messages"]] == ["Where? Call 030 1234567", ""]


def test_too_many_messages_say_when_to_come_back(world):
    _, guest, thread = asked(world)
    path = f"/conversations/{thread['id']}/messages"
    for _ in range(11):
        guest.post(path, {"text": "Hello?"})
    response = guest.send("POST", path, {"text": "Hello?"})
    assert (response.status_code, response.json()["code"]) == (429, "conversations.too_fast")
    assert 0 < int(response["Retry-After"]) <= 3600
