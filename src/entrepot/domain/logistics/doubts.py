"""Doubts about what is said of parcels: raised from scans and numbers, settled by a scan or by a person."""

import csv
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from importlib import resources
from typing import Any
from uuid import UUID

from django.db import transaction

from entrepot.domain.logistics import credibility
from entrepot.domain.logistics.credibility import PASSING, POINTS, Doubt, Facts, Said, Standard
from entrepot.domain.logistics.models import Booking, Parcel, TrackingDoubt, TrackingStandard
from entrepot.kernel import audit, ids
from entrepot.kernel.actors import SYSTEM, Actor
from entrepot.kernel.db import execute, fetch_rows, unnest
from entrepot.kernel.errors import Denied, Invalid, NotFound, Refused

#: Parcels that arrived are looked at for so long.
LOOKED_BACK = timedelta(days=14)
HOURS_MAX = 24 * 60


def standard_on(day: date) -> Standard:
    """What is expected of tracking on a day: the operator's latest, else what comes along."""
    row = TrackingStandard.objects.filter(valid_from__lte=day).order_by("-valid_from").first()
    if row is not None:
        return Standard(row.first_scan_hours, row.silent_hours, row.fraud_score)
    return _planning()


@transaction.atomic
def set_standard(*, standard: Standard, actor: Actor, reason: str, now: datetime, source: str) -> None:
    """Let this be expected from today on. Raises: Denied, Invalid."""
    if actor.verbs.get("setup.edit") != "all":
        raise Denied("tracking.not_yours", "The marketplace says what is expected of tracking.")
    for name, most in (("first_scan_hours", HOURS_MAX), ("silent_hours", HOURS_MAX), ("fraud_score", 100)):
        if not 1 <= getattr(standard, name) <= most:
            raise Invalid("tracking.standard", "Give 1 to {most}.", field=name, most=most)
    row, _is_new = TrackingStandard.objects.update_or_create(
        valid_from=now.date(),
        defaults={
            "first_scan_hours": standard.first_scan_hours, "silent_hours": standard.silent_hours,
            "fraud_score": standard.fraud_score, "source": source,
        },
        create_defaults={
            "id": ids.new_id(now), "created_at": now, "valid_from": now.date(),
            "first_scan_hours": standard.first_scan_hours, "silent_hours": standard.silent_hours,
            "fraud_score": standard.fraud_score, "source": source,
        },
    )  # fmt: skip
    audit.record(
        actor=actor, verb="tracking.standard", subject_kind="tracking_standard", subject_id=row.id, now=now,
        reason=audit.require_reason(reason),
        after={"first_scan_hours": row.first_scan_hours, "silent_hours": row.silent_hours,
               "fraud_score": row.fraud_score},
    )  # fmt: skip


def watch(*, now: datetime, limit: int = 20_000) -> int:
    """Look at every parcel that is underway or arrived lately; how many doubts are new."""
    rows = fetch_rows(
        "SELECT id, tracking_number, state, handed_over_at FROM logistics_parcel"
        " WHERE direction = 'outbound' AND tracking_number <> '' AND handed_over_at IS NOT NULL"
        " AND (state = 'handed_over' OR (state IN ('delivered', 'lost') AND handed_over_at > %s)"
        " OR id IN (SELECT parcel_id FROM logistics_trackingdoubt WHERE state = 'open'))"
        " ORDER BY handed_over_at DESC LIMIT %s",
        [now - LOOKED_BACK, limit],
    )
    keys = [row.id for row in rows]
    said, twins, standard = _said(keys), _twins(keys), standard_on(now.date())
    found = {
        row.id: credibility.assess(
            Facts(row.handed_over_at, row.state, row.tracking_number, said[row.id], twins[row.id]), standard, now
        )
        for row in rows
    }
    _settle(found, now)
    return _raise(found, now)


def raise_repeated(*, number: str, typed: Mapping[UUID, str], now: datetime) -> None:
    """Keep that a number of another parcel was given for these parcels (parcel -> what was typed), and refused."""
    meant = [key for key, text in typed.items() if text == number] or list(
        Booking.objects.filter(parcel_id__in=list(typed), tracking_number=number, state="booked").values_list(
            "parcel_id", flat=True
        )
    )
    holders = Parcel.objects.filter(tracking_number=number).exclude(id__in=meant).values_list("number", flat=True)
    facts = {"number": number, "parcels": sorted(holders)[:10], "refused": True}
    with transaction.atomic():
        _raise({key: [Doubt("repeated", facts)] for key in meant}, now)


