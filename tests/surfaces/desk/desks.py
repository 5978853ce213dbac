"""The desk in tests: browsers of its people, and a market in which there is one of everything."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.test import Client

import shipping
import stocking
from entrepot.domain.accounts import services as accounts
from entrepot.domain.accounts.models import Organisation
from entrepot.domain.aftersales.models import ReturnCase
from entrepot.domain.catalogue import services as catalogue
from entrepot.domain.catalogue.models import Offer, Product
from entrepot.domain.catalogue.rules import ProductDraft
from entrepot.domain.conversations.models import Attachment, Thread
from entrepot.domain.inbound import ordering, receiving, sending_back
from entrepot.domain.inbound import shipping as inbound
from entrepot.domain.inbound.models import Shipment, StockOrder, StockOrderLine
from entrepot.domain.inbound.ordering import NewStockOrder, Wanted
from entrepot.domain.inbound.receiving import Scan
from entrepot.domain.inbound.return_models import VendorReturn
from entrepot.domain.inbound.shipping import NewCarton
from entrepot.domain.inventory import places, placing
from entrepot.domain.inventory.models import Stock
from entrepot.domain.inventory.place_models import Place
from entrepot.domain.ledger.models import Account, Journal
from entrepot.domain.logistics.models import Parcel
from entrepot.domain.orders.models import Order, Suborder
from entrepot.domain.pricing import quoting
from entrepot.domain.pricing.models import SupplyQuote
from entrepot.domain.sellers import queries as sellers
from entrepot.domain.sellers import services as seller_services
from entrepot.domain.sellers.models import Seller, SellerDocument
from entrepot.domain.settlement.models import Accrual, PayoutBatch, Statement
from entrepot.domain.terms import queries as terms
from entrepot.domain.terms import services as programmes
from entrepot.flows import claiming, conversing, returns, settling
from entrepot.flows import receiving as arriving
from entrepot.kernel.actors import SYSTEM
from surfaces.seller.shops import photograph, sign_in
from worlds import World

OWN = "house-model"


def browser(world: World, role: str = "operator.admin", organisation: Organisation | None = None) -> Client:
    """A browser of somebody with a role at the operator, or elsewhere."""
    user = world.user()
    accounts.join(actor=SYSTEM, user=user, organisation=organisation or world.operator, role=role, now=world.now)
    return sign_in(user)


def applicant(world: World, code: str = "newcomer") -> tuple[Seller, SellerDocument]:
    """An organisation that asks to sell, with a paper that waits."""
    organisation = accounts.create_organisation(
        kind="seller", code=code, name="Newcomer Works", country="CN", now=world.now
    )
    seller = seller_services.apply(
        organisation=organisation, settlement_currency="CNY", now=world.now, profile={"capacity": "900 a day"}
    )
    document = seller_services.submit_document(
        seller_id=seller.pk, kind="business_licence", reference="BL-77", now=world.now
    )
    return seller, document


def quote(world: World, offer: Offer, amount_minor: int) -> SupplyQuote:
    """The seller asks for another supply price, which waits for the platform."""
    actor = sellers.get_system_actor(seller_id=offer.seller_id)
    (step,) = quoting.quote(
        rows=[quoting.NewQuote(offer.id, amount_minor)],
        valid_until=world.now.replace(year=world.now.year + 1),
        now=world.now,
        actor=actor,
    )
    return step


def own_programme(world: World, source: str = "fully-managed") -> None:
    """A programme of the operator's own, as a draft."""
    programmes.copy_programme(
        actor=SYSTEM, source=terms.get_current(source), code=OWN, label="House model", now=world.now
    )


@dataclass
class Market:
    """One of everything that a page of the desk can show."""

    managed: Seller
    seller: Seller
    offer: Offer
    product: Product
    waiting: Suborder
    packed: Suborder
    parcel: Parcel
    gone: Parcel
    done: Order
    case: ReturnCase
    received: ReturnCase
    statement: Statement
    batch: PayoutBatch
    accrual: Accrual
    account_id: UUID
    journal_id: UUID
    applicant: Seller
    document: SellerDocument
    quote: SupplyQuote
    thread: Thread
    file: Attachment
    stock_order: StockOrder
    shipment: Shipment
    closed_shipment: Shipment
    node_code: str
    partner_code: str
    place: Place
    vendor_return: VendorReturn

    @property
    def arguments(self) -> dict[str, tuple[Any, ...]]:
        """The arguments of every route of the desk's pages that takes any and only shows."""
        seller = self.seller.organisation.code
        return {
            "programme": ("fully-managed",),
            "programme_file": ("fully-managed",),
            "draft": (OWN,),
            "draft_duties": (OWN,),
            "draft_words": (OWN,),
            "setup_market": ("DE",),
            "setup_node": (self.node_code,),
            "partner": (self.partner_code,),
            "seller": (seller,),
            "product": (self.product.id,),
            "offer": (self.offer.id,),
            "order": (self.done.number,),
            "order_line": (self.done.number, 1),
            "work": (self.packed.number,),
            "return": (self.case.number,),
            "return_photo": (self.case.number, 0),
            "conversation": (self.thread.number,),
            "conversation_file": (self.thread.number, self.file.id),
            "stock_order": (self.stock_order.number,),
            "shipment": (self.shipment.number,),
            "statement": (self.statement.number,),
            "accrual": (self.accrual.id,),
            "batch": (self.batch.number,),
            "batch_file": (self.batch.number,),
            "vendor_return": (self.vendor_return.number,),
            "place": (self.place.node.code, self.place.id),
            "accounts": ("seller_payable", "EUR"),
            "account": (self.account_id,),
            "journal": (self.journal_id,),
            "invariant": ("I26",),
        }


