"""Writes of uploads. An upload moves one way: tried, running, done; or dropped before it ran."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from entrepot.domain.uploads.models import Upload
from entrepot.kernel import audit, ids
from entrepot.kernel.actors import Actor
from entrepot.kernel.errors import NotFound, Refused


def keep(
    *,
    actor: Actor,
    organisation_id: UUID,
    sheet: str,
    name: str,
    media: str,
    form: Mapping[str, Any],
    rows: int,
    planned: Mapping[str, Any],
    rejects_media: str,
    now: datetime,
) -> Upload:
    """Keep what was brought in and what it would do."""
    return Upload.objects.create(
        id=ids.new_id(now),
        created_at=now,
        organisation_id=organisation_id,
        user_id=actor.user_id,
        sheet=sheet,
        name=name[:120],
        media=media,
        form=dict(form),
        rows=rows,
        planned=dict(planned),
        rejects_media=rejects_media,
        touched_at=now,
    )


@transaction.atomic
def start(*, upload_id: UUID, organisation_id: UUID, actor: Actor, now: datetime) -> Upload:
    """Let an upload run; one that runs or ran already stays as it is. Raises: NotFound, Refused once dropped."""
    upload = lock(upload_id=upload_id)
    if upload.organisation_id != organisation_id:
        raise NotFound(kind="upload")
    if upload.state == Upload.State.DROPPED:
        raise Refused("uploads.dropped", "This upload was dropped; bring the file in again.")
    if upload.state == Upload.State.TRIED:
        upload.state, upload.touched_at, upload.user_id = Upload.State.RUNNING, now, actor.user_id
        upload.save(update_fields=["state", "touched_at", "user_id"])
    return upload


@transaction.atomic
def drop(*, upload_id: UUID, organisation_id: UUID) -> Upload:
    """Never carry an upload out. Raises: NotFound, Refused where it runs or ran."""
    upload = lock(upload_id=upload_id)
    if upload.organisation_id != organisation_id:
        raise NotFound(kind="upload")
    if upload.state not in (Upload.State.TRIED, Upload.State.DROPPED):
        raise Refused("uploads.started", "This upload has been carried out.")
    upload.state = Upload.State.DROPPED
    upload.save(update_fields=["state"])
    return upload


def lock(*, upload_id: UUID) -> Upload:
    """An upload under lock, in the caller's transaction. Raises: NotFound."""
    upload = Upload.objects.select_for_update(no_key=True).filter(id=upload_id).first()
    if upload is None:
        raise NotFound(kind="upload")
    return upload


def advance(*, upload: Upload, rows_done: int, done: Mapping[str, Any], now: datetime) -> None:
    """Note how far a locked upload came, in the transaction that did it."""
    upload.rows_done, upload.done, upload.touched_at = rows_done, dict(done), now
    upload.save(update_fields=["rows_done", "done", "touched_at"])


def finish(
    *, upload: Upload, done: Mapping[str, Any], counts: Mapping[str, int], rejects_media: str, actor: Actor,
    now: datetime,
) -> None:  # fmt: skip
    """Close a locked upload and keep who carried it out."""
    upload.state, upload.finished_at, upload.rejects_media = Upload.State.DONE, now, rejects_media
    upload.done = dict(done)
    upload.save(update_fields=["state", "finished_at", "rejects_media", "done"])
    audit.record(
        actor=actor,
        verb="uploads.carry_out",
        subject_kind="upload",
        subject_id=upload.id,
        now=now,
        after={"sheet": upload.sheet, "name": upload.name, **counts},
    )
