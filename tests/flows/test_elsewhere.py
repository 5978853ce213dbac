"""What is missing where it was to leave from leaves from elsewhere: in time, as late as is allowed, or not at all."""

from dataclasses import replace
from datetime import timedelta

import pytest

import shopping
import stocking
from entrepot.domain.inbound import ahead, settings
from entrepot.domain.inbound.ahead import NewShare
from entrepot.domain.inbound.rules import Settings
from entrepot.domain.inventory.models import Hold, Movement, Stock
from entrepot.domain.logistics.models import Node
from entrepot.domain.orders.models import Order, OrderEvent, OrderLine, Suborder
from entrepot.domain.orders.queries import Scope, get_order, list_orders
from entrepot.domain.orders.rules import BeyondQuantity
from entrepot.flows import missing
from entrepot.flows import receiving as arriving
from entrepot.kernel.actors import SYSTEM
from entrepot.kernel.errors import Denied, NotFound
from entrepot.kernel.models import OutboxEvent
from shipping import lines_of, order, pack, ship, work_of
from shopping import refused

WHY = "the bin is empty"


def other_node(world, code: str = "partner-de-2", country: str = "DE") -> Node:
    return world.node(code, operator=world.partner(), kind="third_party_overseas", country=country)


def say(world, ordered: Order, units: int, *, actor=SYSTEM) -> missing.Served:
    [line] = lines_of(ordered)
    [work] = work_of(ordered)
    return missing.say_missing(work_item_id=work.id, units={line.id: units}, actor=actor, reason=WHY, now=world.now)


def later(world, days: int) -> None:
    settings.set_settings(
        settings=replace(Settings(), later_days=days, source="house rule"),
        actor=world.operator_actor(),
        reason="patience",
        now=world.now,
    )


def sound(world) -> None:
    shopping.assert_sound(world, "I34")


def parts_of(ordered: Order) -> list[Suborder]:
    return list(Suborder.objects.filter(order=ordered).order_by("number"))


@pytest.fixture
def offer(world):
    return world.offer(world.seller(), stock=5)


@pytest.fixture
def home(offer):
    return Stock.objects.get(sku=offer.sku)


def test_what_else_stands_there_serves_first_and_the_stock_is_put_right(world, offer, home):
    placed = order(world, (offer, 3))
    assert say(world, placed, 2) == missing.Served(here=2, elsewhere=0, cancelled=0)
    home.refresh_from_db()
    assert (home.on_hand, home.reserved) == (3, 3)
    assert Movement.objects.get(stock=home, kind="adjusted").quantity == -2
    [line] = lines_of(placed)
    assert line.cancelled_qty == 0
    sound(world)
    ship(world, placed)
    sound(world)


def test_what_does_not_leaves_from_another_node_for_the_same_money(world, offer, home):
    placed = order(world, (offer, 5))
    paid = Order.objects.get(id=placed.id).total_minor
    world.stock(offer.enrolment.seller, offer.sku, 10, node=other_node(world))
    assert say(world, placed, 2) == missing.Served(here=0, elsewhere=2, cancelled=0)
    old, new = lines_of(placed)
    assert (old.cancelled_qty, new.quantity, new.replaces_id) == (2, 2, old.id)
    first, second = parts_of(placed)
    assert (second.node.code, second.instead_of_id) == ("partner-de-2", first.id)
    assert second.promised_until <= first.promised_until
    assert second.routing["missing_at"] == first.node.code
    left = old.total_minor * 3 / 5
    assert abs(new.total_minor + left - paid) <= 1, "the units cost what they cost before"
    event = OrderEvent.objects.get(order=placed, kind="sent_elsewhere")
    assert (event.line_id, event.quantity, event.data["instead_of"]) == (new.id, 2, str(old.id))
    assert OrderEvent.objects.get(order=placed, kind="missing").data["reason"] == WHY
    home.refresh_from_db()
    assert (home.on_hand, home.reserved) == (3, 3)
    [summary] = list_orders(scope=Scope(is_all=True))
    assert (summary.state, summary.total_minor, summary.units) == ("placed", paid, 5), "nobody lost anything"
    assert get_order(order_id=placed.id, scope=Scope(is_all=True)).state == "placed"
    sound(world)
    ship(world, placed)
    assert not Hold.objects.filter(state="active").exists()
    assert Order.objects.get(id=placed.id).total_minor == paid
    sound(world)


