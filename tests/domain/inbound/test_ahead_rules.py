"""What of a shipment may be promised, by which rule, and when it arrives."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain.inbound import ahead_rules
from entrepot.domain.inbound.ahead_rules import LegDone, Share

DAY = date(2026, 5, 4)


def share(rate="0.1", **names):
    said = {"market": "", "node": "", "programme": "", "mode": ""} | names
    return Share(**said, safety_rate=None if rate is None else Decimal(rate), put_away_days=2)


def found(*shares, market="DE", node="berlin", programme="semi", mode="sea"):
    each = ahead_rules.find(shares, market=market, node=node, programme=programme, mode=mode)
    return each and each.safety_rate


def test_the_rule_that_names_most_counts():
    all_of_them, by_sea, german_sea = share("0.5"), share("0.2", mode="sea"), share("0.1", market="DE", mode="sea")
    assert found() is None
    assert found(all_of_them, by_sea, german_sea) == Decimal("0.1")
    assert found(all_of_them, by_sea, german_sea, market="US") == Decimal("0.2")
    assert found(all_of_them, by_sea, german_sea, mode="") == Decimal("0.5")
    assert found(all_of_them, share(None, node="berlin")) is None, "a node may be left out of what counts for all"
    assert found(share("0.3", market="DE"), share("0.4", node="berlin")) == Decimal("0.4"), "a node before a market"


@given(
    declared=st.integers(0, 10_000), put_away=st.integers(0, 10_000),
    rate=st.decimals("0", "0.9999", places=4), more=st.decimals("0", "0.9999", places=4),
)  # fmt: skip
def test_never_more_is_sold_than_comes(declared, put_away, rate, more):
    units = ahead_rules.sellable(declared=declared, put_away=put_away, safety_rate=rate)
    assert 0 <= units <= max(0, declared - put_away)
    assert units <= declared * (1 - rate), "what is kept back is rounded up"
    if more >= rate:
        assert ahead_rules.sellable(declared=declared, put_away=put_away, safety_rate=more) <= units
    assert ahead_rules.sellable(declared=declared, put_away=put_away, safety_rate=None) == 0


def test_of_forty_units_a_tenth_is_kept_back():
    assert ahead_rules.sellable(declared=40, put_away=0, safety_rate=Decimal("0.1")) == 36
    assert ahead_rules.sellable(declared=41, put_away=0, safety_rate=Decimal("0.1")) == 36
    assert ahead_rules.sellable(declared=40, put_away=30, safety_rate=Decimal("0.1")) == 6


def day(count: int) -> date:
    return DAY + timedelta(days=count)


@pytest.mark.parametrize(
    ("today", "legs", "more", "expected"),
    [
        (0, [], {}, 20),
        (25, [], {}, 25),  # announced for the twentieth and not there
        (0, [(5, None), (30, None)], {}, 30),  # the way knows better than the announcement
        (8, [(5, 8), (30, None)], {}, 33),  # three days late at the first leg
        (4, [(5, 3), (30, None)], {}, 30),  # early gives nothing away
        (9, [(5, None), (30, None)], {}, 34),  # the first leg is four days late and not done
        (31, [(5, 8), (30, 30)], {}, 31),  # made good on the way, and not there on its last day
        (0, [], {"slot_on": day(22)}, 22),  # its time at the dock is later
        (0, [(5, None), (30, None)], {"arrived_on": day(28)}, 28),
    ],
)
def test_the_day_of_arrival_follows_the_way(today, legs, more, expected):
    done = [LegDone(day(promised), None if at is None else day(at)) for promised, at in legs]
    assert ahead_rules.arrival(today=day(today), announced_on=day(20), legs=done, **more) == day(expected)
