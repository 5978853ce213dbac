"""A cart leaves from where it costs least within the rules; the same answer each time, with reasons."""

from itertools import product
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.domain.routing.rules import Rule, RuleKind
from entrepot.flows.routing import Candidate, Fare, Group, Need, Route, Router, Shortage, Verdict, Weighed

MUG, PLATE, POWER = UUID(int=100), UUID(int=101), UUID(int=102)
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
    there: dict = {(sku, None): {} for sku in (MUG, PLATE, POWER)}
    for code, found in units.items():
        for sku, number in (found if isinstance(found, dict) else {MUG: found}).items():
            there[sku, None][NODES[code]] = number
    return there


def price(parcels: list[Weighed]) -> list[Fare]:
    return [Fare(TARIFF[each.origin][0] + each.weight_g * TARIFF[each.origin][1]) for each in parcels]


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
    def only_near(parcels: list[Weighed]) -> list[Fare]:
        pairs = zip(parcels, price(parcels), strict=True)
        return [fare if each.origin == "DE" else Fare(refusal="cn-air: weight") for each, fare in pairs]

    found = route([need(2)], [far("a"), near("b")], free(a=9, b=1), pricing=only_near)
    assert isinstance(found, Shortage) and found.verdicts["a"] == Verdict.NO_SERVICE
    nobody = route(
        [need(2)], [far("a"), near("b")], free(a=9, b=9), pricing=lambda parcels: [Fare(refusal="full")] * len(parcels)
    )
    assert chosen(nobody) == [(0, "b", 2)]


def test_costs_are_asked_once_and_only_where_they_could_decide():
    asked: list[list[Weighed]] = []

    def ask(parcels: list[Weighed]) -> list[Fare]:
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


def no_power_from_afar(parcels: list[Weighed]) -> list[Fare]:
    """The lane from China carries no batteries."""
    return [
        Fare(refusal="cn-air: goods:battery") if each.origin == "CN" and any(key[0] == POWER for key, _ in each.goods)
        else fare
        for each, fare in zip(parcels, price(parcels), strict=True)
    ]  # fmt: skip


def test_goods_that_a_lane_refuses_leave_by_another_and_the_rest_stays_with_it():
    needs = [need(1, goods=(MUG, 1)), need(1, POWER, goods=(POWER, 1))]
    everywhere = {MUG: 5, POWER: 5}
    found = route(needs, [far("a"), near("b")], free(a=everywhere, b={POWER: 5}), CHEAPEST, pricing=no_power_from_afar)
    assert chosen(found) == [(0, "a", 1), (1, "b", 1)]
    assert isinstance(found, Route)
    afar, close = found.why["nodes"]
    assert (afar["refusal"], afar["available"], close["verdict"]) == ("cn-air: goods:battery", 1, "chosen")
    short = route(needs, [far("a"), near("b")], free(a=everywhere, b={}), CHEAPEST, pricing=no_power_from_afar)
    assert isinstance(short, Shortage) and (short.need, short.available) == (1, 0)


def test_duty_decides_between_a_parcel_from_abroad_and_goods_that_were_brought():
    def with_duty(duty_minor: int, import_minor: int):
        def fares(parcels: list[Weighed]) -> list[Fare]:
            return [
                Fare(300, duty_minor, lane="air") if each.crosses else Fare(400, 0, import_minor, "road")
                for each in parcels
            ]

        return fares

    abroad = Candidate(NODES["a"], "a", "CN", is_local=False, crosses=True)
    bonded = Candidate(NODES["c"], "c", "DE", is_local=True, crosses=True)
    for duty, brought, wins in ((99, 0, "a"), (101, 0, "b"), (150, 60, "a"), (150, 40, "b")):
        found = route([need(1)], [abroad, near("b")], free(a=9, b=9), CHEAPEST, pricing=with_duty(duty, brought))
        assert chosen(found) == [(0, wins, 1)], (duty, brought)
        assert isinstance(found, Route)
        assert [each["cost_minor"] for each in found.why["nodes"]] == [300 + duty, 400 + brought]
    both = route([need(1)], [bonded, near("b")], free(b=9, c=9), CHEAPEST, pricing=with_duty(10, 0))
    assert chosen(both) == [(0, "c", 1)]


def test_what_the_whole_costs_is_what_is_compared_where_parts_would_cost_less():
    def above_a_threshold(parcels: list[Weighed]) -> list[Fare]:
        return [Fare(300, 900 if each.weight_g > 150 else 0) if each.crosses else Fare(1000) for each in parcels]

    abroad = Candidate(NODES["a"], "a", "CN", is_local=False, crosses=True)
    needs, stock = [need(1), need(1, PLATE)], free(a={MUG: 1, PLATE: 1}, b={MUG: 1, PLATE: 1})
    found = route(needs, [abroad, near("b")], stock, CHEAPEST, pricing=above_a_threshold)
    assert isinstance(found, Route)
    assert [each["cost_minor"] for each in found.why["nodes"]] == [1200, 1000]
    assert chosen(found) == [(0, "b", 1), (1, "b", 1)]


refusals = st.sets(st.tuples(st.sampled_from(["CN", "DE"]), st.sampled_from([MUG, PLATE])), max_size=2)


@settings(deadline=None)
@given(stocks, st.tuples(st.integers(1, 3), st.integers(1, 3)), st.sets(st.sampled_from(["a", "b"])), refusals)
def test_it_costs_what_the_best_of_all_ways_costs_and_sends_nothing_by_a_way_that_refuses_it(drawn, wanted, local, out):
    def fares(parcels: list[Weighed]) -> list[Fare]:
        return [
            Fare(refusal="refused") if any((each.origin, key[0]) in out for key, _ in each.goods) else fare
            for each, fare in zip(parcels, price(parcels), strict=True)
        ]

    order = ("a", "b", "c")
    country = {code: "DE" if code in local else "CN" for code in order}
    stock = {(code, sku): units for (code, sku), units in drawn.items() if code in country}
    needs = [need(units, sku, goods=(sku, 1)) for sku, units in zip((MUG, PLATE), wanted, strict=True)]
    candidates = [near(code) if code in local else far(code) for code in order]
    given = {(sku, None): {NODES[code]: stock.get((code, sku), 0) for code in order} for sku in (MUG, PLATE)}
    found = route(needs, candidates, given, CHEAPEST, pricing=fares)
    if len(set(country.values())) < 2 or all((each, sku) in out for each in "CN DE".split() for sku in (MUG, PLATE)):
        return  # no cost decides

    def cost(parts: dict[str, list[int]]) -> int:
        return sum(TARIFF[country[code]][0] + 100 * sum(units) * TARIFF[country[code]][1]
                   for code, units in parts.items() if any(units))  # fmt: skip

    def spreads(sku: UUID, units: int):
        most = [0 if (country[code], sku) in out else stock.get((code, sku), 0) for code in order]
        return [each for each in product(*(range(min(units, top) + 1) for top in most)) if sum(each) == units]

    plans = [
        dict(zip(order, map(list, zip(mugs, plates, strict=True)), strict=True))
        for mugs in spreads(MUG, wanted[0])
        for plates in spreads(PLATE, wanted[1])
    ]
    assert isinstance(found, Route) == bool(plans)
    if isinstance(found, Route):
        parts = {code: [0, 0] for code in order}
        for place, code, units in chosen(found):
            assert (country[code], (MUG, PLATE)[place]) not in out
            parts[code][place] += units
        assert cost(parts) == min(map(cost, plans))
