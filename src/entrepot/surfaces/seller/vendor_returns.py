"""Goods that come back from a warehouse, as their seller sees them: agree, give up, ask for one's own."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from entrepot.domain.inbound import sending_back
from entrepot.domain.inbound.queries import Scope
from entrepot.domain.inbound.sending_back import ReturnView
from entrepot.domain.logistics import queries as logistics
from entrepot.domain.logistics.queries import NodeView
from entrepot.kernel import clock
from entrepot.kernel.errors import NotFound
from entrepot.surfaces.seller.frame import PAGE, languages, read_cursor, render, seller_of
from entrepot.surfaces.shared import sending_back as shared
from entrepot.surfaces.shared.acting import ActForm, Done, ReasonForm, attempt
from entrepot.surfaces.shared.components import Link, Slice
from entrepot.surfaces.shared.guards import ActingRequest, allow
from entrepot.surfaces.shared.inbound import titles_of

VIEWS = {"": gettext_lazy("Open"), "done": gettext_lazy("Done")}


@allow("shipments.read", kind="seller")
@require_safe
def index(request: ActingRequest) -> HttpResponse:
    """What comes back, and what could."""
    return _list(request)


@allow("shipments.send", kind="seller")
@require_POST
def asking(request: ActingRequest) -> HttpResponse:
    """Ask for goods of one's own."""
    seller_id = seller_of(request)
    node = _node(seller_id, request.POST.get("node", ""))
    if node is None:
        raise NotFound(kind="node")
    form = _ask_form(node, seller_id, request.POST)

    def ask(typed: Mapping[str, Any]) -> Done:
        made = shared.ask(
            form, typed, seller_id=seller_id, node_id=node.id, zone=node.time_zone, actor=request.actor, now=clock.now()
        )
        return Done(_("{number} is asked; the units are held.").format(number=made.number), _url(made.number))

    return attempt(request, form, ask) or _list(request, node, form)


@allow("shipments.read", kind="seller")
@require_safe
def show(request: ActingRequest, number: str) -> HttpResponse:
    """One return."""
    return _page(request, _found(request, number))


@allow("shipments.send", kind="seller")
@require_POST
def acceptance(request: ActingRequest, number: str) -> HttpResponse:
    """Agree that the goods come back."""
    view, form = _found(request, number), ActForm(request.POST, name="accept")

    def accept(typed: Mapping[str, Any]) -> None:
        sending_back.accept(return_id=view.row.id, actor=request.actor, now=clock.now())

    answer = attempt(request, form, accept, said=_("It is agreed. The warehouse sends them."), to=_url(number))
    return answer or _page(request, view, {"accept": form})


@allow("shipments.send", kind="seller")
@require_POST
def giving_up(request: ActingRequest, number: str) -> HttpResponse:
    """Leave the goods to the warehouse."""
    view, form = _found(request, number), ActForm(request.POST, name="give-up")

    def give_up(typed: Mapping[str, Any]) -> None:
        sending_back.give_up(return_id=view.row.id, actor=request.actor, now=clock.now())

    answer = attempt(request, form, give_up, said=_("The warehouse may dispose of them."), to=_url(number))
    return answer or _page(request, view, {"give_up": form})


@allow("shipments.send", kind="seller")
@require_POST
def cancellation(request: ActingRequest, number: str) -> HttpResponse:
    """Take back what one asked for."""
    view, form = _found(request, number), ReasonForm(request.POST, name="cancel")

    def cancel(typed: Mapping[str, Any]) -> None:
        sending_back.cancel(return_id=view.row.id, actor=request.actor, now=clock.now(), **typed)

    answer = attempt(request, form, cancel, said=_("The goods stay."), to=_url(number))
    return answer or _page(request, view, {"cancel": form})


def _list(request: ActingRequest, node: NodeView | None = None, form: shared.AskForm | None = None) -> HttpResponse:
    seller_id, now = seller_of(request), clock.now()
    view = request.GET.get("view", "") if request.GET.get("view", "") in VIEWS else ""
    found = sending_back.list_returns(
        scope=Scope(seller_id=seller_id), is_open=not view, before=read_cursor(request.GET.get("cursor", "")),
        limit=PAGE + 1,
    )  # fmt: skip
    shown = found[:PAGE]
    may_ask = request.actor.may("shipments.send")
    nodes = _nodes(seller_id)
    node = node or next((each for each in nodes if each.code == request.GET.get("node")), next(iter(nodes), None))
    if form is None and node is not None and may_ask:
        form = _ask_form(node, seller_id)
    titles = titles_of([each.product_id for each in form.candidates], languages()) if form else {}
    context = {
        "tabs": [Link(label, f"?view={code}" if code else "?", current=code == view) for code, label in VIEWS.items()],
        "view": view,
        "page": Slice(shared.rows_of(shown, now), next_cursor=shown[-1].row.id.hex if len(found) > PAGE else ""),
        "nodes": nodes,
        "node": node,
        "form": form,
        "rows": form.rows(titles) if form else [],
        "crumbs": [Link(_("Stock"), reverse("seller:stock")), Link(_("Back from warehouses"))],
    }
    return render(request, "inbound/vendor_returns.html", context, *([form] if form else []))


def _page(request: ActingRequest, view: ReturnView, refused: Mapping[str, ActForm] | None = None) -> HttpResponse:
    refused, row = refused or {}, view.row
    may_send = request.actor.may("shipments.send")
    context = shared.context_of(view, languages(), clock.now())
    context |= {
        "zone": row.node.time_zone,
        "list_url": reverse("seller:vendor_returns"),
        "may_accept": may_send and row.state == "asked" and row.asked_by == "node",
        "may_give_up": may_send and context["is_open"] and row.given_up_at is None,
        "may_cancel": may_send and context["is_open"] and row.asked_by == "seller",
        "accept": refused.get("accept") or ActForm(name="accept"),
        "give_up": refused.get("give_up") or ActForm(name="give-up"),
        "cancel": refused.get("cancel") or ReasonForm(name="cancel"),
        "crumbs": [
            Link(_("Stock"), reverse("seller:stock")),
            Link(_("Back from warehouses"), reverse("seller:vendor_returns")),
            Link(row.number),
        ],
    }
    return render(request, "inbound/vendor_return.html", context, *refused.values())


def _ask_form(node: NodeView, seller_id: UUID, data: Any = None) -> shared.AskForm:
    found = sending_back.list_candidates(seller_id=seller_id, node_id=node.id, with_places=False, limit=100)
    return shared.AskForm(data, candidates=found, now=clock.now(), name="ask")


def _nodes(seller_id: UUID) -> list[NodeView]:
    """The nodes of others at which goods of the seller's stand."""
    found = logistics.list_nodes(sending_back.find_nodes(seller_id=seller_id))
    return sorted(found.values(), key=lambda each: each.name)


def _node(seller_id: UUID, code: str) -> NodeView | None:
    return next((each for each in _nodes(seller_id) if each.code == code), None)


def _found(request: ActingRequest, number: str) -> ReturnView:
    return sending_back.get_return(number=number, scope=Scope(seller_id=seller_of(request)))


def _url(number: str) -> str:
    return reverse("seller:vendor_return", args=[number])
