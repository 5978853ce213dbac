"""Payments on their way: what a provider's answer does to an order, and the calls that take, free and give back money.

A provider is never asked within a transaction. Whoever brings an answer first, the shopper's own request, a message or
the sweep, completes the checkout; the others find it done.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from entrepot.domain.inventory import again
from entrepot.domain.inventory import services as inventory
from entrepot.domain.logistics import queries as logistics
from entrepot.domain.logistics.rules import start_of_day
from entrepot.domain.orders import progress
from entrepot.domain.orders.progress import NewEvent
from entrepot.domain.orders.rules import EventKind
from entrepot.domain.payments import queries as payment_queries
from entrepot.domain.payments import services as payments
from entrepot.domain.payments.models import Payment
from entrepot.domain.payments.providers import PROVIDERS, Act, Answer, Notice, Outcome, get_provider
from entrepot.domain.payments.services import NewCall
from entrepot.domain.promotions import services as promotions
from entrepot.domain.terms.queries import get_terms
from entrepot.domain.terms.rules import Capture
from entrepot.flows import deliveries
from entrepot.kernel import audit, outbox
from entrepot.kernel.actors import SYSTEM, Actor
from entrepot.kernel.crashing import crash_point
from entrepot.kernel.db import atomic, execute, fetch_rows, retried, unnest
from entrepot.kernel.errors import NotFound, Refused
from entrepot.kernel.outbox import Event
from entrepot.kernel.rounds import ask, together

#: Why a refund is made; its follow-up in the ledger goes by it.
CANCELLED = "cancelled"

#: A call that has had no answer for this long is swept up.
SWEEP_AFTER = timedelta(minutes=1)

#: What an answer makes of a payment that waits.
STATES: Mapping[Outcome, str] = {
    Outcome.APPROVED: Payment.State.AUTHORISED,
    Outcome.DECLINED: Payment.State.DECLINED,
    Outcome.PENDING: Payment.State.PENDING,
    Outcome.UNKNOWN: Payment.State.UNKNOWN,
}

#: Answers that say nothing yet, and the state of a payment that has none.
WAIT, ABOUT_TO = (Outcome.PENDING, Outcome.UNKNOWN), Payment.State.ABOUT_TO

#: What follows in the ledger once calls are done, in the same transaction.
FOLLOW_UP: Mapping[Act, Callable[[list[UUID], datetime], object]] = {
    Act.CAPTURE: lambda done, now: deliveries.follow_captures(capture_ids=done, now=now),
    Act.REFUND: lambda done, now: deliveries.follow_refunds(refund_ids=done, now=now),
    Act.VOID: lambda done, now: None,
}


def complete(
    *, answers: Sequence[tuple[UUID, Answer]], now: datetime, known: Sequence[Any] = ()
) -> dict[UUID, tuple[str, str]]:
    """Let answers about payments take effect, each once: orders are placed or declined, goods kept or let go.

    Captures of programmes that take the money at order follow; an approval that came too late is let go. `known` are
    the lines of orders that this process has just opened: what pending orders consist of does not change.
    Returns what became of the orders of the payments that still waited: by payment, state and reason.
    """
    if not answers:
        return {}
    recorded = retried(lambda: _record(dict(answers), now, known))
    crash_point("answers.committed")
    carry_out(act=Act.CAPTURE, call_ids=recorded.captures, now=now)
    void_late(answers=recorded.too_late, now=now)
    return recorded.states


class Recorded(NamedTuple):
    """What answers came to: captures to carry out, approvals that came too late, and orders' states by payment."""

    captures: list[UUID]
    too_late: dict[UUID, Answer]
    states: dict[UUID, tuple[str, str]]


def carry_out(*, act: Act, call_ids: Collection[UUID], now: datetime) -> list[UUID]:
    """Ask the providers for open calls, write what came back, and post what is done; which ones are done by it."""
    if not call_ids:
        return []
    crash_point("calls.opened")
    answers = payments.ask_for_calls(act=act, ids=call_ids, now=now)
    if not answers:
        return []
    crash_point("calls.asked")

    def record() -> list[UUID]:
        with atomic():
            done = payments.record_calls(act=act, answers=answers, now=now)
            if done:
                FOLLOW_UP[act](done, now)
            crash_point("calls.written")
            return done

    done = retried(record)
    crash_point("calls.committed")
    return done


