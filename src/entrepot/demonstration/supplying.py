"""Goods on their way in: stock orders that the marketplace asks, shipments that sellers plan, some done, some open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

from entrepot.demonstration import warehousing
from entrepot.demonstration.setting import Setting
from entrepot.domain.catalogue.models import Offer
from entrepot.domain.inbound import ahead, costing, docking, ordering, queries, receiving, shipping, ways
from entrepot.domain.inbound.costing import NewCost
from entrepot.domain.inbound.models import Shipment, StockOrder
from entrepot.domain.inbound.ordering import NewStockOrder, Wanted
from entrepot.domain.inbound.receiving import Scan
from entrepot.domain.inbound.shipping import NewCarton
from entrepot.domain.inventory import queries as inventory
from entrepot.flows import landing
from entrepot.flows import receiving as flow
from entrepot.kernel.actors import Actor

FACTORY, WEAVER, OUTDOORS, FOOTWEAR = "golden-kiln", "bright-loom", "trail-and-pine", "first-step"
HUB, BONDED, QUAY, LEIPZIG = "guangzhou-consolidation", "rotterdam-bonded", "new-jersey-3pl", "leipzig-3pl"


@dataclass(slots=True)
class Supply:
    """What was asked and sent so far, by its name in this story."""

    setting: Setting
    orders: dict[str, StockOrder] = field(default_factory=dict)
    shipments: dict[str, Shipment] = field(default_factory=dict)


def play_day(supply: Supply, day: date, days_left: int) -> None:
    """One day's acts, by how many days are left until the demonstration is opened."""
    morning = datetime.combine(day, time(2), tzinfo=UTC)
    if days_left == 13:
        warehousing.open_docks(supply.setting, morning)
    elif days_left == 12:
        _ask(supply, "mugs", FACTORY, (0, 1, 2), 48, morning)
        _ask(supply, "towels", WEAVER, (0, 1), 60, morning)
        _ask(supply, "pots", FACTORY, (0, 2, 5, 7), 24, morning, node=BONDED, market="DE")
        _accept(supply, "mugs", morning + timedelta(hours=6))
        _accept(supply, "pots", morning + timedelta(hours=6))
        _offer_less(supply, "towels", 45, morning + timedelta(hours=7))
    elif days_left == 11:
        _agree(supply, "towels", morning)
        _pack(supply, "mugs", 24, morning + timedelta(hours=2))
        _pack(supply, "pots", 12, morning + timedelta(hours=3))
        _send(supply, "mugs", "Pearl River Trucking", "PRT-20871", morning + timedelta(hours=8))
        _plan(supply, "tents", OUTDOORS, QUAY, (0, 1, 2), 6, morning + timedelta(hours=9))
        _send(supply, "tents", "Harbour Freight", "HBF-55102", morning + timedelta(hours=10))
        _send(supply, "pots", "Orient Rail", "ORR-7120-4", morning + timedelta(hours=12))
        _book(supply, "tents", morning + timedelta(days=5, hours=13), morning + timedelta(hours=13))
    elif days_left == 9:
        _plan(supply, "mats", OUTDOORS, QUAY, (1, 2), 10, morning)
        _book(supply, "mats", morning + timedelta(days=4), morning + timedelta(hours=1))
        warehousing.make_places(supply.setting, supply.setting.nodes[BONDED], morning + timedelta(hours=5))
    elif days_left == 8:
        _arrive(supply, "mugs", morning)
        _receive_with_faults(supply, "mugs", morning + timedelta(hours=2))
        _pack(supply, "towels", 15, morning + timedelta(hours=5))
        _send(supply, "mats", "Harbour Freight", "HBF-55260", morning + timedelta(hours=9))
    elif days_left == 6:
        _send(supply, "towels", "Pearl River Trucking", "PRT-20934", morning)
        _arrive(supply, "tents", morning + timedelta(hours=12))
    elif days_left == 5:
        _receive_whole(supply, "tents", morning + timedelta(hours=14))
        _ask(supply, "vases", FACTORY, (3, 4), 36, morning)
        _ask(supply, "planters", FACTORY, (1, 3), 40, morning, node=BONDED, market="DE")
        _accept(supply, "vases", morning + timedelta(hours=6))
        _accept(supply, "planters", morning + timedelta(hours=6))
        _arrive(supply, "pots", morning + timedelta(hours=7))
        _receive_with_faults(supply, "pots", morning + timedelta(hours=8))
    elif days_left == 4:
        warehousing.put_away(supply.setting, supply.setting.nodes[BONDED], morning + timedelta(hours=6))
        _land(supply, "pots", morning + timedelta(hours=10))
    elif days_left == 3:
        _plan(supply, "shoes", FOOTWEAR, LEIPZIG, (0, 1), 10, morning)
        _send(supply, "shoes", "Rhein Paket", "RHP-771204", morning + timedelta(hours=6))
        _pack(supply, "vases", 18, morning + timedelta(hours=7))
        _pack(supply, "planters", 20, morning + timedelta(hours=8))
    elif days_left == 2:
        warehousing.count(supply.setting, supply.setting.nodes[BONDED], morning + timedelta(hours=8))
        warehousing.set_apart(supply.setting, supply.setting.nodes[BONDED], 4, morning + timedelta(hours=9))
        _send(supply, "planters", "Orient Rail", "ORR-7133-1", morning + timedelta(hours=10))
        _bill(supply, "planters", "freight", 41_800, "Orient Rail", "ORR-2261", morning + timedelta(hours=11))
        docking.mark_missed(now=morning + timedelta(hours=12))
    elif days_left == 1:
        warehousing.send_back(supply.setting, supply.setting.nodes[BONDED], morning + timedelta(hours=7))


