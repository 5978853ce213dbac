"""Money after the sale: what is captured, what carriage costs, what accrues, what a return undoes, what is paid out.

Every act takes many events and posts each once: what was posted is skipped. The amounts are those of
`domain.settlement.economics` and `moves`; this module says which events they belong to.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np

from entrepot.domain.accounts.queries import get_operator
from entrepot.domain.aftersales.models import ReturnCase
from entrepot.domain.inbound.cost_models import ShipmentCost
from entrepot.domain.ledger import services as ledger
from entrepot.domain.ledger.rules import AccountKey, NewJournal, NewPosting
from entrepot.domain.settlement import payouts, statements
from entrepot.domain.settlement.booking import Entry, Items, Reason, book_amounts, record
from entrepot.domain.settlement.closing import eligible_at, period_end
from entrepot.domain.settlement.economics import Amounts
from entrepot.domain.settlement.inbound_charges import charge_entries
from entrepot.domain.settlement.loading import Loaded, LoadedParcels, load_lines, load_parcels
from entrepot.domain.settlement.models import PayoutBatch, Statement
from entrepot.domain.settlement.moves import Returned, hand_over, lose, spent_on
from entrepot.domain.settlement.purchases import Miscount, ReceivedGoods, miscount_journals, receipt_entries
from entrepot.domain.settlement.returning import latest_eligible, load_pieces, reverse
from entrepot.domain.terms.arrays import CAUSE
from entrepot.domain.terms.rules import Accrual, Cause, Trigger
from entrepot.kernel.actors import Actor
from entrepot.kernel.crashing import crash_point
from entrepot.kernel.db import atomic, fetch_rows
from entrepot.kernel.errors import NotFound, Refused

__all__ = [
    "Delivery", "Miscount", "ReceivedGoods", "accrue_deliveries", "accrue_inbound", "accrue_periods", "accrue_receipts",
    "confirm_payouts", "fail_payouts", "pay_out", "post_captures", "post_handovers", "post_losses", "post_miscounts",
    "refund_unearned", "reverse_returns", "settle",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Delivery:
    """Units of a line that arrived, as a parcel's part."""

    parcel_line_id: UUID
    line_id: UUID
    quantity: int
    delivered_at: datetime


@atomic
def post_captures(*, capture_ids: Collection[UUID], now: datetime) -> int:
    """Book money that was taken: from the provider to the shoppers' funds, line by line; how many were new."""
    return _post_calls("capture", _CAPTURED, capture_ids, now)


@atomic
def refund_unearned(*, refund_ids: Collection[UUID], now: datetime) -> int:
    """Book money given back that nobody had earned yet: of cancelled and lost units; how many were new."""
    return _post_calls("refund", _REFUNDED, refund_ids, now)


def _post_calls(kind: str, query: str, call_ids: Collection[UUID], now: datetime) -> int:
    operator = get_operator().id
    moves: dict[tuple[UUID, datetime], list[NewPosting]] = defaultdict(list)
    for row in fetch_rows(query, [list(call_ids)]):
        provider = AccountKey("provider", operator, row.currency, row.provider)
        funds = AccountKey("shopper_funds", operator, row.currency)
        route = (provider, funds) if kind == "capture" else (funds, provider)
        moves[row.id, row.done_at].append(NewPosting(*route, row.amount_minor, kind, row.line_id))
    posted = ledger.post(
        journals=[
            NewJournal(kind, kind, call_id, done_at or now, postings) for (call_id, done_at), postings in moves.items()
        ],
        now=now,
    )
    return sum(each is not None for each in posted)


@atomic
def accrue_deliveries(*, deliveries: Sequence[Delivery], now: datetime) -> int:
    """Accrue what was earned by these deliveries; how many were new.

    Under terms that accrue at the end of a period they wait for it: see `accrue_periods`.
    """
    if not deliveries:
        return 0
    loaded = load_lines({each.line_id for each in deliveries}, lock=True)
    due = [each for each in deliveries if not _is_deferred(loaded, loaded.at[each.line_id])]
    return _accrue(loaded, due, "delivery", now)


