"""`entrepot quote landed` and `quote freight`: what rows of a file cost to bring here, and to carry, part by part."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from entrepot.surfaces.cli import first, rows, tables
from entrepot.surfaces.cli.session import with_database


@click.group()
def quote() -> None:
    """Price goods before they move."""


@quote.command()
@rows.FILE
@click.option("--share-by", type=click.Choice(["value", "weight", "quantity"]), default="value", show_default=True,
              help="By what the lines of a consignment share what is charged for all of them.")  # fmt: skip
@click.option("--spread", "is_spread", is_flag=True,
              help="Share freight, insurance, brokerage and other costs of a consignment among its lines.")  # fmt: skip
@click.option("--known-on", type=click.DateTime(formats=["%Y-%m-%d"]), metavar="DATE",
              help="The law as it was announced by then.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@with_database
def landed(file: Path, share_by: str, is_spread: bool, known_on: datetime | None, as_json: bool) -> None:
    """Quote the landed cost of the lines in FILE, CSV with a header or JSON; `-` reads what is piped in.

    Columns: hs, origin, destination, date, quantity, weight_g, currency, retail or cost; and, where they matter,
    consignment, region, freight, insurance, brokerage, other, importer, collected, mode, incoterm, tax_class, measures.
    docs/rules/landed-cost.md explains them.
    """
    from entrepot.domain.customs import services
    from entrepot.domain.customs.problems import BadLines
    from entrepot.domain.customs.rules import Share
    from entrepot.flows import landed as flow
    from entrepot.kernel import clock
    from entrepot.surfaces.shared.tariffs import landed_document

    services.load_reference(now=clock.now())
    given = rows.read(file)
    try:
        found = flow.quote(
            given, share_by=Share(share_by), is_spread=is_spread, known_on=known_on.date() if known_on else None
        )
    except BadLines as refusal:
        if not as_json:
            for row in refusal.values["rows"]:
                click.echo(f"row {row['row']}, {row['field']}: {row['problem']} [{row['code']}]", err=True)
        raise
    document = landed_document(found)
    print(json.dumps(document, ensure_ascii=False)) if as_json else _show(document)


def _show(document: dict[str, Any]) -> None:
    from rich.table import Table

    from entrepot.kernel.money import format_minor
    from entrepot.surfaces.shared.tariffs import PARTS

    console = tables.console()
    used = [name for name in PARTS if any(line["parts"][name] for line in document["lines"])]
    table = Table(show_edge=False, pad_edge=False)
    for heading in ("line", *(str(PARTS[name]).lower() for name in used), "total", "a unit"):
        table.add_column(heading, justify="right")
    for line in document["lines"]:
        amounts = [*(line["parts"][name] for name in used), line["total_minor"], line["unit_minor"]]
        table.add_row(str(line["line"]), *(format_minor(each, line["currency"]) for each in amounts))
    console.print(table)
    for total in document["totals"]:
        amount = format_minor(total["total_minor"], total["currency"])
        seller = format_minor(total["seller_bears_minor"], total["currency"])
        console.print(f"In all {amount}, of which the seller bears {seller}.")
    for regime in document["regimes"]:
        console.print(f"{regime['destination']}: rows reviewed on {regime['reviewed_on']}.", style="dim")


@quote.command()
@rows.FILE
@click.option(
    "--cards",
    type=click.Path(exists=True, path_type=Path),
    metavar="FILE",
    help="Price by the cards of this file instead of those that are published.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@with_database
def freight(file: Path, cards: Path | None, as_json: bool) -> int:
    """What each row of FILE costs to carry, handle or store, by every rate card that is meant for it.

    FILE is CSV or JSON, - for standard input; docs/rules/freight.md names the columns. The cheapest way comes first;
    ways that do not go say why.
    """
    from django.conf import settings

    from entrepot.domain.logistics import freight as rates
    from entrepot.domain.logistics import publishing
    from entrepot.domain.logistics.cards import read_cards
    from entrepot.kernel import clock

    first.install(settings)
    given = rows.read(file)
    consignments = rates.read_consignments(given, today=clock.now().date())
    named = {code for each in consignments for code in each.cards}
    known = read_cards(cards.read_text(encoding="utf-8-sig")) if cards else publishing.list_cards(codes=named or None)
    found = rates.quote(consignments, known)
    document: list[dict[str, Any]] = [
        {"id": str(row.get("id", place)), "quotes": [rates.as_document(each) for each in quotes]}
        for place, (row, quotes) in enumerate(zip(given, found, strict=True), start=1)
    ]
    if as_json:
        print(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        _freight_table(document)
    return 0 if all(any(not each["refusal"] for each in row["quotes"]) for row in document) else 1


def _freight_table(document: list[dict[str, Any]]) -> None:
    from rich.table import Table

    from entrepot.kernel.money import format_minor

    table = Table(show_edge=False, pad_edge=False)
    for heading in ("row", "card", "days", "billed", "parts", "total"):
        table.add_column(heading, justify="right" if heading in {"days", "billed", "total"} else "left")
    for row in document:
        if not row["quotes"]:
            table.add_row(row["id"], "no card is meant for this", "", "", "", "")
        for each in row["quotes"]:
            currency = each["currency"]
            parts = ", ".join(f"{code} {format_minor(minor, currency)}" for code, minor in each["parts"].items())
            days = "–".join(str(day) for day in dict.fromkeys(each["transit_days"] or ()))
            total = format_minor(each["total_minor"], currency)
            table.add_row(
                row["id"], each["card"], days, f"{each['billed_g'] / 1000:g} kg", parts or each["refusal_text"],
                "" if each["refusal"] else total,
            )  # fmt: skip
    tables.console().print(table)
