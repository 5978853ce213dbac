"""Goods in a warehouse: what comes in is counted into stock, and what stands there can be seen."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods

from entrepot.domain.accounts import queries as accounts
from entrepot.domain.catalogue import queries as catalogue
from entrepot.domain.inbound.queries import Scope
from entrepot.domain.inventory import queries as inventory
from entrepot.domain.logistics import queries as logistics
from entrepot.domain.logistics.queries import NodeView
from entrepot.domain.sellers import queries as sellers
from entrepot.flows import inbound
from entrepot.flows.inbound import Goods
from entrepot.kernel import clock
from entrepot.kernel.actors import Actor
from entrepot.kernel.errors import Invalid
from entrepot.surfaces.desk import words
from entrepot.surfaces.desk.acting import ActForm, Done, attempt, render
from entrepot.surfaces.desk.paging import PAGE, read_cursor, slice_of
from entrepot.surfaces.desk.scopes import DESK, scope_of
from entrepot.surfaces.shared import coming, guards
from entrepot.surfaces.shared.components import Link
from entrepot.surfaces.shared.guards import ActingRequest

#: Lines of one receipt; far more than a person counts in one go.
ROWS_MAX = 500
UNITS_MAX = 1_000_000


class ReceiptForm(ActForm):
    """What came in, for whom and where."""

    node = forms.ChoiceField(label=gettext_lazy("Node"))
    seller = forms.CharField(
        label=gettext_lazy("Seller"),
        max_length=200,
        help_text=gettext_lazy("The seller's name or code, as on the delivery note."),
    )
    rows = forms.CharField(
        label=gettext_lazy("Goods"),
        help_text=gettext_lazy(
            "One line each: SKU, units, and where there is one the lot, with commas or tabs between, as in a sheet."
        ),
        widget=forms.Textarea(attrs={"rows": 8, "class": "paste", "spellcheck": "false", "autocomplete": "off"}),
        max_length=50_000,
    )
    condition = forms.ChoiceField(
        label=gettext_lazy("Condition"),
        choices=list(words.CONDITIONS.items()),
    )

    def __init__(self, *args: Any, nodes: list[NodeView], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(str(node.id), f"{node.name} ({node.country})") for node in nodes]
        self.fields["node"] = forms.ChoiceField(label=self.fields["node"].label, choices=choices)


@guards.allow("stock.receive", kind=DESK)
@require_http_methods(["GET", "POST"])
def receipts(request: ActingRequest) -> HttpResponse:
    """Count goods in; where the terms say so, the platform buys them in that moment."""
    nodes = _nodes(request.actor, "stock.receive")
    form = ReceiptForm(request.POST if request.method == "POST" else None, nodes=nodes, name="receipt")
    if request.method == "POST":

        def receive(typed: Mapping[str, Any]) -> Done:
            seller = sellers.find_seller_called(typed["seller"].strip())
            if seller is None:
                raise Invalid("goods.seller_unclear", "No seller, or more than one, is called so.", field="seller")
            node = next(node for node in nodes if str(node.id) == typed["node"])
            rows = _rows(typed["rows"], seller.pk, typed["condition"])
            done = inbound.receive_goods(
                seller_id=seller.pk, node_id=node.id, rows=rows, actor=request.actor, now=clock.now()
            )
            units = sum(each.quantity for each in done)
            bought = sum(each.quantity for each in done if each.is_bought)
            said = ngettext("{units} unit is in stock.", "{units} units are in stock.", units).format(units=units)
            if bought:
                said += " " + ngettext(
                    "{units} unit belongs to the platform now.", "{units} units belong to the platform now.", bought
                ).format(units=bought)
            return Done(said)

        answer = attempt(request, form, receive, to=reverse("desk:stock"))
        if answer:
            return answer
    context = {
        "form": form,
        "nodes": nodes,
        "crumbs": [Link(_("Warehouse"), reverse("desk:warehouse")), Link(_("Receive goods"))],
    }
    return render(request, "warehouse/receipts.html", context, form)


@guards.allow("stock.read", kind=DESK)
@require_GET
def stock(request: ActingRequest) -> HttpResponse:
    """What stands at the nodes of the actor's organisation, or at all of them."""
    actor = request.actor
    reaches_all = actor.verbs.get("stock.read") == "all"
    is_wide = reaches_all and request.GET.get("of") == "all"
    nodes = _nodes(actor, "stock.read", is_wide=is_wide)
    chosen = next((node for node in nodes if node.code == request.GET.get("node")), None)
    found = inventory.list_stock(
        node_operator_id=scope_of(actor, "stock.read", is_wide=is_wide),
        node_id=chosen.id if chosen else None,
        after=read_cursor(request.GET.get("cursor", "")),
        limit=PAGE + 1,
    )
    titles = catalogue.texts({row.sku.product_id for row in found}, languages=words.languages())

    def show(rows: Any) -> list[dict[str, Any]]:
        return [
            {
                "stock": row,
                "title": titles[row.sku.product_id].title if row.sku.product_id in titles else row.sku.code,
                "condition": words.CONDITIONS[row.condition],
                "free": row.on_hand - row.reserved - row.allotted,
            }
            for row in rows
        ]

    context = {
        "page": slice_of(found, lambda row: row.id, show),
        "nodes": nodes,
        "node": chosen.code if chosen else "",
        "coming": coming.rows_of(
            Scope(node_operator_id=scope_of(actor, "stock.read", is_wide=is_wide)),
            words.languages(),
            node_id=chosen.id if chosen else None,
        ),
        "reaches_all": reaches_all,
        "is_wide": is_wide,
        "may_receive": actor.may("stock.receive"),
        "crumbs": [Link(_("Warehouse"), reverse("desk:warehouse")), Link(_("Stock"))],
    }
    return render(request, "warehouse/stock.html", context)


