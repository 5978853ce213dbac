"""The platform asks for stock, the seller answers and sends it, the node counts it in, and the money follows."""

from datetime import timedelta

import pytest

from entrepot.domain.inbound import ordering, queries, receiving, shipping
from entrepot.domain.inbound.models import Count, Discrepancy, InboundEvent, PutAway, Shipment, StockOrder
from entrepot.domain.inbound.ordering import NewStockOrder, Wanted
from entrepot.domain.inbound.receiving import Scan
from entrepot.domain.inbound.shipping import NewCarton
from entrepot.domain.inventory.models import Movement, Stock
from entrepot.domain.logistics import holidays
from entrepot.domain.logistics import queries as nodes
from entrepot.domain.settlement.models import Accrual
from entrepot.flows import receiving as flow
from entrepot.kernel.actors import SYSTEM
from entrepot.kernel.errors import Denied, Invalid, NotFound, Refused
from entrepot.kernel.models import OutboxEvent
from worlds import World

PLATFORM_BUYS = "shein-self-run"


class Story:
    """A seller whose stock the platform plans, one article, and the platform's warehouse."""

    def __init__(self, world: World, programme: str = "fully-managed", supply: str = "70.00") -> None:
        self.world = world
        self.seller = world.seller(programme=programme, currency="CNY")
        self.offer = world.offer(self.seller, supply=supply, stock=0)
        self.node = world.node("platform-cn", operator=world.operator, kind="platform_consolidation", country="CN")
        self.merchandiser = world.operator_actor("operator.merchandiser")
        self.warehouse = world.operator_actor("operator.warehouse")
        self.owner = world.seller_actor(self.seller)

    @property
    def now(self):
        """A minute later each time."""
        return self.world.pass_time(minutes=1)

    def ask(self, units: int = 40, **more) -> StockOrder:
        wanted = NewStockOrder(self.offer.enrolment_id, self.node.id, [Wanted(self.offer.id, units)], **more)
        [order] = ordering.ask(orders=[wanted], actor=self.merchandiser, now=self.now)
        return order

    def accepted(self, units: int = 40) -> StockOrder:
        [order] = ordering.accept(order_ids=[self.ask(units).id], actor=self.owner, now=self.now)
        return order

    def packed(self, order: StockOrder, units: int = 20, copies: int = 2) -> Shipment:
        shipment = shipping.draft_for(order_id=order.id, actor=self.owner, now=self.now)
        carton = NewCarton({self.offer.sku_id: units}, 9000, 400, 300, 300, copies=copies)
        shipping.put_cartons(shipment_id=shipment.id, cartons=[carton], actor=self.owner, now=self.now)
        return shipping.announce(
            shipment_id=shipment.id,
            expected_on=self.world.now.date() + timedelta(days=3),
            actor=self.owner,
            now=self.now,
        )

    def arrived(self, order: StockOrder, units: int = 20, copies: int = 2) -> Shipment:
        shipment = self.packed(order, units, copies)
        shipping.ship(shipment_id=shipment.id, carrier="Truck", tracking_number="", actor=self.owner, now=self.now)
        return shipping.arrive(shipment_id=shipment.id, actor=self.warehouse, now=self.now)

    def count(self, shipment: Shipment, *scans: Scan) -> receiving.Counted:
        return receiving.count(shipment_id=shipment.id, scans=scans, actor=self.warehouse, now=self.now)

    def close(self, shipment: Shipment, **more):
        return flow.close_shipment(shipment_id=shipment.id, actor=self.warehouse, now=self.now, **more)


@pytest.fixture
def story(world) -> Story:
    return Story(world)


def topics() -> list[str]:
    return list(OutboxEvent.objects.order_by("id").values_list("topic", flat=True))


def kinds(order: StockOrder) -> list[str]:
    return list(InboundEvent.objects.filter(stock_order=order).order_by("id").values_list("kind", flat=True))


