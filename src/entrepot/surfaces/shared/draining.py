"""Between the signal to stop and the end: the web says that it stops, so that nobody sends it more, and serves on.

The process that gets the signal is not the one that answers: a file stands between them.
"""

import os
from pathlib import Path

VARIABLE = "ENTREPOT_STOPS_FILE"


def begin() -> bool:
    """Say that this web stops; whether that is new."""
    file = os.environ.get(VARIABLE)
    if not file or Path(file).exists():
        return False
    Path(file).touch()
    return True


def is_going_on() -> bool:
    """Whether the web that this process belongs to stops."""
    file = os.environ.get(VARIABLE)
    return file is not None and Path(file).exists()
