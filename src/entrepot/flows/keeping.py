"""Promises kept and missed: each part of a suborder's promise against what carriers scanned, and who answers for it.

Looked at with every scan, and every hour while it runs: a parcel that nobody sees is late all the same.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction

from entrepot.domain.logistics import holidays, publishing
from entrepot.domain.logistics.keeping import Journey, Judgement, Part, judge
from entrepot.domain.logistics.lanes import Holidays, Lane
from entrepot.domain.logistics.rules import last_day, start_of_day
from entrepot.domain.logistics.ways import Way
from entrepot.domain.orders import promises
from entrepot.domain.orders.promises import Judged, NewPart, Running
from entrepot.domain.terms import queries as terms
from entrepot.domain.terms.rules import Party, Task, Terms
from entrepot.kernel.kept import asked_once, kept

#: What is done before the first leg: packed, labelled and handed over.
DISPATCH = "dispatch"
DAY = timedelta(days=1)


@asked_once()
@transaction.atomic
def judge_promises(*, suborder_ids: Collection[UUID], now: datetime) -> None:
    """Look at the promises of these suborders and keep what becomes of them, part by part."""
    if not suborder_ids:
        return
    promises.lock(suborder_ids=suborder_ids, now=now)
    running = promises.read_running(suborder_ids=suborder_ids)
    agreed = terms.get_terms({each.terms_id for each in running})
    judged = [found for each in running if (found := _judged(each, _calendars(), agreed[each.terms_id], now))]
    promises.record(judged=judged, gone=set(suborder_ids) - {each.suborder_id for each in judged}, now=now)


def answering(agreed: Terms, task: str, party: str) -> str:
    """Who answers by the terms where a party did a task late: for late work and for a missed promise alike."""
    return agreed.answers_late(Task(task), Party(party)).value


def watch(*, now: datetime, limit: int = 2000) -> int:
    """Look at promises that run and that no scan made anybody look at for a while; how many."""
    stale = promises.list_stale(now=now, limit=limit)
    judge_promises(suborder_ids=stale, now=now)
    return len(stale)


@dataclass(frozen=True, slots=True)
class Calendars:
    """The lanes as they were ever published, and the holidays."""

    ways: Sequence[Way]
    holidays: Holidays


@kept("freight", states=1)
def _calendars() -> Calendars:
    return Calendars(publishing.list_lanes(), holidays.calendar())


def _judged(each: Running, calendars: Calendars, agreed: Terms, now: datetime) -> Judged | None:
    """By the parcel that comes last, or by what has not left at all; None where nothing is on its way any more."""
    home, there = ZoneInfo(each.home_zone), ZoneInfo(each.there_zone)
    parts = _parts(each, calendars)
    today = now.astimezone(there).date()
    came_on = _came_on(each, home, today)
    journeys: list[tuple[UUID | None, Journey]] = [
        (sent.id, Journey(sent.left_at, sent.arrived_at, sent.seen, home, there, came_on, each.goods_came_at))
        for sent in each.parcels
    ]
    if each.to_ship:
        journeys.append((None, Journey(None, None, (), home, there, came_on, each.goods_came_at)))
    if not journeys:
        return None
    judgements = [(parcel_id, judge(parts, journey, today)) for parcel_id, journey in journeys]
    is_over = all(judgement.is_over for _, judgement in judgements)
    parcel_id, last = max(judgements, key=lambda pair: (pair[1].ends_on, not pair[1].is_over))
    state = "open" if not is_over else "missed" if last.late_days else "kept"
    return Judged(each.id, state, last.ends_on, last.late_days, parcel_id, _kept(each, parts, last, agreed, there))


def _came_on(each: Running, home: ZoneInfo, today: date) -> date | None:
    """When the goods of a suborder that waited for a shipment stood ready, or will; None where they were there."""
    if each.awaited_on is None:
        return None
    return each.goods_came_at.astimezone(home).date() if each.goods_came_at else max(each.awaited_on, today)


def _parts(each: Running, calendars: Calendars) -> list[Part]:
    """The parts as they were promised; legs by the lane as it was published on the day of the order."""
    lane = _lane(each.lane_code, calendars.ways, each.placed_at.date())
    legs = {leg.code: leg for leg in lane.legs} if lane else {}
    said = each.segments or (
        {"leg": DISPATCH, "task": Task.PACKAGING_AND_LABEL, "party": each.performer_party,
         "done_by": last_day(each.ship_by, time_zone=each.home_zone).isoformat()},
        {"leg": "last mile", "task": Task.LAST_MILE, "party": each.performer_party,
         "done_by": each.promised_until.isoformat()},
    )  # fmt: skip
    parts = []
    for place, segment in enumerate(said):
        leg = legs.get(segment["leg"]) if place > (each.awaited_on is not None) else None
        days = frozenset(calendars.holidays.get(leg.country, ())) if leg else frozenset()
        done_by = date.fromisoformat(segment["done_by"])
        parts.append(Part(segment["leg"], segment["task"], segment["party"], done_by, leg, days))
    return parts


def _lane(code: str, ways: Sequence[Way], on: date) -> Lane | None:
    return next(
        (way.lane for way in ways if way.lane.code == code and way.valid_from <= on
         and (way.valid_until is None or on < way.valid_until)),
        None,
    )  # fmt: skip


def _kept(each: Running, parts: Sequence[Part], judgement: Judgement, agreed: Terms, there: ZoneInfo) -> list[NewPart]:
    """A row a part, and one for each stretch in which nobody saw whose part it was."""
    days: Mapping[tuple[int, int], int] = {(share.first, share.last): share.days for share in judgement.shares}
    liable = [answering(agreed, part.task, part.party) for part in parts]

    def row(first: int, last: int) -> NewPart:
        stretch, known = parts[first : last + 1], judgement.known[last]
        parties, answering = {part.party for part in stretch}, set(liable[first : last + 1])
        due = ship_by if last == head else _due_at(parts, last, home if last < head else there)
        is_known = known.last is not None and known.at is not None
        return NewPart(
            first, last, " – ".join(dict.fromkeys((parts[first].name, parts[last].name))),
            parts[last].task, parties.pop() if len(parties) == 1 else "",
            answering.pop() if len(answering) == 1 else "", parts[last].due_on, due,
            known.first if is_known or first == last else None, known.last if is_known else None,
            known.at if is_known else None, known.shown_by if is_known else None, days.get((first, last), 0),
        )  # fmt: skip

    ship_by, home, head = each.ship_by, ZoneInfo(each.home_zone), int(each.awaited_on is not None)
    singles = [row(place, place) for place in range(len(parts))]
    return [*singles, *(row(first, last) for first, last in days if last > first)]


def _due_at(parts: Sequence[Part], place: int, there: ZoneInfo) -> datetime:
    """By when a leg has to be done: the end of its day, or the cut-off of the leg that follows."""
    following = parts[place + 1].leg if place + 1 < len(parts) else None
    if following is None or following.cut_off is None:
        return start_of_day(parts[place].due_on + DAY, there)
    return datetime.combine(parts[place].due_on, following.cut_off, tzinfo=there).astimezone(UTC)
