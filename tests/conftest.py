"""Every session of tests has a real PostgreSQL database of its own, and every test that uses it commits.

The server is embedded and shared by all sessions of this user on this machine; the first session after a change of the
migrations makes a template, the others copy it. ENTREPOT_DATABASE_URL_TEST names another server instead, by a role
that may create roles and databases.
"""

import atexit
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import django
import hypothesis
import pytest
from hypothesis import HealthCheck, settings
from whitenoise.middleware import WhiteNoiseMiddleware

from testserver import TestServer, reset

# How busy the machine is decides nothing.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

if "django.conf" in sys.modules and sys.modules["django.conf"].settings.configured:
    pytest.exit("the settings are loaded already: unset DJANGO_SETTINGS_MODULE", returncode=2)

FOLDER = Path(tempfile.mkdtemp(prefix="entrepot-test-"))
SERVER = TestServer(os.environ.pop("ENTREPOT_DATABASE_URL_TEST", ""))
(FOLDER / "static").mkdir()
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)

for name in [name for name in os.environ if name.startswith("ENTREPOT_") and name != "ENTREPOT_REAL_DATA"]:
    del os.environ[name]
os.environ |= {
    "DJANGO_SETTINGS_MODULE": "entrepot.config.settings",
    "ENTREPOT_DATA_DIR": str(FOLDER),
    "ENTREPOT_DATABASE_URL": SERVER.url("entrepot_app"),
    "ENTREPOT_OWNER_DATABASE_URL": SERVER.url("entrepot_owner"),
    "ENTREPOT_DEMONSTRATION": "1",
    "ENTREPOT_THROTTLED": "0",
}
django.setup()


def _found_once(find: Callable[[WhiteNoiseMiddleware], None]) -> Callable[[WhiteNoiseMiddleware], None]:
    """Every test client has middleware of its own, for which the same static files would be read once more."""
    kept: dict[str, Any] = {}

    def add(self: WhiteNoiseMiddleware) -> None:
        if not kept:
            find(self)
            kept.update(self.files)
        self.files.update(kept)

    return add


WhiteNoiseMiddleware.add_files_from_finders = _found_once(WhiteNoiseMiddleware.add_files_from_finders)

# The same examples every time: what is found here was put in by the change at hand. Chance is for `make prove`.
hypothesis.settings.register_profile("suite", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("suite")


@pytest.fixture(scope="session")
def _server(django_db_blocker) -> Iterator[TestServer]:
    """The server runs, and this session's database is a fresh copy of the template."""
    from django.db import connections

    with django_db_blocker.unblock(), SERVER.session_database():
        yield SERVER
        connections.close_all()


@pytest.fixture
def database(_server, django_db_blocker) -> Iterator[None]:
    """Access to the database as the run-time role; afterwards every row that the test left is deleted."""
    from django.db import connections

    from entrepot.domain.ledger import sealing

    with django_db_blocker.unblock():
        yield
        for connection in connections.all(initialized_only=True):
            if connection.in_atomic_block:
                connection.close()
        reset()
        (FOLDER / sealing.ANCHORS).unlink(missing_ok=True)  # of a chain that is gone


@pytest.fixture
def db(database) -> None:
    """The same under the name that pytest-django's own fixtures ask for."""


@pytest.fixture
def owner(database):
    """A cursor of the role that owns the tables, to tamper with rows as no part of the application may."""
    from django.db import connections

    with connections["owner"].cursor() as cursor:
        yield cursor


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but this machine is reached."""
    connect = socket.socket.connect

    def only_here(self: socket.socket, address):
        if self.family in {socket.AF_INET, socket.AF_INET6} and address[0] not in {"127.0.0.1", "::1", "localhost"}:
            raise OSError(f"tests do not use the network: {address[0]}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", only_here)
