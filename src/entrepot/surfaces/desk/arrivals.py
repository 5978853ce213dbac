"""Shipments at the node: what comes when; scan cartons, count units, inspect samples, put away, close, turn away.

Serves the operator's own warehouse and partners alike: each sees what comes to its own nodes.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from entrepot.domain.accounts import queries as accounts
from entrepot.domain.catalogue import queries as catalogue
from entrepot.domain.inbound import costing, queries, receiving, shipping
from entrepot.domain.inbound.models import Shipment
from entrepot.domain.inbound.queries import Scope, ShipmentView
from entrepot.domain.inbound.receiving import Scan
from entrepot.domain.inbound.ways import pass_leg
from entrepot.domain.inbound.ways import plan as plan_way
from entrepot.flows import receiving as flow
from entrepot.flows.landing import enter_cost
from entrepot.kernel import clock
from entrepot.kernel.errors import Invalid, NotFound
from entrepot.surfaces.desk import words
from entrepot.surfaces.desk.acting import ActForm, Done, ReasonForm, attempt, render
from entrepot.surfaces.desk.paging import PAGE, read_cursor, slice_of
from entrepot.surfaces.desk.scopes import DESK, scope_of
from entrepot.surfaces.shared import ahead, docking, guards, inbound, landing, ways
from entrepot.surfaces.shared.components import Link
from entrepot.surfaces.shared.guards import ActingRequest

VIEWS: Mapping[str, tuple[Any, tuple[str, ...]]] = {
    "": (gettext_lazy("Open"), ("announced", "in_transit", "arrived", "receiving")),
    "here": (gettext_lazy("Here, to count"), ("arrived", "receiving")),
    "done": (gettext_lazy("Done"), ("closed", "refused", "cancelled")),
}


class ScanForm(ActForm):
    """A carton's number, as the scanner types it."""

    barcode = forms.CharField(
        label=gettext_lazy("Carton's number"),
        max_length=12_000,
        help_text=gettext_lazy(
            "Scan it: the carton counts as it was announced, once. Several numbers may stand there."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "mono"}),
    )


class CountForm(ActForm):
    """Units that were counted one by one."""

    sku = forms.CharField(label=gettext_lazy("SKU"), max_length=80)
    quantity = forms.IntegerField(
        label=gettext_lazy("Units"),
        min_value=-receiving.UNITS_MAX,
        max_value=receiving.UNITS_MAX,
        help_text=gettext_lazy("Below zero to correct a count."),
    )
    condition = forms.ChoiceField(
        label=gettext_lazy("Condition"),
        choices=[("new", gettext_lazy("Sellable")), ("damaged", gettext_lazy("Damaged"))],
    )
    note = forms.CharField(label=gettext_lazy("Note"), max_length=200, required=False)


class ArriveForm(ActForm):
    """That it is here; where the dock asks for a slot, that it is let in without."""

    without_slot = forms.BooleanField(label=gettext_lazy("Let it in without a slot"), required=False)


class InspectForm(ActForm):
    """How many units of the sample were faulty."""

    defects = forms.IntegerField(label=gettext_lazy("Faulty units"), min_value=0)
    note = forms.CharField(label=gettext_lazy("Note"), max_length=400, required=False)


