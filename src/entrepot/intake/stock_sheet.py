"""The sheet of local stock: what stands at the seller's own nodes, counted anew or added to.

`on_hand` is a count: it may be sent as often as one likes. `add` moves by so many units: an upload does it once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from entrepot.domain.catalogue import queries as catalogue
from entrepot.domain.inventory import queries as inventory
from entrepot.domain.inventory import services as stocks
from entrepot.domain.inventory.models import Stock
from entrepot.domain.logistics import queries as logistics
from entrepot.domain.logistics.queries import NodeView
from entrepot.flows import inbound
from entrepot.flows.inbound import Goods
from entrepot.intake import fields, sheets
from entrepot.intake.grammar import Case
from entrepot.intake.pricing_sheet import SKU
from entrepot.intake.sheets import Change, Column, Doing, Fate, Rows, Sheet
from entrepot.kernel.errors import EntrepotError, Invalid

#: The conditions of goods that stand somewhere; that of new goods first.
STANDING = tuple(each for each in Stock.Condition.values if each != Stock.Condition.COMING)

COLUMNS = (
    Column("node", fields.CODE, _("Node"), _("The code of your warehouse; may stay empty where you have one."),
           most=60, example="berlin-shop", also=("warehouse", "location"), case=Case.LOWER),
    SKU,
    Column("on_hand", fields.WHOLE, _("On hand"), _("How many units really stand there, reserved ones too: a count."),
           example="120", also=("count", "quantity", "stock")),
    Column("add", fields.WHOLE, _("Add"), _("Or how many units came (5) or went (-5); not both."), example=""),
    Column("lot", fields.TEXT, _("Lot"), _("Where you keep lots apart."), most=40),
    Column("condition", fields.CODE, _("Condition"), _("new, opened or damaged; empty: new."), most=10, example="new",
           case=Case.LOWER),
    Column("reason", fields.TEXT, _("Reason"), _("Why a count or number of units is another; kept with the movement."),
           most=120, example=""),
)  # fmt: skip

Key = tuple[UUID, UUID, str, str]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a row asks for: a change of units at a place, where stock of it stands already or not yet."""

    at: int
    node: NodeView
    sku_id: UUID
    lot: str
    condition: str
    before: int
    change: int
    stock_id: UUID | None
    reason: str
    is_delivery: bool


def set_stock(rows: Rows, doing: Doing) -> list[Fate]:
    """Count or move the stock of a batch of rows."""
    fates: dict[int, Fate] = {}
    wanted = _wanted(rows, doing, fates)

    def act(items: Sequence[Wanted]) -> None:
        _act(items, doing)

    for item, refusal in sheets.sift([each for each in wanted if each.change], act):
        column = "add" if item.is_delivery else "on_hand"
        fates[item.at] = Fate.refused(refusal.field if refusal.field in rows.values else column, refusal)
    for each in wanted:
        subject = f"{rows.values['sku'][each.at]} · {each.node.code}"
        change = Change("on_hand", str(each.before), str(each.before + each.change))
        state = "same" if not each.change else "changed" if each.stock_id else "created"
        fates.setdefault(each.at, Fate(state, subject, (change,) if each.change else ()))
    return [fates[at] for at in range(len(rows))]


def _act(items: Sequence[Wanted], doing: Doing) -> None:
    """New goods come in by node; what stands there is corrected by reason."""
    coming: dict[UUID, list[Goods]] = {}
    corrected: dict[str, list[tuple[UUID, int]]] = {}
    for each in items:
        if each.change > 0 and (each.is_delivery or each.stock_id is None):
            coming.setdefault(each.node.id, []).append(Goods(each.sku_id, each.change, each.lot, each.condition))
        elif each.stock_id is not None:
            corrected.setdefault(each.reason, []).append((each.stock_id, each.change))
    for node_id, goods in coming.items():
        inbound.receive_goods(
            seller_id=doing.organisation_id, node_id=node_id, rows=goods, actor=doing.actor, now=doing.now,
            source_id=doing.upload_id,
        )  # fmt: skip
    for reason, changes in corrected.items():
        inbound.adjust_stock(actor=doing.actor, changes=changes, reason=reason, now=doing.now)


