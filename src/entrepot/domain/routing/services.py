"""Writes of routing rules: added, put in order, switched, ended; each with its reason in the audit trail."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from entrepot.domain.logistics import queries as logistics
from entrepot.domain.markets.models import Market
from entrepot.domain.routing.models import RoutingRule
from entrepot.domain.routing.rules import OF_NODES, WITH_AMOUNT, RuleKind
from entrepot.kernel import audit, ids
from entrepot.kernel.actors import SYSTEM, Actor
from entrepot.kernel.errors import Denied, Invalid, NotFound

#: More rules than anybody keeps in mind.
RULES_MAX = 100


class BadRule(Invalid):
    """A rule that says nothing, or two things."""

    code = "routing.bad_rule"
    message = "{problem}"


@dataclass(frozen=True, slots=True)
class Place:
    """A rule's place in the order, whether it is on, and the day on which it no longer holds."""

    rule_id: UUID
    position: int
    is_on: bool
    valid_until: date | None = None


@transaction.atomic
def add_rule(
    *,
    kind: str,
    actor: Actor,
    reason: str,
    now: datetime,
    market_code: str = "",
    node_code: str = "",
    amount_minor: int | None = None,
    valid_from: date | None = None,
) -> RoutingRule:
    """Add a rule as the last, switched on, from a day on, today if none is named. Raises: Denied, NotFound, BadRule."""
    _check_actor(actor)
    if kind not in set(RuleKind):
        raise BadRule(field="kind", problem=f"There is no rule “{kind[:30]}”.")
    rule = RuleKind(kind)
    if (rule in OF_NODES) != bool(node_code):
        raise BadRule(field="node", problem="Name a node for rules of nodes, and for no other.")
    if amount_minor is not None and (rule not in WITH_AMOUNT or amount_minor <= 0 or not market_code):
        raise BadRule(field="amount", problem="An amount is above 0, of a market, and for rules that have one.")
    if rule is RuleKind.NO_SPLIT_BELOW and amount_minor is None:
        raise BadRule(field="amount", problem="Say below which value nothing is split.")
    starts = valid_from or now.date()
    if starts < now.date():
        raise BadRule(field="valid_from", problem="A rule holds from today on, or later.")
    market = Market.objects.filter(code=market_code).first() if market_code else None
    if market_code and market is None:
        raise NotFound(kind="market", field="market")
    if RoutingRule.objects.count() >= RULES_MAX:
        raise BadRule(field="kind", problem=f"There are {RULES_MAX} rules already.")
    last = RoutingRule.objects.aggregate(last=Max("position"))["last"] or 0
    row = RoutingRule.objects.create(
        id=ids.new_id(now), created_at=now, kind=rule.value, market=market, amount_minor=amount_minor,
        node=logistics.get_node(code=node_code) if node_code else None, position=last + 1, valid_from=starts,
    )  # fmt: skip
    _record(actor, "routing.rule_added", row, reason, now, after=_said(row))
    return row


@transaction.atomic
def arrange_rules(*, places: Sequence[Place], actor: Actor, reason: str, now: datetime) -> int:
    """Put rules in order, switch them and end them; how many changed. Raises: Denied, NotFound, BadRule."""
    _check_actor(actor)
    rows = {row.id: row for row in RoutingRule.objects.select_for_update(of=("self",)).order_by("id")}
    changed = 0
    for place in places:
        row = rows.get(place.rule_id)
        if row is None:
            raise NotFound(kind="routing rule")
        until = place.valid_until
        if until is not None and until != row.valid_until and until < max(row.valid_from, now.date()):
            raise BadRule(field="valid_until", problem="A rule ends today or later.")
        before = _said(row)
        row.position, row.is_on, row.valid_until = place.position, place.is_on, until
        if _said(row) != before:
            row.save(update_fields=["position", "is_on", "valid_until"])
            _record(actor, "routing.rule_changed", row, reason, now, before=before, after=_said(row))
            changed += 1
    return changed


def _check_actor(actor: Actor) -> None:
    if actor != SYSTEM and actor.verbs.get("setup.edit") != "all":
        raise Denied("routing.rules_not_yours", "The marketplace decides where goods leave from.")


def _record(actor: Actor, verb: str, row: RoutingRule, reason: str, now: datetime, **values: dict[str, Any]) -> None:
    audit.record(
        actor=actor, verb=verb, subject_kind="routing_rule", subject_id=row.id, now=now,
        reason=audit.require_reason(reason), **values,
    )  # fmt: skip


def _said(row: RoutingRule) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "market": row.market.code if row.market else "",
        "node": row.node.code if row.node else "",
        "amount_minor": row.amount_minor,
        "position": row.position,
        "is_on": row.is_on,
        "valid_from": row.valid_from.isoformat(),
        "valid_until": row.valid_until.isoformat() if row.valid_until else None,
    }
