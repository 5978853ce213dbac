"""Programmes: read, compare, copy, edit, publish."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Schema
from pydantic import Field

from entrepot.domain.terms import changes, documents, queries, services, words
from entrepot.domain.terms.models import ProgrammeVersion
from entrepot.kernel import clock
from entrepot.surfaces.api.auth import actor_of, scope_of
from entrepot.surfaces.api.routes import Routes
from entrepot.surfaces.api.schemas import Code, In, Label, ReasonIn

routes = Routes("Programmes")


class VersionOut(Schema):
    """A version of a programme."""

    id: UUID
    code: str
    label: str
    version: int
    status: str
    valid_from: date
    valid_until: date | None
    content_hash: str


class ProgrammeOut(Schema):
    """A programme with the version that counts and the draft that is open."""

    code: str
    label: str
    modelled_on: str
    is_preset: bool
    current: VersionOut | None
    draft: VersionOut | None


class WordsOut(Schema):
    """A chapter of a programme in plain words."""

    title: str
    groups: list[dict[str, Any]]


class WholeVersionOut(VersionOut):
    """A version with what it says, as data and in plain words."""

    document: dict[str, Any]
    words: list[WordsOut]


class ChangeOut(Schema):
    """A key that two programmes answer differently."""

    key: str
    left: Any
    right: Any


class CopyIn(In):
    """A programme of one's own that begins as a copy."""

    source_version_id: UUID
    code: Code
    label: Annotated[Label, Field(min_length=1)]


class WordingIn(In):
    """What a draft is to say: the document of docs/rules/programmes.md."""

    document: dict[str, Any]


def _version(version: ProgrammeVersion) -> VersionOut:
    return VersionOut(
        id=version.id,
        code=version.programme.code,
        label=version.programme.label,
        version=version.version,
        status=version.status,
        valid_from=version.valid_from,
        valid_until=version.valid_until,
        content_hash=version.content_hash,
    )


@routes.get("", list[ProgrammeOut], "programmes.read")
def list_programmes(request: HttpRequest) -> list[ProgrammeOut]:
    """Every programme, with the latest published version and, for the operator, the open draft."""
    sees_drafts = scope_of(request, "programmes.read") is None
    return [
        ProgrammeOut(
            code=listed.programme.code,
            label=listed.programme.label,
            modelled_on=listed.programme.modelled_on,
            is_preset=listed.programme.is_preset,
            current=_version(listed.current) if listed.current else None,
            draft=_version(listed.draft) if listed.draft and sees_drafts else None,
        )
        for listed in queries.list_programmes()
    ]


def chapters_of(chapters: Iterable[words.Chapter]) -> list[WordsOut]:
    """What a programme says in plain words."""
    return [
        WordsOut(
            title=str(chapter.title),
            groups=[
                {"heading": str(group.heading), "lines": [{"key": line.key, "text": line.text} for line in group.lines]}
                for group in chapter.groups
            ],
        )
        for chapter in chapters
    ]


@routes.get("/{code}", WholeVersionOut, "programmes.read")
def get_programme(request: HttpRequest, code: str, currency: str = "") -> WholeVersionOut:
    """One programme, whole.

    The published version: its document, and who does, decides, pays and risks what in plain words.
    """
    return _whole(queries.get_current(code), currency)


@routes.get("/versions/{uuid:version_id}", WholeVersionOut, "programmes.read", everybodys=True)
def get_programme_version(request: HttpRequest, version_id: UUID, currency: str = "") -> WholeVersionOut:
    """One version, whole: a draft or one of earlier."""
    return _whole(queries.get_version(version_id), currency)


def _whole(version: ProgrammeVersion, currency: str) -> WholeVersionOut:
    return WholeVersionOut(
        **_version(version).model_dump(),
        document=version.document,
        words=chapters_of(words.tell(queries.wording_of(version), currency=currency)),
    )


@routes.get("/{code}/versions", list[VersionOut], "programmes.read")
def list_programme_versions(request: HttpRequest, code: str) -> list[VersionOut]:
    """The versions of a programme, latest first."""
    return [_version(version) for version in queries.list_versions(code)]


@routes.get("/{code}/differences/{other}", list[ChangeOut], "programmes.read")
def compare_programmes(request: HttpRequest, code: str, other: str) -> list[ChangeOut]:
    """What two programmes answer differently, by key, in the order of the grammar."""
    left, right = (queries.wording_of(queries.get_current(each)) for each in (code, other))
    return [ChangeOut(key=change.key, left=change.a, right=change.b) for change in changes.compare(left, right)]


@routes.post("", VersionOut, "programmes.edit", status=201, everybodys=True)
def copy_programme(request: HttpRequest, payload: CopyIn) -> VersionOut:
    """Copy a programme: a draft of one's own."""
    return _version(
        services.copy_programme(
            actor=actor_of(request),
            source=queries.get_version(payload.source_version_id),
            code=payload.code,
            label=payload.label,
            now=clock.now(),
        )
    )


@routes.post("/versions/{uuid:version_id}/draft", VersionOut, "programmes.edit", status=201, everybodys=True)
def draft_programme_version(request: HttpRequest, version_id: UUID) -> VersionOut:
    """Open the next version as a draft, which begins as a copy."""
    source = queries.get_version(version_id)
    return _version(services.draft_version(actor=actor_of(request), source=source, now=clock.now()))


@routes.put("/versions/{uuid:version_id}", VersionOut, "programmes.edit", everybodys=True)
def edit_programme_draft(request: HttpRequest, version_id: UUID, payload: WordingIn) -> VersionOut:
    """Say what a draft says.

    A document that does not fit is refused with every key that is wrong.
    """
    wording = documents.parse(payload.document, where="document")
    return _version(
        services.edit_draft(actor=actor_of(request), version_id=version_id, wording=wording, now=clock.now())
    )


@routes.post("/versions/{uuid:version_id}/publication", VersionOut, "programmes.publish", everybodys=True)
def publish_programme_version(request: HttpRequest, version_id: UUID, payload: ReasonIn) -> VersionOut:
    """Publish a draft: from now on it never changes."""
    return _version(
        services.publish(actor=actor_of(request), version_id=version_id, reason=payload.reason, now=clock.now())
    )


@routes.delete("/versions/{uuid:version_id}", {204: None}, "programmes.edit", everybodys=True)
def discard_programme_draft(request: HttpRequest, version_id: UUID) -> tuple[int, None]:
    """Discard a draft."""
    services.discard_draft(actor=actor_of(request), version_id=version_id, now=clock.now())
    return 204, None


@routes.post("/versions/{uuid:version_id}/archival", VersionOut, "programmes.publish", everybodys=True)
def archive_programme_version(request: HttpRequest, version_id: UUID, payload: ReasonIn) -> VersionOut:
    """Archive a version: nobody can accept it any more; who has accepted it trades on under it."""
    version = services.archive_version(
        actor=actor_of(request), version_id=version_id, reason=payload.reason, now=clock.now()
    )
    return _version(version)
