"""Goods that go back to their seller: asked, agreed or let go, until they are handed over or disposed of.

Knows no books: `flows.sending_back` posts what hand-over and disposal cost. Units are held from the moment they are
asked for; those in quarantine are kept from sale by their place already.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from entrepot.domain.inbound.queries import Scope
from entrepot.domain.inbound.return_models import VendorReturn, VendorReturnLine
from entrepot.domain.inventory import places
from entrepot.domain.inventory import services as inventory
from entrepot.domain.inventory.acts import NewHold, Receipt
from entrepot.domain.logistics.models import Node
from entrepot.domain.markets import queries as markets
from entrepot.domain.sellers import queries as sellers
from entrepot.domain.sellers.models import Enrolment
from entrepot.domain.sellers.rules import party_of
from entrepot.domain.terms.rules import Cause, Conditions, Party, Task
from entrepot.kernel import audit, ids
from entrepot.kernel.actors import Actor
from entrepot.kernel.db import fetch_rows
from entrepot.kernel.errors import Denied, Invalid, NotFound, Refused
from entrepot.kernel.money import exponent

LINES_MAX = 200
COST_MAX = 10**12


@dataclass(frozen=True, slots=True)
class Back:
    """Units to send back: of a stock row, at a place of it, or of what a shipment brought and nobody took in."""

    quantity: int
    stock_id: UUID | None = None
    place_id: UUID | None = None
    discrepancy_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """Units that could go back: nobody is promised them, and no other return has them."""

    back: Back
    seller_id: UUID
    sku_id: UUID
    sku_code: str
    product_id: UUID
    condition: str
    place: str
    shipment: str
    owner_id: UUID | None


@transaction.atomic
def ask(
    *,
    seller_id: UUID,
    node_id: UUID,
    rows: Sequence[Back],
    cause: str,
    collect_by: datetime,
    actor: Actor,
    now: datetime,
    note: str = "",
) -> VendorReturn:
    """Ask that goods go back to their seller: whoever runs the node, or the seller. They are held from now on.

    Raises: NotFound, Invalid naming the field, Refused for units that are not there or promised.
    """
    node = Node.objects.select_related("operator").filter(id=node_id).first()
    asked_by = _side(actor, seller_id, node)
    if node is None or node.operator_id == seller_id:
        raise NotFound(kind="node")
    if cause not in VendorReturn.Cause.values:
        raise Invalid("inbound.return_cause", "Say why the goods go back.", field="cause")
    if not 0 < len(rows) <= LINES_MAX or any(row.quantity < 1 for row in rows):
        raise Invalid(
            "inbound.return_lines", "Say which goods go back, 1 to {most} lines.", field="units", most=LINES_MAX
        )
    if collect_by <= now:
        raise Invalid("inbound.return_day", "Name a day that is to come.", field="collect_by")
    inventory.lock_rows(stock_ids={row.stock_id for row in rows if row.stock_id})
    # A seller asks for goods wherever they stand; who runs the node knows the places.
    found = list_candidates(seller_id=seller_id, node_id=node_id, with_places=asked_by == "node")
    known = {_key(each.back): each for each in found}
    wanted: Counter[tuple[Any, ...]] = Counter()
    for row in rows:
        wanted[_key(row)] += row.quantity
    for key, units in wanted.items():
        if key not in known or known[key].back.quantity < units:
            raise Refused("inbound.return_not_there", "There are not so many units that could go back.", field="units")
    enrolment = _came_under(seller_id, node_id, [known[_key(row)].sku_id for row in rows], rows)
    share = Decimal(1)
    if asked_by == "node" or cause != "surplus":
        share = share_of_seller(sellers.list_conditions([enrolment.id])[enrolment.id], cause)
    identity = ids.new_id(now)
    made = VendorReturn.objects.create(
        id=identity, created_at=now, number=ids.number("RV", identity), seller_id=seller_id, enrolment=enrolment,
        node=node, asked_by=asked_by, cause=cause, seller_share=share, collect_by=collect_by, note=note[:400],
    )  # fmt: skip
    lines = VendorReturnLine.objects.bulk_create(
        VendorReturnLine(
            id=each, created_at=now, vendor_return=made, sku_id=known[_key(row)].sku_id, stock_id=row.stock_id,
            place_id=row.place_id, discrepancy_id=row.discrepancy_id, quantity=row.quantity,
        )
        for each, row in zip(ids.new_ids(now, len(rows)), rows, strict=True)
    )  # fmt: skip
    withheld = _withheld(lines)
    inventory.open_holds(
        holds=[
            NewHold(line.stock_id, line.id, line.quantity, per_unit=1)
            for line in lines
            if line.stock_id is not None and line.id not in withheld
        ],
        expires_at=None,
        now=now,
    )
    _audit(made, "ask", actor, now, note, {"cause": cause, "units": sum(row.quantity for row in rows)})
    return made


def _came_under(seller_id: UUID, node_id: UUID, sku_ids: Sequence[UUID], rows: Sequence[Back]) -> Enrolment:
    """The enrolment under which the last of these goods came to the node; where none did, the one that they sell under.

    Goods of which neither is known go back under the seller's latest.
    """
    found = fetch_rows(
        "SELECT enrolment_id FROM ("
        " SELECT 1 AS place, shipment.enrolment_id, gone.id FROM inbound_discrepancy gone"
        " JOIN inbound_shipment shipment ON shipment.id = gone.shipment_id WHERE gone.id = ANY(%(discrepancies)s)"
        " UNION ALL SELECT 2, shipment.enrolment_id, away.id FROM inbound_putaway away"
        " JOIN inbound_shipment shipment ON shipment.id = away.shipment_id"
        " WHERE away.sku_id = ANY(%(skus)s) AND shipment.seller_id = %(seller)s AND shipment.node_id = %(node)s"
        " UNION ALL SELECT 3, offer.enrolment_id, offer.id FROM catalogue_offer offer"
        " WHERE offer.sku_id = ANY(%(skus)s) AND offer.seller_id = %(seller)s"
        ") came ORDER BY place, id DESC LIMIT 1",
        {
            "discrepancies": [row.discrepancy_id for row in rows if row.discrepancy_id], "skus": list(sku_ids),
            "seller": seller_id, "node": node_id,
        },
    )  # fmt: skip
    known = sellers.list_enrolments(seller_id=seller_id)
    return next((each for each in known if found and each.id == found[0].enrolment_id), known[-1])


def share_of_seller(conditions: Conditions, cause: str) -> Decimal:
    """What of the way back is the seller's: all where it answers for faulty goods, else its part in unsold stock."""
    if cause == "surplus":
        return conditions.payer(Task.UNSOLD_STOCK).get(Party.SELLER, Decimal(0))
    if cause == "damaged":
        return Decimal(conditions.liable(Task.STORAGE, Cause.DEFAULT) is Party.SELLER)
    return Decimal(conditions.liable(Task.PRODUCT_QUALITY, Cause.QUALITY) is Party.SELLER)


