"""What shoppers are asked for carriage: tables by market, origin and weight, dated; a later one ends an earlier one."""

import csv
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from importlib import resources
from itertools import pairwise
from typing import Any

from django.db import transaction
from django.db.models import Q

from entrepot.domain.logistics.models import ShippingCharge
from entrepot.kernel import audit, db, ids, money
from entrepot.kernel.actors import SYSTEM, Actor
from entrepot.kernel.errors import Invalid, Refused

#: Rows of tables that are read at once.
CHARGES_MAX = 2_000


@dataclass(frozen=True, slots=True)
class ChargeRow:
    """One weight band [from, until) of a table. Units: grams, minor units of `currency`."""

    market_code: str
    origin_country: str
    weight_from_g: int
    weight_until_g: int
    currency: str
    flat_minor: int
    cost_rate: Decimal
    free_from_minor: int | None
    valid_from: date
    source: str
    free_by: str = "parcel"


class ChargeOverlap(Refused):
    """Two charges would hold for the same parcel."""

    code = "logistics.charge_overlap"
    message = "Row {row} ({market} from {origin}, {weight_from_g} to {weight_until_g} g) overlaps {other}."


def charge_of(
    row: ChargeRow | ShippingCharge, *, cost_minor: int, goods_minor: int, order_minor: int = 0, parcels: int = 1
) -> int:
    """What the shopper is asked for a parcel with these goods, whose carriage costs so much. Rounding: half to even.

    `order_minor` are the goods of the whole order, the parcel's among them; goods may go in several `parcels`.
    """
    goods = max(goods_minor, order_minor) if row.free_by == "order" else goods_minor
    if row.free_from_minor is not None and goods >= row.free_from_minor:
        return 0
    return row.flat_minor * parcels + money.round_half_even(cost_minor * Decimal(row.cost_rate))


def find_charge(
    rows: Iterable[ShippingCharge], *, market_code: str, origin: str, weight_g: int
) -> ShippingCharge | None:
    """The row of a parcel among those that hold: one for its country of origin before one for any."""
    fitting = (
        row
        for row in rows
        if row.market_code == market_code
        and row.origin_country in (origin, "")
        and row.weight_from_g <= weight_g < row.weight_until_g
    )
    return max(fitting, key=lambda row: row.origin_country, default=None)


def list_charges(*, on: date, until: date | None = None) -> list[ShippingCharge]:
    """The charges that hold on a day, or begin by a later one: by market, origin, first day and weight."""
    rows = ShippingCharge.objects.filter(
        Q(valid_until__isnull=True) | Q(valid_until__gt=on), valid_from__lte=until or on
    )
    return list(rows.order_by("market_code", "origin_country", "valid_from", "weight_from_g")[:CHARGES_MAX])


@transaction.atomic
def set_charges(*, actor: Actor, rows: Sequence[ChargeRow], now: datetime) -> int:
    """Tables from a day on: what a (market, origin) had before ends on the day its new table begins.

    Raises: Invalid for a row that cannot be, ChargeOverlap naming the row; then nothing is changed.
    """
    for place, row in enumerate(rows, start=1):
        _check(place, row)
    _refuse_overlap_within(rows)
    starts = {(row.market_code, row.origin_country, row.valid_from) for row in rows}
    source, params = db.unnest("fresh", {"market": "text", "origin": "text", "start": "date"}, sorted(starts))
    later = db.fetch_rows(
        f"""
        SELECT fresh.market, fresh.origin, min(charge.valid_from) AS valid_from
        FROM {source} JOIN logistics_shippingcharge charge
          ON charge.market_code = fresh.market AND charge.origin_country = fresh.origin
            AND charge.valid_from >= fresh.start
        GROUP BY fresh.market, fresh.origin
        """,
        params,
    )
    for market, origin, valid_from in later:
        place, row = next(
            (place, row)
            for place, row in enumerate(rows, start=1)
            if (row.market_code, row.origin_country) == (market, origin)
        )
        raise _overlap(place, row, f"the table that begins on {valid_from}")
    db.execute(
        f"""
        UPDATE logistics_shippingcharge charge SET valid_until = fresh.start FROM {source}
        WHERE charge.market_code = fresh.market AND charge.origin_country = fresh.origin
          AND (charge.valid_until IS NULL OR charge.valid_until > fresh.start)
        """,
        params,
    )
    names = [field.name for field in fields(ChargeRow)]
    made = ShippingCharge.objects.bulk_create(
        [
            ShippingCharge(id=identity, created_at=now, **dict(zip(names, astuple(row), strict=True)))
            for identity, row in zip(ids.new_ids(now, len(rows)), rows, strict=True)
        ],
        batch_size=2000,
    )
    audit.record(
        actor=actor,
        verb="freight.charge",
        subject_kind="freight",
        subject_id=made[0].id,
        now=now,
        after={"rows": len(made), "tables": [f"{m} {o or '*'} {d}" for m, o, d in sorted(starts)]},
    )
    return len(made)


