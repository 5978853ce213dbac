"""Sending something back: asked for with a reason, sent under a label, followed to the refund."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from entrepot.domain.accounts import queries as accounts
from entrepot.domain.aftersales import queries as cases
from entrepot.domain.aftersales.models import ReturnCase
from entrepot.domain.logistics.labels import address_lines
from entrepot.domain.orders import purchases
from entrepot.domain.orders.models import Order
from entrepot.domain.payments import queries as payments
from entrepot.domain.terms.rules import Party
from entrepot.flows import returns as flow
from entrepot.kernel import media
from entrepot.kernel.errors import EntrepotError, NotFound
from entrepot.surfaces.shared import errors
from entrepot.surfaces.shared.acting import Done, attempt
from entrepot.surfaces.shared.components import Step
from entrepot.surfaces.shared.guards import ActingRequest, public
from entrepot.surfaces.shared.threads import send_photo
from entrepot.surfaces.shop.following import read, returnable
from entrepot.surfaces.shop.forms import ReturnForm
from entrepot.surfaces.shop.frame import Visit, arrive
from entrepot.surfaces.shop.parties import names_of
from entrepot.surfaces.shop.words import RETURN_REASONS, RETURN_STATES


@public
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: ActingRequest, number: str) -> HttpResponse:
    """Say what goes back and why."""
    visit = arrive(request)
    rows = read(visit, number)
    lines = returnable(rows, visit.now)
    data = (request.POST, request.FILES) if request.method == "POST" else ()
    form = ReturnForm(*data, lines=lines, full=len(lines) == 1, name="return")

    def act(typed: Mapping[str, Any]) -> Done:
        made = flow.request_return(
            order_id=rows.order.id,
            lines=form.quantities(),
            reason=typed["reason"],
            note=typed["note"],
            photos=typed["photos"],
            actor=visit.actor,
            now=visit.now,
            access_token=rows.order.access_token,
        )
        return _asked(number, made)

    answer = attempt(request, form, act) if form.is_bound else None
    context = {"order": rows.order, "form": form, "lines": lines}
    return answer or visit.render("return_ask.html", context, status=form.status)


@public
@require_safe
def show(request: HttpRequest, number: str, case_number: str) -> HttpResponse:
    """A return: where the goods go, under which label, and where the refund stands."""
    visit = arrive(request)
    order, case = _own(visit, number, case_number)
    lines = cases.list_lines(case_ids=[case.id])[case.id]
    refunds = payments.list_refunded(line_ids={each.line_id for each in lines})
    context = {
        "order": order,
        "case": case,
        "zone": order.market.time_zone,
        "lines": lines,
        "state": RETURN_STATES[case.state],
        "reason": RETURN_REASONS[case.reason],
        "steps": _steps(case),
        "may_send": case.state in (ReturnCase.State.REQUESTED, ReturnCase.State.IN_TRANSIT),
        "to": address_lines(accounts.get_contact(contact_id=case.return_to_id)) if case.return_to_id else [],
        "handler": names_of([case.seller_id]).of(Party(case.handler_party), case.seller_id),
        "refunded_minor": sum(each.amount_minor for each in refunds if each.source_id == case.id),
    }
    return visit.render("return.html", context)


@public
@require_POST
def label(request: HttpRequest, number: str, case_number: str) -> HttpResponse:
    """The label as a PDF; made when it is first asked for."""
    visit = arrive(request)
    order, case = _own(visit, number, case_number)
    name = flow.send_label(case_id=case.id, actor=visit.actor, now=visit.now, access_token=order.access_token)
    response = HttpResponse(media.read(name), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{case.number}.pdf"'
    return response


@public
@require_POST
def cancel(request: HttpRequest, number: str, case_number: str) -> HttpResponse:
    """The shopper keeps the goods after all."""
    visit = arrive(request)
    order, case = _own(visit, number, case_number)
    try:
        flow.cancel_return(case_id=case.id, actor=visit.actor, now=visit.now, access_token=order.access_token)
    except EntrepotError as refusal:
        messages.error(request, errors.sentence(refusal))
    else:
        messages.success(request, _("The return is called off. The goods are yours."))
    return redirect("shop:order", number=number)


@public
@require_safe
def photo(request: HttpRequest, number: str, case_number: str, place: int) -> HttpResponse:
    """A photograph that the shopper sent with a return."""
    _order, case = _own(arrive(request), number, case_number)
    return send_photo(case.photos, place, case.number)


def _asked(number: str, made: Sequence[ReturnCase]) -> Done:
    """What to say, and where to go on: to the return, or to the order where there are several."""
    if len(made) == 1:
        way = reverse("shop:return", args=[number, made[0].number])
        return Done(_("Your return is under way. Print the label and send the goods off."), way)
    said = _("Your goods go back in {count} parcels, each with its label.").format(count=len(made))
    return Done(said, reverse("shop:order", args=[number]))


def _own(visit: Visit, number: str, case_number: str) -> tuple[Order, ReturnCase]:
    order = purchases.get_own_order(number=number, holder=visit.buyer)
    case = cases.get_case(number=case_number)
    if case.order_id != order.id:
        raise NotFound(kind="return")
    return order, case


def _steps(case: ReturnCase) -> list[Step]:
    if case.state == ReturnCase.State.CANCELLED:
        return [Step(_("Asked for"), "done"), Step(_("Called off"), "failed")]
    reached = {"requested": 1, "in_transit": 2, "received": 3, "refunded": 4}[case.state]
    labels = [_("Asked for"), _("Send it off") if reached == 1 else _("On its way back"), _("Received"), _("Refunded")]
    return [
        Step(text, "done" if place < reached else "current" if place == reached else "todo")
        for place, text in enumerate(labels)
    ]
