"""When a parcel is due to leave and promised to arrive: weekends, closures, cut-off, and the hour that comes twice."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain.logistics import rules

WEEKDAYS = (1, 2, 3, 4, 5)


def due(now: datetime, days: int, zone="UTC", cut_off=time(14), closures=(), working=WEEKDAYS) -> datetime:
    return rules.due_at(now, days, time_zone=zone, working_days=working, cut_off=cut_off, closures=closures)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def test_the_end_of_the_handling_day_is_the_start_of_the_next():
    assert due(utc(2026, 3, 2, 9), 2) == utc(2026, 3, 5)  # Monday, two working days: the end of Wednesday


def test_no_handling_days_means_today():
    assert due(utc(2026, 3, 2, 9), 0) == utc(2026, 3, 3)


@pytest.mark.parametrize(("hour", "minute", "day"), [(13, 59, 4), (14, 0, 4), (14, 1, 5)])
def test_the_cut_off_itself_is_still_today(hour, minute, day):
    assert due(utc(2026, 3, 2, hour, minute), 1) == utc(2026, 3, day)


def test_the_cut_off_is_read_on_the_nodes_clock():
    late_in_shanghai = utc(2026, 3, 2, 7)  # 15:00 there
    assert due(late_in_shanghai, 1, "Asia/Shanghai") == utc(2026, 3, 4, 16)
    assert due(late_in_shanghai, 1, "UTC") == utc(2026, 3, 4)


def test_a_weekend_rests():
    assert due(utc(2026, 3, 6, 15), 1) == utc(2026, 3, 11)  # Friday after the cut-off counts as Monday
    assert due(utc(2026, 3, 7, 9), 1) == utc(2026, 3, 11)  # Saturday too


def test_closures_rest_beside_the_weekend():
    spring_festival = {date(2026, 2, 16) + timedelta(days=day) for day in range(5)}
    assert due(utc(2026, 2, 13, 9), 1, closures=spring_festival) == utc(2026, 2, 24)


def test_a_calendar_without_an_end_to_its_rest_is_refused():
    closures = {date(2026, 1, 1) + timedelta(days=day) for day in range(900)}
    with pytest.raises(rules.NoWorkingDay):
        due(utc(2026, 1, 5), 1, closures=closures)


@pytest.mark.parametrize(
    ("zone", "now", "wanted"),
    [
        # Berlin loses an hour on 29 March 2026 and gets it back on 25 October.
        ("Europe/Berlin", utc(2026, 3, 27, 9), utc(2026, 3, 30, 22)),
        ("Europe/Berlin", utc(2026, 10, 23, 9), utc(2026, 10, 26, 23)),
        # New York: 8 March and 1 November 2026.
        ("America/New_York", utc(2026, 3, 6, 16), utc(2026, 3, 10, 4)),
        ("America/New_York", utc(2026, 10, 30, 15), utc(2026, 11, 3, 5)),
    ],
)
def test_clock_changes_move_the_instant_and_not_the_day(zone, now, wanted):
    assert due(now, 1, zone) == wanted


def test_a_midnight_that_the_clocks_jump_over_is_the_first_instant_after_it():
    # São Paulo went from 23:59:59 on 3 November 2018 to 01:00 on the 4th.
    assert due(utc(2018, 11, 3, 12), 0, "America/Sao_Paulo", working=(6, 7)) == utc(2018, 11, 4, 3)


@given(
    now=st.integers(0, 4 * 366 * 86_400).map(lambda seconds: utc(2024, 1, 1) + timedelta(seconds=seconds)),
    days=st.integers(0, 12),
    zone=st.sampled_from(
        [
            "UTC",
            "Asia/Shanghai",
            "Europe/Berlin",
            "America/New_York",
            "America/Sao_Paulo",
            "Pacific/Kiritimati",
            "Asia/Kathmandu",
        ]
    ),
    working=st.sets(st.integers(1, 7), min_size=1),
)
def test_due_is_after_now_on_a_working_day_and_grows_with_the_days(now, days, zone, working):
    found = due(now, days, zone, working=working)
    last_day = (found - timedelta(seconds=1)).astimezone(rules.ZoneInfo(zone)).date()
    assert found > now
    assert last_day.isoweekday() in working
    assert due(now, days + 1, zone, working=working) > found


def test_a_deadline_that_is_the_end_of_a_day_belongs_to_that_day():
    ship_by = utc(2026, 3, 4, 16)  # midnight in Shanghai: the end of 4 March
    assert rules.last_day(ship_by, time_zone="Asia/Shanghai") == date(2026, 3, 4)


def test_lateness_begins_after_the_deadline():
    assert rules.lateness(utc(2026, 3, 4), utc(2026, 3, 4)) == timedelta(0)
    assert rules.lateness(utc(2026, 3, 4), utc(2026, 3, 3)) == timedelta(0)
    assert rules.lateness(utc(2026, 3, 4), utc(2026, 3, 4, 1)) == timedelta(hours=1)
