"""A correction on the pages and in the API: asked for by one person, seen in plain words, decided by another."""

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import reverse

from bookkeeping import balances, payable
from entrepot.domain.accounts import services as accounts
from entrepot.domain.accounts.models import User
from entrepot.domain.ledger.models import Journal
from entrepot.kernel import clock
from entrepot.kernel.actors import SYSTEM
from entrepot.kernel.models import Approval, AuditEntry
from shipping import deliver, order
from shopping import assert_sound
from surfaces.api.calls import operator as caller
from surfaces.seller.shops import sign_in
from worlds import World

TYPED = {
    "currency": "EUR", "seller": "acme", "reason": "The label was charged twice",
    "source_0": "cost_carriage", "destination_0": "seller_payable", "amount_0": "7.50",
}  # fmt: skip


@pytest.fixture
def world(database, monkeypatch) -> Iterator[World]:
    made = World()
    monkeypatch.setattr(clock, "now", lambda: made.now)
    yield made
    assert_sound(made, "I38", "I34")


def person(world: World, role: str = "operator.finance") -> tuple[Client, User]:
    user = world.user()
    accounts.join(actor=SYSTEM, user=user, organisation=world.operator, role=role, now=world.now)
    return sign_in(user), user


def ask(client: Client, **typed: str) -> Approval:
    answer = client.post(reverse("desk:corrections"), TYPED | typed)
    assert answer.status_code == 302, answer.content.decode()
    asked = Approval.objects.order_by("-id")[0]
    assert answer["Location"] == reverse("desk:approval", args=[asked.id])
    return asked


def send(client: Client, asked: Approval, decision: str, note: str = ""):
    return client.post(reverse("desk:decision", args=[asked.id]), {"decision": decision, "note": note})


def test_a_correction_from_the_form_to_the_books(world: World) -> None:
    seller = world.seller("acme")
    (first, _), (second, decider) = person(world), person(world, "operator.admin")
    asked = ask(first)
    address = reverse("desk:approval", args=[asked.id])
    own, others = first.get(address).content.decode(), second.get(address).content.decode()
    assert "A second person has to decide" in own and 'value="approve"' not in own
    for said in ("The label was charged twice", "Carriage that the marketplace bears", "The seller&#x27;s balance",
                 "€7.50", "What would be posted", 'value="approve"'):  # fmt: skip
        assert said in others, said
    assert address in second.get(reverse("desk:approvals")).content.decode()
    assert send(first, asked, "approve").status_code == 403
    assert not Journal.objects.exists()
    assert send(second, asked, "approve").status_code == 302
    assert payable(world, seller) == 750
    done = second.get(address).content.decode()
    assert "What was posted" in done and reverse("desk:journal", args=[Journal.objects.get().id]) in done
    assert address in second.get(reverse("desk:approvals"), {"state": "decided"}).content.decode()
    assert send(second, asked, "approve").status_code == 409
    assert payable(world, seller) == 750
    entry = AuditEntry.objects.get(verb="ledger.correct")
    assert (entry.actor_user_id, entry.reason) == (decider.id, "The label was charged twice")


def test_a_refusal_has_a_note(world: World) -> None:
    world.seller("acme")
    (first, _), (second, _) = person(world), person(world)
    asked = ask(first)
    assert send(second, asked, "refuse").status_code == 422
    assert send(second, asked, "refuse", "it was charged once").status_code == 302
    assert "it was charged once" in first.get(reverse("desk:approval", args=[asked.id])).content.decode()
    assert not Journal.objects.exists()


def test_a_journal_is_undone_from_its_page(world: World) -> None:
    seller = world.seller("acme")
    (first, _), (second, _) = person(world), person(world)
    send(second, ask(first), "approve")
    wrong = Journal.objects.get()
    address = reverse("desk:reversal", args=[wrong.id])
    assert address in first.get(reverse("desk:journal", args=[wrong.id])).content.decode()
    assert "€7.50" in first.get(address).content.decode()
    assert first.post(address, {"reason": "It was the other seller"}).status_code == 302
    assert send(second, Approval.objects.get(status="pending"), "approve").status_code == 302
    assert (payable(world, seller), balances(world)) == (0, {})
    page = first.get(address).content.decode()
    assert "This journal was undone before" in page and "<textarea" not in page
    assert first.post(address, {"reason": "Once more"}).status_code == 409


def test_a_correction_that_no_longer_fits_says_so(world: World) -> None:
    seller = world.seller("acme")
    (first, _), (second, _) = person(world), person(world)
    deliver(world, order(world, (world.offer(seller), 1)))
    asked = ask(first)
    asked.payload["postings"][0]["source"]["kind"] = "shopper_funds"
    asked.save(update_fields=["payload"])
    page = second.get(reverse("desk:approval", args=[asked.id])).content.decode()
    assert "As the books are now it cannot be carried out" in page
    assert send(second, asked, "approve").status_code == 409
    assert not Journal.objects.filter(kind="correction").exists()


@pytest.mark.parametrize(
    "typed",
    [
        {"amount_0": "0"}, {"amount_0": "7.505"}, {"amount_0": "seven"}, {"seller": ""}, {"seller": "nobody"},
        {"source_0": "exchange"}, {"source_0": "slush_fund"}, {"source_0": "seller_payable"},
        {"amount_1": "3.00"}, {"reason": ""}, {"source_label_0": "x"}, {"source_0": "tax_payable"},
    ],
)  # fmt: skip
def test_what_is_typed_wrong_is_said(world: World, typed: dict[str, str]) -> None:
    world.seller("acme")
    client, _ = person(world)
    answer = client.post(reverse("desk:corrections"), TYPED | typed)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert 'aria-invalid="true"' in page or 'role="alert"' in page
    assert not Approval.objects.exists()


def test_who_does_not_keep_the_books_has_no_part_in_it(world: World) -> None:
    world.seller("acme")
    asked = ask(person(world)[0])
    clerk, _ = person(world, "operator.merchandiser")
    for name, arguments in (("approvals", []), ("approval", [asked.id]), ("corrections", [])):
        assert clerk.get(reverse(f"desk:{name}", args=arguments)).status_code == 403
    assert send(clerk, asked, "approve").status_code == 403


def test_the_api_asks_and_decides(world: World) -> None:
    seller = world.seller("acme")
    first, second = caller(world, "operator.finance"), caller(world)
    body = {
        "reason": "The label was charged twice",
        "postings": [{
            "source": {"kind": "cost_carriage"}, "destination": {"kind": "seller_payable", "owner_id": seller.pk},
            "amount_minor": 750, "currency": "EUR",
        }],
    }  # fmt: skip
    asked = first.post("/approvals/corrections", body, status=201)
    assert asked["status"] == "pending"
    wrong = body | {"postings": [body["postings"][0] | {"source": {"kind": "slush_fund"}}]}
    refusal = first.post("/approvals/corrections", wrong, status=422)
    assert (refusal["code"], refusal["field"]) == ("ledger.unknown_kind", "postings[0].source.kind")
    [waiting] = second.get("/approvals")["items"]
    assert waiting == second.get(f"/approvals/{asked['id']}") == asked
    path = f"/approvals/{asked['id']}/decision"
    assert first.post(path, {"approve": True}, status=403)["code"] == "approvals.same_person"
    assert second.post(path, {"approve": True})["status"] == "approved"
    assert second.post(path, {"approve": True}, status=409)["code"] == "approvals.decided"
    assert payable(world, seller) == 750
    caller(world, "operator.merchandiser").get("/approvals", status=403)
