"""The warehouse's pages: from a suborder to a delivered parcel, goods in, returns; partners see their own nodes."""

import pytest
from django.test import Client
from django.urls import reverse

import shipping
from entrepot.domain.aftersales.models import ReturnCase
from entrepot.domain.inventory.models import Stock
from entrepot.domain.logistics.models import Parcel, TrackingEvent
from entrepot.domain.orders.models import OrderLine, Suborder, WorkItem
from entrepot.flows import returns
from entrepot.kernel.actors import SYSTEM
from surfaces.desk.desks import browser, key_in, text_of
from worlds import World


@pytest.fixture
def ordered(world: World) -> Suborder:
    """Three units to ship from the platform's warehouse."""
    managed = world.seller("factory", programme="fully-managed", currency="CNY")
    offer = world.offer(managed, price="29.99", supply="88.00", stock=20)
    return Suborder.objects.get(order=shipping.order(world, (offer, 3)))


def test_from_acceptance_to_the_door(world: World, ordered: Suborder) -> None:
    desk = browser(world, "operator.warehouse")
    item = WorkItem.objects.get()
    page = desk.get(reverse("desk:warehouse"))
    assert ordered.number in text_of(page)
    assert desk.post(reverse("desk:acceptances"), {"work": [str(item.id)]}).status_code == 302
    item.refresh_from_db()
    assert item.state == "accepted"
    again = desk.post(reverse("desk:acceptances"), {})
    assert again.status_code == 422 and "Choose what you take on." in text_of(again)

    work = reverse("desk:work", args=[ordered.number])
    too_many = desk.post(reverse("desk:parcels", args=[ordered.number]), {"line-1": "7", "weight_g": "900"})
    assert too_many.status_code == 422
    assert 'value="7"' in too_many.content.decode() and 'value="900"' in too_many.content.decode()
    nothing = desk.post(reverse("desk:parcels", args=[ordered.number]), {"line-1": "0"})
    assert "Say what is in the parcel." in text_of(nothing)
    assert desk.post(reverse("desk:parcels", args=[ordered.number]), {"line-1": "2"}).status_code == 302
    parcel = Parcel.objects.get()
    assert parcel.number in text_of(desk.get(work))

    args = [ordered.number, parcel.number]
    label = desk.post(reverse("desk:label", args=args))
    assert label["Content-Type"] == "application/pdf" and label.content.startswith(b"%PDF")
    assert desk.post(reverse("desk:unpacking", args=args)).status_code == 302
    assert Parcel.objects.get(id=parcel.id).state == "cancelled"

    desk.post(reverse("desk:parcels", args=[ordered.number]), {"line-1": "3"})
    parcel = Parcel.objects.get(state="packed")
    args = [ordered.number, parcel.number]
    early = desk.post(reverse("desk:scans", args=args), {"kind": "in_transit"})
    assert early.status_code == 409 and "has not left yet" in text_of(early)
    left = desk.post(reverse("desk:handover", args=args), {"carrier": "swift", "tracking_number": "SW 1"})
    assert left.status_code == 302
    parcel.refresh_from_db()
    assert (parcel.state, parcel.tracking_number) == ("handed_over", "SW 1")

    # A warehouse's word is a claim; the operator speaks for the carrier.
    desk.post(reverse("desk:scans", args=args), {"kind": "delivered", "place": "Berlin"})
    parcel.refresh_from_db()
    assert parcel.state == "handed_over" and TrackingEvent.objects.get(kind="delivered").origin == "claim"
    admin = browser(world)
    assert admin.post(reverse("desk:scans", args=args), {"kind": "delivered", "origin": "carrier"}).status_code == 302
    assert OrderLine.objects.get().delivered_qty == 3


def test_a_double_click_packs_one_parcel(world: World, ordered: Suborder) -> None:
    desk = browser(world)
    key = key_in(desk.get(reverse("desk:work", args=[ordered.number])), "pack")
    for _ in range(2):
        answer = desk.post(
            reverse("desk:parcels", args=[ordered.number]), {"line-1": "1", "weight_g": "", "idempotency_key": key}
        )
        assert answer.status_code == 302
    assert Parcel.objects.count() == 1
    other = desk.post(reverse("desk:parcels", args=[ordered.number]), {"line-1": "2", "idempotency_key": key})
    assert other.status_code == 409 and Parcel.objects.count() == 1


@pytest.fixture
def partner(world: World) -> Client:
    """Somebody at a partner's warehouse, with work and stock of its own there."""
    organisation = world.partner()
    node = world.node("partner-de", operator=organisation, kind="third_party_overseas", country="DE")
    seller = world.seller("brand", programme="semi-managed-local-stock")
    offer = world.offer(seller, price="19.99", stock=10, node=node)
    shipping.order(world, (offer, 2))
    return browser(world, "partner.warehouse", organisation)


