"""Reads of programmes, of their wordings, and of the terms that lines carry."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from entrepot.domain.terms import documents
from entrepot.domain.terms.models import Programme, ProgrammeVersion, TermsSnapshot
from entrepot.domain.terms.rules import Programme as Wording
from entrepot.domain.terms.rules import Terms
from entrepot.kernel.errors import NotFound

Status = ProgrammeVersion.Status

#: Terms by digest and wordings by hash never change, so a process reads each once; this many are kept.
KEPT_MAX = 5_000
_terms: dict[str, Terms] = {}
_wordings: dict[str, Wording] = {}
_published: dict[UUID, tuple[ProgrammeVersion, Wording]] = {}


@dataclass(frozen=True, slots=True)
class Listed:
    """A programme with the version that counts and the draft that is open."""

    programme: Programme
    current: ProgrammeVersion | None
    draft: ProgrammeVersion | None


def get_programme(code: str) -> Programme:
    """The programme of that code. Raises: NotFound."""
    programme = Programme.objects.filter(code=code).first()
    if programme is None:
        raise NotFound("terms.no_programme", kind="programme")
    return programme


def get_version(version_id: UUID) -> ProgrammeVersion:
    """A version with its programme. Raises: NotFound."""
    version = ProgrammeVersion.objects.select_related("programme").filter(pk=version_id).first()
    if version is None:
        raise NotFound("terms.no_version", kind="programme version")
    return version


def get_current(code: str) -> ProgrammeVersion:
    """The latest published version of a programme. Raises: NotFound."""
    versions = ProgrammeVersion.objects.select_related("programme").filter(programme__code=code)
    version = versions.filter(status=Status.PUBLISHED).order_by("-version").first()
    if version is None:
        raise NotFound("terms.no_version", kind="programme version")
    return version


def list_versions(code: str) -> list[ProgrammeVersion]:
    """Every version of a programme, latest first."""
    versions = ProgrammeVersion.objects.select_related("programme").filter(programme__code=code)
    return list(versions.order_by("-version"))


def list_every_version() -> list[ProgrammeVersion]:
    """Every version of every programme, by programme in the order of its making, the latest version first."""
    versions = ProgrammeVersion.objects.select_related("programme").defer("document")
    return list(versions.order_by("programme_id", "-version"))


def list_programmes(*, archived: bool = False) -> list[Listed]:
    """Every programme in the order of its making, with its latest published version and its draft."""
    programmes = Programme.objects.filter(**({} if archived else {"archived_at": None})).order_by("id")
    current: dict[UUID, ProgrammeVersion] = {}
    drafts: dict[UUID, ProgrammeVersion] = {}
    rows = ProgrammeVersion.objects.filter(status__in=[Status.PUBLISHED, Status.DRAFT]).order_by("version")
    for version in rows.select_related("programme"):
        (drafts if version.status == Status.DRAFT else current)[version.programme_id] = version
    return [Listed(each, current.get(each.id), drafts.get(each.id)) for each in programmes]


def list_labels() -> dict[str, str]:
    """What every programme is called, by its code."""
    return dict(Programme.objects.values_list("code", "label"))


def find_in_force(*, market_code: str, on: date) -> list[ProgrammeVersion]:
    """What a seller may accept for the market on that day: of each programme the latest version that serves it."""
    rows = (
        ProgrammeVersion.objects.select_related("programme")
        .filter(status=Status.PUBLISHED, programme__archived_at=None, valid_from__lte=on)
        .order_by("programme_id", "-version")
    )
    found: dict[UUID, ProgrammeVersion] = {}
    for version in rows:
        if version.programme_id not in found and wording_of(version).serves(market_code, on):
            found[version.programme_id] = version
    return list(found.values())


def wording_of(version: ProgrammeVersion) -> Wording:
    """What the version says."""
    if version.content_hash not in _wordings:
        if len(_wordings) > KEPT_MAX:
            _wordings.clear()
        _wordings[version.content_hash] = documents.parse(version.document, where=version.content_hash[:12])
    return _wordings[version.content_hash]


def get_wordings(version_ids: Collection[UUID]) -> dict[UUID, tuple[ProgrammeVersion, Wording]]:
    """The versions and what they say, in one query at most; those that are published are read once."""
    wanted = set(version_ids)
    if missing := wanted - _published.keys():
        if len(_published) > KEPT_MAX:
            _published.clear()
            missing = wanted
        rows = ProgrammeVersion.objects.select_related("programme").filter(pk__in=missing)
        found = {version.id: (version, wording_of(version)) for version in rows}
        _published.update({key: pair for key, pair in found.items() if pair[0].status == Status.PUBLISHED})
        return {key: found.get(key) or _published[key] for key in wanted if key in found or key in _published}
    return {key: _published[key] for key in wanted}


def get_terms(digests: Iterable[str]) -> dict[str, Terms]:
    """The terms of snapshots by their digest, in one query at most. Raises: NotFound for a digest nobody froze."""
    wanted = set(digests)
    missing = wanted - _terms.keys()
    if missing:
        if len(_terms) > KEPT_MAX:
            _terms.clear()
            missing = wanted
        rows = TermsSnapshot.objects.filter(pk__in=missing).values_list("digest", "body")
        _terms.update({digest: documents.read_body(body) for digest, body in rows})
    if absent := wanted - _terms.keys():
        raise NotFound("terms.no_snapshot", kind=f"terms snapshot {min(absent)[:12]}")
    return {digest: _terms[digest] for digest in wanted}
