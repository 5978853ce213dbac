"""What the desk calls states, parties and acts; whoever reads is the operator or a partner."""

from collections.abc import Mapping

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from entrepot.surfaces.shared import states
from entrepot.surfaces.shared.components import Text
from entrepot.surfaces.shared.states import Said

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
OFFERS = states.OFFERS
QUOTES: Mapping[str, Said] = {
    "quoted": Said(_("Quoted"), "warn"),
    "countered": Said(_("Countered"), "info"),
    "accepted": Said(_("Accepted"), "good"),
    "refused": Said(_("Refused"), "bad"),
    "expired": Said(_("Expired")),
    "superseded": Said(_("Replaced")),
}
#: What a product may lack before it can be sold.
LACKING = states.LACKING
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
SUBORDERS = states.SUBORDERS
WORK = states.WORK
PARCELS = states.PARCELS
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
EVENTS = {
    **states.EVENTS,
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
RETURNS = states.RETURNS
RETURN_REASONS = states.RETURN_REASONS
DISPOSITIONS = states.DISPOSITIONS
STATEMENTS = states.STATEMENTS
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
    "sent_back": _("Sent back to the seller"),
    "adjusted": _("Adjusted"),
    "title_out": _("Title passed on"),
    "title_in": _("Title taken over"),
}
CONDITIONS = states.CONDITIONS
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


#: What became of a node when goods were routed.
VERDICTS: Mapping[str, Text] = {
    "chosen": _("Taken"),
    "not_needed": _("Could send all of it, at this cost"),
    "short": _("Not all of it stands there"),
    "not_their_node": _("By the terms this node does not ship it"),
    "not_from_there": _("By the terms it does not ship from that country"),
    "excluded": _("A rule excludes it"),
    "no_service": _("Nobody carries it from there"),
    "too_late": _("Would arrive too late"),
    "full": _("Has no room left"),
}
