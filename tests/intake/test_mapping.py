"""A mapping file that cannot be used names the key and says what to do."""

import pytest

from entrepot.intake import mapping
from entrepot.intake.grammar import Act
from entrepot.kernel.errors import NotFound
from intake.files import CATALOGUE, HISTORY


def problems(text: str) -> dict[str, str]:
    with pytest.raises(mapping.Unreadable) as refused:
        mapping.parse(text)
    return {each["key"]: each["problem"] for each in refused.value.values["problems"]}


def test_the_shipped_mappings_are_sound():
    olist, uci = mapping.load("olist"), mapping.load("uci")
    assert olist.products and olist.sellers and not olist.lines
    assert uci.lines and [bucket.act for bucket in uci.buckets].count(Act.SALE) == 2


def test_the_small_mappings_of_these_tests_are_sound():
    assert mapping.parse(CATALOGUE).products.fields["weight"].unit == "kg"
    assert mapping.parse(HISTORY).market.currency == "GBP"


@pytest.mark.parametrize(
    ("old", "new", "key", "words"),
    [
        ('unit = "kg"', 'unit = "stone"', "products.fields.weight.unit", "stone"),
        (', unit = "kg"', "", "products.fields.weight.unit", "needs its unit"),
        (', currency_column = "currency"', "", "products.fields.price.currency", "currency"),
        ('currency_column = "currency"', 'currency = "XYZ"', "products.fields.price.currency", "ISO 4217"),
        ('title = "name"', 'tittle = "name"', "products.fields.tittle", "did you mean title?"),
        ('code = "sku"', "", "products.fields.code", "cannot do without"),
        ('file = "goods"', 'file = "bads"', "products.file", "goods"),
        ('title = "name"', 'title = { column = "name", case = "camel" }', "products.fields.title.case", "upper"),
        ('title = "name"', 'title = { column = "name", patern = "x" }', "products.fields.title.patern", "pattern"),
        ('title = "name"', 'title = { column = "name", pattern = "(" }', "products.fields.title.pattern", "expression"),
        ('title = "name"', "title = {}", "products.fields.title", "column or constant"),
        ('title = "name"', 'title = { column = "name", constant = "x" }', "products.fields.title", "not both"),
        ('title = "name"', 'title = { column = "name", unit = "g" }', "products.fields.title.unit", "leave it out"),
        ('title = "name"', 'title = { column = "name", unlisted = "keep" }', "products.fields.title.values", "missing"),
        ('name = "shop"\n', "", "name", "missing"),
        ('goods = "goods.csv"', 'goods = { path = "goods.csv", encoding = "utf-9" }', "files.goods.encoding", "utf-9"),
    ],
)
def test_a_bad_key_of_a_catalogue_is_named(old, new, key, words):
    assert old in CATALOGUE
    found = problems(CATALOGUE.replace(old, new, 1))
    assert words in found[key]


@pytest.mark.parametrize(
    ("old", "new", "key", "words"),
    [
        ("Europe/London", "Europe/Londn", "lines.fields.at.zone", "time zone"),
        ("%d/%m/%Y", "day", "lines.fields.at.format", "date format"),
        ('act = "sale"', 'act = "sail"', "buckets[0].act", "did you mean sale?"),
        ('act = "sale"', 'act = "listed"', "buckets", "act sale"),
        ('act = "sale"', 'act = "sale"\nwhen = { quantty = "1" }', "buckets[0].when.quantty", "quantity"),
        ('act = "sale"', 'act = "cancellation"', "buckets[0].apart", "missing"),
        ('act = "sale"', 'act = "stock"\nsign = 0', "buckets[0].sign", "+1 or -1"),
        ("rate = 0.2,", "rate = 20,", "market.tax[1].rate", "2000 %"),
        ("[assumed]", "[asumed]", "asumed", "did you mean assumed?"),
        ("supply_share = 0.6", "supply_share = 1.6", "assumed.supply_share", "160 %"),
    ],
)
def test_a_bad_key_of_a_history_is_named(old, new, key, words):
    assert old in HISTORY
    assert words in problems(HISTORY.replace(old, new, 1))[key]


def test_every_problem_is_told_at_once():
    text = CATALOGUE.replace('unit = "kg"', 'unit = "stone"').replace('file = "goods"', 'file = "bads"')
    assert set(problems(text)) == {"products.fields.weight.unit", "products.file"}


def test_what_is_no_toml_or_no_file_is_refused(tmp_path):
    assert "TOML" in problems("name = ")["document"]
    with pytest.raises(NotFound):
        mapping.load(str(tmp_path / "none.toml"))
    (tmp_path / "latin.toml").write_bytes(b'name = "caf\xe9"')
    with pytest.raises(mapping.Unreadable):
        mapping.load(str(tmp_path / "latin.toml"))
