"""What every page of the shop stands in: the market and the language that were chosen, whose cart it is, the menus."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render as render_template
from django.urls import reverse
from django.utils.translation import get_language

from entrepot.domain.catalogue import queries as catalogue
from entrepot.domain.catalogue.models import Category
from entrepot.domain.markets import queries as markets
from entrepot.domain.markets.models import Market
from entrepot.domain.orders import carts
from entrepot.domain.orders.carts import Holder
from entrepot.kernel import clock
from entrepot.kernel.actors import Actor
from entrepot.kernel.errors import Unavailable
from entrepot.surfaces.shared.components import Link
from entrepot.surfaces.shared.guards import CARTS, ORDERS
from entrepot.surfaces.shop.words import in_language

#: The cookie that remembers the market; it names nobody.
MARKET = "market"
MARKET_AGE = 365 * 24 * 3600
#: So many tokens of carts, and of orders, a session keeps.
ORDERS_KEPT = 20


@dataclass
class Visit:
    """A shopper at the shop, as a request shows them. The clock is read once."""

    request: HttpRequest
    now: datetime

    @property
    def actor(self) -> Actor:
        """Who asks."""
        actor: Actor = self.request.actor  # type: ignore[attr-defined]
        return actor

    @property
    def user_id(self) -> UUID | None:
        """Who is signed in."""
        return self.actor.user_id

    @cached_property
    def language(self) -> str:
        """The language that the page is in."""
        return (get_language() or "en").lower()

    @cached_property
    def markets(self) -> list[Market]:
        """The markets that are open. Raises: Unavailable before there is one."""
        found = markets.list_markets()
        if not found:
            raise Unavailable("shop.no_market", "This shop is not open yet: its operator has not opened a market.")
        return found

    @cached_property
    def market(self) -> Market:
        """The market that was chosen, else the first whose own language the page is in, else the first."""
        chosen = self.request.COOKIES.get(MARKET, "")
        by_code = {market.code: market for market in self.markets}
        main = self.language.partition("-")[0]
        near = [each for each in self.markets if each.languages and each.languages[0].partition("-")[0] == main]
        return by_code.get(chosen) or (near or self.markets)[0]

    @property
    def languages(self) -> list[str]:
        """In which languages texts are looked for: the page's, then those of the market; each with its main one."""
        wanted = [self.language, *self.market.languages]
        return list(dict.fromkeys(each for code in wanted for each in (code, code.partition("-")[0])))

    @cached_property
    def categories(self) -> list[Category]:
        """The whole tree."""
        return catalogue.list_categories()

    @cached_property
    def holder(self) -> Holder:
        """Whose carts these are. What somebody put together before signing in becomes their own here."""
        if self.user_id is None:
            return Holder(tokens=self.cart_tokens)
        if self.cart_tokens:
            carts.adopt(tokens=self.cart_tokens, user_id=self.user_id, now=self.now)
            del self.request.session[CARTS]
        return Holder(user_id=self.user_id)

    def keep_cart(self, token: str) -> None:
        """Remember a guest's cart."""
        if self.user_id is None and token not in self._kept(CARTS):
            self.request.session[CARTS] = [*self._kept(CARTS), token][-ORDERS_KEPT:]

    def keep_order(self, token: str) -> None:
        """Remember a guest's right to an order."""
        if token not in self._kept(ORDERS):
            self.request.session[ORDERS] = [*self._kept(ORDERS), token][-ORDERS_KEPT:]

    @cached_property
    def cart_tokens(self) -> list[str]:
        """The carts that this guest had put together when they came; kept here when they sign in and the carts move."""
        return self._kept(CARTS)

    @property
    def buyer(self) -> Holder:
        """Whose orders these are."""
        return Holder(user_id=self.user_id, tokens=self._kept(ORDERS))

    def _kept(self, name: str) -> list[str]:
        found = self.request.session.get(name)
        return found if isinstance(found, list) else []

    def render(
        self, template: str, context: Mapping[str, Any], *, status: int = 200, current: str = ""
    ) -> HttpResponse:
        """The page in its frame; `current` is the path of the category that it shows."""
        frame: dict[str, Any] = {
            "market": self.market,
            "markets": self.markets,
            "categories": [
                Link(name_of(each), category_url(each), current=(current + "/").startswith(each.path + "/"))
                for each in self.categories
                if each.parent_id is None
            ],
        }
        if "cart_count" not in context:
            frame["cart_count"] = carts.count_units(holder=self.holder, market_id=self.market.id)
        return render_template(self.request, f"shop/{template}", {**frame, **context}, status=status)


def arrive(request: HttpRequest) -> Visit:
    """The visit of a request."""
    return Visit(request, clock.now())


def name_of(category: Category) -> str:
    """What a category is called in the language of the page."""
    return in_language(category.names, category.code)


def category_url(category: Category) -> str:
    """The page of a category."""
    return reverse("shop:category", args=[category.code])
