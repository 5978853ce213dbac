"""`entrepot up`: database, tables, demonstration, web and jobs, until Ctrl-C or SIGTERM."""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from entrepot.kernel.errors import Refused, Unavailable
from entrepot.surfaces.cli import first
from entrepot.surfaces.cli.first import SIGN_INS
from entrepot.surfaces.shared import parent

if TYPE_CHECKING:
    from entrepot.kernel.models import SchemaFingerprint

READY_SECONDS = 120
STOP_SECONDS = 10
ADDRESSES = {"Shop": "/", "Seller": "/seller/", "Desk": "/desk/", "API": "/api/v1/docs"}

console = Console(highlight=False)


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Where the web listens.")
@click.option("--data-dir", type=click.Path(file_okay=False, path_type=Path), help="Instead of ENTREPOT_DATA_DIR.")
@click.option("--no-demo", is_flag=True, help="Do not fill an empty database with the demonstration market.")
@click.option("--reset-demo", is_flag=True, help="Drop the demonstration, with everything in it, and make it anew.")
def up(port: int, data_dir: Path | None, no_demo: bool, reset_demo: bool) -> None:
    """Start the marketplace on this machine, and stop it cleanly on Ctrl-C.

    The first start makes the database and a demonstration market; later ones are ready in seconds.
    """
    if data_dir:
        os.environ["ENTREPOT_DATA_DIR"] = str(data_dir.absolute())
    if reset_demo and no_demo:
        raise click.UsageError("--reset-demo and --no-demo exclude each other")
    _refuse_taken(port)
    os.environ["ENTREPOT_DEMONSTRATION"] = "0"
    import django
    from django.conf import settings

    started = time.monotonic()
    with _only_one(settings.DATA_DIR), contextlib.ExitStack() as stack:
        with console.status("Starting PostgreSQL …"):
            stack.enter_context(settings.DATABASE_SERVER.hold())
        console.print(f"[green]✓[/] PostgreSQL: {_place(settings)}")
        django.setup()
        if reset_demo:
            _reset(settings)
        state = _make_tables(settings)
        if not no_demo and _is_half_made(settings, state):
            console.print("  The demonstration was left half made.")
            _reset(settings)
            state = _make_tables(settings)
        if not no_demo and _seed(state):
            os.environ["ENTREPOT_DEMONSTRATION"] = "1"
        else:
            first.install(settings)
        children = stack.enter_context(_children(port))
        with console.status("Starting web and jobs …"):
            _wait_until_ready(children, port)
        console.print(f"[green]✓[/] Ready in {time.monotonic() - started:.1f} s")
        _print_addresses(port, settings.DATA_DIR)
        _watch(children, settings.DATABASE_SERVER)


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            raise Refused("up.port_denied", "You may not listen on port {port}.", port=port) from None
        except OSError:
            raise Refused("up.port_taken", "Port {port} is in use; choose another with --port N.", port=port) from None


@contextlib.contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    with (folder / "up.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(
                "up.running", "Entrepôt runs already on {folder}; give this one another --data-dir.", folder=str(folder)
            ) from None
        yield


def _place(settings: Any) -> str:
    if settings.DATABASE_SERVER.embedded:
        return f"embedded, in {settings.DATA_DIR}"
    database = settings.DATABASES["default"]
    return f"{database['NAME']} at {database['HOST'] or 'the local socket'} (ENTREPOT_DATABASE_URL)"


def _reset(settings: Any) -> None:
    """Drop the embedded database where nothing in it would be missed. Raises: Refused."""
    from django.db import connections

    from entrepot.domain.ledger import sealing

    if not settings.DATABASE_SERVER.embedded:
        raise Refused("up.reset_outside", "--reset-demo never touches the database that ENTREPOT_DATABASE_URL names.")
    if not _is_disposable():
        raise Refused("up.reset_own", "--reset-demo: this database is no demonstration; nothing was touched.")
    connections.close_all()
    settings.DATABASE_SERVER.recreate()
    for name in ("media", "mail"):
        shutil.rmtree(settings.DATA_DIR / name, ignore_errors=True)
    for name in (SIGN_INS, sealing.ANCHORS):  # anchors hold a chain that is gone with its database
        (settings.DATA_DIR / name).unlink(missing_ok=True)
    console.print("[green]✓[/] Demonstration dropped")


def _is_disposable() -> bool:
    """Whether this is a demonstration, or a database without any organisation; asked of tables of any version."""
    from django.db import DatabaseError, connections

    from entrepot.kernel import schema

    if schema.is_empty():
        return True
    with contextlib.suppress(DatabaseError):
        if schema.is_demonstration():
            return True
    with contextlib.suppress(DatabaseError), connections["owner"].cursor() as cursor:
        cursor.execute("SELECT NOT EXISTS (SELECT FROM accounts_organisation)")
        return bool(cursor.fetchone()[0])
    return False


