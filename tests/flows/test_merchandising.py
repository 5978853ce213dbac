"""Decisions over many at once: what cannot be done does not stop the rest, and is told with the reason."""

from datetime import timedelta
from decimal import Decimal

import pytest

import shipping
import stocking
from entrepot.domain.inbound import planning, queries
from entrepot.domain.inbound.models import Setting, StockOrder, StockOrderLine
from entrepot.domain.inbound.rules import DEFAULTS, Settings
from entrepot.domain.inbound.settings import set_settings
from entrepot.domain.pricing import services as pricing
from entrepot.flows import merchandising
from entrepot.kernel.actors import SYSTEM
from entrepot.kernel.errors import Denied, Invalid, NotFound
from worlds import World


@pytest.fixture
def merchandiser(world):
    return world.operator_actor("operator.merchandiser")


def managed(world: World, code: str = "factory", **more):
    return world.offer(world.seller(code, programme="fully-managed", currency="CNY"), **more)


def raise_orders(world, actor, quantities, **more):
    extra = {"node_id": None, "deliver_by": None} | more
    return merchandising.raise_stock_orders(quantities=quantities, actor=actor, now=world.now, **extra)


def test_what_sells_and_runs_out_comes_first(world):
    fast, slow = managed(world, stock=20), managed(world, "mill", stock=40)
    for _ in range(3):
        shipping.order(world, (fast, 5))
    shipping.order(world, (slow, 1))
    now = world.pass_time(hours=2)
    found = merchandising.list_restock(now=now)
    assert [each.article.offer_id for each in found] == [fast.id, slow.id]
    first = found[0]
    assert (first.sold, first.article.free, first.suggested, first.is_short) == (15, 5, 10, True)
    assert [each.article.offer_id for each in merchandising.list_restock(now=now, only="short")] == [fast.id]
    assert merchandising.list_restock(now=now, only="missing") == []
    stocking.ask(world, fast, units=10)
    assert merchandising.list_restock(now=now, only="short") == [], "what is asked for counts"
    assert merchandising.list_restock(now=now, seller_code="mill")[0].article.offer_id == slow.id
    assert merchandising.list_restock(now=now, category_path="nowhere") == []
    old = world.pass_time(days=20)
    assert merchandising.list_restock(now=old)[0].sold == 0, "sales of long ago say nothing"


def test_sales_of_a_kit_count_as_its_components(world):
    part = managed(world, stock=40)
    kit = world.kit(part.seller, {part.sku: 2})
    shipping.order(world, (kit, 3))
    [found] = merchandising.list_restock(now=world.pass_time(hours=1))
    assert (found.article.offer_id, found.sold) == (part.id, 6), "a kit is not ordered, what it is made of is"


def test_one_order_a_seller_and_the_rest_is_told(world, merchandiser):
    ours = managed(world, stock=1)
    more = world.offer(ours.seller, stock=0)
    theirs = managed(world, "mill", stock=0)
    foreign = world.offer(world.seller("shop", programme="self-managed"), stock=0)
    outcome = raise_orders(world, merchandiser, {ours.id: 5, more.id: 6, theirs.id: 7, foreign.id: 8, kit(world).id: 2})
    assert sorted(order.seller_id for order in outcome.orders) == sorted([ours.seller_id, theirs.seller_id])
    assert set(outcome.done) == {ours.id, more.id, theirs.id}
    reasons = {each.offer_id: each.error.code for each in outcome.refused}
    assert reasons.pop(foreign.id) == "terms.not_yours"
    assert list(reasons.values()) == ["inbound.kit"]
    assert StockOrderLine.objects.count() == 3


def kit(world):
    part = managed(world, "kits", stock=0)
    return world.kit(part.seller, {part.sku: 2})


def test_a_rehearsal_leaves_nothing(world, merchandiser):
    offer = managed(world, stock=0)
    node = world.node("platform-cn", operator=world.operator, kind="platform_consolidation", country="CN")
    outcome = merchandising.rehearse(lambda: raise_orders(world, merchandiser, {offer.id: 5}, node_id=node.id))
    assert len(outcome.orders) == 1
    assert not StockOrder.objects.exists()


def test_without_a_warehouse_that_takes_them_nothing_is_asked(world, merchandiser):
    offer = managed(world, stock=0)
    outcome = raise_orders(world, merchandiser, {offer.id: 5})
    assert [each.error.code for each in outcome.refused] == ["inbound.no_node"]
    with pytest.raises(Invalid):
        raise_orders(world, merchandiser, {})


