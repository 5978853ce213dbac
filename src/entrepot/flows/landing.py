"""What the way of a shipment cost: bills that the marketplace paid go into its books, the border is reckoned ahead."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from entrepot.domain.accounts.queries import get_operator
from entrepot.domain.catalogue import queries as catalogue
from entrepot.domain.customs.rows import BORDER, Part
from entrepot.domain.inbound import costing
from entrepot.domain.inbound.cost_models import ShipmentCost
from entrepot.domain.inbound.costing import NewCost
from entrepot.domain.inbound.models import Shipment
from entrepot.domain.ledger import services as ledger
from entrepot.domain.ledger.rules import AccountKey, NewJournal, NewPosting
from entrepot.domain.settlement.inbound_charges import spent_on
from entrepot.flows import landed, settling
from entrepot.kernel.actors import Actor
from entrepot.kernel.db import atomic
from entrepot.kernel.errors import Refused
from entrepot.kernel.money import decimal_of

#: Fees of an entry, beside the duty itself.
FEES = (Part.PROCESSING_FEE, Part.HARBOUR_FEE, Part.HANDLING_FEE)


@dataclass(frozen=True, slots=True)
class Border:
    """What the border is reckoned to take of a shipment. Units: minor of `currency`."""

    currency: str
    duty_minor: int
    fees_minor: int
    import_tax_minor: int
    on: date


@atomic
def enter_cost(*, shipment_id: UUID, cost: NewCost, actor: Actor, now: datetime) -> ShipmentCost:
    """Keep a bill; what the marketplace paid is booked as its cost in the same moment.

    What the terms put on the seller of it accrues on the seller's statement; a credit note gives it back.

    Raises: NotFound, Invalid naming the field, Refused.
    """
    row = costing.enter(shipment_id=shipment_id, cost=cost, actor=actor, now=now)
    if row.paid_by == "platform":
        operator = get_operator().id
        spent = AccountKey(spent_on(row.kind), operator, row.currency)
        owed = AccountKey("carrier_payable", operator, row.currency, row.issuer)
        # A cost takes from its account what its issuer is owed; a credit note gives it back.
        source, destination = (spent, owed) if row.amount_minor > 0 else (owed, spent)
        posting = NewPosting(source, destination, abs(row.amount_minor), row.kind, row.shipment_id)
        ledger.post(journals=[NewJournal("landing", "shipment_cost", row.id, now, [posting])], now=now)
        settling.accrue_inbound(costs=[row], now=now)
    return row


def reckon_border(shipment: Shipment, *, now: datetime) -> Border:
    """What the border takes of a shipment by sea today, by the law as it is known: duty, fees of the entry, import tax.

    Freight and insurance are those of the bills so far. Raises: Refused for an article without value, weight, HS code
    or origin; BadLines where no law is known.
    """
    goods = costing.goods_of(shipment, needed=["value"])
    skus = catalogue.get_skus([each.sku_id for each in goods])
    bills: dict[tuple[str, str], int] = {}
    for bill in costing.list_costs(shipment.id):
        bills[bill.kind, bill.currency] = bills.get((bill.kind, bill.currency), 0) + bill.amount_minor
    rows: list[dict[str, Any]] = []
    for place, each in enumerate(goods):
        sku = skus[each.sku_id]
        if each.value_minor is None or each.weight_g is None or not sku.hs_code or not sku.origin_country:
            raise Refused(
                "inbound.border_unknown", "{sku} lacks a value, a weight, an HS code or an origin.", sku=sku.code
            )
        rows.append(
            {
                "consignment": shipment.number,
                "hs": sku.hs_code,
                "origin": sku.origin_country,
                "destination": shipment.node.country,
                "date": now.date().isoformat(),
                "quantity": each.quantity,
                "weight_g": each.weight_g,
                "currency": each.currency,
                "cost": str(decimal_of(each.value_minor, each.currency)),
                "importer": "platform",
                "mode": "sea",
                "collected": "at_border",
                "incoterm": "DDP",
                **({} if place else _way(bills, each.currency)),
            }
        )
    found = landed.quote(rows, is_spread=True)
    [currency] = set(found.currencies)
    totals: dict[Part, int] = {part: int(found.parts[part].sum()) for part in BORDER if part in found.parts}
    fees = sum(totals.get(part, 0) for part in FEES)
    tax = totals.get(Part.IMPORT_TAX, 0)
    return Border(currency, sum(totals.values()) - fees - tax, fees, tax, now.date())


def _way(bills: dict[tuple[str, str], int], currency: str) -> dict[str, str]:
    """Freight and insurance of the bills in the goods' currency, on the first line of the consignment."""
    known: Sequence[tuple[str, int]] = [(name, bills.get((name, currency), 0)) for name in ("freight", "insurance")]
    return {name: str(decimal_of(minor, currency)) for name, minor in known if minor > 0}
