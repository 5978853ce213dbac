"""Sheets: brought in as text, tried, looked at, carried out; the rows to mend; one's own rows in the same columns."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import get_language
from ninja import Schema
from pydantic import Field

from entrepot.domain.uploads import queries, services
from entrepot.domain.uploads.models import Upload
from entrepot.intake import downloads, uploads
from entrepot.intake.sheets import Sheet
from entrepot.kernel import clock, media
from entrepot.kernel.errors import NotFound
from entrepot.surfaces.api.auth import actor_of, is_seller, scope_of
from entrepot.surfaces.api.paging import Page, Paged, page
from entrepot.surfaces.api.routes import Routes
from entrepot.surfaces.api.schemas import In, Label

routes = Routes("Sheets")

SheetCode = Literal["catalogue", "stock", "prices", "tracking"]


class SheetColumnOut(Schema):
    """A column: the header that files have, and what belongs in it."""

    name: str
    title: str
    says: str
    required: bool
    example: str


class SheetOut(Schema):
    """A kind of sheet."""

    code: str
    title: str
    says: str
    columns: list[SheetColumnOut]

    @classmethod
    def of(cls, sheet: Sheet) -> "SheetOut":
        """A kind of sheet."""
        columns = [
            SheetColumnOut(
                name=each.name,
                title=str(each.title),
                says=str(each.says),
                required=each.required,
                example=each.example,
            )
            for each in sheet.columns
        ]
        return cls(code=sheet.code, title=str(sheet.title), says=str(sheet.says), columns=columns)


class SheetTextOut(Schema):
    """A sheet as CSV text."""

    name: str
    content: str


class SheetIn(In):
    """A sheet as text, its columns named in the first row; the decimal sign where it should not be found out."""

    sheet: SheetCode
    name: Label = "api.csv"
    content: Annotated[str, Field(min_length=1, max_length=2_000_000)]
    decimal: Literal["", ".", ","] = ""


class RowProblemOut(Schema):
    """What is wrong with a row, and in which column."""

    row: int
    column: str
    problem: str


class OutcomeOut(Schema):
    """How many rows come to what, and the first problems."""

    created: int
    changed: int
    same: int
    refused: int
    problems: list[RowProblemOut]


class UploadOut(Schema):
    """An upload: `planned` is what trying it came to, `done` what carrying it out did so far."""

    id: UUID
    sheet: str
    name: str
    state: str
    rows: int
    rows_done: int
    created_at: datetime
    finished_at: datetime | None
    encoding: str
    delimiter: str
    decimal: str
    unknown_columns: list[str]
    planned: OutcomeOut
    done: OutcomeOut | None

    @classmethod
    def of(cls, upload: Upload) -> "UploadOut":
        """An upload."""
        own = {"encoding", "delimiter", "decimal", "unknown_columns", "planned", "done"}
        return cls(
            **{name: getattr(upload, name) for name in cls.model_fields if name not in own},
            **{name: upload.form[name] for name in ("encoding", "delimiter", "decimal")},
            unknown_columns=upload.form["unknown"],
            planned=_outcome(upload.planned),
            done=_outcome(upload.done) if upload.done else None,
        )


@routes.get("/sheets", list[SheetOut], "offers.read")
def list_sheets(request: HttpRequest) -> list[SheetOut]:
    """The kinds of sheets with their columns."""
    return [SheetOut.of(each) for each in uploads.KINDS]


@routes.get("/sheets/{sheet}", SheetTextOut, "offers.read")
def get_sheet(request: HttpRequest, sheet: SheetCode) -> SheetTextOut:
    """One's own rows in the columns of a sheet; changed, they can be brought in again."""
    language = (get_language() or "en").partition("-")[0]
    content = downloads.download(sheet=sheet, seller_id=_caller(request), now=clock.now(), language=language)
    return SheetTextOut(name=f"{sheet}.csv", content=content.decode("utf-8-sig"))


@routes.post("/uploads", UploadOut, "offers.read", status=201)
def bring_sheet(request: HttpRequest, payload: SheetIn) -> UploadOut:
    """Read a sheet and try it; nothing but the upload itself is kept until it is carried out."""
    upload = uploads.bring(
        actor=actor_of(request),
        organisation_id=_own(request),
        sheet=payload.sheet,
        content=payload.content,
        name=payload.name,
        decimal=payload.decimal,
        now=clock.now(),
    )
    return UploadOut.of(upload)


@routes.get("/uploads", Page[UploadOut], "offers.read")
def list_uploads(request: HttpRequest, paging: Paged) -> Any:
    """One's uploads, the newest first."""
    own = scope_of(request, "offers.read")
    found = queries.list_uploads(organisation_id=own, before=paging.after, limit=paging.more)
    return page(found, paging, UploadOut.of)


@routes.get("/uploads/{uuid:upload_id}", UploadOut, "offers.read")
def get_upload(request: HttpRequest, upload_id: UUID) -> UploadOut:
    """What an upload would do, does or did."""
    return UploadOut.of(queries.get_upload(upload_id=upload_id, organisation_id=scope_of(request, "offers.read")))


@routes.post("/uploads/{uuid:upload_id}/run", UploadOut, "offers.read")
def run_upload(request: HttpRequest, upload_id: UUID) -> UploadOut:
    """Carry an upload out.

    A long one comes back `running` and goes on by itself; every row is carried out once, however often this is asked.
    """
    return UploadOut.of(uploads.carry_out(upload_id=upload_id, actor=actor_of(request), now=clock.now()))


@routes.post("/uploads/{uuid:upload_id}/dropping", UploadOut, "offers.read")
def drop_upload(request: HttpRequest, upload_id: UUID) -> UploadOut:
    """Never carry an upload out."""
    return UploadOut.of(services.drop(upload_id=upload_id, organisation_id=_caller(request)))


@routes.get("/uploads/{uuid:upload_id}/rejects", SheetTextOut, "offers.read")
def get_rejects(request: HttpRequest, upload_id: UUID) -> SheetTextOut:
    """The rows that were not taken, each with its problem in the last column; mended, they can be brought in."""
    upload = queries.get_upload(upload_id=upload_id, organisation_id=scope_of(request, "offers.read"))
    if not upload.rejects_media:
        raise NotFound(kind="file")
    content = media.read(upload.rejects_media).decode("utf-8-sig")
    return SheetTextOut(name=f"{upload.sheet}-to-mend.csv", content=content)


def _caller(request: HttpRequest) -> UUID:
    """The organisation that the caller speaks for. Raises: NotFound."""
    organisation_id = actor_of(request).organisation_id
    if organisation_id is None:
        raise NotFound(kind="organisation")
    return organisation_id


def _own(request: HttpRequest) -> UUID:
    """The seller that the caller speaks for. Raises: NotFound for others, who bring no sheets in."""
    if not is_seller(request):
        raise NotFound(kind="seller")
    return _caller(request)


def _outcome(kept: dict[str, Any]) -> OutcomeOut:
    problems = [RowProblemOut(row=row, column=column, problem=said) for row, column, said in kept["problems"][:200]]
    return OutcomeOut(**kept["counts"], problems=problems)
