"""Make the demonstration market: the stage, the sellers, then some weeks of trade up to today."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

from entrepot.demonstration import billing, selling, supplying, trading, waiting
from entrepot.demonstration.setting import Setting, make_setting
from entrepot.kernel import ids, outbox, partitions

SEED = 20_260_301
WEEKS = 5
#: When the last bill but one came.
BILLED_DAYS_AGO = 3

Tell = Callable[[str, int, int], None]


def build(now: datetime, tell: Tell) -> Setting:
    """Fill an empty marketplace; `tell` hears what is done, and how much of how much.

    Everything is drawn from one seed: the same day gives the same market.
    """
    chance = random.Random(SEED)  # noqa: S311 - a story, not a secret
    days = WEEKS * 7
    first = (now - timedelta(days=days)).date()
    last = first + timedelta(days=days - 1)
    partitions.keep(now=now)
    with ids.entropy(random.Random(SEED).getrandbits):  # noqa: S311
        opening = datetime.combine(first - timedelta(days=3), time(8), tzinfo=UTC)
        # Of what is past nobody is told; the last day's letters are real ones in the demonstration's mail folder.
        with outbox.muted():
            tell("Operator, markets, programmes", 0, days + 2)
            setting = make_setting(opening)
            tell("Sellers, goods, stock", 1, days + 2)
            selling.add_sellers(setting, opening + timedelta(days=1), chance)
            trade = trading.begin(setting, chance)
            supply = supplying.Supply(setting)
            for number in range(days - 1):
                day = first + timedelta(days=number)
                tell(f"Trade of {day:%-d %B}", number + 2, days + 2)
                supplying.play_day(supply, day, days - 1 - number)
                trading.play_day(trade, day, is_last=False)
                if days - 1 - number == BILLED_DAYS_AGO:
                    billing.set_up_carriers(setting, datetime.combine(day, time(22), tzinfo=UTC))
                    billing.settle_bill(setting, datetime.combine(day, time(22), tzinfo=UTC))
        trading.play_day(trade, last, is_last=True)
        trading.leave_open_ends(trade, datetime.combine(last, time(22), tzinfo=UTC))
        waiting.leave_waiting(setting, datetime.combine(last, time(23), tzinfo=UTC))
        supplying.leave_open(supply, datetime.combine(last, time(23, 5), tzinfo=UTC))
        billing.leave_bill(setting, datetime.combine(last, time(23, 40), tzinfo=UTC))
        container = supplying.sell_ahead(supply, datetime.combine(last, time(23, 40), tzinfo=UTC))
        trading.buy_ahead(trade, container, datetime.combine(last, time(23, 50), tzinfo=UTC))
    tell("Done", days + 2, days + 2)
    return setting
