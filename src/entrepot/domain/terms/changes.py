"""The difference between two programmes in plain words: what changes for whoever moves from the one to the other."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from entrepot.domain.terms import bases, clauses, grammar, phrases, words
from entrepot.domain.terms.clauses import AMOUNTS, Fee, Incentive, Penalty
from entrepot.domain.terms.documents import compare
from entrepot.domain.terms.grammar import BaseKind, Choice, Flag, Kind, Label, ListOf, Number, Rate, Record, TableOf
from entrepot.domain.terms.rules import Conditions, Programme
from entrepot.domain.terms.tasks import NONE, Cause, Decider, Party, Role, Task, Until

NOTHING = "–"

#: The lists of a programme: what an entry is, and how it reads in one sentence.
ENTRIES: Mapping[str, tuple[type, Any]] = {
    "fees": (Fee, words.fee),
    "incentives": (Incentive, words.incentive),
    "penalties": (Penalty, words.penalty),
}


#: Short names of choices, for tables and comparisons.
CHOICES: Mapping[type, Mapping[Any, str | Promise]] = {
    Party: phrases.PARTIES,
    Role: phrases.ROLES,
    Cause: phrases.CAUSES,
    Until: phrases.UNTIL,
    Task: {task: told.title for task, told in phrases.TASKS.items()},
    clauses.EarningBasis: {
        clauses.EarningBasis.SUPPLY_PRICE: _("the supply price"),
        clauses.EarningBasis.RETAIL_MINUS_COMMISSION: _("what the shopper pays, less a commission"),
    },
    clauses.Accrual: {
        clauses.Accrual.DELIVERY: _("on delivery to the shopper"),
        clauses.Accrual.RECEIPT: _("when the marketplace has received the goods"),
        clauses.Accrual.PERIOD: _("at the end of each period"),
    },
    clauses.Per: phrases.PER,
    clauses.IncentiveKind: {
        clauses.IncentiveKind.COMMISSION_HOLIDAY: _("less commission at first"),
        clauses.IncentiveKind.CASH_PER_ORDER: _("cash for orders"),
        clauses.IncentiveKind.LABEL_SUBSIDY: _("help with shipping labels"),
    },
    clauses.ShipFrom: {
        clauses.ShipFrom.MARKET: _("the shopper's country"),
        clauses.ShipFrom.ABROAD: _("abroad"),
        clauses.ShipFrom.ANY: _("anywhere"),
    },
    clauses.NodeOperator: {
        clauses.NodeOperator.PLATFORM_NODE: _("the marketplace's warehouse"),
        clauses.NodeOperator.SELLER_NODE: _("your warehouse"),
        clauses.NodeOperator.PARTNER_NODE: _("an outside warehouse"),
    },
    clauses.Capture: {
        clauses.Capture.HAND_OVER: _("when a parcel is handed to the carrier"),
        clauses.Capture.ORDER: _("at the time of the order"),
    },
    clauses.Trigger: {
        clauses.Trigger.ACCRUAL: _("since you have earned it"),
        clauses.Trigger.DELIVERED: _("since delivery"),
    },
    clauses.Cadence: {
        clauses.Cadence.DAILY: _("every day"),
        clauses.Cadence.WEEKLY: _("every week"),
        clauses.Cadence.SEMI_MONTHLY: _("twice a month"),
        clauses.Cadence.MONTHLY: _("every month"),
    },
    clauses.Weekday: phrases.WEEKDAYS,
    clauses.Disposition: {
        clauses.Disposition.INSPECT: _("looked at first"),
        clauses.Disposition.RESTOCK: _("back into stock"),
        clauses.Disposition.RETURN_TO_OWNER: _("back to their owner"),
        clauses.Disposition.DISCARD: _("discarded"),
    },
    clauses.Tier: phrases.TIERS,
    clauses.Document: phrases.DOCUMENTS,
}

COLUMNS: Mapping[str, str | Promise] = {
    "performer": _("who does it"),
    "decider": _("who decides"),
    "payer": _("who pays"),
    "liable": _("who bears the loss"),
    "role": _("which partner"),
    "until": _("until when"),
}

CLAUSES: Mapping[str, str | Promise] = {
    "earning": _("Earning"),
    "fees": _("Fee"),
    "incentives": _("Incentive"),
    "service": _("Service"),
    "penalties": _("Penalty"),
    "fulfilment": _("Fulfilment"),
    "settlement": _("Settlement"),
    "returns": _("Returns"),
    "exposure": _("Visitors"),
    "eligibility": _("Who may join"),
}

KEYS: Mapping[str, str | Promise] = {
    "accrues_on": _("when it is earned"),
    "after_hours": _("hours before it applies"),
    "amount_minor": _("amount"),
    "answer_hours": _("hours in which a shopper is answered"),
    "appeal_days": _("days to appeal"),
    "auto_cancel_business_days": _("business days until an order is cancelled by itself"),
    "badge": _("badge"),
    "base": _("what it is a share of"),
    "basis": _("what is earned"),
    "boost": _("weight in search and lists"),
    "cadence": _("how often a statement is closed"),
    "cancellation_hours": _("hours in which a shopper may cancel freely"),
    "cancellation_rate_max": _("highest rate of cancelled orders"),
    "cap_minor": _("at most"),
    "cap_per_order_minor": _("at most per order"),
    "cap_per_period_minor": _("at most per statement"),
    "capture": _("when the payment is taken"),
    "categories": _("categories"),
    "categories_admitted": _("categories admitted"),
    "categories_excluded": _("categories excluded"),
    "cause": _("cause"),
    "charged_to": _("who is charged"),
    "commission": _("commission"),
    "commission_returned": _("commission given back on a refund"),
    "default": _("in general"),
    "days_since_enrolment": _("days after joining"),
    "delay_days": _("days until an amount stands on a statement"),
    "disposition": _("what becomes of returned goods"),
    "documents": _("papers"),
    "first_orders": _("number of first orders"),
    "floor_minor": _("at least"),
    "guaranteed_share": _("share of places kept"),
    "handling_business_days": _("business days until a parcel leaves"),
    "inbound_answer_business_days": _("business days to answer a stock order"),
    "inbound_ship_business_days": _("business days until ordered goods leave"),
    "inbound_business_days": _("business days until ordered goods arrive"),
    "keep_below_minor": _("refund without return below"),
    "kind": _("kind"),
    "late_rate_max": _("highest rate of late parcels"),
    "markets": _("markets"),
    "minimum_payout_minor": _("smallest payout"),
    "month_day": _("day of the month"),
    "multiple": _("multiple"),
    "nodes": _("where parcels leave from"),
    "per": _("counted"),
    "rate": _("rate"),
    "refund_admin": _("kept of a commission that is given back"),
    "reserve": _("reserve"),
    "release_days": _("days until released"),
    "returned_on_refund": _("given back on a refund"),
    "score_from": _("score from"),
    "score_until": _("score below"),
    "ship_from": _("from where goods are shipped"),
    "skus_min": _("least number of articles"),
    "stock_in_market": _("stock in the shopper's country"),
    "task": _("task"),
    "tier": _("standing"),
    "training": _("courses"),
    "transit_business_days": _("business days on the way"),
    "trigger": _("from when the days count"),
    "undelivered_days": _("days after which an unreported delivery counts"),
    "valid_from": _("from"),
    "valid_until": _("until before"),
    "weekday": _("weekday"),
    "weight_min_g": _("least weight in grams"),
    "window_days": _("days in which shoppers may return"),
}


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: its key, what it is about, and what either side says."""

    key: str
    title: str
    a: str
    b: str


