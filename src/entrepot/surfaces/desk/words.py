"""What the desk calls states, parties and acts; whoever reads is the operator or a partner."""

from collections.abc import Mapping
from typing import NamedTuple

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from entrepot.surfaces.shared.components import Text, Tone


class Said(NamedTuple):
    """A state in words, with the tone of its badge."""

    label: Text
    tone: Tone = "neutral"


VERSIONS: Mapping[str, Said] = {
    "draft": Said(_("Draft"), "warn"),
    "published": Said(_("Published"), "good"),
    "archived": Said(_("Archived")),
}
SELLERS: Mapping[str, Said] = {
    "applicant": Said(_("Applicant"), "warn"),
    "active": Said(_("Active"), "good"),
    "suspended": Said(_("Suspended"), "bad"),
    "closed": Said(_("Closed")),
}
SELLER_DOCUMENTS: Mapping[str, Said] = {
    "submitted": Said(_("Waiting"), "warn"),
    "accepted": Said(_("Accepted"), "good"),
    "refused": Said(_("Refused"), "bad"),
}
PRODUCTS: Mapping[str, Said] = {
    "draft": Said(_("Draft"), "warn"),
    "active": Said(_("Active"), "good"),
    "archived": Said(_("Archived")),
}
OFFERS: Mapping[str, Said] = {
    "draft": Said(_("Draft"), "warn"),
    "live": Said(_("On sale"), "good"),
    "paused": Said(_("Paused")),
    "archived": Said(_("Archived")),
}
QUOTES: Mapping[str, Said] = {
    "quoted": Said(_("Quoted"), "warn"),
    "countered": Said(_("Countered"), "info"),
    "accepted": Said(_("Accepted"), "good"),
    "refused": Said(_("Refused"), "bad"),
    "expired": Said(_("Expired")),
    "superseded": Said(_("Replaced")),
}
#: What a product may lack before it can be sold.
LACKING: Mapping[str, Text] = {
    "title": _("a title"),
    "category": _("a category"),
    "sku": _("a SKU"),
    "weight": _("the weight"),
    "dimensions": _("the dimensions"),
    "hs_code": _("the HS code"),
    "origin": _("the country of origin"),
}
ORDERS: Mapping[str, Said] = {
    "pending": Said(_("Waiting for payment"), "warn"),
    "declined": Said(_("Not paid"), "bad"),
    "placed": Said(_("To ship"), "info"),
    "part_cancelled": Said(_("To ship, part cancelled"), "info"),
    "part_shipped": Said(_("Shipped in part"), "info"),
    "shipped": Said(_("Shipped"), "info"),
    "part_delivered": Said(_("Delivered in part"), "info"),
    "delivered": Said(_("Delivered"), "good"),
    "lost": Said(_("Lost"), "bad"),
    "returned": Said(_("Returned")),
    "cancelled": Said(_("Cancelled")),
}
SUBORDERS: Mapping[str, Said] = {
    "open": Said(_("To ship"), "warn"),
    "shipped": Said(_("Shipped"), "info"),
    "delivered": Said(_("Delivered"), "good"),
    "lost": Said(_("Lost"), "bad"),
    "cancelled": Said(_("Cancelled")),
}
WORK: Mapping[str, Said] = {
    "waiting": Said(_("To accept"), "warn"),
    "accepted": Said(_("To pack"), "info"),
    "packed": Said(_("To hand over"), "accent"),
    "done": Said(_("Done"), "good"),
    "cancelled": Said(_("Cancelled")),
}
PARCELS: Mapping[str, Said] = {
    "packed": Said(_("Packed"), "info"),
    "handed_over": Said(_("On its way"), "info"),
    "delivered": Said(_("Delivered"), "good"),
    "lost": Said(_("Lost"), "bad"),
    "cancelled": Said(_("Taken apart")),
}
TRACKING: Mapping[str, Said] = {
    "label_made": Said(_("Label made")),
    "handed_over": Said(_("Handed over"), "accent"),
    "in_transit": Said(_("On its way"), "accent"),
    "customs": Said(_("At customs"), "accent"),
    "out_for_delivery": Said(_("Out for delivery"), "accent"),
    "delivered": Said(_("Delivered"), "good"),
    "exception": Said(_("Held up"), "warn"),
    "lost": Said(_("Lost"), "bad"),
}
ORIGINS: Mapping[str, Text] = {"carrier": _("scanned by the carrier"), "claim": _("said, not scanned")}
EVENTS: Mapping[str, Said] = {
    "placed": Said(_("Placed"), "accent"),
    "declined": Said(_("Payment declined"), "bad"),
    "accepted": Said(_("Work accepted"), "accent"),
    "packed": Said(_("Packed"), "accent"),
    "unpacked": Said(_("Taken out of the parcel"), "warn"),
    "handed_over": Said(_("Handed over"), "accent"),
    "tracking": Said(_("Scanned"), "accent"),
    "delivered": Said(_("Delivered"), "good"),
    "lost": Said(_("Lost on the way"), "bad"),
    "cancelled": Said(_("Cancelled"), "bad"),
    "address_changed": Said(_("Address changed"), "warn"),
    "substituted": Said(_("Replaced by another product"), "warn"),
    "return_requested": Said(_("Return asked for"), "warn"),
    "return_received": Said(_("Return received"), "accent"),
    "refunded": Said(_("Refunded"), "good"),
    "late": Said(_("Late"), "warn"),
}
PAYMENTS: Mapping[str, Said] = {
    "about_to": Said(_("Being asked for"), "warn"),
    "pending": Said(_("Pending"), "warn"),
    "authorised": Said(_("Authorised"), "good"),
    "declined": Said(_("Declined"), "bad"),
    "unknown": Said(_("Not answered"), "warn"),
}
CALLS: Mapping[str, Said] = {
    "about_to": Said(_("Being asked for"), "warn"),
    "done": Said(_("Done"), "good"),
    "failed": Said(_("Failed"), "bad"),
    "unknown": Said(_("Not answered"), "warn"),
}
RETURNS: Mapping[str, Said] = {
    "requested": Said(_("Announced"), "warn"),
    "in_transit": Said(_("On its way back"), "info"),
    "received": Said(_("Received, to refund"), "warn"),
    "refunded": Said(_("Refunded"), "good"),
    "cancelled": Said(_("Cancelled")),
}
RETURN_REASONS: Mapping[str, Text] = {
    "changed_mind": _("Changed their mind"),
    "damaged": _("Arrived damaged"),
    "defective": _("Does not work"),
    "not_as_described": _("Not as described"),
    "wrong_item": _("Wrong item"),
    "arrived_late": _("Arrived late"),
}
DISPOSITIONS: Mapping[str, Text] = {
    "restock": _("Put back on sale"),
    "discard": _("Discard"),
    "to_owner": _("Keep for the owner"),
}
STATEMENTS: Mapping[str, Said] = {"issued": Said(_("Issued"), "info"), "paid": Said(_("Paid"), "good")}
PAYOUTS: Mapping[str, Said] = {
    "about_to": Said(_("Being sent"), "warn"),
    "in_transit": Said(_("On its way"), "info"),
    "done": Said(_("Paid"), "good"),
    "failed": Said(_("Came back"), "bad"),
}
APPROVALS: Mapping[str, Said] = {
    "pending": Said(_("Waits for a second person"), "warn"),
    "approved": Said(_("Approved"), "good"),
    "refused": Said(_("Refused"), "bad"),
}
APPROVAL_KINDS: Mapping[str, Text] = {"ledger.correct": _("Correction of the books")}
NODES: Mapping[str, Text] = {
    "seller_premises": _("Seller's premises"),
    "platform_consolidation": _("Consolidation warehouse"),
    "third_party_overseas": _("Partner's warehouse overseas"),
    "platform_overseas": _("Own warehouse overseas"),
    "bonded": _("Bonded warehouse"),
}
MOVEMENTS: Mapping[str, Text] = {
    "opening": _("Opening stock"),
    "received": _("Received"),
    "shipped": _("Shipped"),
    "returned": _("Returned"),
    "discarded": _("Discarded"),
    "adjusted": _("Adjusted"),
    "title_out": _("Title passed on"),
    "title_in": _("Title taken over"),
}
CONDITIONS: Mapping[str, Text] = {"new": _("New"), "opened": _("Opened"), "damaged": _("Damaged")}
CONFIDENCE: Mapping[str, Said] = {
    "A": Said(_("A · the model's own documents"), "good"),
    "B": Said(_("B · press, or several sources that agree"), "info"),
    "C": Said(_("C · a single trade article"), "warn"),
    "D": Said(_("D · sources contradict each other"), "bad"),
    "inference": Said(_("Inferred, nobody says it"), "neutral"),
}
NATURES: Mapping[str, Text] = {
    "asset": _("Assets"),
    "liability": _("Owed to others"),
    "revenue": _("Revenue"),
    "cost": _("Costs"),
    "clearing": _("On its way"),
}


def languages() -> list[str]:
    """In which languages texts of goods are looked for: the page's, then English."""
    return list(dict.fromkeys([(get_language() or "en").lower(), "en"]))
