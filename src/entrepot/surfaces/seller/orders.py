"""The seller's part of orders: what to ship and by when, parcels and labels, and what each line earns."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from entrepot.domain.accounts import queries as accounts
from entrepot.domain.logistics import queries as logistics
from entrepot.domain.logistics.labels import address_lines
from entrepot.domain.logistics.models import Parcel, TrackingEvent
from entrepot.domain.markets import queries as markets
from entrepot.domain.orders import queries, work
from entrepot.domain.orders.queries import LineView, OrderView, Scope, SuborderView
from entrepot.domain.orders.work import Work, WorkLine
from entrepot.domain.settlement import queries as settlement
from entrepot.domain.terms import queries as terms
from entrepot.domain.terms import words as plain
from entrepot.domain.terms.rules import Cause, Party, Task, Terms
from entrepot.flows import amending, fulfilment
from entrepot.flows.fulfilment import Box, Handover
from entrepot.kernel import clock
from entrepot.kernel.errors import Invalid, NotFound
from entrepot.surfaces.seller import words
from entrepot.surfaces.seller.frame import read_cursor, render, seller_of, shown, slice_of
from entrepot.surfaces.seller.order_forms import CancelForm, ClaimForm, HandoverForm, PackForm
from entrepot.surfaces.shared import accruals, carriage, files, promises
from entrepot.surfaces.shared.acting import ActForm, Done, attempt
from entrepot.surfaces.shared.components import Event, Explanation, Link, Part, Step, Trace
from entrepot.surfaces.shared.guards import ActingRequest, allow
from entrepot.surfaces.shared.missing import MissingForm, list_moved


@dataclass(frozen=True, slots=True)
class Todo:
    """A piece of work in the list."""

    item: Work
    said: words.Said
    lines: Sequence[WorkLine]
    is_late: bool
    zone: str
    href: str

    @property
    def to_ship(self) -> int:
        """Units that still have to leave."""
        return sum(line.to_ship for line in self.lines)


@dataclass(frozen=True, slots=True)
class ParcelShown:
    """A parcel with what is in it and the form to hand it over."""

    parcel: Parcel
    said: words.Said
    contents: Sequence[tuple[str, int]]
    form: HandoverForm | None
    claim: ClaimForm | None
    tracking: Sequence[Event]
    carriage: carriage.Carriage


@dataclass(frozen=True, slots=True)
class LineShown:
    """A line with what it earns."""

    line: LineView
    fate: str
    price: Explanation
    earned_minor: int | None
    currency: str
    why: Explanation | None

    @property
    def paid_minor(self) -> int:
        """What the shopper pays for the goods, as displayed."""
        return self.line.list_minor - self.line.discount_minor


@allow("work.read", kind="seller")
@require_safe
def index(request: ActingRequest) -> HttpResponse:
    """What is to be shipped, by its deadline."""
    now = clock.now()
    found = work.list_work(organisation_id=seller_of(request), limit=201)
    lines = work.list_lines(suborder_ids=[item.suborder_id for item in found])
    nodes = logistics.list_nodes({item.node_id for item in found})
    tasks = [
        Todo(item, words.WORK[item.state], lines.get(item.suborder_id, ()), item.due_at < now,
             nodes[item.node_id].time_zone, _href(item))
        for item in found[:200]
    ]  # fmt: skip
    context = {
        "tasks": tasks,
        "has_more": len(found) > 200,
        "tabs": _tabs("index"),
        "accept": ActForm(name="accept"),
        "may_perform": request.actor.may("work.perform"),
        "to_accept": sum(task.item.state == "waiting" for task in tasks) if request.actor.may("work.perform") else 0,
    }
    return render(request, "orders/index.html", context)


@allow("orders.read", kind="seller")
@require_safe
def everything(request: ActingRequest) -> HttpResponse:
    """All of the seller's parts of orders, whoever ships them."""
    state = request.GET.get("state", "")
    found = queries.list_suborders(
        seller_id=seller_of(request),
        state=state if state in words.SUBORDERS else "",
        before=read_cursor(request.GET.get("cursor", "")),
        limit=51,
    )
    page = slice_of(found, lambda rows: [(row, words.SUBORDERS[row.state]) for row in rows])
    states = [("", _("All")), *((code, said.label) for code, said in words.SUBORDERS.items())]
    context = {"page": page, "tabs": _tabs("all"), "states": states, "state": state}
    return render(request, "orders/everything.html", context)


