"""Orders on their way, for tests: placed, packed, handed over and delivered through the real flows."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import shopping
from entrepot.domain.catalogue.models import Offer
from entrepot.domain.logistics.models import Parcel
from entrepot.domain.orders.models import Order, OrderLine, WorkItem
from entrepot.flows import fulfilment
from entrepot.flows.fulfilment import Box, Handover, Scan
from entrepot.kernel.actors import SYSTEM, Actor
from entrepot.kernel.errors import Refused
from worlds import World

SHIP_TO = {"name": "Jürgen Groß", "line1": "Straße des 17. Juni 135", "postcode": "10623", "city": "Berlin"}


def order(world: World, *lines: tuple[Offer, int], **fields: Any) -> Order:
    """A placed order of these offers."""
    country = lines[0][0].market.country
    placed = shopping.order(world, *lines, market_code=country, ship_to=SHIP_TO | {"country": country}, **fields)
    return Order.objects.get(id=placed.order_id)


def lines_of(ordered: Order) -> list[OrderLine]:
    """The lines of an order, as they are now."""
    return list(OrderLine.objects.filter(order=ordered).order_by("position"))


def work_of(ordered: Order) -> list[WorkItem]:
    """The work items of an order, by suborder."""
    return list(WorkItem.objects.filter(suborder__order=ordered).order_by("suborder__number"))


def pack(world: World, *lines: tuple[OrderLine, int], actor: Actor = SYSTEM) -> Parcel:
    """One parcel of units of lines of one suborder."""
    item = WorkItem.objects.get(suborder=lines[0][0].suborder_id)
    box = Box(item.id, [(line.id, units) for line, units in lines])
    return fulfilment.pack(boxes=[box], actor=actor, now=world.now)[0]


def hand_over(world: World, *parcels: Parcel, actor: Actor = SYSTEM) -> list[fulfilment.HandedOver]:
    """Parcels leave under tracking numbers of their own."""
    handovers = [Handover(parcel.id, tracking_number=world.next("T")) for parcel in parcels]
    return fulfilment.hand_over(handovers=handovers, actor=actor, now=world.now)


def scan(world: World, kind: str, *parcels: Parcel, origin: str = "carrier") -> list[str]:
    """The same is said of these parcels."""
    return fulfilment.record_tracking(
        events=[Scan(kind, origin, world.now, world.next("scan"), parcel_id=parcel.id) for parcel in parcels],
        now=world.now,
    )


def ship(world: World, ordered: Order) -> list[Parcel]:
    """Everything that is left of an order in one parcel a suborder, handed over."""
    by_suborder: dict[UUID, list[tuple[OrderLine, int]]] = {}
    for line in lines_of(ordered):
        if units := line.quantity - line.cancelled_qty - line.shipped_qty:
            by_suborder.setdefault(line.suborder_id, []).append((line, units))
    parcels = [pack(world, *members) for members in by_suborder.values()]
    hand_over(world, *parcels)
    return parcels


def deliver(world: World, ordered: Order, days: int = 2) -> list[Parcel]:
    """The same, delivered some days later."""
    parcels = ship(world, ordered)
    world.pass_time(days=days)
    scan(world, "delivered", *parcels)
    return parcels


def movements(line: OrderLine) -> Sequence[tuple[str, str, int]]:
    """What moved for a line: (SKU, kind, quantity), in order."""
    from entrepot.domain.inventory.models import Movement

    rows = Movement.objects.filter(subject_id=line.id).select_related("stock__sku").order_by("id")
    return [(row.stock.sku.code, row.kind, row.quantity) for row in rows]


def run_at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Run acts in threads of their own; what each came to, a refusal being one of it."""

    def run(act: Callable[[], Any]) -> Any:
        with shopping.own_connection():
            try:
                return act()
            except Refused as error:
                return error

    with ThreadPoolExecutor(len(acts)) as pool:
        return [future.result() for future in [pool.submit(run, act) for act in acts]]
