"""Orders as their shoppers see them: to nobody else they exist, and what may still be changed can be."""

import re

import pytest

import shopping
from entrepot.domain.accounts.models import Contact
from entrepot.domain.orders.models import Order, OrderLine
from entrepot.domain.payments.models import Payment
from entrepot.flows import missing
from entrepot.kernel.actors import SYSTEM
from shipping import hand_over, lines_of, pack, scan, work_of
from surfaces.shop.conftest import ADDRESS, Shopper

ROUTES = (
    ("get", ""),
    ("get", "/payment"),
    ("post", "/cancellation"),
    ("get", "/address"),
    ("post", "/address"),
    ("get", "/returns"),
    ("post", "/returns"),
)


def cancelling(order: Order, **units: object) -> dict[str, object]:
    return {f"line_{line.id.hex}": units[line.title] for line in lines_of(order)}


@pytest.mark.parametrize("owner", ["guest", "known"])
@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_to_a_stranger_the_order_does_not_exist(world, request, owner, method, path):
    order = request.getfixturevalue(owner).order((world.offer(world.seller()), 1))
    for stranger in (Shopper(world), Shopper(world, user=world.user())):
        assert getattr(stranger, method)(f"/orders/{order.number}{path}").status == 404
    assert OrderLine.objects.get().cancelled_qty == 0


def test_the_guests_link_opens_the_order_on_another_device(world, guest):
    order = guest.order((world.offer(world.seller()), 1))
    other = Shopper(world)
    assert other.get("/orders/access/" + "x" * 43).status == 404
    assert other.get(f"/orders/access/{order.access_token}").response.url == f"/orders/{order.number}"
    assert other.get(f"/orders/{order.number}").status == 200
    assert order.number in other.get("/orders").text


def test_the_link_of_a_persons_order_asks_them_to_sign_in(world, known):
    order = known.order((world.offer(world.seller()), 1))
    stranger = Shopper(world)
    answer = stranger.get(f"/orders/access/{order.access_token}").response
    assert answer.url == f"/accounts/login/?next=/orders/{order.number}"
    assert stranger.get(f"/orders/{order.number}").status == 404


def test_the_list_holds_ones_own_orders_only(world, guest, known):
    theirs, mine = guest.order((world.offer(world.seller()), 1)), known.order((world.offer(world.seller()), 1))
    page = known.get("/orders")
    assert mine.number in page.text
    assert theirs.number not in page.text
    assert "No orders are known here" in Shopper(world).get("/orders").text
    assert "You have not ordered anything yet" in Shopper(world, user=world.user()).get("/orders").text


def test_the_list_goes_on_by_pages(world, known):
    offer = world.offer(world.seller(), stock=40)
    wanted = [shopping.request(world.next("key"), (offer, 1), user_id=known.user.id) for _ in range(22)]
    numbers = {placed.number for placed in shopping.place(world, *wanted)}
    first = known.get("/orders")
    [later] = first.links(r"\?cursor=[^\"]+")
    second = known.get(f"/orders{later}")
    assert {link.rsplit("/")[-1] for page in (first, second) for link in page.links('/orders/E-[^"]+')} == numbers


def test_units_that_have_not_left_are_cancelled(world, guest):
    order = guest.order((world.offer(world.seller(), title="Mug"), 3), (world.offer(world.seller(), title="Jug"), 1))
    page = guest.post(f"/orders/{order.number}/cancellation", **cancelling(order, Mug=2, Jug=0))
    assert "It is cancelled, and you do not pay for it." in page.text
    assert "2 of 3 cancelled" in page.text
    assert {line.title: line.cancelled_qty for line in lines_of(order)} == {"Mug": 2, "Jug": 0}
    assert Payment.objects.get().voided_minor > 0
    guest.post(f"/orders/{order.number}/cancellation", **cancelling(order, Mug=1, Jug=1))
    page = guest.get(f"/orders/{order.number}")
    assert "Cancelled" in page.text
    assert "Cancel something" not in page.text


def test_what_leaves_from_elsewhere_is_not_told_as_cancelled(world, known):
    offer = world.offer(world.seller(), stock=3, title="Mug")
    order = known.order((offer, 3))
    other = world.node("other", operator=world.partner(), kind="third_party_overseas", country="DE")
    world.stock(offer.enrolment.seller, offer.sku, 3, node=other)
    [line], [work] = lines_of(order), work_of(order)
    missing.say_missing(work_item_id=work.id, units={line.id: 2}, actor=SYSTEM, reason="gone", now=world.now)
    page = known.get(f"/orders/{order.number}")
    assert "2 of 3 sent otherwise, see below" in page.text and "Comes from another warehouse" in page.text
    assert "in part cancelled" not in page.text and "Cancelled" not in page.text
    listed = known.get("/orders")
    assert "cancelled" not in listed.text and "Mug, Mug" not in listed.text


