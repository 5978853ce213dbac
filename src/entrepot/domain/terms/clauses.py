"""The clauses of a programme beside its duties: earning, fees, incentives, service, settlement, returns, access.

Every class is a table of a programme file and every field a key of it; see docs/rules/programmes.md. Amounts are tables
of minor units by currency, because one programme may serve several markets.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from entrepot.domain.terms.bases import Base
from entrepot.domain.terms.grammar import Currency, Label, ListOf, Number, Pattern, Rate, Record, TableOf, Text, Whole
from entrepot.domain.terms.tasks import Cause, Party, Task
from entrepot.kernel import money

NAME = Pattern(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", "a name such as payment_fee")
CATEGORY = Pattern(r"[a-z0-9_-]+(/[a-z0-9_-]+)*", "a category path such as home/kitchen", most=200)
AMOUNTS = TableOf(
    Currency(), Whole(0, money.MINOR_MAX), "a table of minor units by currency, such as { USD = 50 }", least=1
)

Name = Annotated[str, NAME]
Words = Annotated[Mapping[str, str], Label(120)]
Share = Annotated[Decimal, Rate()]
Amounts = Annotated[Mapping[str, int], AMOUNTS]
Categories = Annotated[tuple[str, ...], ListOf(CATEGORY)]
Days = Annotated[int, Whole(0, 400, "a whole number of days")]
BusinessDays = Annotated[int, Whole(0, 120, "a whole number of business days")]
Hours = Annotated[int, Whole(0, 10_000, "a whole number of hours")]
Score = Annotated[int, Whole(0, 101, "a whole score")]


class EarningBasis(StrEnum):
    """What the seller earns: the price it supplies at, or what the shopper paid less a commission."""

    SUPPLY_PRICE = "supply_price"
    RETAIL_MINUS_COMMISSION = "retail_minus_commission"


class Accrual(StrEnum):
    """When the seller has earned: on delivery to the shopper, on receipt by the platform, at the end of a period."""

    DELIVERY = "delivery"
    RECEIPT = "receipt"
    PERIOD = "period"


@dataclass(frozen=True)
class RateTable:
    """A rate by category; the longest path that leads to the category counts, else the default."""

    default: Share
    categories: Annotated[Mapping[str, Decimal], TableOf(CATEGORY, Rate())] = field(default_factory=dict)

    def rate(self, category_path: str) -> Decimal:
        """The rate of a category such as `home/kitchen/mugs`."""
        path = category_path
        while path:
            if path in self.categories:
                return self.categories[path]
            path = path.rpartition("/")[0]
        return self.default


@dataclass(frozen=True)
class Earning:
    """What the seller earns, on what base a commission is taken, and when it accrues.

    A seller is credited in its settlement currency, at the rate frozen on the line.
    """

    basis: EarningBasis
    accrues_on: Accrual
    commission: Annotated[RateTable, Record(RateTable, short="default")] | None = None
    base: Base | None = None


@dataclass(frozen=True)
class Dated:
    """Something in force over the half-open period from `valid_from` until `valid_until`; open where not said."""

    valid_from: date | None = None
    valid_until: date | None = None

    def in_force(self, on: date) -> bool:
        """Whether it counts on that day."""
        return (self.valid_from is None or self.valid_from <= on) and (
            self.valid_until is None or on < self.valid_until
        )


class Per(StrEnum):
    """What an amount is counted by."""

    ORDER = "order"
    LINE = "line"
    UNIT = "unit"
    PARCEL = "parcel"


@dataclass(frozen=True, kw_only=True)
class Fee(Dated):
    """A charge: a rate on a base, or an amount per order, line, unit or parcel. Units: minor, by currency."""

    code: Name
    label: Words
    rate: Share | None = None
    base: Base | None = None
    amount_minor: Amounts = field(default_factory=dict)
    per: Per | None = None
    floor_minor: Amounts = field(default_factory=dict)
    cap_minor: Amounts = field(default_factory=dict)
    categories: Categories = ()
    charged_to: Party = Party.SELLER
    returned_on_refund: bool = True

    def covers(self, category_path: str) -> bool:
        """Whether the category, or one above it, is named; a fee that names none covers all."""
        return not self.categories or any(
            category_path == path or category_path.startswith(f"{path}/") for path in self.categories
        )


class IncentiveKind(StrEnum):
    """How the platform helps a seller along."""

    COMMISSION_HOLIDAY = "commission_holiday"
    CASH_PER_ORDER = "cash_per_order"
    LABEL_SUBSIDY = "label_subsidy"


@dataclass(frozen=True, kw_only=True)
class Incentive(Dated):
    """Help for the seller: no or less commission at first, cash for the first orders, a part of the label's cost."""

    kind: IncentiveKind
    code: Name
    label: Words
    rate: Share | None = None
    amount_minor: Amounts = field(default_factory=dict)
    days_since_enrolment: Days | None = None
    first_orders: Annotated[int, Whole(1, 10_000_000)] | None = None

    def reaches(self, on: date, enrolled_on: date | None) -> bool:
        """Whether it counts on that day for a seller who enrolled on that other day."""
        if not self.in_force(on):
            return False
        if self.days_since_enrolment is None:
            return True
        return enrolled_on is not None and on < enrolled_on + timedelta(days=self.days_since_enrolment)


