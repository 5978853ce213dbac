"""What comes back: whose right it is, where it goes, what it costs whom, and that no unit is refunded twice."""

from datetime import timedelta
from functools import partial

import pytest

import documents
from entrepot.domain.accounts.models import Contact
from entrepot.domain.aftersales import queries as cases
from entrepot.domain.aftersales import rules
from entrepot.domain.aftersales.models import ReturnCase
from entrepot.domain.aftersales.services import WrongState
from entrepot.domain.inventory.models import Stock
from entrepot.domain.logistics.models import Parcel
from entrepot.domain.orders.models import OrderEvent, OrderLine
from entrepot.domain.payments.models import Payment, Refund
from entrepot.domain.terms.rules import Cause, Party
from entrepot.flows import fulfilment, returns
from entrepot.flows.returns import BeyondDelivered, Received, WindowOver
from entrepot.kernel import media
from entrepot.kernel.actors import SYSTEM, Actor
from entrepot.kernel.errors import Denied, Invalid, NotFound, Refused
from entrepot.kernel.models import OutboxEvent
from shipping import deliver, hand_over, lines_of, movements, order, pack, run_at_once, scan


def ask(world, line: OrderLine, units: int, reason: str = "defective", actor: Actor = SYSTEM, **fields) -> ReturnCase:
    [case] = returns.request_return(
        order_id=line.order_id, lines=[(line.id, units)], reason=reason, actor=actor, now=world.now, **fields
    )
    return case


def take_back(world, case: ReturnCase, line: OrderLine, units: int, disposition: str = "restock") -> ReturnCase:
    return returns.receive_return(
        case_id=case.id, received=[Received(line.id, units, disposition)], actor=SYSTEM, now=world.now
    )


def bring(world, units: int = 3, price: str = "9.99", stock: int = 5, **seller):
    """A delivered order of one line."""
    offer = world.offer(world.seller(**seller), price=price, stock=stock)
    ordered = order(world, (offer, units))
    deliver(world, ordered)
    return ordered, lines_of(ordered)[0]


def test_a_return_goes_from_the_wish_to_the_refund(world):
    ordered, line = bring(world)
    world.pass_time(days=5)
    case = ask(world, line, 2, note="the handle came off")
    assert (case.state, case.cause) == ("requested", "quality")
    assert (case.liable_party, case.handler_party, case.freight_party) == ("seller", "seller", "seller")
    assert (case.node_id, case.return_to_id) == (line.suborder.node_id, line.suborder.node.address_id)

    name = returns.send_label(case_id=case.id, actor=SYSTEM, now=world.now)
    text = documents.pdf_text(media.read(name))
    assert "Jürgen Groß" in text and "1 Dock Road" in text and case.number in text
    assert returns.send_label(case_id=case.id, actor=SYSTEM, now=world.now) == name
    parcel = Parcel.objects.get(direction="return")
    case.refresh_from_db()
    assert case.freight_cost_minor == parcel.cost_minor == 450  # 800 g on the flat home rate

    world.pass_time(days=1)
    assert scan(world, "in_transit", parcel) == ["recorded"]
    assert cases.get_case(case_id=case.id).state == "in_transit"
    world.pass_time(days=2)
    case = take_back(world, case, line, 2)
    assert (case.state, case.received_at) == ("received", world.now)
    assert movements(line)[1:] == [(line.sku.code, "returned", 2)]
    assert Stock.objects.get().on_hand == 5 - 3 + 2
    assert Parcel.objects.get(direction="return").state == "delivered"

    world.pass_time(hours=1)
    assert returns.refund(case_ids=[case.id], actor=SYSTEM, now=world.now) == [case.id]
    case.refresh_from_db()
    payment, refund = Payment.objects.get(), Refund.objects.get()
    assert (case.state, case.refunded_at) == ("refunded", world.now)
    assert refund.amount_minor == payment.refunded_minor == pytest.approx(ordered.total_minor * 2 / 3, abs=3)
    line.refresh_from_db()
    assert line.returned_qty == 2
    told = OutboxEvent.objects.filter(topic__startswith="return.").order_by("created_at")
    assert [event.topic for event in told] == ["return.requested", "return.refunded"]
    kinds = OrderEvent.objects.filter(line=line).order_by("occurred_at").values_list("kind", "quantity")
    assert list(kinds)[-3:] == [("return_requested", 2), ("return_received", 2), ("refunded", 2)]
    with pytest.raises(WrongState):
        returns.refund(case_ids=[case.id], actor=SYSTEM, now=world.now)


