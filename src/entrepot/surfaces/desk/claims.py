"""Deliveries that were claimed with proof and that no carrier scanned: confirmed or refused, with a reason."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from entrepot.flows import claiming
from entrepot.kernel import clock
from entrepot.kernel.errors import Denied, NotFound
from entrepot.surfaces.desk.acting import ActForm, ReasonForm, attempt, render
from entrepot.surfaces.shared import guards
from entrepot.surfaces.shared.components import Link
from entrepot.surfaces.shared.guards import ActingRequest
from entrepot.surfaces.shared.tasks import Ask, Task


@guards.allow("work.perform", kind="operator")
@require_GET
def claims(request: ActingRequest) -> HttpResponse:
    """What is claimed and waits for a decision."""
    return _page(request)


@guards.allow("work.perform", kind="operator")
@require_POST
def claim_decision(request: ActingRequest, number: str, decision: str) -> HttpResponse:
    """Confirm or refuse a claim."""
    _demand(request)
    if decision not in ("confirmation", "refusal"):
        raise NotFound(kind="decision")
    found = next((each for each in claiming.list_claims(limit=1000) if each.number == number), None)
    if found is None:
        raise NotFound(kind="claim")
    form = ReasonForm(request.POST, name=f"{decision}-{number}")

    def decide(typed: Mapping[str, Any]) -> None:
        claiming.decide_claim(
            parcel_id=found.parcel_id, confirm=decision == "confirmation", reason=typed["reason"],
            actor=request.actor, now=clock.now(),
        )  # fmt: skip

    said = _("It counts as delivered from now on.") if decision == "confirmation" else _("Refused; nothing changes.")
    return attempt(request, form, decide, said=said, to=reverse("desk:claims")) or _page(request, form)


def tasks(ask: Ask) -> Iterator[Task]:
    """Claims that wait for those who decide on them."""
    if ask.actor.verbs.get("work.perform") == "all" and (waiting := claiming.list_claims(limit=200)):
        count = len(waiting)
        text = ngettext("{count} claimed delivery to decide", "{count} claimed deliveries to decide", count)
        yield Task(text.format(count=count), count, reverse("desk:claims"), icon="truck")


def _demand(request: ActingRequest) -> None:
    if request.actor.verbs.get("work.perform") != "all":
        raise Denied("claims.not_yours", "The marketplace decides on claims.")


def _page(request: ActingRequest, form: ActForm | None = None) -> HttpResponse:
    _demand(request)
    rows = [
        {
            "claim": each,
            "work_url": reverse("desk:work", args=[each.suborder_number]),
            **{
                name: {
                    "id": f"{name}-{each.number}",
                    "url": reverse("desk:claim_decision", args=[each.number, name]),
                    "form": form
                    if form is not None and form.auto_id == f"{name}-{each.number}-%s"
                    else ReasonForm(name=f"{name}-{each.number}"),
                }
                for name in ("confirmation", "refusal")
            },
        }
        for each in claiming.list_claims(limit=50)
    ]
    context = {
        "rows": rows,
        "crumbs": [Link(_("Warehouse"), reverse("desk:warehouse")), Link(_("Claimed deliveries"))],
    }
    return render(request, "warehouse/claims.html", context, *([form] if form else []))
