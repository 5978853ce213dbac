"""Every programme and way for a seller's goods, side by side: what a unit leaves, by the functions that settle.

A unit's earnings come from `reckoning`, whose figures are the ledger's; goods that must stand in the market first cost
their way there beside it: a share of a container or of its room by rate card, customs duty on what they cost, storage.
What the terms make others pay of that is not the seller's. Nothing is guessed: where a rate, a tariff or a lane is
missing, the option says so.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from entrepot.domain.inventory.rules import is_theirs
from entrepot.domain.logistics import queries as logistics
from entrepot.domain.logistics.lanes import Holidays, Lane
from entrepot.domain.logistics.queries import NodeView
from entrepot.domain.logistics.rules import due_at, last_day
from entrepot.domain.markets import queries as markets
from entrepot.domain.markets.models import Market
from entrepot.domain.sellers.rules import Unmet
from entrepot.domain.terms import queries as terms
from entrepot.domain.terms.models import ProgrammeVersion
from entrepot.domain.terms.rules import Programme, ShipFrom
from entrepot.domain.terms.words import Chapter, tell
from entrepot.flows import bringing, delivering, enrolling, reckoning
from entrepot.flows.bringing import Brought, Missing
from entrepot.flows.delivering import Network
from entrepot.flows.plans import Plan
from entrepot.flows.reckoning import Basis, Example, Share, Unit
from entrepot.kernel.actors import Actor
from entrepot.kernel.errors import EntrepotError
from entrepot.kernel.kept import asked_once
from entrepot.kernel.money import convert, round_half_even


class Way(StrEnum):
    """How goods reach the shopper: each in a parcel from abroad, or from stock that was brought into the market."""

    PARCEL = "parcel"
    STOCK = "stock"


@dataclass(frozen=True, slots=True)
class Option:
    """A programme by a way. Units: minor of the seller's currency for one unit, `landed_minor` of the market's.

    `parts` sum to `net_minor`. `lane` brings stock into the market, or else takes the parcel to the door.
    `promise_days` are from the order to the door. `tied_minor` is paid before anything is sold, `earned_minor` comes in
    for a unit that sells; `break_even` is the share of the units that must sell for the stock to be paid for; nothing
    where the platform buys it. `cash_days` lie between paying the supplier and being paid. `unmet` is what keeps the
    seller out; `problem` why nothing can be said.
    """

    programme: str
    version: int
    label: str
    way: Way
    version_id: UUID | None = None
    lane: str = ""
    parts: tuple[Share, ...] = ()
    landed_minor: int = 0
    kept_minor: int = 0
    earned_minor: int = 0
    tied_minor: int = 0
    is_bought: bool = False
    promise_days: tuple[int, int] | None = None
    break_even: Decimal | None = None
    cash_days: int = 0
    unmet: tuple[Unmet, ...] = ()
    problem: str = ""
    example: Example | None = None

    @property
    def lacks(self) -> tuple[str, ...]:
        """What keeps the seller out, by its names."""
        return tuple(str(each) for each in self.unmet)

    @property
    def spread(self) -> tuple[Share, ...]:
        """What becomes of what the shopper pays for a unit. Units: minor of the seller's currency, at the day's rate.

        The parts sum to it; what is left to the seller comes last, and is below zero where the unit costs it money.
        """
        found = self.example
        if found is None:
            return ()
        rate, pair = found.rate.rate, (found.market_currency, found.currency)
        taken = sum(each.amount_minor for each in found.paid_parts if each.code in ("tax", "customs"))
        paid, taxes = (convert(minor, rate, *pair) for minor in (found.paid_minor, taken))
        inbound = [Share(each.code, -each.amount_minor) for each in self.parts if each.code.startswith("inbound.")]
        parts = (
            Share("goods", found.cost_minor),
            *inbound,
            Share("own_carriage", found.carriage_minor),
            Share("marketplace", paid - self.kept_minor - taxes + found.owed_minor),
            Share("taxes", taxes),
            Share("left", self.net_minor),
        )
        return tuple(each for each in parts if each.amount_minor)

    def left_minor(self, sold: Decimal) -> int:
        """What stays with the seller of a unit that it bought, where a share of all of them sells."""
        return self.net_minor if self.is_bought else round_half_even(self.earned_minor * sold) - self.tied_minor

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
    lanes: Mapping[str, Lane] = field(default_factory=dict)
    programmes: Mapping[str, Programme] = field(default_factory=dict)

    @property
    def even_at(self) -> Decimal | None:
        """The share of the units from which on stock leaves as much as parcels; nothing where neither overtakes."""
        stock, parcel = self.sides
        if stock is None or parcel is None or stock.is_bought or parcel.is_bought:
            return None
        steeper = stock.earned_minor - parcel.earned_minor
        at = Decimal(stock.tied_minor - parcel.tied_minor) / Decimal(steeper) if steeper > 0 else Decimal(-1)
        return at if 0 < at < 1 else None

    @property
    def sides(self) -> tuple[Option | None, Option | None]:
        """Stock that is brought into the market against a parcel from abroad: the best of each that can be reckoned.

        Both under the same programme where one allows both, so that the way alone makes the difference.
        """
        found: dict[str, dict[Way, Option]] = defaultdict(dict)
        for each in self.options:
            if not each.problem:
                found[each.programme].setdefault(each.way, each)
        both = next((ways for ways in found.values() if len(ways) == 2), None)
        if both:
            return both[Way.STOCK], both[Way.PARCEL]
        best = {way: next((each for each in self.options if each.way == way and not each.problem), None) for way in Way}
        return best[Way.STOCK], best[Way.PARCEL]


def share_kept(paid_minor: int, kept_minor: int) -> Decimal:
    """What is kept of what is paid. Source: the comparison of two channels by Bloomberg, 2024."""
    return Decimal(kept_minor) / Decimal(paid_minor)


def cash_to_cash(*, stock_days: int, receivable_days: int, payable_days: int) -> int:
    """Days between paying for goods and being paid for them: inventory + receivables - payables."""
    return stock_days + receivable_days - payable_days


@asked_once()
def compare(
    *,
    plans: Sequence[Plan],
    now: datetime,
    actor: Actor | None = None,
    seller_id: UUID | None = None,
    known: Iterable[Market] = (),
) -> list[Compared]:
    """Every programme in force by every way it allows, for each plan. With a seller, what it lacks for each.

    `known` are markets that are read already. Raises: NotFound for a market, Unavailable without an exchange rate.
    """
    on = now.date()
    by_code = {each.code: each for each in known}
    network = delivering.load(on)
    open_in = {
        code: _open_in(by_code.get(code) or markets.get_market(code), now, actor, seller_id)
        for code in dict.fromkeys(plan.market_code for plan in plans)
    }
    bases = _bases(plans, open_in, network, now)
    asked = [(plan, open_in[plan.market_code].market.country) for plan in plans]
    brought = bringing.bring(asked, network=network, on=on) if bases else []
    leaving = _Leaving.at(now, seller_id)
    return [
        _compare(plan, open_in[plan.market_code], basis, inbound, network.ways, leaving)
        for plan, basis, inbound in zip(plans, bases, brought, strict=True)
    ]


def _bases(plans: Sequence[Plan], open_in: Mapping[str, "OpenIn"], network: Network, now: datetime) -> list[Basis]:
    """What a day's rates say for each plan, read once for all that share a market, a currency and a country."""
    keys = [(plan.market_code, plan.currency, plan.home_country) for plan in plans]
    found = {
        key: reckoning.gather(
            market=open_in[key[0]].market, currency=key[1], home_country=key[2], now=now, network=network
        )
        for key in dict.fromkeys(keys)
    }
    return [found[key] for key in keys]


