"""Goods on their way are sold with a later promise; they come, come short, come late, or never."""

from datetime import datetime, timedelta
from decimal import Decimal
from threading import Thread

import pytest
from django.db import connection, transaction

import shopping
import stocking
from entrepot.domain.inbound import ahead, receiving, shipping
from entrepot.domain.inbound.ahead import NewShare
from entrepot.domain.inbound.models import Shipment
from entrepot.domain.inbound.receiving import Scan
from entrepot.domain.inventory import coming
from entrepot.domain.inventory.models import Hold, Movement, Stock
from entrepot.domain.orders import promises
from entrepot.domain.orders.models import Order, OrderEvent, OrderLine, Suborder, WorkItem
from entrepot.domain.orders.rules import BeyondQuantity
from entrepot.domain.payments.models import Payment
from entrepot.domain.payments.providers.interface import Answer, Outcome
from entrepot.domain.routing import services as routing
from entrepot.domain.routing.services import Wanted
from entrepot.flows import ahead as flow
from entrepot.flows import checkout, inbound, paying
from entrepot.flows import receiving as arriving
from entrepot.flows.checkout import CartRequest
from entrepot.kernel import walls
from entrepot.kernel.actors import SYSTEM
from entrepot.kernel.db import fetch_value
from entrepot.kernel.errors import Denied, Invalid, NotFound
from entrepot.kernel.models import OutboxEvent
from shipping import lines_of, order, pack, scan, ship

TENTH = NewShare(safety_rate=Decimal("0.1"))


def allow(world, rule: NewShare = TENTH) -> None:
    ahead.set_rule(rule=rule, actor=SYSTEM, reason="they come reliably", now=world.now)


def quote(world, offer, units=1):
    [found] = checkout.quote_carts(
        carts=[CartRequest(market_code=offer.market.code, lines=[(offer.id, units)])], now=world.now
    )
    return found


def row_of(shipment: Shipment) -> Stock:
    return Stock.objects.get(comes_with=shipment.id)


def arrive(world, shipment: Shipment, good: int) -> None:
    """It comes, and so many units of it are counted."""
    shipping.arrive(shipment_id=shipment.id, actor=SYSTEM, now=world.now)
    [row] = Stock.objects.filter(comes_with=shipment.id)
    receiving.count(
        shipment_id=shipment.id, scans=[Scan(world.next("scan"), row.sku_id, good)], actor=SYSTEM, now=world.now
    )


def ordered(world, offer, *units: int) -> list[Order]:
    """Orders of so many units each, a minute apart."""
    placed = []
    for each in units:
        world.pass_time(minutes=1)
        placed.append(order(world, (offer, each)))
    return placed


def sound(world) -> None:
    """Every invariant holds; letters wait for whoever reads them, however far the clock was turned."""
    shopping.assert_sound(world, "I34")


def close(world, shipment: Shipment) -> None:
    arriving.close_shipment(shipment_id=shipment.id, actor=SYSTEM, now=world.now, note="as counted")


@pytest.fixture
def offer(world):
    return world.offer(world.seller(), stock=0)


@pytest.fixture
def shipment(world, offer):
    allow(world)
    return stocking.send(world, offer, 20)


def test_nothing_on_its_way_is_sold_until_the_operator_allows_it(world, offer):
    shipment = stocking.send(world, offer, 20)
    assert not Stock.objects.exists()
    assert quote(world, offer).code == "orders.sold_out"
    allow(world)
    row = row_of(shipment)
    assert (row.condition, row.on_hand, row.reserved, row.lot) == ("coming", 18, 0, shipment.number)
    assert quote(world, offer, 18).parcels[0].coming.number == shipment.number
    assert quote(world, offer, 19).code == "orders.sold_out"
    ahead.set_shipment(
        shipment_id=shipment.id, is_sold=False, safety_rate=None, actor=SYSTEM, reason="doubtful", now=world.now
    )
    assert quote(world, offer).code == "orders.sold_out"
    ahead.set_shipment(
        shipment_id=shipment.id, is_sold=True, safety_rate=Decimal("0.5"), actor=SYSTEM, reason="half", now=world.now
    )
    assert row_of(shipment).on_hand == 10
    sound(world)


def test_a_rule_counts_for_every_shipment_however_many_there_are(world, offer, monkeypatch):
    monkeypatch.setattr(ahead, "BATCH", 2)
    shipments = [stocking.send(world, offer, 10 + place) for place in range(5)]
    allow(world)
    assert [row_of(each).on_hand for each in shipments] == [9, 9, 10, 11, 12]


