"""Writes beside accruals, statements and payouts: the dated rates of what the marketplace itself is charged."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from entrepot.domain.settlement.models import CostRate
from entrepot.kernel import audit, ids, money
from entrepot.kernel.actors import Actor
from entrepot.kernel.errors import Invalid, Refused


@dataclass(frozen=True, slots=True)
class NewCostRate:
    """What a payment provider or a node charges; a blank code counts where no other does. Units: minor."""

    kind: str
    currency: str
    source: str
    rate: Decimal = Decimal(0)
    amount_minor: int = 0
    code: str = ""


@transaction.atomic
def set_cost_rates(*, rows: Sequence[NewCostRate], valid_from: date, actor: Actor, now: datetime) -> list[CostRate]:
    """Rates from a day on; those before them end there. Orders of earlier days keep theirs.

    Raises: Invalid for a rate that is none, Refused for a day that is over or has its rate.
    """
    if valid_from < now.date():
        raise Refused("settlement.rate_in_the_past", "A rate counts from {today} on at the earliest.",
                      today=now.date().isoformat())  # fmt: skip
    made = []
    for identity, row in zip(ids.new_ids(now, len(rows)), rows, strict=True):
        _check(row)
        earlier = CostRate.objects.filter(kind=row.kind, code=row.code, currency=row.currency)
        if earlier.filter(valid_from__gte=valid_from).exists():
            raise Refused("settlement.rate_exists", "There is a rate of {kind} from that day or later already.",
                          kind=row.kind)  # fmt: skip
        earlier.filter(valid_until__isnull=True).update(valid_until=valid_from)
        rate = CostRate(
            id=identity, created_at=now, kind=row.kind, code=row.code, currency=row.currency, rate=row.rate,
            amount_minor=row.amount_minor, valid_from=valid_from, source=row.source,
        )  # fmt: skip
        rate.save(force_insert=True)
        audit.record(
            actor=actor, verb="settlement.cost_rate", subject_kind="cost_rate", subject_id=identity, now=now,
            after={"kind": row.kind, "code": row.code, "currency": row.currency, "rate": str(row.rate),
                   "amount_minor": row.amount_minor, "from": valid_from.isoformat()},
        )  # fmt: skip
        made.append(rate)
    return made


def _check(row: NewCostRate) -> None:
    money.exponent(row.currency)
    if row.kind not in CostRate.Kind.values:
        raise Invalid("settlement.unknown_cost", "Choose what it is a rate of: {known}.", field="kind",
                      known=", ".join(CostRate.Kind.values))  # fmt: skip
    scaled = row.rate * 1_000_000
    if not (row.rate.is_finite() and 0 <= row.rate < 1 and scaled == scaled.to_integral_value()):
        raise Invalid("settlement.rate_not_a_share", "A rate lies between 0 and 1 and has six decimal places at most.",
                      field="rate")  # fmt: skip
    if row.rate and row.kind != CostRate.Kind.PAYMENT:
        raise Invalid("settlement.rate_of_amount", "{kind} is charged by the unit; give an amount.", field="rate",
                      kind=row.kind)  # fmt: skip
    if not 0 <= row.amount_minor <= money.MINOR_MAX:
        raise Invalid("settlement.amount_out_of_range", "The amount is beyond what can be charged.",
                      field="amount_minor")  # fmt: skip
