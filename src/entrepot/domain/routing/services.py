"""Writes of routing rules: published together as an edition, or added and arranged one by one; each with its reason.

Whatever changes the rules makes an edition of them: a number, what all rules said then, who published it and why.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from entrepot.domain.logistics.models import Node
from entrepot.domain.markets.models import Market
from entrepot.domain.routing import queries
from entrepot.domain.routing.models import RoutingRule, RuleEdition
from entrepot.domain.routing.queries import said
from entrepot.domain.routing.rules import OF_NODES, WITH_AMOUNT, Rule, RuleKind
from entrepot.kernel import audit, db, ids
from entrepot.kernel.actors import SYSTEM, Actor
from entrepot.kernel.errors import Denied, Invalid, NotFound, Refused

#: More rules than anybody keeps in mind.
RULES_MAX = 100


class BadRule(Invalid):
    """A rule that says nothing, or two things."""

    code = "routing.bad_rule"
    message = "{problem}"


class RulesChanged(Refused):
    """Somebody published meanwhile."""

    code = "routing.rules_changed"
    message = "The rules were changed meanwhile: edition {edition} holds now. Look at your draft again."


@dataclass(frozen=True, slots=True)
class Wanted:
    """A rule as it is to stand; `rule_id` is that of one that is there already, None of a new one.

    Units: minor of the market's currency.
    """

    kind: str
    market_code: str = ""
    node_code: str = ""
    amount_minor: int | None = None
    is_on: bool = True
    valid_from: date | None = None
    valid_until: date | None = None
    rule_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Drafted:
    """A rule of a draft that can be published, with its rows and days."""

    wanted: Wanted
    rule: Rule
    market: Market | None
    node: Node | None
    valid_from: date
    row: RoutingRule | None

    def holds(self, on: date) -> bool:
        """Whether it is in force on a day, were it published."""
        until = self.wanted.valid_until
        return self.valid_from <= on and (until is None or on < until)


@dataclass(frozen=True, slots=True)
class Place:
    """A rule's place in the order, whether it is on, and the day on which it no longer holds."""

    rule_id: UUID
    position: int
    is_on: bool
    valid_until: date | None = None


def draft_rules(*, rules: Sequence[Wanted], now: datetime, held: Sequence[RoutingRule] | None = None) -> list[Drafted]:
    """Read a draft of all rules, in their order; `held` are those that there are, where they are known.

    Raises: BadRule, NotFound, naming the rule by its place from 0.
    """
    if len(rules) > RULES_MAX:
        raise BadRule(field="rules", problem=f"At most {RULES_MAX} rules can be kept.")
    rows = {row.id: row for row in (queries.list_rules(on=now.date()) if held is None else held)}
    market_codes, node_codes = {each.market_code for each in rules} - {""}, {each.node_code for each in rules} - {""}
    markets = {each.code: each for each in Market.objects.filter(code__in=market_codes)} if market_codes else {}
    nodes = {each.code: each for each in Node.objects.filter(code__in=node_codes)} if node_codes else {}
    drafted = []
    for place, each in enumerate(rules):
        try:
            drafted.append(_read(each, rows, markets, nodes, now.date()))
        except (BadRule, NotFound) as problem:
            problem.field = f"rules[{place}].{problem.field}"
            raise
    named = [each.wanted.rule_id for each in drafted if each.wanted.rule_id]
    if len(named) != len(set(named)):
        raise BadRule(field="rules", problem="A rule stands in the draft twice.")
    return drafted


def _read(
    each: Wanted, rows: dict[UUID, RoutingRule], markets: dict[str, Market], nodes: dict[str, Node], today: date
) -> Drafted:
    row = rows.get(each.rule_id) if each.rule_id else None
    if each.rule_id and row is None:
        raise NotFound(kind="routing rule", field="id")
    rule = _rule(each)
    starts = each.valid_from or (row.valid_from if row else today)
    if starts < today and (row is None or row.valid_from != starts):
        raise BadRule(field="valid_from", problem="A rule holds from today on, or later.")
    until = each.valid_until
    if until is not None and until < max(starts, today) and (row is None or until != row.valid_until):
        raise BadRule(field="valid_until", problem="A rule ends today or later, and not before it begins.")
    if each.market_code and each.market_code not in markets:
        raise NotFound(kind="market", field="market")
    if each.node_code and each.node_code not in nodes:
        raise NotFound(kind="node", field="node")
    return Drafted(each, rule, markets.get(each.market_code), nodes.get(each.node_code), starts, row)


def _rule(each: Wanted) -> Rule:
    """What a rule says. Raises: BadRule."""
    if each.kind not in set(RuleKind):
        raise BadRule(field="kind", problem=f"There is no rule “{each.kind[:30]}”.")
    kind, amount = RuleKind(each.kind), each.amount_minor
    if (kind in OF_NODES) != bool(each.node_code):
        raise BadRule(field="node", problem="Name a node for rules of nodes, and for no other.")
    if amount is not None and (kind not in WITH_AMOUNT or amount <= 0 or not each.market_code):
        raise BadRule(field="amount", problem="An amount is above 0, of a market, and for rules that have one.")
    if kind is RuleKind.NO_SPLIT_BELOW and amount is None:
        raise BadRule(field="amount", problem="Say below which value nothing is split.")
    return Rule(kind, each.node_code, amount)