def draft(world: World, seller: Seller) -> Product:
    """A product that lacks nearly everything."""
    (kept,) = catalogue.keep_products(
        organisation_id=seller.pk,
        drafts=[ProductDraft(product_code=world.next("draft"), texts={"en": ("Half a product", "")})],
        now=world.now,
    )
    return Product.objects.get(id=kept.product_id)


def ask_about(world: World, order: Order, texts: Sequence[str] = ("Is it blue?",)) -> Thread:
    """A shopper asks about what the platform answers for; the first message has a paper."""
    line = shipping.lines_of(order)[-1]
    opened = conversing.open_thread(
        order_id=order.id, line_id=line.id, subject="change", text=texts[0], attachments=[b"%PDF-1.7 a paper"],
        actor=SYSTEM, now=world.now,
    )  # fmt: skip
    for text in texts[1:]:
        conversing.write(
            thread_id=opened.id,
            text=text,
            actor=SYSTEM,
            now=world.now,
            access_token=order.access_token,
            as_shopper=True,
        )
    return opened


def claim(world: World, parcel: Parcel) -> None:
    """Whoever sent a parcel says that it arrived."""
    claiming.claim_delivery(
        parcel_id=parcel.id, arrived_at=world.now, proof="Signed for by the neighbour", actor=SYSTEM, now=world.now
    )


def countered(world: World, offer: Offer) -> StockOrder:
    """The seller offers fewer units than the platform asks for."""
    asked = stocking.ask(world, offer)
    seller = sellers.get_system_actor(seller_id=offer.seller_id)
    (line_id,) = StockOrderLine.objects.filter(stock_order=asked).values_list("id", flat=True)
    return ordering.counter(order_id=asked.id, quantities={line_id: 12}, deliver_by=None, actor=seller, now=world.now)


def bring(world: World, offers: Sequence[Offer], *, is_closed: bool = False) -> tuple[StockOrder, Shipment]:
    """One stock order of offers of a seller, two cartons of each; all arrived, half of them counted, or all closed."""
    node = world.node("platform-cn", operator=world.operator, kind="platform_consolidation", country="CN")
    wanted = NewStockOrder(offers[0].enrolment_id, node.id, [Wanted(each.id, 20) for each in offers])
    (order,) = ordering.ask(orders=[wanted], actor=SYSTEM, now=world.now)
    stocking.accept(world, order)
    seller = sellers.get_system_actor(seller_id=order.seller_id)
    draft = inbound.draft_for(order_id=order.id, actor=seller, now=world.now)
    cartons = [NewCarton({each.sku_id: 10}, 5000, 400, 300, 300, copies=2) for each in offers]
    inbound.put_cartons(shipment_id=draft.id, cartons=cartons, actor=seller, now=world.now)
    day = (world.now + timedelta(days=2)).date()
    shipment = inbound.announce(shipment_id=draft.id, expected_on=day, actor=seller, now=world.now)
    inbound.arrive(shipment_id=shipment.id, actor=SYSTEM, now=world.now)
    scans = [
        scan
        for each in offers
        for scan in (Scan(f"good-{each.id}", each.sku_id, 8), Scan(f"bad-{each.id}", each.sku_id, 2, "damaged"))
    ]
    receiving.count(shipment_id=shipment.id, scans=scans, actor=SYSTEM, now=world.now)
    if is_closed:
        arriving.close_shipment(
            shipment_id=shipment.id, actor=SYSTEM, now=world.now, note="as counted", keep_damaged=True
        )
    return order, shipment


