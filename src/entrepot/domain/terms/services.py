"""Writes of programmes and their versions, and of terms snapshots."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from entrepot.domain.terms import documents, grammar, presets, rules
from entrepot.domain.terms.models import Programme, ProgrammeVersion
from entrepot.kernel import audit, db, ids
from entrepot.kernel.actors import SYSTEM, Actor
from entrepot.kernel.errors import Invalid, NotFound, Refused
from entrepot.kernel.rounds import Asked, ask

Status = ProgrammeVersion.Status


@transaction.atomic
def load_presets(*, now: datetime, actor: Actor = SYSTEM) -> list[ProgrammeVersion]:
    """Publish every shipped programme that this marketplace does not have yet; safe to repeat. Returns the new ones."""
    present = set(Programme.objects.values_list("code", flat=True))
    new = [wording for code, wording in presets.load().items() if code not in present]
    programmes = [
        _programme(wording, identity, now) for wording, identity in zip(new, ids.new_ids(now, len(new)), strict=True)
    ]
    versions = [
        _version(programme, wording, 1, identity, now)
        for programme, wording, identity in zip(programmes, new, ids.new_ids(now, len(new)), strict=True)
    ]
    for version in versions:
        version.status, version.published_at, version.published_by = Status.PUBLISHED, now, actor.user_id
    Programme.objects.bulk_create(programmes)
    ProgrammeVersion.objects.bulk_create(versions)
    audit.record_each(
        actor=actor,
        verb="programmes.publish",
        subject_kind="programme_version",
        acts=[(version.id, _names(version)) for version in versions],
        now=now,
        reason="shipped with the marketplace",
    )
    return versions


@transaction.atomic
def copy_programme(*, actor: Actor, source: ProgrammeVersion, code: str, label: str, now: datetime) -> ProgrammeVersion:
    """A programme of one's own that begins as a draft copy of another. Raises: ProgrammeInvalid, Refused."""
    about_others = {"modelled_on", "sources", "evidence"}
    document = {key: value for key, value in source.document.items() if key not in about_others}
    document |= {"code": code, "label": {"en": label}}
    wording = documents.parse(document, where=code)
    if Programme.objects.filter(code=code).exists():
        raise Refused("terms.code_taken", "There is a programme {programme} already.", field="code", programme=code)
    programme = _programme(wording, ids.new_id(now), now, is_preset=False)
    programme.save(force_insert=True)
    version = _version(programme, wording, 1, ids.new_id(now), now)
    version.save(force_insert=True)
    _audit(actor, "programmes.copy", version, now, after={"source": str(source.id)})
    return version


@transaction.atomic
def draft_version(*, actor: Actor, source: ProgrammeVersion, now: datetime) -> ProgrammeVersion:
    """The next version, as a draft that begins as a copy. Raises: Refused while another draft is open."""
    programme = _locked(source.programme_id)
    if ProgrammeVersion.objects.filter(programme=programme, status=Status.DRAFT).exists():
        raise Refused(
            "terms.draft_open", "{programme} has a draft already; finish or discard it.", programme=programme.code
        )
    last = ProgrammeVersion.objects.filter(programme=programme).aggregate(last=Max("version"))["last"] or 0
    wording = documents.parse(source.document, where=programme.code)
    version = _version(programme, wording, last + 1, ids.new_id(now), now)
    version.save(force_insert=True)
    _audit(actor, "programmes.edit", version, now, after={"source": str(source.id)})
    return version


@transaction.atomic
def edit_draft(*, actor: Actor, version_id: UUID, wording: rules.Programme, now: datetime) -> ProgrammeVersion:
    """Replace what a draft says. `wording` comes from `documents.parse` or `parse_toml`. Raises: Invalid, Refused."""
    version = _draft(version_id)
    if wording.code != version.programme.code:
        raise Invalid(
            "terms.code_fixed",
            "A programme keeps its code, {programme}; copy it to begin another.",
            field="code",
            programme=version.programme.code,
        )
    before = version.content_hash
    _say(version, wording)
    version.save(update_fields=["document", "content_hash", "valid_from", "valid_until"])
    _audit(actor, "programmes.edit", version, now, before={"content_hash": before})
    return version


