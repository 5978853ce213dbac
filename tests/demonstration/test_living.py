"""As the clock goes on, the world does what it would: an order placed now is delivered, settled and paid out."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from importlib import resources
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

import shipping
import shopping
from entrepot.demonstration import carriers, living
from entrepot.demonstration import clock as shared
from entrepot.demonstration.models import Advance, Clock
from entrepot.domain.aftersales.models import ReturnCase
from entrepot.domain.logistics.carriers.sandbox import Temper, Voyage, voyage_of
from entrepot.domain.logistics.keeping import Journey, Judgement, Part, Sighting, judge
from entrepot.domain.logistics.lanes import Lane, forecast
from entrepot.domain.logistics.models import Parcel, TrackingEvent
from entrepot.domain.logistics.ways import read_lanes
from entrepot.domain.orders.models import OrderEvent, Suborder, WorkItem
from entrepot.domain.settlement.models import Payout, Statement
from entrepot.flows import returns
from entrepot.kernel import clock
from entrepot.kernel.actors import SYSTEM
from entrepot.surfaces.jobs import advancing


@pytest.fixture
def sold(world):
    """An order of goods that their seller ships."""
    seller = world.seller("workshop", programme="self-managed")
    return shipping.order(world, (world.offer(seller, stock=20), 2))


def go(span: timedelta) -> Advance:
    """Let the clock go on, as the jobs process does."""
    now = clock.now()
    journey = shared.ask(actor=SYSTEM, until=now + span, now=now)
    advancing.advance(now=clock.now())
    journey.refresh_from_db()
    assert (journey.state, journey.failure) == ("done", "")
    assert clock.now() >= journey.until_at
    return journey


def test_an_order_is_shipped_delivered_settled_and_paid_out_in_this_order(world, sold):
    journey = go(timedelta(days=40))
    suborder = Suborder.objects.get(order=sold)
    assert suborder.state == "delivered"
    parcel = Parcel.objects.get(reference_id=suborder.id)
    said = list(TrackingEvent.objects.filter(parcel=parcel).order_by("occurred_at").values_list("kind", flat=True))
    assert said[0] == "handed_over" and said[-1] == "delivered"
    assert list(Statement.objects.filter(payable_minor__gt=0).values_list("state", flat=True)) == ["paid"]
    assert Payout.objects.get().state == "done"
    assert journey.happened["shipped"] == journey.happened["delivered"] == journey.happened["paid"] == 1
    assert {each.actor_label for each in OrderEvent.objects.filter(kind="packed")} == {"demonstration"}
    shopping.assert_sound(world)
    moments = {each.kind: each.occurred_at for each in OrderEvent.objects.filter(order=sold)}
    statement, payout = Statement.objects.get(payable_minor__gt=0), Payout.objects.get()
    steps = [moments["placed"], moments["packed"], moments["handed_over"], moments["delivered"],
             statement.created_at, payout.batch.sent_at, payout.done_at]  # fmt: skip
    assert steps == sorted(steps)


def test_whoever_is_played_by_people_is_left_alone_and_is_late(world, sold):
    Clock.objects.update(left_alone=[WorkItem.objects.get().organisation_id])
    go(WorkItem.objects.get().due_at - clock.now() + timedelta(hours=1))
    item = WorkItem.objects.get()
    assert item.state == "waiting" and item.late_party


def test_nobody_works_where_the_others_do_not(world, sold):
    Clock.objects.update(others_work=False)
    go(WorkItem.objects.get().due_at - clock.now() + timedelta(hours=1))
    assert WorkItem.objects.get().state == "waiting"


def test_what_was_handed_over_travels_by_itself(world, sold):
    Clock.objects.update(others_work=False)
    shipping.ship(world, sold)
    promised = Suborder.objects.get(order=sold).promised_until
    go(timedelta(days=(promised - clock.now().date()).days + 6))
    assert Parcel.objects.get().state == "delivered"


def test_a_return_comes_back_and_is_refunded(world, sold):
    shipping.deliver(world, sold)
    [line] = shipping.lines_of(sold)
    [case] = returns.request_return(
        order_id=sold.id, lines=[(line.id, 1)], reason="defective", actor=SYSTEM, now=world.now
    )
    returns.send_label(case_id=case.id, actor=SYSTEM, now=world.now)
    go(timedelta(days=9))
    assert ReturnCase.objects.get().state == "refunded"


def test_a_journey_that_was_cut_short_goes_on(world, sold):
    now = clock.now()
    shared.ask(actor=SYSTEM, until=now + timedelta(days=3), now=now)
    Advance.objects.update(reached_at=now + timedelta(days=1), happened={"scans": 7})
    advancing.advance(now=now)
    journey = Advance.objects.get()
    assert journey.state == "done" and journey.happened["scans"] >= 7


def test_a_journey_that_fails_says_why_and_lets_the_next_one_start(world, monkeypatch):
    def fail(**_):
        raise ValueError("no road")

    monkeypatch.setattr(living, "live", fail)
    shared.ask(actor=SYSTEM, until=clock.now() + timedelta(days=1), now=clock.now())
    advancing.advance(now=clock.now())
    assert (Advance.objects.get().state, Advance.objects.get().failure) == ("failed", "ValueError: no road")
    monkeypatch.undo()
    shared.watch()
    go(timedelta(hours=1))


def test_deadlines_are_to_come_and_lead_on(world, sold):
    found = {each.kind: each.at for each in living.deadlines(now=clock.now())}
    assert set(found) == {"hand_over"}
    shipping.ship(world, sold)
    found = {each.kind: each.at for each in living.deadlines(now=clock.now())}
    assert "delivery" in found
    go(found["delivery"] - clock.now())
    assert Parcel.objects.get().state == "delivered"
    kinds = {each.kind for each in living.deadlines(now=clock.now())}
    assert {"return_window", "settlement"} <= kinds


class TestWays:
    def parcel(self, number: int, **fields) -> Voyage:
        left = fields.pop("left_at", clock.now())
        day = left.date()
        return Voyage(
            **{
                "id": UUID(int=number * 7919), "is_return": False, "left_at": left, "origin": "CN",
                "destination": "DE", "ship_by": left, "promised_from": day + timedelta(days=6),
                "promised_until": day + timedelta(days=9),
            }
            | fields
        )  # fmt: skip

    def test_scans_are_in_order_and_end_at_the_door(self):
        for number in range(200):
            scans = list(carriers.way(self.parcel(number)))
            assert [each.occurred_at for each in scans] == sorted(each.occurred_at for each in scans)
            assert scans[-1].kind in ("delivered", "lost")
            assert len({each.event_key for each in scans}) == len(scans)

    def test_most_keep_the_promise_some_are_late_and_very_few_are_lost(self):
        ends = [(parcel, list(carriers.way(parcel))[-1]) for parcel in map(self.parcel, range(2000))]
        lost = sum(scan.kind == "lost" for _parcel, scan in ends)
        late = sum(scan.occurred_at.date() > parcel.promised_until for parcel, scan in ends) - lost
        assert 0 < lost < 30
        assert 80 < late < 300
        assert all(scan.occurred_at.date() >= parcel.promised_from for parcel, scan in ends)

    def test_who_hands_over_late_is_late(self):
        left = clock.now()
        parcel = self.parcel(3, ship_by=left - timedelta(days=5))
        assert list(carriers.way(parcel))[-1].occurred_at.date() >= parcel.promised_from + timedelta(days=5)

    def test_the_same_parcel_goes_the_same_way(self):
        parcel = self.parcel(11, promised_from=date(2030, 1, 6), promised_until=date(2030, 1, 9))
        assert list(carriers.way(parcel)) == list(carriers.way(parcel))


class TestBlame:
    """What the carriers of the demonstration scan says who was late; what they do not scan says that nobody knows."""

    LANES = [
        each.lane
        for each in read_lanes((resources.files("entrepot.domain.logistics") / "data" / "lanes.csv").read_text("utf-8"))
        if each.lane.ends_at_door and len(each.lane.legs) > 1
    ]

    def judged(self, lane: Lane, temper: Temper) -> Iterator[Judgement]:
        """Two hundred parcels by the lane that all come late, each left on the day by which it had to."""
        home, there = ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")
        for number in range(200):
            left = datetime(2026, 8, 3, 6, tzinfo=UTC) + timedelta(days=number % 5)
            promised = forecast(lane, left.date(), at=time.max)
            segments = [{"leg": "dispatch", "done_by": left.date().isoformat()}]
            segments += [{"leg": each.leg, "done_by": each.done_by.isoformat()} for each in promised.segments]
            voyage = Voyage(
                UUID(int=number * 7919), False, left, lane.origin, lane.destination, left + timedelta(hours=8),
                promised.first, promised.last, carriers.stops_of(lane, segments),
            )  # fmt: skip
            said = [Sighting(UUID(int=place), each.kind, each.occurred_at, each.place)
                    for place, each in enumerate(voyage_of(voyage, temper))]  # fmt: skip
            assert [each.at for each in said] == sorted(each.at for each in said)
            parts = [Part("dispatch", "packaging_and_label", "seller", left.date())]
            parts += [Part(each.leg, each.task, each.leg, each.done_by, leg)
                      for each, leg in zip(promised.segments, lane.legs, strict=True)]  # fmt: skip
            yield judge(parts, Journey(left, said[-1].at, said, home, there), said[-1].at.date())

    @pytest.mark.parametrize("lane", LANES, ids=lambda lane: lane.code)
    def test_most_late_parcels_name_the_leg(self, lane):
        shares = [each for found in self.judged(lane, Temper(late=1, lost=0)) for each in found.shares]
        named = sum(each.days for each in shares if each.first == each.last)
        assert named > 0.9 * sum(each.days for each in shares) > 0
        assert {each.first for each in shares if each.first == each.last} >= set(range(1, len(lane.legs) + 1))

    @pytest.mark.parametrize("lane", LANES, ids=lambda lane: lane.code)
    def test_of_what_nobody_scanned_nobody_is_named(self, lane):
        for found in self.judged(lane, Temper(late=1, lost=0, gaps=1)):
            assert found.late_days and all(each.first < each.last for each in found.shares)
