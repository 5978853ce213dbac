"""The first article of a factory: a short form, what is missing with a way to it, pictures, variants."""

import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from entrepot.domain.catalogue import rules
from entrepot.domain.catalogue.models import Offer, Picture, Product, Sku
from entrepot.kernel import clock
from surfaces.seller.shops import client_of
from surfaces.seller.test_acts import to, words
from worlds import World


@pytest.fixture
def world(database, monkeypatch) -> World:
    made = World()
    monkeypatch.setattr(clock, "now", lambda: made.now)
    return made


def drawn(colour: str) -> SimpleUploadedFile:
    kept = io.BytesIO()
    Image.new("RGB", (40, 40), colour).save(kept, "PNG")
    return SimpleUploadedFile(f"{colour}.png", kept.getvalue(), "image/png")


def first_article(world: World, client) -> Product:
    world.category("mugs")
    sent = {
        "title": "Tea bowl", "sku_code": "TB-1", "weight_g": "350", "pictures": [drawn("navy"), drawn("white")],
    }  # fmt: skip
    assert client.post(to("offer_new"), sent).status_code == 302
    return Product.objects.get(code="TB-1")


def test_what_is_missing_leads_straight_to_its_field(world):
    client = client_of(world, world.seller(programme="fully-managed"))
    product = first_article(world, client)
    page = client.get(to("product", product.id)).content.decode()
    for field in ("goods-category", "goods-length_mm", "goods-hs_code", "goods-origin_country"):
        assert f'href="#{field}"' in page and f'id="{field}"' in page
    assert 'href="#goods-weight_g"' not in page
    assert [each.position for each in Picture.objects.order_by("position")] == [1, 2], "several at once, in order"


def test_a_variant_is_offered_where_the_first_one_is_and_has_its_own_picture(world):
    seller = world.seller(programme="fully-managed")
    client = client_of(world, seller)
    offer = world.offer(seller)
    product = offer.sku.product
    refused = client.get(to("product", product.id)).content.decode()
    assert "give texts and pictures to the marketplace" in refused and "Add the variant" not in refused
    Offer.objects.update(status="draft")
    sent = {"axis": "colour", "first_value": "navy", "value": "white", "sku_code": "WHITE"}
    wrong = client.post(to("product_variants", product.id), sent | {"sku_code": offer.sku.code})
    assert wrong.status_code == 422 and 'value="white"' in wrong.content.decode()
    same = client.post(to("product_variants", product.id), sent | {"value": "navy"})
    assert same.status_code == 422
    assert client.post(to("product_variants", product.id), sent).status_code == 302
    assert {sku.code: sku.options for sku in Sku.objects.filter(product=product)} == {
        offer.sku.code: {"colour": "navy"}, "WHITE": {"colour": "white"},
    }  # fmt: skip
    drafted = Offer.objects.get(sku__code="WHITE")
    assert (drafted.status, drafted.programme_code, drafted.market_id) == ("draft", "fully-managed", offer.market_id)


def test_pictures_are_put_in_order_told_and_shown_with_their_colour(world):
    seller = world.seller(programme="self-managed")
    client = client_of(world, seller)
    offer = world.offer(seller)
    product = offer.sku.product
    client.post(
        to("product_variants", product.id),
        {"axis": "colour", "first_value": "navy", "value": "white", "sku_code": "WHITE"},
    )
    sent = {"pictures": [drawn("navy"), drawn("red")]}
    assert client.post(to("product_pictures", product.id), sent).status_code == 302
    assert (
        client.post(
            to("product_pictures", product.id), {"pictures": drawn("white"), "shows": "colour=white"}
        ).status_code
        == 302
    )
    a, b, c = Picture.objects.order_by("position")
    assert c.options == {"colour": "white"}
    page = client.get(to("product", product.id)).content.decode()
    form = {f"alt-{each.id}": f"bowl {name}" for each, name in ((a, "navy"), (c, "white"))}
    form |= {f"place-{a.id}": "2", f"place-{c.id}": "1", f"place-{b.id}": "3", f"alt-{b.id}": ""}
    form |= {
        f"shows-{a.id}": "colour=navy",
        f"shows-{c.id}": "colour=white",
        f"shows-{b.id}": "",
        f"remove-{b.id}": "on",
    }
    assert all(f'name="{name}"' in page for name in form)
    bad = client.post(to("product_picture_order", product.id), form | {f"shows-{a.id}": "colour=pink"})
    assert bad.status_code == 422 and "bowl navy" in bad.content.decode()
    assert client.post(to("product_picture_order", product.id), form).status_code == 302
    assert [(each.id, each.alt["en"]) for each in Picture.objects.order_by("position")] == [
        (c.id, "bowl white"), (a.id, "bowl navy"),
    ]  # fmt: skip
    for sku, picture in ((offer.sku, a), (Sku.objects.get(code="WHITE"), c)):
        shown = client.get(f"/products/{product.id}?sku={sku.id.hex}").content.decode()
        assert re.search(r'<img class="picture" src="/media/([^"]+)"', shown)[1] == picture.media


def test_which_picture_stands_first_for_an_option():
    shown = [{}, {"colour": "navy"}, {"colour": "navy", "size": "L"}, {"colour": "red"}]
    assert rules.picture_of(shown, {"colour": "navy", "size": "S"}) == 1
    assert rules.picture_of(shown, {"colour": "navy", "size": "L"}) == 2
    assert rules.picture_of(shown, {"colour": "green"}) == 0
    assert rules.picture_of([{"colour": "red"}], {"colour": "green"}) == 0
    assert rules.picture_of([], {}) == 0


def test_a_picture_that_is_none_is_refused_and_nothing_is_kept(world):
    seller = world.seller(programme="self-managed")
    client = client_of(world, seller)
    product = world.offer(seller).sku.product
    files = [drawn("navy"), SimpleUploadedFile("a.png", b"nothing", "image/png")]
    answer = client.post(to("product_pictures", product.id), {"pictures": files})
    assert answer.status_code == 422 and "Send a JPEG, PNG or WebP picture" in answer.content.decode()
    assert not Picture.objects.exists(), "all or none"
    assert "None yet" in words(client, to("product", product.id))


def test_chosen_drafts_go_on_sale_together_and_the_rest_says_why(world):
    seller = world.seller(programme="self-managed")
    client = client_of(world, seller)
    ready, bare = world.offer(seller), world.offer(seller)
    foreign = world.offer(world.seller(programme="self-managed"))
    Offer.objects.update(status="draft")
    Product.objects.filter(id=bare.sku.product_id).update(status="draft", missing=["hs_code"])
    page = client.get(to("offers")).content.decode()
    assert f'value="{ready.id.hex}"' in page and f'value="{bare.id.hex}"' in page
    assert client.post(to("offers_sale"), {}).status_code == 422
    assert client.post(to("offers_sale"), {"offer": [foreign.id.hex]}).status_code == 422
    sent = {"offer": [ready.id.hex, bare.id.hex], "idempotency_key": "k"}
    for _again in range(2):
        assert client.post(to("offers_sale"), sent).status_code == 302
    assert {each.id: each.status for each in Offer.objects.exclude(id=foreign.id)} == {
        ready.id: "live", bare.id: "draft",
    }  # fmt: skip
    assert f"Not yet: {bare.sku.code}" in words(client, to("offers"))
