"""Uploads: what was tried is what is done, once; bad rows come back and go in clean once they are mended."""

from datetime import timedelta

import pytest

from entrepot.domain.catalogue.models import Offer, Product, Sku
from entrepot.domain.inventory.models import Movement, Stock
from entrepot.domain.logistics.models import Node
from entrepot.domain.pricing import queries as prices
from entrepot.domain.pricing.models import RetailPrice
from entrepot.domain.uploads.models import Upload
from entrepot.intake import uploads
from entrepot.kernel import media
from entrepot.kernel.errors import Denied, NotFound
from worlds import World

CATALOGUE = (
    "product;title;category;sku;option_1_name;option_1;weight_g;length_mm;width_mm;height_mm;hs_code;origin;market;retail_price\n"
    "MUG;Stoneware mug;mugs;MUG-B;Colour;Blue;420;120;90;100;691200;CN;DE;19,90\n"
    "MUG;;;MUG-R;Colour;Red;420;120;90;100;691200;CN;DE;18,50\n"
)


@pytest.fixture
def world(database) -> World:
    return World()


@pytest.fixture
def brand(world):
    world.category("mugs")
    return world.seller("brand", programme="self-managed")


def bring(world, seller, sheet, content, **options):
    actor = options.pop("actor", None) or world.seller_actor(seller)
    return actor, uploads.bring(
        actor=actor, organisation_id=seller.pk, sheet=sheet, content=content, name="file.csv", now=world.now, **options
    )


def carry(world, actor, upload, **options):
    return uploads.carry_out(upload_id=upload.id, actor=actor, now=world.now, **options)


def run(world, seller, sheet, content):
    actor, upload = bring(world, seller, sheet, content)
    return carry(world, actor, upload)


def counts(kept):
    return {state: number for state, number in kept["counts"].items() if number}


def test_a_catalogue_comes_on_sale_from_one_file(world, brand):
    actor, upload = bring(world, brand, "catalogue", CATALOGUE)
    assert counts(upload.planned) == {"created": 2}
    assert not Product.objects.exists(), "trying keeps nothing"

    done = carry(world, actor, upload)
    assert (done.state, counts(done.done)) == ("done", {"created": 2})
    product = Product.objects.get()
    assert (product.code, product.status, product.axes) == ("MUG", "active", ["Colour"])
    assert {sku.code: sku.options for sku in Sku.objects.all()} == {
        "MUG-B": {"Colour": "Blue"},
        "MUG-R": {"Colour": "Red"},
    }
    assert sorted(RetailPrice.objects.values_list("amount_minor", flat=True)) == [1850, 1990]

    again = run(world, brand, "catalogue", CATALOGUE)
    assert counts(again.done) == {"same": 2}
    world.pass_time(hours=1)
    changed = run(world, brand, "catalogue", "sku;market;retail_price;weight_g\nMUG-B;DE;17,00;430\n")
    assert counts(changed.done) == {"changed": 1}
    assert changed.done["samples"]["changed"][0][2] == [
        ["weight_g", "420", "430"],
        ["retail_price", "19.90 EUR", "17.00 EUR"],
    ]
    assert Sku.objects.get(code="MUG-B").hs_code == "691200", "an empty cell leaves what is there"


def test_confirming_twice_does_nothing_twice(world, brand):
    node(world, brand)
    run(world, brand, "catalogue", CATALOGUE)
    actor, upload = bring(world, brand, "stock", "sku,add\nMUG-B,5\n")
    for _ in range(3):
        carry(world, actor, upload)
    assert Stock.objects.get().on_hand == 5
    assert Movement.objects.count() == 1


def test_an_upload_goes_on_where_it_was_left(world, brand, monkeypatch):
    from entrepot.intake import sheets

    node(world, brand)
    run(world, brand, "catalogue", CATALOGUE)
    monkeypatch.setattr(sheets.read, "__kwdefaults__", {"size": 1, "start": 0})
    actor, upload = bring(world, brand, "stock", "sku,add\nMUG-B,5\nMUG-R,7\n")
    halfway = carry(world, actor, upload, budget=-1)
    assert (halfway.state, halfway.rows_done) == ("running", 1)
    world.pass_time(minutes=5)
    assert uploads.carry_on_halted(now=world.now) == 1
    assert Upload.objects.get(id=upload.id).state == "done"
    assert {stock.sku.code: stock.on_hand for stock in Stock.objects.all()} == {"MUG-B": 5, "MUG-R": 7}


