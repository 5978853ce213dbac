"""Every programme and way for a seller's goods, side by side: what a unit leaves, by the functions that settle.

A unit's earnings come from `reckoning`, whose figures are the ledger's; goods that must stand in the market first cost
their way there beside it: a share of a container or of its room by rate card, customs duty on what they cost, storage.
What the terms make others pay of that is not the seller's. Nothing is guessed: where a rate, a tariff or a lane is
missing, the option says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from entrepot.domain.customs.problems import BadLines
from entrepot.domain.customs.rows import BORDER, Part
from entrepot.domain.logistics import freight, lanes, publishing
from entrepot.domain.logistics.cards import Mode, RateCard
from entrepot.domain.logistics.freight import Consignment
from entrepot.domain.logistics.lanes import Lane
from entrepot.domain.markets import queries as markets
from entrepot.domain.markets.models import Market
from entrepot.domain.terms import queries as terms
from entrepot.domain.terms.models import ProgrammeVersion
from entrepot.domain.terms.rules import Party, Programme, ShipFrom, Task
from entrepot.domain.terms.words import Chapter, tell
from entrepot.flows import enrolling, landed, reckoning
from entrepot.flows.reckoning import Basis, Example, Share, Unit
from entrepot.kernel.actors import Actor
from entrepot.kernel.errors import EntrepotError, Invalid, Unavailable
from entrepot.kernel.money import EXPONENTS, convert, decimal_of, parse_minor, prorate, round_half_even


class Missing(Unavailable):
    """A figure without which an option cannot be reckoned."""

    code = "compare.missing"
    message = "{said}"

    def __init__(self, what: str, said: str) -> None:
        super().__init__(what=what, said=said)


class Way(StrEnum):
    """How goods reach the shopper: each in a parcel from abroad, or from stock that was brought into the market."""

    PARCEL = "parcel"
    STOCK = "stock"


@dataclass(frozen=True, slots=True)
class Plan:
    """One SKU as a seller thinks of it. Units: minor of the seller's `currency`, `retail_minor` of the market's; grams.

    `units` are bought and brought together, sell within `stock_days`, and are paid for after `supplier_days`.
    """

    sku: str
    market_code: str
    home_country: str
    currency: str
    retail_minor: int
    supply_minor: int
    cost_minor: int
    weight_g: int
    sides_mm: tuple[int, int, int]
    hs_code: str = ""
    category_path: str = ""
    units: int = 1
    stock_days: int = 0
    supplier_days: int = 0
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Option:
    """A programme by a way. Units: minor of the seller's currency for one unit, `landed_minor` of the market's.

    `parts` sum to `net_minor`. `promise_days` are from the order to the door. `break_even` is the share of the units
    that must sell for the stock to be paid for; nothing where the platform buys it. `cash_days` lie between paying the
    supplier and being paid. `lacks` is what keeps the seller out; `problem` why nothing can be said.
    """

    programme: str
    version: int
    label: str
    way: Way
    lane: str = ""
    parts: tuple[Share, ...] = ()
    landed_minor: int = 0
    kept_minor: int = 0
    promise_days: tuple[int, int] | None = None
    break_even: Decimal | None = None
    cash_days: int = 0
    lacks: tuple[str, ...] = ()
    problem: str = ""
    example: Example | None = None

    @property
    def net_minor(self) -> int:
        """What stays with the seller."""
        return sum(each.amount_minor for each in self.parts)

    @property
    def kept_share(self) -> Decimal | None:
        """What the marketplace pays the seller of what the shopper pays, at the day's rate."""
        if self.example is None or not self.example.paid_minor:
            return None
        paid = convert(self.example.paid_minor, self.example.rate.rate, self.example.market_currency,
                       self.example.currency)  # fmt: skip
        return share_kept(paid, self.kept_minor)


