"""An order is one thing to its shopper, its own part to a seller, and nothing to anybody else."""

import pytest

from entrepot.domain.orders import queries
from entrepot.domain.orders.models import OrderLine, Suborder
from entrepot.domain.orders.queries import EVERYBODYS, Scope
from entrepot.flows import checkout
from entrepot.kernel.actors import SYSTEM
from shopping import order, place, refused, request, voucher


@pytest.fixture
def mixed(world):
    """A guest's order from two sellers, with a voucher, of which a unit was cancelled."""
    first, second = world.seller(), world.seller()
    voucher(world, "TENTH")
    placed = order(world, (world.offer(first), 2), (world.offer(second), 1), voucher_code="tenth")
    line = OrderLine.objects.get(seller=first)
    world.pass_time(minutes=1)
    checkout.cancel_lines(rows=[(line.id, 1)], actor=SYSTEM, reason="", now=world.now)
    return placed, first, second


def test_a_guest_sees_the_whole_order_by_its_token(mixed):
    placed, _, _ = mixed
    seen = queries.get_order(order_id=placed.order_id, scope=Scope(tokens=[placed.access_token]))
    assert (seen.number, seen.state, seen.total_minor) == (placed.number, "part_cancelled", placed.total_minor)
    assert len(seen.suborders) == 2
    assert [line.position for line in seen.lines] == [1, 2]
    assert [each.funder for line in seen.lines for each in line.adjustments] == ["platform", "platform"]
    assert seen.payment.voided_minor == seen.cancelled_minor > 0
    assert [event.kind for event in seen.events] == ["placed", "cancelled"]
    assert queries.find_order_id(number=placed.number.lower(), scope=EVERYBODYS) == placed.order_id


def test_a_seller_sees_its_own_part(mixed):
    placed, first, second = mixed
    seen = queries.get_order(order_id=placed.order_id, scope=Scope(seller_id=second.pk))
    assert [suborder.seller_id for suborder in seen.suborders] == [second.pk]
    assert (seen.payment, seen.access_token, seen.state) == (None, "", "placed")
    assert seen.total_minor < placed.total_minor
    assert [event.kind for event in seen.events] == ["placed"]
    suborder = Suborder.objects.get(seller=first)
    assert queries.get_suborder(suborder_id=suborder.id, seller_id=first.pk).number == suborder.number
    with refused("kernel.not_found"):
        queries.get_suborder(suborder_id=suborder.id, seller_id=second.pk)
    assert [row.number for row in queries.list_suborders(seller_id=first.pk)] == [suborder.number]
    assert len(queries.list_suborders(seller_id=None, state="open")) == 2


def test_nobody_else_sees_it(world, mixed):
    placed, _, _ = mixed
    for scope in (
        Scope(),
        Scope(tokens=["x" * 43]),
        Scope(user_id=world.user().id),
        Scope(seller_id=world.seller().pk),
    ):
        with refused("kernel.not_found"):
            queries.get_order(order_id=placed.order_id, scope=scope)
        assert queries.list_orders(scope=scope) == []
        assert queries.find_order_id(number=placed.number, scope=scope) is None


def test_a_token_opens_no_order_of_a_user(world):
    user = world.user()
    placed = order(world, (world.offer(world.seller()), 1), user_id=user.id)
    with refused("kernel.not_found"):
        queries.get_order(order_id=placed.order_id, scope=Scope(tokens=[placed.access_token]))
    assert queries.get_order(order_id=placed.order_id, scope=Scope(user_id=user.id)).number == placed.number


def test_lists_are_newest_first_and_go_on_where_they_ended(world):
    user = world.user()
    offer = world.offer(world.seller(), stock=50)
    numbers = []
    for _ in range(5):
        world.pass_time(minutes=1)
        numbers.append(order(world, (offer, 1), user_id=user.id).number)
    world.pass_time(minutes=1)
    place(world, request("declined", (offer, 1), user_id=user.id, instrument="decline"))
    scope = Scope(user_id=user.id)
    first = queries.list_orders(scope=scope, state="placed", limit=2)
    second = queries.list_orders(scope=scope, state="placed", before=first[-1].id)
    assert [row.number for row in (*first, *second)] == numbers[::-1]
    assert queries.list_orders(scope=scope)[0].state == "declined"
    seller_id = offer.seller_id
    assert [queries.count_suborders(seller_id=seller_id, up_to=most) for most in (3, 5, 6)] == [3, 5, 5]
    assert queries.count_suborders(seller_id=world.seller().pk, up_to=6) == 0
    assert len(queries.list_orders(scope=EVERYBODYS, market_code="DE")) == 6
    assert queries.list_orders(scope=EVERYBODYS, market_code="US") == []
