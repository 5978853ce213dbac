"""A child process ends when its parent is gone, however the parent ended."""

import os
import signal
import threading

VARIABLE = "ENTREPOT_PARENT_PIPE"


def follow() -> None:
    """Watch the pipe whose other end only the parent holds; does nothing in a process that was started alone."""
    pipe = os.environ.get(VARIABLE)
    if pipe:
        threading.Thread(target=_watch, args=(int(pipe),), daemon=True).start()


def _watch(pipe: int) -> None:
    os.read(pipe, 1)
    os.kill(os.getpid(), signal.SIGTERM)