@dataclass(frozen=True, slots=True)
class OpenIn:
    """The programmes in force for a market, what they say in plain words, and what the seller lacks for each."""

    market: Market
    versions: Sequence[tuple[ProgrammeVersion, Programme]]
    who: Mapping[str, Sequence[Chapter]]
    unmet: Mapping[UUID, tuple[Unmet, ...]]


def _open_in(market: Market, now: datetime, actor: Actor | None, seller_id: UUID | None) -> OpenIn:
    unmet: dict[UUID, tuple[Unmet, ...]] = {}
    if actor is not None and seller_id is not None:
        previews = enrolling.list_programmes(actor=actor, seller_id=seller_id, market=market, now=now)
        unmet = {each.version.id: tuple(each.unmet) for each in previews}
        versions = [each.version for each in previews]
    else:
        versions = list(terms.find_in_force(market_code=market.code, on=now.date()))
    wordings = [(version, terms.wording_of(version)) for version in versions]
    who = {
        wording.code: [
            chapter for chapter in tell(wording, currency=market.currency) if chapter.code in ("does", "pays", "risks")
        ]
        for _version, wording in wordings
    }
    return OpenIn(market, wordings, who, unmet)


def _compare(
    plan: Plan, into: OpenIn, basis: Basis, inbound: Sequence[Brought], ways: Sequence[Lane], leaving: "_Leaving"
) -> Compared:
    asked = _Asked(plan, basis, leaving)
    options = [
        asked.option(version, wording, way, into.unmet.get(version.id, ()), brought)
        for version, wording in into.versions
        for way in _allowed(wording)
        for brought in (inbound if asked.is_imported(way) else (None,))
    ]
    options.sort(key=lambda each: (bool(each.problem), -each.net_minor, each.programme, each.way, each.lane))
    used = {each.lane for each in options}
    return Compared(
        plan, into.market.currency, tuple(options), into.who,
        {each.code: each for each in ways if each.code in used},
        {wording.code: wording for _version, wording in into.versions},
    )  # fmt: skip


