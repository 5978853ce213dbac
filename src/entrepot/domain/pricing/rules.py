"""What a line costs: discounts by funder, tax, the shares of freight and customs duty. Pure, over arrays of many lines.

The same functions price one cart, a batch of orders and a what-if. Every amount is in minor units of the currency of
its line; arrays are int64 and of one length unless said otherwise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from entrepot.kernel.money import Indices, Minor, apply_ppm, checked_multiply, divide_half_even, split_groups

Flags = npt.NDArray[np.bool_]

MILLION = np.int64(1_000_000)


@dataclass(frozen=True, slots=True)
class Charges:
    """What is frozen on each line. `list_minor` and the discounts are as displayed, `*_net` without tax."""

    list_minor: Minor
    discount_minor: Minor
    platform_discount_minor: Minor
    goods_net_minor: Minor
    goods_tax_minor: Minor
    shipping_net_minor: Minor
    shipping_tax_minor: Minor
    customs_duty_minor: Minor

    @property
    def seller_discount_minor(self) -> Minor:
        """The part of the discount that the platform does not fund."""
        return self.discount_minor - self.platform_discount_minor

    @property
    def total_minor(self) -> Minor:
        """What the shopper pays for the line."""
        return (
            self.goods_net_minor
            + self.goods_tax_minor
            + self.shipping_net_minor
            + self.shipping_tax_minor
            + self.customs_duty_minor
        )


def charge_lines(
    *,
    unit_minor: Minor,
    quantity: Minor,
    discount_minor: Minor,
    platform_ppm: Minor,
    tax_ppm: Minor,
    includes_tax: Flags,
    weight_g: Minor,
    parcel: Indices,
    freight_minor: Minor,
) -> Charges:
    """The money of lines that travel in parcels.

    `parcel` says in which parcel a line travels; `freight_minor` (as displayed) has one entry a parcel. Freight is
    shared by weight and taxed as the goods are. Customs duty is nothing yet: it is reckoned on what this gives.
    Rounding: half to even, once a line and amount; shares by largest remainder.
    """
    listed = checked_multiply(unit_minor, quantity)
    if np.any(discount_minor < 0) or np.any(discount_minor > listed):
        raise ValueError("a discount lies between nothing and the list price")
    displayed = listed - discount_minor
    goods_net, goods_tax = net_and_tax(displayed, tax_ppm, includes_tax)
    freight = split_groups(freight_minor, weight_g * quantity, parcel)
    shipping_net, shipping_tax = net_and_tax(freight, tax_ppm, includes_tax)
    return Charges(
        list_minor=listed,
        discount_minor=discount_minor,
        platform_discount_minor=apply_ppm(discount_minor, platform_ppm),
        goods_net_minor=goods_net,
        goods_tax_minor=goods_tax,
        shipping_net_minor=shipping_net,
        shipping_tax_minor=shipping_tax,
        customs_duty_minor=np.zeros_like(listed),
    )


def net_and_tax(displayed: Minor, tax_ppm: Minor, includes_tax: Flags) -> tuple[Minor, Minor]:
    """A displayed amount as net and tax: the tax is within it where prices include tax, else on top.

    Rounding: what is computed is rounded half to even, the other part is the exact rest.
    """
    within = divide_half_even(checked_multiply(displayed, MILLION), MILLION + tax_ppm)
    net = np.where(includes_tax, within, displayed)
    tax = np.where(includes_tax, displayed - within, apply_ppm(displayed, tax_ppm))
    return net, tax


def ppm(rates: Sequence[Decimal]) -> Minor:
    """Rates of six decimal places in parts per million, exactly. Raises: ValueError for more places."""
    scaled = [rate * 1_000_000 for rate in rates]
    if any(value != value.to_integral_value() for value in scaled):
        raise ValueError("a rate has six decimal places at most")
    return np.array([int(value) for value in scaled], dtype=np.int64)
