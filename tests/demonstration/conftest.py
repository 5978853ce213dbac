"""A demonstration: a world at the present time, and the clock that all its processes share."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from entrepot.demonstration import clock as shared
from entrepot.kernel import clock
from walks.stage import COSTS
from worlds import World


@pytest.fixture
def plain(database) -> Iterator[World]:
    """A market that is no demonstration, at the present time."""
    world = World(clock.now())
    world.market("DE")
    yield world


@pytest.fixture
def world(plain) -> Iterator[World]:
    """A demonstration whose clock this process follows."""
    from entrepot.domain.settlement import services as settlement
    from entrepot.kernel.actors import SYSTEM

    settlement.set_cost_rates(rows=COSTS, valid_from=plain.now.date(), actor=SYSTEM, now=plain.now)
    shared.begin()
    shared.watch()
    yield plain
    shared.unwatch()
    clock.set_offset(timedelta(0))
