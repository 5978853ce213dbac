"""A shop with a small world behind it, and shoppers who click through it."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from entrepot.domain.accounts.models import User
from entrepot.domain.catalogue.models import Offer
from entrepot.domain.orders.models import Order
from entrepot.kernel import clock
from worlds import World

ADDRESS = {"name": "Ada Byron", "line1": "1 Garden Row", "city": "Porttown", "postcode": "10115"}
#: Statements that say where a transaction begins and ends ask nothing.
SILENT = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")


@pytest.fixture
def world(database) -> Iterator[World]:
    """A market in Germany, and a clock that stands at the world's."""
    world = World()
    world.market("DE")
    yield world
    clock.set_offset(timedelta(0))


class Page:
    """An answer as a shopper sees it."""

    def __init__(self, response: Any) -> None:
        self.response = response
        self.status = response.status_code
        is_page = response["Content-Type"].startswith("text/html") if "Content-Type" in response else False
        self.source = response.content.decode() if is_page else ""

    @property
    def text(self) -> str:
        """What is read, with single spaces."""
        without = re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", self.source, flags=re.DOTALL)
        return " ".join(unescape(without).replace("\u00a0", " ").split())

    def hidden(self, name: str) -> str:
        """The value of the first hidden field of a name."""
        found = re.search(rf'<input type="hidden" name="{name}" value="([^"]*)"', self.source)
        assert found, f"{name} is not on the page"
        return unescape(found[1])

    def links(self, pattern: str) -> list[str]:
        """The addresses of links that match, each once."""
        return list(dict.fromkeys(unescape(each) for each in re.findall(rf'href="({pattern})"', self.source)))


class Shopper:
    """A browser of somebody, at the world's time, in the German market unless said otherwise."""

    def __init__(self, world: World, *, user: User | None = None, market: str = "DE", language: str = "en") -> None:
        self.world, self.user = world, user
        self.client = Client(headers={"accept-language": language})
        self.client.cookies["market"] = market
        if user is not None:
            self.client.force_login(user)

    def get(self, path: str, **query: Any) -> Page:
        """Open an address."""
        self._set_clock()
        return Page(self.client.get(path, query))

    def post(self, path: str, follow: bool = True, **fields: Any) -> Page:
        """Send a form; the page that it leads to."""
        self._set_clock()
        return Page(self.client.post(path, fields, follow=follow))

    def count(self, path: str, **query: Any) -> int:
        """How many questions a page asks of the database."""
        self._set_clock()
        self.client.get(path, query)
        with CaptureQueriesContext(connection) as asked:
            assert self.client.get(path, query).status_code == 200
        return sum(not each["sql"].startswith(SILENT) for each in asked.captured_queries)

    def put(self, offer: Offer, quantity: int = 1) -> Page:
        """Put units into the cart."""
        return self.post("/cart/lines", offer=offer.id, quantity=quantity)

    def checkout(self, **fields: Any) -> Page:
        """Fill in the checkout as it is shown now and send it."""
        shown = self.get("/checkout")
        return self.post("/checkout/order", **self.filled(shown) | fields)

    def filled(self, shown: Page) -> dict[str, Any]:
        """What is sent with a checkout page that was shown, but for what a test says itself."""
        hidden = {name: shown.hidden(name) for name in ("checkout_key", "expected_total_minor", "voucher_code")}
        mine = {} if "_auth_user_id" in self.client.session else {"email": "ada@example.org"}
        return ADDRESS | mine | {"provider": "sandbox", "instrument": "approve"} | hidden

    def order(self, *lines: tuple[Offer, int], **fields: Any) -> Order:
        """An order that was placed, of these offers."""
        for offer, quantity in lines:
            self.put(offer, quantity)
        page = self.checkout(**fields)
        assert page.status == 200, page.text
        self.world.pass_time(minutes=1)
        return Order.objects.get(number=page.response.resolver_match.kwargs["number"])

    def _set_clock(self) -> None:
        clock.set_offset(self.world.now - datetime.now(UTC))


@pytest.fixture
def guest(world) -> Shopper:
    """Somebody unknown."""
    return Shopper(world)


@pytest.fixture
def known(world) -> Shopper:
    """Somebody signed in."""
    return Shopper(world, user=world.user("ada@example.org"))
