"""The chart in plain words."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

#: What the money of an account is.
ACCOUNTS: Mapping[str, Promise] = {
    "provider": _("held by the payment provider"),
    "bank": _("the marketplace's bank account"),
    "stock_owned": _("goods that the marketplace owns"),
    "shopper_funds": _("paid by shoppers and not yet earned"),
    "seller_payable": _("the seller's balance"),
    "seller_reserve": _("kept back from the seller for a while"),
    "tax_payable": _("sales tax owed to the tax office"),
    "customs_payable": _("customs duty owed"),
    "carrier_payable": _("owed to the carrier or warehouse"),
    "carrier_billed": _("billed by the carrier and accepted"),
    "payout_in_transit": _("on its way to the seller's bank"),
    "exchange": _("exchanged between currencies"),
    "revenue_sales": _("the marketplace's own sales"),
    "revenue_commission": _("commission"),
    "revenue_fee": _("fees"),
    "revenue_shipping": _("shipping paid by shoppers"),
    "cost_goods": _("goods bought from sellers"),
    "cost_carriage": _("carriage that the marketplace bears"),
    "cost_handling": _("handling that the marketplace bears"),
    "cost_storage": _("storage that the marketplace bears"),
    "cost_payment": _("payment costs that the marketplace bears"),
    "cost_customs_duty": _("customs duty that the marketplace bears"),
    "cost_subsidy": _("discounts that the marketplace funds"),
    "cost_incentive": _("incentives for sellers"),
    "cost_refund": _("refund costs that the marketplace bears"),
    "cost_rounding": _("rounding"),
}

#: What happened, by the kind of the journal.
JOURNALS: Mapping[str, Promise] = {
    "capture": _("Payment taken"),
    "handover": _("Parcel handed over"),
    "accrual": _("Delivered: earned"),
    "receipt": _("Goods received: earned"),
    "period": _("Period closed: earned"),
    "refund": _("Money refunded"),
    "reversal": _("Goods returned: undone"),
    "liability": _("Return costs moved to who answers for them"),
    "reserve": _("Reserve kept back"),
    "release": _("Reserve released"),
    "payout": _("Payout sent"),
    "payout_confirmed": _("Payout confirmed"),
    "payout_failed": _("Payout came back"),
    "landing": _("Way of a shipment paid"),
    "vendor_return": _("Goods sent back or disposed of"),
    "inbound_charge": _("Way of a shipment charged to its seller"),
    "carrier_bill": _("Line of a carrier's bill accepted"),
    "carrier_payment": _("Carrier paid"),
    "adjustment": _("Own stock corrected after a count"),
    "correction": _("Corrected by hand"),
}


def account(kind: str, label: str = "") -> str:
    """An account in plain words, with its label."""
    said = str(ACCOUNTS.get(kind, kind))
    return f"{said} ({label})" if label else said


def movement(source: str, destination: str) -> str:
    """Where money went, in plain words."""
    return _("from “%(source)s” to “%(destination)s”") % {
        "source": account(source),
        "destination": account(destination),
    }
