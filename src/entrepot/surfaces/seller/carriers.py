"""The seller's parcels and their carriers: booked, let go of, their papers, and what is doubted of their tracking."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from entrepot.flows import booking as bookings
from entrepot.kernel import clock
from entrepot.surfaces.seller import orders
from entrepot.surfaces.seller.frame import render, seller_of
from entrepot.surfaces.shared import carriage, doubts, manifests
from entrepot.surfaces.shared.acting import ActForm, Done, ReasonForm, attempt
from entrepot.surfaces.shared.components import Link
from entrepot.surfaces.shared.guards import ActingRequest, allow
from entrepot.surfaces.shared.tasks import Ask, Task


@allow("work.read", kind="seller")
@require_safe
def paper(request: ActingRequest, number: str, parcel_number: str, kind: str) -> HttpResponse:
    """A paper of a parcel as a PDF."""
    return carriage.paper(request, orders.find_parcel(request, number, parcel_number), kind)


@allow("work.perform", kind="seller")
@require_POST
def booking(request: ActingRequest, number: str, parcel_number: str) -> HttpResponse:
    """Book a parcel with a carrier."""
    parcel = orders.find_parcel(request, number, parcel_number)
    form = carriage.BookingForm(request.POST, name=f"book-{parcel.number}")
    answer = attempt(request, form, lambda typed: carriage.book(request, parcel, typed), to=_url(number))
    return answer or orders.page(request, number, refused={f"book-{parcel.number}": form})


@allow("work.perform", kind="seller")
@require_POST
def cancellation(request: ActingRequest, number: str, parcel_number: str) -> HttpResponse:
    """Let go of a booking."""
    parcel = orders.find_parcel(request, number, parcel_number)
    form = ActForm(request.POST, name=f"unbook-{parcel.number}")
    answer = attempt(request, form, lambda typed: carriage.let_go(request, parcel), to=_url(number))
    return answer or orders.page(request, number, refused={f"unbook-{parcel.number}": form})


@allow("work.perform", kind="seller")
@require_POST
def giving_up(request: ActingRequest, number: str, parcel_number: str) -> HttpResponse:
    """Say that an unanswered booking does not stand."""
    parcel = orders.find_parcel(request, number, parcel_number)
    form = ReasonForm(request.POST, name=f"give-up-{parcel.number}")

    def give_up(typed: Mapping[str, Any]) -> Done:
        bookings.give_up(parcel_id=parcel.id, actor=request.actor, reason=typed["reason"], now=clock.now())
        return Done(_("It is given up; book the parcel anew."))

    answer = attempt(request, form, give_up, to=_url(number))
    return answer or orders.page(request, number, refused={f"give-up-{parcel.number}": form})


@allow("work.read", kind="seller")
@require_safe
def doubted(request: ActingRequest) -> HttpResponse:
    """Parcels of which tracking says too little, or what cannot be."""
    context = doubts.page(
        request,
        organisation_id=seller_of(request),
        work_url=lambda number: reverse("seller:order", args=[number]),
        crumbs=[Link(_("Orders to ship"), reverse("seller:orders")), Link(_("Tracking in doubt"))],
    )
    return render(request, "shipping/doubts.html", context)


@allow("work.read", kind="seller")
@require_safe
def closed(request: ActingRequest) -> HttpResponse:
    """Carriers' days: to be closed, and closed."""
    return _manifests(request)


@allow("work.perform", kind="seller")
@require_POST
def closing(request: ActingRequest) -> HttpResponse:
    """Close a carrier's day."""
    form = manifests.ClosingForm(request.POST, name="closing")
    answer = attempt(request, form, lambda typed: manifests.close(request, typed), to=reverse("seller:manifests"))
    return answer or _manifests(request, form)


def tasks(ask: Ask) -> Iterator[Task]:
    """Parcels in doubt that wait for whoever shipped them."""
    yield from doubts.tasks(ask, reverse("seller:doubts"))


def _manifests(request: ActingRequest, form: ActForm | None = None) -> HttpResponse:
    context = manifests.page(request, organisation_id=seller_of(request), form=form) | {
        "action": reverse("seller:manifest_closing"),
        "crumbs": [
            Link(_("Orders to ship"), reverse("seller:orders")),
            Link(_("Hand over"), reverse("seller:departures")),
            Link(_("Carrier manifests")),
        ],
    }
    return render(request, "shipping/manifests.html", context, *([form] if form else []))


def _url(number: str) -> str:
    return reverse("seller:order", args=[number])
