"""The walk of docs/tours/operator.md."""

import io

from PIL import Image

import browsers
from walks.tours.guide import Guide, Person

START = "empty"
PASSWORD = "lantern-quay-compass"
RATES = "base,quote,rate,day\nEUR,CNY,{rate},{day}\nEUR,USD,1.0850,{day}"


def walk(guide: Guide) -> None:
    operator = _person(guide, "operator")
    _begin(guide, operator)
    _market(guide, operator)
    _logistics(guide, operator)
    _people(guide, operator)
    seller = _person(guide, "seller")
    _seller(guide, seller, operator)
    _offer(guide, seller, operator)
    _sell(guide, operator)
    _order(guide, operator)
    _programme(guide, operator)
    _trail(guide, operator)


def _person(guide: Guide, name: str) -> Person:
    """Somebody who waits long for a page: the first ones of an installation are made while others work too."""
    person = guide.person(name, market="DE")
    person.context.set_default_timeout(60_000)
    return person


def _begin(guide: Guide, operator: Person) -> None:
    guide.step("Sign in to an empty marketplace")
    operator.sign_in(guide.first_email, to="/desk/", password=guide.first_password)
    operator.expect("On the way to the first sale")

    guide.step("Say who runs it")
    operator.go("Set-up")
    operator.follow("Say who runs this marketplace")
    operator.fill("Name", "Harbour Market")
    with operator.refused():
        operator.fill("Country", "1!")
        operator.press("Save")
    operator.fill("Country", "DE")
    operator.press("Save")
    operator.expect("It is written down.")


def _market(guide: Guide, operator: Person) -> None:
    guide.step("Open a market")
    operator.look()
    operator.follow("Open a market")
    for label, value in (
        ("Name", "Germany"),
        ("Country", "DE"),
        ("Languages", "de, en"),
        ("Sales tax or VAT", "19"),
        ("Tax rate in force from", "2021-01-01"),
        ("Where the rate is known from", "Umsatzsteuergesetz, paragraph 12"),
    ):
        operator.fill(label, value)
    operator.choose("Currency", "EUR")
    operator.choose("Time zone", "Europe/Berlin")
    operator.press("Open the market")
    operator.expect("The market is open.")

    guide.step("Publish exchange rates")
    operator.go("Set-up")
    operator.follow("Publish exchange rates")
    day = operator.page.get_by_label("Published on", exact=True).input_value()
    operator.fill("Where they are known from", "European Central Bank")
    with operator.refused():
        operator.fill("Paste a table (optional)", RATES.format(rate="about eight", day=day))
        operator.press("Publish the table")
    operator.expect("Row 2, rate")
    operator.picture("the wrong row is named")
    operator.fill("Paste a table (optional)", RATES.format(rate="7.8200", day=day))
    operator.press("Publish the table")
    operator.expect("2 rates are published.")

    guide.step("Make the categories")
    operator.go("Set-up")
    operator.follow("Make the categories")
    operator.press("Keep the table")
    operator.expect("4 categories are kept.")

    guide.step("Choose the programmes")
    operator.go("Set-up")
    operator.follow("Choose the programmes")
    for box in operator.page.locator("input[name=programmes]").all():
        box.set_checked(box.get_attribute("value") in ("fully-managed", "self-managed"))
    operator.press("Open these")
    operator.expect("2 programmes are open.")


def _logistics(guide: Guide, operator: Person) -> None:
    guide.step("Add a node")
    operator.go("Set-up")
    operator.follow("Add a node")
    for label, value in (
        ("Name", "Ningbo warehouse"),
        ("Code", "ningbo"),
        ("Street and number", "88 Harbour Road"),
        ("City", "Ningbo"),
        ("Country", "CN"),
        ("Days off (optional)", "2026-10-01 National Day"),
    ):
        operator.fill(label, value)
    operator.choose("Kind", "Consolidation warehouse")
    operator.choose("Who works there", "Harbour Market")
    operator.choose("Time zone", "Asia/Shanghai")
    operator.press("Add the node")
    operator.expect("The node is there.")

    guide.step("Set freight rates")
    operator.go("Set-up")
    operator.follow("Set freight rates")
    operator.press("Begin with planning rates")
    operator.expect("charges are set.")

    guide.step("Say what things cost you")
    operator.go("Set-up")
    operator.follow("Say what things cost you")
    for label, value in (
        ("A payment, per cent (optional)", "1.75"),
        ("and for each order (optional)", "0.12"),
        ("Handling, a unit (optional)", "0.60"),
        ("Storage, a unit (optional)", "0.09"),
        ("Where they are known from", "Contracts of September"),
    ):
        operator.fill(label, value)
    operator.press("Set the rates")
    operator.expect("The rates are set.")

    guide.step("Look at the ways to pay")
    operator.go("Set-up")
    operator.follow("Look at the ways to pay")
    operator.expect("Moves no money")


