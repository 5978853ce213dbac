"""A stage whose clock the pages follow, a server that answers a browser, and the browser."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler

import browsers
from entrepot.kernel import clock
from walks.stage import Stage


@pytest.fixture
def stage(database) -> Iterator[Stage]:
    """An empty market whose clock the surfaces follow."""
    yield Stage()
    clock.set_offset(timedelta(0))


class Silent(WSGIRequestHandler):
    """A handler that writes no log."""

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def address(database) -> Iterator[str]:
    """Where the application is served, by threads of this process, so that they share its clock."""
    from django.core.wsgi import get_wsgi_application

    server = ThreadedWSGIServer(("127.0.0.1", 0), Silent)
    server.set_app(get_wsgi_application())
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """One browser for the file."""
    with pytest.MonkeyPatch.context() as patch, browsers.launched() as browser:
        # The browser's driver keeps an event loop in this thread, beside which the tests ask the database.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield browser
