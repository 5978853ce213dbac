"""A marketplace that serves for months holds no more at the end than it needs: neither its processes nor its tables."""

import time
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache, caches
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import timezone

from entrepot.kernel import idempotency
from entrepot.kernel.errors import Refused
from entrepot.kernel.models import IdempotencyKey
from entrepot.surfaces.api.gate import GateMiddleware
from entrepot.surfaces.jobs import tidying
from entrepot.surfaces.shared import soldout, throttle
from entrepot.surfaces.shared.soldout import SoldOut
from shopping import request
from worlds import World


def test_the_gate_keeps_nothing_of_whom_it_let_in(settings):
    settings.THROTTLED = True
    gate = GateMiddleware(lambda request: HttpResponse("through"))
    for number in range(500):
        order = RequestFactory().post(gate.address, REMOTE_ADDR=f"10.0.{number % 250}.1")
        order.META["HTTP_AUTHORIZATION"] = f"Bearer {number}"
        assert gate(order).content == b"through"
    assert (gate.inside, gate.held) == (0, {})


def test_callers_are_counted_in_so_much_memory_and_no_more(settings, monkeypatch):
    settings.THROTTLED = True
    cache.clear()
    monkeypatch.setattr(caches["default"], "_max_entries", 60)
    for number in range(500):
        throttle.count(RequestFactory().get("/", REMOTE_ADDR=f"10.{number // 250}.{number % 250}.1"), "search")
    assert len(cache._cache) <= 60
    cache.clear()


def test_what_was_sold_out_is_forgotten_once_nobody_asks(monkeypatch, database):
    sold_out = SoldOut()
    sold_out.is_watching = sold_out.is_looking = True  # nobody but this test looks
    world = World()
    offer = world.offer(world.seller())
    for _ in range(soldout.KEPT_MAX + 50):
        sold_out.learn(request("k", (offer, 1)), Refused("orders.sold_out", "", offer_id=str(uuid4())))
    assert len(sold_out.known) == soldout.KEPT_MAX
    later = time.monotonic() + soldout.FORGOTTEN + 1
    monkeypatch.setattr(soldout.time, "monotonic", lambda: later)
    assert not sold_out.look() and sold_out.known == {}


@pytest.mark.usefixtures("database")
def test_tables_lose_what_nobody_needs_any_more():
    world = World()
    for key in ("old", "new"):
        idempotency.once(
            principal="api:x", key=key, body={}, now=world.now, act=lambda: (200, {"email": "a@b.example"})
        )
        world.pass_time(days=20)
    IdempotencyKey.objects.create(
        id=uuid4(), created_at=world.now - timedelta(days=90), principal="api:x", key="running", body_hash="x"
    )
    for key, days in (("ended", -1), ("open", 1)):
        ends = timezone.now() + timedelta(days=days)
        Session.objects.create(session_key=key, session_data="", expire_date=ends)
    tidying.tidy(now=world.now)
    assert sorted(IdempotencyKey.objects.values_list("key", flat=True)) == ["new", "running"]
    assert list(Session.objects.values_list("session_key", flat=True)) == ["open"]
