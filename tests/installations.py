"""Installations that look as an operator finds them: the demonstration market, or an empty one after the first start.

The demonstration is made once per state of the code, as a template database; whoever wants one takes a copy, which
costs a second, and may do with it what they like. STALE_DEMONSTRATION=1 takes the latest that fits the tables, for
those who change code every minute.
"""

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import import_module
from pathlib import Path
from unittest import mock

import psycopg
from django.conf import settings
from django.db import connections
from django.test import override_settings

from entrepot.kernel import clock
from testserver import TestServer, made_of

#: A Wednesday on which the demonstration is made and looked at, so that no test depends on today. Its clock never runs
#: behind real time, so that years from now this is some coming Wednesday.
WEDNESDAY = datetime(2027, 9, 15, 9, 30, tzinfo=UTC)
NOW = max(WEDNESDAY, WEDNESDAY + timedelta(weeks=(datetime.now(UTC) - WEDNESDAY).days // 7 + 1))
#: Rooms whose code shapes what is in the demonstration.
ROOMS = ("kernel", "domain", "flows", "verify", "demonstration")
#: How much trade: weeks, which goods on their way need two of, and orders at once.
SIZES = {"little": (2, 1), "full": (None, None)}

SOURCE = Path(clock.__file__).parent.parent


@cache
def _code() -> str:
    """A hash over everything that shapes the demonstration."""
    digest = hashlib.sha256(str(NOW).encode())
    for room in ROOMS:
        for file in sorted((SOURCE / room).rglob("*")):
            if file.is_file() and file.suffix in {".py", ".sql", ".toml", ".csv"}:
                digest.update(str(file.relative_to(SOURCE)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


@contextmanager
def demonstration(server: TestServer, size: str = "full") -> Iterator[None]:
    """The demonstration market, for this process alone; the surfaces' clock stands at NOW."""
    with server.copy_of(_made(server, size)) as name, pointed_at(name), _demonstrations_clock():
        yield


class Kept:
    """A copy of the demonstration that lives as long as the session, and is gone back to."""

    def __init__(self, server: TestServer, size: str = "full") -> None:
        self.name = server.keep_copy(_made(server, size))

    @contextmanager
    def opened(self) -> Iterator[None]:
        """It is the one that this process works with."""
        with pointed_at(self.name), _demonstrations_clock():
            yield


@contextmanager
def copied(server: TestServer, kept: Kept) -> Iterator[None]:
    """A copy of one that is gone back to, with the sessions of its people, to do anything with."""
    with server.copy_of(kept.name) as name, pointed_at(name), _demonstrations_clock():
        yield


@contextmanager
def empty(server: TestServer) -> Iterator[tuple[str, str]]:
    """A marketplace of one's own after its first start; yields the first sign-in (address, password)."""
    from entrepot.flows import installing

    import_module(settings.ROOT_URLCONF)  # routes are those of the settings under which they were first asked for
    own = override_settings(DEMONSTRATION=False, PAYMENT_PROVIDERS=["manual"], BANK_ACCOUNT="NL00 TEST 0000 0000 00")
    with server.copy_of(server.template) as name, pointed_at(name), _clock_at(NOW), own:
        first = installing.install(now=NOW)
        assert first
        yield first.email, first.password


def _made(server: TestServer, size: str) -> str:
    """The name of the template, which the first who asks makes."""
    prefix = f"demonstration_{size}_{made_of()[:12]}_"
    name = prefix + _code()
    with server.admin() as admin:
        admin.execute("SELECT pg_advisory_lock(2)")
        if os.environ.get("STALE_DEMONSTRATION"):
            name = _latest(admin, prefix) or name
        if not server.exists(admin, name):
            server.drop(admin, name + "_half")
            server.create(admin, name + "_half", server.template)
            server.mark_used(admin, name + "_half")  # else a session that begins now takes it for a leftover
            _build(name + "_half", _media(name), size)
            admin.execute(f"ALTER DATABASE {name}_half RENAME TO {name}")
        server.mark_used(admin, name)
        for folder in _media(name).parent.iterdir():
            if not server.exists(admin, folder.name):
                shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(_media(name), settings.MEDIA_ROOT, copy_function=_link, dirs_exist_ok=True)
    return name


def _link(source: str, target: str) -> None:
    """Kept files never change, so that one on the disk serves all."""
    with contextlib.suppress(FileExistsError):
        os.link(source, target)


def _latest(admin: psycopg.Connection, prefix: str) -> str | None:
    row = admin.execute(
        "SELECT datname FROM pg_database WHERE starts_with(datname, %s) AND datname NOT LIKE '%%_half' "
        "ORDER BY shobj_description(oid, 'pg_database') DESC NULLS LAST LIMIT 1",
        [prefix],
    ).fetchone()
    return row and row[0]


def _build(name: str, media: Path, size: str) -> None:
    from entrepot.demonstration import build, trading
    from entrepot.demonstration import clock as shared
    from entrepot.kernel.models import SchemaFingerprint

    shutil.rmtree(media, ignore_errors=True)
    media.mkdir(parents=True)
    weeks, orders = SIZES[size]
    with (
        pointed_at(name),
        override_settings(MEDIA_ROOT=media),
        mock.patch.object(build, "WEEKS", weeks or build.WEEKS),
        mock.patch.object(trading, "ORDERS_AT_ONCE", orders or trading.ORDERS_AT_ONCE),
    ):
        SchemaFingerprint.objects.using("owner").update(demonstration=True)
        build.build(NOW, lambda *_progress: None)
        shared.begin()


def _media(name: str) -> Path:
    """Where the pictures of a template lie."""
    return Path(tempfile.gettempdir()) / f"entrepot-tests-{os.geteuid()}" / "media" / name


@contextmanager
def pointed_at(name: str) -> Iterator[None]:
    """Every connection that is opened now, in whichever thread, is to this database."""
    before = {alias: connections.settings[alias]["NAME"] for alias in ("default", "owner")}
    connections.close_all()
    for alias in before:
        connections.settings[alias]["NAME"] = name
    try:
        yield
    finally:
        connections.close_all()
        for alias, earlier in before.items():
            connections.settings[alias]["NAME"] = earlier


@contextmanager
def _demonstrations_clock() -> Iterator[None]:
    """This process follows the demonstration's clock, as one that serves pages does; it goes on from NOW."""
    from entrepot.demonstration import clock as shared
    from entrepot.demonstration.models import Clock

    Clock.objects.filter(ahead__lt=NOW - datetime.now(UTC)).update(ahead=NOW - datetime.now(UTC))
    shared.watch()
    try:
        yield
    finally:
        shared.unwatch()
        clock.set_offset(timedelta(0))


@contextmanager
def _clock_at(moment: datetime) -> Iterator[None]:
    clock.set_offset(moment - datetime.now(UTC))
    try:
        yield
    finally:
        clock.set_offset(timedelta(0))
