"""Shipments to nodes (ASN): cartons, announcement, departure; arrival, counting, inspection, putting away."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Schema
from pydantic import Field

from entrepot.domain.inbound import queries, receiving, shipping
from entrepot.domain.inbound.models import Shipment
from entrepot.domain.inbound.queries import Scope, ShipmentView
from entrepot.domain.inbound.receiving import Scan
from entrepot.domain.inbound.shipping import NewCarton
from entrepot.flows import receiving as flow
from entrepot.kernel import clock
from entrepot.kernel.errors import NotFound
from entrepot.surfaces.api.auth import actor_of, is_seller, place_scope, seller_of
from entrepot.surfaces.api.paging import Page, Paged, page
from entrepot.surfaces.api.routers.stock_orders import InboundEventOut, WhyIn, shown_events
from entrepot.surfaces.api.routes import Routes
from entrepot.surfaces.api.schemas import ROWS_MAX, Done, In, Short, Text, Units, UnitsOrNone

routes = Routes("Shipments")


class CartonOut(Schema):
    """A carton with what is said to be in it. Units: grams, millimetres."""

    id: UUID
    barcode: str
    weight_g: int
    length_mm: int
    width_mm: int
    height_mm: int
    units: dict[str, int]
    is_counted: bool


class PositionOut(Schema):
    """A SKU of a shipment: announced, counted (of these damaged), put away; `passed` is its last inspection."""

    sku_id: UUID
    sku: str
    declared: int
    counted: int
    damaged: int
    put_away: int
    passed: bool | None


class DiscrepancyOut(Schema):
    """Units that differ from what was announced, how, and what becomes of them."""

    sku_id: UUID
    kind: str
    declared: int
    counted: int
    quantity: int
    outcome: str


class ShipmentOut(Schema):
    """What a seller brings to a node (ASN)."""

    id: UUID
    number: str
    seller_id: UUID
    enrolment_id: UUID
    node_id: UUID
    stock_order_id: UUID | None
    state: str
    carrier: str
    tracking_number: str
    expected_on: date | None
    due_at: datetime | None
    late_at: datetime | None
    announced_at: datetime | None
    shipped_at: datetime | None
    arrived_at: datetime | None
    closed_at: datetime | None

    @classmethod
    def of(cls, shipment: Shipment) -> "ShipmentOut":
        """A shipment."""
        return cls(**{name: getattr(shipment, name) for name in ShipmentOut.model_fields})


class ShipmentDetailOut(Schema):
    """A shipment with its cartons, what was counted, what differs, and what happened to it."""

    shipment: ShipmentOut
    cartons: list[CartonOut]
    positions: list[PositionOut]
    discrepancies: list[DiscrepancyOut]
    events: list[InboundEventOut]

    @classmethod
    def of_view(cls, view: ShipmentView) -> "ShipmentDetailOut":
        """All that is known of a shipment."""
        sizes = ("id", "barcode", "weight_g", "length_mm", "width_mm", "height_mm")
        return cls(
            shipment=ShipmentOut.of(view.shipment),
            cartons=[
                CartonOut(
                    **{name: getattr(each.carton, name) for name in sizes},
                    units={str(line.sku_id): line.quantity for line in each.lines},
                    is_counted=each.is_counted,
                )
                for each in view.cartons
            ],
            positions=[
                PositionOut(
                    sku_id=each.sku_id,
                    sku=each.sku_code,
                    declared=each.declared,
                    counted=each.counted,
                    damaged=each.damaged,
                    put_away=each.put_away,
                    passed=each.inspection.passed if each.inspection else None,
                )
                for each in view.positions
            ],
            discrepancies=[
                DiscrepancyOut(
                    sku_id=each.sku_id,
                    kind=each.kind,
                    declared=each.declared_qty,
                    counted=each.counted_qty,
                    quantity=each.quantity,
                    outcome=each.outcome,
                )
                for each in view.discrepancies
            ],
            events=shown_events(view.events),
        )


class ShipmentIn(In):
    """A shipment of the seller's own planning; who acts for others names the seller."""

    enrolment_id: UUID
    node_id: UUID
    seller_id: UUID | None = None


class PackedIn(In):
    """Units of a SKU in a carton."""

    sku_id: UUID
    quantity: Units


class CartonIn(In):
    """So many equal cartons. Units: grams, millimetres; `units` is what is in each."""

    units: Annotated[list[PackedIn], Field(min_length=1, max_length=100)]
    weight_g: Annotated[int, Field(strict=True, ge=1, le=shipping.WEIGHT_MAX)]
    length_mm: Annotated[int, Field(strict=True, ge=1, le=shipping.SIDE_MAX)]
    width_mm: Annotated[int, Field(strict=True, ge=1, le=shipping.SIDE_MAX)]
    height_mm: Annotated[int, Field(strict=True, ge=1, le=shipping.SIDE_MAX)]
    copies: Annotated[int, Field(strict=True, ge=1, le=shipping.CARTONS_MAX)] = 1


class CartonsIn(In):
    """Cartons."""

    cartons: Annotated[list[CartonIn], Field(min_length=1, max_length=shipping.CARTONS_MAX)]


