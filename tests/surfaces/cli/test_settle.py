"""`entrepot settle`: the same for the same day, as a table and as JSON, with and without a payout."""

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from entrepot.domain.settlement.models import Payout, Statement
from entrepot.kernel import clock, media
from entrepot.surfaces.cli.settle import settle
from shipping import deliver, order
from worlds import World

Run = Callable[..., Result]


@pytest.fixture
def run(database: None, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Calls the command on the test's own database, at the world's time."""
    world = World()
    for market, code in (("DE", "self-managed"), ("US", "semi-managed-local-stock")):
        seller = world.seller(f"seller-{market.lower()}", programme=code, market=market)
        deliver(world, order(world, (world.offer(seller, price="59.50"), 1)))
    world.pass_time(days=30)
    monkeypatch.setattr("django.db.connections.close_all", lambda: None)
    monkeypatch.setattr(clock, "now", lambda: world.now)

    def call(*arguments: str) -> Result:
        runner = CliRunner(catch_exceptions=False)
        return runner.invoke(settle, list(arguments), standalone_mode=False)

    return call


def test_statements_are_printed_and_the_same_again(run: Run) -> None:
    first = run("--until", "2026-03-31", "--json")
    document = json.loads(first.stdout)
    assert document["until"] == "2026-03-31"
    assert [(each["seller"], each["currency"]) for each in document["statements"]] == [
        ("seller-de", "EUR"), ("seller-us", "USD")
    ]  # fmt: skip
    for each in document["statements"]:
        assert each["opening_minor"] + each["lines_minor"] - each["reserved_minor"] + each["released_minor"] == (
            each["payable_minor"] + each["carried_minor"]
        )
        assert each["payable_minor"] > 0
    assert run("--until", "2026-03-31", "--json").stdout == first.stdout
    assert Statement.objects.count() == 2


def test_a_payout_is_sent_once_and_names_its_file(run: Run) -> None:
    sent = json.loads(run("--until", "2026-03-31", "--pay-out", "--json").stdout)["batches"]
    assert [(each["currency"], each["payouts"], each["provider"]) for each in sent] == [
        ("EUR", 1, "csv"), ("USD", 1, "csv")
    ]  # fmt: skip
    assert b"seller-de" in media.read(sent[0]["file"])
    assert json.loads(run("--until", "2026-03-31", "--pay-out", "--json").stdout)["batches"] == []
    assert Payout.objects.count() == 2


def test_people_read_a_table(run: Run) -> None:
    shown = run("--until", "2026-03-31", "--pay-out").stdout
    assert "seller-de" in shown
    assert "Payout batch" in shown
    assert "Nothing was due" in run("--until", "2026-03-30").stdout
    assert "Nothing was to be paid out" in run("--until", "2026-03-31", "--pay-out").stdout


def test_a_day_to_come_is_settled_as_far_as_it_goes(run: Run) -> None:
    result = run("--until", "2031-01-01", "--json")
    assert "2031-01-01 has not come; settled up to 2026-04-06." in result.stderr
    assert json.loads(result.stdout)["until"] == "2026-04-06"


@pytest.mark.parametrize("until", ["31.03.2026", "2026-02-30", "soon", ""])
def test_a_day_that_is_none_is_wrong_usage(run: Run, until: str) -> None:
    with pytest.raises(Exception, match="does not match the format"):
        run("--until", until)


def test_an_unknown_provider_is_named_before_anything_is_done(run: Run) -> None:
    with pytest.raises(Exception, match="pigeon"):
        run("--until", "2026-03-31", "--pay-out", "--provider", "pigeon")
    assert Statement.objects.count() == 0
