"""A shipment's time at the dock, the bills for its way, and its landed cost."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from ninja import Schema
from pydantic import AwareDatetime, Field

from entrepot.domain.inbound import costing, docking, queries, shipping
from entrepot.domain.inbound.cost_models import LandedCost, ShipmentCost
from entrepot.domain.inbound.costing import NewCost
from entrepot.domain.inbound.models import DockSlot
from entrepot.domain.inbound.queries import Scope
from entrepot.flows import landing
from entrepot.kernel import clock
from entrepot.surfaces.api.auth import actor_of, place_scope
from entrepot.surfaces.api.routes import Routes
from entrepot.surfaces.api.schemas import ROWS_MAX, In, Reason, Text

routes = Routes("Shipments")
#: Free times that one answer names.
SLOTS_MAX = 100


class FreeSlotOut(Schema):
    """A time at a dock, and how many vehicles it still takes."""

    starts_at: datetime
    ends_at: datetime
    left: int


class SlotIn(In):
    """A time at the dock, one of those that are free."""

    starts_at: AwareDatetime


class SlotOut(Schema):
    """A shipment's time at the dock."""

    starts_at: datetime
    ends_at: datetime
    state: str

    @classmethod
    def of(cls, slot: DockSlot) -> "SlotOut":
        """A slot."""
        return cls(starts_at=slot.starts_at, ends_at=slot.ends_at, state=slot.state)


class CostIn(In):
    """A bill for the way; below zero a credit note."""

    kind: Literal[
        "freight", "terminal_handling", "drayage", "insurance", "customs_duty", "entry_fees", "brokerage", "unloading",
        "other",
    ]  # fmt: skip
    currency: Annotated[str, Field(min_length=3, max_length=3)]
    amount_minor: Annotated[int, Field(strict=True, ge=-costing.AMOUNT_MAX, le=costing.AMOUNT_MAX)]
    share_by: Literal["value", "weight", "volume", "quantity"]
    issuer: Annotated[str, Field(min_length=1, max_length=60)]
    document_number: Annotated[str, Field(min_length=1, max_length=60)]
    incurred_on: date
    note: Annotated[str, Field(max_length=200)] = ""


class CostOut(Schema):
    """A bill for the way."""

    id: UUID
    kind: str
    currency: str
    amount_minor: int
    seller_minor: int
    share_by: str
    paid_by: str
    issuer: str
    document_number: str
    incurred_on: date
    note: str

    @classmethod
    def of(cls, cost: ShipmentCost) -> "CostOut":
        """A bill."""
        return cls(**{name: getattr(cost, name) for name in CostOut.model_fields})


class LandedCostIn(In):
    """In which currency; a correction says why."""

    currency: Annotated[str, Field(min_length=3, max_length=3)]
    reason: Text = ""


class LandedPartOut(Schema):
    """What a bill costs the units of a SKU."""

    cost_id: UUID
    minor: int


class LandedUnitOut(Schema):
    """What the way cost the units of a SKU; the parts sum to the amount."""

    sku_id: UUID
    quantity: int
    amount_minor: int
    unit_minor: int
    parts: list[LandedPartOut]


class ValueIn(In):
    """What a unit of a SKU is worth at the border. Units: minor."""

    sku_id: UUID
    unit_minor: Annotated[int, Field(strict=True, gt=0, le=10**13)]


class ValuesIn(In):
    """The values of a shipment for customs, in one currency; none clears them."""

    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    values: Annotated[list[ValueIn], Field(max_length=ROWS_MAX)]
    reason: Reason


class BorderOut(Schema):
    """What the border is reckoned to take, by the law of a day. Units: minor of the currency."""

    currency: str
    duty_minor: int
    fees_minor: int
    import_tax_minor: int
    on: date


class LandedCostOut(Schema):
    """A version of the landed cost."""

    version: int
    currency: str
    total_minor: int
    reason: str
    created_at: datetime
    units: list[LandedUnitOut]

    @classmethod
    def of(cls, landed: LandedCost) -> "LandedCostOut":
        """A version with its units."""
        units = [
            LandedUnitOut(
                sku_id=each.sku_id,
                quantity=each.quantity,
                amount_minor=each.amount_minor,
                unit_minor=each.unit_minor,
                parts=[LandedPartOut(cost_id=cost.id, minor=minor) for cost, minor in each.parts],
            )
            for each in costing.get_landed(landed).units
        ]
        plain = ("version", "currency", "total_minor", "reason", "created_at")
        return cls(units=units, **{name: getattr(landed, name) for name in plain})


