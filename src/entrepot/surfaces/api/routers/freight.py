"""Freight: what it costs to carry, handle and store things, by rate cards."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.http import HttpRequest
from ninja import Schema

from entrepot.domain.logistics import freight as rates
from entrepot.domain.logistics import holidays, publishing
from entrepot.domain.logistics.cards import RateCard
from entrepot.domain.logistics.lanes import Forecast, Lane, forecast
from entrepot.domain.logistics.publishing import Planned
from entrepot.domain.logistics.versions import CARD_KEYS, LANE_KEYS, Change, changes
from entrepot.domain.logistics.ways import Way
from entrepot.kernel import clock
from entrepot.kernel.errors import Invalid
from entrepot.surfaces.api.auth import actor_of
from entrepot.surfaces.api.routes import SIGNED_IN, Routes
from entrepot.surfaces.api.schemas import In

routes = Routes("Freight")

#: How sure a promise may be asked for.
CONFIDENCE_MIN, CONFIDENCE_MAX = 0.5, 0.999

#: More consignments than a page or a partner asks for at once.
ROWS_MAX = 5_000


class ConsignmentIn(In):
    """Something to be carried, handled or stored; docs/rules/freight.md explains the fields."""

    id: str = ""
    origin: str = ""
    destination: str = ""
    postcode: str = ""
    date: str = ""
    card: str = ""
    mode: str = ""
    weight_g: int | None = None
    length_mm: int | None = None
    width_mm: int | None = None
    height_mm: int | None = None
    volume_cm3: int | None = None
    units: int | None = None
    cartons: int | None = None
    pallets: int | None = None
    days: int | None = None
    flags: str = ""


class FreightIn(In):
    """Consignments, priced together."""

    rows: list[ConsignmentIn]


class FreightQuoteOut(Schema):
    """What one consignment comes to by one rate card. Units: minor, grams."""

    card: str
    title: str
    mode: str
    currency: str
    total_minor: int
    parts: dict[str, int]
    billed_g: float
    containers: dict[str, int]
    transit_days: list[int] | None
    refusal: str
    refusal_text: str
    source: str


class FreightOut(Schema):
    """The quotes of a consignment, the cheapest of a currency first, those that do not go last."""

    id: str
    quotes: list[FreightQuoteOut]


@routes.post("/quotes", list[FreightOut], SIGNED_IN, keyed="not")
def quote_freight(request: HttpRequest, payload: FreightIn) -> list[dict[str, Any]]:
    """What consignments cost by every published rate card that is meant for them. Reads only."""
    if len(payload.rows) > ROWS_MAX:
        raise Invalid("freight.too_many_rows", "Ask for {most} rows at most.", field="rows", most=ROWS_MAX)
    rows = [
        {name: value for name, value in row.model_dump().items() if value not in (None, "")} for row in payload.rows
    ]
    asked = rates.read_consignments(rows, today=clock.now().date())
    named = {code for each in asked for code in each.cards}
    found = rates.quote(asked, publishing.list_cards(codes=named or None))
    return [
        {"id": row.get("id", str(place)), "quotes": [rates.as_document(each) for each in quotes]}
        for place, (row, quotes) in enumerate(zip(rows, found, strict=True), start=1)
    ]


class RateCardOut(Schema):
    """A published rate card; `sheet` are its rows as CSV."""

    card: str
    title: str
    carrier: str
    service: str
    mode: str
    currency: str
    origin: str
    valid_from: date
    valid_until: date | None
    source: str
    sheet: str


@routes.get("/cards", list[RateCardOut], SIGNED_IN)
def list_rate_cards(request: HttpRequest) -> list[dict[str, Any]]:
    """The rate cards that hold today, by code."""
    return [
        {
            "card": each.card.code, "title": each.title, "carrier": each.carrier, "service": each.service,
            "mode": each.mode.value, "currency": each.card.currency, "origin": each.origin,
            "valid_from": each.valid_from, "valid_until": each.valid_until, "source": each.source, "sheet": each.sheet,
        }
        for each in publishing.list_cards(on=clock.now().date())
    ]  # fmt: skip


class CardsIn(In):
    """Rate cards as a CSV text; docs/rules/freight.md explains the columns."""

    sheet: str


class PublishedOut(Schema):
    """The codes of the cards that are new."""

    published: list[str]


@routes.post("/cards", PublishedOut, "setup.edit", everybodys=True)
def publish_rate_cards(request: HttpRequest, payload: CardsIn) -> dict[str, list[str]]:
    """Publish rate cards; each ends the one of the same code before it."""
    made = publishing.publish_cards(actor=actor_of(request), text=payload.sheet, now=clock.now())
    return {"published": made}


class LegOut(Schema):
    """A leg of a lane: whose duty it is, its places, and by when it must be done for the promise to hold."""

    leg: str
    task: str
    mode: str
    start: str
    end: str
    card: str
    done_by: date


class LaneOut(Schema):
    """A lane, and the window promised for what is ready on the day."""

    lane: str
    title: str
    origin: str
    destination: str
    source: str
    confidence: float
    ready_on: date
    first: date
    last: date
    legs: list[LegOut]


@routes.get("/lanes", list[LaneOut], SIGNED_IN)
def list_lanes(request: HttpRequest, ready_on: date | None = None, confidence: float = 0.9) -> list[dict[str, Any]]:
    """The lanes in use on the day on which goods are ready, today unless one is given, with what they promise."""
    day = ready_on or clock.now().date()
    if not CONFIDENCE_MIN <= confidence <= CONFIDENCE_MAX:
        raise Invalid(
            "lanes.confidence", "A confidence lies between {least} and {most}.", field="confidence",
            least=CONFIDENCE_MIN, most=CONFIDENCE_MAX,
        )  # fmt: skip
    rests = holidays.calendar()
    return [
        _lane(way.lane, forecast(way.lane, day, confidence=confidence, holidays=rests))
        for way in publishing.list_lanes(on=day)
    ]


def _lane(lane: Lane, found: Forecast) -> dict[str, Any]:
    legs = [
        {"leg": leg.code, "task": leg.task, "mode": leg.mode, "start": leg.start, "end": leg.end, "card": leg.card,
         "done_by": segment.done_by}
        for leg, segment in zip(lane.legs, found.segments, strict=True)
    ]  # fmt: skip
    return {
        "lane": lane.code, "title": lane.title, "origin": lane.origin, "destination": lane.destination,
        "source": lane.source, "confidence": found.confidence, "ready_on": found.start, "first": found.first,
        "last": found.last, "legs": legs,
    }  # fmt: skip


class LanesIn(In):
    """Lanes as a CSV text; docs/rules/lanes.md explains the columns."""

    sheet: str


@routes.post("/lanes", PublishedOut, "setup.edit", everybodys=True)
def publish_lanes(request: HttpRequest, payload: LanesIn) -> dict[str, list[str]]:
    """Publish lanes; each ends the one of the same code before it."""
    made = publishing.publish_lanes(actor=actor_of(request), text=payload.sheet, now=clock.now())
    return {"published": made}


class SheetChangeOut(Schema):
    """A cell of a row that a version changes; a row that comes or goes has no column."""

    row: str
    column: str
    before: str
    after: str


class SheetVersionOut(Schema):
    """A published version of a rate card or lane, with what it changes against the one before it."""

    code: str
    title: str
    valid_from: date
    valid_until: date | None
    source: str
    changes: list[SheetChangeOut]
    sheet: str


@routes.get("/cards/{code}/versions", list[SheetVersionOut], SIGNED_IN)
def list_rate_card_versions(request: HttpRequest, code: str) -> list[dict[str, Any]]:
    """Every version of a rate card, the newest first, each with what it changed."""
    rows = publishing.list_cards(codes=[code])
    return _versions([(each.card.code, each.title, each) for each in rows], CARD_KEYS)


@routes.get("/lanes/{code}/versions", list[SheetVersionOut], SIGNED_IN)
def list_lane_versions(request: HttpRequest, code: str) -> list[dict[str, Any]]:
    """Every version of a lane, the newest first, each with what it changed."""
    rows = publishing.list_lanes(codes=[code])
    return _versions([(each.lane.code, each.lane.title, each) for each in rows], LANE_KEYS)


def _versions(rows: Sequence[tuple[str, str, RateCard | Way]], keys: Sequence[str]) -> list[dict[str, Any]]:
    found = []
    before = ""
    for code, title, each in rows:
        source = each.lane.source if isinstance(each, Way) else each.source
        found.append(
            {
                "code": code, "title": title, "valid_from": each.valid_from, "valid_until": each.valid_until,
                "source": source, "sheet": each.sheet,
                "changes": [_change(one) for one in changes(before, each.sheet, keys)] if before else [],
            }
        )  # fmt: skip
        before = each.sheet
    return found[::-1]


class PlannedOut(Schema):
    """What publishing one rate card or lane of a sheet would do; `refusal` says why it would be refused."""

    code: str
    title: str
    valid_from: date
    is_new: bool
    is_known: bool
    changes: list[SheetChangeOut]
    refusal: str


@routes.post("/cards/looks", list[PlannedOut], "setup.edit", everybodys=True, keyed="not")
def look_at_rate_cards(request: HttpRequest, payload: CardsIn) -> list[dict[str, Any]]:
    """What publishing a sheet of rate cards would do, card by card. Nothing is kept."""
    return [_planned(each) for each in publishing.plan_cards(payload.sheet)]


@routes.post("/lanes/looks", list[PlannedOut], "setup.edit", everybodys=True, keyed="not")
def look_at_lanes(request: HttpRequest, payload: LanesIn) -> list[dict[str, Any]]:
    """What publishing a sheet of lanes would do, lane by lane. Nothing is kept."""
    return [_planned(each) for each in publishing.plan_lanes(payload.sheet)]


def _planned(each: Planned) -> dict[str, Any]:
    return {
        "code": each.code, "title": each.title, "valid_from": each.valid_from, "is_new": each.is_new,
        "is_known": each.is_known, "changes": [_change(one) for one in each.changes], "refusal": each.refusal,
    }  # fmt: skip


def _change(one: Change) -> dict[str, str]:
    return {"row": one.row, "column": one.column, "before": one.before, "after": one.after}
