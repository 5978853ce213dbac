"""The desk's clock is the world's."""

import pytest

from entrepot.kernel import clock
from worlds import World


@pytest.fixture
def world(database, monkeypatch) -> World:
    """A market whose moment the pages read."""
    made = World()
    monkeypatch.setattr(clock, "now", lambda: made.now)
    return made
