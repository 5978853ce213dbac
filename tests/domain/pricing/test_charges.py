"""The money of a line: parts sum to the whole, a batch is its singles, tax is within or on top."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain.pricing import rules
from entrepot.kernel.money import MINOR_MAX, round_half_even, split


def array(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def charge(**columns) -> rules.Charges:
    """One line of 3 × 19.99 with German tax and a parcel of its own, unless said otherwise."""
    line = {
        "unit_minor": 1999,
        "quantity": 3,
        "discount_minor": 0,
        "platform_ppm": 0,
        "tax_ppm": 190_000,
        "weight_g": 400,
        "parcel": 0,
    } | {name: value for name, value in columns.items() if name not in {"includes_tax", "freight"}}
    return rules.charge_lines(
        **{name: array(value) for name, value in line.items()},
        includes_tax=np.array([columns.get("includes_tax", True)]),
        freight_minor=array(columns.get("freight", 499)),
    )


def test_a_displayed_price_keeps_its_tax_within():
    line = charge()
    assert (line.goods_net_minor[0], line.goods_tax_minor[0]) == (5039, 958)  # 5997 / 1.19 = 5039.496
    assert (line.shipping_net_minor[0], line.shipping_tax_minor[0]) == (419, 80)  # 499 / 1.19 = 419.33
    assert line.total_minor[0] == 5997 + 499


def test_a_net_price_gets_its_tax_on_top():
    line = charge(includes_tax=False, tax_ppm=82_500)
    assert (line.goods_net_minor[0], line.goods_tax_minor[0]) == (5997, 495)  # 494.7525
    assert (line.shipping_net_minor[0], line.shipping_tax_minor[0]) == (499, 41)  # 41.1675
    assert line.total_minor[0] == 5997 + 495 + 499 + 41


def test_a_discount_is_as_displayed_and_has_two_funders():
    line = charge(discount_minor=601, platform_ppm=500_000)
    assert line.goods_net_minor[0] + line.goods_tax_minor[0] == 5997 - 601
    assert (line.platform_discount_minor[0], line.seller_discount_minor[0]) == (300, 301)  # 300.5 goes to the even


def test_a_discount_of_all_leaves_nothing():
    line = charge(discount_minor=5997, platform_ppm=1_000_000, freight=0)
    assert line.total_minor[0] == 0
    assert line.seller_discount_minor[0] == 0


def test_a_discount_beyond_the_list_price_is_refused():
    with pytest.raises(ValueError, match="discount"):
        charge(discount_minor=5998)


def test_freight_goes_by_weight():
    lines = rules.charge_lines(
        unit_minor=array(1000, 3000),
        quantity=array(1, 1),
        discount_minor=array(0, 0),
        platform_ppm=array(0, 0),
        tax_ppm=array(0, 0),
        includes_tax=np.array([True, True]),
        weight_g=array(300, 100),
        parcel=array(0, 0),
        freight_minor=array(401),
    )
    assert lines.shipping_net_minor.tolist() == [301, 100]


amounts = st.integers(0, 10_000_000)
line_columns = st.fixed_dictionaries(
    {
        "unit_minor": amounts,
        "quantity": st.integers(1, 9_999),
        "off": st.integers(0, 100),
        "platform_ppm": st.integers(0, 1_000_000),
        "tax_ppm": st.integers(0, 999_999),
        "includes_tax": st.booleans(),
        "weight_g": st.integers(1, 40_000),
    }
)
parcels = st.lists(st.tuples(amounts, st.lists(line_columns, min_size=1, max_size=6)), min_size=1, max_size=6)


def charge_parcels(drawn) -> rules.Charges:
    lines = [line for _, contents in drawn for line in contents]

    def column(name: str) -> np.ndarray:
        return array(*(line[name] for line in lines))

    return rules.charge_lines(
        unit_minor=column("unit_minor"),
        quantity=column("quantity"),
        discount_minor=array(*(line["unit_minor"] * line["quantity"] * line["off"] // 100 for line in lines)),
        platform_ppm=column("platform_ppm"),
        tax_ppm=column("tax_ppm"),
        includes_tax=np.array([line["includes_tax"] for line in lines]),
        weight_g=column("weight_g"),
        parcel=array(*(number for number, (_, contents) in enumerate(drawn) for _ in contents)),
        freight_minor=array(*(freight for freight, _ in drawn)),
    )


@given(parcels)
def test_the_parts_sum_to_the_whole(drawn):
    charges = charge_parcels(drawn)
    at = 0
    for freight, contents in drawn:
        part = slice(at, at + len(contents))
        at += len(contents)
        shipping = charges.shipping_net_minor[part] + charges.shipping_tax_minor[part]
        taxed_on_top = [index for index, line in enumerate(contents) if not line["includes_tax"]]
        on_top = sum(charges.shipping_tax_minor[part][index] for index in taxed_on_top)
        assert shipping.sum() - on_top == freight
        for index, line in enumerate(contents):
            displayed = line["unit_minor"] * line["quantity"] - charges.discount_minor[part][index]
            goods = charges.goods_net_minor[part][index] + charges.goods_tax_minor[part][index]
            rate = Decimal(line["tax_ppm"]) / 1_000_000
            if line["includes_tax"]:
                assert goods == displayed
                assert charges.goods_net_minor[part][index] == round_half_even(displayed / (1 + rate))
            else:
                assert charges.goods_net_minor[part][index] == displayed
                assert charges.goods_tax_minor[part][index] == round_half_even(displayed * rate)
    assert (charges.platform_discount_minor + charges.seller_discount_minor == charges.discount_minor).all()
    assert (charges.platform_discount_minor >= 0).all()
    assert (charges.seller_discount_minor >= 0).all()


@given(parcels)
def test_a_batch_is_its_parcels_one_by_one(drawn):
    whole = charge_parcels(drawn)
    singles = [charge_parcels([parcel]) for parcel in drawn]
    for name in ("goods_net_minor", "goods_tax_minor", "shipping_net_minor", "total_minor"):
        assert getattr(whole, name).tolist() == [amount for one in singles for amount in getattr(one, name).tolist()]


groups = st.lists(
    st.tuples(st.integers(0, MINOR_MAX), st.lists(st.integers(0, 10**12), min_size=1, max_size=8)),
    min_size=1,
    max_size=8,
)


@given(groups, st.randoms(use_true_random=False))
def test_groups_are_split_as_one_whole_is(drawn, random):
    members = [(group, weight) for group, (_, weights) in enumerate(drawn) for weight in weights]
    places = list(range(len(members)))
    random.shuffle(places)
    shuffled = [members[place] for place in places]
    parts = rules.split_groups(
        array(*(total for total, _ in drawn)),
        array(*(weight for _, weight in shuffled)),
        array(*(group for group, _ in shuffled)),
    )
    for number, (total, _) in enumerate(drawn):
        mine = [int(part) for part, (group, _) in zip(parts, shuffled, strict=True) if group == number]
        assert mine == split(total, [weight for group, weight in shuffled if group == number])
        assert sum(mine) == total


def test_nothing_is_split_into_nothing():
    assert rules.split_groups(array(), array(), array()).tolist() == []


def test_rates_are_exact_or_refused():
    assert rules.ppm([Decimal("0.19"), Decimal("0.082500"), Decimal(0)]).tolist() == [190_000, 82_500, 0]
    with pytest.raises(ValueError, match="six"):
        rules.ppm([Decimal("0.1234567")])
