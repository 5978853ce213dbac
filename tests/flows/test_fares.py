"""The plan that routing chooses, with carriage, duty and what lanes refuse, is what checkout charges and ships."""

import shipping
from entrepot.domain.catalogue.models import Sku
from entrepot.domain.logistics import publishing
from entrepot.domain.orders.models import OrderLine, Suborder
from entrepot.domain.routing import services
from entrepot.domain.routing.services import Wanted
from entrepot.flows.checkout import CartRequest, quote_carts
from entrepot.flows.quoting import Quote
from entrepot.kernel.actors import SYSTEM
from worlds import DUTY_MINOR, World


def two_places(world: World):
    """An offer that stands at home and abroad, under rules that let the cheaper win."""
    seller = world.seller("acme", programme="self-managed")
    home = world.node("acme-de", operator=seller.organisation, kind="seller_premises", country="DE")
    abroad = world.node("acme-cn", operator=seller.organisation, kind="seller_premises", country="CN")
    offer = world.offer(seller, node=home, stock=5)
    world.stock(seller, offer.sku, 5, node=abroad)
    services.publish_rules(rules=[Wanted("one_parcel")], edition=0, actor=SYSTEM, reason="cheapest", now=world.now)
    return offer


def test_the_chosen_plan_is_what_is_charged_and_shipped(world: World) -> None:
    offer = two_places(world)
    [quote] = quote_carts(carts=[CartRequest(market_code="DE", lines=[(offer.id, 2)])], now=world.now)
    ordered = shipping.order(world, (offer, 2))
    [suborder] = Suborder.objects.filter(order=ordered).select_related("node")
    [line] = OrderLine.objects.filter(order=ordered)
    rows = {row["node"]: row for row in suborder.routing["nodes"]}
    assert {row["verdict"] for row in rows.values()} == {"chosen", "not_needed"}
    chosen = rows[suborder.node.code]
    assert chosen["cost_minor"] == min(row["cost_minor"] for row in rows.values())
    assert chosen["cost_minor"] == suborder.freight_cost_minor + line.customs_duty_minor
    assert rows["acme-cn"]["duty_minor"] == 2 * DUTY_MINOR and chosen["lane"] == suborder.lane_code
    assert isinstance(quote, Quote)
    [parcel] = quote.parcels
    assert (parcel.node_code, parcel.cost_minor, quote.total_minor) == (
        suborder.node.code, suborder.freight_cost_minor, ordered.total_minor,
    )  # fmt: skip
    assert (parcel.promised_from, parcel.promised_until) == (suborder.promised_from, suborder.promised_until)
    [sent] = shipping.ship(world, ordered)
    assert sent.node_id == suborder.node_id


def test_what_a_lane_refuses_leaves_from_elsewhere_and_why_is_kept(world: World) -> None:
    offer = two_places(world)
    Sku.objects.filter(id=offer.sku_id).update(has_battery=True)
    lane = publishing.list_lanes(codes=["de-de"])[0]
    head, first, *more = lane.sheet.replace("2020-01-01", "2021-01-01").splitlines()
    sheet = "\n".join([f"{head},refuses", f"{first},battery", *(f"{row}," for row in more)])
    publishing.publish_lanes(actor=SYSTEM, text=sheet, now=world.now)
    ordered = shipping.order(world, (offer, 1))
    [suborder] = Suborder.objects.filter(order=ordered).select_related("node")
    rows = {row["node"]: row for row in suborder.routing["nodes"]}
    assert (suborder.node.code, rows["acme-de"]["verdict"]) == ("acme-cn", "no_service")
    assert rows["acme-de"]["refusal"] == "de-de: goods:battery"


def test_goods_that_cannot_be_cleared_leave_from_where_they_need_not_be(world: World) -> None:
    offer = two_places(world)
    Sku.objects.filter(id=offer.sku_id).update(hs_code="")
    ordered = shipping.order(world, (offer, 1))
    [suborder] = Suborder.objects.filter(order=ordered).select_related("node")
    rows = {row["node"]: row for row in suborder.routing["nodes"]}
    assert suborder.node.code == "acme-de" and rows["acme-cn"]["refusal"] == "customs: It has no HS code."
