"""Reads of routing rules and of their editions."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import F, Max, Q

from entrepot.domain.markets.models import Market
from entrepot.domain.routing.models import RoutingRule, RuleEdition
from entrepot.domain.routing.rules import Rule, RuleKind
from entrepot.kernel.db import fetch_rows
from entrepot.kernel.kept import kept

#: A rule, the only market that it is for, and whether it is on.
Stated = tuple[Rule, UUID | None, bool]


def list_rules(*, on: date) -> list[RoutingRule]:
    """The rules that hold on a day or later, switched on or not, in their order."""
    lasting = Q(valid_until__isnull=True) | (Q(valid_until__gt=on) & Q(valid_until__gt=F("valid_from")))
    return list(RoutingRule.objects.select_related("market", "node").filter(lasting).order_by("position", "id"))


@kept("routing rules", "markets", states=16)
def find_rules(*, on: date) -> Mapping[UUID, Sequence[Rule]]:
    """The rules in force on a day by market, in their order; none at all where the operator has set no rule."""
    rows = fetch_rows(
        "SELECT rule.kind, rule.market_id, rule.is_on, rule.amount_minor, coalesce(node.code, '') AS node"
        " FROM routing_routingrule rule LEFT JOIN logistics_node node ON node.id = rule.node_id"
        " WHERE rule.valid_from <= %s AND (rule.valid_until IS NULL OR rule.valid_until > %s)"
        " ORDER BY rule.position, rule.id",
        [on, on],
    )
    if not rows:
        return {}
    rules = [(Rule(RuleKind(row.kind), row.node, row.amount_minor), row.market_id, row.is_on) for row in rows]
    return by_market(rules, Market.objects.order_by("code").values_list("id", flat=True))


def stated(rows: Iterable[RoutingRule], on: date) -> list[Stated]:
    """What those of the rules say that hold on a day."""
    return [
        (Rule(RuleKind(row.kind), row.node.code if row.node else "", row.amount_minor), row.market_id, row.is_on)
        for row in rows
        if row.valid_from <= on and (row.valid_until is None or on < row.valid_until)
    ]


def by_market(rules: Sequence[Stated], market_ids: Iterable[UUID]) -> dict[UUID, list[Rule]]:
    """What is said of every market, in its order; nothing at all where nothing is said."""
    if not rules:
        return {}
    return {
        market_id: [rule for rule, only, is_on in rules if is_on and only in (None, market_id)]
        for market_id in market_ids
    }


def current_edition() -> int:
    """The number of the edition that holds; 0 while no rule was ever set."""
    return RuleEdition.objects.aggregate(last=Max("number"))["last"] or 0


def list_editions(*, limit: int = 50, before: int | None = None) -> list[RuleEdition]:
    """The editions, the newest first; those below a number where one is given."""
    rows = RuleEdition.objects.order_by("-number")
    return list((rows.filter(number__lt=before) if before is not None else rows)[:limit])


def said(row: RoutingRule) -> dict[str, Any]:
    """What a rule says, as it is kept and shown."""
    return {
        "id": str(row.id),
        "kind": row.kind,
        "market": row.market.code if row.market else "",
        "node": row.node.code if row.node else "",
        "amount_minor": row.amount_minor,
        "position": row.position,
        "is_on": row.is_on,
        "valid_from": row.valid_from.isoformat(),
        "valid_until": row.valid_until.isoformat() if row.valid_until else None,
    }


def changes(before: Sequence[dict[str, Any]], after: Sequence[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """What an edition changes against the one before it: (added, ended, switched, dated or moved; the rule)."""
    old, new = {row["id"]: row for row in before}, {row["id"]: row for row in after}
    order = [row["id"] for row in before if row["id"] in new]
    found: list[tuple[str, dict[str, Any]]] = []
    for row in after:
        was = old.get(row["id"])
        if was is None:
            found.append(("added", row))
        elif was["is_on"] != row["is_on"]:
            found.append(("switched_on" if row["is_on"] else "switched_off", row))
        elif was["valid_until"] != row["valid_until"]:
            found.append(("dated", row))
    stayed = [row["id"] for row in after if row["id"] in old]
    moved = next((new[mine] for mine, theirs in zip(stayed, order, strict=True) if mine != theirs), None)
    if moved is not None:
        found.append(("moved", moved))
    return found + [("ended", row) for row in before if row["id"] not in new]
