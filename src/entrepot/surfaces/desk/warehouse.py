"""The work of a warehouse: what has to leave by when; accept, pack, label, hand over, and say what becomes of parcels.

Serves the operator's own warehouse and partners alike: each sees the work of its own nodes.
"""

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from entrepot.domain.accounts import queries as accounts
from entrepot.domain.logistics import labels
from entrepot.domain.logistics import queries as logistics
from entrepot.domain.logistics.models import Parcel, TrackingEvent
from entrepot.domain.logistics.queries import NodeView
from entrepot.domain.orders import work as queries
from entrepot.domain.orders.work import Work, WorkLine
from entrepot.flows import fulfilment, missing, tracking
from entrepot.kernel import clock
from entrepot.kernel.actors import Actor
from entrepot.kernel.errors import Invalid, NotFound, Refused
from entrepot.surfaces.desk import words
from entrepot.surfaces.desk.acting import ActForm, Done, attempt, render
from entrepot.surfaces.desk.paging import PAGE
from entrepot.surfaces.desk.scopes import DESK, scope_of
from entrepot.surfaces.shared import carriage, files, guards
from entrepot.surfaces.shared.components import Event, Link, Slice
from entrepot.surfaces.shared.guards import ActingRequest
from entrepot.surfaces.shared.missing import MissingForm, tell

#: A deadline nearer than this is warned of.
SOON = timedelta(hours=6)

VIEWS: Mapping[str, tuple[Any, tuple[str, ...]]] = {
    "": (gettext_lazy("To do"), queries.OPEN),
    "waiting": (words.WORK["waiting"].label, ("waiting",)),
    "accepted": (words.WORK["accepted"].label, ("accepted",)),
    "packed": (words.WORK["packed"].label, ("packed",)),
    "done": (words.WORK["done"].label, ("done",)),
}