@transaction.atomic
def discard_draft(*, actor: Actor, version_id: UUID, now: datetime) -> None:
    """Throw a draft away; a programme that has no other version goes with it. Raises: NotFound, Refused."""
    version = _draft(version_id)
    _audit(actor, "programmes.discard", version, now)
    version.delete()
    if not ProgrammeVersion.objects.filter(programme=version.programme).exists():
        version.programme.delete()


@transaction.atomic
def publish(*, actor: Actor, version_id: UUID, reason: str, now: datetime) -> ProgrammeVersion:
    """Publish a draft; from now on it never changes. Raises: ProgrammeInvalid, Invalid without reason, Refused."""
    said = audit.require_reason(reason)
    version = _draft(version_id)
    if version.programme.archived_at is not None:
        raise Refused("terms.archived", "{programme} is archived.", programme=version.programme.code)
    wording = documents.parse(version.document, where=version.programme.code)
    version.status, version.published_at, version.published_by = Status.PUBLISHED, now, actor.user_id
    version.save(update_fields=["status", "published_at", "published_by"])
    Programme.objects.filter(pk=version.programme_id).update(label=wording.label["en"])
    _audit(actor, "programmes.publish", version, now, reason=said, after={"content_hash": version.content_hash})
    return version


@transaction.atomic
def archive_version(*, actor: Actor, version_id: UUID, reason: str, now: datetime) -> ProgrammeVersion:
    """Take a published version out of offer; those who accepted it keep it. Raises: Invalid, NotFound, Refused."""
    said = audit.require_reason(reason)
    version = _version_row(version_id)
    if version.status != Status.PUBLISHED:
        raise Refused(
            "terms.not_published", "Only a published version is archived; this one is {status}.", status=version.status
        )
    version.status = Status.ARCHIVED
    version.save(update_fields=["status"])
    _audit(actor, "programmes.archive", version, now, reason=said)
    return version


@transaction.atomic
def archive_programme(*, actor: Actor, programme_id: UUID, reason: str, now: datetime) -> Programme:
    """Take a programme out of offer with all its versions. Raises: Invalid, NotFound, Refused."""
    said = audit.require_reason(reason)
    programme = _locked(programme_id)
    if programme.archived_at is not None:
        raise Refused("terms.archived", "{programme} is archived.", programme=programme.code)
    programme.archived_at = now
    programme.save(update_fields=["archived_at"])
    audit.record(
        actor=actor,
        verb="programmes.archive",
        subject_kind="programme",
        subject_id=programme.id,
        now=now,
        reason=said,
        after={"code": programme.code},
    )
    return programme


@transaction.atomic
def choose_programmes(*, actor: Actor, codes: Collection[str], now: datetime, reason: str = "") -> tuple[str, ...]:
    """Let exactly these programmes be open; the others are archived, those who accepted them keep them.

    Returns the codes that are open. Raises: NotFound, Refused for one that was never published.
    """
    wanted = set(codes)
    rows = {each.code: each for each in Programme.objects.select_for_update().order_by("id")}
    if unknown := wanted - rows.keys():
        raise NotFound("terms.no_programme", kind=f"programme {min(unknown)}")
    published = set(ProgrammeVersion.objects.filter(status=Status.PUBLISHED).values_list("programme__code", flat=True))
    if drafts := wanted - published:
        raise Refused("terms.not_published_yet", "{programme} has no published version.", programme=min(drafts))
    before = sorted(code for code, row in rows.items() if row.archived_at is None and code in published)
    Programme.objects.filter(code__in=wanted).update(archived_at=None)
    Programme.objects.filter(code__in=published - wanted, archived_at__isnull=True).update(archived_at=now)
    audit.record(
        actor=actor,
        verb="programmes.choose",
        subject_kind="programmes",
        subject_id=ids.new_id(now),
        now=now,
        reason=reason.strip(),
        before={"open": before},
        after={"open": sorted(wanted)},
    )
    return tuple(sorted(wanted))