@atomic
def accrue_periods(*, until: datetime, now: datetime) -> int:
    """Accrue what waited for the end of a period that ended by `until`, and what was handed over so long ago that the
    terms take it for delivered; how many were new.
    """
    rows = fetch_rows(_WAITING, {"until": until})
    loaded = load_lines({row.line_id for row in rows}, lock=True)
    ended, unseen = [], []
    for row in rows:
        place = loaded.at[row.line_id]
        settlement = loaded.facts[place].terms.settlement
        if row.delivered_at is not None:
            if _is_deferred(loaded, place) and period_end(settlement, row.delivered_at) <= until:
                ended.append(Delivery(row.id, row.line_id, row.quantity, row.delivered_at))
        elif settlement.undelivered_days is not None:
            taken_at = row.handed_over_at + timedelta(days=settlement.undelivered_days)
            if taken_at <= until:
                unseen.append(Delivery(row.id, row.line_id, row.quantity, taken_at))
    return _accrue(loaded, ended, "period", now) + _accrue(loaded, unseen, "undelivered", now)


def _is_deferred(loaded: Loaded, place: int) -> bool:
    """Whether the line accrues at the end of a period; what the platform bought on receipt does not wait."""
    accrues_on = loaded.facts[place].terms.earning.accrues_on
    return accrues_on is Accrual.PERIOD and not loaded.book.is_owned[place]


def _accrue(loaded: Loaded, deliveries: Sequence[Delivery], event_kind: str, now: datetime) -> int:
    """Post the accruals of deliveries, a journal each."""
    if not deliveries:
        return 0
    first = _first_units([each.parcel_line_id for each in deliveries])
    picked = loaded.pick([each.line_id for each in deliveries])
    units = np.array([each.quantity for each in deliveries], dtype=np.int64)
    amounts = picked.book.accrue(np.array([first[each.parcel_line_id] for each in deliveries], dtype=np.int64), units)
    reasons, kinds = [], []
    for place, each in enumerate(deliveries):
        settlement = picked.facts[place].terms.settlement
        deferred = _is_deferred(picked, place)
        earned_at = period_end(settlement, each.delivered_at) if deferred else each.delivered_at
        accrued_at = min(earned_at, now)  # what came back before the end of its period does not wait for it
        trigger = each.delivered_at if settlement.trigger is Trigger.DELIVERED else earned_at
        kinds.append("period" if deferred else "accrual")
        reasons.append(
            Reason(event_kind, each.parcel_line_id, each.quantity, accrued_at,
                   max(eligible_at(settlement, trigger), accrued_at),
                   {"first_unit": first[each.parcel_line_id], "units": each.quantity,
                    "of": int(picked.book.lines.quantity[place])})
        )  # fmt: skip
    items = book_amounts(picked, amounts, reasons, picked.book.explain)
    return record(
        [
            Entry(kind, "parcel_line", each.parcel_line_id, reason.accrued_at, postings)
            for kind, each, reason, postings in zip(kinds, deliveries, reasons, items, strict=True)
        ],
        now,
    )


def _first_units(parcel_line_ids: Collection[UUID]) -> dict[UUID, int]:
    """The place of the first unit of each parcel's part. Raises: Refused for a part that never left."""
    rows = fetch_rows("SELECT id, first_unit FROM logistics_parcelline WHERE id = ANY(%s)", [list(parcel_line_ids)])
    if any(row.first_unit is None for row in rows) or len(rows) < len(set(parcel_line_ids)):
        raise Refused("settlement.not_handed_over", "What never left cannot have arrived.")
    return {row.id: row.first_unit for row in rows}


@atomic
def accrue_receipts(*, receipts: Sequence[ReceivedGoods], now: datetime) -> int:
    """Accrue goods whose title passed when the platform received them; how many were new."""
    return record(receipt_entries(receipts, now), now)


@atomic
def accrue_inbound(*, costs: Sequence[ShipmentCost], now: datetime) -> int:
    """Accrue what sellers owe of the bills for the way of their shipments; how many were new."""
    return record(charge_entries(costs, now), now)


@atomic
def post_miscounts(*, miscounts: Sequence[Miscount], now: datetime) -> int:
    """Book the platform's own goods that a count found or missed, at what was paid for them; how many were new."""
    posted = ledger.post(journals=miscount_journals(miscounts, now), now=now)
    return sum(each is not None for each in posted)


