"""What it costs a seller to bring stock into a market before it sells, lane by lane: line haul, customs duty, storage.

Law, cards and rates of exchange are read once for all plans. Import tax comes back and is left out. Nothing is guessed:
where a rate, a tariff or a card is missing, the way says so.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from entrepot.domain.customs.problems import BadLines
from entrepot.domain.customs.rows import BORDER, Part
from entrepot.domain.logistics import freight, lanes
from entrepot.domain.logistics import queries as logistics
from entrepot.domain.logistics.cards import Mode, RateCard
from entrepot.domain.logistics.freight import Consignment
from entrepot.domain.logistics.lanes import Lane
from entrepot.domain.markets import queries as markets
from entrepot.domain.pricing.landed import Landed
from entrepot.domain.terms.rules import Party, Programme, Task
from entrepot.flows import landed
from entrepot.flows.delivering import Network
from entrepot.flows.plans import Plan
from entrepot.flows.reckoning import Share
from entrepot.kernel.errors import EntrepotError, Unavailable
from entrepot.kernel.money import convert, decimal_of, prorate, round_half_even

#: The duty of the terms that each cost is.
TASKS = {"line_haul": Task.LINE_HAUL, "customs_duty": Task.DUTY_AND_TAX, "storage": Task.STORAGE}


class Missing(Unavailable):
    """A figure without which an option cannot be reckoned."""

    code = "compare.missing"
    message = "{said}"

    def __init__(self, what: str, said: str) -> None:
        super().__init__(what=what, said=said)


@dataclass(frozen=True, slots=True)
class Brought:
    """One unit's way into the market by a lane, whoever pays for it; or why nothing can be said.

    Units: minor of the plan's currency. `days` are those on the way, at the confidence of a promise.
    """

    lane: Lane | None
    days: int = 0
    costs: Mapping[str, int] | None = None
    problem: EntrepotError | None = None

    def parts(self, wording: Programme) -> tuple[Share, ...]:
        """The seller's share by who pays by the terms. Raises: what keeps it from being reckoned."""
        if self.problem is not None:
            raise self.problem
        found = []
        for code, minor in (self.costs or {}).items():
            mine = wording.payer(TASKS[code]).get(Party.SELLER, Decimal(0))
            if amount := round_half_even(minor * mine):
                found.append(Share(f"inbound.{code}", -amount))
        return tuple(found)


def bring(plans: Sequence[tuple[Plan, str]], *, network: Network, on: date) -> list[tuple[Brought, ...]]:
    """For each plan and the country of its market: every lane that brings stock there, by its code."""
    bills = _Bills(network, on)
    hauls = [
        (place, plan, country, lane, _attempt(bills.haul, plan, country, lane))
        for place, (plan, country) in enumerate(plans)
        for lane in _into(plan, country, network.ways)
    ]
    duties = _duties([(plan, country, haul) for _place, plan, country, _lane, haul in hauls], bills)
    found: list[list[Brought]] = [[] for _plan in plans]
    for (place, plan, country, lane, haul), duty in zip(hauls, duties, strict=True):
        storage = _attempt(bills.storage, plan, country)
        found[place].append(_brought(plan, lane, bills, {"line_haul": haul, "customs_duty": duty, "storage": storage}))
    return [tuple(each) or (_nothing(plan, country),) for each, (plan, country) in zip(found, plans, strict=True)]


def _nothing(plan: Plan, country: str) -> Brought:
    return Brought(None, problem=Missing("lane", f"No lane brings stock from {plan.home_country} to {country}."))


def _into(plan: Plan, country: str, ways: Iterable[Lane]) -> list[Lane]:
    """The lanes that end in a warehouse of the market's country."""
    route = (plan.home_country, country)
    return sorted(
        (each for each in ways if (each.origin, each.destination) == route and not each.ends_at_door),
        key=lambda each: each.code,
    )


Found = int | EntrepotError


def _taken_in(lane: Lane, on: date, network: Network) -> date:
    """When goods that are ready on a day are in a warehouse: the first day on which one of that country works."""
    ends_on = lanes.forecast(lane, on, holidays=network.holidays).last
    there = [each for each in logistics.list_nodes().values() if each.country == lane.destination]
    return min((each.open_on(ends_on) for each in there if not each.is_archived), default=ends_on)


def _brought(plan: Plan, lane: Lane, bills: "_Bills", found: Mapping[str, Found]) -> Brought:
    days = (_taken_in(lane, bills.on, bills.network) - bills.on).days
    costs = {}
    for code, each in found.items():
        if isinstance(each, EntrepotError):
            return Brought(lane, days, problem=each)
        costs[code] = prorate(each, 0, 1, plan.units)
    return Brought(lane, days, costs)


def _attempt(ask: Callable[..., int], *arguments: object) -> Found:
    try:
        return ask(*arguments)
    except EntrepotError as problem:
        return problem


