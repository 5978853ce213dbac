"""What holds for any lines: parts sum, more is never less, arrays of one are one array, shares are exact."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customs import landed, lines, parts, shipped, with_rates
from entrepot.domain.customs.arrays import Law
from entrepot.domain.customs.rows import BORDER, Level, Part, Rounding
from entrepot.domain.customs.rules import Share, assess, rounded
from entrepot.domain.pricing.landed import SPREAD, land, spread
from entrepot.kernel.errors import EntrepotError

DAYS = ("2025-03-03", "2025-05-03", "2025-09-01", "2025-12-01", "2026-02-24", "2026-07-01", "2026-07-15", "2026-09-01")
PLACES = (("DE", "EUR"), ("FR", "EUR"), ("RO", "EUR"), ("GB", "GBP"), ("US", "USD"))


def money(most: int = 200_000) -> st.SearchStrategy[str]:
    return st.integers(0, most).map(lambda minor: f"{minor // 100}.{minor % 100:02}")


@st.composite
def consignments(draw: st.DrawFn) -> list[dict[str, Any]]:
    rows = []
    for number in range(draw(st.integers(1, 4))):
        place, currency = draw(st.sampled_from(PLACES))
        shared = {
            "consignment": str(number),
            "destination": place,
            "region": "CA" if place == "US" else "",
            "currency": currency,
            "date": draw(st.sampled_from(DAYS)),
            "importer": draw(st.sampled_from(("shopper", "seller"))),
            "collected": draw(st.sampled_from(("at_sale", "at_border"))),
            "mode": draw(st.sampled_from(("air", "sea"))),
            "incoterm": draw(st.sampled_from(("DDP", "DAP", "FOB", "CIF"))),
        }
        for _ in range(draw(st.integers(1, 3))):
            rows.append(
                shared
                | {
                    "hs": draw(st.sampled_from(("610910", "420330", "340600", "482010", "630260"))),
                    "origin": draw(st.sampled_from(("CN", "VN", "DE", "GB"))),
                    "quantity": draw(st.integers(1, 50)),
                    "weight_g": draw(st.integers(1, 20_000)),
                    "retail": draw(money()),
                    "cost": draw(money()),
                    "freight": draw(money(20_000)),
                    "insurance": draw(money(500)),
                    "brokerage": draw(money(3_000)),
                }
            )
    return rows


@settings(max_examples=60, deadline=None)
@given(consignments(), st.sampled_from(list(Share)))
def test_parts_sum_to_the_total_and_bearers_and_collectors_to_their_parts(
    rows: list[dict[str, Any]], by: Share
) -> None:
    found = landed(*rows, share_by=by)
    assert (sum(found.parts.values()) == found.total).all()
    assert (found.seller + found.buyer == found.total).all()
    border = sum(found.parts[part] for part in BORDER)
    assert (sum(found.collected.values()) == border).all()
    assert all((each >= 0).all() for each in found.parts.values())


@settings(max_examples=40, deadline=None)
@given(consignments())
def test_consignments_one_by_one_are_all_at_once(rows: list[dict[str, Any]]) -> None:
    together = landed(*rows)
    for name in dict.fromkeys(row["consignment"] for row in rows):
        mine = [place for place, row in enumerate(rows) if row["consignment"] == name]
        alone = landed(*(rows[place] for place in mine))
        for part, amounts in together.parts.items():
            assert alone.parts[part].tolist() == amounts[mine].tolist(), part
        picked = land(Law(shipped(), lines(*rows).pick(np.array(mine))))
        assert picked.total.tolist() == alone.total.tolist()


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(PLACES), st.sampled_from(DAYS), st.integers(0, 500_000), st.integers(0, 5_000),
    st.integers(1, 9_000), st.integers(0, 5_000), st.integers(1, 100), st.integers(0, 20),
)  # fmt: skip
def test_within_a_band_more_value_weight_pieces_or_rate_never_cost_less(
    place: tuple[str, str], on: str, value: int, more: int, weight: int, heavier: int, pieces: int, further: int
) -> None:
    row = {"destination": place[0], "currency": place[1], "region": "CA" if place[0] == "US" else "", "date": on,
           "cost": f"{value / 100:.2f}", "weight_g": weight, "quantity": pieces, "importer": "seller"}  # fmt: skip
    schedule = {"US": "us", "GB": "uk"}.get(place[0], "eu")
    unit = {"us": "¢/kg + 1¢ each", "eu": " EUR / 100 kg", "uk": " GBP/100kg"}[schedule]
    low, high = (with_rates(shipped_lists(), schedule, c610910=f"{rate}% + 7.5{unit}") for rate in (5, 5 + further))
    first = landed(row, book=low)
    assert landed(row, book=high).total[0] >= first.total[0]
    dearer = {**row, "cost": f"{(value + more) / 100:.2f}"}
    if band(dearer, low) == band(row, low):
        assert landed(dearer, book=low).total[0] >= first.total[0] + more
    assert landed({**row, "weight_g": weight + heavier}, book=low).total[0] >= first.total[0]
    assert landed({**row, "quantity": pieces + 1}, book=low).total[0] >= first.total[0]


def shipped_lists() -> Any:
    """The law with its lists as complete, so that a complete tariff goes with them."""
    book = shipped()
    return replace(book, editions=[replace(each, is_complete=True) if each.name else each for each in book.editions])


def band(row: dict[str, Any], book: Any) -> int:
    law = Law(book, lines(row))
    return int(law.group[0] % law.bands)


@pytest.mark.parametrize("mode", list(Rounding))
@given(st.integers(0, 10**12), st.integers(0, 999), st.integers(1, 1000))
def test_rounding(mode: Rounding, whole: int, part: int, of: int) -> None:
    rest = part % of
    exact = whole + Fraction(rest, of)
    wanted = {
        Rounding.HALF_EVEN: round(exact),
        Rounding.HALF_UP: (exact + Fraction(1, 2)).__floor__(),
        Rounding.DOWN: exact.__floor__(),
        Rounding.UP: exact.__ceil__(),
    }[mode]
    assert rounded(np.array([whole]), np.array([rest]), of, mode).tolist() == [wanted]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 40_000), min_size=1, max_size=8), st.sampled_from(list(Rounding)))
def test_a_consignment_rounded_as_a_whole_is_the_sum_rounded_once(values: list[int], mode: Rounding) -> None:
    book = shipped()
    regimes = [replace(row, rounding=mode, rounding_level=Level.CONSIGNMENT) for row in book.regimes]
    book = replace(book, regimes=regimes)
    rows = [{"destination": "DE", "importer": "seller", "date": "2026-03-02", "cost": f"{value / 100:.2f}"}
            for value in [20_001, *values]]  # fmt: skip
    duty = landed(*rows, book=book).parts[Part.CUSTOMS_DUTY]
    exact = Fraction(20_001 + sum(values)) * 12 / 100
    wanted = rounded(np.array([exact.__floor__()]), np.array([int(exact % 1 * 100)]), 100, mode)
    assert duty.sum() == wanted[0]
    assert all(abs(Fraction(value) * 12 / 100 - int(each)) <= 1
               for value, each in zip([20_001, *values], duty, strict=True))  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(consignments(), st.sampled_from(list(Share)))
def test_what_is_spread_keeps_its_sum(rows: list[dict[str, Any]], by: Share) -> None:
    before = lines(*rows)
    after = spread(before, by)
    for name in SPREAD:
        one, two = (np.bincount(each.consignment, getattr(each, name)) for each in (before, after))
        assert one.tolist() == two.tolist()


def test_shares_by_weight_and_by_pieces() -> None:
    rows = [{"weight_g": 100, "quantity": 3, "retail": "10"}, {"weight_g": 300, "quantity": 1, "retail": "30"}]
    assert landed(*rows, share_by=Share.WEIGHT).parts[Part.FLAT_DUTY].tolist() == [75, 225]
    assert landed(*rows, share_by=Share.QUANTITY).parts[Part.FLAT_DUTY].tolist() == [225, 75]
    shared = spread(lines(*({**row, "freight": "2.00"} for row in rows)), Share.WEIGHT)
    assert shared.freight_minor.tolist() == [100, 300]


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 10**9), st.integers(1, 10**6), st.integers(1, 10_000))
def test_compound_rates_are_exact_and_rounded_once(cents: int, grams: int, pieces: int) -> None:
    book = with_rates(shipped(), "eu", c610910="7.3% + 93.10 EUR / 100 kg")
    row = {"destination": "DE", "importer": "seller", "date": "2026-03-02", "cost": f"{cents / 100:.2f}",
           "weight_g": grams, "quantity": pieces}  # fmt: skip
    found = parts(landed({**row, "cost": str(Decimal(cents + 15_000) / 100)}, book=book)).get("customs_duty", 0)
    assert found == round(Fraction(cents + 15_000) * 73 / 1000 + Fraction(grams) * 9310 / 100_000)
    book = with_rates(shipped_lists(), "us", c482010="4.3% + 14¢/gross")
    us = {**row, "destination": "US", "currency": "USD", "hs": "482010", "origin": "VN", "date": "2026-03-02"}
    exact = Fraction(cents) * 43 / 1000 + Fraction(pieces) * 14 / 144
    found = parts(landed(us, book=book)).get("customs_duty", 0)
    assert found == (exact + Fraction(1, 2)).__floor__()


def test_a_measure_that_is_asked_for_has_to_be_stated() -> None:
    book = with_rates(shipped(), "eu", c220410="32.00 EUR / hl")
    row = {"hs": "220410", "destination": "DE", "importer": "seller", "date": "2026-03-02", "cost": "500.00"}
    with pytest.raises(EntrepotError) as refused:
        landed(row, book=book)
    assert refused.value.values["rows"][0]["code"] == "customs.no_measure"
    assert parts(landed({**row, "measures": "litre=75"}, book=book))["customs_duty"] == 2400
    assert parts(landed({**row, "measures": {"litre": 0.125}}, book=book))["customs_duty"] == 4


def test_products_beyond_64_bits_are_refused() -> None:
    rows = [{"importer": "seller", "destination": "US", "currency": "USD", "date": "2025-05-03", "cost": "90000000000",
             "consignment": str(number)} for number in range(2)]  # fmt: skip
    with pytest.raises(OverflowError):
        landed(*rows)


def test_lines_of_nothing_are_nothing() -> None:
    assert assess(Law(shipped(), lines({}).pick(np.zeros(0, dtype=np.int64)))).parts[Part.GOODS].tolist() == []
