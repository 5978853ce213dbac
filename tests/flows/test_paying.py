"""Whoever brings the provider's answer first completes the checkout, once; what was left open is swept up."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from entrepot.domain.inventory.models import Hold, Stock
from entrepot.domain.orders.models import Order, OrderEvent, OrderLine, Suborder, WorkItem
from entrepot.domain.payments.models import Capture, Payment, ProviderEvent, SandboxCharge, Void
from entrepot.domain.payments.providers import Act
from entrepot.domain.payments.providers.sandbox import SandboxCrash
from entrepot.flows import checkout, paying
from entrepot.flows.checkout import Declined, Placed, Waiting
from entrepot.kernel.models import AuditEntry, OutboxEvent
from shopping import order, place, publish_variant, refused, request, sandbox

LOCAL = "semi-managed-local-stock"


def deliver(world, **claims):
    """Every message that the sandbox has to send, sent."""
    return [
        outcome
        for headers, body in sandbox().messages(world.now)
        for outcome in checkout.receive_webhook(provider="sandbox", headers=headers, body=body, now=world.now)
    ]


def message_of(world, **claims):
    """A signed message about the one authorisation, with other claims."""
    return sandbox().message(SandboxCharge.objects.get(act="authorise"), world.now, **claims)


def test_a_message_places_what_was_waiting(world):
    offer = world.offer(world.seller(), stock=3)
    [waiting] = place(world, request("one", (offer, 1), instrument="slow"))
    assert isinstance(waiting, Waiting)
    world.pass_time(seconds=30)
    assert deliver(world) == ["approved"]
    [placed] = place(world, request("one", (offer, 1), instrument="slow"))
    assert isinstance(placed, Placed)
    assert placed.order_id == waiting.order_id
    assert Hold.objects.get().expires_at is None
    assert WorkItem.objects.count() == 1


def test_a_message_declines_what_was_waiting(world):
    offer = world.offer(world.seller(), stock=3)
    place(world, request("one", (offer, 1), instrument="slow_decline"))
    world.pass_time(seconds=30)
    assert deliver(world) == ["declined"]
    assert (Order.objects.get().state, Payment.objects.get().decline_reason) == ("declined", "card_declined")
    assert Stock.objects.get().reserved == 0


def test_a_doubled_message_takes_effect_once(world):
    order(world, (world.offer(world.seller()), 1), instrument="duplicate")
    messages = sandbox().messages(world.now)
    assert len(messages) == 2
    for headers, body in messages:
        checkout.receive_webhook(provider="sandbox", headers=headers, body=body, now=world.now)
    event = ProviderEvent.objects.get()
    assert (event.outcome, event.processed_at) == ("approved", world.now)
    assert OrderEvent.objects.filter(kind="placed").count() == 1
    assert OutboxEvent.objects.filter(topic="order.placed").count() == 1


@pytest.mark.parametrize(
    "claims",
    [
        {"amount_minor": 1},
        {"currency": "USD"},
        {"account": "another shop"},
        {"mode": "live"},
        {"key": "authorise:01900000-0000-7000-8000-000000000000:1"},
        {"key": "authorise:nonsense:1"},
        {"key": "capture:01900000-0000-7000-8000-000000000000:1"},
    ],
)
def test_a_genuine_message_that_is_not_about_this_payment_does_nothing(world, claims):
    place(world, request("one", (world.offer(world.seller()), 1), instrument="slow"))
    world.pass_time(seconds=30)
    headers, body = message_of(world, **claims)
    [outcome] = checkout.receive_webhook(provider="sandbox", headers=headers, body=body, now=world.now)
    assert outcome in ("does_not_agree", "unknown_payment", "not_acted_on")
    assert Order.objects.get().state == "pending"


def test_a_forged_message_is_not_even_kept(world):
    place(world, request("one", (world.offer(world.seller()), 1), instrument="slow_decline"))
    world.pass_time(seconds=30)
    headers, body = message_of(world, kind="authorise.approved")
    with refused("payments.bad_webhook"):
        checkout.receive_webhook(provider="sandbox", headers=headers, body=body + b" ", now=world.now)
    assert ProviderEvent.objects.count() == 0


def test_a_message_that_says_more_than_the_book_is_no_payment(world):
    place(world, request("one", (world.offer(world.seller()), 1), instrument="slow_decline"))
    world.pass_time(seconds=30)
    headers, body = message_of(world, kind="authorise.approved", state="approved")
    checkout.receive_webhook(provider="sandbox", headers=headers, body=body, now=world.now)
    assert Order.objects.get().state == "declined"


@pytest.mark.parametrize("first", ["message", "sweep", "replay"])
def test_message_sweep_and_replay_end_alike_in_any_order(world, first):
    offer = world.offer(world.seller(), stock=3)
    wanted = request("one", (offer, 1), instrument="slow")
    place(world, wanted)
    world.pass_time(minutes=2)
    acts = {
        "message": lambda: deliver(world),
        "sweep": lambda: checkout.sweep_payments(now=world.now),
        "replay": lambda: place(world, wanted),
    }
    for name in [first, *(each for each in acts if each != first)]:
        acts[name]()
    assert isinstance(place(world, wanted)[0], Placed)
    assert OrderEvent.objects.filter(kind="placed").count() == 1
    assert WorkItem.objects.count() == 1


def test_a_cut_line_is_resolved_by_asking_again(world):
    offer = world.offer(world.seller(), stock=3)
    answers = place(
        world,
        request("a", (offer, 1), instrument="cut"),
        request("b", (offer, 1), instrument="cut_decline"),
        request("c", (offer, 1), instrument="unreachable"),
    )
    assert all(isinstance(each, Waiting) for each in answers)
    assert checkout.sweep_payments(now=world.now) == 0
    world.pass_time(minutes=2)
    assert checkout.sweep_payments(now=world.now) == 3
    states = dict(Order.objects.values_list("checkout_key", "state"))
    assert states == {"a": "placed", "b": "declined", "c": "declined"}
    assert Payment.objects.get(instrument="unreachable").decline_reason == "abandoned"
    assert SandboxCharge.objects.filter(act="authorise").count() == 2
    assert Stock.objects.get().reserved == 1
    assert checkout.sweep_payments(now=world.now) == 0


def test_a_shopper_who_asks_again_after_a_cut_line_is_charged_once(world):
    wanted = request("a", (world.offer(world.seller()), 1), instrument="cut")
    assert isinstance(place(world, wanted)[0], Waiting)
    assert isinstance(place(world, wanted)[0], Placed)
    assert SandboxCharge.objects.count() == 1


def test_a_crash_before_the_provider_was_asked_charges_nobody(world, monkeypatch):
    offer = world.offer(world.seller(), stock=2)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(type(sandbox()), "ask", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        place(world, request("one", (offer, 2)))
    assert (Order.objects.get().state, Payment.objects.get().state) == ("pending", "about_to")
    world.pass_time(minutes=2)
    checkout.sweep_payments(now=world.now)
    assert Order.objects.get().state == "declined"
    assert SandboxCharge.objects.count() == 0
    assert isinstance(place(world, request("one", (offer, 2)))[0], Declined)
    order(world, (offer, 2))


def test_success_after_the_hold_ran_out_takes_the_goods_again(world):
    offer = world.offer(world.seller(), stock=1)
    place(world, request("late", (offer, 1), instrument="late"))
    ship_by, promised, parts = Suborder.objects.values_list("ship_by", "promised_until", "segments").get()
    world.pass_time(hours=1)
    assert checkout.expire_holds(now=world.now) == 1
    assert Stock.objects.get().reserved == 0
    world.pass_time(days=3)
    assert deliver(world) == ["approved"]
    assert Order.objects.get().state == "placed"
    assert Stock.objects.get().reserved == 1
    suborder = Suborder.objects.get()
    assert (suborder.ship_by - ship_by).days == (suborder.promised_until - promised).days == 3
    assert WorkItem.objects.get().due_at == suborder.ship_by
    moved = [(date.fromisoformat(now["done_by"]) - date.fromisoformat(then["done_by"])).days
             for then, now in zip(parts, suborder.segments, strict=True)]  # fmt: skip
    assert moved == [3] * len(parts) and parts
    assert suborder.segments[-1]["done_by"] == suborder.promised_until.isoformat()


def test_many_holds_expire_with_a_constant_number_of_statements(world):
    offers = [world.offer(world.seller(), stock=20) for _ in range(3)]

    def statements(orders: int) -> int:
        names = [world.next("late") for _ in range(orders)]
        place(world, *[request(name, *((offer, 1) for offer in offers), instrument="late") for name in names])
        world.pass_time(hours=1)
        with CaptureQueriesContext(connection) as asked:
            assert checkout.expire_holds(now=world.now) == 3 * orders
        return len(asked)

    statements(1)  # the first asks for what is kept afterwards
    assert statements(5) <= statements(1)


def test_success_after_the_goods_went_to_another_is_let_go(world):
    offer = world.offer(world.seller(), stock=1)
    place(world, request("late", (offer, 1), instrument="late"))
    world.pass_time(hours=1)
    checkout.expire_holds(now=world.now)
    order(world, (offer, 1))
    world.pass_time(days=3)
    deliver(world)
    late = Order.objects.get(checkout_key="late")
    payment = Payment.objects.get(reference_id=late.id)
    assert (late.state, payment.state, payment.decline_reason) == ("declined", "declined", "goods_gone")
    assert Void.objects.get().state == "done"
    assert payment.voided_minor == payment.amount_minor
    assert SandboxCharge.objects.get(act="void").amount_minor == payment.amount_minor


def test_success_after_we_stopped_waiting_is_let_go(world):
    offer = world.offer(world.seller(), stock=1)
    place(world, request("late", (offer, 1), instrument="late"))
    Payment.objects.update(created_at=world.now - timedelta(days=4))
    world.pass_time(hours=1)
    checkout.sweep_payments(now=world.now)
    assert Payment.objects.get().decline_reason == "expired"
    world.pass_time(days=3)
    deliver(world)
    assert Void.objects.get().state == "done"
    assert Order.objects.get().state == "declined"


def test_a_bank_transfer_waits_for_the_operator(world):
    offer = world.offer(world.seller(), stock=1)
    [waiting] = place(world, request("one", (offer, 1), provider="manual", instrument=""))
    assert isinstance(waiting, Waiting)
    payment = Payment.objects.get()
    world.pass_time(days=2)
    checkout.sweep_payments(now=world.now)
    assert checkout.expire_holds(now=world.now) == 0
    operator = world.operator_actor()
    with refused("audit.reason_missing"):
        checkout.confirm_payment(payment_id=payment.id, actor=operator, reason=" ", now=world.now)
    checkout.confirm_payment(payment_id=payment.id, actor=operator, reason="statement 7", now=world.now)
    assert Order.objects.get().state == "placed"
    assert AuditEntry.objects.get(verb="payments.confirm").reason == "statement 7"
    with refused("payments.decided"):
        checkout.confirm_payment(payment_id=payment.id, actor=operator, reason="again", now=world.now)


def test_a_bank_transfer_that_never_comes_lets_the_goods_go(world):
    offer = world.offer(world.seller(), stock=1)
    place(world, request("one", (offer, 1), provider="manual", instrument=""))
    world.pass_time(days=8)
    assert checkout.expire_holds(now=world.now) == 1
    world.pass_time(days=7)
    checkout.sweep_payments(now=world.now)
    assert (Order.objects.get().state, Payment.objects.get().decline_reason) == ("declined", "expired")


def test_only_a_bank_transfer_is_confirmed_by_hand(world):
    place(world, request("one", (world.offer(world.seller()), 1), instrument="slow"))
    with refused("payments.not_by_hand"):
        checkout.confirm_payment(
            payment_id=Payment.objects.get().id, actor=world.operator_actor(), reason="no", now=world.now
        )
    with refused("payments.no_webhooks"):
        checkout.receive_webhook(provider="manual", headers={}, body=b"", now=world.now)


@pytest.mark.parametrize(("instrument", "error"), [("crash_after_capture", SandboxCrash), ("cut_capture", None)])
def test_a_capture_that_was_left_open_is_taken_once(world, instrument, error):
    publish_variant(world, LOCAL, "paid-at-order", fulfilment={"capture": "order"})
    offer = world.offer(world.seller(programme="paid-at-order"))
    wanted = request("one", (offer, 1), instrument=instrument)
    if error:
        with pytest.raises(error):
            place(world, wanted)
    else:
        place(world, wanted)
    assert Order.objects.get().state == "placed"
    assert Capture.objects.get().state == ("about_to" if error else "unknown")
    world.pass_time(minutes=2)
    checkout.sweep_payments(now=world.now)
    assert (Capture.objects.get().state, SandboxCharge.objects.filter(act="capture").count()) == ("done", 1)
    assert Payment.objects.get().captured_minor == OrderLine.objects.get().total_minor


def test_a_sweep_passes_over_those_that_wait_and_reaches_the_rest(world):
    offer = world.offer(world.seller(), stock=9)
    place(world, *[request(f"bank{number}", (offer, 1), provider="manual", instrument="") for number in range(4)])
    place(world, request("cut", (offer, 1), instrument="cut"))
    world.pass_time(minutes=2)
    assert checkout.sweep_payments(now=world.now, page=2) == 5
    assert Order.objects.get(checkout_key="cut").state == "placed"


def test_the_operator_tries_a_refused_call_again(world):
    publish_variant(world, LOCAL, "paid-at-order", fulfilment={"capture": "order"})
    offer = world.offer(world.seller(programme="paid-at-order"))
    order(world, (offer, 1), instrument="decline_capture")
    capture = Capture.objects.get()
    assert capture.state == "failed"
    SandboxCharge.objects.filter(act="authorise").update(instrument="approve")
    again = {"act": Act.CAPTURE, "call_ids": [capture.id], "actor": world.operator_actor(), "now": world.now}
    with refused("audit.reason_missing"):
        paying.try_again(**again, reason="")
    assert paying.try_again(**again, reason="the bank was down") == [capture.id]
    assert paying.try_again(**again, reason="once more") == []
    assert Payment.objects.get().captured_minor == Payment.objects.get().amount_minor
    assert AuditEntry.objects.get(verb="payments.capture").reason == "the bank was down"


def test_a_replay_in_a_batch_with_others_is_answered_beside_them(world):
    offer = world.offer(world.seller(), stock=5)
    slow = request("slow", (offer, 1), instrument="slow")
    place(world, slow)
    world.pass_time(seconds=30)
    answers = place(world, slow, replace(slow, checkout_key="new", instrument="approve"))
    assert [type(each) for each in answers] == [Placed, Placed]
