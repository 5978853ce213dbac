"""The walk of docs/tours/factory.md."""

import io
from datetime import timedelta

from PIL import Image

import shopping
from entrepot.demonstration import clock as demonstration
from entrepot.domain.catalogue.models import Offer
from entrepot.domain.inbound import queries as cartons
from entrepot.domain.inbound import receiving as counting
from entrepot.domain.inbound import shipping as inbound
from entrepot.domain.inbound.models import Shipment, StockOrder
from entrepot.domain.orders.models import OrderLine, WorkItem
from entrepot.domain.sellers.models import Seller
from entrepot.flows import checkout, fulfilment, receiving, settling
from entrepot.flows.fulfilment import Box, Handover, Scan
from entrepot.kernel import clock
from entrepot.kernel.actors import SYSTEM
from walks.tours.guide import Guide, Person

PASSWORD = "kiln-harbour-porcelain"
SHEET = "\t".join(("sku", "title", "category", "weight_g", "length_mm", "width_mm", "height_mm", "hs_code", "origin",
                   "market", "programme", "supply_price"))  # fmt: skip
ROWS = (
    "TEA-2\tTea bowl, sand\tkitchen\t380\t140\t140\t80\t691110\tCN\tDE\tfully-managed\t39.00",
    "TEA-3\tTea bowl, moss\tkitchen\theavy\t140\t140\t80\t691110\tCN\tDE\tfully-managed\t39.00",
)


def walk(guide: Guide) -> None:
    li = guide.person("li", market="DE")
    _join(guide, li)
    operator = guide.person("operator", market="DE")
    _admit(guide, operator)
    _accept(guide, li)
    _list(guide, li)
    _agree(guide, li, operator)
    _paste(guide, li)
    _send_stock(guide, li, operator)
    _earn(guide, li)


def picture(colour: str) -> bytes:
    """A picture as a camera would give it."""
    drawn = io.BytesIO()
    Image.new("RGB", (640, 640), colour).save(drawn, "JPEG")
    return drawn.getvalue()


def _join(guide: Guide, li: Person) -> None:
    guide.step("Apply")
    li.open("/")
    li.follow("Sell here", within=".site-foot")
    li.expect("Papers that you will need")
    li.fill("Name of your firm", "Ren Porcelain")
    li.choose("Country of the firm", "China")
    li.choose("Currency in which you are paid", "CNY")
    li.fill("What do you make or sell? (optional)", "Tea bowls, by hand, since 1987.")
    li.fill("Your name", "Ren Li")
    li.fill("Your e-mail address", "li@renporcelain.example")
    li.fill("A password", PASSWORD)
    li.press("Apply")
    li.expect_title("Your application Being looked at")
    li.expect("3 papers are still to come from you.")

    guide.step("Hand in your papers")
    with li.refused():
        li.upload("File (optional)", "licence.pdf", b"this is no paper")
        li.press("Hand it in")
    li.expect("Send a PDF, PNG or JPEG file")
    for _paper in range(3):
        li.upload("File (optional)", "paper.jpg", picture("lightgrey"))
        li.press("Hand it in")
    li.expect("Your papers are with the operator.")

    guide.step("Answer ten questions")
    li.look()
    li.follow("Answer it")
    for label, value in (
        ("How many units can you make in a week?", "400"),
        ("How long from an order to goods ready to leave?", "6"),
        ("What is the smallest number of one article that you make?", "80"),
        ("How quickly can you make the same again?", "10"),
    ):
        li.fill(f"{label} (optional)", value)
    li.press("Keep the answers")
    li.expect("You can do 4 of 4 things")


def _admit(guide: Guide, operator: Person) -> None:
    guide.step("The operator admits you")
    operator.sign_in("operator@entrepot.example", to="/desk/")
    operator.go("Sellers")
    operator.follow("Ren Porcelain")
    operator.expect("What it can do")
    operator.expect("Ready for")
    for _paper in range(3):
        operator.press("Decide")
        operator.tick("Accept it", within="dialog[open]")
        operator.fill("Reason", "Seen, and of the firm", within="dialog[open]")
        operator.picture("a paper is decided")
        operator.press("Decide", within="dialog[open]")
    operator.press("Admit")
    operator.fill("Reason", "Papers complete, can make enough", within="dialog[open]")
    operator.press("Admit", within="dialog[open]")
    operator.expect("Ren Porcelain is admitted.")


