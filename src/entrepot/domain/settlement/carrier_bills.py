"""Accepted lines of carriers' bills in the books: what was planned is billed, the difference goes to who bears it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np

from entrepot.domain.accounts.queries import get_operator
from entrepot.domain.ledger.rules import AccountKey, NewJournal, NewPosting
from entrepot.domain.logistics.bill_models import CarrierBillLine, CarrierPayment
from entrepot.domain.settlement.booking import Entry, Items, Reason, book_amounts
from entrepot.domain.settlement.closing import eligible_at
from entrepot.domain.settlement.economics import Amounts, Book, sums
from entrepot.domain.settlement.loading import Loaded, load_parcels
from entrepot.domain.settlement.rules import BILL_PARTS
from entrepot.domain.terms.arrays import NOBODY, PARTY, Whole
from entrepot.domain.terms.rules import Cause, Party, Task
from entrepot.kernel.money import prorate_array, split_groups

KIND, LINE = "carrier_bill", "carrier_bill_line"
PAYMENT = "carrier_payment"


def bill_entries(lines: Sequence[CarrierBillLine], now: datetime) -> list[Entry]:
    """A journal for each accepted line, which brings the whole of it into what the carrier is owed by its bills.

    What was planned leaves what is owed since the hand-over; the difference leaves the accounts of who bears it by the
    terms of the order lines in the parcel: the payers of the last mile, and what a re-weighing made whoever the terms
    name for it. Of lines without such terms (returns, unknown numbers) the marketplace bears it.
    """
    operator = get_operator().id
    borne = _borne(lines, now)
    entries = []
    for line in lines:
        bill = line.bill
        billed = AccountKey("carrier_billed", operator, bill.currency, bill.carrier)
        items: Items = []
        if line.planned_minor:
            planned = AccountKey("carrier_payable", operator, bill.currency, line.planned_label)
            items.append(_moved(planned, billed, line.planned_minor, "billed.planned", line))
        difference = line.amount_minor - line.planned_minor
        if line.id in borne:
            items += borne[line.id]
        elif difference:
            spent = AccountKey("cost_carriage", operator, bill.currency)
            items.append(_moved(spent, billed, difference, "billed.platform", line))
        entries.append(Entry(KIND, LINE, line.id, now, items))
    return entries


def payment_journal(payment: CarrierPayment, now: datetime) -> NewJournal:
    """What a carrier was paid, from the bank."""
    operator = get_operator().id
    billed = AccountKey("carrier_billed", operator, payment.currency, payment.carrier)
    bank = AccountKey("bank", operator, payment.currency)
    posting = NewPosting(billed, bank, payment.amount_minor, PAYMENT, payment.id)
    return NewJournal(PAYMENT, PAYMENT, payment.id, now, [posting])


def _moved(
    source: AccountKey, billed: AccountKey, amount: int, part: str, line: CarrierBillLine
) -> tuple[NewPosting, None]:
    ends = (source, billed) if amount > 0 else (billed, source)
    return NewPosting(*ends, abs(amount), part, line.id), None


def _borne(lines: Sequence[CarrierBillLine], now: datetime) -> dict[Any, Items]:
    """The difference of each line whose parcel carried order lines, among who bears it."""
    named = {line.parcel_id for line in lines if line.parcel_id is not None and line.amount_minor != line.planned_minor}
    found = load_parcels(named) if named else None
    if found is None or not found.rows:
        return {}
    at = defaultdict(list)
    for place, row in enumerate(found.rows):
        at[row.parcel_id].append(place)
    with_terms = [line for line in lines if at.get(line.parcel_id) and line.amount_minor != line.planned_minor]
    places = np.array([place for line in with_terms for place in at[line.parcel_id]], dtype=np.int64)
    group = np.array([n for n, line in enumerate(with_terms) for _ in at[line.parcel_id]], dtype=np.int64)
    if not len(places):
        return {}
    book = Book(found.loaded.book.lines.pick(places), found.loaded.book.terms)
    facts = tuple(
        replace(found.loaded.facts[place], carrier=with_terms[n].bill.carrier)
        for place, n in zip(places.tolist(), group.tolist(), strict=True)
    )
    weights = prorate_array(
        book.lines.freight_minor, found.parcels.first[places], found.parcels.units[places], book.lines.quantity
    )
    weightless = sums(weights, group, len(with_terms)) == 0
    weights = np.where(weightless[group], found.parcels.units[places], weights)
    rate = _share([line.rate_minor + line.surcharge_minor for line in with_terms], weights, group)
    amounts = share_difference(book, rate, _share([line.weight_minor for line in with_terms], weights, group))
    reasons = []
    for fact, n in zip(facts, group.tolist(), strict=True):
        due = max(eligible_at(fact.terms.settlement, now), now)
        reasons.append(Reason(KIND, with_terms[n].id, 0, now, due, _evidence(with_terms[n])))
    items = book_amounts(Loaded(book, facts, {}), amounts, reasons)
    together: dict[Any, Items] = defaultdict(list)
    for n, postings in zip(group.tolist(), items, strict=True):
        together[with_terms[n].id] += postings
    return together


def share_difference(book: Book, rate: Whole, weight: Whole) -> Amounts:
    """The difference of each row by who bears it.

    Rate and surcharges go to the payers of the last mile, in their shares. What the weight made goes to whoever the
    terms name for a wrong weight of the last mile, and where they name nobody to the payers as well.
    """
    shared = book.by_payers("rate", Task.LAST_MILE, rate)
    weighed = book.by_payers("weight", Task.LAST_MILE, weight)
    named = [each.duties[Task.LAST_MILE].liable.get(Cause.WEIGHT) for each in book.terms.terms]
    answers = np.array([NOBODY if party is None else PARTY[party] for party in named])[book.t]
    sellers = np.where(answers == NOBODY, weighed[f"weight.{Party.SELLER}"],
                       np.where(answers == PARTY[Party.SELLER], weight, 0))  # fmt: skip
    market = {
        f"billed.{Party.PLATFORM}": rate - shared[f"rate.{Party.SELLER}"],
        f"billed.{Party.SELLER}": shared[f"rate.{Party.SELLER}"],
        f"billed_weight.{Party.PLATFORM}": weight - sellers,
        f"billed_weight.{Party.SELLER}": sellers,
    }
    return book.gather(BILL_PARTS, market, None)


def _share(totals: Sequence[int], weights: Whole, group: Whole) -> Whole:
    """Amounts among the rows of their group, below zero as above."""
    whole = np.array(totals, dtype=np.int64)
    return split_groups(np.abs(whole), weights, group) * np.sign(whole)[group]


def _evidence(line: CarrierBillLine) -> dict[str, Any]:
    """What a bearer is shown of a line."""
    said: dict[str, Any] = {
        "issuer": line.bill.carrier, "document": line.bill.number, "tracking_number": line.tracking_number,
        "bill_minor": line.amount_minor, "planned_minor": line.planned_minor,
    }  # fmt: skip
    said |= {
        name: value for name in ("rate_minor", "weight_minor", "surcharge_minor") if (value := getattr(line, name))
    }
    if line.planned_weight_g is not None and line.weight_g is not None:
        said |= {"packed_weight_g": line.planned_weight_g, "billed_weight_g": line.weight_g}
    return said
