"""A seller with one of everything, for others to reach after."""

from datetime import timedelta
from typing import Any

from entrepot.domain.catalogue import services as catalogue
from entrepot.domain.conversations.models import Attachment
from entrepot.domain.customs import services as customs
from entrepot.domain.inbound.models import Carton
from entrepot.domain.inventory.models import Stock
from entrepot.domain.ledger.models import Account, Journal
from entrepot.domain.logistics.billing import NewBill, NewLine
from entrepot.domain.logistics.models import TrackingDoubt
from entrepot.domain.orders.models import WorkItem
from entrepot.domain.payments.models import Payment
from entrepot.domain.pricing import quoting
from entrepot.domain.pricing.models import RetailProposal
from entrepot.domain.settlement.models import Accrual, Payout
from entrepot.flows import billing, conversing, enrolling, fulfilment, returns, settling
from entrepot.intake import uploads
from entrepot.kernel import ids
from entrepot.kernel.actors import SYSTEM
from shipping import deliver, lines_of, order, pack
from shopping import voucher
from stocking import accept, ask
from stocking import pack as pack_cartons
from surfaces.seller.shops import photograph
from worlds import World


def make(world: World) -> dict[str, Any]:
    """The ids of what the seller has, by the names that the API gives them."""
    customs.load_reference(now=world.now)
    seller = world.seller("victim", programme="semi-managed-local-stock")
    actor = world.seller_actor(seller)
    offer = world.offer(seller, price="30.00", stock=20)
    delivered = order(world, (offer, 3))
    deliver(world, delivered)
    [line] = lines_of(delivered)
    [case] = returns.request_return(
        order_id=delivered.id, lines=[(line.id, 1)], reason="changed_mind", actor=SYSTEM, now=world.now,
        photos=[photograph(), photograph()],
    )  # fmt: skip
    world.pass_time(days=60)
    [statement] = settling.settle(until=world.now, now=world.now, actor=SYSTEM)
    settling.pay_out(now=world.now, actor=SYSTEM)
    waiting = order(world, (offer, 2))
    parcel = pack(world, (lines_of(waiting)[0], 1))
    fulfilment.make_label(parcel_id=parcel.id, actor=SYSTEM, now=world.now)
    doubt = TrackingDoubt.objects.create(
        id=ids.new_id(world.now), created_at=world.now, parcel=parcel, kind="unscanned", points=30
    )
    today = world.now.date()
    bill = billing.enter(
        bill=NewBill(parcel.carrier, "R-1", today, today - timedelta(days=30), today, "EUR"),
        lines=[NewLine(1, parcel.tracking_number, {"carriage": 500})], actor=SYSTEM, now=world.now,
    )  # fmt: skip
    world.enrol(seller, programme="fully-managed", market="DE")
    other = world.offer(seller, programme="fully-managed")
    [quote] = quoting.quote(
        rows=[quoting.NewQuote(other.id, 777)], valid_until=world.now + timedelta(days=9), actor=actor, now=world.now
    )
    stock_order = ask(world, other)
    shipment = pack_cartons(world, accept(world, ask(world, other)))
    catalogue.move_offers(offer_ids=[offer.id], status="paused")
    document = enrolling.submit_document(
        actor=actor, seller_id=seller.pk, kind="vat_number", reference="DE 1", content=b"%PDF-1.7 DE", now=world.now
    )
    picture = catalogue.add_pictures(rows=[(offer.sku.product_id, "ab/abc.webp", {})], now=world.now)[0]
    thread = conversing.open_thread(
        order_id=waiting.id,
        line_id=lines_of(waiting)[0].id,
        subject="other",
        text="Is it green?",
        attachments=[b"%PDF-1.7 a paper"],
        actor=SYSTEM,
        now=world.now,
    )
    upload = uploads.bring(
        actor=actor,
        organisation_id=seller.pk,
        sheet="prices",
        content=f"sku,retail_price\n{offer.sku.code},31\nnothing,5\n",
        name="prices.csv",
        now=world.now,
    )
    accrual = Accrual.objects.filter(seller=seller).earliest("id")
    proposal = RetailProposal.objects.create(
        id=ids.new_id(world.now),
        created_at=world.now,
        offer=offer,
        amount_minor=2900,
        currency="EUR",
        proposed_by_party="platform",
        waits_for_party="seller",
    )
    return {
        "seller_id": seller.pk,
        "organisation": seller.organisation.code,
        "organisation_id": seller.pk,
        "operator_id": seller.pk,
        "owner_id": seller.pk,
        "offer_id": offer.id,
        "sku_id": offer.sku_id,
        "product_id": offer.sku.product_id,
        "picture_id": picture.id,
        "enrolment_id": world.enrolment(seller).id,
        "version_id": world.enrolment(seller).programme_version_id,
        "document_id": document.id,
        "quote_id": quote.id,
        "proposal_id": proposal.id,
        "order_id": waiting.id,
        "stock_order_id": stock_order.id,
        "shipment_id": shipment.id,
        "carton_id": Carton.objects.filter(shipment=shipment)[0].id,
        "number": statement.number,
        "line_id": lines_of(waiting)[0].id,
        "suborder_id": lines_of(waiting)[0].suborder_id,
        "work_item_id": WorkItem.objects.get(suborder__order=waiting).id,
        "parcel_id": parcel.id,
        "doubt_id": doubt.id,
        "bill_id": bill.id,
        "case_id": case.id,
        "thread_id": thread.id,
        "attachment_id": Attachment.objects.get(thread=thread).id,
        "upload_id": upload.id,
        "accrual_id": accrual.id,
        "payout_id": Payout.objects.get(seller=seller).id,
        "batch_id": Payout.objects.get(seller=seller).batch_id,
        "payment_id": Payment.objects.get(reference_id=waiting.id).id,
        "voucher_id": voucher(world, "TENTH").id,
        "account_id": Account.objects.filter(owner_id=seller.pk).earliest("id").id,
        "journal_id": Journal.objects.earliest("id").id,
        "subject_id": line.id,
        "node_id": world.nodes["victim-de"].id,
        "stock_id": Stock.objects.get(seller=seller, sku=offer.sku).id,
        "source_version_id": world.enrolment(seller).programme_version_id,
        "call_id": Payment.objects.get(reference_id=waiting.id).id,
    }
