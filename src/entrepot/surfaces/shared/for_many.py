"""The acts of sellers and shoppers that concern more than their own rows, and so are not done behind walls: all.

Whatever else pages or the API do for a seller or a shopper, reading or writing, is done as a role that sees and writes
the rows of that one only. These few write by the rights of the marketplace, and are held by their flows' own checks, by
keys of (tenant, parent), and by I25 and I31. A page is named as its route, an operation of the API by its id.
"""

from collections.abc import Mapping

_ORDER = "an order is of several sellers: its state and its payment follow from all of its parts"
_PARCEL = (
    "a parcel's hand-over, and what is undone of it, moves goods that may be another's, and takes the order's payment"
)
_RETURN = "a refund is of the order's payment, whoever sold the other lines"
_PRODUCT = "what is sold no more is sold no more by anybody"
_SHEET = "a sheet of tracking numbers hands parcels over"
_BATCH = "orders are placed by the batch of all who wait, which takes everybody's stock, by connections of its own"
_GOODS = "what is not wanted is stock again, is no more work for its sellers, and is let go by the order's payment"
_PERSON = "a person who is forgotten leaves sign-in, sessions, team and audit behind, which no shopper's role may touch"
_PROVIDER = "whoever pays out tells it of any payment, and is known by its signature"
_SELLER = "who applies becomes an organisation, and its first member"

#: Route or operation -> why.
FOR_MANY: Mapping[str, str] = {
    **dict.fromkeys(
        ("seller:acceptances", "seller:order_acceptance", "seller:order_cancellation", "seller:order_absence",
         "seller:works", "accept_work", "substitute_line", "say_missing"),
        _ORDER,
    ),
    **dict.fromkeys(
        ("seller:order_parcels", "seller:parcel_handover", "seller:parcel_unpacking", "seller:parcel_label",
         "seller:parcel_booking", "seller:parcel_cancellation", "seller:parcel_giving_up", "seller:parcel_claim",
         "seller:departures", "seller:scan", "seller:doubts", "seller:manifest_closing", "pack_parcels", "pack_whole",
         "unpack_parcels", "make_labels", "hand_over_parcels", "recapture_parcels", "record_tracking", "book_parcels",
         "cancel_bookings", "close_manifest", "decide_tracking_doubt", "claim_delivery", "decide_claim"),
        _PARCEL,
    ),
    **dict.fromkeys(("seller:return_receipt", "seller:return_refund", "receive_return", "refund_returns"), _RETURN),
    "archive_products": _PRODUCT,
    **dict.fromkeys(("seller:upload_run", "run_upload"), _SHEET),
    **dict.fromkeys(("shop:checkout_order", "place_order"), _BATCH),
    **dict.fromkeys(("shop:order_cancellation", "cancel_order_lines"), _GOODS),
    "shop:account_forgetting": _PERSON,
    "receive_payment_webhook": _PROVIDER,
    "apply_seller": _SELLER,
}  # fmt: skip

#: Reads that concern more, by the same names; no page of a seller is among them.
READS: Mapping[str, str] = {
    "shop:order_access": "a link to the order of somebody who is known leads to where one signs in, and shows nothing",
}
