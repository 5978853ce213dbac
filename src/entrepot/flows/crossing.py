"""What the border takes of goods sold from abroad: line by line, with every part's rule, by the law of the day.

A parcel that crosses a border is sold to the shopper, so that its price without tax is what customs values. Tax that
was taken with the sale counts as paid; what the law asks beyond it is charged beside the duty. Goods that stand in the
shopper's customs territory were cleared in bulk and owe nothing, but those in a bonded warehouse.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np

from entrepot.domain.customs import queries
from entrepot.domain.customs.arrays import NOT_STATED, Charge, Law, Lines, Way, Whole, Words, base_of
from entrepot.domain.customs.problems import BadLines
from entrepot.domain.customs.rows import BORDER, Book, ImportTax, Missing, Part
from entrepot.domain.customs.rules import Assessment, assess
from entrepot.domain.customs.tariffs import Overlays
from entrepot.domain.logistics.models import Node
from entrepot.domain.markets.models import Market
from entrepot.domain.terms.rules import Conditions, Party, Task
from entrepot.flows.landed import exchange_of
from entrepot.kernel.kept import kept
from entrepot.kernel.money import convert, round_half_even


@dataclass(frozen=True, slots=True)
class Goods:
    """Units of a line that cross a border in a parcel. Units: minor of the market's currency, grams.

    `taxed_minor` is the tax that was taken with the sale, of goods and carriage.
    """

    parcel: int
    hs_code: str
    origin: str
    tax_class: str
    mode: str
    terms: Conditions
    quantity: int
    weight_g: int
    goods_net_minor: int
    shipping_net_minor: int
    taxed_minor: int


@dataclass(frozen=True, slots=True)
class Brought:
    """Units that were imported in bulk by a party, at a cost. Units: minor of the market's currency, grams of one."""

    hs_code: str
    origin: str
    tax_class: str
    importer: str
    mode: str
    quantity: int
    weight_g: int
    cost_minor: int


#: Pieces of a consignment in bulk, so that nothing that is for small ones counts, and no cent is lost by rounding.
BULK = 10_000


@dataclass(frozen=True, slots=True)
class Crossed:
    """What the border takes of a line, or the sentence why nobody can say. Units: minor of the market's currency."""

    duty_minor: int = 0
    document: Mapping[str, Any] | None = None
    problem: str = ""


def way_of(terms: Conditions, *, mode: str, tax_class: str) -> Way:
    """How a parcel is imported by a line's terms: sold to the shopper, duty paid where the terms name a payer.

    Where the platform collects the tax it is the deemed supplier, and the tax is taken at the sale.
    """
    at_sale = terms.performer(Task.TAX_COLLECTION) is Party.PLATFORM
    paid = bool(terms.payer(Task.DUTY_AND_TAX))
    return Way("shopper", "at_sale" if at_sale else "at_border", mode or "air", "DDP" if paid else "DAP", tax_class)


