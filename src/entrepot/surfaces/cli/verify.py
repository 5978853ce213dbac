"""`entrepot verify`: prove the books of this database."""

import json
import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import click

from entrepot.surfaces.cli import tables
from entrepot.surfaces.cli.session import with_database

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from entrepot.verify.runner import Recent, Result


@click.command()
@click.option(
    "--only", "codes", multiple=True, metavar="ID", help="Check only this invariant, such as I17. Repeatable."
)
@click.option("--show", "shown", metavar="ID", help="Print the query of an invariant, to read or to run by hand.")
@click.option(
    "--anchor",
    "kept",
    multiple=True,
    metavar="NUMBER:HASH",
    help="A seal that was kept elsewhere. Repeatable.",
)
@click.option(
    "--since",
    metavar="TIME",
    help="Check only what was touched since, such as 2026-03-16T04:00 (UTC), or `last`: since the last run that held.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@with_database
def verify(codes: tuple[str, ...], shown: str | None, kept: tuple[str, ...], since: str | None, as_json: bool) -> int:
    """Check every invariant in one read-only snapshot.

    Status 0 where all hold, 1 where one does not. Each invariant is one SQL query that returns the rows against it.
    With --since, the orders, statements and payouts that anything touched since then are checked whole, and the
    invariants that only a whole run can tell of are named.
    """
    from django.conf import settings

    from entrepot.domain.ledger import sealing
    from entrepot.kernel import clock
    from entrepot.verify import last, runner

    if shown:
        print(runner.select([shown])[0].query)
        return 0
    now = clock.now()
    folder = settings.DATA_DIR
    if since and (codes or kept):
        raise click.UsageError("--since: give neither --only nor --anchor with it")
    if (start := _since(since, last.next_start(folder=folder))) is not None:
        proven = runner.verify_recent(since=start, now=now)
        last.go_on(proven.results, since=start, now=now, folder=folder)
        return _say_recent(proven, start, now, as_json=as_json)
    anchors = [*_anchors(kept), *sealing.read_anchors(folder / sealing.ANCHORS)]
    found = runner.verify(now=now, codes=list(codes), anchors=anchors)
    results = found if codes else _kept(found, folder, now)
    return _document(list(results), now) if as_json else _table(results)


def _since(text: str | None, last: datetime | None) -> datetime | None:
    """The instant that was given, or that of the last run; None for a whole run. Raises: UsageError."""
    if text is None or text == "last":
        return last if text else None
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError("--since: give a time, as 2026-03-16T04:00, or `last`") from None
    return given if given.tzinfo else given.replace(tzinfo=UTC)


def _say_recent(proven: "Recent", since: datetime, now: datetime, *, as_json: bool) -> int:
    if as_json:
        covered = {"orders": proven.orders, "statements": proven.statements}
        return _document(proven.results, now, since=since.isoformat(), covered=covered, left=proven.left)
    touched = f"{proven.orders} orders and {proven.statements} statements"
    click.echo(f"Since {since.astimezone(UTC):%Y-%m-%d %H:%M} UTC {touched} were touched.")
    status = _table(iter(proven.results))
    click.echo(f"Left to a whole run: {', '.join(proven.left)}; and rows that were altered without a trace.")
    return status


def _document(results: "Sequence[Result]", now: datetime, **more: object) -> int:
    document = {
        "checked_at": now.isoformat(),
        **more,
        "holds": all(result.holds for result in results),
        "invariants": [
            {
                "id": result.invariant.code,
                "statement": result.invariant.statement,
                "findings": result.count,
                "rows": result.rows,
            }
            for result in results
        ],
    }
    print(json.dumps(document, indent=2, default=_plain, ensure_ascii=False))
    return 0 if document["holds"] else 1


def _kept(results: "Iterator[Result]", folder: "Path", now: datetime) -> "Iterator[Result]":
    """The same results; a proof of everything is remembered for whoever watches, and for the next run."""
    from entrepot.verify import last

    started, found = time.monotonic(), []
    for result in results:
        found.append(result)
        yield result
    last.keep(found, folder=folder, seconds=time.monotonic() - started, now=now)


def _anchors(kept: tuple[str, ...]) -> list[tuple[int, str]]:
    """`NUMBER:HASH` as given by hand. Raises: UsageError."""
    pairs = [text.partition(":") for text in kept]
    for number, _, digest in pairs:
        if not number.isdecimal() or not digest:
            raise click.UsageError("--anchor: give a seal's number and its hash, as 41:9f2c…")
    return [(int(number), digest) for number, _, digest in pairs]


def _plain(value: object) -> int | str:
    """A value of a finding in JSON; PostgreSQL's sums of whole numbers are decimals."""
    return int(value) if isinstance(value, Decimal) and value == int(value) else str(value)


def _table(results: "Iterator[Result]") -> int:
    from rich.markup import escape
    from rich.table import Table

    console = tables.console(markup=True)
    findings = 0
    table = Table(show_edge=False, pad_edge=False)
    table.add_column("id", style="bold")
    table.add_column("what must hold")
    table.add_column("findings", justify="right")
    with console.status("Checking …") as status:
        for result in results:
            status.update(f"Checking {result.invariant.code} …")
            findings += result.count
            table.add_row(
                result.invariant.code,
                result.invariant.statement,
                "[green]none[/]" if result.holds else f"[red]{result.count}[/]",
            )
            for row in result.rows[:5]:
                table.add_row("", f"[red]{escape(', '.join(f'{name} {value}' for name, value in row.items()))}[/]", "")
    console.print(table)
    console.print("[green]The books hold.[/]" if not findings else f"[red]{findings} findings.[/]")
    return 1 if findings else 0
