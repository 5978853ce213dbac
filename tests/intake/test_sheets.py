"""How sheets that people fill in are understood: encodings, delimiters, decimal signs, headers, remarks."""

import pytest

from entrepot.intake import catalogue_sheet, pricing_sheet, sheets
from entrepot.kernel.errors import Invalid

PRICES = pricing_sheet.PRICES
CATALOGUE = catalogue_sheet.CATALOGUE


def read(content, sheet=PRICES, **options):
    """The values of a sheet's rows by column, the problems, and the form that it was found in."""
    text, form = sheets.understand(content, sheet, **options)
    with sheets.on_disk(text) as path:
        batches = list(sheets.read(path, sheet, form))
    values = {name: [value for each in batches for value in each.values[name]] for name in batches[0].values}
    return values, [problem for each in batches for problem in each.problems], form


@pytest.mark.parametrize(
    ("encoding", "found"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("utf-16", "utf-16"), ("utf-16-le", "utf-16"), ("cp1252", "cp1252")],
)
def test_the_encoding_is_found_out(encoding, found):
    content = "sku;title\r\nM-1;Große Tasse für den Café-Tisch\r\n".encode(encoding)
    values, problems, form = read(content, CATALOGUE)
    assert values["title"] == ["Große Tasse für den Café-Tisch"]
    assert (problems, form.encoding, form.delimiter) == ([], found, ";")


def test_an_old_chinese_file_is_no_french_one():
    values, _problems, form = read("sku,title\nM-1,青花瓷茶杯\n".encode("gb18030"), CATALOGUE)
    assert (values["title"], form.encoding) == (["青花瓷茶杯"], "gb2312")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_names_most_columns(delimiter):
    values, problems, form = read(
        delimiter.join(["SKU", "Market", "Retail price"]) + "\nA" + delimiter + "DE" + delimiter + "5"
    )
    assert (values["sku"], values["market"], [str(each) for each in values["retail_price"]]) == (["A"], ["DE"], ["5"])
    assert (problems, form.delimiter) == ([], delimiter)


@pytest.mark.parametrize(
    ("written", "meant"),
    [("19,90", "19.90"), ("1.234,50", "1234.50"), ("19.90", "19.90"), ("1,234.50", "1234.50"), ("7", "7")],
)
def test_the_decimal_sign_is_what_the_numbers_show(written, meant):
    values, problems, _form = read(f"sku;retail_price\nA;{written}\n")
    assert ([str(each) for each in values["retail_price"]], problems) == ([meant], [])


def test_numbers_that_contradict_each_other_are_asked_about():
    both = "sku;retail_price\nA;19,90\nB;19.90\n"
    with pytest.raises(Invalid) as refused:
        read(both)
    assert (refused.value.code, refused.value.field) == ("sheets.two_decimal_signs", "decimal")
    values, _problems, _form = read(both.replace("19.90", "1.990"), decimal=",")
    assert [str(each) for each in values["retail_price"]] == ["19.90", "1990"]


def test_headers_are_known_by_name_title_and_in_any_dress():
    values, _problems, form = read("\ufeff SKU * ;Retail Price (EUR);Colour\nA;5;red\n")
    assert (values["sku"], form.unknown) == (["A"], ("Colour",))


def test_excels_own_first_line_remarks_and_blank_rows_are_passed_over_and_rows_keep_their_numbers():
    values, problems, form = read("sep=;\r\nsku;retail_price\r\n# the article;what it costs\r\n;;\r\nA;x\r\n")
    assert (form.skipped, values["sku"]) == (1, ["A"])
    assert [(each.row, each.column, each.error.code) for each in problems] == [
        (5, "retail_price", "intake.not_a_number")
    ]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", "sheets.empty"),
        ("one,two\n1,2\n", "sheets.no_columns"),
        ("market,retail_price\nDE,5\n", "sheets.column_missing"),
        ("sku,sku,retail_price\nA,B,5\n", "intake.column_twice"),
        (b"PK\x03\x04rest of a workbook", "sheets.workbook"),
    ],
)
def test_what_is_no_sheet_says_why(content, code):
    with pytest.raises(Invalid) as refused:
        read(content)
    assert refused.value.code == code
    assert sheets.said(refused.value)


def test_a_row_that_cannot_be_taken_apart_costs_itself_only():
    values, problems, _form = read("sku,retail_price\nA,5\nB,5,6,7\nC,6\n")
    assert values["sku"] == ["A", "C"]
    assert [(each.row, each.error.code) for each in problems] == [(3, "sheets.broken_row")]


def test_batches_go_on_where_they_were_left():
    text, form = sheets.understand("sku,retail_price\n" + "".join(f"A{at},5\n" for at in range(25)), PRICES)
    with sheets.on_disk(text) as path:
        whole = [each.values["sku"] for each in sheets.read(path, PRICES, form, size=10)]
        rest = [each.values["sku"] for each in sheets.read(path, PRICES, form, size=10, start=10)]
    assert [len(each) for each in whole] == [10, 10, 5]
    assert rest == whole[1:]


def test_the_bad_item_is_found_among_the_good(database):
    done = []

    def act(items):
        if 7 in items:
            raise Invalid("test.bad", "no")
        done.extend(items)

    refused = sheets.sift(list(range(20)), act)
    assert [item for item, _why in refused] == [7]
    assert sorted(done) == [each for each in range(20) if each != 7]