@transaction.atomic
def accept(*, return_id: UUID, actor: Actor, now: datetime) -> VendorReturn:
    """The other side agrees. Raises: NotFound, Denied for whoever asked, Refused from its state."""
    row = lock(return_id, actor)
    _demand(row, "accept", ("asked",))
    if _side(actor, row.seller_id, row.node) == row.asked_by:
        raise Denied("inbound.return_not_yours", "The other side agrees to it.")
    row.state = VendorReturn.State.ACCEPTED
    row.save(update_fields=["state"])
    _audit(row, "accept", actor, now)
    return row


@transaction.atomic
def cancel(*, return_id: UUID, actor: Actor, reason: str, now: datetime) -> VendorReturn:
    """Take it back, or decline what the other side asked; the goods stay. Raises: NotFound, Denied, Refused.

    What the node asked for the seller does not cancel: it gives the goods up, or lets the day come.
    """
    row = lock(return_id, actor)
    _demand(row, "cancel", ("asked", "accepted"))
    if row.asked_by == "node" and _side(actor, row.seller_id, row.node) == "seller":
        raise Denied("inbound.return_not_yours", "Who asked for it takes it back.")
    _audit(row, "cancel", actor, now, audit.require_reason(reason))
    _end(row, VendorReturn.State.CANCELLED, now)
    lines = list(VendorReturnLine.objects.filter(vendor_return=row))
    inventory.release_holds(owner_ids=[line.id for line in lines], now=now)
    inventory.withhold(stock_ids={line.stock_id for line in lines if line.stock_id}, now=now)
    return row


