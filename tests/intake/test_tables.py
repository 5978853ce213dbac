"""Files of every form become the same values; a bad row is told with its number and leaves the others alone."""

import gzip
from datetime import UTC, datetime
from decimal import Decimal

import polars
import pytest

from entrepot.intake import mapping, readers
from entrepot.intake.grammar import FileOf
from entrepot.intake.rejects import Rejects
from entrepot.intake.tables import Source
from entrepot.kernel.errors import Invalid, NotFound
from intake.files import CATALOGUE, HISTORY, lines, write

HEAD = "sku,name,weight,price,currency"


def read(tmp_path, text=CATALOGUE, path=None, table="products"):
    source = Source(mapping.parse(text), table, path or tmp_path)
    values, rejects = {name: [] for name in source.readers}, []
    for rows in source.read(size=7):
        rejects += rows.rejects
        for name, column in rows.values.items():
            values[name] += column
    return values, rejects


def test_units_and_currencies_are_read_exactly(tmp_path):
    write(tmp_path / "goods.csv", lines(HEAD, "a,Lamp,1.234,19.99,EUR", "b,Cup,0.0001,1200,JPY", "c,Rug,,,"))
    values, rejects = read(tmp_path)
    assert values["weight"] == [1234, 1, None]
    assert values["price"] == [(1999, "EUR"), (1200, "JPY"), None]
    assert not rejects


@pytest.mark.parametrize(
    ("unit", "text", "grams"), [("lb", "2", 907), ("oz", "1", 28), ("g", "1,250", 1250), ("kg", "1e0", 1000)]
)
def test_other_units(tmp_path, unit, text, grams):
    write(tmp_path / "goods.csv", lines(HEAD, f'a,Lamp,"{text}",1,EUR'))
    assert read(tmp_path, CATALOGUE.replace('"kg"', f'"{unit}"'))[0]["weight"] == [grams]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("a,Lamp,-1,1,EUR", "weight: A measure of -1 must be above zero. (column weight)"),
        ("a,Lamp,1,1,XXX", "price: XXX is not a currency"),
        ("a,Lamp,1,1,", "price: the currency is missing."),
        ("a,Lamp,1,1.999,EUR", "price: 1.999 has more decimal places"),
        ("a,Lamp,1,-1,EUR", "price: -1 is below zero."),
        ("a,Lamp,1,NaN,EUR", "price: 'NaN' is not an amount"),
        ("a,Lamp,heavy,1,EUR", "weight: 'heavy' is not a measure"),
        ("a,Lamp,1,9999999999999999999,EUR", "price: An amount"),
        (",Lamp,1,1,EUR", "code: missing (column sku)"),
        ("a,Lamp,1", "3 columns where the header has 5"),
        ("a,Lamp,1,1,EUR,more", "6 columns where the header has 5"),
        ('a,"Lamp,1,1,EUR', "a quote is opened and not closed"),
        ('a,"Lamp" big,1,1,EUR', "a quote is opened and not closed, or closed and followed"),
        ("a,La\x00mp,1,1,EUR", "title: the text holds a NUL character."),
    ],
)
def test_one_bad_row_among_good_ones_is_told_with_its_number(tmp_path, row, words):
    good = [f"g{n},Lamp {n},1,1,EUR" for n in range(20)]
    write(tmp_path / "goods.csv", lines(HEAD, *good[:9], row, *good[9:]))
    values, rejects = read(tmp_path)
    assert values["code"] == [f"g{n}" for n in range(20)]
    assert [reject.row for reject in rejects] == [11]
    assert words in rejects[0].problem


def test_several_problems_of_a_row_are_told_together(tmp_path):
    write(tmp_path / "goods.csv", lines(HEAD, "a,Lamp,-1,x,EUR"))
    _, rejects = read(tmp_path)
    assert "weight:" in rejects[0].problem and "price:" in rejects[0].problem


def test_ten_thousand_good_rows_around_broken_characters(tmp_path):
    rows = [f"g{n},Lamp {n},1,1,EUR" for n in range(10_000)]
    text = lines(HEAD, *rows[:4_999], "bad,Caf\u00e9,1,1,EUR", *rows[4_999:])
    (tmp_path / "goods.csv").write_bytes(text.encode("latin-1"))
    values, rejects = read(tmp_path)
    assert len(values["code"]) == 10_000
    assert [(reject.row, reject.problem) for reject in rejects] == [
        (5_001, "characters that are not of the file's encoding")
    ]


