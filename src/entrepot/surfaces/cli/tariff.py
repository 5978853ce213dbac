"""`entrepot tariff load | explain | list`: the tariffs of this marketplace, and why goods are charged what they are."""

import csv
import json
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from entrepot.surfaces.cli import tables
from entrepot.surfaces.cli.session import with_database

if TYPE_CHECKING:
    from entrepot.intake.tariffs import Report

day = click.DateTime(formats=["%Y-%m-%d"])


@click.group()
def tariff() -> None:
    """Load tariffs, and look up customs duty by code, origin, destination and day."""


@tariff.command()
@click.argument("which", metavar="us|eu", type=click.Choice(["us", "eu"]))
@click.argument(
    "paths", metavar="FILE…", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--from", "valid_from", type=day, metavar="DATE", help="From when this edition of the tariff holds.")
@click.option(
    "--unparsed",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where rates go that a person has to work out. Default: tariff-us-unparsed.csv in this folder.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@with_database
def load(
    which: str, paths: tuple[Path, ...], valid_from: datetime | None, unparsed: Path | None, as_json: bool
) -> None:
    """Load the tariff of the United States (us), or of the European Union and the United Kingdom (eu), from FILEs.

    `us`: htsdata.csv of hts.usitc.gov, and lists of codes of the authorities whose duties stack on it. `eu`: both
    tariffs side by side. A second run changes nothing.
    """
    from entrepot.domain.customs import services
    from entrepot.intake import tariffs
    from entrepot.kernel import clock
    from entrepot.kernel.actors import SYSTEM
    from entrepot.surfaces.cli.progress import counting

    now = clock.now()
    services.load_reference(now=now)
    with counting(f"Loading the tariff {which}", hidden=as_json) as step:
        report = tariffs.load(which, paths, actor=SYSTEM, now=now, valid_from=_day(valid_from), seen=step)
    path = unparsed or Path(f"tariff-{which}-unparsed.csv")
    if report.unparsed or path.exists():
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("schedule", "column", "code", "rate", "reason"))
            writer.writerows((row.schedule, row.column, row.code, row.rate, row.reason) for row in report.unparsed)
    outcome = _outcome(which, report, path)
    print(json.dumps(outcome, indent=2, ensure_ascii=False)) if as_json else _show_load(outcome)


def _outcome(which: str, report: "Report", path: Path) -> dict[str, Any]:
    return {
        "tariff": which,
        "rows": report.rows,
        "columns": {
            name: {
                "codes": count.codes,
                "rated": count.rated,
                "parsed": count.parsed,
                "share": round(count.share, 6),
            }
            for name, count in report.counts.items()
        },
        "editions": [
            {"schedule": each.schedule, "list": each.name, "rows": each.rows, "new": each.is_new}
            for each in report.loaded
        ],
        "unparsed": len(report.unparsed),
        "unparsed_file": str(path) if report.unparsed else None,
    }


def _show_load(outcome: dict[str, Any]) -> None:
    console = tables.console()
    console.print(f"{outcome['rows']:,} rows read.")
    if outcome["columns"]:
        figures = ("codes", "with a rate", "computed", "share")
        shown = [
            (name, *(f"{each[key]:,}" for key in ("codes", "rated", "parsed")), f"{each['share']:.2%}")
            for name, each in outcome["columns"].items()
        ]
        tables.show_table(("column", *figures), shown, right=figures)
    for each in outcome["editions"]:
        what = f"list {each['list']}" if each["list"] else f"tariff {each['schedule']}"
        console.print(f"{what}: {each['rows']:,} rows, {'loaded' if each['new'] else 'already there'}")
    if outcome["unparsed"]:
        console.print(f"{outcome['unparsed']:,} rates have to be worked out by a person: {outcome['unparsed_file']}")


@tariff.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@with_database
def list_(as_json: bool) -> None:
    """List what is loaded."""
    from entrepot.domain.customs import queries, services
    from entrepot.kernel import clock

    services.load_reference(now=clock.now())
    rows: list[dict[str, Any]] = [
        {"schedule": each.schedule, "list": each.name, "from": each.valid_from.isoformat(),
         "complete": each.is_complete, "rows": each.rows, "source": each.source}
        for each in queries.list_editions()
    ]  # fmt: skip
    if as_json:
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    shown = [(row["schedule"], row["list"], row["from"], f"{row['rows']:,}", row["source"]) for row in rows]
    tables.show_table(("schedule", "list", "from", "rows", "source"), shown, right=("rows",))


@tariff.command()
@click.argument("hs")
@click.argument("origin")
@click.argument("destination")
@click.argument("on", metavar="DATE", type=day)
@click.option("--importer", default="shopper", show_default=True, help="shopper, seller, platform or third_party.")
@click.option("--mode", default="air", show_default=True, help="air, express, post, post_flat, sea, rail or truck.")
@click.option("--collected", default="at_sale", show_default=True, help="Tax taken at_sale or at_border.")
@click.option("--known-on", type=day, metavar="DATE", help="The law as it was announced by then.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@with_database
def explain(
    hs: str,
    origin: str,
    destination: str,
    on: datetime,
    importer: str,
    mode: str,
    collected: str,
    known_on: datetime | None,
    as_json: bool,
) -> None:
    """Say what the border takes of goods with the code HS from ORIGIN in DESTINATION on DATE, and what changes next.

    DESTINATION is a country (DE) or a state of it (US-CA).
    """
    from entrepot.domain.customs import services
    from entrepot.flows import landed
    from entrepot.kernel import clock
    from entrepot.surfaces.shared.tariffs import explained

    services.load_reference(now=clock.now())
    found = landed.explain_texts(
        hs=hs,
        origin=origin,
        destination=destination,
        on=on.date(),
        importer=importer,
        mode=mode,
        collected=collected,
        known_on=_day(known_on),
    )
    document = explained(found)
    print(json.dumps(document, indent=2, ensure_ascii=False)) if as_json else _show(document)


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


def _show(document: dict[str, Any]) -> None:
    from rich.text import Text

    def sourced(text: str, source: str) -> Text:
        return Text.assemble(text, " ", (f"({source})", "dim"))

    console = tables.console()
    regime = document["regime"]
    into = f" from {document['origin']} into {document['destination']} on {document['date']}"
    console.print(Text.assemble((document["hs"], "bold"), into))
    console.print(f"Customs duty on {regime['duty_base']}; {regime['value']} price is the value; {regime['currency']}.")
    if line := document["tariff_line"]:
        named = f"Tariff line {line['code']} {line['description']}: "
        console.print(Text.assemble(named, (line["rate"], "bold"), f" ({line['edition']})"))
    if document["problem"]:
        console.print(document["problem"], style="yellow")
    for overlay in document["overlays"]:
        console.print(f"  + {overlay['rate']} {overlay['authority']} {overlay['heading']}: {overlay['source']}")
    for band in document["bands"]:
        console.print(band["worth"], style="bold")
        for charge in band["charges"]:
            console.print(sourced(f"  {charge['part']}: {charge['says']}", charge["source"]))
    if document["changes"]:
        console.print("What changes next", style="bold")
        for change in document["changes"][:10]:
            console.print(sourced(f"  {change['on']} {change['what']} {change['says']}", change["source"]))
    console.print(f"Rows reviewed on {regime['reviewed_on']}: {regime['source']}", style="dim")
