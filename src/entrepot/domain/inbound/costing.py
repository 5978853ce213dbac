"""The bills of a shipment's way, and versions of its landed cost that share them among the units that came."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import IntegrityError, transaction

from entrepot.domain.catalogue import queries as catalogue
from entrepot.domain.inbound import landed, queries, trail
from entrepot.domain.inbound.cost_models import LandedBill, LandedCost, LandedShare, ShareBy, ShipmentCost
from entrepot.domain.inbound.landed import Bill, Goods
from entrepot.domain.inbound.models import Shipment
from entrepot.domain.inbound.trail import Happened
from entrepot.domain.markets import queries as markets
from entrepot.domain.pricing import queries as pricing
from entrepot.domain.sellers import queries as sellers
from entrepot.domain.sellers.rules import party_of
from entrepot.domain.terms.rules import Party, Task
from entrepot.kernel import audit, ids
from entrepot.kernel.actors import Actor
from entrepot.kernel.errors import Invalid, NotFound, Refused
from entrepot.kernel.money import convert, exponent, round_half_even

#: Bills of one shipment, and an amount that none exceeds.
BILLS_MAX = 200
AMOUNT_MAX = 10**13
#: States of a shipment in which a bill for its way may come; bills come late.
BILLED = ("announced", "in_transit", "arrived", "receiving", "closed")


@dataclass(frozen=True, slots=True)
class NewCost:
    """A bill as it is entered. Units: minor; below zero a credit note."""

    kind: str
    currency: str
    amount_minor: int
    share_by: str
    issuer: str
    document_number: str
    incurred_on: date
    note: str = ""


@dataclass(frozen=True, slots=True)
class UnitCost:
    """What the way cost the units of a SKU, bill by bill. Units: minor of the landed cost's currency."""

    sku_id: UUID
    quantity: int
    amount_minor: int
    parts: Sequence[tuple[ShipmentCost, int]]

    @property
    def unit_minor(self) -> int:
        """Of one unit. Rounding: half to even."""
        return round(Decimal(self.amount_minor) / self.quantity)


@dataclass(frozen=True, slots=True)
class LandedView:
    """A version of the landed cost with what falls on each SKU."""

    landed: LandedCost
    bills: Sequence[LandedBill]
    units: Sequence[UnitCost]


@transaction.atomic
def enter(*, shipment_id: UUID, cost: NewCost, actor: Actor, now: datetime) -> ShipmentCost:
    """Keep a bill: the seller's people those that it paid, the marketplace's those that it paid.

    Raises: NotFound, Invalid naming the field, Refused before the shipment is announced or where the document is there.
    """
    shipment, paid_by = _lock(shipment_id, actor)
    if shipment.state not in BILLED:
        raise Refused("inbound.not_announced", "Announce the shipment first.")
    _check(cost, now)
    seller_minor, seller_rate = _owed(shipment, cost) if paid_by == "platform" else (0, None)
    if ShipmentCost.objects.filter(shipment=shipment).count() >= BILLS_MAX:
        raise Invalid("inbound.too_many_bills", "A shipment has {most} bills at most.", most=BILLS_MAX)
    try:
        with transaction.atomic():
            row = ShipmentCost.objects.create(
                id=ids.new_id(now),
                created_at=now,
                shipment=shipment,
                kind=cost.kind,
                currency=cost.currency,
                amount_minor=cost.amount_minor,
                share_by=cost.share_by,
                paid_by=paid_by,
                issuer=cost.issuer.strip()[:60],
                document_number=cost.document_number.strip()[:60],
                incurred_on=cost.incurred_on,
                note=cost.note[:200],
                entered_by=actor.label,
                seller_minor=seller_minor,
                seller_rate=seller_rate,
            )
    except IntegrityError:
        raise Refused(
            "inbound.bill_known",
            "The document {number} is entered already.",
            field="document_number",
            number=cost.document_number.strip()[:60],
        ) from None
    data = {"cost": row.kind, "document": row.document_number, "minor": row.amount_minor, "currency": row.currency}
    trail.append([Happened("cost_entered", shipment=shipment, note=cost.note, data=data)], actor=actor, now=now)
    audit.record(
        actor=actor,
        verb="shipments.costs",
        subject_kind="shipment",
        subject_id=shipment.id,
        now=now,
        after=data | {"paid_by": paid_by, "seller_minor": seller_minor},
    )
    return row


