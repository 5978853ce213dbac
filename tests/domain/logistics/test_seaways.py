"""Ways by sea: shortest, around what is closed, as long as sailors' tables say, and what that makes of a lane."""

import json
from math import pi

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain.logistics import seaways
from entrepot.domain.logistics.seanet import EARTH_KM, NoWay, great_circle, read_network
from entrepot.domain.logistics.ways import read_lanes
from entrepot.kernel.sheets import Unreadable
from intake.files import real

PLACES = st.tuples(st.floats(-180, 180), st.floats(-90, 90))


def network(*lines):
    features = [
        {"properties": {"passage": passage} if passage else {}, "geometry": {"type": "LineString", "coordinates": line}}
        for passage, line in lines
    ]
    return read_network({"features": features})


def test_a_quarter_of_the_globe_is_what_it_is():
    assert great_circle((0, 0), (90, 0)) == pytest.approx(EARTH_KM * pi / 2)
    assert great_circle((170, 0), (-170, 0)) == pytest.approx(EARTH_KM * pi / 9), "over the date line"


@given(PLACES, PLACES, PLACES)
def test_great_circles_are_symmetric_and_no_way_around_is_shorter(one, two, three):
    assert great_circle(one, two) == pytest.approx(great_circle(two, one), abs=1e-6)
    assert great_circle(one, three) <= great_circle(one, two) + great_circle(two, three) + 1e-6


def test_a_closed_passage_is_gone_around_and_what_nobody_takes_is_never_taken():
    built = network(("canal", [[0, 0], [10, 0]]), ("", [[0, 0], [5, -20]]), ("", [[5, -20], [10, 0]]))
    assert built.route((0, 0), (10, 0)).passages == ("canal",)
    around = built.route((0, 0), (10, 0), closed=["canal"])
    assert around.passages == () and around.km > 4 * built.route((0, 0), (10, 0)).km / 2
    with pytest.raises(NoWay):
        network(("northwest", [[0, 0], [10, 0]])).route((0, 0), (10, 0))
    with pytest.raises(NoWay):
        built.route((0, 60), (10, 0))
    with pytest.raises(NoWay):
        read_network({"features": []})


def test_lines_that_meet_at_the_date_line_are_one_sea():
    built = network(("", [[170, 0], [180, 0]]), ("", [[-180, 0], [-170, 0]]))
    assert built.route((170, 0), (-170, 0)).km == pytest.approx(great_circle((170, 0), (-170, 0)))


@pytest.mark.parametrize(
    ("start", "end", "avoiding", "miles"),
    [
        ("Shanghai", "Los Angeles port", "", 5_708),
        ("CNSHA", "NLRTM", "", 10_525),
        ("Shanghai", "New York", "", 10_582),
        ("Rotterdam", "New York", "", 3_340),
        ("Singapore", "Rotterdam", "suez", 11_755),
    ],
)
def test_distances_are_near_those_that_are_quoted(start, end, avoiding, miles):
    """As they are commonly quoted, in nautical miles; no reading of an official table."""
    found = seaways.distance(start, end, avoiding=avoiding)
    assert found == seaways.distance(end, start, avoiding=avoiding)
    assert found.nautical_miles == pytest.approx(miles, rel=0.025)
    assert avoiding not in found.via if avoiding else True


def test_the_table_knows_every_pair_and_every_way_around():
    known = sorted(seaways.ports())
    for place, start in enumerate(known):
        for end in known[place + 1 :]:
            usual = seaways.distance(start, end)
            for passage in seaways.CLOSABLE:
                around = seaways.distance(start, end, avoiding=passage)
                assert around.km >= usual.km and passage not in around.via
                assert (around == usual) == (passage not in usual.via)
    assert seaways.distance("Duisburg", "Rotterdam") is None


LANE = "lane,origin,destination,valid_from,source,leg,task,mode,from,to,days\n"


def test_a_leg_by_sea_knows_its_distance_and_without_history_its_days_are_estimated():
    row = "x,CN,US,2026-01-01,test,line haul,line_haul,{},Ningbo port,Los Angeles port,{}\n"
    told, guessed = (read_lanes(LANE + row.format("sea", days))[0].lane.legs[0] for days in ("14-17-24", ""))
    assert told.distance_km == guessed.distance_km == seaways.distance("Ningbo", "Los Angeles").km
    assert (told.is_estimated, guessed.is_estimated) == (False, True)
    assert 14 <= guessed.transit.within(0.5) <= 24, "as the planning values have it"
    for mode, place in (("air", "Ningbo port"), ("sea", "Chongqing")):
        with pytest.raises(Unreadable) as refused:
            read_lanes((LANE + row.format(mode, "")).replace("Ningbo port", place))
        assert refused.value.values["column"] == "days"


@pytest.mark.realdata
def test_the_table_is_what_the_network_says():
    built = read_network(json.loads((real("ports_airports") / "marnet_searoute.geojson").read_text()))
    chosen = [seaways.ports()[code] for code in ("CNNGB", "NLRTM", "USLAX", "USNYC")]
    for start, end, avoiding, km, via in seaways.measure(built, chosen):
        found = seaways.distance(start, end, avoiding=avoiding)
        assert (found.km, found.via) == (km, tuple(via.split()))
