"""Goods come in: counted into stock at a node; where the terms say so, the platform buys them in that moment."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from entrepot.domain.accounts.queries import get_operator
from entrepot.domain.catalogue import queries as catalogue
from entrepot.domain.inventory import coming
from entrepot.domain.inventory import queries as reads
from entrepot.domain.inventory import services as inventory
from entrepot.domain.inventory.services import Receipt, TitleTransfer
from entrepot.domain.logistics.models import Node
from entrepot.domain.pricing import queries as pricing
from entrepot.domain.sellers import queries as sellers
from entrepot.domain.terms.rules import Accrual, Conditions, Party, Task, Until
from entrepot.flows import settling
from entrepot.flows.settling import Miscount, ReceivedGoods
from entrepot.kernel import ids
from entrepot.kernel.actors import Actor
from entrepot.kernel.db import atomic
from entrepot.kernel.errors import Invalid, NotFound, Refused

#: How goods may come in: as a delivery, or as what was there when the books were opened.
KINDS = ("received", "opening")


@dataclass(frozen=True, slots=True)
class Goods:
    """Units of a SKU that came in; `enrolment_id` says under which terms, where that is not plain from the offers.

    `cost` is the supply price of a unit and its currency, where it was agreed for these goods. Units: minor.
    """

    sku_id: UUID
    quantity: int
    lot: str = ""
    condition: str = "new"
    enrolment_id: UUID | None = None
    cost: tuple[int, str] | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """What became of goods: the stock row in which they stand, the movement, and whether the platform bought them."""

    sku_id: UUID
    quantity: int
    stock_id: UUID
    movement_id: UUID
    is_bought: bool


@atomic
def receive_goods(
    *,
    seller_id: UUID,
    node_id: UUID,
    rows: Sequence[Goods],
    actor: Actor,
    now: datetime,
    kind: str = "received",
    source_type: str = "inbound",
    source_id: UUID | None = None,
) -> list[Received]:
    """Count a seller's goods into a node. The source ties the rows of one delivery together.

    What is damaged stays the seller's, whatever the terms say of the rest.

    Raises: Invalid, NotFound for a node or SKU out of reach, Refused where goods that the platform buys on receipt have
    no agreed price, or come under terms that differ.
    """
    if kind not in KINDS:
        raise Invalid("inbound.unknown_kind", "Goods come in as {known}.", field="kind", known=" or ".join(KINDS))
    node = Node.objects.select_related("operator").filter(id=node_id, archived_at__isnull=True).first()
    if node is None or not actor.reaches("stock.receive", node.operator_id):
        raise NotFound(kind="node")
    _check_skus(seller_id, rows)
    source = source_id or ids.new_id(now)
    under = _enrolments(seller_id, rows, now)
    wordings = sellers.list_conditions(set(under.values()))
    conditions = {sku_id: wordings[enrolment_id] for sku_id, enrolment_id in under.items()}
    operator = get_operator().id
    movements = ids.new_ids(now, len(rows))
    placed = [
        Receipt(
            seller_id,
            _first_owner(conditions.get(row.sku_id), seller_id, operator),
            node_id,
            row.sku_id,
            row.quantity,
            kind,
            source_type,
            source,
            row.lot,
            row.condition,
            movement_id=movement,
        )
        for row, movement in zip(rows, movements, strict=True)
    ]
    stocks = inventory.receive(rows=placed, now=now, withholds=False)
    received = [
        Received(row.sku_id, row.quantity, stock_id, movement, is_bought=False)
        for row, stock_id, movement in zip(rows, stocks, movements, strict=True)
    ]
    bought = [
        place
        for place, row in enumerate(rows)
        if node.operator_id != seller_id
        and row.condition != "damaged"
        and _passes_on_receipt(conditions.get(row.sku_id))
    ]
    goods = [(placed[place], stocks[place], under[rows[place].sku_id], rows[place].cost) for place in bought]
    for place, (stock_id, movement) in zip(bought, _buy(goods, wordings, now), strict=True):
        received[place] = replace(received[place], stock_id=stock_id, movement_id=movement, is_bought=True)
    if source_type == "shipment":
        # Before a dock keeps anything from sale: whoever bought units on their way has them now.
        good = [each for row, each in zip(rows, received, strict=True) if row.condition == "new"]
        came = {each.sku_id: (each.stock_id, each.quantity) for each in good}
        coming.hand_on(shipment_id=source, came=came, now=now)
    inventory.withhold(stock_ids={each.stock_id for each in received}, now=now)
    return received


@atomic
def adjust_stock(
    *,
    actor: Actor,
    changes: Sequence[tuple[UUID, int]],
    reason: str,
    now: datetime,
    place_id: UUID | None = None,
) -> None:
    """Correct stock rows (id, units more or fewer) after a count, by whoever runs the node; kept with the reason.

    `place_id` is where it was counted. What the platform owns is worth what it paid for it, and the books follow.
    Raises: NotFound, Invalid, Refused below what is held or set aside, or for own goods of which no purchase is known.
    """
    found = {row.id: row for row in reads.get_rows(stock_ids=[stock_id for stock_id, _ in changes])}
    if not all(
        stock_id in found and actor.reaches("stock.adjust", found[stock_id].node.operator_id) for stock_id, _ in changes
    ):
        raise NotFound(kind="stock")
    rows = []
    movements = ids.new_ids(now, len(changes))
    for (stock_id, units), movement in zip(changes, movements, strict=True):
        row = found[stock_id]
        rows.append(
            Receipt(
                row.seller_id,
                row.owner_id,
                row.node_id,
                row.sku_id,
                units,
                "adjusted",
                "adjustment",
                stock_id,
                row.lot,
                row.condition,
                movement_id=movement,
                place_id=place_id,
            )
        )
    inventory.adjust(rows=rows, actor=actor, reason=reason, now=now)
    operator = get_operator().id
    own = [
        Miscount(movement, row.seller_id, row.sku_id, row.quantity)
        for row, movement in zip(rows, movements, strict=True)
        if row.owner_id == operator
    ]
    if own:
        settling.post_miscounts(miscounts=own, now=now)


def _buy(
    goods: Sequence[tuple[Receipt, UUID, UUID, tuple[int, str] | None]],
    conditions: Mapping[UUID, Conditions],
    now: datetime,
) -> list[tuple[UUID, UUID]]:
    """Pass the title of (receipt, stock row, enrolment, cost) to the platform and accrue what the seller earns by it.

    Where no cost is given it is the supply price in force.
    """
    if not goods:
        return []
    operator = get_operator().id
    movements = ids.new_ids(now, len(goods))
    costs = _unit_costs(goods[0][0].seller_id, {receipt.sku_id for receipt, _, _, cost in goods if cost is None})
    stocks = inventory.transfer_title(
        rows=[
            TitleTransfer(
                stock_id, operator, receipt.quantity, receipt.source_type, receipt.source_id, movement_id=movement
            )
            for (receipt, stock_id, _, _), movement in zip(goods, movements, strict=True)
        ],
        now=now,
    )
    receipts = []
    for (receipt, _, enrolment_id, agreed), movement in zip(goods, movements, strict=True):
        cost = agreed or costs.get((enrolment_id, receipt.sku_id))
        if cost is None and conditions[enrolment_id].earning.accrues_on is not Accrual.DELIVERY:
            raise Refused(
                "inbound.no_supply_price",
                "Goods that are bought on receipt need an agreed supply price.",
                sku_id=str(receipt.sku_id),
            )
        if cost is not None:
            receipts.append(
                ReceivedGoods(movement, receipt.seller_id, receipt.sku_id, receipt.quantity, *cost, enrolment_id, now)
            )
    settling.accrue_receipts(receipts=receipts, now=now)
    return list(zip(stocks, movements, strict=True))


def _unit_costs(seller_id: UUID, sku_ids: Collection[UUID]) -> dict[tuple[UUID, UUID], tuple[int, str]]:
    """(enrolment, SKU) -> the accepted supply price of the offer of the SKU under it."""
    offers = {
        (offer.enrolment_id, offer.sku_id): offer.id
        for offer in catalogue.list_offers(seller_id=seller_id, sku_ids=sku_ids, limit=100_000)
        if offer.status != "archived"
    }
    quotes = pricing.supply_prices(list(offers.values()))
    return {
        key: (quotes[offer_id].amount_minor, quotes[offer_id].currency)
        for key, offer_id in offers.items()
        if offer_id in quotes
    }


def _check_skus(seller_id: UUID, rows: Sequence[Goods]) -> None:
    """A seller's goods are its own SKUs, or such as it offers."""
    wanted = {row.sku_id for row in rows}
    own = catalogue.own_skus(organisation_id=seller_id, sku_ids=wanted)
    if foreign := wanted - own:
        offered = {offer.sku_id for offer in catalogue.list_offers(seller_id=seller_id, sku_ids=foreign, limit=100_000)}
        if foreign - offered:
            raise NotFound(kind="SKU")


