"""Reads of the work that whoever performs a suborder has before them; scope is passed, order is stated."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from entrepot.kernel.db import fetch_rows, unnest
from entrepot.kernel.errors import NotFound

OPEN = ("waiting", "accepted", "packed")

_WORK = """
    SELECT work.id, work.state, work.due_at, work.accepted_at, work.done_at, work.late_party, work.organisation_id,
        work.node_id, work.suborder_id, suborder.number AS suborder_number, suborder.order_id,
        ordered.number AS order_number, ordered.currency, ordered.ship_to_id, suborder.seller_id, suborder.carrier,
        suborder.service, suborder.promised_from, suborder.promised_until,
        coalesce(suborder.carriage -> 'boxes', '[]') AS boxes,
        CASE WHEN suborder.goods_came_at IS NULL THEN suborder.awaited_on END AS awaited_on
    FROM orders_workitem work
    JOIN orders_suborder suborder ON suborder.id = work.suborder_id
    JOIN orders_order ordered ON ordered.id = suborder.order_id
"""


@dataclass(frozen=True, slots=True)
class Work:
    """A work item with what its performer has to know of the suborder.

    `boxes` are the parcels that it was reckoned to take where one is not enough: so many units of each line.
    `awaited_on` is the day on which its goods are expected, while they are still on their way to the node.
    """

    id: UUID
    state: str
    due_at: datetime
    accepted_at: datetime | None
    done_at: datetime | None
    late_party: str
    organisation_id: UUID
    node_id: UUID
    suborder_id: UUID
    suborder_number: str
    order_id: UUID
    order_number: str
    currency: str
    ship_to_id: UUID
    seller_id: UUID
    carrier: str
    service: str
    promised_from: date
    promised_until: date
    boxes: Sequence[Sequence[int]]
    awaited_on: date | None


@dataclass(frozen=True, slots=True)
class WorkLine:
    """What of a line is still to be packed and shipped."""

    id: UUID
    suborder_id: UUID
    position: int
    title: str
    sku_id: UUID
    sku_code: str
    quantity: int
    to_ship: int
    packed: int

    @property
    def to_pack(self) -> int:
        """Units that stand in no parcel yet."""
        return self.to_ship - self.packed


def list_work(
    *,
    organisation_id: UUID | None,
    states: Collection[str] = OPEN,
    node_id: UUID | None = None,
    after: tuple[datetime, UUID] | None = None,
    limit: int = 200,
) -> list[Work]:
    """An organisation's work (None: everybody's) by deadline; `after` is the last (due_at, id) of the page before."""
    due_at, identity = after or (None, None)
    rows = fetch_rows(
        f"""{_WORK}
        WHERE (%(organisation)s::uuid IS NULL OR work.organisation_id = %(organisation)s)
          AND work.state = ANY(%(states)s) AND ordered.state = 'placed'
          AND (%(node)s::uuid IS NULL OR work.node_id = %(node)s)
          AND (%(due_at)s::timestamptz IS NULL OR (work.due_at, work.id) > (%(due_at)s, %(id)s))
        ORDER BY work.due_at, work.id LIMIT %(limit)s
        """,
        {"organisation": organisation_id, "states": list(states), "node": node_id, "due_at": due_at, "id": identity,
         "limit": limit},
    )  # fmt: skip
    return [Work(*row) for row in rows]


def find_work(*, ids: Collection[UUID] = (), suborder_ids: Collection[UUID] = ()) -> list[Work]:
    """Work items by their own ids or their suborders'; scope is the caller's."""
    rows = fetch_rows(
        f"{_WORK} WHERE work.id = ANY(%s) OR work.suborder_id = ANY(%s) ORDER BY work.id",
        [list(ids), list(suborder_ids)],
    )
    return [Work(*row) for row in rows]


def get_work(*, suborder_number: str, organisation_id: UUID | None) -> Work:
    """The work of a suborder, of an organisation where that is the scope. Raises: NotFound."""
    rows = fetch_rows(
        f"{_WORK} WHERE suborder.number = %s AND (%s::uuid IS NULL OR work.organisation_id = %s)",
        [suborder_number, organisation_id, organisation_id],
    )
    if not rows:
        raise NotFound(kind="work item")
    return Work(*rows[0])


def list_near(*, now: datetime, until: datetime, limit: int = 5000) -> list[Work]:
    """Open work that comes due in between and whose performer was not reminded of it, now noted as reminded."""
    rows = fetch_rows(
        """
        UPDATE orders_workitem SET reminded_at = %(now)s WHERE id IN (
            SELECT id FROM orders_workitem
            WHERE state IN ('waiting', 'accepted', 'packed') AND due_at > %(now)s AND due_at <= %(until)s
              AND reminded_at IS NULL
            ORDER BY due_at, id LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED)
        RETURNING id
        """,
        {"now": now, "until": until, "limit": limit},
    )
    return find_work(ids=[row.id for row in rows])


def find_by_numbers(*, numbers: Collection[str], organisation_id: UUID) -> list[Work]:
    """An organisation's work by suborders' numbers, or by those of parcels of theirs."""
    rows = fetch_rows(
        f"{_WORK} WHERE work.organisation_id = %s AND (suborder.number = ANY(%s) OR suborder.id IN"
        " (SELECT reference_id FROM logistics_parcel WHERE number = ANY(%s))) ORDER BY work.due_at, work.id",
        [organisation_id, list(numbers), list(numbers)],
    )
    return [Work(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Overdue:
    """A suborder that is past its deadline, with what says how long it may be so.

    One whose goods had to come first counts as placed when they came.
    """

    suborder_id: UUID
    node_id: UUID
    terms_id: str
    placed_at: datetime
    lines: tuple[tuple[UUID, int], ...]


def list_overdue(*, now: datetime, limit: int = 5000) -> list[Overdue]:
    """Suborders of which nothing has left or stands packed past their deadline, oldest deadline first."""
    rows = fetch_rows(
        """
        SELECT suborder.id, suborder.node_id, min(line.terms_id) AS terms_id,
            coalesce(suborder.goods_came_at, ordered.placed_at) AS placed_at,
            array_agg(line.id ORDER BY line.position) AS line_ids,
            array_agg(line.quantity - line.cancelled_qty ORDER BY line.position) AS units
        FROM orders_workitem work
        JOIN orders_suborder suborder ON suborder.id = work.suborder_id
        JOIN orders_order ordered ON ordered.id = suborder.order_id
        JOIN orders_orderline line ON line.suborder_id = suborder.id
        WHERE work.state IN ('waiting', 'accepted') AND work.due_at < %s
          AND (suborder.comes_with IS NULL OR suborder.goods_came_at IS NOT NULL)
          AND NOT EXISTS (SELECT FROM logistics_parcel parcel
                          WHERE parcel.reference_id = suborder.id AND parcel.state <> 'cancelled')
        GROUP BY suborder.id, ordered.placed_at, work.due_at
        ORDER BY work.due_at, suborder.id LIMIT %s
        """,
        [now, limit],
    )
    return [
        Overdue(
            row.id, row.node_id, row.terms_id, row.placed_at,
            tuple((line_id, units) for line_id, units in zip(row.line_ids, row.units, strict=True) if units),
        )
        for row in rows
    ]  # fmt: skip


def count_work(*, organisation_id: UUID | None, now: datetime) -> dict[str, int]:
    """How much work is open by state, and under "late" how much of it is past its deadline."""
    rows = fetch_rows(
        """
        SELECT state, count(*) AS items, count(*) FILTER (WHERE due_at < %s) AS late FROM orders_workitem
        WHERE state = ANY(%s) AND (%s::uuid IS NULL OR organisation_id = %s) GROUP BY state
        """,
        [now, list(OPEN), organisation_id, organisation_id],
    )
    counts = {row.state: row.items for row in rows}
    return {state: counts.get(state, 0) for state in OPEN} | {"late": sum(row.late for row in rows)}


@dataclass(frozen=True, slots=True)
class Day:
    """The open work of a node: past its deadline, due until the end of its day, later, and packed of all of it."""

    late: int
    today: int
    later: int
    packed: int


def count_days(*, ends: Mapping[UUID, datetime], organisation_id: UUID, now: datetime) -> dict[UUID, Day]:
    """An organisation's open work by node; `ends` says when the day of each node ends, which is a deadline of it."""
    source, params = unnest("day", {"node_id": "uuid", "ends_at": "timestamptz"}, list(ends.items()))
    rows = fetch_rows(
        f"SELECT day.node_id, count(*) FILTER (WHERE work.due_at < %s) AS late,"
        f" count(*) FILTER (WHERE work.due_at >= %s AND work.due_at <= day.ends_at) AS today,"
        f" count(*) FILTER (WHERE work.due_at > day.ends_at AND work.due_at >= %s) AS later,"
        f" count(*) FILTER (WHERE work.state = 'packed') AS packed"
        f" FROM {source} JOIN orders_workitem work ON work.node_id = day.node_id"
        f" WHERE work.organisation_id = %s AND work.state = ANY(%s) GROUP BY day.node_id",
        [now, now, now, *params, organisation_id, list(OPEN)],
    )
    found = {row.node_id: Day(row.late, row.today, row.later, row.packed) for row in rows}
    return {node_id: found.get(node_id, Day(0, 0, 0, 0)) for node_id in ends}


