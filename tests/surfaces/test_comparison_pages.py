"""Compare: the seller's page and the operator's, their picture, and how much they ask of the database."""

import re
from decimal import Decimal
from xml.etree import ElementTree

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

import browsers
from entrepot.domain.customs import services as customs
from entrepot.domain.logistics import publishing
from entrepot.flows import comparing
from entrepot.kernel import clock
from entrepot.surfaces.shared import plots, sides
from flows.test_comparing import plan
from surfaces.desk.desks import browser
from surfaces.desk.test_in_a_browser import ORIGIN, fulfil
from surfaces.desk.test_reading import QUERIES_MAX
from surfaces.seller.shops import client_of
from worlds import World

COMMON = {
    "go": "1", "market": "US", "home_country": "CN", "currency": "USD", "units": "500", "stock_days": "60",
    "supplier_days": "30",
}  # fmt: skip
TYPED = COMMON | {
    "by": "typed", "sku": "Mug", "cost": "3.00", "supply": "9.00", "retail": "24.90", "weight_g": "400",
    "length_mm": "120", "width_mm": "100", "height_mm": "100", "hs_code": "691110",
}  # fmt: skip


@pytest.fixture
def world(database, monkeypatch) -> World:
    """A market in the United States with lanes, cards, law and two programmes that ship either way or not."""
    made = World()
    monkeypatch.setattr(clock, "now", lambda: made.now)
    made.market("US")
    customs.load_reference(now=made.now)  # the law of the world goes
    publishing.load_planning(made.now)
    for code in ("self-managed", "fully-managed", "semi-managed-local-stock"):
        made.programme(code)
    return made


@pytest.fixture
def brand(world):
    """A seller that goods can be looked for at."""
    return world.seller("brand", programme="self-managed", market="US", currency="USD")


def ask(client, where: str, query) -> str:
    """The page as it comes while what is published and the law are as they were at the last look."""
    client.get(reverse(where), query)
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(reverse(where), query)
    assert answer.status_code == 200
    assert len(asked) <= QUERIES_MAX
    return answer.content.decode()


def test_a_typed_article_is_compared_by_every_programme_and_way(world, brand):
    page = ask(client_of(world, brand), "seller:compare", TYPED)
    for said in (
        "Self-managed",
        "Fully managed",
        "One parcel by air",
        "Stock by sea",
        "cn-us-sea",
        "Customs duty on the stock",
    ):
        assert said in page
    assert "Programmes that cannot be entered yet" in page and "A document: " in page
    assert page.count('<svg xmlns="http://www.w3.org/2000/svg"') == 2 and "The picture in figures" in page


def test_own_articles_are_found_and_their_prices_stand_there(world, brand):
    offer = world.offer(brand, price="24.90", weight_g=400)
    client = client_of(world, brand)
    assert offer.sku.code in ask(client, "seller:compare", {"find": offer.sku.code[:4]})
    assert "No article is called that" in ask(client, "seller:compare", {"find": "nothing like it"})
    chosen = {"by": "articles", "sku": offer.sku_id.hex, "market": "US"}
    assert 'value="24.90"' in ask(client, "seller:compare", chosen)
    unpriced = ask(client, "seller:compare", COMMON | chosen)
    assert f"{offer.sku.code}, one unit costs: is missing" in unpriced
    assert "Who does what" in ask(client, "seller:compare", COMMON | chosen | {f"cost-{offer.sku_id.hex}": "3.00"})


def test_nobody_compares_anothers_articles(world, brand):
    other = world.offer(world.seller("other", programme="self-managed", market="US"), weight_g=400)
    client = client_of(world, brand)
    assert other.sku.code not in ask(client, "seller:compare", {"sku": other.sku_id.hex, "by": "articles"})


def test_a_pasted_table_of_many_asks_no_more_than_one_row(world, brand):
    rows = ["sku\tcost\tretail\tweight_g\ths_code"]
    rows += [f"mug {n}\t3.{n:02}\t24.90\t{400 + n}\t{'691110' if n % 2 else ''}" for n in range(12)]
    client, query = client_of(world, brand), COMMON | {"by": "pasted"}
    page = ask(client, "seller:compare", query | {"rows": "\n".join(rows)})
    assert "mug 11" in page and "At a glance" in page and "HS code is not known" in page
    assert "12 articles at most" in ask(client, "seller:compare", query | {"rows": "\n".join([*rows, rows[-1]])})
    wrong = ask(client, "seller:compare", query | {"rows": "sku,cost,retail,weight_g\nmug,3,x,400"})
    assert "Row 1, a shopper would pay" in wrong


def test_the_operator_compares_as_a_seller_would_see_it(world, brand):
    client = browser(world)
    free = ask(client, "desk:compare", TYPED)
    assert "Stays of a unit" in free and "Programmes that cannot be entered yet" not in free
    assert "Programmes that cannot be entered yet" in ask(client, "desk:compare", TYPED | {"seller": "brand"})
    assert "HS code" in ask(client, "desk:compare", TYPED | {"hs_code": ""})


def test_the_picture_says_what_its_table_says(world):
    [found] = comparing.compare(
        plans=[plan(market="US", currency="USD", retail="24.90", supply="9.00")], now=world.now
    )  # fmt: skip
    both = sides.of(found)
    stock, parcel = found.sides
    assert both is not None and stock.programme == parcel.programme
    for option in (stock, parcel):
        whole = sum(each.amount_minor for each in option.spread)
        assert (
            whole == option.landed_minor
            and {each.code: each.amount_minor for each in option.spread}["left"] == option.net_minor
        )
        assert option.left_minor(Decimal(1)) == option.net_minor and option.left_minor(Decimal(0)) == -option.tied_minor
    svg = sides.picture(both)
    drawn = "".join(ElementTree.fromstring(svg).itertext())
    assert "Stock by sea" in drawn and "One parcel by air" in drawn and "Customs duty on stock" in drawn
    assert f"{stock.net_minor / 100:.2f}" in drawn and f"{parcel.net_minor / 100:.2f}" in drawn
    assert "style=" not in svg and "<script" not in svg and "http" not in svg.replace("http://www.w3.org/", "")
    page = plots.on_page(svg)
    assert not {colour.lower() for colour in re.findall(r'"(#[0-9a-fA-F]{3,8})"', page)}, "every colour is a token"


@pytest.mark.browser
@browsers.MARKS[1]
def test_the_page_in_a_browser(world, brand):
    """Amounts open to their parts, the picture fits a phone, nothing scrolls sideways."""
    address = reverse("seller:compare") + "?" + "&".join(f"{name}={value}" for name, value in TYPED.items())
    pages = {address: client_of(world, brand).get(address).content}
    with browsers.launched() as chromium:
        page = chromium.new_context(viewport={"width": 390, "height": 844}).new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.route("**/*", fulfil(pages, {}))
        page.goto(ORIGIN + address)
        assert page.locator("svg.plot-narrow").is_visible() and not page.locator("svg.plot-wide").is_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.locator(".compared td.num button").first.click()
        page.get_by_text("The goods themselves").first.wait_for()
        assert said == []
