"""What a seller does on its pages, through the real forms."""

import re

import pytest
from django.test import Client
from django.urls import reverse

import shipping
from entrepot.domain.catalogue.models import Offer, Product
from entrepot.domain.inventory.models import Stock
from entrepot.domain.logistics.models import Parcel
from entrepot.domain.orders.models import Suborder, WorkItem
from entrepot.domain.pricing.models import RetailPrice, SupplyQuote
from entrepot.domain.sellers.models import Enrolment, Seller, SellerDocument
from entrepot.kernel import clock
from entrepot.kernel.models import IdempotencyKey
from surfaces.seller.shops import client_of, counter, furnish
from worlds import World


@pytest.fixture
def world(database, monkeypatch) -> World:
    made = World()
    monkeypatch.setattr(clock, "now", lambda: made.now)
    return made


def to(name: str, *arguments: object) -> str:
    """The address of a seller's page."""
    return reverse(f"seller:{name}", args=arguments)


def words(client: Client, address: str) -> str:
    """What stands on a page."""
    response = client.get(address)
    assert response.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def test_a_price_is_set_where_the_terms_give_the_right(world):
    seller = world.seller(programme="self-managed")
    offer = world.offer(seller, price="19.99")
    client = client_of(world, seller)
    world.pass_time(hours=1)
    assert client.post(to("offer_price", offer.id), {"amount": "17.50"}).status_code == 302
    assert RetailPrice.objects.get(offer=offer, valid_until=None).amount_minor == 1750


def test_a_bad_price_is_refused_at_its_field_and_kept(world):
    seller = world.seller(programme="self-managed")
    offer = world.offer(seller, price="19.99")
    response = client_of(world, seller).post(to("offer_price", offer.id), {"amount": "17,5x"})
    assert response.status_code == 422
    assert 'value="17,5x"' in response.content.decode() and "aria-invalid" in response.content.decode()
    assert RetailPrice.objects.get(offer=offer, valid_until=None).amount_minor == 1999


def test_where_the_platform_prices_the_page_says_so_and_the_act_is_refused(world):
    seller = world.seller(programme="fully-managed")
    offer = world.offer(seller, price="19.99")
    client = client_of(world, seller)
    page = words(client, to("offer", offer.id))
    assert "The marketplace decides" in page and "You cannot change it under these terms" in page
    assert f'{to("offer_price", offer.id)}"' not in client.get(to("offer", offer.id)).content.decode()
    refused = client.post(to("offer_price", offer.id), {"amount": "1.00"})
    assert refused.status_code == 403
    assert RetailPrice.objects.get(offer=offer, valid_until=None).amount_minor == 1999


def test_a_supply_price_is_quoted_countered_and_agreed(world):
    seller = world.seller(programme="fully-managed", currency="CNY")
    offer = world.offer(seller, price="19.99", supply="60.00")
    client = client_of(world, seller)
    assert client.post(to("offer_supply_price", offer.id), {"amount": "75.00"}).status_code == 302
    counter(world, offer, 6800)
    step = SupplyQuote.objects.get(offer=offer, status="countered")
    assert "1 supply price waits for your answer" in words(client, to("offers"))
    answer = to("offer_supply_answer", offer.id, step.id)
    assert client.post(answer, {"answer": "counter"}).status_code == 422
    assert client.post(answer, {"answer": "accept"}).status_code == 302
    assert SupplyQuote.objects.get(offer=offer, status="accepted").amount_minor == 6800


def test_new_goods_are_made_with_their_offer_and_say_what_is_missing(world):
    seller = world.seller(programme="self-managed")
    world.category("mugs")
    client = client_of(world, seller)
    typed = {"title": "Green bowl", "sku_code": "bowl-1", "enrolment": world.enrolment(seller).id.hex}
    response = client.post(to("offer_new"), typed)
    offer = Offer.objects.get(sku__code="bowl-1")
    assert response.headers["Location"] == to("offer", offer.id)
    seen = words(client, to("offer", offer.id))
    assert "The product lacks a category" in seen and "The product lacks the weight" in seen
    assert client.post(to("offer_sale", offer.id)).status_code == 409

    whole = typed | {
        "category": "mugs", "weight_g": "300", "length_mm": "90", "width_mm": "90", "height_mm": "60",
        "hs_code": "691200", "origin_country": "cn",
    }  # fmt: skip
    assert client.post(to("product_content", offer.sku.product_id), whole).status_code == 302
    assert Product.objects.get(id=offer.sku.product_id).status == "active"
    assert client.post(to("offer_price", offer.id), {"amount": "9.90"}).status_code == 302
    assert client.post(to("offer_sale", offer.id)).status_code == 302
    offer.refresh_from_db()
    assert offer.status == "live"
    assert client.post(to("offer_pause", offer.id)).status_code == 302
    assert client.post(to("offer_new"), typed).status_code == 422, "the number is taken"


