"""What the world does as the demonstration's clock goes on: carriers, other people at work, and the bank.

All of it goes through the flows that real life goes through. What the marketplace does by itself (lateness, expiry,
accrual, statements …) is done by its own jobs, whose hours the clock passes.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TypeVar
from uuid import UUID

from entrepot.demonstration import carriers, working
from entrepot.demonstration.clock import State
from entrepot.domain.accounts.models import Organisation
from entrepot.domain.aftersales.models import ReturnCase, ReturnLine
from entrepot.domain.orders.models import WorkItem
from entrepot.domain.settlement.models import Payout
from entrepot.flows import fulfilment, settling
from entrepot.kernel.actors import SYSTEM, Actor
from entrepot.kernel.db import fetch_rows
from entrepot.kernel.errors import EntrepotError

Row = TypeVar("Row")
Result = TypeVar("Result")

#: The hours, in UTC, in which people work; at the first of them the bank is told what to pay.
HOURS = (8, 10, 12, 14, 16)
BANK_TAKES = timedelta(hours=22)
#: People do what is due so soon; what is newer than this they have not seen yet.
AHEAD = timedelta(hours=8)
UNSEEN = timedelta(hours=2)
#: A return lies at the dock for so long.
AT_THE_DOCK = timedelta(hours=3)
MOST = 400
VERBS = ("work.read", "work.perform", "returns.read", "returns.handle")
ROLES = {"operator": "operator", "seller": "seller", "third_party": "partner"}


@dataclass(frozen=True, slots=True)
class Deadline:
    """The next moment of a kind to which the clock may be moved."""

    kind: str
    at: datetime


def live(*, state: State, since: datetime, now: datetime) -> Counter[str]:
    """Let happen what happens by now; how much of each kind."""
    happened: Counter[str] = Counter()
    for _scan, outcome in carriers.carry(now=now):
        happened["scans"] += 1
        if outcome in ("delivered", "lost"):
            happened[outcome] += 1
    if state.others_work and _passes(since, now, HOURS):
        happened += _work(state.left_alone, now)
    if _passes(since, now, HOURS[:1]):
        batches = settling.pay_out(now=now, actor=SYSTEM)
        happened["payouts"] += Payout.objects.filter(batch__in=batches).count()
    due = Payout.objects.filter(state="in_transit", batch__sent_at__lte=now - BANK_TAKES).values_list("id", flat=True)
    if ids := list(due[:MOST]):
        happened["paid"] += settling.confirm_payouts(payout_ids=ids, now=now, actor=SYSTEM)
    return happened


def next_moment(*, state: State, since: datetime) -> datetime:
    """When something happens next, after `since`: a scan, an hour of work, or a deadline."""
    moments = [_next_hour(since, HOURS)]
    moments += [scan.occurred_at for scan in carriers.to_come()[:1]]
    moments += [row.at for row in fetch_rows(_NEXT_DUE, {"now": since}) if row.at]
    return max(min(moments), since + timedelta(minutes=1))


def deadlines(*, now: datetime) -> list[Deadline]:
    """To which deadlines the clock may be moved, soonest first: one of each kind."""
    [row] = fetch_rows(_DEADLINES, {"now": now})
    found = {
        "hand_over": row.hand_over,
        "return_window": row.return_window,
        "settlement": row.settlement and _after_night(row.settlement),
        "payout": _next_hour(now, HOURS[:1]) if row.owes else None,
        "bank": row.bank and row.bank + BANK_TAKES,
    }
    arrivals = [scan.occurred_at for scan in carriers.to_come() if scan.kind == "delivered"]
    found["delivery"] = min(arrivals, default=None)
    return sorted(
        (Deadline(kind, max(at, now) + timedelta(minutes=1)) for kind, at in found.items() if at),
        key=lambda each: each.at,
    )


def _work(left_alone: Collection[UUID], now: datetime) -> Counter[str]:
    """Performers accept what they have seen and ship what is due soon; nodes receive what has come back."""
    happened: Counter[str] = Counter()
    open_items = WorkItem.objects.filter(
        state__in=["waiting", "accepted", "packed"], suborder__order__state="placed"
    ).exclude(organisation_id__in=list(left_alone))
    due = list(open_items.filter(due_at__lte=now + AHEAD).order_by("due_at", "id")[:MOST])
    seen = list(
        open_items.filter(state="waiting", created_at__lte=now - UNSEEN, due_at__gt=now + AHEAD).order_by("id")[:MOST]
    )
    back = list(
        ReturnCase.objects.select_related("node")
        .filter(id__in=[row.id for row in fetch_rows(_CAME_BACK, [now - AT_THE_DOCK, MOST])])
        .exclude(node__operator_id__in=list(left_alone))
        .order_by("id")
    )
    actors = _actors({item.organisation_id for item in due + seen} | {case.node.operator_id for case in back})

    def accept(item: WorkItem) -> None:
        fulfilment.accept_work(work_item_ids=[item.id], actor=actors[item.organisation_id], now=now)

    def ship(items: Sequence[WorkItem]) -> int:
        return working.ship(items, actor_of=actors.__getitem__, number=_number, now=now, leaves_at=now)

    def receive(case: ReturnCase) -> None:
        actor = actors[case.node.operator_id]
        working.receive(case, actor=actor, disposition=lambda: ReturnLine.Disposition.RESTOCK, now=now)

    happened["accepted"] += len(_each(accept, seen))
    try:
        happened["shipped"] += ship(due) if due else 0
    except EntrepotError:
        # Something stands in the way of one of them: each by itself.
        happened["shipped"] += sum(_each(lambda item: ship([item]), due))
    happened["returns"] += len(_each(receive, back))
    return happened


def _each(act: Callable[[Row], Result], rows: Iterable[Row]) -> list[Result]:
    """Do it to each; what is refused is left to people."""
    done = []
    for row in rows:
        with suppress(EntrepotError):
            done.append(act(row))
    return done


def _number(parcel_id: UUID) -> str:
    return f"SBX{parcel_id.int % 10**12:012d}"


def _actors(organisation_ids: Collection[UUID]) -> dict[UUID, Actor]:
    """Who works for these organisations in the story: the demonstration itself, and it says so."""
    found = Organisation.objects.in_bulk(list(organisation_ids))
    return {
        each.id: Actor("demonstration", None, each.id, f"{ROLES[each.kind]}.demonstration", dict.fromkeys(VERBS, "own"))
        for each in found.values()
    }


def _passes(since: datetime, now: datetime, hours: Sequence[int]) -> bool:
    return _next_hour(since, hours) <= now


def _next_hour(since: datetime, hours: Sequence[int]) -> datetime:
    """The next of these hours of the day after an instant."""
    days = (since.date(), since.date() + timedelta(days=1))
    moments = (datetime.combine(day, time(hour), tzinfo=UTC) for day in days for hour in hours)
    return min(moment for moment in moments if moment > since)


def _after_night(close: datetime) -> datetime:
    """When the nightly settlement has closed what may be closed on that day."""
    night = datetime.combine(close.date(), time(1, 15), tzinfo=UTC)
    return night if night >= close else night + timedelta(days=1)


_NEXT_DUE = """
SELECT min(due_at) AS at FROM orders_workitem
WHERE state IN ('waiting', 'accepted', 'packed') AND due_at > %(now)s
"""

_CAME_BACK = """
SELECT reference_id AS id FROM logistics_parcel parcel JOIN aftersales_returncase returned ON returned.id = reference_id
WHERE direction = 'return' AND parcel.state = 'delivered' AND delivered_at <= %s
  AND returned.state IN ('requested', 'in_transit')
