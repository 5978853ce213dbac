"""A web process of the marketplace for benchmarks, and a load generator that speaks HTTP and nothing else."""

import asyncio
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

TREE = Path(__file__).parents[1]
LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def web(workers: int = 1, **environment: str) -> Iterator[tuple[int, "subprocess.Popen[bytes]"]]:
    """The marketplace's own web processes on the scratch database, with a bare endpoint beside its own."""
    ours = {
        "DJANGO_SETTINGS_MODULE": "benchmarks.bare_settings",
        "PYTHONPATH": os.pathsep.join([str(TREE), str(TREE / "src")]),
        "ENTREPOT_WEB_WORKERS": str(workers),
        "ENTREPOT_THROTTLED": "0",
        "ENTREPOT_LOG_LEVEL": "ERROR",
    }
    port = free_port()
    with running([sys.executable, "-m", "entrepot.surfaces.cli.web", str(port)], port, ours | environment) as server:
        yield port, server


@contextmanager
def running(command: Sequence[str], port: int, environment: Mapping[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    """A server that is asked only once it is well, and is stopped afterwards."""
    server = subprocess.Popen(command, env=os.environ | environment)
    try:
        _wait(port, server)
        yield server
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait(port: int, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(600):
        assert server.poll() is None, "the web process ended by itself"
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise AssertionError("the web process does not answer")


def seconds_of(parent: int) -> float:
    """The processor time of a process and its children so far."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            values = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if parent in (int(path.parent.name), int(values[1])):
            ticks += sum(map(int, values[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Load:
    """What came back: the status of each request and how long it took. Units: seconds."""

    statuses: dict[int, int] = field(default_factory=dict)
    took: list[float] = field(default_factory=list)
    bodies: dict[int, bytes] = field(default_factory=dict)
    lost: int = 0
    bare_503: int = 0
    wall: float = 0.0
    spent: float = 0.0  # of processor time, by whoever asks

    def note(self, status: int, took: float, head: bytes, body: bytes) -> None:
        """One answer."""
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.took.append(took)
        self.bodies.setdefault(status, body)
        if status == 503 and b"retry-after" not in head.lower():
            self.bare_503 += 1

    def at(self, share: float) -> float:
        """The time within which this share was answered. Units: milliseconds."""
        ordered = sorted(self.took)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


class Client(asyncio.Protocol):
    """One connection, which is kept, and opened again where it was closed.

    It reads no more of an answer than its status, its length and, rarely, its head: the load shares the processors of
    what is measured.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.line: asyncio.Transport | None = None
        self.answer: asyncio.Future[tuple[int, bytes, bytes]] | None = None
        self.came = b""

    async def ask(self, request: bytes) -> tuple[int, bytes, bytes]:
        """Status, head and body. Raises: OSError, EOFError where the line is cut."""
        loop = asyncio.get_running_loop()
        if self.line is None:
            await loop.create_connection(lambda: self, "127.0.0.1", self.port)
        assert self.line
        self.answer = loop.create_future()
        self.line.write(request)
        return await self.answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The line is open."""
        assert isinstance(transport, asyncio.Transport)
        self.line, self.came = transport, b""

    def data_received(self, data: bytes) -> None:
        """A part of an answer, mostly all of it."""
        self.came += data
        end = self.came.find(b"\r\n\r\n") + 4
        if end < 4 or self.answer is None:
            return
        head = self.came[:end]
        length = LENGTH.search(head)
        body = self.came[end : end + int(length[1])] if length else b""
        if not length or len(body) == int(length[1]):
            self.came = b""
            if not self.answer.done():
                self.answer.set_result((int(head[9:12]), head, body))

    def connection_lost(self, problem: Exception | None) -> None:
        """The other side hung up."""
        self.line = None
        if self.answer is not None and not self.answer.done():
            self.answer.set_exception(problem or EOFError())

    def close(self) -> None:
        """Hang up."""
        if self.line is not None:
            self.line.close()
        self.line = None


def post(path: str, key: str, body: bytes) -> bytes:
    """A POST with its idempotency key."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Idempotency-Key: {key}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def get(path: str) -> bytes:
    """A GET."""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


async def fire(port: int, requests: Sequence[bytes], connections: int, *, patience: int = 0, rate: int = 0) -> Load:
    """Send every request once over so many connections; where it says to come back, up to `patience` times more.

    With a `rate`, no request is sent before its turn comes: so many a second.
    """
    load = Load()
    waiting = iter(enumerate(requests))
    opened, spent = time.perf_counter(), time.process_time()

    async def work() -> None:
        client = Client(port)
        for number, request in waiting:
            if rate:
                await asyncio.sleep(max(0.0, opened + number / rate - time.perf_counter()))
            for attempt in range(patience + 1):
                began = time.perf_counter()
                try:
                    status, head, body = await client.ask(request)
                except (OSError, EOFError):
                    load.lost += 1
                    break
                load.note(status, time.perf_counter() - began, head, body)
                if status != 503 or attempt == patience:
                    break
                await asyncio.sleep(1)
        client.close()

    await asyncio.gather(*(work() for _ in range(connections)))
    load.wall, load.spent = time.perf_counter() - opened, time.process_time() - spent
    return load
