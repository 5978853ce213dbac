"""What a shopper finds: stems of each language, misspellings, only what is sold there, page by page."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from entrepot.domain.catalogue import queries
from entrepot.domain.catalogue import services as catalogue
from entrepot.domain.catalogue.rules import ProductDraft
from entrepot.kernel.errors import Invalid
from worlds import World


@pytest.fixture
def world(database) -> World:
    return World()


def offered(world, seller, **texts):
    """An offered product with these texts, language -> (title, description)."""
    offer = world.offer(seller, title=texts["en"][0] if "en" in texts else "x")
    product = offer.sku.product
    catalogue.keep_products(
        organisation_id=seller.pk,
        drafts=[ProductDraft(product_code=product.code, category_code=product.category.code, texts=texts)],
        now=world.now,
    )
    return product.id


def found(world, text: str, *, languages=("de", "en"), market: str = "DE", **more) -> list:
    hits = queries.search_products(market_id=world.market(market).id, languages=languages, text=text, **more)
    return [hit.thing_id for hit in hits]


def test_words_are_found_by_their_stems_in_each_language(world):
    seller = world.seller()
    mug = offered(world, seller, en=("Blue mugs", "For drinking tea"), de=("Blaue Tassen", "Zum Teetrinken"))
    chair = offered(world, seller, en=("Oak chair", "For sitting at the café"))
    assert found(world, "mug") == [mug]
    assert found(world, "tasse") == [mug]
    assert found(world, "drink") == [mug]
    assert found(world, "cafe") == [chair]
    assert found(world, "CAFÉ chairs") == [chair]
    assert found(world, "tasse", languages=("en",)) == []
    assert found(world, '"oak chair" -mug') == [chair]
    assert found(world, "  ") == []


def test_the_title_counts_for_more_than_the_description(world):
    seller = world.seller()
    told = offered(world, seller, en=("Shelf", "Holds one lamp"))
    named = offered(world, seller, en=("Lamp", "Stands on a shelf of yours and gives light"))
    assert found(world, "lamp") == [named, told]


def test_a_misspelt_word_finds_what_looks_alike(world):
    seller = world.seller()
    kettle = offered(world, seller, en=("Copper kettle", ""))
    offered(world, seller, en=("Oak chair", ""))
    assert found(world, "kettel") == [kettle]
    assert found(world, "copperkettle") == [kettle]
    assert found(world, "zzzz") == []


def test_what_has_all_the_words_leaves_no_room_for_what_looks_alike(world):
    seller = world.seller()
    both = offered(world, seller, en=("Kitchen chair", ""))
    offered(world, seller, en=("Kitchen shelf", ""))
    assert found(world, "kitchen chair") == [both]
    assert found(world, "kitchen chairr")[0] == both


def test_only_what_is_sold_in_the_market_is_found(world):
    seller = world.seller(market="DE")
    mug = offered(world, seller, en=("Mug", ""))
    assert found(world, "mug", market="US") == []
    catalogue.move_offers(offer_ids=[queries.open_offers(product_ids=[mug])[0].id], status="paused")
    assert found(world, "mug") == []
    assert queries.browse_products(market_id=world.market("DE").id) == []


def test_a_category_narrows_to_its_branch(world):
    seller = world.seller()
    world.category("mugs"), world.category("pans")
    mug, pan = (
        world.offer(seller, title="Steel cup", category="mugs"),
        world.offer(seller, title="Steel pan", category="pans"),
    )
    assert set(found(world, "steel")) == {mug.sku.product_id, pan.sku.product_id}
    assert found(world, "steel", category_path="pans") == [pan.sku.product_id]
    assert queries.browse_products(market_id=world.market().id, category_path="mugs") == [mug.sku.product_id]


@pytest.mark.parametrize("text", ["mug", "mugg"])
def test_pages_follow_each_other_without_gap_or_repeat(world, text):
    seller = world.seller()
    all_of_them = {world.offer(seller, title=f"Mug {'mug ' * (n % 3)}number {n}").sku.product_id for n in range(11)}
    seen, after = [], ""
    while hits := queries.search_products(
        market_id=world.market().id, languages=["en"], text=text, after=after, limit=4
    ):
        seen += [hit.thing_id for hit in hits]
        after = str(hits[-1].cursor)
    assert len(seen) == 11
    assert set(seen) == all_of_them
    newest_first = queries.browse_products(market_id=world.market().id, limit=4)
    assert newest_first + queries.browse_products(market_id=world.market().id, after=newest_first[-1]) == sorted(
        all_of_them, reverse=True
    )


@pytest.mark.parametrize("cursor", ["x", "words.1", "words.a.00", "likeness.1.zz", "loudly.1." + "0" * 32])
def test_a_broken_cursor_is_refused(world, cursor):
    with pytest.raises(Invalid):
        found(world, "mug", after=cursor)


@pytest.mark.parametrize("text", ["'; DROP TABLE x", "a & | ! (", "%", "\0mug", "🫖", "mug " * 500])
def test_strange_questions_are_answered(world, text):
    assert isinstance(found(world, text), list)


def test_the_number_of_statements_does_not_grow(world):
    seller = world.seller()
    for number in range(12):
        world.offer(seller, title=f"Mug {number}")
    with CaptureQueriesContext(
        connection,
    ) as statements:
        assert len(found(world, "mug", category_path="mugs")) == 12
    assert len([each for each in statements if "catalogue" in each["sql"]]) == 1, "the branch and the page"
