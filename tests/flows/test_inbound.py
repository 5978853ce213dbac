"""Goods come in: whose they are, where, under which terms, and what the seller has earned by it."""

import pytest

from entrepot.domain.inventory import queries as inventory
from entrepot.domain.inventory.models import Movement, Stock
from entrepot.domain.settlement.models import Accrual
from entrepot.flows import inbound
from entrepot.flows.inbound import Goods
from entrepot.kernel.errors import Invalid, NotFound, Refused
from worlds import World

PLATFORM_BUYS = "shein-self-run"


def platform_node(world: World, country: str = "CN"):
    return world.node(
        f"platform-{country.lower()}", operator=world.operator, kind="platform_consolidation", country=country
    )


def receive(world: World, seller, node, *goods: Goods, actor=None, **more):
    return inbound.receive_goods(
        seller_id=seller.pk,
        node_id=node.id,
        rows=goods,
        actor=actor or world.operator_actor("operator.warehouse"),
        now=world.now,
        **more,
    )


def test_goods_stay_the_sellers_where_the_terms_say_so(world):
    seller = world.seller(programme="fully-managed")
    offer = world.offer(seller, stock=0)
    node = platform_node(world)
    (received,) = receive(world, seller, node, Goods(offer.sku_id, 40, lot="2026-03"))
    stock = Stock.objects.get()
    assert (stock.owner_id, stock.node_id, stock.lot, stock.on_hand) == (seller.pk, node.id, "2026-03", 40)
    assert (received.stock_id, received.is_bought) == (stock.id, False)
    movement = Movement.objects.get(id=received.movement_id)
    assert (movement.kind, movement.quantity, movement.source_type) == ("received", 40, "inbound")
    assert inventory.available([offer.id]) == {offer.id: 40}
    assert not Accrual.objects.exists()


def test_the_platform_buys_on_receipt_where_the_terms_say_so(world):
    seller = world.seller(programme=PLATFORM_BUYS, currency="CNY")
    offer = world.offer(seller, supply="70.00", stock=0)
    (received,) = receive(world, seller, platform_node(world), Goods(offer.sku_id, 40))
    assert received.is_bought
    rows = Stock.objects.order_by("on_hand")
    assert [(row.owner_id, row.on_hand) for row in rows] == [(seller.pk, 0), (world.operator.id, 40)]
    moves = Movement.objects.values_list("kind", "quantity")
    assert sorted(moves) == [("received", 40), ("title_in", 40), ("title_out", -40)]
    assert Movement.objects.get(id=received.movement_id).kind == "title_in"
    assert inventory.available([offer.id]) == {offer.id: 40}
    accrual = Accrual.objects.get()
    assert (accrual.amount_minor, accrual.currency) == (280_000, "CNY")


def test_at_the_sellers_own_premises_nobody_buys(world):
    seller = world.seller(programme=PLATFORM_BUYS)
    offer = world.offer(seller, stock=0)
    node = world.node("workshop", operator=seller.organisation, kind="seller_premises", country="CN")
    (received,) = receive(world, seller, node, Goods(offer.sku_id, 5), actor=world.seller_actor(seller))
    assert not received.is_bought
    assert Stock.objects.get().owner_id == seller.pk


def test_goods_without_an_agreed_price_are_not_bought(world):
    seller = world.seller(programme=PLATFORM_BUYS)
    sku = world.sku(seller)
    enrolment = world.enrolment(seller)
    with pytest.raises(Refused) as refused:
        receive(world, seller, platform_node(world), Goods(sku.id, 5, enrolment_id=enrolment.id))
    assert refused.value.code == "inbound.no_supply_price"
    assert not Stock.objects.exists(), "nothing came in"


def test_opening_stock_has_a_kind_of_its_own(world):
    seller = world.seller()
    sku = world.sku(seller)
    node = world.node("shed", operator=seller.organisation, kind="seller_premises", country="DE")
    receive(world, seller, node, Goods(sku.id, 9), actor=world.seller_actor(seller), kind="opening")
    assert Movement.objects.get().kind == "opening"
    with pytest.raises(Invalid):
        receive(world, seller, node, Goods(sku.id, 9), kind="found")


