"""The steps of the set-up in words: what each is, why it matters, where it is done."""

from collections.abc import Mapping
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from entrepot.flows.setting_up import Step


class StepWords(NamedTuple):
    """What a step is called, why it matters, and the page on which it is done."""

    title: str | Promise
    why: str | Promise
    route: str
    query: str = ""


STEPS: Mapping[str, StepWords] = {
    "operator": StepWords(
        gettext_lazy("Say who runs this marketplace"),
        gettext_lazy("The name stands on letters and statements."),
        "desk:setup_operator",
    ),
    "letters": StepWords(
        gettext_lazy("Let letters leave"),
        gettext_lazy("Invitations, confirmations of addresses and news of orders go by e-mail."),
        "desk:setup_letters",
    ),
    "markets": StepWords(
        gettext_lazy("Open a market"),
        gettext_lazy("A market is a country in which shoppers buy, in one currency, with or without tax on the label."),
        "desk:setup_markets",
    ),
    "taxes": StepWords(
        gettext_lazy("Set the tax rates"),
        gettext_lazy("Without a rate in force nothing can be priced there."),
        "desk:setup_markets",
    ),
    "rates": StepWords(
        gettext_lazy("Publish exchange rates"),
        gettext_lazy(
            "Where a seller is paid in another currency than the shopper pays, each order freezes the rate of its day."
        ),
        "desk:setup_rates",
    ),
    "categories": StepWords(
        gettext_lazy("Make the categories"),
        gettext_lazy("Every product stands in one: shoppers browse by them, prices and fees may follow them."),
        "desk:setup_categories",
    ),
    "programmes": StepWords(
        gettext_lazy("Choose the programmes"),
        gettext_lazy(
            "A programme says who does, decides, pays and risks what. Sellers can accept those that are open."
        ),
        "desk:setup_programmes",
    ),
    "nodes": StepWords(
        gettext_lazy("Add a node"),
        gettext_lazy(
            "A node is a place where stock stands and from which parcels leave: yours, a partner's or a seller's."
        ),
        "desk:setup_nodes",
    ),
    "freight": StepWords(
        gettext_lazy("Set freight rates"),
        gettext_lazy("They say what a parcel costs, what the shopper is asked for it, and how long it takes."),
        "desk:setup_freight",
    ),
    "payments": StepWords(
        gettext_lazy("Look at the ways to pay"),
        gettext_lazy("A shopper needs one; a test card moves no money."),
        "desk:setup_payments",
    ),
    "costs": StepWords(
        gettext_lazy("Say what things cost you"),
        gettext_lazy(
            "Payment, handling and storage come off what the marketplace keeps; without them it looks richer."
        ),
        "desk:setup_costs",
    ),
    "team": StepWords(
        gettext_lazy("Invite a second person"),
        gettext_lazy("Corrections of the books need two people: one asks, another decides."),
        "desk:team",
    ),
    "partners": StepWords(
        gettext_lazy("Add your partners"),
        gettext_lazy("A warehouse or forwarder sees its own work and nothing else."),
        "desk:setup_partners",
    ),
    "applied": StepWords(
        gettext_lazy("A seller applies"),
        gettext_lazy("Send the address of this form to whom you want to sell here."),
        "seller:apply",
    ),
    "admitted": StepWords(
        gettext_lazy("You admit the seller"),
        gettext_lazy("Nobody sells before somebody has looked."),
        "desk:sellers",
    ),
    "enrolled": StepWords(
        gettext_lazy("The seller accepts a programme"),
        gettext_lazy("For each market that they want to sell in."),
        "desk:sellers",
        "?status=active",
    ),
    "product": StepWords(
        gettext_lazy("A product is offered and published"),
        gettext_lazy("It needs a title, a category, a weight and what customs asks for."),
        "desk:catalogue",
    ),
    "price": StepWords(
        gettext_lazy("Its price is set"),
        gettext_lazy(
            "By whoever decides it under the programme; a supply price is agreed on first where one is earned."
        ),
        "desk:offers",
        "?status=draft",
    ),
    "stock": StepWords(
        gettext_lazy("Stock arrives"),
        gettext_lazy("At a node that the programme lets parcels leave from."),
        "desk:receipts",
    ),
    "live": StepWords(
        gettext_lazy("The offer goes on sale"),
        gettext_lazy("Then a shopper can buy it."),
        "desk:offers",
        "?status=draft",
    ),
}

COSTS: Mapping[str, str | Promise] = {
    "payment": gettext_lazy("payment"),
    "handling": gettext_lazy("handling"),
    "storage": gettext_lazy("storage"),
}


def note(step: Step) -> str:
    """What was found or is missing, in a few words."""
    if step.code == "payments" and step.state == "advised":
        return _("shoppers are shown no account") if step.lacking else _("nothing but tests")
    if step.lacking:
        lacking = ", ".join(_lacking(each) for each in step.lacking[:6]) + (" …" if len(step.lacking) > 6 else "")
        return _("missing for {what}").format(what=lacking)
    if not step.found:
        return ""
    count = step.found
    said = {
        "markets": ngettext("{count} market", "{count} markets", count),
        "rates": ngettext("{count} currency in use", "{count} currencies in use", count),
        "categories": ngettext("{count} category", "{count} categories", count),
        "programmes": ngettext("{count} is open", "{count} are open", count),
        "nodes": ngettext("{count} node", "{count} nodes", count),
        "freight": ngettext("{count} table", "{count} tables", count),
        "payments": ngettext("{count} way to pay", "{count} ways to pay", count),
        "costs": ngettext("{count} rate", "{count} rates", count),
        "team": ngettext("{count} person", "{count} people", count),
        "partners": ngettext("{count} partner", "{count} partners", count),
        "applied": ngettext("{count} seller", "{count} sellers", count),
        "admitted": ngettext("{count} seller", "{count} sellers", count),
        "enrolled": ngettext("{count} enrolment", "{count} enrolments", count),
        "product": ngettext("{count} offer", "{count} offers", count),
        "price": ngettext("{count} offer", "{count} offers", count),
        "stock": ngettext("{count} offer", "{count} offers", count),
        "live": ngettext("{count} offer", "{count} offers", count),
    }.get(step.code, "")
    return said.format(count=count)


def _lacking(text: str) -> str:
    kind, _space, rest = text.partition(" ")
    return f"{COSTS[kind]} {rest}" if kind in COSTS else text
