"""Carriers' bills: brought in, matched with parcels, accepted into the books, disputed, credited and paid."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from entrepot.domain.ledger import services as ledger
from entrepot.domain.logistics import bill_matching, bill_rules, billing
from entrepot.domain.logistics.bill_models import CarrierBill, CarrierBillLine, CarrierPayment
from entrepot.domain.logistics.billing import ACCEPTED, CREDITED, DISPUTED, OPEN, NewBill, NewLine
from entrepot.domain.settlement.booking import record
from entrepot.domain.settlement.carrier_bills import bill_entries, payment_journal
from entrepot.flows.weighing import by_cards
from entrepot.kernel import audit, ids
from entrepot.kernel.actors import SYSTEM, Actor
from entrepot.kernel.db import atomic, execute, fetch_rows
from entrepot.kernel.errors import Denied, EntrepotError, Invalid, Refused

VERB = "bills.decide"


@atomic
def enter(*, bill: NewBill, lines: Sequence[NewLine], actor: Actor, now: datetime) -> CarrierBill:
    """Keep a whole bill, or nothing of it; the same bill once more changes nothing.

    Raises: Denied, Invalid where a line is wrong or the lines do not come to the total that the bill states.
    """
    _demand(actor)
    total = sum(sum(each.charges.values()) for each in lines)
    if bill.stated_minor is not None and bill.stated_minor != total:
        raise Invalid("carriers.bill_total", "The lines come to {total}, not to what the bill states.",
                      field="total", total=total)  # fmt: skip
    row = billing.open_bill(bill=bill, actor=actor, now=now)
    for answer in billing.add_lines(bill=row, lines=lines, now=now, price=by_cards):
        if isinstance(answer, EntrepotError):
            raise answer
    return row


@atomic
def enter_lines(*, bill: NewBill, lines: Sequence[NewLine], actor: Actor, now: datetime) -> list[str | EntrepotError]:
    """Keep some of the lines of a bill; of each "created", "same", or why it is not taken. Raises: Denied, Invalid."""
    _demand(actor)
    row = billing.open_bill(bill=bill, actor=actor, now=now)
    return billing.add_lines(bill=row, lines=lines, now=now, price=by_cards)


@atomic
def accept_agreed(*, bill_id: UUID, actor: Actor, now: datetime) -> int:
    """Match what is open once more, and accept what agrees: equal, within the tolerance, or a credit; how many lines.

    Raises: NotFound, Denied, Refused for a bill that is not whole.
    """
    _demand(actor)
    lines = _matched(bill_id, None)
    agreed = [
        each for each in lines
        if each.state == OPEN and each.verdict in bill_rules.AGREED and not (each.credits and _is_stuck(each))
    ]  # fmt: skip
    return _accept(bill_id, agreed, "", actor, now)


@atomic
def accept(*, bill_id: UUID, line_ids: Collection[UUID], reason: str, actor: Actor, now: datetime) -> int:
    """Accept lines that differ, or are disputed, for a reason; how many. Safe to repeat.

    Raises: NotFound, Denied, Invalid without a reason, Refused for what is never to be paid.
    """
    _demand(actor)
    why = audit.require_reason(reason)
    lines = [each for each in _matched(bill_id, line_ids) if each.state in (OPEN, DISPUTED)]
    return _accept(bill_id, lines, why, actor, now)


@atomic
def dispute(*, bill_id: UUID, line_ids: Collection[UUID], reason: str, actor: Actor, now: datetime) -> int:
    """Say that lines are not owed as they are billed, and why; they wait for the carrier's credit note.

    Raises: NotFound, Denied, Invalid without a reason, Refused for credits.
    """
    _demand(actor)
    why = audit.require_reason(reason)
    lines = [each for each in billing.lock_lines(bill_id=bill_id, line_ids=line_ids) if each.state == OPEN]
    if any(each.amount_minor <= 0 for each in lines):
        raise Refused("carriers.credit_disputed", "What a carrier gives back is not disputed.")
    billing.decide(lines=lines, state=DISPUTED, reason=why, actor=actor, now=now)
    _note("bills.dispute", bill_id, lines, why, actor, now)
    return len(lines)


@atomic
def pay(*, carrier: str, currency: str, reference: str, actor: Actor, now: datetime) -> CarrierPayment:
    """Pay all accepted lines of a carrier that are not paid, less its credits. Raises: Denied, Refused, Invalid."""
    _demand(actor)
    if not 1 <= len(reference.strip()) <= 80:
        raise Invalid("carriers.payment_reference", "Give the bank's reference.", field="reference")
    lines = fetch_rows(
        "SELECT line.id, line.amount_minor FROM logistics_carrierbillline line"
        " JOIN logistics_carrierbill bill ON bill.id = line.bill_id WHERE line.state = 'accepted'"
        " AND line.payment_id IS NULL AND bill.carrier = %s AND bill.currency = %s ORDER BY line.id"
        " FOR NO KEY UPDATE OF line",
        [carrier, currency],
    )
    amount = sum(row.amount_minor for row in lines)
    if amount <= 0:
        raise Refused("carriers.nothing_owed", "Nothing is owed to {carrier} in {currency}.", carrier=carrier,
                      currency=currency)  # fmt: skip
    identity = ids.new_id(now)
    made = CarrierPayment.objects.create(
        id=identity, created_at=now, number=ids.number("CP", identity, 10), carrier=carrier, currency=currency,
        amount_minor=amount, reference=reference.strip(), paid_by=actor.label[:200],
    )  # fmt: skip
    execute(
        "UPDATE logistics_carrierbillline SET payment_id = %s WHERE id = ANY(%s)",
        [identity, [row.id for row in lines]],
    )
    ledger.post(journals=[payment_journal(made, now)], now=now)
    audit.record(
        actor=actor, verb="bills.pay", subject_kind="carrier_payment", subject_id=identity, now=now,
        after={"carrier": carrier, "currency": currency, "amount_minor": amount, "reference": made.reference},
    )  # fmt: skip
    return made


def _demand(actor: Actor) -> None:
    if actor != SYSTEM and actor.verbs.get(VERB) != "all":
        raise Denied("accounts.verb_missing", "Your role does not include “{verb}”.", verb=VERB)


def _matched(bill_id: UUID, line_ids: Collection[UUID] | None) -> list[CarrierBillLine]:
    """Lines as they are found today."""
    lines = billing.lock_lines(bill_id=bill_id, line_ids=line_ids)
    bill_matching.match(line_ids=[each.id for each in lines if each.state == OPEN], price=by_cards)
    return billing.lock_lines(bill_id=bill_id, line_ids=line_ids)


def _accept(bill_id: UUID, lines: Sequence[CarrierBillLine], reason: str, actor: Actor, now: datetime) -> int:
    credited = _credited([each for each in lines if each.amount_minor < 0])
    whole = [each for each in lines if each.credits_id in credited and _is_whole(each, credited)]
    gone = {each.id for each in whole}
    billing.decide(lines=whole, state=CREDITED, reason=reason, actor=actor, now=now)
    for each in whole:
        billing.settle_dispute(line=credited[each.credits_id], now=now)
    rest = [each for each in lines if each.id not in gone]
    # A credit for a part of a disputed line settles it: both are accepted.
    settled = [credited[each.credits_id] for each in rest if each.credits_id in credited]
    settled = list({each.id: each for each in settled if each.state == DISPUTED}.values())
    taken = [*rest, *(each for each in settled if each.id not in {line.id for line in rest})]
    for each in taken:
        _check(each)
    billing.decide(lines=taken, state=ACCEPTED, reason=reason, actor=actor, now=now)
    record(bill_entries(taken, now), now)
    _note("bills.accept", bill_id, [*taken, *whole], reason, actor, now)
    return len(lines)


def _credited(credits: Sequence[CarrierBillLine]) -> dict[UUID | None, CarrierBillLine]:
    """The lines that credits give back, locked. Raises: Refused where more is given back than was billed."""
    wanted = [each.credits_id for each in credits if each.credits_id]
    rows = CarrierBillLine.objects.select_for_update(no_key=True, of=("self",)).select_related("bill")
    found: dict[UUID | None, CarrierBillLine] = {row.id: row for row in rows.filter(id__in=wanted).order_by("id")}
    given = {
        row.credits_id: row.given
        for row in fetch_rows(
            "SELECT credits_id, sum(amount_minor)::bigint AS given FROM logistics_carrierbillline"
            " WHERE credits_id = ANY(%s) AND state IN ('accepted', 'credited') GROUP BY credits_id",
            [wanted],
        )
    }
    for each in credits:
        if each.credits_id:
            given[each.credits_id] = given.get(each.credits_id, 0) + each.amount_minor
            if -given[each.credits_id] > found[each.credits_id].amount_minor:
                raise Refused("carriers.credited_twice", "More is credited for {number} than was billed.",
                              number=each.tracking_number)  # fmt: skip
    return found


def _is_whole(credit: CarrierBillLine, credited: dict[UUID | None, CarrierBillLine]) -> bool:
    """Whether a credit takes a disputed line back as if it had never been billed."""
    line = credited[credit.credits_id]
    return line.state == DISPUTED and line.amount_minor == -credit.amount_minor


def _is_stuck(credit: CarrierBillLine) -> bool:
    """Whether a credit is for a part of a disputed line that cannot be accepted: a person looks at it."""
    line = credit.credits
    if line is None or line.state != DISPUTED or line.amount_minor == -credit.amount_minor:
        return False
    return line.verdict in bill_rules.NEVER or (line.verdict == "twice" and line.is_carriage)


def _check(line: CarrierBillLine) -> None:
    """Raises: Refused for a line that cannot be accepted as it is."""
    if line.verdict in bill_rules.NEVER:
        why = {
            "waiting": "Its carriage is not in the books yet: accept it once it has left.",
            "currency": "It was planned in another currency, and no rate of exchange is known for the day of the bill.",
        }[line.verdict]
        raise Refused("carriers.line_not_ready", "{number}: {why}", number=line.tracking_number, why=why)
    if line.verdict == "twice" and line.is_carriage:
        raise Refused("carriers.billed_twice", "{number} was billed before: dispute this line.",
                      number=line.tracking_number)  # fmt: skip


def _note(verb: str, bill_id: UUID, lines: Sequence[CarrierBillLine], reason: str, actor: Actor, now: datetime) -> None:
    if lines:
        after = {"lines": len(lines), "amount_minor": sum(each.amount_minor for each in lines)}
        audit.record(actor=actor, verb=verb, subject_kind="carrier_bill", subject_id=bill_id, now=now, reason=reason,
                     after=after)  # fmt: skip
