"""`entrepot doctor`: what this installation has and lacks, each line with what to do about it."""

import json
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import Any

import click

from entrepot.surfaces.cli import tables

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FREE_BYTES = 2_000_000_000
OLDEST_POSTGRESQL = 15
ROLE = """
    SELECT current_setting('server_version'), current_user, rolsuper, current_setting('server_version_num')
    FROM pg_roles WHERE rolname = current_user
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. A state of "lacks" is a fault; "note" is for what can be done without."""

    subject: str
    state: str
    detail: str


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(as_json: bool) -> int:
    """Say what this installation has and lacks. Status 1 where something that is needed is lacking."""
    findings = [finding for check in CHECKS for finding in _careful(check)]
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=2))
    else:
        _print(findings)
    return int(any(finding.state == "lacks" for finding in findings))


def _print(findings: list[Finding]) -> None:
    from rich.table import Table

    signs = {"ok": "[green]✓[/]", "note": "[yellow]•[/]", "lacks": "[red]✗[/]"}
    table = Table(box=None, show_header=False, padding=(0, 1))
    for finding in findings:
        table.add_row(signs[finding.state], finding.subject, finding.detail)
    tables.console(markup=True).print(table)


def _careful(check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """A check that breaks is a finding, and the other checks go on."""
    try:
        yield from check()
    except (Exception, SystemExit) as problem:
        yield Finding(check.__name__.strip("_"), "lacks", str(problem).strip() or type(problem).__name__)


def _machine() -> Iterator[Finding]:
    new_enough = sys.version_info >= (3, 11)
    yield Finding("Python", "ok" if new_enough else "lacks", f"{platform.python_version()} at {sys.executable}")
    yield Finding("System", "ok", f"{platform.platform()}, {os.cpu_count()} processors")


def _data() -> Iterator[Finding]:
    from django.conf import settings

    folder = settings.DATA_DIR
    if not os.access(folder, os.W_OK):
        yield Finding("Data folder", "lacks", f"{folder} cannot be written; set ENTREPOT_DATA_DIR")
        return
    free = shutil.disk_usage(folder).free
    state = "ok" if free >= FREE_BYTES else "note"
    yield Finding("Data folder", state, f"{folder}, {free / 1e9:.1f} GB free")


def _database() -> Iterator[Finding]:
    from django.conf import settings

    server = settings.DATABASE_SERVER
    if not server.is_made():
        yield Finding("Database", "note", "embedded, not made yet: `entrepot up` makes it")
        return
    with ExitStack() as stack:
        stack.enter_context(server.hold())
        import django

        django.setup()
        from django.db import connections

        stack.callback(connections.close_all)
        yield from _tables(connections, "embedded" if server.embedded else "outside (ENTREPOT_DATABASE_URL)")


def _tables(connections: Any, where: str) -> Iterator[Finding]:
    from entrepot.kernel import schema

    for alias in ("default", "owner"):
        with connections[alias].cursor() as cursor:
            cursor.execute(ROLE)
            version, role, is_superuser, number = cursor.fetchone()
        if alias == "default":
            old = int(number) // 10_000 < OLDEST_POSTGRESQL
            yield Finding("Database", "lacks" if old else "ok", f"PostgreSQL {version}, {where}")
        purpose = "serves" if alias == "default" else "owns the tables"
        warning = " and is a superuser, which sees through every guard" if is_superuser else ""
        yield Finding("Role", "note" if is_superuser else "ok", f"{role} {purpose}{warning}")
    schema.check_fingerprint()
    missing = schema.unapplied()
    detail = f"{len(missing)} migrations are not applied: `entrepot up` applies them" if missing else "complete"
    yield Finding("Tables", "note" if missing else "ok", detail)


def _payments() -> Iterator[Finding]:
    from django.conf import settings

    from entrepot.domain.payments.providers import list_offered

    offered = ", ".join(provider.code for provider in list_offered())
    rehearsal = "sandbox" in settings.PAYMENT_PROVIDERS and not settings.DEMONSTRATION
    yield Finding("Payments", "note" if rehearsal else "ok", offered + (": the sandbox takes no money" * rehearsal))


def _documents() -> Iterator[Finding]:
    import typst

    made = typst.compile(b"Entrep\xc3\xb4t \xc3\x84\xc3\xa7", format="pdf")
    yield Finding("Documents", "ok" if made.startswith(b"%PDF") else "lacks", "typst makes PDF files")


def _tools() -> Iterator[Finding]:
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    yield Finding("Browser", "ok" if browser else "note", browser or "none found: the browser tests will skip")
    gettext = shutil.which("msgfmt")
    yield Finding("gettext", "ok" if gettext else "note", gettext or "none found: `make messages` needs it")


CHECKS = (_machine, _data, _database, _payments, _documents, _tools)
