"""Parcels are booked with their carriers: once, outside transactions, and what a crash left open is finished."""

from datetime import timedelta

import pytest

import documents
import shipping
from entrepot.domain.logistics import doubts
from entrepot.domain.logistics.carriers import accounts
from entrepot.domain.logistics.carriers.sandbox import SandboxCarrierCrash
from entrepot.domain.logistics.models import (
    Booking,
    CarrierAccount,
    Parcel,
    SandboxConsignment,
    TrackingDoubt,
    TrackingEvent,
)
from entrepot.domain.logistics.parcels import NumberTaken, WrongState
from entrepot.flows import booking, fulfilment
from entrepot.flows.fulfilment import BookedElsewhere, Handover
from entrepot.kernel import media
from entrepot.kernel.actors import SYSTEM
from entrepot.kernel.errors import Denied, Invalid, NotFound, Refused
from worlds import World

pytestmark = pytest.mark.usefixtures("database")

CARRIER = "Sandbox Post"


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def parcel(world) -> Parcel:
    return packed(world)


def packed(world: World) -> Parcel:
    seller = world.seller(market="DE")
    ordered = shipping.order(world, (world.offer(seller, price="19.99", stock=10), 2))
    [line] = shipping.lines_of(ordered)
    return shipping.pack(world, (line, 2))


def account(world: World, **options) -> CarrierAccount:
    return accounts.set_account(
        actor=world.operator_actor(), code=CARRIER, kind="sandbox", options=options, secrets={"key": "s3cr3t-key"},
        now=world.now, reason="test",
    )  # fmt: skip


def book(world: World, *parcels: Parcel, actor=SYSTEM) -> Booking:
    keys = [parcel.id for parcel in parcels]
    return booking.book(parcel_ids=keys, carrier=CARRIER, service="standard", actor=actor, now=world.now)[keys[0]]


def test_a_booked_parcel_has_the_carriers_number_label_and_price_and_leaves_under_it(world, parcel):
    account(world)
    made = book(world, parcel)
    assert (made.state, made.carrier, made.cost_currency) == ("booked", CARRIER, "EUR")
    assert made.cost_minor and made.tracking_number.startswith("SB")
    name = fulfilment.make_label(parcel_id=parcel.id, actor=SYSTEM, now=world.now)
    assert name == made.label_media
    assert made.tracking_number in documents.pdf_text(media.read(name))
    fulfilment.hand_over(handovers=[Handover(parcel.id)], actor=SYSTEM, now=world.now)
    parcel.refresh_from_db()
    assert (parcel.carrier, parcel.tracking_number) == (CARRIER, made.tracking_number)


def test_many_labels_on_one_paper_keep_the_carriers_own(world, parcel):
    account(world)
    other = packed(world)
    made = book(world, parcel)
    page = fulfilment.label_pages(parcel_ids=[parcel.id, other.id], actor=SYSTEM, now=world.now)
    assert made.tracking_number in documents.pdf_text(page)
    assert documents.count_pages(page) == 2


def test_a_parcel_is_booked_once(world, parcel):
    account(world)
    book(world, parcel)
    with pytest.raises(Refused, match="booked with Sandbox Post already"):
        book(world, parcel)
    assert SandboxConsignment.objects.count() == 1


def test_a_carrier_without_an_account_is_its_price_list_and_the_parcels_number_its_tracking_number(world, parcel):
    made = booking.book(parcel_ids=[parcel.id], actor=SYSTEM, now=world.now)[parcel.id]
    assert (made.state, made.carrier, made.tracking_number) == ("booked", parcel.carrier, parcel.number)


def test_what_the_carrier_declines_is_written_and_can_be_tried_elsewhere(world, parcel):
    account(world, declines=1)
    made = book(world, parcel)
    assert (made.state, made.reason) == ("declined", "address_not_served")
    assert booking.book(parcel_ids=[parcel.id], actor=SYSTEM, now=world.now)[parcel.id].state == "booked"


