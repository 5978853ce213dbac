"""Carriers: quotes, bookings, papers, manifests, and tracking in doubt."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Schema
from pydantic import Field

from entrepot.domain.logistics import doubts
from entrepot.domain.logistics.models import Booking, Manifest
from entrepot.flows import booking, doubting, papers
from entrepot.kernel import clock
from entrepot.surfaces.api.auth import actor_of, scope_of
from entrepot.surfaces.api.routes import Routes
from entrepot.surfaces.api.schemas import ROWS_MAX, Done, In, Money, Short, money

routes = Routes("Carriers")

Kind = Literal["packing-list", "commercial-invoice", "customs-declaration"]


class CarrierQuoteOut(Schema):
    """What a carrier asks for a service; `refusal` says why it does not go. Units: days."""

    service: str
    cost: Money
    days: list[int] | None
    refusal: str


class CarrierQuotesOut(Schema):
    """A carrier's quotes, the cheapest first; `problem` where it could not say."""

    carrier: str
    quotes: list[CarrierQuoteOut]
    problem: str


class BookingIn(In):
    """Packed parcels, and with whom; each with its planned carrier where none is named."""

    parcel_ids: Annotated[list[UUID], Field(min_length=1, max_length=ROWS_MAX)]
    carrier: Short = ""
    service: Short = ""


class BookedIn(In):
    """Parcels whose bookings are not wanted any more."""

    parcel_ids: Annotated[list[UUID], Field(min_length=1, max_length=ROWS_MAX)]


class BookingOut(Schema):
    """What came of a booking: booked, declined, or unknown as long as the carrier has not answered."""

    id: UUID
    parcel_id: UUID
    carrier: str
    service: str
    state: str
    reference: str
    tracking_number: str
    cost: Money | None
    reason: str


class ManifestIn(In):
    """Whose day at which node is to be closed."""

    carrier: Annotated[str, Field(min_length=1, max_length=40)]
    node_id: UUID


class ManifestOut(Schema):
    """A carrier's day, closed; `reference` is the carrier's."""

    id: UUID
    number: str
    carrier: str
    node_id: UUID
    state: str
    reference: str
    reason: str


class DoubtOut(Schema):
    """A reason not to believe what is said of a parcel, with its points."""

    id: UUID
    kind: str
    points: int
    state: str
    facts: dict[str, str | int | bool | list[str]]


class DoubtedOut(Schema):
    """A parcel in doubt with what its doubts come to; docs/rules/tracking.md explains the kinds."""

    parcel_id: UUID
    number: str
    suborder_number: str
    carrier: str
    tracking_number: str
    handed_over_at: datetime | None
    score: int
    is_fraud: bool
    doubts: list[DoubtOut]


class VerdictIn(In):
    """Whether a doubt was right, and why."""

    uphold: bool
    reason: Annotated[str, Field(min_length=3, max_length=500)]


@routes.post("/parcels/{uuid:parcel_id}/quotes", list[CarrierQuotesOut], "work.perform")
def quote_carriers(request: HttpRequest, parcel_id: UUID) -> list[CarrierQuotesOut]:
    """What every carrier asks for a packed parcel, its planned one first."""
    return [
        CarrierQuotesOut(
            carrier=each.carrier,
            quotes=[
                CarrierQuoteOut(
                    service=quote.service, cost=money(quote.cost_minor, quote.currency),
                    days=list(quote.days) if quote.days else None, refusal=quote.refusal,
                )
                for quote in each.quotes
            ],
            problem=each.problem,
        )
        for each in booking.quote(parcel_id=parcel_id, actor=actor_of(request), now=clock.now())
    ]  # fmt: skip


@routes.post("/parcels/bookings", list[BookingOut], "work.perform", status=201)
def book_parcels(request: HttpRequest, payload: BookingIn) -> list[BookingOut]:
    """Book packed parcels with a carrier: each has its number and label by it, or says why not."""
    made = booking.book(
        parcel_ids=list(dict.fromkeys(payload.parcel_ids)), carrier=payload.carrier, service=payload.service,
        actor=actor_of(request), now=clock.now(),
    )  # fmt: skip
    return [_booking(made[key]) for key in dict.fromkeys(payload.parcel_ids)]


@routes.post("/parcels/bookings/cancellation", Done, "work.perform")
def cancel_bookings(request: HttpRequest, payload: BookedIn) -> Done:
    """Let go of the bookings of packed parcels; how many are by now."""
    return Done(count=booking.cancel(parcel_ids=payload.parcel_ids, actor=actor_of(request), now=clock.now()))


@routes.get("/parcels/{uuid:parcel_id}/papers/{kind}", None, "work.read")
def get_parcel_paper(request: HttpRequest, parcel_id: UUID, kind: Kind) -> HttpResponse:
    """A paper of a parcel as a PDF: packing-list; across a border also commercial-invoice and customs-declaration."""
    content = papers.make(parcel_ids=[parcel_id], kind=kind, actor=actor_of(request), now=clock.now())
    return HttpResponse(content, content_type="application/pdf", headers={"Cache-Control": "private, no-store"})


@routes.get("/manifests", list[ManifestOut], "work.read")
def list_manifests(request: HttpRequest) -> list[ManifestOut]:
    """The last manifests of one's own work, or of everybody's for who may see all."""
    found = booking.list_manifests(organisation_id=scope_of(request, "work.read"))
    return [_manifest(each) for each, _parcels in found]


@routes.post("/manifests", ManifestOut, "work.perform", status=201)
def close_manifest(request: HttpRequest, payload: ManifestIn) -> ManifestOut:
    """Close a carrier's day at a node, for what left and is on no manifest yet."""
    return _manifest(
        booking.close_day(carrier=payload.carrier, node_id=payload.node_id, actor=actor_of(request), now=clock.now())
    )


@routes.get("/tracking/doubts", list[DoubtedOut], "work.read")
def list_tracking_doubts(request: HttpRequest) -> list[DoubtedOut]:
    """Parcels whose tracking is in doubt, the weightiest first: one's own, or everybody's for who may see all."""
    found = doubting.list_doubted(organisation_id=scope_of(request, "work.read"), now=clock.now())
    plain = [name for name in DoubtedOut.model_fields if name != "doubts"]
    return [
        DoubtedOut(
            **{name: getattr(each, name) for name in plain},
            doubts=[
                DoubtOut(id=row.id, kind=row.kind, points=row.points, state=row.state, facts=row.facts)
                for row in each.doubts
            ],
        )
        for each in found
    ]


@routes.post("/tracking/doubts/{uuid:doubt_id}/decision", DoubtOut, "work.perform", everybodys=True)
def decide_tracking_doubt(request: HttpRequest, doubt_id: UUID, payload: VerdictIn) -> DoubtOut:
    """Uphold or clear a doubt."""
    row = doubts.decide(
        doubt_id=doubt_id, uphold=payload.uphold, reason=payload.reason, actor=actor_of(request), now=clock.now()
    )
    return DoubtOut(id=row.id, kind=row.kind, points=row.points, state=row.state, facts=row.facts)


def _booking(row: Booking) -> BookingOut:
    plain = [name for name in BookingOut.model_fields if name != "cost"]
    cost = money(row.cost_minor, row.cost_currency) if row.cost_minor is not None and row.cost_currency else None
    return BookingOut(**{name: getattr(row, name) for name in plain}, cost=cost)


def _manifest(row: Manifest) -> ManifestOut:
    return ManifestOut(**{name: getattr(row, name) for name in ManifestOut.model_fields})
