"""From amounts to books: postings by the routes of their parts, and an accrual beside each that touches a seller."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np

from entrepot.domain.ledger import services as ledger
from entrepot.domain.ledger.rules import AccountKey, NewJournal, NewPosting
from entrepot.domain.settlement.economics import Amounts, code_of
from entrepot.domain.settlement.loading import Facts, Loaded
from entrepot.domain.settlement.rules import SELLER_SIDE, Part
from entrepot.kernel import ids
from entrepot.kernel.db import atomic, copy_rows


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an amount accrues: the event, how many units, when, and what it was computed from."""

    event_kind: str
    event_id: UUID
    quantity: int
    accrued_at: datetime
    eligible_at: datetime
    inputs: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NewAccrual:
    """An accrual that its posting will carry. Units: minor, signed as the seller sees it."""

    facts: Facts
    reason: Reason
    part: str
    rule: str
    inputs: dict[str, Any]
    amount_minor: int
    market_minor: int


#: Postings, each with the accrual that it carries where it touches a seller.
Items = list[tuple[NewPosting, NewAccrual | None]]


@dataclass(frozen=True, slots=True)
class Entry:
    """A journal with the accruals of its postings, each in its posting's place."""

    kind: str
    source_type: str
    source_id: UUID
    occurred_at: datetime
    items: Items
    reverses: UUID | None = None


Explain = Callable[[int, int], dict[str, Any]]


def book_amounts(
    loaded: Loaded, amounts: Amounts, reasons: Sequence[Reason], explain: Explain | None = None
) -> list[Items]:
    """The postings of each line, in the order of the parts; `explain` adds the inputs of a part (row, place)."""
    items: list[Items] = [[] for _ in reasons]
    booked = np.array([part.is_booked for part in amounts.parts])
    terms = loaded.book.terms
    for row, place in np.argwhere(((amounts.market != 0) | (amounts.seller != 0)) & booked).tolist():
        facts, part, reason = loaded.facts[row], amounts.parts[place], reasons[row]
        code = code_of(terms, loaded.book.t[row], amounts.parts, place)
        market, seller = int(amounts.market[row, place]), int(amounts.seller[row, place])
        rule = f"{facts.terms.programme} v{facts.terms.version}: {part.rule}"
        if part.code == "fee":
            rule += code.removeprefix("fee")
        for posting, gained in _postings(facts, part, code, market, seller):
            accrual = None
            if gained:
                inputs = _inputs(facts, reason, explain(row, place) if explain else {})
                signed = abs(market) if gained > 0 else -abs(market)
                accrual = NewAccrual(facts, reason, code, rule, inputs, gained, signed)
            items[row].append((posting, accrual))
    return items


def _inputs(facts: Facts, reason: Reason, more: dict[str, Any]) -> dict[str, Any]:
    inputs = reason.inputs | more
    if facts.currency != facts.market_currency:
        inputs |= {"rate": format(facts.rate, "f"), "rate_on": str(facts.rate_on or "")}
    return inputs


def _postings(facts: Facts, part: Part, code: str, market: int, seller: int) -> Iterator[tuple[NewPosting, int]]:
    """The postings of a part, each with what the seller's account gains by it.

    Between two currencies there are two, through the exchange accounts of each; an amount below zero walks backwards.
    """
    source, destination = facts.account(part.source, code), facts.account(part.destination, code)
    if source.currency == destination.currency:
        both_sellers = source.kind in SELLER_SIDE and destination.kind in SELLER_SIDE
        legs = [(source, destination, seller if both_sellers else market)]
    else:
        here, there = (AccountKey("exchange", facts.operator_id, each.currency) for each in (source, destination))
        outward, inward = (seller, market) if source.kind in SELLER_SIDE else (market, seller)
        legs = [(source, here, outward), (there, destination, inward)]
    rate = facts.rate if len(legs) > 1 else None
    for start, end, amount in legs:
        if not amount:
            continue
        if amount < 0:
            start, end = end, start
        gained = (end.kind == "seller_payable") - (start.kind == "seller_payable")
        yield NewPosting(start, end, abs(amount), code, facts.line_id, rate), gained * abs(amount)


@atomic
def record(entries: Sequence[Entry], now: datetime) -> int:
    """Post the entries that were not posted before, with their accruals; how many journals were new."""
    wanted = [entry for entry in entries if entry.items]
    posted = ledger.post(
        journals=[
            NewJournal(entry.kind, entry.source_type, entry.source_id, entry.occurred_at,
                       [posting for posting, _ in entry.items], entry.reverses)
            for entry in wanted
        ],
        now=now,
    )  # fmt: skip
    rows = [
        (accrual, written.journal_id, posting_id)
        for entry, written in zip(wanted, posted, strict=True)
        if written is not None
        for (_, accrual), posting_id in zip(entry.items, written.posting_ids, strict=True)
        if accrual is not None
    ]
    new_ids = ids.new_ids(now, len(rows))
    copy_rows(
        "settlement_accrual",
        ["id", "created_at", "seller_id", "currency", "amount_minor", "market_currency", "market_minor", "part",
         "line_id", "terms_id", "quantity", "event_kind", "event_id", "journal_id", "posting_id", "rule", "inputs",
         "accrued_at", "eligible_at"],
        (
            (identity, now, each.facts.seller_id, each.facts.currency, each.amount_minor, each.facts.market_currency,
             each.market_minor, each.part, each.facts.line_id, each.facts.terms_id, each.reason.quantity,
             each.reason.event_kind, each.reason.event_id, journal_id, posting_id, each.rule, each.inputs,
             each.reason.accrued_at, each.reason.eligible_at)
            for identity, (each, journal_id, posting_id) in zip(new_ids, rows, strict=True)
        ),
    )  # fmt: skip
    copy_rows(
        "settlement_unstated",
        ["accrual_id", "created_at", "seller_id", "currency", "amount_minor", "eligible_at"],
        (
            (identity, now, each.facts.seller_id, each.facts.currency, each.amount_minor, each.reason.eligible_at)
            for identity, (each, _, _) in zip(new_ids, rows, strict=True)
        ),
    )
    return sum(written is not None for written in posted)