def _people(guide: Guide, operator: Person) -> None:
    guide.step("Invite a second person")
    operator.go("Team")
    operator.press("Invite somebody")
    operator.fill("E-mail address", "second@harbour.example", within="dialog#invite")
    operator.page.locator("dialog#invite input[value='operator.finance']").check()
    operator.picture("who may do what")
    operator.press("Send the invitation", within="dialog#invite")
    operator.expect("A letter is on its way.")
    operator.press("Link")
    operator.picture("the link where no letter can go")
    link = operator.page.locator(".sheet:popover-open .mono").inner_text()
    operator.page.keyboard.press("Escape")
    second = _person(guide, "second")
    second.open(link[link.index("/invitations/") :])
    second.fill("Your name", "Sam Second")
    second.fill("A password", PASSWORD)
    second.press("Join")
    second.needs("/desk/" in second.page.url, "joining does not lead to the desk")

    guide.step("Add a partner")
    operator.go("Set-up")
    operator.follow("Add your partners")
    for label, value in (
        ("Name of the firm", "Kai Logistik"),
        ("Code", "kai"),
        ("Country", "DE"),
        ("E-mail address of the first person (optional)", "chef@kai.example"),
    ):
        operator.fill(label, value)
    operator.press("Add the partner")
    operator.expect("Asked to join")


def _seller(guide: Guide, seller: Person, operator: Person) -> None:
    guide.step("A seller applies")
    seller.open("/")
    seller.follow("Sell here", within=".site-foot")
    seller.fill("Name of your firm", "Ren Porcelain")
    seller.choose("Country of the firm", "China")
    seller.choose("Currency in which you are paid", "CNY")
    seller.fill("Your name", "Ren Li")
    seller.fill("Your e-mail address", "li@renporcelain.example")
    seller.fill("A password", PASSWORD)
    seller.press("Apply")
    for _paper in range(3):
        seller.upload("File (optional)", "paper.jpg", _picture())
        seller.press("Hand it in")

    guide.step("Admit the seller")
    operator.go("Sellers")
    operator.follow("Ren Porcelain")
    for _paper in range(3):
        operator.press("Decide")
        operator.tick("Accept it", within="dialog[open]")
        operator.fill("Reason", "Seen, and of the firm", within="dialog[open]")
        operator.press("Decide", within="dialog[open]")
    operator.press("Admit")
    operator.fill("Reason", "Papers are complete", within="dialog[open]")
    operator.press("Admit", within="dialog[open]")
    operator.expect("Ren Porcelain is admitted.")


def _offer(guide: Guide, seller: Person, operator: Person) -> None:
    guide.step("The seller accepts a programme and lists an article")
    seller.go("Programmes")
    seller.follow("Germany")
    seller.follow("Fully managed")
    seller.tick("I have read it and accept it for my shop in this market.")
    seller.press("Accept")
    seller.go("Offers")
    seller.follow("New goods")
    seller.fill("Title", "Tea bowl, celadon")
    seller.fill("Your article number", "TEA-1")
    seller.press("Make it")
    seller.follow("The product lacks a category")
    seller.page.get_by_label("Category (optional)", exact=True).select_option(index=3)
    for label, value in (
        ("Weight with packaging (optional)", "380"),
        ("Length (optional)", "140"),
        ("Width (optional)", "140"),
        ("Height (optional)", "80"),
        ("HS code (optional)", "691110"),
        ("Country of origin (optional)", "CN"),
    ):
        seller.fill(label, value)
    seller.press("Save")
    seller.follow("TEA-1")
    seller.fill("Supply price of one unit", "36.00")
    seller.choose("It holds for (optional)", "14 days")
    seller.press("Quote it")

    guide.step("Answer what waits")
    operator.go("Overview")
    operator.picture("what waits")
    operator.go("Catalogue")
    operator.follow("Supply prices")
    operator.tick("Choose Tea bowl, celadon")
    operator.press("Accept the chosen")