def test_a_stock_order_from_asking_to_stock(story):
    order = story.ask()
    assert (order.state, order.asked_minor, order.currency) == ("asked", 280_000, "CNY")
    assert order.answer_by < order.deliver_by < order.void_at
    [order] = ordering.accept(order_ids=[order.id], actor=story.owner, now=story.now)
    assert (order.state, order.agreed_minor) == ("accepted", 280_000)
    shipment = story.arrived(order)
    receiving.count_cartons(
        shipment_id=shipment.id,
        barcodes=[each.carton.barcode for each in queries.list_cartons(shipment.id)],
        actor=story.warehouse,
        now=story.now,
    )
    [done] = story.close(shipment)
    assert (done.quantity, done.is_bought) == (40, False)
    order.refresh_from_db()
    assert order.state == "received"
    stock = Stock.objects.get()
    assert (stock.on_hand, stock.owner_id, stock.node_id) == (40, story.seller.pk, story.node.id)
    movement = Movement.objects.get()
    assert (movement.source_type, movement.source_id) == ("shipment", shipment.id)
    assert not Discrepancy.objects.exists()
    assert kinds(order) == [
        "asked", "accepted", "drafted", "announced", "shipped", "arrived", "counting", "received",
    ]  # fmt: skip
    assert [topic for topic in topics() if topic.startswith("stock_order")] == [
        "stock_order.asked", "stock_order.answered", "stock_order.received",
    ]  # fmt: skip
    assert not Accrual.objects.exists(), "what stays the seller's is earned when it is sold"


def test_what_is_bought_is_bought_at_the_orders_price(world):
    story = Story(world, PLATFORM_BUYS)
    order = story.accepted()
    world.supply_price(story.offer, "90.00")
    shipment = story.arrived(order)
    story.count(shipment, Scan("a", story.offer.sku_id, 38), Scan("b", story.offer.sku_id, 2, "damaged"))
    done = story.close(shipment)
    assert sorted((each.quantity, each.is_bought) for each in done) == [(2, False), (38, True)]
    accrual = Accrual.objects.get()
    assert (accrual.amount_minor, accrual.quantity) == (38 * 7000, 38), "damaged units are not bought"
    assert queries.find_source(movement_id=accrual.event_id).stock_order_id == order.id
    kept = Stock.objects.get(condition="damaged")
    assert (kept.owner_id, kept.on_hand) == (story.seller.pk, 2)


def test_who_plans_the_stock_is_what_the_terms_say(world):
    story = Story(world, "self-managed")
    with pytest.raises(Denied) as refused:
        story.ask()
    assert (refused.value.code, refused.value.values["task"]) == ("terms.not_yours", "inventory_planning")
    managed = Story(world)
    with pytest.raises(Denied) as refused:
        shipping.draft(
            seller_id=managed.seller.pk,
            enrolment_id=managed.offer.enrolment_id,
            node_id=managed.node.id,
            actor=managed.owner,
            now=world.now,
        )
    assert refused.value.values["task"] == "inventory_planning"


def test_a_seller_offers_less_and_later_and_the_platform_agrees(story):
    order = story.ask()
    [line] = queries.get_order(number=order.number, scope=queries.ALL).lines
    later = order.deliver_by + timedelta(days=4)
    counter = {"order_id": order.id, "actor": story.owner, "now": story.now}
    with pytest.raises(Invalid):
        ordering.counter(quantities={line.id: 41}, deliver_by=None, **counter)
    with pytest.raises(Invalid):
        ordering.counter(quantities={line.id: 40}, deliver_by=order.deliver_by, **counter)
    with pytest.raises(Invalid):
        ordering.counter(quantities={line.id: 0}, deliver_by=later, **counter)
    order = ordering.counter(quantities={line.id: 25}, deliver_by=later, **counter)
    assert order.state == "countered"
    [order] = ordering.agree(order_ids=[order.id], actor=story.merchandiser, now=story.now)
    assert (order.state, order.agreed_minor, order.deliver_by) == ("accepted", 25 * 7000, later)
    with pytest.raises(Refused) as refused:
        story.packed(order, units=13, copies=2)
    assert refused.value.code == "inbound.more_than_agreed"


