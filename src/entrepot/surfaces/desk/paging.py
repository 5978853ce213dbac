"""Lists that are paged by cursor: the last row's key says where the next page starts."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID

from entrepot.surfaces.shared.components import Slice

Row = TypeVar("Row")
PAGE = 50


def read_cursor(text: str) -> UUID | None:
    """The row that a page starts after; one that cannot be read is the beginning."""
    try:
        return UUID(hex=text) if text else None
    except ValueError:
        return None


def slice_of(
    rows: Sequence[Any], key: Callable[[Any], UUID], show: Callable[[Sequence[Any]], Sequence[Row]], limit: int = PAGE
) -> Slice[Row]:
    """A page from `limit` + 1 rows; `show` turns those that are shown into what the template reads."""
    shown = rows[:limit]
    return Slice(show(shown), next_cursor=key(shown[-1]).hex if len(rows) > limit else "")
