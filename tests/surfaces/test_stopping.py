"""The signal to stop: it is said first, and whoever was let in is answered."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from entrepot.domain.orders.models import Order
from entrepot.kernel import clock, db
from entrepot.surfaces.jobs import heartbeat
from entrepot.surfaces.shared import draining, health
from serving import free_port
from shopping import assert_sound
from worlds import World

SHOPPERS = 3
PATIENCE = 180.0
SHIP_TO = {"name": "Ada Byron", "line1": "1 Garden Row", "city": "Berlin", "postcode": "10115", "country": "DE"}


def until(holds: Callable[[], Any], what: str) -> Any:
    """Wait for it."""
    end = time.monotonic() + PATIENCE
    while not (found := holds()):
        assert time.monotonic() < end, what
        time.sleep(0.05)
    return found


def ask(url: str, body: Any = None, **headers: str) -> tuple[int, Any]:
    """The status and the answer; 0 where nobody listens."""
    asked = urllib.request.Request(url, None if body is None else json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refusal:
        return refusal.code, json.load(refusal)
    except OSError:
        return 0, None


def test_a_web_that_stops_says_so_and_answers_whom_it_let_in(database: None) -> None:
    world = World(datetime.now(UTC) - timedelta(hours=1))
    offer = world.offer(world.seller("acme"), stock=SHOPPERS)
    heartbeat.beat(now=clock.now())
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    web = subprocess.Popen(
        [sys.executable, "-m", "entrepot.surfaces.cli.web", str(port)],
        env=os.environ | {"ENTREPOT_DRAIN_SECONDS": "2"},
        stdin=subprocess.DEVNULL,
    )
    try:
        until(lambda: ask(f"{base}/readyz")[0] == 200, "it never became ready")
        answers: list[tuple[int, Any]] = []
        order = {"market": "DE", "lines": [{"offer_id": str(offer.id), "quantity": 1}], "ship_to": SHIP_TO}
        order |= {"provider": "sandbox", "instrument": "approve", "email": "ada@example.org"}

        def shop(key: str) -> None:
            headers = {"Content-Type": "application/json", "Idempotency-Key": key}
            answers.append(ask(f"{base}/api/v1/orders", order, **headers))

        shoppers = [threading.Thread(target=shop, args=(f"a-web-that-stops-{number}",)) for number in range(SHOPPERS)]
        with transaction.atomic():
            db.execute("SELECT FROM inventory_stock FOR UPDATE")
            for shopper in shoppers:
                shopper.start()
            # One batch waits for the goods; the others are in the queue behind it, or on their way into it.
            until(lambda: db.fetch_value(WAITING, [connection.connection.info.backend_pid]), "nobody waits")
            web.send_signal(signal.SIGTERM)
            until(lambda: ask(f"{base}/readyz") == (503, {"status": "stopping"}), "it did not say that it stops")
            assert not answers
        for shopper in shoppers:
            shopper.join(PATIENCE)
        assert [status for status, _ in answers] == [201] * SHOPPERS, answers
        assert web.wait(PATIENCE) == 0
        assert ask(f"{base}/readyz") == (0, None)
    finally:
        if web.poll() is None:
            web.kill()
            web.wait()
    assert Order.objects.filter(state="placed").count() == SHOPPERS
    assert_sound(world)


#: Whether somebody else waits for what this process's transaction has locked.
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND %s = ANY (pg_blocking_pids(pid))"


def test_it_is_said_once(tmp_path, monkeypatch: pytest.MonkeyPatch, client) -> None:
    assert (draining.begin(), draining.is_going_on()) == (False, False)  # a process by itself has nobody to tell
    monkeypatch.setenv(draining.VARIABLE, str(tmp_path / "stops"))
    assert (draining.is_going_on(), draining.begin(), draining.begin(), draining.is_going_on()) == (
        False, True, False, True,
    )  # fmt: skip
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"status": "stopping"})
    assert health.alive  # that it is alive stays true
    assert client.get("/healthz").status_code == 200
