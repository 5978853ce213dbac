"""Stock in and out, holds and their ends, allotments, title; every number against the sum of its rows."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from entrepot.domain.inventory import queries
from entrepot.domain.inventory import services as inventory
from entrepot.domain.inventory.models import Hold, Movement, Stock
from entrepot.kernel import ids
from entrepot.kernel.actors import SYSTEM
from entrepot.kernel.errors import Invalid, NotFound, Refused
from entrepot.kernel.models import AuditEntry
from worlds import World

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def world(database) -> World:
    return World()


def row_of(world: World, offer, **changes) -> inventory.Receipt:
    stock = Stock.objects.get(sku_id=offer.sku_id, condition="new")
    values = {
        "seller_id": stock.seller_id,
        "owner_id": stock.owner_id,
        "node_id": stock.node_id,
        "sku_id": stock.sku_id,
        "quantity": 1,
        "kind": "received",
        "source_type": "test",
        "source_id": ids.new_id(world.now),
    }
    return inventory.Receipt(**values | changes)


def hold(world: World, stock_id, quantity: int, *, minutes: int | None = 15, offer=None):
    owner = ids.new_id(world.now)
    inventory.open_holds(
        holds=[inventory.NewHold(stock_id, owner, quantity, per_unit=1, offer_id=offer and offer.id)],
        expires_at=None if minutes is None else world.now + timedelta(minutes=minutes),
        now=world.now,
    )
    return owner


def ship(world: World, owner, units: int):
    return inventory.consume_holds(
        rows=[(owner, units)], now=world.now, source_type="parcel", source_id_by_owner={owner: owner}
    )


def numbers(stock_id) -> tuple[int, int, int]:
    return Stock.objects.values_list("on_hand", "reserved", "allotted").get(id=stock_id)


# in and out


def test_what_comes_in_stands_where_and_whose_it_was_received(world):
    offer = world.offer(world.seller(), stock=10)
    again, damaged, lot = inventory.receive(
        rows=[
            row_of(world, offer, quantity=5),
            row_of(world, offer, quantity=2, condition="damaged", kind="returned"),
            row_of(world, offer, quantity=3, lot="2026-03"),
        ],
        now=world.now,
    )
    assert [numbers(each)[0] for each in (again, damaged, lot)] == [15, 2, 3]
    assert queries.available([offer.id]) == {offer.id: 18}
    assert sorted(Movement.objects.values_list("kind", "quantity")) == [
        ("received", 3),
        ("received", 5),
        ("received", 10),
        ("returned", 2),
    ]


def test_one_call_adds_up_what_it_gives_to_one_row(world):
    offer = world.offer(world.seller(), stock=10)
    rows = [row_of(world, offer, quantity=4), row_of(world, offer, quantity=-12, kind="discarded")]
    touched = inventory.receive(rows=rows, now=world.now)
    assert touched[0] == touched[1]
    assert numbers(touched[0]) == (2, 0, 0)


def test_units_that_are_held_cannot_leave(world):
    offer = world.offer(world.seller(), stock=10)
    stock = Stock.objects.get()
    hold(world, stock.id, 7)
    with pytest.raises(Refused) as refused:
        inventory.receive(rows=[row_of(world, offer, quantity=-4, kind="discarded")], now=world.now)
    assert refused.value.code == "inventory.below_zero"
    assert refused.value.values == {"stock_id": str(stock.id), "on_hand": 10, "kept": 7, "change": 4}
    assert numbers(stock.id) == (10, 7, 0)


@pytest.mark.parametrize(
    ("kind", "quantity"),
    [
        ("received", 0),
        ("received", -1),
        ("discarded", 1),
        ("shipped", 3),
        ("received", 10**12),
        ("adjusted", 0),
        ("found", 1),
    ],
)
def test_a_quantity_that_its_kind_cannot_have_is_refused(world, kind, quantity):
    offer = world.offer(world.seller(), stock=10)
    with pytest.raises(Invalid):
        inventory.receive(rows=[row_of(world, offer, kind=kind, quantity=quantity)], now=world.now)
    assert Movement.objects.count() == 1


def test_an_adjustment_is_kept_with_who_and_why(world):
    seller = world.seller()
    offer = world.offer(seller, stock=10)
    with pytest.raises(Invalid):
        inventory.adjust(rows=[row_of(world, offer, quantity=-2)], actor=SYSTEM, reason=" ", now=world.now)
    actor = world.seller_actor(seller)
    inventory.adjust(rows=[row_of(world, offer, quantity=-2)], actor=actor, reason="counted 8", now=world.now)
    movement = Movement.objects.get(kind="adjusted")
    entry = AuditEntry.objects.get(verb="stock.adjust")
    assert (movement.quantity, movement.reason, movement.source_id) == (-2, "counted 8", entry.subject_id)
    assert (entry.actor_user_id, entry.reason) == (actor.user_id, "counted 8")
    assert entry.after["rows"] == [{"stock": str(movement.stock_id), "quantity": -2}]


def test_movements_are_never_changed(world):
    world.offer(world.seller(), stock=10)
    for statement in ("UPDATE inventory_movement SET quantity = 1", "DELETE FROM inventory_movement"):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_title_passes_where_the_units_stand(world):
    offer = world.offer(world.seller(), stock=10)
    stock = Stock.objects.get()
    (bought,) = inventory.transfer_title(
        rows=[inventory.TitleTransfer(stock.id, world.operator.id, 6, "receipt", ids.new_id(world.now))], now=world.now
    )
    assert numbers(stock.id) == (4, 0, 0)
    assert Stock.objects.values_list("seller_id", "owner_id", "on_hand").get(id=bought) == (
        offer.seller_id,
        world.operator.id,
        6,
    )
    assert queries.available([offer.id]) == {offer.id: 10}
    hold(world, stock.id, 3)
    with pytest.raises(Refused):
        inventory.transfer_title(
            rows=[inventory.TitleTransfer(stock.id, world.operator.id, 2, "receipt", stock.id)], now=world.now
        )
    with pytest.raises(NotFound):
        inventory.transfer_title(
            rows=[inventory.TitleTransfer(offer.id, world.operator.id, 2, "receipt", stock.id)], now=world.now
        )


# holds


def test_a_hold_is_confirmed_then_shipped_in_parts(world):
    offer = world.offer(world.seller(), stock=10)
    stock = Stock.objects.get()
    owner = hold(world, stock.id, 3)
    assert queries.available([offer.id]) == {offer.id: 7}
    assert inventory.confirm_holds(owner_ids=[owner]) == {owner}
    assert inventory.expire_holds(now=world.pass_time(days=2)) == []

    (touched,) = ship(world, owner, 1)[owner]
    assert (touched.stock_id, touched.title_owner_id, touched.quantity) == (stock.id, offer.seller_id, 1)
    assert numbers(stock.id) == (9, 2, 0)
    world.pass_time(minutes=1)
    ship(world, owner, 2)
    assert numbers(stock.id) == (7, 0, 0)
    shipped = Movement.objects.filter(kind="shipped").order_by("id")
    assert [(each.quantity, each.subject_id, each.source_id) for each in shipped] == [
        (-1, owner, owner),
        (-2, owner, owner),
    ]
    assert sorted(Hold.objects.values_list("state", "quantity")) == [("consumed", 1), ("consumed", 2)]
    with pytest.raises(Refused) as refused:
        ship(world, owner, 1)
    assert refused.value.code == "inventory.not_held"


def test_only_holds_whose_time_has_passed_expire(world):
    world.offer(world.seller(), stock=10)
    stock = Stock.objects.get()
    first, second, kept = hold(world, stock.id, 2), hold(world, stock.id, 3, minutes=30), hold(world, stock.id, 1)
    inventory.confirm_holds(owner_ids=[kept])
    assert inventory.expire_holds(now=world.pass_time(minutes=15)) == [first]
    assert inventory.expire_holds(now=world.now) == []
    assert inventory.confirm_holds(owner_ids=[first, second]) == {second}
    assert numbers(stock.id) == (10, 4, 0)


def test_some_or_all_units_are_let_go(world):
    world.offer(world.seller(), stock=10)
    stock = Stock.objects.get()
    owner, other = hold(world, stock.id, 5), hold(world, stock.id, 2)
    inventory.release_quantities(rows=[(owner, 2)], now=world.now)
    assert numbers(stock.id) == (10, 5, 0)
    with pytest.raises(Refused):
        inventory.release_quantities(rows=[(other, 1), (owner, 4)], now=world.now)
    assert numbers(stock.id) == (10, 5, 0), "all or none"
    inventory.release_holds(owner_ids=[owner, other], now=world.now)
    inventory.release_holds(owner_ids=[owner], now=world.now)
    assert numbers(stock.id) == (10, 0, 0)


def test_what_one_call_holds_is_checked_as_a_sum(world):
    """Two lines that share a stock row each fit, and together they do not."""
    world.offer(world.seller(), stock=5)
    stock = Stock.objects.get()
    holds = [inventory.NewHold(stock.id, ids.new_id(world.now), 3, per_unit=1) for _ in range(2)]
    with pytest.raises(Refused) as refused:
        inventory.open_holds(holds=holds, expires_at=None, now=world.now)
    assert refused.value.code == "inventory.not_enough"
    assert numbers(stock.id) == (5, 0, 0)
    assert not Hold.objects.exists()


@pytest.mark.parametrize("quantity", [0, -1, 10**12])
def test_a_quantity_out_of_range_is_not_held(world, quantity):
    world.offer(world.seller(), stock=5)
    with pytest.raises(Invalid):
        hold(world, Stock.objects.get().id, quantity)


# kits


def test_a_kit_and_its_component_in_one_call_are_checked_as_a_sum(world):
    seller = world.seller()
    mug, saucer = world.offer(seller, title="Mug", stock=5), world.offer(seller, title="Saucer", stock=9)
    kit = world.kit(seller, {mug.sku: 2, saucer.sku: 1})
    assert queries.available([kit.id, mug.id]) == {kit.id: 2, mug.id: 5}
    mugs, saucers = (Stock.objects.get(sku=offer.sku_id).id for offer in (mug, saucer))
    line, other = ids.new_id(world.now), ids.new_id(world.now)
    parts = [inventory.NewHold(mugs, line, 4, per_unit=2), inventory.NewHold(saucers, line, 2, per_unit=1)]
    with pytest.raises(Refused):
        inventory.open_holds(
            holds=[*parts, inventory.NewHold(mugs, other, 2, per_unit=1)], expires_at=None, now=world.now
        )
    inventory.open_holds(holds=[*parts, inventory.NewHold(mugs, other, 1, per_unit=1)], expires_at=None, now=world.now)
    assert queries.available([kit.id, mug.id]) == {kit.id: 0, mug.id: 0}

    touched = ship(world, line, 1)[line]
    assert sorted((each.sku_id, each.quantity) for each in touched) == sorted([(mug.sku_id, 2), (saucer.sku_id, 1)])
    assert numbers(mugs) == (3, 3, 0)
    assert numbers(saucers) == (8, 1, 0)
    inventory.release_quantities(rows=[(line, 1)], now=world.now)
    assert numbers(mugs) == (3, 1, 0)
    assert numbers(saucers) == (8, 0, 0)


def test_a_kit_is_whole_at_one_node(world):
    seller = world.seller()
    mug, saucer = world.offer(seller, title="Mug", stock=5), world.offer(seller, title="Saucer", stock=0)
    far = world.node("far", operator=seller.organisation, kind="seller_premises", country="DE")
    world.stock(seller, saucer.sku, 4, node=far)
    kit = world.kit(seller, {mug.sku: 1, saucer.sku: 1})
    assert queries.available([kit.id]) == {kit.id: 0}
    world.stock(seller, mug.sku, 3, node=far)
    (place,) = queries.available_at([kit.id])[kit.id]
    assert (place.node_id, place.country, place.units) == (far.id, "DE", 3)


# locking, and stock that is shared or split


def test_locked_rows_are_the_sellers_own_with_units_to_promise(world):
    seller, other = world.seller(), world.seller()
    offer, foreign, empty = world.offer(seller), world.offer(other), world.offer(seller, stock=2)
    hold(world, Stock.objects.get(sku=empty.sku_id).id, 2)
    with transaction.atomic():
        rows = inventory.lock_stock(
            seller_skus={(seller.pk, offer.sku_id), (seller.pk, foreign.sku_id), (seller.pk, empty.sku_id)}
        )
    assert [(row.seller_id, row.sku_id, row.free()) for row in rows] == [(seller.pk, offer.sku_id, 10)]


def test_stock_is_split_between_offers_by_allotments(world):
    seller = world.seller()
    world.enrol(seller, programme="self-managed", market="DE")
    shared = world.offer(seller, stock=10)
    split = world.offer(seller, sku=shared.sku, programme="self-managed", stock=0)
    split.stock_policy = "allotted"
    split.save()
    stock = Stock.objects.get()
    inventory.allot(offer_id=split.id, rows=[(stock.id, 4)], now=world.now)
    assert queries.available([shared.id, split.id]) == {shared.id: 6, split.id: 4}

    with pytest.raises(Refused):
        hold(world, stock.id, 7)
    with pytest.raises(Refused):
        hold(world, stock.id, 5, offer=split)
    with pytest.raises(Refused):
        inventory.allot(offer_id=split.id, rows=[(stock.id, 11)], now=world.now)

    owner, bought = hold(world, stock.id, 3, offer=split), hold(world, stock.id, 6)
    with transaction.atomic():
        (row,) = inventory.lock_stock(seller_skus={(seller.pk, shared.sku_id)})
    assert (row.free(), row.free(split.id)) == (0, 1)
    assert numbers(stock.id) == (10, 9, 1)

    ship(world, owner, 2)
    inventory.release_holds(owner_ids=[owner, bought], now=world.now)
    assert numbers(stock.id) == (8, 0, 2)
    assert queries.available([shared.id, split.id]) == {shared.id: 6, split.id: 2}

    inventory.allot(offer_id=split.id, rows=[(stock.id, 0)], now=world.now)
    assert queries.available([shared.id, split.id]) == {shared.id: 8, split.id: 0}


def test_units_fall_back_to_the_shared_stock_once_the_offer_is_not_split_any_more(world):
    seller = world.seller()
    offer = world.offer(seller, stock=5)
    offer.stock_policy = "allotted"
    offer.save()
    stock = Stock.objects.get()
    inventory.allot(offer_id=offer.id, rows=[(stock.id, 5)], now=world.now)
    owner = hold(world, stock.id, 2, offer=offer)
    offer.stock_policy = "shared"
    offer.save()
    inventory.allot(offer_id=offer.id, rows=[(stock.id, 0)], now=world.now)
    inventory.release_holds(owner_ids=[owner], now=world.now)
    assert numbers(stock.id) == (5, 0, 0)
    assert queries.available([offer.id]) == {offer.id: 5}


# reads


def test_stock_is_listed_within_its_scope(world):
    seller, other = world.seller(), world.seller()
    mine, theirs = world.offer(seller), world.offer(other)
    listed = queries.list_stock(seller_id=seller.pk)
    assert [row.sku_id for row in listed] == [mine.sku_id]
    assert queries.list_stock(seller_id=seller.pk, sku_ids=[theirs.sku_id]) == []
    assert queries.list_stock(node_operator_id=world.operator.id) == []
    assert len(queries.list_stock(limit=1)) == 1
    first, second = queries.list_stock()
    assert queries.list_stock(after=first.id) == [second]
    with pytest.raises(NotFound):
        queries.get_stock(stock_id=listed[0].id, seller_id=other.pk)
    assert queries.get_stock(stock_id=listed[0].id, seller_id=seller.pk) == listed[0]
    assert [move.quantity for move in queries.list_movements(stock_id=listed[0].id)] == [10]


def test_what_was_on_hand_is_the_sum_of_movements_up_to_then(world):
    seller = world.seller()
    offer = world.offer(seller, stock=10)
    start = world.now
    world.pass_time(days=1)
    inventory.receive(rows=[row_of(world, offer, quantity=-4, kind="discarded")], now=world.now)
    at = {when: queries.on_hand_at(seller_id=seller.pk, sku_ids=[offer.sku_id], at=when) for when in (start, world.now)}
    assert at == {start: {offer.sku_id: 10}, world.now: {offer.sku_id: 6}}
