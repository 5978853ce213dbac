"""Shipments to warehouses (ASN): what is in which carton, labels, who brings it when, and what was counted there."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from entrepot.domain.catalogue import queries as catalogue
from entrepot.domain.inbound import ordering, queries, shipping
from entrepot.domain.inbound.models import Shipment, StockOrderLine
from entrepot.domain.inbound.queries import Scope, ShipmentView
from entrepot.domain.inbound.shipping import NewCarton
from entrepot.domain.inbound.ways import pass_leg
from entrepot.domain.inbound.ways import plan as plan_way
from entrepot.domain.logistics import queries as logistics
from entrepot.domain.logistics.queries import NodeView
from entrepot.domain.sellers import queries as sellers
from entrepot.domain.sellers.models import Enrolment
from entrepot.domain.terms import rules as terms
from entrepot.domain.terms.rules import Party, Task
from entrepot.kernel import clock
from entrepot.kernel.errors import Invalid
from entrepot.surfaces.seller import words
from entrepot.surfaces.seller.frame import PAGE, languages, read_cursor, render, seller_of, slice_of
from entrepot.surfaces.seller.goods import where
from entrepot.surfaces.shared import ahead, docking, inbound, landing, ways
from entrepot.surfaces.shared.acting import ActForm, Done, attempt
from entrepot.surfaces.shared.components import Link
from entrepot.surfaces.shared.guards import ActingRequest, allow

VIEWS: Mapping[str, tuple[Any, tuple[str, ...]]] = {
    "": (gettext_lazy("Under way"), ("draft", "announced", "in_transit", "arrived", "receiving")),
    "done": (gettext_lazy("Done"), ("closed", "refused", "cancelled")),
}
#: Lines of one carton that are typed.
LINES_MAX = 50


class NewForm(ActForm):
    """Under which programme, and where to."""

    enrolment = forms.ChoiceField(label=gettext_lazy("For"))
    node = forms.ChoiceField(label=gettext_lazy("Warehouse"))

    def __init__(self, *args: Any, enrolments: Sequence[Enrolment], nodes: Sequence[NodeView], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["enrolment"].choices = [(each.id.hex, where(each)) for each in enrolments]  # type: ignore[attr-defined]
        choices = [(node.id.hex, f"{node.name} ({node.country})") for node in nodes]
        self.fields["node"].choices = choices  # type: ignore[attr-defined]


class CartonForm(ActForm):
    """What is in a carton, and how many of them are packed alike."""

    copies = forms.IntegerField(
        label=gettext_lazy("Cartons packed like this"), min_value=1, max_value=shipping.CARTONS_MAX, initial=1
    )
    weight_kg = forms.DecimalField(
        label=gettext_lazy("Weight of each"), min_value=0, max_value=1000, max_digits=7, decimal_places=3
    )
    length_cm = forms.DecimalField(
        label=gettext_lazy("Length"), min_value=0, max_value=500, max_digits=5, decimal_places=1
    )
    width_cm = forms.DecimalField(
        label=gettext_lazy("Width"), min_value=0, max_value=500, max_digits=5, decimal_places=1
    )
    height_cm = forms.DecimalField(
        label=gettext_lazy("Height"), min_value=0, max_value=500, max_digits=5, decimal_places=1
    )
    #: What the service calls a measure, and the field in which it was typed.
    MEASURES: Mapping[str, tuple[str, int]] = {
        "weight_g": ("weight_kg", 1000),
        "length_mm": ("length_cm", 10),
        "width_mm": ("width_cm", 10),
        "height_mm": ("height_cm", 10),
    }

    def __init__(self, *args: Any, lines: Sequence[tuple[StockOrderLine, str, int]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lines = lines
        if lines:
            for line, title, left in lines:
                self.fields[f"units-{line.position}"] = forms.IntegerField(
                    label=f"{title} ({line.sku.code})",
                    help_text=_("{left} still to pack").format(left=left),
                    min_value=0,
                    max_value=shipping.UNITS_MAX,
                    initial=left,
                    required=False,
                )
        else:
            self.fields["units"] = forms.CharField(
                label=_("In each carton"),
                help_text=_("One line each: article number and units, with a comma or tab between, as in a sheet."),
                max_length=10_000,
                widget=forms.Textarea(attrs={"rows": 4, "class": "paste", "spellcheck": "false"}),
            )

    @property
    def unit_fields(self) -> list[Any]:
        """The fields that say what is in a carton."""
        return [self[name] for name in self.fields if name.startswith("units")]

    def refuse(self, error: Any) -> None:
        """Show a refusal of a measure at the field in which it was typed."""
        if error.field in self.MEASURES:
            error.field = self.MEASURES[error.field][0]
        super().refuse(error)


class AnnounceForm(ActForm):
    """When it comes, and with whom."""

    expected_on = forms.DateField(
        label=gettext_lazy("Expected at the warehouse"),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    carrier = forms.CharField(
        label=gettext_lazy("Carrier"), max_length=40, required=False, help_text=gettext_lazy("If you know it already.")
    )


class SendForm(ActForm):
    """Who brings it."""

    carrier = forms.CharField(label=gettext_lazy("Carrier"), max_length=40)
    tracking_number = forms.CharField(label=gettext_lazy("Tracking number"), max_length=60, required=False)


@allow("shipments.read", kind="seller")
@require_safe
def index(request: ActingRequest) -> HttpResponse:
    """Shipments, the newest first."""
    seller_id, view = seller_of(request), request.GET.get("view", "")
    view = view if view in VIEWS else ""
    found = queries.list_shipments(
        scope=Scope(seller_id=seller_id),
        states=VIEWS[view][1],
        before=read_cursor(request.GET.get("cursor", "")),
        limit=PAGE + 1,
    )

    def show(rows: Sequence[Shipment]) -> list[dict[str, Any]]:
        sums = queries.sum_shipments([row.id for row in rows])
        now = clock.now()
        return [
            {
                "shipment": row,
                "said": inbound.SHIPMENTS[row.state],
                "sum": sums[row.id],
                "is_late": row.state in ("announced", "in_transit") and row.due_at is not None and row.due_at < now,
                "href": url_of(row.number),
            }
            for row in rows
        ]

    context = {
        "tabs": [
            Link(label, f"?view={code}" if code else "?", current=code == view)
            for code, (label, _states) in VIEWS.items()
        ],
        "view": view,
        "page": slice_of(found, show),
        "may_send": request.actor.may("shipments.send"),
    }
    return render(request, "inbound/shipments.html", context)


@allow("shipments.send", kind="seller")
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: ActingRequest) -> HttpResponse:
    """Begin a shipment of one's own planning."""
    seller_id = seller_of(request)
    enrolments, nodes = _choices(seller_id)
    form = NewForm(
        request.POST if request.method == "POST" else None, enrolments=enrolments, nodes=nodes, name="shipment"
    )

    def begin(typed: Mapping[str, Any]) -> Done:
        shipment = shipping.draft(
            seller_id=seller_id,
            enrolment_id=UUID(hex=typed["enrolment"]),
            node_id=UUID(hex=typed["node"]),
            actor=request.actor,
            now=clock.now(),
        )
        return Done(_("Say what is in which carton."), url_of(shipment.number))

    if request.method == "POST" and (answer := attempt(request, form, begin)):
        return answer
    context = {
        "form": form,
        "can": bool(enrolments and nodes),
        "crumbs": [Link(_("Shipments"), reverse("seller:shipments")), Link(_("New shipment"))],
    }
    return render(request, "inbound/shipment_new.html", context, form)


