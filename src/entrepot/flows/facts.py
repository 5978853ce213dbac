"""Everything that a batch of carts asks of the database before anything is decided, in a constant number of queries."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from django.utils.crypto import salted_hmac

from entrepot.domain.accounts import queries as accounts
from entrepot.domain.markets import queries as markets
from entrepot.domain.markets.models import Market
from entrepot.domain.markets.queries import Rate
from entrepot.domain.orders import sellable
from entrepot.domain.orders.sellable import AskedGoods, Sellable
from entrepot.domain.pricing import queries as pricing
from entrepot.domain.pricing.queries import Price
from entrepot.domain.promotions import queries as promotions
from entrepot.domain.promotions.rules import Voucher
from entrepot.flows.requests import CartRequest, voucher_of
from entrepot.kernel.errors import EntrepotError, Invalid, NotFound, Refused, Unavailable
from entrepot.kernel.kept import asked_along
from entrepot.kernel.rounds import Asked

#: Why an offer is not for sale.
OBJECTIONS: Mapping[str, str] = {
    "orders.not_on_sale": "This is not on sale.",
    "orders.seller_not_active": "This seller does not sell at the moment.",
    "orders.enrolment_over": "This offer's programme has ended.",
}


class Item(NamedTuple):
    """A line of a cart with everything that is known of its offer. Units: minor, of the market's currency."""

    sellable: Sellable
    title: str
    quantity: int
    unit_minor: int
    includes_tax: bool
    tax_rate: Decimal
    supply_minor: int | None
    supply_currency: str
    fx: Rate

    @property
    def displayed_minor(self) -> int:
        """The list price of all units, as displayed."""
        return self.unit_minor * self.quantity


@dataclass(slots=True)
class Facts:
    """What was read for a batch, at one instant."""

    now: datetime
    markets: Mapping[str, Market]
    sellables: Mapping[UUID, Sellable]
    prices: Mapping[UUID, Price]
    titles: Mapping[UUID, Mapping[str, str]]
    taxes: Mapping[tuple[UUID, str], Decimal]
    rates: Mapping[tuple[str, str], Rate]
    emails: Mapping[UUID, str]
    vouchers: dict[str, Voucher] = field(default_factory=dict)

    @property
    def seller_skus(self) -> set[tuple[UUID, UUID]]:
        """The stock that the batch may draw on: components by seller."""
        return {(each.seller_id, sku_id) for each in self.sellables.values() for sku_id, _ in each.components}

    def market(self, request: CartRequest) -> Market:
        """The market of a cart. Raises: NotFound."""
        market = self.markets.get(request.market_code)
        if market is None:
            raise NotFound("markets.unknown", "There is no market {code}.", field="market", code=request.market_code)
        return market

    def items(self, request: CartRequest, market: Market) -> list[Item]:
        """The lines of a cart, each for sale in the market. Raises: NotFound, Refused, Unavailable naming the line."""
        if request.user_id is not None and request.user_id not in self.emails:
            raise NotFound(kind="user")
        items = []
        for place, line in enumerate(request.wanted):
            found = self.sellables.get(line.offer_id)
            where = f"lines[{place}].offer_id"
            if found is None or found.market_id != market.id:
                raise NotFound("orders.unknown_offer", "There is no such offer in this market.", field=where)
            if found.objection:
                raise Refused(found.objection, OBJECTIONS[found.objection], field=where)
            try:
                items.append(self._item(request, market, found, line.quantity, line.agreed_minor))
            except EntrepotError as error:
                error.field = error.field or where
                raise
        if sum(item.displayed_minor for item in items) > ORDER_MINOR_MAX:
            raise Invalid("orders.too_much", "An order of this value cannot be charged at once.", field="lines")
        return items

    def shopper_key(self, request: CartRequest) -> str:
        """Who redeems a voucher, without a name: a keyed hash of the e-mail address, signed in or not."""
        email = self.emails.get(request.user_id, "") if request.user_id else request.email
        if not email:
            return str(request.user_id or "")
        return salted_hmac("entrepot.redemption", email.strip().lower(), algorithm="sha256").hexdigest()

    def _item(
        self, request: CartRequest, market: Market, offer: Sellable, quantity: int, agreed_minor: int | None
    ) -> Item:
        price = self.prices.get(offer.id)
        if price is None or price.currency != market.currency:
            raise Refused("orders.no_price", "This has no price at the moment.")
        if offer.weight_g is None or not offer.components:
            raise Refused("orders.not_measured", "This cannot be shipped, for its weight is not known.")
        tax = self.taxes.get((market.id, offer.tax_class), self.taxes.get((market.id, "standard")))
        if tax is None:
            raise Unavailable("orders.no_tax_rate", "The tax on this is not known.", tax_class=offer.tax_class)
        if offer.terms.earning.basis == "supply_price" and price.supply_minor is None:
            raise Refused("orders.no_supply_price", "This has no agreed supply price at the moment.")
        currency = price.supply_currency if price.supply_minor is not None else offer.settlement_currency
        rate = self.rates.get((market.currency, currency))
        if rate is None:
            raise Unavailable("orders.no_exchange_rate", "There is no exchange rate for {currency}.", currency=currency)
        languages = [language for language in (request.language, *market.languages) if language]
        return Item(
            sellable=offer,
            title=sellable.title_in(self.titles.get(offer.product_id, {}), languages)[:300],
            quantity=quantity,
            unit_minor=price.amount_minor if agreed_minor is None else agreed_minor,
            includes_tax=price.includes_tax,
            tax_rate=tax,
            supply_minor=price.supply_minor,
            supply_currency=currency,
            fx=rate,
        )


