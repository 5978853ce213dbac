"""Freight, handling and storage by rate cards: known answers, and what holds for every card."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.domain.logistics.cards import read_cards
from entrepot.domain.logistics.charging import REFUSALS, Bill, Card, Loads, Refusal, price
from entrepot.domain.logistics.weighing import KILOGRAM, Throw, Weighing, weigh
from entrepot.kernel.sheets import Unreadable

HEAD = "card,currency,mode,carrier,service,valid_from,source,"


def loads(count=1, **given):
    """Consignments of one parcel with the given columns; a scalar stands for all."""
    flags = given.pop("flags", {})
    sides = np.broadcast_to(np.sort(np.array(given.pop("sides", (0, 0, 0))))[..., ::-1], (count, 3)).astype(np.int64)
    columns = {name: np.full(count, 0, dtype=np.int64) for name in ("weight_g", "volume_cm3", "units", "cartons")}
    columns |= {name: np.full(count, 0, dtype=np.int64) for name in ("pallets", "days")}
    for name in set(columns) & set(given):
        columns[name] = np.broadcast_to(np.array(given[name], dtype=np.int64), (count,)).copy()
    if sides.any() and not columns["volume_cm3"].any():
        columns["volume_cm3"] = -(-sides.prod(axis=1) // 1000)
    country = np.broadcast_to(np.array(given.get("to", "US")), (count,))
    postcode = np.broadcast_to(np.array(given.get("postcode", "")), (count,))
    return Loads(country, postcode, sides_mm=sides, flags=flags, **columns)


def card(rows: str, columns: str, head: str = "x,USD,parcel,Some,ground,2025-01-01,a test") -> Card:
    """A card from rows of the given columns."""
    lines = [HEAD + columns]
    for place, row in enumerate(rows.strip().splitlines()):
        lines.append((head if place == 0 else "," * 6) + "," + row.strip())
    return read_cards("\n".join(lines))[0].card


def amounts(bill: Bill, place: int = 0) -> dict[str, int]:
    return {code: int(amount) for code, amount in zip(bill.codes, bill.amounts[place], strict=True) if amount}


@pytest.mark.parametrize(("throw", "kilograms"), [(Throw.FULL, 11), (Throw.HALF, 8), (Throw.FREE, 5)])
def test_a_box_of_five_kilograms_is_billed_by_its_room(throw, kilograms):
    """5 kg in 40 × 40 × 40 cm at 6000, a kilogram a step. Source: CBR Express, charging by volume."""
    box = loads(weight_g=5000, sides=(400, 400, 400))
    weights = weigh(Weighing(metric=6000, throw=throw, step=KILOGRAM), box.weight_g, box.sides_mm, box.volume_cm3)
    assert weights.billed[0] == kilograms * KILOGRAM
    assert weights.volumetric[0] / KILOGRAM == pytest.approx(10.6667, abs=1e-4)


def test_a_heavy_small_box_is_billed_by_its_weight():
    box = loads(weight_g=11_000, sides=(300, 300, 300))
    weights = weigh(Weighing(metric=6000, step=KILOGRAM), box.weight_g, box.sides_mm, box.volume_cm3)
    assert (weights.volumetric[0], weights.billed[0]) == (4.5 * KILOGRAM, 11 * KILOGRAM)


def test_inches_count_begun():
    """12.1 × 10 × 10 in are 13 × 10 × 10; 1300 / 139 = 9.35 lb, billed as 10."""
    box = loads(weight_g=1000, sides=(308, 254, 254))
    pound = 45_359_237
    weights = weigh(Weighing(imperial=139, step=pound), box.weight_g, box.sides_mm, box.volume_cm3)
    assert weights.billed[0] == 10 * pound


def test_room_counts_only_from_a_side_on():
    rule = Weighing(metric=8000, from_side_mm=600)
    small, large = loads(weight_g=1000, sides=(590, 590, 590)), loads(weight_g=1000, sides=(600, 600, 600))
    assert weigh(rule, small.weight_g, small.sides_mm, small.volume_cm3).billed[0] == KILOGRAM
    assert weigh(rule, large.weight_g, large.sides_mm, large.volume_cm3).billed[0] == 27 * KILOGRAM


def test_storage_grows_dearer_by_the_day():
    """One cubic metre for 45, 100, 365 days. Source: the ladder of an overseas warehouse's price list."""
    ladder = card(
        """storage,cbm,days,yes,0,30,0
        storage,cbm,days,yes,30,60,0.50
        storage,cbm,days,yes,60,90,1.00
        storage,cbm,days,yes,90,180,1.50
        storage,cbm,days,yes,180,270,3.00
        storage,cbm,days,yes,270,360,4.00
        storage,cbm,days,yes,360,,5.00""",
        "charge,basis,by,graduated,above,to,amount",
    )
    bill = price(ladder, loads(5, volume_cm3=1_000_000, days=[30, 45, 100, 365, 1]))
    assert bill.totals.tolist() == [0, 750, 6000, 83_500, 0]


