"""Reads of notices; the reader and the organisation they read for are always passed."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from entrepot.domain.notices.models import Notice, Silence
from entrepot.kernel.db import fetch_value
from entrepot.kernel.errors import NotFound

#: The count in a header stops here: more is "many".
MANY = 100


def reader(user_id: UUID, organisation_id: UUID | None) -> dict[str, Any]:
    """What rows of this reader, in this organisation or for themselves, have in common."""
    return {"user_id": user_id, "organisation_id": organisation_id}


def list_notices(
    *,
    user_id: UUID,
    organisation_id: UUID | None,
    is_unread: bool = False,
    before: UUID | None = None,
    limit: int = 50,
) -> list[Notice]:
    """A person's notices, newest first; `before` is the last one of the page before."""
    found = Notice.objects.filter(**reader(user_id, organisation_id))
    if is_unread:
        found = found.filter(read_at__isnull=True)
    if before is not None:
        found = found.filter(id__lt=before)
    return list(found.order_by("-id")[:limit])


def get_notice(*, notice_id: UUID, user_id: UUID, organisation_id: UUID | None) -> Notice:
    """One notice of a person. Raises: NotFound."""
    found = Notice.objects.filter(id=notice_id, **reader(user_id, organisation_id)).first()
    if found is None:
        raise NotFound(kind="notice")
    return found


def count_unread(*, user_id: UUID, organisation_id: UUID | None) -> int:
    """How many notices a person has not read, up to MANY."""
    return int(
        fetch_value(
            "SELECT count(*) FROM (SELECT FROM notices_notice WHERE user_id = %s AND read_at IS NULL"
            " AND organisation_id IS NOT DISTINCT FROM %s LIMIT %s) unread",
            [user_id, organisation_id, MANY],
        )
    )


def list_silences(*, user_ids: Collection[UUID]) -> set[tuple[UUID, str]]:
    """(person, family) of what these people do not want by e-mail."""
    return set(Silence.objects.filter(user_id__in=list(user_ids)).values_list("user_id", "family"))
