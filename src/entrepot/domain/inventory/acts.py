"""What the services of stock take, give and refuse."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

from entrepot.kernel.errors import Refused


class NotEnough(Refused):
    """So many stock rows have fewer units than are to be held."""

    code = "inventory.not_enough"
    message = "There are not enough units left."


@dataclass(frozen=True, slots=True)
class Receipt:
    """A change of on hand at a place: units that came (above zero) or went (below), with the cause.

    `movement_id` where the caller has to name the movement; else it gets an id of its own. `place_id` where units come
    to or leave a known place of the node.
    """

    seller_id: UUID
    owner_id: UUID
    node_id: UUID
    sku_id: UUID
    quantity: int
    kind: str
    source_type: str
    source_id: UUID
    lot: str = ""
    condition: str = "new"
    subject_id: UUID | None = None
    reason: str = ""
    movement_id: UUID | None = None
    place_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class TitleTransfer:
    """Units of a stock row that another organisation owns from now on, where they stand.

    `movement_id` names the movement into the new owner's row.
    """

    stock_id: UUID
    to_owner_id: UUID
    quantity: int
    source_type: str
    source_id: UUID
    reason: str = ""
    movement_id: UUID | None = None


class StockRow(NamedTuple):
    """A stock row as it was read. Units: base units of its SKU.

    Units on their way come with a shipment, are ready on a day, and have its number as their lot.
    """

    id: UUID
    seller_id: UUID
    owner_id: UUID
    node_id: UUID
    sku_id: UUID
    lot: str
    condition: str
    on_hand: int
    reserved: int
    allotted: int = 0
    comes_with: UUID | None = None
    comes_by: str = ""
    ready_on: date | None = None
    allotments: Mapping[UUID, int] = MappingProxyType({})

    def free(self, offer_id: UUID | None = None) -> int:
        """What may be held: of the shared units, or of the units set aside for an offer whose stock is allotted."""
        if offer_id is not None:
            return self.allotments.get(offer_id, 0)
        return self.on_hand - self.reserved - self.allotted


class NewHold(NamedTuple):
    """Units of a stock row for an owner, `per_unit` of them in one unit of what the owner bought (a kit has several).

    `offer_id` only where the offer's stock is allotted: the units come out of its allotment.
    """

    stock_id: UUID
    owner_id: UUID
    quantity: int
    per_unit: int
    offer_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class TouchedStock:
    """Units that left a stock row; `title_owner_id` owned them."""

    stock_id: UUID
    title_owner_id: UUID
    node_id: UUID
    sku_id: UUID
    quantity: int
