"""How the people of the demonstration work: performers pack and hand over, nodes receive returns and refund them."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from entrepot.domain.aftersales.models import ReturnCase, ReturnLine
from entrepot.domain.logistics.models import Parcel
from entrepot.domain.orders import work
from entrepot.domain.orders.models import WorkItem
from entrepot.flows import fulfilment, returns
from entrepot.flows.fulfilment import Box, Handover
from entrepot.kernel.actors import Actor

#: Between packing and the carrier's van.
LOADING = timedelta(hours=1)


def ship(
    items: Sequence[WorkItem],
    *,
    actor_of: Callable[[UUID], Actor],
    number: Callable[[UUID], str],
    now: datetime,
    leaves_at: datetime,
) -> int:
    """Pack what stands in no parcel yet, and hand over all of these that is packed; how many parcels left.

    `number` makes the tracking number of a parcel.
    """
    by_organisation: dict[UUID, list[WorkItem]] = defaultdict(list)
    for item in items:
        by_organisation[item.organisation_id].append(item)
    lines = work.list_lines(suborder_ids=[item.suborder_id for item in items])
    left = 0
    for organisation_id, group in by_organisation.items():
        actor = actor_of(organisation_id)
        boxes = [
            Box(item.id, contents)
            for item in group
            if (contents := [(line.id, line.to_pack) for line in lines.get(item.suborder_id, ()) if line.to_pack])
        ]
        if boxes:
            fulfilment.pack(boxes=boxes, actor=actor, now=now)
        packed = Parcel.objects.filter(
            reference_id__in=[item.suborder_id for item in group], state="packed", direction="outbound"
        )
        handovers = [Handover(parcel.id, tracking_number=number(parcel.id)) for parcel in packed.order_by("id")]
        if handovers:
            fulfilment.hand_over(handovers=handovers, actor=actor, now=leaves_at)
        left += len(handovers)
    return left


def receive(case: ReturnCase, *, actor: Actor, disposition: Callable[[], str], now: datetime) -> None:
    """Check a return that is there, say what becomes of its units, and refund it."""
    asked = ReturnLine.objects.filter(case=case).order_by("id").values_list("line_id", "quantity")
    received = [returns.Received(line_id, quantity, disposition()) for line_id, quantity in asked]
    returns.receive_return(case_id=case.id, received=received, actor=actor, now=now)
    returns.refund(case_ids=[case.id], actor=actor, now=now)
