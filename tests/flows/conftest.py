"""Every test of a flow has a world, and the books are proven at its end."""

from collections.abc import Iterator

import pytest

from shopping import assert_sound
from worlds import World


@pytest.fixture
def world(database) -> Iterator[World]:
    world = World()
    yield world
    # The world admits its sellers without the flow, and no relay tells what happened while days pass.
    assert_sound(world, "I38", "I34")
