"""Goods that went back to their seller, or were disposed of: carriage, and what the marketplace had paid for them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from entrepot.domain.accounts.queries import get_operator
from entrepot.domain.inbound.return_models import VendorReturn, VendorReturnLine
from entrepot.domain.ledger.rules import AccountKey, NewPosting
from entrepot.domain.settlement.booking import Entry, Items, Reason
from entrepot.domain.settlement.closing import eligible_at
from entrepot.domain.settlement.inbound_charges import Owed, owed_items
from entrepot.domain.settlement.loading import Facts
from entrepot.domain.settlement.purchases import Miscount, own_values
from entrepot.domain.terms.queries import get_wordings
from entrepot.domain.terms.rules import Terms
from entrepot.domain.terms.services import freeze
from entrepot.kernel.money import round_half_even

KIND = "vendor_return"


def return_entry(row: VendorReturn, lines: Sequence[VendorReturnLine], now: datetime) -> Entry:
    """The journal of a return that is over: carriage owed to its carrier, the value of own goods, the seller's share.

    Rounding: the share of each amount once, half to even. Raises: Refused for own goods of which no purchase is known.
    """
    operator, terms = get_operator().id, _terms(row, now)
    currency = row.seller.settlement_currency
    units = sum(line.quantity for line in lines)
    reason = Reason(KIND, row.id, units, now, max(eligible_at(terms.settlement, now), now))
    rule = f"{terms.programme} v{terms.version}: {_duty(row)}"
    inputs: dict[str, object] = {
        "vendor_return": row.number,
        "units": units,
        "share": format(row.seller_share.normalize(), "f"),
    }
    items: Items = []
    if row.cost_minor:
        spent = AccountKey("cost_carriage", operator, row.cost_currency)
        owed_to = AccountKey("carrier_payable", operator, row.cost_currency, row.carrier)
        items.append((NewPosting(spent, owed_to, row.cost_minor, "carriage", row.id), None))
        share = round_half_even(row.cost_minor * row.seller_share)
        facts = _facts(operator, row, terms, row.cost_currency, row.seller_rate or Decimal(1), now)
        more: dict[str, object] = {"bill_minor": row.cost_minor}
        if row.cost_currency != currency:
            more |= {"rate": format(facts.rate, "f"), "rate_on": str(now.date())}
        if share:
            items += owed_items(Owed(share, "back.carriage", spent, row.id, rule, inputs | more), facts, reason)
    own = [line for line in lines if line.stock is not None and line.stock.owner_id == operator]
    goods = [Miscount(line.movement_id or line.id, row.seller_id, line.sku_id, line.quantity) for line in own]
    values: dict[str, int] = {}
    for value, paid_in in own_values(goods) if goods else ():
        values[paid_in] = values.get(paid_in, 0) + value
    for paid_in, value in sorted(values.items()):
        # What it had paid leaves its stock: the seller gives back its share, the rest is lost.
        stock, lost = AccountKey("stock_owned", operator, paid_in), AccountKey("cost_goods", operator, paid_in)
        share = round_half_even(value * row.seller_share)
        if share:
            facts = replace(_facts(operator, row, terms, paid_in, Decimal(1), now), currency=paid_in)
            items += owed_items(
                Owed(share, "back.goods", stock, row.id, rule, inputs | {"bill_minor": value}), facts, reason
            )
        if value - share:
            items.append((NewPosting(lost, stock, value - share, "owned_goods", row.id), None))
    return Entry(KIND, KIND, row.id, now, items)


def _terms(row: VendorReturn, now: datetime) -> Terms:
    enrolment = row.enrolment
    version, wording = get_wordings({enrolment.programme_version_id})[enrolment.programme_version_id]
    terms = wording.terms(version=version.version, on=now.date(), enrolled_on=enrolment.valid_from.date())
    freeze([terms], now=now)
    return terms


def _duty(row: VendorReturn) -> str:
    match row.cause:
        case "surplus":
            return "duties.unsold_stock.payer"
        case "damaged":
            return "duties.storage.liable"
    return "duties.product_quality.liable"


def _facts(operator: UUID, row: VendorReturn, terms: Terms, currency: str, rate: Decimal, now: datetime) -> Facts:
    return Facts(
        line_id=None, operator_id=operator, seller_id=row.seller_id, market_currency=currency,
        currency=row.seller.settlement_currency, rate=rate, rate_on=now.date(), terms_id=terms.digest, terms=terms,
        market_code=row.enrolment.market.code,
    )  # fmt: skip
