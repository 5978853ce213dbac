"""Who is told what: every topic that a flow appends to the outbox, and the handlers that it is handed to.

A letter is the template `mail/<topic>.txt`. A topic that nobody is to be told of has no handlers, and says why.
"""

from collections.abc import Callable

from entrepot.surfaces.jobs.mail import tell_seller, tell_shopper

Handler = Callable[..., None]

HANDLERS: dict[str, tuple[Handler, ...]] = {
    "order.placed": (tell_shopper,),
    "order.declined": (tell_shopper,),
    "order.address_changed": (tell_shopper,),
    "order.substituted": (tell_shopper,),
    "order.cancelled": (tell_shopper,),
    "parcel.handed_over": (tell_shopper,),
    "parcel.delivered": (tell_shopper,),
    "parcel.lost": (tell_shopper,),
    "return.requested": (tell_shopper,),
    "return.refunded": (tell_shopper,),
    "seller.applied": (tell_seller,),
    "seller.admitted": (tell_seller,),
    "seller.suspended": (tell_seller,),
    "seller.closed": (tell_seller,),
    "enrolment.accepted": (tell_seller,),
    "enrolment.ended": (tell_seller,),
    "offer.live": (),  # whoever did it sees it on the same page
    "offer.paused": (),
    "offer.archived": (),
    "statement.issued": (tell_seller,),
    "payout.sent": (tell_seller,),
    "payout.paid": (),  # the letter went out with the money
}