def test_one_form_sent_twice_acts_once(world):
    seller = world.seller(programme="self-managed")
    offer = world.offer(seller, stock=5)
    row = Stock.objects.get(sku=offer.sku)
    client = client_of(world, seller)
    node = row.node_id.hex
    typed = {"node": node, "sku_code": offer.sku.code, "quantity": "7", "idempotency_key": "once"}
    assert [client.post(to("stock_receipts"), typed).status_code for _ in range(2)] == [302, 302]
    row.refresh_from_db()
    assert row.on_hand == 12


def test_stock_is_corrected_with_a_reason(world):
    seller = world.seller(programme="self-managed")
    offer = world.offer(seller, stock=5)
    row = Stock.objects.get(sku=offer.sku)
    client = client_of(world, seller)
    assert client.post(to("stock_adjustment", row.id), {"counted": "3", "expected": "5"}).status_code == 422
    typed = {"counted": "3", "expected": "5", "reason": "two were broken"}
    assert client.post(to("stock_adjustment", row.id), typed).status_code == 302
    row.refresh_from_db()
    assert row.on_hand == 3
    assert "two were broken" in words(client, to("stock_row", row.id))


def test_an_order_leaves_in_two_parcels(world):
    seller = world.seller(programme="self-managed")
    offer = world.offer(seller, stock=9)
    ordered = shipping.order(world, (offer, 3))
    suborder = Suborder.objects.get(order=ordered)
    (line,) = shipping.lines_of(ordered)
    client, number, field = client_of(world, seller), suborder.number, f"units-{line.id}"

    assert client.post(to("order_acceptance", number)).status_code == 302
    assert WorkItem.objects.get(suborder=suborder).state == "accepted"
    assert client.post(to("order_parcels", number), {field: "4"}).status_code == 409
    assert client.post(to("order_parcels", number), {field: "0"}).status_code == 422
    assert client.post(to("order_parcels", number), {field: "2", "weight_g": "900"}).status_code == 302
    parcel = Parcel.objects.get(reference_id=suborder.id)
    made = client.post(to("parcel_label", number, parcel.number))
    assert made.status_code == 200 and made.content.startswith(b"%PDF-")

    handover = to("parcel_handover", number, parcel.number)
    assert client.post(handover, {"carrier": "harbour"}).status_code == 422
    assert client.post(handover, {"carrier": "harbour", "tracking_number": "HP1"}).status_code == 302
    page = words(client, to("order", number))
    assert "1 to ship, 2 on the way" in page and "HP1" in page and "Straße des 17. Juni 135" in page
    client.post(to("order_parcels", number), {field: "1"})
    second = Parcel.objects.get(reference_id=suborder.id, state="packed")
    assert client.post(to("parcel_unpacking", number, second.number)).status_code == 302
    client.post(to("order_parcels", number), {field: "1"})
    third = Parcel.objects.get(reference_id=suborder.id, state="packed")
    last = to("parcel_handover", number, third.number)
    assert client.post(last, {"carrier": "harbour", "tracking_number": "HP2"}).status_code == 302
    suborder.refresh_from_db()
    assert suborder.state == "shipped"
    assert "Nothing is waiting to be shipped" in words(client, to("orders"))


def test_who_does_not_ship_sees_no_address(world):
    seller = world.seller(programme="fully-managed")
    offer = world.offer(seller)
    suborder = Suborder.objects.get(order=shipping.order(world, (offer, 1)))
    client = client_of(world, seller)
    page = words(client, to("order", suborder.number))
    assert "Shipped for you by" in page and "Straße des 17. Juni" not in page and "ada@example.org" not in page
    assert client.post(to("order_acceptance", suborder.number)).status_code == 404


def test_a_return_is_taken_in_and_refunded(world):
    shop = furnish(world, world.seller("ours", programme="self-managed"))
    client, number = client_of(world, shop.seller), shop.case.number
    line_id = shipping.lines_of(shop.done_order.order)[0].id
    assert client.post(to("return_receipt", number), {f"units-{line_id}": "0"}).status_code == 422
    typed = {f"units-{line_id}": "1", f"disposition-{line_id}": "restock"}
    assert client.post(to("return_receipt", number), typed).status_code == 302
    assert client.post(to("return_refund", number)).status_code == 302
    shop.case.refresh_from_db()
    assert shop.case.state == "refunded"
    assert "Refunded" in words(client, to("return", number))


def test_a_programme_is_accepted_as_it_was_seen(world):
    seller = world.seller(programme="self-managed")
    client = client_of(world, seller)
    version = world.programme("fully-managed")
    for kind in ("business_licence", "identity", "bank_account"):
        _accepted(world, seller, kind)
    address = to("acceptance", "DE", version.id)
    assert "Who bears the risk" in words(client, to("programme", "DE", version.id))
    assert client.post(address, {"agrees": "on", "seen_hash": "0" * 64}).status_code == 409
    assert client.post(address, {"seen_hash": version.content_hash}).status_code == 422
    assert client.post(address, {"agrees": "on", "seen_hash": version.content_hash}).status_code == 302
    enrolment = Enrolment.objects.get(seller=seller, programme_code="fully-managed")
    world.pass_time(hours=1)
    assert client.post(to("enrolment_end", enrolment.id), {"reason": ""}).status_code == 422
    assert client.post(to("enrolment_end", enrolment.id), {"reason": "does not pay"}).status_code == 302
    enrolment.refresh_from_db()
    assert enrolment.valid_until == world.now


