"""The operator's rules on where goods leave from: what they forbid and what they prefer, for one group. Pure.

What is forbidden is forbidden whatever it costs. A preference with an amount adds that to every parcel that goes
against it; one without comes before any cost, and among several of those the earlier before the later.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class RuleKind(StrEnum):
    """What a rule says."""

    PREFER_LOCAL = "prefer_local"
    PREFER_NODE = "prefer_node"
    EXCLUDE_NODE = "exclude_node"
    ONE_PARCEL = "one_parcel"
    NO_SPLIT_BELOW = "no_split_below"
    PREFER_READY = "prefer_ready"
    ONLY_READY = "only_ready"


#: Kinds that speak of a node.
OF_NODES = frozenset({RuleKind.PREFER_NODE, RuleKind.EXCLUDE_NODE})
#: Kinds that may name an amount: what a preference is worth a parcel.
WITH_AMOUNT = frozenset({RuleKind.PREFER_LOCAL, RuleKind.PREFER_NODE, RuleKind.NO_SPLIT_BELOW, RuleKind.PREFER_READY})


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule that is in force. `amount_minor` is in the currency of what is routed."""

    kind: RuleKind
    node: str = ""
    amount_minor: int | None = None

    def as_row(self) -> dict[str, str | int]:
        """The rule as it is kept with what it decided."""
        row: dict[str, str | int] = {"rule": self.kind.value}
        if self.node:
            row["node"] = self.node
        if self.amount_minor is not None:
            row["amount_minor"] = self.amount_minor
        return row


@dataclass(frozen=True, slots=True)
class Policy:
    """What the rules come to for a group: by node, whether it is out, its tiers, and its premium."""

    excluded: tuple[bool, ...]
    one_parcel: bool
    tiers: tuple[tuple[int, ...], ...]
    premium_minor: tuple[int, ...]


def apply(
    rules: Sequence[Rule],
    nodes: Sequence[str],
    is_local: Sequence[bool],
    value_minor: int,
    later: Sequence[int] = (),
) -> Policy:
    """The rules, in their order, for a group of this value over these nodes.

    `later` says after how many days goods stand ready at each that are on their way there now. Where no rule weighs
    that against cost, what stands ready goes before all else, and what stands ready sooner before the rest.
    """
    excluded = [False] * len(nodes)
    premium = [0] * len(nodes)
    tiers: list[tuple[int, ...]] = []
    one_parcel = False
    for rule in rules:
        match rule.kind:
            case RuleKind.ONE_PARCEL:
                one_parcel = True
            case RuleKind.NO_SPLIT_BELOW:
                one_parcel = one_parcel or value_minor < (rule.amount_minor or 0)
            case RuleKind.EXCLUDE_NODE:
                excluded = [out or node == rule.node for out, node in zip(excluded, nodes, strict=True)]
            case RuleKind.ONLY_READY:
                excluded = [out or days > 0 for out, days in zip(excluded, later, strict=True)] if later else excluded
            case RuleKind.PREFER_READY:
                if rule.amount_minor is not None and later:
                    premium = [
                        held + (rule.amount_minor if days else 0) for held, days in zip(premium, later, strict=True)
                    ]
                elif any(later):
                    tiers.append(tuple(later))
            case RuleKind.PREFER_LOCAL | RuleKind.PREFER_NODE:
                wanted = is_local if rule.kind is RuleKind.PREFER_LOCAL else [node == rule.node for node in nodes]
                if rule.amount_minor is None:
                    tiers.append(tuple(int(not each) for each in wanted))
                else:
                    premium = [
                        held + (0 if each else rule.amount_minor) for held, each in zip(premium, wanted, strict=True)
                    ]
    if any(later) and not any(rule.kind is RuleKind.PREFER_READY for rule in rules):
        tiers.insert(0, tuple(later))
    return Policy(tuple(excluded), one_parcel, tuple(tiers), tuple(premium))


#: What holds while the operator has set no rule at all: goods leave from where the shopper is, where they can.
DEFAULT = (Rule(RuleKind.PREFER_LOCAL),)