@dataclass(frozen=True)
class Border:
    """The law of a day and its rates of exchange, read when they are first asked for."""

    on: date
    rates: dict[tuple[str, str, date], Decimal] = field(default_factory=dict)

    def crosses(self, *, kind: str, country: str, market: Market) -> bool:
        """Whether goods from a node of this kind and country pass customs on their way into the market."""
        if kind == Node.Kind.BONDED:
            return True
        if country == market.country:
            return False
        book = _book((), ())
        return not book.unions_of(country, self.on) & book.unions_of(market.country, self.on)

    def assess(self, rows: Sequence[Goods], *, market: Market, taxes: Mapping[str, Decimal]) -> list[Crossed]:
        """What the border takes of each line; one of which it cannot be said spoils no other. `taxes`: by class."""
        found: list[Crossed | None] = [_lacking(row) for row in rows]
        waiting = [place for place, each in enumerate(found) if each is None]
        rates = tuple(sorted((market.country, name, rate) for name, rate in taxes.items()))
        headings = tuple(sorted({rows[place].hs_code[:4] for place in waiting}))
        book = _book(headings, rates) if waiting else None
        while waiting and book:
            asked = [rows[place] for place in waiting]
            lines = _lines(asked, market, self.on)
            try:
                law = Law(book, lines, self.exchange(Law(book, lines).exchanges()))
                read = self._read(assess(law), asked, market)
            except BadLines as problem:
                bad = {row["row"] - 1: row["problem"] for row in problem.values["rows"]}
                for number, sentence in bad.items():
                    found[waiting[number]] = Crossed(problem=sentence)
                waiting = [place for number, place in enumerate(waiting) if number not in bad]
                continue
            for place, crossed in zip(waiting, read, strict=True):
                found[place] = crossed
            break
        return [each or Crossed() for each in found]

    def on_cost(self, rows: Sequence[Brought], *, market: Market, taxes: Mapping[str, Decimal]) -> list[int]:
        """The customs duty that such units bore as a part of a large consignment; nothing where it cannot be said.

        Rounding: half to even, once for the units of a row.
        """
        found = [0] * len(rows)
        waiting = list(range(len(rows)))
        while waiting:
            headings = tuple(sorted({rows[place].hs_code[:4] for place in waiting}))
            rates = tuple(sorted((market.country, name, rate) for name, rate in taxes.items()))
            book = _book(headings, rates)
            lines = _bulk([rows[place] for place in waiting], market, self.on)
            try:
                law = Law(book, lines, self.exchange(Law(book, lines).exchanges()))
                assessed = assess(law)
            except BadLines as problem:
                bad = {row["row"] - 1 for row in problem.values["rows"]}
                waiting = [place for number, place in enumerate(waiting) if number not in bad]
                continue
            due = assessed.parts[Part.CUSTOMS_DUTY] + assessed.parts[Part.ADDITIONAL_DUTY]
            for number, (place, currency) in enumerate(zip(waiting, assessed.currencies, strict=True)):
                whole = self._own(int(due[number]), currency, market)
                found[place] = round_half_even(Decimal(whole * rows[place].quantity) / BULK)
            break
        return found

    def exchange(self, wanted: Iterable[tuple[str, str, date]]) -> Mapping[tuple[str, str, date], Decimal]:
        """The rates that there are, each asked once."""
        asked = set(wanted)
        if missing := asked - self.rates.keys():
            self.rates.update(exchange_of(missing))
        return self.rates

    def _own(self, amount: int, currency: str, market: Market) -> int:
        """An amount of the regime's currency in the market's. Rounding: half to even."""
        if currency == market.currency:
            return amount
        key = (currency, market.currency, self.on)
        return convert(amount, self.exchange({key})[key], currency, market.currency)

    def _read(self, assessed: Assessment, rows: Sequence[Goods], market: Market) -> list[Crossed]:
        """The assessment in the market's currency, each line with its parts."""
        law = assessed.law
        amounts = {part: assessed.parts[part].tolist() for part in BORDER}
        overlays = _overlays(law, np.flatnonzero(assessed.parts[Part.ADDITIONAL_DUTY]))
        found = []
        for place, (row, currency) in enumerate(zip(rows, assessed.currencies, strict=True)):
            own = {part: self._own(amounts[part][place], currency, market) for part in BORDER if amounts[part][place]}
            tax = own.pop(Part.IMPORT_TAX, 0)
            duty = sum(own.values())
            beyond = max(tax - row.taxed_minor, 0)
            if beyond:
                own[Part.IMPORT_TAX] = beyond
            parts = [
                {
                    "part": part.value, "amount_minor": amount, **_rule(law, place, part, overlays),
                    **self._base(assessed, place, part, market),
                }
                for part, amount in own.items()
            ]  # fmt: skip
            way = law.lines.words.ways[int(law.lines.way[place])]
            found.append(
                Crossed(
                    duty + beyond,
                    {
                        "on": self.on.isoformat(), "hs": row.hs_code, "origin": row.origin,
                        "destination": market.country,
                        "incoterm": way.incoterm, "collected": way.collected, "mode": way.mode,
                        "importer_of_record": row.terms.performer(Task.CUSTOMS) or "",
                        "seller_of_record": row.terms.performer(Task.SELLER_OF_RECORD) or "",
                        "tax_minor": tax, "taxed_with_sale_minor": row.taxed_minor, "parts": parts,
                    },
                )
            )  # fmt: skip
        return found

    def _base(self, assessed: Assessment, place: int, part: Part, market: Market) -> dict[str, Any]:
        """What a part is a share of, in the market's currency, and who collects it; no base where there are several."""
        law = assessed.law
        charges = _charges(law, place, part)
        regime = law.eras[int(law.era[place])].regime
        found: dict[str, Any] = {"collector": ", ".join(dict.fromkeys(each.levy.collector for each in charges))}
        bases = {base_of(each, regime) for each in charges if each.top or each.filter is not None}
        if len(bases) == 1:
            [base] = bases
            amounts = (int(assessed.parts[each][place]) for each in base)
            found["base"] = " + ".join(each.value for each in base)
            found["base_minor"] = sum(self._own(each, regime.currency, market) for each in amounts)
        return found


def _lacking(row: Goods) -> Crossed | None:
    if not row.hs_code:
        return Crossed(problem="It has no HS code.")
    if not row.origin:
        return Crossed(problem="Its country of origin is not stated.")
    return None


@kept("border law", states=64)
def _book(headings: tuple[str, ...], taxes: tuple[tuple[str, str, Decimal], ...]) -> Book:
    """The law for these headings; the tax is the market's own, so that a sale has one rate wherever its goods stand."""
    book = queries.load_book(codes=headings)
    own = tuple(ImportTax(place, name, rate, date.min, None, "the market's tax rate") for place, name, rate in taxes)
    return replace(book, taxes=own) if own else book


