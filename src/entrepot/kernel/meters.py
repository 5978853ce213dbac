"""What is counted and timed while the marketplace runs, for whoever watches it.

Several web processes count into files of one folder, which PROMETHEUS_MULTIPROC_DIR names before this is imported; a
process by itself counts in memory. Where nobody asks, counting costs a microsecond and nothing else.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db.backends.signals import connection_created
from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

disable_created_metrics()  # when a series began: as many again, for nobody

#: Bounds of times. Units: seconds.
QUICK = (0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)
REQUEST = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
JOB = (0.05, 0.25, 1.0, 5.0, 30.0, 120.0, 600.0, 3600.0)
BATCH = (1, 2, 5, 10, 20, 50, 100, 200)

REQUESTS = Histogram(
    "entrepot_request_seconds",
    "Requests by route, method and status, and how long they took",
    ["surface", "route", "method", "status"],
    buckets=REQUEST,
)
COMMITS = Histogram(
    "entrepot_commit_seconds", "How long the database took to make a transaction durable", buckets=QUICK
)
ORDERS_INSIDE = Gauge(
    "entrepot_orders_inside", "Orders that wait for their batch or its answer", multiprocess_mode="livesum"
)
ORDERS_QUEUED = Gauge(
    "entrepot_orders_queued", "Orders that wait for a batch to take them", multiprocess_mode="livesum"
)
ORDERS_TURNED_AWAY = Counter("entrepot_orders_turned_away", "Orders that were told to come back, as too many waited")
BATCH_ORDERS = Histogram("entrepot_batch_orders", "Orders that one batch took", buckets=BATCH)
BATCH_OPENED = Histogram(
    "entrepot_batch_opened_seconds", "From taking a batch until its goods are held", buckets=REQUEST
)
BATCH_ANSWERED = Histogram("entrepot_batch_answered_seconds", "From taking a batch until its answers", buckets=REQUEST)
EXCEPTIONS = Counter("entrepot_exceptions", "Defects: what ended by an exception that nobody meant", ["where"])
JOBS = Histogram("entrepot_job_seconds", "Runs of each job and how long they took", ["job", "outcome"], buckets=JOB)
JOB_LAST = Gauge(
    "entrepot_job_last_run_timestamp_seconds", "When a job last ended well, by the machine's clock", ["job"]
)


@contextmanager
def timed(histogram: Any) -> Iterator[None]:
    """Observe how long something took, however it ended."""
    started = time.monotonic()
    try:
        yield
    finally:
        histogram.observe(time.monotonic() - started)


def _time_commits(sender: Any, connection: Any, **_more: Any) -> None:
    """Let a connection's commits be timed: no statement of ours, so that no wrapper of statements sees them."""
    commit: Callable[[], Any] = connection._commit
    if getattr(commit, "is_timed", False):
        return

    def timed_commit() -> Any:
        with timed(COMMITS):
            return commit()

    timed_commit.is_timed = True  # type: ignore[attr-defined]
    connection._commit = timed_commit


connection_created.connect(_time_commits, dispatch_uid="entrepot.kernel.meters")
