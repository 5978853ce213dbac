"""The database dies, fills up, or is cut off in the middle of a COMMIT: what was acknowledged is there, and once."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, InterfaceError, OperationalError, connection, connections

import shipping
import shopping
from entrepot.domain.inventory.models import Stock
from entrepot.domain.orders.models import Order
from entrepot.domain.payments.models import Payment, SandboxCharge
from entrepot.flows import checkout, fulfilment, settling
from entrepot.kernel import clock
from entrepot.kernel.actors import SYSTEM
from entrepot.kernel.errors import EntrepotError
from entrepot.surfaces.jobs import schedule
from proving import figures
from proving.chapters import JOBS
from proving.server import Line, Mortal
from surfaces.api.calls import Caller
from worlds import World

pytestmark = pytest.mark.prove

KILLS = figures.number("kills", 5)
BUYERS = 3
#: Between two deaths, in seconds.
LIVES = 1.5


@pytest.fixture(scope="module")
def server(django_db_blocker) -> Iterator[Mortal]:
    with django_db_blocker.unblock(), Mortal().running() as mortal:
        yield mortal


@pytest.fixture
def world(server: Mortal) -> Iterator[World]:
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT entrepot_reset()")
    yield World()
    connections.close_all()


def buy_until_told(offer: Any, world: World, name: str, log: Path) -> None:
    """A shop's process: order after order, each asked for under its key until it is answered; every answer is noted."""
    stop = False

    def end(*_: Any) -> None:
        nonlocal stop
        stop = True

    signal.signal(signal.SIGTERM, end)
    number = 0
    with log.open("a", buffering=1) as told:
        while not stop:
            number += 1
            request = shopping.request(f"{name}-{number}", (offer, 1))
            told.write(f"asked {request.checkout_key} 0\n")
            while True:
                try:
                    [answer] = checkout.place_orders(requests=[request], now=world.now)
                    break
                except (DatabaseError, InterfaceError):
                    connection.close()
                    time.sleep(0.05)
            told.write(f"{type(answer).__name__} {request.checkout_key} {getattr(answer, 'total_minor', 0)}\n")


def sold(world: World, offer: Any) -> None:
    """After the sweep the books hold, and no order was charged twice."""
    world.pass_time(hours=1)
    for job in schedule.JOBS:
        if job.name in JOBS:
            schedule.run(job, now=world.now)
    shopping.assert_sound(world, "I34", "I38")
    placed = Order.objects.filter(state="placed").count()
    assert Stock.objects.get(sku=offer.sku).reserved == placed
    assert SandboxCharge.objects.filter(act="authorise", state="approved").count() == placed


def test_a_death_of_the_database_under_load_loses_nothing_that_was_acknowledged(
    server: Mortal, world: World, tmp_path: Path
) -> None:
    offer = world.offer(world.seller(), stock=1_000_000)
    connections.close_all()
    shops = []
    for number in range(BUYERS):
        child = os.fork()
        if child == 0:
            try:
                buy_until_told(offer, world, f"shop{number}", tmp_path / f"{number}.log")
                os._exit(0)
            except BaseException:
                traceback.print_exc()
                os._exit(1)
        shops.append(child)
    back = []
    for _ in range(KILLS):
        time.sleep(LIVES)
        server.kill()
        back.append(server.start())
    time.sleep(LIVES)
    for child in shops:
        os.kill(child, signal.SIGTERM)
    assert [os.waitpid(child, 0)[1] for child in shops] == [0] * BUYERS
    said = [line.split() for log in tmp_path.glob("*.log") for line in log.read_text().splitlines()]
    told = {key: (kind, int(total)) for kind, key, total in said if kind != "asked"}
    there = {row.checkout_key: row for row in Order.objects.all()}
    assert Counter(kind for kind, _ in told.values()) == {"Placed": len(told)}
    lost = [key for key, (_, total) in told.items() if there[key].total_minor != total or there[key].state != "placed"]
    assert lost == [] and len(there) == len(told) == Payment.objects.count() > 10 * KILLS
    sold(world, offer)
    figures.say(
        f"{KILLS} times kill -9 of PostgreSQL under load: {len(told)} acknowledged orders, 0 lost, 0 double; "
        f"it answered again after {max(back):.1f} s at most"
    )


def test_a_line_that_is_cut_at_commit_is_in_doubt_and_resolved_by_its_key(server: Mortal, world: World) -> None:
    offer = world.offer(world.seller(), stock=100)
    line = Line(server)
    cuts = 0
    try:
        with server.connected(line.folder):
            for commit in range(1, 4):
                for arrives in (False, True):
                    request = shopping.request(f"cut-{commit}-{arrives}", (offer, 1))
                    line.cut_at(commit, arrives=arrives)
                    with contextlib.suppress(OperationalError, InterfaceError):
                        checkout.place_orders(requests=[request], now=world.now)
                        assert not line.cuts, "a cut line is an answer"
                    connection.close()
                    cuts += line.cuts
                    line.cut_at(0, arrives=False)
                    answers = [checkout.place_orders(requests=[request], now=world.now)[0] for _ in range(2)]
                    assert answers[0] == answers[1] and isinstance(answers[0], checkout.Placed)
    finally:
        line.close()
    assert Order.objects.count() == SandboxCharge.objects.count() == 6
    sold(world, offer)
    # An order takes two commits; each is cut on its way there and on its way back.
    assert cuts >= 4
    figures.say(f"{cuts} cuts of the line around COMMIT: each order once, by its key")


