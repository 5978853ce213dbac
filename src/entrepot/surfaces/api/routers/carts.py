"""Carts and quotes: what somebody means to buy, as a guest by the token of the cart or signed in, and its cost."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from django.http import HttpRequest
from ninja import Schema
from pydantic import Field

from entrepot.domain.markets import queries as markets
from entrepot.domain.markets.models import Market
from entrepot.domain.orders import carts
from entrepot.domain.orders.carts import Holder
from entrepot.domain.orders.models import Cart
from entrepot.flows.checkout import CartRequest, quote_carts
from entrepot.flows.quoting import Quote
from entrepot.kernel import clock
from entrepot.kernel.errors import EntrepotError, NotFound
from entrepot.surfaces.api.auth import actor_of, header
from entrepot.surfaces.api.routes import PUBLIC, Routes
from entrepot.surfaces.api.schemas import Email, In, Money, Short, Units, UnitsOrNone, money
from entrepot.surfaces.shared.errors import sentence
from entrepot.surfaces.shared.guards import CART_TOKEN
from entrepot.surfaces.shared.throttle import throttled

routes = Routes("Carts")

MarketCode = Annotated[str, Field(min_length=1, max_length=8)]


class CartIn(In):
    """A market to buy in."""

    market: MarketCode


class CartLineOut(Schema):
    """So many units of an offer."""

    offer_id: UUID
    quantity: int


class CartOut(Schema):
    """What a shopper means to buy. A guest sends the token as `Cart-Token`; who is signed in needs none."""

    id: UUID
    token: str
    market: str
    currency: str
    version: int
    voucher_code: str
    lines: list[CartLineOut]


class LineIn(In):
    """So many units of an offer."""

    offer_id: UUID
    quantity: Units


class QuantityIn(In):
    """How many units; none takes the offer out."""

    quantity: UnitsOrNone


class CartVoucherIn(In):
    """The voucher of a cart; an empty code takes it away."""

    voucher_code: Short


class QuoteIn(In):
    """What somebody would buy."""

    market: MarketCode
    lines: Annotated[list[LineIn], Field(min_length=1, max_length=100)]
    voucher_code: Short = ""
    email: Email | None = None
    language: Annotated[str, Field(max_length=10)] = ""


class QuotedLineOut(Schema):
    """What units of an offer from one node would cost; list and discount as displayed."""

    offer_id: UUID
    title: str
    quantity: int
    unit: Money
    list: Money
    discount: Money
    tax: Money
    shipping: Money
    customs_duty: Money
    total: Money


class QuotedParcelOut(Schema):
    """What would travel together, from where, by whom, when; still on its way there, where it is coming on a day."""

    seller_id: UUID
    node: str
    country: str
    performer_party: str
    carrier: str
    ship_by: datetime
    promised_from: date
    promised_until: date
    coming_on: date | None
    lines: list[QuotedLineOut]


class QuoteOut(Schema):
    """A cart as it would be charged now. A voucher that does not count is left out, and `voucher_refusal` says why."""

    market: str
    currency: str
    includes_tax: bool
    goods: Money
    discount: Money
    shipping: Money
    customs_duty: Money
    tax: Money
    total: Money
    voucher_label: str
    voucher_refusal: str
    parcels: list[QuotedParcelOut]

    @classmethod
    def of(cls, quote: Quote) -> "QuoteOut":
        """A quote."""
        currency = quote.currency
        refusal = quote.voucher_refusal
        return cls(
            market=quote.market_code,
            currency=currency,
            includes_tax=quote.includes_tax,
            goods=money(quote.list_minor, currency),
            discount=money(quote.discount_minor, currency),
            shipping=money(quote.shipping_minor, currency),
            customs_duty=money(quote.customs_duty_minor, currency),
            tax=money(quote.tax_minor, currency),
            total=money(quote.total_minor, currency),
            voucher_label=quote.voucher_label,
            voucher_refusal=sentence(refusal) if refusal else "",
            parcels=[
                QuotedParcelOut(
                    seller_id=parcel.seller_id,
                    node=parcel.node_code,
                    country=parcel.country,
                    performer_party=parcel.performer_party,
                    carrier=parcel.carrier,
                    ship_by=parcel.ship_by,
                    promised_from=parcel.promised_from,
                    promised_until=parcel.promised_until,
                    coming_on=parcel.coming.ready_on if parcel.coming else None,
                    lines=[
                        QuotedLineOut(
                            offer_id=line.offer_id,
                            title=line.title,
                            quantity=line.quantity,
                            unit=money(line.unit_minor, currency),
                            list=money(line.list_minor, currency),
                            discount=money(line.discount_minor, currency),
                            tax=money(line.tax_minor, currency),
                            shipping=money(line.shipping_minor, currency),
                            customs_duty=money(line.customs_duty_minor, currency),
                            total=money(line.total_minor, currency),
                        )
                        for line in parcel.lines
                    ],
                )
                for parcel in quote.parcels
            ],
        )


def holder_of(request: HttpRequest) -> Holder:
    """Whose carts are meant: those of who is signed in, or the guest's by its token."""
    user_id = actor_of(request).user_id
    token = header(request, CART_TOKEN)
    return Holder(user_id=user_id) if user_id else Holder(tokens=[token] if token else [])


