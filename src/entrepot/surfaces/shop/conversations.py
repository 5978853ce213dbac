"""Questions about an order: asked of whoever holds customer service for it, answered in the same place."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from entrepot.domain.conversations import queries, rules, services
from entrepot.domain.conversations.models import Thread
from entrepot.domain.orders import purchases
from entrepot.domain.orders.models import Order
from entrepot.domain.terms.rules import Task
from entrepot.flows import conversing
from entrepot.surfaces.shared import threads
from entrepot.surfaces.shared.acting import ActForm, Done, attempt
from entrepot.surfaces.shared.components import Link
from entrepot.surfaces.shared.guards import ActingRequest, public
from entrepot.surfaces.shared.threads import SUBJECTS, WriteForm
from entrepot.surfaces.shared.throttle import throttled
from entrepot.surfaces.shop.following import Read, cancellable, may_move, read, returnable
from entrepot.surfaces.shop.frame import Visit, arrive
from entrepot.surfaces.shop.parties import Names, names_of


class AskForm(WriteForm):
    """What it is about, and about which goods."""

    subject = forms.ChoiceField(
        label=gettext_lazy("What is it about?"), choices=list(SUBJECTS.items()), widget=forms.RadioSelect
    )
    line = forms.ChoiceField(label=gettext_lazy("About which goods?"), widget=forms.RadioSelect)

    field_order = ["subject", "line", "text", "attachments"]

    def __init__(self, *args: Any, lines: Sequence[tuple[str, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        chosen = self.fields["line"]
        assert isinstance(chosen, forms.ChoiceField)
        chosen.choices = lines
        if len(lines) == 1:
            chosen.initial = lines[0][0]


@public
@require_http_methods(["GET", "HEAD", "POST"])
@throttled("message", "POST")
def ask(request: ActingRequest, number: str) -> HttpResponse:
    """Ask something; it says beforehand who answers and within which time."""
    visit = arrive(request)
    rows = read(visit, number)
    names = names_of({each.seller_id for each in rows.suborders})
    initial = {"subject": request.GET.get("subject", ""), "line": request.GET.get("line", "")}
    data = (request.POST, request.FILES) if request.method == "POST" else ()
    form = AskForm(*data, lines=_lines(rows, names), initial=initial, name="ask")

    def act(typed: Mapping[str, Any]) -> Done:
        thread = conversing.open_thread(
            order_id=rows.order.id,
            line_id=UUID(typed["line"]),
            subject=typed["subject"],
            text=typed["text"],
            attachments=typed["attachments"],
            actor=visit.actor,
            now=visit.now,
            access_token=rows.order.access_token,
        )
        return Done(_("Your question is sent."), _href(number, thread))

    answer = attempt(request, form, act) if form.is_bound else None
    context = {"order": rows.order, "form": form, "crumbs": _crumbs(rows.order, _("Ask a question"))}
    return answer or visit.render("ask.html", context, status=form.status)


@public
@require_safe
def show(request: ActingRequest, number: str, thread_number: str) -> HttpResponse:
    """A conversation; its shopper has read it now."""
    visit = arrive(request)
    order, thread = _own(visit, number, thread_number)
    if thread.unread_shopper:
        services.mark_read(thread_id=thread.id, by_shopper=True)
    return _page(visit, order, thread)


@public
@require_POST
@throttled("message")
def write(request: ActingRequest, number: str, thread_number: str) -> HttpResponse:
    """Say something more."""
    visit = arrive(request)
    order, thread = _own(visit, number, thread_number)
    form = WriteForm(request.POST, request.FILES, name="write")

    def act(typed: Mapping[str, Any]) -> None:
        conversing.write(
            thread_id=thread.id,
            **typed,
            actor=visit.actor,
            now=visit.now,
            access_token=order.access_token,
            as_shopper=True,
        )

    answer = attempt(request, form, act, said=_("Your message is sent."), to=_href(number, thread))
    return answer or _page(visit, order, thread, form)


@public
@require_POST
def set_state(request: ActingRequest, number: str, thread_number: str) -> HttpResponse:
    """It is settled, or it is not after all."""
    visit = arrive(request)
    order, thread = _own(visit, number, thread_number)
    form = ActForm(request.POST, name="state")
    state = Thread.State.OPEN if request.POST.get("state") == "open" else Thread.State.CLOSED
    said = _("Good to hear. It is closed.") if state == Thread.State.CLOSED else _("It is open again.")

    def act(_typed: Mapping[str, Any]) -> None:
        conversing.set_state(
            thread_id=thread.id,
            state=state,
            actor=visit.actor,
            now=visit.now,
            access_token=order.access_token,
            as_shopper=True,
        )

    return attempt(request, form, act, said=said, to=_href(number, thread)) or _page(visit, order, thread)


@public
@require_safe
def file(request: ActingRequest, number: str, thread_number: str, attachment_id: UUID) -> HttpResponse:
    """A picture or paper of a conversation."""
    _order, thread = _own(arrive(request), number, thread_number)
    return threads.send_file(thread, attachment_id)


def _page(visit: Visit, order: Order, thread: Thread, form: WriteForm | None = None) -> HttpResponse:
    names = names_of({thread.seller_id})
    form = form or WriteForm(name="write")
    context = {
        "order": order,
        "thread": thread,
        "zone": order.market.time_zone,
        "view": threads.show(
            thread,
            reader=None,
            route="shop:conversation_file",
            arguments=[order.number, thread.number],
            operator=names.operator,
            now=visit.now,
        ),
        "acts": acts(read(visit, order.number), visit.now, rules.ACTS[thread.subject])
        if thread.state == Thread.State.OPEN and rules.ACTS[thread.subject]
        else [],
        "form": form,
        "state_form": ActForm(name="state"),
        "crumbs": _crumbs(order, thread.number),
    }
    return visit.render("conversation.html", context, status=form.status)


def acts(rows: Read, now: datetime, wanted: Sequence[str]) -> list[Link]:
    """What may be done about an order right now, of what was asked for."""
    number = rows.order.number
    order = reverse("shop:order", args=[number])
    possible = {
        "follow": (bool(rows.suborders), Link(_("Follow the parcels"), order, icon="truck")),
        "return": (
            bool(returnable(rows, now)),
            Link(_("Send something back"), reverse("shop:order_returns", args=[number]), icon="return"),
        ),
        "cancel": (bool(cancellable(rows)), Link(_("Cancel something"), f"{order}#cancel", icon="cross")),
        "address": (
            may_move(rows),
            Link(_("Change the address"), reverse("shop:order_address", args=[number]), icon="pen"),
        ),
        "receipt": (
            rows.order.placed_at is not None,
            Link(_("Receipt"), reverse("shop:order_receipt", args=[number]), icon="download"),
        ),
    }
    return [link for name in wanted for may, link in [possible[name]] if may]


def _lines(rows: Read, names: Names) -> list[tuple[str, str]]:
    """The lines that one may ask about, each with who answers and by when."""

    def words(line: Any) -> str:
        agreed = rows.terms[line.terms_id]
        hours = agreed.service.answer_hours
        name = names.of(agreed.performer(Task.CUSTOMER_SERVICE), line.seller_id, agreed.role(Task.CUSTOMER_SERVICE))
        text = ngettext(
            "{title}: {name} answers within {hours} hour", "{title}: {name} answers within {hours} hours", hours
        )
        return text.format(title=line.title, name=name, hours=hours)

    return [(str(line.id), words(line)) for line in rows.lines]


def _own(visit: Visit, number: str, thread_number: str) -> tuple[Order, Thread]:
    order = purchases.get_own_order(number=number, holder=visit.buyer)
    return order, queries.get_thread(number=thread_number, order_id=order.id)


def _href(number: str, thread: Thread) -> str:
    return reverse("shop:conversation", args=[number, thread.number])


def _crumbs(order: Order, here: str) -> list[Link]:
    return [
        Link(_("Orders"), reverse("shop:orders")),
        Link(order.number, reverse("shop:order", args=[order.number])),
        Link(here),
    ]
