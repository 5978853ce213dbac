"""CSV that a spreadsheet opens without running anything."""

import csv
import io
from decimal import Decimal

import pytest

from entrepot.kernel.sheets import Unreadable, cell, read_csv, write_csv


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('=HYPERLINK("http://x","y")', '\'=HYPERLINK("http://x","y")'),
        ("+49 30 1234", "'+49 30 1234"),
        ("-2+3+cmd|' /C calc'!A0", "'-2+3+cmd|' /C calc'!A0"),
        ("@SUM(1)", "'@SUM(1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("-12.50", "-12.50"),
        ("-inf", "'-inf"),
        (-5, "-5"),
        (Decimal("-5.10"), "-5.10"),
        ("Müller & Söhne", "Müller & Söhne"),
        (None, ""),
    ],
)
def test_a_cell_is_text_or_a_number_and_never_a_formula(value: object, expected: str) -> None:
    assert cell(value) == expected


def test_a_file_reads_back_as_it_was_written() -> None:
    content = write_csv(["name", "amount"], [['a "quoted", name\nin two lines', 5], ["=1+1", -7]])
    rows = list(csv.reader(io.StringIO(content.decode(), newline="")))
    assert rows == [["name", "amount"], ['a "quoted", name\nin two lines', "5"], ["'=1+1", "-7"]]


READERS = {"code": str, "units": int}


@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_a_pasted_table_is_read_by_its_columns(sign):
    text = "\ufeff" + "\r\n".join(sign.join(row) for row in [("Units", "Code"), ("3", "a"), ("", ""), ("4", "b")])
    assert read_csv(text, READERS) == [{"code": "a", "units": 3}, {"code": "b", "units": 4}]


@pytest.mark.parametrize(
    ("text", "row", "column"),
    [
        ("code,units\na,3\nb,many", 3, "units"),
        ("code,units,colour\na,3,red", 1, "colour"),
        ("a,3", 1, "a"),
        ("code\na", 2, "units"),
        ("", 1, "–"),
    ],
)
def test_what_cannot_be_read_is_named_by_row_and_column(text, row, column):
    with pytest.raises(Unreadable) as refused:
        read_csv(text, READERS)
    assert (refused.value.values["row"], refused.value.values["column"]) == (row, column)
    assert refused.value.field == "sheet"
