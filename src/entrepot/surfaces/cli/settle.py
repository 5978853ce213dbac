"""`entrepot settle`: close statements up to a day, and pay out what they owe."""

import json
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import click

from entrepot.surfaces.cli import tables
from entrepot.surfaces.cli.session import with_database

if TYPE_CHECKING:
    from entrepot.domain.settlement.models import PayoutBatch, Statement


@click.command()
@click.option(
    "--until",
    required=True,
    type=click.DateTime(formats=["%Y-%m-%d"]),
    metavar="DATE",
    help="The closing day, such as 2026-03-16: what is due when that day begins, in UTC, is settled.",
)
@click.option("--pay-out", "pays_out", is_flag=True, help="Send what the statements owe to the payout provider.")
@click.option("--provider", default="csv", show_default=True, help="The payout provider.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@with_database
def settle(until: datetime, pays_out: bool, provider: str, as_json: bool) -> None:
    """Close the statement of every seller and currency with something due, and show them.

    Again for the same day, it changes nothing and prints the same statements.
    """
    from entrepot.domain.settlement.providers import get_provider
    from entrepot.flows import settling
    from entrepot.kernel import clock
    from entrepot.kernel.actors import SYSTEM

    get_provider(provider)
    now = clock.now()
    tomorrow = datetime.combine(now.date() + timedelta(days=1), time(), UTC)
    day = min(until.replace(tzinfo=UTC), tomorrow)
    if day < until.replace(tzinfo=UTC):
        click.echo(f"{until.date()} has not come; settled up to {day.date()}.", err=True)
    statements = settling.settle(until=day, now=now, actor=SYSTEM)
    batches = settling.pay_out(now=now, actor=SYSTEM, provider=provider) if pays_out else []
    rows = [_row(each) for each in _with_sellers(statements)]
    sent = [_batch(each) for each in batches]
    if as_json:
        document: dict[str, Any] = {"until": day.date().isoformat(), "statements": rows}
        print(json.dumps(document | ({"batches": sent} if pays_out else {}), indent=2, ensure_ascii=False))
    else:
        _show(rows, sent, pays_out)


def _with_sellers(statements: "list[Statement]") -> "list[Statement]":
    """The same statements with their sellers at hand, by the seller's code."""
    from entrepot.domain.settlement.models import Statement

    found = Statement.objects.select_related("seller__organisation").filter(id__in=[each.id for each in statements])
    return list(found.order_by("seller__organisation__code", "currency"))


def _row(statement: "Statement") -> dict[str, Any]:
    return {
        "number": statement.number,
        "seller": statement.seller.organisation.code,
        "currency": statement.currency,
        "period_from": statement.period_from.isoformat(),
        "period_until": statement.period_until.isoformat(),
        "opening_minor": statement.opening_minor,
        "lines_minor": statement.lines_minor,
        "reserved_minor": statement.reserved_minor,
        "released_minor": statement.released_minor,
        "payable_minor": statement.payable_minor,
        "carried_minor": statement.carried_minor,
    }


def _batch(batch: "PayoutBatch") -> dict[str, Any]:
    from entrepot.domain.settlement.models import Payout

    payouts = Payout.objects.filter(batch=batch)
    return {
        "number": batch.number,
        "currency": batch.currency,
        "provider": batch.provider,
        "file": batch.media,
        "payouts": payouts.count(),
        "amount_minor": sum(payouts.values_list("amount_minor", flat=True)),
    }


def _show(rows: list[dict[str, Any]], batches: list[dict[str, Any]], pays_out: bool) -> None:
    from rich.table import Table

    from entrepot.kernel.money import format_minor

    console = tables.console()
    table = Table(show_edge=False, pad_edge=False)
    for name in ("statement", "seller"):
        table.add_column(name, no_wrap=True)
    amounts = ("opening", "lines", "reserved", "released", "payable", "carried")
    for name in amounts:
        table.add_column(name, justify="right")
    for row in rows:
        cells = [format_minor(row[f"{name}_minor"], row["currency"]) for name in amounts]
        table.add_row(row["number"], row["seller"], *cells)
    console.print(table if rows else "Nothing was due.")
    for batch in batches:
        total = format_minor(batch["amount_minor"], batch["currency"])
        console.print(f"Payout batch {batch['number']}: {batch['payouts']} payouts, {total}, file {batch['file']}")
    if pays_out and not batches:
        console.print("Nothing was to be paid out.")
