"""Whether a seller can do what a programme leaves to it: needs follow from the duties, what is met from its answers.

Pure. The rule, its yardsticks and their sources are in docs/rules/readiness.md. It is advice: nothing is refused by it.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum
from typing import Any

from entrepot.domain.terms.rules import Conditions, Party, ShipFrom, Task
from entrepot.kernel.errors import Invalid

#: The most that a number in the questionnaire may be.
NUMBER_MAX = 10_000_000
CODES_MAX = 60


class Group(StrEnum):
    """The three parts of the questionnaire."""

    CAPACITY = "capacity"
    FLEXIBILITY = "flexibility"
    REACH = "reach"


#: Question -> its group. Whole numbers first, then lists of countries or languages.
NUMBERS: Mapping[str, Group] = {
    "units_a_week": Group.CAPACITY,
    "lead_time_days": Group.CAPACITY,
    "handling_days": Group.CAPACITY,
    "smallest_batch": Group.FLEXIBILITY,
    "restock_days": Group.FLEXIBILITY,
}
LISTS: Mapping[str, Group] = {
    "stock_countries": Group.REACH,
    "import_countries": Group.REACH,
    "carrier_countries": Group.REACH,
    "return_countries": Group.REACH,
    "languages": Group.REACH,
}


@dataclass(frozen=True, slots=True)
class Answers:
    """What a seller says of itself; None is not answered, an empty list is "nowhere".

    Units: units a week; calendar days from order to ready and for restocking; working days to hand a parcel over.
    """

    units_a_week: int | None = None
    lead_time_days: int | None = None
    handling_days: int | None = None
    smallest_batch: int | None = None
    restock_days: int | None = None
    stock_countries: tuple[str, ...] | None = None
    import_countries: tuple[str, ...] | None = None
    carrier_countries: tuple[str, ...] | None = None
    return_countries: tuple[str, ...] | None = None
    languages: tuple[str, ...] | None = None

    @property
    def answered(self) -> int:
        """How many questions have an answer."""
        return sum(getattr(self, each.name) is not None for each in fields(self))

    def body(self) -> dict[str, Any]:
        """As it is stored."""
        found = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}


QUESTIONS = len(NUMBERS) + len(LISTS)


def read(body: Mapping[str, Any]) -> Answers:
    """Answers from what was sent or stored. Raises: Invalid naming the question."""
    if unknown := sorted(body.keys() - NUMBERS.keys() - LISTS.keys()):
        raise Invalid("sellers.unknown_question", "There is no question {question}.", field=unknown[0],
                      question=unknown[0])  # fmt: skip
    values: dict[str, Any] = {}
    for name in NUMBERS:
        values[name] = value = body.get(name)
        if value is not None and not (type(value) is int and 0 <= value <= NUMBER_MAX):
            raise _bad(name)
    for name in LISTS:
        found = body.get(name)
        if found is None:
            continue
        codes = [str(each).strip() for each in found]
        codes = [code.lower() if name == "languages" else code.upper() for code in codes if code]
        if len(codes) > CODES_MAX or not all(_is_code(code, name) for code in codes):
            raise _bad(name)
        values[name] = tuple(dict.fromkeys(codes))
    return Answers(**values)


def _is_code(code: str, name: str) -> bool:
    known = code.replace("-", "") if name == "languages" else code
    return known.isascii() and known.isalpha() and (2 <= len(code) <= 6 if name == "languages" else len(code) == 2)


def _bad(name: str) -> Invalid:
    return Invalid("sellers.bad_answer", "This cannot be an answer.", field=name)


@dataclass(frozen=True, slots=True)
class Yardstick:
    """From which day on how much is enough where the terms name no number themselves."""

    valid_from: date
    units_a_week: int  # a first stock order is 100 to 200 pieces of a style
    smallest_batch: int
    restock_days: int  # stock of a fast article is planned for two weeks


YARDSTICKS = (Yardstick(date(2026, 1, 1), units_a_week=100, smallest_batch=200, restock_days=14),)


def yardstick(on: date) -> Yardstick:
    """The yardstick in force on the day; before the first, the first."""
    return max([each for each in YARDSTICKS if each.valid_from <= on] or YARDSTICKS[:1], key=lambda y: y.valid_from)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a programme would be traded under, and where the seller is at home."""

    market_country: str
    market_languages: Collection[str]
    home_country: str


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that a programme asks a seller to be able to do.

    `question` is answered by `found`; `wanted` is what is enough; `task` is the duty that it follows from;
    `is_met` is None while the question is not answered.
    """

    code: str
    question: str
    task: Task
    wanted: str
    found: str
    is_met: bool | None


@dataclass(frozen=True, slots=True)
class Readiness:
    """What of a programme's needs is met."""

    needs: tuple[Need, ...]

    @property
    def met(self) -> int:
        """How many needs are met."""
        return sum(need.is_met is True for need in self.needs)

    @property
    def missing(self) -> tuple[Need, ...]:
        """What is not met, or not known."""
        return tuple(need for need in self.needs if need.is_met is not True)

    @property
    def percent(self) -> int:
        """The share of the needs that are met, rounded down; a programme that asks for nothing is met."""
        return 100 if not self.needs else self.met * 100 // len(self.needs)


