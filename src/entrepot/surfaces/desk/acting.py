"""The forms of the desk, and pages that say what became of them."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render as render_template
from django.utils.translation import gettext_lazy as _

from entrepot.surfaces.shared.acting import ActForm, Done, attempt
from entrepot.surfaces.shared.guards import ActingRequest

__all__ = ["ActForm", "Done", "ReasonForm", "attempt", "render"]


class ReasonForm(ActForm):
    """The reason of a privileged act."""

    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("Kept in the audit trail with your name."),
        min_length=3,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


def render(request: ActingRequest, template: str, context: Mapping[str, Any], *forms: ActForm) -> HttpResponse:
    """A page of the desk; where one of its forms was refused, the answer says so by its status.

    A form may have left the page with the state that refused it; then the page says above everything what it said.
    """
    status = max((form.status for form in forms), default=200)
    page = render_template(request, f"desk/{template}", dict(context), status=status)
    shown = page.content.decode()
    unseen = [form for form in forms if form.errors and f'id="{form["idempotency_key"].auto_id}"' not in shown]
    if not unseen:
        return page
    for form in unseen:
        for said in form.errors.values():
            messages.error(request, " ".join(map(str, said)))
    return render_template(request, f"desk/{template}", dict(context), status=status)
