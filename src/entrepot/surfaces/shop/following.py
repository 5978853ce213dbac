"""An order put together for its shopper: suborders with lines, parcels and events, amounts with their parts.

Everything is read once, in a number of questions that does not grow with the order.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from entrepot.domain.aftersales import queries as cases
from entrepot.domain.aftersales.models import ReturnCase, ReturnLine
from entrepot.domain.catalogue import queries as catalogue
from entrepot.domain.conversations import queries as conversations
from entrepot.domain.conversations.models import Thread
from entrepot.domain.logistics import queries as logistics
from entrepot.domain.logistics.models import Parcel, ParcelLine
from entrepot.domain.orders import promises, purchases
from entrepot.domain.orders.models import Order, OrderEvent, OrderLine, Suborder
from entrepot.domain.orders.promises import PromiseView
from entrepot.domain.orders.rules import Quantities, order_state, without
from entrepot.domain.payments import queries as payments
from entrepot.domain.payments.models import Payment
from entrepot.domain.terms import queries as terms
from entrepot.domain.terms.rules import Party, Terms
from entrepot.flows.elsewhere import ELSEWHERE
from entrepot.surfaces.shared.components import Event, Explanation, Step, Text, Tone, Window
from entrepot.surfaces.shared.threads import SUBJECTS, state_of
from entrepot.surfaces.shop import ordered, sums
from entrepot.surfaces.shop.browsing import picture_of, product_url
from entrepot.surfaces.shop.frame import Visit
from entrepot.surfaces.shop.lateness import Told, tell
from entrepot.surfaces.shop.parties import Names, names_of
from entrepot.surfaces.shop.words import (
    DECLINED,
    DECLINED_OTHERWISE,
    EVENTS,
    ORDER_STATES,
    PARCEL_STATES,
    REFUNDED,
    REFUNDED_OTHERWISE,
    RETURN_STATES,
    TRACKING,
    coming,
    country,
    span,
)


@dataclass(frozen=True, slots=True)
class LineView:
    """A line as the shopper sees it; `notes` say what became of its units where that is not the same for all."""

    line: OrderLine
    href: str
    picture: str
    options: str
    notes: Sequence[str]
    amount_minor: int
    explanation: Explanation


@dataclass(frozen=True, slots=True)
class ParcelView:
    """A parcel on its way, with what is in it and what was said of it."""

    number: str
    state: tuple[Text, Tone]
    carrier: str
    tracking_number: str
    contents: Sequence[str]
    events: Sequence[Event]


@dataclass(frozen=True, slots=True)
class PartView:
    """What travels together: a suborder."""

    seller: str
    origin: str
    promised: str
    window: Window | None
    steps: Sequence[Step]
    lines: Sequence[LineView]
    parcels: Sequence[ParcelView]
    who: Sequence[tuple[Text, str]]
    serves: str
    late: Told | None = None
    coming: str = ""
    moved: str = ""


@dataclass(frozen=True, slots=True)
class ReturnView:
    """A return as the order's page shows it."""

    number: str
    href: str
    state: tuple[Text, Tone]
    contents: Sequence[str]


@dataclass(frozen=True, slots=True)
class RefundView:
    """Money of a line that goes back, and why. Units: minor."""

    why: Text
    amount_minor: int
    is_done: bool


@dataclass(frozen=True, slots=True)
class ThreadView:
    """A conversation as the order's page shows it."""

    subject: Text
    about: str
    state: tuple[Text, Tone]
    href: str
    is_unread: bool


@dataclass(frozen=True, slots=True)
class Followed:
    """A whole order."""

    order: Order
    lines: Sequence[OrderLine]
    state: tuple[Text, Tone]
    parts: Sequence[PartView]
    returns: Sequence[ReturnView]
    refunds: Sequence[RefundView]
    threads: Sequence[ThreadView]
    payment: Payment | None
    explanation: Explanation
    rows: Sequence[tuple[Text, int, Explanation]]
    events: Sequence[Event]
    cancellable: Sequence[tuple[UUID, str, int]]
    returnable: Sequence[tuple[UUID, str, int]]
    may_move: bool

    @property
    def serving(self) -> list[tuple[str, list[str]]]:
        """Who answers, and about whose goods."""
        about: dict[str, list[str]] = defaultdict(list)
        for part in self.parts:
            if part.seller not in about[part.serves]:
                about[part.serves].append(part.seller)
        return list(about.items())

    @property
    def declined(self) -> Text:
        """Why the payment came to nothing."""
        reason = self.payment.decline_reason if self.payment else ""
        return DECLINED.get(reason, DECLINED_OTHERWISE)

    @property
    def paid(self) -> list[tuple[Text, int]]:
        """What became of the money so far."""
        if self.payment is None:
            return []
        sums_of = (
            (_("Taken so far"), self.payment.captured_minor),
            (_("Let go"), self.payment.voided_minor),
            (_("Given back"), self.payment.refunded_minor),
        )
        return [(what, amount) for what, amount in sums_of if amount]


