"""What counts for goods on their way in, by programme: days to answer and deliver, inspection, cover."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from entrepot.domain.inbound import planning, queries, sampling
from entrepot.domain.inbound.rules import Settings
from entrepot.domain.inbound.settings import DAYS_MAX, set_settings
from entrepot.kernel import clock
from entrepot.surfaces.desk.acting import ReasonForm, attempt, render
from entrepot.surfaces.shared import guards
from entrepot.surfaces.shared.components import Link
from entrepot.surfaces.shared.guards import ActingRequest


def _days(label: Any, least: int = 0) -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=least, max_value=DAYS_MAX)


class SettingsForm(ReasonForm):
    """One row of settings."""

    programme = forms.ChoiceField(label=gettext_lazy("For"), required=False)
    answer_days = _days(gettext_lazy("To answer a stock order"))
    ship_days = _days(gettext_lazy("To send, where the terms do not say"))
    deliver_days = _days(gettext_lazy("To deliver, where the terms do not say"))
    void_days = _days(gettext_lazy("Void if it has not left after"))
    later_days = _days(gettext_lazy("What is short may come later by"))
    sales_days = _days(gettext_lazy("Sales counted over"), 1)
    cover_days = _days(gettext_lazy("Stock is to last"))
    inspection_level = forms.ChoiceField(label=gettext_lazy("Inspection level"))
    aql = forms.ChoiceField(
        label=gettext_lazy("AQL"), help_text=gettext_lazy("Faulty units in a hundred that are still acceptable.")
    )
    source = forms.CharField(
        label=gettext_lazy("Source"),
        max_length=400,
        help_text=gettext_lazy("Where these numbers come from: an agreement, a manual, a decision."),
    )
    field_order = (
        "programme", "answer_days", "ship_days", "deliver_days", "void_days", "later_days", "sales_days", "cover_days",
        "inspection_level", "aql",
        "source", "reason",
    )  # fmt: skip

    def __init__(self, *args: Any, programmes: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", _("all programmes without their own")), *((code, code) for code in programmes)]
        self.fields["programme"].choices = choices  # type: ignore[attr-defined]
        self.fields["inspection_level"].choices = [(each, each) for each in sampling.levels()]  # type: ignore[attr-defined]
        self.fields["aql"].choices = [(str(each), str(each)) for each in sampling.limits()]  # type: ignore[attr-defined]


@guards.allow("stock_orders.ask", kind="operator")
@require_http_methods(["GET", "HEAD", "POST"])
def inbound_settings(request: ActingRequest) -> HttpResponse:
    """Look at the settings in force, and set others from today on."""
    now = clock.now()
    programmes = planning.list_programmes()
    code = request.GET.get("programme", "") if request.GET.get("programme") in programmes else ""
    standing = queries.settings_of(code, on=now.date())
    initial = {name: getattr(standing, name) for name in Settings.__dataclass_fields__}
    initial |= {"programme": code, "aql": str(_limit(standing.aql)), "source": ""}
    form = SettingsForm(
        request.POST if request.method == "POST" else None, programmes=programmes, initial=initial, name="settings"
    )

    def keep(typed: Mapping[str, Any]) -> None:
        values = {name: typed[name] for name in Settings.__dataclass_fields__} | {"aql": Decimal(typed["aql"])}
        set_settings(
            settings=Settings(**values),
            actor=request.actor,
            reason=typed["reason"],
            now=now,
            programme_code=typed["programme"],
        )

    if request.method == "POST":
        said, to = _("These settings count from today on."), reverse("desk:inbound_settings")
        if answer := attempt(request, form, keep, said=said, to=to):
            return answer
    context = {
        "form": form,
        "rows": queries.list_settings(on=now.date()),
        "defaults": queries.settings_of("", on=now.date()),
        "plan": sampling.table(),
        "crumbs": [Link(_("Stock orders"), reverse("desk:stock_orders")), Link(_("Settings"))],
    }
    return render(request, "inbound/settings.html", context, form)


def _limit(aql: Decimal) -> Decimal:
    """A limit as the list of plans writes it."""
    return next(each for each in sampling.limits() if each == aql)