def _accepted(world: World, seller: Seller, kind: str) -> None:
    from entrepot.domain.sellers import services
    from entrepot.kernel.actors import SYSTEM

    made = services.submit_document(seller_id=seller.pk, kind=kind, now=world.now, reference="x")
    services.decide_document(document_id=made.id, accept=True, actor=SYSTEM, reason="seen", now=world.now)


def test_somebody_applies_and_hands_in_documents(world):
    client = Client()
    typed = {
        "name": "North Wharf Tools", "country": "DE", "settlement_currency": "EUR", "person": "Nia Wharf",
        "email": "nia@northwharf.example", "password": "short", "idempotency_key": "again",
    }  # fmt: skip
    weak = client.post(to("apply"), typed)
    assert weak.status_code == 422 and "short" not in re.findall(r'value="([^"]*)"', weak.content.decode())
    assert client.post(to("apply"), typed | {"password": "a wharf in the north"}).headers["Location"] == to(
        "application"
    )
    assert not IdempotencyKey.objects.exists(), "a request with a password leaves no trace"
    assert "Being looked at" in words(client, to("application"))
    assert client.post(to("application_documents"), {"kind": "vat_number"}).status_code == 422
    assert client.post(to("application_documents"), {"kind": "vat_number", "reference": "DE1"}).status_code == 302
    assert SellerDocument.objects.get().reference == "DE1"
    assert Client().post(to("apply"), typed | {"password": "a wharf in the north"}).status_code in (409, 422)
    second = {name: typed[name] for name in ("name", "country", "settlement_currency", "idempotency_key")}
    assert "will own the firm" in words(client, to("apply")), "who is signed in makes no second account"
    assert client.post(to("apply"), second | {"name": "South Wharf Tools"}).status_code == 302


def test_a_seller_cancels_what_it_cannot_send_and_nothing_else(world):
    seller = world.seller("ours", programme="semi-managed-local-stock")
    offer = world.offer(seller)
    ordered = shipping.order(world, (offer, 3))
    (line,) = shipping.lines_of(ordered)
    number = Suborder.objects.get(order=ordered).number
    client = client_of(world, seller)
    page = words(client, to("order", number))
    assert "You cannot send it?" in page and "answer" in page
    assert "To accept (now)" in page, "the step that is next, not the one after"
    sent = {"line": line.id.hex, "quantity": "1", "reason": "One broke", "idempotency_key": "k"}
    assert client.post(to("order_cancellation", number), sent | {"reason": ""}).status_code == 422
    too_many = client.post(to("order_cancellation", number), sent | {"quantity": "4", "idempotency_key": "m"})
    assert too_many.status_code in (409, 422) and "One broke" in too_many.content.decode()
    for _again in range(2):
        assert client.post(to("order_cancellation", number), sent).status_code == 302
    (line,) = shipping.lines_of(ordered)
    assert line.cancelled_qty == 1
    stranger = shipping.lines_of(shipping.order(world, (world.offer(world.seller("theirs")), 1)))[0]
    foreign = client.post(to("order_cancellation", number), sent | {"line": stranger.id.hex, "idempotency_key": "f"})
    assert foreign.status_code == 422
    staff = client_of(world, seller, "seller.staff")
    assert staff.post(to("order_cancellation", number), sent).status_code == 403
    assert "You cannot send it?" not in words(staff, to("order", number))


def test_what_is_missing_is_said_once_and_leaves_from_elsewhere(world):
    seller = world.seller("ours", programme="semi-managed-local-stock")
    offer = world.offer(seller, stock=3)
    ordered = shipping.order(world, (offer, 3))
    (line,) = shipping.lines_of(ordered)
    number = Suborder.objects.get(order=ordered).number
    other = world.node("ours-2", operator=seller.organisation, kind="seller_premises", country="DE")
    world.stock(seller, offer.sku, 5, node=other)
    client = client_of(world, seller)
    assert "They are missing" in words(client, to("order", number))
    sent = {f"missing-{line.id}": "2", "reason": "The bin is empty", "idempotency_key": "k"}
    assert client.post(to("order_absence", number), sent | {"reason": ""}).status_code == 422
    for _again in range(2):
        assert client.post(to("order_absence", number), sent).status_code == 302
    old, new = Suborder.objects.filter(order=ordered).order_by("number")
    assert shipping.lines_of(ordered)[1].quantity == 2 and new.node_id == other.id
    page = words(client, to("order", new.number))
    assert f"Takes the place of goods of {old.number} that were missing" in page and "The promise stands." in page
    assert "Not found where they should stand" in words(client, to("order", old.number))
    staff = client_of(world, seller, "seller.staff")
    shown = words(staff, to("order", number))
    assert "tell whoever may correct the stock" in shown and "They are missing" not in shown
    assert staff.post(to("order_absence", number), sent).status_code == 403
