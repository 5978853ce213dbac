"""Reads of routing rules."""

from datetime import date
from uuid import UUID

from django.db.models import Q

from entrepot.domain.markets.models import Market
from entrepot.domain.routing.models import RoutingRule
from entrepot.domain.routing.rules import Rule, RuleKind
from entrepot.kernel.db import fetch_rows


def list_rules(*, on: date) -> list[RoutingRule]:
    """The rules that hold on a day or later, switched on or not, in their order."""
    rows = RoutingRule.objects.select_related("market", "node")
    return list(rows.filter(Q(valid_until__isnull=True) | Q(valid_until__gt=on)).order_by("position", "id"))


def find_rules(*, on: date) -> dict[UUID, list[Rule]]:
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
    found: dict[UUID, list[Rule]] = {}
    for market_id in Market.objects.order_by("code").values_list("id", flat=True):
        found[market_id] = [
            Rule(RuleKind(row.kind), row.node, row.amount_minor)
            for row in rows
            if row.is_on and row.market_id in (None, market_id)
        ]
    return found
