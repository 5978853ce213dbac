"""Tasks, parties and duties: the four columns of the table from which everything else follows.

Who performs a task, who decides where something is set, who pays in which shares, and who is liable for which cause.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from entrepot.domain.terms import grammar
from entrepot.domain.terms.grammar import BAD, Rate, Record, Report, _


class Task(StrEnum):
    """Everything that has to be done between a product idea and the money for it."""

    STORE_MANAGEMENT = "store_management"
    PRODUCT_SELECTION = "product_selection"
    LISTING_CONTENT = "listing_content"
    SUPPLY_PRICE = "supply_price"
    RETAIL_PRICE = "retail_price"
    PROMOTION = "promotion"
    ADVERTISING = "advertising"
    TRAFFIC = "traffic"
    STORAGE = "storage"
    FIRST_MILE = "first_mile"
    CONSOLIDATION = "consolidation"
    QUALITY_INSPECTION = "quality_inspection"
    LINE_HAUL = "line_haul"
    CUSTOMS = "customs"
    DUTY_AND_TAX = "duty_and_tax"
    PACKAGING_AND_LABEL = "packaging_and_label"
    LAST_MILE = "last_mile"
    CUSTOMER_SERVICE = "customer_service"
    RETURNS_HANDLING = "returns_handling"
    REFUND_COST = "refund_cost"
    INVENTORY_PLANNING = "inventory_planning"
    STOCK_OWNERSHIP = "stock_ownership"
    UNSOLD_STOCK = "unsold_stock"
    PRODUCT_QUALITY = "product_quality"
    SELLER_OF_RECORD = "seller_of_record"
    TAX_COLLECTION = "tax_collection"
    PAYMENT_COLLECTION = "payment_collection"


#: Tasks in which something is set: where no decider is named, the performer decides.
DECISIONS = frozenset(
    {
        Task.PRODUCT_SELECTION,
        Task.LISTING_CONTENT,
        Task.SUPPLY_PRICE,
        Task.RETAIL_PRICE,
        Task.PROMOTION,
        Task.ADVERTISING,
        Task.TRAFFIC,
        Task.STORAGE,
        Task.QUALITY_INSPECTION,
        Task.LINE_HAUL,
        Task.LAST_MILE,
        Task.RETURNS_HANDLING,
        Task.INVENTORY_PLANNING,
        Task.UNSOLD_STOCK,
    }
)

#: Tasks that a programme may do without, written `"none"`.
OPTIONAL = frozenset(
    {
        Task.SUPPLY_PRICE,
        Task.ADVERTISING,
        Task.FIRST_MILE,
        Task.CONSOLIDATION,
        Task.QUALITY_INSPECTION,
        Task.LINE_HAUL,
        Task.CUSTOMS,
    }
)


class Party(StrEnum):
    """Who can bear a duty."""

    PLATFORM = "platform"
    SELLER = "seller"
    THIRD_PARTY = "third_party"


class Role(StrEnum):
    """What the third party of a duty is by trade; may be written wherever a party is named."""

    WAREHOUSE = "warehouse"
    FORWARDER = "forwarder"
    CARRIER = "carrier"


class Cause(StrEnum):
    """Why something went wrong."""

    DEFAULT = "default"
    LATE = "late"
    QUALITY = "quality"
    STOCK_OUT = "stock_out"
    CARRIER = "carrier"
    CHANGE_OF_MIND = "change_of_mind"
    WEIGHT = "weight"


class Until(StrEnum):
    """The event at which the owner of the stock parts with it."""

    SALE = "sale"
    RECEIPT = "receipt"
    DELIVERY = "delivery"


NONE = "none"


@dataclass(frozen=True)
class Decider:
    """Who may set it; with a proposer who may suggest it, with an approver only when that one has agreed."""

    party: Party
    proposer: Party | None = None
    approver: Party | None = None


@dataclass(frozen=True)
class Duty:
    """One task: who performs it, who decides, who pays in which shares, who is liable for which cause.

    `performer` is None where the programme does without the task; then nobody decides, pays or is liable.
    """

    performer: Party | None = None
    decider: Annotated[Decider, Record(Decider, short="party")] | None = None
    payer: Mapping[Party, Annotated[Decimal, Rate()]] = field(default_factory=dict)
    liable: Mapping[Cause, Party] = field(default_factory=dict)
    role: Role | None = None
    until: Until | None = None


MESSAGES: Mapping[str, str] = {
    "unknown_task": _("unknown task; known: {known}"),
    "unknown_task_near": _("unknown task; did you mean {near}?"),
    "missing_task": _("missing; every task stands in the table once, with the party who performs it{none}"),
    "missing_performer": _("missing; name the party: platform, seller, third_party or the third party's trade"),
    "must_be_done": _("somebody has to do this; name the party"),
    "shares_not_one": _("shares sum to {found}, must be 1"),
    "two_roles": _("one duty names one trade of third party, not {found}"),
    "role_without_third_party": _("no third party has a part in this duty; leave the role out"),
    "missing_until": _("missing; say which event ends the ownership: sale, receipt or delivery"),
    "until_elsewhere": _("only stock_ownership ends with an event; leave it out"),
}


class DutyOf(Record):
    """The duty of one task, in full or in short: a bare party performs, decides, pays and is liable."""

    def __init__(self, task: Task) -> None:
        super().__init__(Duty)
        self.task = task
        self.says = "a party, or a table with performer, decider, payer, liable"

    def read(self, raw: Any, key: str, report: Report) -> Any:
        if raw == NONE:
            return Duty() if self.task in OPTIONAL else report.add(key, "must_be_done")
        if isinstance(raw, str):
            raw = {"performer": raw}
        if not isinstance(raw, dict):
            return self.refuse(raw, key, report)
        if "performer" not in raw:
            report.add(f"{key}.performer", "missing_performer")
        table, roles = _spelled_out(raw)
        if len(roles) > 1:
            return report.add(f"{key}.role", "two_roles", found=", ".join(sorted(roles)))
        duty = super().read(table, key, report)
        return BAD if duty is BAD or duty.performer is None else self.complete(duty, key, report)

    def complete(self, duty: Duty, key: str, report: Report) -> Any:
        """Fill what the short form leaves out, and hold the rules that one duty must keep by itself."""
        performer: Any = duty.performer
        shares = duty.payer or {performer: Decimal(1)}
        payer = {party: share for party, share in shares.items() if share}
        default = duty.liable.get(Cause.DEFAULT, performer)
        liable = {Cause.DEFAULT: default} | {cause: party for cause, party in duty.liable.items() if party != default}
        decider = duty.decider or (Decider(performer) if self.task in DECISIONS else None)
        whole = replace(duty, payer=payer, liable=liable, decider=decider)
        found: list[tuple[str, str, dict[str, Any]]] = []
        if sum(payer.values()) != 1:
            found.append(("payer", "shares_not_one", {"found": grammar.show(sum(payer.values()))}))
        if duty.role and Party.THIRD_PARTY not in parties_of(whole):
            found.append(("role", "role_without_third_party", {}))
        if self.task is Task.STOCK_OWNERSHIP and duty.until is None:
            found.append(("until", "missing_until", {}))
        if self.task is not Task.STOCK_OWNERSHIP and duty.until is not None:
            found.append(("until", "until_elsewhere", {}))
        for name, code, values in found:
            report.add(f"{key}.{name}", code, **values)
        return BAD if found else whole

    def write(self, value: Duty) -> Any:
        return NONE if value.performer is None else super().write(value)


class Duties(grammar.Kind):
    """The whole table: every task exactly once."""

    says = "a table of every task and its duty"

    def read(self, raw: Any, key: str, report: Report) -> Any:
        if not isinstance(raw, dict):
            return self.refuse(raw, key, report)
        for name in raw:
            if name not in set(Task):
                report.unknown(f"{key}.{name}", "unknown_task", str(name), Task)
        duties = {}
        for task in Task:
            if raw.get(task) is None:
                none = f', or "{NONE}"' if task in OPTIONAL else ""
                duties[task] = report.add(f"{key}.{task}", "missing_task", none=none)
            else:
                duties[task] = DutyOf(task).read(raw[task], f"{key}.{task}", report)
        return BAD if any(duty is BAD for duty in duties.values()) else duties

    def write(self, value: Mapping[Task, Duty]) -> dict[str, Any]:
        return {task.value: DutyOf(task).write(value[task]) for task in Task}


def parties_of(duty: Duty) -> set[Party]:
    """Everyone who has a part in the duty."""
    named = {duty.performer, *duty.payer, *duty.liable.values()}
    if duty.decider:
        named |= {duty.decider.party, duty.decider.proposer, duty.decider.approver}
    return {party for party in named if party}


def _spelled_out(raw: dict[str, Any]) -> tuple[dict[str, Any], set[str]]:
    """The table in full: bare parties as tables, a trade as the third party; with the trades that were named."""
    roles: set[str] = set()

    def party(name: Any) -> Any:
        if isinstance(name, str) and name in set(Role):
            roles.add(name)
            return Party.THIRD_PARTY.value
        return name

    table = dict(raw)
    for name, bare in (("decider", "party"), ("liable", "default")):
        if isinstance(table.get(name), str):
            table[name] = {bare: table[name]}
        if isinstance(table.get(name), dict):
            table[name] = {item: party(value) for item, value in table[name].items()}
    if isinstance(table.get("payer"), str):
        table["payer"] = {table["payer"]: 1}
    if isinstance(table.get("payer"), dict):
        table["payer"] = {party(item): value for item, value in table["payer"].items()}
    if "performer" in table:
        table["performer"] = party(table["performer"])
    if isinstance(table.get("role"), str):
        roles.add(table["role"])
    if roles:
        table["role"] = min(roles)
    return table, roles
