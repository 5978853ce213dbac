"""What the marketplace needs before it sells: how far it is, markets, rates, categories, nodes, freight, partners."""

from datetime import date, time
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Schema
from pydantic import Field

from entrepot.domain.accounts import queries as accounts
from entrepot.domain.accounts.models import Organisation
from entrepot.domain.logistics import queries as logistics
from entrepot.domain.logistics import services as nodes
from entrepot.domain.logistics import shipping
from entrepot.domain.logistics.shipping import ChargeRow
from entrepot.domain.markets import queries as markets
from entrepot.domain.markets import services as market_services
from entrepot.domain.terms import services as terms
from entrepot.flows import setting_up
from entrepot.kernel import clock
from entrepot.surfaces.api.auth import actor_of
from entrepot.surfaces.api.paging import Page, Paged, page
from entrepot.surfaces.api.routers.markets import MarketOut
from entrepot.surfaces.api.routes import Routes
from entrepot.surfaces.api.schemas import (
    ROWS_MAX,
    Code,
    Country,
    Currency,
    Done,
    In,
    Minor,
    ReasonIn,
    Text,
)

routes = Routes("Set-up")

Share = Annotated[Decimal, Field(ge=0, lt=1, max_digits=8, decimal_places=6)]
Language = Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]{2,4})?$")]
Source = Annotated[str, Field(min_length=1, max_length=200, description="Where it is known from.")]


class StepOut(Schema):
    """One step: done, todo (nothing sells before it) or advised."""

    code: str
    state: str
    found: int
    lacking: list[str]


class ProgressOut(Schema):
    """How far the marketplace is on the way to its first sellable offer."""

    is_complete: bool
    steps: list[StepOut]
    first_offer: list[StepOut]
    offer_id: UUID | None


class TaxIn(In):
    """A tax rate from a day on."""

    rate: Share
    valid_from: date
    source: Source
    tax_class: Code = "standard"


class MarketIn(In):
    """A new market with its first tax rate."""

    code: Annotated[str, Field(pattern=r"^[A-Z0-9-]{2,8}$")]
    name: Annotated[str, Field(min_length=1, max_length=100)]
    country: Country
    currency: Currency
    tax_display: Literal["inclusive", "exclusive"]
    time_zone: Annotated[str, Field(max_length=60)]
    languages: Annotated[list[Language], Field(min_length=1, max_length=20)]
    tax: TaxIn


