"""`entrepot rates …`: what carriers and warehouses take, as published."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from entrepot.surfaces.cli import first, tables
from entrepot.surfaces.cli.session import with_database

if TYPE_CHECKING:
    from entrepot.domain.logistics.cards import RateCard

JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@click.group()
def rates() -> None:
    """Rate cards: docs/rules/freight.md explains them; `entrepot quote freight` prices by them."""


@rates.command("list")
@JSON
@with_database
def list_(as_json: bool) -> int:
    """The cards that hold today."""
    from django.conf import settings

    from entrepot.domain.logistics import publishing
    from entrepot.kernel import clock

    first.install(settings)
    document = [_document(each) for each in publishing.list_cards(on=clock.now().date())]
    if as_json:
        print(json.dumps(document, indent=2, ensure_ascii=False))
        return 0
    names = ("card", "mode", "origin", "currency", "valid_from", "title")
    tables.show_table(
        ("card", "mode", "from", "currency", "since", "what it is"),
        [[each[name] for name in names] for each in document],
    )
    return 0


@rates.command()
@click.argument("code")
@JSON
@with_database
def show(code: str, as_json: bool) -> int:
    """Every version of the card CODE, as the rows that were published."""
    from django.conf import settings

    from entrepot.domain.logistics import publishing

    first.install(settings)
    document = [_document(each) | {"sheet": each.sheet} for each in publishing.list_cards(codes=[code])]
    if as_json:
        print(json.dumps(document, indent=2, ensure_ascii=False))
        return 0
    for each in document:
        print(f"{each['title']} ({code}), {each['valid_from']} to {each['valid_until'] or 'now'}\n{each['source']}\n")
        print(each["sheet"])
    return 0


@rates.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@with_database
def look(file: Path) -> int:
    """Say what `entrepot import rates FILE` would publish and what changes; publish nothing."""
    from django.conf import settings

    from entrepot.domain.logistics import publishing

    first.install(settings)
    return tell(publishing.plan_cards(file.read_text(encoding="utf-8-sig")))


def tell(planned: list[Any]) -> int:
    """What a sheet would do, and whether something of it is refused."""
    for each in planned:
        state = each.refusal or ("there already" if each.is_known else "new" if each.is_new else "a new version")
        print(f"{each.code} from {each.valid_from}: {state}")
        for change in each.changes:
            print(f"  {change.row} {change.column}: {change.before or '–'} → {change.after or '–'}")
    return 1 if any(each.refusal for each in planned) else 0


def _document(each: "RateCard") -> dict[str, Any]:
    return {
        "card": each.card.code, "title": each.title, "carrier": each.carrier, "service": each.service,
        "mode": each.mode.value, "currency": each.card.currency, "origin": each.origin,
        "valid_from": each.valid_from.isoformat(),
        "valid_until": each.valid_until.isoformat() if each.valid_until else None, "source": each.source,
    }  # fmt: skip
