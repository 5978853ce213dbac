"""`entrepot import catalogue`: products and sellers of somebody else's files."""

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from entrepot.surfaces.cli import first, tables
from entrepot.surfaces.cli.session import with_database

if TYPE_CHECKING:
    from entrepot.intake.catalogue import Report
    from entrepot.intake.rejects import Rejects


@click.group(name="import")
def imports() -> None:
    """Bring in files of others. A mapping says how they are to be read: see docs/operating/import.md."""


@imports.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--mapping", required=True, metavar="FILE", help="The mapping, or the name of one that comes along.")
@click.option("--seller", metavar="CODE", default="", help="Whose products these are; without it the operator's.")
@click.option(
    "--rejects",
    "rejects_path",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where rows go that are not taken. Default: NAME-rejects.csv in this folder.",
)
@click.option("--dry-run", is_flag=True, help="Do everything and keep nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@with_database
def catalogue(path: Path, mapping: str, seller: str, rejects_path: Path | None, dry_run: bool, as_json: bool) -> int:
    """Import the catalogue at PATH: a folder with the mapping's files, one of them, or a mended rejects file.

    A second run changes nothing. Rows that are not taken go to a file that imports clean once it is mended.
    Status 1 where no row was taken.
    """
    from django.conf import settings

    from entrepot.intake import catalogue as intake
    from entrepot.intake import mapping as mappings
    from entrepot.intake.rejects import Rejects
    from entrepot.kernel import clock, garbage
    from entrepot.surfaces.cli.progress import counting

    garbage.look_seldom()
    document = mappings.load(mapping)
    first.install(settings)
    rejects = Rejects.beside(path, rejects_path, document.name, intake.wanted(document))
    with rejects, counting(f"Importing {document.title}", hidden=as_json) as step:
        report = intake.run(
            document,
            path,
            rejects,
            now=clock.now(),
            seller_code=seller,
            dry_run=dry_run,
            seen=lambda table, rows: step(rows),
        )
    outcome = _outcome(document.name, report, rejects, dry_run)
    print(json.dumps(outcome, indent=2, ensure_ascii=False)) if as_json else _show(outcome)
    read = sum(table.read for table in report.tables.values())
    return 1 if read and rejects.count == read else 0


def _outcome(name: str, report: "Report", rejects: "Rejects", dry_run: bool) -> dict[str, Any]:
    return {
        "mapping": name,
        "dry_run": dry_run,
        "tables": {table: asdict(outcome) for table, outcome in report.tables.items()},
        "lacking": dict(report.lacking),
        "prices_read": report.priced,
        "rejected": rejects.count,
        "rejects": str(rejects.path) if rejects.count else None,
        "first_rejects": [
            {"table": each.table, "file": each.file, "row": each.row, "problem": each.problem} for each in rejects.first
        ],
    }


def _show(outcome: dict[str, Any]) -> None:
    from rich.markup import escape
    from rich.table import Table

    console = tables.console(markup=True)
    table = Table(show_edge=False, pad_edge=False)
    counts = ("read", "created", "changed", "same", "repeated", "rejected")
    for heading in ("", *counts):
        table.add_column(heading, justify="right" if heading else "left")
    for name, each in outcome["tables"].items():
        table.add_row(name, *(f"{each[count]:,}" for count in counts))
    console.print(table)
    for each in outcome["tables"].values():
        for reason, rows in each["left_out"].items():
            console.print(f"{rows:,} left out: {reason}")
    if outcome["lacking"]:
        lacking = ", ".join(f"{what} {count:,}" for what, count in outcome["lacking"].items())
        console.print(f"Drafts still lack: {lacking}")
    for each in outcome["first_rejects"]:
        console.print(f"[red]{each['file']} row {each['row']}[/]: {escape(each['problem'])}")
    if outcome["rejected"]:
        console.print(f"{outcome['rejected']:,} rows were not taken; mend them in {outcome['rejects']} and import it.")
    if outcome["dry_run"]:
        console.print("A dry run: nothing was kept.")


@imports.command()
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
