"""The periodic jobs: one table. A job calls one act with `now`; two runs of one job never overlap."""

import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.module_loading import import_string

from entrepot.demonstration import clock as shared
from entrepot.kernel import clock, context, db, meters, walls


@dataclass(frozen=True, slots=True)
class Periodic:
    """A job, when it runs (cron; a sixth field counts seconds), and the act that it calls with `now`.

    One that is a demonstration's is known to no other installation. A job with a role does nothing that this may not.
    """

    name: str
    cron: str
    act: str
    is_demonstrations: bool = False
    role: str = ""


JOBS = (
    Periodic("heartbeat", "* * * * * */10", "entrepot.surfaces.jobs.heartbeat.beat"),
    Periodic("outbox", "* * * * * */5", "entrepot.surfaces.jobs.relay.relay", role=walls.RELAY),
    Periodic("payments", "* * * * *", "entrepot.flows.paying.sweep_payments"),
    Periodic("holds", "* * * * *", "entrepot.flows.paying.expire_holds"),
    Periodic("keys", "*/5 * * * *", "entrepot.kernel.idempotency.give_up"),
    Periodic("uploads", "* * * * *", "entrepot.intake.uploads.carry_on_halted"),
    Periodic("captures", "* * * * *", "entrepot.flows.fulfilment.sweep_captures"),
    Periodic("refunds of losses", "* * * * *", "entrepot.flows.tracking.sweep_refunds"),
    Periodic("refunds of returns", "* * * * *", "entrepot.flows.returns.sweep_refunds"),
    Periodic("bookings", "* * * * *", "entrepot.flows.booking.sweep"),
    Periodic("tracking", "*/10 * * * *", "entrepot.flows.booking.follow"),
    Periodic("tracking doubts", "*/15 * * * *", "entrepot.domain.logistics.doubts.watch"),
    Periodic("lateness", "*/5 * * * *", "entrepot.flows.fulfilment.mark_late"),
    Periodic("lateness of stock orders", "*/5 * * * *", "entrepot.domain.inbound.ordering.mark_late"),
    Periodic("lateness of shipments", "*/5 * * * *", "entrepot.domain.inbound.shipping.mark_late"),
    Periodic("goods on their way", "*/5 * * * *", "entrepot.flows.ahead.watch"),
    Periodic("missed slots", "*/5 * * * *", "entrepot.domain.inbound.docking.mark_missed"),
    Periodic("promises", "*/15 * * * *", "entrepot.flows.keeping.watch"),
    Periodic("reminders", "*/15 * * * *", "entrepot.flows.fulfilment.remind"),
    Periodic("cancelling", "7 * * * *", "entrepot.flows.fulfilment.cancel_overdue"),
    Periodic("offers", "3 * * * *", "entrepot.domain.catalogue.services.follow_enrolments"),
    Periodic("quotes", "*/5 * * * *", "entrepot.domain.pricing.quoting.expire"),
    Periodic("sealing", "* * * * *", "entrepot.domain.ledger.sealing.seal"),
    Periodic("anchoring", "41 * * * *", "entrepot.surfaces.jobs.anchoring.publish"),
    Periodic("partitions", "23 0 * * *", "entrepot.kernel.partitions.keep"),
    Periodic("settlement", "11 1 * * *", "entrepot.surfaces.jobs.settlement.settle", role=walls.SETTLEMENT),
    Periodic("proof", "41 2 * * *", "entrepot.surfaces.jobs.proving.prove"),
    Periodic("demonstration", "* * * * * */2", "entrepot.surfaces.jobs.advancing.advance", is_demonstrations=True),
    Periodic("tidying", "17 3 * * *", "entrepot.surfaces.jobs.tidying.tidy"),
)


def register(app: Any) -> None:
    """Make every job of the table known to the worker."""
    is_demonstration = shared.state() is not None
    for job in JOBS:
        if job.is_demonstrations and not is_demonstration:
            continue
        task = app.task(name=job.name, queueing_lock=job.name)(_task(job))
        app.periodic(cron=job.cron)(task)


def _task(job: Periodic) -> Callable[[int], None]:
    def task(timestamp: int) -> None:
        shared.follow()
        run(job, now=clock.now())

    return task


def run(job: Periodic, *, now: datetime) -> None:
    """Do a job, unless it is being done."""
    # A lock of the session, so that a worker that was killed never leaves a job locked.
    if db.fetch_value("SELECT pg_try_advisory_lock(hashtext(%s))", [job.name]):
        try:
            _act(job, now)
        finally:
            db.execute("SELECT pg_advisory_unlock(hashtext(%s))", [job.name])


def _act(job: Periodic, now: datetime) -> None:
    """Do it, and let it be seen how long it took and how it ended."""
    started, outcome = time.monotonic(), "failed"
    try:
        with context.begun(job=job.name, request=context.request_id()):
            try:
                with walls.acting_as(job.role) if job.role else nullcontext():
                    import_string(job.act)(now=now)
            except Exception:
                meters.EXCEPTIONS.labels("jobs").inc()
                raise  # the worker says it to the log
        outcome = "done"
        meters.JOB_LAST.labels(job.name).set_to_current_time()
    finally:
        meters.JOBS.labels(job.name, outcome).observe(time.monotonic() - started)
