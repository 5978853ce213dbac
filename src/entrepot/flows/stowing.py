"""A place is counted: what differs corrects the stock, and the books where the goods are the platform's."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from entrepot.domain.inventory import places
from entrepot.domain.inventory.models import Stock
from entrepot.domain.inventory.place_models import Place
from entrepot.flows import inbound
from entrepot.kernel import audit
from entrepot.kernel.actors import Actor
from entrepot.kernel.db import atomic
from entrepot.kernel.errors import Invalid, NotFound

UNITS_MAX = 1_000_000


@atomic
def count_place(
    *, place_id: UUID, counted: Mapping[UUID, int], actor: Actor, reason: str, now: datetime
) -> dict[UUID, int]:
    """Say how many units of each stock row were found at a place; stock row -> units more (or fewer) than were known.

    Rows that are not named stay as they are. Raises: NotFound, Invalid, Refused for units that are promised.
    """
    place = Place.objects.select_related("node").filter(id=place_id, archived_at__isnull=True).first()
    if place is None or not actor.reaches("stock.adjust", place.node.operator_id):
        raise NotFound(kind="place")
    audit.require_reason(reason)
    present = places.lock_place(place_id=place.id)
    here = set(Stock.objects.filter(id__in=list(counted), node_id=place.node_id).values_list("id", flat=True))
    if set(counted) - here:
        raise NotFound(kind="stock")
    for units in counted.values():
        if not 0 <= units <= UNITS_MAX:
            raise Invalid("places.units", "Count 0 to {most} units.", field="quantity", most=UNITS_MAX)
    changes = {stock_id: units - present.get(stock_id, 0) for stock_id, units in counted.items()}
    changes = {stock_id: units for stock_id, units in sorted(changes.items()) if units}
    places.let_go({(stock_id, place.id): -units for stock_id, units in changes.items() if units < 0}, now)
    if changes:
        inbound.adjust_stock(
            actor=actor,
            changes=list(changes.items()),
            reason=f"{place.code}: {reason}"[:200],
            now=now,
            place_id=place.id,
        )
    return changes
