"""What is being done for whom, as the log and the counters may know it: a request's id, numbers of documents, no names.

A surface begins it, whoever comes to know more adds to it, and every line of the log that is written meanwhile carries
it. Nothing decides by it.
"""

import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

#: What an id that comes from outside may look like; another is replaced by one of ours.
ACCEPTED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{3,63}")

_words: ContextVar[dict[str, str] | None] = ContextVar("context", default=None)


def request_id(given: str = "") -> str:
    """The id that was given, where it can be one, or a new one."""
    return given if ACCEPTED.fullmatch(given) else secrets.token_hex(8)


@contextmanager
def begun(**words: str) -> Iterator[dict[str, str]]:
    """Within it the log says these words, and those that are added."""
    said = dict(words)
    token = _words.set(said)
    try:
        yield said
    finally:
        _words.reset(token)


def add(**words: str) -> None:
    """Say this too, from now on; where nothing was begun nobody hears it. A word that is there already gets longer."""
    said = _words.get()
    if said is None:
        return
    for name, word in words.items():
        known = said.get(name, "")
        if word and word not in known.split(" "):
            said[name] = f"{known} {word}".strip()


def words() -> Mapping[str, str]:
    """What is known now."""
    return _words.get() or {}
