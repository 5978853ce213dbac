"""Stock and the nodes where it stands: received, corrected, every movement with its cause."""

from datetime import date, datetime, time
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Schema
from pydantic import Field

from entrepot.domain.inventory import queries
from entrepot.domain.inventory.models import Movement, Stock
from entrepot.domain.logistics import queries as logistics
from entrepot.domain.logistics import services as nodes
from entrepot.domain.logistics.queries import NodeView
from entrepot.flows import inbound
from entrepot.flows.inbound import Goods
from entrepot.kernel import clock
from entrepot.kernel.errors import NotFound
from entrepot.surfaces.api.auth import actor_of, is_seller, place_scope, scope_of, seller_of
from entrepot.surfaces.api.paging import Page, Paged, page
from entrepot.surfaces.api.routers.addresses import AddressIn
from entrepot.surfaces.api.routes import Routes
from entrepot.surfaces.api.schemas import ROWS_MAX, Change, Code, Country, Done, In, Label, Reason, Units

routes = Routes("Stock")


class NodeOut(Schema):
    """A node with its calendar; working days are ISO weekdays, Monday is 1."""

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

    @classmethod
    def of(cls, node: NodeView) -> "NodeOut":
        """A node."""
        plain = [name for name in cls.model_fields if name not in {"working_days", "closures"}]
        return cls(
            **{name: getattr(node, name) for name in plain},
            working_days=list(node.working_days),
            closures=sorted(node.closures),
        )


class NodeIn(In):
    """A node of one's own; the operator may name the organisation that runs it."""

    code: Code
    name: Annotated[Label, Field(min_length=1)]
    kind: Annotated[str, Field(max_length=24)]
    country: Country
    time_zone: Annotated[str, Field(max_length=60)]
    working_days: Annotated[list[Annotated[int, Field(strict=True, ge=1, le=7)]],
                            Field(min_length=1, max_length=7)] = [1, 2, 3, 4, 5]  # fmt: skip
    cut_off: time = time(14)
    keeps_holidays: bool = True
    address: AddressIn | None = None
    operator_id: UUID | None = None


class ClosureIn(In):
    """A day on which a node does not work."""

    day: date
    label: Annotated[Label, Field(min_length=1)]


class ClosuresIn(In):
    """Days on which a node does not work, and why they are kept."""

    closures: Annotated[list[ClosureIn], Field(min_length=1, max_length=ROWS_MAX)]
    reason: Reason


class StockOut(Schema):
    """Units at a node: on hand, of these reserved for orders and set aside for offers."""

    id: UUID
    seller_id: UUID
    owner_id: UUID
    node_id: UUID
    node: str
    sku_id: UUID
    sku: str
    lot: str
    condition: str
    on_hand: int
    reserved: int
    allotted: int

    @classmethod
    def of(cls, stock: Stock) -> "StockOut":
        """A stock row with its node and SKU."""
        plain = [name for name in cls.model_fields if name not in {"node", "sku"}]
        return cls(**{name: getattr(stock, name) for name in plain}, node=stock.node.code, sku=stock.sku.code)


class MovementOut(Schema):
    """A change of on hand, with its cause; `subject_id` is the order line that it serves."""

    id: UUID
    kind: str
    quantity: int
    occurred_at: datetime
    source_type: str
    source_id: UUID
    subject_id: UUID | None
    reason: str

    @classmethod
    def of(cls, movement: Movement) -> "MovementOut":
        """A movement."""
        shown: MovementOut = cls.from_orm(movement)
        return shown


class GoodsIn(In):
    """Units of a SKU that came in; the enrolment says under which terms, where the offers do not."""

    sku_id: UUID
    quantity: Units
    lot: Annotated[str, Field(max_length=40)] = ""
    condition: Literal["new", "opened", "damaged"] = "new"
    enrolment_id: UUID | None = None


class DeliveryIn(In):
    """A delivery; whoever receives for others names the seller."""

    node_id: UUID
    rows: Annotated[list[GoodsIn], Field(min_length=1, max_length=ROWS_MAX)]
    seller_id: UUID | None = None
    kind: Literal["received", "opening"] = "received"


class ReceivedOut(Schema):
    """What became of goods; `is_bought` says that the platform bought them in that moment."""

    sku_id: UUID
    quantity: int
    stock_id: UUID
    movement_id: UUID
    is_bought: bool