def void_late(*, answers: Mapping[UUID, Answer], now: datetime) -> None:
    """Let go of what was authorised after the order had come to nothing."""
    if not answers:
        return
    source, params = unnest(
        "w", {"id": "uuid", "reference": "text"}, [(key, each.reference) for key, each in answers.items()]
    )
    with atomic():
        rows = fetch_rows(
            f"UPDATE payments_payment p SET provider_reference = w.reference FROM {source}"
            f" WHERE p.id = w.id AND p.state = 'declined' RETURNING p.id, p.amount_minor",
            params,
        )
        calls = [NewCall(row.id, row.id, [(row.id, 0, row.amount_minor)]) for row in rows if row.amount_minor]
        voids = payments.open_calls(act=Act.VOID, rows=calls, now=now)
    crash_point("late.opened")
    carry_out(act=Act.VOID, call_ids=voids, now=now)


def receive_webhook(*, provider: str, headers: Mapping[str, str], body: bytes, now: datetime) -> list[str]:
    """Take a provider's message in: proven, kept, then effective once; what each notice in it came to.

    A message is a hint: what takes effect is the provider's own book, so that messages may come late, twice and in any
    order. Raises: Invalid where it is not proven, NotFound for a provider that sends none.
    """
    theirs = get_provider(provider)
    notices = theirs.read_webhook(headers, body, now)
    fresh = payments.keep_notices(provider=provider, notices=notices, now=now)
    crash_point("webhook.kept")
    by_event = {notice.event_id: notice for notice in notices}
    outcomes = []
    for event_id, inbox_id in fresh:
        payment, outcome = _match(by_event[event_id], provider)
        if payment is not None:
            found = payments.look_up_authorisations(rows=[payment], now=now)
            answers = [(payment_id, answer) for payment_id, answer in found if answer is not None]
            complete(answers=answers, now=now)
            outcome = answers[0][1].outcome if answers else "not_in_their_book"
        crash_point("webhook.effective")
        payments.finish_notice(event_id=inbox_id, payment_id=payment.id if payment else None, outcome=outcome, now=now)
        outcomes.append(str(outcome))
    return outcomes


def confirm_payment(*, payment_id: UUID, actor: Actor, reason: str, now: datetime, received: bool = True) -> None:
    """The operator saw the money of a bank transfer come in, or knows that it will not.

    Raises: NotFound, Invalid without a reason, Refused where the payment does not wait or another provider decides.
    """
    reason = audit.require_reason(reason)
    with atomic():
        payment = payments.lock_payments(ids=[payment_id]).get(payment_id)
        if payment is None:
            raise NotFound(kind="payment")
        if payment.provider != "manual":
            raise Refused("payments.not_by_hand", "The provider of this payment says itself what came of it.")
        if payment.state not in payment_queries.WAITING:
            raise Refused("payments.decided", "This payment is {state} already.", state=payment.state)
        audit.record(
            actor=actor,
            verb="payments.confirm" if received else "payments.refuse",
            subject_kind="payment",
            subject_id=payment_id,
            now=now,
            reason=reason,
        )
    outcome = Outcome.APPROVED if received else Outcome.DECLINED
    complete(answers=[(payment_id, Answer("", outcome, f"bank-{payment_id.hex}", "" if received else "refused"))],
             now=now)  # fmt: skip


def try_again(*, act: Act, call_ids: Collection[UUID], actor: Actor, reason: str, now: datetime) -> list[UUID]:
    """Ask anew for captures, voids or refunds that were refused; which ones are done by it.

    For the operator, with a reason. Raises: Invalid, Refused where the payment does not allow it any more.
    """
    reason = audit.require_reason(reason)
    with atomic():
        opened = payments.reopen_calls(act=act, ids=call_ids)
        for call_id in opened:
            audit.record(
                actor=actor, verb=f"payments.{act}", subject_kind=str(act), subject_id=call_id, now=now, reason=reason
            )
    return carry_out(act=act, call_ids=opened, now=now)


