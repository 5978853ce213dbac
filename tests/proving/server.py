"""A PostgreSQL of one's own that keeps what it acknowledges, to kill, to fill up, and to cut the line to."""

import contextlib
import os
import shutil
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from django.db import connections

from entrepot.config import database
from entrepot.config.embedded import DATABASE, Embedded
from entrepot.kernel import schema

#: How psycopg sends a COMMIT.
COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"


class Mortal:
    """A durable server in a folder of its own, to which this process's connections lead."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="entrepot-mortal-"))
        self.folder.chmod(0o755)
        self.embedded = Embedded(self.folder, database.credentials(self.folder))

    @contextlib.contextmanager
    def running(self) -> Iterator["Mortal"]:
        """Made, migrated and connected to; removed afterwards."""
        try:
            with self.embedded.hold(), self.connected(self.embedded.sockets):
                schema.migrate()
                yield self
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    @contextlib.contextmanager
    def connected(self, sockets: Path) -> Iterator[None]:
        """Every connection opened from now on is to this server, by way of this folder of sockets."""
        before = {alias: dict(connections.settings[alias]) for alias in ("default", "owner")}
        connections.close_all()
        for alias, role in database.ROLES.items():
            connections.settings[alias] |= {
                "HOST": str(sockets), "PORT": "5432", "NAME": DATABASE, "USER": role,
                "PASSWORD": self.embedded.passwords[role],
            }  # fmt: skip
        try:
            yield
        finally:
            connections.close_all()
            for alias, settings in before.items():
                connections.settings[alias].update(settings)

    def kill(self) -> None:
        """The server and all its processes die at once."""
        pid = int((self.embedded.data / "postmaster.pid").read_text().split()[0])
        children = [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        for each in (pid, *children):
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)

    def start(self) -> float:
        """Start it again; after how many seconds it answers."""
        began = time.monotonic()
        while True:
            try:
                self.embedded._start()
                break
            except SystemExit:  # processes of the dead one are still ending
                if time.monotonic() - began > 60:
                    raise
                time.sleep(0.1)
        return time.monotonic() - began


class Line:
    """A line to the server that is cut when a COMMIT comes by: before it arrives, or before its answer does."""

    def __init__(self, server: Mortal) -> None:
        self.server = server
        self.folder = Path(tempfile.mkdtemp(prefix="entrepot-line-"))
        self.left = 0
        self.arrives = False
        self.cuts = 0
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.folder / ".s.PGSQL.5432"))
        self.listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_at(self, commit: int, *, arrives: bool) -> None:
        """Cut at the n-th COMMIT from now on, once."""
        self.left, self.arrives, self.cuts = commit, arrives, 0

    def close(self) -> None:
        self.listener.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(str(self.server.embedded.sockets / ".s.PGSQL.5432"))
                threading.Thread(target=self._carry, args=(client, server), daemon=True).start()
                threading.Thread(target=_carry_back, args=(server, client), daemon=True).start()

    def _carry(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while said := client.recv(65536):
                if said.endswith(COMMIT) and self.left:
                    self.left -= 1
                    if not self.left:
                        self.cuts += 1
                        client.shutdown(socket.SHUT_RDWR)
                        if self.arrives:
                            server.sendall(said)
                            time.sleep(0.3)
                        break
                server.sendall(said)
        for each in (client, server):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


def _carry_back(server: socket.socket, client: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while said := server.recv(65536):
            client.sendall(said)
    with contextlib.suppress(OSError):
        client.shutdown(socket.SHUT_RDWR)
