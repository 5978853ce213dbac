"""Every plan keeps to what is there and promised; small ones are the best there is; none is worse than one by one."""

from itertools import product

import numpy as np
from hypothesis import given, settings

from domain.routing.problems import array, problem, problems
from entrepot.domain.routing.batches import route
from entrepot.domain.routing.carts import Carts, choose
from entrepot.domain.routing.checking import assess
from entrepot.domain.routing.greedy import plan_by_turns
from entrepot.domain.routing.problem import Plan, Problem, Score, plan_of


def brute_force(given: Problem) -> Score:
    """The best score over every way to divide every need among all options."""
    ways = []
    for need, quantity in enumerate(given.quantity.tolist()):
        useful = [
            option
            for option in range(len(given.options))
            if given.options.place[option] == given.place[given.group[need]]
        ]
        ways.append(
            [
                [(need, option, units) for option, units in zip(useful, found, strict=True) if units]
                for found in product(range(quantity + 1), repeat=len(useful))
                if sum(found) <= quantity
            ]
        )
    found = (assess(given, plan_of([row for rows in chosen for row in rows])) for chosen in product(*ways))
    return min(each.score for each in found if not each.faults)


def alone(given: Problem, group: int) -> Problem:
    """The problem of one group of several."""
    needs = np.flatnonzero(given.group == group)
    parts = slice(given.start[needs[0]], given.start[needs[-1] + 1])
    return Problem(
        given.nodes, given.place[[group]], given.due[[group]], given.one_parcel[[group]],
        np.zeros(len(needs), dtype=np.int64), given.quantity[needs], given.weight_g[needs],
        given.start[needs[0] : needs[-1] + 2] - given.start[needs[0]], given.resource[parts], given.per_unit[parts],
        given.stock, given.objection[[group]], given.options, given.node_units, given.service_parcels,
        given.tiers[:, [group]], given.premium_minor[[group]],
    )  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(problems(groups=2))
def test_a_small_batch_is_routed_as_well_as_trying_everything(given):
    answer = route(given)
    assert not answer.assessment.faults
    assert answer.assessment.score == brute_force(given)
    assert answer.is_exact.all()
    assert answer.bound_minor == answer.assessment.score.cost_minor


@settings(max_examples=25, deadline=None)
@given(problems(groups=6, single=True))
def test_single_units_are_routed_as_well_as_trying_everything(given):
    assert route(given).assessment.score == brute_force(given)


@settings(max_examples=30, deadline=None)
@given(problems(groups=5))
def test_a_plan_keeps_to_stock_and_promise_and_is_never_worse_than_one_by_one(given):
    answer = route(given)
    assert assess(given, answer.plan).faults == ()
    assert answer.assessment == assess(given, answer.plan)
    assert answer.assessment.score <= answer.greedy.score
    again = route(given)
    assert [again.plan.need.tolist(), again.plan.option.tolist(), again.plan.units.tolist()] == [
        answer.plan.need.tolist(), answer.plan.option.tolist(), answer.plan.units.tolist(),
    ]  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(problems(groups=4))
def test_a_batch_of_one_is_an_array_of_one(given):
    for group in range(len(given.place)):
        one = alone(given, group)
        carts = Carts(one)
        cart = carts.cart(0)
        choice = choose(cart, one.stock.tolist(), one.node_units.tolist(), one.service_parcels.tolist())
        parts = [(each.need, cart.sources[each.source].option, each.units) for each in choice.parts]
        answer = route(one)
        rows = zip(answer.plan.need.tolist(), answer.plan.option.tolist(), answer.plan.units.tolist(), strict=True)
        assert choice.is_exact
        assert sorted(parts) == list(rows)
        assert choice.score == answer.assessment.score == brute_force(one)
        turns, unsure = plan_by_turns(one, carts)
        assert not unsure
        assert assess(one, turns).score == choice.score


def test_what_one_group_gives_up_can_save_another_more():
    options = [(0, 0, 0, 10, 0, 1, -1), (1, 0, 0, 11, 0, 1, -1), (0, 1, 0, 10, 0, 1, -1), (1, 1, 0, 90, 0, 1, -1)]
    given = problem([[(1, [(0, 1)])], [(1, [(0, 1)])]], [[1], [1]], options, place=[0, 1])
    answer = route(given)
    assert answer.plan.option.tolist() == [1, 2]
    assert (answer.assessment.cost_minor, answer.greedy.cost_minor) == (21, 100)
    assert answer.method == ("flow", "flow")


def test_two_parcels_of_two_orders_change_places_where_that_saves_one():
    options = [(0, 0, 50, 1, 0, 1, -1), (1, 0, 50, 2, 0, 1, -1)]
    both = [(1, [(0, 1)]), (1, [(1, 1)])]
    given = problem([[(1, [(0, 1)])], both], [[1, 1], [1, 0]], options)
    answer = route(given)
    assert answer.plan.option.tolist() == [1, 0, 0]
    assert (answer.assessment.parcels, answer.greedy.parcels) == (2, 3)
    assert answer.method == ("program", "program")


def test_the_reckoning_finds_every_fault():
    options = [(0, 0, 5, 1, 0, 3, 0), (0, 0, 5, 1, 0, 9, -1), (1, 1, 5, 1, 0, 3, -1), (1, 0, 5, 1, 0, 3, 0)]
    given = problem(
        [[(2, [(0, 2)])], [(1, [(0, 1)])]], [[2], [9]], options,
        due=[5, 5], one_parcel=[True, False], objection=[[0, 0], [1, 0]], node_units=[1, 9], service_parcels=[1],
    )  # fmt: skip

    def faults(*rows: tuple[int, int, int]) -> set[str]:
        return set(assess(given, Plan(*(array(column) for column in zip(*rows, strict=True)))).faults)

    assert faults((0, 0, 1)) == set()
    assert faults((0, 0, 2)) == {"more than stands at a node", "more than a node can pack"}
    assert faults((0, 1, 1)) == {"a promise that comes too late"}
    assert faults((0, 2, 1)) == {"a service that leads elsewhere"}
    assert faults((1, 0, 1)) == {"a node that may not ship"}
    assert faults((1, 3, 2)) == {"more than was asked for"}
    assert faults((1, 3, 0)) == {"a part has no units"}
    assert faults((0, 0, 1), (0, 3, 1)) == {"a split that is forbidden", "more parcels than a service takes"}
    assert "two services from one node" in faults((0, 0, 1), (0, 1, 1))


def test_a_large_circle_is_taken_apart_and_still_no_worse(monkeypatch):
    from entrepot.domain.routing import batches, program

    monkeypatch.setattr(program, "PARCELS_MAX", 10)
    monkeypatch.setattr(batches, "PART", 30)
    draw = np.random.default_rng(3)
    groups = [
        [(int(draw.integers(1, 3)), [(int(resource), 1)]) for resource in draw.choice(4, draw.integers(1, 3), False)]
        for _ in range(30)
    ]
    options = [(node, 0, 40 + 9 * node, 3 * node, 2, 1, -1) for node in range(4)]
    answer = route(problem(groups, draw.integers(5, 14, (4, 4)).tolist(), options))
    assert not answer.is_exact.all()
    assert answer.assessment.score < answer.greedy.score
    assert not answer.assessment.faults