class AnnouncementIn(In):
    """When it comes, and with whom where that is known."""

    expected_on: date
    carrier: Short = ""
    tracking_number: Annotated[str, Field(max_length=60)] = ""


class DepartureIn(In):
    """Who brings it."""

    carrier: Annotated[Short, Field(min_length=1)]
    tracking_number: Annotated[str, Field(max_length=60)] = ""


class CartonScansIn(In):
    """Numbers of cartons that came; each counts once, as it was announced."""

    barcodes: Annotated[list[Annotated[str, Field(max_length=24)]], Field(min_length=1, max_length=ROWS_MAX)]


class CountIn(In):
    """Units counted in one act; sent again under its key it counts once. Below zero it corrects, with a note."""

    key: Annotated[str, Field(min_length=1, max_length=70)]
    sku_id: UUID
    quantity: Annotated[int, Field(strict=True, ge=-receiving.UNITS_MAX, le=receiving.UNITS_MAX)]
    condition: Literal["new", "damaged"] = "new"
    carton_id: UUID | None = None
    note: Annotated[str, Field(max_length=200)] = ""


class CountsIn(In):
    """Counts."""

    counts: Annotated[list[CountIn], Field(min_length=1, max_length=ROWS_MAX)]


class CountedOut(Schema):
    """Units that are new, and acts that had been counted before."""

    units: int
    repeated: int


class InspectionIn(In):
    """How many units of the sample of a SKU were faulty."""

    sku_id: UUID
    defects: UnitsOrNone
    note: Text = ""


class InspectionOut(Schema):
    """What the plan made of a sample."""

    plan: str
    lot_size: int
    sample_size: int
    accept_max: int
    defects: int
    passed: bool


class ClosingIn(In):
    """What becomes of what differs."""

    take_extra: bool = False
    keep_damaged: bool = True
    note: Text = ""


class ArrivalIn(In):
    """That it is here; where the dock asks for a slot, that it is let in without."""

    without_slot: bool = False


class PutAwayOut(Schema):
    """Units that became stock; `is_bought` says that the platform bought them in that moment."""

    sku_id: UUID
    quantity: int
    stock_id: UUID
    movement_id: UUID
    is_bought: bool


@routes.post("/stock-orders/{uuid:stock_order_id}/shipments", ShipmentOut, "shipments.send", status=201)
def pack_stock_order(request: HttpRequest, stock_order_id: UUID) -> ShipmentOut:
    """Begin the shipment of an accepted stock order."""
    made = shipping.draft_for(order_id=stock_order_id, actor=actor_of(request), now=clock.now())
    return ShipmentOut.of(made)


@routes.get("/shipments", Page[ShipmentOut], "shipments.read")
def list_shipments(request: HttpRequest, paging: Paged, state: str = "") -> Any:
    """Shipments, the newest first: a seller's own, those that come to one's nodes, or all."""
    found = queries.list_shipments(
        scope=_shipments_of(request), states=[state] if state else (), before=paging.after, limit=paging.more
    )
    return page(found, paging, ShipmentOut.of)


@routes.post("/shipments", ShipmentOut, "shipments.send", status=201)
def draft_shipment(request: HttpRequest, payload: ShipmentIn) -> ShipmentOut:
    """Begin a shipment of the seller's own planning."""
    made = shipping.draft(
        seller_id=seller_of(request, "shipments.send", payload.seller_id),
        enrolment_id=payload.enrolment_id,
        node_id=payload.node_id,
        actor=actor_of(request),
        now=clock.now(),
    )
    return ShipmentOut.of(made)


@routes.get("/shipments/{uuid:shipment_id}", ShipmentDetailOut, "shipments.read")
def get_shipment(request: HttpRequest, shipment_id: UUID) -> ShipmentDetailOut:
    """One shipment; at the node it is seen once it is announced."""
    view = queries.get_shipment(shipment_id=shipment_id, scope=_shipments_of(request))
    if view.shipment.state == "draft" and not is_seller(request):
        raise NotFound(kind="shipment")
    return ShipmentDetailOut.of_view(view)


@routes.post("/shipments/{uuid:shipment_id}/cartons", list[UUID], "shipments.send", status=201)
def pack_cartons(request: HttpRequest, shipment_id: UUID, payload: CartonsIn) -> list[UUID]:
    """Add cartons to a draft; their ids."""
    cartons = [
        NewCarton(
            {unit.sku_id: unit.quantity for unit in each.units},
            each.weight_g,
            each.length_mm,
            each.width_mm,
            each.height_mm,
            each.copies,
        )
        for each in payload.cartons
    ]
    made = shipping.put_cartons(shipment_id=shipment_id, cartons=cartons, actor=actor_of(request), now=clock.now())
    return [each.id for each in made]


@routes.delete("/shipments/{uuid:shipment_id}/cartons/{uuid:carton_id}", Done, "shipments.send")
def remove_carton(request: HttpRequest, shipment_id: UUID, carton_id: UUID) -> Done:
    """Take a carton out of a draft."""
    shipping.remove_cartons(shipment_id=shipment_id, carton_ids=[carton_id], actor=actor_of(request))
    return Done(count=1)


