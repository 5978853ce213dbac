"""Shipping many suborders at once: what is to be fetched, packed whole, labelled on one paper, handed over together.

Also how a scanned number finds the work that it belongs to. Each act is `fulfilment`'s, for many at a time.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from entrepot.domain.catalogue import queries as catalogue
from entrepot.domain.inventory import places
from entrepot.domain.inventory import queries as inventory
from entrepot.domain.inventory.queries import Held
from entrepot.domain.logistics import queries as logistics
from entrepot.domain.logistics.models import Parcel
from entrepot.domain.orders import work
from entrepot.domain.orders.work import Work, WorkLine
from entrepot.flows import fulfilment
from entrepot.flows.fulfilment import Box, HandedOver, Handover
from entrepot.kernel.actors import Actor
from entrepot.kernel.db import fetch_rows
from entrepot.kernel.errors import Invalid, NotFound

#: Work that one list or one paper has.
MOST = 200


@dataclass(slots=True)
class Pick:
    """Units of a SKU to be fetched at a node, from which place where that is known, and for which suborders."""

    node_id: UUID
    sku_code: str
    title: str
    barcode: str
    lot: str
    place: str = ""
    walk: str = ""
    units: int = 0
    orders: list[tuple[str, int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Leaving:
    """A packed parcel that waits for its carrier."""

    parcel: Parcel
    work: Work


@dataclass(frozen=True, slots=True)
class Found:
    """What a scanned number means: `kind` is parcel, work, sku or return; of a SKU the open work that needs it."""

    kind: str
    works: Sequence[Work] = ()
    parcel: Parcel | None = None
    number: str = ""


def chosen_work(*, work_item_ids: Collection[UUID], actor: Actor) -> list[Work]:
    """Work items of the actor's, by deadline. Raises: NotFound for another's, Invalid for none or too many."""
    if not work_item_ids:
        raise Invalid("work.nothing_chosen", "Choose what you take on.")
    if len(work_item_ids) > MOST:
        raise Invalid("work.too_many_chosen", "Choose {most} at most.", most=MOST)
    found = work.find_work(ids=work_item_ids)
    if len(found) < len(set(work_item_ids)) or not all(
        actor.reaches("work.read", item.organisation_id) for item in found
    ):
        raise NotFound(kind="work item")
    return sorted(found, key=lambda item: (item.due_at, item.id))


def pick_list(*, items: Sequence[Work], languages: Sequence[str]) -> list[Pick]:
    """What is to be fetched for these suborders, each SKU once for every node, lot and place.

    In the order in which one walks past the places; without places in that of the codes.
    """
    lines = work.list_lines(suborder_ids=[item.suborder_id for item in items])
    wanted = {line.id: line for group in lines.values() for line in group if line.to_pack > 0}
    held = inventory.list_held(line_ids=wanted)
    texts = catalogue.texts({each.product_id for group in held.values() for each in group}, languages=languages)
    of = {item.suborder_id: item for item in items}
    wants: list[tuple[WorkLine, Held, int]] = []
    for line_id, line in wanted.items():
        left: dict[UUID, int] = {}
        for each in held.get(line_id, ()):
            open_units = left.setdefault(each.sku_id, line.to_pack * each.per_unit)
            units = min(open_units, each.quantity)
            if units:
                left[each.sku_id] -= units
                wants.append((line, each, units))
    picks: dict[tuple[UUID, str, str, str, str], Pick] = {}
    for line, each, walk, place, units in _from_places(wants):
        item = of[line.suborder_id]
        text = texts.get(each.product_id)
        title = line.title if each.sku_id == line.sku_id else text.title if text else each.sku_code
        pick = picks.setdefault(
            (item.node_id, walk, each.sku_code, each.lot, place),
            Pick(item.node_id, each.sku_code, title, each.barcode, each.lot, place, walk),
        )
        pick.units += units
        pick.orders.append((item.suborder_number, units))
    return [picks[key] for key in sorted(picks, key=lambda key: (not key[1], *key[1:4], key[0]))]


def _from_places(wants: Sequence[tuple[WorkLine, Held, int]]) -> Iterator[tuple[WorkLine, Held, str, str, int]]:
    """The same with the places from which the units are taken: one want may come from several."""
    found = iter(places.fetch_from([(each.stock_id, units) for _line, each, units in wants]))
    for line, each, units in wants:
        while units > 0:
            _stock, walk, place, taken = next(found)
            units -= taken
            yield line, each, walk, place, taken


def pack_whole(*, work_item_ids: Sequence[UUID], actor: Actor, now: datetime) -> list[Parcel]:
    """Put all that is left to pack of each suborder into one parcel; what has nothing left is passed over.

    Raises: NotFound, Invalid, Denied, BeyondQuantity.
    """
    items = chosen_work(work_item_ids=work_item_ids, actor=actor)
    lines = work.list_lines(suborder_ids=[item.suborder_id for item in items])
    boxes = [box for item in items if (box := whole(item, lines.get(item.suborder_id, ()))) is not None]
    if not boxes:
        raise Invalid("work.nothing_to_pack", "Nothing of it is left to be packed.")
    return fulfilment.pack(boxes=boxes, actor=actor, now=now)


def whole(item: Work, lines: Sequence[WorkLine]) -> Box | None:
    """One parcel with all that is left of a suborder, or None."""
    contents = [(line.id, line.to_pack) for line in lines if line.to_pack > 0]
    return Box(item.id, contents) if contents else None


def list_leaving(*, organisation_id: UUID | None, carrier: str | None = None, limit: int = 500) -> list[Leaving]:
    """Packed parcels of an organisation's work (None: everybody's), by carrier and deadline."""
    rows = fetch_rows(
        "SELECT parcel.id, item.id AS work_id FROM logistics_parcel parcel"
        " JOIN orders_workitem item ON item.suborder_id = parcel.reference_id"
        " WHERE parcel.state = 'packed' AND parcel.direction = 'outbound'"
        " AND (%s::uuid IS NULL OR item.organisation_id = %s) AND (%s::text IS NULL OR parcel.carrier = %s)"
        " ORDER BY parcel.carrier, item.due_at, parcel.id LIMIT %s",
        [organisation_id, organisation_id, carrier, carrier, limit],
    )
    return _leaving(rows)


def list_left(
    *, organisation_id: UUID | None, since: datetime, until: datetime, carrier: str, limit: int = 500
) -> list[Leaving]:
    """What an organisation handed over to a carrier in a span of time, in its order."""
    rows = fetch_rows(
        "SELECT parcel.id, item.id AS work_id FROM logistics_parcel parcel"
        " JOIN orders_workitem item ON item.suborder_id = parcel.reference_id"
        " WHERE parcel.direction = 'outbound' AND parcel.handed_over_at >= %s AND parcel.handed_over_at < %s"
        " AND parcel.carrier = %s AND (%s::uuid IS NULL OR item.organisation_id = %s)"
        " ORDER BY parcel.handed_over_at, parcel.id LIMIT %s",
        [since, until, carrier, organisation_id, organisation_id, limit],
    )
    return _leaving(rows)


def _leaving(rows: Sequence[Any]) -> list[Leaving]:
    works = {item.id: item for item in work.find_work(ids=[row.work_id for row in rows])}
    boxes = {parcel.id: parcel for parcel in logistics.find_parcels(ids=[row.id for row in rows])}
    return [Leaving(boxes[row.id], works[row.work_id]) for row in rows]


def hand_over_all(*, parcel_ids: Sequence[UUID], carrier: str, actor: Actor, now: datetime) -> list[HandedOver]:
    """Give packed parcels to one carrier, without numbers of its own yet. Raises: Invalid, and as `hand_over`."""
    if not parcel_ids:
        raise Invalid("work.no_parcels_chosen", "Choose the parcels that leave.")
    if len(set(parcel_ids)) > MOST:
        raise Invalid("work.too_many_chosen", "Choose {most} at most.", most=MOST)
    return fulfilment.hand_over(
        handovers=[Handover(parcel_id, carrier.strip()) for parcel_id in dict.fromkeys(parcel_ids)],
        actor=actor,
        now=now,
    )


def find(*, code: str, organisation_id: UUID | None) -> Found:
    """What a scanned number means among an organisation's work. Raises: NotFound.

    A parcel's number or its carrier's, a suborder's or order's, an article's number or bar code, a return's number.
    """
    code = code.strip()
    rows = fetch_rows(_FIND, {"code": code, "of": organisation_id, "states": list(work.OPEN)}) if code else []
    if not rows:
        raise NotFound("work.unknown_code", "Nothing of yours has the number {code}.", field="code", code=code[:60])
    kind = min((row.kind for row in rows), key=_ORDER.index)
    hits = [row for row in rows if row.kind == kind]
    if kind == "return":
        return Found("return", number=hits[0].number)
    works = {item.id: item for item in work.find_work(ids={row.work_id for row in hits})}
    found = sorted(works.values(), key=lambda item: (item.due_at, item.id))
    parcel = logistics.find_parcels(ids=[hits[0].parcel_id])[0] if kind == "parcel" else None
    return Found(kind, found, parcel, code)


_ORDER = ("parcel", "work", "return", "sku")
_FIND = """
    SELECT 'parcel' AS kind, item.id AS work_id, parcel.id AS parcel_id, parcel.number
    FROM logistics_parcel parcel JOIN orders_workitem item ON item.suborder_id = parcel.reference_id
    WHERE (parcel.number = upper(%(code)s) OR parcel.tracking_number = %(code)s) AND parcel.state <> 'cancelled'
      AND (%(of)s::uuid IS NULL OR item.organisation_id = %(of)s)
    UNION ALL
    SELECT 'work', item.id, NULL, suborder.number
    FROM orders_suborder suborder JOIN orders_workitem item ON item.suborder_id = suborder.id
    JOIN orders_order ordered ON ordered.id = suborder.order_id
    WHERE (suborder.number = upper(%(code)s) OR ordered.number = upper(%(code)s))
      AND (%(of)s::uuid IS NULL OR item.organisation_id = %(of)s)
    UNION ALL
    SELECT 'return', NULL, NULL, returned.number
    FROM aftersales_returncase returned JOIN logistics_node node ON node.id = returned.node_id
    WHERE returned.number = upper(%(code)s) AND (%(of)s::uuid IS NULL OR node.operator_id = %(of)s)
    UNION ALL
    SELECT 'sku', hit.id, NULL, '' FROM (
        SELECT DISTINCT item.id, item.due_at
        FROM catalogue_sku sku JOIN catalogue_skucomponent part ON part.component_id = sku.id
        JOIN orders_orderline line ON line.sku_id = part.sku_id
        JOIN orders_workitem item ON item.suborder_id = line.suborder_id
        WHERE (sku.code = %(code)s OR sku.barcode = %(code)s) AND item.state = ANY(%(states)s)
          AND (%(of)s::uuid IS NULL OR item.organisation_id = %(of)s)
        ORDER BY item.due_at LIMIT 50
    ) hit
"""


def count_carriers(leaving: Sequence[Leaving]) -> Mapping[str, int]:
    """How many parcels wait for each carrier."""
    counts: dict[str, int] = defaultdict(int)
    for each in leaving:
        counts[each.parcel.carrier] += 1
    return dict(sorted(counts.items()))