def test_partial_returns_sum_to_what_was_paid(world):
    ordered, line = bring(world, units=3)
    for units in (1, 2):
        case = ask(world, line, units)
        take_back(world, case, line, units)
        returns.refund(case_ids=[case.id], actor=SYSTEM, now=world.now)
    payment = Payment.objects.get()
    assert payment.refunded_minor == payment.captured_minor == ordered.total_minor
    with pytest.raises(BeyondDelivered):
        ask(world, line, 1)


def test_only_what_came_back_is_refunded(world):
    _, line = bring(world, units=3)
    case = ask(world, line, 3)
    take_back(world, case, line, 2)
    returns.refund(case_ids=[case.id], actor=SYSTEM, now=world.now)
    two_thirds = Payment.objects.get().refunded_minor
    assert [(part.quantity, part.received_qty) for part in cases.list_lines(case_ids=[case.id])[case.id]] == [
        (2, 2), (1, 0),
    ]  # fmt: skip
    late = ask(world, line, 1)
    take_back(world, late, line, 1)
    returns.refund(case_ids=[late.id], actor=SYSTEM, now=world.now)
    payment = Payment.objects.get()
    assert two_thirds < payment.refunded_minor == payment.captured_minor


def test_no_unit_is_asked_for_twice_and_none_that_did_not_arrive(world):
    offer = world.offer(world.seller())
    ordered = order(world, (offer, 4))
    [line] = lines_of(ordered)
    parcels = [pack(world, (line, units)) for units in (1, 2, 1)]
    hand_over(world, *parcels)
    with pytest.raises(BeyondDelivered):
        ask(world, line, 1)
    scan(world, "lost", parcels[1])
    scan(world, "delivered", parcels[0], parcels[2])
    case = ask(world, line, 2)
    assert [part.first_unit for part in cases.list_lines(case_ids=[case.id])[case.id]] == [0, 3]
    with pytest.raises(BeyondDelivered):
        ask(world, line, 1)
    returns.cancel_return(case_id=case.id, actor=SYSTEM, now=world.now)
    case = ask(world, line, 2)
    take_back(world, case, line, 2)
    returns.refund(case_ids=[case.id], actor=SYSTEM, now=world.now)
    payment = Payment.objects.get()
    assert payment.refunded_minor == payment.captured_minor == ordered.total_minor


def test_the_window_of_the_terms_closes(world):
    _, line = bring(world)
    delivered_at = world.now
    world.now = delivered_at + timedelta(days=30)
    returns.cancel_return(case_id=ask(world, line, 1).id, actor=SYSTEM, now=world.now)
    world.pass_time(seconds=1)
    with pytest.raises(WindowOver) as refusal:
        ask(world, line, 1)
    assert refusal.value.values["days"] == 30


