"""Products kept by their codes, what they lack, kits, pictures, offers and their steps."""

import io
from dataclasses import replace

import pytest
from PIL import Image

from entrepot.domain.catalogue import queries
from entrepot.domain.catalogue import services as catalogue
from entrepot.domain.catalogue.models import Offer, Product, SkuComponent
from entrepot.domain.catalogue.rules import ProductDraft, SkuDraft
from entrepot.kernel.actors import SYSTEM
from entrepot.kernel.errors import Invalid, NotFound, Refused
from entrepot.kernel.models import AuditEntry
from worlds import World

SKU = SkuDraft(
    sku_code="M-1",
    weight_g=400,
    length_mm=120,
    width_mm=90,
    height_mm=100,
    hs_code="691200",
    origin_country="CN",
    options={"colour": "blue"},
)
MUG = ProductDraft(
    product_code="mug",
    category_code="mugs",
    axes=["colour"],
    source="a file",
    texts={"en": ("Blue mug", "Holds tea."), "de": ("Blaue Tasse", "Für Tee.")},
    skus=[SKU],
)


@pytest.fixture
def world(database) -> World:
    world = World()
    world.category("mugs")
    return world


@pytest.fixture
def seller(world):
    return world.seller()


def keep(world, seller, *drafts):
    return catalogue.keep_products(organisation_id=seller.pk, drafts=drafts, now=world.now)


def test_a_second_time_changes_nothing(world, seller):
    (made,) = keep(world, seller, MUG)
    assert made.state == "created"
    (again,) = keep(world, seller, MUG)
    assert again == replace(made, state="same")
    product = queries.get_product(product_id=made.product_id, organisation_id=seller.pk)
    assert (product.status, product.missing, product.axes, product.category.code) == ("draft", [], ["colour"], "mugs")
    (sku,) = queries.list_skus(product_ids=[product.id])
    assert (sku.weight_g, sku.options, sku.hs_code, sku.pack_quantity) == (400, {"colour": "blue"}, "691200", 1)
    assert queries.components([sku.id]) == {sku.id: {sku.id: 1}}


@pytest.mark.parametrize(
    "changed",
    [
        replace(MUG, brand="Acme"),
        replace(MUG, texts={"en": ("A mug", "")}),
        replace(MUG, skus=[replace(SKU, weight_g=401)]),
        replace(MUG, skus=[SKU, replace(SKU, sku_code="M-2")]),
        replace(MUG, category_code=""),
    ],
)
def test_what_differs_is_changed(world, seller, changed):
    keep(world, seller, MUG)
    (kept,) = keep(world, seller, changed)
    assert kept.state == "changed"
    assert keep(world, seller, changed)[0].state == "same"


def test_what_a_draft_does_not_name_stays(world, seller):
    (made,) = keep(world, seller, MUG)
    keep(world, seller, replace(MUG, texts={"en": ("A mug", "")}, skus=[]))
    assert {row.title for row in queries.all_texts(product_id=made.product_id).values()} == {"A mug", "Blaue Tasse"}
    assert len(queries.list_skus(product_ids=[made.product_id])) == 1


def test_a_draft_says_what_it_lacks_until_it_is_there(world, seller):
    bare = ProductDraft(product_code="bare", skus=[SkuDraft(sku_code="B-1")])
    (made,) = keep(world, seller, bare)
    product = Product.objects.get()
    assert product.missing == ["title", "category", "weight", "dimensions", "hs_code", "origin"]
    with pytest.raises(Refused) as refused:
        catalogue.publish_products(product_ids=[made.product_id])
    assert refused.value.code == "catalogue.incomplete"
    keep(world, seller, replace(MUG, product_code="bare", skus=[replace(SKU, sku_code="B-1")]))
    catalogue.publish_products(product_ids=[made.product_id])
    product.refresh_from_db()
    assert (product.status, product.missing) == ("active", [])


