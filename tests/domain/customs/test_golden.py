"""Cases worked out by hand or published, to the cent."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from customs import landed, parts, shipped, with_rates
from entrepot.domain.customs.rows import Part

US = {"destination": "US", "region": "OR", "currency": "USD", "hs": "610910"}  # Oregon has no sales tax
ENTRY = {"destination": "US", "currency": "USD", "importer": "seller", "mode": "sea", "hs": "482010", "origin": "VN"}


def test_landed_cost_of_1500_units() -> None:
    """Goods 18,000, freight and insurance 2,900, duty and tax 2,600, broker 700: 16.13 a unit; marginkit.app."""
    duty_alone = [row for row in shipped().levies if row.code == "customs_duty"]
    regimes = [replace(row, duty_base="goods + freight", decides="customs_duty") for row in shipped().regimes]
    book = with_rates(replace(shipped(), regimes=regimes, levies=duty_alone), "eu", c610910="13%")
    row = {"date": "2025-03-03", "quantity": 1500, "cost": "18000", "importer": "seller", "freight": "2000",
           "insurance": "900", "brokerage": "700"}  # fmt: skip
    found = landed(row, book=book)
    assert parts(found) == {"goods": 1_800_000, "freight": 200_000, "insurance": 90_000, "customs_duty": 260_000,
                            "brokerage": 70_000}  # fmt: skip
    assert found.total.tolist() == [2_420_000] and found.unit.tolist() == [1613]
    assert 2400 - found.unit[0] == 787
    dearer = landed({**row, "other": "1000"}, book=book)
    assert dearer.unit[0] - found.unit[0] == 67


def test_two_shirts_and_a_pair_of_shoes_into_france() -> None:
    """Two HS-6 lines: 6.00, and 20 % VAT on them 1.20; merchants.glopal.com."""
    rows = [{"retail": "20.00"}, {"retail": "15.00"}, {"hs": "640411", "retail": "45.00"}]
    found, before = landed(*rows), landed(*({**row, "date": "2026-06-30"} for row in rows))
    assert parts(found)["flat_duty"] == 600
    assert parts(found)["import_tax"] == 1600 + 120
    assert (found.total.sum() - before.total.sum()) == 720
    assert found.parts[Part.FLAT_DUTY].tolist() == [171, 129, 300]  # the shirts share 3.00 by value
    assert "customs_duty" not in parts(found)


@pytest.mark.parametrize(("fob", "mpf", "hmf"), [("4170", 3358, 521), ("50000", 17320, 6250), ("300000", 65150, 37500)])
def test_entry_fees_of_the_united_states(fob: str, mpf: int, hmf: int) -> None:
    found = parts(landed({**ENTRY, "date": "2025-11-03", "cost": fob}))
    assert (found["processing_fee"], found["harbour_fee"]) == (mpf, hmf)


def test_the_fees_of_an_entry_are_shared_by_its_lines() -> None:
    rows = [{**ENTRY, "date": "2025-11-03", "cost": cost} for cost in ("1390", "1390", "1390")]
    found = landed(*rows)
    assert found.parts[Part.PROCESSING_FEE].tolist() == [1120, 1119, 1119]
    assert found.parts[Part.HARBOUR_FEE].sum() == 521


def test_goods_of_two_origins_in_one_entry_pay_its_fee_once() -> None:
    rows = [{**ENTRY, "date": "2025-11-03", "cost": "2000", "origin": origin} for origin in ("CN", "VN")]
    assert landed(*rows).parts[Part.PROCESSING_FEE].tolist() == [1679, 1679]


@pytest.mark.parametrize(
    ("on", "origin", "duty", "more"),
    [
        ("2025-02-03", "CN", 0, 0),  # below USD 800
        ("2025-02-05", "CN", 330, 350),  # for three days: 10 % and 7.5 %
        ("2025-02-07", "CN", 0, 0),
        ("2025-04-30", "CN", 0, 0),
        ("2025-05-02", "CN", 330, 3050),  # 20 % and 125 % and 7.5 %
        ("2025-05-02", "HK", 330, 2900),  # section 301 is of China
        ("2025-05-14", "CN", 330, 750),  # 20 % and 10 % and 7.5 %
        ("2025-08-28", "VN", 0, 0),
        ("2025-08-29", "VN", 330, 400),  # 20 %
        ("2025-08-29", "DE", 330, 0),  # up to 15 % with 16.5 % of its own
        ("2025-08-29", "GB", 330, 200),
        ("2025-11-10", "CN", 330, 550),
        ("2026-02-23", "CN", 330, 550),
        ("2026-02-24", "CN", 330, 350),  # 10 % of section 122 and 7.5 %
        ("2026-02-24", "VN", 330, 200),
        ("2026-07-23", "VN", 330, 200),
        ("2026-07-24", "VN", 330, 0),
    ],
)
def test_a_shirt_of_20_dollars_through_the_years(on: str, origin: str, duty: int, more: int) -> None:
    found = parts(landed({**US, "date": on, "origin": origin}))
    assert (found.get("customs_duty", 0), found.get("additional_duty", 0)) == (duty, more)


@pytest.mark.parametrize(
    ("known_on", "on", "mode", "duty"),
    [
        ("2025-04-03", "2025-05-10", "post", 600),  # 30 %
        ("2025-04-03", "2025-05-10", "post_flat", 2500),
        ("2025-04-03", "2025-06-02", "post_flat", 5000),
        ("2025-04-08", "2025-05-10", "post", 1800),  # 90 %
        ("2025-04-08", "2025-05-10", "post_flat", 7500),
        ("2025-04-08", "2025-06-02", "post_flat", 15000),
        ("2025-04-10", "2025-05-20", "post", 2400),  # 120 %
        ("2025-04-10", "2025-06-02", "post_flat", 20000),
        (None, "2025-05-10", "post", 2400),
        (None, "2025-05-20", "post", 1080),  # 54 %
        (None, "2025-06-02", "post_flat", 10000),
    ],
)
def test_by_post_from_china_as_it_was_announced(known_on: str | None, on: str, mode: str, duty: int) -> None:
    day = date.fromisoformat(known_on) if known_on else None
    found = parts(landed({**US, "date": on, "mode": mode}, known_on=day))
    assert found.get("customs_duty", 0) + found.get("additional_duty", 0) == duty


def test_by_post_the_surcharge_alone() -> None:
    assert parts(landed({**US, "date": "2026-02-24", "mode": "post"})) == {"goods": 2000, "additional_duty": 200}


def test_sales_tax_of_the_state_is_the_platform_s_to_collect() -> None:
    found = landed({**US, "region": "CA", "date": "2025-03-03"})
    assert parts(found) == {"goods": 2000, "import_tax": 145}
    assert {str(name): int(each.sum()) for name, each in found.collected.items() if each.any()} == {"platform": 145}


def test_135_pounds_decide_who_collects() -> None:
    row = {"destination": "GB", "currency": "GBP", "freight": "5.00"}
    low, high = landed({**row, "retail": "135.00"}), landed({**row, "retail": "135.01"})
    assert parts(low) == {"goods": 13500, "freight": 500, "import_tax": 2800}
    assert low.collected["platform"].tolist() == [2800] and not low.collected["border"].any()
    assert parts(high) == {"goods": 13501, "freight": 500, "customs_duty": 1680, "import_tax": 3136}
    assert high.collected["border"].tolist() == [1680 + 3136] and not high.collected["platform"].any()
    alone = landed({**row, "retail": "135.00", "collected": "at_border"})
    assert alone.collected["seller"].tolist() == [2800]


def test_150_euros_decide_who_collects() -> None:
    row = {"destination": "DE", "date": "2026-06-30", "freight": "10.00"}
    low, high = landed({**row, "retail": "150.00"}), landed({**row, "retail": "150.01"})
    assert parts(low) == {"goods": 15000, "freight": 1000, "import_tax": 3040}
    assert low.collected["platform"].tolist() == [3040]
    assert parts(high) == {"goods": 15001, "freight": 1000, "customs_duty": 1920, "import_tax": 3405}
    assert high.collected["border"].tolist() == [5325]
    border = landed({**row, "retail": "150.00", "collected": "at_border"})
    assert border.collected["border"].tolist() == [3040]


def test_the_limit_counts_the_consignment_not_the_line() -> None:
    together = landed({"date": "2026-06-30", "retail": "100.00"}, {"date": "2026-06-30", "retail": "100.00"})
    apart = landed({"date": "2026-06-30", "retail": "100.00"},
                   {"date": "2026-06-30", "retail": "100.00", "consignment": "two"})  # fmt: skip
    assert parts(together)["customs_duty"] == 2400 and "customs_duty" not in parts(apart)


def test_without_ioss_the_tariff_is_paid_from_july_2026() -> None:
    row = {"destination": "DE", "collected": "at_border"}
    assert parts(landed(row)) == {"goods": 2000, "customs_duty": 240, "import_tax": 426}
    assert parts(landed({**row, "mode": "post"})) == {"goods": 2000, "flat_duty": 300, "import_tax": 437}


def test_a_stock_import_pays_duty_on_cost_and_a_parcel_on_the_retail_price() -> None:
    row = {"destination": "DE", "date": "2026-03-02", "retail": "400.00", "cost": "160.00"}
    assert parts(landed(row))["customs_duty"] == 4800
    assert parts(landed({**row, "importer": "seller"}))["customs_duty"] == 1920


def test_three_charges_on_a_promise_of_delivered_duty_paid() -> None:
    """70,000 into NL with freight of 6,790: duty 6,143, VAT 17,416, fee 1,982: about 36 % of the goods."""
    book = with_rates(shipped(), "eu", c640399="8%")
    found = landed({"destination": "NL", "hs": "640399", "date": "2026-03-02", "retail": "70000", "freight": "6790",
                    "brokerage": "1982"}, book=book)  # fmt: skip
    assert parts(found) == {"goods": 7_000_000, "freight": 679_000, "customs_duty": 614_320, "import_tax": 1_741_597,
                            "brokerage": 198_200}  # fmt: skip
    charges = 614_320 + 1_741_597 + 198_200
    assert found.seller.tolist() == [679_000 + charges] and found.buyer.tolist() == [7_000_000]
    assert round(charges / 70_000, 1) == 36.5
    unpaid = landed({"destination": "NL", "hs": "640399", "date": "2026-03-02", "retail": "70000", "freight": "6790",
                     "incoterm": "DAP"}, book=book)  # fmt: skip
    assert unpaid.buyer.tolist() == [7_000_000 + 614_320 + 1_741_597]


#: 1,000 BRL where USD 50 are 262 BRL.
DOLLAR = {("USD", "BRL", date(2024, 9, 2)): Decimal("5.24")}


def test_brazil_20_percent_then_60_less_20_dollars() -> None:
    """BRL 1,000 at 5.24: 20 % of 262 and 60 % of 738 are 495.20; g1.globo.com of 6 June 2024."""
    row = {"destination": "BR", "currency": "BRL", "date": "2024-09-02", "hs": "950300"}
    high, low = landed({**row, "retail": "1000"}, exchange=DOLLAR), landed({**row, "retail": "262"}, exchange=DOLLAR)
    assert parts(high)["customs_duty"] == 49_520
    assert parts(high)["import_tax"] == 30_625  # 17 % within: 1,495.20 × 17 / 83 = 306.2458
    assert parts(low) == {"goods": 26_200, "customs_duty": 5_240, "import_tax": 6_440}
    assert low.collected["platform"].tolist() == [6_440]


def test_the_states_of_brazil_differ_from_april_2025() -> None:
    row = {"destination": "BR", "currency": "BRL", "date": "2025-04-01", "hs": "950300", "retail": "100.00"}
    dollar = {("USD", "BRL", date(2025, 4, 1)): Decimal("5.70")}
    icms = [parts(landed({**row, "region": state}, exchange=dollar))["import_tax"] for state in ("SP", "MG")]
    assert icms == [2458, 3000]  # 120 × 17 / 83, 120 × 20 / 80


def test_italy_s_fee_was_enacted_and_put_off() -> None:
    row = {"destination": "IT", "date": "2026-03-02"}
    assert "handling_fee" not in parts(landed(row))
    assert parts(landed(row, known_on=date(2026, 1, 10)))["handling_fee"] == 200
    assert parts(landed({**row, "date": "2026-07-02"}))["handling_fee"] == 200


def test_list_4b_never_came_into_force() -> None:
    shaver = {**ENTRY, "hs": "392640", "origin": "CN", "date": "2022-06-01", "cost": "1000.00"}
    assert "additional_duty" not in parts(landed(shaver))
    assert parts(landed({**shaver, "hs": "420330"}))["additional_duty"] == 25_000  # list 3
    assert parts(landed({**shaver, "hs": "340600"}))["additional_duty"] == 7_500  # list 4A