def _nodes(actor: Actor, verb: str, *, is_wide: bool = False) -> list[NodeView]:
    """The nodes at which the actor works."""
    return list(logistics.list_nodes(operator_id=scope_of(actor, verb, is_wide=is_wide)).values())


def _rows(text: str, seller_id: UUID, condition: str) -> list[Goods]:
    """The pasted lines as goods. Raises: Invalid naming the line."""
    typed: list[tuple[int, str, int, str]] = []  # line number, SKU, units, lot
    for number, line in enumerate(text.splitlines(), start=1):
        cells = [cell.strip() for cell in line.replace("\t", ",").replace(";", ",").split(",")]
        if not any(cells):
            continue
        units = cells[1] if len(cells) > 1 else ""
        is_count = units.isascii() and units.isdecimal() and len(units) <= 7 and 0 < int(units) <= UNITS_MAX
        if len(cells) > 3 or not is_count:
            raise Invalid(
                "goods.unreadable_line",
                "Line {line} is to say a SKU and a whole number of units: {text}",
                field="rows",
                line=number,
                text=line.strip()[:60],
            )
        typed.append((number, cells[0], int(units), cells[2] if len(cells) > 2 else ""))
    if not 0 < len(typed) <= ROWS_MAX:
        raise Invalid("goods.too_many_lines", "Give 1 to {most} lines.", field="rows", most=ROWS_MAX)
    codes = {code for _number, code, _units, _lot in typed}
    common = catalogue.find_skus(organisation_id=accounts.get_operator().id, sku_codes=codes)
    skus = common | catalogue.find_skus(organisation_id=seller_id, sku_codes=codes)
    for number, code, _units, _lot in typed:
        if code not in skus:
            raise Invalid(
                "goods.unknown_sku",
                "Line {line}: the seller has no SKU {code}.",
                field="rows",
                line=number,
                code=code[:60],
            )
    return [Goods(skus[code].id, units, lot[:40], condition) for _number, code, units, lot in typed]
