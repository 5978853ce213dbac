"""Many at once: the last unit is sold once, a key is one order, limits hold, and two ends have one winner."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest

import stocking
from entrepot.domain.inbound import ahead
from entrepot.domain.inbound.ahead import NewShare
from entrepot.domain.inventory.models import Hold, Stock
from entrepot.domain.orders import progress
from entrepot.domain.orders.models import Order, OrderEvent, OrderLine
from entrepot.domain.orders.progress import Step
from entrepot.domain.orders.rules import EventKind
from entrepot.domain.payments.models import Payment, SandboxCharge, Void
from entrepot.domain.promotions.models import Voucher
from entrepot.flows import checkout
from entrepot.flows.checkout import Placed, Waiting
from entrepot.kernel import crashing
from entrepot.kernel.actors import SYSTEM
from entrepot.kernel.db import execute, fetch_rows
from entrepot.kernel.errors import EntrepotError
from shopping import order, own_connection, place, request, sandbox, voucher


def at_once(acts: Sequence[Callable[[], Any]]) -> list[Any]:
    """What each act gives, all begun at the same instant on connections of their own; a refusal is a result."""
    start = Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        with own_connection():
            start.wait(timeout=60)
            try:
                return act()
            except EntrepotError as error:
                return error

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(run, acts))


def ordering(world, wanted) -> Callable[[], Any]:
    return lambda: place(world, wanted)[0]


def test_two_buyers_want_the_last_unit(world):
    offer = world.offer(world.seller(), stock=1)
    answers = at_once([ordering(world, request(f"k{number}", (offer, 1))) for number in range(2)])
    assert sorted(getattr(each, "code", "placed") for each in answers) == ["orders.sold_out", "placed"]
    assert Stock.objects.get().reserved == 1


def test_many_buyers_race_for_a_few_units(world):
    offer = world.offer(world.seller(), stock=5)
    answers = at_once([ordering(world, request(f"k{number}", (offer, 1))) for number in range(20)])
    assert sum(isinstance(each, Placed) for each in answers) == 5
    assert {each.code for each in answers if isinstance(each, EntrepotError)} == {"orders.sold_out"}
    assert Hold.objects.filter(state="active").count() == 5


@pytest.fixture
def meanwhile() -> Iterator[Callable[[Callable[[], Any]], list[Any]]]:
    """Have an act done on a connection of its own by the time the next orders are decided on, and not yet written."""
    done: list[Any] = []
    waiting: list[Callable[[], Any]] = []

    def visitor(place: str) -> None:
        if place == "checkout.decided" and waiting:
            done.extend(at_once([waiting.pop()]))

    def have(act: Callable[[], Any]) -> list[Any]:
        def not_for_ever() -> Any:
            execute("SET lock_timeout = '60s'")
            return act()

        waiting.append(not_for_ever)
        return done

    crashing.visit(visitor)
    yield have
    crashing.visit(None)


def test_goods_are_decided_on_without_a_lock_and_looked_at_again_if_they_went_meanwhile(world, meanwhile):
    """Were they locked as they are decided on, the other order would wait for this one for ever."""
    offer = world.offer(world.seller(), stock=5)
    order(world, (offer, 1))  # its terms are kept by now, for which orders may wait
    other = meanwhile(ordering(world, request("other", (offer, 2))))
    one, two = place(world, request("one", (offer, 1)), request("two", (offer, 2)))
    assert isinstance(other[0], Placed) and isinstance(one, Placed)
    assert (two.code, two.values["available"]) == ("orders.sold_out", 1)
    assert Stock.objects.get().reserved == 4


def test_a_shelf_that_is_emptied_meanwhile_sends_the_order_from_another(world, meanwhile):
    seller = world.seller()
    offer = world.offer(seller, stock=2)
    order(world, (offer, 1))
    shelf = world.node("other-de", operator=seller.organisation, kind="seller_premises", country="DE")
    world.stock(seller, offer.sku, 1, node=shelf)
    other = meanwhile(ordering(world, request("other", (offer, 1))))
    assert isinstance(place(world, request("one", (offer, 1)))[0], Placed) and isinstance(other[0], Placed)
    assert sorted(Stock.objects.values_list("reserved", flat=True)) == [1, 2]


def test_goods_on_their_way_are_locked_before_their_day_is_promised(world, meanwhile):
    offer = world.offer(world.seller(), stock=0)
    ahead.set_rule(rule=NewShare(safety_rate=Decimal(0)), actor=SYSTEM, reason="they come", now=world.now)
    stocking.send(world, offer, 20)
    free = meanwhile(lambda: fetch_rows("SELECT id FROM inventory_stock FOR NO KEY UPDATE SKIP LOCKED"))
    order(world, (offer, 1))
    assert free == [[]]


def test_one_key_fifty_times_at_once_is_one_order_and_fifty_equal_answers(world):
    offer = world.offer(world.seller(), stock=1)
    answers = at_once([ordering(world, request("the key", (offer, 1)))] * 50)
    assert isinstance(answers[0], Placed)
    assert answers == [answers[0]] * 50
    assert Order.objects.count() == Payment.objects.count() == SandboxCharge.objects.count() == 1
    assert OrderEvent.objects.filter(kind="placed").count() == 1


def test_one_key_in_batches_of_other_goods_is_one_order(world):
    seller = world.seller()
    offers = [world.offer(seller, stock=50) for _ in range(4)]
    keys = [f"k{number}" for number in range(6)]

    def batch(shift: int) -> Callable[[], Any]:
        wanted = [request(key, (offers[(place + shift) % 4], 1)) for place, key in enumerate(keys)]
        return lambda: place(world, *(wanted if shift % 2 else wanted[::-1]))

    answers = at_once([batch(shift) for shift in range(8)])
    assert Order.objects.count() == len(keys)
    told = [each for answer in answers for each in answer]
    assert sum(isinstance(each, Placed) for each in told) >= len(keys)
    assert {each.code for each in told if isinstance(each, EntrepotError)} <= {"orders.key_reused"}


def test_a_voucher_keeps_its_limit_in_twenty_checkouts_at_once(world):
    offer = world.offer(world.seller(), stock=100)
    voucher(world, "THREE", limit_total=3)
    answers = at_once(
        [
            ordering(world, request(f"k{number}", (offer, 1), voucher_code="three", email=f"u{number}@example.org"))
            for number in range(20)
        ]
    )
    assert sum(isinstance(each, Placed) for each in answers) == 3
    assert Voucher.objects.get().redeemed == 3


def test_a_shopper_uses_a_voucher_once_in_twenty_checkouts_at_once(world):
    offer = world.offer(world.seller(), stock=100)
    voucher(world, "ONCE", limit_per_shopper=1)
    answers = at_once([ordering(world, request(f"k{number}", (offer, 1), voucher_code="once")) for number in range(20)])
    assert sum(isinstance(each, Placed) for each in answers) == 1


def test_message_sweep_and_shopper_complete_one_checkout_together(world):
    offer = world.offer(world.seller(), stock=5)
    wanted = request("one", (offer, 1), instrument="slow")
    assert isinstance(place(world, wanted)[0], Waiting)
    world.pass_time(minutes=2)
    [(headers, body)] = sandbox().messages(world.now)
    acts = [
        lambda: checkout.receive_webhook(provider="sandbox", headers=headers, body=body, now=world.now),
        lambda: checkout.sweep_payments(now=world.now),
        ordering(world, wanted),
    ]
    at_once(acts * 4)
    assert Order.objects.get().state == "placed"
    assert OrderEvent.objects.filter(kind="placed").count() == 1


def test_an_expiring_hold_and_an_arriving_payment_have_one_winner(world):
    offer = world.offer(world.seller(), stock=20)
    wanted = [request(f"k{number}", (offer, 1), instrument="slow") for number in range(10)]
    place(world, *wanted)
    world.pass_time(minutes=31)
    messages = sandbox().messages(world.now)

    def deliver(headers: Any, body: Any) -> Callable[[], Any]:
        return lambda: checkout.receive_webhook(provider="sandbox", headers=headers, body=body, now=world.now)

    at_once([*(deliver(*each) for each in messages), *[lambda: checkout.expire_holds(now=world.now)] * 3])
    assert Order.objects.filter(state="placed").count() == 10
    assert Stock.objects.get().reserved == 10
    assert Hold.objects.filter(state="active", expires_at__isnull=True).count() == 10


def test_a_double_cancellation_lets_go_once(world):
    placed = order(world, (world.offer(world.seller(), stock=5), 2))
    line = OrderLine.objects.get()

    def cancel() -> Any:
        return checkout.cancel_lines(rows=[(line.id, 2)], actor=SYSTEM, reason="", now=world.now)

    answers = at_once([cancel] * 6)
    assert sum(isinstance(each, list) for each in answers) == 1
    assert Void.objects.count() == 1
    assert Payment.objects.get().voided_minor == placed.total_minor
    assert Stock.objects.get().reserved == 0


def test_cancelling_and_shipping_have_one_winner(world):
    from django.db import transaction

    from entrepot.domain.inventory import services as inventory

    order(world, (world.offer(world.seller(), stock=9), 3))
    line = OrderLine.objects.get()

    def cancel() -> Any:
        return checkout.cancel_lines(rows=[(line.id, 2)], actor=SYSTEM, reason="", now=world.now)

    def ship() -> Any:
        with transaction.atomic():
            progress.advance(steps=[Step(line.id, EventKind.HANDED_OVER, 2)], actor=SYSTEM, now=world.now)
            inventory.consume_holds(
                rows=[(line.id, 2)], now=world.now, source_type="parcel", source_id_by_owner={line.id: line.id}
            )
        return "shipped"

    answers = at_once([cancel, ship] * 4)
    assert sum(not isinstance(each, EntrepotError) for each in answers) == 1
    line.refresh_from_db()
    assert line.cancelled_qty + line.shipped_qty == 2
    stock = Stock.objects.get()
    assert (stock.on_hand, stock.reserved) == ((7, 1) if line.shipped_qty else (9, 1))


def test_orders_in_opposite_directions_do_not_block_each_other_for_ever(world):
    seller = world.seller()
    offers = [world.offer(seller, stock=200) for _ in range(6)]
    acts = []
    for number in range(12):
        wanted = [request(f"k{number}-{each.id}", (each, 1)) for each in (offers if number % 2 else offers[::-1])]
        acts.append(lambda wanted=wanted: place(world, *wanted))
    answers = at_once(acts)
    assert all(isinstance(each, Placed) for answer in answers for each in answer)
    assert sum(Stock.objects.values_list("reserved", flat=True)) == 72