def test_bad_rows_come_back_and_go_in_once_mended(world, brand):
    content = CATALOGUE + "LAMP;=Lamp;lamps;LAMP-1;;;x;;;;;CN;FR;5,555\nBOWL;Bowl;mugs;BOWL-1;;;300;;;;;CN;;\n"
    actor, upload = bring(world, brand, "catalogue", content)
    assert counts(upload.planned) == {"created": 3, "refused": 1}
    done = carry(world, actor, upload)
    assert counts(done.done) == {"created": 3, "refused": 1}
    assert [(row, column) for row, column, _ in done.done["problems"]] == [(4, "weight_g")]
    assert Product.objects.get(code="BOWL").missing == ["dimensions", "hs_code"], "what is missing is a to-do"

    back = media.read(done.rejects_media).decode("utf-8-sig")
    assert back.splitlines()[0].endswith(";retail_price;problem")
    assert "'=Lamp" in back, "a spreadsheet runs nothing of it"
    mended = back.replace(";x;", ";900;").replace(";lamps;", ";mugs;").replace(";FR;", ";DE;").replace("5,555", "5,55")
    again = run(world, brand, "catalogue", mended)
    assert counts(again.done) == {"created": 1}
    assert Product.objects.filter(code="LAMP").exists()


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        ("MUG-X;DE;;5", "sku", "sheets.no_offer"),
        ("MUG-B;US;;5", "market", "sheets.not_offered_there"),
        ("MUG-B;DE;nothing;5", "programme", "sheets.not_offered_there"),
        ("MUG-B;DE;;0", "retail_price", "pricing.amount_out_of_range"),
        ("MUG-B;DE;;5,123", "retail_price", "money.too_precise"),
    ],
)
def test_a_price_that_cannot_be_names_its_column(world, brand, row, column, code):
    run(world, brand, "catalogue", CATALOGUE)
    _actor, upload = bring(
        world, brand, "prices", f"sku;market;programme;retail_price\n{row}\nMUG-R;DE;;21,00\n", decimal=","
    )
    assert counts(upload.planned) == {"changed": 1, "refused": 1}
    ((number, named, sentence),) = upload.planned["problems"]
    assert (number, named) == (2, column) and sentence


def test_prices_may_be_planned_and_come_back(world, brand):
    run(world, brand, "catalogue", CATALOGUE)
    start, stop = world.now + timedelta(days=2), world.now + timedelta(days=5)
    content = f"sku,retail_price,valid_from,valid_until\nMUG-B,9.99,{start.isoformat()},{stop.isoformat()}\n"
    assert counts(run(world, brand, "prices", content).done) == {"changed": 1}
    offer = Offer.objects.get(sku__code="MUG-B")
    at = [world.now, start, stop - timedelta(seconds=1), stop, stop + timedelta(days=400)]
    assert [prices.prices([offer.id], each)[offer.id].amount_minor for each in at] == [1990, 999, 999, 1990, 1990]


def test_stock_is_counted_or_moved(world, brand):
    node(world, brand)
    run(world, brand, "catalogue", CATALOGUE)
    run(world, brand, "stock", "node,sku,on_hand\nshop,MUG-B,12\nshop,MUG-R,0\n")
    assert Stock.objects.get().on_hand == 12
    done = run(world, brand, "stock", "sku,on_hand,add,reason\nMUG-B,9,,broken\nMUG-R,,4,\n")
    assert counts(done.done) == {"created": 1, "changed": 1}
    assert sorted(Movement.objects.values_list("kind", "quantity", "reason")) == [
        ("adjusted", -3, "broken"), ("received", 4, ""), ("received", 12, ""),
    ]  # fmt: skip
    _actor, bad = bring(
        world, brand, "stock", "node,sku,on_hand,add\nelsewhere,MUG-B,1,\n,MUG-B,1,1\n,MUG-B,,-99\n,NO,1,\n"
    )
    assert [(row, column) for row, column, _ in bad.planned["problems"]] == [
        (2, "node"), (3, "on_hand"), (4, "add"), (5, "sku"),
    ]  # fmt: skip


def test_only_the_own_rows_and_only_with_the_verb(world, brand):
    run(world, brand, "catalogue", CATALOGUE)
    other = world.seller("other", programme="self-managed")
    _actor, upload = bring(world, other, "prices", "sku,retail_price\nMUG-B,1\n")
    assert counts(upload.planned) == {"refused": 1}
    with pytest.raises(Denied):
        bring(world, brand, "prices", "sku,retail_price\nMUG-B,1\n", actor=world.seller_actor(brand, "seller.staff"))
    _actor, mine = bring(world, brand, "prices", "sku,retail_price\nMUG-B,1\n")
    with pytest.raises(NotFound):
        carry(world, world.seller_actor(other), mine)


def test_prices_that_somebody_else_decides_are_refused_or_wait(world):
    world.category("mugs")
    seller = world.seller("factory", programme="fully-managed")
    offer = world.offer(seller)
    _actor, upload = bring(world, seller, "prices", f"sku,retail_price\n{offer.sku.code},5\n")
    assert counts(upload.planned) == {"refused": 1}


def test_thousands_of_rows_come_in_by_batches(world, brand):
    node(world, brand)
    header, blue, _red = CATALOGUE.splitlines()
    rows = "\n".join(blue.replace("MUG;", f"MUG{at};").replace("MUG-B", f"MUG-{at}") for at in range(4_100))
    done = run(world, brand, "catalogue", f"{header}\n{rows}\n")
    while done.state == "running":
        done = carry(world, world.seller_actor(brand), done)
    assert counts(done.done) == {"created": 4_100}


def node(world, seller) -> Node:
    return world.node("shop", operator=seller.organisation, kind="seller_premises", country="DE")
