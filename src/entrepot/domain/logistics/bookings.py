"""Writes of bookings and manifests: *about to* before a carrier is asked, then what came back. Knows no carrier."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from entrepot.domain.logistics.carriers.interface import Answer, Outcome
from entrepot.domain.logistics.models import Booking, Manifest, Parcel
from entrepot.kernel import ids, media
from entrepot.kernel.db import execute, fetch_rows
from entrepot.kernel.errors import Refused

#: Bookings that stand, or may stand.
LIVE = ("about_to", "unknown", "booked", "cancelling")
OPEN = ("about_to", "unknown")


class AlreadyBooked(Refused):
    """A parcel is booked once."""

    code = "carriers.already_booked"
    message = "Parcel {number} is booked with {carrier} already; cancel that first."


@dataclass(frozen=True, slots=True)
class NewBooking:
    """A parcel that a carrier is about to be asked for."""

    parcel_id: UUID
    number: str
    destination_id: UUID | None
    carrier: str
    service: str


@transaction.atomic
def open_bookings(*, rows: Sequence[NewBooking], now: datetime) -> list[Booking]:
    """Write that carriers are about to be asked, in order. Raises: AlreadyBooked."""
    # The parcel's row is the lock: two people who press at once book once.
    fetch_rows(
        "SELECT id FROM logistics_parcel WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE",
        [[row.parcel_id for row in rows]],
    )
    numbers = {row.parcel_id: row.number for row in rows}
    for booking in find_live(parcel_ids=numbers).values():
        raise AlreadyBooked(number=numbers[booking.parcel_id], carrier=booking.carrier)
    made = [
        Booking(
            id=identity, created_at=now, parcel_id=row.parcel_id, destination_id=row.destination_id,
            carrier=row.carrier, service=row.service,
        )
        for identity, row in zip(ids.new_ids(now, len(rows)), rows, strict=True)
    ]  # fmt: skip
    return Booking.objects.bulk_create(made)


def find_live(*, parcel_ids: Collection[UUID]) -> dict[UUID, Booking]:
    """The bookings of these parcels that stand or may stand, by parcel."""
    rows = Booking.objects.filter(parcel_id__in=list(parcel_ids), state__in=LIVE)
    return {row.parcel_id: row for row in rows}


def list_bookings(*, parcel_ids: Collection[UUID]) -> dict[UUID, list[Booking]]:
    """Every booking of these parcels, by parcel, the last first."""
    found: dict[UUID, list[Booking]] = {}
    for row in Booking.objects.filter(parcel_id__in=list(parcel_ids)).order_by("-id"):
        found.setdefault(row.parcel_id, []).append(row)
    return found


def list_unsettled(*, before: datetime, states: Collection[str], limit: int) -> list[Booking]:
    """Bookings in these states since before then, the oldest first."""
    rows = Booking.objects.filter(state__in=list(states), created_at__lte=before).order_by("created_at", "id")
    return list(rows.select_related("parcel")[:limit])


def list_stranded(*, limit: int) -> list[Booking]:
    """Bookings that stand though their parcel was taken apart: to be let go of."""
    rows = Booking.objects.filter(state="booked", parcel__state="cancelled").order_by("id")
    return list(rows.select_related("parcel")[:limit])


@transaction.atomic
def record_booked(*, answers: Mapping[UUID, Answer], papers: Mapping[UUID, bytes], now: datetime) -> list[UUID]:
    """Write what came back of open bookings; the ids of those that are booked by it.

    A booked parcel takes over the carrier, its service, its label and the address that it is for.
    """
    rows = Booking.objects.select_for_update(no_key=True).filter(id__in=list(answers), state__in=OPEN).order_by("id")
    booked = []
    for row in rows:
        answer = answers[row.id]
        row.reason, row.answered_at = answer.reason[:300], now
        if answer.outcome is Outcome.UNKNOWN:
            row.state = Booking.State.UNKNOWN
        elif answer.outcome is Outcome.DECLINED:
            row.state = Booking.State.DECLINED
        else:
            row.state = Booking.State.BOOKED
            row.reference, row.tracking_number = answer.reference[:80], answer.tracking_number[:60]
            row.cost_minor, row.cost_currency = answer.cost_minor, answer.currency
            row.label_media = media.keep(papers[row.id], "pdf")
            booked.append(row.id)
            Parcel.objects.filter(id=row.parcel_id, state=Parcel.State.PACKED).update(
                carrier=row.carrier, service=row.service, label_media=row.label_media, destination=row.destination_id
            )
        row.save()
    return booked


def begin_cancelling(*, booking_ids: Collection[UUID]) -> list[UUID]:
    """Write that bookings are about to be let go of; which of them were booked."""
    rows = fetch_rows(
        "UPDATE logistics_booking SET state = 'cancelling' WHERE id = ANY(%s) AND state = 'booked' RETURNING id",
        [list(booking_ids)],
    )
    return sorted(row.id for row in rows)


@transaction.atomic
def record_cancelled(*, answers: Mapping[UUID, Answer], now: datetime) -> int:
    """Write what came back of cancellations; how many are done.

    Declined, the booking stands; unheard, it is asked again. A cancelled
    booking's label is void, so its parcel has none.
    """
    count = 0
    for row in Booking.objects.select_for_update(no_key=True).filter(id__in=list(answers), state="cancelling"):
        answer = answers[row.id]
        row.reason, row.answered_at = answer.reason[:300], now
        if answer.outcome is Outcome.DONE:
            row.state = Booking.State.CANCELLED
            execute(
                "UPDATE logistics_parcel SET label_media = '' WHERE id = %s AND state = 'packed' AND label_media = %s",
                [row.parcel_id, row.label_media],
            )
            count += 1
        elif answer.outcome is Outcome.DECLINED:
            row.state = Booking.State.BOOKED
        row.save()
    return count


def give_up(*, booking_id: UUID, reason: str, now: datetime) -> bool:
    """Write that an unanswered booking does not stand, as somebody saw at the carrier's; whether it was unanswered."""
    count = execute(
        "UPDATE logistics_booking SET state = 'declined', reason = %s, answered_at = %s"
        " WHERE id = %s AND state = ANY(%s)",
        [reason[:300], now, booking_id, list(OPEN)],
    )
    return count > 0


