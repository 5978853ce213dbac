"""What the shop says: reasons, parties, states and countries in plain words. Whoever reads is the shopper."""

from collections.abc import Mapping
from datetime import date

from django.utils.formats import date_format
from django.utils.translation import get_language, gettext, ngettext, pgettext
from django.utils.translation import gettext_lazy as _

from entrepot.surfaces.shared.components import Text, Tone

#: Why an offer is shown first, by the step of the one rule that decided.
FIRST_BECAUSE: Mapping[str, Text] = {
    "only_offer": _("It is the only offer."),
    "in_stock": _("It is in stock and the others are not."),
    "lowest_landed_price": _("It costs the least with everything: delivery, tax and customs duty."),
    "earliest_promise": _("It costs the same as the next one and arrives sooner."),
    "seller_tier": _("It costs and arrives like the next one, and its seller has the better standing."),
    "listed_first": _("It costs and arrives like the next one, and has been on sale for longer."),
}

#: What an order is told to be, with a tone.
ORDER_STATES: Mapping[str, tuple[Text, Tone]] = {
    "pending": (_("Waiting for the payment"), "warn"),
    "declined": (_("Not paid"), "bad"),
    "placed": (_("Placed"), "info"),
    "part_cancelled": (_("Placed, in part cancelled"), "info"),
    "part_shipped": (_("On its way in part"), "info"),
    "shipped": (_("On its way"), "info"),
    "part_delivered": (_("Delivered in part"), "info"),
    "delivered": (_("Delivered"), "good"),
    "lost": (_("Lost on the way"), "bad"),
    "returned": (_("Returned"), "neutral"),
    "cancelled": (_("Cancelled"), "neutral"),
}

PARCEL_STATES: Mapping[str, tuple[Text, Tone]] = {
    "packed": (_("Packed"), "neutral"),
    "handed_over": (_("On its way"), "info"),
    "delivered": (_("Delivered"), "good"),
    "lost": (_("Lost"), "bad"),
}

TRACKING: Mapping[str, tuple[Text, Tone]] = {
    "label_made": (_("The label was made"), "accent"),
    "handed_over": (_("Handed to the carrier"), "accent"),
    "in_transit": (_("On its way"), "accent"),
    "customs": (_("At customs"), "accent"),
    "out_for_delivery": (_("Out for delivery"), "accent"),
    "delivered": (_("Delivered"), "good"),
    "exception": (_("Something holds it up"), "warn"),
    "lost": (_("Lost on the way"), "bad"),
}

#: What is told of what happened to an order; the rest is between those who work on it.
EVENTS: Mapping[str, tuple[Text, Tone]] = {
    "placed": (_("Ordered"), "accent"),
    "declined": (_("The payment came to nothing"), "bad"),
    "accepted": (_("Being prepared"), "accent"),
    "packed": (_("Packed"), "accent"),
    "handed_over": (_("Handed to the carrier"), "accent"),
    "delivered": (_("Delivered"), "good"),
    "lost": (_("Lost on the way"), "bad"),
    "cancelled": (_("Cancelled"), "warn"),
    "address_changed": (_("Goes to another address"), "accent"),
    "substituted": (_("Replaced by something else"), "warn"),
    "sent_elsewhere": (_("Comes from another warehouse"), "accent"),
    "return_requested": (_("To be sent back"), "accent"),
    "return_received": (_("Came back"), "accent"),
    "refunded": (_("Refunded"), "good"),
    "late": (_("Running late"), "warn"),
    "goods_came": (_("The goods have come to the warehouse"), "good"),
}

RETURN_STATES: Mapping[str, tuple[Text, Tone]] = {
    "requested": (_("Waiting for you to send it"), "warn"),
    "in_transit": (_("On its way back"), "info"),
    "received": (_("Has come back; the refund follows"), "info"),
    "refunded": (_("Refunded"), "good"),
    "cancelled": (_("You keep it"), "neutral"),
}

RETURN_REASONS: Mapping[str, Text] = {
    "changed_mind": _("I changed my mind"),
    "damaged": _("It arrived damaged"),
    "defective": _("It does not work"),
    "not_as_described": _("It is not as described"),
    "wrong_item": _("It is not what I ordered"),
    "arrived_late": _("It arrived too late"),
}

#: Why a payment came to nothing, where the reason says more than that.
DECLINED: Mapping[str, Text] = {
    "card_declined": _("The card was declined. Nothing was charged."),
    "goods_gone": _("The goods were sold while the payment was under way. Nothing was charged."),
    "expired": _("The payment did not arrive in time."),
    "abandoned": _("The payment was not completed. Nothing was charged."),
}
DECLINED_OTHERWISE = _("The payment did not go through. Nothing was charged.")

