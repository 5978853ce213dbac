"""What shoppers are asked for carriage, by day, from a table; and the lanes to the door that parcels take."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from entrepot.domain.logistics import publishing, shipping
from entrepot.domain.logistics.cells import one_of
from entrepot.domain.logistics.models import ShippingCharge
from entrepot.domain.logistics.shipping import ChargeRow
from entrepot.domain.markets import queries as markets
from entrepot.flows import delivering
from entrepot.kernel import clock, money
from entrepot.kernel.errors import Refused
from entrepot.kernel.sheets import Unreadable, write_csv
from entrepot.surfaces.desk.acting import ActForm, Done, attempt, render
from entrepot.surfaces.desk.setup import sheets
from entrepot.surfaces.shared import guards
from entrepot.surfaces.shared.components import Link
from entrepot.surfaces.shared.guards import ActingRequest

#: The columns of the table, amounts as people write them.
READERS = {
    "market": sheets.text(1, 8),
    "origin": sheets.country,
    "weight_from_g": sheets.whole,
    "weight_until_g": sheets.whole,
    "currency": sheets.currency,
    "flat": sheets.text(1, 30),
    "cost_share": sheets.optional(sheets.number, Decimal(0)),
    "free_from": sheets.optional(sheets.text(0, 30), ""),
    "free_by": sheets.optional(one_of(ShippingCharge.FreeBy.values), "parcel"),
    "valid_from": sheets.day,
    "source": sheets.text(1, 400),
}
EXAMPLE = (
    "market,origin,weight_from_g,weight_until_g,currency,flat,cost_share,free_from,free_by,valid_from,source\n"
    "DE,DE,0,2000,EUR,3.99,0,49.00,order,{day},free for orders from 49 euros on\n"
    "DE,,0,2000,EUR,2.00,0.5,,,{day},half of what it costs and 2 euros"
)


@guards.allow("setup.edit", kind="operator")
@require_GET
def freight(request: ActingRequest) -> HttpResponse:
    """The tables that hold, now or later."""
    return _show(request)


@guards.allow("setup.edit", kind="operator")
@require_POST
def table(request: ActingRequest) -> HttpResponse:
    """Set tables from a day on."""
    form = sheets.SheetForm(request.POST, request.FILES, name="freight")

    def keep(typed: Mapping[str, Any]) -> Done:
        made = shipping.set_charges(actor=request.actor, rows=read(typed), now=clock.now())
        return Done(ngettext("{count} charge is set.", "{count} charges are set.", made).format(count=made))

    return attempt(request, form, keep, to=reverse("desk:setup_freight")) or _show(request, freight=form)


@guards.allow("setup.edit", kind="operator")
@require_POST
def planning(request: ActingRequest) -> HttpResponse:
    """Begin with the planning lanes, cards and charges that come along, for the markets that are open."""
    form = ActForm(request.POST, name="planning")

    def load(typed: Mapping[str, Any]) -> Done:
        now = clock.now()
        publishing.load_planning(now)
        made = shipping.load_planning(now, actor=request.actor, market_codes=[m.code for m in markets.list_markets()])
        if not made:
            raise Refused(
                "logistics.no_planning_charges", "There are no planning charges for your markets that you do not have."
            )
        return Done(ngettext("{count} charge is set.", "{count} charges are set.", made).format(count=made))

    return attempt(request, form, load, to=reverse("desk:setup_freight")) or _show(request, planning=form)


@guards.allow("setup.edit", kind="operator")
@require_GET
def sheet(request: ActingRequest) -> HttpResponse:
    """The tables that hold, as a file that can be changed and sent back with a later day."""
    rows = [_cells(each) for each in shipping.list_charges(on=clock.now().date(), until=date.max)]
    return HttpResponse(
        write_csv(list(READERS), rows),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="freight.csv"'},
    )


def read(typed: Mapping[str, Any]) -> list[ChargeRow]:
    """The rows of a table; amounts are read in the row's currency. Raises: Unreadable, Invalid."""
    known = {each.code for each in markets.list_all_markets()}
    return [_row(place, row, known) for place, row in enumerate(sheets.table(typed, READERS), start=2)]


def _row(place: int, row: Mapping[str, Any], known: set[str]) -> ChargeRow:
    market = row["market"].upper()
    if market not in known:
        problem = _("there is no market {code}").format(code=market)
        raise Unreadable(field="sheet", row=place, column="market", problem=problem)
    if row["weight_until_g"] <= row["weight_from_g"]:
        raise Unreadable(field="sheet", row=place, column="weight_until_g", problem=_("is not above where it begins"))
    return ChargeRow(
        market_code=market,
        origin_country=row["origin"],
        weight_from_g=row["weight_from_g"],
        weight_until_g=row["weight_until_g"],
        currency=row["currency"],
        flat_minor=_minor(place, "flat", row),
        cost_rate=row["cost_share"],
        free_from_minor=_minor(place, "free_from", row) if row["free_from"] else None,
        valid_from=row["valid_from"],
        source=row["source"],
        free_by=row["free_by"],
    )


def _minor(place: int, column: str, row: Mapping[str, Any]) -> int:
    text = row[column]
    try:
        amount = money.parse_minor(text.replace(",", ".") if "." not in text else text, row["currency"])
    except money.Invalid as problem:
        said = str(problem).removeprefix(f"{problem.field}: ")
        raise Unreadable(field="sheet", row=place, column=column, problem=said) from None
    if amount < 0:
        raise Unreadable(field="sheet", row=place, column=column, problem=_("is below zero"))
    return amount


def _cells(charge: ShippingCharge) -> Sequence[object]:
    free = charge.free_from_minor
    return (
        charge.market_code, charge.origin_country, charge.weight_from_g, charge.weight_until_g, charge.currency,
        money.decimal_of(charge.flat_minor, charge.currency), charge.cost_rate,
        "" if free is None else money.decimal_of(free, charge.currency), "" if free is None else charge.free_by,
        charge.valid_from, charge.source,
    )  # fmt: skip


def _show(request: ActingRequest, **refused: ActForm) -> HttpResponse:
    today = clock.now().date()
    found = shipping.list_charges(on=today, until=date.max)
    tables = [
        {"market": market, "origin": origin, "since": since, "is_coming": since > today, "charges": list(charges)}
        for (market, origin, since), charges in groupby(
            found, key=lambda each: (each.market_code, each.origin_country, each.valid_from)
        )
    ]
    network = delivering.load(today)
    context = {
        "tables": tables,
        "ways": [(lane, network.forecast(lane, today)) for found in network.lanes.values() for lane in found],
        "today": today,
        "freight": refused.get("freight") or sheets.SheetForm(name="freight"),
        "planning": refused.get("planning") or ActForm(name="planning"),
        "example": EXAMPLE.format(day=today),
        "crumbs": [Link(_("Set-up"), reverse("desk:setup")), Link(_("Freight"))],
    }
    return render(request, "setup/freight.html", context, *refused.values())
