"""A cart leaves from where it costs least within the rules; the same answer each time, with reasons."""

from types import SimpleNamespace
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.domain.routing.rules import Rule, RuleKind
from entrepot.flows.routing import Candidate, Group, Need, Route, Router, Shortage, Verdict, Weighed

MUG, PLATE = UUID(int=100), UUID(int=101)
NODES = {code: UUID(int=number) for number, code in enumerate("abcd", 1)}
MARKET: Any = SimpleNamespace(id=UUID(int=9), code="DE", currency="EUR", country="DE")
#: A parcel costs 400 and 1 a gram from near, 300 and 3 a gram from afar.
TARIFF = {"DE": (400, 1), "CN": (300, 3)}


def need(quantity: int, sku: UUID = MUG, **options) -> Need:
    return Need(((sku, 1),), quantity, **({"weight_g": 100} | options))


def near(code: str) -> Candidate:
    return Candidate(NODES[code], code, "DE", is_local=True)


def far(code: str) -> Candidate:
    return Candidate(NODES[code], code, "CN", is_local=False)


def free(**units: int | dict[UUID, int]) -> dict:
    there: dict = {(sku, None): {} for sku in (MUG, PLATE)}
    for code, found in units.items():
        for sku, number in (found if isinstance(found, dict) else {MUG: found}).items():
            there[sku, None][NODES[code]] = number
    return there


def price(parcels: list[Weighed]) -> list[int | None]:
    return [TARIFF[each.origin][0] + each.weight_g * TARIFF[each.origin][1] for each in parcels]


def route(needs, candidates, stock, *rules: Rule, value_minor: int = 5000, pricing=price) -> Route | Shortage:
    group = Group(MARKET, tuple(needs), tuple(candidates), value_minor)
    router = Router({MARKET.id: rules} if rules else {}, pricing)
    router.prepare([group])
    return router.route(group, stock)


def chosen(found: Route | Shortage) -> list[tuple[int, str, int]]:
    assert isinstance(found, Route)
    codes = {node: code for code, node in NODES.items()}
    return [(each.need, codes[each.node_id], each.units) for each in found.allocations]


CHEAPEST = Rule(RuleKind.EXCLUDE_NODE, "nowhere")


def test_near_goes_before_afar_while_there_is_no_rule():
    found = route([need(1)], [far("a"), near("b")], free(a=99, b=2))
    assert chosen(found) == [(0, "b", 1)]
    assert found.verdicts == {"a": Verdict.NOT_NEEDED, "b": Verdict.CHOSEN}


def test_where_rules_say_nothing_the_cheapest_goes():
    light, heavy = need(1, weight_g=10), need(1, weight_g=500)
    assert chosen(route([light], [far("a"), near("b")], free(a=9, b=9), CHEAPEST)) == [(0, "a", 1)]
    assert chosen(route([heavy], [far("a"), near("b")], free(a=9, b=9), CHEAPEST)) == [(0, "b", 1)]


def test_a_whole_parcel_goes_before_two_where_that_costs_less():
    needs = [need(1, weight_g=10), need(1, PLATE, weight_g=500)]
    found = route(needs, [far("a"), near("b")], free(a={MUG: 1, PLATE: 1}, b={MUG: 1, PLATE: 1}), CHEAPEST)
    assert chosen(found) == [(0, "b", 1), (1, "b", 1)]
    assert [each["cost_minor"] for each in found.why["nodes"]] == [300 + 3 * 510, 400 + 510]


def test_one_node_for_all_lines_goes_before_the_fullest():
    needs = [need(1), need(1, PLATE)]
    found = route(needs, [near("a"), near("b")], free(a=50, b={MUG: 1, PLATE: 1}))
    assert chosen(found) == [(0, "b", 1), (1, "b", 1)]


def test_among_equals_the_fullest_then_the_code():
    assert chosen(route([need(1)], [near("a"), near("b")], free(a=2, b=3))) == [(0, "b", 1)]
    assert chosen(route([need(1)], [near("b"), near("a")], free(a=3, b=3))) == [(0, "a", 1)]


def test_a_line_is_split_where_it_must():
    found = route([need(6)], [far("a"), near("b"), near("c")], free(a=5, b=1, c=5))
    assert chosen(found) == [(0, "b", 1), (0, "c", 5)]
    only = Rule(RuleKind.ONE_PARCEL)
    assert route([need(6)], [near("b"), near("c")], free(b=1, c=5), only).available == 5


def test_rules_forbid_and_prefer():
    stock, nodes = free(a=9, b=9, c=9), [far("a"), near("b"), near("c")]
    excluded = route([need(1)], nodes, stock, Rule(RuleKind.EXCLUDE_NODE, "b"), Rule(RuleKind.PREFER_LOCAL))
    assert chosen(excluded) == [(0, "c", 1)]
    assert excluded.verdicts["b"] == Verdict.EXCLUDED
    assert excluded.why["rules"] == [{"rule": "exclude_node", "node": "b"}, {"rule": "prefer_local"}]
    assert chosen(route([need(1)], nodes, stock, Rule(RuleKind.PREFER_NODE, "a"))) == [(0, "a", 1)]
    first = (Rule(RuleKind.PREFER_LOCAL), Rule(RuleKind.PREFER_NODE, "a"))
    assert chosen(route([need(1)], nodes, stock, *first)) == [(0, "b", 1)]
    assert chosen(route([need(1)], nodes, stock, *first[::-1])) == [(0, "a", 1)]
    worth = [Rule(RuleKind.PREFER_NODE, "c", 1), Rule(RuleKind.PREFER_LOCAL, "", 1)]
    assert chosen(route([need(1, weight_g=10)], nodes, stock, *worth)) == [(0, "a", 1)]
    assert chosen(route([need(1, weight_g=50)], nodes, stock, *worth)) == [(0, "c", 1)]


