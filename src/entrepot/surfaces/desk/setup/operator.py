"""Who runs the marketplace, and whether its letters leave."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.core.mail import EmailMessage
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from entrepot.domain.accounts import queries, services
from entrepot.flows.installing import NO_COUNTRY
from entrepot.kernel import audit, clock
from entrepot.kernel.errors import Unavailable
from entrepot.surfaces.desk.acting import ActForm, Done, attempt, render
from entrepot.surfaces.desk.setup.fields import CountryField
from entrepot.surfaces.shared import guards
from entrepot.surfaces.shared.components import Link
from entrepot.surfaces.shared.guards import ActingRequest


class OperatorForm(ActForm):
    """What the operator is called, and where it is."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=200)
    country = CountryField()


@guards.allow("setup.edit", kind="operator")
@require_http_methods(["GET", "HEAD", "POST"])
def operator(request: ActingRequest) -> HttpResponse:
    """Say who runs the marketplace."""
    found = queries.get_operator()
    told = {"name": found.name, "country": "" if found.country == NO_COUNTRY else found.country}
    form = OperatorForm(request.POST or None, name="operator", initial=told)
    if request.method == "POST":

        def describe(typed: Mapping[str, Any]) -> None:
            services.describe_organisation(actor=request.actor, organisation_id=found.id, now=clock.now(), **typed)

        if answer := attempt(request, form, describe, said=_("It is written down."), to=reverse("desk:setup")):
            return answer
    context = {"form": form, "crumbs": [Link(_("Set-up"), reverse("desk:setup")), Link(_("Operator"))]}
    return render(request, "setup/operator.html", context, form)


@guards.allow("setup.edit", kind="operator")
@require_http_methods(["GET", "HEAD", "POST"])
def letters(request: ActingRequest) -> HttpResponse:
    """How letters leave, and one to try it."""
    form = ActForm(request.POST if request.method == "POST" else None, name="letters")
    if request.method == "POST" and (answer := attempt(request, form, lambda _typed: _try(request))):
        return answer
    backend = settings.EMAIL_BACKEND.split(".")[-2]
    context = {
        "form": form,
        "facts": [
            (_("Sender"), settings.DEFAULT_FROM_EMAIL),
            (
                _("Way"),
                _folder() if backend in ("folder", "filebased") else _server() if backend == "smtp" else backend,
            ),
            (_("Address of the shop"), settings.SITE_ADDRESS or _("not set: letters carry no links")),
        ],
        "to": request.actor.label,
        "crumbs": [Link(_("Set-up"), reverse("desk:setup")), Link(_("Letters"))],
    }
    return render(request, "setup/letters.html", context, form)


def _folder() -> str:
    return _("into the folder {folder}").format(folder=settings.EMAIL_FILE_PATH)


def _server() -> str:
    return _("by the server {host}, port {port}").format(host=settings.EMAIL_HOST, port=settings.EMAIL_PORT)


def _try(request: ActingRequest) -> Done:
    """Send a letter to whoever asks. Raises: Unavailable where it cannot leave."""
    subject, text = _("A letter from your marketplace"), _("If you can read this, letters leave.")
    try:
        EmailMessage(subject, text + "\n", to=[request.actor.label]).send()
    except OSError as problem:
        raise Unavailable("letters.no_way_out", "No letter leaves: {problem}.", problem=str(problem)) from None
    identity = request.actor.organisation_id
    assert identity is not None, "the guard admits members only"
    audit.record(
        actor=request.actor, verb="letters.try", subject_kind="organisation", subject_id=identity, now=clock.now()
    )
    said = _("A letter is on its way to {address}.").format(address=request.actor.label)
    return Done(said, reverse("desk:setup_letters"))
