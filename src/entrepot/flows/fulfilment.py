"""From a placed order to the shopper's door: accept, pack, label, hand over.

Whoever performs the suborder acts; to everybody else its work does not exist. What is said of parcels afterwards is
read in `tracking`, what it does to their money in `deliveries`.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from entrepot.domain.accounts.models import Contact
from entrepot.domain.inventory import services as inventory
from entrepot.domain.logistics import bookings, doubts, labels, parcels
from entrepot.domain.logistics import queries as logistics
from entrepot.domain.logistics.models import Booking, Node, Parcel
from entrepot.domain.logistics.parcels import Departure, LockedParcel, NewParcel, NewTracking
from entrepot.domain.orders import progress, rules, work
from entrepot.domain.orders.progress import LockedLine, Moved, NewEvent, Step
from entrepot.domain.orders.rules import EventKind
from entrepot.domain.orders.work import Work
from entrepot.domain.payments import queries as payment_reads
from entrepot.domain.payments import services as payments
from entrepot.domain.payments.providers import Act
from entrepot.domain.payments.services import NewCall
from entrepot.domain.terms import queries as terms
from entrepot.domain.terms.rules import Capture, Task
from entrepot.flows import ahead, amending, keeping, paying, settling
from entrepot.flows.tracking import Scan, record_tracking, sweep_refunds, told
from entrepot.kernel import media, outbox
from entrepot.kernel.actors import SYSTEM, Actor
from entrepot.kernel.crashing import crash_point
from entrepot.kernel.db import retried
from entrepot.kernel.errors import Denied, NotFound, Refused
from entrepot.kernel.money import prorate

__all__ = [
    "AddressChanged", "Box", "HandedOver", "Handover", "Scan", "accept_work", "cancel_overdue", "hand_over",
    "label_pages", "make_label", "make_labels", "mark_late", "pack", "recapture", "record_tracking", "sweep_captures",
    "sweep_refunds", "unpack",
]  # fmt: skip

#: A capture whose answer is still missing after this long is asked for again.
CAPTURE_GRACE = timedelta(minutes=5)

#: Whoever ships is reminded so long before a deadline.
NEAR = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Box:
    """What is put into one parcel: (line, units) of one work item. `weight_g` where it was weighed."""

    work_item_id: UUID
    lines: Sequence[tuple[UUID, int]]
    weight_g: int | None = None


@dataclass(frozen=True, slots=True)
class Handover:
    """A packed parcel as it leaves. The carrier and service of the suborder where none is named."""

    parcel_id: UUID
    carrier: str = ""
    tracking_number: str = ""
    service: str = ""


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A parcel that left, and where the capture for it stands (None: captured at order)."""

    parcel_id: UUID
    capture_id: UUID | None
    is_captured: bool


class AddressChanged(Refused):
    """The label is of another address than the order."""

    code = "fulfilment.address_changed"
    message = "The address of parcel {number} has changed since its label was made; make a new label."


class BookedElsewhere(Refused):
    """The carrier was given another address than the order now has."""

    code = "fulfilment.booked_elsewhere"
    message = "The address of parcel {number} has changed since it was booked; cancel the booking and book it anew."


def accept_work(*, work_item_ids: Sequence[UUID], actor: Actor, now: datetime) -> None:
    """Take work on. Raises: NotFound for work of another organisation, Denied, ForbiddenTransition."""
    reachable(ids=work_item_ids, actor=actor)
    progress.accept_work(work_item_ids=work_item_ids, actor=actor, now=now)


@transaction.atomic
def pack(*, boxes: Sequence[Box], actor: Actor, now: datetime) -> list[Parcel]:
    """Put units into parcels, as many as it needs; work that was not accepted is by that.

    Raises: NotFound, Denied, BeyondQuantity for units that are not there to be packed.
    """
    works = reachable(ids={box.work_item_id for box in boxes}, actor=actor)
    wanted = [(works[box.work_item_id], _merged(box.lines), box) for box in boxes]
    lines = progress.lock_lines(line_ids={line_id for _, contents, _ in wanted for line_id in contents})
    _refuse_beyond(wanted, lines)
    unit_weights = work.unit_weights(line_ids=lines)
    made = parcels.pack(
        parcels=[
            NewParcel(
                reference_id=item.suborder_id,
                node_id=item.node_id,
                destination_id=item.ship_to_id,
                weight_g=box.weight_g if box.weight_g is not None
                else sum(unit_weights[line_id] * units for line_id, units in contents.items()),
                cost_currency=item.currency,
                carrier=item.carrier,
                service=item.service,
                lines=list(contents.items()),
            )
            for item, contents, box in wanted
        ],
        now=now,
    )  # fmt: skip
    if fresh := [item.id for item in works.values() if item.accepted_at is None]:
        progress.accept_work(work_item_ids=fresh, actor=actor, now=now)
    packed = [(parcel.id, item, contents) for parcel, (item, contents, _) in zip(made, wanted, strict=True)]
    _tell(EventKind.PACKED, packed, actor, now)
    progress.follow(suborder_ids={item.suborder_id for item in works.values()}, now=now)
    crash_point("pack.written")
    return made