@allow("work.perform", kind="seller")
@require_POST
def acceptances(request: ActingRequest) -> HttpResponse:
    """Take on everything that waits to be accepted."""
    form = ActForm(request.POST)

    def accept(typed: Mapping[str, Any]) -> None:
        waiting = work.list_work(organisation_id=seller_of(request), states=("waiting",), limit=200)
        fulfilment.accept_work(work_item_ids=[item.id for item in waiting], actor=request.actor, now=clock.now())

    answer = attempt(request, form, accept, said=_("Everything is accepted."), to=reverse("seller:orders"))
    return answer or redirect("seller:orders")


@allow("orders.read", kind="seller")
@require_safe
def show(request: ActingRequest, number: str) -> HttpResponse:
    """The seller's part of an order: its lines, its money, its parcels and what happened."""
    return page(request, number)


@allow("work.perform", kind="seller")
@require_POST
def acceptance(request: ActingRequest, number: str) -> HttpResponse:
    """Take the work on."""
    item, form = find_work(request, number), ActForm(request.POST, name="accept")

    def accept(typed: Mapping[str, Any]) -> None:
        fulfilment.accept_work(work_item_ids=[item.id], actor=request.actor, now=clock.now())

    return attempt(request, form, accept, said=_("Accepted."), to=_to(number)) or page(request, number, accept=form)


@allow("work.perform", kind="seller")
@require_POST
def parcels(request: ActingRequest, number: str) -> HttpResponse:
    """Put units into a parcel."""
    _order, suborder = _find(request, number)
    item = _work(request, suborder)
    form = PackForm(request.POST, name="pack", lines=work.list_lines(suborder_ids=[suborder.id]).get(suborder.id, []))

    def pack(typed: Mapping[str, Any]) -> None:
        contents = form.contents(typed)
        if not contents:
            raise Invalid("fulfilment.empty_parcel", "Say how many units go into the parcel.")
        box = Box(item.id, contents, typed["weight_g"])
        fulfilment.pack(boxes=[box], actor=request.actor, now=clock.now())

    said = _("Packed. Print the label, then hand the parcel over.")
    return attempt(request, form, pack, said=said, to=_to(number)) or page(request, number, pack=form)


@allow("work.perform", kind="seller")
@require_POST
def label(request: ActingRequest, number: str, parcel_number: str) -> HttpResponse:
    """Make the parcel's label and open it."""
    parcel = find_parcel(request, number, parcel_number)
    name = fulfilment.make_label(parcel_id=parcel.id, actor=request.actor, now=clock.now())
    return files.send(name, f"label-{parcel.number}")


@allow("work.perform", kind="seller")
@require_POST
def handover(request: ActingRequest, number: str, parcel_number: str) -> HttpResponse:
    """Give the parcel to its carrier."""
    parcel = find_parcel(request, number, parcel_number)
    form = HandoverForm(request.POST, name=f"handover-{parcel.number}")

    def hand_over(typed: Mapping[str, Any]) -> None:
        fulfilment.hand_over(handovers=[Handover(parcel.id, **typed)], actor=request.actor, now=clock.now())

    said = _("Parcel {number} is on its way.").format(number=parcel.number)
    answer = attempt(request, form, hand_over, said=said, to=_to(number))
    return answer or page(request, number, handovers={parcel.id: form})


@allow("work.perform", kind="seller")
@require_POST
def unpacking(request: ActingRequest, number: str, parcel_number: str) -> HttpResponse:
    """Take a packed parcel apart."""
    parcel = find_parcel(request, number, parcel_number)
    form = ActForm(request.POST, name="accept")

    def unpack(typed: Mapping[str, Any]) -> None:
        fulfilment.unpack(parcel_ids=[parcel.id], actor=request.actor, now=clock.now())

    answer = attempt(request, form, unpack, said=_("Taken apart; its units are to be packed again."), to=_to(number))
    return answer or page(request, number, accept=form)


