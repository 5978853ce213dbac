"""Programmes: read, compare, copy, edit, publish."""

from datetime import date
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema

from entrepot.domain.terms import changes, documents, queries, services, words
from entrepot.domain.terms.models import ProgrammeVersion
from entrepot.kernel import clock
from entrepot.surfaces.api.auth import actor_of, allow
from entrepot.surfaces.api.idempotent import KEY_HEADER, idempotent

router = Router(tags=["Programmes"])


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


class CopyIn(Schema):
    """A programme of one's own that begins as a copy."""

    source_version_id: UUID
    code: str
    label: str


class DocumentIn(Schema):
    """What a draft is to say: the document of docs/rules/programmes.md."""

    document: dict[str, Any]


class ReasonIn(Schema):
    """Why."""

    reason: str


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


@router.get("", response=list[ProgrammeOut], operation_id="list_programmes", summary="Every programme")
@allow("programmes.read")
def list_programmes(request: HttpRequest) -> list[ProgrammeOut]:
    """With the latest published version and the open draft."""
    return [
        ProgrammeOut(
            code=listed.programme.code,
            label=listed.programme.label,
            modelled_on=listed.programme.modelled_on,
            is_preset=listed.programme.is_preset,
            current=_version(listed.current) if listed.current else None,
            draft=_version(listed.draft) if listed.draft else None,
        )
        for listed in queries.list_programmes()
    ]


@router.get("/{code}", response=WholeVersionOut, operation_id="get_programme", summary="One programme, whole")
@allow("programmes.read")
def get_programme(request: HttpRequest, code: str, currency: str = "") -> WholeVersionOut:
    """The published version: its document, and who does, decides, pays and risks what in plain words."""
    version = queries.get_current(code)
    chapters = words.tell(queries.wording_of(version), currency=currency)
    return WholeVersionOut(
        **_version(version).dict(),
        document=version.document,
        words=[
            WordsOut(
                title=str(chapter.title),
                groups=[
                    {
                        "heading": group.heading,
                        "lines": [{"key": line.key, "text": line.text} for line in group.lines],
                    }
                    for group in chapter.groups
                ],
            )
            for chapter in chapters
        ],
    )


@router.get(
    "/{code}/versions",
    response=list[VersionOut],
    operation_id="list_programme_versions",
    summary="The versions of a programme",
)
@allow("programmes.read")
def list_programme_versions(request: HttpRequest, code: str) -> list[VersionOut]:
    """Latest first."""
    return [_version(version) for version in queries.list_versions(code)]


@router.get(
    "/{code}/differences/{other}",
    response=list[ChangeOut],
    operation_id="compare_programmes",
    summary="What two programmes answer differently",
)
@allow("programmes.read")
def compare_programmes(request: HttpRequest, code: str, other: str) -> list[ChangeOut]:
    """By key, in the order of the grammar."""
    left, right = (queries.wording_of(queries.get_current(each)) for each in (code, other))
    return [ChangeOut(key=change.key, left=change.a, right=change.b) for change in changes.compare(left, right)]


@router.post(
    "", response={201: VersionOut}, operation_id="copy_programme", summary="Copy a programme", openapi_extra=KEY_HEADER
)
@allow("programmes.edit")
@idempotent
def copy_programme(request: HttpRequest, payload: CopyIn) -> tuple[int, Any]:
    """A draft of one's own."""
    version = services.copy_programme(
        actor=actor_of(request),
        source=queries.get_version(payload.source_version_id),
        code=payload.code,
        label=payload.label,
        now=clock.now(),
    )
    return 201, _version(version).dict()


@router.post(
    "/versions/{version_id}/draft",
    response={201: VersionOut},
    operation_id="draft_programme_version",
    summary="Open the next version as a draft",
    openapi_extra=KEY_HEADER,
)
@allow("programmes.edit")
@idempotent
def draft_programme_version(request: HttpRequest, version_id: UUID) -> tuple[int, Any]:
    """It begins as a copy."""
    version = services.draft_version(actor=actor_of(request), source=queries.get_version(version_id), now=clock.now())
    return 201, _version(version).dict()


@router.put(
    "/versions/{version_id}", response=VersionOut, operation_id="edit_programme_draft", summary="Say what a draft says"
)
@allow("programmes.edit")
def edit_programme_draft(request: HttpRequest, version_id: UUID, payload: DocumentIn) -> VersionOut:
    """A document that does not fit is refused with every key that is wrong."""
    wording = documents.parse(payload.document, where="document")
    return _version(
        services.edit_draft(actor=actor_of(request), version_id=version_id, wording=wording, now=clock.now())
    )


@router.post(
    "/versions/{version_id}/publication",
    response=VersionOut,
    operation_id="publish_programme_version",
    summary="Publish a draft",
    openapi_extra=KEY_HEADER,
)
@allow("programmes.publish")
@idempotent
def publish_programme_version(request: HttpRequest, version_id: UUID, payload: ReasonIn) -> tuple[int, Any]:
    """From now on it never changes."""
    version = services.publish(actor=actor_of(request), version_id=version_id, reason=payload.reason, now=clock.now())
    return 200, _version(version).dict()