def test_what_has_not_left_is_not_sold(world, offer):
    allow(world)
    seller = world.seller_actor(offer.enrolment.seller)
    shipment = stocking.send(world, offer, 5)
    Shipment.objects.filter(id=shipment.id).update(state="announced")
    ahead.reckon(shipment_ids=[shipment.id], now=world.now)
    assert row_of(shipment).on_hand == 0
    with pytest.raises(Denied):
        ahead.set_rule(rule=TENTH, actor=seller, reason="more sales", now=world.now)
    with pytest.raises(Invalid):
        allow(world, NewShare(safety_rate=Decimal(1)))


def test_a_seller_behind_walls_sends_what_is_sold_ahead(world, offer):
    allow(world)
    with walls.within(offer.seller_id):
        shipment = stocking.send(world, offer, 20)
    assert row_of(shipment).on_hand == 18


def test_the_promise_is_of_the_day_on_which_they_stand_ready(world, offer, shipment):
    parcel = quote(world, offer).parcels[0]
    arrives = shipment.expected_on
    assert parcel.coming.ready_on > arrives, "putting away takes its days"
    assert parcel.promised_from > parcel.coming.ready_on
    first, second = parcel.segments[:2]
    assert (first["leg"], first["task"], first["party"]) == ("on its way", "first_mile", "seller")
    assert first["done_by"] == parcel.coming.ready_on.isoformat()
    assert second["leg"] == "dispatch" and second["done_by"] >= first["done_by"]
    placed = order(world, (offer, 3))
    part = Suborder.objects.get(order=placed)
    assert (part.comes_with, part.awaited_on) == (shipment.id, parcel.coming.ready_on)
    assert part.promised_until == parcel.promised_until
    assert part.ship_by.date() > parcel.coming.ready_on
    assert row_of(shipment).reserved == 3
    sound(world)


def test_what_stands_ready_goes_first_and_the_rest_comes_later(world, offer, shipment):
    node = row_of(shipment).node
    world.stock(offer.enrolment.seller, offer.sku, 2, node=node)
    assert quote(world, offer, 2).parcels[0].coming is None
    assert quote(world, offer, 3).parcels[0].coming is not None, "one parcel, later, rather than two"
    assert {each.coming is None for each in quote(world, offer, 19).parcels} == {True, False}
    placed = order(world, (offer, 19))
    assert {(each.quantity, each.suborder.comes_with) for each in lines_of(placed)} == {(2, None), (17, shipment.id)}
    sound(world)


def test_nothing_is_packed_that_is_not_there(world, offer, shipment):
    placed = order(world, (offer, 3))
    [line] = lines_of(placed)
    with pytest.raises(BeyondQuantity):
        pack(world, (line, 1))
    world.pass_time(days=20)
    arrive(world, shipment, 2)
    arriving.put_away(shipment_id=shipment.id, actor=SYSTEM, now=world.now)
    with pytest.raises(BeyondQuantity):
        pack(world, (line, 3))
    pack(world, (line, 2))
    sound(world)


def test_as_they_are_put_away_orders_get_theirs_the_oldest_first(world, offer, shipment):
    first, second = ordered(world, offer, 8, 6)
    world.pass_time(days=20)
    arrive(world, shipment, 10)
    arriving.put_away(shipment_id=shipment.id, actor=SYSTEM, now=world.now)
    row, real = row_of(shipment), Stock.objects.get(condition="new")
    assert (row.on_hand, row.reserved) == (8, 4), "two of the twenty stay kept back"
    assert (real.on_hand, real.reserved) == (10, 10)
    assert Suborder.objects.get(order=first).goods_came_at == world.now
    assert Suborder.objects.get(order=second).goods_came_at is None
    assert OrderEvent.objects.filter(order=first, kind="goods_came").exists()
    sound(world)
    receiving.count(shipment_id=shipment.id, scans=[Scan("rest", row.sku_id, 10)], actor=SYSTEM, now=world.now)
    close(world, shipment)
    row.refresh_from_db()
    assert (row.on_hand, row.reserved) == (0, 0)
    assert not Hold.objects.filter(stock=row, state="active").exists()
    ship(world, first), ship(world, second)
    real.refresh_from_db()
    assert (real.on_hand, real.reserved) == (6, 0)
    assert sum(Movement.objects.filter(stock=row).values_list("quantity", flat=True)) == 0
    sound(world)


def test_a_put_away_locks_what_buyers_lock_also_where_nobody_waits(world, offer, shipment):
    world.stock(offer.enrolment.seller, offer.sku, 2, node=row_of(shipment).node)
    with transaction.atomic():
        assert {row.condition for row in flow.lock(shipment)} == {"coming", "new"}


