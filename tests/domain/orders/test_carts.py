"""A cart is one market's, its holder's, and changes under lock; a guest's becomes the person's own."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from entrepot.domain.orders import carts
from entrepot.domain.orders.carts import Holder
from entrepot.domain.orders.models import Cart, CartLine
from entrepot.flows import checkout
from shopping import order, own_connection, place, refused, request, voucher
from worlds import World


@pytest.fixture
def world(database) -> World:
    return World()


def guest_cart(world, *lines, market="DE"):
    cart = carts.open_cart(holder=Holder(), market_id=world.market(market).id, now=world.now)
    for offer, units in lines:
        carts.add_units(cart=cart, offer_id=offer.id, quantity=units, now=world.now)
    return cart


def units(cart) -> dict:
    return dict(CartLine.objects.filter(cart=cart).values_list("offer_id", "quantity"))


def test_a_guest_finds_the_cart_by_its_token_only(world):
    cart = guest_cart(world, (world.offer(world.seller()), 2))
    market_id = world.market("DE").id
    assert carts.find_cart(holder=Holder(tokens=[cart.token]), market_id=market_id) == cart
    for holder in (Holder(), Holder(tokens=["x"]), Holder(user_id=world.user().id)):
        assert carts.find_cart(holder=holder, market_id=market_id) is None
        assert carts.count_units(holder=holder, market_id=market_id) == 0
    assert carts.count_units(holder=Holder(tokens=[cart.token]), market_id=market_id) == 2


def test_units_add_up_are_set_and_taken_out(world):
    offer = world.offer(world.seller())
    cart = guest_cart(world, (offer, 2), (offer, 3))
    assert units(cart) == {offer.id: 5}
    carts.set_units(cart=cart, offer_id=offer.id, quantity=1, now=world.now)
    assert units(cart) == {offer.id: 1}
    before = Cart.objects.get().version
    carts.set_units(cart=cart, offer_id=offer.id, quantity=0, now=world.now)
    assert units(cart) == {}
    assert Cart.objects.get().version == before + 1


@pytest.mark.parametrize("quantity", [-1, 1.5, True, "2", 10**12, None])
def test_what_is_no_quantity_is_refused(world, quantity):
    offer = world.offer(world.seller())
    cart = guest_cart(world)
    for act in (carts.add_units, carts.set_units):
        with refused("orders.bad_quantity"):
            act(cart=cart, offer_id=offer.id, quantity=quantity, now=world.now)


def test_only_live_offers_of_the_market_go_in(world):
    abroad = world.offer(world.seller(market="US"), market="US")
    paused = world.offer(world.seller())
    paused.status = "paused"
    paused.save()
    cart = guest_cart(world)
    for offer_id in (abroad.id, paused.id, cart.id):
        with refused("orders.unknown_offer"):
            carts.add_units(cart=cart, offer_id=offer_id, quantity=1, now=world.now)


def test_a_person_has_one_open_cart_a_market_however_often_it_is_asked_for(world):
    user, market = world.user(), world.market("DE")

    def ask(_: int) -> object:
        with own_connection():
            return carts.open_cart(holder=Holder(user_id=user.id), market_id=market.id, now=world.now).id

    with ThreadPoolExecutor(6) as threads:
        assert len(set(threads.map(ask, range(6)))) == 1


def test_a_guests_cart_becomes_the_persons_own(world):
    first, second = world.offer(world.seller()), world.offer(world.seller())
    user = world.user()
    own = carts.open_cart(holder=Holder(user_id=user.id), market_id=world.market("DE").id, now=world.now)
    carts.add_units(cart=own, offer_id=first.id, quantity=1, now=world.now)
    guest = guest_cart(world, (first, 2), (second, 3))
    carts.set_voucher(cart=guest, code=" tenth ", now=world.now)
    for _ in range(2):
        carts.adopt(tokens=[guest.token], user_id=user.id, now=world.now + timedelta(minutes=1))
    assert units(own) == {first.id: 3, second.id: 3}
    own.refresh_from_db()
    assert own.voucher_code == "TENTH"
    assert carts.find_cart(holder=Holder(tokens=[guest.token]), market_id=guest.market_id) is None


def test_a_cart_is_ordered_once_whatever_the_key(world):
    offer = world.offer(world.seller(), stock=9)
    cart = guest_cart(world, (offer, 1))
    placed = order(world, (offer, 1), key="a", cart_id=cart.id)
    [again] = place(world, request("b", (offer, 1), cart_id=cart.id))
    assert again.code == "orders.cart_ordered"
    assert place(world, request("a", (offer, 1), cart_id=cart.id)) == [placed]
    with refused("orders.cart_ordered"):
        carts.add_units(cart=cart, offer_id=offer.id, quantity=1, now=world.now)


def test_a_cart_whose_payment_was_declined_is_ordered_again(world):
    voucher(world, "ONE", limit_total=1)
    offer = world.offer(world.seller(), stock=9)
    cart = guest_cart(world, (offer, 1))
    place(world, request("a", (offer, 1), cart_id=cart.id, instrument="decline", voucher_code="one"))
    order(world, (offer, 1), key="b", cart_id=cart.id, voucher_code="one")
    assert Cart.objects.get().state == "ordered"


def test_two_keys_for_one_cart_at_once_are_one_order(world):
    offer = world.offer(world.seller(), stock=9)
    cart = guest_cart(world, (offer, 1))

    def ask(number: int) -> object:
        with own_connection():
            return place(world, request(f"k{number}", (offer, 1), cart_id=cart.id))[0]

    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(ask, range(6)))
    assert sum(isinstance(each, checkout.Placed) for each in answers) == 1
    assert {each.code for each in answers if not isinstance(each, checkout.Placed)} == {"orders.cart_ordered"}


def test_nobody_orders_the_cart_of_another(world):
    user, other = world.user(), world.user()
    offer = world.offer(world.seller())
    cart = carts.open_cart(holder=Holder(user_id=user.id), market_id=world.market("DE").id, now=world.now)
    [foreign] = place(world, request("a", (offer, 1), cart_id=cart.id, user_id=other.id))
    assert foreign.code == "orders.unknown_cart"
