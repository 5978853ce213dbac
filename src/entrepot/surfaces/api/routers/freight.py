"""Freight: what it costs to carry, handle and store things, by rate cards."""

from datetime import date
from typing import Any

from django.http import HttpRequest
from ninja import Schema

from entrepot.domain.logistics import freight as rates
from entrepot.kernel import clock
from entrepot.kernel.errors import Invalid
from entrepot.surfaces.api.auth import actor_of
from entrepot.surfaces.api.routes import SIGNED_IN, Routes

routes = Routes("Freight")

#: More consignments than a page or a partner asks for at once.
ROWS_MAX = 5_000


class ConsignmentIn(Schema):
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


class FreightIn(Schema):
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
    rows = [{name: value for name, value in row.dict().items() if value not in (None, "")} for row in payload.rows]
    asked = rates.read_consignments(rows, today=clock.now().date())
    named = {code for each in asked for code in each.cards}
    found = rates.quote(asked, rates.list_cards(codes=named or None))
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
        for each in rates.list_cards(on=clock.now().date())
    ]  # fmt: skip


class CardsIn(Schema):
    """Rate cards as a CSV text; docs/rules/freight.md explains the columns."""

    sheet: str


class PublishedOut(Schema):
    """The codes of the cards that are new."""

    published: list[str]


@routes.post("/cards", PublishedOut, "setup.edit", everybodys=True)
def publish_rate_cards(request: HttpRequest, payload: CardsIn) -> dict[str, list[str]]:
    """Publish rate cards; each ends the one of the same code before it."""
    made = rates.publish_cards(actor=actor_of(request), text=payload.sheet, now=clock.now())
    return {"published": made}