def test_a_cut_line_is_looked_up_and_books_nothing_twice(world, parcel):
    account(world, cuts=1)
    assert book(world, parcel).state == "unknown"
    assert booking.sweep(now=world.now) == 0  # too early to ask again
    world.pass_time(minutes=4)
    assert booking.sweep(now=world.now) == 1
    made = Booking.objects.get()
    assert made.state == "booked"
    assert SandboxConsignment.objects.count() == 1
    assert media.read(made.label_media).startswith(b"%PDF-")


def test_a_crash_after_the_call_is_finished_by_the_sweeper(world, parcel):
    account(world, dies=1)
    with pytest.raises(SandboxCarrierCrash):
        book(world, parcel)
    assert Booking.objects.get().state == "about_to"
    world.pass_time(minutes=4)
    assert booking.sweep(now=world.now) == 1
    assert (Booking.objects.get().state, SandboxConsignment.objects.count()) == ("booked", 1)


def test_a_crash_before_the_call_is_asked_anew_under_the_same_key(world, parcel, monkeypatch):
    account(world)
    monkeypatch.setattr(booking, "_ask", lambda *args: None)
    book(world, parcel)
    monkeypatch.undo()
    world.pass_time(minutes=4)
    assert booking.sweep(now=world.now) == 1
    assert SandboxConsignment.objects.get().key == str(Booking.objects.get().id)


def test_a_cancelled_booking_frees_the_parcel_and_its_label_is_void(world, parcel):
    account(world)
    made = book(world, parcel)
    assert booking.cancel(parcel_ids=[parcel.id], actor=SYSTEM, now=world.now) == 1
    made.refresh_from_db()
    parcel.refresh_from_db()
    assert (made.state, parcel.label_media) == ("cancelled", "")
    assert SandboxConsignment.objects.get().cancelled_at == world.now
    assert book(world, parcel).state == "booked"


def test_a_parcel_taken_apart_is_let_go_of_by_the_sweeper(world, parcel):
    account(world)
    book(world, parcel)
    fulfilment.unpack(parcel_ids=[parcel.id], actor=SYSTEM, now=world.now)
    assert booking.sweep(now=world.now) == 1
    assert Booking.objects.get().state == "cancelled"


def test_another_address_needs_another_booking(world, parcel):
    account(world)
    made = book(world, parcel)
    Booking.objects.filter(id=made.id).update(destination=None)
    with pytest.raises(BookedElsewhere):
        fulfilment.make_label(parcel_id=parcel.id, actor=SYSTEM, now=world.now)


def test_a_carrier_that_never_answers_is_left_alone_and_asked_again_later(world, monkeypatch):
    account(world)
    from entrepot.domain.logistics.carriers.sandbox import Sandbox

    def cut(self, consignment):
        raise TimeoutError("no answer within 30 seconds")

    monkeypatch.setattr(Sandbox, "book", cut)
    for _ in range(3):
        book(world, packed(world))
    with pytest.raises(accounts.Resting):
        book(world, packed(world))
    row = CarrierAccount.objects.get()
    assert (row.failures, row.last_error) == (3, "no answer within 30 seconds")
    assert row.resting_until == world.now + timedelta(minutes=1)
    monkeypatch.undo()
    world.pass_time(minutes=4)
    assert booking.sweep(now=world.now) == 3
    row.refresh_from_db()
    assert (row.failures, row.resting_until, row.last_answer_at) == (0, None, world.now)


def test_scans_come_by_themselves_and_count_once(world, parcel):
    account(world, late=0, lost=0)
    book(world, parcel)
    fulfilment.hand_over(handovers=[Handover(parcel.id)], actor=SYSTEM, now=world.now)
    world.pass_time(days=30)
    assert booking.follow(now=world.now) > 0
    parcel.refresh_from_db()
    assert parcel.state == "delivered"
    assert set(TrackingEvent.objects.exclude(kind="handed_over").values_list("origin", flat=True)) == {"carrier"}
    assert booking.follow(now=world.now) == 0


