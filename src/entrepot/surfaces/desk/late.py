"""Promises that run late or were missed: by how much, on whose part, and where it was seen."""

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from entrepot.domain.orders import promises
from entrepot.surfaces.desk.acting import render
from entrepot.surfaces.desk.paging import PAGE, read_cursor, slice_of
from entrepot.surfaces.shared.components import Link
from entrepot.surfaces.shared.guards import ActingRequest, allow
from entrepot.surfaces.shared.promises import days

STATES = {"open": gettext_lazy("Running late"), "missed": gettext_lazy("Missed")}
PARTIES = {
    "platform": gettext_lazy("the platform"),
    "seller": gettext_lazy("the seller"),
    "third_party": gettext_lazy("a third party"),
    "unknown": gettext_lazy("nobody knows whose"),
}


@allow("orders.read", kind="operator")
@require_GET
def late_orders(request: ActingRequest) -> HttpResponse:
    """What comes or came later than promised, the last to end first."""
    state = request.GET.get("state", "open")
    state = state if state in STATES else ""
    party = request.GET.get("party", "")
    party = party if party in PARTIES else ""
    found = promises.list_late(
        state=state, party=party, before=read_cursor(request.GET.get("cursor", "")), limit=PAGE + 1
    )

    def show(page: Any) -> list[dict[str, Any]]:
        return [
            {
                "late": each,
                "days": days(each.late_days),
                "parts": [(part, days(part.days)) for part in each.parts],
                "href": reverse("desk:work", args=[each.number]),
            }
            for each in page
        ]

    query = f"&party={party}" if party else ""
    tabs = [Link(label, f"?state={code}{query}", current=code == state) for code, label in STATES.items()]
    context = {
        "page": slice_of(found, lambda each: each.key, show),
        "tabs": [*tabs, Link(_("All"), f"?state=all{query}", current=not state)],
        "state": state or "all",
        "parties": PARTIES.items(),
        "party": party,
        "crumbs": [Link(_("Orders"), reverse("desk:orders")), Link(_("Late"))],
    }
    return render(request, "orders/late.html", context)
