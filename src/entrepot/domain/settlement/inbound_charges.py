"""Bills for the way of a shipment that the terms put on its seller: accruals on its statement, bill by bill."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from entrepot.domain.accounts.queries import get_operator
from entrepot.domain.inbound.cost_models import ShipmentCost
from entrepot.domain.inbound.costing import task_of
from entrepot.domain.ledger.rules import AccountKey, NewPosting
from entrepot.domain.settlement.booking import Entry, Items, NewAccrual, Reason
from entrepot.domain.settlement.closing import eligible_at
from entrepot.domain.settlement.loading import Facts
from entrepot.domain.terms.queries import get_wordings
from entrepot.domain.terms.services import freeze
from entrepot.kernel.money import convert

KIND = "inbound_charge"
EVENT = "inbound_cost"
#: Into which account a bill of a kind goes; all others are carriage.
ACCOUNT_OF = {"customs_duty": "cost_customs_duty", "entry_fees": "cost_customs_duty", "unloading": "cost_handling"}


def spent_on(kind: str) -> str:
    """The kind of account that a bill of this kind is a cost in."""
    return ACCOUNT_OF.get(kind, "cost_carriage")


def charge_entries(costs: Sequence[ShipmentCost], now: datetime) -> list[Entry]:
    """The journals that put what sellers owe of these bills on their statements; a credit note gives it back.

    What the seller owes leaves the account in which the bill is a cost. Rounding: into the seller's currency, once.
    """
    owed = [each for each in costs if each.seller_minor]
    enrolments = {each.id: each.shipment.enrolment for each in owed}
    wordings = get_wordings({each.programme_version_id for each in enrolments.values()})
    operator = get_operator().id
    entries, frozen = [], []
    for cost in owed:
        shipment, enrolment = cost.shipment, enrolments[cost.id]
        seller, version = shipment.seller, wordings[enrolment.programme_version_id][0]
        terms = wordings[enrolment.programme_version_id][1].terms(
            version=version.version, on=now.date(), enrolled_on=enrolment.valid_from.date()
        )
        frozen.append(terms)
        own, rate = seller.settlement_currency, cost.seller_rate or Decimal(1)
        facts = Facts(
            line_id=None, operator_id=operator, seller_id=seller.pk, market_currency=cost.currency, currency=own,
            rate=rate, rate_on=cost.incurred_on, terms_id=terms.digest, terms=terms,
            market_code=enrolment.market.code,
        )  # fmt: skip
        part = f"inbound.{cost.kind}"
        is_abroad = seller.organisation.country != shipment.node.country
        rule = f"{terms.programme} v{terms.version}: duties.{task_of(cost.kind, is_abroad=is_abroad).value}.payer"
        inputs = {"shipment": shipment.number, "issuer": cost.issuer, "document": cost.document_number,
                  "bill_minor": cost.amount_minor}  # fmt: skip
        if own != cost.currency:
            inputs |= {"rate": format(rate, "f"), "rate_on": str(cost.incurred_on)}
        reason = Reason(EVENT, cost.id, 0, now, max(eligible_at(terms.settlement, now), now))
        spent = AccountKey(spent_on(cost.kind), operator, cost.currency)
        owes = Owed(cost.seller_minor, part, spent, cost.shipment_id, rule, inputs)
        entries.append(Entry(KIND, "shipment_cost", cost.id, now, owed_items(owes, facts, reason)))
    freeze(frozen, now=now)
    return entries


@dataclass(frozen=True, slots=True)
class Owed:
    """What a seller owes of a cost (below zero: gets back), in the cost's currency, and where the cost stands."""

    amount_minor: int
    part: str
    spent: AccountKey
    subject_id: UUID
    rule: str
    inputs: Mapping[str, object]


def owed_items(owed: Owed, facts: Facts, reason: Reason) -> Items:
    """From the seller's balance to where the cost stands; between two currencies through the exchange accounts."""
    there = owed.spent.currency
    own = convert(abs(owed.amount_minor), facts.rate, there, facts.currency)
    payable = AccountKey("seller_payable", facts.seller_id, facts.currency)
    if facts.currency == there:
        legs = [(payable, owed.spent, own)]
    else:
        here, beyond = (AccountKey("exchange", facts.operator_id, each) for each in (facts.currency, there))
        legs = [(payable, here, own), (beyond, owed.spent, abs(owed.amount_minor))]
    sign = -1 if owed.amount_minor > 0 else 1
    rate = facts.rate if len(legs) > 1 else None
    items: Items = []
    for source, destination, amount in legs:
        if not amount:
            continue
        ends = (source, destination) if sign < 0 else (destination, source)
        accrual = None
        if payable in ends:
            accrual = NewAccrual(
                facts, reason, owed.part, owed.rule, dict(owed.inputs), sign * own, sign * abs(owed.amount_minor)
            )
        items.append((NewPosting(*ends, amount, owed.part, owed.subject_id, rate), accrual))
    return items
