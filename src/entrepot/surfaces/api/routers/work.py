"""Fulfilment: the work of whoever performs it, its parcels, labels, hand-over, and what carriers say."""

from collections import Counter
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Schema
from pydantic import AwareDatetime, Field

from entrepot.domain.logistics import queries as logistics
from entrepot.domain.logistics.models import Parcel, ParcelLine, TrackingEvent
from entrepot.domain.orders import work as queries
from entrepot.domain.orders.work import Work, WorkLine
from entrepot.flows import fulfilment, missing, tracking
from entrepot.flows.fulfilment import Box, Handover
from entrepot.flows.tracking import Scan
from entrepot.kernel import clock
from entrepot.kernel.errors import NotFound
from entrepot.surfaces.api.auth import actor_of, scope_of
from entrepot.surfaces.api.paging import Page, Paged, bad_cursor, page, read
from entrepot.surfaces.api.routers.addresses import AddressOut
from entrepot.surfaces.api.routes import Routes
from entrepot.surfaces.api.schemas import ROWS_MAX, Done, In, Money, Reason, Short, Units, money
from entrepot.surfaces.shared import media

routes = Routes("Fulfilment")

Kind = Literal["handed_over", "in_transit", "customs", "out_for_delivery", "delivered", "exception", "lost"]


class WorkOut(Schema):
    """A suborder's work for its performer, with its deadline; `late_party` is who was liable once it was late."""

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
    seller_id: UUID
    carrier: str
    service: str
    promised_from: date
    promised_until: date

    @classmethod
    def of(cls, item: Work) -> "WorkOut":
        """A work item."""
        return cls(**{name: getattr(item, name) for name in WorkOut.model_fields})


class WorkLineOut(Schema):
    """What of a line is still to be packed and shipped."""

    id: UUID
    position: int
    title: str
    sku_id: UUID
    sku: str
    quantity: int
    to_ship: int
    packed: int
    to_pack: int

    @classmethod
    def of(cls, line: WorkLine) -> "WorkLineOut":
        """A line of work."""
        plain = [name for name in cls.model_fields if name != "sku"]
        return cls(**{name: getattr(line, name) for name in plain}, sku=line.sku_code)


class ContentOut(Schema):
    """Units of an order line in a parcel."""

    line_id: UUID
    quantity: int


class TrackingOut(Schema):
    """What was said of a parcel, by the carrier or as a claim."""

    kind: str
    origin: str
    occurred_at: datetime
    place: str
    note: str


class ParcelOut(Schema):
    """A box; `label` is the path of its label, a PDF."""

    id: UUID
    number: str
    direction: str
    reference_id: UUID
    node_id: UUID
    state: str
    weight_g: int
    carrier: str
    service: str
    tracking_number: str
    cost: Money
    label: str
    handed_over_at: datetime | None
    delivered_at: datetime | None
    contents: list[ContentOut]
    tracking: list[TrackingOut]


class WholeWorkOut(WorkOut):
    """A work item with its address, its lines and its parcels."""

    ship_to: AddressOut
    lines: list[WorkLineOut]
    parcels: list[ParcelOut]


class WorkIdsIn(In):
    """Work items."""

    work_item_ids: Annotated[list[UUID], Field(min_length=1, max_length=ROWS_MAX)]


class ContentIn(In):
    """Units of an order line."""

    line_id: UUID
    quantity: Units


class BoxIn(In):
    """What is put into one parcel; the weight where it was weighed."""

    work_item_id: UUID
    lines: Annotated[list[ContentIn], Field(min_length=1, max_length=ROWS_MAX)]
    weight_g: Annotated[int, Field(strict=True, ge=1, le=40_000_000)] | None = None


class BoxesIn(In):
    """Parcels to pack."""

    boxes: Annotated[list[BoxIn], Field(min_length=1, max_length=ROWS_MAX)]


class ParcelIdsIn(In):
    """Parcels."""

    parcel_ids: Annotated[list[UUID], Field(min_length=1, max_length=ROWS_MAX)]


class HandoverIn(In):
    """A parcel as it leaves; the planned carrier and service where none is named."""

    parcel_id: UUID
    carrier: Short = ""
    service: Short = ""
    tracking_number: Annotated[str, Field(max_length=60)] = ""


class HandoversIn(In):
    """Parcels that leave, all or none."""

    handovers: Annotated[list[HandoverIn], Field(min_length=1, max_length=ROWS_MAX)]


