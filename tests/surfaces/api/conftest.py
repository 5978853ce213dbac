"""The API's clock is the world's."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from entrepot.kernel import clock
from worlds import World


class Moving(World):
    """A world whose time the surfaces tell too."""

    def pass_time(self, **step: float) -> datetime:
        now = super().pass_time(**step)
        follow(self)
        return now


def follow(world: World) -> None:
    """Let the clock of the surfaces stand where the world's stands."""
    clock.set_offset(world.now - datetime.now(UTC))


@pytest.fixture
def world(database) -> Iterator[World]:
    made = Moving()
    follow(made)
    yield made
    clock.set_offset(datetime.now(UTC) - datetime.now(UTC))