@dataclass(frozen=True, slots=True)
class Read:
    """The rows of an order."""

    order: Order
    lines: Sequence[OrderLine]
    suborders: Sequence[Suborder]
    parcels: Sequence[Parcel]
    contents: Mapping[UUID, Sequence[ParcelLine]]
    cases: Sequence[ReturnCase]
    case_lines: Mapping[UUID, Sequence[ReturnLine]]
    terms: Mapping[str, Terms]
    titles: Mapping[UUID, str] = field(default_factory=dict)
    promises: Mapping[UUID, PromiseView] = field(default_factory=dict)

    @property
    def outbound(self) -> list[Parcel]:
        """The parcels on the way to the shopper, without those that were taken apart."""
        return [each for each in self.parcels if each.direction == "outbound" and each.state != "cancelled"]


def read(visit: Visit, number: str) -> Read:
    """The rows of a shopper's own order. Raises: NotFound."""
    order = purchases.get_own_order(number=number, holder=visit.buyer)
    lines = purchases.list_lines(order_ids=[order.id])[order.id]
    suborders = purchases.list_suborders(order_ids=[order.id])
    found = cases.list_cases(order_ids=[order.id])
    parcels = logistics.list_parcels(reference_ids=[*(each.id for each in suborders), *(each.id for each in found)])
    return Read(
        order=order,
        lines=lines,
        suborders=suborders,
        parcels=parcels,
        contents=logistics.list_parcel_lines(parcel_ids=[each.id for each in parcels]),
        cases=found,
        case_lines=cases.list_lines(case_ids=[each.id for each in found]) if found else {},
        terms=terms.get_terms({line.terms_id for line in lines}),
        titles={line.id: line.title for line in lines},
        promises=promises.find_promises(suborder_ids=[each.id for each in suborders]),
    )


def follow(visit: Visit, number: str) -> Followed:
    """A shopper's own order, put together. Raises: NotFound."""
    rows = read(visit, number)
    order = rows.order
    names = names_of({each.seller_id for each in rows.suborders})
    pictures = catalogue.pictures({line.sku.product_id for line in rows.lines})
    adjustments = purchases.list_adjustments(line_ids=[line.id for line in rows.lines])
    tracking = logistics.list_tracking(parcel_ids=[each.id for each in rows.parcels])
    includes_tax = order.market.prices_include_tax
    # What takes the place of something else is paid as that was.
    asked = [line for line in rows.lines if line.replaces_id is None]
    replaced: Counter[UUID] = Counter()
    for line in rows.lines:
        if line.replaces_id is not None:
            replaced[line.replaces_id] += line.quantity
    views = {
        line.id: LineView(
            line=line,
            href=f"{product_url(line.sku.product_id)}?sku={line.sku_id.hex}",
            picture=picture_of(line.sku, pictures),
            options=", ".join(str(value).capitalize() for value in line.sku.options.values()),
            notes=_notes(line, replaced[line.id]),
            amount_minor=line.list_minor - line.discount_minor,
            explanation=sums.of_ordered(line, adjustments.get(line.id, []), includes_tax=includes_tax),
        )
        for line in rows.lines
    }
    return Followed(
        order=order,
        lines=rows.lines,
        state=told_state(order, rows.lines),
        parts=[_part(rows, suborder, views, tracking, names) for suborder in rows.suborders],
        returns=[_return(rows, each) for each in rows.cases],
        refunds=_refunds(rows),
        threads=[_thread(rows, each, visit.now) for each in conversations.list_of_order(order_id=order.id)],
        payment=payments.get_payments(reference_ids=[order.id]).get(order.id),
        explanation=ordered.whole_of(asked, names, includes_tax=includes_tax),
        rows=ordered.sums_of(asked, rows.suborders, names, includes_tax=includes_tax),
        events=_events(purchases.list_events(order_id=order.id), rows.titles),
        cancellable=cancellable(rows),
        returnable=returnable(rows, visit.now),
        may_move=may_move(rows),
    )