def list_lines(*, suborder_ids: Collection[UUID]) -> dict[UUID, list[WorkLine]]:
    """The lines of suborders by suborder, in the order of the purchase, with what is to ship and packed of them."""
    rows = fetch_rows(
        """
        SELECT line.id, line.suborder_id, line.position, line.title, line.sku_id, sku.code AS sku_code, line.quantity,
            line.quantity - line.cancelled_qty - line.shipped_qty AS to_ship, coalesce(packed.units, 0)::int AS packed
        FROM orders_orderline line
        JOIN catalogue_sku sku ON sku.id = line.sku_id
        LEFT JOIN LATERAL (
            SELECT sum(inside.quantity) AS units
            FROM logistics_parcelline inside JOIN logistics_parcel parcel ON parcel.id = inside.parcel_id
            WHERE inside.line_id = line.id AND parcel.state = 'packed' AND parcel.direction = 'outbound'
        ) packed ON true
        WHERE line.suborder_id = ANY(%s) ORDER BY line.suborder_id, line.position
        """,
        [list(suborder_ids)],
    )
    lines: dict[UUID, list[WorkLine]] = {}
    for row in rows:
        lines.setdefault(row.suborder_id, []).append(WorkLine(*row))
    return lines


def unit_weights(*, line_ids: Collection[UUID]) -> dict[UUID, int]:
    """The weight of one unit of each line's SKU, of its components where the SKU itself has none. Units: grams."""
    rows = fetch_rows(
        """
        SELECT line.id, coalesce(sku.weight_g, parts.weight_g, 0)::bigint AS weight_g
        FROM orders_orderline line JOIN catalogue_sku sku ON sku.id = line.sku_id
        LEFT JOIN LATERAL (
            SELECT sum(part.quantity * component.weight_g) AS weight_g
            FROM catalogue_skucomponent part JOIN catalogue_sku component ON component.id = part.component_id
            WHERE part.sku_id = sku.id
        ) parts ON true
        WHERE line.id = ANY(%s)
        """,
        [list(line_ids)],
    )
    return {row.id: row.weight_g for row in rows}


def list_performers() -> list[tuple[UUID, str]]:
    """Every organisation that runs a node, and so ships: (id, name), by name."""
    rows = fetch_rows(
        "SELECT id, name FROM accounts_organisation organisation"
        " WHERE EXISTS (SELECT FROM logistics_node node WHERE node.operator_id = organisation.id) ORDER BY name, id"
    )
    return [(row.id, row.name) for row in rows]