@allow("shipments.read", kind="seller")
@require_safe
def show(request: ActingRequest, number: str) -> HttpResponse:
    """One shipment with its cartons."""
    view = find(request, number)
    return border_page(request, view.shipment) if "border" in request.GET else page(request, view)


def border_page(request: ActingRequest, shipment: Shipment, refused: landing.ValueForm | None = None) -> HttpResponse:
    """What the border takes of a shipment, with a form that was refused."""
    shown = landing.border(shipment, actor=request.actor, surface="seller", refused=refused)
    crumbs = [
        Link(_("Shipments"), reverse("seller:shipments")),
        Link(shipment.number, shown["back"]),
        Link(_("Border")),
    ]
    return render(request, "inbound/border.html", shown | {"crumbs": crumbs}, *([refused] if refused else []))


@allow("shipments.send", kind="seller")
@require_POST
def cartons(request: ActingRequest, number: str) -> HttpResponse:
    """Add cartons."""
    view = find(request, number)
    form = CartonForm(request.POST, lines=_to_pack(view), name="carton")

    def pack(typed: Mapping[str, Any]) -> Done:
        measures = {name: int(typed[field] * factor) for name, (field, factor) in form.MEASURES.items()}
        carton = NewCarton(_units(view, form, typed), copies=typed["copies"], **measures)
        shipping.put_cartons(shipment_id=view.shipment.id, cartons=[carton], actor=request.actor, now=clock.now())
        said = ngettext("{count} carton is packed.", "{count} cartons are packed.", typed["copies"])
        return Done(said.format(count=typed["copies"]))

    return attempt(request, form, pack, to=url_of(number)) or page(request, view, {"carton": form})


