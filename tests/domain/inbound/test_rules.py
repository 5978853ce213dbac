"""Suggested quantities, what is put away, what differs, and which states follow which."""

from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain.inbound import rules
from entrepot.kernel.errors import Invalid, Refused

SKU = UUID(int=1)
OTHER = UUID(int=2)


def suggest(sold, available=0, coming=0, pack=1, **more):
    arrays = [np.array([each], dtype=np.int64) for each in (sold, available, coming, pack)]
    days = {"sales_days": 14, "cover_days": 14} | more
    [units] = rules.suggest(sold=arrays[0], available=arrays[1], on_the_way=arrays[2], pack=arrays[3], **days)
    return int(units)


def test_a_suggestion_covers_the_days_and_no_more():
    assert suggest(28) == 28, "two a day for fourteen days"
    assert suggest(28, available=10, coming=8) == 10
    assert suggest(28, available=30) == 0
    assert suggest(0) == 0, "what does not sell is not ordered"
    assert suggest(1, cover_days=15) == 2, "the need is rounded up to whole units"
    assert suggest(28, available=18, pack=12) == 12, "… and the order to whole packs"
    assert suggest(28, available=18, pack=12, least=30) == 36
    assert suggest(0, least=30) == 0
    assert suggest(5, available=-3) == 8, "units that are missing are ordered too"


def test_sales_over_no_days_say_nothing():
    with pytest.raises(Invalid):
        suggest(5, sales_days=0)


COUNTS = st.integers(0, 5000)


@given(COUNTS, COUNTS, COUNTS, st.integers(1, 48), st.integers(1, 60), st.integers(0, 90))
def test_an_order_brings_the_cover_and_a_pack_less_would_not(sold, available, coming, pack, sales_days, cover_days):
    units = suggest(sold, available, coming, pack, sales_days=sales_days, cover_days=cover_days)
    assert units >= 0 and units % pack == 0

    def covers(ordered: int) -> bool:
        return (available + coming + ordered) * sales_days >= sold * cover_days

    assert covers(units)
    assert units == 0 or not covers(units - pack)


@given(COUNTS, COUNTS, COUNTS)
def test_more_on_the_way_never_orders_more(sold, available, coming):
    assert (
        suggest(sold, available, coming + 1) <= suggest(sold, available, coming) <= suggest(sold + 1, available, coming)
    )


def test_days_of_cover_are_endless_where_nothing_is_sold():
    sold, available = np.array([0, 14], dtype=np.int64), np.array([5, 7], dtype=np.int64)
    assert list(rules.days_of_cover(sold=sold, available=available, sales_days=14)) == [np.inf, 7]


def away(counted, declared=None, done=None, failed=(), take_extra=False, keep_damaged=True):
    placed = rules.to_put_away(
        declared={SKU: 10} if declared is None else declared,
        counted=counted,
        done=done or {},
        failed=failed,
        take_extra=take_extra,
        keep_damaged=keep_damaged,
    )
    return {(each.sku_id, each.condition): each.quantity for each in placed}


def test_what_is_put_away():
    assert away({(SKU, "new"): 10}) == {(SKU, "new"): 10}
    assert away({(SKU, "new"): 12}) == {(SKU, "new"): 10}
    assert away({(SKU, "new"): 12}, take_extra=True) == {(SKU, "new"): 12}
    assert away({(SKU, "new"): 7, (SKU, "damaged"): 2}) == {(SKU, "new"): 7, (SKU, "damaged"): 2}
    assert away({(SKU, "new"): 7, (SKU, "damaged"): 2}, keep_damaged=False) == {(SKU, "new"): 7}
    assert away({(SKU, "new"): 10}, failed={SKU}) == {}
    assert away({(SKU, "new"): 10}, done={(SKU, "new"): 6}) == {(SKU, "new"): 4}
    assert away({(OTHER, "new"): 3}) == {}
    assert away({(OTHER, "new"): 3}, take_extra=True) == {(OTHER, "new"): 3}


UNITS = st.integers(0, 60)


@given(UNITS, UNITS, UNITS, st.booleans(), st.booleans(), st.booleans())
def test_what_differs_accounts_for_every_unit(declared, good, damaged, take_extra, keep_damaged, fails):
    counted = {(SKU, "new"): good, (SKU, "damaged"): damaged}
    failed = {SKU} if fails else set()
    said = {SKU: declared} if declared else {}
    placed = away(counted, said, failed=failed, take_extra=take_extra, keep_damaged=keep_damaged)
    put_away = sum(placed.values())
    found = rules.discrepancies(declared=said, counted=counted, done=placed, failed=failed)
    by_kind = {(each.kind, each.outcome): each.quantity for each in found}
    short = by_kind.get(("short", "missing"), 0)
    extra = sum(units for (kind, _), units in by_kind.items() if kind in ("over", "wrong_item"))
    taken = sum(
        units for (kind, outcome), units in by_kind.items() if kind in ("over", "wrong_item") and outcome == "taken"
    )
    assert good + damaged - declared == extra - short
    assert put_away <= declared + taken
    assert put_away <= good + damaged
    assert sum(units for (kind, _), units in by_kind.items() if kind == "damaged") == damaged
    assert not (fails and put_away)


def test_acts_have_their_states():
    assert rules.move(rules.ORDER_ACTS, "asked", "accept", number="SO-1") == "accepted"
    with pytest.raises(Refused) as refused:
        rules.move(rules.SHIPMENT_ACTS, "closed", "count", number="IN-1")
    assert refused.value.values["state"] == "closed"
    reached = {state for acts in rules.ORDER_ACTS.values() for state in acts.values()} | set(rules.ORDER_STATE.values())
    assert set(rules.ORDER_ACTS) <= reached | {"asked"}


def test_less_than_nothing_is_not_counted():
    with pytest.raises(Invalid):
        rules.demand_counts({"a": 3}, [("a", -4)])
    rules.demand_counts({"a": 3}, [("a", -4), ("a", 1)])
