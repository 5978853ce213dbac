"""What one unit would earn under a programme: the seller's own numbers through the functions that settle.

Nothing here computes money of its own. A line is made up as checkout would freeze it, and `settlement.economics` and
`settlement.moves` say what accrues and what its parcel costs.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import numpy as np

from entrepot.domain.logistics import queries as logistics
from entrepot.domain.logistics.queries import FreightQuote
from entrepot.domain.markets import queries as markets
from entrepot.domain.markets.models import Market
from entrepot.domain.markets.queries import Rate
from entrepot.domain.pricing import rules as pricing
from entrepot.domain.settlement import queries as settlement
from entrepot.domain.settlement.economics import Amounts, Book, Lines, code_of
from entrepot.domain.settlement.models import CostRate
from entrepot.domain.settlement.moves import Parcels, hand_over
from entrepot.domain.terms.arrays import PARTY, PPM, Whole, compile_terms
from entrepot.domain.terms.bases import COMPONENTS
from entrepot.domain.terms.rules import Party, Programme, ShipFrom, Task, Terms
from entrepot.kernel.errors import Unavailable
from entrepot.kernel.money import exchange_fraction

#: The parts that pass through the seller's account to a state.
OWED = ("tax.seller", "customs.seller")

_ONE = np.ones(1, dtype=np.int64)
_NONE = np.zeros(1, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit as the seller thinks of it. Units: `retail_minor` in the market's currency, the others in the seller's.

    `supply_minor` counts where the programme pays a supply price, `retail_minor` where the shopper's price is shared.
    """

    retail_minor: int
    supply_minor: int
    cost_minor: int
    weight_g: int
    category_path: str = ""


@dataclass(frozen=True, slots=True)
class Share:
    """A part of what the seller gains or gives. Units: minor of the seller's currency."""

    code: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Example:
    """One unit sold under a programme. Units: minor; `paid_minor` in the market's currency, all else in the seller's.

    `paid_parts` sum to `paid_minor`. `shares` sum to `kept_minor`, what the marketplace pays the seller;
    `carriage_minor` is what the seller pays its own carrier beside that; the rest is `left_minor`. `pays_on` is the day
    on which the statement closes that carries a unit which is delivered after the programme's own times.
    """

    programme_code: str
    market_currency: str
    currency: str
    earns_supply: bool
    paid_minor: int
    goods_minor: int
    shipping_minor: int
    shares: tuple[Share, ...]
    kept_minor: int
    carriage_minor: int
    cost_minor: int
    delivered_on: date
    pays_on: date
    rate: Rate
    paid_parts: tuple[Share, ...] = ()

    @property
    def owed_minor(self) -> int:
        """Tax and customs duty that the seller is paid and hands on, because it collects or imports."""
        return sum(each.amount_minor for each in self.shares if each.code in OWED)

    @property
    def left_minor(self) -> int:
        """What stays with the seller of one unit."""
        return self.kept_minor - self.owed_minor - self.carriage_minor - self.cost_minor


@dataclass(frozen=True, slots=True)
class Basis:
    """What a day's rates say of a parcel of this weight into the market.

    `freight` is by the country that it leaves from, `per_euro` what a euro is in the market.
    """

    market: Market
    currency: str
    home_country: str
    on: date
    freight: Mapping[str, FreightQuote | None]
    rate: Rate
    per_euro: Decimal
    tax_ppm: Whole
    costs: Mapping[str, CostRate]


def gather(*, market: Market, currency: str, home_country: str, weight_g: int, now: datetime) -> Basis:
    """The rates that count today, in one query each. Raises: Unavailable without an exchange rate."""
    found = gather_weights(market=market, currency=currency, home_country=home_country, weights_g=[weight_g], now=now)
    return found[weight_g]


def gather_weights(
    *, market: Market, currency: str, home_country: str, weights_g: Collection[int], now: datetime
) -> dict[int, Basis]:
    """The same for parcels of several weights, by weight, in as many queries as for one."""
    on = now.date()
    origins = list(dict.fromkeys((market.country, home_country)))
    asked = [(market.code, origin, weight_g) for weight_g in weights_g for origin in origins]
    quotes = dict(zip(asked, logistics.find_freight(asked, on), strict=True))
    tax = markets.tax_rates([market.id], on).get((market.id, "standard"), Decimal(0))
    costs = settlement.list_cost_rates(on=on)
    pair, euro = (market.currency, currency), ("EUR", market.currency)
    rates = markets.exchange_rates({pair, euro}, on)
    tax_ppm = pricing.ppm([tax])
    return {
        weight_g: Basis(
            market=market,
            currency=currency,
            home_country=home_country,
            on=on,
            freight={origin: quotes[market.code, origin, weight_g] for origin in origins},
            rate=rates[pair],
            per_euro=rates[euro].rate,
            tax_ppm=tax_ppm,
            costs={each.kind: each for each in costs if each.currency == market.currency and not each.code},
        )
        for weight_g in weights_g
    }


