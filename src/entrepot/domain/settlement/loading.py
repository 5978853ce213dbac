"""Order lines as the economics want them: one query for the frozen rows, one for their terms."""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

import numpy as np

from entrepot.domain.accounts.queries import get_operator
from entrepot.domain.ledger.rules import AccountKey
from entrepot.domain.settlement.economics import Book, Lines
from entrepot.domain.settlement.moves import Parcels
from entrepot.domain.settlement.rules import SELLER_OWNED, SELLER_SIDE
from entrepot.domain.terms.arrays import PARTY, PPM, TermsArrays, Whole, compile_terms
from entrepot.domain.terms.bases import COMPONENTS
from entrepot.domain.terms.queries import get_terms
from entrepot.domain.terms.rules import Party, Terms
from entrepot.kernel.db import fetch_rows
from entrepot.kernel.errors import NotFound, Refused
from entrepot.kernel.money import MINOR_MAX, exchange_fraction


@dataclass(frozen=True, slots=True)
class Facts:
    """What the ledger asks of a line beside its amounts."""

    line_id: UUID | None
    operator_id: UUID
    seller_id: UUID
    market_currency: str
    currency: str
    rate: Decimal
    rate_on: date | None
    terms_id: str
    terms: Terms
    market_code: str
    provider: str = ""
    carrier: str = ""
    warehouse: str = ""

    def account(self, kind: str, part: str) -> AccountKey:
        """The account of a kind that the line's money goes to."""
        owner = self.seller_id if kind in SELLER_OWNED else self.operator_id
        currency = self.currency if kind in SELLER_SIDE else self.market_currency
        return AccountKey(kind, owner, currency, self._label(kind, part))

    def _label(self, kind: str, part: str) -> str:
        match kind:
            case "provider":
                return self.provider
            case "tax_payable" | "customs_payable":
                return self.market_code
            case "carrier_billed":
                return self.carrier
            case "carrier_payable":
                return self.warehouse if "handling" in part or "storage" in part else self.carrier
        return ""


@dataclass(frozen=True, eq=False)
class Loaded:
    """Lines with their economics; `at` says at which place a line stands."""

    book: Book
    facts: tuple[Facts, ...]
    at: dict[UUID, int]

    def places(self, line_ids: Iterable[UUID]) -> Whole:
        """Where these lines stand, one for each, a line as often as it is named."""
        return np.array([self.at[line_id] for line_id in line_ids], dtype=np.int64)

    def pick(self, line_ids: Sequence[UUID]) -> "Loaded":
        """The same economics, a row for each of these."""
        places = self.places(line_ids)
        return Loaded(
            Book(self.book.lines.pick(places), self.book.terms),
            tuple(self.facts[place] for place in places),
            {line_id: row for row, line_id in enumerate(line_ids)},
        )


