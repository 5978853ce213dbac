"""Writes of nodes, their calendars, and freight rates."""

import csv
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import date, datetime, time
from importlib import resources
from itertools import pairwise
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import transaction

from entrepot.domain.accounts import services as accounts
from entrepot.domain.logistics.models import FreightRate, Node, NodeClosure
from entrepot.kernel import audit, db, ids, money
from entrepot.kernel.actors import SYSTEM, Actor
from entrepot.kernel.errors import Invalid, NotFound, Refused


@transaction.atomic
def create_node(
    *,
    actor: Actor,
    code: str,
    name: str,
    kind: str,
    operator_id: UUID,
    country: str,
    time_zone: str,
    now: datetime,
    working_days: Sequence[int] = (1, 2, 3, 4, 5),
    cut_off: time = time(14),
    closures: Sequence[tuple[date, str]] = (),
    address: dict[str, str] | None = None,
) -> Node:
    """A node of an organisation with its calendar; its address goes into the vault.

    Raises: Invalid for a kind, zone or weekday that there is not, Refused where the code is taken.
    """
    days = _check_node(kind, time_zone, working_days)
    if Node.objects.filter(code=code).exists():
        raise Refused("logistics.node_exists", "There is a node {code} already.", field="code", code=code)
    contact = accounts.keep_contacts(rows=[{"country": country} | address], now=now)[0] if address else None
    node = Node(
        id=ids.new_id(now),
        created_at=now,
        code=code,
        name=name,
        kind=kind,
        operator_id=operator_id,
        address=contact,
        country=country,
        time_zone=time_zone,
        working_days=days,
        cut_off=cut_off,
    )
    node.save(force_insert=True)
    _close(node.id, closures, now)
    audit.record(
        actor=actor,
        verb="nodes.create",
        subject_kind="node",
        subject_id=node.id,
        now=now,
        after={"code": code, "kind": kind, "operator": str(operator_id)},
    )
    return node


def _check_node(kind: str, time_zone: str, working_days: Sequence[int]) -> list[int]:
    """The working days in order. Raises: Invalid."""
    if kind not in Node.Kind.values:
        raise Invalid(
            "logistics.unknown_node_kind",
            "A node is one of {known}, not {kind}.",
            field="kind",
            kind=kind,
            known=", ".join(Node.Kind.values),
        )
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise Invalid(
            "logistics.unknown_zone",
            "{zone} is not a time zone; write for example Asia/Shanghai.",
            field="time_zone",
            zone=time_zone,
        ) from None
    days = sorted(set(working_days))
    if not days or not set(days) <= set(range(1, 8)):
        raise Invalid(
            "logistics.bad_working_days",
            "Working days are ISO weekdays, 1 for Monday to 7 for Sunday.",
            field="working_days",
            days=",".join(map(str, days)),
        )
    return days


@transaction.atomic
def close_node(*, actor: Actor, node_id: UUID, days: Sequence[tuple[date, str]], now: datetime, reason: str) -> int:
    """Days on which a node does not work, each with its label; how many were new.

    Raises: NotFound for a node that the actor's organisation does not operate.
    """
    node = Node.objects.filter(id=node_id).first()
    if node is None or not actor.reaches("work.perform", node.operator_id):
        raise NotFound(kind="node")
    closed = _close(node_id, days, now)
    audit.record(
        actor=actor,
        verb="nodes.close",
        subject_kind="node",
        subject_id=node_id,
        now=now,
        reason=audit.require_reason(reason),
        after={"days": [day.isoformat() for day, _ in days]},
    )
    return closed


