"""The sheet of carriers' bills: a row is a line of a bill, its charges in columns of their own, below zero for credits.

A file may hold several bills. A line that is here already is left alone, so that the same file twice does nothing.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from entrepot.domain.logistics.bill_rules import Kind
from entrepot.domain.logistics.billing import NewBill, NewLine
from entrepot.flows import billing
from entrepot.intake import fields, sheets
from entrepot.intake.grammar import Case
from entrepot.intake.sheets import Change, Column, Doing, Fate, Rows, Sheet
from entrepot.kernel.errors import EntrepotError, Invalid
from entrepot.kernel.money import format_minor, parse_minor

_CHARGES = {
    Kind.CARRIAGE: (_("Carriage"), _("The carriage itself."), "4.50", ("freight", "base", "net_charge")),
    Kind.FUEL: (_("Fuel"), _("The fuel surcharge on it."), "", ("fuel_surcharge",)),
    Kind.WEIGHT: (_("Weighed again"), _("What a weighing by the carrier adds."), "", ("reweigh", "weight_adjustment")),
    Kind.REMOTE_AREA: (_("Remote area"), _("A surcharge for the address."), "", ("remote", "remote_surcharge")),
    Kind.OVERSIZE: (_("Oversize"), _("A surcharge for the size."), "", ("oversize_surcharge", "handling")),
    Kind.REDELIVERY: (_("Delivered again"), _("A further attempt."), "", ("second_attempt",)),
    Kind.CUSTOMS: (_("Clearance"), _("What the carrier took for customs clearance."), "", ("clearance",)),
    Kind.OTHER: (_("Other"), _("Any other charge."), "", ("other_charges",)),
}
COLUMNS = (
    Column("carrier", fields.TEXT, _("Carrier"), _("As your freight tables and parcels call it."), required=True,
           most=40, example="Rhein Paket"),
    Column("bill", fields.CODE, _("Bill"), _("The number of the invoice or credit note."), required=True, most=60,
           example="R-2026-118", also=("invoice", "invoice_number", "bill_number")),
    Column("issued_on", "time", _("Issued on"), _("The day of the bill, such as 2026-03-31."), required=True,
           example="2026-03-31", also=("invoice_date", "date")),
    Column("period_from", "time", _("Period from"), _("The first day that it is for; empty: the day of the bill."),
           example="2026-03-01"),
    Column("period_to", "time", _("Period to"), _("The last day that it is for; empty: the day of the bill."),
           example="2026-03-31"),
    Column("currency", fields.TEXT, _("Currency"), _("In which the bill is written."), required=True, most=3,
           example="EUR", case=Case.UPPER),
    Column("total", fields.NUMBER, _("Total of the bill"),
           _("The same in every row; until the lines come to it the bill waits for the rest of them."), example="",
           also=("bill_total", "invoice_total")),
    Column("line", fields.WHOLE, _("Line"), _("The carrier's number of the line; empty: the row of the file."),
           example="", also=("line_number", "position")),
    Column("tracking_number", fields.TEXT, _("Tracking number"), _("Empty for what is about no parcel."), most=60,
           example="JD014600003", also=("tracking", "tracking_no", "shipment_number")),
    Column("service", fields.TEXT, _("Service"), _("As the carrier calls it."), most=40, example="standard"),
    Column("weight_g", fields.WHOLE, _("Billed weight"), _("In grams."), example="500",
           also=("billed_weight", "billed_weight_g")),
    *(Column(kind.value, fields.NUMBER, title, says, example=example, also=also)
      for kind, (title, says, example, also) in _CHARGES.items()),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """A row as a line of a bill."""

    at: int
    bill: NewBill
    line: NewLine


def act(rows: Rows, doing: Doing) -> list[Fate]:
    """Keep the lines of the rows, bill by bill; each is matched with its parcel at once."""
    fates: dict[int, Fate] = {}
    together: dict[tuple[str, str], list[Wanted]] = defaultdict(list)
    for at in range(len(rows)):
        try:
            wanted = _wanted(rows, at)
        except EntrepotError as refusal:
            fates[at] = Fate.refused(refusal.field, refusal)
            continue
        together[wanted.bill.carrier, wanted.bill.number].append(wanted)
    for members in together.values():
        _enter(members, doing, fates)
    return [fates[at] for at in range(len(rows))]


def _enter(members: Sequence[Wanted], doing: Doing, fates: dict[int, Fate]) -> None:
    bill = members[0].bill
    for each in members:
        if each.bill != bill:
            fates[each.at] = Fate.refused(
                "bill", Invalid("sheets.bill_differs", "Another row says something else of this bill.", field="bill")
            )
    mine = [each for each in members if each.bill == bill]
    try:
        answers = billing.enter_lines(bill=bill, lines=[each.line for each in mine], actor=doing.actor, now=doing.now)
    except EntrepotError as refusal:
        column = {"number": "bill", "stated_minor": "total", "period_until": "period_to"}.get(
            refusal.field, refusal.field
        )
        fates |= {each.at: Fate.refused(column, refusal) for each in mine}
        return
    for each, answer in zip(mine, answers, strict=True):
        if isinstance(answer, EntrepotError):
            fates[each.at] = Fate.refused("carriage" if answer.field == "charges" else answer.field, answer)
            continue
        amount = format_minor(sum(each.line.charges.values()), bill.currency)
        subject = f"{bill.number} · {each.line.tracking_number or each.line.number}"
        fates[each.at] = Fate(answer, subject, (Change("amount", "", amount),) if answer == "created" else ())


def _wanted(rows: Rows, at: int) -> Wanted:
    """Raises: Invalid naming the column."""
    value = {name: column[at] for name, column in rows.values.items()}
    currency = value["currency"]
    issued = value["issued_on"].date()
    begins = value["period_from"].date() if value["period_from"] else issued
    ends = value["period_to"].date() if value["period_to"] else max(issued, begins)
    number, weight = value["line"] or rows.numbers[at], value["weight_g"]
    for name, least, most, given in (("line", 1, 2_000_000_000, number), ("weight_g", 0, 10_000_000, weight)):
        if given is not None and not least <= given <= most:
            raise Invalid("sheets.beyond", "Give a number from {least} to {most}.", field=name, least=least, most=most)
    charges = {kind.value: _minor(value[kind.value], currency, kind.value) for kind in Kind if value[kind.value]}
    if not charges:
        raise Invalid("sheets.no_charge", "The row bills nothing.", field="carriage")
    stated = None if value["total"] is None else _minor(value["total"], currency, "total")
    return Wanted(
        at,
        NewBill(value["carrier"], value["bill"], issued, begins, ends + timedelta(days=1), currency, stated),
        NewLine(number, value["tracking_number"] or "", charges, value["service"] or "", weight),
    )


def _minor(amount: Any, currency: str, column: str) -> int:
    return parse_minor(format(amount, "f"), currency, field=column)


BILLS = sheets.register(
    Sheet(
        "carrier-bills", _("Carriers' bills"),
        _("Invoices and credit notes of carriers, a row for each line; every line is matched with its parcel."),
        COLUMNS, act, "bills.decide",
    )
)  # fmt: skip