def test_a_counter_offer_can_be_turned_down_and_an_order_declined(story):
    order = story.ask()
    [line] = queries.get_order(number=order.number, scope=queries.ALL).lines
    ordering.counter(order_id=order.id, quantities={line.id: 5}, deliver_by=None, actor=story.owner, now=story.now)
    refusing = {"actor": story.merchandiser, "now": story.now}
    with pytest.raises(Invalid):
        ordering.refuse_counter(order_ids=[order.id], reason=" ", **refusing)
    [order] = ordering.refuse_counter(order_ids=[order.id], reason="too few", **refusing)
    assert order.state == "declined"
    other = ordering.decline(order_id=story.ask().id, reason="no clay", actor=story.owner, now=story.now)
    assert other.state == "declined"
    with pytest.raises(Refused):
        ordering.accept(order_ids=[other.id], actor=story.owner, now=story.now)


def test_nobody_else_answers_or_receives(story, world):
    order = story.ask()
    other = world.seller_actor(world.seller())
    partner = world.actor(world.partner(), "partner.warehouse")
    with pytest.raises(NotFound):
        ordering.accept(order_ids=[order.id], actor=other, now=world.now)
    with pytest.raises(NotFound):
        ordering.accept(
            order_ids=[order.id], actor=story.merchandiser.__class__("x", role="seller.staff"), now=world.now
        )
    [order] = ordering.accept(order_ids=[order.id], actor=story.owner, now=world.now)
    shipment = story.packed(order)
    for actor in (other, partner, story.owner):
        with pytest.raises(NotFound):
            shipping.arrive(shipment_id=shipment.id, actor=actor, now=world.now)
    with pytest.raises(NotFound):
        shipping.ship(shipment_id=shipment.id, carrier="x", tracking_number="", actor=other, now=world.now)


def test_lateness_names_who_was_late_and_what_never_left_is_void(story):
    silent, slow, gone = story.ask(), story.accepted(), story.accepted()
    shipment = story.packed(gone)
    shipping.ship(shipment_id=shipment.id, carrier="T", tracking_number="", actor=story.owner, now=story.now)
    assert ordering.mark_late(now=story.now) == 0
    now = story.world.pass_time(days=12)
    assert (ordering.mark_late(now=now), ordering.mark_late(now=now)) == (4, 0)
    assert shipping.mark_late(now=now) == 1
    late = InboundEvent.objects.filter(kind="late", shipment=None).order_by("id")
    assert [(each.stock_order_id, each.party, each.data["with"]) for each in late] == [
        (silent.id, "seller", "answer"),
        (slow.id, "seller", "departure"),
        (slow.id, "seller", "delivery"),
        (gone.id, "seller", "delivery"),
    ]
    now = story.world.pass_time(days=30)
    assert ordering.mark_late(now=now) == 2
    assert [StockOrder.objects.get(id=each.id).state for each in (silent, slow, gone)] == ["void", "void", "shipped"]


def test_a_late_answer_of_the_platform_is_the_platforms(story):
    order = story.ask()
    [line] = queries.get_order(number=order.number, scope=queries.ALL).lines
    ordering.counter(order_id=order.id, quantities={line.id: 5}, deliver_by=None, actor=story.owner, now=story.now)
    ordering.mark_late(now=story.world.pass_time(days=6))
    assert InboundEvent.objects.get(kind="late").party == "platform"


def test_an_order_is_taken_back_until_the_goods_leave(story):
    order = story.accepted()
    shipment = story.packed(order)
    [order] = ordering.cancel(order_ids=[order.id], reason="season over", actor=story.merchandiser, now=story.now)
    shipment.refresh_from_db()
    assert (order.state, shipment.state) == ("cancelled", "cancelled")
    other = story.accepted()
    story.arrived(other)
    with pytest.raises(Refused):
        ordering.cancel(order_ids=[other.id], reason="x y z", actor=story.merchandiser, now=story.now)


def test_a_cancelled_shipment_can_be_packed_anew(story):
    order = story.accepted()
    shipping.cancel(shipment_id=story.packed(order).id, actor=story.owner, now=story.now)
    order.refresh_from_db()
    assert order.state == "accepted"
    assert story.packed(order).state == "announced"


