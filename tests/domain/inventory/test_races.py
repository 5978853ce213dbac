"""Many at once for the last units: nobody gets what is not there, and nobody waits for ever."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connections, transaction

from entrepot.domain.inventory import services as inventory
from entrepot.domain.inventory.models import Hold, Movement, Stock
from entrepot.kernel import ids
from entrepot.kernel.errors import Refused
from worlds import World

THREADS = 20


@pytest.fixture
def world(database) -> World:
    return World()


def at_once(act: Callable[[int], bool]) -> list[bool]:
    """What each of twenty threads, started together, came to."""
    gate = Barrier(THREADS, timeout=60)

    def run(number: int) -> bool:
        try:
            gate.wait()
            return act(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def numbers() -> list[tuple[int, int]]:
    return list(Stock.objects.order_by("id").values_list("on_hand", "reserved"))


def test_twenty_buyers_of_five_units_get_five(world):
    world.offer(world.seller(), stock=5)
    stock = Stock.objects.get()

    def buy(number: int) -> bool:
        try:
            inventory.open_holds(
                holds=[inventory.NewHold(stock.id, ids.new_id(world.now), 1, per_unit=1)],
                expires_at=None,
                now=world.now,
            )
        except Refused:
            return False
        return True

    assert sum(at_once(buy)) == 5
    assert numbers() == [(5, 5)]


def test_buyers_who_lock_first_see_what_is_left(world):
    seller = world.seller()
    offers = [world.offer(seller, stock=5) for _ in range(2)]
    wanted = {(seller.pk, offer.sku_id) for offer in offers}

    def buy(number: int) -> bool:
        with transaction.atomic():
            rows = [row for row in inventory.lock_stock(seller_skus=wanted) if row.free()]
            if len(rows) < 2:
                return False
            owner = ids.new_id(world.now)
            inventory.open_holds(
                holds=[inventory.NewHold(row.id, owner, 1, per_unit=1) for row in rows], expires_at=None, now=world.now
            )
        return True

    assert sum(at_once(buy)) == 5
    assert numbers() == [(5, 5), (5, 5)]


def test_a_hold_is_shipped_or_let_go_and_never_both(world):
    world.offer(world.seller(), stock=5)
    stock = Stock.objects.get()
    owner = ids.new_id(world.now)
    inventory.open_holds(holds=[inventory.NewHold(stock.id, owner, 5, per_unit=1)], expires_at=None, now=world.now)

    def act(number: int) -> bool:
        try:
            if number % 2:
                inventory.consume_holds(
                    rows=[(owner, 1)], now=world.now, source_type="parcel", source_id_by_owner={owner: owner}
                )
            else:
                inventory.release_quantities(rows=[(owner, 1)], now=world.now)
        except Refused:
            return False
        return True

    assert sum(at_once(act)) == 5
    shipped = -sum(Movement.objects.filter(kind="shipped").values_list("quantity", flat=True))
    assert numbers() == [(5 - shipped, 0)]
    assert sum(Hold.objects.filter(state="consumed").values_list("quantity", flat=True)) == shipped
    assert not Hold.objects.filter(state="active").exists()


def test_a_hold_is_confirmed_or_expires_and_never_both(world):
    world.offer(world.seller(), stock=THREADS)
    stock = Stock.objects.get()
    owners = [ids.new_id(world.now) for _ in range(THREADS)]
    inventory.open_holds(
        holds=[inventory.NewHold(stock.id, owner, 1, per_unit=1) for owner in owners],
        expires_at=world.now + timedelta(minutes=15),
        now=world.now,
    )
    later = world.pass_time(minutes=15)

    def act(number: int) -> bool:
        if number == THREADS // 2:
            inventory.expire_holds(now=later)
            return False
        return bool(inventory.confirm_holds(owner_ids=[owners[number]]))

    confirmed = sum(at_once(act))
    assert numbers() == [(THREADS, confirmed)]
    assert Hold.objects.filter(state="active", expires_at__isnull=True).count() == confirmed
    assert Hold.objects.filter(state="expired").count() == THREADS - confirmed


def test_receipts_of_the_same_new_rows_in_any_order_make_each_once(world):
    seller = world.seller()
    skus = [world.sku(seller) for _ in range(4)]
    node = world.node("dock", operator=seller.organisation, kind="seller_premises", country="DE")

    def receive(number: int) -> bool:
        order = skus if number % 2 else skus[::-1]
        rows = [
            inventory.Receipt(seller.pk, seller.pk, node.id, sku.id, 1, "received", "test", ids.new_id(world.now))
            for sku in order
        ]
        inventory.receive(rows=rows, now=world.now)
        return True

    assert all(at_once(receive))
    assert numbers() == [(THREADS, 0)] * 4
