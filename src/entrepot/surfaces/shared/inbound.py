"""Stock orders and shipments as both sides see them: their states, their steps, their events in words."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from entrepot.domain.accounts import queries as accounts
from entrepot.domain.catalogue import queries as catalogue
from entrepot.domain.inbound import papers
from entrepot.domain.inbound.models import InboundEvent, Shipment, StockOrder, StockOrderLine
from entrepot.domain.inbound.queries import ShipmentView
from entrepot.domain.logistics import labels
from entrepot.kernel.errors import NotFound
from entrepot.surfaces.shared.components import Event, Explanation, Part, Step, Text, Tone, Trace


class Said(NamedTuple):
    """A state in words, with the tone of its badge."""

    label: Text
    tone: Tone = "neutral"


ORDERS: Mapping[str, Said] = {
    "asked": Said(gettext_lazy("Asked"), "warn"),
    "countered": Said(gettext_lazy("Counter-offer"), "info"),
    "accepted": Said(gettext_lazy("Accepted, to pack"), "accent"),
    "packed": Said(gettext_lazy("Packed, to send"), "accent"),
    "shipped": Said(gettext_lazy("On its way"), "info"),
    "arrived": Said(gettext_lazy("Arrived"), "info"),
    "receiving": Said(gettext_lazy("Being counted"), "info"),
    "received": Said(gettext_lazy("Received"), "good"),
    "declined": Said(gettext_lazy("Declined"), "bad"),
    "returned": Said(gettext_lazy("Sent back"), "bad"),
    "void": Said(gettext_lazy("Void")),
    "cancelled": Said(gettext_lazy("Cancelled")),
}
SHIPMENTS: Mapping[str, Said] = {
    "draft": Said(gettext_lazy("Draft"), "warn"),
    "announced": Said(gettext_lazy("Announced"), "accent"),
    "in_transit": Said(gettext_lazy("On its way"), "info"),
    "arrived": Said(gettext_lazy("Arrived"), "warn"),
    "receiving": Said(gettext_lazy("Being counted"), "warn"),
    "closed": Said(gettext_lazy("Received"), "good"),
    "refused": Said(gettext_lazy("Turned away"), "bad"),
    "cancelled": Said(gettext_lazy("Cancelled")),
}
EVENTS: Mapping[str, Said] = {
    "asked": Said(gettext_lazy("Goods asked for"), "accent"),
    "accepted": Said(gettext_lazy("Accepted"), "good"),
    "countered": Said(gettext_lazy("Counter-offer"), "warn"),
    "declined": Said(gettext_lazy("Declined"), "bad"),
    "agreed": Said(gettext_lazy("Counter-offer agreed to"), "good"),
    "refused": Said(gettext_lazy("Turned down"), "bad"),
    "cancelled": Said(gettext_lazy("Cancelled"), "bad"),
    "void": Said(gettext_lazy("Void: the goods never left"), "bad"),
    "late": Said(gettext_lazy("Late"), "warn"),
    "drafted": Said(gettext_lazy("Shipment begun")),
    "announced": Said(gettext_lazy("Shipment announced"), "accent"),
    "shipped": Said(gettext_lazy("Left"), "accent"),
    "arrived": Said(gettext_lazy("Arrived"), "accent"),
    "counting": Said(gettext_lazy("Counting began"), "accent"),
    "inspected": Said(gettext_lazy("Inspected"), "accent"),
    "way_planned": Said(gettext_lazy("Way planned")),
    "leg_done": Said(gettext_lazy("Leg done"), "accent"),
    "cost_entered": Said(gettext_lazy("Bill entered")),
    "valued": Said(gettext_lazy("Value for customs given")),
    "landed": Said(gettext_lazy("Landed cost shared out"), "good"),
    "slot_booked": Said(gettext_lazy("Time at the dock booked")),
    "slot_moved": Said(gettext_lazy("Time at the dock moved")),
    "slot_given_back": Said(gettext_lazy("Time at the dock given back")),
    "slot_missed": Said(gettext_lazy("Time at the dock missed"), "bad"),
    "sold_ahead": Said(gettext_lazy("Sale ahead changed"), "accent"),
    "put_away": Said(gettext_lazy("Put away into stock"), "good"),
    "received": Said(gettext_lazy("Receiving closed"), "good"),
}
DISCREPANCIES: Mapping[str, Said] = {
    "short": Said(gettext_lazy("Too few"), "bad"),
    "over": Said(gettext_lazy("Too many"), "warn"),
    "wrong_item": Said(gettext_lazy("Not announced"), "warn"),
    "damaged": Said(gettext_lazy("Damaged"), "bad"),
    "failed": Said(gettext_lazy("Failed the inspection"), "bad"),
}
OUTCOMES: Mapping[str, Text] = {
    "missing": gettext_lazy("missing"),
    "taken": gettext_lazy("kept here"),
    "goes_back": gettext_lazy("goes back to the seller"),
}
PARTIES: Mapping[str, Text] = {
    "platform": gettext_lazy("the marketplace"),
    "seller": gettext_lazy("the seller"),
    "third_party": gettext_lazy("the partner"),
}
#: When the goods become the platform's, by the word of the terms.
TITLE: Mapping[str, Text] = {
    "receipt": gettext_lazy("The marketplace buys the goods as they are put away, at these prices."),
    "sale": gettext_lazy("The goods stay the seller's until each unit is sold; then its supply price is earned."),
    "delivery": gettext_lazy("The goods stay the seller's until each unit is delivered."),
}
_ORDER_STEPS = ("asked", "accepted", "packed", "shipped", "arrived", "received")
_ORDER_PLACE = {"asked": 0, "countered": 0, "accepted": 1, "packed": 2, "shipped": 3, "arrived": 4, "receiving": 4}
_SHIPMENT_STEPS = ("draft", "announced", "in_transit", "arrived", "receiving", "closed")
_STEP_WORDS: Mapping[str, Text] = {
    "asked": gettext_lazy("Asked"),
    "accepted": gettext_lazy("Accepted"),
    "packed": gettext_lazy("Packed"),
    "shipped": gettext_lazy("Left"),
    "arrived": gettext_lazy("Arrived"),
    "received": gettext_lazy("Received"),
    "draft": gettext_lazy("Packed"),
    "announced": gettext_lazy("Announced"),
    "in_transit": gettext_lazy("Left"),
    "receiving": gettext_lazy("Counted"),
    "closed": gettext_lazy("In stock"),
}


_LATE_WITH: Mapping[str, Text] = {
    "answer": gettext_lazy("with the answer"),
    "departure": gettext_lazy("to leave"),
}
_SLOT_WORDS: Mapping[str, Text] = {
    "late": gettext_lazy("later than its time at the dock"),
    "missed": gettext_lazy("after its time at the dock had passed"),
    "none": gettext_lazy("without a time at the dock"),
}


def order_steps(order: StockOrder) -> list[Step]:
    """How far a stock order is."""
    if order.state == "received":
        return [Step(_STEP_WORDS[name], "done") for name in _ORDER_STEPS]
    reached = _ORDER_PLACE.get(order.state)
    if reached is None:
        done = 1 if order.agreed_minor is None else 2
        ended = [Step(_STEP_WORDS[name], "done") for name in _ORDER_STEPS[:done]]
        return [*ended, Step(ORDERS[order.state].label, "failed")]
    return _steps(_ORDER_STEPS, reached + 1)


def shipment_steps(shipment: Shipment) -> list[Step]:
    """How far a shipment is."""
    if shipment.state in ("refused", "cancelled"):
        moments = (shipment.announced_at, shipment.shipped_at, shipment.arrived_at)
        passed = [name for name, at in zip(_SHIPMENT_STEPS[1:], moments, strict=False) if at]
        return [
            *(Step(_STEP_WORDS[name], "done") for name in ("draft", *passed)),
            Step(SHIPMENTS[shipment.state].label, "failed"),
        ]
    if shipment.state == "closed":
        return [Step(_STEP_WORDS[name], "done") for name in _SHIPMENT_STEPS]
    return _steps(_SHIPMENT_STEPS, _SHIPMENT_STEPS.index(shipment.state) + (shipment.state != "draft"))


def _steps(names: Sequence[str], current: int) -> list[Step]:
    return [
        Step(_STEP_WORDS[name], "done" if place < current else "current" if place == current else "todo")
        for place, name in enumerate(names)
    ]


def timeline(events: Sequence[InboundEvent]) -> list[Event]:
    """What happened, in the order in which it did."""
    return [_event(each) for each in events]


def _event(each: InboundEvent) -> Event:
    said = EVENTS.get(each.kind, Said(each.kind))
    parts: list[str] = []
    if each.kind == "late":
        what = _LATE_WITH.get(each.data.get("with", ""), gettext_lazy("with the goods"))
        parts.append(_("{who}, {what}").format(who=PARTIES.get(each.party, each.party), what=what))
    elif each.data.get("late"):
        parts.append(_("after the time that was set"))
    if each.kind == "inspected":
        words = (
            _("{defects} faulty of {sample}: passed")
            if each.data["passed"]
            else _("{defects} faulty of {sample}: failed")
        )
        parts.append(words.format(**each.data))
    if each.kind.startswith("slot_"):
        local = datetime.fromisoformat(each.data["starts_at"]).astimezone(ZoneInfo(each.data["zone"]))
        parts.append(f"{date_format(local, 'D j M')}, {local:%H:%M}")
    if each.data.get("slot") in _SLOT_WORDS:
        parts.append(str(_SLOT_WORDS[each.data["slot"]]))
    if "units" in each.data:
        parts.append(_("{units} units").format(units=each.data["units"]))
    if each.kind in ("way_planned", "leg_done"):
        parts.append(str(each.data.get("leg") or each.data.get("lane")))
    if each.data.get("carrier"):
        parts.append(str(each.data["carrier"]))
    if each.note:
        parts.append(each.note)
    by = "" if each.kind in ("late", "void") else each.actor_label
    return Event(each.created_at, said.label, detail=", ".join(parts), by=by, tone=said.tone)


def order_total(order: StockOrder, lines: Sequence[StockOrderLine], titles: Mapping[UUID, str]) -> Explanation:
    """What a stock order comes to, line by line, as it was agreed or else asked."""
    parts = [
        Part(
            titles.get(line.sku.product_id, line.sku.code),
            units_of(line) * line.unit_minor,
            note=_("{units} × the supply price of quote {version}").format(
                units=units_of(line), version=line.quote_version
            ),
        )
        for line in lines
    ]
    return Explanation(_("What the order comes to"), parts, [Trace(_("Stock order"), order.number)])


def units_of(line: StockOrderLine) -> int:
    """The units that count of a line: agreed, else offered, else asked."""
    known = (line.agreed_qty, line.offered_qty, line.asked_qty)
    return next(units for units in known if units is not None)


def titles_of(product_ids: Sequence[UUID], languages: Sequence[str]) -> dict[UUID, str]:
    """What products are called."""
    found = catalogue.texts(set(product_ids), languages=languages)
    return {product_id: text.title for product_id, text in found.items()}


def paper(view: ShipmentView, kind: str, *, languages: Sequence[str], now: datetime) -> HttpResponse:
    """The carton labels or the packing list of a shipment as a PDF. Raises: NotFound for another kind or no carton."""
    if not view.cartons or kind not in ("labels", "packing-list"):
        raise NotFound(kind="paper")
    shipment = view.shipment
    seller = shipment.seller.organisation
    node = shipment.node
    to = accounts.get_contact(contact_id=node.address_id) if node.address_id else None
    sender = [seller.name, seller.country]
    recipient = labels.address_lines(to) or [node.name, node.country]
    if kind == "labels":
        content = papers.carton_labels(shipment, view.cartons, sender=sender, recipient=recipient, now=now)
    else:
        titles = titles_of([each.product_id for each in view.positions], languages)
        content = papers.packing_list(
            shipment, view.cartons, titles=titles, sender=sender, recipient=recipient, now=now
        )
    return HttpResponse(
        content,
        content_type="application/pdf",
        headers={
            "Content-Disposition": f'inline; filename="{shipment.number}-{kind}.pdf"',
            "Cache-Control": "private, no-store",
        },
    )