def test_an_active_product_cannot_become_incomplete(world, seller):
    (made,) = keep(world, seller, MUG)
    catalogue.publish_products(product_ids=[made.product_id])
    with pytest.raises(Refused) as refused:
        keep(world, seller, replace(MUG, skus=[SkuDraft(sku_code="M-2")]))
    assert refused.value.values["lacking"] == "weight, dimensions, hs_code, origin"
    assert len(queries.list_skus(product_ids=[made.product_id])) == 1, "nothing of it was kept"


def test_bad_drafts_are_refused_whole(world, seller):
    for drafts in (
        [MUG, replace(MUG, product_code="x", skus=[replace(SKU, sku_code="M-9", weight_g=-1)])],
        [MUG, MUG],
        [MUG, replace(MUG, product_code="other")],
        [MUG, replace(MUG, product_code="other", category_code="nowhere", skus=[])],
    ):
        with pytest.raises(Invalid):
            keep(world, seller, *drafts)
    assert not Product.objects.filter(organisation_id=seller.pk).exists()


def test_a_sku_stays_with_its_product_and_its_seller(world, seller):
    keep(world, seller, MUG)
    with pytest.raises(Refused) as refused:
        keep(world, seller, replace(MUG, product_code="other"))
    assert refused.value.code == "catalogue.sku_elsewhere"
    other = world.seller()
    assert keep(world, other, MUG)[0].state == "created", "codes are a seller's own"
    assert list(queries.find_skus(organisation_id=other.pk, sku_codes=["M-1", "M-2"])) == ["M-1"]


def test_a_kit_holds_plain_skus_and_never_other_ones(world, seller):
    saucer = replace(MUG, product_code="saucer", skus=[replace(SKU, sku_code="S-1")])
    kit = replace(MUG, product_code="kit", skus=[replace(SKU, sku_code="K-1", components={"M-1": 2, "S-1": 1})])
    mugs, saucers, kits = keep(world, seller, MUG, saucer, kit)
    assert queries.components([kits.sku_ids["K-1"]]) == {
        kits.sku_ids["K-1"]: {mugs.sku_ids["M-1"]: 2, saucers.sku_ids["S-1"]: 1}
    }
    assert keep(world, seller, kit)[0].state == "same"

    def refused(kind, draft) -> str:
        with pytest.raises(kind) as caught:
            keep(world, seller, draft)
        return caught.value.code

    other_parts = replace(kit, skus=[replace(kit.skus[0], components={"M-1": 3, "S-1": 1})])
    assert refused(Refused, other_parts) == "catalogue.kit_fixed"
    assert refused(Refused, replace(MUG, skus=[replace(SKU, components={"S-1": 1})])) == "catalogue.kit_fixed"
    of_kits = replace(MUG, product_code="kk", skus=[replace(SKU, sku_code="K-2", components={"K-1": 1})])
    assert refused(Invalid, of_kits) == "catalogue.bad_component"
    unknown = replace(MUG, product_code="kk", skus=[replace(SKU, sku_code="K-2", components={"Z-1": 1})])
    assert refused(Invalid, unknown) == "catalogue.bad_component"
    assert SkuComponent.objects.count() == 4


def test_categories_form_a_tree(world):
    catalogue.keep_categories(
        rows=[
            catalogue.NewCategory("home", names={"en": "Home"}),
            catalogue.NewCategory("kitchen", "home", {"en": "Kitchen"}, tax_class="reduced"),
        ],
        now=world.now,
    )
    catalogue.keep_categories(rows=[catalogue.NewCategory("kitchen", "home", {"en": "Cooking"})], now=world.now)
    kitchen = queries.get_category(category_code="kitchen")
    assert (kitchen.path, kitchen.names, kitchen.tax_class) == ("home/kitchen", {"en": "Cooking"}, "standard")
    assert [each.path for each in queries.list_categories()] == ["home", "home/kitchen", "mugs"]
    with pytest.raises(NotFound):
        catalogue.keep_categories(rows=[catalogue.NewCategory("pans", "cellar")], now=world.now)