def sweep_payments(*, now: datetime, page: int = 1000) -> int:
    """Finish what a crash, a cut line or a slow provider left open; how many rows were looked at. Safe to repeat.

    A checkout of which the provider never heard is declined rather than charged long after the shopper left.
    """
    before = now - SWEEP_AFTER
    looked_at = 0
    waiting = payment_queries.list_waiting(before=before, limit=page)
    while waiting:
        found = dict(payments.look_up_authorisations(rows=waiting, now=now))
        crash_point("sweep.found")
        complete(answers=[(row.id, _swept(row, found[row.id], now)) for row in waiting], now=now)
        looked_at += len(waiting)
        waiting = payment_queries.list_waiting(before=before, after=waiting[-1].id, limit=page)
    for act in FOLLOW_UP:
        reason = CANCELLED if act is Act.REFUND else ""
        open_calls = payment_queries.list_open_calls(act=act, before=before, reason=reason, limit=page)
        carry_out(act=act, call_ids=open_calls, now=now)
        looked_at += len(open_calls)
    return looked_at


def expire_holds(*, now: datetime) -> int:
    """Let go of the goods of checkouts whose time is over; how many lines lost theirs.

    The order still waits for its payment: should that come, it takes goods again, or is let go.
    """
    return len(retried(lambda: inventory.expire_holds(now=now)))


def _swept(row: Any, found: Answer | None, now: datetime) -> Answer:
    if found is None:
        return Answer("", Outcome.DECLINED, reason="abandoned")
    if found.outcome in WAIT and now >= row.created_at + PROVIDERS[row.provider].wait_for:
        return Answer(found.key, Outcome.DECLINED, found.reference, "expired")
    return found


def _match(notice: Notice, provider: str) -> tuple[Any, str]:
    """The payment that a notice is about and what is wrong with the notice; it counts only where all agrees."""
    theirs = get_provider(provider)
    act, _, rest = notice.key.partition(":")
    if act != Act.AUTHORISE:
        return None, "not_acted_on"
    try:
        payment_id = UUID(rest.partition(":")[0])
    except ValueError:
        return None, "unknown_payment"
    rows = fetch_rows("SELECT * FROM payments_payment WHERE id = %s AND provider = %s", [payment_id, provider])
    if not rows:
        return None, "unknown_payment"
    claims = (notice.account, notice.mode, notice.amount_minor, notice.currency)
    if claims != (theirs.account, theirs.mode, rows[0].amount_minor, rows[0].currency):
        return None, "does_not_agree"
    return rows[0], ""


_WAITING = (
    "SELECT payment.id, payment.reference_id, payment.amount_minor, payment.currency, payment.provider, payment.state,"
    " ordered.created_at AS ordered_at, ordered.number, ordered.cart_id"
    " FROM payments_payment payment JOIN orders_order ordered ON ordered.id = payment.reference_id"
    " WHERE payment.id = ANY(%s) AND payment.state = ANY(%s) ORDER BY payment.id FOR NO KEY UPDATE OF payment"
)


