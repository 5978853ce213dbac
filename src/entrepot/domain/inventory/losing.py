"""Units that are held and were not found where they should stand: which they are, and what else could serve instead.

Whoever calls holds the lines that wait for them and the stock rows; nothing is written off here.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from entrepot.domain.inventory import rules
from entrepot.domain.inventory.acts import NewHold, StockRow
from entrepot.domain.inventory.rows import add_to_allotments, add_to_stock
from entrepot.kernel.db import fetch_rows


class Held(NamedTuple):
    """An active hold, with the goods that it holds. Units: base units of the SKU."""

    hold_id: UUID
    owner_id: UUID
    stock_id: UUID
    seller_id: UUID
    sku_id: UUID
    quantity: int
    per_unit: int
    offer_id: UUID | None
    is_coming: bool


@dataclass(frozen=True, slots=True)
class Gone:
    """Base units of a stock row that are not there, out of an offer's allotment where it names one."""

    stock_id: UUID
    quantity: int
    offer_id: UUID | None


def list_held(*, owner_ids: Collection[UUID]) -> list[Held]:
    """The active holds of these owners, in the order in which they are let go of; scope is the caller's."""
    return fetch_rows(
        "SELECT h.id, h.owner_id, h.stock_id, s.seller_id, s.sku_id, h.quantity, h.per_unit, h.offer_id,"
        " s.condition = 'coming' FROM inventory_hold h JOIN inventory_stock s ON s.id = h.stock_id"
        " WHERE h.owner_id = ANY(%s) AND h.state = 'active' ORDER BY s.condition = 'coming' DESC, h.id",
        [list(owner_ids)],
        into=Held,
    )


def find_gone(held: Sequence[Held], units: Mapping[UUID, int]) -> list[Gone]:
    """The units of stock rows that so many units of what each owner bought are; as letting go of them would take."""
    drawn, _ = rules.draw(
        [rules.HeldUnits(each.hold_id, each.owner_id, each.sku_id, each.quantity, each.per_unit) for each in held],
        units,
    )
    by_id = {each.hold_id: each for each in held}
    return [Gone(by_id[piece.hold_id].stock_id, piece.quantity, by_id[piece.hold_id].offer_id) for piece in drawn]


def replace_here(
    held: Sequence[Held], units: Mapping[UUID, int], stock: Sequence[StockRow]
) -> tuple[dict[UUID, int], list[NewHold]]:
    """What else stands in these rows for units of what each owner bought: how many, and the holds of them.

    The rows are as they were before anything is let go of, so that what is missing does not serve for itself.
    """
    free = {(row.id, pool): row.free(pool) for row in stock for pool in (None, *row.allotments)}
    served: dict[UUID, int] = {}
    holds: list[NewHold] = []
    for owner_id, wanted in units.items():
        parts = {each.sku_id: each for each in held if each.owner_id == owner_id}
        at = {
            sku_id: [row for row in stock if row.sku_id == sku_id and row.seller_id == part.seller_id]
            for sku_id, part in parts.items()
        }
        able = min(
            (
                sum(free.get((row.id, part.offer_id), 0) for row in at[sku_id]) // part.per_unit
                for sku_id, part in parts.items()
            ),
            default=0,
        )
        if not (count := min(wanted, max(0, able))):
            continue
        served[owner_id] = count
        for sku_id, part in parts.items():
            left = count * part.per_unit
            for row in at[sku_id]:
                if taken := min(left, max(0, free.get((row.id, part.offer_id), 0))):
                    free[row.id, part.offer_id] -= taken
                    left -= taken
                    holds.append(NewHold(row.id, owner_id, taken, part.per_unit, part.offer_id))
    return served, holds


def leave_allotments(gone: Sequence[Gone]) -> None:
    """Units that fell back to allotments as they were let go of, and are not there, are set aside no more."""
    wanted: dict[tuple[UUID, UUID], int] = defaultdict(int)
    for each in gone:
        if each.offer_id is not None:
            wanted[each.stock_id, each.offer_id] += each.quantity
    if not wanted:
        return
    live = {
        (row.stock_id, row.offer_id)
        for row in fetch_rows(
            "SELECT a.stock_id, a.offer_id FROM inventory_allotment a JOIN catalogue_offer o ON o.id = a.offer_id"
            " WHERE a.stock_id = ANY(%s) AND o.stock_policy = 'allotted' AND o.status <> 'archived'",
            [[stock_id for stock_id, _ in wanted]],
        )
    }
    back = {key: -quantity for key, quantity in wanted.items() if key in live}
    if not back:
        return
    add_to_allotments(back)
    allotted: dict[UUID, int] = defaultdict(int)
    for (stock_id, _), quantity in back.items():
        allotted[stock_id] += quantity
    add_to_stock({"allotted": allotted})