ORDER BY delivered_at, parcel.id LIMIT %s
"""

_DEADLINES = """
SELECT
    (SELECT min(work.due_at) FROM orders_workitem work JOIN orders_suborder suborder ON suborder.id = work.suborder_id
     JOIN orders_order ordered ON ordered.id = suborder.order_id
     WHERE work.state IN ('waiting', 'accepted', 'packed') AND work.due_at > %(now)s AND ordered.state = 'placed'
    ) AS hand_over,
    (SELECT min(parcel.delivered_at + make_interval(days => (snapshot.body #>> '{returns,window_days}')::int))
     FROM logistics_parcel parcel JOIN orders_orderline line ON line.suborder_id = parcel.reference_id
     JOIN terms_termssnapshot snapshot ON snapshot.digest = line.terms_id
     WHERE parcel.direction = 'outbound' AND parcel.state = 'delivered'
       AND parcel.delivered_at + make_interval(days => (snapshot.body #>> '{returns,window_days}')::int) > %(now)s
    ) AS return_window,
    (SELECT min(greatest(eligible_at, %(now)s)) FROM settlement_unstated) AS settlement,
    EXISTS (SELECT FROM settlement_statement statement WHERE statement.state = 'issued' AND statement.payable_minor > 0
     AND NOT EXISTS (SELECT FROM settlement_payout payout
                     WHERE payout.statement_id = statement.id AND payout.state <> 'failed')) AS owes,
    (SELECT min(batch.sent_at) FROM settlement_payout payout JOIN settlement_payoutbatch batch
     ON batch.id = payout.batch_id WHERE payout.state = 'in_transit') AS bank
"""
