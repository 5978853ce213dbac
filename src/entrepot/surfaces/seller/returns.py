"""Returns of the seller's goods: all are seen, those that come to its own node are received and refunded."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from entrepot.domain.aftersales import queries, rules
from entrepot.domain.aftersales.models import ReturnCase, ReturnLine
from entrepot.domain.orders.rules import share_minor
from entrepot.domain.terms import queries as terms
from entrepot.flows import returns as flow
from entrepot.flows.returns import Received
from entrepot.kernel import clock
from entrepot.surfaces.seller import words
from entrepot.surfaces.seller.frame import read_cursor, render, seller_of, slice_of
from entrepot.surfaces.shared.acting import ActForm, Done, attempt
from entrepot.surfaces.shared.components import Explanation, Link, Part, Step
from entrepot.surfaces.shared.guards import ActingRequest, allow
from entrepot.surfaces.shared.threads import send_photo

STAGES = ("requested", "in_transit", "received", "refunded")


@dataclass(frozen=True, slots=True)
class Announced:
    """Units of a line that are to come back, or have."""

    line_id: UUID
    title: str
    quantity: int
    received: int
    disposition: str
    usual: str
    parts: Sequence[ReturnLine]


class ReceiveForm(ActForm):
    """How many units of each line came back, and what becomes of them."""

    def __init__(self, data: Any = None, *, lines: Sequence[Announced], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.lines = lines
        for line in lines:
            self.fields[f"units-{line.line_id}"] = forms.IntegerField(
                label=_("Units that came back"), min_value=0, max_value=line.quantity, initial=line.quantity
            )
            self.fields[f"disposition-{line.line_id}"] = forms.ChoiceField(
                label=gettext_lazy("What becomes of them"),
                choices=[("", _("Choose")), *words.DISPOSITIONS.items()],
                initial=line.usual,
                required=False,
            )

    @property
    def rows(self) -> list[tuple[Announced, forms.BoundField, forms.BoundField]]:
        """The controls of each line."""
        return [(line, self[f"units-{line.line_id}"], self[f"disposition-{line.line_id}"]) for line in self.lines]

    def received(self, typed: Mapping[str, Any]) -> list[Received]:
        """What was typed."""
        return [
            Received(line.line_id, units, typed[f"disposition-{line.line_id}"])
            for line in self.lines
            if (units := typed[f"units-{line.line_id}"])
        ]


@allow("returns.read", kind="seller")
@require_safe
def index(request: ActingRequest) -> HttpResponse:
    """Returns of the seller's goods, the newest first; those that it handles itself come first to the eye."""
    seller_id = seller_of(request)
    state = request.GET.get("state", "")
    found = queries.list_cases(
        seller_id=seller_id,
        states=[state] if state in words.RETURNS else (),
        before=read_cursor(request.GET.get("cursor", "")),
        limit=51,
    )

    def show_rows(cases: Sequence[ReturnCase]) -> list[tuple[ReturnCase, words.Said, object, int, bool]]:
        inside = queries.list_lines(case_ids=[case.id for case in cases])
        return [
            (case, words.RETURNS[case.state], words.RETURN_REASONS[case.reason],
             sum(part.quantity for part in inside.get(case.id, ())), case.node.operator_id == seller_id)
            for case in cases
        ]  # fmt: skip

    context = {
        "page": slice_of(found, show_rows),
        "states": [("", _("All")), *((code, said.label) for code, said in words.RETURNS.items())],
        "state": state,
    }
    return render(request, "returns/index.html", context)


@allow("returns.read", kind="seller")
@require_safe
def show(request: ActingRequest, number: str) -> HttpResponse:
    """One return."""
    return _page(request, number)


@allow("returns.read", kind="seller")
@require_safe
def photo(request: ActingRequest, number: str, place: int) -> HttpResponse:
    """A photograph that the shopper sent with a return."""
    case = queries.get_case(number=number, seller_id=seller_of(request))
    return send_photo(case.photos, place, case.number)


