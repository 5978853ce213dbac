"""Goods that go back to their seller leave the node, or are disposed of: where that meets stock and the books."""

from datetime import datetime
from uuid import UUID

from entrepot.domain.inbound import sending_back
from entrepot.domain.inbound.return_models import VendorReturn
from entrepot.domain.inbound.sending_back import Leaving
from entrepot.domain.settlement.booking import record
from entrepot.domain.settlement.vendor_returns import return_entry
from entrepot.kernel.actors import Actor
from entrepot.kernel.db import atomic


@atomic
def hand_over(*, return_id: UUID, leaving: Leaving, actor: Actor, now: datetime) -> VendorReturn:
    """Give the goods to a carrier: stock leaves, carriage is booked, and the seller's share stands on its statement.

    Raises: NotFound, Denied, Invalid, Refused from its state or for units that are not there, Unavailable.
    """
    row = sending_back.lock(return_id, actor)
    sending_back.demand_node(row, actor)
    lines = sending_back.hand_over(row, leaving, actor=actor, now=now)
    record([return_entry(row, lines, now)], now)
    return row


@atomic
def dispose(*, return_id: UUID, actor: Actor, reason: str, now: datetime) -> VendorReturn:
    """Dispose of goods that their seller did not take in time, or gave up.

    Raises: NotFound, Denied, Invalid without a reason, Refused before the day.
    """
    row = sending_back.lock(return_id, actor)
    sending_back.demand_node(row, actor)
    lines = sending_back.dispose(row, actor=actor, reason=reason, now=now)
    record([return_entry(row, lines, now)], now)
    return row
