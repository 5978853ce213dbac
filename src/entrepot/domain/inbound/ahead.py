"""Goods that are sold while they are on their way: how many of a shipment, and from which day they stand ready.

What may be promised is a stock row of its own for each SKU of a shipment (`inventory.coming`), reckoned anew whenever
the shipment moves, a rule changes, or a day has passed.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q

from entrepot.domain.inbound import ahead_rules, rules, trail
from entrepot.domain.inbound.ahead_models import AheadRule
from entrepot.domain.inbound.ahead_rules import DAYS_MAX, MODES, LegDone, Share
from entrepot.domain.inbound.cost_models import ShipmentLeg
from entrepot.domain.inbound.models import DockSlot, Shipment
from entrepot.domain.inbound.trail import Happened
from entrepot.domain.inventory import coming
from entrepot.domain.inventory.coming import Expected
from entrepot.domain.logistics import queries as logistics
from entrepot.domain.logistics.models import Node
from entrepot.domain.logistics.queries import NodeView
from entrepot.domain.logistics.rules import next_working_day
from entrepot.domain.markets.models import Market
from entrepot.domain.terms import queries as terms
from entrepot.kernel import audit, ids
from entrepot.kernel.actors import SYSTEM, Actor
from entrepot.kernel.db import execute, fetch_rows
from entrepot.kernel.errors import Denied, Invalid, NotFound, Refused

#: Shipments that are reckoned together.
BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class NewShare:
    """A rule as it is to count from today on; blank names all, without a rate nothing is sold ahead."""

    market_code: str = ""
    node_code: str = ""
    programme_code: str = ""
    mode: str = ""
    safety_rate: Decimal | None = None
    put_away_days: int = 2


@transaction.atomic
def set_rule(*, rule: NewShare, actor: Actor, reason: str, now: datetime) -> AheadRule:
    """Let a rule count from today on, in the place of one that names the same; shipments are reckoned anew.

    Raises: Denied, NotFound, Invalid naming the field.
    """
    _demand_right(actor)
    _check_rate(rule.safety_rate)
    if not 0 <= rule.put_away_days <= DAYS_MAX:
        raise Invalid("inbound.days", "Give {least} to {most} days.", field="put_away_days", least=0, most=DAYS_MAX)
    if rule.mode and rule.mode not in MODES:
        raise Invalid("inbound.unknown_mode", "Goods come by {known}.", field="mode", known=", ".join(MODES))
    if rule.programme_code and rule.programme_code not in terms.list_labels():
        raise NotFound(kind="programme", field="programme")
    market = Market.objects.filter(code=rule.market_code).first() if rule.market_code else None
    if rule.market_code and market is None:
        raise NotFound(kind="market", field="market")
    node = Node.objects.filter(code=rule.node_code, archived_at__isnull=True).first() if rule.node_code else None
    if rule.node_code and node is None:
        raise NotFound(kind="node", field="node")
    reason, today = audit.require_reason(reason), now.date()
    execute("SELECT pg_advisory_xact_lock(hashtext('inbound.ahead'))")
    same = AheadRule.objects.filter(market=market, node=node, programme_code=rule.programme_code, mode=rule.mode)
    same.filter(valid_until__isnull=True).update(valid_until=today)
    row = AheadRule.objects.create(
        id=ids.new_id(now), created_at=now, market=market, node=node, programme_code=rule.programme_code,
        mode=rule.mode, safety_rate=rule.safety_rate, put_away_days=rule.put_away_days, valid_from=today, source=reason,
    )  # fmt: skip
    audit.record(
        actor=actor, verb="shipments.sell_ahead_rule", subject_kind="ahead_rule", subject_id=row.id, now=now,
        reason=reason, after=said(row),
    )  # fmt: skip
    reckon(now=now)
    return row


@transaction.atomic
def end_rule(*, rule_id: UUID, actor: Actor, reason: str, now: datetime) -> None:
    """Let a rule count no more from today on. Raises: Denied, NotFound."""
    _demand_right(actor)
    row = AheadRule.objects.select_for_update(no_key=True).filter(id=rule_id, valid_until__isnull=True).first()
    if row is None:
        raise NotFound(kind="rule")
    row.valid_until = now.date()
    row.save(update_fields=["valid_until"])
    audit.record(
        actor=actor, verb="shipments.sell_ahead_rule", subject_kind="ahead_rule", subject_id=row.id, now=now,
        reason=audit.require_reason(reason), before=said(row),
    )  # fmt: skip
    reckon(now=now)


@transaction.atomic
def set_shipment(
    *, shipment_id: UUID, is_sold: bool | None, safety_rate: Decimal | None, actor: Actor, reason: str, now: datetime
) -> Shipment:
    """Sell one shipment ahead with a share of its own, or not at all, or (None) as the rules say.

    Raises: Denied, NotFound, Invalid, Refused once it is received.
    """
    _demand_right(actor)
    shipment = (
        Shipment.objects.select_related("node").select_for_update(of=("self",), no_key=True).filter(id=shipment_id)
    ).first()
    if shipment is None or shipment.state == "draft":
        raise NotFound(kind="shipment")
    if shipment.state not in ("announced", *rules.ON_THE_WAY):
        raise Refused(
            "inbound.wrong_state", "{number} is at another stage: this cannot be done with it now.",
            number=shipment.number, state=shipment.state, act="sell_ahead",
        )  # fmt: skip
    _check_rate(safety_rate)
    if is_sold and safety_rate is None:
        raise Invalid("inbound.no_safety_share", "Say which share is kept back.", field="safety_rate")
    before = {"is_sold": shipment.is_sold_ahead, "safety_rate": str(shipment.safety_rate)}
    shipment.is_sold_ahead, shipment.safety_rate = is_sold, safety_rate if is_sold else None
    shipment.save(update_fields=["is_sold_ahead", "safety_rate"])
    after = {"is_sold": is_sold, "safety_rate": str(shipment.safety_rate)}
    trail.append([Happened("sold_ahead", shipment=shipment, note=reason, data=after)], actor=actor, now=now)
    audit.record(
        actor=actor, verb="shipments.sell_ahead", subject_kind="shipment", subject_id=shipment.id, now=now,
        reason=audit.require_reason(reason), before=before, after=after,
    )  # fmt: skip
    reckon(shipment_ids=[shipment.id], now=now)
    return shipment


@transaction.atomic
def reckon(*, now: datetime, shipment_ids: Collection[UUID] | None = None) -> set[UUID]:
    """Reckon what of these shipments, or of all, may be promised and when it stands ready; those that changed.

    Shipments that somebody works on just now are passed over where none is named: they are reckoned with that work.
    """
    rows = Shipment.objects.select_related("node", "enrolment__market").order_by("id")
    shares = list_shares(on=now.date())
    if shipment_ids is not None:
        named = rows.filter(id__in=list(shipment_ids)).select_for_update(of=("self",), no_key=True)
        return _reckon(list(named), shares, now)
    on_the_way = Q(state__in=rules.ON_THE_WAY) | Q(id__in=coming.list_shipments())
    free = rows.filter(on_the_way).select_for_update(of=("self",), no_key=True, skip_locked=True)
    changed: set[UUID] = set()
    found = list(free[:BATCH])
    while found:
        changed |= _reckon(found, shares, now)
        found = list(free.filter(id__gt=found[-1].id)[:BATCH])
    return changed


def _reckon(found: Sequence[Shipment], shares: Sequence[Share], now: datetime) -> set[UUID]:
    """The same for shipments that are locked."""
    moving = [each for each in found if each.state in rules.ON_THE_WAY]
    if not moving or not (shares or any(each.is_sold_ahead for each in moving)):
        return coming.expect(shipment_ids=[each.id for each in found], rows=[], now=now)
    legs, slots = _legs(moving), _slots(moving)
    nodes = logistics.list_nodes({each.node_id for each in moving})
    declared, put_away = _units(moving)
    expected = []
    for each in moving:
        by = mode_of(legs[each.id])
        share = share_of(each, shares, by)
        if share is None or share.safety_rate is None:
            continue
        ready_on = _ready_on(each, legs[each.id], slots.get(each.id), nodes[each.node_id], share.put_away_days, now)
        for sku_id, units in declared[each.id].items():
            quantity = ahead_rules.sellable(
                declared=units, put_away=put_away[each.id].get(sku_id, 0), safety_rate=share.safety_rate
            )
            expected.append(
                Expected(each.id, each.number, each.seller_id, each.node_id, sku_id, quantity, ready_on, by)
            )
    return coming.expect(shipment_ids=[each.id for each in found], rows=expected, now=now)


def list_shares(*, on: date) -> list[Share]:
    """The rules in force on a day."""
    return [
        Share(
            row.market.code if row.market else "", row.node.code if row.node else "", row.programme_code, row.mode,
            row.safety_rate, row.put_away_days,
        )
        for row in list_rules(on=on)
    ]  # fmt: skip


def list_rules(*, on: date) -> list[AheadRule]:
    """The rows in force on a day, those that name least first."""
    rows = AheadRule.objects.select_related("market", "node").filter(
        Q(valid_until__isnull=True) | Q(valid_until__gt=on), valid_from__lte=on
    )
    return list(rows.order_by("market__code", "node__code", "programme_code", "mode", "id"))


def share_of(shipment: Shipment, shares: Sequence[Share], mode: str) -> Share | None:
    """What counts for a shipment: its own share before the rules, whose days to put away it keeps."""
    found = ahead_rules.find(
        shares, market=shipment.enrolment.market.code, node=shipment.node.code,
        programme=shipment.enrolment.programme_code, mode=mode,
    )  # fmt: skip
    if shipment.is_sold_ahead is None:
        return found
    days = found.put_away_days if found else NewShare().put_away_days
    return Share("", "", "", "", shipment.safety_rate, days)


def mode_of(legs: Sequence[ShipmentLeg]) -> str:
    """How goods cross the border, by the line haul of their way; blank where none is planned."""
    return next((leg.mode for leg in legs if leg.task == "line_haul"), "")


def said(row: AheadRule) -> dict[str, Any]:
    """What a rule says, as it is kept with the act."""
    return {
        "market": row.market.code if row.market else "", "node": row.node.code if row.node else "",
        "programme": row.programme_code, "mode": row.mode,
        "safety_rate": None if row.safety_rate is None else str(row.safety_rate), "put_away_days": row.put_away_days,
    }  # fmt: skip


def _ready_on(
    shipment: Shipment, legs: Sequence[ShipmentLeg], slot_on: datetime | None, node: NodeView, days: int, now: datetime
) -> date:
    zone = ZoneInfo(node.time_zone)
    today = now.astimezone(zone).date()
    assert shipment.expected_on is not None, "what has left was announced"
    day = ahead_rules.arrival(
        today=today, announced_on=shipment.expected_on, legs=[LegDone(leg.promised_on, leg.done_on) for leg in legs],
        arrived_on=shipment.arrived_at.astimezone(zone).date() if shipment.arrived_at else None,
        slot_on=slot_on.astimezone(zone).date() if slot_on else None,
    )  # fmt: skip
    for _ in range(days):
        day = next_working_day(day, node.working_days, node.days_off)
    return max(day, today)


def _legs(shipments: Sequence[Shipment]) -> Mapping[UUID, list[ShipmentLeg]]:
    found: dict[UUID, list[ShipmentLeg]] = defaultdict(list)
    for leg in ShipmentLeg.objects.filter(shipment__in=shipments).order_by("shipment_id", "position"):
        found[leg.shipment_id].append(leg)
    return found


def _slots(shipments: Sequence[Shipment]) -> dict[UUID, datetime]:
    rows = DockSlot.objects.filter(shipment__in=shipments, state="booked")
    return dict(rows.values_list("shipment_id", "starts_at"))


def _units(shipments: Sequence[Shipment]) -> tuple[Mapping[UUID, dict[UUID, int]], Mapping[UUID, dict[UUID, int]]]:
    """Units by shipment and SKU: as announced in cartons, and those that are in stock already."""
    declared: dict[UUID, dict[UUID, int]] = defaultdict(dict)
    put_away: dict[UUID, dict[UUID, int]] = defaultdict(dict)
    for row in fetch_rows(
        "SELECT carton.shipment_id, line.sku_id, sum(line.quantity)::bigint AS declared,"
        " coalesce((SELECT sum(away.quantity) FROM inbound_putaway away WHERE away.shipment_id = carton.shipment_id"
        " AND away.sku_id = line.sku_id), 0)::bigint AS put_away"
        " FROM inbound_carton carton JOIN inbound_cartonline line ON line.carton_id = carton.id"
        " WHERE carton.shipment_id = ANY(%s) GROUP BY carton.shipment_id, line.sku_id ORDER BY 1, 2",
        [[each.id for each in shipments]],
    ):
        declared[row.shipment_id][row.sku_id] = row.declared
        put_away[row.shipment_id][row.sku_id] = row.put_away
    return declared, put_away


def _check_rate(rate: Decimal | None) -> None:
    if rate is not None and not 0 <= rate < 1:
        raise Invalid("inbound.safety_share", "Keep back 0 to 99.99 per cent.", field="safety_rate")


def _demand_right(actor: Actor) -> None:
    if actor != SYSTEM and actor.verbs.get("stock_orders.ask") != "all":
        raise Denied("inbound.settings_not_yours", "The marketplace sets what counts for goods on their way in.")