def load_lines(line_ids: Collection[UUID], *, lock: bool = False) -> Loaded:
    """The lines by id, each once; `lock` keeps others from moving them. Raises: NotFound."""
    wanted = sorted(set(line_ids))
    if lock:
        fetch_rows("SELECT id FROM orders_orderline WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [wanted])
    rows = fetch_rows(_LINES, {"ids": wanted})
    if len(rows) < len(wanted):
        raise NotFound(kind="order line")
    digests = tuple(sorted({row.terms_id for row in rows}))
    categories = tuple(sorted({row.category_path for row in rows}))
    currencies = tuple(sorted({row.market_currency for row in rows}))
    number = {digest: place for place, digest in enumerate(digests)}
    pairs = frozenset((number[row.terms_id], currencies.index(row.market_currency)) for row in rows)
    terms = compiled(digests, categories, currencies, pairs)
    before = _orders_before([(row, int(terms.cash_first_orders[number[row.terms_id]])) for row in rows])
    operator = get_operator().id
    facts = tuple(_facts(row, operator, terms.terms[number[row.terms_id]]) for row in rows)
    lines = Lines(
        terms=_whole(number[row.terms_id] for row in rows),
        category=_whole(categories.index(row.category_path) for row in rows),
        currency=_whole(currencies.index(row.market_currency) for row in rows),
        quantity=_whole(row.quantity for row in rows),
        amounts=np.array([[getattr(row, name) for name in COMPONENTS] for row in rows], dtype=np.int64).reshape(
            -1, len(COMPONENTS)
        ),
        supply_minor=_whole(row.supply_minor for row in rows),
        **_rates(facts),
        tax_ppm=_whole(row.tax_rate * PPM for row in rows),
        includes_tax=np.array([row.tax_display == "inclusive" for row in rows], dtype=np.bool_),
        tax_collector=np.array([PARTY[Party(row.tax_collector)] for row in rows], dtype=np.int8),
        freight_minor=_whole(row.freight_minor for row in rows),
        seller_weights=_triples((row.seller_before, row.weight, row.seller_weight) for row in rows),
        order_weights=_triples((row.order_before, row.weight, row.order_weight) for row in rows),
        orders_before=_whole(before.get(row.id, 0) for row in rows),
        payment_ppm=_whole(row.payment_rate * PPM for row in rows),
        payment_minor=_whole(row.payment_minor for row in rows),
        handling_minor=_whole(row.handling_minor for row in rows),
        storage_minor=_whole(row.storage_minor for row in rows),
    )
    return Loaded(Book(lines, terms), facts, {row.id: place for place, row in enumerate(rows)})


@dataclass(frozen=True, eq=False)
class LoadedParcels:
    """Whole parcels, a row for each part: `rows` carry id, parcel_id, line_id, quantity, left_at, has_accrued."""

    loaded: Loaded
    parcels: Parcels
    rows: tuple[Any, ...]


def load_parcels(parcel_ids: Collection[UUID], *, lock: bool = False) -> LoadedParcels:
    """Parcels that left for shoppers, with all their parts. Raises: Refused for carriage in a foreign currency."""
    rows = fetch_rows(_PARCELS, [sorted(set(parcel_ids))])
    line_ids = [row.line_id for row in rows]
    lines = load_lines(line_ids, lock=lock)
    places = lines.places(line_ids)
    facts = tuple(replace(lines.facts[place], carrier=row.carrier) for place, row in zip(places, rows, strict=True))
    for row, each in zip(rows, facts, strict=True):
        if row.cost_minor and row.cost_currency != each.market_currency:
            raise Refused(
                "settlement.foreign_carriage",
                "Parcel {number} cost {currency}, and its order is in {market}.",
                number=row.number,
                currency=row.cost_currency,
                market=each.market_currency,
            )
    numbers = {parcel_id: number for number, parcel_id in enumerate(dict.fromkeys(row.parcel_id for row in rows))}
    costs = {row.parcel_id: row.cost_minor for row in rows}
    return LoadedParcels(
        Loaded(Book(lines.book.lines.pick(places), lines.book.terms), facts, {}),
        Parcels(
            parcel=_whole(numbers[row.parcel_id] for row in rows),
            first=_whole(row.first_unit for row in rows),
            units=_whole(row.quantity for row in rows),
            cost_minor=_whole(costs[parcel_id] for parcel_id in numbers),
        ),
        tuple(rows),
    )


@lru_cache(maxsize=256)
def compiled(
    digests: tuple[str, ...],
    categories: tuple[str, ...],
    currencies: tuple[str, ...],
    pairs: frozenset[tuple[int, int]],
) -> TermsArrays:
    """Terms as arrays; snapshots never change, so what was compiled once holds."""
    found = get_terms(digests)
    return compile_terms(
        [found[digest] for digest in digests], categories=categories, currencies=currencies, pairs=pairs
    )


def _facts(row: Any, operator_id: UUID, terms: Terms) -> Facts:
    return Facts(
        line_id=row.id, operator_id=operator_id, seller_id=row.seller_id, market_currency=row.market_currency,
        currency=row.supply_currency or row.market_currency, rate=row.fx_rate, rate_on=row.fx_on,
        terms_id=row.terms_id, terms=terms, market_code=row.market_code, provider=row.provider, carrier=row.carrier,
        warehouse=row.warehouse,
    )  # fmt: skip


def _rates(facts: Sequence[Facts]) -> dict[str, Whole]:
    """The rates as fractions of minor units."""
    pairs = [_fraction(each.rate, each.market_currency, each.currency) for each in facts]
    return {"rate_top": _whole(top for top, _ in pairs), "rate_bottom": _whole(bottom for _, bottom in pairs)}


@lru_cache(maxsize=4096)
def _fraction(rate: Decimal, source: str, target: str) -> tuple[int, int]:
    return (1, 1) if source == target else exchange_fraction(rate, source, target)


def _orders_before(rows: Iterable[tuple[Any, int]]) -> dict[UUID, int]:
    """How many orders the enrolment had before the order of each line, counted as far as the terms ask."""
    asked = [(row, most) for row, most in rows if 0 < most < MINOR_MAX]
    if not asked:
        return {}
    first: dict[UUID, list[UUID]] = {}
    limit = max(most for _, most in asked)
    for enrolment_id in {row.enrolment_id for row, _ in asked}:
        found = fetch_rows(
            "SELECT DISTINCT order_id FROM orders_orderline WHERE enrolment_id = %s ORDER BY order_id LIMIT %s",
            [enrolment_id, limit],
        )
        first[enrolment_id] = [row.order_id for row in found]
    return {row.id: bisect_left(first[row.enrolment_id], row.order_id) for row, _ in asked}


def _whole(values: Iterable[Any]) -> Whole:
    return np.array([int(value) for value in values], dtype=np.int64)


def _triples(values: Iterable[tuple[Any, Any, Any]]) -> Whole:
    return np.array([[int(each) for each in value] for value in values], dtype=np.int64).reshape(-1, 3)


#: A line weighs by its list price where an amount an order is divided; what is free weighs least.
#: Cost rates are those of the day on which the order was placed: a named provider or node before any.
_LINES = """
WITH wanted AS (
    SELECT DISTINCT order_id FROM orders_orderline WHERE id = ANY(%(ids)s)
),
weighed AS (
    SELECT line.id, greatest(line.list_minor, 1) AS weight,
        sum(greatest(line.list_minor, 1)) OVER (PARTITION BY line.order_id, line.seller_id, line.terms_id
            ORDER BY line.position) - greatest(line.list_minor, 1) AS seller_before,
        sum(greatest(line.list_minor, 1)) OVER (PARTITION BY line.order_id, line.seller_id, line.terms_id)
            AS seller_weight,
        sum(greatest(line.list_minor, 1)) OVER (PARTITION BY line.order_id ORDER BY line.position)
            - greatest(line.list_minor, 1) AS order_before,
        sum(greatest(line.list_minor, 1)) OVER (PARTITION BY line.order_id) AS order_weight
    FROM orders_orderline line JOIN wanted USING (order_id)
)
SELECT line.id, line.order_id, line.enrolment_id, line.seller_id, line.terms_id, line.category_path, line.quantity,
    line.list_minor AS list_price, line.goods_net_minor AS goods_net, line.goods_tax_minor AS goods_tax,
    line.shipping_net_minor AS shipping_net, line.shipping_tax_minor AS shipping_tax,
    line.customs_duty_minor AS customs_duty, funded.seller AS seller_discount, funded.platform AS platform_discount,
    0 AS supply_price, coalesce(line.supply_minor, 0) AS supply_minor, line.supply_currency, line.fx_rate, line.fx_on,
    line.tax_rate, line.tax_collector, line.freight_cost_minor AS freight_minor, ordered.currency AS market_currency,
    market.code AS market_code, market.tax_display, suborder.carrier, warehouse.code AS warehouse,
    coalesce(payment.provider, '') AS provider, weighed.weight,
    weighed.seller_before, weighed.seller_weight, weighed.order_before, weighed.order_weight,
    coalesce(paying.rate, 0) AS payment_rate, coalesce(paying.amount_minor, 0) AS payment_minor,
    coalesce(handling.amount_minor, 0) AS handling_minor, coalesce(storing.amount_minor, 0) AS storage_minor
FROM orders_orderline line
JOIN weighed ON weighed.id = line.id
JOIN orders_order ordered ON ordered.id = line.order_id
JOIN markets_market market ON market.id = ordered.market_id
JOIN orders_suborder suborder ON suborder.id = line.suborder_id
JOIN logistics_node node ON node.id = suborder.node_id
JOIN accounts_organisation warehouse ON warehouse.id = node.operator_id
LEFT JOIN payments_payment payment ON payment.reference_id = ordered.id
CROSS JOIN LATERAL (
    SELECT coalesce(sum(amount_minor) FILTER (WHERE funder = 'seller'), 0) AS seller,
        coalesce(sum(amount_minor) FILTER (WHERE funder <> 'seller'), 0) AS platform
    FROM orders_adjustment WHERE line_id = line.id
) funded
LEFT JOIN LATERAL (
    SELECT rate, amount_minor FROM settlement_costrate cost
    WHERE kind = 'payment' AND code IN (payment.provider, '') AND cost.currency = ordered.currency
      AND valid_from <= ordered.placed_at::date AND (valid_until IS NULL OR valid_until > ordered.placed_at::date)
    ORDER BY code DESC, valid_from DESC LIMIT 1
) paying ON true
LEFT JOIN LATERAL (
    SELECT amount_minor FROM settlement_costrate cost
    WHERE kind = 'handling' AND code IN (node.code, '') AND cost.currency = ordered.currency
      AND valid_from <= ordered.placed_at::date AND (valid_until IS NULL OR valid_until > ordered.placed_at::date)
    ORDER BY code DESC, valid_from DESC LIMIT 1
) handling ON true
LEFT JOIN LATERAL (
    SELECT amount_minor FROM settlement_costrate cost
    WHERE kind = 'storage' AND code IN (node.code, '') AND cost.currency = ordered.currency
      AND valid_from <= ordered.placed_at::date AND (valid_until IS NULL OR valid_until > ordered.placed_at::date)
    ORDER BY code DESC, valid_from DESC LIMIT 1
) storing ON true
WHERE line.id = ANY(%(ids)s)
ORDER BY line.id
"""

_PARCELS = """
SELECT part.id, part.parcel_id, part.line_id, part.first_unit, part.quantity, parcel.number, parcel.cost_minor,
    parcel.cost_currency, parcel.carrier, parcel.handed_over_at AS left_at,
    EXISTS (SELECT FROM ledger_journal journal WHERE journal.source_type = 'parcel_line'
        AND journal.source_id = part.id AND journal.kind IN ('accrual', 'period')) AS has_accrued
FROM logistics_parcelline part JOIN logistics_parcel parcel ON parcel.id = part.parcel_id
WHERE parcel.id = ANY(%s) AND parcel.direction = 'outbound' AND part.first_unit IS NOT NULL
ORDER BY part.parcel_id, part.id
"""
