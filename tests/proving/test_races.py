"""Pairs of acts that share a row, by twenty at once and again: nothing is sold, taken or given back twice.

A refusal is a fine answer; a deadlock or a broken constraint is not. The books are proven after every pair.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

import shipping
import shopping
import stocking
from entrepot.domain.inbound import ahead, receiving
from entrepot.domain.inbound import shipping as arrivals
from entrepot.domain.inventory import services as inventory
from entrepot.domain.inventory.models import Hold, Stock
from entrepot.domain.inventory.services import Receipt
from entrepot.domain.logistics.models import ParcelLine
from entrepot.domain.orders import carts
from entrepot.domain.orders.models import Order, OrderEvent, OrderLine, WorkItem
from entrepot.domain.payments.models import Capture, Payment, Refund, SandboxCharge, Void
from entrepot.domain.settlement.models import Payout, Statement
from entrepot.flows import checkout, fulfilment, returns, settling
from entrepot.flows import receiving as arriving
from entrepot.flows.fulfilment import Box, Handover, Scan
from entrepot.kernel import idempotency, ids
from entrepot.kernel.actors import SYSTEM
from entrepot.kernel.errors import EntrepotError
from proving import figures
from worlds import World

pytestmark = pytest.mark.prove

THREADS = 20
ROUNDS = figures.number("rounds", 10)

Act = Callable[[], Any]
#: What races, and what must be true afterwards of what each act came to.
Race = tuple[Sequence[Act], Callable[[list[Any]], None]]
RACES: list[Callable[["Ring"], Race]] = []


class Ring:
    """A world, threads with connections of their own, and an offer of a few units for every round."""

    def __init__(self, threads: int = THREADS) -> None:
        self.threads = threads
        self.world = World()
        shopping.publish_variant(
            self.world, "semi-managed-local-stock", "paid-at-order", fulfilment={"capture": "order"}
        )
        self.seller = self.world.seller(programme="semi-managed-local-stock")
        self.early = self.world.seller(programme="paid-at-order")
        self.gate = Barrier(threads)
        self.pool = ThreadPoolExecutor(threads)

    def at_once(self, acts: Sequence[Act]) -> list[Any]:
        """What each act came to, twenty of them begun at the same instant; a refusal is a result."""

        def run(act: Act) -> Any:
            self.gate.wait(timeout=60)
            try:
                return act()
            except EntrepotError as refusal:
                return refusal

        many = [acts[number % len(acts)] for number in range(self.threads)]
        return [each.result(timeout=120) for each in [self.pool.submit(run, act) for act in many]]

    def close(self) -> None:
        def end() -> None:
            self.gate.wait(timeout=60)
            connection.close()

        for each in [self.pool.submit(end) for _ in range(self.threads)]:
            each.result()
        self.pool.shutdown()

    @property
    def now(self) -> Any:
        return self.world.now

    def offer(self, units: int, seller: Any = None) -> Any:
        return self.world.offer(seller or self.seller, price="19.99", stock=units)

    def buyers(self, *wanted: Any, **fields: Any) -> list[Act]:
        """Twenty who want the same, under keys and addresses of their own."""
        requests = [
            shopping.request(
                self.world.next("key"), *wanted, **{"email": f"{self.world.next('buyer')}@example.org"} | fields
            )
            for _ in range(self.threads)
        ]
        return [lambda each=each: checkout.place_orders(requests=[each], now=self.now)[0] for each in requests]

    def order(self, units: int = 3, *, stock: int = 9, seller: Any = None, **fields: Any) -> tuple[Order, OrderLine]:
        ordered = shipping.order(self.world, (self.offer(stock, seller), units), **fields)
        return ordered, shipping.lines_of(ordered)[0]

    def delivered(self, units: int = 2) -> tuple[Order, OrderLine]:
        ordered, line = self.order(units)
        shipping.scan(self.world, "delivered", *shipping.ship(self.world, ordered))
        return ordered, line

    def back(self) -> tuple[Any, OrderLine]:
        ordered, line = self.delivered()
        [case] = returns.request_return(
            order_id=ordered.id, lines=[(line.id, 1)], reason="changed_mind", actor=SYSTEM, now=self.now
        )
        return case, line


@pytest.fixture
def ring(database: None) -> Iterator[Ring]:
    ring = Ring()
    yield ring
    ring.close()


def race(build: Callable[[Ring], Race]) -> Callable[[Ring], Race]:
    RACES.append(build)
    return build


def won(answers: Sequence[Any]) -> int:
    """How many were not refused."""
    return sum(not isinstance(each, EntrepotError) for each in answers)


def placed(answers: Sequence[Any]) -> int:
    return sum(isinstance(each, checkout.Placed) for each in answers)


def same(count: int, counted: Callable[[Sequence[Any]], int] = won) -> Callable[[list[Any]], None]:
    def check(answers: list[Any]) -> None:
        assert counted(answers) == count, answers

    return check


@race
def buyers_of_the_last_units(ring: Ring) -> Race:
    return ring.buyers((ring.offer(3), 1)), same(3, placed)


@race
def buyers_of_a_kit_and_of_its_part(ring: Ring) -> Race:
    part = ring.offer(7)
    kit = ring.world.kit(ring.seller, {part.sku: 2})
    acts = [act for pair in zip(ring.buyers((kit, 1)), ring.buyers((part, 1)), strict=True) for act in pair]

    def check(answers: list[Any]) -> None:
        stock = Stock.objects.get(sku=part.sku)
        kits, parts = placed(answers[::2]), placed(answers[1::2])
        assert stock.reserved == 2 * kits + parts and stock.reserved >= 6, (kits, parts, stock.reserved)

    return acts, check


@race
def buyers_and_a_count_that_finds_less(ring: Ring) -> Race:
    offer = ring.offer(6)
    stock = Stock.objects.get(sku=offer.sku)
    less = Receipt(stock.seller_id, stock.owner_id, stock.node_id, stock.sku_id, -1, "adjusted", "test",
                   ids.new_id(ring.now))  # fmt: skip
    count = [lambda: inventory.adjust(rows=[less], actor=SYSTEM, reason="counted", now=ring.now)] * 10
    acts = [act for pair in zip(ring.buyers((offer, 1)), count, strict=False) for act in pair]

    def check(answers: list[Any]) -> None:
        assert placed(answers) + won(answers[1::2]) == 6, answers

    return acts, check


@race
def buyers_of_goods_on_their_way_and_the_put_away(ring: Ring) -> Race:
    """Twelve units come and one stands there: six pairs are sold, wherever the units stand by then."""
    offer = ring.offer(0)
    shipment = stocking.send(ring.world, offer, 12)
    said = {"shipment_id": shipment.id, "actor": SYSTEM, "now": ring.now}
    ahead.set_shipment(is_sold=True, safety_rate=Decimal(0), reason="all of it", **said)
    ring.world.stock(ring.seller, offer.sku, 1, node=Stock.objects.get(comes_with=shipment.id).node)
    arrivals.arrive(**said)
    receiving.count(scans=[receiving.Scan("all", offer.sku_id, 12)], **said)
    acts = [act for buy in ring.buyers((offer, 2)) for act in (buy, lambda: arriving.put_away(**said))]

    def check(answers: list[Any]) -> None:
        assert (placed(answers), won(answers[1::2])) == (6, 1), answers

    return acts, check


@race
def one_key_twenty_times(ring: Ring) -> Race:
    key = ring.world.next("key")
    request = shopping.request(key, (ring.offer(9), 1))

    def check(answers: list[Any]) -> None:
        assert answers == [answers[0]] * len(answers) and isinstance(answers[0], checkout.Placed)
        assert Order.objects.filter(checkout_key=key).count() == 1

    return [lambda: checkout.place_orders(requests=[request], now=ring.now)[0]], check


@race
def one_cart_in_twenty_tabs(ring: Ring) -> Race:
    offer = ring.offer(9)
    cart = carts.open_cart(holder=carts.Holder(), market_id=offer.market_id, now=ring.now)
    return ring.buyers((offer, 1), cart_id=cart.id), same(1, placed)


@race
def a_voucher_with_a_limit(ring: Ring) -> Race:
    voucher = shopping.voucher(ring.world, ring.world.next("V"), limit_total=3)
    return ring.buyers((ring.offer(30), 1), voucher_code=voucher.code), same(3, placed)


@race
def a_voucher_once_a_shopper(ring: Ring) -> Race:
    voucher = shopping.voucher(ring.world, ring.world.next("V"), limit_per_shopper=1)
    wanted = {"voucher_code": voucher.code, "email": f"{ring.world.next('one')}@example.org"}
    return ring.buyers((ring.offer(30), 1), **wanted), same(1, placed)


def _slow(ring: Ring, **passed: float) -> tuple[Any, str, list[Act]]:
    """An order whose payment is on its way; the messages about it."""
    key = ring.world.next("key")
    request = shopping.request(key, (ring.offer(1), 1), instrument="slow")
    checkout.place_orders(requests=[request], now=ring.now)
    ring.world.pass_time(**passed)
    sent = shopping.sandbox().messages(ring.now)
    acts: list[Act] = [
        lambda headers=headers, body=body: checkout.receive_webhook(
            provider="sandbox", headers=headers, body=body, now=ring.now
        )
        for headers, body in sent
    ]
    return request, key, acts


def _once_placed(key: str) -> Callable[[list[Any]], None]:
    def check(answers: list[Any]) -> None:
        ordered = Order.objects.get(checkout_key=key)
        assert ordered.state == "placed" and won(answers) == len(answers), answers
        assert OrderEvent.objects.filter(order=ordered, kind="placed").count() == 1
        assert Hold.objects.filter(owner_id=shipping.lines_of(ordered)[0].id, state="active").count() == 1

    return check


@race
def message_and_sweep(ring: Ring) -> Race:
    _, key, messages = _slow(ring, minutes=2)
    return [messages[-1], lambda: checkout.sweep_payments(now=ring.now)], _once_placed(key)


@race
def message_and_shopper(ring: Ring) -> Race:
    request, key, messages = _slow(ring, minutes=2)
    again = lambda: checkout.place_orders(requests=[request], now=ring.now)[0]  # noqa: E731
    return [messages[-1], again], _once_placed(key)


@race
def message_and_the_end_of_the_hold(ring: Ring) -> Race:
    _, key, messages = _slow(ring, minutes=31)
    return [messages[-1], lambda: checkout.expire_holds(now=ring.now)], _once_placed(key)


@race
def cancelling_twice(ring: Ring) -> Race:
    ordered, line = ring.order(3)

    def check(answers: list[Any]) -> None:
        assert won(answers) == 1, answers
        payment = Payment.objects.get(reference_id=ordered.id)
        assert Void.objects.filter(payment=payment).count() == 1 and payment.voided_minor > 0

    return [lambda: checkout.cancel_lines(rows=[(line.id, 2)], actor=SYSTEM, reason="", now=ring.now)], check


@race
def cancelling_twice_what_was_paid(ring: Ring) -> Race:
    ordered, line = ring.order(3, seller=ring.early)

    def check(answers: list[Any]) -> None:
        payment = Payment.objects.get(reference_id=ordered.id)
        assert won(answers) == 1 and Refund.objects.filter(payment=payment).count() == 1, answers
        assert payment.refunded_minor == ordered.total_minor

    return [lambda: checkout.cancel_lines(rows=[(line.id, 3)], actor=SYSTEM, reason="", now=ring.now)], check


@race
def cancelling_and_packing(ring: Ring) -> Race:
    ordered, line = ring.order(3)
    [item] = shipping.work_of(ordered)
    box = Box(item.id, [(line.id, 3)])

    def check(answers: list[Any]) -> None:
        line.refresh_from_db()
        packed = ParcelLine.objects.filter(line_id=line.id, parcel__state="packed").count()
        assert packed <= 1 and packed * 3 + line.cancelled_qty <= 3, answers

    return [
        lambda: fulfilment.pack(boxes=[box], actor=SYSTEM, now=ring.now),
        lambda: checkout.cancel_lines(rows=[(line.id, 1)], actor=SYSTEM, reason="", now=ring.now),
    ], check


@race
def packing_twice(ring: Ring) -> Race:
    ordered, line = ring.order(3)
    item = WorkItem.objects.get(suborder__order=ordered)
    return [lambda: fulfilment.pack(boxes=[Box(item.id, [(line.id, 2)])], actor=SYSTEM, now=ring.now)], same(1)


@race
def handing_over_twice(ring: Ring) -> Race:
    _, line = ring.order(3)
    parcel = shipping.pack(ring.world, (line, 2))
    handover = Handover(parcel.id, tracking_number=ring.world.next("T"))

    def check(answers: list[Any]) -> None:
        assert won(answers) == 1, answers
        assert Capture.objects.filter(source_id=parcel.id).count() == 1
        assert SandboxCharge.objects.filter(key__startswith=f"capture:{Capture.objects.get(source_id=parcel.id).id}"
                                            ).count() == 1  # fmt: skip

    return [lambda: fulfilment.hand_over(handovers=[handover], actor=SYSTEM, now=ring.now)], check


@race
def handing_over_and_cancelling_all(ring: Ring) -> Race:
    _, line = ring.order(2)
    parcel = shipping.pack(ring.world, (line, 2))
    handover = Handover(parcel.id, tracking_number=ring.world.next("T"))

    def check(answers: list[Any]) -> None:
        line.refresh_from_db()
        assert won(answers) == 1 and line.shipped_qty + line.cancelled_qty == 2, answers

    return [
        lambda: fulfilment.hand_over(handovers=[handover], actor=SYSTEM, now=ring.now),
        lambda: checkout.cancel_lines(rows=[(line.id, 2)], actor=SYSTEM, reason="", now=ring.now),
    ], check


@race
def handing_over_and_unpacking(ring: Ring) -> Race:
    _, line = ring.order(2)
    parcel = shipping.pack(ring.world, (line, 2))
    handover = Handover(parcel.id, tracking_number=ring.world.next("T"))
    return [
        lambda: fulfilment.hand_over(handovers=[handover], actor=SYSTEM, now=ring.now),
        lambda: fulfilment.unpack(parcel_ids=[parcel.id], actor=SYSTEM, now=ring.now),
    ], same(1)


@race
def arrived_and_lost(ring: Ring) -> Race:
    ordered, line = ring.order(2)
    [parcel] = shipping.ship(ring.world, ordered)

    def said(kind: str) -> Act:
        scan = Scan(kind, "carrier", ring.now, ring.world.next("scan"), parcel_id=parcel.id)
        return lambda: fulfilment.record_tracking(events=[scan], now=ring.now)[0]

    def check(answers: list[Any]) -> None:
        line.refresh_from_db()
        assert sum(each in ("delivered", "lost") for each in answers) == 1, answers
        assert line.delivered_qty + line.lost_qty == 2
        assert Refund.objects.filter(source_id=parcel.id).count() == (line.lost_qty > 0)

    return [said("delivered" if number % 2 else "lost") for number in range(THREADS)], check


@race
def asking_for_a_return_twice(ring: Ring) -> Race:
    ordered, line = ring.delivered(1)
    return [
        lambda: returns.request_return(
            order_id=ordered.id, lines=[(line.id, 1)], reason="changed_mind", actor=SYSTEM, now=ring.now
        )
    ], same(1)


@race
def taking_back_and_keeping(ring: Ring) -> Race:
    case, line = ring.back()
    back = [returns.Received(line.id, 1, "restock")]
    return [
        lambda: returns.receive_return(case_id=case.id, received=back, actor=SYSTEM, now=ring.now),
        lambda: returns.cancel_return(case_id=case.id, actor=SYSTEM, now=ring.now),
    ], same(1)


@race
def giving_back_twice(ring: Ring) -> Race:
    case, line = ring.back()
    back = [returns.Received(line.id, 1, "restock")]
    returns.receive_return(case_id=case.id, received=back, actor=SYSTEM, now=ring.now)

    def check(answers: list[Any]) -> None:
        [refund] = Refund.objects.filter(source_id=case.id)
        assert SandboxCharge.objects.filter(key__startswith=f"refund:{refund.id}").count() == 1
        assert refund.state == "done" and sum(isinstance(each, list) and len(each) for each in answers) == 1, answers

    return [lambda: returns.refund(case_ids=[case.id], actor=SYSTEM, now=ring.now)], check


def _due(ring: Ring) -> Any:
    """Something is due to the seller."""
    ring.delivered()
    ring.world.pass_time(days=14)
    return ring.now.replace(hour=0)


@race
def settling_twice(ring: Ring) -> Race:
    until = _due(ring)

    def check(answers: list[Any]) -> None:
        assert won(answers) == len(answers), answers
        assert Statement.objects.filter(period_until=until, seller=ring.seller, currency="EUR").count() == 1

    return [lambda: settling.settle(until=until, now=ring.now, actor=SYSTEM)], check


@race
def paying_out_twice(ring: Ring) -> Race:
    statements = settling.settle(until=_due(ring), now=ring.now, actor=SYSTEM)

    def check(answers: list[Any]) -> None:
        owed = [each.id for each in statements if each.payable_minor > 0]
        assert won(answers) == len(answers) and owed, answers
        assert Payout.objects.filter(statement_id__in=owed).count() == len(owed)

    return [lambda: settling.pay_out(now=ring.now, actor=SYSTEM)], check


@race
def a_payout_that_arrives_and_comes_back(ring: Ring) -> Race:
    settling.settle(until=_due(ring), now=ring.now, actor=SYSTEM)
    settling.pay_out(now=ring.now, actor=SYSTEM)
    sent = list(Payout.objects.filter(state="in_transit").values_list("id", flat=True))

    def check(answers: list[Any]) -> None:
        assert sum(answers) == len(sent) > 0, answers

    return [
        lambda: settling.confirm_payouts(payout_ids=sent, now=ring.now, actor=SYSTEM),
        lambda: settling.fail_payouts(payout_ids=sent, reason="account closed", now=ring.now, actor=SYSTEM),
    ], check


@race
def one_request_under_one_key(ring: Ring) -> Race:
    done: list[int] = []
    key = ring.world.next("request")

    def act() -> tuple[int, Any]:
        done.append(1)
        return 200, {"done": True}

    def check(answers: list[Any]) -> None:
        assert len(done) == 1, answers
        assert {getattr(each, "code", each) for each in map(_plain, answers)} <= {"idempotency.running", "done"}

    return [lambda: idempotency.once(principal="p", key=key, body={}, now=ring.now, act=act)], check


def _plain(answer: Any) -> Any:
    return "done" if answer == (200, {"done": True}) else answer


@pytest.mark.parametrize("build", RACES, ids=lambda build: build.__name__)
def test_a_race(ring: Ring, build: Callable[[Ring], Race]) -> None:
    for _ in range(ROUNDS):
        ring.world.pass_time(minutes=1)
        acts, check = build(ring)
        check(ring.at_once(acts))
    ring.world.pass_time(minutes=40)
    for job in (checkout.sweep_payments, checkout.expire_holds, fulfilment.sweep_captures, fulfilment.sweep_refunds):
        job(now=ring.now)
    # No relay tells what happened while days pass, and the world admits its sellers without the flow.
    shopping.assert_sound(ring.world, "I34", "I38")
    figures.say(f"{build.__name__}: {THREADS * ROUNDS} requests at once in {ROUNDS} rounds, none double")
