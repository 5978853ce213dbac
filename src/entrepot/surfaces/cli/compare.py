"""`entrepot compare FILE`: every programme and way for a seller's goods, side by side."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from entrepot.surfaces.cli import first, rows, tables
from entrepot.surfaces.cli.session import with_database

if TYPE_CHECKING:
    from uuid import UUID

    from rich.console import Console

    from entrepot.flows.comparing import Compared


@click.command()
@rows.FILE
@click.option("--seller", metavar="CODE", default="", help="Say also what this seller lacks for each programme.")
@click.option("--who", "is_who", is_flag=True, help="Say also who does, decides, pays and risks what.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option(
    "--picture",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    metavar="FILE.svg",
    help="Draw the first SKU by sea to a warehouse in the market against one parcel by air.",
)
@with_database
def compare(file: Path, seller: str, is_who: bool, as_json: bool, picture: Path | None) -> int:
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
    if as_json:
        print(json.dumps([comparing.as_document(each) for each in found], indent=2, ensure_ascii=False, default=str))
    else:
        for each in found:
            _show(each, is_who)
    if picture:
        _draw(found[0], picture)
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


def _show(found: "Compared", is_who: bool) -> None:
    from rich.table import Table

    from entrepot.kernel.money import format_minor
    from entrepot.surfaces.shared import comparison

    console = tables.console()
    plan = found.plan
    good = comparison.good(found)
    notes = _Notes()
    table = Table(title=f"{plan.sku} in {plan.market_code}", title_justify="left", show_edge=False, pad_edge=False)
    texts = ("programme", "way")
    for heading in (*texts, "a unit leaves", "shopper pays", "days", "must sell", "cash back after", "lacks"):
        table.add_column(heading, justify="left" if heading in texts else "right", no_wrap=heading == "programme")
    for each in good.options:
        option = each.option
        table.add_row(
            option.label, each.way, format_minor(option.net_minor, plan.currency),
            format_minor(option.landed_minor, found.market_currency), each.promise,
            f"{option.break_even:.0%}" if option.break_even is not None else "–", f"{option.cash_days} days",
            notes.marks(each.lacks),
        )  # fmt: skip
    console.print(table)
    console.print(f"\nWhat a unit leaves, in {plan.currency}", style="bold")
    for each in good.options:
        parts = ", ".join(
            f"{comparison.part_in_words(share.code)} {format_minor(share.amount_minor, plan.currency)}"
            for share in each.option.parts
        )
        console.print(f"  {each.option.label}, {each.way}: {parts}")
    for problem in dict.fromkeys(each.option.problem for each in good.unsaid):
        named = (f"{each.option.label}, {each.way.lower()}" for each in good.unsaid
                 if each.option.problem == problem)  # fmt: skip
        console.print(f"\nNot reckoned: {problem}", style="bold")
        console.print(f"  {'; '.join(named)}")
    for number, text in notes:
        console.print(f"[{number}] {text}")
    if is_who:
        _show_who(console, found)
    console.print()


def _show_who(console: "Console", found: "Compared") -> None:
    """Who does, decides, pays and risks what, programme by programme."""
    for code, programme in found.programmes.items():
        console.print(f"\n{programme.label['en']}", style="bold")
        for chapter in found.who.get(code, ()):
            console.print(f"  {chapter.title}")
            for group in chapter.groups:
                console.print(f"    {group.heading}: {', '.join(line.text for line in group.lines)}")


class _Notes:
    """Texts that several rows refer to, by number in the order in which they came."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def marks(self, texts: Iterable[str]) -> str:
        """The numbers of texts, such as `1 3`."""
        return " ".join(str(self.numbers.setdefault(text, len(self.numbers) + 1)) for text in texts)

    def __iter__(self) -> Iterator[tuple[int, str]]:
        return ((number, text) for text, number in self.numbers.items())
