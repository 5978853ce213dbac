"""The chart of accounts as data, and what a journal must be before it is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from entrepot.kernel.errors import Invalid
from entrepot.kernel.money import MINOR_MAX


class Nature(StrEnum):
    """What a balance of an account means. A balance is what came in less what went out."""

    ASSET = "asset"
    LIABILITY = "liability"
    REVENUE = "revenue"
    COST = "cost"
    CLEARING = "clearing"


#: How a balance above zero reads, by nature. Source debited, destination credited: what is owned or spent is negative.
POSITIVE_MEANS: Mapping[Nature, str] = {
    Nature.ASSET: "overdrawn",
    Nature.LIABILITY: "owed",
    Nature.REVENUE: "earned",
    Nature.COST: "recovered",
    Nature.CLEARING: "on its way",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of account: its nature, the floor that its balance may not fall below, and what its label names."""

    nature: Nature
    floor_minor: int | None = None
    label: str = ""


#: The chart. A kind without a label meaning has one account an owner and currency.
CHART: Mapping[str, Kind] = {
    "provider": Kind(Nature.ASSET, label="payment provider"),
    "bank": Kind(Nature.ASSET),
    "stock_owned": Kind(Nature.ASSET),
    "shopper_funds": Kind(Nature.LIABILITY, floor_minor=0),
    "seller_payable": Kind(Nature.LIABILITY),
    "seller_reserve": Kind(Nature.LIABILITY, floor_minor=0),
    "tax_payable": Kind(Nature.LIABILITY, label="jurisdiction"),
    "customs_payable": Kind(Nature.LIABILITY, label="jurisdiction"),
    "carrier_payable": Kind(Nature.LIABILITY, label="carrier or party"),
    "carrier_billed": Kind(Nature.LIABILITY, label="carrier"),
    "payout_in_transit": Kind(Nature.CLEARING),
    "exchange": Kind(Nature.CLEARING),
    "revenue_sales": Kind(Nature.REVENUE),
    "revenue_commission": Kind(Nature.REVENUE),
    "revenue_fee": Kind(Nature.REVENUE),
    "revenue_shipping": Kind(Nature.REVENUE),
    "cost_goods": Kind(Nature.COST),
    "cost_carriage": Kind(Nature.COST),
    "cost_handling": Kind(Nature.COST),
    "cost_storage": Kind(Nature.COST),
    "cost_payment": Kind(Nature.COST),
    "cost_customs_duty": Kind(Nature.COST),
    "cost_subsidy": Kind(Nature.COST),
    "cost_incentive": Kind(Nature.COST),
    "cost_refund": Kind(Nature.COST),
    "cost_rounding": Kind(Nature.COST),
}


def kinds(*natures: Nature) -> list[str]:
    """The kinds of these natures, in the chart's order."""
    return [name for name, kind in CHART.items() if kind.nature in natures]


@dataclass(frozen=True, slots=True, order=True)
class AccountKey:
    """What tells an account from all others."""

    kind: str
    owner_id: UUID
    currency: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class NewPosting:
    """A positive amount to move. `subject_id` is what it is about, such as an order line; `rate` is of an exchange."""

    source: AccountKey
    destination: AccountKey
    amount_minor: int
    part: str
    subject_id: UUID | None = None
    rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class NewJournal:
    """The postings of one money event, which `source_type`, `source_id` and `kind` name."""

    kind: str
    source_type: str
    source_id: UUID
    occurred_at: datetime
    postings: Sequence[NewPosting] = field(default_factory=tuple)
    reverses: UUID | None = None

    @property
    def event(self) -> tuple[str, UUID, str]:
        """What it is known by: an event has one journal of a kind."""
        return self.source_type, self.source_id, self.kind


def check(journal: NewJournal) -> None:
    """Hold a journal to its form. Raises: Invalid."""
    if not journal.postings:
        raise Invalid("ledger.empty_journal", "A journal of kind {kind} has no posting.", kind=journal.kind)
    for posting in journal.postings:
        source, destination = posting.source, posting.destination
        for key in (source, destination):
            if key.kind not in CHART:
                raise Invalid("ledger.unknown_kind", "There is no account kind {kind} in the chart.", kind=key.kind)
            if key.label and not CHART[key.kind].label:
                raise Invalid("ledger.label_unused", "An account of kind {kind} has no label.", kind=key.kind)
        if not 0 < posting.amount_minor <= MINOR_MAX:
            raise Invalid(
                "ledger.amount_not_positive",
                "A posting moves more than nothing, not {amount} ({part}).",
                amount=posting.amount_minor,
                part=posting.part,
            )
        if source.currency != destination.currency:
            raise Invalid(
                "ledger.two_currencies",
                "A posting stays in one currency, not {source} and {destination}.",
                source=source.currency,
                destination=destination.currency,
            )
        if source == destination:
            raise Invalid("ledger.same_account", "A posting moves between two accounts ({part}).", part=posting.part)


def net_changes(postings: Sequence[NewPosting]) -> dict[AccountKey, int]:
    """What each account gains or loses. Units: minor."""
    changes: dict[AccountKey, int] = {}
    for posting in postings:
        changes[posting.source] = changes.get(posting.source, 0) - posting.amount_minor
        changes[posting.destination] = changes.get(posting.destination, 0) + posting.amount_minor
    return changes
