"""Everybody follows every link from the root of their surface: no dead end, every page whole, none asks too much."""

import re
from collections import Counter
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import resolve

import shipping
from entrepot.domain.accounts import services as accounts
from entrepot.domain.accounts.models import Organisation
from entrepot.domain.catalogue.models import Offer
from entrepot.domain.pricing import quoting
from entrepot.domain.sellers import queries as seller_reads
from entrepot.flows import returns, settling
from entrepot.kernel.actors import SYSTEM
from surfaces.seller.shops import sign_in
from walks.stage import Stage

QUESTIONS = 25
#: Of one kind of page so many are opened.
EACH = 4
LINK = re.compile(r'<a\b[^>]*?\shref="([^"]*)"')
#: Statements that say where a transaction begins and ends ask nothing.
SILENT = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")

LISTS = {
    "guest": ["/", "/search?q=mug", "/categories/mugs"],
    "shopper": ["/orders"],
    "seller": [
        "/seller/", "/seller/offers", "/seller/stock", "/seller/orders", "/seller/orders/all", "/seller/returns",
        "/seller/statements", "/seller/statements/upcoming", "/seller/programmes",
    ],
    "partner": ["/desk/", "/desk/warehouse", "/desk/warehouse/stock", "/desk/returns"],
    "operator": [
        "/desk/", "/desk/programmes", "/desk/sellers", "/desk/catalogue", "/desk/catalogue/products",
        "/desk/catalogue/offers", "/desk/orders", "/desk/warehouse?of=all", "/desk/returns", "/desk/settlement",
        "/desk/settlement/payouts", "/desk/books", "/desk/verify",
    ],
}  # fmt: skip
ROOTS = {"guest": "/", "shopper": "/", "seller": "/seller/", "partner": "/desk/", "operator": "/desk/"}


@dataclass
class Market:
    """A market at work, and who looks at it."""

    stage: Stage
    offers: dict[str, Offer] = field(default_factory=dict)
    browsers: dict[str, Client] = field(default_factory=dict)
    shopper: Any = None

    def trade(self, rounds: int) -> None:
        """Mixed carts in every state: to ship, packed, on their way, delivered, sent back, settled, paid out."""
        world = self.stage
        for _ in range(rounds):
            orders = [self._order() for _state in range(5)]
            _waiting, packed, left, delivered, back = orders
            shipping.pack(world, (shipping.lines_of(packed)[0], 1))
            shipping.ship(world, left)
            shipping.deliver(world, delivered)
            shipping.deliver(world, back)
            for line in shipping.lines_of(back):
                returns.request_return(
                    order_id=back.id, lines=[(line.id, 1)], reason="defective", actor=SYSTEM, now=world.now
                )
        world.pass_time(days=30)
        settling.settle(until=world.now, now=world.now, actor=SYSTEM)
        settling.pay_out(now=world.now, actor=SYSTEM)
        delivered = self._order()
        shipping.deliver(world, delivered)

    def _order(self) -> Any:
        lines = [(offer, 1) for offer in self.offers.values()]
        return shipping.order(self.stage, *lines, user_id=self.shopper.id, email="")

    def grow(self, sellers: int) -> None:
        """More sellers with goods, and more goods of those that are there."""
        for place in range(sellers):
            seller = self.stage.seller(programme="self-managed")
            self.stage.offer(seller, title=f"Tin mug {place}")
            own = self.offers["workshop"]
            self.stage.offer(own.seller, title=f"Clay mug {place}", programme="self-managed")


@pytest.fixture
def market(stage) -> Market:
    market = Market(stage, stage.cast(stock=200))
    market.shopper = stage.user("somebody@example.org")
    market.browsers = {
        "guest": Client(),
        "shopper": sign_in(market.shopper),
        "seller": _member(stage, market.offers["workshop"].seller.organisation, "seller.owner"),
        "partner": _member(stage, stage.partner(), "partner.warehouse"),
        "operator": _member(stage, stage.operator, "operator.admin"),
    }
    for client in market.browsers.values():
        client.cookies["market"] = "DE"
    factory = market.offers["factory"]
    quoting.quote(
        rows=[quoting.NewQuote(factory.id, 9900)],
        valid_until=stage.now.replace(year=stage.now.year + 1),
        now=stage.now,
        actor=seller_reads.get_system_actor(seller_id=factory.seller_id),
    )
    market.trade(1)
    return market


def _member(stage: Stage, organisation: Organisation, role: str) -> Client:
    user = stage.user()
    accounts.join(actor=SYSTEM, user=user, organisation=organisation, role=role, now=stage.now)
    return sign_in(user)


def ask(client: Client, path: str) -> tuple[Any, int]:
    """The answer to an address, and how many questions it asked of the database."""
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(path)
    return answer, sum(not each["sql"].startswith(SILENT) for each in asked.captured_queries)


def faults(path: str, answer: Any, questions: int) -> list[str]:
    """What is wrong with a page."""
    if answer.status_code >= 400:
        return [f"{answer.status_code} {path}"]
    found = []
    if "Content-Security-Policy" not in answer.headers:
        found.append(f"no content policy on {path}")
    if questions > QUESTIONS:
        found.append(f"{questions} questions on {path}")
    if answer.status_code == 200 and answer.headers.get("Content-Type", "").startswith("text/html"):
        page = answer.content.decode()
        if (headings := len(re.findall(r"<h1[\s>]", page))) != 1:
            found.append(f"{headings} h1 on {path}")
        if not re.search(r"<title>\s*\S", page):
            found.append(f"no title on {path}")
        if re.search(r"None</|\{\{|\{%", page):
            found.append(f"something unrendered on {path}")
    return found


@pytest.mark.parametrize("who", list(ROOTS))
def test_every_link_leads_somewhere(market, who):
    client = market.browsers[who]
    to_do, seen, kinds, wrong = [(ROOTS[who], "")], {ROOTS[who]}, Counter(), []
    while to_do:
        path, source = to_do.pop(0)
        answer, questions = ask(client, path)
        wrong += [f"{fault} (from {source})" for fault in faults(path, answer, questions)]
        links = [answer["Location"]] if answer.status_code in (301, 302) else []
        if answer.headers.get("Content-Type", "").startswith("text/html"):
            links += [unescape(each) for each in LINK.findall(answer.content.decode())]
        for link in links:
            target = urldefrag(urljoin(path, link)).url
            parts = urlsplit(target)
            if parts.scheme or parts.netloc or parts.path.startswith(("/static/", "/media/")) or target in seen:
                continue
            seen.add(target)
            kind = (resolve(parts.path).view_name, tuple(sorted(each.split("=")[0] for each in parts.query.split("&"))))
            kinds[kind] += 1
            if kinds[kind] <= EACH:
                to_do.append((target, path))
    assert wrong == []
    assert len(kinds) > (3 if who == "partner" else 5), kinds


def test_the_same_page_asks_as_much_of_much_as_of_little(market):
    little = _questions(market)
    market.grow(12)
    market.trade(2)
    much = _questions(market)
    assert {each: count for each, count in much.items() if count > QUESTIONS} == {}
    assert {each: (little[each], count) for each, count in much.items() if count > little[each] + 1} == {}


def _questions(market: Market) -> dict[tuple[str, str], int]:
    found = {}
    for who, paths in LISTS.items():
        for path in paths:
            market.browsers[who].get(path)
            answer, found[who, path] = ask(market.browsers[who], path)
            assert answer.status_code == 200, (who, path, answer.status_code)
    return found
