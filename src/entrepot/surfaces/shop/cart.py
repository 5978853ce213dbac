"""The cart: one market, many sellers, grouped as it would travel, every amount open to its parts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from entrepot.domain.catalogue import queries as catalogue
from entrepot.domain.catalogue.models import Picture
from entrepot.domain.inventory import queries as inventory
from entrepot.domain.orders import carts
from entrepot.domain.orders.models import Cart, CartLine
from entrepot.flows.checkout import CartRequest, quote_carts
from entrepot.flows.quoting import Quote, QuotedLine
from entrepot.kernel.errors import EntrepotError
from entrepot.surfaces.shared import errors
from entrepot.surfaces.shared.acting import attempt
from entrepot.surfaces.shared.components import Explanation, Window
from entrepot.surfaces.shared.guards import ActingRequest, public
from entrepot.surfaces.shared.throttle import throttled
from entrepot.surfaces.shop import sums
from entrepot.surfaces.shop.browsing import picture_of, product_url
from entrepot.surfaces.shop.forms import UnitsForm, VoucherForm
from entrepot.surfaces.shop.frame import Visit, arrive
from entrepot.surfaces.shop.parties import Names, names_of
from entrepot.surfaces.shop.words import coming, country, span


@public
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """What is in the cart, what it would cost and when it would arrive."""
    visit = arrive(request)
    basket = open_basket(visit)
    voucher = VoucherForm(initial={"voucher_code": basket.cart.voucher_code if basket.cart else ""})
    return visit.render("cart.html", {"basket": basket, "voucher": voucher, "cart_count": basket.units})


@public
@require_POST
def add(request: ActingRequest) -> HttpResponse:
    """Put units of an offer into the cart."""
    visit = arrive(request)
    form = UnitsForm(request.POST)

    def act(typed: Mapping[str, Any]) -> None:
        cart = carts.open_cart(holder=visit.holder, market_id=visit.market.id, now=visit.now)
        carts.add_units(cart=cart, offer_id=typed["offer"], quantity=typed["quantity"], now=visit.now)
        visit.keep_cart(cart.token)

    answer = attempt(request, form, act, said=_("It is in your cart."), to=reverse("shop:cart"))
    return answer or _refused(request, form)


@public
@require_POST
def change(request: HttpRequest) -> HttpResponse:
    """Set how many units of an offer are in the cart; none takes it out."""
    visit = arrive(request)
    form = UnitsForm(request.POST)
    if not form.is_valid():
        return _refused(request, form)
    units = form.cleaned_data
    cart = carts.find_cart(holder=visit.holder, market_id=visit.market.id)
    if cart is not None:
        carts.set_units(cart=cart, offer_id=units["offer"], quantity=units["quantity"], now=visit.now)
    return redirect("shop:cart")


@public
@require_POST
@throttled("voucher")
def redeem(request: HttpRequest) -> HttpResponse:
    """Set or take away the voucher; whether it counts is seen in the cart."""
    visit = arrive(request)
    form = VoucherForm(request.POST)
    cart = carts.find_cart(holder=visit.holder, market_id=visit.market.id)
    if not form.is_valid():
        messages.error(request, str(form.errors["voucher_code"][0]))
    elif cart is not None:
        carts.set_voucher(cart=cart, code=form.cleaned_data["voucher_code"], now=visit.now)
    return redirect("shop:cart")


@dataclass(frozen=True, slots=True)
class LineView:
    """A line of the cart as it is shown. Units: minor; `units` are those in this parcel, `quantity` all of the line."""

    offer_id: UUID
    title: str
    href: str
    picture: str
    options: str
    quantity: int
    units: int
    amount_minor: int | None
    explanation: Explanation | None
    problem: str
    #: What one costs and what it cost when it was put in, where that is another price.
    unit_minor: int = 0
    was_minor: int | None = None
    #: How many there are, where that is fewer than wanted.
    left: int | None = None


@dataclass(frozen=True, slots=True)
class ParcelView:
    """What would travel together: from whom, from where, when."""

    seller: str
    sender: str
    origin: str
    arrives: str
    window: Window | None
    coming: str
    lines: Sequence[LineView]


@dataclass(frozen=True, slots=True)
class Basket:
    """A cart with its quote; where there is none, `refusal` says why and `loose` are the lines."""

    cart: Cart | None = None
    lines: Sequence[CartLine] = ()
    quote: Quote | None = None
    refusal: EntrepotError | None = None
    parcels: Sequence[ParcelView] = ()
    loose: Sequence[LineView] = ()
    sums: Mapping[str, Explanation] | None = None

    @property
    def units(self) -> int:
        """How many units are in it."""
        return sum(line.quantity for line in self.lines)

    @property
    def promise(self) -> str:
        """When all of it will have arrived, whatever the number of parcels: the first day and the last."""
        parcels = self.quote.parcels if self.quote else ()
        if not parcels:
            return ""
        return span(min(each.promised_from for each in parcels), max(each.promised_until for each in parcels))

    @property
    def changed(self) -> list[LineView]:
        """Lines whose price is another one than when they were put in, each once."""
        lines = {line.offer_id: line for parcel in self.parcels for line in parcel.lines if line.was_minor is not None}
        return list(lines.values())

    @property
    def off_minor(self) -> int:
        """What the voucher takes off, as an amount below nothing."""
        return -self.quote.discount_minor if self.quote else 0

    @property
    def why(self) -> str:
        """Why it cannot be had as it is."""
        return errors.sentence(self.refusal) if self.refusal and not self.refusal.field.startswith("lines[") else ""

    @property
    def voucher_refusal(self) -> str:
        """Why its voucher does not count."""
        refusal = self.quote.voucher_refusal if self.quote else None
        return errors.sentence(refusal) if refusal else ""


def open_basket(visit: Visit, email: str = "") -> Basket:
    """The shopper's cart in this market, quoted as it stands now."""
    lines = carts.list_lines(holder=visit.holder, market_id=visit.market.id)
    if not lines:
        return Basket()
    cart = lines[0].cart
    [found] = quote_carts(
        carts=[
            CartRequest(
                market_code=visit.market.code,
                lines=[(line.offer_id, line.quantity) for line in lines],
                voucher_code=cart.voucher_code,
                user_id=visit.user_id,
                email=email,
                language=visit.language,
            )
        ],
        now=visit.now,
    )
    names = names_of({line.offer.seller_id for line in lines})
    pictures = catalogue.pictures({line.offer.sku.product_id for line in lines})
    if not isinstance(found, Quote):
        texts = catalogue.texts({line.offer.sku.product_id for line in lines}, languages=visit.languages)
        titles = {key: text.title for key, text in texts.items()}
        there = inventory.available([line.offer_id for line in lines])
        loose = [
            _line(
                line,
                titles.get(line.offer.sku.product_id, ""),
                pictures,
                problem=_problem(place, found),
                left=there.get(line.offer_id, 0) if there.get(line.offer_id, 0) < line.quantity else None,
            )
            for place, line in enumerate(lines)
        ]
        return Basket(cart, lines, refusal=found, loose=loose)
    return Basket(cart, lines, found, parcels=_parcels(found, lines, pictures, names), sums=_sums(found, names))


