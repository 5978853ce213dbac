"""The overview of a newcomer: the way to the first sale as a checklist, and the money on its way to the bank."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from entrepot.domain.sellers.models import Seller
from entrepot.domain.settlement import queries as settlement
from entrepot.domain.settlement.models import Payout, Statement
from entrepot.domain.settlement.queries import AccrualView, SellerBalance
from entrepot.flows import joining
from entrepot.kernel import clock
from entrepot.surfaces.seller import words
from entrepot.surfaces.seller.frame import shown
from entrepot.surfaces.shared.components import Text


class StepWords(NamedTuple):
    """A step: what it is called, what it takes, what it waits for, and where it is taken."""

    label: Text
    says: Text
    waits: Text
    route: str


STEPS: Mapping[str, StepWords] = {
    "registered": StepWords(gettext_lazy("Registered"), "", "", "seller:application"),
    "documents": StepWords(
        gettext_lazy("Hand in your papers"),
        gettext_lazy("Each says why it is asked for."),
        "",
        "seller:application",
    ),
    "questionnaire": StepWords(
        gettext_lazy("Answer the questionnaire"),
        gettext_lazy("Ten short questions; you then see how ready you are for each programme."),
        "",
        "seller:questions",
    ),
    "admitted": StepWords(
        gettext_lazy("Be admitted"), "", gettext_lazy("The operator looks at your application."), "seller:application"
    ),
    "programme": StepWords(
        gettext_lazy("Choose a programme"),
        gettext_lazy("See who does, pays and risks what, in your own numbers."),
        "",
        "seller:programmes",
    ),
    "product": StepWords(
        gettext_lazy("List your first article"),
        gettext_lazy("One short form, or a sheet that you paste."),
        "",
        "seller:offer_new",
    ),
    "price": StepWords(
        gettext_lazy("Agree on the price"),
        gettext_lazy("Say what you ask for a unit, or set the price where it is yours to set."),
        gettext_lazy("The marketplace looks at your price."),
        "seller:offers",
    ),
    "stock": StepWords(
        gettext_lazy("Bring in stock"),
        gettext_lazy("Answer a stock order, or take goods in at your own place."),
        "",
        "seller:stock",
    ),
    "on_sale": StepWords(
        gettext_lazy("Be on sale"), gettext_lazy("What is still missing stands beside each offer."), "", "seller:offers"
    ),
    "first_order": StepWords(
        gettext_lazy("Your first order"), "", gettext_lazy("Now it is the shoppers' turn."), "seller:orders"
    ),
}


@dataclass(frozen=True, slots=True)
class StepShown:
    """A step with its state and the way to it."""

    label: Text
    says: Text
    state: str
    href: str


@dataclass(frozen=True, slots=True)
class MoneyShown:
    """A stage of the money on its way: what stands there, and when it goes on."""

    label: str
    amount: str
    says: str
    href: str


def steps(seller: Seller) -> list[StepShown]:
    """The way to the first sale; nothing once there was an order."""
    found = joining.list_first_steps(seller=seller, now=clock.now())
    if found[-1].state == "done":
        return []
    rows = []
    for each in found:
        said = STEPS[each.code]
        text = said.waits if each.state == "waiting" else said.says if each.state == "current" else ""
        href = "" if each.state == "done" and each.code != "registered" else reverse(said.route)
        rows.append(StepShown(said.label, text, each.state, href))
    return rows


def money(
    seller: Seller,
    pending: Sequence[AccrualView],
    every: Sequence[SellerBalance],
    statements: Sequence[Statement],
) -> list[MoneyShown]:
    """Earned, on a statement, paid out: with amounts and days, the newest of each."""
    balances = [each for each in every if each.pending_minor]
    payouts = settlement.list_payouts(seller_id=seller.pk, limit=1)
    rows = []
    if pending and balances:
        earned = ", ".join(shown(each.pending_minor, each.currency) for each in balances)
        says = _("It goes on the statement that closes on {day}.").format(day=_day(pending[0].eligible_at))
        rows.append(MoneyShown(_("Earned"), earned, says, reverse("seller:upcoming")))
    if statements:
        last = statements[0]
        says = _("Statement {number} closed on {day}. {state}").format(
            number=last.number,
            day=_day(last.period_until),
            state=_closed(last, payouts),
        )
        amount = shown(last.payable_minor, last.currency)
        rows.append(MoneyShown(_("On a statement"), amount, says, reverse("seller:statement", args=[last.number])))
    if payouts:
        paid = payouts[0]
        says = str(words.PAYOUTS[paid.state].label)
        if paid.done_at:
            says = _("{state} on {day}").format(state=says, day=_day(paid.done_at))
        href = reverse("seller:statement", args=[paid.statement.number])
        rows.append(MoneyShown(_("To your bank"), shown(paid.amount_minor, paid.currency), says + ".", href))
    return rows


def _closed(last: Statement, payouts: Sequence[Payout]) -> str:
    """What has become of a statement."""
    if last.state == "paid":
        return _("It is paid.")
    if any(each.statement_id == last.id and each.state in ("about_to", "in_transit") for each in payouts):
        return _("It is on its way to your bank.")
    return _("It is paid with the next payout.") if last.payable_minor else _("Nothing is to be paid of it.")


def _day(moment: object) -> str:
    return str(date_format(moment, "j F Y"))  # type: ignore[arg-type]