@transaction.atomic
def change_node(
    *,
    actor: Actor,
    node_id: UUID,
    name: str,
    time_zone: str,
    working_days: Sequence[int],
    cut_off: time,
    now: datetime,
) -> Node:
    """Another name or calendar; orders that were placed keep their deadlines. Raises: NotFound, Invalid."""
    node = Node.objects.select_for_update().filter(id=node_id).first()
    if node is None or not actor.reaches("work.perform", node.operator_id):
        raise NotFound(kind="node")
    days = _check_node(node.kind, time_zone, working_days)
    before = _calendar(node)
    node.name, node.time_zone, node.working_days, node.cut_off = name, time_zone, days, cut_off
    node.save(update_fields=["name", "time_zone", "working_days", "cut_off"])
    audit.record(
        actor=actor,
        verb="nodes.change",
        subject_kind="node",
        subject_id=node.id,
        now=now,
        before=before,
        after=_calendar(node),
    )
    return node


def _calendar(node: Node) -> dict[str, Any]:
    return {
        "name": node.name,
        "time_zone": node.time_zone,
        "working_days": list(node.working_days),
        "cut_off": node.cut_off.isoformat("minutes"),
    }


@transaction.atomic
def open_node(*, actor: Actor, node_id: UUID, days: Sequence[date], now: datetime, reason: str) -> int:
    """Take closures back; how many there were. Raises: NotFound, Invalid without a reason."""
    node = Node.objects.filter(id=node_id).first()
    if node is None or not actor.reaches("work.perform", node.operator_id):
        raise NotFound(kind="node")
    opened, _ = NodeClosure.objects.filter(node_id=node_id, closed_on__in=list(days)).delete()
    audit.record(
        actor=actor,
        verb="nodes.reopen",
        subject_kind="node",
        subject_id=node_id,
        now=now,
        reason=audit.require_reason(reason),
        after={"days": [day.isoformat() for day in days]},
    )
    return opened


def _close(node_id: UUID, days: Sequence[tuple[date, str]], now: datetime) -> int:
    before = NodeClosure.objects.filter(node_id=node_id).count()
    NodeClosure.objects.bulk_create(
        [
            NodeClosure(id=identity, created_at=now, node_id=node_id, closed_on=day, label=label)
            for identity, (day, label) in zip(ids.new_ids(now, len(days)), days, strict=True)
        ],
        ignore_conflicts=True,
    )
    return NodeClosure.objects.filter(node_id=node_id).count() - before


@dataclass(frozen=True, slots=True)
class FreightRow:
    """One weight band [from, until) of a freight table. Units: grams, minor units of `currency`, days."""

    market_code: str
    origin_country: str
    carrier: str
    service: str
    weight_from_g: int
    weight_until_g: int
    currency: str
    cost_minor: int
    charge_minor: int
    customs_minor: int
    transit_days_min: int
    transit_days_max: int
    valid_from: date
    source: str


class FreightOverlap(Refused):
    """Two rates would hold for the same parcel."""

    code = "logistics.freight_overlap"
    message = "Row {row} ({market} from {origin}, {weight_from_g} to {weight_until_g} g) overlaps {other}."


@transaction.atomic
def set_freight_rates(*, actor: Actor, rows: Sequence[FreightRow], now: datetime) -> int:
    """Freight tables from a day on: what a (market, origin) had before ends on the day its new table begins.

    Raises: Invalid for a row that cannot be, FreightOverlap naming the row; then nothing is changed.
    """
    for place, row in enumerate(rows, start=1):
        _check(place, row)
    _refuse_overlap_within(rows)
    starts = {(row.market_code, row.origin_country, row.valid_from) for row in rows}
    source, params = db.unnest("fresh", {"market": "text", "origin": "text", "start": "date"}, sorted(starts))
    later = db.fetch_rows(
        f"""
        SELECT fresh.market, fresh.origin, min(rate.valid_from) AS valid_from
        FROM {source} JOIN logistics_freightrate rate
          ON rate.market_code = fresh.market AND rate.origin_country = fresh.origin AND rate.valid_from >= fresh.start
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
        UPDATE logistics_freightrate rate SET valid_until = fresh.start FROM {source}
        WHERE rate.market_code = fresh.market AND rate.origin_country = fresh.origin
          AND (rate.valid_until IS NULL OR rate.valid_until > fresh.start)
        """,
        params,
    )
    made = _insert(rows, now)
    audit.record(
        actor=actor,
        verb="freight.set",
        subject_kind="freight",
        subject_id=made[0].id,
        now=now,
        after={"rows": len(made), "tables": [f"{m} {o or '*'} {d}" for m, o, d in sorted(starts)]},
    )
    return len(made)


