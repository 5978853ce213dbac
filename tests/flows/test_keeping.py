"""Promises kept and missed: scans of real orders, hour by hour, and who answers for what by the terms."""

from datetime import UTC, datetime, time, timedelta

import pytest

from entrepot.domain.orders import promises
from entrepot.domain.orders.models import Promise, PromisePart, Suborder
from entrepot.domain.orders.promises import PromiseView
from entrepot.flows import checkout, fulfilment, keeping
from entrepot.kernel.actors import SYSTEM
from shipping import hand_over, lines_of, order, pack, scan, ship, work_of

#: semi-managed on the platform's logistics goes abroad: dispatch, line haul, customs, last mile.
ABROAD = "semi-managed-platform-logistics"


def noon(world, day) -> None:
    world.now = max(world.now, datetime.combine(day, time(12), tzinfo=UTC))


def part_of(ordered) -> Suborder:
    return Suborder.objects.get(order=ordered)


def promise_of(ordered) -> PromiseView:
    part = part_of(ordered)
    return promises.find_promises(suborder_ids=[part.id])[part.id]


def blamed(found: PromiseView) -> list[tuple[str, str, str, int]]:
    return [(each.leg, each.party, each.liable, each.days) for each in found.late_parts]


@pytest.fixture
def abroad(world):
    return order(world, (world.offer(world.seller(programme=ABROAD)), 1))


def due(ordered) -> list:
    return [datetime.fromisoformat(each["done_by"]).date() for each in part_of(ordered).segments]


def test_a_promise_is_kept_part_by_part(world, abroad):
    days = due(abroad)
    noon(world, days[0])
    [parcel] = ship(world, abroad)
    scan(world, "handed_over", parcel)
    for kind, day in (("customs", days[1]), ("in_transit", days[2]), ("delivered", days[3])):
        noon(world, day)
        scan(world, kind, parcel)
    found = promise_of(abroad)
    assert (found.state, found.ends_on, found.late_days) == ("kept", days[3], 0)
    assert [(each.leg, each.done_on, each.event_kind) for each in found.parts] == [
        ("dispatch", days[0], None), ("line haul", days[1], "customs"), ("customs", days[2], "in_transit"),
        ("last mile", days[3], "delivered"),
    ]  # fmt: skip


def test_a_missed_promise_names_its_parts_and_who_answers_by_the_terms(world, abroad):
    days = due(abroad)
    noon(world, days[0] + timedelta(days=2))
    [parcel] = ship(world, abroad)
    scan(world, "handed_over", parcel)
    running = promise_of(abroad)
    assert (running.state, running.late_days) == ("open", 2)
    assert [each[0] for each in blamed(running)] == ["dispatch"]
    assert running.ends_on == days[3] + timedelta(days=2)
    for kind, day in (("customs", days[1] + timedelta(days=2)), ("in_transit", days[2] + timedelta(days=5)),
                      ("delivered", days[3] + timedelta(days=5))):  # fmt: skip
        noon(world, day)
        scan(world, kind, parcel)
    found = promise_of(abroad)
    assert (found.state, found.late_days) == ("missed", 5)
    parties = {each["leg"]: each["party"] for each in part_of(abroad).segments}
    assert [(each.leg, each.party, each.days) for each in found.late_parts] == [
        ("dispatch", parties["dispatch"], 2), ("customs", parties["customs"], 3)
    ]  # fmt: skip
    assert all(each.liable for each in found.late_parts)
    parcel.refresh_from_db()
    over = parcel.handed_over_at - part_of(abroad).ship_by
    assert found.late_parts[0].hours_late == over // timedelta(hours=1) > 12


@pytest.mark.parametrize(
    ("programme", "market", "party"),
    [(ABROAD, "DE", "seller"), ("fully-managed", "DE", "platform"), ("self-managed", "DE", "seller")],
)
def test_late_work_and_its_promise_name_the_same_party(world, programme, market, party):
    ordered = order(world, (world.offer(world.seller(programme=programme, market=market)), 1))
    world.now = part_of(ordered).ship_by + timedelta(days=2)
    assert fulfilment.mark_late(now=world.now) == 1
    keeping.watch(now=world.now)
    [item] = work_of(ordered)
    [late] = promise_of(ordered).late_parts
    assert (late.leg, late.party, late.liable, item.late_party) == ("dispatch", party, party, party)


def test_what_nobody_sees_runs_late_by_the_clock(world, abroad):
    days = due(abroad)
    noon(world, days[0])
    assert keeping.watch(now=world.now) == 0
    noon(world, days[0] + timedelta(days=3))
    assert keeping.watch(now=world.now) == 1
    assert [each[0] for each in blamed(promise_of(abroad))] == ["dispatch"]
    assert keeping.watch(now=world.now) == 0, "it was looked at just now"
    world.pass_time(days=20)
    assert keeping.watch(now=world.now) == 1
    assert promise_of(abroad).ends_on >= world.now.date()
    checkout.cancel_lines(rows=[(lines_of(abroad)[0].id, 1)], actor=SYSTEM, reason="no more", now=world.now)
    assert promises.list_late() == []


def test_between_two_scans_it_is_said_to_be_unknown(world, abroad):
    days = due(abroad)
    noon(world, days[0])
    [parcel] = ship(world, abroad)
    scan(world, "handed_over", parcel)
    noon(world, days[3] + timedelta(days=4))
    scan(world, "delivered", parcel)
    [late] = promises.list_late(state="missed")
    assert (late.late_days, [(each.leg, each.days, each.is_stretch) for each in late.parts]) == (
        4, [("line haul – last mile", 4, True)],
    )  # fmt: skip
    [stretch] = late.parts
    parties = {each["party"] for each in part_of(abroad).segments[1:]}
    assert stretch.party == (parties.pop() if len(parties) == 1 else "")
    assert [each.number for each in promises.list_late(party=stretch.party or "unknown")] == [late.number]


def test_the_last_parcel_decides(world):
    ordered = order(world, (world.offer(world.seller(), stock=5), 3))
    [line] = lines_of(ordered)
    days = due(ordered)
    noon(world, days[0])
    first = pack(world, (line, 2))
    hand_over(world, first)
    noon(world, days[1])
    scan(world, "delivered", first)
    assert (promise_of(ordered).state, promise_of(ordered).late_days > 0) == ("open", True)
    second = pack(world, (line, 1))
    hand_over(world, second)
    world.pass_time(days=1)
    scan(world, "delivered", second)
    found = promise_of(ordered)
    assert (found.state, Promise.objects.get().parcel_id) == ("missed", second.id)
    assert [each.leg for each in found.late_parts] == ["dispatch"]


def test_what_is_lost_keeps_no_promise(world, abroad):
    [parcel] = ship(world, abroad)
    scan(world, "in_transit", parcel)
    assert Promise.objects.count() == 1
    scan(world, "lost", parcel)
    assert (Promise.objects.count(), PromisePart.objects.count()) == (0, 0)


def test_a_thousand_are_looked_at_by_as_many_questions_as_one(world, django_assert_max_num_queries):
    offer = world.offer(world.seller(), stock=30)
    placed = [order(world, (offer, 1)) for _ in range(4)]
    for ordered in placed[:3]:
        ship(world, ordered)
    world.pass_time(days=30)
    with django_assert_max_num_queries(16):
        assert keeping.watch(now=world.now) == 4