def _accept(guide: Guide, li: Person) -> None:
    guide.step("Choose a programme in your own numbers")
    li.look()
    li.go("Programmes")
    li.follow("Germany")
    for label, value in (
        ("One unit costs you", "24.00"),
        ("You would ask", "42.00"),
        ("A shopper would pay", "19.90"),
        ("Weight, packed", "380"),
    ):
        li.fill(label, value)
    li.press("Work it out")
    li.needs("CN¥ 18.00" in li.text, "a supply price of 42 less a cost of 24 is not 18")
    li.page.locator("tbody .explain-button").first.click()
    li.picture("what stays of one unit")
    li.page.keyboard.press("Escape")

    guide.step("Accept it")
    li.look()
    li.follow("Fully managed")
    li.expect("What you do not enter, and why")
    li.tick("I have read it and accept it for my shop in this market.")
    li.press("Accept")
    li.expect("Accepted. You trade under it from now on.")


def _list(guide: Guide, li: Person) -> None:
    guide.step("List your first article in one short form")
    li.look()
    li.go("Offers")
    li.follow("New goods")
    li.fill("Title", "Tea bowl, celadon")
    li.fill("Your article number", "TEA-1")
    li.page.get_by_label("Pictures (optional)", exact=True).set_input_files(
        [
            {"name": "front.jpg", "mimeType": "image/jpeg", "buffer": picture("darkseagreen")},
            {"name": "inside.jpg", "mimeType": "image/jpeg", "buffer": picture("seagreen")},
        ]
    )
    li.press("Make it")
    li.expect("Before it is on sale")
    li.picture("what is missing")
    li.follow("The product lacks a category")
    li.needs(li.page.url.endswith("#goods-category"), "it does not lead to its field")
    li.page.get_by_label("Category (optional)", exact=True).select_option(value="kitchen")
    for label, value in (
        ("Weight with packaging (optional)", "380"),
        ("Length (optional)", "140"),
        ("Width (optional)", "140"),
        ("Height (optional)", "80"),
        ("HS code (optional)", "691110"),
        ("Country of origin (optional)", "CN"),
    ):
        li.fill(label, value)
    li.press("Save")
    li.expect("Saved. Nothing is missing.")
    li.needs(li.page.locator(".arranged img").count() == 2, "the pictures are not there")


def _agree(guide: Guide, li: Person, operator: Person) -> None:
    guide.step("Say what you ask for it")
    li.look()
    li.follow("TEA-1")
    li.fill("Supply price of one unit", "42.00")
    li.choose("It holds for (optional)", "14 days")
    li.fill("Note (optional)", "Glazed twice, packed singly")
    li.press("Quote it")
    li.expect("The marketplace answers by")

    guide.step("The operator makes a counter-offer")
    operator.look()
    operator.go("Catalogue")
    operator.follow("Supply prices")
    operator.page.get_by_label("Counter-offer for Tea bowl, celadon in CNY", exact=True).fill("36.00")
    operator.fill("Reason, or a word to the seller (optional)", "We sell such bowls at 19.90")
    operator.press("Counter where an amount is typed")
    operator.expect("1 counter-offer is made.")

    guide.step("Answer the counter-offer")
    li.look()
    li.go("Overview")
    li.expect("Your way to the first sale")
    li.go("Offers")
    li.follow("Tea bowl, celadon")
    li.expect("We sell such bowls at 19.90")
    with li.refused():
        li.tick("Make a counter-offer")
        li.press("Send the answer")
    li.tick("Agree to it")
    li.press("Send the answer")
    li.expect("Agreed: this is your supply price from now on.")


