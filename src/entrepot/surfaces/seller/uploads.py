"""Sheets: a template and one's own rows to download, a file or pasted rows to try, look at and carry out."""

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils import translation
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from entrepot.domain.uploads import queries, services
from entrepot.domain.uploads.models import Upload
from entrepot.intake import downloads, sheets, uploads
from entrepot.kernel import clock
from entrepot.kernel.errors import Invalid
from entrepot.surfaces.seller.frame import read_cursor, render, seller_of, slice_of
from entrepot.surfaces.shared import files
from entrepot.surfaces.shared.acting import ActForm, Done, attempt
from entrepot.surfaces.shared.components import Link
from entrepot.surfaces.shared.guards import ActingRequest, allow
from entrepot.surfaces.shared.sheets import show_upload, told


class SheetForm(ActForm):
    """A file, or rows that were copied out of a spreadsheet."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        required=False,
        allow_empty_file=True,
        help_text=gettext_lazy("CSV, as any spreadsheet saves it: with commas, semicolons or tabs."),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,text/csv,text/plain"}),
    )
    pasted = forms.CharField(
        label=gettext_lazy("Or pasted rows"),
        required=False,
        strip=False,
        max_length=2_000_000,
        help_text=gettext_lazy("With the names of the columns in the first row."),
        widget=forms.Textarea(attrs={"rows": 6, "class": "paste", "spellcheck": "false", "autocomplete": "off"}),
    )
    decimal = forms.ChoiceField(
        label=gettext_lazy("Decimal sign"),
        required=False,
        choices=[
            ("", gettext_lazy("Find out")),
            (".", gettext_lazy("Point: 19.90")),
            (",", gettext_lazy("Comma: 19,90")),
        ],
    )  # fmt: skip

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


class RunForm(ActForm):
    """To carry an upload out; once more only on purpose."""

    again = forms.BooleanField(label=gettext_lazy("Yes, these units came once more"), required=False)


@allow("offers.read", kind="seller")
@require_safe
def index(request: ActingRequest) -> HttpResponse:
    """The sheets, and what was brought in lately."""
    seller_id = seller_of(request)
    found = queries.list_uploads(organisation_id=seller_id, before=read_cursor(request.GET.get("cursor", "")), limit=51)
    kinds = [(sheet, request.actor.may(sheet.verb), sheet.code in downloads.KEPT) for sheet in uploads.KINDS]
    context = {
        "sheets": kinds,
        "page": slice_of(found, lambda rows: [told(each) for each in rows]),
        "crumbs": [Link(_("Offers"), reverse("seller:offers")), Link(_("Sheets"))],
    }
    return render(request, "uploads/index.html", context)


@allow("offers.read", kind="seller")
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: ActingRequest, sheet: str) -> HttpResponse:
    """Bring a sheet in; what it would do is shown before anything is done."""
    kind = sheets.get(sheet)
    form = SheetForm(request.POST or None, request.FILES or None, name="sheet")
    if request.method == "POST":

        def bring(typed: Mapping[str, Any]) -> Done:
            content, name = form.content(typed)
            upload = uploads.bring(
                actor=request.actor,
                organisation_id=seller_of(request),
                sheet=kind.code,
                content=content,
                name=name,
                decimal=typed["decimal"],
                language=(get_language() or "en"),
                now=clock.now(),
            )
            return Done(to=reverse("seller:upload", args=[upload.id]))

        answer = attempt(request, form, bring)
        if answer:
            return answer
    context = {
        "sheet": kind,
        "form": form,
        "may": request.actor.may(kind.verb),
        "is_kept": kind.code in downloads.KEPT,
        "crumbs": [Link(_("Sheets"), reverse("seller:uploads")), Link(kind.title)],
    }
    return render(request, "uploads/new.html", context, form)


@allow("offers.read", kind="seller")
@require_safe
def template(request: ActingRequest, sheet: str) -> HttpResponse:
    """An empty sheet with its columns explained."""
    return _csv(uploads.template(sheets.get(sheet).code), f"{sheet}-template")


@allow("offers.read", kind="seller")
@require_safe
def content(request: ActingRequest, sheet: str) -> HttpResponse:
    """The seller's own rows in the columns of the sheet."""
    language = (get_language() or "en").partition("-")[0]
    # Spreadsheets of half the world read a decimal comma, whatever language these pages are in.
    with translation.override("de") if request.GET.get("numbers") == "comma" else nullcontext():
        found = downloads.download(sheet=sheet, seller_id=seller_of(request), now=clock.now(), language=language)
    return _csv(found, sheet)


