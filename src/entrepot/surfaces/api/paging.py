"""Cursor paging: a page says where the next one starts; rows added meanwhile shift nothing."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from ninja import Query, Schema
from pydantic import Field

from entrepot.kernel.errors import Invalid

PAGE_MAX = 200
Item = TypeVar("Item")


class Page(Schema, Generic[Item]):
    """Rows and the cursor of the next page, empty on the last."""

    items: list[Item]
    next: str = ""


class Paging(Schema):
    """Which page: the cursor that the page before gave, and how many rows."""

    cursor: Annotated[str, Field(max_length=200)] = ""
    limit: Annotated[int, Field(ge=1, le=PAGE_MAX)] = 50

    @property
    def more(self) -> int:
        """How many rows to ask for, to know whether there are more."""
        return self.limit + 1

    @property
    def after(self) -> UUID | None:
        """The row that the cursor stands at. Raises: Invalid."""
        return read_id(self.cursor)


Paged = Query[Paging]


def mark(text: str) -> str:
    """A cursor of a text."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read(cursor: str) -> str:
    """The text of a cursor. Raises: Invalid."""
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (ValueError, binascii.Error):
        raise bad_cursor() from None


def read_id(cursor: str) -> UUID | None:
    """The row that a cursor stands at. Raises: Invalid."""
    try:
        return UUID(read(cursor)) if cursor else None
    except ValueError:
        raise bad_cursor() from None


def bad_cursor() -> Invalid:
    """The cursor is none of ours."""
    return Invalid("api.bad_cursor", "Send the cursor as the page before gave it.", field="cursor")


def page(
    rows: Sequence[Any],
    paging: Paging,
    show: Callable[[Any], Any],
    stands_at: Callable[[Any], str] = lambda row: str(row.pk if hasattr(row, "pk") else row.id),
) -> Any:
    """A page from one row more than it shows."""
    shown = rows[: paging.limit]
    return {
        "items": [show(row) for row in shown],
        "next": mark(stands_at(shown[-1])) if len(rows) > paging.limit else "",
    }
