"""What the pages of a seller call states and causes; whoever reads is the seller, "you"."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from entrepot.domain.terms import phrases
from entrepot.domain.terms.clauses import Document
from entrepot.surfaces.shared import states
from entrepot.surfaces.shared.components import Text
from entrepot.surfaces.shared.states import Said

SELLERS: Mapping[str, Said] = {
    "applicant": Said(_("Being looked at"), "warn"),
    "active": Said(_("Admitted"), "good"),
    "suspended": Said(_("Suspended"), "bad"),
    "closed": Said(_("Closed")),
}
DOCUMENTS: Mapping[str, Said] = {
    "submitted": Said(_("Being looked at"), "warn"),
    "accepted": Said(_("Accepted"), "good"),
    "refused": Said(_("Refused"), "bad"),
}
#: A paper that is asked for: as handed in last, or missing.
PAPERS: Mapping[str, Said] = {"missing": Said(_("To hand in"), "accent"), **DOCUMENTS}
OFFERS = states.OFFERS
QUOTES: Mapping[str, Said] = {
    "quoted": Said(_("Waiting"), "warn"),
    "countered": Said(_("Counter-offer"), "info"),
    "accepted": Said(_("Agreed"), "good"),
    "refused": Said(_("Refused"), "bad"),
    "expired": Said(_("Expired")),
    "superseded": Said(_("Replaced")),
}
#: What a product may lack before it can be sold.
LACKING = states.LACKING
#: The field of the product's form in which it is written.
LACKING_FIELDS: Mapping[str, str] = {
    "title": "goods-title",
    "category": "goods-category",
    "weight": "goods-weight_g",
    "dimensions": "goods-length_mm",
    "hs_code": "goods-hs_code",
    "origin": "goods-origin_country",
}
WORK = states.WORK
SUBORDERS = states.SUBORDERS
PARCELS = states.PARCELS
EVENTS = states.EVENTS
RETURNS = {**states.RETURNS, "cancelled": Said(_("Kept by the shopper"))}
RETURN_REASONS = states.RETURN_REASONS
DISPOSITIONS = states.DISPOSITIONS
STATEMENTS = states.STATEMENTS
PAYOUTS: Mapping[str, Said] = {
    "about_to": Said(_("Being sent"), "warn"),
    "in_transit": Said(_("On its way to your bank"), "info"),
    "done": Said(_("Paid out"), "good"),
    "failed": Said(_("Came back"), "bad"),
}
NODES: Mapping[str, Text] = {
    "seller_premises": _("Your premises"),
    "platform_consolidation": _("Consolidation warehouse of the marketplace"),
    "third_party_overseas": _("Partner's warehouse overseas"),
    "platform_overseas": _("Warehouse of the marketplace overseas"),
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
    "title_out": _("Sold to the marketplace"),
    "title_in": _("Taken over by the marketplace"),
}
CONDITIONS = states.CONDITIONS


def document(kind: str) -> str:
    """A paper in words, as it stands at the beginning of a line; one that nobody named as it stands."""
    text = str(phrases.DOCUMENTS[Document(kind)]) if kind in set(Document) else kind.replace("_", " ")
    for article in ("a ", "an ", "the "):
        text = text.removeprefix(article)
    return text[:1].upper() + text[1:]


def missing(name: str) -> tuple[Text, str]:
    """What a product lacks in words, and the field in which to write it."""
    return LACKING.get(name, name), LACKING_FIELDS.get(name, "variants")


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