def test_the_same_scan_twice_counts_once(story):
    shipment = story.arrived(story.accepted())
    sku = story.offer.sku_id
    assert story.count(shipment, Scan("a", sku, 7), Scan("b", sku, 3)) == receiving.Counted(10, 0)
    assert story.count(shipment, Scan("a", sku, 7), Scan("c", sku, 1)) == receiving.Counted(1, 1)
    assert queries.counted(shipment.id) == {(sku, "new"): 11}
    cartons = queries.list_cartons(shipment.id)
    whole = {"shipment_id": shipment.id, "actor": story.warehouse, "now": story.now}
    code = cartons[0].carton.barcode
    assert receiving.count_cartons(barcodes=[code], **whole) == receiving.Counted(20, 0)
    assert receiving.count_cartons(barcodes=[code.lower()], **whole) == receiving.Counted(0, 1)
    with pytest.raises(Refused):
        story.count(shipment, Scan("d", sku, 1, carton_id=cartons[0].carton.id))
    story.count(shipment, Scan("e", sku, 19, carton_id=cartons[1].carton.id))
    with pytest.raises(Refused):
        receiving.count_cartons(barcodes=[cartons[1].carton.barcode], **whole)
    with pytest.raises(Invalid):
        receiving.count_cartons(barcodes=["K-0000-0000-0000"], **whole)


def test_a_count_is_corrected_with_a_reason_and_never_below_nothing(story):
    shipment = story.arrived(story.accepted())
    sku = story.offer.sku_id
    story.count(shipment, Scan("a", sku, 10))
    with pytest.raises(Invalid):
        story.count(shipment, Scan("b", sku, -2))
    with pytest.raises(Invalid):
        story.count(shipment, Scan("b", sku, -11, note="typed wrongly"))
    story.count(shipment, Scan("b", sku, -2, note="typed wrongly"))
    flow.put_away(shipment_id=shipment.id, actor=story.warehouse, now=story.now)
    with pytest.raises(Refused):
        story.count(shipment, Scan("c", sku, -1, note="one less"))
    assert Count.objects.count() == 2


def test_short_over_damaged_and_wrong_are_on_record_for_both(story, world):
    shipment = story.arrived(story.accepted())
    wrong = world.sku(story.seller)
    sku = story.offer.sku_id
    story.count(shipment, Scan("a", sku, 41), Scan("b", sku, 3, "damaged"), Scan("c", wrong.id, 2))
    with pytest.raises(Invalid):
        story.close(shipment)
    story.close(shipment, note="four units over, box crushed, two cups of another order")
    found = {(each.sku_id, each.kind, each.outcome): each.quantity for each in Discrepancy.objects.all()}
    assert found == {
        (sku, "over", "goes_back"): 4,
        (sku, "damaged", "goes_back"): 3,
        (wrong.id, "wrong_item", "goes_back"): 2,
    }
    assert {(each.sku_id, each.quantity) for each in PutAway.objects.all()} == {(sku, 40)}


def test_what_is_over_is_taken_where_the_node_says_so(story):
    shipment = story.arrived(story.accepted())
    story.count(shipment, Scan("a", story.offer.sku_id, 44))
    story.close(shipment, take_extra=True)
    assert Stock.objects.get().on_hand == 44
    assert Discrepancy.objects.get().outcome == "taken"


def test_put_away_in_two_goes_is_one_shipment(story):
    shipment = story.arrived(story.accepted())
    sku = story.offer.sku_id
    story.count(shipment, Scan("a", sku, 25))
    flow.put_away(shipment_id=shipment.id, actor=story.warehouse, now=story.now)
    with pytest.raises(Refused):
        flow.put_away(shipment_id=shipment.id, actor=story.warehouse, now=story.now)
    story.count(shipment, Scan("b", sku, 10))
    story.close(shipment)
    assert list(PutAway.objects.order_by("id").values_list("quantity", flat=True)) == [25, 10]
    assert Stock.objects.get().on_hand == 35
    assert (Discrepancy.objects.get().kind, Discrepancy.objects.get().quantity) == ("short", 5)


