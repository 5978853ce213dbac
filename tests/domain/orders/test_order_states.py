"""The fold of events against what may happen, and the money of units against the money of the line."""

from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain.orders import models, rules
from entrepot.domain.orders.rules import Happening, Quantities

SUBORDER, LINE, OTHER = uuid4(), uuid4(), uuid4()
PLACED = Happening("placed")


@dataclass
class Line:
    quantity: int
    goods_net_minor: int = 0
    goods_tax_minor: int = 0
    shipping_net_minor: int = 0
    shipping_tax_minor: int = 0
    customs_duty_minor: int = 0
    discount_minor: int = 0
    is_gross: bool = True

    @property
    def list_minor(self) -> int:
        shown = self.goods_net_minor + (self.goods_tax_minor if self.is_gross else 0)
        return shown + self.discount_minor

    @property
    def total(self) -> int:
        return sum(getattr(self, part) for part in rules.PARTS)


def folded(*events: Happening, ordered: dict[UUID, tuple[UUID, int]] | None = None) -> rules.Folded:
    return rules.fold(ordered or {LINE: (SUBORDER, 3)}, [PLACED, *events])


def test_states_and_events_are_those_of_the_tables():
    assert set(rules.ORDER_NEXT) == set(models.Order.State.values)
    assert set(rules.SUBORDER_NEXT) == set(models.Suborder.State.values)
    assert set(rules.WORK_NEXT) == set(models.WorkItem.State.values)
    for table in (rules.ORDER_NEXT, rules.SUBORDER_NEXT, rules.WORK_NEXT):
        assert all(after <= set(table) for after in table.values())


@pytest.mark.parametrize(
    ("events", "suborder", "told"),
    [
        ([], "open", "placed"),
        ([("cancelled", 1)], "open", "part_cancelled"),
        ([("cancelled", 3)], "cancelled", "cancelled"),
        ([("handed_over", 1)], "open", "part_shipped"),
        ([("handed_over", 3)], "shipped", "shipped"),
        ([("cancelled", 1), ("handed_over", 2)], "shipped", "shipped"),
        ([("handed_over", 2), ("delivered", 2)], "open", "part_delivered"),
        ([("handed_over", 2), ("delivered", 2), ("cancelled", 1)], "delivered", "delivered"),
        ([("handed_over", 3), ("delivered", 1), ("lost", 2)], "delivered", "delivered"),
        ([("handed_over", 3), ("lost", 3)], "lost", "lost"),
        ([("handed_over", 3), ("delivered", 3), ("return_received", 1)], "delivered", "delivered"),
        ([("handed_over", 3), ("delivered", 3), ("return_received", 3)], "delivered", "returned"),
    ],
)
def test_states_are_folds_of_events(events, suborder, told):
    found = folded(*(Happening(kind, LINE, units) for kind, units in events))
    assert (found.suborders[SUBORDER], found.told) == (suborder, told)


@pytest.mark.parametrize(
    "events",
    [
        [("handed_over", 4)],
        [("cancelled", 2), ("handed_over", 2)],
        [("handed_over", 2), ("cancelled", 2)],
        [("delivered", 1)],
        [("handed_over", 2), ("lost", 1), ("delivered", 2)],
        [("handed_over", 3), ("delivered", 2), ("return_received", 3)],
        [("handed_over", 0)],
        [("handed_over", -1)],
    ],
)
def test_no_unit_moves_twice_or_from_nowhere(events):
    with pytest.raises(rules.BeyondQuantity):
        folded(*(Happening(kind, LINE, units) for kind, units in events))


@pytest.mark.parametrize("events", [["placed", "placed"], ["declined", "placed"], ["declined", "handed_over"]])
def test_an_order_is_placed_once_and_a_declined_one_goes_nowhere(events):
    with pytest.raises(rules.ForbiddenTransition):
        rules.fold({LINE: (SUBORDER, 1)}, [Happening(kind, LINE, 1) for kind in events])


def test_an_order_is_the_sum_of_its_suborders():
    found = folded(Happening("handed_over", LINE, 3), ordered={LINE: (SUBORDER, 3), OTHER: (uuid4(), 1)})
    assert found.told == "part_shipped"
    assert sorted(found.suborders.values()) == ["open", "shipped"]


amounts = st.integers(0, 10_000_000)


@given(st.data(), st.integers(1, 40), st.lists(amounts, min_size=5, max_size=5), st.booleans())
def test_shares_of_shipped_and_cancelled_units_sum_to_the_line_in_any_order(data, quantity, parts, is_gross):
    line = Line(quantity, *parts, is_gross=is_gross)
    units, taken = Quantities(quantity), 0
    while units.to_ship:
        step = data.draw(st.integers(1, units.to_ship))
        if data.draw(st.booleans()):
            taken += rules.share_minor(line, units.shipped, step)
            units = units.after(rules.EventKind.HANDED_OVER, step)
        else:
            taken += rules.share_minor(line, rules.cancelled_first(quantity, units.cancelled, step), step)
            units = units.after(rules.EventKind.CANCELLED, step)
    assert taken == line.total


@given(st.integers(1, 5000), st.integers(2, 40), st.data())
def test_units_of_one_displayed_price_give_back_that_price_each(unit, quantity, data):
    """With the tax in the price or beside it: what was displayed for a unit is its share, to the minor unit."""
    tax = data.draw(st.integers(0, unit * quantity))
    place = data.draw(st.integers(0, quantity - 1))
    inside = rules.share(Line(quantity, unit * quantity - tax, tax), place, 1)
    assert inside["goods_net_minor"] + inside["goods_tax_minor"] == unit
    beside = rules.share(Line(quantity, unit * quantity, tax, is_gross=False), place, 1)
    assert tax == 0 or beside["goods_net_minor"] == unit


def test_the_share_of_units_is_the_sum_of_its_parts():
    line = Line(2, goods_net_minor=1, goods_tax_minor=1, shipping_net_minor=1)
    shares = [rules.share(line, 0, 1), rules.share(line, 1, 1)]
    assert [sum(share.values()) for share in shares] == [rules.share_minor(line, 0, 1), rules.share_minor(line, 1, 1)]
    assert {part: shares[0][part] + shares[1][part] for part in rules.PARTS} == {
        part: getattr(line, part) for part in rules.PARTS
    }


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 5)), max_size=6), st.data())
def test_places_are_taken_once_and_from_the_front(spans, data):
    stretches, places = [], set()
    for start, length in spans:
        stretch = range(start + 100 * len(stretches), start + 100 * len(stretches) + length)
        stretches.append(stretch)
        places |= set(stretch)
    units = data.draw(st.integers(0, len(places)))
    taken = rules.take(stretches, units)
    left = rules.without(stretches, taken)
    chosen = {place for stretch in taken for place in stretch}
    assert chosen == set(sorted(places)[:units])
    assert {place for stretch in left for place in stretch} == places - chosen
    with pytest.raises(ValueError, match="more places"):
        rules.take(left, len(places) - units + 1)
