"""The conversations of those who answer: one inbox for sellers and desk, which differ in scope and frame alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from entrepot.domain.accounts import queries as accounts
from entrepot.domain.conversations import queries, rules, services
from entrepot.domain.conversations.models import Thread
from entrepot.domain.conversations.queries import Reader
from entrepot.domain.terms.rules import Party
from entrepot.flows import conversing
from entrepot.kernel import clock
from entrepot.surfaces.shared import threads
from entrepot.surfaces.shared.acting import ActForm, ReasonForm, attempt
from entrepot.surfaces.shared.components import Link, Slice, Text
from entrepot.surfaces.shared.guards import ActingRequest
from entrepot.surfaces.shared.threads import WriteForm

PAGE = 50

#: view -> what it is called, and what it narrows the list to.
VIEWS: Mapping[str, tuple[Text, Mapping[str, Any]]] = {
    "": (gettext_lazy("For you to answer"), {"is_waiting": True}),
    "late": (gettext_lazy("Overdue"), {"is_waiting": True, "is_late": True}),
    "all": (gettext_lazy("All"), {}),
    "closed": (gettext_lazy("Closed"), {"state": "closed"}),
}


class CloseForm(ActForm):
    """Why a thread is closed, which an unanswered one needs."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("The shopper does not see it."),
        max_length=200,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


@dataclass(frozen=True, slots=True)
class Row:
    """A thread in a list."""

    thread: Thread
    subject: Text
    state: tuple[Text, str]
    href: str
    seller: str


