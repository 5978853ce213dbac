"""Payouts: a row says *about to*, the provider is asked outside transactions, the answer is booked, a bank confirms."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from entrepot.domain.accounts.queries import get_operator
from entrepot.domain.ledger import services as ledger
from entrepot.domain.ledger.rules import AccountKey, NewJournal, NewPosting
from entrepot.domain.settlement.models import Payout, PayoutBatch
from entrepot.domain.settlement.providers import Receipt, Transfer, get_provider
from entrepot.domain.settlement.rules import SELLER_OWNED
from entrepot.kernel import audit, ids, outbox
from entrepot.kernel.actors import Actor
from entrepot.kernel.crashing import crash_point
from entrepot.kernel.db import assert_no_transaction, atomic, copy_rows, execute, fetch_rows, unnest
from entrepot.kernel.outbox import Event

#: One run at a time decides what is paid out.
_LOCK = 4_210_012

#: A step of a payout: from where to where.
ROUTES: Mapping[str, tuple[str, str]] = {
    "payout": ("seller_payable", "payout_in_transit"),
    "payout_confirmed": ("payout_in_transit", "bank"),
    "payout_failed": ("payout_in_transit", "seller_payable"),
}


def pay_out(*, now: datetime, actor: Actor, provider: str) -> list[PayoutBatch]:
    """Send what is owed; the batches that were sent by it, those first that an earlier run left open.

    Raises: NotFound for a provider that there is none of, Unavailable where it does not answer: then ask again.
    """
    assert_no_transaction()
    get_provider(provider)
    sent = []
    for batch in _open_batches(provider, now):
        crash_point("payout.opened")
        receipt = get_provider(batch.provider).pay_out(batch.number, _transfers(batch.id), batch.created_at)
        crash_point("payout.asked")
        if _record(batch.id, receipt, actor, now):
            sent.append(batch.id)
    return list(PayoutBatch.objects.filter(id__in=sent).order_by("currency", "id"))


@atomic
def _open_batches(provider: str, now: datetime) -> list[PayoutBatch]:
    """Write *about to* for every statement that owes and has no live payout; all batches that are not sent yet."""
    execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    owed = fetch_rows(
        """
        SELECT statement.id, statement.seller_id, statement.currency, statement.payable_minor
        FROM settlement_statement statement
        WHERE statement.state = 'issued' AND statement.payable_minor > 0
          AND NOT EXISTS (SELECT FROM settlement_payout payout
              WHERE payout.statement_id = statement.id AND payout.state <> 'failed')
        ORDER BY statement.currency, statement.id
        """
    )
    by_currency: dict[str, list[Any]] = defaultdict(list)
    for row in owed:
        by_currency[row.currency].append(row)
    batches = [
        PayoutBatch(id=identity, created_at=now, number=ids.number("P", identity, 10), provider=provider,
                    currency=currency)
        for identity, currency in zip(ids.new_ids(now, len(by_currency)), by_currency, strict=True)
    ]  # fmt: skip
    PayoutBatch.objects.bulk_create(batches)
    rows = [(batch, row) for batch in batches for row in by_currency[batch.currency]]
    copy_rows(
        "settlement_payout",
        ["id", "created_at", "statement_id", "batch_id", "seller_id", "currency", "amount_minor", "state",
         "provider_reference", "failure"],
        (
            (identity, now, row.id, batch.id, row.seller_id, row.currency, row.payable_minor,
             str(Payout.State.ABOUT_TO), "", "")
            for identity, (batch, row) in zip(ids.new_ids(now, len(rows)), rows, strict=True)
        ),
    )  # fmt: skip
    return list(PayoutBatch.objects.filter(sent_at__isnull=True).order_by("id"))


def _transfers(batch_id: UUID) -> list[Transfer]:
    rows = fetch_rows(
        """
        SELECT payout.id, payout.currency, payout.amount_minor, seller.code, seller.name, statement.number
        FROM settlement_payout payout
        JOIN settlement_statement statement ON statement.id = payout.statement_id
        JOIN accounts_organisation seller ON seller.id = payout.seller_id
        WHERE payout.batch_id = %s AND payout.state = 'about_to' ORDER BY payout.id
        """,
        [batch_id],
    )
    return [
        Transfer(row.id, ids.number("T", row.id, 12), row.code, row.name, row.currency, row.amount_minor, row.number)
        for row in rows
    ]


@atomic
def _record(batch_id: UUID, receipt: Receipt, actor: Actor, now: datetime) -> bool:
    """Write what the provider answered, once; whether it was new."""
    batch = PayoutBatch.objects.select_for_update().get(id=batch_id)
    if batch.sent_at is not None:
        return False
    batch.sent_at, batch.media = now, receipt.media
    batch.save(update_fields=["sent_at", "media"])
    payouts = list(Payout.objects.filter(batch=batch, state=Payout.State.ABOUT_TO).order_by("id"))
    for payout in payouts:
        payout.provider_reference = receipt.references.get(payout.id, "")
        payout.failure = receipt.refused.get(payout.id, "")[:200]
        payout.state = Payout.State.FAILED if payout.id in receipt.refused else Payout.State.IN_TRANSIT
    _save(payouts)
    _post("payout", [payout for payout in payouts if payout.state == Payout.State.IN_TRANSIT], now)
    outbox.append([Event("payout.sent", "payout", payout.id, {"reference": payout.provider_reference})
                   for payout in payouts if payout.state == Payout.State.IN_TRANSIT], now=now)  # fmt: skip
    audit.record(actor=actor, verb="payouts.send", subject_kind="payout_batch", subject_id=batch.id, now=now,
                 after={"number": batch.number, "currency": batch.currency, "payouts": len(payouts),
                        "amount_minor": sum(payout.amount_minor for payout in payouts)})  # fmt: skip
    crash_point("payout.written")
    return True


@atomic
def confirm(*, payout_ids: Collection[UUID], now: datetime, actor: Actor) -> int:
    """The bank has paid; how many of these payouts were in transit until now."""
    done = _end(payout_ids, Payout.State.DONE, "payout_confirmed", "payouts.confirm", "", now, actor)
    execute(
        "UPDATE settlement_statement SET state = 'paid' WHERE id = ANY(%s)", [[payout.statement_id for payout in done]]
    )
    outbox.append([Event("payout.paid", "payout", payout.id) for payout in done], now=now)
    crash_point("payout.confirmed")
    return len(done)


@atomic
def fail(*, payout_ids: Collection[UUID], reason: str, now: datetime, actor: Actor) -> int:
    """The bank sent them back; their statements owe again. Raises: Invalid without a reason."""
    said = audit.require_reason(reason)
    failed = _end(payout_ids, Payout.State.FAILED, "payout_failed", "payouts.fail", said, now, actor)
    outbox.append([Event("payout.failed", "payout", payout.id) for payout in failed], now=now)
    return len(failed)


def _end(
    payout_ids: Collection[UUID], state: str, kind: str, verb: str, reason: str, now: datetime, actor: Actor
) -> list[Payout]:
    found = Payout.objects.select_for_update().filter(id__in=list(payout_ids), state=Payout.State.IN_TRANSIT)
    payouts = list(found.order_by("id"))
    for payout in payouts:
        payout.state, payout.failure = state, reason[:200]
        payout.done_at = now if state == Payout.State.DONE else None
    _save(payouts)
    _post(kind, payouts, now)
    acts = [(payout.id, {"amount_minor": payout.amount_minor, "currency": payout.currency}) for payout in payouts]
    audit.record_each(actor=actor, verb=verb, subject_kind="payout", acts=acts, now=now, reason=reason)
    return payouts


def _save(payouts: Sequence[Payout]) -> None:
    """Write what moved of payouts, of all in one statement."""
    source, params = unnest(
        "moved",
        {"id": "uuid", "state": "text", "provider_reference": "text", "failure": "text", "done_at": "timestamptz"},
        ((each.id, each.state, each.provider_reference, each.failure, each.done_at) for each in payouts),
    )
    execute(
        f"""
        UPDATE settlement_payout payout SET state = moved.state, provider_reference = moved.provider_reference,
            failure = moved.failure, done_at = moved.done_at
        FROM {source} WHERE moved.id = payout.id
        """,
        params,
    )


def _post(kind: str, payouts: Sequence[Payout], now: datetime) -> None:
    """Book a step of these payouts: from the seller's balance into transit, and on to the bank or back."""
    operator = get_operator().id
    source, destination = ROUTES[kind]

    def account(kind: str, payout: Payout) -> AccountKey:
        return AccountKey(kind, payout.seller_id if kind in SELLER_OWNED else operator, payout.currency)

    ledger.post(
        journals=[
            NewJournal(kind, "payout", each.id, now,
                       [NewPosting(account(source, each), account(destination, each), each.amount_minor, kind,
                                   each.statement_id)])
            for each in payouts
        ],
        now=now,
    )  # fmt: skip
