"""Orders are let in by a gate: what is too much is told so before anything is done for it, and keeps nobody waiting."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils import translation

from entrepot.kernel import meters
from entrepot.surfaces.api import gate as gating
from entrepot.surfaces.api.gate import GateMiddleware, shares_of
from entrepot.surfaces.shared import ordering, soldout, throttle
from entrepot.surfaces.shared.hands import Hands
from entrepot.surfaces.shared.soldout import SoldOut
from shopping import ADDRESS

ORDERS = "/api/v1/orders"


def answer(request):
    return HttpResponse("through")


class Broken(Exception):
    """A defect."""


class Unread:
    """A body that nobody may read."""

    def read(self, *args):
        raise AssertionError("it was read")


def test_a_full_gate_answers_before_anything_is_read():
    gate = GateMiddleware(answer)
    gate.most = 0
    before = meters.ORDERS_TURNED_AWAY._value.get()
    request = RequestFactory().post(ORDERS, headers={"Authorization": "Bearer nobody's"})
    request._stream = Unread()
    found = gate(request)
    assert (found.status_code, found["Retry-After"]) == (503, "1")
    assert found["Content-Type"] == "application/problem+json"
    assert json.loads(found.content)["code"] == "orders.busy"
    assert int(found["Content-Length"]) == len(found.content)
    assert meters.ORDERS_TURNED_AWAY._value.get() == before + 1
    assert request.resolver_match.route == "api/v1/orders"
    gate.most = 1
    assert gate(RequestFactory().post(ORDERS)).content == b"through" and gate.inside == 0


def test_who_sends_slowly_or_leaves_keeps_no_hand():
    gate, begun, goes_on = GateMiddleware(answer), threading.Event(), threading.Event()

    class Slow:
        def read(self, *args):
            begun.set()
            assert goes_on.wait(60)
            raise OSError("gone")

        def close(self):
            """There is nothing to close."""

    def send(_):
        request = RequestFactory().post(ORDERS)
        request._stream = Slow()
        return gate(request)

    with ThreadPoolExecutor(4) as threads:
        slow = threads.map(send, range(4))
        assert begun.wait(60)
        assert gate(RequestFactory().post(ORDERS)).content == b"through"
        goes_on.set()
        assert [each.status_code for each in slow] == [400] * 4
    assert gate.inside == 0


def test_only_orders_are_held_up():
    gate = GateMiddleware(answer)
    gate.most = 0
    factory = RequestFactory()
    for request in (factory.get(ORDERS), factory.post("/api/v1/carts/lines"), factory.get("/")):
        assert gate(request).content == b"through"


def test_who_browses_needs_no_hand(monkeypatch):
    monkeypatch.setattr(gating, "HANDS", Hands(0))
    gate = GateMiddleware(answer)
    assert gate(RequestFactory().get("/")).content == b"through"


def test_who_fails_leaves():
    def fail(request):
        raise Broken

    gate = GateMiddleware(fail)
    gate.most = 1
    for _ in range(2):
        with pytest.raises(Broken):
            gate(RequestFactory().post(ORDERS))
    assert gate.inside == 0


def coming(address="10.0.0.1", key="", session="", language=""):
    """An order that comes to the gate."""
    request = RequestFactory().post(ORDERS, REMOTE_ADDR=address, headers={"Accept-Language": language})
    if key:
        request.META["HTTP_AUTHORIZATION"] = f"Bearer {key}"
    if session:
        request.COOKIES["sessionid"] = session
    return request


def let_in(gate, *requests):
    """How many of these stay inside."""
    shares = [shares_of(request) for request in requests]
    return sum(gate._enter(each) for each in shares)


@pytest.fixture
def gate(settings):
    """A gate for sixteen orders, where callers are counted."""
    settings.THROTTLED = True
    gate = GateMiddleware(answer)
    gate.most = 16
    return gate


def test_nobody_holds_more_places_than_are_free(gate):
    assert let_in(gate, *[coming(key="greedy")] * 50) == 8
    assert gate(coming(key="greedy")).status_code == 503
    assert gate(coming(key="other")).content == b"through"
    assert gate(coming(session="a shopper's")).content == b"through"
    assert let_in(gate, *[coming("10.0.0.2", key="third")] * 50) == 4


def test_who_shows_a_new_key_each_time_leaves_room_for_another_address(gate):
    made_up = [coming(key=f"made-up-{number}") for number in range(50)]
    assert let_in(gate, *made_up[:25], *[coming(session=f"made-up-{number}") for number in range(25)]) == 12
    assert let_in(gate, *[coming("10.0.0.2")] * 50) == 3
    assert gate(coming("10.0.0.3")).content == b"through"


def test_places_that_were_left_are_free_again(gate):
    shares = shares_of(coming(key="one"))
    for _ in range(3):
        assert [gate._enter(shares) for _ in range(9)] == [True] * 8 + [False]
        for _ in range(8):
            gate._leave(shares)
    assert (gate.inside, gate.held) == (0, {})


def test_a_gate_of_one_place_lets_one_in(gate):
    gate.most = 1
    assert gate(coming(key="one")).content == b"through"


def test_where_limits_are_off_one_caller_may_fill_it(gate, settings):
    settings.THROTTLED = False
    assert let_in(gate, *[coming(key="load")] * 20) == 16


@pytest.mark.parametrize(
    ("asked", "said", "language"),
    [
        ("de", "Gerade gehen sehr viele Bestellungen ein", "de"),
        ("pt-BR,en;q=0.5", "Estamos recebendo pedidos demais", "pt-br"),
        ("zz", "Very many orders come in", "en-gb"),
    ],
)
def test_who_is_turned_away_is_told_in_the_language_that_was_asked_for(gate, asked, said, language):
    gate.most = 0
    with translation.override("de" if asked == "zz" else "en-gb"):  # of whom the thread served before
        found = gate(coming(language=asked))
        assert json.loads(found.content)["title"].startswith(said)
    assert found["Content-Language"] == language
    assert int(found["Content-Length"]) == len(found.content)


def test_the_gate_stands_before_sign_in(settings):
    names = [each.rpartition(".")[2] for each in settings.MIDDLEWARE]
    assert names[:2] == ["WatchingMiddleware", "GateMiddleware"]


@pytest.mark.usefixtures("database")
def test_an_order_goes_through_the_gate_to_its_endpoint():
    found = Client().post(ORDERS, "{}", content_type="application/json", headers={"Idempotency-Key": "x" * 20})
    assert (found.status_code, found.json()["code"]) == (422, "api.malformed")


class TestGone:
    """What a guest asks for is gone: the gate says so, and says nothing of anybody else's."""

    @pytest.fixture
    def sale(self, world, settings, monkeypatch):
        """A mug that was sold and looked for in vain just now."""
        settings.THROTTLED = False
        for name in ("FRESH", "FORGOTTEN"):  # longer than a busy machine may take
            monkeypatch.setattr(soldout, name, 3600.0)
        memory = SoldOut()
        memory.watch()
        memory.is_looking = True  # the test looks
        for module in (ordering, gating):
            monkeypatch.setattr(module, "SOLD_OUT", memory)
        world.mug = world.offer(world.seller(), stock=1)
        assert self.ask(world).status_code == 201
        world.slow = self.ask(world, key="the second")
        assert (world.slow.status_code, world.slow.json()["code"]) == (409, "orders.sold_out")
        assert memory.look()
        return world

    def ask(self, world, key="the first", client=None, **headers):
        """A mug, please."""
        body = {
            "market": "DE",
            "lines": [{"offer_id": str(world.mug.id), "quantity": 1}],
            "ship_to": ADDRESS,
            "email": "ada@example.org",
            "provider": "sandbox",
            "instrument": "approve",
        }
        headers = {"Idempotency-Key": f"{key}, unguessable"} | headers
        return (client or Client()).post(ORDERS, body, content_type="application/json", headers=headers)

    @pytest.fixture
    def entered(self, monkeypatch):
        """Which orders went on to their endpoint."""
        entered, place = [], ordering.place
        monkeypatch.setattr(ordering, "place", lambda request, now: entered.append(request) or place(request, now=now))
        return entered

    def test_a_guest_is_told_at_the_gate_in_the_same_words(self, sale, entered):
        fast = self.ask(sale, key="the third")
        assert (fast.status_code, fast.json(), entered) == (409, sale.slow.json(), [])
        assert fast["Content-Type"] == "application/problem+json"
        assert int(fast["Content-Length"]) == len(fast.content)

    def test_a_key_that_is_known_gets_its_order(self, sale, entered):
        assert self.ask(sale).status_code == 201
        assert len(entered) == 1

    def test_who_shows_a_session_or_a_key_is_signed_in_first(self, sale, entered):
        shopper = Client()
        shopper.force_login(sale.user(), backend="allauth.account.auth_backends.AuthenticationBackend")
        assert self.ask(sale, client=shopper).status_code == 409
        assert len(entered) == 1
        assert self.ask(sale, authorization="Bearer nobody's").status_code == 401

    def test_what_is_not_an_order_is_read_by_its_endpoint(self, sale):
        sent = {"content_type": "application/json", "headers": {"Idempotency-Key": "x" * 20}}
        assert Client().post(ORDERS, "[", **sent).status_code == 400
        assert Client().post(ORDERS, {"market": "DE"}, **sent).json()["code"] == "api.malformed"
        short = self.ask(sale, **{"Idempotency-Key": "guess"})
        assert short.json()["code"] == "idempotency.key_guessable"

    def test_it_counts_as_a_knock(self, sale, settings, monkeypatch):
        settings.THROTTLED = True
        cache.clear()
        monkeypatch.setitem(throttle.LIMITS, "checkout", throttle.Limit(2, 600, 2))
        monkeypatch.setattr(throttle.clock, "now", lambda: datetime(2026, 3, 2, 9, 0, 15, tzinfo=UTC))
        told = [self.ask(sale, key=f"number {number}").status_code for number in range(3)]
        cache.clear()
        assert told == [409, 409, 429]


def wait_for(true) -> None:
    """Until it is."""
    for _ in range(3000):
        if true():
            return
        time.sleep(0.005)
    raise AssertionError("it never came")


def test_hands_first_come_first_served_and_who_comes_back_goes_first():
    hands, done, came, waits = Hands(1), [], threading.Event(), threading.Event()

    def come(name: str, *, with_a_wait: bool = False) -> None:
        with hands.held():
            if with_a_wait:
                with hands.let_go():
                    came.set()
                    waits.wait(60)
            done.append(name)

    with ThreadPoolExecutor(4) as threads:
        asked = [threads.submit(come, "back", with_a_wait=True)]
        assert came.wait(60)
        with hands.held():
            for number, name in enumerate(("first", "second"), start=1):
                asked.append(threads.submit(come, name))
                wait_for(lambda number=number: len(hands.coming) == number)
            waits.set()
            wait_for(lambda: len(hands.back) == 1)
            assert done == []
        for each in asked:
            each.result(60)
    assert done == ["back", "first", "second"]
    assert hands.free == 1


def test_who_holds_no_hand_just_waits():
    hands = Hands(1)
    with hands.let_go():
        assert hands.free == 1
    assert hands.free == 1
