"""What the pages of a seller call states and causes; whoever reads is the seller, "you"."""

from collections.abc import Mapping
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from entrepot.domain.terms import phrases
from entrepot.domain.terms.clauses import Document
from entrepot.surfaces.shared.components import Text, Tone


class Said(NamedTuple):
    """A state in words, with the tone of its badge."""

    label: Text
    tone: Tone = "neutral"


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
OFFERS: Mapping[str, Said] = {
    "draft": Said(_("Draft"), "warn"),
    "live": Said(_("On sale"), "good"),
    "paused": Said(_("Paused")),
    "archived": Said(_("Archived")),
}
QUOTES: Mapping[str, Said] = {
    "quoted": Said(_("Waiting"), "warn"),
    "countered": Said(_("Counter-offer"), "info"),
    "accepted": Said(_("Agreed"), "good"),
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
    "dimensions": _("length, width and height"),
    "hs_code": _("the HS code"),
    "origin": _("the country of origin"),
}
#: The field of the product's form in which it is written.
LACKING_FIELDS: Mapping[str, str] = {
    "title": "goods-title",
    "category": "goods-category",
    "weight": "goods-weight_g",
    "dimensions": "goods-length_mm",
    "hs_code": "goods-hs_code",
    "origin": "goods-origin_country",
}
WORK: Mapping[str, Said] = {
    "waiting": Said(_("To accept"), "warn"),
    "accepted": Said(_("To pack"), "info"),
    "packed": Said(_("To hand over"), "accent"),
    "done": Said(_("Done"), "good"),
    "cancelled": Said(_("Cancelled")),
}
SUBORDERS: Mapping[str, Said] = {
    "open": Said(_("To ship"), "warn"),
    "shipped": Said(_("On its way"), "info"),
    "delivered": Said(_("Delivered"), "good"),
    "lost": Said(_("Lost"), "bad"),
    "cancelled": Said(_("Cancelled")),
}
PARCELS: Mapping[str, Said] = {
    "packed": Said(_("Packed"), "info"),
    "handed_over": Said(_("On its way"), "info"),
    "delivered": Said(_("Delivered"), "good"),
    "lost": Said(_("Lost"), "bad"),
    "cancelled": Said(_("Taken apart")),
}
EVENTS: Mapping[str, Said] = {
    "placed": Said(_("Ordered"), "accent"),
    "declined": Said(_("Payment declined"), "bad"),
    "accepted": Said(_("Work accepted"), "accent"),
    "packed": Said(_("Packed"), "accent"),
    "unpacked": Said(_("Taken out of the parcel"), "warn"),
    "handed_over": Said(_("Handed to the carrier"), "accent"),
    "tracking": Said(_("Scanned"), "accent"),
    "delivered": Said(_("Delivered"), "good"),
    "lost": Said(_("Lost on the way"), "bad"),
    "cancelled": Said(_("Cancelled"), "bad"),
    "address_changed": Said(_("Address changed"), "warn"),
    "substituted": Said(_("Replaced by another product"), "warn"),
    "return_requested": Said(_("Return asked for"), "warn"),
    "return_received": Said(_("Return received"), "accent"),
    "refunded": Said(_("Refunded to the shopper"), "warn"),
    "late": Said(_("Past its deadline"), "bad"),
}
RETURNS: Mapping[str, Said] = {
    "requested": Said(_("Announced"), "warn"),
    "in_transit": Said(_("On its way back"), "info"),
    "received": Said(_("Received, to refund"), "warn"),
    "refunded": Said(_("Refunded"), "good"),
    "cancelled": Said(_("Kept by the shopper")),
}
RETURN_REASONS: Mapping[str, Text] = {
    "changed_mind": _("Changed their mind"),
    "damaged": _("Arrived damaged"),
    "defective": _("Does not work"),
    "not_as_described": _("Not as described"),
    "wrong_item": _("Wrong item"),
    "arrived_late": _("Arrived too late"),
}
DISPOSITIONS: Mapping[str, Text] = {
    "restock": _("Put back on sale"),
    "to_owner": _("Keep aside for the owner"),
    "discard": _("Discard"),
}
STATEMENTS: Mapping[str, Said] = {"issued": Said(_("Issued"), "info"), "paid": Said(_("Paid"), "good")}
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
    "adjusted": _("Adjusted"),
    "title_out": _("Sold to the marketplace"),
    "title_in": _("Taken over by the marketplace"),
}
CONDITIONS: Mapping[str, Text] = {"new": _("New"), "opened": _("Opened"), "damaged": _("Damaged")}
#: Conditions of a programme that are not met, by their name in the programme.
UNMET: Mapping[str, Text] = {
    "tier": _("A better standing: {wanted}; yours is {found}"),
    "documents": _("A document: {wanted}"),
    "stock_in_market": _("Stock at a warehouse in this market"),
    "skus_min": _("At least {wanted} articles that are ready for sale; you have {found}"),
    "training": _("A training: {wanted}"),
}


def document(kind: str) -> str:
    """A paper in words, as it stands at the beginning of a line; one that nobody named as it stands."""
    text = str(phrases.DOCUMENTS[Document(kind)]) if kind in set(Document) else kind.replace("_", " ")
    for article in ("a ", "an ", "the "):
        text = text.removeprefix(article)
    return text[:1].upper() + text[1:]


def missing(name: str) -> tuple[Text, str]:
    """What a product lacks in words, and the field in which to write it."""
    return LACKING.get(name, name), LACKING_FIELDS.get(name, "variants")
