"""How a price is laid into the prices that an offer has and will have. Pure.

Periods are half-open. A price without an end holds until the next change that is planned already; one with an end
holds in between, and what would have held afterwards comes back.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Period:
    """A price over a period; `identity` is its row, None for one that is new."""

    identity: UUID | None
    amount_minor: int
    start: datetime
    stop: datetime | None

    def covers(self, at: datetime) -> bool:
        """Whether it holds at that moment."""
        return self.start <= at and (self.stop is None or self.stop > at)


@dataclass(slots=True)
class Laid:
    """What becomes of the rows: ends that move, beginnings that move, rows that go, and rows that come."""

    ends: dict[UUID, datetime] = field(default_factory=dict)
    starts: dict[UUID, datetime] = field(default_factory=dict)
    gone: list[UUID] = field(default_factory=list)
    new: list[Period] = field(default_factory=list)


def lay(present: Iterable[Period], amount_minor: int, start: datetime, stop: datetime | None = None) -> Laid:
    """A price from `start` on, until `stop` where it is said. Where it holds already nothing changes."""
    rows: Sequence[Period] = sorted((each for each in present if each.stop is None or each.stop > start),
                                    key=lambda each: each.start)  # fmt: skip
    laid = Laid()
    now_in_force = next((each for each in rows if each.covers(start)), None)
    later = [each for each in rows if each.start > start]
    if stop is None:
        stop = now_in_force.stop if now_in_force else later[0].start if later else None
        if now_in_force is not None and now_in_force.amount_minor == amount_minor:
            return laid
        later = []
    for each in later:
        assert each.identity is not None and stop is not None
        if each.start >= stop:
            break
        if each.stop is not None and each.stop <= stop:
            laid.gone.append(each.identity)
        else:
            laid.starts[each.identity] = stop
    if now_in_force is not None:
        assert now_in_force.identity is not None
        laid.ends[now_in_force.identity] = start
        if stop is not None and (now_in_force.stop is None or now_in_force.stop > stop):
            laid.new.append(Period(None, now_in_force.amount_minor, stop, now_in_force.stop))
    laid.new.append(Period(None, amount_minor, start, stop))
    return laid