def test_a_split_below_a_value_is_a_shortage():
    needs, stock = [need(1), need(1, PLATE)], free(a=1, b={PLATE: 1})
    rule = Rule(RuleKind.NO_SPLIT_BELOW, "", 3000)
    assert isinstance(route(needs, [near("a"), near("b")], stock, rule, value_minor=3000), Route)
    assert isinstance(route(needs, [near("a"), near("b")], stock, rule, value_minor=2999), Shortage)


def test_a_country_that_nobody_ships_from_is_left_out_unless_it_is_all_there_is():
    def only_near(parcels: list[Weighed]) -> list[int | None]:
        return [cost if each.origin == "DE" else None for each, cost in zip(parcels, price(parcels), strict=True)]

    found = route([need(2)], [far("a"), near("b")], free(a=9, b=1), pricing=only_near)
    assert isinstance(found, Shortage) and found.verdicts["a"] == Verdict.NO_SERVICE
    nobody = route([need(2)], [far("a"), near("b")], free(a=9, b=9), pricing=lambda parcels: [None] * len(parcels))
    assert chosen(nobody) == [(0, "b", 2)]


def test_costs_are_asked_once_and_only_where_they_could_decide():
    asked: list[list[Weighed]] = []

    def ask(parcels: list[Weighed]) -> list[int | None]:
        asked.append(list(parcels))
        return price(parcels)

    router = Router({}, ask)
    local = Group(MARKET, (need(1),), (near("a"), near("b")), 100)
    both = Group(MARKET, (need(2), need(1, PLATE)), (near("a"), far("b")), 100)
    router.prepare([local, both, both])
    assert len(asked) == 1
    assert sorted(asked[0]) == sorted(
        Weighed("DE", origin, grams) for origin in ("DE", "CN") for grams in (100, 200, 300)
    )
    router.prepare([both])
    router.route(both, free(a={MUG: 2, PLATE: 2}, b=5))
    assert len(asked) == 1


def test_a_kit_is_whole_at_one_node():
    kit = Need(((MUG, 2), (PLATE, 1)), 1)
    found = route([kit], [near("a"), near("b")], free(a={MUG: 9}, b={MUG: 1, PLATE: 9}))
    assert isinstance(found, Shortage)
    assert (found.need, found.available) == (0, 0)


def test_what_one_line_takes_the_next_does_not_find():
    found = route([need(2), need(2)], [near("a")], free(a=3))
    assert isinstance(found, Shortage)
    assert (found.need, found.available) == (1, 1)


def test_a_pool_is_not_the_shared_stock():
    pool = UUID(int=7)
    stock = {(MUG, None): {NODES["a"]: 1}, (MUG, pool): {NODES["a"]: 2}}
    assert isinstance(route([need(2)], [near("a")], stock), Shortage)
    assert chosen(route([need(2, pool=pool), need(1)], [near("a")], stock)) == [(0, "a", 2), (1, "a", 1)]


def test_a_node_that_the_terms_forbid_is_named_and_left_out():
    forbidden = Candidate(NODES["a"], "a", "DE", is_local=True, objection=Verdict.NOT_THEIR_NODE)
    found = route([need(1)], [forbidden], free(a=9))
    assert isinstance(found, Shortage)
    assert found.verdicts == {"a": Verdict.NOT_THEIR_NODE}


stocks = st.dictionaries(
    st.tuples(st.sampled_from(sorted(NODES)), st.sampled_from([MUG, PLATE])), st.integers(0, 5), max_size=8
)
wanted = st.lists(st.tuples(st.sampled_from([MUG, PLATE]), st.integers(1, 6)), min_size=1, max_size=4)


@settings(deadline=None)
@given(stocks, wanted, st.permutations(sorted(NODES)), st.sets(st.sampled_from(sorted(NODES))))
def test_it_takes_only_what_is_there_and_all_that_is_wanted(drawn, lines, order, local):
    stock: dict = {(MUG, None): {}, (PLATE, None): {}}
    for (code, sku), units in drawn.items():
        stock[sku, None][NODES[code]] = units
    needs = [need(quantity, sku) for sku, quantity in lines]
    candidates = [near(code) if code in local else far(code) for code in order]
    found = route(needs, candidates, stock)
    assert found == route(needs, candidates[::-1], dict(stock))
    totals = {sku: sum(stock[sku, None].values()) for sku in (MUG, PLATE)}
    enough = all(sum(quantity for sku, quantity in lines if sku == each) <= totals[each] for each in totals)
    assert isinstance(found, Route) == enough
    if isinstance(found, Route):
        left = {key: dict(at) for key, at in stock.items()}
        met = dict.fromkeys(range(len(needs)), 0)
        for each in found.allocations:
            left[lines[each.need][0], None][each.node_id] -= each.units
            met[each.need] += each.units
        assert all(units >= 0 for at in left.values() for units in at.values())
        assert met == {place: quantity for place, (_, quantity) in enumerate(lines)}
