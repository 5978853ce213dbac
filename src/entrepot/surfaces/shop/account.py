"""A shopper's own account: addresses that are kept, and everything that is known of them, to take along or to erase."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from entrepot.domain.accounts import queries as accounts
from entrepot.domain.accounts import services
from entrepot.domain.logistics.labels import address_lines
from entrepot.flows import forgetting
from entrepot.kernel.errors import EntrepotError, NotFound
from entrepot.surfaces.shared.acting import attempt
from entrepot.surfaces.shared.components import Link
from entrepot.surfaces.shared.guards import ActingRequest, signed_in
from entrepot.surfaces.shop.forms import AddressForm, BookForm, ForgetForm
from entrepot.surfaces.shop.frame import Visit, arrive
from entrepot.surfaces.shop.words import COUNTRIES


@signed_in
@require_safe
def show(request: ActingRequest) -> HttpResponse:
    """The address book, and what may be done with what is known."""
    return _page(arrive(request))


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def address(request: ActingRequest, contact_id: UUID | None = None) -> HttpResponse:
    """A new address of the market's country, or another wording of one that is kept."""
    visit = arrive(request)
    user_id = _user_id(visit)
    kept = accounts.get_kept(owner_user_id=user_id, contact_id=contact_id) if contact_id else None
    country = kept.country if kept else visit.market.country
    initial = {name: getattr(kept, name) for name in AddressForm.base_fields} if kept else {}
    form = BookForm(request.POST if request.method == "POST" else None, initial=initial, country=country, name="book")

    def act(_typed: Mapping[str, Any]) -> None:
        services.keep_address(user_id=user_id, address=form.address(), now=visit.now, replaces_id=contact_id)

    way = reverse("shop:account")
    answer = attempt(request, form, act, said=_("The address is kept."), to=way) if form.is_bound else None
    names = {each.country: each.name for each in visit.markets}
    here = _("Change the address") if kept else _("New address")
    context = {
        "form": form,
        "title": here,
        "country_name": str(COUNTRIES.get(country, names.get(country, country))),
        "crumbs": [Link(_("Your account"), way), Link(here)],
    }
    return answer or visit.render("book.html", context, status=form.status)


@signed_in
@require_POST
def drop(request: ActingRequest, contact_id: UUID) -> HttpResponse:
    """Keep an address no longer."""
    try:
        services.drop_address(user_id=_user_id(arrive(request)), contact_id=contact_id)
    except NotFound:
        pass  # a second click finds it gone already
    else:
        messages.success(request, _("The address is taken out."))
    return redirect("shop:account")


@signed_in
@require_safe
def export(request: ActingRequest) -> HttpResponse:
    """Everything that is known of who asks, as a file that machines read."""
    answer = JsonResponse(
        forgetting.export(user_id=_user_id(arrive(request))), json_dumps_params={"ensure_ascii": False, "indent": 1}
    )
    answer["Content-Disposition"] = 'attachment; filename="my-data.json"'
    answer["Cache-Control"] = "private, no-store"
    return answer


@signed_in
@require_POST
def forget(request: ActingRequest) -> HttpResponse:
    """Erase what is known of who asks, and close the account."""
    visit = arrive(request)
    form = ForgetForm(request.POST, email=_email(visit), name="forget")
    if not form.is_valid():
        form.status = 422
        return _page(visit, form)
    try:
        forgetting.forget(user_id=_user_id(visit), actor=visit.actor, now=visit.now)
    except EntrepotError as refusal:
        form.refuse(refusal)
        return _page(visit, form)
    logout(request)
    messages.success(request, _("Your account is closed and your personal data are erased."))
    return redirect("shop:home")


def _page(visit: Visit, form: ForgetForm | None = None) -> HttpResponse:
    form = form or ForgetForm(email=_email(visit), name="forget")
    context = {
        "book": [(each, address_lines(each)) for each in accounts.list_book(owner_user_id=_user_id(visit))],
        "forget": form,
    }
    return visit.render("account.html", context, status=form.status)


def _user_id(visit: Visit) -> UUID:
    assert visit.user_id is not None, "the guard admits who is signed in only"
    return visit.user_id


def _email(visit: Visit) -> str:
    return str(getattr(visit.request.user, "email", ""))
