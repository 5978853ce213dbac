"""The components in headless Chromium: with and without script, wide and narrow, under the real content policy."""

import mimetypes
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.staticfiles import finders
from django.test import RequestFactory

import browsers
from entrepot.surfaces.shared import gallery
from entrepot.surfaces.shared.middleware import CONTENT_SECURITY_POLICY

ORIGIN = "http://entrepot.test"
#: The stylesheets of every page, in their order; a surface adds one of its own.
DESIGN = ("tokens", "base", "layout", "components", "forms", "tables", "print")
FORM = """
<form method="post" action="/sent" id="pay"><input name="reason" value="x"><button name="act" value="pay">Pay</button>
</form>
"""

pytestmark = browsers.MARKS


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """One browser for the file."""
    with browsers.launched() as browser:
        yield browser


class Visit:
    """A page whose answers come from here: the gallery, static files, and a record of what is sent."""

    def __init__(self, browser: Any, *, width: int = 1280, script: bool = True, scheme: str = "light") -> None:
        self.context = browser.new_context(
            viewport={"width": width, "height": 800}, java_script_enabled=script, color_scheme=scheme
        )
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.sent: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        request = RequestFactory().get("/desk/components")
        request.user = AnonymousUser()
        self.html = gallery.components(request).content.decode().replace("</main>", FORM + "</main>")
        self.page.route("**/*", self.answer)
        self.page.goto(f"{ORIGIN}/desk/components")

    def wait_for_sent(self) -> None:
        """Until something has been sent, and a moment more for what should not be."""
        for _ in range(400):
            if self.sent:
                break
            self.page.wait_for_timeout(50)
        self.page.wait_for_timeout(100)

    def answer(self, route: Any) -> None:
        """Answer one request of the page."""
        where = urlsplit(route.request.url)
        if route.request.method == "POST":
            self.sent.append(route.request.post_data)
            route.fulfill(status=204)
        elif where.path.startswith("/static/"):
            found = finders.find(where.path.removeprefix("/static/"))
            kind = mimetypes.guess_type(where.path)[0]
            route.fulfill(body=Path(found).read_bytes(), content_type=kind) if found else route.fulfill(status=404)
        else:
            headers = {"Content-Security-Policy": CONTENT_SECURITY_POLICY}
            route.fulfill(body=self.html, content_type="text/html; charset=utf-8", headers=headers)


@pytest.fixture
def visit(chromium) -> Iterator[Any]:
    """Opens the gallery; what is opened is closed afterwards."""
    visits: list[Visit] = []

    def go(**how: Any) -> Visit:
        visits.append(Visit(chromium, **how))
        return visits[-1]

    yield go
    for each in visits:
        each.context.close()


@pytest.mark.parametrize("width", [360, 768, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_policy_is_kept_and_nothing_runs_over_the_edge(visit, width, scheme):
    shown = visit(width=width, scheme=scheme)
    assert shown.said == []
    assert shown.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    sheets = shown.page.evaluate("[...document.styleSheets].map(each => each.href.split('/').pop())")
    assert sheets == [*(f"{name}.css" for name in DESIGN), "desk.css"]


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("script", [True, False])
def test_an_amount_opens_and_closes(visit, width, script):
    page = visit(width=width, script=script).page
    opener = page.locator(".explain-button").first
    sheet = page.locator(".sheet[popover]").first
    assert not sheet.is_visible()
    opener.click()
    sheet.wait_for()
    box = sheet.bounding_box()
    assert box["x"] >= 0 and box["y"] >= 0
    assert box["x"] + box["width"] <= width and box["y"] + box["height"] <= 800
    page.keyboard.press("Escape")
    sheet.wait_for(state="hidden")


@pytest.mark.parametrize("script", [True, False])
def test_a_dialog_asks_with_and_without_script(visit, script):
    page = visit(script=script).page
    dialog = page.locator("#cancel")
    page.get_by_role("button", name="Cancel the order").first.click()
    dialog.wait_for()
    # By script it is modal: the keyboard stays inside.
    assert dialog.evaluate("each => each.matches(':modal')") is script
    dialog.get_by_role("button", name="Go back").click()
    dialog.wait_for(state="hidden")


def test_a_dialog_wants_its_reason(visit):
    shown = visit()
    shown.page.get_by_role("button", name="Cancel the order").first.click()
    dialog = shown.page.locator("#cancel")
    dialog.get_by_role("button", name="Cancel the order").click()
    assert shown.sent == []
    dialog.get_by_role("textbox").fill("the shopper asked")
    dialog.get_by_role("button", name="Cancel the order").click()
    shown.wait_for_sent()
    assert len(shown.sent) == 1 and "the+shopper+asked" in shown.sent[0]


def test_a_form_is_sent_once_with_the_button_that_sent_it(visit):
    shown = visit()
    shown.page.evaluate("for (let i = 0; i < 3; i++) document.querySelector('#pay button').click()")
    shown.page.locator("#pay input").press("Enter")
    shown.wait_for_sent()
    assert shown.sent == ["reason=x&act=pay"]
    shown.page.locator("#pay button:disabled").wait_for()


def test_a_click_on_a_row_follows_its_link(visit):
    page = visit().page
    row = page.locator("table[data-row-links] tbody tr").nth(1)
    row.locator("td").first.click()
    page.wait_for_url("**#EN-20418-2")
    page.goto(f"{ORIGIN}/desk/components")
    row.locator(".explain-button").click()
    assert not page.url.endswith("#EN-20418-2")


def test_what_went_wrong_has_the_focus(visit):
    visit().page.wait_for_function("document.activeElement.getAttribute('role') === 'alert'")


def test_the_first_stop_of_the_keyboard_is_the_way_to_the_content(visit):
    page = visit(script=False).page
    page.keyboard.press("Tab")
    page.locator(".skip-link:focus").wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url("**#main")


def test_on_a_phone_the_menu_opens_without_script(visit):
    page = visit(width=390, script=False).page
    menu = page.locator("#bench-menu")
    assert not menu.is_visible()
    page.get_by_role("button", name="Menu").click()
    menu.wait_for()


def test_every_target_is_large_enough_for_a_finger(visit):
    page = visit(width=390).page
    small = page.evaluate(
        """[...document.querySelectorAll('.button, .tool, input, select, .tabs a')]
        .map(each => [each.className || each.type, each.closest('.check, .choices') || each, each])
        .map(([name, box, each]) => [name, box.getBoundingClientRect(), each])
        .filter(([name, box, each]) => each.checkVisibility() && each.type !== 'hidden')
        .filter(([name, box]) => box.height < 36 || box.width < 36)
        .map(([name, box]) => [name, box.width, box.height])"""
    )
    assert small == []