def leave_open(supply: Supply, now: datetime) -> None:
    """What waits on the last day: an answer of the factory's, one of the marketplace's, goods to count, to expect."""
    _book(supply, "towels", now, now - timedelta(minutes=5))
    _arrive(supply, "towels", now)
    _ask(supply, "bowls", FACTORY, (5, 6, 7), 40, now + timedelta(minutes=5))
    _ask(supply, "cushions", WEAVER, (2, 3), 50, now + timedelta(minutes=6))
    _offer_less(supply, "cushions", 30, now + timedelta(minutes=20))
    _plan(supply, "chairs", OUTDOORS, QUAY, (3, 4), 8, now + timedelta(minutes=25))
    _book(supply, "chairs", now + timedelta(days=1), now + timedelta(minutes=26))
    _book(supply, "vases", now + timedelta(hours=2), now + timedelta(minutes=27))
    _book(supply, "planters", now + timedelta(days=2), now + timedelta(minutes=28))
    _arrive(supply, "shoes", now + timedelta(minutes=30))
    seller_id = supply.orders["mugs"].seller_id
    warehousing.want_back(supply.setting, seller_id, supply.setting.nodes[HUB], 4, now + timedelta(minutes=32))


def sell_ahead(supply: Supply, now: datetime) -> Offer:
    """A container is at sea, and what is in it may be sold: the article of which least is left at the quay."""
    rule = ahead.NewShare(mode="sea", safety_rate=Decimal("0.1"), put_away_days=2)
    ahead.set_rule(rule=rule, actor=_operator(supply), reason="Sea freight has come whole so far", now=now)
    rows = Offer.objects.filter(seller__organisation__code=OUTDOORS, status="live", market__code="US")
    left = inventory.available(list(rows.order_by("id").values_list("id", flat=True)))
    offer = rows.get(id=min(left, key=lambda each: (left[each], each)))
    places = list(rows.order_by("id").values_list("id", flat=True))
    _plan(supply, "container", OUTDOORS, QUAY, (), 40, now, [places.index(offer.id)])
    shipment, actor = supply.shipments["container"], supply.setting.actor(offer.seller_id)
    left_on = now.date() - timedelta(days=20)
    ways.plan(shipment_id=shipment.id, lane_code="cn-us-sea", ready_on=left_on, actor=actor, now=now)
    for leg, days in ((1, 2), (2, 5)):
        done_on = left_on + timedelta(days=days)
        ways.pass_leg(shipment_id=shipment.id, position=leg, done_on=done_on, actor=actor, now=now)
    _send(supply, "container", "Blue Line", "BLU-400-177", now + timedelta(minutes=20))
    return offer


