"""Carriers' bills: what was planned beside what is billed, what differs first, decided with a reason, and paid."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from entrepot.domain.logistics import bill_rules, billing
from entrepot.domain.logistics.bill_models import BillTolerance, CarrierBillLine
from entrepot.domain.logistics.bill_rules import Kind, Tolerance, Verdict
from entrepot.domain.logistics.billing import BillView
from entrepot.flows import billing as flow
from entrepot.kernel import clock
from entrepot.kernel.errors import Denied, Invalid
from entrepot.kernel.money import format_minor, parse_minor
from entrepot.surfaces.desk.acting import ActForm, Done, ReasonForm, attempt, render
from entrepot.surfaces.desk.paging import PAGE, read_cursor, slice_of
from entrepot.surfaces.shared import charts, guards
from entrepot.surfaces.shared.components import Explanation, Link, Part, Slice, Text, Trace
from entrepot.surfaces.shared.guards import ActingRequest
from entrepot.surfaces.shared.numbers import whole
from entrepot.surfaces.shared.states import Said

VERDICTS: Mapping[str, Said] = {
    Verdict.EQUAL: Said(gettext_lazy("As planned"), "good"),
    Verdict.WITHIN: Said(gettext_lazy("Within tolerance"), "info"),
    Verdict.DIFFERS: Said(gettext_lazy("Differs"), "warn"),
    Verdict.UNKNOWN: Said(gettext_lazy("Unknown parcel"), "bad"),
    Verdict.TWICE: Said(gettext_lazy("Billed twice"), "bad"),
    Verdict.CANCELLED: Said(gettext_lazy("Label let go of"), "bad"),
    Verdict.WAITING: Said(gettext_lazy("Has not left yet")),
    Verdict.CURRENCY: Said(gettext_lazy("Another currency"), "bad"),
    Verdict.CREDIT: Said(gettext_lazy("Credit"), "info"),
}
STATES: Mapping[str, Said] = {
    "open": Said(gettext_lazy("To decide"), "warn"),
    "accepted": Said(gettext_lazy("Accepted"), "good"),
    "disputed": Said(gettext_lazy("Disputed"), "bad"),
    "credited": Said(gettext_lazy("Credited")),
}
CHARGES: Mapping[str, Text] = {
    Kind.CARRIAGE: gettext_lazy("Carriage"),
    Kind.FUEL: gettext_lazy("Fuel"),
    Kind.WEIGHT: gettext_lazy("Weighed again"),
    Kind.REMOTE_AREA: gettext_lazy("Remote area"),
    Kind.OVERSIZE: gettext_lazy("Oversize"),
    Kind.REDELIVERY: gettext_lazy("Delivered again"),
    Kind.CUSTOMS: gettext_lazy("Clearance"),
    Kind.OTHER: gettext_lazy("Other"),
}
#: Which lines the page of a bill shows: by state.
VIEWS: Mapping[str, Text] = {
    "": gettext_lazy("All lines"),
    "open": gettext_lazy("To decide"),
    "disputed": gettext_lazy("Disputed"),
    "accepted": gettext_lazy("Accepted"),
    "credited": gettext_lazy("Credited"),
}


class PaymentForm(ActForm):
    """What a carrier is paid with."""

    reference = forms.CharField(label=gettext_lazy("Reference of the bank"), max_length=80)


class ToleranceForm(ReasonForm):
    """How far lines may differ from a day on."""

    carrier = forms.CharField(
        label=gettext_lazy("Carrier"), max_length=40, required=False, help_text=gettext_lazy("Empty: all of them.")
    )
    currency = forms.RegexField(r"^[A-Z]{3}$", label=gettext_lazy("Currency"), help_text=gettext_lazy("such as EUR"))
    amount = forms.DecimalField(label=gettext_lazy("Amount"), min_value=0, max_digits=12)
    percent = forms.DecimalField(label=gettext_lazy("Or share"), min_value=0, max_value=99, decimal_places=2)
    weight_g = forms.IntegerField(label=gettext_lazy("Weight"), min_value=0, max_value=1_000_000)
    weight_percent = forms.DecimalField(label=gettext_lazy("Or share"), min_value=0, max_value=99, decimal_places=2)
    valid_from = forms.DateField(
        label=gettext_lazy("For bills from"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    field_order = (
        "carrier", "currency", "amount", "percent", "weight_g", "weight_percent", "valid_from", "reason",
    )  # fmt: skip


@guards.allow("bills.read", kind="operator")
@require_safe
def bills(request: ActingRequest) -> HttpResponse:
    """Bills, the last first; what is owed; how far lines may differ."""
    return _list(request)


@guards.allow("bills.decide", kind="operator")
@require_POST
def payments(request: ActingRequest) -> HttpResponse:
    """Pay what was accepted of a carrier's bills."""
    carrier, currency = request.POST.get("carrier", ""), request.POST.get("currency", "")
    form = PaymentForm(request.POST, name=_pay_name(carrier, currency))

    def pay(typed: Mapping[str, Any]) -> Done:
        made = flow.pay(carrier=carrier, currency=currency, actor=request.actor, now=clock.now(), **_plain(typed))
        return Done(_("{carrier} is paid as {number}.").format(carrier=carrier, number=made.number))

    answer = attempt(request, form, pay, to=reverse("desk:carrier_bills"))
    return answer or _list(request, payment=form)


