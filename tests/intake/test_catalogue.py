"""A catalogue comes in once, whatever is wrong with some of its rows."""

import csv
from collections import Counter
from datetime import UTC, datetime

import pytest

from entrepot.domain.accounts import services as accounts
from entrepot.domain.accounts.models import Organisation
from entrepot.domain.catalogue.models import Category, Product, ProductText, Sku, SkuComponent
from entrepot.domain.sellers.models import Seller
from entrepot.intake import catalogue, mapping
from entrepot.intake.rejects import Rejects
from entrepot.kernel.errors import Invalid, NotFound
from intake.files import CATALOGUE, lines, real, write

pytestmark = pytest.mark.usefixtures("database")

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
HEAD = "sku,name,weight,price,currency"

FULL = """
name = "full"
title = "Sellers and their goods"
language = "de"
[files]
sellers = "sellers.csv"
goods = "goods.tsv"
[sellers]
file = "sellers"
[sellers.fields]
code = "id"
name = "firm"
country = { constant = "CN" }
settlement_currency = "pays_in"
"profile.city" = "city"
[products]
file = "goods"
[products.fields]
code = "style"
sku = "article"
title = "text"
category = "group"
category_name = "group"
weight = { column = "lb", unit = "lb" }
length = { column = "l", unit = "in" }
width = { column = "w", unit = "in" }
height = { column = "h", unit = "in" }
hs_code = "hs"
origin_country = { column = "made", values = { China = "CN" }, unlisted = "refuse" }
battery = { column = "battery", default = "no" }
seller = "shop"
"option.size" = "size"
"""
GOODS = "shop,style,article,text,group,lb,l,w,h,hs,made,battery,size".replace(",", "\t")


@pytest.fixture(autouse=True)
def operator(database):
    return accounts.create_organisation(kind="operator", code="entrepot", name="Entrepôt", country="DE", now=NOW)


def run(path, text=CATALOGUE, **options):
    document = mapping.parse(text)
    folder = path if path.is_dir() else path.parent
    with Rejects.beside(path, folder / "rejects.csv", "x", catalogue.wanted(document)) as rejects:
        return catalogue.run(document, path, rejects, now=NOW, **options), rejects


def counts(outcome):
    return outcome.created, outcome.changed, outcome.same, outcome.rejected


def test_rows_become_drafts_that_say_what_they_lack(tmp_path, operator):
    write(tmp_path / "goods.csv", lines(HEAD, "a,Lamp,1.2,9.99,EUR", "b,,,,"))
    report, _ = run(tmp_path)
    assert counts(report.tables["products"]) == (2, 0, 0, 0)
    lamp, blank = Product.objects.order_by("code")
    assert (lamp.status, lamp.organisation_id, lamp.source) == ("draft", operator.pk, "shop")
    assert lamp.missing == ["category", "dimensions", "hs_code", "origin"]
    assert blank.missing == ["title", "category", "weight", "dimensions", "hs_code", "origin"]
    assert report.lacking == {"title": 1, "weight": 1, "category": 2, "dimensions": 2, "hs_code": 2, "origin": 2}
    assert Sku.objects.get(code="a").weight_g == 1200
    assert SkuComponent.objects.count() == 2


def test_a_second_run_changes_nothing(tmp_path):
    write(tmp_path / "goods.csv", lines(HEAD, *(f"g{n},Lamp {n},1,9.99,EUR" for n in range(50))))
    run(tmp_path)
    before = list(Product.objects.order_by("id").values()), list(Sku.objects.order_by("id").values())
    report, _ = run(tmp_path)
    assert counts(report.tables["products"]) == (0, 0, 50, 0)
    assert before == (list(Product.objects.order_by("id").values()), list(Sku.objects.order_by("id").values()))


def test_a_changed_row_changes_its_product_alone(tmp_path):
    write(tmp_path / "goods.csv", lines(HEAD, "a,Lamp,1,,", "b,Cup,1,,"))
    run(tmp_path)
    write(tmp_path / "goods.csv", lines(HEAD, "a,Lamp,2,,", "b,Cup,1,,"))
    assert counts(run(tmp_path)[0].tables["products"]) == (0, 1, 1, 0)
    assert Sku.objects.get(code="a").weight_g == 2000


def test_a_dry_run_counts_and_keeps_nothing(tmp_path):
    write(tmp_path / "goods.csv", lines(HEAD, "a,Lamp,1,,", "b,Cup,-1,,"))
    report, _ = run(tmp_path, dry_run=True)
    assert counts(report.tables["products"]) == (1, 0, 0, 1)
    assert not Product.objects.exists() and not Category.objects.exists()


