"""Carriers' bills as a file: brought in, tried, looked at, carried out, and the rows to mend."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from entrepot.domain.uploads import queries, services
from entrepot.domain.uploads.models import Upload
from entrepot.intake import bill_sheet, sheets, uploads
from entrepot.kernel import clock
from entrepot.kernel.errors import Invalid, NotFound
from entrepot.surfaces.desk.acting import ActForm, Done, attempt, render
from entrepot.surfaces.shared import files, guards
from entrepot.surfaces.shared.components import Link
from entrepot.surfaces.shared.guards import ActingRequest
from entrepot.surfaces.shared.sheets import show_upload

KIND = bill_sheet.BILLS


class SheetForm(ActForm):
    """A file, or rows that were copied out of a spreadsheet."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        required=False,
        allow_empty_file=True,
        help_text=gettext_lazy("CSV, as carriers send it, with the names of the columns in the first row."),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,text/csv,text/plain"}),
    )
    pasted = forms.CharField(
        label=gettext_lazy("Or pasted rows"),
        required=False,
        strip=False,
        max_length=2_000_000,
        widget=forms.Textarea(attrs={"rows": 5, "class": "paste", "spellcheck": "false", "autocomplete": "off"}),
    )
    decimal = forms.ChoiceField(
        label=gettext_lazy("Decimal sign"),
        required=False,
        choices=[
            ("", gettext_lazy("Find out")),
            (".", gettext_lazy("Point: 19.90")),
            (",", gettext_lazy("Comma: 19,90")),
        ],
    )

    def content(self, typed: Mapping[str, Any]) -> tuple[bytes | str, str]:
        """What was brought in, and what it is called. Raises: Invalid."""
        if typed["file"] is not None:
            if typed["file"].size > sheets.BYTES_MAX:
                raise Invalid(
                    "sheets.too_large", "A sheet may have {limit} megabytes at most.", field="file",
                    limit=sheets.BYTES_MAX // 1_000_000,
                )  # fmt: skip
            return typed["file"].read(), typed["file"].name
        if typed["pasted"].strip():
            return typed["pasted"], _("Pasted rows")
        raise Invalid("sheets.nothing", "Choose a file or paste rows.", field="file")


@guards.allow("bills.decide", kind="operator")
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: ActingRequest) -> HttpResponse:
    """Bring bills in; what it would do is shown before anything is done."""
    form = SheetForm(request.POST or None, request.FILES or None, name="sheet")

    def bring(typed: Mapping[str, Any]) -> Done:
        content, name = form.content(typed)
        upload = uploads.bring(
            actor=request.actor, organisation_id=_own(request), sheet=KIND.code, content=content, name=name,
            decimal=typed["decimal"], now=clock.now(),
        )  # fmt: skip
        return Done(to=reverse("desk:carrier_sheet", args=[upload.id]))

    answer = attempt(request, form, bring) if request.method == "POST" else None
    context = {"sheet": KIND, "form": form, "crumbs": [*_crumbs(), Link(_("Bring in"))]}
    return answer or render(request, "carriers/sheet_new.html", context, *([form] if form.is_bound else []))


@guards.allow("bills.decide", kind="operator")
@require_safe
def template(request: ActingRequest) -> HttpResponse:
    """An empty sheet with its columns explained."""
    response = HttpResponse(uploads.template(KIND.code), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{KIND.code}-template.csv"'
    return response


@guards.allow("bills.decide", kind="operator")
@require_safe
def show(request: ActingRequest, upload_id: UUID) -> HttpResponse:
    """What an upload would do, does or did."""
    return _page(request, _found(request, upload_id))


@guards.allow("bills.decide", kind="operator")
@require_POST
def run(request: ActingRequest, upload_id: UUID) -> HttpResponse:
    """Carry it out, or go on with it."""
    upload, form = _found(request, upload_id), ActForm(request.POST, name="run")

    def carry_out(typed: Mapping[str, Any]) -> Done:
        done = uploads.carry_out(upload_id=upload.id, actor=request.actor, now=clock.now())
        return Done(_("The bills are here; look at what differs.") if done.state == Upload.State.DONE else "")

    answer = attempt(request, form, carry_out, to=reverse("desk:carrier_sheet", args=[upload.id]))
    return answer or _page(request, upload, form)


@guards.allow("bills.decide", kind="operator")
@require_POST
def drop(request: ActingRequest, upload_id: UUID) -> HttpResponse:
    """Do nothing with it."""
    upload, form = _found(request, upload_id), ActForm(request.POST, name="drop")

    def let_go(typed: Mapping[str, Any]) -> None:
        services.drop(upload_id=upload.id, organisation_id=_own(request))

    to = reverse("desk:carrier_sheet_new")
    answer = attempt(request, form, let_go, said=_("Dropped; nothing was changed."), to=to)
    return answer or _page(request, upload, form)


@guards.allow("bills.decide", kind="operator")
@require_safe
def rejects(request: ActingRequest, upload_id: UUID) -> HttpResponse:
    """The rows that were not taken, to be mended and brought in again."""
    return files.send(_found(request, upload_id).rejects_media, f"{KIND.code}-to-mend")


def _own(request: ActingRequest) -> UUID:
    organisation_id = request.actor.organisation_id
    assert organisation_id is not None, "the guard of the desk admits members only"
    return organisation_id


def _found(request: ActingRequest, upload_id: UUID) -> Upload:
    upload = queries.get_upload(upload_id=upload_id, organisation_id=_own(request))
    if upload.sheet != KIND.code:
        raise NotFound(kind="upload")
    return upload


def _page(request: ActingRequest, upload: Upload, form: ActForm | None = None) -> HttpResponse:
    context = {
        "shown": show_upload(upload, KIND),
        "run": ActForm(name="run"),
        "drop": ActForm(name="drop"),
        "crumbs": [*_crumbs(), Link(upload.name)],
    }
    if form is not None:
        context["run" if form.auto_id == "run-%s" else "drop"] = form
    return render(request, "carriers/sheet.html", context, *([form] if form else []))


def _crumbs() -> list[Link]:
    return [
        Link(_("Carriers"), reverse("desk:carriers")),
        Link(_("Bills"), reverse("desk:carrier_bills")),
    ]
