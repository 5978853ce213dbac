"""Settlement: statements closed up to a day, opened down to one cent and its event, and paid out."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from entrepot.domain.inbound import queries as inbound
from entrepot.domain.ledger import words as ledger_words
from entrepot.domain.orders import queries as orders
from entrepot.domain.settlement import queries
from entrepot.domain.settlement import words as settlement_words
from entrepot.domain.settlement.models import Payout, PayoutBatch, Statement
from entrepot.domain.settlement.queries import AccrualView, LineGroup
from entrepot.flows import settling
from entrepot.kernel import clock
from entrepot.kernel.errors import Invalid, NotFound
from entrepot.surfaces.desk import words
from entrepot.surfaces.desk.acting import ActForm, Done, ReasonForm, attempt, render
from entrepot.surfaces.desk.paging import PAGE, read_cursor, slice_of
from entrepot.surfaces.shared import accruals, files, guards
from entrepot.surfaces.shared.components import Explanation, Link, Part, Slice
from entrepot.surfaces.shared.guards import ActingRequest
from entrepot.surfaces.shared.numbers import whole


class SettleForm(ActForm):
    """Up to which day statements are closed."""

    until = forms.DateField(
        label=gettext_lazy("Up to the start of"),
        help_text=gettext_lazy("What was due before that day, in UTC, stands on the statements."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )


@guards.allow("statements.read", kind="operator")
@require_GET
def settlement(request: ActingRequest) -> HttpResponse:
    """Statements, the newest first."""
    return _statements(request)


@guards.allow("settlement.run", kind="operator")
@require_POST
def runs(request: ActingRequest) -> HttpResponse:
    """Close the statements of every seller up to a day; again for the same day they are the same."""
    form = SettleForm(request.POST, name="settle")

    def settle(typed: Mapping[str, Any]) -> Done:
        now = clock.now()
        if typed["until"] > now.date():
            raise Invalid("settlement.day_to_come", "Statements are closed for days that are over.", field="until")
        until = datetime.combine(typed["until"], time(), UTC)
        count = len(settling.settle(until=until, now=now, actor=request.actor))
        if not count:
            return Done(_("Nothing was due by then."))
        return Done(
            ngettext("{count} statement is closed.", "{count} statements are closed.", count).format(count=count)
        )

    answer = attempt(request, form, settle, to=reverse("desk:settlement"))
    return answer or _statements(request, settle=form)


@guards.allow("statements.read", kind="operator")
@require_GET
def statement(request: ActingRequest, number: str) -> HttpResponse:
    """A statement with a row an order line, each of which opens to its parts."""
    found = queries.get_statement(number=number, seller_id=None)
    start = whole(request.GET.get("cursor", ""))
    shown = found.groups[start : start + PAGE]
    places = orders.find_line_places({group.line_id for group in shown if group.line_id})
    rows = [
        {
            "group": group,
            "why": accruals.of_group(group.title or _("Not about one line"), group.parts, _address),
            "place": places.get(group.line_id) if group.line_id else None,
        }
        for group in shown
    ]
    each = found.statement
    context = {
        "statement": each,
        "state": words.STATEMENTS[each.state],
        "payout": found.payout,
        "payout_state": words.PAYOUTS[found.payout.state] if found.payout else None,
        "sum": [
            (_("Carried over from before"), each.opening_minor),
            (_("Earned and owed in this period"), each.lines_minor),
            (_("Kept back for a while"), -each.reserved_minor),
            (_("Released of what was kept back"), each.released_minor),
            (_("Carried over to the next"), -each.carried_minor),
        ],
        "by_part": _by_part(found.groups),
        "page": Slice(
            rows,
            next_cursor=str(start + PAGE) if start + PAGE < len(found.groups) else "",
            previous_cursor=str(max(0, start - PAGE)) if start else "",
            total=len(found.groups),
        ),
        "crumbs": [Link(_("Settlement"), reverse("desk:settlement")), Link(each.number)],
    }
    return render(request, "settlement/statement.html", context)


@guards.allow("statements.read", kind="operator")
@require_GET
def accrual(request: ActingRequest, accrual_id: UUID) -> HttpResponse:
    """One amount of a seller: by which rule, from which inputs, for which event, with its posting."""
    view, postings = queries.get_accrual(accrual_id=accrual_id, seller_id=None)
    lines = orders.find_line_places({each.subject_id for each in postings if each.subject_id})
    own = next((each for each in postings if each.id == view.posting_id), None)
    place = lines.get(own.subject_id) if own and own.subject_id else None
    programme, _space, rest = view.rule.partition(" v")
    version, _colon, key = rest.partition(": ")
    context = {
        "accrual": view,
        "shipment": inbound.find_of_accrual(view.event_kind, view.event_id),
        "place": place,
        "programme": programme,
        "version": version if version.isdecimal() else "",
        "key": accruals.title(key),
        "inputs": [(each.label, each.value) for each in accruals.inputs(view)],
        "postings": [
            {
                "row": each,
                "is_own": each.id == view.posting_id,
                "part": settlement_words.part(each.part),
                "source": ledger_words.account(each.source.kind, each.source.label),
                "destination": ledger_words.account(each.destination.kind, each.destination.label),
            }
            for each in postings
        ],
        "event": ledger_words.JOURNALS.get(postings[0].journal_kind, "") if postings else "",
        "may_read_books": request.actor.may("ledger.read"),
        "crumbs": [
            Link(_("Settlement"), reverse("desk:settlement")),
            *([Link(place.order_number, reverse("desk:order", args=[place.order_number]))] if place else []),
            Link(view.says),
        ],
    }
    return render(request, "settlement/accrual.html", context)


@guards.allow("statements.read", kind="operator")
@require_GET
def payouts(request: ActingRequest) -> HttpResponse:
    """Batches of payouts, and what is still to be sent."""
    return _payouts(request)


@guards.allow("settlement.run", kind="operator")
@require_POST
def batches(request: ActingRequest) -> HttpResponse:
    """Send what statements owe, a batch a currency."""
    form = ActForm(request.POST, name="send")

    def send(typed: Mapping[str, Any]) -> Done:
        sent = settling.pay_out(now=clock.now(), actor=request.actor)
        if not sent:
            return Done(_("Nothing is owed at the moment."))
        said = ngettext("{count} batch is sent.", "{count} batches are sent.", len(sent)).format(count=len(sent))
        return Done(said, reverse("desk:batch", args=[sent[0].number]) if len(sent) == 1 else "")

    answer = attempt(request, form, send, to=reverse("desk:payouts"))
    return answer or _payouts(request, send=form)


@guards.allow("statements.read", kind="operator")
@require_GET
def batch(request: ActingRequest, number: str) -> HttpResponse:
    """One batch with its payouts."""
    return _batch(request, number)


@guards.allow("statements.read", kind="operator")
@require_GET
def batch_file(request: ActingRequest, number: str) -> HttpResponse:
    """The file of a batch, to upload to the bank."""
    found = queries.get_batch(number=number)
    if not found.media:
        raise NotFound(kind="file")
    return files.send(found.media, f"payouts-{found.number}")


@guards.allow("payouts.confirm", kind="operator")
@require_POST
def confirmation(request: ActingRequest, number: str) -> HttpResponse:
    """The bank has paid the chosen payouts."""
    form = ActForm(request.POST, name="confirm")

    def confirm(typed: Mapping[str, Any]) -> Done:
        chosen = _chosen(request, number)
        count = settling.confirm_payouts(payout_ids=chosen, now=clock.now(), actor=request.actor)
        return Done(
            ngettext("{count} payout is confirmed.", "{count} payouts are confirmed.", count).format(count=count)
        )

    answer = attempt(request, form, confirm, to=reverse("desk:batch", args=[number]))
    return answer or _batch(request, number, confirm=form)


@guards.allow("payouts.confirm", kind="operator")
@require_POST
def failure(request: ActingRequest, number: str, payout_id: UUID) -> HttpResponse:
    """The bank sent one payout back: the money is the seller's again."""
    found = queries.get_batch(number=number)
    if payout_id not in {each.id for each in queries.list_payouts(seller_id=None, batch_id=found.id, limit=10_000)}:
        raise NotFound(kind="payout")
    form = ReasonForm(request.POST, name=f"fail-{payout_id}")

    def fail(typed: Mapping[str, Any]) -> None:
        settling.fail_payouts(payout_ids=[payout_id], now=clock.now(), actor=request.actor, **typed)

    said = _("The money is the seller's again and leaves with the next payout.")
    answer = attempt(request, form, fail, said=said, to=reverse("desk:batch", args=[number]))
    return answer or _batch(request, number, failed={payout_id: form})


