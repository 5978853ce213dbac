"""Goods that go back to their seller, at the warehouse: ask, agree, send, dispose."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from entrepot.domain.inbound import sending_back
from entrepot.domain.inbound.queries import Scope
from entrepot.domain.inbound.sending_back import ReturnView
from entrepot.domain.logistics import queries as logistics
from entrepot.domain.logistics.queries import NodeView
from entrepot.domain.sellers import queries as sellers
from entrepot.domain.sellers.models import Seller
from entrepot.flows import sending_back as flow
from entrepot.kernel import clock
from entrepot.kernel.errors import NotFound
from entrepot.surfaces.desk import words
from entrepot.surfaces.desk.acting import ActForm, Done, ReasonForm, attempt, render
from entrepot.surfaces.desk.paging import PAGE, read_cursor, slice_of
from entrepot.surfaces.desk.scopes import DESK, scope_of
from entrepot.surfaces.shared import guards
from entrepot.surfaces.shared import sending_back as shared
from entrepot.surfaces.shared.components import Link
from entrepot.surfaces.shared.guards import ActingRequest
from entrepot.surfaces.shared.inbound import titles_of

VIEWS = {"": gettext_lazy("Open"), "done": gettext_lazy("Done")}


@guards.allow("stock.receive", kind=DESK)
@require_GET
def vendor_returns(request: ActingRequest) -> HttpResponse:
    """What goes back, and the goods of a seller that could."""
    return _list(request)


@guards.allow("stock.receive", kind=DESK)
@require_POST
def asking(request: ActingRequest) -> HttpResponse:
    """Ask that goods go back."""
    node, seller = _node(request, request.POST.get("node", "")), _seller(request.POST.get("seller", ""))
    if node is None or seller is None:
        raise NotFound(kind="node")
    form = _ask_form(node, seller, request.POST)

    def ask(typed: Mapping[str, Any]) -> Done:
        made = shared.ask(
            form, typed, seller_id=seller.pk, node_id=node.id, zone=node.time_zone, actor=request.actor, now=clock.now()
        )
        return Done(_("{number} is asked; the units are held.").format(number=made.number), _url(made.number))

    return attempt(request, form, ask) or _list(request, node, seller, form)


@guards.allow("stock.receive", kind=DESK)
@require_GET
def vendor_return(request: ActingRequest, number: str) -> HttpResponse:
    """One return, and what is to be done with it."""
    return _page(request, _found(request, number))


@guards.allow("stock.receive", kind=DESK)
@require_POST
def acceptance(request: ActingRequest, number: str) -> HttpResponse:
    """Agree to what the seller asks."""
    view, form = _found(request, number), ActForm(request.POST, name="accept")

    def accept(typed: Mapping[str, Any]) -> None:
        sending_back.accept(return_id=view.row.id, actor=request.actor, now=clock.now())

    answer = attempt(request, form, accept, said=_("It is agreed. Send the goods."), to=_url(number))
    return answer or _page(request, view, {"accept": form})


@guards.allow("stock.receive", kind=DESK)
@require_POST
def cancellation(request: ActingRequest, number: str) -> HttpResponse:
    """Keep the goods after all."""
    view, form = _found(request, number), ReasonForm(request.POST, name="cancel")

    def cancel(typed: Mapping[str, Any]) -> None:
        sending_back.cancel(return_id=view.row.id, actor=request.actor, now=clock.now(), **typed)

    answer = attempt(request, form, cancel, said=_("The goods stay."), to=_url(number))
    return answer or _page(request, view, {"cancel": form})


@guards.allow("stock.receive", kind=DESK)
@require_POST
def handover(request: ActingRequest, number: str) -> HttpResponse:
    """Give the goods to a carrier."""
    view, form = _found(request, number), shared.HandOverForm(request.POST, name="leave")

    def leave(typed: Mapping[str, Any]) -> None:
        flow.hand_over(return_id=view.row.id, leaving=form.leaving(typed), actor=request.actor, now=clock.now())

    answer = attempt(request, form, leave, said=_("The goods are on their way back."), to=_url(number))
    return answer or _page(request, view, {"leave": form})


@guards.allow("stock.receive", kind=DESK)
@require_POST
def disposal(request: ActingRequest, number: str) -> HttpResponse:
    """Dispose of what was not taken."""
    view, form = _found(request, number), ReasonForm(request.POST, name="dispose")

    def dispose(typed: Mapping[str, Any]) -> None:
        flow.dispose(return_id=view.row.id, actor=request.actor, now=clock.now(), **typed)

    answer = attempt(request, form, dispose, said=_("The goods are disposed of."), to=_url(number))
    return answer or _page(request, view, {"dispose": form})


@guards.allow("stock.receive", kind=DESK)
@require_POST
def paper(request: ActingRequest, number: str) -> HttpResponse:
    """The packing list."""
    return shared.paper(_found(request, number), words.languages(), clock.now())


def _list(
    request: ActingRequest,
    node: NodeView | None = None,
    seller: Seller | None = None,
    form: shared.AskForm | None = None,
) -> HttpResponse:
    view = request.GET.get("view", "") if request.GET.get("view", "") in VIEWS else ""
    found = sending_back.list_returns(
        scope=_scope(request), is_open=not view, before=read_cursor(request.GET.get("cursor", "")), limit=PAGE + 1
    )
    typed = request.GET.get("seller", "").strip()[:200]
    node = node or _node(request, request.GET.get("node", ""))
    seller = seller or (_seller(typed) if typed else None)
    if form is None and node is not None and seller is not None:
        form = _ask_form(node, seller)
    titles = titles_of([each.product_id for each in form.candidates], words.languages()) if form else {}
    now = clock.now()
    context = {
        "tabs": [Link(label, f"?view={code}", current=code == view) for code, label in VIEWS.items()],
        "view": view,
        "page": slice_of(found, lambda each: each.row.id, lambda rows: shared.rows_of(rows, now)),
        "nodes": _nodes(request),
        "node": node,
        "seller": seller,
        "typed": typed or (seller.organisation.code if seller else ""),
        "form": form,
        "rows": form.rows(titles) if form else [],
        "crumbs": [Link(_("Warehouse"), reverse("desk:warehouse")), Link(_("Back to sellers"))],
    }
    return render(request, "inbound/vendor_returns.html", context, *([form] if form else []))


def _page(request: ActingRequest, view: ReturnView, refused: Mapping[str, ActForm] | None = None) -> HttpResponse:
    refused, row, now = refused or {}, view.row, clock.now()
    works_here = request.actor.reaches("stock.receive", row.node.operator_id)
    context = shared.context_of(view, words.languages(), now)
    initial = {"currency": row.seller.settlement_currency, "cartons": 1}
    context |= {
        "zone": row.node.time_zone,
        "list_url": reverse("desk:vendor_returns"),
        "may_accept": works_here and row.state == "asked" and row.asked_by == "seller",
        "may_leave": works_here and row.state == "accepted",
        "may_cancel": works_here and context["is_open"],
        "may_dispose": works_here and context["is_due"],
        "accept": refused.get("accept") or ActForm(name="accept"),
        "cancel": refused.get("cancel") or ReasonForm(name="cancel"),
        "leave": refused.get("leave") or shared.HandOverForm(name="leave", initial=initial),
        "dispose": refused.get("dispose") or ReasonForm(name="dispose"),
        "paper_url": reverse("desk:vendor_return_paper", args=[row.number]),
        "crumbs": [
            Link(_("Warehouse"), reverse("desk:warehouse")),
            Link(_("Back to sellers"), reverse("desk:vendor_returns")),
            Link(row.number),
        ],
    }
    return render(request, "inbound/vendor_return.html", context, *refused.values())


def _ask_form(node: NodeView, seller: Seller, data: Any = None) -> shared.AskForm:
    found = sending_back.list_candidates(seller_id=seller.pk, node_id=node.id, limit=100)
    return shared.AskForm(data, candidates=found, now=clock.now(), name="ask")


def _seller(text: str) -> Seller | None:
    return sellers.find_seller_called(text.strip()) if text.strip() else None


def _nodes(request: ActingRequest) -> list[NodeView]:
    found = logistics.list_nodes(operator_id=scope_of(request.actor, "stock.receive")).values()
    return [each for each in found if each.operator_kind in DESK]


def _node(request: ActingRequest, code: str) -> NodeView | None:
    nodes = _nodes(request)
    own = [each for each in nodes if each.operator_id == request.actor.organisation_id]
    return next((each for each in nodes if each.code == code), None) if code else next(iter(own or nodes), None)


def _scope(request: ActingRequest) -> Scope:
    return Scope(node_operator_id=scope_of(request.actor, "stock.receive"))


def _found(request: ActingRequest, number: str) -> ReturnView:
    return sending_back.get_return(number=number, scope=_scope(request))


def _url(number: str) -> str:
    return reverse("desk:vendor_return", args=[number])
