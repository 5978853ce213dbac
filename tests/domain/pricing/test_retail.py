"""Retail prices: the right to set one comes from the duty table; history is kept; a proposal waits for consent."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import IntegrityError, connections

from entrepot.domain.pricing import queries
from entrepot.domain.pricing import services as pricing
from entrepot.domain.pricing.models import PriceRule, RetailPrice, RetailProposal
from entrepot.domain.terms import documents
from entrepot.domain.terms.models import ProgrammeVersion
from entrepot.domain.terms.rules import Decider, Party, Task
from entrepot.kernel import ids
from entrepot.kernel.errors import Denied, Invalid, NotFound, Refused
from entrepot.kernel.models import AuditEntry
from worlds import World


@pytest.fixture
def world(database) -> World:
    return World()


def set_price(world, offer, amount: int, actor, **more) -> pricing.Priced:
    return pricing.set_retail_prices(prices=[pricing.NewPrice(offer.id, amount)], actor=actor, now=world.now, **more)


def amount_of(offer, at) -> int:
    return queries.prices([offer.id], at)[offer.id].amount_minor


def decided(world, decider: Decider, programme: str = "self-managed") -> str:
    """A programme of the world's own whose retail price is decided so."""
    wording = documents.parse(world.programme(programme).document, where="test")
    duties = dict(wording.duties)
    duties[Task.RETAIL_PRICE] = replace(duties[Task.RETAIL_PRICE], decider=decider)
    code = world.next("own")
    document = documents.dump(replace(wording, duties=duties, code=code))
    programme_row = world.programme(programme).programme
    programme_row.id, programme_row.code = ids.new_id(world.now), code
    programme_row.save(force_insert=True)
    version = ProgrammeVersion(
        id=ids.new_id(world.now),
        created_at=world.now,
        programme=programme_row,
        version=1,
        status="published",
        document=document,
        content_hash=documents.content_hash(documents.parse(document, where="test")),
        valid_from=wording.valid_from,
        published_at=world.now,
    )
    version.save(force_insert=True)
    world.programmes[code] = version
    return code


def test_a_price_holds_until_the_next_and_history_stays(world):
    seller = world.seller(programme="self-managed")
    offer = world.offer(seller, price="19.99")
    first = world.now
    second = world.pass_time(days=1)
    actor = world.seller_actor(seller)
    set_price(world, offer, 2500, actor)
    set_price(world, offer, 2500, actor)
    assert (amount_of(offer, first), amount_of(offer, second)) == (1999, 2500)
    assert queries.prices([offer.id], world.now.replace(year=2020)) == {}
    history = queries.price_history(offer_id=offer.id, seller_id=seller.pk)
    assert [(row.amount_minor, row.valid_from, row.valid_until) for row in history] == [
        (2500, second, None),
        (1999, first, second),
    ]
    entry = AuditEntry.objects.get(subject_id=history[0].batch_id)
    assert entry.after == {"prices": {str(offer.id): "2500 EUR"}}
    assert queries.price_history(offer_id=offer.id, seller_id=world.operator.id) == []


@pytest.mark.parametrize(("market", "includes_tax"), [("DE", True), ("BR", True), ("US", False)])
def test_a_price_knows_whether_it_has_tax_within(world, market, includes_tax):
    offer = world.offer(world.seller(market=market))
    price = queries.prices([offer.id], world.now)[offer.id]
    assert (price.currency, price.includes_tax) == (world.market(market).currency, includes_tax)


@pytest.mark.parametrize(
    ("programme", "holder"),
    [("fully-managed", "platform"), ("self-managed", "seller"), ("semi-managed-platform-logistics", "seller")],
)
def test_who_may_set_the_retail_price_follows_from_the_terms(world, programme, holder):
    seller = world.seller(programme=programme)
    offer = world.offer(seller)
    actors = {"seller": world.seller_actor(seller), "platform": world.operator_actor()}
    other = "platform" if holder == "seller" else "seller"
    with pytest.raises(Denied) as denied:
        set_price(world, offer, 3000, actors[other])
    assert denied.value.values == {"task": "retail_price", "party": other, "decider": holder}
    assert set_price(world, offer, 3000, actors[holder]).set == {offer.id}
    assert RetailPrice.objects.get(offer=offer, valid_until=None).set_by_party == holder


