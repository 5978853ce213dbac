"""One mixed cart through the real pages, in headless Chromium: from the shelf to the payout and down to one cent."""

from typing import Any

import pytest
from django.db.models import Sum

import browsers
import shopping
from entrepot.domain.ledger.models import Posting
from entrepot.domain.logistics.models import Parcel
from entrepot.domain.orders.models import Order, OrderLine, Suborder
from entrepot.domain.payments.models import Capture
from entrepot.domain.settlement.models import Accrual, Payout, PayoutBatch, Statement
from entrepot.kernel import clock
from walks.stage import CAST, Stage
from walks.visitors import Visitor, minor

pytestmark = browsers.MARKS

#: Who ships the goods of whom, and where they find their work.
PERFORMERS = {
    "factory": ("warehouse@entrepot.example", "/desk/warehouse"),
    "brand": ("brand@sellers.example", "/seller/orders"),
    "importer": ("partner@quay.example", "/desk/warehouse"),
    "workshop": ("workshop@sellers.example", "/seller/orders"),
}
OPERATOR = "operator@entrepot.example"
CALM = {"I34"}  # nobody runs the relay of letters here


@pytest.fixture
def visit(chromium, address):
    """Opens a browser for somebody."""

    def go(name: str, **options: Any) -> Visitor:
        return Visitor(chromium, address, name, **options)

    return go


def people(stage: Stage) -> None:
    """Those who have something to do in this story."""
    stage.person(OPERATOR, stage.operator, "operator.admin")
    stage.person("warehouse@entrepot.example", stage.operator, "operator.warehouse")
    stage.person("partner@quay.example", stage.partner(), "partner.warehouse")
    for code in ("factory", "brand", "importer", "workshop"):
        seller = next(each.seller for each in stage.enrolments if each.seller.organisation.code == code)
        stage.person(f"{code}@sellers.example", seller.organisation, "seller.owner")


def test_one_order_from_the_shelf_to_the_last_cent(stage, visit):
    offers = stage.cast()
    people(stage)

    with visit("shopper") as shopper:
        fill_cart(shopper)
        total = read_total(shopper)
        order = check_out(shopper, total)
        assert {line.offer_id for line in lines_of(order)} == {offer.id for offer in offers.values()}

        for code in PERFORMERS:
            stage.pass_time(hours=1)
            ship(visit, order, code)
        assert Capture.objects.filter(state="done").aggregate(Sum("amount_minor"))["amount_minor__sum"] == total

        stage.pass_time(days=3)
        deliver(visit, order)
        shopper.page.reload()
        assert shopper.page.locator("h1 .badge").inner_text() == "Delivered"
        shopper.picture("delivered")

    stage.pass_time(days=45)
    settle_and_pay_out(visit)
    for code in PERFORMERS:
        follow_a_cent(visit, code)
    prove(visit)
    shopping.assert_sound(stage, *CALM)


def lines_of(order: Order) -> list[OrderLine]:
    return list(OrderLine.objects.filter(order=order).order_by("position"))


def fill_cart(shopper: Visitor) -> None:
    """Find each article by a search, and put one into the cart, two of the first."""
    shopper.open("/")
    shopper.picture("home")
    for place, (_code, _currency, title, _price) in enumerate(CAST.values()):
        shopper.page.get_by_role("searchbox", name="Search the shop").fill("mug" if place else "porcelan mug")
        shopper.page.get_by_role("button", name="Search").click()
        shopper.follow(title)
        assert shopper.page.locator("h1").inner_text() == title
        if not place:
            shopper.picture("product")
            shopper.page.get_by_label("Quantity").fill("2")
        shopper.press("Put into the cart")
    shopper.open("/cart")


def read_total(shopper: Visitor) -> int:
    """One total for all that is in the cart; it opens to parts that come to it. Units: minor."""
    parcels = shopper.page.locator("section.parcel")
    assert parcels.count() == 4
    assert shopper.reads("in 4 parcels")
    shopper.picture("cart")
    final = shopper.page.locator(".columns > aside .sum-final .explain-button")
    shown = minor(final.inner_text())
    parts, total = shopper.opened(final)
    assert sum(parts) == total == shown > 0
    for each in shopper.page.locator(".columns > aside dl.sum > div:not(.sum-final) .explain-button").all():
        parts, total = shopper.opened(each)
        assert sum(parts) == total == minor(each.inner_text())
    return shown


def check_out(shopper: Visitor, total: int) -> Order:
    """Fill in the form, pay with the test card, and see the order."""
    shopper.follow("Go to checkout")
    shopper.picture("checkout")
    page = shopper.page
    for label, value in {
        "E-mail": "ada@example.org",
        "Name": "Ada Byron",
        "Street and number": "1 Garden Row",
        "Postcode": "10115",
        "Town": "Porttown",
    }.items():
        page.get_by_role("main").get_by_label(label, exact=True).fill(value)
    page.get_by_label("What the test card does").select_option("approve")
    button = page.get_by_role("button", name="Order and pay")
    assert minor(button.inner_text()) == total
    shopper.click(button)
    order = Order.objects.get()
    browsers.arrived(page, f"/orders/{order.number}$")
    assert (order.state, order.total_minor) == ("placed", total)
    assert minor(page.locator("aside .sum-final .explain-button").inner_text()) == total
    shopper.picture("order")
    for line, shown in zip(lines_of(order), page.locator("li.line .line-end .explain-button").all(), strict=True):
        parts, whole = shopper.opened(shown)
        assert sum(parts) == whole == line.list_minor - line.discount_minor
    return order