def furnish(world: World) -> Market:
    """Sell, ship, deliver, take back, settle and pay out until there is one of everything."""
    managed = world.seller("factory", programme="fully-managed", currency="CNY")
    seller = world.seller("brand", programme="self-managed")
    supplied = world.offer(managed, price="29.99", supply="88.00", stock=500)
    offer = world.offer(seller, price="19.99", stock=500)
    done = shipping.order(world, (offer, 3), (supplied, 2))
    shipping.deliver(world, done)
    line = next(each for each in shipping.lines_of(done) if each.seller_id == managed.pk)
    (case,), (received,) = (
        returns.request_return(
            order_id=done.id, lines=[(line.id, 1)], reason="changed_mind", actor=SYSTEM, now=world.now,
            photos=[photograph()],
        )
        for _ in range(2)
    )  # fmt: skip
    returns.receive_return(
        case_id=received.id, received=[returns.Received(line.id, 1, "restock")], actor=SYSTEM, now=world.now
    )
    world.pass_time(days=40)
    statements = settling.settle(until=world.now.replace(hour=0), now=world.now, actor=SYSTEM)
    batch = next(each for each in settling.pay_out(now=world.now, actor=SYSTEM) if each.currency == "EUR")
    packed, waiting = shipping.order(world, (offer, 2), (supplied, 1)), shipping.order(world, (supplied, 3))
    ours = [(each, each.quantity) for each in shipping.lines_of(packed) if each.seller_id == managed.pk]
    parcel = shipping.pack(world, *ours)
    (gone,) = shipping.ship(world, shipping.order(world, (supplied, 1)))
    claim(world, gone)
    thread = ask_about(world, done)
    countered(world, supplied)
    stock_order, shipment = bring(world, [supplied])
    asking, document = applicant(world)
    own_programme(world)
    draft(world, seller)
    return Market(
        managed=managed,
        seller=seller,
        offer=supplied,
        product=supplied.sku.product,
        waiting=Suborder.objects.get(order=waiting),
        packed=Suborder.objects.get(order=packed, seller=managed),
        parcel=parcel,
        gone=gone,
        done=done,
        case=case,
        received=received,
        statement=next(each for each in statements if each.seller_id == seller.pk),
        batch=batch,
        accrual=Accrual.objects.filter(seller=seller).order_by("-amount_minor")[0],
        account_id=Account.objects.filter(kind="seller_payable", owner_id=seller.pk)[0].id,
        journal_id=Journal.objects.filter(kind="accrual").order_by("id")[0].id,
        applicant=asking,
        document=document,
        quote=quote(world, supplied, 9300),
        thread=thread,
        file=Attachment.objects.get(thread=thread),
        stock_order=stock_order,
        shipment=shipment,
        closed_shipment=bring(world, [supplied], is_closed=True)[1],
        node_code=next(iter(world.nodes)),
        partner_code=world.partner().code,
        place=_stow(world, supplied),
        vendor_return=_send_back(world, supplied),
    )


def _stow(world: World, offer: Offer) -> Place:
    """A node gets places, and some of the goods stand at the one that is returned."""
    stock = Stock.objects.filter(sku_id=offer.sku_id, condition="new", on_hand__gt=20).order_by("id")[0]
    rows = placing.read("A-1..2-1..3\nQ-1, quarantine")
    place, *_ = places.make_places(node_id=stock.node_id, places=rows, actor=SYSTEM, now=world.now)
    places.move(
        stock_id=stock.id, from_code="DOCK", to_code=place.code, quantity=20, actor=SYSTEM, now=world.now
    )  # fmt: skip
    return place


def _send_back(world: World, offer: Offer) -> VendorReturn:
    """The warehouse asks that some of the goods go back to their seller."""
    stock = Stock.objects.filter(sku_id=offer.sku_id, condition="new", on_hand__gt=20).order_by("id")[0]
    known = sending_back.list_candidates(seller_id=stock.seller_id, node_id=stock.node_id)
    rows = [replace(each.back, quantity=1) for each in known]
    until = world.now + timedelta(days=30)
    return sending_back.ask(
        seller_id=stock.seller_id, node_id=stock.node_id, rows=rows, cause="surplus", collect_by=until, actor=SYSTEM,
        now=world.now,
    )  # fmt: skip


def text_of(answer: HttpResponse) -> str:
    """What a page says, without its markup."""
    page = re.sub(r"<(script|style)\b.*?</\1>", " ", answer.content.decode(), flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", page).replace("&nbsp;", " ").split())


def key_in(answer: HttpResponse, name: str) -> str:
    """The idempotency key that a page gives to one of its forms."""
    found = re.search(
        rf'name="idempotency_key" value="([^"]+)"[^>]*id="{re.escape(name)}-idempotency_key"', answer.content.decode()
    )
    assert found, f"no form {name}"
    return found[1]