@allow("orders.cancel", kind="seller")
@require_POST
def cancellation(request: ActingRequest, number: str) -> HttpResponse:
    """Cancel units that cannot be sent, before they are handed over."""
    _order, suborder = _find(request, number)
    form = CancelForm(request.POST, name="cancel", lines=suborder.lines)

    def cancel(typed: Mapping[str, Any]) -> Done:
        line = UUID(hex=typed["line"])
        amending.cancel_lines(
            rows=[(line, typed["quantity"])], actor=request.actor, reason=typed["reason"], now=clock.now()
        )
        said = _("Cancelled. The shopper is told and pays nothing for it.")
        return Done(said)

    return attempt(request, form, cancel, to=_to(number)) or page(request, number, cancel=form)


def _find(request: ActingRequest, number: str) -> tuple[OrderView, SuborderView]:
    """The seller's suborder of that number, in its order as the seller may see it. Raises: NotFound."""
    scope = Scope(seller_id=seller_of(request))
    order_id = queries.find_order_id(number=number, scope=scope)
    if order_id is None:
        raise NotFound(kind="order")
    order = queries.get_order(order_id=order_id, scope=scope)
    # An order's number is as good where the seller has one part of it; another seller's part is nobody's here.
    named = [each for each in order.suborders if number in (each.number, order.number)]
    if not named:
        raise NotFound(kind="order")
    return order, named[0]


def find_work(request: ActingRequest, number: str) -> Work:
    """The work of a suborder of that number that the seller performs. Raises: NotFound."""
    return _work(request, _find(request, number)[1])


def _work(request: ActingRequest, suborder: SuborderView) -> Work:
    """The work of a suborder that the seller performs. Raises: NotFound."""
    found = work.find_work(suborder_ids=[suborder.id])
    if not found or found[0].organisation_id != seller_of(request):
        raise NotFound(kind="work item")
    return found[0]


def find_parcel(request: ActingRequest, number: str, parcel_number: str) -> Parcel:
    """A parcel of a suborder that the seller performs. Raises: NotFound."""
    _order, suborder = _find(request, number)
    _work(request, suborder)
    for parcel in logistics.list_parcels(reference_ids=[suborder.id]):
        if parcel.number == parcel_number:
            return parcel
    raise NotFound(kind="parcel")


def page(
    request: ActingRequest,
    number: str,
    *,
    accept: ActForm | None = None,
    pack: PackForm | None = None,
    handovers: Mapping[UUID, HandoverForm] | None = None,
    claims: Mapping[UUID, ClaimForm] | None = None,
    cancel: CancelForm | None = None,
    missing: MissingForm | None = None,
    refused: Mapping[str, ActForm] | None = None,
) -> HttpResponse:
    """The page of a suborder, with forms that were refused."""
    order, suborder = _find(request, number)
    seller_id = seller_of(request)
    items = work.find_work(suborder_ids=[suborder.id])
    is_own = bool(items) and items[0].organisation_id == seller_id
    to_pack = work.list_lines(suborder_ids=[suborder.id]).get(suborder.id, [])
    if pack is None and is_own and any(line.to_pack > 0 for line in to_pack):
        pack = PackForm(name="pack", lines=to_pack)
    if missing is None and pack and all(request.actor.may(verb) for verb in ("work.perform", "stock.adjust")):
        missing = MissingForm(name="missing", lines=to_pack)
    accept = accept or ActForm(name="accept")
    can_cancel = request.actor.may("orders.cancel") and any(line.units.to_ship for line in suborder.lines)
    if cancel is None and can_cancel:
        cancel = CancelForm(name="cancel", lines=suborder.lines, initial={"quantity": 1})
    agreed = terms.get_terms({line.terms_id for line in suborder.lines})
    node = logistics.list_nodes([suborder.node_id])[suborder.node_id]
    may_act = is_own and request.actor.may("work.perform")
    market = markets.get_market(order.market_code)
    way = (node.country, market.country) if is_own else None
    boxes = _parcels(suborder, may_act, handovers or {}, claims or {}, refused or {}, way)
    address = accounts.get_contact(contact_id=order.ship_to_id) if is_own else None
    context = {
        "order": order,
        "suborder": suborder,
        "said": words.SUBORDERS[suborder.state],
        "item": items[0] if items else None,
        "is_own": is_own,
        "is_late": bool(items) and items[0].state in work.OPEN and items[0].due_at < clock.now(),
        "zone": node.time_zone,
        "steps": _steps(suborder, items[0] if items else None),
        "lines": _lines(order, suborder),
        "parcels": boxes,
        "boxes": carriage.boxes_of(items[0] if items else None, to_pack),
        "pack": pack if is_own and request.actor.may("work.perform") else None,
        "accept": accept,
        "address": address_lines(address) if address else [],
        "market": market,
        "terms": [
            (digest, found, plain.tell(found, currency=order.currency)) for digest, found in sorted(agreed.items())
        ],
        "served_by": next(iter(agreed.values())).performer(Task.CUSTOMER_SERVICE),
        "events": _events(order, suborder),
        "promise": promises.show_own(suborder.promise, words.TRACKING, party=Party.SELLER),
        "cancel": cancel,
        "missing": missing,
        "moved": list_moved(order).get(suborder.id),
        "blame": _blame(agreed.values(), order.currency) if cancel else [],
        "crumbs": [Link(_("Orders"), reverse("seller:orders")), Link(suborder.number)],
    }
    sent = (*(handovers or {}).values(), *(claims or {}).values(), *(refused or {}).values())
    forms = [form for form in (accept, pack, cancel, missing, *sent) if form]
    return render(request, "orders/show.html", context, *forms)