@allow("shipments.send", kind="seller")
@require_POST
def carton_removal(request: ActingRequest, number: str, carton_id: UUID) -> HttpResponse:
    """Take a carton out again."""
    view, form = find(request, number), ActForm(request.POST, name="unpack")

    def remove(typed: Mapping[str, Any]) -> None:
        shipping.remove_cartons(shipment_id=view.shipment.id, carton_ids=[carton_id], actor=request.actor)

    answer = attempt(request, form, remove, said=_("The carton is taken out."), to=url_of(number))
    return answer or page(request, view, {"unpack": form})


@allow("shipments.send", kind="seller")
@require_POST
def announcement(request: ActingRequest, number: str) -> HttpResponse:
    """Tell the warehouse what comes when."""
    view, form = find(request, number), AnnounceForm(request.POST, name="announce")

    def announce(typed: Mapping[str, Any]) -> None:
        shipping.announce(shipment_id=view.shipment.id, actor=request.actor, now=clock.now(), **typed)

    said = _("The warehouse knows what comes. Stick the labels on the cartons.")
    return attempt(request, form, announce, said=said, to=url_of(number)) or page(request, view, {"announce": form})


@allow("shipments.send", kind="seller")
@require_POST
def departure(request: ActingRequest, number: str) -> HttpResponse:
    """Say that it has left."""
    view, form = find(request, number), SendForm(request.POST, name="send")

    def send(typed: Mapping[str, Any]) -> None:
        shipping.ship(shipment_id=view.shipment.id, actor=request.actor, now=clock.now(), **typed)

    answer = attempt(request, form, send, said=_("It is on its way."), to=url_of(number))
    return answer or page(request, view, {"send": form})


@allow("shipments.send", kind="seller")
@require_POST
def cancellation(request: ActingRequest, number: str) -> HttpResponse:
    """Take back a shipment that has not left."""
    view, form = find(request, number), ActForm(request.POST, name="cancel")

    def cancel(typed: Mapping[str, Any]) -> None:
        shipping.cancel(shipment_id=view.shipment.id, actor=request.actor, now=clock.now())

    answer = attempt(request, form, cancel, said=_("The shipment is cancelled."), to=url_of(number))
    return answer or page(request, view, {"cancel": form})


@allow("shipments.send", kind="seller")
@require_POST
def slot(request: ActingRequest, number: str) -> HttpResponse:
    """Book a time at the dock, or another one."""
    view = find(request, number)
    form = docking.slot_form(request.POST, view.shipment)

    def book(typed: Mapping[str, Any]) -> None:
        at = datetime.fromisoformat(typed["starts_at"])
        shipping.book_slot(shipment_id=view.shipment.id, starts_at=at, actor=request.actor, now=clock.now())

    answer = attempt(request, form, book, said=_("The time is booked."), to=url_of(number) + "#dock")
    return answer or page(request, view, {"slot": form})


