"""Every line lands in one bucket; the buckets sum to the file; cancellations find the sale that they take back."""

import csv
import gzip
from collections import Counter
from decimal import Decimal

import pytest

from entrepot.intake import history, mapping
from entrepot.intake.grammar import Act
from intake.files import HISTORY, lines, real, write

HEAD = "no,code,qty,price,day,who"
BUCKETS = """
customer = "who"

[[buckets]]
name = "postage"
act = "listed"
reason = "carriage"
when = { code = "POST" }
[[buckets]]
name = "cancellation"
act = "cancellation"
reason = "taken back"
apart = "before the file"
partly = "partly"
when = { invoice = "C.*" }
[[buckets]]
name = "stock"
act = "stock"
reason = "counted"
when = { price = { equals = 0 }, invoice_value = { equals = 0 } }
[[buckets]]
name = "sale"
act = "sale"
reason = "sold"
when = { price = { above = 0 } }
"""


def read(tmp_path, *rows, text=None):
    write(tmp_path / "lines.csv", lines(HEAD, *rows))
    old = HISTORY[HISTORY.index("[[buckets]]") : HISTORY.index("[market]")]
    document = mapping.parse(text or HISTORY.replace(old, BUCKETS))
    return history.read(document, tmp_path)


def buckets(found):
    return {line.row: line.bucket for line in found.lines}


def test_each_line_lands_in_the_first_bucket_that_takes_it(tmp_path):
    found = read(
        tmp_path,
        "1,POST,1,3.00,01/01/2011,a",
        "1,x,2,2.50,01/01/2011,a",
        "1,x,1,0,01/01/2011,a",
        "2,x,-5,0,01/01/2011,",
        "3,x,-5,-1,01/01/2011,",
    )
    assert buckets(found) == {2: "postage", 3: "sale", 4: "unclassified", 5: "stock", 6: "unclassified"}
    assert history.total(found.sums().values()).lines == 5
    assert {line.row: line.reason for line in found.listed()} == {
        2: "carriage",
        4: "no bucket of the mapping takes this line",
        6: "no bucket of the mapping takes this line",
    }


def test_a_line_that_cannot_be_read_is_counted_too(tmp_path):
    found = read(tmp_path, "1,x,1.5,1,01/01/2011,a", "1,x,1,1,31/02/2011,a", "1,x,1,1,01/01/2011,a")
    sums = found.sums()
    assert (sums["unreadable"].lines, sums["sale"].lines) == (2, 1)
    assert [reject.row for reject in found.rejects] == [2, 3]


def test_a_line_in_another_currency_than_the_market_is_not_taken(tmp_path):
    text = HISTORY.replace('currency = "GBP" }', 'currency = "GBP", currency_column = "who" }', 1)
    found = read(tmp_path, "1,x,1,1,01/01/2011,EUR", "1,x,1,1,01/01/2011,", text=text)
    assert [reject.problem for reject in found.rejects] == ["price: the currency is not the market's, GBP"]
    assert len(found.lines) == 1


def matches(found):
    return [(match.cancellation.row, match.sale.row, match.quantity) for match in found.matches]


def test_a_cancellation_takes_back_the_latest_earlier_sale(tmp_path):
    found = read(
        tmp_path,
        "1,x,5,1,01/01/2011,a",
        "2,x,5,1,02/01/2011,a",
        "3,x,5,1,03/01/2011,b",
        "C4,x,-5,1,04/01/2011,a",
        "5,x,5,1,05/01/2011,a",
    )
    assert matches(found) == [(5, 3, 5)]