@transaction.atomic
def publish_rules(*, rules: Sequence[Wanted], edition: int, actor: Actor, reason: str, now: datetime) -> RuleEdition:
    """Put a draft of all rules in the place of those that are there; a rule that it leaves out or rewords ends today.

    `edition` is the one that the draft was made from. Raises: Denied, NotFound, BadRule, RulesChanged, Refused where
    nothing would change.
    """
    _check_actor(actor)
    _lock()
    current = queries.current_edition()
    if edition != current:
        raise RulesChanged(field="edition", edition=current)
    today = now.date()
    before = queries.list_rules(on=today)
    drafted = draft_rules(rules=rules, now=now, held=before)
    was = [said(row) for row in before]
    kept: set[UUID] = set()
    for position, each in enumerate(drafted, start=1):
        wanted, row = each.wanted, each.row
        if row is not None and _words(row) == (each.rule, wanted.market_code, each.valid_from):
            row.position, row.is_on, row.valid_until = position, wanted.is_on, wanted.valid_until
            row.save(update_fields=["position", "is_on", "valid_until"])
            kept.add(row.id)
            continue
        RoutingRule.objects.create(
            id=ids.new_id(now), created_at=now, kind=wanted.kind, market=each.market, node=each.node,
            amount_minor=wanted.amount_minor, position=position, is_on=wanted.is_on,
            valid_from=max(each.valid_from, today), valid_until=wanted.valid_until,
        )  # fmt: skip
    for row in before:
        if row.id not in kept:
            row.valid_until = max(today, row.valid_from)
            row.save(update_fields=["valid_until"])
    stands = [said(row) for row in queries.list_rules(on=today)]
    if [_bare(row) for row in stands] == [_bare(row) for row in was]:
        raise Refused("routing.nothing_changed", "The draft says what the rules say already.")
    made = _keep_edition(actor, reason, now)
    audit.record(
        actor=actor, verb="routing.rules_published", subject_kind="routing_rules", subject_id=made.id, now=now,
        reason=made.reason, before={"edition": current, "rules": was}, after={"edition": made.number, "rules": stands},
    )  # fmt: skip
    return made


def _bare(row: dict[str, Any]) -> dict[str, Any]:
    """A rule without its number in the order, which its place among the others says."""
    return {name: value for name, value in row.items() if name != "position"}


def _words(row: RoutingRule) -> tuple[Rule, str, date]:
    """What of a rule never changes."""
    rule = Rule(RuleKind(row.kind), row.node.code if row.node else "", row.amount_minor)
    return rule, row.market.code if row.market else "", row.valid_from


@transaction.atomic
def add_rule(*, rule: Wanted, actor: Actor, reason: str, now: datetime) -> RoutingRule:
    """Add a rule as the last, from a day on, today if none is named. Raises: Denied, NotFound, BadRule."""
    _check_actor(actor)
    _lock()
    rows = queries.list_rules(on=now.date())
    if len(rows) >= RULES_MAX:
        raise BadRule(field="kind", problem=f"There are {RULES_MAX} rules already.")
    try:
        [each] = draft_rules(rules=[replace(rule, rule_id=None)], now=now)
    except (BadRule, NotFound) as problem:
        problem.field = problem.field.partition(".")[2]
        raise
    row = RoutingRule.objects.create(
        id=ids.new_id(now), created_at=now, kind=each.rule.kind.value, market=each.market, node=each.node,
        amount_minor=each.rule.amount_minor, is_on=rule.is_on, valid_from=each.valid_from,
        valid_until=rule.valid_until, position=max((row.position for row in rows), default=0) + 1,
    )  # fmt: skip
    _record(actor, "routing.rule_added", row, reason, now, after=said(row))
    _keep_edition(actor, reason, now)
    return row


@transaction.atomic
def arrange_rules(*, places: Sequence[Place], actor: Actor, reason: str, now: datetime) -> int:
    """Put rules in order, switch them and end them; how many changed. Raises: Denied, NotFound, BadRule."""
    _check_actor(actor)
    _lock()
    rows = {row.id: row for row in RoutingRule.objects.select_related("market", "node").order_by("id")}
    changed = 0
    for place in places:
        row = rows.get(place.rule_id)
        if row is None:
            raise NotFound(kind="routing rule")
        until = place.valid_until
        if until is not None and until != row.valid_until and until < max(row.valid_from, now.date()):
            raise BadRule(field="valid_until", problem="A rule ends today or later.")
        before = said(row)
        row.position, row.is_on, row.valid_until = place.position, place.is_on, until
        if said(row) != before:
            row.save(update_fields=["position", "is_on", "valid_until"])
            _record(actor, "routing.rule_changed", row, reason, now, before=before, after=said(row))
            changed += 1
    if changed:
        _keep_edition(actor, reason, now)
    return changed


def _lock() -> None:
    """One change of the rules after the other."""
    db.execute("SELECT pg_advisory_xact_lock(hashtext('routing.rules'))")


def _keep_edition(actor: Actor, reason: str, now: datetime) -> RuleEdition:
    """Keep what all rules say from now on, under the next number."""
    return RuleEdition.objects.create(
        id=ids.new_id(now), created_at=now, number=queries.current_edition() + 1,
        rules=[said(row) for row in queries.list_rules(on=now.date())],
        reason=audit.require_reason(reason), published_by=actor.label,
    )  # fmt: skip


def _check_actor(actor: Actor) -> None:
    if actor != SYSTEM and actor.verbs.get("routing.edit") != "all":
        raise Denied("routing.rules_not_yours", "The marketplace decides where goods leave from.")


def _record(actor: Actor, verb: str, row: RoutingRule, reason: str, now: datetime, **values: dict[str, Any]) -> None:
    audit.record(
        actor=actor, verb=verb, subject_kind="routing_rule", subject_id=row.id, now=now,
        reason=audit.require_reason(reason), **values,
    )  # fmt: skip
