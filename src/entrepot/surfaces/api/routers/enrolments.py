"""Enrolments: a seller reads a programme in plain words, accepts it for a market, leaves it."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Schema
from pydantic import AwareDatetime, Field

from entrepot.domain.markets import queries as markets
from entrepot.domain.sellers import queries
from entrepot.domain.sellers.models import Enrolment
from entrepot.domain.terms.queries import wording_of
from entrepot.flows import enrolling, reckoning
from entrepot.flows.enrolling import Preview
from entrepot.flows.reckoning import Example, Unit
from entrepot.kernel import clock
from entrepot.kernel.errors import Invalid
from entrepot.kernel.money import MINOR_MAX
from entrepot.surfaces.api.auth import actor_of, scope_of, seller_of
from entrepot.surfaces.api.paging import Page, Paged, page
from entrepot.surfaces.api.routers.programmes import WordsOut, chapters_of
from entrepot.surfaces.api.routes import Routes
from entrepot.surfaces.api.schemas import In, Money, Reason, money

routes = Routes("Enrolments")


class EnrolmentOut(Schema):
    """A seller under one programme version in one market over a half-open period."""

    id: UUID
    seller_id: UUID
    market: str
    programme: str
    version_id: UUID
    version: int
    valid_from: datetime
    valid_until: datetime | None
    accepted_at: datetime

    @classmethod
    def of(cls, enrolment: Enrolment) -> "EnrolmentOut":
        """An enrolment with its market and version."""
        return cls(
            id=enrolment.id,
            seller_id=enrolment.seller_id,
            market=enrolment.market.code,
            programme=enrolment.programme_code,
            version_id=enrolment.programme_version_id,
            version=enrolment.programme_version.version,
            valid_from=enrolment.valid_from,
            valid_until=enrolment.valid_until,
            accepted_at=enrolment.accepted_at,
        )


class UnmetOut(Schema):
    """A condition that a seller does not meet yet."""

    condition: str
    wanted: str
    found: str


class PreviewOut(Schema):
    """A programme as a seller would accept it; `content_hash` is handed back as proof of what was seen."""

    version_id: UUID
    programme: str
    label: str
    version: int
    market: str
    content_hash: str
    lacking: list[UnmetOut]
    words: list[WordsOut]

    @classmethod
    def of(cls, preview: Preview) -> "PreviewOut":
        """A preview."""
        version = preview.version
        return cls(
            version_id=version.id,
            programme=version.programme.code,
            label=version.programme.label,
            version=version.version,
            market=preview.market.code,
            content_hash=preview.content_hash,
            lacking=[
                UnmetOut(condition=each.condition, wanted=each.wanted, found=each.found) for each in preview.unmet
            ],
            words=chapters_of(preview.chapters),
        )


class ShareOut(Schema):
    """A part of what the seller gains or gives. Units: minor of the seller's currency."""

    code: str
    amount_minor: int


class ExampleOut(Schema):
    """One unit sold. `paid` is the shopper's; all else is in the seller's currency; `shares` sum to `kept`."""

    paid: Money
    shares: list[ShareOut]
    kept: Money
    own_carriage: Money
    cost: Money
    left: Money
    delivered_on: date
    pays_on: date

    @classmethod
    def of(cls, found: Example) -> "ExampleOut":
        """An example."""
        return cls(
            paid=money(found.paid_minor, found.market_currency),
            shares=[ShareOut(code=each.code, amount_minor=each.amount_minor) for each in found.shares],
            kept=money(found.kept_minor, found.currency),
            own_carriage=money(found.carriage_minor, found.currency),
            cost=money(found.cost_minor, found.currency),
            left=money(found.left_minor, found.currency),
            delivered_on=found.delivered_on,
            pays_on=found.pays_on,
        )


class AcceptanceIn(In):
    """What was seen and is accepted, from now or a later instant on."""

    version_id: UUID
    market: Annotated[str, Field(max_length=8)]
    seen_hash: Annotated[str, Field(max_length=64)]
    valid_from: AwareDatetime | None = None


class EndIn(In):
    """Why, and when: now or later."""

    reason: Reason
    ends_at: AwareDatetime | None = None


class SwitchIn(In):
    """The version of the same programme that counts from now or a later instant on."""

    version_id: UUID
    seen_hash: Annotated[str, Field(max_length=64)]
    valid_from: AwareDatetime | None = None


@routes.get("/choices", list[PreviewOut], "enrolments.read")
def list_programme_choices(request: HttpRequest, market: str, seller_id: UUID | None = None) -> list[PreviewOut]:
    """Every programme that could be accepted for a market today, each with what the seller lacks for it."""
    found = enrolling.list_programmes(
        actor=actor_of(request),
        seller_id=seller_of(request, "enrolments.read", seller_id),
        market_code=market,
        now=clock.now(),
    )
    return [PreviewOut.of(each) for each in found]


