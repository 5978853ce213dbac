"""Sampling plans against published rows of ISO 2859-1 (single, normal)."""

from decimal import Decimal
from itertools import pairwise

import pytest

from entrepot.domain.inbound import sampling
from entrepot.kernel.errors import Invalid


@pytest.mark.parametrize(
    ("lot", "level", "aql", "letter", "sample", "accept"),
    [
        (1000, "II", "1.0", "J", 80, 2),
        (1000, "II", "2.5", "J", 80, 5),
        (1000, "II", "4.0", "J", 80, 7),
        (500, "II", "2.5", "H", 50, 3),
        (1200, "II", "0.65", "J", 80, 1),
        (3200, "II", "1.5", "K", 125, 5),
        (10_000, "I", "2.5", "J", 80, 5),
        (10_000, "III", "2.5", "M", 315, 14),
        (90, "II", "2.5", "F", 20, 1),  # letter E has an arrow down …
        (40, "II", "2.5", "C", 5, 0),  # … and letter D one up
        (150, "II", "1.0", "E", 13, 0),
        (280, "II", "1.0", "H", 50, 1),
        (600_000, "II", "2.5", "N", 500, 21),
        (8, "II", "6.5", "A", 2, 0),
    ],
)
def test_a_plan_is_that_of_the_table(lot, level, aql, letter, sample, accept):
    plan = sampling.plan(lot, level=level, aql=Decimal(aql))
    assert (plan.letter, plan.sample_size, plan.accept_max) == (letter, sample, accept)


def test_a_sample_is_never_larger_than_its_lot():
    for lot in range(1, 60):
        for aql in sampling.limits():
            plan = sampling.plan(lot, aql=aql)
            assert 1 <= plan.sample_size <= lot
            assert plan.accepts(plan.accept_max) and not plan.accepts(plan.accept_max + 1)


def test_stricter_limits_never_accept_more_of_the_same_sample():
    for lot in (50, 300, 1000, 5000, 200_000):
        plans = [sampling.plan(lot, aql=aql) for aql in sampling.limits()]
        for strict, lax in pairwise(plans):
            assert strict.sample_size != lax.sample_size or strict.accept_max <= lax.accept_max, lot


def test_the_table_says_where_it_is_from():
    table = sampling.table()
    assert "ISO 2859-1" in table["source"] and table["valid_from"].year == 1999
    assert len(table["lot_max"]) + 1 == len(table["levels"]["II"])
    sizes = list(table["letters"].values())
    assert sizes == sorted(sizes)


@pytest.mark.parametrize(("lot", "level", "aql"), [(0, "II", "2.5"), (10, "IV", "2.5"), (10, "II", "3.0")])
def test_what_there_is_no_plan_for_is_refused(lot, level, aql):
    with pytest.raises(Invalid):
        sampling.plan(lot, level=level, aql=Decimal(aql))
