"""What the end of a parcel's way does to its money: what arrived is earned, what was lost is given back.

Both wait until the money is there: where its capture is still open or was refused, they follow it.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from entrepot.domain.logistics import parcels
from entrepot.domain.logistics import queries as logistics
from entrepot.domain.logistics.models import Parcel
from entrepot.domain.logistics.parcels import LockedParcel
from entrepot.domain.orders import progress, rules
from entrepot.domain.orders.progress import LockedLine, NewEvent
from entrepot.domain.orders.rules import EventKind
from entrepot.domain.payments import queries as payment_reads
from entrepot.domain.payments import services as payments
from entrepot.domain.payments.providers import Act
from entrepot.domain.payments.services import NewCall
from entrepot.domain.terms import queries as terms
from entrepot.domain.terms.rules import Capture
from entrepot.flows import settling
from entrepot.flows.settling import Delivery
from entrepot.kernel.actors import SYSTEM, Actor

#: Why a refund is made.
LOST = "lost"


def end(
    *,
    ended: Collection[LockedParcel],
    arrived: Mapping[UUID, datetime],
    lines: Mapping[UUID, LockedLine],
    now: datetime,
) -> list[UUID]:
    """Accrue parcels that arrived (parcel -> when), book the loss of the others, and write that their money goes back.

    In the transaction that holds the parcels and their lines; the refunds that are about to be asked for.
    """
    captured = _captured(ended, lines)
    settling.accrue_deliveries(
        deliveries=[
            Delivery(part_id, line_id, units, arrived[parcel.id])
            for parcel in ended
            if parcel.id in arrived
            for part_id, line_id, units, _ in parcel.lines
            if part_id in captured
        ],
        now=now,
    )
    gone = [parcel for parcel in ended if parcel.id not in arrived]
    settling.post_losses(parcel_ids=[parcel.id for parcel in gone], now=now)
    return _open_refunds(gone, lines, captured, now) if gone else []


def follow_captures(*, capture_ids: Collection[UUID], now: datetime) -> None:
    """Post captures that are done, and do for parcels that ended before what could not be done without the money.

    Refunds of lost parcels are left about to be asked for; the sweep asks.
    """
    settling.post_captures(capture_ids=list(capture_ids), now=now)
    sources = {part.source_id for part in payment_reads.list_parts(act=Act.CAPTURE, ids=capture_ids)}
    left = {
        parcel.id
        for parcel in logistics.find_parcels(ids=sources)
        if parcel.state in (Parcel.State.HANDED_OVER, Parcel.State.DELIVERED, Parcel.State.LOST)
    }
    contents = logistics.list_parcel_lines(parcel_ids=left)
    # Whoever moves one of these parcels holds its lines: either they see this capture, or their move is seen here.
    lines = progress.lock_lines(line_ids={line.line_id for inside in contents.values() for line in inside})
    found = parcels.lock_parcels(parcel_ids=left).values()
    ended = [parcel for parcel in found if parcel.state in (Parcel.State.DELIVERED, Parcel.State.LOST)]
    if ended:
        arrived = {parcel.id: parcel.delivered_at for parcel in ended if parcel.delivered_at}
        end(ended=ended, arrived=arrived, lines=lines, now=now)


def follow_refunds(*, refund_ids: Collection[UUID], now: datetime) -> None:
    """Post refunds of what nobody had earned, for cancelled or lost units, and say so in the order."""
    settling.refund_unearned(refund_ids=list(refund_ids), now=now)
    tell_refunds(refund_ids=refund_ids, actor=SYSTEM, now=now)


def tell_refunds(*, refund_ids: Collection[UUID], actor: Actor, now: datetime) -> None:
    """Append the events of refunds that are done, line by line."""
    parts = payment_reads.list_parts(act=Act.REFUND, ids=refund_ids)
    lines = progress.read_lines(line_ids={part.line_id for part in parts})
    progress.append_events(
        events=[
            NewEvent(lines[part.line_id].order_id, EventKind.REFUNDED, lines[part.line_id].suborder_id, part.line_id,
                     part.quantity, {"refund_id": str(part.call_id), "amount_minor": part.amount_minor})
            for part in parts
        ],
        actor=actor,
        now=now,
    )  # fmt: skip


def _captured(moved: Collection[LockedParcel], lines: Mapping[UUID, LockedLine]) -> set[UUID]:
    """The parcel lines whose money is there: captured for the parcel, or at order where the terms say so."""
    agreed = terms.get_terms({line.terms_id for line in lines.values()})
    done: dict[UUID, set[UUID]] = defaultdict(set)
    for row in payment_reads.list_captured(line_ids=lines):
        if row.state == "done":
            done[row.line_id].add(row.source_id)
    return {
        part_id
        for parcel in moved
        for part_id, line_id, _, _ in parcel.lines
        if (
            parcel.id in done[line_id]
            if agreed[lines[line_id].terms_id].fulfilment.capture is Capture.HAND_OVER
            else done[line_id]
        )
    }


def _open_refunds(
    gone: Sequence[LockedParcel], lines: Mapping[UUID, LockedLine], captured: set[UUID], now: datetime
) -> list[UUID]:
    """Write that the captured money of lost parcels is about to be given back."""
    paid = payment_reads.get_payments(reference_ids={line.order_id for line in lines.values()})
    calls = []
    for parcel in gone:
        parts = [
            (line_id, units, rules.share_minor(lines[line_id], first or 0, units))
            for part_id, line_id, units, first in parcel.lines
            if part_id in captured
        ]
        if sum(amount for _, _, amount in parts):
            calls.append(NewCall(paid[lines[parcel.lines[0][1]].order_id].id, parcel.id, parts, LOST))
    return payments.open_calls(act=Act.REFUND, rows=calls, now=now)
