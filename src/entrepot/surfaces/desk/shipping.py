"""The work of a warehouse for many suborders at once: pick list, labels, hand-over and scanning."""

from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from entrepot.surfaces.desk.acting import render
from entrepot.surfaces.desk.scopes import DESK
from entrepot.surfaces.shared import shipping
from entrepot.surfaces.shared.guards import ActingRequest, allow

PLACES = shipping.Places("desk", "warehouse", "work", "label", "return", render, _("Warehouse"))


@allow("work.perform", kind=DESK)
@require_POST
def works(request: ActingRequest) -> HttpResponse:
    """Do one thing with all the chosen orders."""
    return shipping.act(request, PLACES, request.actor.organisation_id)


@allow("work.read", kind=DESK)
@require_safe
def picks(request: ActingRequest) -> HttpResponse:
    """What is to be fetched."""
    return shipping.picks(request, PLACES, request.actor.organisation_id)


@allow("work.perform", kind=DESK)
@require_http_methods(["GET", "HEAD", "POST"])
def departures(request: ActingRequest) -> HttpResponse:
    """Parcels that wait for their carriers."""
    return shipping.departures(request, PLACES, request.actor.organisation_id)


@allow("work.read", kind=DESK)
@require_safe
def manifest(request: ActingRequest) -> HttpResponse:
    """What was given to a carrier on a day."""
    return shipping.manifest(request, PLACES, request.actor.organisation_id)


@allow("work.read", kind=DESK)
@require_safe
def scan(request: ActingRequest) -> HttpResponse:
    """Find the order that a number belongs to."""
    return shipping.scan(request, PLACES, request.actor.organisation_id)
