"""Transit distributions, forecasts by calendars, and who made a promise fail."""

import gzip
from datetime import date, time, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.intake.files import real

from entrepot.domain.logistics import history, transit
from entrepot.domain.logistics.lanes import Capacity, Lane, Leg, Segment, delays, forecast, objections
from entrepot.domain.logistics.versions import LANE_KEYS, changes
from entrepot.domain.logistics.ways import TASKS, read_lanes
from entrepot.domain.terms.tasks import Task
from entrepot.kernel.errors import Invalid
from entrepot.kernel.sheets import Unreadable

MONDAY = date(2026, 11, 23)


def lane(*legs: Leg, **fields) -> Lane:
    return Lane("x", "A way", "CN", "US", legs, "a test", **fields)


def leg(days: str, code: str = "line haul", task: Task = Task.LINE_HAUL, **fields) -> Leg:
    return Leg(code, task, "air", transit.parse(days), **fields)


def test_forms_of_a_distribution():
    assert transit.parse("2").shares.tolist() == [0, 0, 1]
    assert transit.parse("2-5").shares.tolist() == [0, 0, 0.25, 0.25, 0.25, 0.25]
    assert transit.parse("5:1 7:3").shares.tolist() == [0] * 5 + [0.25, 0, 0.75]
    middle = transit.parse("22-28-40")
    assert middle.shares.argmax() == 28 and middle.shares.sum() == pytest.approx(1)
    assert (middle.first, len(middle.shares)) == (22, 41)
    for text in ("", "-1", "5-2", "2-3-4-5", "x", "9999", "5:0"):
        with pytest.raises(ValueError):
            transit.parse(text)


def test_a_leg_waits_for_its_departure_and_moves_on_days_of_work():
    """Ready on Monday, sails on Fridays, five days at sea, then three days of work on the road from Wednesday on."""
    way = lane(leg("5", departs=frozenset({5})), leg("3", "last mile", Task.LAST_MILE, moves=frozenset(range(1, 6))))
    found = forecast(way, MONDAY)
    assert [each.done_by for each in found.segments] == [date(2026, 12, 2), date(2026, 12, 7)]
    assert (found.first, found.last) == (date(2026, 12, 7), date(2026, 12, 7))


def test_holidays_of_the_country_of_a_leg_count_for_it_alone():
    way = lane(leg("2", country="CN"), leg("1", "last mile", Task.LAST_MILE, country="US"))
    plain = forecast(way, MONDAY).last
    assert forecast(way, MONDAY, holidays={"CN": [date(2026, 11, 24)]}).last == plain + timedelta(days=1)
    assert forecast(way, MONDAY, holidays={"DE": [date(2026, 11, 24)]}).last == plain


def test_a_window_holds_at_its_confidence():
    way = lane(leg("2-9"), leg("1-4", "last mile", Task.LAST_MILE))
    found = forecast(way, MONDAY, confidence=0.9)
    arrivals = np.cumsum(found.arrivals)
    last = (found.last - MONDAY).days
    assert arrivals[last] >= 0.9 > arrivals[last - 1]
    assert found.segments[0].done_by < found.segments[1].done_by == found.last
    assert found.arrivals.sum() == pytest.approx(1)


SEGMENTS = (
    Segment("line haul", Task.LINE_HAUL, MONDAY + timedelta(days=10)),
    Segment("customs", Task.CUSTOMS, MONDAY + timedelta(days=12)),
    Segment("last mile", Task.LAST_MILE, MONDAY + timedelta(days=15)),
)


@pytest.mark.parametrize(
    ("done", "blamed"),
    [
        ((10, 12, 15), []),
        ((14, 16, 17), [("line haul", 2)]),  # four days late, two made good by others: two are the delay
        ((9, 17, 20), [("customs", 5)]),
        ((12, 15, 20), [("line haul", 2), ("customs", 1), ("last mile", 2)]),
        ((20, 20, 15), []),
    ],
)  # fmt: skip
def test_a_missed_promise_names_who_missed_it(done, blamed):
    days = [MONDAY + timedelta(days=each) for each in done]
    assert [(each.leg, each.days) for each in delays(SEGMENTS, MONDAY, days)] == blamed