def test_a_partner_sees_and_does_the_work_of_its_own_nodes(world: World, ordered: Suborder, partner: Client) -> None:
    own = Suborder.objects.exclude(id=ordered.id).get()
    first = partner.get(reverse("desk:overview"))
    assert "1 order to ship" in text_of(first) and f'href="{reverse("desk:warehouse")}"' in first.content.decode()
    page = text_of(partner.get(reverse("desk:warehouse") + "?of=all"))
    assert own.number in page and ordered.number not in page
    assert partner.get(reverse("desk:work", args=[ordered.number])).status_code == 404
    for name in ("acceptance", "parcels"):
        assert partner.post(reverse(f"desk:{name}", args=[ordered.number])).status_code == 404, name
    foreign = WorkItem.objects.get(suborder=ordered)
    assert partner.post(reverse("desk:acceptances"), {"work": [str(foreign.id)]}).status_code == 404
    assert partner.post(reverse("desk:acceptance", args=[own.number])).status_code == 302
    assert partner.post(reverse("desk:parcels", args=[own.number]), {"line-1": "2"}).status_code == 302
    parcel = Parcel.objects.get()
    answer = partner.post(reverse("desk:handover", args=[own.number, parcel.number]), {"carrier": "swift"})
    assert answer.status_code == 302 and Parcel.objects.get().state == "handed_over"

    stock = text_of(partner.get(reverse("desk:stock") + "?of=all"))
    assert "partner-de" in stock and "platform" not in stock
    overview = text_of(partner.get(reverse("desk:overview")))
    assert "Applicants" not in overview and "everybody" not in overview
    assert "order to ship" not in overview, "it has left"
    for name in ("orders", "sellers", "catalogue", "settlement", "books", "programmes"):
        assert partner.get(reverse(f"desk:{name}")).status_code == 403, name


def test_goods_are_counted_in_once_and_a_bad_line_is_named(world: World, ordered: Suborder) -> None:
    desk = browser(world, "operator.warehouse")
    line = OrderLine.objects.select_related("sku", "suborder").get()
    page = desk.get(reverse("desk:receipts"))
    node = line.suborder.node_id
    sheet = f"{line.sku.code}, 40, LOT-1\n\nno-such-sku\t3\n"
    typed = {"node": str(node), "seller": "factory", "condition": "new"}
    url = reverse("desk:receipts")
    refused = desk.post(url, typed | {"rows": sheet})
    assert refused.status_code == 422 and "Line 3: the seller has no SKU no-such-sku." in text_of(refused)
    assert "LOT-1" in refused.content.decode() and 'value="factory"' in refused.content.decode()
    for bad in ("0", "-1", "1.5", "1000000000000", "", "ten"):
        assert desk.post(url, typed | {"rows": f"{line.sku.code}, {bad}"}).status_code == 422, bad
    unknown = desk.post(url, typed | {"seller": "nobody", "rows": sheet})
    assert "No seller, or more than one, is called so." in text_of(unknown)

    key = key_in(page, "receipt")
    before = sum(Stock.objects.values_list("on_hand", flat=True))
    for _ in range(2):
        answer = desk.post(url, typed | {"rows": f"{line.sku.code}, 40, LOT-1", "idempotency_key": key})
        assert answer["Location"] == reverse("desk:stock")
    assert sum(Stock.objects.values_list("on_hand", flat=True)) == before + 40


def test_a_return_is_taken_in_and_refunded(world: World, ordered: Suborder) -> None:
    shipping.deliver(world, ordered.order)
    line = OrderLine.objects.get()
    (case,) = returns.request_return(
        order_id=ordered.order_id, lines=[(line.id, 2)], reason="defective", actor=SYSTEM, now=world.now
    )
    desk = browser(world, "operator.warehouse")
    assert case.number in text_of(desk.get(reverse("desk:returns")))
    label = desk.post(reverse("desk:return_label", args=[case.number]))
    assert label.content.startswith(b"%PDF")
    url = reverse("desk:reception", args=[case.number])
    beyond = desk.post(url, {"units-1": "5", "disposition-1": "restock"})
    assert beyond.status_code == 422 and 'value="5"' in beyond.content.decode()
    nothing = desk.post(url, {"units-1": "0"})
    assert nothing.status_code == 422 and "Say what came back." in text_of(nothing)
    assert desk.post(url, {"units-1": "1", "disposition-1": "discard"}).status_code == 302
    assert desk.post(reverse("desk:refund", args=[case.number])).status_code == 302
    assert ReturnCase.objects.get().state == "refunded"
    page = text_of(desk.get(reverse("desk:return", args=[case.number])))
    assert "Discard" in page and "Refunded" in page
    late = desk.post(url, {"units-1": "1", "disposition-1": "discard"})
    assert late.status_code == 409


def test_a_partner_does_not_see_returns_of_other_nodes(world: World, ordered: Suborder, partner: Client) -> None:
    shipping.deliver(world, ordered.order)
    line = OrderLine.objects.get(suborder=ordered)
    (case,) = returns.request_return(
        order_id=ordered.order_id, lines=[(line.id, 1)], reason="defective", actor=SYSTEM, now=world.now
    )
    assert case.number not in text_of(partner.get(reverse("desk:returns")))
    for name in ("return", "return_label", "reception", "refund"):
        address = reverse(f"desk:{name}", args=[case.number])
        assert (partner.get if name == "return" else partner.post)(address).status_code == 404, name
