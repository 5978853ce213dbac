"""Reads of uploads. The scope is the organisation; None is for who may see all."""

from datetime import datetime
from uuid import UUID

from entrepot.domain.uploads.models import Upload
from entrepot.kernel.errors import NotFound


def get_upload(*, upload_id: UUID, organisation_id: UUID | None) -> Upload:
    """An upload, within the scope. Raises: NotFound."""
    found = Upload.objects.filter(id=upload_id).first()
    if found is None or organisation_id not in (None, found.organisation_id):
        raise NotFound(kind="upload")
    return found


def list_uploads(
    *, organisation_id: UUID | None, sheet: str = "", before: UUID | None = None, limit: int = 50
) -> list[Upload]:
    """Uploads within the scope, the newest first."""
    found = Upload.objects.all()
    if organisation_id is not None:
        found = found.filter(organisation_id=organisation_id)
    if sheet:
        found = found.filter(sheet=sheet)
    if before is not None:
        found = found.filter(id__lt=before)
    return list(found.order_by("-id")[:limit])


def find_same(*, upload: Upload) -> Upload | None:
    """The last earlier upload of the very same text that was carried out, or is being."""
    same = Upload.objects.filter(
        organisation_id=upload.organisation_id, sheet=upload.sheet, media=upload.media, id__lt=upload.id
    )
    return same.filter(state__in=[Upload.State.RUNNING, Upload.State.DONE]).order_by("-id").first()


def list_halted(*, before: datetime, limit: int = 20) -> list[Upload]:
    """Uploads that are to be carried out and that nobody has gone on with since."""
    return list(Upload.objects.filter(state=Upload.State.RUNNING, touched_at__lt=before).order_by("touched_at")[:limit])