def test_it_goes_on_to_the_sale_before_and_never_takes_a_unit_twice(tmp_path):
    found = read(
        tmp_path,
        "1,x,5,1,01/01/2011,a",
        "2,x,5,1,02/01/2011,a",
        "C3,x,-3,1,03/01/2011,a",
        "C4,x,-4,1,03/01/2011,a",
        "C5,x,-9,1,03/01/2011,a",
        "C6,x,-1,1,03/01/2011,a",
    )
    assert matches(found) == [(4, 3, 3), (5, 3, 2), (5, 2, 2), (6, 2, 3)]
    assert buckets(found) == {
        2: "sale",
        3: "sale",
        4: "cancellation",
        5: "cancellation",
        6: "partly",
        7: "before the file",
    }
    assert [line.reason for line in found.listed()] == [
        "6 of 9 units are of no earlier sale of this customer and code",
        "no earlier sale of this customer and code has units left",
    ]


def test_a_cancellation_of_nobody_or_before_the_sale_matches_nothing(tmp_path):
    found = read(
        tmp_path,
        "C1,x,-1,1,01/01/2011,a",
        "2,x,1,1,02/01/2011,a",
        "3,x,1,1,02/01/2011,",
        "C4,x,-1,1,03/01/2011,",
    )
    assert not found.matches
    assert Counter(buckets(found).values()) == {"before the file": 2, "sale": 2}


def test_lines_of_one_minute_keep_the_order_of_the_file(tmp_path):
    found = read(tmp_path, "1,x,1,1,01/01/2011,a", "C2,x,-1,1,01/01/2011,a")
    assert matches(found) == [(3, 2, 1)]


@pytest.mark.parametrize(
    ("value", "whole", "below"),
    [("5761931.382", 576193138, "0.002"), ("0.005", 0, "0.005"), ("-0.001", 0, "-0.001"), ("0.015", 2, "-0.005")],
)
def test_what_is_below_the_minor_unit_stands_apart(value, whole, below):
    assert history.minor(Decimal(value), "GBP") == (whole, Decimal(below))


@pytest.mark.realdata
def test_the_buckets_of_the_real_history_sum_to_the_file():
    folder = real("uci_online_retail")
    found = history.read(mapping.load("uci"), folder)
    count, units, value, guests = 0, 0, Decimal(0), 0
    for file in folder.glob("*.csv.gz"):
        with gzip.open(file, "rt", encoding="utf-8") as text:
            for row in csv.DictReader(text):
                count += 1
                units += int(row["Quantity"])
                value += int(row["Quantity"]) * Decimal(row["UnitPrice"])
                guests += not row["CustomerID"]
    sums = found.sums()
    whole = history.total(sums.values())
    assert (whole.lines, whole.units, whole.value) == (count, units, value)
    assert sums["unclassified"].lines == sums["unreadable"].lines == 0
    assert sum(not line.customer for line in found.lines) == guests
    taken = Counter()
    for match in found.matches:
        assert match.sale.at <= match.cancellation.at
        assert (match.sale.customer, match.sale.code) == (match.cancellation.customer, match.cancellation.code)
        taken[match.sale.file, match.sale.row] += match.quantity
    sold = {(line.file, line.row): line.quantity for line in found.lines if line.act is Act.SALE}
    assert all(units <= sold[key] for key, units in taken.items())
    bucketed = [line for line in found.lines if line.act is Act.CANCELLATION]
    apart = sum(int(line.reason.split()[0]) for line in bucketed if line.reason)
    assert sum(taken.values()) == -sum(line.quantity for line in bucketed) - apart


@pytest.mark.realdata
def test_nothing_of_the_real_catalogue_is_lost_or_invented():
    from entrepot.intake.tables import Source

    document, folder = mapping.load("olist"), real("olist_official_mit")
    counts, blank = {}, Counter()
    for name in ("products", "sellers"):
        for rows in Source(document, name, folder).read():
            assert not rows.rejects
            counts[name] = counts.get(name, 0) + len(rows.numbers)
            blank.update({field: column.count(None) for field, column in rows.values.items()})
    assert counts == {"products": 32_951, "sellers": 3_095}
    assert (blank["category"], blank["weight"], blank["length"]) == (610, 6, 2)