@pytest.mark.parametrize("units", ["4", "-1", "x", "0", ""])
def test_what_cannot_be_cancelled_is_refused_beside_its_line(world, guest, units):
    order = guest.order((world.offer(world.seller(), title="Mug"), 3))
    page = guest.post(f"/orders/{order.number}/cancellation", **cancelling(order, Mug=units))
    assert page.status == 422
    assert "data-open" in page.source
    assert OrderLine.objects.get().cancelled_qty == 0


def test_cancelled_twice_it_is_cancelled_once(world, guest):
    order = guest.order((world.offer(world.seller(), title="Mug"), 3))
    guest.post(f"/orders/{order.number}/cancellation", **cancelling(order, Mug=2))
    assert guest.post(f"/orders/{order.number}/cancellation", **cancelling(order, Mug=2)).status == 422
    assert OrderLine.objects.get().cancelled_qty == 2


def test_a_cancellation_sent_twice_counts_once(world, guest):
    order = guest.order((world.offer(world.seller(), title="Mug"), 3))
    key = re.search(r'name="idempotency_key" value="([^"]+)"', guest.get(f"/orders/{order.number}").source)[1]
    for _ in range(3):
        page = guest.post(f"/orders/{order.number}/cancellation", **cancelling(order, Mug=1), idempotency_key=key)
        assert "It is cancelled" in page.text
    assert OrderLine.objects.get().cancelled_qty == 1


@pytest.mark.parametrize(
    "path", ["/orders/%00", "/orders/E%20X", "/orders/access/%00", "/orders/x/returns/%00", "/orders/x"]
)
def test_an_order_that_cannot_be_is_not_found(guest, path):
    assert guest.get(path).status == 404


def test_what_was_taken_at_order_comes_back(world, guest):
    seller = world.seller(programme="self-managed")
    order = guest.order((world.offer(seller, title="Mug"), 1))
    captured = Payment.objects.get().captured_minor
    page = guest.post(f"/orders/{order.number}/cancellation", **cancelling(order, Mug=1))
    assert ("the money goes back to you" in page.text) == bool(captured)


def test_the_address_changes_until_it_is_packed(world, guest):
    order = guest.order((world.offer(world.seller()), 2))
    page = guest.get(f"/orders/{order.number}/address")
    assert 'value="1 Garden Row"' in page.source
    page = guest.post(f"/orders/{order.number}/address", **ADDRESS | {"line1": "2 Mill Lane"})
    assert "It goes to the new address." in page.text
    assert "2 Mill Lane" in page.text
    moved = Contact.objects.get(id=Order.objects.get().ship_to_id)
    assert (moved.line1, moved.email, moved.country) == ("2 Mill Lane", "ada@example.org", "DE")
    pack(world, (lines_of(order)[0], 1))
    assert "Change the address" not in guest.get(f"/orders/{order.number}").text


def test_an_address_that_is_none_is_refused_and_kept(world, guest):
    order = guest.order((world.offer(world.seller()), 1))
    page = guest.post(f"/orders/{order.number}/address", **ADDRESS | {"city": "", "line1": "2 Mill Lane"})
    assert page.status == 422
    assert 'value="2 Mill Lane"' in page.source
    assert Order.objects.get().ship_to_id == order.ship_to_id


def test_parcels_are_followed_to_the_door(world, guest):
    order = guest.order((world.offer(world.seller(), title="Mug"), 2))
    [line] = lines_of(order)
    assert "In preparation (now)" in guest.get(f"/orders/{order.number}").text
    parcel = pack(world, (line, 1))
    page = guest.get(f"/orders/{order.number}")
    assert parcel.number in page.text
    assert "(1 of 2" not in page.text
    world.pass_time(hours=1)
    hand_over(world, parcel)
    page = guest.get(f"/orders/{order.number}")
    parcel.refresh_from_db()
    assert parcel.tracking_number in page.text
    assert "On its way in part" in page.text
    assert "1 of 2" in page.text
    assert "Taken so far" in page.text
    world.pass_time(hours=1)
    scan(world, "in_transit", parcel)
    scan(world, "delivered", parcel)
    page = guest.get(f"/orders/{order.number}")
    assert "Delivered in part" in page.text
    assert "Handed to the carrier" in page.text


def test_who_worked_on_it_is_not_told(world, guest):
    seller = world.seller()
    order = guest.order((world.offer(seller), 1))
    actor = world.seller_actor(seller)
    pack(world, (lines_of(order)[0], 1), actor=actor)
    assert actor.label not in guest.get(f"/orders/{order.number}").source


def test_the_page_of_an_erased_address_holds(world, guest):
    order = guest.order((world.offer(world.seller()), 1))
    Contact.objects.filter(id=order.ship_to_id).update(name="", line1="", city="", postcode="", erased_at=world.now)
    assert guest.get(f"/orders/{order.number}").status == 200
