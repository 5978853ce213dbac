"""The parts of money in plain words, as a seller reads them on a statement."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

#: What a part is, by its code or the first word of it.
PARTS: Mapping[str, Promise] = {
    "sale": _("Sale to the shopper, without tax"),
    "earning": _("Goods sold, without tax"),
    "supply": _("Supply price"),
    "stock": _("Goods taken from the marketplace's own stock"),
    "receipt": _("Goods bought on receipt"),
    "tax": _("Sales tax"),
    "shipping": _("Shipping paid by the shopper"),
    "customs": _("Customs duty paid by the shopper"),
    "subsidy_earning": _("Discount funded by the marketplace"),
    "subsidy_sale": _("Discount funded by the marketplace"),
    "promotion": _("Discount funded by the seller"),
    "commission": _("Commission"),
    "cash": _("Cash for the first orders"),
    "payment": _("Payment costs"),
    "fee": _("Fee"),
    "carriage": _("Carriage"),
    "carriage_shared": _("Share of the seller's carriage"),
    "billed": _("Carriage billed otherwise than planned"),
    "billed_weight": _("Parcel weighed again by the carrier"),
    "handling": _("Handling"),
    "storage": _("Storage"),
    "label_subsidy": _("Help with the label"),
    "moved": _("Costs of the way there, after a return"),
    "customs_back": _("Customs duty given back"),
    "label": _("Return label"),
    "label_shared": _("Return label of the seller"),
    "goods": _("Goods that are lost"),
    "owned_goods": _("Goods of the marketplace that are lost"),
    "refund_admin": _("Administration of the refund"),
    "capture": _("Payment taken"),
    "refund": _("Money refunded"),
    "reserve": _("Kept back"),
    "release": _("Released"),
    "payout": _("Payout sent"),
    "payout_confirmed": _("Payout confirmed"),
    "payout_failed": _("Payout that came back"),
    "carrier_payment": _("Carrier paid"),
    "inbound": _("Way of goods to the warehouse"),
    "back": _("Goods sent back to the seller"),
    "adjustment": _("Own stock found or missing"),
    "correction": _("Correction"),
}

#: Why it accrued.
EVENTS: Mapping[str, Promise] = {
    "delivery": _("delivered"),
    "undelivered": _("handed over long ago and taken for delivered"),
    "period": _("end of the period"),
    "receipt": _("received by the marketplace"),
    "inbound_cost": _("billed for the way of a shipment"),
    "vendor_return": _("goods went back to the seller"),
    "handover": _("handed over to the carrier"),
    "carrier_bill": _("billed by the carrier"),
    "return": _("returned by the shopper"),
    "loss": _("lost on the way"),
    "correction": _("corrected by the marketplace"),
}


def part(code: str) -> str:
    """A part in plain words; a fee with the programme's own code."""
    known, _dot, rest = code.partition(".")
    said = str(PARTS.get(known, known))
    if known == "correction" and rest and not rest.isdecimal():
        return gettext("%(correction)s: %(part)s") % {"correction": said, "part": part(rest)}
    if known in ("inbound", "back") and rest:
        return gettext("%(way)s: %(kind)s") % {"way": said, "kind": rest.replace("_", " ")}
    if known == "fee" and rest:
        return gettext("%(fee)s: %(name)s") % {"fee": said, "name": rest.replace("_", " ")}
    return said


def event(kind: str) -> str:
    """An event in plain words."""
    return str(EVENTS.get(kind, kind))
