"""How the log is written: a line of JSON each, or plain in a terminal; without what people are called or keep secret.

A line carries what is known of the request or job that it was written in (`kernel.context`). Messages and the frames of
defects are shown; e-mail addresses, tokens, and the values that a database names in its complaints are not.
"""

import json
import logging
import re
import traceback
from datetime import UTC, datetime

from entrepot.kernel import context

_EMAIL = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
#: Long enough to be a secret, and no UUID.
_UUID = r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
_TOKEN = re.compile(rf"(?P<kept>\b{_UUID}\b)|(?<![\w-])(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{{22,}}")
#: What PostgreSQL adds to a complaint: the values of a row.
_VALUES = re.compile(r"(?:DETAIL|CONTEXT|PARAMETERS|HINT):.*", re.DOTALL)
_KEY = re.compile(r"\(([\w, ]+)\)=\(.*?\)")


def masked(text: str) -> str:
    """A text without addresses of people, tokens, or values of rows."""
    text = _KEY.sub(r"(\1)=(…)", _VALUES.sub("", text))
    text = _EMAIL.sub("<e-mail>", text)
    return _TOKEN.sub(lambda found: found["kept"] or "<token>", text).strip()


def _told(record: logging.LogRecord) -> dict[str, object]:
    """What a line says, in order."""
    said: dict[str, object] = {
        "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname,
        "logger": record.name,
        **context.words(),
        **getattr(record, "words", {}),
        "message": masked(record.getMessage()),
    }
    if record.exc_info and record.exc_info[0] is not None:
        kind, problem, trace = record.exc_info
        frames = traceback.extract_tb(trace)
        said["exception"] = f"{kind.__name__}: {masked(str(problem))}"
        said["frames"] = [
            f"{frame.filename.rpartition('/site-packages/')[2]}:{frame.lineno} {frame.name}" for frame in frames
        ]
    return said


class Json(logging.Formatter):
    """One line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        return json.dumps(_told(record), ensure_ascii=False, default=str)


class Plain(logging.Formatter):
    """The same to be read in a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, and the frames of a defect below it."""
        said = _told(record)
        head = " ".join(str(said.pop(name)) for name in ("at", "level", "logger"))
        message, problem, frames = said.pop("message"), said.pop("exception", ""), said.pop("frames", [])
        rest = " ".join(f"{name}={value}" for name, value in said.items())
        lines = [" ".join(filter(None, (head, str(message), rest)))]
        lines += [f"    {frame}" for frame in frames] if isinstance(frames, list) else []
        return "\n".join([*lines, f"  {problem}"] if problem else lines)


class Defects(logging.Filter):
    """Lets through what nobody meant, and no refusal."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether there is an exception to be told."""
        return bool(record.exc_info)
