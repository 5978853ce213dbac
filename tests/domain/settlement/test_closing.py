"""When accruals may be stated, and what a statement comes to."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain.settlement.closing import Group, close, eligible_at, period_end, round_ppm
from entrepot.domain.terms.clauses import Cadence, Settlement, Weekday


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("settlement", "triggered", "eligible"),
    [
        (Settlement(0, Cadence.DAILY), "2026-03-04T10:00", "2026-03-04T10:00"),
        (Settlement(1, Cadence.DAILY), "2026-03-04T10:00", "2026-03-05T00:00"),
        (Settlement(7, Cadence.WEEKLY, weekday=Weekday.MONDAY), "2026-03-04T10:00", "2026-03-16T00:00"),
        (Settlement(5, Cadence.WEEKLY, weekday=Weekday.MONDAY), "2026-03-04T10:00", "2026-03-09T00:00"),
        (Settlement(0, Cadence.SEMI_MONTHLY), "2026-03-04T10:00", "2026-03-16T00:00"),
        (Settlement(0, Cadence.SEMI_MONTHLY), "2026-12-17T10:00", "2027-01-01T00:00"),
        (Settlement(15, Cadence.MONTHLY, month_day=15), "2026-01-31T23:59", "2026-02-15T00:00"),
    ],
)
def test_an_accrual_waits_for_its_delay_and_then_for_a_close(
    settlement: Settlement, triggered: str, eligible: str
) -> None:
    assert eligible_at(settlement, at(triggered)) == at(eligible)


@pytest.mark.parametrize(
    ("delivered", "end"),
    [("2026-03-01T00:00", "2026-03-16T00:00"), ("2026-03-15T23:59", "2026-03-16T00:00"),
     ("2026-03-16T00:00", "2026-04-01T00:00"), ("2026-02-28T12:00", "2026-03-01T00:00")],
)  # fmt: skip
def test_a_period_ends_at_the_next_close(delivered: str, end: str) -> None:
    assert period_end(Settlement(0, Cadence.SEMI_MONTHLY), at(delivered)) == at(end)


def test_w19_a_tenth_is_kept_back_from_a_new_seller() -> None:
    """Source: domain examples W19: of 232.70 MXN, min(10 %, 200,000) is 23.27."""
    closed = close(opening_minor=0, groups=[Group(23_270, 100_000, 20_000_000)])
    assert closed.reserved == (2_327,)
    assert closed.payable_minor == 20_943


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        # opening, groups, held, released, minimum -> reserved, payable, carried
        ((0, [Group(10_000)], 0, 0, 0), (0, 10_000, 0)),
        ((0, [Group(10_000)], 0, 0, 10_001), (0, 0, 10_000)),
        ((0, [Group(10_000)], 0, 0, 10_000), (0, 10_000, 0)),
        ((-2_500, [Group(1_000)], 0, 0, 0), (0, 0, -1_500)),
        ((-900, [Group(1_000, 500_000)], 0, 0, 0), (100, 0, 0)),  # no more than there is
        ((0, [Group(-1_000, 100_000), Group(2_000, 100_000)], 0, 0, 0), (200, 800, 0)),
        ((0, [Group(10_000, 100_000, 5_000)], 4_500, 0, 0), (500, 9_500, 0)),  # up to the cap
        ((0, [Group(10_000, 100_000, 5_000)], 6_000, 0, 0), (0, 10_000, 0)),
        ((0, [Group(8_000, 100_000), Group(2_000)], 0, 300, 0), (800, 9_500, 0)),
        ((50, [], 0, 200, 100), (0, 250, 0)),
        ((0, [], 0, 0, 0), (0, 0, 0)),
    ],
)
def test_a_statement_pays_or_carries_what_is_left(asked: tuple, expected: tuple) -> None:
    opening, groups, held, released, minimum = asked
    closed = close(
        opening_minor=opening, groups=groups, held_minor=held, released_minor=released, minimum_minor=minimum
    )
    assert (closed.reserved_minor, closed.payable_minor, closed.carried_minor) == expected


amounts = st.integers(-1_000_000, 1_000_000)


@given(
    amounts,
    st.lists(st.builds(Group, amounts, st.integers(0, 1_000_000), st.none() | st.integers(0, 50_000)), max_size=4),
    st.integers(0, 60_000),
    st.integers(0, 90_000),
    st.integers(0, 5_000),
)
def test_a_statement_adds_up_and_pays_nothing_it_does_not_have(
    opening: int, groups: list[Group], held: int, released: int, minimum: int
) -> None:
    closed = close(
        opening_minor=opening, groups=groups, held_minor=held, released_minor=released, minimum_minor=minimum
    )
    lines = sum(group.amount_minor for group in groups)
    assert opening + lines - closed.reserved_minor + released == closed.payable_minor + closed.carried_minor
    assert closed.payable_minor >= 0
    assert min(closed.reserved, default=0) >= 0
    assert closed.payable_minor == 0 or closed.carried_minor == 0
    assert closed.payable_minor == 0 or closed.payable_minor >= max(minimum, 1)


@given(st.integers(0, 10**12), st.integers(0, 1_000_000))
def test_rates_round_half_to_even(amount: int, rate: int) -> None:
    assert round_ppm(amount, rate) == round(Decimal(amount) * rate / 1_000_000)