@transaction.atomic
def unpack(*, parcel_ids: Collection[UUID], actor: Actor, now: datetime) -> None:
    """Take packed parcels apart; their units are to be packed again. Raises: NotFound, Denied, WrongState."""
    contents = logistics.list_parcel_lines(parcel_ids=parcel_ids)
    progress.lock_lines(line_ids={line.line_id for lines in contents.values() for line in lines})
    locked = parcels.lock_parcels(parcel_ids=parcel_ids)
    works = _reachable_parcels(locked.values(), actor)
    parcels.cancel(parcels=list(locked.values()))
    _tell(
        EventKind.UNPACKED,
        [(each.id, works[each.reference_id], {line_id: units for _, line_id, units, _ in each.lines})
         for each in locked.values()],
        actor,
        now,
    )  # fmt: skip
    progress.follow(suborder_ids=set(works), now=now)


def make_labels(*, parcel_ids: Collection[UUID], actor: Actor, now: datetime) -> dict[UUID, str]:
    """A label (the media name of a PDF) for each packed parcel, to the order's present address.

    A parcel that has left keeps the label it left with. Raises: NotFound, Denied, WrongState for one taken apart.
    """
    found = logistics.find_parcels(ids=parcel_ids)
    if missing := set(parcel_ids) - {parcel.id for parcel in found}:
        raise NotFound(kind="parcel", id=str(min(missing)))
    works = _reachable_parcels(found, actor)
    kept = {parcel.id: parcel.label_media for parcel in found if parcel.state != Parcel.State.PACKED}
    kept |= _booked_labels(found, works)
    nodes = Node.objects.select_related("address").in_bulk({parcel.node_id for parcel in found})
    contacts = Contact.objects.in_bulk({item.ship_to_id for item in works.values()})
    fresh = []
    for parcel in found:
        if parcel.id in kept:
            if not kept[parcel.id]:
                raise parcels.WrongState(number=parcel.number, state=parcel.state, next="labelled")
            continue
        item = works[parcel.reference_id]
        label = _label(parcel, item, nodes[parcel.node_id], contacts[item.ship_to_id], now)
        page = labels.render(label)
        fresh.append((parcel.id, item.ship_to_id, media.keep(page, "pdf")))
    crash_point("label.kept")
    with transaction.atomic():
        parcels.keep_labels(labels=fresh)
        parcels.append_tracking(
            events=[NewTracking(parcel_id, "label_made", "claim", now, "label_made") for parcel_id, _, _ in fresh],
            now=now,
        )
    return kept | {parcel_id: name for parcel_id, _, name in fresh}


def label_pages(*, parcel_ids: Collection[UUID], actor: Actor, now: datetime) -> bytes:
    """The labels of many parcels that are to leave as one PDF, a page each, made and kept as `make_labels` does.

    Raises: NotFound, Denied, WrongState for one that is not packed.
    """
    make_labels(parcel_ids=parcel_ids, actor=actor, now=now)
    found = {parcel.id: parcel for parcel in logistics.find_parcels(ids=parcel_ids)}
    works = _reachable_parcels(found.values(), actor)
    for parcel in found.values():
        if parcel.state != Parcel.State.PACKED:
            raise parcels.WrongState(number=parcel.number, state=parcel.state, next="labelled")
    nodes = Node.objects.select_related("address").in_bulk({parcel.node_id for parcel in found.values()})
    contacts = Contact.objects.in_bulk({item.ship_to_id for item in works.values()})
    booked = _booked_labels(found.values(), works)
    return labels.render(
        *(
            media.read(booked[parcel.id]) if parcel.id in booked
            else _label(parcel, works[parcel.reference_id], nodes[parcel.node_id],
                        contacts[works[parcel.reference_id].ship_to_id], now)
            for parcel in (found[key] for key in parcel_ids)
        ),
        now=now,
    )  # fmt: skip


