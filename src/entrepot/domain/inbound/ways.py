"""The way of a shipment, leg by leg: planned by a lane when it is known, passed leg by leg, and who was late on it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction

from entrepot.domain.inbound import ahead, trail
from entrepot.domain.inbound.cost_models import ShipmentLeg
from entrepot.domain.inbound.models import Shipment
from entrepot.domain.inbound.shipping import lock_for_either
from entrepot.domain.inbound.trail import Happened
from entrepot.domain.logistics import holidays, publishing
from entrepot.domain.logistics import queries as logistics
from entrepot.domain.logistics.lanes import Delay, Lane, Segment, delays, forecast
from entrepot.domain.sellers import queries as sellers
from entrepot.domain.terms.rules import Task
from entrepot.kernel import ids
from entrepot.kernel.actors import Actor
from entrepot.kernel.errors import Invalid, NotFound, Refused

#: States of a shipment in which its way is planned and passed.
OPEN = ("announced", "in_transit")


@transaction.atomic
def plan(*, shipment_id: UUID, lane_code: str, ready_on: date, actor: Actor, now: datetime) -> list[ShipmentLeg]:
    """Let a shipment go by a lane, ready on a day: every leg has its part of what the lane promises.

    Planned anew as long as no leg is passed. Raises: NotFound, Refused: under way already, or not at this stage.
    """
    shipment = lock_for_either(shipment_id, actor)
    _check_open(shipment)
    lane = next((each for each in list_lanes(shipment, on=ready_on) if each.code == lane_code), None)
    if lane is None:
        raise NotFound("inbound.no_such_lane", "No such lane leads to this warehouse.", field="lane")
    if abs((ready_on - now.date()).days) > 365:
        raise Invalid("inbound.date_past", "Say a day that is to come.", field="ready_on")
    before = ShipmentLeg.objects.filter(shipment=shipment)
    if before.filter(done_on__isnull=False).exists():
        raise Refused(
            "inbound.way_begun", "{number} is on its way: the legs are what they are.", number=shipment.number
        )
    before.delete()
    promised = list(forecast(lane, ready_on, holidays=holidays.calendar()).segments)
    # The last leg ends where somebody is there to take the goods in.
    node = logistics.list_nodes([shipment.node_id])[shipment.node_id]
    promised[-1] = replace(promised[-1], done_by=node.open_on(promised[-1].done_by))
    conditions = sellers.list_conditions([shipment.enrolment_id])[shipment.enrolment_id]
    rows = [
        ShipmentLeg(
            id=identity,
            created_at=now,
            shipment=shipment,
            position=position,
            lane=lane.code,
            leg=leg.code,
            task=leg.task,
            mode=leg.mode,
            start=leg.start,
            end=leg.end,
            distance_km=leg.distance_km,
            performer=conditions.performer(Task(leg.task)) or "seller",
            begins_on=ready_on,
            promised_on=segment.done_by,
        )
        for position, (identity, leg, segment) in enumerate(
            zip(ids.new_ids(now, len(lane.legs)), lane.legs, promised, strict=True), start=1
        )
    ]
    ShipmentLeg.objects.bulk_create(rows)
    data = {"lane": lane.code, "until": rows[-1].promised_on.isoformat()}
    trail.append([Happened("way_planned", shipment=shipment, data=data)], actor=actor, now=now)
    ahead.reckon(shipment_ids=[shipment.id], now=now)
    return rows


@transaction.atomic
def pass_leg(*, shipment_id: UUID, position: int, done_on: date, actor: Actor, now: datetime) -> ShipmentLeg:
    """Say that a leg is done; legs are passed in their order.

    Raises: NotFound, Invalid for a day to come or before the leg could begin, Refused out of order.
    """
    shipment = lock_for_either(shipment_id, actor)
    _check_open(shipment)
    legs = list_legs(shipment.id)
    leg = next((each for each in legs if each.position == position), None)
    if leg is None:
        raise NotFound(kind="leg")
    passed = [each.done_on for each in legs if each.done_on is not None]
    if len(passed) != position - 1:
        raise Refused("inbound.leg_out_of_order", "Legs are passed one after the other.")
    today = now.astimezone(ZoneInfo(shipment.node.time_zone)).date()
    if not (passed[-1] if passed else leg.begins_on - timedelta(days=60)) <= done_on <= today:
        raise Invalid("inbound.leg_day", "Say a day from the end of the leg before until today.", field="done_on")
    leg.done_on, leg.done_by = done_on, actor.label
    leg.save(update_fields=["done_on", "done_by"])
    data = {"leg": leg.leg, "on": done_on.isoformat()}
    trail.append([Happened("leg_done", shipment=shipment, data=data)], actor=actor, now=now)
    ahead.reckon(shipment_ids=[shipment.id], now=now)
    return leg


def list_lanes(shipment: Shipment, *, on: date) -> list[Lane]:
    """The lanes into the country of a shipment's node that are in use on a day, from abroad first."""
    found = [each.lane for each in publishing.list_lanes(on=on) if each.lane.destination == shipment.node.country]
    return sorted(found, key=lambda each: (each.origin == each.destination, each.code))


def list_legs(shipment_id: UUID) -> list[ShipmentLeg]:
    """The legs of a shipment in their order; scope is the caller's."""
    return list(ShipmentLeg.objects.filter(shipment_id=shipment_id).order_by("position"))


def who_delayed(legs: Sequence[ShipmentLeg]) -> list[Delay]:
    """Which legs made a shipment late that has passed all of them; nothing before, and where it was in time."""
    if not legs or any(each.done_on is None for each in legs):
        return []
    promised = [Segment(each.leg, each.task, each.promised_on) for each in legs]
    return delays(promised, legs[0].begins_on, [each.done_on for each in legs if each.done_on])


def _check_open(shipment: Shipment) -> None:
    if shipment.state not in OPEN:
        raise Refused(
            "inbound.wrong_state",
            "{number} is at another stage: this cannot be done with it now.",
            number=shipment.number,
            state=shipment.state,
            act="way",
        )
