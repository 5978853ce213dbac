"""Lanes: which there are, on a diagram of nodes; one of them leg by leg, with when something arrives by it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils import formats
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from entrepot.domain.logistics import holidays, publishing
from entrepot.domain.logistics import queries as logistics
from entrepot.domain.logistics.lanes import WEEK, Capacity, Forecast, Holidays, Lane, Leg, forecast
from entrepot.domain.logistics.versions import LANE_KEYS, changes
from entrepot.domain.logistics.ways import Way
from entrepot.kernel import clock
from entrepot.kernel.money import format_minor
from entrepot.surfaces.desk import diagrams
from entrepot.surfaces.desk.acting import render
from entrepot.surfaces.shared import plots
from entrepot.surfaces.shared.components import Link, Text
from entrepot.surfaces.shared.guards import ActingRequest, allow
from entrepot.surfaces.shared.plots import colour

#: At which confidences a page says what would be promised.
CONFIDENCES = tuple(map(Decimal, ("0.5", "0.8", "0.9", "0.95", "0.99")))
TASKS: dict[str, Text] = {
    "first_mile": gettext_lazy("First mile"),
    "consolidation": gettext_lazy("Consolidation"),
    "quality_inspection": gettext_lazy("Quality inspection"),
    "line_haul": gettext_lazy("Line haul"),
    "customs": gettext_lazy("Customs"),
    "last_mile": gettext_lazy("Last mile"),
}
MODES: dict[str, Text] = {
    "air": gettext_lazy("air"),
    "sea": gettext_lazy("sea"),
    "rail": gettext_lazy("rail"),
    "truck": gettext_lazy("truck"),
    "parcel": gettext_lazy("parcel service"),
    "handling": gettext_lazy("handling on the spot"),
    "clearance": gettext_lazy("clearance"),
}
REFUSED: dict[str, Text] = {"battery": gettext_lazy("batteries"), "liquid": gettext_lazy("liquids")}
DAYS: tuple[Text, ...] = (
    gettext_lazy("Mon"), gettext_lazy("Tue"), gettext_lazy("Wed"), gettext_lazy("Thu"), gettext_lazy("Fri"),
    gettext_lazy("Sat"), gettext_lazy("Sun"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """A lane in the list."""

    way: Way
    modes: str
    window: str
    limits: str


@dataclass(frozen=True, slots=True)
class Part:
    """A leg as the page tells it."""

    leg: Leg
    task: Text
    mode: Text
    days: str
    departs: str
    moves: str
    closed: str
    capacity: str
    done_by: date


@allow("prices.read", kind="operator")
@require_safe
def index(request: ActingRequest) -> HttpResponse:
    """Every lane in use, with what it promises today, and all of them drawn."""
    today = clock.now().date()
    ways, rests = publishing.list_lanes(on=today), holidays.calendar()
    nodes = list(logistics.list_nodes().values())
    context = {
        "rows": [_row(each, today, rests) for each in ways],
        "diagram": diagrams.draw(nodes, [each.lane for each in ways]) if ways or nodes else None,
        "holidays": holidays.list_holidays(since=today, limit=24),
        "tabs": tabs("lanes"),
        "crumbs": [Link(_("Borders"), reverse("desk:borders")), Link(_("Lanes"))],
        "may_publish": request.actor.may("setup.edit"),
    }
    return render(request, "lanes/index.html", context)


@allow("prices.read", kind="operator")
@require_safe
def show(request: ActingRequest, code: str) -> HttpResponse:
    """One lane: its legs, when what is ready on a day arrives, and what changed from version to version."""
    today = clock.now().date()
    versions = publishing.list_lanes(codes=[code])
    on = _day(request.GET.get("on", "")) or today
    way = next((each for each in versions if _holds(each, on)), versions[-1])
    rests = holidays.calendar()
    found = forecast(way.lane, on, holidays=rests)
    context = {
        "way": way,
        "lane": way.lane,
        "is_in_use": _holds(way, today),
        "on": on,
        "found": found,
        "legs": [_part(leg, segment.done_by) for leg, segment in zip(way.lane.legs, found.segments, strict=True)],
        "promises": [(share, forecast(way.lane, on, confidence=float(share), holidays=rests)) for share in CONFIDENCES],
        "confidence": Decimal(str(way.lane.confidence)),
        "plots": _plots(way.lane, found),
        "facts": _facts(way),
        "history": _history(versions),
        "limits": limits(way.lane),
        "tabs": tabs("lanes"),
        "crumbs": [
            Link(_("Borders"), reverse("desk:borders")), Link(_("Lanes"), reverse("desk:lanes")), Link(way.lane.title),
        ],
        "may_publish": request.actor.may("setup.edit"),
    }  # fmt: skip
    return render(request, "lanes/lane.html", context)


def tabs(current: str) -> list[Link]:
    """The pages about borders."""
    pages = (
        ("law", _("Law"), "desk:borders"), ("lanes", _("Lanes"), "desk:lanes"),
        ("cards", _("Rate cards"), "desk:cards"), ("routing", _("Routing"), "desk:routing_rules"),
    )  # fmt: skip
    return [Link(label, reverse(route), code == current) for code, label, route in pages]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _holds(way: Way, on: date) -> bool:
    return way.valid_from <= on and (way.valid_until is None or on < way.valid_until)


def _row(way: Way, today: date, rests: Holidays) -> Row:
    found = forecast(way.lane, today, holidays=rests)
    modes = dict.fromkeys(str(MODES[leg.mode]) for leg in way.lane.legs if leg.task == "line_haul")
    window = (found.first - today).days, (found.last - today).days
    said = _("{first}–{last} days").format(first=window[0], last=window[1])
    return Row(way, ", ".join(modes) or _("within the country"), said, limits(way.lane))


def limits(lane: Lane) -> str:
    """What may not go this way, in words."""
    said = [_("no {goods}").format(goods=REFUSED.get(each, each)) for each in sorted(lane.refuses)]
    if lane.weight_max_g:
        said.append(_("up to {kilograms} kg").format(kilograms=formats.number_format(lane.weight_max_g / 1000, 1)))
    if lane.value_max_minor:
        said.append(_("worth up to {amount}").format(amount=format_minor(lane.value_max_minor, lane.currency)))
    return ", ".join(said)


def _part(leg: Leg, done_by: date) -> Part:
    low, high = leg.transit.within(0.1), leg.transit.within(0.9)
    return Part(
        leg,
        TASKS.get(leg.task, leg.task),
        MODES.get(leg.mode, leg.mode),
        f"{low}–{high}" if low != high else str(low),
        _weekdays(leg.departs),
        _weekdays(leg.moves),
        ", ".join(formats.date_format(each, "j M Y") for each in sorted(leg.closed)[:6])
        + (" …" if len(leg.closed) > 6 else ""),
        capacity(leg.capacity) if leg.capacity else "",
        done_by,
    )


def _weekdays(days: frozenset[int]) -> str:
    if days == WEEK:
        return _("every day")
    found = sorted(days)
    if len(found) > 2 and found == list(range(found[0], found[-1] + 1)):
        return f"{DAYS[found[0] - 1]}–{DAYS[found[-1] - 1]}"
    return ", ".join(str(DAYS[each - 1]) for each in found)


def capacity(found: Capacity) -> str:
    """What one departure takes."""
    said = []
    if found.parcels:
        said.append(_("{count} parcels").format(count=formats.number_format(found.parcels)))
    if found.weight_g:
        said.append(_("{kilograms} kg").format(kilograms=formats.number_format(found.weight_g // 1000)))
    if found.volume_cm3:
        said.append(_("{volume} m³").format(volume=formats.number_format(found.volume_cm3 / 1_000_000, 1)))
    return ", ".join(said)


def _facts(way: Way) -> list[tuple[Text, Any]]:
    until = formats.date_format(way.valid_until, "DATE_FORMAT") if way.valid_until else _("open")
    return [
        (_("Code"), way.lane.code),
        (_("From"), way.lane.origin),
        (_("To"), way.lane.destination),
        (_("In use since"), formats.date_format(way.valid_from, "DATE_FORMAT")),
        (_("Until"), until),
        (
            _("Promises kept"),
            _("{share} % of the time").format(share=formats.number_format(way.lane.confidence * 100, 0)),
        ),
        (_("Source"), way.lane.source),
    ]


def _history(versions: Sequence[Way]) -> list[tuple[Way, list[Any]]]:
    """Every version, the newest first, with what it changed."""
    before = [None, *versions[:-1]]
    pairs = zip(versions, before, strict=True)
    return [(each, changes(old.sheet, each.sheet, LANE_KEYS) if old else []) for each, old in pairs][::-1]


def _plots(lane: Lane, found: Forecast) -> tuple[SafeString, SafeString]:
    last = int(max(place for place, share in enumerate(found.arrivals) if share > 0.0005))
    shares = tuple(round(float(each), 5) for each in found.arrivals[: last + 2])
    marks = ((found.first - found.start).days, (found.last - found.start).days)
    return (
        plots.on_page(_drawn(shares, marks, 560), "plot-wide"),
        plots.on_page(_drawn(shares, marks, 290), "plot-narrow"),
    )


@lru_cache(maxsize=128)
def _drawn(shares: tuple[float, ...], marks: tuple[int, int], width: int) -> str:
    import altair as alt

    first = next((place for place, share in enumerate(shares) if share > 0), 0)
    days = [
        (place, share, str(_("promised")) if marks[0] <= place <= marks[1] else str(_("earlier or later")))
        for place, share in enumerate(shares)
        if place >= first - 1
    ]
    kinds = [str(_("promised")), str(_("earlier or later"))]
    chart = (
        alt.Chart(plots.rows(("day", "share", "kind"), days))
        .mark_bar()
        .encode(
            x=alt.X("day:O", title=_("Days after the goods are ready")).axis(
                labelAngle=0, labelOverlap=True, grid=False
            ),
            y=alt.Y("share:Q", title=_("Share that arrives")).axis(format=".0%", tickCount=4),
            color=alt.Color("kind:N").scale(domain=kinds, range=[colour("plot-left"), colour("line-strong")]),
        )
        .properties(width=width, height=180)
    )
    return plots.draw(chart)
