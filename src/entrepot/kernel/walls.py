"""The second wall: rows of others are not there for whoever serves a seller or a shopper, whatever a query forgot.

Tables with a tenant or a shopper have row-level security, enabled and forced. Connections of the run-time role pass it,
until they take on the role SELLER with an organisation, or SHOPPER with a person and the tokens that a guest holds;
from then on they see and write the rows of these only, and none at all where nobody is named. Acts that concern more
are flows: they write by the batch, for several at once, and are held by keys of (tenant, parent) and by what `verify`
proves.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, migrations
from django.db.backends.signals import connection_created

#: Who acts for a seller. It cannot sign in; a run-time role takes it on.
SELLER = "entrepot_seller"
#: Who acts for a shopper. It cannot sign in either.
SHOPPER = "entrepot_shopper"
#: Who proves the books: it reads all rows and writes none. Nor can it.
VERIFY = "entrepot_verify"
#: Who tells what happened, and who closes the books of a day: they see all rows, and may write few. Nor can they.
RELAY, SETTLEMENT = "entrepot_relay", "entrepot_settlement"
#: The settings that say for whom: an organisation; a person; tokens, with commas between them.
SETTING, PERSON, TOKENS = "app.organisation", "app.shopper", "app.tokens"

#: What one statement may take that is made for a seller or a shopper.
READ_LIMIT = "20s"

_ENTER = (
    f"SELECT set_config('statement_timeout', '{READ_LIMIT}', false), set_config('role', %s, false),"
    f" set_config('{SETTING}', %s, false), set_config('{PERSON}', %s, false), set_config('{TOKENS}', %s, false)"
)
_LEAVE = f"RESET ROLE; RESET {SETTING}; RESET {PERSON}; RESET {TOKENS}; RESET statement_timeout"
#: Tokens are written so; what is none opens nothing, and must not be taken for two.
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,100}")


@dataclass(frozen=True, slots=True)
class Shopper:
    """Whose rows a shopper's are: a person's who is known, and those that tokens open."""

    user_id: UUID | None = None
    tokens: frozenset[str] = frozenset()

    @classmethod
    def of(cls, user_id: UUID | None, tokens: Iterable[Any]) -> "Shopper":
        """What a request shows of its shopper."""
        return cls(user_id, frozenset(each for each in tokens if isinstance(each, str) and _TOKEN.fullmatch(each)))


_scope: ContextVar[UUID | Shopper | None] = ContextVar("scope", default=None)
_role: ContextVar[str] = ContextVar("role", default="")


def scope() -> UUID | Shopper | None:
    """The organisation or the shopper behind whose walls this thread is; None outside of walls."""
    return _scope.get()


@contextmanager
def within(whose: UUID | Shopper) -> Iterator[None]:
    """Read and write these rows only. Not for use within a transaction; walls do not nest."""
    enter(whose)
    try:
        yield
    finally:
        leave()


def enter(whose: UUID | Shopper) -> None:
    """Put walls around this thread's connection, until leave()."""
    if connection.in_atomic_block or _scope.get() is not None:
        raise RuntimeError("walls go up outside of transactions, and once")
    connection.ensure_connection()
    _scope.set(whose)
    _put(connection, whose)


def know(token: str) -> None:
    """A guest behind walls was given a token just now: what it opens is theirs from here on."""
    whose = _scope.get()
    if isinstance(whose, Shopper) and token not in whose.tokens:
        wider = Shopper.of(whose.user_id, [*whose.tokens, token])
        _scope.set(wider)
        _put(connection, wider)


def leave() -> None:
    """Take the walls down; a connection that cannot be cleared is closed, never used again."""
    if _scope.get() is None:
        return
    _scope.set(None)
    if connection.connection is None:
        return
    try:
        with connection.wrap_database_errors, connection.connection.cursor() as cursor:
            cursor.execute(_LEAVE)
    except Exception:
        connection.close()


@contextmanager
def acting_as(role: str) -> Iterator[None]:
    """Do a job with the rights of a role and no more. Not for use within a transaction; roles do not nest."""
    if connection.in_atomic_block or _scope.get() is not None or _role.get():
        raise RuntimeError("a role is taken on outside of transactions, and once")
    connection.ensure_connection()
    _role.set(role)
    try:
        _take_on(connection, role)
        yield
    finally:
        _role.set("")
        try:
            if connection.connection is not None:
                connection.connection.execute("RESET ROLE")
        except Exception:
            connection.close()


def role() -> str:
    """The role that this thread took on for a job; empty where it took on none."""
    return _role.get()


def _take_on(wrapper: Any, role: str) -> None:
    with wrapper.wrap_database_errors, wrapper.connection.cursor() as cursor:
        cursor.execute("SELECT set_config('role', %s, false)", [role])


def _put(wrapper: Any, whose: UUID | Shopper) -> None:
    """All settings in one statement of the session, beside Django's own bookkeeping of queries."""
    if isinstance(whose, Shopper):
        values = [SHOPPER, "", str(whose.user_id or ""), ",".join(sorted(whose.tokens))]
    else:
        values = [SELLER, str(whose), "", ""]
    with wrapper.wrap_database_errors, wrapper.connection.cursor() as cursor:
        cursor.execute(_ENTER, values)


def _on_new_connection(sender: Any, connection: Any, **_more: Any) -> None:
    """A connection that is opened anew behind walls stands behind them too, and one of a role acts as it."""
    if connection.alias != "default":
        return
    whose = _scope.get()
    if whose is not None:
        _put(connection, whose)
    elif _role.get():
        _take_on(connection, _role.get())


connection_created.connect(_on_new_connection, dispatch_uid="entrepot.kernel.walls")


def walled(table: str, tenant: str = "true", *, shopper: str = "false", keeps: str = "") -> migrations.RunSQL:
    """For a handwritten migration that depends on kernel 0002: behind walls only rows of these conditions are there.

    In the conditions `entrepot_scope()` is the organisation, `entrepot_shopper()` the person and `entrepot_tokens()`
    are the tokens; none where nobody said which. `keeps`: what a shopper may write, where that differs from what is
    seen.
    """
    rules: Mapping[str, Sequence[str]] = {
        "others": ("PUBLIC", f"current_user NOT IN ('{SELLER}', '{SHOPPER}')"),
        "tenant": (SELLER, tenant),
        "shopper": (SHOPPER, shopper, keeps or shopper),
    }
    return migrations.RunSQL(
        [
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
            *(
                f"CREATE POLICY {name} ON {table} TO {role} USING ({seen}) WITH CHECK ({[seen, *more][-1]})"
                for name, (role, seen, *more) in rules.items()
            ),
        ],
        [
            *(f"DROP POLICY IF EXISTS {name} ON {table}" for name in rules),
            f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY",
        ],
    )


def of_one_tenant(table: str, key: str, parent: str, tenant: str = "seller_id") -> migrations.RunSQL:
    """For a handwritten migration: a row and the parent that its key names are of one tenant."""
    unique, name = f"{parent}_of_{tenant}", f"{table}_{key}_of_one_{tenant}"
    return migrations.RunSQL(
        f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_constraint WHERE conname = '{unique}') THEN "
        f"ALTER TABLE {parent} ADD CONSTRAINT {unique} UNIQUE (id, {tenant}); END IF; END $$;"
        f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ({key}, {tenant}) REFERENCES {parent} (id, {tenant})",
        f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name};"
        f"ALTER TABLE {parent} DROP CONSTRAINT IF EXISTS {unique} CASCADE",
    )
