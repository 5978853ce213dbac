"""Times at a dock are booked, moved, given back, kept and missed; whoever lets a clock run out is on record."""

from concurrent.futures import ThreadPoolExecutor
from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

import stocking
from entrepot.domain.inbound import docking, lateness, ordering, shipping
from entrepot.domain.inbound.docks import Hours
from entrepot.domain.inbound.models import DockSlot, InboundEvent, Lateness, Shipment
from entrepot.kernel.actors import SYSTEM
from entrepot.kernel.errors import NotFound, Refused
from entrepot.kernel.models import OutboxEvent
from worlds import World

ONE_AN_HOUR = Hours(time(9), time(17), 60, 1, day_max=3, grace_minutes=30, is_required=True)


def shipments(world: World, count: int) -> list[Shipment]:
    seller = world.seller("factory", programme="fully-managed", currency="CNY")
    found = []
    for _ in range(count):
        offer = world.offer(seller, supply="70.00", stock=0)
        found.append(stocking.pack(world, stocking.accept(world, stocking.ask(world, offer))))
    return found


@pytest.fixture
def dock(world):
    node = world.node("platform-cn", operator=world.operator, kind="platform_consolidation", country="CN")
    actor = world.operator_actor("operator.warehouse")
    docking.set_hours(node_id=node.id, hours=ONE_AN_HOUR, actor=actor, reason="new ramp", now=world.now)
    return node


def book(shipment, start, world, actor=SYSTEM):
    return shipping.book_slot(shipment_id=shipment.id, starts_at=start, actor=actor, now=world.now)


def free(node, world, **more):
    return docking.free_slots(node.id, since=world.now.date() + timedelta(days=1), now=world.now, **more)


def test_a_time_is_booked_moved_and_given_back(world, dock):
    one, two = shipments(world, 2)
    first, second, third = [each.starts_at for each in free(dock, world, limit=3)]
    book(one, first, world)
    with pytest.raises(Refused) as refused:
        book(two, first, world)
    assert refused.value.code == "inbound.slot_taken"
    named = f"{second.astimezone(ZoneInfo(dock.time_zone)):%Y-%m-%d %H:%M}"
    assert refused.value.values["free"].startswith(named), "the next free one is named first"
    assert book(one, second, world).place == 1
    assert book(two, first, world).state == "booked", "who moves on leaves the place to others"
    assert sorted(each.state for each in DockSlot.objects.filter(shipment=one)) == ["booked", "moved"]
    shipping.give_slot_back(shipment_id=one.id, actor=SYSTEM, now=world.now)
    assert book(two, second, world).starts_at == second
    with pytest.raises(Refused) as refused:
        shipping.give_slot_back(shipment_id=one.id, actor=SYSTEM, now=world.now)
    assert refused.value.code == "inbound.no_slot"
    assert third in {each.starts_at for each in free(dock, world)}


def test_a_full_day_is_refused_and_the_next_day_named(world, dock):
    one, two, three, four = shipments(world, 4)
    slots = free(dock, world, limit=8)
    for shipment, slot in zip((one, two, three), slots, strict=False):
        book(shipment, slot.starts_at, world)
    with pytest.raises(Refused) as refused:
        book(four, slots[4].starts_at, world)
    named = refused.value.values["free"].split(", ")
    assert len(named) == 3 and all(each[:10] > f"{slots[4].starts_at:%Y-%m-%d}" for each in named)
    assert all(each.starts_at.date() > slots[0].starts_at.date() for each in free(dock, world))
    assert book(three, slots[5].starts_at, world).starts_at == slots[5].starts_at, "who moves within it may"


def test_twenty_at_once_get_one_place(world, dock):
    found = shipments(world, 6)
    start = free(dock, world, limit=1)[0].starts_at

    def one(shipment):
        try:
            book(shipment, start, world)
        except Refused as refusal:
            return refusal.code
        finally:
            connection.close()
        return "booked"

    with ThreadPoolExecutor(6) as pool:
        said = sorted(pool.map(one, found))
    assert said == ["booked"] + ["inbound.slot_taken"] * 5


