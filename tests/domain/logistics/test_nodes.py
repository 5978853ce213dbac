"""Nodes: who may close them, and calendars that cannot be."""

from datetime import UTC, date, datetime, time

import pytest

from entrepot.domain.logistics import holidays, queries, services
from entrepot.kernel.actors import SYSTEM
from entrepot.kernel.errors import Invalid, NotFound, Refused
from worlds import World

pytestmark = pytest.mark.usefixtures("database")


def make(world: World, **change):
    wanted = {
        "actor": SYSTEM, "code": "hub", "name": "Hub", "kind": "platform_consolidation",
        "operator_id": world.operator.id, "country": "CN", "time_zone": "Asia/Shanghai", "now": world.now,
    }  # fmt: skip
    return services.create_node(**wanted | change)


def test_a_node_is_read_with_its_calendar():
    world = World()
    node = make(
        world,
        working_days=[6, 1, 2],
        cut_off=time(11),
        closures=[(date(2026, 10, 1), "National Day")],
        address={"line1": "1 Dock Road", "city": "Shenzhen"},
    )
    view = queries.list_nodes([node.id])[node.id]
    assert (view.working_days, view.cut_off, view.closures) == ((1, 2, 6), time(11), {date(2026, 10, 1)})
    assert node.address.country == "CN" and view.address_id == node.address_id
    assert view.due_at(world.now, 0).date() == date(2026, 3, 3)  # Monday 17:00 there, after the cut-off


@pytest.mark.parametrize(
    "change", [{"time_zone": "Mars/Base"}, {"kind": "garage"}, {"working_days": []}, {"working_days": [0, 1]}]
)
def test_what_no_node_can_be_is_invalid(change):
    with pytest.raises(Invalid):
        make(World(), **change)


def test_a_code_is_taken_once():
    world = World()
    make(world)
    with pytest.raises(Refused):
        make(world)


def test_only_who_operates_a_node_closes_it():
    world = World()
    seller, other = world.seller(), world.seller()
    node = make(world, code="home", operator_id=seller.pk, kind="seller_premises")
    days = [(date(2026, 5, 1), "Labour Day")]
    with pytest.raises(NotFound):
        services.close_node(actor=world.seller_actor(other), node_id=node.id, days=days, now=world.now, reason="rest")
    with pytest.raises(Invalid):
        services.close_node(actor=world.seller_actor(seller), node_id=node.id, days=days, now=world.now, reason="")
    assert (
        services.close_node(
            actor=world.seller_actor(seller), node_id=node.id, days=days * 2, now=world.now, reason="rest"
        )
        == 1
    )
    assert (
        services.close_node(actor=world.operator_actor(), node_id=node.id, days=days, now=world.now, reason="again")
        == 0
    )
    assert queries.list_nodes([node.id])[node.id].closures == {date(2026, 5, 1)}


def test_public_holidays_of_its_country_are_days_off_where_it_keeps_them():
    world = World()
    resting, working = make(world), make(world, code="night", keeps_holidays=False)
    days = [holidays.Day("CN", date(2026, 10, day), "National Day", "test") for day in (1, 2)]
    elsewhere = holidays.Day("DE", date(2026, 9, 30), "a feast", "test")
    holidays.publish(actor=SYSTEM, rows=[*days, elsewhere], now=world.now)
    views = queries.list_nodes([resting.id, working.id])
    ordered_at = datetime(2026, 9, 30, 4, tzinfo=UTC)  # Wednesday noon there
    assert views[resting.id].due_at(ordered_at, 1).date() == date(2026, 10, 5)  # the end of Monday there
    assert views[working.id].due_at(ordered_at, 1).date() == date(2026, 10, 1)
    assert views[resting.id].open_on(date(2026, 10, 1)) == date(2026, 10, 5)
    assert views[working.id].open_on(date(2026, 10, 1)) == date(2026, 10, 1)
    services.change_node(
        actor=world.operator_actor(), node_id=resting.id, name="Hub", time_zone="Asia/Shanghai",
        working_days=[1, 2, 3, 4, 5], cut_off=time(14), keeps_holidays=False, now=world.now,
    )  # fmt: skip
    assert queries.list_nodes([resting.id])[resting.id].days_off == frozenset()
    holidays.publish(actor=SYSTEM, rows=[days[0]], now=world.now)
    assert queries.list_nodes([working.id])[working.id].holidays == frozenset()
