"""How a promise fares: what is known of its parts, when the whole is done by that, and whose part made it late. Pure.

A part ends where the next one begins. What carriers scanned says of each part the earliest and the latest day on which
it can have ended; where both are one day, that is known. Lateness is followed along the way: how many days later the
last part ends because this one ended when it did, with the cut-offs, the departures and the days of work of the legs
that follow.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

from entrepot.domain.logistics.lanes import Leg

#: A carrier that scans a parcel this soon after it was said to be handed over confirms it.
SOON = timedelta(hours=24)
#: The days that are looked ahead for a departure or a day of work.
LOOKED_AHEAD = 400
#: The task of the part before the first leg.
DISPATCH = "packaging_and_label"
#: Kinds of scans that show nothing of where a parcel is.
BLIND = ("label_made", "exception", "lost")


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a promise. `leg` is the lane's; None where it is not known any more, and for the dispatch.

    `holidays` are those of the leg's country.
    """

    name: str
    task: str
    party: str
    due_on: date
    leg: Leg | None = None
    holidays: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True)
class Sighting:
    """A carrier's scan of a parcel."""

    id: UUID
    kind: str
    at: datetime
    place: str = ""


@dataclass(frozen=True, slots=True)
class Journey:
    """What is known of one parcel: when it was handed over, when it arrived, and what carriers saw, oldest first.

    Nothing was handed over where `left_at` is None. Days count where goods leave (`home`) and where they go (`there`).
    Where goods had to be brought first, that is the first part, and `came_on` when they stood ready, or will.
    """

    left_at: datetime | None
    arrived_at: datetime | None
    seen: Sequence[Sighting]
    home: ZoneInfo
    there: ZoneInfo
    came_on: date | None = None
    came_at: datetime | None = None


@dataclass(slots=True)
class Known:
    """Of one part: the first and last day on which it can have ended, and the instant and scan that show the end.

    `hour` is when on its day it ended, by the clock there, where a scan says so.
    """

    first: date
    last: date | None = None
    at: datetime | None = None
    shown_by: UUID | None = None
    hour: time | None = None

    @property
    def is_exact(self) -> bool:
        """Whether the day is known on which it ended."""
        return self.first == self.last


@dataclass(frozen=True, slots=True)
class Share:
    """Days of a delay that one part caused, or several together where nobody saw the goods pass between them."""

    first: int
    last: int
    days: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """How a promise fares: the day of the end, as it was or as it is expected, and the shares of its lateness.

    The shares sum to `late_days`.
    """

    ends_on: date
    late_days: int
    known: Sequence[Known]
    shares: Sequence[Share]
    is_over: bool


def judge(parts: Sequence[Part], journey: Journey, today: date) -> Judgement:
    """How a promise fares by what is known on a day at its destination."""
    known = _known(parts, journey, today)
    due = parts[-1].due_on
    ends_on = known[-1].last or _expected(parts, known)
    left = late = max((ends_on - due).days, 0)
    shares: list[Share] = []
    before, begin = due, 0
    while begin < len(parts) and left:
        end = next((at for at in range(begin, len(parts)) if known[at].is_exact), len(parts) - 1)
        after = ends_on if end == len(parts) - 1 else onward(parts, end, known[end].first, known[end].hour)
        mine = min(max((after - before).days, 0), left)
        shares += _divide(parts, known, begin, end, before, after, mine)
        left -= mine
        before, begin = after, end + 1
    return Judgement(ends_on, late, known, shares, journey.arrived_at is not None)


def onward(parts: Sequence[Part], place: int, day: date, hour: time | None = None) -> date:
    """When the last part ends if this one ends then and the others take what they were promised to take."""
    for at in range(place, len(parts) - 1):
        due = _counts_on(parts, at, parts[at].due_on, None)
        day = _next(due, parts[at + 1], _counts_on(parts, at, day, hour))
        hour = None
    return day


def _counts_on(parts: Sequence[Part], place: int, day: date, hour: time | None) -> date:
    """The day on which what a part hands over at an hour counts as come: a day later after the next leg's cut-off.

    The dispatch has until the end of its day, and is promised so; of legs it is taken that they keep to the next one's.
    """
    leg = parts[place + 1].leg
    if leg is None or leg.cut_off is None:
        return day
    hour = hour or (time.max if parts[place].task == DISPATCH else time.min)
    return day + timedelta(days=hour > leg.cut_off)


def _next(planned: date, part: Part, day: date) -> date:
    """When a part ends that was to begin on the planned day and begins on this one.

    Begun later, it leaves with the next departure and moves as many days of work as it was given.
    """
    if day <= planned or part.leg is None:
        return part.due_on + (day - planned)
    closed = part.leg.closed | part.holidays
    span = [planned + timedelta(days=each) for each in range(LOOKED_AHEAD + (part.due_on - planned).days)]
    leaves = [each for each in span if each.isoweekday() in part.leg.departs and each not in closed]
    moves = [each for each in span if each.isoweekday() in part.leg.moves and each not in closed]
    late = bisect_left(leaves, day)
    if late == len(leaves):
        return part.due_on + (day - planned)
    worked = max(bisect_right(moves, part.due_on) - bisect_right(moves, leaves[0]), 0)
    at = bisect_right(moves, leaves[late]) + worked - 1
    ends = leaves[late] if not worked else moves[min(at, len(moves) - 1)]
    return max(ends, part.due_on)


