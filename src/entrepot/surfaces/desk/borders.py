"""Borders: what each takes, since when, what changes next, and why goods are charged what they are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from entrepot.domain.customs import queries
from entrepot.domain.customs.explaining import timeline
from entrepot.domain.customs.problems import BadLines
from entrepot.domain.customs.reading import CHOICES
from entrepot.domain.customs.rows import Book, Levy, Overlay, Regime, in_force
from entrepot.flows import landed
from entrepot.kernel import clock
from entrepot.kernel.money import format_minor
from entrepot.surfaces.desk import lanes
from entrepot.surfaces.desk.acting import render
from entrepot.surfaces.shared import guards
from entrepot.surfaces.shared.components import Link, Text
from entrepot.surfaces.shared.guards import ActingRequest
from entrepot.surfaces.shared.tariffs import PARTS, explained, percent, plain, says

#: How far the picture reaches to either side of the day, and how many changes the list names.
SPAN = timedelta(days=365)
CHANGES = 20

#: What the law's codes are called; what an operator adds is called by its code.
CODES: Mapping[str, Text] = {
    "customs_duty": gettext_lazy("Customs duty"),
    "low_value_duty": gettext_lazy("Flat duty on low values"),
    "handling_fee": gettext_lazy("Handling fee"),
    "import_vat": gettext_lazy("Import VAT"),
    "sales_tax": gettext_lazy("Sales tax"),
    "icms": gettext_lazy("ICMS"),
    "processing_fee": gettext_lazy("Processing fee"),
    "harbour_fee": gettext_lazy("Harbour fee"),
    "s301": gettext_lazy("Section 301"),
    "s232": gettext_lazy("Section 232"),
    "s232_content": gettext_lazy("Section 232, metal content"),
    "s122": gettext_lazy("Section 122"),
    "ieepa_fentanyl": gettext_lazy("Emergency duty, fentanyl"),
    "ieepa_reciprocal": gettext_lazy("Emergency duty, reciprocal"),
    "ieepa_brazil": gettext_lazy("Emergency duty, Brazil"),
    "ieepa_india": gettext_lazy("Emergency duty, India"),
}
_COLLECTORS: Mapping[str, Text] = {
    "border": gettext_lazy("customs"),
    "platform": gettext_lazy("the marketplace"),
    "seller": gettext_lazy("the seller"),
    "nobody": gettext_lazy("nobody"),
}
_IMPORTERS: Mapping[str, Text] = {
    "shopper": gettext_lazy("a shopper imports"),
    "seller": gettext_lazy("the seller imports stock"),
    "platform": gettext_lazy("the platform imports stock"),
    "third_party": gettext_lazy("a third party imports stock"),
}
_COLLECTED: Mapping[str, Text] = {"at_sale": gettext_lazy("at the sale"), "at_border": gettext_lazy("at the border")}
_MODES: Mapping[str, Text] = {
    "air": gettext_lazy("air"),
    "express": gettext_lazy("express"),
    "post": gettext_lazy("post"),
    "post_flat": gettext_lazy("post, an amount an item"),
    "sea": gettext_lazy("sea"),
    "rail": gettext_lazy("rail"),
    "truck": gettext_lazy("truck"),
}


class ExplainForm(forms.Form):
    """Which goods, from where to where, on which day."""

    hs = forms.CharField(label=gettext_lazy("HS code"), max_length=14, help_text=gettext_lazy("6 to 10 digits"))
    origin = forms.RegexField(r"^[A-Z]{2}$", label=gettext_lazy("Made in"), help_text=gettext_lazy("such as CN"))
    to = forms.RegexField(
        r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$", label=gettext_lazy("Imported into"), help_text=gettext_lazy("such as FR, US-CA")
    )
    date = forms.DateField(label=gettext_lazy("Day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    importer = forms.ChoiceField(
        label=gettext_lazy("Who imports"), choices=[(each, _IMPORTERS[each]) for each in CHOICES["importer"]]
    )
    collected = forms.ChoiceField(
        label=gettext_lazy("Tax is taken"), choices=[(each, _COLLECTED[each]) for each in CHOICES["collected"]]
    )
    mode = forms.ChoiceField(
        label=gettext_lazy("Carried by"), choices=[(each, _MODES[each]) for each in CHOICES["mode"]]
    )


@dataclass(frozen=True, slots=True)
class Bar:
    """Days on which something holds, in the picture's units."""

    x: int
    width: int
    said: str