def _booked_labels(found: Collection[Parcel], works: dict[UUID, Work]) -> dict[UUID, str]:
    """The labels that carriers gave for packed parcels. Raises: BookedElsewhere where the address has changed since."""
    packed = {parcel.id: parcel for parcel in found if parcel.state == Parcel.State.PACKED}
    booked = {key: row for key, row in bookings.find_live(parcel_ids=packed).items() if row.state == "booked"}
    for key, row in booked.items():
        if row.destination_id != works[packed[key].reference_id].ship_to_id:
            raise BookedElsewhere(number=packed[key].number)
    return {key: row.label_media for key, row in booked.items()}


def _label(parcel: Parcel, item: Work, node: Node, recipient: Contact, now: datetime) -> labels.Label:
    return labels.Label(
        number=parcel.number,
        carrier=parcel.carrier,
        service=parcel.service,
        sender=labels.address_lines(node.address) or [node.name, node.country],
        recipient=labels.address_lines(recipient),
        reference=item.suborder_number,
        weight_g=parcel.weight_g,
        made_on=now,
    )


def make_label(*, parcel_id: UUID, actor: Actor, now: datetime) -> str:
    """The label of one parcel: see `make_labels`."""
    return make_labels(parcel_ids=[parcel_id], actor=actor, now=now)[parcel_id]


def hand_over(*, handovers: Sequence[Handover], actor: Actor, now: datetime) -> list[HandedOver]:
    """Give packed parcels to their carriers: stock leaves, and money is captured where the terms say so.

    The parcels leave all or none. A capture that the provider refuses or leaves unanswered stands as such and is
    swept; the parcels have left all the same.
    Raises: NotFound, Denied, WrongState, AddressChanged, BeyondQuantity for units that were cancelled, Refused where
    nothing is held or set aside for them.
    """
    try:
        captures = retried(lambda: _leave(handovers, actor, now))
    except parcels.NumberTaken as error:
        typed = {each.parcel_id: each.tracking_number for each in handovers}
        doubts.raise_repeated(number=error.values["number"], typed=typed, now=now)
        raise
    crash_point("handover.committed")
    done = set(paying.carry_out(act=Act.CAPTURE, call_ids=list(captures.values()), now=now))
    return [
        HandedOver(each.parcel_id, captures.get(each.parcel_id),
                   each.parcel_id not in captures or captures[each.parcel_id] in done)
        for each in handovers
    ]  # fmt: skip


def sweep_captures(*, now: datetime, limit: int = 500) -> int:
    """Ask again for captures whose answer is missing; how many are done by it."""
    waiting = payment_reads.list_open_calls(act=Act.CAPTURE, before=now - CAPTURE_GRACE, limit=limit)
    return len(paying.carry_out(act=Act.CAPTURE, call_ids=waiting, now=now))


def recapture(*, parcel_ids: Collection[UUID], actor: Actor, now: datetime) -> int:
    """Try anew the refused captures of parcels that have left; how many are done by it. Raises: NotFound, Denied."""
    found = logistics.find_parcels(ids=parcel_ids)
    _reachable_parcels(found, actor)
    failed = payment_reads.list_parts(act=Act.CAPTURE, source_ids=[parcel.id for parcel in found], state="failed")
    parts: dict[tuple[UUID, UUID], list[tuple[UUID, int, int]]] = defaultdict(list)
    for row in failed:
        parts[row.payment_id, row.source_id].append((row.line_id, row.quantity, row.amount_minor))
    calls = [NewCall(payment_id, source_id, lines) for (payment_id, source_id), lines in parts.items()]
    opened = payments.open_calls(act=Act.CAPTURE, rows=calls, now=now)
    return len(paying.carry_out(act=Act.CAPTURE, call_ids=opened, now=now))


@transaction.atomic
def mark_late(*, now: datetime, actor: Actor = SYSTEM, limit: int = 5000) -> int:
    """Note on work past its deadline who answers by the terms of its lines; how much was newly late."""
    late = progress.find_late(now=now, limit=limit)
    agreed, task = terms.get_terms({each.terms_id for each in late}), Task.PACKAGING_AND_LABEL
    rows = [(each, keeping.answering(agreed[each.terms_id], task, each.performer_party)) for each in late]
    progress.record_late(rows=rows, actor=actor, now=now)
    _remind("work.late", work.find_work(ids=[each.work_item_id for each in late]), now)
    return len(late)


@transaction.atomic
def remind(*, now: datetime, limit: int = 5000) -> int:
    """Tell performers, once, of work whose deadline is near; how much it is."""
    near = work.list_near(now=now, until=now + NEAR, limit=limit)
    _remind("work.due_soon", near, now)
    return len(near)


