"""What accrues when units of order lines are delivered: pure functions over arrays.

The ledger posts what these functions say, and whoever predicts asks the same functions. A line's amounts are for its
whole quantity; every unit of a line has a place, an amount for the places [first, first + units) is the difference of
two cumulative shares, and so the amounts of all units sum to the line's, in whatever steps and order they come.

Shape: n lines, p parts. Units: `market` in minor units of the line's market, `seller` in those of the seller's
account, for parts that touch it. Rounding: half to even, once for a part of a whole line, once for a cumulative share.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from entrepot.domain.ledger.rules import CHART, Nature
from entrepot.domain.pricing.rules import net_and_tax
from entrepot.domain.settlement.rules import (
    ACCRUAL_PARTS,
    FEE_PARTS,
    PARTIES,
    Part,
    column,
)
from entrepot.domain.terms.arrays import NOBODY, PARTY, PER, TASK, Flags, Small, TermsArrays, Whole, evaluate
from entrepot.domain.terms.bases import COMPONENTS
from entrepot.domain.terms.rules import Accrual, Party, Per, Task, Until
from entrepot.kernel.money import apply_ppm, prorate_array, scale_array, share_array

#: What the shopper pays for, component by component.
_PAID = ("goods_net", "goods_tax", "shipping_net", "shipping_tax", "customs_duty")

_AT = {name: place for place, name in enumerate(COMPONENTS)}
_PLATFORM, _SELLER, _THIRD = (PARTY[party] for party in (Party.PLATFORM, Party.SELLER, Party.THIRD_PARTY))


@dataclass(frozen=True, eq=False)
class Lines:
    """Order lines side by side, as they were frozen. Units: minor, for the whole line.

    `weights` place the line among the lines of the same order, seller and terms, and among all lines of the order:
    (before it, its own, of all), so that an amount an order is divided over them.
    """

    terms: Whole  # n: number of its terms
    category: Whole  # n
    currency: Whole  # n: number of the market's currency
    quantity: Whole  # n
    amounts: Whole  # n, components; the supply price is filled in here
    supply_minor: Whole  # n: in the seller's currency
    rate_top: Whole  # n: minor units of the seller's currency …
    rate_bottom: Whole  # n: … for so many of the market's
    tax_ppm: Whole  # n
    includes_tax: Flags  # n: whether the displayed price does
    tax_collector: Small  # n: PARTY
    freight_minor: Whole  # n: what its carriage was quoted at
    seller_weights: Whole  # n, 3
    order_weights: Whole  # n, 3
    orders_before: Whole  # n: orders of the enrolment before this one
    payment_ppm: Whole  # n: what the payment provider takes of a payment …
    payment_minor: Whole  # n: … and for an order
    handling_minor: Whole  # n: a unit
    storage_minor: Whole  # n: a unit

    def __len__(self) -> int:
        return len(self.quantity)

    def pick(self, places: Whole) -> "Lines":
        """These of the lines, in this order."""
        return Lines(**{name: getattr(self, name)[places] for name in self.__dataclass_fields__})

    def to_seller(self, market: Whole) -> Whole:
        """Amounts of the market's currency in the seller's, at each line's rate."""
        top, bottom = (each.reshape(-1, *[1] * (market.ndim - 1)) for each in (self.rate_top, self.rate_bottom))
        return scale_array(market, top, bottom)

    def to_market(self, seller: Whole) -> Whole:
        """Amounts of the seller's currency in the market's, at each line's rate."""
        return scale_array(seller, self.rate_bottom, self.rate_top)


@dataclass(frozen=True, eq=False)
class Amounts:
    """So much a part and line. Shape: `market` and `seller` (n, p)."""

    parts: tuple[Part, ...]
    market: Whole
    seller: Whole

    def __sub__(self, other: "Amounts") -> "Amounts":
        return Amounts(self.parts, self.market - other.market, self.seller - other.seller)

    def of(self, code: str) -> Whole:
        """A part in the market's currency."""
        return self.market[:, column(self.parts, code)]

    def kept_by_seller(self) -> Whole:
        """What the seller's account gains. Units: minor units of the seller's currency."""
        signs = np.array(
            [(part.destination == "seller_payable") * 1 - (part.source == "seller_payable") for part in self.parts]
        )
        result: Whole = (self.seller * signs).sum(axis=1)
        return result


