"""Orders: placed once for their key, seen by their shopper, their sellers and the operator, changed by them."""

import hashlib
from typing import Annotated, Any, Literal
from uuid import UUID

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest
from pydantic import Field

from entrepot.domain.markets import queries as markets
from entrepot.domain.orders import carts, purchases, queries
from entrepot.domain.orders.models import Cart
from entrepot.domain.orders.queries import Scope
from entrepot.flows import amending
from entrepot.flows.checkout import Declined, OrderRequest, Placed, Waiting
from entrepot.flows.substituting import substitute
from entrepot.kernel import clock
from entrepot.kernel.errors import EntrepotError, Invalid, Refused
from entrepot.surfaces.api.auth import GUEST, actor_of, header, is_seller, scope_of
from entrepot.surfaces.api.idempotent import key_of
from entrepot.surfaces.api.paging import Page, Paged, page
from entrepot.surfaces.api.routers.addresses import AddressOut, ShipToIn
from entrepot.surfaces.api.routers.carts import LineIn, MarketCode, find_cart, holder_of
from entrepot.surfaces.api.routers.purchases import (
    CancelledOut,
    OrderOut,
    OrderSummaryOut,
    PlacedOut,
    SuborderOut,
    SuborderSummaryOut,
    SubstitutedOut,
)
from entrepot.surfaces.api.routes import PUBLIC, Routes
from entrepot.surfaces.api.schemas import Email, In, Reason, Short, Total, Units, money
from entrepot.surfaces.shared import ordering
from entrepot.surfaces.shared.guards import ORDER_TOKEN
from entrepot.surfaces.shared.throttle import count, throttled

routes = Routes("Orders")

AttributionKey = Annotated[str, Field(max_length=40)]


class OrderIn(In):
    """An order of lines, or of the caller's cart in the market. What was shown as the total is what is agreed to."""

    market: MarketCode
    lines: Annotated[list[LineIn], Field(max_length=1000)] = []
    from_cart: Annotated[bool, Field(strict=True)] = False
    voucher_code: Short | None = None
    email: Email | None = None
    language: Annotated[str, Field(max_length=10)] = ""
    ship_to: ShipToIn | UUID
    provider: Annotated[str, Field(min_length=1, max_length=30)]
    instrument: Annotated[str, Field(max_length=60)] = ""
    expected_total: Total | None = None
    attribution: Annotated[dict[AttributionKey, Annotated[str, Field(max_length=200)]], Field(max_length=10)] = {}


class CancelLineIn(In):
    """So many units of a line."""

    line_id: UUID
    quantity: Units


class CancellationIn(In):
    """Units that are not wanted or cannot be had; whoever cancels somebody else's says why."""

    lines: Annotated[list[CancelLineIn], Field(min_length=1, max_length=1000)]
    reason: Annotated[str, Field(max_length=200)] = ""


class AddressChangeIn(In):
    """Another address in the same country; whoever changes somebody else's order says why."""

    ship_to: ShipToIn
    reason: Annotated[str, Field(max_length=200)] = ""


class SubstitutionIn(In):
    """Another offer of the same seller instead; the reason says how the shopper agreed."""

    offer_id: UUID
    quantity: Units
    reason: Reason


STATES: dict[type, Literal["placed", "waiting", "declined"]] = {
    Placed: "placed",
    Waiting: "waiting",
    Declined: "declined",
}


@routes.post("", {201: PlacedOut, 200: PlacedOut}, PUBLIC, keyed="own")
@throttled("checkout")
def place_order(request: HttpRequest, payload: OrderIn) -> tuple[int, PlacedOut]:
    """Place an order, as a guest or signed in.

    The key names the checkout: the same key gives the answer of its order as it stands by now, whatever has happened
    to prices and stock since. A declined payment is a result: `state` says so. A guest keeps `order_token`, the right
    to see and change the order.
    """
    actor, now = actor_of(request), clock.now()
    total = payload.expected_total
    # An order of lines asks nothing of the database in this thread: its batch reads the market for all.
    market = markets.get_market(payload.market) if total or payload.from_cart else None
    checkout_key = _checkout_key(request)
    if total and market and total.currency != market.currency:
        raise Invalid("orders.other_currency", "This market is in {currency}.", field="expected_total.currency",
                      currency=market.currency)  # fmt: skip
    if payload.from_cart and payload.lines:
        raise Invalid("orders.lines_or_cart", "Order lines or the cart, not both.", field="lines")
    if payload.from_cart and (done := _done(request, checkout_key)):
        return (200 if done.state == "declined" else 201), done
    cart = find_cart(request, market) if payload.from_cart and market else None
    answer = ordering.place(_wanted(payload, checkout_key, actor.user_id, cart), now=now)
    if isinstance(answer, EntrepotError):
        raise answer
    if cart and isinstance(answer, Waiting):
        carts.close(cart=cart, now=now)
    if cart and isinstance(answer, Declined):
        carts.renew(cart=cart, now=now)
    return (200 if isinstance(answer, Declined) else 201), PlacedOut(
        id=answer.order_id,
        number=answer.number,
        order_token="" if actor.user_id else answer.access_token,
        state=STATES[type(answer)],
        reason=answer.reason if isinstance(answer, Declined) else "",
        total=money(answer.total_minor, answer.currency),
    )


