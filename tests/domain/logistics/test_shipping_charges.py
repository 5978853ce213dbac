"""What shoppers are asked for carriage: which row serves a parcel on a day, and tables that contradict each other."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import IntegrityError
from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain.logistics import shipping
from entrepot.domain.logistics.models import ShippingCharge
from entrepot.domain.logistics.shipping import ChargeRow
from entrepot.kernel.actors import SYSTEM
from entrepot.kernel.errors import Invalid

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ROW = ChargeRow("DE", "", 0, 500, "EUR", 499, Decimal(0), None, date(2025, 1, 1), "test")


def put(*rows: ChargeRow) -> int:
    return shipping.set_charges(actor=SYSTEM, rows=rows, now=NOW)


def charge(weight: int, origin: str = "CN", on: date = date(2026, 3, 2), market: str = "DE") -> int | None:
    row = shipping.find_charge(shipping.list_charges(on=on), market_code=market, origin=origin, weight_g=weight)
    return shipping.charge_of(row, cost_minor=0, goods_minor=0) if row else None


def test_bands_are_half_open(database):
    put(ROW, replace(ROW, weight_from_g=500, weight_until_g=2000, flat_minor=899))
    assert [charge(weight) for weight in (0, 499, 500, 1999, 2000)] == [499, 499, 899, 899, None]


def test_the_exact_country_goes_before_any(database):
    put(ROW, replace(ROW, origin_country="DE", flat_minor=199))
    assert (charge(100, "DE"), charge(100, "CN")) == (199, 499)
    assert charge(100, "DE", market="US") is None


def test_a_later_table_ends_the_earlier_on_its_day(database):
    put(ROW)
    put(replace(ROW, valid_from=date(2026, 7, 1), flat_minor=599))
    assert (charge(1, on=date(2026, 6, 30)), charge(1, on=date(2026, 7, 1))) == (499, 599)
    assert charge(1, on=date(2024, 12, 31)) is None


@given(
    st.integers(0, 10**6), st.decimals(0, 3, places=2), st.none() | st.integers(0, 10**6), st.integers(0, 10**6),
    st.integers(0, 10**6),
)  # fmt: skip
def test_a_charge_is_flat_and_a_share_of_the_cost_and_nothing_for_goods_that_pay_for_it(flat, share, free, cost, goods):
    row = replace(ROW, flat_minor=flat, cost_rate=share, free_from_minor=free)
    found = shipping.charge_of(row, cost_minor=cost, goods_minor=goods)
    assert found == (0 if free is not None and goods >= free else flat + round(cost * share))


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        ([ROW, replace(ROW, weight_from_g=499, weight_until_g=900)], 2),
        ([ROW, replace(ROW, origin_country="CN"), ROW], 3),
        ([replace(ROW, weight_from_g=400, weight_until_g=900), ROW], 1),
    ],
)
def test_overlapping_bands_are_refused_naming_the_row(database, rows, named):
    with pytest.raises(shipping.ChargeOverlap) as refusal:
        put(*rows)
    assert refusal.value.values["row"] == named
    assert not ShippingCharge.objects.exists()


def test_a_table_cannot_slip_under_a_later_one(database):
    put(replace(ROW, valid_from=date(2026, 7, 1)))
    with pytest.raises(shipping.ChargeOverlap):
        put(ROW)


def test_the_database_holds_what_the_service_would_refuse(database):
    put(ROW)
    row = ShippingCharge.objects.get()
    row.id, row.weight_from_g = uuid4(), 100
    with pytest.raises(IntegrityError):
        row.save(force_insert=True)


@pytest.mark.parametrize(
    "change",
    [{"weight_until_g": 0}, {"flat_minor": -1}, {"cost_rate": Decimal(-1)}, {"source": " "}, {"currency": "XXX"}],
)
def test_rows_that_cannot_be_are_invalid(database, change):
    with pytest.raises(Invalid):
        put(
            ROW,
            replace(ROW, weight_from_g=500, weight_until_g=600, **{"currency": "EUR"} | change)
            if "weight_until_g" not in change
            else replace(ROW, **change),
        )


def test_a_table_of_texts_names_row_and_column(database):
    text = {name: str("" if getattr(ROW, name) is None else getattr(ROW, name)) for name in ChargeRow.__slots__}
    assert shipping.read_rows([text]) == [ROW]
    with pytest.raises(Invalid) as refusal:
        shipping.read_rows([text, text | {"flat_minor": "4,15"}])
    assert (refusal.value.values["row"], refusal.value.field) == (2, "flat_minor")
