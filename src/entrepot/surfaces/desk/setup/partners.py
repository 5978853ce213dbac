"""Partners: warehouses and forwarders, each with a team of its own; the operator invites the first of it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from entrepot.domain.accounts import queries, team
from entrepot.domain.accounts.rules import roles_of
from entrepot.domain.logistics import queries as logistics
from entrepot.flows import setting_up
from entrepot.kernel import clock
from entrepot.kernel.db import atomic
from entrepot.surfaces.desk.acting import ActForm, Done, attempt, render
from entrepot.surfaces.desk.paging import PAGE, read_cursor, slice_of
from entrepot.surfaces.desk.setup.fields import CodeField, CountryField
from entrepot.surfaces.shared import guards
from entrepot.surfaces.shared import team as teams
from entrepot.surfaces.shared.components import Link
from entrepot.surfaces.shared.guards import ActingRequest


class PartnerForm(ActForm):
    """A new partner and the first person of its team."""

    name = forms.CharField(label=gettext_lazy("Name of the firm"), max_length=200)
    code = CodeField()
    country = CountryField()
    email = forms.EmailField(
        label=gettext_lazy("E-mail address of the first person"),
        max_length=254,
        required=False,
        help_text=gettext_lazy("They get an invitation, and may invite others."),
    )


@guards.allow("setup.edit", kind="operator")
@require_http_methods(["GET", "HEAD", "POST"])
def partners(request: ActingRequest) -> HttpResponse:
    """Every partner, and a new one."""
    form = PartnerForm(request.POST or None, name="partner")
    if request.method == "POST":

        def add(typed: Mapping[str, Any]) -> Done:
            return Done(to=reverse("desk:partner", args=[_add(request, dict(typed))]))

        if answer := attempt(request, form, add, said=_("The partner is there.")):
            return answer
    found = queries.list_organisations(
        kind="third_party", after=read_cursor(request.GET.get("cursor", "")), limit=PAGE + 1
    )
    people = queries.count_members([each.id for each in found])
    nodes: dict[UUID, list[str]] = {}
    for node in logistics.list_nodes().values():
        nodes.setdefault(node.operator_id, []).append(node.name)
    context = {
        "page": slice_of(
            found,
            lambda each: each.id,
            lambda rows: [(each, people.get(each.id, 0), ", ".join(nodes.get(each.id, []))) for each in rows],
        ),
        "form": form,
        "crumbs": [Link(_("Set-up"), reverse("desk:setup")), Link(_("Partners"))],
    }
    return render(request, "setup/partners.html", context, form)


@atomic
def _add(request: ActingRequest, typed: dict[str, Any]) -> str:
    email, now = typed.pop("email"), clock.now()
    made = setting_up.add_partner(actor=request.actor, now=now, **typed)
    if email:
        team.invite(
            actor=request.actor,
            organisation_id=made.id,
            email=email,
            role=roles_of("third_party")[0],
            language=get_language() or "",
            now=now,
        )
    return made.code


@guards.allow("team.edit", kind="operator")
@require_GET
def partner(request: ActingRequest, code: str) -> HttpResponse:
    """The team of a partner."""
    return _show(request, _place(code))


@guards.allow("team.edit", kind="operator")
@require_POST
def invitations(request: ActingRequest, code: str) -> HttpResponse:
    """Invite somebody into it."""
    place = _place(code)
    answer, refused = teams.send_invitation(request, place)
    return answer or _show(request, place, refused)


@guards.allow("team.edit", kind="operator")
@require_POST
def withdrawal(request: ActingRequest, code: str, invitation_id: UUID) -> HttpResponse:
    """Take an invitation back."""
    place = _place(code)
    answer, refused = teams.withdraw(request, place, invitation_id)
    return answer or _show(request, place, refused)


@guards.allow("team.edit", kind="operator")
@require_POST
def role(request: ActingRequest, code: str, membership_id: UUID) -> HttpResponse:
    """Change what a member may do."""
    place = _place(code)
    answer, refused = teams.give_role(request, place, membership_id)
    return answer or _show(request, place, refused)


@guards.allow("team.edit", kind="operator")
@require_POST
def end(request: ActingRequest, code: str, membership_id: UUID) -> HttpResponse:
    """End a membership."""
    place = _place(code)
    answer, refused = teams.let_go(request, place, membership_id)
    return answer or _show(request, place, refused)


def _place(code: str) -> teams.Place:
    return teams.Place(queries.get_organisation(code=code, kind="third_party"), "desk:partner", (code,))


def _show(request: ActingRequest, place: teams.Place, refused: Mapping[str, ActForm] | None = None) -> HttpResponse:
    context = teams.context(request, place, refused) | {
        "crumbs": [
            Link(_("Set-up"), reverse("desk:setup")),
            Link(_("Partners"), reverse("desk:setup_partners")),
            Link(place.organisation.name),
        ]
    }
    return render(request, "team.html", context, *(refused or {}).values())
