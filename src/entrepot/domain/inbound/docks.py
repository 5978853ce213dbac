"""Slots at a node's dock: which times there are, how many vehicles each still takes, who kept his. Pure.

Hours are those of the node's own clock on its working days. A time that the clocks jump over is no slot; of one that
they show twice the first counts.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from entrepot.kernel.errors import Invalid

#: No dock cuts its day finer or coarser, and no node takes more at once.
MINUTES = (5, 720)
AT_ONCE_MAX = 200
DAY_MAX = 5_000
GRACE_MAX = 720
#: How far ahead slots are given.
AHEAD_DAYS = 60


@dataclass(frozen=True, slots=True)
class Hours:
    """When a node takes deliveries. Units: minutes; `day_max` None is as many as the slots hold."""

    opens_at: time
    closes_at: time
    slot_minutes: int
    at_once: int
    day_max: int | None = None
    grace_minutes: int = 30
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class Slot:
    """A time at the dock, and how many vehicles it still takes."""

    starts_at: datetime
    ends_at: datetime
    left: int


def check(hours: Hours) -> None:
    """Refuse hours that hold nothing. Raises: Invalid naming the field."""
    least, most = MINUTES
    limits = {
        "slot_minutes": (hours.slot_minutes, least, most),
        "at_once": (hours.at_once, 1, AT_ONCE_MAX),
        "grace_minutes": (hours.grace_minutes, 0, GRACE_MAX),
        "day_max": (1 if hours.day_max is None else hours.day_max, 1, DAY_MAX),
    }
    for field, (value, low, high) in limits.items():
        if not low <= value <= high:
            raise Invalid("inbound.dock_range", "Give {least} to {most}.", field=field, least=low, most=high)
    if _minutes(hours.closes_at) - _minutes(hours.opens_at) < hours.slot_minutes:
        raise Invalid("inbound.dock_closed", "The dock is open for one slot at least.", field="closes_at")


def slots_of(hours: Hours, day: date, *, zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
    """The slots of a local day, in UTC; only whole ones."""
    found = []
    step = hours.slot_minutes
    for minute in range(_minutes(hours.opens_at), _minutes(hours.closes_at) - step + 1, step):
        local = datetime.combine(day, time(minute // 60, minute % 60), tzinfo=zone)
        start = local.astimezone(UTC)
        if start.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
            found.append((start, start + timedelta(minutes=step)))
    return found


def free(
    hours: Hours,
    day: date,
    taken: Mapping[datetime, int],
    *,
    zone: ZoneInfo,
    now: datetime,
) -> list[Slot]:
    """The slots of a day that still take a vehicle; none where the day is full. `taken` is of that day."""
    if hours.day_max is not None and sum(taken.values()) >= hours.day_max:
        return []
    found = [Slot(start, end, hours.at_once - taken.get(start, 0)) for start, end in slots_of(hours, day, zone=zone)]
    return [slot for slot in found if slot.left > 0 and slot.starts_at > now]


def working_days(
    since: date, days: int, *, weekdays: Collection[int], closures: Collection[date] = ()
) -> Iterator[date]:
    """The working days among so many days from one on."""
    for offset in range(days):
        day = since + timedelta(days=offset)
        if day.isoweekday() in weekdays and day not in closures:
            yield day


def lowest_place(taken: Collection[int]) -> int:
    """The lowest place of a slot that nobody has."""
    return next(place for place in range(1, len(taken) + 2) if place not in taken)


def arrival(starts_at: datetime, grace_minutes: int, arrived_at: datetime) -> str:
    """Whether who came kept the slot; being early is no lateness."""
    return "late" if arrived_at > starts_at + timedelta(minutes=grace_minutes) else "kept"


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute
