"""A small market in which everything has happened that an invariant speaks of, made through the real flows."""

import random
import tempfile
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from unittest import mock
from uuid import UUID

import shipping
import shopping
import stocking
from entrepot.domain.accounts import services as accounts
from entrepot.domain.accounts.models import Membership
from entrepot.domain.accounts.queries import get_operator
from entrepot.domain.catalogue.models import Offer
from entrepot.domain.inbound import ahead, costing, sending_back
from entrepot.domain.inbound.costing import NewCost
from entrepot.domain.inbound.models import Shipment
from entrepot.domain.inventory import places, placing
from entrepot.domain.inventory import services as inventory
from entrepot.domain.inventory.models import Stock
from entrepot.domain.ledger import sealing
from entrepot.domain.logistics.bill_models import CarrierBillLine
from entrepot.domain.logistics.billing import NewBill, NewLine
from entrepot.domain.orders.models import Order, OrderLine
from entrepot.domain.settlement import services as settlement
from entrepot.domain.settlement.models import Payout
from entrepot.flows import billing, checkout, inbound, landing, returns, settling
from entrepot.flows import sending_back as leave_for_good
from entrepot.kernel import audit, idempotency, ids, outbox
from entrepot.kernel.actors import SYSTEM
from entrepot.kernel.db import fetch_rows
from journeys.plots import CAST
from journeys.story import COSTS
from worlds import World


def build() -> World:
    """Orders of every programme's kind, in every state, with what became of them, settled and paid out."""
    # The same ids every time; and what happens here reaches nobody, and counts as told.
    with (
        ids.entropy(random.Random(7).getrandbits), outbox.muted(), mock.patch.object(sealing, "LEVEL_EVERY", 5)
    ):  # fmt: skip
        world = World()
        settlement.set_cost_rates(rows=COSTS, valid_from=world.now.date(), actor=SYSTEM, now=world.now)
        offers = _sellers(world)
        _stow(world, offers)
        _back(world, offers)
        _supply(world, offers)
        shopping.voucher(world, "HARBOUR", platform_share=Decimal("0.60"), limit_total=9, limit_per_shopper=9)
        _trade(world, offers)
        _settle(world)
        sealing.seal(now=world.now)
        with tempfile.TemporaryDirectory() as folder:
            sealing.publish(file=Path(folder) / "anchors.txt", now=world.now)
        _open_ends(world, offers)
        _bills(world)
        _ahead(world, offers)
        _let_a_program_in(world)
        sealing.seal(now=world.now)
    return world


def _sellers(world: World) -> dict[str, Offer]:
    """An offer of each neutral programme, of programmes that accrue otherwise, and a kit."""
    shopping.publish_variant(world, "semi-managed-local-stock", "paid-at-order", fulfilment={"capture": "order"})
    offers = {}
    for programme, (code, market, price, supply, currency) in CAST.items():
        seller = world.seller(code, programme=programme, market=market, currency=currency)
        offers[programme] = world.offer(seller, price=price, supply=supply, stock=40)
    for programme, currency in (("paid-at-order", "EUR"), ("shein-marketplace", "EUR"), ("temu-full", "CNY")):
        seller = world.seller(programme, programme=programme, currency=currency)
        offers[programme] = world.offer(seller, price="17.35", stock=40)
    offers["shein-self-run"] = _received(world)
    local = offers["semi-managed-local-stock"]
    saucer = world.sku(local.seller, title="Saucer")
    stock = world.stock(local.seller, saucer, 30, node=world.nodes["importer-de"])
    offers["kit"] = world.kit(local.seller, {local.sku: 2, saucer: 1})
    single = world.offer(local.seller, price="4.00", sku=saucer, stock=0)
    inventory.allot(offer_id=single.id, rows=[(stock, 6)], now=world.now)
    for row in fetch_rows("SELECT organisation_id FROM sellers_seller ORDER BY organisation_id"):
        audit.record(actor=SYSTEM, verb="sellers.admit", subject_kind="seller", subject_id=row.organisation_id,
                     reason="test", now=world.now)  # fmt: skip
    return offers


def _stow(world: World, offers: dict[str, Offer]) -> None:
    """A warehouse that knows its places: goods put away, some of them in quarantine, others still at the dock."""
    node = world.nodes["platform-cn"]
    rows = placing.read("A-1..2-1..2\nQ-1, quarantine")
    places.make_places(node_id=node.id, places=rows, actor=SYSTEM, now=world.now)
    stock = Stock.objects.get(node=node, sku_id=offers["shein-self-run"].sku_id, on_hand__gt=0)
    for code, units in (("A-1-2", 12), ("A-2-1", 3), ("Q-1", 2)):
        places.move(
            stock_id=stock.id, from_code="DOCK", to_code=code, quantity=units, actor=SYSTEM, now=world.now
        )  # fmt: skip


def _back(world: World, offers: dict[str, Offer]) -> None:
    """Goods that the platform had bought go back from quarantine; others at the dock are still to go."""
    bought = Stock.objects.select_related("node", "seller").get(
        owner_id=get_operator().id, sku_id=offers["shein-self-run"].sku_id, condition="new"
    )
    quarantine = places.find_place(node_id=bought.node_id, code="Q-1")
    dock = places.find_place(node_id=bought.node_id, code="DOCK")
    until, seller = world.now + timedelta(days=30), world.seller_actor(bought.seller)
    for units, cause, place in ((1, "faulty", quarantine), (2, "surplus", dock)):
        row = sending_back.ask(
            seller_id=bought.seller_id, node_id=bought.node_id, rows=[sending_back.Back(units, bought.id, place.id)],
            cause=cause, collect_by=until, actor=SYSTEM, now=world.now,
        )  # fmt: skip
        if cause == "faulty":
            sending_back.accept(return_id=row.id, actor=seller, now=world.now)
            leaving = sending_back.Leaving("Blue Line", "", 1, 1_234, "EUR")
            leave_for_good.hand_over(return_id=row.id, leaving=leaving, actor=SYSTEM, now=world.now)


def _supply(world: World, offers: dict[str, Offer]) -> None:
    """Stock orders: one that brings too much, one too little, one that is bought, one under way, one not answered."""
    for code, good, extra in (("fully-managed", 22, True), ("shein-self-run", 18, False)):
        shipment = stocking.pack(world, stocking.accept(world, stocking.ask(world, offers[code])))
        stocking.receive(world, shipment, good=good, damaged=1, take_extra=extra)
        _land(world, shipment)
    stocking.pack(world, stocking.accept(world, stocking.ask(world, offers["fully-managed"])))
    stocking.ask(world, offers["fully-managed"])


def _ahead(world: World, offers: dict[str, Offer]) -> None:
    """Goods that are sold on their way: one shipment has come, another is awaited by an order."""
    rule = ahead.NewShare(safety_rate=Decimal("0.25"))
    ahead.set_rule(rule=rule, actor=SYSTEM, reason="they come reliably", now=world.now)
    offer = world.offer(offers["semi-managed-local-stock"].seller, price="12.00", stock=0)
    came = stocking.send(world, offer, 12)
    ordered = shipping.order(world, (offer, 9), key="ahead-came")
    stocking.send(world, offer, 12)
    later = shipping.order(world, (offer, 5), key="ahead-coming")
    stocking.receive(world, came, good=8)
    assert Stock.objects.filter(condition="coming", reserved__gt=0).count() == 1
    assert OrderLine.objects.filter(order__in=[ordered, later], cancelled_qty=1).count() == 1


def _land(world: World, shipment: Shipment) -> None:
    """Bills for the way of a shipment, one of them corrected, one of another currency, shared among its units."""
    for kind, minor, paper in (("freight", 100_001, "BL-1"), ("customs_duty", 5_003, "7501"), ("freight", -7, "CN-1")):
        bill = NewCost(kind, "CNY", minor, "weight", "Blue Line", paper, world.now.date())
        landing.enter_cost(shipment_id=shipment.id, cost=bill, actor=SYSTEM, now=world.now)
    bill = NewCost("insurance", "EUR", 913, "weight", "Blue Line", "P-1", world.now.date())
    landing.enter_cost(shipment_id=shipment.id, cost=bill, actor=SYSTEM, now=world.now)
    costing.share(shipment_id=shipment.id, currency="CNY", reason="", actor=SYSTEM, now=world.now)