def _statements(request: ActingRequest, settle: ActForm | None = None) -> HttpResponse:
    found = queries.list_statements(seller_id=None, before=read_cursor(request.GET.get("cursor", "")), limit=PAGE + 1)

    def show(rows: Any) -> list[dict[str, Any]]:
        return [{"statement": each, "state": words.STATEMENTS[each.state], "why": _payable(each)} for each in rows]

    context = {
        "page": slice_of(found, lambda each: each.id, show),
        "tabs": _tabs("settlement"),
        "settle": settle or SettleForm(name="settle", initial={"until": clock.now().date()}),
        "unsettled": queries.list_unsettled(),
        "may_run": request.actor.may("settlement.run"),
    }
    return render(request, "settlement/settlement.html", context, *([settle] if settle else []))


def _payouts(request: ActingRequest, send: ActForm | None = None) -> HttpResponse:
    found = queries.list_batches()
    summary = queries.sum_batches([each.id for each in found])
    context = {
        "tabs": _tabs("payouts"),
        "batches": [
            {
                "batch": each,
                "count": summary[each.id].payouts,
                "amount_minor": summary[each.id].amount_minor,
                "open": summary[each.id].in_transit,
            }
            for each in found
            if each.id in summary
        ],
        "owed": queries.list_owed(),
        "send": send or ActForm(name="send"),
        "may_run": request.actor.may("settlement.run"),
    }
    return render(request, "settlement/payouts.html", context, *([send] if send else []))