def _offers(supply: Supply, seller_code: str, places: Sequence[int], market: str) -> list[Offer]:
    """Some of a seller's offers, each of another article, always of the same market."""
    rows = Offer.objects.select_related("sku", "enrolment").filter(
        seller__organisation__code=seller_code, status="live", market__code=market
    )
    found = list(rows.order_by("id"))
    return [found[place * 3 % len(found)] for place in places]


def _ask(
    supply: Supply,
    name: str,
    seller: str,
    places: Sequence[int],
    units: int,
    now: datetime,
    *,
    node: str = HUB,
    market: str = "US",
) -> None:
    offers = _offers(supply, seller, places, market)
    wanted = NewStockOrder(
        offers[0].enrolment_id,
        supply.setting.nodes[node].id,
        [Wanted(offer.id, units) for offer in offers],
    )
    [supply.orders[name]] = ordering.ask(orders=[wanted], actor=_operator(supply), now=now)


def _accept(supply: Supply, name: str, now: datetime) -> None:
    order = supply.orders[name]
    ordering.accept(order_ids=[order.id], actor=supply.setting.actor(order.seller_id), now=now)


def _offer_less(supply: Supply, name: str, units: int, now: datetime) -> None:
    order = supply.orders[name]
    lines = queries.get_order(number=order.number, scope=queries.ALL).lines
    ordering.counter(
        order_id=order.id,
        quantities={line.id: min(units, line.asked_qty) for line in lines},
        deliver_by=order.deliver_by + timedelta(days=3),
        actor=supply.setting.actor(order.seller_id),
        now=now,
        note="One loom is being repaired",
    )


def _agree(supply: Supply, name: str, now: datetime) -> None:
    ordering.agree(order_ids=[supply.orders[name].id], actor=_operator(supply), now=now)


