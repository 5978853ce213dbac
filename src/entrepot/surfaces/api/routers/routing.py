"""Routing: the operator's rules on where goods leave from, drafts of them looked at, and the editions."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Schema
from pydantic import Field

from entrepot.domain.routing import queries, services
from entrepot.domain.routing.services import Wanted
from entrepot.flows import rerouting
from entrepot.kernel import clock
from entrepot.surfaces.api.auth import actor_of
from entrepot.surfaces.api.routes import Routes
from entrepot.surfaces.api.schemas import In, Minor, Reason
from entrepot.surfaces.shared.routing import look_document

routes = Routes("Routing")

Kind = Literal[
    "prefer_local", "prefer_node", "exclude_node", "one_parcel", "no_split_below", "prefer_ready", "only_ready"
]
#: The editions that one answer has.
EDITIONS_MAX = 50


class RoutingRuleIn(In):
    """A rule as it is to stand, in its place in the list; `id` is that of one that is there already.

    Units: minor of the market's currency.
    """

    id: UUID | None = None
    kind: Kind
    market: Annotated[str, Field(max_length=60)] = ""
    node: Annotated[str, Field(max_length=60)] = ""
    amount_minor: Minor | None = None
    is_on: bool = True
    valid_from: date | None = None
    valid_until: date | None = None


Rules = Annotated[list[RoutingRuleIn], Field(max_length=services.RULES_MAX)]


class RoutingRuleOut(Schema):
    """A rule with its place in the order."""

    id: UUID
    kind: str
    market: str
    node: str
    amount_minor: int | None
    position: int
    is_on: bool
    valid_from: date
    valid_until: date | None


class RulesOut(Schema):
    """The rules that hold today or later, and the edition that they are of; 0 while none was ever set."""

    edition: int
    rules: list[RoutingRuleOut]


@routes.get("/rules", RulesOut, "routing.read", everybodys=True)
def list_routing_rules(request: HttpRequest) -> dict[str, Any]:
    """The rules that hold today or later, switched on or not, in their order."""
    rows = queries.list_rules(on=clock.now().date())
    return {"edition": queries.current_edition(), "rules": [queries.said(row) for row in rows]}


class LookIn(In):
    """A draft of all rules, and on how many of the latest orders it is looked at."""

    rules: Rules
    orders: Annotated[int, Field(ge=1, le=rerouting.ORDERS_MAX)] = rerouting.ORDERS


class SideOut(Schema):
    """What the orders come to under one of the two. Units: minor, by currency; carriage with what the border takes."""

    parcels: int
    split: int
    by_node: dict[str, int]
    cost_minor: dict[str, int]
    total_minor: dict[str, int]


class RoutedOut(Schema):
    """How an order would go: a parcel from each of these nodes. Units: minor of its currency."""

    nodes: list[str]
    cost_minor: int
    total_minor: int
    until: date


class ReroutedOut(Schema):
    """An order that would go another way; null where it could not be had, which `refusal` tells."""

    number: str
    currency: str
    before: RoutedOut | None
    after: RoutedOut | None
    refusal: str


class LookOut(Schema):
    """What a draft would change. `lost` orders could no longer be had, `left_out` ones can be had in neither way."""

    on: date
    orders: int
    changed: int
    lost: int
    gained: int
    left_out: int
    later: int
    sooner: int
    before: SideOut
    after: SideOut
    changes: list[ReroutedOut]


@routes.post("/looks", LookOut, "routing.read", everybodys=True, keyed="not")
def look_at_routing_rules(request: HttpRequest, payload: LookIn) -> dict[str, Any]:
    """What a draft of the rules would change: the latest orders, routed under the rules in force and under the draft.

    On what is free now and what these orders took, at today's prices, lanes and law. Nothing is kept.
    """
    return look_document(rerouting.look(rules=_wanted(payload.rules), now=clock.now(), orders=payload.orders))


class EditionIn(In):
    """A draft of all rules, the edition that it was made from, and why it is published."""

    edition: Annotated[int, Field(ge=0)]
    rules: Rules
    reason: Reason


class EditionOut(Schema):
    """What all rules said after a change, who made it and why."""

    number: int
    published_at: datetime
    published_by: str
    reason: str
    rules: list[RoutingRuleOut]


@routes.post("/editions", EditionOut, "routing.edit", status=201, everybodys=True)
def publish_routing_rules(request: HttpRequest, payload: EditionIn) -> dict[str, Any]:
    """Publish a draft of all rules; one that it leaves out or rewords ends today.

    Refused where another edition was published since the one that the draft was made from.
    """
    made = services.publish_rules(
        rules=_wanted(payload.rules), edition=payload.edition, actor=actor_of(request), reason=payload.reason,
        now=clock.now(),
    )  # fmt: skip
    return _edition(made)


@routes.get("/editions", list[EditionOut], "routing.read", everybodys=True)
def list_routing_editions(request: HttpRequest, before: int | None = None) -> list[dict[str, Any]]:
    """The editions, the newest first, up to 50; those below a number where one is given."""
    return [_edition(each) for each in queries.list_editions(limit=EDITIONS_MAX, before=before)]


def _edition(each: Any) -> dict[str, Any]:
    return {
        "number": each.number, "published_at": each.created_at, "published_by": each.published_by,
        "reason": each.reason, "rules": each.rules,
    }  # fmt: skip


def _wanted(rules: list[RoutingRuleIn]) -> list[Wanted]:
    return [
        Wanted(
            each.kind, each.market, each.node, each.amount_minor, each.is_on, each.valid_from, each.valid_until, each.id
        )
        for each in rules
    ]