@transaction.atomic
def open_manifest(*, carrier: str, node_id: UUID, parcel_ids: Collection[UUID], now: datetime) -> Manifest | None:
    """Write that a carrier's day at a node is about to be closed, with those of the parcels that are on none yet."""
    rows = fetch_rows(
        "SELECT id FROM logistics_parcel WHERE id = ANY(%s) AND node_id = %s AND carrier = %s"
        " AND state <> 'packed' AND manifest_id IS NULL ORDER BY id FOR NO KEY UPDATE",
        [list(parcel_ids), node_id, carrier],
    )
    if not rows:
        return None
    identity = ids.new_id(now)
    made = Manifest.objects.create(
        id=identity, created_at=now, number=ids.number("M", identity, 10), carrier=carrier, node_id=node_id
    )
    execute("UPDATE logistics_parcel SET manifest_id = %s WHERE id = ANY(%s)", [identity, [row.id for row in rows]])
    return made


def record_closed(*, manifest_id: UUID, answer: Answer, paper: bytes, now: datetime) -> str:
    """Write what came back of a manifest; its state. Declined, its parcels are free for another one."""
    state = {
        Outcome.DONE: Manifest.State.CLOSED,
        Outcome.DECLINED: Manifest.State.DECLINED,
        Outcome.UNKNOWN: Manifest.State.UNKNOWN,
    }[answer.outcome]
    name = media.keep(paper, "pdf") if paper else ""
    with transaction.atomic():
        execute(
            "UPDATE logistics_manifest SET state = %s, reference = %s, reason = %s, media = %s, answered_at = %s"
            " WHERE id = %s AND state IN ('about_to', 'unknown')",
            [state, answer.reference[:80], answer.reason[:300], name, now, manifest_id],
        )
        if state == Manifest.State.DECLINED:
            execute("UPDATE logistics_parcel SET manifest_id = NULL WHERE manifest_id = %s", [manifest_id])
    return str(state)
