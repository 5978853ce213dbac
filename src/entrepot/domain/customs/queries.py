"""Reads of border law."""

import json
from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from entrepot.domain.customs import models, reference, rows
from entrepot.domain.customs.rates import Duty, from_json
from entrepot.kernel import db

T = TypeVar("T")


def load_book(*, codes: Collection[str], known_on: date | None = None) -> rows.Book:
    """Everything that goods of these HS codes may need, as known on a day. Of tariffs only their headings."""
    headings = sorted({code[:4] for code in codes} | {code[:2] for code in codes})
    overlays = _rows(rows.Overlay, models.Overlay)
    book = rows.Book(
        memberships=_rows(rows.Membership, models.Membership),
        regimes=_rows(rows.Regime, models.Regime),
        levies=_rows(rows.Levy, models.Levy),
        taxes=_rows(rows.ImportTax, models.ImportTax),
        overlays=overlays,
        editions=_editions(headings),
        headings=reference.headings(),
    )
    return book.known_on(known_on)


def _rows(kind: type[T], model: type[models.Sourced]) -> tuple[T, ...]:
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    found = model._default_manager.order_by("valid_from", "id").values_list(*names)
    return tuple(kind(*values) for values in found)


def _editions(headings: Sequence[str]) -> tuple[rows.Edition, ...]:
    kept: dict[tuple[Any, ...], models.Edition] = {}
    for row in models.Edition.objects.exclude(schedule="").order_by("created_at", "id"):
        kept[row.schedule, row.name, row.is_complete, row.valid_from] = row  # loaded again: the later one
    ids = [row.id for row in kept.values()]
    lines: dict[UUID, dict[tuple[str, str], rows.TariffLine]] = {}
    known: dict[str, Duty] = {}
    for line in db.fetch_rows(
        'SELECT edition_id, "column", code, text, duty::text AS duty, description FROM customs_tariffline'
        " WHERE edition_id = ANY(%s) AND heading = ANY(%s)",
        [ids, list(headings)],
    ):
        duty = None if line.duty is None else known.setdefault(line.duty, _read(line.duty))
        found = rows.TariffLine(line.column, line.code, line.text, duty, line.description)
        lines.setdefault(line.edition_id, {})[line.column, line.code] = found
    codes: dict[UUID, set[str]] = {}
    for listed in db.fetch_rows(
        "SELECT edition_id, code FROM customs_listedcode WHERE edition_id = ANY(%s) AND heading = ANY(%s)",
        [ids, list(headings)],
    ):
        codes.setdefault(listed.edition_id, set()).add(listed.code)
    columns = _columns(ids)
    return tuple(
        rows.Edition(
            row.schedule,
            row.name,
            row.is_complete,
            row.valid_from,
            row.valid_until,
            row.source,
            lines=lines.get(row.id, {}),
            codes=frozenset(codes.get(row.id, ())),
            columns=columns.get(row.id, frozenset()),
        )
        for row in kept.values()
    )


def _columns(ids: Sequence[UUID]) -> dict[UUID, frozenset[str]]:
    """The columns that each tariff has."""
    found: dict[UUID, set[str]] = {}
    for row in models.TariffLine.objects.filter(edition_id__in=ids).values_list("edition_id", "column").distinct():
        found.setdefault(row[0], set()).add(row[1])
    return {key: frozenset(names) for key, names in found.items()}


def _read(text: str) -> Duty:
    return from_json(json.loads(text))


def list_editions() -> list[models.Edition]:
    """What was loaded, by schedule and day."""
    return list(models.Edition.objects.exclude(schedule="").order_by("schedule", "name", "valid_from", "created_at"))
