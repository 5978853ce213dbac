"""One rich market for all tests of this folder that want it; none of them changes it for good."""

from collections.abc import Iterator

import pytest

from testserver import reset
from verify import market
from worlds import World


@pytest.fixture(scope="module")
def rich(_server, django_db_blocker) -> Iterator[World]:
    """The market, made once a module."""
    with django_db_blocker.unblock():
        yield market.build()
        reset()
