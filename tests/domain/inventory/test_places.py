"""What stands where follows all that comes and leaves; what stands apart is not for sale."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

import shipping
import stocking
from entrepot.domain.inventory import places, placing, queries
from entrepot.domain.inventory import services as inventory
from entrepot.domain.inventory.models import Hold, Stock
from entrepot.domain.inventory.place_models import PlaceUnits
from entrepot.domain.orders import work
from entrepot.flows import shipping as flow
from entrepot.flows import stowing
from entrepot.kernel import ids
from entrepot.kernel.actors import SYSTEM
from entrepot.kernel.errors import Invalid, NotFound, Refused
from entrepot.verify import runner
from worlds import World

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def world(database) -> World:
    return World()


@pytest.fixture
def offer(world):
    managed = world.seller("factory", programme="fully-managed", currency="CNY")
    return world.offer(managed, price="29.99", supply="88.00", stock=20)


@pytest.fixture
def stock(world, offer) -> Stock:
    """Twenty units at a node with four places."""
    stock = Stock.objects.select_related("node").get()
    make(world, stock, "A-1..2-1..2\nQ-1, quarantine")
    return stock


def make(world, stock, text):
    return places.make_places(node_id=stock.node_id, places=placing.read(text), actor=SYSTEM, now=world.now)


def move(world, stock, to, units, *, source="DOCK", actor=SYSTEM):
    places.move(stock_id=stock.id, from_code=source, to_code=to, quantity=units, actor=actor, now=world.now)


def standing(stock) -> dict[str, int]:
    rows = PlaceUnits.objects.filter(stock=stock, quantity__gt=0).select_related("place")
    return {row.place.code: row.quantity for row in rows}


def proven(world) -> None:
    wrong = {each.invariant.code: each.rows for each in runner.verify(now=world.now, codes=["I17", "I18", "I54"])}
    assert {code: rows for code, rows in wrong.items() if rows} == {}


def free(offer) -> int:
    return queries.available([offer.id])[offer.id]


def test_with_the_first_places_all_stands_at_the_dock(world, stock):
    assert standing(stock) == {"DOCK": 20}
    assert [(each.place.code, each.units) for each in places.list_places(node_id=stock.node_id)] == [
        ("A-1-1", 0), ("A-1-2", 0), ("A-2-1", 0), ("A-2-2", 0), ("DOCK", 20), ("Q-1", 0),
    ]  # fmt: skip
    with pytest.raises(Refused, match="there already"):
        make(world, stock, "B-1\nA-1-1")
    proven(world)


def test_units_leave_as_one_walks_and_the_pick_list_says_so(world, offer, stock):
    move(world, stock, "a-2-1", 12)
    move(world, stock, "A-1-2 ", 2)
    for units in (1, 3):
        shipping.order(world, (offer, units))
    picks = flow.pick_list(items=work.list_work(organisation_id=None, states=("waiting",), limit=9), languages=["en"])
    assert [(pick.place, pick.units) for pick in picks] == [("A-1-2", 2), ("A-2-1", 2)]
    shipping.ship(world, shipping.order(world, (offer, 3)))
    assert standing(stock) == {"A-2-1": 11, "DOCK": 6}
    proven(world)


def test_quarantine_is_not_for_sale_and_what_is_promised_does_not_go_there(world, offer, stock):
    move(world, stock, "Q-1", 15)
    assert free(offer) == 5
    shipping.order(world, (offer, 4))
    with pytest.raises(Refused, match="1 units are free"):
        move(world, stock, "Q-1", 2)
    move(world, stock, "A-1-1", 5, source="Q-1")
    assert free(offer) == 6
    proven(world)


def test_a_node_may_sell_only_what_is_put_away(world, offer, stock):
    places.set_selling(node_id=stock.node_id, from_dock=False, actor=SYSTEM, reason="checked first", now=world.now)
    assert free(offer) == 0
    move(world, stock, "A-1-1", 8)
    assert free(offer) == 8
    shipment = stocking.pack(world, stocking.accept(world, stocking.ask(world, offer)))
    stocking.receive(world, shipment, good=20)
    assert free(offer) == 8
    shipping.ship(world, shipping.order(world, (offer, 6)))
    assert standing(stock) == {"A-1-1": 2, "DOCK": 32}
    places.set_selling(node_id=stock.node_id, from_dock=True, actor=SYSTEM, reason="in a hurry", now=world.now)
    assert free(offer) == 34 and not Hold.objects.filter(state="active").exists()
    proven(world)


def test_what_is_promised_stays_promised_when_the_dock_stops_selling(world, offer, stock):
    ordered = shipping.order(world, (offer, 18))
    places.set_selling(node_id=stock.node_id, from_dock=False, actor=SYSTEM, reason="checked first", now=world.now)
    assert free(offer) == 0
    shipping.ship(world, ordered)
    assert standing(stock) == {"DOCK": 2}
    proven(world)


def test_damaged_goods_stand_apart(world, offer, stock):
    row = inventory.Receipt(
        stock.seller_id, stock.owner_id, stock.node_id, stock.sku_id, 3, "returned", "test", ids.new_id(world.now),
        condition="damaged",
    )  # fmt: skip
    [damaged] = [Stock.objects.get(id=each) for each in inventory.receive(rows=[row], now=world.now)]
    with pytest.raises(Refused, match="stand apart"):
        move(world, damaged, "A-1-1", 1)
    waiting = places.list_at(node_id=stock.node_id, kind="dock")
    assert places.suggest(waiting) == {stock.id: "A-1-1", damaged.id: "Q-1"}
    move(world, damaged, "Q-1", 3)
    assert not Hold.objects.filter(state="active").exists()
    proven(world)


def test_a_count_corrects_stock_where_it_was_made(world, offer, stock):
    move(world, stock, "A-1-1", 10)
    move(world, stock, "Q-1", 5)
    for code, found in (("A-1-1", 12), ("Q-1", 3)):
        place = places.find_place(node_id=stock.node_id, code=code)
        stowing.count_place(place_id=place.id, counted={stock.id: found}, actor=SYSTEM, reason="count", now=world.now)
    assert standing(stock) == {"A-1-1": 12, "DOCK": 5, "Q-1": 3}
    stock.refresh_from_db()
    assert (stock.on_hand, stock.reserved, free(offer)) == (20, 3, 17)
    shipping.order(world, (offer, 16))
    with pytest.raises(Refused):
        stowing.count_place(
            place_id=places.find_place(node_id=stock.node_id, code="A-1-1").id, counted={stock.id: 0}, actor=SYSTEM,
            reason="count", now=world.now,
        )  # fmt: skip
    proven(world)


def test_what_cannot_be_is_refused(world, stock):
    for code, to, units in (("places.unknown", "A-9", 1), ("places.same", "DOCK", 1), ("places.units", "A-1-1", 0)):
        with pytest.raises(Invalid) as refused:
            move(world, stock, to, units)
        assert refused.value.code == code
    with pytest.raises(Refused, match="not so many"):
        move(world, stock, "A-1-1", 21)
    stranger = world.actor(world.partner(), "partner.warehouse")
    with pytest.raises(NotFound):
        move(world, stock, "A-1-1", 1, actor=stranger)
    dock = places.get_dock(node_id=stock.node_id)
    with pytest.raises(Refused):
        places.archive(place_id=dock.id, actor=SYSTEM, now=world.now)
    assert standing(stock) == {"DOCK": 20}


def test_two_who_carry_the_same_units_carry_them_once(world, stock):
    def carry(code: str) -> bool:
        try:
            move(world, stock, code, 15)
        except Refused:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(carry, ("A-1-1", "A-2-2"))) == [False, True]
    assert sum(standing(stock).values()) == 20
    proven(world)
