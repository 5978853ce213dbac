"""What a seller earned or owes, opened to its parts: the rule with its version, the inputs, the event, the posting."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from entrepot.domain.settlement.queries import AccrualView
from entrepot.domain.terms import changes
from entrepot.domain.terms import queries as terms
from entrepot.kernel import money
from entrepot.surfaces.shared.components import Explanation, Part, Text, Trace

#: The inputs of an amount, by their name in the books.
INPUTS: Mapping[str, Text] = {
    "base": _("Counted on"),
    "base_minor": _("Which came to"),
    "rate_ppm": _("Rate"),
    "per": _("For each"),
    "amount_minor": _("Amount"),
    "unit_minor": _("Price of a unit"),
    "supply_minor": _("Supply price of the whole line"),
    "whole_minor": _("For the whole line"),
    "parcel_cost_minor": _("What the parcel cost"),
    "units": _("Units"),
    "of": _("Units in the whole line"),
    "first_unit": _("Place of the first unit"),
    "cause": _("Cause"),
    "shipment": _("Shipment"),
    "vendor_return": _("Return to the seller"),
    "share": _("Share of the seller"),
    "issuer": _("Billed by"),
    "document": _("Document"),
    "bill_minor": _("The whole bill"),
    "tracking_number": _("Tracking number"),
    "planned_minor": _("Planned carriage"),
    "rate_minor": _("Of the difference: rate"),
    "weight_minor": _("Of the difference: weight"),
    "surcharge_minor": _("Of the difference: surcharges"),
    "packed_weight_g": _("Weight when packed"),
    "billed_weight_g": _("Weight that the carrier measured"),
    "card_minor": _("By the rate card for that weight"),
    "billed_as": _("Billed in another currency"),
    "billed_rate": _("Exchange rate of the bill"),
    "billed_rate_on": _("Exchange rate of the bill, of"),
    "rate": _("Exchange rate"),
    "rate_on": _("Exchange rate of"),
}
#: In which order they are read: how it was counted, then at which rate, then for which units.
PLACES = {name: place for place, name in enumerate(INPUTS)}
CAUSES: Mapping[str, Text] = {
    "default": _("none in particular"),
    "late": _("it came late"),
    "quality": _("the goods were faulty"),
    "stock_out": _("it was not in stock"),
    "carrier": _("damaged or lost on the way"),
    "change_of_mind": _("the shopper changed their mind"),
    "weight": _("the parcel weighs more than was said"),
}
#: Inputs in the currency of the seller; other amounts are in that of the order.
OWN = frozenset({"supply_minor", "unit_minor"})
#: Inputs that say nothing to a reader.
SILENT = frozenset({"sku", "enrolment", "approval", "journal"})


def of_group(title: Text, views: Sequence[AccrualView], address: Callable[[AccrualView], str]) -> Explanation:
    """What several accruals come to, by part; each part leads to where it is explained."""
    together: dict[tuple[str, str], list[AccrualView]] = defaultdict(list)
    for view in views:
        together[view.says, view.event_kind].append(view)
    parts = [
        Part(says, sum(each.amount_minor for each in members), note=members[0].because, href=address(members[0]))
        for (says, _kind), members in together.items()
    ]
    return Explanation(title, parts, [Trace(gettext("Terms"), each) for each in _versions(views)])


def traces(view: AccrualView, *, event_href: str = "") -> list[Trace]:
    """Where an amount comes from."""
    version, key = rule(view.rule)
    said = [Trace(gettext("Terms"), version), Trace(gettext("Rule"), key), *inputs(view)]
    if view.market_currency != view.currency:
        said.append(Trace(gettext("In the shopper's currency"), _amount(view.market_minor, view.market_currency)))
    said.append(Trace(gettext("Event"), view.because, event_href))
    said.append(Trace(gettext("Posting"), str(view.posting_id)))
    return said


def inputs(view: AccrualView) -> list[Trace]:
    """What an amount was computed from, in reading order."""
    return [
        Trace(INPUTS.get(name, name.replace("_", " ")), _input(name, value, view))
        for name, value in sorted(view.inputs.items(), key=lambda each: PLACES.get(each[0], len(PLACES)))
        if name not in SILENT and value not in (None, "")
    ]


def rule(text: str) -> tuple[str, str]:
    """The programme with its version, and the key of it, in plain words."""
    programme, _colon, key = text.partition(": ")
    name, _v, version = programme.rpartition(" v")
    said = gettext("{programme}, version {version}").format(programme=_label(name, version), version=version)
    return said, title(key)


@lru_cache(maxsize=512)
def _label(code: str, version: str) -> str:
    """What a programme is called; asked once for a version, for what is published stays."""
    del version  # a part of the key
    return terms.list_labels().get(code, code)


def title(key: str) -> str:
    """A key of a programme in plain words; one that nobody named as it stands."""
    try:
        return changes.title(key)
    except (KeyError, ValueError, IndexError):
        return key


def _versions(views: Iterable[AccrualView]) -> list[str]:
    return list(dict.fromkeys(rule(view.rule)[0] for view in views))


def _input(name: str, value: Any, view: AccrualView) -> str:
    if name.endswith("_minor"):
        return _amount(int(value), view.currency if name in OWN else view.market_currency)
    if name.endswith("_ppm"):
        return gettext("{rate} %").format(rate=number_format((Decimal(value) / 10_000).normalize() + Decimal(0)))
    if name.endswith("_g"):
        return gettext("{weight} g").format(weight=number_format(int(value), force_grouping=True))
    if name == "cause":
        return str(CAUSES.get(value, value))
    if name == "rate":
        pair = {"rate": value, "seller": view.currency, "market": view.market_currency}
        return gettext("{rate} {seller} for 1 {market}").format(**pair)
    if name == "first_unit":
        return str(int(value) + 1)
    return str(value)


def _amount(minor: int, currency: str) -> str:
    return money.format_minor(minor, currency, get_language() or "en")
