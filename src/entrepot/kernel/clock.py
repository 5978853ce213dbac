"""The only place where the time is read. Below the surfaces `now` is an argument.

In a demonstration the clock may run ahead of real time by an offset; the surfaces keep it and say so on every page.
"""

from datetime import UTC, datetime, timedelta

_offset = timedelta(0)


def now() -> datetime:
    """The present instant in UTC, plus the demonstration's offset."""
    return datetime.now(UTC) + _offset


def set_offset(offset: timedelta) -> None:
    """Let this process's clock run ahead. For demonstrations and tests."""
    global _offset
    _offset = offset


def offset() -> timedelta:
    """How far this process's clock runs ahead of real time."""
    return _offset


def require_utc(instant: datetime) -> datetime:
    """The same instant in UTC; a time without a zone is a defect of the caller."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return instant.astimezone(UTC)
