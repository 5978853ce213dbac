"""The cart: whose it is, what it says of what is in it, and what it comes to."""

from decimal import Decimal

import pytest

from entrepot.domain.inventory.models import Stock
from entrepot.domain.orders.models import Cart, CartLine
from entrepot.flows.checkout import CartRequest, quote_carts
from entrepot.kernel.money import format_minor
from shopping import voucher
from surfaces.shop.conftest import Shopper


def page_of(offer) -> str:
    return f"/products/{offer.sku.product_id}"


def units(cart: Cart | None = None) -> dict:
    return dict(CartLine.objects.values_list("offer_id", "quantity"))


def test_an_empty_cart_is_calm_and_asks_for_no_session(guest):
    page = guest.get("/cart")
    assert "Your cart is empty" in page.text
    assert "sessionid" not in guest.client.cookies


def test_a_cart_belongs_to_the_browser_that_filled_it(world, guest):
    offer = world.offer(world.seller())
    guest.put(offer, 2)
    page = guest.put(offer, 1)
    assert "It is in your cart" in page.text
    assert units() == {offer.id: 3}
    assert "Your cart is empty" in Shopper(world).get("/cart").text
    assert "Your cart is empty" in Shopper(world, user=world.user()).get("/cart").text


def test_a_quantity_is_changed_and_taken_out(world, guest):
    offer = world.offer(world.seller())
    guest.put(offer, 2)
    guest.post("/cart/quantity", offer=offer.id, quantity=5)
    assert units() == {offer.id: 5}
    page = guest.post("/cart/quantity", offer=offer.id, quantity=0)
    assert units() == {}
    assert "Your cart is empty" in page.text


@pytest.mark.parametrize("quantity", ["", "x", "-1", "1.5", "10000", "1000000000000", "NaN"])
@pytest.mark.parametrize("path", ["/cart/lines", "/cart/quantity"])
def test_what_is_no_quantity_changes_nothing(world, guest, path, quantity):
    offer = world.offer(world.seller())
    guest.put(offer, 2)
    page = guest.post(path, offer=offer.id, quantity=quantity)
    assert "message-error" in page.source
    assert units() == {offer.id: 2}


def test_sent_twice_it_is_in_the_cart_once(world, guest):
    offer = world.offer(world.seller())
    form = {"offer": offer.id, "quantity": 2, "idempotency_key": guest.get(page_of(offer)).hidden("idempotency_key")}
    for _ in range(3):
        assert "It is in your cart" in guest.post("/cart/lines", **form).text
    assert units() == {offer.id: 2}
    guest.put(offer, 1)
    assert units() == {offer.id: 3}


def test_only_an_offer_of_the_market_gets_in(world, guest):
    elsewhere = world.offer(world.seller(market="US"))
    assert guest.put(elsewhere).status == 404
    assert "message-error" in guest.post("/cart/lines", offer="x", quantity=1).source
    assert guest.post("/cart/lines", offer="019cadc6-9a80-7086-8f03-2ec3208f15cd", quantity=1).status == 404
    assert units() == {}


def test_every_market_has_a_cart_of_its_own(world, guest):
    guest.put(world.offer(world.seller(), title="Blue mug"))
    american = world.offer(world.seller(market="US"), title="Red mug")
    guest.client.cookies["market"] = "US"
    assert "Red mug" in guest.put(american).text
    assert "Blue mug" not in guest.get("/cart").text
    guest.client.cookies["market"] = "DE"
    assert "Blue mug" in guest.get("/cart").text


def test_what_a_guest_put_together_is_there_after_signing_in(world, guest):
    user = world.user("ada@example.org")
    user.set_password("a long enough phrase")
    user.save()
    mug, jug = world.offer(world.seller(), title="Mug"), world.offer(world.seller(), title="Jug")
    Shopper(world, user=user).put(mug, 2)
    guest.put(mug, 1)
    guest.put(jug, 1)
    guest.post("/accounts/login/", login="ada@example.org", password="a long enough phrase")
    assert "_auth_user_id" in guest.client.session
    assert "Jug" in guest.get("/cart").text
    own = Cart.objects.get(user=user, state="open")
    assert dict(CartLine.objects.filter(cart=own).values_list("offer_id", "quantity")) == {mug.id: 3, jug.id: 1}
    guest.client.logout()
    assert "Your cart is empty" in guest.get("/cart").text


