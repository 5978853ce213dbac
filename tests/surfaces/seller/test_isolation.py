"""Whose rows a page shows: a seller's own, whichever address somebody types."""

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from entrepot.domain.accounts import services as accounts
from entrepot.kernel import db
from entrepot.kernel.actors import SYSTEM
from entrepot.surfaces.seller.urls import urlpatterns
from entrepot.surfaces.shared import guards
from surfaces.seller.shops import client_of, furnish, sign_in
from worlds import World

#: Routes whose arguments belong to nobody in particular.
COMMON = {"notice"} | {  # a notice is a person's: see test_notices
    "programme",
    "acceptance",
    "programme_comparison",
    "upload_new",
    "upload_template",
    "upload_content",
}
PLAIN = {pattern.name for pattern in urlpatterns if not pattern.pattern.converters}
PUBLIC = {"apply"}
POSTED = {
    "offer_price", "offer_price_plans", "upload_run", "upload_drop", "parcel_claim",
    "offer_supply_price", "offer_supply_answer", "offer_sale", "offer_pause", "offer_archiving",
    "product_content", "product_offers", "product_pictures", "product_picture_order", "product_variants",
    "stock_adjustment", "order_acceptance", "order_cancellation", "order_absence", "order_parcels", "parcel_label",
    "parcel_booking", "parcel_cancellation", "parcel_giving_up",
    "parcel_handover", "parcel_unpacking", "return_receipt", "return_refund", "enrolment_end",
    "conversation_messages", "conversation_handing", "conversation_state",
    "stock_order_acceptance", "stock_order_counter", "stock_order_refusal", "stock_order_packing",
    "shipment_cartons", "shipment_carton_removal", "shipment_announcement", "shipment_departure",
    "shipment_cancellation", "shipment_paper", "shipment_slot", "shipment_slot_return", "shipment_lane",
    "shipment_leg", "shipment_cost", "shipment_values", "shipment_landed_cost",
    "vendor_return_acceptance", "vendor_return_giving_up", "vendor_return_cancellation",
    "team_role", "team_end", "team_withdrawal", "key_revocation",
}  # fmt: skip


@pytest.fixture
def world(database) -> World:
    return World()


def test_every_route_is_404_for_the_wrong_seller(world, monkeypatch):
    monkeypatch.setattr(db, "assert_no_transaction", lambda: None)  # what its own seller sends is taken back
    shop = furnish(world, world.seller("ours", programme="self-managed"))
    other = client_of(world, world.seller("theirs", programme="self-managed"))
    own = client_of(world, shop.seller)
    addresses = shop.addresses()
    names = {pattern.name for pattern in urlpatterns}
    assert names == PLAIN | COMMON | addresses.keys(), "a new route says here what belongs to a seller in it"

    for name, arguments in addresses.items():
        address = reverse(f"seller:{name}", args=arguments)
        method = "post" if name in POSTED else "get"
        assert getattr(other, method)(address).status_code == 404, address
        if method == "get":
            assert own.get(address).status_code == 200, address
        else:  # its own seller comes through, whatever is said of an empty form; nothing of it stays
            with transaction.atomic(), monkeypatch.context() as within:
                within.setattr(guards, "is_walled", lambda *_asked: False)  # walls go up outside of transactions
                assert own.post(address).status_code in (200, 302, 409, 422), address
                transaction.set_rollback(True)


def test_nothing_of_another_seller_stands_on_a_list(world):
    shop = furnish(world, world.seller("ours", programme="self-managed"))
    theirs = client_of(world, world.seller("theirs", programme="self-managed"))
    told = [
        shop.offer.sku.code,
        shop.open_order.number,
        shop.done_order.number,
        shop.case.number,
        shop.statement.number,
    ]
    own = client_of(world, shop.seller)
    seen = set()
    for name in PLAIN - PUBLIC - {"acceptances", "works", "application_documents", "vendor_return_asking"}:
        address = reverse(f"seller:{name}")
        foreign, mine = theirs.get(address), own.get(address)
        if foreign.status_code == 405:
            continue  # it takes forms only
        assert (foreign.status_code, mine.status_code) == (200, 200), address
        page = mine.content.decode()
        seen |= {word for word in told if word in page}
        assert not [word for word in told if word in foreign.content.decode()], address
    assert seen == set(told)


def test_nobody_without_a_shop_comes_in(world):
    world.seller("ours", programme="self-managed")
    guest = Client()
    operator = sign_in_operator(world)
    for name in PLAIN - PUBLIC:
        address = reverse(f"seller:{name}")
        assert guest.get(address).status_code in (302, 405), address
        assert operator.get(address).status_code in (403, 405), address


def sign_in_operator(world: World) -> Client:
    """A browser of the operator's."""
    user = world.user()
    accounts.join(actor=SYSTEM, user=user, organisation=world.operator, role="operator.admin", now=world.now)
    return sign_in(user)


def test_staff_sees_work_and_no_money(world):
    shop = furnish(world, world.seller("ours", programme="self-managed"))
    staff = client_of(world, shop.seller, role="seller.staff")
    assert staff.get(reverse("seller:orders")).status_code == 200
    assert staff.get(reverse("seller:statement", args=[shop.statement.number])).status_code == 403
    assert staff.post(reverse("seller:offer_price", args=[shop.offer.id]), {"amount": "1"}).status_code == 403
    assert shop.statement.number not in staff.get(reverse("seller:overview")).content.decode()


def test_a_form_without_its_token_does_nothing(world):
    seller = world.seller("ours", programme="self-managed")
    offer = world.offer(seller)
    client = client_of(world, seller)
    client.handler.enforce_csrf_checks = True
    assert client.post(reverse("seller:offer_pause", args=[offer.id])).status_code == 403
    offer.refresh_from_db()
    assert offer.status == "live"