def test_who_runs_the_node_counts_the_goods(world):
    seller, other = world.seller(), world.seller()
    sku = world.sku(seller)
    at_platform = platform_node(world)
    at_partner = world.node("partner", operator=world.partner(), kind="third_party_overseas", country="DE")
    partner = world.actor(world.partner(), "partner.warehouse")
    receive(world, seller, at_partner, Goods(sku.id, 1), actor=partner)
    for node, actor in (
        (at_platform, world.seller_actor(seller)),
        (at_platform, partner),
        (at_partner, world.seller_actor(seller)),
        (at_partner, world.operator_actor("operator.finance")),
    ):
        with pytest.raises(NotFound):
            receive(world, seller, node, Goods(sku.id, 1), actor=actor)
    with pytest.raises(NotFound):
        receive(world, other, at_partner, Goods(sku.id, 1), actor=partner)


def test_a_sku_under_terms_that_differ_needs_its_enrolment_named(world):
    seller = world.seller(programme=PLATFORM_BUYS)
    selling = world.enrol(seller, programme="self-managed", market="DE")
    bought = world.offer(seller, stock=0)
    world.offer(seller, sku=bought.sku, programme="self-managed", stock=0)
    node = platform_node(world)
    with pytest.raises(Refused) as refused:
        receive(world, seller, node, Goods(bought.sku_id, 5))
    assert refused.value.code == "inbound.name_enrolment"
    kept, sold = (
        receive(world, seller, node, Goods(bought.sku_id, 5, enrolment_id=selling.id)),
        receive(world, seller, node, Goods(bought.sku_id, 5, enrolment_id=bought.enrolment_id)),
    )
    assert (kept[0].is_bought, sold[0].is_bought) == (False, True)
    foreign = world.enrolment(world.seller())
    with pytest.raises(NotFound):
        receive(world, seller, node, Goods(bought.sku_id, 5, enrolment_id=foreign.id))


def test_one_delivery_is_one_source_and_all_or_nothing(world):
    seller = world.seller()
    skus = [world.sku(seller) for _ in range(3)]
    node = platform_node(world)
    receive(world, seller, node, *[Goods(sku.id, 2) for sku in skus])
    assert len(set(Movement.objects.values_list("source_id", flat=True))) == 1
    with pytest.raises(Invalid):
        receive(world, seller, node, Goods(skus[0].id, 2), Goods(skus[1].id, 0))
    assert Movement.objects.count() == 3


def test_a_count_is_corrected_by_who_runs_the_node_with_the_reason(world):
    seller = world.seller()
    sku = world.sku(seller)
    own = world.node("shed", operator=seller.organisation, kind="seller_premises", country="DE")
    mine, theirs = world.stock(seller, sku, 9, node=own), world.stock(seller, sku, 9, node=platform_node(world))
    actor = world.seller_actor(seller)
    inbound.adjust_stock(actor=actor, changes=[(mine, -2)], reason="two broken", now=world.now)
    movement = Movement.objects.get(kind="adjusted")
    assert (movement.stock_id, movement.quantity, movement.reason) == (mine, -2, "two broken")
    with pytest.raises(NotFound):
        inbound.adjust_stock(actor=actor, changes=[(mine, 1), (theirs, -1)], reason="x", now=world.now)
    with pytest.raises(Invalid):
        inbound.adjust_stock(actor=actor, changes=[(mine, 1)], reason="", now=world.now)
    with pytest.raises(Refused):
        inbound.adjust_stock(actor=actor, changes=[(mine, -8)], reason="x", now=world.now)
    inbound.adjust_stock(actor=world.operator_actor(), changes=[(theirs, 1)], reason="found", now=world.now)
    assert Stock.objects.get(id=theirs).on_hand == 10