@routes.get("/shipments/{uuid:shipment_id}/slots", list[FreeSlotOut], "shipments.read")
def list_free_slots(request: HttpRequest, shipment_id: UUID, since: date | None = None) -> Any:
    """The next free times at the dock of its node, from a day on; none where the node takes what comes."""
    shipment, now = queries.find_shipment(shipment_id=shipment_id, scope=_shipments_of(request)), clock.now()
    today = now.astimezone(ZoneInfo(shipment.node.time_zone)).date()
    found = docking.free_slots(shipment.node_id, since=max(since or today, today), now=now, limit=SLOTS_MAX)
    return [FreeSlotOut(starts_at=each.starts_at, ends_at=each.ends_at, left=each.left) for each in found]


@routes.put("/shipments/{uuid:shipment_id}/slot", SlotOut, "shipments.send", "stock.receive")
def book_slot(request: HttpRequest, shipment_id: UUID, payload: SlotIn) -> SlotOut:
    """Book a time at the dock, or another one; the refusal of a taken one names the next that are free."""
    slot = shipping.book_slot(
        shipment_id=shipment_id, starts_at=payload.starts_at, actor=actor_of(request), now=clock.now()
    )
    return SlotOut.of(slot)


@routes.delete("/shipments/{uuid:shipment_id}/slot", SlotOut, "shipments.send", "stock.receive")
def give_slot_back(request: HttpRequest, shipment_id: UUID) -> SlotOut:
    """Give the time at the dock back."""
    return SlotOut.of(shipping.give_slot_back(shipment_id=shipment_id, actor=actor_of(request), now=clock.now()))


@routes.get("/shipments/{uuid:shipment_id}/costs", list[CostOut], "shipments.read")
def list_shipment_costs(request: HttpRequest, shipment_id: UUID) -> list[CostOut]:
    """The bills for the way of a shipment."""
    shipment = queries.find_shipment(shipment_id=shipment_id, scope=_shipments_of(request))
    return [CostOut.of(each) for each in costing.list_costs(shipment.id)]


@routes.post("/shipments/{uuid:shipment_id}/costs", CostOut, "shipments.send", "settlement.run", status=201)
def enter_shipment_cost(request: HttpRequest, shipment_id: UUID, payload: CostIn) -> CostOut:
    """Enter a bill that the caller's side paid; what the marketplace paid is booked."""
    bill = NewCost(**payload.model_dump())
    made = landing.enter_cost(shipment_id=shipment_id, cost=bill, actor=actor_of(request), now=clock.now())
    return CostOut.of(made)


@routes.put("/shipments/{uuid:shipment_id}/values", BorderOut, "shipments.send", "settlement.run")
def set_shipment_values(request: HttpRequest, shipment_id: UUID, payload: ValuesIn) -> BorderOut:
    """Say what units of which no price is agreed are worth at the border; what it takes of the shipment by that."""
    shipment = costing.set_values(
        shipment_id=shipment_id, currency=payload.currency, reason=payload.reason, actor=actor_of(request),
        now=clock.now(), values={each.sku_id: each.unit_minor for each in payload.values},
    )  # fmt: skip
    found = landing.reckon_border(shipment, now=clock.now())
    return BorderOut(**{name: getattr(found, name) for name in BorderOut.model_fields})


@routes.get("/shipments/{uuid:shipment_id}/landed-costs", list[LandedCostOut], "shipments.read")
def list_landed_costs(request: HttpRequest, shipment_id: UUID) -> list[LandedCostOut]:
    """The versions of its landed cost, the newest first."""
    shipment = queries.find_shipment(shipment_id=shipment_id, scope=_shipments_of(request))
    return [LandedCostOut.of(each) for each in costing.list_landed(shipment.id)[:10]]


@routes.post(
    "/shipments/{uuid:shipment_id}/landed-costs", LandedCostOut, "shipments.send", "settlement.run", status=201
)
def share_shipment_costs(request: HttpRequest, shipment_id: UUID, payload: LandedCostIn) -> LandedCostOut:
    """Share all its bills among the units that came into stock: a new version."""
    made = costing.share(shipment_id=shipment_id, actor=actor_of(request), now=clock.now(), **payload.model_dump())
    return LandedCostOut.of(made)


def _shipments_of(request: HttpRequest) -> Scope:
    return Scope(**place_scope(request, "shipments.read", "node_operator_id"))
