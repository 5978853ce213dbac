"""The seller's stock: where it stands, how it moved, goods that come in at own premises, corrections after a count."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from entrepot.domain.catalogue import queries as catalogue
from entrepot.domain.inbound.queries import Scope
from entrepot.domain.inventory import queries
from entrepot.domain.inventory.models import Movement, Stock
from entrepot.domain.logistics import queries as logistics
from entrepot.domain.logistics.queries import NodeView
from entrepot.domain.sellers import queries as sellers
from entrepot.domain.sellers.models import Enrolment
from entrepot.flows import inbound
from entrepot.flows.inbound import Goods
from entrepot.kernel import clock
from entrepot.kernel.errors import Invalid
from entrepot.surfaces.seller import words
from entrepot.surfaces.seller.frame import languages, read_cursor, render, seller_of
from entrepot.surfaces.seller.goods import where
from entrepot.surfaces.shared import coming
from entrepot.surfaces.shared.acting import ActForm, ReasonForm, attempt
from entrepot.surfaces.shared.components import Link, Slice
from entrepot.surfaces.shared.guards import ActingRequest, allow

PAGE = 200
MOVEMENTS = 50


class ReceiptForm(ActForm):
    """Goods that came in at a node of the seller's own."""

    node = forms.ChoiceField(label=gettext_lazy("Where"))
    sku_code = forms.CharField(label=gettext_lazy("Article number"), max_length=80)
    quantity = forms.IntegerField(label=gettext_lazy("Units"), min_value=1, max_value=1_000_000_000)
    lot = forms.CharField(label=gettext_lazy("Lot"), required=False, max_length=40)
    enrolment = forms.ChoiceField(
        label=gettext_lazy("For"),
        required=False,
        help_text=gettext_lazy("Only asked for where your programmes differ about who owns the goods."),
    )

    def __init__(self, *args: Any, nodes: Sequence[NodeView], enrolments: Sequence[Enrolment], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["node"].choices = [(node.id.hex, node.name) for node in nodes]  # type: ignore[attr-defined]
        choices = [("", _("All my offers of it")), *((each.id.hex, where(each)) for each in enrolments)]
        self.fields["enrolment"].choices = choices  # type: ignore[attr-defined]


class AdjustmentForm(ReasonForm):
    """A correction after a count."""

    counted = forms.IntegerField(
        label=gettext_lazy("Counted"),
        min_value=0,
        max_value=1_000_000_000,
        help_text=gettext_lazy("How many units there really are."),
    )
    expected = forms.IntegerField(widget=forms.HiddenInput)

    field_order = ["counted", "reason"]


@dataclass(slots=True)
class Place:
    """A node with what of the seller's stands there."""

    name: str
    kind: str
    is_own: bool
    rows: list[tuple[Stock, str, int]] = field(default_factory=list)

    @property
    def units(self) -> int:
        """All units on hand."""
        return sum(row.on_hand for row, _title, _free in self.rows)


@allow("stock.read", kind="seller")
@require_safe
def index(request: ActingRequest) -> HttpResponse:
    """Stock by node."""
    seller_id = seller_of(request)
    found = queries.list_stock(seller_id=seller_id, after=read_cursor(request.GET.get("cursor", "")), limit=PAGE + 1)
    kept = found[:PAGE]
    texts = catalogue.texts({row.sku.product_id for row in kept}, languages=languages())
    places: dict[UUID, Place] = {}
    for row in kept:
        node = row.node
        place = places.setdefault(
            node.id, Place(node.name, str(words.NODES.get(node.kind, node.kind)), node.operator_id == seller_id)
        )
        text = texts.get(row.sku.product_id)
        free = row.on_hand - row.reserved - row.allotted
        place.rows.append((row, text.title if text else row.sku.code, free))
    page = Slice(kept, kept[-1].id.hex if len(found) > PAGE else "")
    context = {
        "places": sorted(places.values(), key=lambda place: (not place.is_own, place.name)),
        "page": page,
        "conditions": words.CONDITIONS,
        "own_nodes": logistics.list_nodes(operator_id=seller_id),
        "coming": coming.rows_of(Scope(seller_id=seller_id), languages()),
    }
    return render(request, "stock/index.html", context)


@allow("stock.read", kind="seller")
@require_safe
def show(request: ActingRequest, stock_id: UUID) -> HttpResponse:
    """A stock row with its movements."""
    return _page(request, stock_id)


@allow("stock.adjust", kind="seller")
@require_POST
def adjustment(request: ActingRequest, stock_id: UUID) -> HttpResponse:
    """Correct a stock row after a count."""
    row = queries.get_stock(stock_id=stock_id, seller_id=seller_of(request))
    form = AdjustmentForm(request.POST, name="adjust")

    def adjust(typed: Mapping[str, Any]) -> None:
        change = typed["counted"] - typed["expected"]
        if not change:
            raise Invalid("inventory.no_change", "That is what the books say already.", field="counted")
        now = clock.now()
        inbound.adjust_stock(actor=request.actor, changes=[(row.id, change)], reason=typed["reason"], now=now)

    to = reverse("seller:stock_row", args=[stock_id])
    return attempt(request, form, adjust, said=_("The stock is corrected."), to=to) or _page(request, stock_id, form)


@allow("stock.receive", kind="seller")
@require_http_methods(["GET", "HEAD", "POST"])
def receipts(request: ActingRequest) -> HttpResponse:
    """Count goods in at own premises."""
    seller_id, now = seller_of(request), clock.now()
    nodes = list(logistics.list_nodes(operator_id=seller_id).values())
    extra: dict[str, Any] = {
        "name": "receipt",
        "nodes": nodes,
        "enrolments": sellers.list_enrolments(seller_id=seller_id, at=now),
    }
    if request.method != "POST":
        form = ReceiptForm(**extra, initial={"sku_code": request.GET.get("sku", "")[:80]})
        return _receipt_page(request, form, nodes)
    form = ReceiptForm(request.POST, **extra)

    def receive(typed: Mapping[str, Any]) -> None:
        sku_id = _sku(seller_id, typed["sku_code"])
        enrolment_id = UUID(hex=typed["enrolment"]) if typed["enrolment"] else None
        goods = Goods(sku_id, typed["quantity"], typed["lot"], enrolment_id=enrolment_id)
        node_id = UUID(hex=typed["node"])
        inbound.receive_goods(seller_id=seller_id, node_id=node_id, rows=[goods], actor=request.actor, now=now)

    answer = attempt(request, form, receive, said=_("The goods are in stock."), to=reverse("seller:stock"))
    return answer or _receipt_page(request, form, nodes)


def _sku(seller_id: UUID, code: str) -> UUID:
    found = catalogue.find_skus(organisation_id=seller_id, sku_codes=[code]).get(code)
    if found is None:
        raise Invalid("catalogue.unknown_sku", "You have no article of this number.", field="sku_code")
    return found.id


def _receipt_page(request: ActingRequest, form: ReceiptForm, nodes: Sequence[NodeView]) -> HttpResponse:
    crumbs = [Link(_("Stock"), reverse("seller:stock")), Link(_("Goods that came in"))]
    return render(request, "stock/receipts.html", {"form": form, "nodes": nodes, "crumbs": crumbs}, form)


def _page(request: ActingRequest, stock_id: UUID, form: AdjustmentForm | None = None) -> HttpResponse:
    seller_id = seller_of(request)
    row = queries.get_stock(stock_id=stock_id, seller_id=seller_id)
    before = read_cursor(request.GET.get("cursor", ""))
    found = queries.list_movements(stock_id=row.id, before=before, limit=MOVEMENTS + 1)
    is_own = row.node.operator_id == seller_id
    if form is None and is_own and request.actor.may("stock.adjust"):
        form = AdjustmentForm(name="adjust", initial={"expected": row.on_hand})
    text = catalogue.texts([row.sku.product_id], languages=languages()).get(row.sku.product_id)
    kept = found[:MOVEMENTS]
    context = {
        "row": row,
        "title": text.title if text else row.sku.code,
        "condition": words.CONDITIONS[row.condition],
        "free": row.on_hand - row.reserved - row.allotted,
        "is_own": is_own,
        "form": form if is_own else None,
        "page": Slice([(each, _moved(each)) for each in kept], kept[-1].id.hex if len(found) > MOVEMENTS else ""),
        "crumbs": [Link(_("Stock"), reverse("seller:stock")), Link(row.sku.code)],
    }
    return render(request, "stock/show.html", context, *([form] if form else []))


def _moved(movement: Movement) -> str:
    return str(words.MOVEMENTS.get(movement.kind, movement.kind))
