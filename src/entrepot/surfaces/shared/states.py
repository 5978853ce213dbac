"""States and causes in words that every surface uses; where one speaks otherwise, it says so over these."""

from collections.abc import Mapping
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from entrepot.surfaces.shared.components import Text, Tone


class Said(NamedTuple):
    """A state in words, with the tone of its badge."""

    label: Text
    tone: Tone = "neutral"


OFFERS: Mapping[str, Said] = {
    "draft": Said(_("Draft"), "warn"),
    "live": Said(_("On sale"), "good"),
    "paused": Said(_("Paused")),
    "archived": Said(_("Archived")),
}
LACKING: Mapping[str, Text] = {
    "title": _("a title"),
    "category": _("a category"),
    "sku": _("a SKU"),
    "weight": _("the weight"),
    "dimensions": _("length, width and height"),
    "hs_code": _("the HS code"),
    "origin": _("the country of origin"),
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
    "sent_elsewhere": Said(_("Sent from another warehouse"), "warn"),
    "missing": Said(_("Not found where they should stand"), "bad"),
    "return_requested": Said(_("Return asked for"), "warn"),
    "return_received": Said(_("Return received"), "accent"),
    "refunded": Said(_("Refunded to the shopper"), "warn"),
    "late": Said(_("Past its deadline"), "bad"),
    "goods_came": Said(_("Its goods have come to the node"), "accent"),
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
    "arrived_late": _("Arrived too late"),
}
DISPOSITIONS: Mapping[str, Text] = {
    "restock": _("Put back on sale"),
    "to_owner": _("Keep aside for the owner"),
    "discard": _("Discard"),
}
STATEMENTS: Mapping[str, Said] = {"issued": Said(_("Issued"), "info"), "paid": Said(_("Paid"), "good")}
CONDITIONS: Mapping[str, Text] = {"new": _("New"), "opened": _("Opened"), "damaged": _("Damaged")}