@allow("offers.read", kind="seller")
@require_safe
def show(request: ActingRequest, upload_id: UUID) -> HttpResponse:
    """What an upload would do, does or did."""
    return _page(request, _found(request, upload_id))


@allow("offers.read", kind="seller")
@require_POST
def run(request: ActingRequest, upload_id: UUID) -> HttpResponse:
    """Carry it out, or go on with it."""
    upload, form = _found(request, upload_id), RunForm(request.POST, name="run")

    def carry_out(typed: Mapping[str, Any]) -> Done:
        if _repeats(upload) and not typed["again"]:
            raise Invalid("uploads.same_again", "Say that this file is meant once more.", field="again")
        done = uploads.carry_out(upload_id=upload.id, actor=request.actor, now=clock.now())
        if done.state != Upload.State.DONE:
            return Done()
        taken = sum(done.done["counts"][state] for state in ("created", "changed"))
        return Done(
            ngettext("Done: {count} row changed something.", "Done: {count} rows changed something.", taken).format(
                count=taken
            )
        )

    answer = attempt(request, form, carry_out, to=reverse("seller:upload", args=[upload.id]))
    return answer or _page(request, upload, form)


@allow("offers.read", kind="seller")
@require_POST
def drop(request: ActingRequest, upload_id: UUID) -> HttpResponse:
    """Do nothing with it."""
    upload, form = _found(request, upload_id), ActForm(request.POST, name="drop")

    def let_go(typed: Mapping[str, Any]) -> None:
        services.drop(upload_id=upload.id, organisation_id=seller_of(request))

    to = reverse("seller:upload_new", args=[upload.sheet])
    return attempt(request, form, let_go, said=_("Dropped; nothing was changed."), to=to) or _page(
        request, upload, form
    )


@allow("offers.read", kind="seller")
@require_safe
def rejects(request: ActingRequest, upload_id: UUID) -> HttpResponse:
    """The rows that were not taken, to be mended and brought in again."""
    upload = _found(request, upload_id)
    return files.send(upload.rejects_media, f"{upload.sheet}-to-mend")


def _found(request: ActingRequest, upload_id: UUID) -> Upload:
    return queries.get_upload(upload_id=upload_id, organisation_id=seller_of(request))


def _page(request: ActingRequest, upload: Upload, form: ActForm | None = None) -> HttpResponse:
    kind = sheets.get(upload.sheet)
    earlier = _repeats(upload)
    context = {
        "shown": show_upload(upload, kind),
        "run": form if isinstance(form, RunForm) else RunForm(name="run"),
        "drop": form if form is not None and not isinstance(form, RunForm) else ActForm(name="drop"),
        "earlier": earlier,
        "may": request.actor.may(kind.verb),
        "crumbs": [
            Link(_("Sheets"), reverse("seller:uploads")),
            Link(kind.title, reverse("seller:upload_new", args=[kind.code])),
            Link(upload.name),
        ],
    }
    return render(request, "uploads/show.html", context, *([form] if form else []))


def _repeats(upload: Upload) -> Upload | None:
    """The same file, carried out before, where doing it again adds units again."""
    if upload.state != Upload.State.TRIED or not upload.form.get("adds"):
        return None
    return queries.find_same(upload=upload)


def _csv(content: bytes, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response["Cache-Control"] = "private, no-store"
    return response
