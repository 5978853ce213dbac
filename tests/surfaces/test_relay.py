"""The outbox's relay: at least once, later again, dead with a reason, never twice at once."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, connections

from entrepot.kernel import ids, outbox
from entrepot.kernel.models import OutboxEvent
from entrepot.surfaces.jobs import relay
from entrepot.surfaces.jobs.topics import TOPICS, Topic

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def append(topic="test.happened", now=NOW, **payload):
    event = outbox.Event(topic=topic, subject_kind="test", subject_id=ids.new_id(now), payload=payload)
    outbox.append([event], now=now)
    return OutboxEvent.objects.get(subject_id=event.subject_id)


def listen(monkeypatch, hear, topic="test.happened"):
    """Let `hear` stand for the letters of a topic."""
    write = relay.mail.write
    monkeypatch.setitem(TOPICS, topic, Topic("account"))
    monkeypatch.setattr(
        relay.mail,
        "write",
        lambda event, reached, *, now: hear(event) if event.topic == topic else write(event, reached, now=now),
    )


@pytest.fixture
def told(database, monkeypatch):
    events = []
    listen(monkeypatch, events.append)
    return events


def test_what_is_due_is_told_once(told):
    event = append(number=7)
    append(now=NOW + timedelta(hours=1))
    assert relay.relay(now=NOW) == 1
    assert [(one.id, one.payload) for one in told] == [(event.id, {"number": 7})]
    event.refresh_from_db()
    assert (event.status, event.attempts, event.delivered_at, event.failure) == ("delivered", 1, NOW, "")
    assert relay.relay(now=NOW) == 0


def test_many_are_told_in_the_order_of_their_ids(told):
    events = [append(number=number) for number in range(relay.BATCH + 5)]
    assert relay.relay(now=NOW) == relay.BATCH + 5
    assert [one.id for one in told] == sorted(event.id for event in events)


def test_the_handler_runs_outside_any_transaction(database, monkeypatch):
    seen = []
    listen(monkeypatch, lambda event: seen.append(connection.in_atomic_block))
    append()
    relay.relay(now=NOW)
    assert seen == [False]


def test_a_failure_waits_longer_each_time_and_ends_with_its_reason(database, monkeypatch):
    def fail(event):
        raise ConnectionError("no route")

    listen(monkeypatch, fail)
    event = append()
    now, waits = NOW, []
    for _ in range(relay.ATTEMPTS):
        assert event.status == "pending"
        assert relay.relay(now=now) == 1
        event.refresh_from_db()
        waits.append(event.next_attempt_at - now)
        now = event.next_attempt_at
    assert waits[:3] == [timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=8)]
    assert (event.status, event.failure, event.delivered_at) == ("dead", "ConnectionError: no route", None)
    assert relay.relay(now=now + timedelta(days=400)) == 0


def test_one_failure_holds_up_no_other(told, monkeypatch):
    def fail(event):
        raise ValueError("broken")

    listen(monkeypatch, fail, "test.broken")
    append("test.broken")
    append()
    relay.relay(now=NOW)
    assert len(told) == 1
    assert OutboxEvent.objects.get(topic="test.broken").status == "pending"


def test_a_topic_that_nobody_handles_is_dead_and_says_so(database):
    event = append("test.unknown")
    relay.relay(now=NOW)
    event.refresh_from_db()
    assert (event.status, event.failure) == ("dead", "no audience for test.unknown")


def test_a_worker_that_died_leaves_the_event_to_the_next(told):
    append()
    assert len(relay._claim(NOW)) == 1
    assert relay.relay(now=NOW) == 0
    assert relay.relay(now=NOW + relay.FIRST_PAUSE) == 1
    assert len(told) == 1


def test_two_workers_never_claim_the_same_event(database):
    for _ in range(40):
        append()
    claims, start = [], threading.Barrier(4, timeout=60)

    def work():
        start.wait()
        claims.extend(event.id for event in relay._claim(NOW))
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claims) == len(set(claims)) == 40