def _allowed(wording: Programme) -> list[Way]:
    """The ways that the programme lets goods take to the shopper."""
    return {
        ShipFrom.MARKET: [Way.STOCK], ShipFrom.ABROAD: [Way.PARCEL], ShipFrom.ANY: [Way.PARCEL, Way.STOCK]
    }[wording.fulfilment.ship_from]  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Leaving:
    """An order of this moment, and the nodes that it may leave from: anybody's but other sellers'."""

    now: datetime
    nodes: Sequence[NodeView]
    seller_id: UUID | None

    @classmethod
    def at(cls, now: datetime, seller_id: UUID | None) -> "_Leaving":
        return cls(now, [each for each in logistics.list_nodes().values() if not each.is_archived], seller_id)

    def on(self, wording: Programme, country: str, holidays: Holidays) -> date:
        """The day on which it leaves a country at the latest, from the node that the programme lets it leave first.

        By the node's working days, cut-off, holidays and closures, as checkout promises. Where no such node stands yet:
        from Monday to Friday, without the public holidays of the country. Raises: NoWorkingDay.
        """
        days = wording.service.handling_business_days
        found = [
            node.left_on(node.due_at(self.now, days))
            for node in self.nodes
            if node.country == country
            and is_theirs(wording, operator_kind=node.operator_kind, is_anothers=node.operator_id != self.seller_id)
        ]
        if found:
            return min(found)
        closed = holidays.get(country, frozenset())
        due = due_at(self.now, days, time_zone="UTC", working_days=range(1, 6), cut_off=time.max, closures=closed)
        return last_day(due, time_zone="UTC")


class _Asked:
    """A plan on a day, asked of one programme and way after another."""

    def __init__(self, plan: Plan, basis: Basis, leaving: _Leaving) -> None:
        self.plan, self.basis, self.leaving = plan, basis, leaving
        longest, middle, least = sorted(plan.sides_mm, reverse=True)
        self.unit = Unit(
            plan.retail_minor, plan.supply_minor, plan.cost_minor, plan.weight_g, plan.category_path, plan.hs_code,
            (longest, middle, least), plan.flags,
        )  # fmt: skip

    def is_imported(self, way: Way) -> bool:
        """Whether the goods are brought into the market before they sell."""
        return way is Way.STOCK and self.basis.market.country != self.plan.home_country

    def option(
        self, version: ProgrammeVersion, wording: Programme, way: Way, unmet: tuple[Unmet, ...], brought: Brought | None
    ) -> Option:
        """The programme by this way, the stock `brought` by one of the lanes."""
        plan, basis = self.plan, self.basis
        origin = basis.market.country if way is Way.STOCK else plan.home_country
        lane = brought.lane if brought else None
        head = Option(
            wording.code, version.version, wording.label["en"], way, version.id, lane.code if lane else "", unmet=unmet
        )
        try:
            ready_on = self.leaving.on(wording, origin, basis.network.holidays)
            service = basis.service(self.unit, origin, ready_on=ready_on)
            found = reckoning.reckon(
                basis=basis, programme=wording, version=version.version, origin=origin, unit=self.unit
            )
            if found.earns_supply and not plan.supply_minor:
                raise Missing("supply price", "It pays a supply price, and none is given.")
            inbound = brought.parts(wording) if brought else ()
        except EntrepotError as problem:
            return replace(head, problem=str(problem))
        is_bought = any(each.code == "receipt" for each in found.shares)
        beside = {"owed": found.owed_minor, "own_carriage": found.carriage_minor, "goods": found.cost_minor}
        given = [Share(code, -amount) for code, amount in beside.items() if amount]
        tied_up = found.cost_minor - sum(each.amount_minor for each in inbound)
        earned = found.kept_minor - found.owed_minor - found.carriage_minor
        return replace(
            head,
            parts=(*found.shares, *given, *inbound),
            landed_minor=found.paid_minor,
            kept_minor=found.kept_minor,
            earned_minor=earned,
            tied_minor=tied_up,
            is_bought=is_bought,
            lane=head.lane or service.lane,
            promise_days=((service.first - basis.on).days, (service.last - basis.on).days),
            break_even=None if is_bought or earned <= 0 else Decimal(tied_up) / Decimal(earned),
            cash_days=cash_to_cash(
                stock_days=0 if is_bought else plan.stock_days + (brought.days if brought else 0),
                receivable_days=(found.pays_on - basis.on).days,
                payable_days=plan.supplier_days,
            ),
            example=found,
        )


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
