"""Stock rows that are locked, or only read, by those who promise their units; and what is held of them."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from uuid import UUID

from entrepot.domain.inventory.acts import StockRow
from entrepot.kernel.db import array_of, execute, fetch_rows
from entrepot.kernel.rounds import Asked, ask

#: By id, as everybody does, so that no two wait for each other.
LOCK_ROWS = "SELECT id, on_hand FROM inventory_stock WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"


def lock_rows(*, stock_ids: Collection[UUID]) -> dict[UUID, int]:
    """Lock stock rows by id, in the caller's transaction; what is on hand in each."""
    rows = fetch_rows(LOCK_ROWS, [list(stock_ids)])
    return {row.id: row.on_hand for row in rows}


def lock_holds(*, owner_ids: Collection[UUID]) -> None:
    """Lock the owners' active holds, in the caller's transaction: nobody keeps or ends them until it is over."""
    execute(
        "SELECT FROM inventory_hold WHERE owner_id = ANY(%s) AND state = 'active' ORDER BY id FOR NO KEY UPDATE",
        [list(owner_ids)],
    )


def lock_stock(
    *,
    seller_skus: Collection[tuple[UUID, UUID]],
    conditions: Sequence[str] = ("new",),
    lock: bool = True,
    is_spent_too: bool = False,
) -> list[StockRow]:
    """Lock and return the rows of these (seller, SKU) that have units to promise, by id; in the caller's transaction.

    For a kit, ask for its components. Without `lock` the rows are only read, for a quote. `is_spent_too` reads rows
    that have nothing left to promise as well.
    """
    return read_stock(ask_stock(seller_skus=seller_skus, conditions=conditions, lock=lock, is_spent_too=is_spent_too))


def ask_stock(
    *,
    seller_skus: Collection[tuple[UUID, UUID]],
    conditions: Sequence[str] = ("new",),
    lock: bool = True,
    is_spent_too: bool = False,
) -> Asked:
    """Ask for what `read_stock` reads, where more may be asked along."""
    if not seller_skus:
        return Asked()
    return ask(
        f"SELECT s.id, s.seller_id, s.owner_id, s.node_id, s.sku_id, s.lot, s.condition, s.on_hand, s.reserved,"
        f" s.allotted, s.comes_with, s.comes_by, s.ready_on"
        f" FROM inventory_stock s JOIN unnest(%s::uuid[], %s::uuid[]) w(seller_id, sku_id)"
        f" ON s.seller_id = w.seller_id AND s.sku_id = w.sku_id"
        f" WHERE s.condition = ANY(%s){'' if is_spent_too else ' AND s.on_hand > s.reserved'} ORDER BY s.id"
        + (" FOR NO KEY UPDATE OF s" if lock else ""),
        [*(array_of("uuid", column) for column in zip(*seller_skus, strict=True)), list(conditions)],
        into=StockRow,
    )


def read_stock(asked: Asked) -> list[StockRow]:
    """The stock rows that were asked for, with what of them is set aside for whom."""
    rows: list[StockRow] = asked.rows
    allotments: dict[UUID, dict[UUID, int]] = defaultdict(dict)
    if allotted := [row.id for row in rows if row.allotted]:
        for row in fetch_rows(
            "SELECT stock_id, offer_id, quantity FROM inventory_allotment WHERE stock_id = ANY(%s) AND quantity > 0",
            [allotted],
        ):
            allotments[row.stock_id][row.offer_id] = row.quantity
    if not allotted:
        return rows
    return [row._replace(allotments=allotments[row.id]) if row.allotted else row for row in rows]
