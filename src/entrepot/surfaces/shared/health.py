"""Whether this installation is alive, and whether it is ready to serve."""

from collections.abc import Callable
from datetime import timedelta

from django.db import DatabaseError
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache

from entrepot.kernel import clock, db, partitions, schema
from entrepot.surfaces.shared import draining, guards

#: A worker beats every few seconds; one that was silent for this long is taken for stopped.
SILENCE_SECONDS = 60


@guards.public
@never_cache
def alive(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "alive"})


@guards.public
@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """The database answers a role below its guards; the tables are this code's, with room for tomorrow; jobs run."""
    report: dict[str, str] = {}
    if draining.is_going_on():
        return JsonResponse({"status": "stopping"}, status=503)
    for name, check in CHECKS.items():
        try:
            report[name] = check()
        except DatabaseError:
            report[name] = "not reachable"
    is_ready = all(answer == "ok" for answer in report.values())
    return JsonResponse({"status": "ready" if is_ready else "not ready", **report}, status=200 if is_ready else 503)


def _database() -> str:
    schema.reach("default")
    return "ok"


def _migrations() -> str:
    missing = len(schema.unapplied("default"))
    return f"{missing} not applied" if missing else "ok"


def _jobs() -> str:
    seconds = db.fetch_value(
        "SELECT extract(epoch FROM now() - seen_at) FROM kernel_processheartbeat WHERE name = 'jobs'"
    )
    if seconds is None:
        return "never seen"
    return "ok" if seconds < SILENCE_SECONDS else f"silent for {seconds:.0f} s"


def _partitions() -> str:
    """What is written until tomorrow has its parts, by the clock that rows are written by."""
    now = clock.now()
    missing = partitions.missing(since=now, until=now + timedelta(days=1))
    return f"without {', '.join(missing[:3])}" if missing else "ok"


def _role() -> str:
    return schema.standing("default") or "ok"


CHECKS: dict[str, Callable[[], str]] = {
    "database": _database,
    "role": _role,
    "migrations": _migrations,
    "partitions": _partitions,
    "jobs": _jobs,
}