@transaction.atomic
def give_up(*, return_id: UUID, actor: Actor, now: datetime) -> VendorReturn:
    """The seller does not want the goods back: they may be disposed of now. Raises: NotFound, Denied, Refused."""
    row = lock(return_id, actor)
    _demand(row, "give_up", ("asked", "accepted"))
    if _side(actor, row.seller_id, row.node) != "seller" or row.given_up_at is not None:
        raise Denied("inbound.return_not_yours", "The seller says so, once.")
    row.given_up_at = now
    row.save(update_fields=["given_up_at"])
    _audit(row, "give_up", actor, now)
    return row


@dataclass(frozen=True, slots=True)
class Leaving:
    """With whom goods go back, in how many cartons, and what that costs. Units: minor."""

    carrier: str
    tracking_number: str = ""
    cartons: int = 1
    cost_minor: int = 0
    cost_currency: str = ""


def hand_over(row: VendorReturn, leaving: Leaving, *, actor: Actor, now: datetime) -> list[VendorReturnLine]:
    """The goods of a locked return leave; its lines with their movements. Raises: Invalid, Refused, Unavailable."""
    _demand(row, "hand_over", ("accepted",))
    if not leaving.carrier.strip():
        raise Invalid("inbound.return_carrier", "Say who takes them.", field="carrier")
    if not 0 < leaving.cartons <= 9999:
        raise Invalid("inbound.return_cartons", "Say in how many cartons.", field="cartons")
    if not 0 <= leaving.cost_minor <= COST_MAX:
        raise Invalid("inbound.bill_amount", "A bill has an amount.", field="cost")
    if leaving.cost_minor:
        exponent(leaving.cost_currency)
        own = row.seller.settlement_currency
        row.cost_minor, row.cost_currency = leaving.cost_minor, leaving.cost_currency
        if own != leaving.cost_currency and row.seller_share:
            pair = (leaving.cost_currency, own)
            row.seller_rate = markets.exchange_rates({pair}, now.date())[pair].rate
    row.carrier, row.tracking_number = leaving.carrier.strip()[:40], leaving.tracking_number.strip()[:60]
    row.cartons = leaving.cartons
    return _leave(row, "sent_back", VendorReturn.State.HANDED_OVER, actor, now)


def dispose(row: VendorReturn, *, actor: Actor, reason: str, now: datetime) -> list[VendorReturnLine]:
    """The goods of a locked return are destroyed or given away, its day having come. Raises: Invalid, Refused."""
    _demand(row, "dispose", ("asked", "accepted"))
    reason = audit.require_reason(reason)
    if row.given_up_at is None and now < row.collect_by:
        raise Refused(
            "inbound.return_not_due", "The seller has until {day} to take them.", day=f"{row.collect_by:%Y-%m-%d}"
        )
    return _leave(row, "discarded", VendorReturn.State.DISPOSED, actor, now, reason)


def _leave(
    row: VendorReturn, kind: str, state: str, actor: Actor, now: datetime, reason: str = ""
) -> list[VendorReturnLine]:
    lines = list(
        VendorReturnLine.objects.select_related("stock", "place", "sku").filter(vendor_return=row).order_by("id")
    )
    inventory.lock_rows(stock_ids={line.stock_id for line in lines if line.stock_id})
    inventory.release_holds(owner_ids=[line.id for line in lines], now=now)
    withheld = _withheld(lines)
    places.let_go(
        {(line.stock_id, line.place_id): line.quantity for line in lines
         if line.id in withheld and line.stock_id is not None and line.place_id is not None},
        now=now,
    )  # fmt: skip
    receipts = []
    for line, movement in zip(lines, ids.new_ids(now, len(lines)), strict=True):
        if line.stock is None:
            continue
        line.movement_id = movement
        stock = line.stock
        receipts.append(
            Receipt(
                stock.seller_id, stock.owner_id, stock.node_id, stock.sku_id, -line.quantity, kind, "vendor_return",
                row.id, stock.lot, stock.condition, reason=reason[:200], movement_id=movement, place_id=line.place_id,
            )
        )  # fmt: skip
    if receipts:
        inventory.receive(rows=receipts, now=now)
    VendorReturnLine.objects.bulk_update(lines, ["movement_id"])
    _end(row, state, now)
    _audit(row, "hand_over" if kind == "sent_back" else "dispose", actor, now, reason,
           {"units": sum(line.quantity for line in lines), "carrier": row.carrier})  # fmt: skip
    return lines


