"""Customs: what goods cost once they have arrived, and why."""

from datetime import date as day
from decimal import Decimal
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Schema
from pydantic import Field

from entrepot.domain.customs.reading import MONEY
from entrepot.domain.customs.rules import Share
from entrepot.flows import landed
from entrepot.kernel.money import EXPONENTS
from entrepot.surfaces.api.routes import SIGNED_IN, Routes
from entrepot.surfaces.api.schemas import ROWS_MAX, Country, Currency, In, Minor, Short, Units
from entrepot.surfaces.shared.tariffs import explained, landed_document

routes = Routes("Customs")

Importer = Literal["shopper", "seller", "platform", "third_party"]
Collected = Literal["at_sale", "at_border"]
Mode = Literal["air", "express", "post", "post_flat", "sea", "rail", "truck"]


class CustomsLineIn(In):
    """Goods that cross a border; docs/rules/landed-cost.md explains the fields. Units: minor, for all pieces."""

    consignment: Short = ""
    hs: Annotated[str, Field(max_length=14)]
    origin: Country
    destination: Country
    region: Annotated[str, Field(max_length=3)] = ""
    date: day
    quantity: Units
    weight_g: Annotated[int, Field(strict=True, ge=1, le=1_000_000_000)]
    currency: Currency
    retail_minor: Minor | None = None
    cost_minor: Minor | None = None
    freight_minor: Minor = 0
    insurance_minor: Minor = 0
    brokerage_minor: Minor = 0
    other_minor: Minor = 0
    importer: Importer = "shopper"
    collected: Collected = "at_sale"
    mode: Mode = "air"
    incoterm: Literal["DDP", "EXW", "FCA", "FAS", "FOB", "CFR", "CPT", "CIF", "CIP", "DAP", "DPU"] = "DDP"
    tax_class: Short = "standard"
    measures: dict[str, Decimal] = {}


class LandedQuoteIn(In):
    """Lines, quoted together."""

    lines: Annotated[list[CustomsLineIn], Field(min_length=1, max_length=ROWS_MAX)]
    share_by: Literal["value", "weight", "quantity"] = "value"
    spread: bool = False
    known_on: day | None = None


class LandedSumOut(Schema):
    """Parts and their sum; who bears it, and who collects the border's parts. Units: minor."""

    currency: str
    parts: dict[str, int]
    total_minor: int
    seller_bears_minor: int
    buyer_bears_minor: int
    collected: dict[str, int]


class LandedLineOut(LandedSumOut):
    """The landed cost of a line, the first is 1, and of a unit of it. Units: minor."""

    line: int
    unit_minor: int


class CustomsRegimeOut(Schema):
    """A destination whose rules were applied, and when they were last reviewed."""

    destination: str
    currency: str
    reviewed_on: day
    source: str


class LandedQuoteOut(Schema):
    """The landed cost of every line, and the sums by currency."""

    lines: list[LandedLineOut]
    totals: list[LandedSumOut]
    regimes: list[CustomsRegimeOut]


class CustomsReckoningOut(CustomsRegimeOut):
    """How a destination reckons."""

    tariff: str
    duty_base: str
    value: str
    rounding: str


class TariffLineOut(Schema):
    """The tariff's line of the goods, with its rate as it is written."""

    code: str
    description: str
    rate: str
    computed: bool
    edition: str


class TariffOverlayOut(Schema):
    """A duty that stacks on the tariff's own."""

    authority: str
    heading: str
    kind: str
    rate: str
    valid_from: day = Field(alias="from")
    until: day | None
    confidence: str
    source: str


class LevyOut(Schema):
    """What is charged, in a sentence."""

    code: str
    part: str
    says: str
    collector: str
    valid_from: day = Field(alias="from")
    until: day | None
    confidence: str
    source: str


class LevyBandOut(Schema):
    """What consignments are charged that are worth more than one amount, up to another. Units: minor."""

    above_minor: int
    up_to_minor: int | None
    worth: str
    charges: list[LevyOut]


class LevyChangeOut(Schema):
    """What begins or ends on a day to come."""

    on: day
    begins: bool
    what: str
    code: str
    says: str
    source: str


class CustomsExplanationOut(Schema):
    """Why goods are charged what they are."""

    hs: str
    origin: str
    destination: str
    date: day
    importer: str
    mode: str
    collected: str
    regime: CustomsReckoningOut
    tariff_line: TariffLineOut | None
    problem: str
    overlays: list[TariffOverlayOut]
    bands: list[LevyBandOut]
    changes: list[LevyChangeOut]


@routes.post("/landed-quotes", LandedQuoteOut, SIGNED_IN, keyed="not")
def quote_landed(request: HttpRequest, payload: LandedQuoteIn) -> dict[str, Any]:
    """Quote the landed cost of lines.

    Lines of one `consignment` are declared together: limits of value, flat duties and entry fees count for all of them.
    A line that cannot be computed is refused by row and field.
    """
    found = landed.quote(
        [_row(line) for line in payload.lines],
        share_by=Share(payload.share_by),
        is_spread=payload.spread,
        known_on=payload.known_on,
    )
    return landed_document(found)


def _row(line: CustomsLineIn) -> dict[str, Any]:
    """The line as a file has it: with amounts in major units."""
    row = line.model_dump(exclude_none=True)
    places = EXPONENTS.get(line.currency, 0)
    amounts = {name: row.pop(f"{name}_minor") for name in MONEY if f"{name}_minor" in row}
    return row | {name: Decimal(minor).scaleb(-places) for name, minor in amounts.items()}


@routes.get("/explanations", CustomsExplanationOut, SIGNED_IN)
def explain_customs(
    request: HttpRequest,
    hs: Annotated[str, Field(max_length=14)],
    origin: Country,
    destination: Annotated[str, Field(max_length=6, description="A country (DE) or a state of it (US-CA).")],
    date: day,
    importer: Importer = "shopper",
    mode: Mode = "air",
    collected: Collected = "at_sale",
    known_on: day | None = None,
) -> dict[str, Any]:
    """Explain what the border takes of goods, why, and what changes next."""
    found = landed.explain_texts(
        hs=hs,
        origin=origin,
        destination=destination,
        on=date,
        importer=importer,
        mode=mode,
        collected=collected,
        known_on=known_on,
    )
    return explained(found)
