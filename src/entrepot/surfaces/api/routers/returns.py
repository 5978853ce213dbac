"""Returns: asked for by the shopper, sent under a label, received by whom the terms name, refunded."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import File, Schema
from ninja.files import UploadedFile
from pydantic import Field

from entrepot.domain.aftersales import queries
from entrepot.domain.aftersales.models import ReturnCase, ReturnLine
from entrepot.domain.orders import queries as orders
from entrepot.flows import returns
from entrepot.flows.returns import Received
from entrepot.kernel import clock
from entrepot.kernel.errors import Invalid
from entrepot.kernel.media import PICTURE_BYTES_MAX
from entrepot.surfaces.api.auth import actor_of, header, place_scope
from entrepot.surfaces.api.paging import Page, Paged, page
from entrepot.surfaces.api.routers.orders import scope
from entrepot.surfaces.api.routes import PUBLIC, Routes
from entrepot.surfaces.api.schemas import ROWS_MAX, Done, In, Units
from entrepot.surfaces.shared import media
from entrepot.surfaces.shared.guards import ORDER_TOKEN
from entrepot.surfaces.shared.threads import send_photo
from entrepot.surfaces.shared.throttle import throttled

routes = Routes("Returns")


class ReturnLineOut(Schema):
    """Units of an order line in a return, and what became of them."""

    line_id: UUID
    quantity: int
    received: int
    disposition: str

    @classmethod
    def of(cls, line: ReturnLine) -> "ReturnLineOut":
        """A line of a return."""
        return cls(
            line_id=line.line_id, quantity=line.quantity, received=line.received_qty, disposition=line.disposition
        )


class ReturnOut(Schema):
    """Units of one suborder on their way back, why, and who answers for it by the line's terms."""

    id: UUID
    number: str
    order_id: UUID
    suborder_id: UUID
    seller_id: UUID
    reason: str
    cause: str
    liable_party: str
    handler_party: str
    freight_party: str
    note: str
    photos: int
    state: str
    created_at: datetime
    received_at: datetime | None
    refunded_at: datetime | None
    lines: list[ReturnLineOut]


class LabelOut(Schema):
    """The path of a label, a PDF."""

    label: str


class ReturnLineIn(In):
    """Units of an order line that are to go back."""

    line_id: UUID
    quantity: Units


class ReturnIn(In):
    """What is to go back, and why."""

    lines: Annotated[list[ReturnLineIn], Field(min_length=1, max_length=ROWS_MAX)]
    reason: Annotated[str, Field(max_length=20)]
    note: Annotated[str, Field(max_length=1000)] = ""


class ReceivedIn(In):
    """Units that came back; what becomes of them follows from the terms where it is left out."""

    line_id: UUID
    quantity: Units
    disposition: Literal["", "restock", "discard", "to_owner", "kept"] = ""


class ReturnReceiptIn(In):
    """What came back, which may be less than was announced."""

    received: Annotated[list[ReceivedIn], Field(min_length=1, max_length=ROWS_MAX)]


class CasesIn(In):
    """Returns."""

    case_ids: Annotated[list[UUID], Field(min_length=1, max_length=ROWS_MAX)]


@routes.post("/orders/{uuid:order_id}/returns", list[ReturnOut], PUBLIC, status=201)
def request_return(request: HttpRequest, order_id: UUID, payload: ReturnIn) -> list[ReturnOut]:
    """Ask to send units of an order back; one case for each suborder that they belong to."""
    made = returns.request_return(
        order_id=order_id,
        lines=[(each.line_id, each.quantity) for each in payload.lines],
        reason=payload.reason,
        note=payload.note,
        actor=actor_of(request),
        access_token=header(request, ORDER_TOKEN),
        now=clock.now(),
    )
    return show(made)


@routes.get("/orders/{uuid:order_id}/returns", list[ReturnOut], PUBLIC)
def list_order_returns(request: HttpRequest, order_id: UUID) -> list[ReturnOut]:
    """The returns of an order, newest first; for a seller those of its goods."""
    whose = scope(request)
    orders.get_order(order_id=order_id, scope=whose)
    return show(queries.list_cases(order_ids=[order_id], seller_id=whose.seller_id))


