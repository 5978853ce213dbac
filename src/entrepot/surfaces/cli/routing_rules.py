"""`entrepot routing-rules …`: what the operator forbids and prefers where goods leave from."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

import click

from entrepot.surfaces.cli.session import with_database

DAY = click.DateTime(formats=["%Y-%m-%d"])
REASON = click.option("--reason", required=True, help="Why; kept in the audit trail.")


@click.group("routing-rules")
def routing_rules() -> None:
    """Rules of routing, in their order. docs/rules/routing.md explains them."""


@routing_rules.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@with_database
def list_(as_json: bool) -> None:
    """The rules that hold today or later, switched on or not."""
    from entrepot.domain.routing import queries
    from entrepot.kernel import clock

    found = queries.list_rules(on=clock.now().date())
    rows = [_row(each) for each in found]
    if as_json:
        print(json.dumps([queries.said(each) for each in found], ensure_ascii=False))
    elif not rows:
        print("No rule is set: goods leave from where the shopper is, where they can.")
    for row in [] if as_json else rows:
        print("  ".join(str(value) for value in row.values() if value not in ("", None)))


def _row(rule: Any) -> dict[str, Any]:
    return {
        "position": rule.position,
        "id": str(rule.id),
        "rule": rule.kind,
        "market": rule.market.code if rule.market else "",
        "node": rule.node.code if rule.node else "",
        "amount_minor": rule.amount_minor,
        "switch": "on" if rule.is_on else "off",
        "from": rule.valid_from.isoformat(),
        "until": rule.valid_until.isoformat() if rule.valid_until else "",
    }


@routing_rules.command()
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.option("--orders", type=click.IntRange(1, 500), default=100, show_default=True, help="How many of the latest.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@with_database
def look(file: Any, orders: int, as_json: bool) -> None:
    """What the draft in FILE would change, on the latest orders; nothing is kept.

    FILE is a JSON list of rules as `list --json` writes them; `-` reads what is piped in.
    """
    from entrepot.flows import rerouting
    from entrepot.kernel import clock
    from entrepot.surfaces.shared.routing import look_document

    found = look_document(rerouting.look(rules=_read(file.read()), now=clock.now(), orders=orders))
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
        return
    print(
        f"Orders: {found['orders']}, as of {found['on']}. Changed: {found['changed']}, of these lost: {found['lost']}."
    )
    for name in ("before", "after"):
        side = found[name]
        costs = ", ".join(f"{minor} {currency}" for currency, minor in side["cost_minor"].items()) or "0"
        nodes = ", ".join(f"{code} {count}" for code, count in side["by_node"].items()) or "none"
        print(f"{name}: {side['parcels']} parcels ({nodes}); carriage and duty in minor units: {costs}")


@routing_rules.command()
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.option("--edition", type=int, required=True, help="The edition that the draft was made from; see `history`.")
@REASON
@with_database
def publish(file: Any, edition: int, reason: str) -> None:
    """Put the draft in FILE in the place of all rules; a rule that it leaves out or rewords ends today."""
    from entrepot.domain.routing import services
    from entrepot.kernel import clock
    from entrepot.kernel.actors import SYSTEM

    made = services.publish_rules(
        rules=_read(file.read()), edition=edition, actor=SYSTEM, reason=reason, now=clock.now()
    )
    print(f"Edition {made.number} holds from now on.")


@routing_rules.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@with_database
def history(as_json: bool) -> None:
    """The editions of the rules, the newest first, with who published them and why."""
    from entrepot.domain.routing import queries

    rows = [
        {"edition": each.number, "at": each.created_at.isoformat(), "by": each.published_by, "reason": each.reason,
         "rules": each.rules}
        for each in queries.list_editions()
    ]  # fmt: skip
    if as_json:
        print(json.dumps(rows, ensure_ascii=False))
        return
    print(f"Edition {rows[0]['edition'] if rows else 0} holds.")
    for row in rows:
        print(f"{row['edition']}  {row['at']}  {row['by']}  {len(row['rules'])} rules  {row['reason']}")


def _read(text: str) -> list[Any]:
    """The rules of a document. Raises: BadRule."""
    from entrepot.domain.routing.services import BadRule
    from entrepot.surfaces.shared.routing import read_rules

    try:
        return read_rules(json.loads(text))
    except ValueError:
        raise BadRule(field="file", problem="The file is no JSON list of rules.") from None


@routing_rules.command()
@click.argument("rule")
@click.option("--market", default="", help="Code of the only market it is for.")
@click.option("--node", default="", help="Code of the node it speaks of.")
@click.option("--amount", default="", help="In major units of the market's currency, such as 20.00.")
@click.option("--from", "starts", type=DAY, metavar="DATE", help="The first day. Default: today.")
@REASON
@with_database
def add(rule: str, market: str, node: str, amount: str, starts: datetime | None, reason: str) -> None:
    """Add RULE as the last: exclude_node, one_parcel, no_split_below, only_ready, prefer_local, _node or _ready."""
    from entrepot.domain.markets import queries as markets
    from entrepot.domain.routing import services
    from entrepot.kernel import clock
    from entrepot.kernel.actors import SYSTEM
    from entrepot.kernel.errors import NotFound
    from entrepot.kernel.money import parse_minor

    minor = None
    if amount:
        known = {each.code: each for each in markets.list_markets()}
        if market not in known:
            raise NotFound(kind="market", field="market")
        minor = parse_minor(amount, known[market].currency)
    wanted = services.Wanted(rule, market, node, minor, valid_from=starts.date() if starts else None)
    made = services.add_rule(rule=wanted, actor=SYSTEM, reason=reason, now=clock.now())
    print(f"Rule {made.position}: {made.kind} {made.id}")


@routing_rules.command()
@click.argument("rule_id", type=click.UUID)
@click.option("--position", type=click.IntRange(1), help="Its place in the order.")
@click.option("--on/--off", "is_on", default=None, help="Switch it.")
@click.option("--until", type=DAY, metavar="DATE", help="The day on which it no longer holds.")
@REASON
@with_database
def change(rule_id: UUID, position: int | None, is_on: bool | None, until: datetime | None, reason: str) -> None:
    """Move, switch or end the rule RULE_ID."""
    from entrepot.domain.routing import queries, services
    from entrepot.kernel import clock
    from entrepot.kernel.actors import SYSTEM
    from entrepot.kernel.errors import NotFound

    now = clock.now()
    known = {each.id: each for each in queries.list_rules(on=now.date())}
    if rule_id not in known:
        raise NotFound(kind="routing rule", field="rule_id")
    rule = known[rule_id]
    place = services.Place(
        rule_id, position or rule.position, rule.is_on if is_on is None else is_on,
        until.date() if until else rule.valid_until,
    )  # fmt: skip
    changed = services.arrange_rules(places=[place], actor=SYSTEM, reason=reason, now=now)
    print("Changed." if changed else "Nothing changed.")