def _divide(
    parts: Sequence[Part], known: Sequence[Known], begin: int, end: int, before: date, after: date, days: int
) -> list[Share]:
    """A stretch's days among its parts: to each what it took even in the most favourable reading, the rest to all."""
    found, left, latest = [], days, before
    for place in range(begin, end + 1):
        ends = after if place == end else onward(parts, place, known[place].first, known[place].hour)
        mine = min(max((ends - latest).days, 0), left)
        if mine:
            found.append(Share(place, place, mine))
            left -= mine
        last = known[place].last
        if last is None:
            break
        latest = onward(parts, place, last, known[place].hour)
    return [*found, Share(begin, end, left)] if left else found


def _expected(parts: Sequence[Part], known: Sequence[Known]) -> date:
    """When it will be done if all that is not known goes as it was promised: never before what is known allows."""
    begun = [place for place, each in enumerate(known) if each.last is not None]
    ends = [onward(parts, begun[-1], known[begun[-1]].first, known[begun[-1]].hour)] if begun else []
    ends += [onward(parts, place, each.first) for place, each in enumerate(known) if each.last is None]
    return max(ends)


def _known(parts: Sequence[Part], journey: Journey, today: date) -> list[Known]:
    """The bounds of every part's end, the earlier ones no later than those after them."""
    known = [Known(date.min) for _ in parts]
    last, head, due = len(parts) - 1, 0, parts[0].due_on
    if journey.came_on is not None:
        # Brought early, the goods wait: the work is due when it was.
        day = max(journey.came_on, parts[0].due_on)
        known[0], head, due = Known(day, day, journey.came_at), 1, onward(parts[:2], 0, day)
    if journey.left_at is None:
        known[head].first = max(today, due)
        known[head].last = known[head].first
        for each in known[head + 1 :]:
            each.first = known[head].first
        return known
    seen = [each for each in journey.seen if each.kind not in BLIND]
    _see_dispatch(known, head, journey, seen)
    for place in range(head + 1, last):
        _see_end(known, place, parts, journey, seen)
    if journey.arrived_at is not None:
        day = journey.arrived_at.astimezone(journey.there).date()
        scan = next((each for each in reversed(seen) if each.kind == "delivered"), None)
        known[last] = Known(day, day, journey.arrived_at, scan.id if scan else None)
    else:
        known[last].first = today
    for place, each in enumerate(known):
        each.hour = _hour(each, journey.home if place <= head else journey.there)
    for before, each in pairwise(known):
        each.first = max(each.first, before.first)
    for each, before in pairwise(reversed(known[head:])):
        if each.last is not None:
            before.last = min(before.last or each.last, each.last)
            before.first = min(before.first, before.last)
    return known


def _hour(known: Known, zone: ZoneInfo) -> time | None:
    """When on its day a part ended of which that is known."""
    return known.at.astimezone(zone).time() if known.at is not None and known.is_exact else None


def _see_dispatch(known: list[Known], head: int, journey: Journey, seen: Sequence[Sighting]) -> None:
    """Handed over when it was said to be, where a carrier's scan confirms it or there is none; else by the scan."""
    assert journey.left_at is not None
    said = journey.left_at.astimezone(journey.home).date()
    first = next(iter(seen), None)
    if first is None or first.kind == "delivered" or first.at <= journey.left_at + SOON:
        known[head] = Known(said, said, journey.left_at)
        return
    day = first.at.astimezone(journey.home).date()
    is_taken_over = first.kind == "handed_over"
    known[head] = Known(day if is_taken_over else said, day, first.at, first.id)


def _see_end(known: list[Known], place: int, parts: Sequence[Part], journey: Journey, seen: Sequence[Sighting]) -> None:
    """A part between the dispatch and the door ends with the first scan that only what follows can have."""
    following, leg = parts[place + 1], parts[place].leg
    shown: Sighting | None = None
    if parts[place].task == "customs":
        at = [number for number, each in enumerate(seen) if each.kind == "customs"]
        known[place].first = seen[at[-1]].at.astimezone(journey.there).date() if at else date.min
        after = seen[at[-1] + 1 :] if at else ()
        shown = next((each for each in after if each.kind in ("in_transit", "out_for_delivery")), None)
    elif following.task == "customs":
        shown = next((each for each in seen if each.kind == "customs"), None)
    elif leg is not None:
        shown = _seen_leaving(leg, seen)
    if shown is None:
        shown = _seen_at(parts, place, seen)
    if shown is not None:
        day = shown.at.astimezone(journey.there).date()
        known[place] = Known(day, day, shown.at, shown.id)
        return
    out = next((each for each in seen if each.kind == "out_for_delivery"), None)
    if out is not None:
        known[place].last = out.at.astimezone(journey.there).date()
        known[place].at, known[place].shown_by = out.at, out.id


def _seen_leaving(leg: Leg, seen: Sequence[Sighting]) -> Sighting | None:
    """Handling on the spot ends when its carrier hands over there: not by the scan that says that goods were taken."""
    if not leg.end or leg.start != leg.end:
        return None
    return next((each for each in seen[1:] if each.kind == "handed_over" and _is_at(each, leg.end)), None)


def _is_at(sighting: Sighting, place: str) -> bool:
    return sighting.place.casefold().startswith(place.casefold())


def _seen_at(parts: Sequence[Part], place: int, seen: Sequence[Sighting]) -> Sighting | None:
    """The first scan at the place where this leg and none before it ends."""
    legs = [each.leg for each in parts[: place + 1]]
    leg = legs[-1]
    if leg is None or not leg.end or leg.start == leg.end:
        return None
    if any(each is not None and leg.end in (each.start, each.end) for each in legs[:-1]):
        return None
    return next((each for each in seen if _is_at(each, leg.end)), None)