def test_fewer_come_than_were_sold_and_nobody_is_left_without_a_word(world, offer, shipment):
    first, second, third = ordered(world, offer, 6, 5, 4)
    world.stock(offer.enrolment.seller, offer.sku, 2, node=row_of(shipment).node)
    world.pass_time(days=20)
    arrive(world, shipment, 8)
    close(world, shipment)
    served = {each: lines_of(each)[0] for each in (first, second, third)}
    assert [line.cancelled_qty for line in served.values()] == [0, 1, 4], "eight came, two others stood there"
    event = OrderEvent.objects.get(order=third, kind="cancelled")
    assert (event.data["cause"], event.data["liable"]) == ("stock_out", "seller")
    assert OutboxEvent.objects.filter(topic="order.cancelled").count() == 2
    sound(world)
    ship(world, first), ship(world, second)
    assert not Hold.objects.filter(state="active").exists()
    sound(world)


@pytest.mark.parametrize("way", ["lost", "refused"])
def test_a_shipment_that_never_comes_is_a_short_receipt_of_nothing(world, offer, shipment, way):
    placed = order(world, (offer, 6))
    if way == "lost":
        arriving.lose_shipment(shipment_id=shipment.id, reason="the ship sank", actor=SYSTEM, now=world.now)
    else:
        shipping.arrive(shipment_id=shipment.id, actor=SYSTEM, now=world.now)
        arriving.refuse_shipment(shipment_id=shipment.id, reason="wet", actor=SYSTEM, now=world.now)
    [line] = lines_of(placed)
    assert line.cancelled_qty == 6
    assert row_of(shipment).on_hand == 0
    assert quote(world, offer).code == "orders.sold_out"
    sound(world)


def test_who_cancels_frees_what_is_on_its_way(world, offer, shipment):
    placed = order(world, (offer, 6))
    [line] = lines_of(placed)
    checkout.cancel_lines(rows=[(line.id, 4)], actor=SYSTEM, reason="asked for", now=world.now)
    assert row_of(shipment).reserved == 2
    assert quote(world, offer, 16).parcels
    sound(world)


def test_who_gives_up_what_is_still_to_come_waits_no_more(world, offer, shipment):
    placed = order(world, (offer, 5))
    [line] = lines_of(placed)
    world.pass_time(days=20)
    arrive(world, shipment, 3)
    arriving.put_away(shipment_id=shipment.id, actor=SYSTEM, now=world.now)
    checkout.cancel_lines(rows=[(line.id, 2)], actor=SYSTEM, reason="asked for", now=world.now)
    assert row_of(shipment).reserved == 0, "what is still to come goes first"
    flow.watch(now=world.now)
    assert Suborder.objects.get(order=placed).goods_came_at == world.now
    ship(world, placed)
    sound(world)


def test_a_late_shipment_moves_the_promise_and_blames_the_way(world, offer, shipment):
    placed = order(world, (offer, 1))
    part = Suborder.objects.get(order=placed)
    assert flow.watch(now=world.now) == 0
    world.now = datetime.combine(shipment.expected_on + timedelta(days=4), world.now.timetz())
    assert (flow.watch(now=world.now), flow.watch(now=world.now)) == (1, 0)
    assert OutboxEvent.objects.filter(topic="order.goods_later", subject_id=placed.id).count() == 1
    part.refresh_from_db()
    assert part.awaited_on == row_of(shipment).ready_on > datetime.fromisoformat(part.segments[0]["done_by"]).date()
    assert WorkItem.objects.get(suborder=part).due_at > part.ship_by, "whoever packs has as long as was promised"
    running = promises.find_promises(suborder_ids=[part.id])[part.id]
    assert running.state == "open" and running.late_days > 0
    assert {each.leg for each in running.late_parts} == {"on its way"}
    arrive(world, shipment, 20)
    close(world, shipment)
    [parcel] = ship(world, placed)
    world.pass_time(days=10)
    scan(world, "delivered", parcel)
    missed = promises.find_promises(suborder_ids=[part.id])[part.id]
    assert missed.state == "missed"
    assert missed.late_parts[0].leg == "on its way" and missed.late_parts[0].party == "seller"
    sound(world)


def test_an_order_that_is_not_paid_yet_gets_goods_anew_or_is_declined(world, offer, shipment):
    [waiting] = shopping.place(world, shopping.request("late", (offer, 18), provider="manual", instrument=""))
    assert row_of(shipment).reserved == 18
    arriving.lose_shipment(shipment_id=shipment.id, reason="gone", actor=SYSTEM, now=world.now)
    assert row_of(shipment).on_hand == 0
    assert OrderLine.objects.get(order_id=waiting.order_id).cancelled_qty == 0
    sound(world)


def pay_late(world, waiting) -> Order:
    """The hold of an order ran out, and then its money comes."""
    payment = Payment.objects.get(reference_id=waiting.order_id)
    paying.complete(answers=[(payment.id, Answer("", Outcome.APPROVED, "bank"))], now=world.now)
    return Order.objects.get(id=waiting.order_id)


@pytest.mark.parametrize(("came", "others", "state"), [(20, 0, "placed"), (10, 0, "placed"), (20, 3, "declined")])
def test_money_that_comes_after_the_goods_takes_them_where_they_stand(world, offer, shipment, came, others, state):
    [waiting] = shopping.place(world, shopping.request("late", (offer, 18), provider="manual", instrument=""))
    world.pass_time(days=20)
    checkout.expire_holds(now=world.now)
    arrive(world, shipment, came)
    arriving.put_away(shipment_id=shipment.id, actor=SYSTEM, now=world.now)
    if others:
        ordered(world, offer, others)
    assert pay_late(world, waiting).state == state
    real, far = Stock.objects.get(condition="new"), row_of(shipment)
    if state == "placed":
        assert (real.reserved, far.reserved) == (min(came, 18), max(0, 18 - came))
        assert [line.id for line in lines_of(Order.objects.get(id=waiting.order_id))]
        flow.watch(now=world.now)
        assert (Suborder.objects.get(order_id=waiting.order_id).goods_came_at is None) == (came < 18)
    else:
        assert (real.reserved, far.reserved) == (others, 0)
    sound(world)


def test_who_waits_while_the_last_units_are_put_away_gets_them_where_they_stand(world, offer, shipment, monkeypatch):
    world.pass_time(days=20)
    arrive(world, shipment, 20)
    placed, pids, follow = [], [], flow.follow

    def buy() -> None:
        with shopping.own_connection():
            connection.ensure_connection()
            pids.append(connection.connection.info.backend_pid)
            placed.extend(shopping.place(world, shopping.request("meanwhile", (offer, 5))))

    def follow_once_somebody_waits(*which):
        follow(*which)
        thread.start()
        while thread.is_alive() and not (
            pids and fetch_value("SELECT count(*) FROM pg_locks WHERE NOT granted AND pid = %s", pids)
        ):
            thread.join(0.02)

    thread = Thread(target=buy)
    monkeypatch.setattr(flow, "follow", follow_once_somebody_waits)
    arriving.put_away(shipment_id=shipment.id, actor=SYSTEM, now=world.now)
    thread.join()
    assert [type(each) for each in placed] == [checkout.Placed]
    assert (Stock.objects.get(condition="new").reserved, row_of(shipment).on_hand) == (5, 0)
    sound(world)


def test_a_payment_that_comes_as_the_goods_are_given_up_has_them_or_is_declined(world, offer, shipment, monkeypatch):
    [waiting] = shopping.place(world, shopping.request("late", (offer, 18), provider="manual", instrument=""))
    payment, pids, read = Payment.objects.get(reference_id=waiting.order_id), [], flow.progress.read_lines

    def pay() -> None:
        with shopping.own_connection():
            connection.ensure_connection()
            pids.append(connection.connection.info.backend_pid)
            paying.complete(answers=[(payment.id, Answer("", Outcome.APPROVED, "bank"))], now=world.now)

    def read_as_it_comes(**which):
        monkeypatch.undo()
        found = read(**which)
        thread.start()
        while thread.is_alive() and not (
            pids and fetch_value("SELECT count(*) FROM pg_locks WHERE NOT granted AND pid = %s", pids)
        ):
            thread.join(0.02)
        return found

    thread = Thread(target=pay)
    monkeypatch.setattr(flow.progress, "read_lines", read_as_it_comes)
    arriving.lose_shipment(shipment_id=shipment.id, reason="gone", actor=SYSTEM, now=world.now)
    thread.join()
    assert Order.objects.get(id=waiting.order_id).state == "declined"
    sound(world)


def test_units_of_a_shipment_that_are_sold_are_told(world, offer, shipment):
    order(world, (offer, 5))
    [told] = coming.list_ahead(shipment_ids=[shipment.id])[shipment.id]
    assert (told.units, told.sold) == (18, 5)


def test_a_rule_may_forbid_what_is_not_ready(world, offer, shipment):
    assert quote(world, offer).parcels
    routing.add_rule(rule=Wanted("only_ready"), actor=SYSTEM, reason="no promises", now=world.now)
    refused = quote(world, offer)
    assert refused.code == "orders.sold_out"
    assert list(refused.values["nodes"].values()) == ["excluded"]


def test_a_correction_never_touches_what_is_on_its_way(world, offer, shipment):
    with pytest.raises(NotFound):
        inbound.adjust_stock(actor=SYSTEM, changes=[(row_of(shipment).id, 1)], reason="found", now=world.now)
