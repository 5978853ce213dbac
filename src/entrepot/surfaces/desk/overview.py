"""The first page of the desk: what waits for whom, and what the marketplace kept of the last weeks."""

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from entrepot.domain.accounts import queries as accounts
from entrepot.domain.settlement import queries as settlement
from entrepot.flows import setting_up
from entrepot.kernel import clock
from entrepot.surfaces.desk.acting import render
from entrepot.surfaces.desk.contribution import SPAN, row_of, said
from entrepot.surfaces.desk.scopes import DESK
from entrepot.surfaces.desk.setup import checklist
from entrepot.surfaces.shared import guards, tasks
from entrepot.surfaces.shared.guards import ActingRequest


@guards.members(*DESK)
@require_GET
def overview(request: ActingRequest) -> HttpResponse:
    """What waits for the reader, by its deadline."""
    actor, now = request.actor, clock.now()
    assert actor.organisation_id is not None
    context: dict[str, Any] = {
        "organisation": accounts.list_organisation_names([actor.organisation_id])[actor.organisation_id],
        "task_groups": tasks.grouped(tasks.list_tasks(actor, "desk", now)),
        "days": SPAN.days,
    }
    if actor.may("setup.edit"):
        context["setup"] = checklist.shown(setting_up.progress(now=now))
    if actor.may("ledger.read"):
        found = settlement.list_contributions(by=("programme", "market"), since=now - SPAN, until=now)
        names = said(("programme", "market"))
        context["contributions"] = [
            row_of(each)
            | {
                "url": reverse("desk:programme", args=[each.programme]),
                "programme": names["programme"].get(each.programme, each.programme),
                "market": names["market"].get(each.market, each.market),
            }
            for each in found
        ]
    return render(request, "overview.html", context)
