"""`entrepot routing-rules …`, as it is called: a draft is looked at, published as an edition, and told of later."""

import json
from contextlib import nullcontext

import pytest
from click.testing import CliRunner

import shipping
from entrepot.domain.orders.models import Suborder
from entrepot.domain.routing import queries
from entrepot.kernel.errors import EntrepotError
from entrepot.surfaces.cli.routing_rules import routing_rules
from worlds import World


@pytest.fixture
def world(database):
    return World()


@pytest.fixture
def run(world, monkeypatch):
    monkeypatch.setattr("entrepot.surfaces.cli.session.database", nullcontext)
    monkeypatch.setattr("entrepot.kernel.clock.now", lambda: world.now)

    def call(*arguments, stdin=None):
        result = CliRunner().invoke(routing_rules, list(arguments), input=stdin, standalone_mode=False)
        if result.exception:
            raise result.exception
        return result.output

    return call


@pytest.fixture
def draft(world, tmp_path):
    """A draft that forbids the node from which an order went."""
    shipping.order(world, (world.offer(world.seller()), 1))
    node = Suborder.objects.select_related("node").get().node.code
    path = tmp_path / "draft.json"
    path.write_text(json.dumps([{"kind": "exclude_node", "node": node}, {"kind": "prefer_local"}]))
    return str(path)


def test_a_look_says_what_a_draft_would_change_and_keeps_nothing(world, run, draft):
    said = run("look", draft)
    assert "Orders: 1," in said and "Changed: 1, of these lost: 1." in said
    assert "after: 0 parcels (none)" in said
    found = json.loads(run("look", draft, "--orders", "5", "--json"))
    [lost] = found["changes"]
    assert (found["lost"], lost["after"]) == (1, None)
    same = json.loads(run("look", "-", "--json", stdin='[{"kind": "prefer_local"}]'))
    assert (same["changed"], same["lost"], same["before"]) == (0, 0, same["after"])
    assert same["after"]["parcels"] == 1
    assert queries.list_rules(on=world.now.date()) == [] and json.loads(run("history", "--json")) == []


def test_a_draft_is_published_once_and_stands_in_the_history(world, run, draft):
    assert "No rule is set" in run("list")
    assert run("publish", draft, "--edition", "0", "--reason", "the floor is rebuilt") == (
        "Edition 1 holds from now on.\n"
    )
    with pytest.raises(EntrepotError) as refused:
        run("publish", draft, "--edition", "0", "--reason", "once more")
    assert refused.value.code == "routing.rules_changed"
    kept = json.loads(run("list", "--json"))
    assert [(each["kind"], each["position"]) for each in kept] == [("exclude_node", 1), ("prefer_local", 2)]
    off = [kept[0] | {"is_on": False}, kept[1]]
    run("publish", "-", "--edition", "1", "--reason", "it is done", stdin=json.dumps(off))
    assert [each["is_on"] for each in json.loads(run("list", "--json"))] == [False, True]
    told = json.loads(run("history", "--json"))
    assert [(each["edition"], each["reason"], len(each["rules"])) for each in told] == [
        (2, "it is done", 2), (1, "the floor is rebuilt", 2),
    ]  # fmt: skip
    lines = run("history").splitlines()
    assert lines[0] == "Edition 2 holds." and "the floor is rebuilt" in lines[2]


@pytest.mark.parametrize(
    ("text", "field"),
    [("{", "file"), ("{}", "rules"), ('[{"kind": "exclude_node"}]', "rules[0].node"), ('[{"colour": 1}]', "colour")],
)
def test_a_draft_that_says_nothing_is_refused_by_its_place(run, text, field):
    for command in (("look", "-"), ("publish", "-", "--edition", "0", "--reason", "why not")):
        with pytest.raises(EntrepotError) as refused:
            run(*command, stdin=text)
        assert (refused.value.code, refused.value.field.endswith(field)) == ("routing.bad_rule", True)
