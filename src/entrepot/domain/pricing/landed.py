"""What goods cost once they have arrived: price, way and border, part by part. Pure, over arrays of many lines.

`customs.rules` says what the border takes; here that becomes the landed cost of a line and of a unit, and whom the
incoterm makes bear each part.

Units: minor of each line's regime's currency. Rounding: none but a unit's share, half to even.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from entrepot.domain.customs.arrays import Law, Lines, Whole
from entrepot.domain.customs.rows import BORDER, Collector, Part
from entrepot.domain.customs.rules import Share, assess
from entrepot.kernel.money import divide_half_even, split_groups, sum_groups

#: The parts beside the goods' price that the seller bears, by incoterm. Source: Incoterms 2020.
BORNE_BY_SELLER: Mapping[str, frozenset[Part]] = {
    **dict.fromkeys(("EXW", "FCA", "FAS", "FOB"), frozenset()),
    **dict.fromkeys(("CFR", "CPT"), frozenset({Part.FREIGHT})),
    **dict.fromkeys(("CIF", "CIP", "DAP", "DPU"), frozenset({Part.FREIGHT, Part.INSURANCE})),
    "DDP": frozenset({Part.FREIGHT, Part.INSURANCE, Part.BROKERAGE, *BORDER}),
}

#: What is known of a consignment rather than of its lines.
SPREAD = ("freight_minor", "insurance_minor", "brokerage_minor", "other_minor")


@dataclass(frozen=True, eq=False)
class Landed:
    """Landed cost line by line. Shape: n each."""

    law: Law
    parts: Mapping[Part, Whole]
    collected: Mapping[Collector, Whole]
    total: Whole
    seller: Whole  # what the incoterm makes the seller bear …
    buyer: Whole  # … and the buyer, the price of the goods included
    quantity: Whole

    @property
    def unit(self) -> Whole:
        """The landed cost of one unit."""
        return divide_half_even(self.total, self.quantity)

    @property
    def currencies(self) -> Sequence[str]:
        """The currency of each line."""
        found: Sequence[str] = np.array([era.regime.currency for era in self.law.eras])[self.law.era].tolist()
        return found


def land(law: Law, share_by: Share = Share.VALUE) -> Landed:
    """The landed cost of the law's lines; `share_by` says by what lines share what their consignment is charged.

    Raises: BadLines for lines of which it cannot be said.
    """
    assessed = assess(law, share_by)
    parts = dict(assessed.parts)
    parts[Part.BROKERAGE], parts[Part.OTHER] = law.money["brokerage_minor"], law.money["other_minor"]
    total = np.zeros(len(law.lines), dtype=np.int64)
    seller = np.zeros(len(law.lines), dtype=np.int64)
    bears = [BORNE_BY_SELLER[way.incoterm] for way in law.lines.words.ways]
    for part, amount in parts.items():
        total += amount
        his = np.array([part in each for each in bears], dtype=np.int64)
        if his.any():
            seller += amount if his.all() else amount * his[law.lines.way]
    return Landed(law, parts, assessed.collected, total, seller, total - seller, law.lines.quantity)


def spread(lines: Lines, share_by: Share) -> Lines:
    """The lines with the freight, insurance, brokerage and other costs of each consignment shared among its lines.

    By value is by the retail price where every line states it, else by the cost. Rounding: largest remainder.
    """
    weights = {
        Share.VALUE: lines.retail_minor if (lines.retail_minor >= 0).all() else np.maximum(lines.cost_minor, 0),
        Share.WEIGHT: lines.weight_g,
        Share.QUANTITY: lines.quantity,
    }[share_by]
    group, groups = lines.consignment, lines.consignments
    shared: dict[str, Any] = {
        name: split_groups(sum_groups(getattr(lines, name), group, groups), weights, group) for name in SPREAD
    }
    return replace(lines, **shared)
