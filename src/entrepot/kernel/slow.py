"""Statements that took long are said to the log, without the values that they were given."""

import logging
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db.backends.signals import connection_created

logger = logging.getLogger("entrepot.slow")

#: Of a statement so much is shown.
SHOWN_MAX = 600


def _timed(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
    """Run a statement, and say so where it took long; also where it failed."""
    started = time.monotonic()
    try:
        return execute(sql, params, many, context)
    finally:
        say(sql, started)


def say(sql: Any, started: float) -> None:
    """Say a statement that was begun then, if it took long."""
    spent = (time.monotonic() - started) * 1000
    if 0 < settings.SLOW_QUERY_MS <= spent:
        logger.warning("%.0f ms: %s", spent, " ".join(str(sql).split())[:SHOWN_MAX])


def _watch(sender: Any, connection: Any, **_more: Any) -> None:
    if _timed not in connection.execute_wrappers:
        connection.execute_wrappers.append(_timed)


connection_created.connect(_watch, dispatch_uid="entrepot.kernel.slow")
