"""Every request is told in one line and counted by its route; nobody's name, address or secret is in either."""

import json
import logging
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from prometheus_client import REGISTRY, CollectorRegistry, Gauge

from entrepot.kernel import context
from entrepot.surfaces.shared import metrics
from entrepot.surfaces.shared.logs import Json, Plain, masked
from shopping import order
from worlds import World

EMAIL, PASSWORD, SECRET = "rosa.luz@example.org", "correct-horse-battery", "sk_9f8a7b6c5d4e3f2a1b0c9d8e7f"


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[list[str]]:
    """What the log says as JSON, line by line, as it is written."""
    written: list[str] = []

    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(Json().format(record))

    handler, logger = Keeping(), logging.getLogger("entrepot")
    logger.addHandler(handler)
    with caplog.at_level(logging.INFO, "entrepot"):
        yield written
    logger.removeHandler(handler)


def test_a_line_tells_what_was_asked_and_not_who_asked(database: None, lines: list[str]) -> None:
    client = Client(headers={"user-agent": EMAIL})
    client.post(reverse("account_login"), {"login": EMAIL, "password": PASSWORD})
    client.get("/search", {"q": EMAIL})
    client.get(f"/orders/access/{SECRET}")
    client.get("/api/v1/orders", headers={"Authorization": f"Bearer {SECRET}"})
    routes = [json.loads(line)["route"] for line in lines if '"route"' in line]
    assert routes == ["accounts/login/", "search", "orders/access/<slug:token>", "api/v1/orders"]
    for secret in (EMAIL, "rosa", PASSWORD, SECRET):
        assert secret not in "".join(lines)


def test_a_sellers_request_names_the_organisation_and_a_placed_order_its_number(
    database: None, lines: list[str]
) -> None:
    world = World()
    seller = world.seller("acme")
    placed = order(world, (world.offer(seller), 1))
    actor = world.seller_actor(seller)
    client = Client()
    client.force_login(
        type(world.user()).objects.get(id=actor.user_id),
        backend="allauth.account.auth_backends.AuthenticationBackend",
    )
    lines.clear()
    assert client.get(reverse("seller:orders")).status_code == 200
    client.get(reverse("shop:order", args=[placed.number]))
    first, second = map(json.loads, lines)
    assert (first["actor"], first["organisation"], first["status"]) == ("seller.owner", str(seller.pk), 200)
    assert (first["method"], first["ms"] > 0, second["orders"]) == ("GET", True, placed.number)


@pytest.mark.parametrize(("given", "kept"), [("edge-7f3a.1", True), ("", False), ("a b", False), ("x" * 65, False)])
def test_a_request_keeps_the_id_that_it_came_with(lines: list[str], given: str, kept: bool) -> None:
    answer = Client().get("/after-sign-in", headers={"X-Request-Id": given})
    told = answer.headers["X-Request-Id"]
    assert (told == given) is kept
    assert context.ACCEPTED.fullmatch(told)
    assert json.loads(lines[-1])["request"] == told


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"no letter to {EMAIL}", "no letter to <e-mail>"),
        (f"/orders/access/{SECRET}", "/orders/access/<token>"),
        ("order 01935f1e-7b2a-7c3d-8e4f-5a6b7c8d9e0f is late", "order 01935f1e-7b2a-7c3d-8e4f-5a6b7c8d9e0f is late"),
        ("duplicate key\nDETAIL:  Key (email)=(rosa) already exists.", "duplicate key"),
        ("Key (name)=(Rosa Luz) is not present", "Key (name)=(…) is not present"),
        ("entrepot.surfaces.jobs.settlement.settle", "entrepot.surfaces.jobs.settlement.settle"),
    ],
)
def test_what_is_masked(text: str, said: str) -> None:
    assert masked(text) == said


def test_a_defect_is_told_with_its_place_and_the_request_and_not_with_values() -> None:
    try:
        raise ValueError(f"nobody is called {EMAIL}")
    except ValueError:
        record = logging.LogRecord("entrepot", logging.ERROR, __file__, 1, "broken\n%s", ("in two",), sys.exc_info())
    with context.begun(request="abcd1234"):
        context.add(orders="O-1")
        context.add(orders="O-2")
        line, plain = Json().format(record), Plain().format(record)
    said = json.loads(line)
    assert "\n" not in line
    assert (said["request"], said["orders"], said["exception"]) == (
        "abcd1234", "O-1 O-2", "ValueError: nobody is called <e-mail>",
    )  # fmt: skip
    assert said["frames"][-1].endswith("test_a_defect_is_told_with_its_place_and_the_request_and_not_with_values")
    assert EMAIL not in plain
    assert "request=abcd1234" in plain


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_requests_are_counted_by_route_and_status() -> None:
    labels = {"surface": "shop", "route": "media/<path:name>", "method": "GET", "status": "404"}
    before = counted("entrepot_request_seconds_count", **labels)
    for name in ("one", "another"):
        assert Client().get(f"/media/{name}").status_code == 404
    assert counted("entrepot_request_seconds_count", **labels) == before + 2


def test_orders_by_the_web_are_counted_with_their_batches_and_commits(database: None) -> None:
    from entrepot.surfaces.shared.ordering import Queue
    from shopping import request

    world = World()
    offer = world.offer(world.seller("acme"))
    names = ("entrepot_batch_orders_count", "entrepot_batch_orders_sum", "entrepot_batch_answered_seconds_count")
    before, commits = [counted(name) for name in names], counted("entrepot_commit_seconds_count")
    Queue(most=4).place(request("one", (offer, 1)), now=world.now)
    assert [counted(name) for name in names] == [value + 1 for value in before]
    assert counted("entrepot_commit_seconds_count") >= commits + 2
    assert counted("entrepot_orders_inside") == counted("entrepot_orders_queued") == 0


COUNTING = """
from entrepot.config import settings
import django; django.setup()
from entrepot.kernel import meters
meters.ORDERS_INSIDE.set(3)
meters.ORDERS_TURNED_AWAY.inc(2)
"""


def test_a_process_that_is_gone_holds_nothing_and_what_it_counted_stays(tmp_path: Path) -> None:
    environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", COUNTING], env=environment, check=True)
    assert list(tmp_path.glob("gauge_livesum_*.db"))
    found = {each.name: each.samples for each in metrics.Processes(tmp_path).collect()}
    assert "entrepot_orders_inside" not in found
    assert [sample.value for sample in found["entrepot_orders_turned_away"]] == [2]


def test_whoever_watches_asks_at_a_port_of_this_machine() -> None:
    registry = CollectorRegistry()
    Gauge("something", "Something", registry=registry).set(7)
    port = metrics.serve(registry, address="127.0.0.1", port=0)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
        assert b"something 7.0" in answer.read()
    assert metrics.serve(registry, address="127.0.0.1", port=port) == 0  # taken: said, and nothing else is stopped
    assert Client().get("/metrics").status_code == 404