class PackForm(ActForm):
    """What goes into one parcel."""

    def __init__(self, data: Any = None, *, lines: Sequence[WorkLine], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        for line in lines:
            if line.to_pack:
                self.fields[f"line-{line.position}"] = forms.IntegerField(
                    label=f"{line.title} ({line.sku_code})",
                    min_value=0,
                    max_value=line.to_pack,
                    initial=line.to_pack,
                    required=False,
                )
        self.fields["weight_g"] = forms.IntegerField(
            label=_("Weight"),
            help_text=_("As weighed; left out, it is the sum of what is inside."),
            min_value=1,
            max_value=2_000_000,
            required=False,
        )


class HandoverForm(ActForm):
    """To whom a parcel was given."""

    carrier = forms.CharField(label=gettext_lazy("Carrier"), max_length=40)
    tracking_number = forms.CharField(label=gettext_lazy("Tracking number"), max_length=60, required=False)


class ScanForm(ActForm):
    """What is said of a parcel that has left."""

    kind = forms.ChoiceField(
        label=gettext_lazy("What happened"),
        choices=[
            (kind.value, words.TRACKING[kind.value].label)
            for kind in TrackingEvent.Kind
            if kind.value not in ("label_made", "handed_over")
        ],
    )
    place = forms.CharField(label=gettext_lazy("Where"), max_length=120, required=False)
    note = forms.CharField(label=gettext_lazy("Note"), max_length=200, required=False)

    def __init__(self, *args: Any, speaks_for_carrier: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if speaks_for_carrier:
            self.fields["origin"] = forms.ChoiceField(
                label=_("How it is known"),
                choices=[("carrier", _("The carrier scanned it")), ("claim", _("Somebody says so"))],
                help_text=_("Only a scan moves the parcel and its money."),
            )


@guards.allow("work.read", kind=DESK)
@require_GET
def warehouse(request: ActingRequest) -> HttpResponse:
    """Work by its deadline."""
    return _list(request)


@guards.allow("work.perform", kind=DESK)
@require_POST
def acceptances(request: ActingRequest) -> HttpResponse:
    """Take the chosen work on."""
    form = ActForm(request.POST)

    def accept(typed: Mapping[str, Any]) -> Done:
        chosen = [_uuid(each) for each in request.POST.getlist("work")]
        if not chosen:
            raise Invalid("work.nothing_chosen", "Choose what you take on.")
        fulfilment.accept_work(work_item_ids=chosen, actor=request.actor, now=clock.now())
        count = len(chosen)
        return Done(
            ngettext("{count} suborder is yours to pack.", "{count} suborders are yours to pack.", count).format(
                count=count
            )
        )

    answer = attempt(request, form, accept, to=reverse("desk:warehouse"))
    return answer or _list(request, form)


@guards.allow("work.read", kind=DESK)
@require_GET
def work(request: ActingRequest, number: str) -> HttpResponse:
    """One suborder to ship, with its parcels."""
    return show(request, found_work(request, number))


@guards.allow("work.perform", kind=DESK)
@require_POST
def acceptance(request: ActingRequest, number: str) -> HttpResponse:
    """Take this work on."""
    found, form = found_work(request, number), ActForm(request.POST, name="accept")

    def accept(typed: Mapping[str, Any]) -> None:
        fulfilment.accept_work(work_item_ids=[found.id], actor=request.actor, now=clock.now())

    answer = attempt(request, form, accept, said=_("It is yours to pack."), to=url_of(found))
    return answer or show(request, found, refused={"accept": form})


@guards.allow("work.perform", kind=DESK)
@require_POST
def parcels(request: ActingRequest, number: str) -> HttpResponse:
    """Pack one parcel."""
    found = found_work(request, number)
    lines = queries.list_lines(suborder_ids=[found.suborder_id]).get(found.suborder_id, [])
    form = PackForm(request.POST, lines=lines, name="pack")

    def pack(typed: Mapping[str, Any]) -> Done:
        contents = [(line.id, units) for line in lines if (units := typed.get(f"line-{line.position}") or 0)]
        if not contents:
            raise Invalid("work.empty_parcel", "Say what is in the parcel.")
        box = fulfilment.Box(found.id, contents, typed["weight_g"])
        [made] = fulfilment.pack(boxes=[box], actor=request.actor, now=clock.now())
        return Done(_("Parcel {number} is packed.").format(number=made.number))

    answer = attempt(request, form, pack, to=url_of(found))
    return answer or show(request, found, refused={"pack": form})


@guards.allow("stock.adjust", kind=DESK)
@require_POST
def absence(request: ActingRequest, number: str) -> HttpResponse:
    """Say that goods are not where they should stand, and serve the order otherwise."""
    found = found_work(request, number)
    lines = queries.list_lines(suborder_ids=[found.suborder_id]).get(found.suborder_id, [])
    form = MissingForm(request.POST, lines=lines, name="missing")

    def say(typed: Mapping[str, Any]) -> Done:
        served = missing.say_missing(
            work_item_id=found.id, units=form.units(typed), actor=request.actor, reason=typed["reason"], now=clock.now()
        )
        return Done(tell(served))

    answer = attempt(request, form, say, to=url_of(found))
    return answer or show(request, found, refused={"missing": form})


@guards.allow("work.perform", kind=DESK)
@require_POST
def label(request: ActingRequest, number: str, parcel_number: str) -> HttpResponse:
    """The label of a parcel as a PDF, made anew where the address has changed."""
    parcel = parcel_of(found_work(request, number), parcel_number)
    name = fulfilment.make_label(parcel_id=parcel.id, actor=request.actor, now=clock.now())
    return files.send(name, f"label-{parcel.number}")


@guards.allow("work.perform", kind=DESK)
@require_POST
def unpacking(request: ActingRequest, number: str, parcel_number: str) -> HttpResponse:
    """Take a parcel apart that has not left."""
    found = found_work(request, number)
    parcel, form = parcel_of(found, parcel_number), ActForm(request.POST, name=f"unpack-{parcel_number}")

    def unpack(typed: Mapping[str, Any]) -> None:
        fulfilment.unpack(parcel_ids=[parcel.id], actor=request.actor, now=clock.now())

    answer = attempt(request, form, unpack, said=_("Its goods are to be packed again."), to=url_of(found))
    return answer or show(request, found, refused={f"unpack-{parcel.id}": form})


@guards.allow("work.perform", kind=DESK)
@require_POST
def handover(request: ActingRequest, number: str, parcel_number: str) -> HttpResponse:
    """Give a parcel to its carrier: stock leaves, and the payment for it is taken."""
    found = found_work(request, number)
    parcel, form = parcel_of(found, parcel_number), HandoverForm(request.POST, name=f"handover-{parcel_number}")

    def hand_over(typed: Mapping[str, Any]) -> Done:
        given = fulfilment.Handover(parcel.id, typed["carrier"], typed["tracking_number"].strip())
        [left] = fulfilment.hand_over(handovers=[given], actor=request.actor, now=clock.now())
        if not left.is_captured:
            return Done(_("The parcel has left. The payment for it was not taken yet; it is asked for again."))
        return Done(_("The parcel has left."))

    answer = attempt(request, form, hand_over, to=url_of(found))
    return answer or show(request, found, refused={f"handover-{parcel.id}": form})


@guards.allow("work.perform", kind=DESK)
@require_POST
def scans(request: ActingRequest, number: str, parcel_number: str) -> HttpResponse:
    """Say what became of a parcel."""
    found = found_work(request, number)
    parcel = parcel_of(found, parcel_number)
    form = ScanForm(request.POST, name=f"scan-{parcel_number}", speaks_for_carrier=_speaks_for_carrier(request.actor))

    def record(typed: Mapping[str, Any]) -> Done:
        now = clock.now()
        scan = tracking.Scan(
            kind=typed["kind"],
            origin=typed.get("origin", "claim"),
            occurred_at=now,
            event_key=f"desk-{secrets.token_hex(8)}",
            parcel_id=parcel.id,
            place=typed["place"],
            note=typed["note"],
        )
        [outcome] = tracking.record_tracking(events=[scan], actor=request.actor, now=now)
        if outcome in ("unknown", "too_early"):
            raise Refused("work.not_left", "This parcel has not left yet.")
        return Done(_("It is delivered.") if outcome == "delivered" else _("It is written down."))

    answer = attempt(request, form, record, to=url_of(found))
    return answer or show(request, found, refused={f"scan-{parcel.id}": form})


def _list(request: ActingRequest, form: ActForm | None = None) -> HttpResponse:
    actor, now = request.actor, clock.now()
    reaches_all = actor.verbs.get("work.read") == "all"
    is_wide = reaches_all and request.GET.get("of") == "all"
    scope = scope_of(actor, "work.read", is_wide=is_wide)
    state = request.GET.get("state", "")
    states = VIEWS.get(state, VIEWS[""])[1]
    after = _read_cursor(request.GET.get("cursor", ""))
    found = queries.list_work(organisation_id=scope, states=states, after=after, limit=PAGE + 1)
    shown = found[:PAGE]
    counts = queries.count_work(organisation_id=scope, now=now)
    nodes = logistics.list_nodes({item.node_id for item in shown})
    lines = queries.list_lines(suborder_ids=[item.suborder_id for item in shown])
    names = accounts.list_organisation_names({item.organisation_id for item in shown}) if is_wide else {}
    query = "&of=all" if is_wide else ""
    rows = [
        {
            "work": item,
            "state": words.WORK[item.state],
            "due": _due(item, now),
            "node": nodes[item.node_id],
            "performer": names.get(item.organisation_id, ""),
            "lines": lines.get(item.suborder_id, []),
            "units": sum(line.quantity for line in lines.get(item.suborder_id, [])),
            "can_choose": item.state in queries.OPEN and item.organisation_id == actor.organisation_id,
            "url": url_of(item),
        }
        for item in shown
    ]
    context = {
        "page": Slice(rows, next_cursor=_cursor(shown[-1]) if len(found) > PAGE else ""),
        "tabs": [
            Link(text, f"?state={code}{query}", current=code == state, count=_count(code, counts))
            for code, (text, _states) in VIEWS.items()
        ],
        "late": counts["late"],
        "days": [] if is_wide or actor.organisation_id is None else _days(actor.organisation_id, now),
        "reaches_all": reaches_all,
        "is_wide": is_wide,
        "state": state,
        "form": form or ActForm(name="accept"),
        "may_perform": actor.may("work.perform"),
        "can_choose": actor.may("work.perform") and any(row["can_choose"] for row in rows),
    }
    return render(request, "warehouse/warehouse.html", context, *([form] if form else []))


def _days(organisation_id: UUID, now: datetime) -> list[tuple[NodeView, queries.Day, datetime]]:
    """The organisation's nodes, each with its day and its cut-off of today."""
    nodes = [node for node in logistics.list_nodes(operator_id=organisation_id).values() if not node.is_archived]
    local = {node.id: now.astimezone(ZoneInfo(node.time_zone)) for node in nodes}
    ends = {
        node_id: (at + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        for node_id, at in local.items()
    }
    days = queries.count_days(ends=ends, organisation_id=organisation_id, now=now)
    cut_offs = {
        node.id: local[node.id].replace(hour=node.cut_off.hour, minute=node.cut_off.minute, second=0, microsecond=0)
        for node in nodes
    }
    return [(node, days[node.id], cut_offs[node.id]) for node in nodes]


def show(request: ActingRequest, found: Work, refused: Mapping[str, ActForm] | None = None) -> HttpResponse:
    """The page of a work item, with forms that were refused."""
    refused = refused or {}
    actor, now = request.actor, clock.now()
    lines = queries.list_lines(suborder_ids=[found.suborder_id]).get(found.suborder_id, [])
    boxes = logistics.list_parcels(reference_ids=[found.suborder_id])
    contents = logistics.list_parcel_lines(parcel_ids=[box.id for box in boxes])
    said = logistics.list_tracking(parcel_ids=[box.id for box in boxes])
    node = logistics.list_nodes([found.node_id])[found.node_id]
    titles = {line.id: line for line in lines}
    ship_to = accounts.get_contact(contact_id=found.ship_to_id)
    carried = carriage.list_carriage(
        boxes,
        way=(node.country, ship_to.country),
        planned=(found.carrier, found.service),
        may_act=actor.reaches("work.perform", found.organisation_id),
        url=lambda name, box, *args: reverse(f"desk:{name}", args=[found.suborder_number, box.number, *args]),
        refused=refused,
        now=now,
        compares=True,
    )
    may_miss = all(actor.reaches(verb, found.organisation_id) for verb in ("work.perform", "stock.adjust"))
    context = {
        "work": found,
        "state": words.WORK[found.state],
        "due": _due(found, now),
        "node": node,
        "address": labels.address_lines(ship_to),
        "lines": lines,
        "to_pack": sum(line.to_pack for line in lines) if found.state in queries.OPEN else 0,
        "accept": refused.get("accept") or ActForm(name="accept"),
        "boxes": carriage.boxes_of(found, lines),
        "pack": refused.get("pack") or PackForm(lines=lines, name="pack"),
        "missing": may_miss and (refused.get("missing") or MissingForm(lines=lines, name="missing")),
        "parcels": [
            _box(box, found, contents, said, titles, refused, actor) | {"carriage": carried[box.id]} for box in boxes
        ],
        "may_perform": actor.reaches("work.perform", found.organisation_id),
        "reads_orders": actor.may("orders.read"),
        "crumbs": [Link(_("Warehouse"), reverse("desk:warehouse")), Link(found.suborder_number)],
    }
    return render(request, "warehouse/work.html", context, *refused.values())


def _box(
    box: Parcel,
    found: Work,
    contents: Mapping[UUID, Sequence[Any]],
    said: Mapping[UUID, Sequence[TrackingEvent]],
    titles: Mapping[UUID, WorkLine],
    refused: Mapping[str, ActForm],
    actor: Actor,
) -> dict[str, Any]:
    args = [found.suborder_number, box.number]
    speaks = _speaks_for_carrier(actor)
    return {
        "parcel": box,
        "state": words.PARCELS[box.state],
        "contents": [(titles[line.line_id], line.quantity) for line in contents.get(box.id, [])],
        "events": [_event(each) for each in said.get(box.id, [])],
        "label_url": reverse("desk:label", args=args),
        "handover": refused.get(f"handover-{box.id}")
        or HandoverForm(name=f"handover-{box.number}", initial={"carrier": box.carrier or found.carrier}),
        "handover_url": reverse("desk:handover", args=args),
        "unpack": refused.get(f"unpack-{box.id}") or ActForm(name=f"unpack-{box.number}"),
        "unpack_url": reverse("desk:unpacking", args=args),
        "unpack_dialog": f"unpack-{box.number}",
        "scan": refused.get(f"scan-{box.id}") or ScanForm(name=f"scan-{box.number}", speaks_for_carrier=speaks),
        "scan_url": reverse("desk:scans", args=args),
        "is_packed": box.state == "packed",
        "has_left": box.state == "handed_over",
    }


def _event(each: TrackingEvent) -> Event:
    said = words.TRACKING[each.kind]
    detail = ", ".join(part for part in (each.place, each.note, str(words.ORIGINS[each.origin])) if part)
    return Event(each.occurred_at, said.label, detail=detail, tone=said.tone)


def _due(item: Work, now: datetime) -> str:
    """How the deadline is shown: late, soon or in good time."""
    if item.state not in queries.OPEN:
        return ""
    if item.due_at < now:
        return "bad"
    return "warn" if item.due_at - now < SOON else ""


def _count(code: str, counts: Mapping[str, int]) -> int | None:
    return sum(counts[each] for each in queries.OPEN) if not code else counts.get(code)


def found_work(request: ActingRequest, number: str) -> Work:
    """Work that the actor may see. Raises: NotFound."""
    return queries.get_work(suborder_number=number, organisation_id=scope_of(request.actor, "work.read"))


def parcel_of(found: Work, number: str) -> Parcel:
    """A parcel of a suborder. Raises: NotFound."""
    for parcel in logistics.list_parcels(reference_ids=[found.suborder_id]):
        if parcel.number == number:
            return parcel
    raise NotFound(kind="parcel")


def _speaks_for_carrier(actor: Actor) -> bool:
    return actor.verbs.get("work.perform") == "all"


def url_of(found: Work) -> str:
    """Where a work item is."""
    return reverse("desk:work", args=[found.suborder_number])


def _cursor(item: Work) -> str:
    return f"{item.due_at.timestamp():.6f}_{item.id.hex}"


def _read_cursor(text: str) -> tuple[datetime, UUID] | None:
    moment, _underline, identity = text.partition("_")
    try:
        return datetime.fromtimestamp(float(moment), UTC), UUID(hex=identity)
    except (ValueError, OverflowError, OSError):
        return None


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(kind="work item") from None