def test_drafts_go_on_sale_and_what_lacks_something_says_what(world, merchandiser):
    from entrepot.domain.catalogue import services as catalogue

    ready, bare = managed(world), managed(world, "mill")
    catalogue.move_offers(offer_ids=[ready.id], status="paused")
    enrolment = world.enrolment(bare.seller)
    row = catalogue.NewOffer(
        bare.seller_id, world.sku(bare.seller).id, enrolment.market_id, enrolment.id, enrolment.programme_code
    )
    [draft] = catalogue.create_offers(rows=[row], now=world.now)
    outcome = merchandising.publish_offers(offer_ids=[ready.id, draft], actor=merchandiser, now=world.now)
    assert outcome.done == [ready.id]
    [refusal] = outcome.refused
    assert (refusal.offer_id, refusal.error.code) == (draft, "listing.not_ready")


def test_prices_by_rule_are_seen_with_their_margin_before_they_are_set(world, merchandiser):
    offer = managed(world, price="29.99", supply="78.00")
    own = world.offer(world.seller("shop", programme="self-managed"))
    market = world.market("DE")
    pricing.set_price_rule(
        actor=SYSTEM, market=market, markup_rate=Decimal("1.5"), now=world.now, reason="spring", ending_minor=99
    )
    now = world.pass_time(hours=1)
    [margin] = merchandising.preview_prices(market=market, offer_ids=[offer.id, own.id], actor=merchandiser, now=now)
    assert (margin.before_minor, margin.after_minor, margin.cost_minor) == (2999, 2599, 1000)
    assert margin.kept_minor == 2184 - 1000, "25.99 without 19 % of tax, less the supply price"
    outcome = merchandising.reprice(market=market, offer_ids=[offer.id, own.id], actor=merchandiser, now=now)
    assert (outcome.done, [each.offer_id for each in outcome.refused]) == ([offer.id], [own.id])


def test_supply_prices_are_countered_where_one_waits_and_proposed_where_none_does(world, merchandiser):
    agreed, asked = managed(world, supply="80.00"), managed(world, "mill", supply="50.00")
    world.pass_time(hours=1)
    from entrepot.domain.pricing import quoting

    quoting.quote(
        rows=[quoting.NewQuote(asked.id, 6000)],
        valid_until=world.now + timedelta(days=5),
        actor=world.speaker("seller", asked),
        now=world.now,
    )
    terms = {"valid_until": world.now + timedelta(days=9), "actor": merchandiser, "now": world.pass_time(hours=1)}
    outcome = merchandising.propose_supply_prices(offer_ids=[agreed.id, asked.id], percent=Decimal(-5), **terms)
    assert set(outcome.done) == {agreed.id, asked.id}
    from entrepot.domain.pricing.models import SupplyQuote

    steps = SupplyQuote.objects.filter(made_by_party="platform")
    assert {step.offer_id: (step.amount_minor, step.status) for step in steps} == {
        agreed.id: (7600, "quoted"),
        asked.id: (5700, "countered"),
    }
    with pytest.raises(Invalid):
        merchandising.propose_supply_prices(offer_ids=[agreed.id], percent=Decimal(0), **terms)


def test_settings_are_dated_rows_that_the_nearest_of_counts(world, merchandiser):
    on = world.now.date()
    assert queries.settings_of("fully-managed", on=on) == DEFAULTS
    managed(world)
    every = Settings(answer_days=3, aql=Decimal("4.0"), source="house manual")
    mine = Settings(answer_days=1, source="agreement")
    act = {"actor": merchandiser, "reason": "new season"}
    set_settings(settings=every, now=world.now, **act)
    set_settings(settings=mine, now=world.now, programme_code="fully-managed", **act)
    assert queries.settings_of("fully-managed", on=on).answer_days == 1
    assert queries.settings_of("temu-full", on=on).aql == Decimal("4.0")
    tomorrow = world.pass_time(days=1)
    set_settings(settings=every, now=tomorrow, programme_code="fully-managed", **act)
    assert queries.settings_of("fully-managed", on=tomorrow.date()).answer_days == 3
    assert queries.settings_of("fully-managed", on=on).answer_days == 1, "what was stays"
    set_settings(settings=mine, now=tomorrow, programme_code="fully-managed", **act)
    assert Setting.objects.filter(programme_code="fully-managed", valid_until=None).count() == 1
    with pytest.raises(Invalid):
        set_settings(settings=Settings(aql=Decimal(3), source="x"), now=tomorrow, **act)
    with pytest.raises(NotFound):
        set_settings(settings=mine, now=tomorrow, programme_code="nobodys", **act)
    with pytest.raises(Denied):
        set_settings(settings=mine, now=tomorrow, actor=world.seller_actor(world.seller()), reason="mine")


def test_programmes_whose_stock_the_platform_plans(world):
    managed(world)
    world.offer(world.seller("shop", programme="self-managed"))
    assert planning.list_programmes() == ["fully-managed"]