@atomic
def _record(answers: Mapping[UUID, Answer], now: datetime, known: Sequence[Any]) -> Recorded:
    """What the answers do to waiting payments."""
    asked = ask(_WAITING, [list(answers), list(payment_queries.WAITING)])
    rows = {row.id: row for row in asked.rows}
    approved = [row for key, row in rows.items() if answers[key].outcome is Outcome.APPROVED]
    lines = _lines_of({row.reference_id for row in approved}, known)
    declined = [row for key, row in rows.items() if answers[key].outcome is Outcome.DECLINED]
    _release([row.reference_id for row in declined], now)
    _let_expire([row for key, row in rows.items() if answers[key].outcome in WAIT and row.state == ABOUT_TO], known)
    lost = _keep_goods(lines, now)
    ended = {
        row.id: (Payment.State.DECLINED, Answer("", Outcome.DECLINED, reason="goods_gone"))
        for row in approved
        if row.reference_id in lost
    }
    ends = {key: ended.get(key, (STATES[answers[key].outcome], answers[key])) for key in rows}
    placed = [row for row in approved if row.id not in ended]
    with together():
        if ends:
            payments.record_authorisations(rows=[(key, *end) for key, end in ends.items()], now=now)
        _decline([*declined, *(row for row in approved if row.id in ended)], answers, now)
        _place(placed, [line for line in lines if line.order_id not in lost], now)
    captures = _open_captures(
        {row.reference_id: row.id for row in placed}, [line for line in lines if line.order_id not in lost], now
    )
    crash_point("answers.written")
    late = {
        key: answer
        for key, answer in answers.items()
        if answer.outcome is Outcome.APPROVED and (key not in rows or key in ended)
    }
    return Recorded(captures, late, {key: (ORDERS[state], answer.reason) for key, (state, answer) in ends.items()})


#: What the order is whose payment is so.
ORDERS: Mapping[str, str] = {
    Payment.State.AUTHORISED: "placed",
    Payment.State.DECLINED: "declined",
    Payment.State.PENDING: "pending",
    Payment.State.UNKNOWN: "pending",
}


def _lines_of(order_ids: Collection[UUID], known: Sequence[Any]) -> Sequence[Any]:
    """The lines of these orders, by id; read but for those that are known."""
    mine = [line for line in known if line.order_id in order_ids]
    if missing := set(order_ids) - {line.order_id for line in mine}:
        mine += _lines(list(missing))
    return mine


def _release(order_ids: Sequence[UUID], now: datetime) -> None:
    """Let go of what declined orders held and used."""
    if order_ids:
        promotions.release(order_ids=order_ids, now=now)
        inventory.release_holds(owner_ids=[row.id for row in _lines(order_ids)], now=now)


def _let_expire(rows: Sequence[Any], known: Sequence[Any]) -> None:
    """A provider takes its time over these payments: from now on their goods are kept for so long and no longer."""
    if not rows:
        return
    until = {row.reference_id: row.ordered_at + PROVIDERS[row.provider].hold_for for row in rows}
    inventory.let_expire(rows=[(line.id, until[line.order_id]) for line in _lines_of(until.keys(), known)])


def _keep_goods(lines: Sequence[Any], now: datetime) -> set[UUID]:
    """Keep the goods of orders for good; those whose hold ran out take goods again. Which orders have lost theirs."""
    if not lines:
        return set()
    kept = inventory.confirm_holds(owner_ids=[line.id for line in lines])
    expired: dict[UUID, list[UUID]] = defaultdict(list)
    for line in lines:
        if line.id not in kept:
            expired[line.order_id].append(line.id)
    lost = set()
    for order_id, line_ids in expired.items():
        try:
            again.hold_again(owner_ids=line_ids, now=now)
        except Refused:
            lost.add(order_id)
    _release(sorted(lost), now)
    return lost


def _decline(rows: Sequence[Any], answers: Mapping[UUID, Answer], now: datetime) -> None:
    if not rows:
        return
    ask(
        "UPDATE orders_order SET state = 'declined', keeps_cart = false WHERE id = ANY(%s) AND state = 'pending'",
        [[row.reference_id for row in rows]],
    )
    progress.append_events(
        events=[
            NewEvent(row.reference_id, EventKind.DECLINED, data={"reason": answers[row.id].reason or "goods_gone"})
            for row in rows
        ],
        actor=SYSTEM,
        now=now,
    )
    outbox.append([Event("order.declined", "order", row.reference_id, {"number": row.number}) for row in rows], now=now)


