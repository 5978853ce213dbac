"""A small marketplace."""

import pytest

from worlds import World


@pytest.fixture
def world(database) -> World:
    return World()