def test_nobody_prices_the_offer_of_another_seller(world):
    offer = world.offer(world.seller(programme="self-managed"))
    stranger = world.seller_actor(world.seller(programme="self-managed"))
    with pytest.raises(NotFound):
        set_price(world, offer, 3000, stranger)
    with pytest.raises(NotFound):
        set_price(world, offer, 3000, world.actor(offer.seller.organisation, "seller.staff"))
    with pytest.raises(NotFound):
        pricing.set_retail_prices(prices=[pricing.NewPrice(stranger.organisation_id, 5)], actor=stranger, now=world.now)


def test_a_proposal_waits_for_the_decider(world):
    code = decided(world, Decider(Party.PLATFORM, proposer=Party.SELLER))
    seller = world.seller(programme=code)
    offer = world.offer(seller, price="19.99")
    actor, operator = world.seller_actor(seller), world.operator_actor()
    assert set_price(world, offer, 1500, actor).waiting == {offer.id}
    assert set_price(world, offer, 1600, actor, note="cheaper than elsewhere").waiting == {offer.id}
    (waiting,) = queries.list_proposals(seller_id=seller.pk, waits_for_party="platform")
    assert (waiting.amount_minor, amount_of(offer, world.now)) == (1600, 1999)
    with pytest.raises(Denied):
        pricing.decide_proposals(proposal_ids=[waiting.id], approve=True, actor=actor, reason="yes", now=world.now)
    decided_ = pricing.decide_proposals(
        proposal_ids=[waiting.id], approve=True, actor=operator, reason="fair", now=world.pass_time(hours=1)
    )
    assert decided_.set == {offer.id}
    assert amount_of(offer, world.now) == 1600
    assert sorted(RetailProposal.objects.values_list("status", flat=True)) == ["approved", "superseded"]
    with pytest.raises(Refused):
        pricing.decide_proposals(proposal_ids=[waiting.id], approve=True, actor=operator, reason="x", now=world.now)


def test_a_refused_proposal_changes_nothing(world):
    code = decided(world, Decider(Party.PLATFORM, proposer=Party.SELLER))
    seller = world.seller(programme=code)
    offer = world.offer(seller, price="19.99")
    set_price(world, offer, 1500, world.seller_actor(seller))
    (waiting,) = queries.list_proposals()
    operator = world.operator_actor()
    with pytest.raises(Invalid):
        pricing.decide_proposals(proposal_ids=[waiting.id], approve=False, actor=operator, reason="", now=world.now)
    pricing.decide_proposals(proposal_ids=[waiting.id], approve=False, actor=operator, reason="low", now=world.now)
    assert queries.list_proposals() == []
    assert amount_of(offer, world.now) == 1999


def test_what_the_decider_sets_waits_for_an_approver(world):
    code = decided(world, Decider(Party.SELLER, approver=Party.PLATFORM))
    seller = world.seller(programme=code)
    offer = world.offer(seller, price="19.99")
    assert set_price(world, offer, 1500, world.seller_actor(seller)).waiting == {offer.id}
    (waiting,) = queries.list_proposals()
    pricing.decide_proposals(
        proposal_ids=[waiting.id],
        approve=True,
        actor=world.operator_actor(),
        reason="fair",
        now=world.pass_time(hours=1),
    )
    assert amount_of(offer, world.now) == 1500


@pytest.mark.parametrize("amount", [0, -1, 10**13])
def test_an_amount_that_cannot_be_charged_is_no_price(world, amount):
    seller = world.seller(programme="self-managed")
    with pytest.raises(Invalid):
        set_price(world, world.offer(seller), amount, world.seller_actor(seller))


def test_a_price_before_the_last_one_is_refused(world):
    seller = world.seller(programme="self-managed")
    offer = world.offer(seller)
    earlier = world.now
    world.pass_time(days=1)
    set_price(world, offer, 3000, world.seller_actor(seller))
    with pytest.raises(Refused) as refused:
        pricing.set_retail_prices(
            prices=[pricing.NewPrice(offer.id, 100)], actor=world.seller_actor(seller), now=earlier
        )
    assert refused.value.code == "pricing.out_of_order"


