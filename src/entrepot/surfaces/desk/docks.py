"""A day at the dock: which shipment comes when, who did not come, and when the node takes deliveries."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from entrepot.domain.inbound import docking, docks, queries
from entrepot.domain.inbound.docks import Hours
from entrepot.domain.inbound.models import DockSlot
from entrepot.domain.logistics import queries as logistics
from entrepot.domain.logistics.queries import NodeView
from entrepot.kernel import clock
from entrepot.kernel.errors import NotFound
from entrepot.surfaces.desk.acting import ReasonForm, attempt, render
from entrepot.surfaces.desk.scopes import DESK, scope_of
from entrepot.surfaces.shared import guards, inbound
from entrepot.surfaces.shared.components import Link
from entrepot.surfaces.shared.docking import SLOTS
from entrepot.surfaces.shared.guards import ActingRequest


class HoursForm(ReasonForm):
    """When deliveries are taken from today on."""

    opens_at = forms.TimeField(label=gettext_lazy("Opens"), widget=forms.TimeInput({"type": "time"}, "%H:%M"))
    closes_at = forms.TimeField(label=gettext_lazy("Closes"), widget=forms.TimeInput({"type": "time"}, "%H:%M"))
    slot_minutes = forms.IntegerField(
        label=gettext_lazy("Length of a slot"), min_value=docks.MINUTES[0], max_value=docks.MINUTES[1]
    )
    at_once = forms.IntegerField(label=gettext_lazy("Vehicles at once"), min_value=1, max_value=docks.AT_ONCE_MAX)
    day_max = forms.IntegerField(
        label=gettext_lazy("Vehicles a day"),
        help_text=gettext_lazy("Blank: as many as the slots hold."),
        min_value=1,
        max_value=docks.DAY_MAX,
        required=False,
    )
    grace_minutes = forms.IntegerField(
        label=gettext_lazy("Grace"),
        help_text=gettext_lazy("After it a vehicle is late, and its slot is free again."),
        min_value=0,
        max_value=docks.GRACE_MAX,
    )
    is_required = forms.BooleanField(label=gettext_lazy("Let in only who has booked"), required=False)
    field_order = (
        "opens_at", "closes_at", "slot_minutes", "at_once", "day_max", "grace_minutes", "is_required", "reason",
    )  # fmt: skip


@guards.allow("stock.receive", kind=DESK)
@require_GET
def docks_page(request: ActingRequest) -> HttpResponse:
    """The day of a node's dock."""
    return _page(request, _chosen(request, request.GET.get("node", "")))


@guards.allow("stock.receive", kind=DESK)
@require_POST
def dock_hours(request: ActingRequest, code: str) -> HttpResponse:
    """Take deliveries at these hours from today on."""
    node = _chosen(request, code)
    if node is None or node.code != code:
        raise NotFound(kind="node")
    form = HoursForm(request.POST, name="hours")

    def keep(typed: Mapping[str, Any]) -> None:
        hours = Hours(**{name: typed[name] for name in Hours.__dataclass_fields__})
        docking.set_hours(node_id=node.id, hours=hours, actor=request.actor, reason=typed["reason"], now=clock.now())

    to = f"{reverse('desk:docks')}?node={node.code}"
    answer = attempt(request, form, keep, said=_("Deliveries are taken at these hours from today on."), to=to)
    return answer or _page(request, node, form)


def _page(request: ActingRequest, node: NodeView | None, form: HoursForm | None = None) -> HttpResponse:
    now = clock.now()
    context: dict[str, Any] = {
        "node": node,
        "crumbs": [Link(_("Goods on their way in"), reverse("desk:shipments")), Link(_("Dock"))],
    }
    if node is not None:
        zone = ZoneInfo(node.time_zone)
        today = now.astimezone(zone).date()
        day = _day(request.GET.get("day", ""), today)
        hours = docking.hours_of(node.id, on=day) or docking.hours_of(node.id, on=today)
        slots = docking.list_day(node.id, day, zone=zone)
        context |= {
            "nodes": [
                Link(each.name, f"?node={each.code}", current=each.code == node.code) for each in _nodes(request)
            ],
            "day": day,
            "is_today": day == today,
            "is_open": bool(list(docks.working_days(day, 1, weekdays=node.working_days, closures=node.days_off))),
            "before": f"?node={node.code}&day={day - timedelta(days=1)}",
            "after": f"?node={node.code}&day={day + timedelta(days=1)}",
            "hours": hours,
            "rows": _rows(node, day, hours, slots, zone, now),
            "booked": sum(each.state in docking.TAKEN for each in slots),
            "form": form or _hours_form(hours),
        }
    return render(request, "inbound/docks.html", context, *([form] if form else []))


def _rows(
    node: NodeView, day: date, hours: Hours | None, slots: Sequence[DockSlot], zone: ZoneInfo, now: datetime
) -> list[dict[str, Any]]:
    """Every time of the day with who has it; times that only old hours knew come too."""
    taken: dict[tuple[datetime, datetime], list[DockSlot]] = defaultdict(list)
    if hours is not None and list(docks.working_days(day, 1, weekdays=node.working_days, closures=node.days_off)):
        taken |= {pair: [] for pair in docks.slots_of(hours, day, zone=zone)}
    sums = queries.sum_shipments([each.shipment_id for each in slots])
    for each in slots:
        taken.setdefault((each.starts_at, each.ends_at), []).append(each)
    return [
        {
            "words": f"{start.astimezone(zone):%H:%M}–{end.astimezone(zone):%H:%M}",
            "is_past": end < now,
            "left": max(0, (hours.at_once if hours else 0) - sum(each.state in docking.TAKEN for each in found)),
            "slots": [
                {
                    "shipment": each.shipment,
                    "said": SLOTS[each.state],
                    "stage": inbound.SHIPMENTS[each.shipment.state],
                    "sum": sums[each.shipment_id],
                }
                for each in found
            ],
        }
        for (start, end), found in sorted(taken.items())
    ]


def _hours_form(hours: Hours | None) -> HoursForm:
    first = {"slot_minutes": 30, "at_once": 1, "grace_minutes": 30}
    initial = {name: getattr(hours, name) for name in Hours.__dataclass_fields__} if hours else first
    return HoursForm(name="hours", initial=initial)


def _nodes(request: ActingRequest) -> list[NodeView]:
    """The nodes where the actor receives goods: the organisation's own, or all that are no seller's."""
    scope = scope_of(request.actor, "stock.receive")
    found = logistics.list_nodes(operator_id=scope).values()
    return [each for each in found if not each.is_archived and each.operator_kind in DESK]


def _chosen(request: ActingRequest, code: str) -> NodeView | None:
    """The node of this code; without one the first of one's own. Raises: NotFound."""
    nodes = _nodes(request)
    if code:
        found = next((each for each in nodes if each.code == code), None)
        if found is None:
            raise NotFound(kind="node")
        return found
    own = [each for each in nodes if each.operator_id == request.actor.organisation_id]
    return next(iter(own or nodes), None)


def _day(text: str, today: date) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return today
    return day if abs((day - today).days) <= 400 else today
