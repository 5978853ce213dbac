"""Goods that the platform buys when it receives them: what their sellers earn by it, and what a miscount costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from entrepot.domain.accounts.queries import get_operator
from entrepot.domain.ledger.rules import AccountKey, NewJournal, NewPosting
from entrepot.domain.sellers.models import Enrolment
from entrepot.domain.settlement.booking import Entry, NewAccrual, Reason
from entrepot.domain.settlement.closing import eligible_at
from entrepot.domain.settlement.loading import Facts
from entrepot.domain.terms.queries import get_wordings
from entrepot.domain.terms.rules import Accrual, Until
from entrepot.domain.terms.services import freeze
from entrepot.kernel.db import fetch_rows
from entrepot.kernel.errors import Refused


@dataclass(frozen=True, slots=True)
class ReceivedGoods:
    """Units that came into a platform's node under an enrolment, at an agreed supply price. Units: minor, a unit."""

    movement_id: UUID
    seller_id: UUID
    sku_id: UUID
    quantity: int
    unit_minor: int
    currency: str
    enrolment_id: UUID
    received_at: datetime


def receipt_entries(goods: Sequence[ReceivedGoods], now: datetime) -> list[Entry]:
    """The journals of receipts whose terms pass the title with them; goods of other terms stay the seller's."""
    enrolments = Enrolment.objects.select_related("market").in_bulk({each.enrolment_id for each in goods})
    wordings = get_wordings({each.programme_version_id for each in enrolments.values()})
    operator = get_operator().id
    entries, frozen = [], []
    for each in goods:
        enrolment = enrolments[each.enrolment_id]
        version, wording = wordings[enrolment.programme_version_id]
        terms = wording.terms(
            version=version.version, on=each.received_at.date(), enrolled_on=enrolment.valid_from.date()
        )
        bought = terms.title_passes_on is Until.RECEIPT and terms.earning.accrues_on is not Accrual.DELIVERY
        if not bought or not each.unit_minor:
            continue
        frozen.append(terms)
        facts = Facts(
            line_id=None, operator_id=operator, seller_id=each.seller_id, market_currency=each.currency,
            currency=each.currency, rate=Decimal(1), rate_on=None, terms_id=terms.digest, terms=terms,
            market_code=enrolment.market.code,
        )  # fmt: skip
        amount = each.unit_minor * each.quantity
        posting = NewPosting(
            AccountKey("stock_owned", operator, each.currency),
            AccountKey("seller_payable", each.seller_id, each.currency), amount, "receipt", each.sku_id,
        )  # fmt: skip
        reason = Reason(
            "receipt", each.movement_id, each.quantity, each.received_at,
            eligible_at(terms.settlement, each.received_at),
        )  # fmt: skip
        rule = f"{terms.programme} v{terms.version}: earning.accrues_on"
        inputs = {"sku": str(each.sku_id), "units": each.quantity, "unit_minor": each.unit_minor,
                  "enrolment": str(each.enrolment_id)}  # fmt: skip
        accrual = NewAccrual(facts, reason, "receipt", rule, inputs, amount, amount)
        entries.append(Entry("receipt", "movement", each.movement_id, each.received_at, [(posting, accrual)]))
    freeze(frozen, now=now)
    return entries


@dataclass(frozen=True, slots=True)
class Miscount:
    """Units of goods that the platform owns, found (above zero) or missing (below) by a movement."""

    movement_id: UUID
    seller_id: UUID
    sku_id: UUID
    quantity: int


def miscount_journals(miscounts: Sequence[Miscount], now: datetime) -> list[NewJournal]:
    """The value of own goods that are missing or found, at what was paid on average for all that were received.

    Rounding: once a movement, half to even. Raises: Refused for goods of which the books know no purchase.
    """
    operator = get_operator().id
    journals = []
    for each, (value, currency) in zip(miscounts, own_values(miscounts), strict=True):
        route = (AccountKey("cost_goods", operator, currency), AccountKey("stock_owned", operator, currency))
        source, destination = route if each.quantity < 0 else route[::-1]
        if value:
            posting = NewPosting(source, destination, value, "adjustment", each.sku_id)
            journals.append(NewJournal("adjustment", "movement", each.movement_id, now, [posting]))
    return journals


def own_values(goods: Sequence[Miscount]) -> list[tuple[int, str]]:
    """What the marketplace paid on average for units of its own goods, and the currency.

    Rounding: once a movement, half to even. Raises: Refused for goods of which the books know no purchase.
    """
    paid: dict[tuple[UUID, UUID], list[tuple[str, int, int]]] = {}
    for row in fetch_rows(
        _PAID, [[each.seller_id for each in goods], [each.sku_id for each in goods], get_operator().id]
    ):
        paid.setdefault((row.seller_id, row.sku_id), []).append((row.currency, int(row.amount), int(row.units)))
    values = []
    for each in goods:
        bought = paid.get((each.seller_id, each.sku_id), [])
        if len(bought) != 1:
            raise Refused(
                "settlement.no_cost_basis",
                "These goods belong to the marketplace, and the books do not say what it paid for them.",
                sku_id=str(each.sku_id),
            )
        ((currency, amount, units),) = bought
        values.append((round(Fraction(amount * abs(each.quantity), units)), currency))
    return values


#: What was paid on receipt for a seller's goods of a SKU, and for how many units.
_PAID = """
SELECT stock.seller_id, stock.sku_id, accrual.currency, sum(accrual.amount_minor) AS amount,
    sum(accrual.quantity) AS units
FROM inventory_stock stock
JOIN inventory_movement movement ON movement.stock_id = stock.id AND movement.kind = 'title_in'
JOIN settlement_accrual accrual ON accrual.event_kind = 'receipt' AND accrual.event_id = movement.id
WHERE (stock.seller_id, stock.sku_id) IN (SELECT * FROM unnest(%s::uuid[], %s::uuid[])) AND stock.owner_id = %s
GROUP BY 1, 2, 3
"""
