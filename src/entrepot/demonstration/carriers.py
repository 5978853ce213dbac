"""The sandbox carriers: every parcel that leaves has its way before it, drawn from its id, so always the same.

Most arrive within their promise, one in twelve late, very few never.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from entrepot.flows.fulfilment import Scan, record_tracking
from entrepot.kernel.db import fetch_rows

LATE_ONE_IN = 12
LOST_ONE_IN = 250
#: A shopper takes a return to the carrier so long after its label was made.
DROPPED_OFF = timedelta(hours=20)


@dataclass(frozen=True, slots=True)
class Moving:
    """A parcel on its way, what was promised of it, and what was said of it so far."""

    id: UUID
    is_return: bool
    left_at: datetime
    carrier: str
    origin: str
    destination: str
    ship_by: datetime
    promised_from: date
    promised_until: date
    keys: frozenset[str]


def way(parcel: Moving) -> Iterator[Scan]:
    """What the carrier will say of a parcel, in order of time."""
    if parcel.is_return:
        yield from _way_back(parcel)
        return
    chance = hashlib.sha256(parcel.id.bytes).digest()
    # Who hands over late is late by as many days.
    delay = max((parcel.left_at.date() - parcel.ship_by.date()).days, 0)
    first = max(parcel.promised_from + timedelta(days=delay), parcel.left_at.date() + timedelta(days=1))
    last = max(parcel.promised_until + timedelta(days=delay), first)
    day = first + timedelta(days=chance[0] % ((last - first).days + 1))
    if chance[1] % LATE_ONE_IN == 0:
        day = last + timedelta(days=1 + chance[2] % 3)
    arrives = datetime.combine(day, time(9 + chance[3] % 9, chance[4] % 60), tzinfo=UTC)
    span = arrives - parcel.left_at
    yield _scan(parcel, "in_transit", parcel.left_at + min(timedelta(hours=7), span / 6), "left", parcel.origin)
    if parcel.origin != parcel.destination:
        yield _scan(parcel, "customs", parcel.left_at + span * 0.6, "customs", parcel.destination)
        yield _scan(parcel, "in_transit", parcel.left_at + span * 0.75, "cleared", parcel.destination)
    if int.from_bytes(chance[5:7]) % LOST_ONE_IN == 0:
        yield _scan(parcel, "lost", arrives + timedelta(days=6), "lost", parcel.destination)
        return
    out = datetime.combine(day, time(7, chance[4] % 60), tzinfo=UTC)
    if out > parcel.left_at + span * 0.75:
        yield _scan(parcel, "out_for_delivery", out, "out", parcel.destination)
    yield _scan(parcel, "delivered", arrives, "delivered", parcel.destination)


def _way_back(parcel: Moving) -> Iterator[Scan]:
    chance = hashlib.sha256(parcel.id.bytes).digest()
    dropped = parcel.left_at + DROPPED_OFF
    day = dropped.date() + timedelta(days=2 + chance[0] % 3)
    arrives = datetime.combine(day, time(9 + chance[3] % 8, chance[4] % 60), tzinfo=UTC)
    yield _scan(parcel, "in_transit", dropped, "left", parcel.destination)
    yield _scan(parcel, "delivered", arrives, "delivered", parcel.origin)


def _scan(parcel: Moving, kind: str, at: datetime, key: str, place: str) -> Scan:
    return Scan(kind, "carrier", at, f"sandbox-{key}", parcel_id=parcel.id, place=place)


def to_come() -> list[Scan]:
    """What has not been said yet of all parcels that are moving, in order of time."""
    scans = [scan for parcel in _moving() for scan in way(parcel) if scan.event_key not in parcel.keys]
    return sorted(scans, key=lambda scan: (scan.occurred_at, scan.parcel_id))


def carry(*, now: datetime) -> list[tuple[Scan, str]]:
    """Say of every moving parcel what there is to say by now; what came of each scan."""
    due = [scan for scan in to_come() if scan.occurred_at <= now]
    return list(zip(due, record_tracking(events=due, now=now), strict=True)) if due else []


def _moving() -> list[Moving]:
    rows = fetch_rows(
        """
        SELECT parcel.id, parcel.direction = 'return' AS is_return,
            CASE WHEN parcel.direction = 'return' THEN parcel.created_at ELSE parcel.handed_over_at END AS left_at,
            parcel.carrier, node.country AS origin, coalesce(contact.country, node.country) AS destination,
            suborder.ship_by, suborder.promised_from, suborder.promised_until,
            ARRAY(SELECT event_key FROM logistics_trackingevent said WHERE said.parcel_id = parcel.id) AS keys
        FROM logistics_parcel parcel
        JOIN logistics_node node ON node.id = parcel.node_id
        LEFT JOIN aftersales_returncase returned
            ON returned.id = parcel.reference_id AND parcel.direction = 'return'
        JOIN orders_suborder suborder ON suborder.id = coalesce(returned.suborder_id, parcel.reference_id)
        JOIN orders_order ordered ON ordered.id = suborder.order_id
        JOIN accounts_contact contact ON contact.id = ordered.ship_to_id
        WHERE parcel.state = 'handed_over'
           OR (parcel.state = 'packed' AND returned.state IN ('requested', 'in_transit'))
        ORDER BY parcel.id
        """
    )
    return [
        Moving(row.id, row.is_return, row.left_at, row.carrier, row.origin, row.destination, row.ship_by,
               row.promised_from, row.promised_until, frozenset(row.keys))
        for row in rows
    ]  # fmt: skip
