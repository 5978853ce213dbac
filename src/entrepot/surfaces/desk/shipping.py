"""The work of a warehouse for many suborders at once: pick list, labels, hand-over and scanning."""

from functools import partial

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from entrepot.domain.inbound import queries as arrivals
from entrepot.domain.inbound.queries import Scope
from entrepot.kernel.actors import Actor
from entrepot.kernel.errors import NotFound
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
    return shipping.scan(request, PLACES, request.actor.organisation_id, elsewhere=partial(_shipment, request.actor))


def _shipment(actor: Actor, code: str) -> str:
    """The page of a shipment on its way in that has this number, or a carton with it; empty where there is none."""
    if not actor.may("shipments.read"):
        return ""
    scope, number = Scope(node_operator_id=actor.organisation_id), code.upper()
    found = arrivals.find_by_carton(barcode=number, scope=scope)
    if found is None:
        try:
            found = arrivals.find_shipment(number=number, scope=scope)
        except NotFound:
            return ""
    return reverse("desk:shipment", args=[found.number])
