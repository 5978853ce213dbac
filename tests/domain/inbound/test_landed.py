"""A shipment's bills among its units: every bill whole, by the measure that it names."""

from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entrepot.domain.inbound.landed import Bill, Goods, allocate
from entrepot.kernel.errors import Refused

FREIGHT, DUTY = UUID(int=1), UUID(int=2)
MUGS = Goods(UUID(int=10), "mug", 100, 200_000, 40_000, 100_000_000)
BEDS = Goods(UUID(int=11), "bed", 10, 300_000, 60_000, 900_000_000)


def of(shares, cost_id):
    return {each.sku_id: each.amount_minor for each in shares if each.cost_id == cost_id}


def test_a_bill_is_shared_by_what_it_names():
    by = {how: of(allocate([Bill(FREIGHT, 1000, how)], [MUGS, BEDS]), FREIGHT) for how in
          ("value", "weight", "volume", "quantity")}  # fmt: skip
    assert {how: list(each.values()) for how, each in by.items()} == {
        "value": [400, 600], "weight": [400, 600], "volume": [100, 900], "quantity": [909, 91],
    }  # fmt: skip


def test_a_credit_note_takes_back_as_it_was_given():
    given_, back = (of(allocate([Bill(FREIGHT, amount, "volume")], [MUGS, BEDS]), FREIGHT) for amount in (777, -777))
    assert {sku: -amount for sku, amount in back.items()} == given_


def test_what_has_no_measure_is_named_and_nothing_is_shared_among_nothing():
    flat = Goods(UUID(int=12), "poster", 5, None, 100, None)
    with pytest.raises(Refused) as refused:
        allocate([Bill(FREIGHT, 1000, "volume")], [MUGS, flat])
    assert refused.value.values == {"sku": "poster", "measure": "volume"}
    assert allocate([Bill(FREIGHT, 1000, "weight")], [MUGS, flat])
    with pytest.raises(Refused) as refused:
        allocate([Bill(FREIGHT, 1000, "weight")], [])
    assert refused.value.code == "inbound.nothing_landed"


GOODS = st.lists(st.tuples(st.integers(1, 10**5), *[st.integers(0, 10**9)] * 3), min_size=1, max_size=12).map(
    lambda rows: [Goods(UUID(int=place), str(place), *row) for place, row in enumerate(rows)]
)
BILLS = st.lists(
    st.tuples(st.integers(-(10**10), 10**10), st.sampled_from(["value", "weight", "volume", "quantity"])),
    min_size=1,
    max_size=6,
).map(lambda rows: [Bill(UUID(int=place), *row) for place, row in enumerate(rows)])


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(BILLS, GOODS)
def test_shares_of_every_bill_sum_to_it_and_lie_within_a_unit_of_exact(bills, goods):
    shares = allocate(bills, goods)
    assert len(shares) == len(bills) * len(goods)
    for bill in bills:
        parts = of(shares, bill.cost_id)
        assert sum(parts.values()) == bill.amount_minor
        weights = [each.measure(bill.share_by) for each in goods]
        if not any(weights):
            weights = [each.quantity for each in goods]
        for each, weight in zip(goods, weights, strict=True):
            assert abs(parts[each.sku_id] * sum(weights) - bill.amount_minor * weight) < sum(weights)