@dataclass(frozen=True)
class Compared:
    """The options of one plan, those that earn most first, those of which nothing can be said last."""

    plan: Plan
    market_currency: str
    options: tuple[Option, ...]
    who: Mapping[str, Sequence[Chapter]] = field(default_factory=dict)


def share_kept(paid_minor: int, kept_minor: int) -> Decimal:
    """What is kept of what is paid. Source: the comparison of two channels by Bloomberg, 2024."""
    return Decimal(kept_minor) / Decimal(paid_minor)


def cash_to_cash(*, stock_days: int, receivable_days: int, payable_days: int) -> int:
    """Days between paying for goods and being paid for them: inventory + receivables - payables."""
    return stock_days + receivable_days - payable_days


def compare(
    *, plans: Sequence[Plan], now: datetime, actor: Actor | None = None, seller_id: UUID | None = None
) -> list[Compared]:
    """Every programme in force by every way it allows, for each plan. With a seller, what it lacks for each.

    Raises: NotFound for a market, Unavailable without an exchange rate.
    """
    cards, ways = publishing.list_cards(on=now.date()), [each.lane for each in publishing.list_lanes(on=now.date())]
    open_in = {code: _open_in(code, now, actor, seller_id) for code in {plan.market_code for plan in plans}}
    bases: dict[tuple[str, str, str, int], Basis] = {}
    found = []
    for plan in plans:
        into = open_in[plan.market_code]
        key = (plan.market_code, plan.currency, plan.home_country, plan.weight_g)
        if key not in bases:
            bases[key] = reckoning.gather(
                market=into.market, currency=plan.currency, home_country=plan.home_country, weight_g=plan.weight_g,
                now=now,
            )  # fmt: skip
        found.append(_compare(plan, into, Inbound(plan, bases[key], cards, ways), ways))
    return found


@dataclass(frozen=True, slots=True)
class OpenIn:
    """The programmes in force for a market, what they say in plain words, and what the seller lacks for each."""

    market: Market
    versions: Sequence[tuple[ProgrammeVersion, Programme]]
    who: Mapping[str, Sequence[Chapter]]
    lacks: Mapping[UUID, tuple[str, ...]]


def _open_in(market_code: str, now: datetime, actor: Actor | None, seller_id: UUID | None) -> OpenIn:
    market = markets.get_market(market_code)
    versions = terms.find_in_force(market_code=market_code, on=now.date())
    wordings = [(version, terms.wording_of(version)) for version in versions]
    who = {
        wording.code: [
            chapter for chapter in tell(wording, currency=market.currency) if chapter.code in ("does", "pays", "risks")
        ]
        for _version, wording in wordings
    }
    lacks = {}
    if actor is not None and seller_id is not None:
        previews = enrolling.list_programmes(actor=actor, seller_id=seller_id, market_code=market_code, now=now)
        lacks = {each.version.id: tuple(str(unmet) for unmet in each.unmet) for each in previews}
    return OpenIn(market, wordings, who, lacks)


def _compare(plan: Plan, into: OpenIn, inbound: "Inbound", ways: Sequence[Lane]) -> Compared:
    options = [
        _option(plan, inbound, wording, version, way, into.lacks.get(version.id, ()), ways)
        for version, wording in into.versions
        for way in _allowed(wording)
    ]
    options.sort(key=lambda each: (bool(each.problem), -each.net_minor, each.programme, each.way))
    return Compared(plan, into.market.currency, tuple(options), into.who)


def _allowed(wording: Programme) -> list[Way]:
    """The ways that the programme lets goods take to the shopper."""
    return {
        ShipFrom.MARKET: [Way.STOCK], ShipFrom.ABROAD: [Way.PARCEL], ShipFrom.ANY: [Way.PARCEL, Way.STOCK]
    }[wording.fulfilment.ship_from]  # fmt: skip


