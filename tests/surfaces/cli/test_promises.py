"""`entrepot promises …`, as it is called."""

import json
from contextlib import nullcontext
from datetime import timedelta

import pytest
from click.testing import CliRunner

import shipping
from entrepot.domain.orders.models import Suborder
from entrepot.flows import keeping
from entrepot.surfaces.cli.promises import promises
from worlds import World


@pytest.fixture
def world(database):
    return World()


@pytest.fixture
def run(world, monkeypatch):
    monkeypatch.setattr("entrepot.surfaces.cli.session.database", nullcontext)

    def call(*arguments):
        result = CliRunner().invoke(promises, list(arguments), standalone_mode=False)
        if result.exception:
            raise result.exception
        return result.output

    return call


def test_what_is_late_is_told_with_its_parts(world, run):
    ordered = shipping.order(world, (world.offer(world.seller()), 1))
    suborder = Suborder.objects.get(order=ordered)
    assert json.loads(run("explain", ordered.number, "--json")) == []
    world.now = suborder.ship_by + timedelta(days=2)
    keeping.watch(now=world.now)
    [late] = json.loads(run("late", "--json"))
    assert (late["suborder"], late["state"]) == (suborder.number, "open")
    assert sum(part["days"] for part in late["parts"]) == late["late_days"] > 0
    [found] = json.loads(run("explain", suborder.number, "--json"))
    assert [part["part"] for part in found["parts"]] == [each["leg"] for each in suborder.segments]
    assert "dispatch" in run("late", "--state", "open") and "not seen" in run("explain", ordered.number)
    assert json.loads(run("late", "--state", "missed", "--json")) == []