class HandedOverOut(Schema):
    """A parcel that left, and whether the money for it is there (no capture: it was taken at order)."""

    parcel_id: UUID
    capture_id: UUID | None
    is_captured: bool


class MissingIn(In):
    """Units of lines that were not found where they should stand, and why that is so sure."""

    lines: Annotated[list[ContentIn], Field(min_length=1, max_length=ROWS_MAX)]
    reason: Reason


class MissingOut(Schema):
    """Units that were served at the node, that leave from another, or were cancelled."""

    here: int
    elsewhere: int
    cancelled: int


class ScanIn(In):
    """What somebody says of a parcel, named by its id or by carrier and tracking number; once for each key."""

    kind: Kind
    origin: Literal["carrier", "claim"]
    occurred_at: AwareDatetime
    event_key: Annotated[str, Field(min_length=1, max_length=100)]
    parcel_id: UUID | None = None
    carrier: Short = ""
    tracking_number: Annotated[str, Field(max_length=60)] = ""
    place: Annotated[str, Field(max_length=120)] = ""
    note: Annotated[str, Field(max_length=200)] = ""


class ScansIn(In):
    """Scans."""

    events: Annotated[list[ScanIn], Field(min_length=1, max_length=ROWS_MAX)]


@routes.get("/work-items", Page[WorkOut], "work.read")
def list_work(request: HttpRequest, paging: Paged, is_open: bool = True, node_id: UUID | None = None) -> Any:
    """One's own work by deadline, or everybody's for who may see all."""
    states = queries.OPEN if is_open else ("done", "cancelled")
    found = queries.list_work(
        organisation_id=scope_of(request, "work.read"),
        states=states,
        node_id=node_id,
        after=_place(paging.cursor),
        limit=paging.more,
    )
    return page(found, paging, WorkOut.of, lambda item: f"{item.due_at.isoformat()} {item.id}")


@routes.get("/work-items/{uuid:work_item_id}", WholeWorkOut, "work.read")
def get_work(request: HttpRequest, work_item_id: UUID) -> WholeWorkOut:
    """One work item with what its performer has to know."""
    own = scope_of(request, "work.read")
    found = queries.find_work(ids=[work_item_id])
    if not found or own not in (None, found[0].organisation_id):
        raise NotFound(kind="work item")
    [item] = found
    return WholeWorkOut(
        **WorkOut.of(item).model_dump(),
        ship_to=AddressOut.of(item.ship_to_id),
        lines=[WorkLineOut.of(each) for each in queries.list_lines(suborder_ids=[item.suborder_id])[item.suborder_id]],
        parcels=show(logistics.list_parcels(reference_ids=[item.suborder_id])),
    )


@routes.post("/work-items/acceptance", Done, "work.perform")
def accept_work(request: HttpRequest, payload: WorkIdsIn) -> Done:
    """Take work on."""
    fulfilment.accept_work(work_item_ids=payload.work_item_ids, actor=actor_of(request), now=clock.now())
    return Done(count=len(set(payload.work_item_ids)))


@routes.post("/work-items/{uuid:work_item_id}/absences", MissingOut, "stock.adjust", status=201)
def say_missing(request: HttpRequest, work_item_id: UUID, payload: MissingIn) -> MissingOut:
    """Say that units are not where they should stand: the stock is put right, the order is served otherwise."""
    units: Counter[UUID] = Counter()
    for each in payload.lines:
        units[each.line_id] += each.quantity
    served = missing.say_missing(
        work_item_id=work_item_id, units=units, actor=actor_of(request), reason=payload.reason, now=clock.now()
    )
    return MissingOut(here=served.here, elsewhere=served.elsewhere, cancelled=served.cancelled)


@routes.post("/parcels", list[ParcelOut], "work.perform", status=201)
def pack_parcels(request: HttpRequest, payload: BoxesIn) -> list[ParcelOut]:
    """Put units into parcels, as many as it needs."""
    boxes = [
        Box(each.work_item_id, [(line.line_id, line.quantity) for line in each.lines], each.weight_g)
        for each in payload.boxes
    ]
    return show(fulfilment.pack(boxes=boxes, actor=actor_of(request), now=clock.now()))


@routes.post("/parcels/unpacking", Done, "work.perform")
def unpack_parcels(request: HttpRequest, payload: ParcelIdsIn) -> Done:
    """Take packed parcels apart; their units are to be packed again."""
    fulfilment.unpack(parcel_ids=payload.parcel_ids, actor=actor_of(request), now=clock.now())
    return Done(count=len(set(payload.parcel_ids)))


