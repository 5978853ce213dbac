"""`entrepot quote freight` and `entrepot import rates`: rate cards, in and out."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from entrepot.surfaces.cli import first, rows
from entrepot.surfaces.cli.session import with_database


@click.command()
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
        _table(document)
    return 0 if all(any(not each["refusal"] for each in row["quotes"]) for row in document) else 1


def _table(document: list[dict[str, Any]]) -> None:
    from rich.console import Console
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
    Console().print(table)


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--carrier", metavar="NAME", help="Read FILE as this carrier's sheet of services.")
@click.option("--origin", metavar="COUNTRY", default="", help="Of a sheet of services: from where it holds.")
@click.option(
    "--from",
    "since",
    type=click.DateTime(formats=["%Y-%m-%d"]),
    metavar="DATE",
    help="Of a sheet of services: the first day on which it holds.",
)
@click.option("--source", metavar="TEXT", default="", help="Of a sheet of services: where it comes from.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@with_database
def rates(file: Path, carrier: str | None, origin: str, since: datetime | None, source: str, as_json: bool) -> int:
    """Publish the rate cards of FILE: see docs/rules/freight.md. A second run changes nothing."""
    from django.conf import settings

    from entrepot.domain.logistics import layouts, publishing
    from entrepot.kernel import clock
    from entrepot.kernel.actors import SYSTEM

    first.install(settings)
    now = clock.now()
    text, left_out = file.read_text(encoding="utf-8-sig"), []
    if carrier:
        day = since.date() if since else now.date()
        rewritten = layouts.service_sheet(
            text, carrier=carrier, origin=origin, valid_from=day, source=source or file.name
        )
        text, left_out = rewritten.sheet, rewritten.left_out
    made = publishing.publish_cards(actor=SYSTEM, text=text, now=now)
    if as_json:
        told = [{"row": row, "why": why} for row, why in left_out]
        print(json.dumps({"published": made, "left_out": told}, indent=2))
        return 0
    for code in made:
        print(f"published {code}")
    for row, why in left_out:
        print(f"row {row} is left out: {why}")
    print(f"{len(made)} rate cards are new.")
    return 0