def test_only_who_has_a_right_to_the_order_asks(world):
    ordered, line = bring(world)
    guest, stranger = Actor(label="guest", role="guest"), Actor(label="eve", user_id=world.user().id, role="shopper")
    seller = world.seller_actor(line.seller)
    for actor, token in ((guest, ""), (guest, "x" * 43), (stranger, ""), (seller, "")):
        with pytest.raises(NotFound):
            ask(world, line, 1, actor=actor, access_token=token)
    case = ask(world, line, 1, actor=guest, access_token=ordered.access_token)
    for actor in (guest, stranger):
        for attempt in (
            lambda actor=actor: returns.send_label(case_id=case.id, actor=actor, now=world.now),
            lambda actor=actor: returns.cancel_return(case_id=case.id, actor=actor, now=world.now),
            lambda actor=actor: returns.refund(case_ids=[case.id], actor=actor, now=world.now),
        ):
            with pytest.raises(NotFound):
                attempt()
    assert returns.send_label(case_id=case.id, actor=guest, now=world.now, access_token=ordered.access_token)

    shopper = world.user()
    own = order(world, (line.offer, 1), user_id=shopper.id)
    deliver(world, own)
    [own_line] = lines_of(own)
    with pytest.raises(NotFound):
        ask(world, own_line, 1, actor=guest, access_token=own.access_token)
    ask(world, own_line, 1, actor=Actor(label="ada", user_id=shopper.id, role="shopper"))
    with pytest.raises(NotFound):  # a line of another order under an order of one's own
        returns.request_return(order_id=own.id, lines=[(line.id, 1)], reason="defective", actor=SYSTEM, now=world.now)


def test_only_who_handles_the_return_receives_and_refunds_it(world):
    _, line = bring(world)
    case = ask(world, line, 1)
    stranger, seller = world.seller_actor(world.seller()), world.seller_actor(line.seller)
    received = [Received(line.id, 1, "restock")]
    with pytest.raises(NotFound):
        returns.receive_return(case_id=case.id, received=received, actor=stranger, now=world.now)
    seller.verbs.pop("returns.handle")
    with pytest.raises(Denied):
        returns.receive_return(case_id=case.id, received=received, actor=seller, now=world.now)
    seller = world.seller_actor(line.seller)
    returns.receive_return(case_id=case.id, received=received, actor=seller, now=world.now)
    with pytest.raises(NotFound):
        returns.refund(case_ids=[case.id], actor=stranger, now=world.now)
    assert returns.refund(case_ids=[case.id], actor=seller, now=world.now) == [case.id]
    assert cases.list_cases(seller_id=stranger.organisation_id) == []
    with pytest.raises(NotFound):
        cases.get_case(case_id=case.id, seller_id=stranger.organisation_id)


@pytest.mark.parametrize(
    ("disposition", "kinds", "conditions"),
    [
        ("restock", [("returned", 2)], {"new": 4}),
        ("to_owner", [("returned", 2)], {"new": 2, "opened": 2}),
        ("discard", [("returned", 2), ("discarded", -2)], {"new": 2, "damaged": 0}),
    ],
)
def test_what_becomes_of_units_is_a_movement(world, disposition, kinds, conditions):
    _, line = bring(world)
    case = ask(world, line, 2)
    take_back(world, case, line, 2, disposition)
    assert sorted(row[1:] for row in movements(line)[1:]) == sorted(kinds)
    assert {row.condition: row.on_hand for row in Stock.objects.all()} == conditions


def test_what_is_not_worth_its_way_back_is_kept_and_refunded(world):
    ordered, line = bring(world, units=3, price="4.00", programme="temu-full")  # under ten euros a case
    case = ask(world, line, 1)
    assert (case.state, case.received_at) == ("received", world.now)
    assert [row[1:] for row in movements(line)] == [("shipped", -3)]
    assert returns.refund(case_ids=[case.id], actor=SYSTEM, now=world.now) == [case.id]
    dear = ask(world, line, 2)
    assert dear.state == "requested"
    take_back(world, dear, line, 2, "kept")
    returns.refund(case_ids=[dear.id], actor=SYSTEM, now=world.now)
    assert Payment.objects.get().refunded_minor == ordered.total_minor
    assert len(movements(line)) == 1


