"""What one unit would earn under a programme: the seller's own numbers through the functions that settle.

Nothing here computes money of its own. A line is made up as checkout would freeze it, and `settlement.economics` and
`settlement.moves` say what accrues and what its parcel costs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal

import numpy as np

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
from entrepot.flows import delivering
from entrepot.flows.crossing import Border, Goods
from entrepot.flows.delivering import Network, Option, Parcel
from entrepot.flows.drafts import CustomsUnknown, NoFreight
from entrepot.kernel.money import exchange_fraction

#: The parts that pass through the seller's account to a state.
OWED = ("tax.seller", "customs.seller")

#: What goods are taken for whose code nobody gives: tableware of porcelain.
EXAMPLE_HS = "691110"

_ONE = np.ones(1, dtype=np.int64)
_NONE = np.zeros(1, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit as the seller thinks of it. Units: `retail_minor` in the market's currency, the others in the seller's.

    `supply_minor` counts where the programme pays a supply price, `retail_minor` where the shopper's price is shared.
    Goods come from the seller's country; `sides_mm` are longest first, nothing where nobody says.
    """

    retail_minor: int
    supply_minor: int
    cost_minor: int
    weight_g: int
    category_path: str = ""
    hs_code: str = EXAMPLE_HS
    sides_mm: tuple[int, int, int] = (0, 0, 0)
    flags: frozenset[str] = frozenset()


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
    """What a day's rates, lanes, cards and law say of parcels into the market.

    `carriers` are the rates of exchange from the cards' currencies, `per_euro` is what a euro is in the market.
    """

    market: Market
    currency: str
    home_country: str
    on: date
    network: Network
    carriers: Mapping[tuple[str, str], Rate]
    border: Border
    rate: Rate
    per_euro: Decimal
    tax_ppm: Whole
    costs: Mapping[str, CostRate]
    tax: Decimal = Decimal(0)
    found: dict[Parcel, Option] = field(default_factory=dict)

    def service(self, unit: Unit, origin: str, *, ready_on: date | None = None) -> Option:
        """The service that checkout would take for one unit from a country, ready on a day, else today.

        Raises: NoFreight.
        """
        longest, middle, least = unit.sides_mm
        parcel = Parcel(
            origin=origin, market_code=self.market.code, destination=self.market.country,
            currency=self.market.currency, ready_on=ready_on or self.on, weight_g=unit.weight_g,
            goods_minor=unit.retail_minor,
            volume_cm3=-(-longest * middle * least // 1000), sides_mm=unit.sides_mm, flags=unit.flags,
        )  # fmt: skip
        if parcel not in self.found:
            [options] = delivering.find_options([parcel], on=self.on, network=self.network, rates=self.carriers)
            chosen = delivering.first_that_goes(options)
            if chosen is None:
                raise NoFreight(weight_g=unit.weight_g, origin=origin, market=self.market.code,
                                why=delivering.objections_of(options))  # fmt: skip
            self.found[parcel] = chosen
        return self.found[parcel]


def gather(
    *, market: Market, currency: str, home_country: str, now: datetime, network: delivering.Network | None = None
) -> Basis:
    """The rates that count today, in one query each. Raises: Unavailable without an exchange rate."""
    on = now.date()
    network = network or delivering.load(on)
    tax = markets.tax_rates([market.id], on).get((market.id, "standard"), Decimal(0))
    costs = settlement.list_cost_rates(on=on)
    pair, euro = (market.currency, currency), ("EUR", market.currency)
    rates = markets.exchange_rates({pair, euro}, on)
    return Basis(
        market=market,
        currency=currency,
        home_country=home_country,
        on=on,
        network=network,
        carriers=delivering.rates_into({market.currency}, network, on),
        border=Border(on),
        tax=tax,
        rate=rates[pair],
        per_euro=rates[euro].rate,
        tax_ppm=pricing.ppm([tax]),
        costs={each.kind: each for each in costs if each.currency == market.currency and not each.code},
    )


def reckon(*, basis: Basis, programme: Programme, version: int, unit: Unit, origin: str = "") -> Example:
    """One unit sold today under the programme; it leaves where the programme says, else from home or `origin`.

    Raises: NoFreight, CustomsUnknown, Refused where the programme has no amount in the market's currency.
    """
    terms = programme.terms(version=version, on=basis.on, enrolled_on=basis.on)
    inside = terms.fulfilment.ship_from is ShipFrom.MARKET
    origin = origin or (basis.market.country if inside else basis.home_country)
    service = basis.service(unit, origin)
    book, shipping = _book(basis, terms, unit, origin, service)
    accrued = book.accrue(_NONE, _ONE)
    carried = hand_over(book, Parcels(_NONE, _NONE, _ONE, np.array([service.cost_minor])))
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


def _book(basis: Basis, terms: Terms, unit: Unit, origin: str, service: Option) -> tuple[Book, int]:
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
        freight_minor=np.array([service.charge_minor]),
    )
    charged = replace(charged, customs_duty_minor=np.array([_duty(basis, terms, unit, origin, service, charged)]))
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
        freight_minor=np.array([service.cost_minor]),
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


def _duty(basis: Basis, terms: Terms, unit: Unit, origin: str, service: Option, charged: pricing.Charges) -> int:
    """What the border takes of the unit. Raises: CustomsUnknown."""
    if not basis.border.crosses(kind="", country=origin, market=basis.market):
        return 0
    goods = Goods(
        parcel=0, hs_code=unit.hs_code, origin=basis.home_country, tax_class="standard", mode=service.mode,
        terms=terms, quantity=1, weight_g=unit.weight_g, goods_net_minor=int(charged.goods_net_minor[0]),
        shipping_net_minor=int(charged.shipping_net_minor[0]),
        taxed_minor=int(charged.goods_tax_minor[0] + charged.shipping_tax_minor[0]),
    )  # fmt: skip
    [crossed] = basis.border.assess([goods], market=basis.market, taxes={"standard": basis.tax})
    if crossed.problem:
        raise CustomsUnknown(title=unit.hs_code, why=crossed.problem)
    return crossed.duty_minor


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
