"""Why goods come back, what that is a cause of, where they go, and what becomes of them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from entrepot.domain.terms.rules import Cause, Disposition, Party

#: What a shopper says -> the cause for which the terms name who is liable. A wrong item is nobody's cause in
#: particular: it falls on whoever the duty falls on by default.
CAUSES: Mapping[str, Cause] = {
    "changed_mind": Cause.CHANGE_OF_MIND,
    "damaged": Cause.CARRIER,
    "defective": Cause.QUALITY,
    "not_as_described": Cause.QUALITY,
    "wrong_item": Cause.DEFAULT,
    "arrived_late": Cause.LATE,
}

#: Photographs of one return.
PHOTOS_MAX = 6

#: state -> what may follow it.
NEXT: Mapping[str, frozenset[str]] = {
    "requested": frozenset({"in_transit", "received", "cancelled"}),
    "in_transit": frozenset({"received", "cancelled"}),
    "received": frozenset({"refunded"}),
    "refunded": frozenset(),
    "cancelled": frozenset(),
}

#: What the terms say becomes of a returned unit -> the disposition; an inspection decides for each unit.
DISPOSITIONS: Mapping[Disposition, str] = {
    Disposition.INSPECT: "",
    Disposition.RESTOCK: "restock",
    Disposition.RETURN_TO_OWNER: "to_owner",
    Disposition.DISCARD: "discard",
}

#: Which organisations a party's nodes belong to.
OPERATED_BY: Mapping[Party, str] = {
    Party.PLATFORM: "operator",
    Party.SELLER: "seller",
    Party.THIRD_PARTY: "third_party",
}


@dataclass(frozen=True, slots=True)
class Place:
    """A node as a return sees it."""

    node_id: UUID
    country: str
    operator_kind: str
    operator_id: UUID


def choose_place(
    handler: Party, places: Collection[Place], *, shipped_from: UUID, seller_id: UUID, country: str
) -> UUID:
    """Where goods go back to: a node of who handles returns, in the shopper's country if there is one.

    The node that they came from goes before others of the same country; without any node of the handler it is that one.
    """

    def fitness(place: Place) -> tuple[bool, bool, str]:
        return place.country != country, place.node_id != shipped_from, str(place.node_id)

    suitable = [
        place
        for place in places
        if place.operator_kind == OPERATED_BY[handler]
        and (handler is not Party.SELLER or place.operator_id == seller_id)
    ]
    return min(suitable, key=fitness).node_id if suitable else shipped_from
