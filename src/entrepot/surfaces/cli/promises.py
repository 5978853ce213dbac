"""`entrepot promises …`: what comes or came later than promised, and on whose part."""

import json
from typing import TYPE_CHECKING, Any

import click

from entrepot.surfaces.cli.session import with_database
from entrepot.surfaces.cli.tables import show_table

if TYPE_CHECKING:
    from entrepot.domain.orders.promises import PartView

JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@click.group()
def promises() -> None:
    """Promises kept and missed. docs/rules/lanes.md explains whose part a delay is."""


@promises.command()
@click.option("--state", type=click.Choice(["open", "missed"]), default=None,
              help="Running late, or missed. Default: both.")  # fmt: skip
@click.option("--party", type=click.Choice(["platform", "seller", "third_party", "unknown"]), default=None,
              help="Only what is late on a part of this party, or on one that nobody knows.")  # fmt: skip
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many at most.")
@JSON
@with_database
def late(state: str | None, party: str | None, limit: int, as_json: bool) -> int:
    """Suborders that are or were late, the last to end first."""
    from entrepot.domain.orders import promises as kept

    found = kept.list_late(state=state or "", party=party or "", limit=limit)
    if as_json:
        rows = [
            {"suborder": each.number, "order": each.order_number, "market": each.market_code,
             "seller": each.seller_name, "state": each.state, "promised_until": each.promised_until.isoformat(),
             "ends_on": each.ends_on.isoformat(), "late_days": each.late_days,
             "parts": [_part(part) for part in each.parts]}
            for each in found
        ]  # fmt: skip
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return 0
    show_table(
        ("suborder", "state", "promised until", "ends", "late by", "whose part"),
        [
            (each.number, each.state, str(each.promised_until), str(each.ends_on), f"{each.late_days} d",
             ", ".join(f"{part.leg} {part.days} d ({part.party or 'unknown'})" for part in each.parts))
            for each in found
        ],
    )  # fmt: skip
    return 0


@promises.command()
@click.argument("number")
@JSON
@with_database
def explain(number: str, as_json: bool) -> int:
    """The promise of the suborders of the order, or of the suborder, NUMBER: part by part."""
    from entrepot.domain.orders import promises as kept
    from entrepot.domain.orders import queries
    from entrepot.domain.orders.queries import EVERYBODYS
    from entrepot.kernel.errors import NotFound

    order_id = queries.find_order_id(number=number, scope=EVERYBODYS)
    if order_id is None:
        raise NotFound(kind="order")
    order = queries.get_order(order_id=order_id, scope=EVERYBODYS)
    wanted = [each for each in order.suborders if number.strip().upper() in (order.number, each.number)]
    found = kept.find_promises(suborder_ids=[each.id for each in wanted])
    document: list[dict[str, Any]] = [
        {"suborder": each.number, "promised_from": each.promised_from.isoformat(),
         "promised_until": each.promised_until.isoformat(), "state": found[each.id].state,
         "ends_on": found[each.id].ends_on.isoformat(), "late_days": found[each.id].late_days,
         "parts": [_part(part) for part in found[each.id].parts]}
        for each in wanted
        if each.id in found
    ]  # fmt: skip
    if as_json:
        print(json.dumps(document, indent=2, ensure_ascii=False))
        return 0
    for each in document:
        print(f"{each['suborder']}: promised {each['promised_from']} to {each['promised_until']}, {each['state']},"
              f" {'came' if each['state'] != 'open' else 'expected'} {each['ends_on']}\n")  # fmt: skip
        show_table(
            ("part", "who", "due", "done", "by the scan", "adds"),
            [
                (part["part"], part["party"] or "unknown", part["due_on"], part["done_on"] or "not seen",
                 part["scan"] or "", f"{part['days']} d" if part["days"] else "")
                for part in each["parts"]
            ],
        )  # fmt: skip
    if not document:
        print("Nothing was scanned of it yet, and its dispatch is not due.")
    return 0


def _part(part: "PartView") -> dict[str, Any]:
    return {
        "part": part.leg, "task": part.task, "party": part.party or None, "liable": part.liable or None,
        "due_on": part.due_on.isoformat(), "due_at": part.due_at.isoformat(),
        "done_on": part.done_on.isoformat() if part.is_done and part.done_on else None, "scan": part.event_kind,
        "scanned_at": part.done_at.isoformat() if part.done_at else None,
        "hours_late": part.hours_late, "days": part.days,
    }  # fmt: skip
