"""A carrier's bill: as planned but for a parcel that was weighed again, a surcharge, and lines that nobody owes."""

from datetime import datetime, timedelta
from decimal import Decimal

from entrepot.demonstration.setting import Setting
from entrepot.domain.logistics import billing as bills
from entrepot.domain.logistics.bill_rules import Tolerance
from entrepot.domain.logistics.billing import NewBill, NewLine
from entrepot.flows import billing
from entrepot.kernel.db import fetch_rows

LINES = 24


def leave_bill(setting: Setting, now: datetime) -> None:
    """The last bill of the carrier that carried most for the marketplace; what of it is accepted is left to people."""
    rows = fetch_rows(_CARRIED, {"limit": LINES})
    if not rows:
        return
    actor = setting.actor(setting.operator.id)
    carrier, currency = rows[0].carrier, rows[0].currency
    bills.set_tolerance(
        carrier="", currency=currency, tolerance=Tolerance(10, Decimal("0.02"), 50, Decimal("0.05")),
        valid_from=(now - timedelta(days=60)).date(), source="Agreed with all carriers", actor=actor,
        now=now,
    )  # fmt: skip
    lines = [
        NewLine(
            place, row.tracking_number, {"carriage": row.amount * 9 // 10, "fuel": row.amount - row.amount * 9 // 10},
            row.service, row.weight_g,
        )
        for place, row in enumerate(rows, 1)
    ]  # fmt: skip
    heavy, far = rows[len(rows) // 3], rows[len(rows) // 2]
    lines[len(rows) // 3] = NewLine(
        len(rows) // 3 + 1, heavy.tracking_number, {"carriage": heavy.amount * 2}, heavy.service, heavy.weight_g * 3
    )
    lines[len(rows) // 2] = NewLine(
        len(rows) // 2 + 1, far.tracking_number, {"carriage": far.amount, "remote_area": 275}, far.service, far.weight_g
    )
    first = rows[0]
    lines += [
        NewLine(len(rows) + 1, first.tracking_number, {"carriage": first.amount}, first.service, first.weight_g),
        NewLine(len(rows) + 2, "RHX00000417", {"carriage": first.amount}, first.service, first.weight_g),
    ]
    on = now.date()
    billing.enter(
        bill=NewBill(
            carrier, f"{on:%Y-%m}-0117", on, on - timedelta(days=30), on, currency,
            sum(sum(each.charges.values()) for each in lines),
        ),
        lines=lines, actor=actor, now=now,
    )  # fmt: skip


#: Parcels that left with the busiest carrier, with the carriage that the books hold for them.
_CARRIED = """
WITH carried AS (
    SELECT parcel.id, parcel.carrier, parcel.service, parcel.tracking_number, parcel.weight_g, posting.currency,
        sum(posting.amount_minor)::bigint AS amount
    FROM logistics_parcel parcel
    JOIN ledger_journal journal ON journal.source_type = 'parcel' AND journal.source_id = parcel.id
        AND journal.kind = 'handover'
    JOIN ledger_posting posting ON posting.journal_id = journal.id AND posting.part LIKE 'carriage.%%'
    JOIN ledger_account account ON account.id = posting.destination_id AND account.kind = 'carrier_payable'
    WHERE parcel.tracking_number <> ''
    GROUP BY parcel.id, posting.currency
)
SELECT carrier, service, tracking_number, weight_g, currency, amount FROM carried
WHERE (carrier, currency) = (SELECT carrier, currency FROM carried GROUP BY 1, 2 ORDER BY count(*) DESC, 1, 2 LIMIT 1)
ORDER BY id DESC LIMIT %(limit)s
"""
