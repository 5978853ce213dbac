"""Tracking counts scans: what is doubted, from when on, and what it weighs."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain.logistics import credibility
from entrepot.domain.logistics.credibility import Facts, Said, Standard, assess

LEFT = datetime(2026, 3, 2, 10, tzinfo=UTC)
STANDARD = Standard(first_scan_hours=48, silent_hours=240, fraud_score=60)
PLAIN = Facts(LEFT, "handed_over", "RR123456785DE")


def kinds(facts: Facts, after: timedelta) -> list[str]:
    return [each.kind for each in assess(facts, STANDARD, LEFT + after)]


def scan(kind: str, hours: float) -> Said:
    return Said(kind, LEFT + timedelta(hours=hours), True)


def claim(kind: str, hours: float) -> Said:
    return Said(kind, LEFT + timedelta(hours=hours), False)


def test_a_number_without_a_scan_is_doubted_from_the_stated_hour_on():
    assert kinds(PLAIN, timedelta(hours=48, microseconds=-1)) == []
    assert kinds(PLAIN, timedelta(hours=48)) == ["unscanned"]
    assert kinds(replace(PLAIN, said=[scan("in_transit", 47)]), timedelta(hours=48)) == []


def test_a_label_that_was_made_is_no_scan_and_neither_is_a_claim():
    said = [scan("label_made", 1), claim("in_transit", 2)]
    assert kinds(replace(PLAIN, said=said), timedelta(hours=48)) == ["unscanned"]


def test_what_is_claimed_and_was_never_scanned_weighs_more():
    said = [claim("delivered", 50)]
    found = assess(replace(PLAIN, said=said), STANDARD, LEFT + timedelta(hours=60))
    assert [each.kind for each in found] == ["unscanned", "claimed"]
    assert credibility.score(each.points for each in found) == 50


def test_a_parcel_that_falls_silent_is_doubted_and_one_that_arrived_is_not():
    said = [scan("in_transit", 10)]
    assert kinds(replace(PLAIN, said=said), timedelta(hours=249)) == []
    assert kinds(replace(PLAIN, said=said), timedelta(hours=250)) == ["silent"]
    assert kinds(replace(PLAIN, said=[*said, scan("delivered", 90)], state="delivered"), timedelta(days=90)) == []


def test_delivered_before_anything_moved_is_doubted():
    assert kinds(replace(PLAIN, said=[scan("delivered", 90)], state="delivered"), timedelta(days=5)) == ["unseen"]
    later = [scan("delivered", 90), scan("in_transit", 91)]
    assert kinds(replace(PLAIN, said=later, state="delivered"), timedelta(days=5)) == ["unseen"]


def test_a_scan_older_than_the_hand_over_belongs_to_another_parcel():
    assert kinds(replace(PLAIN, said=[scan("in_transit", -24)]), timedelta(hours=1)) == []
    assert kinds(replace(PLAIN, said=[scan("in_transit", -25)]), timedelta(hours=1)) == ["older"]


def test_a_repeated_number_alone_is_fraud_and_short_ones_are_chance():
    found = assess(replace(PLAIN, twins=["P-2", "P-1"]), STANDARD, LEFT)
    assert [(each.kind, each.facts["parcels"]) for each in found] == [("repeated", ["P-1", "P-2"])]
    assert credibility.score(each.points for each in found) >= STANDARD.fraud_score
    assert kinds(replace(PLAIN, tracking_number="12 34-5", twins=["P-2"]), timedelta(0)) == []


@pytest.mark.parametrize(
    ("number", "form"),
    [
        ("RB123456785GB", None),  # the example of the standard
        ("rb 123 456 785 gb", None),
        ("RB123456784GB", "S10"),
        ("EE876543216PT", None),
        ("1Z999AA10123456784", None),  # the carrier's own sample number
        ("1Z999AA10123456783", "UPS"),
        ("1Z12345E1512345676", None),
        ("794999770000", None),  # of no form that says whether it is right
        ("", None),
    ],
)
def test_a_wrong_check_digit_is_named_with_its_form(number, form):
    assert credibility.broken_form(number) == form


@given(st.text("0123456789", min_size=8, max_size=8), st.integers(0, 9))
def test_one_of_the_ten_digits_fits_a_serial_number(serial, digit):
    fits = credibility.broken_form(f"RR{serial}{digit}DE") is None
    assert fits == (digit == credibility.s10_check_digit(serial))


@given(st.text("0123456789abcXYZ -./_", max_size=20))
def test_a_bare_number_is_bare_already(number):
    assert credibility.bare(credibility.bare(number)) == credibility.bare(number)


@given(st.lists(st.sampled_from(sorted(credibility.POINTS.values())), max_size=12))
def test_a_score_lies_within_a_hundred(points):
    assert credibility.score(points) == min(100, sum(points))
