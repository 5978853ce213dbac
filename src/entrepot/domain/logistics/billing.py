"""Carriers' bills: brought in line by line, decided, read. What was planned for a line is found in `bill_matching`."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Case, When

from entrepot.domain.logistics import bill_rules
from entrepot.domain.logistics.bill_matching import Pricing, match
from entrepot.domain.logistics.bill_models import BillTolerance, CarrierBill, CarrierBillLine, CarrierPayment
from entrepot.domain.logistics.bill_rules import Kind, Tolerance
from entrepot.kernel import audit, ids
from entrepot.kernel.actors import Actor
from entrepot.kernel.db import copy_rows, execute, fetch_rows
from entrepot.kernel.errors import EntrepotError, Invalid, NotFound, Refused
from entrepot.kernel.money import MINOR_MAX, exponent

OPEN, ACCEPTED, DISPUTED, CREDITED = (each.value for each in CarrierBillLine.State)


@dataclass(frozen=True, slots=True)
class NewBill:
    """What a bill says of itself. The period is half-open; `stated_minor` is its own total, where it says one."""

    carrier: str
    number: str
    issued_on: date
    period_from: date
    period_until: date
    currency: str
    stated_minor: int | None = None


@dataclass(frozen=True, slots=True)
class NewLine:
    """A line as the carrier bills it. Units: minor, grams."""

    number: int
    tracking_number: str
    charges: Mapping[str, int]
    service: str = ""
    weight_g: int | None = None


@transaction.atomic
def open_bill(*, bill: NewBill, actor: Actor, now: datetime) -> CarrierBill:
    """The bill of that number, made where there is none, locked. Raises: Invalid where it says something else."""
    _check(bill)
    facts = {name: getattr(bill, name) for name in NewBill.__slots__}
    key = {"carrier": facts.pop("carrier"), "number": facts.pop("number")}
    made = {"id": ids.new_id(now), "created_at": now, "entered_by": actor.label[:200], **facts}
    row, is_new = CarrierBill.objects.get_or_create(**key, defaults=made)
    row = CarrierBill.objects.select_for_update(no_key=True).get(id=row.id)
    for name, value in facts.items():
        if getattr(row, name) != value and not (name == "stated_minor" and value is None):
            raise Invalid(
                "carriers.bill_differs", "Bill {number} of {carrier} is here already and says {known}.", field=name,
                known=str(getattr(row, name)), **key,
            )  # fmt: skip
    if is_new:
        audit.record(
            actor=actor, verb="bills.enter", subject_kind="carrier_bill", subject_id=row.id, now=now,
            after={"carrier": row.carrier, "number": row.number},
        )  # fmt: skip
    return row


def _check(bill: NewBill) -> None:
    for name, most in (("carrier", 40), ("number", 60)):
        if not 1 <= len(getattr(bill, name).strip()) <= most:
            raise Invalid("carriers.bill_text", "Give 1 to {most} characters.", field=name, most=most)
    if bill.period_until <= bill.period_from:
        raise Invalid("carriers.bill_period", "The period ends before it begins.", field="period_until")
    exponent(bill.currency)


@transaction.atomic
def add_lines(
    *, bill: CarrierBill, lines: Sequence[NewLine], now: datetime, price: Pricing | None = None
) -> list[str | EntrepotError]:
    """Keep the lines of a bill and match them: of each "created", "same", or why it is not taken."""
    kept = {row.number: row for row in list_lines(bill_id=bill.id, numbers=[each.number for each in lines])}
    charges = charges_of([row.id for row in kept.values()])
    answers: list[str | EntrepotError] = []
    fresh: dict[int, NewLine] = {}
    for line in lines:
        known = kept.get(line.number)
        if line.number in fresh:
            answers.append(
                Invalid("carriers.line_twice", "Line {number} stands twice.", field="line", number=line.number)
            )
        elif known is None:
            problem = _wrong(line)
            answers.append(problem or "created")
            if problem is None:
                fresh[line.number] = line
        elif (known.tracking_number, known.weight_g, charges.get(known.id, {})) == (
            line.tracking_number, line.weight_g, {kind: amount for kind, amount in line.charges.items() if amount},
        ):  # fmt: skip
            answers.append("same")
        else:
            answers.append(
                Invalid("carriers.line_differs", "Line {number} of this bill is here already and says otherwise.",
                        field="line", number=line.number)
            )  # fmt: skip
    made = list(zip(ids.new_ids(now, len(fresh)), fresh.values(), strict=True))
    copy_rows(
        "logistics_carrierbillline",
        ["id", "created_at", "bill_id", "number", "tracking_number", "service", "weight_g", "amount_minor",
         "is_carriage", "planned_minor", "planned_label", "rate_minor", "weight_minor", "surcharge_minor", "verdict",
         "state", "reason", "decided_by", "own_currency", "own_minor", "fx_source"],
        ((key, now, bill.id, each.number, each.tracking_number, each.service, each.weight_g,
          sum(each.charges.values()), bill_rules.is_carriage(each.charges), 0, "", 0, 0, 0, "unknown", OPEN, "", "",
          "", 0, "")
         for key, each in made),
    )  # fmt: skip
    parts = [(key, kind, amount) for key, each in made for kind, amount in each.charges.items() if amount]
    copy_rows(
        "logistics_carrierbillcharge",
        ["id", "created_at", "line_id", "kind", "amount_minor"],
        ((identity, now, *part) for identity, part in zip(ids.new_ids(now, len(parts)), parts, strict=True)),
    )
    match(line_ids=[key for key, _line in made], price=price)
    return answers


def _wrong(line: NewLine) -> Invalid | None:
    if unknown := set(line.charges) - set(Kind):
        return Invalid("carriers.charge_kind", "There is no kind of charge called {kind}.", field="charges",
                       kind=min(unknown)[:40])  # fmt: skip
    if any(abs(amount) > MINOR_MAX for amount in line.charges.values()):
        return Invalid("carriers.charge_too_large", "This is more than can be counted.", field="charges")
    if len({amount > 0 for amount in line.charges.values() if amount}) > 1 and sum(line.charges.values()) <= 0:
        return Invalid("carriers.charge_signs", "A credit has no charges above zero.", field="charges")
    if len(line.tracking_number) > 60 or len(line.service) > 40:
        return Invalid("carriers.bill_text", "Give 1 to {most} characters.", field="tracking_number", most=60)
    return None


@transaction.atomic
def set_tolerance(
    *, carrier: str, currency: str, tolerance: Tolerance, valid_from: date, source: str, actor: Actor, now: datetime
) -> BillTolerance:
    """Say how far lines may differ from a day on. Raises: Invalid."""
    exponent(currency)
    row, _is_new = BillTolerance.objects.update_or_create(
        carrier=carrier.strip()[:40], currency=currency, valid_from=valid_from,
        defaults={
            "amount_minor": tolerance.amount_minor, "rate": tolerance.rate, "weight_g": tolerance.weight_g,
            "weight_rate": tolerance.weight_rate, "source": source,
        },
        create_defaults={
            "id": ids.new_id(now), "created_at": now, "amount_minor": tolerance.amount_minor, "rate": tolerance.rate,
            "weight_g": tolerance.weight_g, "weight_rate": tolerance.weight_rate, "source": source,
            "carrier": carrier.strip()[:40], "currency": currency, "valid_from": valid_from,
        },
    )  # fmt: skip
    audit.record(
        actor=actor, verb="bills.tolerance", subject_kind="bill_tolerance", subject_id=row.id, now=now,
        reason=audit.require_reason(source),
        after={"carrier": row.carrier, "currency": currency, "from": str(valid_from)},
    )  # fmt: skip
    return row


def lock_lines(*, bill_id: UUID, line_ids: Collection[UUID] | None = None) -> list[CarrierBillLine]:
    """Lines of a bill in their order, all of them where none are named, locked. Raises: NotFound, Refused.

    A bill whose lines do not come to the total that it states waits for the rest of it.
    """
    bill = get_bill(bill_id=bill_id, lock=True)
    rows = CarrierBillLine.objects.select_for_update(no_key=True, of=("self",)).filter(bill=bill)
    rows = rows.select_related("bill", "credits").order_by("number")
    found = list(rows if line_ids is None else rows.filter(id__in=list(line_ids)))
    if line_ids is not None and len(found) < len(set(line_ids)):
        raise NotFound(kind="bill line")
    [total] = fetch_rows("SELECT sum(amount_minor)::bigint AS sum FROM logistics_carrierbillline WHERE bill_id = %s",
                         [bill_id])  # fmt: skip
    if bill.stated_minor is not None and total.sum != bill.stated_minor:
        raise Refused("carriers.bill_incomplete", "The lines do not come to the total of this bill.")
    return found


def decide(*, lines: Sequence[CarrierBillLine], state: str, reason: str, actor: Actor, now: datetime) -> None:
    """Write what was decided of lines."""
    execute(
        "UPDATE logistics_carrierbillline SET state = %s, reason = %s, decided_at = %s, decided_by = %s"
        " WHERE id = ANY(%s)",
        [state, reason[:500], now, actor.label[:200], [row.id for row in lines]],
    )
    for row in lines:
        row.state, row.reason, row.decided_at, row.decided_by = state, reason[:500], now, actor.label[:200]


def settle_dispute(*, line: CarrierBillLine, now: datetime) -> None:
    """Write that a disputed line was given back whole; its reason stays."""
    execute("UPDATE logistics_carrierbillline SET state = %s, decided_at = %s WHERE id = %s", [CREDITED, now, line.id])
    line.state, line.decided_at = CREDITED, now


# Reads.


def get_bill(*, bill_id: UUID, lock: bool = False) -> CarrierBill:
    """One bill. Raises: NotFound."""
    rows = CarrierBill.objects.select_for_update(no_key=True) if lock else CarrierBill.objects.all()
    row = rows.filter(id=bill_id).first()
    if row is None:
        raise NotFound(kind="carrier bill")
    return row


def list_lines(
    *, bill_id: UUID, numbers: Collection[int] | None = None, verdict: str = "", state: str = "",
    after: int = 0, limit: int | None = None,
) -> list[CarrierBillLine]:  # fmt: skip
    """Lines of a bill: what differs first, then by number; by number alone where numbers are named."""
    rows = CarrierBillLine.objects.filter(bill_id=bill_id)
    if numbers is not None:
        return list(rows.filter(number__in=list(numbers)).order_by("number"))
    rows = rows.filter(verdict=verdict) if verdict else rows
    rows = rows.filter(state=state) if state else rows
    rows = rows.select_related("parcel", "booking__parcel", "credits__bill", "payment")
    found = rows.order_by(Case(When(verdict__in=["equal", "within"], then=1), default=0), "number")
    return list(found[after : after + limit] if limit else found)


def charges_of(line_ids: Collection[UUID]) -> dict[UUID, dict[str, int]]:
    """The charges of lines by kind."""
    found: dict[UUID, dict[str, int]] = defaultdict(dict)
    for row in fetch_rows(
        "SELECT line_id, kind, amount_minor FROM logistics_carrierbillcharge WHERE line_id = ANY(%s)"
        " ORDER BY line_id, kind",
        [list(line_ids)],
    ):
        found[row.line_id][row.kind] = row.amount_minor
    return found


@dataclass(frozen=True, slots=True)
class BillView:
    """A bill with what its lines come to. Units: minor. `counts` is (verdict, state) -> (lines, amount)."""

    row: CarrierBill
    lines: int
    total_minor: int
    difference_minor: int
    counts: Mapping[tuple[str, str], tuple[int, int]]

    def of(self, *, verdicts: Collection[str] = (), states: Collection[str] = ()) -> tuple[int, int]:
        """How many lines with these verdicts and states there are, and what they come to; any where none is named."""
        found = [
            each for (verdict, state), each in self.counts.items()
            if (not verdicts or verdict in verdicts) and (not states or state in states)
        ]  # fmt: skip
        return sum(each[0] for each in found), sum(each[1] for each in found)


def list_bills(
    *, bill_ids: Collection[UUID] | None = None, before: UUID | None = None, limit: int = 50
) -> list[BillView]:
    """Bills with what their lines come to, the last first."""
    rows = CarrierBill.objects.order_by("-id")
    rows = rows if bill_ids is None else rows.filter(id__in=list(bill_ids))
    bills = list(rows.filter(id__lt=before)[:limit] if before else rows[:limit])
    counts: dict[UUID, dict[tuple[str, str], tuple[int, int]]] = defaultdict(dict)
    differences: dict[UUID, int] = defaultdict(int)
    for row in fetch_rows(
        "SELECT bill_id, verdict, state, count(*) AS lines, sum(amount_minor)::bigint AS amount,"
        " sum(rate_minor + weight_minor + surcharge_minor)::bigint AS difference"
        " FROM logistics_carrierbillline WHERE bill_id = ANY(%s) GROUP BY bill_id, verdict, state",
        [[each.id for each in bills]],
    ):
        counts[row.bill_id][row.verdict, row.state] = (row.lines, row.amount)
        differences[row.bill_id] += row.difference
    return [
        BillView(
            each, sum(n for n, _a in counts[each.id].values()), sum(a for _n, a in counts[each.id].values()),
            differences[each.id], counts[each.id],
        )
        for each in bills
    ]  # fmt: skip


def list_owed() -> list[tuple[str, str, int, int]]:
    """What accepted lines that are not paid come to: (carrier, currency, lines, amount)."""
    rows = fetch_rows(
        "SELECT bill.carrier, bill.currency, count(*) AS lines, sum(line.amount_minor)::bigint AS amount"
        " FROM logistics_carrierbillline line JOIN logistics_carrierbill bill ON bill.id = line.bill_id"
        " WHERE line.state = 'accepted' AND line.payment_id IS NULL GROUP BY 1, 2 ORDER BY 1, 2"
    )
    return [(row.carrier, row.currency, row.lines, row.amount) for row in rows]


def list_payments(*, limit: int) -> list[CarrierPayment]:
    """What carriers were paid, the last first."""
    return list(CarrierPayment.objects.order_by("-id")[:limit])


def list_tolerances() -> list[BillTolerance]:
    """How far lines may differ, by carrier and currency, the last first."""
    return list(BillTolerance.objects.order_by("carrier", "currency", "-valid_from"))