def _wanted(rows: Rows, doing: Doing, fates: dict[int, Fate]) -> list[Wanted]:
    values = rows.values
    nodes = {node.code.lower(): node for node in logistics.list_nodes(operator_id=doing.organisation_id).values()}
    skus = catalogue.find_offered_skus(seller_id=doing.organisation_id, sku_codes=sorted(set(values["sku"])))
    present = _present(doing.organisation_id, set(skus.values()), {node.id for node in nodes.values()})
    taken: dict[Key, int] = {}
    wanted = []
    for at, sku_code in enumerate(values["sku"]):
        try:
            node = _node(values["node"][at], nodes)
            if sku_code not in skus:
                raise Invalid("sheets.no_article", "You have no article {sku}.", field="sku", sku=sku_code)
            key = (node.id, skus[sku_code], values["lot"][at] or "", _condition(values["condition"][at]))
            if key in taken:
                raise Invalid("sheets.row_twice", "Row {row} says this already.", field="sku",
                              row=rows.numbers[taken[key]])  # fmt: skip
            there = present.get(key, [])
            if len(there) > 1:
                raise Invalid(
                    "sheets.two_owners", "Units of two owners stand there; correct them on the page of the stock.",
                    field="sku",
                )  # fmt: skip
            row = there[0] if there else None
            before = row.on_hand if row else 0
            change, is_delivery = _change(values["on_hand"][at], values["add"][at], before)
            if change < 0 and row is None:
                raise Invalid("sheets.nothing_there", "Nothing of it stands there.", field="add")
            taken[key] = at
            reason = values["reason"][at] or gettext("Sheet {name}").format(name=doing.name)
            wanted.append(
                Wanted(at, node, *key[1:], before, change, row.id if row else None, reason[:200], is_delivery)
            )
        except EntrepotError as refusal:
            fates[at] = Fate.refused(refusal.field, refusal)
    return wanted


def _present(seller_id: UUID, sku_ids: set[UUID], node_ids: set[UUID]) -> Mapping[Key, list[Stock]]:
    """The stock rows at these nodes, under lock: between a count and its correction nothing is sold."""
    found: dict[Key, list[Stock]] = {}
    rows = inventory.list_stock(seller_id=seller_id, sku_ids=sku_ids, limit=1_000_000)
    on_hand = stocks.lock_rows(stock_ids=[row.id for row in rows if row.node_id in node_ids])
    for row in rows:
        if row.id in on_hand:
            row.on_hand = on_hand[row.id]
            found.setdefault((row.node_id, row.sku_id, row.lot, row.condition), []).append(row)
    return found


def _node(code: str | None, nodes: Mapping[str, NodeView]) -> NodeView:
    if code is None and len(nodes) == 1:
        return next(iter(nodes.values()))
    if code is None or code not in nodes:
        known = ", ".join(sorted(nodes)) or "–"
        raise Invalid(
            "sheets.not_your_node",
            "Name a node that you run yourself: {known}. Elsewhere whoever runs the node counts.",
            field="node",
            known=known,
        )
    return nodes[code]


def _condition(text: str | None) -> str:
    if text and text not in STANDING:
        raise Invalid(
            "sheets.unknown_condition", "The condition is {known}.", field="condition",
            known=", ".join(STANDING),
        )  # fmt: skip
    return text or STANDING[0]


def _change(on_hand: int | None, add: int | None, before: int) -> tuple[int, bool]:
    """The change of units, and whether it is a movement rather than a count. Raises: Invalid."""
    if (on_hand is None) == (add is None):
        raise Invalid("sheets.count_or_change", "Say either how many stand there or how many came.", field="on_hand")
    if add is not None:
        return add, True
    assert on_hand is not None
    if on_hand < 0:
        raise Invalid("sheets.count_below_zero", "A count is zero or above.", field="on_hand")
    return on_hand - before, False


STOCK = sheets.register(
    Sheet(
        "stock", _("Local stock"), _("Say what stands at your own nodes, for many articles at once."), COLUMNS,
        set_stock, "stock.adjust", adds=lambda rows: any(value for value in rows.values["add"]),
    )
)  # fmt: skip
