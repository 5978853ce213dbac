"""The own team, its API keys, and the audit trail; as on every surface."""

from collections.abc import Mapping
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from entrepot.surfaces.desk.acting import ActForm, render
from entrepot.surfaces.desk.scopes import DESK
from entrepot.surfaces.shared import guards
from entrepot.surfaces.shared import keys as shared_keys
from entrepot.surfaces.shared import team as teams
from entrepot.surfaces.shared import trail as shared_trail
from entrepot.surfaces.shared.components import Link
from entrepot.surfaces.shared.guards import ActingRequest


@guards.allow("team.edit", kind=DESK)
@require_GET
def team(request: ActingRequest) -> HttpResponse:
    """Who works here."""
    return _show(request, _place(request))


@guards.allow("team.edit", kind=DESK)
@require_POST
def invitations(request: ActingRequest) -> HttpResponse:
    """Invite somebody."""
    place = _place(request)
    answer, refused = teams.send_invitation(request, place)
    return answer or _show(request, place, refused)


@guards.allow("team.edit", kind=DESK)
@require_POST
def withdrawal(request: ActingRequest, invitation_id: UUID) -> HttpResponse:
    """Take an invitation back."""
    place = _place(request)
    answer, refused = teams.withdraw(request, place, invitation_id)
    return answer or _show(request, place, refused)


@guards.allow("team.edit", kind=DESK)
@require_POST
def role(request: ActingRequest, membership_id: UUID) -> HttpResponse:
    """Change what a member may do."""
    place = _place(request)
    answer, refused = teams.give_role(request, place, membership_id)
    return answer or _show(request, place, refused)


@guards.allow("team.edit", kind=DESK)
@require_POST
def end(request: ActingRequest, membership_id: UUID) -> HttpResponse:
    """End a membership."""
    place = _place(request)
    answer, refused = teams.let_go(request, place, membership_id)
    return answer or _show(request, place, refused)


@guards.allow("keys.edit", kind=DESK)
@require_http_methods(["GET", "HEAD", "POST"])
def keys(request: ActingRequest) -> HttpResponse:
    """API keys; a new one is shown once."""
    if request.method != "POST":
        return _keys(request)
    url = reverse("desk:keys")
    answer, form, made = shared_keys.make(request, url)
    if made:
        key, secret = made
        page = render(request, "secret.html", {"key": key, "secret": secret, "keys_url": url})
        page.headers["Cache-Control"] = "no-store"
        return page
    return answer or _keys(request, form)


@guards.allow("keys.edit", kind=DESK)
@require_POST
def key_revocation(request: ActingRequest, key_id: UUID) -> HttpResponse:
    """End a key."""
    answer, refused = shared_keys.revoke(request, key_id, reverse("desk:keys"))
    return answer or _keys(request, None, refused)


@guards.allow("audit.read", kind=DESK)
@require_GET
def trail(request: ActingRequest) -> HttpResponse:
    """Who did what, when and why."""
    return render(request, "trail.html", shared_trail.context(request))


def _place(request: ActingRequest) -> teams.Place:
    return teams.own_place(request, "desk:team")


def _show(request: ActingRequest, place: teams.Place, refused: Mapping[str, ActForm] | None = None) -> HttpResponse:
    context = teams.context(request, place, refused)
    if request.actor.may("keys.edit"):
        context["keys_url"] = reverse("desk:keys")
    return render(request, "team.html", context, *(refused or {}).values())


def _keys(
    request: ActingRequest, make: ActForm | None = None, refused: Mapping[str, ActForm] | None = None
) -> HttpResponse:
    context = shared_keys.context(request, make=make, refused=refused)
    for row in context["page"].rows:
        row["url"] = reverse("desk:key_revocation", args=[row["key"].id])
    context |= {
        "make_url": reverse("desk:keys"),
        "crumbs": [Link(_("Team"), reverse("desk:team")), Link(_("API keys"))]
        if request.actor.may("team.edit")
        else [],
    }
    return render(request, "keys.html", context, *filter(None, [make, *(refused or {}).values()]))
