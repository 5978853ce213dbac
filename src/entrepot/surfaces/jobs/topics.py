"""Who is told what: every topic that a flow appends to the outbox, and the handlers that it is handed to."""

from collections.abc import Callable

from entrepot.surfaces.jobs.mail import tell_shopper

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
}
