"""What may be sold while it is on its way: rules by market, node, programme and way of transport; shipments in them."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from entrepot.domain.inbound import ahead, queries
from entrepot.domain.inbound.ahead import NewShare
from entrepot.domain.inventory import coming
from entrepot.domain.logistics import queries as logistics
from entrepot.domain.markets.models import Market
from entrepot.domain.orders import awaiting
from entrepot.domain.terms import queries as terms
from entrepot.flows import receiving as flow
from entrepot.kernel import clock
from entrepot.kernel.errors import NotFound
from entrepot.surfaces.desk.acting import ActForm, ReasonForm, attempt, render
from entrepot.surfaces.desk.arrivals import find_shipment, shipment_page
from entrepot.surfaces.desk.scopes import DESK
from entrepot.surfaces.shared import ahead as shown
from entrepot.surfaces.shared import guards, inbound
from entrepot.surfaces.shared.components import Link
from entrepot.surfaces.shared.guards import ActingRequest


class RuleForm(ReasonForm):
    """A rule from today on; the one of the same scope before it ends."""

    market = forms.ChoiceField(label=gettext_lazy("Market"), required=False)
    node = forms.ChoiceField(label=gettext_lazy("Warehouse"), required=False)
    programme = forms.ChoiceField(label=gettext_lazy("Programme"), required=False)
    mode = forms.ChoiceField(
        label=gettext_lazy("Way"), choices=[("", gettext_lazy("every way")), *shown.BY.items()], required=False
    )
    sale = forms.ChoiceField(
        label=gettext_lazy("Goods on their way"),
        choices=[("sold", gettext_lazy("are sold ahead")), ("never", gettext_lazy("are not sold ahead"))],
    )
    kept_back = shown.percent_field(
        gettext_lazy("Kept back"),
        required=False,
        initial=10,
        help_text=gettext_lazy("So that a shipment that comes short leaves nobody without goods."),
    )
    put_away_days = shown.days_field(gettext_lazy("From arrival to ready"))
    field_order = ("market", "node", "programme", "mode", "sale", "kept_back", "put_away_days", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        nodes = [each for each in logistics.list_nodes().values() if not each.is_archived]
        choices = {
            "market": [("", _("every market")), *Market.objects.order_by("code").values_list("code", "code")],
            "node": [("", _("every warehouse")), *((each.code, each.name) for each in nodes)],
            "programme": [("", _("every programme")), *sorted(terms.list_labels().items())],
        }
        for name, found in choices.items():
            self.fields[name].choices = found  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Who sells ahead says which share is kept back, if it is none of it."""
        typed = super().clean() or {}
        if typed.get("sale") == "sold" and typed.get("kept_back") is None:
            self.add_error("kept_back", _("Say which share is kept back; 0 is a share too."))
        return typed


@guards.allow("stock_orders.ask", kind="operator")
@require_http_methods(["GET", "HEAD", "POST"])
def ahead_rules(request: ActingRequest) -> HttpResponse:
    """Look at what is sold ahead and by which rule, and set rules from today on."""
    form = RuleForm(
        request.POST if request.method == "POST" else None, name="rule", initial={"put_away_days": 2, "sale": "sold"}
    )

    def keep(typed: Mapping[str, Any]) -> None:
        rule = NewShare(
            market_code=typed["market"], node_code=typed["node"], programme_code=typed["programme"],
            mode=typed["mode"], put_away_days=typed["put_away_days"],
            safety_rate=shown.rate_of(typed["kept_back"]) if typed["sale"] == "sold" else None,
        )  # fmt: skip
        ahead.set_rule(rule=rule, actor=request.actor, reason=typed["reason"], now=clock.now())

    if request.method == "POST" and (
        answer := attempt(request, form, keep, said=_("This counts from today on."), to=reverse("desk:ahead_rules"))
    ):
        return answer
    return _page(request, form)


@guards.allow("stock_orders.ask", kind="operator")
@require_POST
def ahead_rule_end(request: ActingRequest, rule_id: UUID) -> HttpResponse:
    """Let a rule count no more."""
    form = ReasonForm(request.POST, name=f"end-{rule_id.hex}")

    def end(typed: Mapping[str, Any]) -> None:
        ahead.end_rule(rule_id=rule_id, actor=request.actor, reason=typed["reason"], now=clock.now())

    answer = attempt(request, form, end, said=_("It counts no more."), to=reverse("desk:ahead_rules"))
    return answer or _page(request, RuleForm(name="rule"), {rule_id: form})


@guards.allow("stock_orders.ask", kind="operator")
@require_POST
def shipment_sale(request: ActingRequest, number: str) -> HttpResponse:
    """Sell one shipment ahead with a share of its own, or not, or as the rules say."""
    view, form = find_shipment(request, number), shown.ShipmentForm(request.POST, name="ahead")

    def change(typed: Mapping[str, Any]) -> None:
        ahead.set_shipment(shipment_id=view.shipment.id, actor=request.actor, now=clock.now(), **form.change(typed))

    answer = attempt(request, form, change, said=_("It is changed."), to=_url(number))
    return answer or shipment_page(request, view, {"ahead": form})


@guards.allow("stock.receive", kind=DESK)
@require_POST
def shipment_loss(request: ActingRequest, number: str) -> HttpResponse:
    """Say that a shipment will not come."""
    view, form = find_shipment(request, number), shown.LossForm(request.POST, name="loss")

    def lose(typed: Mapping[str, Any]) -> None:
        flow.lose_shipment(shipment_id=view.shipment.id, actor=request.actor, now=clock.now(), **typed)

    answer = attempt(
        request, form, lose, said=_("It is given up, and its orders are served otherwise."), to=_url(number)
    )
    return answer or shipment_page(request, view, {"loss": form})


def _page(request: ActingRequest, form: RuleForm, refused: Mapping[UUID, ActForm] | None = None) -> HttpResponse:
    today = clock.now().date()
    rows = ahead.list_rules(on=today)
    ends = {row.id: (refused or {}).get(row.id) or ReasonForm(name=f"end-{row.id.hex}") for row in rows}
    labels = terms.list_labels()
    context = {
        "form": form,
        "rules": [
            {
                "row": row,
                "scope": [
                    row.market.code if row.market else "", row.node.name if row.node else "",
                    labels.get(row.programme_code, row.programme_code), shown.BY.get(row.mode, ""),
                ],
                "kept_back": shown.percent_of(row.safety_rate),
                "end": ends[row.id],
                "dialog": f"end-{row.id.hex}",
            }
            for row in rows
        ],
        "shipments": _shipments(),
        "crumbs": [Link(_("Stock orders"), reverse("desk:stock_orders")), Link(_("Sold on the way"))],
    }  # fmt: skip
    return render(request, "inbound/ahead.html", context, form, *ends.values())


def _shipments() -> list[dict[str, Any]]:
    """Shipments of which anything may be sold ahead, with how much of it is."""
    found = coming.list_shipments()[:100]
    units, orders = coming.list_ahead(shipment_ids=found), awaiting.count_sold(shipment_ids=found)
    rows = queries.list_by_id(found)
    return [
        {
            "shipment": row, "said": inbound.SHIPMENTS[row.state], "url": _url(row.number),
            "units": sum(each.units for each in units[row.id]), "sold": sum(each.sold for each in units[row.id]),
            "ready_on": max(each.ready_on for each in units[row.id]), "orders": orders.get(row.id, 0),
        }
        for row in rows
    ]  # fmt: skip


def _url(number: str) -> str:
    if not number:
        raise NotFound(kind="shipment")
    return reverse("desk:shipment", args=[number]) + "#ahead"
