"""The API keys of an organisation: made, shown once, revoked. One implementation for all surfaces.

A surface names its pages `keys` and `key_revocation`, and wraps `shared/team/_keys.html` and `_secret.html`.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from entrepot.domain.accounts import queries, services, words
from entrepot.domain.accounts.models import ApiKey
from entrepot.kernel import clock
from entrepot.kernel.errors import Invalid
from entrepot.surfaces.shared.acting import ActForm, Done, attempt
from entrepot.surfaces.shared.components import Slice
from entrepot.surfaces.shared.guards import ActingRequest

PAGE = 50


class KeyForm(ActForm):
    """What a key is for, and what it may do."""

    label = forms.CharField(
        label=gettext_lazy("What it is for"), max_length=100, help_text=gettext_lazy("Such as “stock sync”.")
    )
    verbs = forms.MultipleChoiceField(
        label=gettext_lazy("What it may do"),
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("As little as the program needs. It never may more than your own role."),
    )
    expires_on = forms.DateField(
        label=gettext_lazy("Until before"),
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )

    def __init__(self, *args: Any, held: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(verb, text) for verb, text in words.VERBS.items() if verb in held]
        choices += [(verb, verb) for verb in held if verb not in words.VERBS]
        self.fields["verbs"].choices = choices  # type: ignore[attr-defined]


def context(
    request: ActingRequest, *, make: ActForm | None = None, refused: Mapping[str, ActForm] | None = None
) -> dict[str, Any]:
    """What the page of keys shows."""
    refused = refused or {}
    now = clock.now()
    organisation_id = request.actor.organisation_id
    assert organisation_id is not None, "the guard admits members only"
    cursor = request.GET.get("cursor", "")
    found = queries.list_keys(organisation_id=organisation_id, after=_read(cursor), limit=PAGE + 1)
    rows = [
        {
            "key": each,
            "owner": each.membership.user.email,
            "verbs": [words.verb(verb) for verb in each.verbs],
            "state": _state(each, now),
            "is_live": _state(each, now)[1] == "good",
            "dialog": f"revoke-{each.id}",
            "form": refused.get(f"revoke-{each.id}") or ActForm(name=f"revoke-{each.id}"),
        }
        for each in found[:PAGE]
    ]
    return {
        "page": Slice(rows, next_cursor=found[PAGE - 1].id.hex if len(found) > PAGE else ""),
        "make": make or KeyForm(name="make", held=request.actor.verbs),
    }


def make(request: ActingRequest, to: str) -> tuple[HttpResponse | None, KeyForm, tuple[ApiKey, str] | None]:
    """Make a key: where it goes on, the form, and the key with its secret, which is shown this once."""
    form = KeyForm(request.POST, name="make", held=request.actor.verbs)
    made: list[tuple[ApiKey, str]] = []

    def create(typed: Mapping[str, Any]) -> Done:
        actor, now = request.actor, clock.now()
        expires_on = typed["expires_on"]
        if expires_on and expires_on <= now.date():
            raise Invalid("accounts.key_expired", "Choose a day to come.", field="expires_on")
        assert actor.user_id and actor.organisation_id
        membership = queries.get_membership(user_id=actor.user_id, organisation_id=actor.organisation_id)
        expires_at = now.combine(expires_on, now.min.time(), now.tzinfo) if expires_on else None
        made.append(
            services.create_key(
                actor=actor,
                membership=membership,
                label=typed["label"],
                verbs=typed["verbs"],
                expires_at=expires_at,
                now=now,
            )
        )
        return Done()

    # Whoever sends the form again finds the key in the list; its secret is gone.
    answer = attempt(request, form, create, said=_("The key is in the list; its secret was shown once."), to=to)
    if made:
        list(_messages(request))
        return None, form, made[0]
    return answer, form, None


def revoke(request: ActingRequest, key_id: UUID, to: str) -> tuple[HttpResponse | None, dict[str, ActForm]]:
    """End a key."""
    form = ActForm(request.POST, name=f"revoke-{key_id}")

    def end(typed: Mapping[str, Any]) -> None:
        services.revoke_key(actor=request.actor, key_id=key_id, now=clock.now())

    answer = attempt(request, form, end, said=_("The key is revoked; it opens nothing any more."), to=to)
    return answer, {f"revoke-{key_id}": form}


def _state(key: ApiKey, now: Any) -> tuple[str, str]:
    if key.revoked_at is not None:
        return _("Revoked"), "neutral"
    if key.membership.ended_at is not None or not key.membership.user.is_active:
        return _("Ended with its owner"), "neutral"
    if key.expires_at is not None and key.expires_at <= now:
        return _("Expired"), "neutral"
    return _("In use"), "good"


def _messages(request: ActingRequest) -> Any:
    """What was to be said on the next page; read, it is forgotten."""
    from django.contrib.messages import get_messages

    return get_messages(request)


def _read(cursor: str) -> UUID | None:
    try:
        return UUID(hex=cursor) if cursor else None
    except ValueError:
        return None