@allow("shipments.send", kind="seller")
@require_POST
def slot_return(request: ActingRequest, number: str) -> HttpResponse:
    """Give the time at the dock back."""
    view, form = find(request, number), ActForm(request.POST, name="slot-return")

    def give_back(typed: Mapping[str, Any]) -> None:
        shipping.give_slot_back(shipment_id=view.shipment.id, actor=request.actor, now=clock.now())

    answer = attempt(request, form, give_back, said=_("Others may have that time now."), to=url_of(number) + "#dock")
    return answer or page(request, view, {"slot_return": form})


@allow("shipments.send", kind="seller")
@require_POST
def lane(request: ActingRequest, number: str) -> HttpResponse:
    """Plan the way by a lane."""
    view = find(request, number)
    form = ways.LaneForm(request.POST, shipment=view.shipment, name="lane")

    def plan(typed: Mapping[str, Any]) -> None:
        plan_way(
            shipment_id=view.shipment.id, lane_code=typed["lane"], ready_on=typed["ready_on"], actor=request.actor,
            now=clock.now(),
        )  # fmt: skip

    answer = attempt(request, form, plan, said=_("The way is planned."), to=url_of(number) + "#way")
    return answer or page(request, view, {"lane": form})


@allow("shipments.send", kind="seller")
@require_POST
def leg(request: ActingRequest, number: str) -> HttpResponse:
    """Say that a leg is done."""
    view, form = find(request, number), ways.LegForm(request.POST, name="leg")

    def done(typed: Mapping[str, Any]) -> None:
        pass_leg(shipment_id=view.shipment.id, actor=request.actor, now=clock.now(), **typed)

    answer = attempt(request, form, done, said=_("The leg is done."), to=url_of(number) + "#way")
    return answer or page(request, view, {"leg": form})


@allow("shipments.read", kind="seller")
@require_POST
def paper(request: ActingRequest, number: str, kind: str) -> HttpResponse:
    """The labels of its cartons, or its packing list."""
    return inbound.paper(find(request, number), kind, languages=languages(), now=clock.now())


def page(request: ActingRequest, view: ShipmentView, refused: Mapping[str, ActForm] | None = None) -> HttpResponse:
    refused, shipment, now = refused or {}, view.shipment, clock.now()
    titles = inbound.titles_of([each.product_id for each in view.positions], languages())
    by_sku = {each.sku_id: titles.get(each.product_id, each.sku_code) for each in view.positions}
    may_send = request.actor.may("shipments.send")
    is_draft, kinds, outcomes = shipment.state == "draft", inbound.DISCREPANCIES, inbound.OUTCOMES
    to_pack = _to_pack(view) if is_draft else []
    way = ways.panel(shipment, refused, may_move=may_send, surface="seller")
    expected = shipment.stock_order.deliver_by if shipment.stock_order else now + timedelta(days=7)
    context: dict[str, Any] = {
        "view": view,
        "shipment": shipment,
        "said": inbound.SHIPMENTS[shipment.state],
        "steps": inbound.shipment_steps(shipment),
        "zone": shipment.node.time_zone,
        "node_kind": words.NODES.get(shipment.node.kind, ""),
        "cartons": [(each, [(line, by_sku[line.sku_id]) for line in each.lines]) for each in view.cartons],
        "positions": [(each, by_sku[each.sku_id]) for each in view.positions],
        "was_counted": shipment.state in ("receiving", "closed"),
        "discrepancies": [
            (each, by_sku.get(each.sku_id, each.sku.code), kinds[each.kind], outcomes[each.outcome])
            for each in view.discrepancies
        ],
        "events": inbound.timeline(view.events),
        "is_late": shipment.state in ("announced", "in_transit") and shipment.due_at and shipment.due_at < now,
        "may_edit": may_send and is_draft,
        "may_leave": may_send and shipment.state == "announced",
        "is_packed": bool(view.cartons) and not any(left for _line, _title, left in to_pack),
        "carton": refused.get("carton") or CartonForm(lines=to_pack, name="carton"),
        "unpack": refused.get("unpack") or ActForm(name="unpack"),
        "announce": refused.get("announce")
        or AnnounceForm(name="announce", initial={"expected_on": (expected - timedelta(seconds=1)).date()}),
        "send": refused.get("send") or SendForm(name="send", initial={"carrier": shipment.carrier}),
        "cancel": refused.get("cancel") or ActForm(name="cancel"),
        **landing.panel(shipment, by_sku, refused, actor=request.actor, surface="seller"),
        **way,
        "ahead": ahead.panel(shipment, by_sku, refused, legs=way["legs"], may_set=False),
        "clocks": docking.clocks_of_shipment(shipment, shipment.stock_order),
        "dock": docking.dock_of(shipment, refused, may_book=may_send, now=now),
        "slot_url": reverse("seller:shipment_slot", args=[shipment.number]),
        "slot_return_url": reverse("seller:shipment_slot_return", args=[shipment.number]),
        "crumbs": [Link(_("Shipments"), reverse("seller:shipments")), Link(shipment.number)],
    }
    return render(request, "inbound/shipment.html", context, *refused.values())


