"""What shoppers find: by category, by words, and on the page of a product."""

import pytest

from entrepot.domain.catalogue import services as catalogue
from entrepot.domain.catalogue.models import Offer, Product, Sku
from entrepot.domain.catalogue.rules import ProductDraft, SkuDraft
from surfaces.shop.conftest import Shopper
from worlds import World

LOCAL = "semi-managed-local-stock"


def page_of(offer: Offer) -> str:
    return f"/products/{offer.sku.product_id}"


def test_the_front_page_shows_what_the_market_sells(world, guest):
    here = world.offer(world.seller(), title="Blue kettle", price="19.99")
    world.offer(world.seller(market="US"), title="Red kettle")
    page = guest.get("/")
    assert "Blue kettle" in page.text
    assert "€19.99" in page.text
    assert "Red kettle" not in page.text
    assert page_of(here) in page.source
    assert "Red kettle" in Shopper(world, market="US").get("/").text


def test_an_empty_shop_is_calm(world, guest):
    assert "The shelves are still empty" in guest.get("/").text


def test_a_shop_without_a_market_says_so(database):
    assert Shopper(World()).get("/").status == 503


@pytest.mark.parametrize("path", ["/categories/none", "/nowhere", "/products/019cadc6-9a80-7086-8f03-2ec3208f15cd"])
def test_what_is_not_there_is_not_found(guest, path):
    assert guest.get(path).status == 404


def test_a_category_is_narrowed_by_price_and_stock(world, guest):
    seller = world.seller()
    world.offer(seller, title="Cheap mug", price="5.00")
    world.offer(seller, title="Fine mug", price="25.00")
    world.offer(seller, title="Gone mug", price="15.00", stock=0)
    every = guest.get("/categories/mugs").text
    assert all(title in every for title in ("Cheap mug", "Fine mug", "Gone mug"))
    assert "Sold out" in every
    assert titles(guest, price_until="20,00") == {"Cheap mug", "Gone mug"}
    assert titles(guest, price_from="5.01") == {"Fine mug", "Gone mug"}
    assert titles(guest, in_stock="on") == {"Cheap mug", "Fine mug"}
    assert titles(guest, price_from="10", price_until="20", in_stock="on") == set()
    assert "Nothing fits" in guest.get("/categories/mugs", price_from="100").text


def test_a_list_is_sorted_by_price_with_delivery_and_by_arrival(world, guest):
    local, abroad = world.seller("local", programme=LOCAL), world.seller("abroad", programme="fully-managed")
    world.offer(local, title="Cheap mug", price="5.00")
    world.offer(local, title="Fine mug", price="25.00")
    world.offer(abroad, title="Gone mug", price="15.00")
    for path in ("/categories/mugs", "/search?q=mug"):
        assert order_of(guest, path, sort="cheapest") == ["Cheap mug", "Gone mug", "Fine mug"]
        assert order_of(guest, path, sort="dearest") == ["Fine mug", "Gone mug", "Cheap mug"]
        assert order_of(guest, path, sort="soonest")[-1] == "Gone mug"
        assert set(order_of(guest, path, local="on")) == {"Cheap mug", "Fine mug"}
        assert set(order_of(guest, path, days="5")) == {"Cheap mug", "Fine mug"}
        assert set(order_of(guest, path, days="21")) == {"Cheap mug", "Fine mug", "Gone mug"}
        assert len(order_of(guest, path, sort="'; --", days="x")) == 3
    for path in ("/categories/mugs", "/search"):
        assert guest.get(path, q="mug", sort="cheapest", cursor="at-x").status == 404
        assert guest.get(path, q="mug", cursor="at-24").status in (404, 422)
        assert "Back to the first page" in guest.get(path, q="mug", sort="cheapest", cursor="at-24").text


def order_of(shopper, path, **query) -> list[str]:
    from urllib.parse import parse_qsl, urlsplit

    split = urlsplit(path)
    text = shopper.get(split.path, **dict(parse_qsl(split.query)) | query).text
    found = [title for title in ("Cheap mug", "Fine mug", "Gone mug") if title in text]
    return sorted(found, key=text.index)


