"""A replay from the file to the proof: read, set the stage, play, and put the books beside what the file says."""

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from entrepot.flows.requests import LINES_MAX
from entrepot.intake import history as reading
from entrepot.intake import invoices, stage
from entrepot.intake.grammar import Document
from entrepot.intake.history import History
from entrepot.intake.invoices import Story
from entrepot.intake.playing import Failure, Played, Player
from entrepot.kernel import db, outbox, partitions
from entrepot.kernel.errors import Invalid
from entrepot.kernel.money import decimal_of


@dataclass(frozen=True, slots=True)
class Read:
    """A history that was read, with what it asks of the flows."""

    history: History
    story: Story

    @property
    def currency(self) -> str:
        """The currency of its market."""
        return self.history.currency


def read(document: Document, path: Path, *, seen: Callable[[int], None] = lambda count: None) -> Read:
    """Read a history and put its lines into buckets; nothing is written. Raises: Invalid, NotFound."""
    if document.lines is None:
        raise Invalid(
            "intake.not_a_history",
            "The mapping {name} reads a catalogue, not an order history.",
            field="mapping",
            name=document.name,
        )
    history = reading.read(document, path, seen=seen)
    story = invoices.tell(history, lines_max=LINES_MAX)
    if not story.invoices:
        raise Invalid("intake.no_sales", "No line of {path} is a sale.", field="path", path=str(path))
    return Read(history, story)


def play(
    found: Read,
    path: Path,
    *,
    programme: str,
    since: date | None = None,
    until: date | None = None,
    orders_max: int | None = None,
    seen: Callable[[date], None] = lambda day: None,
) -> tuple[Played, stage.Stage]:
    """Play a history under a programme: the days [since, until), at most so many orders. Safe to repeat.

    Raises: NotFound for a programme that nobody published, Refused.
    """
    story = found.story
    zone = ZoneInfo(found.history.document.market.time_zone)  # type: ignore[union-attr]
    first, last = (instant.astimezone(zone).date() for instant in story.days)
    if orders_max is not None and orders_max < len(story.invoices):
        last = min(last, story.invoices[orders_max - 1].at.astimezone(zone).date())
    margin = timedelta(days=366)  # what is set up before, returned and settled after
    partitions.ensure(since=story.days[0] - margin, until=story.days[1] + margin)
    with outbox.muted():  # nobody is told of what happened years ago
        where = stage.set_up(found.history, story, path, programme=programme)
    player = Player(where, story, orders_max=orders_max)
    return player.play(max(since or first, first), min(until or date.max, last + timedelta(days=1)), seen=seen), where


def buckets(found: Read) -> list[dict[str, Any]]:
    """The buckets with their lines, units and value; the last two rows are their sum and the file's.

    Values are exact; `minor` is in whole minor units, and what lies below stands on a row of its own.
    """
    sums = found.history.sums()
    rows = [_row(name, each) for name, each in sums.items()]
    total = reading.total(sums.values())
    total.act = ""
    whole = found.history.whole
    whole_lines = whole.lines + len(found.history.rejects)
    below = reading.minor(whole.value, found.currency)[1]
    return [
        *rows,
        _row("sum of the buckets", total),
        {"bucket": "the file", "act": "", "lines": whole_lines, "units": whole.units, "value": str(whole.value)},
        {"bucket": "of which below the minor unit", "act": "", "lines": "", "units": "", "value": str(below)},
    ]


def _row(name: str, each: reading.Sum) -> dict[str, Any]:
    return {"bucket": name, "act": str(each.act), "lines": each.lines, "units": each.units, "value": str(each.value)}


def adds_up(found: Read) -> bool:
    """Whether the buckets sum to the file: lines, units and exact value."""
    total = reading.total(found.history.sums().values())
    whole = found.history.whole
    return (total.lines, total.units, total.value) == (
        whole.lines + len(found.history.rejects),
        whole.units,
        whole.value,
    )


def books(where: stage.Stage) -> dict[str, Any]:
    """What the marketplace holds of this replay: orders, units, money, stock, statements and payouts.

    Units: money in major units of the market's currency, the seller's in its settlement currency.
    """
    key = {
        "key": where.pattern,
        "seller": where.seller.pk,
        "source": stage.SOURCE,
        "node": where.node.id,
    }
    facts = {name: db.fetch_rows(query, key) for name, query in _BOOKS.items()}
    return {name: _amounts(rows, where.market.currency) for name, rows in facts.items()}


def _amounts(rows: Sequence[Any], currency: str) -> Any:
    """Rows as tables; a column that ends in _minor becomes an amount."""

    def shown(name: str, value: Any) -> Any:
        return str(decimal_of(int(value or 0), currency)) if name.endswith("_minor") else value

    tables = [
        {name.removesuffix("_minor"): shown(name, value) for name, value in row._asdict().items()} for row in rows
    ]
    return tables[0] if len(tables) == 1 and "kind" not in tables[0] else tables


def placed_minor(where: stage.Stage) -> int:
    """What all orders of this replay came to. Units: minor."""
    return int(
        db.fetch_value(
            "SELECT coalesce(sum(total_minor), 0) FROM orders_order WHERE state = 'placed' AND checkout_key LIKE %s",
            [where.pattern],
        )
    )