@transaction.atomic
def share(*, shipment_id: UUID, currency: str, reason: str, actor: Actor, now: datetime) -> LandedCost:
    """Make a version of the landed cost: all bills that there are, among the units that came into stock.

    The first needs no reason; a correction says why, and the version before stays as it was.
    Raises: NotFound, Invalid, Refused: nothing is in stock, no bill is there, a measure is unknown; Unavailable without
    an exchange rate.
    """
    shipment, _ = _lock(shipment_id, actor)
    if shipment.state != "closed":
        raise Refused("inbound.not_closed", "Close the receiving first: then it is known what bears the costs.")
    costs = list(ShipmentCost.objects.filter(shipment=shipment).order_by("incurred_on", "id"))
    if not costs:
        raise Refused("inbound.no_bills", "No bill is entered that could be shared.")
    version = LandedCost.objects.filter(shipment=shipment).count() + 1
    if version > 1:
        reason = audit.require_reason(reason)
    rates = {
        (own, day): markets.exchange_rates({(own, currency)}, day)[own, currency].rate
        for own, day in {(each.currency, each.incurred_on) for each in costs if each.currency != currency}
    }
    rate_of = {each.id: rates.get((each.currency, each.incurred_on), Decimal(1)) for each in costs}
    bills = [
        Bill(each.id, convert(each.amount_minor, rate_of[each.id], each.currency, currency), each.share_by)
        for each in costs
    ]
    shares = landed.allocate(bills, goods_of(shipment, needed={each.share_by for each in bills}))
    row = LandedCost.objects.create(
        id=ids.new_id(now),
        created_at=now,
        shipment=shipment,
        version=version,
        currency=currency,
        total_minor=sum(each.amount_minor for each in bills),
        reason=reason[:400],
        made_by=actor.label,
    )
    kept = {
        each.cost_id: LandedBill(
            id=identity,
            created_at=now,
            landed_cost=row,
            cost_id=each.cost_id,
            amount_minor=each.amount_minor,
            rate=rate_of[each.cost_id],
        )
        for identity, each in zip(ids.new_ids(now, len(bills)), bills, strict=True)
    }
    LandedBill.objects.bulk_create(kept.values())
    LandedShare.objects.bulk_create(
        LandedShare(
            id=identity,
            created_at=now,
            bill=kept[each.cost_id],
            sku_id=each.sku_id,
            quantity=each.quantity,
            amount_minor=each.amount_minor,
        )
        for identity, each in zip(ids.new_ids(now, len(shares)), shares, strict=True)
    )
    data = {"version": version, "minor": row.total_minor, "currency": currency}
    trail.append([Happened("landed", shipment=shipment, note=reason, data=data)], actor=actor, now=now)
    return row


