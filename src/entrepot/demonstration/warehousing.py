"""A warehouse at work in the demonstration: hours at the docks, places, counts, goods kept apart, goods sent back."""

from datetime import datetime, time, timedelta
from uuid import UUID

from entrepot.demonstration.setting import Setting
from entrepot.domain.inbound import docking, sending_back, shipping
from entrepot.domain.inbound.docks import Hours
from entrepot.domain.inbound.models import Shipment
from entrepot.domain.inbound.return_models import VendorReturn
from entrepot.domain.inbound.sending_back import Back, Leaving
from entrepot.domain.inventory import places, placing
from entrepot.domain.inventory.places import AtPlace
from entrepot.domain.logistics.models import Node
from entrepot.flows import sending_back as flow
from entrepot.flows import stowing
from entrepot.kernel.actors import Actor

#: Nodes that take deliveries by the hour, and how many vehicles at once.
DOCKS = {"guangzhou-consolidation": 3, "rotterdam-bonded": 1, "new-jersey-3pl": 2}
#: Two aisles, a gallery for what is small, and a cage for what is not for sale.
PLACES = "A-01..02-1..9\nB-01-1..6\nQ-1..3, quarantine"
#: Articles that still stand at the dock, to be put away by whoever looks.
LEFT_AT_DOCK = 3


def open_docks(setting: Setting, now: datetime) -> None:
    """Let nodes say when they take deliveries."""
    for code, at_once in DOCKS.items():
        hours = Hours(time(8), time(17), slot_minutes=60, at_once=at_once, grace_minutes=45)
        docking.set_hours(
            node_id=setting.nodes[code].id, hours=hours, actor=_operator(setting), reason="Fewer vans at the gate",
            now=now,
        )  # fmt: skip


def book_slot(setting: Setting, shipment: Shipment, *, since: datetime, now: datetime) -> None:
    """The seller takes the first time at the dock that is free from a moment on."""
    [slot, *_] = docking.free_slots(shipment.node_id, since=since.date(), now=now, not_before=since, limit=1)
    shipping.book_slot(
        shipment_id=shipment.id, starts_at=slot.starts_at, actor=setting.actor(shipment.seller_id), now=now
    )


def make_places(setting: Setting, node: Node, now: datetime) -> None:
    """Give a node places, and put away what stands there, one article to a place and on from the first again."""
    actor = _operator(setting)
    made = places.make_places(node_id=node.id, places=placing.read(PLACES), actor=actor, now=now)
    shelves = [each.code for each in made if each.kind == "storage"]
    for number, row in enumerate(_at(node, "dock")):
        _move(row, shelves[number % len(shelves)], row.quantity, actor, now)


def put_away(setting: Setting, node: Node, now: datetime) -> None:
    """Put away what came, where its like stands: what is damaged into the cage, and of the rest all but a few."""
    actor, rows = _operator(setting), _at(node, "dock")
    best = places.suggest(rows)
    good = [row for row in rows if row.stock.condition == "new"]
    for row in [*(row for row in rows if row.stock.condition == "damaged"), *good[:-LEFT_AT_DOCK]]:
        if row.stock.id in best:
            _move(row, best[row.stock.id], row.quantity, actor, now)


def count(setting: Setting, node: Node, now: datetime) -> None:
    """Somebody counts two places: at the first all is there, at the second a unit is missing."""
    rows = [row for row in _at(node, "storage") if row.quantity > 3 and row.stock.reserved == 0]
    first = rows[0].place
    second = next(row.place for row in rows if row.place.id != first.id)
    for place, missing in ((first, 0), (second, 1)):
        found = {row.stock.id: row.quantity for row in places.list_at(node_id=node.id, place_id=place.id)}
        short = next(row.stock.id for row in rows if row.place.id == place.id)
        counted = found | {short: found[short] - missing}
        stowing.count_place(
            place_id=place.id, counted=counted, actor=_operator(setting), reason="Monthly count", now=now
        )


def set_apart(setting: Setting, node: Node, units: int, now: datetime) -> None:
    """Some units of what plenty stands of go into the cage until somebody has looked at them."""
    free = [row for row in _at(node, "storage") if row.quantity > 4 * units and row.stock.reserved == 0]
    _move(free[-1], "Q-2", units, _operator(setting), now)


def send_back(setting: Setting, node: Node, now: datetime) -> None:
    """What came damaged goes back to its seller, who agreed to it; what is kept apart waits for an answer."""
    actor = _operator(setting)
    [damaged, *_] = [row for row in _at(node, "quarantine") if row.stock.condition == "damaged"]
    seller = setting.actor(damaged.stock.seller_id)
    gone = _ask(damaged, "damaged", actor, now, "Broken in their carton; pictures were sent")
    sending_back.accept(return_id=gone.id, actor=seller, now=now + timedelta(minutes=40))
    leaving = Leaving("Meridian Air", "MER-88-20417", 1, 1890, "EUR")
    flow.hand_over(return_id=gone.id, leaving=leaving, actor=actor, now=now + timedelta(hours=2))
    [apart, *_] = [row for row in _at(node, "quarantine") if row.stock.condition == "new"]
    _ask(apart, "faulty", actor, now + timedelta(hours=3), "The glaze has pinholes; samples are put aside for you")


def want_back(setting: Setting, seller_id: UUID, node: Node, units: int, now: datetime) -> VendorReturn | None:
    """A seller asks for some of its goods back, which the node has not agreed to yet."""
    found = sending_back.list_candidates(seller_id=seller_id, node_id=node.id, with_places=False)
    plenty = [each.back for each in found if each.condition == "new" and each.back.quantity > 5 * units]
    if not plenty:
        return None
    return sending_back.ask(
        seller_id=seller_id, node_id=node.id, rows=[Back(units, plenty[0].stock_id)], cause="surplus",
        collect_by=now + timedelta(days=30), actor=setting.actor(seller_id), now=now,
        note="For a fair; the glaze of last year",
    )  # fmt: skip


def _ask(row: AtPlace, cause: str, actor: Actor, now: datetime, note: str) -> VendorReturn:
    return sending_back.ask(
        seller_id=row.stock.seller_id, node_id=row.place.node_id,
        rows=[Back(row.quantity, row.stock.id, row.place.id)], cause=cause, collect_by=now + timedelta(days=21),
        actor=actor, now=now, note=note,
    )  # fmt: skip


def _at(node: Node, kind: str) -> list[AtPlace]:
    return places.list_at(node_id=node.id, kind=kind, limit=1000)


def _move(row: AtPlace, to_code: str, units: int, actor: Actor, now: datetime) -> None:
    places.move(stock_id=row.stock.id, from_code=row.place.code, to_code=to_code, quantity=units, actor=actor, now=now)


def _operator(setting: Setting) -> Actor:
    return setting.actor(setting.operator.id)