class ChangeIn(In):
    """So many units more or fewer."""

    stock_id: UUID
    quantity: Change


class AdjustmentIn(In):
    """What a count came to, and why."""

    changes: Annotated[list[ChangeIn], Field(min_length=1, max_length=ROWS_MAX)]
    reason: Reason


@routes.get("/nodes", list[NodeOut], "stock.read")
def list_nodes(request: HttpRequest) -> list[NodeOut]:
    """The nodes of one's own organisation, or all for who may see all."""
    found = logistics.list_nodes(operator_id=scope_of(request, "stock.read"))
    return [NodeOut.of(each) for each in found.values()]


@routes.post("/nodes", NodeOut, "stock.receive", status=201)
def create_node(request: HttpRequest, payload: NodeIn) -> NodeOut:
    """Open a node with its calendar; its address goes into the vault."""
    actor = actor_of(request)
    runs = payload.operator_id or actor.organisation_id
    if runs is None or scope_of(request, "stock.receive") not in (None, runs):
        raise NotFound(kind="organisation")
    node = nodes.create_node(
        actor=actor,
        code=payload.code,
        name=payload.name,
        kind=payload.kind,
        operator_id=runs,
        country=payload.country,
        time_zone=payload.time_zone,
        working_days=payload.working_days,
        cut_off=payload.cut_off,
        keeps_holidays=payload.keeps_holidays,
        address=payload.address.model_dump() | {"country": payload.country} if payload.address else None,
        now=clock.now(),
    )
    return NodeOut.of(logistics.list_nodes([node.id])[node.id])


@routes.post("/nodes/{uuid:node_id}/closures", Done, "work.perform", status=201)
def close_node(request: HttpRequest, node_id: UUID, payload: ClosuresIn) -> Done:
    """Say on which days a node does not work; how many were new."""
    new = nodes.close_node(
        actor=actor_of(request),
        node_id=node_id,
        days=[(each.day, each.label) for each in payload.closures],
        reason=payload.reason,
        now=clock.now(),
    )
    return Done(count=new)


@routes.get("", Page[StockOut], "stock.read")
def list_stock(request: HttpRequest, paging: Paged, sku_id: UUID | None = None, node_id: UUID | None = None) -> Any:
    """Stock rows: a seller's own wherever they stand, or all that stand at one's nodes."""
    found = queries.list_stock(
        **place_scope(request, "stock.read", "node_operator_id"),
        sku_ids=[sku_id] if sku_id else None,
        node_id=node_id,
        after=paging.after,
        limit=paging.more,
    )
    return page(found, paging, StockOut.of)


@routes.get("/{uuid:stock_id}/movements", Page[MovementOut], "stock.read")
def list_movements(request: HttpRequest, stock_id: UUID, paging: Paged) -> Any:
    """The movements of a stock row, newest first: on hand is their sum."""
    own = scope_of(request, "stock.read")
    found = queries.get_rows(stock_ids=[stock_id])
    if not found or own not in (None, found[0].seller_id if is_seller(request) else found[0].node.operator_id):
        raise NotFound(kind="stock")
    rows = queries.list_movements(stock_id=stock_id, before=paging.after, limit=paging.more)
    return page(rows, paging, MovementOut.of)


@routes.post("/receipts", list[ReceivedOut], "stock.receive", status=201)
def receive_goods(request: HttpRequest, payload: DeliveryIn) -> list[ReceivedOut]:
    """Count a seller's goods into a node; where the terms say so, the platform buys them in that moment."""
    received = inbound.receive_goods(
        seller_id=seller_of(request, "stock.receive", payload.seller_id),
        node_id=payload.node_id,
        rows=[Goods(each.sku_id, each.quantity, each.lot, each.condition, each.enrolment_id) for each in payload.rows],
        kind=payload.kind,
        actor=actor_of(request),
        now=clock.now(),
    )
    return [ReceivedOut(**{name: getattr(each, name) for name in ReceivedOut.model_fields}) for each in received]


@routes.post("/adjustments", Done, "stock.adjust", status=201)
def adjust_stock(request: HttpRequest, payload: AdjustmentIn) -> Done:
    """Correct stock rows after a count, by whoever runs the node."""
    changes = [(each.stock_id, each.quantity) for each in payload.changes]
    inbound.adjust_stock(actor=actor_of(request), changes=changes, reason=payload.reason, now=clock.now())
    return Done(count=len(changes))
