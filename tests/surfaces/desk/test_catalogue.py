"""The catalogue on the desk: drafts made active, offers moved, supply and retail prices answered, prices by rule."""

from datetime import timedelta

from django.urls import reverse

from entrepot.domain.catalogue import services as catalogue
from entrepot.domain.catalogue.models import Offer, Product
from entrepot.domain.catalogue.rules import ProductDraft, SkuDraft
from entrepot.domain.pricing import services as pricing
from entrepot.domain.pricing.models import PriceRule, RetailPrice, RetailProposal, SupplyQuote
from entrepot.kernel.models import AuditEntry
from surfaces.desk.desks import browser, draft, quote, text_of
from worlds import World


def complete_draft(world: World, seller) -> Product:
    world.category("mugs")
    sku = SkuDraft(
        sku_code=world.next("sku"), weight_g=300, length_mm=90, width_mm=90, height_mm=90, hs_code="691200",
        origin_country="CN",
    )  # fmt: skip
    (kept,) = catalogue.keep_products(
        organisation_id=seller.pk,
        drafts=[
            ProductDraft(
                product_code=world.next("whole"), category_code="mugs", texts={"en": ("Whole mug", "")}, skus=[sku]
            )
        ],
        now=world.now,
    )
    return Product.objects.get(id=kept.product_id)


def test_complete_drafts_become_active_and_others_say_what_they_lack(world: World) -> None:
    seller = world.seller("brand", programme="self-managed")
    half, whole = draft(world, seller), complete_draft(world, seller)
    desk = browser(world, "operator.merchandiser")
    page = text_of(desk.get(reverse("desk:catalogue")))
    assert "Half a product" in page and "a SKU" in page and "1 draft is complete" in page
    assert "Whole mug" not in text_of(desk.get(reverse("desk:catalogue") + "?lacking=sku"))

    refused = desk.post(reverse("desk:product_publication", args=[half.id]))
    assert refused.status_code == 409
    assert desk.post(reverse("desk:publications")).status_code == 302
    assert {each.code: each.status for each in Product.objects.filter(id__in=[half.id, whole.id])} == {
        half.code: "draft",
        whole.code: "active",
    }
    again = desk.post(reverse("desk:publications"))
    assert again.status_code == 422 and "No draft is complete." in text_of(again)
    url = reverse("desk:product_archival", args=[whole.id])
    assert desk.post(url, {"reason": ""}).status_code == 422
    assert desk.post(url, {"reason": "Recalled"}).status_code == 302
    assert Product.objects.get(id=whole.id).status == "archived"


def test_chosen_offers_are_paused_and_put_on_sale(world: World) -> None:
    seller = world.seller("factory", programme="fully-managed", currency="CNY")
    one, other = (world.offer(seller, supply="40.00") for _ in range(2))
    desk = browser(world, "operator.merchandiser")
    url = reverse("desk:offer_acts") + "?status=live"
    assert desk.post(url, {"act": "paused", "offer": [str(one.id)]})["Location"].endswith("?status=live")
    assert [Offer.objects.get(id=each.id).status for each in (one, other)] == ["paused", "live"]
    assert desk.post(url, {"act": "live", "offer": [str(one.id)]}).status_code == 302
    assert Offer.objects.get(id=one.id).status == "live"
    assert "Choose at least one row." in text_of(desk.post(url, {"act": "paused"}))
    assert desk.post(url, {"act": "explode", "offer": [str(one.id)]}).status_code == 404


def test_supply_prices_are_accepted_countered_and_refused(world: World) -> None:
    seller = world.seller("factory", programme="fully-managed", currency="CNY")
    offers = [world.offer(seller, supply="40.00", price="29.99") for _ in range(3)]
    first, second, third = (quote(world, offer, 5000 + place) for place, offer in enumerate(offers))
    desk = browser(world, "operator.merchandiser")
    url = reverse("desk:quote_answers")
    assert text_of(desk.get(reverse("desk:quotes"))).count("CN¥ 50.0") == 3
    assert desk.post(url, {"act": "accept", "quote": [str(first.id)]}).status_code == 302
    bad = desk.post(url, {"act": "counter", f"amount-{second.id}": "forty", "reason": "Too dear"})
    assert bad.status_code == 422 and 'value="forty"' in bad.content.decode() and "Too dear" in bad.content.decode()
    assert desk.post(url, {"act": "counter", f"amount-{second.id}": "45,50", "reason": "Too dear"}).status_code == 302
    unsaid = desk.post(url, {"act": "refuse", "quote": [str(third.id)], "reason": ""})
    assert unsaid.status_code == 422 and f'value="{third.id}" checked' in unsaid.content.decode()
    assert desk.post(url, {"act": "refuse", "quote": [str(third.id)], "reason": "Not at this price"}).status_code == 302
    states = dict(SupplyQuote.objects.filter(id__in=[first.id, second.id, third.id]).values_list("id", "status"))
    assert states == {first.id: "accepted", second.id: "superseded", third.id: "refused"}
    counter = SupplyQuote.objects.get(offer=second.offer, status="countered")
    assert (counter.amount_minor, counter.made_by_party, counter.note) == (4550, "platform", "Too dear")
    gone = desk.post(url, {"act": "accept", "quote": [str(first.id)]})
    assert gone.status_code == 409