def test_the_day_is_closed_once_for_what_left(world, parcel):
    account(world)
    book(world, parcel)
    actor = world.operator_actor()
    with pytest.raises(Refused, match="Nothing left with"):
        booking.close_day(carrier=CARRIER, node_id=parcel.node_id, actor=actor, now=world.now)
    fulfilment.hand_over(handovers=[Handover(parcel.id)], actor=SYSTEM, now=world.now)
    assert [(name, count) for _node, name, count in booking.list_to_close(organisation_id=None)] == [(CARRIER, 1)]
    made = booking.close_day(carrier=CARRIER, node_id=parcel.node_id, actor=actor, now=world.now)
    assert made.state == "closed"
    assert made.reference.startswith("SM")
    assert SandboxConsignment.objects.get().closed_at == world.now
    assert booking.list_to_close(organisation_id=None) == []
    stranger = world.seller_actor(world.seller("other", market="DE"))
    with pytest.raises(NotFound):
        booking.close_day(carrier=CARRIER, node_id=parcel.node_id, actor=stranger, now=world.now)


def test_another_sellers_parcels_do_not_exist(world, parcel):
    stranger = world.seller_actor(world.seller("other", market="DE"))
    for act in (
        lambda: booking.book(parcel_ids=[parcel.id], actor=stranger, now=world.now),
        lambda: booking.cancel(parcel_ids=[parcel.id], actor=stranger, now=world.now),
        lambda: booking.quote(parcel_id=parcel.id, actor=stranger, now=world.now),
        lambda: booking.give_up(parcel_id=parcel.id, actor=stranger, reason="x", now=world.now),
    ):
        with pytest.raises(NotFound):
            act()
    with pytest.raises(Invalid):
        booking.book(parcel_ids=[], actor=stranger, now=world.now)


def test_only_what_is_packed_is_booked(world, parcel):
    shipping.hand_over(world, parcel)
    with pytest.raises(WrongState):
        booking.book(parcel_ids=[parcel.id], actor=SYSTEM, now=world.now)


def test_every_carrier_is_asked_for_its_price(world, parcel):
    account(world)
    found = {each.carrier: each for each in booking.quote(parcel_id=parcel.id, actor=SYSTEM, now=world.now)}
    assert [each.service for each in found[CARRIER].quotes] == ["standard", "express"]
    assert next(iter(found)) == parcel.carrier


def test_an_unanswered_booking_is_given_up_with_a_reason(world, parcel):
    account(world, cuts=1)
    book(world, parcel)
    actor = world.operator_actor()
    with pytest.raises(Invalid):
        booking.give_up(parcel_id=parcel.id, actor=actor, reason=" ", now=world.now)
    booking.give_up(parcel_id=parcel.id, actor=actor, reason="not at the carrier's", now=world.now)
    assert Booking.objects.get().state == "declined"
    with pytest.raises(Refused):
        booking.give_up(parcel_id=parcel.id, actor=actor, reason="again", now=world.now)


class TestAccounts:
    def test_secrets_are_sealed_and_in_no_audit_row(self, world):
        from entrepot.kernel.models import AuditEntry

        row = account(world)
        assert "s3cr3t-key" not in row.secret
        assert "s3cr3t-key" not in str(list(AuditEntry.objects.values()))
        [(carrier, _row)] = accounts.carriers_of([CARRIER]).values()
        assert carrier.kind == "sandbox"

    def test_secrets_are_kept_where_none_are_given(self, world):
        sealed = account(world).secret
        accounts.set_account(
            actor=world.operator_actor(), code=CARRIER, kind="sandbox", options={"late": 3}, secrets=None,
            now=world.now, reason="test",
        )  # fmt: skip
        row = CarrierAccount.objects.get()
        assert row.options == {"late": 3}
        assert sealed and accounts._open(row) == {"key": "s3cr3t-key"}

    def test_only_the_operator_sets_them(self, world):
        actor = world.seller_actor(world.seller(market="DE"))
        with pytest.raises(Denied):
            accounts.set_account(
                actor=actor, code="X", kind="sandbox", options={}, secrets={}, now=world.now, reason="x"
            )

    @pytest.mark.parametrize(
        ("kind", "options"), [("telepathy", {}), ("sandbox", {"late": "x"}), ("sandbox", {"y": 1})]
    )
    def test_nonsense_is_named(self, world, kind, options):
        with pytest.raises(Invalid):
            accounts.set_account(
                actor=world.operator_actor(), code="X", kind=kind, options=options, secrets={}, now=world.now,
                reason="x",
            )  # fmt: skip