def _enrolments(seller_id: UUID, rows: Sequence[Goods], now: datetime) -> dict[UUID, UUID]:
    """SKU -> the enrolment under which it comes in: the one that was named, else that of its offers.

    Raises: NotFound for an enrolment of another seller, Refused where offers of a SKU pass the title differently.
    """
    named = {row.sku_id: row.enrolment_id for row in rows if row.enrolment_id is not None}
    known = {each.id for each in sellers.list_enrolments(seller_id=seller_id, at=now)}
    # Goods may be named that were ordered under terms that have ended since.
    ever = {each.id for each in sellers.list_enrolments(seller_id=seller_id, limit=10_000)} if named else known
    if set(named.values()) - ever:
        raise NotFound(kind="enrolment")
    open_ones: dict[UUID, set[UUID]] = defaultdict(set)
    for offer in catalogue.list_offers(seller_id=seller_id, sku_ids={row.sku_id for row in rows}, limit=100_000):
        if offer.status != "archived" and offer.enrolment_id in known:
            open_ones[offer.sku_id].add(offer.enrolment_id)
    conditions = sellers.list_conditions({each for group in open_ones.values() for each in group})
    found = dict(named)
    for sku_id, enrolments in open_ones.items():
        ways = {
            (_passes_on_receipt(conditions[each]), conditions[each].performer(Task.STOCK_OWNERSHIP))
            for each in enrolments
        }
        if sku_id not in named and len(ways) > 1:
            raise Refused(
                "inbound.name_enrolment",
                "Say under which programme these goods come in: it decides who owns them.",
                sku_id=str(sku_id),
            )
        found.setdefault(sku_id, min(enrolments))
    return found


def _first_owner(conditions: Conditions | None, seller_id: UUID, operator_id: UUID) -> UUID:
    """Whose goods they are as they come in."""
    is_platforms = conditions is not None and conditions.performer(Task.STOCK_OWNERSHIP) is Party.PLATFORM
    return operator_id if is_platforms else seller_id


def _passes_on_receipt(conditions: Conditions | None) -> bool:
    """Whether the terms end the seller's ownership as the goods come in."""
    return (
        conditions is not None
        and conditions.title_passes_on is Until.RECEIPT
        and conditions.performer(Task.STOCK_OWNERSHIP) is not Party.PLATFORM
    )
