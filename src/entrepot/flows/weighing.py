"""What the cards ask for parcels as carriers weighed them: by the lane that was planned, with the cards of that day."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from entrepot.domain.logistics.bill_matching import Weighing
from entrepot.domain.orders.sellable import Sellable, find_sellable
from entrepot.flows import delivering
from entrepot.flows.delivering import Option, Parcel
from entrepot.kernel.db import fetch_rows

#: The goods of parcels on their way out, with the promise under which they go.
_GOODS = """
SELECT parcel.id AS parcel_id, suborder.lane_code, suborder.ship_by::date AS ready_on, ordered.currency,
    ordered.placed_at, market.code AS market_code, market.country AS destination, node.country AS origin,
    line.offer_id, inside.quantity AS units, line.list_minor / line.quantity AS unit_minor,
    (SELECT sum(quantity) FROM orders_orderline whole WHERE whole.suborder_id = suborder.id)::bigint AS planned_units
FROM logistics_parcel parcel
JOIN logistics_parcelline inside ON inside.parcel_id = parcel.id
JOIN orders_orderline line ON line.id = inside.line_id
JOIN orders_suborder suborder ON suborder.id = parcel.reference_id
JOIN orders_order ordered ON ordered.id = suborder.order_id AND ordered.placed_at IS NOT NULL
JOIN markets_market market ON market.id = ordered.market_id
JOIN logistics_node node ON node.id = suborder.node_id
WHERE parcel.id = ANY(%s) AND parcel.direction = 'outbound' ORDER BY parcel.id, line.position
"""


def by_cards(weighings: Sequence[Weighing]) -> dict[UUID, int]:
    """What each line's parcel should cost at the weight that is billed, in its order's currency; by line.

    A parcel with all that was planned together costs what the card says. Of one with a part of it the card says how
    much more it asks than for the packed weight. None where the lane or a card takes no such parcel, or is gone.
    Units: minor.
    """
    inside: dict[UUID, list[Any]] = defaultdict(list)
    for row in fetch_rows(_GOODS, [list({each.parcel_id for each in weighings})]):
        inside[row.parcel_id].append(row)
    known = [each for each in weighings if each.parcel_id in inside]
    if not known:
        return {}
    rows = [row for found in inside.values() for row in found]
    goods = find_sellable(offer_ids={row.offer_id for row in rows}, now=max(row.placed_at for row in rows))
    by_day: dict[date, list[Weighing]] = defaultdict(list)
    for each in known:
        by_day[inside[each.parcel_id][0].placed_at.date()].append(each)
    found = {}
    for on, members in by_day.items():
        # Each as it was weighed and, beside it, as it was packed.
        parcels = [
            _parcel(inside[each.parcel_id], goods, weight)
            for each in members
            for weight in (each.weight_g, each.planned_weight_g)
        ]
        options = delivering.find_options(parcels, on=on)
        for place, each in enumerate(members):
            lane = inside[each.parcel_id][0].lane_code
            billed, packed = (_cost(options[2 * place + at], lane) for at in (0, 1))
            if billed is None:
                continue
            if _is_whole(inside[each.parcel_id]):
                found[each.line_id] = billed
            elif packed is not None:
                found[each.line_id] = each.planned_minor + billed - packed
    return found


def _is_whole(rows: Sequence[Any]) -> bool:
    """Whether a parcel holds all that was planned to travel together."""
    return bool(sum(row.units for row in rows) == rows[0].planned_units)


def _parcel(rows: Sequence[Any], goods: Mapping[UUID, Sellable], weight_g: int) -> Parcel:
    first, things = rows[0], [(goods[row.offer_id], row.units) for row in rows]
    value = sum(row.unit_minor * row.units for row in rows)
    return Parcel(
        origin=first.origin, market_code=first.market_code, destination=first.destination, currency=first.currency,
        ready_on=first.ready_on, weight_g=weight_g, goods_minor=value,
        volume_cm3=sum(thing.volume_cm3 * units for thing, units in things),
        sides_mm=tuple(max(column) for column in zip(*(thing.sides_mm for thing, _ in things), strict=True)),
        units=sum(units for _, units in things), flags=frozenset(flag for thing, _ in things for flag in thing.flags),
        order_minor=value,
    )  # fmt: skip


def _cost(options: Sequence[Option], lane: str) -> int | None:
    """What the lane costs, if it takes the parcel."""
    return next((each.cost_minor for each in options if each.lane == lane and not each.objections), None)
