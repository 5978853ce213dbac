"""The letters of a demonstration, which reach nobody: read here instead. Only a demonstration has this page."""

import email
import email.policy
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from entrepot.demonstration import clock as shared
from entrepot.kernel.errors import NotFound
from entrepot.surfaces.desk.acting import render
from entrepot.surfaces.shared import guards
from entrepot.surfaces.shared.components import Link, Slice
from entrepot.surfaces.shared.guards import ActingRequest

PAGE = 40


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter as it was sent."""

    name: str
    at: datetime | None
    to: str
    subject: str
    text: str


@guards.members("operator")
@require_GET
def letters(request: ActingRequest) -> HttpResponse:
    """The letters, newest first; those to one address where one is asked for."""
    shared.demand_operator(request.actor)
    asked = request.GET.get("to", "").strip().lower()[:254]
    before = request.GET.get("cursor", "")
    found: list[Letter] = []
    for name in _names(before):
        letter = _read(name)
        if not asked or asked in letter.to.lower():
            found.append(letter)
        if len(found) > PAGE:
            break
    page = Slice(found[:PAGE], next_cursor=found[PAGE - 1].name if len(found) > PAGE else "")
    return render(request, "letters/letters.html", {"page": page, "asked": asked})


@guards.members("operator")
@require_GET
def letter(request: ActingRequest, name: str) -> HttpResponse:
    """One letter, with its links."""
    shared.demand_operator(request.actor)
    if name not in _names(""):
        raise NotFound(kind="letter")
    found = _read(name)
    context = {"letter": found, "crumbs": [Link(_("Letters"), reverse("desk:letters")), Link(found.subject)]}
    return render(request, "letters/letter.html", context)


def _names(before: str) -> Sequence[str]:
    """The letters' files, newest first: their names are ordered by when they were written."""
    folder = Path(settings.EMAIL_FILE_PATH)
    names = (path.stem for path in folder.glob("*.log")) if folder.is_dir() else ()
    return sorted((name for name in names if not before or name < before), reverse=True)


def _read(name: str) -> Letter:
    content = (Path(settings.EMAIL_FILE_PATH) / f"{name}.log").read_bytes()
    # The folder's backend writes a line of dashes after each letter.
    head, _dashes, _rest = content.partition(b"\n" + b"-" * 79)
    message = email.message_from_bytes(head, _class=EmailMessage, policy=email.policy.default)
    sent = message["Date"]
    return Letter(
        name,
        parsedate_to_datetime(sent) if sent else None,
        str(message["To"] or ""),
        str(message["Subject"] or ""),
        message.get_content().strip(),
    )