def _remind(topic: str, items: Sequence[Work], now: datetime) -> None:
    """One event a performer, however much of its work it is about."""
    together: dict[UUID, list[Work]] = defaultdict(list)
    for item in items:
        together[item.organisation_id].append(item)
    nodes = logistics.list_nodes({item.node_id for item in items})
    outbox.append(
        [
            outbox.Event(
                topic,
                "organisation",
                performer_id,
                {
                    "performer_id": str(performer_id),
                    "count": len(group),
                    "due_at": min(item.due_at for item in group).isoformat(),
                    "time_zone": nodes[group[0].node_id].time_zone,
                },
            )
            for performer_id, group in together.items()
        ],
        now=now,
    )


def cancel_overdue(*, now: datetime, limit: int = 500) -> int:
    """Cancel suborders that nobody ships: nothing of them left within the business days of their terms; how many."""
    late = work.list_overdue(now=now, limit=limit)
    agreed = terms.get_terms({each.terms_id for each in late})
    nodes = logistics.list_nodes({each.node_id for each in late})
    due = []
    for each in late:
        days = agreed[each.terms_id].service.auto_cancel_business_days
        if days is not None and now >= nodes[each.node_id].due_at(each.placed_at, days):
            due.append(each)
    return cancel_together(due=due, now=now)


def cancel_together(*, due: Sequence[work.Overdue], now: datetime) -> int:
    """Cancel these by one act; where one of them moved a moment ago, by halves, so that it alone is left out."""
    if not due:
        return 0
    rows = [row for each in due for row in each.lines]
    try:
        amending.cancel_lines(rows=rows, actor=SYSTEM, reason="nobody shipped it in time", now=now)
    except Refused:
        half = len(due) // 2
        return cancel_together(due=due[:half], now=now) + cancel_together(due=due[half:], now=now) if half else 0
    return len(due)


@transaction.atomic
def _leave(handovers: Sequence[Handover], actor: Actor, now: datetime) -> dict[UUID, UUID]:
    """The hand-over itself, in one transaction; the capture that is about to be asked for of each parcel."""
    by_parcel = {each.parcel_id: each for each in handovers}
    contents = logistics.list_parcel_lines(parcel_ids=by_parcel)
    lines = progress.lock_lines(line_ids={line.line_id for inside in contents.values() for line in inside})
    locked = parcels.lock_parcels(parcel_ids=by_parcel)
    works = _reachable_parcels(locked.values(), actor)
    for parcel in locked.values():
        parcel.demand("handed_over")
        if parcel.destination_id != works[parcel.reference_id].ship_to_id:
            raise AddressChanged(number=parcel.number)
    booked = bookings.find_live(parcel_ids=by_parcel)
    parcels.hand_over(
        departures=[_departure(locked[key], each, works, booked.get(key)) for key, each in by_parcel.items()], now=now
    )
    leaving = [(locked[each.parcel_id], part) for each in handovers for part in locked[each.parcel_id].lines]
    moved = progress.advance(
        steps=[
            Step(line_id, EventKind.HANDED_OVER, units, {"parcel_id": str(parcel.id)})
            for parcel, (_, line_id, units, _) in leaving
        ],
        actor=actor,
        now=now,
    )
    parts: dict[UUID, list[Moved]] = defaultdict(list)
    for (parcel, _), step in zip(leaving, moved, strict=True):
        parts[parcel.id].append(step)
    parcels.place(
        parts=[(part_id, step.first_unit) for (_, (part_id, *_)), step in zip(leaving, moved, strict=True)],
        costs={key: sum(map(_freight, inside)) for key, inside in parts.items()},
    )
    _take_stock(parts, now)
    parcels.append_tracking(
        events=[NewTracking(key, "handed_over", "claim", now, "handed_over") for key in by_parcel], now=now
    )
    captures = _open_captures(parts, lines, now)
    settling.post_handovers(parcel_ids=list(by_parcel), now=now)
    outbox.append(
        [told("parcel.handed_over", parcel, works[parcel.reference_id].order_id) for parcel in locked.values()], now=now
    )
    crash_point("handover.written")
    return captures


def _departure(parcel: LockedParcel, handover: Handover, works: dict[UUID, Work], booked: Booking | None) -> Departure:
    item = works[parcel.reference_id]
    carrier = handover.carrier or parcel.carrier or item.carrier
    number = booked.tracking_number if booked is not None and booked.carrier == carrier else ""
    return Departure(
        parcel, carrier, handover.service or parcel.service or item.service, handover.tracking_number or number
    )


