"""A parcel and its carrier, on whichever surface: booked, let go of, its papers, and what is doubted of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from entrepot.domain.logistics import bookings, doubts
from entrepot.domain.logistics import papers as forms_of
from entrepot.domain.logistics.models import Booking, Parcel, TrackingDoubt
from entrepot.domain.orders.work import Work, WorkLine
from entrepot.flows import booking, papers
from entrepot.kernel import clock
from entrepot.kernel.actors import Actor
from entrepot.kernel.errors import Refused
from entrepot.surfaces.shared.acting import ActForm, Done, ReasonForm
from entrepot.surfaces.shared.components import Link
from entrepot.surfaces.shared.guards import ActingRequest
from entrepot.surfaces.shared.states import Said

F = TypeVar("F", bound=ActForm)

STATES: Mapping[str, Said] = {
    "about_to": Said(gettext_lazy("The carrier is being asked"), "info"),
    "unknown": Said(gettext_lazy("The carrier has not answered"), "warn"),
    "booked": Said(gettext_lazy("Booked"), "good"),
    "declined": Said(gettext_lazy("Declined"), "bad"),
    "cancelling": Said(gettext_lazy("Being cancelled"), "info"),
    "cancelled": Said(gettext_lazy("Cancelled"), "neutral"),
}

PAPERS: Mapping[str, Any] = {
    forms_of.PACKING_LIST: gettext_lazy("Packing list"),
    forms_of.INVOICE: gettext_lazy("Commercial invoice"),
    forms_of.DECLARATION: gettext_lazy("Customs declaration"),
}

DOUBTS: Mapping[str, Any] = {
    "unscanned": gettext_lazy("No carrier has scanned it in the stated time"),
    "silent": gettext_lazy("No carrier has scanned it for long"),
    "repeated": gettext_lazy("Its tracking number belongs to another order's parcel"),
    "unseen": gettext_lazy("Said to be delivered, and never scanned on its way"),
    "older": gettext_lazy("Scanned before it was handed over"),
    "check_digit": gettext_lazy("Its tracking number cannot be right: the check digit is wrong"),
    "claimed": gettext_lazy("Its delivery is claimed, and no carrier ever scanned it"),
}


class Declined(Refused):
    """The carrier does not take the parcel on."""

    code = "carriers.declined"
    message = "{carrier} declined: {reason}"


class BookingForm(ActForm):
    """With whom a parcel goes."""

    carrier = forms.CharField(label=gettext_lazy("Carrier"), max_length=40)
    service = forms.CharField(label=gettext_lazy("Service"), max_length=40, required=False)


@dataclass(frozen=True, slots=True)
class Carriage:
    """What a page shows of a parcel's carriage; `form` where it can be booked now."""

    booking: Booking | None
    said: Said | None
    form: BookingForm | None
    urls: Mapping[str, str]
    give_up: ReasonForm | None
    papers: Sequence[Link]
    doubts: Sequence[tuple[TrackingDoubt, Any]]
    unbook: ActForm | None
    can_cancel: bool
    dialog: str
    quotes_url: str = ""


def boxes_of(item: Work | None, lines: Sequence[WorkLine]) -> list[str]:
    """What each of several parcels was reckoned to hold: “2 × Mug, 1 × Plate”; nothing where one takes all."""
    return [
        ", ".join(f"{units} × {line.title}" for units, line in zip(box, lines, strict=False) if units)
        for box in (item.boxes if item else ())
    ]


def list_carriage(
    parcels: Sequence[Parcel],
    *,
    way: tuple[str, str] | None,
    planned: tuple[str, str],
    may_act: bool,
    url: Callable[..., str],
    refused: Mapping[str, ActForm],
    now: datetime,
    compares: bool = False,
) -> dict[UUID, Carriage]:
    """The carriage of the parcels of one suborder; `url(route, parcel, *args)`.

    `way` is from country to country, for who may see the papers; `compares` where there is a page of quotes.
    """
    keys = [each.id for each in parcels]
    booked, doubted = bookings.list_bookings(parcel_ids=keys), doubts.list_doubts(parcel_ids=keys)
    kinds = papers.list_kinds([way], now.date())[way] if way else []
    found = {}
    for each in parcels:
        last = next(iter(booked.get(each.id, [])), None)
        is_packed = may_act and each.state == Parcel.State.PACKED
        is_free = last is None or last.state in ("declined", "cancelled")
        number = each.number
        found[each.id] = Carriage(
            booking=last,
            said=STATES[last.state] if last else None,
            form=_refused(refused, f"book-{number}", BookingForm)
            or (_fresh(number, planned) if is_packed and is_free else None),
            urls={name: url(f"parcel_{name}", each) for name in ("booking", "cancellation", "giving_up")},
            give_up=_refused(refused, f"give-up-{number}", ReasonForm) or ReasonForm(name=f"give-up-{number}")
            if is_packed and last is not None and last.state == "unknown"
            else None,
            papers=[Link(PAPERS[kind], url("parcel_paper", each, kind)) for kind in kinds]
            if each.state != Parcel.State.CANCELLED
            else [],
            doubts=[(row, DOUBTS[row.kind]) for row in doubted.get(each.id, [])],
            unbook=refused.get(f"unbook-{number}"),
            can_cancel=is_packed and last is not None and last.state == "booked",
            dialog=f"giving-up-{number}",
            quotes_url=url("parcel_quotes", each) if compares and is_packed and is_free else "",
        )
    return found


