"""`entrepot replay orders`: an order history played through the real flows."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from entrepot.surfaces.cli import first, tables
from entrepot.surfaces.cli.session import with_database

if TYPE_CHECKING:
    from entrepot.intake.playing import Played
    from entrepot.intake.replay import Read
    from entrepot.intake.stage import Stage

DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.group()
def replay() -> None:
    """Play histories of other shops through this marketplace. A mapping says how they are to be read."""


@replay.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--mapping", required=True, metavar="FILE", help="The mapping, or the name of one that comes along.")
@click.option("--programme", required=True, metavar="CODE", help="The programme under which the seller trades.")
@click.option("--from", "since", type=DAY, metavar="DATE", help="The first day that is played.")
@click.option("--until", type=DAY, metavar="DATE", help="Play orders before that day; what is open then still ends.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Play the first N orders only.")
@click.option(
    "--report",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write the buckets, the lines that are listed row by row and what was refused to this folder.",
)
@click.option("--dry-run", is_flag=True, help="Read and count, and play nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@with_database
def orders(
    path: Path,
    mapping: str,
    programme: str,
    since: datetime | None,
    until: datetime | None,
    limit: int | None,
    folder: Path | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Replay the order history at PATH, a file or a folder, on a moving clock: order, pay, ship, deliver, cancel or
    return, settle, pay out.

    Every line of the file lands in one bucket. A second run changes nothing; one that was cut off goes on. Status 1
    where the buckets do not sum to the file, the orders do not sum to the buckets, or the books do not hold.
    """
    from django.conf import settings

    from entrepot.domain.terms import queries as terms
    from entrepot.intake import mapping as mappings
    from entrepot.intake import replay as intake
    from entrepot.surfaces.cli.progress import counting

    document = mappings.load(mapping)
    first.install(settings)
    terms.get_current(programme)
    with counting(f"Reading {document.title}", hidden=as_json) as step:
        found = intake.read(document, path, seen=step)
    summary: dict[str, Any] = {
        "mapping": document.name, "programme": programme, "dry_run": dry_run, "currency": found.currency,
        "buckets": intake.buckets(found), "adds_up": intake.adds_up(found), "taken_back": intake.taken_back(found),
    }  # fmt: skip
    if dry_run:
        if folder:
            intake.write(folder, found, [])
        _print(summary, as_json)
        return 0 if summary["adds_up"] else 1
    with counting(f"Playing under {programme}", hidden=as_json, unit="days") as step:
        played, where = intake.play(
            found,
            path,
            programme=programme,
            since=_day(since),
            until=_day(until),
            orders_max=limit,
            seen=lambda day: step(1),
        )
    summary |= _outcome(found, played, where)
    if folder:
        intake.write(folder, found, played.failures)
        (folder / "summary.json").write_text(json.dumps(summary, indent=2, default=str, ensure_ascii=False) + "\n")
    _print(summary, as_json)
    return 0 if _sound(summary, whole=not (since or until or limit)) else 1


def _outcome(found: "Read", played: "Played", where: "Stage") -> dict[str, Any]:
    """What the run did, what the file says of the same, and what the proofs find in the books after it."""
    from entrepot.intake import replay as intake

    return {
        "assumed": where.assumed.source,
        "done_by_this_run": dict(played.counts),
        "seconds": {name: round(took, 1) for name, took in played.seconds.items()},
        "books": intake.books(where),
        "sales_of_the_file_minor": intake.told_minor(found),
        "orders_placed_minor": intake.placed_minor(where),
        "taken_back_by_the_file_minor": intake.told_back_minor(found),
        "given_back_minor": intake.given_back_minor(where),
        "rounding": str(intake.rounding(found)),
        "refused": [{"step": each.step, "key": each.key, "code": each.code, "message": each.message}
                    for each in played.failures],
        "verify": _findings(),
    }  # fmt: skip


def _sound(summary: dict[str, Any], *, whole: bool) -> bool:
    """Every line is in a bucket and the books hold; of a whole run, also that it did what the file says."""
    return (
        summary["adds_up"]
        and not any(summary["verify"].values())
        and (
            not whole
            or (
                summary["orders_placed_minor"] == summary["sales_of_the_file_minor"]
                and summary["given_back_minor"] == summary["taken_back_by_the_file_minor"]
            )
        )
    )


def _findings() -> dict[str, int]:
    """What speaks against each invariant."""
    from entrepot.kernel import clock
    from entrepot.verify import runner

    return {result.invariant.code: result.count for result in runner.verify(now=clock.now())}


def _day(given: datetime | None) -> date | None:
    return given.date() if given else None


def _print(summary: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(summary, indent=2, default=str, ensure_ascii=False))
        return
    from rich.table import Table

    console = tables.console(markup=True)
    table = Table(show_edge=False, pad_edge=False)
    for heading in ("bucket", "act", "lines", "units", f"value, {summary['currency']}"):
        table.add_column(heading, justify="left" if heading in {"bucket", "act"} else "right")
    for row in summary["buckets"]:
        lines, units = (f"{row[name]:,}" if isinstance(row[name], int) else "" for name in ("lines", "units"))
        table.add_row(row["bucket"], row["act"], lines, units, row["value"])
    console.print(table)
    console.print(
        "The buckets sum to the file." if summary["adds_up"] else "[red]The buckets do not sum to the file.[/]"
    )
    back = summary["taken_back"]
    console.print(
        f"Of it {back['units']:,} units take back earlier sales: {back['value_of_the_notes']} by the notes,"
        f" {back['value_of_the_sales']} as they were sold, {back['difference']} apart."
    )
    for name, facts in summary.get("books", {}).items():
        for each in facts if isinstance(facts, list) else [facts]:
            words = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in each.items())
            console.print(f"[bold]{name}[/] {words}")
    if "verify" in summary:
        refused = summary["refused"]
        console.print(f"Refused by the marketplace: {len(refused)}")
        for each in refused[:10]:
            console.print(f"  {each['step']} {each['key']}: {each['message']} \\[{each['code']}]")
        findings = {code: count for code, count in summary["verify"].items() if count}
        console.print(f"[red]Findings: {findings}[/]" if findings else "[green]The books hold.[/]")
