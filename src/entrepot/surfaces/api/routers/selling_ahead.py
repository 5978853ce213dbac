"""What is sold while it is on its way: rules, shipments that have their own, what of them is sold, what never comes."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Schema
from pydantic import Field

from entrepot.domain.inbound import ahead, queries
from entrepot.domain.inbound.ahead import NewShare
from entrepot.domain.inbound.ahead_models import AheadRule
from entrepot.domain.inbound.ahead_rules import DAYS_MAX
from entrepot.domain.inbound.queries import Scope
from entrepot.domain.inventory import coming
from entrepot.flows import receiving as flow
from entrepot.kernel import clock
from entrepot.surfaces.api.auth import actor_of, place_scope
from entrepot.surfaces.api.routers.shipments import ShipmentOut
from entrepot.surfaces.api.routers.stock_orders import WhyIn
from entrepot.surfaces.api.routes import Routes
from entrepot.surfaces.api.schemas import Done, In, Reason

routes = Routes("Shipments")

Rate = Annotated[Decimal, Field(ge=0, lt=1, max_digits=5, decimal_places=4)]


class AheadRuleOut(Schema):
    """What of a shipment is kept back from sale ahead; blank names all, without a rate nothing is sold ahead."""

    id: UUID
    market: str
    node: str
    programme: str
    mode: str
    safety_rate: Decimal | None
    put_away_days: int
    valid_from: date
    valid_until: date | None
    source: str

    @classmethod
    def of(cls, row: AheadRule) -> "AheadRuleOut":
        """A rule."""
        return cls(
            **ahead.said(row), id=row.id, valid_from=row.valid_from, valid_until=row.valid_until, source=row.source
        )


class AheadRuleIn(In):
    """A rule from today on; one that names the same ends."""

    market: Annotated[str, Field(max_length=10)] = ""
    node: Annotated[str, Field(max_length=40)] = ""
    programme: Annotated[str, Field(max_length=60)] = ""
    mode: Literal["", "sea", "air", "rail", "truck"] = ""
    safety_rate: Rate | None = None
    put_away_days: Annotated[int, Field(strict=True, ge=0, le=DAYS_MAX)] = 2
    reason: Reason


class ShipmentSaleIn(In):
    """Whether one shipment is sold ahead: with a share of its own, not at all, or (null) as the rules say."""

    is_sold: bool | None = None
    safety_rate: Rate | None = None
    reason: Reason


class AheadOut(Schema):
    """Units of a SKU on their way that may be promised, how many of them are sold, and when they stand ready."""

    sku_id: UUID
    units: int
    sold: int
    ready_on: date
    comes_by: str


@routes.get("/shipments/ahead-rules", list[AheadRuleOut], "stock_orders.ask")
def list_ahead_rules(request: HttpRequest) -> list[AheadRuleOut]:
    """The rules of what is sold ahead that are in force."""
    return [AheadRuleOut.of(row) for row in ahead.list_rules(on=clock.now().date())]


@routes.post("/shipments/ahead-rules", AheadRuleOut, "stock_orders.ask", status=201)
def set_ahead_rule(request: HttpRequest, payload: AheadRuleIn) -> AheadRuleOut:
    """Let a rule count from today on."""
    rule = NewShare(
        market_code=payload.market, node_code=payload.node, programme_code=payload.programme, mode=payload.mode,
        safety_rate=payload.safety_rate, put_away_days=payload.put_away_days,
    )  # fmt: skip
    made = ahead.set_rule(rule=rule, actor=actor_of(request), reason=payload.reason, now=clock.now())
    return AheadRuleOut.of(made)


@routes.post("/shipments/ahead-rules/{uuid:rule_id}/end", Done, "stock_orders.ask")
def end_ahead_rule(request: HttpRequest, rule_id: UUID, payload: WhyIn) -> Done:
    """Let a rule count no more from today on."""
    ahead.end_rule(rule_id=rule_id, actor=actor_of(request), reason=payload.reason, now=clock.now())
    return Done(count=1)


@routes.post("/shipments/{uuid:shipment_id}/sale", ShipmentOut, "stock_orders.ask")
def change_shipment_sale(request: HttpRequest, shipment_id: UUID, payload: ShipmentSaleIn) -> ShipmentOut:
    """Sell one shipment ahead with a share of its own, or not, or as the rules say."""
    done = ahead.set_shipment(shipment_id=shipment_id, actor=actor_of(request), now=clock.now(), **payload.dict())
    return ShipmentOut.of(done)


@routes.get("/shipments/{uuid:shipment_id}/ahead", list[AheadOut], "shipments.read")
def list_shipment_ahead(request: HttpRequest, shipment_id: UUID) -> list[AheadOut]:
    """What of a shipment may be sold on its way, and what is."""
    scope = Scope(**place_scope(request, "shipments.read", "node_operator_id"))
    shipment = queries.find_shipment(shipment_id=shipment_id, scope=scope)
    found = coming.list_ahead(shipment_ids=[shipment.id])[shipment.id]
    return [AheadOut(**{name: getattr(each, name) for name in AheadOut.model_fields}) for each in found]


@routes.post("/shipments/{uuid:shipment_id}/loss", ShipmentOut, "stock.receive")
def lose_shipment(request: HttpRequest, shipment_id: UUID, payload: WhyIn) -> ShipmentOut:
    """Say that a shipment will not come; orders of its units are served otherwise or cancelled."""
    actor = actor_of(request)
    done = flow.lose_shipment(shipment_id=shipment_id, reason=payload.reason, actor=actor, now=clock.now())
    return ShipmentOut.of(done)