def _choices(seller_id: UUID) -> tuple[list[Enrolment], list[NodeView]]:
    """Enrolments under which the seller plans its stock, and the nodes that take goods under any of them."""
    enrolments = sellers.list_enrolments(seller_id=seller_id, at=clock.now())
    conditions = sellers.list_conditions([each.id for each in enrolments])
    own = [each for each in enrolments if terms.may_set(conditions[each.id], Task.INVENTORY_PLANNING, Party.SELLER)]
    nodes = [
        node
        for node in logistics.list_nodes().values()
        if any(
            ordering.takes(node, conditions[each.id], seller_id=seller_id, market_country=each.market.country)
            for each in own
        )
    ]
    # One's own premises come last: goods are counted in there without further ado.
    return own, sorted(nodes, key=lambda node: (node.operator_id == seller_id, node.name))


def _to_pack(view: ShipmentView) -> list[tuple[StockOrderLine, str, int]]:
    """The lines of the stock order with what is still to pack of each; none where the seller plans for itself."""
    if view.shipment.stock_order is None:
        return []
    scope = Scope(seller_id=view.shipment.seller_id)
    order = queries.get_order(number=view.shipment.stock_order.number, scope=scope)
    packed = {each.sku_id: each.declared for each in view.positions}
    titles = inbound.titles_of([line.sku.product_id for line in order.lines], languages())
    return [
        (
            line,
            titles.get(line.sku.product_id, line.sku.code),
            max(0, (line.agreed_qty or 0) - packed.get(line.sku_id, 0)),
        )
        for line in order.lines
        if line.agreed_qty
    ]


def _units(view: ShipmentView, form: CartonForm, typed: Mapping[str, Any]) -> dict[UUID, int]:
    """SKU -> units in each carton, as typed. Raises: Invalid naming the line."""
    if form.lines:
        found = {line.sku_id: typed.get(f"units-{line.position}") or 0 for line, _title, _left in form.lines}
        if not any(found.values()):
            first = f"units-{form.lines[0][0].position}"
            raise Invalid("inbound.empty_carton", "A carton holds at least one unit of something.", field=first)
        return {sku_id: units for sku_id, units in found.items() if units}
    rows: dict[str, int] = {}
    for number, line in enumerate(typed["units"].splitlines(), start=1):
        cells = [cell.strip() for cell in line.replace("\t", ",").replace(";", ",").split(",")]
        if not any(cells):
            continue
        is_count = len(cells) == 2 and cells[1].isascii() and cells[1].isdecimal() and len(cells[1]) <= 6
        if not is_count or not int(cells[1]) or cells[0] in rows or len(rows) == LINES_MAX:
            raise Invalid(
                "shipments.unreadable_line",
                "Line {line} is to say an article number, once, and a whole number of units: {text}",
                field="units",
                line=number,
                text=line.strip()[:60],
            )
        rows[cells[0]] = int(cells[1])
    skus = catalogue.find_skus(organisation_id=view.shipment.seller_id, sku_codes=rows)
    for code in rows:
        if code not in skus:
            raise Invalid("catalogue.unknown_sku", "You have no article of this number.", field="units", code=code[:60])
    return {skus[code].id: units for code, units in rows.items()}


def find(request: ActingRequest, number: str) -> ShipmentView:
    return queries.get_shipment(number=number, scope=Scope(seller_id=seller_of(request)))


def url_of(number: str) -> str:
    return reverse("seller:shipment", args=[number])
