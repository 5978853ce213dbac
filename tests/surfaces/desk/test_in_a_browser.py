"""Every page of the desk in headless Chromium, wide and on a phone: nothing runs over, nothing is complained of."""

import mimetypes
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.staticfiles import finders

import browsers
from entrepot.surfaces.shared.middleware import CONTENT_SECURITY_POLICY
from surfaces.desk.desks import browser, furnish
from surfaces.desk.test_reading import addresses
from worlds import World

ORIGIN = "http://entrepot.test"
HEADERS = {"Content-Security-Policy": CONTENT_SECURITY_POLICY}

pytestmark = browsers.MARKS


def fulfil(pages: dict[str, bytes], files: dict[str, Any]):
    """Answers a browser from pages that were fetched before, and from the static files."""

    def answer(route: Any) -> None:
        url = urlsplit(route.request.url)
        address = f"{url.path}?{url.query}" if url.query else url.path
        if address in pages:
            route.fulfill(body=pages[address], content_type="text/html; charset=utf-8", headers=HEADERS)
        elif address in files:
            route.fulfill(body=body_of(files[address]), content_type=files[address]["Content-Type"])
        elif found := url.path.startswith("/static/") and finders.find(url.path.removeprefix("/static/")):
            route.fulfill(body=Path(found).read_bytes(), content_type=mimetypes.guess_type(url.path)[0])
        else:
            route.fulfill(status=404)

    return answer


def body_of(answer: Any) -> bytes:
    """What a picture or paper consists of, however it is sent."""
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


@pytest.mark.parametrize("width", [1280, 390])
def test_no_page_runs_over_or_breaks_the_policy(world: World, width: int) -> None:
    market, client = furnish(world), browser(world)
    answers = {address: client.get(address) for address in addresses(market).values()}
    pages = {
        address: answer.content for address, answer in answers.items() if answer["Content-Type"].startswith("text/html")
    }
    files = {address: answer for address, answer in answers.items() if address not in pages}
    assert len(pages) > 40
    wrong: dict[str, list[str]] = {}
    with browsers.launched() as chromium:
        page = chromium.new_context(viewport={"width": width, "height": 800}).new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.route("**/*", fulfil(pages, files))
        for address in pages:
            page.goto(ORIGIN + address)
            wide = page.evaluate("document.documentElement.scrollWidth")
            found = [*said, *([f"{wide} pixels wide"] if wide > width else [])]
            said.clear()
            if found:
                wrong[address] = found
    assert wrong == {}
