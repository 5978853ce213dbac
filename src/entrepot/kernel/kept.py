"""Reference data that a process reads once and keeps for as long as the database says that it has not changed.

Every table of a subject has a trigger that gives the subject a new version in the transaction that changes it. A reader
asks for the versions, all of them in one query and within `asked_once` once, and reads again what has a new one.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache, wraps
from typing import ParamSpec, TypeVar

from django.db import migrations

from entrepot.kernel import db, rounds

P = ParamSpec("P")
R = TypeVar("R")

_asked: ContextVar[dict[str, str] | None] = ContextVar("asked", default=None)


def version_of(subject: str) -> str:
    """What tells the present state of a subject from every other; empty where none of it was ever written."""
    known = _asked.get()
    if known is None:
        return _ask().get(subject, "")
    if not known:
        # The empty key says that it was asked, where nothing has a version yet.
        known.update(_ask(), **{"": ""})
    return known.get(subject, "")


@contextmanager
def asked_once() -> Iterator[None]:
    """Ask for the versions once within: for a request, or for a batch. What is changed within is seen after it."""
    if _asked.get() is not None:
        yield  # of what it stands in
        return
    token = _asked.set({})
    try:
        yield
    finally:
        _asked.reset(token)


@contextmanager
def asked_along() -> Iterator[None]:
    """What is asked within goes together (`rounds.together`), with the versions where they were not asked yet."""
    known = _asked.get()
    wanted = known is not None and not known
    with rounds.together():
        versions = rounds.ask(_VERSIONS) if wanted else None
        yield
    if known is not None and versions is not None:
        known.update({row.subject: str(row.version) for row in versions.rows}, **{"": ""})


def kept(*subjects: str, states: int) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A decorator of a read whose answer depends on its arguments and on the subjects' tables alone, and is never
    changed by who gets it. So many answers are kept. Rows of tenants are no subject: walls show each some of them.
    """

    def decorate(read: Callable[P, R]) -> Callable[P, R]:
        @lru_cache(maxsize=states)
        def answer(_versions: tuple[str, ...], *args: P.args, **kwargs: P.kwargs) -> R:
            return read(*args, **kwargs)

        @wraps(read)
        def found(*args: P.args, **kwargs: P.kwargs) -> R:
            # The version first: what is read after it is as new or newer.
            return answer(tuple(map(version_of, subjects)), *args, **kwargs)  # type: ignore[arg-type]  # a cache asks for what can be hashed

        return found

    return decorate


def versioned(table: str, subject: str) -> migrations.RunSQL:
    """For a handwritten migration that depends on kernel 0002: changes of the table are changes of the subject."""
    return migrations.RunSQL(
        f"CREATE TRIGGER {table}_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION entrepot_new_version('{subject}')",
        f"DROP TRIGGER IF EXISTS {table}_version ON {table}",
    )


def _ask() -> dict[str, str]:
    return {row.subject: str(row.version) for row in db.fetch_rows(_VERSIONS)}


_VERSIONS = "SELECT subject, version FROM kernel_version"
