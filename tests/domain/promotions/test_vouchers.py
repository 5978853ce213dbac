"""A voucher counts where it may, takes off what it says, and its funders' shares sum to it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain.promotions import rules
from entrepot.domain.promotions.rules import Voucher
from entrepot.kernel.money import round_half_even

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
MARKET, SELLER, OTHER = UUID(int=1), UUID(int=2), UUID(int=3)


def a_voucher(**fields) -> Voucher:
    return Voucher(
        **{
            "id": UUID(int=9),
            "code": "TENTH",
            "label": "A tenth",
            "market_id": MARKET,
            "seller_id": None,
            "category_path": "",
            "rate_ppm": 100_000,
            "amount_minor": 0,
            "minimum_minor": 0,
            "platform_ppm": 1_000_000,
            "limit_total": None,
            "limit_per_shopper": None,
            "redeemed": 0,
            "valid_from": NOW,
            "valid_until": NOW + timedelta(days=1),
        }
        | fields
    )


def objection(voucher: Voucher, **case) -> str:
    found = rules.find_objection(
        voucher,
        **{"market_id": MARKET, "covered_minor": 1000, "now": NOW, "uses": 0, "used": 0, "shopper_key": "k"} | case,
    )
    return found.code.removeprefix("promotions.") if found else ""


@pytest.mark.parametrize(
    ("fields", "case", "expected"),
    [
        ({}, {}, ""),
        ({}, {"market_id": OTHER}, "other_market"),
        ({}, {"now": NOW - timedelta(microseconds=1)}, "not_yet_valid"),
        ({}, {"now": NOW + timedelta(days=1)}, "expired"),
        ({}, {"now": NOW + timedelta(days=1, microseconds=-1)}, ""),
        ({}, {"covered_minor": None}, "nothing_covered"),
        ({"minimum_minor": 1001}, {}, "below_minimum"),
        ({"minimum_minor": 1000}, {}, ""),
        ({"limit_total": 3}, {"uses": 2}, ""),
        ({"limit_total": 3}, {"uses": 3}, "used_up"),
        ({"limit_per_shopper": 1}, {"used": 1}, "used_by_shopper"),
        ({"limit_per_shopper": 1}, {"shopper_key": ""}, "needs_shopper"),
    ],
)
def test_it_counts_only_where_it_may(fields, case, expected):
    assert objection(a_voucher(**fields), **case) == expected


@pytest.mark.parametrize(
    ("scope", "line", "covers"),
    [
        ({}, (SELLER, "home/mugs"), True),
        ({"seller_id": SELLER}, (SELLER, "home"), True),
        ({"seller_id": SELLER}, (OTHER, "home"), False),
        ({"category_path": "home"}, (SELLER, "home/mugs"), True),
        ({"category_path": "home"}, (SELLER, "home"), True),
        ({"category_path": "home"}, (SELLER, "homeware"), False),
        ({"category_path": "home/mugs"}, (SELLER, "home"), False),
    ],
)
def test_it_covers_its_scope(scope, line, covers):
    assert a_voucher(**scope).covers(*line) is covers
    covered = rules.covered_minor(a_voucher(**scope), [(*line, 500), (*line, 20)])
    assert covered == (520 if covers else None)


def test_an_amount_takes_off_no_more_than_there_is():
    assert rules.discount(a_voucher(rate_ppm=0, amount_minor=700), 1000) == 700
    assert rules.discount(a_voucher(rate_ppm=0, amount_minor=700), 650) == 650


@given(st.integers(0, 10**12), st.integers(1, 1_000_000))
def test_a_rate_is_rounded_once_half_to_even(covered, ppm):
    found = rules.discount(a_voucher(rate_ppm=ppm), covered)
    assert found == round_half_even(Decimal(covered) * ppm / 1_000_000)
    assert 0 <= found <= covered
