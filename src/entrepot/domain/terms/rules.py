"""What a programme says, and the questions one may ask of it.

`Conditions` are the duties and clauses; a `Programme` is conditions with a name, a period and access; `Terms` are the
conditions of one programme version on one day, the frozen view that an order line carries. Whoever fulfils, refunds or
settles asks the line's terms: `terms.liable(Task.LAST_MILE, Cause.LATE)`. Nobody asks for the name of a programme.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any

from entrepot.domain.terms import grammar
from entrepot.domain.terms.clauses import (
    Accrual,
    Capture,
    Confidence,
    Dated,
    Disposition,
    Document,
    Earning,
    EarningBasis,
    Eligibility,
    Evidence,
    Exposure,
    Fee,
    Fulfilment,
    Incentive,
    IncentiveKind,
    NodeOperator,
    Penalty,
    Per,
    Returns,
    Service,
    Settlement,
    ShipFrom,
    Tier,
    Trigger,
)
from entrepot.domain.terms.grammar import Label, ListOf, Pattern, Report, TableOf, Text, Whole
from entrepot.domain.terms.tasks import Cause, Decider, Duties, Duty, Party, Role, Task, Until
from entrepot.kernel.errors import Denied

__all__ = [
    "Accrual", "Capture", "Cause", "Conditions", "Confidence", "Decider", "Disposition", "Document", "Duty", "Earning",
    "EarningBasis", "Eligibility", "Evidence", "Exposure", "Fee", "Incentive", "IncentiveKind",
    "NodeOperator", "NotYours", "Party", "Penalty", "Per", "Programme", "Returns", "Role", "Service", "Settlement",
    "ShipFrom", "Task", "Terms", "Tier", "Trigger", "Until",
    "demand", "may_approve", "may_propose", "may_set", "missing_amounts", "who_decides",
]  # fmt: skip

#: Whose node a parcel leaves from, by who performs storage.
NODE_OF: Mapping[Party | None, NodeOperator] = {
    Party.PLATFORM: NodeOperator.PLATFORM_NODE,
    Party.SELLER: NodeOperator.SELLER_NODE,
    Party.THIRD_PARTY: NodeOperator.PARTNER_NODE,
}

CODE = Pattern(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", "a code such as local-stock")
ANYWHERE = "*"


class Markets(ListOf):
    """Market codes, or a star for all of them."""

    def __init__(self) -> None:
        super().__init__(Pattern(r"[A-Z0-9-]{2,8}", "a market code such as DE", most=8))
        self.says = f'a list of market codes, or "{ANYWHERE}"'

    def read(self, raw: Any, key: str, report: Report) -> Any:
        if raw == ANYWHERE:
            return (ANYWHERE,)
        return super().read(raw, key, report) if raw != [] else report.add(key, "empty", expected=self.says)

    def write(self, value: Any) -> Any:
        return ANYWHERE if value == (ANYWHERE,) else super().write(value)


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """Who does what, and the clauses beside it."""

    duties: Annotated[Mapping[Task, Duty], Duties()]
    earning: Earning
    fees: tuple[Fee, ...] = ()
    incentives: tuple[Incentive, ...] = ()
    service: Service
    fulfilment: Fulfilment = field(default_factory=Fulfilment)
    settlement: Settlement
    returns: Returns

    def performer(self, task: Task) -> Party | None:
        """Who does it; None where the programme does without."""
        return self.duties[task].performer

    def role(self, task: Task) -> Role | None:
        """The trade of the third party that has a part in it."""
        return self.duties[task].role

    def decider(self, task: Task) -> Party | None:
        """Who may set it; None where nothing is set."""
        decider = self.duties[task].decider
        return decider.party if decider else None

    def proposer(self, task: Task) -> Party | None:
        """Who may suggest it to the decider."""
        decider = self.duties[task].decider
        return decider.proposer if decider else None

    def approver(self, task: Task) -> Party | None:
        """Who must agree before it counts."""
        decider = self.duties[task].decider
        return decider.approver if decider else None

    def payer(self, task: Task) -> Mapping[Party, Decimal]:
        """Who pays for it, in shares that sum to one; empty where the programme does without."""
        return self.duties[task].payer

    def liable(self, task: Task, cause: Cause = Cause.DEFAULT) -> Party | None:
        """Who answers when it goes wrong for this cause; None only where the programme does without the task."""
        liable = self.duties[task].liable
        return liable.get(cause, liable.get(Cause.DEFAULT))

    def answers_late(self, task: Task, doer: Party) -> Party:
        """Who answers where a party did a task late: who is liable, as far as the terms give that party the task.

        What leaves a node is packed by whoever stores it there. A third party works for who is liable; anybody else who
        stands in for another answers itself.
        """
        given = (task, Task.STORAGE) if task is Task.PACKAGING_AND_LABEL else (task,)
        own = next((each for each in given if self.performer(each) is doer), None)
        if own is None and doer is not Party.THIRD_PARTY:
            return doer
        return self.liable(own or given[-1], Cause.LATE) or doer

    @property
    def title_passes_on(self) -> Until | None:
        """The event at which the stock stops being the property of who performs `stock_ownership`."""
        return self.duties[Task.STOCK_OWNERSHIP].until

    @property
    def nodes(self) -> tuple[NodeOperator, ...]:
        """Whose nodes parcels may leave from; by who performs storage where the programme does not say."""
        return self.fulfilment.nodes or (NODE_OF[self.performer(Task.STORAGE)],)

    def commission_rate(self, category_path: str = "") -> Decimal:
        """The commission of a category such as `home/kitchen`; zero where the seller earns a supply price."""
        commission = self.earning.commission
        return commission.rate(category_path) if commission else Decimal(0)

    def fees_in_force(self, on: date) -> tuple[Fee, ...]:
        """The fees that count on that day."""
        return tuple(fee for fee in self.fees if fee.in_force(on))


@dataclass(frozen=True, kw_only=True)
class Terms(Conditions):
    """The conditions of one programme version on one day: only fees and incentives that were in force then.

    Two lines with equal terms carry the same snapshot, addressed by its `digest`.
    """

    programme: Annotated[str, CODE]
    version: Annotated[int, Whole(1, 1_000_000)]

    @cached_property
    def body(self) -> dict[str, Any]:
        """The canonical form that a snapshot stores; `documents.read_body` reads it back."""
        return grammar.write(self)

    @cached_property
    def digest(self) -> str:
        """The address of the terms: the hash of their body."""
        return grammar.digest(self.body)

    def commission_rate(self, category_path: str = "") -> Decimal:
        """The commission of a category, with a commission holiday where one was in force."""
        holidays = (
            incentive.rate or Decimal(0)
            for incentive in self.incentives
            if incentive.kind is IncentiveKind.COMMISSION_HOLIDAY
        )
        return min([super().commission_rate(category_path), *holidays])


@dataclass(frozen=True, kw_only=True)
class Programme(Conditions, Dated):
    """One wording of a management model, with the period for which it can be accepted and who is admitted."""

    code: Annotated[str, CODE]
    label: Annotated[Mapping[str, str], Label(120)]
    summary: Annotated[Mapping[str, str], Label(600)]
    modelled_on: str | None = None
    markets: Annotated[tuple[str, ...], Markets()] = (ANYWHERE,)
    valid_from: date
    exposure: Exposure = field(default_factory=Exposure)
    eligibility: Eligibility = field(default_factory=Eligibility)
    sources: Annotated[Mapping[str, str], TableOf(Text(20), Text(400))] = field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()

    @property
    def is_neutral(self) -> bool:
        """Whether it follows no marketplace in particular."""
        return self.modelled_on is None

    def serves(self, market_code: str, on: date) -> bool:
        """Whether it can be accepted for the market on that day."""
        return self.in_force(on) and (ANYWHERE in self.markets or market_code in self.markets)

    def terms(self, *, version: int, on: date, enrolled_on: date | None = None) -> Terms:
        """The terms of a line that is ordered on that day by a seller who enrolled on that other day."""
        common = {each.name: getattr(self, each.name) for each in fields(Conditions)}
        return Terms(
            **common
            | {
                "fees": self.fees_in_force(on),
                "incentives": tuple(each for each in self.incentives if each.reaches(on, enrolled_on)),
            },
            programme=self.code,
            version=version,
        )

    def evidence_for(self, key: str) -> Evidence | None:
        """What is known of the origin of a key such as `duties.last_mile`, by the most exact entry that covers it."""
        covering = [
            (len(covered), entry)
            for entry in self.evidence
            for covered in entry.keys
            if key == covered or key.startswith((f"{covered}.", f"{covered}["))
        ]
        return max(covering, key=lambda each: each[0])[1] if covering else None

    def confidence(self, key: str) -> Confidence | None:
        """How far the key follows from what was read; None in a programme that is modelled on nobody's."""
        if self.is_neutral:
            return None
        entry = self.evidence_for(key)
        return entry.confidence if entry else Confidence.INFERENCE


