"""Lanes and rate cards from a sheet: looked at first, with what would change, then published."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from entrepot.domain.logistics import publishing
from entrepot.domain.logistics.publishing import Planned
from entrepot.kernel import clock
from entrepot.kernel.errors import EntrepotError, NotFound
from entrepot.surfaces.desk.acting import ActForm, Done, attempt, render
from entrepot.surfaces.desk.lanes import tabs
from entrepot.surfaces.shared.components import Link, Text
from entrepot.surfaces.shared.guards import ActingRequest, allow

#: A sheet larger than this is no sheet of lanes or cards.
SHEET_MAX = 400_000


@dataclass(frozen=True, slots=True)
class Kind:
    """What a sheet may be of."""

    title: Text
    plural: Text
    page: str
    plan: Callable[..., list[Planned]]
    publish: Callable[..., list[str]]
    columns: str


KINDS = {
    "lanes": Kind(
        gettext_lazy("Publish lanes"), gettext_lazy("Lanes"), "desk:lanes", publishing.plan_lanes,
        publishing.publish_lanes,
        "lane, title, origin, destination, valid_from, source, refuses, weight_max, leg, task, mode, from, to, "
        "country, days, departs, moves, card, cut_off, capacity, closed",
    ),
    "cards": Kind(
        gettext_lazy("Publish rate cards"), gettext_lazy("Rate cards"), "desk:cards", publishing.plan_cards,
        publishing.publish_cards,
        "card, title, carrier, service, mode, currency, origin, valid_from, source, zone, countries, divisor, throw, "
        "step, charge, basis, by, above, to, amount, days",
    ),
}  # fmt: skip


class SheetForm(ActForm):
    """A sheet, pasted or uploaded."""

    text = forms.CharField(
        label=gettext_lazy("The sheet"),
        required=False,
        max_length=SHEET_MAX,
        widget=forms.Textarea(attrs={"rows": 10, "class": "paste", "spellcheck": "false"}),
    )
    file = forms.FileField(label=gettext_lazy("or a file"), required=False)

    def clean(self) -> dict[str, Any]:
        """The text of the file, where there is one."""
        typed = super().clean() or {}
        if (file := typed.get("file")) is not None:
            try:
                typed["text"] = file.read(SHEET_MAX).decode("utf-8-sig")
            except UnicodeDecodeError:
                self.add_error("file", _("This is no text; save the sheet as CSV in UTF-8."))
        if not (typed.get("text") or "").strip() and not self.errors:
            self.add_error("text", _("Paste the sheet, or choose a file."))
        return typed


@allow("setup.edit", kind="operator")
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: ActingRequest, sheet: str) -> HttpResponse:
    """Look at a sheet, row by row and version by version; then publish it."""
    if sheet not in KINDS:
        raise NotFound(kind="sheet")
    kind = KINDS[sheet]
    if request.method != "POST":
        return _page(request, sheet, SheetForm(name="sheet"), [])
    form = SheetForm(request.POST, request.FILES, name="sheet")
    if "publish" in request.POST:

        def publish(typed: Mapping[str, Any]) -> Done:
            made = kind.publish(actor=request.actor, text=typed["text"], now=clock.now())
            said = ngettext("{count} is new.", "{count} are new.", len(made)).format(count=len(made))
            return Done(_("Published. {said}").format(said=said), reverse(kind.page))

        return attempt(request, form, publish) or _page(request, sheet, form, [])
    planned: list[Planned] = []
    if form.is_valid():
        try:
            planned = kind.plan(form.cleaned_data["text"])
        except EntrepotError as problem:
            form.add_error("text", str(problem))
            form.status = problem.status
    else:
        form.status = 422
    return _page(request, sheet, form, planned)


def _page(request: ActingRequest, sheet: str, form: SheetForm, planned: Sequence[Planned]) -> HttpResponse:
    kind = KINDS[sheet]
    context = {
        "kind": kind,
        "sheet": sheet,
        "form": form,
        "planned": planned,
        "text": form.cleaned_data.get("text", "") if planned else "",
        "may_publish": bool(planned) and not any(each.refusal for each in planned),
        "tabs": tabs(sheet),
        "crumbs": [
            Link(_("Borders"), reverse("desk:borders")), Link(kind.plural, reverse(kind.page)), Link(kind.title),
        ],
    }  # fmt: skip
    return render(request, "lanes/sheet.html", context, form)
