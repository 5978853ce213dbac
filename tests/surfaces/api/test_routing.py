"""Routing rules over the API: read, looked at as a draft, published as an edition."""

import shipping
from entrepot.domain.orders.models import Suborder
from surfaces.api.calls import caller, operator


def test_a_draft_is_looked_at_and_published(world):
    offer = world.offer(world.seller())
    number = shipping.order(world, (offer, 1)).number
    node = Suborder.objects.select_related("node")[0].node.code
    desk = operator(world)
    assert desk.ask("GET", "/routing/rules") == {"edition": 0, "rules": []}
    same = desk.ask("POST", "/routing/looks", {"rules": [{"kind": "prefer_local"}]})
    assert (same["orders"], same["changed"], same["before"]) == (1, 0, same["after"])
    draft = [{"kind": "exclude_node", "node": node}, {"kind": "prefer_local"}]
    found = desk.ask("POST", "/routing/looks", {"rules": draft, "orders": 5})
    [lost] = found["changes"]
    assert (found["lost"], lost["number"], lost["before"]["nodes"], lost["after"]) == (1, number, [node], None)
    assert "0 are left" in lost["refusal"]
    edition = {"edition": 0, "rules": draft, "reason": "The floor is rebuilt."}
    made = desk.ask("POST", "/routing/editions", edition, status=201)
    assert (made["number"], [each["kind"] for each in made["rules"]]) == (1, ["exclude_node", "prefer_local"])
    late = desk.ask("POST", "/routing/editions", edition | {"reason": "Once more."}, status=409)
    assert late["code"] == "routing.rules_changed"
    stands = desk.ask("GET", "/routing/rules")
    assert stands["edition"] == 1 and [each["node"] for each in stands["rules"]] == [node, ""]
    kept = [{name: value for name, value in each.items() if name != "position"} for each in stands["rules"]]
    off = desk.ask(
        "POST", "/routing/editions",
        {"edition": 1, "rules": [kept[0] | {"is_on": False}, kept[1]], "reason": "It is done."}, status=201,
    )  # fmt: skip
    assert [each["id"] for each in off["rules"]] == [each["id"] for each in kept]
    assert [each["reason"] for each in desk.ask("GET", "/routing/editions")] == ["It is done.", "The floor is rebuilt."]


def test_what_cannot_be_is_named_and_sellers_keep_out(world):
    desk = operator(world)
    bad = desk.ask("POST", "/routing/looks", {"rules": [{"kind": "exclude_node"}]}, status=422)
    assert (bad["code"], bad["field"]) == ("routing.bad_rule", "rules[0].node")
    seller = caller(world, world.seller("acme").organisation, "seller.owner")
    assert seller.ask("GET", "/routing/rules", status=403)["code"] == "accounts.verb_missing"
