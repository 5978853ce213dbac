"""The marketplace in figures, as whoever watches it sees them."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import DatabaseError
from prometheus_client import REGISTRY

from entrepot.kernel import clock, db, outbox
from entrepot.kernel.ids import new_id
from entrepot.surfaces.jobs import schedule, state
from entrepot.verify import last, runner
from shopping import place, request
from worlds import World


def figures() -> dict[str, float]:
    found = {}
    for metric in state.Marketplace().collect():
        for sample in metric.samples:
            found[" ".join([sample.name, *sample.labels.values()])] = sample.value
    return found


def test_figures_follow_what_happens(database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    monkeypatch.setattr(clock, "now", lambda: world.now)
    offer = world.offer(world.seller("acme"), stock=5)
    db.execute("UPDATE kernel_outboxevent SET status = 'delivered', delivered_at = created_at")
    assert {
        name: value for name, value in figures().items() if name in {f"entrepot_{each}" for each in state.NAMES}
    } == {f"entrepot_{each}": 0 for each in state.NAMES}
    place(world, request("one", (offer, 2), provider="manual", instrument=""))
    db.execute("UPDATE kernel_outboxevent SET status = 'delivered', delivered_at = created_at")
    about = outbox.Event("offer.live", "offer", new_id(world.now))
    outbox.append([about], now=world.now)
    outbox.append([about], now=world.now)
    db.execute(
        "UPDATE kernel_outboxevent SET status = 'dead', failure = 'x' WHERE id = "
        "(SELECT max(id::text)::uuid FROM kernel_outboxevent WHERE status = 'pending')"
    )
    world.pass_time(minutes=2)
    found = figures()
    assert (found["entrepot_holds_open"], found["entrepot_holds_expired"]) == (1, 0)
    assert (found["entrepot_outbox_pending"], found["entrepot_outbox_lag_seconds"]) == (1, 120)
    assert (found["entrepot_outbox_dead"], found["entrepot_database_answers"]) == (1, 1)
    assert found["entrepot_waiting payments_to_confirm"] == 1
    world.pass_time(days=30)
    found = figures()
    assert (found["entrepot_holds_open"], found["entrepot_holds_expired"]) == (0, 1)


def test_what_verify_last_found_is_told(database: None, monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setattr(settings, "DATA_DIR", tmp_path)
    assert "entrepot_verify_findings I01" not in figures()
    invariants = runner.select(["I01", "I17"])
    results = [runner.Result(invariants[0], 0, []), runner.Result(invariants[1], 3, [])]
    last.keep(results, folder=tmp_path, seconds=1.5, now=clock.now())
    found = figures()
    assert (found["entrepot_verify_findings I01"], found["entrepot_verify_findings I17"]) == (0, 3)
    assert found["entrepot_verify_seconds"] == 1.5


def test_without_the_database_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_arguments: object) -> None:
        raise DatabaseError

    monkeypatch.setattr(state, "_figures", gone)
    assert figures()["entrepot_database_answers"] == 0


def test_jobs_are_timed_by_how_they_end(database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    job = schedule.Periodic("a job of tests", "* * * * *", "entrepot.surfaces.jobs.heartbeat.beat")
    schedule.run(job, now=clock.now())
    assert REGISTRY.get_sample_value("entrepot_job_seconds_count", {"job": job.name, "outcome": "done"}) == 1
    assert REGISTRY.get_sample_value("entrepot_job_last_run_timestamp_seconds", {"job": job.name}) > 1.7e9

    def broken(*, now: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("entrepot.surfaces.jobs.heartbeat.beat", broken)
    with pytest.raises(ZeroDivisionError):
        schedule.run(job, now=clock.now() + timedelta(minutes=1))
    assert REGISTRY.get_sample_value("entrepot_job_seconds_count", {"job": job.name, "outcome": "failed"}) == 1