@dataclass(frozen=True)
class Penalty:
    """What a breach costs whoever is liable for it: a multiple of a base or an amount, capped, open to appeal.

    Units: minor, by currency; scores 0 to 100 in the half-open band from `score_from` until `score_until`.
    """

    code: Name
    label: Words
    task: Task
    cause: Cause
    multiple: Annotated[Decimal, Number(0, 100)] | None = None
    base: Base | None = None
    amount_minor: Amounts = field(default_factory=dict)
    after_hours: Hours | None = None
    score_from: Score | None = None
    score_until: Score | None = None
    cap_per_order_minor: Amounts = field(default_factory=dict)
    cap_per_period_minor: Amounts = field(default_factory=dict)
    appeal_days: Days = 14


@dataclass(frozen=True)
class Service:
    """What is promised to the shopper and what a broken promise costs."""

    handling_business_days: BusinessDays
    transit_business_days: BusinessDays
    cancellation_hours: Hours = 1
    answer_hours: Hours = 24
    auto_cancel_business_days: BusinessDays | None = None
    inbound_answer_business_days: BusinessDays | None = None
    inbound_ship_business_days: BusinessDays | None = None
    inbound_business_days: BusinessDays | None = None
    late_rate_max: Share | None = None
    cancellation_rate_max: Share | None = None
    penalties: tuple[Penalty, ...] = ()


class ShipFrom(StrEnum):
    """Where the goods leave for the shopper: from inside the market, from abroad, or either."""

    MARKET = "market"
    ABROAD = "abroad"
    ANY = "any"


class NodeOperator(StrEnum):
    """Whose node a parcel leaves from."""

    PLATFORM_NODE = "platform_node"
    SELLER_NODE = "seller_node"
    PARTNER_NODE = "partner_node"


class Capture(StrEnum):
    """When an authorised payment is taken."""

    HAND_OVER = "hand_over"
    ORDER = "order"


@dataclass(frozen=True)
class Fulfilment:
    """Where parcels leave from, whose nodes they may be, and when the payment is taken."""

    ship_from: ShipFrom = ShipFrom.ANY
    nodes: tuple[NodeOperator, ...] = ()
    capture: Capture = Capture.HAND_OVER


class Trigger(StrEnum):
    """From when the settlement delay runs: from the accrual, or from delivery whatever it accrues on."""

    ACCRUAL = "accrual"
    DELIVERED = "delivered"


class Cadence(StrEnum):
    """How often statements are closed; semi-monthly closes on the 1st and the 16th."""

    DAILY = "daily"
    WEEKLY = "weekly"
    SEMI_MONTHLY = "semi_monthly"
    MONTHLY = "monthly"


