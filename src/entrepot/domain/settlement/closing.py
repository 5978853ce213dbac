"""When what was earned may stand on a statement, and what a statement comes to. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from entrepot.domain.terms.clauses import Settlement
from entrepot.kernel.money import split


def eligible_at(settlement: Settlement, triggered_at: datetime) -> datetime:
    """The earliest close that may carry what was triggered then: the start of the closing day, in UTC."""
    day = settlement.closes_on(triggered_at.astimezone(UTC).date())
    return max(datetime.combine(day, time(), UTC), triggered_at)


def period_end(settlement: Settlement, delivered_at: datetime) -> datetime:
    """The end of the settlement period in which something was delivered: the next start of a closing day, in UTC."""
    day = delivered_at.astimezone(UTC).date() + timedelta(days=1)
    while not settlement.is_close(day):
        day += timedelta(days=1)
    return datetime.combine(day, time(), UTC)


@dataclass(frozen=True, slots=True)
class Group:
    """The lines of a statement that share a reserve clause. Units: minor, ppm; no cap is None."""

    amount_minor: int
    reserve_ppm: int = 0
    cap_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Closed:
    """What a statement comes to. `reserved_minor` has one amount a group. Units: minor."""

    opening_minor: int
    lines_minor: int
    reserved: tuple[int, ...]
    released_minor: int
    payable_minor: int
    carried_minor: int

    @property
    def reserved_minor(self) -> int:
        """All that is kept back."""
        return sum(self.reserved)


def close(
    *, opening_minor: int, groups: Sequence[Group], held_minor: int = 0, released_minor: int = 0, minimum_minor: int = 0
) -> Closed:
    """Close a statement: what is left after the reserve is paid, or carried where it is too little or below nothing.

    The reserve is a share of the lines of each group that earned, as long as all that is held stays within the group's
    cap, and is never more than there is. `held_minor` is what stays held beside this statement.
    Rounding: half to even, once a group. Source: reserve as min(10 % of 30 days' settlement, 200,000 MXN), notice of a
    marketplace to new sellers, May 2025.
    """
    lines = sum(group.amount_minor for group in groups)
    wanted, held = [], held_minor
    for group in groups:
        share = round_ppm(max(group.amount_minor, 0), group.reserve_ppm)
        if group.cap_minor is not None:
            share = min(share, max(group.cap_minor - held, 0))
        wanted.append(share)
        held += share
    available = max(opening_minor + lines + released_minor, 0)
    reserved = split(min(sum(wanted), available), wanted) if wanted else []
    left = opening_minor + lines + released_minor - sum(reserved)
    payable = left if left > 0 and left >= minimum_minor else 0
    return Closed(opening_minor, lines, tuple(reserved), released_minor, payable, left - payable)


def round_ppm(amount: int, rate_ppm: int) -> int:
    """amount × rate in parts per million, half to even."""
    quotient, remainder = divmod(amount * rate_ppm, 1_000_000)
    return quotient + (2 * remainder > 1_000_000 or (2 * remainder == 1_000_000 and quotient % 2 == 1))
