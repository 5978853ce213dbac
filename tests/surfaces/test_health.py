"""Alive is not ready."""

from datetime import UTC, datetime

from django.test import Client

from entrepot.kernel import db
from entrepot.kernel.clock import now
from entrepot.surfaces.jobs import heartbeat


def test_alive_asks_the_database_nothing():
    response = Client().get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "alive"})


def test_ready_when_the_jobs_beat(database):
    heartbeat.beat(now=now())
    response = Client().get("/readyz")
    assert response.status_code == 200, response.json()
    checked = ("database", "role", "migrations", "partitions", "jobs")
    assert response.json() == {"status": "ready"} | dict.fromkeys(checked, "ok")


def test_not_ready_when_the_jobs_never_ran(database):
    response = Client().get("/readyz")
    assert response.status_code == 503
    assert response.json()["jobs"] == "never seen"


def test_not_ready_when_the_jobs_fell_silent(database):
    heartbeat.beat(now=now())
    db.execute("UPDATE kernel_processheartbeat SET seen_at = now() - interval '5 minutes'")
    response = Client().get("/readyz")
    assert (response.status_code, response.json()["jobs"]) == (503, "silent for 300 s")


def test_not_ready_when_a_migration_is_missing(owner):
    heartbeat.beat(now=now())
    owner.execute("DELETE FROM django_migrations WHERE app = 'orders' AND name = '0001_initial' RETURNING applied")
    (applied,) = owner.fetchone()
    try:
        response = Client().get("/readyz")
        assert (response.status_code, response.json()["migrations"]) == (503, "1 not applied")
    finally:
        owner.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('orders', '0001_initial', %s)", [applied]
        )


def test_not_ready_when_there_is_no_room_for_tomorrow(database, monkeypatch):
    heartbeat.beat(now=now())
    monkeypatch.setattr("entrepot.kernel.clock.now", lambda: datetime(2039, 12, 31, 23, tzinfo=UTC))
    response = Client().get("/readyz")
    assert (response.status_code, response.json()["partitions"]) == (
        503, "without inventory_movement_2039q4, kernel_outboxevent_2039q4, ledger_posting_2039q4",
    )  # fmt: skip


def test_the_icon_stands_where_browsers_look_for_it(client):
    answer = client.get("/favicon.ico")
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/x-icon")
    assert answer.content.startswith(b"\x00\x00\x01\x00")