def _option(
    plan: Plan,
    inbound: "Inbound",
    wording: Programme,
    version: ProgrammeVersion,
    way: Way,
    lacks: tuple[str, ...],
    ways: Sequence[Lane],
) -> Option:
    basis = inbound.basis
    head = Option(wording.code, version.version, wording.label["en"], way, lacks=lacks)
    is_stock = way is Way.STOCK and basis.market.country != plan.home_country
    origin = basis.market.country if way is Way.STOCK else plan.home_country
    try:
        found = reckoning.reckon(
            basis=basis, programme=wording, version=version.version, origin=origin,
            unit=Unit(plan.retail_minor, plan.supply_minor, plan.cost_minor, plan.weight_g, plan.category_path),
        )  # fmt: skip
        if found.earns_supply and not plan.supply_minor:
            raise Missing("supply price", "It pays a supply price, and none is given.")
        brought = inbound.parts(wording) if is_stock else ()
    except EntrepotError as problem:
        return replace(head, problem=str(problem))
    is_bought = any(each.code == "receipt" for each in found.shares)
    beside = {"owed": found.owed_minor, "own_carriage": found.carriage_minor, "goods": found.cost_minor}
    given = [Share(code, -amount) for code, amount in beside.items() if amount]
    parts = (*found.shares, *given, *brought)
    tied_up = found.cost_minor - sum(each.amount_minor for each in brought)
    earned = found.kept_minor - found.owed_minor - found.carriage_minor
    last_mile = _door(ways, origin, basis.market.country)
    return replace(
        head,
        lane=inbound.lane.code if is_stock and inbound.lane else last_mile.code if last_mile else "",
        parts=parts,
        landed_minor=found.paid_minor,
        kept_minor=found.kept_minor,
        promise_days=_promise(wording, basis, last_mile, origin),
        break_even=None if is_bought or earned <= 0 else Decimal(tied_up) / Decimal(earned),
        cash_days=cash_to_cash(
            stock_days=0 if is_bought else plan.stock_days + (inbound.days if is_stock else 0),
            receivable_days=(found.pays_on - basis.on).days,
            payable_days=plan.supplier_days,
        ),
        example=found,
    )


def _door(ways: Sequence[Lane], origin: str, destination: str) -> Lane | None:
    """The fastest lane that ends at the shopper's door."""
    fitting = [each for each in ways if (each.origin, each.destination) == (origin, destination) and each.ends_at_door]
    return min(fitting, key=lambda each: (float(each.days @ range(len(each.days))), each.code), default=None)


def _promise(wording: Programme, basis: Basis, lane: Lane | None, origin: str) -> tuple[int, int] | None:
    """Days from the order to the door: handling, then the lane's window, else the days of the flat freight."""
    handling = wording.service.handling_business_days
    if lane is not None:
        found = lanes.forecast(lane, basis.on)
        return handling + (found.first - basis.on).days, handling + (found.last - basis.on).days
    quote = basis.freight.get(origin)
    return (handling + quote.transit_days_min, handling + quote.transit_days_max) if quote else None


