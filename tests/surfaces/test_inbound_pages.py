"""From “what to order” at the desk through the seller's pages to the warehouse's, each by its forms."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

import shipping
import stocking
from entrepot.domain.inbound import costing, ways
from entrepot.domain.inbound.models import Carton, Discrepancy, Shipment, StockOrder
from entrepot.domain.inventory.models import Stock
from entrepot.domain.logistics import publishing, seaways
from entrepot.domain.pricing.models import RetailPrice, SupplyQuote
from entrepot.domain.settlement.models import Accrual
from entrepot.kernel import clock
from entrepot.kernel.actors import SYSTEM
from shopping import refused
from surfaces.desk.desks import browser, text_of
from surfaces.seller.shops import client_of
from worlds import DUTY_MINOR, World


@pytest.fixture
def world(database, monkeypatch) -> World:
    """A market whose moment the pages read."""
    made = World()
    monkeypatch.setattr(clock, "now", lambda: made.now)
    return made


@pytest.fixture
def offer(world):
    seller = world.seller("factory", programme="fully-managed", currency="CNY")
    return world.offer(seller, price="29.99", supply="88.00", stock=20, title="Porcelain mug")


def test_from_a_shortage_to_stock(world, offer):
    for _ in range(3):
        shipping.order(world, (offer, 6))
    world.pass_time(hours=1)
    desk = browser(world, "operator.merchandiser")
    page = desk.get(reverse("desk:restock"))
    assert "Porcelain mug" in text_of(page)
    suggested = re.search(rf'name="quantity-{offer.id}" value="(\d+)"', page.content.decode())[1]
    assert suggested == "16", "18 units in 14 days, 14 days to cover, 2 free"
    wrong = desk.post(reverse("desk:restock_preview"), {"offer": str(offer.id), f"quantity-{offer.id}": "many"})
    assert wrong.status_code == 422 and 'value="many"' in wrong.content.decode()
    chosen = {"offer": str(offer.id), f"quantity-{offer.id}": "40", "note": "before the season"}
    preview = desk.post(reverse("desk:restock_preview"), chosen)
    assert preview.status_code == 200 and "3,520" in text_of(preview)
    assert not StockOrder.objects.exists(), "a preview asks nobody"
    again = chosen | {"idempotency_key": "one-key"}
    for _ in range(2):
        assert desk.post(reverse("desk:restock_orders"), again).status_code == 302
    order = StockOrder.objects.get()

    seller = client_of(world, offer.seller)
    assert order.number in text_of(seller.get(reverse("seller:stock_orders")))
    shown = seller.get(reverse("seller:stock_order", args=[order.number]))
    assert "Porcelain mug" in text_of(shown) and "before the season" in text_of(shown)
    too_many = seller.post(reverse("seller:stock_order_counter", args=[order.number]), {"quantity-1": "41"})
    assert too_many.status_code == 422 and 'value="41"' in too_many.content.decode()
    later = (order.deliver_by + timedelta(days=7)).date()
    counter = {"quantity-1": "30", "deliver_on": later.isoformat(), "note": "one kiln"}
    assert seller.post(reverse("seller:stock_order_counter", args=[order.number]), counter).status_code == 302
    assert order.number in text_of(desk.get(reverse("desk:stock_orders")))
    assert desk.post(reverse("desk:stock_order_decision", args=[order.number])).status_code == 302

    packing = seller.post(reverse("seller:stock_order_packing", args=[order.number]))
    shipment = Shipment.objects.get()
    assert packing["Location"] == reverse("seller:shipment", args=[shipment.number])
    args = [shipment.number]
    measures = {"weight_kg": "7.5", "length_cm": "40", "width_cm": "30", "height_cm": "30.5"}
    empty = seller.post(reverse("seller:shipment_cartons", args=args), measures | {"copies": "1", "units-1": "0"})
    assert empty.status_code == 422 and 'value="7.5"' in empty.content.decode()
    packed = seller.post(reverse("seller:shipment_cartons", args=args), measures | {"copies": "3", "units-1": "10"})
    assert packed.status_code == 302 and Carton.objects.filter(height_mm=305, weight_g=7500).count() == 3
    for kind in ("labels", "packing-list"):
        paper = seller.post(reverse("seller:shipment_paper", args=[*args, kind]))
        assert paper["Content-Type"] == "application/pdf" and paper.content.startswith(b"%PDF")
    past = seller.post(reverse("seller:shipment_announcement", args=args), {"expected_on": "2020-01-01"})
    assert past.status_code == 422
    when = {"expected_on": (world.now + timedelta(days=4)).date().isoformat()}
    assert seller.post(reverse("seller:shipment_announcement", args=args), when).status_code == 302
    assert seller.post(reverse("seller:shipment_departure", args=args), {"carrier": "Truck"}).status_code == 302

    house = browser(world, "operator.warehouse")
    assert shipment.number in text_of(house.get(reverse("desk:shipments")))
    first, second, third = Carton.objects.order_by("id").values_list("barcode", flat=True)
    found = house.get(reverse("desk:shipments"), {"carton": first.lower()})
    assert found["Location"] == reverse("desk:shipment", args=args)
    assert house.post(reverse("desk:shipment_arrival", args=args)).status_code == 302
    scans = reverse("desk:shipment_scans", args=args)
    unknown = house.post(scans, {"barcode": "K-0000-0000-0000"})
    assert unknown.status_code == 422 and "K-0000-0000-0000" in unknown.content.decode()
    for barcode in (first, first, f"{second} {third}"):
        assert house.post(scans, {"barcode": barcode}).status_code == 302
    counts = reverse("desk:shipment_counts", args=args)
    damaged = {"sku": offer.sku.code, "quantity": "2", "condition": "damaged", "note": "", "idempotency_key": "k1"}
    for _ in range(2):
        assert house.post(counts, damaged).status_code == 302
    lower = {"sku": offer.sku.code, "quantity": "-2", "condition": "new"}
    unexplained = house.post(counts, lower)
    assert unexplained.status_code == 422
    assert house.post(counts, lower | {"note": "two are cracked"}).status_code == 302
    inspection = reverse("desk:shipment_inspections", args=[*args, offer.sku_id])
    assert house.post(inspection, {"defects": "0"}).status_code == 302
    assert house.post(reverse("desk:shipment_closing", args=args), {"keep_damaged": "on"}).status_code == 302
    assert sorted(Stock.objects.values_list("condition", "on_hand")) == [("damaged", 2), ("new", 48)]
    assert Discrepancy.objects.get().kind == "damaged"
    for client, name in ((seller, "seller"), (house, "desk"), (desk, "desk")):
        page = client.get(reverse(f"{name}:shipment", args=args))
        assert "Damaged" in text_of(page), name
    order.refresh_from_db()
    assert order.state == "received"
    assert "Received" in text_of(desk.get(reverse("desk:stock_order", args=[order.number])))


def test_a_seller_that_plans_for_itself_announces_what_it_sends(world):
    seller = world.seller("brand", programme="semi-managed-local-stock")
    offer = world.offer(seller, stock=0)
    node = world.node("partner-de", operator=world.partner(), kind="third_party_overseas", country="DE")
    client = client_of(world, seller)
    assert "New shipment" in text_of(client.get(reverse("seller:shipment_new")))
    begun = client.post(reverse("seller:shipment_new"), {"enrolment": offer.enrolment_id.hex, "node": node.id.hex})
    shipment = Shipment.objects.get()
    assert begun["Location"] == reverse("seller:shipment", args=[shipment.number])
    cartons = reverse("seller:shipment_cartons", args=[shipment.number])
    measures = {"copies": "1", "weight_kg": "2", "length_cm": "20", "width_cm": "20", "height_cm": "20"}
    for text, said in (("nothing", "Line 1"), ("sku-none, 4", "no article")):
        wrong = client.post(cartons, measures | {"units": text})
        assert wrong.status_code == 422 and said in text_of(wrong) and text in wrong.content.decode()
    assert client.post(cartons, measures | {"units": f"{offer.sku.code}\t12\n"}).status_code == 302
    partner = browser(world, "partner.warehouse", world.partner())
    assert partner.get(reverse("desk:shipment", args=[shipment.number])).status_code == 404, "a draft is the seller's"
    when = {"expected_on": (world.now + timedelta(days=2)).date().isoformat(), "carrier": "Own van"}
    assert client.post(reverse("seller:shipment_announcement", args=[shipment.number]), when).status_code == 302
    assert partner.get(reverse("desk:shipment", args=[shipment.number])).status_code == 200
    assert partner.post(reverse("desk:shipment_arrival", args=[shipment.number])).status_code == 302
    assert (
        partner.post(
            reverse("desk:shipment_turning_away", args=[shipment.number]), {"reason": "wet cartons"}
        ).status_code
        == 302
    )
    shipment.refresh_from_db()
    assert shipment.state == "refused"
    assert "wet cartons" in text_of(client.get(reverse("seller:shipment", args=[shipment.number])))


def test_many_offers_are_decided_over_at_once(world, offer):
    self_managed = world.offer(world.seller("workshop", programme="self-managed"), price="9.99")
    desk = browser(world, "operator.merchandiser")
    assert "Porcelain mug" in text_of(desk.get(reverse("desk:merchandise")))
    both = {"offer": [str(offer.id), str(self_managed.id)], "act": "supply", "percent": "-10", "note": "volume"}
    preview = desk.post(reverse("desk:merchandise_preview"), both)
    assert preview.status_code == 200
    assert "79.20" in text_of(preview) and "1 refused" in text_of(preview)
    assert not SupplyQuote.objects.filter(made_by_party="platform").exists()
    assert desk.post(reverse("desk:merchandise_acts"), both | {"idempotency_key": "x1"}).status_code == 302
    step = SupplyQuote.objects.get(made_by_party="platform")
    assert (step.offer_id, step.amount_minor) == (offer.id, 7920)
    far = desk.post(reverse("desk:merchandise_preview"), both | {"percent": "-95"})
    assert far.status_code == 422

    admin = browser(world)
    admin.post(
        reverse("desk:price_rule", args=["DE"]),
        {"act": "set", "markup": "150", "ending": "99", "reason": "spring prices"},
    )
    every = {"everything": "on", "market": "DE", "act": "rule"}
    preview = desk.post(reverse("desk:merchandise_preview"), every)
    assert preview.status_code == 200 and "Margin" in text_of(preview)
    before = RetailPrice.objects.get(offer=offer, valid_until=None).amount_minor
    chosen = {"offer": [str(offer.id), str(self_managed.id)], "act": "rule"}
    world.pass_time(minutes=5)
    assert desk.post(reverse("desk:merchandise_acts"), chosen).status_code == 302
    assert RetailPrice.objects.get(offer=offer, valid_until=None).amount_minor != before
    nothing = desk.post(reverse("desk:merchandise_preview"), {"act": "sale"})
    assert nothing.status_code == 422


def test_a_cent_of_goods_bought_leads_to_its_stock_order_and_what_comes_is_seen(world):
    seller = world.seller("mill", programme="shein-self-run", currency="CNY")
    bought = world.offer(seller, supply="60.00", stock=0)
    order = stocking.accept(world, stocking.ask(world, bought))
    shipment = stocking.pack(world, order)
    client, desk = client_of(world, seller), browser(world)
    assert "On the way" in text_of(client.get(reverse("seller:stock")))
    assert "On the way" in text_of(desk.get(reverse("desk:stock")))
    stocking.receive(world, shipment, good=20)
    accrual = Accrual.objects.get()
    for page in (
        client.get(reverse("seller:accrual", args=[accrual.id])),
        desk.get(reverse("desk:accrual", args=[accrual.id])),
    ):
        assert order.number in text_of(page) and shipment.number in text_of(page)
    assert "On the way" not in text_of(client.get(reverse("seller:stock")))


def test_settings_count_from_the_day_on_which_they_are_set(world, offer):
    desk = browser(world, "operator.merchandiser")
    address = reverse("desk:inbound_settings")
    assert "starting values" in text_of(desk.get(address))
    row = {
        "programme": "fully-managed", "answer_days": "1", "ship_days": "2", "deliver_days": "4",
            "void_days": "10", "later_days": "3", "sales_days": "7",
        "cover_days": "21", "inspection_level": "II", "aql": "4.0", "source": "contract 7", "reason": "spring season",
    }  # fmt: skip
    wrong = desk.post(address, row | {"sales_days": "0"})
    assert wrong.status_code == 422 and 'value="21"' in wrong.content.decode()
    assert desk.post(address, row).status_code == 302
    page = text_of(desk.get(address))
    assert "contract 7" in page and "AQL 4" in page
    order = stocking.ask(world, offer)
    # Past the cut-off in China a Monday's order counts on Tuesday, and Wednesday is the one day to answer.
    assert order.answer_by.date() == (world.now + timedelta(days=2)).date()


def test_a_time_at_the_dock_from_hours_to_the_day(world, offer):
    order = stocking.accept(world, stocking.ask(world, offer))
    shipment = stocking.pack(world, order)
    desk, seller = browser(world, "operator.warehouse"), client_of(world, offer.seller)
    args = [shipment.number]
    assert "Time at the dock" not in text_of(seller.get(reverse("seller:shipment", args=args)))
    hours = {
        "opens_at": "09:00", "closes_at": "12:00", "slot_minutes": "60", "at_once": "1", "grace_minutes": "30",
        "is_required": "on", "reason": "one ramp",
    }  # fmt: skip
    address = reverse("desk:dock_hours", args=["platform-cn"])
    assert desk.post(address, hours | {"closes_at": "09:30"}).status_code == 422
    assert desk.post(address, hours).status_code == 302
    shown = seller.get(reverse("seller:shipment", args=args))
    assert "lets in only who has booked" in text_of(shown) and "Deadlines" in text_of(shown)
    first = re.search(r'<option value="(20\d\d-[^"]+)"', shown.content.decode())[1]
    wrong = seller.post(reverse("seller:shipment_slot", args=args), {"starts_at": "2020-01-01T09:00:00+00:00"})
    assert wrong.status_code == 409 and "is not free" in text_of(wrong)
    assert seller.post(reverse("seller:shipment_slot", args=args), {"starts_at": "soon"}).status_code == 422
    assert seller.post(reverse("seller:shipment_slot", args=args), {"starts_at": first}).status_code == 302
    page = desk.get(reverse("desk:docks"), {"node": "platform-cn", "day": first[:10]})
    assert shipment.number in text_of(page) and "1 vehicle has a time" in text_of(page)
    assert seller.post(reverse("seller:shipment_slot_return", args=args)).status_code == 302
    refused = desk.post(reverse("desk:shipment_arrival", args=args))
    assert refused.status_code == 409 and "no slot" in text_of(refused)
    assert desk.post(reverse("desk:shipment_arrival", args=args), {"without_slot": "on"}).status_code == 302


def test_bills_of_a_way_become_the_landed_cost_of_a_unit(world, offer):
    shipment = stocking.pack(world, stocking.accept(world, stocking.ask(world, offer)))
    desk, seller, args = browser(world, "operator.finance"), client_of(world, offer.seller), [shipment.number]
    bill = {
        "kind": "freight", "issuer": "Blue Line", "document_number": "BL-1", "incurred_on": f"{world.now.date()}",
        "currency": "CNY", "amount": "1000.01", "share_by": "weight",
    }  # fmt: skip
    wrong = desk.post(reverse("desk:shipment_cost", args=args), bill | {"amount": "much"})
    assert wrong.status_code == 422 and 'value="much"' in wrong.content.decode()
    assert desk.post(reverse("desk:shipment_cost", args=args), bill).status_code == 302
    own = bill | {"document_number": "T-9", "kind": "drayage", "amount": "-0.01"}
    assert seller.post(reverse("seller:shipment_cost", args=args), own).status_code == 302
    assert desk.post(reverse("desk:shipment_landed_cost", args=args), {"currency": "CNY"}).status_code == 409
    stocking.receive(world, shipment, good=20)
    assert desk.post(reverse("desk:shipment_landed_cost", args=args), {"currency": "CNY"}).status_code == 302
    for page in (desk.get(reverse("desk:shipment", args=args)), seller.get(reverse("seller:shipment", args=args))):
        shown = text_of(page)
        assert "Landed cost" in shown and "50.00" in shown and "Blue Line" in shown and "Version 1" in shown


def test_the_way_of_a_shipment_moves_leg_by_leg(world, offer):
    publishing.publish_lanes(actor=SYSTEM, text=LANES, now=world.now)
    shipment = stocking.pack(world, stocking.accept(world, stocking.ask(world, offer)))
    seller, desk, args = client_of(world, offer.seller), browser(world, "operator.warehouse"), [shipment.number]
    today = world.now.date()
    plan = {"lane": "vn-cn", "ready_on": f"{today}"}
    assert seller.post(reverse("seller:shipment_lane", args=args), plan | {"lane": "nowhere"}).status_code == 422
    assert seller.post(reverse("seller:shipment_lane", args=args), plan).status_code == 302
    legs = ways.list_legs(shipment.id)
    far = seaways.distance("Ho Chi Minh City", "Shanghai").km
    assert [(each.distance_km, each.done_on) for each in legs] == [(0, None), (far, None), (0, None)]
    shown = seller.get(reverse("seller:shipment", args=args)).content.decode()
    assert '<svg class="way"' in shown and f"{far} km" in shown and 'class="way-stop way-here"' in shown
    done = {"position": "2", "done_on": f"{today}"}
    assert seller.post(reverse("seller:shipment_leg", args=args), done).status_code == 409, "one after the other"
    late = legs[0].promised_on + timedelta(days=4)
    world.pass_time(days=60)
    assert (
        seller.post(reverse("seller:shipment_leg", args=args), {"position": "1", "done_on": f"{late}"}).status_code
        == 302
    )
    again = seller.post(reverse("seller:shipment_lane", args=args), plan)
    assert again.status_code in (409, 422), "what is under way is not planned anew"
    for position, leg in enumerate(legs[1:], start=2):
        day = {"position": f"{position}", "done_on": f"{leg.promised_on + timedelta(days=4)}"}
        assert desk.post(reverse("desk:shipment_leg", args=args), day).status_code == 302
    for person, surface in ((desk, "desk"), (seller, "seller")):
        with CaptureQueriesContext(connection) as asked:
            assert "4 days late by" in text_of(person.get(reverse(f"{surface}:shipment", args=args)))
        assert len(asked) <= 25, [each["sql"][:90] for each in asked]
    assert [(each.leg, each.days) for each in ways.who_delayed(ways.list_legs(shipment.id))] == [("truck", 4)]


LANES = """lane,title,origin,destination,valid_from,source,leg,task,mode,from,to,country,days
vn-cn,By sea from Vietnam,VN,CN,2020-01-01,test,truck,first_mile,truck,Saigon,Ho Chi Minh City port,VN,1-2
,,,,,,sea,line_haul,sea,Ho Chi Minh City port,Shanghai port,,
,,,,,,clearance,customs,clearance,Shanghai port,Shanghai port,CN,1-3
"""


def test_what_the_border_takes_is_reckoned_on_a_page_of_its_own(world, offer):
    shipment = stocking.pack(world, stocking.accept(world, stocking.ask(world, offer)))
    hall = world.node("hall-de", operator=world.operator, kind="platform_overseas", country="DE")
    Shipment.objects.filter(id=shipment.id).update(node=hall)
    desk, seller = browser(world, "operator.admin"), client_of(world, offer.seller)
    for surface, reader in (("desk", desk), ("seller", seller)):
        address = reverse(f"{surface}:shipment", args=[shipment.number])
        assert 'href="?border"' in reader.get(address).content.decode()
        page = reader.get(f"{address}?border")
        assert page.status_code == 200
        assert f"€{20 * DUTY_MINOR / 100:.2f}" in text_of(page), "20 units at the levy of each"
        assert f'href="{address}"' in page.content.decode()
    assert desk.get(reverse("desk:shipment", args=["IN-0000-0000"]) + "?border").status_code == 404


def test_goods_without_an_agreed_price_are_worth_what_is_said_of_them(world):
    offer = world.offer(world.seller("retail", programme="semi-managed-local-stock"), stock=0)
    shipment = stocking.send(world, offer, 12)
    desk, seller = browser(world, "operator.admin"), client_of(world, offer.seller)
    address = reverse("seller:shipment", args=[shipment.number])
    assert "cannot be reckoned" in text_of(seller.get(f"{address}?border"))
    name = f"value-{offer.sku_id.hex}"
    typed = {name: "4.50", "currency": "EUR", "reason": "invoice of the maker"}
    to = reverse("seller:shipment_values", args=[shipment.number])
    for wrong in ({"reason": ""}, {name: "0"}, {name: "much"}):
        assert seller.post(to, typed | wrong).status_code == 422
    assert seller.post(to, typed).status_code == 302
    shipment.refresh_from_db()
    assert (shipment.customs_currency, shipment.customs_values) == ("EUR", {str(offer.sku_id): 450})
    page = seller.get(f"{address}?border")
    assert f"€{12 * DUTY_MINOR / 100:.2f}" in text_of(page) and 'value="4.50"' in page.content.decode()
    [goods] = costing.goods_of(shipment, needed=["value"])
    assert (goods.value_minor, goods.currency) == (5400, "EUR")
    assert desk.post(reverse("desk:shipment_values", args=[shipment.number]), typed | {name: ""}).status_code == 302
    assert "cannot be reckoned" in text_of(desk.get(reverse("desk:shipment", args=[shipment.number]) + "?border"))


def test_an_agreed_price_is_the_value_and_no_other(world, offer):
    shipment = stocking.pack(world, stocking.accept(world, stocking.ask(world, offer)))
    with refused("inbound.value_agreed"):
        costing.set_values(
            shipment_id=shipment.id, currency="EUR", values={offer.sku_id: 5}, reason="cheaper", actor=SYSTEM,
            now=world.now,
        )  # fmt: skip


def test_goods_that_cross_no_border_have_no_such_page(world, offer):
    shipment = stocking.pack(world, stocking.accept(world, stocking.ask(world, offer)))
    address = reverse("seller:shipment", args=[shipment.number])
    seller = client_of(world, offer.seller)
    assert 'href="?border"' not in seller.get(address).content.decode()
    assert seller.get(f"{address}?border").status_code == 404
