"""Flat freight: which rate serves a parcel on a day, and tables that would contradict each other."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import uuid4

import pytest
from django.db import IntegrityError

from entrepot.domain.logistics import queries, services
from entrepot.domain.logistics.models import FreightRate
from entrepot.domain.logistics.services import FreightRow
from entrepot.kernel.actors import SYSTEM
from entrepot.kernel.errors import Invalid

pytestmark = pytest.mark.usefixtures("database")

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ROW = FreightRow("DE", "", "Air", "parcel", 0, 500, "EUR", 415, 499, 100, 7, 10, date(2025, 1, 1), "test")


def put(*rows: FreightRow) -> int:
    return services.set_freight_rates(actor=SYSTEM, rows=rows, now=NOW)


def charge(weight: int, origin: str = "CN", on: date = date(2026, 3, 2), market: str = "DE") -> int | None:
    [quote] = queries.find_freight([(market, origin, weight)], on)
    return quote.charge_minor if quote else None


def test_bands_are_half_open():
    put(ROW, replace(ROW, weight_from_g=500, weight_until_g=2000, charge_minor=899))
    assert [charge(weight) for weight in (0, 499, 500, 1999, 2000)] == [499, 499, 899, 899, None]


def test_the_exact_country_goes_before_any():
    put(ROW, replace(ROW, origin_country="DE", charge_minor=199))
    assert (charge(100, "DE"), charge(100, "CN")) == (199, 499)
    assert charge(100, "DE", market="US") is None


def test_a_later_table_ends_the_earlier_on_its_day():
    put(ROW)
    put(replace(ROW, valid_from=date(2026, 7, 1), customs_minor=300, charge_minor=599))
    assert (charge(1, on=date(2026, 6, 30)), charge(1, on=date(2026, 7, 1))) == (499, 599)
    assert charge(1, on=date(2024, 12, 31)) is None


def test_many_parcels_are_quoted_in_their_order_by_one_statement(django_assert_num_queries):
    put(ROW, replace(ROW, weight_from_g=500, weight_until_g=2000, charge_minor=899))
    with django_assert_num_queries(1):
        quotes = queries.quote_freight([("DE", "CN", 700), ("DE", "US", 1)] * 50, date(2026, 3, 2))
    assert [quote.charge_minor for quote in quotes] == [899, 499] * 50
    assert quotes[1].cost_minor == 415 and quotes[1].customs_minor == 100 and quotes[1].transit_days_max == 10


def test_what_nobody_carries_is_named():
    put(ROW)
    with pytest.raises(queries.NoFreightRate) as refusal:
        queries.quote_freight([("DE", "CN", 100), ("DE", "CN", 9000)], date(2026, 3, 2))
    assert refusal.value.values == {"market": "DE", "origin": "CN", "weight_g": 9000, "on": "2026-03-02"}


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        ([ROW, replace(ROW, weight_from_g=499, weight_until_g=900)], 2),
        ([ROW, replace(ROW, origin_country="CN"), ROW], 3),
        ([replace(ROW, weight_from_g=400, weight_until_g=900), ROW], 1),
    ],
)
def test_overlapping_bands_are_refused_naming_the_row(rows, named):
    with pytest.raises(services.FreightOverlap) as refusal:
        put(*rows)
    assert refusal.value.values["row"] == named
    assert not FreightRate.objects.exists()


def test_a_table_cannot_slip_under_a_later_one():
    put(replace(ROW, valid_from=date(2026, 7, 1)))
    with pytest.raises(services.FreightOverlap):
        put(ROW)


def test_the_database_holds_what_the_service_would_refuse():
    put(ROW)
    row = FreightRate.objects.get()
    row.id, row.weight_from_g = uuid4(), 100
    with pytest.raises(IntegrityError):
        row.save(force_insert=True)


@pytest.mark.parametrize(
    "change",
    [{"weight_until_g": 0}, {"cost_minor": -1}, {"transit_days_min": 11}, {"source": " "}, {"currency": "XXX"}],
)
def test_rows_that_cannot_be_are_invalid(change):
    with pytest.raises(Invalid):
        put(
            ROW,
            replace(ROW, weight_from_g=500, weight_until_g=600, **{"currency": "EUR"} | change)
            if "weight_until_g" not in change
            else replace(ROW, **change),
        )


def test_the_rates_that_ship_with_the_project_load_once_and_reach_every_market():
    made = services.load_flat_rates(NOW)
    assert made == FreightRate.objects.count() > 50
    assert services.load_flat_rates(NOW) == 0
    day = date(2026, 8, 1)
    quotes = queries.quote_freight(
        [
            (market, origin, weight)
            for market in ("US", "DE", "BR")
            for origin in (market, "CN")
            for weight in (0, 250, 29_999)
        ],
        day,
    )
    assert all(quote.charge_minor >= quote.cost_minor > 0 for quote in quotes)
    assert {row.currency for row in quotes} == {"USD", "EUR", "BRL"}
    [history] = queries.quote_freight([("GB", "CN", 1_000_000)], date(2010, 12, 1))
    assert (history.charge_minor, history.currency) == (0, "GBP")


def test_a_table_of_texts_names_row_and_column():
    text = {name: str(getattr(ROW, name)) for name in FreightRow.__slots__}
    assert services.read_rows([text]) == [ROW]
    with pytest.raises(Invalid) as refusal:
        services.read_rows([text, text | {"cost_minor": "4,15"}])
    assert (refusal.value.values["row"], refusal.value.field) == (2, "cost_minor")
