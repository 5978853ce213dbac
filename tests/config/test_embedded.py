"""The embedded server: made once, shared between commands, stopped by the last of them, and never open to others."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest

from entrepot.config import database
from entrepot.config.embedded import APP, LONGEST_SOCKET, OWNER, Embedded
from entrepot.config.env import Misconfigured


@pytest.fixture(scope="module")
def server():
    folder = Path(tempfile.mkdtemp(prefix="entrepot-server-"))
    folder.chmod(0o755)
    yield Embedded(folder, database.credentials(folder), durable=False)
    shutil.rmtree(folder)


HOLD = """
import sys
from pathlib import Path
from entrepot.config import database
from entrepot.config.embedded import Embedded
folder = Path(sys.argv[1])
with Embedded(folder, database.credentials(folder), durable=False).hold():
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(server):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(server.folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    return process


def test_the_last_to_leave_stops_it(server):
    with server.hold():
        other = holder(server)
    assert server.running(), "another command still uses it"
    other.communicate("")
    assert not server.running()


def test_a_killed_command_does_not_count(server):
    other = holder(server)
    other.kill()
    other.wait()
    assert server.running(), "nobody was left to stop it"
    with server.hold():
        pass
    assert not server.running()


def test_nobody_enters_without_a_password(server):
    with server.hold():
        for role in ("postgres", OWNER, APP):
            with pytest.raises(psycopg.OperationalError, match="password"):
                psycopg.connect(host=str(server.sockets), user=role, dbname="postgres", password="guess")
        rules = (server.data / "pg_hba.conf").read_text()
        assert "trust" not in rules
        with psycopg.connect(server.conninfo(APP)) as connection:
            row = connection.execute(
                "SELECT current_setting('listen_addresses'), current_setting('TimeZone'), getdatabaseencoding()"
            ).fetchone()
        assert row == ("", "UTC", "UTF8")
    assert (server.folder / "credentials.json").stat().st_mode & 0o777 == 0o600


def test_roles_are_no_more_than_they_need(server):
    with server.hold(), psycopg.connect(server.conninfo(APP)) as connection:
        rows = connection.execute(
            "SELECT rolname, rolsuper OR rolcreatedb OR rolcreaterole FROM pg_roles WHERE rolname = ANY(%s) ORDER BY 1",
            [[OWNER, APP]],
        ).fetchall()
        assert rows == [(APP, False), (OWNER, False)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE mine (id int)")


def test_recreate_leaves_an_empty_database(server):
    with server.hold():
        with psycopg.connect(server.conninfo(OWNER)) as connection:
            connection.execute("CREATE TABLE kept (id int)")
        server.recreate()
        with psycopg.connect(server.conninfo(OWNER)) as connection:
            assert connection.execute("SELECT to_regclass('kept')").fetchone() == (None,)


def test_a_folder_that_is_too_deep_for_a_socket_is_refused(server):
    deep = server.folder / ("d" * LONGEST_SOCKET)
    deep.mkdir()
    with pytest.raises(Misconfigured, match="too long for a Unix socket"), Embedded(deep, {}).hold():
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")
def test_a_folder_below_a_closed_one_is_refused_and_left_as_it_is(server):
    closed = server.folder / "closed"
    closed.mkdir(mode=0o700)
    (closed / "data").mkdir()
    with pytest.raises(Misconfigured, match=r"closed .mode 0700."), Embedded(closed / "data", {}).hold():
        pass
    assert closed.stat().st_mode & 0o777 == 0o700


def test_another_major_version_is_refused(server):
    with server.hold():
        pass
    mark = server.data / "PG_VERSION"
    made_by = mark.read_text()
    mark.write_text("12\n")
    try:
        with pytest.raises(Misconfigured, match="made by PostgreSQL 12"), server.hold():
            pass
    finally:
        mark.write_text(made_by)