@given(st.lists(st.integers(0, 12), min_size=3, max_size=3))
@settings(max_examples=80, deadline=None)
def test_delays_sum_to_the_whole_delay(steps):
    days = [MONDAY + timedelta(days=int(each)) for each in np.cumsum(steps)]
    late = max((days[-1] - SEGMENTS[-1].done_by).days, 0)
    assert sum(each.days for each in delays(SEGMENTS, MONDAY, days)) == late


@given(st.integers(0, 20), st.integers(0, 20), st.floats(0.5, 0.98))
@settings(max_examples=60, deadline=None)
def test_more_confidence_never_promises_earlier(low, more, confidence):
    way = lane(leg(f"{low}-{low + more}", departs=frozenset({1, 4})))
    assert forecast(way, MONDAY, confidence=confidence).last <= forecast(way, MONDAY, confidence=0.99).last


def test_a_parcel_that_may_not_go_this_way_hears_why():
    way = lane(leg("1"), refuses=frozenset({"battery"}), weight_max_g=2000, value_max_minor=80_000, currency="USD")
    assert objections(way, weight_g=3000, value_minor=90_000, currency="USD", flags={"battery", "liquid"}) == [
        "goods:battery", "weight", "value",
    ]  # fmt: skip
    assert objections(way, weight_g=2000, value_minor=80_000, currency="USD", flags=()) == []


def test_what_comes_after_the_cut_off_leaves_a_day_later():
    way = lane(leg("2", departs=frozenset({1, 4}), cut_off=time(16)))
    assert forecast(way, MONDAY, at=time(16)).last == forecast(way, MONDAY).last == date(2026, 11, 25)
    assert forecast(way, MONDAY, at=time(16, 1)).last == date(2026, 11, 28)


def test_a_leg_stands_still_on_the_days_that_it_is_closed():
    way = lane(
        leg("2"), leg("1", "last mile", Task.LAST_MILE, closed=frozenset({date(2026, 11, 25), date(2026, 11, 26)}))
    )
    assert forecast(way, MONDAY).last == date(2026, 11, 28)
    assert forecast(lane(*way.legs[:1], leg("1", "last mile", Task.LAST_MILE)), MONDAY).last == date(2026, 11, 26)


def test_a_departure_takes_so_much():
    most = Capacity(parcels=500, weight_g=12_000_000)
    assert most.holds(parcels=500, weight_g=12_000_000, volume_cm3=10**9) and not most.holds(parcels=501)
    narrow = lane(leg("1", capacity=Capacity(weight_g=5_000)))
    assert objections(narrow, weight_g=5_001, value_minor=1, currency="EUR", flags=()) == ["capacity"]
    assert objections(narrow, weight_g=5_000, value_minor=1, currency="EUR", flags=()) == []


def test_what_changes_between_versions_is_named_row_by_row():
    before = f"{HEAD}{FIRST},,,,,line haul,line_haul,air,Hong Kong,the door,3,1 4\n"
    after = f"{HEAD}{FIRST.replace('1-2', '1-3')},,,,,haul,line_haul,air,Hong Kong,the door,3,1 4\n"
    found = changes(before, after, LANE_KEYS)
    assert [(each.row, each.column, each.before, each.after) for each in found][:1] == [
        ("first mile", "days", "1-2", "1-3"),
    ]  # fmt: skip
    assert [(each.row, bool(each.before), bool(each.after)) for each in found[1:]] == [
        ("haul", False, True), ("line haul", True, False),
    ]  # fmt: skip
    assert changes(before, before, LANE_KEYS) == []


def test_a_history_is_fitted_and_its_promises_hold():
    draw = np.random.default_rng(3)
    history = (draw.gamma(9, 3, 4000) + 4).astype(int).tolist()
    fitted = transit.fit(history[:3000])
    for found in transit.calibrate(fitted, history[3000:]):
        a_day_less = np.mean(np.array(history[3000:]) < fitted.within(found.share))
        assert a_day_less - 0.03 <= found.share <= found.held + 0.03
    again = transit.parse(transit.text_of(fitted))
    assert again.within(0.9) == fitted.within(0.9)