def test_units_of_one_case_may_go_different_ways(world):
    _, line = bring(world)
    case = ask(world, line, 3)
    returns.receive_return(
        case_id=case.id,
        received=[Received(line.id, 1, "restock"), Received(line.id, 2, "discard")],
        actor=SYSTEM,
        now=world.now,
    )
    parts = cases.list_lines(case_ids=[case.id])[case.id]
    assert [(part.first_unit, part.received_qty, part.disposition) for part in parts] == [
        (0, 1, "restock"), (1, 2, "discard"),
    ]  # fmt: skip


def test_a_returned_kit_comes_back_as_its_components(world):
    seller = world.seller()
    mug, spoon = world.offer(seller, stock=10), world.offer(seller, stock=10, title="Spoon")
    ordered = order(world, (world.kit(seller, {mug.sku: 2, spoon.sku: 3}), 2))
    deliver(world, ordered)
    [line] = lines_of(ordered)
    take_back(world, ask(world, line, 1), line, 1)
    assert sorted(movements(line)[2:]) == sorted([(mug.sku.code, "returned", 2), (spoon.sku.code, "returned", 3)])


def test_an_inspection_has_to_say_what_becomes_of_a_unit(world):
    _, line = bring(world)
    case = ask(world, line, 2)
    for received in ([Received(line.id, 1)], [Received(line.id, 1, "eaten")], [], [Received(line.id, 0, "restock")]):
        with pytest.raises(Invalid):
            returns.receive_return(case_id=case.id, received=received, actor=SYSTEM, now=world.now)
    with pytest.raises(BeyondDelivered):
        take_back(world, case, line, 3)
    assert cases.get_case(case_id=case.id).state == "requested"


def test_terms_that_give_goods_back_to_the_owner_need_not_be_asked(world):
    _, line = bring(world, programme="self-managed")
    case = ask(world, line, 1)
    returns.receive_return(case_id=case.id, received=[Received(line.id, 1)], actor=SYSTEM, now=world.now)
    [part] = cases.list_lines(case_ids=[case.id])[case.id]
    assert part.disposition == "to_owner"


@pytest.mark.parametrize(
    ("programme", "reason", "liable", "handler"),
    [
        ("fully-managed", "changed_mind", "platform", "platform"),
        ("fully-managed", "not_as_described", "seller", "platform"),
        ("semi-managed-platform-logistics", "arrived_late", "platform", "platform"),
        ("semi-managed-local-stock", "damaged", "platform", "seller"),
        ("self-managed", "changed_mind", "seller", "seller"),
    ],
)
def test_who_answers_and_who_handles_follows_from_the_lines_terms(world, programme, reason, liable, handler):
    world.node("returns-de", operator=world.operator, kind="platform_overseas", country="DE")
    _, line = bring(world, programme=programme)
    case = ask(world, line, 1, reason=reason)
    assert (case.liable_party, case.handler_party) == (liable, handler)
    operator = case.node.operator_id == world.operator.id
    assert operator == (handler == "platform")
    take_back(world, case, line, 1)
    assert returns.refund(case_ids=[case.id], actor=SYSTEM, now=world.now) == [case.id]


def test_goods_go_back_to_a_node_of_the_handler_near_the_shopper(world):
    near, far, theirs, other = (world.user().id for _ in range(4))
    seller, operator = world.user().id, world.user().id
    places = [
        rules.Place(far, "CN", "operator", operator),
        rules.Place(near, "DE", "operator", operator),
        rules.Place(theirs, "CN", "seller", seller),
        rules.Place(other, "DE", "seller", operator),
    ]

    def chosen(handler: Party, shipped_from=far):
        return rules.choose_place(handler, places, shipped_from=shipped_from, seller_id=seller, country="DE")

    assert chosen(Party.PLATFORM) == near
    assert chosen(Party.SELLER) == theirs
    assert chosen(Party.THIRD_PARTY) == far


def test_every_reason_is_a_cause_that_terms_know():
    assert set(rules.CAUSES) == set(ReturnCase.Reason.values)
    assert set(rules.CAUSES.values()) <= set(Cause)
    assert set(rules.NEXT) == set(ReturnCase.State.values)