@transaction.atomic
def set_values(
    *, shipment_id: UUID, currency: str, values: Mapping[UUID, int], reason: str, actor: Actor, now: datetime
) -> Shipment:
    """Say what units of SKUs of which no price is agreed are worth at the border; those not named have no value.

    Whoever enters bills may, with a reason: the invoice or the calculation behind it. Units: minor of the currency.
    Raises: NotFound, Invalid naming the field, Refused where a price is agreed, or before the shipment is announced.
    """
    why = audit.require_reason(reason)
    shipment, _ = _lock(shipment_id, actor)
    if shipment.state not in BILLED:
        raise Refused("inbound.not_announced", "Announce the shipment first.")
    exponent(currency)
    declared = queries.declared(shipment.id)
    if unknown := set(values) - declared.keys():
        raise Invalid("inbound.not_in_shipment", "This is not in the shipment.", field=f"values[{min(unknown)}]")
    for sku_id, minor in values.items():
        if not 0 < minor <= AMOUNT_MAX:
            raise Invalid("inbound.customs_value", "A value is above nothing.", field=f"values[{sku_id}]")
    agreed = agreed_values(shipment, declared)
    if both := values.keys() & agreed.keys():
        sku = catalogue.get_skus(both)[min(both)]
        raise Refused("inbound.value_agreed", "For {sku} a price is agreed, and that is its value.", sku=sku.code)
    before = {"currency": shipment.customs_currency, "values": shipment.customs_values}
    shipment.customs_values = {str(sku_id): minor for sku_id, minor in sorted(values.items())}
    shipment.customs_currency = currency if values else ""
    shipment.save(update_fields=["customs_values", "customs_currency"])
    after = {"currency": shipment.customs_currency, "values": shipment.customs_values}
    trail.append([Happened("valued", shipment=shipment, note=why, data=after)], actor=actor, now=now)
    audit.record(
        actor=actor, verb="shipments.values", subject_kind="shipment", subject_id=shipment.id, now=now, reason=why,
        before=before, after=after,
    )  # fmt: skip
    return shipment


def goods_of(shipment: Shipment, *, needed: Collection[str] = ()) -> list[Goods]:
    """The units of a shipment that came into stock (before it is closed: that were announced), with their measures.

    Their value is the price agreed in the stock order, else the supply price in force, else what was typed for customs.
    """
    units: dict[UUID, int] = {}
    if shipment.state == "closed":
        for (sku_id, _condition), quantity in queries.put_away(shipment.id).items():
            units[sku_id] = units.get(sku_id, 0) + quantity
    else:
        units = queries.declared(shipment.id)
    skus = catalogue.get_skus(units)
    values = values_of(shipment, units) if "value" in needed else {}
    goods = []
    for sku_id in sorted(units, key=lambda each: (skus[each].code, each)):
        sku, quantity = skus[sku_id], units[sku_id]
        sides = (sku.length_mm, sku.width_mm, sku.height_mm)
        volume = sides[0] * sides[1] * sides[2] if sides[0] and sides[1] and sides[2] else None
        value = values.get(sku_id)
        goods.append(
            Goods(
                sku_id,
                sku.code,
                quantity,
                None if value is None else value[0] * quantity,
                None if sku.weight_g is None else sku.weight_g * quantity,
                None if volume is None else volume * quantity,
                "" if value is None else value[1],
            )
        )
    return goods


def values_of(shipment: Shipment, sku_ids: Collection[UUID]) -> Mapping[UUID, tuple[int, str]]:
    """SKU -> what a unit was agreed to cost, else is said to be worth, and its currency; others are left out."""
    typed = {UUID(sku_id): (minor, shipment.customs_currency) for sku_id, minor in shipment.customs_values.items()}
    return typed | dict(agreed_values(shipment, sku_ids))


def agreed_values(shipment: Shipment, sku_ids: Collection[UUID]) -> Mapping[UUID, tuple[int, str]]:
    """SKU -> what a unit was agreed to cost, and its currency; those of which nothing is agreed are left out."""
    if shipment.stock_order_id is not None:
        return queries.agreed_costs(shipment.stock_order_id)
    offers = catalogue.list_offers(seller_id=shipment.seller_id, sku_ids=set(sku_ids), limit=100_000)
    quotes = pricing.supply_prices([offer.id for offer in offers if offer.enrolment_id == shipment.enrolment_id])
    by_offer = {offer.id: offer.sku_id for offer in offers}
    return {by_offer[offer_id]: (quote.amount_minor, quote.currency) for offer_id, quote in quotes.items()}


def list_costs(shipment_id: UUID) -> list[ShipmentCost]:
    """The bills of a shipment, by their day; scope is the caller's."""
    return list(ShipmentCost.objects.filter(shipment_id=shipment_id).order_by("incurred_on", "id"))


