"""Who let which clock run out: kept once a deadline, with whose turn it was and who answers for it by the terms."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from entrepot.domain.inbound.models import DockSlot, Lateness, Shipment, StockOrder
from entrepot.domain.sellers import queries as sellers
from entrepot.domain.terms.rules import Cause, Conditions, Party, Task
from entrepot.kernel import ids


@dataclass(frozen=True, slots=True)
class Late:
    """A clock that ran out, of a stock order or of a shipment that answers none."""

    clock: str
    due_at: datetime
    party: Party
    liable: Party
    stock_order: StockOrder | None = None
    shipment: Shipment | None = None


def with_answer(order: StockOrder) -> Late:
    """Whoever has to answer answers for it."""
    party = Party.SELLER if order.state == "asked" else Party.PLATFORM
    return Late("answer", order.answer_by, party, party, order)


def with_goods(order: StockOrder, conditions: Conditions, clock: str, state: str = "") -> Late:
    """Late to leave or to arrive: the seller until they are packed, then whoever has the first mile.

    Who answers for what is packed is whoever the terms make liable for a late first mile.
    """
    state = state or order.state
    due_at = order.ship_by if clock == "ship" else order.deliver_by
    if state in ("asked", "countered", "accepted"):
        return Late(clock, due_at, Party.SELLER, Party.SELLER, order)
    return Late(clock, due_at, *_first_mile(conditions), order)


def of_shipment(shipment: Shipment, conditions: Conditions) -> Late:
    """A shipment of the seller's own planning that did not come when it was announced."""
    assert shipment.due_at is not None
    return Late("arrive", shipment.due_at, *_first_mile(conditions), shipment=shipment)


def record(found: Sequence[Late], *, now: datetime) -> None:
    """Keep them; what is on record for the same deadline stays as it is."""
    Lateness.objects.bulk_create(
        [
            Lateness(
                id=identity,
                created_at=now,
                stock_order=each.stock_order,
                shipment=each.shipment,
                clock=each.clock,
                due_at=each.due_at,
                party=each.party.value,
                liable=each.liable.value,
            )
            for identity, each in zip(ids.new_ids(now, len(found)), found, strict=True)
        ],
        ignore_conflicts=True,
    )


def record_slots(slots: Sequence[DockSlot], *, now: datetime) -> None:
    """Keep who was late for the dock, or did not come."""
    conditions = sellers.list_conditions({slot.shipment.enrolment_id for slot in slots})
    record(
        [
            Late(
                "slot",
                slot.starts_at,
                *_first_mile(conditions[slot.shipment.enrolment_id]),
                shipment=slot.shipment,
            )
            for slot in slots
        ],
        now=now,
    )


def list_lateness(*, order_id: UUID | None = None, shipment_ids: Collection[UUID] = ()) -> list[Lateness]:
    """What is on record of a stock order, or of shipments, by deadline; scope is the caller's."""
    rows = Lateness.objects.filter(shipment_id__in=list(shipment_ids))
    if order_id is not None:
        rows = rows | Lateness.objects.filter(stock_order_id=order_id)
    return list(rows.order_by("due_at", "id"))


def _first_mile(conditions: Conditions) -> tuple[Party, Party]:
    party = conditions.performer(Task.FIRST_MILE) or Party.SELLER
    return party, conditions.liable(Task.FIRST_MILE, Cause.LATE) or party