def test_what_nobody_has_is_cancelled_and_told(world, offer, home):
    placed = order(world, (offer, 5))
    world.stock(offer.enrolment.seller, offer.sku, 1, node=other_node(world))
    assert say(world, placed, 3) == missing.Served(here=0, elsewhere=1, cancelled=2)
    cancelled = OrderEvent.objects.filter(order=placed, kind="cancelled")
    assert {each.data.get("cause", ""): each.quantity for each in cancelled} == {"": 1, "stock_out": 2}
    assert OutboxEvent.objects.filter(topic="order.cancelled").count() == 1
    sound(world)


@pytest.mark.parametrize(("days", "outcome"), [(0, (0, 3)), (1, (0, 3)), (30, (3, 0))])
def test_it_comes_as_much_later_as_the_marketplace_allows(world, offer, home, days, outcome):
    later(world, days)
    placed = order(world, (offer, 5))
    [part] = parts_of(placed)
    world.stock(offer.enrolment.seller, offer.sku, 9, node=other_node(world))
    world.pass_time(days=5)
    served = say(world, placed, 3)
    assert (served.elsewhere, served.cancelled) == outcome
    if served.elsewhere:
        _, new = parts_of(placed)
        assert part.promised_until < new.promised_until <= part.promised_until + timedelta(days=days)
        [told] = OutboxEvent.objects.filter(topic="order.goods_later")
        assert told.payload["expected_on"] == new.promised_until.isoformat()
    sound(world)


def test_goods_behind_another_border_do_not_take_their_place(world, offer, home):
    placed = order(world, (offer, 5))
    world.stock(offer.enrolment.seller, offer.sku, 9, node=other_node(world, "partner-us", "US"))
    later(world, 30)
    assert say(world, placed, 1).cancelled == 1
    sound(world)


def test_a_kit_leaves_elsewhere_with_all_that_it_takes(world):
    seller = world.seller()
    mug, plate = world.sku(seller), world.sku(seller, title="Plate")
    here = world.offer(seller, sku=mug, stock=2)
    node = Stock.objects.get(sku=mug).node
    world.stock(seller, plate, 4, node=node)
    kit = world.kit(seller, {mug: 1, plate: 2})
    placed = order(world, (kit, 2))
    away = other_node(world)
    world.stock(seller, mug, 5, node=away)
    world.stock(seller, plate, 5, node=away)
    assert here.sku_id == mug.id
    assert say(world, placed, 1) == missing.Served(here=0, elsewhere=1, cancelled=0)
    held = Hold.objects.filter(state="active", stock__node=away).order_by("quantity")
    assert [(each.quantity, each.per_unit) for each in held] == [(1, 1), (2, 2)]
    assert set(Stock.objects.filter(node=node).values_list("sku_id", "on_hand")) == {(mug.id, 1), (plate.id, 2)}
    sound(world)


def test_only_who_packs_may_say_so_and_only_of_what_is_not_packed(world, offer, home):
    placed = order(world, (offer, 3))
    stranger = world.seller_actor(world.seller())
    with pytest.raises(NotFound):
        say(world, placed, 1, actor=stranger)
    packer = world.seller_actor(offer.enrolment.seller)
    with pytest.raises(Denied):
        say(world, placed, 1, actor=world.seller_actor(offer.enrolment.seller, "seller.staff"))
    with refused("audit.reason_missing"):
        missing.say_missing(
            work_item_id=work_of(placed)[0].id, units={lines_of(placed)[0].id: 1}, actor=SYSTEM, reason=" ",
            now=world.now,
        )  # fmt: skip
    [line] = lines_of(placed)
    pack(world, (line, 2))
    with pytest.raises(BeyondQuantity):
        say(world, placed, 2)
    assert say(world, placed, 1, actor=packer).here == 1
    sound(world)


def test_units_of_a_shipment_that_comes_short_leave_from_elsewhere(world):
    offer = world.offer(world.seller(), stock=0)
    ahead.set_rule(rule=NewShare(safety_rate=0), actor=SYSTEM, reason="they come", now=world.now)
    shipment = stocking.send(world, offer, 10)
    placed = order(world, (offer, 6))
    world.stock(offer.enrolment.seller, offer.sku, 4, node=other_node(world))
    arriving.lose_shipment(shipment_id=shipment.id, reason="the ship sank", actor=SYSTEM, now=world.now)
    old, new = lines_of(placed)
    assert (old.cancelled_qty, new.quantity) == (6, 4)
    assert OrderLine.objects.get(id=new.id).suborder.node.code == "partner-de-2"
    assert OrderEvent.objects.filter(order=placed, kind="cancelled", data__cause="stock_out").get().quantity == 2
    sound(world)
    ship(world, placed)
    sound(world)
