"""Slots of a day: whole ones, in the node's clock, as many as are left, none where the day is full."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import combinations
from zoneinfo import ZoneInfo

import pytest

from entrepot.domain.inbound import docks
from entrepot.domain.inbound.docks import Hours
from entrepot.kernel.errors import Invalid

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = date(2026, 11, 23)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def hours(**more) -> Hours:
    return Hours(**{"opens_at": time(8), "closes_at": time(10, 15), "slot_minutes": 30, "at_once": 2} | more)


def test_a_day_is_cut_into_whole_slots_of_the_nodes_clock():
    found = docks.slots_of(hours(), MONDAY, zone=BERLIN)
    assert [f"{start:%H:%M}" for start, _ in found] == ["07:00", "07:30", "08:00", "08:30"], "UTC, one hour behind"
    assert {end - start for start, end in found} == {timedelta(minutes=30)}


def test_the_hour_that_clocks_jump_over_has_no_slots():
    night = hours(opens_at=time(1), closes_at=time(5), slot_minutes=60)
    spring = docks.slots_of(night, date(2026, 3, 29), zone=BERLIN)
    assert [f"{start.astimezone(BERLIN):%H}" for start, _ in spring] == ["01", "03", "04"]
    autumn = docks.slots_of(night, date(2026, 10, 25), zone=BERLIN)
    assert [f"{start.astimezone(BERLIN):%H}" for start, _ in autumn] == ["01", "02", "03", "04"]


def test_what_is_full_past_or_beyond_the_day_is_not_free():
    starts = [start for start, _ in docks.slots_of(hours(), MONDAY, zone=BERLIN)]
    taken = {starts[0]: 2, starts[1]: 1}
    free = docks.free(hours(), MONDAY, taken, zone=BERLIN, now=LONG_AGO)
    assert [(each.starts_at, each.left) for each in free] == [(starts[1], 1), (starts[2], 2), (starts[3], 2)]
    assert [each.starts_at for each in docks.free(hours(), MONDAY, taken, zone=BERLIN, now=starts[2])] == starts[3:]
    assert docks.free(hours(day_max=3), MONDAY, taken, zone=BERLIN, now=LONG_AGO) == []
    assert docks.free(hours(day_max=4), MONDAY, taken, zone=BERLIN, now=LONG_AGO) == free


def test_the_lowest_place_is_given():
    for taken in (set(chain) for size in range(5) for chain in combinations(range(1, 6), size)):
        place = docks.lowest_place(taken)
        assert place not in taken and place >= 1 and all(below in taken for below in range(1, place))


def test_an_early_vehicle_keeps_its_slot_and_one_beyond_the_grace_is_late():
    start = datetime(2026, 11, 23, 8, tzinfo=UTC)
    at = {minutes: docks.arrival(start, 30, start + timedelta(minutes=minutes)) for minutes in (-90, 0, 30, 31)}
    assert at == {-90: "kept", 0: "kept", 30: "kept", 31: "late"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"slot_minutes": 1}, "slot_minutes"),
        ({"at_once": 0}, "at_once"),
        ({"day_max": 0}, "day_max"),
        ({"grace_minutes": -1}, "grace_minutes"),
        ({"closes_at": time(8, 29)}, "closes_at"),
    ],
)
def test_hours_that_hold_nothing_are_refused_at_their_field(change, field):
    with pytest.raises(Invalid) as refused:
        docks.check(hours(**change))
    assert refused.value.field == field
