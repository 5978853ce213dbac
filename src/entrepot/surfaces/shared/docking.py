"""Times at a dock and deadlines as both sides see them: forms, words and rows that their pages share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy

from entrepot.domain.inbound import docking, lateness
from entrepot.domain.inbound.docks import Slot
from entrepot.domain.inbound.models import DockSlot, Lateness, Shipment, StockOrder
from entrepot.domain.inbound.queries import OrderView
from entrepot.surfaces.shared.acting import ActForm
from entrepot.surfaces.shared.components import Text, Tone
from entrepot.surfaces.shared.inbound import PARTIES, Said

#: Free times that a form offers.
OFFERED = 40

SLOTS: Mapping[str, Said] = {
    "booked": Said(gettext_lazy("Booked"), "accent"),
    "moved": Said(gettext_lazy("Moved")),
    "given_back": Said(gettext_lazy("Given back")),
    "kept": Said(gettext_lazy("Kept"), "good"),
    "late": Said(gettext_lazy("Came late"), "warn"),
    "missed": Said(gettext_lazy("Did not come"), "bad"),
}
CLOCKS: Mapping[str, Text] = {
    "answer": gettext_lazy("Answer"),
    "ship": gettext_lazy("Leave"),
    "arrive": gettext_lazy("Arrive"),
    "slot": gettext_lazy("Slot at the dock"),
}


class SlotForm(ActForm):
    """A time at the dock among those that are free."""

    starts_at = forms.ChoiceField(label=gettext_lazy("Time at the dock"))

    def __init__(self, *args: Any, slots: Sequence[Slot], zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone
        self.offer(slots)

    def offer(self, slots: Sequence[Slot]) -> None:
        """Let it offer these times."""
        choices = [(each.starts_at.isoformat(), when(each.starts_at, each.ends_at, self.zone)) for each in slots]
        self.fields["starts_at"].choices = choices  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Dock:
    """What a page shows of a shipment's time at the dock."""

    slot: DockSlot | None
    said: Said | None
    words: str
    form: SlotForm | None
    give_back: ActForm
    is_required: bool


@dataclass(frozen=True, slots=True)
class ClockRow:
    """A deadline, when it was met, and who answers where it was not."""

    label: Text
    due_at: datetime
    done_at: datetime | None
    tone: Tone
    party: Text
    liable: Text

    @property
    def is_missed(self) -> bool:
        """Whether it ran out."""
        return bool(self.party)


def when(starts_at: datetime, ends_at: datetime, zone: str) -> str:
    """A time at the dock in the node's own clock."""
    start, end = (at.astimezone(ZoneInfo(zone)) for at in (starts_at, ends_at))
    return f"{date_format(start, 'D j M')}, {start:%H:%M}–{end:%H:%M}"


def dock_of(shipment: Shipment, refused: Mapping[str, ActForm], *, may_book: bool, now: datetime) -> Dock | None:
    """The time of a shipment at its dock, with the form to book or move it; None where the node takes what comes."""
    zone = shipment.node.time_zone
    today = now.astimezone(ZoneInfo(zone)).date()
    slot = docking.slot_of(shipment.id)
    hours = docking.hours_of(shipment.node_id, on=today)
    if hours is None and slot is None:
        return None
    form = None
    if may_book and hours is not None and shipment.state in docking.BOOKABLE:
        since = max(today, shipment.expected_on or today)
        slots = docking.free_slots(shipment.node_id, since=since, now=now, limit=OFFERED)
        slots = slots or docking.free_slots(shipment.node_id, since=today, now=now, limit=OFFERED)
        initial = {"starts_at": slot.starts_at.astimezone(UTC).isoformat()} if slot else {}
        found = refused.get("slot")
        form = found if isinstance(found, SlotForm) else SlotForm(slots=slots, zone=zone, name="slot", initial=initial)
        form.offer(slots)
    return Dock(
        slot,
        SLOTS[slot.state] if slot else None,
        when(slot.starts_at, slot.ends_at, zone) if slot else "",
        form,
        refused.get("slot_return") or ActForm(name="slot-return"),
        bool(hours and hours.is_required),
    )


def slot_form(data: Any, shipment: Shipment) -> SlotForm:
    """The form as it came back: the dock itself says whether the time is free, and which are."""
    try:
        start = datetime.fromisoformat(str(data.get("starts_at", "")))
        chosen = [Slot(start, start, 1)] if start.tzinfo else []
    except ValueError:
        chosen = []
    return SlotForm(data, slots=chosen, zone=shipment.node.time_zone, name="slot")


def clocks_of_order(view: OrderView) -> list[ClockRow]:
    """The deadlines of a stock order: answer, leave, arrive."""
    order = view.order
    late = {each.clock: each for each in lateness.list_lateness(order_id=order.id)}
    answered = next(
        (each.created_at for each in view.events if each.kind in ("accepted", "countered", "declined", "agreed")), None
    )
    moving = [each for each in view.shipments if each.state not in ("cancelled", "refused")]
    left = next((each.shipped_at or each.arrived_at for each in moving), None)
    arrived = next((each.arrived_at for each in moving), None)
    rows = [("answer", order.answer_by, answered)]
    if order.agreed_minor is not None or order.closed_at is None:
        rows += [("ship", order.ship_by, left), ("arrive", order.deliver_by, arrived)]
    return [_clock(clock, due, done, late.get(clock)) for clock, due, done in rows]


def clocks_of_shipment(shipment: Shipment, order: StockOrder | None) -> list[ClockRow]:
    """The deadlines of a shipment: those of the stock order that it answers, else its own; and its time at the dock."""
    found = lateness.list_lateness(order_id=order.id if order else None, shipment_ids=[shipment.id])
    late = {(each.clock, each.due_at): each for each in found}
    rows: list[tuple[str, datetime, datetime | None]] = []
    if order is not None:
        rows.append(("ship", order.ship_by, shipment.shipped_at or shipment.arrived_at))
    if shipment.due_at is not None:
        rows.append(("arrive", shipment.due_at, shipment.arrived_at))
    slots = [each for each in found if each.clock == "slot"]
    shown = [_clock(clock, due, done, late.get((clock, due))) for clock, due, done in rows]
    return shown + [_clock("slot", each.due_at, shipment.arrived_at, each) for each in slots]


def _clock(clock: str, due_at: datetime, done_at: datetime | None, late: Lateness | None) -> ClockRow:
    party = PARTIES.get(late.party, late.party) if late else ""
    liable = PARTIES.get(late.liable, late.liable) if late else ""
    return ClockRow(CLOCKS[clock], due_at, done_at, "bad" if late else "good" if done_at else "neutral", party, liable)
