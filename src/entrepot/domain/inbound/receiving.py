"""Writes at the node: what is scanned and counted, samples that are looked at, what was put away, what differs.

Everything is appended. An act carries a key; the same act sent twice counts once.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from entrepot.domain.catalogue import queries as catalogue
from entrepot.domain.inbound import ordering, queries, rules, sampling, trail
from entrepot.domain.inbound.models import (
    Carton,
    CartonLine,
    Count,
    Discrepancy,
    Inspection,
    PutAway,
    Shipment,
    StockOrder,
)
from entrepot.domain.inbound.rules import Placed
from entrepot.domain.inbound.sampling import Plan
from entrepot.domain.inbound.shipping import lock_at_node
from entrepot.domain.inbound.trail import Happened
from entrepot.kernel import audit, ids
from entrepot.kernel.actors import Actor
from entrepot.kernel.errors import Invalid, NotFound, Refused

UNITS_MAX = 1_000_000
ROWS_MAX = 500


@dataclass(frozen=True, slots=True)
class Scan:
    """Units of a SKU that were counted in one act; below zero it corrects an earlier one, with a note that says why."""

    key: str
    sku_id: UUID
    quantity: int
    condition: str = "new"
    carton_id: UUID | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Counted:
    """What became of scans: units that are new, and acts that had been counted before."""

    units: int
    repeated: int


@transaction.atomic
def count(*, shipment_id: UUID, scans: Sequence[Scan], actor: Actor, now: datetime) -> Counted:
    """Count units in. What was counted under its key before is passed over.

    Raises: NotFound for a carton or SKU that is not the shipment's or seller's, Invalid, Refused: not arrived, a carton
    that was counted whole, units that are put away already.
    """
    shipment, order = lock_at_node(shipment_id, actor=actor)
    rules.move(rules.SHIPMENT_ACTS, shipment.state, "count", number=shipment.number)
    if not 0 < len(scans) <= ROWS_MAX:
        raise Invalid("inbound.scan_count", "Send 1 to {most} scans.", field="scans", most=ROWS_MAX)
    for scan in scans:
        _check_scan(scan)
    known = set(
        Count.objects.filter(shipment=shipment, scan_key__in=[scan.key for scan in scans]).values_list(
            "scan_key", flat=True
        )
    )
    fresh = [scan for scan in scans if scan.key not in known]
    _check_cartons(shipment, [scan for scan in fresh if scan.carton_id is not None])
    _check_skus(shipment, {scan.sku_id for scan in fresh})
    totals = queries.counted(shipment.id)
    rules.demand_counts(totals, [((scan.sku_id, scan.condition), scan.quantity) for scan in fresh])
    _append(shipment, fresh, actor, now)
    _check_put_away(shipment)
    _begin_receiving(shipment, order, actor, now, is_new=bool(fresh))
    return Counted(sum(scan.quantity for scan in fresh), len({scan.key for scan in scans} & known))


@transaction.atomic
def count_cartons(*, shipment_id: UUID, barcodes: Collection[str], actor: Actor, now: datetime) -> Counted:
    """Count cartons whole, as they were announced; a carton counts once, however often it is scanned.

    Raises: NotFound, Invalid for a number that is on none of the cartons, Refused for one that was counted by units.
    """
    shipment, order = lock_at_node(shipment_id, actor=actor)
    rules.move(rules.SHIPMENT_ACTS, shipment.state, "count", number=shipment.number)
    wanted = {barcode.strip().upper() for barcode in barcodes if barcode.strip()}
    if not 0 < len(wanted) <= ROWS_MAX:
        raise Invalid("inbound.scan_count", "Send 1 to {most} scans.", field="barcode", most=ROWS_MAX)
    cartons = list(Carton.objects.filter(shipment=shipment, barcode__in=wanted).order_by("id"))
    if missing := wanted - {carton.barcode for carton in cartons}:
        raise Invalid(
            "inbound.unknown_carton",
            "No carton of this shipment has the number {barcode}.",
            field="barcode",
            barcode=min(missing)[:24],
        )
    counted: dict[UUID, set[str]] = defaultdict(set)
    for carton_id, key in Count.objects.filter(carton__in=cartons).values_list("carton_id", "scan_key"):
        counted[carton_id or shipment.id].add(key)
    whole = {carton.id: f"carton:{carton.id}" for carton in cartons}
    for carton in cartons:
        if counted[carton.id] - {whole[carton.id]}:
            raise Refused(
                "inbound.carton_counted", "The carton {barcode} was counted by its units.", barcode=carton.barcode
            )
    lines = CartonLine.objects.filter(carton__in=[each for each in cartons if not counted[each.id]]).order_by("id")
    fresh = [Scan(whole[line.carton_id], line.sku_id, line.quantity, carton_id=line.carton_id) for line in lines]
    _append(shipment, fresh, actor, now)
    _begin_receiving(shipment, order, actor, now, is_new=bool(fresh))
    return Counted(sum(scan.quantity for scan in fresh), sum(bool(counted[carton.id]) for carton in cartons))


def plans_for(shipment: Shipment, lots: Mapping[UUID, int], now: datetime) -> dict[UUID, Plan]:
    """How many units of each lot (SKU -> size) of this shipment are to be looked at. Raises: Invalid."""
    settings = queries.settings_of(shipment.enrolment.programme_code, on=now.date())
    return {
        sku_id: sampling.plan(size, level=settings.inspection_level, aql=settings.aql) for sku_id, size in lots.items()
    }


@transaction.atomic
def inspect(
    *, shipment_id: UUID, sku_id: UUID, defects: int, actor: Actor, now: datetime, note: str = ""
) -> Inspection:
    """Write down how many units of the sample were faulty; the plan says whether the lot passes. The last one counts.

    The lot is what was counted of the SKU. Raises: NotFound, Invalid, Refused before it is counted or once it is stock.
    """
    shipment, _ = lock_at_node(shipment_id, actor=actor)
    rules.move(rules.SHIPMENT_ACTS, shipment.state, "inspect", number=shipment.number)
    lot = sum(units for (sku, _condition), units in queries.counted(shipment.id).items() if sku == sku_id)
    if not lot:
        raise Refused("inbound.nothing_counted", "Count the units first: the sample depends on how many came.")
    if any(sku == sku_id for sku, _condition in queries.put_away(shipment.id)):
        raise Refused("inbound.put_away_already", "These units are in stock already.")
    settings = queries.settings_of(shipment.enrolment.programme_code, on=now.date())
    plan = sampling.plan(lot, level=settings.inspection_level, aql=settings.aql)
    if not 0 <= defects <= plan.sample_size:
        raise Invalid(
            "inbound.more_than_sample",
            "Of {sample} units at most {sample} can be faulty.",
            field="defects",
            sample=plan.sample_size,
        )
    passed = plan.accepts(defects)
    inspection = Inspection.objects.create(
        id=ids.new_id(now),
        created_at=now,
        shipment=shipment,
        sku_id=sku_id,
        lot_size=lot,
        level=settings.inspection_level,
        aql=settings.aql,
        plan=f"{plan.name} {plan.letter}",
        sample_size=plan.sample_size,
        accept_max=plan.accept_max,
        defects=defects,
        passed=passed,
        inspected_by=actor.label,
        note=note[:400],
    )
    data = {"sku": str(sku_id), "defects": defects, "sample": plan.sample_size, "passed": passed}
    trail.append([Happened("inspected", shipment=shipment, note=note, data=data)], actor=actor, now=now)
    return inspection


def due_for_stock(shipment: Shipment, *, take_extra: bool, keep_damaged: bool) -> list[Placed]:
    """What of a locked shipment's counted units is to become stock now."""
    return rules.to_put_away(
        declared=queries.declared(shipment.id),
        counted=queries.counted(shipment.id),
        done=queries.put_away(shipment.id),
        failed=queries.failed(shipment.id),
        take_extra=take_extra,
        keep_damaged=keep_damaged,
    )