def reckon(*, basis: Basis, programme: Programme, version: int, unit: Unit, origin: str = "") -> Example:
    """One unit sold today under the programme; it leaves where the programme says, else from home or `origin`.

    Raises: Unavailable where nobody carries it, Refused where the programme has no amount in the market's currency.
    """
    terms = programme.terms(version=version, on=basis.on, enrolled_on=basis.on)
    inside = terms.fulfilment.ship_from is ShipFrom.MARKET
    origin = origin or (basis.market.country if inside else basis.home_country)
    freight = basis.freight[origin]
    if freight is None or freight.currency != basis.market.currency:
        raise Unavailable(
            "orders.no_freight",
            "Nobody ships {weight_g} g from {origin} to {market} at the moment.",
            weight_g=unit.weight_g,
            origin=origin,
            market=basis.market.code,
        )
    book, shipping = _book(basis, terms, unit, freight)
    accrued = book.accrue(_NONE, _ONE)
    carried = hand_over(book, Parcels(_NONE, _NONE, _ONE, np.array([freight.cost_minor])))
    # What the platform buys on receipt it paid for before it was sold.
    bought = [Share("receipt", unit.supply_minor)] if book.is_owned[0] else []
    shares = [*bought, *_shares(book, accrued), *_shares(book, carried)]
    delivered = _working_days(basis.on, terms.service.handling_business_days + terms.service.transit_business_days)
    return Example(
        programme_code=programme.code,
        market_currency=basis.market.currency,
        currency=basis.currency,
        earns_supply=bool(book.is_supply[0]),
        paid_minor=int(book.paid[0]),
        goods_minor=unit.retail_minor,
        shipping_minor=shipping,
        shares=tuple(shares),
        kept_minor=sum(each.amount_minor for each in shares),
        carriage_minor=_own_carriage(book, carried),
        cost_minor=unit.cost_minor,
        delivered_on=delivered,
        pays_on=terms.settlement.closes_on(delivered),
        rate=basis.rate,
        paid_parts=_paid_parts(book),
    )


def _book(basis: Basis, terms: Terms, unit: Unit, freight: FreightQuote) -> tuple[Book, int]:
    """The economics of the line that checkout would freeze, and its shipping as displayed."""
    market, tax_ppm = basis.market, basis.tax_ppm
    includes_tax = np.array([market.prices_include_tax])
    charged = pricing.charge_lines(
        unit_minor=np.array([unit.retail_minor]),
        quantity=_ONE,
        discount_minor=_NONE,
        platform_ppm=_NONE,
        tax_ppm=tax_ppm,
        includes_tax=includes_tax,
        weight_g=np.array([unit.weight_g]),
        parcel=_NONE,
        freight_minor=np.array([freight.charge_minor]),
        customs_minor=np.array([freight.customs_minor]),
    )
    amounts = {
        "list_price": charged.list_minor,
        "goods_net": charged.goods_net_minor,
        "goods_tax": charged.goods_tax_minor,
        "shipping_net": charged.shipping_net_minor,
        "shipping_tax": charged.shipping_tax_minor,
        "customs_duty": charged.customs_duty_minor,
    }
    rates, pair = basis.costs, (market.currency, basis.currency)
    top, bottom = (1, 1) if pair[0] == pair[1] else exchange_fraction(basis.rate.rate, *pair)

    def costs(kind: str) -> Whole:
        return np.array([rates[kind].amount_minor if kind in rates else 0])

    collector = terms.performer(Task.TAX_COLLECTION) or Party.PLATFORM
    lines = Lines(
        terms=_NONE,
        category=_NONE,
        currency=_NONE,
        quantity=_ONE,
        amounts=np.array([[int(amounts[name][0]) if name in amounts else 0 for name in COMPONENTS]], dtype=np.int64),
        supply_minor=np.array([unit.supply_minor]),
        rate_top=np.array([top], dtype=np.int64),
        rate_bottom=np.array([bottom], dtype=np.int64),
        tax_ppm=tax_ppm,
        includes_tax=includes_tax,
        tax_collector=np.array([PARTY[collector]], dtype=np.int8),
        freight_minor=np.array([freight.cost_minor]),
        seller_weights=np.array([[0, 1, 1]]),
        order_weights=np.array([[0, 1, 1]]),
        orders_before=_NONE,
        payment_ppm=np.array([int(rates["payment"].rate * PPM) if "payment" in rates else 0]),
        payment_minor=costs("payment"),
        handling_minor=costs("handling"),
        storage_minor=costs("storage"),
    )
    compiled = compile_terms(
        [terms], categories=[unit.category_path], currencies=[market.currency], pairs=frozenset({(0, 0)})
    )
    shipping = charged.shipping_net_minor + np.where(includes_tax, charged.shipping_tax_minor, 0)
    return Book(lines, compiled), int(shipping[0])


def _paid_parts(book: Book) -> tuple[Share, ...]:
    """What the shopper pays, in the market's currency; what is nothing is left out."""
    found = {name: int(amount[0]) for name, amount in book.paid_for(lambda amounts: amounts).items()}
    tax = found["goods_tax"] + found["shipping_tax"]
    parts = {
        "goods": found["goods_net"],
        "shipping": found["shipping_net"],
        "tax": tax,
        "customs": found["customs_duty"],
    }
    return tuple(Share(code, amount) for code, amount in parts.items() if amount)


def _shares(book: Book, amounts: Amounts) -> Sequence[Share]:
    """What the seller's account gains and gives, part by part; what is nothing is left out."""
    found = []
    for place, part in enumerate(amounts.parts):
        sign = (part.destination == "seller_payable") - (part.source == "seller_payable")
        if amount := sign * int(amounts.seller[0, place]):
            found.append(Share(code_of(book.terms, 0, amounts.parts, place), amount))
    return found


def _own_carriage(book: Book, carried: Amounts) -> int:
    """What the seller pays a carrier of its own: the whole where it ships, of which others may give back a share."""
    whole = sum(
        int(carried.market[0, place])
        for place, part in enumerate(carried.parts)
        if part.code.startswith("carriage_shared.")
    )
    return int(book.lines.to_seller(np.array([whole]))[0])


def _working_days(start: date, count: int) -> date:
    """So many days later, Saturdays and Sundays left out."""
    return np.busday_offset(np.datetime64(start), count, roll="forward").astype(date)
