"""The dock: when a node takes deliveries, and the slots that shipments book, move, give back, keep and miss."""

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q

from entrepot.domain.inbound import docks, lateness, trail
from entrepot.domain.inbound.docks import Hours, Slot
from entrepot.domain.inbound.models import DockHours, DockSlot, Shipment
from entrepot.domain.inbound.trail import Happened
from entrepot.domain.logistics import queries as logistics
from entrepot.domain.logistics.models import Node
from entrepot.domain.logistics.queries import NodeView
from entrepot.domain.logistics.rules import start_of_day
from entrepot.kernel import audit, ids
from entrepot.kernel.actors import SYSTEM, Actor
from entrepot.kernel.errors import NotFound, Refused

#: States in which a slot's place is given away.
TAKEN = ("booked", "kept", "late")
#: States of a shipment in which it may have a time at the dock.
BOOKABLE = ("announced", "in_transit")
#: Free times that a refusal names.
NAMED = 3


@transaction.atomic
def set_hours(*, node_id: UUID, hours: Hours, actor: Actor, reason: str, now: datetime) -> DockHours:
    """Let a node take deliveries at these hours from today on; slots that are booked stand.

    Raises: NotFound for a node that the actor does not run, Invalid naming the field.
    """
    node = Node.objects.select_for_update(no_key=True).filter(id=node_id, archived_at__isnull=True).first()
    if node is None or not actor.reaches("stock.receive", node.operator_id):
        raise NotFound(kind="node")
    docks.check(hours)
    today = now.astimezone(ZoneInfo(node.time_zone)).date()
    DockHours.objects.filter(
        Q(valid_until__isnull=True) | Q(valid_until__gt=today), node=node, valid_from__lte=today
    ).update(valid_until=today)
    values = {name: getattr(hours, name) for name in Hours.__dataclass_fields__}
    row = DockHours.objects.create(id=ids.new_id(now), created_at=now, node=node, valid_from=today, **values)
    audit.record(
        actor=actor,
        verb="stock.receive",
        subject_kind="dock_hours",
        subject_id=row.id,
        now=now,
        reason=audit.require_reason(reason),
        after={name: value if value is None else str(value) for name, value in values.items()},
    )
    return row


@transaction.atomic
def book(*, shipment: Shipment, starts_at: datetime, actor: Actor, now: datetime) -> DockSlot:
    """Give a locked shipment this time at the dock; a time that it had before is free again.

    Raises: Refused: the shipment is not on its way, the node gives no slots, or that time is taken; it then names the
    next that are free.
    """
    if shipment.state not in BOOKABLE:
        raise Refused(
            "inbound.wrong_state",
            "{number} is at another stage: this cannot be done with it now.",
            number=shipment.number,
            state=shipment.state,
            act="book",
        )
    # The node's row is the lock of its dock: whoever books at it comes after.
    Node.objects.select_for_update(no_key=True).get(id=shipment.node_id)
    node = logistics.list_nodes([shipment.node_id])[shipment.node_id]
    zone = ZoneInfo(node.time_zone)
    day, today = (at.astimezone(zone).date() for at in (starts_at, now))
    hours = hours_of(node.id, on=max(day, today))
    if hours is None:
        raise Refused("inbound.no_dock_hours", "{node} gives no slots: it takes what comes.", node=node.name)
    before = DockSlot.objects.filter(shipment=shipment, state="booked").first()
    if before is not None and before.starts_at == starts_at:
        return before
    own = {before.starts_at} if before else set()
    chosen = [slot for slot in _free_on(node, day, hours, now, leaving=own) if slot.starts_at == starts_at]
    if not chosen:
        following = free_slots(node.id, since=day, now=now, limit=NAMED, not_before=starts_at)
        following = following or free_slots(node.id, since=today, now=now, limit=NAMED)
        raise Refused(
            "inbound.slot_taken",
            "That time is not free at {node}. Free are: {free}.",
            field="starts_at",
            node=node.name,
            free=", ".join(f"{each.starts_at.astimezone(zone):%Y-%m-%d %H:%M}" for each in following) or "–",
        )
    if before is not None:
        _end([before], "moved", now)
    places = DockSlot.objects.filter(node_id=node.id, starts_at=starts_at, state__in=TAKEN)
    place = docks.lowest_place(set(places.values_list("place", flat=True)))
    slot = DockSlot.objects.create(
        id=ids.new_id(now),
        created_at=now,
        shipment=shipment,
        node_id=node.id,
        starts_at=starts_at,
        ends_at=chosen[0].ends_at,
        place=place,
        booked_by=actor.label,
    )
    kind = "slot_moved" if before else "slot_booked"
    data = {"starts_at": starts_at.isoformat(), "zone": node.time_zone}
    trail.append([Happened(kind, shipment=shipment, data=data)], actor=actor, now=now)
    return slot


