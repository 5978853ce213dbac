"""What of a shipment may be sold while it is on its way, and when it stands ready. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, Decimal

#: Ways of transport that a rule may name.
MODES = ("sea", "air", "rail", "truck")
#: The most working days that putting away may take.
DAYS_MAX = 60


@dataclass(frozen=True, slots=True)
class Share:
    """What a rule says of the shipments that it names; blank names all. Without a rate nothing is sold ahead."""

    market: str
    node: str
    programme: str
    mode: str
    safety_rate: Decimal | None
    put_away_days: int

    def names(self, *, market: str, node: str, programme: str, mode: str) -> bool:
        """Whether it is about such a shipment."""
        pairs = ((self.market, market), (self.node, node), (self.programme, programme), (self.mode, mode))
        return all(not mine or mine == theirs for mine, theirs in pairs)

    @property
    def rank(self) -> tuple[int, bool, bool, bool, bool]:
        """The more it names, the more it counts; among equals a node before a programme, a market, a mode."""
        named = (bool(self.node), bool(self.programme), bool(self.market), bool(self.mode))
        return (sum(named), *named)


@dataclass(frozen=True, slots=True)
class LegDone:
    """A leg of a shipment's way: by when it was promised to be done, and when it was."""

    promised_on: date
    done_on: date | None


def find(shares: Iterable[Share], *, market: str, node: str, programme: str, mode: str) -> Share | None:
    """The rule that counts for a shipment: of those that name it, the one that names most."""
    fitting = [each for each in shares if each.names(market=market, node=node, programme=programme, mode=mode)]
    return max(fitting, key=lambda each: each.rank, default=None)


def sellable(*, declared: int, put_away: int, safety_rate: Decimal | None) -> int:
    """Units that may be promised: what was announced, less the share that is kept back, less what is in stock already.

    Rounding: what is kept back up to a whole unit.
    """
    if safety_rate is None:
        return 0
    kept_back = int((declared * safety_rate).to_integral_value(ROUND_CEILING))
    return max(0, declared - kept_back - put_away)


def arrival(
    *, today: date, announced_on: date, legs: Sequence[LegDone] = (), arrived_on: date | None = None,
    slot_on: date | None = None,
) -> date:  # fmt: skip
    """The day on which a shipment arrives, or did: by its way as far as it has come, else as announced; never past.

    A leg that was late, or is, makes all that follows as much later; one that was early gives nothing away.
    """
    if arrived_on is not None:
        return arrived_on
    day = announced_on
    if legs:
        day = legs[-1].promised_on
        late = 0
        for leg in legs:
            if leg.done_on is None:
                late = max(late, (today - leg.promised_on).days)
                break
            late = max((leg.done_on - leg.promised_on).days, 0)
        day = date.fromordinal(day.toordinal() + late)
    return max(day, slot_on or day, today)
