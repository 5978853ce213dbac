"""What the marketplace needs before the first sale, in the order of need, with how each stands."""

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from entrepot.flows import setting_up
from entrepot.flows.setting_up import Progress, Step
from entrepot.kernel import clock
from entrepot.surfaces.desk.acting import render
from entrepot.surfaces.desk.setup import words
from entrepot.surfaces.shared import guards
from entrepot.surfaces.shared.guards import ActingRequest


@guards.allow("setup.edit", kind="operator")
@require_GET
def setup(request: ActingRequest) -> HttpResponse:
    """The whole list; once all is done it is where one finds the settings again."""
    return render(request, "setup/setup.html", {"setup": shown(setting_up.progress(now=clock.now()))})


def shown(progress: Progress) -> dict[str, Any]:
    """The list as the template reads it."""
    following = progress.following
    return {
        "is_complete": progress.is_complete,
        "done": progress.done,
        "of": len(progress.steps) + len(progress.first_offer),
        "steps": [_row(step, following) for step in progress.steps],
        "first_offer": [_row(step, following) for step in progress.first_offer],
        "following": _row(following, following) if following else None,
        "offer_url": reverse("desk:offer", args=[progress.offer_id]) if progress.offer_id else "",
    }


def _row(step: Step, following: Step | None) -> dict[str, Any]:
    said = words.STEPS[step.code]
    return {
        "code": step.code,
        "state": step.state,
        "title": said.title,
        "why": said.why,
        "note": words.note(step),
        "url": reverse(said.route) + said.query,
        "is_next": step is following,
    }
