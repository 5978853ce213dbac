"""The way of a shipment as a picture and in words: its legs, where it is, what was promised and what came of it."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from entrepot.domain.inbound import ways
from entrepot.domain.inbound.cost_models import ShipmentLeg
from entrepot.domain.inbound.models import Shipment
from entrepot.kernel import clock
from entrepot.surfaces.shared.acting import ActForm
from entrepot.surfaces.shared.components import Text
from entrepot.surfaces.shared.inbound import PARTIES

MODES: Mapping[str, Text] = {
    "air": gettext_lazy("by air"),
    "sea": gettext_lazy("by sea"),
    "rail": gettext_lazy("by rail"),
    "truck": gettext_lazy("by truck"),
    "parcel": gettext_lazy("by parcel"),
    "handling": gettext_lazy("handling"),
    "clearance": gettext_lazy("customs clearance"),
}
#: The picture is a column, so that it reads on a telephone as well.
WIDTH, ROW, TOP, AXIS, RADIUS = 360, 72, 24, 20, 7


class LaneForm(ActForm):
    """By which lane it goes, and when it is ready."""

    lane = forms.ChoiceField(label=gettext_lazy("Lane"))
    ready_on = forms.DateField(
        label=gettext_lazy("Ready on"), widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )

    def __init__(self, *args: Any, shipment: Shipment, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = ways.list_lanes(shipment, on=clock.now().date())
        self.fields["lane"].choices = [(each.code, each.title) for each in found]  # type: ignore[attr-defined]


class LegForm(ActForm):
    """That a leg is done, and when."""

    position = forms.IntegerField(min_value=1, max_value=50, widget=forms.HiddenInput)
    done_on = forms.DateField(
        label=gettext_lazy("Done on"), widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )


def panel(shipment: Shipment, refused: Mapping[str, ActForm], *, may_move: bool, surface: str) -> dict[str, Any]:
    """What the page of a shipment shows of its way."""
    legs, today = ways.list_legs(shipment.id), clock.now().date()
    is_open = may_move and shipment.state in ways.OPEN
    following = next((each for each in legs if each.done_on is None), None)
    may_plan = is_open and (not legs or legs[0].done_on is None)
    form = refused.get("lane") or (
        LaneForm(shipment=shipment, name="lane", initial={"ready_on": today}) if may_plan else None
    )
    return {
        "legs": legs,
        "way_picture": picture(legs, shipment, today),
        "way_late": [
            _("{days} days late by “{leg}”").format(days=each.days, leg=each.leg) for each in ways.who_delayed(legs)
        ],
        "lane_form": form if may_plan and form and form.fields["lane"].choices else None,  # type: ignore[attr-defined]
        "leg_form": (
            refused.get("leg") or LegForm(name="leg", initial={"position": following.position, "done_on": today})
        )
        if is_open and following
        else None,
        "following": following,
        "lane_url": reverse(f"{surface}:shipment_lane", args=[shipment.number]),
        "leg_url": reverse(f"{surface}:shipment_leg", args=[shipment.number]),
    }


def picture(legs: Sequence[ShipmentLeg], shipment: Shipment, today: date) -> SafeString:
    """The way from top to bottom: places, legs between them, where the goods are, promised and actual days."""
    if not legs:
        return SafeString("")
    places = [legs[0].start, *(each.end for each in legs)]
    done = sum(each.done_on is not None for each in legs)
    height = TOP + ROW * len(legs) + TOP
    title = _("The way of {number}").format(number=shipment.number)
    lines, words = [], []
    for place, leg in enumerate(legs):
        y = TOP + place * ROW
        kind = "done" if leg.done_on else "here" if place == done else "todo"
        lines.append((kind, AXIS, y + RADIUS, AXIS, y + ROW - RADIUS))
        far = f", {leg.distance_km} km" if leg.distance_km else ""
        performer = PARTIES.get(leg.performer, leg.performer)
        words.append(("way-leg", AXIS + 20, y + ROW // 2 - 4, f"{leg.leg}, {MODES.get(leg.mode, leg.mode)}{far}"))
        if leg.done_on:
            said = _("done {day}").format(day=_short(leg.done_on))
            if leg.done_on > leg.promised_on:
                said += " · " + _("promised {day}").format(day=_short(leg.promised_on))
        else:
            said = _("by {day}").format(day=_short(leg.promised_on))
            if leg.promised_on < today and place == done:
                said += " · " + _("late")
        late = (leg.done_on or today) > leg.promised_on and (leg.done_on or place == done)
        css = "way-late" if late else "way-day"
        words.append((css, AXIS + 20, y + ROW // 2 + 13, f"{said} · {performer}"))
    stops = [
        ("done" if place < done or done == len(legs) else "here" if place == done else "todo", AXIS, TOP + place * ROW)
        for place in range(len(places))
    ]
    names = [(AXIS + 20, TOP + place * ROW + 5, name) for place, name in enumerate(places)]
    return format_html(
        '<svg class="way" viewBox="0 0 {} {}" role="img" aria-label="{}"><title>{}</title>{}{}{}{}</svg>',
        WIDTH, height, title, title,
        format_html_join("", '<line class="way-line way-{}" x1="{}" y1="{}" x2="{}" y2="{}"/>', lines),
        format_html_join("", '<circle class="way-stop way-{}" cx="{}" cy="{}" r="7"/>', stops),
        format_html_join("", '<text class="way-place" x="{}" y="{}">{}</text>', names),
        format_html_join("", '<text class="{}" x="{}" y="{}">{}</text>', words),
    )  # fmt: skip


def _short(day: date) -> str:
    return date_format(day, "j M")