def test_ten_thousand_good_rows_around_one_bad_and_the_mended_rejects_import_clean(tmp_path):
    rows = [f"g{n},Lamp {n},1,1,EUR" for n in range(10_000)]
    write(tmp_path / "goods.csv", lines(HEAD, *rows[:5_000], "bad,Heavy,-3,1,EUR", *rows[5_000:]))
    report, rejects = run(tmp_path)
    assert counts(report.tables["products"]) == (10_000, 0, 0, 1)
    (row,) = csv.DictReader(rejects.path.open())
    assert row["problem"] == "weight: A measure of -3 must be above zero. (column weight)"
    mended = write(tmp_path / "mended.csv", rejects.path.read_text().replace(",-3,", ",3,"))
    report, rejects = run(mended)
    assert counts(report.tables["products"]) == (1, 0, 0, 0)
    assert rejects.count == 0
    assert Sku.objects.get(code="bad").weight_g == 3000
    assert Product.objects.count() == 10_001


def test_what_a_service_refuses_costs_its_own_row_only(tmp_path):
    """The mapping cannot know that an HS code of four digits is too short for a product; the catalogue does."""
    text = CATALOGUE + 'hs_code = "price"\n'
    text = text.replace('price = { column = "price", currency_column = "currency" }\n', "")
    rows = [f"g{n},Lamp {n},1,940510,EUR" for n in range(40)]
    write(tmp_path / "goods.csv", lines(HEAD, *rows[:20], "bad,Lamp,1,9405,EUR", *rows[20:]))
    report, rejects = run(tmp_path, text)
    assert counts(report.tables["products"]) == (40, 0, 0, 1)
    assert [reject.row for reject in rejects.first] == [22]


def test_a_code_that_comes_again_is_counted_once_and_refused_with_other_values(tmp_path):
    write(tmp_path / "goods.csv", lines(HEAD, "a,Lamp,1,,", "a,Lamp,1,,", "a,Lamp,2,,"))
    report, rejects = run(tmp_path)
    outcome = report.tables["products"]
    assert (outcome.read, outcome.created, outcome.repeated, outcome.rejected) == (3, 1, 1, 1)
    assert rejects.first[0].problem == "code: a came before with other values"
    assert Sku.objects.get().weight_g == 1000


def goods(*rows):
    return lines(GOODS, *(row.replace(",", "\t") for row in rows))


def sellers(tmp_path, *rows):
    write(tmp_path / "sellers.csv", lines("id,firm,pays_in,city", *rows))


def test_sellers_become_applicants_with_products_of_their_own(tmp_path, operator):
    sellers(tmp_path, "s1,Firm One,CNY,Yiwu", "s2,,USD,")
    write(
        tmp_path / "goods.tsv",
        goods(
            "s1,T1,T1-S,Hemd,Für Sie,1,10,5,2,610910,China,,S",
            "s1,T1,T1-L,Hemd,Für Sie,1.5,10,5,2,610910,China,,L",
            ",R1,R1,Radio,Technik,2,1,1,1,8527.13,China,yes,",
        ),
    )
    report, _ = run(tmp_path, FULL)
    assert counts(report.tables["sellers"]) == (2, 0, 0, 0)
    assert counts(report.tables["products"]) == (2, 0, 0, 0)
    one, two = Seller.objects.select_related("organisation").order_by("organisation__code")
    assert (one.status, one.settlement_currency, one.organisation.name) == ("applicant", "CNY", "Firm One")
    assert one.profile == {"city": "Yiwu"}
    assert two.organisation.name == "s2"
    shirt = Product.objects.get(code="T1")
    assert (shirt.organisation_id, shirt.axes, shirt.missing) == (one.pk, ["size"], [])
    assert [(sku.code, sku.options, sku.weight_g) for sku in Sku.objects.filter(product=shirt).order_by("code")] == [
        ("T1-L", {"size": "L"}, 680),
        ("T1-S", {"size": "S"}, 454),
    ]
    radio = Sku.objects.get(code="R1")
    assert (radio.has_battery, radio.hs_code, radio.length_mm) == (True, "852713", 25)
    assert radio.organisation_id == operator.pk
    assert ProductText.objects.get(product=shirt).language == "de"
    category = Category.objects.get(code="fur-sie")
    assert category.names == {"de": "Für Sie"}


def test_rows_of_sellers_that_there_are_not_or_that_are_no_sellers(tmp_path):
    sellers(tmp_path, "entrepot,Me,USD,", "s1,One,XXX,", "s2,Two,USD,")
    write(tmp_path / "goods.tsv", goods("s9,T,T,Hemd,G,1,1,1,1,,China,,", "s2,U,U,Hemd,G,1,1,1,1,,Mars,,"))
    report, rejects = run(tmp_path, FULL)
    assert counts(report.tables["sellers"]) == (1, 0, 0, 2)
    assert [(reject.table, reject.problem.split(":")[0]) for reject in rejects.first] == [
        ("sellers", "settlement_currency"),
        ("sellers", "code"),
        ("products", "origin_country"),
        ("products", "seller"),
    ]
    assert Organisation.objects.get(code="entrepot").kind == "operator"


