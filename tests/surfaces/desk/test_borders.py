"""The desk's page of borders: what is in force, what changes next, and goods explained."""

import os

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

import browsers
from entrepot.domain.customs import services
from surfaces.desk.desks import browser
from surfaces.desk.test_in_a_browser import ORIGIN, fulfil
from surfaces.desk.test_reading import QUERIES_MAX
from surfaces.seller.shops import client_of
from worlds import World

GOODS = {"hs": "610910", "origin": "CN", "to": "FR", "date": "2026-07-15", "importer": "shopper",
         "collected": "at_sale", "mode": "air"}  # fmt: skip


@pytest.fixture
def law(world: World) -> World:
    """A world with the rows that come along, in March 2026."""
    services.load_reference(now=world.now)
    return world


def ask(world: World, **query: str) -> str:
    client = browser(world)
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(reverse("desk:borders"), query)
    assert answer.status_code == 200 and len(asked) <= QUERIES_MAX
    return answer.content.decode()


def test_what_is_in_force_and_what_changes_next(law: World) -> None:
    page = ask(law, into="EU")
    assert "VAT on the flat duty" in page and "FR: Handling fee" in page
    assert "Begins: Flat duty on low values" in page and "1 July 2026" in page
    american = ask(law, into="US")
    assert "Ends: Section 122" in american and "Emergency duty, reciprocal" in american


def test_goods_are_explained(law: World) -> None:
    page = ask(law, **GOODS)
    assert "€3.00 for each distinct HS-6 line of a consignment" in page and "12.0%" in page
    assert "Consignments of up to €150.00" in page


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("hs", "999999", "999999 is not in the tariff eu"),
        ("hs", "12", "is no HS code"),
        ("date", "1999-01-01", "No rules for imports into FR are known"),
        ("to", "JP", "No rules for imports into JP are known"),
        ("to", "Japan", "Enter a valid value"),
        ("origin", "", "This field is required"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(law: World, field: str, value: str, said: str) -> None:
    page = ask(law, **GOODS | {field: value})
    assert said in page
    assert f'value="{value}"' in page or not value  # what was typed stays


def test_a_desk_without_rules_says_so(world: World) -> None:
    assert "No rules are loaded" in ask(world)


def test_sellers_have_no_business_here(law: World) -> None:
    assert client_of(law, law.seller("acme")).get(reverse("desk:borders")).status_code in (302, 403, 404)


@pytest.mark.browser
@pytest.mark.skipif(browsers.CHROMIUM is None, reason="no Chromium is installed; apt-get install chromium")
@pytest.mark.parametrize("width", [1280, 390])
def test_it_runs_over_nowhere(law: World, width: int) -> None:
    address = reverse("desk:borders") + "?into=US"
    asked = reverse("desk:borders") + "?" + "&".join(f"{name}={value}" for name, value in GOODS.items())
    pages = {each: browser(law).get(each).content for each in (address, asked)}
    with browsers.launched() as chromium:
        page = chromium.new_context(viewport={"width": width, "height": 800}).new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.route("**/*", fulfil(pages, {}))
        for number, each in enumerate(pages):
            page.goto(ORIGIN + each)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            if folder := os.environ.get("BORDER_SHOTS"):
                page.screenshot(path=f"{folder}/borders-{width}-{number}.png", full_page=True)
        assert said == []