def _duties(asked: Sequence[tuple[Plan, str, Found]], bills: "_Bills") -> list[Found]:
    """Customs duty and what else the border keeps, on what the goods cost the seller, in its currency."""
    found: list[Found] = [0] * len(asked)
    rows, places = [], []
    for place, (plan, country, haul) in enumerate(asked):
        if isinstance(haul, EntrepotError):
            continue
        if not plan.hs_code:
            found[place] = Missing("HS code", "The customs duty of goods without an HS code is not known.")
            continue
        places.append(place)
        rows.append(_entry(plan, country, haul, bills.on))
    while isinstance(answer := _quote(rows), dict):
        for row, problem in answer.items():
            found[places[row]] = problem
        kept = [row for row in range(len(rows)) if row not in answer]
        rows, places = [rows[row] for row in kept], [places[row] for row in kept]
    for row, place in enumerate(places):
        assert answer is not None, "rows that are left have been quoted"
        minor = sum(int(answer.parts[part][row]) for part in BORDER if part in answer.parts and part != Part.IMPORT_TAX)
        found[place] = bills.own(minor, answer.currencies[row], asked[place][0].currency)
    return found


def _quote(rows: Sequence[Mapping[str, object]]) -> Landed | dict[int, EntrepotError] | None:
    """The landed cost of the rows, or what is wrong with some of them by their place."""
    if not rows:
        return None
    try:
        return landed.quote(rows)
    except BadLines as problem:
        bad: dict[int, EntrepotError] = {}
        for each in problem.values["rows"]:
            bad.setdefault(each["row"] - 1, Missing("tariff", each["problem"]))
        return bad


def _entry(plan: Plan, country: str, haul_minor: int, on: date) -> dict[str, object]:
    """The consignment as customs sees it."""
    return {
        "hs": plan.hs_code, "origin": plan.home_country, "destination": country, "date": on.isoformat(),
        "quantity": plan.units, "weight_g": plan.weight_g * plan.units, "currency": plan.currency,
        "cost": str(decimal_of(plan.cost_minor * plan.units, plan.currency)),
        "freight": str(decimal_of(haul_minor, plan.currency)), "importer": "seller", "mode": "sea", "incoterm": "DDP",
    }  # fmt: skip


def _volume(plan: Plan) -> int:
    """All units together, in cubic centimetres."""
    height, width, length = plan.sides_mm
    return -(-height * width * length * plan.units // 1000)


class _Bills:
    """Rate cards and rates of exchange of a day."""

    def __init__(self, network: Network, on: date) -> None:
        self.network = network
        self.cards = network.cards
        self.on = on
        self.rates: dict[tuple[str, str], Decimal] = {}

    def haul(self, plan: Plan, country: str, lane: Lane) -> int:
        """All units by the cards that the lane's legs name. Units: minor of the plan's currency. Raises: Missing."""
        paid = [leg.card for leg in lane.legs if leg.card]
        if not paid:
            raise Missing("rate card", f"No rate card is named by the lane {lane.code}.")
        for code in paid:
            if code not in self.cards:
                raise Missing("rate card", f"The rate card {code} of the lane {lane.code} does not hold today.")
        for leg in lane.legs:
            load = {"weight_g": plan.weight_g * plan.units, "volume_cm3": _volume(plan)}
            if leg.capacity and not leg.capacity.holds(**load):
                raise Missing(
                    "capacity", f"So many units exceed what a departure of {leg.code} takes; bring fewer at once."
                )
        return sum(self._bill(plan, self.cards[code], country, days=0) for code in paid)

    def storage(self, plan: Plan, country: str) -> int:
        """All units for half the days in which they sell, on average; by the first card of the country."""
        inside = [
            each
            for each in self.cards.values()
            if (each.mode, each.service, each.origin) == (Mode.WAREHOUSE, "storage", country)
        ]
        if not inside or not plan.stock_days:
            return 0
        card = min(inside, key=lambda each: each.card.code)
        return self._bill(plan, card, country, days=plan.stock_days // 2)

    def own(self, minor: int, currency: str, own: str) -> int:
        """An amount in the seller's currency, at the day's rate. Raises: Unavailable without one."""
        if currency == own:
            return minor
        pair = (currency, own)
        if pair not in self.rates:
            self.rates[pair] = markets.exchange_rates({pair}, self.on)[pair].rate
        return convert(minor, self.rates[pair], currency, own)

    def _bill(self, plan: Plan, card: RateCard, country: str, *, days: int) -> int:
        asked = Consignment(
            origin=card.origin, destination=country, weight_g=plan.weight_g * plan.units,
            volume_cm3=_volume(plan), units=plan.units, days=days,
            flags=plan.flags, day=self.on, cards=(card.card.code,),
        )  # fmt: skip
        [[quote]] = freight.quote([asked], [card])
        if quote.refusal:
            raise Missing("rate card", f"{card.title}: {freight.REFUSED[quote.refusal]}.")
        return self.own(quote.total_minor, card.card.currency, plan.currency)