def _received(world: World) -> Offer:
    """Goods that the platform buys when they come in."""
    seller = world.seller("mill", programme="shein-self-run", currency="CNY")
    offer = world.offer(seller, price="21.00", supply="60.00", stock=0)
    node = world.node("platform-cn", operator=world.operator, kind="platform_consolidation", country="CN")
    inbound.receive_goods(
        seller_id=seller.pk, node_id=node.id, rows=[inbound.Goods(offer.sku_id, 20)], actor=SYSTEM, now=world.now
    )
    return offer


def _trade(world: World, offers: dict[str, Offer]) -> None:
    """Sold, cancelled in part, shipped in parts, lost, delivered, sent back."""
    mixed = shipping.order(world, *((offers[code], 3) for code in CAST), voucher_code="HARBOUR")
    rest = shipping.order(world, *((offer, 2) for code, offer in offers.items() if code not in CAST))
    single = shipping.order(world, (offers["semi-managed-local-stock"], 7))
    early = shipping.order(world, (offers["paid-at-order"], 3))
    _cancel(world, early, 0, 1)
    _cancel(world, single, 0, 1)
    gone = shipping.order(world, (offers["self-managed"], 1), voucher_code="HARBOUR")
    _cancel(world, gone, 0, 1)
    world.pass_time(days=1)

    [line] = shipping.lines_of(single)
    parts = [shipping.pack(world, (line, units)) for units in (1, 2, 3)]
    shipping.hand_over(world, *parts)
    sent = [*shipping.ship(world, mixed), *shipping.ship(world, rest)]
    lost = shipping.ship(world, shipping.order(world, (offers["fully-managed"], 2), (offers["shein-self-run"], 1)))
    unseen = shipping.ship(world, shipping.order(world, (offers["temu-full"], 2)))
    world.pass_time(days=3)
    shipping.scan(world, "delivered", *sent, *parts[:2])
    shipping.scan(world, "lost", *lost, parts[2])
    world.pass_time(days=2)
    for line, reason, disposition in zip(
        shipping.lines_of(mixed), ("changed_mind", "damaged", "defective", "changed_mind"),
        ("restock", "discard", "restock", "to_owner"), strict=True,
    ):  # fmt: skip
        _send_back(world, line, 1, reason, disposition)
    by_offer = {line.offer_id: line for line in shipping.lines_of(rest)}
    for code in ("shein-marketplace", "shein-self-run", "kit"):
        _send_back(world, by_offer[offers[code].id], 1, "changed_mind", "restock")
    world.pass_time(days=50)
    settling.accrue_periods(until=world.now, now=world.now)  # what was not seen for so long counts as delivered …
    shipping.scan(world, "lost", *unseen)  # … and then turns out to be lost


def _settle(world: World) -> None:
    """Twice settled and paid out; of the second time one payout came back, one is on its way."""
    actor = world.operator_actor()
    for turn in range(3):
        settling.settle(until=world.now, now=world.now, actor=actor)
        settling.pay_out(now=world.now, actor=actor)
        sent = _sent()
        if turn == 0:
            settling.fail_payouts(payout_ids=sent[:1], reason="account closed", now=world.now, actor=actor)
            settling.confirm_payouts(payout_ids=sent[1:], now=world.now, actor=actor)
        elif turn == 1:
            settling.confirm_payouts(payout_ids=sent[1:], now=world.now, actor=actor)
        world.pass_time(days=40)


def _sent() -> list[UUID]:
    return list(Payout.objects.filter(state="in_transit").order_by("id").values_list("id", flat=True))


