"""The sheet of tracking numbers: which parcel or suborder left by which carrier under which number.

A suborder of which nothing is packed yet is packed whole. A hand-over takes payments, so each row is carried out by
itself; a parcel that has left under the number that is named is left alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from entrepot.domain.logistics import queries as logistics
from entrepot.domain.logistics.models import Parcel
from entrepot.domain.orders import work
from entrepot.domain.orders.work import Work, WorkLine
from entrepot.flows import fulfilment, shipping
from entrepot.flows.fulfilment import Handover
from entrepot.intake import fields, sheets
from entrepot.intake.grammar import Case
from entrepot.intake.sheets import Change, Column, Doing, Fate, Rows, Sheet
from entrepot.kernel.errors import EntrepotError, Invalid

COLUMNS = (
    Column(
        "order", fields.CODE, _("Order"), _("The number of your part of the order; needs no parcel where it has one."),
        most=40, example="", also=("suborder", "order_number"), case=Case.UPPER,
    ),
    Column(
        "parcel", fields.CODE, _("Parcel"), _("The parcel's number, as on the label."), most=40, example="",
        also=("parcel_number",), case=Case.UPPER,
    ),
    Column(
        "carrier", fields.TEXT, _("Carrier"), _("Who took it; empty: the carrier that was planned."), most=40,
        example="DHL",
    ),
    Column(
        "tracking_number", fields.CODE, _("Tracking number"), _("As on the carrier's receipt."), required=True, most=60,
        example="JD014600003", also=("tracking", "tracking_no"),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """A parcel that a row says has left; None for a suborder that is to be packed first."""

    at: int
    item: Work
    parcel: Parcel | None
    lines: Sequence[WorkLine]
    carrier: str
    number: str

    @property
    def is_done(self) -> bool:
        """Whether it has left under this number already."""
        return self.parcel is not None and self.parcel.state != Parcel.State.PACKED


def plan(rows: Rows, doing: Doing) -> list[Fate]:
    """What the rows would do."""
    fates: dict[int, Fate] = {}
    for each in _wanted(rows, doing, fates):
        fates[each.at] = _fate(each)
    return [fates[at] for at in range(len(rows))]


def hand_over(rows: Rows, doing: Doing) -> list[Fate]:
    """Pack what is not packed yet, and hand the parcels over, one row at a time."""
    fates: dict[int, Fate] = {}
    for each in _wanted(rows, doing, fates):
        try:
            if not each.is_done:
                _leave(each, doing)
            fates[each.at] = _fate(each)
        except EntrepotError as refusal:
            fates[each.at] = Fate.refused("tracking_number" if "tracking" in refusal.code else "order", refusal)
    return [fates[at] for at in range(len(rows))]


def _leave(each: Wanted, doing: Doing) -> None:
    parcel = each.parcel
    if parcel is None:
        box = shipping.whole(each.item, each.lines)
        assert box is not None, "a row without a parcel has something to pack"
        (parcel,) = fulfilment.pack(boxes=[box], actor=doing.actor, now=doing.now)
    fulfilment.hand_over(handovers=[Handover(parcel.id, each.carrier, each.number)], actor=doing.actor, now=doing.now)


def _fate(each: Wanted) -> Fate:
    if each.is_done:
        return Fate("same", each.item.suborder_number)
    changes = (
        Change("parcel", "", each.parcel.number) if each.parcel else Change("packed", "", each.item.suborder_number),
        Change("carrier", each.item.carrier, each.carrier or each.item.carrier),
        Change("tracking_number", "", each.number),
    )
    return Fate(
        "changed", each.item.suborder_number, tuple(change for change in changes if change.before != change.after)
    )


def _wanted(rows: Rows, doing: Doing, fates: dict[int, Fate]) -> list[Wanted]:
    values = rows.values
    numbers = {code for code in (*values["order"], *values["parcel"]) if code}
    items, boxes = _known(numbers, doing.organisation_id)
    lines = work.list_lines(suborder_ids=[item.suborder_id for item in items.values()])
    taken: dict[UUID, int] = {}
    wanted = []
    for at in range(len(rows)):
        try:
            item, parcel = _named(
                values["order"][at], values["parcel"][at], items, boxes, values["tracking_number"][at]
            )
            inside = lines.get(item.suborder_id, ())
            if parcel is None and shipping.whole(item, inside) is None:
                raise Invalid("sheets.nothing_to_ship", "Nothing of it is left to be shipped.", field="order")
            key = parcel.id if parcel else item.suborder_id
            if key in taken:
                raise Invalid("sheets.row_twice", "Row {row} says this already.", field="parcel",
                              row=rows.numbers[taken[key]])  # fmt: skip
            taken[key] = at
            carrier = values["carrier"][at] or ""
            wanted.append(Wanted(at, item, parcel, inside, carrier, values["tracking_number"][at]))
        except EntrepotError as refusal:
            fates[at] = Fate.refused(refusal.field, refusal)
    return wanted


def _known(numbers: set[str], organisation_id: UUID) -> tuple[Mapping[str, Work], Mapping[str, list[Parcel]]]:
    """Work of the organisation by suborder number, and parcels by suborder or parcel number."""
    found = {
        item.suborder_number: item for item in work.find_by_numbers(numbers=numbers, organisation_id=organisation_id)
    }
    boxes: dict[str, list[Parcel]] = {}
    of = {item.suborder_id: item for item in found.values()}
    for parcel in logistics.list_parcels(reference_ids=list(of)):
        if parcel.state != Parcel.State.CANCELLED:
            boxes.setdefault(of[parcel.reference_id].suborder_number, []).append(parcel)
            boxes[parcel.number] = [parcel]
            found.setdefault(parcel.number, of[parcel.reference_id])
    return found, boxes


def _named(
    order: str | None, number: str | None, items: Mapping[str, Work], boxes: Mapping[str, list[Parcel]], tracking: str
) -> tuple[Work, Parcel | None]:
    """The work and the parcel that a row means. Raises: Invalid naming the column."""
    if not order and not number:
        raise Invalid("sheets.order_or_parcel", "Name the order or the parcel.", field="order")
    if number:
        if number not in boxes or number not in items:
            raise Invalid("sheets.no_parcel", "You have no parcel {number}.", field="parcel", number=number)
        candidates, item = boxes[number], items[number]
    else:
        assert order is not None
        if order not in items:
            raise Invalid("sheets.no_order", "You ship no order {number}.", field="order", number=order)
        item = items[order]
        candidates = boxes.get(order, [])
    gone = [each for each in candidates if each.state != Parcel.State.PACKED]
    if same := [each for each in gone if each.tracking_number == tracking]:
        return item, same[0]
    packed = [each for each in candidates if each.state == Parcel.State.PACKED]
    if len(packed) > 1:
        known = ", ".join(each.number for each in packed)
        raise Invalid(
            "sheets.several_parcels", "It has several parcels; name one: {known}.", field="parcel", known=known
        )
    if number and not packed:
        raise Invalid("sheets.parcel_left", "This parcel has left under another number.", field="parcel")
    return item, packed[0] if packed else None


TRACKING = sheets.register(
    Sheet(
        "tracking", _("Tracking numbers"), _("Say which parcels left with which carrier, for many orders at once."),
        COLUMNS, hand_over, "work.perform", plan=plan,
    )
)  # fmt: skip
