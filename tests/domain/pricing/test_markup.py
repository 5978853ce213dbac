from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain.pricing import markup


def price(cost: int, ppm: int = 0, floor: int = 0, ending: int = markup.NO_ENDING) -> int:
    arrays = (np.array([value], dtype=np.int64) for value in (cost, ppm, floor, ending))
    return int(markup.prices(*arrays)[0])


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"cost": 1000, "ppm": 500_000}, 1500),
        ({"cost": 1000, "ppm": 500_000, "floor": 1800}, 1800),
        ({"cost": 1000, "ppm": 500_000, "ending": 99}, 1599),
        ({"cost": 1499, "ending": 99}, 1499),
        ({"cost": 1500, "ending": 99}, 1599),
        ({"cost": 1000, "floor": 1800, "ending": 99}, 1899),
        ({"cost": 1000, "ending": 0}, 1000),
        ({"cost": 1001, "ending": 5}, 1005),
        ({"cost": 1001, "ending": 990}, 1990),
        ({"cost": 5, "ppm": 100_000}, 5),
        ({"cost": 15, "ppm": 100_000}, 17),
    ],
)
def test_examples(arguments, expected):
    assert price(**arguments) == expected


@given(
    cost=st.integers(1, 10**12),
    ppm=st.integers(0, 9_000_000),
    floor=st.integers(0, 10**9),
    ending=st.sampled_from([markup.NO_ENDING, 0, 5, 9, 90, 95, 99, 100, 490, 999]),
)
def test_a_price_is_the_least_one_that_keeps_the_rule(cost, ppm, floor, ending):
    marked = cost + int((Decimal(cost) * ppm / 1_000_000).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
    least = max(marked, floor)
    found = price(cost, ppm, floor, ending)
    if ending == markup.NO_ENDING:
        assert found == least
    else:
        span = 10 ** len(str(ending))
        assert found % span == ending
        assert least <= found < least + span


def test_rows_do_not_touch_each_other():
    found = markup.prices(np.array([100, 200]), np.array([1_000_000, 0]), np.array([0, 0]), np.array([-1, 99]))
    assert found.tolist() == [200, 299]


def test_what_leaves_the_range_is_not_a_price():
    with pytest.raises(OverflowError):
        price(10**15, 9_000_000)
