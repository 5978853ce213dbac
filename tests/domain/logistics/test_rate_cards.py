"""Rate cards that are published, found by day, and asked for quotes."""

from datetime import date

import pytest
from tests.installations import NOW
from tests.intake.files import real

from entrepot.domain.logistics import layouts, publishing
from entrepot.domain.logistics.cards import read_cards
from entrepot.domain.logistics.freight import quote, read_consignments
from entrepot.domain.logistics.publishing import AlreadyPublished, publish_cards
from entrepot.kernel.actors import SYSTEM
from entrepot.kernel.errors import Invalid, NotFound
from entrepot.kernel.sheets import Unreadable

TODAY = date(2026, 11, 22)
CARD = "card,currency,mode,carrier,service,valid_from,source,charge,basis,amount\n"


def publish(amount="5", since="2026-01-01", code="x"):
    return publish_cards(
        actor=SYSTEM, text=f"{CARD}{code},USD,parcel,Some,ground,{since},a test,freight,shipment,{amount}", now=NOW
    )


def asked(**given):
    return read_consignments([given], today=TODAY)


def test_a_card_ends_the_one_before_it(database):
    assert publish() == ["x"] and publish() == []
    assert publish("6", "2026-07-01") == ["x"]
    amounts = [
        quote(asked(weight_g=1, date=day.isoformat()), publishing.list_cards(on=day))[0][0].total_minor
        for day in (date(2026, 6, 30), date(2026, 7, 1))
    ]
    assert amounts == [500, 600]


def test_a_published_card_never_changes(database):
    publish()
    with pytest.raises(AlreadyPublished):
        publish("7")
    with pytest.raises(AlreadyPublished):
        publish("7", "2025-06-01")


def test_the_planning_cards_price_what_they_are_for(database):
    assert len(publishing.load_planning(NOW)) == 25 and publishing.load_planning(NOW) == []
    cards = publishing.list_cards(on=TODAY)
    route = {"origin": "CN", "destination": "US"}
    [parcel] = quote(asked(**route, weight_g=1000, volume_cm3=2000, mode="parcel"), cards)
    [bulk] = quote(asked(**route, weight_g=900_000, volume_cm3=6_000_000, mode="sea_lcl sea_fcl"), cards)
    assert [(each.card.card.code, each.total_minor, each.transit_days) for each in parcel if not each.refusal] == [
        ("cn-us-air-parcel", 950, (7, 10))
    ]
    assert [(each.card.card.code, each.total_minor) for each in bulk] == [
        ("cn-us-sea-lcl", 81_000 + 39_000 + 31_500 + 4500 + 20_000 + 35_000),
        ("cn-us-sea-fcl", 410_000 + 4500 + 20_000 + 65_000),
    ]
    assert bulk[1].containers == {"20GP": 1}


def test_an_unknown_card_is_named(database):
    with pytest.raises(NotFound) as refused:
        publishing.list_cards(on=TODAY, codes=["nothing"])
    assert refused.value.values["code"] == "nothing"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"weight_g": 0}, "weight_g"),
        ({"weight_g": -4}, "weight_g"),
        ({"weight_g": "1.5"}, "weight_g"),
        ({"weight_g": 10**12}, "weight_g"),
        ({"weight_g": 10, "length_mm": 4}, "length_mm"),
        ({"weight_g": 10, "destination": "USA"}, "destination"),
        ({"weight_g": 10, "date": "22.11.2026"}, "date"),
        ({"weight_g": 10, "flags": "odd"}, "flags"),
        ({"weight": 10}, "weight"),
        ({}, "weight_g"),
    ],
)
def test_a_bad_consignment_names_row_and_field(given, field):
    with pytest.raises(Invalid) as refused:
        read_consignments([{"weight_g": 1}, given], today=TODAY)
    assert (refused.value.field, refused.value.values["row"]) == (field, 2)


def test_service_sheets_of_real_carriers_become_cards():
    """Every carrier's sheet reads, or says which column it lacks; rows without a price are told."""
    cards = rates = left_out = 0
    lacking = []
    for path in sorted(real("karrio_rate_cards").glob("*.csv")):
        try:
            rewritten = layouts.service_sheet(
                path.read_text(), carrier=path.stem, origin="", valid_from=date(2025, 1, 1), source="a test"
            )
        except Unreadable as problem:
            lacking.append((path.stem, problem.values["column"]))
            continue
        left_out += len(rewritten.left_out)
        found = read_cards(rewritten.sheet)
        cards += len(found)
        rates += sum(len(charge.rates) for each in found for charge in each.card.charges)
    assert lacking == [("dhl_express", "rate"), ("fedex", "rate"), ("ups", "rate")]
    assert (cards, rates, left_out) == (184, 973, 74)
