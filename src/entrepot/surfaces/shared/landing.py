"""What the way of a shipment cost, as both sides see it: bills, and the landed cost of a unit with its parts."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from entrepot.domain.catalogue import queries as catalogue
from entrepot.domain.customs.problems import BadLines
from entrepot.domain.inbound import costing, queries
from entrepot.domain.inbound.costing import NewCost
from entrepot.domain.inbound.models import Shipment
from entrepot.flows import landing
from entrepot.kernel import clock
from entrepot.kernel.actors import Actor
from entrepot.kernel.errors import EntrepotError, Invalid, NotFound, Refused
from entrepot.kernel.money import EXPONENTS, decimal_of, parse_minor
from entrepot.surfaces.shared import errors
from entrepot.surfaces.shared.acting import ActForm, ReasonForm, attempt
from entrepot.surfaces.shared.components import Explanation, Part, Text, Trace
from entrepot.surfaces.shared.guards import ActingRequest
from entrepot.surfaces.shared.inbound import PARTIES

KINDS: Mapping[str, Text] = {
    "freight": gettext_lazy("Freight"),
    "terminal_handling": gettext_lazy("Terminal handling (THC)"),
    "drayage": gettext_lazy("Drayage"),
    "insurance": gettext_lazy("Insurance"),
    "customs_duty": gettext_lazy("Customs duty"),
    "entry_fees": gettext_lazy("Fees of the entry"),
    "brokerage": gettext_lazy("Customs brokerage"),
    "unloading": gettext_lazy("Unloading"),
    "other": gettext_lazy("Other"),
}
SHARES: Mapping[str, Text] = {
    "value": gettext_lazy("value"),
    "weight": gettext_lazy("weight"),
    "volume": gettext_lazy("volume"),
    "quantity": gettext_lazy("units"),
}


class CostForm(ActForm):
    """A bill."""

    kind = forms.ChoiceField(label=gettext_lazy("For"), choices=list(KINDS.items()))
    issuer = forms.CharField(label=gettext_lazy("Written by"), max_length=60)
    document_number = forms.CharField(label=gettext_lazy("Document number"), max_length=60)
    incurred_on = forms.DateField(
        label=gettext_lazy("Date"), widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    currency = forms.ChoiceField(label=gettext_lazy("Currency"), choices=[(each, each) for each in sorted(EXPONENTS)])
    amount = forms.CharField(
        label=gettext_lazy("Amount"), max_length=20, help_text=gettext_lazy("Below zero for a credit note.")
    )
    share_by = forms.ChoiceField(label=gettext_lazy("Shared by"), choices=list(SHARES.items()), initial="volume")
    note = forms.CharField(label=gettext_lazy("Note"), max_length=200, required=False)

    def cost(self, typed: Mapping[str, Any]) -> NewCost:
        """What was typed. Raises: Invalid for an amount that the currency does not have."""
        text, currency = typed["amount"].strip().replace("−", "-"), typed["currency"]
        sign = -1 if text.startswith("-") else 1
        try:
            minor = sign * parse_minor(text.lstrip("-").strip(), currency)
        except EntrepotError:
            raise Invalid("inbound.bill_amount", "A bill has an amount.", field="amount") from None
        plain = {name: typed[name] for name in ("kind", "issuer", "document_number", "incurred_on", "share_by", "note")}
        return NewCost(currency=currency, amount_minor=minor, **plain)


class ShareForm(ActForm):
    """The currency of the landed cost; a correction says why."""

    currency = forms.ChoiceField(label=gettext_lazy("Currency"), choices=[(each, each) for each in sorted(EXPONENTS)])
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=400,
        required=False,
        help_text=gettext_lazy("Said where an earlier version is corrected."),
    )


class ValueForm(ReasonForm):
    """What units are worth at the border of which no price is agreed."""

    currency = forms.ChoiceField(label=gettext_lazy("Currency"), choices=[(each, each) for each in sorted(EXPONENTS)])

    def __init__(self, *args: Any, shipment: Shipment, **kwargs: Any) -> None:
        declared = queries.declared(shipment.id)
        agreed = costing.agreed_values(shipment, declared)
        self.skus = {
            f"value-{sku.id.hex}": sku
            for sku in catalogue.get_skus(declared.keys() - agreed.keys()).values()
        }  # fmt: skip
        known = {
            f"value-{UUID(key).hex}": decimal_of(minor, shipment.customs_currency)
            for key, minor in shipment.customs_values.items()
        }
        currency = shipment.customs_currency or shipment.seller.settlement_currency
        super().__init__(*args, initial={"currency": currency} | known, **kwargs)
        for name, sku in sorted(self.skus.items(), key=lambda item: item[1].code):
            self.fields[name] = forms.CharField(label=sku.code, required=False, max_length=20)
        self.order_fields([*self.skus, "currency", "reason"])

    def values(self, typed: Mapping[str, Any]) -> dict[UUID, int]:
        """What was typed. Raises: Invalid naming the field."""
        return {
            sku.id: parse_minor(typed[name].strip(), typed["currency"], field=name)
            for name, sku in self.skus.items()
            if typed[name].strip()
        }


def panel(
    shipment: Shipment,
    titles: Mapping[UUID, str],
    refused: Mapping[str, ActForm],
    *,
    actor: Actor,
    surface: str,
) -> dict[str, Any]:
    """What the page of a shipment shows of its costs."""
    may_enter = costing.may_enter(actor, shipment)
    costs = costing.list_costs(shipment.id)
    versions = costing.list_landed(shipment.id)
    currency = versions[0].currency if versions else shipment.seller.settlement_currency
    initial = {"currency": currency, "incurred_on": clock.now().date()}
    sums: dict[str, int] = {}
    for each in costs:
        sums[each.currency] = sums.get(each.currency, 0) + each.amount_minor
    return {
        "costs": [(each, KINDS[each.kind], PARTIES[each.paid_by], SHARES[each.share_by]) for each in costs],
        "cost_sums": sorted(sums.items()),
        "landed": _landed(versions[0], titles) if versions else None,
        "landed_before": versions[1:],
        "may_enter_costs": may_enter and shipment.state in costing.BILLED,
        "may_share_costs": may_enter and shipment.state == "closed" and bool(costs),
        "cost_form": refused.get("cost") or CostForm(name="cost", initial=initial),
        "share_form": refused.get("share") or ShareForm(name="share", initial={"currency": currency}),
        "may_reckon_border": may_enter and _is_abroad(shipment),
        "cost_url": reverse(f"{surface}:shipment_cost", args=[shipment.number]),
        "share_url": reverse(f"{surface}:shipment_landed_cost", args=[shipment.number]),
    }


def _landed(newest: Any, titles: Mapping[UUID, str]) -> dict[str, Any]:
    view = costing.get_landed(newest)
    rows = []
    for unit in view.units:
        parts = [
            Part(
                f"{KINDS[cost.kind]} {cost.document_number}",
                minor,
                note=_("by {measure}").format(measure=SHARES[cost.share_by]),
            )
            for cost, minor in unit.parts
        ]
        trace = [Trace(_("Landed cost"), _("version {version}").format(version=newest.version))]
        why = Explanation(_("What the way of {units} units cost").format(units=unit.quantity), parts, trace)
        rows.append((unit, titles.get(unit.sku_id, ""), why))
    bills = [
        Part(
            f"{KINDS[each.cost.kind]} {each.cost.document_number}",
            each.amount_minor,
            note=""
            if each.cost.currency == newest.currency
            else _("{amount} {currency} at {rate}").format(
                amount=decimal_of(each.cost.amount_minor, each.cost.currency),
                currency=each.cost.currency,
                rate=each.rate.normalize(),
            ),
        )
        for each in view.bills
    ]
    return {"version": newest, "rows": rows, "why": Explanation(_("What the way cost"), bills, [])}


def _is_abroad(shipment: Shipment) -> bool:
    return shipment.seller.organisation.country != shipment.node.country and shipment.state in costing.BILLED


def border(shipment: Shipment, *, actor: Actor, surface: str, refused: ValueForm | None = None) -> dict[str, Any]:
    """What a page shows of what the border is reckoned to take, or why that cannot be said. Raises: NotFound."""
    if not (costing.may_enter(actor, shipment) and _is_abroad(shipment)):
        raise NotFound(kind="shipment")
    back = reverse(f"{surface}:shipment", args=[shipment.number])
    form = refused or ValueForm(name="values", shipment=shipment)
    return {
        "shipment": shipment, "border": _border(shipment), "back": back, "values": form if form.skus else None,
        "values_url": reverse(f"{surface}:shipment_values", args=[shipment.number]),
    }  # fmt: skip


def keep_values(request: ActingRequest, shipment: Shipment, *, surface: str) -> tuple[HttpResponse | None, ValueForm]:
    """Keep what was typed as values for customs; an answer, or None with the form that was refused."""
    if not costing.may_enter(request.actor, shipment):
        raise NotFound(kind="shipment")
    if not _is_abroad(shipment):
        raise Refused("inbound.no_border", "This shipment has no border to cross.")
    form = ValueForm(request.POST, name="values", shipment=shipment)

    def keep(typed: Mapping[str, Any]) -> None:
        costing.set_values(
            shipment_id=shipment.id, currency=typed["currency"], values=form.values(typed), reason=typed["reason"],
            actor=request.actor, now=clock.now(),
        )  # fmt: skip

    to = reverse(f"{surface}:shipment", args=[shipment.number]) + "?border"
    return attempt(request, form, keep, said=_("The border is reckoned with these values."), to=to), form


def _border(shipment: Shipment) -> Mapping[str, Any]:
    """What the border is reckoned to take, or why that cannot be said."""
    try:
        found = landing.reckon_border(shipment, now=clock.now())
    except (EntrepotError, BadLines) as refusal:
        return {"problem": errors.sentence(refusal)}
    parts: Sequence[Part] = [
        Part(KINDS["customs_duty"], found.duty_minor),
        Part(KINDS["entry_fees"], found.fees_minor),
    ]
    why = Explanation(_("What the border takes"), parts, [Trace(_("Law as it is known on"), found.on.isoformat())])
    return {"found": found, "sum": found.duty_minor + found.fees_minor, "why": why}
