"""Stock orders at the desk: what was asked of whom, who is late, counter-offers to decide on, orders to take back."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from entrepot.domain.inbound import ordering, queries
from entrepot.domain.inbound.models import StockOrder
from entrepot.domain.inbound.queries import OrderView
from entrepot.kernel import clock
from entrepot.kernel.errors import NotFound
from entrepot.surfaces.desk import words
from entrepot.surfaces.desk.acting import ActForm, Done, ReasonForm, attempt, render
from entrepot.surfaces.desk.paging import PAGE, read_cursor, slice_of
from entrepot.surfaces.shared import docking, guards, inbound
from entrepot.surfaces.shared.components import Link
from entrepot.surfaces.shared.guards import ActingRequest

VIEWS: Mapping[str, tuple[Any, tuple[str, ...]]] = {
    "": (gettext_lazy("Counter-offers to decide on"), ("countered",)),
    "asked": (gettext_lazy("Waiting for sellers"), ("asked",)),
    "coming": (gettext_lazy("Agreed and coming"), ("accepted", "packed", "shipped", "arrived", "receiving")),
    "done": (gettext_lazy("Done"), ("received", "declined", "returned", "void", "cancelled")),
    "late": (gettext_lazy("Were or are late"), ()),
}


@guards.allow("stock_orders.read", kind="operator")
@require_GET
def stock_orders(request: ActingRequest) -> HttpResponse:
    """Stock orders, the newest first."""
    view = request.GET.get("view", "")
    view = view if view in VIEWS else ""
    counts = queries.count_orders(scope=queries.ALL)
    found = queries.list_orders(
        scope=queries.ALL,
        states=VIEWS[view][1],
        late=view == "late",
        before=read_cursor(request.GET.get("cursor", "")),
        limit=PAGE + 1,
    )
    context = {
        "tabs": [
            Link(
                label,
                f"?view={code}" if code else "?",
                current=code == view,
                count=sum(counts.get(state, 0) for state in states) if states and code != "done" else None,
            )
            for code, (label, states) in VIEWS.items()
        ],
        "view": view,
        "page": slice_of(found, lambda row: row.id, _rows),
        "may_ask": request.actor.may("stock_orders.ask"),
    }
    return render(request, "inbound/stock_orders.html", context)


@guards.allow("stock_orders.read", kind="operator")
@require_GET
def stock_order(request: ActingRequest, number: str) -> HttpResponse:
    """One stock order."""
    return _page(request, queries.get_order(number=number, scope=queries.ALL))


@guards.allow("stock_orders.ask", kind="operator")
@require_POST
def stock_order_decision(request: ActingRequest, number: str) -> HttpResponse:
    """Agree to a counter-offer."""
    view, form = queries.get_order(number=number, scope=queries.ALL), ActForm(request.POST, name="agree")

    def agree(typed: Mapping[str, Any]) -> Done:
        ordering.agree(order_ids=[view.order.id], actor=request.actor, now=clock.now())
        return Done(_("Agreed. The seller packs what it offered."))

    return attempt(request, form, agree, to=_url(number)) or _page(request, view, {"agree": form})


@guards.allow("stock_orders.ask", kind="operator")
@require_POST
def stock_order_end(request: ActingRequest, number: str, act: str) -> HttpResponse:
    """Turn a counter-offer down, or take an order back before the goods leave."""
    if act not in ("refusal", "cancellation"):
        raise NotFound(kind="act")
    view = queries.get_order(number=number, scope=queries.ALL)
    form = ReasonForm(request.POST, name="refuse" if act == "refusal" else "cancel")

    def end(typed: Mapping[str, Any]) -> Done:
        run = ordering.refuse_counter if act == "refusal" else ordering.cancel
        run(order_ids=[view.order.id], reason=typed["reason"], actor=request.actor, now=clock.now())
        return Done(_("The counter-offer is turned down.") if act == "refusal" else _("The stock order is cancelled."))

    name = "refuse" if act == "refusal" else "cancel"
    return attempt(request, form, end, to=_url(number)) or _page(request, view, {name: form})


def _rows(rows: Sequence[StockOrder]) -> list[dict[str, Any]]:
    sums, now = queries.sum_orders([row.id for row in rows]), clock.now()
    found = []
    for row in rows:
        _lines, asked, agreed = sums[row.id]
        due = row.answer_by if row.state in ("asked", "countered") else row.deliver_by
        found.append(
            {
                "order": row,
                "said": inbound.ORDERS[row.state],
                "units": asked if row.agreed_minor is None else agreed,
                "total_minor": row.asked_minor if row.agreed_minor is None else row.agreed_minor,
                "due": due,
                "is_late": row.closed_at is None and row.state not in ("arrived", "receiving") and due < now,
                "url": _url(row.number),
            }
        )
    return found


def _page(request: ActingRequest, view: OrderView, refused: Mapping[str, ActForm] | None = None) -> HttpResponse:
    refused, order, now = refused or {}, view.order, clock.now()
    titles = inbound.titles_of([line.sku.product_id for line in view.lines], words.languages())
    may_ask = request.actor.may("stock_orders.ask")
    due = order.answer_by if order.state in ("asked", "countered") else order.deliver_by
    context: dict[str, Any] = {
        "order": order,
        "said": inbound.ORDERS[order.state],
        "steps": inbound.order_steps(order),
        "zone": order.node.time_zone,
        "lines": [
            {
                "line": line,
                "title": titles.get(line.sku.product_id, line.sku.code),
                "total_minor": inbound.units_of(line) * line.unit_minor,
                "received": view.received.get(line.sku_id, 0),
            }
            for line in view.lines
        ],
        "total_minor": sum(inbound.units_of(line) * line.unit_minor for line in view.lines),
        "why": inbound.order_total(order, view.lines, titles),
        "was_countered": any(line.offered_qty is not None for line in view.lines),
        "title_words": inbound.TITLE.get(order.title_passes_on, ""),
        "shipments": [(each, inbound.SHIPMENTS[each.state]) for each in view.shipments if each.state != "draft"],
        "events": inbound.timeline(view.events),
        "clocks": docking.clocks_of_order(view),
        "is_late": order.closed_at is None and order.state not in ("arrived", "receiving") and due < now,
        "may_decide": may_ask and order.state == "countered",
        "may_cancel": may_ask and order.state in ("asked", "countered", "accepted", "packed"),
        "reads_shipments": request.actor.may("shipments.read"),
        "agree": refused.get("agree") or ActForm(name="agree"),
        "refuse": refused.get("refuse") or ReasonForm(name="refuse"),
        "cancel": refused.get("cancel") or ReasonForm(name="cancel"),
        "crumbs": [Link(_("Stock orders"), reverse("desk:stock_orders")), Link(order.number)],
    }
    return render(request, "inbound/stock_order.html", context, *refused.values())


def count_waiting() -> int:
    """How many counter-offers wait for the marketplace."""
    return queries.count_orders(scope=queries.ALL).get("countered", 0)


def _url(number: str) -> str:
    return reverse("desk:stock_order", args=[number])
