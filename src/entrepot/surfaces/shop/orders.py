"""A shopper's orders: where everything is, what it cost, and what may still be changed."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from entrepot.domain.catalogue import queries as catalogue
from entrepot.domain.logistics.labels import address_lines
from entrepot.domain.orders import purchases
from entrepot.domain.orders.models import Order
from entrepot.flows.checkout import cancel_lines, change_address
from entrepot.kernel import ids
from entrepot.kernel.errors import EntrepotError, NotFound
from entrepot.surfaces.shared import tasks
from entrepot.surfaces.shared.acting import Done, attempt
from entrepot.surfaces.shared.components import Slice
from entrepot.surfaces.shared.guards import ActingRequest, public
from entrepot.surfaces.shared.throttle import throttled
from entrepot.surfaces.shop.browsing import picture_of
from entrepot.surfaces.shop.following import Followed, follow, told_state
from entrepot.surfaces.shop.forms import AddressForm, MoveForm, QuantitiesForm
from entrepot.surfaces.shop.frame import Visit, arrive

PAGE = 20


@public
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The orders of who is signed in, or those that a guest has the right to; newest first."""
    visit = arrive(request)
    before = request.GET.get("cursor", "")
    found = purchases.list_own_orders(
        holder=visit.buyer, before=ids.read("ord", before, kind="page") if before else None, limit=PAGE + 1
    )
    shown = found[:PAGE]
    lines = purchases.list_lines(order_ids=[order.id for order in shown])
    pictures = catalogue.pictures({line.sku.product_id for of in lines.values() for line in of})
    rows = [
        {
            "order": order,
            "state": told_state(order, lines[order.id]),
            "titles": list(dict.fromkeys(line.title for line in lines[order.id])),
            "pictures": [where for line in lines[order.id] if (where := picture_of(line.sku, pictures))][:4],
        }
        for order in shown
    ]
    cursor = shown[-1].id.hex if len(found) > PAGE else ""
    waiting = tasks.list_tasks(visit.actor, "shop", visit.now) if visit.actor.user_id and not before else []
    context = {"page": Slice(rows, next_cursor=cursor), "task_groups": [("", waiting)] if waiting else []}
    return visit.render("orders.html", context)


@public
@require_GET
@throttled("link")
def enter(request: HttpRequest, token: str) -> HttpResponse:
    """The link of a guest's order: the browser remembers the right to it and goes on without it in the address."""
    visit = arrive(request)
    order = purchases.find_by_token(access_token=token)
    if order is None:
        raise NotFound(kind="order")
    if order.user_id is None:
        visit.keep_order(token)
    elif visit.user_id is None:
        return redirect(f"{reverse('account_login')}?next={reverse('shop:order', args=[order.number])}")
    return redirect("shop:order", number=order.number)


@public
@require_safe
def show(request: HttpRequest, number: str) -> HttpResponse:
    """An order: its parcels, its money, and what may be done about it."""
    visit = arrive(request)
    return _page(visit, follow(visit, number))


@public
@require_safe
def payment(request: HttpRequest, number: str) -> HttpResponse:
    """Asked by a page that waits for the payment: it loads itself anew once there is news."""
    order = purchases.get_own_order(number=number, holder=arrive(request).buyer)
    response = HttpResponse(status=204)
    if order.state != Order.State.PENDING:
        response.headers["HX-Refresh"] = "true"
    return response


@public
@require_POST
def cancel(request: ActingRequest, number: str) -> HttpResponse:
    """Cancel units that have not left."""
    visit = arrive(request)
    followed = follow(visit, number)
    form = QuantitiesForm(request.POST, lines=followed.cancellable, name="cancel")

    def act(_typed: Mapping[str, Any]) -> Done:
        cancelled = cancel_lines(
            rows=form.quantities(),
            actor=visit.actor,
            reason="",
            now=visit.now,
            access_token=followed.order.access_token,
        )
        if any(each.is_refunded for each in cancelled):
            return Done(_("It is cancelled, and the money goes back to you."))
        return Done(_("It is cancelled, and you do not pay for it."))

    answer = attempt(request, form, act, to=reverse("shop:order", args=[number]))
    return answer or _page(visit, followed, cancellation=form, status=form.status)


@public
@require_http_methods(["GET", "HEAD", "POST"])
def address(request: ActingRequest, number: str) -> HttpResponse:
    """Another address in the same country for what has not left."""
    visit = arrive(request)
    order = purchases.get_own_order(number=number, holder=visit.buyer)
    country = order.market.country
    initial = {name: getattr(order.ship_to, name) for name in AddressForm.base_fields}
    form = MoveForm(request.POST if request.method == "POST" else None, initial=initial, country=country, name="move")

    def act(_typed: Mapping[str, Any]) -> None:
        try:
            change_address(
                order_id=order.id,
                ship_to=form.address() | {"email": order.ship_to.email},
                actor=visit.actor,
                now=visit.now,
                access_token=order.access_token,
            )
        except EntrepotError as refusal:
            refusal.field = refusal.field.removeprefix("ship_to.")
            raise

    way = reverse("shop:order", args=[number])
    answer = attempt(request, form, act, said=_("It goes to the new address."), to=way) if form.is_bound else None
    return answer or visit.render("address.html", {"order": order, "form": form}, status=form.status)


def _page(
    visit: Visit, followed: Followed, *, cancellation: QuantitiesForm | None = None, status: int = 200
) -> HttpResponse:
    order = followed.order
    link = visit.request.build_absolute_uri(reverse("shop:order_access", args=[order.access_token]))
    context = {
        "followed": followed,
        "order": order,
        "zone": order.market.time_zone,
        "ship_to": address_lines(order.ship_to),
        "cancellation": cancellation
        or QuantitiesForm(lines=followed.cancellable, full=len(followed.lines) == 1, name="cancel"),
        "guest_link": link if order.user_id is None else "",
        "bank_account": settings.BANK_ACCOUNT,
    }
    return visit.render("order.html", context, status=status)
