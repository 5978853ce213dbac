"""What comes back: asked for by the shopper, sent under a label, received where the terms say, and refunded.

Who handles a return, where it goes and who bears what follow from the terms of the line, never from the programme of
today. Money goes back only for units that came back, place by place, so that no unit is refunded twice.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.crypto import constant_time_compare

from entrepot.domain.accounts.models import Contact
from entrepot.domain.aftersales import queries as cases
from entrepot.domain.aftersales import rules, services
from entrepot.domain.aftersales.models import ReturnCase, ReturnLine
from entrepot.domain.inventory import queries as stock
from entrepot.domain.inventory import services as inventory
from entrepot.domain.inventory.services import Receipt
from entrepot.domain.logistics import labels, parcels
from entrepot.domain.logistics import queries as logistics
from entrepot.domain.logistics.models import Parcel
from entrepot.domain.logistics.parcels import NewParcel, NewTracking
from entrepot.domain.orders import progress, work
from entrepot.domain.orders.models import Order, Suborder
from entrepot.domain.orders.progress import LockedLine, NewEvent, Step
from entrepot.domain.orders.rules import EventKind, share_minor, take, without
from entrepot.domain.payments import queries as payment_reads
from entrepot.domain.payments import services as payments
from entrepot.domain.payments.providers import Act
from entrepot.domain.payments.services import NewCall
from entrepot.domain.terms import queries as terms
from entrepot.flows import delivering, settling
from entrepot.flows.deliveries import tell_refunds
from entrepot.flows.return_terms import case_of
from entrepot.kernel import media, outbox
from entrepot.kernel.actors import SYSTEM, Actor
from entrepot.kernel.crashing import crash_point
from entrepot.kernel.db import retried
from entrepot.kernel.errors import Denied, Invalid, NotFound, Refused

#: Why a refund is made.
RETURNED = "return"

#: A refund whose answer is still missing after this long is asked for again.
REFUND_GRACE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Received:
    """So many units of a line that came back, and what becomes of them; as the terms say where it is left out."""

    line_id: UUID
    quantity: int
    disposition: str = ""


class WindowOver(Refused):
    """It is too late to return these units."""

    code = "aftersales.window_over"
    message = "Units could be returned within {days} days of their delivery; of line {line}, {left} still can."


class TooManyPhotos(Invalid):
    """More photographs than anybody looks at."""

    code = "aftersales.too_many_photos"
    message = "A return takes {most} photographs at most."

    def __init__(self, **values: Any) -> None:
        super().__init__(field="photos", **values)


class BeyondDelivered(Refused):
    """More units than were delivered and not asked for before."""

    code = "aftersales.beyond_delivered"
    message = "Of line {line}, {left} units can be returned; {asked} were asked for."


def request_return(
    *,
    order_id: UUID,
    lines: Sequence[tuple[UUID, int]],
    reason: str,
    actor: Actor,
    now: datetime,
    access_token: str = "",
    note: str = "",
    photos: Sequence[bytes] = (),
) -> list[ReturnCase]:
    """Ask to send units of an order back; one case for each suborder and wording of terms that they belong to.

    Where they are worth less than the terms want back, the shopper keeps them and the case only waits for its refund.
    Raises: NotFound to whoever has no right to the order, Invalid, WindowOver, BeyondDelivered.
    """
    order = _own_order(order_id, actor, access_token)
    if reason not in rules.CAUSES:
        raise Invalid(
            "aftersales.unknown_reason", "Choose a reason: {known}.", field="reason", known=", ".join(rules.CAUSES)
        )
    if not lines or any(units <= 0 for _, units in lines):
        raise Invalid("aftersales.nothing_asked", "Say what you want to return.", field="lines")
    if len(photos) > rules.PHOTOS_MAX:
        raise TooManyPhotos(most=rules.PHOTOS_MAX)
    kept = [_keep_photo(each) for each in photos]
    return retried(lambda: _request(order, dict(lines), reason, note, kept, actor, now))


def add_photo(*, case_id: UUID, photo: bytes, actor: Actor, now: datetime, access_token: str = "") -> ReturnCase:
    """One more photograph of a return that has not come back yet, by its shopper. Raises: NotFound, Invalid."""
    case = cases.get_case(case_id=case_id)
    _own_order(case.order_id, actor, access_token)
    name = _keep_photo(photo)
    with transaction.atomic():
        case = services.lock_cases(case_ids=[case_id], to=ReturnCase.State.RECEIVED)[case_id]
        if len(case.photos) >= rules.PHOTOS_MAX:
            raise TooManyPhotos(most=rules.PHOTOS_MAX)
        services.add_photo(case=case, photo=name)
    return cases.get_case(case_id=case_id)


def _keep_photo(content: bytes) -> str:
    try:
        return media.keep_picture(content, private=True)
    except Invalid as refusal:
        refusal.field = "photos"
        raise


def cancel_return(*, case_id: UUID, actor: Actor, now: datetime, access_token: str = "") -> None:
    """The shopper keeps the goods after all. Raises: NotFound, WrongState once they have come back."""
    case = cases.get_case(case_id=case_id)
    _own_order(case.order_id, actor, access_token)
    with transaction.atomic():
        services.lock_cases(case_ids=[case_id], to=ReturnCase.State.CANCELLED)
        services.end_cases(case_ids=[case_id], state=ReturnCase.State.CANCELLED, now=now)
        parcels.cancel_packed(reference_ids=[case_id])


def send_label(*, case_id: UUID, actor: Actor, now: datetime, access_token: str = "") -> str:
    """The label (media name of a PDF) under which the goods come back; made once. What it costs stands in the case.

    For the shopper, for who handles the return and for the operator. Raises: NotFound, WrongState.
    """
    case = cases.get_case(case_id=case_id)
    if not actor.reaches("returns.handle", case.node.operator_id):
        _own_order(case.order_id, actor, access_token)
    return retried(lambda: _send_label(case, now))


def receive_return(*, case_id: UUID, received: Sequence[Received], actor: Actor, now: datetime) -> ReturnCase:
    """Take in what came back, which may be less than was announced, and do with each unit what its disposition says.

    Restocked units are for sale again, discarded ones leave the books, those for their owner wait for it and are not
    for sale, and kept ones never came: the shopper has them and is refunded all the same.
    Raises: NotFound, Denied, WrongState, Invalid without a disposition where the terms ask for an inspection,
    BeyondDelivered for more than was announced.
    """
    case = cases.get_case(case_id=case_id)
    _demand(case, actor)
    if not received or any(each.quantity <= 0 for each in received):
        raise Invalid("aftersales.nothing_received", "Say what came back.", field="received")
    retried(lambda: _receive(case, received, actor, now))
    return cases.get_case(case_id=case_id)


def refund(*, case_ids: Collection[UUID], actor: Actor, now: datetime) -> list[UUID]:
    """Give back the money of units that were received; the cases that are refunded by it.

    A refund that the provider refuses or leaves unanswered stands as such: the case stays received, and this or the
    sweep asks again. Raises: NotFound, Denied, WrongState, BeyondCaptured.
    """
    for case in cases.list_cases(ids=case_ids, limit=len(case_ids)):
        _demand(case, actor)
    refund_ids, nothing = retried(lambda: _open_refunds(case_ids, now))
    return sorted([*nothing, *_finish(refund_ids, actor, now)])


def sweep_refunds(*, now: datetime, limit: int = 500) -> int:
    """Ask again for refunds of returns whose answer is missing; how many cases are refunded by it."""
    waiting = payment_reads.list_open_calls(act=Act.REFUND, before=now - REFUND_GRACE, reason=RETURNED, limit=limit)
    return len(_finish(waiting, SYSTEM, now))


def _own_order(order_id: UUID, actor: Actor, access_token: str) -> Order:
    """The order, for its shopper, for who holds a guest's token and for the operator. Raises: NotFound."""
    order = Order.objects.select_related("market").filter(id=order_id).first()
    if order is None:
        raise NotFound(kind="order")
    if order.user_id is not None:
        is_own = order.user_id == actor.user_id
    else:
        is_own = bool(access_token) and constant_time_compare(access_token, order.access_token)
    if not (is_own or actor == SYSTEM or actor.verbs.get("returns.handle") == "all"):
        raise NotFound(kind="order")
    return order