@dataclass(frozen=True, slots=True)
class Lane:
    """What holds when, under one name."""

    label: Text
    y: int
    bars: tuple[Bar, ...]
    marks: tuple[Bar, ...]


#: The picture's measures, in its own units.
_WIDTH, _LEFT, _LANE = 960, 220, 30


@guards.allow("prices.read", kind="operator")
@require_GET
def borders(request: ActingRequest) -> HttpResponse:
    """What a destination takes today, as a picture over two years, what changes next; and goods explained."""
    today = clock.now().date()
    book = queries.load_book(codes=[])
    names = list(dict.fromkeys(row.destination for row in book.regimes))
    usual = {"date": today, "importer": "shopper", "collected": "at_sale", "mode": "air"}
    form = ExplainForm(request.GET) if "hs" in request.GET else ExplainForm(initial=usual)
    explanation = _explain(form)
    wanted = explanation["regime"]["destination"] if explanation else request.GET.get("into", "")
    chosen = wanted if wanted in names else next(iter(names), "")
    rows = timeline(book, _countries(book, chosen))
    regime = next((row for row in in_force(book.regimes, today) if row.destination == chosen), None)
    context = {
        "form": form,
        "explanation": explanation,
        "places": [Link(name, f"{reverse('desk:borders')}?into={name}", current=name == chosen) for name in names],
        "regime": regime,
        "facts": _facts(regime) if regime else [],
        "in_force": _groups(in_force(rows, today), regime) if regime else [],
        "changes": _changes(rows, regime, today) if regime else [],
        "lanes": _lanes(rows, regime, today) if regime else [],
        "ticks": _ticks(today),
        "height": 60 + _LANE * len({_lane(row) for row in rows}),
        "crumbs": [Link(_("Overview"), reverse("desk:overview")), Link(_("Borders"))],
        "tabs": lanes.tabs("law"),
        "today": today,
    }
    return render(request, "borders.html", context)


def _countries(book: Book, destination: str) -> set[str]:
    """The destination, and where it is a union its members."""
    return {destination, *(row.country for row in book.memberships if row.union == destination)} - (
        {row.destination for row in book.regimes} - {destination}
    )


def _explain(form: ExplainForm) -> dict[str, Any] | None:
    """The law of the goods that were asked for; what is wrong is said at its field."""
    if not form.is_bound or not form.is_valid():
        return None
    asked = form.cleaned_data
    try:
        found = landed.explain_texts(
            hs=asked["hs"],
            origin=asked["origin"],
            destination=asked["to"],
            on=asked["date"],
            importer=asked["importer"],
            collected=asked["collected"],
            mode=asked["mode"],
        )
    except BadLines as refusal:
        for row in refusal.values["rows"]:
            field = {"destination": "to", "region": "to"}.get(row["field"], row["field"])
            form.add_error(field if field in form.fields else None, row["problem"])
        return None
    document = explained(found)
    for band in document["bands"]:
        for charge in band["charges"]:
            charge["part"] = PARTS[charge["part"]]
            charge["collector"] = _COLLECTORS[charge["collector"]]
    return document


def _facts(regime: Regime) -> list[tuple[Text, Text]]:
    return [
        (_("Currency"), regime.currency),
        (_("Customs duty is a share of"), plain(regime.duty_base)),
        (_("Limits are compared with"), plain(regime.value_base)),
        (_("Reviewed on"), formats.date_format(regime.reviewed_on, "DATE_FORMAT")),
    ]


def _order(rows: Iterable[Levy | Overlay]) -> list[Levy | Overlay]:
    return sorted(rows, key=lambda row: (isinstance(row, Overlay), _lane(row), row.valid_from))


def _lane(row: Levy | Overlay) -> tuple[str, str]:
    return (row.destination, row.code) if isinstance(row, Levy) else (row.schedule, row.authority)


def _label(row: Levy | Overlay, regime: Regime) -> str:
    place, code = _lane(row)
    name = str(CODES.get(code, code))
    return f"{place}: {name}" if isinstance(row, Levy) and place != regime.destination else name


