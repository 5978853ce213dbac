"""The acts of sellers that concern more than the seller's own rows, and so are not done behind walls; all of them.

Whatever else a seller's page or the API does for a seller, reading or writing, is done as a role that sees and writes
that seller's rows only. These few write by the rights of the marketplace, and are held by their flows' own checks, by
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

#: Route or operation -> why.
FOR_MANY: Mapping[str, str] = {
    **dict.fromkeys(
        ("seller:acceptances", "seller:order_acceptance", "seller:order_cancellation", "seller:works", "accept_work",
         "substitute_line"),
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
}  # fmt: skip