@transaction.atomic
def decide(*, doubt_id: UUID, uphold: bool, reason: str, actor: Actor, now: datetime) -> TrackingDoubt:
    """Say whether a doubt was right. Raises: Denied, NotFound, Refused where it was decided."""
    if actor.verbs.get("work.perform") != "all":
        raise Denied("tracking.not_yours_to_decide", "The marketplace decides on doubts.")
    row = TrackingDoubt.objects.select_for_update(no_key=True).filter(id=doubt_id).first()
    if row is None:
        raise NotFound(kind="tracking doubt")
    if row.state != TrackingDoubt.State.OPEN:
        raise Refused("tracking.decided", "This was decided already.")
    row.state = TrackingDoubt.State.UPHELD if uphold else TrackingDoubt.State.CLEARED
    row.decided_at, row.decided_by, row.reason = now, actor.label, audit.require_reason(reason)
    row.save(update_fields=["state", "decided_at", "decided_by", "reason"])
    audit.record(
        actor=actor, verb="tracking.decide", subject_kind="tracking_doubt", subject_id=row.id, now=now,
        reason=row.reason, after={"kind": row.kind, "state": row.state},
    )  # fmt: skip
    return row


def list_doubts(*, parcel_ids: Collection[UUID]) -> dict[UUID, list[TrackingDoubt]]:
    """The doubts of these parcels that are open or upheld, by parcel, the weightiest first."""
    found: dict[UUID, list[TrackingDoubt]] = defaultdict(list)
    rows = TrackingDoubt.objects.filter(parcel_id__in=list(parcel_ids)).exclude(state="cleared")
    for row in rows.order_by("-points", "id"):
        found[row.parcel_id].append(row)
    return found


def _said(keys: Sequence[UUID]) -> dict[UUID, list[Said]]:
    found: dict[UUID, list[Said]] = defaultdict(list)
    for row in fetch_rows(
        "SELECT parcel_id, kind, occurred_at, origin FROM logistics_trackingevent WHERE parcel_id = ANY(%s)"
        " AND (origin = 'carrier' OR kind = 'delivered')",
        [list(keys)],
    ):
        found[row.parcel_id].append(Said(row.kind, row.occurred_at, row.origin == "carrier"))
    return found


def _twins(keys: Sequence[UUID]) -> dict[UUID, list[str]]:
    """The numbers of parcels of other orders that go under the same tracking number, however it is written."""
    bare = "regexp_replace(upper({}.tracking_number), '[^A-Z0-9]', '', 'g')"
    found: dict[UUID, list[str]] = defaultdict(list)
    for row in fetch_rows(
        f"SELECT mine.id, other.number FROM logistics_parcel mine JOIN logistics_parcel other"
        f" ON {bare.format('other')} = {bare.format('mine')} AND other.tracking_number <> ''"
        " AND other.reference_id <> mine.reference_id AND other.direction = 'outbound'"
        " WHERE mine.id = ANY(%s) AND length(mine.tracking_number) >= %s",
        [list(keys), credibility.LENGTH_MIN],
    ):
        found[row.id].append(row.number)
    return found


def _settle(found: Mapping[UUID, Sequence[Doubt]], now: datetime) -> None:
    """Clear the passing doubts whose reason is gone, also of parcels that arrived meanwhile."""
    still = [(key, each.kind) for key, doubts in found.items() for each in doubts]
    source, params = unnest("still", {"parcel_id": "uuid", "kind": "text"}, still)
    execute(
        "UPDATE logistics_trackingdoubt doubt SET state = 'cleared', decided_at = %s, decided_by = %s,"
        " reason = 'the carrier scanned it since'"
        " WHERE doubt.state = 'open' AND doubt.kind = ANY(%s) AND doubt.parcel_id = ANY(%s)"
        f" AND NOT EXISTS (SELECT FROM {source} WHERE still.parcel_id = doubt.parcel_id AND still.kind = doubt.kind)",
        [now, SYSTEM.label, sorted(PASSING), list(found), *params],
    )


def _raise(found: Mapping[UUID, Sequence[Doubt]], now: datetime) -> int:
    """Write doubts that are new; a passing one that was settled by a scan may come again."""
    rows = [(key, each) for key, doubts in found.items() for each in doubts]
    source, params = unnest(
        "fresh",
        {"id": "uuid", "parcel_id": "uuid", "kind": "text", "points": "int", "facts": "jsonb"},
        [
            (identity, key, each.kind, POINTS[each.kind], each.facts)
            for identity, (key, each) in zip(ids.new_ids(now, len(rows)), rows, strict=True)
        ],
    )
    return execute(
        "INSERT INTO logistics_trackingdoubt "
        " (id, created_at, parcel_id, kind, points, facts, state, decided_by, reason)"
        f" SELECT id, %s, parcel_id, kind, points, facts, 'open', '', '' FROM {source}"
        " ON CONFLICT (parcel_id, kind) DO UPDATE SET state = 'open', facts = excluded.facts, decided_at = NULL,"
        " decided_by = '', reason = ''"
        " WHERE logistics_trackingdoubt.state = 'cleared' AND logistics_trackingdoubt.decided_by = %s",
        [now, *params, SYSTEM.label],
    )


@lru_cache(maxsize=1)
def _planning() -> Standard:
    text = (resources.files("entrepot.domain.logistics") / "data" / "tracking_standards.csv").read_text("utf-8")
    row: dict[str, Any] = list(csv.DictReader(text.splitlines()))[-1]
    return Standard(int(row["first_scan_hours"]), int(row["silent_hours"]), int(row["fraud_score"]))
