"""How a web process places orders: one batch for all who wait, each with an answer of its own."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from entrepot.domain.inventory import queries
from entrepot.domain.inventory.models import Stock
from entrepot.domain.orders.models import Order
from entrepot.flows import checkout
from entrepot.flows.checkout import OrderRequest, Placed
from entrepot.kernel.errors import EntrepotError
from entrepot.surfaces.shared import ordering, soldout
from entrepot.surfaces.shared.ordering import Busy, Queue
from entrepot.surfaces.shared.soldout import SoldOut
from entrepot.surfaces.shared.together import Worker
from shopping import assert_sound, own_connection, publish_variant, request
from worlds import World


@pytest.fixture
def world(database) -> Iterator[World]:
    """A small marketplace, whose books hold at the end."""
    world = World()
    yield world
    assert_sound(world, "I38", "I34")  # sellers were admitted without the flow, and no relay runs


@contextmanager
def locked(owner) -> Iterator[None]:
    """Whoever wants stock waits until this is over."""
    owner.execute("BEGIN")
    owner.execute("SELECT id FROM inventory_stock FOR UPDATE")
    try:
        yield
    finally:
        owner.execute("COMMIT")


def ask(queue: Queue, world: World, wanted: OrderRequest) -> Any:
    """What comes of an order, asked in a thread of its own."""
    with own_connection():
        try:
            return queue.place(wanted, now=world.now)
        except Exception as failure:
            return failure


def settle(queue: Queue, inside: int) -> None:
    """Wait until so many are inside, and one of them is opening."""
    for _ in range(3000):
        with queue.lock:
            if queue.inside == inside and len(queue.waiting) == inside - 1:
                return
        time.sleep(0.01)
    raise AssertionError(f"{queue.inside} are inside and {len(queue.waiting)} wait, not {inside}")


def together(owner, queue: Queue, world: World, *wanted: OrderRequest) -> list[Any]:
    """What comes of orders of which the first is being opened when the others come."""
    with ThreadPoolExecutor(len(wanted)) as threads:
        with locked(owner):
            asked = [threads.submit(ask, queue, world, wanted[0])]
            settle(queue, 1)
            asked += [threads.submit(ask, queue, world, each) for each in wanted[1:]]
            settle(queue, len(wanted))
        return [each.result(60) for each in asked]


def test_who_browses_waits_for_no_order_of_a_hot_offer(world, owner):
    hot, other = world.offer(world.seller(), stock=5), world.offer(world.seller(), title="Brass lantern", stock=5)
    queue = Queue(20)
    with ThreadPoolExecutor(6) as threads:
        with locked(owner):
            asked = [threads.submit(ask, queue, world, request("k", (hot, 1)))]
            settle(queue, 1)
            asked += [threads.submit(ask, queue, world, request(f"k{each}", (hot, 1))) for each in range(5)]
            settle(queue, 6)
            pages = ["/", "/search?q=lantern", reverse("shop:product", args=[other.sku.product_id])]
            found = [Client().get(page, follow=True) for page in pages]
            assert [page.status_code for page in found] == [200] * 3
            assert queue.inside == 6, "nobody was answered meanwhile"
        assert sum(isinstance(each.result(60), Placed) for each in asked) == 5


def test_one_alone_is_a_batch_of_one(world):
    offer = world.offer(world.seller(), stock=3)
    queue = Queue(8)
    assert isinstance(queue.place(request("k1", (offer, 1)), now=world.now), Placed)
    assert isinstance(queue.place(request("k2", (offer, 1)), now=world.now), Placed)
    assert (queue.batches, queue.taken, queue.inside, queue.is_at_work) == (2, 2, 0, False)


def test_one_worker_is_enough_for_one_after_the_other(world):
    offer = world.offer(world.seller(), stock=5)
    queue = Queue(8)
    for number in range(5):
        queue.place(request(f"k{number}", (offer, 1)), now=world.now)
        for _ in range(3000):
            with queue.lock:
                if queue.free:
                    break
            time.sleep(0.01)
    assert len(queue.free) == 1


def test_where_no_thread_can_be_started_everybody_is_told_to_come_back(world, monkeypatch):
    offer = world.offer(world.seller(), stock=1)
    queue = Queue(8)

    def fail(worker):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(Worker, "start", fail)
        with pytest.raises(Busy):
            queue.place(request("k1", (offer, 1)), now=world.now)
    assert (queue.inside, queue.is_at_work, len(queue.waiting)) == (0, False, 0)
    assert isinstance(queue.place(request("k1", (offer, 1)), now=world.now), Placed)


def test_who_waits_meanwhile_is_one_batch_and_a_bad_order_is_refused_alone(world, owner):
    offer = world.offer(world.seller(), stock=3)
    queue = Queue(20)
    bad = request("bad", (offer, 1), ship_to={"country": "DE", "name": "x" * 500})
    first, refused, *others = together(
        owner, queue, world, request("k", (offer, 1)), bad, *(request(f"k{each}", (offer, 1)) for each in range(8))
    )
    assert (queue.batches, queue.taken) == (2, 10)
    assert isinstance(first, Placed)
    assert refused.code == "orders.bad_text"
    assert sum(isinstance(each, Placed) for each in others) == 2
    assert {each.code for each in others if isinstance(each, EntrepotError)} == {"orders.sold_out"}
    assert Stock.objects.get().reserved == 3


def test_a_full_queue_turns_away_at_once_and_nothing_is_ordered(world, owner):
    offer = world.offer(world.seller(), stock=3)
    queue = Queue(2)
    with ThreadPoolExecutor(2) as threads:
        with locked(owner):
            asked = []
            for key in ("a", "b"):
                asked.append(threads.submit(ask, queue, world, request(key, (offer, 1))))
                settle(queue, len(asked))
            with pytest.raises(Busy) as refusal:
                queue.place(request("c", (offer, 1)), now=world.now)
        assert all(isinstance(each.result(60), Placed) for each in asked)
    assert refusal.value.values["seconds"] == 1
    assert set(Order.objects.values_list("checkout_key", flat=True)) == {"a", "b"}
    assert isinstance(queue.place(request("c", (offer, 1)), now=world.now), Placed)


def test_what_breaks_one_order_breaks_none_of_its_batch(world, owner):
    publish_variant(world, "semi-managed-local-stock", "at-order", fulfilment={"capture": "order"})
    offer = world.offer(world.seller(programme="at-order"), stock=9)
    queue = Queue(20)
    wanted = [request(f"k{each}", (offer, 1)) for each in range(3)]
    answers = together(owner, queue, world, *wanted, request("dies", (offer, 1), instrument="crash_after_capture"))
    assert all(isinstance(each, Placed) for each in answers), answers
    assert queue.batches == 2
    checkout.sweep_payments(now=world.pass_time(minutes=5))


class TestSoldOut:
    @pytest.fixture
    def memory(self, monkeypatch) -> SoldOut:
        """A memory that looks when the test says so, and keeps what it saw for longer than a busy machine may take."""
        monkeypatch.setattr(soldout, "FRESH", 60.0)
        monkeypatch.setattr(soldout, "FORGOTTEN", 60.0)
        memory = SoldOut()
        memory.watch()
        memory.is_looking = True
        monkeypatch.setattr(ordering, "SOLD_OUT", memory)
        monkeypatch.setattr(ordering, "QUEUE", Queue(1))
        return memory

    def refuse(self, world, offer, key="late"):
        answer = ordering.place(request(key, (offer, 1)), now=world.now)
        assert isinstance(answer, EntrepotError)
        assert answer.code == "orders.sold_out"
        return answer

    def test_what_is_gone_is_answered_without_the_queue_and_with_the_same_words(self, world, memory):
        offer = world.offer(world.seller(), stock=1)
        assert isinstance(ordering.place(request("k", (offer, 1)), now=world.now), Placed)
        slow = self.refuse(world, offer)
        assert memory.find(request("x", (offer, 1))) is None  # nobody has looked yet
        assert memory.look()
        ordering.QUEUE.most = 0
        fast = self.refuse(world, offer, "later")
        assert (str(fast), fast.field, fast.values) == (str(slow), slow.field, slow.values)

    def test_a_known_key_gets_its_order_all_the_same(self, world, memory):
        offer = world.offer(world.seller(), stock=1)
        placed = ordering.place(request("k", (offer, 1)), now=world.now)
        self.refuse(world, offer)
        memory.look()
        assert ordering.place(request("k", (offer, 1)), now=world.now) == placed

    def test_a_look_sees_what_came_back(self, world, memory):
        seller = world.seller()
        offer = world.offer(seller, stock=1)
        assert isinstance(ordering.place(request("k", (offer, 1)), now=world.now), Placed)
        self.refuse(world, offer)
        memory.look()
        assert memory.find(request("x", (offer, 1))) is not None
        world.stock(seller, offer.sku, 1, node=next(iter(world.nodes.values())))
        memory.look()
        assert memory.find(request("x", (offer, 1))) is None
        assert isinstance(ordering.place(request("again", (offer, 1)), now=world.now), Placed)

    def test_a_look_that_is_too_long_ago_says_nothing(self, world, memory, monkeypatch):
        offer = world.offer(world.seller(), stock=1)
        ordering.place(request("k", (offer, 1)), now=world.now)
        self.refuse(world, offer)
        memory.look()
        [gone] = memory.known.values()
        monkeypatch.setattr(soldout.time, "monotonic", lambda: gone.empty_at + soldout.FRESH + 0.001)
        assert memory.find(request("x", (offer, 1))) is None

    def test_of_a_kit_one_missing_component_is_enough(self, world):
        seller = world.seller()
        cup, plate = world.offer(seller, stock=2), world.offer(seller, stock=2)
        kit = world.kit(seller, {cup.sku: 1, plate.sku: 1})
        assert queries.find_empty([cup.id, plate.id, kit.id]) == set()
        assert isinstance(Queue(1).place(request("k", (cup, 2)), now=world.now), Placed)
        assert queries.find_empty([cup.id, plate.id, kit.id]) == {cup.id, kit.id}


def test_a_sale_of_twenty_units_to_two_hundred_shoppers(world, monkeypatch):
    offer = world.offer(world.seller(), stock=20)
    memory = SoldOut()
    memory.watch()
    monkeypatch.setattr(ordering, "SOLD_OUT", memory)
    monkeypatch.setattr(ordering, "QUEUE", Queue(6))

    def shop(number: int) -> Any:
        """One shopper, who comes back under the same key until the answer is final."""
        with own_connection():
            for _ in range(10_000):
                try:
                    return ordering.place(request(f"s{number}", (offer, 1)), now=world.now)
                except Busy:
                    time.sleep(0.01)
            raise AssertionError("never answered")

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(shop, range(200)))
    assert sum(isinstance(each, Placed) for each in answers) == 20
    assert {each.code for each in answers if isinstance(each, EntrepotError)} == {"orders.sold_out"}
    assert Stock.objects.get().reserved == Order.objects.count() == 20
    memory.known.clear()
    while memory.is_looking:
        time.sleep(0.01)
