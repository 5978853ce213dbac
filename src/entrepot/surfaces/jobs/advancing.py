"""The journey of a demonstration's clock: step by step, and at every step what the world does and what jobs are due.

Only the jobs of a demonstration know this. One that is stopped half-way goes on from where it was.
"""

import logging
from collections import Counter
from datetime import datetime, timedelta

from croniter import croniter

from entrepot.demonstration import clock as shared
from entrepot.demonstration import living
from entrepot.demonstration.models import Advance
from entrepot.domain.settlement.models import Statement
from entrepot.surfaces.jobs import schedule

logger = logging.getLogger(__name__)

#: What happens within it happens in one step.
STEP = timedelta(hours=1)


def advance(*, now: datetime) -> None:
    """Go where the clock was asked to go, if it was."""
    journey = Advance.objects.filter(state=Advance.State.OPEN).first()
    if journey is None:
        return
    try:
        happened = Counter(journey.happened)
        while journey.reached_at < journey.until_at:
            happened += _step(journey)
            journey.happened = dict(happened)
            journey.save(update_fields=["reached_at", "happened"])
        journey.state = Advance.State.DONE
    except Exception as problem:
        logger.exception("the clock stopped at %s on its way to %s", journey.reached_at, journey.until_at)
        journey.state, journey.failure = Advance.State.FAILED, f"{type(problem).__name__}: {problem}"[:300]
    journey.save(update_fields=["state", "failure"])


def _step(journey: Advance) -> Counter[str]:
    """Move to where something happens next, and let it."""
    since = journey.reached_at
    state = shared.follow(anew=True)
    if state is None:
        raise RuntimeError("this is no demonstration")
    next_moment = living.next_moment(state=state, since=since)
    now = shared.move_to(min(max(next_moment, since + STEP), journey.until_at))
    happened = living.live(state=state, since=since, now=now)
    for job in schedule.JOBS:
        if not job.is_demonstrations and _next_run(job.cron, since) <= now:
            schedule.run(job, now=now)
    happened["statements"] += Statement.objects.filter(created_at__gt=since, created_at__lte=now).count()
    journey.reached_at = now
    return happened


def _next_run(cron: str, since: datetime) -> datetime:
    found: datetime = croniter(cron, since).get_next(datetime)
    return found