def _demand(case: ReturnCase, actor: Actor) -> None:
    """Only who runs the node that the goods come to handles the case. Raises: NotFound, Denied."""
    if actor.reaches("returns.handle", case.node.operator_id):
        return
    if case.node.operator_id == actor.organisation_id:
        raise Denied("accounts.verb_missing", "Your role does not include “{verb}”.", verb="returns.handle")
    raise NotFound(kind="return")


@transaction.atomic
def _request(
    order: Order,
    wanted: dict[UUID, int],
    reason: str,
    note: str,
    photos: Sequence[str],
    actor: Actor,
    now: datetime,
) -> list[ReturnCase]:
    lines = progress.lock_lines(line_ids=wanted)
    if any(line.order_id != order.id for line in lines.values()):
        raise NotFound(kind="order line")
    agreed = terms.get_terms({line.terms_id for line in lines.values()})
    arrivals = logistics.list_arrivals(line_ids=wanted)
    taken = services.taken_places(line_ids=wanted)
    groups: dict[tuple[UUID, str], list[tuple[UUID, int, int]]] = defaultdict(list)
    for line_id, units in wanted.items():
        line = lines[line_id]
        window = agreed[line.terms_id].returns.window_days
        places = _places(line_id, units, arrivals.get(line_id, []), taken.get(line_id, []), window, now)
        groups[line.suborder_id, line.terms_id] += [(line_id, each.start, len(each)) for each in places]
    suborders = Suborder.objects.in_bulk([suborder_id for suborder_id, _ in groups])
    made = services.open_cases(
        cases=[
            case_of(order, suborders[suborder_id], agreed[terms_id], reason, note, photos, parts)
            for (suborder_id, terms_id), parts in groups.items()
        ],
        now=now,
    )
    progress.append_events(
        events=[
            NewEvent(order.id, EventKind.RETURN_REQUESTED, case.suborder_id, line_id, units,
                     {"case_id": str(case.id), "reason": reason})
            for case, parts in zip(made, groups.values(), strict=True)
            for line_id, _, units in parts
        ],
        actor=actor,
        now=now,
    )  # fmt: skip
    for case, ((_, terms_id), parts) in zip(made, groups.items(), strict=True):
        if _worth(parts, lines) < agreed[terms_id].returns.keep_below_minor.get(order.currency, 0):
            _keep(case, parts, actor, now)
    outbox.append([_told("return.requested", case) for case in made], now=now)
    crash_point("return.opened")
    return made


