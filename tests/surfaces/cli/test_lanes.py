"""`entrepot lanes …`, as it is called."""

import json
from contextlib import nullcontext

import pytest
from click.testing import CliRunner
from tests.installations import NOW

from entrepot.domain.logistics import publishing
from entrepot.kernel.errors import NotFound
from entrepot.surfaces.cli.lanes import lanes
from entrepot.surfaces.cli.rates import rates


@pytest.fixture
def run(database, monkeypatch):
    monkeypatch.setattr("entrepot.surfaces.cli.session.database", nullcontext)
    publishing.load_planning(NOW)

    def call(*arguments):
        result = CliRunner().invoke(lanes, list(arguments), standalone_mode=False)
        if result.exception:
            raise result.exception
        return result.output

    return call


def test_lanes_are_listed_with_what_they_would_promise(run):
    found = {each["lane"]: each for each in json.loads(run("list", "--on", "2026-11-23", "--json"))}
    assert found["us-us-ground"]["days"] == [2, 8], "one of the days is Thanksgiving"
    assert found["cn-us-sea"]["days"][0] > found["cn-us-air"]["days"][1]
    assert "cn-us-sea" in run("list", "--on", "2026-11-23")


def test_a_lane_explains_its_legs_and_by_when_each_must_be_done(run):
    found = json.loads(run("explain", "cn-us-sea", "--on", "2026-11-23", "--json"))
    done = [leg["done_by"] for leg in found["legs"]]
    assert done == sorted(done) and done[-1] == found["last"]
    assert [leg["task"] for leg in found["legs"]][2:4] == ["line_haul", "customs"]
    assert "arrives between" in run("explain", "cn-us-sea", "--on", "2026-11-23")
    with pytest.raises(NotFound):
        run("explain", "nothing")


def test_a_sheet_is_looked_at_and_nothing_is_published(run, tmp_path):
    sheet = publishing.list_lanes(codes=["us-us-ground"])[0].sheet
    file = tmp_path / "lanes.csv"
    file.write_text(sheet.replace("2025-01-01", "2026-12-01").replace("2-3-7", "2-4-9"))
    said = run("import", str(file), "--look")
    assert "us-us-ground from 2026-12-01: a new version" in said and "days: 2-3-7 → 2-4-9" in said
    assert len(publishing.list_lanes(codes=["us-us-ground"])) == 1


def test_rate_cards_are_listed_shown_and_looked_at(run, tmp_path):
    def call(*arguments):
        result = CliRunner().invoke(rates, list(arguments), standalone_mode=False)
        assert result.exception is None
        return result.output

    assert {"cn-us-sea-lcl", "cn-de-air-parcel"} <= {each["card"] for each in json.loads(call("list", "--json"))}
    [shown] = json.loads(call("show", "cn-de-air-parcel", "--json"))
    file = tmp_path / "cards.csv"
    file.write_text(shown["sheet"].replace("2025-01-01", "2026-12-01").replace("6.00", "6.50"))
    said = call("look", str(file))
    assert "cn-de-air-parcel from 2026-12-01: a new version" in said and "amount: 6.00 → 6.50" in said
    assert len(publishing.list_cards(codes=["cn-de-air-parcel"])) == 1