def _withheld(lines: Collection[VendorReturnLine]) -> set[UUID]:
    """The lines whose units their place keeps from sale already."""
    rows = fetch_rows(
        "SELECT l.id FROM inbound_vendorreturnline l JOIN inventory_place p ON p.id = l.place_id AND p.is_withheld"
        " JOIN inventory_stock s ON s.id = l.stock_id AND s.condition = 'new' WHERE l.id = ANY(%s)"
        " AND NOT EXISTS (SELECT FROM inventory_hold h WHERE h.owner_id = l.id)",
        [[line.id for line in lines]],
    )
    return {row.id for row in rows}


def list_candidates(
    *, seller_id: UUID, node_id: UUID, with_places: bool = True, limit: int | None = None
) -> list[Candidate]:
    """What of a seller's goods at a node could go back; without places only what is for sale. Scope is the caller's."""
    rows = fetch_rows(_CANDIDATES, {"seller": seller_id, "node": node_id, "places": with_places, "limit": limit})
    return [
        Candidate(
            Back(int(row.units), row.stock_id, row.place_id, row.discrepancy_id), seller_id, row.sku_id, row.sku_code,
            row.product_id, row.condition, row.place, row.shipment, row.owner_id,
        )
        for row in rows
    ]  # fmt: skip


_CANDIDATES = """
    WITH own AS (
        SELECT s.*, s.on_hand - s.reserved - s.allotted AS free FROM inventory_stock s
        WHERE s.seller_id = %(seller)s AND s.node_id = %(node)s AND s.on_hand > 0 AND s.condition <> 'coming'
    ), at AS (
        SELECT own.id AS stock_id, NULL::uuid AS place_id, '' AS place, own.free AS units, own.sku_id, own.condition,
            own.owner_id
        FROM own WHERE NOT own.is_placed OR NOT %(places)s
        UNION ALL
        SELECT own.id, p.id, p.code, CASE WHEN p.is_withheld AND own.condition = 'new' THEN u.quantity - coalesce((
                SELECT sum(l.quantity) FROM inbound_vendorreturnline l
                JOIN inbound_vendorreturn r ON r.id = l.vendor_return_id AND r.closed_at IS NULL
                WHERE l.stock_id = own.id AND l.place_id = p.id), 0)
            ELSE least(u.quantity, own.free) END, own.sku_id, own.condition, own.owner_id
        FROM own JOIN inventory_placeunits u ON u.stock_id = own.id JOIN inventory_place p ON p.id = u.place_id
        WHERE own.is_placed AND %(places)s
    )
    SELECT at.stock_id, at.place_id, NULL::uuid AS discrepancy_id, at.units, k.id AS sku_id, k.code AS sku_code,
        k.product_id, at.condition, at.place, '' AS shipment, at.owner_id
    FROM at JOIN catalogue_sku k ON k.id = at.sku_id WHERE at.units > 0
    UNION ALL
    SELECT NULL, NULL, d.id, d.quantity - coalesce(sum(l.quantity), 0), k.id, k.code, k.product_id, d.kind, '',
        shipment.number, NULL
    FROM inbound_discrepancy d JOIN inbound_shipment shipment ON shipment.id = d.shipment_id
    JOIN catalogue_sku k ON k.id = d.sku_id
    LEFT JOIN (inbound_vendorreturnline l JOIN inbound_vendorreturn r ON r.id = l.vendor_return_id
        AND r.state <> 'cancelled') ON l.discrepancy_id = d.id
    WHERE shipment.seller_id = %(seller)s AND shipment.node_id = %(node)s AND d.outcome = 'goes_back' AND %(places)s
    GROUP BY d.id, k.id, shipment.number HAVING d.quantity > coalesce(sum(l.quantity), 0)
    ORDER BY 6, 9, 10 LIMIT %(limit)s
"""