def _worth(parts: Sequence[tuple[UUID, int, int]], lines: Mapping[UUID, LockedLine]) -> int:
    return sum(share_minor(lines[line_id], first, units) for line_id, first, units in parts)


def _keep(case: ReturnCase, parts: Sequence[tuple[UUID, int, int]], actor: Actor, now: datetime) -> None:
    """By its terms this is worth less than its way back: the shopper keeps it, and the refund waits to be made."""
    kept = ReturnLine.Disposition.KEPT
    progress.advance(
        steps=[
            Step(line_id, EventKind.RETURN_RECEIVED, units, {"case_id": str(case.id), "disposition": kept})
            for line_id, _, units in parts
        ],
        actor=actor,
        now=now,
    )
    stretches: dict[UUID, list[tuple[range, int, str]]] = defaultdict(list)
    for line_id, first, units in parts:
        stretches[line_id].append((range(first, first + units), units, kept))
    services.write_received(case_id=case.id, stretches=stretches, now=now)
    case.refresh_from_db()


def _places(
    line_id: UUID,
    units: int,
    arrivals: Sequence[tuple[range, datetime]],
    taken: Sequence[range],
    window_days: int,
    now: datetime,
) -> list[range]:
    """The places of the units to return: delivered within the window and not asked for before."""
    delivered = without([places for places, _ in arrivals], taken)
    in_time = without([places for places, at in arrivals if now <= at + timedelta(days=window_days)], taken)
    left = sum(map(len, in_time))
    if units <= left:
        return take(in_time, units)
    if units <= sum(map(len, delivered)):
        raise WindowOver(line=str(line_id), left=left, days=window_days)
    raise BeyondDelivered(line=str(line_id), left=left, asked=units)


