"""What a command needs before it starts: the database server running, its tables in order, Django set up."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


@contextmanager
def database() -> Iterator[None]:
    """Join the server that `up` runs, or start it; make the tables when there are none. Raises: SchemaDiffers."""
    import django
    from django.conf import settings

    with settings.DATABASE_SERVER.hold():
        django.setup()
        from entrepot.kernel import schema

        schema.migrate()
        from entrepot.demonstration import clock as shared

        shared.look()
        yield


def with_database(command: Callable[P, R]) -> Callable[P, R]:
    """For commands: run this one with the database at hand. Import models inside the command, not above it."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        with database():
            return command(*args, **kwargs)

    return wrapped