class Book:
    """The economics of these lines under these terms: what whole lines come to, then any units of them."""

    def __init__(self, lines: Lines, terms: TermsArrays) -> None:
        self.lines, self.terms = lines, terms
        self.t, self.k, self.c = lines.terms, lines.category, lines.currency
        self.amounts = lines.amounts.copy()
        self.amounts[:, _AT["supply_price"]] = lines.to_market(lines.supply_minor)
        self.is_supply = terms.supply_price[self.t]
        #: The platform owns what it received, and paid for it then.
        self.is_owned = np.array([_passes_on_receipt(terms, each) for each in range(len(terms.terms))])[self.t]

    # What whole lines come to.

    @cached_property
    def is_gross(self) -> Flags:
        """Whether what was displayed has the tax in it; either will do where there is none. Shape: n."""
        of = {name: self.amounts[:, place] for name, place in _AT.items()}
        shown = of["list_price"] - of["seller_discount"] - of["platform_discount"]
        gross: Flags = shown == of["goods_net"] + of["goods_tax"]
        return gross

    @cached_property
    def commission_base(self) -> Whole:
        """What the commission is a share of; never below nothing. Shape: n."""
        return np.maximum(evaluate(self.terms.commission_base[self.t], self.amounts), 0)

    @cached_property
    def commission_ppm(self) -> Whole:
        """The rate of the line's category. Shape: n."""
        return np.where(self.is_supply, 0, self.terms.commission_ppm[self.t, self.k])

    @cached_property
    def commission(self) -> Whole:
        """The commission of whole lines. Shape: n."""
        return apply_ppm(self.commission_base, self.commission_ppm)

    @cached_property
    def fee_base(self) -> Whole:
        """What fees with a rate are a share of; never below nothing. Shape: n, places."""
        bases = self.terms.fees.base[self.t]
        return np.maximum((bases * self.amounts[:, None, :]).sum(axis=2), 0)

    @cached_property
    def fees(self) -> Whole:
        """The fees of whole lines, but those a parcel. Shape: n, places."""
        fees, each = self.terms.fees, (self.t, slice(None))
        per = fees.per[each]
        amount = fees.amount_minor[self.t, :, self.c]
        before, own, whole = (self.lines.seller_weights[:, [place]] for place in range(3))
        counted = {
            NOBODY: apply_ppm(self.fee_base, fees.rate_ppm[each]),
            PER[Per.LINE]: amount,
            PER[Per.UNIT]: amount * self.lines.quantity[:, None],
            PER[Per.ORDER]: prorate_array(amount, before, own, whole),
        }
        total = np.zeros_like(amount)
        for number, found in counted.items():
            total = np.where(per == number, found, total)
        bounded = np.clip(total, fees.floor_minor[self.t, :, self.c], fees.cap_minor[self.t, :, self.c])
        applies = self.fee_covers & (per != PER[Per.PARCEL])
        return np.where(applies, bounded, 0)

    @cached_property
    def fee_covers(self) -> Flags:
        """Which fees count for the line's category. Shape: n, places."""
        covers: Flags = self.terms.fees.covers[self.t, :, self.k]
        return covers

    @cached_property
    def platform_discount(self) -> Whole:
        """What the seller would have had without the platform's discounts: without the tax that fell too. Shape: n."""
        return self._net(self.amounts[:, _AT["platform_discount"]])

    @cached_property
    def seller_discount(self) -> Whole:
        """The seller's discounts without the tax that fell too. Shape: n."""
        return self._net(self.amounts[:, _AT["seller_discount"]])

    def _net(self, displayed: Whole) -> Whole:
        return net_and_tax(displayed, self.lines.tax_ppm, self.lines.includes_tax)[0]

    @cached_property
    def cash(self) -> Whole:
        """The cash incentive of whole lines. Shape: n."""
        amount = self.terms.cash_per_order_minor[self.t, self.c]
        counts = self.lines.orders_before < self.terms.cash_first_orders[self.t]
        return np.where(counts, prorate_array(amount, *self.lines.seller_weights.T), 0)

    @cached_property
    def paid(self) -> Whole:
        """What the shopper pays for whole lines. Shape: n."""
        result: Whole = self.amounts[:, [_AT[name] for name in _PAID]].sum(axis=1)
        return result

    @cached_property
    def payment(self) -> Whole:
        """What the payment provider takes of whole lines; nothing of what is free. Shape: n."""
        fixed = np.where(self.paid > 0, prorate_array(self.lines.payment_minor, *self.lines.order_weights.T), 0)
        return apply_ppm(self.paid, self.lines.payment_ppm) + fixed

    # Any units of them.

    def accrue(self, first: Whole, units: Whole) -> Amounts:
        """What accrues for the places [first, first + units)."""
        upto = self.upto(first + units)
        return upto - self.upto(first) if first.any() else upto

    def upto(self, units: Whole) -> Amounts:
        """What accrues for the first so many units."""

        def share(whole: Whole) -> Whole:
            shape = (-1, *[1] * (whole.ndim - 1))
            return share_array(whole, units.reshape(shape), self.lines.quantity.reshape(shape))

        frozen = self.paid_for(share)
        retail = ~self.is_supply
        supply, supply_market = self._supply(share)
        tax = frozen["goods_tax"] + frozen["shipping_tax"]
        market = {
            "sale": np.where(self.is_supply, frozen["goods_net"], 0),
            "earning": np.where(retail, frozen["goods_net"], 0),
            "supply": np.where(self.is_supply & ~self.is_owned, supply_market, 0),
            "stock": np.where(self.is_supply & self.is_owned, supply_market, 0),
            "subsidy_earning": np.where(retail, share(self.platform_discount), 0),
            "subsidy_sale": np.where(self.is_supply, share(self.platform_discount), 0),
            "promotion": np.where(self.is_supply, share(self.seller_discount), 0),
            "commission": share(self.commission),
            "cash": share(self.cash),
            **{f"tax.{party}": np.where(self.lines.tax_collector == PARTY[party], tax, 0) for party in PARTIES},
            **self.by_payers("shipping", Task.LAST_MILE, frozen["shipping_net"]),
            **self.by_payers("customs", Task.DUTY_AND_TAX, frozen["customs_duty"]),
            **self.by_payers("payment", Task.PAYMENT_COLLECTION, share(self.payment)),
        }
        made = self.gather(ACCRUAL_PARTS, market, share(self.fees))
        for code, mine in (("supply", ~self.is_owned), ("stock", self.is_owned)):
            made.seller[:, column(ACCRUAL_PARTS, code)] = np.where(self.is_supply & mine, supply, 0)
        return made

    def paid_for(self, share: Callable[[Whole], Whole]) -> dict[str, Whole]:
        """What the shopper pays for the first so many units, by component; what was displayed is what is divided."""
        found = {name: share(self.amounts[:, _AT[name]]) for name in _PAID}
        for net, tax in (("goods_net", "goods_tax"), ("shipping_net", "shipping_tax")):
            gross = share(self.amounts[:, _AT[net]] + self.amounts[:, _AT[tax]])
            found[net] = np.where(self.is_gross, gross - found[tax], found[net])
        return found

    def _supply(self, share: Callable[[Whole], Whole]) -> tuple[Whole, Whole]:
        """What a supply price earns, in both currencies: exact in the seller's, exchanged into the market's."""
        base = self.terms.commission_base[self.t]
        times = base[:, _AT["supply_price"]]
        beside = base.copy()
        beside[:, _AT["supply_price"]] = 0
        rest = np.where(self.is_supply, evaluate(beside, self.amounts), 0)
        seller = times * share(self.lines.supply_minor) + self.lines.to_seller(share(rest))
        return seller, self.lines.to_market(seller)

    # Why it is so much.

    @cached_property
    def whole(self) -> Amounts:
        """What accrues for whole lines."""
        return self.upto(self.lines.quantity)

    def explain(self, row: int, place: int) -> dict[str, Any]:
        """The inputs of an accrual: the whole line's amount, and the base and rate that it comes from."""
        part, terms = self.whole.parts[place], self.terms.terms[self.t[row]]
        inputs: dict[str, Any] = {"whole_minor": int(self.whole.market[row, place])}
        if part.code == "commission":
            inputs |= {"base": str(terms.earning.base), "base_minor": int(self.commission_base[row])}
            inputs["rate_ppm"] = int(self.commission_ppm[row])
        elif part.code == "fee":
            number = (place - len(ACCRUAL_PARTS)) % self.terms.fees.places
            fee = terms.fees[number]
            if fee.base:
                inputs |= {"base": str(fee.base), "base_minor": int(self.fee_base[row, number])}
                inputs["rate_ppm"] = int(self.terms.fees.rate_ppm[self.t[row], number])
            else:
                inputs |= {"per": str(fee.per), "amount_minor": fee.amount_minor[self.terms.currencies[self.c[row]]]}
        elif part.code == "supply":
            inputs["supply_minor"] = int(self.lines.supply_minor[row])
        return inputs

    # Building blocks.

    def by_payers(self, code: str, task: Task, amount: Whole) -> dict[str, Whole]:
        """An amount among the payers of a task, by their shares; the platform has the rest."""
        shares = self.terms.payer_ppm[self.t, TASK[task]]
        seller = apply_ppm(amount, shares[:, _SELLER])
        both = apply_ppm(amount, shares[:, _SELLER] + shares[:, _THIRD])
        return {
            f"{code}.{Party.PLATFORM}": amount - both,
            f"{code}.{Party.SELLER}": seller,
            f"{code}.{Party.THIRD_PARTY}": both - seller,
        }

    def gather(self, parts: tuple[Part, ...], market: Mapping[str, Whole], fees: Whole | None) -> Amounts:
        """Columns side by side, fees last by who is charged; in the seller's currency where its account is touched."""
        columns = [market[part.code] for part in parts]
        if fees is not None:
            charged = self.terms.fees.charged_to[self.t]
            for party, part in FEE_PARTS.items():
                columns += list(np.where(charged == PARTY[party], fees, 0).T)
                parts += (part,) * fees.shape[1]
        amounts = np.stack(columns, axis=1)
        touched = np.array([part.is_sellers for part in parts])
        exchanged = np.zeros_like(amounts)
        exchanged[:, touched] = self.lines.to_seller(amounts[:, touched])
        return Amounts(parts, amounts, exchanged)