@guards.allow("bills.decide", kind="operator")
@require_POST
def tolerances(request: ActingRequest) -> HttpResponse:
    """Say how far lines may differ."""
    form = ToleranceForm(request.POST, name="tolerance")

    def keep(typed: Mapping[str, Any]) -> None:
        if request.actor.verbs.get(flow.VERB) != "all":
            raise Denied("accounts.verb_missing", "Your role does not include “{verb}”.", verb=flow.VERB)
        wanted = Tolerance(
            parse_minor(format(typed["amount"], "f"), typed["currency"]), typed["percent"] / Decimal(100),
            typed["weight_g"], typed["weight_percent"] / Decimal(100),
        )  # fmt: skip
        billing.set_tolerance(
            carrier=typed["carrier"], currency=typed["currency"], tolerance=wanted, valid_from=typed["valid_from"],
            source=typed["reason"], actor=request.actor, now=clock.now(),
        )  # fmt: skip

    answer = attempt(request, form, keep, said=_("It counts from that day on."), to=reverse("desk:carrier_bills"))
    return answer or _list(request, tolerance=form)


@guards.allow("bills.read", kind="operator")
@require_safe
def bill(request: ActingRequest, bill_id: UUID) -> HttpResponse:
    """One bill, what differs first."""
    return _page(request, bill_id)


@guards.allow("bills.decide", kind="operator")
@require_POST
def agreed(request: ActingRequest, bill_id: UUID) -> HttpResponse:
    """Accept what agrees."""
    form = ActForm(request.POST, name="agreed")

    def accept(typed: Mapping[str, Any]) -> Done:
        count = flow.accept_agreed(bill_id=bill_id, actor=request.actor, now=clock.now())
        return Done(ngettext("{count} line is accepted.", "{count} lines are accepted.", count).format(count=count))

    answer = attempt(request, form, accept, to=reverse("desk:carrier_bill", args=[bill_id]))
    return answer or _page(request, bill_id, agreed=form)


@guards.allow("bills.decide", kind="operator")
@require_POST
def decisions(request: ActingRequest, bill_id: UUID) -> HttpResponse:
    """Accept the chosen lines, or dispute them, with a reason."""
    form = ReasonForm(request.POST, name="decide")

    def decide(typed: Mapping[str, Any]) -> Done:
        chosen = _chosen(request)
        if not chosen:
            raise Invalid("carriers.no_line", "Choose the lines that you mean.")
        act = flow.dispute if request.POST.get("act") == "dispute" else flow.accept
        count = act(bill_id=bill_id, line_ids=chosen, reason=typed["reason"], actor=request.actor, now=clock.now())
        return Done(ngettext("{count} line is decided.", "{count} lines are decided.", count).format(count=count))

    answer = attempt(request, form, decide, to=reverse("desk:carrier_bill", args=[bill_id]))
    return answer or _page(request, bill_id, decide=form)


