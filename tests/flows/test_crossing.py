"""What the border takes of goods that were sold to a shopper from abroad, part by part, by the law of the day."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from entrepot.domain.customs import services as customs
from entrepot.domain.terms import queries as wordings
from entrepot.flows.crossing import Border, Goods
from worlds import World

SPRING, AUTUMN = date(2026, 3, 2), date(2026, 9, 1)


@pytest.fixture
def world(database):
    world = World()
    for code in ("DE", "US", "BR"):
        world.market(code)
    customs.load_reference(now=world.now)  # the law of the world goes
    return world


def terms_of(world, code):
    version = world.programme(code)
    return wordings.wording_of(version).terms(version=version.version, on=SPRING, enrolled_on=SPRING)


def goods(world, *, parcel=0, hs="611595", net=2000, shipping=400, taxed=456, programme="fully-managed", **other):
    row = Goods(parcel, hs, "CN", "standard", "air", terms_of(world, programme), 1, 300, net, shipping, taxed)
    return replace(row, **other)


def assess(world, *rows, market="DE", on=SPRING, tax="0.19"):
    return Border(on).assess(rows, market=world.market(market), taxes={"standard": Decimal(tax)})


def parts(crossed):
    return {each["part"]: each["amount_minor"] for each in crossed.document["parts"]}


def test_up_to_150_euros_nothing_is_due_but_the_tax_that_was_taken_with_the_sale(world):
    [found] = assess(world, goods(world))
    assert (found.duty_minor, parts(found)) == (0, {})
    assert (found.document["collected"], found.document["tax_minor"]) == ("at_sale", 456)
    assert (found.document["importer_of_record"], found.document["incoterm"]) == ("platform", "DDP")


def test_from_july_2026_on_three_euros_are_due_for_each_distinct_code_of_a_parcel_and_the_tax_on_them(world):
    two_codes = [goods(world), goods(world, hs="630260"), goods(world, parcel=1)]
    found = assess(world, *two_codes, on=AUTUMN)
    assert [parts(each) for each in found] == [{"flat_duty": 300, "import_tax": 57}] * 3
    assert "2026/382" in found[0].document["parts"][0]["source"]
    same_code = assess(world, goods(world), goods(world), on=AUTUMN)
    assert sum(parts(each)["flat_duty"] for each in same_code) == 300


def test_above_150_euros_the_tariff_counts_on_goods_and_carriage(world):
    [found] = assess(world, goods(world, net=20_000, shipping=1000, taxed=3990))
    assert parts(found) == {"customs_duty": 2520, "import_tax": 479}  # 12 % of 210.00, and 19 % of that
    assert [each["rate"] for each in found.document["parts"]] == ["12.0%", "19 %"]


def test_the_united_states_exempt_nothing_and_stack_duties_by_origin(world):
    [found] = assess(world, goods(world, hs="69111045", net=10_000, taxed=700), market="US", tax="0.07")
    assert parts(found)["customs_duty"] == 1400
    assert parts(found)["additional_duty"] > 0 and found.duty_minor == sum(parts(found).values())
    stacked = next(each for each in found.document["parts"] if each["part"] == "additional_duty")
    assert "9903" in stacked["source"]


def test_brazil_takes_a_fifth_up_to_fifty_dollars_and_reckons_its_tax_inside(world):
    [found] = assess(world, goods(world, net=10_000, shipping=0, taxed=1700), market="BR", tax="0.17")
    assert parts(found)["customs_duty"] == 2000
    assert found.document["tax_minor"] == round(12_000 * 0.17 / 0.83)
    assert parts(found)["import_tax"] == found.document["tax_minor"] - 1700


def test_without_a_marketplace_that_collects_the_border_does(world):
    [found] = assess(world, goods(world, programme="self-managed"))
    assert (found.document["collected"], found.document["importer_of_record"]) == ("at_border", "seller")


def test_what_cannot_be_said_names_the_line_and_spoils_no_other(world):
    found = assess(
        world, goods(world), goods(world, hs=""), goods(world, origin=""), goods(world, hs="999999"),
        goods(world, hs="010121", net=90_000, parcel=7), on=AUTUMN,
    )  # fmt: skip
    assert found[0].problem == "" and found[0].duty_minor == 357
    assert [each.problem for each in found[1:3]] == ["It has no HS code.", "Its country of origin is not stated."]
    assert "999999" in found[3].problem and "010121" in found[4].problem


def test_goods_alone_owe_what_they_owe_among_others(world):
    rows = [goods(world, parcel=place, net=net) for place, net in enumerate((1, 999, 12_000, 15_000, 15_001, 90_000))]
    assert assess(world, *rows, on=AUTUMN) == [assess(world, row, on=AUTUMN)[0] for row in rows]


def test_an_amount_of_the_law_comes_in_the_market_s_currency(world):
    market = world.market("DE")
    type(market).objects.filter(id=market.id).update(currency="USD")
    market.refresh_from_db()
    found = Border(AUTUMN).assess([goods(world)], market=market, taxes={"standard": Decimal("0.19")})
    assert parts(found[0])["flat_duty"] == 324  # EUR 3.00 at 1.08


def test_only_what_comes_from_another_territory_or_a_bonded_warehouse_crosses(world):
    market = world.market("DE")
    ways = {"CN": True, "NL": False, "DE": False, "GB": True}
    for country, is_crossing in ways.items():
        assert Border(SPRING).crosses(kind="seller_premises", country=country, market=market) is is_crossing
    assert Border(SPRING).crosses(kind="bonded", country="DE", market=market)
