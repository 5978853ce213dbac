"""What the marketplace kept: revenue less costs from the books, by programme, market, category, over a period."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from entrepot.domain.catalogue import queries as catalogue
from entrepot.domain.ledger import words as ledger_words
from entrepot.domain.ledger.rules import CHART, Nature
from entrepot.domain.markets import queries as markets
from entrepot.domain.settlement import queries
from entrepot.domain.settlement.queries import Contribution
from entrepot.domain.terms import queries as terms
from entrepot.kernel import clock
from entrepot.surfaces.desk import words
from entrepot.surfaces.desk.acting import render
from entrepot.surfaces.shared import guards
from entrepot.surfaces.shared.components import Explanation, Link, Part, Text
from entrepot.surfaces.shared.guards import ActingRequest

#: How far back it looks where nothing else is asked.
SPAN = timedelta(days=30)

DIMENSIONS = {
    "programme": gettext_lazy("Programme"),
    "market": gettext_lazy("Market"),
    "category": gettext_lazy("Category"),
}


class PeriodForm(forms.Form):
    """By what, and from which day until before which."""

    by = forms.MultipleChoiceField(
        label=gettext_lazy("By"), choices=list(DIMENSIONS.items()), widget=forms.CheckboxSelectMultiple, required=False
    )
    since = forms.DateField(
        label=gettext_lazy("From"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    until = forms.DateField(
        label=gettext_lazy("Until before"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )


@guards.allow("ledger.read", kind="operator")
@require_GET
def contribution(request: ActingRequest) -> HttpResponse:
    """What was kept of the lines whose events fell into the period. Amounts of different currencies are not added."""
    tomorrow = clock.now().date() + timedelta(days=1)
    usual: dict[str, Any] = {"by": ["programme", "market", "category"], "since": tomorrow - SPAN, "until": tomorrow}
    form = PeriodForm(request.GET or usual)
    asked: dict[str, Any] = form.cleaned_data if form.is_valid() else usual
    by = [name for name in DIMENSIONS if name in asked["by"]]
    found = queries.list_contributions(by=by, since=_start(asked["since"]), until=_start(asked["until"]))
    names = said(by)
    context = {
        "form": form,
        "columns": [(name, DIMENSIONS[name]) for name in by],
        "rows": [row_of(each) | {"keys": [_key(each, name, names) for name in by]} for each in found],
        "crumbs": [Link(_("Overview"), reverse("desk:overview")), Link(_("What the marketplace kept"))],
    }
    return render(request, "contribution.html", context)


def row_of(each: Contribution) -> dict[str, Any]:
    """A contribution whose amounts open to the accounts that they come from."""
    return {
        "row": each,
        "revenue": _explain(_("Revenue"), each.accounts, Nature.REVENUE),
        "costs": _explain(_("Costs"), each.accounts, Nature.COST),
        "kept": _explain(_("What the marketplace kept"), each.accounts),
    }


def said(by: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
    """What the codes of these dimensions are called: programmes, markets, categories (by their whole path)."""
    found: dict[str, Mapping[str, str]] = {}
    if "programme" in by:
        found["programme"] = terms.list_labels()
    if "market" in by:
        found["market"] = {each.code: each.name for each in markets.list_all_markets()}
    if "category" in by:
        names = {each.code: _named(each.names, each.code) for each in catalogue.list_categories()}
        found["category"] = names
    return found


def _named(names: Mapping[str, str], code: str) -> str:
    return next((names[each] for each in words.languages() if each in names), code)


def _key(each: Contribution, name: str, names: Mapping[str, Mapping[str, str]]) -> tuple[Text, str, str]:
    """A column's name, what the row says in it, and where that leads."""
    code = getattr(each, name)
    known = names[name]
    text = (
        " › ".join(known.get(part, part) for part in code.split("/")) if name == "category" else known.get(code, code)
    )
    return DIMENSIONS[name], text, reverse("desk:programme", args=[code]) if name == "programme" else ""


def _explain(title: Text, by_account: Mapping[str, int], nature: Nature | None = None) -> Explanation:
    parts = [
        Part(ledger_words.account(kind), by_account[kind])
        for kind in CHART
        if by_account.get(kind) and nature in (None, CHART[kind].nature)
    ]
    return Explanation(title, parts)


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
