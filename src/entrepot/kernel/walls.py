"""The second wall: rows of other tenants are not there for whoever reads for a seller, whatever a query forgot to say.

Tables with a tenant have row-level security, enabled and forced. Connections of the run-time role pass it, until they
take on the role SELLER with an organisation; from then on they see and write that organisation's rows only, and none at
all where no organisation is set. Pages and the API of sellers read so. Acts are flows: they write by the batch, for
several tenants at once, and are held by keys of (tenant, parent) and by what `verify` proves.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from uuid import UUID

from django.db import connection, migrations
from django.db.backends.signals import connection_created

#: Who reads for a seller. It cannot sign in; the run-time role takes it on.
SELLER = "entrepot_seller"
#: Who proves the books: it reads all rows and writes none. It cannot sign in either.
VERIFY = "entrepot_verify"
#: The setting that says for whom.
SETTING = "app.organisation"

#: What one statement may take that is read for a seller.
READ_LIMIT = "20s"

_ENTER = f"SELECT set_config('statement_timeout', '{READ_LIMIT}', false), set_config('role', %s, false)," + (
    " set_config(%s, %s, false)"
)
_LEAVE = f"RESET ROLE; RESET {SETTING}; RESET statement_timeout"

_scope: ContextVar[UUID | None] = ContextVar("scope", default=None)


def scope() -> UUID | None:
    """The organisation behind whose walls this thread reads; None outside of walls."""
    return _scope.get()


@contextmanager
def within(organisation_id: UUID) -> Iterator[None]:
    """Read and write this organisation's rows only. Not for use within a transaction; walls do not nest."""
    enter(organisation_id)
    try:
        yield
    finally:
        leave()


def enter(organisation_id: UUID) -> None:
    """Put walls around this thread's connection, until leave()."""
    if connection.in_atomic_block or _scope.get() is not None:
        raise RuntimeError("walls go up outside of transactions, and once")
    connection.ensure_connection()
    _scope.set(organisation_id)
    _put(connection, organisation_id)


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


def _put(wrapper: Any, organisation_id: UUID) -> None:
    """All settings in one statement of the session, beside Django's own bookkeeping of queries."""
    with wrapper.wrap_database_errors, wrapper.connection.cursor() as cursor:
        cursor.execute(_ENTER, [SELLER, SETTING, str(organisation_id)])


def _on_new_connection(sender: Any, connection: Any, **_more: Any) -> None:
    """A connection that is opened anew behind walls stands behind them too."""
    organisation_id = _scope.get()
    if organisation_id is not None and connection.alias == "default":
        _put(connection, organisation_id)


connection_created.connect(_on_new_connection, dispatch_uid="entrepot.kernel.walls")


def walled(table: str, condition: str) -> migrations.RunSQL:
    """For a handwritten migration that depends on kernel 0002: behind walls only rows of this condition are there.

    In the condition `entrepot_scope()` is the organisation, and none where nobody said which.
    """
    rule = f"current_user <> '{SELLER}' OR ({condition})"
    return migrations.RunSQL(
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;"
        f"CREATE POLICY tenant ON {table} USING ({rule}) WITH CHECK ({rule})",
        f"DROP POLICY IF EXISTS tenant ON {table};"
        f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY",
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
