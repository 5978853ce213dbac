"""How the forms of the desk act: once, with a refusal shown at the form and what was typed kept."""

import secrets
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.shortcuts import render as render_template
from django.utils.translation import gettext_lazy as _

from entrepot.kernel import clock, idempotency
from entrepot.kernel.errors import EntrepotError, NotFound
from entrepot.surfaces.shared import errors
from entrepot.surfaces.shared.guards import ActingRequest


class DeskForm(forms.Form):
    """A form that is carried out once, however often it is sent. `name` tells it from the others of its page."""

    idempotency_key = forms.CharField(widget=forms.HiddenInput, required=False, max_length=60)

    def __init__(self, data: Any = None, *, name: str = "form", **kwargs: Any) -> None:
        initial = {"idempotency_key": secrets.token_urlsafe(16)} | kwargs.pop("initial", {})
        super().__init__(data, auto_id=f"{name}-%s", initial=initial, **kwargs)
        self.name = name
        self.status = 200

    def refuse(self, error: EntrepotError) -> None:
        """Show a refusal at the field that it names, or above the form."""
        self.add_error(error.field if error.field in self.fields else None, errors.sentence(error))
        self.status = error.status


class ReasonForm(DeskForm):
    """The reason of a privileged act."""

    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("Kept in the audit trail with your name."),
        min_length=3,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class Done(NamedTuple):
    """What an act came to, where its caller could not know before: what to say of it, and where to go on."""

    said: object = ""
    to: str = ""


def attempt(
    request: ActingRequest,
    form: DeskForm,
    act: Callable[[Mapping[str, Any]], object],
    *,
    said: object = "",
    to: str = "",
) -> HttpResponse | None:
    """Do what a form asks for and go on; None where it was refused, which the form then says.

    `act` takes what was typed, and may answer with `Done`. Raises: NotFound, which no form can mend.
    """
    if not form.is_valid():
        form.status = 422
        return None
    typed = dict(form.cleaned_data)
    key = typed.pop("idempotency_key", "")

    def once() -> tuple[int, Any]:
        done = act(typed)
        done = done if isinstance(done, Done) else Done()
        return 302, {"said": str(done.said or said), "to": done.to or to}

    try:
        if key:
            body = {name: value for name, value in request.POST.lists() if name != "csrfmiddlewaretoken"}
            principal = f"desk:{request.actor.user_id}:{request.path}"[:100]
            _status, answer = idempotency.once(principal=principal, key=key, body=body, now=clock.now(), act=once)
        else:
            _status, answer = once()
    except NotFound:
        raise
    except EntrepotError as refusal:
        form.refuse(refusal)
        return None
    if answer["said"]:
        messages.success(request, answer["said"])
    return redirect(answer["to"])


def render(request: ActingRequest, template: str, context: Mapping[str, Any], *forms: DeskForm) -> HttpResponse:
    """A page of the desk; where one of its forms was refused, the answer says so by its status.

    A form may have left the page with the state that refused it; then the page says above everything what it said.
    """
    status = max((form.status for form in forms), default=200)
    page = render_template(request, f"desk/{template}", dict(context), status=status)
    shown = page.content.decode()
    unseen = [form for form in forms if form.errors and f'id="{form.name}-idempotency_key"' not in shown]
    if not unseen:
        return page
    for form in unseen:
        for said in form.errors.values():
            messages.error(request, " ".join(map(str, said)))
    return render_template(request, f"desk/{template}", dict(context), status=status)
