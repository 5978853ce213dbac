"""Picking for many suborders, and deliveries that are claimed with proof."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import get_language
from ninja import Schema
from pydantic import AwareDatetime, Field

from entrepot.flows import claiming, shipping
from entrepot.flows.claiming import Claim
from entrepot.kernel import clock
from entrepot.surfaces.api.auth import actor_of
from entrepot.surfaces.api.routers.work import ParcelOut, WorkIdsIn, show
from entrepot.surfaces.api.routes import Routes
from entrepot.surfaces.api.schemas import Done, Flag, In, Reason

routes = Routes("Fulfilment")


class PickOut(Schema):
    """Units of an article to be fetched at a node, and for which suborders."""

    node_id: UUID
    sku: str
    title: str
    barcode: str
    lot: str
    units: int
    orders: list[tuple[str, int]]


class ClaimIn(In):
    """That a parcel arrived, and how that is known."""

    arrived_at: AwareDatetime
    proof: Annotated[str, Field(min_length=1, max_length=200)]


class ClaimOut(Schema):
    """A delivery that is claimed and that no carrier scanned; `is_early` is before the first day of the promise."""

    parcel_id: UUID
    number: str
    carrier: str
    tracking_number: str
    handed_over_at: datetime
    claimed_at: datetime
    said_at: datetime
    proof: str
    suborder_number: str
    performer: str
    is_early: bool

    @classmethod
    def of(cls, claim: Claim) -> "ClaimOut":
        """A claim."""
        return cls(**{name: getattr(claim, name) for name in cls.model_fields})


class ClaimDecisionIn(In):
    """Whether the parcel counts as delivered from now on, and why."""

    confirm: Flag
    reason: Reason


@routes.post("/work-items/picks", list[PickOut], "work.read")
def list_picks(request: HttpRequest, payload: WorkIdsIn) -> list[PickOut]:
    """What is to be fetched for these suborders, each article once for every node and lot."""
    items = shipping.chosen_work(work_item_ids=payload.work_item_ids, actor=actor_of(request))
    found = shipping.pick_list(items=items, languages=[get_language() or "en", "en"])
    return [PickOut(**{name: getattr(each, name) for name in PickOut.model_fields}) for each in found]


@routes.post("/work-items/packing", list[ParcelOut], "work.perform", status=201)
def pack_whole(request: HttpRequest, payload: WorkIdsIn) -> list[ParcelOut]:
    """Put all that is left to pack of each suborder into one parcel."""
    made = shipping.pack_whole(work_item_ids=payload.work_item_ids, actor=actor_of(request), now=clock.now())
    return show(made)


@routes.post("/parcels/{uuid:parcel_id}/claims", Done, "work.perform", status=201)
def claim_delivery(request: HttpRequest, parcel_id: UUID, payload: ClaimIn) -> Done:
    """Say that a parcel arrived which its carrier did not scan; it counts once the operator has confirmed it."""
    claiming.claim_delivery(
        parcel_id=parcel_id,
        arrived_at=payload.arrived_at,
        proof=payload.proof,
        actor=actor_of(request),
        now=clock.now(),
    )
    return Done(count=1)


@routes.get("/claims", list[ClaimOut], "work.perform", everybodys=True)
def list_claims(request: HttpRequest) -> list[ClaimOut]:
    """What is claimed and not decided, the oldest first."""
    return [ClaimOut.of(each) for each in claiming.list_claims()]


@routes.post("/parcels/{uuid:parcel_id}/claims/decision", Done, "work.perform", everybodys=True)
def decide_claim(request: HttpRequest, parcel_id: UUID, payload: ClaimDecisionIn) -> Done:
    """Confirm or refuse what was claimed of a parcel, with a reason that is kept."""
    claiming.decide_claim(
        parcel_id=parcel_id,
        confirm=payload.confirm,
        reason=payload.reason,
        actor=actor_of(request),
        now=clock.now(),
    )
    return Done(count=1)