def test_kinds_are_counted_and_nothing_found_leads_on(world, guest):
    world.offer(world.seller(), title="Red mug", category="mugs")
    world.offer(world.seller(), title="Red top", category="toys")
    world.offer(world.seller(), title="Red hat", category="toys", stock=0)
    page = guest.get("/search", q="red")
    assert "3 products" in page.text and "(2)" in page.text and "All (3)" in page.text
    narrowed = guest.get("/search", q="red", price_from="900")
    assert "3 products have these words" in narrowed.text
    nothing = guest.get("/search", q="qqqq")
    assert "Nothing was found" in nothing.text and "New in the shop" in nothing.text and "Red mug" in nothing.text
    assert "/categories/toys" in nothing.source


def titles(shopper, **query) -> set[str]:
    text = shopper.get("/categories/mugs", **query).text
    return {title for title in ("Cheap mug", "Fine mug", "Gone mug") if title in text}


@pytest.mark.parametrize("typed", ["cheap", "-1", "1.234", "1e99", "\0", "ⅷ"])
def test_a_price_that_is_none_is_named_and_narrows_nothing(world, guest, typed):
    world.offer(world.seller(), title="Cheap mug")
    page = guest.get("/categories/mugs", price_from=typed)
    assert page.status == 200
    assert "Cheap mug" in page.text
    assert 'aria-invalid="true"' in page.source


@pytest.mark.parametrize("way", ["/categories/mugs", "/search?q=mug"])
def test_pages_show_everything_once(world, guest, way):
    seller = world.seller()
    ids = {str(world.offer(seller, title=f"Mug {number}", stock=1).sku.product_id) for number in range(30)}
    seen, path, pages = [], way, 0
    while path:
        page = guest.get(path)
        seen += [link.rsplit("/")[-1] for link in page.links('/products/[^"]+')]
        later = page.links(r"\?[^\"]*cursor=[^\"]+")
        path, pages = (way.partition("?")[0] + later[0] if later else ""), pages + 1
    assert pages == 2
    assert sorted(seen) == sorted(ids)


@pytest.mark.parametrize(
    "path",
    [
        "/categories/mugs?cursor=x",
        "/search?q=mug&cursor=words.x.y",
        f"/search?q=mug&cursor=words.{'9' * 40}.{'0' * 32}",
    ],
)
def test_a_page_that_cannot_be_continued_is_refused(world, guest, path):
    world.offer(world.seller())
    assert guest.get(path).status in {404, 422}


def test_a_slip_of_the_finger_does_no_harm(world, guest):
    world.offer(world.seller(), title="Electric kettle")
    assert "sounds like" not in guest.get("/search", q="kettle").text
    page = guest.get("/search", q="kettel")
    assert "Electric kettle" in page.text
    assert "Nothing has exactly these words" in page.text


def test_search_keeps_to_the_chosen_category(world, guest):
    world.offer(world.seller(), title="Kettle of steel", category="kitchen")
    world.offer(world.seller(), title="Kettle of tin", category="toys")
    page = guest.get("/search", q="kettle", category="toys")
    assert "Kettle of tin" in page.text
    assert "Kettle of steel" not in page.text


@pytest.mark.parametrize("asked", ["", "zzzz", "\0", "'; --", "a" * 5000, "%%", "🫖"])
def test_search_answers_whatever_is_typed(world, guest, asked):
    world.offer(world.seller())
    assert guest.get("/search", q=asked).status == 200


def test_the_first_offer_comes_with_its_price_promise_and_reason(world, guest):
    seller = world.seller("first-co", country="DE")
    offer = world.offer(seller, price="19.99", stock=3)
    other = world.seller("second-co", country="DE")
    world.offer(other, price="24.99", sku=offer.sku)
    page = guest.get(page_of(offer))
    assert "€19.99" in page.text
    assert "Only 3 left" in page.text
    assert "€23.98" in page.text  # with freight at home
    assert "Why this offer comes first of 2: It costs the least with everything" in page.text
    assert page.text.index("first-co") < page.text.index("Other offers") < page.text.index("second-co")
    assert "Unexplained" not in page.text


def test_who_sells_ships_and_serves_follows_from_the_terms(world, guest):
    page = guest.get(page_of(world.offer(world.seller("factory", programme="fully-managed"))))
    assert "Sold by Entrepôt Sent by Entrepôt Your questions go to Entrepôt" in page.text
    page = guest.get(page_of(world.offer(world.seller("shop-co", programme="self-managed"))))
    assert "Sold by shop-co Sent by shop-co Your questions go to shop-co" in page.text


