"""A demonstration: a world at the present time, and the clock that all its processes share."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from entrepot.demonstration import carriers
from entrepot.demonstration import clock as shared
from entrepot.domain.logistics.carriers.sandbox import Temper
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
def world(plain, monkeypatch) -> Iterator[World]:
    """A demonstration whose clock this process follows, and whose parcels all arrive, whatever their ids are."""
    from entrepot.domain.settlement import services as settlement
    from entrepot.kernel.actors import SYSTEM

    monkeypatch.setattr(carriers, "TEMPER", Temper(late=0, lost=0))
    settlement.set_cost_rates(rows=COSTS, valid_from=plain.now.date(), actor=SYSTEM, now=plain.now)
    shared.begin()
    shared.watch()
    yield plain
    shared.unwatch()
    clock.set_offset(timedelta(0))
