"""Lines for the economics, made of plain numbers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np

from entrepot.domain.settlement.economics import Book, Lines
from entrepot.domain.terms import presets
from entrepot.domain.terms.arrays import PARTY, compile_terms
from entrepot.domain.terms.bases import COMPONENTS
from entrepot.domain.terms.rules import Party, Terms
from entrepot.domain.terms.tasks import Duty, Task
from entrepot.kernel.money import exchange_fraction

ON = date(2026, 3, 2)


def preset(code: str, **changes: Any) -> Terms:
    """The terms of a shipped programme on a day, with other clauses where they are given."""
    terms = presets.load()[code].terms(version=1, on=ON, enrolled_on=ON)
    return replace(terms, **changes) if changes else terms


def with_duty(terms: Terms, task: Task, **changes: Any) -> Terms:
    """The same terms, one duty otherwise."""
    duty: Duty = replace(terms.duties[task], **changes)
    return replace(terms, duties={**terms.duties, task: duty})


@dataclass(frozen=True)
class Line:
    """A line in plain numbers. Units: minor, for the whole line."""

    terms: Terms
    quantity: int = 1
    goods_net: int = 0
    goods_tax: int = 0
    shipping_net: int = 0
    shipping_tax: int = 0
    customs_duty: int = 0
    seller_discount: int = 0
    platform_discount: int = 0
    supply: int = 0
    rate: str = "1"
    currency: str = "EUR"
    account_currency: str = "EUR"
    tax_rate: str = "0.19"
    includes_tax: bool = True
    collector: Party = Party.PLATFORM
    freight: int = 0
    category: str = "mugs"
    weights: tuple[int, int, int] = (0, 1, 1)
    orders_before: int = 0
    payment_rate: str = "0"
    payment: int = 0
    handling: int = 0
    storage: int = 0

    def amounts(self) -> list[int]:
        displayed = self.goods_net + (self.goods_tax if self.includes_tax else 0)
        named = {"list_price": displayed + self.seller_discount + self.platform_discount, "supply_price": 0}
        return [named.get(name, getattr(self, name, 0)) for name in COMPONENTS]


def book(lines: Sequence[Line]) -> Book:
    """The economics of these lines."""
    terms = list({line.terms.digest: line.terms for line in lines}.values())
    number = {each.digest: place for place, each in enumerate(terms)}
    categories = sorted({line.category for line in lines})
    currencies = sorted({line.currency for line in lines})
    pairs = {(number[line.terms.digest], currencies.index(line.currency)) for line in lines}
    rates = [
        (1, 1) if line.currency == line.account_currency
        else exchange_fraction(Decimal(line.rate), line.currency, line.account_currency)
        for line in lines
    ]  # fmt: skip

    def whole(values: Any) -> np.ndarray:
        return np.array(list(values), dtype=np.int64)

    return Book(
        Lines(
            terms=whole(number[line.terms.digest] for line in lines),
            category=whole(categories.index(line.category) for line in lines),
            currency=whole(currencies.index(line.currency) for line in lines),
            quantity=whole(line.quantity for line in lines),
            amounts=whole(line.amounts() for line in lines).reshape(-1, len(COMPONENTS)),
            supply_minor=whole(line.supply for line in lines),
            rate_top=whole(top for top, _ in rates),
            rate_bottom=whole(bottom for _, bottom in rates),
            tax_ppm=whole(int(Decimal(line.tax_rate) * 1_000_000) for line in lines),
            includes_tax=np.array([line.includes_tax for line in lines]),
            tax_collector=np.array([PARTY[line.collector] for line in lines], dtype=np.int8),
            freight_minor=whole(line.freight for line in lines),
            seller_weights=whole(line.weights for line in lines).reshape(-1, 3),
            order_weights=whole(line.weights for line in lines).reshape(-1, 3),
            orders_before=whole(line.orders_before for line in lines),
            payment_ppm=whole(int(Decimal(line.payment_rate) * 1_000_000) for line in lines),
            payment_minor=whole(line.payment for line in lines),
            handling_minor=whole(line.handling for line in lines),
            storage_minor=whole(line.storage for line in lines),
        ),
        compile_terms(terms, categories=categories, currencies=currencies, pairs=pairs),
    )


def array(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)
