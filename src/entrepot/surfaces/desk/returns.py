"""Returns: what is announced, on its way or waiting for its refund, at one's own nodes or, for the operator, at all."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from entrepot.domain.accounts import queries as accounts
from entrepot.domain.aftersales import queries
from entrepot.domain.aftersales.models import ReturnCase, ReturnLine
from entrepot.domain.logistics import queries as logistics
from entrepot.domain.terms import queries as terms
from entrepot.domain.terms.rules import Disposition
from entrepot.flows import returns as flow
from entrepot.kernel import clock
from entrepot.kernel.errors import Invalid
from entrepot.surfaces.desk import words
from entrepot.surfaces.desk.acting import ActForm, Done, attempt, render
from entrepot.surfaces.desk.paging import PAGE, read_cursor, slice_of
from entrepot.surfaces.desk.scopes import DESK, scope_of
from entrepot.surfaces.shared import files, guards
from entrepot.surfaces.shared.components import Event, Link
from entrepot.surfaces.shared.guards import ActingRequest
from entrepot.surfaces.shared.threads import send_photo

VIEWS: Mapping[str, tuple[Any, tuple[str, ...]]] = {
    "": (gettext_lazy("Open"), queries.OPEN),
    "requested": (words.RETURNS["requested"].label, ("requested",)),
    "in_transit": (words.RETURNS["in_transit"].label, ("in_transit",)),
    "received": (words.RETURNS["received"].label, ("received",)),
    "refunded": (words.RETURNS["refunded"].label, ("refunded",)),
    "cancelled": (words.RETURNS["cancelled"].label, ("cancelled",)),
}


class ReceiveForm(ActForm):
    """What came back of each line, and what becomes of it."""

    def __init__(self, data: Any = None, *, units: Mapping[UUID, int], lines: Sequence[ReturnLine], **kwargs: Any):
        super().__init__(data, **kwargs)
        self.pairs: list[tuple[Any, str, str]] = []
        for position, line in {line.line.position: line.line for line in lines}.items():
            quantity, disposition = f"units-{position}", f"disposition-{position}"
            self.fields[quantity] = forms.IntegerField(
                label=_("Came back of {title}").format(title=line.title),
                min_value=0,
                max_value=units[line.id],
                initial=units[line.id],
                required=False,
            )
            self.fields[disposition] = forms.ChoiceField(
                label=_("What becomes of it"),
                choices=[("", _("as the terms say")), *words.DISPOSITIONS.items()],
                required=False,
            )
            self.pairs.append((line.id, quantity, disposition))

    @property
    def rows(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """The controls of each line side by side."""
        return [(self[quantity], self[disposition]) for _line, quantity, disposition in self.pairs]


@guards.allow("returns.read", kind=DESK)
@require_GET
def returns(request: ActingRequest) -> HttpResponse:
    """Return cases, newest first."""
    state = request.GET.get("state", "")
    states = VIEWS.get(state, VIEWS[""])[1]
    scope = scope_of(request.actor, "returns.read")
    counts = queries.count_cases(operator_id=scope)
    found = queries.list_cases(
        operator_id=scope, states=states, before=read_cursor(request.GET.get("cursor", "")), limit=PAGE + 1
    )
    lines = queries.list_lines(case_ids=[case.id for case in found])

    def show(page: Any) -> list[dict[str, Any]]:
        return [
            {
                "case": case,
                "state": words.RETURNS[case.state],
                "reason": words.RETURN_REASONS[case.reason],
                "lines": lines.get(case.id, []),
            }
            for case in page
        ]

    context = {
        "page": slice_of(found, lambda case: case.id, show),
        "tabs": [
            Link(
                label,
                f"?state={code}",
                current=code == state,
                count=sum(counts.get(each, 0) for each in each_states),
            )
            for code, (label, each_states) in VIEWS.items()
        ],
    }
    return render(request, "returns/returns.html", context)


@guards.allow("returns.read", kind=DESK)
@require_GET
def case(request: ActingRequest, number: str) -> HttpResponse:
    """One return."""
    return _show(request, _found(request, number))


@guards.allow("returns.read", kind=DESK)
@require_GET
def photo(request: ActingRequest, number: str, place: int) -> HttpResponse:
    """A photograph that the shopper sent with a return."""
    found = _found(request, number)
    return send_photo(found.photos, place, found.number)


@guards.allow("returns.handle", kind=DESK)
@require_POST
def label(request: ActingRequest, number: str) -> HttpResponse:
    """The label under which the goods come back, as a PDF."""
    found = _found(request, number)
    name = flow.send_label(case_id=found.id, actor=request.actor, now=clock.now())
    return files.send(name, f"return-{found.number}")


@guards.allow("returns.handle", kind=DESK)
@require_POST
def reception(request: ActingRequest, number: str) -> HttpResponse:
    """Take in what came back."""
    found = _found(request, number)
    form = _receive_form(found, request.POST)

    def receive(typed: Mapping[str, Any]) -> None:
        received = [
            flow.Received(line_id, units, typed[disposition])
            for line_id, quantity, disposition in form.pairs
            if (units := typed.get(quantity) or 0)
        ]
        if not received:
            raise Invalid("returns.nothing_received", "Say what came back.")
        flow.receive_return(case_id=found.id, received=received, actor=request.actor, now=clock.now())

    said = _("The goods are taken in. The refund can be made.")
    answer = attempt(request, form, receive, said=said, to=reverse("desk:return", args=[number]))
    return answer or _show(request, found, receive=form)


@guards.allow("returns.handle", kind=DESK)
@require_POST
def refund(request: ActingRequest, number: str) -> HttpResponse:
    """Give back the money of what came back."""
    found, form = _found(request, number), ActForm(request.POST, name="refund")

    def give_back(typed: Mapping[str, Any]) -> Done:
        done = flow.refund(case_ids=[found.id], actor=request.actor, now=clock.now())
        if found.id in done:
            return Done(_("The shopper has the money back."))
        return Done(_("The refund was asked for and not answered yet; it is asked for again."))

    answer = attempt(request, form, give_back, to=reverse("desk:return", args=[number]))
    return answer or _show(request, found, refund_form=form)


def _found(request: ActingRequest, number: str) -> ReturnCase:
    return queries.get_case(number=number, operator_id=scope_of(request.actor, "returns.read"))


def _show(
    request: ActingRequest,
    found: ReturnCase,
    *,
    receive: ReceiveForm | None = None,
    refund_form: ActForm | None = None,
) -> HttpResponse:
    lines = queries.list_lines(case_ids=[found.id]).get(found.id, [])
    parcels = logistics.list_parcels(reference_ids=[found.id])
    tracking = logistics.list_tracking(parcel_ids=[parcel.id for parcel in parcels])
    digests = {line.line.terms_id for line in lines}
    agreed = terms.get_terms(digests)
    may_handle = request.actor.reaches("returns.handle", found.node.operator_id)
    context = {
        "case": found,
        "state": words.RETURNS[found.state],
        "reason": words.RETURN_REASONS[found.reason],
        "lines": [
            {
                "line": line,
                "disposition": words.DISPOSITIONS.get(line.disposition, ""),
            }
            for line in lines
        ],
        "inspects": any(each.returns.disposition is Disposition.INSPECT for each in agreed.values()),
        "parcels": [
            {
                "parcel": parcel,
                "state": words.PARCELS[parcel.state],
                "events": [
                    Event(each.occurred_at, said.label, detail=each.place, tone=said.tone)
                    for each in tracking.get(parcel.id, [])
                    for said in [words.TRACKING[each.kind]]
                ],
            }
            for parcel in parcels
        ],
        "seller": accounts.list_organisation_names([found.seller_id]).get(found.seller_id, ""),
        "receive": receive or _receive_form(found, None, lines),
        "refund": refund_form or ActForm(name="refund"),
        "may_handle": may_handle,
        "can_receive": may_handle and found.state in ("requested", "in_transit"),
        "can_refund": may_handle and found.state == "received",
        "reads_orders": request.actor.may("orders.read"),
        "crumbs": [Link(_("Returns"), reverse("desk:returns")), Link(found.number)],
    }
    refused = [form for form in (receive, refund_form) if form]
    return render(request, "returns/return.html", context, *refused)


def _receive_form(found: ReturnCase, data: Any, lines: Sequence[ReturnLine] | None = None) -> ReceiveForm:
    if lines is None:
        lines = queries.list_lines(case_ids=[found.id]).get(found.id, [])
    units: dict[UUID, int] = {}
    for line in lines:
        units[line.line_id] = units.get(line.line_id, 0) + line.quantity
    return ReceiveForm(data, units=units, lines=lines, name="receive")