def _paste(guide: Guide, li: Person) -> None:
    guide.step("Paste the rest from a spreadsheet")
    li.look()
    li.go("Offers")
    li.follow("New goods")
    li.follow("Paste the rows, or send the file")
    li.fill("Or pasted rows (optional)", "\n".join((SHEET, *ROWS)))
    li.press("Look at what it would do")
    li.expect("heavy")
    li.picture("what each row would do")
    li.press("Carry it out")
    li.expect("Done:")


def _send_stock(guide: Guide, li: Person, operator: Person) -> None:
    guide.step("The operator puts it on sale and orders stock")
    operator.go("Catalogue")
    operator.follow("Offers")
    operator.page.locator("main a[href*='status=draft']").first.click()
    operator.tick("Choose Tea bowl, celadon")
    operator.press("Put on sale")
    operator.go("Catalogue")
    operator.follow("What to order")
    operator.page.get_by_label("Show", exact=True).select_option(value="all")
    operator.page.get_by_label("Seller's code", exact=True).fill(_seller().organisation.code)
    operator.press("Show")
    operator.tick("Order Tea bowl, celadon")
    operator.fill("Units of Tea bowl, celadon", "60")
    operator.press("Look first")
    operator.expect("Nothing is asked yet.")
    operator.press("Ask the sellers")

    guide.step("Answer the stock order")
    li.go("Stock orders")
    number = StockOrder.objects.get(seller=_seller()).number
    li.follow(number)
    li.press("Accept the order")

    guide.step("Pack it and send it")
    li.look()
    li.press("Pack the cartons")
    li.fill("Cartons packed like this", "1")
    li.fill("Weight of each", "24")
    li.fill("Length", "60")
    li.fill("Width", "40")
    li.fill("Height", "40")
    li.press("Pack")
    li.fill("Expected at the warehouse", (clock.now() + timedelta(days=3)).date().isoformat())
    li.press("Announce the shipment")
    li.fill("Carrier", "River Freight")
    li.press("It has left")


def _earn(guide: Guide, li: Person) -> None:
    guide.step("See the first money come")
    _sell()
    li.go("Overview")
    li.expect("Your money on its way")
    li.expect("Earned")

    guide.step("Follow it to your bank")
    _settle()
    li.go("Overview")
    li.expect("To your bank")
    li.follow("On a statement")
    li.expect("Earned and owed in this period")
    li.page.locator("tbody .explain-button").first.click()
    li.picture("the parts of an amount")
    li.page.keyboard.press("Escape")


# What others do meanwhile.


def _seller() -> Seller:
    return Seller.objects.select_related("organisation").get(organisation__name="Ren Porcelain")


def _sell() -> None:
    """The warehouse takes the cartons in, a shopper buys two bowls and gets them."""
    shipment = Shipment.objects.get(seller=_seller())
    inbound.arrive(shipment_id=shipment.id, actor=SYSTEM, now=clock.now())
    barcodes = [each.carton.barcode for each in cartons.list_cartons(shipment.id)]
    counting.count_cartons(shipment_id=shipment.id, barcodes=barcodes, actor=SYSTEM, now=clock.now())
    receiving.close_shipment(shipment_id=shipment.id, actor=SYSTEM, now=clock.now())
    offer = Offer.objects.get(seller=_seller(), sku__code="TEA-1")
    [placed] = checkout.place_orders(requests=[shopping.request("a-factory", (offer, 2))], now=clock.now())
    [line] = OrderLine.objects.filter(order_id=placed.order_id)
    item = WorkItem.objects.get(suborder_id=line.suborder_id)
    [parcel] = fulfilment.pack(boxes=[Box(item.id, [(line.id, 2)])], actor=SYSTEM, now=clock.now())
    fulfilment.hand_over(handovers=[Handover(parcel.id, tracking_number="RP-1")], actor=SYSTEM, now=clock.now())
    at = clock.now()
    fulfilment.record_tracking(events=[Scan("delivered", "carrier", at, "rp-1", parcel_id=parcel.id)], now=at)


def _settle() -> None:
    """Three weeks pass, the statements close, and the bank is paid."""
    demonstration.move_to(clock.now() + timedelta(days=21))
    settling.settle(until=clock.now(), now=clock.now(), actor=SYSTEM)
    settling.pay_out(now=clock.now(), actor=SYSTEM)
