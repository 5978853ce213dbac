"""The tables' own state: what is applied, whether they are this code's, and making them so."""

import fnmatch
import hashlib
import inspect
from collections.abc import Collection, Iterable
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connections, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from entrepot.kernel import partitions, walls
from entrepot.kernel.errors import Refused
from entrepot.kernel.models import SchemaFingerprint

#: Any constant: one process at a time changes the schema.
LOCK = 4_201_973

#: Ones that a database's owner may create without being a superuser.
EXTENSIONS = ("pg_trgm", "unaccent", "btree_gist")

#: What roles have been granted, in so many words.
GRANTED = """
    SELECT rolname, granted.verb, granted.relname
    FROM (
        SELECT relname, relkind, relnamespace, privilege_type AS verb, grantee
        FROM pg_class CROSS JOIN LATERAL aclexplode(relacl)
        UNION ALL
        SELECT relname, relkind, relnamespace, format('%%s (%%s)', privilege_type, attname), grantee
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid CROSS JOIN LATERAL aclexplode(attacl)
    ) granted JOIN pg_roles ON pg_roles.oid = granted.grantee
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm') AND rolname = ANY (%s)
"""


class SchemaDiffers(Refused):
    """The tables were made by another version of the migrations."""

    code = "schema.differs"
    message = "The tables of this database were made by another version of Entrepôt."


class RoleMissing(Refused):
    """The database lacks a role that only its administrator can make."""

    code = "schema.role_missing"
    message = "As an administrator of the database: CREATE ROLE {role} NOLOGIN {rights}; GRANT {role} TO {app}"


def standing(alias: str = "default") -> str:
    """What is wrong with the role that serves: above the walls or the guards of the tables; empty where nothing is."""
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "SELECT rolsuper, pg_has_role(relowner, 'MEMBER') FROM pg_roles, pg_class"
            " WHERE rolname = current_user AND pg_class.oid = 'ledger_posting'::regclass"
        )
        row = cursor.fetchone()
    is_superuser, is_owner = row or (False, False)
    return "serves as a superuser" if is_superuser else "serves as the owner of the tables" if is_owner else ""


def reach(alias: str = "default") -> None:
    """Ask the database for an answer. Raises: OperationalError."""
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT 1")


def unapplied(alias: str = "default") -> list[str]:
    """The migrations that the code has and the database has not."""
    applied = set(MigrationRecorder(connections[alias]).applied_migrations())
    return [f"{app}.{name}" for app, name in _in_code() if (app, name) not in applied]


def fingerprint(names: list[tuple[str, str]] | None = None) -> str:
    """A hash over our migration files: of all that the code has, or of these (app, name), missing ones included."""
    files = {key: path for key, path in _in_code().items() if path is not None}
    digest = hashlib.sha256()
    for key in sorted(files if names is None else names):
        content = files[key].read_bytes() if key in files else b"missing"
        digest.update(b"%s.%s:%s\n" % (key[0].encode(), key[1].encode(), hashlib.sha256(content).hexdigest().encode()))
    return digest.hexdigest()


def is_empty() -> bool:
    """Whether no migration ever ran here."""
    return not _applied()


def is_demonstration() -> bool:
    """Whether this database holds the demonstration market, and nothing that would be missed."""
    return bool(SchemaFingerprint.objects.using("owner").filter(demonstration=True).exists())


def check_fingerprint() -> None:
    """Compare the migrations that made these tables with the code's. Raises: SchemaDiffers."""
    applied = _applied()
    if applied:
        stored = SchemaFingerprint.objects.using("owner").values_list("fingerprint", flat=True).first()
        if stored != fingerprint(applied):
            raise SchemaDiffers


