"""What the flows are asked for: orders to the minor unit, cancellations on their lines, stock that suffices."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.intake import history, invoices, mapping
from intake.files import HISTORY, lines, write

HEAD = "no,code,qty,price,day,who"
BUCKETS = """
customer = "who"

[[buckets]]
name = "cancellation"
act = "cancellation"
reason = "taken back"
apart = "before the file"
partly = "partly"
when = { invoice = "C.*" }
[[buckets]]
name = "lost"
act = "stock"
reason = "lost"
when = { quantity = { below = 0 } }
[[buckets]]
name = "given"
act = "stock"
sign = -1
reason = "given away"
when = { price = { equals = 0 } }
[[buckets]]
name = "sale"
act = "sale"
reason = "sold"
"""


def tell(tmp_path, *rows, lines_max=100):
    write(tmp_path / "lines.csv", lines(HEAD, *rows))
    old = HISTORY[HISTORY.index("[[buckets]]") : HISTORY.index("[market]")]
    found = history.read(mapping.parse(HISTORY.replace(old, BUCKETS)), tmp_path)
    return invoices.tell(found, lines_max=lines_max)


@given(st.integers(1, 10_000), st.integers(0, 10_000_000))
def test_units_at_two_prices_make_up_any_total(quantity, total):
    parts = invoices.split_units(quantity, total)
    assert sum(units for units, _ in parts) == quantity
    assert sum(units * price for units, price in parts) == total
    assert len(parts) <= 2 and max(price for _, price in parts) - min(price for _, price in parts) <= 1


def test_lines_of_one_code_and_price_are_one_order_line(tmp_path):
    story = tell(tmp_path, "1,x,2,1.50,01/02/2011,a", "1,y,1,3,01/02/2011,a", "1,x,3,1.5,01/02/2011,a",
                 "1,x,1,2,01/02/2011,a")  # fmt: skip
    (invoice,) = story.invoices
    assert [(line.code, line.unit_minor, line.quantity) for line in invoice.lines] == [
        ("x", 150, 5), ("y", 300, 1), ("x", 200, 1),
    ]  # fmt: skip
    assert invoice.total_minor == 1250


def test_a_price_of_three_decimals_is_charged_to_the_minor_unit(tmp_path):
    story = tell(tmp_path, "1,x,12,0.125,01/02/2011,a", "1,y,1,0.125,01/02/2011,a", "2,z,3,0.015,01/02/2011,a")
    first, second = story.invoices
    assert [(line.code, line.unit_minor, line.quantity) for line in first.lines] == [
        ("x", 12, 6), ("x", 13, 6), ("y", 12, 1),
    ]  # fmt: skip
    assert (first.total_minor, second.total_minor) == (162, 4)
    assert story.rounding == Decimal("0.005") + Decimal("0.005")


def test_an_invoice_of_too_many_lines_becomes_several_orders(tmp_path):
    story = tell(tmp_path, *(f"1,x{n},1,1,01/02/2011,a" for n in range(5)), "1,x0,1,1,01/02/2011,a",
                 "C2,x4,-1,1,02/02/2011,a", lines_max=2)  # fmt: skip
    assert [(each.key, [line.code for line in each.lines]) for each in story.invoices] == [
        ("1", ["x0", "x1"]), ("1/2", ["x2", "x3"]), ("1/3", ["x4"]),
    ]  # fmt: skip
    assert story.invoices[0].lines[0].quantity == 2
    assert [(each.key, each.place, each.quantity) for each in story.taken_back] == [("1/3", 0, 1)]


def test_a_cancellation_takes_back_units_of_both_prices_of_a_line(tmp_path):
    story = tell(tmp_path, "1,x,3,0.333,01/02/2011,a", "C2,x,-3,0.333,02/02/2011,a")
    assert [(line.unit_minor, line.quantity) for line in story.invoices[0].lines] == [(33, 2), (34, 1)]
    assert [(each.place, each.quantity) for each in story.taken_back] == [(0, 2), (1, 1)]


def test_opening_stock_covers_all_that_leaves(tmp_path):
    story = tell(tmp_path, "1,x,3,1,01/02/2011,a", "C1,x,-3,1,01/02/2011,a", "2,x,4,1,02/02/2011,",
                 "3,x,-2,0,02/02/2011,", "4,y,5,0,02/02/2011,", "C9,z,-1,1,02/02/2011,b")  # fmt: skip
    assert story.opening == {("lines.csv", "x"): 9, ("lines.csv", "y"): 5}
    assert [(each.code, each.quantity) for each in story.changes] == [("x", -2), ("y", -5)]


def test_the_price_list_has_the_price_of_most_units_of_a_week(tmp_path):
    story = tell(tmp_path, "1,x,5,1,07/02/2011,a", "2,x,3,2,08/02/2011,a", "3,x,3,2,13/02/2011,a",
                 "4,x,1,3,14/02/2011,a", "5,x,1,4,15/02/2011,a")  # fmt: skip
    assert invoices.prices_of(story.invoices, "Europe/London") == {
        date(2011, 2, 7): {"x": 200},
        date(2011, 2, 14): {"x": 400},
    }
    assert invoices.mean_prices(story.invoices) == {"x": Decimal(2400) / 13}


@pytest.mark.parametrize("titles", [["", "A", "A", "B"], ["B", "A", "A", ""]])
def test_a_code_is_called_what_most_of_its_sales_call_it(tmp_path, titles):
    text = HISTORY.replace('code = "code"', 'code = "code"\ntitle = "who"', 1)
    write(tmp_path / "lines.csv", lines(HEAD, *(f"{n},x,1,1,01/02/2011,{title}" for n, title in enumerate(titles))))
    story = invoices.tell(history.read(mapping.parse(text), tmp_path), lines_max=10)
    assert story.titles == {"x": "A"}