def _blame(agreed: Iterable[Terms], currency: str) -> list[str]:
    """What the terms say of goods that are not there: who answers for it, and which penalties they name."""
    said = []
    for each in agreed:
        liable = each.liable(Task.INVENTORY_PLANNING, Cause.STOCK_OUT) or each.liable(Task.LAST_MILE, Cause.STOCK_OUT)
        if liable is Party.SELLER:
            said.append(_("By the terms of this order you answer for goods that are not there."))
        elif liable:
            said.append(_("By the terms of this order the marketplace answers for goods that are not there."))
        said += [plain.penalty(entry) for entry in each.service.penalties if entry.cause is Cause.STOCK_OUT]
    return list(dict.fromkeys(said))


def _parcels(
    suborder: SuborderView,
    may_act: bool,
    sent: Mapping[UUID, HandoverForm],
    claims: Mapping[UUID, ClaimForm],
    refused: Mapping[str, ActForm],
    way: tuple[str, str] | None,
) -> list[ParcelShown]:
    found = logistics.list_parcels(reference_ids=[suborder.id])
    carried = carriage.list_carriage(
        found,
        way=way,
        planned=(suborder.carrier, suborder.service),
        may_act=may_act,
        url=lambda name, box, *args: reverse(f"seller:{name}", args=[suborder.number, box.number, *args]),
        refused=refused,
        now=clock.now(),
    )
    inside = logistics.list_parcel_lines(parcel_ids=[parcel.id for parcel in found])
    said = logistics.list_tracking(parcel_ids=[parcel.id for parcel in found])
    titles = {line.id: line.title for line in suborder.lines}
    rows = []
    for parcel in found:
        form = None
        if may_act and parcel.state == Parcel.State.PACKED:
            form = sent.get(parcel.id) or HandoverForm(
                name=f"handover-{parcel.number}", initial={"carrier": parcel.carrier or suborder.carrier}
            )
        contents = [(titles.get(part.line_id, ""), part.quantity) for part in inside.get(parcel.id, [])]
        claim = None
        if may_act and parcel.state == Parcel.State.HANDED_OVER:
            claim = claims.get(parcel.id) or ClaimForm(name=f"claim-{parcel.number}")
        tracking = [_scanned(each) for each in reversed(said.get(parcel.id, []))]
        rows.append(
            ParcelShown(parcel, words.PARCELS[parcel.state], contents, form, claim, tracking, carried[parcel.id])
        )
    return rows


def _scanned(event: TrackingEvent) -> Event:
    """What was said of a parcel; a claim is told as one."""
    said = words.TRACKING.get(event.kind, words.Said(event.kind))
    by = _("claimed") if event.origin == TrackingEvent.Origin.CLAIM else _("scanned")
    return Event(event.occurred_at, said.label, ", ".join(filter(None, (event.place, event.note))), by, tone=said.tone)


