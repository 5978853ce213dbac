"""What is printed: tables and sentences, on a terminal or into a pipe."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def console(*, markup: bool = False) -> "Console":
    """Where to print. With `markup` texts may have marks such as `[bold]`; what came from outside is escaped then."""
    from rich.console import Console

    # A pipe has no width of its own; a table that wraps at 80 columns can neither be read nor searched.
    return Console(highlight=False, markup=markup, width=None if sys.stdout.isatty() else 160)


def show_table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()) -> None:
    """Print rows under their headings, as wide as the terminal lets them be; `right` are headings of figures."""
    from rich.table import Table

    table = Table(show_edge=False, pad_edge=False)
    for heading in headings:
        table.add_column(heading, justify="right" if heading in right else "left")
    for row in rows:
        table.add_row(*row)
    console().print(table)
