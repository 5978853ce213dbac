"""The PostgreSQL that tests run on: one server for all sessions, one template per schema, one database per session."""

import contextlib
import hashlib
import os
import secrets
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from entrepot.config import database
from entrepot.config.embedded import APP, OWNER, TAKEN_ON, Embedded

#: Templates of earlier states that are kept, for those who go back and forth between branches.
KEPT = {"template": 6, "demonstration": 6}


class TestServer:
    """A server and the name of this session's database on it."""

    __test__ = False

    def __init__(self, admin_url: str = "") -> None:
        self.admin_url = admin_url
        self.template = ""
        self.name = f"session_{os.getpid()}_{secrets.token_hex(4)}"
        self.passwords = {OWNER: "entrepot", APP: "entrepot"}
        if not admin_url:
            folder = Path(tempfile.gettempdir()) / f"entrepot-tests-{os.geteuid()}"
            folder.mkdir(exist_ok=True)
            if folder.stat().st_uid != os.geteuid():
                raise SystemExit(f"{folder} belongs to another user")
            self.passwords = database.credentials(folder)
            self.embedded = Embedded(folder, self.passwords, durable=False)

    def url(self, role: str, name: str = "") -> str:
        """The connection string of a role, to this session's database where no other is named."""
        if not self.admin_url:
            return self.embedded.conninfo(role, name or self.name)
        return make_conninfo(self.admin_url, dbname=name or self.name, user=role, password=self.passwords[role])

    @contextlib.contextmanager
    def session_database(self) -> Iterator[None]:
        """Start the server, copy the template, and drop the copy at the end."""
        with self.embedded.hold() if not self.admin_url else contextlib.nullcontext():
            with self.admin() as admin:
                # Sessions that start at once take turns here: one of them makes the template.
                admin.execute("SELECT pg_advisory_lock(1)")
                self._drop_leftovers(admin)
                self.template = self._template(admin)
                with contextlib.suppress(psycopg.errors.InsufficientPrivilege):
                    admin.execute(f"GRANT SET ON PARAMETER session_replication_role TO {OWNER}")
                self.create(admin, self.name, self.template)
                admin.execute("SELECT pg_advisory_unlock(1)")
            try:
                yield
            finally:
                with self.admin() as admin:
                    mine = "SELECT datname FROM pg_database WHERE starts_with(datname, %s)"
                    for (name,) in admin.execute(mine, [self.name]).fetchall():
                        self.drop(admin, name)

    @contextlib.contextmanager
    def copy_of(self, template: str) -> Iterator[str]:
        """Another database for this session, a copy of one to which nobody is connected; it is dropped at the end."""
        name = self.keep_copy(template)
        try:
            yield name
        finally:
            with self.admin() as admin:
                self.drop(admin, name)

    def keep_copy(self, template: str) -> str:
        """The same, dropped at the end of the session."""
        name = f"{self.name}_{secrets.token_hex(3)}"
        with self.admin() as admin:
            self.create(admin, name, template)
        return name

    def _template(self, admin: psycopg.Connection) -> str:
        """The name of the migrated database of this schema, made when it is missing."""
        from django.db import connections

        from entrepot.kernel import partitions, schema

        template = f"template_{made_of()[:16]}"
        if not self.exists(admin, template):
            for role in (OWNER, APP):
                if self.admin_url and not admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
                    admin.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{self.passwords[role]}'")
            if self.admin_url:
                for role, rights in TAKEN_ON.items():
                    if not admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
                        admin.execute(f"CREATE ROLE {role} NOLOGIN {rights}")
                    admin.execute(f"GRANT {role} TO {APP}")
                admin.execute(f"ALTER ROLE {APP} BYPASSRLS")
            # Migrated under this session's name and renamed when whole, so that a stopped session leaves no half.
            self.create(admin, self.name, "template0")
            schema.migrate()
            # Whatever day a test takes for today.
            partitions.ensure(since=datetime(2025, 1, 1, tzinfo=UTC), until=datetime(2028, 12, 1, tzinfo=UTC))
            connections.close_all()
            admin.execute(f"ALTER DATABASE {self.name} RENAME TO {template}")
        self.mark_used(admin, template)
        return template

    def create(self, admin: psycopg.Connection, name: str, template: str) -> None:
        """A database that is a copy of another."""
        admin.execute(f"CREATE DATABASE {name} OWNER {OWNER} TEMPLATE {template} ENCODING 'UTF8'")

    def _drop_leftovers(self, admin: psycopg.Connection) -> None:
        """Databases of sessions that were killed, and all but the latest templates."""
        found = admin.execute(
            "SELECT datname, shobj_description(oid, 'pg_database') FROM pg_database "
            "WHERE datname ~ '^(session|template|demonstration)_' ORDER BY 2 DESC NULLS LAST"
        ).fetchall()
        for name, _ in found:
            if name.startswith("session_") and not _lives(int(name.split("_")[1])):
                self.drop(admin, name)
        for kind, kept in KEPT.items():
            for name in [name for name, _ in found if name.startswith(f"{kind}_")][kept:]:
                with contextlib.suppress(psycopg.errors.ObjectInUse):  # another session copies it just now
                    admin.execute(f"DROP DATABASE IF EXISTS {name}")

    def drop(self, admin: psycopg.Connection, name: str) -> None:
        """Drop a database, whoever is connected to it."""
        admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def exists(self, admin: psycopg.Connection, name: str) -> bool:
        """Whether there is a database of this name."""
        return admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None

    def mark_used(self, admin: psycopg.Connection, name: str) -> None:
        """Templates that nobody used for long are dropped."""
        (now,) = admin.execute("SELECT now()::text").fetchone() or ("",)
        admin.execute(f"COMMENT ON DATABASE {name} IS 'used {now}'")

    def admin(self, name: str = "postgres") -> psycopg.Connection:
        """A connection that may create and drop databases."""
        if self.admin_url:
            return psycopg.connect(make_conninfo(self.admin_url, dbname=name), autocommit=True)
        return psycopg.connect(self.embedded.conninfo("postgres", name), autocommit=True)


def made_of() -> str:
    """What tells one state of the tables from another: the migrations, and who may do what."""
    from entrepot.kernel import schema

    return hashlib.sha256((schema.fingerprint() + repr(sorted(schema.rights()))).encode()).hexdigest()


def reset() -> None:
    """Delete every row that tests have left, where it may without asking for each who refers to it: all of them go."""
    from django.db import connections, transaction

    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '60s'")
        cursor.execute(
            "SELECT set_config('session_replication_role', 'replica', true)"
            " WHERE has_parameter_privilege(current_user, 'session_replication_role', 'SET')"
        )
        cursor.execute("SELECT entrepot_reset()")


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
