"""Checkout: ordered once, whatever is clicked; what changed meanwhile is shown and asked again."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from entrepot.domain.accounts.models import Contact
from entrepot.domain.orders import carts
from entrepot.domain.orders.models import Cart, Order
from entrepot.domain.payments.models import Payment
from entrepot.flows import checkout
from shopping import own_connection, voucher
from surfaces.shop.conftest import ADDRESS, Shopper


def test_a_guest_orders_and_sees_the_order(world, guest):
    order = guest.order((world.offer(world.seller(), title="Blue mug"), 2))
    assert order.state == "placed"
    assert order.user is None
    page = guest.get(f"/orders/{order.number}")
    assert "Blue mug" in page.text
    assert "Ada Byron" in page.text
    assert f"/orders/access/{order.access_token}" in page.source
    assert "Unexplained" not in page.text
    assert "Your cart is empty" in guest.get("/cart").text


def test_somebody_signed_in_orders_under_their_own_address(world, known):
    order = known.order((world.offer(world.seller()), 1))
    assert order.user is not None
    assert order.ship_to.email == "ada@example.org"
    known.put(world.offer(world.seller()))
    page = known.get("/checkout")
    assert 'value="Ada Byron"' in page.source
    assert 'name="email"' not in page.source
    assert "access/" not in known.get(f"/orders/{order.number}").source


def test_the_total_on_the_button_is_what_is_charged(world, guest):
    order = guest.order((world.offer(world.seller(programme="fully-managed")), 1), (world.offer(world.seller()), 3))
    assert Payment.objects.get().amount_minor == order.total_minor


def test_sent_twice_it_is_one_order(world, guest):
    guest.put(world.offer(world.seller()))
    form = guest.filled(guest.get("/checkout"))
    first = guest.post("/checkout/order", follow=False, **form).response
    again = guest.post("/checkout/order", follow=False, **form).response
    assert first.url == again.url == f"/orders/{Order.objects.get().number}"


def test_sent_twice_at_once_it_is_one_order(world, guest):
    guest.put(world.offer(world.seller()))
    form = guest.filled(guest.get("/checkout"))

    def send(_: int) -> str:
        twin = Shopper(world)
        twin.client.cookies = guest.client.cookies
        with own_connection():
            return twin.post("/checkout/order", follow=False, **form).response.url

    with ThreadPoolExecutor(4) as threads:
        ways = set(threads.map(send, range(4)))
    assert ways == {f"/orders/{Order.objects.get().number}"}


@pytest.mark.parametrize("look", ["find_cart", "list_lines"])
def test_ordered_between_two_looks_it_is_found(world, guest, monkeypatch, look):
    guest.put(world.offer(world.seller()))
    form = guest.filled(guest.get("/checkout"))
    twin = Shopper(world)
    twin.client.cookies = guest.client.cookies
    read = getattr(carts, look)

    def late(**which):
        monkeypatch.undo()
        assert twin.post("/checkout/order", follow=False, **form).response.url.startswith("/orders/")
        return read(**which)

    monkeypatch.setattr(carts, look, late)
    way = guest.post("/checkout/order", follow=False, **form).response.url
    assert way == f"/orders/{Order.objects.get().number}"


def test_two_windows_are_one_checkout(world, guest):
    guest.put(world.offer(world.seller()))
    first, second = guest.filled(guest.get("/checkout")), guest.filled(guest.get("/checkout"))
    assert first["checkout_key"] == second["checkout_key"]


@pytest.mark.parametrize("missing", ["email", "name", "line1", "city", "postcode", "provider"])
def test_what_is_missing_is_named_and_the_rest_is_kept(world, guest, missing):
    guest.put(world.offer(world.seller()))
    page = guest.checkout(**{missing: ""})
    assert page.status == 422
    assert 'role="alert"' in page.source
    assert f"id_{missing}" in page.source
    kept = "line1" if missing != "line1" else "city"
    assert f'value="{ADDRESS[kept]}"' in page.source
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "not an address"),
        ("email", "a@" + "b" * 300 + ".example"),
        ("name", "x" * 151),
        ("postcode", "1" * 21),
        ("name", "Ada\0Byron"),
        ("provider", "recorded"),
        ("provider", "gold"),
        ("instrument", "wand"),
        ("expected_total_minor", "x"),
        ("expected_total_minor", "-1"),
        ("expected_total_minor", "9" * 30),
        ("checkout_key", "\0"),
        ("voucher_code", "a\0b"),
    ],
)
def test_what_cannot_be_is_refused(world, guest, field, value):
    guest.put(world.offer(world.seller()))
    page = guest.checkout(**{field: value})
    assert page.status == 422
    assert not Order.objects.exists()


def test_a_market_with_states_asks_for_the_state(world):
    shopper = Shopper(world, market="US")
    shopper.put(world.offer(world.seller(market="US")))
    assert shopper.checkout().status == 422
    assert shopper.checkout(region="NJ").status == 200
    assert Contact.objects.filter(region="NJ", country="US").count() == 1


def test_a_total_that_changed_is_shown_and_asked_again(world, guest):
    offer = world.offer(world.seller(), price="20.00")
    guest.put(offer)
    form = guest.filled(guest.get("/checkout"))
    world.pass_time(minutes=1)
    world.price(offer, "25.00")
    page = guest.post("/checkout/order", **form)
    assert page.status == 409
    assert "The total has changed meanwhile and is €28.99 now" in page.text
    assert 'value="Ada Byron"' in page.source
    assert not Order.objects.exists()
    assert guest.post("/checkout/order", **guest.filled(page)).status == 200
    assert Order.objects.get().total_minor == 2899


def test_a_cart_that_changed_is_shown_and_asked_again(world, guest):
    offer = world.offer(world.seller())
    guest.put(offer)
    form = guest.filled(guest.get("/checkout"))
    guest.put(offer)
    page = guest.post("/checkout/order", **form)
    assert page.status == 409
    assert "Your cart has changed meanwhile" in page.text
    assert not Order.objects.exists()


def test_what_was_sold_meanwhile_leads_back_to_the_cart(world, guest):
    offer = world.offer(world.seller(), stock=1)
    guest.put(offer)
    form = guest.filled(guest.get("/checkout"))
    Shopper(world).order((offer, 1))
    page = guest.post("/checkout/order", **form)
    assert "are left" in page.text
    assert Order.objects.count() == 1


def test_a_declined_card_leaves_the_cart_and_another_try_counts(world, guest):
    guest.put(world.offer(world.seller()))
    page = guest.checkout(instrument="decline")
    assert page.status == 409
    assert "The card was declined. Nothing was charged." in page.text
    assert guest.post("/checkout/order", **guest.filled(page)).status == 200
    assert sorted(Order.objects.values_list("state", flat=True)) == ["declined", "placed"]
    assert [order["state"] for order in Order.objects.values("state")].count("placed") == 1


def test_a_transfer_waits_and_says_what_to_do(world, guest):
    guest.put(world.offer(world.seller()))
    page = guest.checkout(provider="manual")
    order = Order.objects.get()
    assert order.state == "pending"
    assert "Please transfer the money" in page.text
    assert f"Reference {order.number}" in page.text
    assert "Your cart is empty" in guest.get("/cart").text
    assert guest.get(f"/orders/{order.number}/payment").response.headers.get("HX-Refresh") is None
    checkout.confirm_payment(
        payment_id=Payment.objects.get().id, actor=world.operator_actor(), reason="seen at the bank", now=world.now
    )
    assert guest.get(f"/orders/{order.number}/payment").response.headers["HX-Refresh"] == "true"
    assert "Please transfer" not in guest.get(f"/orders/{order.number}").text


def test_a_payment_that_fails_later_says_so(world, guest):
    guest.put(world.offer(world.seller()))
    guest.checkout(instrument="slow_decline")
    world.pass_time(minutes=5)
    checkout.sweep_payments(now=world.now)
    assert "The card was declined. Nothing was charged." in guest.get(f"/orders/{Order.objects.get().number}").text


def test_a_voucher_that_counts_for_the_address_comes_in_at_checkout(world, guest):
    voucher(world, "ONCE", limit_per_shopper=1)
    offer = world.offer(world.seller(), price="20.00")
    guest.put(offer)
    assert "needs your e-mail address" in guest.post("/cart/voucher", voucher_code="once").text
    page = guest.checkout()
    assert page.status == 409
    assert "The total has changed" in page.text
    assert guest.post("/checkout/order", **guest.filled(page)).status == 200
    guest.put(offer)
    guest.post("/cart/voucher", voucher_code="once")
    page = guest.checkout()
    assert "as often as it allows" in page.text
    assert guest.post("/checkout/order", **guest.filled(page)).status == 200
    assert sorted(order.total_minor for order in Order.objects.all()) == [2199, 2399]


def test_nobody_orders_from_anothers_cart(world, guest):
    guest.put(world.offer(world.seller()))
    form = guest.filled(guest.get("/checkout"))
    thief = Shopper(world)
    assert thief.post("/checkout/order", follow=False, **form).response.url == "/cart"
    thief.put(world.offer(world.seller()))
    assert thief.post("/checkout/order", **form).status == 409
    assert not Order.objects.exists()
    guest.post("/checkout/order", **form)
    assert thief.post("/checkout/order", **form).status == 409
    assert Cart.objects.filter(state="ordered").count() == 1


def test_an_empty_cart_has_no_checkout(guest):
    for answer in (guest.get("/checkout"), guest.post("/checkout/order", follow=False), guest.get("/checkout/order")):
        assert answer.status == 302
