"""What the marketplace itself is charged, by day: payments, handling, storage."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from entrepot.domain.markets import queries as markets
from entrepot.domain.settlement import queries, services
from entrepot.domain.settlement.services import NewCostRate
from entrepot.kernel import clock, money
from entrepot.kernel.errors import Invalid
from entrepot.surfaces.desk.acting import ActForm, attempt, render
from entrepot.surfaces.desk.setup.fields import AmountField, DayField, percent_field
from entrepot.surfaces.desk.setup.words import COSTS
from entrepot.surfaces.shared import guards
from entrepot.surfaces.shared.components import Link
from entrepot.surfaces.shared.guards import ActingRequest


class CostsForm(ActForm):
    """The rates of every currency; what is left empty stays as it is."""

    valid_from = DayField(label=gettext_lazy("From"), help_text=gettext_lazy("Orders of earlier days keep theirs."))
    source = forms.CharField(
        label=gettext_lazy("Where they are known from"),
        max_length=200,
        help_text=gettext_lazy("A contract, a price list."),
    )

    def __init__(self, *args: Any, currencies: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currencies = currencies
        for currency in currencies:
            self.fields[f"payment_rate_{currency}"] = percent_field(
                label=_("A payment, per cent"), required=False, decimal_places=4
            )
            for name, label in (
                ("payment", _("and for each order")),
                ("handling", _("Handling, a unit")),
                ("storage", _("Storage, a unit")),
            ):
                self.fields[f"{name}_{currency}"] = AmountField(label=label, required=False)

    @property
    def groups(self) -> list[tuple[str, list[Any]]]:
        """The fields of each currency."""
        names = ("payment_rate", "payment", "handling", "storage")
        return [(each, [self[f"{name}_{each}"] for name in names]) for each in self.currencies]


@guards.allow("settlement.run", kind="operator")
@require_http_methods(["GET", "HEAD", "POST"])
def costs(request: ActingRequest) -> HttpResponse:
    """What is charged today, and what is to be from a day on."""
    today = clock.now().date()
    currencies = sorted({each.currency for each in markets.list_markets()})
    form = CostsForm(request.POST or None, name="costs", currencies=currencies, initial={"valid_from": today})
    if request.method == "POST":

        def keep(typed: Mapping[str, Any]) -> None:
            rows = _rows(typed, currencies)
            services.set_cost_rates(rows=rows, valid_from=typed["valid_from"], actor=request.actor, now=clock.now())

        if answer := attempt(request, form, keep, said=_("The rates are set."), to=reverse("desk:setup_costs")):
            return answer
    context = {
        "form": form,
        "rows": [
            (each, COSTS[each.kind], (each.rate * 100).normalize() + Decimal(0))
            for each in queries.list_cost_rates(on=today)
        ],
        "currencies": currencies,
        "crumbs": [Link(_("Set-up"), reverse("desk:setup")), Link(_("Costs"))],
    }
    return render(request, "setup/costs.html", context, form)


def _rows(typed: Mapping[str, Any], currencies: Sequence[str]) -> list[NewCostRate]:
    rows = []
    for currency in currencies:
        share = typed[f"payment_rate_{currency}"]
        for kind in COSTS:
            text = typed[f"{kind}_{currency}"]
            if not text and (kind != "payment" or share is None):
                continue
            amount = money.parse_minor(text, currency, field=f"{kind}_{currency}") if text else 0
            rate = Decimal(share or 0) / 100 if kind == "payment" else Decimal(0)
            rows.append(NewCostRate(kind, currency, typed["source"], rate, amount))
    if not rows:
        raise Invalid("settlement.no_rate", "Fill in a rate at least.")
    return rows