@routes.get("/returns", Page[ReturnOut], "returns.read")
def list_returns(request: HttpRequest, paging: Paged, state: str = "") -> Any:
    """Returns, newest first: of a seller's goods, at the nodes of an organisation, or all."""
    found = queries.list_cases(
        **place_scope(request, "returns.read", "operator_id"),
        states=[state] if state else (),
        before=paging.after,
        limit=paging.more,
    )
    shown = {each.id: each for each in show(found)}
    return page(found, paging, lambda case: shown[case.id])


@routes.get("/returns/{uuid:case_id}", ReturnOut, "returns.read")
def get_return(request: HttpRequest, case_id: UUID) -> ReturnOut:
    """One return."""
    return show([queries.get_case(case_id=case_id, **place_scope(request, "returns.read", "operator_id"))])[0]


@routes.post("/returns/{uuid:case_id}/photos", ReturnOut, PUBLIC, status=201)
@throttled("message")
def add_return_photo(request: HttpRequest, case_id: UUID, file: File[UploadedFile]) -> ReturnOut:
    """Show a photograph (JPEG, PNG, WebP) with one's own return; six at most."""
    if (file.size or 0) > PICTURE_BYTES_MAX:
        raise Invalid(
            "media.too_large", "A picture may have {limit} bytes at most.", field="file", limit=PICTURE_BYTES_MAX
        )
    case = returns.add_photo(
        case_id=case_id, photo=file.read(), actor=actor_of(request), access_token=header(request, ORDER_TOKEN),
        now=clock.now(),
    )  # fmt: skip
    return show([case])[0]


@routes.get("/returns/{uuid:case_id}/photos/{int:place}", None, "returns.read")
def get_return_photo(request: HttpRequest, case_id: UUID, place: int) -> HttpResponse:
    """The bytes of a photograph (WebP), by its place from 0."""
    case = queries.get_case(case_id=case_id, **place_scope(request, "returns.read", "operator_id"))
    return send_photo(case.photos, place, case.number)


@routes.post("/returns/{uuid:case_id}/label", LabelOut, PUBLIC, status=201)
def make_return_label(request: HttpRequest, case_id: UUID) -> LabelOut:
    """The label under which the goods come back: for the shopper, for who handles the return, for the operator."""
    name = returns.send_label(
        case_id=case_id, actor=actor_of(request), access_token=header(request, ORDER_TOKEN), now=clock.now()
    )
    return LabelOut(label=media.link(name))


@routes.post("/returns/{uuid:case_id}/cancellation", ReturnOut, PUBLIC)
def cancel_return(request: HttpRequest, case_id: UUID) -> ReturnOut:
    """The shopper keeps the goods after all."""
    returns.cancel_return(
        case_id=case_id, actor=actor_of(request), access_token=header(request, ORDER_TOKEN), now=clock.now()
    )
    return show([queries.get_case(case_id=case_id)])[0]


@routes.post("/returns/{uuid:case_id}/receipt", ReturnOut, "returns.handle")
def receive_return(request: HttpRequest, case_id: UUID, payload: ReturnReceiptIn) -> ReturnOut:
    """Take in what came back, and do with each unit what its disposition says."""
    case = returns.receive_return(
        case_id=case_id,
        received=[Received(each.line_id, each.quantity, each.disposition) for each in payload.received],
        actor=actor_of(request),
        now=clock.now(),
    )
    return show([case])[0]


@routes.post("/returns/refunds", Done, "returns.handle")
def refund_returns(request: HttpRequest, payload: CasesIn) -> Done:
    """Give back the money of units that were received; how many returns are refunded by it."""
    done = returns.refund(case_ids=payload.case_ids, actor=actor_of(request), now=clock.now())
    return Done(count=len(done))


def show(cases: list[ReturnCase]) -> list[ReturnOut]:
    """Returns with their lines."""
    lines = queries.list_lines(case_ids=[case.id for case in cases])
    plain = [name for name in ReturnOut.model_fields if name not in {"lines", "photos"}]
    return [
        ReturnOut(
            **{name: getattr(case, name) for name in plain},
            photos=len(case.photos),
            lines=[ReturnLineOut.of(each) for each in lines.get(case.id, [])],
        )
        for case in cases
    ]
