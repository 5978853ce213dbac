"""Which programmes are open: sellers can accept those."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from entrepot.domain.sellers import queries as sellers
from entrepot.domain.terms import queries, services, words
from entrepot.kernel import clock
from entrepot.surfaces.desk.acting import ActForm, Done, attempt, render
from entrepot.surfaces.desk.programmes import earns
from entrepot.surfaces.shared import guards
from entrepot.surfaces.shared.components import Link
from entrepot.surfaces.shared.guards import ActingRequest


class ProgrammesForm(ActForm):
    """Which are open."""

    programmes = forms.MultipleChoiceField(
        label=gettext_lazy("Programmes that are open"), required=False, widget=forms.CheckboxSelectMultiple
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("Kept in the audit trail with your name."),
        min_length=3,
        max_length=500,
        required=False,
    )

    def __init__(self, *args: Any, choices: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["programmes"].choices = choices  # type: ignore[attr-defined]


@guards.allow("programmes.publish", kind="operator")
@require_http_methods(["GET", "HEAD", "POST"])
def programmes(request: ActingRequest) -> HttpResponse:
    """Every published programme, with a mark at those that are open."""
    listed = [each for each in queries.list_programmes(archived=True) if each.current]
    choices = [(each.programme.code, each.programme.label) for each in listed]
    is_open = [each.programme.code for each in listed if each.programme.archived_at is None]
    form = ProgrammesForm(request.POST or None, name="programmes", choices=choices, initial={"programmes": is_open})
    if request.method == "POST":

        def choose(typed: Mapping[str, Any]) -> Done:
            chosen = services.choose_programmes(
                actor=request.actor, codes=typed["programmes"], reason=typed["reason"], now=clock.now()
            )
            count = len(chosen)
            return Done(
                ngettext("{count} programme is open.", "{count} programmes are open.", count).format(count=count)
            )

        if answer := attempt(request, form, choose, to=reverse("desk:setup_programmes")):
            return answer
    ticked = set(form["programmes"].value() or ())
    enrolled = sellers.count_enrolments(at=clock.now())
    context = {
        "form": form,
        "groups": [
            (title, [_row(each, ticked, enrolled) for each in listed if _kind(each) == kind])
            for kind, title in (
                ("own", _("Your own")),
                ("neutral", _("Neutral models")),
                ("modelled", _("Modelled on other marketplaces")),
            )
            if any(_kind(each) == kind for each in listed)
        ],
        "crumbs": [Link(_("Set-up"), reverse("desk:setup")), Link(_("Programmes"))],
    }
    return render(request, "setup/programmes.html", context, form)


def _kind(each: queries.Listed) -> str:
    if not each.programme.is_preset:
        return "own"
    return "modelled" if each.programme.modelled_on else "neutral"


def _row(each: queries.Listed, ticked: set[str], enrolled: Mapping[str, int]) -> dict[str, Any]:
    assert each.current is not None
    wording = queries.wording_of(each.current)
    return {
        "programme": each.programme,
        "label": words.label(wording.label),
        "summary": words.label(wording.summary),
        "earns": earns(wording),
        "is_ticked": each.programme.code in ticked,
        "enrolled": enrolled.get(each.programme.code, 0),
        "url": reverse("desk:programme", args=[each.programme.code, "words"]),
    }