@transaction.atomic
def give_back(*, shipment: Shipment, actor: Actor, now: datetime) -> DockSlot:
    """Free the time of a locked shipment for others. Raises: Refused where it has none."""
    slot = DockSlot.objects.filter(shipment=shipment, state="booked").first()
    if slot is None:
        raise Refused("inbound.no_slot", "{number} has no slot at the dock.", number=shipment.number)
    _end([slot], "given_back", now)
    data = {"starts_at": slot.starts_at.isoformat(), "zone": shipment.node.time_zone}
    trail.append([Happened("slot_given_back", shipment=shipment, data=data)], actor=actor, now=now)
    return slot


def let_in(shipment: Shipment, *, without_slot: bool, now: datetime) -> str:
    """What the arrival of a locked shipment makes of its slot: kept, late, missed, none; blank where none is needed.

    Raises: Refused where the node lets in only who has a slot, unless whoever runs it says otherwise.
    """
    node_day = now.astimezone(ZoneInfo(shipment.node.time_zone)).date()
    hours = hours_of(shipment.node_id, on=node_day)
    slot = DockSlot.objects.filter(shipment=shipment).exclude(state__in=["moved", "given_back"]).order_by("-id").first()
    if slot is None:
        if hours is not None and hours.is_required and not without_slot:
            raise Refused(
                "inbound.slot_needed",
                "{number} has no slot at this dock, which lets nobody in without one.",
                field="without_slot",
                number=shipment.number,
            )
        return "none" if hours is not None and hours.is_required else ""
    if slot.state != "booked":
        return slot.state
    outcome = docks.arrival(slot.starts_at, hours.grace_minutes if hours else 0, now)
    _end([slot], outcome, now)
    if outcome == "late":
        lateness.record_slots([slot], now=now)
    return outcome


def drop(shipments: Collection[Shipment], now: datetime) -> None:
    """Free what shipments had booked that do not come any more."""
    _end(list(DockSlot.objects.filter(shipment__in=shipments, state="booked")), "given_back", now)


@transaction.atomic
def mark_missed(*, now: datetime, limit: int = 1000) -> int:
    """Write down which slots passed without their shipment, once the grace is over; how many. Their places are free."""
    rows = DockSlot.objects.select_related("shipment__node", "shipment__enrolment")
    rows = rows.select_for_update(of=("self",), no_key=True, skip_locked=True)
    past = list(rows.filter(state="booked", ends_at__lt=now).order_by("id")[:limit])
    hours = {
        each.node_id: each
        for each in DockHours.objects.filter(node_id__in={slot.node_id for slot in past}, valid_until__isnull=True)
    }
    grace = {node_id: timedelta(minutes=each.grace_minutes) for node_id, each in hours.items()}
    found = [slot for slot in past if slot.ends_at + grace.get(slot.node_id, timedelta(0)) < now]
    _end(found, "missed", now)
    lateness.record_slots(found, now=now)
    trail.append(
        [
            Happened(
                "slot_missed",
                shipment=slot.shipment,
                party="seller",
                data={"starts_at": slot.starts_at.isoformat(), "zone": slot.shipment.node.time_zone},
            )
            for slot in found
        ],
        actor=SYSTEM,
        now=now,
    )
    for slot in found:
        trail.tell_of_shipment("slot_missed", slot.shipment, now)
    return len(found)