def migrate() -> None:
    """Bring the tables to this code, as their owner, and let the run-time role use them. Raises: SchemaDiffers."""
    connection = connections["owner"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        try:
            check_fingerprint()
            if unapplied("owner"):
                for name in EXTENSIONS:
                    cursor.execute(f"CREATE EXTENSION IF NOT EXISTS {name}")
                _demand_roles()
                _grant_by_default()
                call_command("migrate", database="owner", interactive=False, verbosity=0)
                _let_serve()
                SchemaFingerprint.objects.using("owner").update_or_create(
                    id=1, defaults={"fingerprint": fingerprint(_applied())}
                )
            _grant_rights()
            partitions.begin(alias="owner")
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


@lru_cache(maxsize=1)
def _in_code() -> dict[tuple[str, str], Path | None]:
    """Every migration of the code; for our own ones their file."""
    return {
        key: Path(inspect.getsourcefile(type(migration)) or "")
        if type(migration).__module__.startswith("entrepot.")
        else None
        for key, migration in sorted(MigrationLoader(None).disk_migrations.items())
    }


def _applied() -> list[tuple[str, str]]:
    """Our own migrations that the database records, in order."""
    ours = {config.label for config in apps.get_app_configs() if config.name.startswith("entrepot.")}
    return sorted(key for key in MigrationRecorder(connections["owner"]).applied_migrations() if key[0] in ours)


def _demand_roles() -> None:
    """Who reads for sellers and who proves must be there for the run-time role to take on. Raises: RoleMissing."""
    app = connections["default"].settings_dict["USER"]
    for role, rights in settings.DATABASE_ROLES.items():
        with connections["owner"].cursor() as cursor:
            cursor.execute(
                "SELECT coalesce((SELECT pg_has_role(coalesce(nullif(%s, ''), current_user), oid, 'MEMBER')"
                " FROM pg_roles WHERE rolname = %s), false)",
                [app, role],
            )
            if cursor.fetchone() != (True,):
                raise RoleMissing(role=role, rights=rights, app=app)


def _grant_by_default() -> None:
    """Everything that the owner makes from here on, those who serve may read and write and never alter; who proves
    may read it."""
    app, owner = (connections[alias].settings_dict["USER"] for alias in ("default", "owner"))
    serving = {"TABLES": "SELECT, INSERT, UPDATE, DELETE", "SEQUENCES": "USAGE, SELECT"}
    proving = {"TABLES": "SELECT", "SEQUENCES": "SELECT"}
    with connections["owner"].cursor() as cursor:
        for role in {app, walls.SELLER, walls.VERIFY} - {owner, ""}:
            quoted = connections["owner"].ops.quote_name(role)
            cursor.execute(f"GRANT USAGE ON SCHEMA public TO {quoted}")
            for what, given in (proving if role == walls.VERIFY else serving).items():
                cursor.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT {given} ON {what} TO {quoted}")
        for role in settings.DATABASE_RIGHTS:
            cursor.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
            cursor.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {role}")


def _let_serve() -> None:
    """What the run-time role may ask the owner to do for it: make parts of the tables that grow."""
    app, owner = (connections[alias].settings_dict["USER"] for alias in ("default", "owner"))
    if app in {owner, ""}:
        return
    with connections["owner"].cursor() as cursor:
        quoted = connections["owner"].ops.quote_name(app)
        cursor.execute(f"GRANT EXECUTE ON FUNCTION entrepot_ensure_partitions(timestamptz, timestamptz) TO {quoted}")


def rights() -> set[tuple[str, str, str]]:
    """(role, right, table) for all that the roles of `DATABASE_RIGHTS` are to have."""
    known = sorted(model._meta.db_table for model in apps.get_models())
    return {
        (role, right, table)
        for role, granted in settings.DATABASE_RIGHTS.items()
        for right, patterns in granted.items()
        for table in _matching(patterns, known)
    }


def _matching(patterns: Iterable[str], known: Collection[str]) -> set[str]:
    """The tables that these name, one after the other; "!" takes out again."""
    found: set[str] = set()
    for pattern in patterns:
        named = set(fnmatch.filter(known, pattern.removeprefix("!")))
        if not named:
            raise ValueError(f"there is no table {pattern}")
        found = found - named if pattern.startswith("!") else found | named
    return found


def _grant_rights() -> None:
    """Give every role its rights, and take what it had besides; nothing is done where that is so."""
    with connections["owner"].cursor() as cursor, transaction.atomic(using="owner"):
        cursor.execute(GRANTED, [list(settings.DATABASE_RIGHTS)])
        wanted, found = rights(), set(cursor.fetchall())
        for words, which in (("REVOKE {} ON {} FROM {}", found - wanted), ("GRANT {} ON {} TO {}", wanted - found)):
            for (role, right), tables in groupby(sorted(which), key=itemgetter(0, 1)):
                cursor.execute(words.format(right, ", ".join(f'"{table}"' for *_, table in tables), role))