@transaction.atomic
def _send_label(case: ReturnCase, now: datetime) -> str:
    locked = services.lock_cases(case_ids=[case.id])[case.id]
    if locked.state not in (ReturnCase.State.REQUESTED, ReturnCase.State.IN_TRANSIT):
        raise services.WrongState(number=case.number, state=locked.state, next="labelled")
    if made := logistics.list_parcels(reference_ids=[case.id]):
        return made[0].label_media
    order = Order.objects.select_related("market", "ship_to").get(id=case.order_id)
    units: dict[UUID, int] = defaultdict(int)
    for part in cases.list_lines(case_ids=[case.id])[case.id]:
        units[part.line_id] += part.quantity
    weights = work.unit_weights(line_ids=units)
    weight_g = sum(weights[line_id] * count for line_id, count in units.items())
    # The way back is priced as the way there from the same country, by what is published on the day.
    way = delivering.Parcel(
        origin=case.node.country, market_code=order.market.code, destination=order.market.country,
        currency=order.currency, ready_on=now.date(), weight_g=weight_g, goods_minor=0, units=sum(units.values()),
    )  # fmt: skip
    [options] = delivering.find_options([way], on=now.date())
    quote = delivering.first_that_goes(options)
    [parcel] = parcels.pack(
        parcels=[
            NewParcel(
                reference_id=case.id,
                node_id=case.node_id,
                destination_id=case.return_to_id,
                weight_g=weight_g,
                cost_currency=order.currency,
                cost_minor=quote.cost_minor if quote else case.suborder.freight_cost_minor,
                carrier=quote.carrier if quote else case.suborder.carrier,
                service=quote.service if quote else case.suborder.service,
                direction=Parcel.Direction.RETURN,
                lines=list(units.items()),
            )
        ],
        now=now,
    )
    name = media.keep(labels.render(_label(case, parcel, order.ship_to, now)), "pdf")
    parcels.keep_labels(labels=[(parcel.id, case.return_to_id, name)])
    parcels.append_tracking(events=[NewTracking(parcel.id, "label_made", "claim", now, "label_made")], now=now)
    services.set_freight(case_id=case.id, cost_minor=parcel.cost_minor)
    return name


def _label(case: ReturnCase, parcel: Parcel, shopper: Contact, now: datetime) -> labels.Label:
    to = Contact.objects.get(id=case.return_to_id) if case.return_to_id else None
    return labels.Label(
        number=parcel.number,
        carrier=parcel.carrier,
        service=parcel.service,
        sender=labels.address_lines(shopper),
        recipient=labels.address_lines(to) or [case.node.name, case.node.country],
        reference=case.number,
        weight_g=parcel.weight_g,
        made_on=now,
    )


@transaction.atomic
def _receive(case: ReturnCase, received: Sequence[Received], actor: Actor, now: datetime) -> None:
    asked: dict[UUID, list[range]] = defaultdict(list)
    for part in cases.list_lines(case_ids=[case.id])[case.id]:
        asked[part.line_id].append(range(part.first_unit, part.first_unit + part.quantity))
    if unknown := {each.line_id for each in received} - asked.keys():
        raise NotFound(kind="order line", id=str(min(unknown)))
    lines = progress.lock_lines(line_ids=asked)
    services.lock_cases(case_ids=[case.id], to=ReturnCase.State.RECEIVED)
    agreed = terms.get_terms({line.terms_id for line in lines.values()})
    stretches: dict[UUID, list[tuple[range, int, str]]] = defaultdict(list)
    counted: dict[tuple[UUID, str], int] = defaultdict(int)
    for each in received:
        usual = rules.DISPOSITIONS[agreed[lines[each.line_id].terms_id].returns.disposition]
        disposition = each.disposition or usual
        if disposition not in ReturnLine.Disposition.values:
            raise Invalid(
                "aftersales.disposition_missing",
                "Say what becomes of the units: {known}.",
                field="disposition",
                known=", ".join(ReturnLine.Disposition.values),
            )
        left = sum(map(len, asked[each.line_id]))
        if each.quantity > left:
            raise BeyondDelivered(line=str(each.line_id), left=left, asked=each.quantity)
        came = take(asked[each.line_id], each.quantity)
        asked[each.line_id] = without(asked[each.line_id], came)
        stretches[each.line_id] += [(places, len(places), disposition) for places in came]
        counted[each.line_id, disposition] += each.quantity
    for line_id, missing in asked.items():
        stretches[line_id] += [(places, 0, "") for places in missing]
    progress.advance(
        steps=[
            Step(line_id, EventKind.RETURN_RECEIVED, units, {"case_id": str(case.id), "disposition": disposition})
            for (line_id, disposition), units in counted.items()
        ],
        actor=actor,
        now=now,
    )
    inventory.receive(rows=_receipts(case, counted, lines), now=now)
    services.write_received(case_id=case.id, stretches=stretches, now=now)
    parcels.arrive_return(reference_id=case.id, now=now)
    crash_point("return.received")