def may_move(rows: Read) -> bool:
    """Whether the address may still be changed."""
    is_packed = any(each.state == "packed" for each in rows.outbound)
    to_ship = any(quantities(line).to_ship for line in rows.lines)
    return rows.order.state == Order.State.PLACED and to_ship and not is_packed


def quantities(line: OrderLine) -> Quantities:
    """What became of the units of a line."""
    return Quantities(
        line.quantity, line.cancelled_qty, line.shipped_qty, line.delivered_qty, line.lost_qty, line.returned_qty
    )


def told_state(order: Order, lines: Sequence[OrderLine]) -> tuple[Text, Tone]:
    """Where an order stands, in a shopper's words."""
    replaced = sum(line.quantity for line in lines if line.replaces_id is not None)
    return ORDER_STATES[order_state(order.state, map(quantities, lines), replaced=replaced)]


def returnable(rows: Read, now: datetime) -> list[tuple[UUID, str, int]]:
    """How many units of each line may still be sent back: delivered, within the days of the terms, not asked for."""
    arrived: dict[UUID, list[range]] = defaultdict(list)
    days = {line.id: rows.terms[line.terms_id].returns.window_days for line in rows.lines}
    for parcel in rows.outbound:
        for part in rows.contents.get(parcel.id, ()):
            if parcel.delivered_at and now <= parcel.delivered_at + timedelta(days=days[part.line_id]):
                first = part.first_unit or 0
                arrived[part.line_id].append(range(first, first + part.quantity))
    taken: dict[UUID, list[range]] = defaultdict(list)
    open_states = (ReturnCase.State.REQUESTED, ReturnCase.State.IN_TRANSIT)
    for case in rows.cases:
        for back in rows.case_lines.get(case.id, ()) if case.state != ReturnCase.State.CANCELLED else ():
            units = back.quantity if case.state in open_states else back.received_qty
            taken[back.line_id].append(range(back.first_unit, back.first_unit + units))
    left = {line_id: sum(map(len, without(places, taken[line_id]))) for line_id, places in arrived.items()}
    return [(line.id, line.title, left[line.id]) for line in rows.lines if left.get(line.id)]


def cancellable(rows: Read) -> list[tuple[UUID, str, int]]:
    """How many units of each line have neither left nor stand in a parcel."""
    if rows.order.state != Order.State.PLACED:
        return []
    packed: dict[UUID, int] = defaultdict(int)
    for parcel in rows.outbound:
        if parcel.state == Parcel.State.PACKED:
            for part in rows.contents.get(parcel.id, ()):
                packed[part.line_id] += part.quantity
    left = [(line, quantities(line).to_ship - packed[line.id]) for line in rows.lines]
    return [(line.id, line.title, units) for line, units in left if units > 0]


def _notes(line: OrderLine, replaced: int) -> list[str]:
    """What became of units, where it is worth a word."""
    words = (
        (line.cancelled_qty - replaced, _("cancelled")),
        (replaced, _("sent otherwise, see below")),
        (line.lost_qty, _("lost on the way")),
        (line.returned_qty, _("sent back")),
    )
    return [_("{units} of {all} {what}").format(units=units, all=line.quantity, what=what)
            for units, what in words if units]  # fmt: skip


def _part(
    rows: Read,
    suborder: Suborder,
    views: Mapping[UUID, LineView],
    tracking: Mapping[UUID, Sequence[Any]],
    names: Names,
) -> PartView:
    own = [line for line in rows.lines if line.suborder_id == suborder.id]
    agreed = rows.terms[own[0].terms_id]
    parcels = [each for each in rows.outbound if each.reference_id == suborder.id]
    who = names.who(agreed, suborder.seller_id, ships=Party(suborder.performer_party))
    return PartView(
        seller=names.seller(suborder.seller_id),
        origin=country(suborder.node.country),
        promised=span(suborder.promised_from, suborder.promised_until),
        window=sums.of_kept_promise(suborder, agreed, names),
        steps=_steps(own, parcels) if rows.order.state == Order.State.PLACED else [],
        lines=[views[line.id] for line in own],
        parcels=[_parcel(rows, each, tracking.get(each.id, ())) for each in parcels],
        who=who,
        serves=who[2][1],
        late=tell(rows.promises.get(suborder.id), suborder.node.country),
        coming=_coming(suborder),
        moved=_moved(suborder),
    )


def _moved(suborder: Suborder) -> str:
    """That it comes from another warehouse than was planned, and whether later."""
    first = suborder.instead_of
    if first is None:
        return ""
    if suborder.promised_until <= first.promised_until:
        return _("Goods that were missing in one warehouse come to you from another, as soon as was promised.")
    day = span(first.promised_until, first.promised_until)
    return _(
        "Goods that were missing in one warehouse come to you from another, later than {day}, which was promised."
    ).format(day=day)


