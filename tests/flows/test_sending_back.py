"""Goods go back to their seller: held from the asking, agreed, handed over or disposed of; the terms say who pays."""

from datetime import timedelta
from decimal import Decimal

import pytest

import stocking
from entrepot.domain.inbound import sending_back
from entrepot.domain.inbound.queries import Scope
from entrepot.domain.inbound.sending_back import Back, Leaving
from entrepot.domain.inventory import places, placing, queries
from entrepot.domain.inventory.models import Hold, Movement, Stock
from entrepot.domain.ledger.models import Posting
from entrepot.domain.settlement.models import Accrual
from entrepot.flows import inbound
from entrepot.flows import sending_back as flow
from entrepot.kernel.actors import SYSTEM
from entrepot.kernel.errors import Denied, Invalid, NotFound, Refused
from entrepot.kernel.models import AuditEntry
from entrepot.verify import runner
from worlds import World


@pytest.fixture
def offer(world: World):
    managed = world.seller("factory", programme="fully-managed", currency="CNY")
    return world.offer(managed, price="29.99", supply="88.00", stock=20)


@pytest.fixture
def stock(world, offer) -> Stock:
    return Stock.objects.select_related("node", "seller").get(sku_id=offer.sku_id)


def ask(world, stock, units=5, *, cause="surplus", actor=SYSTEM, **more):
    return sending_back.ask(
        seller_id=stock.seller_id, node_id=stock.node_id, rows=[Back(units, stock.id, **more)], cause=cause,
        collect_by=world.now + timedelta(days=30), actor=actor, now=world.now,
    )  # fmt: skip


def seller_of(world, stock):
    return world.seller_actor(stock.seller)


def accept(world, row, actor):
    return sending_back.accept(return_id=row.id, actor=actor, now=world.now)


def hand_over(world, row, *, cost=0, currency="CNY", actor=SYSTEM):
    leaving = Leaving("Blue Line", "BL 7", 2, cost, currency)
    return flow.hand_over(return_id=row.id, leaving=leaving, actor=actor, now=world.now)


def sound(world) -> None:
    codes = ["I01", "I02", "I03", "I06", "I10", "I15", "I17", "I18", "I19", "I54"]
    assert {each.invariant.code: each.rows for each in runner.verify(now=world.now, codes=codes) if each.rows} == {}


def accrued(stock) -> list[tuple[str, int]]:
    found = Accrual.objects.filter(seller=stock.seller, event_kind="vendor_return").order_by("part")
    return [(each.part, each.amount_minor) for each in found]


def test_surplus_goes_back_at_the_cost_of_whom_the_terms_name(world, offer, stock):
    row = ask(world, stock)
    assert queries.available([offer.id])[offer.id] == 15, "what is to go back is not sold meanwhile"
    with pytest.raises(Refused):
        hand_over(world, row)
    with pytest.raises(Denied):
        accept(world, row, SYSTEM)
    accept(world, row, seller_of(world, stock))
    hand_over(world, row, cost=12_345)
    stock.refresh_from_db()
    assert (stock.on_hand, stock.reserved) == (15, 0)
    assert Movement.objects.get(kind="sent_back").quantity == -5
    assert accrued(stock) == [("back.carriage", -12_345)], "unsold stock is the seller's under these terms"
    postings = Posting.objects.filter(journal__kind="vendor_return")
    booked = {(each.source.kind, each.destination.kind) for each in postings}
    assert booked == {("cost_carriage", "carrier_payable"), ("seller_payable", "cost_carriage")}
    entries = AuditEntry.objects.filter(verb__startswith="vendor_returns")
    acts = sorted(entries.values_list("verb", flat=True))
    assert acts == ["vendor_returns.accept", "vendor_returns.ask", "vendor_returns.hand_over"]
    sound(world)