def told_minor(found: Read) -> int:
    """What all sales of the file come to, each line in whole minor units. Units: minor."""
    return sum(invoice.total_minor for invoice in found.story.invoices)


def given_back_minor(where: stage.Stage) -> int:
    """What was let go or given back of the payments of this replay. Units: minor."""
    return int(
        db.fetch_value(
            "SELECT coalesce(sum(payment.voided_minor + payment.refunded_minor), 0) FROM payments_payment payment"
            " JOIN orders_order ordered ON ordered.id = payment.reference_id"
            " WHERE ordered.state = 'placed' AND ordered.checkout_key LIKE %s",
            [where.pattern],
        )
    )


def told_back_minor(found: Read) -> int:
    """What all that the file takes back was sold for. Units: minor."""
    sold = {invoice.key: invoice.lines for invoice in found.story.invoices}
    return sum(each.quantity * sold[each.key][each.place].unit_minor for each in found.story.taken_back)


def taken_back(found: Read) -> dict[str, Any]:
    """The matched cancellations: at the prices of the credit notes, and at those of the sales that they take back.

    What is given back is what was paid, so that the difference is no bucket's: it is told beside them.
    """
    matches = found.history.matches
    notes = sum((each.quantity * each.cancellation.price for each in matches), Decimal(0))
    sales = sum((each.quantity * each.sale.price for each in matches), Decimal(0))
    return {
        "units": sum(each.quantity for each in matches),
        "value_of_the_notes": str(notes),
        "value_of_the_sales": str(sales),
        "difference": str(sales - notes),
    }


def write(folder: Path, found: Read, failures: Iterable[Failure]) -> list[Path]:
    """Write the report: the buckets, the lines that are listed row by row, what was refused and what was unreadable."""
    folder.mkdir(parents=True, exist_ok=True)
    return [
        _write(
            folder / "buckets.csv",
            ["bucket", "act", "lines", "units", "value"],
            [row.values() for row in buckets(found)],
        ),
        _write(
            folder / "listed.csv",
            [
                "file",
                "row",
                "bucket",
                "reason",
                "invoice",
                "code",
                "title",
                "quantity",
                "price",
                "value",
                "at",
                "customer",
            ],
            [
                (
                    line.file,
                    line.row,
                    line.bucket,
                    line.reason,
                    line.invoice,
                    line.code,
                    line.title,
                    line.quantity,
                    line.price,
                    line.value,
                    line.at.isoformat(),
                    line.customer,
                )
                for line in found.history.listed()
            ],
        ),
        _write(
            folder / "refused.csv",
            ["step", "key", "code", "message"],
            [(each.step, each.key, each.code, each.message) for each in failures],
        ),
        _write(
            folder / "unreadable.csv",
            ["file", "row", "problem"],
            [(each.file, each.row, each.problem) for each in found.history.rejects],
        ),
    ]


def _write(path: Path, columns: Sequence[str], rows: Iterable[Iterable[Any]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)
    return path


def rounding(found: Read) -> Decimal:
    """What rounding each sold line to whole minor units left out. Units: major."""
    return found.story.rounding


_BOOKS = {
    "orders": """
        SELECT count(*) AS orders, count(user_id) AS of_customers, count(*) - count(user_id) AS of_guests,
            sum(total_minor) AS total_minor, min(placed_at) AS first, max(placed_at) AS last
        FROM orders_order WHERE state = 'placed' AND checkout_key LIKE %(key)s
    """,
    "lines": """
        SELECT count(*) AS lines, sum(quantity) AS units, sum(cancelled_qty) AS cancelled, sum(shipped_qty) AS shipped,
            sum(delivered_qty) AS delivered, sum(returned_qty) AS returned, sum(line.goods_net_minor) AS net_minor,
            sum(line.goods_tax_minor) AS tax_minor, sum(line.total_minor) AS total_minor
        FROM orders_orderline line JOIN orders_order ordered ON ordered.id = line.order_id
        WHERE ordered.state = 'placed' AND ordered.checkout_key LIKE %(key)s
    """,
    "payments": """
        SELECT sum(captured_minor) AS captured_minor, sum(voided_minor) AS voided_minor,
            sum(refunded_minor) AS refunded_minor
        FROM payments_payment payment JOIN orders_order ordered ON ordered.id = payment.reference_id
        WHERE ordered.checkout_key LIKE %(key)s
    """,
    "stock": """
        SELECT movement.kind, count(*) AS movements, sum(movement.quantity)::bigint AS units
        FROM inventory_movement movement JOIN inventory_stock stock ON stock.id = movement.stock_id
        WHERE stock.seller_id = %(seller)s AND stock.node_id = %(node)s AND movement.kind <> 'expected'
        GROUP BY movement.kind ORDER BY movement.kind
    """,
    "statements": """
        SELECT count(*) AS statements, sum(lines_minor) AS lines_minor, sum(reserved_minor) AS reserved_minor,
            sum(released_minor) AS released_minor, sum(payable_minor) AS payable_minor
        FROM settlement_statement WHERE seller_id = %(seller)s
    """,
    "payouts": """
        SELECT count(*) AS payouts, sum(amount_minor) AS paid_minor FROM settlement_payout
        WHERE seller_id = %(seller)s AND state = 'done'
    """,
}
