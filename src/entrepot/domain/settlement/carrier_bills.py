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
from entrepot.kernel.money import convert, format_minor, prorate_array, split_groups

KIND, LINE = "carrier_bill", "carrier_bill_line"
PAYMENT = "carrier_payment"
#: The two postings between the currencies of a bill and of its parcel.
EXCHANGED = "billed.exchanged"


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
        bill, own = line.bill, line.own_currency or line.bill.currency
        billed = AccountKey("carrier_billed", operator, own, bill.carrier)
        items: Items = []
        if line.planned_minor:
            planned = AccountKey("carrier_payable", operator, own, line.planned_label)
            items += _moved(planned, billed, line.own_minor if line.own_currency else line.planned_minor,
                            "billed.planned", line)  # fmt: skip
        if line.id in borne:
            items += borne[line.id]
        else:
            spent = AccountKey("cost_carriage", operator, own)
            items += _moved(spent, billed, sum(_difference(line)), "billed.platform", line)
        if line.own_currency:
            # What came together in the parcel's currency is owed in the bill's, at the rate of the bill's day.
            here, there = (AccountKey("exchange", operator, each) for each in (own, bill.currency))
            owed = AccountKey("carrier_billed", operator, bill.currency, bill.carrier)
            items += _moved(billed, here, _own(line, line.amount_minor), EXCHANGED, line)
            items += _moved(there, owed, line.amount_minor, EXCHANGED, line)
        entries.append(Entry(KIND, LINE, line.id, now, items))
    return entries


def _own(line: CarrierBillLine, amount_minor: int) -> int:
    """An amount of a bill in the currency of its line's parcel. Rounding: once, half to even."""
    if not line.own_currency or line.fx_rate is None:
        return amount_minor
    return convert(amount_minor, line.fx_rate, line.bill.currency, line.own_currency)


def _difference(line: CarrierBillLine) -> tuple[int, int]:
    """What is billed beyond what was planned, in the parcel's currency: by rate and surcharges, and by weight."""
    if not line.own_currency:
        return line.rate_minor + line.surcharge_minor, line.weight_minor
    weight = _own(line, line.weight_minor)
    return _own(line, line.amount_minor) - line.own_minor - weight, weight


def payment_journal(payment: CarrierPayment, now: datetime) -> NewJournal:
    """What a carrier was paid, from the bank."""
    operator = get_operator().id
    billed = AccountKey("carrier_billed", operator, payment.currency, payment.carrier)
    bank = AccountKey("bank", operator, payment.currency)
    posting = NewPosting(billed, bank, payment.amount_minor, PAYMENT, payment.id)
    return NewJournal(PAYMENT, PAYMENT, payment.id, now, [posting])


def _moved(source: AccountKey, billed: AccountKey, amount: int, part: str, line: CarrierBillLine) -> Items:
    if not amount:
        return []
    ends = (source, billed) if amount > 0 else (billed, source)
    rate = line.fx_rate if part == EXCHANGED else None
    return [(NewPosting(*ends, abs(amount), part, line.id, rate), None)]


def _borne(lines: Sequence[CarrierBillLine], now: datetime) -> dict[Any, Items]:
    """The difference of each line whose parcel carried order lines, among who bears it."""
    differing = [line for line in lines if line.parcel_id is not None and any(_difference(line))]
    named = {line.parcel_id for line in differing if line.parcel_id is not None}
    found = load_parcels(named) if named else None
    if found is None or not found.rows:
        return {}
    at = defaultdict(list)
    for place, row in enumerate(found.rows):
        at[row.parcel_id].append(place)
    with_terms = [line for line in differing if at.get(line.parcel_id)]
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
    differences = [_difference(line) for line in with_terms]
    rate = _share([each for each, _ in differences], weights, group)
    amounts = share_difference(book, rate, _share([each for _, each in differences], weights, group))
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
    """What a bearer is shown of a line, in the currency of its parcel."""
    said: dict[str, Any] = {
        "issuer": line.bill.carrier, "document": line.bill.number, "tracking_number": line.tracking_number,
        "bill_minor": _own(line, line.amount_minor),
        "planned_minor": line.own_minor if line.own_currency else line.planned_minor,
    }  # fmt: skip
    surcharge = _own(line, line.surcharge_minor)
    rate, weight = _difference(line)
    parts = {"rate_minor": rate - surcharge, "weight_minor": weight, "surcharge_minor": surcharge}
    said |= {name: value for name, value in parts.items() if value}
    if line.own_currency:
        said |= {
            "billed_as": format_minor(line.amount_minor, line.bill.currency),
            "billed_rate": format(line.fx_rate or 0, "f"), "billed_rate_on": str(line.fx_on),
        }  # fmt: skip
    if line.planned_weight_g is not None and line.weight_g is not None:
        said |= {"packed_weight_g": line.planned_weight_g, "billed_weight_g": line.weight_g}
        if line.card_minor is not None:
            said["card_minor"] = _own(line, line.card_minor)
    return said
