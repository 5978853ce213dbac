"""Markets: opened, called otherwise, closed and reopened; their tax rates by day."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from entrepot.domain.markets import queries, services
from entrepot.domain.markets.models import Market
from entrepot.flows import setting_up
from entrepot.kernel import clock
from entrepot.surfaces.desk.acting import ActForm, Done, ReasonForm, attempt, render
from entrepot.surfaces.desk.setup.fields import (
    CodeField,
    CountryField,
    DayField,
    currency_field,
    languages,
    percent_field,
    zone_field,
)
from entrepot.surfaces.shared import guards
from entrepot.surfaces.shared.components import Link
from entrepot.surfaces.shared.guards import ActingRequest

DISPLAYS = [
    ("inclusive", gettext_lazy("with tax: what the label says is what is paid")),
    ("exclusive", gettext_lazy("without tax: it is added at the till")),
]


class LanguagesMixin(forms.Form):
    """Languages as codes."""

    def clean_languages(self) -> list[str]:
        """At least one, each a code."""
        return languages(self.cleaned_data["languages"])


class TaxForm(ActForm):
    """A tax rate from a day on."""

    rate = percent_field(label=gettext_lazy("Rate"))
    tax_class = forms.SlugField(
        label=gettext_lazy("Tax class"),
        max_length=40,
        initial="standard",
        help_text=gettext_lazy("“standard”, or that of a category."),
    )
    valid_from = DayField(label=gettext_lazy("In force from"))
    source = forms.CharField(
        label=gettext_lazy("Where it is known from"), max_length=200, help_text=gettext_lazy("A law, a notice, a link.")
    )


class MarketForm(LanguagesMixin, ActForm):
    """A new market with its first tax rate."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=100, help_text=gettext_lazy("Such as Germany."))
    country = CountryField()
    code = CodeField(
        max_length=8,
        required=False,
        help_text=gettext_lazy("The country's, where you leave it empty. It stays for good."),
    )
    currency = currency_field()
    tax_display = forms.ChoiceField(
        label=gettext_lazy("Prices are shown"), choices=DISPLAYS, widget=forms.RadioSelect, initial="inclusive"
    )
    time_zone = zone_field()
    languages = forms.CharField(
        label=gettext_lazy("Languages"), max_length=60, help_text=gettext_lazy("Codes, such as “de, en”.")
    )
    tax_rate = percent_field(label=gettext_lazy("Sales tax or VAT"))
    tax_from = DayField(label=gettext_lazy("Tax rate in force from"))
    tax_source = forms.CharField(
        label=gettext_lazy("Where the rate is known from"),
        max_length=200,
        help_text=gettext_lazy("A law, a notice, a link."),
    )


class ChangeForm(LanguagesMixin, ActForm):
    """What of a market may change."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    time_zone = zone_field()
    languages = forms.CharField(label=gettext_lazy("Languages"), max_length=60)


@guards.allow("setup.edit", kind="operator")
@require_http_methods(["GET", "HEAD", "POST"])
def markets(request: ActingRequest) -> HttpResponse:
    """Every market, and a new one."""
    now = clock.now()
    form = MarketForm(request.POST or None, name="market", initial={"tax_from": now.date().replace(month=1, day=1)})
    if request.method == "POST":

        def open_market(typed: Mapping[str, Any]) -> Done:
            values = dict(typed)
            rate = Decimal(values.pop("tax_rate")) / 100
            tax = {"rate": rate, "valid_from": values.pop("tax_from"), "source": values.pop("tax_source")}
            values["code"] = (values["code"] or values["country"]).upper()
            made = setting_up.open_market(actor=request.actor, tax=tax, now=now, **values)
            return Done(to=reverse("desk:setup_market", args=[made.code]))

        if answer := attempt(request, form, open_market, said=_("The market is open.")):
            return answer
    found = queries.list_all_markets()
    rates = queries.tax_rates([each.id for each in found], now.date())
    context = {
        "rows": [(each, rates.get((each.id, "standard")), dict(DISPLAYS)[each.tax_display]) for each in found],
        "form": form,
        "crumbs": [Link(_("Set-up"), reverse("desk:setup")), Link(_("Markets"))],
    }
    return render(request, "setup/markets.html", context, form)


@guards.allow("setup.edit", kind="operator")
@require_GET
def market(request: ActingRequest, code: str) -> HttpResponse:
    """One market with its tax rates."""
    return _show(request, queries.find_market(code))


@guards.allow("setup.edit", kind="operator")
@require_POST
def tax(request: ActingRequest, code: str) -> HttpResponse:
    """Set a tax rate from a day on."""
    found, form = queries.find_market(code), TaxForm(request.POST, name="tax")

    def set_rate(typed: Mapping[str, Any]) -> None:
        values = dict(typed)
        rate = Decimal(values.pop("rate")) / 100
        services.set_tax_rate(actor=request.actor, market=found, rate=rate, now=clock.now(), **values)

    answer = attempt(request, form, set_rate, said=_("The rate is set."), to=_url(code))
    return answer or _show(request, found, tax=form)


@guards.allow("setup.edit", kind="operator")
@require_POST
def change(request: ActingRequest, code: str) -> HttpResponse:
    """Call a market otherwise."""
    found, form = queries.find_market(code), ChangeForm(request.POST, name="change")

    def alter(typed: Mapping[str, Any]) -> None:
        services.change_market(actor=request.actor, code=code, now=clock.now(), **typed)

    answer = attempt(request, form, alter, said=_("The market is changed."), to=_url(code))
    return answer or _show(request, found, change=form)


@guards.allow("setup.edit", kind="operator")
@require_POST
def closing(request: ActingRequest, code: str) -> HttpResponse:
    """Close a market, or open it again."""
    found, form = queries.find_market(code), ReasonForm(request.POST, name="closing")
    act = services.reopen_market if found.archived_at else services.close_market

    def close(typed: Mapping[str, Any]) -> None:
        act(actor=request.actor, code=code, now=clock.now(), **typed)

    said = _("The market is open again.") if found.archived_at else _("The market is closed.")
    return attempt(request, form, close, said=said, to=_url(code)) or _show(request, found, closing=form)


def _show(request: ActingRequest, found: Market, **refused: ActForm) -> HttpResponse:
    today = clock.now().date()
    told = {"name": found.name, "time_zone": found.time_zone, "languages": ", ".join(found.languages)}
    rates = queries.list_tax_rates(found.id)
    context = {
        "market": found,
        "facts": [
            (_("Code"), found.code),
            (_("Country"), found.country),
            (_("Currency"), found.currency),
            (_("Prices are shown"), dict(DISPLAYS)[found.tax_display]),
            (_("Time zone"), found.time_zone),
            (_("Languages"), ", ".join(found.languages)),
        ],
        "rates": [(each, each.rate * 100, _is_in_force(each, today)) for each in rates],
        "tax": refused.get("tax") or TaxForm(name="tax", initial={"valid_from": today}),
        "change": refused.get("change") or ChangeForm(name="change", initial=told),
        "closing": refused.get("closing") or ReasonForm(name="closing"),
        "crumbs": [
            Link(_("Set-up"), reverse("desk:setup")),
            Link(_("Markets"), reverse("desk:setup_markets")),
            Link(found.name),
        ],
    }
    return render(request, "setup/market.html", context, *refused.values())


def _is_in_force(rate: Any, on: date) -> bool:
    return bool(rate.valid_from <= on and (rate.valid_until is None or on < rate.valid_until))


def _url(code: str) -> str:
    return reverse("desk:setup_market", args=[code])
