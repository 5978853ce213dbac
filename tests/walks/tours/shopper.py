"""The walk of docs/tours/shopper.md."""

import io

from PIL import Image

from walks.tours.guide import Guide, Person


def photograph() -> bytes:
    """What a telephone makes, only smaller."""
    made = io.BytesIO()
    Image.new("RGB", (64, 48), "#8a5a3c").save(made, "JPEG")
    return made.getvalue()


def search(ada: Person, words: str) -> None:
    """Type into the search of the shop's head."""
    ada.fill("Search the shop", words, within=".site-head")
    ada.press("Search", within=".site-head")


def put_in(ada: Person) -> None:
    """Open the first of what was found, and put it into the cart."""
    ada.page.locator(".good-card a").first.click()
    ada.press("Put into the cart")
    ada.expect("It is in your cart.")


def walk(guide: Guide) -> None:
    guide.step("Find it, even with a slip of the finger")
    ada = guide.person("ada")
    ada.open("/")
    search(ada, "mugg")
    ada.expect("This sounds like them")
    with ada.page.expect_navigation():
        ada.page.locator("#id_sort").select_option(label="Cheapest with delivery first")
    with ada.page.expect_navigation():
        ada.tick("Leaves from here")
    ada.needs("local=on" in ada.page.url and "sort=cheapest" in ada.page.url, "the list is not narrowed")
    with ada.page.expect_navigation():
        ada.page.get_by_role("main").get_by_label("Leaves from here").uncheck()
    ada.needs(ada.page.locator(".good-card").count() > 0, "nothing is found")

    guide.step("See which offer is shown, and why")
    ada.page.locator(".good-card a").first.click()
    ada.expect("With delivery, sales tax and customs duty")
    ada.page.locator(".because-more summary").click()
    ada.expect("Which arrives sooner?")

    guide.step("Put two things into one cart")
    ada.press("Put into the cart")
    ada.expect("It is in your cart.")
    search(ada, "wallet")
    put_in(ada)
    ada.expect("Everything arrives")
    parts, total = ada.opened(ada.page.locator(".sum-final .explain-button").first)
    ada.needs(sum(parts) == total, f"{parts} are not {total}")

    guide.step("Buy both as a guest")
    ada.follow("Go to checkout")
    with ada.refused():
        ada.page.get_by_role("main").locator("button[type=submit]", has_text="Order and pay").click()
        ada.look()
    for label, value in (("E-mail", "ada@shoppers.example"), ("Name", "Ada Byron"), ("City", "Springfield"),
                         ("Street and number", "1 Garden Row"), ("ZIP code", "62701")):  # fmt: skip
        ada.fill(label, value)
    ada.choose("State", "Illinois")
    ada.page.get_by_role("main").locator("button[type=submit]", has_text="Order and pay").click()
    ada.expect("You ordered as a guest")

    guide.step("Follow each parcel")
    ada.needs(ada.page.locator(".parcel").count() == 2, "there are not two parcels")
    ada.expect("In preparation")
    ada.page.get_by_text("Who does what for you").first.click()
    receipt = ada.page.get_by_role("link", name="Receipt").get_attribute("href")
    paper = ada.page.request.get(ada.address + str(receipt))
    ada.needs(paper.ok and paper.body().startswith(b"%PDF-"), "the receipt is no paper")

    guide.step("Ask whoever answers for it")
    ada.follow("Ask a question")
    ada.tick("Where is it?")
    ada.page.get_by_role("group", name="About which goods?").get_by_role("radio").first.check()
    ada.fill("Your message", "Will it come before the weekend?")
    ada.upload("Pictures or a PDF (optional)", "shelf.jpg", photograph())
    ada.press("Send the question")
    ada.expect("Your question is sent.")
    ada.expect("Will it come before the weekend?")

    guide.step("Change your mind")
    ada.page.locator(".crumbs a").last.click()
    ada.press("Cancel something")
    boxes = ada.page.locator("dialog input[inputmode=numeric]:visible")
    boxes.nth(0).fill("0")
    boxes.nth(1).fill("1")
    ada.picture("what to cancel")
    ada.press("Cancel it", within="dialog")
    ada.expect("you do not pay for it")

    guide.step("Sign in and keep an address")
    harper = guide.person("harper")
    harper.sign_in("shopper@entrepot.example", to="/account")
    harper.expect_title("Your account")
    harper.follow("New address")
    for label, value in (("Name", "Harper Calloway"), ("Street and number", "7 Mill Lane"), ("City", "Fairview"),
                         ("ZIP code", "07022")):  # fmt: skip
        harper.fill(label, value)
    harper.choose("State", "New Jersey")
    harper.press("Keep it")
    harper.expect("7 Mill Lane")

    guide.step("Send something back")
    harper.follow("Your orders")
    find_returnable(harper)
    harper.follow("Send something back")
    harper.page.locator("main input[inputmode=numeric]").first.fill("1")
    harper.choose("Why do you send it back?", "It arrived damaged")
    harper.upload("Photographs (optional)", "crack.jpg", photograph())
    harper.press("Ask for the return")
    harper.expect("Download the label")
    harper.needs(harper.page.locator(".thread-files img").count() == 1, "the photograph is not shown")


def find_returnable(harper: Person) -> None:
    """Open orders that have arrived, one after another, until something can be sent back."""
    links = harper.page.locator(".order-card a.cover")
    for address in [links.nth(place).get_attribute("href") for place in range(links.count())]:
        harper.open(str(address))
        if harper.page.get_by_role("link", name="Send something back").count():
            return
    harper.needs(False, "no order can be sent back")