def test_the_carriage_of_another_currency_is_owed_at_the_rate_of_the_day(world, stock):
    row = ask(world, stock)
    accept(world, row, seller_of(world, stock))
    done = hand_over(world, row, cost=1_000, currency="EUR")
    assert accrued(stock) == [("back.carriage", -round(1_000 * done.seller_rate))] and done.seller_rate > 1
    sound(world)


def test_a_seller_asks_for_its_own_and_the_node_agrees(world, stock):
    row = ask(world, stock, actor=seller_of(world, stock))
    assert (row.asked_by, row.seller_share) == ("seller", Decimal(1))
    for act in (hand_over,):
        with pytest.raises((Refused, NotFound, Denied)):
            act(world, row, actor=seller_of(world, stock))
    accept(world, row, SYSTEM)
    with pytest.raises(Denied):
        hand_over(world, row, actor=seller_of(world, stock))
    hand_over(world, row)
    assert accrued(stock) == []
    sound(world)


def test_what_is_taken_back_is_for_sale_again(world, offer, stock):
    row = ask(world, stock)
    with pytest.raises(Denied):
        sending_back.cancel(return_id=row.id, actor=seller_of(world, stock), reason="mine", now=world.now)
    sending_back.cancel(return_id=row.id, actor=SYSTEM, reason="sold after all", now=world.now)
    assert queries.available([offer.id])[offer.id] == 20
    sound(world)


def test_after_its_day_or_once_they_are_given_up_goods_are_disposed_of(world, stock):
    first, second = ask(world, stock, 2), ask(world, stock, 3)
    with pytest.raises(Refused) as refused:
        flow.dispose(return_id=first.id, actor=SYSTEM, reason="no room", now=world.now)
    assert refused.value.code == "inbound.return_not_due"
    sending_back.give_up(return_id=first.id, actor=seller_of(world, stock), now=world.now)
    flow.dispose(return_id=first.id, actor=SYSTEM, reason="given up", now=world.now)
    world.pass_time(days=31)
    flow.dispose(return_id=second.id, actor=SYSTEM, reason="never fetched", now=world.now)
    stock.refresh_from_db()
    assert stock.on_hand == 15 and not Hold.objects.filter(state="active").exists()
    sound(world)


def test_goods_that_the_marketplace_bought_are_given_back_at_what_it_paid(world):
    seller = world.seller("mill", programme="shein-self-run", currency="CNY")
    offer = world.offer(seller, price="21.00", supply="60.00", stock=0)
    node = world.node("platform-cn", operator=world.operator, kind="platform_consolidation", country="CN")
    inbound.receive_goods(
        seller_id=seller.pk, node_id=node.id, rows=[inbound.Goods(offer.sku_id, 20)], actor=SYSTEM, now=world.now
    )
    stock = Stock.objects.select_related("node", "seller").get(sku_id=offer.sku_id, on_hand=20)
    faulty, surplus = ask(world, stock, 2, cause="faulty"), ask(world, stock, 3)
    for row in (faulty, surplus):
        accept(world, row, seller_of(world, stock))
        hand_over(world, row)
    share = surplus.seller_share
    assert faulty.seller_share == 1
    assert sorted(accrued(stock)) == sorted(
        [("back.goods", -12_000)] + [("back.goods", -round(18_000 * share))] * bool(share)
    )
    sound(world)


def test_quarantined_units_go_back_from_where_they_stand(world, offer, stock):
    places.make_places(node_id=stock.node_id, places=placing.read("A-1\nQ-1, quarantine"), actor=SYSTEM, now=world.now)
    for code, units in (("A-1", 12), ("Q-1", 8)):
        places.move(
            stock_id=stock.id, from_code="DOCK", to_code=code, quantity=units, actor=SYSTEM, now=world.now
        )  # fmt: skip
    quarantine = places.find_place(node_id=stock.node_id, code="Q-1")
    row = ask(world, stock, 6, cause="faulty", place_id=quarantine.id)
    with pytest.raises(Refused):
        ask(world, stock, 3, place_id=quarantine.id)
    assert queries.available([offer.id])[offer.id] == 12
    accept(world, row, seller_of(world, stock))
    hand_over(world, row)
    assert {each.place.code: each.quantity for each in places.list_at(node_id=stock.node_id)} == {"A-1": 12, "Q-1": 2}
    assert queries.available([offer.id])[offer.id] == 12
    sound(world)


