"""Reads of nodes and parcels."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from entrepot.domain.logistics import rules
from entrepot.domain.logistics.models import Node, NodeClosure, Parcel, ParcelLine, TrackingEvent
from entrepot.kernel import db
from entrepot.kernel.errors import NotFound
from entrepot.kernel.kept import kept


@dataclass(frozen=True, slots=True)
class NodeView:
    """A node with its calendar. `closures` are days off of its own, `holidays` those of its country that it keeps."""

    id: UUID
    code: str
    name: str
    kind: str
    operator_id: UUID
    operator_kind: str
    address_id: UUID | None
    country: str
    time_zone: str
    working_days: tuple[int, ...]
    cut_off: time
    closures: frozenset[date]
    keeps_holidays: bool = True
    is_archived: bool = False
    holidays: frozenset[date] = frozenset()

    @property
    def days_off(self) -> frozenset[date]:
        """The days beside its weekly rest on which it does not work."""
        return self.closures | self.holidays if self.holidays else self.closures

    def due_at(self, now: datetime, handling_days: int) -> datetime:
        """By when an order of `now` must have left here."""
        return rules.due_at(
            now,
            handling_days,
            time_zone=self.time_zone,
            working_days=self.working_days,
            cut_off=self.cut_off,
            closures=self.days_off,
        )

    def open_on(self, day: date) -> date:
        """The first day from this one on on which it works. Raises: NoWorkingDay."""
        return rules.next_working_day(day - timedelta(days=1), self.working_days, self.days_off)

    def left_on(self, ship_by: datetime) -> date:
        """The day here on which a parcel leaves that leaves at the last moment."""
        return rules.last_day(ship_by, time_zone=self.time_zone)


def list_nodes(ids: Collection[UUID] | None = None, *, operator_id: UUID | None = None) -> dict[UUID, NodeView]:
    """Nodes with their closures by id: these, or those that an organisation operates, or all; by code."""
    every = _nodes()
    found = every.values() if ids is None else [every[each] for each in set(ids) & every.keys()]
    mine = [each for each in found if operator_id is None or each.operator_id == operator_id]
    return {each.id: each for each in sorted(mine, key=lambda each: each.code)}


@kept("nodes", "freight", states=1)
def _nodes() -> Mapping[UUID, NodeView]:
    rows = db.fetch_rows(
        """
        SELECT node.id, node.code, node.name, node.kind, node.operator_id, operator.kind AS operator_kind,
            node.address_id, node.country, node.time_zone, node.working_days, node.cut_off,
            ARRAY(SELECT closed_on FROM logistics_nodeclosure closure WHERE closure.node_id = node.id) AS closures,
            node.keeps_holidays, node.archived_at IS NOT NULL AS is_archived,
            ARRAY(SELECT day FROM logistics_holiday holiday
                  WHERE holiday.country = node.country AND node.keeps_holidays) AS holidays
        FROM logistics_node node JOIN accounts_organisation operator ON operator.id = node.operator_id
        """
    )
    return {
        row.id: NodeView(
            *row._replace(
                working_days=tuple(row.working_days), closures=frozenset(row.closures), holidays=frozenset(row.holidays)
            )
        )
        for row in rows
    }


def list_names() -> dict[str, str]:
    """What every node is called, by its code."""
    return dict(Node.objects.values_list("code", "name"))


def get_node(*, code: str) -> Node:
    """A node by its code. Raises: NotFound."""
    node = Node.objects.filter(code=code).first()
    if node is None:
        raise NotFound("logistics.unknown_node", "There is no node {code}.", field="node", code=code)
    return node


def list_closures(*, node_id: UUID, since: date) -> list[NodeClosure]:
    """The days on which a node does not work, from a day on."""
    return list(NodeClosure.objects.filter(node_id=node_id, closed_on__gte=since).order_by("closed_on"))


def list_parcels(*, reference_ids: Collection[UUID]) -> list[Parcel]:
    """The parcels of these suborders or return cases, in the order they were packed; scope is the caller's."""
    return list(Parcel.objects.filter(reference_id__in=list(reference_ids)).order_by("id"))


def find_parcels(*, ids: Collection[UUID] = (), tracking: Collection[tuple[str, str]] = ()) -> list[Parcel]:
    """Parcels by id, or by carrier and tracking number; scope is the caller's."""
    source, params = db.unnest("wanted", {"carrier": "text", "number": "text"}, list(tracking))
    tracked = db.fetch_rows(
        f"SELECT parcel.id FROM logistics_parcel parcel JOIN {source} ON parcel.carrier = wanted.carrier"
        " AND parcel.tracking_number = wanted.number WHERE parcel.tracking_number <> ''",
        params,
    )
    return list(Parcel.objects.filter(id__in=[*ids, *(row.id for row in tracked)]).order_by("id"))


def list_parcel_lines(*, parcel_ids: Collection[UUID]) -> dict[UUID, list[ParcelLine]]:
    """What is in these parcels, by parcel."""
    lines: dict[UUID, list[ParcelLine]] = {}
    for line in ParcelLine.objects.filter(parcel_id__in=list(parcel_ids)).order_by("id"):
        lines.setdefault(line.parcel_id, []).append(line)
    return lines


def list_tracking(*, parcel_ids: Collection[UUID]) -> dict[UUID, list[TrackingEvent]]:
    """What was said of these parcels, by parcel, oldest first."""
    events: dict[UUID, list[TrackingEvent]] = {}
    for event in TrackingEvent.objects.filter(parcel_id__in=list(parcel_ids)).order_by("occurred_at", "id"):
        events.setdefault(event.parcel_id, []).append(event)
    return events


def list_arrivals(*, line_ids: Collection[UUID]) -> dict[UUID, list[tuple[range, datetime]]]:
    """The places of order lines' units that were delivered, and when, first come first."""
    rows = db.fetch_rows(
        """
        SELECT line.line_id, line.first_unit, line.quantity, parcel.delivered_at
        FROM logistics_parcelline line JOIN logistics_parcel parcel ON parcel.id = line.parcel_id
        WHERE line.line_id = ANY(%s) AND parcel.state = 'delivered' AND parcel.direction = 'outbound'
        ORDER BY parcel.delivered_at, line.first_unit
        """,
        [list(line_ids)],
    )
    arrivals: dict[UUID, list[tuple[range, datetime]]] = {}
    for row in rows:
        places = range(row.first_unit, row.first_unit + row.quantity)
        arrivals.setdefault(row.line_id, []).append((places, row.delivered_at))
    return arrivals