def test_who_comes_late_or_not_at_all_is_on_record_with_who_answers(world, dock):
    late, absent, silent = shipments(world, 3)
    first, second = [each.starts_at for each in free(dock, world, limit=2)]
    book(late, first, world)
    book(absent, second, world)
    world.now = first + timedelta(minutes=31)
    shipping.arrive(shipment_id=late.id, actor=SYSTEM, now=world.now)
    assert DockSlot.objects.get(shipment=late).state == "late"
    with pytest.raises(Refused) as refused:
        shipping.arrive(shipment_id=silent.id, actor=SYSTEM, now=world.now)
    assert refused.value.code == "inbound.slot_needed"
    shipping.arrive(shipment_id=silent.id, actor=SYSTEM, now=world.now, without_slot=True)
    assert InboundEvent.objects.get(shipment=silent, kind="arrived").data["slot"] == "none"
    world.now = second + timedelta(minutes=89)
    assert docking.mark_missed(now=world.now) == 0, "within the grace"
    world.now = second + timedelta(minutes=91)
    assert (docking.mark_missed(now=world.now), docking.mark_missed(now=world.now)) == (1, 0)
    assert {(each.clock, each.shipment_id, each.liable) for each in Lateness.objects.all()} == {
        ("slot", late.id, "seller"),
        ("slot", absent.id, "seller"),
    }
    assert OutboxEvent.objects.filter(topic="shipment.slot_missed").count() == 1
    again = free(dock, world, limit=1)[0].starts_at
    assert book(absent, again, world).state == "booked"


def test_strangers_book_nothing_and_partners_only_at_their_own_dock(world, dock):
    [shipment] = shipments(world, 1)
    start = free(dock, world, limit=1)[0].starts_at
    with pytest.raises(NotFound):
        book(shipment, start, world, actor=world.seller_actor(world.seller("stranger")))
    with pytest.raises(NotFound):
        docking.set_hours(
            node_id=dock.id, hours=ONE_AN_HOUR, actor=world.seller_actor(shipment.seller), reason="mine", now=world.now
        )
    assert book(shipment, start, world, actor=world.operator_actor("operator.warehouse")).state == "booked"


def test_a_node_without_hours_takes_what_comes(world):
    [shipment] = shipments(world, 1)
    with pytest.raises(Refused) as refused:
        book(shipment, world.now + timedelta(days=1), world)
    assert refused.value.code == "inbound.no_dock_hours"
    assert shipping.arrive(shipment_id=shipment.id, actor=SYSTEM, now=world.now).state == "arrived"


def test_every_clock_of_a_stock_order_is_kept_once_with_who_answers(world):
    seller = world.seller("factory", programme="fully-managed", currency="CNY")
    order = stocking.ask(world, world.offer(seller, supply="70.00", stock=0))
    assert order.answer_by < order.ship_by <= order.deliver_by
    world.now = order.answer_by + timedelta(minutes=1)
    order = stocking.accept(world, order)
    assert [(each.clock, each.party, each.liable) for each in lateness.list_lateness(order_id=order.id)] == [
        ("answer", "seller", "seller")
    ], "a late answer is on record without any job"
    shipment = stocking.pack(world, order)
    world.now = order.ship_by + timedelta(minutes=1)
    assert ordering.mark_late(now=world.now) == 1
    world.now = order.deliver_by + timedelta(hours=1)
    shipping.ship(shipment_id=shipment.id, carrier="T", tracking_number="", actor=SYSTEM, now=world.now)
    shipping.arrive(shipment_id=shipment.id, actor=SYSTEM, now=world.now)
    ordering.mark_late(now=world.now)
    assert [each.clock for each in lateness.list_lateness(order_id=order.id)] == ["answer", "ship", "arrive"]