def _open_ends(world: World, offers: dict[str, Offer]) -> None:
    """What is still under way: held, packed, on the road, delivered and not settled, declined, waited for."""
    local = offers["semi-managed-local-stock"]
    for units in (1, 2):
        shipping.deliver(world, shipping.order(world, (offers["fully-managed"], units), (local, units)))
    road = shipping.order(world, (local, 2), (offers["self-managed"], 1))
    shipping.ship(world, road)
    packed = shipping.order(world, (offers["kit"], 2))
    shipping.pack(world, (shipping.lines_of(packed)[0], 1))
    shipping.order(world, (offers["paid-at-order"], 2), instrument="duplicate")
    deliver_messages(world)
    shopping.place(world, shopping.request("declined", (local, 1), instrument="decline", voucher_code="HARBOUR"))
    shopping.place(world, shopping.request("slow", (local, 1), instrument="slow"))
    world.pass_time(minutes=1)
    deliver_messages(world)
    idempotency.once(principal="user:1", key="first", body={}, now=world.now, act=lambda: (200, {"done": True}))


def _bills(world: World) -> None:
    """A carrier's bill: equal, different and accepted, disputed and credited in part; paid but for the last."""
    rows = fetch_rows(
        "SELECT parcel.carrier, parcel.tracking_number, parcel.cost_minor, parcel.weight_g FROM logistics_parcel parcel"
        " JOIN ledger_journal journal ON journal.source_id = parcel.id AND journal.kind = 'handover'"
        " WHERE parcel.cost_currency = 'EUR' AND parcel.cost_minor > 0 AND parcel.carrier ="
        " (SELECT carrier FROM logistics_parcel WHERE handed_over_at IS NOT NULL AND cost_currency = 'EUR'"
        " ORDER BY id LIMIT 1) ORDER BY parcel.id LIMIT 4"
    )
    on = world.now.date()
    for number, extra in (("R-1", 0), ("R-2", 137)):
        some, rows = rows[:2], rows[2:]
        bill = billing.enter(
            bill=NewBill(some[0].carrier, number, on, on - timedelta(days=30), on, "EUR"),
            lines=[
                NewLine(place, each.tracking_number, {"carriage": each.cost_minor, "redelivery": extra * place})
                for place, each in enumerate(some, 1)
            ],
            actor=SYSTEM, now=world.now,
        )  # fmt: skip
        lines = CarrierBillLine.objects.filter(bill=bill).order_by("number").values_list("id", flat=True)
        kept = list(lines[: 1 if extra else 2])
        billing.accept(bill_id=bill.id, line_ids=kept, reason="test", actor=SYSTEM, now=world.now)
        if not extra:
            billing.pay(carrier=bill.carrier, currency="EUR", reference="bank 1", actor=SYSTEM, now=world.now)
        else:
            billing.dispute(bill_id=bill.id, line_ids=lines[1:], reason="test", actor=SYSTEM, now=world.now)


def _let_a_program_in(world: World) -> None:
    """A key for the API, of somebody at the operator."""
    membership = Membership.objects.order_by("id")[0]
    accounts.create_key(actor=SYSTEM, membership=membership, label="till", now=world.now, verbs=["orders.read"])


def deliver_messages(world: World) -> None:
    """The provider's messages come in."""
    for headers, body in shopping.sandbox().messages(world.now):
        checkout.receive_webhook(provider="sandbox", headers=headers, body=body, now=world.now)


def _cancel(world: World, ordered: Order, position: int, units: int) -> None:
    line = shipping.lines_of(ordered)[position]
    checkout.cancel_lines(rows=[(line.id, units)], actor=world.operator_actor(),
                          reason="the shopper asked", now=world.now)  # fmt: skip


def _send_back(world: World, line: OrderLine, units: int, reason: str, disposition: str) -> None:
    [case] = returns.request_return(
        order_id=line.order_id, lines=[(line.id, units)], reason=reason, actor=SYSTEM, now=world.now
    )
    returns.send_label(case_id=case.id, actor=SYSTEM, now=world.now)
    returns.receive_return(
        case_id=case.id, received=[returns.Received(line.id, units, disposition)], actor=SYSTEM, now=world.now
    )
    returns.refund(case_ids=[case.id], actor=SYSTEM, now=world.now)