def record_put_away(shipment: Shipment, rows: Sequence[tuple[Placed, UUID, bool]], *, now: datetime) -> None:
    """Append what became stock, each with the movement that says so and whether the platform bought it."""
    PutAway.objects.bulk_create(
        PutAway(
            id=identity,
            created_at=now,
            shipment=shipment,
            sku_id=placed.sku_id,
            condition=placed.condition,
            quantity=placed.quantity,
            movement_id=movement_id,
            is_bought=is_bought,
        )
        for identity, (placed, movement_id, is_bought) in zip(ids.new_ids(now, len(rows)), rows, strict=True)
    )


def tell_put_away(shipment: Shipment, units: int, *, actor: Actor, now: datetime) -> None:
    """Say that units became stock before the shipment is closed."""
    trail.append([Happened("put_away", shipment=shipment, data={"units": units})], actor=actor, now=now)


def close(shipment: Shipment, order: StockOrder | None, *, actor: Actor, now: datetime, note: str = "") -> None:
    """End the receiving of a locked shipment: what differs is on record, and the stock order follows."""
    shipment.state = rules.move(rules.SHIPMENT_ACTS, shipment.state, "close", number=shipment.number)
    shipment.closed_at = now
    shipment.save(update_fields=["state", "closed_at"])
    kept = queries.put_away(shipment.id)
    found = rules.discrepancies(
        declared=queries.declared(shipment.id),
        counted=queries.counted(shipment.id),
        done=kept,
        failed=queries.failed(shipment.id),
    )
    Discrepancy.objects.bulk_create(
        Discrepancy(
            id=identity,
            created_at=now,
            shipment=shipment,
            sku_id=each.sku_id,
            kind=each.kind,
            declared_qty=each.declared,
            counted_qty=each.counted,
            quantity=each.quantity,
            outcome=each.outcome,
        )
        for identity, each in zip(ids.new_ids(now, len(found)), found, strict=True)
    )
    units, differs = sum(kept.values()), sorted({each.kind for each in found})
    if any(each.outcome == "goes_back" for each in found):
        note = audit.require_reason(note)
    if order is not None:
        ordering.follow(order, shipment, now, nothing_kept=not units)
    data = {"units": units, "differs": differs}
    trail.append([Happened("received", shipment=shipment, note=note, data=data)], actor=actor, now=now)
    trail.tell_of_shipment("received", shipment, now, units=units, differs=differs)
    if order is not None:
        trail.tell_of_orders("received", [order], now, units=units, differs=differs)


