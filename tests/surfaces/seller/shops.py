"""Sellers at their pages: a client that is signed in, and a shop in which there is one of everything."""

import io
from dataclasses import dataclass
from datetime import timedelta

from django.test import Client
from PIL import Image

import shipping
import stocking
from entrepot.domain.accounts import services as accounts
from entrepot.domain.accounts import team
from entrepot.domain.accounts.models import ApiKey, Invitation, Membership, User
from entrepot.domain.aftersales.models import ReturnCase
from entrepot.domain.catalogue.models import Offer
from entrepot.domain.conversations.models import Attachment, Thread
from entrepot.domain.inbound import sending_back
from entrepot.domain.inbound.models import Carton, Shipment, StockOrder
from entrepot.domain.inbound.return_models import VendorReturn
from entrepot.domain.inventory.models import Stock
from entrepot.domain.orders.models import Suborder
from entrepot.domain.pricing import quoting
from entrepot.domain.pricing.models import SupplyQuote
from entrepot.domain.sellers.models import Enrolment, Seller, SellerDocument
from entrepot.domain.settlement.models import Accrual, Statement
from entrepot.domain.uploads.models import Upload
from entrepot.flows import conversing, enrolling, returns, settling
from entrepot.intake import pricing_sheet, uploads
from entrepot.kernel.actors import SYSTEM
from worlds import World


def sign_in(user: User) -> Client:
    """A browser in which somebody is signed in."""
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def client_of(world: World, seller: Seller, role: str = "seller.owner") -> Client:
    """A browser of somebody with a role at a seller."""
    user = world.user()
    accounts.join(actor=SYSTEM, user=user, organisation=seller.organisation, role=role, now=world.now)
    return sign_in(user)


@dataclass
class Shop:
    """A seller with one of everything that a page can show."""

    seller: Seller
    offer: Offer
    enrolment: Enrolment
    stock: Stock
    open_order: Suborder
    packed_order: Suborder
    parcel_number: str
    done_order: Suborder
    case: ReturnCase
    statement: Statement
    accrual: Accrual
    thread: Thread
    file: Attachment
    document: SellerDocument
    stock_order: StockOrder
    shipment: Shipment
    vendor_return: VendorReturn
    upload: Upload
    member: Membership
    invitation: Invitation
    key: ApiKey
    quote: SupplyQuote

    def addresses(self) -> dict[str, list[object]]:
        """The arguments of every route of the seller's pages that takes any, of what belongs to this shop."""
        of_parcel = (self.packed_order.number, self.parcel_number)
        owned: dict[tuple[object, ...], tuple[str, ...]] = {
            (self.offer.id,): (
                "offer", "offer_price", "offer_supply_price", "offer_sale", "offer_pause", "offer_archiving",
                "offer_prices", "offer_price_plans", "offer_stock",
            ),
            (self.upload.id,): ("upload", "upload_run", "upload_drop", "upload_rejects"),
            (self.quote.offer_id, self.quote.id): ("offer_supply_answer",),
            (self.offer.sku.product_id,): (
                "product", "product_content", "product_offers", "product_pictures", "product_picture_order",
                "product_variants",
            ),
            (self.stock.id,): ("stock_row", "stock_adjustment"),
            (self.open_order.number,): (
                "order", "order_acceptance", "order_cancellation", "order_absence", "order_parcels",
            ),
            of_parcel: (
                "parcel_label", "parcel_handover", "parcel_unpacking", "parcel_claim", "parcel_booking",
                "parcel_cancellation", "parcel_giving_up",
            ),
            (*of_parcel, "packing-list"): ("parcel_paper",),
            (self.case.number,): ("return", "return_receipt", "return_refund"),
            (self.thread.number,): (
                "conversation", "conversation_messages", "conversation_handing", "conversation_state",
            ),
            (self.case.number, 0): ("return_photo",),
            (self.thread.number, self.file.id): ("conversation_file",),
            (self.accrual.id,): ("accrual",),
            (self.statement.number,): ("statement", "statement_paper", "statement_pdf", "statement_sheet"),
            (self.enrolment.id,): ("enrolment_end",),
            (self.document.id,): ("document_file",),
            (self.member.id,): ("team_role", "team_end"),
            (self.invitation.id,): ("team_withdrawal",),
            (self.key.id,): ("key_revocation",),
            (self.stock_order.number,): (
                "stock_order", "stock_order_acceptance", "stock_order_counter", "stock_order_refusal",
                "stock_order_packing",
            ),
            (self.shipment.number,): (
                "shipment", "shipment_cartons", "shipment_announcement", "shipment_departure", "shipment_cancellation",
                "shipment_slot", "shipment_slot_return", "shipment_lane", "shipment_leg", "shipment_cost",
                "shipment_values", "shipment_landed_cost",
            ),
            (self.vendor_return.number,): (
                "vendor_return", "vendor_return_acceptance", "vendor_return_giving_up", "vendor_return_cancellation",
            ),
            (self.shipment.number, "labels"): ("shipment_paper",),
            (self.shipment.number, Carton.objects.filter(shipment=self.shipment)[0].id): ("shipment_carton_removal",),
        }  # fmt: skip
        return {name: list(arguments) for arguments, names in owned.items() for name in names}


