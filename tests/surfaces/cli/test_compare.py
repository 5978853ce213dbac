"""`entrepot compare FILE`, as it is called."""

import json
from contextlib import nullcontext

import pytest
from click.testing import CliRunner

from entrepot.domain.customs import services as customs
from entrepot.domain.logistics import publishing
from entrepot.kernel.errors import EntrepotError
from entrepot.surfaces.cli.compare import compare
from worlds import World

HEADER = "sku,market,home_country,currency,retail,cost,weight_g,hs_code,units"


@pytest.fixture
def run(database, monkeypatch):
    world = World()
    for programme in ("fully-managed", "self-managed"):
        world.seller(programme, programme=programme)
    world.market("DE")
    customs.load_reference(now=world.now)
    publishing.load_planning(world.now)
    monkeypatch.setattr("entrepot.surfaces.cli.session.database", nullcontext)
    monkeypatch.setattr("entrepot.surfaces.cli.first.install", lambda settings: None)

    def call(row, *arguments):
        done = CliRunner().invoke(compare, ["-", *arguments], input=f"{HEADER}\n{row}\n", standalone_mode=False)
        return done.output, done.exception

    return call


def test_options_parts_and_reasons_are_told(run):
    told, problem = run("mug,DE,CN,EUR,29.90,3.00,400,691110,500", "--who")
    assert problem is None
    assert "mug in DE" in told and "What a unit leaves, in EUR" in told and "The goods themselves −€3.00" in told
    # A reason stands once, with all of whom it is true.
    assert told.count("Not reckoned: It pays a supply price, and none is given.") == 1
    assert "Who does what" in told and "carry the goods to the shopper's country" in " ".join(told.split())


def test_the_answer_stands_where_nothing_can_be_drawn(run, tmp_path):
    row = "mug,DE,CN,EUR,29.90,3.00,400,999999,500"
    told, problem = run(row, "--json", "--picture", str(tmp_path / "mug.svg"))
    assert isinstance(problem, EntrepotError) and problem.code == "compare.no_picture"
    assert all("999999" in option["problem"] or "supply price" in option["problem"]
               for option in json.loads(told)[0]["options"] if option["way"] == "parcel")  # fmt: skip
    assert not (tmp_path / "mug.svg").exists()