def find_gone(request: HttpRequest) -> Refused | None:
    """Why a guest's order is refused that asks for what is known to be gone; None where the endpoint is to read it.

    Raises: Busy, TooMany.
    """
    request.auth = GUEST  # type: ignore[attr-defined]
    try:
        wanted = _wanted(OrderIn.model_validate_json(request.body), _checkout_key(request), None, None)
    except (ValueError, SuspiciousOperation, Invalid):
        return None
    refusal = ordering.find_gone(wanted)
    if refusal is not None:
        count(request, "checkout")
    return refusal


@routes.get("", Page[OrderSummaryOut], PUBLIC)
def list_orders(request: HttpRequest, paging: Paged, market: str = "", state: str = "") -> Any:
    """Orders, newest first: a shopper's own, those with a seller's lines, or all for who may see all."""
    found = queries.list_orders(
        scope=scope(request), market_code=market, state=state, before=paging.after, limit=paging.more
    )
    return page(found, paging, OrderSummaryOut.of)


@routes.get("/{uuid:order_id}", OrderOut, PUBLIC)
def get_order(request: HttpRequest, order_id: UUID) -> OrderOut:
    """One order: for its shopper (a guest by `Order-Token`), for a seller its own part, for the operator whole."""
    return _shown(request, order_id)


@routes.get("/by-number/{number}", OrderOut, PUBLIC)
def find_order(request: HttpRequest, number: str) -> OrderOut:
    """The order of a number that people read aloud, or of a suborder's number."""
    return _shown(request, queries.find_order_id(number=number, scope=scope(request)) or UUID(int=0))


@routes.post("/{uuid:order_id}/cancellation", list[CancelledOut], PUBLIC)
def cancel_order_lines(request: HttpRequest, order_id: UUID, payload: CancellationIn) -> list[CancelledOut]:
    """Cancel units before they are handed over: stock is free again, money is let go or given back. All or none."""
    known = {line.id for line in queries.get_order(order_id=order_id, scope=scope(request)).lines}
    for place, each in enumerate(payload.lines):
        if each.line_id not in known:
            raise Invalid("orders.not_its_line", "The order has no such line.", field=f"lines[{place}].line_id")
    cancelled = amending.cancel_lines(
        rows=[(each.line_id, each.quantity) for each in payload.lines],
        actor=actor_of(request),
        reason=payload.reason,
        access_token=header(request, ORDER_TOKEN),
        now=clock.now(),
    )
    order = queries.get_order(order_id=order_id, scope=scope(request))
    return [
        CancelledOut(
            line_id=each.line_id,
            quantity=each.quantity,
            amount=money(each.amount_minor, order.currency),
            is_refunded=each.is_refunded,
        )
        for each in cancelled
    ]


@routes.put("/{uuid:order_id}/address", AddressOut, PUBLIC)
def change_address(request: HttpRequest, order_id: UUID, payload: AddressChangeIn) -> AddressOut:
    """Send what has not left to another address in the same country."""
    contact_id = amending.change_address(
        order_id=order_id,
        ship_to=payload.ship_to.contact(),
        actor=actor_of(request),
        reason=payload.reason,
        access_token=header(request, ORDER_TOKEN),
        now=clock.now(),
    )
    return AddressOut.of(contact_id)