@atomic
def post_handovers(*, parcel_ids: Collection[UUID], now: datetime) -> int:
    """Book what parcels cost that were handed over: carriage, handling, storage, fees a parcel; how many were new."""
    if not parcel_ids:
        return 0
    found = load_parcels(parcel_ids)
    reasons = []
    for place, row in enumerate(found.rows):
        settlement = found.loaded.facts[place].terms.settlement
        due = max(eligible_at(settlement, row.left_at), row.left_at)
        inputs = {"parcel_cost_minor": row.cost_minor, "units": row.quantity}
        reasons.append(Reason("handover", row.parcel_id, row.quantity, row.left_at, due, inputs))
    items = book_amounts(found.loaded, hand_over(found.loaded.book, found.parcels), reasons)
    left_at = {row.parcel_id: row.left_at for row in found.rows}
    return record([Entry("handover", "parcel", key, left_at[key], each) for key, each in _by_parcel(found, items)], now)


@atomic
def post_losses(*, parcel_ids: Collection[UUID], now: datetime) -> int:
    """Book what lost parcels cost: who is liable pays the owner of the goods, and the way there; how many were new."""
    if not parcel_ids:
        return 0
    found = load_parcels(parcel_ids, lock=True)
    count = len(found.rows)
    lost = Returned(
        first=found.parcels.first,
        units=found.parcels.units,
        cause=np.full(count, CAUSE[Cause.CARRIER], dtype=np.int8),
        is_sellers=np.zeros(count, dtype=np.bool_),
        is_discarded=np.ones(count, dtype=np.bool_),
        label_minor=np.zeros(count, dtype=np.int64),
        spent=spent_on(hand_over(found.loaded.book, found.parcels)),
    )
    reasons = [
        Reason("loss", row.parcel_id, row.quantity, now, now, {"cause": Cause.CARRIER.value}) for row in found.rows
    ]
    # What was taken for delivered long ago, and is now known to be lost, had accrued.
    sign = np.array([-1 if row.has_accrued else 0 for row in found.rows], dtype=np.int64).reshape(-1, 1)
    accrued = found.loaded.book.accrue(lost.first, lost.units)
    undone = Amounts(accrued.parts, accrued.market * sign, accrued.seller * sign)
    return record(
        [
            Entry(kind, "parcel", key, now, each)
            for kind, amounts in (("reversal", undone), ("liability", lose(found.loaded.book, lost)))
            for key, each in _by_parcel(found, book_amounts(found.loaded, amounts, reasons))
        ],
        now,
    )


def _by_parcel(found: LoadedParcels, items: Sequence[Items]) -> list[tuple[UUID, Items]]:
    """The postings of all lines of a parcel together."""
    together: dict[UUID, Items] = defaultdict(list)
    for row, postings in zip(found.rows, items, strict=True):
        together[row.parcel_id] += postings
    return list(together.items())


@atomic
def reverse_returns(*, case_id: UUID, now: datetime) -> int:
    """Undo what had accrued for the units of a return, book its refund, and move its costs to who is liable.

    What was delivered and waits for the end of its period accrues first. Safe to repeat; how many journals were new.
    Raises: Refused where the refund is not what the shopper paid for the units.
    """
    case = ReturnCase.objects.filter(id=case_id).first()
    if case is None:
        raise NotFound(kind="return")
    pieces = load_pieces(case_id)
    if not pieces:
        return 0
    lines = load_lines({piece.line_id for piece in pieces}, lock=True)
    waiting = {piece.parcel_line_id: piece for piece in pieces if not piece.has_accrued}
    early = [
        Delivery(each.parcel_line_id, each.line_id, each.part_units, each.arrived_at or now)
        for each in waiting.values()
    ]
    _accrue(lines, early, "delivery", now)
    found = reverse(case, pieces, lines)
    later = latest_eligible([piece.line_id for piece in pieces])
    reasons = [
        Reason("return", case_id, units, now, max(later.get(each.line_id or case_id, now), now), {"cause": case.cause})
        for each, units in zip(found.loaded.facts, found.units, strict=True)
    ]
    entries = []
    for kind, amounts in (("reversal", found.undone), ("liability", found.costs)):
        items = [item for row in book_amounts(found.loaded, amounts, reasons) for item in row]
        entries.append(Entry(kind, "return_case", case_id, now, items))
    new = record(entries, now)
    refunds = [row.id for row in fetch_rows("SELECT id FROM payments_refund WHERE source_id = %s AND state = 'done'",
                                            [case_id])]  # fmt: skip
    return new + refund_unearned(refund_ids=refunds, now=now)


