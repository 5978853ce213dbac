"""One node for the whole line, near before far, few parcels before many; the same answer each time, with reasons."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from entrepot.flows.routing import Candidate, Need, Route, Shortage, Verdict, route

MUG, PLATE = UUID(int=100), UUID(int=101)
NODES = {code: UUID(int=number) for number, code in enumerate("abcd", 1)}


def need(quantity: int, sku: UUID = MUG, **options) -> Need:
    return Need(((sku, 1),), quantity, **options)


def near(code: str) -> Candidate:
    return Candidate(NODES[code], code, is_local=True)


def far(code: str) -> Candidate:
    return Candidate(NODES[code], code, is_local=False)


def free(**units: int | dict[UUID, int]) -> dict:
    return {
        (NODES[code], sku, None): number
        for code, found in units.items()
        for sku, number in (found if isinstance(found, dict) else {MUG: found}).items()
    }


def chosen(found: Route | Shortage) -> list[tuple[int, str, int]]:
    assert isinstance(found, Route)
    codes = {node: code for code, node in NODES.items()}
    return [(each.need, codes[each.node_id], each.units) for each in found.allocations]


def test_a_near_node_goes_before_a_fuller_one_far_away():
    found = route([need(2)], [far("a"), near("b")], free(a=99, b=2))
    assert chosen(found) == [(0, "b", 2)]
    assert found.verdicts == {"a": Verdict.NOT_NEEDED, "b": Verdict.CHOSEN}


def test_a_whole_line_from_afar_goes_before_a_split_nearby():
    assert chosen(route([need(3)], [near("a"), near("b"), far("c")], free(a=2, b=2, c=3))) == [(0, "c", 3)]


def test_one_node_for_all_lines_goes_before_the_fullest():
    needs = [need(1), need(1, PLATE)]
    found = route(needs, [near("a"), near("b")], free(a=50, b={MUG: 1, PLATE: 1}))
    assert chosen(found) == [(0, "b", 1), (1, "b", 1)]


def test_among_equals_the_fullest_then_the_code():
    assert chosen(route([need(1)], [near("a"), near("b")], free(a=2, b=3))) == [(0, "b", 1)]
    assert chosen(route([need(1)], [near("b"), near("a")], free(a=3, b=3))) == [(0, "a", 1)]


def test_a_line_is_split_near_first_only_where_it_must():
    found = route([need(6)], [far("a"), near("b"), near("c")], free(a=5, b=1, c=2))
    assert chosen(found) == [(0, "a", 3), (0, "b", 1), (0, "c", 2)]


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
    stock = {(NODES["a"], MUG, None): 1, (NODES["a"], MUG, pool): 2}
    assert isinstance(route([need(2)], [near("a")], stock), Shortage)
    assert chosen(route([need(2, pool=pool), need(1)], [near("a")], stock)) == [(0, "a", 2), (1, "a", 1)]


def test_a_node_that_the_terms_forbid_is_named_and_left_out():
    forbidden = Candidate(NODES["a"], "a", is_local=True, objection=Verdict.NOT_THEIR_NODE)
    found = route([need(1)], [forbidden], free(a=9))
    assert isinstance(found, Shortage)
    assert found.verdicts == {"a": Verdict.NOT_THEIR_NODE}


stocks = st.dictionaries(
    st.tuples(st.sampled_from(sorted(NODES)), st.sampled_from([MUG, PLATE])), st.integers(0, 5), max_size=8
)
wanted = st.lists(st.tuples(st.sampled_from([MUG, PLATE]), st.integers(1, 6)), min_size=1, max_size=4)


@given(stocks, wanted, st.permutations(sorted(NODES)), st.sets(st.sampled_from(sorted(NODES))))
def test_it_takes_only_what_is_there_and_all_that_is_wanted(drawn, lines, order, local):
    stock = {(NODES[code], sku, None): units for (code, sku), units in drawn.items()}
    needs = [need(quantity, sku) for sku, quantity in lines]
    candidates = [Candidate(NODES[code], code, code in local) for code in order]
    found = route(needs, candidates, stock)
    assert found == route(needs, candidates[::-1], dict(stock))
    totals = {sku: sum(units for (_, each, _), units in stock.items() if each == sku) for sku in (MUG, PLATE)}
    enough = all(sum(quantity for sku, quantity in lines if sku == each) <= totals[each] for each in totals)
    assert isinstance(found, Route) == enough
    if isinstance(found, Route):
        left = dict(stock)
        met = dict.fromkeys(range(len(needs)), 0)
        for each in found.allocations:
            left[each.node_id, lines[each.need][0], None] -= each.units
            met[each.need] += each.units
        assert all(units >= 0 for units in left.values())
        assert met == {place: quantity for place, (_, quantity) in enumerate(lines)}