class CloseForm(ActForm):
    """What becomes of what differs."""

    take_extra = forms.BooleanField(label=gettext_lazy("Take in what is over or was not announced"), required=False)
    keep_damaged = forms.BooleanField(
        label=gettext_lazy("Keep damaged units here, for the seller"), required=False, initial=True
    )
    note = forms.CharField(
        label=gettext_lazy("Note to the seller"),
        help_text=gettext_lazy("Say why where units go back."),
        max_length=400,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


@guards.allow("shipments.read", kind=DESK)
@require_GET
def shipments(request: ActingRequest) -> HttpResponse:
    """What comes to the nodes of the actor's organisation, or to all of them."""
    actor, view = request.actor, request.GET.get("view", "")
    view = view if view in VIEWS else ""
    reaches_all = actor.verbs.get("shipments.read") == "all"
    is_wide = reaches_all and request.GET.get("of") == "all"
    scope = Scope(node_operator_id=scope_of(actor, "shipments.read", is_wide=is_wide))
    barcode = request.GET.get("carton", "").strip().upper()[:24]
    if barcode and (named := queries.find_by_carton(barcode=barcode, scope=_scope(request))):
        return redirect(_url(named.number))
    counts = queries.count_shipments(scope=scope)
    found = queries.list_shipments(
        scope=scope, states=VIEWS[view][1], before=read_cursor(request.GET.get("cursor", "")), limit=PAGE + 1
    )

    def show(rows: Sequence[Shipment]) -> list[dict[str, Any]]:
        sums, now = queries.sum_shipments([row.id for row in rows]), clock.now()
        return [
            {
                "shipment": row,
                "said": inbound.SHIPMENTS[row.state],
                "sum": sums[row.id],
                "is_late": row.state in ("announced", "in_transit") and row.due_at is not None and row.due_at < now,
                "url": _url(row.number),
            }
            for row in rows
        ]

    query = "&of=all" if is_wide else ""
    context = {
        "tabs": [
            Link(
                label,
                f"?view={code}{query}",
                current=code == view,
                count=sum(counts.get(state, 0) for state in states) if code != "done" else None,
            )
            for code, (label, states) in VIEWS.items()
        ],
        "view": view,
        "barcode": barcode,
        "page": slice_of(found, lambda row: row.id, show),
        "reaches_all": reaches_all,
        "may_receive": actor.may("stock.receive"),
        "is_wide": is_wide,
    }
    return render(request, "inbound/shipments.html", context)


@guards.allow("shipments.read", kind=DESK)
@require_GET
def shipment(request: ActingRequest, number: str) -> HttpResponse:
    """One shipment, and what is to be done with it now; asked so, what the border takes of it."""
    view = find_shipment(request, number)
    return border_page(request, view.shipment) if "border" in request.GET else shipment_page(request, view)


def border_page(request: ActingRequest, shipment: Shipment, refused: landing.ValueForm | None = None) -> HttpResponse:
    """What the border takes of a shipment, with a form that was refused."""
    shown = landing.border(shipment, actor=request.actor, surface="desk", refused=refused)
    crumbs = [
        Link(_("Warehouse"), reverse("desk:warehouse")),
        Link(_("Goods on their way in"), reverse("desk:shipments")),
        Link(shipment.number, shown["back"]),
        Link(_("Border")),
    ]
    return render(request, "inbound/border.html", shown | {"crumbs": crumbs}, *([refused] if refused else []))


@guards.allow("settlement.run", kind="operator")
@require_POST
def values(request: ActingRequest, number: str) -> HttpResponse:
    """Say what goods without an agreed price are worth at the border."""
    shipment = find_shipment(request, number).shipment
    answer, form = landing.keep_values(request, shipment, surface="desk")
    return answer or border_page(request, shipment, form)


@guards.allow("stock.receive", kind=DESK)
@require_POST
def arrival(request: ActingRequest, number: str) -> HttpResponse:
    """Say that it has come."""
    view, form = find_shipment(request, number), ArriveForm(request.POST, name="arrive")

    def arrive(typed: Mapping[str, Any]) -> None:
        shipping.arrive(shipment_id=view.shipment.id, actor=request.actor, now=clock.now(), **typed)

    answer = attempt(request, form, arrive, said=_("It is here. Count it now."), to=_url(number))
    return answer or shipment_page(request, view, {"arrive": form})


@guards.allow("stock.receive", kind=DESK)
@require_POST
def slot(request: ActingRequest, number: str) -> HttpResponse:
    """Book a time at the dock, or another one."""
    view = find_shipment(request, number)
    form = docking.slot_form(request.POST, view.shipment)

    def book(typed: Mapping[str, Any]) -> None:
        at = datetime.fromisoformat(typed["starts_at"])
        shipping.book_slot(shipment_id=view.shipment.id, starts_at=at, actor=request.actor, now=clock.now())

    answer = attempt(request, form, book, said=_("The time is booked."), to=_url(number) + "#dock")
    return answer or shipment_page(request, view, {"slot": form})


@guards.allow("stock.receive", kind=DESK)
@require_POST
def slot_return(request: ActingRequest, number: str) -> HttpResponse:
    """Give the time at the dock back."""
    view, form = find_shipment(request, number), ActForm(request.POST, name="slot-return")

    def give_back(typed: Mapping[str, Any]) -> None:
        shipping.give_slot_back(shipment_id=view.shipment.id, actor=request.actor, now=clock.now())

    answer = attempt(request, form, give_back, said=_("Others may have that time now."), to=_url(number) + "#dock")
    return answer or shipment_page(request, view, {"slot_return": form})


@guards.allow("stock.receive", kind=DESK)
@require_POST
def turning_away(request: ActingRequest, number: str) -> HttpResponse:
    """Turn the whole shipment away."""
    view, form = find_shipment(request, number), ReasonForm(request.POST, name="refuse")

    def refuse(typed: Mapping[str, Any]) -> None:
        flow.refuse_shipment(shipment_id=view.shipment.id, actor=request.actor, now=clock.now(), **typed)

    answer = attempt(request, form, refuse, said=_("The shipment goes back to the seller."), to=_url(number))
    return answer or shipment_page(request, view, {"refuse": form})


@guards.allow("stock.receive", kind=DESK)
@require_POST
def carton_scans(request: ActingRequest, number: str) -> HttpResponse:
    """Count cartons whole."""
    view, form = find_shipment(request, number), ScanForm(request.POST, name="scan")

    def scan(typed: Mapping[str, Any]) -> Done:
        barcodes = typed["barcode"].replace(",", " ").split()
        done = receiving.count_cartons(
            shipment_id=view.shipment.id, barcodes=barcodes, actor=request.actor, now=clock.now()
        )
        if not done.units:
            return Done(_("That was counted already."))
        said = ngettext("{count} unit is counted.", "{count} units are counted.", done.units).format(count=done.units)
        if done.repeated:
            said += " " + _("What was counted before counts once.")
        return Done(said)

    return attempt(request, form, scan, to=_url(number) + "#count") or shipment_page(request, view, {"scan": form})


@guards.allow("stock.receive", kind=DESK)
@require_POST
def unit_counts(request: ActingRequest, number: str) -> HttpResponse:
    """Count units of a SKU."""
    view, form = find_shipment(request, number), CountForm(request.POST, name="count")

    def count(typed: Mapping[str, Any]) -> Done:
        sku_id = _sku(view, typed["sku"].strip())
        key = f"page:{request.POST.get('idempotency_key') or clock.now().isoformat()}"[:80]
        scan = Scan(key, sku_id, typed["quantity"], typed["condition"], note=typed["note"])
        receiving.count(shipment_id=view.shipment.id, scans=[scan], actor=request.actor, now=clock.now())
        return Done(_("It is counted."))

    return attempt(request, form, count, to=_url(number) + "#count") or shipment_page(request, view, {"count": form})


@guards.allow("stock.receive", kind=DESK)
@require_POST
def inspections(request: ActingRequest, number: str, sku_id: UUID) -> HttpResponse:
    """Write down what a sample showed."""
    view = find_shipment(request, number)
    if sku_id not in {each.sku_id for each in view.positions}:
        raise NotFound(kind="SKU")
    name = f"inspect-{sku_id.hex}"
    form = InspectForm(request.POST, name=name)

    def inspect(typed: Mapping[str, Any]) -> Done:
        done = receiving.inspect(
            shipment_id=view.shipment.id, sku_id=sku_id, actor=request.actor, now=clock.now(), **typed
        )
        return Done(_("The lot passes.") if done.passed else _("The lot fails: it is not put away."))

    answer = attempt(request, form, inspect, to=_url(number))
    return answer or shipment_page(request, view, {name: form})


@guards.allow("stock.receive", kind=DESK)
@require_POST
def put_aways(request: ActingRequest, number: str) -> HttpResponse:
    """Bring what is counted so far into stock."""
    view, form = find_shipment(request, number), ActForm(request.POST, name="put-away")

    def put_away(typed: Mapping[str, Any]) -> Done:
        done = flow.put_away(shipment_id=view.shipment.id, actor=request.actor, now=clock.now())
        units = sum(each.quantity for each in done)
        return Done(ngettext("{units} unit is in stock.", "{units} units are in stock.", units).format(units=units))

    return attempt(request, form, put_away, to=_url(number)) or shipment_page(request, view, {"put_away": form})


@guards.allow("stock.receive", kind=DESK)
@require_POST
def closing(request: ActingRequest, number: str) -> HttpResponse:
    """Put away the rest, record what differs, and end the receiving."""
    view, form = find_shipment(request, number), CloseForm(request.POST, name="close")

    def close(typed: Mapping[str, Any]) -> Done:
        done = flow.close_shipment(shipment_id=view.shipment.id, actor=request.actor, now=clock.now(), **typed)
        units = sum(each.quantity for each in done)
        said = ngettext("{units} unit is in stock.", "{units} units are in stock.", units).format(units=units)
        bought = sum(each.quantity for each in done if each.is_bought)
        if bought:
            said += " " + ngettext(
                "{units} unit belongs to the platform now.", "{units} units belong to the platform now.", bought
            ).format(units=bought)
        return Done(said)

    return attempt(request, form, close, to=_url(number)) or shipment_page(request, view, {"close": form})


@guards.allow("settlement.run", kind="operator")
@require_POST
def cost(request: ActingRequest, number: str) -> HttpResponse:
    """Enter a bill for the way."""
    view, form = find_shipment(request, number), landing.CostForm(request.POST, name="cost")

    def enter(typed: Mapping[str, Any]) -> None:
        bill = form.cost(typed)
        enter_cost(shipment_id=view.shipment.id, cost=bill, actor=request.actor, now=clock.now())

    answer = attempt(request, form, enter, said=_("The bill is entered."), to=_url(number) + "#costs")
    return answer or shipment_page(request, view, {"cost": form})


@guards.allow("settlement.run", kind="operator")
@require_POST
def landed_cost(request: ActingRequest, number: str) -> HttpResponse:
    """Share the bills among the units."""
    view, form = find_shipment(request, number), landing.ShareForm(request.POST, name="share")

    def share(typed: Mapping[str, Any]) -> None:
        costing.share(shipment_id=view.shipment.id, actor=request.actor, now=clock.now(), **typed)

    answer = attempt(request, form, share, said=_("The landed cost is shared out."), to=_url(number) + "#costs")
    return answer or shipment_page(request, view, {"share": form})


@guards.allow("stock.receive", kind=DESK)
@require_POST
def lane(request: ActingRequest, number: str) -> HttpResponse:
    """Plan the way by a lane."""
    view = find_shipment(request, number)
    form = ways.LaneForm(request.POST, shipment=view.shipment, name="lane")

    def plan(typed: Mapping[str, Any]) -> None:
        plan_way(
            shipment_id=view.shipment.id, lane_code=typed["lane"], ready_on=typed["ready_on"], actor=request.actor,
            now=clock.now(),
        )  # fmt: skip

    answer = attempt(request, form, plan, said=_("The way is planned."), to=_url(number) + "#way")
    return answer or shipment_page(request, view, {"lane": form})


@guards.allow("stock.receive", kind=DESK)
@require_POST
def leg(request: ActingRequest, number: str) -> HttpResponse:
    """Say that a leg is done."""
    view, form = find_shipment(request, number), ways.LegForm(request.POST, name="leg")

    def done(typed: Mapping[str, Any]) -> None:
        pass_leg(shipment_id=view.shipment.id, actor=request.actor, now=clock.now(), **typed)

    answer = attempt(request, form, done, said=_("The leg is done."), to=_url(number) + "#way")
    return answer or shipment_page(request, view, {"leg": form})


@guards.allow("shipments.read", kind=DESK)
@require_POST
def shipment_paper(request: ActingRequest, number: str, kind: str) -> HttpResponse:
    """The labels of its cartons, or its packing list."""
    return inbound.paper(find_shipment(request, number), kind, languages=words.languages(), now=clock.now())


def shipment_page(
    request: ActingRequest, view: ShipmentView, refused: Mapping[str, ActForm] | None = None
) -> HttpResponse:
    """The page of a shipment, with the forms that were refused."""
    refused, shipment, now, actor = refused or {}, view.shipment, clock.now(), request.actor
    titles = inbound.titles_of([each.product_id for each in view.positions], words.languages())
    by_sku = {each.sku_id: titles.get(each.product_id, each.sku_code) for each in view.positions}
    works_here = actor.reaches("stock.receive", shipment.node.operator_id)
    way = ways.panel(shipment, refused, may_move=works_here, surface="desk")
    may_set = actor.verbs.get("stock_orders.ask") == "all"
    is_counting = works_here and shipment.state in ("arrived", "receiving")
    counted, to_see = sum(each.is_counted for each in view.cartons), len(view.cartons)
    context: dict[str, Any] = {
        "view": view,
        "shipment": shipment,
        "said": inbound.SHIPMENTS[shipment.state],
        "steps": inbound.shipment_steps(shipment),
        "zone": shipment.node.time_zone,
        "cartons": [(each, [(line, by_sku[line.sku_id]) for line in each.lines]) for each in view.cartons],
        "counted_cartons": counted,
        "all_cartons": to_see,
        "positions": _positions(view, by_sku, refused),
        "discrepancies": [
            (
                each,
                by_sku.get(each.sku_id, each.sku.code),
                inbound.DISCREPANCIES[each.kind],
                inbound.OUTCOMES[each.outcome],
            )
            for each in view.discrepancies
        ],
        "events": inbound.timeline(view.events),
        "is_late": shipment.state in ("announced", "in_transit") and shipment.due_at and shipment.due_at < now,
        "may_arrive": works_here and shipment.state in ("announced", "in_transit"),
        "may_refuse": works_here and shipment.state == "arrived",
        "is_counting": is_counting,
        "may_close": works_here and shipment.state == "receiving",
        "waits": any(each.counted > each.put_away for each in view.positions),
        "was_counted": shipment.state in ("receiving", "closed"),
        "reads_orders": actor.may("stock_orders.read"),
        "arrive": refused.get("arrive") or ArriveForm(name="arrive"),
        **landing.panel(shipment, by_sku, refused, actor=actor, surface="desk"),
        **way,
        "ahead": ahead.panel(shipment, by_sku, refused, legs=way["legs"], may_set=may_set),
        "loss_form": (refused.get("loss") or ahead.LossForm(name="loss"))
        if works_here and shipment.state == "in_transit"
        else None,
        "clocks": docking.clocks_of_shipment(shipment, shipment.stock_order),
        "dock": docking.dock_of(shipment, refused, may_book=works_here, now=now),
        "slot_url": reverse("desk:shipment_slot", args=[shipment.number]),
        "slot_return_url": reverse("desk:shipment_slot_return", args=[shipment.number]),
        "refuse": refused.get("refuse") or ReasonForm(name="refuse"),
        "scan": refused.get("scan") or ScanForm(name="scan"),
        "count": refused.get("count") or CountForm(name="count"),
        "put_away": refused.get("put_away") or ActForm(name="put-away"),
        "close": refused.get("close") or CloseForm(name="close"),
        "crumbs": [
            Link(_("Warehouse"), reverse("desk:warehouse")),
            Link(_("Goods on their way in"), reverse("desk:shipments")),
            Link(shipment.number),
        ],
    }
    return render(request, "inbound/shipment.html", context, *refused.values())


def _positions(view: ShipmentView, titles: Mapping[UUID, str], refused: Mapping[str, ActForm]) -> list[dict[str, Any]]:
    """What was announced and counted of each SKU, with the sample to look at until it is put away."""
    lots = {each.sku_id: each.counted for each in view.positions if each.counted and not each.put_away}
    is_open = view.shipment.state == "receiving"
    plans = receiving.plans_for(view.shipment, lots, clock.now()) if is_open else {}
    return [
        {
            "at": each,
            "title": titles[each.sku_id],
            "differs": each.counted != each.declared,
            "plan": plans.get(each.sku_id),
            "form": refused.get(name := f"inspect-{each.sku_id.hex}") or InspectForm(name=name),
        }
        for each in view.positions
    ]


def _sku(view: ShipmentView, code: str) -> UUID:
    """A SKU of the shipment, or another one of the seller's or the common catalogue. Raises: Invalid."""
    for each in view.positions:
        if each.sku_code == code:
            return each.sku_id
    for owner in (view.shipment.seller_id, accounts.get_operator().id):
        if found := catalogue.find_skus(organisation_id=owner, sku_codes=[code]).get(code):
            return found.id
    raise Invalid("goods.no_such_sku", "The seller has no SKU {code}.", field="sku", code=code[:60])


def _scope(request: ActingRequest) -> Scope:
    return Scope(node_operator_id=scope_of(request.actor, "shipments.read"))


def find_shipment(request: ActingRequest, number: str) -> ShipmentView:
    """A shipment that comes to a node of the actor's; a draft is the seller's own business. Raises: NotFound."""
    view = queries.get_shipment(number=number, scope=_scope(request))
    if view.shipment.state == "draft":
        raise NotFound(kind="shipment")
    return view


def _url(number: str) -> str:
    return reverse("desk:shipment", args=[number])