def load_planning(now: datetime, *, actor: Actor = SYSTEM, market_codes: Collection[str] | None = None) -> int:
    """The planning charges that come along, of these markets or of all, where a market and origin has none at all.

    How many rows came.
    """
    text = (resources.files("entrepot.domain.logistics") / "data" / "shipping_charges.csv").read_text()
    present = set(ShippingCharge.objects.values_list("market_code", "origin_country").distinct())
    rows = [
        row
        for row in read_rows(csv.DictReader(text.splitlines()))
        if (row.market_code, row.origin_country) not in present
        and (market_codes is None or row.market_code in market_codes)
    ]
    return set_charges(actor=actor, rows=rows, now=now) if rows else 0


def read_rows(table: Iterable[Mapping[str, str]]) -> list[ChargeRow]:
    """Rows of a table of texts whose columns are the fields. Raises: Invalid naming row and column."""
    readers: dict[Any, Callable[[str], Any]] = {
        int: int, date: date.fromisoformat, str: str, Decimal: lambda text: Decimal(text or 0),
        int | None: lambda text: int(text) if text else None,
    }  # fmt: skip
    rows = []
    for place, texts in enumerate(table, start=1):
        values = {}
        for each in fields(ChargeRow):
            if each.name == "free_by" and not (texts.get(each.name) or "").strip():
                continue
            try:
                values[each.name] = readers[each.type](texts[each.name].strip())
            except (KeyError, ValueError, AttributeError, InvalidOperation):
                raise Invalid(
                    "logistics.charge_unreadable", "Row {row}: {column} cannot be read.", field=each.name, row=place,
                    column=each.name,
                ) from None  # fmt: skip
        rows.append(ChargeRow(**values))
    return rows


def _check(place: int, row: ChargeRow) -> None:
    money.exponent(row.currency)
    sound = (
        0 <= row.weight_from_g < row.weight_until_g
        and row.flat_minor >= 0
        and 0 <= row.cost_rate < 100
        and (row.free_from_minor is None or row.free_from_minor >= 0)
        and row.source.strip()
        and row.free_by in ShippingCharge.FreeBy.values
        and len(row.origin_country) in (0, 2)
    )
    if not sound:
        raise Invalid(
            "logistics.charge_unsound",
            "Row {row} has a band, an amount, a share or a source that cannot be.",
            field="rows",
            row=place,
        )


def _refuse_overlap_within(rows: Sequence[ChargeRow]) -> None:
    tables: dict[tuple[str, str], list[tuple[int, ChargeRow]]] = {}
    for place, row in enumerate(rows, start=1):
        tables.setdefault((row.market_code, row.origin_country), []).append((place, row))
    for table in tables.values():
        ordered = sorted(table, key=lambda each: (each[1].weight_from_g, each[0]))
        for (before, lower), (place, row) in pairwise(ordered):
            if row.valid_from != lower.valid_from:
                raise _overlap(place, row, f"row {before}, which begins on another day")
            if row.weight_from_g < lower.weight_until_g:
                raise _overlap(place, row, f"row {before}")


def _overlap(place: int, row: ChargeRow, other: str) -> ChargeOverlap:
    return ChargeOverlap(
        row=place,
        market=row.market_code,
        origin=row.origin_country or "anywhere",
        weight_from_g=row.weight_from_g,
        weight_until_g=row.weight_until_g,
        other=other,
    )
