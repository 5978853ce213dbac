"""Where Prometheus asks: a port of its own, which no shopper reaches and which answers when all threads are busy."""

import logging
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

from prometheus_client import CollectorRegistry, Metric, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

logger = logging.getLogger(__name__)


class Collector(Protocol):
    """What knows figures when it is asked."""

    def collect(self) -> Iterable[Metric]:
        """The figures, now."""


class Processes:
    """What the processes that write into a folder have counted; one that is gone holds nothing any more."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def collect(self) -> Iterable[Metric]:
        """The sums over all processes."""
        for file in self.folder.glob("gauge_live*_*.db"):
            process = file.stem.rpartition("_")[2]
            if process.isdecimal() and not _lives(int(process)):
                mark_process_dead(int(process), str(self.folder))
        counted: Any = MultiProcessCollector(None, str(self.folder))
        return list(counted.collect())


def serve(*collectors: Collector, address: str, port: int) -> int:
    """Answer at http://address:port/metrics in a thread of this process; the port, or 0 where it is taken."""
    registry = CollectorRegistry(auto_describe=False)
    for collector in collectors:
        registry.register(collector)
    try:
        server, _ = start_http_server(port, addr=address, registry=registry)
    except OSError as problem:
        logger.error("nobody can ask for figures at %s:%s: %s", address, port, problem.strerror)
        return 0
    return int(server.server_port)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