def test_two_at_once_leave_one_price_at_a_time(world):
    seller = world.seller(programme="self-managed")
    offer = world.offer(seller)
    actor = world.seller_actor(seller)
    world.pass_time(days=1)

    def run(number: int) -> None:
        try:
            set_price(world, offer, 1000 + number, actor)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(run, range(8)))
    assert RetailPrice.objects.filter(offer=offer, valid_until=None).count() == 1


def test_the_table_refuses_two_prices_for_one_time(world):
    offer = world.offer(world.seller())
    price = RetailPrice.objects.get()
    price.id, price.valid_until = ids.new_id(world.now), world.now.replace(year=2027)
    with pytest.raises(IntegrityError):
        price.save(force_insert=True)
    assert amount_of(offer, world.now) == 1999


# by rule


def rule(world, market: str = "DE", rate: str = "0.5", **more) -> PriceRule:
    return pricing.set_price_rule(
        actor=world.operator_actor(),
        market=world.market(market),
        now=world.now,
        markup_rate=Decimal(rate),
        reason="spring prices",
        **more,
    )


def test_the_platform_prices_by_rule_what_is_its_to_price(world):
    seller = world.seller(programme="fully-managed", currency="CNY")
    world.enrol(seller, programme="self-managed", market="DE")
    managed = world.offer(seller, price="50.00", supply="78.00")
    pans = world.offer(seller, price="50.00", supply="78.00", category="pans")
    own = world.offer(seller, price="50.00", programme="self-managed")
    rule(world, ending_minor=99)
    pans_rule = rule(world, rate="2", floor_minor=1234, category=world.category("pans"))
    priced = pricing.reprice(market=world.market("DE"), actor=world.operator_actor(), now=world.pass_time(hours=1))
    assert priced.set == {managed.id, pans.id}
    assert amount_of(managed, world.now) == 1599, "10.00 EUR and half of it, up to .99"
    assert amount_of(pans, world.now) == 3000
    assert amount_of(own, world.now) == 5000
    assert RetailPrice.objects.get(offer=pans, valid_until=None).rule_id == pans_rule.id


def test_repricing_may_be_narrowed_and_again_changes_nothing(world):
    seller = world.seller(programme="fully-managed")
    offers = [world.offer(seller, price="50.00", supply="10.00") for _ in range(3)]
    rule(world)
    operator = world.operator_actor()
    world.pass_time(hours=1)
    priced = pricing.reprice(market=world.market(), actor=operator, now=world.now, offer_ids=[offers[0].id])
    assert priced.set == {offers[0].id}
    assert [amount_of(offer, world.now) for offer in offers] == [1500, 5000, 5000]
    for _ in range(2):
        pricing.reprice(market=world.market(), actor=operator, now=world.pass_time(hours=1))
    assert RetailPrice.objects.count() == 6


def test_a_rule_ends_the_one_before_it(world):
    first = rule(world)
    world.pass_time(days=1)
    second = rule(world, rate="0.7")
    assert [each.id for each in queries.list_rules(market_id=world.market().id, at=world.now)] == [second.id]
    first.refresh_from_db()
    assert first.valid_until == world.now
    with pytest.raises(IntegrityError):
        PriceRule(
            id=ids.new_id(world.now), created_at=world.now, market=world.market(), markup_rate=1, valid_from=world.now
        ).save(force_insert=True)


@pytest.mark.parametrize(
    "bad",
    [
        {"rate": "-0.1"},
        {"rate": "300"},
        {"rate": "NaN"},
        {"rate": "0.0000001"},
        {"floor_minor": -1},
        {"ending_minor": 1000},
        {"ending_minor": -1},
    ],
)
def test_a_rule_that_makes_no_price_is_refused(world, bad):
    with pytest.raises(Invalid):
        rule(world, **bad)


def test_the_nearest_category_above_counts(world):
    rules = {"": 1, "home": 2, "home/kitchen": 3}
    found = {path: pricing.nearest(rules, path) for path in ("home/kitchen/pans", "home/garden", "toys", "homes")}
    assert found == {"home/kitchen/pans": 3, "home/garden": 2, "toys": 1, "homes": 1}
    assert pricing.nearest({"home": 2}, "toys") is None