def lock(return_id: UUID, actor: Actor) -> VendorReturn:
    """A return that the actor has a side in, locked. Raises: NotFound."""
    row = (
        VendorReturn.objects.select_related("seller__organisation", "node", "enrolment__market")
        .select_for_update(of=("self",), no_key=True)
        .filter(id=return_id)
        .first()
    )
    if row is None:
        raise NotFound(kind="return")
    _side(actor, row.seller_id, row.node)
    return row


def demand_node(row: VendorReturn, actor: Actor) -> None:
    """Only whoever runs the node hands goods over and disposes of them. Raises: Denied."""
    if not actor.reaches("stock.receive", row.node.operator_id):
        raise Denied("inbound.return_not_yours", "Who runs the warehouse does that.")


def _side(actor: Actor, seller_id: UUID, node: Node | None) -> str:
    """Whose side the actor is on. Raises: NotFound for whoever has none."""
    if party_of(actor) is Party.SELLER:
        if actor.reaches("shipments.send", seller_id):
            return "seller"
    elif node is not None and actor.reaches("stock.receive", node.operator_id):
        return "node"
    raise NotFound(kind="return")


def _demand(row: VendorReturn, act: str, states: Collection[str]) -> None:
    if row.state not in states:
        raise Refused(
            "inbound.wrong_state",
            "{number} is at another stage: this cannot be done with it now.",
            number=row.number,
            state=row.state,
            act=act,
        )


def _end(row: VendorReturn, state: str, now: datetime) -> None:
    row.state, row.closed_at = state, now
    row.save()


def _key(back: Back) -> tuple[Any, ...]:
    return (back.stock_id, back.place_id, back.discrepancy_id)


def _audit(
    row: VendorReturn, act: str, actor: Actor, now: datetime, reason: str = "", after: dict[str, Any] | None = None
) -> None:
    audit.record(
        actor=actor, verb=f"vendor_returns.{act}", subject_kind="vendor_return", subject_id=row.id, now=now,
        reason=reason, after={"number": row.number, "state": row.state} | (after or {}),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ReturnView:
    """A return with its lines."""

    row: VendorReturn
    lines: Sequence[VendorReturnLine]

    @property
    def units(self) -> int:
        """All that goes back."""
        return sum(line.quantity for line in self.lines)


def _scoped(scope: Scope) -> QuerySet[VendorReturn]:
    rows = VendorReturn.objects.select_related("seller__organisation", "node", "enrolment")
    if scope.seller_id is not None:
        rows = rows.filter(seller_id=scope.seller_id)
    if scope.node_operator_id is not None:
        rows = rows.filter(node__operator_id=scope.node_operator_id)
    return rows


def list_returns(*, scope: Scope, is_open: bool, before: UUID | None = None, limit: int = 50) -> list[ReturnView]:
    """Returns that are open, or that are over, the newest first."""
    rows = _scoped(scope).filter(closed_at__isnull=is_open)
    if before is not None:
        rows = rows.filter(id__lt=before)
    return _with_lines(list(rows.order_by("-id")[:limit]))


def get_return(*, number: str, scope: Scope) -> ReturnView:
    """A return by its number. Raises: NotFound."""
    row = _scoped(scope).filter(number=number).first()
    if row is None:
        raise NotFound(kind="return")
    return _with_lines([row])[0]


def _with_lines(rows: Sequence[VendorReturn]) -> list[ReturnView]:
    found: dict[UUID, list[VendorReturnLine]] = {row.id: [] for row in rows}
    lines = VendorReturnLine.objects.filter(vendor_return__in=rows)
    for line in lines.select_related("sku", "stock", "place", "discrepancy__shipment").order_by("place__walk", "id"):
        found[line.vendor_return_id].append(line)
    return [ReturnView(row, found[row.id]) for row in rows]


def find_nodes(*, seller_id: UUID) -> list[UUID]:
    """The nodes of others at which goods of a seller stand."""
    rows = fetch_rows(
        "SELECT DISTINCT s.node_id FROM inventory_stock s JOIN logistics_node n ON n.id = s.node_id"
        " WHERE s.seller_id = %s AND n.operator_id <> %s AND s.on_hand > 0 AND s.condition <> 'coming'",
        [seller_id, seller_id],
    )
    return [row.node_id for row in rows]