def _make_tables(settings: Any) -> "SchemaFingerprint":
    """Bring the tables to this version. Raises: SchemaDiffers."""
    from entrepot.kernel import schema
    from entrepot.kernel.models import SchemaFingerprint

    with console.status("Checking the tables …"):
        try:
            schema.migrate()
        except schema.SchemaDiffers as difference:
            if settings.DATABASE_SERVER.embedded and _is_disposable():
                advice = "`entrepot up --reset-demo` makes them, and the demonstration, anew."
            else:
                advice = "Dump its data with the release that made it; see docs/operating, “Versions”."
            raise schema.SchemaDiffers("", f"{difference} {advice}") from None
    console.print("[green]✓[/] Tables")
    return SchemaFingerprint.objects.using("owner").get()


def _is_half_made(settings: Any, state: "SchemaFingerprint") -> bool:
    """Whether an earlier start was stopped within the demonstration, whose last act is to write down the sign-ins."""
    return settings.DATABASE_SERVER.embedded and state.demonstration and not (settings.DATA_DIR / SIGN_INS).exists()


def _seed(state: "SchemaFingerprint") -> bool:
    """Fill an empty database; whether this is a demonstration. Raises: Refused."""
    from entrepot.domain.accounts.models import Organisation

    if state.demonstration:
        return True
    if Organisation.objects.exists():
        console.print("  A marketplace of your own: started without the demonstration.")
        return False
    command = [sys.executable, "-c", "from entrepot.surfaces.cli.main import main; main()", "seed", "demo"]
    if subprocess.run(command).returncode:
        raise Refused("up.seed_failed", "The demonstration could not be made.")
    console.print("[green]✓[/] Demonstration market")
    return True


@contextlib.contextmanager
def _children(port: int) -> Iterator[dict[str, "subprocess.Popen[bytes]"]]:
    """Web and jobs, in sessions of their own so that Ctrl-C reaches this process alone, which then stops them."""
    reading, writing = os.pipe()
    site = {"ENTREPOT_SITE_ADDRESS": f"http://127.0.0.1:{port}"}
    environment = site | dict(os.environ) | {parent.VARIABLE: str(reading)}
    commands = {"web": ["entrepot.surfaces.cli.web", str(port)], "jobs": ["entrepot.surfaces.jobs.worker"]}
    children = {
        name: subprocess.Popen(
            [sys.executable, "-m", *command], env=environment, pass_fds=[reading], start_new_session=True,
            stdin=subprocess.DEVNULL,
        )
        for name, command in commands.items()
    }  # fmt: skip
    os.close(reading)
    try:
        yield children
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        console.print("Stopping …")
        for child in children.values():
            child.terminate()
        deadline = time.monotonic() + STOP_SECONDS + _drain_seconds()
        for child in children.values():
            try:
                child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
        os.close(writing)


def _drain_seconds() -> int:
    from django.conf import settings

    return int(settings.DRAIN_SECONDS)


def _refuse_dead(children: dict[str, "subprocess.Popen[bytes]"]) -> None:
    for name, child in children.items():
        if child.poll() is not None:
            raise Unavailable(
                "up.child_ended", "The {name} process ended by itself (status {status}).",
                name=name, status=child.returncode,
            )  # fmt: skip


def _wait_until_ready(children: dict[str, "subprocess.Popen[bytes]"], port: int) -> None:
    deadline = time.monotonic() + READY_SECONDS
    answer = ""
    while time.monotonic() < deadline:
        _refuse_dead(children)
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
                return
        except urllib.error.HTTPError as problem:
            answer = problem.read(2000).decode(errors="replace")
        except OSError:
            pass
        time.sleep(0.1)
    raise Unavailable("up.not_ready", "Not ready after {seconds} s. {answer}", seconds=READY_SECONDS, answer=answer)


def _print_addresses(port: int, folder: Path) -> None:
    """Where to look, and as whom: the demonstration's sign-ins are kept beside its data."""
    table = Table(box=None, show_header=False, padding=(0, 2))
    for name, path in ADDRESSES.items():
        table.add_row(name, f"[link]http://127.0.0.1:{port}{path}[/link]")
    console.print(table)
    sign_ins = folder / SIGN_INS
    if sign_ins.exists():
        rows = json.loads(sign_ins.read_text())
        people = Table(box=None, padding=(0, 2))
        people.add_column("Sign in with", no_wrap=True)
        people.add_column("as")
        for row in rows:
            people.add_row(row["email"], row["role"])
        console.print(people)
        console.print(f"  Password of all: [bold]{' '.join(sorted({row['password'] for row in rows}))}[/]")
    if os.environ["ENTREPOT_DEMONSTRATION"] == "1":
        console.print(f"  E-mail goes to {folder / 'mail'}")
    console.print("  Ctrl-C stops everything.")


def _watch(children: dict[str, "subprocess.Popen[bytes]"], server: Any) -> None:
    """Wait for a signal, or for a part that ends by itself. Raises: Unavailable."""
    with contextlib.suppress(KeyboardInterrupt, SystemExit):
        while True:
            _refuse_dead(children)
            if not server.running():
                raise Unavailable("up.database_ended", "PostgreSQL ended by itself; see {log}.", log=str(server.log))
            time.sleep(0.25)
