"""The parcels of a warehouse and their carriers: booked, let go of, their papers, closed days, tracking in doubt."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from entrepot.domain.logistics import doubts as doubting
from entrepot.flows import booking as bookings
from entrepot.kernel import clock
from entrepot.kernel.errors import NotFound
from entrepot.surfaces.desk import warehouse
from entrepot.surfaces.desk.acting import ActForm, Done, ReasonForm, attempt, render
from entrepot.surfaces.desk.scopes import DESK, scope_of
from entrepot.surfaces.shared import acting, carriage, doubts, guards, manifests
from entrepot.surfaces.shared.components import Link
from entrepot.surfaces.shared.guards import ActingRequest
from entrepot.surfaces.shared.tasks import Ask, Task

#: What can be said of a doubt: the button, the question, what it means, and its tone.
DECISIONS: Mapping[str, tuple[Any, Any, Any, str]] = {
    "upholding": (
        gettext_lazy("It is so"), gettext_lazy("Uphold this doubt?"),
        gettext_lazy("It stays on the record of whoever shipped the parcel, with your reason."), "danger",
    ),
    "clearing": (
        gettext_lazy("It is all right"), gettext_lazy("Clear this doubt?"), gettext_lazy("Say what convinced you."),
        "main",
    ),
}  # fmt: skip


@guards.allow("work.read", kind=DESK)
@require_safe
def paper(request: ActingRequest, number: str, parcel_number: str, kind: str) -> HttpResponse:
    """A paper of a parcel as a PDF."""
    found = warehouse.found_work(request, number)
    return carriage.paper(request, warehouse.parcel_of(found, parcel_number), kind)


@guards.allow("work.perform", kind=DESK)
@require_safe
def quotes(request: ActingRequest, number: str, parcel_number: str) -> HttpResponse:
    """What every carrier asks for a parcel, side by side, to be booked from there."""
    found = warehouse.found_work(request, number)
    parcel = warehouse.parcel_of(found, parcel_number)
    context = {
        "parcel": parcel,
        "rows": carriage.list_quotes(parcel, actor=request.actor, now=clock.now()),
        "booking_url": reverse("desk:parcel_booking", args=[number, parcel.number]),
        "crumbs": [
            Link(_("Warehouse"), reverse("desk:warehouse")),
            Link(number, warehouse.url_of(found)),
            Link(_("Carriers for {number}").format(number=parcel.number)),
        ],
    }
    return render(request, "warehouse/quotes.html", context)


@guards.allow("work.perform", kind=DESK)
@require_POST
def booking(request: ActingRequest, number: str, parcel_number: str) -> HttpResponse:
    """Book a parcel with a carrier."""
    found = warehouse.found_work(request, number)
    parcel = warehouse.parcel_of(found, parcel_number)
    form = carriage.BookingForm(request.POST, name=f"book-{parcel.number}")
    answer = attempt(request, form, lambda typed: carriage.book(request, parcel, typed), to=warehouse.url_of(found))
    return answer or warehouse.show(request, found, refused={f"book-{parcel.number}": form})


@guards.allow("work.perform", kind=DESK)
@require_POST
def cancellation(request: ActingRequest, number: str, parcel_number: str) -> HttpResponse:
    """Let go of a booking."""
    found = warehouse.found_work(request, number)
    parcel = warehouse.parcel_of(found, parcel_number)
    form = ActForm(request.POST, name=f"unbook-{parcel.number}")
    answer = attempt(request, form, lambda typed: carriage.let_go(request, parcel), to=warehouse.url_of(found))
    return answer or warehouse.show(request, found, refused={f"unbook-{parcel.number}": form})


@guards.allow("work.perform", kind=DESK)
@require_POST
def giving_up(request: ActingRequest, number: str, parcel_number: str) -> HttpResponse:
    """Say that an unanswered booking does not stand."""
    found = warehouse.found_work(request, number)
    parcel = warehouse.parcel_of(found, parcel_number)
    form = acting.ReasonForm(request.POST, name=f"give-up-{parcel.number}")

    def give_up(typed: Mapping[str, Any]) -> Done:
        bookings.give_up(parcel_id=parcel.id, actor=request.actor, reason=typed["reason"], now=clock.now())
        return Done(_("It is given up; book the parcel anew."))

    answer = attempt(request, form, give_up, to=warehouse.url_of(found))
    return answer or warehouse.show(request, found, refused={f"give-up-{parcel.number}": form})


@guards.allow("work.read", kind=DESK)
@require_safe
def closed(request: ActingRequest) -> HttpResponse:
    """Carriers' days: to be closed, and closed."""
    return _manifests(request)