def _receipts(
    case: ReturnCase, counted: Mapping[tuple[UUID, str], int], lines: Mapping[UUID, LockedLine]
) -> list[Receipt]:
    """The movements of what came back, component by component, for whoever owned what was shipped."""
    shipped = stock.list_shipped(line_ids=[line_id for line_id, _ in counted])
    receipts = []
    for (line_id, disposition), units in counted.items():
        for part in shipped[line_id]:

            def receipt(
                kind: str, condition: str, sign: int = 1, part: Any = part, units: int = units, line_id: UUID = line_id
            ) -> Receipt:
                return Receipt(
                    lines[line_id].seller_id,
                    part.owner_id,
                    case.node_id,
                    part.sku_id,
                    sign * units * part.per_unit,
                    kind,
                    "return_case",
                    case.id,
                    part.lot,
                    condition,
                    line_id,
                )

            if disposition == ReturnLine.Disposition.RESTOCK:
                receipts.append(receipt("returned", "new"))
            elif disposition == ReturnLine.Disposition.TO_OWNER:
                receipts.append(receipt("returned", "opened"))
            elif disposition == ReturnLine.Disposition.DISCARD:
                receipts += [receipt("returned", "damaged"), receipt("discarded", "damaged", -1)]
    return receipts


@transaction.atomic
def _open_refunds(case_ids: Collection[UUID], now: datetime) -> tuple[list[UUID], list[UUID]]:
    """Write that the money of received cases is about to be given back; the cases that have none to give."""
    inside = cases.list_lines(case_ids=case_ids)
    lines = progress.lock_lines(line_ids={part.line_id for parts in inside.values() for part in parts})
    locked = services.lock_cases(case_ids=case_ids, to=ReturnCase.State.REFUNDED)
    paid = payment_reads.get_payments(reference_ids={case.order_id for case in locked.values()})
    calls, nothing = [], []
    for case in locked.values():
        amounts: dict[UUID, tuple[int, int]] = defaultdict(lambda: (0, 0))
        for part in inside[case.id]:
            units, amount = amounts[part.line_id]
            more = share_minor(lines[part.line_id], part.first_unit, part.received_qty)
            amounts[part.line_id] = units + part.received_qty, amount + more
        parts = [(line_id, units, amount) for line_id, (units, amount) in amounts.items() if units]
        if sum(amount for _, _, amount in parts):
            calls.append(NewCall(paid[case.order_id].id, case.id, parts, RETURNED))
        else:
            nothing.append(case.id)
    _close(nothing, now)
    return payments.open_calls(act=Act.REFUND, rows=calls, now=now), nothing


def _finish(refund_ids: Collection[UUID], actor: Actor, now: datetime) -> list[UUID]:
    """Ask the providers, and let refunds that are done end their cases; which cases."""
    if not refund_ids:
        return []
    crash_point("refund.opened")
    answers = payments.ask_for_calls(act=Act.REFUND, ids=refund_ids, now=now)
    crash_point("refund.asked")

    @transaction.atomic
    def record() -> list[UUID]:
        # Lines, cases, payments: in the order in which they are locked when a refund is opened.
        case_ids = {part.source_id for part in payment_reads.list_parts(act=Act.REFUND, ids=refund_ids)}
        inside = cases.list_lines(case_ids=case_ids)
        progress.lock_lines(line_ids={part.line_id for parts in inside.values() for part in parts})
        services.lock_cases(case_ids=case_ids)
        done = payments.record_calls(act=Act.REFUND, answers=answers, now=now)
        ended = sorted({part.source_id for part in payment_reads.list_parts(act=Act.REFUND, ids=done)})
        tell_refunds(refund_ids=done, actor=actor, now=now)
        _close(ended, now)
        crash_point("refund.written")
        return ended

    return retried(record)


def _close(case_ids: Sequence[UUID], now: datetime) -> None:
    services.end_cases(case_ids=case_ids, state=ReturnCase.State.REFUNDED, now=now)
    for case_id in case_ids:
        settling.reverse_returns(case_id=case_id, now=now)
    ended = cases.list_cases(ids=case_ids, limit=len(case_ids)) if case_ids else []
    outbox.append([_told("return.refunded", case) for case in ended], now=now)


def _told(topic: str, case: ReturnCase) -> outbox.Event:
    payload = {"order_id": str(case.order_id), "suborder_id": str(case.suborder_id)}
    return outbox.Event(topic, "return_case", case.id, payload)
