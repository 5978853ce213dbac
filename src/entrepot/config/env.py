"""Typed access to the environment; a value that does not parse stops the start with its name."""

import os
from collections.abc import Mapping
from pathlib import Path


class Misconfigured(SystemExit):
    """An environment variable has a value that cannot be used."""


def text(name: str, default: str = "") -> str:
    """The variable, or the contents of the file that NAME_FILE points to, or the default."""
    if path := os.environ.get(f"{name}_FILE"):
        return Path(path).read_text().strip()
    return os.environ.get(name, default)


def flag(name: str, default: bool = False) -> bool:
    """A yes/no variable; anything but 1, 0, true, false, yes, no is refused."""
    value = text(name).lower()
    if not value:
        return default
    if value in {"1", "true", "yes"}:
        return True
    if value in {"0", "false", "no"}:
        return False
    raise Misconfigured(f"{name}={value!r}: write 1 or 0")


def number(name: str, default: int) -> int:
    """A whole number."""
    value = text(name)
    if not value:
        return default
    try:
        return int(value)
    except ValueError:
        raise Misconfigured(f"{name}={value!r}: write a whole number") from None


def choice(name: str, of: Mapping[str, str], default: str) -> str:
    """What one of these words stands for."""
    value = text(name) or default
    if value not in of:
        raise Misconfigured(f"{name}={value!r}: write one of {', '.join(of)}")
    return of[value]


def names(name: str, default: str = "") -> list[str]:
    """A comma-separated list."""
    return [part.strip() for part in text(name, default).split(",") if part.strip()]
