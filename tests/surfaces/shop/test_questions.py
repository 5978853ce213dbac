"""How much pages ask of the database: no more with more rows, and never more than twenty-five questions."""

import pytest

from shipping import hand_over, lines_of, pack, scan
from surfaces.shop.conftest import Shopper

MOST = 25


def fill(world, count):
    """So many products of as many sellers, two offers each."""
    offers = []
    for number in range(count):
        seller = world.seller(programme=("fully-managed", "self-managed", "semi-managed-local-stock")[number % 3])
        offers.append(world.offer(seller, title=f"Mug {number}", stock=20))
        world.offer(world.seller(), sku=offers[-1].sku, stock=20)
    return offers


@pytest.mark.parametrize("path", ["/", "/categories/mugs", "/search?q=mug", "/search?q=mugg"])
def test_shelves(world, known, path):
    fill(world, 2)
    few = known.count(path)
    fill(world, 5)
    assert known.count(path) == few <= MOST


def test_a_product(world, known):
    [offer] = fill(world, 1)
    path = f"/products/{offer.sku.product_id}"
    few = known.count(path)
    for _ in range(4):
        world.offer(world.seller(), sku=offer.sku)
    assert known.count(path) == few <= MOST


@pytest.mark.parametrize("path", ["/cart", "/checkout"])
def test_cart_and_checkout(world, known, path):
    for offer in fill(world, 1):
        known.put(offer)
    few = known.count(path)
    for offer in fill(world, 5):
        known.put(offer)
    assert known.count(path) == few <= MOST


def test_a_cart_with_something_sold_out(world, known):
    for offer in fill(world, 2):
        known.put(offer, 30)
    few = known.count("/cart")
    for offer in fill(world, 4):
        known.put(offer, 30)
    assert known.count("/cart") == few <= MOST


def test_orders_and_returns(world, known):
    def ordered(count):
        offers = fill(world, count)
        order = known.order(*((offer, 2) for offer in offers))
        for line in lines_of(order):
            for _ in range(2):
                parcel = pack(world, (line, 1))
                hand_over(world, parcel)
                scan(world, "in_transit", parcel)
                scan(world, "delivered", parcel)
        fields = {f"line_{line.id.hex}": 1 for line in lines_of(order)} | {"reason": "defective", "note": ""}
        assert known.post(f"/orders/{order.number}/returns", **fields).status == 200
        return order

    small, large = ordered(1), ordered(4)
    few = known.count(f"/orders/{small.number}")
    assert known.count(f"/orders/{large.number}") == few <= MOST
    asked = known.count(f"/orders/{small.number}/returns")
    assert known.count(f"/orders/{large.number}/returns") == asked <= MOST
    assert known.count("/orders") <= MOST


def test_a_list_of_orders(world, known):
    [offer] = fill(world, 1)
    known.order((offer, 1))
    few = known.count("/orders")
    for _ in range(4):
        known.order((offer, 1))
    assert known.count("/orders") == few <= MOST


def test_a_guest_asks_less_than_somebody_known(world, guest):
    fill(world, 2)
    assert guest.count("/") < Shopper(world, user=world.user()).count("/")