@pytest.mark.parametrize("asked", ["0", "7", "-1", "x", "9" * 5000, "²"])
def test_a_picture_that_is_not_there_is_another_one(world, guest, asked):
    assert guest.get(page_of(world.offer(world.seller())), picture=asked).status == 200


def test_the_only_offer_says_so(world, guest):
    assert "Why this offer: It is the only offer." in guest.get(page_of(world.offer(world.seller()))).text


def test_what_is_sold_out_cannot_be_put_into_the_cart(world, guest):
    page = guest.get(page_of(world.offer(world.seller(), stock=0)))
    assert "Sold out" in page.text
    assert "Put into the cart" not in page.text


def test_options_lead_to_skus(world, guest):
    seller = world.seller()
    options = {
        "blue": {"colour": "blue", "size": "L"},
        "red": {"colour": "red", "size": "L"},
        "redS": {"colour": "red", "size": "S"},
    }
    drafts = [
        SkuDraft(code, options=values, weight_g=400, length_mm=100, width_mm=90, height_mm=90, hs_code="691200",
                 origin_country="CN")
        for code, values in options.items()
    ]  # fmt: skip
    world.category("mugs")
    draft = ProductDraft(
        "cup", category_code="mugs", axes=["colour", "size"], texts={"en": ("Cup", "For tea.")}, skus=drafts
    )
    [kept] = catalogue.keep_products(organisation_id=seller.pk, drafts=[draft], now=world.now)
    catalogue.publish_products(product_ids=[kept.product_id])
    skus = {sku.code: sku for sku in Sku.objects.filter(product_id=kept.product_id)}
    world.offer(seller, sku=skus["blue"], price="10.00")
    world.offer(seller, sku=skus["red"], price="12.00")
    page = guest.get(f"/products/{kept.product_id}")
    assert "€10.00" in page.text
    assert "Red (sold out)" not in page.text
    assert "S (sold out)" in page.text
    page = guest.get(f"/products/{kept.product_id}", sku=skus["red"].id.hex)
    assert "€12.00" in page.text
    assert "Nobody sells this here" in guest.get(f"/products/{kept.product_id}", sku=skus["redS"].id.hex).text
    for strange in ("x", world.offer(seller).sku_id.hex):
        assert guest.get(f"/products/{kept.product_id}", sku=strange).status == 404


def test_a_text_is_shown_in_the_language_that_there_is(world):
    offer = world.offer(world.seller(), title="Blue mug")
    german = Shopper(world, language="de")
    assert "Blue mug" in german.get(page_of(offer)).text
    product = offer.sku.product
    draft = ProductDraft(
        product.code, category_code="mugs", texts={"en": ("Blue mug", ""), "de": ("Blauer Becher", "Für Tee.")}
    )
    catalogue.keep_products(organisation_id=product.organisation_id, drafts=[draft], now=world.now)
    assert "Blauer Becher" in german.get(page_of(offer)).text
    assert "Blauer Becher" in german.get("/search", q="becher").text
    assert "Blue mug" in Shopper(world).get(page_of(offer)).text


def test_a_product_that_is_archived_is_not_shown(world, guest):
    offer = world.offer(world.seller())
    catalogue.archive_products(
        product_ids=[offer.sku.product_id], actor=world.operator_actor(), reason="unsafe", now=world.now
    )
    assert Product.objects.get(id=offer.sku.product_id).status == "archived"
    assert guest.get(page_of(offer)).status == 404
    assert "Blue mug" not in guest.get("/").text


def test_the_market_is_chosen_and_remembered(world, guest):
    world.market("US")
    answer = guest.post("/market", follow=False, market="US", next="/cart").response
    assert answer.url == "/cart"
    assert answer.cookies["market"].value == "US"
    assert "US" in guest.get("/").text
    assert guest.post("/market", follow=False, market="US", next="https://example.org/x").response.url == "/"
    for code in ("XX", "", "\0", "US" * 50):
        assert guest.post("/market", market=code).status == 404
    assert guest.get("/market").status == 405


@pytest.mark.parametrize(("language", "currency"), [("de", "EUR"), ("pt-br", "BRL"), ("en", "USD"), ("fr", "USD")])
def test_without_a_choice_the_market_is_that_of_the_language(world, language, currency):
    for code in ("US", "BR"):
        world.market(code)
    shopper = Shopper(world, language=language)
    del shopper.client.cookies["market"]
    assert f'<span class="tool-words">{currency}</span>' in shopper.get("/").source
