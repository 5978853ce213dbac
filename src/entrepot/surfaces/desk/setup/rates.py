"""Exchange rates by day: one by hand, many from a table."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from entrepot.domain.markets import queries, services
from entrepot.domain.markets.queries import RATE_AGE_MAX
from entrepot.flows import setting_up
from entrepot.kernel import clock
from entrepot.surfaces.desk.acting import ActForm, Done, attempt, render
from entrepot.surfaces.desk.setup import sheets
from entrepot.surfaces.desk.setup.fields import DayField, currency_field
from entrepot.surfaces.shared import guards
from entrepot.surfaces.shared.components import Link, Slice
from entrepot.surfaces.shared.guards import ActingRequest

PAGE = 50
READERS = {"base": sheets.currency, "quote": sheets.currency, "rate": sheets.number, "day": sheets.day}
EXAMPLE = "base,quote,rate,day\nEUR,USD,1.0850,{day}\nEUR,CNY,7.8200,{day}"


class RateForm(ActForm):
    """One rate."""

    base = currency_field()
    rate = forms.DecimalField(
        label=gettext_lazy("is worth"),
        max_digits=20,
        decimal_places=10,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    quote = currency_field()
    day = DayField(label=gettext_lazy("Published on"))
    source = forms.CharField(label=gettext_lazy("Where it is known from"), max_length=200)
    field_order = ("base", "rate", "quote", "day", "source")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["base"].label, self.fields["quote"].label = _("One"), _("of")


class RatesForm(sheets.SheetForm):
    """Many rates."""

    source = forms.CharField(label=gettext_lazy("Where they are known from"), max_length=200)
    field_order = ("sheet", "file", "source")


@guards.allow("setup.edit", kind="operator")
@require_GET
def rates(request: ActingRequest) -> HttpResponse:
    """What was published, the latest first."""
    return _show(request)


@guards.allow("setup.edit", kind="operator")
@require_POST
def publication(request: ActingRequest) -> HttpResponse:
    """Publish one rate."""
    form = RateForm(request.POST, name="rate")

    def publish(typed: Mapping[str, Any]) -> Done:
        row = (typed["base"], typed["quote"], typed["rate"], typed["day"])
        return _publish(request, [row], typed["source"])

    return attempt(request, form, publish, to=reverse("desk:setup_rates")) or _show(request, rate=form)


@guards.allow("setup.edit", kind="operator")
@require_POST
def table(request: ActingRequest) -> HttpResponse:
    """Publish many."""
    form = RatesForm(request.POST, request.FILES, name="rates")

    def publish(typed: Mapping[str, Any]) -> Done:
        rows = [tuple(row.values()) for row in sheets.table(typed, READERS)]
        return _publish(request, rows, typed["source"])

    return attempt(request, form, publish, to=reverse("desk:setup_rates")) or _show(request, rates=form)


def _publish(request: ActingRequest, rows: list[Any], source: str) -> Done:
    new = services.publish_exchange_rates(rows=rows, source=source, actor=request.actor, now=clock.now())
    said = ngettext("{count} rate is published.", "{count} rates are published.", new).format(count=new)
    if kept := len(rows) - new:
        more = ngettext(
            "{count} day had its rate already and keeps it.", "{count} days had their rate already and keep it.", kept
        )
        said = f"{said} {more.format(count=kept)}"
    return Done(said)


def _show(request: ActingRequest, **refused: ActForm) -> HttpResponse:
    today = clock.now().date()
    found = queries.list_exchange_rates(before=_read(request.GET.get("cursor", "")), limit=PAGE + 1)
    shown = found[:PAGE]
    step = next(each for each in setting_up.progress(now=clock.now()).steps if each.code == "rates")
    context = {
        "page": Slice(
            [(each, today - each.published_on <= RATE_AGE_MAX) for each in shown],
            next_cursor=f"{shown[-1].published_on}_{shown[-1].id.hex}" if len(found) > PAGE else "",
        ),
        "missing": step.lacking,
        "days": RATE_AGE_MAX.days,
        "rate": refused.get("rate") or RateForm(name="rate", initial={"base": "EUR", "day": today}),
        "rates": refused.get("rates") or RatesForm(name="rates"),
        "example": EXAMPLE.format(day=today),
        "crumbs": [Link(_("Set-up"), reverse("desk:setup")), Link(_("Exchange rates"))],
    }
    return render(request, "setup/rates.html", context, *refused.values())


def _read(cursor: str) -> tuple[date, UUID] | None:
    day, _underline, identity = cursor.partition("_")
    try:
        return date.fromisoformat(day), UUID(hex=identity)
    except ValueError:
        return None
