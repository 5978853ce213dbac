"""Orders on the desk: found, opened to every amount and posting, cancelled once, paid by hand."""

import re
from datetime import timedelta

from django.test import Client
from django.urls import reverse

import shipping
import shopping
from entrepot.domain.ledger import queries as ledger
from entrepot.domain.orders.models import Order, OrderLine, Suborder
from entrepot.domain.sellers.models import Seller
from surfaces.desk.desks import browser, key_in, text_of
from surfaces.seller.shops import client_of
from worlds import World


def test_a_number_leads_to_its_order(world: World) -> None:
    seller = world.seller("brand", programme="self-managed")
    ordered = shipping.order(world, (world.offer(seller), 2))
    desk = browser(world)
    address = reverse("desk:order", args=[ordered.number])
    for wanted in (ordered.number, ordered.number.lower(), f" {ordered.number}-1 "):
        assert desk.get(reverse("desk:orders"), {"q": wanted})["Location"] == address
    assert "No order has the number" in text_of(desk.get(reverse("desk:orders"), {"q": "E-404"}))
    assert desk.get(reverse("desk:order", args=["E-404"])).status_code == 404


def test_an_order_says_why_it_leaves_from_where_it_does(world: World) -> None:
    order = shipping.order(world, (world.offer(world.seller()), 2))
    [suborder] = Suborder.objects.filter(order__number=order.number)
    [row] = suborder.routing["nodes"]
    assert (row["verdict"], row["cost_minor"]) == ("chosen", suborder.freight_cost_minor)
    assert suborder.routing["rules"] == [{"rule": "prefer_local"}]
    page = text_of(browser(world).get(reverse("desk:order", args=[order.number])))
    assert "Why from there" in page
    assert "Taken" in page


def test_every_amount_of_an_order_opens_to_parts_that_sum_to_it(world: World) -> None:
    managed = world.seller("factory", programme="fully-managed", currency="CNY")
    brand = world.seller("brand", programme="self-managed")
    ordered = shipping.order(world, (world.offer(managed, price="29.99", supply="88.00"), 2), (world.offer(brand), 1))
    desk = browser(world)
    page = desk.get(reverse("desk:order", args=[ordered.number])).content.decode()
    assert "Unexplained" not in page
    sheets = re.findall(r'class="sheet" popover.*?Total', page, flags=re.DOTALL)
    assert len(sheets) == 1 + 2 + 1  # the order, its lines, and what the duty adds where a suborder crosses a border

    shipping.deliver(world, ordered)
    for line in OrderLine.objects.order_by("position"):
        page = text_of(desk.get(reverse("desk:order_line", args=[ordered.number, line.position])))
        for posting in ledger.postings_about([line.id]):
            assert posting.says.split(":")[0] in page
        assert "How its money divides" in page and "The terms that it carries" in page and line.terms_id in page


def test_units_are_cancelled_once_with_a_reason(world: World) -> None:
    seller = world.seller("brand", programme="self-managed")
    ordered = shipping.order(world, (world.offer(seller), 3), (world.offer(seller, title="Red mug"), 2))
    desk = browser(world)
    url, address = (reverse(f"desk:{name}", args=[ordered.number]) for name in ("cancellation", "order"))
    refused = desk.post(url, {"line-1": "1", "line-2": "0", "reason": ""})
    assert refused.status_code == 422 and 'value="1"' in refused.content.decode()
    none = desk.post(url, {"line-1": "0", "line-2": "", "reason": "No reason at all"})
    assert none.status_code == 422 and "Say how many units of which line." in text_of(none)
    beyond = desk.post(url, {"line-1": "4", "line-2": "0", "reason": "Too many"})
    assert beyond.status_code == 422 and "Too many" in beyond.content.decode()

    key = key_in(desk.get(address), "cancel")
    for _ in range(2):
        answer = desk.post(url, {"line-1": "1", "line-2": "0", "reason": "The shopper called", "idempotency_key": key})
        assert answer["Location"] == address
    assert list(OrderLine.objects.order_by("position").values_list("cancelled_qty", flat=True)) == [1, 0]
    assert "The shopper called" in text_of(desk.get(address))

    shipping.ship(world, ordered)
    late = desk.post(url, {"line-1": "1", "reason": "Too late"})
    assert late.status_code == 422 and "Say how many" in text_of(late)


def test_a_bank_transfer_is_confirmed_by_hand(world: World) -> None:
    seller = world.seller("brand", programme="self-managed")
    offer = world.offer(seller)
    ship_to = shipping.SHIP_TO | {"country": "DE"}
    shopping.place(world, shopping.request("k", (offer, 1), provider="manual", instrument="", ship_to=ship_to))
    ordered = Order.objects.get()
    assert ordered.state == "pending"
    desk = browser(world, "operator.finance")
    page = text_of(desk.get(reverse("desk:order", args=[ordered.number])))
    assert "The money came in" in page
    url = reverse("desk:payment_decision", args=[ordered.number, "received"])
    assert desk.post(url, {"reason": ""}).status_code == 422
    assert desk.post(url, {"reason": "On the bank statement of today"}).status_code == 302
    ordered.refresh_from_db()
    assert ordered.state == "placed"
    assert desk.post(url, {"reason": "Once more"}).status_code == 409
    merchandiser = browser(world, "operator.merchandiser")
    assert merchandiser.post(url, {"reason": "Not mine to say"}).status_code == 403


def late_order(world: World) -> tuple[Order, Seller]:
    """Handed over three days late, seen at customs, and not since."""
    seller = world.seller("brand", programme="semi-managed-platform-logistics")
    ordered = shipping.order(world, (world.offer(seller), 1))
    [suborder] = Suborder.objects.filter(order=ordered)
    world.now = suborder.ship_by + timedelta(days=3, hours=-12)
    [parcel] = shipping.ship(world, ordered)
    shipping.scan(world, "handed_over", parcel)
    world.pass_time(days=20)
    shipping.scan(world, "customs", parcel)
    return ordered, seller


def test_a_late_order_says_on_whose_part_and_by_which_scan(world: World) -> None:
    ordered, seller = late_order(world)
    desk = browser(world)
    page = text_of(desk.get(reverse("desk:order", args=[ordered.number])))
    assert re.search(r"Running late by \d+ days because of: dispatch 3 days, line haul \d+ days", page)
    assert "At customs" in page and "hours after its deadline" in page
    listed = text_of(desk.get(reverse("desk:late_orders")))
    assert f"{ordered.number}-1" in listed and "dispatch, 3 days" in listed
    assert "Nothing is late here" in text_of(desk.get(reverse("desk:late_orders"), {"state": "missed"}))
    assert ordered.number in text_of(desk.get(reverse("desk:late_orders"), {"party": "seller"}))
    own = text_of(client_of(world, seller).get(reverse("seller:order", args=[f"{ordered.number}-1"])))
    assert "your part 3 days, others on the way" in own and "line haul" not in own.partition("Part by part")[2][:600]


def test_a_shopper_hears_plainly_what_holds_it_up(world: World) -> None:
    ordered, _seller = late_order(world)
    link = f"/orders/access/{ordered.access_token}"
    page = text_of(Client().get(link, follow=True))
    assert "It left China 3 days late. Its way out of China took" in page
    assert "Customs has it now." in page and "Expected by now:" in page
    shopper = Client(headers={"accept-language": "de"})
    assert "Es ging 3 Tage zu spät aus China ab." in text_of(shopper.get(link, follow=True))