def ship(visit: Any, order: Order, code: str) -> None:
    """Whoever performs it finds the work, accepts, packs, makes the label and hands over."""
    email, start = PERFORMERS[code]
    suborder = Suborder.objects.get(order=order, seller__organisation__code=code)
    is_desk = start.startswith("/desk")
    with visit(f"{code}-ships") as performer:
        performer.sign_in(email, to=start)
        performer.picture("work")
        performer.follow(suborder.number)
        performer.press("Accept" if is_desk else "Accept the order")
        performer.press("Pack it" if is_desk else "Pack")
        parcel = Parcel.objects.get(reference_id=suborder.id)
        assert performer.reads(parcel.number)
        with performer.context.expect_event("response", lambda answer: answer.url.endswith("/label")) as label:
            performer.press("Label" if is_desk else "Label as PDF")
        assert label.value.headers["content-type"] == "application/pdf"
        performer.page.bring_to_front()
        performer.open(f"/desk/work-items/{suborder.number}" if is_desk else f"/seller/orders/{suborder.number}")
        performer.page.get_by_label("Tracking number").fill(f"TRACK-{code}")
        performer.picture("packed")
        performer.press("Hand it over" if is_desk else "Hand over")
        assert performer.reads(f"TRACK-{code}")
        performer.picture("handed over")
    parcel.refresh_from_db()
    assert (parcel.state, parcel.tracking_number, bool(parcel.label_media)) == ("handed_over", f"TRACK-{code}", True)


def deliver(visit: Any, order: Order) -> None:
    """The operator writes down that the carrier has delivered."""
    with visit("operator-delivers") as operator:
        operator.sign_in(OPERATOR, to=f"/desk/orders/{order.number}")
        operator.picture("order")
        for suborder in Suborder.objects.filter(order=order):
            operator.open(f"/desk/work-items/{suborder.number}")
            operator.page.locator("summary", has_text="Write down what became of it").click()
            operator.page.get_by_label("What happened").select_option("delivered")
            operator.page.get_by_label("How it is known").select_option("carrier")
            operator.press("Write it down")
            assert operator.reads("It is delivered.")
        operator.picture("delivered")
    assert set(Suborder.objects.filter(order=order).values_list("state", flat=True)) == {"delivered"}


def settle_and_pay_out(visit: Any) -> None:
    """The operator closes the statements, sends the payouts, and the bank confirms them."""
    with visit("operator-settles") as operator:
        operator.sign_in(OPERATOR, to="/desk/settlement")
        operator.page.get_by_label("Up to the start of").fill(clock.now().date().isoformat())
        operator.press("Close the statements")
        assert operator.reads("4 statements are closed.")
        for statement in Statement.objects.all():
            row = operator.page.get_by_role("row", name=statement.number)
            parts, total = operator.opened(row.locator(".explain-button"))
            assert sum(parts) == total == statement.payable_minor
        operator.picture("statements")
        operator.follow("Payouts")
        operator.picture("payouts")
        operator.press("Send the payouts")
        for batch in PayoutBatch.objects.all():
            operator.open(f"/desk/settlement/batches/{batch.number}")
            owed = Payout.objects.filter(batch=batch).aggregate(Sum("amount_minor"))["amount_minor__sum"]
            assert minor(operator.page.locator(".page-actions .price").inner_text()) == owed
            operator.press("The bank has paid the chosen")
        operator.picture("batch")
    assert set(Payout.objects.values_list("state", flat=True)) == {"done"}
    paid = set(Statement.objects.filter(payable_minor__gt=0).values_list("state", flat=True))
    assert paid == {"paid"}


def follow_a_cent(visit: Any, code: str) -> None:
    """A seller opens the statement, opens an amount, and follows its first part to its event and its posting."""
    statement = Statement.objects.get(seller__organisation__code=code)
    with visit(f"{code}-reads", width=390 if code == "workshop" else 1280) as seller:
        seller.sign_in(f"{code}@sellers.example", to="/seller/statements")
        seller.picture("statements")
        seller.follow(statement.number)
        seller.picture("statement")
        amount = seller.page.locator("tbody .explain-button").first
        parts, total = seller.opened(amount)
        assert sum(parts) == total == minor(amount.inner_text())
        amount.click()
        seller.click(seller.page.locator(".sheet[popover]:popover-open .sum-label a").first)
        accrual = Accrual.objects.get(id=seller.page.url.rpartition("/")[2])
        assert minor(seller.page.locator("h1").inner_text().rpartition(":")[2]) == accrual.amount_minor
        posting = Posting.objects.get(id=accrual.posting_id)
        assert abs(accrual.amount_minor) == posting.amount_minor
        assert seller.page.locator("[aria-current=true]", has_text=str(posting.id)).count() == 1
        assert seller.page.get_by_role("definition").filter(has_text=str(posting.id)).count() == 1
        assert seller.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        seller.picture("cent")
    assert Accrual.objects.filter(seller=statement.seller).aggregate(Sum("amount_minor"))["amount_minor__sum"] == (
        statement.lines_minor
    )


def prove(visit: Any) -> None:
    """The operator has everything checked."""
    with visit("operator-verifies") as operator:
        operator.sign_in(OPERATOR, to="/desk/verify")
        operator.press("Check everything now")
        shown = operator.page.locator("tbody tr:has(.badge-bad) th").all_inner_texts()
        operator.picture("verified")
        assert set(shown) <= CALM
