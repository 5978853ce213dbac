"""The questionnaire and what follows from it, in words: for the seller as advice, for the operator in admission."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from django.utils.translation import gettext as now_
from django.utils.translation import gettext_lazy as _

from entrepot.domain.sellers.readiness import LISTS, NUMBERS, Answers, Group, Need, Readiness
from entrepot.surfaces.shared import places
from entrepot.surfaces.shared.components import Text, Tone


class Question(NamedTuple):
    """A question, why it is asked, and in what it is answered."""

    label: Text
    why: Text
    unit: Text = ""


GROUPS: Mapping[Group, tuple[Text, Text]] = {
    Group.CAPACITY: (_("How much you can make"), _("So that nobody promises shoppers more than you can deliver.")),
    Group.FLEXIBILITY: (
        _("How quickly you can change"),
        _("New goods start in small numbers and are restocked when they sell."),
    ),
    Group.REACH: (
        _("How far you reach"),
        _("Where you have nothing yet, the marketplace can do it for you under some programmes."),
    ),
}
QUESTIONS: Mapping[str, Question] = {
    "units_a_week": Question(
        _("How many units can you make in a week?"), _("Of all your articles together, in a normal week."), _("units")
    ),
    "lead_time_days": Question(
        _("How long from an order to goods ready to leave?"), _("For an order of usual size."), _("days")
    ),
    "handling_days": Question(
        _("How quickly can you hand over one parcel to a carrier?"),
        _("Where the goods stand with you and you pack each order."),
        _("working days"),
    ),
    "smallest_batch": Question(
        _("What is the smallest number of one article that you make?"),
        _("A first order is often 100 to 200 pieces, to see how it sells."),
        _("units"),
    ),
    "restock_days": Question(
        _("How quickly can you make the same again?"), _("When an article sells faster than planned."), _("days")
    ),
    "stock_countries": Question(_("Where do you keep stock?"), _("Also with a warehouse firm that works for you.")),
    "import_countries": Question(
        _("Where can you import in your own name?"),
        _("You have a company or an importer of record there, who answers to customs."),
    ),
    "carrier_countries": Question(
        _("Where do you have an account with a parcel carrier?"), _("Parcels are collected from you there.")
    ),
    "return_countries": Question(
        _("Where can shoppers send goods back to?"), _("You have an address that accepts and checks them.")
    ),
    "languages": Question(_("In which languages can you answer shoppers?"), _("By message, within a day.")),
}
#: What a programme asks for, by the need's code; `{wanted}` and `{found}` are filled in.
NEEDS: Mapping[str, Text] = {
    "capacity": _("Make at least {wanted} units a week, so that the first stock order can be filled"),
    "small_batches": _("Make batches of {wanted} units or fewer, as first orders are small"),
    "restocking": _("Make the same again within {wanted} days"),
    "lead_time": _("Have goods ready to leave within {wanted} days of a stock order"),
    "handling": _("Hand parcels over within {wanted} working days of an order"),
    "carrier": _("Have a carrier who collects parcels in {wanted}"),
    "stock_abroad": _("Keep stock in {wanted}"),
    "import_entity": _("Be able to import into {wanted} in your own name"),
    "return_address": _("Have an address for returns in {wanted}"),
    "languages": _("Answer shoppers in {wanted}"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """A need in words."""

    text: str
    answer: str
    label: Text
    tone: Tone
    icon: str

    @classmethod
    def of(cls, need: Need) -> "Told":
        """A need."""
        label, tone, icon = _STATES[need.is_met]
        text = str(NEEDS[need.code]).format(wanted=said(need.question, need.wanted))
        return cls(text, said(need.question, need.found), label, tone, icon)


_STATES: Mapping[bool | None, tuple[Text, Tone, str]] = {
    True: (_("You can"), "good", "check"),
    False: (_("Not yet"), "warn", "warning"),
    None: (_("Not answered"), "neutral", "info"),
}


def told(found: Readiness) -> list[Told]:
    """The needs of a programme in words."""
    return [Told.of(need) for need in found.needs]


def summary(found: Readiness) -> tuple[str, Tone]:
    """How ready, in a few words."""
    if not found.needs:
        return now_("Asks for nothing in particular"), "good"
    words = now_("You can do {met} of {needs} things").format(met=found.met, needs=len(found.needs))
    return words, "good" if not found.missing else "warn" if found.met * 2 >= len(found.needs) else "neutral"


def said(question: str, value: str) -> str:
    """An answer as people read it: countries and languages by name."""
    if not value or question in NUMBERS:
        return value
    name = places.language if question == "languages" else places.country
    words = [name(each.strip()) for each in value.split(",")]
    return now_(" or ").join(words)


def answered(answers: Answers) -> list[tuple[Text, str]]:
    """Questions with their answers, for who looks at an application."""
    rows = []
    for name in (*NUMBERS, *LISTS):
        value = getattr(answers, name)
        if value is None:
            text = now_("not answered")
        elif name in NUMBERS:
            text = f"{value} {QUESTIONS[name].unit}"
        else:
            name_of = places.language if name == "languages" else places.country
            text = ", ".join(name_of(each) for each in value) or now_("nowhere")
        rows.append((QUESTIONS[name].label, text))
    return rows