def test_a_quoted_field_may_hold_lines_quotes_and_commas(tmp_path):
    write(tmp_path / "goods.csv", lines(HEAD, 'a,"Lamp, ""big""\nand red",1,1,EUR', 'b,Cup 12",1,1,EUR'))
    values, rejects = read(tmp_path)
    assert values["title"] == ['Lamp, "big"\nand red', 'Cup 12"']
    assert not rejects


def test_an_endless_quote_costs_one_row(tmp_path):
    rows = [f"g{n},Lamp {n},1,1,EUR" for n in range(20_000)]
    write(tmp_path / "goods.csv", lines(HEAD, 'bad,"Lamp,1,1,EUR', *rows))
    values, rejects = read(tmp_path)
    assert (len(values["code"]), len(rejects)) == (20_000, 1)


def test_encodings_delimiters_compression_and_parquet_give_the_same(tmp_path):
    expected = None
    for name, spec, encoding, delimiter in (
        ("goods.csv", '"goods.csv"', "utf-8-sig", ","),
        ("goods.csv", '{ path = "goods.csv", encoding = "cp1252", delimiter = ";" }', "cp1252", ";"),
        ("goods.csv", '{ path = "goods.csv", encoding = "utf-16" }', "utf-16", ","),
        ("goods.tsv.gz", '"goods.tsv.gz"', "utf-8", "\t"),
    ):
        for file in tmp_path.iterdir():
            file.unlink()
        rows = [HEAD, "a,Café,1.5,2,EUR", "b,Rug,,3,GBP"]
        write(tmp_path / name, lines(*rows).replace(",", delimiter), encoding)
        found = read(tmp_path, CATALOGUE.replace('"goods.csv"', spec))
        expected = expected or found
        assert found == expected
    frame = polars.DataFrame(
        {"sku": ["a", "b"], "name": ["Café", "Rug"], "weight": [1.5, None], "price": [2, 3], "currency": ["EUR", "GBP"]}
    )
    frame.write_parquet(tmp_path / "goods.parquet")
    assert read(tmp_path, CATALOGUE.replace("goods.csv", "goods.parquet")) == expected


def test_a_file_without_a_header_is_given_one(tmp_path):
    write(tmp_path / "goods.csv", "a,Lamp,1,1,EUR\n")
    text = CATALOGUE.replace(
        '"goods.csv"', '{ path = "goods.csv", columns = ["sku", "name", "weight", "price", "currency"] }'
    )
    assert read(tmp_path, text)[0]["code"] == ["a"]


def test_a_pattern_names_several_files(tmp_path):
    for name in ("goods-1.csv", "goods-2.csv"):
        write(tmp_path / name, lines(HEAD, f"{name},Lamp,1,1,EUR"))
    assert read(tmp_path, CATALOGUE.replace("goods.csv", "goods-*.csv"))[0]["code"] == ["goods-1.csv", "goods-2.csv"]


def test_fields_fold_pad_pick_and_replace(tmp_path):
    write(tmp_path / "goods.csv", lines("a,b,c,d", "x1 ,,7,1.234,5", ",y,n/a,0,5").replace("c,d", "c,d,e"))
    text = """
name = "shop"
title = "A shop"
files = { goods = "goods.csv" }
[products]
file = "goods"
leave_out = [{ reason = "none", when = { brand = "never" } }]
[products.fields]
code = { column = ["a", "b"], case = "upper" }
barcode = { column = "c", pad = 3, blank = ["n/a"] }
title = { column = ["a", "b", "e"], glue = " " }
brand = { column = "c", values = { 7 = "Seven" }, unlisted = "blank", default = "None" }
weight = { column = "d", unit = "g", decimal = ",", blank = ["0"] }
description = { column = "a", pattern = "x(.)" }
"""
    values, rejects = read(tmp_path, text)
    assert not rejects
    assert values == {
        "code": ["X1", "Y"],
        "barcode": ["007", None],
        "title": ["x1 5", "y 5"],
        "brand": ["Seven", "None"],
        "weight": [1234, None],
        "description": ["1", None],
    }


JOINED = """
name = "shop"
title = "A shop"
[files]
items = "items.csv"
orders = "orders.csv"
goods = "goods.csv"
[lines]
file = "items"
[lines.join.order]
file = "orders"
on = { order_id = "id" }
[lines.join.good]
file = "goods"
on = { product = "sku", shop = "shop" }
[lines.fields]
invoice = "order_id"
code = "product"
title = "good.name"
quantity = { constant = 1 }
price = { column = "price", currency = "BRL", decimal = "," }
at = { column = "order.day", format = "%d/%m/%Y", zone = "America/Sao_Paulo" }
"also.state" = "order.state"
[[lines.leave_out]]
reason = "never paid"
when = { "also.state" = "draft" }
"""