def _list(
    request: ActingRequest, *, payment: PaymentForm | None = None, tolerance: ToleranceForm | None = None
) -> HttpResponse:
    found = billing.list_bills(before=read_cursor(request.GET.get("cursor", "")), limit=PAGE + 1)
    today = clock.now().date()
    context = {
        "page": slice_of(found, lambda each: each.row.id, lambda rows: [_row(each) for each in rows]),
        "owed": [
            {
                "carrier": carrier, "currency": currency, "lines": lines, "amount_minor": amount,
                "form": payment if payment and payment.auto_id == f"{_pay_name(carrier, currency)}-%s"
                else PaymentForm(name=_pay_name(carrier, currency)),
            }
            for carrier, currency, lines, amount in billing.list_owed()
        ],
        "paid": billing.list_payments(limit=10),
        "rules": [_tolerance(row) for row in billing.list_tolerances()],
        "tolerance": tolerance or ToleranceForm(name="tolerance", initial=_usual(today)),
        "may": request.actor.verbs.get(flow.VERB) == "all",
        "crumbs": [Link(_("Carriers"), reverse("desk:carriers")), Link(_("Bills"))],
    }  # fmt: skip
    return render(request, "carriers/bills.html", context, *(form for form in (payment, tolerance) if form))


def _usual(today: date) -> dict[str, Any]:
    return {"percent": 0, "weight_g": 0, "weight_percent": 0, "amount": 0, "valid_from": today}


def _tolerance(row: BillTolerance) -> dict[str, Any]:
    return {
        "row": row,
        "amount": _("{amount} or {share} %").format(
            amount=format_minor(row.amount_minor, row.currency), share=_share(row.rate)
        ),
        "weight": _("{weight} or {share} %").format(weight=_grams(row.weight_g), share=_share(row.weight_rate)),
    }


def _share(rate: Decimal) -> str:
    return number_format((rate * 100).normalize() + Decimal(0))


def _grams(weight: int | None) -> str:
    return "" if weight is None else _("{weight} g").format(weight=number_format(weight, force_grouping=True))


def _row(view: BillView) -> dict[str, Any]:
    waits, _amount = view.of(states=["open"])
    disputed, disputed_minor = view.of(states=["disputed"])
    agreed_lines, _agreed = view.of(verdicts=[Verdict.EQUAL, Verdict.WITHIN])
    if view.row.stated_minor not in (None, view.total_minor):
        said = Said(_("Not whole"), "bad")
    elif waits:
        said = Said(_("To decide"), "warn")
    else:
        said = Said(_("Disputed"), "bad") if disputed else Said(_("Decided"), "good")
    return {
        "bill": view.row, "view": view, "said": said, "agreed": agreed_lines, "disputed_minor": disputed_minor,
        "why": Explanation(
            _("What the lines come to"),
            [Part(VERDICTS[verdict].label, view.of(verdicts=[verdict])[1], note=str(view.of(verdicts=[verdict])[0]))
             for verdict in VERDICTS if view.of(verdicts=[verdict])[0]],
        ),
    }  # fmt: skip