def _pack(supply: Supply, name: str, units: int, now: datetime) -> None:
    """Cartons of one article each, so many units in a carton."""
    order = supply.orders[name]
    actor = supply.setting.actor(order.seller_id)
    shipment = shipping.draft_for(order_id=order.id, actor=actor, now=now)
    lines = queries.get_order(number=order.number, scope=queries.ALL).lines
    cartons = [
        _carton({line.sku_id: units}, (line.sku.weight_g or 400) * units, (line.agreed_qty or 0) // units)
        for line in lines
    ]
    shipping.put_cartons(shipment_id=shipment.id, cartons=cartons, actor=actor, now=now + timedelta(minutes=10))
    supply.shipments[name] = shipping.announce(
        shipment_id=shipment.id,
        expected_on=max((order.deliver_by - timedelta(days=1)).date(), now.date() + timedelta(days=1)),
        actor=actor,
        now=now + timedelta(minutes=20),
    )


def _plan(
    supply: Supply,
    name: str,
    seller: str,
    node: str,
    places: Sequence[int],
    units: int,
    now: datetime,
    exactly: Sequence[int] = (),
) -> None:
    """A shipment of the seller's own planning, of every other article, or of exactly these."""
    place = supply.setting.nodes[node]
    rows = Offer.objects.select_related("sku").filter(seller__organisation__code=seller, status="live")
    offers = list(rows.filter(market__country=place.country).order_by("id"))
    chosen = [offers[each * 2 % len(offers)] for each in places] + [offers[each] for each in exactly]
    actor = supply.setting.actor(chosen[0].seller_id)
    shipment = shipping.draft(
        seller_id=chosen[0].seller_id,
        enrolment_id=chosen[0].enrolment_id,
        node_id=place.id,
        actor=actor,
        now=now,
    )
    cartons = [_carton({offer.sku_id: units}, (offer.sku.weight_g or 400) * units, 2) for offer in chosen]
    shipping.put_cartons(shipment_id=shipment.id, cartons=cartons, actor=actor, now=now + timedelta(minutes=5))
    supply.shipments[name] = shipping.announce(
        shipment_id=shipment.id,
        expected_on=now.date() + timedelta(days=5),
        carrier="Harbour Freight",
        actor=actor,
        now=now + timedelta(minutes=10),
    )


def _carton(units: Mapping[UUID, int], goods_g: int, copies: int) -> NewCarton:
    return NewCarton(units, goods_g + 650, 580, 380, 400, copies=copies)


def _send(supply: Supply, name: str, carrier: str, tracking_number: str, now: datetime) -> None:
    shipment = supply.shipments[name]
    actor = supply.setting.actor(shipment.seller_id)
    shipping.ship(shipment_id=shipment.id, carrier=carrier, tracking_number=tracking_number, actor=actor, now=now)


def _arrive(supply: Supply, name: str, now: datetime) -> None:
    shipping.arrive(shipment_id=supply.shipments[name].id, actor=_operator(supply), now=now)


def _receive_whole(supply: Supply, name: str, now: datetime) -> None:
    shipment = supply.shipments[name]
    barcodes = [each.carton.barcode for each in queries.list_cartons(shipment.id)]
    receiving.count_cartons(shipment_id=shipment.id, barcodes=barcodes, actor=_operator(supply), now=now)
    flow.close_shipment(shipment_id=shipment.id, actor=_operator(supply), now=now + timedelta(minutes=30))


def _receive_with_faults(supply: Supply, name: str, now: datetime) -> None:
    """Two units are damaged and three are missing; a sample of each article passes."""
    shipment, actor = supply.shipments[name], _operator(supply)
    cartons = queries.list_cartons(shipment.id)
    *whole, last = cartons
    receiving.count_cartons(
        shipment_id=shipment.id, barcodes=[each.carton.barcode for each in whole], actor=actor, now=now
    )
    [line] = last.lines
    scans = [
        Scan("units", line.sku_id, line.quantity - 5, carton_id=last.carton.id),
        Scan("damaged", line.sku_id, 2, "damaged", last.carton.id, "Handles broken off"),
    ]
    receiving.count(shipment_id=shipment.id, scans=scans, actor=actor, now=now + timedelta(minutes=12))
    for place, sku_id in enumerate(queries.declared(shipment.id)):
        receiving.inspect(
            shipment_id=shipment.id, sku_id=sku_id, defects=0, actor=actor, now=now + timedelta(minutes=20 + place)
        )
    flow.close_shipment(shipment_id=shipment.id, actor=actor, now=now + timedelta(minutes=40))


def _book(supply: Supply, name: str, since: datetime, now: datetime) -> None:
    warehousing.book_slot(supply.setting, supply.shipments[name], since=since, now=now)


def _bill(supply: Supply, name: str, kind: str, minor: int, issuer: str, document: str, now: datetime) -> None:
    """A bill for the way that the marketplace paid."""
    share_by = "value" if kind == "customs_duty" else "volume"
    cost = NewCost(kind, "EUR", minor, share_by, issuer, document, now.date())
    landing.enter_cost(shipment_id=supply.shipments[name].id, cost=cost, actor=_operator(supply), now=now)


def _land(supply: Supply, name: str, now: datetime) -> None:
    """What the way cost, shared among the units that came."""
    shipment = supply.shipments[name]
    shipment.refresh_from_db()
    _bill(supply, name, "freight", 36_400, "Orient Rail", "ORR-2248", now)
    border = landing.reckon_border(shipment, now=now)
    if border.duty_minor:
        _bill(supply, name, "customs_duty", border.duty_minor, "Douane Rotterdam", "DR-40417", now)
    costing.share(shipment_id=shipment.id, currency="EUR", reason="", actor=_operator(supply), now=now)


def _operator(supply: Supply) -> Actor:
    return supply.setting.actor(supply.setting.operator.id)
