"""Writes of nodes and their calendars."""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import transaction

from entrepot.domain.accounts import services as accounts
from entrepot.domain.logistics.models import Node, NodeClosure
from entrepot.kernel import audit, ids
from entrepot.kernel.actors import Actor
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
    keeps_holidays: bool = True,
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
        keeps_holidays=keeps_holidays,
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
    keeps_holidays: bool | None = None,
    now: datetime,
) -> Node:
    """Another name or calendar; orders that were placed keep their deadlines. Holidays stay as they are where None.

    Raises: NotFound, Invalid."""
    node = Node.objects.select_for_update().filter(id=node_id).first()
    if node is None or not actor.reaches("work.perform", node.operator_id):
        raise NotFound(kind="node")
    days = _check_node(node.kind, time_zone, working_days)
    before = _calendar(node)
    node.name, node.time_zone, node.working_days, node.cut_off = name, time_zone, days, cut_off
    node.keeps_holidays = node.keeps_holidays if keeps_holidays is None else keeps_holidays
    node.save(update_fields=["name", "time_zone", "working_days", "cut_off", "keeps_holidays"])
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
        "keeps_holidays": node.keeps_holidays,
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