def _coming(suborder: Suborder) -> str:
    """That its goods are still on their way to where they leave from; nothing once they came."""
    if suborder.awaited_on is None or suborder.goods_came_at is not None or suborder.state != Suborder.State.OPEN:
        return ""
    return coming("", suborder.awaited_on)


def _steps(lines: Sequence[OrderLine], parcels: Collection[Parcel]) -> list[Step]:
    """Where a suborder of a placed order stands, in four steps."""
    units = sum(map(quantities, lines), Quantities(0))
    if not units.live:
        return [Step(_("Ordered"), "done"), Step(_("Cancelled"), "failed")]
    reached = 4 if units.delivered + units.lost == units.live else 2 if units.shipped else 1
    labels = [_("Ordered"), _("In preparation"), _("On its way"), _("Delivered")]
    notes = ["", "", "", ""]
    if reached == 1 and parcels:
        notes[1] = _("packed")
    if 0 < units.shipped < units.live:
        notes[2] = _("{units} of {all}").format(units=units.shipped, all=units.live)
    steps = [
        Step(label, "done" if place < reached else "current" if place == reached else "todo", notes[place])
        for place, label in enumerate(labels)
    ]
    if units.lost and units.lost + units.delivered == units.live and not units.delivered:
        steps[3] = Step(_("Lost on the way"), "failed")
    return steps


def _parcel(rows: Read, parcel: Parcel, said: Sequence[Any]) -> ParcelView:
    return ParcelView(
        number=parcel.number,
        state=PARCEL_STATES[parcel.state],
        carrier=parcel.carrier,
        tracking_number=parcel.tracking_number,
        contents=_contents(rows.contents.get(parcel.id, ()), rows.titles),
        events=[
            Event(each.occurred_at, TRACKING[each.kind][0], detail=each.place or each.note, tone=TRACKING[each.kind][1])
            for each in said
        ],
    )


def _return(rows: Read, case: ReturnCase) -> ReturnView:
    return ReturnView(
        number=case.number,
        href=reverse("shop:return", args=[rows.order.number, case.number]),
        state=RETURN_STATES[case.state],
        contents=_contents(rows.case_lines.get(case.id, ()), rows.titles),
    )


def _refunds(rows: Read) -> list[RefundView]:
    """What goes back, line by line."""
    back = payments.list_refunded(line_ids=[line.id for line in rows.lines])
    return [
        RefundView(
            _("{what}: {units} × {title}").format(
                what=REFUNDED.get(each.reason, REFUNDED_OTHERWISE),
                units=each.quantity,
                title=rows.titles.get(each.line_id, ""),
            ),
            each.amount_minor,
            each.state == "done",
        )
        for each in back
    ]


def _thread(rows: Read, thread: Thread, now: datetime) -> ThreadView:
    return ThreadView(
        SUBJECTS[thread.subject],
        rows.titles.get(thread.line_id, ""),
        state_of(thread, now, for_shopper=True),
        reverse("shop:conversation", args=[rows.order.number, thread.number]),
        bool(thread.unread_shopper),
    )


def _contents(parts: Sequence[Any], titles: Mapping[UUID, str]) -> list[str]:
    units: dict[UUID, int] = defaultdict(int)
    for part in parts:
        units[part.line_id] += part.quantity
    return [f"{count} × {titles.get(line_id, '')}" for line_id, count in units.items()]


def _events(events: Sequence[OrderEvent], titles: Mapping[UUID, str]) -> list[Event]:
    """What happened, newest first; what happened to several lines at once is told once. Who acted is not told."""
    together: dict[tuple[datetime, int, str], list[OrderEvent]] = defaultdict(list)
    order = list(EVENTS)
    for event in events:
        # What leaves from elsewhere was cancelled for the books only.
        if event.kind in EVENTS and event.data.get("reason") != ELSEWHERE:
            together[event.occurred_at, order.index(event.kind), event.kind].append(event)
    told = []
    for (at, _place, kind), members in sorted(together.items(), reverse=True):
        label, tone = EVENTS[kind]
        units: dict[UUID, int] = defaultdict(int)
        for each in members:
            if each.line_id and each.quantity:
                units[each.line_id] += each.quantity
        detail = ", ".join(f"{count} × {titles.get(line_id, '')}" for line_id, count in units.items())
        told.append(Event(at, label, detail=detail, tone=tone))
    return told
