"""Nodes: where stock stands and from where parcels leave; who works there, on which days, until which hour."""

from collections.abc import Mapping
from datetime import date, time
from typing import Any

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from entrepot.domain.accounts import queries as accounts
from entrepot.domain.logistics import holidays, labels, queries, services
from entrepot.domain.logistics.models import Holiday, Node
from entrepot.kernel import clock
from entrepot.kernel.errors import Invalid
from entrepot.surfaces.desk import words
from entrepot.surfaces.desk.acting import ActForm, Done, ReasonForm, attempt, render
from entrepot.surfaces.desk.setup.fields import WEEKDAYS, CodeField, CountryField, zone_field
from entrepot.surfaces.shared import guards
from entrepot.surfaces.shared.components import Link
from entrepot.surfaces.shared.guards import ActingRequest

#: Public holidays that a node's page shows.
HOLIDAYS_SHOWN = 6
#: Who works at a node of a kind; at one that is not named, anybody may.
WORKERS: Mapping[str, str] = {
    "seller_premises": "seller",
    "third_party_overseas": "third_party",
    "platform_consolidation": "operator",
    "platform_overseas": "operator",
}
CLOSURES_HELP = gettext_lazy("One day a line, with its name: 2026-12-25 Christmas Day.")


def _closures_field() -> forms.CharField:
    return forms.CharField(
        label=gettext_lazy("Days off"),
        help_text=CLOSURES_HELP,
        required=False,
        max_length=5_000,
        widget=forms.Textarea(attrs={"rows": 4, "class": "paste"}),
    )


