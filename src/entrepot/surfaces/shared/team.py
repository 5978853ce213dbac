"""The team of an organisation: who is in it, in which role, who is asked to join. One implementation for all surfaces.

A surface names its pages `<place>`, `<place>_invitations`, `<place>_withdrawal`, `<place>_letter`, `<place>_role` and
`<place>_end`, and wraps `shared/team/_team.html` in its frame.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from entrepot.domain.accounts import queries, rules, team, words
from entrepot.domain.accounts.models import Invitation, Membership, Organisation
from entrepot.kernel import clock
from entrepot.kernel.errors import NotFound
from entrepot.surfaces.shared.acting import ActForm, ReasonForm, attempt
from entrepot.surfaces.shared.guards import ActingRequest

PAGE = 100


@dataclass(frozen=True, slots=True)
class Place:
    """Whose team is edited, and where its pages lie: `desk:team`, or `desk:partner` with its code."""

    organisation: Organisation
    route: str
    args: tuple[str, ...] = ()

    def url(self, what: str = "", *args: object) -> str:
        """The address of the page, or of one of its acts."""
        return reverse(f"{self.route}_{what}" if what else self.route, args=[*self.args, *args])


class InviteForm(ActForm):
    """Who is asked to join, in which role."""

    email = forms.EmailField(label=gettext_lazy("E-mail address"), max_length=254)
    role = forms.ChoiceField(label=gettext_lazy("Role"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"] = RoleForm.field(kind)


class RoleForm(ActForm):
    """Another role."""

    role = forms.ChoiceField(label=gettext_lazy("Role"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"] = self.field(kind)

    @staticmethod
    def field(kind: str) -> forms.ChoiceField:
        """The roles of a kind of organisation, each with what it may do."""
        choices = [(role, _role_words(role)) for role in rules.roles_of(kind)]
        return forms.ChoiceField(label=gettext_lazy("Role"), choices=choices, widget=forms.RadioSelect)


def own_place(request: ActingRequest, route: str) -> Place:
    """The team of whoever asks."""
    identity = request.actor.organisation_id
    assert identity is not None, "the guard admits members only"
    return Place(queries.get_organisations([identity])[identity], route)


def context(request: ActingRequest, place: Place, refused: Mapping[str, ActForm] | None = None) -> dict[str, Any]:
    """What the page of a team shows; forms that were refused come along by name."""
    refused = refused or {}
    organisation, now = place.organisation, clock.now()
    members = queries.list_members(organisation_id=organisation.id, limit=PAGE)
    waiting = queries.list_invitations(organisation_id=organisation.id, limit=PAGE)
    names = queries.list_user_names({each.invited_by for each in waiting if each.invited_by})
    return {
        "place": place,
        "organisation": organisation,
        "team_name": organisation.name,
        "members": [_member(request, place, each, refused) for each in members],
        "invitations": [_invitation(request, place, each, names, now, refused) for each in waiting],
        "invite": refused.get("invite") or InviteForm(name="invite", kind=organisation.kind),
        "invite_url": place.url("invitations"),
        "holds_days": team.HOLDS_FOR.days,
        "roles": [words.said(role) for role in rules.roles_of(organisation.kind)],
    }


def send_invitation(request: ActingRequest, place: Place) -> tuple[HttpResponse | None, dict[str, ActForm]]:
    """Ask somebody to join; without an answer the refused form."""
    form = InviteForm(request.POST, name="invite", kind=place.organisation.kind)

    def invite(typed: Mapping[str, Any]) -> None:
        team.invite(
            actor=request.actor,
            organisation_id=place.organisation.id,
            language=get_language() or "",
            now=clock.now(),
            **typed,
        )

    said = _("A letter is on its way.")
    return attempt(request, form, invite, said=said, to=place.url()), {"invite": form}


def withdraw(
    request: ActingRequest, place: Place, invitation_id: UUID
) -> tuple[HttpResponse | None, dict[str, ActForm]]:
    """Take an invitation back."""
    _check_invitation(place, invitation_id)
    form = ActForm(request.POST, name=f"withdraw-{invitation_id}")

    def revoke(typed: Mapping[str, Any]) -> None:
        team.revoke_invitation(actor=request.actor, invitation_id=invitation_id, now=clock.now())

    answer = attempt(request, form, revoke, said=_("The invitation is taken back."), to=place.url())
    return answer, {f"withdraw-{invitation_id}": form}


def give_role(
    request: ActingRequest, place: Place, membership_id: UUID
) -> tuple[HttpResponse | None, dict[str, ActForm]]:
    """Change what a member may do."""
    _check_member(place, membership_id)
    form = RoleForm(request.POST, name=f"role-{membership_id}", kind=place.organisation.kind)

    def change(typed: Mapping[str, Any]) -> None:
        team.change_role(actor=request.actor, membership_id=membership_id, now=clock.now(), **typed)

    answer = attempt(request, form, change, said=_("The role is changed."), to=place.url())
    return answer, {f"role-{membership_id}": form}


def let_go(request: ActingRequest, place: Place, membership_id: UUID) -> tuple[HttpResponse | None, dict[str, ActForm]]:
    """End a membership."""
    _check_member(place, membership_id)
    form = ReasonForm(request.POST, name=f"end-{membership_id}")

    def end(typed: Mapping[str, Any]) -> None:
        team.end_membership(actor=request.actor, membership_id=membership_id, now=clock.now(), **typed)

    answer = attempt(request, form, end, said=_("The membership has ended, and its keys with it."), to=place.url())
    return answer, {f"end-{membership_id}": form}


def link_of(request: ActingRequest, invitation: Invitation) -> str:
    """The address that an invitation's letter carries."""
    path = reverse("invitation", args=[team.token_of(invitation.id)])
    return settings.SITE_ADDRESS + path if settings.SITE_ADDRESS else request.build_absolute_uri(path)