def test_first_and_additional_weight():
    """20.00 for the first 500 g and 4.50 for every begun 500 g after it."""
    express = card(
        "first,shipment,,,20\nmore,step,500 g,500 g,4.50",
        "charge,basis,first,step_of,amount",
    )
    bill = price(express, loads(4, weight_g=[1, 500, 501, 2000]))
    assert bill.totals.tolist() == [2000, 2000, 2450, 3350]


def test_weight_bands_per_kilogram_and_item():
    """Bands hold their upper end; a rate a kilogram and one an item."""
    post = card(
        """postage,kg,weight kg,0,0.15,92.5,
        postage,kg,weight kg,0.15,2,81,
        item,shipment,weight kg,0,0.15,19,
        item,shipment,weight kg,0.15,2,16,""",
        "charge,basis,by,above,to,amount,days",
        "epc,CNY,parcel,Post,small parcel,2025-01-01,a test",
    )
    bill = price(post, loads(4, weight_g=[100, 150, 151, 2001]))
    assert bill.totals.tolist() == [925 + 1900, 1388 + 1900, 1223 + 1600, 0]  # 1387.5 and 1223.1: half to even
    assert [REFUSALS[each] for each in bill.refusals] == ["", "", "", Refusal.BAND]


def test_bulk_by_sea_goes_by_volume_or_weight_and_has_a_tail():
    sea = card(
        """ocean,revenue_ton,135,135
        terminal,revenue_ton,65,
        security filing,shipment,45,
        broker,shipment,200,""",
        "charge,basis,amount,minimum",
        "lcl,USD,sea_lcl,Forwarder,weekly,2025-01-01,a test",
    )
    bill = price(sea, loads(3, volume_cm3=[3_200_000, 3_200_000, 100_000], weight_g=[900_000, 4_000_000, 20_000]))
    assert amounts(bill, 0) == {"ocean": 43_200, "terminal": 20_800, "security filing": 4500, "broker": 20_000}
    assert amounts(bill, 1)["ocean"] == 54_000
    assert amounts(bill, 2) == {"ocean": 13_500, "terminal": 650, "security filing": 4500, "broker": 20_000}


def test_containers_are_filled_at_least_cost():
    full = card(
        """base,container,20GP,3600,20GP = 28 cbm 21700 kg | 40HQ = 68 cbm 26500 kg
        base 40,container,40HQ,6838,
        port,container,,250,""",
        "charge,basis,container,amount,containers",
        "fcl,USD,sea_fcl,Line,weekly,2025-01-01,a test",
    )
    bill = price(
        full,
        loads(
            5,
            volume_cm3=[20_000_000, 60_000_000, 90_000_000, 130_000_000, 20_000_000],
            weight_g=[1_000_000] * 4 + [40_000_000],
        ),
    )
    assert bill.containers.tolist() == [[1, 0], [0, 1], [1, 1], [0, 2], [2, 0]]
    assert bill.totals.tolist() == [385_000, 708_800, 1_093_800, 1_417_600, 770_000]


def test_surcharges_by_any_trigger_the_highest_of_a_family_alone():
    """Size and weight surcharges of US parcel carriers in 2026: the amounts are one carrier's, the rules are theirs."""
    parcels = card(
        """freight,lb,0.80,,,,,,
        handling size,shipment,30,size,longest > 48 in | middle > 30 in | volume > 10368 in3,,,
        handling weight,shipment,50,size,weight > 50 lb,,,
        oversize,shipment,250,size,longest > 96 in | girth > 130 in | weight > 110 lb,,90 lb,residential
        residential,shipment,6,,residential,,,
        fuel,percent,20,,,freight size,,""",
        "charge,basis,amount,family,triggers,of,least_billed,replaces",
    )
    house = np.array([True] * 5)
    bill = price(
        parcels,
        loads(5, weight_g=[4536, 4536, 27_216, 4536, 60_000],
              sides=[(300, 200, 100), (1300, 200, 100), (1300, 200, 100), (2500, 200, 100), (300, 300, 300)],
              flags={"residential": house}),
    )  # fmt: skip
    assert amounts(bill, 0) == {"freight": 800, "residential": 600, "fuel": 160}
    assert amounts(bill, 1) == {"freight": 800, "handling size": 3000, "residential": 600, "fuel": 760}
    assert amounts(bill, 2)["handling weight"] == 5000 and "handling size" not in amounts(bill, 2)
    assert amounts(bill, 3) == {"freight": 7200, "oversize": 25_000, "fuel": 6440}
    assert amounts(bill, 4)["oversize"] == 25_000