def history(text):
    return text + HISTORY[HISTORY.index("[[buckets]]") :]


def test_orders_items_and_products_are_joined(tmp_path):
    write(tmp_path / "orders.csv", lines("id,day,state", "o1,31/01/2018,paid", "o2,01/02/2018,draft"))
    write(tmp_path / "items.csv", lines("order_id,product,shop,price", 'o1,p,s,"1.234,50"', "o1,q,s,2", "o2,p,s,3"))
    write(tmp_path / "goods.csv", lines("sku,shop,name", "p,s,Lamp", "p,t,Other"))
    values, rejects = read(tmp_path, history(JOINED), table="lines")
    assert not rejects
    assert values["invoice"] == ["o1", "o1"]
    assert values["title"] == ["Lamp", None]
    assert values["price"] == [(Decimal("1234.50"), "BRL"), (Decimal(2), "BRL")]
    assert values["at"] == [datetime(2018, 1, 31, 2, tzinfo=UTC)] * 2


def test_a_joined_file_with_two_different_rows_of_a_key_is_refused(tmp_path):
    write(tmp_path / "orders.csv", lines("id,day,state", "o1,31/01/2018,paid", "o1,01/02/2018,paid"))
    write(tmp_path / "items.csv", lines("order_id,product,shop,price", "o1,p,s,2"))
    write(tmp_path / "goods.csv", lines("sku,shop,name"))
    with pytest.raises(Invalid) as refused:
        read(tmp_path, history(JOINED), table="lines")
    assert refused.value.code == "intake.join_twice" and refused.value.values["row"] == 3


def test_rejects_stand_alone_and_import_clean_once_mended(tmp_path):
    write(tmp_path / "orders.csv", lines("id,day,state", "o1,31/01/2018,paid"))
    write(tmp_path / "items.csv", lines("order_id;product;shop;price", "o1;p;s;two", "o1;q;s;2").replace(";", ","))
    write(tmp_path / "goods.csv", lines("sku,shop,name", "p,s,Lamp"))
    document = mapping.parse(history(JOINED))
    source = Source(document, "lines", tmp_path)
    file = tmp_path / "out" / "rejects.csv"
    file.parent.mkdir()
    with Rejects(file, source.wanted) as rejects:
        for rows in source.read():
            rejects.add(rows.rejects)
    assert rejects.count == 1
    assert "price: 'two' is not a number" in file.read_text()
    file.write_text(file.read_text().replace(",two", ",2"))
    values, bad = read(tmp_path, history(JOINED), path=file, table="lines")
    assert not bad
    assert (values["code"], values["title"], values["price"]) == (["p"], ["Lamp"], [(Decimal(2), "BRL")])


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("goods.csv", b"sku,name,weight,price\n", "intake.no_column"),
        ("goods.csv", b"sku,sku,name,weight,price,currency\n", "intake.column_twice"),
        ("goods.csv.gz", b"not gzip", "intake.unreadable_file"),
        ("goods.csv.gz", gzip.compress(f"{HEAD}\n{'a,b,1,1,EUR' * 5000}\n".encode())[:-30], "intake.unreadable_file"),
        ("goods.parquet", b"PAR1 and no more", "intake.unreadable_file"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path, name, content, code):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Invalid) as refused:
        read(tmp_path, CATALOGUE.replace("goods.csv", name))
    assert refused.value.code == code
    assert refused.value.values["file"] == name


def test_a_missing_column_names_the_key_and_the_nearest_name(tmp_path):
    write(tmp_path / "goods.csv", lines("sku,nmae,weight,price,currency"))
    with pytest.raises(Invalid) as refused:
        read(tmp_path, CATALOGUE.replace('"name"', '"name_"', 1))
    assert refused.value.field == "products.fields.title.column"
    assert "did you mean 'nmae'?" in str(refused.value)


def test_no_file_and_no_path(tmp_path):
    with pytest.raises(NotFound):
        read(tmp_path)
    with pytest.raises(NotFound):
        read(tmp_path, path=tmp_path / "nowhere")


def test_memory_does_not_grow_with_the_file(tmp_path):
    """A hundred thousand rows are never held at once."""
    write(tmp_path / "goods.csv", lines(HEAD, *(f"g{n},Lamp,1,1,EUR" for n in range(100_000))))
    spec = FileOf(path=("goods.csv",))
    names = readers.header(tmp_path / "goods.csv", spec)
    sizes = [len(batch.rows) for batch in readers.batches(tmp_path / "goods.csv", spec, names, names, 5_000)]
    assert sum(sizes) == 100_000 and max(sizes) == 5_000
