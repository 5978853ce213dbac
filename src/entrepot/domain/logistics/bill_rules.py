"""What is to be thought of a line of a carrier's bill: equal, different and why, or not to be paid at all. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Kind(StrEnum):
    """What a charge of a line is for."""

    CARRIAGE = "carriage"
    FUEL = "fuel"
    WEIGHT = "weight"
    REMOTE_AREA = "remote_area"
    OVERSIZE = "oversize"
    REDELIVERY = "redelivery"
    CUSTOMS = "customs"
    OTHER = "other"


class Verdict(StrEnum):
    """What was found of a line."""

    EQUAL = "equal"
    WITHIN = "within"
    DIFFERS = "differs"
    UNKNOWN = "unknown"
    TWICE = "twice"
    CANCELLED = "cancelled"
    WAITING = "waiting"
    CURRENCY = "currency"
    CREDIT = "credit"


#: What a planned carriage pays for; a carrier's re-weighing; all else is a surcharge that nobody planned.
BASE = frozenset({Kind.CARRIAGE, Kind.FUEL})
#: What may be accepted without a reason, with one, and never.
AGREED = frozenset({Verdict.EQUAL, Verdict.WITHIN, Verdict.CREDIT})
NEVER = frozenset({Verdict.WAITING, Verdict.CURRENCY})


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far a line may differ. Units: minor, grams, shares."""

    amount_minor: int = 0
    rate: Decimal = Decimal(0)
    weight_g: int = 0
    weight_rate: Decimal = Decimal(0)

    def covers(self, difference_minor: int, planned_minor: int) -> bool:
        """Whether a difference is small enough to agree to."""
        return abs(difference_minor) <= max(Decimal(self.amount_minor), self.rate * abs(planned_minor))

    def is_same_weight(self, billed_g: int, planned_g: int) -> bool:
        """Whether two weighings of a parcel say the same."""
        return abs(billed_g - planned_g) <= max(Decimal(self.weight_g), self.weight_rate * planned_g)


@dataclass(frozen=True, slots=True)
class Planned:
    """What is known of the parcel that a line names. Units: minor, grams.

    `state` is "left" (its carriage is in the books), "waiting" (not yet), "cancelled" (its label was let go of).
    `card_minor` is what the card by which it was planned asks for the weight that is billed.
    """

    state: str
    currency: str = ""
    amount_minor: int = 0
    weight_g: int = 0
    is_billed: bool = False
    card_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """What a line is, and of what its difference is made. Units: minor."""

    verdict: Verdict
    planned_minor: int = 0
    rate_minor: int = 0
    weight_minor: int = 0
    surcharge_minor: int = 0


def is_carriage(charges: Mapping[str, int]) -> bool:
    """Whether a line bills the carriage itself, and not only what was measured or done beside it."""
    return any(charges.get(kind) for kind in BASE)


def judge(
    charges: Mapping[str, int], weight_g: int | None, currency: str, planned: Planned | None, tolerance: Tolerance
) -> Judged:
    """What a line above zero is.

    A line without carriage adds to one that was billed, or will be: nothing was planned for it. A difference in the
    carriage itself is the rate's; where the weights differ it is the weight's as far as the card asks for it, and where
    no card says so all of it.
    """
    total, surcharge = sum(charges.values()), sum(amount for kind, amount in charges.items() if kind not in BASE)
    weighed = charges.get(Kind.WEIGHT, 0)
    surcharge -= weighed
    if planned is None or planned.state == "cancelled":
        verdict = Verdict.UNKNOWN if planned is None else Verdict.CANCELLED
        return Judged(verdict, 0, total - surcharge - weighed, weighed, surcharge)
    carries = is_carriage(charges)
    amount = planned.amount_minor if carries and not planned.is_billed and planned.currency in ("", currency) else 0
    base = total - surcharge - weighed - amount
    if carries and base and weight_g is not None and not tolerance.is_same_weight(weight_g, planned.weight_g):
        heavier = base if planned.card_minor is None else by_weight(base, planned.card_minor - amount)
        base, weighed = base - heavier, weighed + heavier
    if planned.state == "waiting":
        verdict = Verdict.WAITING
    elif planned.currency not in ("", currency):
        verdict = Verdict.CURRENCY
    elif planned.is_billed:
        verdict = Verdict.TWICE
    elif total == amount:
        verdict = Verdict.EQUAL
    else:
        verdict = Verdict.WITHIN if tolerance.covers(total - amount, amount) else Verdict.DIFFERS
    return Judged(verdict, amount, base, weighed, surcharge)


def by_weight(difference_minor: int, card_minor: int) -> int:
    """What of a difference in carriage the weight made, where the card asks so much more or less for it.

    What is billed beyond the card is no matter of weight, and no weight makes more of a difference than there is.
    Units: minor.
    """
    least, most = sorted((0, difference_minor))
    return min(max(card_minor, least), most)


def credit(amount_minor: int, weight_minor: int, surcharge_minor: int) -> Judged:
    """What a credit gives back of a line: first of what its weight made, then of its surcharges, then of its rate.

    Units: minor; the credit is below zero.
    """
    left, back = -amount_minor, []
    for each in (weight_minor, surcharge_minor):
        taken = min(left, max(each, 0))
        back.append(taken)
        left -= taken
    return Judged(Verdict.CREDIT, 0, -left, -back[0], -back[1])