def tell(a: Conditions, b: Conditions) -> list[Change]:
    """Every difference in plain words, in the order of the document."""
    return [Change(each.key, title(each.key), _say(each.key, each.a), _say(each.key, each.b)) for each in compare(a, b)]


def title(key: str) -> str:
    """What a key is about: "Delivery to the shopper: who pays"."""
    first, *rest = _parts(key)
    if first == "duties":
        task = str(phrases.TASKS[Task(rest[0])].title)
        return f"{task}: {COLUMNS[rest[1]]}" if len(rest) > 1 else task
    if not rest:
        return str(KEYS[first])
    if first in ENTRIES:
        clause, rest = f"{CLAUSES[first]} “{rest[0]}”", rest[1:]
        return f"{clause}: {KEYS[rest[0]]}" if rest else clause
    return f"{CLAUSES[first]}: {KEYS[rest[-1]]}"


def _parts(key: str) -> list[str]:
    """The parts of a key; penalties stand in their own right."""
    return key.removeprefix("service.").split(".") if key.startswith("service.penalties.") else key.split(".")


def _say(key: str, value: Any) -> str:
    """What one side says under a key."""
    if value is None:
        return NOTHING
    first, *rest = _parts(key)
    if first == "duties":
        return _say_duty(rest[1], value) if len(rest) > 1 else _say_performer(value)
    if first in ENTRIES:
        record, sentence = ENTRIES[first]
        if len(rest) == 1:
            report = grammar.Report()
            return str(sentence(grammar.read(record, {"code": rest[0], **value}, "", report)))
        return _say_kind(grammar.keys(record)[rest[1]], value)
    kind = grammar.keys(Programme)[first]
    for name in rest:
        kind = grammar.keys(kind.record)[name] if isinstance(kind, Record) else kind
    return _say_kind(kind, value)


def _say_performer(value: Any) -> str:
    if value == NONE:
        return str(phrases.DOES[None])
    return str(phrases.PARTIES[Party(value["performer"])])


def _say_duty(column: str, value: Any) -> str:
    match column:
        case "performer":
            return str(phrases.PARTIES[Party(value)])
        case "decider":
            return words.decision(Decider(**{name: Party(party) for name, party in value.items()}))
        case "payer":
            return words.shares({Party(party): Decimal(share) for party, share in value.items()})
        case "liable":
            others = [
                f"{phrases.PARTIES[Party(party)]}, {phrases.CAUSES[Cause(cause)]}"
                for cause, party in value.items()
                if cause != Cause.DEFAULT
            ]
            return "; ".join([str(phrases.PARTIES[Party(value[Cause.DEFAULT])]), *others])
        case "role":
            return str(phrases.ROLES[Role(value)])
        case _until:
            return str(phrases.UNTIL[Until(value)])


def _say_kind(kind: Kind, value: Any) -> str:
    """A canonical value in words, by its kind."""
    match kind:
        case Rate():
            return words.percent(Decimal(value))
        case Number():
            return words.number(Decimal(value))
        case BaseKind():
            return words.base(bases.parse(value))
        case Choice():
            return str(CHOICES[kind.options][kind.options(value)])
        case Flag():
            return gettext("yes") if value else gettext("no")
        case ListOf():
            return ", ".join(_say_kind(kind.kind, each) for each in value)
        case Label():
            return words.label(value)
        case TableOf():
            if kind is AMOUNTS:
                return words.amounts(value)
            return ", ".join(f"{name} {_say_kind(kind.kind, each)}" for name, each in value.items())
        case Record():
            kinds = grammar.keys(kind.record)
            return ", ".join(f"{KEYS[name]} {_say_kind(kinds[name], each)}" for name, each in value.items())
    return str(value)
