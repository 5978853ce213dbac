"""What the link of an invitation opens: join with the account one has, or with a new one."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from allauth.account.adapter import get_adapter
from allauth.account.utils import perform_login
from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from entrepot.domain.accounts import queries, services, team, words
from entrepot.domain.accounts.models import Invitation, User
from entrepot.kernel import clock
from entrepot.kernel.db import atomic
from entrepot.kernel.errors import NotFound
from entrepot.surfaces.shared.acting import ActForm, attempt
from entrepot.surfaces.shared.arrival import HOMES
from entrepot.surfaces.shared.guards import ACTING_FOR, ActingRequest, public


class JoinForm(ActForm):
    """Joining with the account that one is signed in with."""


class NewAccountForm(ActForm):
    """Joining with a new account; the address is that of the invitation."""

    name = forms.CharField(label=gettext_lazy("Your name"), max_length=150)
    password = forms.CharField(
        label=gettext_lazy("A password"),
        help_text=gettext_lazy("Twelve characters or more."),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email

    def clean_password(self) -> str:
        """As strong as everywhere else."""
        user = User(email=self.email, name=self.data.get("name", ""))
        return str(get_adapter().clean_password(self.cleaned_data["password"], user))


@public
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: ActingRequest, token: str) -> HttpResponse:
    """Show what one is asked to join, and join. Raises: NoInvitation."""
    try:
        found = queries.get_invitation(invitation_id=team.read_token(token))
    except NotFound:
        raise team.NoInvitation from None
    home = HOMES[found.organisation.kind]
    if found.accepted_by_id is not None and found.accepted_by_id == request.user.pk:
        return redirect(home)
    if not team.is_open(found, clock.now()):
        raise team.NoInvitation
    known = User.objects.filter(email__iexact=found.email, is_active=True).first()
    if request.user.is_authenticated:
        return _as_oneself(request, found, home)
    if known is not None and known.has_usable_password():
        return _show(request, found, None, known=True)
    return _as_newcomer(request, found, known, home)


def _as_oneself(request: ActingRequest, found: Invitation, home: str) -> HttpResponse:
    form = JoinForm(request.POST if request.method == "POST" else None, name="join")
    if request.method == "POST":

        def join(typed: Mapping[str, Any]) -> None:
            assert isinstance(request.user, User)
            team.accept_invitation(invitation_id=found.id, user=request.user, now=clock.now())

        if answer := attempt(request, form, join, said=_welcome(found), to=home):
            request.session[ACTING_FOR] = found.organisation_id.hex
            return answer
    return _show(request, found, form)


def _as_newcomer(request: ActingRequest, found: Invitation, known: User | None, home: str) -> HttpResponse:
    """A new account, or a password for one that never had any: the link proves the address."""
    if request.method != "POST":
        return _show(request, found, NewAccountForm(name="join", email=found.email))
    form = NewAccountForm(request.POST, name="join", email=found.email)
    joined: list[UUID] = []

    def join(typed: Mapping[str, Any]) -> None:
        joined.append(_open_account(found, known, typed["name"], typed["password"]))

    # Nothing is remembered of a request that holds a password, not even its hash.
    del form.fields["idempotency_key"]
    if not attempt(request, form, join, to=home):
        return _show(request, found, form)
    answer: HttpResponse = perform_login(
        request, User.objects.get(id=joined[0]), email_verification="none", redirect_url=home
    )
    request.session[ACTING_FOR] = found.organisation_id.hex
    return answer


@atomic
def _open_account(found: Invitation, known: User | None, name: str, password: str) -> UUID:
    if known is None:
        user = services.create_user(email=found.email, password=password, name=name, language=get_language() or "")
    else:
        user = known
        user.name = user.name or name
        user.set_password(password)
        user.save(update_fields=["name", "password"])
    services.confirm_address(user=user)
    team.accept_invitation(invitation_id=found.id, user=user, now=clock.now())
    return user.id


def _show(request: ActingRequest, found: Invitation, form: ActForm | None, *, known: bool = False) -> HttpResponse:
    inviter = queries.list_user_names([found.invited_by]).get(found.invited_by, "") if found.invited_by else ""
    here = {"next": request.path}
    context = {
        "invitation": found,
        "role": words.ROLES.get(found.role),
        "inviter": inviter,
        "form": form,
        "known": known,
        "is_another": request.user.is_authenticated and request.user.email.lower() != found.email,
        "login_url": f"{reverse('account_login')}?{urlencode(here)}",
        "here": request.path,
    }
    return render(request, "shared/invitation.html", context, status=form.status if form else 200)


def _welcome(found: Invitation) -> str:
    return _("You work for {organisation} now.").format(organisation=found.organisation.name)