def freeze(terms: Iterable[rules.Terms], *, now: datetime) -> list[str]:
    """Keep the terms as snapshots, one statement whatever their number; their digests, in the order given.

    Terms that are kept already stay as they are.
    """
    digests: list[str] = []
    bodies: dict[str, dict[str, Any]] = {}
    for each in terms:
        digests.append(each.digest)
        bodies[each.digest] = each.body
    source, params = db.unnest("new", {"digest": "text", "body": "jsonb"}, sorted(bodies.items()))
    db.execute(
        "INSERT INTO terms_termssnapshot (digest, body, created_at) "
        f"SELECT new.digest, new.body, %s FROM {source} ON CONFLICT (digest) DO NOTHING",
        [now, *params],
    )
    return digests


#: Snapshots that this process has kept, in transactions that are committed; so many are remembered.
_frozen: set[str] = set()
FROZEN_MAX = 5_000


def freeze_ahead(terms: Collection[rules.Terms], *, now: datetime) -> None:
    """The same before a transaction, so that none waits for another's: what this process has kept is not sent again."""
    db.assert_no_transaction()
    if fresh := [each for each in terms if each.digest not in _frozen]:
        freeze(fresh, now=now)
        if len(_frozen) >= FROZEN_MAX:
            _frozen.clear()
        _frozen.update(each.digest for each in fresh)


def ask_frozen(digests: Collection[str]) -> Asked:
    """Ask for the `digest` of those of these snapshots that are there."""
    return ask("SELECT digest FROM terms_termssnapshot WHERE digest = ANY(%s)", [list(digests)])


def _programme(wording: rules.Programme, identity: UUID, now: datetime, is_preset: bool = True) -> Programme:
    return Programme(
        id=identity,
        created_at=now,
        code=wording.code,
        label=wording.label["en"],
        modelled_on=wording.modelled_on or "",
        is_preset=is_preset,
    )


def _version(
    programme: Programme, wording: rules.Programme, number: int, identity: UUID, now: datetime
) -> ProgrammeVersion:
    version = ProgrammeVersion(id=identity, created_at=now, programme=programme, version=number)
    _say(version, wording)
    return version


def _say(version: ProgrammeVersion, wording: rules.Programme) -> None:
    """Let the row say this wording."""
    version.document = documents.dump(wording)
    version.content_hash = grammar.digest(version.document)
    version.valid_from, version.valid_until = wording.valid_from, wording.valid_until


def _locked(programme_id: UUID) -> Programme:
    programme = Programme.objects.select_for_update().filter(pk=programme_id).first()
    if programme is None:
        raise NotFound("terms.no_programme", kind="programme")
    return programme


def _version_row(version_id: UUID) -> ProgrammeVersion:
    rows = ProgrammeVersion.objects.select_for_update().select_related("programme")
    version = rows.filter(pk=version_id).first()
    if version is None:
        raise NotFound("terms.no_version", kind="programme version")
    return version


def _draft(version_id: UUID) -> ProgrammeVersion:
    version = _version_row(version_id)
    if version.status != Status.DRAFT:
        raise Refused(
            "terms.not_a_draft",
            "Version {version} of {programme} is {status} and never changes; draft a new one.",
            version=version.version,
            programme=version.programme.code,
            status=version.status,
        )
    return version


def _audit(
    actor: Actor,
    verb: str,
    version: ProgrammeVersion,
    now: datetime,
    *,
    reason: str = "",
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    audit.record(
        actor=actor,
        verb=verb,
        subject_kind="programme_version",
        subject_id=version.id,
        now=now,
        reason=reason,
        before=before,
        after=_names(version) | (after or {}),
    )


def _names(version: ProgrammeVersion) -> dict[str, Any]:
    return {"code": version.programme.code, "version": version.version}
