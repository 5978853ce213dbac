"""The texts of tariffs as rates."""

from datetime import date

import pytest

from entrepot.domain.customs.rates import FREE, Rate, Seasonal, Specific, Sum, Unreadable, from_json, parse, to_json


@pytest.mark.parametrize(
    ("text", "currency", "due"),
    [
        ("Free", "USD", Sum()),
        ("16.5%", "USD", Sum(165_000)),
        ("3.7% <u></u>", "USD", Sum(37_000)),
        ("5.3¢/kg + 2.1%", "USD", Sum(21_000, (Specific(5_300_000, 1, "kg"),))),
        ("$1.035/kg + 14.9%", "USD", Sum(149_000, (Specific(103_500_000, 1, "kg"),))),
        ("1¢ each + 2.8%", "USD", Sum(28_000, (Specific(1_000_000, 1, "piece"),))),
        ("2.8¢/doz.", "USD", Sum(0, (Specific(2_800_000, 12, "piece"),))),
        ("14¢/gross + 4.3%", "USD", Sum(43_000, (Specific(14_000_000, 144, "piece"),))),
        ("90¢/pr. + 37.5%", "USD", Sum(375_000, (Specific(90_000_000, 1, "pair"),))),
        ("$1.13/m<sup>2</sup>", "USD", Sum(0, (Specific(113_000_000, 1, "square_metre"),))),
        ("1.5¢/liter + 4%", "USD", Sum(40_000, (Specific(1_500_000, 1, "litre"),))),
        ("10.20% + 93.10 EUR / 100 kg", "EUR", Sum(102_000, (Specific(93_100_000, 1, "kg"),))),
        ("16.00 EUR / 1,000 items", "EUR", Sum(0, (Specific(1_600_000, 1, "piece"),))),
        ("1.00 EUR / % vol / hl + 6.40 EUR / hl", "EUR",
         Sum(0, (Specific(100_000_000, 1, "alcohol_percent_hl"), Specific(6_400_000, 1, "litre")))),
        ("121.00 GBP/1000kg", "GBP", Sum(0, (Specific(12_100_000, 1, "kg"),))),
        ("0.20 GBP/ item", "GBP", Sum(0, (Specific(20_000_000, 1, "piece"),))),
        ("6.5% on the entire set", "USD", Sum(65_000)),
    ],
)  # fmt: skip
def test_sums(text: str, currency: str, due: Sum) -> None:
    rate = parse(text, currency)
    assert rate == Rate(due)
    assert from_json(to_json(rate)) == rate


def test_bounds() -> None:
    rate = parse("4.50% MIN 0.30 EUR / item MAX 0.80 EUR / item", "EUR")
    item = Specific(30_000_000, 1, "piece")
    assert rate == Rate(Sum(45_000), Sum(0, (item,)), Sum(0, (Specific(80_000_000, 1, "piece"),)))
    assert from_json(to_json(rate)) == rate
    both = parse("9.00% + 45.10 EUR / 100 kg MAX 18.90% + 16.50 EUR / 100 kg", "EUR")
    assert isinstance(both, Rate) and both.at_most == Sum(189_000, (Specific(16_500_000, 1, "kg"),))


def test_seasons_may_lie_over_the_turn_of_the_year() -> None:
    rate = parse("10.00% (1 JUL - 31 JAN), 0% (1 FEB - 30 JUN)", "GBP")
    assert isinstance(rate, Seasonal) and from_json(to_json(rate)) == rate
    found = [rate.on(date(2026, month, 15)) for month in (1, 2, 6, 7, 12)]
    assert [each.due.ppm for each in found if each] == [100_000, 0, 0, 100_000, 100_000]


def test_what_stands_after_the_seasons_is_the_rest_of_the_year() -> None:
    text = "9.60% MIN 1.10 €/100 kg/net (15 APR-30 NOV), 5% MIN 1.00 €/100kg/net"
    rate = parse(text, "EUR")
    assert isinstance(rate, Seasonal)
    assert [rate.on(date(2026, month, 20)).due.ppm for month in (1, 5)] == [50_000, 96_000]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "text",
    [
        "The rate applicable to each garment in the ensemble if separately entered",
        "Entry Price",
        "9.00% +  EA MAX 24.20%  + ADSZ",
        "30¢ each + 6.9% on the case + 5.3% on the battery",
        "33 1/3%",
        "5¢/stone",
        "",
        "No change",
    ],
)
def test_what_a_person_has_to_work_out(text: str) -> None:
    with pytest.raises(Unreadable):
        parse(text, "EUR")


def test_a_rate_on_top_of_another_heading_is_no_rate_of_its_own() -> None:
    rate = parse("The duty provided in the applicable subheading + 25%", "USD")
    assert isinstance(rate, Rate) and rate.on_top and rate.due == Sum(250_000)
    assert rate != FREE