def photograph() -> bytes:
    """What a shopper's telephone makes, only smaller."""
    made = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(made, "PNG")
    return made.getvalue()


def furnish(world: World, seller: Seller) -> Shop:
    """Sell, ship, deliver, take back and settle until there is one of everything."""
    offer = world.offer(seller, stock=50)
    done = shipping.order(world, (offer, 2))
    shipping.deliver(world, done)
    (line,) = shipping.lines_of(done)
    (case,) = returns.request_return(
        order_id=done.id, lines=[(line.id, 1)], reason="defective", actor=SYSTEM, now=world.now,
        photos=[photograph()],
    )  # fmt: skip
    world.pass_time(days=30)
    (statement,) = [
        each for each in settling.settle(until=world.now, now=world.now, actor=SYSTEM) if each.seller_id == seller.pk
    ]
    packed = shipping.order(world, (offer, 2))
    (packed_line,) = shipping.lines_of(packed)
    parcel = shipping.pack(world, (packed_line, 1))
    waiting = shipping.order(world, (offer, 3))
    thread = conversing.open_thread(
        order_id=packed.id, line_id=packed_line.id, subject="change", text="Can I have it in green?",
        attachments=[b"%PDF-1.7 a paper"], actor=SYSTEM, now=world.now,
    )  # fmt: skip
    world.enrol(seller, programme="fully-managed", market="DE")
    supplied = world.offer(seller, programme="fully-managed", stock=0)
    member = _member(world, seller)
    return Shop(
        seller=seller,
        offer=offer,
        enrolment=world.enrolment(seller),
        stock=Stock.objects.get(seller=seller, sku=offer.sku),
        open_order=Suborder.objects.get(order=waiting),
        packed_order=Suborder.objects.get(order=packed),
        parcel_number=parcel.number,
        done_order=Suborder.objects.get(order=done),
        case=case,
        statement=statement,
        accrual=Accrual.objects.filter(seller=seller).order_by("-amount_minor")[0],
        document=enrolling.submit_document(
            actor=SYSTEM, seller_id=seller.pk, kind="identity", content=b"%PDF-1.7 somebody", now=world.now
        ),
        thread=thread,
        file=Attachment.objects.get(thread=thread),
        stock_order=stocking.ask(world, supplied),
        upload=_upload(world, seller, offer),
        member=member,
        invitation=team.invite(
            actor=world.seller_actor(seller),
            organisation_id=seller.pk,
            email="invited@example.org",
            role="seller.staff",
            now=world.now,
        ),
        key=accounts.create_key(actor=SYSTEM, membership=member, label="stock sync", now=world.now)[0],
        quote=SupplyQuote.objects.filter(offer=supplied)[0],
        shipment=stocking.pack(world, stocking.accept(world, stocking.ask(world, supplied))),
        vendor_return=_coming_back(world, seller),
    )


def _coming_back(world: World, seller: Seller) -> VendorReturn:
    """Spare goods at a warehouse of the platform's, which it asks the seller to take back."""
    node = world.node("platform-cn", operator=world.operator, kind="platform_consolidation", country="CN")
    stock_id = world.stock(seller, world.sku(seller, title="Spare"), 5, node=node)
    return sending_back.ask(
        seller_id=seller.pk, node_id=node.id, rows=[sending_back.Back(2, stock_id)], cause="surplus",
        collect_by=world.now + timedelta(days=30), actor=SYSTEM, now=world.now,
    )  # fmt: skip


def _member(world: World, seller: Seller) -> Membership:
    """Somebody of the seller's staff."""
    return accounts.join(
        actor=SYSTEM, user=world.user(), organisation=seller.organisation, role="seller.staff", now=world.now
    )


def _upload(world: World, seller: Seller, offer: Offer) -> Upload:
    """A sheet of prices that was tried, one row of it bad."""
    return uploads.bring(
        actor=world.seller_actor(seller),
        organisation_id=seller.pk,
        sheet=pricing_sheet.PRICES.code,
        content=f"sku,retail_price\n{offer.sku.code},21\nnothing,5\n",
        name="prices.csv",
        now=world.now,
    )


def counter(world: World, offer: Offer, amount_minor: int) -> None:
    """The platform answers the seller's waiting quote with a price of its own."""
    from entrepot.domain.pricing.negotiation import OPEN

    step = SupplyQuote.objects.get(offer=offer, status__in=OPEN)
    quoting.counter(
        rows=[(step.id, amount_minor)], valid_until=step.valid_until, actor=SYSTEM, now=world.now, note="too dear"
    )
