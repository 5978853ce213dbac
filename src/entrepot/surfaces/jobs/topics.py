"""Who is told what: every topic that a flow appends to the outbox, and the handlers that it is handed to."""

from collections.abc import Callable
from typing import Any

HANDLERS: dict[str, tuple[Callable[..., Any], ...]] = {}