# reads


def hours_of(node_id: UUID, *, on: date) -> Hours | None:
    """When a node takes deliveries on a day; None where it takes what comes."""
    row = DockHours.objects.filter(
        Q(valid_until__isnull=True) | Q(valid_until__gt=on), node_id=node_id, valid_from__lte=on
    ).first()
    return Hours(**{name: getattr(row, name) for name in Hours.__dataclass_fields__}) if row else None


def free_slots(
    node_id: UUID, *, since: date, now: datetime, limit: int = 40, not_before: datetime | None = None
) -> list[Slot]:
    """The next times at a node's dock that still take a vehicle, by the hours in force on the first of the days."""
    node = logistics.list_nodes([node_id])[node_id]
    hours = hours_of(node_id, on=since)
    if hours is None:
        return []
    zone = ZoneInfo(node.time_zone)
    taken = _taken(node_id, start_of_day(since, zone), start_of_day(since + timedelta(days=docks.AHEAD_DAYS), zone))
    found: list[Slot] = []
    for day in docks.working_days(since, docks.AHEAD_DAYS, weekdays=node.working_days, closures=node.days_off):
        on_day = {start: units for start, units in taken.items() if start.astimezone(zone).date() == day}
        slots = docks.free(hours, day, on_day, zone=zone, now=now)
        found += [slot for slot in slots if not_before is None or slot.starts_at >= not_before]
        if len(found) >= limit:
            break
    return found[:limit]


def slot_of(shipment_id: UUID) -> DockSlot | None:
    """The live slot of a shipment, else the last that it kept, was late for or missed."""
    rows = DockSlot.objects.filter(shipment_id=shipment_id).exclude(state__in=["moved", "given_back"])
    return rows.order_by("-id").first()


def list_day(node_id: UUID, day: date, *, zone: ZoneInfo) -> list[DockSlot]:
    """What is booked, kept, late and missed at a node on a local day, by time and place."""
    rows = DockSlot.objects.select_related("shipment__seller__organisation").filter(
        node_id=node_id,
        starts_at__gte=start_of_day(day, zone),
        starts_at__lt=start_of_day(day + timedelta(days=1), zone),
    )
    return list(rows.exclude(state__in=["moved", "given_back"]).order_by("starts_at", "place", "id"))


def _free_on(
    node: NodeView, day: date, hours: Hours, now: datetime, *, leaving: Collection[datetime] = ()
) -> list[Slot]:
    """The free slots of one day, as if the times of `leaving` were given back already."""
    if not list(docks.working_days(day, 1, weekdays=node.working_days, closures=node.days_off)):
        return []
    zone = ZoneInfo(node.time_zone)
    if day > (now.astimezone(zone) + timedelta(days=docks.AHEAD_DAYS)).date():
        return []
    taken = dict(_taken(node.id, start_of_day(day, zone), start_of_day(day + timedelta(days=1), zone)))
    for start in leaving:
        if start in taken:
            taken[start] -= 1
    return docks.free(hours, day, taken, zone=zone, now=now)


def _taken(node_id: UUID, since: datetime, until: datetime) -> Mapping[datetime, int]:
    """Start -> vehicles that have that time."""
    counts: dict[datetime, int] = {}
    rows = DockSlot.objects.filter(node_id=node_id, starts_at__gte=since, starts_at__lt=until, state__in=TAKEN)
    for start in rows.values_list("starts_at", flat=True):
        counts[start.astimezone(UTC)] = counts.get(start.astimezone(UTC), 0) + 1
    return counts


def _end(slots: Collection[DockSlot], state: str, now: datetime) -> None:
    for slot in slots:
        slot.state, slot.ended_at = state, now
    DockSlot.objects.bulk_update(slots, ["state", "ended_at"])
