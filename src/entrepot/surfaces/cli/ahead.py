"""`entrepot ahead …`: what is sold while it is on its way."""

import json
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

import click

from entrepot.surfaces.cli.session import with_database
from entrepot.surfaces.cli.tables import show_table

JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
REASON = click.option("--reason", required=True, help="Why; kept in the audit trail.")


@click.group()
def ahead() -> None:
    """What is sold while it is on its way to a warehouse. docs/rules/inbound.md explains it."""


@ahead.command("list")
@JSON
@with_database
def list_(as_json: bool) -> None:
    """The rules in force, and the shipments of which anything may be sold ahead."""
    from entrepot.domain.inbound import ahead as selling
    from entrepot.domain.inventory import coming
    from entrepot.kernel import clock

    rules = [
        {"id": str(row.id), **selling.said(row), "from": row.valid_from.isoformat()}
        for row in selling.list_rules(on=clock.now().date())
    ]
    shipments = [
        {"shipment": each.number, "ready_on": each.ready_on.isoformat(), "units": each.units, "sold": each.sold}
        for found in coming.list_ahead(shipment_ids=coming.list_shipments()).values()
        for each in found
    ]
    if as_json:
        print(json.dumps({"rules": rules, "shipments": shipments}))
        return
    if not rules:
        print("No rule is set: what is on its way is not sold.")
    _table(rules)
    _table(shipments)


@ahead.command("set")
@click.option("--market", default="", help="Code of the only market it is for.")
@click.option("--node", default="", help="Code of the only warehouse it is for.")
@click.option("--programme", default="", help="Code of the only programme it is for.")
@click.option("--mode", default="", help="The only way it is for: sea, air, rail or truck.")
@click.option("--keep-back", default="", help="Share that is kept back, such as 0.1. Without it nothing is sold ahead.")
@click.option("--put-away-days", type=int, default=2, show_default=True, help="Working days from arrival to ready.")
@REASON
@with_database
def set_(market: str, node: str, programme: str, mode: str, keep_back: str, put_away_days: int, reason: str) -> None:
    """Set a rule from today on; the rule that names most counts for a shipment."""
    from entrepot.domain.inbound import ahead as selling
    from entrepot.kernel import clock
    from entrepot.kernel.actors import SYSTEM
    from entrepot.kernel.errors import Invalid

    try:
        rate = Decimal(keep_back) if keep_back else None
    except InvalidOperation:
        raise Invalid("inbound.safety_share", "Keep back 0 to 99.99 per cent.", field="safety_rate") from None
    rule = selling.NewShare(
        market_code=market, node_code=node, programme_code=programme, mode=mode, safety_rate=rate,
        put_away_days=put_away_days,
    )  # fmt: skip
    made = selling.set_rule(rule=rule, actor=SYSTEM, reason=reason, now=clock.now())
    print(f"Rule {made.id} counts from today on.")


@ahead.command()
@click.argument("rule_id", type=click.UUID)
@REASON
@with_database
def end(rule_id: UUID, reason: str) -> None:
    """Let the rule RULE_ID count no more."""
    from entrepot.domain.inbound import ahead as selling
    from entrepot.kernel import clock
    from entrepot.kernel.actors import SYSTEM

    selling.end_rule(rule_id=rule_id, actor=SYSTEM, reason=reason, now=clock.now())
    print("It counts no more.")


def _table(rows: list[dict[str, Any]]) -> None:
    if rows:
        show_table(tuple(rows[0]), [tuple("" if each is None else str(each) for each in row.values()) for row in rows])
