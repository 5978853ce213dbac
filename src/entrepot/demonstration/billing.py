"""Carriers' accounts and bills: one settled, with what was disputed and given back; one that people have to look at."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from entrepot.demonstration.setting import Setting
from entrepot.domain.logistics import billing as bills
from entrepot.domain.logistics.bill_models import CarrierBill
from entrepot.domain.logistics.bill_rules import Tolerance
from entrepot.domain.logistics.billing import NewBill, NewLine
from entrepot.domain.logistics.carriers import accounts
from entrepot.domain.orders.models import WorkItem
from entrepot.flows import billing, booking, shipping
from entrepot.kernel.actors import Actor
from entrepot.kernel.db import fetch_rows

LINES = 24
#: Fewer parcels than these make no bill worth looking at.
FEWEST = 6


def set_up_carriers(setting: Setting, now: datetime) -> None:
    """One that answers and one that is tried out: both are played, so that booking can be tried."""
    actor = setting.actor(setting.operator.id)
    for code, options in (("Sandbox Express", {}), ("Sandbox Moody", {"declines": 3, "late": 3})):
        accounts.set_account(
            actor=actor, code=code, kind="sandbox", options=options, secrets=None, now=now, reason="To try booking out"
        )


def settle_bill(setting: Setting, now: datetime) -> None:
    """A bill of the week before: what agrees is accepted, the rest disputed or taken for a reason; then paid."""
    actor, rows = setting.actor(setting.operator.id), _carried(LINES)
    if len(rows) < FEWEST:
        return
    carrier, currency = rows[0].carrier, rows[0].currency
    bills.set_tolerance(
        carrier="", currency=currency, tolerance=Tolerance(10, Decimal("0.02"), 50, Decimal("0.05")),
        valid_from=(now - timedelta(days=60)).date(), source="Agreed with all carriers", actor=actor, now=now,
    )  # fmt: skip
    heavy, far, again = (rows[place] for place in (1, 2, 3))
    lines = _as_planned(rows)
    lines[1] = _line(2, heavy, {"carriage": heavy.amount * 2}, weight_g=heavy.weight_g * 3)
    lines[2] = _line(3, far, {"carriage": far.amount, "remote_area": 275})
    lines[3] = _line(4, again, {"carriage": again.amount, "redelivery": 420})
    bill = _enter(rows[0], f"{now:%Y-%m}-0098", lines, actor, now)
    at = now + timedelta(minutes=20)
    billing.accept_agreed(bill_id=bill.id, actor=actor, now=at)
    found = {each.number: each.id for each in bills.list_lines(bill_id=bill.id, numbers=[2, 3, 4])}
    billing.accept(bill_id=bill.id, line_ids=[found[2]], reason="Weighed by us as well", actor=actor, now=at)
    for number, why in ((3, "The address is in the city"), (4, "Nobody was asked to come twice")):
        billing.dispute(bill_id=bill.id, line_ids=[found[number]], reason=why, actor=actor, now=at)
    credited = [_line(1, far, {"carriage": -far.amount, "remote_area": -275})]
    note = _enter(rows[0], f"{now:%Y-%m}-C014", credited, actor, now + timedelta(minutes=60))
    billing.accept_agreed(bill_id=note.id, actor=actor, now=now + timedelta(minutes=70))
    billing.pay(
        carrier=carrier, currency=currency, reference="Transfer of the week", actor=actor,
        now=now + timedelta(minutes=90),
    )  # fmt: skip


def leave_bill(setting: Setting, now: datetime) -> None:
    """The last bill of the carrier that carried most for the marketplace; what of it is accepted is left to people."""
    actor, rows = setting.actor(setting.operator.id), _carried(LINES)
    if len(rows) < FEWEST:
        return
    lines = _as_planned(rows)
    third, half = len(rows) // 3, len(rows) // 2
    heavy, far = rows[third], rows[half]
    lines[third] = _line(third + 1, heavy, {"carriage": heavy.amount * 2}, weight_g=heavy.weight_g * 3)
    lines[half] = _line(half + 1, far, {"carriage": far.amount, "remote_area": 275})
    lines.append(_line(len(lines) + 1, rows[0], {"carriage": rows[0].amount}))
    lines.append(_line(len(lines) + 1, rows[0], {"carriage": rows[0].amount}, number="RHX00000417"))
    if waiting := _booked(setting, rows[0].carrier, now):
        lines.append(_line(len(lines) + 1, rows[0], {"carriage": rows[0].amount}, number=waiting))
    _enter(rows[0], f"{now:%Y-%m}-0117", lines, actor, now + timedelta(minutes=5))


def _booked(setting: Setting, carrier: str, now: datetime) -> str:
    """The number of a parcel that is packed and booked, and has not left: its carrier bills it too early."""
    items = WorkItem.objects.filter(state__in=["waiting", "accepted"], suborder__carrier=carrier).order_by("id")
    if (item := items.first()) is None:
        return ""
    actor = setting.actor(item.organisation_id)
    [parcel, *_] = shipping.pack_whole(work_item_ids=[item.id], actor=actor, now=now)
    return booking.book(parcel_ids=[parcel.id], actor=actor, now=now)[parcel.id].tracking_number


def _as_planned(rows: Sequence[Any]) -> list[NewLine]:
    """Lines that say what the books hold; a tenth of the carriage as fuel."""
    return [
        _line(place, row, {"carriage": row.amount * 9 // 10, "fuel": row.amount - row.amount * 9 // 10})
        for place, row in enumerate(rows, 1)
    ]


def _line(place: int, row: Any, charges: dict[str, int], *, number: str = "", weight_g: int | None = None) -> NewLine:
    return NewLine(place, number or row.tracking_number, charges, row.service, weight_g or row.weight_g)


def _enter(row: Any, number: str, lines: Sequence[NewLine], actor: Actor, now: datetime) -> CarrierBill:
    on = now.date()
    total = sum(sum(each.charges.values()) for each in lines)
    bill = NewBill(row.carrier, number, on, on - timedelta(days=30), on, row.currency, total)
    return billing.enter(bill=bill, lines=lines, actor=actor, now=now)


def _carried(limit: int) -> list[Any]:
    """Parcels that left with the busiest carrier and that no bill names, with the carriage that the books hold."""
    return fetch_rows(
        """
        WITH carried AS (
            SELECT parcel.id, parcel.carrier, parcel.service, parcel.tracking_number, parcel.weight_g,
                posting.currency, sum(posting.amount_minor)::bigint AS amount
            FROM logistics_parcel parcel
            JOIN ledger_journal journal ON journal.source_type = 'parcel' AND journal.source_id = parcel.id
                AND journal.kind = 'handover'
            JOIN ledger_posting posting ON posting.journal_id = journal.id AND posting.part LIKE 'carriage.%%'
            JOIN ledger_account account ON account.id = posting.destination_id AND account.kind = 'carrier_payable'
            WHERE parcel.tracking_number <> ''
              AND NOT EXISTS (SELECT FROM logistics_carrierbillline line WHERE line.parcel_id = parcel.id)
            GROUP BY parcel.id, posting.currency
        )
        SELECT carrier, service, tracking_number, weight_g, currency, amount FROM carried
        WHERE (carrier, currency) = (
            SELECT carrier, currency FROM carried GROUP BY 1, 2 ORDER BY count(*) DESC, 1, 2 LIMIT 1
        )
        ORDER BY id DESC LIMIT %(limit)s
        """,
        {"limit": limit},
    )