def test_a_lot_that_fails_its_inspection_goes_back(story):
    shipment = story.arrived(story.accepted())
    sku = story.offer.sku_id
    with pytest.raises(Refused):
        inspect(story, shipment, 0)
    story.count(shipment, Scan("a", sku, 40))
    with pytest.raises(Invalid):
        inspect(story, shipment, 9)
    inspection = inspect(story, shipment, 1)
    assert (inspection.sample_size, inspection.accept_max, inspection.passed) == (5, 0, False)
    with pytest.raises(Refused):
        flow.put_away(shipment_id=shipment.id, actor=story.warehouse, now=story.now)
    story.close(shipment, note="glaze is cracked")
    order = StockOrder.objects.get()
    assert order.state == "returned"
    assert (Discrepancy.objects.get().kind, Discrepancy.objects.get().quantity) == ("failed", 40)
    assert not Stock.objects.exists()


def test_after_sorting_the_last_inspection_counts(story):
    shipment = story.arrived(story.accepted())
    story.count(shipment, Scan("a", story.offer.sku_id, 40))
    inspect(story, shipment, 1)
    inspect(story, shipment, 0)
    story.close(shipment)
    assert Stock.objects.get().on_hand == 40


def inspect(story: Story, shipment: Shipment, defects: int):
    return receiving.inspect(
        shipment_id=shipment.id,
        sku_id=story.offer.sku_id,
        defects=defects,
        actor=story.warehouse,
        now=story.now,
    )


def test_a_shipment_is_turned_away_at_the_dock(story):
    order = story.accepted()
    shipment = story.arrived(order)
    with pytest.raises(Invalid):
        shipping.refuse(shipment_id=shipment.id, reason="", actor=story.warehouse, now=story.now)
    shipping.refuse(shipment_id=shipment.id, reason="wet cartons", actor=story.warehouse, now=story.now)
    order.refresh_from_db()
    assert order.state == "returned"


def test_what_is_on_its_way_is_seen_until_it_is_stock(story):
    order = story.accepted()
    sku = story.offer.sku_id

    def coming():
        return [(each.in_transit, each.to_come) for each in queries.list_coming(scope=queries.ALL, sku_ids=[sku])]

    assert coming() == [(0, 40)]
    shipment = story.arrived(order)
    assert coming() == [(40, 0)]
    story.count(shipment, Scan("a", sku, 15))
    flow.put_away(shipment_id=shipment.id, actor=story.warehouse, now=story.now)
    assert coming() == [(25, 0)]
    story.close(shipment)
    assert coming() == []
    stranger = story.world.seller()
    assert queries.list_coming(scope=queries.Scope(seller_id=stranger.pk)) == []


def test_a_kit_a_foreign_node_and_a_missing_price_are_refused(story, world):
    kit = world.kit(story.seller, {story.offer.sku: 2})
    foreign = world.node("workshop", operator=story.seller.organisation, kind="seller_premises", country="CN")

    def ask(offer, node):
        wanted = NewStockOrder(offer.enrolment_id, node.id, [Wanted(offer.id, 4)])
        return ordering.ask(orders=[wanted], actor=story.merchandiser, now=world.now)

    with pytest.raises(Refused) as refused:
        ask(kit, story.node)
    assert refused.value.code == "inbound.kit"
    with pytest.raises(Refused) as refused:
        ask(story.offer, foreign)
    assert refused.value.code == "inbound.node_takes_none"
    assert not StockOrder.objects.exists()


def test_a_shipment_is_due_when_its_warehouse_is_open(world):
    offer = world.offer(world.seller(programme="self-managed"), stock=0)
    node = world.node("partner", operator=world.partner(), kind="third_party_overseas", country="DE")
    day, owner = world.now.date() + timedelta(days=2), world.seller_actor(offer.seller)
    holidays.publish(actor=SYSTEM, rows=[holidays.Day("DE", day, "a feast", "test")], now=world.now)
    shipment = shipping.draft(
        seller_id=offer.seller_id, enrolment_id=offer.enrolment_id, node_id=node.id, actor=owner, now=world.now
    )
    carton = NewCarton({offer.sku_id: 5}, 9000, 400, 300, 300)
    shipping.put_cartons(shipment_id=shipment.id, cartons=[carton], actor=owner, now=world.now)
    shipment = shipping.announce(shipment_id=shipment.id, expected_on=day, actor=owner, now=world.now)
    view = nodes.list_nodes([node.id])[node.id]
    assert view.left_on(shipment.due_at) == view.open_on(day) > day
