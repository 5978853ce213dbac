"""When a parcel is due to leave, and how late it is."""

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from entrepot.kernel.errors import Invalid

#: A node that rests longer than this works no more; the search for its next working day ends here.
REST_MAX_DAYS = 366


class NoWorkingDay(Invalid):
    """The calendar leaves no day on which anything could be done."""

    code = "logistics.no_working_day"
    message = "The calendar has no working day in the {days} days after {after}."


def due_at(
    now: datetime,
    handling_days: int,
    *,
    time_zone: str,
    working_days: Collection[int],
    cut_off: time,
    closures: Collection[date] = (),
) -> datetime:
    """The instant by which an order of `now` must have left: the end of the last handling day where the node stands.

    An order counts on the day it comes in if that is a working day and not after the cut-off, else on the next working
    day; the handling days follow. The end of a local day is the first instant of the next, whatever the clocks do.
    Raises: NoWorkingDay.
    """
    zone = ZoneInfo(time_zone)
    local = now.astimezone(zone)
    day = local.date()
    if local.time() > cut_off or not _works(day, working_days, closures):
        day = next_working_day(day, working_days, closures)
    for _ in range(handling_days):
        day = next_working_day(day, working_days, closures)
    return start_of_day(day + timedelta(days=1), zone)


def next_working_day(day: date, working_days: Collection[int], closures: Collection[date] = ()) -> date:
    """The first working day after the day. Raises: NoWorkingDay."""
    for offset in range(1, REST_MAX_DAYS + 1):
        following = day + timedelta(days=offset)
        if _works(following, working_days, closures):
            return following
    raise NoWorkingDay(days=REST_MAX_DAYS, after=day.isoformat())


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local day in UTC, also where clocks jump over midnight."""
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


@lru_cache(maxsize=4096)
def last_day(ship_by: datetime, *, time_zone: str) -> date:
    """The day of a deadline in a time zone: one that is the end of a day belongs to that day."""
    return (ship_by - timedelta(microseconds=1)).astimezone(ZoneInfo(time_zone)).date()


def lateness(due: datetime, done: datetime) -> timedelta:
    """How much later than due; zero where it was in time. A deadline is met up to its own instant."""
    return max(done - due, timedelta(0))


def _works(day: date, working_days: Collection[int], closures: Collection[date]) -> bool:
    return day.isoweekday() in working_days and day not in closures