class TestDoubts:
    def leave(self, world: World, number: str, carrier: str = "") -> Parcel:
        parcel = packed(world)
        given = Handover(parcel.id, carrier, tracking_number=number)
        fulfilment.hand_over(handovers=[given], actor=SYSTEM, now=world.now)
        return parcel

    def test_without_a_scan_in_time_it_is_flagged_and_a_scan_settles_it(self, world):
        parcel = self.leave(world, "794999770000")
        world.pass_time(hours=47)
        assert doubts.watch(now=world.now) == 0
        world.pass_time(hours=1)
        assert doubts.watch(now=world.now) == 1
        assert doubts.watch(now=world.now) == 0
        assert TrackingDoubt.objects.get().kind == "unscanned"
        world.pass_time(days=30)
        shipping.scan(world, "in_transit", parcel)
        shipping.scan(world, "delivered", parcel)
        doubts.watch(now=world.now)
        assert TrackingDoubt.objects.get().state == "cleared"

    def test_the_same_number_with_another_carrier_is_a_repeat_however_it_is_written(self, world):
        first, second = self.leave(world, "7949 9977 0000"), self.leave(world, "794999770000", "Other Post")
        doubts.watch(now=world.now)
        found = {row.parcel_id: row.facts["parcels"] for row in TrackingDoubt.objects.filter(kind="repeated")}
        assert found == {first.id: [second.number], second.id: [first.number]}

    def test_a_refused_repeat_is_kept_too(self, world):
        first, second = self.leave(world, "794999770000"), packed(world)
        given = Handover(second.id, first.carrier, tracking_number="794999770000")
        with pytest.raises(NumberTaken):
            fulfilment.hand_over(handovers=[given], actor=SYSTEM, now=world.now)
        row = TrackingDoubt.objects.get()
        assert (row.parcel_id, row.kind, row.facts["parcels"]) == (second.id, "repeated", [first.number])

    def test_a_lying_carrier_that_gives_a_number_twice_is_found_out(self, world):
        account(world, repeats=1)
        parcels = [packed(world), packed(world)]
        for each in parcels:
            book(world, each)
        fulfilment.hand_over(handovers=[Handover(parcels[0].id)], actor=SYSTEM, now=world.now)
        with pytest.raises(NumberTaken):
            fulfilment.hand_over(handovers=[Handover(parcels[1].id)], actor=SYSTEM, now=world.now)
        assert TrackingDoubt.objects.get().parcel_id == parcels[1].id

    def test_the_operator_decides_with_a_reason_and_once(self, world):
        self.leave(world, "RB123456784GB")
        doubts.watch(now=world.now)
        row, actor = TrackingDoubt.objects.get(), world.operator_actor()
        assert row.kind == "check_digit"
        seller = world.seller_actor(world.seller("other", market="DE"))
        with pytest.raises(Denied):
            doubts.decide(doubt_id=row.id, uphold=True, reason="x", actor=seller, now=world.now)
        doubts.decide(doubt_id=row.id, uphold=False, reason="a typing error", actor=actor, now=world.now)
        with pytest.raises(Refused):
            doubts.decide(doubt_id=row.id, uphold=True, reason="x", actor=actor, now=world.now)
        world.pass_time(hours=1)
        assert doubts.watch(now=world.now) == 0  # what a person cleared stays so

    def test_the_operator_may_expect_other_hours(self, world):
        doubts.set_standard(
            standard=doubts.Standard(6, 240, 60),
            actor=world.operator_actor(),
            reason="peak",
            now=world.now,
            source="us",
        )
        self.leave(world, "794999770000")
        world.pass_time(hours=6)
        assert doubts.watch(now=world.now) == 1
