"""Everybody follows every link from the root of their surface: no dead end, every page whole, nothing complained of."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import browsers
import serving
from testserver import TestServer
from walks import crawl, survey
from walks.crawl import Page, Somebody

#: Where `make tour` wants pictures; otherwise nothing is written.
PICTURES = os.environ.get("TOUR", "")
WIDTHS = (1280, 390)
#: Pages to which no link leads in the demonstration, and why. Its walls are held in test_routes.py all the same.
UNLINKED = {
    "desk:components": "the style page, for those who write pages",
    "shop:order_access": "the link of a guest's letter",
    "desk:clock_status": "a part of every page, fetched again while the clock goes on",
    **dict.fromkeys(("desk:manifest", "seller:manifest", "seller:picks"), "of what is ticked in a list"),
    **dict.fromkeys(("shop:checkout_order", "shop:order_payment", "shop:order_address"), "where a form was refused"),
    **dict.fromkeys(("seller:document_file", "desk:document_file"), "papers of the demonstration have no file"),
    **dict.fromkeys((f"{each}:conversation_file" for each in ("shop", "seller", "desk")), "files that somebody sends"),
    **dict.fromkeys((f"{each}:return_photo" for each in ("shop", "seller", "desk")), "photographs of a shopper"),
    **dict.fromkeys((f"{each}:notice" for each in ("shop", "seller", "desk")), "a form that goes on from there"),
    **dict.fromkeys(("seller:upload", "seller:upload_rejects"), "sheets brought in; see the brand's tour"),
    **dict.fromkeys(("desk:carrier_sheet", "desk:carrier_sheet_rejects"), "bills brought in as a file"),
    "desk:letter": "letters that the demonstration has sent; see the operator's tour",
    "shop:address_kept": "an address that somebody keeps",
    **dict.fromkeys(("shop:return", "shop:order_returns"), "of what was delivered; see the shopper's tour"),
    "desk:place": "of a warehouse that knows its places",
    "desk:parcel_quotes": "of a parcel that is packed and not booked",
    **dict.fromkeys(
        ("desk:parcel_paper", "seller:parcel_paper"), "of a parcel that is packed; the first may have none"
    ),
    "seller:doubts": "a task, while the tracking of one's own parcels is in doubt",
}
ELEMENTS = re.compile(r'<(\w+)\b[^>]*?(?:class="([^"]*)")?')
SIZE = """[document.documentElement.scrollWidth, innerWidth,
    [...document.images].filter(each => each.complete && !each.naturalWidth).length]"""


@pytest.fixture(scope="module")
def seen(_server: TestServer, django_db_blocker: Any) -> Iterator[survey.Survey]:
    """What everybody sees of the demonstration, which stays open."""
    with django_db_blocker.unblock():
        found = survey.survey(_server, "full")
        with found.installation.opened():
            yield found


def none(faults: list[str]) -> None:
    """Say all of them at once."""
    if faults:
        pytest.fail("\n".join(faults), pytrace=False)


@pytest.mark.parametrize("who", crawl.NAMES)
def test_every_link_leads_to_a_whole_page_with_a_way_on(seen, who):
    pages = seen.pages[who]
    none([fault for page in pages for fault in page.faults()])
    assert len({page.kind for page in pages}) > 4


def test_every_page_is_reached_by_a_link(seen):
    reached = {page.route for page in seen.all}
    shown = {name for name, _path, view in crawl.routes() if "GET" in (crawl.methods(view) or {"GET"})}
    surfaces = {name for name in shown if name.partition(":")[0] in ("shop", "seller", "desk")}
    none([f"no link leads to {name}" for name in sorted(surfaces - reached - set(UNLINKED))])


@pytest.mark.browser
@browsers.MARKS[1]
def test_no_page_complains_or_runs_over_in_a_browser(seen, chromium):
    wrong, opened = [], 0
    with serving.served() as address:
        for somebody, pages in different(seen):
            browser = Browser(chromium, address, somebody)
            for page in pages:
                opened += 1
                wrong += browser.faults(page)
            browser.context.close()
    none(wrong)
    assert opened > 150


def different(seen: survey.Survey) -> Iterator[tuple[Somebody, list[Page]]]:
    """Of every kind of page one for each way in which it is built, whoever sees it."""
    known: set[tuple[Any, frozenset[str]]] = set()
    for name, pages in seen.pages.items():
        chosen = []
        for page in pages:
            parts = frozenset(f"{tag}.{names}" for tag, names in ELEMENTS.findall(page.main))
            if page.is_page and (page.kind, parts) not in known:
                known.add((page.kind, parts))
                chosen.append(page)
        yield seen.people[name], chosen


class Browser:
    """Somebody's own browser, which opens pages wide and narrow."""

    def __init__(self, chromium: Any, address: str, somebody: Somebody) -> None:
        self.address, self.somebody = address, somebody
        self.context = chromium.new_context(viewport={"width": WIDTHS[0], "height": 900}, locale="en-GB")
        self.context.add_cookies(
            [{"name": name, "value": each.value, "url": address} for name, each in somebody.client.cookies.items()]
        )
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("response", self._look)

    def _look(self, response: Any) -> None:
        if response.status >= 400:
            self.said.append(f"{response.status} {response.url}")

    def faults(self, page: Page) -> list[str]:
        """What is wrong with a page, at any width."""
        self.said.clear()
        found = []
        self.page.goto(self.address + page.path)
        for width in WIDTHS:
            self.page.set_viewport_size({"width": width, "height": 900})
            wide, room, broken = self.page.evaluate(SIZE)
            found += [f"{wide} pixels wide at {width}"] if wide > room else []
            found += [f"{broken} pictures are missing"] if broken else []
            self._keep(page, width)
        self.page.set_viewport_size({"width": WIDTHS[0], "height": 900})
        return [f"{each}: {page.path} ({page.who})" for each in [*found, *self.said]]

    def _keep(self, page: Page, width: int) -> None:
        if PICTURES:
            name, asked = page.kind
            file = "-".join([name.replace(":", "-"), *asked, page.who.replace(" ", "-")])
            folder = Path(PICTURES) / f"pages-{self.somebody.surface.replace('/', '')}" / str(width)
            folder.mkdir(parents=True, exist_ok=True)
            count = len(list(folder.glob(f"{file}*.png")))
            self.page.screenshot(path=folder / f"{file}{'-' + str(count) if count else ''}.png", full_page=True)
