"""What the way of a seller's shipment cost, and what its goods are worth at the border."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from entrepot.domain.inbound import costing
from entrepot.flows.landing import enter_cost
from entrepot.kernel import clock
from entrepot.surfaces.seller import shipments
from entrepot.surfaces.shared import landing
from entrepot.surfaces.shared.acting import attempt
from entrepot.surfaces.shared.guards import ActingRequest, allow


@allow("shipments.send", kind="seller")
@require_POST
def cost(request: ActingRequest, number: str) -> HttpResponse:
    """Enter a bill for the way."""
    view, form = shipments.find(request, number), landing.CostForm(request.POST, name="cost")

    def enter(typed: Mapping[str, Any]) -> None:
        bill = form.cost(typed)
        enter_cost(shipment_id=view.shipment.id, cost=bill, actor=request.actor, now=clock.now())

    answer = attempt(request, form, enter, said=_("The bill is entered."), to=shipments.url_of(number) + "#costs")
    return answer or shipments.page(request, view, {"cost": form})


@allow("shipments.send", kind="seller")
@require_POST
def landed_cost(request: ActingRequest, number: str) -> HttpResponse:
    """Share the bills among the units."""
    view, form = shipments.find(request, number), landing.ShareForm(request.POST, name="share")

    def share(typed: Mapping[str, Any]) -> None:
        costing.share(shipment_id=view.shipment.id, actor=request.actor, now=clock.now(), **typed)

    answer = attempt(
        request, form, share, said=_("The landed cost is shared out."), to=shipments.url_of(number) + "#costs"
    )
    return answer or shipments.page(request, view, {"share": form})


@allow("shipments.send", kind="seller")
@require_POST
def values(request: ActingRequest, number: str) -> HttpResponse:
    """Say what goods without an agreed price are worth at the border."""
    shipment = shipments.find(request, number).shipment
    answer, form = landing.keep_values(request, shipment, surface="seller")
    return answer or shipments.border_page(request, shipment, form)