@routes.post("/shipments/{uuid:shipment_id}/announcement", ShipmentOut, "shipments.send")
def announce_shipment(request: HttpRequest, shipment_id: UUID, payload: AnnouncementIn) -> ShipmentOut:
    """Tell the node what comes when."""
    done = shipping.announce(shipment_id=shipment_id, actor=actor_of(request), now=clock.now(), **payload.model_dump())
    return ShipmentOut.of(done)


@routes.post("/shipments/{uuid:shipment_id}/departure", ShipmentOut, "shipments.send")
def send_shipment(request: HttpRequest, shipment_id: UUID, payload: DepartureIn) -> ShipmentOut:
    """Say that a shipment has left."""
    done = shipping.ship(shipment_id=shipment_id, actor=actor_of(request), now=clock.now(), **payload.model_dump())
    return ShipmentOut.of(done)


@routes.post("/shipments/{uuid:shipment_id}/cancellation", ShipmentOut, "shipments.send")
def cancel_shipment(request: HttpRequest, shipment_id: UUID, payload: WhyIn) -> ShipmentOut:
    """Take back a shipment that has not left."""
    done = shipping.cancel(shipment_id=shipment_id, actor=actor_of(request), now=clock.now(), reason=payload.reason)
    return ShipmentOut.of(done)


@routes.post("/shipments/{uuid:shipment_id}/arrival", ShipmentOut, "stock.receive")
def receive_shipment(request: HttpRequest, shipment_id: UUID, payload: ArrivalIn | None = None) -> ShipmentOut:
    """Say, at its node, that a shipment has come."""
    is_free = payload is not None and payload.without_slot
    done = shipping.arrive(shipment_id=shipment_id, actor=actor_of(request), now=clock.now(), without_slot=is_free)
    return ShipmentOut.of(done)


@routes.post("/shipments/{uuid:shipment_id}/turning-away", ShipmentOut, "stock.receive")
def turn_shipment_away(request: HttpRequest, shipment_id: UUID, payload: WhyIn) -> ShipmentOut:
    """Turn a whole shipment away at the dock."""
    actor = actor_of(request)
    done = flow.refuse_shipment(shipment_id=shipment_id, reason=payload.reason, actor=actor, now=clock.now())
    return ShipmentOut.of(done)


@routes.post("/shipments/{uuid:shipment_id}/scans", CountedOut, "stock.receive")
def scan_cartons(request: HttpRequest, shipment_id: UUID, payload: CartonScansIn) -> CountedOut:
    """Count cartons whole, each once."""
    done = receiving.count_cartons(
        shipment_id=shipment_id, barcodes=payload.barcodes, actor=actor_of(request), now=clock.now()
    )
    return CountedOut(units=done.units, repeated=done.repeated)


@routes.post("/shipments/{uuid:shipment_id}/counts", CountedOut, "stock.receive")
def count_units(request: HttpRequest, shipment_id: UUID, payload: CountsIn) -> CountedOut:
    """Count units; each act once for its key."""
    scans = [
        Scan(f"api:{each.key}", each.sku_id, each.quantity, each.condition, each.carton_id, each.note)
        for each in payload.counts
    ]
    done = receiving.count(shipment_id=shipment_id, scans=scans, actor=actor_of(request), now=clock.now())
    return CountedOut(units=done.units, repeated=done.repeated)


@routes.post("/shipments/{uuid:shipment_id}/inspections", InspectionOut, "stock.receive", status=201)
def inspect_units(request: HttpRequest, shipment_id: UUID, payload: InspectionIn) -> InspectionOut:
    """Write down what a sample showed; the plan says whether the lot passes."""
    done = receiving.inspect(shipment_id=shipment_id, actor=actor_of(request), now=clock.now(), **payload.model_dump())
    return InspectionOut(**{name: getattr(done, name) for name in InspectionOut.model_fields})


@routes.post("/shipments/{uuid:shipment_id}/put-aways", list[PutAwayOut], "stock.receive", status=201)
def put_units_away(request: HttpRequest, shipment_id: UUID) -> list[PutAwayOut]:
    """Bring what is counted so far into stock."""
    done = flow.put_away(shipment_id=shipment_id, actor=actor_of(request), now=clock.now())
    return [PutAwayOut(**{name: getattr(each, name) for name in PutAwayOut.model_fields}) for each in done]


@routes.post("/shipments/{uuid:shipment_id}/closing", list[PutAwayOut], "stock.receive", status=201)
def close_shipment(request: HttpRequest, shipment_id: UUID, payload: ClosingIn) -> list[PutAwayOut]:
    """Put away the rest, record what differs, and end the receiving."""
    done = flow.close_shipment(
        shipment_id=shipment_id, actor=actor_of(request), now=clock.now(), **payload.model_dump()
    )
    return [PutAwayOut(**{name: getattr(each, name) for name in PutAwayOut.model_fields}) for each in done]


def _shipments_of(request: HttpRequest) -> Scope:
    return Scope(**place_scope(request, "shipments.read", "node_operator_id"))
