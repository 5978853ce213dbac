"""One unit under a programme, in the seller's own numbers: what comes in, what goes off, what is left, when."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from entrepot.domain.sellers.models import Seller
from entrepot.domain.settlement import words
from entrepot.domain.terms.queries import wording_of
from entrepot.flows import reckoning
from entrepot.flows.enrolling import Preview
from entrepot.flows.reckoning import Basis, Example, Unit
from entrepot.kernel import money
from entrepot.kernel.errors import EntrepotError
from entrepot.surfaces.seller.frame import AmountField, shown, typed_minor
from entrepot.surfaces.shared.components import Explanation, Part, Trace

#: A good that costs so much to make, in euro, where the seller has typed no numbers of its own.
COST, SUPPLY, RETAIL = Decimal(5), Decimal(8), Decimal(20)
WEIGHT_G = 500


class NumbersForm(forms.Form):
    """What one unit costs, what the seller asks for it, what a shopper would pay. It is asked for by GET."""

    cost = AmountField(label=gettext_lazy("One unit costs you"))
    supply = AmountField(
        label=gettext_lazy("You would ask"), help_text=gettext_lazy("Where you are paid a supply price.")
    )
    price = AmountField(
        label=gettext_lazy("A shopper would pay"), help_text=gettext_lazy("Where your pay depends on it.")
    )
    weight = forms.IntegerField(label=gettext_lazy("Weight, packed"), min_value=1, max_value=100_000)

    def __init__(self, data: Mapping[str, Any], *, own: str, market: str) -> None:
        super().__init__(data, auto_id="numbers-%s")
        self.currencies = {"cost": own, "supply": own, "price": market}

    def clean(self) -> dict[str, Any]:
        """Amounts in minor units."""
        typed = super().clean() or {}
        for name, currency in self.currencies.items():
            if name not in typed:
                continue
            try:
                typed[name] = money.parse_minor(typed[name], currency)
            except EntrepotError:
                self.add_error(name, _("Write an amount, such as 12.50."))
        return typed


@dataclass(frozen=True, slots=True)
class Numbers:
    """The form, and what it says; `is_own` tells typed numbers from those that we made up."""

    form: NumbersForm
    basis: Basis | None
    unit: Unit | None
    is_own: bool
    query: str


@dataclass(frozen=True, slots=True)
class Shown:
    """An example as a page draws it."""

    example: Example
    rows: list[Part]
    why: Explanation
    sentence: str


def read(data: Mapping[str, Any], seller: Seller, market: Any, now: Any) -> Numbers:
    """The numbers of the address, or made-up ones in round amounts."""
    own = seller.settlement_currency
    is_own = "cost" in data
    try:
        basis = reckoning.gather(
            market=market,
            currency=own,
            home_country=seller.organisation.country,
            now=now,
        )
    except EntrepotError:
        basis = None
    given: Mapping[str, Any] = data if is_own else _made_up(own, market.currency, basis)
    form = NumbersForm(given, own=own, market=market.currency)
    unit = None
    if form.is_valid():
        typed = form.cleaned_data
        unit = Unit(typed["price"], typed["supply"], typed["cost"], typed["weight"])
    query = urlencode({name: given[name] for name in form.fields if name in given}) if is_own else ""
    return Numbers(form, basis, unit, is_own, query)


def show(numbers: Numbers, preview: Preview) -> Shown | None:
    """One unit under a programme; None where it cannot be reckoned."""
    if numbers.basis is None or numbers.unit is None:
        return None
    wording = wording_of(preview.version)
    try:
        found = reckoning.reckon(
            basis=numbers.basis, programme=wording, version=preview.version.version, unit=numbers.unit
        )
    except EntrepotError:
        return None
    rows = [Part(words.part(share.code), share.amount_minor) for share in found.shares]
    if found.owed_minor:
        rows.append(Part(_("You hand on tax and customs duty"), -found.owed_minor))
    if found.carriage_minor:
        rows.append(Part(_("You pay your carrier"), -found.carriage_minor))
    rows.append(Part(_("The unit costs you"), -found.cost_minor))
    traces = [
        Trace(_("The shopper pays"), shown(found.paid_minor, found.market_currency)),
        Trace(_("of which for delivery"), shown(found.shipping_minor, found.market_currency)),
        Trace(_("Terms"), _("version {version}").format(version=preview.version.version)),
    ]
    if found.market_currency != found.currency:
        said = _("{rate} {own} for 1 {market}, {day}").format(
            rate=number_format(found.rate.rate.normalize()), own=found.currency, market=found.market_currency,
            day=date_format(found.rate.published_on),
        )  # fmt: skip
        traces.append(Trace(_("Exchange rate"), said))
    sentence = _(
        "Ordered today, it is with the shopper by about {delivered}; it stands on the statement of {paid}"
        " and is paid out after that."
    ).format(delivered=date_format(found.delivered_on, "j F"), paid=date_format(found.pays_on, "j F"))
    return Shown(found, rows, Explanation(_("What stays with you of one unit"), rows, traces), sentence)


def _made_up(own: str, market: str, basis: Basis | None) -> dict[str, Any]:
    """Round amounts that one can think in."""
    to_market = basis.per_euro if basis else Decimal(1)
    to_own = to_market * basis.rate.rate if basis else Decimal(1)
    return {
        "cost": _round(COST * to_own, own),
        "supply": _round(SUPPLY * to_own, own),
        "price": _round(RETAIL * to_market, market),
        "weight": WEIGHT_G,
    }


def _round(amount: Decimal, currency: str) -> str:
    minor = max(1, round(amount)) * 10 ** money.exponent(currency)
    return typed_minor(minor, currency)