def _place(rows: Sequence[Any], lines: Sequence[Any], now: datetime) -> None:
    """Orders whose payment stands: placed, their work open."""
    if not rows:
        return
    order_ids = [row.reference_id for row in rows]
    ask(
        "UPDATE orders_order SET state = 'placed', placed_at = %s WHERE id = ANY(%s) AND state = 'pending'",
        [now, order_ids],
    )
    if carts := [row.cart_id for row in rows if row.cart_id]:
        ask("UPDATE orders_cart SET state = 'ordered', updated_at = %s WHERE id = ANY(%s)", [now, carts])
    if later := [row.reference_id for row in rows if row.ordered_at != now]:
        _promise_anew(later, now)
    progress.open_work(suborder_ids=sorted(dict.fromkeys(line.suborder_id for line in lines)), now=now)
    progress.append_events(
        events=[
            NewEvent(
                row.reference_id,
                EventKind.PLACED,
                data={"total_minor": row.amount_minor, "currency": row.currency, "provider": row.provider},
            )
            for row in rows
        ],
        actor=SYSTEM,
        now=now,
    )
    outbox.append([Event("order.placed", "order", row.reference_id, {"number": row.number}) for row in rows], now=now)


def _open_captures(payment_of: Mapping[UUID, UUID], lines: Sequence[Any], now: datetime) -> list[UUID]:
    """One capture for each suborder whose terms take the money at order."""
    if not lines:
        return []
    terms = get_terms({line.terms_id for line in lines})
    parts: dict[tuple[UUID, UUID], list[tuple[UUID, int, int]]] = defaultdict(list)
    for line in lines:
        if terms[line.terms_id].fulfilment.capture is Capture.ORDER:
            parts[line.order_id, line.suborder_id].append((line.id, line.quantity, line.total_minor))
    calls = [NewCall(payment_of[order_id], suborder_id, members) for (order_id, suborder_id), members in parts.items()]
    return payments.open_calls(act=Act.CAPTURE, rows=calls, now=now) if calls else []


def _promise_anew(order_ids: Sequence[UUID], now: datetime) -> None:
    """An order that is placed later than it was made ships and arrives so much later."""
    rows = fetch_rows(
        "SELECT suborder.id, suborder.node_id, suborder.ship_by, suborder.awaited_on, first.terms_id"
        " FROM orders_suborder suborder"
        " JOIN LATERAL (SELECT terms_id FROM orders_orderline line WHERE line.suborder_id = suborder.id"
        " ORDER BY line.position LIMIT 1) first ON true WHERE suborder.order_id = ANY(%s)",
        [list(order_ids)],
    )
    if not rows:
        return
    nodes, terms = logistics.list_nodes({row.node_id for row in rows}), get_terms({row.terms_id for row in rows})
    due = [
        (
            row.id,
            nodes[row.node_id].due_at(
                _begins_at(row.awaited_on, nodes[row.node_id].time_zone, now),
                terms[row.terms_id].service.handling_business_days,
            ),
            row.ship_by,
        )
        for row in rows
    ]
    source, params = unnest(
        "w",
        {"id": "uuid", "ship_by": "timestamptz", "days": "int"},
        [(key, ship_by, (ship_by.date() - before.date()).days) for key, ship_by, before in due],
    )
    execute(
        f"""
        UPDATE orders_suborder s SET ship_by = w.ship_by, promised_from = s.promised_from + w.days,
            promised_until = s.promised_until + w.days, segments = coalesce((
                SELECT jsonb_agg(leg || jsonb_build_object('done_by', (leg->>'done_by')::date + w.days) ORDER BY place)
                FROM jsonb_array_elements(s.segments) WITH ORDINALITY AS parts(leg, place)
            ), s.segments)
        FROM {source} WHERE s.id = w.id
        """,
        params,
    )


def _begins_at(awaited_on: date | None, time_zone: str, now: datetime) -> datetime:
    """When work can begin: now, or when goods that are on their way stand ready."""
    return now if awaited_on is None else max(now, start_of_day(awaited_on, ZoneInfo(time_zone)))


def _lines(order_ids: Sequence[UUID]) -> list[Any]:
    return fetch_rows(
        "SELECT id, order_id, suborder_id, terms_id, quantity, total_minor FROM orders_orderline"
        " WHERE order_id = ANY(%s) ORDER BY id",
        [list(order_ids)],
    )
