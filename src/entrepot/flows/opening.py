"""Drafts become rows: orders, suborders, lines, holds, redemptions and payments, each table written once."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import count
from typing import Any, NamedTuple
from uuid import UUID

from entrepot.domain.accounts import services as accounts
from entrepot.domain.inventory import services as inventory
from entrepot.domain.inventory.services import NewHold
from entrepot.domain.orders import opening
from entrepot.domain.orders.opening import NewAdjustment, NewLine, NewOrder, NewSuborder
from entrepot.domain.payments import services as payments
from entrepot.domain.payments.services import NewPayment
from entrepot.domain.promotions import services as promotions
from entrepot.domain.promotions.services import NewRedemption
from entrepot.domain.terms.rules import Party, Task
from entrepot.flows.drafts import Draft, DraftLine, DraftSuborder
from entrepot.flows.requests import OrderRequest
from entrepot.flows.routing import Verdict
from entrepot.kernel import ids
from entrepot.kernel.money import split
from entrepot.kernel.rounds import Asked, check_references, together

#: What most lines have to say of where they come from, and of a border.
NOTHING: dict[str, Any] = {}


class Opening(NamedTuple):
    """A draft with the ids that its rows will have."""

    request: OrderRequest
    draft: Draft
    contact: Mapping[str, str]
    order_id: UUID
    contact_id: UUID
    payment_id: UUID
    number: str
    access_token: str


def prepare(rows: Sequence[tuple[OrderRequest, Draft, Mapping[str, str]]], now: datetime) -> list[Opening]:
    """Give drafts their ids."""
    drawn = iter(ids.new_ids(now, 3 * len(rows)))
    return [
        Opening(*row, *keys, ids.number("E", keys[0], 12), secrets.token_urlsafe(32))
        for row, keys in zip(rows, zip(drawn, drawn, drawn, strict=True), strict=True)
    ]


def claim(openings: Sequence[Opening], now: datetime) -> Asked:
    """Write the orders but those whose key or cart was taken meanwhile; the answer has the `id` of each."""
    return opening.claim_orders(
        rows=[
            NewOrder(
                id=each.order_id,
                number=each.number,
                checkout_key=each.request.checkout_key,
                request_hash=each.request.fingerprint,
                cart_id=each.request.cart_id,
                user_id=each.request.user_id,
                market_id=each.draft.market.id,
                currency=each.draft.market.currency,
                language=each.request.language or each.draft.market.languages[0],
                ship_to_id=each.contact_id,
                access_token=each.access_token,
                total_minor=each.draft.total_minor,
            )
            for each in openings
        ],
        now=now,
    )


class Written(NamedTuple):
    """What was written for some openings: the payments to be asked for, the lines, and what these are to hold."""

    payments: Sequence[NewPayment]
    lines: Sequence[NewLine]
    holds: Sequence[NewHold]


def write(openings: Sequence[Opening], now: datetime) -> Written:
    """Write everything of orders that are claimed along, but what `hold` does."""
    accounts.write_contacts(
        rows=[{**each.contact, "id": each.contact_id, "owner_user_id": each.request.user_id} for each in openings],
        now=now,
    )
    lines, holds = _write_lines(openings, now)
    promotions.redeem(
        rows=[
            NewRedemption(each.draft.voucher.id, each.order_id, each.draft.shopper_key, each.draft.discount_minor)
            for each in openings
            if each.draft.voucher is not None
        ],
        now=now,
    )
    new = [
        NewPayment(
            id=each.payment_id,
            reference_id=each.order_id,
            provider=each.request.provider,
            currency=each.draft.market.currency,
            amount_minor=each.draft.total_minor,
            instrument=each.request.instrument,
        )
        for each in openings
    ]
    payments.open_payments(rows=new, now=now)
    return Written(new, lines, holds)


def hold(written: Written, now: datetime) -> None:
    """Hold the goods of claimed orders: last, as others wait for the same goods until the commit. Raises: NotEnough."""
    with together():
        check_references()
        inventory.write_holds(rows=written.holds, now=now)


def _write_lines(openings: Sequence[Opening], now: datetime) -> tuple[list[NewLine], list[NewHold]]:
    """Suborders, lines and adjustments; the holds that they need. These end only if a provider takes its time."""
    suborders: list[NewSuborder] = []
    lines: list[NewLine] = []
    adjustments: list[NewAdjustment] = []
    holds: list[NewHold] = []
    wanted = sum(len(each.draft.suborders) + len(each.draft.lines) for each in openings)
    drawn = iter(ids.new_ids(now, wanted))
    promised: dict[tuple[Any, ...], list[dict[str, str]]] = {}
    for each in openings:
        position = count(1)
        for number, part in enumerate(each.draft.suborders, 1):
            legs = id(part.service and part.service.segments)
            key = (legs, part.ready_on, part.performer_party, id(part.terms), part.coming)
            segments = promised.get(key) or promised.setdefault(key, part.segments)
            suborder = suborder_row(next(drawn), each.order_id, f"{each.number}-{number}", part, segments)
            suborders.append(suborder)
            freight = split(suborder.freight_cost_minor, [line_weight(line) for line in part.lines])
            for line, freight_cost in zip(part.lines, freight, strict=True):
                row = line_row(next(drawn), suborder, line, next(position), freight_cost, each.request.attribution)
                lines.append(row)
                adjustments += adjustments_of(row.id, each.draft, line)
                holds += [
                    NewHold(taken.stock_id, row.id, taken.quantity, taken.per_unit, taken.offer_id)
                    for taken in line.drawn
                ]
    opening.write_suborders(rows=suborders, now=now)
    opening.write_lines(rows=lines, adjustments=adjustments, now=now)
    return lines, holds


def suborder_row(
    identity: UUID, order_id: UUID, number: str, part: DraftSuborder, segments: list[dict[str, str]]
) -> NewSuborder:
    """The row of a drafted suborder; suborders of one promise share its segments."""
    assert part.service
    assert part.ship_by
    return NewSuborder(
        id=identity,
        order_id=order_id,
        number=number,
        seller_id=part.seller_id,
        node_id=part.place.id,
        performer_id=part.place.operator_id,
        performer_party=part.performer_party,
        programme_code=part.programme_code,
        carrier=part.service.carrier,
        service=part.service.service,
        lane_code=part.service.lane,
        freight_cost_minor=part.service.cost_minor,
        ship_by=part.ship_by,
        promised_from=part.service.first,
        promised_until=part.service.last,
        confidence=Decimal(str(part.service.confidence)),
        segments=segments,
        carriage=part.service.as_document(),
        routing=_why(part, part.service.cost_minor),
        comes_with=part.coming.shipment_id if part.coming else None,
        awaited_on=part.coming.ready_on if part.coming else None,
    )


def _why(part: DraftSuborder, carriage_minor: int) -> dict[str, Any]:
    """Why a suborder leaves from its node, with what it really costs from there: carriage, and duty as it is charged.

    Where costs could not decide, because all nodes stand in one country, the others would have cost the same.
    """
    nodes = [dict(row) for row in part.why.get("nodes", ())]
    duty = sum(line.money.customs_duty_minor for line in part.lines if line.money)
    own = (part.place.code, part.coming.number if part.coming else None)
    is_alone = [(row["node"], row.get("coming")) for row in nodes if row["verdict"] == Verdict.CHOSEN] == [own]
    for row in nodes:
        if (row["node"], row.get("coming")) == own:
            row["cost_minor"] = carriage_minor + duty + row.get("import_minor", 0)
            row |= {"duty_minor": duty} if duty else {}
        elif is_alone and row["verdict"] == Verdict.NOT_NEEDED and row["cost_minor"] is None:
            row["cost_minor"] = carriage_minor + duty
    return {**part.why, "nodes": nodes} if nodes else {}


def line_weight(line: DraftLine) -> int:
    """What the units of a drafted line weigh, in grams."""
    return (line.item.sellable.weight_g or 0) * line.units


def line_row(
    identity: UUID,
    suborder: NewSuborder,
    line: DraftLine,
    position: int,
    freight_cost_minor: int,
    attribution: Mapping[str, Any],
) -> NewLine:
    """The row of a drafted line, everything frozen."""
    item, money = line.item, line.money
    assert money
    offer = item.sellable
    return NewLine(
        id=identity,
        order_id=suborder.order_id,
        suborder_id=suborder.id,
        seller_id=offer.seller_id,
        offer_id=offer.id,
        enrolment_id=offer.enrolment_id,
        sku_id=offer.sku_id,
        terms_id=offer.terms.digest,
        position=position,
        category_path=offer.category_path,
        title=item.title,
        quantity=line.units,
        list_minor=money.list_minor,
        discount_minor=money.discount_minor,
        goods_net_minor=money.goods_net_minor,
        goods_tax_minor=money.goods_tax_minor,
        shipping_net_minor=money.shipping_net_minor,
        shipping_tax_minor=money.shipping_tax_minor,
        customs_duty_minor=money.customs_duty_minor,
        total_minor=money.total_minor,
        tax_rate=item.tax_rate,
        tax_collector=offer.terms.performer(Task.TAX_COLLECTION) or "",
        freight_cost_minor=freight_cost_minor,
        supply_minor=None if item.supply_minor is None else item.supply_minor * line.units,
        supply_currency=item.supply_currency,
        fx_rate=item.fx.rate,
        fx_on=None if item.fx.published_on == date.min else item.fx.published_on,
        fx_source=item.fx.source,
        attribution=dict(attribution) if attribution else NOTHING,
        border=dict(line.border) if line.border else NOTHING,
    )


def adjustments_of(line_id: UUID, draft: Draft, line: DraftLine) -> list[NewAdjustment]:
    """The parts of a line's discount by funder."""
    voucher, money = draft.voucher, line.money
    if voucher is None or money is None:
        return []
    shares = {
        Party.PLATFORM: money.platform_discount_minor,
        Party.SELLER: money.discount_minor - money.platform_discount_minor,
    }
    return [
        NewAdjustment(line_id, "voucher", voucher.id, voucher.label, funder, amount)
        for funder, amount in shares.items()
        if amount
    ]
