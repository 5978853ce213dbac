"""The kinds of carriers of this installation, and the carrier that stands behind a name.

A carrier is what parcels call it ("Rhein Paket"). One without an account is a price list: we print the label, people
carry the parcel. An account makes it a sandbox or a live connection.
"""

from collections.abc import Callable, Mapping
from typing import Any

from entrepot.domain.logistics.carriers.interface import (
    Address,
    Answer,
    Cancellation,
    Carrier,
    Closing,
    Consignment,
    Item,
    Outcome,
    Quote,
    Sighting,
    Unreachable,
)
from entrepot.domain.logistics.carriers.karrio import Karrio
from entrepot.domain.logistics.carriers.rate_cards import RateCards
from entrepot.domain.logistics.carriers.sandbox import Sandbox
from entrepot.kernel.errors import Invalid

__all__ = [
    "KINDS", "Address", "Answer", "Cancellation", "Carrier", "Closing", "Consignment", "Item", "Outcome", "Quote",
    "Sighting", "Unreachable", "make",
]  # fmt: skip

#: kind -> a carrier from its name, its options and its secrets.
KINDS: Mapping[str, Callable[[str, Mapping[str, Any], Mapping[str, str]], Carrier]] = {
    RateCards.kind: lambda name, options, secrets: RateCards(name),
    Sandbox.kind: lambda name, options, secrets: Sandbox(name, options),
    Karrio.kind: lambda name, options, secrets: Karrio(options, secrets),
}


def make(kind: str, name: str, options: Mapping[str, Any], secrets: Mapping[str, str]) -> Carrier:
    """A carrier of a kind. Raises: Invalid."""
    if kind not in KINDS:
        raise Invalid(
            "carriers.unknown_kind", "There is no kind of carrier called {kind}; choose one of {known}.", field="kind",
            kind=kind[:40], known=", ".join(KINDS),
        )  # fmt: skip
    return KINDS[kind](name, options, secrets)