def assess(conditions: Conditions, answers: Answers, place: Place, on: date) -> Readiness:
    """What the programme needs of a seller there, and whether the answers meet it."""
    return Readiness(tuple(_needs(conditions, answers, place, yardstick(on))))


def _needs(conditions: Conditions, answers: Answers, place: Place, enough: Yardstick) -> Iterator[Need]:
    yield from _to_make(conditions, answers, enough)
    yield from _to_send(conditions, answers, place)
    yield from _to_be_there(conditions, answers, place)


def _to_make(conditions: Conditions, answers: Answers, enough: Yardstick) -> Iterator[Need]:
    """What whoever makes goods for others to plan and sell has to be able to do."""
    if conditions.decider(Task.INVENTORY_PLANNING) is Party.PLATFORM:
        task = Task.INVENTORY_PLANNING
        yield _at_least("capacity", answers, "units_a_week", task, enough.units_a_week)
        yield _at_most("small_batches", answers, "smallest_batch", task, enough.smallest_batch)
        yield _at_most("restocking", answers, "restock_days", task, enough.restock_days)
    days = conditions.service.inbound_business_days
    if conditions.performer(Task.FIRST_MILE) is Party.SELLER and days:
        # Working days are promised, calendar days are answered: five of seven.
        yield _at_most("lead_time", answers, "lead_time_days", Task.FIRST_MILE, days * 7 // 5)


def _to_send(conditions: Conditions, answers: Answers, place: Place) -> Iterator[Need]:
    """What whoever keeps goods or sends them to shoppers has to be able to do."""
    ships = conditions.performer(Task.LAST_MILE) is Party.SELLER
    # Whoever keeps the stock packs each order, also where another carries it on.
    packs = Task.LAST_MILE if ships else Task.STORAGE
    if conditions.performer(packs) is Party.SELLER:
        yield _at_most("handling", answers, "handling_days", packs, conditions.service.handling_business_days)
    if ships:
        from_market = conditions.fulfilment.ship_from is ShipFrom.MARKET
        leaves = [place.market_country] if from_market else [place.home_country, place.market_country]
        yield _within("carrier", answers, "carrier_countries", Task.LAST_MILE, list(dict.fromkeys(leaves)))


def _to_be_there(conditions: Conditions, answers: Answers, place: Place) -> Iterator[Need]:
    """What has to stand in the market itself."""
    here = [place.market_country]
    if conditions.fulfilment.ship_from is ShipFrom.MARKET:
        if conditions.performer(Task.STORAGE) is not Party.PLATFORM:
            yield _within("stock_abroad", answers, "stock_countries", Task.STORAGE, here)
        if place.home_country not in here and conditions.performer(Task.CUSTOMS) is not Party.PLATFORM:
            yield _within("import_entity", answers, "import_countries", Task.CUSTOMS, here)
    if conditions.performer(Task.RETURNS_HANDLING) is Party.SELLER:
        yield _within("return_address", answers, "return_countries", Task.RETURNS_HANDLING, here)
    if conditions.performer(Task.CUSTOMER_SERVICE) is Party.SELLER:
        spoken = list(dict.fromkeys(each.partition("-")[0] for each in place.market_languages))
        yield _within("languages", answers, "languages", Task.CUSTOMER_SERVICE, spoken)


def _at_least(code: str, answers: Answers, question: str, task: Task, least: int) -> Need:
    value = getattr(answers, question)
    return _need(code, question, task, str(least), value, None if value is None else value >= least)


def _at_most(code: str, answers: Answers, question: str, task: Task, most: int) -> Need:
    value = getattr(answers, question)
    return _need(code, question, task, str(most), value, None if value is None else value <= most)


def _within(code: str, answers: Answers, question: str, task: Task, wanted: Collection[str]) -> Need:
    value = getattr(answers, question)
    met = None if value is None else bool(set(wanted) & set(value))
    return _need(code, question, task, ", ".join(wanted), value, met)


def _need(code: str, question: str, task: Task, wanted: str, value: Any, is_met: bool | None) -> Need:
    found = "" if value is None else ", ".join(value) if isinstance(value, tuple) else str(value)
    return Need(code, question, task, wanted, found, is_met)
