"""What to order: articles whose planning the terms give to the marketplace, with a suggestion; preview, then ask.

The suggestion is recent daily sales × days to cover, less what is free and what comes, in whole packs.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from entrepot.domain.accounts import queries as accounts
from entrepot.domain.catalogue import queries as catalogue
from entrepot.domain.inbound import planning
from entrepot.domain.logistics import queries as logistics
from entrepot.domain.logistics.queries import NodeView
from entrepot.domain.logistics.rules import start_of_day
from entrepot.flows import merchandising
from entrepot.flows.merchandising import Outcome, Restock
from entrepot.kernel import clock
from entrepot.kernel.errors import EntrepotError, Invalid
from entrepot.surfaces.desk.acting import ActForm, Done, attempt, render
from entrepot.surfaces.desk.catalogue import tabs, titles_of
from entrepot.surfaces.shared import guards
from entrepot.surfaces.shared.components import Link, Slice
from entrepot.surfaces.shared.errors import sentence
from entrepot.surfaces.shared.guards import ActingRequest

PAGE = 100
UNITS_MAX = 1_000_000
#: Which articles the list keeps, by the word in the address.
ONLY: Mapping[str, Any] = {
    "short": gettext_lazy("Runs short"),
    "missing": gettext_lazy("Out of stock"),
    "all": gettext_lazy("All"),
}


class RestockForm(ActForm):
    """Where to, by when, and a word to the sellers."""

    node = forms.ChoiceField(
        label=gettext_lazy("Warehouse"),
        required=False,
        help_text=gettext_lazy("“As fits” takes the one where the article stands, among those that its terms allow."),
    )
    deliver_on = forms.DateField(
        label=gettext_lazy("Deliver on"),
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        help_text=gettext_lazy("Left empty, it is what the seller's terms say."),
    )
    note = forms.CharField(label=gettext_lazy("A word to the sellers"), max_length=400, required=False)

    def __init__(self, *args: Any, nodes: Sequence[NodeView], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", _("as fits")), *((node.id.hex, f"{node.name} ({node.country})") for node in nodes)]
        self.fields["node"].choices = choices  # type: ignore[attr-defined]


@guards.allow("stock_orders.ask", kind="operator")
@require_GET
def restock(request: ActingRequest) -> HttpResponse:
    """Articles that run short, the most urgent first."""
    return _list(request)


@guards.allow("stock_orders.ask", kind="operator")
@require_POST
def restock_preview(request: ActingRequest) -> HttpResponse:
    """What the chosen quantities come to, seller by seller; nothing is asked yet."""
    form = RestockForm(request.POST, nodes=_nodes(), name="restock")
    try:
        if not form.is_valid():
            form.status = 422
            return _list(request, form)
        chosen = _chosen(request.POST)
        outcome = merchandising.rehearse(lambda: _raise(request, form, chosen))
    except EntrepotError as refusal:
        form.refuse(refusal)
        return _list(request, form)
    return _preview(request, form, chosen, outcome)


@guards.allow("stock_orders.ask", kind="operator")
@require_POST
def restock_orders(request: ActingRequest) -> HttpResponse:
    """Ask the sellers."""
    form = RestockForm(request.POST, nodes=_nodes(), name="restock")

    def ask(typed: Mapping[str, Any]) -> Done:
        outcome = _raise(request, form, _chosen(request.POST))
        if not outcome.orders:
            raise outcome.refused[0].error
        said = ngettext("{count} stock order is asked.", "{count} stock orders are asked.", len(outcome.orders))
        told = said.format(count=len(outcome.orders))
        if outcome.refused:
            left = ngettext("{count} article was left out: {why}", "{count} articles were left out: {why}",
                            len(outcome.refused))  # fmt: skip
            why = "; ".join(dict.fromkeys(sentence(each.error) for each in outcome.refused))
            told += " " + left.format(count=len(outcome.refused), why=why)
        return Done(told)

    return attempt(request, form, ask, to=reverse("desk:stock_orders") + "?view=asked") or _list(request, form)


def _raise(request: ActingRequest, form: RestockForm, chosen: Mapping[UUID, int]) -> Outcome:
    typed, now = form.cleaned_data, clock.now()
    return merchandising.raise_stock_orders(
        quantities=chosen,
        node_id=UUID(hex=typed["node"]) if typed["node"] else None,
        deliver_by=_end_of(typed["deliver_on"], typed["node"]),
        actor=request.actor,
        now=now,
        note=typed["note"],
    )


def _end_of(day: Any, node: str) -> datetime | None:
    """The end of a day where the goods go; where that is open, in UTC."""
    if day is None:
        return None
    zone = next((each.time_zone for each in _nodes() if each.id.hex == node), "UTC")
    return start_of_day(day + timedelta(days=1), ZoneInfo(zone))


def _list(request: ActingRequest, form: RestockForm | None = None) -> HttpResponse:
    asked = request.POST if form else request.GET
    only = asked.get("only", "short")
    only = only if only in ONLY else "short"
    filters = {
        "programme_code": _word(asked, "programme", 60),
        "category_path": _word(asked, "category", 400),
        "seller_code": _word(asked, "seller", 60).strip().lower(),
    }
    cover = asked.get("cover", "")
    cover_days = int(cover) if cover.isascii() and cover.isdecimal() and len(cover) <= 3 else None
    found = merchandising.list_restock(
        now=clock.now(),
        programme_code=filters["programme_code"],
        category_path=filters["category_path"],
        seller_code=filters["seller_code"],
        only="" if only == "all" else only,
        cover_days=cover_days,
    )
    start = int(page) if (page := asked.get("cursor", "")).isascii() and page.isdecimal() and len(page) < 6 else 0
    shown = found[start : start + PAGE]
    ticked = set(request.POST.getlist("offer")) if form else None
    titles = titles_of([each.article.product_id for each in shown])
    context = {
        "tabs": tabs("restock"),
        "only": only,
        "views": [(code, label, code == only) for code, label in ONLY.items()],
        "filters": filters,
        "cover": cover_days,
        "programmes": planning.list_programmes(),
        "categories": catalogue.list_categories(),
        "count": len(found),
        "page": Slice(
            [_row(each, titles, ticked, request.POST) for each in shown],
            next_cursor=str(start + PAGE) if len(found) > start + PAGE else "",
        ),
        "form": form or RestockForm(nodes=_nodes(), name="restock"),
    }
    return render(request, "inbound/restock.html", context, *([form] if form else []))


def _row(
    each: Restock, titles: Mapping[UUID, str], ticked: set[str] | None, typed: Mapping[str, Any]
) -> dict[str, Any]:
    article = each.article
    identity = str(article.offer_id)
    return {
        "at": each,
        "article": article,
        "title": titles.get(article.product_id, article.sku_code),
        "lasts": "" if math.isinf(each.lasts_days) else f"{each.lasts_days:.0f}",
        "is_out": article.free <= 0,
        "is_ticked": each.suggested > 0 and article.unit_minor is not None if ticked is None else identity in ticked,
        "quantity": typed.get(f"quantity-{identity}") or each.suggested or article.pack_quantity,
        "url": reverse("desk:offer", args=[article.offer_id]),
    }


def _preview(request: ActingRequest, form: RestockForm, chosen: Mapping[UUID, int], outcome: Outcome) -> HttpResponse:
    names = accounts.list_organisation_names({order.seller_id for order in outcome.orders})
    nodes = logistics.list_nodes({order.node_id for order in outcome.orders})
    offers = {each.id: each for each in catalogue.list_offers(offer_ids=list(chosen), limit=len(chosen))}
    titles = titles_of([each.sku.product_id for each in offers.values()])
    totals: dict[str, int] = {}
    for order in outcome.orders:
        totals[order.currency] = totals.get(order.currency, 0) + order.asked_minor
    again = RestockForm(nodes=_nodes(), name="restock", initial=form.cleaned_data)
    context = {
        "tabs": tabs("restock"),
        "orders": [
            {"order": order, "seller": names[order.seller_id], "node": nodes[order.node_id]} for order in outcome.orders
        ],
        "totals": sorted(totals.items()),
        "refused": [
            {
                "title": titles.get(offers[each.offer_id].sku.product_id, "") if each.offer_id in offers else "",
                "code": offers[each.offer_id].sku.code if each.offer_id in offers else "",
                "why": sentence(each.error),
            }
            for each in outcome.refused
        ],
        "chosen": [(str(offer_id), units) for offer_id, units in chosen.items()],
        "articles": len(outcome.done),
        "form": again,
        "typed": form.cleaned_data,
        "crumbs": [Link(_("What to order"), reverse("desk:restock")), Link(_("Look first"))],
    }
    return render(request, "inbound/restock_preview.html", context)


def _word(asked: QueryDict, name: str, most: int) -> str:
    """What narrows the list; the preview carries it in its form, where no other check meets it."""
    return asked.get(name, "").replace("\0", "")[:most]


def _chosen(posted: QueryDict) -> dict[UUID, int]:
    """Offer -> units of the ticked rows. Raises: Invalid naming what cannot be read."""
    found: dict[UUID, int] = {}
    for text in posted.getlist("offer"):
        units = posted.get(f"quantity-{text}", "").strip()
        try:
            identity = UUID(text)
        except ValueError:
            continue
        if not (units.isascii() and units.isdecimal() and len(units) <= 7 and 0 < int(units) <= UNITS_MAX):
            raise Invalid("restock.units", "Give a whole number of units beside each ticked row, 1 to {most}.",
                          most=UNITS_MAX)  # fmt: skip
        found[identity] = int(units)
    if not found:
        raise Invalid("desk.nothing_chosen", "Choose at least one row.")
    return found


def _nodes() -> list[NodeView]:
    """Warehouses that are not a seller's."""
    return [node for node in logistics.list_nodes().values() if node.operator_kind != "seller" and not node.is_archived]