def test_the_rejects_of_two_tables_stand_in_one_file_and_import_clean(tmp_path):
    sellers(tmp_path, "s1,One,XXX,")
    write(tmp_path / "goods.tsv", goods("s1,T,T,Hemd,G,1,1,1,1,,China,,"))
    _, rejects = run(tmp_path, FULL)
    assert rejects.count == 2
    mended = write(tmp_path / "mended.csv", rejects.path.read_text().replace("XXX", "EUR"))
    report, rejects = run(mended, FULL)
    assert rejects.count == 0
    assert (report.tables["sellers"].created, report.tables["products"].created) == (1, 1)


def test_an_admitted_seller_keeps_what_was_agreed(tmp_path):
    sellers(tmp_path, "s1,One,USD,Yiwu")
    write(tmp_path / "goods.tsv", goods())
    run(tmp_path, FULL)
    Seller.objects.update(status="active", admitted_at=NOW)
    sellers(tmp_path, "s1,Other,EUR,Ningbo")
    assert counts(run(tmp_path, FULL)[0].tables["sellers"]) == (0, 0, 1, 0)
    assert Seller.objects.get().settlement_currency == "USD"
    Seller.objects.update(status="applicant", admitted_at=None)
    assert counts(run(tmp_path, FULL)[0].tables["sellers"]) == (0, 1, 0, 0)
    assert Seller.objects.get().profile == {"city": "Ningbo"}


def test_products_can_be_given_to_a_seller(tmp_path):
    sellers(tmp_path, "s1,One,USD,")
    run(tmp_path / "sellers.csv", FULL)
    write(tmp_path / "goods.csv", lines(HEAD, "a,Lamp,1,,"))
    run(tmp_path / "goods.csv", seller_code="s1")
    assert Product.objects.get().organisation_id == Seller.objects.get().pk
    with pytest.raises(NotFound):
        run(tmp_path / "goods.csv", seller_code="s9")


def test_a_history_is_no_catalogue(tmp_path):
    from intake.files import HISTORY

    with pytest.raises(Invalid) as refused:
        run(tmp_path, HISTORY)
    assert refused.value.code == "intake.not_a_catalogue"


def test_rejects_never_overwrite_what_is_read(tmp_path):
    file = write(tmp_path / "shop-rejects.csv", lines(HEAD, "a,Lamp,-1,,"))
    with pytest.raises(Invalid):
        Rejects.beside(file, file, "shop", [])


@pytest.mark.realdata
def test_the_real_catalogue_arrives_whole(operator):
    folder = real("olist_official_mit")
    document = mapping.load("olist")
    report = catalogue.run(document, folder, Rejects(None, []), now=NOW)
    assert counts(report.tables["products"]) == (32_951, 0, 0, 0)
    assert counts(report.tables["sellers"]) == (3_095, 0, 0, 0)
    assert report.lacking == {
        "title": 32_951, "hs_code": 32_951, "origin": 32_951, "category": 610, "weight": 6, "dimensions": 2,
    }  # fmt: skip
    assert Category.objects.count() == 73
    assert set(Seller.objects.values_list("status", "settlement_currency")) == {("applicant", "BRL")}
    assert Product.objects.exclude(organisation=operator).count() == 0
    with (folder / "olist_products_dataset.csv").open(encoding="utf-8-sig") as text:
        grams = {row["product_id"]: int(row["product_weight_g"] or 0) or None for row in csv.DictReader(text)}
    assert dict(Sku.objects.values_list("code", "weight_g")) == grams
    again = catalogue.run(document, folder, Rejects(None, []), now=NOW)
    assert counts(again.tables["products"]) == (0, 0, 32_951, 0)
    assert Counter(Product.objects.values_list("status", flat=True)) == {"draft": 32_951}


def test_a_later_file_fills_in_and_takes_nothing_away(tmp_path):
    write(tmp_path / "goods.csv", lines(HEAD, "a,Lamp,1,,"))
    run(tmp_path)
    Sku.objects.update(hs_code="940510", origin_country="PT", has_battery=True)
    ProductText.objects.update(description="Bright")
    write(tmp_path / "goods.csv", lines(HEAD, "a,,,,"))
    assert counts(run(tmp_path)[0].tables["products"]) == (0, 0, 1, 0)
    write(tmp_path / "goods.csv", lines(HEAD, "a,Lamp two,2,,"))
    run(tmp_path)
    sku = Sku.objects.get()
    assert (sku.weight_g, sku.hs_code, sku.origin_country, sku.has_battery) == (2000, "940510", "PT", True)
    assert ProductText.objects.values_list("title", "description").get() == ("Lamp two", "Bright")
    assert Product.objects.get().missing == ["category", "dimensions"]
