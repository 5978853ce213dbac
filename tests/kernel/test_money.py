"""Minor units: reading, splitting, prorating, exchanging."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.kernel import money
from entrepot.kernel.errors import Invalid

amounts = st.integers(-money.MINOR_MAX, money.MINOR_MAX)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [("12.50", "EUR", 1250), (" 7 ", "JPY", 7), ("1.234", "KWD", 1234), ("-0.01", "USD", -1), ("1e2", "EUR", 10_000)],
)
def test_an_amount_is_read_exactly(text: str, currency: str, minor: int) -> None:
    assert money.parse_minor(text, currency) == minor


@pytest.mark.parametrize("text", ["", "abc", "NaN", "Infinity", "1e400", "٣", "0.001", "1,50", "1e30"])
def test_what_is_not_an_amount_is_refused_with_its_field(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        money.parse_minor(text, "EUR", field="price")
    assert refusal.value.field == "price"


def test_an_unknown_currency_is_named() -> None:
    with pytest.raises(money.UnknownCurrency, match="XXQ"):
        money.exponent("XXQ")


@given(amounts, st.lists(st.integers(0, 10**6), min_size=1, max_size=30))
def test_a_split_sums_to_the_whole_and_keeps_its_sign(total: int, weights: list[int]) -> None:
    parts = money.split(total, weights)
    assert sum(parts) == total
    assert all(part * total >= 0 for part in parts)


@given(amounts, st.integers(1, 40), st.data())
def test_prorated_steps_sum_to_the_whole_whatever_the_steps(total: int, units: int, data: st.DataObject) -> None:
    done, shares = 0, []
    while done < units:
        step = data.draw(st.integers(1, units - done))
        shares.append(money.prorate(total, done, step, units))
        done += step
    assert sum(shares) == total


@given(st.lists(st.tuples(st.integers(-(10**12), 10**12), st.integers(0, 50), st.integers(0, 50)), min_size=1))
def test_arrays_prorate_as_singles_do(rows: list[tuple[int, int, int]]) -> None:
    total, done, quantity = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    of = done + quantity + 1
    together = money.prorate_array(total, done, quantity, of)
    assert together.tolist() == [
        money.prorate(t, d, q, o) for t, d, q, o in zip(*(a.tolist() for a in (total, done, quantity, of)), strict=True)
    ]


def test_a_product_beyond_64_bits_is_an_error_and_not_a_wrong_amount() -> None:
    big = np.array([10**13], dtype=np.int64)
    with pytest.raises(OverflowError):
        money.apply_ppm(big, big)


def test_half_goes_to_even() -> None:
    halves = np.array([5, 15, 25, -5, -15], dtype=np.int64)
    assert money.divide_half_even(halves, np.int64(10)).tolist() == [0, 2, 2, 0, -2]


@pytest.mark.parametrize(
    ("minor", "rate", "source", "target", "expected"),
    [
        (100, "7.1", "USD", "CNY", 710),
        (1000, "150", "USD", "JPY", 1500),
        (5, "0.5", "EUR", "USD", 2),
        (150, "0.0066", "JPY", "USD", 99),
        (77, "9", "EUR", "EUR", 77),
    ],
)
def test_an_exchange_rounds_once(minor: int, rate: str, source: str, target: str, expected: int) -> None:
    assert money.convert(minor, Decimal(rate), source, target) == expected


@pytest.mark.parametrize(
    ("minor", "currency", "language", "text"),
    [
        (123456, "EUR", "en-gb", "€1,234.56"),
        (123456, "EUR", "de", "1.234,56\u00a0€"),
        (-5, "USD", "en", "\u2212$0.05"),
        (199, "BRL", "pt-br", "R$\u00a01,99"),
        (1500, "JPY", "en", "¥1,500"),
    ],
)
def test_an_amount_is_shown_in_the_habit_of_the_language(minor: int, currency: str, language: str, text: str) -> None:
    assert money.format_minor(minor, currency, language) == text


def test_scaling_is_exact_for_small_and_huge_products() -> None:
    amounts = np.array([5, -5, 15, money.MINOR_MAX, -money.MINOR_MAX + 1, 0], dtype=np.int64)
    tops = np.array([1, 1, 1, 77_123_456_789, 77_123_456_789, 3], dtype=np.int64)
    bottoms = np.array([10, 10, 10, 10_000_000_000, 10_000_000_000, 7], dtype=np.int64)
    expected = [
        money.round_half_even(Decimal(int(a)) * int(t) / int(b)) for a, t, b in zip(amounts, tops, bottoms, strict=True)
    ]
    assert money.scale_array(amounts, tops, bottoms).tolist() == expected


@pytest.mark.parametrize(
    ("rate", "source", "target"), [("1.0873", "EUR", "USD"), ("163.42", "EUR", "JPY"), ("0.0061", "JPY", "EUR")]
)
def test_an_exchange_by_fraction_equals_an_exchange_of_one(rate: str, source: str, target: str) -> None:
    top, bottom = money.exchange_fraction(Decimal(rate), source, target)
    amounts = np.array([1, 99, 12_345, 999_999_999], dtype=np.int64)
    exchanged = money.scale_array(amounts, np.full(4, top), np.full(4, bottom))
    assert exchanged.tolist() == [money.convert(int(each), Decimal(rate), source, target) for each in amounts]
