"""Compare: every programme and way for goods, for the operator, as one of its sellers would see them."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from entrepot.domain.markets import queries as markets
from entrepot.domain.markets.models import Market
from entrepot.domain.sellers import queries as sellers
from entrepot.domain.sellers.models import Seller
from entrepot.flows.plans import Unreadable
from entrepot.kernel import clock
from entrepot.surfaces.desk.acting import render
from entrepot.surfaces.shared import access, comparison
from entrepot.surfaces.shared.comparison import CommonForm, Page, PastedForm, TypedForm
from entrepot.surfaces.shared.components import Link
from entrepot.surfaces.shared.guards import ActingRequest, allow
from entrepot.surfaces.shared.numbers import whole

WAYS = ("typed", "pasted")
SELLERS_MAX = 500


@allow("enrolments.read", kind="operator")
@require_safe
def show(request: ActingRequest) -> HttpResponse:
    """Type or paste goods, and see every programme and way for them."""
    every = sellers.list_sellers(status="active", limit=SELLERS_MAX)
    seller = next((each for each in every if each.organisation.code == request.GET.get("seller")), None)
    by = request.GET.get("by", "") if request.GET.get("by") in WAYS else WAYS[0]
    asked = request.GET if "go" in request.GET else None
    found = markets.list_markets()
    usual = {
        "market": found[0].code if found else "",
        "home_country": seller.organisation.country if seller else "CN",
        "currency": seller.settlement_currency if seller else "CNY",
    }
    common = CommonForm(asked, markets=[(each.code, each.name) for each in found], initial=usual)
    typed, pasted = TypedForm(asked), PastedForm(asked)
    page, refused = _compare(request, seller, common, typed if by == "typed" else pasted, found)
    context = {
        "ways": [
            Link(label, f"{reverse('desk:compare')}?by={code}", code == by)
            for code, label in zip(WAYS, (_("Type one"), _("Paste a table")), strict=True)
        ],
        "by": by,
        "sellers": [(each.organisation.code, each.organisation.name) for each in every],
        "seller_code": seller.organisation.code if seller else "",
        "common": common,
        "typed": typed,
        "pasted": pasted,
        "refused": refused,
        "page": page,
        "asked": [question for question, *_rest in access.FIRST_ASKED],
        "query": comparison.without(request.GET, "drawn"),
    }
    return render(request, "compare.html", context)


def _compare(
    request: ActingRequest,
    seller: Seller | None,
    common: CommonForm,
    form: TypedForm | PastedForm,
    found: Sequence[Market],
) -> tuple[Page | None, str]:
    if "go" not in request.GET or not (common.is_valid() and form.is_valid()):
        return None, ""
    given: list[dict[str, Any]] = [form.row()] if isinstance(form, TypedForm) else form.table()
    drawn = request.GET.get("drawn", "1")
    try:
        page = comparison.compare(
            comparison.asked(common, given), now=clock.now(), actor=request.actor,
            known=found, seller_id=seller.pk if seller else None, drawn=max(whole(drawn) - 1, 0),
        )  # fmt: skip
    except Unreadable as problem:
        return None, comparison.named(problem)
    return page, ""
