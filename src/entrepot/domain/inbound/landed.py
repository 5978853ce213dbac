"""How the bills of a shipment are shared among its units. Pure.

Units: minor of one currency; grams, cubic millimetres, pieces. Rounding: largest remainder, so that the shares of every
bill sum to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from entrepot.kernel.errors import Refused
from entrepot.kernel.money import split


@dataclass(frozen=True, slots=True)
class Goods:
    """The units of a SKU that share; each measure is of all of them, None where it is not known.

    The currency is that of the value.
    """

    sku_id: UUID
    sku_code: str
    quantity: int
    value_minor: int | None
    weight_g: int | None
    volume_mm3: int | None
    currency: str = ""

    def measure(self, share_by: str) -> int | None:
        """By how much these units share."""
        return {
            "value": self.value_minor,
            "weight": self.weight_g,
            "volume": self.volume_mm3,
            "quantity": self.quantity,
        }[share_by]


@dataclass(frozen=True, slots=True)
class Bill:
    """A bill in the currency of the landed cost; below zero it is a credit."""

    cost_id: UUID
    amount_minor: int
    share_by: str


@dataclass(frozen=True, slots=True)
class Share:
    """What of a bill falls on the units of a SKU."""

    cost_id: UUID
    sku_id: UUID
    quantity: int
    amount_minor: int


def allocate(bills: Sequence[Bill], goods: Sequence[Goods]) -> list[Share]:
    """Every bill among all goods, by what it is shared. Raises: Refused where a measure that it needs is not known."""
    if not goods or not any(each.quantity for each in goods):
        raise Refused("inbound.nothing_landed", "Nothing of this shipment is in stock yet: nothing can bear its costs.")
    shares = []
    for bill in bills:
        weights = []
        for each in goods:
            measure = each.measure(bill.share_by)
            if measure is None:
                raise Refused(
                    "inbound.no_measure",
                    "{sku} has no {measure} by which a bill could be shared.",
                    field="share_by",
                    sku=each.sku_code,
                    measure=bill.share_by,
                )
            weights.append(measure)
        if not any(weights):
            weights = [each.quantity for each in goods]
        for each, amount in zip(goods, split(bill.amount_minor, weights), strict=True):
            shares.append(Share(bill.cost_id, each.sku_id, each.quantity, amount))
    return shares
