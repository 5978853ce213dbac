"""`entrepot lanes …`, as it is called."""

import json
from contextlib import nullcontext

import pytest
from click.testing import CliRunner
from tests.installations import NOW

from entrepot.domain.logistics import publishing
from entrepot.kernel.errors import NotFound
from entrepot.surfaces.cli.lanes import lanes


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
    assert found["us-us-ground"]["days"] == [2, 7]
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