#: Why money goes back.
REFUNDED: Mapping[str, Text] = {
    "return": _("Sent back"),
    "lost": _("Lost on the way"),
    "cancelled": _("Cancelled"),
    "substituted": _("Replaced"),
}
REFUNDED_OTHERWISE = _("Given back")

#: Who bears the cost of a voucher, as a note beside it.
FUNDED_BY: Mapping[str, Text] = {
    "platform": _("paid by the marketplace"),
    "seller": _("paid by the seller"),
}

#: What a border takes.
BORDER_PARTS: Mapping[str, Text] = {
    "customs_duty": _("Customs duty"),
    "additional_duty": _("Additional customs duty"),
    "flat_duty": _("Flat customs duty"),
    "processing_fee": _("Processing fee"),
    "harbour_fee": _("Harbour fee"),
    "handling_fee": _("Handling fee"),
    "import_tax": _("Import tax"),
}
#: What it is a share of, within a sentence.
BASES: Mapping[str, Text] = {
    "goods": _("goods"),
    "freight": _("delivery"),
    "insurance": _("insurance"),
    "customs_duty": _("customs duty"),
    "additional_duty": _("additional customs duty"),
    "flat_duty": _("flat customs duty"),
    "processing_fee": _("processing fee"),
    "handling_fee": _("handling fee"),
}
#: Who collects it.
COLLECTORS: Mapping[str, Text] = {
    "border": _("collected by customs; paid for you"),
    "platform": _("collected by the marketplace"),
    "seller": _("collected by the seller"),
}
#: The parts of a way, by the task that each of them is.
COMING = _("On their way to the warehouse")
SEGMENTS: Mapping[str, Text] = {
    "packaging_and_label": _("Packed and handed over"),
    "first_mile": _("To the place of departure"),
    "consolidation": _("Put together with other parcels"),
    "quality_inspection": _("Inspected"),
    "line_haul": _("The long way"),
    "customs": _("Customs"),
    "last_mile": _("To your door"),
}

#: Countries that goods leave from or go to; another one is shown by its code.
COUNTRIES: Mapping[str, Text] = {
    "AT": _("Austria"), "BR": _("Brazil"), "CN": _("China"), "CZ": _("Czechia"), "DE": _("Germany"),
    "ES": _("Spain"), "FR": _("France"), "GB": _("the United Kingdom"), "HK": _("Hong Kong"), "IN": _("India"),
    "IT": _("Italy"), "JP": _("Japan"), "KR": _("South Korea"), "MX": _("Mexico"), "NL": _("the Netherlands"),
    "PL": _("Poland"), "PT": _("Portugal"), "TR": _("Türkiye"), "US": _("the United States"), "VN": _("Vietnam"),
}  # fmt: skip


def country(code: str) -> str:
    """The country's name, as it stands in a sentence after "in" or "from"."""
    return str(COUNTRIES.get(code, code))


def in_language(texts: Mapping[str, str], otherwise: str = "") -> str:
    """The text in the active language, or its main language, or English, or any."""
    language = (get_language() or "en").lower()
    for each in (language, language.partition("-")[0], "en"):
        if texts.get(each):
            return texts[each]
    return next(iter(texts.values()), otherwise)


def span(first: date, last: date) -> str:
    """A span of days: "9–12 March", "28 February – 3 March"."""
    whole = pgettext("day and month", "j F")
    if first == last:
        return date_format(first, whole)
    day = whole.partition(" ")[0]
    if (first.year, first.month) == (last.year, last.month) and day.startswith("j"):
        return f"{date_format(first, day)}–{date_format(last, whole)}"
    return f"{date_format(first, whole)} – {date_format(last, whole)}"


def coming(by: str, ready_on: date) -> str:
    """That goods are still on their way to where they leave from, how, and when they are expected there."""
    said = {
        "sea": gettext("These goods are on their way to the warehouse by sea and expected there on {day}."),
        "air": gettext("These goods are on their way to the warehouse by air and expected there on {day}."),
        "rail": gettext("These goods are on their way to the warehouse by rail and expected there on {day}."),
    }
    plain = gettext("These goods are on their way to the warehouse and expected there on {day}.")
    return said.get(by, plain).format(day=span(ready_on, ready_on))


def stock(units: int) -> tuple[str, Tone]:
    """How many there are, as far as a shopper needs to know."""
    if units <= 0:
        return gettext("Sold out"), "bad"
    if units <= 5:
        return ngettext("Only {units} left", "Only {units} left", units).format(units=units), "warn"
    return gettext("In stock"), "good"