def test_a_reason_that_nobody_knows_is_invalid(world):
    _, line = bring(world)
    with pytest.raises(Invalid):
        ask(world, line, 1, reason="bored")
    for units in (0, -1):
        with pytest.raises(Invalid):
            ask(world, line, units)


def test_an_unanswered_refund_is_swept(world):
    offer = world.offer(world.seller())
    ordered = order(world, (offer, 1), instrument="cut_capture")
    [line] = lines_of(ordered)
    hand_over(world, parcel := pack(world, (line, 1)))
    world.pass_time(minutes=6)
    fulfilment.sweep_captures(now=world.now)
    scan(world, "delivered", parcel)
    case = ask(world, line, 1)
    take_back(world, case, line, 1)
    assert returns.refund(case_ids=[case.id], actor=SYSTEM, now=world.now) == []
    assert (Refund.objects.get().state, cases.get_case(case_id=case.id).state) == ("unknown", "received")
    world.pass_time(minutes=6)
    assert returns.sweep_refunds(now=world.now) == 1
    assert cases.get_case(case_id=case.id).state == "refunded"
    assert Payment.objects.get().refunded_minor == ordered.total_minor


def test_money_that_was_never_taken_is_not_given_back(world):
    offer = world.offer(world.seller())
    ordered = order(world, (offer, 1), instrument="decline_capture")
    deliver(world, ordered)
    [line] = lines_of(ordered)
    case = ask(world, line, 1)
    take_back(world, case, line, 1)
    with pytest.raises(Refused):
        returns.refund(case_ids=[case.id], actor=SYSTEM, now=world.now)
    assert not Refund.objects.exists()


def test_wishes_and_refunds_that_race_count_once(world):
    ordered, line = bring(world, units=2)
    came = run_at_once(*[lambda: ask(world, line, 1)] * 5)
    made = [each for each in came if isinstance(each, ReturnCase)]
    assert len(made) == 2
    assert all(isinstance(each, BeyondDelivered) for each in came if each not in made)
    run_at_once(*[lambda: take_back(world, made[0], line, 1)] * 3)
    line.refresh_from_db()
    assert line.returned_qty == 1
    take_back(world, made[1], line, 1)
    run_at_once(*[partial(returns.refund, case_ids=[case.id], actor=SYSTEM, now=world.now) for case in made] * 3)
    payment = Payment.objects.get()
    assert payment.refunded_minor == payment.captured_minor == ordered.total_minor
    assert Refund.objects.count() == 2


def test_a_cancelled_wish_lets_go_of_its_label(world):
    _, line = bring(world)
    case = ask(world, line, 1)
    returns.send_label(case_id=case.id, actor=SYSTEM, now=world.now)
    returns.cancel_return(case_id=case.id, actor=SYSTEM, now=world.now)
    assert Parcel.objects.get(direction="return").state == "cancelled"
    for attempt in (
        lambda: returns.send_label(case_id=case.id, actor=SYSTEM, now=world.now),
        lambda: take_back(world, case, line, 1),
        lambda: returns.cancel_return(case_id=case.id, actor=SYSTEM, now=world.now),
    ):
        with pytest.raises(WrongState):
            attempt()


def test_the_desk_of_a_node_sees_its_cases(world):
    _, line = bring(world, programme="fully-managed")
    case = ask(world, line, 1)
    assert [each.id for each in cases.list_cases(operator_id=world.operator.id)] == [case.id]
    assert cases.list_cases(operator_id=line.seller_id) == []
    assert [each.id for each in cases.list_cases(seller_id=line.seller_id, states=["requested"])] == [case.id]
    assert cases.get_case(number=case.number, operator_id=world.operator.id).id == case.id
    assert Contact.objects.filter(id=case.return_to_id, city="Porttown").exists()