def paper(request: ActingRequest, parcel: Parcel, kind: str) -> HttpResponse:
    """A paper of a parcel as a PDF. Raises: NotFound, Incomplete."""
    content = papers.make(parcel_ids=[parcel.id], kind=kind, actor=request.actor, now=clock.now())
    return HttpResponse(
        content,
        content_type="application/pdf",
        headers={
            "Content-Disposition": f'inline; filename="{parcel.number}-{kind}.pdf"',
            "Cache-Control": "private, no-store",
        },
    )


def book(request: ActingRequest, parcel: Parcel, typed: Mapping[str, Any]) -> Done:
    """Book a parcel as was typed. Raises: Declined and what booking raises."""
    made = booking.book(
        parcel_ids=[parcel.id], carrier=typed["carrier"].strip(), service=typed["service"].strip(),
        actor=request.actor, now=clock.now(),
    )[parcel.id]  # fmt: skip
    if made.state == Booking.State.DECLINED:
        raise Declined(carrier=made.carrier, reason=made.reason)
    if made.state != Booking.State.BOOKED:
        return Done(_("The carrier has not answered yet; it is asked again."))
    return Done(_("Booked under {number}. Print the label.").format(number=made.tracking_number))


def list_quotes(parcel: Parcel, *, actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """What every carrier asks for a packed parcel, side by side: by currency and price, then who does not.

    Raises: NotFound, WrongState.
    """
    rows: list[dict[str, Any]] = []
    for offered in booking.quote(parcel_id=parcel.id, actor=actor, now=now, with_cards=True):
        if not offered.quotes:
            why = offered.problem or _("nothing is offered for this way")
            rows.append({"carrier": offered.carrier, "quote": None, "why": why, "form": None})
        for each in offered.quotes:
            form = None
            if not each.refusal:
                initial = {"carrier": offered.carrier, "service": each.service}
                form = BookingForm(name=f"book-{len(rows)}", initial=initial)
            rows.append({"carrier": offered.carrier, "quote": each, "why": each.refusal, "form": form})
    rows.sort(key=_by_price)
    taken = [row for row in rows if row["form"]]
    for row in taken:
        quick = row["quote"].days
        row["is_least"] = row is next(each for each in taken if each["quote"].currency == row["quote"].currency)
        row["is_quickest"] = quick is not None and quick[1] == min(
            each["quote"].days[1] for each in taken if each["quote"].days
        )
        row["is_planned"] = (row["carrier"], row["quote"].service) == (parcel.carrier, parcel.service)
    return rows


def _by_price(row: Mapping[str, Any]) -> tuple[Any, ...]:
    quote = row["quote"]
    if row["form"] is None:
        return (1, "", 0, row["carrier"], quote.service if quote else "")
    return (0, quote.currency, quote.cost_minor, row["carrier"], quote.service)


def let_go(request: ActingRequest, parcel: Parcel) -> Done:
    """Cancel the booking of a parcel."""
    if booking.cancel(parcel_ids=[parcel.id], actor=request.actor, now=clock.now()):
        return Done(_("The booking is cancelled, and its label void."))
    return Done(_("The carrier has not agreed to it; the parcel shows what it says."))


def _fresh(number: str, planned: tuple[str, str]) -> BookingForm:
    return BookingForm(name=f"book-{number}", initial={"carrier": planned[0], "service": planned[1]})


def _refused(refused: Mapping[str, ActForm], name: str, kind: type[F]) -> F | None:
    form = refused.get(name)
    return form if isinstance(form, kind) else None
