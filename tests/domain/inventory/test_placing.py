"""Codes of places, the order in which one walks, and from where units are taken."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain.inventory import placing
from entrepot.domain.inventory.placing import Standing
from entrepot.kernel.errors import Invalid

A, B, C, D = (UUID(int=number) for number in range(1, 5))


def test_a_pattern_is_every_place_between():
    found = placing.read("A-01..02-09..10-1\nB-a..c\nQ-1, quarantine")
    assert [each.code for each in found] == [
        "A-01-09-1", "A-01-10-1", "A-02-09-1", "A-02-10-1", "B-A", "B-B", "B-C", "Q-1",
    ]  # fmt: skip
    assert [each.kind for each in found] == ["storage"] * 7 + ["quarantine"]
    assert found[0].parts == ("A", "01", "09", "1")
    assert found[-1].parts == ("Q", "1", "", "")


def test_one_walks_by_numbers():
    codes = ["A-10-1", "A-9-2", "A-9-10", "B-1-1"]
    assert sorted(codes, key=placing.walk_of) == ["A-9-2", "A-9-10", "A-10-1", "B-1-1"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("A-3..1", "places.unreadable_line"),
        ("A-1-1-1-1", "places.unreadable_line"),
        ("A 1", "places.unreadable_line"),
        ("dock", "places.unreadable_line"),
        ("A-1, shelf", "places.unreadable_line"),
        ("A-1..Z", "places.unreadable_line"),
        ("A-1\nA-1..2", "places.twice"),
        ("A-1..99-1..99-1..99", "places.count"),
        ("\n", "places.count"),
    ],
)
def test_what_is_no_place_is_named(text, code):
    with pytest.raises(Invalid) as refused:
        placing.read(text)
    assert (refused.value.code, refused.value.field) == (code, "rows")


def here() -> list[Standing]:
    return [
        Standing(A, "dock", "DOCK", 5),
        Standing(B, "storage", "A-2", 3),
        Standing(C, "storage", "A-1", 4),
        Standing(D, "quarantine", "Q", 6, is_withheld=True, held=6),
    ]


def test_units_are_taken_as_one_walks_the_dock_last_and_none_from_quarantine():
    assert placing.drawn(here(), 9) == [(C, 4), (B, 3), (A, 2)]
    assert placing.drawn(here(), 99) == [(C, 4), (B, 3), (A, 5)]


def test_goods_that_are_bought_as_they_come_in_are_those_at_the_dock():
    assert placing.drawn(here(), 6, dock_first=True) == [(A, 5), (C, 1)]


def test_what_one_order_fetches_the_next_does_not_find():
    stock = UUID(int=9)
    found = placing.fetched([(stock, 5), (stock, 4), (UUID(int=8), 2)], {stock: here()})
    assert found == [(stock, C, 4), (stock, B, 1), (stock, B, 2), (stock, A, 2), (UUID(int=8), None, 2)]


@given(st.lists(st.integers(0, 20), min_size=1, max_size=6), st.integers(1, 80))
def test_no_more_is_taken_than_is_wanted_or_there(units, wanted):
    rows = [Standing(UUID(int=n + 1), "storage", f"A-{n}", each) for n, each in enumerate(units)]
    assert sum(taken for _, taken in placing.drawn(rows, wanted)) == min(wanted, sum(units))


def test_goods_go_to_their_like_else_to_the_first_empty_place_of_their_kind():
    empty = [(A, "quarantine"), (B, "storage")]
    assert placing.suggest("new", present=here(), empty=empty) == C
    assert placing.suggest("new", present=[], empty=empty) == B
    assert placing.suggest("damaged", present=[], empty=empty) == A
    assert placing.suggest("damaged", present=[], empty=[(B, "storage")]) is None