def find_cart(request: HttpRequest, market: Market) -> Cart:
    """The caller's open cart in a market. Raises: NotFound."""
    cart = carts.find_cart(holder=holder_of(request), market_id=market.id)
    if cart is None:
        raise NotFound("orders.unknown_cart", "There is no such cart.")
    return cart


@routes.post("/quotes", QuoteOut, PUBLIC, keyed="not")
@throttled("guest")
def quote(request: HttpRequest, payload: QuoteIn) -> QuoteOut:
    """What offers would cost and when they would arrive; nothing is kept by it."""
    return _quoted(
        CartRequest(
            market_code=payload.market,
            lines=[(each.offer_id, each.quantity) for each in payload.lines],
            voucher_code=payload.voucher_code,
            user_id=actor_of(request).user_id,
            email=payload.email or "",
            language=payload.language,
        )
    )


@routes.post("/carts", CartOut, PUBLIC, status=201)
def open_cart(request: HttpRequest, payload: CartIn) -> CartOut:
    """Open a cart in a market, or get the one that is open there."""
    market = markets.get_market(payload.market)
    return _shown(carts.open_cart(holder=holder_of(request), market_id=market.id, now=clock.now()), market)


@routes.get("/carts/{market}", CartOut, PUBLIC)
def get_cart(request: HttpRequest, market: str) -> CartOut:
    """The open cart in a market."""
    place = markets.get_market(market)
    return _shown(find_cart(request, place), place)


@routes.put("/carts/{market}/lines/{uuid:offer_id}", CartOut, PUBLIC)
def set_cart_line(request: HttpRequest, market: str, offer_id: UUID, payload: QuantityIn) -> CartOut:
    """Say how many units of an offer are in the cart; none takes it out."""
    place = markets.get_market(market)
    cart, now = find_cart(request, place), clock.now()
    if any(line.offer_id == offer_id for line in _lines(cart)) or not payload.quantity:
        carts.set_units(cart=cart, offer_id=offer_id, quantity=payload.quantity, now=now)
    else:
        carts.add_units(cart=cart, offer_id=offer_id, quantity=payload.quantity, now=now)
    return _shown(find_cart(request, place), place)


@routes.put("/carts/{market}/voucher", CartOut, PUBLIC)
def set_cart_voucher(request: HttpRequest, market: str, payload: CartVoucherIn) -> CartOut:
    """Set the voucher of the cart; whether it counts is for the quote to say."""
    place = markets.get_market(market)
    carts.set_voucher(cart=find_cart(request, place), code=payload.voucher_code, now=clock.now())
    return _shown(find_cart(request, place), place)


@routes.get("/carts/{market}/quote", QuoteOut, PUBLIC)
def quote_cart(request: HttpRequest, market: str, language: str = "") -> QuoteOut:
    """What the cart would cost now and when it would arrive."""
    place = markets.get_market(market)
    cart = find_cart(request, place)
    return _quoted(
        CartRequest(
            market_code=place.code,
            lines=[(line.offer_id, line.quantity) for line in _lines(cart)],
            voucher_code=cart.voucher_code,
            user_id=cart.user_id,
            language=language,
        )
    )


def _quoted(request: CartRequest) -> QuoteOut:
    [found] = quote_carts(carts=[request], now=clock.now())
    if isinstance(found, EntrepotError):
        raise found
    return QuoteOut.of(found)


def _lines(cart: Cart) -> list[CartLineOut]:
    holder = Holder(user_id=cart.user_id, tokens=[cart.token])
    return [
        CartLineOut(offer_id=line.offer_id, quantity=line.quantity)
        for line in carts.list_lines(holder=holder, market_id=cart.market_id)
    ]


def _shown(cart: Cart, market: Market) -> CartOut:
    return CartOut(
        id=cart.id,
        token="" if cart.user_id else cart.token,
        market=market.code,
        currency=market.currency,
        version=cart.version,
        voucher_code=cart.voucher_code,
        lines=_lines(cart),
    )