def load_flat_rates(now: datetime, *, actor: Actor = SYSTEM, market_codes: Collection[str] | None = None) -> int:
    """The flat planning rates that ship with the project, of these markets or of all.

    A table that is there already stays. How many rows came. Raises: FreightOverlap where a later table is there.
    """
    text = (resources.files("entrepot.domain.logistics") / "data" / "flat_freight.csv").read_text()
    present = set(FreightRate.objects.values_list("market_code", "origin_country", "valid_from").distinct())
    rows = [
        row
        for row in read_rows(csv.DictReader(text.splitlines()))
        if (row.market_code, row.origin_country, row.valid_from) not in present
        and (market_codes is None or row.market_code in market_codes)
    ]
    # A table is loaded day by day, so that each ends the one before it.
    return sum(
        set_freight_rates(actor=actor, rows=[row for row in rows if row.valid_from == day], now=now)
        for day in sorted({row.valid_from for row in rows})
    )


def read_rows(table: Iterable[dict[str, str]]) -> list[FreightRow]:
    """Freight rows from a table of texts whose columns are the fields. Raises: Invalid naming row and column."""
    kinds: dict[Any, Callable[[str], Any]] = {int: int, date: date.fromisoformat, str: str}
    readers = {field.name: kinds[field.type] for field in fields(FreightRow)}
    rows = []
    for place, texts in enumerate(table, start=1):
        values = {}
        for name, reader in readers.items():
            try:
                values[name] = reader(texts[name].strip())
            except (KeyError, ValueError, AttributeError):
                raise Invalid(
                    "logistics.freight_unreadable",
                    "Row {row}: {column} cannot be read.",
                    field=name,
                    row=place,
                    column=name,
                ) from None
        rows.append(FreightRow(**values))
    return rows


def _check(place: int, row: FreightRow) -> None:
    money.exponent(row.currency)
    sound = (
        0 <= row.weight_from_g < row.weight_until_g
        and min(row.cost_minor, row.charge_minor, row.customs_minor) >= 0
        and 0 <= row.transit_days_min <= row.transit_days_max
        and row.source.strip()
        and len(row.origin_country) in (0, 2)
    )
    if not sound:
        raise Invalid(
            "logistics.freight_unsound",
            "Row {row} has a band, an amount, transit days or a source that cannot be.",
            field="rows",
            row=place,
        )


def _refuse_overlap_within(rows: Sequence[FreightRow]) -> None:
    tables: dict[tuple[str, str], list[tuple[int, FreightRow]]] = {}
    for place, row in enumerate(rows, start=1):
        tables.setdefault((row.market_code, row.origin_country), []).append((place, row))
    for table in tables.values():
        ordered = sorted(table, key=lambda each: (each[1].weight_from_g, each[0]))
        for (before, lower), (place, row) in pairwise(ordered):
            if row.valid_from != lower.valid_from:
                raise _overlap(place, row, f"row {before}, which begins on another day")
            if row.weight_from_g < lower.weight_until_g:
                raise _overlap(place, row, f"row {before}")


def _overlap(place: int, row: FreightRow, other: str) -> FreightOverlap:
    return FreightOverlap(
        row=place,
        market=row.market_code,
        origin=row.origin_country or "anywhere",
        weight_from_g=row.weight_from_g,
        weight_until_g=row.weight_until_g,
        other=other,
    )


def _insert(rows: Sequence[FreightRow], now: datetime) -> list[FreightRate]:
    names = [field.name for field in fields(FreightRow)]
    return FreightRate.objects.bulk_create(
        [
            FreightRate(id=identity, created_at=now, **dict(zip(names, astuple(row), strict=True)))
            for identity, row in zip(ids.new_ids(now, len(rows)), rows, strict=True)
        ],
        batch_size=2000,
    )