def _sell(guide: Guide, operator: Person) -> None:
    guide.step("Set its price and receive the goods")
    operator.go("Set-up")
    operator.follow("Its price is set")
    operator.follow("Tea bowl, celadon")
    operator.press("Set the price")
    operator.fill("Retail price", "19.90", within="#price")
    operator.fill("Reason", "Like others of its kind", within="#price")
    operator.press("Set it", within="#price")
    operator.expect("19.90")
    operator.go("Set-up")
    operator.follow("Stock arrives")
    operator.fill("Seller", "Ren Porcelain")
    operator.fill("Goods", "TEA-1,25")
    operator.press("Count it in")

    guide.step("The first sellable offer")
    operator.go("Set-up")
    operator.follow("The offer goes on sale")
    operator.tick("Choose Tea bowl, celadon")
    operator.press("Put on sale")
    operator.go("Set-up")
    operator.expect("Everything is there that a sale needs.")
    shopper = _person(guide, "shopper")
    shopper.open("/")
    shopper.follow("Tea bowl, celadon")
    shopper.needs("19.90" in shopper.text, "the shop does not show the price")
    operator.go("Overview")
    operator.needs("On the way to the first sale" not in operator.text, "the checklist is still there")


def _order(guide: Guide, operator: Person) -> None:
    guide.step("The first order")
    shopper = guide.people[-1]
    shopper.press("Put into the cart")
    shopper.open("/cart")
    shopper.follow("Go to checkout")
    for label, value in (
        ("E-mail", "ada@example.org"),
        ("Name", "Ada Byron"),
        ("Street and number", "1 Garden Row"),
        ("Postcode", "10115"),
        ("Town", "Berlin"),
    ):
        shopper.fill(label, value)
    shopper.page.get_by_role("button", name="Order and pay").click()
    browsers.arrived(shopper.page, r"/orders/E-")
    shopper.look()
    number = shopper.page.url.rpartition("/")[2]
    operator.go("Orders")
    operator.page.get_by_role("link", name="Waiting for payment").first.click()
    operator.look()
    operator.follow(number)
    operator.press("The money came in")
    operator.fill("Reason", "Seen on the bank statement", within="#received")
    operator.press("It came in", within="#received")

    guide.step("Ship it")
    operator.go("Warehouse")
    operator.page.locator("main tbody th a").first.click()
    operator.look()
    operator.press("Accept")
    operator.press("Pack it")
    operator.fill("Tracking number (optional)", "NB-0001")
    operator.press("Hand it over")
    operator.page.locator("summary", has_text="Write down what became of it").click()
    operator.choose("What happened", "Delivered")
    operator.choose("How it is known", "The carrier scanned it")
    operator.press("Write it down")
    operator.expect("It is delivered.")

    guide.step("See what the marketplace keeps")
    operator.go("Overview")
    operator.follow("by category, or over another period")
    operator.expect_title("What the marketplace kept")
    operator.needs("Fully managed" in operator.text and "Home" in operator.text, "programme and category are not named")
    for amount in operator.page.locator("tbody .explain-button").all():
        parts, total = operator.opened(amount)
        operator.needs(sum(parts) == total, "the parts do not come to the amount")
    operator.has_acted = True


def _programme(guide: Guide, operator: Person) -> None:
    guide.step("Change a programme")
    operator.go("Programmes")
    operator.follow("Self-managed")
    operator.press("Copy")
    operator.fill("Name", "House model", within="#copy")
    operator.fill("Code", "house-model", within="#copy")
    operator.press("Make the copy", within="#copy")
    operator.follow("Table of duties")
    operator.page.locator("tbody#duty-returns_handling select").first.select_option("platform")
    operator.press("Preview in plain words")
    operator.picture("a programme in plain words")
    operator.press("Save the duties")
    operator.expect("The draft is saved.")

    guide.step("See what differs")
    operator.go("Programmes")
    operator.choose("From", "Self-managed")
    operator.choose("To", "House model (draft)")
    operator.press("Compare")
    operator.expect("difference")


def _trail(guide: Guide, operator: Person) -> None:
    guide.step("Read who did what")
    operator.go("Audit trail")
    operator.choose("What (optional)", "Admitted a seller")
    operator.press("Show")
    operator.expect("Papers are complete")


def _picture() -> bytes:
    """A paper as a camera would give it."""
    drawn = io.BytesIO()
    Image.new("RGB", (640, 640), "lightgrey").save(drawn, "JPEG")
    return drawn.getvalue()
