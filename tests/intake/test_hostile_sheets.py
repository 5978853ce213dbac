"""Sheets that are made to break whoever reads them: refused before they cost anything, told as any other mistake."""

import csv
import io

import pytest

from entrepot.intake import readers, sheets, stock_sheet, uploads
from entrepot.kernel import media
from entrepot.kernel.errors import Invalid
from entrepot.kernel.sheets import Unreadable, cells_of, read_csv
from worlds import World

HEAD = "node,sku,on_hand"
LONG = sheets.LINE_MAX


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (HEAD + "," * 2 * LONG, "sheets.no_lines"),
        (HEAD + "\n" + "x" * 2 * LONG, "sheets.no_lines"),
        (HEAD + "\n" + "," * 2 * LONG + "\n", "sheets.no_lines"),
        (HEAD + '\n"' + "x\n" * (sheets.LINES_MAX + 1), "sheets.too_many_rows"),
        (HEAD + "\r" * (sheets.LINES_MAX + 1), "sheets.too_many_rows"),
        (",".join([HEAD, *(f"c{number}" for number in range(readers.COLUMNS_MAX))]), "sheets.no_columns"),
    ],
    ids=["commas in the head", "one cell", "commas in a row", "endless quote", "blank lines", "columns"],
)
def test_a_sheet_made_to_take_for_ever_is_refused_before_it_is_taken_apart(text, code):
    with pytest.raises(Invalid) as refusal:
        sheets.understand(text.encode(), stock_sheet.STOCK)
    assert (refusal.value.code, refusal.value.field) == (code, "file")


def test_rows_that_cannot_be_read_count_as_rows(database, monkeypatch):
    monkeypatch.setattr(sheets, "ROWS_MAX", 20)
    world = World()
    seller = world.seller("acme")
    bad = HEAD + "\n" + "one cell too many,,,\n" * 60
    with pytest.raises(Invalid) as refusal:
        uploads.bring(
            actor=world.seller_actor(seller), organisation_id=seller.pk, sheet="stock", content=bad.encode(),
            name="x.csv", now=world.now,
        )  # fmt: skip
    assert refusal.value.code == "sheets.too_many_rows"


def test_a_cell_of_a_pasted_table_that_is_too_long_is_told():
    for text in ("a\n" + "x" * 200_000, 'a\n"' + "x\n" * 100_000):
        with pytest.raises(Unreadable):
            cells_of(text)
        with pytest.raises(Unreadable) as refusal:
            read_csv(text, {"a": str}, field="rows")
        assert refusal.value.field == "rows"


def test_what_comes_back_to_be_mended_holds_no_formula(database):
    world = World()
    seller = world.seller("acme")
    formula = '=HYPERLINK("https://evil.example")'
    out = io.StringIO()
    csv.writer(out).writerows([["node", "sku", "on_hand", formula], ["nowhere", "@SUM(1)", "x", "-1+2"]])
    upload = uploads.bring(
        actor=world.seller_actor(seller), organisation_id=seller.pk, sheet="stock", content=out.getvalue().encode(),
        name="x.csv", now=world.now,
    )  # fmt: skip
    text = media.read(upload.rejects_media).decode("utf-8-sig")
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert f"'{formula}" in cells
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))] == []