@routes.get("/choices/{uuid:version_id}", PreviewOut, "enrolments.read")
def preview_programme(request: HttpRequest, version_id: UUID, market: str, seller_id: UUID | None = None) -> PreviewOut:
    """One programme in plain words, and what the seller lacks for it in the market."""
    found = enrolling.preview(
        actor=actor_of(request),
        seller_id=seller_of(request, "enrolments.read", seller_id),
        version_id=version_id,
        market_code=market,
        now=clock.now(),
    )
    return PreviewOut.of(found)


@routes.get("/choices/{uuid:version_id}/example", ExampleOut, "enrolments.read")
def reckon_unit(
    request: HttpRequest,
    version_id: UUID,
    market: str,
    cost_minor: int,
    supply_minor: int,
    retail_minor: int,
    weight_g: int,
    seller_id: UUID | None = None,
) -> ExampleOut:
    """What would stay with the seller of one unit, in its own numbers, by the functions that settle.

    `retail_minor` is in the market's currency, the others in the seller's. Nothing is kept of it.
    """
    numbers = {"cost_minor": cost_minor, "supply_minor": supply_minor, "retail_minor": retail_minor}
    for name, value in numbers.items():
        if not 0 <= value <= MINOR_MAX // 1_000_000:
            raise Invalid("api.bad_number", "This number cannot be.", field=name)
    if not 0 < weight_g <= 100_000:
        raise Invalid("api.bad_number", "This number cannot be.", field="weight_g")
    chosen = seller_of(request, "enrolments.read", seller_id)
    now, actor = clock.now(), actor_of(request)
    preview = enrolling.preview(actor=actor, seller_id=chosen, version_id=version_id, market_code=market, now=now)
    seller = queries.get_seller(seller_id=chosen)
    basis = reckoning.gather(
        market=preview.market, currency=seller.settlement_currency, home_country=seller.organisation.country,
        now=now,
    )  # fmt: skip
    found = reckoning.reckon(
        basis=basis, programme=wording_of(preview.version), version=preview.version.version,
        unit=Unit(retail_minor, supply_minor, cost_minor, weight_g),
    )  # fmt: skip
    return ExampleOut.of(found)


@routes.get("", Page[EnrolmentOut], "enrolments.read")
def list_enrolments(
    request: HttpRequest,
    paging: Paged,
    seller_id: UUID | None = None,
    market: str = "",
    programme: str = "",
    in_force: bool = False,
) -> Any:
    """Enrolments, oldest first."""
    own = scope_of(request, "enrolments.read")
    found = queries.list_enrolments(
        seller_id=own or seller_id,
        market_id=markets.get_market(market).id if market else None,
        programme_code=programme,
        at=clock.now() if in_force else None,
        after=paging.after,
        limit=paging.more,
    )
    return page(found, paging, EnrolmentOut.of)


@routes.get("/{uuid:enrolment_id}", EnrolmentOut, "enrolments.read")
def get_enrolment(request: HttpRequest, enrolment_id: UUID) -> EnrolmentOut:
    """One enrolment."""
    own = scope_of(request, "enrolments.read")
    return EnrolmentOut.of(queries.get_enrolment(enrolment_id=enrolment_id, seller_id=own))


@routes.post("", EnrolmentOut, "enrolments.accept", status=201)
def accept_programme(request: HttpRequest, payload: AcceptanceIn) -> EnrolmentOut:
    """Accept a programme for a market. Only a seller can, for itself."""
    actor = actor_of(request)
    enrolment = enrolling.accept_programme(
        actor=actor,
        seller_id=actor.organisation_id or UUID(int=0),
        version_id=payload.version_id,
        market_code=payload.market,
        seen_hash=payload.seen_hash,
        valid_from=payload.valid_from,
        now=clock.now(),
    )
    return EnrolmentOut.of(queries.get_enrolment(enrolment_id=enrolment.id))


@routes.post("/{uuid:enrolment_id}/end", EnrolmentOut, "enrolments.accept", "sellers.admit")
def end_enrolment(request: HttpRequest, enrolment_id: UUID, payload: EndIn) -> EnrolmentOut:
    """Leave a programme now or later; its offers end with it, its orders run on under their terms."""
    enrolling.end_enrolment(
        actor=actor_of(request),
        enrolment_id=enrolment_id,
        reason=payload.reason,
        ends_at=payload.ends_at,
        now=clock.now(),
    )
    return EnrolmentOut.of(queries.get_enrolment(enrolment_id=enrolment_id))


@routes.post("/{uuid:enrolment_id}/version", EnrolmentOut, "enrolments.accept", status=201)
def switch_version(request: HttpRequest, enrolment_id: UUID, payload: SwitchIn) -> EnrolmentOut:
    """Go on under another version of the same programme; the offers pass over."""
    enrolment = enrolling.switch_version(
        actor=actor_of(request),
        enrolment_id=enrolment_id,
        version_id=payload.version_id,
        seen_hash=payload.seen_hash,
        valid_from=payload.valid_from,
        now=clock.now(),
    )
    return EnrolmentOut.of(queries.get_enrolment(enrolment_id=enrolment.id))