def test_retail_prices_that_wait_are_agreed_to(world: World) -> None:
    seller = world.seller("brand", programme="semi-managed-local-stock")
    offer = world.offer(seller, price="19.99")
    world.pass_time(hours=1)
    pricing.set_retail_prices(
        prices=[pricing.NewPrice(offer.id, 2499)], actor=world.seller_actor(seller), now=world.now, note="costs rose"
    )
    (waiting,) = RetailProposal.objects.filter(status="open")
    desk = browser(world, "operator.merchandiser")
    assert "costs rose" in text_of(desk.get(reverse("desk:proposals")))
    url = reverse("desk:proposal_decisions")
    assert desk.post(url, {"act": "approve", "proposal": [str(waiting.id)], "reason": ""}).status_code == 422
    typed = {"act": "approve", "proposal": [str(waiting.id)], "reason": "In line with others"}
    assert desk.post(url, typed).status_code == 302
    assert RetailPrice.objects.get(offer=offer, valid_until=None).amount_minor == 2499


def test_a_price_that_is_the_sellers_is_refused_at_the_form(world: World) -> None:
    seller = world.seller("brand", programme="self-managed")
    offer = world.offer(seller, price="19.99")
    world.pass_time(hours=1)
    desk = browser(world, "operator.merchandiser")
    url = reverse("desk:offer_price", args=[offer.id])
    answer = desk.post(url, {"amount": "24.99", "reason": "We like it dearer"})
    assert answer.status_code == 403 and "the duty retail_price is not yours" in text_of(answer)
    assert 'value="24.99"' in answer.content.decode() and "We like it dearer" in answer.content.decode()
    bad = desk.post(url, {"amount": "24.999", "reason": "We like it dearer"})
    assert bad.status_code == 422 and "more decimal places" in text_of(bad)


def test_a_rule_is_tried_set_and_applied(world: World) -> None:
    seller = world.seller("factory", programme="fully-managed", currency="CNY")
    offer = world.offer(seller, supply="78.00", price="29.99")
    world.pass_time(hours=1)
    desk = browser(world, "operator.merchandiser")
    url = reverse("desk:price_rule", args=["DE"])
    typed = {"category": "", "markup": "150", "floor": "5.00", "ending": "99", "reason": ""}
    tried = desk.post(url, typed | {"act": "try"})
    said = text_of(tried)
    assert tried.status_code == 200 and "What this rule would change" in said and "€25.99" in said and "−13.3" in said
    assert not PriceRule.objects.exists()
    assert desk.post(url, typed | {"act": "set"}).status_code == 422
    bad = desk.post(url, typed | {"act": "set", "floor": "five", "reason": "Spring"})
    assert bad.status_code == 422 and 'value="five"' in bad.content.decode()
    answer = desk.post(url, typed | {"act": "set", "reason": "Spring"})
    assert answer["Location"].endswith("?market=DE&preview")
    assert "€25.99" in text_of(desk.get(answer["Location"]))
    assert RetailPrice.objects.get(offer=offer, valid_until=None).amount_minor == 2999
    world.pass_time(minutes=1)
    assert desk.post(reverse("desk:repricing", args=["DE"])).status_code == 302
    assert RetailPrice.objects.get(offer=offer, valid_until=None).amount_minor == 2599
    assert AuditEntry.objects.filter(verb="prices.rule", reason="Spring").count() == 1
    assert world.now - timedelta(hours=2) < RetailPrice.objects.get(valid_until=None).valid_from