def _lines(order: OrderView, suborder: SuborderView) -> list[LineShown]:
    """Each line with what it earned so far."""
    earned = settlement.list_line_accruals(line_ids=[line.id for line in suborder.lines], seller_id=suborder.seller_id)
    rows = []
    for line in suborder.lines:
        views = earned.get(line.id, [])
        why = accruals.of_group(
            _("What you earned on this line"), views, lambda view: reverse("seller:accrual", args=[view.id])
        )
        total = sum(view.amount_minor for view in views) if views else None
        currency = views[0].currency if views else line.supply_currency
        rows.append(LineShown(line, _fate(line), _price(line, order), total, currency, why if views else None))
    return rows


def _price(line: LineView, order: OrderView) -> Explanation:
    """What the shopper pays for the goods of a line, and who bears its discounts."""
    funders = {"platform": _("paid by the marketplace"), "seller": _("paid by you")}
    goods = line.list_minor - line.discount_minor
    return Explanation(
        line.title,
        [
            Part(_("Price of {units} units").format(units=line.units.ordered), line.list_minor),
            *(Part(each.label, -each.amount_minor, note=funders.get(each.funder, "")) for each in line.adjustments),
        ],
        [
            Trace(_("Without tax"), shown(line.goods_net_minor, order.currency)),
            Trace(_("Tax on it"), shown(line.goods_tax_minor, order.currency)),
            Trace(_("Terms"), line.terms_id[:12]),
        ]
        if goods
        else (),
    )


def _fate(line: LineView) -> str:
    """What became of the units, in a few words."""
    units = line.units
    said = [
        (units.to_ship, _("{units} to ship")),
        (units.shipped - units.delivered - units.lost, _("{units} on the way")),
        (units.delivered - units.returned, _("{units} delivered")),
        (units.returned, _("{units} returned")),
        (units.lost, _("{units} lost")),
        (units.cancelled, _("{units} cancelled")),
    ]
    return ", ".join(text.format(units=count) for count, text in said if count)


def _steps(suborder: SuborderView, item: Work | None) -> list[Step]:
    """Where the suborder stands."""
    order = ["placed", "accepted", "packed", "shipped", "delivered"]
    names = [_("Ordered"), _("Accepted"), _("Packed"), _("On its way"), _("Delivered")]
    to_do = [names[0], _("To accept"), _("To pack"), _("To hand over"), names[4]]
    if suborder.state in ("cancelled", "lost"):
        return [Step(names[0], "done"), Step(words.SUBORDERS[suborder.state].label, "failed")]
    # What is current is what has to be done next: a work item that waits is to be accepted.
    reached = {"waiting": 1, "accepted": 2, "packed": 3}.get(item.state if item else "", 1)
    is_open = suborder.state not in ("shipped", "delivered")
    if not is_open:
        reached = order.index(suborder.state) + (suborder.state == "delivered")
    return [
        Step(
            to_do[place] if place == reached and is_open else name,
            "done" if place < reached else "current" if place == reached else "todo",
        )
        for place, name in enumerate(names)
    ]


def _events(order: OrderView, suborder: SuborderView) -> list[Event]:
    """What happened, the newest first; equal events of several lines at one moment are one."""
    titles = {line.id: line.title for line in suborder.lines}
    together: dict[tuple[Any, str], list[str]] = defaultdict(list)
    for event in order.events:
        if event.suborder_id not in (None, suborder.id) or (event.line_id and event.line_id not in titles):
            continue
        detail = ""
        if event.line_id and event.quantity:
            detail = f"{event.quantity} × {titles[event.line_id]}"
        together[event.occurred_at, event.kind].append(detail)
    found = []
    for (at, kind), details in reversed(together.items()):
        said = words.EVENTS.get(kind, words.Said(kind))
        found.append(Event(at, said.label, ", ".join(filter(None, details)), tone=said.tone))
    return found


def _href(item: Work) -> str:
    return reverse("seller:order", args=[item.suborder_number])


def _to(number: str) -> str:
    return reverse("seller:order", args=[number])


def _tabs(current: str) -> list[Link]:
    return [
        Link(_("To ship"), reverse("seller:orders"), current == "index"),
        Link(_("All orders"), reverse("seller:orders_all"), current == "all"),
    ]
