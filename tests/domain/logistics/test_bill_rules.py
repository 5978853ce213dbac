"""What a line of a carrier's bill is, and of what its difference is made."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain.logistics.bill_rules import Kind, Planned, Tolerance, credit, judge

LEFT = Planned("left", "EUR", 450, 500)


def card(amount):
    return replace(LEFT, card_minor=amount)


EXACT = Tolerance()
LOOSE = Tolerance(10, Decimal("0.02"), 50, Decimal("0.05"))


def told(charges, weight=500, planned=LEFT, tolerance=EXACT, currency="EUR"):
    found = judge(charges, weight, currency, planned, tolerance)
    return found.verdict, found.planned_minor, found.rate_minor, found.weight_minor, found.surcharge_minor


@pytest.mark.parametrize(
    ("charges", "weight", "planned", "tolerance", "expected"),
    [
        ({"carriage": 450}, 500, LEFT, EXACT, ("equal", 450, 0, 0, 0)),
        ({"carriage": 400, "fuel": 50}, 500, LEFT, EXACT, ("equal", 450, 0, 0, 0)),
        ({"carriage": 460}, 500, LEFT, EXACT, ("differs", 450, 10, 0, 0)),
        ({"carriage": 460}, 500, LEFT, LOOSE, ("within", 450, 10, 0, 0)),
        ({"carriage": 461}, 500, LEFT, LOOSE, ("differs", 450, 11, 0, 0)),
        # Weighed again.
        ({"carriage": 780}, 900, LEFT, LOOSE, ("differs", 450, 0, 330, 0)),
        ({"carriage": 780}, 549, LEFT, LOOSE, ("differs", 450, 330, 0, 0)),
        # A re-weighing or a surcharge of its own, beside the carriage or after it.
        ({"carriage": 450, "weight": 120, "remote_area": 90}, 500, LEFT, EXACT, ("differs", 450, 0, 120, 90)),
        ({"redelivery": 300}, None, LEFT, EXACT, ("differs", 0, 0, 0, 300)),
        # Not to be paid, or not yet.
        ({"carriage": 450}, 500, None, LOOSE, ("unknown", 0, 450, 0, 0)),
        ({"carriage": 450}, 500, Planned("cancelled"), LOOSE, ("cancelled", 0, 450, 0, 0)),
        ({"carriage": 450}, 500, Planned("waiting", "EUR", 0, 500), LOOSE, ("waiting", 0, 450, 0, 0)),
        ({"carriage": 450}, 500, Planned("left", "USD", 450, 500), LOOSE, ("currency", 0, 450, 0, 0)),
        ({"carriage": 450}, 500, Planned("left", "EUR", 450, 500, True), LOOSE, ("twice", 0, 450, 0, 0)),
        # Weighed again, and the card says what that makes: what is beyond it is the rate's.
        ({"carriage": 780}, 900, card(700), EXACT, ("differs", 450, 80, 250, 0)),
        ({"carriage": 780}, 900, card(900), EXACT, ("differs", 450, 0, 330, 0)),
        ({"carriage": 780}, 900, card(400), EXACT, ("differs", 450, 330, 0, 0)),
        ({"carriage": 310}, 200, card(400), EXACT, ("differs", 450, -90, -50, 0)),
        ({"carriage": 310}, 200, card(500), EXACT, ("differs", 450, -140, 0, 0)),
        # Cheaper than planned.
        ({"carriage": 310}, 200, LEFT, EXACT, ("differs", 450, 0, -140, 0)),
    ],
)  # fmt: skip
def test_a_line_is_what_it_is(charges, weight, planned, tolerance, expected):
    assert told(charges, weight, planned, tolerance) == expected


amounts = st.integers(0, 10_000)


@given(
    st.dictionaries(st.sampled_from(list(Kind)), amounts), st.none() | st.integers(1, 30_000),
    st.none() | st.builds(Planned, st.sampled_from(["left", "waiting", "cancelled"]), st.sampled_from(["EUR", "USD"]),
                          amounts, st.integers(1, 30_000), st.booleans(), st.none() | amounts),
    st.builds(Tolerance, st.integers(0, 500), st.just(Decimal("0.1")), st.integers(0, 500), st.just(Decimal("0.1"))),
)  # fmt: skip
def test_what_was_planned_and_its_difference_are_the_line(charges, weight, planned, tolerance):
    verdict, *parts = told(charges, weight, planned, tolerance)
    assert sum(parts) == sum(charges.values())
    if verdict in ("equal", "within"):
        assert tolerance.covers(sum(charges.values()) - parts[0], parts[0])


@given(amounts, amounts, amounts)
def test_a_credit_gives_back_the_weight_first(credited, weight, surcharge):
    found = credit(-credited, weight, surcharge)
    assert found.rate_minor + found.weight_minor + found.surcharge_minor == -credited
    assert -found.weight_minor == min(credited, weight)
    assert -found.surcharge_minor == min(credited + found.weight_minor, surcharge)