def test_a_mixed_cart_is_grouped_as_it_travels_and_comes_to_the_quote(world, guest):
    sellers = [world.seller("factory", programme="fully-managed"), world.seller("local-co")]
    offers = [world.offer(sellers[0], title="Blue mug"), world.offer(sellers[1], title="Red mug")]
    for offer in offers:
        guest.put(offer, 2)
    page = guest.get("/cart")
    [quote] = quote_carts(carts=[CartRequest(market_code="DE", lines=[(o.id, 2) for o in offers])], now=world.now)
    assert len(quote.parcels) == 2
    assert f"In all {format_minor(quote.total_minor, 'EUR')}" in page.text
    assert "Sent by Entrepôt from China" in page.text
    assert "Sent by local-co from Germany" in page.text
    assert "in 2 parcels" in page.text and "One payment for everything" in page.text
    assert "Customs duty, paid for you" in page.text
    assert "Unexplained" not in page.text
    assert page.source.count('class="explain-button"') == len(offers) + 4 + len(quote.parcels)


def test_tax_on_top_is_a_part_of_its_own(world):
    shopper = Shopper(world, market="US")
    page = shopper.put(world.offer(world.seller(market="US"), price="20.00"))
    assert "Sales tax" in page.text
    assert "is tax." not in page.text
    assert "Unexplained" not in page.text


def test_what_is_sold_out_is_said_beside_it_and_stands_in_the_way(world, guest):
    fine, short = world.offer(world.seller(), title="Blue mug"), world.offer(world.seller(), title="Red mug", stock=1)
    guest.put(fine)
    page = guest.put(short, 3)
    assert "Of “Red mug” 1 are left; 3 were asked for." in page.text
    assert "In all" not in page.text
    assert guest.get("/checkout").response.url == "/cart"
    Stock.objects.filter(sku=short.sku).update(on_hand=3)
    assert "In all" in guest.get("/cart").text


def test_a_voucher_is_taken_off_and_taken_away(world, guest):
    guest.put(world.offer(world.seller(), price="20.00"))
    voucher(world, "SPRING", platform_share=Decimal("0.5"))
    page = guest.post("/cart/voucher", voucher_code=" spring ")
    assert "Spring −€2.00" in page.text
    assert "Unexplained" not in page.text
    page = guest.post("/cart/voucher", voucher_code="")
    assert "−€2.00" not in page.text


def test_a_voucher_that_does_not_count_says_why(world, guest):
    guest.put(world.offer(world.seller()))
    assert "There is no voucher NONE." in guest.post("/cart/voucher", voucher_code="none").text
    voucher(world, "DEAR", minimum_minor=10_000)
    page = guest.post("/cart/voucher", voucher_code="dear")
    assert "asks for goods of" in page.text
    assert "In all" in page.text
    for typed in ("x" * 41, "a\0b"):
        assert "message-error" in guest.post("/cart/voucher", voucher_code=typed).source


@pytest.mark.parametrize("path", ["/cart/lines", "/cart/quantity", "/cart/voucher"])
def test_a_cart_is_changed_by_forms_only(guest, path):
    assert guest.get(path).status == 405


def test_forms_need_their_token(world, guest):
    guest.client.handler.enforce_csrf_checks = True
    assert guest.put(world.offer(world.seller())).status == 403
    assert units() == {}


def test_a_price_that_changed_since_is_told(world, guest):
    offer = world.offer(world.seller(), price="20.00")
    guest.put(offer)
    assert "One costs" not in guest.get("/cart").text
    world.pass_time(hours=1)
    world.price(offer, "25.00")
    page = guest.get("/cart")
    assert "One costs €25.00 now, more than the €20.00 when you put it in." in page.text
    assert "one costs €25.00 now, €20.00 when you put it in" in guest.get("/checkout").text
    guest.post("/cart/quantity", offer=offer.id, quantity=2)
    assert "One costs" not in guest.get("/cart").text


def test_one_promise_for_several_parcels(world, guest):
    guest.put(world.offer(world.seller(), stock=3))
    assert "in one parcel" in guest.get("/cart").text
    guest.put(world.offer(world.seller(programme="fully-managed"), stock=3))
    page = guest.get("/cart")
    assert "Everything arrives" in page.text and "in 2 parcels" in page.text
    assert "in 2 parcels" in guest.get("/checkout").text


def test_what_went_meanwhile_is_told_line_by_line(world, guest):
    few, gone, there = (
        world.offer(world.seller(), stock=5),
        world.offer(world.seller(), stock=2),
        world.offer(world.seller()),
    )
    for offer, quantity in ((few, 4), (gone, 2), (there, 1)):
        guest.put(offer, quantity)
    other = Shopper(world)
    other.order((few, 3), (gone, 2))
    page = guest.get("/cart")
    assert "Take the 2 that are left" in page.text
    guest.post("/cart/quantity", offer=few.id, quantity=2)
    page = guest.post("/cart/quantity", offer=gone.id, quantity=0)
    assert "Everything arrives" in page.text