def _page(
    request: ActingRequest, bill_id: UUID, *, agreed: ActForm | None = None, decide: ReasonForm | None = None
) -> HttpResponse:
    row = billing.get_bill(bill_id=bill_id)
    [view] = billing.list_bills(bill_ids=[row.id])
    chosen = request.GET.get("view", "") if request.GET.get("view", "") in VIEWS else ""
    start = whole(request.GET.get("cursor", ""))
    found = billing.list_lines(bill_id=row.id, state=chosen, after=start, limit=PAGE + 1)
    charges = billing.charges_of([each.id for each in found])
    ticked = _chosen(request) if decide else []
    may = request.actor.verbs.get(flow.VERB) == "all"
    ready = sum(
        view.of(verdicts=[each], states=["open"])[0] for each in bill_rules.AGREED
    )  # fmt: skip
    context = {
        "bill": row,
        "view": view,
        "state": _row(view)["said"],
        "is_whole": row.stated_minor in (None, view.total_minor),
        "picture": charts.shares(
            [(str(said.label), view.of(verdicts=[each])[0], said.tone) for each, said in VERDICTS.items()],
            title=_("Lines by what was found of them"),
        ),
        "legend": [(said, *view.of(verdicts=[each])) for each, said in VERDICTS.items() if view.of(verdicts=[each])[0]],
        "tabs": [
            Link(label, f"?view={code}", current=code == chosen,
                 count=view.of(states=[code] if code else ())[0]) for code, label in VIEWS.items()
        ],
        "page": Slice(
            [_line(each, charges.get(each.id, {}), row.currency, each.id in ticked) for each in found[:PAGE]],
            next_cursor=str(start + PAGE) if len(found) > PAGE else "",
            previous_cursor=str(max(0, start - PAGE)) if start else "",
        ),
        "ready": ready if may else 0,
        "may_decide": may and any(each.state in ("open", "disputed") for each in found[:PAGE]),
        "agreed": agreed or ActForm(name="agreed"),
        "decide": decide or ReasonForm(name="decide"),
        "crumbs": [
            Link(_("Carriers"), reverse("desk:carriers")),
            Link(_("Bills"), reverse("desk:carrier_bills")),
            Link(row.number),
        ],
    }  # fmt: skip
    return render(request, "carriers/bill.html", context, *(form for form in (agreed, decide) if form))


def _line(line: CarrierBillLine, charges: Mapping[str, int], currency: str, is_ticked: bool) -> dict[str, Any]:
    difference = line.amount_minor - line.planned_minor
    parts = [(_("Rate"), line.rate_minor), (_("Weight"), line.weight_minor), (_("Surcharges"), line.surcharge_minor)]
    named = line.parcel or (line.booking.parcel if line.booking else None)
    return {
        "line": line,
        "verdict": VERDICTS[line.verdict],
        "state": STATES[line.state],
        "parcel": named.number if named else "",
        "difference_minor": difference,
        "weighed": _grams(line.weight_g),
        "packed": _grams(line.planned_weight_g),
        "billed": Explanation(
            _("What the carrier bills"), [Part(CHARGES.get(kind, kind), amount) for kind, amount in charges.items()],
            [Trace(_("Service"), line.service)] if line.service else [],
        ),
        "differs": Explanation(
            _("Beyond what was planned"), [Part(label, amount) for label, amount in parts if amount],
            [*_weights(line, currency), *_exchange(line, currency)],
        ),
        "is_open": line.state in ("open", "disputed"),
        "is_ticked": is_ticked,
        "currency": currency,
    }  # fmt: skip


def _weights(line: CarrierBillLine, currency: str) -> Sequence[Trace]:
    known = ((_("Weight when packed"), line.planned_weight_g), (_("Weight that is billed"), line.weight_g))
    said = [Trace(label, _grams(weight)) for label, weight in known if weight is not None]
    if line.card_minor is not None:
        said.append(Trace(_("By the rate card for that weight"), format_minor(line.card_minor, currency)))
    return said


def _exchange(line: CarrierBillLine, currency: str) -> Sequence[Trace]:
    """At which rate a line was reckoned that was planned in another currency."""
    if not line.own_currency:
        return []
    rate = _("1 {bill} = {rate} {own}, {on}, {source}").format(
        bill=currency, rate=f"{line.fx_rate:f}", own=line.own_currency, on=line.fx_on, source=line.fx_source
    )
    return [
        Trace(_("Planned in another currency"), format_minor(line.own_minor, line.own_currency)),
        Trace(_("Rate of the bill's day"), rate),
    ]


def _chosen(request: ActingRequest) -> list[UUID]:
    found = []
    for text in request.POST.getlist("line"):
        try:
            found.append(UUID(text))
        except ValueError:
            raise Invalid("carriers.no_line", "Choose the lines that you mean.") from None
    return found


def _pay_name(carrier: str, currency: str) -> str:
    return f"pay-{currency}-{carrier.encode().hex()}"


def _plain(typed: Mapping[str, Any]) -> dict[str, Any]:
    return {"reference": typed["reference"]}
