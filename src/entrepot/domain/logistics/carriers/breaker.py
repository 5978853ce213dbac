"""When a carrier that does not answer is left alone. Pure."""

from datetime import datetime, timedelta

#: So many calls in a row without an answer, and it rests.
FAILURES_MAX = 3
REST = timedelta(minutes=1)
REST_MAX = timedelta(hours=1)


def rest(failures: int) -> timedelta:
    """How long it rests after so many unanswered calls in a row: a minute, doubled each time, an hour at most."""
    if failures < FAILURES_MAX:
        return timedelta(0)
    return min(REST * 2 ** min(failures - FAILURES_MAX, 12), REST_MAX)


def is_resting(resting_until: datetime | None, now: datetime) -> bool:
    """Whether it is not asked now. When its time is over one call is let through, and its answer decides."""
    return resting_until is not None and now < resting_until