def test_a_card_says_why_it_carries_something_not():
    way = card(
        "freight,shipment,5,near,US:9 CA,,weight kg,0,30\nfreight,shipment,9,far,US,,weight kg,0,30",
        "charge,basis,amount,zone,countries,refuses,by,above,to",
    )
    bill = price(way, loads(5, to=["US", "US", "DE", "CA", "US"], postcode=["90210", "10001", "", "", ""],
                            weight_g=[1000, 1000, 1000, 31_000, 1000]))  # fmt: skip
    assert bill.totals.tolist() == [500, 900, 0, 0, 900]
    assert [REFUSALS[each] for each in bill.refusals] == ["", "", "zone", "band", ""]
    batteries = Card("x", "USD", way.charges, way.zones, refuses=("battery",))
    refused = price(batteries, loads(1, weight_g=1000, flags={"battery": np.array([True])}))
    assert (REFUSALS[refused.refusals[0]], refused.totals[0]) == ("goods", 0)


CARD = card(
    """freight,shipment,1.5,weight kg,0,1,,,
    freight,shipment,4.25,weight kg,1,5,,,
    freight,shipment,9,weight kg,5,30,,,
    by weight,kg,1.999,,,,,,
    size,shipment,3,,,,longest > 40 cm,,
    fuel,percent,12.5,,,,,freight,0.10""",
    "charge,basis,amount,by,above,to,triggers,of,minimum",
)  # fmt: skip
PARCEL = st.tuples(st.integers(1, 29_000), st.tuples(*[st.integers(1, 900)] * 3))


@given(st.lists(PARCEL, min_size=1, max_size=30))
@settings(max_examples=60, deadline=None)
def test_an_array_is_its_members_one_by_one(parcels):
    weights, sides = [each[0] for each in parcels], [each[1] for each in parcels]
    together = price(CARD, loads(len(parcels), weight_g=weights, sides=sides))
    for place, (weight, side) in enumerate(parcels):
        alone = price(CARD, loads(weight_g=weight, sides=side))
        assert alone.amounts[0].tolist() == together.amounts[place].tolist()
    assert together.totals.tolist() == together.amounts.sum(axis=1).tolist()


@given(PARCEL, st.integers(1, 500))
@settings(max_examples=100, deadline=None)
def test_more_weight_never_costs_less(parcel, more):
    weight, side = parcel
    bill = price(CARD, loads(2, weight_g=[weight, weight + more], sides=side))
    assert bill.totals[0] <= bill.totals[1]


@pytest.mark.parametrize(
    ("rows", "row", "column", "said"),
    [
        ("freight,shipment,5,weight kg,0,2\nfreight,shipment,6,weight kg,1,3", 3, "above", "the band of row 2"),
        ("freight,shipment,5,weight kg,2,1", 2, "to", "ends above where it begins"),
        ("freight,shipment,-5,weight kg,0,1", 2, "amount", "not a number of zero or more"),
        ("freight,parcel,5,weight kg,0,1", 2, "basis", "none of shipment"),
        ("freight,shipment,5,weight stone,0,1", 2, "by", "is given in"),
        ("freight,shipment,,weight kg,0,1", 2, "amount", "missing"),
        ("freight,shipment,0.00000001,weight kg,0,1", 2, "amount", "more decimal places"),
        ("freight,shipment,5,,0,1", 2, "by", "looked up by"),
        ("freight,shipment,5,weight kg,0,1\nfuel,percent,5,,,", 3, "of", "names the charges"),
    ],
)  # fmt: skip
def test_a_bad_card_names_row_and_column(rows, row, column, said):
    with pytest.raises(Unreadable) as refused:
        card(rows, "charge,basis,amount,by,above,to")
    assert (refused.value.values["row"], refused.value.values["column"]) == (row, column)
    assert said in refused.value.values["problem"]


def test_an_unknown_currency_and_a_missing_zone_are_named():
    with pytest.raises(Unreadable, match="currency"):
        card("freight,shipment,5", "charge,basis,amount", "x,XYZ,parcel,Some,ground,2025-01-01,a test")
    with pytest.raises(Unreadable, match="zone far"):
        card("freight,shipment,5,far", "charge,basis,amount,zone")