def _sums(quote: Quote, names: Names) -> dict[str, Explanation]:
    return {
        "goods": sums.of_goods(quote),
        "discount": sums.of_discount(quote),
        "shipping": sums.of_shipping(quote, names),
        "customs": sums.of_customs(quote),
        "tax": sums.of_tax_due(quote, names),
        "total": sums.of_total(quote, names),
    }


def _parcels(
    quote: Quote, lines: Sequence[CartLine], pictures: Mapping[UUID, list[Picture]], names: Names
) -> list[ParcelView]:
    by_offer = {line.offer_id: line for line in lines}
    return [
        ParcelView(
            seller=names.seller(parcel.seller_id),
            sender=names.of_code(parcel.performer_party, parcel.seller_id),
            origin=country(parcel.country),
            arrives=span(parcel.promised_from, parcel.promised_until),
            window=sums.of_promise(parcel, names),
            coming=coming(parcel.coming.by, parcel.coming.ready_on) if parcel.coming else "",
            lines=[
                _line(by_offer[line.offer_id], line.title, pictures, line=line, explanation=sums.of_line(line, quote))
                for line in parcel.lines
            ],
        )
        for parcel in quote.parcels
    ]


def _line(
    kept: CartLine,
    title: str,
    pictures: Mapping[UUID, list[Picture]],
    *,
    line: QuotedLine | None = None,
    explanation: Explanation | None = None,
    problem: str = "",
    left: int | None = None,
) -> LineView:
    sku = kept.offer.sku
    return LineView(
        offer_id=kept.offer_id,
        title=title,
        href=f"{product_url(sku.product_id)}?sku={sku.id.hex}",
        picture=picture_of(sku, pictures),
        options=", ".join(str(value).capitalize() for value in sku.options.values()),
        quantity=kept.quantity,
        units=line.quantity if line else kept.quantity,
        amount_minor=line.list_minor - line.discount_minor if line else None,
        explanation=explanation,
        problem=problem,
        unit_minor=line.unit_minor if line else 0,
        was_minor=kept.unit_minor if line and kept.unit_minor not in (None, line.unit_minor) else None,
        left=left,
    )


def _problem(place: int, refusal: EntrepotError) -> str:
    """What is wrong with a line, where it is the reason that there is no quote."""
    return errors.sentence(refusal) if refusal.field.startswith(f"lines[{place}]") else ""


def _refused(request: HttpRequest, form: UnitsForm) -> HttpResponse:
    """Back in the cart, with what was wrong."""
    for found in form.errors.values():
        messages.error(request, str(found[0]))
    return redirect("shop:cart")
