"""`entrepot quote landed FILE`: what lines cost once they have arrived, part by part."""

import csv
import json
import sys
from datetime import datetime
from io import StringIO
from typing import IO, Any

import click

from entrepot.kernel.errors import Invalid
from entrepot.surfaces.cli import freight
from entrepot.surfaces.cli.session import with_database


@click.group()
def quote() -> None:
    """Price goods before they move."""


quote.add_command(freight.freight)


class Unreadable(Invalid):
    """The file is neither CSV nor JSON."""

    code = "quote.unreadable"
    message = "The file cannot be read: {reason}"


@quote.command()
@click.argument("file", type=click.File("rb"))
@click.option("--share-by", type=click.Choice(["value", "weight", "quantity"]), default="value", show_default=True,
              help="By what the lines of a consignment share what is charged for all of them.")  # fmt: skip
@click.option("--spread", "is_spread", is_flag=True,
              help="Share freight, insurance, brokerage and other costs of a consignment among its lines.")  # fmt: skip
@click.option("--known-on", type=click.DateTime(formats=["%Y-%m-%d"]), metavar="DATE",
              help="The law as it was announced by then.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@with_database
def landed(file: IO[bytes], share_by: str, is_spread: bool, known_on: datetime | None, as_json: bool) -> None:
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
    rows = read_rows(file.read())
    try:
        found = flow.quote(
            rows, share_by=Share(share_by), is_spread=is_spread, known_on=known_on.date() if known_on else None
        )
    except BadLines as refusal:
        if not as_json:
            for row in refusal.values["rows"]:
                click.echo(f"row {row['row']}, {row['field']}: {row['problem']} [{row['code']}]", err=True)
        raise
    document = landed_document(found)
    print(json.dumps(document, ensure_ascii=False)) if as_json else _show(document)


def read_rows(content: bytes) -> list[dict[str, Any]]:
    """The lines of a CSV file with a header, or of JSON: a list of objects, or {"lines": […]}. Raises: Unreadable."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise Unreadable(reason=str(problem)) from None
    if text.lstrip()[:1] in {"[", "{"}:
        try:
            found = json.loads(text)
        except ValueError as problem:
            raise Unreadable(reason=str(problem)) from None
        rows = found.get("lines") if isinstance(found, dict) else found
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise Unreadable(reason='JSON is a list of objects, or {"lines": [...]}')
        return rows
    reader = csv.DictReader(StringIO(text, newline=""))
    rows = list(reader)
    for number, row in enumerate(rows, 1):
        if None in row or None in row.values():
            raise Unreadable(reason=f"row {number} has not as many cells as the header")
    return rows


def _show(document: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    from entrepot.kernel.money import format_minor
    from entrepot.surfaces.shared.tariffs import PARTS

    console = Console(width=None if sys.stdout.isatty() else 200, highlight=False)
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
        console.print(f"[dim]{regime['destination']}: rows reviewed on {regime['reviewed_on']}.[/]")