#: The goods of one order cost no more than this, so that every product of amounts stays in 64 bits.
ORDER_MINOR_MAX = 1_000_000_000_000


def gather(requests: Sequence[CartRequest], now: datetime, market: Market | None = None) -> Facts:
    """Read what these well-formed requests are about; all of them in the market, where one is given."""
    with asked_along():
        asked = ask(requests, now)
    return read(asked, requests, now, market)


class AskedFacts(NamedTuple):
    """What is asked for a batch."""

    goods: AskedGoods
    prices: Asked
    emails: Asked


def ask(requests: Sequence[CartRequest], now: datetime) -> AskedFacts:
    """Ask for what `read` reads, where more may be asked along."""
    offers = {line.offer_id for request in requests for line in request.wanted}
    users = {request.user_id for request in requests if request.user_id is not None}
    return AskedFacts(
        sellable.ask_goods(offer_ids=offers), pricing.ask_prices(offers, now), accounts.ask_emails(user_ids=users)
    )


def read(asked: AskedFacts, requests: Sequence[CartRequest], now: datetime, market: Market | None = None) -> Facts:
    """The facts of these requests, which are some of those that were asked for."""
    known = {each.code: each for each in ([market] if market else markets.list_markets())}
    wanted = {request.market_code for request in requests} & known.keys()
    sellables = sellable.read_goods(asked.goods, now=now)
    prices = pricing.read_prices(asked.prices)
    today = now.date()
    return Facts(
        now=now,
        markets=known,
        sellables=sellables,
        prices=prices,
        titles=sellable.read_titles(asked.goods),
        taxes=markets.tax_rates([known[code].id for code in wanted], today),
        rates=_rates(sellables, prices, {known[code].currency for code in wanted}, today),
        emails=dict(asked.emails.rows),
        vouchers=dict(promotions.find_vouchers({voucher_of(each) for each in requests} - {""})),
    )


def _rates(
    sellables: Mapping[UUID, Sellable], prices: Mapping[UUID, Price], currencies: Collection[str], on: date
) -> dict[tuple[str, str], Rate]:
    """The exchange rates that the offers may need; a pair without one is not there."""
    theirs = {each.settlement_currency for each in sellables.values()}
    theirs |= {price.supply_currency for price in prices.values() if price.supply_minor is not None}
    pairs = {(currency, other) for currency in currencies for other in theirs}
    try:
        return dict(markets.exchange_rates(pairs, on))
    except Unavailable:
        return {pair: rate for pair in pairs for rate in _rate(pair, on)}


def _rate(pair: tuple[str, str], on: date) -> list[Rate]:
    try:
        return [markets.exchange_rates({pair}, on)[pair]]
    except Unavailable:
        return []
