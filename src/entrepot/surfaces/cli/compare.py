"""`entrepot compare FILE`: every programme and way for a seller's goods, side by side."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from entrepot.surfaces.cli import first, rows
from entrepot.surfaces.cli.session import with_database

if TYPE_CHECKING:
    from uuid import UUID

    from entrepot.flows.comparing import Compared


@click.command()
@rows.FILE
@click.option("--seller", metavar="CODE", default="", help="Say also what this seller lacks for each programme.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option(
    "--picture",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    metavar="FILE.svg",
    help="Draw the first SKU by sea to a warehouse in the market against one parcel by air.",
)
@with_database
def compare(file: Path, seller: str, as_json: bool, picture: Path | None) -> int:
    """Compare programmes and ways for the SKUs in FILE, CSV or JSON; - for standard input.

    Columns: sku, market, home_country, currency, retail, cost, weight_g; and, where they matter, supply, length_mm,
    width_mm, height_mm, hs_code, category, units, stock_days, supplier_days, flags: see docs/rules/compare.md.
    """
    from django.conf import settings

    from entrepot.domain.customs import services as customs
    from entrepot.flows import comparing, plans
    from entrepot.kernel import clock
    from entrepot.kernel.actors import SYSTEM

    first.install(settings)
    now = clock.now()
    customs.load_reference(now=now)
    asked = plans.read_plans(rows.read(file))
    seller_id = _seller(seller)
    found = comparing.compare(plans=asked, now=now, actor=SYSTEM, seller_id=seller_id)
    if picture:
        _draw(found[0], picture)
    if as_json:
        print(json.dumps([comparing.as_document(each) for each in found], indent=2, ensure_ascii=False, default=str))
    else:
        for each in found:
            _show(each)
    return 0


def _draw(found: "Compared", file: Path) -> None:
    """Write the picture. Raises: Unavailable where one of the two ways cannot be reckoned."""
    from entrepot.kernel.errors import Unavailable
    from entrepot.surfaces.shared import sides

    both = sides.of(found)
    if both is None:
        raise Unavailable(
            "compare.no_picture",
            "{sku}: stock that is brought into {market} and a parcel from abroad cannot both be reckoned.",
            sku=found.plan.sku, market=found.plan.market_code,
        )  # fmt: skip
    file.write_text(sides.picture(both), encoding="utf-8")


def _seller(code: str) -> "UUID | None":
    """The seller by its code; nobody where none is named. Raises: NotFound."""
    from entrepot.domain.sellers import queries as sellers
    from entrepot.kernel.errors import NotFound

    if not code:
        return None
    seller = sellers.find_seller(seller_code=code)
    if seller is None:
        raise NotFound(kind=f"seller {code}")
    return seller.pk


def _show(found: "Compared") -> None:
    from rich.console import Console
    from rich.table import Table

    from entrepot.kernel.money import format_minor

    console = Console()
    plan = found.plan
    table = Table(title=f"{plan.sku} in {plan.market_code}", title_justify="left", show_edge=False, pad_edge=False)
    texts = ("programme", "way", "lacks")
    for heading in (*texts[:2], "a unit leaves", "shopper pays", "days", "must sell", "cash back after", texts[2]):
        table.add_column(heading, justify="left" if heading in texts else "right")
    for each in found.options:
        if each.problem:
            table.add_row(each.label, each.way.value, "–", "", "", "", "", each.problem)
            continue
        promise = "–".join(str(day) for day in dict.fromkeys(each.promise_days or ()))
        cells: list[Any] = [
            each.label, each.way.value, format_minor(each.net_minor, plan.currency),
            format_minor(each.landed_minor, found.market_currency), promise,
            f"{each.break_even:.0%}" if each.break_even is not None else "–", f"{each.cash_days} days",
            "; ".join(each.lacks),
        ]  # fmt: skip
        table.add_row(*cells)
    console.print(table)
    for each in found.options:
        if not each.problem:
            parts = ", ".join(f"{share.code} {format_minor(share.amount_minor, plan.currency)}" for share in each.parts)
            console.print(f"[dim]{each.label}, {each.way}: {parts}[/]")
    console.print()
