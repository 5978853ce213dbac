"""The day of a carrier, closed, on whichever surface."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from entrepot.flows import booking
from entrepot.kernel import clock
from entrepot.kernel.errors import Refused
from entrepot.surfaces.shared.acting import ActForm, Done
from entrepot.surfaces.shared.guards import ActingRequest
from entrepot.surfaces.shared.states import Said

STATES: Mapping[str, Said] = {
    "about_to": Said(gettext_lazy("The carrier is being asked"), "info"),
    "unknown": Said(gettext_lazy("The carrier has not answered"), "warn"),
    "closed": Said(gettext_lazy("Closed"), "good"),
    "declined": Said(gettext_lazy("Declined"), "bad"),
}


class ClosingForm(ActForm):
    """Which carrier's day at which node."""

    carrier = forms.CharField(max_length=40)
    node = forms.UUIDField()


def page(request: ActingRequest, *, organisation_id: UUID | None, form: ActForm | None) -> dict[str, Any]:
    """What the page of manifests shows of an organisation's parcels, or of everybody's."""
    return {
        "open": booking.list_to_close(organisation_id=organisation_id),
        "closed": [
            {"manifest": made, "parcels": count, "said": STATES[made.state]}
            for made, count in booking.list_manifests(organisation_id=organisation_id)
        ],
        "form": form or ClosingForm(name="closing"),
        "may_perform": request.actor.may("work.perform"),
    }


def close(request: ActingRequest, typed: Mapping[str, Any]) -> Done:
    """Close a carrier's day."""
    made = booking.close_day(carrier=typed["carrier"], node_id=typed["node"], actor=request.actor, now=clock.now())
    if made.state == "declined":
        raise Refused("carriers.manifest_declined", "{carrier} declined: {reason}", carrier=made.carrier,
                      reason=made.reason)  # fmt: skip
    if made.state != "closed":
        return Done(_("The carrier has not answered yet; it is asked again."))
    return Done(_("The day is closed: {reference}.").format(reference=made.reference))