def _groups(rows: Iterable[Levy | Overlay], regime: Regime) -> list[tuple[str, list[dict[str, Any]]]]:
    """The rows by what they are called."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in _order(rows):
        found.setdefault(_label(row, regime), []).append(_said(row, regime))
    return list(found.items())


def _said(row: Levy | Overlay, regime: Regime) -> dict[str, Any]:
    return {
        "says": _says(row, regime),
        "for": _conditions(row),
        "row": row,
    }


def _says(row: Levy | Overlay, regime: Regime) -> str:
    if isinstance(row, Levy):
        return says(row, regime)
    if row.kind == "top_up":
        return _("up to {rate} with the tariff").format(rate=percent(row.rate))
    return f"+ {percent(row.rate)}"


def _conditions(row: Levy | Overlay) -> str:
    """For whom a row holds."""
    if isinstance(row, Overlay):
        goods = _("all goods") if row.lists == "*" else row.lists
        return f"{row.origins if row.names_origin else _('all origins')} · {goods}"
    said = [row.origin] if row.origin else []
    said += [str(_IMPORTERS[row.importers])] if row.importers in _IMPORTERS else []
    said += [_("stock is imported")] if row.importers == "business" else []
    said += [str(_COLLECTED[row.collected])] if row.collected else []
    said += [str(_MODES.get(mode, mode)) for mode in row.modes.split()]
    if row.value_up_to_minor is not None:
        said.append(_("up to {amount}").format(amount=format_minor(row.value_up_to_minor, row.currency)))
    if row.value_above_minor:
        said.append(_("above {amount}").format(amount=format_minor(row.value_above_minor, row.currency)))
    return " · ".join(said)


def _changes(rows: Sequence[Levy | Overlay], regime: Regime, today: date) -> list[dict[str, Any]]:
    """What begins or ends from tomorrow on, the next first."""
    found = [
        (day, begins, row)
        for row in rows
        for day, begins in ((row.valid_from, True), (row.valid_until, False))
        if day and day > today
    ]
    return [
        _said(row, regime)
        | {"on": day, "what": (_("Begins: {what}") if begins else _("Ends: {what}")).format(what=_label(row, regime))}
        | {"tone": "accent" if begins else "neutral"}
        for day, begins, row in sorted(found, key=lambda each: (each[0], each[1]))[:CHANGES]
    ]


# The picture.


def _x(day: date, today: date) -> int:
    first = today - SPAN
    share = (min(max(day, first), today + SPAN) - first) / (2 * SPAN)
    return _LEFT + round(share * (_WIDTH - _LEFT - 10))


def _lanes(rows: Sequence[Levy | Overlay], regime: Regime, today: date) -> list[Lane]:
    """One lane a code: bars over the days on which any row of it holds, marks where one begins or ends."""
    lanes = []
    for number, key in enumerate(dict.fromkeys(_lane(row) for row in _order(rows))):
        mine = [row for row in rows if _lane(row) == key]
        spans: list[list[date]] = []
        for row in sorted(mine, key=lambda row: row.valid_from):
            until = row.valid_until or date.max
            if spans and row.valid_from <= spans[-1][1]:
                spans[-1][1] = max(spans[-1][1], until)
            else:
                spans.append([row.valid_from, until])
        bars = [
            Bar(_x(first, today), max(_x(last, today) - _x(first, today), 1), _period(first, last))
            for first, last in spans
            if last > today - SPAN and first < today + SPAN
        ]
        days = {day for row in mine for day in (row.valid_from, row.valid_until) if day and abs(day - today) < SPAN}
        marks = [Bar(_x(day, today), 0, formats.date_format(day, "SHORT_DATE_FORMAT")) for day in sorted(days)]
        lanes.append(Lane(_label(mine[0], regime), 40 + _LANE * number, tuple(bars), tuple(marks)))
    return lanes


def _period(first: date, last: date) -> str:
    begins = formats.date_format(first, "SHORT_DATE_FORMAT")
    return begins if last == date.max else f"{begins} – {formats.date_format(last, 'SHORT_DATE_FORMAT')}"


def _ticks(today: date) -> list[Bar]:
    """The firsts of quarters in the picture, and the day itself."""
    first = today - SPAN
    quarters = [
        date(first.year + month // 12, month % 12 + 1, 1)
        for month in range(first.month - 1, first.month + 24)
        if month % 3 == 0
    ]
    shown = [Bar(_x(day, today), 0, formats.date_format(day, "M Y")) for day in quarters if abs(day - today) < SPAN]
    return [*shown, Bar(_x(today, today), 1, _("today"))]