def _append(shipment: Shipment, scans: Sequence[Scan], actor: Actor, now: datetime) -> None:
    Count.objects.bulk_create(
        Count(
            id=identity,
            created_at=now,
            shipment=shipment,
            carton_id=scan.carton_id,
            sku_id=scan.sku_id,
            condition=scan.condition,
            quantity=scan.quantity,
            scan_key=scan.key,
            counted_by=actor.label,
            note=scan.note[:200],
        )
        for identity, scan in zip(ids.new_ids(now, len(scans)), scans, strict=True)
    )


def _begin_receiving(
    shipment: Shipment, order: StockOrder | None, actor: Actor, now: datetime, *, is_new: bool
) -> None:
    if shipment.state == "receiving" or not is_new:
        return
    shipment.state = "receiving"
    shipment.save(update_fields=["state"])
    if order is not None:
        ordering.follow(order, shipment, now)
    trail.append([Happened("counting", shipment=shipment)], actor=actor, now=now)


def _check_scan(scan: Scan) -> None:
    if not 0 < len(scan.key) <= 80:
        raise Invalid("inbound.scan_key", "A scan has a key of 1 to 80 characters.", field="key")
    if scan.condition not in ("new", "damaged"):
        raise Invalid("inbound.condition", "Units are new or damaged.", field="condition")
    if scan.quantity == 0 or abs(scan.quantity) > UNITS_MAX:
        raise Invalid("inbound.quantity", "Count 1 to {most} units.", field="quantity", most=UNITS_MAX)
    if scan.quantity < 0 and not scan.note.strip():
        raise Invalid("audit.reason_missing", "Say why: this act is kept with its reason.", field="note")


def _check_cartons(shipment: Shipment, scans: Sequence[Scan]) -> None:
    """Cartons are the shipment's, and none of them was counted whole. Raises: NotFound, Refused."""
    wanted = {scan.carton_id for scan in scans if scan.carton_id is not None}
    found = {carton.id: carton for carton in Carton.objects.filter(shipment=shipment, id__in=wanted)}
    if wanted - found.keys():
        raise NotFound(kind="carton")
    keys: Mapping[str, UUID] = {f"carton:{carton_id}": carton_id for carton_id in wanted}
    for key in Count.objects.filter(shipment=shipment, scan_key__in=list(keys)).values_list("scan_key", flat=True):
        raise Refused(
            "inbound.carton_counted",
            "The carton {barcode} was counted whole.",
            barcode=found[keys[key]].barcode,
        )


def _check_skus(shipment: Shipment, sku_ids: Collection[UUID]) -> None:
    """What is counted is the seller's article, announced or not. Raises: NotFound."""
    foreign = set(sku_ids) - queries.declared(shipment.id).keys()
    foreign -= catalogue.own_skus(organisation_id=shipment.seller_id, sku_ids=foreign)
    if foreign:
        offers = catalogue.list_offers(seller_id=shipment.seller_id, sku_ids=foreign, limit=100_000)
        if foreign - {offer.sku_id for offer in offers}:
            raise NotFound(kind="SKU")


def _check_put_away(shipment: Shipment) -> None:
    """A correction leaves at least what is in stock already. Raises: Refused."""
    counted = queries.counted(shipment.id)
    for key, units in queries.put_away(shipment.id).items():
        if counted.get(key, 0) < units:
            raise Refused("inbound.put_away_already", "These units are in stock already.")