def _member(request: ActingRequest, place: Place, each: Membership, refused: Mapping[str, ActForm]) -> dict[str, Any]:
    kind = place.organisation.kind
    return {
        "membership": each,
        "name": each.user.name,
        "email": each.user.email,
        "is_self": each.user_id == request.actor.user_id,
        "role": words.role(each.role),
        "role_dialog": f"role-{each.id}",
        "role_form": refused.get(f"role-{each.id}")
        or RoleForm(name=f"role-{each.id}", kind=kind, initial={"role": each.role}),
        "role_url": place.url("role", each.id),
        "end_dialog": f"end-{each.id}",
        "end_form": refused.get(f"end-{each.id}") or ReasonForm(name=f"end-{each.id}"),
        "end_url": place.url("end", each.id),
    }


def _invitation(
    request: ActingRequest,
    place: Place,
    each: Invitation,
    names: Mapping[UUID, str],
    now: Any,
    refused: Mapping[str, ActForm],
) -> dict[str, Any]:
    # Only who runs the installation may hand a link over by themselves: whoever holds it is taken for the addressee.
    runs_it = request.actor.verbs.get("team.edit") == "all"
    return {
        "invitation": each,
        "role": words.role(each.role),
        "by": names.get(each.invited_by, "") if each.invited_by else "",
        "is_over": not team.is_open(each, now),
        "link": link_of(request, each) if runs_it and team.is_open(each, now) else "",
        "link_sheet": f"link-{each.id}",
        "dialog": f"withdraw-{each.id}",
        "form": refused.get(f"withdraw-{each.id}") or ActForm(name=f"withdraw-{each.id}"),
        "url": place.url("withdrawal", each.id),
    }


def _role_words(role: str) -> str:
    said = words.said(role)
    return f"{said.title}: {said.words}" if said.words else str(said.title)


def _check_member(place: Place, membership_id: UUID) -> None:
    """Raises: NotFound for a member of another organisation."""
    if not Membership.objects.filter(id=membership_id, organisation=place.organisation).exists():
        raise NotFound(kind="member")


def _check_invitation(place: Place, invitation_id: UUID) -> None:
    """Raises: NotFound for an invitation of another organisation."""
    if not Invitation.objects.filter(id=invitation_id, organisation=place.organisation).exists():
        raise NotFound(kind="invitation")