@allow("returns.handle", kind="seller")
@require_POST
def receipt(request: ActingRequest, number: str) -> HttpResponse:
    """Take in what came back."""
    case = queries.get_case(number=number, seller_id=seller_of(request))
    form = ReceiveForm(request.POST, name="receive", lines=_announced(case))

    def receive(typed: Mapping[str, Any]) -> None:
        flow.receive_return(case_id=case.id, received=form.received(typed), actor=request.actor, now=clock.now())

    said = _("Received. Refund the shopper next.")
    return attempt(request, form, receive, said=said, to=_to(number)) or _page(request, number, receive=form)


@allow("returns.handle", kind="seller")
@require_POST
def refund(request: ActingRequest, number: str) -> HttpResponse:
    """Give the shopper's money back."""
    case = queries.get_case(number=number, seller_id=seller_of(request))
    form = ActForm(request.POST, name="refund")

    def give_back(typed: Mapping[str, Any]) -> Done:
        done = flow.refund(case_ids=[case.id], actor=request.actor, now=clock.now())
        return Done(_("The shopper is refunded.") if done else _("The provider has been asked; its answer is awaited."))

    return attempt(request, form, give_back, to=_to(number)) or _page(request, number, refund=form)


def _page(
    request: ActingRequest, number: str, *, receive: ReceiveForm | None = None, refund: ActForm | None = None
) -> HttpResponse:
    seller_id = seller_of(request)
    case = queries.get_case(number=number, seller_id=seller_id)
    lines = _announced(case)
    is_own = case.node.operator_id == seller_id and request.actor.may("returns.handle")
    if is_own and case.state in ("requested", "in_transit"):
        receive = receive or ReceiveForm(name="receive", lines=lines)
    if is_own and case.state == "received":
        refund = refund or ActForm(name="refund")
    money = _refund(lines)
    context = {
        "case": case,
        "said": words.RETURNS[case.state],
        "reason": words.RETURN_REASONS[case.reason],
        "lines": [(line, words.DISPOSITIONS.get(line.disposition, "")) for line in lines],
        "is_own": is_own,
        "receive": receive,
        "refund": refund,
        "refund_minor": sum(part.amount_minor for part in money.parts),
        "refund_why": money,
        "steps": _steps(case),
        "crumbs": [Link(_("Returns"), reverse("seller:returns")), Link(case.number)],
    }
    return render(request, "returns/show.html", context, *(form for form in (receive, refund) if form))


def _announced(case: ReturnCase) -> list[Announced]:
    """The lines of a case, each once, with what the terms usually make of its goods."""
    together: dict[UUID, list[ReturnLine]] = defaultdict(list)
    for part in queries.list_lines(case_ids=[case.id]).get(case.id, []):
        together[part.line_id].append(part)
    agreed = terms.get_terms({parts[0].line.terms_id for parts in together.values()})
    return [
        Announced(
            line_id,
            parts[0].line.title,
            sum(part.quantity for part in parts),
            sum(part.received_qty for part in parts),
            next((part.disposition for part in parts if part.disposition), ""),
            rules.DISPOSITIONS[agreed[parts[0].line.terms_id].returns.disposition],
            parts,
        )
        for line_id, parts in together.items()
    ]


def _refund(lines: Sequence[Announced]) -> Explanation:
    """What the shopper gets back: the share of the places that came, or are to come, back."""
    is_in = any(line.received for line in lines)
    parts = [
        Part(
            line.title,
            sum(
                share_minor(part.line, part.first_unit, part.received_qty if is_in else part.quantity)
                for part in line.parts
            ),
            note=_("{units} units").format(units=line.received if is_in else line.quantity),
        )
        for line in lines
    ]
    return Explanation(_("What the shopper gets back"), parts)


def _steps(case: ReturnCase) -> list[Step]:
    if case.state == "cancelled":
        return [Step(words.RETURNS["requested"].label, "done"), Step(words.RETURNS["cancelled"].label, "failed")]
    reached = STAGES.index(case.state) + (case.state == "refunded")
    names = (_("Announced"), _("On its way back"), _("Received"), _("Refunded"))
    return [
        Step(name, "done" if place < reached else "current" if place == reached else "todo")
        for place, name in enumerate(names)
    ]


def _to(number: str) -> str:
    return reverse("seller:return", args=[number])