def test_a_client_whose_line_was_cut_is_told_to_ask_again_under_its_key(server: Mortal, world: World) -> None:
    offer = world.offer(world.seller(), stock=100)
    clock.set_offset(world.now - datetime.now(UTC))
    body = {"market": "DE", "lines": [{"offer_id": str(offer.id), "quantity": 1}], "ship_to": shopping.ADDRESS,
            "email": "ada@example.org", "provider": "sandbox", "instrument": "approve"}  # fmt: skip
    line, cut = Line(server), 0
    try:
        with server.connected(line.folder):
            for commit in range(1, 5):
                key = f"the key of the {commit}th client"
                Caller().get("/markets")
                line.cut_at(commit, arrives=commit % 2 == 0)
                response = Caller().send("POST", "/orders", body, key=key)
                if line.cuts:
                    cut += 1
                    assert response.status_code in (201, 503), response.content
                line.cut_at(0, arrives=False)
                connection.close()
                placed = Caller().post("/orders", body, key=key)
                assert placed["state"] == "placed" and Caller().post("/orders", body, key=key) == placed
    finally:
        line.close()
        clock.set_offset(timedelta(0))
    assert Order.objects.count() == SandboxCharge.objects.count() == 4 and cut >= 2
    world.pass_time(hours=1)
    sold(world, offer)


@pytest.fixture
def small_disk(server: Mortal) -> Iterator[Path]:
    """A disk of a few megabytes that the server can write to."""
    folder = server.folder / "small"
    folder.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)], capture_output=True
    )
    if not mounted or mounted.returncode:
        folder.rmdir()
        pytest.skip("a small disk cannot be mounted here: this asks for the rights of root")
    try:
        data = folder / "data"
        data.mkdir()
        server.embedded._give(data)
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_refuses_whole_orders_and_loses_none(server: Mortal, world: World, small_disk: Path) -> None:
    offer = world.offer(world.seller(), stock=1000)
    with server.embedded._superuser() as admin:
        admin.execute(f"CREATE TABLESPACE small LOCATION '{small_disk / 'data'}'")
        admin.execute("GRANT CREATE ON TABLESPACE small TO entrepot_owner")
    with connections["owner"].cursor() as cursor:
        for table in ("inventory_hold", "orders_orderline", "payments_payment"):
            cursor.execute(f"ALTER TABLE {table} SET TABLESPACE small")
    first = shopping.order(world, (offer, 1))
    filler = small_disk / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    placed, full = [first.number], 0
    for number in range(200):
        try:
            [answer] = checkout.place_orders(requests=[shopping.request(f"full-{number}", (offer, 1))], now=world.now)
            placed.append(answer.number)
        except OperationalError as problem:
            assert getattr(problem.__cause__, "sqlstate", "") == "53100", problem
            full += 1
            if full == 3:
                break
    assert full == 3, "the disk never filled up"
    assert Order.objects.count() == len(placed), "reading goes on, and nothing is half there"
    filler.unlink()
    [late] = checkout.place_orders(requests=[shopping.request("full-0", (offer, 1))], now=world.now)
    assert isinstance(late, checkout.Placed)
    sold(world, offer)
    with connections["owner"].cursor() as cursor:
        for table in ("inventory_hold", "orders_orderline", "payments_payment"):
            cursor.execute(f"ALTER TABLE {table} SET TABLESPACE pg_default")
    connections.close_all()
    with server.embedded._superuser() as admin:
        admin.execute("DROP TABLESPACE small")
    figures.say(f"a full disk: 3 orders refused whole, {len(placed)} placed and there, the same key placed after")


#: Minutes by which the clock jumps, each from where it stood.
JUMPS = (-60, 20, 2 * 1440, -1440, 40 * 1440, -2 * 1440, 3 * 1440)


def test_a_clock_that_jumps_settles_nothing_twice(server: Mortal, world: World) -> None:
    seller = world.seller()
    offer = world.offer(seller, stock=50)
    world.pass_time(days=3)
    latest = world.now
    for number, minutes in enumerate(JUMPS):
        shopping.place(world, shopping.request(f"slow-{number}", (offer, 1), instrument="slow"))
        with contextlib.suppress(EntrepotError):
            ordered = shipping.order(world, (offer, 1), key=f"jump-{number}")
            parcels = shipping.ship(world, ordered)
            shipping.scan(world, "delivered", *parcels)
        world.pass_time(minutes=minutes)
        latest = max(latest, world.now)
        for job in schedule.JOBS:
            if job.name in JOBS:
                schedule.run(job, now=world.now)
        with contextlib.suppress(EntrepotError):
            settling.settle(until=world.now.replace(hour=0, minute=0), now=world.now, actor=SYSTEM)
            settling.pay_out(now=world.now, actor=SYSTEM)
    world.now = latest + timedelta(days=30)
    settling.settle(until=world.now.replace(hour=0, minute=0), now=world.now, actor=SYSTEM)
    settling.pay_out(now=world.now, actor=SYSTEM)
    assert fulfilment.sweep_captures(now=world.now) == 0
    sold_units = Order.objects.filter(state="placed").count()
    assert sold_units >= len(JUMPS)
    for job in schedule.JOBS:
        if job.name in JOBS:
            schedule.run(job, now=world.now)
    shopping.assert_sound(world, "I34", "I38")
    figures.say(f"{len(JUMPS)} jumps of the clock, by hours and weeks, to and fro: nothing settled or paid out twice")
