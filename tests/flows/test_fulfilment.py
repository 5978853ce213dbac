"""From a placed order to the shopper's door: who may act, partial parcels, races, captures that fail, lost parcels."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

import documents
from entrepot.domain.accounts.models import Contact
from entrepot.domain.inventory.models import Hold, Movement, Stock
from entrepot.domain.logistics.models import Parcel, ParcelLine, TrackingEvent
from entrepot.domain.logistics.parcels import WrongState
from entrepot.domain.orders import work
from entrepot.domain.orders.models import OrderEvent, OrderLine, Suborder, WorkItem
from entrepot.domain.orders.rules import BeyondQuantity
from entrepot.domain.payments.models import Capture, CaptureLine, Payment, Refund
from entrepot.domain.payments.providers.sandbox import SandboxCrash
from entrepot.flows import checkout, fulfilment
from entrepot.flows.fulfilment import Box, Handover, Scan
from entrepot.kernel import media
from entrepot.kernel.actors import SYSTEM
from entrepot.kernel.errors import Denied, NotFound, Refused
from entrepot.kernel.models import OutboxEvent
from shipping import deliver, hand_over, lines_of, movements, order, pack, run_at_once, scan, ship, work_of


def events(ordered, *, kind: str = "") -> list[tuple[str, int | None]]:
    found = OrderEvent.objects.filter(order=ordered).order_by("occurred_at", "created_at", "id")
    return [(event.kind, event.quantity) for event in found if kind in ("", event.kind)]


def test_an_order_goes_from_work_to_the_door(world):
    seller = world.seller()
    offer = world.offer(seller, stock=5, weight_g=400)
    ordered = order(world, (offer, 2))
    [item], [line] = work_of(ordered), lines_of(ordered)
    actor = world.seller_actor(seller)
    assert (item.state, item.organisation_id, item.due_at) == ("waiting", seller.pk, line.suborder.ship_by)

    world.pass_time(minutes=5)
    fulfilment.accept_work(work_item_ids=[item.id], actor=actor, now=world.now)
    assert work_of(ordered)[0].state == "accepted"
    world.pass_time(minutes=20)
    parcel = pack(world, (line, 2), actor=actor)
    assert (parcel.state, parcel.weight_g, work_of(ordered)[0].state) == ("packed", 800, "packed")

    world.pass_time(hours=3)
    [left] = hand_over(world, parcel, actor=actor)
    assert left.is_captured
    payment = Payment.objects.get(reference_id=ordered.id)
    assert payment.captured_minor == payment.amount_minor == ordered.total_minor
    assert movements(line) == [(offer.sku.code, "shipped", -2)]
    assert Movement.objects.get(subject_id=line.id).source_id == parcel.id
    stock = Stock.objects.get(sku=offer.sku)
    assert (stock.on_hand, stock.reserved) == (3, 0)
    assert Suborder.objects.get(order=ordered).state == "shipped"
    assert (work_of(ordered)[0].state, work_of(ordered)[0].done_at) == ("done", world.now)

    world.pass_time(days=2)
    assert scan(world, "in_transit", parcel) == ["recorded"]
    assert scan(world, "delivered", parcel) == ["delivered"]
    parcel.refresh_from_db()
    assert (parcel.state, parcel.delivered_at) == ("delivered", world.now)
    assert lines_of(ordered)[0].delivered_qty == 2
    assert Suborder.objects.get(order=ordered).state == "delivered"
    assert events(ordered) == [
        ("placed", None), ("accepted", None), ("packed", 2), ("handed_over", 2), ("delivered", 2),
    ]  # fmt: skip
    told = OutboxEvent.objects.filter(topic__startswith="parcel.").order_by("created_at")
    ids = {"order_id": str(ordered.id), "suborder_id": str(line.suborder_id)}
    assert list(told.values_list("topic", "payload")) == [("parcel.handed_over", ids), ("parcel.delivered", ids)]


def test_the_label_carries_the_present_address_and_a_bar_code(world):
    offer = world.offer(world.seller())
    ordered = order(world, (offer, 1))
    parcel = pack(world, (lines_of(ordered)[0], 1))
    name = fulfilment.make_label(parcel_id=parcel.id, actor=SYSTEM, now=world.now)
    text = documents.pdf_text(media.read(name))
    for wanted in (
        "Jürgen Groß",
        "Straße des 17. Juni 135",
        "10623 Berlin",
        "1 Dock Road",
        parcel.number,
        Suborder.objects.get(order=ordered).number,
    ):
        assert wanted in text
    assert fulfilment.make_label(parcel_id=parcel.id, actor=SYSTEM, now=world.now) == name

    checkout.change_address(
        order_id=ordered.id, actor=SYSTEM, now=world.now, reason="moved",
        ship_to={"name": "Erika Muster", "line1": "Neue Gasse 1", "postcode": "80331", "city": "München",
                 "country": "DE"},
    )  # fmt: skip
    with pytest.raises(fulfilment.AddressChanged):
        hand_over(world, parcel)
    again = fulfilment.make_label(parcel_id=parcel.id, actor=SYSTEM, now=world.now)
    assert "Neue Gasse 1" in documents.pdf_text(media.read(again))
    assert hand_over(world, parcel)[0].is_captured
    parcel.refresh_from_db()
    assert Contact.objects.get(id=parcel.destination_id).name == "Erika Muster"
    assert fulfilment.make_label(parcel_id=parcel.id, actor=SYSTEM, now=world.now) == again


def test_parcels_of_odd_cents_sum_to_the_line_whatever_their_order(world):
    offer = world.offer(world.seller(), price="9.99", stock=7, weight_g=90)
    ordered = order(world, (offer, 7))
    [line] = lines_of(ordered)
    sizes = [1, 3, 2]
    parcels = [pack(world, (line, size)) for size in sizes]
    hand_over(world, parcels[2])
    checkout.cancel_lines(rows=[(line.id, 1)], actor=SYSTEM, reason="one less", now=world.now)
    hand_over(world, parcels[0], parcels[1])
    places = {part.parcel_id: part.first_unit for part in ParcelLine.objects.all()}
    assert [places[parcel.id] for parcel in parcels] == [2, 3, 0]
    payment = Payment.objects.get(reference_id=ordered.id)
    assert payment.captured_minor + payment.voided_minor == payment.amount_minor == line.total_minor
    assert payment.voided_minor > 0
    assert {row.quantity for row in CaptureLine.objects.all()} == {1, 2, 3}
    scan(world, "delivered", parcels[1])
    assert Suborder.objects.get(order=ordered).state == "shipped"
    scan(world, "delivered", parcels[0], parcels[2])
    assert Suborder.objects.get(order=ordered).state == "delivered"
    assert sum(parcel.cost_minor for parcel in Parcel.objects.all()) <= line.freight_cost_minor


def test_a_line_in_two_parcels_of_one_hand_over_has_a_movement_for_each(world):
    offer = world.offer(world.seller())
    ordered = order(world, (offer, 3))
    [line] = lines_of(ordered)
    one, two = pack(world, (line, 1)), pack(world, (line, 2))
    hand_over(world, one, two)
    moved = {row.source_id: row.quantity for row in Movement.objects.filter(kind="shipped")}
    assert moved == {one.id: -1, two.id: -2}


def test_no_more_is_packed_than_is_there(world):
    offer = world.offer(world.seller())
    ordered = order(world, (offer, 3))
    [line], [item] = lines_of(ordered), work_of(ordered)
    pack(world, (line, 2))
    for units in (2, 0, -1):
        with pytest.raises(BeyondQuantity):
            pack(world, (line, units))
    with pytest.raises(BeyondQuantity):
        fulfilment.pack(boxes=[Box(item.id, [(line.id, 1), (line.id, 1)])], actor=SYSTEM, now=world.now)
    other = lines_of(order(world, (offer, 1)))[0]
    with pytest.raises(NotFound):
        fulfilment.pack(boxes=[Box(item.id, [(other.id, 1)])], actor=SYSTEM, now=world.now)


def test_a_parcel_that_is_taken_apart_leaves_its_units_to_be_packed(world):
    offer = world.offer(world.seller())
    ordered = order(world, (offer, 2))
    [line] = lines_of(ordered)
    parcel = pack(world, (line, 2))
    fulfilment.unpack(parcel_ids=[parcel.id], actor=SYSTEM, now=world.now)
    assert work_of(ordered)[0].state == "accepted"
    again = pack(world, (line, 2))
    with pytest.raises(WrongState):
        hand_over(world, parcel)
    hand_over(world, again)
    with pytest.raises(WrongState):
        fulfilment.unpack(parcel_ids=[again.id], actor=SYSTEM, now=world.now)
    with pytest.raises((WrongState, BeyondQuantity)):
        hand_over(world, again)
    assert lines_of(ordered)[0].shipped_qty == 2
    assert Capture.objects.count() == 1


def test_units_that_were_cancelled_do_not_leave(world):
    offer = world.offer(world.seller())
    ordered = order(world, (offer, 2))
    [line] = lines_of(ordered)
    parcel = pack(world, (line, 2))
    checkout.cancel_lines(rows=[(line.id, 2)], actor=SYSTEM, reason="no", now=world.now)
    parcel.refresh_from_db()
    assert parcel.state == "cancelled"
    with pytest.raises(Refused):
        hand_over(world, parcel)
    assert work_of(ordered)[0].state == "cancelled"
    assert not Capture.objects.exists()


def test_a_kit_leaves_as_its_components(world):
    seller = world.seller()
    mug, spoon = world.offer(seller, stock=10), world.offer(seller, stock=10, title="Spoon")
    kit = world.kit(seller, {mug.sku: 2, spoon.sku: 3})
    ordered = order(world, (kit, 2), (mug, 1))
    ship(world, ordered)
    by_line = {line.offer_id: line for line in lines_of(ordered)}
    assert sorted(movements(by_line[kit.id])) == sorted(
        [(mug.sku.code, "shipped", -4), (spoon.sku.code, "shipped", -6)]
    )
    left = {row.sku_id: (row.on_hand, row.reserved) for row in Stock.objects.all()}
    assert left == {mug.sku_id: (5, 0), spoon.sku_id: (4, 0)}
    assert not Hold.objects.filter(state="active").exists()


def test_other_organisations_find_nothing(world):
    seller, other = world.seller(), world.seller()
    offer = world.offer(seller)
    ordered = order(world, (offer, 2))
    [line], [item] = lines_of(ordered), work_of(ordered)
    stranger = world.seller_actor(other)
    parcel = pack(world, (line, 1))
    now = world.now
    attempts = [
        lambda: fulfilment.accept_work(work_item_ids=[item.id], actor=stranger, now=now),
        lambda: fulfilment.pack(boxes=[Box(item.id, [(line.id, 1)])], actor=stranger, now=now),
        lambda: fulfilment.unpack(parcel_ids=[parcel.id], actor=stranger, now=now),
        lambda: fulfilment.make_label(parcel_id=parcel.id, actor=stranger, now=now),
        lambda: fulfilment.hand_over(handovers=[Handover(parcel.id)], actor=stranger, now=now),
        lambda: fulfilment.recapture(parcel_ids=[parcel.id], actor=stranger, now=now),
    ]
    for attempt in attempts:
        with pytest.raises(NotFound):
            attempt()
    claim = Scan("delivered", "claim", now, "x", parcel_id=parcel.id)
    assert fulfilment.record_tracking(events=[claim], actor=stranger, now=now) == ["unknown"]
    assert work.list_work(organisation_id=other.pk) == []
    parcel.refresh_from_db()
    assert (parcel.state, parcel.label_media) == ("packed", "")
    fulfilment.accept_work(work_item_ids=[item.id], actor=world.operator_actor(), now=now)
    assert work_of(ordered)[0].accepted_at == now


def test_the_platform_ships_where_it_performs_and_the_seller_does_not(world):
    seller = world.seller(programme="fully-managed")
    ordered = order(world, (world.offer(seller), 1))
    [item], [line] = work_of(ordered), lines_of(ordered)
    box = Box(item.id, [(line.id, 1)])
    with pytest.raises(NotFound):
        fulfilment.pack(boxes=[box], actor=world.seller_actor(seller), now=world.now)
    partner = world.actor(world.partner(), "partner.warehouse")
    with pytest.raises(NotFound):
        fulfilment.pack(boxes=[box], actor=partner, now=world.now)
    desk = world.operator_actor("operator.warehouse")
    [parcel] = fulfilment.pack(boxes=[box], actor=desk, now=world.now)
    assert hand_over(world, parcel, actor=desk)[0].is_captured


def test_a_role_without_the_verb_is_denied(world):
    seller = world.seller()
    ordered = order(world, (world.offer(seller), 1))
    actor = world.seller_actor(seller)
    actor.verbs.pop("work.perform")
    with pytest.raises(Denied):
        fulfilment.accept_work(work_item_ids=[work_of(ordered)[0].id], actor=actor, now=world.now)


def test_a_claim_is_kept_and_does_not_count(world):
    seller = world.seller()
    ordered = order(world, (world.offer(seller), 1))
    [parcel] = ship(world, ordered)
    actor = world.seller_actor(seller)
    claim = Scan("delivered", "claim", world.now, "mine", parcel_id=parcel.id)
    assert fulfilment.record_tracking(events=[claim], actor=actor, now=world.now) == ["recorded"]
    with pytest.raises(Denied):
        fulfilment.record_tracking(
            events=[Scan("delivered", "carrier", world.now, "k", parcel_id=parcel.id)], actor=actor, now=world.now
        )
    assert lines_of(ordered)[0].delivered_qty == 0
    assert TrackingEvent.objects.filter(parcel=parcel, origin="claim", kind="delivered").exists()


def test_scans_come_twice_early_late_and_of_strangers(world):
    offer = world.offer(world.seller())
    ordered = order(world, (offer, 2))
    [line] = lines_of(ordered)
    gone, packed = pack(world, (line, 1)), pack(world, (line, 1))
    hand_over(world, gone)
    gone.refresh_from_db()
    by_number = {"carrier": gone.carrier, "tracking_number": gone.tracking_number}
    said = [
        Scan("in_transit", "carrier", world.now, "1", **by_number),
        Scan("delivered", "carrier", world.now + timedelta(days=9), "2", **by_number),
        Scan("delivered", "carrier", world.now, "2", parcel_id=gone.id),
        Scan("lost", "carrier", world.now, "3", parcel_id=gone.id),
        Scan("delivered", "carrier", world.now, "1", parcel_id=packed.id),
        Scan("delivered", "carrier", world.now, "1", carrier="nobody", tracking_number="T"),
    ]
    assert fulfilment.record_tracking(events=said, now=world.now) == [
        "recorded", "delivered", "known", "recorded", "too_early", "unknown",
    ]  # fmt: skip
    assert fulfilment.record_tracking(events=said[:3], now=world.now) == ["known"] * 3
    gone.refresh_from_db()
    assert (gone.state, gone.delivered_at) == ("delivered", world.now)  # nobody delivers in the future
    assert lines_of(ordered)[0].delivered_qty == 1


def test_a_refused_capture_is_seen_and_tried_anew(world):
    offer = world.offer(world.seller())
    ordered = order(world, (offer, 1), instrument="decline_capture")
    parcel = pack(world, (lines_of(ordered)[0], 1))
    [left] = hand_over(world, parcel)
    assert not left.is_captured
    assert Capture.objects.get().state == "failed"
    parcel.refresh_from_db()
    assert parcel.state == "handed_over"
    assert fulfilment.recapture(parcel_ids=[parcel.id], actor=SYSTEM, now=world.now) == 0
    assert Capture.objects.get().attempt == 2


def test_an_unanswered_capture_is_swept(world):
    offer = world.offer(world.seller())
    ordered = order(world, (offer, 1), instrument="cut_capture")
    ship(world, ordered)
    assert Capture.objects.get().state == "unknown"
    assert fulfilment.sweep_captures(now=world.now) == 0
    world.pass_time(minutes=6)
    assert fulfilment.sweep_captures(now=world.now) == 1
    payment = Payment.objects.get(reference_id=ordered.id)
    assert (Capture.objects.get().state, payment.captured_minor) == ("done", ordered.total_minor)


def test_a_process_that_dies_after_the_capture_leaves_it_to_the_sweep(world):
    offer = world.offer(world.seller())
    ordered = order(world, (offer, 1), instrument="crash_after_capture")
    parcel = pack(world, (lines_of(ordered)[0], 1))
    with pytest.raises(SandboxCrash):
        hand_over(world, parcel)
    assert (Parcel.objects.get().state, Capture.objects.get().state) == ("handed_over", "about_to")
    world.pass_time(minutes=6)
    Payment.objects.update(instrument="approve")
    fulfilment.sweep_captures(now=world.now)
    assert Payment.objects.get().captured_minor == ordered.total_minor


def test_a_lost_parcel_gives_its_money_back(world):
    offer = world.offer(world.seller(), price="9.99")
    ordered = order(world, (offer, 3))
    [line] = lines_of(ordered)
    lost, fine = pack(world, (line, 1)), pack(world, (line, 2))
    hand_over(world, fine)
    hand_over(world, lost)
    scan(world, "delivered", fine)
    assert scan(world, "lost", lost) == ["lost"]
    line.refresh_from_db()
    assert (line.delivered_qty, line.lost_qty, line.suborder.state) == (2, 1, "delivered")
    refund, capture = Refund.objects.get(), Capture.objects.get(source_id=lost.id)
    assert (refund.state, refund.reason, refund.amount_minor) == ("done", "lost", capture.amount_minor)
    assert events(ordered, kind="refunded") == [("refunded", 1)]
    assert scan(world, "delivered", lost) == ["recorded"]
    assert OrderLine.objects.get().delivered_qty == 2


def test_money_that_comes_after_the_loss_goes_back(world):
    offer = world.offer(world.seller())
    ordered = order(world, (offer, 1), instrument="cut_capture")
    [parcel] = ship(world, ordered)
    scan(world, "lost", parcel)
    assert not Refund.objects.exists()
    world.pass_time(minutes=6)
    fulfilment.sweep_captures(now=world.now)
    refund = Refund.objects.get()
    assert (refund.state, refund.amount_minor) == ("about_to", ordered.total_minor)
    for _ in range(2):  # the first answer is cut off, too
        world.pass_time(minutes=6)
        fulfilment.sweep_refunds(now=world.now)
    assert Payment.objects.get().refunded_minor == ordered.total_minor


def test_lateness_is_recorded_once_with_who_is_liable(world):
    seller = world.seller()
    ordered = order(world, (world.offer(seller), 1))
    [item] = work_of(ordered)
    world.now = item.due_at
    assert fulfilment.mark_late(now=world.now) == 0
    world.pass_time(seconds=1)
    assert fulfilment.mark_late(now=world.now) == 1
    assert fulfilment.mark_late(now=world.now) == 0
    assert work_of(ordered)[0].late_party == "seller"
    event = OrderEvent.objects.get(kind="late")
    assert event.data == {"party": "seller", "due_at": item.due_at.isoformat()}
    assert work.count_work(organisation_id=seller.pk, now=world.now) == {
        "waiting": 1, "accepted": 0, "packed": 0, "late": 1,
    }  # fmt: skip


def test_what_nobody_ships_is_cancelled_when_the_terms_say(world):
    seller = world.seller()  # five business days
    offer = world.offer(seller, stock=10)
    idle, packed, gone = (order(world, (offer, 2)) for _ in range(3))
    pack(world, (lines_of(packed)[0], 1))
    hand_over(world, pack(world, (lines_of(gone)[0], 1)))
    world.now = datetime(2026, 3, 9, 22, 59, tzinfo=UTC)  # Monday night in Berlin
    assert fulfilment.cancel_overdue(now=world.now) == 0
    world.pass_time(minutes=1)
    assert fulfilment.cancel_overdue(now=world.now) == 1
    assert fulfilment.cancel_overdue(now=world.now) == 0
    assert [lines_of(each)[0].cancelled_qty for each in (idle, packed, gone)] == [2, 0, 0]
    payment = Payment.objects.get(reference_id=idle.id)
    assert payment.voided_minor == payment.amount_minor


def test_the_desk_lists_open_work_by_deadline(world):
    seller = world.seller()
    offer = world.offer(seller)
    first = order(world, (offer, 1))
    world.pass_time(days=1)
    second, third = order(world, (offer, 2)), order(world, (offer, 1))
    ship(world, third)
    listed = work.list_work(organisation_id=seller.pk)
    assert [item.order_id for item in listed] == [first.id, second.id]
    page = work.list_work(organisation_id=seller.pk, after=(listed[0].due_at, listed[0].id))
    assert [item.order_id for item in page] == [second.id]
    assert [item.order_id for item in work.list_work(organisation_id=seller.pk, states=["done"])] == [third.id]
    pack(world, (lines_of(second)[0], 1))
    [row] = work.list_lines(suborder_ids=[listed[1].suborder_id])[listed[1].suborder_id]
    assert (row.to_ship, row.packed, row.to_pack, row.sku_code) == (2, 1, 1, offer.sku.code)


def test_many_parcels_leave_and_arrive_with_a_constant_number_of_statements(world):
    offer = world.offer(world.seller(), stock=100)

    def statements(parcels: int) -> int:
        packed = [pack(world, (lines_of(order(world, (offer, 1)))[0], 1)) for _ in range(parcels)]
        with CaptureQueriesContext(connections["default"]) as queries:
            hand_over(world, *packed)
            scan(world, "delivered", *packed)
        return len(queries)

    statements(1)  # the first opens the ledger's accounts
    assert statements(9) == statements(2)


@pytest.mark.parametrize("attempt", range(8))
def test_of_shipping_and_cancelling_at_once_one_wins(world, attempt):
    offer = world.offer(world.seller(), stock=2)
    ordered = order(world, (offer, 2))
    [line] = lines_of(ordered)
    parcel = pack(world, (line, 2))
    run_at_once(
        lambda: hand_over(world, parcel),
        lambda: checkout.cancel_lines(rows=[(line.id, 2)], actor=SYSTEM, reason="race", now=world.now),
    )
    line.refresh_from_db()
    assert sorted([line.shipped_qty, line.cancelled_qty]) == [0, 2]
    stock, payment = Stock.objects.get(), Payment.objects.get()
    assert (stock.on_hand, stock.reserved) == (2 - line.shipped_qty, 0)
    assert payment.captured_minor == (ordered.total_minor if line.shipped_qty else 0)
    assert payment.captured_minor + payment.voided_minor == ordered.total_minor


def test_the_same_parcel_leaves_once_and_is_delivered_once(world):
    offer = world.offer(world.seller())
    ordered = order(world, (offer, 1))
    parcel = pack(world, (lines_of(ordered)[0], 1))
    came = run_at_once(*[lambda: hand_over(world, parcel)] * 4)
    assert sum(not isinstance(each, Refused) for each in came) == 1
    assert Capture.objects.count() == Movement.objects.filter(kind="shipped").count() == 1
    outcomes = run_at_once(*[lambda: scan(world, "delivered", parcel)] * 4)
    assert sorted(outcomes) == [["delivered"], ["recorded"], ["recorded"], ["recorded"]]
    assert lines_of(ordered)[0].delivered_qty == 1


@pytest.mark.parametrize("attempt", range(4))
def test_parcels_of_one_suborder_that_leave_at_once_leave_it_shipped(world, attempt):
    seller = world.seller()
    ordered = order(world, (world.offer(seller), 1), (world.offer(seller), 1))
    parcels = [pack(world, (line, 1)) for line in lines_of(ordered)]
    came = run_at_once(*[lambda parcel=parcel: hand_over(world, parcel) for parcel in parcels])
    assert not [each for each in came if isinstance(each, Refused)]
    assert Suborder.objects.get(order=ordered).state == "shipped"
    assert WorkItem.objects.get(suborder__order=ordered).state == "done"


def test_several_performers_of_one_order_work_apart(world):
    one, two = world.seller(), world.seller()
    ordered = order(world, (world.offer(one), 1), (world.offer(two), 1))
    assert {item.organisation_id for item in work_of(ordered)} == {one.pk, two.pk}
    deliver(world, ordered)
    assert set(Suborder.objects.filter(order=ordered).values_list("state", flat=True)) == {"delivered"}
    assert Payment.objects.get().captured_minor == ordered.total_minor