@routes.post("/lines/{uuid:line_id}/substitution", SubstitutedOut, "orders.cancel", status=201)
def substitute_line(request: HttpRequest, line_id: UUID, payload: SubstitutionIn) -> SubstitutedOut:
    """Send units of another offer of the same seller instead, at no higher price to the shopper."""
    done = substitute(
        line_id=line_id,
        offer_id=payload.offer_id,
        quantity=payload.quantity,
        actor=actor_of(request),
        reason=payload.reason,
        now=clock.now(),
    )
    return SubstitutedOut(line_id=done.line_id, let_go_minor=done.amount_minor)


@routes.get("/suborders", Page[SuborderSummaryOut], "orders.read")
def list_suborders(request: HttpRequest, paging: Paged, seller_id: UUID | None = None, state: str = "") -> Any:
    """What sellers send from one node for one order, newest first; a seller's own."""
    own = scope_of(request, "orders.read")
    found = queries.list_suborders(seller_id=own or seller_id, state=state, before=paging.after, limit=paging.more)
    return page(found, paging, SuborderSummaryOut.of)


@routes.get("/suborders/{uuid:suborder_id}", SuborderOut, "orders.read")
def get_suborder(request: HttpRequest, suborder_id: UUID) -> SuborderOut:
    """One suborder."""
    own = scope_of(request, "orders.read")
    found = queries.get_suborder(suborder_id=suborder_id, seller_id=own)
    order = queries.get_order(order_id=found.order_id, scope=scope(request))
    return SuborderOut.of(found, order.currency, whose="seller" if own else "*")


def scope(request: HttpRequest) -> Scope:
    """Whose orders: everybody's, a seller's part, or those of who is signed in and of the guest's token."""
    actor = actor_of(request)
    token = header(request, ORDER_TOKEN)
    match actor.verbs.get("orders.read"):
        case "all":
            return Scope(is_all=True)
        case "own" if is_seller(request):
            return Scope(seller_id=actor.organisation_id)
    return Scope(user_id=actor.user_id, tokens=[token] if token else [])


def _shown(request: HttpRequest, order_id: UUID) -> OrderOut:
    whose = scope(request)
    found = queries.get_order(order_id=order_id, scope=whose)
    return OrderOut.of(found, is_whole=whose.seller_id is None, sees_staff=whose.is_all)


def _checkout_key(request: HttpRequest) -> str:
    """The caller's key, as it names an order among those of everybody. Raises: Invalid."""
    return "api-" + hashlib.sha256(f"{actor_of(request).user_id or 'guest'}:{key_of(request)}".encode()).hexdigest()


def _wanted(payload: OrderIn, checkout_key: str, user_id: UUID | None, cart: Cart | None) -> OrderRequest:
    kept_voucher = cart.voucher_code if cart else ""
    total = payload.expected_total
    return OrderRequest(
        checkout_key=checkout_key,
        market_code=payload.market,
        lines=_lines(cart) if cart else [(each.offer_id, each.quantity) for each in payload.lines],
        voucher_code=kept_voucher if payload.voucher_code is None else payload.voucher_code,
        user_id=user_id,
        email=payload.email or "",
        language=payload.language,
        ship_to=payload.ship_to.contact() if isinstance(payload.ship_to, ShipToIn) else payload.ship_to,
        provider=payload.provider,
        instrument=payload.instrument,
        expected_total_minor=total.minor if total else None,
        attribution=payload.attribution or (cart.attribution if cart else {}),
        cart_id=cart.id if cart else None,
    )


def _done(request: HttpRequest, checkout_key: str) -> PlacedOut | None:
    """What became of a cart that was ordered before under the key."""
    holder = holder_of(request)
    found = purchases.find_checkout(
        checkout_key=checkout_key, holder=carts.Holder(user_id=holder.user_id), cart_tokens=holder.tokens
    )
    if found is None:
        return None
    payment = queries.get_order(order_id=found.id, scope=queries.EVERYBODYS).payment
    return PlacedOut(
        id=found.id,
        number=found.number,
        order_token="" if found.user_id else found.access_token,
        state="waiting" if found.state == found.State.PENDING else found.state,
        reason=payment.decline_reason if payment else "",
        total=money(found.total_minor, found.currency),
    )


def _lines(cart: Cart) -> list[tuple[UUID, int]]:
    holder = carts.Holder(user_id=cart.user_id, tokens=[cart.token])
    return [(line.offer_id, line.quantity) for line in carts.list_lines(holder=holder, market_id=cart.market_id)]