def test_what_nobody_took_in_goes_back_too(world, offer, stock):
    shipment = stocking.pack(world, stocking.accept(world, stocking.ask(world, offer)))
    stocking.receive(world, shipment, good=23)
    [extra] = [
        each
        for each in sending_back.list_candidates(seller_id=stock.seller_id, node_id=shipment.node_id)
        if each.back.discrepancy_id
    ]
    assert (extra.back.quantity, extra.shipment) == (3, shipment.number)
    row = sending_back.ask(
        seller_id=stock.seller_id, node_id=shipment.node_id, rows=[extra.back], cause="surplus",
        collect_by=world.now + timedelta(days=5), actor=SYSTEM, now=world.now,
    )  # fmt: skip
    accept(world, row, seller_of(world, stock))
    hand_over(world, row)
    assert not Movement.objects.filter(kind="sent_back").exists(), "it never was stock"
    assert sending_back.get_return(number=row.number, scope=Scope(seller_id=stock.seller_id)).units == 3
    sound(world)


def test_strangers_and_nonsense_are_refused(world, stock):
    stranger = world.seller_actor(world.seller("stranger"))
    with pytest.raises(NotFound):
        ask(world, stock, actor=stranger)
    row = ask(world, stock)
    with pytest.raises(NotFound):
        accept(world, row, stranger)
    for units, cause, error in ((16, "surplus", Refused), (0, "surplus", Invalid), (1, "whim", Invalid)):
        with pytest.raises(error):
            ask(world, stock, units, cause=cause)


def test_a_seller_asks_for_goods_wherever_they_stand(world, offer, stock):
    places.make_places(node_id=stock.node_id, places=placing.read("A-1"), actor=SYSTEM, now=world.now)
    places.move(stock_id=stock.id, from_code="DOCK", to_code="A-1", quantity=15, actor=SYSTEM, now=world.now)
    mine = seller_of(world, stock)
    [known] = sending_back.list_candidates(seller_id=stock.seller_id, node_id=stock.node_id, with_places=False)
    assert known.back == Back(20, stock.id)
    row = ask(world, stock, units=18, actor=mine)
    accept(world, row, SYSTEM)
    hand_over(world, row)
    stock.refresh_from_db()
    assert stock.on_hand == 2
    sound(world)


def test_the_same_units_are_not_asked_for_twice_in_one_return(world, offer, stock):
    with pytest.raises(Refused) as refused:
        sending_back.ask(
            seller_id=stock.seller_id, node_id=stock.node_id, rows=[Back(12, stock.id), Back(12, stock.id)],
            cause="surplus", collect_by=world.now + timedelta(days=30), actor=SYSTEM, now=world.now,
        )  # fmt: skip
    assert refused.value.code == "inbound.return_not_there"


def test_goods_go_back_under_the_terms_that_they_came_under(world, offer):
    shipment = stocking.pack(world, stocking.accept(world, stocking.ask(world, offer)))
    stocking.receive(world, shipment, good=18, damaged=1, take_extra=False)
    world.pass_time(days=1)
    later = world.enrol(offer.seller, programme="self-managed", market="US")
    came = Stock.objects.filter(node_id=shipment.node_id, sku_id=offer.sku_id, condition="new", on_hand__gt=0)[0]
    made = ask(world, came, 1)
    assert (made.enrolment_id, made.seller_share) == (offer.enrolment_id, Decimal(1))
    assert later.id != offer.enrolment_id
