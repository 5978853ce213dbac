"""A shopper's account: the address book, what is known, and being forgotten."""

import json

import pytest

from entrepot.domain.accounts.models import Contact, User
from entrepot.domain.orders.models import Order
from entrepot.flows import conversing
from entrepot.kernel.models import AuditEntry
from shipping import deliver, lines_of
from surfaces.shop.conftest import ADDRESS, Shopper

NEW = ADDRESS | {"name": "Ada Byron", "line1": "9 Mill Lane"}


def test_guests_are_asked_to_sign_in(guest):
    for path in ("/account", "/account/data", "/account/addresses"):
        assert guest.client.get(path).status_code == 302


def test_an_address_is_kept_changed_and_taken_out(world, known):
    assert "9 Mill Lane" in known.post("/account/addresses", **NEW).text
    known.post("/account/addresses", **NEW)
    [kept] = Contact.objects.filter(kept_at__isnull=False)
    page = known.post(f"/account/addresses/{kept.id}", **NEW | {"line1": "10 Mill Lane"})
    assert "10 Mill Lane" in page.text and "9 Mill Lane" not in page.text
    [kept] = Contact.objects.filter(kept_at__isnull=False)
    other = Shopper(world, user=world.user())
    assert other.get(f"/account/addresses/{kept.id}").status == 404
    other.post(f"/account/addresses/{kept.id}/dropping")
    assert Contact.objects.filter(kept_at__isnull=False).count() == 1
    for _ in range(2):
        page = known.post(f"/account/addresses/{kept.id}/dropping")
    assert "10 Mill Lane" not in page.text


@pytest.mark.parametrize(
    ("market", "postcode", "region", "fits"),
    [
        ("DE", "10115", "", True),
        ("DE", "1011", "", False),
        ("DE", "SW1A 1AA", "", False),
        ("US", "62701-1234", "IL", True),
        ("US", "62701", "Illinois", False),
        ("US", "62701", "", False),
        ("BR", "86010000", "PR", True),
        ("BR", "8601", "PR", False),
    ],
)
def test_an_address_has_the_form_of_its_country(world, market, postcode, region, fits):
    world.market(market)
    shopper = Shopper(world, user=world.user(), market=market)
    page = shopper.post("/account/addresses", **NEW | {"postcode": postcode, "region": region})
    assert page.status == (200 if fits else 422)
    assert Contact.objects.filter(kept_at__isnull=False).count() == fits


def test_checkout_offers_and_keeps_addresses(world, known):
    known.post("/account/addresses", **NEW)
    offer = world.offer(world.seller())
    known.put(offer)
    page = known.get("/checkout")
    assert "From your address book" in page.text and 'value="9 Mill Lane"' in page.source
    order = known.order((offer, 1), line1="3 Quay", keep_address="on")
    assert order.ship_to.line1 == "3 Quay" and order.ship_to.kept_at is None
    assert {each.line1 for each in Contact.objects.filter(kept_at__isnull=False)} == {"9 Mill Lane", "3 Quay"}
    known.put(offer)
    kept = Contact.objects.get(line1="9 Mill Lane")
    assert 'value="9 Mill Lane"' in known.get("/checkout", address=kept.id.hex).source


def test_everything_known_is_handed_out(world, known):
    order = known.order((world.offer(world.seller(), title="Mug"), 2))
    actor = conversing.Actor(label="x", user_id=order.user_id)
    conversing.open_thread(
        order_id=order.id, line_id=lines_of(order)[0].id, subject="other", text="Blue?", actor=actor, now=world.now
    )
    answer = known.client.get("/account/data")
    data = json.loads(answer.content)
    assert "attachment" in answer["Content-Disposition"]
    assert data["account"]["email"] == "ada@example.org"
    assert data["orders"][0]["lines"] == [{"title": "Mug", "quantity": 2, "total_minor": order.total_minor}]
    assert [each["text"] for each in data["conversations"]] == ["Blue?"]
    assert data["addresses"][0]["line1"] == "1 Garden Row"


def test_being_forgotten(world, known):
    order = known.order((world.offer(world.seller()), 1))
    page = known.post("/account/erasure", email="somebody@example.org")
    assert page.status == 422 and "not the address that you are signed in with" in page.text
    page = known.post("/account/erasure", email="ada@example.org")
    assert page.status == 409 and "still on its way" in page.text
    deliver(world, order)
    page = known.post("/account/erasure", email="Ada@example.org")
    assert page.status == 200 and "your personal data are erased" in page.text
    order.refresh_from_db()
    assert (order.ship_to.name, order.ship_to.line1, order.ship_to.email, order.ship_to.country) == ("", "", "", "DE")
    assert order.ship_to.erased_at and not Contact.objects.filter(name="Ada Byron").exists()
    user = User.objects.get(id=order.user_id)
    assert not user.is_active and user.email.endswith("@erased.invalid")
    assert AuditEntry.objects.filter(verb="accounts.forget", subject_id=user.id).exists()
    assert Order.objects.get().total_minor == order.total_minor
    assert known.client.get("/account").status_code == 302


def test_who_works_here_is_not_forgotten_by_a_click(world):
    actor = world.seller_actor(world.seller())
    shopper = Shopper(world, user=User.objects.get(id=actor.user_id))
    page = shopper.post("/account/erasure", email=actor.label)
    assert page.status == 409 and "leave its team first" in page.text


def test_the_account_page_asks_the_same_with_more_addresses(world, known):
    known.post("/account/addresses", **NEW)
    few = known.count("/account")
    for number in range(5):
        known.post("/account/addresses", **NEW | {"line1": f"{number} Quay"})
    assert known.count("/account") == few <= 25
