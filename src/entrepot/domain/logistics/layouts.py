"""Rate sheets of others, written anew as rate cards: one row a service, zone and weight band. Pure; no database."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from entrepot.kernel.sheets import Unreadable, cells_of

#: The columns of the layout, and what a sheet cannot be read without.
NEEDED = ("service_code", "country_codes", "currency", "rate")
_COLUMNS = (
    "card", "title", "carrier", "service", "mode", "currency", "origin", "valid_from", "source", "longest_max",
    "zone", "countries", "charge", "basis", "by", "above", "to", "amount", "days",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rewritten:
    """The cards' sheet, and the rows that say no price: (row, what is missing)."""

    sheet: str
    left_out: list[tuple[int, str]]


def service_sheet(text: str, *, carrier: str, origin: str, valid_from: date, source: str) -> Rewritten:
    """A carrier's services as `service_code, zone_label, country_codes, min_weight, max_weight, rate, currency, …`.

    Weights are kilograms and sides centimetres unless `weight_unit` and `dimension_unit` say otherwise; a row without
    countries is for all that no other zone of the service names. Raises: Unreadable naming row and column.
    """
    table = cells_of(text)
    names = [name.strip().lower() for name in table[0]]
    for column in NEEDED:
        if column not in names:
            raise Unreadable(field="sheet", row=1, column=column, problem="this column is missing")
    left_out: list[tuple[int, str]] = []
    services: dict[str, list[list[str]]] = {}
    for number, cells in enumerate(table[1:], start=2):
        row = {name: cell.strip() for name, cell in zip(names, cells, strict=False)}
        if not row.get("rate") or not _positive(row["rate"]):
            left_out.append((number, "no price"))
            continue
        service = row["service_code"].lower().replace("_", "-").replace(" ", "-")
        code = service if service.startswith(f"{carrier}-") else f"{carrier}-{service}"
        known = services.setdefault(code, [])
        head = [code, row.get("service_name", ""), carrier, row["service_code"], "parcel", row["currency"], origin,
                valid_from.isoformat(), source, _longest(row)] if not known else [""] * 10  # fmt: skip
        known.append(head + _band(row))
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows([_COLUMNS, *(row for rows in services.values() for row in rows)])
    return Rewritten(out.getvalue(), left_out)


def _band(row: Mapping[str, str]) -> list[str]:
    unit = row.get("weight_unit", "").lower() or "kg"
    least, most = row.get("min_weight", ""), row.get("max_weight", "")
    above = "0" if not least or Decimal(least) <= Decimal("0.01") else least
    countries = " ".join(each.strip() for each in row["country_codes"].split(",") if each.strip()) or "*"
    zone = row.get("zone_label", "") or countries
    by = [f"billed {unit}", above, most] if most else ["", "", ""]
    return [zone, countries, "freight", "shipment", *by, row["rate"], _days(row.get("transit_days", ""))]


def _longest(row: Mapping[str, str]) -> str:
    longest = row.get("max_length", "")
    return f"{longest} {row.get('dimension_unit', '').lower() or 'cm'}" if longest else ""


def _days(text: str) -> str:
    """Transit days; what is written like a number with places is one."""
    return text.removesuffix(".0")


def _positive(text: str) -> bool:
    try:
        return Decimal(text) > 0
    except InvalidOperation:
        return False
