"""The demonstration's carriers: the sandbox carrier's word for every parcel that leaves, drawn from its id.

Most arrive within their promise, one in twelve late, very few never. They are scanned where a leg of their way ends,
but for one in five, of which nobody knows where it was; now and then one is delivered that was never scanned.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise

from entrepot.domain.logistics import publishing
from entrepot.domain.logistics.carriers.sandbox import Stop, Temper, Voyage, voyage_of
from entrepot.domain.logistics.lanes import Lane, Leg
from entrepot.flows.fulfilment import Scan, record_tracking
from entrepot.kernel.db import fetch_rows

TEMPER = Temper(unseen=60, gaps=5)


@dataclass(frozen=True, slots=True)
class Moving:
    """A parcel on its way and what was said of it so far."""

    voyage: Voyage
    keys: frozenset[str]


def way(voyage: Voyage) -> Iterator[Scan]:
    """What the carrier will say of a parcel, in order of time."""
    for each in voyage_of(voyage, TEMPER):
        yield Scan(each.kind, "carrier", each.occurred_at, each.key, parcel_id=voyage.id, place=each.place)


def to_come() -> list[Scan]:
    """What has not been said yet of all parcels that are moving, in order of time."""
    scans = [scan for each in _moving() for scan in way(each.voyage) if scan.event_key not in each.keys]
    return sorted(scans, key=lambda scan: (scan.occurred_at, scan.parcel_id))


def carry(*, now: datetime) -> list[tuple[Scan, str]]:
    """Say of every moving parcel what there is to say by now; what came of each scan."""
    due = [scan for scan in to_come() if scan.occurred_at <= now]
    return list(zip(due, record_tracking(events=due, now=now), strict=True)) if due else []


def stops_of(lane: Lane | None, segments: Sequence[Mapping[str, str]]) -> tuple[Stop, ...]:
    """Where a carrier scans what goes by a lane: at the end of each leg but the last; nothing where they do not fit."""
    promised = {each["leg"]: date.fromisoformat(each["done_by"]) for each in segments[1:]}
    legs = lane.legs if lane else ()
    if [each.code for each in legs] != list(promised):
        return ()
    return tuple(
        Stop(leg.end, promised[leg.code], _kinds(leg, following, is_first=place == 0))
        for place, (leg, following) in enumerate(pairwise(legs))
    )


def _kinds(leg: Leg, following: Leg, *, is_first: bool) -> tuple[str, ...]:
    """What is scanned at the end of a leg: goods come to customs, leave it, are handed on, or arrive."""
    if leg.task == "customs":
        return ("customs", "in_transit") if is_first else ("in_transit",)
    if following.task == "customs":
        return ("customs",)
    return ("handed_over",) if leg.start == leg.end else ("in_transit",)


def _moving() -> list[Moving]:
    rows = fetch_rows(
        """
        SELECT parcel.id, parcel.direction = 'return' AS is_return,
            CASE WHEN parcel.direction = 'return' THEN parcel.created_at ELSE parcel.handed_over_at END AS left_at,
            node.country AS origin, coalesce(contact.country, node.country) AS destination,
            suborder.ship_by, suborder.promised_from, suborder.promised_until, suborder.lane_code, suborder.segments,
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
    lanes = {way.lane.code: way.lane for way in publishing.list_lanes()}
    return [
        Moving(
            Voyage(row.id, row.is_return, row.left_at, row.origin, row.destination, row.ship_by, row.promised_from,
                   row.promised_until, stops_of(lanes.get(row.lane_code), row.segments)),
            frozenset(row.keys),
        )
        for row in rows
    ]  # fmt: skip