def waterfall(amounts: Amounts) -> dict[str, Whole]:
    """What each kind of account gains, line by line. Shape: n. Units: minor units of the market's currency."""
    gains: dict[str, Whole] = {}
    nothing = np.zeros(len(amounts.market), dtype=np.int64)
    for place, part in enumerate(amounts.parts):
        if part.is_booked:
            for kind, sign in ((part.source, -1), (part.destination, 1)):
                gains[kind] = gains.get(kind, nothing) + sign * amounts.market[:, place]
    return gains


def adds_up(book: Book, amounts: Amounts, first: Whole, units: Whole) -> Flags:
    """Whether what accrued for these places divides exactly what the shopper paid and the platform put in. Shape: n.

    What leaves the shoppers' funds is the share of the line's total; what sellers, the platform's revenue, tax offices,
    customs, carriers and providers gain is that and what the platform's costs gave.
    """
    paid = sum(book.paid_for(lambda whole: prorate_array(whole, first, units, book.lines.quantity)).values())
    gains = waterfall(amounts)
    given = -np.sum([gain for kind, gain in gains.items() if CHART[kind].nature is Nature.COST], axis=0)
    into = np.sum(
        [gain for kind, gain in gains.items() if kind != "shopper_funds" and CHART[kind].nature is not Nature.COST],
        axis=0,
    )
    result: Flags = (gains["shopper_funds"] == -paid) & (into == paid + given)
    return result


def _passes_on_receipt(terms: TermsArrays, number: int) -> bool:
    """Whether the platform buys what it receives, so that a delivery takes from its own stock."""
    each = terms.terms[number]
    return each.earning.accrues_on is Accrual.RECEIPT or (
        each.earning.accrues_on is Accrual.PERIOD and each.title_passes_on is Until.RECEIPT
    )


def code_of(terms: TermsArrays, number: int, parts: tuple[Part, ...], place: int) -> str:
    """The code of a part under these terms; a fee's is the programme's own."""
    if parts[place].code != "fee":
        return parts[place].code
    return f"fee.{terms.fees.codes[number][(place - len(parts)) % terms.fees.places]}"


def sums(values: Whole, group: Whole, groups: int) -> Whole:
    """The sum of each group."""
    total = np.zeros(groups, dtype=np.int64)
    np.add.at(total, group, values)
    return total
