"""`entrepot route FILE`: from which nodes and by which services lines leave at least cost, and why."""

import json
from pathlib import Path
from typing import Any

import click

from entrepot.surfaces.cli import rows, tables


@click.command()
@rows.FILE
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("--why/--no-why", "has_reasons", default=True, help="Tell of every node why it was taken or not.")
def route(file: Path, as_json: bool, has_reasons: bool) -> int:
    """Route the lines of FILE over its nodes, stock and services, all together, at least cost.

    FILE is CSV with a column `row` (line, stock, option, node, rule), or JSON with the lists lines, stock, options,
    nodes and rules; `-` reads what is piped in. docs/rules/routing.md explains the columns. No marketplace is needed.
    The status is 1 where units remain that nobody can send.
    """
    from entrepot.domain.routing.batches import route as decide
    from entrepot.domain.routing.reading import COLUMNS, as_document, read

    question = read(rows.read(file, kinds={"stock": "stock"} | {f"{kind}s": kind for kind in COLUMNS}))
    document = as_document(question, decide(question.problem), has_reasons=has_reasons)
    print(json.dumps(document, ensure_ascii=False)) if as_json else _show(document)
    return 1 if document["short"] else 0


def _show(document: dict[str, Any]) -> None:
    from rich.table import Table

    from entrepot.kernel.money import format_minor

    def amount(minor: int | None) -> str:
        return "" if minor is None or not document["currency"] else format_minor(minor, document["currency"])

    console = tables.console()
    table = Table(show_edge=False, pad_edge=False)
    for heading in ("order", "from", "by", "days", "lines", "cost", "instead of"):
        table.add_column(heading, justify="right" if heading in {"days", "cost"} else "left")
    for order in document["orders"]:
        others = [each for each in order.get("why", ()) if each["verdict"] != "chosen"]
        instead = ", ".join(f"{each['node']} {amount(each['cost_minor']) or each['verdict']}" for each in others)
        name = " ".join(filter(None, (order["order"], order["seller"])))
        for parcel in order["parcels"]:
            lines = ", ".join(f"{each['units']} × {each['sku']}" for each in parcel["lines"])
            table.add_row(
                name,
                parcel["node"],
                parcel["service"],
                str(parcel["days"]),
                lines,
                amount(parcel["cost_minor"]),
                instead,
            )
            name = instead = ""
        if order["short"]:
            table.add_row(name, "nowhere", "", "", f"{order['short']} short", "", instead)
    console.print(table)
    alone = document["one_by_one"]
    console.print(
        f"{document['parcels']} parcels for {amount(document['cost_minor']) or '–'}"
        + (f", {document['short']} units short" if document["short"] else "")
        + f"; order by order it would be {alone['parcels']} for {amount(alone['cost_minor']) or '–'}."
    )
    if not document["exact"]:
        console.print("A better plan may exist; this one is the best that was found within the limits.", style="dim")
