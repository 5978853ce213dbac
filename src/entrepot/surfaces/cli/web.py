"""The web process: `python -m entrepot.surfaces.cli.web PORT`. WSGI with threads; see docs/operating."""

import contextlib
import os
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from entrepot.surfaces.shared import draining, parent

#: What is asked when the signal comes is answered first; this long. Orders wait less than that.
STOP_SECONDS = 8


def application() -> Callable[..., Any]:
    """What each worker process serves; routes and templates are loaded before the first request."""
    parent.follow()
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application
    from django.urls import get_resolver

    settings.STATIC_ROOT.mkdir(exist_ok=True)
    handler = get_wsgi_application()
    _ = get_resolver().url_patterns
    from entrepot.demonstration import clock as shared

    shared.watch()
    from entrepot.surfaces.shared.soldout import SOLD_OUT

    SOLD_OUT.watch()
    from entrepot.kernel import garbage

    garbage.look_seldom()
    return whole(handler)


def whole(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Hand over in one piece what is there: the server fetches what may come in pieces one by one, which costs more."""

    def answer(environ: Any, start: Any) -> Any:
        response = handler(environ, start)
        if getattr(response, "streaming", True):
            return response
        body = [response.content]
        response.close()
        return body

    return answer


def main() -> None:
    """Serve until a signal comes."""
    from django.conf import settings

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "entrepot.config.settings")
    os.environ["ENTREPOT_PART"] = "web"  # before the settings: its statements have limits
    parent.follow()
    stack = contextlib.ExitStack()
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="entrepot-web-")))
    os.environ[draining.VARIABLE] = str(folder / "stops")
    if settings.METRICS_PORT:
        (folder / "counts").mkdir()
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder / "counts")  # before anything counts
    with stack:
        server = _server(settings)
        if settings.METRICS_PORT:
            from entrepot.surfaces.shared import metrics

            server.on_startup(
                lambda: metrics.serve(
                    metrics.Processes(folder / "counts"), address=settings.METRICS_ADDRESS, port=settings.METRICS_PORT
                )
            )
        server.serve()


def _server(settings: Any) -> Any:
    """Granian, which on the signal to stop says so first, and stops a little later."""
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server.mp import MPServer

    class Server(MPServer):
        def signal_handler_interrupt(self, *args: Any, **kwargs: Any) -> None:
            stop = super().signal_handler_interrupt
            if draining.begin() and settings.DRAIN_SECONDS > 0:
                threading.Timer(settings.DRAIN_SECONDS, stop).start()
            else:
                stop()

    return Server(
        f"{__spec__.name}:application",
        factory=True,
        address=os.environ.get("ENTREPOT_ADDRESS", "127.0.0.1"),
        port=int(sys.argv[1]),
        interface=Interfaces.WSGI,
        workers=int(os.environ.get("ENTREPOT_WEB_WORKERS", "1")),
        blocking_threads=settings.WEB_THREADS,
        blocking_threads_idle_timeout=600,
        workers_kill_timeout=STOP_SECONDS,
        log_level=LogLevels.error,
    )


if __name__ == "__main__":
    main()