@routes.post("/parcels/labels", list[ParcelOut], "work.perform", status=201)
def make_labels(request: HttpRequest, payload: ParcelIdsIn) -> list[ParcelOut]:
    """Make a label for each packed parcel, to the order's present address."""
    fulfilment.make_labels(parcel_ids=payload.parcel_ids, actor=actor_of(request), now=clock.now())
    return show(logistics.find_parcels(ids=payload.parcel_ids))


@routes.post("/parcels/handover", list[HandedOverOut], "work.perform")
def hand_over_parcels(request: HttpRequest, payload: HandoversIn) -> list[HandedOverOut]:
    """Give packed parcels to their carriers: stock leaves, and money is captured where the terms say so."""
    left = fulfilment.hand_over(
        handovers=[
            Handover(each.parcel_id, each.carrier, each.tracking_number, each.service) for each in payload.handovers
        ],
        actor=actor_of(request),
        now=clock.now(),
    )
    return [HandedOverOut(**{name: getattr(each, name) for name in HandedOverOut.model_fields}) for each in left]


@routes.post("/parcels/capture", Done, "work.perform")
def recapture_parcels(request: HttpRequest, payload: ParcelIdsIn) -> Done:
    """Try anew the refused captures of parcels that have left; how many are done by it."""
    done = fulfilment.recapture(parcel_ids=payload.parcel_ids, actor=actor_of(request), now=clock.now())
    return Done(count=done)


@routes.get("/parcels/{uuid:parcel_id}", ParcelOut, "work.read")
def get_parcel(request: HttpRequest, parcel_id: UUID) -> ParcelOut:
    """One parcel with its contents and tracking: for who performs its work or runs its node."""
    own = scope_of(request, "work.read")
    found = logistics.find_parcels(ids=[parcel_id])
    if not found or (own is not None and own != _handler(found[0])):
        raise NotFound(kind="parcel")
    return show(found)[0]


@routes.post("/tracking", list[str], "work.perform", status=201)
def record_tracking(request: HttpRequest, payload: ScansIn) -> list[str]:
    """Record what was said of parcels.

    What came of each, in order: unknown, too_early, known, recorded, delivered or lost. Only the operator speaks for
    carriers; what others say is kept as a claim.
    """
    events = [
        Scan(
            kind=each.kind,
            origin=each.origin,
            occurred_at=each.occurred_at,
            event_key=each.event_key,
            parcel_id=each.parcel_id,
            carrier=each.carrier,
            tracking_number=each.tracking_number,
            place=each.place,
            note=each.note,
        )
        for each in payload.events
    ]
    return tracking.record_tracking(events=events, actor=actor_of(request), now=clock.now())


def show(parcels: list[Parcel]) -> list[ParcelOut]:
    """Parcels with what is in them and what was said of them."""
    ids = [parcel.id for parcel in parcels]
    contents: dict[UUID, list[ParcelLine]] = logistics.list_parcel_lines(parcel_ids=ids)
    said: dict[UUID, list[TrackingEvent]] = logistics.list_tracking(parcel_ids=ids)
    own = {"cost", "label", "contents", "tracking"}
    return [
        ParcelOut(
            **{name: getattr(parcel, name) for name in ParcelOut.model_fields if name not in own},
            cost=money(parcel.cost_minor, parcel.cost_currency),
            label=media.link(parcel.label_media),
            contents=[ContentOut(line_id=line.line_id, quantity=line.quantity) for line in contents.get(parcel.id, [])],
            tracking=[
                TrackingOut(**{name: getattr(event, name) for name in TrackingOut.model_fields})
                for event in said.get(parcel.id, [])
            ],
        )
        for parcel in parcels
    ]


def _handler(parcel: Parcel) -> UUID:
    """Who performs the work that the parcel is part of, else who runs the node of a return."""
    items = queries.find_work(suborder_ids=[parcel.reference_id])
    return items[0].organisation_id if items else logistics.list_nodes([parcel.node_id])[parcel.node_id].operator_id


def _place(cursor: str) -> tuple[datetime, UUID] | None:
    if not cursor:
        return None
    due, _, identity = read(cursor).partition(" ")
    try:
        return datetime.fromisoformat(due), UUID(identity)
    except ValueError:
        raise bad_cursor() from None