class MarketChangeIn(In):
    """What of a market may change."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    time_zone: Annotated[str, Field(max_length=60)]
    languages: Annotated[list[Language], Field(min_length=1, max_length=20)]


class RateIn(In):
    """Units of `quote` for one unit of `base`, published on a day."""

    base: Currency
    quote: Currency
    rate: Annotated[Decimal, Field(gt=0, max_digits=20, decimal_places=10)]
    day: date


class RatesIn(In):
    """Rates of one source."""

    rates: Annotated[list[RateIn], Field(min_length=1, max_length=ROWS_MAX)]
    source: Source


class ProgrammesIn(In):
    """The programmes that are open, all of them; the others are archived."""

    codes: Annotated[list[Code], Field(max_length=200)]
    reason: Annotated[str, Field(max_length=200)] = ""


class OpenOut(Schema):
    """The programmes that are open."""

    codes: list[str]


class NodeCalendarIn(In):
    """What a node is called and when it works; ISO weekdays. `keeps_holidays` stays as it is where it is left out."""

    name: Annotated[str, Field(min_length=1, max_length=120)]
    time_zone: Annotated[str, Field(max_length=60)]
    working_days: Annotated[list[Annotated[int, Field(ge=1, le=7)]], Field(min_length=1, max_length=7)]
    cut_off: time
    keeps_holidays: bool | None = None


class OpeningsIn(ReasonIn):
    """Days off that are none, and why."""

    days: Annotated[list[date], Field(min_length=1, max_length=400)]


class NodeCalendarOut(Schema):
    """A node with its calendar."""

    id: UUID
    code: str
    name: str
    kind: str
    operator_id: UUID
    country: str
    time_zone: str
    working_days: list[int]
    cut_off: time
    keeps_holidays: bool
    closures: list[date]


class ShippingChargeIn(In):
    """What shoppers are asked for a parcel of a weight band: a flat amount and a share of its cost.

    Nothing for goods from `free_from_minor` on, of the parcel or of its whole order (`free_by`).
    Units: grams, minor of `currency`.
    """

    market_code: Annotated[str, Field(min_length=1, max_length=8)]
    origin_country: Annotated[str, Field(pattern=r"^([A-Z]{2})?$")] = ""
    weight_from_g: Annotated[int, Field(ge=0, le=100_000_000)]
    weight_until_g: Annotated[int, Field(ge=1, le=100_000_000)]
    currency: Currency
    flat_minor: Minor
    cost_rate: Annotated[Decimal, Field(ge=0, lt=100, max_digits=8, decimal_places=6)] = Decimal(0)
    free_from_minor: Minor | None = None
    free_by: Literal["parcel", "order"] = "parcel"
    valid_from: date
    source: Text


class ShippingChargesIn(In):
    """Tables from a day on; what a market and origin had before ends there."""

    rates: Annotated[list[ShippingChargeIn], Field(min_length=1, max_length=ROWS_MAX)]


class PartnerIn(In):
    """A warehouse or forwarder."""

    code: Code
    name: Annotated[str, Field(min_length=1, max_length=200)]
    country: Country


class OrganisationOut(Schema):
    """An organisation."""

    id: UUID
    kind: str
    code: str
    name: str
    country: str


@routes.get("", ProgressOut, "setup.edit", everybodys=True)
def get_setup(request: HttpRequest) -> ProgressOut:
    """How far the marketplace is on the way to its first sellable offer."""
    found = setting_up.progress(now=clock.now())
    return ProgressOut(
        is_complete=found.is_complete,
        steps=[_step(each) for each in found.steps],
        first_offer=[_step(each) for each in found.first_offer],
        offer_id=found.offer_id,
    )


def _step(step: setting_up.Step) -> StepOut:
    return StepOut(code=step.code, state=step.state, found=step.found, lacking=list(step.lacking))


@routes.post("/markets", MarketOut, "setup.edit", status=201, everybodys=True)
def open_market(request: HttpRequest, payload: MarketIn) -> MarketOut:
    """Open a market."""
    values = payload.model_dump()
    tax = values.pop("tax")
    return MarketOut.from_orm(setting_up.open_market(actor=actor_of(request), tax=tax, now=clock.now(), **values))


@routes.put("/markets/{code}", MarketOut, "setup.edit", everybodys=True)
def change_market(request: HttpRequest, code: str, payload: MarketChangeIn) -> MarketOut:
    """Call a market otherwise, or move its clock."""
    changed = market_services.change_market(actor=actor_of(request), code=code, now=clock.now(), **payload.model_dump())
    return MarketOut.from_orm(changed)


@routes.post("/markets/{code}/closing", MarketOut, "setup.edit", everybodys=True)
def close_market(request: HttpRequest, code: str, payload: ReasonIn) -> MarketOut:
    """Close a market: nobody buys there any more."""
    closed = market_services.close_market(actor=actor_of(request), code=code, reason=payload.reason, now=clock.now())
    return MarketOut.from_orm(closed)


@routes.post("/markets/{code}/reopening", MarketOut, "setup.edit", everybodys=True)
def reopen_market(request: HttpRequest, code: str, payload: ReasonIn) -> MarketOut:
    """Open a market again that was closed."""
    opened = market_services.reopen_market(actor=actor_of(request), code=code, reason=payload.reason, now=clock.now())
    return MarketOut.from_orm(opened)


@routes.post("/markets/{code}/tax-rates", Done, "setup.edit", status=201, everybodys=True)
def set_tax_rate(request: HttpRequest, code: str, payload: TaxIn) -> Done:
    """Set a tax rate from a day on."""
    market = markets.find_market(code)
    market_services.set_tax_rate(actor=actor_of(request), market=market, now=clock.now(), **payload.model_dump())
    return Done(count=1)


@routes.post("/exchange-rates", Done, "setup.edit", status=201, everybodys=True)
def publish_exchange_rates(request: HttpRequest, payload: RatesIn) -> Done:
    """Publish exchange rates; a day that has its rate keeps it. How many were new."""
    rows = [(each.base, each.quote, each.rate, each.day) for each in payload.rates]
    new = market_services.publish_exchange_rates(
        rows=rows, source=payload.source, actor=actor_of(request), now=clock.now()
    )
    return Done(count=new)


@routes.put("/programmes", OpenOut, "programmes.publish", everybodys=True)
def choose_programmes(request: HttpRequest, payload: ProgrammesIn) -> OpenOut:
    """Choose which programmes are open; who accepted another one keeps it."""
    chosen = terms.choose_programmes(
        actor=actor_of(request), codes=payload.codes, reason=payload.reason, now=clock.now()
    )
    return OpenOut(codes=list(chosen))


@routes.put("/nodes/{code}", NodeCalendarOut, "setup.edit", everybodys=True)
def change_node(request: HttpRequest, code: str, payload: NodeCalendarIn) -> NodeCalendarOut:
    """Change what a node is called and when it works."""
    found = logistics.get_node(code=code)
    nodes.change_node(actor=actor_of(request), node_id=found.id, now=clock.now(), **payload.model_dump())
    return _node(logistics.list_nodes([found.id])[found.id])


@routes.post("/nodes/{code}/openings", Done, "setup.edit", everybodys=True)
def open_node(request: HttpRequest, code: str, payload: OpeningsIn) -> Done:
    """Take days off back; how many there were."""
    found = logistics.get_node(code=code)
    opened = nodes.open_node(
        actor=actor_of(request), node_id=found.id, days=payload.days, reason=payload.reason, now=clock.now()
    )
    return Done(count=opened)


@routes.post("/freight", Done, "setup.edit", status=201, everybodys=True)
def set_shipping_charges(request: HttpRequest, payload: ShippingChargesIn) -> Done:
    """Set what shoppers are asked for carriage, from a day on."""
    rows = [ChargeRow(**each.model_dump()) for each in payload.rates]
    return Done(count=shipping.set_charges(actor=actor_of(request), rows=rows, now=clock.now()))


@routes.get("/partners", Page[OrganisationOut], "setup.edit", everybodys=True)
def list_partners(request: HttpRequest, paging: Paged) -> Any:
    """Warehouses and forwarders."""
    found = accounts.list_organisations(kind="third_party", after=paging.after, limit=paging.more)
    return page(found, paging, _organisation)


@routes.post("/partners", OrganisationOut, "setup.edit", status=201, everybodys=True)
def add_partner(request: HttpRequest, payload: PartnerIn) -> OrganisationOut:
    """Add a warehouse or forwarder; invite its first person by the team's operations."""
    return _organisation(setting_up.add_partner(actor=actor_of(request), now=clock.now(), **payload.model_dump()))


def _organisation(found: Organisation) -> OrganisationOut:
    return OrganisationOut(id=found.id, kind=found.kind, code=found.code, name=found.name, country=found.country)


def _node(found: logistics.NodeView) -> NodeCalendarOut:
    return NodeCalendarOut(
        id=found.id,
        code=found.code,
        name=found.name,
        kind=found.kind,
        operator_id=found.operator_id,
        country=found.country,
        time_zone=found.time_zone,
        working_days=list(found.working_days),
        cut_off=found.cut_off,
        keeps_holidays=found.keeps_holidays,
        closures=sorted(found.closures),
    )