def settle(*, until: datetime, now: datetime, actor: Actor) -> list[Statement]:
    """Close the statements of every seller up to `until`; again for the same day they are the same.

    What waited for the end of a period accrues first. Raises: Refused for a day that has not come.
    """
    if until > now + timedelta(days=1):
        raise Refused(
            "settlement.not_over",
            "What is due by {until} is not known yet; settle up to {now} at most.",
            until=until.date().isoformat(),
            now=now.date().isoformat(),
        )
    accrue_periods(until=until, now=now)
    crash_point("settlement.accrued")
    return statements.close_statements(until=until, now=now, actor=actor)


def pay_out(*, now: datetime, actor: Actor, provider: str = "csv") -> list[PayoutBatch]:
    """Send what statements owe to the payout provider, a batch a currency; what an earlier call left open first.

    The rows say *about to* before the provider is asked; under its key it is asked as often as it takes.
    """
    return payouts.pay_out(now=now, actor=actor, provider=provider)


def confirm_payouts(*, payout_ids: Collection[UUID], now: datetime, actor: Actor) -> int:
    """The bank has paid these out; how many were confirmed by it."""
    return payouts.confirm(payout_ids=payout_ids, now=now, actor=actor)


def fail_payouts(*, payout_ids: Collection[UUID], reason: str, now: datetime, actor: Actor) -> int:
    """The bank sent these back: the money is the seller's again and leaves with the next payout; how many came back."""
    return payouts.fail(payout_ids=payout_ids, reason=reason, now=now, actor=actor)


_CAPTURED = """
SELECT call.id, call.done_at, line.line_id, line.amount_minor, payment.provider, payment.currency
FROM payments_capture call
JOIN payments_captureline line ON line.capture_id = call.id
JOIN payments_payment payment ON payment.id = call.payment_id
WHERE call.id = ANY(%s) AND call.state = 'done' AND line.amount_minor > 0
ORDER BY call.id, line.id
"""

_REFUNDED = """
SELECT call.id, call.done_at, line.line_id, line.amount_minor, payment.provider, payment.currency
FROM payments_refund call
JOIN payments_refundline line ON line.refund_id = call.id
JOIN payments_payment payment ON payment.id = call.payment_id
WHERE call.id = ANY(%s) AND call.state = 'done' AND line.amount_minor > 0
ORDER BY call.id, line.id
"""

#: Parts of parcels that are paid for and have not accrued: delivered under terms that wait for a period, or gone long
#: ago and not seen since.
_WAITING = """
SELECT part.id, part.line_id, part.quantity, parcel.handed_over_at, parcel.delivered_at
FROM logistics_parcelline part
JOIN logistics_parcel parcel ON parcel.id = part.parcel_id AND parcel.direction = 'outbound'
JOIN orders_orderline line ON line.id = part.line_id
JOIN terms_termssnapshot terms ON terms.digest = line.terms_id
WHERE ((parcel.state = 'delivered' AND terms.body #>> '{earning,accrues_on}' = 'period'
        AND parcel.delivered_at < %(until)s)
    OR (parcel.state = 'handed_over' AND terms.body #>> '{settlement,undelivered_days}' IS NOT NULL
        AND parcel.handed_over_at < %(until)s))
  AND NOT EXISTS (SELECT FROM ledger_journal journal WHERE journal.source_type = 'parcel_line'
      AND journal.source_id = part.id AND journal.kind IN ('accrual', 'period'))
  AND EXISTS (SELECT FROM payments_captureline taken JOIN payments_capture call ON call.id = taken.capture_id
      WHERE taken.line_id = part.line_id AND call.state = 'done'
        AND call.source_id IN (parcel.id, parcel.reference_id))
ORDER BY part.id
"""