HEAD = "lane,origin,destination,valid_from,source,leg,task,mode,from,to,days,departs\n"
FIRST = "x,CN,US,2025-01-01,a test,first mile,first_mile,truck,Shenzhen,Hong Kong,1-2,1-6\n"


def test_the_duties_of_legs_are_tasks_of_the_terms():
    assert set(TASKS) <= set(Task)


def test_a_lane_is_read_leg_by_leg():
    [way] = read_lanes(f"{HEAD}{FIRST},,,,,line haul,line_haul,air,Hong Kong,the door,3,1 4\n")
    assert [(each.start, each.end, sorted(each.departs)) for each in way.lane.legs] == [
        ("Shenzhen", "Hong Kong", [1, 2, 3, 4, 5, 6]), ("Hong Kong", "the door", [1, 4]),
    ]  # fmt: skip
    assert read_lanes(way.sheet) == [way]
    more = HEAD.replace("departs", "departs,cut_off,capacity,closed") + FIRST.replace(
        "1-6\n", "1-6,16:00,500 parcels; 12 t; 20 cbm,2026-12-25 2027-02-05..2027-02-07\n"
    )
    [first] = read_lanes(more)[0].lane.legs
    assert (first.cut_off, first.capacity) == (time(16), Capacity(500, 12_000_000, 20_000_000))
    assert sorted(first.closed) == [date(2026, 12, 25), *(date(2027, 2, day) for day in (5, 6, 7))]


@pytest.mark.parametrize(
    ("rows", "row", "column", "said"),
    [
        (FIRST + ",,,,,back,line_haul,air,Hong Kong,Shenzhen,3,", 3, "to", "runs in a loop"),
        (FIRST + ",,,,,on,line_haul,air,Macau,the door,3,", 3, "from", "ends at Hong Kong"),
        (FIRST.replace("1-2,", "2-1,"), 2, "days", "write days as"),
        (FIRST.replace("first_mile", "teleport"), 2, "task", "is none of first_mile"),
        (FIRST.replace("1-6", "0-6"), 2, "departs", "weekdays"),
        (FIRST.replace("2025-01-01", "1.1.2025"), 2, "valid_from", "write a day"),
        ("," + FIRST.partition(",")[2], 2, "lane", "names a lane"),
        (FIRST.replace("1-6", "1-6,25:00"), 2, "cut_off", "time of the day"),
        (FIRST.replace("1-6", "1-6,,a lot"), 2, "capacity", "is not a quantity"),
        (FIRST.replace("1-6", "1-6,,,2027-02-05..2027-02-01"), 2, "closed", "no span of days"),
        (FIRST.replace("1-6", "1-6,,,2027-02-05..2029-02-01"), 2, "closed", "no span of days"),
    ],
)
def test_a_bad_lane_names_row_and_column(rows, row, column, said):
    with pytest.raises(Unreadable) as refused:
        read_lanes(HEAD.replace("departs", "departs,cut_off,capacity,closed") + rows)
    assert (refused.value.values["row"], refused.value.values["column"]) == (row, column)
    assert said in refused.value.values["problem"]


def test_real_shipments_are_fitted_on_the_past_and_tested_on_what_came_after():
    """Health goods to 43 countries by air, truck and sea: fitted until 2014, tested on 2014 and 2015."""
    text = gzip.decompress((real("scms_shipments") / "scms_normalised.csv.gz").read_bytes()).decode()
    columns = {"start": "PO Sent to Vendor Date", "end": "Delivered to Client Date", "by": "Shipment Mode"}
    found = history.fit(text, **columns, until=date(2014, 1, 1))
    assert (
        sum(each.count for each in found.fitted)
        + sum(found.too_few.values())
        + found.left_out
        + sum(each.calibration[0].count for each in found.fitted)
        <= 10_324
    )
    by_mode = {each.group: each for each in found.fitted}
    assert by_mode["Ocean"].transit.within(0.5) > by_mode["Air"].transit.within(0.5)
    for each in found.fitted:
        shares = [one.held for one in each.calibration]
        assert shares == sorted(shares)


def test_a_history_without_the_column_is_refused():
    with pytest.raises(Invalid, match="no column"):
        history.fit("a,b\n", start="a", end="c", by="b", until=MONDAY)
