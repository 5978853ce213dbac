"""The demonstration's clock: where it stands, where it may go, who works while it goes. Only a demonstration has it."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from entrepot.demonstration import clock as shared
from entrepot.demonstration import living
from entrepot.demonstration.models import Advance
from entrepot.domain.accounts import queries as accounts
from entrepot.domain.orders import work
from entrepot.kernel import clock
from entrepot.kernel.errors import Invalid
from entrepot.surfaces.desk.acting import ActForm, attempt, render
from entrepot.surfaces.shared import guards
from entrepot.surfaces.shared.components import Text
from entrepot.surfaces.shared.guards import ActingRequest

SPANS: Mapping[str, timedelta] = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
DEADLINES: Mapping[str, Text] = {
    "hand_over": gettext_lazy("An order is due to leave"),
    "delivery": gettext_lazy("A parcel is expected to arrive"),
    "return_window": gettext_lazy("A shopper's right to return ends"),
    "settlement": gettext_lazy("Statements are closed"),
    "payout": gettext_lazy("Payouts go to the bank"),
    "bank": gettext_lazy("The bank has paid"),
}
HAPPENED: Mapping[str, Any] = {
    "accepted": ngettext_lazy("{count} order taken on", "{count} orders taken on", "count"),
    "shipped": ngettext_lazy("{count} parcel shipped", "{count} parcels shipped", "count"),
    "scans": ngettext_lazy("{count} scan", "{count} scans", "count"),
    "delivered": ngettext_lazy("{count} parcel delivered", "{count} parcels delivered", "count"),
    "lost": ngettext_lazy("{count} parcel lost", "{count} parcels lost", "count"),
    "returns": ngettext_lazy("{count} return refunded", "{count} returns refunded", "count"),
    "statements": ngettext_lazy("{count} statement", "{count} statements", "count"),
    "payouts": ngettext_lazy("{count} payout sent", "{count} payouts sent", "count"),
    "paid": ngettext_lazy("{count} payout paid", "{count} payouts paid", "count"),
}
STATES: Mapping[str, tuple[Text, str]] = {
    "open": (gettext_lazy("On its way"), "info"),
    "done": (gettext_lazy("Arrived"), "good"),
    "failed": (gettext_lazy("Stopped"), "bad"),
}
LAST = 10


class AdvanceForm(ActForm):
    """How far the clock goes on."""

    to = forms.ChoiceField(choices=[(code, code) for code in (*SPANS, "next", *DEADLINES)])
    next = forms.CharField(required=False, max_length=2000, widget=forms.HiddenInput)


class WorkersForm(ActForm):
    """Whose work the demonstration does."""

    others_work = forms.BooleanField(
        label=gettext_lazy("Let the others work"),
        help_text=gettext_lazy("As time goes on, the demonstration accepts, packs and hands over what is due."),
        required=False,
    )
    left_alone = forms.MultipleChoiceField(
        label=gettext_lazy("But not for these: they are played by people"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["left_alone"].choices = [  # type: ignore[attr-defined]
            (str(key), name) for key, name in work.list_performers()
        ]


@guards.members("operator")
@require_GET
def overview(request: ActingRequest) -> HttpResponse:
    """The page of the clock. Raises: NotFound where this is no demonstration."""
    return _page(request)


@guards.members("operator")
@never_cache
@require_GET
def status(request: ActingRequest) -> HttpResponse:
    """The bar above every page, which asks for itself while the clock goes on."""
    shared.demand_operator(request.actor)
    return render(request, "clock/status.html", {"was_going": True})


@guards.members("operator")
@require_POST
def advances(request: ActingRequest) -> HttpResponse:
    """Let the clock go on."""
    shared.demand_operator(request.actor)
    form = AdvanceForm(request.POST, name="advance")
    answer = attempt(
        request, form, lambda typed: move(request.actor, typed["to"]), said=_("The clock goes on."), to=_back(request)
    )
    return answer or _page(request, form)


@guards.members("operator")
@require_POST
def workers(request: ActingRequest) -> HttpResponse:
    """Say whose work the demonstration does."""
    shared.demand_operator(request.actor)
    form = WorkersForm(request.POST, name="workers")

    def choose(typed: Mapping[str, Any]) -> None:
        shared.choose_workers(
            actor=request.actor,
            others_work=typed["others_work"],
            left_alone={UUID(each) for each in typed["left_alone"]},
            now=clock.now(),
        )

    answer = attempt(request, form, choose, said=_("It is noted."), to=reverse("desk:clock"))
    return answer or _page(request, form)


def move(actor: Any, to: str) -> Advance:
    """Ask for an hour, a day, the next deadline, or the next of a kind. Raises: Invalid where there is none."""
    now = clock.now()
    return shared.ask(actor=actor, until=now + SPANS[to] if to in SPANS else _deadline(to, now), now=now)


def _deadline(kind: str, now: datetime) -> datetime:
    for each in living.deadlines(now=now):
        if kind in ("next", each.kind):
            return each.at
    raise Invalid("demonstration.nothing_due", "Nothing of the kind is due; let an hour or a day pass.", field="to")


def _back(request: ActingRequest) -> str:
    to = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(to, {request.get_host()}, require_https=request.is_secure())
    return to if is_ours and to.startswith("/") else reverse("desk:clock")


def _page(request: ActingRequest, form: ActForm | None = None) -> HttpResponse:
    row = shared.demand_operator(request.actor)
    now = clock.now()
    journeys = list(Advance.objects.order_by("-id")[:LAST])
    names = accounts.list_user_names({each.asked_by for each in journeys if each.asked_by})
    chosen = {"others_work": row.others_work, "left_alone": [str(each) for each in row.left_alone]}
    context = {
        "now": now,
        "advance": form if isinstance(form, AdvanceForm) else AdvanceForm(name="advance"),
        "workers": form if isinstance(form, WorkersForm) else WorkersForm(name="workers", initial=chosen),
        "deadlines": [(each.kind, DEADLINES[each.kind], each.at) for each in living.deadlines(now=now)],
        "journeys": [
            {"journey": each, "state": STATES[each.state], "by": names.get(each.asked_by, "") if each.asked_by else "",
             "happened": list(happened(each))}
            for each in journeys
        ],
    }  # fmt: skip
    return render(request, "clock/clock.html", context, *([form] if form else []))


def happened(journey: Advance) -> Iterator[str]:
    """What happened on the way, in words."""
    for kind, words in HAPPENED.items():
        if count := journey.happened.get(kind, 0):
            yield str(words.format(count=count))
