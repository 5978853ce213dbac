"""The language in which a fee says what it is a share of: "customer_payment + platform_discount - tax".

A base is a sum or difference of named components of an order line. It is read once into whole coefficients over the
primitive `COMPONENTS`, so that the economics evaluate many lines by one matrix product: `amounts @ coefficients`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

#: What an order line freezes, in minor units of the market's currency (the supply price in the line's quote, exchanged
#: at the rate frozen on the line). `list_price` is the displayed price before any discount; the net amounts are after
#: all discounts and without tax; discounts are positive and told apart by who funds them.
COMPONENTS: tuple[str, ...] = (
    "list_price",
    "goods_net",
    "goods_tax",
    "shipping_net",
    "shipping_tax",
    "customs_duty",
    "seller_discount",
    "platform_discount",
    "supply_price",
)

#: Names for sums that are often meant.
SUMS: Mapping[str, tuple[str, ...]] = {
    "goods_gross": ("goods_net", "goods_tax"),
    "tax": ("goods_tax", "shipping_tax"),
    "discount": ("seller_discount", "platform_discount"),
    "customer_payment": ("goods_net", "goods_tax", "shipping_net", "shipping_tax", "customs_duty"),
}

NAMES: tuple[str, ...] = (*COMPONENTS, *SUMS)

_TERM = re.compile(r"\s*([+-]?)\s*([a-z_]+)\s*")


class UnreadableError(ValueError):
    """The text is not a base. `name` is the component that is not known, empty where the form is wrong."""

    def __init__(self, text: str, name: str = "") -> None:
        super().__init__(text)
        self.text, self.name = text, name


@dataclass(frozen=True)
class Base:
    """A declared base: its text in one spacing, and its whole coefficients in the order of `COMPONENTS`."""

    text: str
    coefficients: tuple[int, ...]

    @property
    def components(self) -> frozenset[str]:
        """The primitive components that count."""
        return frozenset(name for name, factor in zip(COMPONENTS, self.coefficients, strict=True) if factor)

    def __str__(self) -> str:
        return self.text

    def of(self, amounts: Mapping[str, int]) -> int:
        """The base of one line from its primitive components; what is not named is zero. Units: minor."""
        return sum(factor * amounts.get(name, 0) for name, factor in zip(COMPONENTS, self.coefficients, strict=True))


@lru_cache(maxsize=512)
def parse(text: str) -> Base:
    """Read a base. Raises: UnreadableError."""
    totals = dict.fromkeys(COMPONENTS, 0)
    words: list[str] = []
    position = 0
    while position < len(text) or not position:
        match = _TERM.match(text, position)
        if not match or (position and not match[1]):
            raise UnreadableError(text)
        sign, name = match[1] or "+", match[2]
        if name not in NAMES:
            raise UnreadableError(text, name)
        for component in SUMS.get(name, (name,)):
            totals[component] += -1 if sign == "-" else 1
        words += [sign, name]
        position = match.end()
    if not any(totals.values()):
        raise UnreadableError(text)
    return Base(" ".join(words).removeprefix("+ "), tuple(totals.values()))