class Weekday(StrEnum):
    """ISO weekdays in order."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


@dataclass(frozen=True)
class Reserve:
    """A share of every settlement kept back for some days, never more than the cap in all. Units: minor."""

    rate: Share
    release_days: Days
    cap_minor: Amounts = field(default_factory=dict)


@dataclass(frozen=True)
class Settlement:
    """When what was earned is put on a statement and paid."""

    delay_days: Days
    cadence: Cadence
    trigger: Trigger = Trigger.ACCRUAL
    weekday: Weekday | None = None
    month_day: Annotated[int, Whole(1, 28, "a day of the month from 1 to 28")] | None = None
    undelivered_days: Days | None = None
    reserve: Reserve | None = None
    minimum_payout_minor: Amounts = field(default_factory=dict)

    def closes_on(self, triggered_on: date) -> date:
        """The day whose statement carries what was triggered on that day: the first close once the delay is over."""
        due = triggered_on + timedelta(days=self.delay_days)
        while not self.is_close(due):
            due += timedelta(days=1)
        return due

    def is_close(self, day: date) -> bool:
        """Whether a statement is closed on that day."""
        match self.cadence:
            case Cadence.DAILY:
                return True
            case Cadence.WEEKLY:
                return day.weekday() == list(Weekday).index(self.weekday or Weekday.MONDAY)
            case Cadence.SEMI_MONTHLY:
                return day.day in (1, 16)
            case Cadence.MONTHLY:
                return day.day == (self.month_day or 1)


class Disposition(StrEnum):
    """What becomes of a returned unit unless someone decides otherwise."""

    INSPECT = "inspect"
    RESTOCK = "restock"
    RETURN_TO_OWNER = "return_to_owner"
    DISCARD = "discard"


@dataclass(frozen=True)
class RefundAdmin:
    """What is kept of a commission that is given back on a refund. Units: minor, by currency."""

    rate: Share
    cap_minor: Amounts = field(default_factory=dict)


@dataclass(frozen=True)
class Returns:
    """How long a shopper may return, what becomes of the goods, and what of the commission.

    Where goods go follows from who performs `returns_handling`; who bears label and refund, from who is liable for
    `returns_handling` and `refund_cost`, by cause.
    """

    window_days: Days
    disposition: Disposition = Disposition.INSPECT
    commission_returned: bool = True
    refund_admin: Annotated[RefundAdmin, Record(RefundAdmin, short="rate")] | None = None
    keep_below_minor: Amounts = field(default_factory=dict)


@dataclass(frozen=True)
class Exposure:
    """What traffic the programme lends: a guaranteed share, a boost in ranking (1 is none), a badge."""

    guaranteed_share: Share = Decimal(0)
    boost: Annotated[Decimal, Number(0, 10)] = Decimal(1)
    badge: Annotated[Mapping[str, str], Label(40)] = field(default_factory=dict)


class Tier(StrEnum):
    """A seller's standing, lowest first."""

    NEW = "new"
    STANDARD = "standard"
    PREFERRED = "preferred"

    def reaches(self, least: "Tier") -> bool:
        """Whether this standing is at least that one."""
        order = list(Tier)
        return order.index(self) >= order.index(least)


class Document(StrEnum):
    """A paper that eligibility may ask for."""

    BUSINESS_LICENCE = "business_licence"
    IDENTITY = "identity"
    BANK_ACCOUNT = "bank_account"
    VAT_NUMBER = "vat_number"
    IMPORTER_OF_RECORD = "importer_of_record"
    RESPONSIBLE_PERSON = "responsible_person"
    PRODUCT_SAFETY = "product_safety"
    PACKAGING_REGISTRATION = "packaging_registration"
    BRAND_AUTHORISATION = "brand_authorisation"
    WAREHOUSE_CONTRACT = "warehouse_contract"


@dataclass(frozen=True)
class Eligibility:
    """What a seller or a product must bring."""

    tier: Tier = Tier.NEW
    documents: tuple[Document, ...] = ()
    stock_in_market: bool = False
    categories_admitted: Categories = ()
    categories_excluded: Categories = ()
    skus_min: Annotated[int, Whole(0, 1_000_000)] = 0
    weight_min_g: Annotated[int, Whole(0, 40_000_000)] = 0
    training: Annotated[tuple[str, ...], ListOf(NAME)] = ()


class Confidence(StrEnum):
    """How far a fact about a real model can be trusted: A primary source … D contradicted; inference: read between."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    INFERENCE = "inference"


@dataclass(frozen=True)
class Evidence:
    """How far the named keys of a preset follow from what was read, and where; the most exact key counts."""

    confidence: Confidence
    keys: Annotated[tuple[str, ...], ListOf(Text(120, "a key such as duties.last_mile"))]
    sources: Annotated[tuple[str, ...], ListOf(Text(20, "the name of a source"))] = ()
    note: Annotated[str, Text(600)] | None = None