def _lines(rows: Sequence[Goods], market: Market, on: date) -> Lines:
    ways = [way_of(row.terms, mode=row.mode, tax_class=row.tax_class) for row in rows]
    hs, hs_words = _numbered(row.hs_code for row in rows)
    origin, origin_words = _numbered(row.origin for row in rows)
    way, way_words = _numbered(ways)
    consignment, _ = _numbered(row.parcel for row in rows)
    nothing = np.zeros(len(rows), dtype=np.int64)

    def column(name: str) -> Any:
        return np.array([getattr(row, name) for row in rows], dtype=np.int64)

    value = column("goods_net_minor")
    return Lines(
        Words(hs_words, origin_words, (market.country,), way_words, (market.currency,)),
        consignment=consignment, hs=hs, origin=origin, place=nothing, way=way, currency=nothing,
        day=np.full(len(rows), on.toordinal(), dtype=np.int64), quantity=column("quantity"),
        weight_g=column("weight_g"), cost_minor=np.full(len(rows), NOT_STATED, dtype=np.int64), retail_minor=value,
        freight_minor=column("shipping_net_minor"), insurance_minor=nothing, brokerage_minor=nothing,
        other_minor=nothing,
    )  # fmt: skip


def _bulk(rows: Sequence[Brought], market: Market, on: date) -> Lines:
    """The rows as consignments of many pieces, imported at their cost."""
    ways = [Way(row.importer, "at_border", row.mode, "DDP", row.tax_class) for row in rows]
    hs, hs_words = _numbered(row.hs_code for row in rows)
    origin, origin_words = _numbered(row.origin for row in rows)
    way, way_words = _numbered(ways)
    nothing = np.zeros(len(rows), dtype=np.int64)
    many = np.full(len(rows), BULK, dtype=np.int64)
    cost = np.array([row.cost_minor for row in rows], dtype=np.int64) * BULK
    return Lines(
        Words(hs_words, origin_words, (market.country,), way_words, (market.currency,)),
        consignment=np.arange(len(rows), dtype=np.int64), hs=hs, origin=origin, place=nothing, way=way,
        currency=nothing, day=np.full(len(rows), on.toordinal(), dtype=np.int64), quantity=many,
        weight_g=np.array([row.weight_g for row in rows], dtype=np.int64) * BULK, cost_minor=cost,
        retail_minor=np.full(len(rows), NOT_STATED, dtype=np.int64), freight_minor=nothing, insurance_minor=nothing,
        brokerage_minor=nothing, other_minor=nothing,
    )  # fmt: skip


def _numbered(values: Iterable[Any]) -> tuple[Any, list[Any]]:
    numbers: dict[Any, int] = {}
    found = [numbers.setdefault(value, len(numbers)) for value in values]
    return np.array(found, dtype=np.int64), list(numbers)


def _rule(law: Law, place: int, part: Part, overlays: Mapping[int, Sequence[str]]) -> dict[str, str]:
    """What a part goes by: the rate and the source of the rows that the law has for it."""
    if part is Part.ADDITIONAL_DUTY:
        return {"rate": "", "source": "; ".join(overlays.get(place, ()))}
    charges = _charges(law, place, part)
    rates = [_rate_text(law, place, each) for each in charges]
    return {"rate": ", ".join(filter(None, rates)), "source": "; ".join(each.levy.source for each in charges)}


def _charges(law: Law, place: int, part: Part) -> list[Charge]:
    """The levies of a line that make a part; what stacks on the tariff is taken where the tariff is."""
    table = law.tables[int(law.group[place])].values()
    if part is Part.ADDITIONAL_DUTY:
        return [each for each in table if each.filter is not None]
    return [each for each in table if each.levy.part == part]


def _rate_text(law: Law, place: int, charge: Charge) -> str:
    if charge.is_tariff:
        case, words = law.cases[int(law.case[place])], law.lines.words
        code, origin = words.hs[int(law.lines.hs[place])], words.origins[int(law.lines.origin[place])]
        try:
            return law.book.line(case.era.regime, code, origin, case.era.on).text
        except Missing:
            return ""
    return f"{Decimal(charge.top) / 10_000:f} %" if charge.top else ""


def _overlays(law: Law, places: Whole) -> Mapping[int, list[str]]:
    """The duties that stack on the tariff for the lines at these places: heading, rate and source of each."""
    found: dict[int, list[str]] = defaultdict(list)
    if not len(places):
        return found
    prefixes = {charge.filter for table in law.tables for charge in table.values()}
    for prefix in sorted(each for each in prefixes if each is not None):
        overlays = Overlays(law, places, prefix)
        for winners in overlays.winners.values():
            for place, winner in zip(places.tolist(), winners[overlays.number].tolist(), strict=True):
                if winner >= 0:
                    row = overlays.rows[winner]
                    found[place].append(f"{row.heading} {(row.rate * 100).normalize():f} %: {row.source}")
    return found