@guards.allow("work.perform", kind=DESK)
@require_POST
def closing(request: ActingRequest) -> HttpResponse:
    """Close a carrier's day."""
    form = manifests.ClosingForm(request.POST, name="closing")
    answer = attempt(request, form, lambda typed: manifests.close(request, typed), to=reverse("desk:manifests"))
    return answer or _manifests(request, form)


@guards.allow("work.read", kind=DESK)
@require_safe
def doubted(request: ActingRequest) -> HttpResponse:
    """Parcels of which tracking says too little, or what cannot be."""
    return _doubts(request)


@guards.allow("work.perform", kind="operator")
@require_POST
def doubt_decision(request: ActingRequest, doubt_id: UUID, decision: str) -> HttpResponse:
    """Uphold or clear a doubt."""
    if decision not in DECISIONS:
        raise NotFound(kind="decision")
    form = ReasonForm(request.POST, name=f"{decision}-{doubt_id.hex}")

    def decide(typed: Mapping[str, Any]) -> None:
        doubting.decide(
            doubt_id=doubt_id, uphold=decision == "upholding", reason=typed["reason"], actor=request.actor,
            now=clock.now(),
        )  # fmt: skip

    said = _("It is upheld.") if decision == "upholding" else _("It is cleared.")
    return attempt(request, form, decide, said=said, to=reverse("desk:doubts")) or _doubts(request, form)


def tasks(ask: Ask) -> Iterator[Task]:
    """Parcels in doubt that wait for whoever ships them, or for the marketplace."""
    yield from doubts.tasks(ask, reverse("desk:doubts"))


def _doubts(request: ActingRequest, form: ActForm | None = None) -> HttpResponse:
    context = doubts.page(
        request,
        organisation_id=scope_of(request.actor, "work.read"),
        work_url=lambda number: reverse("desk:work", args=[number]),
        crumbs=[Link(_("Warehouse"), reverse("desk:warehouse")), Link(_("Tracking in doubt"))],
    )
    if request.actor.verbs.get("work.perform") == "all":
        for each in (each for row in context["rows"] for each in row["doubts"] if each["doubt"].state == "open"):
            each["dialogs"] = [_dialog(each["doubt"].id, decision, form) for decision in DECISIONS]
    return render(request, "shipping/doubts.html", context, *([form] if form else []))


def _dialog(doubt_id: UUID, decision: str, form: ActForm | None) -> dict[str, Any]:
    verb, title, text, tone = DECISIONS[decision]
    name = f"{decision}-{doubt_id.hex}"
    is_refused = form is not None and form.auto_id == f"{name}-%s"
    return {
        "id": name, "verb": verb, "title": title, "text": text, "tone": tone,
        "url": reverse("desk:doubt_decision", args=[doubt_id, decision]),
        "form": form if is_refused else ReasonForm(name=name),
    }  # fmt: skip


def _manifests(request: ActingRequest, form: ActForm | None = None) -> HttpResponse:
    scope = scope_of(request.actor, "work.read")
    context = manifests.page(request, organisation_id=scope, form=form) | {
        "action": reverse("desk:manifest_closing"),
        "crumbs": [
            Link(_("Warehouse"), reverse("desk:warehouse")),
            Link(_("Hand over"), reverse("desk:departures")),
            Link(_("Carrier manifests")),
        ],
    }
    return render(request, "shipping/manifests.html", context, *([form] if form else []))