def _batch(
    request: ActingRequest,
    number: str,
    confirm: ActForm | None = None,
    failed: Mapping[UUID, ActForm] | None = None,
) -> HttpResponse:
    failed = failed or {}
    found = queries.get_batch(number=number)
    rows = queries.list_payouts(seller_id=None, batch_id=found.id, limit=1000)
    context = {
        "batch": found,
        "rows": [_payout(each, found, failed) for each in rows],
        "total_minor": sum(each.amount_minor for each in rows),
        "in_transit": sum(each.state == Payout.State.IN_TRANSIT for each in rows),
        "confirm": confirm or ActForm(name="confirm"),
        "may_confirm": request.actor.may("payouts.confirm"),
        "crumbs": [
            Link(_("Settlement"), reverse("desk:settlement")),
            Link(_("Payouts"), reverse("desk:payouts")),
            Link(found.number),
        ],
    }
    return render(request, "settlement/batch.html", context, *([confirm] if confirm else []), *failed.values())


def _payout(each: Payout, found: PayoutBatch, failed: Mapping[UUID, ActForm]) -> dict[str, Any]:
    return {
        "payout": each,
        "state": words.PAYOUTS[each.state],
        "is_open": each.state == Payout.State.IN_TRANSIT,
        "dialog": f"fail-{each.id}",
        "form": failed.get(each.id) or ReasonForm(name=f"fail-{each.id}"),
        "action": reverse("desk:payout_failure", args=[found.number, each.id]),
    }


def _chosen(request: ActingRequest, number: str) -> list[UUID]:
    """The payouts of this batch that were ticked. Raises: Invalid where none is."""
    found = queries.get_batch(number=number)
    ticked = set(request.POST.getlist("payout"))
    rows = queries.list_payouts(seller_id=None, batch_id=found.id, limit=10_000)
    chosen = [each.id for each in rows if str(each.id) in ticked]
    if not chosen:
        raise Invalid("settlement.nothing_chosen", "Choose what the bank has paid.")
    return chosen


def _tabs(current: str) -> list[Link]:
    return [
        Link(_("Statements"), reverse("desk:settlement"), current=current == "settlement"),
        Link(_("Payouts"), reverse("desk:payouts"), current=current == "payouts"),
    ]


def _payable(each: Statement) -> Explanation:
    """What is paid out of a statement."""
    parts = [
        Part(_("Carried over from before"), each.opening_minor),
        Part(_("Earned and owed in this period"), each.lines_minor),
        Part(_("Kept back for a while"), -each.reserved_minor),
        Part(_("Released of what was kept back"), each.released_minor),
        Part(_("Carried over to the next"), -each.carried_minor),
    ]
    return Explanation(_("What is paid out"), [part for part in parts if part.amount_minor])


def _address(each: AccrualView) -> str:
    return reverse("desk:accrual", args=[each.id])


def _by_part(groups: tuple[LineGroup, ...]) -> list[tuple[str, int]]:
    """The whole statement by part, the largest first."""
    sums: Counter[str] = Counter()
    for group in groups:
        for each in group.parts:
            sums[each.says] += each.amount_minor
    return sorted(sums.items(), key=lambda pair: -abs(pair[1]))
