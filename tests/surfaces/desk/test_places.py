"""Places and returns to sellers on the pages: made, put away, counted; asked, agreed on the seller's page, sent."""

import re

from django.urls import reverse

from entrepot.domain.inbound.return_models import VendorReturn
from entrepot.domain.inventory.models import Stock
from entrepot.domain.inventory.place_models import Place, PlaceUnits
from surfaces.desk.desks import browser, text_of
from surfaces.seller.shops import client_of
from worlds import World


def stand(world: World) -> Stock:
    managed = world.seller("factory", programme="fully-managed", currency="CNY")
    world.offer(managed, price="29.99", supply="88.00", stock=20)
    return Stock.objects.select_related("node", "sku", "seller__organisation").get()


def test_a_warehouse_gets_places_and_what_waits_is_put_away_and_counted(world: World) -> None:
    stock, desk = stand(world), browser(world, "operator.warehouse")
    code = stock.node.code
    bad = desk.post(reverse("desk:places_making", args=[code]), {"rows": "A-1..2-1\nA 3"})
    assert bad.status_code == 422 and "Line 2 is to say a place" in text_of(bad)
    desk.post(reverse("desk:places_making", args=[code]), {"rows": "A-1..2-1\nQ-1, quarantine"})
    waiting = desk.get(reverse("desk:stowing"))
    assert "20 units wait at the dock." in text_of(waiting) and "A-1-1" in text_of(waiting)
    move = reverse("desk:stowing_move", args=[code, stock.id])
    wrong = desk.post(move, {"quantity": "3", "place": "B-9"})
    assert wrong.status_code == 422 and "no place B-9" in text_of(wrong)
    assert desk.post(move, {"quantity": "12", "place": "a-2-1"}).status_code == 302
    assert "A-2-1" in text_of(desk.get(reverse("desk:stowing"), {"code": stock.sku.code}))
    place = Place.objects.get(code="A-2-1")
    assert desk.post(
        reverse("desk:place_move", args=[code, place.id, stock.id]), {"quantity": "2", "place": "Q-1"}
    ).status_code == 302  # fmt: skip
    selling = reverse("desk:places_selling", args=[code])
    assert desk.post(selling, {"from_dock": "", "reason": "checked first"}).status_code == 302
    admin = browser(world)
    counted = {stock.id.hex: "9", "reason": "one is gone"}
    assert admin.post(reverse("desk:place_count", args=[code, place.id]), counted).status_code == 302
    found = PlaceUnits.objects.filter(stock=stock).values_list("place__code", "quantity")
    assert dict(found) == {"DOCK": 8, "A-2-1": 9, "Q-1": 2}
    stock.refresh_from_db()
    assert (stock.on_hand, stock.reserved) == (19, 10)
    empty = Place.objects.get(code="A-1-1")
    assert desk.post(reverse("desk:place_archival", args=[code, empty.id])).status_code == 302
    assert desk.get(reverse("desk:place", args=[code, empty.id])).status_code == 404


def test_the_desk_opens_at_a_node_that_has_places(world: World) -> None:
    desk = browser(world, "operator.warehouse")
    for code in ("aa-first", "zz-last"):
        world.node(code, operator=world.operator, kind="platform_overseas", country="DE")
        assert desk.post(reverse("desk:places_making", args=[code]), {"rows": "A-1"}).status_code == 302
        assert f"Places: {code}" in text_of(desk.get(reverse("desk:places")))
        Place.objects.filter(node__code=code).delete()


def test_goods_go_back_from_the_asking_to_the_carrier(world: World) -> None:
    stock, desk = stand(world), browser(world, "operator.warehouse")
    seller = client_of(world, stock.seller)
    named = {"node": stock.node.code, "seller": stock.seller.organisation.code}
    page = desk.get(reverse("desk:vendor_returns"), named)
    assert stock.sku.code in text_of(page)
    day = re.search(r'name="collect_by" value="([0-9-]+)"', page.content.decode())
    assert day
    typed = named | {"cause": "surplus", "collect_by": day[1], "note": "too many"}
    none = desk.post(reverse("desk:vendor_return_asking"), typed)
    assert none.status_code == 422 and "which goods go back" in text_of(none)
    assert desk.post(reverse("desk:vendor_return_asking"), typed | {"units-0": "4"}).status_code == 302
    row = VendorReturn.objects.get()
    assert row.number in text_of(seller.get(reverse("seller:vendor_returns")))
    assert "100 % of the carriage" in text_of(seller.get(reverse("seller:vendor_return", args=[row.number])))
    assert seller.post(reverse("seller:vendor_return_acceptance", args=[row.number])).status_code == 302
    paper = desk.post(reverse("desk:vendor_return_paper", args=[row.number]))
    assert paper["Content-Type"] == "application/pdf" and paper.content.startswith(b"%PDF")
    leave = reverse("desk:vendor_return_handover", args=[row.number])
    terms = {"carrier": "Blue Line", "cartons": "1", "currency": "CNY"}
    assert desk.post(leave, terms | {"cost": "a lot"}).status_code == 422
    assert desk.post(leave, terms | {"cost": "12.50"}).status_code == 302
    row.refresh_from_db()
    assert (row.state, row.cost_minor) == ("handed_over", 1250)
    asked = {"node": stock.node.code, "cause": "surplus", "collect_by": day[1], "units-0": "2"}
    assert seller.post(reverse("seller:vendor_return_asking"), asked).status_code == 302
    own = VendorReturn.objects.exclude(id=row.id).get()
    assert own.asked_by == "seller"
    assert seller.post(
        reverse("seller:vendor_return_cancellation", args=[own.number]), {"reason": "sold it after all"}
    ).status_code == 302  # fmt: skip
