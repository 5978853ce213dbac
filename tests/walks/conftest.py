"""A stage whose clock the pages follow, a server that answers a browser, and the browser."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

import browsers
import serving
from entrepot.kernel import clock
from walks.stage import Stage


@pytest.fixture
def stage(database) -> Iterator[Stage]:
    """An empty market whose clock the surfaces follow."""
    yield Stage()
    clock.set_offset(timedelta(0))


@pytest.fixture
def address(database) -> Iterator[str]:
    """Where the application is served."""
    with serving.served() as address:
        yield address


@pytest.fixture(scope="package")
def chromium() -> Iterator[Any]:
    """One browser for all walks."""
    with pytest.MonkeyPatch.context() as patch, browsers.launched() as browser:
        # The browser's driver keeps an event loop in this thread, beside which the tests ask the database.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield browser
