"""Comparison: every programme and way for a seller's goods."""

from typing import Any

from django.http import HttpRequest
from ninja import Schema

from entrepot.flows import comparing, plans
from entrepot.kernel import clock
from entrepot.kernel.errors import Invalid
from entrepot.surfaces.api.auth import actor_of
from entrepot.surfaces.api.routes import Routes
from entrepot.surfaces.api.schemas import In

routes = Routes("Comparison")

#: Each is asked of every programme and way.
ROWS_MAX = 200


class ComparedGoodsIn(In):
    """One SKU as its seller thinks of it; amounts are decimal texts in major units. See docs/rules/compare.md."""

    sku: str
    market: str
    home_country: str
    currency: str
    retail: str
    cost: str
    supply: str = ""
    weight_g: int
    length_mm: int | None = None
    width_mm: int | None = None
    height_mm: int | None = None
    hs_code: str = ""
    category: str = ""
    units: int | None = None
    stock_days: int | None = None
    supplier_days: int | None = None
    flags: str = ""


class CompareIn(In):
    """SKUs, compared together."""

    rows: list[ComparedGoodsIn]


class OptionOut(Schema):
    """A programme by a way. Units: minor of the seller's currency for one unit, `landed_minor` of the market's."""

    programme: str
    version: int
    label: str
    way: str
    lane: str
    net_minor: int
    parts: dict[str, int]
    kept_minor: int
    landed_minor: int
    promise_days: list[int] | None
    break_even: str | None
    cash_days: int
    lacks: list[str]
    problem: str


class ComparedOut(Schema):
    """The options of a SKU, those that leave most first; `who` does, pays and risks what in plain words."""

    sku: str
    market: str
    currency: str
    market_currency: str
    options: list[OptionOut]
    who: dict[str, dict[str, dict[str, list[str]]]]


@routes.post("", list[ComparedOut], "programmes.read", keyed="not")
def compare_goods(request: HttpRequest, payload: CompareIn) -> list[dict[str, Any]]:
    """Every programme in force by every way it allows, for each SKU. Sellers also hear what they lack. Reads only."""
    if len(payload.rows) > ROWS_MAX:
        raise Invalid("compare.too_many_rows", "Ask for {most} SKUs at most.", field="rows", most=ROWS_MAX)
    actor = actor_of(request)
    rows = [
        {name: value for name, value in row.model_dump().items() if value not in (None, "")} for row in payload.rows
    ]
    is_seller = actor.role.startswith("seller.") and actor.may("enrolments.read")
    found = comparing.compare(
        plans=plans.read_plans(rows), now=clock.now(), actor=actor,
        seller_id=actor.organisation_id if is_seller else None,
    )  # fmt: skip
    return [comparing.as_document(each) for each in found]
