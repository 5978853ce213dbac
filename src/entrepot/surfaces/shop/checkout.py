"""Paying for the cart, as a guest or signed in, once: the key in the form names the checkout."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_http_methods, require_safe

from entrepot.domain.accounts import queries as accounts
from entrepot.domain.accounts import services as address_book
from entrepot.domain.orders import carts, purchases
from entrepot.domain.orders.models import Cart
from entrepot.flows.checkout import Declined, Ordered, OrderRequest, Waiting
from entrepot.kernel.errors import EntrepotError
from entrepot.kernel.money import format_minor
from entrepot.surfaces.shared import errors, ordering
from entrepot.surfaces.shared.components import Link
from entrepot.surfaces.shared.guards import public
from entrepot.surfaces.shared.throttle import throttled
from entrepot.surfaces.shop.cart import Basket, open_basket
from entrepot.surfaces.shop.forms import AddressForm, CheckoutForm
from entrepot.surfaces.shop.frame import Visit, arrive
from entrepot.surfaces.shop.words import DECLINED, DECLINED_OTHERWISE


@public
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """Where to, how it is paid, and what it comes to."""
    visit = arrive(request)
    basket = open_basket(visit)
    if basket.quote is None:
        return redirect("shop:cart")
    form = CheckoutForm(initial=_initial(visit, basket), country=visit.market.country, email=_email(visit))
    return _page(visit, basket, form)


@public
@require_http_methods(["GET", "POST"])
@throttled("checkout", "POST")
def place(request: HttpRequest) -> HttpResponse:
    """Place the order, once for the key; where something has changed meanwhile, show it and ask again."""
    if request.method != "POST":
        return redirect("shop:checkout")
    visit = arrive(request)
    if (done := _done(visit)) is not None:
        return done
    cart = carts.find_cart(holder=visit.holder, market_id=visit.market.id)
    form = CheckoutForm(request.POST, country=visit.market.country, email=_email(visit))
    if cart is None:
        return _again(visit, form, gettext("Nothing was ordered: there is nothing in your cart."))
    if not form.is_valid():
        return _again(visit, form)
    given = form.cleaned_data
    if given["checkout_key"] != _key(cart) or given["voucher_code"] not in ("", cart.voucher_code):
        return _again(visit, form, gettext("Your cart has changed meanwhile. Please look at it once more."))
    answer = ordering.place(_request(visit, cart, given, form.address()), now=visit.now)
    if isinstance(answer, Declined):
        carts.renew(cart=cart, now=visit.now)
        return _again(visit, form, str(DECLINED.get(answer.reason, DECLINED_OTHERWISE)))
    if isinstance(answer, Waiting):
        carts.close(cart=cart, now=visit.now)
    if isinstance(answer, Ordered):
        if given.get("keep_address") and visit.user_id is not None:
            _keep(visit.user_id, form, visit)
        return _to_order(visit, answer.number, answer.access_token)
    return _refused(visit, form, answer)


def _done(visit: Visit) -> HttpResponse | None:
    """To the order that this key has made already."""
    key = visit.request.POST.get("checkout_key", "").replace("\0", "")[:120]
    done = purchases.find_checkout(checkout_key=key, holder=visit.buyer, cart_tokens=visit.cart_tokens)
    if done is None or done.state == done.State.DECLINED:
        return None
    return _to_order(visit, done.number, done.access_token)


def _request(visit: Visit, cart: Cart, given: Mapping[str, Any], address: Mapping[str, str]) -> OrderRequest:
    lines = carts.list_lines(holder=visit.holder, market_id=visit.market.id)
    return OrderRequest(
        checkout_key=given["checkout_key"],
        market_code=visit.market.code,
        lines=[(line.offer_id, line.quantity) for line in lines],
        voucher_code=given["voucher_code"],
        user_id=visit.user_id,
        email=given.get("email", ""),
        language=visit.language,
        ship_to=address,
        provider=given["provider"],
        instrument=given.get("instrument", "") if given["provider"] == "sandbox" else "",
        expected_total_minor=given["expected_total_minor"],
        attribution=cart.attribution,
        cart_id=cart.id,
    )


def _keep(user_id: UUID, form: CheckoutForm, visit: Visit) -> None:
    """Put the address into the book; a book that is full keeps nobody from their order."""
    try:
        address_book.keep_address(user_id=user_id, address=form.address(), now=visit.now)
    except EntrepotError as refusal:
        messages.warning(visit.request, errors.sentence(refusal))


def _refused(visit: Visit, form: CheckoutForm, refusal: EntrepotError) -> HttpResponse:
    """Say what stands in the way: beside its field, above the form, or in the cart."""
    field = refusal.field.removeprefix("ship_to.")
    if refusal.code == "orders.total_changed":
        language = get_language() or "en"
        total = format_minor(refusal.values["total"], refusal.values["currency"], language)
        sentence = gettext("The total has changed meanwhile and is {total} now. Order only if you agree.")
        return _again(visit, form, sentence.format(total=total))
    if field in form.fields:
        form.add_error(field, errors.sentence(refusal))
        return _again(visit, form)
    return _again(visit, form, errors.sentence(refusal))


def _again(visit: Visit, form: CheckoutForm, notice: str = "") -> HttpResponse:
    """The form with what was typed, and the cart as it stands now; the order, where it came through meanwhile."""
    # What is sent twice at once may be ordered between any two looks, and the cart is empty in the second.
    if (done := _done(visit)) is not None:
        return done
    email = form.data.get("email", "") if "email" in form.fields and not form.errors.get("email") else ""
    basket = open_basket(visit, email=email)
    if basket.quote is None:
        if notice:
            messages.warning(visit.request, notice)
        return redirect("shop:cart")
    return _page(visit, basket, form, notice, status=422 if form.errors else 409)


def _page(visit: Visit, basket: Basket, form: CheckoutForm, notice: str = "", *, status: int = 200) -> HttpResponse:
    assert basket.quote
    assert basket.cart
    context = {
        "basket": basket,
        "form": form,
        "notice": notice,
        # What was shown is what is agreed to: never the total that was sent.
        "checkout_key": _key(basket.cart),
        "book": _book(visit, form),
        "expected_total_minor": basket.quote.total_minor,
        "voucher_code": _voucher(basket),
        "email": _email(visit),
        "cart_count": basket.units,
    }
    return visit.render("checkout.html", context, status=status)


def _initial(visit: Visit, basket: Basket) -> dict[str, Any]:
    """What is known already: the address that the person used last, if it is in this country."""
    if visit.user_id is None:
        return {}
    book = accounts.list_book(owner_user_id=visit.user_id, country=visit.market.country)
    chosen = visit.request.GET.get("address", "")
    found = next((each for each in book if each.id.hex == chosen), book[0] if book else None)
    found = found or accounts.find_last_contact(owner_user_id=visit.user_id)
    if found is None or found.country != visit.market.country:
        return {}
    return {name: getattr(found, name) for name in AddressForm.base_fields}


def _book(visit: Visit, form: CheckoutForm) -> list[Link]:
    """The kept addresses that one may choose from; the one that fills the form is current."""
    if visit.user_id is None:
        return []
    book = accounts.list_book(owner_user_id=visit.user_id, country=visit.market.country)
    shown = form.initial.get("line1") if not form.is_bound else None
    way = reverse("shop:checkout")
    return [
        Link(f"{each.name}, {each.line1}, {each.city}", f"{way}?address={each.id.hex}", current=each.line1 == shown)
        for each in book
    ]


def _email(visit: Visit) -> str:
    return visit.request.user.email if visit.request.user.is_authenticated else ""


def _voucher(basket: Basket) -> str:
    """The voucher that the order is to use: none where it was shown not to count, unless only the e-mail is missing."""
    assert basket.quote
    assert basket.cart
    refusal = basket.quote.voucher_refusal
    return "" if refusal and refusal.code != "promotions.needs_shopper" else basket.cart.voucher_code


def _key(cart: Cart) -> str:
    """One key for each state of a cart, so that two windows are one checkout."""
    return f"cart-{cart.id.hex}-{cart.version}"


def _to_order(visit: Visit, number: str, access_token: str) -> HttpResponse:
    if visit.user_id is None:
        visit.keep_order(access_token)
    return redirect("shop:order", number=number)
