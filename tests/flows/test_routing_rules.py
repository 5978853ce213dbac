"""Rules are added, put in order, switched and ended by whoever may, each time with a reason that is kept."""

from datetime import date

import pytest

import shipping
from entrepot.domain.orders.models import Suborder
from entrepot.domain.routing import queries, services
from entrepot.domain.routing.rules import RuleKind
from entrepot.domain.routing.services import BadRule, Place
from entrepot.kernel.actors import SYSTEM, Actor
from entrepot.kernel.errors import Denied, Invalid
from entrepot.kernel.models import AuditEntry
from worlds import World


def test_rules_are_kept_in_order_with_their_reasons_and_decide(world: World) -> None:
    offer, now, day = world.offer(world.seller()), world.now, world.now.date()
    assert queries.find_rules(on=day) == {}
    first = services.add_rule(kind="prefer_local", actor=SYSTEM, reason="near is quick", now=now)
    second = services.add_rule(
        kind="no_split_below", market_code="DE", amount_minor=2000, actor=SYSTEM, reason="boxes are dear", now=now
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
        services.add_rule(**given, actor=SYSTEM, reason="why not", now=world.now)
    assert refusal.value.field == field


def test_rules_need_a_reason_and_the_right(world: World) -> None:
    with pytest.raises(Invalid):
        services.add_rule(kind="one_parcel", actor=SYSTEM, reason=" ", now=world.now)
    with pytest.raises(Denied):
        services.add_rule(
            kind="one_parcel", actor=Actor(label="x", verbs={"setup.edit": "own"}), reason="x", now=world.now
        )
    assert queries.list_rules(on=world.now.date()) == []
