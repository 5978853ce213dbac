"""The negotiation of a supply price as the seller sees it: its forms, who said what, and what comes next."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from entrepot.domain.pricing import negotiation
from entrepot.domain.pricing.models import SupplyQuote
from entrepot.domain.terms.rules import Party, Programme, Task
from entrepot.surfaces.seller import words
from entrepot.surfaces.seller.frame import AmountField
from entrepot.surfaces.shared.acting import ActForm
from entrepot.surfaces.shared.components import Text

#: How long a supply price may be agreed to, to choose from. Units: days.
QUOTE_DAYS = (7, 14, 30)


def _holds() -> forms.TypedChoiceField:
    """For how many days a price holds."""
    return forms.TypedChoiceField(
        label=gettext_lazy("It holds for"),
        choices=_days,
        coerce=int,
        initial=14,
        required=False,
        empty_value="14",
    )


def _days() -> list[tuple[int, str]]:
    """In the language of whoever reads."""
    return [(days, ngettext("{days} day", "{days} days", days).format(days=days)) for days in QUOTE_DAYS]


class QuoteForm(ActForm):
    """What the seller asks for a unit."""

    amount = AmountField(label=gettext_lazy("Supply price of one unit"))
    holds = _holds()
    note = forms.CharField(label=gettext_lazy("Note"), required=False, max_length=400)


class AnswerForm(ActForm):
    """The answer to a price of the other side."""

    answer = forms.ChoiceField(
        label=gettext_lazy("Your answer"),
        choices=[
            ("accept", gettext_lazy("Agree to it")),
            ("counter", gettext_lazy("Make a counter-offer")),
            ("refuse", gettext_lazy("Refuse it")),
        ],
        widget=forms.RadioSelect,
        initial="accept",
    )
    amount = AmountField(label=gettext_lazy("Your counter-offer"), required=False)
    holds = _holds()
    note = forms.CharField(label=gettext_lazy("Why"), required=False, max_length=200)

    def clean(self) -> dict[str, Any]:
        """A counter-offer needs an amount, a refusal a reason."""
        typed = super().clean() or self.cleaned_data
        if typed.get("answer") == "counter" and not typed.get("amount"):
            self.add_error("amount", _("Say which price you would agree to."))
        if typed.get("answer") == "refuse" and not typed.get("note"):
            self.add_error("note", _("Say why, so that the other side can make a better offer."))
        return typed


@dataclass(frozen=True, slots=True)
class Bargain:
    """A step of the negotiation as both sides see it."""

    step: SupplyQuote
    who: str
    said: words.Said

    @classmethod
    def of(cls, step: SupplyQuote) -> "Bargain":
        """A step."""
        is_own = step.made_by_party == Party.SELLER
        return cls(step, _("You") if is_own else _("The marketplace"), words.QUOTES[step.status])


def comes_next(
    steps: Sequence[SupplyQuote], supply: SupplyQuote | None, todo: Sequence[Text], conditions: Programme
) -> str:
    """What follows from where the negotiation stands, in one or two sentences."""
    if not negotiation.voices(conditions):
        return ""
    last = steps[-1] if steps else None
    if last is None:
        return _("Say what you ask for one unit. The marketplace agrees, refuses, or names a price of its own.")
    if last.status in negotiation.OPEN:
        until = {"until": date_format(last.valid_until, "j F")}
        if last.made_by_party == Party.SELLER:
            return _("The marketplace answers by {until}; after that your price lapses and nothing changes.").format(
                **until
            )
        return _("Answer by {until}: agree, name another price, or refuse. After that the offer lapses.").format(
            **until
        )
    if supply is not None and last.id == supply.id:
        return _("Agreed. Next: {todo}.").format(todo=todo[0]) if todo else (
            _("Agreed. The marketplace sets the shopper's price and orders stock from you; you are told of each order.")
            if conditions.performer(Task.STORAGE) is Party.PLATFORM
            else _("Agreed. Bring stock in, and the offer can be on sale.")
        )  # fmt: skip
    return _("Nothing is under way. Quote a price that you could agree to; the reasons above may help.")