class CalendarForm(ActForm):
    """What a node is called and when it works."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    time_zone = zone_field()
    working_days = forms.MultipleChoiceField(
        label=gettext_lazy("Works on"), choices=WEEKDAYS, widget=forms.CheckboxSelectMultiple
    )
    cut_off = forms.TimeField(
        label=gettext_lazy("Cut-off"),
        help_text=gettext_lazy("An order that comes later counts as the next working day's."),
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    keeps_holidays = forms.BooleanField(
        label=gettext_lazy("Public holidays of its country are days off"), required=False
    )


class NodeForm(CalendarForm):
    """A new node."""

    code = CodeField()
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=list(words.NODES.items()))
    operator = forms.ChoiceField(
        label=gettext_lazy("Who works there"), help_text=gettext_lazy("They see its work, and nobody else does.")
    )
    country = CountryField()
    line1 = forms.CharField(label=gettext_lazy("Street and number"), max_length=200)
    city = forms.CharField(label=gettext_lazy("City"), max_length=120)
    postcode = forms.CharField(label=gettext_lazy("Postcode"), max_length=20, required=False)
    region = forms.CharField(label=gettext_lazy("State or region"), max_length=120, required=False)
    phone = forms.CharField(label=gettext_lazy("Telephone"), max_length=40, required=False)
    closures = _closures_field()

    def __init__(self, *args: Any, operators: list[tuple[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["operator"].choices = operators  # type: ignore[attr-defined]

    def clean_closures(self) -> list[tuple[date, str]]:
        """Days with their names."""
        return read_closures(self.cleaned_data["closures"])


class ClosuresForm(ReasonForm):
    """Further days off."""

    closures = _closures_field()
    field_order = ("closures", "reason")

    def clean_closures(self) -> list[tuple[date, str]]:
        """Days with their names."""
        found = read_closures(self.cleaned_data["closures"])
        if not found:
            raise forms.ValidationError(_("Name a day."))
        return found


class OpeningForm(ReasonForm):
    """Which of the days off are none."""

    days = forms.MultipleChoiceField(label=gettext_lazy("Days"), widget=forms.CheckboxSelectMultiple)
    field_order = ("days", "reason")

    def __init__(self, *args: Any, closed: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["days"].choices = closed  # type: ignore[attr-defined]


@guards.allow("setup.edit", kind="operator")
@require_http_methods(["GET", "HEAD", "POST"])
def nodes(request: ActingRequest) -> HttpResponse:
    """Every node, and a new one."""
    usual = {"working_days": ["1", "2", "3", "4", "5"], "cut_off": time(14), "kind": "platform_overseas",
             "keeps_holidays": True}  # fmt: skip
    form = NodeForm(request.POST or None, name="node", operators=_operators(), initial=usual)
    if request.method == "POST":

        def create(typed: Mapping[str, Any]) -> Done:
            node = _create(request, dict(typed))
            return Done(to=reverse("desk:setup_node", args=[node.code]))

        if answer := attempt(request, form, create, said=_("The node is there.")):
            return answer
    found = list(queries.list_nodes().values())
    names = accounts.list_organisation_names({each.operator_id for each in found})
    context = {
        "rows": [(each, words.NODES[each.kind], names[each.operator_id]) for each in found],
        "form": form,
        "crumbs": [Link(_("Set-up"), reverse("desk:setup")), Link(_("Nodes"))],
    }
    return render(request, "setup/nodes.html", context, form)


@guards.allow("setup.edit", kind="operator")
@require_GET
def node(request: ActingRequest, code: str) -> HttpResponse:
    """One node with its calendar."""
    return _show(request, queries.get_node(code=code))


@guards.allow("setup.edit", kind="operator")
@require_POST
def calendar(request: ActingRequest, code: str) -> HttpResponse:
    """Change its name, days or hour."""
    found, form = queries.get_node(code=code), CalendarForm(request.POST, name="calendar")

    def change(typed: Mapping[str, Any]) -> None:
        values = dict(typed) | {"working_days": [int(each) for each in typed["working_days"]]}
        services.change_node(actor=request.actor, node_id=found.id, now=clock.now(), **values)

    said = _("The calendar is changed. Orders that were placed keep their deadlines.")
    answer = attempt(request, form, change, said=said, to=_url(code))
    return answer or _show(request, found, calendar=form)


@guards.allow("setup.edit", kind="operator")
@require_POST
def closures(request: ActingRequest, code: str) -> HttpResponse:
    """Name further days off."""
    found, form = queries.get_node(code=code), ClosuresForm(request.POST, name="closures")

    def close(typed: Mapping[str, Any]) -> None:
        services.close_node(
            actor=request.actor, node_id=found.id, days=typed["closures"], reason=typed["reason"], now=clock.now()
        )

    answer = attempt(request, form, close, said=_("The days are off."), to=_url(code))
    return answer or _show(request, found, closures=form)


@guards.allow("setup.edit", kind="operator")
@require_POST
def openings(request: ActingRequest, code: str) -> HttpResponse:
    """Take days off back."""
    found = queries.get_node(code=code)
    form = OpeningForm(request.POST, name="openings", closed=_closed(found))

    def reopen(typed: Mapping[str, Any]) -> None:
        days = [date.fromisoformat(each) for each in typed["days"]]
        services.open_node(actor=request.actor, node_id=found.id, days=days, reason=typed["reason"], now=clock.now())

    answer = attempt(request, form, reopen, said=_("The node works on these days."), to=_url(code))
    return answer or _show(request, found, openings=form)


def read_closures(text: str) -> list[tuple[date, str]]:
    """Days off from lines such as “2026-12-25 Christmas Day”. Raises: ValidationError naming the line."""
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        day, _space, label = line.strip().partition(" ")
        if not day:
            continue
        try:
            found.append((date.fromisoformat(day), label.strip()[:120] or _("closed")))
        except ValueError:
            said = _("Line {number}: write a day as 2026-12-25, then its name.").format(number=number)
            raise forms.ValidationError(said) from None
    return found


def _create(request: ActingRequest, typed: dict[str, Any]) -> Node:
    parts = ("line1", "city", "postcode", "region", "phone")
    address = {"company": typed["name"]} | {part: typed.pop(part) for part in parts if part in typed}
    operator = accounts.get_organisation(code=typed.pop("operator"))
    if operator.kind != WORKERS.get(typed["kind"], operator.kind):
        raise Invalid("logistics.other_operator", "This kind of node is run by somebody else.", field="operator")
    typed["working_days"] = [int(each) for each in typed["working_days"]]
    return services.create_node(actor=request.actor, operator_id=operator.id, address=address, now=clock.now(), **typed)


def _operators() -> list[tuple[str, Any]]:
    """Who may work at a node, by kind."""
    kinds = (("operator", _("Operator")), ("third_party", _("Partners")), ("seller", _("Sellers")))
    groups = [(title, accounts.list_organisations(kind=kind, limit=500)) for kind, title in kinds]
    return [(title, [(each.code, each.name) for each in found]) for title, found in groups if found]


def _show(request: ActingRequest, found: Node, **refused: ActForm) -> HttpResponse:
    told = {
        "name": found.name,
        "time_zone": found.time_zone,
        "working_days": [str(each) for each in found.working_days],
        "cut_off": found.cut_off,
        "keeps_holidays": found.keeps_holidays,
    }
    closed = _closed(found)
    address = accounts.get_contact(contact_id=found.address_id) if found.address_id else None
    names = accounts.list_organisation_names([found.operator_id])
    context = {
        "node": found,
        "facts": [
            (_("Code"), found.code),
            (_("Kind"), words.NODES[found.kind]),
            (_("Who works there"), names[found.operator_id]),
            (_("Country"), found.country),
        ],
        "address": labels.address_lines(address) if address else [],
        "closed": closed,
        "holidays": _holidays(found),
        "calendar": refused.get("calendar") or CalendarForm(name="calendar", initial=told),
        "closures": refused.get("closures") or ClosuresForm(name="closures"),
        "openings": refused.get("openings") or OpeningForm(name="openings", closed=closed),
        "crumbs": [
            Link(_("Set-up"), reverse("desk:setup")),
            Link(_("Nodes"), reverse("desk:setup_nodes")),
            Link(found.name),
        ],
    }
    return render(request, "setup/node.html", context, *refused.values())


def _closed(found: Node) -> list[tuple[str, str]]:
    listed = queries.list_closures(node_id=found.id, since=clock.now().date())
    return [(each.closed_on.isoformat(), f"{each.closed_on.isoformat()} {each.label}") for each in listed]


def _holidays(found: Node) -> list[Holiday]:
    """The next public holidays on which it rests."""
    if not found.keeps_holidays:
        return []
    return holidays.list_holidays(since=clock.now().date(), country=found.country, limit=HOLIDAYS_SHOWN)


def _url(code: str) -> str:
    return reverse("desk:setup_node", args=[code])
