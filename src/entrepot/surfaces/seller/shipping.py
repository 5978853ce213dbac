"""Shipping many orders at once: the seller's pick list, labels, hand-over and scanning."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from entrepot.flows import claiming
from entrepot.kernel import clock
from entrepot.surfaces.seller import orders
from entrepot.surfaces.seller.frame import render, seller_of
from entrepot.surfaces.shared import shipping
from entrepot.surfaces.shared.acting import attempt
from entrepot.surfaces.shared.guards import ActingRequest, allow

PLACES = shipping.Places("seller", "orders", "order", "parcel_label", "return", render, _("Orders to ship"))


@allow("work.perform", kind="seller")
@require_POST
def works(request: ActingRequest) -> HttpResponse:
    """Do one thing with all the chosen orders."""
    return shipping.act(request, PLACES, seller_of(request))


@allow("work.read", kind="seller")
@require_safe
def picks(request: ActingRequest) -> HttpResponse:
    """What is to be fetched."""
    return shipping.picks(request, PLACES, seller_of(request))


@allow("work.perform", kind="seller")
@require_http_methods(["GET", "HEAD", "POST"])
def departures(request: ActingRequest) -> HttpResponse:
    """Parcels that wait for their carriers."""
    return shipping.departures(request, PLACES, seller_of(request))


@allow("work.read", kind="seller")
@require_safe
def manifest(request: ActingRequest) -> HttpResponse:
    """What was given to a carrier on a day."""
    return shipping.manifest(request, PLACES, seller_of(request))


@allow("work.perform", kind="seller")
@require_POST
def claim(request: ActingRequest, number: str, parcel_number: str) -> HttpResponse:
    """Say that a parcel arrived which its carrier did not scan, with the proof."""
    parcel = orders.find_parcel(request, number, parcel_number)
    form = orders.ClaimForm(request.POST, name=f"claim-{parcel.number}")

    def say(typed: Mapping[str, Any]) -> None:
        claiming.claim_delivery(parcel_id=parcel.id, **typed, actor=request.actor, now=clock.now())

    said = _("It is written down; the marketplace looks at it.")
    answer = attempt(request, form, say, said=said, to=reverse("seller:order", args=[number]))
    return answer or orders.page(request, number, claims={parcel.id: form})


@allow("work.read", kind="seller")
@require_safe
def scan(request: ActingRequest) -> HttpResponse:
    """Find the order that a number belongs to."""
    return shipping.scan(request, PLACES, seller_of(request))
