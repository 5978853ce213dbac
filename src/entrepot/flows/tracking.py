"""What is said of parcels that have left, and what of it counts.

A carrier's scan counts; whatever anybody else says of a parcel is kept as a claim and changes nothing.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from entrepot.domain.aftersales import services as aftersales
from entrepot.domain.logistics import parcels
from entrepot.domain.logistics import queries as logistics
from entrepot.domain.logistics.models import Node, Parcel
from entrepot.domain.logistics.parcels import LockedParcel, NewTracking
from entrepot.domain.orders import progress, work
from entrepot.domain.orders.progress import LockedLine, Step
from entrepot.domain.orders.rules import EventKind
from entrepot.domain.payments import queries as payment_reads
from entrepot.domain.payments.providers import Act
from entrepot.flows import deliveries, keeping, paying
from entrepot.flows.deliveries import LOST
from entrepot.kernel import outbox
from entrepot.kernel.actors import SYSTEM, Actor
from entrepot.kernel.crashing import crash_point
from entrepot.kernel.db import retried
from entrepot.kernel.errors import Denied

#: A refund whose answer is still missing after this long is asked for again.
REFUND_GRACE = timedelta(minutes=5)

DELIVERED = "delivered"


@dataclass(frozen=True, slots=True)
class Scan:
    """What somebody says of a parcel, named by its id or by carrier and tracking number; once for each key."""

    kind: str
    origin: str
    occurred_at: datetime
    event_key: str
    parcel_id: UUID | None = None
    carrier: str = ""
    tracking_number: str = ""
    place: str = ""
    note: str = ""


@dataclass(slots=True)
class Reading:
    """What a batch of scans came to so far."""

    outcomes: list[str] = field(default_factory=list)
    started: set[UUID] = field(default_factory=set)
    arrived: dict[UUID, datetime] = field(default_factory=dict)
    lost: set[UUID] = field(default_factory=set)
    scanned: set[UUID] = field(default_factory=set)


def record_tracking(*, events: Sequence[Scan], now: datetime, actor: Actor = SYSTEM) -> list[str]:
    """Keep what was said of parcels and let it count. What came of each, in order:

    `unknown` there is no such parcel (of the actor's), `too_early` it has not left yet, `known` was said before,
    `recorded` is kept, `delivered` and `lost` moved the parcel and its units.
    Raises: Denied where somebody else speaks for the carrier, Invalid for a kind or origin that there is not.
    """
    speaks_for_carrier = actor == SYSTEM or actor.verbs.get("work.perform") == "all"
    if not speaks_for_carrier and any(event.origin == "carrier" for event in events):
        raise Denied("fulfilment.not_the_carrier", "Only the carrier's word is a scan; record yours as a claim.")
    outcomes, refunds = retried(lambda: _record(events, actor, now))
    crash_point("tracking.committed")
    paying.carry_out(act=Act.REFUND, call_ids=refunds, now=now)
    return outcomes


def sweep_refunds(*, now: datetime, limit: int = 500) -> int:
    """Ask for refunds of lost parcels that are still to be asked for or unanswered; how many are done by it."""
    waiting = payment_reads.list_open_calls(act=Act.REFUND, before=now - REFUND_GRACE, reason=LOST, limit=limit)
    return len(paying.carry_out(act=Act.REFUND, call_ids=waiting, now=now))


def told(topic: str, parcel: LockedParcel, order_id: UUID) -> outbox.Event:
    """The outbox event of a parcel."""
    payload = {"order_id": str(order_id), "suborder_id": str(parcel.reference_id)}
    return outbox.Event(topic, "parcel", parcel.id, payload)


@transaction.atomic
def _record(events: Sequence[Scan], actor: Actor, now: datetime) -> tuple[list[str], list[UUID]]:
    """What the scans come to, in one transaction; the refunds that are about to be asked for."""
    named = _named(events, actor)
    ids = {parcel_id for parcel_id in named if parcel_id}
    contents = logistics.list_parcel_lines(parcel_ids=ids)
    lines = progress.lock_lines(line_ids={line.line_id for inside in contents.values() for line in inside})
    locked = parcels.lock_parcels(parcel_ids=ids)
    said = [
        (event, locked[parcel_id])
        for event, parcel_id in zip(events, named, strict=True)
        if parcel_id and not _is_early(locked[parcel_id])
    ]
    new = parcels.append_tracking(
        events=[
            NewTracking(parcel.id, each.kind, each.origin, each.occurred_at, each.event_key, each.place, each.note)
            for each, parcel in said
        ],
        now=now,
    )
    reading = Reading()
    for event, parcel_id in zip(events, named, strict=True):
        reading.outcomes.append(_read(event, locked[parcel_id] if parcel_id else None, new, reading, now))
    if reading.started:
        _start_returns([locked[key] for key in reading.started], now)
    if reading.arrived:
        parcels.arrive(rows=list(reading.arrived.items()))
        back = [locked[key].reference_id for key in reading.arrived if _is_return(locked[key])]
        outbox.append([outbox.Event("return.arrived", "return_case", case_id) for case_id in back], now=now)
    if reading.lost:
        parcels.lose(parcel_ids=reading.lost)
    ended = [locked[key] for key in (*reading.arrived, *reading.lost) if not _is_return(locked[key])]
    refunds = _end(ended, reading, lines, actor, now) if ended else []
    sent = {locked[key].reference_id for key in reading.scanned if not _is_return(locked[key])}
    keeping.judge_promises(suborder_ids=sent, now=now)
    if ended:
        crash_point("tracking.written")
    return reading.outcomes, refunds


def _named(events: Sequence[Scan], actor: Actor) -> list[UUID | None]:
    """The parcel that each event names, as far as the actor's organisation has to do with it."""
    found = logistics.find_parcels(
        ids={event.parcel_id for event in events if event.parcel_id},
        tracking={(event.carrier, event.tracking_number) for event in events if event.tracking_number},
    )
    if actor != SYSTEM:
        performers = {
            item.suborder_id: item.organisation_id
            for item in work.find_work(suborder_ids={parcel.reference_id for parcel in found})
        }
        nodes = Node.objects.in_bulk({parcel.node_id for parcel in found})
        found = [
            parcel
            for parcel in found
            if actor.reaches("work.perform", performers.get(parcel.reference_id, nodes[parcel.node_id].operator_id))
        ]
    by_id = {parcel.id for parcel in found}
    by_number = {(parcel.carrier, parcel.tracking_number): parcel.id for parcel in found if parcel.tracking_number}
    return [
        (event.parcel_id if event.parcel_id in by_id else None)
        if event.parcel_id
        else by_number.get((event.carrier, event.tracking_number))
        for event in events
    ]


def _is_return(parcel: LockedParcel) -> bool:
    return parcel.direction == Parcel.Direction.RETURN


def _is_early(parcel: LockedParcel) -> bool:
    """Whether nothing can be said of it yet: nobody hands a return over to us, its first scan says that it left."""
    return parcel.state == Parcel.State.PACKED and not _is_return(parcel)


def _read(event: Scan, parcel: LockedParcel | None, new: set[tuple[UUID, str]], reading: Reading, now: datetime) -> str:
    """What one scan came to, and what it does to its parcel: a carrier's word, once, of one that is on its way."""
    if parcel is None:
        return "unknown"
    if _is_early(parcel):
        return "too_early"
    if (parcel.id, event.event_key) not in new:
        return "known"
    new.discard((parcel.id, event.event_key))
    if event.origin != "carrier" or event.kind == "label_made":
        return "recorded"
    reading.scanned.add(parcel.id)
    if parcel.state == Parcel.State.PACKED:
        reading.started.add(parcel.id)
    is_underway = parcel.state in (Parcel.State.PACKED, Parcel.State.HANDED_OVER)
    if not is_underway or parcel.id in reading.arrived or parcel.id in reading.lost:
        return "recorded"
    if event.kind == DELIVERED:
        reading.arrived[parcel.id] = min(event.occurred_at, now)
        return DELIVERED
    if event.kind == LOST:
        reading.lost.add(parcel.id)
        return LOST
    return "recorded"


def _start_returns(started: Collection[LockedParcel], now: datetime) -> None:
    parcels.depart(parcel_ids=[parcel.id for parcel in started], now=now)
    aftersales.start_transit(case_ids=[parcel.reference_id for parcel in started])


def _end(
    ended: Sequence[LockedParcel], reading: Reading, lines: dict[UUID, LockedLine], actor: Actor, now: datetime
) -> list[UUID]:
    """The units, states, money and news of parcels that arrived or were lost."""
    progress.advance(
        steps=[
            Step(line_id, EventKind.DELIVERED if parcel.id in reading.arrived else EventKind.LOST, units,
                 {"parcel_id": str(parcel.id)}, reading.arrived.get(parcel.id))
            for parcel in ended
            for _, line_id, units, _ in parcel.lines
        ],
        actor=actor,
        now=now,
    )  # fmt: skip
    outbox.append(
        [
            told(f"parcel.{DELIVERED if parcel.id in reading.arrived else LOST}", parcel,
                 lines[parcel.lines[0][1]].order_id)
            for parcel in ended
        ],
        now=now,
    )  # fmt: skip
    return deliveries.end(ended=ended, arrived=reading.arrived, lines=lines, now=now)