def _freight(step: Moved) -> int:
    """The carriage of these units: what was planned for a line is what its parcels cost, however many they are."""
    return prorate(step.line.freight_cost_minor, step.first_unit, step.step.quantity, step.line.quantity)


def _take_stock(parts: dict[UUID, list[Moved]], now: datetime) -> None:
    """Consume the holds. A movement names its parcel, so a line that is in several parcels takes a round for each."""
    waiting = [(key, each.line.id, each.step.quantity) for key, inside in parts.items() for each in inside]
    while waiting:
        first = {row[1]: row for row in reversed(waiting)}
        inventory.consume_holds(
            rows=[(line_id, units) for _, line_id, units in first.values()],
            now=now,
            source_type="parcel",
            source_id_by_owner={line_id: parcel_id for parcel_id, line_id, _ in first.values()},
        )
        waiting = [row for row in waiting if first[row[1]] is not row]


def _open_captures(parts: dict[UUID, list[Moved]], lines: dict[UUID, LockedLine], now: datetime) -> dict[UUID, UUID]:
    """Write that each parcel is about to be captured, for its lines whose terms capture at hand-over."""
    agreed = terms.get_terms({line.terms_id for line in lines.values()})
    paid = payment_reads.get_payments(reference_ids={line.order_id for line in lines.values()})
    calls = []
    for parcel_id, inside in parts.items():
        due = [
            (each.line.id, each.step.quantity, rules.share_minor(each.line, each.first_unit, each.step.quantity))
            for each in inside
            if agreed[each.line.terms_id].fulfilment.capture is Capture.HAND_OVER
        ]
        if due:
            calls.append(NewCall(paid[inside[0].line.order_id].id, parcel_id, due))
    opened = payments.open_calls(act=Act.CAPTURE, rows=calls, now=now)
    return {call.source_id: identity for call, identity in zip(calls, opened, strict=True)}


def reachable(*, ids: Collection[UUID], actor: Actor) -> dict[UUID, Work]:
    """The work items, if the actor performs them. Raises: NotFound, Denied."""
    found = {item.id: item for item in work.find_work(ids=ids)}
    _demand(found.values(), set(ids) - found.keys(), actor)
    return found


def _reachable_parcels(found: Collection[LockedParcel] | Collection[Parcel], actor: Actor) -> dict[UUID, Work]:
    """The work of each parcel's suborder, if the actor performs it. Raises: NotFound, Denied."""
    items = {item.suborder_id: item for item in work.find_work(suborder_ids={each.reference_id for each in found})}
    _demand(items.values(), {each.reference_id for each in found} - items.keys(), actor, kind="parcel")
    return items


def _demand(items: Collection[Work], missing: Collection[UUID], actor: Actor, *, kind: str = "work item") -> None:
    if missing or any(
        not actor.reaches("work.perform", item.organisation_id) and item.organisation_id != actor.organisation_id
        for item in items
    ):
        raise NotFound(kind=kind)
    if not all(actor.reaches("work.perform", item.organisation_id) for item in items):
        raise Denied("accounts.verb_missing", "Your role does not include “{verb}”.", verb="work.perform")


def _merged(lines: Sequence[tuple[UUID, int]]) -> dict[UUID, int]:
    contents: Counter[UUID] = Counter()
    for line_id, units in lines:
        contents[line_id] += units
    return dict(contents)


def _refuse_beyond(wanted: Sequence[tuple[Work, dict[UUID, int], Box]], lines: dict[UUID, LockedLine]) -> None:
    packed = ahead.unpackable([item for item, _, _ in wanted], lines)
    asked: Counter[UUID] = Counter()
    for item, contents, _ in wanted:
        for line_id, units in contents.items():
            line = lines[line_id]
            if line.suborder_id != item.suborder_id:
                raise NotFound(kind="order line", id=str(line_id))
            if line.order_state != "placed":
                raise rules.ForbiddenTransition(state=line.order_state, next="packed")
            asked[line_id] += units
            left = line.units.to_ship - packed.get(line_id, 0)
            if units <= 0 or asked[line_id] > left:
                raise rules.BeyondQuantity(line=str(line_id), kind="packed", left=left, asked=asked[line_id])


def _tell(kind: EventKind, rows: Sequence[tuple[UUID, Work, dict[UUID, int]]], actor: Actor, now: datetime) -> None:
    progress.append_events(
        events=[
            NewEvent(item.order_id, kind, item.suborder_id, line_id, units, {"parcel_id": str(parcel_id)})
            for parcel_id, item, contents in rows
            for line_id, units in contents.items()
        ],
        actor=actor,
        now=now,
    )
