"""From a draft to an offer on sale: who may do what comes from the terms; what is missing is said."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from entrepot.domain.catalogue import queries as catalogue
from entrepot.domain.catalogue.models import Offer, Product
from entrepot.domain.catalogue.rules import ProductDraft, SkuDraft
from entrepot.domain.inventory import queries as inventory
from entrepot.domain.inventory.models import Stock
from entrepot.domain.pricing import queries as prices
from entrepot.domain.pricing import services as pricing
from entrepot.domain.pricing.quoting import NewQuote
from entrepot.flows import listing
from entrepot.flows.listing import Wish
from entrepot.kernel.errors import Denied, NotFound, Refused
from entrepot.kernel.models import AuditEntry, OutboxEvent
from shopping import publish_variant
from worlds import World

SKU = SkuDraft("M-1", weight_g=400, length_mm=120, width_mm=90, height_mm=100, hs_code="691200", origin_country="CN")
MUG = ProductDraft("mug", category_code="mugs", texts={"en": ("Mug", "")}, skus=[SKU])


def refused(kind, act) -> str:
    with pytest.raises(kind) as caught:
        act()
    return caught.value.code


class Shop:
    """A seller with one product of its own."""

    def __init__(self, world: World, programme: str, **more: str) -> None:
        world.category("mugs")
        self.world = world
        self.programme = programme
        self.row = world.seller(programme=programme, **more)
        self.seller, self.platform = world.seller_actor(self.row), world.operator_actor()
        (kept,) = self.keep(MUG)
        self.product_id, self.sku_id = kept.product_id, kept.sku_ids["M-1"]

    def keep(self, *drafts: ProductDraft, actor=None):
        return listing.keep_products(
            actor=actor or self.seller, organisation_id=self.row.pk, drafts=drafts, now=self.world.now
        )

    def publish(self) -> None:
        listing.publish_products(actor=self.seller, product_ids=[self.product_id])

    def wish(self, **changes):
        wish = replace(Wish(self.sku_id, "DE", self.programme), **changes)
        return listing.create_offers(actor=self.seller, seller_id=self.row.pk, wishes=[wish], now=self.world.now)[0]

    def go_live(self, offer_id, actor=None) -> None:
        listing.go_live(actor=actor or self.seller, offer_ids=[offer_id], now=self.world.now)

    def price(self, offer_id, amount: int, actor) -> None:
        pricing.set_retail_prices(prices=[pricing.NewPrice(offer_id, amount)], actor=actor, now=self.world.now)


def test_a_seller_that_decides_lists_alone(world):
    shop = Shop(world, "self-managed")
    offer_id = shop.wish()
    with pytest.raises(Refused) as lacking:
        shop.go_live(offer_id)
    assert (lacking.value.code, lacking.value.values["lacking"]) == ("listing.not_ready", "product, price")
    shop.publish()
    shop.price(offer_id, 1999, shop.seller)
    shop.go_live(offer_id)
    assert Offer.objects.get().status == "live"
    assert OutboxEvent.objects.filter(topic="offer.live", subject_id=offer_id).exists()


def test_under_full_management_the_seller_proposes_and_the_platform_decides(world):
    shop = Shop(world, "fully-managed", currency="CNY")
    shop.publish()
    offer_id = shop.wish()
    with pytest.raises(Denied) as denied:
        shop.go_live(offer_id)
    assert denied.value.values == {"task": "product_selection", "party": "seller", "decider": "platform"}
    with pytest.raises(Refused) as lacking:
        shop.go_live(offer_id, shop.platform)
    assert lacking.value.values["lacking"] == "price, supply_price"
    pricing.set_price_rule(
        actor=shop.platform,
        market=world.market("DE"),
        markup_rate=Decimal("0.8"),
        now=world.now,
        reason="spring",
        ending_minor=99,
    )
    (quote,) = listing.quote_supply_prices(
        actor=shop.seller, rows=[NewQuote(offer_id, 7800)], valid_until=world.now + timedelta(days=7), now=world.now
    )
    assert prices.prices([offer_id], world.now) == {}, "what is not agreed makes no price"
    listing.accept_supply_prices(actor=shop.platform, quote_ids=[quote.id], now=world.now)
    price = prices.prices([offer_id], world.now)[offer_id]
    assert (price.amount_minor, price.supply_minor, price.supply_currency) == (1899, 7800, "CNY")
    shop.go_live(offer_id, shop.platform)
    listing.pause_offers(actor=shop.seller, offer_ids=[offer_id], now=world.now)
    shop.go_live(offer_id)
    assert Offer.objects.get().status == "live", "what was chosen once, the seller may resume"


def test_content_on_sale_is_set_by_whom_the_terms_name(world):
    managed, own = Shop(world, "fully-managed"), Shop(world, "self-managed")
    for shop in (managed, own):
        world.offer(shop.row, sku=catalogue.get_sku(sku_id=shop.sku_id))
        Product.objects.filter(id=shop.product_id).update(status="active")
    renamed = replace(MUG, texts={"en": ("Cup", "")})
    with pytest.raises(Denied) as denied:
        managed.keep(renamed)
    assert denied.value.values == {"task": "listing_content", "party": "seller", "decider": "platform"}
    with pytest.raises(Denied):
        listing.upload_picture(actor=managed.seller, product_id=managed.product_id, content=b"", alt={}, now=world.now)
    managed.keep(renamed, actor=managed.platform)
    own.keep(renamed)
    with pytest.raises(Denied):
        own.keep(MUG, actor=own.platform)


def test_a_draft_is_the_sellers_own_until_it_is_on_sale(world):
    shop = Shop(world, "fully-managed")
    shop.wish()
    (kept,) = shop.keep(replace(MUG, brand="Acme"))
    assert kept.state == "changed"


def test_what_stands_against_an_offer_is_said(world):
    shop = Shop(world, "self-managed")
    assert refused(Refused, lambda: shop.wish(market_code="US")) == "listing.not_enrolled"
    assert refused(Refused, lambda: shop.wish(programme_code="fully-managed")) == "listing.not_enrolled"
    other = Shop(world, "self-managed")
    assert refused(NotFound, lambda: shop.wish(sku_id=other.sku_id)) == "kernel.not_found"
    shop.wish()
    assert refused(Refused, shop.wish) == "catalogue.offer_exists"


def test_all_may_offer_what_is_in_the_common_catalogue(world):
    shop, other = Shop(world, "self-managed"), Shop(world, "self-managed")
    (common,) = listing.keep_products(
        actor=shop.platform, organisation_id=world.operator.id, drafts=[MUG], now=world.now
    )
    listing.publish_products(actor=shop.platform, product_ids=[common.product_id])
    offers = []
    for one, amount in ((shop, 1999), (other, 1899)):
        offer_id = one.wish(sku_id=common.sku_ids["M-1"])
        one.price(offer_id, amount, one.seller)
        one.go_live(offer_id)
        offers.append(offer_id)
    found = catalogue.list_sellable(product_ids=[common.product_id], market_id=world.market("DE").id)
    assert {each.offer_id for each in found} == set(offers)


def test_a_programme_that_does_not_take_the_category_says_so(world):
    code = "mugless"
    publish_variant(world, "self-managed", code, eligibility={"categories_excluded": ["mugs"]})
    shop = Shop(world, code)
    with pytest.raises(Refused) as not_taken:
        shop.wish()
    assert not_taken.value.code == "listing.not_admitted"
    assert not_taken.value.values["conditions"] == "categories_excluded mugs"


def test_one_seller_cannot_touch_the_listing_of_another(world):
    shop, stranger = Shop(world, "self-managed"), Shop(world, "self-managed").seller
    offer = world.offer(shop.row)
    now = world.now
    acts = [
        lambda: shop.keep(MUG, actor=stranger),
        lambda: listing.publish_products(actor=stranger, product_ids=[shop.product_id]),
        lambda: listing.archive_products(actor=stranger, product_ids=[shop.product_id], reason="x", now=now),
        lambda: listing.upload_picture(actor=stranger, product_id=shop.product_id, content=b"", alt={}, now=now),
        lambda: listing.remove_picture(actor=stranger, product_id=shop.product_id, picture_id=offer.id),
        lambda: listing.create_offers(actor=stranger, seller_id=shop.row.pk, wishes=[], now=now),
        lambda: listing.go_live(actor=stranger, offer_ids=[offer.id], now=now),
        lambda: listing.pause_offers(actor=stranger, offer_ids=[offer.id], now=now),
        lambda: listing.archive_offers(actor=stranger, offer_ids=[offer.id], now=now),
        lambda: listing.split_stock(actor=stranger, offer_id=offer.id, rows=[], now=now),
        lambda: listing.share_stock(actor=stranger, offer_id=offer.id, now=now),
    ]
    for act in acts:
        assert refused(NotFound, act) == "kernel.not_found"


def test_a_product_leaves_for_good_with_its_offers(world):
    shop = Shop(world, "self-managed")
    shop.publish()
    shop.wish()
    listing.archive_products(actor=shop.seller, product_ids=[shop.product_id], reason="worn out", now=world.now)
    assert Offer.objects.get().status == "archived"
    assert AuditEntry.objects.get(verb="catalogue.archive").actor_user_id == shop.seller.user_id


def test_stock_is_split_and_shared_again(world):
    shop = Shop(world, "self-managed")
    world.enrol(shop.row, programme="semi-managed-platform-logistics", market="DE")
    offer = world.offer(shop.row, stock=10)
    stock = Stock.objects.get()
    listing.split_stock(actor=shop.seller, offer_id=offer.id, rows=[(stock.id, 4)], now=world.now)
    assert inventory.available([offer.id]) == {offer.id: 4}
    foreign = world.offer(world.seller())
    theirs = Stock.objects.get(sku_id=foreign.sku_id)
    with pytest.raises(NotFound):
        listing.split_stock(actor=shop.seller, offer_id=offer.id, rows=[(theirs.id, 1)], now=world.now)
    listing.share_stock(actor=shop.seller, offer_id=offer.id, now=world.now)
    assert inventory.available([offer.id]) == {offer.id: 10}
    assert inventory.allotments(offer_id=offer.id) == {}
