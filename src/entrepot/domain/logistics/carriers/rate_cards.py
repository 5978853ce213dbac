"""Carriers of whom we hold a price list and nothing else: quotes by rate cards, labels and manifests by our own hand.

They speak no protocol: a booking is a promise among people, so it always holds, and its parcel's number is the
tracking number. Scans reach us by the desk, the interface or a sheet.
"""

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from entrepot.domain.logistics import freight, publishing
from entrepot.domain.logistics.cards import Mode
from entrepot.domain.logistics.carriers.interface import (
    Answer,
    Cancellation,
    Carrier,
    Closing,
    Consignment,
    Outcome,
    Quote,
    Sighting,
)


class RateCards(Carrier):
    """A carrier by its rate cards; with a name only cards of that carrier count."""

    kind = "rate_cards"
    label = _("Rate cards")
    tracks = False

    def __init__(self, carrier: str = "") -> None:
        self.carrier = carrier

    def quote(self, consignment: Consignment) -> list[Quote]:
        day = consignment.at.date()
        cards = [
            card
            for card in publishing.list_cards(on=day)
            if card.mode is Mode.PARCEL and (not self.carrier or card.carrier == self.carrier)
        ]
        asked = freight.Consignment(
            origin=consignment.sender.country,
            destination=consignment.recipient.country,
            postcode=consignment.recipient.postcode,
            weight_g=consignment.weight_g,
            sides_mm=consignment.sides_mm,
            day=day,
        )
        [found] = freight.quote([asked], cards)
        return [
            Quote(each.card.service, each.card.card.currency, each.total_minor, each.transit_days,
                  freight.REFUSED.get(each.refusal, each.refusal))
            for each in found
        ]  # fmt: skip

    def book(self, consignment: Consignment) -> Answer:
        offers = [
            each
            for each in self.quote(consignment)
            if not each.refusal and (not consignment.service or each.service == consignment.service)
        ]
        cost, currency = (offers[0].cost_minor, offers[0].currency) if offers else (None, "")
        number = consignment.number
        return Answer(consignment.key, Outcome.DONE, number, number, cost, currency)

    def cancel(self, cancellation: Cancellation) -> Answer:
        return Answer(cancellation.key, Outcome.DONE, cancellation.reference)

    def lookup(self, key: str, at: datetime) -> Answer | None:
        """Nobody keeps a book, and asking again does no harm."""
        return None

    def track(self, numbers: Sequence[str], at: datetime) -> list[Sighting]:
        return []

    def manifest(self, closing: Closing) -> Answer:
        return Answer(closing.key, Outcome.DONE, closing.key)
