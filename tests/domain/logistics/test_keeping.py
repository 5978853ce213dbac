"""Who made a promise late, by what carriers scanned and by what nobody saw."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.domain.logistics import transit
from entrepot.domain.logistics.keeping import Journey, Part, Share, Sighting, judge, onward
from entrepot.domain.logistics.lanes import Leg

MONDAY = date(2026, 11, 23)
WORKDAYS = frozenset(range(1, 6))


def leg(code: str, task: str, start: str = "", end: str = "", **fields) -> Leg:
    return Leg(code, task, "air", transit.parse("1"), start, end, **fields)


def on(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 11, 23, hour, tzinfo=UTC) + timedelta(days=day)


def part(name: str, task: str, party: str, day: int, way: Leg | None = None) -> Part:
    return Part(name, task, party, MONDAY + timedelta(days=day), way)


#: Ready on Wednesday, in Hong Kong on Thursday, over there on the Tuesday after, through customs by Wednesday, there on
#: Friday, the eleventh day. Nothing rests.
PARTS = (
    part("dispatch", "packaging_and_label", "seller", 2),
    part("first mile", "first_mile", "platform", 3, leg("first mile", "first_mile", "Shenzhen", "Hong Kong")),
    part("line haul", "line_haul", "third_party", 8, leg("line haul", "line_haul", "Hong Kong", "Leipzig")),
    part("customs", "customs", "platform", 9, leg("customs", "customs", "Leipzig", "Leipzig")),
    part("last mile", "last_mile", "third_party", 11, leg("last mile", "last_mile", "Leipzig", "the door")),
)


def judged(left: int | None, seen: dict[int, str], *, arrived: int | None = None, today: int = 30, parts=PARTS):
    """What comes of it: left and arrived on these days, with these scans (`kind` or `kind@place`)."""
    found = []
    for number, (day, said) in enumerate(sorted(seen.items())):
        kind, _, place = said.partition("@")
        found.append(Sighting(UUID(int=number), kind, on(day), place))
    zone = ZoneInfo("UTC")
    journey = Journey(None if left is None else on(left), None if arrived is None else on(arrived), found, zone, zone)
    return judge(parts, journey, MONDAY + timedelta(days=today))


WAY = {2: "handed_over", 3: "in_transit@Hong Kong", 8: "customs@Leipzig", 9: "in_transit@Leipzig", 11: "delivered"}


def later(first: int, by: int) -> dict[int, str]:
    """The way as promised until a day; everything from it on is so many days later."""
    return {day + by if day >= first else day: said for day, said in WAY.items()}


@pytest.mark.parametrize(
    ("left", "seen", "arrived", "shares"),
    [
        (2, WAY, 11, []),
        (4, later(0, 2), 13, [Share(0, 0, 2)]),
        (2, later(3, 1), 12, [Share(1, 1, 1)]),
        (2, later(8, 3), 14, [Share(2, 2, 3)]),
        (2, later(9, 4), 15, [Share(3, 3, 4)]),
        (2, later(11, 1), 12, [Share(4, 4, 1)]),
        (4, {**later(0, 2), 13: "in_transit@Leipzig"} | {15: "delivered"}, 15, [Share(0, 0, 2), Share(4, 4, 2)]),
    ],
)
def test_the_leg_that_was_late_is_named(left, seen, arrived, shares):
    found = judged(left, seen, arrived=arrived)
    assert found.shares == shares
    assert found.late_days == arrived - 11
    assert found.is_over


def test_between_two_scans_nobody_knows():
    """Handed over in time, delivered three days late, and not seen in between."""
    assert judged(2, {2: "handed_over", 14: "delivered"}, arrived=14).shares == [Share(1, 4, 3)]
    # Seen at customs on the day: what came before is clear, what came after is not.
    assert judged(2, {2: "handed_over", 10: "customs", 14: "delivered"}, arrived=14).shares == [
        Share(1, 2, 2), Share(3, 4, 1),
    ]  # fmt: skip
    # Customs had it until the thirteenth at the least: four days are its own, whenever it let go.
    seen = {2: "handed_over", 8: "customs", 13: "customs", 16: "delivered"}
    assert judged(2, seen, arrived=16).shares == [Share(3, 3, 4), Share(3, 4, 1)]


def test_handling_on_the_spot_ends_when_it_is_handed_on():
    there = leg("consolidation", "consolidation", "Shenzhen", "Shenzhen")
    parts = (PARTS[0], part("consolidation", "consolidation", "platform", 3, there), *PARTS[2:])
    seen = {2: "handed_over@Shenzhen", 5: "handed_over@Shenzhen", 10: "customs", 11: "in_transit", 13: "delivered"}
    assert judged(2, seen, arrived=13, parts=parts).shares == [Share(1, 1, 2)]
    assert judged(2, {**seen, 5: "in_transit@Shenzhen"}, arrived=13, parts=parts).shares == [Share(1, 2, 2)]


def test_a_hand_over_that_no_carrier_confirms_in_a_day_is_open_until_the_scan():
    """It was said to be handed over on Wednesday; the first scan is of the next Monday."""
    late = {day: said for day, said in later(3, 4).items() if said != "handed_over"}
    assert judged(2, {5: "handed_over", **late}, arrived=15).shares == [Share(0, 0, 3), Share(1, 1, 1)]
    assert judged(2, late, arrived=15).shares == [Share(0, 1, 4)]


def test_a_missed_departure_is_of_whoever_missed_it():
    """The flight leaves on Thursdays: a day late at the airport is a week late at the door."""
    weekly = leg("line haul", "line_haul", departs=frozenset({4}))
    parts = (PARTS[0], part("line haul", "line_haul", "third_party", 6, weekly), part("last mile", "last_mile", "", 8))
    assert judged(4, {4: "handed_over", 15: "delivered"}, arrived=15, parts=parts).shares == [Share(0, 0, 7)]
    assert judged(3, {3: "handed_over", 8: "delivered"}, arrived=8, parts=parts).shares == []


def at_hours(parts, *scans: tuple[str, int, int]):
    """What comes of it where each scan stands with its day and its hour; the first hands it over."""
    seen = [Sighting(UUID(int=place), kind, on(day, hour)) for place, (kind, day, hour) in enumerate(scans)]
    zone = ZoneInfo("UTC")
    return judge(parts, Journey(seen[0].at, seen[-1].at, seen, zone, zone), MONDAY + timedelta(days=30)).shares


def test_a_cut_off_missed_by_an_hour_is_the_day_it_costs():
    """Customs hands over to the road until four in the afternoon."""
    road = leg("last mile", "last_mile", cut_off=time(16))
    parts = (*PARTS[:4], part("last mile", "last_mile", "third_party", 11, road))
    way = (("handed_over", 2, 12), ("customs", 8, 12))
    assert at_hours(parts, *way, ("in_transit", 9, 15), ("delivered", 12, 12)) == [Share(4, 4, 1)]
    assert at_hours(parts, *way, ("in_transit", 9, 17), ("delivered", 12, 12)) == [Share(3, 3, 1)]
    assert at_hours(parts, *way, ("in_transit", 9, 17), ("delivered", 11, 12)) == []


def test_a_dispatch_has_until_the_end_of_its_day():
    """It is promised with the departure after the cut-off: an hour too late costs nothing where that one is reached."""
    truck = leg("first mile", "first_mile", "Shenzhen", "Hong Kong", cut_off=time(16))
    parts = (PARTS[0], part("first mile", "first_mile", "platform", 4, truck), *PARTS[2:])
    rest = (("customs", 8, 12), ("in_transit", 9, 12), ("delivered", 12, 12))
    assert at_hours(parts, ("handed_over", 2, 23), *rest) == [Share(4, 4, 1)]
    assert at_hours(parts, ("handed_over", 3, 1), *rest) == [Share(4, 4, 1)]
    assert onward(parts, 0, MONDAY + timedelta(days=3), time(15)) == parts[-1].due_on
    assert onward(parts, 0, MONDAY + timedelta(days=3), time(17)) == parts[-1].due_on + timedelta(days=1)
    assert onward(parts, 0, MONDAY + timedelta(days=2)) == parts[-1].due_on


def test_a_day_of_rest_is_nobodys():
    works = leg("last mile", "last_mile", moves=WORKDAYS)
    parts = (PARTS[0], part("last mile", "last_mile", "platform", 4, works))
    # A day late on its way: Friday becomes Monday, and the weekend is of whoever sent it late.
    assert judged(3, {3: "handed_over", 7: "delivered"}, arrived=7, parts=parts).shares == [Share(0, 0, 3)]
    closed = leg("last mile", "last_mile", moves=WORKDAYS, closed=frozenset({MONDAY + timedelta(days=7)}))
    parts = (PARTS[0], part("last mile", "last_mile", "platform", 4, closed))
    assert onward(parts, 0, MONDAY + timedelta(days=3)) == MONDAY + timedelta(days=8)


def test_what_is_made_good_later_is_nobodys():
    found = judged(4, {4: "handed_over", 5: "in_transit@Hong Kong", 12: "delivered"}, arrived=12)
    assert (found.late_days, found.shares) == (1, [Share(0, 0, 1)])


def test_while_it_runs_the_end_follows_what_is_known():
    waiting = judged(None, {}, today=1)
    assert (waiting.ends_on, waiting.late_days, waiting.shares) == (PARTS[-1].due_on, 0, [])
    unsent = judged(None, {}, today=5)
    assert (unsent.ends_on - MONDAY).days == 14 and unsent.shares == [Share(0, 0, 3)] and not unsent.is_over
    held = judged(4, {4: "handed_over", 5: "in_transit@Hong Kong"}, today=6)
    assert (held.ends_on - MONDAY).days == 13 and held.shares == [Share(0, 0, 2)]
    at_customs = judged(2, {2: "handed_over", 3: "in_transit@Hong Kong", 10: "customs"}, today=10)
    assert at_customs.shares == [Share(2, 2, 2)]
    overdue = judged(2, {2: "handed_over"}, today=16)
    assert (overdue.ends_on - MONDAY).days == 16 and overdue.shares == [Share(1, 4, 5)]


KINDS = st.sampled_from(["handed_over", "in_transit", "in_transit@Hong Kong", "customs", "out_for_delivery",
                         "exception", "in_transit@Leipzig"])  # fmt: skip


@given(
    st.none() | st.integers(0, 15), st.dictionaries(st.integers(0, 30), KINDS, max_size=6),
    st.none() | st.integers(15, 30), st.integers(0, 40), st.booleans(),
    st.none() | st.sampled_from([time(9), time(16)]),
)  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_shares_sum_to_the_whole_delay(left, seen, arrived, today, rests, cut_off):
    parts = PARTS
    if rests:
        legs = [leg(each.name, each.task, departs=frozenset({1, 4}), moves=WORKDAYS, cut_off=cut_off) for each in PARTS]
        parts = tuple(part(p.name, p.task, p.party, (p.due_on - MONDAY).days, way)
                      for p, way in zip(PARTS, legs, strict=True))  # fmt: skip
    arrived = None if left is None else arrived
    seen = {day: said for day, said in seen.items() if left is not None and left <= day <= (arrived or today)}
    found = judged(left, seen, arrived=arrived, today=max(today, arrived or 0), parts=parts)
    assert sum(each.days for each in found.shares) == found.late_days == max((found.ends_on - parts[-1].due_on).days, 0)
    assert all(each.days > 0 and each.first <= each.last < len(parts) for each in found.shares)
    if arrived is None:
        assert found.ends_on >= MONDAY + timedelta(days=today)
