"""Goods on their way in, as tests need them: an order that was asked, a shipment that is packed."""

from datetime import timedelta

from entrepot.domain.catalogue.models import Offer
from entrepot.domain.inbound import ordering, queries, receiving, shipping
from entrepot.domain.inbound.models import Shipment, StockOrder, StockOrderLine
from entrepot.domain.inbound.ordering import NewStockOrder, Wanted
from entrepot.domain.inbound.receiving import Scan
from entrepot.domain.inbound.shipping import NewCarton
from entrepot.domain.sellers import queries as sellers
from entrepot.domain.sellers.models import Seller
from entrepot.flows import receiving as flow
from entrepot.kernel.actors import SYSTEM
from worlds import World


def ask(world: World, offer: Offer, units: int = 20) -> StockOrder:
    """The platform asks for units of an offer, at its warehouse in China."""
    node = world.node("platform-cn", operator=world.operator, kind="platform_consolidation", country="CN")
    wanted = NewStockOrder(offer.enrolment_id, node.id, [Wanted(offer.id, units)])
    [order] = ordering.ask(orders=[wanted], actor=SYSTEM, now=world.now)
    return order


def accept(world: World, order: StockOrder) -> StockOrder:
    """The seller agrees."""
    [order] = ordering.accept(order_ids=[order.id], actor=_seller(order.seller_id), now=world.now)
    return order


def pack(world: World, order: StockOrder, *, units: int = 10, copies: int = 2) -> Shipment:
    """The seller packs equal cartons of the first line, and announces them."""
    actor = _seller(order.seller_id)
    shipment = shipping.draft_for(order_id=order.id, actor=actor, now=world.now)
    sku_id = Offer.objects.get(id=_first_offer(order)).sku_id
    carton = NewCarton({sku_id: units}, 5000, 400, 300, 300, copies=copies)
    shipping.put_cartons(shipment_id=shipment.id, cartons=[carton], actor=actor, now=world.now)
    day = (world.now + timedelta(days=2)).date()
    return shipping.announce(shipment_id=shipment.id, expected_on=day, actor=actor, now=world.now)


def send(world: World, offer: Offer, units: int, *, days: int = 20) -> Shipment:
    """The seller sends units of its own planning to where its goods leave from; they are announced in so many days."""
    actor = _seller(offer.seller_id)
    wording = sellers.list_conditions([offer.enrolment_id])[offer.enrolment_id]
    node = world.node_of(Seller.objects.get(pk=offer.seller_id), wording, offer.market)
    shipment = shipping.draft(
        seller_id=offer.seller_id, enrolment_id=offer.enrolment_id, node_id=node.id, actor=actor, now=world.now
    )
    carton = NewCarton({offer.sku_id: units}, 5000, 400, 300, 300)
    shipping.put_cartons(shipment_id=shipment.id, cartons=[carton], actor=actor, now=world.now)
    day = (world.now + timedelta(days=days)).date()
    shipping.announce(shipment_id=shipment.id, expected_on=day, actor=actor, now=world.now)
    return shipping.ship(shipment_id=shipment.id, carrier="Line", tracking_number="", actor=actor, now=world.now)


def receive(world: World, shipment: Shipment, *, good: int, damaged: int = 0, take_extra: bool = False) -> None:
    """The shipment arrives, is counted, put away and closed."""
    shipping.arrive(shipment_id=shipment.id, actor=SYSTEM, now=world.now)
    [sku_id] = queries.declared(shipment.id)
    scans = [Scan("good", sku_id, good)] + [Scan("damaged", sku_id, damaged, "damaged")] * bool(damaged)
    receiving.count(shipment_id=shipment.id, scans=scans, actor=SYSTEM, now=world.now)
    flow.close_shipment(shipment_id=shipment.id, actor=SYSTEM, now=world.now, note="as counted", take_extra=take_extra)


def _first_offer(order: StockOrder):
    return StockOrderLine.objects.filter(stock_order=order).order_by("position")[0].offer_id


def _seller(seller_id):
    return sellers.get_system_actor(seller_id=seller_id)