def list_landed(shipment_id: UUID) -> list[LandedCost]:
    """The versions of a shipment's landed cost, the last one first; scope is the caller's."""
    return list(LandedCost.objects.filter(shipment_id=shipment_id).order_by("-version"))


def get_landed(landed_cost: LandedCost) -> LandedView:
    """A version with what falls on each SKU, bill by bill."""
    bills = list(LandedBill.objects.select_related("cost").filter(landed_cost=landed_cost).order_by("cost_id"))
    found: dict[UUID, list[LandedShare]] = {}
    for each in LandedShare.objects.filter(bill__in=bills).order_by("bill__cost_id"):
        found.setdefault(each.sku_id, []).append(each)
    costs = {each.id: each.cost for each in bills}
    units = [
        UnitCost(
            sku_id,
            shares[0].quantity,
            sum(each.amount_minor for each in shares),
            [(costs[each.bill_id], each.amount_minor) for each in shares],
        )
        for sku_id, shares in found.items()
    ]
    return LandedView(landed_cost, bills, units)


def may_enter(actor: Actor, shipment: Shipment) -> bool:
    """Whether an actor may enter bills of a shipment, and share them."""
    if party_of(actor) is Party.SELLER:
        return actor.reaches("shipments.send", shipment.seller_id)
    return party_of(actor) is Party.PLATFORM and actor.reaches("settlement.run", shipment.seller_id)


def _lock(shipment_id: UUID, actor: Actor) -> tuple[Shipment, str]:
    rows = Shipment.objects.select_related("node", "enrolment__market", "seller__organisation").select_for_update(
        of=("self",), no_key=True
    )
    shipment = rows.filter(id=shipment_id).first()
    if shipment is None or not may_enter(actor, shipment):
        raise NotFound(kind="shipment")
    return shipment, "seller" if party_of(actor) is Party.SELLER else "platform"


def task_of(kind: str, *, is_abroad: bool) -> Task:
    """The task of the terms that a bill is for. What moves goods within one country is the first mile."""
    match kind:
        case "customs_duty":
            return Task.DUTY_AND_TAX
        case "entry_fees" | "brokerage":
            return Task.CUSTOMS
        case "unloading":
            return Task.CONSOLIDATION
    return Task.LINE_HAUL if is_abroad else Task.FIRST_MILE


def _owed(shipment: Shipment, cost: NewCost) -> tuple[int, Decimal | None]:
    """What the seller owes of a bill by its terms, and the rate into its own currency where the bill has another.

    Where the programme does without a task nobody owes anything. Raises: Unavailable without a rate.
    """
    is_abroad = shipment.seller.organisation.country != shipment.node.country
    conditions = sellers.list_conditions([shipment.enrolment_id])[shipment.enrolment_id]
    share = conditions.payer(task_of(cost.kind, is_abroad=is_abroad)).get(Party.SELLER, Decimal(0))
    owed, own = round_half_even(cost.amount_minor * share), shipment.seller.settlement_currency
    if not owed or cost.currency == own:
        return owed, None
    return owed, markets.exchange_rates({(cost.currency, own)}, cost.incurred_on)[cost.currency, own].rate


def _check(cost: NewCost, now: datetime) -> None:
    if cost.kind not in ShipmentCost.Kind.values:
        raise Invalid("inbound.unknown_cost", "There is no such kind of cost.", field="kind")
    if cost.share_by not in ShareBy.values:
        raise Invalid("inbound.unknown_share", "A bill is shared by value, weight, volume or units.", field="share_by")
    exponent(cost.currency)
    if not 0 < abs(cost.amount_minor) <= AMOUNT_MAX:
        raise Invalid("inbound.bill_amount", "A bill has an amount.", field="amount")
    for field in ("issuer", "document_number"):
        if not getattr(cost, field).strip():
            raise Invalid("inbound.bill_unnamed", "Say who wrote the bill, and its number.", field=field)
    if cost.incurred_on > now.date():
        raise Invalid("inbound.bill_to_come", "A bill is of today or of a day before.", field="incurred_on")
