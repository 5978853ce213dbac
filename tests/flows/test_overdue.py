"""What nobody ships is cancelled together, and what moved meanwhile is left out."""

from django.db import connections
from django.test.utils import CaptureQueriesContext

from entrepot.domain.orders import work
from entrepot.flows import fulfilment
from shipping import hand_over, lines_of, order, pack


def test_many_orders_that_nobody_ships_are_cancelled_with_a_constant_number_of_statements(world):
    offer = world.offer(world.seller(), stock=100)

    def statements(orders: int) -> int:
        placed = [order(world, (offer, 2)) for _ in range(orders)]
        world.pass_time(days=9)
        with CaptureQueriesContext(connections["default"]) as queries:
            assert fulfilment.cancel_overdue(now=world.now) == orders
        assert {lines_of(each)[0].cancelled_qty for each in placed} == {2}
        return len(queries)

    statements(1)  # the first asks for what is kept afterwards
    assert statements(6) <= statements(1)


def test_one_that_was_packed_a_moment_ago_does_not_keep_the_others_from_being_cancelled(world):
    offer = world.offer(world.seller(), stock=100)
    placed = [order(world, (offer, 2)) for _ in range(5)]
    world.pass_time(days=9)
    seen = work.list_overdue(now=world.now)
    pack(world, (lines_of(placed[3])[0], 1))
    hand_over(world, pack(world, (lines_of(placed[3])[0], 1)))
    assert fulfilment.cancel_together(due=seen, now=world.now) == 4
    assert [lines_of(each)[0].cancelled_qty for each in placed] == [2, 2, 2, 0, 2]
