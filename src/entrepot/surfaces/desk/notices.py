"""What the reader was told, and what of it also comes by e-mail."""

from uuid import UUID

from django.http import HttpResponse
from django.views.decorators.http import require_GET, require_POST

from entrepot.surfaces.desk.acting import render
from entrepot.surfaces.desk.scopes import DESK
from entrepot.surfaces.shared import guards
from entrepot.surfaces.shared import notices as shared
from entrepot.surfaces.shared.guards import ActingRequest

SURFACE = "desk"


@guards.members(*DESK)
@require_GET
def notices(request: ActingRequest) -> HttpResponse:
    """All notices, newest first."""
    return _page(request)


@guards.members(*DESK)
@require_GET
def notice(request: ActingRequest, notice_id: UUID) -> HttpResponse:
    """Follow one."""
    return shared.go(request, SURFACE, notice_id)


@guards.members(*DESK)
@require_POST
def read(request: ActingRequest) -> HttpResponse:
    """All of them are read."""
    return shared.mark_read(request, SURFACE)


@guards.members(*DESK)
@require_POST
def letters(request: ActingRequest) -> HttpResponse:
    """Choose what comes by e-mail."""
    answer, form = shared.choose_letters(request, SURFACE)
    return answer or _page(request, form)


def _page(request: ActingRequest, letters: shared.LettersForm | None = None) -> HttpResponse:
    return render(request, "notices.html", shared.context(request, SURFACE, letters), *([letters] if letters else []))
