"""What the seller earned: statements, what comes next, and every amount opened down to its event."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from entrepot.domain.inbound import queries as inbound
from entrepot.domain.ledger.queries import PostingRow
from entrepot.domain.orders import queries as orders
from entrepot.domain.settlement import lines as reads
from entrepot.domain.settlement import papers, queries
from entrepot.domain.settlement.lines import Head
from entrepot.domain.settlement.models import Payout, Statement
from entrepot.domain.settlement.queries import AccrualView, LineGroup
from entrepot.kernel import money, sheets
from entrepot.surfaces.seller import words
from entrepot.surfaces.seller.frame import read_cursor, render, seller_of, slice_of
from entrepot.surfaces.shared import accruals
from entrepot.surfaces.shared.components import Explanation, Link, Part, Slice, Trace
from entrepot.surfaces.shared.guards import ActingRequest, allow
from entrepot.surfaces.shared.numbers import whole

#: Lines of a statement on one page, and accruals that are still to come.
LINES = 100
UPCOMING = 500

#: Amounts of a statement that one page for paper shows; a longer one comes as a PDF.
PAPER = 2000


@dataclass(frozen=True, slots=True)
class Listed:
    """A statement in the list."""

    statement: Statement
    said: words.Said
    href: str


@dataclass(frozen=True, slots=True)
class Row:
    """What an order line comes to, with the way to its parts."""

    label: str
    title: str
    quantity: int
    amount_minor: int
    why: Explanation


@allow("statements.read", kind="seller")
@require_safe
def index(request: ActingRequest) -> HttpResponse:
    """The statements, the newest first, and where the money is."""
    seller_id = seller_of(request)
    found = queries.list_statements(seller_id=seller_id, before=read_cursor(request.GET.get("cursor", "")), limit=51)
    payouts = {payout.statement_id: payout for payout in queries.list_payouts(seller_id=seller_id, limit=200)}
    page = slice_of(found, lambda rows: [_listed(row, payouts.get(row.id)) for row in rows])
    context = {
        "page": page,
        "balances": queries.list_balances(seller_id=seller_id),
        "coming": reads.list_coming(seller_id=seller_id)[:6],
        "kept": reads.list_kept(seller_id=seller_id),
        "tabs": _tabs("index"),
    }
    return render(request, "statements/index.html", context)


@allow("statements.read", kind="seller")
@require_safe
def upcoming(request: ActingRequest) -> HttpResponse:
    """What has been earned and stands on no statement yet, by the close that it is due for."""
    pending = queries.list_pending(seller_id=seller_of(request), limit=UPCOMING + 1)
    by_close: dict[tuple[date, str], dict[UUID, list[AccrualView]]] = defaultdict(lambda: defaultdict(list))
    for view in pending[:UPCOMING]:
        by_close[view.eligible_at.date(), view.currency][view.event_id].append(view)
    closes = [
        {
            "on": on,
            "currency": currency,
            "total_minor": sum(each.amount_minor for views in events.values() for each in views),
            "rows": [_earned(views) for views in events.values()],
        }
        for (on, currency), events in by_close.items()
    ]
    context = {"closes": closes, "has_more": len(pending) > UPCOMING, "tabs": _tabs("upcoming")}
    return render(request, "statements/upcoming.html", context)


@allow("statements.read", kind="seller")
@require_safe
def show(request: ActingRequest, number: str) -> HttpResponse:
    """One statement, a line per order line."""
    head = reads.get_head(number=number, seller_id=seller_of(request))
    start = whole(request.GET.get("cursor", ""))
    groups = reads.list_groups(statement_id=head.statement.id, start=start, limit=LINES)
    more = str(start + LINES) if head.lines > start + LINES else ""
    less = str(max(start - LINES, 0)) if start else ""
    page = Slice([_row(each) for each in groups], more, less, head.lines)
    context = {
        "page": page,
        "page_minor": sum(each.amount_minor for each in groups),
        "is_paged": head.lines > LINES,
        "parts": reads.sum_parts(statement_id=head.statement.id),
        "crumbs": [Link(_("Statements"), reverse("seller:statements")), Link(number)],
    }
    return render(request, "statements/show.html", _context(head) | context)


@allow("statements.read", kind="seller")
@require_safe
def paper(request: ActingRequest, number: str) -> HttpResponse:
    """The whole statement on paper."""
    head = reads.get_head(number=number, seller_id=seller_of(request))
    if head.amounts > PAPER:
        return pdf(request, number)
    groups = reads.each_group(statement_id=head.statement.id)
    return render(request, "statements/paper.html", _context(head) | {"groups": groups})


@allow("statements.read", kind="seller")
@require_safe
def pdf(request: ActingRequest, number: str) -> HttpResponse:
    """The whole statement as a PDF, every amount with its rule and event."""
    head = reads.get_head(number=number, seller_id=seller_of(request))
    response = HttpResponse(
        papers.render(head, reads.each_group(statement_id=head.statement.id), get_language() or "en"),
        content_type="application/pdf",
    )
    response["Content-Disposition"] = f'inline; filename="{head.statement.number}.pdf"'
    response["Cache-Control"] = "private, no-store"
    return response


@allow("statements.read", kind="seller")
@require_safe
def sheet(request: ActingRequest, number: str) -> HttpResponse:
    """The statement as a table for spreadsheets, a row for each amount."""
    head = reads.get_head(number=number, seller_id=seller_of(request))
    header = ("order", "article", "part", "amount", "currency", "amount in the order's currency", "order's currency",
              "units", "event", "earned at", "rule", "posting")  # fmt: skip
    response = HttpResponse(sheets.write_csv(header, _cells(head)), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{head.statement.number}.csv"'
    return response


@allow("statements.read", kind="seller")
@require_safe
def accrual(request: ActingRequest, accrual_id: UUID) -> HttpResponse:
    """One amount, down to the rule, the inputs, the event and the postings."""
    seller_id = seller_of(request)
    view, postings = queries.get_accrual(accrual_id=accrual_id, seller_id=seller_id)
    line_id = next((each.subject_id for each in postings if each.id == view.posting_id), None)
    suborder = orders.find_suborder_of_line(line_id=line_id, seller_id=seller_id) if line_id else None
    href = reverse("seller:order", args=[suborder]) if suborder else ""
    shipment = inbound.find_of_accrual(view.event_kind, view.event_id)
    if shipment is not None:
        href = reverse("seller:shipment", args=[shipment.number])
    context = {
        "accrual": view,
        "shipment": shipment,
        "traces": accruals.traces(view, event_href=href),
        "postings": [(each, _change(each, seller_id)) for each in postings],
        "suborder": suborder,
        "order_href": href,
        "crumbs": [Link(_("Statements"), reverse("seller:statements")), Link(view.says)],
    }
    return render(request, "statements/accrual.html", context)


def _context(head: Head) -> dict[str, object]:
    statement, payout = head.statement, head.payout
    return {
        "head": head,
        "statement": statement,
        "said": words.STATEMENTS[statement.state],
        "payout": payout,
        "payout_said": words.PAYOUTS[payout.state] if payout else None,
        "payable": Explanation(
            _("What is payable"),
            [
                Part(_("Brought forward"), statement.opening_minor),
                Part(_("Earned and owed in this period"), statement.lines_minor),
                Part(_("Kept back as a reserve"), -statement.reserved_minor),
                Part(_("Released from the reserve"), statement.released_minor),
                Part(_("Carried to the next statement"), -statement.carried_minor),
            ],
            [Trace(_("Statement"), statement.number)],
        ),
    }


def _listed(statement: Statement, payout: Payout | None) -> Listed:
    said = words.PAYOUTS[payout.state] if payout else words.STATEMENTS[statement.state]
    if payout is None and not statement.payable_minor:
        said = words.Said(_("Carried forward"))
    return Listed(statement, said, reverse("seller:statement", args=[statement.number]))


def _row(group: LineGroup) -> Row:
    title = group.title or _("Not about one order line")
    why = accruals.of_group(title, group.parts, lambda part: reverse("seller:accrual", args=[part.id]))
    return Row(group.order_number or "–", title, group.quantity, group.amount_minor, why)


def _earned(views: Sequence[AccrualView]) -> tuple[AccrualView, int, Explanation]:
    """What one event earned, opened to its parts."""
    why = accruals.of_group(views[0].because, views, lambda part: reverse("seller:accrual", args=[part.id]))
    return views[0], sum(each.amount_minor for each in views), why


def _cells(head: Head) -> Iterator[Sequence[object]]:
    for group in reads.each_group(statement_id=head.statement.id):
        for part in group.parts:
            yield (
                group.order_number, group.title, part.says, money.decimal_of(part.amount_minor, part.currency),
                part.currency, money.decimal_of(part.market_minor, part.market_currency), part.market_currency,
                part.quantity, part.because, part.accrued_at.isoformat(), part.rule, part.posting_id,
            )  # fmt: skip


def _change(posting: PostingRow, seller_id: UUID) -> int:
    """What the seller's own accounts gained by a posting; between two of them nothing."""
    return posting.amount_minor * ((posting.destination.owner_id == seller_id) - (posting.source.owner_id == seller_id))


def _tabs(current: str) -> list[Link]:
    return [
        Link(_("Statements"), reverse("seller:statements"), current == "index"),
        Link(_("Still to come"), reverse("seller:upcoming"), current == "upcoming"),
    ]
