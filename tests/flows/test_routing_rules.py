"""Rules are added, put in order, switched and ended by whoever may, each time with a reason that is kept."""

from dataclasses import replace
from datetime import date
from functools import partial

import pytest

import shipping
from entrepot.domain.logistics.models import Node
from entrepot.domain.orders.models import Order, Suborder
from entrepot.domain.routing import queries, services
from entrepot.domain.routing.rules import RuleKind
from entrepot.domain.routing.services import BadRule, Place, RulesChanged, Wanted
from entrepot.flows import rerouting
from entrepot.kernel.actors import SYSTEM, Actor
from entrepot.kernel.errors import Denied, Invalid, NotFound, Refused
from entrepot.kernel.models import AuditEntry
from worlds import World


def test_rules_are_kept_in_order_with_their_reasons_and_decide(world: World) -> None:
    offer, now, day = world.offer(world.seller()), world.now, world.now.date()
    assert queries.find_rules(on=day) == {}
    first = services.add_rule(rule=Wanted("prefer_local"), actor=SYSTEM, reason="near is quick", now=now)
    second = services.add_rule(
        rule=Wanted("no_split_below", "DE", amount_minor=2000), actor=SYSTEM, reason="boxes are dear", now=now
    )
    [rules] = {tuple(each.kind for each in found) for found in queries.find_rules(on=day).values()}
    assert rules == (RuleKind.PREFER_LOCAL, RuleKind.NO_SPLIT_BELOW)
    places = [Place(first.id, 2, False), Place(second.id, 1, True)]
    assert services.arrange_rules(places=places, actor=SYSTEM, reason="split costs first", now=now) == 2
    assert services.arrange_rules(places=places, actor=SYSTEM, reason="again", now=now) == 0
    assert [(each.kind, each.is_on) for each in queries.list_rules(on=day)] == [
        ("no_split_below", True), ("prefer_local", False),
    ]  # fmt: skip
    kept = AuditEntry.objects.filter(subject_kind="routing_rule").order_by("sequence")
    assert [each.reason for each in kept] == ["near is quick", "boxes are dear", *["split costs first"] * 2]
    ordered = shipping.order(world, (offer, 1))
    [suborder] = Suborder.objects.filter(order__number=ordered.number)
    assert suborder.routing["rules"] == [{"rule": "no_split_below", "amount_minor": 2000}]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"kind": "cheapest"}, "kind"),
        ({"kind": "exclude_node"}, "node"),
        ({"kind": "one_parcel", "node_code": "x"}, "node"),
        ({"kind": "no_split_below"}, "amount"),
        ({"kind": "prefer_local", "amount_minor": 5}, "amount"),
        ({"kind": "one_parcel", "amount_minor": 5, "market_code": "DE"}, "amount"),
        ({"kind": "one_parcel", "valid_from": date(2001, 1, 1)}, "valid_from"),
    ],
)
def test_a_rule_that_says_nothing_is_refused(world: World, given, field) -> None:
    with pytest.raises(BadRule) as refusal:
        services.add_rule(rule=Wanted(**given), actor=SYSTEM, reason="why not", now=world.now)
    assert refusal.value.field == field


def test_rules_need_a_reason_and_the_right(world: World) -> None:
    with pytest.raises(Invalid):
        services.add_rule(rule=Wanted("one_parcel"), actor=SYSTEM, reason=" ", now=world.now)
    with pytest.raises(Denied):
        services.add_rule(
            rule=Wanted("one_parcel"), actor=Actor(label="x", verbs={"routing.edit": "own"}), reason="x", now=world.now
        )
    assert queries.list_rules(on=world.now.date()) == []


def test_a_draft_is_published_whole_as_the_next_edition(world: World) -> None:
    node, day = world.offer(world.seller()) and Node.objects.order_by("code").first(), world.now.date()
    assert node
    publish = partial(services.publish_rules, actor=SYSTEM, now=world.now)
    draft = [Wanted("exclude_node", node_code=node.code), Wanted("prefer_local"), Wanted("one_parcel", is_on=False)]
    first = publish(rules=draft, edition=0, reason="the first rules")
    [excluded, local, one] = queries.list_rules(on=day)
    with pytest.raises(RulesChanged) as late:
        publish(rules=draft, edition=0, reason="from an old look")
    assert late.value.values["edition"] == first.number == 1
    stays = [Wanted(row.kind, node_code=row.node.code if row.node else "", is_on=row.is_on, rule_id=row.id)
             for row in (local, excluded, one)]  # fmt: skip
    with pytest.raises(Refused) as same:
        publish(rules=[stays[1], stays[0], stays[2]], edition=1, reason="nothing else")
    assert same.value.code == "routing.nothing_changed"
    worth = replace(stays[0], market_code="DE", amount_minor=150)
    second = publish(rules=[worth, replace(stays[2], is_on=True)], edition=1, reason="near is worth 1.50")
    assert [(row.kind, row.is_on, row.amount_minor) for row in queries.list_rules(on=day)] == [
        ("prefer_local", True, 150), ("one_parcel", True, None),
    ]  # fmt: skip
    assert [each.number for each in queries.list_editions()] == [2, 1]
    told = [(what, row["kind"]) for what, row in queries.changes(first.rules, second.rules)]
    assert sorted(told) == [
        ("added", "prefer_local"), ("ended", "exclude_node"), ("ended", "prefer_local"), ("switched_on", "one_parcel"),
    ]  # fmt: skip
    kept = AuditEntry.objects.get(verb="routing.rules_published", after__edition=2)
    assert (kept.reason, kept.before and kept.before["edition"]) == ("near is worth 1.50", 1)


def test_a_bad_rule_of_a_draft_is_named_by_its_place(world: World) -> None:
    with pytest.raises(BadRule) as refusal:
        services.draft_rules(rules=[Wanted("prefer_local"), Wanted("exclude_node")], now=world.now)
    assert refusal.value.field == "rules[1].node"
    with pytest.raises(NotFound) as unknown:
        services.draft_rules(rules=[Wanted("exclude_node", node_code="nowhere")], now=world.now)
    assert unknown.value.field == "rules[0].node"


def test_a_look_routes_the_latest_orders_under_both_and_keeps_nothing(world: World) -> None:
    offer = world.offer(world.seller())
    ordered = [shipping.order(world, (offer, units)).number for units in (1, 2)]
    [node] = {each.node.code for each in Suborder.objects.select_related("node")}
    same = rerouting.look(rules=[Wanted("prefer_local")], now=world.now)
    assert (sorted(each.number for each in same.orders), same.changed) == (sorted(ordered), [])
    assert same.before == same.after and same.before.by_node == {node: 2}
    charged = sum(each.total_minor for each in Order.objects.all())
    assert same.before.total_minor == {"EUR": charged}
    without = rerouting.look(rules=[Wanted("exclude_node", node_code=node)], now=world.now, orders=1)
    assert (without.lost, without.after.parcels, without.changed[0].number in ordered) == (1, 0, True)
    assert queries.list_rules(on=world.now.date()) == []
    with pytest.raises(Invalid):
        rerouting.look(rules=[], now=world.now, orders=0)
