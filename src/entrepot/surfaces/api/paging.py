"""Cursor paging: a page says where the next one starts; rows added meanwhile shift nothing."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar
from uuid import UUID

from ninja import Schema

from entrepot.kernel.errors import Invalid

PAGE_MAX = 200
Item = TypeVar("Item")


class Page(Schema, Generic[Item]):
    """Rows and the cursor of the next page, empty on the last."""

    items: list[Item]
    next: str = ""


def cursor_of(identity: UUID) -> str:
    """The cursor after a row."""
    return base64.urlsafe_b64encode(identity.bytes).decode().rstrip("=")


def read_cursor(text: str) -> UUID | None:
    """The row that a cursor stands after. Raises: Invalid."""
    if not text:
        return None
    try:
        return UUID(bytes=base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error):
        raise Invalid("api.bad_cursor", "Send the cursor as the page before gave it.", field="cursor") from None


def page(rows: Sequence[Any], limit: int, show: Callable[[Any], Any]) -> dict[str, Any]:
    """A page from `limit` + 1 rows in id order."""
    shown = rows[:limit]
    return {"items": [show(row) for row in shown], "next": cursor_of(shown[-1].id) if len(rows) > limit else ""}


def limited(limit: int) -> int:
    """A page size within bounds. Raises: Invalid."""
    if not 1 <= limit <= PAGE_MAX:
        raise Invalid("api.bad_limit", "A page has 1 to {maximum} rows.", field="limit", maximum=PAGE_MAX)
    return limit
