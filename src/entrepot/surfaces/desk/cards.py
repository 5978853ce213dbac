"""Rate cards: which there are; one of them as tables that people read, and a parcel priced by it in place."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from entrepot.domain.logistics import freight, publishing
from entrepot.domain.logistics.cards import Mode, RateCard
from entrepot.domain.logistics.freight import Consignment, FreightQuote
from entrepot.domain.logistics.versions import CARD_KEYS, changes
from entrepot.kernel import clock
from entrepot.kernel.sheets import cells_of
from entrepot.surfaces.desk.acting import render
from entrepot.surfaces.desk.lanes import tabs
from entrepot.surfaces.shared.components import Explanation, Link, Part, Text, Trace
from entrepot.surfaces.shared.guards import ActingRequest, allow

MODES: dict[str, Text] = {
    Mode.PARCEL: gettext_lazy("Parcels"),
    Mode.AIR_FREIGHT: gettext_lazy("Air freight"),
    Mode.SEA_LCL: gettext_lazy("Sea, shared container"),
    Mode.SEA_FCL: gettext_lazy("Sea, full container"),
    Mode.WAREHOUSE: gettext_lazy("Warehouse"),
}
#: The columns of a charge's rows, in reading order; those that are empty are left out.
COLUMNS: dict[str, Text] = {
    "zone": gettext_lazy("Zone"),
    "container": gettext_lazy("Container"),
    "by": gettext_lazy("By"),
    "above": gettext_lazy("Above"),
    "to": gettext_lazy("Up to"),
    "first": gettext_lazy("First"),
    "step_of": gettext_lazy("Each further"),
    "amount": gettext_lazy("Amount"),
    "days": gettext_lazy("Days"),
    "minimum": gettext_lazy("At least"),
    "maximum": gettext_lazy("At most"),
    "family": gettext_lazy("Of which the highest counts"),
    "triggers": gettext_lazy("Where"),
    "replaces": gettext_lazy("Instead of"),
    "of": gettext_lazy("Share of"),
    "least_billed": gettext_lazy("Billed at least as"),
    "graduated": gettext_lazy("Band by band"),
}
BASES: dict[str, Text] = {
    "shipment": gettext_lazy("for each shipment"),
    "kg": gettext_lazy("for each kilogram"),
    "lb": gettext_lazy("for each pound"),
    "cbm": gettext_lazy("for each cubic metre"),
    "revenue_ton": gettext_lazy("for each tonne or cubic metre, whichever is more"),
    "step": gettext_lazy("for each step of weight"),
    "unit": gettext_lazy("for each unit"),
    "carton": gettext_lazy("for each carton"),
    "pallet": gettext_lazy("for each pallet"),
    "container": gettext_lazy("for each container"),
    "percent": gettext_lazy("per cent"),
}


class PriceForm(forms.Form):
    """A consignment, asked by GET."""

    destination = forms.RegexField(r"^[A-Z]{2}$", label=gettext_lazy("To"), help_text=gettext_lazy("Such as US."))
    weight_g = forms.IntegerField(label=gettext_lazy("Weight"), min_value=1, max_value=100_000_000)
    length_mm = forms.IntegerField(label=gettext_lazy("Length"), required=False, min_value=0, max_value=100_000)
    width_mm = forms.IntegerField(label=gettext_lazy("Width"), required=False, min_value=0, max_value=100_000)
    height_mm = forms.IntegerField(label=gettext_lazy("Height"), required=False, min_value=0, max_value=100_000)
    units = forms.IntegerField(label=gettext_lazy("Units"), required=False, min_value=1, max_value=1_000_000)
    cartons = forms.IntegerField(label=gettext_lazy("Cartons"), required=False, min_value=0, max_value=1_000_000)
    pallets = forms.IntegerField(label=gettext_lazy("Pallets"), required=False, min_value=0, max_value=1_000_000)
    days = forms.IntegerField(label=gettext_lazy("Days in storage"), required=False, min_value=0, max_value=3_650)

    def consignment(self, card: RateCard) -> Consignment:
        """What was typed."""
        typed: dict[str, Any] = {name: value or 0 for name, value in self.cleaned_data.items()}
        sides = (typed.pop("length_mm"), typed.pop("width_mm"), typed.pop("height_mm"))
        typed["units"] = typed["units"] or 1
        return Consignment(
            origin=card.origin, sides_mm=sides, volume_cm3=-(-sides[0] * sides[1] * sides[2] // 1000),
            day=card.valid_from, cards=(card.card.code,), **typed,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Table:
    """A charge with its rows, in the columns that say something."""

    code: str
    basis: Text
    heads: list[Text]
    rows: list[list[tuple[Text, str]]]


@dataclass(frozen=True, slots=True)
class Priced:
    """What a consignment comes to by the card, or why it does not go."""

    quote: FreightQuote
    why: Explanation | None
    refusal: str
    billed: str


@allow("prices.read", kind="operator")
@require_safe
def index(request: ActingRequest) -> HttpResponse:
    """Every rate card that holds, by what it is for."""
    found = publishing.list_cards(on=clock.now().date())
    groups = [(label, [each for each in found if each.mode == mode]) for mode, label in MODES.items()]
    context = {
        "groups": [(label, cards) for label, cards in groups if cards],
        "tabs": tabs("cards"),
        "crumbs": [Link(_("Borders"), reverse("desk:borders")), Link(_("Rate cards"))],
        "may_publish": request.actor.may("setup.edit"),
    }
    return render(request, "cards/index.html", context)


@allow("prices.read", kind="operator")
@require_safe
def show(request: ActingRequest, code: str) -> HttpResponse:
    """One card: its charges as tables, a parcel priced by it, its versions."""
    today = clock.now().date()
    versions = publishing.list_cards(codes=[code])
    held = [
        each for each in versions if each.valid_from <= today and (not each.valid_until or today < each.valid_until)
    ]
    card = held[-1] if held else versions[-1]
    form = PriceForm(request.GET if "weight_g" in request.GET else None, auto_id="price-%s", initial=_usual(card))
    before = [None, *versions[:-1]]
    context = {
        "card": card,
        "mode": MODES[card.mode],
        "is_in_use": bool(held),
        "facts": _facts(card),
        "tables": _tables(card),
        "zones": sorted(card.card.zones.items()),
        "form": form,
        "priced": _priced(card, form) if form.is_bound and form.is_valid() else None,
        "history": [
            (each, changes(old.sheet, each.sheet, CARD_KEYS) if old else [])
            for each, old in zip(versions, before, strict=True)
        ][::-1],
        "tabs": tabs("cards"),
        "crumbs": [
            Link(_("Borders"), reverse("desk:borders")), Link(_("Rate cards"), reverse("desk:cards")), Link(card.title),
        ],
        "may_publish": request.actor.may("setup.edit"),
    }  # fmt: skip
    return render(request, "cards/card.html", context)


def _usual(card: RateCard) -> dict[str, Any]:
    """The first country that the card goes to."""
    return {"destination": next((each[:2] for each in card.card.zones), card.origin)}


def _facts(card: RateCard) -> list[tuple[Text, Any]]:
    limits = card.card
    said: list[tuple[Text, Any]] = [
        (_("Code"), limits.code),
        (_("Carrier"), f"{card.carrier}, {card.service}"),
        (_("From"), card.origin or _("anywhere")),
        (_("Currency"), limits.currency),
        (_("Holds since"), formats.date_format(card.valid_from, "DATE_FORMAT")),
        (_("Until"), formats.date_format(card.valid_until, "DATE_FORMAT") if card.valid_until else _("open")),
    ]
    if limits.weight_max_g:
        said.append(
            (_("Heaviest"), _("{kilograms} kg").format(kilograms=formats.number_format(limits.weight_max_g / 1000)))
        )
    if limits.longest_max_mm:
        said.append((_("Longest"), _("{length} mm").format(length=formats.number_format(limits.longest_max_mm))))
    if limits.refuses:
        said.append((_("Refuses"), ", ".join(limits.refuses)))
    return [*said, (_("Source"), card.source)]


def _tables(card: RateCard) -> list[Table]:
    """The card's rows by charge, as they were published."""
    table = cells_of(card.sheet)
    names = [each.strip().lower().replace(" ", "_") for each in table[0]]
    groups: dict[str, list[dict[str, str]]] = {}
    for each in table[1:]:
        row = {name: cell.strip() for name, cell in zip(names, each, strict=False)}
        if row.get("charge"):
            groups.setdefault(row["charge"], []).append(row)
    found = []
    for code, rows in groups.items():
        used = [name for name in COLUMNS if any(row.get(name) for row in rows)]
        basis = next((row["basis"] for row in rows if row.get("basis")), "")
        cells = [[(COLUMNS[name], row.get(name, "")) for name in used] for row in rows]
        found.append(Table(code, BASES.get(basis, basis), [COLUMNS[name] for name in used], cells))
    return found


def _priced(card: RateCard, form: PriceForm) -> Priced | None:
    [quotes] = freight.quote([form.consignment(card)], [card])
    if not quotes:
        return None
    [found] = quotes
    refusal = freight.REFUSED[found.refusal] if found.refusal else ""
    billed = _("{kilograms} kg").format(kilograms=formats.number_format(found.billed_g / 1000, 3))
    why = Explanation(
        _("By this card"),
        [Part(name, minor) for name, minor in found.parts.items() if minor],
        [Trace(_("Billed weight"), billed), Trace(_("Card"), f"{card.card.code}, {card.valid_from.isoformat()}")],
    )
    return Priced(found, None if found.refusal else why, str(refusal), billed)