@dataclass(frozen=True, slots=True)
class Inbox:
    """The pages of a surface; `render` puts a template of the surface into its frame."""

    surface: str
    render: Callable[..., HttpResponse]

    def index(self, request: ActingRequest) -> HttpResponse:
        """Threads, those that wait for an answer by their deadline."""
        now = clock.now()
        own = request.actor.organisation_id
        view = request.GET.get("view", "")
        view = view if view in VIEWS else ""
        text = request.GET.get("q", "").strip()
        found = queries.list_threads(
            reader=self.reader(request),
            organisation_id=own if view in ("", "late") else None,
            text=text,
            before=_read_cursor(request.GET.get("cursor", "")),
            now=now,
            limit=PAGE + 1,
            **VIEWS[view][1],
        )
        shown = found[:PAGE]
        here = reverse(f"{self.surface}:conversations")
        context = {
            "page": Slice([self._row(each, now) for each in shown], next_cursor=_cursor(found)),
            "tabs": [
                Link(label, f"{here}?view={code}" if code else here, current=code == view)
                for code, (label, _narrowed) in VIEWS.items()
            ],
            "view": view,
            "query": text,
        }
        return self.render(request, "conversations/index.html", context)

    def show(self, request: ActingRequest, number: str) -> HttpResponse:
        """A thread; whoever answers it has read it now."""
        thread = self.find(request, number)
        if thread.organisation_id == request.actor.organisation_id and thread.unread_service:
            services.mark_read(thread_id=thread.id, by_shopper=False)
        return self.page(request, thread)

    def write(self, request: ActingRequest, number: str) -> HttpResponse:
        """Answer."""
        thread = self.find(request, number)
        form = WriteForm(request.POST, request.FILES, name="write")

        def act(typed: Mapping[str, Any]) -> None:
            conversing.write(thread_id=thread.id, **typed, actor=request.actor, now=clock.now())

        answer = attempt(request, form, act, said=_("Your answer is sent."), to=self.href(thread))
        return answer or self.page(request, thread, write=form)

    def hand_on(self, request: ActingRequest, number: str) -> HttpResponse:
        """Let the other party answer."""
        thread = self.find(request, number)
        form = ReasonForm(request.POST, name="hand")

        def act(typed: Mapping[str, Any]) -> None:
            conversing.hand_on(thread_id=thread.id, **typed, actor=request.actor, now=clock.now())

        answer = attempt(request, form, act, said=_("The other party answers from here on."), to=self.after(thread))
        return answer or self.page(request, thread, hand=form)

    def set_state(self, request: ActingRequest, number: str) -> HttpResponse:
        """Close a thread, or open it again."""
        thread = self.find(request, number)
        form = CloseForm(request.POST, name="close")
        state = Thread.State.OPEN if request.POST.get("state") == "open" else Thread.State.CLOSED
        said = _("It is open again.") if state == Thread.State.OPEN else _("It is closed.")

        def act(typed: Mapping[str, Any]) -> None:
            conversing.set_state(thread_id=thread.id, state=state, **typed, actor=request.actor, now=clock.now())

        return attempt(request, form, act, said=said, to=self.href(thread)) or self.page(request, thread, close=form)

    def file(self, request: ActingRequest, number: str, attachment_id: UUID) -> HttpResponse:
        """A picture or paper of a thread."""
        return threads.send_file(self.find(request, number), attachment_id)

    def page(
        self,
        request: ActingRequest,
        thread: Thread,
        *,
        write: WriteForm | None = None,
        hand: ReasonForm | None = None,
        close: CloseForm | None = None,
    ) -> HttpResponse:
        """The page of a thread, with the forms that are open to this reader."""
        operator = accounts.get_operator()
        own = request.actor.organisation_id
        party = Party.PLATFORM if own == operator.id else Party.SELLER if own == thread.seller_id else Party.THIRD_PARTY
        may_answer = request.actor.reaches("conversations.answer", thread.organisation_id)
        next_party = rules.NEXT[Party(thread.party)]
        view = threads.show(
            thread,
            reader=party,
            route=f"{self.surface}:conversation_file",
            arguments=[thread.number],
            operator=operator.name,
            now=clock.now(),
        )
        shown = (
            write or WriteForm(name="write"),
            hand or ReasonForm(name="hand"),
            close or CloseForm(name="close"),
        )
        context = {
            "view": view,
            "thread": thread,
            "zone": thread.order.market.time_zone,
            "may_answer": may_answer,
            "is_ours": thread.organisation_id == own,
            "next_name": threads.name_of(next_party, thread, operator.name),
            "write": shown[0],
            "hand": shown[1],
            "close": shown[2],
            "order_href": self._order(request, thread),
            "routes": {
                name: reverse(f"{self.surface}:conversation_{name}", args=[thread.number])
                for name in ("messages", "handing", "state")
            },
            "crumbs": [Link(_("Conversations"), reverse(f"{self.surface}:conversations")), Link(thread.number)],
        }
        return self.render(request, "conversations/show.html", context, *shown)

    def find(self, request: ActingRequest, number: str) -> Thread:
        """A thread that the actor sees. Raises: NotFound."""
        return queries.get_thread(number=number, reader=self.reader(request))

    def reader(self, request: ActingRequest) -> Reader:
        """Whose threads the actor sees. Raises: Denied."""
        return conversing.reader_of(request.actor, is_seller=self.surface == "seller")

    def href(self, thread: Thread) -> str:
        """The page of a thread."""
        return reverse(f"{self.surface}:conversation", args=[thread.number])

    def after(self, thread: Thread) -> str:
        """Where one goes who has handed a thread on: a partner sees it no more."""
        return reverse(f"{self.surface}:conversations") if thread.party == Party.THIRD_PARTY else self.href(thread)

    def _order(self, request: ActingRequest, thread: Thread) -> str:
        if not request.actor.may("orders.read"):
            return ""
        number = thread.suborder.number if self.surface == "seller" else thread.order.number
        return reverse(f"{self.surface}:order", args=[number])

    def _row(self, thread: Thread, now: Any) -> Row:
        return Row(
            thread,
            threads.SUBJECTS[thread.subject],
            threads.state_of(thread, now, for_shopper=False),
            self.href(thread),
            thread.seller.organisation.name,
        )


def _cursor(found: Sequence[Thread]) -> str:
    return found[PAGE - 1].id.hex if len(found) > PAGE else ""


def _read_cursor(text: str) -> UUID | None:
    try:
        return UUID(hex=text) if text else None
    except ValueError:
        return None