class Inbound:
    """What it costs to bring the plan's units into the market before they are sold, whoever pays for it."""

    def __init__(self, plan: Plan, basis: Basis, cards: Sequence[RateCard], ways: Sequence[Lane]) -> None:
        self.plan, self.basis = plan, basis
        route = (plan.home_country, basis.market.country)
        fitting = [each for each in ways if (each.origin, each.destination) == route and not each.ends_at_door]
        self.lane = min(fitting, key=lambda each: each.code, default=None)
        self.cards = {each.card.code: each for each in cards}
        self.found: dict[str, int] | None = None

    @property
    def days(self) -> int:
        """How long the goods are on their way, at the confidence of a promise."""
        if self.lane is None:
            return 0
        found = lanes.forecast(self.lane, self.basis.on)
        return (found.last - found.start).days

    def parts(self, wording: Programme) -> tuple[Share, ...]:
        """The seller's share of it for one unit, by who pays by the terms. Raises: Missing."""
        found = self.costs()
        tasks = {"line_haul": Task.LINE_HAUL, "customs_duty": Task.DUTY_AND_TAX, "storage": Task.STORAGE}
        shares = []
        for code, minor in found.items():
            mine = wording.payer(tasks[code]).get(Party.SELLER, Decimal(0))
            if amount := round_half_even(minor * mine):
                shares.append(Share(f"inbound.{code}", -amount))
        return tuple(shares)

    def costs(self) -> dict[str, int]:
        """One unit's line haul, customs duty and storage. Units: minor of the seller's currency."""
        if self.found is None:
            haul = self._line_haul()
            self.found = {"line_haul": self._unit(haul), "customs_duty": self._unit(self._duty(haul)),
                          "storage": self._storage()}  # fmt: skip
        return self.found

    def _line_haul(self) -> int:
        plan = self.plan
        if self.lane is None:
            raise Missing("lane", f"No lane brings stock from {plan.home_country} to {self.basis.market.country}.")
        paid = [leg.card for leg in self.lane.legs if leg.card]
        if not paid:
            raise Missing("rate card", f"No rate card is named by the lane {self.lane.code}.")
        return sum(self._bill(self.cards[code], days=0) for code in paid)

    def _bill(self, card: RateCard, *, days: int) -> int:
        """All units by a card, in the seller's currency. Raises: Missing where it does not carry them."""
        plan = self.plan
        height, width, length = plan.sides_mm
        asked = Consignment(
            origin=card.origin, destination=self.basis.market.country, weight_g=plan.weight_g * plan.units,
            volume_cm3=-(-height * width * length * plan.units // 1000), units=plan.units, days=days,
            flags=plan.flags, day=self.basis.on, cards=(card.card.code,),
        )  # fmt: skip
        [[quote]] = freight.quote([asked], [card])
        if quote.refusal:
            raise Missing("rate card", f"{card.title}: {freight.REFUSED[quote.refusal]}.")
        return self._own(quote.total_minor, card.card.currency)

    def _duty(self, haul_minor: int) -> int:
        """Customs duty and what else the border keeps, on what the goods cost the seller. Import VAT comes back."""
        plan = self.plan
        if not plan.hs_code:
            raise Missing("HS code", "The customs duty of goods without an HS code is not known.")
        row = {
            "hs": plan.hs_code, "origin": plan.home_country, "destination": self.basis.market.country,
            "date": self.basis.on.isoformat(), "quantity": plan.units, "weight_g": plan.weight_g * plan.units,
            "currency": plan.currency, "cost": str(decimal_of(plan.cost_minor * plan.units, plan.currency)),
            "freight": str(decimal_of(haul_minor, plan.currency)), "importer": "seller", "mode": "sea",
            "incoterm": "DDP",
        }  # fmt: skip
        try:
            found = landed.quote([row])
        except BadLines as problem:
            raise Missing("tariff", problem.values["sentence"]) from None
        border = sum(
            int(found.parts[part][0]) for part in BORDER if part in found.parts and part is not Part.IMPORT_TAX
        )
        return self._own(border, found.currencies[0])

    def _storage(self) -> int:
        """A unit stands for half the days in which the stock sells, on average; by the first card of the country."""
        inside = [
            each
            for each in self.cards.values()
            if (each.mode, each.service, each.origin) == (Mode.WAREHOUSE, "storage", self.basis.market.country)
        ]
        if not inside or not self.plan.stock_days:
            return 0
        card = min(inside, key=lambda each: each.card.code)
        return self._unit(self._bill(card, days=self.plan.stock_days // 2))

    def _unit(self, minor: int) -> int:
        return prorate(minor, 0, 1, self.plan.units)

    def _own(self, minor: int, currency: str) -> int:
        """An amount in the seller's currency, at the day's rate."""
        own = self.plan.currency
        if currency == own:
            return minor
        rate = markets.exchange_rates({(currency, own)}, self.basis.on)[currency, own].rate
        return convert(minor, rate, currency, own)


FIELDS = (
    "sku", "market", "home_country", "currency", "retail", "supply", "cost", "weight_g", "length_mm", "width_mm",
    "height_mm", "hs_code", "category", "units", "stock_days", "supplier_days", "flags",
)  # fmt: skip
_NEEDED = ("sku", "market", "home_country", "currency", "retail", "cost", "weight_g")


def read_plans(rows: Sequence[Mapping[str, Any]]) -> list[Plan]:
    """Plans from rows of texts or numbers; amounts in major units. Raises: Invalid naming row and field."""
    known: dict[str, Market] = {}
    return [_read(number, row, known) for number, row in enumerate(rows, start=1)]


def _read(number: int, row: Mapping[str, Any], known: dict[str, Market]) -> Plan:
    texts = {name: str(row.get(name) if row.get(name) is not None else "").strip() for name in FIELDS}
    for name in row:
        if name not in FIELDS:
            raise _bad(number, name, f"known are {', '.join(FIELDS)}")
    for name in _NEEDED:
        if not texts[name]:
            raise _bad(number, name, "is missing")
    if texts["currency"] not in EXPONENTS:
        raise _bad(number, "currency", f"{texts['currency'][:10]!r} is no currency; write an ISO 4217 code such as USD")
    try:
        market = known.get(texts["market"]) or markets.get_market(texts["market"])
        known[texts["market"]] = market
        sides = tuple(_whole(number, texts, name, 0) for name in ("length_mm", "width_mm", "height_mm"))
        return Plan(
            texts["sku"], market.code, texts["home_country"], texts["currency"],
            parse_minor(texts["retail"], market.currency, field="retail"),
            parse_minor(texts["supply"] or "0", texts["currency"], field="supply"),
            parse_minor(texts["cost"], texts["currency"], field="cost"),
            _whole(number, texts, "weight_g", 1), (sides[0], sides[1], sides[2]), texts["hs_code"], texts["category"],
            _whole(number, texts, "units", 1) or 1, _whole(number, texts, "stock_days", 0),
            _whole(number, texts, "supplier_days", 0), frozenset(texts["flags"].split()),
        )  # fmt: skip
    except Unreadable:
        raise
    except EntrepotError as problem:
        raise _bad(number, problem.field or "market", str(problem).removeprefix(f"{problem.field}: ")) from None


def _whole(number: int, texts: Mapping[str, str], name: str, least: int) -> int:
    text = texts[name]
    if not text:
        return 0
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= 10_000_000:
        raise _bad(number, name, f"{text[:20]!r} is not a whole number from {least} on")
    return int(text)


class Unreadable(Invalid):
    """A row of the comparison says something that cannot be."""

    code = "compare.unreadable"
    message = "Row {row}, {column}: {problem}"


def _bad(number: int, name: str, problem: str) -> Unreadable:
    return Unreadable(field=name, row=number, column=name, problem=problem)


def as_document(found: Compared) -> dict[str, Any]:
    """The options of a plan as plain values."""
    return {
        "sku": found.plan.sku,
        "market": found.plan.market_code,
        "currency": found.plan.currency,
        "market_currency": found.market_currency,
        "options": [
            {
                "programme": each.programme, "version": each.version, "label": each.label, "way": each.way.value,
                "lane": each.lane, "net_minor": each.net_minor,
                "parts": {share.code: share.amount_minor for share in each.parts}, "kept_minor": each.kept_minor,
                "landed_minor": each.landed_minor,
                "promise_days": list(each.promise_days) if each.promise_days else None,
                "break_even": None if each.break_even is None else str(round(each.break_even, 4)),
                "cash_days": each.cash_days, "lacks": list(each.lacks), "problem": each.problem,
            }
            for each in found.options
        ],
        "who": {
            code: {chapter.title: {group.heading: [line.text for line in group.lines] for group in chapter.groups}
                   for chapter in chapters}
            for code, chapters in found.who.items()
        },
    }  # fmt: skip