def test_texts_fall_back_through_the_languages(world, seller):
    (made,) = keep(world, seller, replace(MUG, texts=MUG.texts | {"pt": ("Caneca", "")}))

    def title(*languages: str) -> str:
        return queries.texts([made.product_id], languages=languages)[made.product_id].title

    assert title("de", "en") == "Blaue Tasse"
    assert title("fr", "en") == "Blue mug"
    assert title("pt-br", "en") == "Caneca"
    assert title("DE-at") == "Blaue Tasse"
    assert title("ja") == "Blaue Tasse", "better another language than no name"


def test_pictures_are_shown_in_their_order(world, seller):
    (made,) = keep(world, seller, MUG)
    content = io.BytesIO()
    Image.new("RGB", (20, 10), "navy").save(content, "PNG")
    first = catalogue.upload_picture(
        product_id=made.product_id, content=content.getvalue(), alt={"en": "A mug"}, now=world.now
    )
    (second,) = catalogue.add_pictures(rows=[(made.product_id, "ab/cd.webp", {})], now=world.now)
    assert queries.pictures([made.product_id])[made.product_id] == [first, second]
    assert first.media.endswith(".webp")
    catalogue.remove_picture(picture_id=first.id, product_id=made.product_id)
    assert queries.pictures([made.product_id])[made.product_id] == [second]
    with pytest.raises(Invalid):
        catalogue.upload_picture(product_id=made.product_id, content=b"<svg/>", alt={}, now=world.now)
    with pytest.raises(NotFound):
        catalogue.remove_picture(picture_id=second.id, product_id=first.id)


def test_an_offer_takes_the_steps_that_there_are(world, seller):
    offer = world.offer(seller)
    with pytest.raises(Refused):
        catalogue.move_offers(offer_ids=[offer.id], status="live")
    catalogue.move_offers(offer_ids=[offer.id], status="paused")
    catalogue.move_offers(offer_ids=[offer.id], status="live")
    catalogue.move_offers(offer_ids=[offer.id], status="archived")
    with pytest.raises(Refused):
        catalogue.move_offers(offer_ids=[offer.id], status="live")
    with pytest.raises(NotFound):
        catalogue.move_offers(offer_ids=[seller.pk], status="live")


def test_a_sku_is_offered_once_a_programme_and_again_once_archived(world, seller):
    offer = world.offer(seller)
    row = catalogue.NewOffer(seller.pk, offer.sku_id, offer.market_id, offer.enrolment_id, offer.programme_code)
    with pytest.raises(Refused) as refused:
        catalogue.create_offers(rows=[row], now=world.now)
    assert refused.value.code == "catalogue.offer_exists"
    catalogue.move_offers(offer_ids=[offer.id], status="archived")
    (again,) = catalogue.create_offers(rows=[row], now=world.now)
    assert queries.get_offer(offer_id=again, seller_id=seller.pk).status == "draft"
    with pytest.raises(NotFound):
        queries.get_offer(offer_id=again, seller_id=world.operator.id)


def test_archiving_a_product_takes_its_offers_along_with_a_reason(world, seller):
    offer = world.offer(seller)
    product_id = offer.sku.product_id
    with pytest.raises(Invalid):
        catalogue.archive_products(product_ids=[product_id], actor=SYSTEM, reason="", now=world.now)
    catalogue.archive_products(product_ids=[product_id], actor=SYSTEM, reason="recalled", now=world.now)
    assert Offer.objects.get().status == "archived"
    assert AuditEntry.objects.get(verb="catalogue.archive").reason == "recalled"


def test_the_facts_of_an_offer(world, seller):
    offer = world.offer(seller, weight_g=650, origin="VN")
    facts = queries.offer_facts([offer.id, seller.pk])
    assert list(facts) == [offer.id]
    found = facts[offer.id]
    assert (found.market_code, found.currency, found.prices_include_tax) == ("DE", "EUR", True)
    assert (found.weight_g, found.origin_country, found.category_path) == (650, "VN", "mugs")
    assert (found.seller_status, found.product_status, found.components) == ("active", "active", {offer.sku_id: 1})
