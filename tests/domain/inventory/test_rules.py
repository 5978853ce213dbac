from dataclasses import replace
from uuid import UUID

import pytest

from entrepot.domain.inventory import rules
from entrepot.domain.inventory.rules import Drawn, HeldUnits, Shortage
from entrepot.domain.terms import presets
from entrepot.domain.terms.rules import NodeOperator, ShipFrom

LINE, OTHER = UUID(int=1), UUID(int=2)
MUG, SAUCER = UUID(int=11), UUID(int=12)


def held(number: int, quantity: int, *, sku: UUID = MUG, per_unit: int = 1, owner: UUID = LINE) -> HeldUnits:
    return HeldUnits(UUID(int=100 + number), owner, sku, quantity, per_unit)


def test_units_are_drawn_from_holds_in_their_order():
    drawn, short = rules.draw([held(1, 2), held(2, 5)], {LINE: 3})
    assert drawn == [Drawn(UUID(int=101), 2), Drawn(UUID(int=102), 1)]
    assert short == []


def test_a_kit_draws_its_components_in_step():
    holds = [held(1, 4, per_unit=2), held(2, 2, sku=SAUCER)]
    drawn, _ = rules.draw(holds, {LINE: 1})
    assert drawn == [Drawn(UUID(int=101), 2), Drawn(UUID(int=102), 1)]


def test_a_kit_is_short_where_one_component_is():
    holds = [held(1, 4, per_unit=2), held(2, 1, sku=SAUCER)]
    assert rules.draw(holds, {LINE: 2}) == ([], [Shortage(LINE, wanted=2, held=1)])


def test_an_owner_without_holds_is_short_but_has_nothing_to_let_go():
    assert rules.draw([], {LINE: 1}) == ([], [Shortage(LINE, wanted=1, held=0)])
    assert rules.draw([], {LINE: None}) == ([], [])


def test_nobody_draws_from_the_holds_of_another():
    drawn, short = rules.draw([held(1, 5, owner=OTHER)], {LINE: 1, OTHER: None})
    assert drawn == [Drawn(UUID(int=101), 5)]
    assert [each.owner_id for each in short] == [LINE]


def test_kits_are_as_many_as_the_scarcest_component_makes():
    assert rules.kits({MUG: 2, SAUCER: 1}, {MUG: 7, SAUCER: 9}) == 3
    assert rules.kits({MUG: 2, SAUCER: 1}, {MUG: 7}) == 0
    assert rules.kits({MUG: 1}, {MUG: -4}) == 0
    assert rules.kits({}, {MUG: 4}) == 0


@pytest.mark.parametrize(
    ("nodes", "ship_from", "kind", "is_anothers", "is_local", "allowed"),
    [
        (("platform_node",), "any", "operator", True, True, True),
        (("platform_node",), "any", "seller", False, True, False),
        (("seller_node",), "any", "seller", False, False, True),
        (("seller_node",), "any", "seller", True, False, False),
        (("partner_node",), "any", "third_party", True, False, True),
        (("seller_node", "partner_node"), "market", "third_party", True, True, True),
        (("seller_node", "partner_node"), "market", "third_party", True, False, False),
        (("platform_node",), "abroad", "operator", True, True, False),
        (("platform_node",), "abroad", "operator", True, False, True),
    ],
)
def test_goods_leave_from_where_the_terms_let_them(nodes, ship_from, kind, is_anothers, is_local, allowed):
    wording = presets.load()["self-managed"]
    fulfilment = replace(wording.fulfilment, nodes=tuple(map(NodeOperator, nodes)), ship_from=ShipFrom(ship_from))
    conditions = replace(wording, fulfilment=fulfilment)
    found = rules.may_leave(conditions, operator_kind=kind, is_anothers=is_anothers, is_local=is_local)
    assert found is allowed