def missing_amounts(conditions: Conditions, currency: str) -> list[str]:
    """The fees and incentives that count in amounts and have none in this currency."""
    entries = [("fees", each) for each in conditions.fees] + [("incentives", each) for each in conditions.incentives]
    return [f"{name}.{each.code}" for name, each in entries if each.amount_minor and currency not in each.amount_minor]


class NotYours(Denied):
    """The programme gives this decision to somebody else."""

    code = "terms.not_yours"
    message = "Under these terms the duty {task} is not yours: the {decider} decides, not the {party}."


def who_decides(conditions: Conditions, task: Task) -> Decider | None:
    """Decider, proposer and approver of a task; None where nothing is set."""
    return conditions.duties[task].decider


def may_set(conditions: Conditions, task: Task, party: Party) -> bool:
    """Whether the party sets it; where there is an approver, what was set waits for that one."""
    return conditions.decider(task) is party


def may_propose(conditions: Conditions, task: Task, party: Party) -> bool:
    """Whether the party may suggest it; who may set it may suggest it too."""
    return party in (conditions.proposer(task), conditions.decider(task))


def may_approve(conditions: Conditions, task: Task, party: Party) -> bool:
    """Whether what was set counts only once this party agrees."""
    return conditions.approver(task) is party


def demand(
    conditions: Conditions,
    task: Task,
    party: Party,
    right: Callable[[Conditions, Task, Party], bool] = may_set,
) -> None:
    """Hold the party to its rights: `demand(terms, Task.RETAIL_PRICE, Party.SELLER)`. Raises: NotYours."""
    if not right(conditions, task, party):
        raise NotYours(task=task.value, party=party.value, decider=(conditions.decider(task) or "platform"))
