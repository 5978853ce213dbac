"""Stock orders: what the marketplace asks the seller for; accept, offer less or later, decline, pack."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from entrepot.domain.inbound import ordering, queries, rules, shipping
from entrepot.domain.inbound.models import StockOrder, StockOrderLine
from entrepot.domain.inbound.queries import OrderView, Scope
from entrepot.domain.logistics.rules import start_of_day
from entrepot.kernel import clock
from entrepot.surfaces.seller import words
from entrepot.surfaces.seller.frame import PAGE, languages, read_cursor, render, seller_of, slice_of
from entrepot.surfaces.shared import docking, inbound
from entrepot.surfaces.shared.acting import ActForm, Done, ReasonForm, attempt
from entrepot.surfaces.shared.components import Link
from entrepot.surfaces.shared.guards import ActingRequest, allow

#: The tabs of the list: the word in the address, what it is called, the states that it shows.
VIEWS: Mapping[str, tuple[Any, tuple[str, ...]]] = {
    "": (gettext_lazy("To do"), ("asked", "accepted", "packed")),
    "way": (gettext_lazy("On the way"), ("shipped", "arrived", "receiving")),
    "waiting": (gettext_lazy("Counter-offers"), ("countered",)),
    "done": (gettext_lazy("Done"), ("received", "declined", "returned", "void", "cancelled")),
}


class CounterForm(ActForm):
    """Fewer units, or a later day."""

    def __init__(self, *args: Any, lines: Sequence[StockOrderLine], titles: Mapping[Any, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for line in lines:
            title = titles.get(line.sku.product_id, "")
            self.fields[f"quantity-{line.position}"] = forms.IntegerField(
                label=f"{title} ({line.sku.code})" if title else line.sku.code,
                min_value=0,
                max_value=line.asked_qty,
                initial=line.asked_qty,
            )
        self.fields["deliver_on"] = forms.DateField(
            label=_("Deliver on"),
            help_text=_("Leave it empty to keep the day that is asked for."),
            required=False,
            widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        )
        self.fields["note"] = forms.CharField(
            label=_("A word to the marketplace"),
            max_length=400,
            required=False,
            widget=forms.Textarea(attrs={"rows": 2}),
        )


@allow("stock_orders.read", kind="seller")
@require_safe
def index(request: ActingRequest) -> HttpResponse:
    """What is asked for, the newest first."""
    scope, view = Scope(seller_id=seller_of(request)), request.GET.get("view", "")
    view = view if view in VIEWS else ""
    counts = queries.count_orders(scope=scope)
    found = queries.list_orders(
        scope=scope, states=VIEWS[view][1], before=read_cursor(request.GET.get("cursor", "")), limit=PAGE + 1
    )

    def show(rows: Sequence[StockOrder]) -> list[dict[str, Any]]:
        sums = queries.sum_orders([row.id for row in rows])
        return [_listed(row, sums[row.id]) for row in rows]

    context = {
        "tabs": [
            Link(
                label,
                f"?view={code}" if code else "?",
                current=code == view,
                count=sum(counts.get(state, 0) for state in states) if code != "done" else None,
            )
            for code, (label, states) in VIEWS.items()
        ],
        "view": view,
        "page": slice_of(found, show),
    }
    return render(request, "inbound/stock_orders.html", context)


@allow("stock_orders.read", kind="seller")
@require_safe
def show(request: ActingRequest, number: str) -> HttpResponse:
    """One stock order: what is asked, at which price, by when, and how far it is."""
    return _page(request, _found(request, number))


@allow("stock_orders.answer", kind="seller")
@require_POST
def acceptance(request: ActingRequest, number: str) -> HttpResponse:
    """Agree to all that is asked."""
    view, form = _found(request, number), ActForm(request.POST, name="accept")

    def accept(typed: Mapping[str, Any]) -> None:
        ordering.accept(order_ids=[view.order.id], actor=request.actor, now=clock.now())

    answer = attempt(request, form, accept, said=_("You have accepted the order. Now pack it."), to=_url(number))
    return answer or _page(request, view, {"accept": form})


@allow("stock_orders.answer", kind="seller")
@require_POST
def counter(request: ActingRequest, number: str) -> HttpResponse:
    """Offer fewer units or a later day."""
    view = _found(request, number)
    form = CounterForm(request.POST, lines=view.lines, titles=_titles(view), name="counter")

    def offer(typed: Mapping[str, Any]) -> None:
        day = typed["deliver_on"]
        zone = ZoneInfo(view.order.node.time_zone)
        ordering.counter(
            order_id=view.order.id,
            quantities={line.id: typed[f"quantity-{line.position}"] for line in view.lines},
            deliver_by=start_of_day(day + timedelta(days=1), zone) if day else None,
            actor=request.actor,
            now=clock.now(),
            note=typed["note"],
        )

    said = _("Your offer is with the marketplace, which agrees to it or not.")
    return attempt(request, form, offer, said=said, to=_url(number)) or _page(request, view, {"counter": form})


@allow("stock_orders.answer", kind="seller")
@require_POST
def refusal(request: ActingRequest, number: str) -> HttpResponse:
    """Decline the order with a reason."""
    view, form = _found(request, number), ReasonForm(request.POST, name="decline")

    def decline(typed: Mapping[str, Any]) -> None:
        ordering.decline(order_id=view.order.id, reason=typed["reason"], actor=request.actor, now=clock.now())

    answer = attempt(request, form, decline, said=_("You have declined the order."), to=_url(number))
    return answer or _page(request, view, {"decline": form})


@allow("shipments.send", kind="seller")
@require_POST
def packing(request: ActingRequest, number: str) -> HttpResponse:
    """Begin the shipment of an accepted order."""
    view, form = _found(request, number), ActForm(request.POST, name="pack")

    def pack(typed: Mapping[str, Any]) -> Done:
        shipment = shipping.draft_for(order_id=view.order.id, actor=request.actor, now=clock.now())
        return Done(_("Say what is in which carton."), reverse("seller:shipment", args=[shipment.number]))

    return attempt(request, form, pack, to=_url(number)) or _page(request, view, {"pack": form})


def _page(request: ActingRequest, view: OrderView, refused: Mapping[str, ActForm] | None = None) -> HttpResponse:
    refused, order, now, actor = refused or {}, view.order, clock.now(), request.actor
    titles = _titles(view)
    may_answer = actor.may("stock_orders.answer") and order.state == "asked"
    open_shipments = [each for each in view.shipments if each.state in rules.SHIPMENT_OPEN]
    context: dict[str, Any] = {
        "order": order,
        "said": inbound.ORDERS[order.state],
        "steps": inbound.order_steps(order),
        "zone": order.node.time_zone,
        "node_kind": words.NODES.get(order.node.kind, ""),
        "lines": [
            {
                "line": line,
                "title": titles.get(line.sku.product_id, line.sku.code),
                "total_minor": inbound.units_of(line) * line.unit_minor,
                "received": view.received.get(line.sku_id),
            }
            for line in view.lines
        ],
        "total_minor": sum(inbound.units_of(line) * line.unit_minor for line in view.lines),
        "why": inbound.order_total(order, view.lines, titles),
        "title_words": inbound.TITLE.get(order.title_passes_on, ""),
        "events": inbound.timeline(view.events),
        "clocks": docking.clocks_of_order(view),
        "shipments": [(each, inbound.SHIPMENTS[each.state]) for each in view.shipments],
        "is_late_answer": order.state == "asked" and order.answer_by < now,
        "is_late": order.state in ("accepted", "packed", "shipped") and order.deliver_by < now,
        "may_answer": may_answer,
        "may_pack": actor.may("shipments.send") and order.state == "accepted" and not open_shipments,
        "accept": refused.get("accept") or ActForm(name="accept"),
        "counter": refused.get("counter") or CounterForm(lines=view.lines, titles=titles, name="counter"),
        "decline": refused.get("decline") or ReasonForm(name="decline"),
        "pack": refused.get("pack") or ActForm(name="pack"),
        "crumbs": [Link(_("Stock orders"), reverse("seller:stock_orders")), Link(order.number)],
    }
    return render(request, "inbound/stock_order.html", context, *refused.values())


def _listed(order: StockOrder, sums: tuple[int, int, int]) -> dict[str, Any]:
    lines, asked, agreed = sums
    now = clock.now()
    due = order.answer_by if order.state in ("asked", "countered") else order.deliver_by
    is_open = order.state in ("asked", "accepted", "packed", "shipped")
    return {
        "order": order,
        "said": inbound.ORDERS[order.state],
        "articles": ngettext("{count} article", "{count} articles", lines).format(count=lines),
        "units": asked if order.agreed_minor is None else agreed,
        "total_minor": order.asked_minor if order.agreed_minor is None else order.agreed_minor,
        "due": due if order.closed_at is None else None,
        "is_late": is_open and due < now,
        "href": _url(order.number),
    }


def count_waiting(seller_id: Any) -> int:
    """How many stock orders the seller has to do something about."""
    counts = queries.count_orders(scope=Scope(seller_id=seller_id))
    return sum(counts.get(state, 0) for state in ("asked", "accepted", "packed"))


def _found(request: ActingRequest, number: str) -> OrderView:
    return queries.get_order(number=number, scope=Scope(seller_id=seller_of(request)))


def _titles(view: OrderView) -> dict[Any, str]:
    return inbound.titles_of([line.sku.product_id for line in view.lines], languages())


def _url(number: str) -> str:
    return reverse("seller:stock_order", args=[number])
