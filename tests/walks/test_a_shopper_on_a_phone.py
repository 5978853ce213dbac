"""A guest on a phone, with script and without: buys, changes their mind, sends something back."""

from collections.abc import Iterator
from typing import Any

import pytest

import browsers
import shipping
from entrepot.domain.aftersales.models import ReturnCase
from entrepot.domain.orders.models import Order, OrderLine

pytestmark = browsers.MARKS

FORM = {
    "E-mail": "ada@example.org",
    "Name": "Ada Byron",
    "Street and number": "1 Garden Row",
    "Postcode": "10115",
    "Town": "Porttown",
}


@pytest.fixture(params=[True, False], ids=["with script", "without script"])
def phone(chromium, address, request) -> Iterator[Any]:
    """A page as wide as a phone's; what is wrong with it is said at the end."""
    context = chromium.new_context(
        viewport={"width": 390, "height": 844}, java_script_enabled=request.param, base_url=address
    )
    context.add_cookies([{"name": "market", "value": "DE", "url": address}])
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("response", lambda answer: complaints.append(answer.url) if answer.status >= 400 else None)
    yield page
    context.close()
    assert complaints == []


def fits(page: Any) -> None:
    """Nothing runs over the edge of the page that a click led to."""
    page.wait_for_load_state("load")  # a page that has only begun has no element to measure
    assert page.evaluate("document.documentElement.scrollWidth") <= 390, page.url


def says(page: Any, text: str) -> None:
    """The page that a click led to reads so, now or in a moment."""
    page.get_by_role("main").get_by_text(text).first.wait_for()


def test_a_guest_buys_cancels_and_sends_back(stage, phone):
    stage.cast()
    phone.goto("/search?q=porcelan")
    fits(phone)
    phone.get_by_role("link", name="Porcelain mug").click()
    fits(phone)
    phone.get_by_label("Quantity").fill("3")
    phone.get_by_role("button", name="Put into the cart").click()
    fits(phone)
    phone.get_by_role("link", name="Go to checkout").click()
    fits(phone)
    for label, value in FORM.items():
        phone.get_by_role("main").get_by_label(label, exact=True).fill(value)
    phone.get_by_role("button", name="Order and pay").dblclick()
    browsers.arrived(phone, r"/orders/E-")
    order = Order.objects.get()
    assert order.state == "placed"
    phone.goto(f"/orders/{order.number}")  # whichever of the two clicks was answered last
    fits(phone)

    phone.get_by_role("button", name="Cancel something").click()
    phone.locator("#cancel").get_by_label("Porcelain mug").fill("1")
    phone.locator("#cancel").get_by_role("button", name="Cancel it").click()
    says(phone, "It is cancelled")
    assert OrderLine.objects.get().cancelled_qty == 1

    stage.pass_time(hours=1)
    shipping.deliver(stage, order)
    phone.reload()
    fits(phone)
    phone.get_by_role("link", name="Send something back").click()
    fits(phone)
    phone.get_by_label("Porcelain mug").fill("2")
    phone.get_by_label("Why do you send it back?").select_option("defective")
    phone.get_by_role("button", name="Ask for the return").click()
    fits(phone)
    with phone.expect_download() as label:
        phone.get_by_role("button", name="Download the label").click()
    assert label.value.suggested_filename == f"{ReturnCase.objects.get().number}.pdf"


def test_units_in_the_cart_change_at_once_or_by_a_button(stage, phone):
    stage.cast()
    phone.goto("/search?q=enamel")
    phone.get_by_role("link", name="Enamel mug").click()
    phone.get_by_role("button", name="Put into the cart").click()
    units = phone.get_by_label("Quantity of Enamel mug")
    units.fill("2")
    button = phone.get_by_role("button", name="Change", exact=True)
    if button.is_visible():
        button.click()
    else:
        units.press("Tab")
    phone.get_by_text("2 × €39.90").first.wait_for(state="attached")
    fits(phone)


def test_the_market_and_the_language_are_chosen_from_the_top(stage, phone):
    stage.market("US")
    phone.goto("/")
    phone.get_by_role("button", name="Market").click()
    phone.get_by_role("button", name="United States USD").click()
    says(phone, "paid in USD")
    phone.get_by_role("contentinfo").get_by_role("button", name="Deutsch").click()
    phone.locator("html[lang=de]").wait_for()
    phone.wait_for_load_state("load")
    assert "USD" in phone.get_by_role("main").inner_text()
