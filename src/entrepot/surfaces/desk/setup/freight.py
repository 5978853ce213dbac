"""Freight tables: what a parcel costs, what the shopper is asked, how long it takes; by day, from a table."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from entrepot.domain.logistics import queries, services
from entrepot.domain.logistics.models import FreightRate
from entrepot.domain.logistics.services import FreightRow
from entrepot.domain.markets import queries as markets
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
    "carrier": sheets.text(1, 40),
    "service": sheets.text(1, 40),
    "weight_from_g": sheets.whole,
    "weight_until_g": sheets.whole,
    "currency": sheets.currency,
    "cost": sheets.text(1, 30),
    "charge": sheets.text(1, 30),
    "customs": sheets.optional(sheets.text(0, 30), "0"),
    "days_min": sheets.whole,
    "days_max": sheets.whole,
    "valid_from": sheets.day,
    "source": sheets.text(1, 400),
}
EXAMPLE = (
    "market,origin,carrier,service,weight_from_g,weight_until_g,currency,cost,charge,customs,days_min,days_max,valid_from,source\n"
    "DE,DE,Parcel Post,ground,0,2000,EUR,3.10,3.99,0,1,3,{day},our contract\n"
    "DE,,Parcel Post,air,0,2000,EUR,7.80,8.99,2.00,6,12,{day},our contract"
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
        rows = read(typed)
        made = services.set_freight_rates(actor=request.actor, rows=rows, now=clock.now())
        return Done(ngettext("{count} rate is set.", "{count} rates are set.", made).format(count=made))

    return attempt(request, form, keep, to=reverse("desk:setup_freight")) or _show(request, freight=form)


@guards.allow("setup.edit", kind="operator")
@require_POST
def planning(request: ActingRequest) -> HttpResponse:
    """Begin with the flat planning rates that come along, for the markets that are open."""
    form = ActForm(request.POST, name="planning")

    def load(typed: Mapping[str, Any]) -> Done:
        codes = [each.code for each in markets.list_markets()]
        made = services.load_flat_rates(clock.now(), actor=request.actor, market_codes=codes)
        if not made:
            raise Refused(
                "logistics.no_flat_rates", "There are no planning rates for your markets that you do not have."
            )
        return Done(ngettext("{count} rate is set.", "{count} rates are set.", made).format(count=made))

    return attempt(request, form, load, to=reverse("desk:setup_freight")) or _show(request, planning=form)


@guards.allow("setup.edit", kind="operator")
@require_GET
def sheet(request: ActingRequest) -> HttpResponse:
    """The tables that hold, as a file that can be changed and sent back with a later day."""
    rows = [_cells(each) for each in queries.list_freight(on=clock.now().date())]
    return HttpResponse(
        write_csv(list(READERS), rows),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="freight.csv"'},
    )


def read(typed: Mapping[str, Any]) -> list[FreightRow]:
    """The rows of a table; amounts are read in the row's currency. Raises: Unreadable, Invalid."""
    known = {each.code for each in markets.list_all_markets()}
    return [_row(place, row, known) for place, row in enumerate(sheets.table(typed, READERS), start=2)]


def _row(place: int, row: Mapping[str, Any], known: set[str]) -> FreightRow:
    market = row["market"].upper()
    if market not in known:
        problem = _("there is no market {code}").format(code=market)
        raise Unreadable(field="sheet", row=place, column="market", problem=problem)
    if row["weight_until_g"] <= row["weight_from_g"]:
        raise Unreadable(field="sheet", row=place, column="weight_until_g", problem=_("is not above where it begins"))
    if row["days_max"] < row["days_min"]:
        raise Unreadable(field="sheet", row=place, column="days_max", problem=_("is below days_min"))
    return FreightRow(
        market_code=market,
        origin_country=row["origin"],
        carrier=row["carrier"],
        service=row["service"],
        weight_from_g=row["weight_from_g"],
        weight_until_g=row["weight_until_g"],
        currency=row["currency"],
        cost_minor=_minor(place, "cost", row),
        charge_minor=_minor(place, "charge", row),
        customs_minor=_minor(place, "customs", row),
        transit_days_min=row["days_min"],
        transit_days_max=row["days_max"],
        valid_from=row["valid_from"],
        source=row["source"],
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


def _cells(rate: FreightRate) -> Sequence[object]:
    def amount(minor: int) -> object:
        return money.decimal_of(minor, rate.currency)

    return (
        rate.market_code, rate.origin_country, rate.carrier, rate.service, rate.weight_from_g, rate.weight_until_g,
        rate.currency, amount(rate.cost_minor), amount(rate.charge_minor), amount(rate.customs_minor),
        rate.transit_days_min, rate.transit_days_max, rate.valid_from, rate.source,
    )  # fmt: skip


def _show(request: ActingRequest, **refused: ActForm) -> HttpResponse:
    today = clock.now().date()
    found = queries.list_freight(on=today)
    tables = [
        {"market": market, "origin": origin, "since": since, "is_coming": since > today, "rates": list(rates)}
        for (market, origin, since), rates in groupby(
            found, key=lambda each: (each.market_code, each.origin_country, each.valid_from)
        )
    ]
    context = {
        "tables": tables,
        "freight": refused.get("freight") or sheets.SheetForm(name="freight"),
        "planning": refused.get("planning") or ActForm(name="planning"),
        "example": EXAMPLE.format(day=today),
        "crumbs": [Link(_("Set-up"), reverse("desk:setup")), Link(_("Freight"))],
    }
    return render(request, "setup/freight.html", context, *refused.values())
